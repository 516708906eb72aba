"""How the score of a student's own notebook is printed: exercises, what was repaired, the total."""

import json
import re
import sys
from dataclasses import asdict

from grader.grading.outputs import line
from grader.grading.scoring import Score

HIDDEN = "not included"

# The words of rebuild's repairs, and one line for all cells with the same.
_CELL = r"cell (\S+) "
_KINDS = [
    (rf"{_CELL}(?:is missing: put back|was changed: put back as released)$",
     "put back as released: {cells} that {were} changed or deleted"),
    (rf"{_CELL}is missing: it earns nothing$", "put back without an answer: {cells} that {were} deleted"),
    (rf"{_CELL}stands \d+ times: the last one before its check counts$",
     "counted once: {cells} that {stand} more than once, of which the last one before its check counts"),
    (rf"{_CELL}stands \d+ times: the copies are run as own cells$", "not counted: copies of {cells}"),
    (rf"{_CELL}was made a text cell: run as code$", "run as code: {cells} that {were} made a text cell"),
]  # fmt: skip
_NO_NAME = re.compile(r"[0-9a-f]{8}(-\d+)?$")  # the id of a cell that has no exercise: nothing a student knows


def gathered(repairs: list[str]) -> list[str]:
    """One line for each kind of repair, with the first cells that it was made to."""
    cells: dict[str, list[str]] = {}  # by the line to be said
    for repair in repairs:
        words, cell = next(((words, m[1]) for form, words in _KINDS if (m := re.match(form, repair))), (repair, ""))
        cells.setdefault(words, []).extend([cell] if cell else [])
    return [_with_cells(words, found) if found else words for words, found in cells.items()]


def _with_cells(words: str, cells: list[str]) -> str:
    several = len(cells) > 1
    forms = {"cells": f"{len(cells)} cell{'s' * several}", "were": "were" if several else "was"}
    text = words.format(**forms, stand="stand" if several else "stands")
    named = [cell for cell in cells if not _NO_NAME.match(cell)][:3]
    more = f" and {len(cells) - len(named)} more" if len(cells) > len(named) else ""
    return f"{text} ({', '.join(named)}{more})" if named else text


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
