"""Outputs and names that a student made: what of them is shown, in a browser and in a terminal."""

import json

import pytest

from grader.grading.outputs import (
    BLANK,
    CHARACTERS,
    LINES,
    OUTPUTS,
    TRACEBACK,
    check_line,
    cleaned,
    error,
    line,
    plain,
    readable,
    shown,
    some,
)


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "stream"},
        {"output_type": "stream", "name": 5, "text": ["a", "b"]},
        {"output_type": "error"},
        {"output_type": "error", "ename": ["x"], "evalue": {"a": 1}, "traceback": "abc"},
        {"output_type": "error", "ename": "\ud800" * 10**4, "evalue": "\x1b" * 10**5, "traceback": [5, None] * 10**4},
        {"output_type": "display_data"},
        {"output_type": "display_data", "data": []},
        {"output_type": "display_data", "data": {"text/plain": ["\ud800"], "image/png": 5, "text/html": "<script>"}},
        {"output_type": "execute_result", "data": {"text/plain": "x" * 10**6, "image/png": 'A" onerror="x'}},
        {"output_type": "pyout"},
        {"output_type": None},
        {"output_type": ["stream"]},
    ],
)
def test_any_output_is_cleaned(output):
    for clean in cleaned([output]):
        text = json.dumps(clean, ensure_ascii=False)
        text.encode()
        assert len(text) < 3e5 and "script" not in text and "onerror" not in text
        assert clean["output_type"] in ("stream", "error", "display_data")


def test_pictures_and_text_are_kept():
    data = {"text/plain": "a figure", "image/png": "iVBORw0KGgo=\n", "text/html": "<b>"}
    (kept,) = cleaned([{"output_type": "execute_result", "data": data, "execution_count": 3, "metadata": {"x": 1}}])
    assert kept["data"] == {"text/plain": "a figure", "image/png": "iVBORw0KGgo=\n"} and kept["metadata"] == {}


def test_endless_text_is_cut():
    (kept,) = cleaned([{"output_type": "stream", "name": "stdout", "text": "line\n" * 10**5}])
    assert kept["text"].endswith("... Output truncated ...") and kept["text"].count("\n") == 1000


def test_lines_are_lines():
    assert line("a\nb\tc  d") == "a b c d"
    assert line("\x1b[2J\u202e\ud800\x00") == "\ufffd[2J\ufffd\ufffd\ufffd"
    assert len(line("x" * 1000)) == 300 and line("한글 — é") == "한글 — é" and line(None) == "None"
    assert plain("a\n\tb\x07") == "a\n\tb\ufffd" and len(plain("x" * 10**6)) == 2000
    assert error("A\nB", "m\x00")["ename"] == "A B" and error("A", "m\x00")["evalue"] == "m\ufffd"


def test_names_of_checks_are_escaped():
    shown = check_line("<b>x</b>", True)["data"]["text/html"]
    assert "&lt;b&gt;" in shown and "✓" in shown


def test_as_much_text_as_is_allowed_is_left_alone():
    for text in ("x" * CHARACTERS, "x\n" * LINES):
        (kept,) = cleaned([{"output_type": "stream", "name": "stdout", "text": text}])
        assert kept["text"] == text
    (kept,) = cleaned([{"output_type": "stream", "name": "stdout", "text": "x" * (CHARACTERS + 1)}])
    assert kept["text"] == "x" * CHARACTERS + "\n... Output truncated ..."


def test_of_a_long_traceback_both_ends_stay():
    lines = [f"frame {n}" for n in range(TRACEBACK + 1)]
    (kept,) = cleaned([{"output_type": "error", "ename": "E", "evalue": "", "traceback": lines}])
    assert (
        len(kept["traceback"]) == TRACEBACK + 1 and kept["traceback"][TRACEBACK // 2] == "... Traceback truncated ..."
    )
    assert (kept["traceback"][0], kept["traceback"][-1]) == (lines[0], lines[-1])
    (kept,) = cleaned([{"output_type": "error", "ename": "E", "evalue": "", "traceback": lines[:-1]}])
    assert kept["traceback"] == lines[:-1]


def test_an_output_with_nothing_to_show_is_left_out():
    html = {"output_type": "display_data", "data": {"text/html": "<b>"}}
    assert cleaned([html]) == cleaned([]) == []


@pytest.mark.parametrize("name, printed", [
    ("ada", "ada"), ("김서연 é", "김서연 é"), ("a\nb", r"a\nb"), ("\x1b[2J", r"\x1b[2J"), ("\u202ex", r"\u202ex"),
    ("\udcff", r"\xff"), (r"a\nb", r"a\\nb"), (r"\xff", r"\\xff"), ("", ""),
])  # fmt: skip
def test_what_rules_a_terminal_or_is_no_text_is_escaped_in_a_name(name, printed):
    assert shown(name) == printed and printed.isprintable()


def test_no_two_names_look_alike():
    names = ["a\n", r"a\n", "a\\\n", r"a\\n", "\x1b", r"\x1b", "\udcff", r"\xff", "ÿ", "\x00", r"\x00", "\u2028"]
    assert len({shown(name) for name in names}) == len(names)


def test_an_error_without_a_traceback_shows_its_message_in_lines_that_fit():
    made = error("CheckFailed", "first\n" + "word " * 60)
    assert made["traceback"][0] == "CheckFailed: first" and "word" in made["traceback"][1]
    assert all(len(row) <= 96 for text in made["traceback"] for row in text.splitlines())
    assert error("E", "m", [])["traceback"] == []


def test_a_line_is_cut_where_it_is_too_long_and_says_so():
    assert line("x" * 300) == "x" * 300 and line("x" * 301) == "x" * 299 + "…"
    assert plain("a\n" * 3, length=6) == "a\n" * 3 and plain("a\n" * 3, length=5) == "a\na\n…"


def test_a_check_that_passed_has_another_line_and_colour_than_one_that_failed():
    passed, failed = check_line("x", True)["data"], check_line("x", False)["data"]
    assert (passed["text/plain"], failed["text/plain"]) == ("✓ x", "✗ x")
    assert passed["text/html"].replace("✓", "✗") != failed["text/html"]


def test_of_many_names_some_are_told_and_how_many_more_there_are():
    assert some(["a", "b"], 2) == "a, b" and some([], 2) == ""
    assert some(["a", "b", "c", "d"], 2) == "a, b and 2 more"


def test_of_outputs_without_end_the_first_and_the_last_are_left():
    texts = [f"{n}\n" for n in range(OUTPUTS + 1500)]
    outputs = [{"output_type": "stream", "name": "stdout", "text": text} for text in texts]
    assert cleaned(outputs[:OUTPUTS]) == outputs[:OUTPUTS]
    left = [output["text"] for output in cleaned(outputs)]
    half = OUTPUTS // 2
    assert left == [*texts[:half], "... 1,500 more outputs are left out here ...\n", *texts[-half:]]


def test_white_space_without_end_is_three_lines():
    code = "def f(x):\n    y = x\n\n\n    return y\n"
    assert readable(code) == code
    assert readable(code.replace("\n\n\n    ", "\n" * 20_000 + "    ")) == code
    assert readable("x = 1\n" + " \n" * 5000 + "y = 2") == "x = 1\n\n\ny = 2"
    assert readable("x" + " " * BLANK + "y") == "x\n\n\ny"
    assert readable("x" + " " * (BLANK - 1) + "y") == "x" + " " * (BLANK - 1) + "y"
