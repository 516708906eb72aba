"""A class of made-up results, in files and a gradebook, for the tests of the report and for looking at it.

python tests/helpers/made_up_class.py DIR [STUDENTS [UNITS]]
"""

import json
import random
import sys
from pathlib import Path
from urllib.parse import quote

from nbgrader.api import (
    Assignment,
    Base,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import create_engine, insert
from sqlalchemy.orm import Session

from grader.grading.release import exercise_of
from grader.grading.result import CellScore, Result

# exercise, points of its checks, how hard it is (0 to 1), known mistakes
EXERCISES = [
    (
        "normalize",
        [2.0, 1.0],
        0.15,
        ["ε stands inside the square root: √(σ² + ε), not √σ² + ε.", "You forgot to return."],
    ),
    ("batchnorm_forward", [3.0, 2.0], 0.3, ["The mean is taken over the batch, axis 0.", "γ multiplies, β adds."]),
    ("batchnorm_backward", [3.0, 3.0, 2.0], 0.7, [f"Term {k} of the gradient is missing." for k in range(1, 9)]),
    ("q_epsilon", [1.0], 0.05, ["ε does not scale the output."]),
    ("running_statistics", [2.0], 0.45, ["The momentum weighs the old value.", "Use the unbiased variance here."]),
]
NAMES = ["01_covariate_shift", "02_what_moves", "03_batchnorm_forward", "04_batchnorm_backward", "05_inference"]
FAMILY = ["Kim", "O'Brien", "Lovelace, Countess", "Noether", "이", "Gauß", "Curie", 'de "la" Vega', "Nguyễn"]
GIVEN = ["Ada", "Emmy", "서연", "Carl", "María", "민준", "Grace", "Alan"]


def result(student: str, unit: str, cells: list[dict] = (), **changes) -> dict:
    """A stored result as `bncourse grade` writes it."""
    file = f"submitted/{student}/{unit}/{unit}.ipynb"
    made = Result(student, unit, file, seconds=0.5, cpu=0.4, key="0")
    return made.as_dict() | {"cells": list(cells)} | changes


def cell(id: str, points: float, out_of: float, message: str = "", *hints: str, kind: str = "") -> dict:
    kind = kind or ("wrong" if message else "right")
    return vars(CellScore(id, exercise_of(id), points, out_of, message, list(hints), kind))


def write(directory: Path, results: list[dict]) -> Path:
    """A class directory with these results and no gradebook."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "nbgrader_config.py").write_text("c = get_config()\n", encoding="utf-8")
    for entry in results:
        folder = directory / ".bncourse" / "results" / quote(entry["unit"], safe="")[:100]
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{quote(entry['student'], safe='')[:100]}.json"
        path.write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")
    return directory


def write_gradebook(directory: Path, results: list[dict], people: dict[str, tuple[str, str]] | None = None) -> Path:
    """A gradebook that holds what the results hold. people: (first name, last name) by student."""
    people = people or {}
    rows: dict[type, list[dict]] = {k: [] for k in (Assignment, Notebook, GradeCell, Student)}
    rows |= {k: [] for k in (SubmittedAssignment, SubmittedNotebook, Grade)}
    units, known = {}, set()
    students = dict.fromkeys([*(r["student"] for r in results), *people])
    for student in students:
        first, last = people.get(student, (None, None))
        rows[Student].append({"id": student, "first_name": first, "last_name": last})
    for entry in results:
        if entry["status"] == "failed":
            continue
        unit = entry["unit"]
        if unit not in units:
            units[unit] = f"u{len(units)}"
            rows[Assignment].append({"id": units[unit], "name": unit, "course_id": "made-up"})
            rows[Notebook].append({"id": units[unit], "name": unit, "assignment_id": units[unit]})
        submitted = f"{units[unit]}s{len(rows[SubmittedAssignment])}"
        rows[SubmittedAssignment].append(
            {"id": submitted, "assignment_id": units[unit], "student_id": entry["student"]}
        )
        rows[SubmittedNotebook].append({"id": submitted, "assignment_id": submitted, "notebook_id": units[unit]})
        for c in entry["cells"]:
            id = f"{units[unit]}{c['id']}"
            if id not in known:
                known.add(id)
                rows[GradeCell].append(
                    {
                        "id": id,
                        "name": c["id"],
                        "max_score": c["max_points"],
                        "cell_type": "code",
                        "notebook_id": units[unit],
                    }
                )
            rows[Grade].append(
                {
                    "cell_id": id,
                    "notebook_id": submitted,
                    "auto_score": c["points"],
                    "needs_manual_grade": c["points"] is None,
                }
            )
    path = directory / "gradebook.db"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)  # Gradebook would start alembic for a file without tables, which takes seconds
    engine.dispose()
    with Gradebook(f"sqlite:///{path}", "made-up") as gradebook:
        for model, values in rows.items():
            if values:
                gradebook.db.execute(insert(model), values)
        gradebook.db.commit()
    return path


def write_rows(path: Path, rows: list[tuple[type, list[dict]]]) -> None:
    """Make a gradebook's file with its tables and these rows, by table."""
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)  # Gradebook would start alembic, which takes seconds
    with Session(engine) as session, session.begin():
        for model, values in rows:
            session.execute(insert(model), values)
    engine.dispose()


