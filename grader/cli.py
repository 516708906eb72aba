"""The command `bncourse`."""

import argparse
import sys
from pathlib import Path

from grader.errors import CourseError
from grader.grading.limits import LIMITS, Limits

ABOUT = """Build, check and grade the notebooks of "Batch normalization from first principles".

for students
  check FILE       run your notebook and see what it earns
for everybody
  data             fetch MNIST or CIFAR-10 ahead, or verify what is there
for instructors
  class DIR        make an nbgrader course from the units
  roster DIR FILE  put a class list (CSV) into its gradebook
  collect DIR UNIT FILE…
                   put what an LMS or GitHub Classroom gave into submitted/
  grade DIR        grade a class's submissions in a jail, into its gradebook
  feedback DIR UNIT
                   make the pages that students get back, and a zip of them for an LMS
  report DIR       write a report on a graded class
  totals DIR       add up a term's points
  forget DIR STUDENT
                   erase a student
  (nbgrader export for Moodle and Canvas: docs/grading.md)
  demo             make a small class and grade it, to see how it goes
for authors
  build [UNIT…]    make the notebooks from solutions/*.py
  validate [UNIT…] prove that the exercises hold

A UNIT is a name or a number: 04_batchnorm_backward or 04. `bncourse COMMAND --help` has an example of each."""


def _units(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("units", nargs="*", metavar="UNIT", help="a unit's name or number (all where none is given)")


def _parser() -> argparse.ArgumentParser:
    from grader import data as data_command
    from grader.classroom import collect as collect_command
    from grader.classroom import feedback_command
    from grader.classroom import forget as forget_command
    from grader.classroom import roster as roster_command
    from grader.classroom import totals as totals_command
    from grader.report import command as report_command

    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="bncourse", description=ABOUT, formatter_class=raw)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", help=argparse.SUPPRESS, required=True)

    def add(name: str, about: str, example: str, run) -> argparse.ArgumentParser:
        command = commands.add_parser(name, description=about, epilog=f"example:\n  {example}", formatter_class=raw)
        command.set_defaults(run=run)
        return command

    build = add(
        "build",
        "Make the student and the solved notebook of each unit whose source has changed.",
        "bncourse build 04",
        _build,
    )
    _units(build)
    build.add_argument("--check", action="store_true", help="build nothing; fail if anything generated is stale")
    build.add_argument("--force", action="store_true", help="build and execute even what is up to date")

    validate = add(
        "validate",
        "Prove that the exercises hold: reference, untouched notebook, every known mistake.",
        "bncourse validate 03 04 --json",
        _validate,
    )
    _units(validate)
    validate.add_argument("--json", action="store_true", help="print the result as JSON")
    validate.add_argument(
        "--backends", action="store_true", help="as other processors, thread counts and last bits would have it"
    )
    validate.add_argument(
        "--claims",
        action="store_true",
        help="run the notebooks, too, and evaluate what they claim (minutes)",
    )

    check = add(
        "check",
        "Run a notebook and print its scoreboard, repaired and scored as for a grade, without the hidden tests. "
        "Exit status 0 only for full marks.",
        "bncourse check notebooks/03_batchnorm_forward.ipynb",
        _check,
    )
    check.add_argument("file", type=Path, metavar="FILE.ipynb")
    check.add_argument("--json", action="store_true", help="print the result as JSON")

    klass = add(
        "class",
        "Make a directory that stock nbgrader works in: source/, release/, gradebook.db; or add units to one. What was "
        "edited in its source/ stays, and is what is released.",
        "bncourse class ~/bn-2026 03 04",
        _class,
    )
    klass.add_argument("directory", type=Path, metavar="DIR")
    _units(klass)
    klass.add_argument(
        "--questions-ungraded", action="store_true", help="concept questions give no points: they can be tried out"
    )
    klass.add_argument(
        "--force", action="store_true", help="replace units that were edited in DIR; a dated copy is kept in DIR/backup"
    )

    grade = add(
        "grade",
        "Grade submissions in a jail, into nbgrader's gradebook and autograded/. What was graded before and has not "
        "changed is not run again. Exit status 1 where a person has to look at something.",
        "bncourse grade ~/bn-2026 04",
        _grade,
    )
    grade.add_argument("directory", type=Path, metavar="DIR")
    _units(grade)
    grade.add_argument("--student", metavar="ID", help="this student only, and why each point was lost")
    grade.add_argument(
        "--workers", "--jobs", type=int, default=0, metavar="N", help="worker processes (default: the cores and one)"
    )
    grade.add_argument("--scheduler", metavar="URL", help="a Dask scheduler, such as tcp://10.0.0.5:8786")
    grade.add_argument("--no-sandbox", action="store_true", help="run students' code unprotected, with your rights")
    grade.add_argument("--regrade", action="store_true", help="run everything again")
    grade.add_argument("--json", action="store_true", help="print the results as JSON")
    limits = grade.add_argument_group("limits on one notebook")
    for name, about in LIMITS.items():
        default = getattr(Limits, name)
        limits.add_argument(
            f"--{name.replace('_', '-')}", type=type(default), default=default, help=f"{about} (default: {default})"
        )

    demo = add(
        "demo",
        "Make a class with seven made-up students, grade it, and print the result and where the report is.",
        "bncourse demo",
        _demo,
    )
    demo.add_argument(
        "directory",
        type=Path,
        metavar="DIR",
        nargs="?",
        default=Path("build/demo"),
        help="made anew (default: build/demo)",
    )

    roster_command.add_parser(commands)
    collect_command.add_parser(commands)
    feedback_command.add_parser(commands)
    report_command.add_parser(commands)
    totals_command.add_parser(commands)
    forget_command.add_parser(commands)
    data_command.add_parser(commands)
    return parser


