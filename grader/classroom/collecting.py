"""Collect a unit's submissions from what a learning management system gave: zip files, folders, clones."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path, PurePosixPath

from nbgrader.api import Assignment
from nbgrader.utils import parse_utc
from sqlalchemy import create_engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from grader.classroom.archives import Archives, Entry
from grader.classroom.choose import Choice, choose
from grader.classroom.course import opened, quiet
from grader.classroom.feedback_zip import SYSTEMS
from grader.classroom.people import People, read_more
from grader.classroom.put import Placed, Records, put
from grader.classroom.submitted import name_problem
from grader.classroom.whose import Around, Handed, Nobodys, Whose
from grader.classroom.worksheet import read_worksheet
from grader.errors import CourseError, said_by_database
from grader.grading.outputs import line, shown, some
from grader.grading.release import released_units
from grader.grading.store import Store
from grader.report.scores import grades_at

# Moodle gives each file the time at which it wrote the archive; other versions, and who unpacks, may give that of
# handing in. A class that hands in within an hour is taken for the former: nobody is to be late by a download.
AT_ONCE = timedelta(hours=1)
ABOVE = 3  # folders, at most, that everything lies in and that may be somebody's
TIME = "%Y-%m-%d %H:%M:%S UTC"  # as nbgrader reads it


@dataclass
class Collected:
    """What came of collecting a unit: by student, and what was nobody's or refused."""

    unit: str
    new: list[str] = field(default_factory=list)
    newer: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)  # student, what to know
    problems: list[tuple[str, str]] = field(default_factory=list)  # student, why nothing was taken and what to do
    nobodys: list[str] = field(default_factory=list)  # under which name, what, and what to do
    refused: list[str] = field(default_factory=list)
    general: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # on the roster, and nothing is there
    people: People | None = None

    @property
    def to_do(self) -> bool:
        return bool(self.problems or self.nobodys or self.refused)


def collect(directory: Path, unit: str, given: list[Path], times: str = "auto", dry: bool = False) -> Collected:
    """Collect what was given into submitted/STUDENT/UNIT. unit: a name or a number, of a released one.

    times: whether the times in Moodle's archive become timestamp.txt: "archive", "none", or "auto", where they are more
    than an hour apart. A grading worksheet (CSV) among what was given says it better. dry: write nothing.
    Raises CourseError where nothing can be collected.
    """
    given = [path.resolve() for path in given]
    for path in given:
        if not path.exists():
            raise CourseError(f"{path} is not there.")
    stamps = {n: when for path in given if path.suffix.lower() == ".csv" for n, when in read_worksheet(path).items()}
    given = [path for path in given if path.suffix.lower() != ".csv"]
    directory = directory.resolve()
    with quiet(), opened(directory) as api:
        units = released_units(directory)
        unit = unit_named(unit, units, directory)
        people = People(grades_at(api.coursedir.db_url).students, read_more(directory))
        if not len(people):
            raise CourseError(f"Nobody is on the roster. Put the class there: bncourse roster {directory} FILE.csv")
        whose, due = Whose(people, units, api.config), _due(api.coursedir.db_url, unit)
        collected = Collected(unit, people=people)
        store = Store(directory)
        with Archives() as archives, store.locked():
            records = Records(directory, unit)
            by_student = _sort(given, archives, whose, collected)
            doubtful = _two_people(by_student, [path.name for path in given], records, whose)
            dated = _dated(by_student, "none" if stamps else times, collected)
            try:
                for student, handed in sorted(by_student.items()):
                    if student in doubtful:
                        collected.problems.append((student, doubtful[student]))
                        continue
                    try:
                        choice = choose(handed, unit, units, lambda h, most: archives.read(h.entry, most))
                        _take(directory, student, choice, due, dated, stamps, records, dry, collected)
                    except Exception as error:  # what nobody foresaw of one student's files: it ends nobody else's
                        collected.problems.append((student, _unforeseen(handed, error)))
            finally:
                if not dry:
                    records.write()
            collected.refused = archives.refused
    there = {id for id in people.by_id if (directory / "submitted" / id / unit / f"{unit}.ipynb").exists()}
    collected.missing = sorted(people.by_id.keys() - there - by_student.keys())
    return collected


