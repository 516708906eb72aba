"""Files are known by the names that Moodle and Canvas give them, in `bncourse collect` and in nbgrader."""

from helpers.lms_class import DAY, FILE, UNIT, notebook, said, there, zipped
from nbgrader.api import Gradebook
from nbgrader.apps import ZipCollectApp

from grader.classroom.put import Records


def test_moodle(take, lms_class, capsys):
    collected = take(
        {
            f"Ada King_31_assignsubmission_file/{FILE}": (notebook("a"), DAY),
            f"서연 김_35_assignsubmission_file_/{FILE}": (notebook("s"), (2026, 10, 1, 13, 0, 2)),
            f"Bob ONeil_33_assignsubmission_file_{FILE}": (notebook("b"), (2026, 10, 2, 12, 0, 0)),
            f"Group 1-Jürgen Müller-Groß_34_assignsubmission_file/{FILE}": (notebook("j"), DAY),
        }
    )
    assert said(collected, capsys, 0).endswith(
        "4 collected, 0 replaced by a newer one, 0 as before (03_batchnorm_forward).\n"
    )
    files = there(lms_class)
    for student, what in (("ada", "a"), ("seoyeon", "s"), ("bob", "b"), ("jürgen", "j")):
        assert files[f"{student}/{UNIT}/{FILE}"] == notebook(what)
    assert files[f"bob/{UNIT}/timestamp.txt"] == b"2026-10-02 12:00:00 UTC" and len(files) == 8
    assert collected.missing == ["ann1", "ann2"]
    records = Records(lms_class, UNIT).by_student  # by these names feedback finds its way back
    assert {student: (record.system, record.named) for student, record in records.items()} == {
        "ada": ("moodle", "Ada King_31_assignsubmission_file/"),
        "seoyeon": ("moodle", "서연 김_35_assignsubmission_file_/"),
        "bob": ("moodle", "Bob ONeil_33_assignsubmission_file_"),
        "jürgen": ("moodle", "Group 1-Jürgen Müller-Groß_34_assignsubmission_file/"),
    }
    take({f"ada/{FILE}": notebook("by e-mail")})
    assert Records(lms_class, UNIT).by_student["ada"].named == "Ada King_31_assignsubmission_file/"


def test_canvas(take, lms_class, capsys):
    with Gradebook(f"sqlite:///{lms_class / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.update_or_create_assignment(UNIT, duedate="2026-10-01 23:59 UTC")
    collected = take(
        {
            f"kingada_101_5566_{FILE}": notebook("old"),
            f"kingada_101_5570_{UNIT}-1.ipynb": notebook("new"),
            "kingada_101_5571_helper.py": b"x = 1",
            f"oneilbob_LATE_103_5580_{FILE}": notebook("b"),
            "김서연_102_5590_homework.ipynb": notebook("s"),
            "mllergrojrgen_104_5600_work.zip": zipped({f"a/{FILE}": notebook("j"), "__MACOSX/a/._x": b""}),
            "anon_101_5566_x.ipynb": notebook("?"),
        }
    )
    text = said(collected, capsys, 1)
    files = there(lms_class)
    assert files[f"ada/{UNIT}/{FILE}"] == notebook("new") and files[f"ada/{UNIT}/helper.py"] == b"x = 1"
    assert files[f"bob/{UNIT}/timestamp.txt"] == b"2026-10-01 23:59:01 UTC"
    assert files[f"seoyeon/{UNIT}/{FILE}"] == notebook("s") and files[f"jürgen/{UNIT}/{FILE}"] == notebook("j")
    assert "seoyeon (서연 김): homework.ipynb is taken, the only notebook." in text
    assert "NOBODY'S   anon_101" in text and "the newest of 2" in text and "one second" in text
    assert f"ada/{UNIT}/timestamp.txt" not in files
    records = Records(lms_class, UNIT).by_student
    assert {(record.system, record.named) for record in records.values()} == {
        ("canvas", f"kingada_101_5570_{UNIT}-1.ipynb"),
        ("canvas", f"oneilbob_LATE_103_5580_{FILE}"),
        ("canvas", "김서연_102_5590_homework.ipynb"),
        ("canvas", "mllergrojrgen_104_5600_work.zip"),
    }


def test_nbgrader_takes_the_same_names(lms_class, monkeypatch):
    """The plugins, in nbgrader's own zip_collect."""
    folder = lms_class / "downloaded" / UNIT / "archive"
    folder.mkdir(parents=True)
    (folder / f"kingada_LATE_101_5566_{FILE}").write_bytes(notebook())
    zipped({f"Bob ONeil_33_assignsubmission_file/{FILE}": notebook()}, folder / "moodle.zip")
    monkeypatch.chdir(lms_class)
    for name, student in (("Canvas", "101"), ("Moodle", "33")):
        app = ZipCollectApp()
        app.initialize([UNIT, "--force", f"--collector=grader.classroom.collectors.{name}CollectorPlugin"])
        app.start()
        assert (lms_class / "submitted" / student / UNIT / FILE).exists()
