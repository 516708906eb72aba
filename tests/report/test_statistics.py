"""Statistics of exercises: right numbers, and None with a reason where there is none."""

import random

import numpy as np
import pytest
from helpers.made_up_class import cell, result, write

from grader.report.collect import collect
from grader.report.statistics import discrimination, histogram, items
from report.reading import UNIT, full, read, wrong


def statistics_of(directory) -> dict:
    (unit,) = collect(directory).units
    return {item.exercise: item for item in items(unit)}


def test_mistakes_and_what_is_not_done(tmp_path):
    results = [wrong("a", "eps!"), wrong("b", "eps!", "axis!"), wrong("c", "axis!"), wrong("d", "axis!"), full("e")]
    results += [wrong("f"), wrong("g", kind="unwritten"), wrong("h", kind="unwritten")]
    directory = write(tmp_path / "bn", results)
    item = statistics_of(directory)["normalize"]
    assert [(m.hint, m.students, m.checks) for m in item.mistakes] == [("axis!", 3, 6), ("eps!", 2, 4)]
    assert (item.undone, item.unnamed, item.unnamed_message) == (2 / 8, 1, "x_hat: wrong value")
    text = read(directory).text
    assert "3 students in 6 checks: axis!" in text and "25\u00a0%" in text
    assert "1 student without a known cause, most often “x_hat: wrong value”" in text


def test_discrimination():
    r = random.Random(0)
    item, rest = [float(r.randrange(4)) for _ in range(30)], [r.gauss(10, 3) for _ in range(30)]
    value, why = discrimination(item, rest)
    assert value == pytest.approx(np.corrcoef(item, rest)[0, 1]) and why == ""
    right, rest = [1.0] * 5 + [0.0] * 5, [4.0] * 5 + [1.0] * 5
    assert discrimination(right, rest)[0] == pytest.approx(1)
    assert discrimination(right, rest[::-1])[0] == pytest.approx(-1)
    assert discrimination(right[:9], rest[:9]) == (None, "fewer than 10 submissions")
    assert discrimination([3.0] * 10, rest) == (None, "all earned the same")
    assert discrimination(right, [0.1 + 0.2] * 9 + [0.3]) == (None, "all earned the same elsewhere")


def test_discrimination_leaves_the_exercise_itself_out(tmp_path):
    r = random.Random(3)
    results = [
        result(f"s{n}", UNIT, [cell(f"{e}-x", float(r.randrange(3)), 2.0) for e in ("a", "b", "c")]) for n in range(20)
    ]
    points = np.array([[c["points"] for c in entry["cells"]] for entry in sorted(results, key=lambda e: e["student"])])
    found = statistics_of(write(tmp_path / "bn", results))
    assert found["b"].discrimination == pytest.approx(np.corrcoef(points[:, 1], points[:, [0, 2]].sum(1))[0, 1])
    alone = [result(f"s{n}", UNIT, [cell("a-x", float(n % 2), 1.0), cell("b-x", 0.0, 0.0)]) for n in range(20)]
    found = statistics_of(write(tmp_path / "alone", alone))
    assert (found["a"].discrimination, found["a"].why) == (None, "no other exercise here has points")
    assert (found["b"].mean, found["b"].why) == (None, "it has no points")


def test_histogram():
    assert histogram([]) == [0] * 11
    assert histogram([0, 0.0999, 0.1, 0.3, 0.7, 0.999, 1, 1.2, -1]) == [3, 1, 0, 1, 0, 0, 0, 1, 0, 1, 2]
    assert histogram([k / 10 for k in range(11)]) == [1] * 11
