"""A class whose submissions are graded, made by hand, without running any: for what comes after grading."""

import json
import shutil
import warnings
from pathlib import Path

import nbformat
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from sqlalchemy.exc import SAWarning

from grader.grading.outputs import check_line, error

UNIT = "90_tiny"
CHECKS = {"normalize-values": 2.0, "q_epsilon-answer": 1.0}  # and their points


def make_graded(tiny_class: Path, directory: Path, students: dict[str, tuple[str, str]]) -> Path:
    """Make a class from one of the tiny unit that has no students yet.

    students: by id, first and last name; each has all points, and has handed in.
    """
    shutil.copytree(tiny_class, directory)
    with gradebook(directory) as book:
        for student, (first, last) in students.items():
            book.add_student(student, first_name=first, last_name=last)
            book.add_submission(UNIT, student)
            for cell, points in CHECKS.items():
                grade = book.find_grade(cell, UNIT, UNIT, student)
                grade.auto_score, grade.needs_manual_grade = points, False
        book.db.commit()
    for student in students:
        hand_in(directory, student)
        write_graded(directory, student)
    return directory


def gradebook(directory: Path) -> Gradebook:
    """The class's gradebook, a context manager; to be committed."""
    warnings.simplefilter("ignore", SAWarning)  # nbgrader's own use of SQLAlchemy
    return Gradebook(f"sqlite:///{directory / 'gradebook.db'}", directory.name)


def hand_in(directory: Path, student: str) -> Path:
    """Put the released notebook where a student's submission is. Returns its folder."""
    folder = directory / "submitted" / student / UNIT
    folder.mkdir(parents=True, exist_ok=True)
    released = directory / "release" / UNIT / f"{UNIT}.ipynb"
    (folder / released.name).write_bytes(released.read_bytes())
    return folder


def write_graded(directory: Path, student: str, failing: tuple[str, ...] = (), answer: str = "return x") -> Path:
    """Write the graded notebook as the grader does: demonstrations not run, below each check its line or its error."""
    notebook = nbformat.read(directory / "source" / UNIT / f"{UNIT}.ipynb", as_version=4)
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None if "demo" in cell.metadata.get("tags", []) else number
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade"):
            passed = about["grade_id"] not in failing
            cell.outputs.append(nbformat.from_dict(check_line("x_hat", passed)))
            if not passed:
                cell.outputs.append(nbformat.from_dict(error("CheckFailed", "normalize: wrong <b>values</b>")))
        elif about.get("grade_id") == "normalize":
            cell.source = f"def normalize(x, mean, var, eps=1e-5):\n    {answer}"
        elif about.get("grade_id") == "setup":
            cell.outputs.append(new_output("stream", name="stdout", text="Ready"))
    path = directory / "autograded" / student / UNIT / f"{UNIT}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path
