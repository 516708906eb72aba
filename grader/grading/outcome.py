"""What a run of `bncourse grade` came to, and how that is printed: a line for each thing to look at, a table."""

import json
import statistics
from collections import Counter
from dataclasses import dataclass, field

from grader.grading.explained import explained
from grader.grading.outputs import line, shown, some
from grader.grading.recorded import Recorded
from grader.grading.repairs import gathered
from grader.grading.result import Result

NAMED = 3  # students who are named in a line
REMEDY = "Write it as 2026-03-01 12:00:00 UTC; until then nothing is taken off for lateness"


@dataclass
class Outcome:
    """What a run came to: all results, and which of them were made now."""

    results: list[Result] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # what lies in submitted/ and is no submission, and why
    alike: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # see copies.same_answers
    recorded: dict[tuple[str, str], Recorded] = field(default_factory=dict)  # by student and unit, in the gradebook now
    changes: dict[tuple[str, str], str] = field(default_factory=dict)  # of points that were there before; changes.py
    times: dict[tuple[str, str], str] = field(default_factory=dict)  # what is wrong with a timestamp.txt
    look: list[str] = field(default_factory=list)  # at students who may be one
    explain: bool = False  # print why each point was lost
    fresh: int = 0
    seconds: float = 0.0
    counts: Counter = field(default_factory=Counter)  # of graded, failed, repairs, flags, limits

    def add(self, result: Result) -> None:
        self.results.append(result)
        self.counts["graded" if result.status == "graded" else "failed"] += 1
        self.counts.update(kind for kind in ("repairs", "flags", "limits") if getattr(result, kind))

    def waiting(self) -> dict[str, dict[str, list[str]]]:
        """By unit and student, the cells to which a person has to give points."""
        found: dict[str, dict[str, list[str]]] = {}
        for (student, unit), recorded in sorted(self.recorded.items(), key=lambda entry: entry[0][::-1]):
            if recorded.waiting:
                found.setdefault(unit, {})[student] = recorded.waiting
        return found

    def points(self, result: Result) -> float:
        """What a graded submission has: in the gradebook, or else what its cells earned."""
        recorded = self.recorded.get((result.student, result.unit))
        return recorded.score if recorded else sum(cell.points or 0 for cell in result.cells)

    @property
    def for_a_person(self) -> bool:
        """Whether there is something that a person has to look at."""
        unclear = any(r.status != "graded" or r.flags or r.limits or r.reaches for r in self.results)
        return unclear or bool(self.others or self.look or self.times or self.waiting())


def print_outcome(outcome: Outcome, as_json: bool = False) -> int:
    """Print what came of a run. Returns 1 where a person has to look at something, else 0."""
    results = sorted(outcome.results, key=lambda r: (r.unit, r.student))
    if as_json:
        counts = {name: outcome.counts[name] for name in ("graded", "repairs", "flags", "limits", "failed")}
        data = {"seconds": round(outcome.seconds, 2), "fresh": outcome.fresh, **counts}
        data["not_graded"], data["look"], data["waiting"] = outcome.others, outcome.look, outcome.waiting()
        data["changes"] = [{"student": s, "unit": u, "what": text} for (s, u), text in sorted(outcome.changes.items())]
        data["times"] = [{"student": s, "unit": u, "why": text} for (s, u), text in sorted(outcome.times.items())]
        data["alike"] = [{"student": s, "unit": u, "why": texts} for (s, u), texts in sorted(outcome.alike.items())]
        print(json.dumps(data | {"results": [r.as_dict() for r in results]}))
    else:
        print_lines(outcome, results)
    return int(outcome.for_a_person)


