"""What was mended in a submission, told in as few lines as it takes."""

import re

# The words of rebuild's repairs, and one line for all cells with the same.
_CELL = r"cell (\S+) "
_KINDS = [
    (rf"{_CELL}(?:is missing: put back|was changed: put back as released)$",
     "put back as released: {cells} that {were} changed or deleted"),
    (rf"{_CELL}is missing: it earns nothing$", "put back without an answer: {cells} that {were} deleted"),
    (rf"{_CELL}stands \d+ times: the last one before its check counts$",
     "counted once: {cells} that {stand} more than once, of which the last one before its check counts"),
    (rf"{_CELL}stands \d+ times: the one with an answer counts$",
     "counted once: {cells} that {stand} more than once, of which the one with an answer counts"),
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
