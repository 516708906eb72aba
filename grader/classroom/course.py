"""`bncourse class`: a directory in which stock nbgrader works on the course's units."""

import contextlib
import logging
import os
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI
from traitlets import TraitError

from grader.authoring.stale import stale, targets
from grader.classroom import config
from grader.classroom.backup import Backup
from grader.classroom.releasing import Releasing
from grader.classroom.ungraded import ungrade_questions
from grader.errors import CourseError
from grader.grading.outputs import line
from grader.grading.store import Store

# What nbgrader takes for a pattern of names, or reads in the gradebook's address as something else.
MISREAD = re.compile(r"[?*]|\[[^/]*\]|%[0-9a-fA-F]{2}")


def make_class(
    directory: Path,
    sources: list[Path],
    quietly: bool = False,
    questions_ungraded: bool = False,
    force: bool = False,
) -> int:
    """Make a class directory with these units, or add them to one that is there. Returns 0.

    What was edited in the class stays. questions_ungraded: concept questions give no points, in this class from now
    on. force: the course's own units take the place of edited ones, of which a dated copy is kept.
    Raises CourseError when the directory holds something else or has a path that nbgrader would misread, a unit is
    stale, or nbgrader refuses a unit; the others are released.
    """
    for source in sources:
        reason = stale(source)
        if reason:
            raise CourseError(f"{reason}. Run: bncourse build {source.stem}")
    directory = directory.resolve()  # `opened` changes the current directory
    _check_path(directory)
    if directory.exists() and not (directory / config.FILE).exists() and not _is_empty(directory):
        raise CourseError(f"{directory} is there already and is no class. Name a new directory, or an empty one.")
    backup, problems = Backup(directory), []
    try:
        for folder in ("source", "release", "submitted"):
            (directory / folder).mkdir(parents=True, exist_ok=True)
        questions_ungraded, said = config.set_up(directory, backup, questions_ungraded)
    except OSError as error:
        raise CourseError(f"{directory} cannot be made: {error.strerror}.") from None
    with opened(directory) as api, quiet(), Store(directory).locked():
        releasing = Releasing(directory, api.config, backup, force, said)
        for source in sources:
            try:
                releasing.put(source.stem, _solved(source, questions_ungraded))
                said.append(f"{source.stem}: released in {directory / 'release' / source.stem}")
            except CourseError as error:
                problems.append(str(error))
            if not quietly:
                for text in said:
                    print(text)
            said.clear()
    if problems:
        raise CourseError("\n".join(problems))
    if not quietly:
        print(f"Put submissions into {directory / 'submitted'}/STUDENT/UNIT/UNIT.ipynb, then:")
        print(f"  bncourse grade {directory}")
    return 0


def _solved(source: Path, questions_ungraded: bool) -> bytes:
    """A unit's solved notebook, as a class gets it."""
    path = targets(source)[1]
    if not questions_ungraded:
        return path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    ungrade_questions(notebook)
    return f"{nbformat.writes(notebook)}\n".encode()


def _check_path(directory: Path) -> None:
    if bad := MISREAD.search(str(directory)):
        raise CourseError(
            f"{directory} has {bad[0]!r} in its path, which nbgrader takes for something else: it would look for the "
            "gradebook or for notebooks in another place. Rename that folder, or choose another for the class."
        )


def _is_empty(directory: Path) -> bool:
    """Whether it is a directory with nothing in it but hidden files, such as .git."""
    return directory.is_dir() and all(p.name.startswith(".") for p in directory.iterdir())


@contextlib.contextmanager
def opened(directory: Path) -> Iterator[NbGraderAPI]:
    """nbgrader's API on a class directory.

    nbgrader works relative to the current directory and starts `alembic` by name: meanwhile that directory is the
    current one, and this interpreter's scripts are found even where the environment is not activated.
    Raises CourseError where it is no class, has settings that cannot be used, such as other names for its folders, or a
    path that nbgrader would misread.
    """
    if not (directory / "nbgrader_config.py").exists():
        raise CourseError(
            f"{directory} is no class: it has no nbgrader_config.py. Make one with: bncourse class {directory}"
        )
    directory = directory.resolve()
    _check_path(directory)
    before, path = Path.cwd(), os.environ.get("PATH", "")
    os.chdir(directory)
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), path])
    try:
        settings = config.load(directory)
        config.check_folders(settings)  # a command would look into folders that are not there, and find nothing to do
        try:
            api = NbGraderAPI(config=settings)
        except TraitError as error:
            raise CourseError(f"{directory / config.FILE} cannot be used: {line(str(error))}") from None
        yield api
    finally:
        os.chdir(before)
        os.environ["PATH"] = path


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep nbgrader's log off the terminal; its results carry it."""
    logger = logging.getLogger("traitlets")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
