"""All points of a class, read from nbgrader's gradebook in a few queries: some 72,000 grades in about a second."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from sqlalchemy import create_engine, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from grader.errors import CourseError, said_by_database
from grader.grading.outputs import shown
from grader.grading.recorded import is_number

WRITTEN = (Grade.auto_score, Grade.manual_score, Grade.extra_credit)  # the columns that Grade.score adds up


@dataclass(frozen=True)
class Person:
    """A student on the roster; every field is arbitrary text."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""

    @property
    def name(self) -> str:
        return " ".join(f"{self.first_name} {self.last_name}".split())


@dataclass
class Graded:
    """One submission in the gradebook. Points count manual scores and extra credit, as nbgrader does."""

    cells: dict[str, float] = field(default_factory=dict)  # points by cell id
    penalty: float = 0  # points taken off for being late
    waiting: list[str] = field(default_factory=list)  # ids of the cells that wait for a person's score
    flagged: bool = False  # in formgrader

    @property
    def score(self) -> float:
        """As in nbgrader's own export: what was earned less the penalty, and no less than 0."""
        return max(0.0, sum(self.cells.values()) - self.penalty)


@dataclass
class Grades:
    """A gradebook: the roster, by unit the cells' maximal points, by (unit, student) what was earned."""

    students: list[Person] = field(default_factory=list)  # by last name, first name, id
    units: dict[str, dict[str, float]] = field(default_factory=dict)  # by name
    graded: dict[tuple[str, str], Graded] = field(default_factory=dict)
    no_numbers: list[str] = field(default_factory=list)  # what somebody wrote by hand where a number belongs

    def check(self) -> None:
        """Raises CourseError where points are no numbers: SQL's sums take a text for 0, and go on with infinity."""
        if self.no_numbers:
            raise CourseError(f"The gradebook has {self.no_numbers[0]}. Put the right number there.")

    def note(self, values: Iterable[object], what: str, *of: str) -> None:
        """Keep what is no number, for `check`; None is nothing yet."""
        for value in values:
            if value is not None and not is_number(value):
                self.no_numbers.append(f"{value!r} as the {what.format(*map(shown, of))}")

    def out_of(self, unit: str) -> float:
        return sum(self.units[unit].values())


def read_people(session: Session) -> list[Person]:
    """Everybody whom the gradebook knows: the roster, and who was graded without being on it."""
    columns = (Student.id, Student.first_name, Student.last_name, Student.email, Student.lms_user_id)
    return [Person(*(value or "" for value in row)) for row in session.execute(select(*columns))]


def read_grades(session: Session) -> Grades:
    """Everything a report or an export needs, in five queries however large the class. `session`: `Gradebook.db`."""
    grades = Grades(sorted(read_people(session), key=lambda p: (p.last_name, p.first_name, p.id)))
    grades.units = {name: {} for name in session.scalars(select(Assignment.name).order_by(Assignment.name))}
    base = BaseCell.__table__
    for kind in (GradeCell.__table__, TaskCell.__table__):
        query = (
            select(Assignment.name, base.c.name, kind.c.max_score)
            .select_from(kind.join(base, base.c.id == kind.c.id))
            .join(Notebook, Notebook.id == base.c.notebook_id)
            .join(Assignment, Assignment.id == Notebook.assignment_id)
            .order_by(base.c.name)
        )
        for unit, cell, points in session.execute(query):
            cells = grades.units[unit]
            grades.note([points], "most points for {} in {}", cell, unit)
            points = points if is_number(points) else 0
            cells[cell] = cells.get(cell, 0) + points  # a cell id may stand in two notebooks of one assignment
    notebooks = {}
    query = (
        _submitted()
        .add_columns(SubmittedNotebook.late_submission_penalty, SubmittedNotebook.flagged)
        .order_by(Assignment.name, SubmittedAssignment.student_id)
    )
    for notebook, unit, student, penalty, flagged in session.execute(query):
        graded = grades.graded.setdefault((unit, student), Graded())
        notebooks[notebook] = graded, student, unit
        grades.note([penalty], "late penalty of {} in {}", student, unit)
        graded.penalty += penalty if is_number(penalty) else 0
        graded.flagged |= bool(flagged)
    query = (
        select(Grade.notebook_id, base.c.name, Grade.score, Grade.needs_manual_grade, *WRITTEN)
        .join(base, base.c.id == Grade.cell_id)
        .order_by(base.c.name)
    )
    for notebook, cell, points, waiting, *written in session.execute(query):
        if notebook in notebooks:
            graded, *whose = notebooks[notebook]
            grades.note(written, "points for {} of {} in {}", cell, *whose)
            graded.cells[cell] = graded.cells.get(cell, 0) + points
            if waiting:
                graded.waiting.append(cell)
    return grades


def read_comments(session: Session) -> dict[tuple[str, str], list[str]]:
    """By (unit, student), the comments that people wrote in formgrader, in the order of the cells' ids."""
    base = BaseCell.__table__
    query = (
        _submitted()
        .add_columns(Comment.manual_comment)
        .join(Comment, Comment.notebook_id == SubmittedNotebook.id)
        .join(base, base.c.id == Comment.cell_id)
        .order_by(base.c.name)
    )
    found = defaultdict(list)
    for _, unit, student, comment in session.execute(query):
        if comment and comment.strip():
            found[unit, student].append(comment.strip())
    return dict(found)


def _submitted():
    """A query for (id of a submitted notebook, unit, student)."""
    return (
        select(SubmittedNotebook.id, Assignment.name, SubmittedAssignment.student_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
    )


def grades_at(url: str) -> Grades:
    """The grades in the database at this URL, which is only read; none where there is no such file yet.

    `nbgrader.api.Gradebook` would make the file, its tables and the course. Raises CourseError where it cannot be read.
    """
    try:
        parsed = make_url(url)
    except SQLAlchemyError as error:
        raise CourseError(f"CourseDirectory.db_url in nbgrader_config.py is no database's address: {error}") from None
    file = parsed.database if parsed.get_backend_name() == "sqlite" else None
    if file and not Path(file).exists():
        return Grades()
    try:
        engine = create_engine(parsed)
    except (ImportError, SQLAlchemyError) as error:
        raise CourseError(f"The gradebook {parsed} cannot be opened: {error}") from None
    try:
        if not inspect(engine).has_table(Assignment.__tablename__):
            return Grades()
        with Session(engine) as session:
            return read_grades(session)
    except SQLAlchemyError as error:
        reason = said_by_database(error)
        raise CourseError(f"The gradebook {file or parsed} cannot be read: {reason}.") from None  # hides a password
    finally:
        engine.dispose()
