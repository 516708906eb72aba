"""How wrong values are wrong: in words, what they have to do with the right ones. Always a fact, never a guess."""

from fractions import Fraction

import numpy as np

AXES = (("column", 0), ("row", 1))


def relation(want, got, shape):
    """A sentence on what is seen between two flat arrays; "" where nothing is, or where it may be chance.

    shape: that of the array whose values they are, None where they are a sample of it.
    """
    if not (np.isfinite(want).all() and np.isfinite(got).all()) or _few(want):
        return ""
    if factor := _factor(want, got):
        return "Each value has the wrong sign." if factor == "-1" else f"Each value is {factor} times the expected one."
    if shift := _shift(want, got):
        return f"Each value is too {shift}."
    if _near(np.abs(got), np.abs(want)):
        return "They are right to five digits or more." if _near(got, want) else "Only signs are wrong."
    if (got >= 0).all() and _near(got**2, want):
        return "The values are the square roots of the expected ones."
    if _near(got, want**2):
        return "The values are the squares of the expected ones."
    if want.all() and _near(got * want, np.ones_like(want)):
        return "The values are 1 over the expected ones."
    if shape is None:
        return ""
    if _near(np.sort(got), np.sort(want)):
        return "They are the right values in another order."
    return _along_an_axis(want.reshape(shape), got.reshape(shape)) if len(shape) == 2 and min(shape) > 1 else ""


def of_another_shape(want, got, shape, other):
    """A sentence on an array of another shape than it should have; "" where its values are not the right ones."""
    if len(want) != len(got) or not np.isfinite(want).all() or len(want) < 2:
        return ""
    if len(shape) == 2 == len(other) and shape == other[::-1] and 1 not in shape:
        return " It is the transpose of what is expected." if _near(got.reshape(other).T.ravel(), want) else ""
    return " The values are right." if _near(got, want) else ""


def _along_an_axis(want, got):
    for what, axis in AXES:
        off = ~np.isclose(got, want, 1e-5, 1e-7 * np.max(np.abs(want)))
        wrong = np.flatnonzero(off.any(axis))
        if len(wrong) == 1 and off.shape[1 - axis] > 2:
            return f"Only {what} {wrong[0]} is wrong."
        lines = [(want.take(i, 1 - axis), got.take(i, 1 - axis)) for i in range(want.shape[1 - axis])]
        if len(lines[0][0]) < 3 or any(map(_few, (line for line, _ in lines))):
            continue
        if all(factors := [_factor(*line) or ("1" if _near(line[1], line[0]) else "") for line in lines]):
            return f"{what.capitalize()} by {what}, the values are these times the expected ones: {_list(factors)}."
        if all(shifts := [_shift(*line) or ("right" if _near(line[1], line[0]) else "") for line in lines]):
            return f"{what.capitalize()} by {what}, all values are too large or too small by the same: {_list(shifts)}."
    return ""


def _list(texts):
    return ", ".join(texts[:4]) + (", …" if len(texts) > 4 else "")


def _few(values):
    """Whether values are so few, or so alike, that much would fit them by chance."""
    sizes = np.abs(values)
    return len(values) < 3 or len(np.unique(np.round(sizes / (np.max(sizes) or 1), 6))) < 3


def _near(a, b):
    return bool(np.allclose(a, b, 1e-5, 1e-7 * np.max(np.abs(b))))


def _factor(want, got):
    """What all right values were multiplied by, as a fraction where it is one; "" for none, and for 1 and 0."""
    factor = float(got @ want / (want @ want))
    if abs(factor) < 1e-9 or abs(factor - 1) < 1e-5 or not _near(got, factor * want):
        return ""
    simple = Fraction(factor).limit_denominator(40)
    return str(simple) if abs(simple - factor) < 1e-6 * abs(factor) else f"{factor:.6g}"


def _shift(want, got):
    shift = float(np.mean(got - want))
    largest = np.max(np.abs(want))
    if abs(shift) < 1e-6 * largest or not np.allclose(got - want, shift, 1e-5, 1e-7 * largest):
        return ""
    return f"{'large' if shift > 0 else 'small'} by {abs(shift):.6g}"
