"""Read what a student handed in: a notebook and the files beside it, with limits, whatever lies there."""

import hashlib
import itertools
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from grader.grading import timestamp
from grader.grading.notebook import MAX_NOTEBOOK, Unreadable, parse, read_file
from grader.grading.outputs import line, shown
from grader.grading.timestamp import Timestamp

__all__ = ["Submission", "Unreadable", "parse", "read_submission"]

SUBMITTED = "submitted"
MAX_FILES, MAX_FILES_BYTES = 200, 50 << 20
MAX_DEPTH, MAX_NAME = 20, 500  # folders below each other; bytes of a relative path
MAX_ENTRIES = 5000  # files and folders that are looked at, beside one notebook
MAX_ALIKE = 4  # of these, that are left out for the same reason, each has a line of its own

_NOTEBOOK = re.compile(r"\.(ipynb|ipynb\.txt|ipynb\.json|zip)$", re.I)
_DIRECTORY = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_DIRECTORY", 0)
# Folders that are no work of a student's, and may hold more files than a submission may bring.
_PASSED_OVER = {"__pycache__", "__MACOSX", ".ipynb_checkpoints", ".git", ".hg", ".svn", ".venv", "node_modules"}
_PASSED_OVER |= {".cache", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".idea", ".vscode"}
_ENVIRONMENT = {"pyvenv.cfg", "conda-meta"}  # in a folder of any name: a virtual environment


@dataclass
class Submission:
    """The bytes of a submitted notebook and of the files beside it, by relative path."""

    student: str
    unit: str
    path: str  # relative to the class directory, for messages
    notebook: bytes
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # what was left out
    timestamp: Timestamp = field(default_factory=Timestamp)

    @property
    def hash(self) -> str:
        """Of all that a result says: of what was left out, too; not of when it was handed in."""
        digest = hashlib.sha256(self.notebook)
        for name, content in sorted(self.files.items()):
            digest.update(f"\0{name}\0{len(content)}\0".encode(errors="surrogateescape") + content)
        for note in self.notes:
            digest.update(f"\0\0{note}".encode())
        return digest.hexdigest()


def read_submission(directory: Path, student: str, unit: str) -> Submission:
    """Read DIR/submitted/STUDENT/UNIT, following no link. Raises Unreadable."""
    opened: list[int] = []
    try:
        for path, said in ((directory / SUBMITTED / student, SUBMITTED), (Path(unit), f"{SUBMITTED}/{student}")):
            opened.append(_open_folder(path, shown(f"{said}/{path.name}"), opened[0] if opened else None))
        return _read(opened[-1], Submission(student, unit, f"{SUBMITTED}/{student}/{unit}/{unit}.ipynb", b""))
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _open_folder(path: Path | str, said: str, within: int | None = None) -> int:
    """A descriptor of a folder, which is not reached by a link. Raises Unreadable."""
    try:
        kind = os.lstat(path, dir_fd=within).st_mode
        if stat.S_ISLNK(kind):
            raise Unreadable(f"{said} is a symbolic link; links are not followed.", "link")
        if not stat.S_ISDIR(kind):
            raise Unreadable(f"{said} is no folder; the notebook belongs in one of this name.")
        return os.open(path, _DIRECTORY, dir_fd=within)
    except OSError as error:
        raise Unreadable(f"{said} cannot be read: {error.strerror}.", "unreadable") from None


def _read(folder: int, submission: Submission) -> Submission:
    name, path = f"{submission.unit}.ipynb", shown(submission.path)
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        others = [line(other) for other in sorted(_some(folder)) if _NOTEBOOK.search(other)]
        found = f" It holds {', '.join(map(repr, others[:3]))}: rename the right one." if others else ""
        raise Unreadable(f"{path} is missing.{found}") from None
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None
    submission.notebook = read_file(name, MAX_NOTEBOOK, path, folder)
    beside = _Beside(submission)
    beside.read(folder, "")
    submission.timestamp = _timestamp(folder)
    submission.notes = [*beside.notes(), *filter(None, [submission.timestamp.problem])]
    return submission


