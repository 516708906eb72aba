"""A term's points: each sum checked by hand, rounded down, in sections, in a table for spreadsheets."""

import csv

import pytest
from helpers.summed_class import ONE, TWO
from nbgrader.api import Gradebook

from grader.classroom.people import More, write_more
from grader.classroom.standings import read_totals, write_csv
from grader.errors import CourseError


def test_sums(summed_class):
    totals = read_totals(summed_class, [])
    assert totals.units == {ONE: 4, TWO: 6} and totals.out_of == 10
    rows = {row.id: row for row in totals.rows}
    assert rows["ada"].points == {ONE: 4, TWO: 3.5} and rows["ada"].sum == 7.5 and rows["ada"].percent == 75
    assert rows["bob"].points == {ONE: 2, TWO: None} and rows["bob"].sum == 2
    assert rows["eve"].points == {ONE: None, TWO: None} and rows["eve"].sum == 0
    assert [row.passed for row in (rows["ada"], rows["bob"], rows["eve"])] == [True, False, False]
    assert [(name, len(people)) for name, people in totals.groups()] == [("All", 3), ("Mon", 2), ("Tue", 2)]


def test_one_unit_and_another_mark(summed_class):
    totals = read_totals(summed_class, ["03"], enough=50)
    assert totals.units == {ONE: 4} and totals.remarks == []
    assert {row.id for row in totals.rows if row.passed} == {"ada", "bob"}
    assert {row.id for row in read_totals(summed_class, ["03"], enough=50.01).rows if row.passed} == {"ada"}


def test_a_submission_that_was_not_graded_yet(summed_class):
    (summed_class / "submitted" / "eve" / ONE).mkdir(parents=True)
    assert read_totals(summed_class, ["03"]).remarks == [f"{ONE}: handed in, and without points: eve."]


def test_a_link_to_itself_hides_nobody_who_was_not_graded(summed_class):
    (summed_class / "submitted" / "eve" / ONE).mkdir(parents=True)
    (summed_class / "submitted" / "eve" / "x").symlink_to("x")
    assert read_totals(summed_class, ["03"]).remarks == [f"{ONE}: handed in, and without points: eve."]


def test_points_without_end_are_named(summed_class):
    with Gradebook(f"sqlite:///{summed_class / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.find_grade("a-0", ONE, ONE, "bob").manual_score = float("inf")
        gradebook.db.commit()
    with pytest.raises(CourseError, match=f"has inf as the points for a-0 of bob in {ONE}"):
        read_totals(summed_class, [])


def test_csv(summed_class, tmp_path):
    write_csv(read_totals(summed_class, []), tmp_path / "t.csv")
    content = (tmp_path / "t.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    head = ["id", "last_name", "first_name", "email", "section", ONE, TWO, "sum", "out_of", "percent", "passed"]
    assert rows[0] == head
    assert rows[1] == ["bob", "Böb", "'=1+1", "", "Mon, Tue", "2", "", "2", "10", "20.0", "no"]
    assert rows[2] == ["ada", "King", "Ada", "", "Mon", "4", "3.5", "7.5", "10", "75.0", "yes"]
    assert not list(tmp_path.glob("*.part"))


def test_sections_of_many_are_shown_under_pseudonyms(summed_class):
    with Gradebook(f"sqlite:///{summed_class / 'gradebook.db'}", "made-up") as gradebook:
        for n in range(5):
            gradebook.add_student(f"s{n}")
    write_more(summed_class, {f"s{n}": More(["Wed"]) for n in range(5)} | {"ada": More(["Mon"])})
    assert [name for name, _ in read_totals(summed_class, [], pseudonyms=True).groups()] == ["All", "Wed"]


def test_never_rounded_up(summed_class):
    with Gradebook(f"sqlite:///{summed_class / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.find_grade("a-0", ONE, ONE, "bob").manual_score = 1.9999
        gradebook.db.commit()
    (bob,) = (row for row in read_totals(summed_class, ["03"]).rows if row.id == "bob")
    assert bob.percent_text == "49.9" and not bob.passed
