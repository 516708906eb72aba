"""`bncourse grade`: every submission of a class, graded in a jail, into nbgrader's gradebook."""

import contextlib
import json
import os
import shutil
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from nbgrader.utils import parse_utc
from tqdm import tqdm

from grader.classroom import opened, quiet
from grader.errors import CourseError
from grader.grading.gradebook import UnitRows, Writer
from grader.grading.jail import check_available, sweep
from grader.grading.job import Result
from grader.grading.limits import Limits
from grader.grading.pool import Job, open_pool
from grader.grading.release import Release, read_release
from grader.grading.store import Store, result_key, write_whole
from grader.grading.submission import Submission, Unreadable, read_submission


@dataclass
class Options:
    """What `bncourse grade` was asked for."""

    units: list[str] = field(default_factory=list)  # names or numbers; all that are released, where none is given
    student: str | None = None
    jobs: int = 0  # 0: as many as there are cores
    scheduler: str | None = None
    sandbox: bool = True
    regrade: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass
class Outcome:
    """What a run came to: all results, and which of them were made now."""

    results: list[dict] = field(default_factory=list)
    fresh: int = 0
    seconds: float = 0.0

    def count(self, what: str) -> int:
        if what in ("graded", "failed"):
            return sum((r["status"] == "graded") == (what == "graded") for r in self.results)
        return sum(bool(r[what]) for r in self.results)


def grade_class(directory: Path, options: Options, progress: bool = True) -> Outcome:
    """Grade a class. What was graded before, and has not changed, is not run again. Raises CourseError."""
    started = time.monotonic()
    if options.sandbox and not options.scheduler:
        check_available()
    directory = directory.resolve()
    with quiet(), opened(directory) as api:
        url, course, config = api.coursedir.db_url, api.coursedir.course_id, api.config
    sweep()
    store = Store(directory)
    with contextlib.ExitStack() as stack:
        pool = open_pool(options.jobs or os.cpu_count() or 1, options.scheduler)
        stack.callback(pool.close)
        stack.enter_context(store.locked())
        units = _units(directory, options.units)
        releases = {unit: read_release(directory, unit) for unit in units}
        writer = Writer(url, course, config, waiting=lambda text: tqdm.write(text, file=sys.stderr))
        stack.callback(writer.close)
        rows = {unit: writer.unit(release) for unit, release in releases.items()}
        submissions = [
            (student, unit)
            for unit in units
            for student in _students(directory, unit)
            if options.student in (None, student)
        ]
        if options.student and not submissions:
            raise CourseError(f"{options.student} has submitted none of: {', '.join(units)}.")
        run = _Run(directory, store, writer, rows, releases, options)
        bar = tqdm(total=len(submissions), desc="grading", unit="", disable=None if progress else True)
        stack.callback(bar.close)
        run.bar = bar
        run.all(submissions, pool)
        run.outcome.seconds = time.monotonic() - started
    return run.outcome


def _units(directory: Path, names: list[str]) -> list[str]:
    released = sorted(p.name for p in (directory / "release").glob("*") if (p / f"{p.name}.ipynb").exists())
    if not released:
        raise CourseError(f"No unit is released in {directory}. Release some: bncourse class {directory} 03 04")
    units = []
    for name in names:
        found = [unit for unit in released if unit == name or unit.partition("_")[0] == name]
        if not found:
            raise CourseError(f"There is no unit {name!r} in {directory}; there are: {', '.join(released)}.")
        units += found
    return units or released


def _students(directory: Path, unit: str) -> list[str]:
    submitted = directory / "submitted"
    if not submitted.is_dir():
        return []
    return sorted(
        entry.name for entry in os.scandir(submitted) if entry.is_dir() and (Path(entry.path) / unit).exists()
    )


