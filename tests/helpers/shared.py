"""What all processes of a test session make once, and have in common: fixtures, to be imported."""

import contextlib
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared(tmp_path_factory, request) -> Path:
    """A directory that all processes of a test session have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@contextlib.contextmanager
def locked(path: Path):
    """One process at a time; the next finds what the first has made."""
    filelock = pytest.importorskip("filelock")
    with filelock.FileLock(f"{path}.lock"):
        yield
