"""What is wrong with a value is said in a beginner's words, and known by its fingerprint."""

import numpy as np
import pytest

from grader.kit.compare import causes, fingerprint, label, until_they_differ, wrong_parts
from grader.kit.observe import observe

RULE = {"rtol": 1e-6, "atol": 1e-9, "dtype": False, "parts": [], "hidden": False}
A = np.arange(6.0).reshape(2, 3) + 1


def wrong(got, want, **rule) -> list[tuple[str, str]]:
    return wrong_parts(observe(want, "c"), observe(got, "c"), {**RULE, **rule})


def said(got, want, **rule) -> str:
    """What is said of the first part that is wrong."""
    return wrong(got, want, **rule)[0][1]


WORDS = {
    "shape": (A.T, A, "has shape (3, 2), but (2, 3) is expected"),
    "a column for a row": (np.ones((3, 1)), np.ones(3), "has shape (3, 1), but (3,) is expected"),
    "a broadcast that agrees": (np.ones((3, 1)), np.ones((3, 3)), "has shape (3, 1), but (3, 3) is expected"),
    "value": (A + np.eye(2, 3), A, "at [0, 0] expected 1, got 2 (2 of 6 elements differ)"),
    "NaN": (A * np.nan, A, "6 of 6 elements of the result are NaN."),
    "NaN, number": (float("nan"), 1.0, "the result is NaN."),
    "infinite": (float("inf"), 1.0, "the result is infinite."),
    "both": (np.array([np.nan, np.inf, 1]), np.ones(3), "2 of 3 elements of the result are NaN or infinite."),
    "list for array": (A.tolist(), A, "is a list of 2 values, but a NumPy array of shape (2, 3) is expected"),
    "array for number": (A, 1.0, "is a NumPy array of shape (2, 3), but the number 1 is expected"),
    "number for array": (1.0, A, "is the number 1, but a NumPy array"),
    "tuple too short": ((A,), (A, A), "holds 1 value, but 2 are expected."),
    "tuple too long": ((A, A), (A,), "holds 2 values, but 1 is expected."),
    "place in a tuple": ((A, A), (A, A + 1), "the result[1] has the right shape (2, 3), but wrong values: at [0, 0]"),
    "dict key": ({"x": A, "mu": A}, {"x": A, "mean": A}, "lacks the key 'mean'; it has 'x', 'mu'"),
    "empty dict": ({}, {"mean": A}, "lacks the key 'mean'; it has none."),
    "dict value": ({"x": A}, {"x": -A}, "the result['x'] has the right shape (2, 3)"),
    "None": (None, A, "is None, but a NumPy array of shape (2, 3) is expected. Is a return statement missing?"),
    "string": ("a", "b", "that is not the right answer"),
    "string in a list": (["a"], ["b"], "the result[0] is not the right text."),
    "number for string": (2, "b", 'the answer is the number 2, but one letter in quotes is expected, such as "a".'),
    "number for text": (2, "two", 'the answer is the number 2, but a text in quotes is expected, such as "a".'),
    "sentence for a letter": ("b) the second", "b", 'the answer is one letter in quotes, such as "a", and no more.'),
    "string for number": ("a", 1.0, "is a text, but the number 1 is expected"),
    "bool": (True, False, "is True, but False is expected"),
    "None for a string": (None, "b", "the answer is None, but one letter in quotes is expected"),
    "unanswered": (..., "b", "there is no answer yet"),
    "empty string": ("", "b", "there is no answer yet"),
    "object": (object(), A, "is an object of type object"),
    "a method not called": (A.mean, A, "a function that was not called (are its parentheses missing?)"),
    "objects in an array": (np.array([None, 1]), A, "of type ndarray of dtype object"),
    "large": (np.where(np.arange(999) == 500, 9.0, 1.0), np.ones(999), "wrong values, between those sampled"),
    "large, all": (np.zeros((99, 9)), np.ones((99, 9)), "32 of 32 sampled elements differ"),
}


@pytest.mark.parametrize("case", WORDS)
def test_words(case):
    got, want, words = WORDS[case]
    assert words in said(got, want)


def test_parts_are_named():
    parts = ["dx", "dgamma"]
    assert said((A, A), (A, A + 1), parts=parts).startswith("dgamma has the right shape (2, 3), but wrong values: at")
    assert said((A,), (A, A + 1), parts=parts).endswith("holds 1 value, but 2 are expected: dx, dgamma.")
    assert said((A, {"x": A}), (A, {"x": A + 1}), parts=parts).startswith("dgamma['x'] has the right shape")
    assert label("[2]['x']", parts) == "the result[2]['x']"


def test_all_parts_that_are_wrong_are_found_in_order():
    assert [place for place, _ in wrong((1.0, A, {"a": 2, "b": 3}), (2.0, A, {"b": 1, "a": 1}))] == [
        "[0]", "[2]['b']", "[2]['a']"
    ]  # fmt: skip
    assert wrong([A, {"a": 1, "more": 2}], (A.astype("f4"), {"a": 1.0})) == []


PAIRS = [(A + 1, A), (2.5, 1.25), (True, False), (None, 1.25), ("b", 1.25), (A, False), (None, [1.25, A])]


@pytest.mark.parametrize(("got", "want"), [*PAIRS, *(([got, got], [want, want]) for got, want in PAIRS)])
def test_a_hidden_check_tells_no_number(got, want):
    message = said(got, want, hidden=True)
    assert "expected 1" not in message and "1.25" not in message and "but False" not in message


