"""What a run of `bncourse grade` came to, and how that is printed: a line for each thing to look at, a table."""

import json
import statistics
from collections import Counter
from dataclasses import dataclass, field

from grader.grading.outputs import line, shown
from grader.grading.repairs import gathered
from grader.grading.result import Result

NAMED = 3  # students who are named in a line


@dataclass
class Outcome:
    """What a run came to: all results, and which of them were made now."""

    results: list[Result] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # what lies in submitted/ and is no submission, and why
    alike: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # see copies.same_answers
    fresh: int = 0
    seconds: float = 0.0
    counts: Counter = field(default_factory=Counter)  # of graded, failed, repairs, flags, limits

    def add(self, result: Result) -> None:
        self.results.append(result)
        self.counts["graded" if result.status == "graded" else "failed"] += 1
        self.counts.update(kind for kind in ("repairs", "flags", "limits") if getattr(result, kind))


def print_outcome(outcome: Outcome, as_json: bool = False) -> int:
    """Print what came of a run. Returns 1 where a person has to look at something, else 0."""
    results = sorted(outcome.results, key=lambda r: (r.unit, r.student))
    look = outcome.others or [r for r in results if r.status != "graded" or r.flags or r.limits]
    if as_json:
        counts = {name: outcome.counts[name] for name in ("graded", "repairs", "flags", "limits", "failed")}
        data = {"seconds": round(outcome.seconds, 2), "fresh": outcome.fresh, **counts}
        data["not_graded"] = outcome.others
        data["alike"] = [{"student": s, "unit": u, "why": texts} for (s, u), texts in sorted(outcome.alike.items())]
        print(json.dumps(data | {"results": [r.as_dict() for r in results]}))
    else:
        print_lines(outcome, results)
    return int(bool(look))


def print_lines(outcome: Outcome, results: list[Result]) -> None:
    """What a person must do, then what was mended, the table, and how long it took."""
    for result in results:
        for text in lines_about(result):
            print(text)
    for text in outcome.others:
        print(f"NOT GRADED  {text}")
    for (student, unit), texts in sorted(outcome.alike.items()):
        for text in texts:
            print(f"LOOK     {shown(student)}, {unit}: {text}")
    for text in repaired(results):
        print(text)
    print_table(results)
    kept = len(results) - outcome.fresh
    before = f", {kept} of them graded before" if kept else ""
    print(f"{len(results)} submissions in {outcome.seconds:.1f} s{before}.")


def lines_about(result: Result) -> list[str]:
    """One line for each thing that a person must look at."""
    who = f"{shown(result.student)}, {result.unit}"
    if result.status != "graded":
        return [f"FAILED   {who}: {result.reason}"]
    lines = [f"FLAGGED  {who}: {text} ({shown(result.file)})" for text in result.flags]
    lines += [f"LIMIT    {who}: {text} ({shown(result.file)})" for text in result.limits]
    return lines


def repaired(results: list[Result]) -> list[str]:
    """One line for each kind of repair in a unit, with the students to whose files it was made."""
    students: dict[tuple[str, str], list[str]] = {}
    for result in results:
        for text in gathered(result.repairs):
            students.setdefault((result.unit, text), []).append(shown(result.student))
    return [f"repaired {_some(who)}, {unit}: {line(text)}" for (unit, text), who in students.items()]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def print_table(results: list[Result]) -> None:
    """A line a unit: how many, and their points."""
    units = sorted({r.unit for r in results})
    width = max([4, *map(len, units)])
    print(f"{'unit':<{width}}  graded  repaired  flagged  limited  failed  median points")
    for unit in units:
        of = [r for r in results if r.unit == unit]
        graded = [r for r in of if r.status == "graded"]
        points = "-"
        if graded:
            median = statistics.median(sum(c.points or 0 for c in r.cells) for r in graded)
            points = f"{median:g} of {sum(c.max_points for c in graded[0].cells):g}"
        row = [
            len(graded),
            *(sum(bool(getattr(r, k)) for r in of) for k in ("repairs", "flags", "limits")),
            len(of) - len(graded),
        ]
        cells = "".join(f"{n:>{w}}" for n, w in zip(row, (8, 10, 9, 9, 8)))
        print(f"{unit:<{width}}{cells}  {points:>13}")
