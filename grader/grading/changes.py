"""Whose points a run changed, and by what: told from what the gradebook had before and has now."""

from collections.abc import Iterator

from grader.errors import CourseError
from grader.grading.outputs import shown, some
from grader.grading.recorded import CellRow, Recorded, is_number

NAMED = 4  # cells that are named in a line


def changes(before: dict[str, Recorded], after: dict[str, Recorded]) -> dict[str, str]:
    """By student who was graded before, what changed: "9 → 10, check normalize-epsilon (0 → 1)".

    Raises CourseError where there are points now that are no numbers.
    """
    found = {}
    for student, now in after.items():
        for what, value in _no_points(now):
            raise CourseError(
                f"The gradebook has {value!r} as the {what} of {shown(student)}: put a number there. "
                "What is graded is kept."
            )
        old = before.get(student)
        causes = list(_causes(old, now)) if old else []
        if causes:
            was = "?" if _no_points(old) else f"{old.score:g}"
            found[student] = f"{was} → {now.score:g}, {some(causes, NAMED)}"
    return found


def _causes(old: Recorded, now: Recorded) -> Iterator[str]:
    for name, cell in now.cells.items():
        was = old.cells.get(name, CellRow(None, None))
        if was.auto != cell.auto and cell.auto is None:
            yield f"{name} waits for a person"
        elif (was.auto or 0) != (cell.auto or 0):
            stands = f", of which a person's score, {cell.manual:g}, counts" if cell.manual is not None else ""
            yield f"check {name} ({_number(was.auto or 0)} → {cell.auto:g}{stands})"
    if old.penalty != now.penalty:
        yield f"late penalty ({_number(old.penalty)} → {now.penalty:g})"


def _no_points(recorded: Recorded) -> list[tuple[str, object]]:
    """What is no number, where somebody edited the gradebook by hand: what it is, and the value."""
    values = [("late penalty", recorded.penalty)]
    for name, cell in recorded.cells.items():
        values += [(f"points in {name}", value) for value in (cell.auto, cell.manual, cell.extra)]
    return [(what, value) for what, value in values if value is not None and not is_number(value)]


def _number(value: object) -> str:
    return f"{value:g}" if is_number(value) else repr(value)
