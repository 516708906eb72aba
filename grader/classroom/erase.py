"""Erase a student: files, results, records, rows in the gradebook, what is in nbgrader's exchange."""

import difflib
import json
import os
import re
import shutil
import unicodedata
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.exchange.default import Exchange
from nbgrader.utils import notebook_hash
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from grader.classroom.course import opened, quiet
from grader.classroom.people import read_more, write_more
from grader.classroom.submitted import name_problem
from grader.errors import CourseError
from grader.grading import secret
from grader.grading.store import FOLDER, Store, write_whole
from grader.report.scores import Person, grades_at
from grader.report.write import HIDDEN, NAMED

LARGEST = 50 << 20  # bytes of a file that is looked through
STEPS = ("source", "release")  # nbgrader's folders in which no student is named, beside those of students' own


@dataclass
class Forgotten:
    """What was erased, and what is left: a line for each."""

    erased: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def forget(directory: Path, student: str, dry: bool = False) -> Forgotten:
    """Erase a student from a class; with `dry`, only say what would be.

    Raises CourseError where the directory is no class, or knows no such student.
    """
    directory = directory.resolve()
    forgotten = Forgotten()
    with quiet(), opened(directory) as api, Store(directory).locked():
        grades = grades_at(api.coursedir.db_url)
        person = next((p for p in grades.students if p.id == student), None)
        files = _files(directory, api, student) if not name_problem(student) and student else []
        more = read_more(directory)
        if not files and person is None and student not in more:
            raise CourseError(_unknown(student, [p.id for p in grades.students], directory))
        aliases = more[student].aliases if student in more else []
        for path in files:
            _erase(path, directory, forgotten, dry)
        _records(directory, student, forgotten, dry)
        if student in more:
            forgotten.erased.append(f"sections and other ids in {FOLDER}/roster.json")
            if not dry:
                write_more(directory, {id: m for id, m in more.items() if id != student})
        if person:
            count = sum(id == student for _, id in grades.graded)
            forgotten.erased.append(f"{student} and the points and comments of {count} submission(s), in the gradebook")
            if not dry:
                _from_gradebook(api, student)
        if not dry:
            forgotten.left += _mentions(directory, api, person or Person(student), aliases)
    return forgotten


def _unknown(student: str, known: list[str], directory: Path) -> str:
    near = difflib.get_close_matches(student.casefold(), {id.casefold() for id in known}, n=3)
    maybe = ", ".join(repr(id) for id in known if id.casefold() in near)
    return f"There is no student {student!r} in {directory}.{f' Is it {maybe}?' if maybe else ''}"


def _files(directory: Path, api: NbGraderAPI, student: str) -> list[Path]:
    """All files and folders that are this student's."""
    course = api.coursedir
    steps = (course.submitted_directory, course.autograded_directory, course.feedback_directory)
    own = [path for step in steps for path in _named(directory / step, student)]
    exchange = Path(Exchange(coursedir=course, config=api.config).root) / course.course_id
    secrets = {text for path in own for text in _secrets(path)}
    released = {path.stem for path in (directory / course.release_directory).glob("*/*.ipynb")}
    hashes = [notebook_hash(secret=text, notebook_id=name) for text in secrets for name in released]
    results = (directory / FOLDER / "results").glob("*")
    found = [
        *own,
        *(Store(directory).result_path(unit.name, student) for unit in results),
        *(path for path in _entries(exchange / "inbound") if _is_inbound(path.name, student)),
        *(exchange / "feedback" / f"{name}.html" for name in hashes),
    ]
    return [path for path in found if os.path.lexists(path)]


def _named(folder: Path, student: str) -> list[Path]:
    """The entries of a folder with this name, composed or not."""
    wanted = unicodedata.normalize("NFC", student)
    return [path for path in _entries(folder) if unicodedata.normalize("NFC", path.name) == wanted]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _secrets(folder: Path) -> list[str]:
    """What names this student's feedback in the exchange."""
    found = [secret.read(path) for path in _entries(folder)] if not folder.is_symlink() else []
    return [text for text in found if text]


