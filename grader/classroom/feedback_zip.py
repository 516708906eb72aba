"""Feedback as a zip file with the names by which Moodle and Canvas give each page to its student.

Moodle ("Upload multiple feedback files in a zip") takes the names of its own download:
`Full name_NUMBER_assignsubmission_file_` as a folder, with or without the last _, or in front of the file's name; the
number is that of the person in one assignment. Canvas ("Re-upload submissions") reads the first two numbers between
underscores: of the person, and of the file that was handed in.
"""

import contextlib
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.classroom.whose import Handed
from grader.errors import CourseError

SYSTEMS = ("moodle", "canvas")
MARK = b"Feedback, written by bncourse feedback"  # the archive's comment: only such a file is overwritten
DATE = (2020, 1, 1, 0, 0, 0)  # of each entry: the same pages give the same file


def name_in_archive(handed: Handed) -> tuple[str, str]:
    """(system, name) of what was handed in: Moodle's name up to the student's own file, Canvas's of the file itself.

    Two empty texts where it came from neither.
    """
    path = handed.entry.path
    if handed.layout not in SYSTEMS or not path.endswith(handed.path):
        return "", ""
    before = path[: len(path) - len(handed.path)]
    named = before.rstrip("/").rpartition("/")[2] + "/" * before.endswith("/")
    return handed.layout, named + PurePosixPath(handed.path).parts[0] * (handed.layout == "canvas")


def name_for(system: str, named: str, unit: str) -> str:
    """What a student's page is called in the zip."""
    if system == "moodle":
        return f"{named}{unit}.html"
    for ending in (".txt", ".json", ".ipynb", ".zip"):
        named = named[: -len(ending)] if named.lower().endswith(ending) else named
    return f"{named}.html"


@dataclass
class Zipped:
    """What was put into a zip file, and what was not."""

    system: str
    names: dict[str, str] = field(default_factory=dict)  # by student
    nameless: list[str] = field(default_factory=list)  # of whom no name of that system is known


def write_zip(
    file: Path, unit: str, pages: dict[str, Path], named: dict[str, tuple[str, str]], system: str | None
) -> Zipped:
    """Write the pages, by student, into a zip file. Raises CourseError.

    named: by student, what `name_in_archive` gave; system: None for the one that everybody's came from.
    """
    if system is None:
        found = {named[student][0] for student in pages if named.get(student, ("",))[0]}
        if len(found) > 1:
            raise CourseError("Some were collected from Moodle, some from Canvas: say --lms moodle, or --lms canvas.")
        if not found:
            raise CourseError(
                f"Nothing of {unit} was collected from Moodle or Canvas with this version, so no names are known that "
                "they would take. Collect what you downloaded once more: bncourse collect changes nothing else then."
            )
        system = found.pop()
    zipped = Zipped(system)
    for student in sorted(pages):
        came, name = named.get(student, ("", ""))
        if came == system and name:
            zipped.names[student] = name_for(system, name, unit)
        else:
            zipped.nameless.append(student)
    if twice := _twice(zipped.names.values()):
        raise CourseError(f"Two students' pages would both be {twice!r} in {file.name}: collect {unit} again.")
    _write(file, {name: pages[student] for student, name in zipped.names.items()})
    return zipped


def _twice(names: Iterable[str]) -> str:
    seen = set()
    return next((name for name in names if name in seen or seen.add(name)), "")


def _write(file: Path, entries: dict[str, Path]) -> None:
    if os.path.lexists(file) and not _is_ours(file):
        raise CourseError(f"{file} is there, and was not written by this command: name another file.")
    partial = file.with_name(f"{file.name}.part")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.comment = MARK
            for name, page in sorted(entries.items()):
                about = zipfile.ZipInfo(name, DATE)
                about.compress_type = zipfile.ZIP_DEFLATED
                about.external_attr = 0o644 << 16
                archive.writestr(about, page.read_bytes())
        os.replace(partial, file)
    except OSError as error:
        raise CourseError(f"{file} cannot be written: {error.strerror}.") from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _is_ours(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.comment == MARK
    except (OSError, zipfile.BadZipFile):
        return False
