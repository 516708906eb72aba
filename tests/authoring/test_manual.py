"""Questions that a person grades: a stub for students, a model answer for readers, points that count apart."""

import nbformat
import pytest

from grader.authoring.build import build
from grader.authoring.stale import targets
from grader.authoring.validate import validate

ESSAY = """\
# %% [markdown] manual="essay" points=3
# **Why does it help?** Five lines, please.
#
# ### BEGIN SOLUTION
# Because the model answer says so.
# ### END SOLUTION

# %% manual="figure" points=2
# Draw it.
### BEGIN SOLUTION
plt.plot([1, 2])
### END SOLUTION

# %%
scoreboard()"""


@pytest.fixture
def notebooks(edited):
    path = edited("# %%\nscoreboard()", ESSAY)
    build(path)
    student, solved = (nbformat.read(target, as_version=4) for target in targets(path))
    assert validate(path).problems == []
    return student, solved


def cell(notebook, grade_id):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


@pytest.mark.slow
@pytest.mark.parametrize(("grade_id", "kind", "points"), [("essay", "markdown", 3), ("figure", "code", 2)])
def test_a_person_grades_it(grade_id, kind, points, notebooks):
    for notebook in notebooks:
        made = cell(notebook, grade_id)
        meta = made.metadata.nbgrader
        assert (made.cell_type, meta.points) == (kind, points)
        assert (meta.grade, meta.solution, meta.locked) == (True, True, False)


@pytest.mark.slow
def test_the_model_answer_is_in_the_solved_notebook_alone(notebooks):
    student, solved = notebooks
    assert "the model answer says so" in cell(solved, "essay").source
    assert "plt.plot" in cell(solved, "figure").source and cell(solved, "figure").outputs
    assert "model answer" not in str(student) and "plt.plot" not in cell(student, "figure").source
    assert cell(student, "essay").source.startswith("**Why does it help?** Five lines, please.")
    assert "YOUR ANSWER HERE" in cell(student, "essay").source


@pytest.mark.slow
def test_title_and_scoreboard_count_it_apart(notebooks):
    student, solved = notebooks
    assert "8 points, 5 of them graded by a person" in student.cells[0].source
    shown = next(o for c in solved.cells if c.source == "scoreboard()" for o in c.outputs)
    assert "total       3 of 3" in shown.data["text/plain"]
    assert "5 more points are graded by a person." in shown.data["text/plain"]


@pytest.mark.slow
def test_the_untouched_notebook_stops_at_no_essay(notebooks):
    """A code question's stub raises in its own cell; nothing that is graded by checks needs it."""
    assert "raise NotImplementedError()" in cell(notebooks[0], "figure").source
