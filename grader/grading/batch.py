"""Run a notebook's cells in the kernel, several in one request: a request costs as much as the cell itself.

A group begins with the check cells of one exercise and ends in front of the next one's, or with a cell of the
student's: that has ended before a check's code comes into the kernel. (The checks of an exercise call the same code of
the student's, which sees no more of the second's when the first runs than when the second does; but for one that
switches something off: its numbers could be worked out, with what is forbidden, while the first runs.) Where something
happens in a group that one of its cells might have done as well as another, the notebook is run again, cell by cell.
"""

import json
import re
import secrets
from collections.abc import Iterable, Iterator

from grader.grading.execute import Kernel, Ran, Stopped
from grader.grading.rebuild import Piece
from grader.grading.script import read_parts
from grader.grading.verdict import MIME as REPORTS

GROUP = "\0cells"  # as inside/cells.py has it, and the next
MARK = "application/x-bncourse-piece"
SETUP_CELL = {"setup": True}
# A cell that awaits runs in the kernel's own event loop, which a cell inside another one has not.
_AWAITING = "await", "async"  # some names hold them, too: one more request
_SWITCHES_OFF = re.compile(r"^\s*with \w+\(\)", re.M)  # by_hand, unfused


class Unclear(Exception):
    """Which cell of a group something came of cannot be told."""


def singly(pieces: list[Piece], numbers: list[int]) -> Iterator[list[int]]:
    """Every cell in a group of its own."""
    return ([number] for number in numbers)


def batches(pieces: list[Piece], numbers: list[int]) -> Iterator[list[int]]:
    """Groups of cells, in order, that one request can run."""
    group: list[int] = []
    for number in numbers:
        piece = pieces[number]
        awaits = piece.role != "check" and any(word in piece.source for word in _AWAITING)
        alone = piece.role == "setup" or awaits
        if group and (alone or (piece.role == "check" and not _go_together(pieces, [*group, number]))):
            yield group
            group = []
        group.append(number)
        if alone or piece.role in ("solution", "added") or piece.changed:
            yield group
            group = []
    if group:
        yield group


def _go_together(pieces: list[Piece], numbers: list[int]) -> bool:
    """Whether these are check cells of one exercise, none of which switches anything off."""
    cells = [pieces[number].cell for number in numbers]
    same = all(cell and cell.role == "check" and cell.exercise == cells[0].exercise for cell in cells)
    return same and not any(_SWITCHES_OFF.search(cell.full) for cell in cells)


def requested(cells: Iterable[dict]) -> str:
    """The code of a request to run such cells, which inside/cells.py describes."""
    return GROUP + json.dumps(list(cells))


def _cell(piece: Piece, word: str, notebook) -> dict:
    if piece.role == "setup":
        return {"word": word, **SETUP_CELL}
    if piece.role == "check":
        return {"word": word, "check": notebook.check_code(piece.cell)}
    return {"word": word, "piece": piece.source}


async def run_group(kernel: Kernel, numbers: list[int], notebook, run) -> None:
    """Run cells in one request, and enter in a run what each gave.

    Raises Stopped where the first ended the kernel, Unclear where it may have been another one.
    """
    words = [secrets.token_hex(8) for _ in numbers]
    pieces = [notebook.pieces[number] for number in numbers]
    by_itself = len(pieces) == 1 and pieces[0].role not in ("setup", "check") and not pieces[0].source.startswith(GROUP)
    code = pieces[0].source if by_itself else requested(_cell(*each, notebook) for each in zip(pieces, words))
    try:
        ran = await kernel.run(code, history=by_itself)
        for word, number, part in zip(words, numbers, [ran] if by_itself else _parted(ran, words[1:])):
            run.ran[number] = part
            if notebook.pieces[number].role == "check":
                run.parts[number] = read_parts(part.outputs, word)
                for one in run.parts[number]:
                    if one.error and one.label in ("visible", "hidden"):
                        await kernel.look_behind(*one.error)
    except Stopped as stop:
        if len(numbers) > 1 and not (stop.timed and not _marks(_told(stop.outputs))):
            raise Unclear from None
        raise


def _told(outputs: list[dict]) -> list[dict]:
    """The marks and reports among outputs. What has not the form of them is none."""
    found = [o["data"].get(MARK) for o in outputs if isinstance(o.get("data"), dict)]
    return [one for several in found if isinstance(several, list) for one in several if isinstance(one, dict)]


def _marks(told: list[dict]) -> list[dict]:
    return [one for one in told if "reports" not in one]


def _parted(ran: Ran, marks: list[str]) -> list[Ran]:
    """What each cell of a group gave. Raises Unclear where the marks between them are not as they have to be."""
    if [mark.get("word") for mark in _marks(_told(ran.outputs))] != marks:
        raise Unclear
    parts = [Ran([], ran.count)]
    for output in ran.outputs:
        told = _told([output])
        for one in told:
            if "reports" in one:
                parts[-1].outputs.append(
                    {"output_type": "display_data", "data": {REPORTS: one["reports"]}, "metadata": {}}
                )
            else:
                count = one.get("count")
                parts.append(Ran([], count if type(count) is int else None))
        if not told:
            parts[-1].outputs.append(output)
    return parts
