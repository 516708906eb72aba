"""Read what a student handed in: bytes that may be anything, into cells and files."""

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from grader.errors import CourseError
from grader.grading.outputs import line

MAX_NOTEBOOK = 100 << 20  # bytes
MAX_FILES, MAX_FILES_BYTES = 200, 50 << 20
MAX_DEPTH, MAX_NAME, MAX_FOLDERS = (
    20,
    500,
    1000,
)  # folders below each other; bytes of a relative path; folders looked into
# What is parsed outside the jail is bounded: JSON of a few bytes can be objects of a few hundred.
MAX_PARTS, MAX_CELLS, MAX_SOURCE = 3_000_000, 2000, 5 << 20  # lists, dicts and strings; cells; characters of source

# Windows, where students look at their own notebooks, has neither.
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Unreadable(CourseError):
    """A submission that cannot be graded; the message says why, in one line."""


@dataclass
class SubmittedCell:
    kind: str  # "code" or "markdown"
    source: str
    grade_id: str = ""
    id: str = ""


@dataclass
class Submission:
    """The bytes of a submitted notebook and of the files beside it, by relative path."""

    student: str
    unit: str
    path: str  # relative to the class directory, for messages
    notebook: bytes
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # what was left out

    @property
    def hash(self) -> str:
        digest = hashlib.sha256(self.notebook)
        for name, content in sorted(self.files.items()):
            digest.update(f"\0{name}\0{len(content)}\0".encode(errors="surrogateescape") + content)
        return digest.hexdigest()


def read_submission(directory: Path, student: str, unit: str) -> Submission:
    """Read DIR/submitted/STUDENT/UNIT, following no link. Raises Unreadable."""
    folder = directory / "submitted" / student / unit
    path = folder / f"{unit}.ipynb"
    shown = line(path.relative_to(directory))
    for part in (folder.parent, folder):
        if part.is_symlink():
            raise Unreadable(f"{line(part.relative_to(directory))} is a symbolic link; links are not followed.")
    if not os.path.lexists(path):
        others = sorted(p.name for p in folder.glob("*.ipynb"))
        found = f" It holds {', '.join(repr(line(o)) for o in others[:3])}: rename the right one." if others else ""
        raise Unreadable(f"{shown} is missing.{found}")
    notebook = read_file(path, MAX_NOTEBOOK, shown)
    submission = Submission(student, unit, str(path.relative_to(directory)), notebook)
    try:
        _read_files(folder, path.name, submission)
    except (OSError, RecursionError) as error:  # os.walk goes down recursively in Python 3.11
        submission.notes.append(f"the files beside the notebook cannot all be read ({type(error).__name__}): left out")
    return submission


def _read_files(folder: Path, notebook: str, submission: Submission) -> None:
    """Add the files that lie beside the notebook, and notes on those left out."""
    total, seen = 0, 0
    for place, folders, names in os.walk(folder):
        inside = os.path.relpath(place, folder)
        seen += 1
        if seen > MAX_FOLDERS:
            submission.notes.append(f"more than {MAX_FOLDERS} folders lie beside the notebook: the rest left out")
            return
        for name in [n for n in folders if os.path.islink(os.path.join(place, n))]:
            submission.notes.append(f"{line(os.path.normpath(os.path.join(inside, name)))} is a link: left out")
        if folders and inside.count("/") >= MAX_DEPTH:
            submission.notes.append(f"{line(inside, 60)} holds further folders, too deep: left out")
            folders.clear()
        folders[:] = sorted(set(folders) - {"__pycache__", ".ipynb_checkpoints"})
        for name in sorted(names):
            relative = os.path.normpath(os.path.join(inside, name))
            if name in (notebook, "timestamp.txt"):
                continue
            try:
                if len(os.fsencode(relative)) > MAX_NAME:
                    raise Unreadable(f"{line(relative, 60)} has too long a path.")
                content = read_file(Path(place, name), MAX_FILES_BYTES - total, line(relative))
            except Unreadable as error:
                submission.notes.append(f"{str(error).rstrip('.')}: left out")
                if len(submission.notes) > MAX_FILES:
                    return
                continue
            total += len(content)
            submission.files[relative] = content
            if len(submission.files) >= MAX_FILES:
                submission.notes.append(f"more than {MAX_FILES} files lie beside the notebook: the rest left out")
                return


def read_file(path: Path, limit: int, shown: str) -> bytes:
    """The bytes of an ordinary file, `limit` at most, following no link. Raises Unreadable."""
    try:
        kind = path.lstat().st_mode  # looked at first: only to open a pipe or a device may do something
        if stat.S_ISLNK(kind):
            raise Unreadable(f"{shown} is a symbolic link; links are not followed.")
        if not stat.S_ISREG(kind):
            what = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
            raise Unreadable(f"{shown} is {what.get(stat.S_IFMT(kind), 'a device')}, no ordinary file.")
        descriptor = os.open(path, os.O_RDONLY | _CAREFULLY)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # changed in between
            os.close(descriptor)
            raise Unreadable(f"{shown} is no ordinary file.")
        with open(descriptor, "rb") as file:
            size = os.fstat(descriptor).st_size
            content = file.read(limit + 1) if size <= limit else b""
    except OSError as error:
        raise Unreadable(f"{shown} cannot be read: {error.strerror}.") from None
    if max(size, len(content)) > limit:
        raise Unreadable(f"{shown} is too large: {max(size, len(content)) / 2**20:.0f} MB.")
    return content


