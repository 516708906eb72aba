"""What is known about a class's submissions: the stored results, joined with the points in the gradebook."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.classroom.course import opened, quiet
from grader.errors import CourseError
from grader.report.scores import Grades, Person, grades_at

RESULTS = Path(".bncourse") / "results"


@dataclass
class CellResult:
    id: str
    exercise: str
    points: float
    out_of: float
    message: str  # "" where the check passed
    hints: list[str]  # the known mistakes it was


@dataclass
class Result:
    """A stored result, as `bncourse grade` wrote it. seconds, cpu: what grading it took."""

    student: str
    unit: str
    file: str
    failed: bool
    reason: str
    repairs: list[str]
    flags: list[str]
    limits: list[str]
    cells: list[CellResult]
    seconds: float
    cpu: float


@dataclass
class Submission:
    """One student's work on one unit. points: after the late penalty; None where it has no score."""

    student: str
    unit: str
    result: Result | None = None  # None: graded, but not by `bncourse grade`
    points: float | None = None
    penalty: float = 0
    cells: dict[str, float] = field(default_factory=dict)  # points by cell id, before the penalty
    waiting: int = 0  # cells that wait for a person's score
    flagged: bool = False  # in formgrader
    in_gradebook: bool = False

    @property
    def file(self) -> str:
        return self.result.file if self.result else f"submitted/{self.student}/{self.unit}/{self.unit}.ipynb"


@dataclass
class CheckCell:
    exercise: str
    out_of: float


@dataclass
class UnitData:
    name: str
    submissions: list[Submission] = field(default_factory=list)  # by student
    cells: dict[str, CheckCell] = field(default_factory=dict)  # the graded cells, in the notebook's order
    ungraded: list[str] = field(default_factory=list)  # students with something in submitted/ and no result

    @property
    def out_of(self) -> float:
        return sum(cell.out_of for cell in self.cells.values())

    @property
    def exercises(self) -> list[str]:
        return list(dict.fromkeys(cell.exercise for cell in self.cells.values()))


@dataclass
class ClassData:
    name: str
    units: list[UnitData]  # by name; those with a submission
    people: dict[str, Person]  # the roster, by id
    unreadable: list[str]  # result files that hold no result, relative to the class


def collect(directory: Path) -> ClassData:
    """Read a class's results, gradebook and list of submissions; nothing is written.

    Raises CourseError when the directory is no class or its gradebook cannot be read.
    """
    directory = directory.resolve()
    with quiet(), opened(directory) as api:
        grades = grades_at(api.coursedir.db_url)
    results, unreadable = {}, []
    for path, result in read_results(directory):
        if result is None:
            unreadable.append(path.relative_to(directory).as_posix())
        else:
            results[result.unit, result.student] = result
    waiting = _submitted(directory) - results.keys() - grades.graded.keys()
    keys = sorted(results.keys() | grades.graded.keys())
    units = {name: UnitData(name) for name in sorted({unit for unit, _ in keys} | {unit for unit, _ in waiting})}
    for key in keys:
        units[key[0]].submissions.append(_join(key, results.get(key), grades))
    for unit, student in sorted(waiting):
        units[unit].ungraded.append(student)
    for unit in units.values():
        _add_cells(unit, grades.units.get(unit.name, {}))
    return ClassData(directory.name, list(units.values()), {p.id: p for p in grades.students}, sorted(unreadable))


def read_results(directory: Path) -> Iterator[tuple[Path, Result | None]]:
    """Each file of stored results with what it holds; None where that is no result."""
    for path in sorted((directory / RESULTS).glob("*/*.json")):
        try:
            yield path, _result(json.loads(path.read_bytes()))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            yield path, None
        except OSError as error:
            raise CourseError(f"{path} cannot be read: {error.strerror}.") from None


def _result(raw: dict) -> Result:
    """Raises KeyError, TypeError, ValueError or AttributeError where it is not as `bncourse grade` writes it."""
    cells = [
        CellResult(
            str(c["id"]),
            str(c["exercise"]),
            float(c["points"]),
            float(c["max_points"]),
            str(c.get("message", "")),
            [str(h) for h in c.get("hints", [])],
        )
        for c in raw.get("cells", [])
    ]
    if raw["status"] not in ("graded", "failed"):
        raise ValueError(raw["status"])
    lists = ([str(text) for text in raw.get(key, [])] for key in ("repairs", "flags", "limits"))
    return Result(
        str(raw["student"]),
        str(raw["unit"]),
        str(raw["file"]),
        raw["status"] == "failed",
        str(raw.get("reason", "")),
        *lists,
        cells,
        float(raw.get("seconds", 0)),
        float(raw.get("cpu", 0)),
    )


def _join(key: tuple[str, str], result: Result | None, grades: Grades) -> Submission:
    """A submission with its points: the gradebook's where it has it, else the result's."""
    submission, graded = Submission(key[1], key[0], result), grades.graded.get(key)
    if graded:
        submission.in_gradebook = True
        submission.cells, submission.penalty, submission.points = graded.cells, graded.penalty, graded.score
        submission.waiting, submission.flagged = graded.waiting, graded.flagged
    elif result and not result.failed:
        submission.cells = {cell.id: cell.points for cell in result.cells}
        submission.points = sum(submission.cells.values())
    return submission


def _add_cells(unit: UnitData, in_gradebook: dict[str, float]) -> None:
    """The unit's graded cells: in the order of its results, with the gradebook's maximal points where it knows them."""
    for submission in unit.submissions:
        for cell in submission.result.cells if submission.result else []:
            if cell.id not in unit.cells and (not in_gradebook or cell.id in in_gradebook):
                unit.cells[cell.id] = CheckCell(cell.exercise, in_gradebook.get(cell.id, cell.out_of))
    for cell, points in in_gradebook.items():
        unit.cells.setdefault(cell, CheckCell(cell.partition("-")[0], points))


def _submitted(directory: Path) -> set[tuple[str, str]]:
    """(unit, student) of every folder in submitted/."""
    found = set()
    try:
        for student in _folders(directory / "submitted"):
            found |= {(unit.name, student.name) for unit in _folders(student)}
    except OSError:  # no such directory, or it may not be read: then nothing is known to wait
        return set()
    return found


def _folders(directory: str | os.PathLike) -> list[os.DirEntry]:
    return [entry for entry in os.scandir(directory) if entry.is_dir() and not entry.name.startswith(".")]
