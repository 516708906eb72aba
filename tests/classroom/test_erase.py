"""A student is erased everywhere, and nobody else is touched."""

import json
import os
from pathlib import Path

import pytest
from helpers.kept_class import NAMES, UNIT, named
from nbgrader.api import Gradebook
from nbgrader.utils import notebook_hash

from grader.classroom.erase import forget
from grader.classroom.people import read_more
from grader.errors import CourseError


def test_everything_of_one_and_nothing_of_others(kept_class, tmp_path):
    forgotten = forget(kept_class, "ada")
    others = {"ada+b", "ada-2"}
    for step in ("submitted", "autograded", "feedback"):
        assert named(kept_class / step) == others
    assert named(kept_class / ".bncourse" / "results" / UNIT) == {f"{student}.json" for student in others}
    for kept in ("collected", "feedback"):
        assert json.loads((kept_class / ".bncourse" / kept / f"{UNIT}.json").read_text()).keys() == others
    assert read_more(kept_class).keys() == others
    exchange = tmp_path / "exchange" / "bn"
    assert {name.split(f"+{UNIT}")[0] for name in named(exchange / "inbound")} == others
    hashes = {notebook_hash(secret=f"secret of {student}", notebook_id=UNIT) for student in others}
    assert named(exchange / "feedback") == {f"{name}.html" for name in hashes}
    with Gradebook(f"sqlite:///{kept_class / 'gradebook.db'}", "made-up") as gradebook:
        assert {student.id for student in gradebook.students} == others
        assert {s.student_id for s in gradebook.assignment_submissions(UNIT)} == others
        assert gradebook.find_submission(UNIT, "ada-2").score == 2
    assert b"countess" not in (kept_class / "gradebook.db").read_bytes(), "not in the file's free pages either"
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


def test_who_is_not_there(kept_class, tmp_path):
    with pytest.raises(CourseError, match=r"no student 'ADA' in .* Is it .*'ada'"):
        forget(kept_class, "ADA")
    for wrong in ("", ".", "..", "../submitted", "*", "nobody", f"{UNIT}/.."):
        with pytest.raises(CourseError, match="There is no student"):
            forget(kept_class, wrong)
    assert named(kept_class / "submitted") == set(NAMES)
    with pytest.raises(CourseError, match="is no class"):
        forget(tmp_path, "ada")


def test_a_student_with_files_alone_or_rows_alone(kept_class):
    (kept_class / "submitted" / "Ghost").mkdir()
    assert forget(kept_class, "Ghost").erased == ["submitted/Ghost (0 files)"]
    with Gradebook(f"sqlite:///{kept_class / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.add_student("a/b")
    assert forget(kept_class, "a/b").erased == ["a/b and the points and comments of 0 submission(s), in the gradebook"]
    assert named(kept_class / "submitted") == set(NAMES)


def test_a_mac_s_name_and_a_link(kept_class, tmp_path):
    (kept_class / "submitted" / "ju\u0308rgen").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("")
    (kept_class / "autograded" / "j\u00fcrgen").symlink_to(tmp_path / "elsewhere")
    assert len(forget(kept_class, "j\u00fcrgen").erased) == 2
    assert named(kept_class / "submitted") == named(kept_class / "autograded") == set(NAMES)
    assert (tmp_path / "elsewhere" / "file").exists()


@pytest.mark.parametrize("kind", ["pipe", "large", "link"])
def test_a_secret_that_is_no_ordinary_small_file_is_not_read(kept_class, kind, monkeypatch):
    """A pipe has no end until somebody writes into it, a file with holes takes no room on the disk."""
    path = kept_class / "submitted" / "ada" / UNIT / "submission_secret.txt"
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(3 << 30)
    else:
        path.symlink_to("/dev/zero")
    read_text = Path.read_text

    def watched(path, **options):
        assert path.name != "submission_secret.txt"
        return read_text(path, **options)

    monkeypatch.setattr(Path, "read_text", watched)
    assert "submitted/ada (2 files)" in forget(kept_class, "ada", dry=True).erased


def test_again_after_it_was_stopped(kept_class, monkeypatch):
    def stopped(*_):
        raise CourseError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr("grader.classroom.erase._from_gradebook", stopped)
        with pytest.raises(CourseError, match="stopped"):
            forget(kept_class, "ada")
    assert forget(kept_class, "ada").erased == ["ada and the points and comments of 1 submission(s), in the gradebook"]
    with pytest.raises(CourseError, match="no student 'ada'"):
        forget(kept_class, "ada")


def test_what_cannot_be_erased_is_said(kept_class, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", denied)
    assert "submitted/ada (2 files) cannot be erased: Permission denied" in forget(kept_class, "ada").left
