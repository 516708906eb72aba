"""`validate` must notice every way in which an exercise can fail to hold."""

import json

import pytest
from helpers.tiny import claim

from grader.authoring.build import build
from grader.authoring.validate import validate, validate_all
from grader.errors import CourseError


def report(path):
    build(path, run=False)
    return validate(path)


def test_a_sound_unit(built):
    result = validate(built)
    assert result.problems == []
    body = result.as_json()
    assert [body[key] for key in ("points", "mistakes", "killed", "named", "right", "accepted")] == [3, 6, 6, 6, 1, 1]


def test_json(built, capsys):
    assert validate_all([built], as_json=True) == 0
    unit = json.loads(capsys.readouterr().out)["units"][0]
    assert [e["id"] for e in unit["exercises"]] == ["normalize", "q_epsilon"]


FALLS_SHORT = {
    "not hidden": ("# %% mistakes hidden=true", "# %% mistakes", "only a hidden test fails"),
    "not really hidden": (
        "# %% mistake\n# In place!",
        "# %% mistake hidden=true\n# In place!",
        "but a visible check fails",
    ),
    "costs elsewhere": (
        'check("q_epsilon", q_epsilon)',
        'check("q_epsilon", q_epsilon if normalize(3, 2, 1, 0) == 1 else "a")',
        "q_epsilon-answer needs an answer to another exercise",
    ),
    "free points": (
        'check("q_epsilon", q_epsilon)',
        'check("q_epsilon", "b" if q_epsilon is ... else q_epsilon)',
        "untouched notebook passes",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", FALLS_SHORT)
def test_what_falls_short(case, edited):
    old, new, message = FALLS_SHORT[case]
    path = edited(old, new)
    result = report(path)
    assert any(message in problem for problem in result.problems), result.problems
    assert validate_all([path]) == 1


@pytest.mark.slow
def test_a_claim_that_does_not_hold_here(edited, monkeypatch, capsys):
    """It held where the notebook was built."""
    path = edited(*claim('__import__("os").environ.get("ROUNDS") != "down"'))
    build(path)
    assert validate_all([path], claims=True) == 0
    monkeypatch.setenv("ROUNDS", "down")
    assert validate_all([path]) == 0
    capsys.readouterr()
    assert validate_all([path], claims=True) == 1
    assert "90_tiny.py:" in (said := capsys.readouterr().out) and said.count("the claim 'it falls' does not hold") == 1


def test_stale_notebooks_are_not_validated(tiny):
    with pytest.raises(CourseError, match="Run: bncourse build"):
        validate(tiny)
