"""What a unit's locked cells were in earlier releases."""

import pytest

from grader.grading.earlier import remember
from grader.grading.release import mark_of


def test_all_that_a_cell_has_been_is_known(tmp_path):
    assert remember(tmp_path, "03_unit", [("setup", "a")]) == {"setup": {mark_of("a")}}
    found = remember(tmp_path, "03_unit", [("setup", "b \n"), ("f-values", "c")])
    assert found == {"setup": {mark_of("a"), mark_of("b")}, "f-values": {mark_of("c")}}
    assert remember(tmp_path, "04_unit", []) == {}


def test_what_is_known_already_is_not_written_again(tmp_path):
    remember(tmp_path, "03_unit", [("setup", "a")])
    (path,) = tmp_path.glob(".bncourse/releases/*.json")
    before = path.stat().st_mtime_ns
    remember(tmp_path, "03_unit", [("setup", "a")])
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 1}', '{"cells": {"a": 1}}', "[" * 100_000])
def test_a_spoilt_file_is_begun_anew(tmp_path, text):
    path = tmp_path / ".bncourse" / "releases" / "03_unit.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert remember(tmp_path, "03_unit", [("setup", "a")]) == {"setup": {mark_of("a")}}
