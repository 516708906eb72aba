"""A plan is kept as JSON, and what is none is told by the error that is promised."""

import copy
import json

import pytest

from grader.grading.plan import Expected, Plan, Second

CALLS = [Expected("x_hat", 1e-6, 1e-9, False), Expected("dx 한", 1e-5, 0.0, True, {"t": "number", "v": "nan"})]
PLAN = Plan({"normalize-values": CALLS, "empty": []}, {"normalize-values": Second("check()", CALLS[1:])})


@pytest.mark.parametrize("plan", [PLAN, Plan()], ids=["full", "empty"])
def test_a_plan_comes_back_as_it_was(plan):
    back = Plan.read(json.loads(json.dumps(plan.as_dict())))
    assert back == plan
    assert all(isinstance(call, Expected) for calls in back.expected.values() for call in calls)


def test_where_the_tables_have_the_value_the_plan_has_none():
    assert Expected("x_hat", 1e-6, 1e-9, False).value is None


def changed(*path, value) -> dict:
    """What a plan gives, with something else in one place; nothing there where the value is `...`."""
    raw = copy.deepcopy(json.loads(json.dumps(PLAN.as_dict())))
    place = raw
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return raw


@pytest.mark.parametrize("raw", [
    None, [], 5, {}, {"expected": {}}, {"second": {}},
    changed("expected", value=...), changed("second", value=...),
    changed("expected", "normalize-values", value=None), changed("expected", "normalize-values", value=[5]),
    changed("expected", "normalize-values", 0, value=["x_hat"]),
    changed("expected", "normalize-values", 0, value=["x_hat", 1, 2, 3, 4, 5]),
    changed("second", "normalize-values", value="check()"),
    changed("second", "normalize-values", "code", value=...),
    changed("second", "normalize-values", "expected", value=...),
])  # fmt: skip
def test_what_is_no_plan(raw):
    with pytest.raises((KeyError, TypeError, AttributeError)):
        Plan.read(raw)
