"""Write results into nbgrader's gradebook: one transaction a submission, nothing where nothing has changed."""

import time
from collections.abc import Callable, Container, Iterable
from datetime import datetime, timedelta
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    SolutionCell,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
    new_uuid,
)
from sqlalchemy import Table, bindparam, event, make_url, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from grader.errors import CourseError
from grader.grading.empty_gradebook import make_tables
from grader.grading.late import Late
from grader.grading.recorded import CellRow, Recorded
from grader.grading.release import Release
from grader.report.scores import Person, read_people

_GRADE, _COMMENT = Grade.__table__, Comment.__table__
GRADED = ("check", "manual", "task")  # the roles of cells that have points
OLD = "If an earlier nbgrader made it: keep a copy of it, then run nbgrader db upgrade in the class's directory."
WAIT = 60  # seconds, for another program to let go of the gradebook


class Locked(CourseError):
    """Another program did not let go of the gradebook."""

    def __init__(self) -> None:
        super().__init__(
            "gradebook.db is locked by another program (formgrader? another nbgrader?). What is graded is kept: close "
            "that program, and run the same command again."
        )


class UnitRows:
    """The rows that a unit has in the gradebook, as released. Raises CourseError where they are not the release's."""

    def __init__(self, session: Session, release: Release) -> None:
        unit = release.unit
        remedy = f"In the class's directory: bncourse class . {unit} (what was edited there stays)"
        assignment = session.scalar(select(Assignment).where(Assignment.name == unit))
        if assignment is None:
            raise CourseError(f"{unit} is not in the gradebook. {remedy}")
        self.assignment_id, self.due = assignment.id, assignment.duedate
        notebooks = session.execute(
            select(Notebook.name, Notebook.id).where(Notebook.assignment_id == self.assignment_id)
        )
        notebooks = dict(notebooks.all())
        if list(notebooks) != [unit]:
            raise CourseError(f"{unit} has other notebooks in the gradebook than {unit}.ipynb. {remedy}")
        self.notebook_id = notebooks[unit]

        def cells(kind: type) -> dict[str, str]:
            rows = session.execute(select(kind.name, kind.id).where(BaseCell.notebook_id == self.notebook_id))
            return dict(rows.all())

        self.grade_cells, self.solution_cells = cells(GradeCell) | cells(TaskCell), cells(SolutionCell)
        self.commented = self.solution_cells | cells(TaskCell)
        points = {}
        for kind in (GradeCell, TaskCell):
            query = select(kind.name, kind.max_score).where(BaseCell.notebook_id == self.notebook_id)
            points |= dict(session.execute(query).all())
        wanted = {cell.key: cell.points for cell in release.cells if cell.role in GRADED}
        if points != wanted:
            raise CourseError(
                f"source/{unit} is not what was released: its points differ from the gradebook's. {remedy}"
            )


