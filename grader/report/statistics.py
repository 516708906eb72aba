"""Statistics of a unit's scores and of its exercises (the items of a test)."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import correlation

from grader.report.collect import Standing, UnitData

FEWEST = 10  # submissions: with fewer, a correlation says next to nothing
BINS = 11  # 0–9 %, 10–19 %, … 90–99 %, full marks


@dataclass
class Mistake:
    """A named mistake of an exercise: which students made it, in how many checks."""

    hint: str
    students: list[str]
    checks: int


@dataclass
class Item:
    """An exercise's statistics over the unit's scored submissions. None: undefined, and `why` says why."""

    exercise: str
    out_of: float
    mean: float | None = None  # share of the points, 0 to 1 (more with extra credit)
    discrimination: float | None = None  # −1 to 1
    why: str = ""
    undone: float | None = None  # share of the results, 0 to 1
    undone_by: list[str] = field(default_factory=list)  # the students who left the stub
    mistakes: list[Mistake] = field(default_factory=list)  # the most common first
    unnamed: list[str] = field(default_factory=list)  # who failed a check, had written something, and no known mistake
    unnamed_message: str = ""  # what they were told most often


def items(unit: UnitData) -> list[Item]:
    """Statistics of each exercise, in the order of the notebook."""
    scored = [s for s in unit.submissions if s.scored]
    graded = [s for s in unit.submissions if s.result and s.result.cells]
    counted = unit.counted
    totals = [math.fsum(s.cells.get(c, 0) for c in counted) for s in scored]
    found = []
    for exercise in unit.exercises:
        of = [c for c, cell in unit.cells.items() if cell.exercise == exercise]
        cells = [c for c in of if c in counted]
        item = Item(exercise, sum(unit.cells[c].out_of for c in cells or of))
        if of and not cells:
            item.why = "a person still has to grade it"
            _add_failures(item, graded)
            found.append(item)
            continue
        points = [math.fsum(s.cells.get(c, 0) for c in cells) for s in scored]
        if item.out_of and scored:
            item.mean = math.fsum(points) / len(points) / item.out_of
        rest = [total - own for total, own in zip(totals, points)]
        item.discrimination, item.why = discrimination(points, rest)
        if not item.out_of:
            item.why = "it has no points"
        elif item.out_of == unit.out_of:
            item.discrimination, item.why = None, "no other exercise here has points"
        _add_failures(item, graded)
        found.append(item)
    return found


def discrimination(item: Sequence[float], rest: Sequence[float]) -> tuple[float | None, str]:
    """The corrected item-total correlation: Pearson's r of the item's points with all others' (its own taken out).

    For an item that is right or wrong it is the point-biserial correlation. None, and why, where it is undefined or
    there are fewer than FEWEST submissions.
    """
    if len(item) < FEWEST:
        return None, f"fewer than {FEWEST} submissions"
    if _same(item):
        return None, "all earned the same"
    if _same(rest):
        return None, "all earned the same elsewhere"
    return correlation(item, rest), ""


def _same(values: Sequence[float]) -> bool:
    return max(values) - min(values) < 1e-9


def _add_failures(item: Item, graded: list[Standing]) -> None:
    students, checks, messages = defaultdict(list), Counter(), Counter()
    for submission in graded:
        failed = [c for c in submission.result.cells if c.exercise == item.exercise and c.message]
        if any(c.kind == "unwritten" for c in failed):
            item.undone_by.append(submission.student)
            continue
        hints = [hint for c in failed for hint in dict.fromkeys(c.hints)]
        checks.update(hints)
        for hint in dict.fromkeys(hints):
            students[hint].append(submission.student)
        if failed and not hints:
            item.unnamed.append(submission.student)
            messages[failed[0].message.strip().split("\n")[0]] += 1
    if graded:
        item.undone = len(item.undone_by) / len(graded)
    common = sorted(students.items(), key=lambda p: (-len(p[1]), p[0]))
    item.mistakes = [Mistake(hint, who, checks[hint]) for hint, who in common]
    if messages:
        item.unnamed_message = min(messages, key=lambda m: (-messages[m], m))


def histogram(shares: Sequence[float]) -> list[int]:
    """How many shares (0 to 1, or more with extra credit) are in each tenth, and last how many are full marks."""
    counts = [0] * BINS
    for share in shares:
        counts[BINS - 1 if share >= 1 - 1e-9 else max(0, math.floor(share * (BINS - 1) + 1e-9))] += 1
    return counts
