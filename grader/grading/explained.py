"""Why one student's points were lost, in lines that can be read out to them."""

from collections.abc import Iterator

from grader.grading.outputs import plain, shown
from grader.grading.recorded import CellRow, Recorded
from grader.grading.result import CellScore, Result


def explained(result: Result, recorded: Recorded) -> Iterator[str]:
    """The points of a graded submission, and below them a paragraph for each cell that did not get all of its own."""
    most = sum(cell.max_points for cell in result.cells)
    yield f"{shown(result.student)}, {result.unit}: {recorded.score:g} of {most:g} points"
    for cell in result.cells:
        row = recorded.cells.get(cell.id, CellRow(cell.points, None))
        if row.waiting and row.manual is None:
            yield f"  · {cell.id}  a person has to give points, of {cell.max_points:g}"
        elif row.points < cell.max_points:
            yield f"  ✗ {cell.id}  {row.points:g} of {cell.max_points:g}"
            yield from (f"      {text}" for text in _why(cell, row).splitlines())
    if recorded.penalty:
        yield f"  ✗ handed in late  -{recorded.penalty:g}"
    if recorded.score >= most:
        yield "  no point was lost"


def _why(cell: CellScore, row: CellRow) -> str:
    if row.manual is not None:
        return "A person gave these points."
    if cell.kind == "by hand":
        return "It was left as it was released."
    return plain(cell.message) or "Nothing is known about it."