def _build(args) -> int:
    from grader.authoring.build import build_all, check_all
    from grader.paths import unit_sources

    sources = unit_sources(args.units)
    return check_all(sources) if args.check else build_all(sources, force=args.force)


def _validate(args) -> int:
    from grader.paths import unit_sources

    if args.backends:
        from grader.authoring.across import print_proofs, prove_all

        return print_proofs(prove_all(unit_sources(args.units), claims=args.claims))
    from grader.authoring.validate import validate_all

    return validate_all(unit_sources(args.units), as_json=args.json, claims=args.claims)


def _check(args) -> int:
    from grader.grading.scoreboard import print_score
    from grader.grading.scoring import score

    return print_score(score(args.file, progress=not args.json), as_json=args.json)


def _class(args) -> int:
    from grader.classroom.course import make_class
    from grader.paths import unit_sources

    sources = unit_sources(args.units)
    return make_class(args.directory, sources, questions_ungraded=args.questions_ungraded, force=args.force)


def _grade(args) -> int:
    if sys.platform == "win32":
        raise CourseError("Grading needs Linux (on Windows: WSL) or macOS.")
    from grader.grading.grade import Options, grade_class
    from grader.grading.outcome import print_outcome

    try:
        limits = Limits(**{name: getattr(args, name) for name in LIMITS}).validated()
    except ValueError as error:
        raise CourseError(str(error)) from None
    options = Options(args.units, args.student, args.workers, args.scheduler, not args.no_sandbox, args.regrade, limits)
    return print_outcome(grade_class(args.directory, options, progress=not args.json), as_json=args.json)


def _demo(args) -> int:
    from grader.classroom.demo import run_demo

    return run_demo(args.directory)


def main(argv: list[str] | None = None) -> int:
    """Run the command. Returns 0, 1 where something falls short, 2 for misuse (argparse exits with 2 itself)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name in letters that the terminal has not is escaped, and stops nothing
            stream.reconfigure(errors="backslashreplace")
    args = _parser().parse_args(argv)
    try:
        return args.run(args)
    except CourseError as error:
        print(f"bncourse {args.command}: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a directory that may not be written: nothing that a traceback explains
        print(f"bncourse {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bncourse: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
