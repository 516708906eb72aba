"""Moodle's grading worksheet, which knows what its archive does not: when a submission was handed in."""

import csv
import io
import re
import time
from datetime import UTC, datetime
from pathlib import Path

from dateutil import parser

from grader.errors import CourseError
from grader.grading.outputs import shown

MOST = 20 << 20  # bytes
NUMBER, TIME = "identifier", "last modified (submission)"
# Thursday, 1 October 2026, 11:30 PM: with the month in words, since nobody knows of 1/10/2026 which it is.
DATE = re.compile(r"[A-Za-z]+, \d{1,2} [A-Za-z]+ \d{4}, \d{1,2}:\d\d( [AP]M)?")


def read_worksheet(path: Path) -> dict[str, datetime]:
    """By Moodle's number of a person in this assignment, when they handed in, in UTC; not those who did not.

    The times are those of Moodle's pages, which are taken for this machine's local time. Raises CourseError.
    """
    try:
        if path.stat().st_size > MOST:
            raise CourseError(f"{path} is too large for a grading worksheet.")
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    except (UnicodeError, csv.Error):
        raise CourseError(f"{path} is no CSV file in UTF-8.") from None
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    if NUMBER not in head or TIME not in head:
        raise CourseError(
            f'{path} is no grading worksheet of Moodle\'s in English: it has no column "Identifier", or none '
            '"Last modified (submission)".'
        )
    found = {}
    for cells in rows[1:]:
        row = dict(zip(head, cells))
        number, text = re.search(r"\d+$", row.get(NUMBER, "").strip()), row.get(TIME, "").strip()
        if not number or text in ("", "-"):
            continue
        found[number[0]] = _utc(text, path)
    return found


def _utc(text: str, path: Path) -> datetime:
    try:
        if not DATE.fullmatch(text):
            raise ValueError
        local = parser.parse(text)
        return datetime.fromtimestamp(time.mktime(local.timetuple()), UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        example = "Thursday, 1 October 2026, 11:30 PM"
        raise CourseError(
            f"{path}: {shown(text[:60])!r} is no time as Moodle writes it in English ({example})."
        ) from None
