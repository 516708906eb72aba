"""Concept questions without points: said wherever points are said, and kept for units that are added later."""

import nbformat
import pytest

from grader.authoring.stale import targets
from grader.classroom.config import UNGRADED
from grader.classroom.course import make_class
from grader.classroom.ungraded import ungrade_questions
from grader.grading.release import read_release, tables
from grader.kit.table import Table


def test_questions_give_nothing_and_the_rest_what_it_gave(built):
    notebook = nbformat.read(targets(built)[1], as_version=4)
    before = [cell.source for cell in notebook.cells]
    ungrade_questions(notebook)
    points = {
        c.metadata.nbgrader.grade_id: c.metadata.nbgrader.get("points")
        for c in notebook.cells
        if "nbgrader" in c.metadata
    }
    assert points["normalize-values"] == 2 and points["q_epsilon-answer"] == 0
    assert "· 2 points" in notebook.cells[0].source and "· 3 points" in before[0]
    old, new = Table(), Table()
    setup = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "setup")
    new.load(tables(setup.source)[0])
    old.load(tables(next(text for text in before if "load_table" in text))[0])
    assert [cell["points"] for cell in new.cells] == [2, 0] and [cell["points"] for cell in old.cells] == [2, 1]
    assert new.checks.keys() == old.checks.keys() and new.stubs == old.stubs
    changed = [a for a, b in zip(before, (cell.source for cell in notebook.cells)) if a != b]
    assert len(changed) == 2  # the title, and the setup cell


@pytest.mark.slow
def test_a_class_without_points_for_questions_stays_one(built, tmp_path):
    make_class(tmp_path, [built], quietly=True, questions_ungraded=True)
    make_class(tmp_path, [built], quietly=True)
    assert (tmp_path / "nbgrader_config.py").read_text().count(UNGRADED) == 1
    release = read_release(tmp_path, "90_tiny")
    assert {cell.key: cell.points for cell in release.cells if cell.role == "check"} == {
        "normalize-values": 2,
        "q_epsilon-answer": 0,
    }
