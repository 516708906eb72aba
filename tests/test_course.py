"""The course itself: what is committed is what the sources give, and every exercise holds."""

import json
import re

import nbformat
import pytest

from grader.authoring.build import check_all, targets
from grader.paths import ROOT, unit_sources
from grader.authoring.unit import read_unit
from grader.authoring.validate import validate

SOURCES = unit_sources()
POINTS = {
    "00": 0,
    "01": 10,
    "02": 10,
    "03": 15,
    "04": 25,
    "05": 15,
    "06": 15,
    "07": 20,
    "08": 20,
    "09": 20,
    "10": 20,
    "11": 20,
}

each = pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem)


def test_nothing_is_stale():
    assert check_all(SOURCES) == 0


@each
def test_every_exercise_holds(source):
    report = validate(source)
    assert report.problems == []
    assert all(e.killed == e.named == e.mistakes for e in report.exercises)


@each
def test_points_and_mistakes(source):
    unit = read_unit(source)
    assert unit.points == POINTS[unit.name[:2]]
    for exercise in unit.exercises:
        minimum = 2 if unit.is_question(exercise) else 5
        if unit.name[:2] != "00":
            assert len(unit.of("mistake", exercise)) >= minimum, exercise
    if unit.points:
        assert sum(unit.is_question(e) for e in unit.exercises) >= 2


@each
def test_form(source):
    unit = read_unit(source)
    text = "\n".join(c.source for c in unit.cells if c.kind == "markdown")
    assert "scoreboard()" in [c.source.strip() for c in unit.cells]
    assert re.search(r"^#+ .*[Rr]ecap", text, flags=re.M), "no recap"
    code = [c for c in unit.cells if c.role in ("", "demo") and c.kind == "code" and "# stored: begin" not in c.source]
    long = [c for c in code if len(c.source.splitlines()) > 30]
    assert not long, f"line {long[0].line}: a code cell of more than 30 lines"


@each
def test_figures_are_the_same_and_nothing_depends_on_the_machine(source):
    """No paths, times or addresses in what the solved notebook prints."""
    notebook = nbformat.read(targets(source)[1], as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            text = output.get("text", "") + json.dumps(output.get("data", {}).get("text/plain", ""))
            assert not re.search(r"0x[0-9a-f]{6,}|/home/|/root/|/tmp/|site-packages", text), text
            assert output.get("name") != "stderr"


def test_readme_names_every_unit():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for source in SOURCES:
        unit = read_unit(source)
        row = next((line for line in readme.splitlines() if unit.name in line and line.startswith("|")), "")
        assert unit.question in row, unit.name
        assert re.search(rf"\| *{unit.minutes} *\| *{unit.points:g} *\|", row), row