def print_lines(outcome: Outcome, results: list[Result]) -> None:
    """What a person must do, then what was mended, the table, and how long it took."""
    for text in sorted((text for result in results for text in lines_about(result, outcome)), key=_urgency):
        print(text)
    for text in outcome.others:
        print(f"NOT GRADED  {text}")
    for (student, unit), problem in sorted(outcome.times.items()):
        print(f"TIME     {shown(student)}, {unit}: {problem}. {REMEDY}")
    for text in outcome.look:
        print(f"LOOK     {text}")
    for unit, students in outcome.waiting().items():
        print(f"BY HAND  {_to_be_graded(unit, students)}")
    looks = [(r.student, r.unit, text) for r in outcome.results for text in r.reaches]
    looks += [(student, unit, text) for (student, unit), texts in outcome.alike.items() for text in texts]
    for student, unit, text in sorted(looks):
        print(f"LOOK     {shown(student)}, {unit}: {text}")
    for (student, unit), text in sorted(outcome.changes.items(), key=lambda entry: entry[0][::-1]):
        print(f"CHANGED  {shown(student)}, {unit}: {line(text)}")
    for text in repaired(results, outcome.times):
        print(text)
    if outcome.explain:
        print_explained(outcome, results)
    print_table(results, outcome)
    kept = len(results) - outcome.fresh
    before = f", {kept} of them graded before" if kept else ""
    print(f"{len(results)} submissions in {outcome.seconds:.1f} s{before}.")


def print_explained(outcome: Outcome, results: list[Result]) -> None:
    """Why each point was lost, of all submissions that are graded."""
    for result in results:
        if result.status == "graded" and (recorded := outcome.recorded.get((result.student, result.unit))):
            for text in explained(result, recorded):
                print(text)


def _urgency(text: str) -> int:
    return ["FAILED", "FLAGGED", "LIMIT"].index(text.split(maxsplit=1)[0])


def _to_be_graded(unit: str, students: dict[str, list[str]]) -> str:
    cells = dict.fromkeys(cell for waiting in students.values() for cell in waiting)
    waits = "submission waits" if len(students) == 1 else "submissions wait"
    who = some([*map(shown, students)], NAMED)
    return f"{unit}: {len(students)} {waits} for points from a person ({some([*cells], NAMED)}), in formgrader: {who}"


def lines_about(result: Result, outcome: Outcome) -> list[str]:
    """One line for each thing in a submission that a person must look at."""
    who = f"{shown(result.student)}, {result.unit}"
    if result.status != "graded":
        earlier = outcome.recorded.get((result.student, result.unit))
        kept = f" The gradebook keeps the {earlier.score:g} points of an earlier file." if earlier else ""
        return [f"FAILED   {who}: {result.reason}{kept}"]
    lines = [f"FLAGGED  {who}: {text} ({shown(result.file)})" for text in result.flags]
    lines += [f"LIMIT    {who}: {text} ({shown(result.file)})" for text in result.limits]
    return lines


def repaired(results: list[Result], times: dict[tuple[str, str], str]) -> list[str]:
    """One line for each kind of repair in a unit, with the students to whose files it was made.

    times: by student and unit, what was said already of a timestamp.txt.
    """
    students: dict[tuple[str, str], list[str]] = {}
    for result in results:
        problem = times.get((result.student, result.unit))
        for text in gathered([text for text in result.repairs if text != problem]):
            students.setdefault((result.unit, text), []).append(shown(result.student))
    return [f"repaired {some(who, NAMED)}, {unit}: {line(text)}" for (unit, text), who in students.items()]


def print_table(results: list[Result], outcome: Outcome) -> None:
    """A line a unit: how many, and their points."""
    units = sorted({r.unit for r in results})
    width = max([4, *map(len, units)])
    print(f"{'unit':<{width}}  graded  repaired  flagged  limited  failed  median points")
    for unit in units:
        of = [r for r in results if r.unit == unit]
        graded = [r for r in of if r.status == "graded"]
        points = "-"
        if graded:
            median = statistics.median(outcome.points(r) for r in graded)
            points = f"{median:g} of {sum(c.max_points for c in graded[0].cells):g}"
        row = [
            len(graded),
            *(sum(bool(getattr(r, k)) for r in of) for k in ("repairs", "flags", "limits")),
            len(of) - len(graded),
        ]
        cells = "".join(f"{n:>{w}}" for n, w in zip(row, (8, 10, 9, 9, 8)))
        print(f"{unit:<{width}}{cells}  {points:>13}")
