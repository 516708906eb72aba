"""Limits that make sense are taken, others named; and a kernel's end is told in words where a limit was its reason."""

import math
import re
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from grader.grading import limits as module
from grader.grading.limits import LIMITS, STATUSES, Limits, why_ended

NAMES = [field.name for field in fields(Limits)]


@pytest.fixture(scope="module")
def said_by_init() -> dict[str, int]:
    """The statuses of inside/watch.py by name. That file runs in the jail alone, so it is read, not imported."""
    text = (Path(module.__file__).parent / "inside" / "watch.py").read_text(encoding="utf-8")
    (names, numbers), *_ = re.findall(r"^(MEMORY, [A-Z, ]+) = ([0-9, ]+)$", text, flags=re.M)
    return dict(zip(names.split(", "), map(int, numbers.split(", "))))


def test_the_usual_limits_make_sense_and_stay_as_they_are():
    limits = Limits()
    assert limits.validated() is limits
    assert Limits(cell_seconds=0.1, output_mb=0.5).validated().cell_seconds == 0.1
    with pytest.raises(FrozenInstanceError):
        limits.memory_mb = 1


@pytest.mark.parametrize("value", [0, -1, -0.5, math.nan, -math.inf])
@pytest.mark.parametrize("name", NAMES)
def test_a_limit_that_is_not_above_0_is_named(name, value):
    with pytest.raises(ValueError, match=rf"^the limit {name} must be above 0, not {re.escape(str(value))}$"):
        Limits(**{name: value}).validated()


def test_a_kernel_needs_some_threads():
    assert Limits(processes=32).validated().processes == 32
    with pytest.raises(ValueError, match="the limit processes must be at least 32, not 31"):
        Limits(processes=31).validated()


def test_each_limit_can_be_given_on_the_command_line_with_a_word_on_what_it_is():
    assert set(LIMITS) == set(NAMES) and all(LIMITS.values())


@pytest.mark.parametrize("name, words", [
    ("MEMORY", "memory: more than 7 MB"), ("CPU", "processor time: far more than the notebook's seconds"),
    ("DISK", "disk: more than 9 MB in /tmp"), ("PROCESSES", "processes: more than 40, threads included"),
    ("LOCKS", "memory: more than 7 MB, or than 10,000 locks of files"),
])  # fmt: skip
def test_what_the_init_of_a_kernel_says_is_told_in_words(name, words, said_by_init):
    limits = Limits(memory_mb=7, disk_mb=9, processes=40)
    assert why_ended(said_by_init[name], limits) == words


@pytest.mark.parametrize(
    "name, words",
    [
        ("time", "the notebook ran for more than 2.5 s"),
        ("cell time", "the cell ran for more than 0.5 s"),
        ("output", "more than 3 MB"),
        ("message", "more than 3 MB in one message"),
    ],
)
def test_a_limit_that_the_grader_itself_keeps_is_told_in_words(name, words):
    assert words in why_ended(name, Limits(cell_seconds=0.5, notebook_seconds=2.5, output_mb=3.0))


@pytest.mark.parametrize("status", [None, 0, 1, -9, 137, 255, "", "the student's word"])
def test_any_other_end_is_the_fault_of_no_limit(status):
    assert why_ended(status, Limits()) == ""


def test_an_init_that_was_killed_says_nothing_of_a_limit(said_by_init):
    assert said_by_init["KILLED"] not in STATUSES and why_ended(said_by_init["KILLED"], Limits()) == ""
