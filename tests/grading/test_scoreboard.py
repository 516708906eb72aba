"""The score of a student's own notebook as it is printed, and as JSON; 0 is returned only for full marks."""

import io
import json
import sys

import pytest

from grader.grading.scoreboard import print_score
from grader.grading.scoring import ExerciseScore, Score

FULL = ExerciseScore("normalize", 2.0, 2.0)
WRONG = ExerciseScore("q_é", 0.0, 0.5, "It is not right.\nLikely cause: ε")


def score(*exercises: ExerciseScore, **more) -> Score:
    return Score("mine.ipynb", "90_tiny", list(exercises), **more)


def printed(capsys, *arguments) -> tuple[int, list[str]]:
    status = print_score(*arguments)
    return status, capsys.readouterr().out.splitlines()


def test_each_exercise_has_a_line_and_the_message_stands_below_it(capsys):
    assert printed(capsys, score(FULL, WRONG)) == (
        1,
        [
            "✓ normalize  2 of 2",
            "· q_é        0 of 0.5",
            "    It is not right.",
            "    Likely cause: ε",
            "2 of 2.5 points, hidden tests not included",
        ],
    )


def test_full_marks_return_0(capsys):
    assert printed(capsys, score(FULL))[0] == 0


def test_a_message_keeps_full_marks_away_whatever_the_points(capsys):
    """An exercise without points that fails, for one."""
    assert printed(capsys, score(FULL, ExerciseScore("extra", 0, 0, "wrong")))[0] == 1


def test_a_unit_without_exercises(capsys):
    assert printed(capsys, score()) == (0, ["0 of 0 points, hidden tests not included"])


def test_repairs_are_a_line_a_kind_in_one_line_each(capsys):
    repairs = ["cell f is missing: put back", "cell g is missing: put back", "odd\n\x1b[2J"]
    assert printed(capsys, score(FULL, repairs=repairs))[1][1:3] == [
        "repaired: put back as released: 2 cells that were changed or deleted (f, g)",
        "repaired: odd \ufffd[2J",
    ]


@pytest.mark.parametrize(
    "unanswered, told",
    [([], "1.5 more points are graded by a person"),
     (["essay", "plot"], "1.5 more points are graded by a person (not answered yet: essay, plot)")],
)  # fmt: skip
def test_points_that_a_person_gives_are_told_apart(unanswered, told, capsys):
    assert printed(capsys, score(FULL, by_hand=1.5, unanswered=unanswered)) == (
        0,
        ["✓ normalize  2 of 2", "2 of 2 points, hidden tests not included", told],
    )


def test_json_says_the_same_and_repairs_one_by_one(capsys):
    repairs = ["cell f is missing: put back", "cell g is missing: put back"]
    assert print_score(score(FULL, WRONG, repairs=repairs, by_hand=1.0), as_json=True) == 1
    out = capsys.readouterr().out
    assert json.loads(out) == {
        "file": "mine.ipynb",
        "unit": "90_tiny",
        "points": 2.0,
        "out_of": 2.5,
        "hidden_tests": "not included",
        "graded_by_a_person": 1.0,
        "exercises": [vars(FULL), vars(WRONG)],
        "repairs": repairs,
    }
    assert "q_é" in out
    assert print_score(score(FULL), as_json=True) == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp949"])
def test_a_terminal_without_unicode_gets_question_marks_and_json_loses_nothing(encoding, monkeypatch):
    for as_json in (False, True):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        assert print_score(score(FULL, WRONG), as_json) == 1
        sys.stdout.flush()
        out = sys.stdout.buffer.getvalue().decode(encoding)
        if as_json:
            assert out.isascii() and json.loads(out)["exercises"][1] == vars(WRONG)
        else:
            assert "normalize  2 of 2" in out and "?" in out


def test_output_without_an_encoding_is_printed_all_the_same(monkeypatch):
    """As in a notebook, or under a test runner."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    print_score(score(FULL, WRONG))
    print_score(score(WRONG), as_json=True)
    assert "· q_é" in sys.stdout.getvalue() and "q_\\u00e9" in sys.stdout.getvalue()
