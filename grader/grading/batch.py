"""Run a notebook's cells in the kernel, several in one request: a request costs as much as the cell itself.

A group begins with the check cells of one exercise and ends in front of the next one's, or with a cell of the
student's: that has ended before a check's code comes into the kernel. (The checks of an exercise call the same code of
the student's, which sees no more of the second's when the first runs than when the second does; but for one that
switches something off: its numbers could be worked out, with what is forbidden, while the first runs.) Where something
happens in a group that one of its cells might have done as well as another, the notebook is run again, cell by cell.
"""

import re
import secrets
from collections.abc import Iterator

from grader.grading.execute import Kernel, Ran, Stopped
from grader.grading.rebuild import Piece
from grader.grading.script import read_parts

RUN_SETUP = "get_ipython().run_setup()"
RUN_CHECK = "get_ipython().run_check({key!r}, {word!r}, {code!r})"
RUN_PIECE = "get_ipython().run_piece({word!r}, {code!r}, {first})"
MARK_CHECK = "get_ipython().mark({word!r}, {first})"
MARK = "application/x-bncourse-piece"  # as inside/kernel.py has it
# A cell that awaits runs in the kernel's own event loop, which a cell inside another one has not.
_AWAITS = re.compile(r"\b(await|async)\b")
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
        alone = piece.role == "setup" or (_AWAITS.search(piece.source) is not None and piece.role != "check")
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


async def run_group(kernel: Kernel, numbers: list[int], notebook, run) -> None:
    """Run cells in one request, and enter in a run what each gave.

    Raises Stopped where the first ended the kernel, Unclear where it may have been another one.
    """
    words = [secrets.token_hex(8) for _ in numbers]
    lines, history = [], False
    for word, number in zip(words, numbers):
        piece, first = notebook.pieces[number], len(lines) == 1  # whether its mark is the first
        if piece.role == "setup":
            lines.append(RUN_SETUP)
        elif piece.role == "check":
            lines += [MARK_CHECK.format(word=word, first=first)] if lines else []
            lines.append(RUN_CHECK.format(key=piece.key, word=word, code=notebook.check_code(piece.cell)))
        elif len(numbers) == 1:
            lines, history = [piece.source], True
        else:
            lines.append(RUN_PIECE.format(word=word if lines else "", code=piece.source, first=first))
    try:
        ran = await kernel.run("\n".join(lines), history=history)
        for word, number, part in zip(words, numbers, _parted(ran, words[1:])):
            run.ran[number] = part
            if notebook.pieces[number].role == "check":
                run.parts[number] = read_parts(part.outputs, word)
                for one in run.parts[number]:
                    if one.error and one.label in ("visible", "hidden"):
                        await kernel.look_behind(*one.error)
    except Stopped as stop:
        if len(numbers) > 1 and not (stop.timed and not _marked(stop.outputs)):
            raise Unclear from None
        raise


def _marked(outputs: list[dict]) -> list[dict]:
    """The marks among outputs. What has not the form of them is none."""
    found = [o["data"].get(MARK) for o in outputs if isinstance(o.get("data"), dict)]
    return [mark for marks in found if isinstance(marks, list) for mark in marks if isinstance(mark, dict)]


def _parted(ran: Ran, marks: list[str]) -> list[Ran]:
    """What each cell of a group gave. Raises Unclear where the marks between them are not as they have to be."""
    if not marks:  # a cell by itself, whatever it shows
        return [ran]
    if [mark.get("word") for mark in _marked(ran.outputs)] != marks:
        raise Unclear
    parts = [Ran([], ran.count)]
    for output in ran.outputs:
        marked = _marked([output])
        for mark in marked:
            count = mark.get("count")
            parts.append(Ran([], count if type(count) is int else None))
        if not marked:
            parts[-1].outputs.append(output)
    return parts
