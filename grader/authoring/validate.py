"""`bncourse validate`: prove on the generated notebooks that the exercises hold.

For every exercise: the reference and every other right answer earn all points, the untouched notebook none, a stub
fails by what it lacks and costs nothing elsewhere, each known mistake loses points there and is answered with its own
hint and at most one other. All of it runs with the demo cells left out. A stub that costs nothing elsewhere proves that
no other check uses the answer, so a mistake in it costs nothing there either. On demand the whole notebook is run, too,
and what its sentences claim is evaluated.
"""

import functools
import json
import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from grader.authoring.execute import claims_at_hand, claims_on_digits
from grader.authoring.lesson import Cell
from grader.authoring.mistakes import Mistake
from grader.authoring.record import SURVIVES
from grader.authoring.regions import visible
from grader.authoring.runner import Ran, Runner, Step
from grader.authoring.stale import stale, targets
from grader.authoring.unit import Unit, read_unit
from grader.errors import CourseError

COUNTS = ("mistakes", "killed", "named", "right", "accepted")


@dataclass
class ExerciseReport:
    id: str
    points: float
    question: bool
    mistakes: int = 0
    killed: int = 0
    named: int = 0
    right: int = 0  # other right answers than the reference
    accepted: int = 0


@dataclass
class UnitReport:
    unit: str
    points: float
    exercises: list[ExerciseReport] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def total(self, count: str) -> int:
        return sum(getattr(e, count) for e in self.exercises)

    def as_json(self) -> dict:
        return {
            "unit": self.unit,
            "points": self.points,
            **{count: self.total(count) for count in COUNTS},
            "exercises": [vars(e) for e in self.exercises],
            "problems": self.problems,
        }


def validate(source: Path, claims: bool = False) -> UnitReport:
    """Validate one unit, and its claims if they are asked for. Raises CourseError when its notebooks are stale."""
    reason = stale(source)
    if reason:
        raise CourseError(f"{reason}. Run: bncourse build {source.stem}")
    unit = read_unit(source)
    student, solved = (nbformat.read(path, as_version=4) for path in targets(source))
    report = UnitReport(unit.name, unit.points)
    stubs = {step.id: step.source for step in steps_of(student) if step.role == "exercise"}
    _prove_untouched(student, report)
    _prove_answers(unit, solved, stubs, report)
    _prove_independence(solved, stubs, report)
    if claims:
        _prove_claims(unit, solved, report)
    return report


def steps_of(notebook: nbformat.NotebookNode) -> list[Step]:
    """The code cells of a notebook that are run for a grade, the setup cell first; those a person grades left out."""
    steps = []
    for cell in notebook.cells:
        meta = cell.metadata.get("nbgrader", {})
        manual = meta.get("grade") and meta.get("solution")
        if cell.cell_type == "code" and "demo" not in cell.metadata.get("tags", []) and not manual:
            role = "check" if meta.get("grade") else ("exercise" if meta.get("solution") else "given")
            steps.append(Step(meta.get("grade_id") or cell.id, role, cell.source))
    return steps


def _runner(notebook: nbformat.NotebookNode) -> Runner:
    setup, *steps = steps_of(notebook)
    return Runner(setup.source, steps)


def _prove_untouched(student: nbformat.NotebookNode, report: UnitReport) -> None:
    runner = _runner(student)
    for step in runner.walk():
        ran = runner.run(step)
        if step.role == "check" and ran.error is None:
            report.problems.append(f"{step.id}: the untouched notebook passes")


def _prove_answers(unit: Unit, solved: nbformat.NotebookNode, stubs: dict[str, str], report: UnitReport) -> None:
    """One run of the solved notebook, and at each exercise all other answers."""
    runner = _runner(solved)
    for step in runner.walk():
        if step.role == "exercise":
            report.exercises.append(_exercise(unit, step.id, runner, stubs[step.id], report.problems))
        ran = runner.run(step)
        if ran.error is not None:
            report.problems.append(f"{step.id}: the reference answer fails: {ran.message}")


def _prove_independence(solved: nbformat.NotebookNode, stubs: dict[str, str], report: UnitReport) -> None:
    """Run the solved notebook with each exercise unwritten again behind its last check: the other checks must hold."""
    runner = _runner(solved)
    exercises = {step.id: step for step in runner.steps if step.role == "exercise"}
    last = {step.exercise: step.id for step in runner.steps if step.role == "check"}
    for step in runner.walk():
        ran = runner.run(step)
        if step.role == "check" and ran.error is not None:
            what = f"{step.id} needs an answer to another exercise, where each check cell has to stand alone"
            report.problems.append(f"{what}: {ran.message}")
        if step.role == "check" and last[step.exercise] == step.id:
            runner.run(exercises[step.exercise], stubs[step.exercise])


