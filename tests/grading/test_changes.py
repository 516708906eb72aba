"""Whose points a run changed, and by what."""

import math

import pytest

from grader.errors import CourseError
from grader.grading.changes import NAMED, changes
from grader.grading.recorded import CellRow, Recorded


def recorded(penalty: float = 0.0, **cells) -> Recorded:
    rows = {name: one if isinstance(one, CellRow) else CellRow(one, None) for name, one in cells.items()}
    return Recorded(None, penalty, rows)


def test_a_change_names_the_checks():
    before = {"s1011": recorded(a=9.0, b=0.0), "same": recorded(a=1.0)}
    after = {"s1011": recorded(a=9.0, b=1.0), "same": recorded(a=1.0), "new": recorded(a=1.0)}
    assert changes(before, after) == {"s1011": "9 → 10, check b (0 → 1)"}


def test_points_that_make_up_for_each_other_are_a_change_too():
    found = changes({"ada": recorded(a=1.0, b=0.0)}, {"ada": recorded(a=0.0, b=1.0)})
    assert found == {"ada": "1 → 1, check a (1 → 0), check b (0 → 1)"}


def test_a_penalty_is_a_change():
    assert changes({"ada": recorded(a=4.0)}, {"ada": recorded(2.5, a=4.0)}) == {
        "ada": "4 → 1.5, late penalty (0 → 2.5)"
    }


def test_a_person_s_score_stands():
    found = changes({"ada": recorded(a=CellRow(0.0, 1.0))}, {"ada": recorded(a=CellRow(2.0, 1.0))})
    assert found == {"ada": "1 → 1, check a (0 → 2, of which a person's score, 1, counts)"}


def test_cells_that_come_go_or_wait():
    assert changes({"ada": recorded(a=1.0)}, {"ada": recorded(a=1.0, b=2.0)}) == {"ada": "1 → 3, check b (0 → 2)"}
    assert changes({"ada": recorded(e=0.0)}, {"ada": recorded(e=None)}) == {"ada": "0 → 0, e waits for a person"}
    assert changes({"ada": recorded(a=1.0)}, {"ada": recorded(a=1.0, b=0.0)}) == {}


def test_of_many_checks_some_are_named():
    many = {f"c{n}": 0.0 for n in range(NAMED + 3)}
    (text,) = changes({"ada": recorded(**many)}, {"ada": recorded(**dict.fromkeys(many, 1.0))}).values()
    assert text.startswith("0 → 7, check c0 (0 → 1), ") and text.endswith(" and 3 more")


def test_what_was_no_number_is_a_change():
    assert changes({"ada": recorded(a="abc", b=1.0)}, {"ada": recorded(a=2.0, b=1.0)}) == {
        "ada": "? → 3, check a ('abc' → 2)"
    }
    found = changes({"ada": recorded("x", a=2.0)}, {"ada": recorded(0.5, a=2.0)})
    assert found == {"ada": "? → 1.5, late penalty ('x' → 0.5)"}


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (recorded(a="abc"), "'abc' as the points in a of ada: put a number there"),
        (recorded(a=CellRow(1.0, math.inf)), "inf as the points in a of ada"),
        (recorded(a=CellRow(1.0, None, "x")), "'x' as the points in a of ada"),
        (recorded("y", a=1.0), "'y' as the late penalty of ada"),
    ],
)
def test_what_is_no_number_now_is_said_in_one_line(one, words):
    with pytest.raises(CourseError, match=words):
        changes({}, {"bob": recorded(a=1.0), "ada": one})
