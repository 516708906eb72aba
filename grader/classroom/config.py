"""A class's nbgrader_config.py: written for a new class, and in an nbgrader course that is there, completed."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from nbgrader.converters import GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from traitlets import TraitError
from traitlets.config import Config, LazyConfigValue, PyFileConfigLoader

from grader.classroom.backup import Backup
from grader.classroom.feedback import ShortenForFeedback
from grader.errors import CourseError
from grader.grading.outputs import line
from grader.kernel import QUIET_KERNEL
from grader.preprocessors import ClearAnswers

FILE = "nbgrader_config.py"
FOLDERS = ("source", "release", "submitted", "autograded", "feedback")
NEW = '''"""nbgrader's settings for this class. Any option of nbgrader can be added: nbgrader autograde --help-all"""

from grader.classroom.feedback import feedback_preprocessors
from grader.classroom.formgrader import set_up_formgrader
from grader.preprocessors import release_preprocessors

c = get_config()
c.CourseDirectory.course_id = {course_id!r}
# As nbgrader's own steps, but a concept question's stub is `name = ...`.
c.GenerateAssignment.preprocessors = release_preprocessors()
# Without the code of the setup cell and of the hidden tests; a page that needs no network.
c.GenerateFeedback.preprocessors = feedback_preprocessors()
c.GenerateFeedback.exporter_class = "grader.classroom.feedback.FeedbackExporter"
# Formgrader: pages without the setup cell's code; its Autograde button grades as `bncourse grade` does, in the jail.
set_up_formgrader(c)
# Seconds that one cell may run.
c.Execute.timeout = 120
# No remarks of the kernel on its transport, which is this machine's loopback.
c.Execute.extra_arguments = {quiet_kernel!r}
'''
UNGRADED = "# Concept questions give no points in this class (bncourse class --questions-ungraded).\n"
ADDED = "\n# For the notebooks of the course on batch normalization; added by `bncourse class`.\n"
# What the course's notebooks need: the step, whose list of steps it belongs into, the lines, and what is without it.
NEEDED = [
    (
        ClearAnswers,
        GenerateAssignment,
        "from grader.preprocessors import release_preprocessors\n"
        "get_config().GenerateAssignment.preprocessors = release_preprocessors()\n",
        "students would get concept questions as cells that raise",
    ),
    (
        ShortenForFeedback,
        GenerateFeedback,
        "from grader.classroom.feedback import feedback_preprocessors\n"
        "get_config().GenerateFeedback.preprocessors = feedback_preprocessors()\n"
        'get_config().GenerateFeedback.exporter_class = "grader.classroom.feedback.FeedbackExporter"\n'
        "from grader.classroom.formgrader import set_up_formgrader\n"
        "set_up_formgrader(get_config())\n",
        "feedback would show hidden tests and the tables of expected values",
    ),
]


def set_up(directory: Path, backup: Backup, questions_ungraded: bool = False) -> tuple[bool, list[str]]:
    """Write the settings of a class, or add to those that are there what the course's notebooks need.

    Returns whether concept questions give no points in this class, and what is to be said about the settings.
    Raises CourseError where they cannot be read, or name other folders.
    """
    path, said = directory / FILE, []
    if not path.exists():
        path.write_text(NEW.format(course_id=directory.name, quiet_kernel=QUIET_KERNEL), encoding="utf-8")
    settings = load(directory)
    check_folders(settings)
    if missing := _missing(settings, said):
        copy = backup.copy(path)
        text = path.read_text(encoding="utf-8")
        path.write_text(text.rstrip("\n") + "\n" + ADDED + "".join(missing), encoding="utf-8")
        try:
            load(directory)
        except CourseError:
            path.write_text(text, encoding="utf-8")
            raise CourseError(
                f"These lines could not be added to {path}; add them yourself:\n{''.join(missing)}"
            ) from None
        said.append(f"{FILE}: added what hides hidden tests and tables from feedback (as it was before: {copy}).")
    text = path.read_text(encoding="utf-8")
    if questions_ungraded and UNGRADED not in text:
        path.write_text(text + UNGRADED, encoding="utf-8")
    return questions_ungraded or UNGRADED in text, said


def load(directory: Path) -> Config:
    """The settings of a class directory. Raises CourseError where they are no program that ends."""
    try:
        with importable(directory):
            return PyFileConfigLoader(FILE, path=str(directory)).load_config()
    except (Exception, SystemExit) as error:  # it is a program of the instructor's
        where = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise CourseError(
            f"{directory / FILE} cannot be run: {type(error).__name__}{where}: {line(str(error))}"
        ) from None


@contextlib.contextmanager
def importable(directory: Path) -> Iterator[None]:
    """With the modules in a class directory at hand, as for nbgrader's own commands: plugins of the instructor's."""
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        sys.path.remove(str(directory))


def check_folders(settings: Config) -> None:
    """Raise CourseError where an nbgrader course keeps its things elsewhere than nbgrader itself proposes."""
    try:
        coursedir = CourseDirectory(config=settings)
    except TraitError as error:
        raise CourseError(f"{FILE} cannot be used: {line(str(error))}") from None
    for name in FOLDERS:
        if (own := getattr(coursedir, f"{name}_directory")) != name:
            raise CourseError(
                f"{FILE} sets CourseDirectory.{name}_directory to {own!r}: bncourse works with folders of nbgrader's "
                f"own names only ({', '.join(FOLDERS)}). Make the class in a directory of its own."
            )


def _missing(config: Config, said: list[str]) -> list[str]:
    """The lines that a class's settings lack; adds to `said` what only the instructor can put right."""
    lines = []
    for step, converter, text, without in NEEDED:
        steps = config[converter.__name__].get("preprocessors")
        if steps is None:
            lines.append(text)
            continue
        steps = steps.get_value([]) if isinstance(steps, LazyConfigValue) else steps
        names = [getattr(one, "__name__", str(one).rpartition(".")[2]) for one in steps]
        if step.__name__ not in names:
            place = "in the place of ClearSolutions" if step is ClearAnswers else "as the first"
            said.append(
                f"{FILE}: c.{converter.__name__}.preprocessors is a list of your own. Put {step.__module__}."
                f"{step.__name__} into it, {place}: {without}."
            )
    return lines
