"""Whose points a run changed, and by what: told from what the gradebook had before and has now."""

from collections.abc import Iterator

from grader.grading.outputs import some
from grader.grading.recorded import CellRow, Recorded

NAMED = 4  # cells that are named in a line


def changes(before: dict[str, Recorded], after: dict[str, Recorded]) -> dict[str, str]:
    """By student who was graded before, what changed: "9 → 10, check normalize-epsilon (0 → 1)"."""
    found = {}
    for student, now in after.items():
        old = before.get(student)
        causes = list(_causes(old, now)) if old else []
        if causes:
            found[student] = f"{old.score:g} → {now.score:g}, {some(causes, NAMED)}"
    return found


def _causes(old: Recorded, now: Recorded) -> Iterator[str]:
    for name, cell in now.cells.items():
        was = old.cells.get(name, CellRow(None, None))
        if was.auto != cell.auto and cell.auto is None:
            yield f"{name} waits for a person"
        elif (was.auto or 0) != (cell.auto or 0):
            stands = f", of which a person's score, {cell.manual:g}, counts" if cell.manual is not None else ""
            yield f"check {name} ({was.auto or 0:g} → {cell.auto:g}{stands})"
    if old.penalty != now.penalty:
        yield f"late penalty ({old.penalty:g} → {now.penalty:g})"
