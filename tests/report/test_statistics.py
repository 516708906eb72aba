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
    assert [(m.hint, m.students, m.checks) for m in item.mistakes] == [
        ("axis!", ["b", "c", "d"], 6),
        ("eps!", ["a", "b"], 4),
    ]
    assert (item.undone, item.undone_by) == (2 / 8, ["g", "h"])
    assert (item.unnamed, item.unnamed_message) == (["f"], "x_hat: wrong value")
    text = read(directory).text
    assert "3 students in 6 checks: axis!b, c, d" in text and "25\u00a0%" in text  # who made it, below the mistake
    assert "1 student without a known cause, most often “x_hat: wrong value”f" in text
    assert "2 students left the stub as it wasg, h" in text


def test_what_waits_for_a_person_counts_for_nobody(tmp_path):
    """An essay of 4 points beside a check of 2: graded for one student, not yet for nine."""
    essay = [cell("essay", None if n else 4.0, 4.0, kind="by hand") for n in range(10)]
    results = [result(f"s{n}", UNIT, [cell("a-x", float(n % 3), 2.0), essay[n]]) for n in range(10)]
    directory = write(tmp_path / "bn", results)
    (unit,) = collect(directory).units
    assert unit.waiting == {"essay"} and (unit.out_of, unit.left_out) == (2, 4)
    assert [unit.earned(s) for s in unit.submissions] == [n % 3 for n in range(10)]
    found = statistics_of(directory)
    assert found["a"].mean == pytest.approx(9 / 10 / 2) and found["a"].why == "no other exercise here has points"
    assert (found["essay"].mean, found["essay"].why) == (None, "a person still has to grade it")
    text = read(directory).text
    assert "Median1 of 2" in text and "Left out, until a person has graded it4 points" in text
    assert "9 answers without points: essay (9)" in text and "s9" in text
    graded = [
        r | {"cells": [c | {"points": 3.0 if c["id"] == "essay" else c["points"]} for c in r["cells"]]} for r in results
    ]
    (unit,) = collect(write(directory, graded)).units
    assert unit.waiting == set() and unit.out_of == 6 and statistics_of(directory)["essay"].mean == 0.75
    alone = write(tmp_path / "alone", [result("ada", UNIT, [essay[1]])])
    assert "A person still has to grade it." in read(alone).text


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
