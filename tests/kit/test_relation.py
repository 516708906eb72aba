"""What a message says of how wrong values are wrong: facts, and none where it may be chance."""

import numpy as np
import pytest

from grader.kit.relation import of_another_shape, relation

R = np.random.RandomState(5)
X = R.normal(3, 2, (5, 4))
P = np.abs(X) + 0.5
ROW = np.array([2.0, 3.0, 0.5, -1.0])

CASES = {
    "last digits": (X, X.astype("f4"), "They are right to five digits or more."),
    "sign": (X, -X, "Each value has the wrong sign."),
    "twice": (X, 2 * X, "Each value is 2 times the expected one."),
    "a fraction": (X, X * 5 / 4, "Each value is 5/4 times the expected one."),
    "no fraction": (X, X * np.pi, "Each value is 3.14159 times the expected one."),
    "in float32": (X, (3 * X).astype("f4").astype(float), "Each value is 3 times the expected one."),
    "shifted": (X, X + 0.25, "Each value is too large by 0.25."),
    "shifted down": (X, X - 7, "Each value is too small by 7."),
    "signs": (X, np.where(X > 3, X, -X), "Only signs are wrong."),
    "roots": (P, np.sqrt(P), "The values are the square roots of the expected ones."),
    "squares": (P, P**2, "The values are the squares of the expected ones."),
    "reciprocals": (P, 1 / P, "The values are 1 over the expected ones."),
    "reversed": (X, X[::-1], "They are the right values in another order."),
    "one column": (X, X + [0, 0, 3, 0] * P, "Only column 2 is wrong."),
    "one row": (X, X + np.eye(5)[[3]].T * P, "Only row 3 is wrong."),
    "a factor a column": (
        X,
        X * ROW,
        "Column by column, the values are these times the expected ones: 2, 3, 1/2, -1.",
    ),
    "a shift a column": (
        X,
        X + ROW,
        "Column by column, all values are too large or too small by the same: "
        "large by 2, large by 3, large by 0.5, small by 1.",
    ),
    "a factor a row": (
        X,
        X * np.arange(1, 6)[:, None],
        "Row by row, the values are these times the expected ones: 1, 2, 3, 4, ….",
    ),
}
NOTHING = {
    "no relation": (X, R.normal(0, 1, X.shape)),
    "all zero": (X, 0 * X),
    "NaN": (X, X * np.nan),
    "two values": (np.array([1.0, 2.0]), np.array([2.0, 4.0])),
    "one value many times": (np.ones(9), 2 * np.ones(9)),
    "zero is expected": (np.zeros(9), np.ones(9)),
    "empty": (np.zeros(0), np.zeros(0)),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_seen(case):
    want, got, sentence = CASES[case]
    assert relation(want.ravel(), np.asarray(got).ravel(), want.shape) == sentence


@pytest.mark.parametrize("case", NOTHING)
def test_nothing_is_said_where_it_may_be_chance(case):
    want, got = NOTHING[case]
    assert relation(want.ravel(), got.ravel(), want.shape) == ""


def test_of_a_sample_neither_order_nor_columns_are_told():
    assert relation(X.ravel(), X[::-1].ravel(), None) == relation(X.ravel(), (X * ROW).ravel(), None) == ""
    assert relation(X.ravel(), 2 * X.ravel(), None) == "Each value is 2 times the expected one."


def test_right_values_in_another_shape():
    def said(got):
        return of_another_shape(X.ravel(), np.asarray(got).ravel(), list(X.shape), list(got.shape))

    assert said(X.T) == " It is the transpose of what is expected."
    assert said(X.reshape(1, 5, 4)) == said(X.ravel()) == " The values are right."
    assert said(X.reshape(4, 5)) == said(X[:, :2]) == said(X.T + 1) == ""
