"""`bncourse report`: the subcommand and its options."""

import argparse
from pathlib import Path

EXAMPLE = """example:
  bncourse report ~/bn-2026 --pass 60"""


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the subcommand `report`; its `run(args)` returns the exit code."""
    from grader.classroom.totals import per_cent

    parser = subparsers.add_parser(
        "report",
        help="write a report on a graded class",
        description="Write DIR/report.html: what a person must look at, how the class goes on, who is low or missing, "
        "what each exercise's mistakes were and who made them, answers that students share. It needs no network.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument(
        "--pass",
        type=per_cent,
        default=50.0,
        dest="enough",
        metavar="PERCENT",
        help="under which share of a unit's points somebody is low (default: 50)",
    )
    parser.add_argument(
        "--pseudonyms",
        action="store_true",
        help="write DIR/report-pseudonyms.html, with the made-up names of `bncourse totals --pseudonyms`",
    )
    parser.set_defaults(run=_run)
    return parser


def _run(args) -> int:
    from grader.report.write import write_report

    print(write_report(args.directory, args.enough, args.pseudonyms))
    return 0
