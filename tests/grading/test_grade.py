"""A class's run, less the jail: what is run, what is kept and written, what is not done twice, and what is misuse."""

import json
import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from helpers.made_up_class import write_rows
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Assignment, Gradebook, GradeCell, Notebook, SolutionCell

from grader.errors import CourseError
from grader.grading import grade as module
from grader.grading.grade import Options, grade_class
from grader.grading.jail import JailError
from grader.grading.job import GradeJob, PlanJob
from grader.grading.limits import Limits
from grader.grading.plan import Plan
from grader.grading.result import CellScore, Result

UNIT = "90_tiny"


def notebook(answer: str = "raise NotImplementedError()"):
    role = {"solution": False, "grade": False, "locked": True, "schema_version": 3}
    cells = []
    for name, source, more in (
        ("setup", "_kit.load_table('x')\n_kit.begin(_py.globals())", {}),
        ("f", answer, {"solution": True, "locked": False}),
        ("f-values", "check('f', f)", {"grade": True, "points": 2}),
    ):
        meta = {"nbgrader": {**role, "grade_id": name, **more}}
        cells.append(new_code_cell(source, id=name, metadata=meta))
    return new_notebook(cells=cells)


def write_gradebook(path: Path) -> None:
    rows = [
        (Assignment, [{"id": "a", "name": UNIT, "course_id": "bn"}]),
        (Notebook, [{"id": "n", "name": UNIT, "assignment_id": "a"}]),
        (GradeCell, [{"id": "c", "name": "f-values", "max_score": 2, "cell_type": "code", "notebook_id": "n"}]),
        (SolutionCell, [{"id": "s", "name": "f", "notebook_id": "n"}]),
    ]
    write_rows(path, rows)


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A class with a unit and no submissions; to be copied."""
    directory = tmp_path_factory.mktemp("class") / "bn"
    for folder, one in (("source", notebook("def f(): ...")), ("release", notebook())):
        (directory / folder / UNIT).mkdir(parents=True)
        nbformat.write(one, directory / folder / UNIT / f"{UNIT}.ipynb")
    config = "c = get_config()\nc.CourseDirectory.course_id = 'bn'\n"
    (directory / "nbgrader_config.py").write_text(config, encoding="utf-8")
    write_gradebook(directory / "gradebook.db")
    return directory


@pytest.fixture
def klass(released, tmp_path):
    return Path(shutil.copytree(released, tmp_path / "bn"))


class Pool:
    """A pool that takes what an answer says for its points. `jobs`: what it was given to do; `broken`: what comes."""

    def __init__(self) -> None:
        self.jobs, self.broken = [], {}

    def run(self, jobs):
        for job in jobs:
            self.jobs.append(job)
            yield job, self.broken.get(type(job)) or (Plan() if isinstance(job, PlanJob) else self.graded(job))

    def graded(self, job: GradeJob) -> Result:
        who, points = job.submission, float(b"right" in job.submission.notebook) * 2
        cells, answers = [CellScore("f-values", "f", points, 2.0)], [f"f 9 {hash(who.notebook)}"]
        found = Result(who.student, who.unit, who.path, cells=cells, answers=answers, key=job.key)
        found.notebook = f"{points} 한"
        return found

    def close(self) -> None:
        pass


@pytest.fixture
def run(klass, monkeypatch):
    """A function that grades the class. `run.pool`: what has been given to the pool."""

    def grade(**options):
        grade.pool.jobs.clear()
        return grade_class(klass, Options(**{"sandbox": False, **options}), progress=False)

    grade.pool = Pool()
    monkeypatch.setattr(module, "open_pool", lambda workers, scheduler: grade.pool)
    return grade


@pytest.fixture
def hand_in(klass):
    def hand_in(student: str, answer: str | bytes = "right", timestamp: str = "") -> Path:
        folder = klass / "submitted" / student / UNIT
        folder.mkdir(parents=True, exist_ok=True)
        data = answer if isinstance(answer, bytes) else json.dumps(notebook(answer)).encode()
        (folder / f"{UNIT}.ipynb").write_bytes(data)
        if timestamp:
            (folder / "timestamp.txt").write_text(timestamp)
        return folder

    return hand_in


def scores(klass: Path) -> dict:
    with Gradebook(f"sqlite:///{klass}/gradebook.db", "bn") as book:
        found = {s.student.id: (s.score, s.timestamp) for s in book.assignment_submissions(UNIT)}
    return {student: (score, str(when or "")) for student, (score, when) in found.items()}


def test_a_class_is_graded_into_the_gradebook_and_the_graded_notebooks(run, hand_in, klass):
    hand_in("ada", timestamp="2026-03-01 12:00:00 UTC")
    hand_in("김서연", "wrong")
    outcome = run()
    assert [type(job) for job in run.pool.jobs] == [PlanJob, GradeJob, GradeJob]
    assert (outcome.fresh, outcome.counts["graded"], outcome.others) == (2, 2, [])
    assert scores(klass) == {"ada": (2, "2026-03-01 12:00:00"), "김서연": (0, "")}
    graded = klass / "autograded" / "ada" / UNIT
    assert (graded / f"{UNIT}.ipynb").read_text(encoding="utf-8") == "2.0 한"
    assert (graded / "timestamp.txt").read_text() == "2026-03-01 12:00:00 UTC"


def test_what_has_not_changed_is_not_run_again(run, hand_in):
    for student in ("ada", "bob"):
        hand_in(student)
    run()
    again = run()
    assert (again.fresh, len(again.results), run.pool.jobs) == (0, 2, [])
    hand_in("bob", "wrong")
    assert run().fresh == 1 and [job.submission.student for job in run.pool.jobs] == ["bob"]
    assert run(limits=Limits(cell_seconds=5)).fresh == 2
    assert run(limits=Limits(cell_seconds=5), regrade=True, student="ada").fresh == 1


def test_the_same_bytes_written_anew_are_graded_already_and_feedback_sees_it(run, hand_in, klass):
    """By the times of the two files, which is what `bncourse feedback` has."""
    submitted, graded = hand_in("ada") / f"{UNIT}.ipynb", klass / "autograded" / "ada" / UNIT / f"{UNIT}.ipynb"
    run()
    os.utime(graded, (1000, 1000))
    os.utime(submitted, (900, 900))
    assert run().fresh == 0 and graded.stat().st_mtime == 1000
    os.utime(submitted, (1100, 1100))
    assert run().fresh == 0 and graded.stat().st_mtime > 1100


def test_a_graded_notebook_that_was_lost_is_made_again(run, hand_in, klass):
    hand_in("ada")
    run()
    (klass / "autograded" / "ada" / UNIT / f"{UNIT}.ipynb").unlink()
    assert run().fresh == 1


def test_a_time_of_handing_in_is_what_its_file_says_now(run, hand_in, klass):
    folder = hand_in("ada", timestamp="2026-03-01 12:00:00 UTC")
    run()
    hand_in("ada", timestamp="2026-03-02 12:00:00 UTC")
    assert run().fresh == 0 and scores(klass) == {"ada": (2, "2026-03-02 12:00:00")}
    hand_in("ada", timestamp="2026년 3월 1일")
    outcome = run()
    assert list(outcome.times) == [("ada", UNIT)] and "is no time (2026년 3월 1일)" in outcome.times["ada", UNIT]
    (folder / "timestamp.txt").unlink()
    outcome = run()
    assert outcome.times == {} and scores(klass) == {"ada": (2, "")}
    assert not (klass / "autograded" / "ada" / UNIT / "timestamp.txt").exists()


LATE = """\
from nbgrader.plugins import LateSubmissionPlugin


