"""Errors that end a command with one clear line."""

from pathlib import Path


class CourseError(Exception):
    """Something a user can put right; the message is the whole of what they are told."""


class SourceError(CourseError):
    """A mistake in a unit's source: where it is, what it is, what to do."""

    def __init__(self, path: Path, line: int, problem: str, remedy: str):
        # A unit's two files have one name: `mistakes/` tells them apart.
        name = f"mistakes/{path.name}" if path.parent.name == "mistakes" else path.name
        super().__init__(f"{name}:{line}: {problem}. {remedy}.")
        self.path, self.line = path, line


def said_by_database(error: Exception) -> str:
    """What a database's error says, in one line: the driver's own words, without SQLAlchemy's around them."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]
