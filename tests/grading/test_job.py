"""Jobs, as far as they need no jail: what cannot be read, what goes wrong here, what could not be done."""

import errno
import pickle
from dataclasses import replace

import pytest

from grader.errors import CourseError
from grader.grading import recognise
from grader.grading.jail import JailError
from grader.grading.job import GradeJob, PlanJob, grade, make_plan
from grader.grading.limits import Limits
from grader.grading.plan import Plan
from grader.grading.release import Release, ReleaseCell
from grader.grading.submission import Submission

UNIT, FILE = "90_tiny", "submitted/ada/90_tiny/90_tiny.ipynb"
CELLS = [
    ReleaseCell("setup", "code", "setup", "", "_kit.load_table('x')", {"nbgrader": {}}),
    ReleaseCell("f", "code", "solution", "raise NotImplementedError()", "def f(): ...", {}),
]
RELEASE = Release(UNIT, CELLS, {}, False)
NOTEBOOK = b'{"cells": [{"cell_type": "code", "source": "x = 1", "metadata": {"nbgrader": {"grade_id": "f"}}}]}'


class Jails:
    """Where jails are got, and none is to be had."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def get(self, torch: bool):
        if self.error is None:
            pytest.fail("no jail is needed for this")
        raise self.error


def job(notebook: bytes = NOTEBOOK) -> GradeJob:
    submission = Submission("ada", UNIT, FILE, notebook, notes=["pipe is a pipe: left out"])
    return GradeJob(RELEASE, Limits(), True, None, Plan(), submission, key="the key")


@pytest.mark.parametrize(
    "notebook, reason",
    [
        (b"", "is empty"),
        (b"{", "is no notebook: it is not JSON"),
        (b"[]", "is no notebook"),
        (b"PK\x03\x04", "archive"),
    ],
)
def test_what_cannot_be_read_is_a_result_and_needs_no_jail(notebook, reason):
    result = job(notebook).run(Jails())
    assert (result.status, result.key, result.file) == ("failed", "the key", FILE)
    assert result.reason.startswith(FILE) and reason in result.reason
    assert result.repairs == ["pipe is a pipe: left out"] and result.cells == [] and result.notebook == ""


def test_another_unit_s_notebook_is_no_submission_of_this_one(monkeypatch):
    other = replace(RELEASE, unit="91_other", cells=[ReleaseCell("g", "code", "solution", "def g(): ...", "", {})])
    monkeypatch.setattr(recognise, "course", lambda: [RELEASE, other])
    result = job(NOTEBOOK.replace(b'"f"', b'"g"')).run(Jails())
    assert (result.status, result.cells, result.key) == ("failed", [], "the key")
    assert result.reason == f"{FILE} is the notebook of 91_other, handed in as {UNIT}: ask for the right one."


@pytest.mark.parametrize(
    "error", [ValueError("a\nb"), RecursionError(), MemoryError(), OSError(errno.EIO, "I/O"), KeyError(1)]
)
def test_a_fault_of_ours_is_a_result_that_is_to_be_reported(error):
    result = job().run(Jails(error))
    assert (result.status, result.key, result.student) == ("internal", "the key", "ada")
    assert result.reason.startswith(f"{FILE}: internal error, please report it: {type(error).__name__}: ")
    assert "(get, line " in result.reason


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE])
def test_no_room_is_the_jail_s_fault_and_not_the_submission_s(number):
    with pytest.raises(JailError, match="no room"):
        job().run(Jails(OSError(number, "no room")))


def test_a_jail_that_fails_is_told_as_such():
    error = JailError("the jail is gone")
    for attempt in (lambda: job().run(Jails(error)), lambda: PlanJob(RELEASE, Limits(), True, None).run(Jails(error))):
        with pytest.raises(JailError) as caught:
            attempt()
        assert caught.value is error


def test_an_interrupt_is_no_result():
    with pytest.raises(KeyboardInterrupt):
        job().run(Jails(KeyboardInterrupt()))


def test_grading_itself_hides_no_error_of_a_jail_s():
    with pytest.raises(JailError):
        grade(job().submission, RELEASE, Plan(), Limits(), Jails(JailError("gone")))
    with pytest.raises(JailError):
        make_plan(RELEASE, Limits(), Jails(JailError("gone")))


def test_what_could_not_be_done_is_told_with_whose_it_was():
    result = job().failed("it was killed again and again")
    assert (result.status, result.student, result.unit) == ("internal", "ada", UNIT)
    assert result.reason == f"{FILE}: it was killed again and again"
    error = PlanJob(RELEASE, Limits(), True, None).failed("it was killed")
    assert type(error) is CourseError and str(error) == f"{UNIT}: it was killed."


def test_jobs_travel_to_other_machines_as_they_are():
    for one in (job(), PlanJob(RELEASE, Limits(cell_seconds=3), False, None)):
        there = pickle.loads(pickle.dumps(one))
        assert there == one and (there.begun, there.shared) == (0, False)
