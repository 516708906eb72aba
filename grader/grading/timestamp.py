"""When a submission was handed in: what timestamp.txt says, which nbgrader puts beside it and anybody may write."""

import codecs
import re
import warnings
from dataclasses import dataclass
from datetime import datetime

from grader.grading.outputs import line

FILE = "timestamp.txt"
MOST = 1000  # bytes
_TIME = re.compile(r"[0-9A-Za-z:+._, -]+((?<=[A-Za-z])/[0-9A-Za-z+_-]+){0,2}")  # a zone at the end is no path to a file
_OFFSET = re.compile(r" (?=[+-]\d\d(:?\d\d)?$)")  # nbgrader takes " +0900" for 900 seconds, " +09:00" for nothing
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_YEARS = range(1990, 2200)


@dataclass(frozen=True)
class Timestamp:
    """A time of handing in: as it is written, in UTC without a zone, and why there is none though there is a file."""

    text: str = ""
    when: datetime | None = None
    problem: str = ""


def read(content: bytes) -> Timestamp:
    """What a timestamp.txt says, as nbgrader reads it, offsets aside (see _OFFSET).

    Never raises: what is no time becomes a problem, in one line.
    """
    from nbgrader.utils import parse_utc  # half a second, which a student's own look does without

    try:
        encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
        text = content.decode(encoding).strip()
    except UnicodeError:
        return Timestamp(problem=f"{FILE} is no text in UTF-8: {_LEFT_OUT}")
    if not text:
        return Timestamp(problem=f"{FILE} is empty: {_LEFT_OUT}")
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        with warnings.catch_warnings(action="ignore"):  # of zones that are not known
            when = parse_utc(_OFFSET.sub("", text))
        if when.year not in _YEARS:
            raise ValueError
    except Exception:  # dateutil's own errors, decimal's, OverflowError, TypeError …
        return Timestamp(problem=f"{FILE} is no time ({line(text, 40)}): {_LEFT_OUT}")
    return Timestamp(text, when)


_LEFT_OUT = "it has no time of handing in"


def unreadable(why: str) -> Timestamp:
    """There is a file, and it cannot be read."""
    return Timestamp(problem=f"{why.rstrip('.')}: {_LEFT_OUT}")
