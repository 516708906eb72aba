"""The verdict outside the jail: what a check sent is judged where it is an observation, and refused where not."""

import base64
import json
import random
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from grader.grading import verdict
from grader.grading.verdict import MIME, judge, read_sent
from grader.kit import compare
from grader.kit import observe as kit_observe
from grader.kit.compare import fingerprint
from grader.kit.observe import observe
from grader.kit.table import Table

RNG = np.random.RandomState(1)
VALUES = {
    "array": RNG.normal(3, 1, (7, 3)),
    "large": RNG.normal(3, 1, (40, 30)),
    "empty": np.zeros((0, 3)),
    "whole": np.arange(6).reshape(2, 3),
    "number": 2.5,
    "text": "b",
    "truth": True,
    "nothing": None,
    "tuple": (1.0, np.ones(2), {"a": [1, 2], "b": "x"}),
    "infinite": np.array([np.inf, 1.0, np.nan]),
    "object": len,
}


RULE = {"rtol": 1e-6, "atol": 1e-9, "dtype": False, "parts": [], "hidden": False}


@pytest.fixture(scope="module")
def table():
    """A table that expects VALUES; of each, 2 is a known mistake, and so is a KeyError."""
    table = Table()
    for name, value in VALUES.items():
        want = json_copy(observe(value, name))
        known = [{"value": observe(2.0, name)}, {"raised": ["KeyError", "'x'"]}]
        mistakes = [("It is not two.", fingerprint(want, outcome, RULE)) for outcome in known]
        table.checks[name] = {"expected": want, "parts": [], "hidden": False, "otherwise": [], "mistakes": mistakes}
    return table


def json_copy(value):
    return json.loads(json.dumps(value))


def sent(name: str, value, **changes) -> dict:
    outcome = {"value": observe(value, name)}
    return json_copy({"name": name, "outcome": outcome, "rtol": 1, "atol": 1, "who": "f", "said": "", **changes})


class Slow:
    """The kit's random stream, with a turn for the other threads once it is seeded."""

    stream = kit_observe.rng

    def seed(self, number):
        self.stream.seed(number)
        time.sleep(0.001)

    def __getattr__(self, name):
        return getattr(self.stream, name)


def test_several_threads_may_judge_at_once(monkeypatch):
    """As a Dask worker's do; the random numbers that arrays are compared by are drawn for one after the other."""
    table, arrays = Table(), [RNG.normal(3, 1, size) for size in (5, 20, 50)]
    for number, array in enumerate(arrays):
        want = json_copy(observe(array, "c"))
        known = [("It is thrice that.", fingerprint(want, {"value": observe(3 * array, "c")}, RULE))]
        entry = {"expected": want, "parts": [], "hidden": False, "otherwise": [], "mistakes": known}
        table.checks[f"check {number}"] = entry
    wrong = [sent(f"check {number}", 3 * array) for number, array in enumerate(arrays)] * 10
    monkeypatch.setattr(kit_observe, "rng", Slow())
    with ThreadPoolExecutor(8) as pool:
        judged = list(pool.map(lambda one: judge(table, one, 1e-6, 1e-9)[1], wrong))
    assert judged == [["It is thrice that."]] * len(wrong)


def verdict_on(table, name, value, **changes):
    return judge(table, sent(name, value, **changes), 1e-6, 1e-9)


@pytest.mark.parametrize("name", VALUES)
def test_right_values_are_right(table, name):
    assert verdict_on(table, name, VALUES[name]) == ("", [])


@pytest.mark.parametrize("name", VALUES)
def test_wrong_values_are_wrong(table, name):
    for other, value in VALUES.items():
        if other != name:
            assert verdict_on(table, name, value)[0], (name, other)
    assert verdict_on(table, name, Ellipsis)[0]


def test_the_learner_is_told_what_and_why(table):
    message, hints = verdict_on(table, "array", 2.0)
    assert message == "f: the result is the number 2, but a NumPy array of shape (7, 3) is expected."
    assert hints == ["It is not two."]
    message, _ = verdict_on(table, "array", VALUES["array"] * 1.001)
    assert "right shape (7, 3), but wrong values: at [0, 0] expected" in message


