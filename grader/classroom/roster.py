"""`bncourse roster`: a class list, as a learning management system exports it, into nbgrader's database."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.grading.outputs import shown, some

if TYPE_CHECKING:  # nbgrader takes seconds to load, which other commands do without
    from grader.classroom.roster_import import Imported

NAMED = 10  # students who are named in a line
FIELDS = ("id", "first_name", "last_name", "email", "lms_user_id", "name", "sections")  # that --column may name
EXAMPLE = """The columns of Canvas's gradebook export, of Moodle's participants, grades and grading worksheet, of GitHub
Classroom's roster and of nbgrader's own table (id, first_name, last_name, email, lms_user_id; section, group) are
known. Comma, semicolon or tab; UTF-8 or UTF-16. What a file leaves empty stays as it is; nobody is removed.

example:
  bncourse roster ~/bn-2026 canvas-gradebook.csv
  bncourse roster ~/bn-2026 participants.csv --id "Email address"
  bncourse roster ~/bn-2026 liste.csv --column id=Matrikelnummer --column last_name=Nachname"""


def print_imported(imported: "Imported", name: str) -> int:
    """Say what came of a roster file. Returns 1 where lines of it could not be used, else 0."""
    for problem in imported.problems:
        print(f"NOT TAKEN  {shown(name)}, {problem}.")
    if imported.under_another_id:
        print(f"Known by e-mail or LMS id, and keep their ids: {some(imported.under_another_id, NAMED)}.")
    added, changed, unchanged = (len(ids) for ids in (imported.added, imported.changed, imported.unchanged))
    counts = f"{added} added, {changed} changed, {unchanged} as before"
    print(f"Ids from the column {shown(imported.id_column)!r}: {counts}.")
    if imported.others:
        print(f"On the roster, and not in this file: {some([*map(shown, imported.others)], NAMED)}.")
    return int(bool(imported.problems))


def _column(text: str) -> tuple[str, str]:
    field, equals, title = text.partition("=")
    if field not in FIELDS or not equals or not title.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not FIELD=TITLE, where FIELD is one of: {', '.join(FIELDS)}")
    return field, title


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the subcommand `roster`; its `run(args)` returns the exit code."""
    parser = subparsers.add_parser(
        "roster",
        help="put a class list into the gradebook",
        description="Put the students of a CSV file, with their sections and groups, on a class's roster. Exit status "
        "1 where a line of it could not be used.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("file", type=Path, metavar="FILE.csv")
    parser.add_argument("--id", default="", metavar="TITLE", help="the column that nbgrader's student ids come from")
    parser.add_argument(
        "--column",
        type=_column,
        action="append",
        default=[],
        metavar="FIELD=TITLE",
        help=f"which column is what, in other languages ({', '.join(FIELDS)}); as often as needed",
    )
    parser.set_defaults(run=_run)
    return parser


def _run(args) -> int:
    from grader.classroom.roster_import import import_roster

    imported = import_roster(args.directory, args.file.resolve(), args.id, dict(args.column))
    return print_imported(imported, args.file.name)
