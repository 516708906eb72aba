"""What makes a notebook older than its source; that build and validate find it, test_build and test_validate say."""

import nbformat
import pytest

from grader.authoring import stale
from grader.authoring.notebook import solved_notebook
from grader.authoring.record import Tables
from grader.authoring.unit import read_unit
from grader.paths import ROOT


@pytest.fixture
def solved(tiny):
    return solved_notebook(read_unit(tiny), Tables("table", {}))


def test_digest_sees_sources_and_metadata_but_not_outputs(solved):
    before = stale.digest(solved)
    solved.cells[1].outputs = [nbformat.v4.new_output("stream", text="Ready")]
    solved.metadata["bncourse"] = {"content": before}
    assert stale.digest(solved) == before
    for change in (("source", "x = 1"), ("id", "x"), ("metadata", {"tags": ["skip-execution"]})):
        other = nbformat.from_dict(solved)
        other.cells[4][change[0]] = change[1]
        assert stale.digest(other) != before, change


def test_a_file_of_the_kit_makes_those_units_older_that_show_it(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(stale, "KIT_FOLDER", tmp_path)
    shown = tmp_path / "shown.py"
    shown.write_text("x = 1\n")
    before = stale.source_hash(tiny)
    shown.write_text("x = 2\n")
    assert stale.source_hash(tiny) == before
    tiny.write_text(tiny.read_text(encoding="utf-8") + '\n# %% kit="shown"\n', encoding="utf-8")
    shows = stale.source_hash(tiny)
    shown.write_text("x = 3\n")
    assert stale.source_hash(tiny) != shows


def test_what_changes_no_notebook_is_named_as_its_file_is():
    assert set(stale.NOT_MADE_BY) <= {path.stem for path in (ROOT / "grader" / "authoring").glob("*.py")}
    assert not {path.stem for path in stale.MADE_BY} & set(stale.NOT_MADE_BY)
