"""`bncourse totals`: the points of a term, a line for each student, and whether that is enough."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.grading.outputs import line, shown

if TYPE_CHECKING:  # nbgrader takes seconds to load, which other commands do without
    from grader.classroom.standings import Totals

EXAMPLE = """Points are the gradebook's: scores that a person gave, extra credit, less the late penalty. What is not
there counts 0 and is shown as "-". Per cent are of all units in the gradebook, or of those named here; rounded down.

example:
  bncourse totals ~/bn-2026 --pass 60 --csv totals.csv"""


def print_totals(totals: "Totals") -> int:
    """Print the table, the sections, what is not final. Returns 1 where points are still missing, else 0."""
    from grader.classroom.standings import number

    head = ["student", "section"] if totals.with_sections else ["student"]
    short = [unit.partition("_")[0] for unit in totals.units]
    head += short if len(set(short)) == len(short) else totals.units
    rows = [[*head, "sum", "of", "%", ""]]
    for row in totals.rows:
        points = ["-" if p is None else number(p) + "*" * (u in row.waiting) for u, p in row.points.items()]
        who = [line(shown(row.id), 40), *([line(shown(", ".join(row.sections)), 40)] if totals.with_sections else [])]
        rows.append([*who, *points, number(row.sum), number(totals.out_of), row.percent_text, row.verdict])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    left = len(head) - len(totals.units)
    for row in rows:
        cells = [c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(row[:-1], widths))]
        print("  ".join([*cells, row[-1]]).rstrip())
    for name, people in totals.groups():
        mean = sum(row.percent for row in people) / len(people)
        passed = sum(row.passed for row in people)
        print(f"{name}: {len(people)} students, mean {mean:.1f} %, {passed} with {totals.enough:g} % or more.")
    for said in totals.remarks:
        print(f"NOT FINAL  {said}")
    return int(bool(totals.remarks))


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the subcommand `totals`; its `run(args)` returns the exit code."""
    parser = subparsers.add_parser(
        "totals",
        help="add up a term's points",
        description="Print students and units, sum, per cent, sections. Exit status 1 where points are still missing: "
        "a person has to give some, or a submission is not graded.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("units", nargs="*", metavar="UNIT", help="a unit's name or number (all where none is given)")
    parser.add_argument(
        "--pass", type=per_cent, default=50.0, dest="enough", metavar="PERCENT", help="what is enough (default: 50)"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table, with names, into a file, too")
    parser.add_argument(
        "--pseudonyms",
        action="store_true",
        help="a made-up name for each student, the same each time, in another order; no names, no single sections",
    )
    parser.set_defaults(run=_run)
    return parser


def per_cent(text: str) -> float:
    """An option's value from 0 to 100. Raises what argparse takes for a misuse."""
    value = float(text)  # argparse says what is wrong with a text that is no number
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text} is no per cent from 0 to 100")
    return value


def _run(args) -> int:
    from grader.classroom.standings import read_totals, write_csv

    totals = read_totals(args.directory, args.units, args.enough, args.pseudonyms)
    if args.csv:
        write_csv(totals, args.csv)
    return print_totals(totals)