def _prove_claims(unit: Unit, solved: nbformat.NotebookNode, report: UnitReport) -> None:
    for evaluate in (claims_at_hand, claims_on_digits):
        try:
            evaluate(unit, solved)
        except CourseError as error:
            # Where there is no MNIST, the second says what the first has said.
            report.problems += [text for text in str(error).splitlines() if text not in report.problems]


def _exercise(unit: Unit, exercise: str, runner: Runner, stub: str, problems: list[str]) -> ExerciseReport:
    entry = ExerciseReport(exercise, sum(c.points for c in unit.of("check", exercise)), unit.is_question(exercise))
    for ran in runner.trial(stub):
        if ran.step.role == "check" and not ran.unwritten:
            problems.append(
                f"{ran.step.id}: with the stub of {exercise} it says: {ran.message or 'nothing, it passes'}"
            )
    for right in unit.rights_of(exercise):
        entry.right += 1
        failed = [ran for ran in runner.trial(right.source) if ran.error is not None]
        entry.accepted += not failed
        where = f"mistakes/{right.path.name}:{right.line}: right answer {right.name!r} of {exercise}"
        problems += [f"{where}: {ran.step.id} says: {ran.message}" for ran in failed[:1]]
    for mistake in unit.mistakes_of(exercise):
        entry.mistakes += 1
        failed = [ran for ran in runner.trial(mistake.source) if ran.step.role == "check" and ran.error is not None]
        problem = _judge(unit, mistake, failed)
        entry.killed += bool(failed)
        entry.named += problem is None
        if problem:
            problems.append(f"mistakes/{mistake.path.name}:{mistake.line}: mistake of {exercise}: {problem}")
    return entry


def _judge(unit: Unit, mistake: Mistake, failed: list[Ran]) -> str | None:
    """What is wrong with the answer a mistake got; None when it was its own hint, where it should be."""
    if not failed:
        return SURVIVES
    first = failed[0]
    if mistake.hint not in first.causes:
        if not first.causes:
            return f"it is not named; {first.step.id} says: {first.message}"
        return f"{first.step.id} takes it for another: {' | '.join(first.causes)}"
    seen = any(_is_visible(unit.of("check", mistake.exercise), ran) for ran in failed)
    if mistake.hidden and seen:
        return "it is marked hidden=true, but a visible check fails"
    if not mistake.hidden and not seen:
        return "only a hidden test fails; make a visible one see it, or mark it hidden=true"
    return None


def _is_visible(checks: list[Cell], ran: Ran) -> bool:
    """Whether the check that failed stands in the part of its cell that learners see."""
    cell = next(c for c in checks if c.grade_id == ran.step.id)
    return bool(re.search(rf"[\"']{re.escape(ran.check)}[\"']", visible(cell.source)))


def table(report: UnitReport) -> str:
    """The report as text for a terminal."""
    width = max([len(e.id) for e in report.exercises] + [8])
    head = "".join(f" {count:>{len(count)}}" for count in COUNTS)
    lines = [f"{report.unit}  ({report.points:g} points)", f"  {'exercise':<{width}} points{head}"]
    for e in report.exercises:
        lines.append(f"  {e.id:<{width}} {e.points:>6g}" + "".join(f" {getattr(e, c):>{len(c)}}" for c in COUNTS))
    return "\n".join(lines + [f"  ! {problem}" for problem in report.problems])


def _validated(source: Path, claims: bool) -> UnitReport | str:
    """The report of a unit, or what kept it from being validated: exceptions do not travel between processes."""
    try:
        return validate(source, claims)
    except CourseError as error:
        return str(error)


def validate_all(sources: list[Path], as_json: bool = False, claims: bool = False) -> int:
    """Validate units, two at a time, and print the result. Returns 1 if anything falls short. Raises CourseError."""
    validated = functools.partial(_validated, claims=claims)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        reports = list(pool.map(validated, sources)) if len(sources) > 1 else [validated(s) for s in sources]
    if said := [report for report in reports if isinstance(report, str)]:
        raise CourseError("\n".join(said))
    if as_json:
        print(json.dumps({"units": [r.as_json() for r in reports]}, indent=2, ensure_ascii=False))
    else:
        print("\n\n".join(table(r) for r in reports))
    return int(any(r.problems for r in reports))
