"""The secret by which nbgrader's exchange knows whose feedback a page is: a file that it puts beside a submission."""

from pathlib import Path

from grader.grading.notebook import Unreadable, read_file
from grader.grading.store import write_whole

FILE = "submission_secret.txt"
MOST = 1000  # bytes


def read(folder: Path) -> str:
    """The secret in a folder; "" where there is none that can be read."""
    try:
        return read_file(folder / FILE, MOST, FILE).decode()
    except (Unreadable, UnicodeError):
        return ""


def copy(submitted: Path, to: Path) -> None:
    """Put a submission's secret into another folder, as nbgrader does: its `release_feedback` stops without one.

    Nothing is done where there is none, or where it is there. Raises OSError.
    """
    secret = read(submitted)
    if secret and secret != read(to):
        write_whole(to / FILE, secret, safely=False)
