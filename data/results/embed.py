"""Carry measured results in a unit's source, between its two markers."""

import json
import textwrap
from pathlib import Path

BEGIN, END = "# stored: begin", "# stored: end"


def as_lines(value) -> str:
    """A value as JSON in lines of at most 118 characters. No line ends within a string."""
    text = json.dumps(value, separators=("\1", ":"), ensure_ascii=False).replace(" ", "\0").replace("\1", ", ")
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False).replace("\0", " ")


def embed(unit: Path, lines: str) -> None:
    """Put these lines in place of what the unit carries."""
    unit.write_text(_embedded(unit, lines), encoding="utf-8")


def check(unit: Path, lines: str) -> None:
    """Exit with a message where the unit carries other lines."""
    if _embedded(unit, lines) != unit.read_text(encoding="utf-8"):
        raise SystemExit(f"{unit.name} does not carry what is stored: run this with --embed")


def _embedded(unit: Path, lines: str) -> str:
    before, _, rest = unit.read_text(encoding="utf-8").partition(BEGIN)
    first, _, rest = rest.partition("\n")
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"{unit.name} has no lines {BEGIN!r} and {END!r}")
    return f'{before}{BEGIN}{first}\nSTORED = json.loads("""\n{lines}\n""")\n{END}{after}'
