"""Put a submission together anew: the released notebook, with the student's code in the places that are theirs.

Nothing of the submission is kept but the source of cells. Locked cells come from the release.
"""

import ast
import functools
import re
import warnings
from dataclasses import dataclass

from grader.grading.given import given_names
from grader.grading.notebook import SubmittedCell
from grader.grading.release import Release, ReleaseCell, mark_of, normal

ANSWERS = ("solution", "manual")
LAST = "the last one before its check counts"
MAX_PARSED = 200_000  # characters of one cell


@dataclass
class Piece:
    """A cell of the rebuilt notebook: one of the release's, or one that the student added."""

    cell: ReleaseCell | None
    kind: str
    source: str  # for a locked cell, the release's full one

    @property
    def key(self) -> str:
        return self.cell.key if self.cell else ""

    @property
    def role(self) -> str:
        return self.cell.role if self.cell else "added"

    @property
    def changed(self) -> bool:
        return self.cell is None or (not self.cell.locked and self.source.strip() != self.cell.released.strip())


def rebuild(release: Release, submitted: list[SubmittedCell]) -> tuple[list[Piece], list[str]]:
    """The rebuilt notebook, and a line for each thing that had to be repaired."""
    repairs: list[str] = []
    names.cache_clear()
    _normal.cache_clear()
    places = _match(release, submitted, repairs)
    taken = {key: max(numbers) for key, numbers in places.items()}  # of copies the last counts, as in nbgrader
    untouched: set[int] = set()  # copies of a stub, which would only undo the answer
    for key, numbers in places.items():
        cell = release.by_key[key]
        if cell.role in ANSWERS and len(numbers) > 1:
            what = _choose(release, submitted, places, cell, taken)
            untouched |= {n for n in numbers if n != taken[key] and _same_text(cell, submitted[n].source)}
            repairs.append(f"cell {key} stands {len(numbers)} times: {what}")
        elif len(numbers) > 1 and cell.kind == "code":
            repairs.append(f"cell {key} stands {len(numbers)} times: the copies are run as own cells")
    _note_changes(release, submitted, taken, repairs)
    after: dict[str, list[SubmittedCell]] = {}
    by_number = {number: key for key, number in taken.items()}
    anchor = ""
    for number, cell in enumerate(submitted):
        if number in by_number:
            anchor = by_number[number]
        elif cell.source.strip() and number not in untouched:
            after.setdefault(anchor, []).append(cell)
    _keep_written_tasks(release, submitted, taken, after, repairs)
    pieces = [Piece(None, cell.kind, cell.source) for cell in after.get("", [])]
    for cell in release.cells:
        if cell.locked:
            pieces.append(Piece(cell, cell.kind, cell.full))
        elif cell.key in taken:
            pieces.append(Piece(cell, cell.kind, submitted[taken[cell.key]].source))
        else:
            pieces.append(Piece(cell, cell.kind, cell.released))
        pieces += [Piece(None, added.kind, added.source) for added in after.get(cell.key, [])]
    _note_given(release, pieces, repairs)
    return pieces, repairs


def _choose(release: Release, submitted, places: dict[str, list[int]], cell: ReleaseCell, taken: dict[str, int]) -> str:
    """Choose which copy of an answer's cell counts. Returns what is said of that.

    The last one before its first check, but not an untouched stub where another copy is answered.
    """
    numbers = places[cell.key]
    checks = [c.key for c in release.cells if c.role == "check" and c.exercise == cell.key]
    first_check = min((n for key in checks for n in places.get(key, [])), default=len(submitted))
    before = [n for n in numbers if n < first_check] or numbers
    answered = [n for n in numbers if not _same_text(cell, submitted[n].source)]
    taken[cell.key] = max([n for n in before if n in answered] or answered or before)
    return LAST if taken[cell.key] == max(before) else "the one with an answer counts"


def _keep_written_tasks(release, submitted, taken: dict[str, int], after: dict[str, list], repairs: list[str]) -> None:
    """What a student wrote into a task's own cell, which is locked, stands below it: a person grades it there."""
    for cell in release.cells:
        if cell.role == "task" and cell.key in taken and not _same_text(cell, submitted[taken[cell.key]].source):
            after.setdefault(cell.key, []).insert(0, SubmittedCell("markdown", submitted[taken[cell.key]].source))
            repairs.append(f"cell {cell.key} was changed: put back as released, what was written stands below it")


