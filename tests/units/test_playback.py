"""What a notebook publishes answers no exercise: its table played back from a blank notebook earns the questions."""

import shutil

import nbformat
import pytest
from corpus.case import Notebook

from grader.authoring.unit import read_unit
from grader.grading.jail import Jails
from grader.grading.job import grade, make_plan
from grader.grading.limits import Limits
from grader.grading.release import release_of
from grader.grading.submission import Submission
from grader.paths import NOTEBOOKS, SOLUTIONS, unit_sources

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]

VALUES = """\
import base64, sys
kit, its_table, last = sys.modules["bncourse_kit"], {table!r}, [None]

def published(tree):
    kind, inside = tree["t"], tree.get("v")
    if kind in ("array", "tensor"):
        numbers = np.frombuffer(base64.b64decode(inside)) if inside else np.zeros(tree["shape"])
        array = numbers.reshape(tree["shape"]).copy()
        return array if kind == "array" else sys.modules["torch"].from_numpy(array)
    if kind in ("list", "tuple"):
        return [*map(published, inside)] if kind == "list" else tuple(map(published, inside))
    if kind == "dict":
        return {{key: published(item) for key, item in inside.items()}}
    return {{"number": float, "bool": bool}}.get(kind, lambda text: "a")(inside)
"""
PLAYED_BACK = """
def call(target, args, kwargs, name):
    last[0] = its_table.get(name, last[0])  # of a hidden check: what the one before it expects
    return published(last[0]), {"value": last[0]}, None

kit.call = call"""
OBSERVED = """
real = kit.call
kit.observe = lambda seen, name: its_table.get(name, last[0])

def call(target, args, kwargs, name):
    last[0] = its_table.get(name, last[0])
    return real(published(last[0]), args, kwargs, name)

kit.call = call"""


@pytest.fixture(scope="module")
def jails():
    jails = Jails(True)
    yield jails
    jails.close()


def constants(notebook: Notebook, unit, table: dict) -> None:
    """Each function gives what one of the checks of its exercise expects, whatever it is asked."""
    for exercise in unit.exercises:
        stub = notebook.cell(exercise).source
        checks = [name for cell in unit.of("check", exercise) for name in table if f'"{name}"' in cell.source]
        if stub.lstrip().startswith("def ") and checks:
            answer = f"published(its_table[{checks[0]!r}])"
            notebook.cell(exercise).source = f"def {exercise}(*args, **kwargs):\n    return {answer}"


@pytest.mark.parametrize("source", unit_sources(), ids=lambda source: source.stem)
def test_the_published_values_earn_the_questions_at_most(source, jails):
    unit, stem = read_unit(source), source.stem
    if not unit.points:
        pytest.skip("nothing is graded in it")
    paths = SOLUTIONS / f"{stem}.ipynb", NOTEBOOKS / f"{stem}.ipynb"
    release = release_of(stem, *(nbformat.read(path, as_version=4) for path in paths))
    plan = make_plan(release, Limits(), jails)
    checks = [cell for cell in unit.cells if cell.role == "check"]
    questions = sum(cell.points for cell in checks if unit.is_question(cell.exercise))
    for attack in (PLAYED_BACK, OBSERVED, ""):
        notebook = Notebook(paths[1])
        table = notebook.published()
        notebook.add(VALUES.format(table=table) + attack)
        if not attack:
            constants(notebook, unit, table)
        submission = Submission(stem, stem, f"{stem}.ipynb", notebook.bytes())
        result = grade(submission, release, plan, Limits(), jails)
        earned = {cell.id: cell.points for cell in result.cells if cell.points}
        assert sum(earned.values()) <= questions, (attack, earned)
        if attack == PLAYED_BACK:
            assert sum(earned.values()) == questions, "the attack does not work"