def parse(notebook: bytes, shown: str) -> tuple[list[SubmittedCell], list[str]]:
    """The cells of a notebook in any encoding and format, and notes on what had to be mended. Raises Unreadable."""
    notes: list[str] = []
    data = document(notebook, shown, notes)
    return read_cells(data, shown, notes), notes


def document(notebook: bytes, shown: str, notes: list[str]) -> dict:
    """A notebook's JSON, in any encoding and format; adds notes on what had to be mended. Raises Unreadable."""
    shown = line(shown)
    text = _decode(notebook, shown, notes)
    if _parts(text) > MAX_PARTS:
        raise Unreadable(f"{shown} is no notebook: it has more than {MAX_PARTS:,} parts.")
    try:
        data = json.loads(text)
    except RecursionError:
        raise Unreadable(f"{shown} is no notebook: it is nested too deeply.") from None
    except ValueError as error:
        raise Unreadable(f"{shown} is no notebook: {_reason(error, text)}.") from None
    if not isinstance(data, dict) or not ("cells" in data or "worksheets" in data):
        raise Unreadable(f"{shown} is no notebook: it is JSON, but has no cells.")
    if not isinstance(data.get("cells"), list) and isinstance(data.get("worksheets"), list):
        data = _converted(data, shown, notes)
    return data


def read_cells(data: dict, shown: str, notes: list[str]) -> list[SubmittedCell]:
    """The cells of a notebook's JSON; adds notes on those left out. Raises Unreadable."""
    shown = line(shown)
    cells = data.get("cells")
    if not isinstance(cells, list):
        raise Unreadable(f"{shown} is no notebook: its cells are no list.")
    read = [cell for cell in map(_cell, cells) if cell]
    if not read:
        raise Unreadable(f"{shown} has no cells in it.")
    if len(read) > MAX_CELLS:
        raise Unreadable(f"{shown} has {len(read):,} cells; more than {MAX_CELLS:,} are not graded.")
    if sum(len(cell.source) for cell in read) > MAX_SOURCE:
        raise Unreadable(f"{shown} has more than {MAX_SOURCE >> 20} MB of text and code in its cells.")
    if len(read) < len(cells):
        notes.append(f"{len(cells) - len(read)} cell(s) are no cells of a notebook; left out")
    metadata = data.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = kernel.get("language", "python") if isinstance(kernel, dict) else "python"
    if isinstance(language, str) and language.lower() != "python":
        notes.append(f"the file asks for a kernel of {line(language, 40)}; it was run in Python")
    return read


def _parts(text: str) -> int:
    """How many lists, dicts and strings a JSON text has, at most."""
    marks = text.count("[") + text.count("{") + text.count('"') // 2
    if marks > MAX_PARTS:  # most stand inside strings, as in printed arrays
        marks = sum(1 for _ in re.finditer(r'[\[{]|"(?:[^"\\]|\\.)*+"?', text, flags=re.S))
    return marks


def _converted(data: dict, shown: str, notes: list[str]) -> dict:
    """A notebook of the old formats in today's. Raises Unreadable."""
    version = data.get("nbformat")
    version = version if type(version) is int and version in (1, 2, 3) else 3
    try:
        data = nbformat.convert(nbformat.from_dict({**data, "nbformat": version}), 4)
    except Exception as error:
        why = line(f"{type(error).__name__}: {error}", 100).rstrip(".")
        raise Unreadable(f"{shown} has format {version} and cannot be converted ({why}).") from None
    notes.append(f"the file has the old notebook format {version}; it was converted")
    return data


def _decode(notebook: bytes, shown: str, notes: list[str]) -> str:
    if not notebook.strip():
        raise Unreadable(f"{shown} is empty.")
    if notebook.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise Unreadable(f"{shown} is no notebook: it is a compressed archive with another name.")
    encoding = json.detect_encoding(notebook)  # UTF-8, 16 or 32, with and without a byte order mark
    if encoding != "utf-8":
        mark = notebook.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))
        notes.append(f"the file is in {encoding[:6].rstrip('-').upper()}{' with a byte order mark' if mark else ''}")
    try:
        return notebook.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(f"{shown} is no notebook: it is not text in UTF-8.") from None


def _reason(error: ValueError, text: str) -> str:
    if text.lstrip().startswith("<"):
        return "it is a web page (was it saved from the browser's page instead of downloaded?)"
    at = getattr(error, "lineno", None)
    what = line(getattr(error, "msg", str(error)), 100)
    return f"it is not JSON (line {at}: {what}); the file may be cut short" if at else f"it is not JSON ({what})"


def _cell(cell) -> SubmittedCell | None:
    if not isinstance(cell, dict):
        return None
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return None
    source = source.replace("\r\n", "\n").replace("\r", "\n").encode(errors="replace").decode()
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else ""
    name = cell.get("id")
    return SubmittedCell(
        "code" if cell.get("cell_type") == "code" else "markdown",
        source,
        grade_id if isinstance(grade_id, str) else "",
        name if isinstance(name, str) else "",
    )
