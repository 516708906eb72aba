"""`bncourse validate`: prove on the generated notebooks that the exercises hold.

For every exercise: the reference earns all points, the untouched notebook none, each known mistake loses points there
and nowhere else and is answered with its own hint. All of it runs with the demo cells left out.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from grader.authoring.build import stale, targets
from grader.errors import CourseError
from grader.authoring.session import Session
from grader.authoring.unit import Cell, Unit, read_unit, visible

CAUSE = "Likely cause: "


@dataclass
class ExerciseReport:
    id: str
    points: float
    question: bool
    mistakes: int = 0
    killed: int = 0
    named: int = 0


@dataclass
class UnitReport:
    unit: str
    points: float
    exercises: list[ExerciseReport] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict:
        total = {key: sum(getattr(e, key) for e in self.exercises) for key in ("mistakes", "killed", "named")}
        return {
            "unit": self.unit,
            "points": self.points,
            **total,
            "exercises": [vars(e) for e in self.exercises],
            "problems": self.problems,
        }


@dataclass
class _Outcome:
    """One run of a notebook: by check cell, the message it failed with ('' when it held) and the check's name."""

    messages: dict[str, str]
    names: dict[str, str]

    def failed(self, cell: Cell) -> bool:
        return bool(self.messages[cell.grade_id])


def validate(source: Path) -> UnitReport:
    """Validate one unit. Raises CourseError when its notebooks are stale."""
    reason = stale(source)
    if reason:
        raise CourseError(f"{reason}. Run: bncourse build {source.stem}")
    unit = read_unit(source)
    student, solved = (nbformat.read(path, as_version=4) for path in targets(source))
    report = UnitReport(unit.name, unit.points)
    checks = [c for c in unit.cells if c.role == "check"]
    reference = _run(solved, {})
    report.problems += [
        f"{c.id}: the reference answer fails: {reference.messages[c.grade_id]}" for c in checks if reference.failed(c)
    ]
    untouched = _run(student, {})
    report.problems += [f"{c.id}: the untouched notebook passes" for c in checks if not untouched.failed(c)]
    for exercise in unit.exercises:
        entry = ExerciseReport(exercise, sum(c.points for c in unit.of("check", exercise)), unit.is_question(exercise))
        for mistake in unit.of("mistake", exercise):
            entry.mistakes += 1
            where = f"{source.name}:{mistake.line}: mistake of {exercise}"
            outcome = _run(solved, {exercise: unit.answer(mistake)})
            problem = _judge(unit, mistake, outcome)
            entry.killed += any(outcome.failed(c) for c in unit.of("check", exercise))
            entry.named += problem is None
            if problem:
                report.problems.append(f"{where}: {problem}")
            report.problems += [
                f"{where}: it also costs points in {c.id}: {outcome.messages[c.grade_id]}"
                for c in checks
                if c.exercise != exercise and outcome.failed(c)
            ]
        report.exercises.append(entry)
    return report


def _judge(unit: Unit, mistake: Cell, outcome: _Outcome) -> str | None:
    """What is wrong with the answer a mistake got; None when it was its own hint, where it should be."""
    failing = [c for c in unit.of("check", mistake.id) if outcome.failed(c)]
    if not failing:
        return "no check fails: it would earn full points"
    first = outcome.messages[failing[0].grade_id]
    hints = [line.removeprefix(CAUSE) for line in first.splitlines() if line.startswith(CAUSE)]
    if hints != [mistake.hint]:
        if not hints:
            return f"it is not named; {failing[0].id} says: {first}"
        return f"{failing[0].id} cannot tell it from another: {' | '.join(hints)}"
    name = outcome.names[failing[0].grade_id]
    seen = any(re.search(rf"[\"']{re.escape(name)}[\"']", visible(c.source)) for c in failing)
    if mistake.hidden and seen:
        return "it is marked hidden=true, but a visible check fails"
    if not mistake.hidden and not seen:
        return "only a hidden test fails; make a visible one see it, or mark it hidden=true"
    return None


def _run(notebook: nbformat.NotebookNode, answers: dict[str, str]) -> _Outcome:
    """Run a notebook without its demos, with some exercises' cells replaced."""
    session, outcome = Session(), _Outcome({}, {})
    for cell in notebook.cells:
        if cell.cell_type != "code" or "demo" in cell.metadata.get("tags", []):
            continue
        meta = cell.metadata.get("nbgrader", {})
        grade_id = meta.get("grade_id", "")
        result = session.run(answers.get(grade_id, cell.source), grade_id or cell.id)
        if meta.get("grade"):
            error = result.error
            outcome.messages[grade_id] = f"{type(error).__name__}: {error}" if error is not None else ""
            failed = re.findall(r"^✗ (.*)$", result.output, flags=re.M)
            outcome.names[grade_id] = failed[-1] if failed else ""
            if type(error).__name__ == "CheckFailed":
                outcome.messages[grade_id] = str(error)
    return outcome


def table(report: UnitReport) -> str:
    """The report as text for a terminal."""
    width = max([len(e.id) for e in report.exercises] + [8])
    lines = [f"{report.unit}  ({report.points:g} points)", f"  {'exercise':<{width}} points mistakes killed named"]
    lines += [f"  {e.id:<{width}} {e.points:>6g} {e.mistakes:>8} {e.killed:>6} {e.named:>5}" for e in report.exercises]
    return "\n".join(lines + [f"  ! {problem}" for problem in report.problems])


def validate_all(sources: list[Path], as_json: bool = False) -> int:
    """Validate units and print the result. Returns 1 if anything falls short."""
    reports = [validate(source) for source in sources]
    if as_json:
        print(json.dumps({"units": [r.as_json() for r in reports]}, indent=2, ensure_ascii=False))
    else:
        print("\n\n".join(table(r) for r in reports))
    return int(any(r.problems for r in reports))
