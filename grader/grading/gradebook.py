"""Write results into nbgrader's gradebook: one transaction a submission, nothing where nothing has changed."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
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
    new_uuid,
)
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import Table, bindparam, event, make_url, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from grader.errors import CourseError
from grader.grading.release import Release

_GRADE, _COMMENT = Grade.__table__, Comment.__table__
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
        remedy = f"Release it again: nbgrader generate_assignment {unit} --force"
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

        self.grade_cells, self.solution_cells = cells(GradeCell), cells(SolutionCell)
        points = dict(
            session.execute(
                select(GradeCell.name, GradeCell.max_score).where(BaseCell.notebook_id == self.notebook_id)
            ).all()
        )
        wanted = {cell.key: cell.points for cell in release.cells if cell.role in ("check", "manual")}
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
        self.gradebook = self._patiently(lambda: Gradebook(address, course_id))
        self.engine = self.gradebook.engine
        self.penalties = AssignLatePenalties(config=config)
        self.penalties.init_plugin()
        if self.engine.dialect.name == "sqlite":
            # Python's sqlite3 begins transactions when it likes. Begin them ourselves, and as a writer at once.
            event.listen(self.engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
            event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
            self.gradebook.close()  # to be opened again, in that way

    def close(self) -> None:
        self.gradebook.close()

    def unit(self, release: Release) -> UnitRows:
        return self._transaction(lambda session: UnitRows(session, release))

    def scores(self, rows: UnitRows) -> dict[str, tuple[datetime | None, dict[str, float | None]]]:
        """By student, when they submitted and what each cell has from autograding, as the gradebook has it."""

        def read(session: Session) -> dict:
            found: dict = {}
            query = (
                select(SubmittedAssignment.student_id, SubmittedAssignment.timestamp, BaseCell.name, Grade.auto_score)
                .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
                .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
                .join(BaseCell, BaseCell.id == Grade.cell_id)
                .where(SubmittedAssignment.assignment_id == rows.assignment_id)
            )
            for student, timestamp, cell, score in session.execute(query):
                found.setdefault(student, (timestamp, {}))[1][cell] = score
            return found

        return self._transaction(read)

    def write(
        self,
        rows: UnitRows,
        student: str,
        scores: dict[str, float | None],
        unanswered: Iterable[str],
        timestamp: datetime | None,
    ) -> None:
        """Write a submission's scores (by cell; None: for a person to grade), as `nbgrader autograde` would."""
        unanswered = set(unanswered)

        def work(session: Session) -> None:
            notebook = self._submitted_notebook(session, rows, student, timestamp)
            manual = dict(
                session.execute(
                    select(_GRADE.c.cell_id, _GRADE.c.manual_score).where(_GRADE.c.notebook_id == notebook)
                ).all()
            )
            grades = [
                # A score given by a person stays, but should be looked at again.
                {"cell": cell, "auto_score": score, "needs_manual_grade": manual.get(cell) is not None or score is None}
                for cell, score in ((rows.grade_cells[name], score) for name, score in scores.items())
            ]
            _put(session, _GRADE, notebook, grades, set(manual))
            there = set(session.scalars(select(_COMMENT.c.cell_id).where(_COMMENT.c.notebook_id == notebook)))
            comments = [
                {"cell": cell, "auto_comment": "No response." if name in unanswered else None}
                for name, cell in rows.solution_cells.items()
            ]
            _put(session, _COMMENT, notebook, comments, there)
            if rows.due is not None:
                self._late_penalty(session, notebook, student)

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
        if timestamp is not None:
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

    def _late_penalty(self, session: Session, notebook_id: str, student: str) -> None:
        """As nbgrader's AssignLatePenalties, by the plugin that the class has chosen."""
        notebook = session.get(SubmittedNotebook, notebook_id)
        session.refresh(notebook)
        notebook.late_submission_penalty = None
        late = notebook.assignment.total_seconds_late
        if late > 0:
            try:
                penalty = self.penalties.plugin_inst.late_submission_penalty(student, notebook.score, late)
                if penalty is not None:
                    notebook.late_submission_penalty = self.penalties._check_late_penalty(notebook, penalty)
            except Exception as error:  # the class's own plugin
                what = f"{type(error).__name__}: {error}"
                raise CourseError(f"The class's plugin for late penalties stopped at {student!r}: {what}") from None

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
                    raise CourseError(f"gradebook.db cannot be used: {what}. What is graded is kept.") from None
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