def test_dtype_counts_where_it_is_asked_for():
    assert wrong(A.astype("f4"), A) == wrong(A.astype(int), A) == []
    message = "the values of the result are right, but its dtype is float32, not float64."
    assert said(A.astype("f4"), A, dtype=True) == message


@pytest.mark.parametrize("shape", [(3,), (20, 20)])
def test_tolerance(shape):
    want = np.random.RandomState(0).normal(5, 2, shape)
    assert wrong(want * (1 + 1e-8), want) == []
    assert wrong(want * (1 + 1e-4), want)


def test_an_infinite_value_equals_only_itself():
    infinite, finite = np.array([np.inf, 1]), np.array([2.0, 1])
    assert not wrong(infinite, infinite)
    assert wrong(infinite, finite) and wrong(finite, infinite) and wrong(-infinite, infinite)


def test_nothing_is_wrong_with_an_empty_array_but_its_shape():
    assert wrong(A[:0], A[:0]) == []
    assert said(A[:0], A[:0].T) == "the result has shape (0, 3), but (3, 0) is expected."


def test_sums_that_are_no_numbers_are_no_agreement():
    want = np.ones(999)
    got = want.copy()
    got[500:503] = [1.7e308, -1.7e308, 1.7e308]
    assert wrong(got, want)


def test_numbers_are_printed_until_they_differ():
    message = said(10.57805123, 10.57805124, rtol=1e-12, atol=0)
    assert message == "the result is 10.57805123, but 10.57805124 is expected."
    assert until_they_differ(1.0, 2.0) == ("1", "2") and until_they_differ(1.0, 1.0) == ("1", "1")


# Which known mistake a wrong value is like


def named(got, want, mistakes, **rule) -> list[str]:
    """The causes that a wrong value points to. got and the values of mistakes: values, or outcomes."""

    def rows(value):
        is_outcome = isinstance(value, dict) and not {"value", "raised"}.isdisjoint(value)
        outcome = value if is_outcome else {"value": observe(value, "c")}
        return fingerprint(tree, outcome, {**RULE, **rule})

    tree = observe(want, "c")
    return causes(tree, rows(got), {**RULE, **rule}, [(hint, rows(value)) for hint, value in mistakes])


RAISED = {"raised": ["KeyError", "'var'"]}


def test_what_is_right_has_no_fingerprint_and_no_cause():
    assert fingerprint(observe(A, "c"), {"value": observe(A, "c")}, RULE) == []
    assert named(A, A, [("divide by N", A * 2)]) == []


def test_a_mistake_is_named_where_a_value_is_wrong_in_the_same_way():
    mistakes = [
        ("divide by N", A * 2),
        ("it raises", RAISED),
        ("in place", {"value": observe(A, "c"), "changed": ["x"]}),
    ]
    assert [named(got, A, mistakes) for got in (A * 2, A * 3, RAISED, mistakes[2][1])] == [
        ["divide by N"], [], ["it raises"], ["in place"]
    ]  # fmt: skip
    assert named({"raised": ["KeyError", "'mean'"]}, A, mistakes) == []


def test_the_nearest_mistake_wins():
    assert named(A * 1.01, A, [("far", A * 1.0101), ("near", A * 1.01)], rtol=1e-4) == ["near"]


def test_a_mistake_beside_another_is_named():
    """dgamma is a known mistake's; dx is wrong in a way of its own, further on."""
    assert named((A / 2, A * 7), (A, A), [("sum, do not average", (A / 2, A))]) == ["sum, do not average"]


def test_a_mistake_that_would_show_further_up_is_not_named():
    """dgamma is right, so what would have spoilt it as well is not what was done."""
    assert named((A, A / 2), (A, A), [("average both", (A / 2, A / 2))]) == []


def test_a_large_array_is_recognised():
    want = np.random.RandomState(0).normal(5, 2, (40, 7))
    mistakes = [("variance", want**2), ("not centred", want - want.mean(0)), ("transposed", want.T.copy())]
    for hint, value in mistakes:
        assert named(value * (1 + 1e-12), want, mistakes) == [hint]
    assert named(want * 1.1, want, mistakes) == []


def test_a_mistake_of_another_kind_is_no_obstacle():
    """The place of what is wrong need not exist in a known mistake's outcome."""
    mistakes = [("only one was returned", A), ("a list of numbers", [1.0]), ("a dict", {"x": A}), ("it raises", RAISED)]
    assert named((A, A * 7), (A, A), mistakes) == []
    for hint, got in mistakes:
        assert named(got, (A, A), mistakes) == [hint]


def test_each_part_of_a_value_of_another_kind_counts():
    for pack in (lambda a, b, c: (a, b, c), lambda a, b, c: {"x": a, "y": b, "z": c}):
        mistakes = [("one", pack(A, 2.0, 5.0)), ("two", pack(2 * A, 2.0, 5.0)), ("three", pack(A, 3.0, 5.0))]
        for hint, got in mistakes:
            assert named(got, A, mistakes) == [hint]
        assert named(pack(A, 2.0, 7.0), A, mistakes) == []


def test_values_that_are_not_finite_are_recognised_too():
    for got in (np.nan, np.inf, A * np.nan):
        assert named(got, 1.0, [("it is 0/0", got), ("another", 3.0)]) == ["it is 0/0"]
    assert named(np.inf, 1.0, [("it is 0/0", np.nan)]) == []