class Late(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 0.5 * total_seconds_late / 86400
"""


def test_penalties_follow_what_people_decide_and_nothing_is_run_for_them(run, hand_in, klass):
    (klass / "late_plugin_of_this_class.py").write_text(LATE)
    with open(klass / "nbgrader_config.py", "a") as config:
        config.write("c.AssignLatePenalties.plugin_class = 'late_plugin_of_this_class.Late'\n")
    hand_in("ada", timestamp="2026-03-03 12:00:00 UTC")
    with Gradebook(f"sqlite:///{klass}/gradebook.db", "bn") as book:
        book.update_or_create_assignment(UNIT, duedate="2026-03-01 12:00:00")
    outcome = run()
    assert (outcome.recorded["ada", UNIT].score, outcome.changes) == (1, {})
    with Gradebook(f"sqlite:///{klass}/gradebook.db", "bn") as book:
        book.grant_extension(UNIT, "ada", days=1)
    outcome = run()
    assert (outcome.fresh, outcome.changes) == (0, {("ada", UNIT): "1 → 1.5, late penalty (1 → 0.5)"})
    with Gradebook(f"sqlite:///{klass}/gradebook.db", "bn") as book:
        book.update_or_create_assignment(UNIT, duedate="2026-04-01 12:00:00")
    assert run().recorded["ada", UNIT].score == 2
    assert str(klass) not in sys.path


def test_whose_points_changed_and_by_what(run, hand_in):
    hand_in("ada", "wrong")
    hand_in("bob")
    assert run().changes == {}
    hand_in("ada")
    assert run().changes == {("ada", UNIT): "0 → 2, check f-values (0 → 2)"}
    assert run(regrade=True).changes == {}
    (hand_in("ada") / f"{UNIT}.ipynb").unlink()
    outcome = run()
    assert outcome.changes == {} and outcome.recorded["ada", UNIT].score == 2, "the gradebook keeps what it has"


@pytest.mark.slow
def test_points_that_a_person_gave_wait_again_only_where_the_answer_is_another(run, hand_in, klass):
    """A regrade, another limit, a moved deadline: nobody has to grade all essays a second time for these."""
    hand_in("ada")
    run()
    with Gradebook(f"sqlite:///{klass}/gradebook.db", "bn") as book:
        grade = book.find_grade("f-values", UNIT, UNIT, "ada")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        book.db.commit()
    assert run(regrade=True).waiting() == run(limits=Limits(cell_seconds=5)).waiting() == {}
    hand_in("ada", timestamp="2026-03-02 12:00:00 UTC")
    assert run().waiting() == {}
    hand_in("ada", "right, another")
    assert run().waiting() == {UNIT: {"ada": ["f-values"]}} and run().waiting() == {UNIT: {"ada": ["f-values"]}}
    assert run().recorded["ada", UNIT].score == 1.5


def test_who_is_not_on_the_roster_is_named_and_not_put_there(run, hand_in, klass):
    with Gradebook(f"sqlite:///{klass}/gradebook.db", "bn") as book:
        book.add_student("s1", first_name="Ada")
    for student in ("s1", "S1", "eve"):
        hand_in(student)
    outcome = run()
    assert [result.student for result in outcome.results] == ["s1"] and list(scores(klass)) == ["s1"]
    assert [text.partition(":")[0] for text in outcome.others] == ["submitted/S1", "submitted/eve"]
    with pytest.raises(CourseError, match=r"the roster has this as s1 \(Ada\)"):
        run(student="S1")


def test_two_spellings_of_one_id_are_named_where_there_is_no_roster(run, hand_in):
    for student in ("s1", "S1"):
        hand_in(student)
    outcome = run()
    assert len(outcome.results) == 2 and outcome.look[0].startswith("S1 and s1 are two students here.")


def test_for_one_student_it_is_said_why(run, hand_in):
    hand_in("ada")
    hand_in("bob")
    assert run(student="ada").explain and not run().explain


def test_what_cannot_be_read_fails_without_a_run_and_keeps_nobody(run, hand_in, klass):
    hand_in("bob")
    (hand_in("ada") / f"{UNIT}.ipynb").unlink()
    shutil.rmtree(hand_in("eve"))
    (klass / "submitted" / "eve" / UNIT).symlink_to("nowhere")
    outcome = run()
    assert {r.student: r.status for r in outcome.results} == {"ada": "failed", "bob": "graded", "eve": "failed"}
    assert [job.submission.student for job in run.pool.jobs if isinstance(job, GradeJob)] == ["bob"]
    assert scores(klass) == {"bob": (2, "")} and run().fresh == 0
    hand_in("ada")
    assert run().fresh == 1


@pytest.mark.parametrize("kind", [PlanJob, GradeJob])
def test_an_error_of_the_pool_s_ends_the_run_and_what_was_done_is_kept(run, hand_in, kind):
    hand_in("ada")
    run.pool.broken = {kind: JailError("the jail is gone")}
    with pytest.raises(JailError, match="the jail is gone"):
        run()
    run.pool.broken = {}
    assert run().fresh == 1
    assert len(run.pool.jobs) == (2 if kind is PlanJob else 1)  # the plan was kept


def test_a_disk_that_says_no_is_told_in_one_line(run, hand_in, klass):
    hand_in("ada")
    (klass / "autograded").write_text("in the way")
    with pytest.raises(CourseError, match=r"autograded.*\. What is graded is kept: run the same command again\.$"):
        run()


# Misuse


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"workers": -1}, "-1 worker processes are too few"),
        ({"units": ["99"]}, "There is no unit '99' in .*; there are: 90_tiny"),
        ({"units": ["tiny"]}, "There is no unit 'tiny'"),
        ({"units": [""]}, "There is no unit ''"),
        ({"student": "nobody"}, "nobody has submitted none of: 90_tiny"),
        ({"student": "nobody", "units": ["90"]}, "nobody has submitted none of: 90_tiny"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(run, hand_in, options, words):
    hand_in("ada")
    with pytest.raises(CourseError, match=words):
        run(**options)
    assert run.pool.jobs == []


def test_a_folder_of_mnist_that_is_none_is_named(run, hand_in, monkeypatch):
    hand_in("ada")
    monkeypatch.setenv("MNIST_DIR", "/no/such/folder")
    with pytest.raises(CourseError, match="MNIST_DIR is /no/such/folder, and there is no such folder"):
        run()


def test_units_by_name_or_number_count_once(run, hand_in):
    hand_in("ada")
    assert len(run(units=[UNIT, "90", UNIT]).results) == 1


def test_a_class_without_submissions_is_graded_at_once(run):
    assert run().results == [] and run.pool.jobs == []


def test_a_directory_that_is_no_class_or_has_nothing_released(run, klass, tmp_path):
    with pytest.raises(CourseError, match="is no class"):
        grade_class(tmp_path, Options(sandbox=False), progress=False)
    shutil.rmtree(klass / "release")
    with pytest.raises(CourseError, match="No unit is released in"):
        run()


def test_without_a_jail_there_is_no_grading_unless_that_is_said(run, monkeypatch):
    def lacking():
        raise JailError("there is no bubblewrap")

    monkeypatch.setattr(module, "check_available", lacking)
    with pytest.raises(JailError):
        run(sandbox=True)
    assert run(sandbox=True, scheduler="tcp://elsewhere").results == []  # the workers look for themselves
    assert run(sandbox=False).results == []
