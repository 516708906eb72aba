"""Start `bncourse grade` as an instructor does, look at its processes, end them; and see what came of it."""

import contextlib
import ctypes
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


class Grading:
    """One run of `bncourse grade`, in a session and with a temporary directory of its own."""

    def __init__(self, directory: Path, *options: str, temporary: Path) -> None:
        self.jailed = "--no-sandbox" not in options
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115  lives as long as this
        self.process = subprocess.Popen(
            [sys.executable, "-m", "grader", "grade", str(directory), "--workers", "2", *options],
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(temporary)},
            start_new_session=True,
        )

    def wait(self, seconds: float = 120) -> int:
        """Its exit status."""
        return self.process.wait(seconds)

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        self.output.seek(0)
        return self.output.read()

    def by_role(self) -> dict[str, list[int]]:
        """Its processes: "main", "worker", "bwrap", "zygote", "template", "keeper", "init", "kernel", "other"."""
        found: dict[str, list[int]] = {"main": [self.process.pid]}
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self.process.pid).children():
                tracker = "resource_tracker" in " ".join(_command(process))
                found.setdefault("other" if tracker else "worker", []).append(process.pid)
        below = BELOW if self.jailed else {"zygote": "template", "template": "kernel"}
        for worker in found.get("worker", []):
            _add(found, worker, "bwrap", below)
        return found


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


BELOW = {"zygote": "template", "template": "keeper", "keeper": "init", "init": "kernel"}


def _add(found: dict[str, list[int]], parent: int, role: str, below: dict[str, str]) -> None:
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(parent).children():
            actual = "zygote" if role == "bwrap" and process.name() != "bwrap" else role  # below two of bubblewrap
            found.setdefault(actual, []).append(process.pid)
            _add(found, process.pid, below.get(actual, role), below)


@contextlib.contextmanager
def adopting() -> Iterator[set[int]]:
    """Orphans among our descendants become our children, so that none is overlooked; in the end all are killed.

    Yields those that are there already, of other tests.
    """
    libc = ctypes.CDLL(None)
    libc.prctl(SUBREAPER, 1, 0, 0, 0)
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    try:
        yield before
    finally:
        for process in _new(before):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        survivors(before, seconds=5)
        libc.prctl(SUBREAPER, 0, 0, 0, 0)


def _new(known: set[int]) -> list[psutil.Process]:
    """Our descendants, without those known and theirs: a browser of other tests starts a process when it likes."""
    ours = psutil.Process().children(recursive=True)  # at one moment, so that none is missed that changes its parent
    theirs = set(known)
    for process in known:
        with contextlib.suppress(psutil.NoSuchProcess):
            theirs.update(below.pid for below in psutil.Process(process).children(recursive=True))
    return [process for process in ours if process.pid not in theirs]


def survivors(known: set[int], seconds: float = 10) -> list[str]:
    """Our descendants that are not known and still live after so many seconds; [] as soon as there are none."""
    end = time.monotonic() + seconds
    while True:
        living = []
        for process in _new(known):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.status() == psutil.STATUS_ZOMBIE:
                    with contextlib.suppress(ChildProcessError):
                        os.waitpid(process.pid, os.WNOHANG)
                else:
                    living.append(f"{process.pid} {' '.join(_command(process))[:200]}")
        if not living or time.monotonic() > end:
            return living
        time.sleep(0.05)


def kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def gradebook(directory: Path) -> dict[str, list[tuple]]:
    """All that a gradebook says about students and their work, without the random ids by which it says it."""
    work = """submitted_notebook sn
        JOIN submitted_assignment sa ON sa.id = sn.assignment_id JOIN assignment a ON a.id = sa.assignment_id
        JOIN notebook n ON n.id = sn.notebook_id"""
    queries = {
        "students": "SELECT * FROM student",
        "submissions": "SELECT a.name, sa.student_id, sa.timestamp, sa.extension FROM submitted_assignment sa "
        "JOIN assignment a ON a.id = sa.assignment_id",
        "notebooks": f"SELECT a.name, n.name, sa.student_id, sn.late_submission_penalty FROM {work}",
        "grades": "SELECT a.name, sa.student_id, c.name, g.auto_score, g.manual_score, g.extra_credit, "
        f"g.needs_manual_grade FROM {work} JOIN grade g ON g.notebook_id = sn.id JOIN base_cell c ON c.id = g.cell_id",
        "comments": "SELECT a.name, sa.student_id, c.name, k.auto_comment, k.manual_comment "
        f"FROM {work} JOIN comment k ON k.notebook_id = sn.id JOIN base_cell c ON c.id = k.cell_id",
    }
    with contextlib.closing(sqlite3.connect(directory / "gradebook.db")) as connection:
        return {name: sorted(connection.execute(query), key=repr) for name, query in queries.items()}


def autograded(directory: Path) -> dict[str, bytes]:
    """The files of autograded/, by relative path."""
    root = directory / "autograded"
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def unchanged(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Everything below a class directory, with times of change: two of these are equal if nothing was written."""
    return {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(directory.rglob("*")) if p.is_file()}


def copied(directory: Path, to: Path) -> Path:
    """A copy of a class directory (with its name, which is the course's)."""
    return Path(shutil.copytree(directory, to / directory.name, symlinks=True))