def _is_inbound(name: str, student: str) -> bool:
    """Whether it is STUDENT+UNIT+TIME, or that with +RANDOM: another student's id may begin with this one and a +."""
    unit, _, rest = name.removeprefix(f"{student}+").partition("+")
    return name.startswith(f"{student}+") and bool(unit) and bool(re.match(r"\d{4}-\d\d-\d\d [^+]+(\+[^+]*)?$", rest))


def _erase(path: Path, directory: Path, forgotten: Forgotten, dry: bool) -> None:
    said = path.relative_to(directory).as_posix() if path.is_relative_to(directory) else str(path)
    try:
        if path.is_dir() and not path.is_symlink():
            count = sum(len(files) for _, _, files in os.walk(path))
            said += f" ({count} file{'s' * (count != 1)})"
            if not dry:
                shutil.rmtree(path)
        elif not dry:
            path.unlink()
        forgotten.erased.append(said)
    except OSError as error:
        forgotten.left.append(f"{said} cannot be erased: {error.strerror}")


def _records(directory: Path, student: str, forgotten: Forgotten, dry: bool) -> None:
    """What `bncourse collect` and `bncourse feedback` noted."""
    kept = directory / FOLDER
    for path in sorted([*(kept / "collected").glob("*.json"), *(kept / "feedback").glob("*.json")]):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if student in data:
                del data[student]
                if not dry:
                    write_whole(path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")
                forgotten.erased.append(f"what was noted in {path.relative_to(directory).as_posix()}")
        except (OSError, ValueError, TypeError):
            forgotten.left.append(f"{path.relative_to(directory).as_posix()} cannot be read: delete it")


def _from_gradebook(api: NbGraderAPI, student: str) -> None:
    """Erase the rows, and what is left of them in the file. Raises CourseError."""
    try:
        with Gradebook(api.coursedir.db_url, api.coursedir.course_id) as gradebook:
            gradebook.remove_student(student)
            if gradebook.engine.dialect.name == "sqlite":
                gradebook.db.commit()
                with gradebook.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("VACUUM")  # what was deleted is still in the file's free pages
    except MissingEntry:
        return
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise CourseError(
            f"The gradebook cannot be changed: {reason}. Close formgrader, and run the same command again."
        ) from None


def _mentions(directory: Path, api: NbGraderAPI, person: Person, aliases: list[str]) -> list[str]:
    """The files of a class that still name a student, beside other students' own."""
    course = api.coursedir
    others = {*STEPS, FOLDER, course.submitted_directory, course.autograded_directory, course.feedback_directory}
    names = [person.id, person.email, *aliases]
    if person.first_name and person.last_name:
        orders = (f"{person.first_name} {person.last_name}", f"{person.last_name}, {person.first_name}")
        names += [*orders, f"{person.last_name},{person.first_name}"]
    words = [re.escape(name) for name in names if name.strip()]
    anywhere = "|".join(words)
    alone = rf"(?<![\w+@.-])(?:{anywhere})(?![\w+@-]|\.\w)"  # not ada-2, where ada is forgotten
    text = re.compile(rf"(?<![^\W_])(?:{anywhere})(?![^\W_])", re.I)  # in files' names, a _ may stand beside it
    gradebook = Path(make_url(api.coursedir.db_url).database or "")
    found = []
    if (directory / HIDDEN).exists():
        found.append(f"{HIDDEN} may tell of the student by a made-up name: bncourse report --pseudonyms makes it again")
    for folder, folders, files in os.walk(directory):
        if Path(folder) == directory:
            folders[:] = [name for name in folders if name not in others]
        for name in sorted(files):
            path = Path(folder) / name
            if path.is_symlink() or not path.is_file() or path == gradebook:
                continue
            # A database writes texts without anything between them.
            pattern = re.compile((anywhere if ".db" in name else alone).encode())
            if text.search(unicodedata.normalize("NFC", name)) or _holds(path, pattern, text):
                said = path.relative_to(directory).as_posix()
                again = ": bncourse report makes it again" if said == NAMED else ""
                found.append(f"{said} may name the student{again or ': make it again, or delete it'}")
    return found


def _holds(path: Path, pattern: re.Pattern, text: re.Pattern) -> bool:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return any(text.search(unicodedata.normalize("NFC", name)) for name in archive.namelist())
        return path.stat().st_size <= LARGEST and bool(pattern.search(path.read_bytes()))
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        return False
