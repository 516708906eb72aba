"""Put the students of a roster file into a class's gradebook."""

from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook, Student
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from grader.classroom.course import opened, quiet
from grader.classroom.people import More, bare, read_more, same, write_more
from grader.classroom.roster_file import Line, read_roster
from grader.errors import CourseError, said_by_database
from grader.grading.outputs import shown
from grader.grading.store import Store

COLUMNS = ("first_name", "last_name", "email", "lms_user_id")


@dataclass
class Imported:
    """What came of a roster file, in students' ids."""

    id_column: str
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # on the roster, and not in the file
    under_another_id: list[str] = field(default_factory=list)  # known by e-mail or LMS id: "x@example.org is ada"
    problems: list[str] = field(default_factory=list)  # lines that nothing was taken from; ids that two students have


def import_roster(directory: Path, path: Path, id_column: str = "", columns: dict[str, str] | None = None) -> Imported:
    """Put a roster file's students into a class's gradebook: all that can be used at once, or, on an error, none.

    Raises CourseError where the directory is no class, or nothing of the file can be used.
    """
    file = read_roster(path, id_column, columns)
    imported = Imported(file.id_column, problems=file.problems)
    directory = directory.resolve()
    with quiet(), opened(directory) as api, Store(directory).locked():
        more = read_more(directory)
        try:
            with Gradebook(api.coursedir.db_url, api.coursedir.course_id) as gradebook:
                session = gradebook.db
                known = _Known(session.scalars(select(Student)).all())
                for entry in file.lines:
                    _put(session, known, entry, more, imported)
                imported.others = sorted(known.by_id.keys() - known.met)
                imported.problems += _hidden(known, more)
                write_more(directory, more)  # first: a second run mends what a full disk stopped here
                session.commit()
        except SQLAlchemyError as error:
            reason = said_by_database(error)
            raise CourseError(
                f"The gradebook cannot be used: {reason}. Nothing was changed. Is formgrader at work on it?"
            ) from None
    return imported


class _Known:
    """The students whom the gradebook has."""

    def __init__(self, students: list[Student]) -> None:
        self.by_id = {student.id: student for student in students}
        self.alike = {same(student.id): student for student in students}
        self.lms = {same(s.lms_user_id): s for s in students if s.lms_user_id}
        self.email = {same(s.email): s for s in students if s.email}
        self.met: set[str] = set()

    def of(self, entry: Line) -> Student | None:
        found = self.by_id.get(entry.id)
        found = found or (entry.lms_user_id and self.lms.get(same(entry.lms_user_id)))
        return found or (entry.email and self.email.get(same(entry.email))) or None


def _hidden(known: _Known, more: dict[str, More]) -> list[str]:
    """A sentence for each e-mail address or other id of a student's that is another's id: a file may be either's."""
    found = []
    for id, student in sorted(known.by_id.items()):
        for name in dict.fromkeys([student.email or "", *more.get(id, More()).aliases]):
            other = known.alike.get(same(name))
            if other is not None and other.id != id:
                who = f"{shown(name)!r} for {shown(id)} alone: it is the id of {shown(other.id)}"
                found.append(f"{who}; what comes under it is nobody's while both have it (see .bncourse/roster.json)")
    return found


def _put(session, known: _Known, entry: Line, more: dict[str, More], imported: Imported) -> None:
    student, where = known.of(entry), f"line {entry.number}"
    alike = known.alike.get(same(entry.id))
    if student is None and alike is not None:
        imported.problems.append(
            f"{where}: {shown(entry.id)!r} is spelt {shown(alike.id)!r} in the gradebook: use that, or forget the other"
        )
        known.met.add(alike.id)
        return
    if student is not None and student.id in known.met:
        imported.problems.append(f"{where}: {shown(entry.id)!r} is {shown(student.id)!r}, who was met before")
        return
    new = student is None
    if student is None:
        student = Student(id=entry.id)
        session.add(student)
        known.by_id[entry.id] = known.alike[same(entry.id)] = student
    elif student.id != entry.id:
        imported.under_another_id.append(f"{shown(entry.id)} is {shown(student.id)}")
    known.met.add(student.id)
    before = [getattr(student, column) for column in COLUMNS], more.get(student.id)
    known_name = bare(f"{student.first_name or ''} {student.last_name or ''}")
    same_name = entry.guessed and bare(f"{entry.first_name} {entry.last_name}") == known_name
    for column in COLUMNS:
        if getattr(entry, column) and not (same_name and column in ("first_name", "last_name")):
            setattr(student, column, getattr(entry, column))
    old = more.get(student.id, More())
    other = [entry.id] if entry.id != student.id else []
    kept = More(entry.sections or old.sections, list(dict.fromkeys([*old.aliases, *entry.aliases, *other])))
    if kept != More():
        more[student.id] = kept
    after = [getattr(student, column) for column in COLUMNS], more.get(student.id)
    (imported.added if new else imported.unchanged if before == after else imported.changed).append(student.id)
