"""What `check` says. Each message is read by a beginner: it names the thing that is wrong, in words."""

import numpy as np
import pytest

from grader.kit import check as kit
from grader.kit.observe import _differ, _observe
from grader.authoring.record import pack


@pytest.fixture
def check(monkeypatch):
    """`check` with a table made here: check(name, got, expected=…, mistakes=[(hint, value)], ...) raises or returns."""
    monkeypatch.setattr(kit, "_TABLE", {"unit": "", "cells": [], "checks": {}, "hints": []})

    def run(target, *args, expected, mistakes=(), **kwargs):
        outcomes = [[i, m if isinstance(m, dict) else {"value": _observe(m, "c")}] for i, (_, m) in enumerate(mistakes)]
        entry = {"expected": _observe(expected, "c"), "mistakes": outcomes}
        kit._TABLE.update(checks={}, hints=[])
        kit._load_table(pack({"checks": {"c": entry}, "hints": [hint for hint, _ in mistakes]}))
        return kit.check("c", target, *args, **kwargs)

    return run


def says(check, target, *args, **kwargs) -> str:
    with pytest.raises(kit.CheckFailed) as caught:
        check(target, *args, **kwargs)
    return str(caught.value)


A = np.arange(6.0).reshape(2, 3) + 1


def test_right(check):
    assert check(lambda x: x + 1, A, expected=A + 1) is not None
    assert check(3.0, expected=3) == 3.0
    assert check(np.float64(3), expected=3) == 3
    assert check(" B ", expected="b") == " B " and check("(b)", expected="b")
    assert check([A, {"k": True}], expected=(A, {"k": True}))


def f(x):
    return None


WORDS = {
    "shape": (A.T, A, "has shape (3, 2), but (2, 3) is expected"),
    "a column for a row": (np.ones((3, 1)), np.ones(3), "has shape (3, 1), but (3,) is expected"),
    "value": (A + np.eye(2, 3), A, "at [0, 0] expected 1, got 2 (2 of 6 elements differ)"),
    "NaN": (A * np.nan, A, "6 of 6 elements of the result are NaN or infinite. Look for a division by zero"),
    "NaN, number": (float("nan"), 1.0, "the result is NaN"),
    "infinite": (float("inf"), 1.0, "the result is infinite"),
    "dtype": (A.astype("f4"), A, "values of the result are right, but the dtype is float32, not float64"),
    "integers": (A.astype(int), A, "the dtype is int64, not float64"),
    "list for array": (A.tolist(), A, "is a list of 2 values, but a NumPy array of shape (2, 3) is expected"),
    "array for number": (A, 1.0, "is a NumPy array of shape (2, 3), but the number 1 is expected"),
    "number for array": (1.0, A, "is the number 1, but a NumPy array"),
    "tuple too short": ((A,), (A, A), "holds 1 values, but 2 are expected"),
    "inside a tuple": ((A, A), (A, A + 1), "wrong values: at [0, 0] expected 2, got 1"),
    "place in a tuple": ((A, A), (A, A + 1), "the result[1] has the right shape (2, 3), but wrong values: at"),
    "dict key": ({"x": A, "mu": A}, {"x": A, "mean": A}, "lacks the key 'mean'; it has 'x', 'mu'"),
    "dict value": ({"x": A}, {"x": -A}, "the result['x'] has the right shape (2, 3)"),
    "None": (None, A, "is None, but a NumPy array of shape (2, 3) is expected. Is a return statement missing?"),
    "string": ("a", "b", "not the right answer"),
    "number for string": (2, "b", 'the answer is the number 2, but a text in quotes is expected, such as "a".'),
    "string for number": ("a", 1.0, "is a string, but the number 1 is expected"),
    "bool": (True, False, "is True, but False is expected"),
    "None for a string": (None, "b", "the answer is None, but a text in quotes is expected"),
    "unanswered": (..., "b", "no answer yet"),
    "empty string": ("", "b", "no answer yet"),
    "object": (object(), A, "is an object of type object"),
    "a method not called": (A.mean, A, "a function that was not called (are its parentheses missing?)"),
    "objects in an array": (np.array([None, 1]), A, "of type ndarray of dtype object"),
    "large": (np.where(np.arange(999) == 500, 9.0, 1.0), np.ones(999), "wrong values, between those sampled"),
    "large, all": (np.zeros((99, 9)), np.ones((99, 9)), "32 of 32 sampled elements differ"),
}


@pytest.mark.parametrize("case", WORDS)
def test_words(case, check):
    got, expected, words = WORDS[case]
    if callable(got):
        assert words in says(check, lambda: got, expected=expected)
        return
    assert words.lower() in says(check, got, expected=expected).lower()
    assert words in says(check, lambda: got, expected=expected)


def test_tensors(check):
    torch = pytest.importorskip("torch")
    assert check(lambda: torch.ones(2, requires_grad=True), expected=torch.ones(2)) is not None
    assert "is a NumPy array of shape (2,), but a torch tensor" in says(check, np.ones(2), expected=torch.ones(2))
    assert "a torch tensor of shape (2,)" in says(check, torch.ones(2), expected=np.ones(2))
    assert "the dtype is float64" in says(check, torch.ones(2).double(), expected=torch.ones(2))
    x = torch.ones(2)
    assert "changes its input x" in says(check, lambda x: x.add_(1), x, expected=torch.ones(2) + 1)
    assert x.sum() == 2