def _note_given(release: Release, pieces: list[Piece], repairs: list[str]) -> None:
    """Checks use what given cells define as it was released, whatever a student has made of it."""
    given = given_names(release)
    changed = [names(p.source) & given for p in pieces if p.kind == "code" and p.changed] if given else []
    if anew := sorted(frozenset().union(*changed)):
        were = "was" if len(anew) == 1 else "were"
        repairs.append(f"{', '.join(anew)} {were} defined anew: checks use what was released")


def _match(release: Release, submitted: list[SubmittedCell], repairs: list[str]) -> dict[str, list[int]]:
    """By key of a release cell, the numbers of submitted cells that are it: by grade_id, id, text or name."""
    places: dict[str, list[int]] = {}
    free = []
    for number, cell in enumerate(submitted):
        key = next((k for k in (cell.grade_id, cell.id) if k in release.by_key), None)
        graded = key is not None and release.by_key[key].role not in ("given", "demo")
        if key is None or (graded and not cell.grade_id and _looks_foreign(release.by_key[key], cell)):
            free.append(number)
        else:
            places.setdefault(key, []).append(number)
    stripped = not any(cell.grade_id for cell in submitted)
    if stripped:
        repairs.append("the cells' metadata is missing; cells were found by id, text and names")
    for test in (_same_text, _same_names):
        for cell in release.cells:
            if cell.key in places or cell.kind != "code" or (test is _same_names and cell.role != "solution"):
                continue
            found = [n for n in free if submitted[n].kind == "code" and test(cell, submitted[n].source)]
            if found:
                places[cell.key] = found if test is _same_names else found[:1]
                free = [n for n in free if n not in places[cell.key]]
    for cell in release.cells:  # prose, so that what the student wrote below it stays below it
        if cell.key not in places and cell.kind == "markdown":
            same = _same_question if cell.role == "manual" else _same_text
            found = next((n for n in free if submitted[n].kind == "markdown" and same(cell, submitted[n].source)), None)
            if found is not None:
                places[cell.key] = [found]
                free.remove(found)
    return places


def _looks_foreign(cell: ReleaseCell, submitted: SubmittedCell) -> bool:
    """Whether a cell that carries only an id of ours is something else (an id may have been given anew)."""
    return cell.role == "solution" and not _same_names(cell, submitted.source)


def _same_text(cell: ReleaseCell, source: str) -> bool:
    return _normal(cell.released) == _normal(source)


_normal = functools.lru_cache(None)(normal)


def _same_names(cell: ReleaseCell, source: str) -> bool:
    return bool(names(cell.released) & names(source))


def _same_question(cell: ReleaseCell, source: str) -> bool:
    """Whether a text begins as a question does that is answered in its own cell."""
    return _normal(source).partition("\n")[0] == _normal(cell.released).partition("\n")[0] != ""


@functools.lru_cache(None)
def names(source: str) -> frozenset[str]:
    """The functions, classes and variables that a cell defines at its top level; a guess where it does not parse."""
    try:
        if len(source) > MAX_PARSED:
            raise SyntaxError("parsing takes a hundred times its size in memory")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in a student's string
            body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(a or b for a, b in re.findall(r"^(?:def|class)\s+(\w+)|^(\w+)\s*=", source, flags=re.M))
    found = set()
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(statement.name)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
        else:
            found |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return frozenset(found)


def _note_changes(release, submitted, taken: dict[str, int], repairs: list[str]) -> None:
    order = [taken[c.key] for c in release.cells if c.key in taken and c.role in ("solution", "check", "setup")]
    if order != sorted(order):
        repairs.append("cells stand in another order; they were put back")
    earlier = False
    for cell in release.cells:
        if cell.kind != "code" and cell.role != "manual":
            continue
        if cell.key not in taken:
            what = "it earns nothing" if cell.role in ANSWERS else "put back"
            if cell.role != "demo":
                repairs.append(f"cell {cell.key} is missing: {what}")
        elif cell.locked and not _same_text(cell, submitted[taken[cell.key]].source):
            if mark_of(submitted[taken[cell.key]].source) in release.earlier.get(cell.key, ()):
                earlier = True
            else:
                repairs.append(f"cell {cell.key} was changed: put back as released")
        elif cell.role in ANSWERS and cell.kind == "code" and submitted[taken[cell.key]].kind != "code":
            repairs.append(f"cell {cell.key} was made a text cell: run as code")
    if earlier:
        repairs.append("handed in on an earlier release: its checks are now those of the latest")
