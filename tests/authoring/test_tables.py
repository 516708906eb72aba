"""Tables are packed small; what is left out of a number is less than the tolerance would see."""

import base64
import json
import struct
import zlib

import numpy as np
import pytest

from grader.authoring.tables import Entry, pack, rounded
from grader.kit.observe import observe
from grader.kit.table import Table

VALUES = np.array([np.pi, -1e-300, 1.7e308, 1e-9, 12345.678, 0.0])


def head(text: str) -> dict:
    """The JSON of a packed table."""
    raw = zlib.decompress(base64.b85decode(text))
    return json.loads(raw[12 : 12 + struct.unpack_from("<3I", raw)[0]])


@pytest.mark.parametrize("rtol", [1e-2, 1e-6, 1e-10])
def test_rounding_costs_a_thousandth_of_the_tolerance_at_most(rtol):
    near = rounded(VALUES, rtol)
    assert np.all(np.abs(near - VALUES) <= 1e-3 * rtol * np.abs(VALUES))
    assert np.any(near != VALUES)


@pytest.mark.parametrize("rtol", [1e-13, 0.0])
def test_where_all_bits_count_none_is_lost(rtol):
    assert np.array_equal(rounded(VALUES, rtol), VALUES)


def test_numbers_that_are_not_finite_stay_as_they_are():
    values = np.array([np.nan, np.inf, -np.inf])
    assert np.array_equal(rounded(values, 1e-2), values, equal_nan=True)


def test_coarse_numbers_pack_smaller():
    value = np.random.RandomState(0).normal(size=64)
    sizes = [len(pack({"a": Entry(observe(value, "a"), rtol)})) for rtol in (1e-2, 1e-6, 0)]
    assert sizes == sorted(sizes) and sizes[0] < 0.6 * sizes[2]


def test_no_number_stands_in_the_json():
    value = (1.5, [np.arange(3.0)], {"x": np.arange(99.0)})
    entry = head(pack({"a": Entry(observe(value, "a"), 1e-6)}))["checks"]["a"]
    number, array, large = (
        entry["expected"]["v"][0],
        entry["expected"]["v"][1]["v"][0],
        entry["expected"]["v"][2]["v"]["x"],
    )
    assert number == {"t": "number"} and array["v"] == [3]
    assert (large["samples"], large["sums"]) == ([32], [4])


def test_hints_and_places_are_written_once():
    rows = [("[0]", 1, [0, 0]), ("[1]", 0, [1, 2])]
    known = [("one", rows), ("two", rows[:1]), ("one", rows[1:])]
    made = head(pack({name: Entry(observe(1.0, name), 1e-6, mistakes=known) for name in "ab"}, unit="90_tiny"))
    assert (made["hints"], made["places"], made["unit"]) == (["one", "two"], ["[0]", "[1]"], "90_tiny")
    assert [made["checks"][name] for name in "ab"] == [{"expected": {"t": "number"}, "rows": 4}] * 2


@pytest.mark.filterwarnings("error")
def test_a_sum_that_is_too_large_for_its_place_is_infinite():
    entry = Entry(observe(1.0, "a"), 1e-6, mistakes=[("large", [("", 0, [1e300, -1e300])])])
    table = Table()
    table.load(pack({"a": entry}))
    ((_, ((_, _, sums),)),) = table.checks["a"]["mistakes"]
    assert list(sums) == [np.inf, -np.inf]


def test_equal_tables_are_equal_text():
    """Notebooks must not differ from build to build."""
    texts = {pack({"β": Entry(observe({"x": 1.0}, "β"), 1e-6, mistakes=[("ε", [("", 1, [0, 1])])])}) for _ in range(2)}
    assert len(texts) == 1


def test_packing_leaves_an_entry_as_it_was():
    entry = Entry(observe((1.0, np.arange(99.0)), "a"), 1e-2)
    before = json.dumps(entry.expected)
    pack({"a": entry})
    assert json.dumps(entry.expected) == before
