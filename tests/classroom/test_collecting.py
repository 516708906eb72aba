"""A unit's submissions are collected, with the time of handing in where it is known; or it is said why none is."""

import pytest
from helpers.lms_class import FILE, UNIT, notebook, said, there, zipped
from helpers.made_up_class import write, write_gradebook
from nbgrader.api import Gradebook

from grader.classroom import collecting
from grader.classroom.collecting import collect
from grader.classroom.people import More, write_more
from grader.classroom.put import Records
from grader.errors import CourseError


def test_moodle_made_at_once_has_no_times(take, lms_class, capsys):
    names = ("Ada King_31", "Bob ONeil_33", "김서연_35")
    entries = {f"{name}_assignsubmission_file/{FILE}": notebook() for name in names}
    assert "within an hour, as of a download" in said(take(entries), capsys, 0)
    assert len(there(lms_class)) == 3
    take(entries, times="archive")
    assert len(there(lms_class)) == 6


def test_no_times(take, lms_class):
    take({f"Ada King_31_assignsubmission_file/{FILE}": notebook()}, times="none")
    assert list(there(lms_class)) == [f"ada/{UNIT}/{FILE}"]


def test_a_late_mark_waits_for_a_due_date(take, lms_class, capsys):
    entries = {f"oneilbob_LATE_103_5580_{FILE}": notebook("b")}
    assert "has no due date: nbgrader db assignment add 03_batchnorm_forward" in said(take(entries), capsys, 1)
    with Gradebook(f"sqlite:///{lms_class / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.update_or_create_assignment(UNIT, duedate="2026-10-01 23:59 UTC")
    assert take(entries).newer == ["bob"] and f"bob/{UNIT}/timestamp.txt" in there(lms_class)
    assert take(entries).same == ["bob"]


def test_dry_run_writes_nothing(take, lms_class, capsys):
    collected = take({f"ada/{FILE}": notebook()}, dry=True)
    assert collected.new == ["ada"] and not (lms_class / "submitted").exists()
    assert not (lms_class / ".bncourse" / "collected").exists()


def test_errors(lms_class, tmp_path, take):
    with pytest.raises(CourseError, match=r"none\.zip is not there"):
        collect(lms_class, "03", [tmp_path / "none.zip"])
    with pytest.raises(CourseError, match=r"no unit '99'.* there are: 03_batchnorm_forward, 04"):
        collect(lms_class, "99", [tmp_path])
    with pytest.raises(CourseError, match="is no class"):
        collect(tmp_path, "03", [tmp_path])
    (lms_class / ".bncourse" / "collected").mkdir()
    (lms_class / ".bncourse" / "collected" / f"{UNIT}.json").write_text("[]")
    with pytest.raises(CourseError, match=r"cannot be read\. Delete it"):
        take({f"ada/{FILE}": notebook()})


def test_an_empty_roster(tmp_path):
    directory = write(tmp_path / "new", [])
    write_gradebook(directory, [])
    (directory / "release" / UNIT).mkdir(parents=True)
    (directory / "release" / UNIT / FILE).write_text("{}")
    with pytest.raises(CourseError, match=r"Nobody is on the roster\. Put the class there: bncourse roster"):
        collect(directory, "03", [tmp_path])


MOODLE, CANVAS = "{}_{}_assignsubmission_file_/" + FILE, "{}_{}_{}_" + FILE
NUMBERS = "files of this name under 2 numbers"


def _forget_numbers(directory) -> None:
    """A roster that is not Canvas's."""
    with Gradebook(f"sqlite:///{directory / 'gradebook.db'}", "made-up") as gradebook:
        for student in ("ada", "bob"):
            gradebook.update_or_create_student(student, lms_user_id="")


def test_who_takes_another_s_name_does_not_replace_the_other_s_work(take, lms_class, capsys):
    entries = {
        MOODLE.format("Ada King", 11): notebook("ada's"),
        MOODLE.format("Ada King", 55): (notebook("eve's, later"), (2026, 10, 1, 15, 0, 0)),
        MOODLE.format("Bob ONeil", 2): notebook("bob's"),
    }
    text = said(take(entries), capsys, 1)
    assert f"NOT TAKEN  ada (Ada King): all.zip has {NUMBERS}, 11 and 55, so of 2 people; none is taken" in text
    assert "Moodle's grading worksheet" in text
    assert [path for path in there(lms_class) if path.endswith("ipynb")] == [f"bob/{UNIT}/{FILE}"]
    _forget_numbers(lms_class)
    entries = {
        CANVAS.format("kingada", 7001, 900): notebook("ada's"),
        CANVAS.format("kingada", 7055, 999): notebook("eve's"),
    }
    text = said(take(entries), capsys, 1)
    assert f"all.zip has {NUMBERS}, 7001 and 7055" in text and "Canvas's gradebook export" in text
    assert not (lms_class / "submitted" / "ada").exists()


def test_who_takes_a_name_that_was_collected_before(take, lms_class, capsys):
    """The number is another than before, in the same assignment: feedback still goes where the first came from."""
    take({MOODLE.format("Ada King", 11): notebook("ada's"), MOODLE.format("Bob ONeil", 2): notebook("bob's")})
    before = there(lms_class)
    later = {MOODLE.format("Ada King", 55): notebook("eve's"), MOODLE.format("Bob ONeil", 2): notebook("bob's")}
    text = said(take(later), capsys, 1)
    assert f"what was collected before and all.zip have {NUMBERS}, 11 and 55" in text and there(lms_class) == before
    assert "11 and 55" in said(take({MOODLE.format("Ada King", 55): notebook("eve's")}), capsys, 1)
    assert Records(lms_class, UNIT).by_student["ada"].named == "Ada King_11_assignsubmission_file_/"
    assert take({MOODLE.format("Ada King", 11): (notebook("new"), (2026, 10, 2, 1, 0, 0))}).newer == ["ada"]


def test_another_assignment_of_moodle_s_has_other_numbers(take, lms_class):
    """Those of everybody are others there; Canvas's are of the person everywhere."""
    names = ("Ada King", "Bob ONeil")
    take({MOODLE.format(name, 11 + n): notebook("1") for n, name in enumerate(names)})
    assert take({MOODLE.format(name, 71 + n): notebook("2") for n, name in enumerate(names)}).newer == ["ada", "bob"]
    _forget_numbers(lms_class)
    names = ("kingada", "oneilbob")
    take({CANVAS.format(name, 7001 + n, n): notebook("3") for n, name in enumerate(names)})
    entries = {CANVAS.format(name, 7055 + n, 9): notebook("4") for n, name in enumerate(names)}
    assert [student for student, _ in take(entries).problems] == ["ada", "bob"]


def test_a_number_that_the_roster_has_is_believed(take, lms_class):
    """One student alone hands in to a second assignment, whose grading worksheet the roster has."""
    take({MOODLE.format("Ann Lee", 32): notebook("1"), MOODLE.format("Ada King", 11): notebook("1")})
    assert take({MOODLE.format("Ann Lee", 77): notebook("2")}).nobodys, "one of two of this name"
    write_more(lms_class, {"ann2": More([], ["Participant 32", "Participant 77"]), "ada": More([], ["Participant 78"])})
    entries = {MOODLE.format("Ann Lee", 77): notebook("2")}
    assert take(entries).newer == ["ann2"]
    assert take({MOODLE.format("Ada King", 79): notebook("?")}).problems
    assert take({MOODLE.format("Ada King", 78): notebook("2")}).newer == ["ada"]


def test_two_archives_of_one_assignment(lms_class, tmp_path):
    first = zipped({MOODLE.format("Ada King", 11): notebook("ada's")}, tmp_path / "1.zip")
    second = zipped({MOODLE.format("Ada King", 55): notebook("eve's")}, tmp_path / "2.zip")
    ((student, problem),) = collect(lms_class, "03", [first, second]).problems
    assert student == "ada" and problem.startswith(f"1.zip and 2.zip have {NUMBERS}, 11 and 55")


def test_what_nobody_foresaw_of_one_student_ends_nobody_else_s(take, lms_class, capsys, monkeypatch):
    chosen = collecting.choose

    def choose(handed, *rest):
        if handed[0].student == "ada":
            raise TypeError("of an odd kind")
        return chosen(handed, *rest)

    monkeypatch.setattr(collecting, "choose", choose)
    text = said(take({f"ada/{FILE}": notebook(), f"bob/{FILE}": notebook()}), capsys, 1)
    assert f"NOT TAKEN  ada (Ada King): ada/{FILE} cannot be collected (TypeError: of an odd kind): put the" in text
    assert list(there(lms_class)) == [f"bob/{UNIT}/{FILE}"]


def test_what_may_be_read_is_counted_by_student(take, monkeypatch):
    """An honest class's notebooks come to more than one student's may."""
    monkeypatch.setattr("grader.classroom.choose.MOST_COMPARED", 3000)
    entries = {}
    for name in ("ada", "bob", "seoyeon", "jürgen", "ann1", "ann2"):
        entries |= {f"{name}/{FILE}": notebook("x" * 1000), f"{name}/{UNIT}-1.ipynb": notebook("x" * 1000)}
    collected = take(entries)
    assert len(collected.new) == 6 and not collected.notes, "equal, and the first of each is taken"
    monkeypatch.setattr("grader.classroom.choose.MOST_COMPARED", 2000)
    assert sum("the newest of 2" in note for _, note in take(entries).notes) == 6, "not compared: the names tell"
