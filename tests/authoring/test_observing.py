"""What the reference, the right answers and the mistakes of a unit give is noted, in this process or in another."""

import json
import sys
from dataclasses import asdict
from subprocess import CompletedProcess

import pytest

from grader.authoring import observing
from grader.authoring.backends import BACKENDS
from grader.authoring.observing import main, observe_under, observe_unit, steps_of
from grader.authoring.unit import read_unit
from grader.errors import CourseError, SourceError
from grader.kit.compare import wrong_parts

DISTURBED = next(b for b in BACKENDS if b.name == "disturbed")


@pytest.fixture
def unit(tiny):
    return read_unit(tiny)


@pytest.fixture
def observed(unit):
    return observe_unit(unit)


def test_demos_and_what_a_person_grades_are_not_run(tiny):
    essay = '\n# %% manual="essay" points=1\n### BEGIN SOLUTION\nhalt()\n### END SOLUTION\n'
    tiny.write_text(tiny.read_text(encoding="utf-8") + essay, encoding="utf-8")
    steps = steps_of(read_unit(tiny))
    assert [step.role for step in steps] == ["exercise", "check", "exercise", "check", "given"]
    assert not any("plt.plot" in step.source or "halt" in step.source for step in steps)


def test_the_checks_of_the_reference(observed):
    assert {name: (seen.cell, seen.hidden, seen.dtype) for name, seen in observed.reference.items()} == {
        "x_hat": ("normalize.values", False, False),
        "x_hat, float32": ("normalize.values", True, True),
        "q_epsilon": ("q_epsilon.answer", False, False),
    }


@pytest.mark.slow
def test_each_answer_is_known_by_the_checks_that_it_fails(unit, observed):
    answers = [*unit.rights, *unit.mistakes]
    fails = {
        getattr(a, "hint", "right").split()[0]: list(wrong) for a, wrong in zip(answers, observed.answers, strict=True)
    }
    assert fails["right"] == []
    assert fails["float64"] == ["x_hat, float32"], "a mistake that only hidden tests see"
    assert fails["You"] == ["x_hat", "x_hat, float32"]


@pytest.mark.slow
def test_a_cell_without_hidden_tests_is_seen_with_other_random_numbers(observed, edited):
    assert observed.second == {}
    edited("### BEGIN HIDDEN TESTS\n", "")
    one = observe_unit(read_unit(edited("### END HIDDEN TESTS\n", "")))
    ((first, _),) = one.second.values()
    assert first.name == "x_hat"
    assert wrong_parts(one.reference["x_hat"].outcome["value"], first.outcome["value"], first.rule)


def place(path, text: str) -> int:
    """The number of the line that begins with a text."""
    return next(n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if line.startswith(text))


def test_the_reference_must_run(edited):
    path = edited('check("q_epsilon", q_epsilon)', 'check("q_epsilon", q_epsilon)\n1 / 0')
    with pytest.raises(SourceError, match="with the reference answer this stops with ZeroDivisionError") as caught:
        observe_unit(read_unit(path))
    assert caught.value.line == place(path, "1 / 0")


def test_check_names_are_unique(edited):
    path = edited('check("q_epsilon", q_epsilon)', 'check("x_hat", q_epsilon)')
    with pytest.raises(SourceError, match=r"the check name 'x_hat' is used twice\. Give each check") as caught:
        observe_unit(read_unit(path))
    assert caught.value.line == place(path, 'check("x_hat", q_epsilon)')


@pytest.mark.slow
def test_what_a_process_writes_is_read_back_as_it_was(unit, observed, monkeypatch):
    def run(command, env, **kwargs):
        assert command[:3] == [sys.executable, "-m", "grader.authoring.observing"]
        assert env == DISTURBED.environment()
        return CompletedProcess(command, main(*command[3:]), "", "")

    monkeypatch.setattr(observing.subprocess, "run", run)
    assert json.dumps(asdict(observe_under(unit, DISTURBED))) == json.dumps(asdict(observed))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("a warning\n90_tiny.py:3: wrong.\n", "90_tiny.py:3: wrong. (backend disturbed)"),
        ("", "the process ended with -11 (backend disturbed)"),
    ],
)
def test_a_process_that_fails_is_told_with_its_backend(said, message, unit, monkeypatch):
    monkeypatch.setattr(observing.subprocess, "run", lambda *args, **kwargs: CompletedProcess([], -11, "", said))
    with pytest.raises(CourseError) as caught:
        observe_under(unit, DISTURBED)
    assert str(caught.value) == message
    with pytest.raises(CourseError) as caught:
        observe_under(unit, BACKENDS[0])
    assert "backend" not in str(caught.value)


def test_a_unit_that_stops_writes_nothing(edited, tmp_path, capsys):
    path = edited("    return x_hat\n    ###", "    x.nonsense\n    return x_hat\n    ###")
    assert main(str(path), str(tmp_path / "out.json")) == 1
    assert "with the reference answer this stops with AttributeError" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
