"""What is run in the jail for a check cell: its code between marks, so that what came out can be told apart.

The marks are made by a random word for each cell. First of all comes a canary, an assert that must fail: where asserts
are stripped or swallowed, its mark is missing. Last comes a mark that an error leaves out, shown or not.
"""

import secrets

from grader.grading.release import ReleaseCell
from grader.grading.verdict import read_sent

_CANARY = """\
try:
    assert False
except AssertionError:
    _mark({word!r})
"""


def check_script(cell: ReleaseCell, second: str | None) -> tuple[str, str]:
    """The code to run for a check cell, with the second run where there is one; and the word of its marks."""
    word = secrets.token_hex(8)
    lines = [_CANARY.format(word=f"{word} canary")]
    for code, hidden in cell.parts:
        lines += [f"_mark('{word} {'hidden' if hidden else 'visible'}')", code]
    lines.append(f"_mark('{word} end')")
    if second:
        lines += [f"_mark('{word} second')", second]
    return "\n".join(lines), word


def part_outputs(outputs: list[dict], word: str) -> list[tuple[str, list[dict]]]:
    """The outputs by part ("canary", "visible", "hidden", "end" or "second"), in the order in which they came."""
    parts: list[tuple[str, list[dict]]] = [("", [])]
    for output in outputs:
        sent = (read_sent([output]) or [None])[0]
        mark = sent.get("mark") if isinstance(sent, dict) else None
        if isinstance(mark, str) and mark.startswith(f"{word} "):
            parts.append((mark.partition(" ")[2], []))
        else:
            parts[-1][1].append(output)
    return parts