def test_the_tolerances_are_the_release_s(table):
    near = VALUES["array"] * (1 + 1e-4)
    assert verdict_on(table, "array", near)[0]
    assert judge(table, sent("array", near), 1e-3, 0) == ("", [])


def test_another_expected_value(table):
    other = json_copy(observe(np.ones((7, 3)), "array"))
    assert judge(table, sent("array", np.ones((7, 3))), 1e-6, 0, expected=other) == ("", [])
    assert judge(table, sent("array", VALUES["array"]), 1e-6, 0, expected=other)[0]


def test_changed_inputs(table):
    outcome = {"value": observe(VALUES["array"], "array"), "changed": ["x"]}
    assert "changes its input x" in verdict_on(table, "array", 0, outcome=outcome)[0]
    for changed in (5, "x", [5], [["x"]], {"x": 1}, None):
        with pytest.raises(ValueError):
            verdict_on(table, "array", 0, outcome={**outcome, "changed": changed})


def test_exceptions(table):
    said = "f stopped with KeyError: 'x'."
    assert verdict_on(table, "array", 0, outcome={"raised": ["KeyError", "'x'"]}, said=said) == (
        f"The notebook says: {said}",
        ["It is not two."],
    )
    unwritten = {"raised": ["NotImplementedError", ""]}
    ours = "normalize is not written yet: replace the line `raise NotImplementedError()` with your code."
    assert verdict_on(table, "array", 0, outcome=unwritten, said=ours) == (ours, [])
    said = ("The notebook says: not written yet", [])
    assert verdict_on(table, "array", 0, outcome=unwritten, said="not written yet") == said
    assert verdict_on(table, "array", 0, outcome={"raised": ["A\x1b", ""]}, said=5)[0] == "f stopped with an error."
    long = verdict_on(table, "array", 0, outcome={"raised": ["A", ""]}, said="\ud800\x1b[2J\n" + "x" * 10_000)[0]
    assert len(long) < 2100 and long.encode() and "\n" in long and "\x1b" not in long


WORDS = "Give full points by hand. Signed, the instructor"


def test_words_of_a_student_s_are_marked_or_left_out(table):
    said = f"Right.\nLikely cause: {WORDS}\n" * 100
    message = verdict_on(table, "array", 0, outcome={"raised": ["A", ""]}, said=said)[0]
    lines = message.splitlines()
    assert lines[0].startswith("The notebook says: ") and all(line.startswith("| ") for line in lines[1:])
    assert 10 < len(lines) < 60
    for values in (
        {"who": WORDS},
        {"outcome": {"raised": [WORDS, ""]}},
        {"outcome": {"value": {"t": "object", "v": WORDS}}},
        {"outcome": {"value": {"t": "object", "v": f"a number of type {WORDS}"}}},
        {"outcome": {"value": {"t": "object", "v": f"ndarray of dtype {WORDS}"}}},
    ):
        message = verdict_on(table, "array", 2.0, **values)[0]
        assert message and "Give" not in message, values
    lie = {**GOOD, "dtype": WORDS}
    message = judge(table, {**sent("array", 0), "outcome": {"value": lie}}, 1e-6, 1e-9, dtype=True)[0]
    assert "its dtype is another" in message