def test_not_written(check):
    def normalize(x):
        raise NotImplementedError()

    assert "normalize is not written yet" in says(check, normalize, A, expected=A)
    assert "normalize is not written yet" in says(check, lambda: normalize(A)[0], expected=A)


def test_a_missing_return_seen_from_a_lambda(check):
    message = says(check, lambda: f(A)[0], expected=A)
    assert "your code stopped with TypeError: 'NoneType' object is not subscriptable" in message
    assert "does a function lack its return?" in message


def test_an_exception_is_placed(check):
    def normalize(x):
        return x / {}["var"]

    message = says(check, normalize, A, expected=A)
    assert "normalize stopped with KeyError: 'var'." in message
    assert 'return x / {}["var"]' in message


def test_a_changed_input(check):
    def centre(values):
        values -= 1
        return values

    assert "gives the right result, but changes its input values" in says(check, centre, A.copy(), expected=A - 1)


def test_copies_keep_their_layout(check):
    seen = []
    view = np.zeros((4, 6))[:, ::2]
    check(lambda x: seen.append(x) or x, view, expected=view)
    assert not seen[0].flags.c_contiguous and seen[0] is not view


def test_a_warning_is_no_failure(check, recwarn):
    check(lambda x: np.where(x > 0, 1 / (x - 1), 0)[1], A, expected=(1 / (A - 1 + 1e-300))[1])
    assert not recwarn.list


def test_hints(check):
    mistakes = [("divide by N", A * 2), ("it raises", {"raised": ["KeyError", "'var'"]})]
    assert "Likely cause: divide by N" in says(check, A * 2, expected=A, mistakes=mistakes)
    assert "Likely cause" not in says(check, A * 3, expected=A, mistakes=mistakes)
    assert "Likely cause: it raises" in says(check, lambda: {}["var"], expected=A, mistakes=mistakes)


def test_a_mistake_beside_another_is_named(check):
    """dgamma is a known mistake's; dx is wrong in a way of its own, further on."""
    mistakes = [("sum, do not average", (A / 2, A))]
    assert "Likely cause: sum" in says(check, (A / 2, A * 7), expected=(A, A), mistakes=mistakes)


def test_a_mistake_of_another_kind_is_no_obstacle(check):
    """The place of what is wrong need not exist in a known mistake's outcome."""
    mistakes = [
        ("only one was returned", A),
        ("a list of numbers", [1.0]),
        ("a dict", {"value": _observe({"x": A}, "c")}),
        ("it raises", {"raised": ["KeyError", ""]}),
    ]
    message = says(check, (A, A * 7), expected=(A, A), mistakes=mistakes)
    assert "The result[1] has the right shape" in message and "Likely" not in message
    assert "Likely cause: only one" in says(check, A, expected=(A, A), mistakes=mistakes)


def test_an_unfinished_answer_gets_no_hint(check):
    def nothing(x):
        raise NotImplementedError

    mistakes = [("wrong", {"raised": ["NotImplementedError", ""]})]
    assert "Likely cause" not in says(check, nothing, A, expected=A, mistakes=mistakes)


def test_an_unknown_check(check):
    kit._TABLE["checks"].clear()
    with pytest.raises(kit.CheckFailed, match=r"no check called 'nope'. Run the setup cell"):
        kit.check("nope", 1)


@pytest.mark.parametrize("shape", [(3,), (20, 20)])
def test_tolerance(shape):
    want = np.random.RandomState(0).normal(5, 2, shape)
    close, far = want * (1 + 1e-8), want * (1 + 1e-4)
    assert _differ(_observe(want, ""), _observe(close, ""), 1e-6, 1e-9) is None
    assert _differ(_observe(want, ""), _observe(far, ""), 1e-6, 1e-9) is not None


def test_an_infinite_value_equals_only_itself():
    infinite, finite = _observe(np.array([np.inf, 1]), ""), _observe(np.array([2.0, 1]), "")
    assert _differ(infinite, infinite, 1e-6, 1e-9) is None
    assert _differ(infinite, finite, 1e-6, 1e-9) is not None and _differ(finite, infinite, 1e-6, 1e-9) is not None


def test_a_broadcast_that_agrees_is_still_wrong():
    """The compare helper of a well-known course lets this pass."""
    assert _differ(_observe(np.ones((3, 3)), ""), _observe(np.ones((3, 1)), ""), 1e-6, 1e-9)


def test_an_always_equal_object(check):
    class Equal:
        def __eq__(self, other):
            return True

        def __array__(self, dtype=None, copy=None):
            return A

    assert "an object of type Equal" in says(check, Equal(), expected=A)


def test_answers_are_hashed_with_the_name():
    a, b = _observe("b", "one"), _observe("b", "two")
    assert a["v"] != b["v"] and a["v"] != "b"


def test_scoreboard_in_plain_python(capsys, monkeypatch):
    cells = [
        {"id": "a-x", "exercise": "a", "points": 2, "checks": ["c"]},
        {"id": "a-y", "exercise": "a", "points": 1, "checks": ["d"]},
    ]
    monkeypatch.setattr(kit, "_TABLE", {"unit": "", "cells": cells, "checks": {}, "hints": []})
    monkeypatch.setattr(kit, "_earned", {"a-x"})
    kit.scoreboard()
    assert capsys.readouterr().out.splitlines() == ["· a       2 of 3", "· total   2 of 3"]
