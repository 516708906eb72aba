"""The build refuses a check cell that what the notebook publishes answers."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from grader.authoring.build import build
from grader.authoring.observing import SHIFT, observe_unit
from grader.authoring.published import answered_by_the_table
from grader.authoring.recorder import Seen
from grader.authoring.unit import read_unit
from grader.errors import CourseError
from grader.kit.observe import observe

HIDDEN = """\
check("x_hat, float32", normalize, *(a.astype("f4") for a in (x, x.mean(0), x.var(0))), rtol=1e-4, dtype=True)
"""
REGION = f"### BEGIN HIDDEN TESTS\n{HIDDEN}### END HIDDEN TESTS\n"
SEEDED = "r = np.random.RandomState(1)\nx = r.normal(5, [1, 3, 9], (7, 3))\ncheck("
FIXED = "x = np.arange(21.0).reshape(7, 3) ** 1.5\ncheck("


def problems(path) -> list[str]:
    unit = read_unit(path)
    observed = observe_unit(unit)
    return answered_by_the_table(unit, observed.reference, observed.second)


def test_hidden_tests_of_other_inputs(tiny):
    assert problems(tiny) == []


def test_hidden_tests_of_what_is_published(edited):
    path = edited(HIDDEN, 'check("x_hat, again", normalize, x, x.mean(0), x.var(0), eps=0.1)\n')
    (problem,) = problems(path)
    assert problem.startswith("90_tiny.py:24: the check cell normalize.values can be answered from the notebook's own")
    assert "its hidden tests expect what visible checks publish" in problem


@pytest.mark.slow
def test_hidden_tests_of_what_another_cell_publishes(edited):
    again = 'check("{}", normalize, x + 1, x.mean(0), x.var(0), eps=0.1)\n'
    edited(HIDDEN, again.format("x_hat, shifted"))
    path = edited(
        'check("q_epsilon", q_epsilon)', f'check("q_epsilon", q_epsilon)\n{SEEDED[:-6]}{again.format("elsewhere")}'
    )
    assert len(problems(path)) == 1


@pytest.mark.slow
def test_random_numbers_in_the_place_of_hidden_tests(edited):
    path = edited(REGION, "")
    assert list(observe_unit(read_unit(path)).second) == ["normalize.values"]
    assert problems(path) == []
    edited(SEEDED, FIXED)
    assert "it has no hidden tests" in problems(path)[0]
    with pytest.raises(CourseError, match=r"90_tiny.py:24: the check cell normalize.values can be answered"):
        build(path, run=False)


@pytest.mark.slow
def test_random_numbers_of_a_helper(edited):
    edited(REGION, "")
    path = edited(SEEDED, "x = drawn(1, 7, 3)\ncheck(")
    helper = (
        "# %% helper=true\ndef drawn(seed, *shape):\n    return np.random.RandomState(seed).normal(5, 2, shape)\n\n\n"
    )
    edited('# %% check="normalize.values"', f'{helper}# %% check="normalize.values"')
    (seen,) = observe_unit(read_unit(path)).second["normalize.values"]
    assert seen.name == "x_hat" and problems(path) == [] and SHIFT


def test_numbers_that_are_none_differ_from_nothing():
    """NaN is as good as published: nobody has to compute it."""
    unit = SimpleNamespace(
        cells=[SimpleNamespace(role="check", exercise="a", id="a.b", line=1)],
        path=Path("a.py"),
        is_question=lambda exercise: False,
    )
    for value, count in ((np.nan, 1), (np.inf, 1), (2.0, 1), (3.0, 0)):
        seen = [("shown", False, 2.0), ("nan", False, np.nan), ("inf", False, np.inf), ("asked", True, value)]
        reference = {n: Seen(n, "a.b", h, 1e-6, 1e-9, False, {"value": observe(v, n)}) for n, h, v in seen}
        assert len(answered_by_the_table(unit, reference, {})) == count, value
