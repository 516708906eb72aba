"""A file is its student's by the outermost name that says so; a name that fits nobody, or several, is told."""

import os

import pytest
from helpers.lms_class import FILE, OTHER, UNIT, notebook, said, there, zipped

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
