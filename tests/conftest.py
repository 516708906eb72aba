"""A unit small enough to read, in a course of its own, for the tests of everything that works on units."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def tiny(tmp_path) -> Path:
    """The source of a small unit in a fresh directory with the layout of the repository."""
    path = tmp_path / "solutions" / "90_tiny.py"
    path.parent.mkdir()
    path.write_text((HERE / "tiny_unit.py").read_text(encoding="utf-8"), encoding="utf-8")
    return path


@pytest.fixture
def edited(tiny):
    """A function that replaces text in the tiny unit, which must hold it exactly once, and returns its path."""

    def edit(old: str, new: str) -> Path:
        text = tiny.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        tiny.write_text(text.replace(old, new), encoding="utf-8")
        return tiny

    return edit


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """The tiny unit, built and executed once; not to be changed."""
    from grader.authoring.build import build

    path = tmp_path_factory.mktemp("built") / "solutions" / "90_tiny.py"
    path.parent.mkdir()
    path.write_text((HERE / "tiny_unit.py").read_text(encoding="utf-8"), encoding="utf-8")
    build(path)
    return path
