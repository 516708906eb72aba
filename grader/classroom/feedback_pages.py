"""The pages with which students get their work back: those are made whose result has changed."""

import hashlib
import json
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    GradeCell,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import GenerateFeedback, NbGraderException
from sqlalchemy import create_engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from tqdm import tqdm

from grader.classroom.collecting import unit_named
from grader.classroom.course import opened, quiet
from grader.classroom.feedback import TEMPLATE, TEMPLATES, FeedbackExporter, feedback_preprocessors
from grader.errors import CourseError, said_by_database
from grader.grading import secret
from grader.grading.outputs import line
from grader.grading.release import released_units
from grader.grading.store import FOLDER, Store, write_whole


@dataclass
class Made:
    """What came of making a unit's pages, by student."""

    unit: str
    folder: Path  # feedback/
    new: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)  # made anew, since something has changed
    same: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)  # student, why
    ungraded: list[str] = field(default_factory=list)  # handed in, and nothing to return
    outdated: list[str] = field(default_factory=list)  # handed in again since they were graded
    waiting: dict[str, int] = field(default_factory=dict)  # cells that wait for a person's points
    without_secret: list[str] = field(default_factory=list)  # where others have come by nbgrader's exchange
    names: dict[str, str] = field(default_factory=dict)  # as people are called

    @property
    def pages(self) -> dict[str, Path]:
        """Each student's page, by id."""
        return {student: self.page(student) for student in sorted([*self.new, *self.again, *self.same])}

    def page(self, student: str) -> Path:
        """Where a student's page is, or will be."""
        return self.folder / student / self.unit / f"{self.unit}.html"

    def label(self, student: str) -> str:
        name = self.names.get(student)
        return f"{student} ({name})" if name else student


@dataclass
class Known:
    """What the gradebook has of a submission that its page shows."""

    name: str = ""
    rows: list = field(default_factory=list)
    waiting: int = 0


def make_pages(directory: Path, unit: str) -> Made:
    """Make the page of everybody whose result is not the one that their page shows. Raises CourseError."""
    directory = directory.resolve()
    with quiet(), opened(directory) as api:
        unit = unit_named(unit, released_units(directory), directory)
        with Store(directory).locked():
            return _Making(directory, unit, api).make()


