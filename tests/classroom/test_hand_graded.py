"""Questions that a person grades live their whole life: from a unit's source to the totals, with a ledger kept by hand.

An essay and a drawing stand in the unit's source (`manual=`); the instructor adds a task (nbgrader's: locked, and
answered in cells below it) to the class's own copy.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from helpers.tiny import write_tiny
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from grader import paths
from grader.authoring.build import build
from grader.authoring.stale import targets
from grader.classroom.course import make_class, opened, quiet
from grader.classroom.standings import read_totals
from grader.grading.grade import Options, grade_class
from grader.grading.jail import JailError, check_available
from grader.grading.outcome import Outcome, print_outcome
from grader.grading.scoreboard import print_score
from grader.grading.scoring import score
from grader.report.write import write_report

pytestmark = pytest.mark.slow

UNIT, DUE = "90_tiny", datetime(2026, 3, 1, 12)
QUESTIONS = """\
# %% [markdown] manual="essay" points=3
# **Why does it help?** Five lines, please.
#
# ### BEGIN SOLUTION
# Because the model answer says so.
# ### END SOLUTION

# %% manual="drawing" points=2
# Draw it.
### BEGIN SOLUTION
plt.plot([1, 2])
### END SOLUTION

# %%
scoreboard()"""
TASK = {"grade": False, "solution": False, "task": True, "locked": True, "points": 4, "schema_version": 3}
RIGHT = {
    "normalize": "def normalize(x, mean, var, eps=1e-5):\n    return (x - mean) / np.sqrt(var + eps)",
    "q_epsilon": "q_epsilon = 'b'",
}
ADA = RIGHT | {"essay": "**Why does it help?** Since I say so.", "drawing": "plt.plot([3, 4]);"}
WAITING = 'class="tag waiting"'  # in the report
LATE = """\
from nbgrader.plugins import LateSubmissionPlugin


