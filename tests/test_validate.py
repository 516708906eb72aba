"""`validate` must notice every way in which an exercise can fail to hold."""

import json

import pytest

from grader.authoring.build import build
from grader.errors import CourseError
from grader.authoring.validate import validate, validate_all


def report(path):
    build(path, execute=False)
    return validate(path)


def test_a_sound_unit(built):
    result = validate(built)
    assert result.problems == []
    body = result.as_json()
    assert (body["points"], body["mistakes"], body["killed"], body["named"]) == (3, 6, 6, 6)


def test_json(built, capsys):
    assert validate_all([built], as_json=True) == 0
    unit = json.loads(capsys.readouterr().out)["units"][0]
    assert [e["id"] for e in unit["exercises"]] == ["normalize", "q_epsilon"]


FALLS_SHORT = {
    "a mistake that is right": ("# + (np.sqrt(var) + eps)", "# + np.sqrt(eps + var)", "it would earn full points"),
    "two alike": (
        '# %% mistake="normalize" hint="In place!"',
        '# %% mistake="normalize" hint="Another."\n# - return x_hat\n# + return None\n\n'
        '# %% mistake="normalize" hint="In place!"',
        "cannot tell it from another",
    ),
    "not hidden": ('comes out." hidden=true', 'comes out."', "only a hidden test fails"),
    "not really hidden": ('hint="In place!"', 'hint="In place!" hidden=true', "but a visible check fails"),
    "not named": (
        "r = np.random.RandomState(1)",
        "assert normalize(np.ones(1), 0, 1) is not None\nr = np.random.RandomState(1)",
        "is not named",
    ),
    "costs elsewhere": (
        'check("q_epsilon", q_epsilon)',
        'check("q_epsilon", q_epsilon if normalize(3, 2, 1, 0) == 1 else "a")',
        "also costs points in q_epsilon.answer",
    ),
    "free points": (
        'check("q_epsilon", q_epsilon)',
        'q_epsilon = "b"\ncheck("q_epsilon", q_epsilon)',
        "untouched notebook passes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FALLS_SHORT)
def test_what_falls_short(case, edited):
    old, new, message = FALLS_SHORT[case]
    path = edited(old, new)
    result = report(path)
    assert any(message in problem for problem in result.problems), result.problems
    assert validate_all([path]) == 1


def test_stale_notebooks_are_not_validated(tiny):
    with pytest.raises(CourseError, match="Run: bncourse build"):
        validate(tiny)