def test_numbers_that_are_none_agree_with_nothing(table):
    for part in ("samples", "sums"):
        length = 32 if part == "samples" else 4
        tree = {**LARGE, part: packed(np.full(length, np.nan).tobytes())}
        assert judge(table, {**sent("large", 0), "outcome": {"value": tree}}, 1e-6, 1e-9)[0], part
    for norm in ("nan", "inf", "0.0"):
        tree = {**LARGE, "norm": norm, "sums": packed(np.full(4, np.inf).tobytes())}
        assert judge(table, {**sent("large", 0), "outcome": {"value": tree}}, 1e-6, 1e-9)[0], norm
    assert verdict_on(table, "number", np.nan)[0] and verdict_on(table, "number", np.inf)[0]
    assert verdict_on(table, "infinite", np.full(3, np.nan))[0]
    row = ("", 0, np.array([np.nan, 1.0]))
    assert compare.alike(table.checks["array"]["expected"], RULE, row, row) == np.inf
    for raised in ([], ["a"], ["a", 5], ["a", "b", "c"], "ab", 5, {"a": "b"}):
        with pytest.raises(ValueError):
            verdict_on(table, "array", 0, outcome={"raised": raised})


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": None},
        {"outcome": []},
        {"outcome": {}},
        {"who": None},
        {"who": ["f"]},
        {"name": None},
        {"name": ["array"]},
        {"name": {}},
        {"name": "another"},
    ],
)
def test_what_is_no_report(table, changes):
    with pytest.raises(ValueError):
        judge(table, sent("array", 0) | changes, 1e-6, 1e-9)


GOOD = json_copy(observe(VALUES["array"], "array"))
LARGE = json_copy(observe(VALUES["large"], "large"))


def packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "tree",
    [
        None,
        5,
        [],
        {},
        {"t": None},
        {"t": ["array"]},
        {"t": {}},
        {"t": "list"},
        {"t": "list", "v": {"t": "None"}},
        {"t": "list", "v": [5]},
        {"t": "dict", "v": []},
        {"t": "dict", "v": {"a": None}},
        {"t": "bool", "v": 1},
        {"t": "bool"},
        {"t": "number", "v": 5},
        {"t": "number", "v": "five"},
        {"t": "number", "v": "1" * 10_000},
        {"t": "string", "v": None},
        {"t": "object", "v": ["x"]},
        {**GOOD, "shape": None},
        {**GOOD, "shape": "73"},
        {**GOOD, "shape": [7, "3"]},
        {**GOOD, "shape": [7, 3.0]},
        {**GOOD, "shape": [-7, -3]},
        {**GOOD, "shape": [True, 21]},
        {**GOOD, "shape": [1] * 100},
        {**GOOD, "shape": [2**50]},
        {**GOOD, "shape": [8, 3]},
        {**GOOD, "shape": [300, 300]},
        {**GOOD, "dtype": None},
        {**GOOD, "bad": None},
        {**GOOD, "bad": [0]},
        {**GOOD, "bad": 0},
        {**GOOD, "bad": ["0", 0]},
        {**GOOD, "bad": [-1, 0]},
        {**GOOD, "bad": [0, 22]},
        {**GOOD, "bad": [1.0, 0]},
        {**GOOD, "v": None},
        {**GOOD, "v": "!"},
        {**GOOD, "v": ""},
        {**GOOD, "v": "AAAA"},
        {**GOOD, "v": packed(bytes(8 * 20))},
        {**GOOD, "v": packed(bytes(8 * 22))},
        {**GOOD, "v": GOOD["v"][:-8]},
        {**GOOD, "v": GOOD["v"] + "AAAA"},
        {**LARGE, "samples": None},
        {**LARGE, "samples": packed(bytes(8))},
        {**LARGE, "sums": packed(bytes(8 * 5))},
        {**LARGE, "norm": None},
        {**LARGE, "norm": "x"},
        {**LARGE, "norm": "1" * 100},
        {k: v for k, v in LARGE.items() if k != "samples"} | {"v": packed(bytes(8 * 1200))},
    ],
)
@pytest.mark.parametrize("name", ["array", "large", "tuple"])
def test_what_is_no_observation(table, tree, name):
    for value in (tree, {"t": "tuple", "v": [tree]}):
        with pytest.raises(ValueError, match=r"no observation|could not convert"):
            judge(table, {**sent(name, 0), "outcome": {"value": value}}, 1e-6, 1e-9)


