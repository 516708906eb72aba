"""What lies in submitted/: nothing is passed over in silence."""

import os

import pytest

from grader.classroom.submitted import name_problem, submitted

UNITS = ["03_batchnorm_forward", "04_batchnorm_backward"]


@pytest.fixture
def hand_in(tmp_path):
    def hand_in(path: str) -> None:
        file = tmp_path / "submitted" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}", encoding="utf-8")

    return hand_in


def test_submissions_in_their_places(hand_in, tmp_path):
    for student in ("ada", "김서연", 'O\'Neil, "B" & <b>'):
        hand_in(f"{student}/{UNITS[0]}/{UNITS[0]}.ipynb")
    hand_in(f"ada/{UNITS[1]}/{UNITS[1]}.ipynb")
    found = submitted(tmp_path, UNITS)
    assert len(found.submissions) == 4 and found.others == []
    assert submitted(tmp_path / "nowhere", UNITS).submissions == []


@pytest.mark.parametrize(
    "path, said",
    [
        ("moodle.zip", "submitted/moodle.zip lies in no student's folder"),
        ("ada_123_03_batchnorm_forward.ipynb", "lies in no student's folder"),
        ("ada/03/03.ipynb", "submitted/ada/03 has to be called 03_batchnorm_forward"),
        ("ada/03_BatchNorm_Forward/x.ipynb", "has to be called 03_batchnorm_forward"),
        (
            "ada/03_batchnorm_forward.ipynb",
            "belongs into submitted/ada/03_batchnorm_forward/03_batchnorm_forward.ipynb",
        ),
        ("ada/mine.IPYNB", "belongs into submitted/ada/UNIT/UNIT.ipynb"),
        ("ada/05_inference/05_inference.ipynb", "submitted/ada/05_inference is no unit that is released"),
        ("03_batchnorm_forward/ada/x.ipynb", "it has to be submitted/STUDENT/UNIT"),
        (f".ada/{UNITS[0]}/{UNITS[0]}.ipynb", "submitted/.ada is not graded: its name begins with a dot"),
        (f"a*/{UNITS[0]}/{UNITS[0]}.ipynb", "has '*' in it, which nbgrader takes for a pattern"),
        (f"a\x1b[2J\nFLAGGED honest/{UNITS[0]}/{UNITS[0]}.ipynb", "control characters"),
    ],
)
def test_what_is_no_submission_is_named_with_what_to_do(hand_in, tmp_path, path, said):
    hand_in(f"eve/{UNITS[0]}/{UNITS[0]}.ipynb")
    hand_in(path)
    found = submitted(tmp_path, UNITS)
    assert found.submissions == [("eve", UNITS[0])], "the others are graded"
    (line,) = found.others
    assert said in line and line.isprintable()


def test_what_may_be_a_newer_version_is_named_beside_what_is_graded(hand_in, tmp_path):
    names = [f"{UNITS[0]}-1.ipynb", f"{UNITS[0].upper()}.IPYNB", f"{UNITS[0]}.ipynb.txt", f"{UNITS[0]} (2).zip"]
    for name in (f"{UNITS[0]}.ipynb", "scratch.ipynb", "bn.py", *names):
        hand_in(f"ada/{UNITS[0]}/{name}")
    found = submitted(tmp_path, UNITS)
    assert found.submissions == [("ada", UNITS[0])]
    assert [line.partition(" lies beside")[0] for line in found.others] == sorted(
        f"submitted/ada/{UNITS[0]}/{name}" for name in names
    )
    assert all("which is graded: if it is newer, rename it." in line for line in found.others)


@pytest.mark.parametrize(
    "link, to",
    [
        ("loop", "loop"),
        ("evil", "/usr"),
        (UNITS[0], "/usr"),
        ("nobody", "nowhere"),
        ("ada/04", "04"),
        ("ada/04_BatchNorm_Backward", "/usr"),
    ],
)
def test_a_link_is_named_as_one_and_not_followed(hand_in, tmp_path, link, to):
    hand_in(f"ada/{UNITS[0]}/{UNITS[0]}.ipynb")
    (tmp_path / "submitted" / link).symlink_to(to)
    found = submitted(tmp_path, UNITS)
    assert found.submissions == [("ada", UNITS[0])], "the others are graded"
    assert found.others == [
        f"submitted/{link} is a link, and links are not followed: put what it leads to in its place."
    ]


def test_a_unit_that_is_a_link_is_left_for_grading_to_name(hand_in, tmp_path):
    hand_in(f"ada/{UNITS[0]}/{UNITS[0]}.ipynb")
    (tmp_path / "submitted" / "ada" / UNITS[1]).symlink_to(UNITS[1])
    found = submitted(tmp_path, UNITS)
    assert found.submissions == [("ada", UNITS[0]), ("ada", UNITS[1])] and found.others == []


def test_submitted_itself_may_lie_elsewhere(hand_in, tmp_path):
    hand_in(f"ada/{UNITS[0]}/{UNITS[0]}.ipynb")
    (tmp_path / "submitted").rename(tmp_path / "elsewhere")
    (tmp_path / "submitted").symlink_to("elsewhere")
    assert submitted(tmp_path, UNITS).submissions == [("ada", UNITS[0])]


def test_a_folder_that_cannot_be_read_stops_nobody_else(hand_in, tmp_path, monkeypatch):
    for student in ("ada", "bob"):
        hand_in(f"{student}/{UNITS[0]}/{UNITS[0]}.ipynb")
    scandir = os.scandir

    def denied(folder):
        if folder == tmp_path / "submitted" / "ada":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", denied)
    found = submitted(tmp_path, UNITS)
    assert found.submissions == [("bob", UNITS[0])]
    assert found.others == [f"{tmp_path}/submitted/ada cannot be read: Permission denied."]


def test_a_name_that_is_no_text(hand_in, tmp_path):
    hand_in(f"x/{UNITS[0]}/{UNITS[0]}.ipynb")
    os.rename(tmp_path / "submitted" / "x", os.fsencode(tmp_path / "submitted") + b"/\xff")
    (line,) = submitted(tmp_path, UNITS).others
    assert "not in UTF-8" in line and line.isprintable()


@pytest.mark.parametrize(
    "path", [".DS_Store", "ada/.DS_Store", "__MACOSX/x", ".ipynb_checkpoints/x.ipynb", "ada/desktop.ini"]
)
def test_what_systems_leave_behind_is_passed_over(hand_in, tmp_path, path):
    hand_in(path)
    assert submitted(tmp_path, UNITS).others == []


@pytest.mark.parametrize("name", ["ada", "Ada Lovelace", "이", "a+b", "s1011", "o'neil"])
def test_names_that_are_fine(name):
    assert name_problem(name) == ""
