"""The course itself: what is committed is what the sources give, and every exercise holds."""

import json
import re
from functools import cache

import nbformat
import pytest

from grader.authoring.across import prove_all
from grader.authoring.backends import available
from grader.authoring.build import check_all
from grader.authoring.minutes import minutes_of
from grader.authoring.stale import targets
from grader.authoring.unit import read_unit
from grader.authoring.validate import validate
from grader.paths import ROOT, unit_sources

SOURCES = unit_sources()
POINTS = {
    "00": 0,
    "01": 10,
    "02": 10,
    "03": 15,
    "04": 25,
    "05": 15,
    "06": 16,
    "07": 20,
    "08": 20,
    "09": 20,
    "10": 20,
    "11": 20,
}

read = cache(read_unit)
each = pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem)


@pytest.mark.slow
def test_nothing_is_stale():
    assert check_all(SOURCES) == 0


@pytest.mark.slow
@each
def test_every_exercise_holds(source):
    report = validate(source)
    assert report.problems == []
    assert all(e.killed == e.named == e.mistakes and e.accepted == e.right for e in report.exercises)


@pytest.mark.slow
@each
def test_every_exercise_holds_on_another_backend(source):
    """On one of the others for each unit, in turn; `bncourse validate --backends` tries all of them on all."""
    others = [backend for backend in available() if backend.name != "native"]
    (proof,) = prove_all([source], [others[SOURCES.index(source) % len(others)]])
    assert proof.problems == [], proof.backend
    assert proof.counts["mistakes"] == proof.counts["named"] and proof.counts["right"] == proof.counts["accepted"]


@pytest.mark.slow
@each
def test_points_and_mistakes(source):
    unit = read(source)
    assert unit.points == POINTS[unit.name[:2]]
    for exercise in unit.exercises:
        minimum = 2 if unit.is_question(exercise) else 5
        if unit.name[:2] != "00":
            assert unit.is_question(exercise) or len(unit.rights_of(exercise)) >= 2, exercise
            assert len(unit.mistakes_of(exercise)) >= minimum, exercise
    if unit.points:
        assert sum(unit.is_question(e) for e in unit.exercises) >= 2


@pytest.mark.slow
@each
def test_form(source):
    unit = read(source)
    text = "\n".join(c.source for c in unit.cells if c.kind == "markdown")
    assert "scoreboard()" in [c.source.strip() for c in unit.cells]
    assert re.search(r"^#+ .*[Rr]ecap", text, flags=re.M), "no recap"
    code = [c for c in unit.cells if c.role in ("", "demo") and c.kind == "code" and not c.folded]
    assert not [c for c in code if "# stored: begin" in c.source], "stored numbers that are not folded"
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


@each
def test_what_a_setup_cell_takes(source):
    student = nbformat.read(targets(source)[0], as_version=4)
    assert len(student.cells[1].source) <= 90_000


def test_what_the_notebooks_take():
    sizes = [[path.stat().st_size for path in targets(source)] for source in SOURCES]
    student, solved = (sum(column) for column in zip(*sizes))
    assert student <= 2 << 20 and solved <= 5 << 20


@pytest.mark.slow
def test_no_line_is_long_and_the_mistakes_are_brief():
    units = [read(source) for source in SOURCES]
    lessons = [source.read_text(encoding="utf-8").splitlines() for source in SOURCES]
    mistakes = [unit.mistakes_path.read_text(encoding="utf-8").splitlines() for unit in units]
    assert max(len(line) for lines in lessons + mistakes for line in lines) <= 120
    rights = sum(right.source.count("\n") + 2 for unit in units for right in unit.rights)
    claims = sum(cell.source.count("\n") + 3 for unit in units for cell in unit.cells if cell.role == "claim")
    folded = sum(cell.source.count("\n") + 3 for unit in units for cell in unit.cells if cell.folded)
    assert sum(map(len, lessons)) - claims - folded <= 13_000  # of what learners read
    assert sum(map(len, mistakes)) - rights <= 2.4 * sum(len(unit.mistakes) for unit in units)


@pytest.mark.slow
def test_readme_names_every_unit():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for source in SOURCES:
        unit = read(source)
        row = next((line for line in readme.splitlines() if unit.name in line and line.startswith("|")), "")
        assert unit.question in row, unit.name
        assert re.search(rf"\| *{minutes_of(unit).core} *\| *{unit.points:g} *\|", row), row
