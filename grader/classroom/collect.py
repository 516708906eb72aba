"""`bncourse collect`: what Moodle, Canvas or GitHub Classroom gave, into submitted/, nothing lost on the way."""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from grader.grading.outputs import shown, some

if TYPE_CHECKING:  # nbgrader takes seconds to load, which other commands do without
    from grader.classroom.collecting import Collected

NAMED = 10  # students who are named in a line
EXAMPLE = """FILE is Moodle's or Canvas's "download all submissions" (zip or unpacked), a folder or zip with a folder
for each student, GitHub Classroom's clones, or one student's notebook. Zip files in it are looked into. Whose a file
is, says the roster (`bncourse roster`): by id, e-mail, number or name. The same again changes nothing; what somebody
else put or changed in submitted/ stays. A FILE may be Moodle's grading worksheet (CSV): it says when each was handed
in, which the archive mostly does not. For names of your own set c.FileNameCollectorPlugin.named_regexp in
nbgrader_config.py.

example:
  bncourse collect ~/bn-2026 03 ~/Downloads/submissions.zip --dry-run"""


def print_collected(collected: "Collected", dry: bool = False) -> int:
    """Say what came of it: what a person must do first. Returns 1 where there is something to do, else 0."""

    def label(student: str) -> str:
        return shown(collected.people.label(student))

    for said in collected.refused:
        print(f"REFUSED    {said}.")
    for said in collected.nobodys:
        print(f"NOBODY'S   {said}.")
    for student, said in collected.problems:
        print(f"NOT TAKEN  {label(student)}: {said}.")
    alike = defaultdict(list)
    for student, said in collected.notes:
        alike[said].append(student)
    for said, students in alike.items():
        print(f"           {some([*map(label, students)], NAMED)}: {said}.")
    for said in collected.general:
        print(said)
    if collected.missing:
        print(f"Nothing from: {some([*map(label, collected.missing)], NAMED)}.")
    new, newer, same = len(collected.new), len(collected.newer), len(collected.same)
    would = "Would be: " if dry else ""
    print(f"{would}{new} collected, {newer} replaced by a newer one, {same} as before ({collected.unit}).")
    return int(collected.to_do)


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the subcommand `collect`; its `run(args)` returns the exit code."""
    parser = subparsers.add_parser(
        "collect",
        help="put what students handed in where it is graded",
        description="Put submissions of a unit into submitted/STUDENT/UNIT/UNIT.ipynb. Exit status 1 where something "
        "could not be used; it is listed by student, with what to do.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("unit", metavar="UNIT")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument(
        "--times",
        choices=["auto", "archive", "none"],
        default="auto",
        help="make timestamp.txt of the times in Moodle's zip (default: auto, where they are more than an hour apart)",
    )
    parser.set_defaults(run=_run)
    return parser


def _run(args) -> int:
    from grader.classroom.collecting import collect

    collected = collect(args.directory, args.unit, args.files, args.times, args.dry_run)
    return print_collected(collected, args.dry_run)