def _timestamp(folder: int) -> Timestamp:
    """When it was handed in; nothing where no timestamp.txt lies there."""
    try:
        os.lstat(timestamp.FILE, dir_fd=folder)
    except OSError:
        return Timestamp()
    try:
        return timestamp.read(read_file(timestamp.FILE, timestamp.MOST, timestamp.FILE, folder))
    except Unreadable as error:
        return timestamp.unreadable(str(error))


def _some(folder: int, most: int = MAX_ENTRIES) -> list[str]:
    """The names in a folder, so many at most, in no order. Raises OSError."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in itertools.islice(entries, most)]


class _Beside:
    """Reads the files beside a notebook; notes what is left out, for many of a kind in one line."""

    def __init__(self, submission: Submission) -> None:
        self.submission, self.total, self.entries = submission, 0, 0
        self.left_out: dict[str, list[str]] = {}  # by kind: what is said of each
        self.full = False

    def notes(self) -> list[str]:
        lines = []
        for said in self.left_out.values():
            lines += said if len(said) <= MAX_ALIKE else [f"{said[0]}, and {len(said) - 1:,} more like it"]
        return lines

    def leave_out(self, kind: str, said: str) -> None:
        self.left_out.setdefault(kind, []).append(f"{said.rstrip('.')}: left out")

    def read(self, folder: int, inside: str, depth: int = 0) -> None:
        """Read what is in a folder, given by its descriptor and its path relative to the notebook's."""
        try:
            names = _some(folder, MAX_ENTRIES + 3 - self.entries)  # two are not counted
        except OSError as error:
            return self.leave_out("folder", f"{shown(inside)} cannot be read: {error.strerror}")
        if inside and not _ENVIRONMENT.isdisjoint(names):
            return None
        own = {f"{self.submission.unit}.ipynb", timestamp.FILE} if not inside else set()
        files, folders = [], []
        for name in sorted(set(names) - own):
            self.entries += 1
            if self.entries > MAX_ENTRIES:
                break
            path = os.path.join(inside, name)
            if _is_folder(name, folder):
                folders.append(name)
            elif _is_folder(name, folder, follow=True):
                self.leave_out("link", f"{shown(path)} is a link")
            else:
                files.append(name)
        for name in files:
            if self.full:
                return None
            self.read_file(folder, name, os.path.join(inside, name))
        if self.entries > MAX_ENTRIES:
            return self.stop(f"more than {MAX_ENTRIES:,} files and folders lie beside the notebook")
        for name in [name for name in folders if name not in _PASSED_OVER]:
            if self.full:
                return None
            self.read_folder(folder, name, os.path.join(inside, name), depth + 1)
        return None

    def stop(self, said: str) -> None:
        self.full = True
        self.left_out[said] = [f"{said}: the rest left out"]

    def read_file(self, within: int, name: str, path: str) -> None:
        try:
            if len(os.fsencode(path)) > MAX_NAME:
                raise Unreadable(f"{line(shown(path), 60)} has too long a path.", "long path")
            content = read_file(name, MAX_FILES_BYTES - self.total, shown(path), within)
        except Unreadable as error:
            return self.leave_out(error.kind, str(error))
        self.total += len(content)
        self.submission.files[path] = content
        if len(self.submission.files) >= MAX_FILES:
            self.stop(f"more than {MAX_FILES} files lie beside the notebook")
        return None

    def read_folder(self, within: int, name: str, path: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            return self.leave_out("too deep", f"{line(shown(path), 60)} lies too deep")
        try:
            folder = _open_folder(name, shown(path), within)
        except Unreadable as error:
            return self.leave_out(error.kind, str(error))
        try:
            return self.read(folder, path, depth)
        finally:
            os.close(folder)


def _is_folder(name: str, within: int, follow: bool = False) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=within, follow_symlinks=follow).st_mode)
    except OSError:  # of which `read_file` says what it is
        return False
