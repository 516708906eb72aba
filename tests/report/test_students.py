"""Students over the units: who is low or missing in several, who handed in nothing, everybody."""

import pytest
from helpers.made_up_class import cell, result, write, write_gradebook

from grader.report.collect import collect
from grader.report.students import courses, students
from report.reading import read

ONE, TWO, THREE, LATER = "01_a", "02_b", "03_c", "04_d"
POINTS = {  # of 10, by student and unit; None: handed in, and failed
    "ada": {ONE: 10, TWO: 9, THREE: 8},
    "bob": {ONE: 4, TWO: 5, THREE: 4.99},
    "cem": {ONE: 5, TWO: 2},
    "dan": {TWO: 10, THREE: 10, LATER: 1},
    "fay": {ONE: None, TWO: 7, THREE: 7},
}
NAMES = {"ada": "Ada Zeta", "bob": "Bob Alpha", "cem": "Cem Beta", "eve": "Eve Iota", "dan": "Dan Rho"}
PEOPLE = {student: tuple(name.split()) for student, name in NAMES.items()}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    results = [
        result(s, unit, [cell("a-x", p, 10.0)]) if p is not None else result(s, unit, status="failed", reason="empty")
        for s, units in POINTS.items()
        for unit, p in units.items()
    ]
    directory = write(tmp_path_factory.mktemp("students") / "bn", results)
    write_gradebook(directory, results, PEOPLE)
    return directory


def test_who_is_low_and_who_is_missing(directory):
    found = {c.student: c for c in courses(collect(directory), 50)}
    assert list(found) == ["fay", "bob", "cem", "eve", "dan", "ada"]  # by last name; fay has none
    assert {s: c.low for s, c in found.items() if c.low} == {"bob": [ONE, THREE], "cem": [TWO], "dan": [LATER]}
    assert {s: c.missing for s, c in found.items() if c.missing} == {
        "cem": [THREE],
        "dan": [ONE],
        "eve": [ONE, TWO, THREE],  # not of 04, which hardly anybody has handed in yet
    }
    assert [s for s, c in found.items() if c.absent] == ["eve"]
    assert found["fay"].shares == {ONE: None, TWO: 0.7, THREE: 0.7, LATER: None}


def test_as_they_are_shown(directory):
    text = read(directory).text
    text = text[text.index("Students over the units") :]
    assert "1 student handed in nothing: eve Eve Iota." in text
    behind = text[text.index("in two units or more") : text.index("All 6 students")]
    lines = [line for line in behind.splitlines() if line and "Student" not in line and "or more" not in line]
    assert lines == [
        "3 students.",
        "bob Bob Alpha01 (40\u00a0%), 03 (49\u00a0%)–",  # 49.9: rounded down, since it is under the mark
        "cem Cem Beta02 (20\u00a0%)03",
        "dan Dan Rho04 (10\u00a0%)01",
    ]
    unit = text[text.index("\n01_a") :]
    assert "Not handed in: eve Eve Iota, dan Dan Rho\n" in unit[: unit.index("02_b")]  # fay's cannot be read
    assert "fay?70\u00a0%70\u00a0%–" in text and "ada Ada Zeta100\u00a0%90\u00a0%80\u00a0%–" in text


def test_another_mark(directory):
    data = collect(directory)
    assert {c.student: c.low for c in courses(data, 40) if c.low} == {"cem": [TWO], "dan": [LATER]}
    assert "Under 40 % or not handed in, in two units or more" in students(data, 40)


def test_one_unit_has_no_course(tmp_path):
    text = read(write(tmp_path / "bn", [result("ada", ONE, [cell("a-x", 0.0, 1.0)])])).text
    assert "in two units or more" not in text and "All 1 student, unit by unit" in text