def unit_named(name: str, units: list[str], directory: Path) -> str:
    """The unit that a name or a number means, of those released in a class. Raises CourseError."""
    for unit in units:
        if name in (unit, unit.partition("_")[0]):
            return unit
    known = f"there are: {', '.join(units)}" if units else "none is released"
    raise CourseError(f"There is no unit {name!r} in {directory}; {known}.")


def _due(url: str, unit: str) -> datetime | None:
    """When a unit is due, in UTC; None where the gradebook does not say."""
    engine = create_engine(url)
    try:
        with Session(engine) as session:
            due = session.scalar(select(Assignment.duedate).where(Assignment.name == unit))
    except SQLAlchemyError as error:
        reason = said_by_database(error)
        raise CourseError(f"The gradebook cannot be read: {reason}.") from None
    finally:
        engine.dispose()
    return parse_utc(due)


def _sort(given: list[Path], archives: Archives, whose: Whose, collected: Collected) -> dict[str, list[Handed]]:
    """All entries of what was given, by student; those that are nobody's are noted."""
    by_student: dict[str, list[Handed]] = defaultdict(list)
    for at, path in enumerate(given):
        entries = list(archives.entries(path))
        if not entries:
            collected.general.append(f"{shown(path.name)} holds nothing that could be handed in.")
        around = _around(path, entries)
        nobodys: dict[Nobodys, list[Entry]] = defaultdict(list)
        for entry in entries:
            found = whose.of(entry, at, around)
            if isinstance(found, Handed):
                by_student[found.student].append(found)
            else:
                nobodys[found].append(entry)
        collected.nobodys += [_about(path.name, who, of, whose.people) for who, of in nobodys.items()]
    return by_student


def _around(given: Path, entries: list[Entry]) -> Around:
    """What is known of a given file from all its entries."""
    name = given.stem if given.suffix.lower() in (".zip", ".ipynb") else given.name
    if not entries:
        return Around(name)
    folders = [PurePosixPath(entry.path).parts[:-1] for entry in entries]
    first, last = min(folders), max(folders)  # if these two begin alike, so do those between them
    common = next((n for n, (a, b) in enumerate(zip(first, last)) if a != b), min(len(first), len(last)))
    above = min(common, ABOVE)
    beside = frozenset(parts[above] for parts in folders if len(parts) > above)
    names = (PurePosixPath(entry.path).name for entry, parts in zip(entries, folders) if len(parts) == above)
    return Around(name, above, beside, frozenset(name for name in names if ".ipynb" in name.lower()))


def _about(archive: str, who: Nobodys, entries: list[Entry], people: People) -> str:
    files = line(shown(entries[0].path), 120) + (f" and {len(entries) - 1} more" if len(entries) > 1 else "")
    name = line(shown(who.name), 80)
    if who.maybe:
        maybe = ", ".join(shown(people.label(id)) for id in who.maybe)
        return f"{name} may be {maybe} ({shown(archive)}: {files}): put the file into submitted/STUDENT/UNIT/ yourself"
    return f"{name} ({shown(archive)}: {files}): put the student on the roster, or rename it to the student's id"


def _two_people(
    by_student: dict[str, list[Handed]], given: list[str], records: Records, whose: Whose
) -> dict[str, str]:
    """By student, why the files may be of two people: who renames themselves hands in under another's name.

    Each person has one number, in Canvas always, in Moodle in one assignment. given: the names of what was given.
    """
    found: dict[str, str] = {}
    for system in SYSTEMS:
        before = {
            student: {number}
            for student, record in records.by_student.items()
            if record.system == system and (number := whose.number(system, record.named))
        }
        sources = [("what was collected before", before)]
        for at, name in enumerate(given):
            numbers: dict[str, set[str]] = defaultdict(set)
            for student, handed in by_student.items():
                for h in handed:
                    if h.given == at and h.layout == system:
                        numbers[student].add(h.number)
            sources.append((shown(name), numbers))
            for student, several in numbers.items():
                if len(several) > 1:
                    found[student] = _two_numbers(system, f"{shown(name)} has", several)
        for (first, one), (second, other) in combinations(sources, 2):
            both = [student for student in one.keys() & other.keys() if student not in found]
            differ = [student for student in both if not one[student] & other[student]]
            # Where the numbers of several are others, and nobody's is the same, it is another of Moodle's assignments.
            if system == "moodle" and len(differ) > 1 and len(differ) == len(both):
                continue
            for student in differ:
                new = other[student] if one is before else one[student] | other[student]
                if not all(whose.has(student, system, number) for number in new):
                    found[student] = _two_numbers(system, f"{first} and {second} have", one[student] | other[student])
    return found


