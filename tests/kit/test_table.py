"""A notebook reads its tables as the build packed them: the visible one, then those of hidden regions."""

import base64
import zlib

import numpy as np
import pytest

from grader.authoring.tables import Entry, pack
from grader.kit.compare import wrong_parts
from grader.kit.observe import observe
from grader.kit.table import Table

RNG = np.random.RandomState(0)
VALUES = {
    "number": 2.5,
    "array": RNG.normal(size=(3, 4)),
    "large": RNG.normal(size=(30, 40)),
    "empty": np.zeros((0, 3)),
    "not finite": np.array([np.nan, np.inf, -np.inf, 1.0]),
    "nested": (1.0, {"x": [RNG.normal(size=2), "b"], "y": None}, True),
    "letter": "b",
}
ROWS = [("one", [("[0]", 7, [1.5, -2.0]), ("[1]['x'][0]", 0, [0.5, np.inf])]), ("two", [("", 4294967295, [0.0, 0.25])])]


def loaded(*texts: str) -> Table:
    table = Table()
    for text in texts:
        table.load(text)
    return table


def test_expected_values_come_back_in_their_places():
    """Each value takes its own numbers from one common row of numbers."""
    packed = pack({name: Entry(observe(value, name), 1e-6) for name, value in VALUES.items()})
    table = loaded(packed)
    assert list(table.checks) == list(VALUES)
    for name, value in VALUES.items():
        rule = table.rule(name, 1e-6, 0, True)
        assert wrong_parts(table.checks[name]["expected"], observe(value, name), rule) == [], name


def test_known_mistakes_come_back_row_by_row():
    text = pack(
        {"a": Entry(observe(1.0, "a"), 1e-6, mistakes=ROWS), "b": Entry(observe(1.0, "b"), 1e-6, mistakes=ROWS[1:])}
    )
    checks = loaded(text).checks
    for name, rows in (("a", ROWS), ("b", ROWS[1:])):
        found = [
            (hint, [(place, form, list(sums)) for place, form, sums in known])
            for hint, known in checks[name]["mistakes"]
        ]
        assert found == rows


def test_a_rule_has_the_table_s_own_parts():
    entry = Entry(observe((1.0, 2.0), "a"), 1e-6, parts=["dx", "db"], hidden=True)
    rule = loaded(pack({"a": entry})).rule("a", 1e-3, 0, True)
    assert rule == {"rtol": 1e-3, "atol": 0, "dtype": True, "parts": ["dx", "db"], "hidden": True}


def test_what_is_optional_has_its_default():
    entry = loaded(pack({"a": Entry(observe("b", "a"), 1e-6)})).checks["a"]
    assert (entry["parts"], entry["hidden"], entry["otherwise"], entry["mistakes"]) == ([], False, [], [])


def test_a_hidden_table_adds_to_the_visible_one():
    cells = [{"id": "a-x", "exercise": "a", "points": 1, "checks": ["a"]}]
    visible = pack({"a": Entry(observe(1.0, "a"), 1e-6)}, unit="90_tiny", cells=cells, stubs={"f": 1}, answers=["f"])
    hidden = pack({"b": Entry(observe(2.0, "b"), 1e-6, hidden=True)})
    table = loaded(visible, hidden)
    assert (table.unit, table.cells, table.stubs, table.answers) == ("90_tiny", cells, {"f": 1}, ["f"])
    assert set(table.checks) == {"a", "b"} and table.checks["b"]["hidden"]


def test_a_table_without_checks_is_empty():
    table = loaded(pack({}, unit="11_capstone"))
    assert (table.unit, table.checks, table.cells) == ("11_capstone", {}, [])


def test_two_tables_share_nothing():
    loaded(pack({"a": Entry(observe(1.0, "a"), 1e-6)}, cells=[{"id": "x"}], stubs={"f": 1}))
    assert (Table().checks, Table().cells, Table().stubs) == ({}, [], {})


@pytest.mark.parametrize("text", ["", "spoilt", pack({"a": Entry(observe(1.0, "a"), 1e-6)})[:-8]])
def test_what_is_no_table_adds_nothing(text):
    table = Table()
    with pytest.raises((ValueError, zlib.error)):
        table.load(text)
    assert table.checks == {} and table.cells == []


def test_a_table_is_one_line_of_printable_characters():
    text = pack({name: Entry(observe(value, name), 1e-6) for name, value in VALUES.items()})
    assert text.isascii() and text.isprintable() and base64.b85decode(text)
