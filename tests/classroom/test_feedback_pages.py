"""Pages are made for whoever's result has changed, for nobody else, and lead back through nbgrader's exchange."""

import json
import os
import shutil
from pathlib import Path

import pytest
from helpers.graded_class import UNIT, gradebook, hand_in, write_graded
from nbgrader.exchange.default import ExchangeReleaseFeedback
from nbgrader.utils import notebook_hash

from grader.classroom.course import opened, quiet
from grader.classroom.feedback_command import print_made
from grader.classroom.feedback_pages import make_pages
from grader.errors import CourseError
from grader.grading.secret import FILE as SECRET

PEOPLE = ("ada", "bob", "jürgen")


@pytest.fixture(scope="module")
def klass(graded_class, tmp_path_factory) -> Path:
    """A class whose pages are made. Each test leaves them fresh."""
    directory = shutil.copytree(graded_class, tmp_path_factory.mktemp("class") / "bn-2026")
    made = make_pages(directory, "90")
    assert made.new == [*PEOPLE] and not (made.again or made.same or made.failed)
    return directory


def changed(klass: Path, student: str = "ada", **rows) -> None:
    """Change what the gradebook has of a student: values by the column's name."""
    with gradebook(klass) as book:
        for column, value in rows.items():
            if column == "late_submission_penalty":
                row = book.find_submission_notebook(UNIT, UNIT, student)
            elif column == "manual_comment":
                row = book.find_comment("normalize", UNIT, UNIT, student)
            else:
                row = book.find_grade("normalize-values", UNIT, UNIT, student)
            setattr(row, column, value)
        book.db.commit()


def page(klass: Path, student: str = "ada") -> Path:
    return klass / "feedback" / student / UNIT / f"{UNIT}.html"


@pytest.mark.slow
def test_nothing_has_changed(klass):
    before = {student: page(klass, student).stat().st_mtime_ns for student in PEOPLE}
    made = make_pages(klass, UNIT)
    assert (made.new, made.again, made.same) == ([], [], [*PEOPLE])
    assert {student: page(klass, student).stat().st_mtime_ns for student in PEOPLE} == before
    assert list(made.pages) == [*PEOPLE] and made.pages["ada"] == page(klass)


CHANGES = [  # one after the other: each page shows those before it, too
    ({"manual_score": 1.5}, "2.5 of 3 points"),  # points by hand
    ({"extra_credit": 0.25}, "2.75 of 3 points"),
    ({"late_submission_penalty": 0.5}, "2.25 of 3 points"),  # a due date moved
    ({"manual_comment": "Well done"}, "Well done"),
    ({"needs_manual_grade": True}, "Not final"),
    ({"manual_score": None, "auto_score": 0.0, "needs_manual_grade": False}, "0.75 of 3 points"),  # regraded
]


@pytest.mark.slow
def test_what_a_page_shows_has_changed(klass):
    for change, shown in CHANGES:
        changed(klass, **change)
        made = make_pages(klass, UNIT)
        assert (made.new, made.again, made.same) == ([], ["ada"], ["bob", "jürgen"]), change
        assert shown in page(klass).read_text(encoding="utf-8"), change


@pytest.mark.slow
def test_another_notebook_was_graded(klass):
    write_graded(klass, "bob", answer="return 'handed in again'")
    assert make_pages(klass, UNIT).again == ["bob"]
    assert "handed in again" in page(klass, "bob").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_page_or_the_record_is_gone(klass):
    page(klass, "jürgen").unlink()
    assert make_pages(klass, UNIT).new == ["jürgen"]
    (klass / ".bncourse" / "feedback" / f"{UNIT}.json").write_text("{", encoding="utf-8")
    assert make_pages(klass, UNIT).again == [*PEOPLE]


@pytest.mark.slow
def test_a_setting_has_changed(klass):
    config = klass / "nbgrader_config.py"
    config.write_text(config.read_text(encoding="utf-8") + "# another line\n", encoding="utf-8")
    assert make_pages(klass, UNIT).again == [*PEOPLE]


