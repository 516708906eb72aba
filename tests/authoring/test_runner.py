"""Cells run without Jupyter; another answer is tried in the place of an exercise's own and leaves no trace."""

import random
import sys

import numpy as np
import pytest

from grader.authoring.runner import Ran, Runner, Step
from grader.kit.call import CheckFailed

SETUP = """
import sys, types
kit = sys.modules["bncourse_kit"] = types.ModuleType("bncourse_kit")
kit.run_check_cell = lambda code, names: exec(code, dict(names))
"""
STEPS = [
    Step("one", "exercise", "def f(x):\n    return x"),
    Step("given", "given", "y = f(1)"),
    Step("one.a", "check", "z = 5\nassert f(2) == 2, 'a'"),
    Step("two", "exercise", "g = f(3)"),
    Step("two.a", "check", "assert g == 3"),
    Step("later", "given", "y += g"),
    Step("one.b", "check", "assert y == 1 + 3, y"),
]


@pytest.fixture
def runner(monkeypatch) -> Runner:
    monkeypatch.setitem(sys.modules, "bncourse_kit", None)  # what it was is put back
    return Runner(SETUP, STEPS)


def run(runner: Runner, source: str) -> Ran:
    return runner.run(Step("cell", "given", source))


def test_cells_share_names_and_checks_leave_none_behind(runner):
    assert [runner.run(step).error for step in runner.walk()] == [None] * len(STEPS)
    assert runner.names["y"] == 4 and runner.names["g"] == 3 and "z" not in runner.names


def test_what_a_cell_prints_is_kept(runner, capsys):
    ran = run(runner, "import sys\nprint('out')\nprint('err', file=sys.stderr)\n1 / 0")
    assert ran.output == "out\nerr\n" and capsys.readouterr() == ("", "")
    assert (ran.line, ran.message) == (4, "ZeroDivisionError: division by zero")


def test_a_cell_that_ends_has_nothing_to_say(runner):
    ran = run(runner, "x = 1")
    assert (ran.error, ran.line, ran.message, ran.causes, ran.unwritten, ran.check) == (None, 0, "", [], False, "")


@pytest.mark.parametrize("source", ["x = = 1", "import sys\nsys.exit()", "quit", "raise NotImplementedError"])
def test_whatever_stops_a_cell_does_not_stop_the_run(source, runner):
    ran = run(runner, source)
    assert (ran.error is None) == (source == "quit")
    assert run(runner, "x = 1").error is None


def test_a_keyboard_interrupt_is_the_author_s_own(runner):
    with pytest.raises(KeyboardInterrupt):
        run(runner, "raise KeyboardInterrupt")


def test_the_line_is_the_cell_s_own_and_not_a_function_s_elsewhere(runner):
    runner.run(STEPS[0], "def f(x):\n\n\n    return x.nope")
    assert run(runner, "\nf(1)").line == 2


def test_a_failed_check_tells_its_name_and_causes():
    ran = Ran(STEPS[2], CheckFailed("wrong", "x_hat", ["divide by N"]))
    assert (ran.message, ran.check, ran.causes, ran.unwritten) == ("wrong", "x_hat", ["divide by N"], False)
    assert Ran(STEPS[2], CheckFailed("stub", "x_hat", unwritten=True)).unwritten
    assert Ran(STEPS[2], NotImplementedError()).unwritten
    assert Ran(STEPS[2], KeyError("x")).check == "", "another exception has no check's name"


@pytest.mark.parametrize(("id", "exercise"), [("one", "one"), ("one.b", "one"), ("q_eps-answer", "q_eps")])
def test_the_exercise_of_a_check(id, exercise):
    assert Step(id, "check", "").exercise == exercise


def test_a_trial_runs_its_own_checks_and_what_is_given_between(runner):
    entered, tried = [], None
    for step in runner.walk():
        if step.id == "two":
            tried = runner.trial("g = 4", entered.append)
        runner.run(step)
    assert [(ran.step.id, ran.error is None) for ran in tried] == [("two", True), ("two.a", False)]
    assert [step.id for step in entered] == ["two.a"]


def test_a_trial_leaves_no_trace(runner):
    step = next(runner.walk())
    before = dict(runner.names)
    tried = runner.trial("def f(x):\n    return -x\ng = 3\nextra = 1")
    assert [ran.step.id for ran in tried] == ["one", "one.a", "one.b"]
    assert [ran.message for ran in tried] == ["", "AssertionError: a", "AssertionError: 2"]
    assert runner.names == before
    assert runner.run(step).error is None


def test_an_answer_that_python_cannot_read_is_one_that_fails(runner):
    next(runner.walk())
    answer, *checks = runner.trial("def f(x:")
    assert answer.message.startswith("SyntaxError") and all(ran.error for ran in checks)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_each_cell_begins_with_the_same_random_numbers_and_warnings(runner):
    draw = "import random, numpy as np\na = random.random(), np.random.rand()\n"
    run(runner, draw)
    first = runner.names["a"]
    run(runner, "import numpy as np, random\nrandom.seed(5)\nnp.random.seed(5)\nnp.seterr(all='raise')")
    assert run(runner, draw + "np.log(np.zeros(1))").error is None
    assert runner.names["a"] == first
    assert first != (random.random(), np.random.rand())


def test_a_setup_cell_that_stops_stops_everything():
    with pytest.raises(ZeroDivisionError):
        Runner("1 / 0", STEPS)