class _Making:
    def __init__(self, directory: Path, unit: str, api: NbGraderAPI) -> None:
        self.directory, self.unit, self.api = directory, unit, api
        self.made = Made(unit, directory / api.coursedir.feedback_directory)
        self.record = directory / FOLDER / "feedback" / f"{unit}.json"

    def make(self) -> Made:
        made, known, kept = self.made, _known(self.api.coursedir.db_url, self.unit), _read(self.record)
        config = _hash(self.directory / "nbgrader_config.py")
        wanted = {}
        for student, graded in sorted(self._graded().items()):
            if student not in known:
                made.failed.append((student, f"not in the gradebook: bncourse grade {self.directory} {self.unit}"))
                continue
            made.names[student] = known[student].name
            state = [asdict(known[student]), _hash(graded), self._secret(student), config, _version()]
            wanted[student] = hashlib.sha256(json.dumps(state, default=str).encode()).hexdigest()
            if known[student].waiting:
                made.waiting[student] = known[student].waiting
        there = {student for student in wanted if made.page(student).exists()}
        stale = {s for s in wanted if s not in there or kept.get(s) != wanted[s]}
        failed = self._convert(stale) if stale else {}
        made.failed += failed.items()
        done = stale - failed.keys()
        made.new, made.again, made.same = sorted(done - there), sorted(done & there), sorted(wanted.keys() - stale)
        for student in done:
            # Beside the page, where `nbgrader release_feedback` looks for it: classes were graded without it.
            secret.copy(self._submitted(student), made.page(student).parent)
        now = {student: key for student, key in wanted.items() if student not in failed}
        if now != kept:
            write_whole(self.record, json.dumps(now, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
        self._look_around(wanted)
        return made

    def _convert(self, students: set[str]) -> dict[str, str]:
        """Make the pages of these students. Returns why, of whom it could not be done."""
        course = self.api.coursedir
        course.assignment_id, course.notebook_id, course.student_id = self.unit, self.unit, "*"
        converter = _Fresh(students, coursedir=self.api.coursedir, parent=self.api)
        try:
            converter.start()
        except NbGraderException as error:
            if not converter.failed:
                raise CourseError(f"nbgrader could not make feedback: {line(error)}") from None
        finally:
            converter.bar.close()
        return converter.failed

    def _graded(self) -> dict[str, Path]:
        folder, name = self.directory / self.api.coursedir.autograded_directory, f"{self.unit}.ipynb"
        return {path.parent.parent.name: path for path in folder.glob(f"*/{self.unit}/{name}")}

    def _submitted(self, student: str) -> Path:
        return self.directory / self.api.coursedir.submitted_directory / student / self.unit

    def _secret(self, student: str) -> str:
        """The name under which nbgrader's exchange returns a page; "" where nothing came through it."""
        return secret.read(self._submitted(student))

    def _look_around(self, wanted: dict[str, str]) -> None:
        graded, name = self._graded(), f"{self.unit}.ipynb"
        folder = self.directory / self.api.coursedir.submitted_directory
        for path in sorted(folder.glob(f"*/{self.unit}/{name}")):
            student = path.parent.parent.name
            if student not in graded:
                self.made.ungraded.append(student)
            elif path.stat().st_mtime > graded[student].stat().st_mtime:
                self.made.outdated.append(student)
        secrets = {student: bool(self._secret(student)) for student in wanted}
        if any(secrets.values()):
            self.made.without_secret = sorted(student for student, has in secrets.items() if not has)


class _Fresh(GenerateFeedback):
    """nbgrader's GenerateFeedback for some students, by this course's template; notes why a page could not be made."""

    def __init__(self, students: set[str], **kwargs) -> None:
        super().__init__(**kwargs)
        self.students, self.failed = students, {}
        self.bar = tqdm(total=len(students), desc="feedback", leave=False, disable=None)
        if not issubclass(self.exporter_class, FeedbackExporter):
            self.exporter_class = FeedbackExporter
        own = feedback_preprocessors()  # first: a class that was made without them shows hidden tests
        self.preprocessors = [*own, *(step for step in self.preprocessors if step not in own)]

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        return student_id in self.students

    def convert_single_notebook(self, notebook_filename: str) -> None:
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as error:
            student = self.init_single_notebook_resources(notebook_filename)["nbgrader"]["student"]
            self.failed[student] = f"{type(error).__name__}: {line(error)}"
            raise
        finally:
            self.bar.update()


def _known(url: str, unit: str) -> dict[str, Known]:
    """By student, what the gradebook has of a unit. Raises CourseError."""
    base, known, of = BaseCell.__table__, defaultdict(Known), {}
    submitted = (
        select(SubmittedNotebook.id, SubmittedAssignment.student_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .where(Assignment.name == unit)
    )
    engine = create_engine(url)
    try:
        with Session(engine) as session:
            columns = (SubmittedNotebook.late_submission_penalty, Student.first_name, Student.last_name)
            query = submitted.join(Student, Student.id == SubmittedAssignment.student_id).add_columns(*columns)
            for notebook, student, penalty, first, last in session.execute(query):
                of[notebook] = known[student]
                known[student].name = " ".join(f"{first or ''} {last or ''}".split())
                known[student].rows.append([penalty])
            columns = (Grade.auto_score, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade)
            query = (
                select(Grade.notebook_id, base.c.name, *columns, GradeCell.__table__.c.max_score)
                .join(base, base.c.id == Grade.cell_id)
                .outerjoin(GradeCell.__table__, GradeCell.__table__.c.id == base.c.id)
                .order_by(base.c.name)
            )
            for notebook, *row in session.execute(query):
                if notebook in of:
                    of[notebook].rows.append(row)
                    of[notebook].waiting += bool(row[4])
            query = (
                select(Comment.notebook_id, base.c.name, Comment.auto_comment, Comment.manual_comment)
                .join(base, base.c.id == Comment.cell_id)
                .order_by(base.c.name)
            )
            for notebook, *row in session.execute(query):
                if notebook in of:
                    of[notebook].rows.append(row)
    except SQLAlchemyError as error:
        raise CourseError(f"The gradebook cannot be read: {said_by_database(error)}.") from None
    finally:
        engine.dispose()
    return dict(known)


@cache
def _version() -> str:
    """What pages are made by: those of another version are made again."""
    digest = hashlib.sha256()
    own = [Path(__file__).with_name(name) for name in ("feedback.py", "feedback_math.py")]
    for path in [*own, *sorted((TEMPLATES / TEMPLATE).iterdir())]:
        digest.update(path.read_bytes())
    digest.update(" ".join(version(name) for name in ("nbgrader", "nbconvert", "latex2mathml")).encode())
    return digest.hexdigest()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> dict[str, str]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {str(student): str(key) for student, key in data.items()}
    except (OSError, ValueError, AttributeError, RecursionError):  # then all pages are made again
        return {}
