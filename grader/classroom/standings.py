"""The points of a class over its units: sums, per cent, sections; under made-up names where they are to be shown."""

import csv
import io
import math
import os
from dataclasses import dataclass, field
from pathlib import Path

from grader.classroom.course import opened, quiet
from grader.classroom.exporters import neutral, number
from grader.classroom.people import More, read_more
from grader.classroom.pseudonyms import pseudonyms
from grader.errors import CourseError
from grader.grading.outputs import shown, some
from grader.report.collect import collect, points_at
from grader.report.scores import Grades, Person

FEWEST = 5  # students of a section, for it to be shown where names are not
NAMED = 5  # students who are named in a line

__all__ = ["Row", "Totals", "number", "read_totals", "write_csv"]


@dataclass
class Row:
    """A student's points. `points`: by unit, None where there are none."""

    id: str
    person: Person
    sections: list[str]
    points: dict[str, float | None]
    waiting: set[str]  # units in which a person has to give points
    out_of: float
    enough: float

    @property
    def sum(self) -> float:
        return sum(p for p in self.points.values() if p is not None)

    @property
    def percent(self) -> float:
        return 100 * self.sum / self.out_of

    @property
    def percent_text(self) -> str:
        """Rounded down, so that it never says 50.0 of somebody who has not passed."""
        return f"{math.floor(10 * self.percent + 1e-6) / 10:.1f}"

    @property
    def passed(self) -> bool:
        return self.percent >= self.enough - 1e-9

    @property
    def verdict(self) -> str:
        return "passed" if self.passed else "not passed"


@dataclass
class Totals:
    """A class's points: units with their maxima, a row for each student, what is not final."""

    units: dict[str, float]
    rows: list[Row]
    enough: float  # per cent
    remarks: list[str] = field(default_factory=list)
    pseudonyms: bool = False

    @property
    def out_of(self) -> float:
        return sum(self.units.values())

    @property
    def with_sections(self) -> bool:
        return not self.pseudonyms and any(row.sections for row in self.rows)

    def groups(self) -> list[tuple[str, list[Row]]]:
        """The class, and its sections where there are some; small ones are left out where names are."""
        found = [("All", self.rows)] if self.rows else []
        for name in sorted({section for row in self.rows for section in row.sections}):
            people = [row for row in self.rows if name in row.sections]
            if len(people) >= FEWEST or not self.pseudonyms:
                found.append((shown(name), people))
        return found


def read_totals(directory: Path, units: list[str], enough: float = 50, pseudonyms: bool = False) -> Totals:
    """Add up the gradebook. units: names or numbers, all where none is given.

    Raises CourseError where the directory is no class, has no such unit, nothing to add up, or points without end.
    """
    directory = directory.resolve()
    with quiet(), opened(directory) as api:
        grades = points_at(api.coursedir.db_url)
    more = read_more(directory)
    chosen = _chosen(grades, units, directory)
    totals = Totals({unit: grades.out_of(unit) for unit in chosen}, [], enough, pseudonyms=pseudonyms)
    if not totals.out_of:
        raise CourseError(f"No unit in the gradebook of {directory} gives points.")
    for person in grades.students:
        graded = {unit: grades.graded.get((unit, person.id)) for unit in chosen}
        points = {unit: g.score if g else None for unit, g in graded.items()}
        waiting = {unit for unit, g in graded.items() if g and g.waiting}
        sections = more.get(person.id, More()).sections
        totals.rows.append(Row(person.id, person, sections, points, waiting, totals.out_of, enough))
    if pseudonyms:
        _hide(directory, totals.rows)
    names = {row.person.id: row.id for row in totals.rows}
    totals.remarks = [*_waiting(totals), *_ungraded(directory, chosen, names, pseudonyms)]
    return totals


def _chosen(grades: Grades, names: list[str], directory: Path) -> list[str]:
    with_points = [unit for unit in grades.units if grades.out_of(unit)]
    chosen = []
    for name in names:
        found = [unit for unit in grades.units if name in (unit, unit.partition("_")[0])]
        if not found:
            known = ", ".join(grades.units) or "none"
            raise CourseError(f"There is no unit {name!r} in the gradebook of {directory}; there are: {known}.")
        chosen += found
    return [unit for unit in grades.units if unit in chosen] or with_points


def _waiting(totals: Totals) -> list[str]:
    lines = []
    for unit in totals.units:
        ids = [row.id for row in totals.rows if unit in row.waiting]
        if ids:
            lines.append(f"{unit}: a person has to give points to {_some(ids)} (marked *).")
    return lines


def _ungraded(directory: Path, units: list[str], names: dict[str, str], hidden: bool) -> list[str]:
    """What was handed in, and has no points: it could not be graded, or was not yet."""
    lines = []
    for unit in collect(directory).units:
        failed = [s.student for s in unit.submissions if s.points is None and not s.in_gradebook]
        shown_as = (names.get(id, "somebody not on the roster" if hidden else id) for id in {*failed, *unit.ungraded})
        if unit.name in units and (ids := sorted(shown_as)):
            lines.append(f"{unit.name}: handed in, and without points: {_some(ids)}.")
    return lines


def _some(ids: list[str]) -> str:
    return some([*map(shown, ids)], NAMED)


def _hide(directory: Path, rows: list[Row]) -> None:
    """Give each row a made-up name, that of the student whenever this class is asked, and the order of these."""
    names = pseudonyms(directory, [row.id for row in rows])
    for row in rows:
        row.id = names[row.id]
    rows.sort(key=lambda row: row.id)


def write_csv(totals: Totals, path: Path) -> None:
    """Write the table, in UTF-8 with a byte order mark as spreadsheets need it. Raises CourseError."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = [] if totals.pseudonyms else ["last_name", "first_name", "email", "section"]
    writer.writerow(["id", *names, *map(neutral, totals.units), "sum", "out_of", "percent", "passed"])
    for row in totals.rows:
        person = row.person
        about = [person.last_name, person.first_name, person.email, ", ".join(row.sections)] if names else []
        points = ["" if p is None else number(p) for p in row.points.values()]
        end = [number(row.sum), number(totals.out_of), row.percent_text, "yes" if row.passed else "no"]
        writer.writerow([*map(neutral, [row.id, *about]), *points, *end])
    partial = path.with_name(f"{path.name}.part")
    try:
        with open(partial, "w", encoding="utf-8-sig", newline="") as file:
            file.write(text.getvalue())
        os.replace(partial, path)
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        partial.unlink(missing_ok=True)
