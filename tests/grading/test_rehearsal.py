"""A student's own run, less the kernel, which tests/grading/test_scoring.py has: what it came to, and what it needs."""

import sys

import pytest

from grader.errors import CourseError
from grader.grading.rebuild import Piece
from grader.grading.rehearsal import WITHOUT_TORCH, Rehearsal, rehearse
from grader.grading.release import Release, ReleaseCell
from grader.grading.run import NO_TORCH

DEMO = ReleaseCell("shown", "code", "demo", "plt.show()", "plt.show()", {})
RELEASE = Release("90_tiny", [DEMO], {}, False)


def test_what_was_said_is_the_message_of_each_error_and_not_endless():
    run = Rehearsal({0: None, 1: ("NameError", "name 'x' is not defined"), 2: ("E", "y" * 10_000), 3: ("E", "")})
    assert run.said == f"name 'x' is not defined\n{'y' * 2000}\n"
    assert Rehearsal().said == ""


@pytest.mark.parametrize("stopped, limit", [(None, ""), ((3, ""), ""), ((3, "time: 5 s"), "time: 5 s")])
def test_a_limit_is_told_only_where_one_was_reached(stopped, limit):
    assert Rehearsal(stopped=stopped).limit == limit


def test_where_there_is_no_code_to_run_no_kernel_is_started(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    pieces = [Piece(None, "markdown", "import x"), Piece(None, "code", " \n"), Piece(DEMO, "code", DEMO.released)]
    assert rehearse(pieces, RELEASE, tmp_path) == Rehearsal()


@pytest.mark.slow
def test_a_kernel_that_ends_at_once_is_one_line(tmp_path, monkeypatch):
    """As that of an environment without ipykernel."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CourseError, match=r"^No kernel can be started: ") as caught:
        rehearse([Piece(None, "code", "x = 1")], RELEASE, tmp_path)
    assert str(caught.value).isprintable()


def test_where_the_answers_do_without_torch_it_is_not_at_hand(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)
    names = {}
    exec(WITHOUT_TORCH, names)
    assert set(names) == {"__builtins__"}  # nothing of it is left among a student's names
    for statement in ("import torch", "import torch.nn as nn", "from torch import ones"):
        with pytest.raises(ModuleNotFoundError, match=NO_TORCH) as caught:
            exec(statement, {})
        assert caught.value.name.partition(".")[0] == "torch"
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    exec("import colorsys", {})  # anything else is
