"""`bncourse forget`: erase a student from a class, and say what was erased and what is left."""

import argparse
from pathlib import Path

from grader.grading.outputs import shown

EXAMPLE = """Erased are the student's files (submitted, autograded, feedback, results, what is in nbgrader's exchange),
and the rows in the gradebook with all points and comments. This cannot be undone. Not reached: the learning management
system, archives that you downloaded elsewhere, backups.

example:
  bncourse forget ~/bn-2026 s1011 --dry-run"""


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the subcommand `forget`; its `run(args)` returns the exit code."""
    parser = subparsers.add_parser(
        "forget",
        help="erase a student from a class",
        description="Erase everything that a class has of a student, and say what. Exit status 1 where something is "
        "left that names the student.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("student", metavar="STUDENT", help="the id, to the letter")
    parser.add_argument("--dry-run", action="store_true", help="say what would be erased, and erase nothing")
    parser.set_defaults(run=_run)
    return parser


def _run(args) -> int:
    from grader.classroom.erase import forget

    forgotten = forget(args.directory, args.student, args.dry_run)
    for what in forgotten.erased:
        print(f"{'would be erased' if args.dry_run else 'erased'}  {shown(what)}")
    for what in forgotten.left:
        print(f"LEFT    {shown(what)}")
    return int(bool(forgotten.left))
