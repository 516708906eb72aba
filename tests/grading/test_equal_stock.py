"""Scores equal those of `nbgrader autograde`, cell by cell; where stock nbgrader is wrong, the answers' worth."""

import shutil
from pathlib import Path

import nbformat
import pytest
from helpers.mixed_class import KINDS, fill, scores
from nbformat.v4 import new_code_cell

from grader.authoring.unit import read_unit
from grader.classroom import demo
from grader.classroom.course import make_class, opened, quiet
from grader.classroom.demo import Student, submit
from grader.grading.grade import Options, grade_class
from grader.paths import unit_sources

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


def autograde(directory: Path, unit: str) -> None:
    with quiet(), opened(directory) as api:
        result = api.autograde(unit, "*")
    assert result["success"], result["log"][-3000:]


def both(directory: Path, unit: str) -> tuple[dict, dict]:
    """The scores by stock nbgrader, and ours, on the same submissions."""
    stock = directory.with_name(f"{directory.name}-stock")
    shutil.copytree(directory, stock)
    autograde(stock, unit)
    grade_class(directory, Options(), progress=False)
    return scores(stock, unit), scores(directory, unit)


@pytest.mark.slow
def test_honest_submissions_of_a_small_unit(built, tmp_path):
    make_class(tmp_path / "class", [built], quietly=True)
    fill(tmp_path / "class", [read_unit(built)], len(KINDS))
    stock, ours = both(tmp_path / "class", "90_tiny")
    assert len(ours) == len(KINDS) and ours == stock
    assert len({sum(cells.values()) for cells in ours.values()}) > 2, "the class is too uniform to compare anything"


@pytest.mark.slow
def test_honest_submissions_of_a_real_unit(tmp_path):
    sources = unit_sources(["03"])
    make_class(tmp_path / "class", sources, quietly=True)
    fill(tmp_path / "class", [read_unit(sources[0])], 5)
    stock, ours = both(tmp_path / "class", sources[0].stem)
    assert ours == stock
    assert len({sum(cells.values()) for cells in ours.values()}) > 2


def cell(notebook, grade_id: str):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def warns(notebook):
    """The answer writes to stderr while a check calls it."""
    source = cell(notebook, "normalize").source
    noisy = source.replace("    x_hat", "    print('noise', file=sys.stderr)\n    x_hat", 1)
    cell(notebook, "normalize").source = f"import sys\n\n{noisy}"


def copies_the_check(notebook):
    check = notebook.cells.index(cell(notebook, "normalize-values"))
    notebook.cells.insert(check - 1, nbformat.from_dict(notebook.cells[check]))


def deletes_the_check(notebook):
    notebook.cells.remove(cell(notebook, "normalize-values"))


def exits(notebook):
    notebook.cells.insert(3, new_code_cell("import os\nos._exit(0)"))


@pytest.mark.slow
def test_where_stock_is_wrong_the_answers_count(built, tmp_path):
    """docs/grading.md lists these."""
    unit, ways = read_unit(built), [warns, copies_the_check, deletes_the_check, exits]
    make_class(tmp_path / "class", [built], quietly=True)
    for spoil in ways:

        def written(notebook, spoil=spoil):
            spoil(notebook)
            return nbformat.writes(notebook)

        submit(tmp_path / "class", unit, Student(spoil.__name__, demo.reference, written))
    outcome = grade_class(tmp_path / "class", Options(workers=1), progress=False)
    for spoil in ways:
        assert scores(tmp_path / "class", unit.name)[spoil.__name__] == {"normalize-values": 2, "q_epsilon-answer": 1}
    assert [result.flags for result in outcome.results] == [[]] * len(ways)
