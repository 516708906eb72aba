"""What all processes of a test session make once, and have in common."""

import contextlib
import shutil
from pathlib import Path

import pytest


@contextlib.contextmanager
def locked(path: Path):
    """One process at a time; the next finds what the first has made."""
    filelock = pytest.importorskip("filelock")
    with filelock.FileLock(f"{path}.lock"):
        yield


def made_once(path: Path, make) -> Path:
    """A directory that all processes have in common, filled by `make(directory)` in the first that wants it."""
    with locked(path):
        if not path.exists():
            unfinished = path.with_name(f"{path.name}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)  # of a process that failed, whose error is the one to be seen
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(path)
    return path
