"""`bncourse class`: a directory in which stock nbgrader works on the course's units."""

import contextlib
import logging
import os
import re
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI
from traitlets.config import PyFileConfigLoader

from grader.authoring.build import stale, targets
from grader.classroom.ungraded import ungrade_questions
from grader.errors import CourseError
from grader.kernel import QUIET_KERNEL

CONFIG = '''"""nbgrader's settings for this class. Any option of nbgrader can be added: nbgrader autograde --help-all"""

from grader.classroom.feedback import feedback_preprocessors
from grader.preprocessors import release_preprocessors

c = get_config()
c.CourseDirectory.course_id = {course_id!r}
# As nbgrader's own steps, but a concept question's stub is `name = ...`.
c.GenerateAssignment.preprocessors = release_preprocessors()
# Without the code of the setup cell and of the hidden tests.
c.GenerateFeedback.preprocessors = feedback_preprocessors()
# Seconds that one cell may run.
c.Execute.timeout = 120
# No remarks of the kernel on its transport, which is this machine's loopback.
c.Execute.extra_arguments = {quiet_kernel!r}
'''
UNGRADED = "# Concept questions give no points in this class (bncourse class --questions-ungraded).\n"


def make_class(directory: Path, sources: list[Path], quietly: bool = False, questions_ungraded: bool = False) -> int:
    """Make a class directory with these units, or add them to one that is there. Returns 0.

    questions_ungraded: concept questions give no points, in this class from now on.
    Raises CourseError when the directory holds something else, a unit is stale, or nbgrader refuses a unit.
    """
    for source in sources:
        reason = stale(source)
        if reason:
            raise CourseError(f"{reason}. Run: bncourse build {source.stem}")
    directory = directory.resolve()  # `opened` changes the current directory
    config = directory / "nbgrader_config.py"
    if directory.exists() and not config.exists() and not _is_empty(directory):
        raise CourseError(f"{directory} is there already and is no class. Name a new directory, or an empty one.")
    try:
        for folder in ("source", "release", "submitted"):
            (directory / folder).mkdir(parents=True, exist_ok=True)
        if not config.exists():
            config.write_text(CONFIG.format(course_id=directory.name, quiet_kernel=QUIET_KERNEL), encoding="utf-8")
        text = config.read_text(encoding="utf-8")
        if questions_ungraded and UNGRADED not in text:
            config.write_text(text + UNGRADED, encoding="utf-8")
        questions_ungraded = questions_ungraded or UNGRADED in text
    except OSError as error:
        raise CourseError(f"{directory} cannot be made: {error.strerror}.") from None
    with opened(directory) as api, quiet():
        for source in sources:
            folder = directory / "source" / source.stem
            folder.mkdir(exist_ok=True)
            copy = folder / f"{source.stem}.ipynb"
            shutil.copyfile(targets(source)[1], copy)
            if questions_ungraded:
                notebook = nbformat.read(copy, as_version=4)
                ungrade_questions(notebook)
                nbformat.write(notebook, copy)
            result = api.generate_assignment(source.stem)
            if not result["success"]:
                raise CourseError(f"nbgrader could not release {source.stem}: {last_error(result)}")
            if not quietly:
                print(f"{source.stem}: released in {directory / 'release' / source.stem}")
    if quietly:
        return 0
    print(f"Put submissions into {directory / 'submitted'}/STUDENT/UNIT/UNIT.ipynb, then:")
    print(f"  bncourse grade {directory}")
    return 0


def _is_empty(directory: Path) -> bool:
    """Whether it is a directory with nothing in it but hidden files, such as .git."""
    return directory.is_dir() and all(p.name.startswith(".") for p in directory.iterdir())


@contextlib.contextmanager
def opened(directory: Path) -> Iterator[NbGraderAPI]:
    """nbgrader's API on a class directory.

    nbgrader works relative to the current directory and starts `alembic` by name: meanwhile that directory is the
    current one, and this interpreter's scripts are found even where the environment is not activated.
    """
    if not (directory / "nbgrader_config.py").exists():
        raise CourseError(
            f"{directory} is no class: it has no nbgrader_config.py. Make one with: bncourse class {directory}"
        )
    before, path = Path.cwd(), os.environ.get("PATH", "")
    os.chdir(directory)
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), path])
    try:
        yield NbGraderAPI(config=PyFileConfigLoader("nbgrader_config.py", path=os.getcwd()).load_config())
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


def last_error(result: dict) -> str:
    """The line that matters of a failed result of nbgrader's API: that of the first exception in its log."""
    for text in (result.get("log") or "", result.get("error") or ""):
        found = re.search(r"^ *((?:\w+\.)*\w*(?:Error|Exception|Entry)\b.*)$", text, flags=re.M)
        if found:
            return found[1].strip()
    return "unknown error"
