"""How the score of a student's own notebook is printed: exercises, what was repaired, the total."""

import json
import sys
from dataclasses import asdict

from grader.grading.outputs import line
from grader.grading.repairs import gathered
from grader.grading.scoring import Score

HIDDEN = "not included"


def print_score(result: Score, as_json: bool = False) -> int:
    """Print a score. Returns 0 only for full marks."""
    if as_json:
        _print(json.dumps(_as_dict(result), indent=2, ensure_ascii=not _writes_unicode()))
        return int(not result.full)
    width = max((len(e.exercise) for e in result.exercises), default=0)
    for e in result.exercises:
        _print(f"{'·' if e.message else '✓'} {e.exercise:<{width}}  {e.points:g} of {e.out_of:g}")
        for text in e.message.splitlines():
            _print(f"    {text}")
    for text in gathered(result.repairs):
        _print(f"repaired: {line(text)}")
    _print(f"{result.points:g} of {result.out_of:g} points, hidden tests {HIDDEN}")
    if result.by_hand:
        undone = f" (not answered yet: {', '.join(result.unanswered)})" if result.unanswered else ""
        _print(f"{result.by_hand:g} more points are graded by a person{undone}")
    return int(not result.full)


def _as_dict(result: Score) -> dict:
    return {
        "file": result.file,
        "unit": result.unit,
        "points": result.points,
        "out_of": result.out_of,
        "hidden_tests": HIDDEN,
        "graded_by_a_person": result.by_hand,
        "exercises": [asdict(e) for e in result.exercises],
        "repairs": result.repairs,
    }


def _writes_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().startswith("utf")


def _print(text: str) -> None:
    """Print, where need be with ? for what the terminal's encoding lacks."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, errors="replace").decode(encoding))
