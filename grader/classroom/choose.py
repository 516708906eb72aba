"""Which of the files that a student handed in is the notebook of a unit, and which belong to it."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import PurePosixPath

from grader.classroom.archives import Refused
from grader.classroom.whose import Handed
from grader.grading.notebook import MAX_NOTEBOOK
from grader.grading.outputs import line, shown, some
from grader.grading.secret import FILE as SECRET
from grader.grading.submission import MAX_FILES, MAX_FILES_BYTES, MAX_NAME
from grader.grading.timestamp import FILE as TIMESTAMP

OWN = {TIMESTAMP, SECRET}  # nbgrader's: a student's own would say anything
NOTEBOOK = re.compile(r"(.+)\.ipynb(?:\.txt|\.json)?", re.I)
COPY = re.compile(r"(.+?)(?:-(\d{1,4})| ?\((\d{1,4})\))")  # UNIT-1, UNIT (1): handed in or downloaded again
EXPORTED = {".html", ".htm", ".pdf", ".docx", ".tex"}  # what Jupyter makes of a notebook, and nobody can grade
MOST_COMPARED = 200 << 20  # bytes of one student's notebooks, unpacked, that are read to see whether they are equal
LONGEST_NAME = 255  # bytes of one file's name, on Linux; elsewhere it may be longer
APART = 60  # seconds between two files, of which then one is the newer
SHOWN = 3  # files that are named


@dataclass
class Choice:
    """A student's notebook and the files beside it, by path; or why there is none."""

    notebook: bytes | None = None
    source: Handed | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problem: str = ""


def choose(handed: list[Handed], unit: str, units: list[str], read: Callable[[Handed, int], bytes]) -> Choice:
    """Choose among all files of one student. read: as `Archives.read`."""
    notebooks = [h for h in handed if NOTEBOOK.fullmatch(_last(h))]
    named = [h for h in notebooks if _meant(h, units) == unit]
    free = [h for h in notebooks if not _meant(h, units)]
    choice = Choice()
    if not notebooks:
        choice.problem = f"no notebook, but {_names(handed)}: ask for the file {unit}.ipynb itself"
    elif not named and not free:
        choice.problem = f"no notebook of this unit by its name, but {_names(notebooks)}: ask for {unit}.ipynb"
    elif not named and len({_stem(h)[0] for h in free}) > 1 and not _equal(free, read):
        choice.problem = f"no {unit}.ipynb, but {_names(free)}: look which it is, and give that one alone"
    if choice.problem:
        return choice
    try:
        _take_newest(named or free, choice, read)
    except Refused as error:
        choice.problem = f"its notebook {error}"
    if choice.source is None or choice.problem:
        return choice
    if not named:
        choice.notes.append(f"{shown(_last(choice.source))} is taken, the only notebook")
    elif _last(choice.source) != f"{unit}.ipynb":
        choice.notes.append(f"{shown(_last(choice.source))} is taken")
    _add_files(handed, choice, unit, read)
    return choice


def _take_newest(notebooks: list[Handed], choice: Choice, read) -> None:
    """Take the newest; note which it was. Of equal ones, the first. Raises Refused."""
    newest = notebooks[0]
    if not _equal(notebooks, read):
        found = _newest(notebooks)
        if found is None:
            choice.problem = f"several notebooks, {_names(notebooks)}, and nothing says which is the newest: "
            choice.problem += "give the right one alone"
            return
        newest = found
        choice.notes.append(f"the newest of {len(notebooks)}: {shown(newest.entry.path)}")
    choice.notebook, choice.source = read(newest, MAX_NOTEBOOK), newest


def _newest(notebooks: list[Handed]) -> Handed | None:
    """By Canvas's numbers, else by their times, else by the number in their names; None where these do not tell."""
    for key, apart in (
        (lambda h: h.attachment, 1),
        (lambda h: h.entry.when and (h.when or h.entry.when).replace(tzinfo=UTC).timestamp(), APART),
        (lambda h: _stem(h)[1], 1),
    ):
        values = [key(h) for h in notebooks]
        if None not in values:
            first, second = sorted(values, reverse=True)[:2]
            if first - second >= apart:
                return notebooks[values.index(first)]
    return None


def _equal(notebooks: list[Handed], read) -> bool:
    """Whether some files have the same content; no where one cannot be read, or all are too large to be compared."""
    if len(notebooks) == 1:
        return True
    sizes = [h.entry.size for h in notebooks]
    if len(set(sizes)) > 1 or sum(sizes) > MOST_COMPARED:
        return False
    found = set()
    for h in notebooks:
        try:
            found.add(hashlib.sha256(read(h, MAX_NOTEBOOK)).hexdigest())
        except Refused:
            return False
        if len(found) > 1:
            return False
    return True


def _add_files(handed: list[Handed], choice: Choice, unit: str, read) -> None:
    """The files beside and below the notebook, as many as the grader takes."""
    folder = _folder(choice.source)
    total, exported, unread = 0, [], []
    for h in handed:
        inside = PurePosixPath(h.path)
        if h.given != choice.source.given or NOTEBOOK.fullmatch(_last(h)) or not inside.is_relative_to(folder):
            continue
        path = inside.relative_to(folder).as_posix()
        if inside.suffix.lower() in EXPORTED:
            exported.append(h)
        elif path in OWN or path in choice.files or len(choice.files) >= MAX_FILES or _too_long(path):
            unread.append(h)
        else:
            left = MAX_FILES_BYTES - total
            try:
                choice.files[path] = read(h, left)
            except Refused as error:
                choice.notes.append(f"{shown(path)} {error}: left out")
            total += h.entry.size if h.entry.size <= left else 0  # of a spoilt one, too: reading it was work
    if exported:
        choice.notes.append(f"{_names(exported)}: left out, since the notebook is graded")
    if unread:
        choice.notes.append(f"{_names(unread)}: left out")


def _too_long(path: str) -> bool:
    return len(path.encode()) > MAX_NAME or any(len(part.encode()) > LONGEST_NAME for part in path.split("/"))


def _folder(h: Handed) -> PurePosixPath:
    return PurePosixPath(h.path).parent


def _last(h: Handed) -> str:
    return PurePosixPath(h.path).name


def _stem(h: Handed) -> tuple[str, int]:
    """The file's name without what marks a copy, and the copy's number: 0 for none."""
    stem = NOTEBOOK.fullmatch(_last(h))[1]
    match = COPY.fullmatch(stem)
    return (match[1], int(match[2] or match[3])) if match else (stem, 0)


def _meant(h: Handed, units: list[str]) -> str:
    """The unit whose name a notebook has; "" for none."""
    stem = _stem(h)[0].casefold()
    return next((unit for unit in units if stem in (unit.casefold(), unit.partition("_")[0])), "")


def _names(handed: list[Handed]) -> str:
    return some([line(shown(h.path), 80) for h in handed], SHOWN)
