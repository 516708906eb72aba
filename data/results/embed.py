"""Carry measured results in a unit's source, between its two markers."""

import argparse
import json
import textwrap
from collections.abc import Callable
from pathlib import Path

BEGIN, END = "# stored: begin", "# stored: end"


def add_options(parser: argparse.ArgumentParser) -> None:
    """--embed and --check, for embed_or_check."""
    parser.add_argument("--embed", action="store_true", help="copy what is stored into the unit")
    parser.add_argument("--check", action="store_true", help="fail if the unit carries other numbers than are stored")


def embed_or_check(args: argparse.Namespace, unit: Path, stored: Callable[[], str]) -> bool:
    """Do what --embed or --check asks for with the lines that `stored` gives. Returns whether either was asked for.

    Exits with a message where the unit has no markers or, with --check, carries other lines.
    """
    if not (args.embed or args.check):
        return False
    source = unit.read_text(encoding="utf-8")
    before, _, rest = source.partition(BEGIN)
    first, _, rest = rest.partition("\n")
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"{unit.name} has no lines {BEGIN!r} and {END!r}")
    embedded = f'{before}{BEGIN}{first}\nSTORED = json.loads("""\n{stored()}\n""")\n{END}{after}'
    if args.embed:
        unit.write_text(embedded, encoding="utf-8")
    elif embedded != source:
        raise SystemExit(f"{unit.name} does not carry what is stored: run this with --embed")
    return True


def as_lines(value) -> str:
    """A value as JSON in lines of at most 118 characters. No line ends within a string."""
    text = json.dumps(value, separators=("\1", ":"), ensure_ascii=False).replace(" ", "\0").replace("\1", ", ")
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False).replace("\0", " ")
