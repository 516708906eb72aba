"""What is run for a check cell, part by part, and what of the answer is believed."""

import base64
import marshal

import pytest

from grader.grading.release import ReleaseCell
from grader.grading.script import check_parts, packed, read_parts
from grader.grading.verdict import MIME


def cell(code: str) -> ReleaseCell:
    return ReleaseCell("x-values", "code", "check", code, code, {}, 1.0)


HIDDEN = "a = 1\n### BEGIN HIDDEN TESTS\nb = 2\n### END HIDDEN TESTS\nc = 3"


def test_a_check_cell_has_parts():
    parts = check_parts(cell(HIDDEN), None)
    assert [label for label, _ in parts] == ["canary", "visible", "hidden", "visible"]
    assert [code for _, code in parts] == ["assert False", "a = 1", "b = 2", "c = 3"]
    assert check_parts(cell("a = 1"), "x = 1") == [
        ("canary", "assert False"),
        ("visible", "a = 1"),
        ("second", "x = 1"),
    ]


def test_what_parts_sent_is_told_apart():
    def report(**changes):
        sent = {"word": "w", "part": "visible", "noted": [], "error": None} | changes
        return {"output_type": "display_data", "data": {MIME: sent}}

    def printed(text):
        return {"output_type": "stream", "name": "stdout", "text": text}

    forged = [report(word="v"), report(word=["w"]), report(noted=None), report(noted={}), report(word=None)]
    forged += [{"output_type": "display_data", "data": {MIME: sent}} for sent in (5, "w", [{"word": "w"}], {})]
    outputs = [
        printed("a"),
        *forged,
        report(part="canary", error=["E", 5]),
        printed("b"),
        report(part=["x"], error="no"),
    ]
    first, second = read_parts([*outputs, printed("c")], "w")
    assert (first.label, first.error, first.outputs) == ("canary", ["E", "5"], [printed("a")])
    assert (second.label, second.error, second.outputs) == ("['x']", None, [printed("b")])
    assert read_parts(outputs, "other") == read_parts([], "w") == []


def test_what_is_given_comes_before_the_canary():
    """Its definitions are as released, and a canary that does not sing ends the run before any test."""
    assert check_parts(cell("a = 1"), "x = 1", "def g(): pass")[:2] == [
        ("given", "def g(): pass"),
        ("canary", "assert False"),
    ]


def test_a_second_run_without_code_is_a_part_all_the_same():
    assert check_parts(cell("a = 1"), "")[-1] == ("second", "")


def test_packed_parts_are_what_was_to_be_run():
    parts = (("canary", "assert False"), ("visible", "found = 한 + 1"))
    text = packed("x-values", parts)
    assert text.isascii() and "found" not in text
    (_, canary), (label, code) = marshal.loads(base64.b64decode(text))
    names = {"한": 1}
    exec(code, names)
    assert (label, names["found"], code.co_filename) == ("visible", 2, "<check x-values>")
    with pytest.raises(AssertionError):
        exec(canary, {})


def test_reports_that_come_in_one_message_are_told_apart():
    def report(part: str, word: str = "w") -> dict:
        return {"word": word, "part": part, "noted": [part], "error": None}

    printed = {"output_type": "stream", "name": "stdout", "text": "x"}
    sent = [report("given"), report("forged", "v"), report("canary"), "no report", report("visible")]
    outputs = [printed, {"output_type": "display_data", "data": {MIME: sent}}]
    parts = read_parts(outputs, "w")
    assert [(part.label, part.noted) for part in parts] == [(n, [n]) for n in ("given", "canary", "visible")]
    assert [part.outputs for part in parts] == [[], [], [printed]]
