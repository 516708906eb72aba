"""Classes that several files' tests begin with, and what they do with them."""

import time
from pathlib import Path

import pytest
from helpers.graded_class import make_graded
from helpers.kept_class import make_kept_class
from helpers.lms_class import make_lms_class, zipped
from helpers.made_up_class import write, write_gradebook
from helpers.summed_class import make_summed_class

from grader.classroom.collecting import Collected, collect
from grader.classroom.roster_import import Imported, import_roster

PEOPLE = {"ada": ("Ada", "King"), "bob": ("", "O'Neil"), "jürgen": ("", "")}


@pytest.fixture(scope="session")
def graded_class(tiny_class, tmp_path_factory) -> Path:
    """A class of the tiny unit with three students, of whom each has all points; not to be changed: copy it."""
    return make_graded(tiny_class, tmp_path_factory.mktemp("graded") / "bn-2026", PEOPLE)


@pytest.fixture
def lms_class(tmp_path, monkeypatch) -> Path:
    """A class whose students hand in by a learning management system. Local time is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    return make_lms_class(tmp_path / "bn")


@pytest.fixture
def take(lms_class, tmp_path):
    """A function that collects one zip file of these entries."""

    def run(entries: dict | list, name: str = "all.zip", **options) -> Collected:
        return collect(lms_class, "03", [zipped(entries, tmp_path / name)], **options)

    return run


@pytest.fixture
def empty_class(tmp_path) -> Path:
    """A class without a student."""
    directory = write(tmp_path / "bn", [])
    write_gradebook(directory, [])
    return directory


@pytest.fixture
def enroll(empty_class, tmp_path):
    """A function that imports a text or bytes as a roster file."""

    def run(content: str | bytes, *arguments, **options) -> Imported:
        path = tmp_path / "roster.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return import_roster(empty_class, path, *arguments, **options)

    return run


@pytest.fixture
def kept_class(tmp_path) -> Path:
    """A class of three students with everything that a class may have of them."""
    return make_kept_class(tmp_path / "bn")


@pytest.fixture
def summed_class(tmp_path) -> Path:
    """Of 03: 4 points, of 04: 6. ada has 4 and 3.5 after a penalty; bob 2 and nothing; eve nothing at all."""
    return make_summed_class(tmp_path / "bn")
