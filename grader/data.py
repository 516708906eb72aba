"""`bncourse data`: fetch MNIST ahead of a lesson, or check the files that are there.

All that knows the files (their hashes, their mirrors, what a bad one looks like) is in grader/kit/mnist.py.
"""

import argparse
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from grader.kit import mnist
from grader.paths import DATA

EXAMPLE = """example:
  bncourse data                 # 11 MB into data/mnist, where every notebook finds it
  bncourse data --check         # is what lies there whole?
  MNIST_MIRRORS=http://files.school.example/mnist bncourse data /srv/mnist"""


def fetch(directory: Path) -> int:
    """Download what a directory lacks or has bad copies of. Says a line a file. Returns 0 when all four are good."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"✗ {directory} cannot be made: {error.strerror}.")
        return 1
    mirrors = mnist.mirrors()
    good = [_fetch_file(directory, name, mirrors) for name in mnist.HASHES]
    print(f"MNIST is complete in {directory}." if all(good) else f"MNIST is not complete in {directory}.")
    return int(not all(good))


def _fetch_file(directory, name, mirrors):
    found = _look(directory, name)
    done = next((f"✓ {file.name} is there already." for file, problem in found.items() if not problem), None)
    if not done:
        try:
            with tqdm(desc=name, unit="B", unit_scale=True, leave=False, disable=None) as bar:

                def tell(new, total):
                    if bar.n == 0 or bar.n + new > total:  # the first mirror, or the next one from the start
                        bar.reset(total or None)
                    bar.update(new)

                _, kept = mnist.download(name, directory, mirrors, tell)
        except OSError as error:
            print(f"✗ {name} could not be fetched ({error}).")
            return False
        if not kept:
            print(f"✗ {name} was fetched, but cannot be written to {directory}.")
            return False
        done = f"✓ {name} was fetched."
    for file, problem in found.items():
        if problem:  # overwritten by the good one, or else to be deleted
            done += f" ({file.name} {problem}: discarded.)"
            if _look(directory, name).get(file):
                with suppress(OSError):
                    file.unlink()
    print(done)
    return True


def verify(directory: Path) -> int:
    """Say of each file in a directory whether it is whole. Returns 0 when all four are, and none is bad."""
    bad = 0
    for name in mnist.HASHES:
        for file, problem in (_look(directory, name) or {directory / name: "is missing"}).items():
            print(f"✗ {file.name} {problem}." if problem else f"✓ {file.name} is good.")
            bad += bool(problem)
    if bad:
        print(f"MNIST is not complete in {directory}. Run `bncourse data` to fetch what is missing or bad.")
    return int(bad > 0)


def _look(directory, name):
    """The files of this name in a directory, plain and gzipped, each with what is wrong with it ("": nothing)."""
    found = {}
    for file in (directory / name, directory / f"{name}.gz"):
        try:
            mnist.array_in(name, file.read_bytes())
            found[file] = ""
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            found[file] = f"cannot be read ({error.strerror})"
        except ValueError as problem:
            found[file] = str(problem)
    return found


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the subcommand `data`; its `run(args)` returns the exit code."""
    what = "Fetch MNIST (11 MB), so that notebooks run on it without a network; or check the files that are there."
    parser = subparsers.add_parser(
        "data",
        help="fetch MNIST ahead of a lesson, or check the files that are there",
        description=what,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "directory", nargs="?", type=Path, default=DATA / "mnist", help="where (default: data/mnist of the course)"
    )
    parser.add_argument("--check", action="store_true", help="fetch nothing; say of each file whether it is whole")
    parser.set_defaults(run=lambda args: (verify if args.check else fetch)(args.directory))
    return parser