class ADayAPoint(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return total_seconds_late / 86400
"""


@pytest.fixture(scope="module")
def unit(tmp_path_factory) -> Path:
    lesson = write_tiny(tmp_path_factory.mktemp("course"))
    lesson.write_text(lesson.read_text(encoding="utf-8").replace("# %%\nscoreboard()", QUESTIONS), encoding="utf-8")
    build(lesson)
    return lesson


@pytest.fixture
def klass(unit, tmp_path) -> Path:
    """A class with the unit, a task of the instructor's, a roster, a due date and a plugin for late penalties."""
    directory = tmp_path / "bn"
    make_class(directory, [unit], quietly=True)
    source = directory / "source" / UNIT / f"{UNIT}.ipynb"
    notebook = nbformat.read(source, as_version=4)
    text = "**Measure it**, in cells below.\n\n=== BEGIN MARK SCHEME ===\nTwo for a table.\n=== END MARK SCHEME ==="
    task = new_markdown_cell(text, metadata={"nbgrader": {**TASK, "grade_id": "task"}})
    notebook.cells.append(task)
    nbformat.write(notebook, source)
    make_class(directory, [unit], quietly=True)
    (directory / "a_day_a_point.py").write_text(LATE)
    with open(directory / "nbgrader_config.py", "a") as config:
        config.write("c.AssignLatePenalties.plugin_class = 'a_day_a_point.ADayAPoint'\n")
    with Gradebook(f"sqlite:///{directory}/gradebook.db", "bn") as book:
        for student in ("ada", "bob", "eve"):
            book.add_student(student, first_name=student.title())
        book.update_or_create_assignment(UNIT, duedate=f"{DUE} UTC")
    return directory


def hand_in(klass: Path, student: str, answers: dict[str, str], own: str = "", late: int = -1) -> None:
    """Answer the released notebook. own: a cell below the task; late: days."""
    notebook = nbformat.read(klass / "release" / UNIT / f"{UNIT}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    notebook.cells += [new_markdown_cell(own)] if own else []
    folder = klass / "submitted" / student / UNIT
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{UNIT}.ipynb")
    (folder / "timestamp.txt").write_text(f"{DUE + timedelta(days=late)} UTC")


def give(klass: Path, student: str, comment: str = "", **points: float) -> None:
    """Give points, and a word at the essay, as formgrader does."""
    with Gradebook(f"sqlite:///{klass}/gradebook.db", "bn") as book:
        for cell, value in points.items():
            grade = book.find_grade(cell, UNIT, UNIT, student)
            grade.manual_score, grade.needs_manual_grade = value, False
        if comment:
            book.find_comment("essay", UNIT, UNIT, student).manual_comment = comment
        book.db.commit()


def grade(klass: Path, **options) -> Outcome:
    return grade_class(klass, Options(workers=1, **options), progress=False)


def points(outcome: Outcome) -> dict[str, float]:
    return {student: recorded.score for (student, _), recorded in outcome.recorded.items()}


def test_the_whole_life_of_questions_that_a_person_grades(klass, unit, monkeypatch, capsys):
    try:
        check_available()
    except JailError as error:
        pytest.skip(str(error))

    # What students get: no model answer, no mark scheme; and what `bncourse check` tells them.
    released = (klass / "release" / UNIT / f"{UNIT}.ipynb").read_text()
    assert "model answer" not in released and "MARK SCHEME" not in released and "Measure it" in released
    monkeypatch.setattr(paths, "NOTEBOOKS", targets(unit)[0].parent)
    hand_in(klass, "ada", ADA, own="My table.")
    hand_in(klass, "bob", RIGHT)
    hand_in(klass, "eve", ADA, own="Another.", late=1)
    file = klass / "submitted" / "bob" / UNIT / f"{UNIT}.ipynb"
    own = score(file)
    assert (own.points, own.out_of, own.by_hand, own.unanswered) == (3, 3, 5, ["essay", "drawing"])
    print_score(own)
    assert "5 more points are graded by a person (not answered yet: essay, drawing)" in capsys.readouterr().out

    # Graded: what is left untouched earns nothing, the rest waits, and the exit status says so.
    outcome = grade(klass)
    waiting = {"ada": ["drawing", "essay", "task"], "bob": ["task"], "eve": ["drawing", "essay", "task"]}
    assert outcome.waiting() == {UNIT: waiting} and points(outcome) == {"ada": 3, "bob": 3, "eve": 2}
    assert print_outcome(outcome) == 1
    said = capsys.readouterr().out
    assert f"BY HAND  {UNIT}: 3 submissions wait for points from a person (drawing, essay, task)" in said
    assert not any(result.repairs for result in outcome.results), "nothing was changed"
    graded = (klass / "autograded" / "ada" / UNIT / f"{UNIT}.ipynb").read_text()
    assert "Since I say so." in graded and "My table." in graded and "Two for a table." in graded
    assert not read_totals(klass, []).rows[0].passed and read_totals(klass, []).remarks

    # A person grades: points, less a point for the late day; nothing waits, nothing is run.
    give(klass, "ada", essay=2.5, drawing=2, task=4, comment="Well said.")
    give(klass, "bob", task=0)
    give(klass, "eve", essay=3, drawing=1, task=2)
    outcome = grade(klass)
    assert (outcome.fresh, outcome.waiting()) == (0, {}) and points(outcome) == {"ada": 11.5, "bob": 3, "eve": 8}
    assert print_outcome(outcome) == 0 and "BY HAND" not in capsys.readouterr().out

    # For one student, why.
    print_outcome(grade(klass, student="eve"))
    said = capsys.readouterr().out
    for line in ("8 of 12 points", "✗ drawing  1 of 2\n      A person gave these points.", "✗ handed in late  -1"):
        assert line in said

    # Feedback, export, totals, report.
    with quiet(), opened(klass) as api:
        for student in ("ada", "bob", "eve"):
            result = api.generate_feedback(UNIT, student)
            assert result["success"], result["log"]
        with Gradebook("sqlite:///gradebook.db", "bn") as book:
            CsvExportPlugin(to="grades.csv").export(book)
    page = (klass / "feedback" / "ada" / UNIT / f"{UNIT}.html").read_text()
    assert "Well said." in page and "Since I say so." in page and "11.5" in page
    table = (klass / "grades.csv").read_text().splitlines()
    column = table[0].split(",").index("score")
    assert [float(line.split(",")[column]) for line in table[1:]] == [11.5, 3, 8]
    totals = read_totals(klass, [])
    assert [row.sum for row in totals.rows] == [11.5, 3, 8] and totals.out_of == 12 and not totals.remarks
    assert WAITING not in write_report(klass).read_text()

    # Everything is run anew, a deadline is moved: points that a person gave hold, since no answer is another.
    with Gradebook(f"sqlite:///{klass}/gradebook.db", "bn") as book:
        book.grant_extension(UNIT, "eve", days=1)
    outcome = grade(klass, regrade=True)
    assert (outcome.fresh, outcome.waiting()) == (3, {}) and points(outcome) == {"ada": 11.5, "bob": 3, "eve": 9}
    assert outcome.changes == {("eve", UNIT): "8 → 9, late penalty (1 → 0)"}

    # Handed in once more, with another essay: that alone is to be looked at again, and keeps its points until then.
    hand_in(klass, "ada", ADA | {"essay": "**Why does it help?** I was wrong."}, own="My table.")
    outcome = grade(klass)
    assert (outcome.fresh, outcome.waiting()) == (1, {UNIT: {"ada": ["essay"]}}) and points(outcome)["ada"] == 11.5
    assert WAITING in write_report(klass).read_text()
    give(klass, "ada", essay=1)
    assert points(grade(klass))["ada"] == 10 and read_totals(klass, []).rows[0].sum == 10
    assert json.loads((klass / ".bncourse" / "results" / UNIT / "ada.json").read_text())["by_hand"]
