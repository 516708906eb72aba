"""Every unit through the whole of grading: the right answers earn all points, the untouched notebook none."""

import shutil

import pytest
from helpers.mixed_class import scores

from grader.authoring.unit import read_unit
from grader.classroom import demo
from grader.classroom.course import make_class
from grader.grading.grade import Options, grade_class
from grader.paths import unit_sources

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]


def test_all_points_and_none(tmp_path):
    units = [unit for unit in map(read_unit, unit_sources()) if unit.points]
    sources = unit_sources([unit.name for unit in units])
    assert len(units) >= 11
    make_class(tmp_path, sources, quietly=True)
    for unit in units:
        demo.submit(tmp_path, unit, demo.Student("right", demo.reference))
        demo.submit(tmp_path, unit, demo.Student("untouched", demo.untouched))
    outcome = grade_class(tmp_path, Options(), progress=False)
    assert outcome.counts == {"graded": 2 * len(units)}, outcome.results
    for unit in units:
        earned = {
            student: sum(v or 0 for v in cells.values()) for student, cells in scores(tmp_path, unit.name).items()
        }
        assert earned == {"right": unit.points, "untouched": 0}, unit.name
