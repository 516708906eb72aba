"""What is run in the jail for a check cell, part by part, and what comes back.

First come the definitions of given cells that the check uses, as released. The next part is a canary, an assert that
must fail: where asserts are stripped or swallowed, it does not. Parts are told apart by a random word for each run.
They go into the jail with the request that runs their cell, which may run other checks of the exercise before: until
then its memory holds no hidden test, of no unit.
"""

import base64
import marshal
from dataclasses import dataclass, field
from functools import lru_cache

from grader.grading.release import ReleaseCell
from grader.grading.verdict import read_sent


@dataclass
class Part:
    """What one part of a check cell gave."""

    label: str  # "given", "canary", "visible", "hidden" or "second"
    noted: list = field(default_factory=list)  # what its checks saw
    error: list | None = None  # the name and message of what ended it
    outputs: list[dict] = field(default_factory=list)  # what was printed meanwhile


def check_parts(cell: ReleaseCell, second: str | None, given: str = "") -> list[tuple[str, str]]:
    """The parts of a check cell, as (label, code), with the second run where there is one."""
    parts = [("canary", "assert False"), *(("hidden" if hidden else "visible", code) for code, hidden in cell.parts)]
    return [*([("given", given)] if given else []), *parts, *([("second", second)] if second is not None else [])]


@lru_cache(1024)
def packed(key: str, parts: tuple[tuple[str, str], ...]) -> str:
    """The compiled parts of a check cell as text, which the kernel, of the same Python as we, unpacks."""
    compiled = [(label, compile(code, f"<check {key}>", "exec")) for label, code in parts]
    return base64.b64encode(marshal.dumps(compiled)).decode()


def read_parts(outputs: list[dict], word: str) -> list[Part]:
    """What a check cell's run sent, in order. What has not the form of it is left out."""
    parts: list[Part] = []
    printed: list[dict] = []
    for output in outputs:
        messages = read_sent([output])
        if not messages:
            printed.append(output)
            continue
        reports = messages[0] if isinstance(messages[0], list) else messages
        reports = [r for r in reports if isinstance(r, dict) and r.get("word") == word]
        reports = [r for r in reports if isinstance(r.get("noted"), list)]
        for report in reports:
            error = report.get("error")
            error = [str(text) for text in error] if isinstance(error, list) and len(error) == 2 else None
            parts.append(Part(str(report.get("part")), report["noted"], error))
        if reports:  # a canary prints nothing, so all of it was the last one's
            parts[-1].outputs, printed = printed, []
    return parts