def made_up_results(students: int, units: int, seed: int = 1) -> tuple[list[dict], dict[str, tuple[str, str]]]:
    """Results that look like a real class's, and the roster."""
    r = random.Random(seed)
    names = [NAMES[i] if i < len(NAMES) else f"{i + 1:02}_unit" for i in range(units)]
    people = {f"s{i:03}": (r.choice(GIVEN), r.choice(FAMILY)) for i in range(students)}
    ability = {s: r.gauss(0.6, 0.3) for s in people}
    results = []
    for u, unit in enumerate(names):
        for student in people:
            if r.random() < 0.05 + 0.02 * u:
                continue
            if r.random() < 0.01:
                file = f"submitted/{student}/{unit}/{unit}.ipynb"
                reason = f"{file} is not a notebook that can be read: it is empty"
                results.append(result(student, unit, status="failed", reason=reason))
                continue
            entry = result(student, unit, _cells(r, ability[student], u), seconds=r.lognormvariate(-0.5, 0.8))
            entry["cpu"] = entry["seconds"] * 0.8
            if r.random() < 0.08:
                entry["repairs"] = ["exercise normalize stood twice; the last one counts"]
            if r.random() < 0.03:
                entry["repairs"] = [*entry["repairs"], "the check q_epsilon-answer was deleted; it was put back"]
            if r.random() < 0.012:
                entry["flags"] = ["check batchnorm_forward-0: its asserts were stripped"]
            if r.random() < 0.01:
                entry["limits"] = ["time: cell 12 (normalize-0) ran for more than 60 s; the notebook was stopped there"]
                entry["seconds"] = 61.2
            results.append(entry)
    return results, people


def _cells(r: random.Random, ability: float, shift: int) -> list[dict]:
    cells = []
    for exercise, points, hard, hints in EXERCISES:
        right = r.random() < min(0.98, max(0.02, 0.5 + 2.2 * (ability - hard - 0.03 * shift)))
        undone = not right and r.random() < 0.25
        hint = r.choice(hints[: 1 + r.randrange(len(hints))])
        for i, out_of in enumerate(points):
            id = f"{exercise}-{i}"
            if right or (not undone and r.random() < 0.3):
                cells.append(cell(id, out_of, out_of))
            elif undone:
                cells.append(cell(id, 0.0, out_of, f"{exercise} is not written yet.", kind="unwritten"))
            elif r.random() < 0.2:
                cells.append(cell(id, 0.0, out_of, "x_hat: the shape is (7,), not (7, 3)"))
            else:
                cells.append(cell(id, 0.0, out_of, f"x_hat: wrong value\nLikely cause: {hint}", hint))
    return cells


if __name__ == "__main__":
    directory, students, units = Path(sys.argv[1]), *(int(n) for n in [*sys.argv[2:], 60, 5][:2])
    results, people = made_up_results(students, units)
    write(directory, results)
    write_gradebook(directory, results, people)
