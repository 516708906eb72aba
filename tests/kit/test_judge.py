"""What a check says of an outcome: the problem in one sentence, and at most two causes."""

import numpy as np
import pytest

from grader.kit.compare import fingerprint
from grader.kit.judge import causes_of, is_unwritten, problem_of, with_causes
from grader.kit.observe import observe

RULE = {"rtol": 1e-6, "atol": 1e-9, "dtype": False, "parts": [], "hidden": False}
A = np.arange(6.0).reshape(2, 3) + 1
RAISED = {"raised": ["KeyError", "'var'"]}


def outcome(value, **more) -> dict:
    return {"value": observe(value, "c"), **more}


def entry(*mistakes, otherwise=()) -> dict:
    """What a table has of a check that expects A; mistakes are (cause, value or outcome)."""
    want = observe(A, "c")
    outcomes = [(cause, m if isinstance(m, dict) else outcome(m)) for cause, m in mistakes]
    known = [(cause, fingerprint(want, m, RULE)) for cause, m in outcomes]
    return {"expected": want, "mistakes": known, "otherwise": list(otherwise)}


def test_a_problem_begins_with_the_function_or_with_a_capital():
    want = observe(A, "c")
    assert problem_of(want, outcome(A), RULE, "f") == problem_of(want, outcome(A), RULE, "") == ""
    assert problem_of(want, outcome(1.0), RULE, "f").startswith("f: the result is the number 1, but")
    assert problem_of(want, outcome(1.0), RULE, "").startswith("The result is the number 1, but")


@pytest.mark.parametrize("value", [A * np.nan, A * np.inf])
def test_where_nan_is_from_is_said_where_numpy_warned(value):
    want, warned = observe(A, "c"), "divide by zero encountered in log"
    assert problem_of(want, outcome(value, warned=warned), RULE, "f").endswith(" NumPy warned: log of 0 is −∞.")
    assert "NumPy" not in problem_of(want, outcome(value), RULE, "f")
    assert "NumPy" not in problem_of(want, outcome(A * 2, warned=warned), RULE, "f")


def test_a_changed_input_is_a_problem_where_the_value_is_right():
    said = problem_of(observe(A, "c"), outcome(A, changed=["x", "mean"]), RULE, "centre")
    assert said.startswith("centre gives the right result, but changes its input x. ")
    assert "changes" not in problem_of(observe(A, "c"), outcome(A * 2, changed=["x"]), RULE, "centre")


@pytest.mark.parametrize(
    ("seen", "is_stub"),
    [
        ({"raised": ["NotImplementedError", ""]}, True),
        (RAISED, False),
        (outcome(...), True),
        (outcome(" "), True),
        (outcome(None), False),
        (outcome([...]), False),
    ],
)
def test_what_a_stub_gives(seen, is_stub):
    assert is_unwritten(seen) is is_stub


def test_two_causes_at_most():
    known = entry(("one", A * 2), ("two", A * 2), ("one", A * 2), ("three", A * 3), ("four", A * 3), ("five", A * 3))
    assert causes_of(known, outcome(A * 2), RULE) == ["one", "two"]
    assert causes_of(known, outcome(A * 3), RULE) == []
    assert causes_of(known, outcome(A), RULE) == []


def test_what_else_is_wrong_at_a_check_of_one_mistake():
    """Where what a mistake gives is rounding, the check itself tells: whatever is wrong there is that mistake."""
    known = entry(("twice", A * 2), otherwise=["it cancels"])
    assert causes_of(known, outcome(A.tolist()), RULE) == []  # right numbers of another kind
    assert causes_of(known, outcome(A + 1e-3), RULE) == ["it cancels"]
    assert causes_of(known, outcome(A * 2), RULE) == ["twice"]
    assert causes_of(known, RAISED, RULE) == [], "an exception is no rounding"
    assert causes_of(known, outcome(A), RULE) == [], "nothing is wrong"
    assert causes_of(entry(otherwise="abc"), outcome(A * 2), RULE) == []


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        ([], []),
        (["divide by N"], ["Likely cause: divide by N"]),
        (["one", "two"], ["It looks like one of these:", "• one", "• two"]),
    ],
)
def test_causes_stand_below_the_message(found, lines):
    assert with_causes("f is wrong.", found).splitlines() == ["f is wrong.", *lines]
