"""Answers that are the same to the letter are named; what any two students would write is not."""

from itertools import combinations

import pytest

from grader.grading import copies
from grader.grading.copies import ENOUGH, answers_of, is_solved, own_code, same_answers
from grader.grading.notebook import SubmittedCell
from grader.grading.rebuild import Piece
from grader.grading.release import Release, ReleaseCell
from grader.grading.result import Result

STUB = 'def f(x):\n    """About 5 minutes."""\n    raise NotImplementedError()'
LONG = "\n".join(f"    step_{n} = x * {n} + {n + 1}  # the {n}th" for n in range(20))
ANSWER = (
    f'def f(x):\n    """About 5 minutes."""\n    ### BEGIN SOLUTION\n{LONG}\n    return step_19\n    ### END SOLUTION'
)
SHORT = "def g(x):\n    return x + 1"
CELLS = [
    ReleaseCell("f", "code", "solution", STUB, ANSWER, {}),
    ReleaseCell("g", "code", "solution", "def g(x):\n    raise NotImplementedError()", SHORT, {}),
]
RELEASE = Release("90_tiny", CELLS, {}, False)


def result(student: str, f: str = STUB, g: str = SHORT) -> Result:
    pieces = [Piece(cell, "code", source) for cell, source in zip(CELLS, (f, g))]
    return Result(student, "90_tiny", "", answers=answers_of(pieces))


def mine(word: str) -> str:
    return f'def f(x):\n    """About 5 minutes."""\n{LONG.replace("step", word)}\n    return {word}_19'


def said(*results: Result) -> dict[str, list[str]]:
    return {student: lines for (student, _), lines in same_answers(results, {"90_tiny": RELEASE}).items()}


def test_what_is_one_s_own():
    assert own_code(CELLS[0], STUB) == "" and own_code(CELLS[1], SHORT) == "returnx+1"
    assert own_code(CELLS[0], ANSWER) == own_code(CELLS[0], mine("step").replace("    ", "\t").replace(" * ", "*"))
    assert len(own_code(CELLS[0], ANSWER)) > ENOUGH


def test_two_with_the_same_answers_are_named_to_each_other():
    found = said(result("ada", mine("a")), result("bob", mine("a").replace(" + ", "+")), result("eve", mine("e")))
    assert set(found) == {"ada", "bob"}
    assert found["ada"] == ["f, g: the same code, white space aside, as bob. Did they work together?"]
    many = said(*(result(f"s{n}", mine("a")) for n in range(6)))
    assert "as s1, s2, s3 and 2 more." in many["s0"][0] and len(many) == 6


def test_what_everybody_writes_is_not_named():
    assert said(*(result(f"s{n}") for n in range(4))) == {}  # a line, and the stub
    assert said(*(result(f"s{n}", "") for n in range(4))) == {}


def test_what_nobody_wrote_makes_no_pairs(monkeypatch):
    """Else the work would grow with the square of the class."""
    pairs = []
    monkeypatch.setattr(copies, "combinations", lambda students, n: pairs.append(students) or combinations(students, n))
    untouched = [result(f"s{n}", g=CELLS[1].released) for n in range(20)]
    two = [result("ada", mine("a"), CELLS[1].released), result("bob", mine("a"), CELLS[1].released)]
    assert set(said(*untouched, *two)) == {"ada", "bob"} and pairs == [["ada", "bob"]]


def test_the_solved_notebook_s_answers_are_named_as_such():
    found = said(result("ada", ANSWER), result("bob", mine("step")), result("eve", mine("e")))
    assert set(found) == {"ada", "bob"} and "as in the course's solved notebook" in found["ada"][0]


def test_other_units_and_results_of_old_are_passed_by():
    old = Result("ada", "90_tiny", "", answers=[])
    assert same_answers([old, Result("bob", "03_gone", "", answers=["f 900 abc"])], {"90_tiny": RELEASE}) == {}


@pytest.mark.parametrize("text", ["### BEGIN HIDDEN TESTS\nx", "x\n    ### END HIDDEN TESTS"])
def test_the_solved_notebook_is_known_by_its_hidden_tests(text):
    assert is_solved([SubmittedCell("code", text)]) and not is_solved([SubmittedCell("code", "# hidden tests")])
