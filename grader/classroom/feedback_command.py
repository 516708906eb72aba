"""`bncourse feedback`: a page for each student whose result has changed, and a zip of them for Moodle or Canvas."""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from grader.grading.outputs import shown, some

if TYPE_CHECKING:  # nbgrader takes seconds to load, which other commands do without
    from grader.classroom.feedback_pages import Made
    from grader.classroom.feedback_zip import Zipped

NAMED = 10  # students who are named in a line
EXAMPLE = """A page is made where there is none, and made again where anything that it shows has changed: another file,
points or a comment by hand, a late penalty. Pages are nbgrader's: `nbgrader release_feedback` hands them out where the
class uses its exchange. The zip has the names of what `bncourse collect` was given, which is what Moodle ("Upload
multiple feedback files in a zip") and Canvas ("Re-upload submissions") go by.

example:
  bncourse feedback ~/bn-2026 03 --zip feedback-03.zip"""


def print_made(
    made: "Made", zipped: "Zipped | None" = None, held_back: list[str] = (), file: Path | None = None
) -> int:
    """Say what came of it: what a person must do first. Returns 1 where there is something to do, else 0."""
    for student, why in made.failed:
        print(f"FAILED     {shown(made.label(student))}: {shown(why)}.")
    grade = f"bncourse grade {made.folder.parent} {made.unit}"
    if made.ungraded:
        print(f"NO PAGE    {_some(made, made.ungraded)}: handed in and not graded. See: {grade}")
    if made.outdated:
        print(f"OLD PAGE   {_some(made, made.outdated)}: handed in again since. Grade first: {grade}")
    waiting = defaultdict(list)
    for student, count in made.waiting.items():
        waiting[count].append(student)
    for count, students in sorted(waiting.items()):
        cells = "1 answer waits" if count == 1 else f"{count} answers wait"
        print(f"NOT FINAL  {_some(made, students)}: {cells} for a person's points.")
    if held_back:
        print(f"HELD BACK  {_some(made, held_back)}: not final, so not in the zip file (--unfinished puts them in).")
    if zipped and zipped.nameless:
        how = f"bncourse collect {made.folder.parent} {made.unit} FILE, with what you downloaded there"
        print(f"NOT IN IT  {_some(made, zipped.nameless)}: no name of {zipped.system.title()}'s is known. Run: {how}.")
    if made.without_secret:
        few = "they did not come through nbgrader's exchange, and nbgrader release_feedback stops at them"
        print(f"           {_some(made, made.without_secret)}: {few}.")
    new, again, same = len(made.new), len(made.again), len(made.same)
    print(f"{new} made, {again} made again, {same} as before ({made.unit}), in {made.folder}.")
    if zipped:
        pages = f"{len(zipped.names)} page{'' if len(zipped.names) == 1 else 's'}"
        print(f"{file}: {pages}, named for {zipped.system.title()}.")
    left = zipped.nameless if zipped else []
    return int(bool(made.failed or made.ungraded or made.outdated or made.waiting or left))


def _some(made: "Made", students: list[str]) -> str:
    return some([shown(made.label(student)) for student in students], NAMED)


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the subcommand `feedback`; its `run(args)` returns the exit code."""
    parser = subparsers.add_parser(
        "feedback",
        help="make the pages that students get back",
        description="Make a page for each student whose result has changed, and a zip of all pages. Exit status 1 "
        "where somebody gets none, or one that is not final.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("unit", metavar="UNIT", help="a unit's name or number")
    parser.add_argument("--zip", type=Path, metavar="FILE", help="write all pages into a zip file, too")
    parser.add_argument(
        "--lms", choices=("moodle", "canvas"), help="whose names it has (default: of what was collected)"
    )
    parser.add_argument("--unfinished", action="store_true", help="put in those, too, who wait for a person's points")
    parser.set_defaults(run=_run)
    return parser


def _run(args) -> int:
    from grader.classroom.feedback_pages import make_pages
    from grader.classroom.feedback_zip import write_zip
    from grader.classroom.put import Records

    file = args.zip.resolve() if args.zip else None
    made = make_pages(args.directory, args.unit)
    if file is None:
        return print_made(made)
    records = Records(args.directory.resolve(), made.unit).by_student
    named = {student: (record.system, record.named) for student, record in records.items()}
    held_back = [] if args.unfinished else sorted(made.waiting)
    pages = {student: page for student, page in made.pages.items() if student not in held_back}
    zipped = write_zip(file, made.unit, pages, named, args.lms)
    return print_made(made, zipped, held_back, file)
