"""What is known about a class's submissions: the stored results, joined with the points in the gradebook."""

import contextlib
import math
from dataclasses import dataclass, field
from pathlib import Path

from grader.classroom.course import opened, quiet
from grader.classroom.submitted import entries, is_folder
from grader.errors import CourseError
from grader.grading.copies import Group, groups
from grader.grading.release import Release, exercise_of, read_release, released_units
from grader.grading.result import Result
from grader.grading.store import Store
from grader.report.scores import Grades, Person, grades_at


@dataclass
class Standing:
    """Where one student stands in one unit: the result, joined with the gradebook.

    points: after the late penalty; None where it has no score.
    """

    student: str
    unit: str
    result: Result | None = None  # None: graded, but not by `bncourse grade`
    points: float | None = None
    penalty: float = 0
    cells: dict[str, float] = field(default_factory=dict)  # points by cell id, before the penalty
    waiting: list[str] = field(default_factory=list)  # ids of the cells that wait for a person's score
    flagged: bool = False  # in formgrader
    in_gradebook: bool = False
    file: str = ""  # relative to the class; "" where it is not to be shown

    @property
    def scored(self) -> bool:
        """Whether there are points, be it that a person still has to give some."""
        return self.in_gradebook or (self.result is not None and not self.result.failed)


@dataclass
class CheckCell:
    exercise: str
    out_of: float


@dataclass
class UnitData:
    name: str
    submissions: list[Standing] = field(default_factory=list)  # by student
    cells: dict[str, CheckCell] = field(default_factory=dict)  # the graded cells, in the notebook's order
    ungraded: list[str] = field(default_factory=list)  # students with something in submitted/ and no result
    alike: list[Group] = field(default_factory=list)  # students who share answers
    waiting: set[str] = field(default_factory=set)  # ids of the cells that wait for a person in some submission

    @property
    def counted(self) -> dict[str, CheckCell]:
        """The cells that statistics count. As long as one submission waits for a cell's score, it counts for nobody."""
        return {id: cell for id, cell in self.cells.items() if id not in self.waiting}

    @property
    def out_of(self) -> float:
        """The points of the cells that are counted."""
        return sum(cell.out_of for cell in self.counted.values())

    @property
    def left_out(self) -> float:
        """The points of those that are not."""
        return sum(cell.out_of for id, cell in self.cells.items() if id in self.waiting)

    def earned(self, submission: Standing) -> float | None:
        """A submission's points in the cells that are counted, less the late penalty; None where it has no score."""
        if not submission.scored:
            return None
        points = math.fsum(p for id, p in submission.cells.items() if id not in self.waiting)
        return max(0.0, points - submission.penalty)

    @property
    def handed_in(self) -> set[str]:
        """The students of whom there is a submission, graded or not."""
        return {s.student for s in self.submissions} | {*self.ungraded}

    @property
    def exercises(self) -> list[str]:
        return list(dict.fromkeys(cell.exercise for cell in self.cells.values()))


@dataclass
class ClassData:
    name: str
    units: list[UnitData]  # by name; those with a submission
    people: dict[str, Person]  # the roster, by id
    unreadable: list[str]  # result files that hold no result, relative to the class

    @property
    def everybody(self) -> set[str]:
        """Who is on the roster, or has handed something in."""
        return self.people.keys() | {student for unit in self.units for student in unit.handed_in}


def collect(directory: Path) -> ClassData:
    """Read a class's results, gradebook and list of submissions; nothing is written.

    Raises CourseError when the directory is no class, or its gradebook or submitted/ cannot be read.
    """
    directory = directory.resolve()
    with quiet(), opened(directory) as api:
        grades = points_at(api.coursedir.db_url)
    results, unreadable = {}, []
    for path, result in Store(directory).results():
        if result is None:
            unreadable.append(path.relative_to(directory).as_posix())
        else:
            results[result.unit, result.student] = result
    known = {*released_units(directory), *grades.units, *(unit for unit, _ in results)}
    waiting = _submitted(directory, known) - results.keys() - grades.graded.keys()
    keys = sorted(results.keys() | grades.graded.keys())
    units = {name: UnitData(name) for name in sorted({unit for unit, _ in keys} | {unit for unit, _ in waiting})}
    for key in keys:
        units[key[0]].submissions.append(_join(key, results.get(key), grades))
    for unit, student in sorted(waiting):
        units[unit].ungraded.append(student)
    for unit in units.values():
        _add_cells(unit, grades.units.get(unit.name, {}))
        unit.waiting = {cell for s in unit.submissions for cell in s.waiting}
        unit.alike = groups((s.result for s in unit.submissions if s.result), _release(directory, unit.name))
    return ClassData(directory.name, list(units.values()), {p.id: p for p in grades.students}, sorted(unreadable))


def points_at(url: str) -> Grades:
    """The grades in the database at this URL, as `grades_at`; all points are numbers. Raises CourseError."""
    grades = grades_at(url)
    grades.check()
    return grades


def _join(key: tuple[str, str], result: Result | None, grades: Grades) -> Standing:
    """A submission with its points: the gradebook's where it has it, else the result's."""
    file = result.file if result else f"submitted/{key[1]}/{key[0]}/{key[0]}.ipynb"
    submission, graded = Standing(key[1], key[0], result, file=file), grades.graded.get(key)
    if graded:
        submission.in_gradebook = True
        submission.cells, submission.penalty, submission.points = graded.cells, graded.penalty, graded.score
        submission.waiting, submission.flagged = graded.waiting, graded.flagged
    elif result and not result.failed:
        submission.cells = {id: points for id, points in result.scores.items() if points is not None}
        submission.waiting = [id for id, points in result.scores.items() if points is None]
        submission.points = None if submission.waiting else sum(submission.cells.values())
    return submission


def _release(directory: Path, unit: str) -> Release | None:
    """The unit as it is released, with the course's own answers; None where it cannot be read any more."""
    try:
        return read_release(directory, unit)
    except CourseError:
        return None


def _add_cells(unit: UnitData, in_gradebook: dict[str, float]) -> None:
    """The unit's graded cells: in the order of its results, with the gradebook's maximal points where it knows them."""
    for submission in unit.submissions:
        for cell in submission.result.cells if submission.result else []:
            if cell.id not in unit.cells and (not in_gradebook or cell.id in in_gradebook):
                unit.cells[cell.id] = CheckCell(cell.exercise, in_gradebook.get(cell.id, cell.max_points))
    for cell, points in in_gradebook.items():
        unit.cells.setdefault(cell, CheckCell(exercise_of(cell), points))


def _submitted(directory: Path, units: set[str]) -> set[tuple[str, str]]:
    """(unit, student) of what lies in students' folders in submitted/ and is named as one of these units is."""
    found = set()
    for student in entries(directory / "submitted"):
        if is_folder(student) and not student.name.startswith("."):
            with contextlib.suppress(CourseError):  # one that cannot be read, of which `bncourse grade` says so
                inside = entries(Path(student.path))
                found |= {(entry.name, student.name) for entry in inside if entry.name in units}
    return found
