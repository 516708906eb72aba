"""`bncourse check`: what a student's notebook earns, as `bncourse grade` will say it, hidden tests aside.

The notebook is read and rebuilt by the grader's own code; only the kernel is an ordinary one (see rehearsal).
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from grader import paths
from grader.errors import CourseError
from grader.grading.notebook import MAX_NOTEBOOK, SubmittedCell, document, read_cells, read_file
from grader.grading.outputs import line, plain
from grader.grading.rebuild import Piece, names, rebuild
from grader.grading.recognise import LEAST, MOST, closest, likeness
from grader.grading.rehearsal import Rehearsal, rehearse
from grader.grading.release import Release, release_of
from grader.grading.run import where


@dataclass
class ExerciseScore:
    exercise: str
    points: float = 0
    out_of: float = 0
    message: str = ""  # of the first failing check


@dataclass
class Score:
    file: str
    unit: str = ""
    exercises: list[ExerciseScore] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    by_hand: float = 0  # points that a person gives
    unanswered: list[str] = field(default_factory=list)  # of those cells, the ones left as they were released

    @property
    def points(self) -> float:
        return sum(e.points for e in self.exercises)

    @property
    def out_of(self) -> float:
        return sum(e.out_of for e in self.exercises)

    @property
    def full(self) -> bool:
        return not any(e.message for e in self.exercises)


def score(path: Path, progress: bool = False) -> Score:
    """Run a notebook in a kernel of this interpreter, in its own directory, and score its check cells.

    It runs with your rights: for notebooks of people you trust. Raises CourseError where it is none of this course.
    """
    shown, notes = line(path), []
    data = document(_read(path), shown, notes)
    cells = read_cells(data, shown, notes)
    release = _release(path, data, cells)
    pieces, repairs = rebuild(release, cells)
    run = rehearse(pieces, release, Path(os.path.realpath(path)).parent, progress)
    result = Score(plain(path), release.unit, repairs=[plain(text) for text in [*notes, *repairs, *run.repairs]])
    by_id: dict[str, ExerciseScore] = {}
    for number, piece in enumerate(pieces):
        if piece.role in ("manual", "task"):
            result.by_hand += piece.cell.points
            if piece.role == "manual" and not piece.changed:
                result.unanswered.append(piece.key)
        elif piece.role == "check":
            entry = by_id.setdefault(piece.cell.exercise, ExerciseScore(piece.cell.exercise))
            message = _message(number, pieces, run)
            entry.message = entry.message or message
            entry.points += 0 if message else piece.cell.points
            entry.out_of += piece.cell.points
    result.exercises = list(by_id.values())
    return result


def _read(path: Path) -> bytes:
    if not path.exists():
        raise CourseError(f"There is no file {line(path)}.")
    if path.is_dir():
        raise CourseError(f"{line(path)} is a directory; name a notebook in it.")
    # A student may keep the file where they like, and a link to it here.
    return read_file(Path(os.path.realpath(path)), MAX_NOTEBOOK, line(path))


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """One of the course's own notebooks, or one clear line on why it is none."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise CourseError(f"There is no file {path}.") from None
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise CourseError(f"{path} is not a notebook that can be read: {reason}") from None


def _release(path: Path, data: dict, cells: list[SubmittedCell]) -> Release:
    """The unit that a notebook is of, as students get it. Raises CourseError where it is of none, or of another.

    By the file's name, as for the grader, or else by what the build wrote into it; but its cells must bear that out.
    """
    files = {file.stem: file for file in sorted(paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}
    if not files:
        raise CourseError(
            f"No units found in {paths.NOTEBOOKS}. Install the course from its checkout: pip install -e ."
        )
    named = next((unit for unit in files if unit.casefold() in path.stem.casefold()), "")
    first = named or _stamp(data)
    release = _own(files[first]) if first in files else None
    like = likeness(release, cells) if release else 0.0
    if like >= MOST:
        return release
    other, more = closest(map(_own, files.values()), cells)
    if named and other.unit != named and more >= MOST:
        raise CourseError(
            f"{line(path)}: this is the notebook of {other.unit}; it answers nothing of {named}. "
            f"To see what it earns, name the file {other.unit}.ipynb."
        )
    if named and like > 0:
        return release
    if more >= LEAST:
        return other
    what = f"holds no check cells of {named}" if named else "is no notebook of this course: it holds no check cells"
    raise CourseError(f"{line(path)} {what}, nor an answer to one. Is it the right file?")


def _own(file: Path) -> Release:
    notebook = read_notebook(file)
    return release_of(file.stem, notebook, notebook)


def _stamp(data: dict) -> str:
    """The unit that the build named in the notebook's metadata."""
    metadata = data.get("metadata")
    stamp = metadata.get("bncourse") if isinstance(metadata, dict) else None
    unit = stamp.get("unit") if isinstance(stamp, dict) else None
    return unit if isinstance(unit, str) else ""


def _message(number: int, pieces: list[Piece], run: Rehearsal) -> str:
    """Why a check cell earns nothing; "" where it ran to its end."""
    if number not in run.ran:
        limit = f"{run.limit}, in {where(pieces, run.stopped[0])}" if run.limit else "the kernel ended"
        return f"This check was not run: {limit}."
    error = run.ran[number]
    if error is None:
        return ""
    name, text = line(error[0], 100), plain(error[1])
    message = text if name == "CheckFailed" else f"{name}: {text}".rstrip(": ")
    return "\n".join([message, *_stopped_answers(pieces[number].cell.exercise, error, pieces, run)])


def _stopped_answers(exercise: str, error: tuple[str, str], pieces: list[Piece], run: Rehearsal) -> Iterator[str]:
    """A line for each answer that this check uses and whose cell did not run to its end: what stopped it."""
    missing = set(re.findall(r"name '(\w+)' is not defined", error[1]))
    for number, piece in enumerate(pieces):
        stopped = run.ran.get(number)
        if stopped and piece.role == "solution" and (piece.key == exercise or missing & names(piece.source)):
            name, text = line(stopped[0], 100), line(stopped[1])
            yield f"The answer's cell, {piece.key}, stopped before its end with {f'{name}: {text}'.rstrip(': ')}"
