"""What JSON takes in memory is told before it is unpacked: never less than it comes to, and not far more."""

import json
import tracemalloc

import pytest

from grader.grading.weight import unpacked_bytes, unpacked_bytes_exactly

MANY = 50_000
TEXTS = {
    "lists": "[" + "[]," * MANY + "[]]",
    "lists of numbers": "[" + "[0]," * MANY + "0]",
    "dicts": "[" + '{"a":0},' * MANY + "0]",
    "keys": "{" + ",".join(f'"{n}":0' for n in range(MANY)) + "}",
    "numbers": "[" + "0.5," * MANY + "0]",
    "large numbers": "[" + "123456789012," * MANY + "0]",
    "texts": "[" + '"ab",' * MANY + "0]",
    "one text": json.dumps("x" * 10**6),
    "one text, a sign of which takes four bytes": f'"{"x" * 10**6}\U0001f600"',
    "the same, escaped": '"' + "x" * 10**6 + '\\ud83d\\ude00"',
    "another alphabet": json.dumps("한" * 10**6, ensure_ascii=False),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_json_takes_is_never_more_than_was_told(text):
    tracemalloc.start()
    kept = json.loads(text)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept is not None
    for told in (unpacked_bytes(text.encode()), unpacked_bytes(text), unpacked_bytes_exactly(text)):
        assert 0.95 * taken < told < 6 * taken


def test_what_stands_in_texts_weighs_nothing_where_it_is_looked_at_closely():
    text = json.dumps('[{,"' * 10_000)
    assert unpacked_bytes(text) > 5 * unpacked_bytes_exactly(text)


def test_what_stands_in_texts_is_left_out_to_their_very_ends():
    """A quote that is escaped ends no text, one behind an escaped backslash does."""
    for inside in (r"\"[[[[", r"\\", r"[[\\\"[[", "[\n["):
        text = f'["{inside}",[]]'
        assert unpacked_bytes_exactly(text) - unpacked_bytes('["",[]]') == len(inside)


@pytest.mark.parametrize("text", ["", "{}", "[]", '"x"', "[0,1]", "한", "\\ud83d", "\U0001f600", '{"é": [1]}'])
def test_text_and_its_bytes_weigh_about_the_same(text):
    told, of_bytes = unpacked_bytes(text), unpacked_bytes(text.encode())
    assert told <= of_bytes <= told + 4 * len(text.encode())


def test_anything_else_than_text_is_no_json():
    with pytest.raises((AttributeError, TypeError)):
        unpacked_bytes(5)
