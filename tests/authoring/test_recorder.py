"""While tables are made, `check` notes what it sees and lets everything pass."""

from types import SimpleNamespace

import pytest

from grader.authoring.recorder import Recorder, UsedTwice, part_names
from grader.kit.call import call


@pytest.fixture
def check() -> Recorder:
    recorder = Recorder(call)
    recorder.enter(SimpleNamespace(id="a.values"))
    return recorder


def test_everything_passes_and_is_noted_in_its_cell(check):
    def halves(x, rate=2):
        """Returns (low, high)."""
        return x / rate, x

    assert check("one", halves, 4.0, rate=4, rtol=1e-3, dtype=True) == (1.0, 4.0)
    assert check("two", "b") == "b"
    one, two = check.log.values()
    assert (one.name, one.cell, one.hidden, one.parts) == ("one", "a.values", False, ["low", "high"])
    assert one.rule == {"rtol": 1e-3, "atol": 1e-9, "dtype": True, "parts": ["low", "high"], "hidden": False}
    assert (two.rtol, two.dtype, two.parts, two.outcome["value"]["t"]) == (1e-6, False, [], "string")


def test_an_exception_is_noted_and_goes_on_its_way(check):
    with pytest.raises(KeyError):
        check("one", {}.__getitem__, "var")
    assert check.log["one"].outcome == {"raised": ["KeyError", "'var'"]}


def test_a_name_is_used_once(check):
    check("one", 1.0)
    with pytest.raises(UsedTwice, match="'one' is used twice"):
        check("one", 2.0)
    assert check.log["one"].outcome["value"]["v"] == "1.0"


def test_a_change_of_an_argument_does_not_reach_the_cell(check):
    values = [3, 1, 2]
    check("one", lambda x: x.sort(), values)
    assert values == [3, 1, 2] and check.log["one"].outcome["changed"] == ["x"]


def test_hidden_tests_are_told_by_their_markers(check):
    cell = """\
check("seen", 1)
for i in range(2):
    ### BEGIN HIDDEN TESTS
    check(f"hidden {i}", i)
    ### END HIDDEN TESTS
    check(f"shown {i}", i)
"""
    exec(check.marked(cell), {"check": check})
    assert {name: seen.hidden for name, seen in check.log.items()} == {
        "seen": False, "hidden 0": True, "shown 0": False, "hidden 1": True, "shown 1": False
    }  # fmt: skip
    assert len(check.marked(cell).splitlines()) == len(cell.splitlines()), "lines keep their numbers"


def test_the_next_cell_begins_visible(check):
    check.hidden = True
    check.enter(SimpleNamespace(id="b.values"))
    check("one", 1.0)
    assert (check.log["one"].cell, check.log["one"].hidden) == ("b.values", False)


def by_docstring(x):
    """Backward.  Returns (dx, dgamma, dbeta), as in the paper."""
    return x, x + 1, x + 2


def by_return_line(x):
    """Backward.  Returns (the gradient, a cache)."""
    if x is None:
        return None
    dx, cache = x, {}
    return dx, cache


def other_count(x):
    """Returns: (dx, dgamma, dbeta)."""
    mean, var = x, x
    return mean, var


def without_names(x):
    return x * 2, x


class Layer:
    def forward(self, x):
        y, cache = x, x
        return y, cache

    def __call__(self, x):
        return self.forward(x)


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        (by_docstring, ["dx", "dgamma", "dbeta"]),
        (by_return_line, ["dx", "cache"]),
        (other_count, ["mean", "var"]),
        (without_names, []),
        (Layer().forward, ["y", "cache"]),
        (Layer(), []),
        (lambda x: (x, x), []),
        (divmod, []),
        ((1.0, 2.0), []),
    ],
)
def test_what_the_parts_of_a_tuple_are_called(target, parts):
    _, outcome, _ = call(target, (3.0, 2.0) if target is divmod else (3.0,), {}, "c")
    assert part_names(target, outcome) == parts


def test_what_raised_or_is_no_tuple_has_no_parts():
    assert part_names(by_docstring, {"raised": ["KeyError", ""]}) == []
    assert part_names(by_docstring, {"value": {"t": "list", "v": [1, 2, 3]}}) == []
