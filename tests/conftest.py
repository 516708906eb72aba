"""A unit small enough to read, in a course of its own, for the tests of everything that works on units."""

import gc
from pathlib import Path

import pytest
from helpers.shared import made_once
from helpers.tiny import write_tiny

gc.disable()  # until all tests are collected: what is imported stays, and to look through it takes seconds


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One test makes the unit that many look at, at once; those come last, or all processes would wait for it."""
    waiting = [item for item in items if "built" in item.fixturenames]
    items[:] = [*waiting[:1], *(item for item in items if "built" not in item.fixturenames), *waiting[1:]]


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture
def tiny(tmp_path) -> Path:
    """The source of a small unit in a fresh directory with the layout of the repository."""
    return write_tiny(tmp_path)


@pytest.fixture
def edited(tiny):
    """A function that replaces text in one of the tiny unit's two files, and returns the lesson's path.

    The two files together must hold the text exactly once.
    """

    def edit(old: str, new: str) -> Path:
        texts = {p: p.read_text(encoding="utf-8") for p in (tiny, tiny.parent / "mistakes" / tiny.name)}
        assert sum(text.count(old) for text in texts.values()) == 1, old
        for path, text in texts.items():
            path.write_text(text.replace(old, new), encoding="utf-8")
        return tiny

    return edit


@pytest.fixture(scope="session")
def shared(tmp_path_factory, request) -> Path:
    """A directory that all processes of a test session have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@pytest.fixture(scope="session")
def built(shared) -> Path:
    """The tiny unit, built and executed, once for all processes; not to be changed."""
    from grader.authoring.build import build

    def make(directory: Path) -> None:
        build(write_tiny(directory))

    return made_once(shared / "built", make) / "solutions" / "90_tiny.py"


@pytest.fixture(scope="session")
def tiny_class(built, shared) -> Path:
    """A class of the tiny unit, named bn-2026, without students; not to be changed: copy it."""
    from grader.classroom.course import make_class

    def make(directory: Path) -> None:
        make_class(directory / "bn-2026", [built], quietly=True)

    return made_once(shared / "class", make) / "bn-2026"
