"""A student is erased everywhere, nobody else is touched, and what is left is named."""

import json
import zipfile
from pathlib import Path

import pytest
from helpers.made_up_class import cell, result, write, write_gradebook
from nbgrader.api import Gradebook
from nbgrader.utils import notebook_hash

from grader.classroom.erase import forget
from grader.classroom.people import More, read_more, write_more
from grader.cli import main
from grader.errors import CourseError

UNIT = "03_batchnorm_forward"
NAMES = {"ada": ("Ada", "King"), "ada+b": ("Other", "Person"), "ada-2": ("Third", "Person")}


@pytest.fixture
def klass(tmp_path) -> Path:
    """Three students with everything that a class may have of them."""
    results = [result(student, UNIT, [cell("a-0", 2, 2)]) for student in NAMES]
    directory = write(tmp_path / "bn", [])
    (directory / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.course_id = 'bn'\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\n"
    )
    write_gradebook(directory, results, NAMES)
    with Gradebook(f"sqlite:///{directory / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.find_student("ada").email = "countess@example.org"
        gradebook.db.commit()
    (directory / "release" / UNIT).mkdir(parents=True)
    (directory / "release" / UNIT / f"{UNIT}.ipynb").write_text("{}")
    (directory / ".bncourse" / "results" / UNIT).mkdir(parents=True)
    for kept in ("collected", "feedback"):
        (directory / ".bncourse" / kept).mkdir()
    inbound, feedback = tmp_path / "exchange" / "bn" / "inbound", tmp_path / "exchange" / "bn" / "feedback"
    feedback.mkdir(parents=True)
    for entry in results:
        student = entry["student"]
        for step in ("submitted", "autograded", "feedback"):
            folder = directory / step / student / UNIT
            folder.mkdir(parents=True)
            (folder / f"{UNIT}.{'html' if step == 'feedback' else 'ipynb'}").write_text("{}")
        (directory / "submitted" / student / UNIT / "submission_secret.txt").write_text(f"secret of {student}")
        (feedback / f"{notebook_hash(secret=f'secret of {student}', notebook_id=UNIT)}.html").write_text("x")
        (inbound / f"{student}+{UNIT}+2026-10-01 12:00:00.1 UTC+abc").mkdir(parents=True)
        (directory / ".bncourse" / "results" / UNIT / f"{student}.json").write_text(json.dumps(entry))
    collected = directory / ".bncourse" / "collected" / f"{UNIT}.json"
    collected.write_text(json.dumps({student: {"files": {}} for student in NAMES}))
    pages = directory / ".bncourse" / "feedback" / f"{UNIT}.json"
    pages.write_text(json.dumps(dict.fromkeys(NAMES, "a hash")))
    write_more(directory, {student: More(["Mon"]) for student in NAMES})
    return directory


def named(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_everything_of_one_and_nothing_of_others(klass, tmp_path):
    forgotten = forget(klass, "ada")
    others = {"ada+b", "ada-2"}
    for step in ("submitted", "autograded", "feedback"):
        assert named(klass / step) == others
    assert named(klass / ".bncourse" / "results" / UNIT) == {f"{student}.json" for student in others}
    for kept in ("collected", "feedback"):
        assert json.loads((klass / ".bncourse" / kept / f"{UNIT}.json").read_text()).keys() == others
    assert read_more(klass).keys() == others
    exchange = tmp_path / "exchange" / "bn"
    assert {name.split(f"+{UNIT}")[0] for name in named(exchange / "inbound")} == others
    hashes = {notebook_hash(secret=f"secret of {student}", notebook_id=UNIT) for student in others}
    assert named(exchange / "feedback") == {f"{name}.html" for name in hashes}
    with Gradebook(f"sqlite:///{klass / 'gradebook.db'}", "made-up") as gradebook:
        assert {student.id for student in gradebook.students} == others
        assert {s.student_id for s in gradebook.assignment_submissions(UNIT)} == others
        assert gradebook.find_submission(UNIT, "ada-2").score == 2
    assert b"countess" not in (klass / "gradebook.db").read_bytes(), "not in the file's free pages either"
    said = "\n".join(forgotten.erased)
    for part in (
        "submitted/ada (2 files)",
        "feedback/ada (1 file)",
        f".bncourse/results/{UNIT}/ada.json",
        "roster.json",
    ):
        assert part in said
    assert "the points and comments of 1 submission(s), in the gradebook" in said and "inbound" in said
    assert forgotten.left == []


def test_dry_run_erases_nothing(klass, tmp_path, capsys):
    def state():
        return {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.name != "lock"}

    before = state()
    assert main(["forget", str(klass), "ada", "--dry-run"]) == 0
    assert state() == before
    dry = capsys.readouterr().out.replace("would be erased", "erased")
    assert main(["forget", str(klass), "ada"]) == 0
    assert capsys.readouterr().out == dry


def test_what_still_names_the_student_is_said(klass, capsys):
    (klass / "report.html").write_text("<td>King, Ada</td>")
    (klass / "report-pseudonyms.html").write_text("<td>Otter</td>")
    (klass / "canvas.csv").write_text("x,countess@example.org\n")
    (klass / "other.csv").write_text("adalbert,Kingston,ada-2\n")
    (klass / "downloaded").mkdir()
    (klass / "gradebook.db.2026-10-01").write_bytes((klass / "gradebook.db").read_bytes())
    with zipfile.ZipFile(klass / "downloaded" / "moodle.zip", "w") as archive:
        archive.writestr("Ada King_31_assignsubmission_file/x.ipynb", "")
    assert main(["forget", str(klass), "ada"]) == 1
    left = [line for line in capsys.readouterr().out.splitlines() if line.startswith("LEFT")]
    assert {line.split()[1] for line in left} == {
        "report.html",
        "report-pseudonyms.html",
        "canvas.csv",
        "downloaded/moodle.zip",
        "gradebook.db.2026-10-01",
    }
    assert "bncourse report makes it again" in next(line for line in left if "report.html" in line)


def test_who_is_not_there(klass, tmp_path):
    with pytest.raises(CourseError, match=r"no student 'ADA' in .* Is it .*'ada'"):
        forget(klass, "ADA")
    for wrong in ("", ".", "..", "../submitted", "*", "nobody", f"{UNIT}/.."):
        with pytest.raises(CourseError, match="There is no student"):
            forget(klass, wrong)
    assert named(klass / "submitted") == set(NAMES)
    with pytest.raises(CourseError, match="is no class"):
        forget(tmp_path, "ada")


def test_a_student_with_files_alone_or_rows_alone(klass):
    (klass / "submitted" / "Ghost").mkdir()
    assert forget(klass, "Ghost").erased == ["submitted/Ghost (0 files)"]
    with Gradebook(f"sqlite:///{klass / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.add_student("a/b")
    assert forget(klass, "a/b").erased == ["a/b and the points and comments of 0 submission(s), in the gradebook"]
    assert named(klass / "submitted") == set(NAMES)


def test_a_mac_s_name_and_a_link(klass, tmp_path):
    (klass / "submitted" / "ju\u0308rgen").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("")
    (klass / "autograded" / "j\u00fcrgen").symlink_to(tmp_path / "elsewhere")
    assert len(forget(klass, "j\u00fcrgen").erased) == 2
    assert named(klass / "submitted") == named(klass / "autograded") == set(NAMES)
    assert (tmp_path / "elsewhere" / "file").exists()


def test_again_after_it_was_stopped(klass, monkeypatch):
    def stopped(*_):
        raise CourseError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr("grader.classroom.erase._from_gradebook", stopped)
        with pytest.raises(CourseError, match="stopped"):
            forget(klass, "ada")
    assert forget(klass, "ada").erased == ["ada and the points and comments of 1 submission(s), in the gradebook"]
    with pytest.raises(CourseError, match="no student 'ada'"):
        forget(klass, "ada")


def test_what_cannot_be_erased_is_said(klass, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", denied)
    assert "submitted/ada (2 files) cannot be erased: Permission denied" in forget(klass, "ada").left


def test_help(capsys):
    with pytest.raises(SystemExit):
        main(["forget", "--help"])
    assert "bncourse forget ~/bn-2026 s1011 --dry-run" in capsys.readouterr().out
