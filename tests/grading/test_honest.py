"""Honest notebooks, however odd: all points, and nothing said of them."""

import shutil

import nbformat
import pytest
from corpus.honest import ANSWERS, CELLS, RIGHT
from nbformat.v4 import new_code_cell

from grader.grading.jail import Jails
from grader.grading.job import grade, make_plan
from grader.grading.limits import Limits
from grader.grading.release import release_of
from grader.grading.submission import Submission

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]

ABOVE, BETWEEN, BELOW = "above the answer", "below the check", "at the end"


@pytest.fixture(scope="module")
def unit(built):
    """The small unit's release, its released notebook, its plan, and jails."""
    source = nbformat.read(built.with_suffix(".ipynb"), as_version=4)
    released = nbformat.read(built.parent.parent / "notebooks" / f"{built.stem}.ipynb", as_version=4)
    jails, release = Jails(True), release_of(built.stem, source, released)
    yield release, released, make_plan(release, Limits(), jails), jails
    jails.close()


def graded(unit, answer, cell="", place=ABOVE):
    release, released, plan, jails = unit
    notebook = nbformat.from_dict(released)
    answers = {"normalize": answer, "q_epsilon": 'q_epsilon = "b"'}
    ids = [c.metadata.get("nbgrader", {}).get("grade_id") for c in notebook.cells]
    for one, grade_id in zip(notebook.cells, ids):
        one.source = answers.get(grade_id, one.source)
    if cell:
        where = {ABOVE: ids.index("normalize"), BETWEEN: ids.index("q_epsilon"), BELOW: len(ids)}[place]
        notebook.cells.insert(where, new_code_cell(cell))
    submission = Submission("s", release.unit, "s.ipynb", nbformat.writes(notebook).encode())
    return grade(submission, release, plan, Limits(), jails)


def assert_right(result):
    assert [(cell.id, cell.points, cell.message) for cell in result.cells if cell.message or not cell.points] == []
    assert result.flags == result.limits == result.repairs == result.reaches == []


@pytest.mark.parametrize("place", [ABOVE, BETWEEN, BELOW])
@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_of_their_own(unit, kind, place):
    assert_right(graded(unit, RIGHT, CELLS[kind], place))


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_of_another_form(unit, kind):
    assert_right(graded(unit, ANSWERS[kind]))
