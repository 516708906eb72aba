"""`bncourse grade`: every submission of a class, graded in a jail, into nbgrader's gradebook."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from grader.classroom.config import importable
from grader.classroom.course import opened, quiet
from grader.classroom.strangers import alike, not_on_roster
from grader.classroom.submitted import submitted
from grader.errors import CourseError
from grader.grading import secret, timestamp
from grader.grading.changes import changes
from grader.grading.copies import same_answers
from grader.grading.earlier import remember
from grader.grading.gradebook import Locked, UnitRows, Writer
from grader.grading.jail import check_available
from grader.grading.job import GradeJob, PlanJob
from grader.grading.limits import Limits
from grader.grading.notebook import Unreadable, read_file
from grader.grading.outcome import Outcome
from grader.grading.plan import Plan
from grader.grading.pool import open_pool
from grader.grading.recorded import Recorded
from grader.grading.release import Release, read_release, released_units
from grader.grading.result import Result
from grader.grading.scratch import sweep
from grader.grading.store import Store, result_key, write_whole
from grader.grading.submission import Submission, read_submission
from grader.grading.timestamp import Timestamp


@dataclass
class Options:
    """What `bncourse grade` was asked for."""

    units: list[str] = field(default_factory=list)  # names or numbers; all that are released, where none is given
    student: str | None = None
    workers: int = 0  # 0: one more than there are cores, since a worker waits for its kernel half of the time
    scheduler: str | None = None
    sandbox: bool = True
    regrade: bool = False
    limits: Limits = field(default_factory=Limits)


def grade_class(directory: Path, options: Options, progress: bool = True) -> Outcome:
    """Grade a class. What was graded before, and has not changed, is not run again. Raises CourseError."""
    started = time.monotonic()
    if options.sandbox and not options.scheduler:
        check_available()
    if options.workers < 0:
        raise CourseError(f"{options.workers} worker processes are too few.")
    if (mnist := os.environ.get("MNIST_DIR")) and not Path(mnist).is_dir():
        raise CourseError(f"MNIST_DIR is {mnist}, and there is no such folder. Set it right, or unset it.")
    directory = directory.resolve()
    with quiet(), opened(directory) as api:
        url, course, config = api.coursedir.db_url, api.coursedir.course_id, api.config
    sweep()
    store = Store(directory)
    with contextlib.ExitStack() as stack:
        pool = open_pool(options.workers or (os.cpu_count() or 1) + 1, options.scheduler)
        stack.callback(pool.close)
        stack.enter_context(store.locked())
        stack.enter_context(importable(directory))  # the class's plugin for late penalties; not for the workers
        released = _released(directory)
        units = _chosen(released, options.units, directory)
        releases = {unit: _with_earlier(directory, read_release(directory, unit)) for unit in units}
        writer = Writer(url, course, config, waiting=lambda text: tqdm.write(text, file=sys.stderr))
        stack.callback(writer.close)
        rows = {unit: writer.unit(release) for unit, release in releases.items()}
        there = submitted(directory, released)
        known = writer.students()
        strangers = not_on_roster(directory, known, writer.graded(), there.submissions)
        submissions = [
            (student, unit)
            for unit in units
            for student, u in there.submissions
            if u == unit and options.student in (None, student) and student not in strangers
        ]
        if options.student and not submissions:
            none = f"{options.student} has submitted none of: {', '.join(units)}."
            raise CourseError(strangers.get(options.student, none))
        run = _ClassRun(directory, store, writer, rows, releases, options)
        bar = tqdm(total=len(submissions), desc="grading", unit="", disable=None if progress else True)
        stack.callback(bar.close)
        run.bar = bar
        try:
            run.all(submissions, pool)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise CourseError(f"{where}{error.strerror}. What is graded is kept: run the same command again.") from None
        run.outcome.others = [*strangers.values(), *there.others] if options.student is None else []
        run.outcome.look = alike({person.id for person in known} | {student for student, _ in submissions})
        run.outcome.explain = options.student is not None
        run.outcome.alike = same_answers(run.outcome.results, releases)
        run.outcome.seconds = time.monotonic() - started
    return run.outcome


def _released(directory: Path) -> list[str]:
    released = released_units(directory)
    if not released:
        raise CourseError(f"No unit is released in {directory}. Release some: bncourse class {directory} 03 04")
    return released


def _with_earlier(directory: Path, release: Release) -> Release:
    """A release that knows what it was in earlier ones."""
    locked = [(cell.key, cell.released) for cell in release.cells if cell.locked]
    return replace(release, earlier=remember(directory, release.unit, locked))


def _chosen(released: list[str], names: list[str], directory: Path) -> list[str]:
    units = []
    for name in names:
        found = [unit for unit in released if unit == name or unit.partition("_")[0] == name]
        if not found:
            raise CourseError(f"There is no unit {name!r} in {directory}; there are: {', '.join(released)}.")
        units += found
    return list(dict.fromkeys(units)) or released


class _ClassRun:
    """One run over a class: decides what has to be done, has it done, keeps what comes of it."""

    def __init__(
        self,
        directory: Path,
        store: Store,
        writer: Writer,
        rows: dict[str, UnitRows],
        releases: dict[str, Release],
        options: Options,
    ) -> None:
        self.directory, self.store, self.writer, self.rows = directory, store, writer, rows
        self.releases, self.options = releases, options
        self.plans: dict[str, Plan] = {}
        self.outcome = Outcome()
        self.written: dict[str, dict[str, Recorded]] = {}  # by unit, what the gradebook had at the beginning
        self.unchanged: dict[tuple[str, str], set[str]] = {}  # the cells whose answers are as they were before
        self.unwritten: list[Result] = []  # results that wait for a locked gradebook
        self.bar: tqdm | None = None

    def all(self, submissions: list[tuple[str, str]], pool) -> None:
        self.written = {unit: self.writer.submissions(rows) for unit, rows in self.rows.items()}
        pending = [(student, unit) for student, unit in submissions if not self._is_done(student, unit)]
        self._plan(sorted({unit for _, unit in pending}), pool)
        for _, came in pool.run(self._jobs(pending)):
            if isinstance(came, Exception):
                raise came
            self.take(came)
        for result in self.unwritten:
            self._write(result)
        self._conclude(submissions)

    def _conclude(self, submissions: list[tuple[str, str]]) -> None:
        """What needs no execution: late penalties; and what the gradebook came to."""
        for unit, rows in self.rows.items():
            self.writer.penalties(rows, self.options.student)
            now = self.writer.submissions(rows)
            self.outcome.changes |= {(s, unit): text for s, text in changes(self.written[unit], now).items()}
            self.outcome.recorded |= {(s, unit): now[s] for s, u in submissions if u == unit and s in now}
        for student, unit in submissions:
            if problem := self._timestamp(student, unit).problem:
                self.outcome.times[student, unit] = problem

    def _read(self, student: str, unit: str) -> Submission | Result:
        """A submission, or the result of one that cannot be read."""
        path = f"submitted/{student}/{unit}/{unit}.ipynb"
        try:
            return read_submission(self.directory, student, unit)
        except Unreadable as error:
            return Result(student, unit, path, "failed", str(error))
        except OSError as error:
            return Result(student, unit, path, "failed", f"{path} cannot be read: {error.strerror}.")

    def _key(self, submission: Submission) -> str:
        return result_key(submission.hash, self.releases[submission.unit].hash, asdict(self.options.limits))

    def _is_done(self, student: str, unit: str) -> bool:
        """Whether nothing has to be run for a submission; it is then recorded."""
        submission = self._read(student, unit)
        kept = None if self.options.regrade else self.store.result(unit, student)
        if isinstance(submission, Result):
            if kept and kept.failed and kept.reason == submission.reason:
                self.record(kept)
            else:
                self.take(submission)
            return True
        if not kept or kept.key != self._key(submission) or not self._is_written(kept):
            return False
        if kept.status == "graded":
            self._is_up_to_date(student, unit)
        self.record(kept)
        return True

    def _is_up_to_date(self, student: str, unit: str) -> None:
        """Let the graded notebook be no older than a file that was written anew with the same bytes."""
        submitted = self.directory / "submitted" / student / unit / f"{unit}.ipynb"
        graded = self._graded_path(student, unit)
        with contextlib.suppress(OSError):  # `bncourse feedback`, which asks for these times, then says so again
            if submitted.stat().st_mtime > graded.stat().st_mtime:
                os.utime(graded)

    def _jobs(self, pending: list[tuple[str, str]]) -> Iterator[GradeJob]:
        for student, unit in pending:
            submission = self._read(student, unit)
            if isinstance(submission, Result):  # gone since it was looked at
                self.take(submission)
            else:
                yield GradeJob(self.releases[unit], *self._how, self.plans[unit], submission, key=self._key(submission))

    @property
    def _how(self) -> tuple[Limits, bool, Path | None]:
        mnist = os.environ.get("MNIST_DIR")
        return self.options.limits, self.options.sandbox, Path(mnist).resolve() if mnist else None

    def _plan(self, units: list[str], pool) -> None:
        """Run the answers of these units, where that was not done before."""
        missing = []
        for unit in units:
            release = self.releases[unit]
            if plan := self.store.plan(unit, release.hash):
                self.plans[unit] = plan
            else:
                missing.append(PlanJob(release, *self._how))
        for job, plan in pool.run(missing):
            if isinstance(plan, Exception):
                raise plan
            self.store.keep_plan(job.release.unit, job.release.hash, plan)
            self.plans[job.release.unit] = plan

    def _graded_path(self, student: str, unit: str) -> Path:
        return self.directory / "autograded" / student / unit / f"{unit}.ipynb"

    def _is_written(self, result: Result) -> bool:
        if result.status != "graded":
            return True
        try:
            return self._graded_path(result.student, result.unit).stat().st_size == result.size
        except OSError:
            return False

    def take(self, result: Result) -> None:
        """Keep a new result: the graded notebook first, then the result, then the gradebook."""
        if result.status == "graded":
            graded = self._graded_path(result.student, result.unit)
            result.size = write_whole(graded, result.notebook)
            secret.copy(self.directory / "submitted" / result.student / result.unit, graded.parent)
        if result.status == "graded" and (before := self.store.result(result.unit, result.student)):
            self.unchanged[result.student, result.unit] = result.unchanged(before)
        if result.status != "internal":
            self.store.keep(result)
        self.outcome.fresh += 1
        self.record(result)

    def record(self, result: Result) -> None:
        """Put a result into the gradebook, unless it is there."""
        result.notebook = ""  # it is on disk, and there may be thousands
        if result.status == "graded" and not self._is_recorded(result):
            try:
                if self.unwritten:  # it was locked for long; the notebooks that are left do not have to wait for it
                    raise Locked
                self._write(result)
            except Locked:
                self.unwritten.append(result)
        self.outcome.add(result)
        if self.bar is not None:
            words = {"graded": "graded", "repairs": "repaired", "flags": "flagged", "failed": "failed"}
            counts = {word: self.outcome.counts[kind] for kind, word in words.items()}
            self.bar.set_postfix(counts, refresh=False)
            self.bar.update()

    def _is_recorded(self, result: Result) -> bool:
        """Whether the gradebook has this result: it was written there, and nobody has changed that since."""
        there, when = self.written[result.unit].get(result.student), self._timestamp(result.student, result.unit).when
        return result.recorded and there is not None and there.autos == result.scores and there.timestamp == when

    def _write(self, result: Result) -> None:
        rows, handed_in = self.rows[result.unit], self._timestamp(result.student, result.unit)
        unchanged = self.unchanged.get((result.student, result.unit), set(result.scores) if result.recorded else set())
        copy = self._graded_path(result.student, result.unit).with_name(timestamp.FILE)  # as nbgrader puts it there
        if handed_in.text:
            write_whole(copy, handed_in.text, safely=False)
        else:
            copy.unlink(missing_ok=True)
        self.writer.write(rows, result.student, result.scores, result.unanswered, handed_in.when, unchanged)
        result.recorded = True
        self.store.keep(result, safely=False)  # if that is lost, the same is written once more

    def _timestamp(self, student: str, unit: str) -> Timestamp:
        """When it was handed in, by what timestamp.txt says now: extensions and corrections are made there."""
        path = self.directory / "submitted" / student / unit / timestamp.FILE
        if not os.path.lexists(path):
            return Timestamp()
        try:
            return timestamp.read(read_file(path, timestamp.MOST, timestamp.FILE))
        except Unreadable as error:
            return timestamp.unreadable(str(error))
