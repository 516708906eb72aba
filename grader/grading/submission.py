"""Read what a student handed in: bytes that may be anything, into cells and files."""

import hashlib
import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from grader.errors import CourseError

MAX_NOTEBOOK = 100 << 20  # bytes
MAX_FILES, MAX_FILES_BYTES = 200, 50 << 20


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
    shown = str(path.relative_to(directory))
    for part in (folder.parent, folder):
        if part.is_symlink():
            raise Unreadable(f"{part.relative_to(directory)} is a symbolic link; links are not followed.")
    if not path.exists() and not path.is_symlink():
        others = sorted(p.name for p in folder.glob("*.ipynb"))
        found = f" It holds {', '.join(map(repr, others[:3]))}: rename the right one." if others else ""
        raise Unreadable(f"{shown} is missing.{found}")
    notebook = _read_file(path, MAX_NOTEBOOK, shown)
    submission = Submission(student, unit, shown, notebook)
    total = 0
    for place, folders, names in os.walk(folder):
        for name in [n for n in folders if os.path.islink(os.path.join(place, n))]:
            submission.notes.append(f"{os.path.relpath(os.path.join(place, name), folder)} is a link: left out")
        for name in sorted(names):
            relative = os.path.relpath(os.path.join(place, name), folder)
            if name in (path.name, "timestamp.txt") or {"__pycache__", ".ipynb_checkpoints"} & {*Path(relative).parts}:
                continue
            try:
                content = _read_file(Path(place, name), MAX_FILES_BYTES - total, relative)
            except Unreadable as error:
                submission.notes.append(f"{str(error).rstrip('.')}: left out")
                continue
            total += len(content)
            submission.files[relative] = content
            if len(submission.files) >= MAX_FILES:
                submission.notes.append(f"more than {MAX_FILES} files lie beside the notebook: the rest left out")
                return submission
    return submission


def _read_file(path: Path, limit: int, shown: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise Unreadable(f"{shown} is a symbolic link; links are not followed.") from None
        raise Unreadable(f"{shown} cannot be read: {error.strerror}.") from None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(f"{shown} is no ordinary file.")
        if status.st_size > limit:
            raise Unreadable(f"{shown} is too large: {status.st_size / 2**20:.0f} MB.")
        return file.read(limit + 1)


def parse(notebook: bytes, shown: str) -> tuple[list[SubmittedCell], list[str]]:
    """The cells of a notebook in any encoding and format, and notes on what had to be mended. Raises Unreadable."""
    notes: list[str] = []
    text = _decode(notebook, shown, notes)
    try:
        data = json.loads(text)
    except RecursionError:
        raise Unreadable(f"{shown} is no notebook: it is nested too deeply.") from None
    except ValueError as error:
        raise Unreadable(f"{shown} is no notebook: {_reason(error, text)}.") from None
    if not isinstance(data, dict) or not ("cells" in data or "worksheets" in data):
        raise Unreadable(f"{shown} is no notebook: it is JSON, but has no cells.")
    version = data.get("nbformat")
    if version in (1, 2, 3):
        try:
            data = nbformat.convert(nbformat.from_dict(data), 4)
        except Exception as error:
            raise Unreadable(f"{shown} has format {version} and cannot be converted: {error}.") from None
        notes.append(f"the file has the old notebook format {version}; it was converted")
    cells = data.get("cells")
    if not isinstance(cells, list):
        raise Unreadable(f"{shown} is no notebook: its cells are no list.")
    read = [cell for cell in map(_cell, cells) if cell]
    if not read:
        raise Unreadable(f"{shown} has no cells in it.")
    if len(read) < len(cells):
        notes.append(f"{len(cells) - len(read)} cell(s) are no cells of a notebook; left out")
    kernel = data.get("metadata", {})
    kernel = kernel.get("kernelspec", {}) if isinstance(kernel, dict) else {}
    language = kernel.get("language", "python") if isinstance(kernel, dict) else "python"
    if isinstance(language, str) and language.lower() != "python":
        notes.append(f"the file asks for a kernel of {language[:40]}; it was run in Python")
    return read, notes


def _decode(notebook: bytes, shown: str, notes: list[str]) -> str:
    if not notebook.strip():
        raise Unreadable(f"{shown} is empty.")
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if notebook.startswith(mark):
            notes.append(f"the file is in {encoding.upper().removesuffix('-SIG')} with a byte order mark")
            break
    else:
        encoding = "utf-8"
    try:
        return notebook.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(f"{shown} is no notebook: it is not text in {encoding.upper()}.") from None


def _reason(error: ValueError, text: str) -> str:
    if text.lstrip().startswith("<"):
        return "it is a web page (was it saved from the browser's page instead of downloaded?)"
    line = getattr(error, "lineno", None)
    what = getattr(error, "msg", str(error))
    return f"it is not JSON (line {line}: {what}); the file may be cut short" if line else f"it is not JSON ({what})"


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