def _two_numbers(system: str, where: str, numbers: set[str]) -> str:
    said = " and ".join(sorted(numbers, key=lambda n: (len(n), n)))
    file = {"moodle": "Moodle's grading worksheet", "canvas": "Canvas's gradebook export"}[system]
    return (
        f"{where} files of this name under {len(numbers)} numbers, {said}, so of {len(numbers)} people; none is taken: "
        f"find out who is who (`bncourse roster` with {file} may tell), or put the right one into submitted/ yourself"
    )


def _unforeseen(handed: list[Handed], error: Exception) -> str:
    files = some([line(shown(h.entry.path), 120) for h in handed], 2)
    why = line(f"{type(error).__name__}: {error}".removesuffix(": "), 120)
    return f"{files} cannot be collected ({why}): put the notebook into submitted/STUDENT/UNIT/ yourself"


def _dated(by_student: dict[str, list[Handed]], asked: str, collected: Collected) -> set[int]:
    """Of which of the given files the times are those of handing in, and not those of making the archive."""
    times: dict[int, dict[str, datetime]] = defaultdict(dict)
    for student, handed in by_student.items():
        for h in handed:
            if h.layout == "moodle" and h.when:
                times[h.given][student] = max(h.when, times[h.given].get(student, h.when))
    dated = set()
    for given, by in times.items():
        if asked == "archive" or (asked == "auto" and max(by.values()) - min(by.values()) >= AT_ONCE):
            dated.add(given)
        elif asked == "auto":
            collected.general.append(
                "The times in Moodle's archive are within an hour, as of a download, and not taken for those of "
                "handing in. If they are: --times archive. Else give Moodle's grading worksheet (CSV), too."
            )
    return dated


def _take(
    directory: Path,
    student: str,
    choice: Choice,
    due: datetime | None,
    dated: Iterable[int],
    stamps: dict[str, datetime],
    records: Records,
    dry: bool,
    collected: Collected,
) -> None:
    """Put one student's choice where it belongs, and note what came of it."""
    problem = choice.problem or (name_problem(student) and f"the id {name_problem(student)}")
    if problem:
        collected.problems.append((student, problem))
        return
    source, stamp = choice.source, ""
    if source.layout == "moodle" and source.number in stamps:
        stamp = stamps[source.number].strftime(TIME)
    elif source.when and (source.layout == "pattern" or source.given in dated):
        stamp = source.when.strftime(TIME)
    elif source.late and due:
        stamp = (due + timedelta(seconds=1)).strftime(TIME)
        choice.notes.append("marked LATE, which does not say how late: timestamp.txt says one second")
    elif source.late:
        problem = f"marked LATE, and the gradebook has no due date: nbgrader db assignment add {collected.unit} "
        collected.problems.append((student, f"{problem}--duedate=2026-10-01T23:59+02:00, then collect again"))
    try:
        placed = put(directory, student, collected.unit, choice, stamp, records, dry)
    except OSError as error:
        placed = Placed(problem=f"it cannot be written: {error.strerror} ({shown(str(error.filename or ''))})")
    if placed.problem:
        collected.problems.append((student, placed.problem))
        return
    {"new": collected.new, "newer": collected.newer, "": collected.same}[placed.what].append(student)
    collected.notes += [(student, note) for note in [*choice.notes, *placed.notes]]
