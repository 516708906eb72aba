"""A class's run, less the jail: what is run, what is kept and written, what is not done twice, and what is misuse."""

import json
import shutil
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
        cells = [CellScore("f-values", "f", points, 2.0)]
        return Result(who.student, who.unit, who.path, cells=cells, notebook=f"{points} 한", key=job.key)

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
    (folder / "timestamp.txt").unlink()
    hand_in("ada", "wrong")
    assert run().fresh == 1 and scores(klass) == {"ada": (0, "2026-03-02 12:00:00")}
    assert not (klass / "autograded" / "ada" / UNIT / "timestamp.txt").exists()


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