class Writer:
    """The one writer of a class's gradebook."""

    def __init__(self, url: str, course_id: str, config: Any, waiting: Callable[[str], None] = print) -> None:
        self.waiting = waiting
        address = make_url(url)
        if address.get_backend_name() == "sqlite":
            address = address.update_query_dict({"timeout": "1"})  # second; then we say that we wait
        self._patiently(lambda: make_tables(address))
        self.gradebook = self._patiently(lambda: Gradebook(address, course_id))
        self.engine = self.gradebook.engine
        self.late = Late(config)
        if self.engine.dialect.name == "sqlite":
            # Python's sqlite3 begins transactions when it likes. Begin them ourselves, and as a writer at once.
            event.listen(self.engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
            event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
            self.gradebook.close()  # to be opened again, in that way

    def close(self) -> None:
        self.gradebook.close()

    def unit(self, release: Release) -> UnitRows:
        return self._transaction(lambda session: UnitRows(session, release))

    def submissions(self, rows: UnitRows) -> dict[str, Recorded]:
        """By student, what the gradebook has of a unit."""

        def read(session: Session) -> dict[str, Recorded]:
            found: dict[str, Recorded] = {}
            query = (
                select(
                    SubmittedAssignment.student_id,
                    SubmittedAssignment.timestamp,
                    SubmittedNotebook.late_submission_penalty,
                    BaseCell.name,
                    Grade.auto_score,
                    Grade.manual_score,
                    Grade.extra_credit,
                    Grade.needs_manual_grade,
                )
                .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
                .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
                .join(BaseCell, BaseCell.id == Grade.cell_id)
                .where(SubmittedAssignment.assignment_id == rows.assignment_id)
                .order_by(BaseCell.name)
            )
            for student, timestamp, penalty, cell, auto, manual, extra, waiting in session.execute(query):
                one = found.setdefault(student, Recorded(timestamp, penalty or 0.0))
                one.cells[cell] = CellRow(auto, manual, extra or 0.0, bool(waiting))
            return found

        return self._transaction(read)

    def students(self) -> list[Person]:
        """Everybody whom the gradebook knows: the roster, and who was graded without being on it."""
        return self._transaction(read_people)

    def graded(self) -> set[str]:
        """Who of them has a submission in the gradebook, of whatever unit."""
        return self._transaction(lambda session: set(session.scalars(select(SubmittedAssignment.student_id))))

    def write(
        self,
        rows: UnitRows,
        student: str,
        scores: dict[str, float | None],
        unanswered: Iterable[str],
        timestamp: datetime | None,
        unchanged: Container[str] = (),
    ) -> None:
        """Write a submission's scores (by cell; None: for a person to grade), as `nbgrader autograde` would.

        timestamp: when it was handed in, in UTC; None where that is not known. Late penalties: see `penalties`.
        unchanged: cells of which a person has seen the answer that is written here, if a person has graded them.
        """
        unanswered = set(unanswered)

        def work(session: Session) -> None:
            notebook = self._submitted_notebook(session, rows, student, timestamp)
            columns = (_GRADE.c.cell_id, _GRADE.c.manual_score, _GRADE.c.needs_manual_grade)
            before = {
                cell: (manual, waiting)
                for cell, manual, waiting in session.execute(select(*columns).where(_GRADE.c.notebook_id == notebook))
            }
            grades = []
            for name, score in scores.items():
                manual, waiting = before.get(rows.grade_cells[name], (None, False))
                if manual is None:
                    waiting = score is None
                elif name not in unchanged:  # a score given by a person stays, but should be looked at again
                    waiting = True
                grades.append(
                    {"cell": rows.grade_cells[name], "auto_score": score, "needs_manual_grade": bool(waiting)}
                )
            _put(session, _GRADE, notebook, grades, set(before))
            there = set(session.scalars(select(_COMMENT.c.cell_id).where(_COMMENT.c.notebook_id == notebook)))
            comments = [
                {"cell": cell, "auto_comment": "No response." if name in unanswered else None}
                for name, cell in rows.commented.items()
            ]
            _put(session, _COMMENT, notebook, comments, there)

        self._transaction(work)

    def _submitted_notebook(self, session: Session, rows: UnitRows, student: str, timestamp) -> str:
        if session.get(Student, student) is None:
            session.add(Student(id=student))
        query = select(SubmittedAssignment).where(
            SubmittedAssignment.assignment_id == rows.assignment_id, SubmittedAssignment.student_id == student
        )
        submission = session.scalar(query)
        if submission is None:
            submission = SubmittedAssignment(id=new_uuid(), assignment_id=rows.assignment_id, student_id=student)
            session.add(submission)
        submission.timestamp = timestamp
        session.flush()
        notebook = session.scalar(
            select(SubmittedNotebook.id).where(
                SubmittedNotebook.assignment_id == submission.id, SubmittedNotebook.notebook_id == rows.notebook_id
            )
        )
        if notebook is None:
            notebook = new_uuid()
            session.add(SubmittedNotebook(id=notebook, assignment_id=submission.id, notebook_id=rows.notebook_id))
            session.flush()
        return notebook

    def penalties(self, rows: UnitRows, student: str | None = None) -> None:
        """Compute a unit's late penalties (a student's only) by what the gradebook says now.

        Due dates and extensions are moved, and points are given by hand, when nothing has to be run again.
        Raises CourseError where the class's plugin stops.
        """

        def work(session: Session) -> None:
            query = (
                select(
                    SubmittedNotebook.id,
                    SubmittedAssignment.student_id,
                    SubmittedAssignment.timestamp,
                    SubmittedAssignment.extension,
                    SubmittedNotebook.late_submission_penalty,
                )
                .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
                .where(SubmittedAssignment.assignment_id == rows.assignment_id)
            )
            for notebook, of, timestamp, extension, penalty in session.execute(query).all():
                due = rows.due and rows.due + (extension or timedelta())
                late = max(0.0, (timestamp - due).total_seconds()) if due and timestamp else 0.0
                if student in (None, of) and (late or penalty is not None):
                    self.late.penalize(session.get(SubmittedNotebook, notebook), of, late)

        self._transaction(work)

    def _transaction(self, work: Callable[[Session], Any]) -> Any:
        """Do something in one transaction, which is begun anew where another program holds the gradebook."""

        def attempt() -> Any:
            with Session(self.engine) as session, session.begin():
                return work(session)

        return self._patiently(attempt)

    def _patiently(self, attempt: Callable[[], Any]) -> Any:
        """Do something with the gradebook; wait where another program holds it. Raises Locked and CourseError."""
        end, said = time.monotonic() + WAIT, False
        while True:
            try:
                return attempt()
            except DatabaseError as error:
                what = str(error.orig)
                if "locked" not in what and "busy" not in what:
                    old = f" {OLD}" if "no such" in what else ""
                    raise CourseError(f"gradebook.db cannot be used: {what}. What is graded is kept.{old}") from None
                if time.monotonic() > end:
                    raise Locked from None
                if not said:
                    self.waiting("gradebook.db is locked by another program; waiting for it ...")
                    said = True
                time.sleep(0.2)


def _put(session: Session, table: Table, notebook: str, rows: list[dict], there: set[str]) -> None:
    """Write the rows of a notebook's cells: change those that are there, add the others.

    Not by nbgrader's mapped objects, which take ten times as long.
    """
    new = [row for row in rows if row["cell"] not in there]
    old = [row for row in rows if row["cell"] in there]
    if new:
        columns = [{k: v for k, v in row.items() if k != "cell"} | {"cell_id": row["cell"]} for row in new]
        session.execute(table.insert(), [{"id": new_uuid(), "notebook_id": notebook, **row} for row in columns])
    if old:
        change = table.update().where(table.c.notebook_id == notebook, table.c.cell_id == bindparam("cell"))
        session.execute(change.values({k: bindparam(k) for k in old[0] if k != "cell"}), old)
