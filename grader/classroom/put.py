"""Put a collected submission into submitted/, so that nothing is lost that anybody else put or changed there."""

import hashlib
import json
import os
import stat
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from grader.classroom.choose import Choice
from grader.classroom.feedback_zip import name_in_archive
from grader.errors import CourseError
from grader.grading.notebook import MAX_NOTEBOOK, Unreadable, read_file
from grader.grading.outputs import shown
from grader.grading.store import FOLDER, write_whole
from grader.grading.submission import MAX_FILES_BYTES, SUBMITTED
from grader.grading.timestamp import FILE as TIMESTAMP


@dataclass
class Record:
    """What was put where a student's submission is: hashes of the files by path, and what is known of its age."""

    files: dict[str, str] = field(default_factory=dict)
    timestamp: str = ""
    when: str = ""
    attachment: int | None = None
    system: str = ""  # "moodle" or "canvas", where it came from one
    named: str = ""  # what its archive calls it, by which feedback finds its way back


class Records:
    """What `bncourse collect` has put into submitted/ for one unit, kept in DIR/.bncourse/collected/UNIT.json."""

    def __init__(self, directory: Path, unit: str) -> None:
        self.path = directory / FOLDER / "collected" / f"{unit}.json"
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            self.by_student = {student: Record(**record) for student, record in data.items()}
        except FileNotFoundError:
            self.by_student = {}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            raise CourseError(
                f"{self.path} cannot be read. Delete it; what lies in submitted/ is then not replaced any more."
            ) from None

    def write(self) -> None:
        data = {student: asdict(record) for student, record in sorted(self.by_student.items())}
        text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
        if not self.path.exists() or self.path.read_text(encoding="utf-8") != text:
            write_whole(self.path, text)


@dataclass
class Placed:
    """What was done for a student: "new", "newer" or "" (nothing had to be); or the problem, and nothing was done."""

    what: str = ""
    notes: list[str] = field(default_factory=list)
    problem: str = ""


def put(
    directory: Path, student: str, unit: str, choice: Choice, timestamp: str, records: Records, dry: bool
) -> Placed:
    """Put a choice into submitted/STUDENT/UNIT.

    timestamp: what timestamp.txt is to say, "" for none. dry: write nothing. Raises OSError.
    """
    placed, old = Placed(), records.by_student.get(student, Record())
    folder = directory / SUBMITTED / student / unit
    if problem := _no_place(directory, folder):
        return Placed(problem=problem)
    name = f"{unit}.ipynb"
    there = _hash(folder / name, MAX_NOTEBOOK)
    incoming = {name: choice.notebook, **choice.files}
    hashes = {path: hashlib.sha256(content).hexdigest() for path, content in incoming.items()}
    where = f"{SUBMITTED}/{shown(student)}/{unit}"
    if there not in (None, hashes[name], old.files.get(name)):
        why = "was put there or changed by somebody else; move it away to take this one"
        return Placed(problem=f"{where}/{name} {why}")
    if there != hashes[name] and there is not None and _is_older(choice, old):
        placed.notes.append("older than what was collected before, which stays")
        return placed
    changes = []
    for path in [*choice.files, name]:  # the notebook last: where this is stopped, a second run goes on
        now = there if path == name else _hash(folder / path, MAX_FILES_BYTES)
        if now == hashes[path]:
            continue
        if now in (None, old.files.get(path)):
            changes.append(path)
        else:
            placed.notes.append(f"{where}/{shown(path)} was changed by somebody else, and stays")
    gone = [p for p in old.files if p not in incoming and _hash(folder / p, MAX_FILES_BYTES) == old.files[p]]
    text = _timestamp(folder, timestamp, old.timestamp, there != hashes[name], placed, where)
    if changes or gone or text is not None:
        placed.what = "new" if there is None else "newer"
    if dry:
        return placed
    files = dict(old.files)
    for path in changes:
        _write(folder / path, incoming[path])
        files[path] = hashes[path]
        records.by_student[student] = replace(old, files=files)  # where the next one fails, this one is still known
    for path in gone:
        (folder / path).unlink()
    if text:
        _write(folder / TIMESTAMP, text.encode())
    elif text == "":
        (folder / TIMESTAMP).unlink(missing_ok=True)
    when = choice.source.when.isoformat() if choice.source.when else ""
    system, named = name_in_archive(choice.source)
    if not named:  # one that came by e-mail, say; feedback still goes where the first came from
        system, named = old.system, old.named
    records.by_student[student] = Record(hashes, timestamp, when, choice.source.attachment, system, named)
    return placed


def _no_place(directory: Path, folder: Path) -> str:
    """Why nothing may be written to a folder; "" where it may."""
    for path in (directory / SUBMITTED, folder.parent, folder):
        try:
            kind = os.lstat(path).st_mode
        except FileNotFoundError:
            return ""
        said = shown(path.relative_to(directory).as_posix())
        if stat.S_ISLNK(kind):
            return f"{said} is a link; nothing is written there"
        if not stat.S_ISDIR(kind):
            return f"{said} is no folder: move it away"
    return ""


def _is_older(choice: Choice, old: Record) -> bool:
    """Whether what comes is known to be older than what was collected before."""
    now = choice.source
    if now.attachment is not None and old.attachment is not None:
        return now.attachment < old.attachment
    return bool(now.when and old.when) and now.when.isoformat() < old.when


def _timestamp(folder: Path, wanted: str, before: str, fresh: bool, placed: Placed, where: str) -> str | None:
    """What timestamp.txt is to be: a text, "" for no such file, None as it is. What a person wrote there stays."""
    try:
        now = read_file(folder / TIMESTAMP, 1000, TIMESTAMP).decode(errors="replace").strip()
    except Unreadable:
        now = ""
    if now == wanted:
        return None
    if now == before or (fresh and not before):
        if now != before:
            placed.notes.append(f"{where}/{TIMESTAMP} was there, and stays")
            return None
        return wanted
    if fresh and wanted:
        placed.notes.append(f"{where}/{TIMESTAMP} said {shown(now) or 'nothing'}, for an earlier file; replaced")
        return wanted
    return None


def _hash(path: Path, most: int) -> str | None:
    """Of a file; None where there is none, "" where there is something that cannot be read."""
    try:
        return hashlib.sha256(read_file(path, most, "it")).hexdigest()
    except Unreadable:
        return "" if os.path.lexists(path) else None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(".part")  # short: a file's own name may be as long as names can be
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
