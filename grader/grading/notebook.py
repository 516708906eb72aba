"""Read a notebook that a student handed in: bytes that may be anything, into cells."""

import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

import nbformat

from grader.errors import CourseError
from grader.grading.outputs import line
from grader.grading.weight import unpacked_bytes, unpacked_bytes_exactly

MAX_NOTEBOOK = 64 << 20  # bytes
# What is parsed outside the jail is bounded: JSON of a few bytes can be objects of a few hundred.
MAX_PARTS, MAX_UNPACKED = 3_000_000, 256 << 20  # lists, dicts and strings; bytes of them
MAX_CELLS, MAX_SOURCE = 2000, 5 << 20  # cells; characters of source

# Windows, where students look at their own notebooks, has neither.
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Unreadable(CourseError):
    """A submission that cannot be graded; the message says why, in one line. `kind`: the same without names, sizes."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind or message


@dataclass
class SubmittedCell:
    kind: str  # "code" or "markdown"
    source: str
    grade_id: str = ""
    id: str = ""


def read_file(path: Path | str, limit: int, shown: str, within: int | None = None) -> bytes:
    """The bytes of an ordinary file, `limit` at most, following no link.

    within: the descriptor of the folder that the path begins in. Raises Unreadable.
    """
    try:
        kind = os.lstat(
            path, dir_fd=within
        ).st_mode  # looked at first: only to open a pipe or a device may do something
        if stat.S_ISLNK(kind):
            raise Unreadable(f"{shown} is a symbolic link; links are not followed.", "link")
        if not stat.S_ISREG(kind):
            what = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
            raise Unreadable(f"{shown} is {what.get(stat.S_IFMT(kind), 'a device')}, no ordinary file.", "no file")
        descriptor = os.open(path, os.O_RDONLY | _CAREFULLY, dir_fd=within)
        with open(descriptor, "rb") as file:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode):  # changed in between
                raise Unreadable(f"{shown} is no ordinary file.", "no file")
            size = about.st_size
            content = file.read(limit + 1) if size <= limit else b""
    except OSError as error:
        raise Unreadable(f"{shown} cannot be read: {error.strerror}.", "unreadable") from None
    if max(size, len(content)) > limit:
        raise Unreadable(f"{shown} is too large: {max(size, len(content)) / 2**20:.0f} MB.", "too large")
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
    if unpacked_bytes(text) > MAX_UNPACKED and unpacked_bytes_exactly(text) > MAX_UNPACKED:
        most = MAX_UNPACKED >> 20
        raise Unreadable(f"{shown} would take more than {most} MB of memory: clear its outputs, and hand it in again.")
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
    if re.search(r"^(<{7}|>{7})( |$)", text, flags=re.M):
        return "it holds two versions and git's conflict marks (<<<<<<<): they have to be merged, and handed in again"
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
