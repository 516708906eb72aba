"""`bncourse data`: fetch MNIST or CIFAR-10 ahead of a lesson, or check the files that are there.

What the files look like, whole and damaged, is told by grader/kit/mnist.py and grader/kit/cifar10.py.
"""

import argparse
import hashlib
import os
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

from tqdm import tqdm

from grader.kit import mnist
from grader.paths import DATA

ARCHIVE, BYTES, MD5 = "cifar-10-binary.tar.gz", 170_052_171, "c32a1d4ab5d03f1284b67883e8d87530"
CIFAR10_MIRRORS = "https://www.cs.toronto.edu/~kriz/"
STALL = 30  # seconds to wait for a server
EXAMPLE = """example:
  bncourse data                 # MNIST, 11 MB into data/mnist, where every notebook finds it
  bncourse data --check         # is what lies there whole?
  bncourse data cifar10         # CIFAR-10, 170 MB into data/cifar10, for unit 11
  MNIST_MIRRORS=http://files.school.example/mnist bncourse data /srv/mnist
  CIFAR10_MIRRORS=http://files.school.example/ bncourse data cifar10 /srv/cifar10"""


def _made(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"✗ {directory} cannot be made: {error.strerror}.")
        return False
    return True


def fetch(directory: Path) -> int:
    """Download what a directory lacks or has bad copies of. Says a line a file. Returns 0 when all four are good."""
    if not _made(directory):
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


def fetch_cifar10(directory: Path) -> int:
    """Download CIFAR-10's binary version, unless a directory has an official one. Returns 0 when it is there, whole.

    Goes on from what a fetch that was stopped has left.
    """
    if not _made(directory):
        return 1
    from grader.kit.cifar10 import CIFAR10_FILES  # here: it loads NumPy, and every command begins without

    found, passed = _find_cifar10(directory)
    if found and found[0] in CIFAR10_FILES:
        print(f"✓ {found[1]} is there already ({found[0]}).")
        return 0
    part = directory / f"{ARCHIVE}.part"
    for mirror in os.environ.get("CIFAR10_MIRRORS", CIFAR10_MIRRORS).split() or [""]:
        url = f"{mirror.rstrip('/')}/{ARCHIVE}"
        try:
            _get_archive(url, part)
            os.replace(part, directory / ARCHIVE)
        except (OSError, HTTPException, ValueError) as problem:
            why = getattr(problem, "reason", None) or getattr(problem, "strerror", None) or problem
            print(f"✗ {url} could not be fetched ({why}).")
            continue
        bad = "".join(f" ({line}: replaced.)" for line in passed if line.startswith(f"{directory / ARCHIVE}:"))
        print(f"✓ {ARCHIVE} was fetched.{bad}\nCIFAR-10 is complete in {directory}.")
        return 0
    print(f"CIFAR-10 is not complete in {directory}." + " Run this again: it will go on." * (_size(part) > 0))
    return 1


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _get_archive(url: str, part: Path) -> None:
    """Add to a file what it lacks of the archive at a URL, and check it. Raises OSError, HTTPException, ValueError.

    What came is kept, to be gone on with, unless it is wrong.
    """
    begun, before, failed = _size(part), -1, None
    with tqdm(desc=ARCHIVE, total=BYTES, unit="B", unit_scale=True, leave=False, disable=None) as bar:
        while before < (have := _size(part)) < BYTES:  # as long as something comes
            before = have
            try:
                failed = _add(url, part, bar)
            except (OSError, HTTPException) as problem:
                failed = problem
    if have < BYTES:
        raise failed or ValueError(f"it stopped at {have:,} of {BYTES:,} bytes")
    with part.open("rb") as file:
        if hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest() == MD5:
            return
    part.unlink()
    if not begun:
        raise ValueError("its MD5 checksum is wrong")
    _get_archive(url, part)  # the first half was another file's


def _add(url: str, part: Path, bar: tqdm) -> None:
    have = _size(part)
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urlopen(request, timeout=STALL) as response:
        have *= response.status == 206  # else the server sends all of it
        piece = response.read(1 << 16)
        if not have and not piece.startswith(b"\x1f\x8b"):
            page = piece.lstrip().startswith(b"<")
            raise ValueError("it is a web page, not data" if page else "it is no archive")
        bar.initial = bar.n = bar.last_print_n = have  # the time left is told by what comes now
        with part.open("ab" if have else "wb") as file:
            while piece and have <= BYTES:
                have += file.write(piece)
                bar.update(len(piece))
                piece = response.read(1 << 16)


def verify_cifar10(directory: Path) -> int:
    """Say what a directory has of CIFAR-10, and whether it is whole. Returns 0 when one copy is."""
    found, passed = _find_cifar10(directory)
    for line in passed:
        print(f"✗ {line}.")
    if found:
        print(f"✓ {found[1]} is good ({found[0]}).")
        return 0
    print(f"CIFAR-10 is not complete in {directory}. Run `bncourse data cifar10` to fetch it.")
    return 1


def _find_cifar10(directory: Path) -> tuple[tuple[str, str] | None, list[str]]:
    """The form of the copy in a directory and where it is, or None, and what is wrong with others."""
    from grader.kit.cifar10 import cifar10_search

    try:
        _, form, where, passed = cifar10_search({str(directory): [(str(directory), directory)]})
        return (form, where), passed
    except FileNotFoundError as error:
        return None, [line.removeprefix("- ") for line in str(error).splitlines()[1:-1]]


def add_parser(subparsers) -> argparse.ArgumentParser:
    """Add the subcommand `data`; its `run(args)` returns the exit code."""
    parser = subparsers.add_parser(
        "data",
        help="fetch MNIST or CIFAR-10 ahead of a lesson, or check the files that are there",
        description="Fetch MNIST (11 MB), or CIFAR-10 (170 MB, for unit 11), so that notebooks run on it without a "
        "network; or check the files that are there.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", default="mnist", metavar="mnist|cifar10", help="which (default: mnist)")
    parser.add_argument(
        "directory", nargs="?", type=Path, help="where (default: data/mnist or data/cifar10 of the course)"
    )
    parser.add_argument("--check", action="store_true", help="fetch nothing; say of what is there whether it is whole")
    parser.set_defaults(run=partial(_run, parser))
    return parser


def _run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    name, directory = args.what.lower().replace("-", ""), args.directory
    if name not in ("mnist", "cifar10"):
        if directory or name.startswith("cifar"):
            parser.error(f"the data sets are mnist and cifar10, not {args.what}")
        name, directory = "mnist", Path(args.what)  # `bncourse data DIRECTORY`
    if name == "cifar10":
        return (verify_cifar10 if args.check else fetch_cifar10)(directory or DATA / name)
    return (verify if args.check else fetch)(directory or DATA / name)
