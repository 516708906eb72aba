"""`bncourse demo`: a small class with everything that a real one has, from release to report."""

import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin
from sqlalchemy.exc import SAWarning
from tqdm import tqdm

from grader.authoring.unit import Unit, read_unit
from grader.classroom.course import make_class, opened, quiet
from grader.errors import CourseError
from grader.grading.grade import Options, grade_class
from grader.grading.jail import JailError, check_available
from grader.grading.result import Result
from grader.grading.scoring import read_notebook
from grader.kit.judge import CAUSE, ITEM
from grader.paths import unit_sources
from grader.report.write import write_report

UNITS = ("03", "04")
MARK = ".bncourse-demo"


@dataclass
class Student:
    """A made-up student: which answer each exercise gets (None: untouched), and what else happens to the file."""

    id: str
    answer: Callable[[Unit, str, int], str | None]
    spoil: Callable[[nbformat.NotebookNode], str] = nbformat.writes


def reference(unit: Unit, exercise: str, position: int) -> str | None:
    return unit.of("exercise", exercise)[0].source


def untouched(unit: Unit, exercise: str, position: int) -> str | None:
    return None


def first_half(unit: Unit, exercise: str, position: int) -> str | None:
    return reference(unit, exercise, position) if position < len(unit.exercises) / 2 else None


def _typical_mistake(which: int) -> Callable[[Unit, str, int], str | None]:
    """Every second exercise is answered with one of its known mistakes, the others rightly."""

    def answer(unit: Unit, exercise: str, position: int) -> str | None:
        mistakes = unit.mistakes_of(exercise)
        if position % 2 != which % 2 or not mistakes:
            return reference(unit, exercise, position)
        return mistakes[which % len(mistakes)].source

    return answer


def _raise_first(notebook: nbformat.NotebookNode) -> str:
    notebook.cells.insert(0, new_code_cell("import my_helpers  # a file that only the student has"))
    return nbformat.writes(notebook)


def _cut_short(notebook: nbformat.NotebookNode) -> str:
    text = nbformat.writes(notebook)
    return text[: len(text) // 2]


STUDENTS = [
    Student("perfect", reference),
    Student("untouched", untouched),
    Student("half-done", first_half),
    Student("mistaken-1", _typical_mistake(0)),
    Student("mistaken-2", _typical_mistake(1)),
    Student("first-cell-raises", reference, _raise_first),
    Student("not-json", reference, _cut_short),
]


@dataclass
class Row:
    student: str
    unit: str
    points: float | None  # None: not graded
    out_of: float
    wrong: dict[str, str]  # by exercise, what its first failing check said; "" for the file as a whole
    undone: list[str] = field(default_factory=list)  # the exercises that are not written yet


def submit(directory: Path, unit: Unit, student: Student) -> None:
    """Write a student's file into the class, made from the released notebook as a student would."""
    notebook = read_notebook(directory / "release" / unit.name / f"{unit.name}.ipynb")
    cells = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in notebook.cells}
    for position, exercise in enumerate(unit.exercises):
        answer = student.answer(unit, exercise, position)
        if answer is not None:
            cells[exercise].source = answer
    folder = directory / "submitted" / student.id / unit.name
    folder.mkdir(parents=True)
    (folder / f"{unit.name}.ipynb").write_text(student.spoil(notebook), encoding="utf-8")


def run_demo(directory: Path) -> int:
    """Make the class anew, grade it, write feedback, grades.csv and the report, print the table. Returns 0."""
    if directory.exists():
        if not (directory / MARK).exists():
            raise CourseError(f"{directory} is there and was not made by this command. Name another directory.")
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    (directory / MARK).write_text("Made by `bncourse demo`, which deletes and makes it again.\n", encoding="utf-8")
    sources = unit_sources(list(UNITS))
    make_class(directory, sources, quietly=True)
    units = [read_unit(source) for source in sources]
    for unit in units:
        for student in STUDENTS:
            submit(directory, unit, student)
    rows = grade(directory, units)
    print_table(rows)
    for name in ("autograded", "feedback", "grades.csv"):
        print(f"{name + ':':<12}{directory / name}")
    print(f"{'report:':<12}{write_report(directory)}")
    return 0


def grade(directory: Path, units: list[Unit]) -> list[Row]:
    """Grade every submission, write the students' feedback and grades.csv."""
    sandbox = True
    try:
        check_available()
    except JailError as error:
        print(f"{error.reason} The demo's own students may run without one.")
        sandbox = False
    outcome = grade_class(directory, Options(units=[unit.name for unit in units], sandbox=sandbox))
    rows = []
    with quiet(), opened(directory) as api, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own use of SQLAlchemy
        for result in tqdm(outcome.results, desc="feedback", leave=False, disable=None):
            out_of = next(unit.points for unit in units if unit.name == result.unit)
            rows.append(_row(result, out_of))
            if result.status == "graded":
                api.generate_feedback(result.unit, result.student)
        with Gradebook("sqlite:///gradebook.db", api.course_id) as gradebook:
            CsvExportPlugin(to="grades.csv").export(gradebook)
    return sorted(rows, key=lambda row: (row.unit, row.student))


def _row(result: Result, out_of: float) -> Row:
    if result.status != "graded":
        return Row(result.student, result.unit, None, out_of, {"": f"not graded: {result.reason}"})
    wrong: dict[str, str] = {}
    for cell in result.cells:
        if cell.message:
            wrong.setdefault(cell.exercise, cell.message)
    undone = list(dict.fromkeys(cell.exercise for cell in result.cells if cell.kind == "unwritten"))
    points = sum(cell.points or 0 for cell in result.cells)  # those of a question for a person are given later
    return Row(result.student, result.unit, points, out_of, wrong, undone)


def print_table(rows: list[Row]) -> None:
    """Print a line per submission, and under it a line for each thing that went wrong."""
    width = max(len(row.student) for row in rows)
    for row in rows:
        score = "-" if row.points is None else f"{row.points:g}"
        print(f"{row.student:<{width}}  {row.unit:<24} {score:>3} of {row.out_of:g}")
        if row.undone:
            print(f"    not done: {', '.join(row.undone)}")
        for exercise, text in row.wrong.items():
            if exercise not in row.undone:
                print(f"    {_shorten(f'{exercise}: {_cause(text)}' if exercise else text)}")


def _cause(message: str) -> str:
    """The mistake that a check named, else what it said first."""
    lines = message.splitlines()
    causes = [line.removeprefix(CAUSE).removeprefix(ITEM) for line in lines if line.startswith((CAUSE, ITEM))]
    return " or: ".join(causes) or lines[0]


def _shorten(text: str, length: int = 150) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"
