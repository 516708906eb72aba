"""Values are kept, sent and compared as small JSON trees."""

import json
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

from grader.kit.compare import wrong_parts
from grader.kit.observe import WHOLE, described, numbers, numbers_of, observe, packed, pick, projections

Pair = namedtuple("Pair", "mean var")
A = np.arange(6.0).reshape(2, 3)


class Equal:
    """Equal to everything, and an array to whoever asks."""

    def __eq__(self, other):
        return True

    def __array__(self, dtype=None, copy=None):
        return A


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (None, "None", "None"),
        (..., "no answer", None),
        ("", "no answer", None),
        (" . ", "no answer", None),
        (np.True_, "bool", "True"),
        ("b", "string", "a text"),
        (np.float32(2.5), "number", "the number 2.5"),
        (np.array(2), "number", "the number 2"),
        (10**400, "object", "an object of type a number of type int"),
        (1j, "object", "an object of type complex"),
        (np.array([1j]), "object", "an object of type ndarray of dtype complex128"),
        (np.array([None, 1]), "object", "an object of type ndarray of dtype object"),
        (A, "array", "a NumPy array of shape (2, 3)"),
        (A[:0], "array", "a NumPy array of shape (0, 3)"),
        (A > 2, "array", "a NumPy array of shape (2, 3)"),
        ([], "list", "a list of 0 values"),
        (Pair(A, 1), "tuple", "a tuple of 2 values"),
        (OrderedDict(x=1), "dict", "a dict"),
        (len, "object", "a function that was not called (are its parentheses missing?)"),
        (A.mean, "object", "a function that was not called (are its parentheses missing?)"),
        (Equal(), "object", "an object of type Equal"),
    ],
)
def test_what_kind_of_thing_a_value_is(value, kind, words):
    tree = observe(value, "c")
    assert tree["t"] == kind
    assert words is None or described(tree) == words
    assert json.loads(json.dumps(tree)) == tree


def test_answers_are_hashed_with_the_name_of_the_check():
    a, b = observe("b", "one"), observe("b", "two")
    assert a["v"] != b["v"] and a["v"] != "b"


@pytest.mark.parametrize("said", [" B ", "(b)", "b.", '"b"', "B)\n"])
def test_an_answer_is_the_same_however_it_is_written(said):
    assert observe(said, "q") == observe("b", "q") and observe(said, "q")["letter"]


@pytest.mark.parametrize("said", ["b) the second", "ab", "1"])
def test_what_is_no_letter(said):
    assert not observe(said, "q")["letter"]


def test_a_text_that_no_encoding_holds():
    assert observe("\udc80", "q")["t"] == "string"


@pytest.mark.parametrize("size", [WHOLE, WHOLE + 1, 5000])
def test_large_arrays_are_sketched_and_stay_small(size):
    tree = observe(np.linspace(1, 2, size), "c")
    assert ("v" in tree) == (size <= WHOLE)
    assert len(json.dumps(tree)) < 1000 and len(numbers_of(tree)) <= WHOLE
    assert (numbers_of(tree)[0], numbers_of(tree)[-1]) == (1, 2), "the ends are among the samples"


@pytest.mark.filterwarnings("error")
def test_numbers_that_are_not_finite_are_counted_without_a_warning():
    tree = observe(np.array([np.nan, np.inf, -np.inf, 1.7e308] * 30), "c")
    assert tree["bad"] == [30, 60] and numbers(tree["sums"]).shape == (4,)


def test_projections_are_the_same_on_every_machine():
    expected = [0.346691, 3.963756, 1.027403, -7.536500]
    flat = np.array([1.0, -2, np.nan, 3, np.inf])
    assert np.allclose(projections(flat), expected, atol=1e-5)
    assert not np.allclose(projections(flat[::-1]), expected, atol=1e-5), "the order counts"


@pytest.mark.parametrize("array", [np.array([]), np.array([np.pi, np.nan, -0.0]), np.arange(6)[::2]])
def test_numbers_are_unpacked_as_they_were_packed(array):
    assert np.array_equal(numbers(packed(array)), array, equal_nan=True)


def test_the_part_at_a_place():
    tree = observe((1.0, {"x": [A, "b"], "a b": 2}), "c")
    assert pick(tree, "") is tree
    assert pick(tree, "[1]['x'][0]")["shape"] == [2, 3]
    assert pick(tree, "[1]['a b']")["v"] == "2.0"


@pytest.mark.parametrize("place", ["[2]", "['x']", "[1][0]", "[1]['y']", "[1]['x'][0][0]", "[9]['x'][1]", "[0][0]"])
def test_where_there_is_no_part(place):
    assert pick(observe((1.0, {"x": [A]}), "c"), place) is None


RULE = {"rtol": 1e-6, "atol": 1e-9, "dtype": False, "parts": [], "hidden": False}


@pytest.mark.parametrize("key", ["it's", "", "a\\b", "x'][0"])
def test_a_place_of_a_wrong_part_is_found_again(key):
    want, got = observe({key: 1.0}, "c"), observe({key: 2.0}, "c")
    ((place, _),) = wrong_parts(want, got, RULE)
    assert pick(got, place) == observe(2.0, "c")
