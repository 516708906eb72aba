"""What lies in a class's submitted/: submissions of the units that are released, and what is none and why."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import CourseError
from grader.grading.outputs import line
from grader.grading.outputs import shown as printable

MOST = 100  # lines
IGNORED = re.compile(r"\.|__MACOSX$|desktop\.ini$|Thumbs\.db$", re.I)  # what systems and editors leave behind


@dataclass
class Submitted:
    """(student, unit) of what can be graded, and a line, with what to do, for everything else that lies there."""

    submissions: list[tuple[str, str]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def submitted(directory: Path, units: list[str]) -> Submitted:
    """Look through submitted/, itself a folder or a link to one, of a class whose released units these are.

    Raises CourseError where it cannot be read.
    """
    found = Submitted()
    folder = directory / "submitted"
    for student in entries(folder):
        shown = f"submitted/{printable(student.name)}"
        try:
            if is_folder(student) and not _unit(student.name, units):
                _look_into(Path(student.path), student.name, shown, units, found)
            elif is_folder(student):
                if entries(Path(student.path)):
                    found.others.append(f"{shown} is named as a unit is: it has to be submitted/STUDENT/UNIT.")
            elif not IGNORED.match(student.name):
                loose = f"{shown} lies in no student's folder: put it into submitted/STUDENT/UNIT/."
                found.others.append(_link(shown) if student.is_symlink() else loose)
        except CourseError as error:  # of one student's folder: it stops nobody else
            found.others.append(line(str(error)))
    if len(found.others) > MOST:
        found.others = [*found.others[:MOST], f"{len(found.others) - MOST} more files and folders are none either."]
    return found


def _look_into(folder: Path, student: str, shown: str, units: list[str], found: Submitted) -> None:
    known, other = [], []
    for entry in entries(folder):
        unit = _unit(entry.name, units)
        if entry.name in units:
            known.append(entry.name)
        elif IGNORED.match(entry.name):
            continue
        elif unit and entry.is_symlink():
            other.append(_link(f"{shown}/{printable(entry.name)}"))
        elif unit and is_folder(entry):
            other.append(f"{shown}/{printable(entry.name)} has to be called {unit}.")
        elif entry.name.lower().endswith(".ipynb"):
            where = f"{shown}/{unit}/{unit}.ipynb" if unit else f"{shown}/UNIT/UNIT.ipynb"
            other.append(f"{shown}/{printable(entry.name)} lies beside the units' folders: it belongs into {where}.")
        else:
            other.append(f"{shown}/{printable(entry.name)} is no unit that is released in this class.")
    problem = name_problem(student)
    if problem and known:
        found.others.append(f"{shown} is not graded: {problem}. Rename the folder to the student's id.")
    elif not problem:
        found.submissions += [(student, unit) for unit in known]
        for unit in known:
            found.others += _other_versions(folder / unit, unit, f"{shown}/{unit}")
    if known or not IGNORED.match(student):
        found.others += other


def _other_versions(folder: Path, unit: str, shown: str) -> list[str]:
    """Files that may be a newer version of the notebook beside them, by the names that browsers and systems give."""
    names = [entry.name for entry in entries(folder)] if folder.is_dir() and not folder.is_symlink() else []
    if f"{unit}.ipynb" not in names:
        return []  # grading says so
    version = re.compile(rf"{unit}.*\.(ipynb|ipynb\.txt|ipynb\.json|zip)", re.I)
    others = [printable(name) for name in names if version.fullmatch(name) and name != f"{unit}.ipynb"]
    return [f"{shown}/{name} lies beside {unit}.ipynb, which is graded: if it is newer, rename it." for name in others]


def name_problem(student: str) -> str:
    """Why a name cannot be a student's: what nbgrader, a shell or a terminal would take for something else; or ""."""
    try:
        student.encode()
    except UnicodeEncodeError:
        return "its name is not in UTF-8"
    if student.startswith("."):
        return "its name begins with a dot"
    if student != student.strip():
        return "its name begins or ends with a space"
    if not student.isprintable():
        return "its name has control characters in it"
    if bad := re.search(r"[*?\[\]/\\]", student):
        return f"its name has {bad[0]!r} in it, which nbgrader takes for a pattern or a path"
    return ""


def _unit(name: str, units: list[str]) -> str:
    """The unit that somebody who wrote this name meant; "" where it is none."""
    stem = re.sub(r"(\.ipynb|\.txt)+$", "", name, flags=re.I).lower()
    return next((unit for unit in units if stem in (unit.lower(), unit.partition("_")[0])), "")


def is_folder(entry: os.DirEntry) -> bool:
    """Whether it is a folder of its own. What a link leads to is not looked at: it may lead to itself, or out."""
    return entry.is_dir(follow_symlinks=False)


def _link(shown: str) -> str:
    return f"{shown} is a link, and links are not followed: put what it leads to in its place."


def entries(folder: Path) -> list[os.DirEntry]:
    """What lies in a folder, by name; nothing where there is no such folder. Raises CourseError."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise CourseError(f"{folder} cannot be read: {error.strerror}.") from None