class _Run:
    """One run over a class: decides what has to be done, has it done, keeps what comes of it."""

    def __init__(self, directory, store: Store, writer: Writer, rows: dict[str, UnitRows], releases, options) -> None:
        self.directory, self.store, self.writer, self.rows = directory, store, writer, rows
        self.releases: dict[str, Release] = releases
        self.options: Options = options
        self.outcome = Outcome()
        self.keys: dict[tuple[str, str], str] = {}
        self.bar: tqdm | None = None

    def job(self, unit: str, submission: Submission | None) -> Job:
        mnist = os.environ.get("MNIST_DIR")
        return Job(
            self.releases[unit],
            submission,
            self.options.limits,
            self.options.sandbox,
            Path(mnist).resolve() if mnist else None,
        )

    def all(self, submissions: list[tuple[str, str]], pool) -> None:
        written = {unit: self.writer.scores(rows) for unit, rows in self.rows.items()}
        pending = []
        for student, unit in submissions:
            try:
                submission = read_submission(self.directory, student, unit)
            except Unreadable as error:
                path = f"submitted/{student}/{unit}/{unit}.ipynb"
                self.take(Result(student, unit, path, "failed", str(error)), fresh=True)
                continue
            key = result_key(submission.hash, self.releases[unit].hash, asdict(self.options.limits))
            self.keys[student, unit] = key
            kept = None if self.options.regrade else self.store.result(unit, student)
            if kept and kept.get("key") == key and self._is_written(kept):
                self.record(kept, written[unit].get(student))
            else:
                pending.append((student, unit))
        self._plan(sorted({unit for _, unit in pending}), pool)
        jobs = (self.job(unit, read_submission(self.directory, student, unit)) for student, unit in pending)
        for job, came in pool.run(jobs):
            if isinstance(came, CourseError):
                raise came
            if isinstance(came, Exception):
                submission = job.submission
                reason = f"its grading was broken off three times ({type(came).__name__}); run the command again"
                came = Result(submission.student, submission.unit, submission.path, "internal", reason)
            self.take(came, fresh=True)

    def _plan(self, units: list[str], pool) -> None:
        """Run the answers of these units, where that was not done before."""
        missing = []
        for unit in units:
            release = self.releases[unit]
            plan = self.store.plan(unit, release.hash)
            if plan:
                release.expected, release.second = plan["expected"], plan["second"]
            else:
                missing.append(self.job(unit, None))
        for job, plan in pool.run(missing):
            if isinstance(plan, Exception):
                raise (
                    plan if isinstance(plan, CourseError) else CourseError(f"{job.release.unit} cannot be run: {plan}")
                )
            self.store.keep_plan(job.release.unit, job.release.hash, plan)
            release = self.releases[job.release.unit]
            release.expected, release.second = plan["expected"], plan["second"]

    def _graded_path(self, student: str, unit: str) -> Path:
        return self.directory / "autograded" / student / unit / f"{unit}.ipynb"

    def _is_written(self, kept: dict) -> bool:
        if kept["status"] != "graded":
            return True
        try:
            return self._graded_path(kept["student"], kept["unit"]).stat().st_size == kept["size"]
        except OSError:
            return False

    def take(self, result: Result, fresh: bool) -> None:
        """Keep a new result: the graded notebook first, then the result, then the gradebook."""
        kept = {**result.as_dict(), "key": self.keys.get((result.student, result.unit), "")}
        if result.status == "graded":
            path = self._graded_path(result.student, result.unit)
            write_whole(path, result.notebook)
            self._copy_files(result.student, result.unit)
            kept["size"] = len(result.notebook.encode())
        if result.status != "internal":
            self.store.keep(kept)
        self.outcome.fresh += fresh
        self.record(kept, None)

    def _copy_files(self, student: str, unit: str) -> None:
        """Beside the graded notebook stands what nbgrader puts there: the time of submission."""
        stamp = self.directory / "submitted" / student / unit / "timestamp.txt"
        if stamp.is_file() and not stamp.is_symlink() and stamp.stat().st_size < 1000:
            shutil.copyfile(stamp, self._graded_path(student, unit).with_name("timestamp.txt"))

    def record(self, kept: dict, written) -> None:
        """Put a result into the gradebook, unless it is there."""
        if kept["status"] == "graded":
            scores = {cell["id"]: cell["points"] for cell in kept["cells"]}
            timestamp = self._timestamp(kept)
            if written is None or written[1] != scores or (timestamp and written[0] != timestamp):
                rows = self.rows[kept["unit"]]
                self.writer.write(rows, kept["student"], scores, kept["unanswered"], timestamp)
        self.outcome.results.append(kept)
        if self.bar is not None:
            counts = {name: self.outcome.count(name) for name in ("graded", "repairs", "flags", "failed")}
            words = {"repairs": "repaired", "flags": "flagged"}
            self.bar.set_postfix({words.get(name, name): number for name, number in counts.items()}, refresh=False)
            self.bar.update()

    def _timestamp(self, kept: dict) -> datetime | None:
        path = self.directory / "submitted" / kept["student"] / kept["unit"] / "timestamp.txt"
        try:
            text = path.read_text(encoding="utf-8").strip()
            return parse_utc(text) if text else None
        except (OSError, ValueError, OverflowError):
            return None


def print_outcome(outcome: Outcome, as_json: bool = False) -> int:
    """Print what came of a run. Returns 1 where a person has to look at something, else 0."""
    results = sorted(outcome.results, key=lambda r: (r["unit"], r["student"]))
    look = [r for r in results if r["status"] != "graded" or r["flags"] or r["limits"]]
    if as_json:
        counts = {name: outcome.count(name) for name in ("graded", "repairs", "flags", "limits", "failed")}
        print(json.dumps({"seconds": round(outcome.seconds, 2), "fresh": outcome.fresh, **counts, "results": results}))
        return int(bool(look))
    for result in results:
        for line in lines_about(result):
            print(line)
    print_table(results)
    kept = len(results) - outcome.fresh
    before = f", {kept} of them graded before" if kept else ""
    print(f"{len(results)} submissions in {outcome.seconds:.1f} s{before}.")
    return int(bool(look))


def lines_about(result: dict) -> list[str]:
    """One line for each thing that a person must look at, or should know."""
    who = f"{result['student']}, {result['unit']}"
    if result["status"] != "graded":
        return [f"FAILED   {who}: {result['reason']}"]
    lines = [f"FLAGGED  {who}: {text} ({result['file']})" for text in result["flags"]]
    lines += [f"LIMIT    {who}: {text} ({result['file']})" for text in result["limits"]]
    return lines + [f"repaired {who}: {text}" for text in result["repairs"]]


def print_table(results: list[dict]) -> None:
    """A line a unit: how many, and their points."""
    units = sorted({r["unit"] for r in results})
    width = max([4, *map(len, units)])
    print(f"{'unit':<{width}}  graded  repaired  flagged  limited  failed  median points")
    for unit in units:
        of = [r for r in results if r["unit"] == unit]
        graded = [r for r in of if r["status"] == "graded"]
        totals = sorted(sum(c["points"] or 0 for c in r["cells"]) for r in graded)
        most = sum(c["max_points"] for c in graded[0]["cells"]) if graded else 0
        middle = len(totals) // 2
        median = (totals[middle] + totals[~middle]) / 2 if totals else 0
        row = [
            len(graded),
            *(sum(bool(r[k]) for r in of) for k in ("repairs", "flags", "limits")),
            len(of) - len(graded),
        ]
        cells = "".join(f"{n:>{w}}" for n, w in zip(row, (8, 10, 9, 9, 8)))
        print(f"{unit:<{width}}{cells}  {f'{median:g} of {most:g}' if graded else '-':>13}")
