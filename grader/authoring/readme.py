"""The table of units in README.md, which follows the units."""

import re

from grader.authoring.minutes import minutes_of
from grader.authoring.unit import read_unit
from grader.errors import CourseError
from grader.paths import ROOT, unit_sources

README = ROOT / "README.md"
HEAD = "| unit | the question | minutes | points |"
TABLE = re.compile(rf"(?<=^{re.escape(HEAD)}\n\|---\|---\|---\|---\|\n)(?:\|.*\n)+", re.M)


def table() -> str:
    """A line for each unit: its name, question, minutes and points."""
    lines = []
    for source in unit_sources():
        unit = read_unit(source)
        link = f"[{unit.name}](notebooks/{unit.name}.ipynb)"
        question = unit.question.replace("|", "\\|")
        lines.append(f"| {link} | {question} | {minutes_of(unit).core} | {unit.points:g} |\n")
    return "".join(lines)


def _with_table() -> tuple[str, str]:
    text = README.read_text(encoding="utf-8")
    if not TABLE.search(text):
        raise CourseError(f"README.md has no table of units: its head is {HEAD!r}, and below it stands a unit a line.")
    return text, TABLE.sub(lambda _: table(), text)


def table_is_stale() -> bool:
    """Whether README.md says something else. Raises CourseError where it has no such table."""
    old, new = _with_table()
    return old != new


def write_table() -> None:
    """Put the table into README.md, where it is another one."""
    old, new = _with_table()
    if old != new:
        README.write_text(new, encoding="utf-8")
