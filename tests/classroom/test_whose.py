"""A file is its student's by the outermost name that says so; a name that fits nobody, or several, is told."""

import os

import pytest
from helpers.lms_class import FILE, OTHER, UNIT, notebook, said, there, zipped
from nbgrader.api import Gradebook

from grader.classroom.collecting import collect
from grader.classroom.people import More, write_more


def test_two_of_one_name_and_hidden_names(take, lms_class, capsys):
    text = said(
        take(
            {
                f"Ann Lee_31_assignsubmission_file/{FILE}": notebook("?"),
                f"Ann Lee_32_assignsubmission_file/{FILE}": notebook("2"),
                f"Participant_102_assignsubmission_file/{FILE}": notebook("s"),
                f"Eve Nobody_101_assignsubmission_file/{FILE}": notebook("e"),
            }
        ),
        capsys,
        1,
    )
    assert "Ann Lee_31 may be ann1 (Ann Lee), ann2 (Ann Lee)" in text
    assert "NOBODY'S   Eve Nobody_101" in text, "the number is another student's in Canvas"
    assert sorted(there(lms_class)) == [f"ann2/{UNIT}/{FILE}", f"seoyeon/{UNIT}/{FILE}"]


def test_folders_clones_and_names(lms_class, tmp_path, capsys):
    root = tmp_path / "clones"
    for path in (
        f"hw3-ada-k/notebooks/{FILE}",
        "hw3-ada-k/notebooks/src/bn.py",
        f"hw3-ada-k/.git/{FILE}",
        f"hw3-ada-k/.venv/lib/{FILE}",
        f"BOB/{UNIT}/{FILE}",
        f"BOB/{OTHER}/{OTHER}.ipynb",
        f"102/{FILE}",
        f"ann1@example.org/{FILE}",
        "ju\u0308rgen.ipynb",
        f"eve/ada/{FILE}",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(notebook(path))
    os.symlink("/etc/passwd", root / "BOB" / UNIT / "link.txt")
    text = said(collect(lms_class, UNIT, [root]), capsys, 1)
    assert sorted(there(lms_class)) == sorted(
        [f"{s}/{UNIT}/{FILE}" for s in ("ada", "bob", "seoyeon", "ann1", "jürgen")] + [f"ada/{UNIT}/src/bn.py"]
    )
    assert there(lms_class)[f"ada/{UNIT}/{FILE}"] == notebook(f"hw3-ada-k/notebooks/{FILE}"), "not what Eve calls Ada's"
    assert "NOBODY'S   eve (clones" in text and "link.txt: is a link" in text


@pytest.mark.parametrize("name", ["ada.zip", "Ada King.zip", f"{UNIT}_ada.ipynb", "hw3-ada-k.zip", f"ada-{UNIT}.ipynb"])
def test_one_students_file(lms_class, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(zipped({f"x/y/{FILE}": notebook()}) if name.endswith("zip") else notebook())
    assert collect(lms_class, "03", [path]).new == ["ada"]
    assert list(there(lms_class)) == [f"ada/{UNIT}/{FILE}"]


def test_the_end_of_a_clones_name_is_no_student(lms_class, tmp_path, capsys):
    """Only what follows what all clones begin with."""
    write_more(lms_class, {"ada": More([], ["ada-k"]), "bob": More([], ["lee"])})
    for name in ("hw-3-ada-k", "hw-3-maria-lee"):
        (tmp_path / "clones" / name).mkdir(parents=True)
        (tmp_path / "clones" / name / FILE).write_bytes(notebook(name))
    assert "NOBODY'S   hw-3-maria-lee" in said(collect(lms_class, UNIT, [tmp_path / "clones"]), capsys, 1)
    assert list(there(lms_class)) == [f"ada/{UNIT}/{FILE}"]


def test_nobody_hands_in_for_another(take, lms_class, capsys):
    """What a student wrote below the own folder says nothing on whose it is."""
    name = f"Bob ONeil_33_assignsubmission_file/{FILE}"
    take(
        {
            "Ada King_31_assignsubmission_file/x.zip": zipped({name: notebook("ada's")}),
            "김서연_3_assignsubmission_file/a": b"",
        }
    )
    assert [p for p in there(lms_class) if p.endswith("ipynb")] == [f"ada/{UNIT}/{FILE}"]
    entries = {
        f"hw-ada-k/oneil_103_7_{FILE}": notebook(),
        f"seoyeon/bob/{FILE}": notebook(),
        f"eve/bob/{FILE}": notebook(),
    }
    said(take(entries), capsys, 1)
    assert not (lms_class / "submitted" / "bob").exists()


def test_the_class_s_own_names(take, lms_class):
    pattern = r".*?ps(?P<file_id>\d+)_(?P<email>[^_]+)_(?P<timestamp>[0-9-]+)"
    with open(lms_class / "nbgrader_config.py", "a") as config:
        config.write(f"c.FileNameCollectorPlugin.named_regexp = {pattern!r}\n")
    assert take({"ps3_ada@example.org_2026-10-04.ipynb": notebook()}).new == ["ada"]
    assert there(lms_class)[f"ada/{UNIT}/timestamp.txt"] == b"2026-10-04 00:00:00 UTC"


def test_a_number_that_is_another_s_id_is_not_believed_against_the_name(lms_class, take, capsys):
    """Canvas's numbers and the class's ids may be alike by chance."""
    with Gradebook(f"sqlite:///{lms_class / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.add_student("1001", first_name="Dora", last_name="Poe")
        gradebook.add_student("1002", first_name="Ben", last_name="Smith")
        gradebook.add_student("1003")
    text = said(
        take(
            {
                f"smithben_1001_900_{FILE}": notebook("ben's, or Dora's"),
                f"nobodyeve_1001_901_{FILE}": notebook("eve's"),
                f"smithben_1002_902_{FILE}": notebook("ben's"),
                f"roeric_1003_903_{FILE}": notebook("1003's"),
            }
        ),
        capsys,
        1,
    )
    assert "NOBODY'S   smithben_1001 may be 1001 (Dora Poe), 1002 (Ben Smith) (all.zip: " in text
    assert "NOBODY'S   nobodyeve_1001 may be 1001 (Dora Poe) (all.zip: " in text
    files = there(lms_class)
    assert sorted(files) == [f"1002/{UNIT}/{FILE}", f"1003/{UNIT}/{FILE}"]
    assert files[f"1002/{UNIT}/{FILE}"] == notebook("ben's")


def test_a_name_under_another_number_than_the_roster_s(lms_class, take, capsys):
    """Somebody else took it: Ada's number in Canvas is 101."""
    entries = {f"kingada_101_5_{FILE}": notebook("ada's"), f"kingada_7055_9_{FILE}": notebook("eve's")}
    assert f"NOBODY'S   kingada_7055 may be ada (Ada King) (all.zip: kingada_7055_9_{FILE})" in said(
        take(entries), capsys, 1
    )
    assert there(lms_class) == {f"ada/{UNIT}/{FILE}": notebook("ada's")}


def test_a_number_that_a_worksheet_gave_to_somebody_else(lms_class, take, capsys):
    """Participant 32 is ann2, whoever she says that she is."""
    text = said(take({f"Ada King_32_assignsubmission_file_/{FILE}": notebook()}), capsys, 1)
    assert "NOBODY'S   Ada King_32 may be ada (Ada King), ann2 (Ann Lee)" in text and not there(lms_class)


@pytest.mark.parametrize("outer", ["unit-03-submissions", "unit-03-submissions.zip", "BN-Unit 3-1001", "1001.zip"])
def test_the_end_of_an_outer_name_is_no_student_of_a_class(lms_class, tmp_path, capsys, outer):
    """A folder in a folder, and a zip of it, where a student is called submissions on GitHub, or has a course's id."""
    with Gradebook(f"sqlite:///{lms_class / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.add_student("1001")
    write_more(lms_class, {"ada": More([], ["ada-k"]), "1001": More([], ["submissions"])})
    stem = outer.removesuffix(".zip")
    entries = {f"{stem}/unit-03-{name}/{FILE}": notebook(name) for name in ("ada-k", "bob", "submissions")}
    given = tmp_path / outer
    if outer.endswith(".zip"):
        zipped(entries, given)
    else:
        for name, content in entries.items():
            (tmp_path / name).parent.mkdir(parents=True)
            (tmp_path / name).write_bytes(content)
    collected = collect(lms_class, UNIT, [given])
    if stem == "1001":  # it is all a student's id: then whose it is cannot be known
        assert collected.new == ["1001"] and len(collected.nobodys) == 2
        assert "1001/1001/unit-03-bob may be 1001, bob (Bob O'Neil)" in said(collected, capsys, 1)
    else:
        assert collected.new == ["1001", "ada", "bob"] and not collected.nobodys
        assert there(lms_class)[f"ada/{UNIT}/{FILE}"] == notebook("ada-k")


def test_notebooks_of_several_in_an_archive_whose_name_ends_like_an_id(take, lms_class):
    assert take({"ada.ipynb": notebook(), "bob.ipynb": notebook()}, "BN-Unit 3-ann1.zip").new == ["ada", "bob"]
    assert take({f"x/{FILE}": notebook()}, "BN-Unit 3-ann1.zip").new == ["ann1"]


def test_a_folder_of_another_s_in_one_student_s_file(take, lms_class, capsys):
    """Neither Ada's nor Bob's: she may have put it there, or the archive has her name by chance."""
    text = said(take({f"bob/{FILE}": notebook()}, "ada.zip"), capsys, 1)
    assert "NOBODY'S   ada/bob may be ada (Ada King), bob (Bob O'Neil)" in text and not there(lms_class)
    assert take({f"ada/{FILE}": notebook("1"), "ada/bob/x.py": b""}, "ada.zip").new == ["ada"]


def test_an_id_that_another_has_on_github(lms_class, tmp_path, capsys):
    write_more(lms_class, {"bob": More([], ["bobs"]), "ada": More([], ["bob"])})
    for name in ("hw-bobs", "hw-bob"):
        (tmp_path / "clones" / name).mkdir(parents=True)
        (tmp_path / "clones" / name / FILE).write_bytes(notebook(name))
    text = said(collect(lms_class, UNIT, [tmp_path / "clones"]), capsys, 1)
    assert "NOBODY'S   hw-bob may be ada (Ada King), bob (Bob O'Neil)" in text
    assert there(lms_class) == {f"bob/{UNIT}/{FILE}": notebook("hw-bobs")}
