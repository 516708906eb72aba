"""Run a unit under one numeric backend, in a process of its own, and note what its answers and mistakes give.

`python -m grader.authoring.observing UNIT.py OUT.json`; the environment has been set by whoever starts it.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from grader.authoring.backends import Backend
from grader.authoring.recorder import Recorder, Seen, UsedTwice
from grader.authoring.runner import Ran, Runner, Step
from grader.authoring.setup import setup_source
from grader.authoring.unit import Unit, read_unit
from grader.authoring.uses import definitions, used_definitions
from grader.errors import CourseError, SourceError
from grader.grading.second import other_numbers
from grader.kit.compare import fingerprint

SHIFT = 1000  # of the seeds, in what stands for the grader's second run


@dataclass
class Observed:
    """What one backend gave: the reference's checks by name; by answer (rights, then mistakes) what was wrong."""

    reference: dict[str, Seen]
    answers: list[dict[str, list]]  # by the name of a check: rows of a fingerprint; the checks that held are left out
    # By the id of a check cell without hidden tests: what its checks see when its random numbers are other ones.
    second: dict[str, list[Seen]] = field(default_factory=dict)


def steps_of(unit: Unit) -> list[Step]:
    """The code cells that are run: demos, claims and cells that a person grades are left out."""
    roles = {"": "given", "exercise": "exercise", "check": "check"}
    return [
        Step(c.id or str(c.line), roles[c.role], c.source) for c in unit.cells if c.kind == "code" and c.role in roles
    ]


def observe_unit(unit: Unit) -> Observed:
    """Run the reference, and at each exercise all other answers. Raises SourceError where the reference stops."""
    recorder = Recorder(None)
    steps = [Step(s.id, s.role, recorder.marked(s.source) if s.role == "check" else s.source) for s in steps_of(unit)]
    runner = Runner(setup_source(unit), steps)
    recorder.call, runner.kit.check = runner.kit.call, recorder
    answers = [*unit.rights, *unit.mistakes]
    logs: dict[int, dict[str, Seen]] = {}
    reference: dict[str, Seen] = {}
    second: dict[str, list[Seen]] = {}
    for step in runner.walk():
        for number, answer in enumerate(answers):
            if step.role == "exercise" and answer.exercise == step.id:
                recorder.log = logs[number] = {}
                runner.trial(answer.source, recorder.enter)
        recorder.log = reference
        recorder.enter(step)
        _must_hold(unit, runner.run(step))
        if step.role == "check" and not any(seen.hidden for seen in reference.values() if seen.cell == step.id):
            recorder.log = {}
            code = other_numbers(step.source, SHIFT, _below(unit, step))
            if code and runner.run(step, code).error is None:
                second[step.id] = list(recorder.log.values())
    return Observed(reference, [_wrong(reference, logs.get(n, {})) for n in range(len(answers))], second)


def _below(unit: Unit, step: Step) -> str:
    """The helpers and the given definitions that a check cell uses, as code."""
    given = [c.source for c in unit.cells if c.kind == "code" and c.role in ("", "helper")]
    answers = {name for c in unit.cells if c.role == "exercise" for d in definitions(c.source) for name in d.names}
    return used_definitions(step.source, given, answers)


def _wrong(reference: dict[str, Seen], log: dict[str, Seen]) -> dict[str, list]:
    found = {}
    for name, seen in log.items():
        if name in reference:
            right = reference[name]
            rows = fingerprint(right.outcome["value"], seen.outcome, right.rule)
            if rows:
                found[name] = [[place, form, [float(x) for x in sums]] for place, form, sums in rows]
    return found


def _must_hold(unit: Unit, ran: Ran) -> None:
    if ran.error is not None:
        cell = next(c for c in unit.cells if ran.step.id in (c.id, str(c.line)))
        if isinstance(ran.error, UsedTwice):
            raise SourceError(unit.path, cell.line + ran.line, str(ran.error), "Give each check() a name of its own")
        what = f"with the reference answer this stops with {type(ran.error).__name__}: {ran.error}"
        raise SourceError(unit.path, cell.line + ran.line, what, "Mend the answer or the cell")


def observe_under(unit: Unit, backend: Backend) -> Observed:
    """`observe_unit` in a process of its own that computes as the backend does. Raises CourseError."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "observed.json")
        command = [sys.executable, "-m", "grader.authoring.observing", str(unit.path.resolve()), str(out)]
        done = subprocess.run(command, env=backend.environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines()[-1:] or [f"the process ended with {done.returncode}"]
            raise CourseError(f"{said[0]} (backend {backend.name})" if backend.name != "native" else said[0])
        raw = json.loads(out.read_text(encoding="utf-8"))
    second = {cell: [Seen(**seen) for seen in log] for cell, log in raw["second"].items()}
    return Observed({name: Seen(**seen) for name, seen in raw["reference"].items()}, raw["answers"], second)


def main(path: str, out: str) -> int:
    unit = read_unit(Path(path))
    try:
        observed = observe_unit(unit)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    Path(out).write_text(json.dumps(asdict(observed)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