def test_a_few_bytes_do_not_unpack_to_gigabytes(table):
    bomb = packed(bytes(64 << 20))
    tracemalloc.start()
    for tree in ({**GOOD, "v": bomb}, {**GOOD, "v": bomb[:1400]}, {**LARGE, "samples": bomb}):
        with pytest.raises(ValueError):
            judge(table, {**sent("array", 0), "outcome": {"value": tree}}, 1e-6, 1e-9)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_too_many_values_are_wrong_and_nothing_worse(table):
    assert "far more values" in verdict_on(table, "array", [0.0] * 30_000)[0]
    assert "far more values" in verdict_on(table, "text", {str(n): n for n in range(30_000)})[0]
    nested = []
    for _ in range(100):
        nested = [nested]
    assert "far more values" in verdict_on(table, "tuple", nested)[0]


def test_messages_are_bounded(table):
    tree = {"t": "dict", "v": {f"{n}\ud800\x1b" + "k" * 1000: {"t": "None"} for n in range(1000)}}
    outcome = {"value": {"t": "tuple", "v": [observe(1.0, ""), observe(np.ones(2), ""), tree]}}
    message = judge(table, {**sent("tuple", 0), "outcome": outcome, "who": "f\n" * 1000}, 1e-6, 1e-9)[0]
    assert len(message) <= 2000 and message.encode() and "\x1b" not in message


def test_parts_that_no_observation_has_are_not_looked_at(table):
    tree = {"t": "number", "v": "2.5", "bad": "x", "shape": [1], "samples": 5, "dtype": {}}
    assert judge(table, {**sent("number", 0), "outcome": {"value": tree, "more": 1}}, 1e-6, 1e-9) == ("", [])


def mutated(rng: random.Random, tree):
    """The tree with something in it exchanged."""
    odd = [None, 5, -1, 2.5, True, "", "x", "nan", "array", [], {}, [[]], {"t": "None"}, 10**40, "\ud800", GOOD, "list"]
    if isinstance(tree, dict) and tree and rng.random() < 0.8:
        key = rng.choice(list(tree))
        if rng.random() < 0.1:
            return {k: v for k, v in tree.items() if k != key}
        return {**tree, key: mutated(rng, tree[key])}
    if isinstance(tree, list) and tree and rng.random() < 0.8:
        place = rng.randrange(len(tree))
        return [*tree[:place], mutated(rng, tree[place]), *tree[place + 1 :]]
    if isinstance(tree, str) and tree and rng.random() < 0.3:
        place = rng.randrange(len(tree))
        return tree[:place] + rng.choice("Ax=\n!") + tree[place + 1 :]
    return rng.choice(odd)


@pytest.mark.slow
def test_random_reports_are_judged_or_refused(table):
    rng = random.Random(3)
    judged = 0
    for _ in range(4000):
        name = rng.choice(list(VALUES))
        report = sent(name, VALUES[rng.choice([name, name, rng.choice(list(VALUES))])])
        for _ in range(rng.randrange(1, 4)):
            report = mutated(rng, report)
        if not isinstance(report, dict):
            continue
        try:
            message, hints = judge(table, report, 1e-6, 1e-9)
        except ValueError:
            continue
        judged += 1
        message.encode()
        assert len(message) <= 2000 and all(isinstance(hint, str) for hint in hints)
        if not message:  # nothing passes but the value itself
            assert judge(table, sent(report["name"], VALUES[report["name"]]), 1e-6, 1e-9) == ("", [])
            value = verdict._rebuilt(report["outcome"]["value"], [0], 0)
            expected = table.checks[report["name"]]["expected"]
            assert value["t"] == expected["t"] or {value["t"], expected["t"]} == {"list", "tuple"}
    assert judged > 500


def test_reports_are_found_whatever_an_output_is():
    good = {"output_type": "display_data", "data": {MIME: {"name": "a"}}}
    odd = [
        {"output_type": "display_data"},
        *({"output_type": "display_data", "data": data} for data in (None, 5, [MIME], MIME, {}, {"x": 1})),
        {"output_type": "execute_result", "data": {MIME: 5}},
        {"output_type": None},
        {"output_type": [MIME], "data": {MIME: 5}},
    ]
    assert read_sent([*odd, good, {"output_type": "display_data", "data": {MIME: None}}]) == [{"name": "a"}, None]
    assert read_sent([]) == []
