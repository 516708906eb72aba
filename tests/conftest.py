"""A unit small enough to read, in a course of its own, for the tests of everything that works on units."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def write_tiny(root: Path) -> Path:
    """Write the two files of the small unit into a directory, as in the repository; returns the lesson's path."""
    lesson = root / "solutions" / "90_tiny.py"
    mistakes = lesson.parent / "mistakes" / lesson.name
    mistakes.parent.mkdir(parents=True)
    lesson.write_text((HERE / "helpers" / "tiny_unit.py").read_text(encoding="utf-8"), encoding="utf-8")
    mistakes.write_text((HERE / "helpers" / "tiny_mistakes.py").read_text(encoding="utf-8"), encoding="utf-8")
    return lesson


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
def built(tmp_path_factory) -> Path:
    """The tiny unit, built and executed once; not to be changed."""
    from grader.authoring.build import build

    path = write_tiny(tmp_path_factory.mktemp("built"))
    build(path)
    return path
