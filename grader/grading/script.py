"""What is run in the jail for a check cell, part by part, and what comes back.

The first part is a canary, an assert that must fail: where asserts are stripped or swallowed, it does not. Parts are
compiled once, before any notebook runs, and are told apart by a random word for each run.
"""

from dataclasses import dataclass, field

from grader.grading.release import ReleaseCell
from grader.grading.verdict import read_sent


@dataclass
class Part:
    """What one part of a check cell gave."""

    label: str  # "canary", "visible", "hidden" or "second"
    noted: list = field(default_factory=list)  # what its checks saw
    error: list | None = None  # the name and message of what ended it
    outputs: list[dict] = field(default_factory=list)  # what was printed meanwhile


def check_parts(cell: ReleaseCell, second: str | None) -> list[tuple[str, str]]:
    """The parts of a check cell, as (label, code), with the second run where there is one."""
    parts = [("canary", "assert False"), *(("hidden" if hidden else "visible", code) for code, hidden in cell.parts)]
    return parts if second is None else [*parts, ("second", second)]


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
