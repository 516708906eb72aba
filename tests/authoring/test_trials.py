"""All answers of a unit are tried from a plan that needs no course to read it."""

import json
import sys
from types import SimpleNamespace

import pytest

from grader.authoring.runner import Step
from grader.authoring.trials import plan_of, run

SETUP = """
import sys, types
kit = sys.modules["bncourse_kit"] = types.ModuleType("bncourse_kit")
kit.run_check_cell = lambda code, names: exec(code, dict(names))
class Failed(AssertionError):
    causes = ["divide by N"]
"""
STEPS = [
    Step("setup", "given", SETUP),
    Step("one", "exercise", "one = 1"),
    Step("one-a", "check", "if one != 1: raise Failed(one)"),
    Step("two", "exercise", "two = one + 1"),
    Step("two-a", "check", "assert two == 2"),
    Step("two-b", "check", "assert two > one"),
]


@pytest.fixture(autouse=True)
def kit_of_its_own(monkeypatch):
    """What another test has left as the notebook's kit is put back."""
    monkeypatch.setitem(sys.modules, "bncourse_kit", None)


def plan(*answers: tuple[str, str], steps=STEPS) -> dict:
    unit = SimpleNamespace(rights=[], mistakes=[SimpleNamespace(exercise=e, source=s, hint="") for e, s in answers])
    return plan_of(unit, steps)


def test_a_plan_goes_through_json_with_right_answers_first():
    unit = SimpleNamespace(
        rights=[SimpleNamespace(exercise="one", source="one = 2 - 1", name="by two")],
        mistakes=[SimpleNamespace(exercise="one", source="one = 2", hint="Less.")],
    )
    made = plan_of(unit, STEPS)
    assert json.loads(json.dumps(made)) == made
    assert [answer["source"] for answer in made["answers"]] == ["one = 2 - 1", "one = 2"]


def test_what_failed_is_told_answer_by_answer_in_the_plan_s_order():
    made = run(plan(("two", "two = 3"), ("one", "one = 2"), ("one", "one = 1.0"), ("two", "two = 0")))
    assert made["reference"] == []
    first, second, right, last = made["answers"]
    assert [(cell, causes) for cell, _, causes in first] == [("two-a", [])]
    assert [(cell, causes) for cell, _, causes in second] == [("one-a", ["divide by N"])]
    assert right == [] and [cell for cell, _, _ in last] == ["two-a", "two-b"]


def test_an_answer_that_cannot_run_fails_its_checks_and_no_other_answer():
    made = run(plan(("two", "two = = 3"), ("two", "two = 2")))
    assert [[cell for cell, _, _ in answer] for answer in made["answers"]] == [["two-a", "two-b"], []]


def test_what_stops_of_the_notebook_itself_is_told():
    steps = [*STEPS[:3], Step("3", "given", "1 / 0"), *STEPS[3:]]
    assert run(plan(steps=steps)) == {"reference": [("3", "ZeroDivisionError: division by zero")], "answers": []}


def test_a_notebook_without_exercises():
    assert run(plan(steps=STEPS[:1])) == {"reference": [], "answers": []}
