"""Which unit a notebook is of: by its cells, whatever its name says."""

from collections.abc import Iterable
from functools import cache

import nbformat

from grader import paths
from grader.grading.notebook import SubmittedCell
from grader.grading.rebuild import names
from grader.grading.release import Release, release_of

# Shares of a unit's graded cells. With MOST of them a notebook is that unit's; other units' hold a few of the same
# name (two units may both ask for a `forward`), but fewer than LEAST.
MOST, LEAST = 0.5, 0.2


def likeness(release: Release, cells: list[SubmittedCell]) -> float:
    """The share of a unit's answer and check cells that are among these, by grade_id, id, text or what they define."""
    ids = {name for cell in cells for name in (cell.grade_id, cell.id) if name}
    texts = {cell.source.strip() for cell in cells}

    @cache  # only asked for where ids and texts do not tell: to parse all cells takes longer than to judge them
    def defined() -> frozenset[str]:
        return frozenset().union(*(names(cell.source) for cell in cells if cell.kind == "code" or cell.grade_id))

    graded = [cell for cell in release.cells if cell.role in ("solution", "check", "manual", "task")]
    found = [
        cell
        for cell in graded
        if cell.key in ids
        or cell.released.strip() in texts
        or (cell.role == "solution" and not defined().isdisjoint(names(cell.released)))
    ]
    return len(found) / len(graded) if graded else 0.0


def closest(releases: Iterable[Release], cells: list[SubmittedCell]) -> tuple[Release, float]:
    """The unit that these cells are most like, and how much."""
    return max(((release, likeness(release, cells)) for release in releases), key=lambda pair: pair[1])


def other_unit(release: Release, cells: list[SubmittedCell]) -> str:
    """The unit whose notebook was handed in under this one's name; "" where it is this one's, or nobody knows."""
    if likeness(release, cells) >= LEAST:
        return ""
    others = [other for other in course() if other.unit != release.unit]
    if not others:
        return ""
    other, like = closest(others, cells)
    return other.unit if like >= MOST else ""


@cache
def course() -> list[Release]:
    """The units of this course, as students get them; those that cannot be read are left out."""
    found = []
    for file in sorted(paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        try:
            notebook = nbformat.read(file, as_version=4)
            found.append(release_of(file.stem, notebook, notebook))
        except Exception:  # it is for its author to mend (bncourse build)
            continue
    return found
