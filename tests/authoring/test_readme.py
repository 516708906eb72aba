"""README.md's table of units follows the units, and nothing else of it is touched."""

import re

import pytest

from grader.authoring import readme
from grader.errors import CourseError
from grader.paths import ROOT

HEAD = "| unit | the question | minutes | points |\n|---|---|---|---|\n"
ROW = "| [90_tiny](notebooks/90_tiny.ipynb) | What is it? | 5 | 3 |\n"
OTHER = "# Course\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
OLD = "| [01_old](notebooks/01_old.ipynb) | Why? | 1 | 1 |\n| more | | | |\n"


@pytest.fixture
def write(tiny, tmp_path, monkeypatch):
    """Writes a README of a course that has the tiny unit alone; returns its path."""

    def write(text: str):
        (tmp_path / "README.md").write_text(text, encoding="utf-8")
        return tmp_path / "README.md"

    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    monkeypatch.setattr(readme, "unit_sources", lambda: [tiny])
    return write


def test_a_line_for_each_unit(write):
    assert readme.table() == ROW


def test_an_old_table_is_replaced_and_the_rest_stays(write):
    path = write(f"{OTHER}{HEAD}{OLD}\nMore about μ.\n\n{OTHER}")
    assert readme.table_is_stale()
    readme.write_table()
    assert path.read_text(encoding="utf-8") == f"{OTHER}{HEAD}{ROW}\nMore about μ.\n\n{OTHER}"
    assert not readme.table_is_stale()


def test_a_table_that_holds_is_not_written_again(write):
    path = write(HEAD + ROW)
    before = path.stat().st_mtime_ns
    readme.write_table()
    assert path.stat().st_mtime_ns == before


def test_a_backslash_in_a_question_is_text(write, edited):
    edited('"What is it?"', "'What is \\1, or \\g<0>?'")
    path = write(HEAD + OLD)
    readme.write_table()
    assert r"| What is \1, or \g<0>? |" in path.read_text(encoding="utf-8") and not readme.table_is_stale()


def test_the_readme_of_the_repository_has_the_place():
    """Without it nothing would ever be stale."""
    assert len(readme.TABLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))) == 1


def test_a_bar_in_a_question_makes_no_cell(edited, monkeypatch):
    path = edited('"What is it?"', '"What is |x|?"')
    monkeypatch.setattr(readme, "unit_sources", lambda: [path])
    assert len(re.findall(r"(?<!\\)\|", readme.table())) == 5


def test_a_readme_that_lost_the_table_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text("| unit | question | minutes | points |\n|---|---|---|---|\n")
    with pytest.raises(CourseError, match="has no table of units"):
        readme.table_is_stale()