@pytest.mark.slow
def test_a_class_without_the_course_s_settings_hides_what_is_hidden(klass):
    config = klass / "nbgrader_config.py"
    before = config.read_text(encoding="utf-8")
    config.write_text(f"c = get_config()\nc.CourseDirectory.course_id = {klass.name!r}\n", encoding="utf-8")
    try:
        assert make_pages(klass, UNIT).again == [*PEOPLE]
        text = page(klass).read_text(encoding="utf-8")
    finally:
        config.write_text(before, encoding="utf-8")
    assert "(hidden tests)" in text and "x_hat, float32" not in text and "load_table" not in text
    make_pages(klass, UNIT)


def test_what_else_lies_beside_a_page_stays(klass):
    own = page(klass).with_name("annotated.pdf")
    own.write_bytes(b"by hand")
    changed(klass, extra_credit=0.5)
    assert make_pages(klass, UNIT).again == ["ada"] and own.read_bytes() == b"by hand"


@pytest.mark.slow
def test_one_that_cannot_be_made_stops_nobody(klass, capsys):
    graded = klass / "autograded" / "bob" / UNIT / f"{UNIT}.ipynb"
    before = graded.read_text(encoding="utf-8")
    stray = klass / "autograded" / "mallory" / UNIT
    shutil.copytree(graded.parent, stray)
    late = hand_in(klass, "ada") / f"{UNIT}.ipynb"
    os.utime(late, (4e9, 4e9))
    hand_in(klass, "carl")
    graded.write_text(before[:200], encoding="utf-8")
    changed(klass, extra_credit=0.75)
    try:
        made = make_pages(klass, UNIT)
    finally:
        graded.write_text(before, encoding="utf-8")
        os.utime(late, (1, 1))
        shutil.rmtree(stray)
        shutil.rmtree(klass / "submitted" / "carl")
    assert made.again == ["ada"] and made.same == ["jürgen"] and not page(klass, "bob").exists()
    assert [student for student, _ in made.failed] == ["mallory", "bob"]
    assert (made.ungraded, made.outdated) == (["carl"], ["ada"])
    assert print_made(made) == 1
    said = capsys.readouterr().out
    assert "FAILED     bob (O'Neil): NotJSONError" in said and "FAILED     mallory: not in the gradebook" in said
    assert "NO PAGE    carl: handed in and not graded" in said
    assert "OLD PAGE   ada (Ada King): handed in again" in said
    assert make_pages(klass, UNIT).new == ["bob"]


@pytest.mark.slow
def test_through_nbgrader_s_exchange(klass, tmp_path):
    """As JupyterHub classes do it: the secret of what was fetched from the exchange names the page there."""
    submitted = klass / "submitted" / "ada" / UNIT
    (submitted / SECRET).write_text("ada's own secret", encoding="utf-8")
    (klass / "autograded" / "ada" / UNIT / "timestamp.txt").write_text("2026-10-01 12:00:00 UTC", encoding="utf-8")
    made = make_pages(klass, UNIT)
    assert made.again == ["ada"] and made.without_secret == ["bob", "jürgen"]
    with quiet(), opened(klass) as api:
        api.config.Exchange.root = str(tmp_path)
        api.coursedir.assignment_id, api.coursedir.student_id = UNIT, "ada"
        ExchangeReleaseFeedback(coursedir=api.coursedir, authenticator=api.authenticator, parent=api).start()
    name = notebook_hash(secret="ada's own secret", notebook_id=UNIT)
    assert (tmp_path / klass.name / "feedback" / f"{name}.html").read_bytes() == page(klass).read_bytes()
    (submitted / SECRET).unlink()
    (page(klass).with_name(SECRET)).unlink()
    make_pages(klass, UNIT)


def test_a_unit_that_is_not_there(klass, tmp_path):
    with pytest.raises(CourseError, match=r"There is no unit '7'.*there are: 90_tiny"):
        make_pages(klass, "7")
    with pytest.raises(CourseError, match="is no class"):
        make_pages(tmp_path, UNIT)


def test_the_record_holds_no_points(klass):
    record = json.loads((klass / ".bncourse" / "feedback" / f"{UNIT}.json").read_text(encoding="utf-8"))
    assert sorted(record) == sorted(PEOPLE) and all(len(key) == 64 for key in record.values())
