"""Classes of made-up honest students of every kind: right, partly right, wrong, raising, unfinished, slow."""

import random
from collections.abc import Iterator
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook

from grader.authoring.unit import Unit
from grader.classroom.demo import Student, submit

KINDS = ("right", "one-mistake", "mistakes", "raising", "unfinished", "slow", "own-cells", "syntax-error")


def students(unit: Unit, count: int, seed: int = 1) -> Iterator[Student]:
    """`count` students, the kinds in turn, with answers drawn from the unit's known mistakes."""
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        yield _student(f"{kind}-{number:03}", kind, random.Random(f"{seed} {unit.name} {number}"))


def _student(name: str, kind: str, rng: random.Random) -> Student:
    def answer(unit: Unit, exercise: str, position: int) -> str | None:
        right = unit.of("exercise", exercise)[0].source
        mistakes = unit.mistakes_of(exercise)
        first = position == rng.randrange(len(unit.exercises))
        if kind == "one-mistake" and mistakes and first:
            return rng.choice(mistakes).source
        if kind == "mistakes" and mistakes and rng.random() < 0.5:
            return rng.choice(mistakes).source
        if kind == "raising" and rng.random() < 0.4 and "def " in right:
            return f"{right}\n\nraise ValueError('I stop here')" if rng.random() < 0.5 else _raising(right)
        if kind == "unfinished" and position >= len(unit.exercises) / 2:
            return None
        if kind == "slow" and first:
            return f"import time\n\ntime.sleep(0.3)\n{right}"
        if kind == "syntax-error" and first:
            return right.replace("(", "((", 1)
        return right

    def spoil(notebook) -> str:
        import nbformat

        if kind == "own-cells":
            place = rng.randrange(2, len(notebook.cells))
            notebook.cells.insert(place, new_code_cell("print('trying something', sum(range(10)))\nundefined_name"))
            notebook.cells.insert(place, new_markdown_cell("My notes: $x < y$ & <b>more</b>"))
        return nbformat.writes(notebook)

    return Student(name, answer, spoil)


def _raising(source: str) -> str:
    """The answer with a division by zero as the first thing in its last function."""
    lines = source.splitlines()
    last = max(n for n, line in enumerate(lines) if line.strip() and not line.strip().startswith("#"))
    indent = lines[last][: len(lines[last]) - len(lines[last].lstrip())] or ""
    return "\n".join([*lines[:last], f"{indent}1 / 0", *lines[last:]])


def fill(directory: Path, units: list[Unit], count: int, seed: int = 1) -> None:
    """Hand in for `count` students, in each of the units."""
    for unit in units:
        for student in students(unit, count, seed):
            submit(directory, unit, student)


def scores(directory: Path, unit: str) -> dict[str, dict[str, float | None]]:
    """By student and cell, what autograding gave, out of the gradebook."""
    with Gradebook(f"sqlite:///{directory}/gradebook.db", directory.name) as gradebook:
        return {
            submission.student.id: {grade.name: grade.auto_score for grade in submission.notebooks[0].grades}
            for submission in gradebook.assignment_submissions(unit)
        }
