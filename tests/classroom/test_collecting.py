"""A unit's submissions are collected, with the time of handing in where it is known; or it is said why none is."""

import pytest
from helpers.lms_class import FILE, UNIT, notebook, said, there
from helpers.made_up_class import write, write_gradebook
from nbgrader.api import Gradebook

from grader.classroom.collecting import collect
from grader.errors import CourseError


def test_moodle_made_at_once_has_no_times(take, lms_class, capsys):
    names = ("Ada King_31", "Bob ONeil_33", "김서연_32")
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
