"""Marks of what a person grades: another answer has another mark."""

from grader.grading.by_hand import marks_of
from grader.grading.rebuild import Piece
from grader.grading.release import ReleaseCell
from grader.grading.result import CellScore, Result


def pieces(essay: str = "So.", own: str = "A drawing.", f: str = "def f(): ...") -> list[Piece]:
    cells = [
        ReleaseCell(k, "markdown", role, "", "", {}) for k, role in (("f", "solution"), ("e", "manual"), ("t", "task"))
    ]
    return [
        *(Piece(cell, "markdown", text) for cell, text in zip(cells, (f, essay, "Draw."))),
        Piece(None, "code", own),
    ]


def changed(before: list[str], after: list[str]) -> set[str]:
    return {mark.split()[0] for mark in set(before) ^ set(after)}


def test_an_essay_s_mark_is_its_answer_s_and_a_task_s_that_of_all_own_cells():
    marks = marks_of(pieces())
    assert [mark.split()[0] for mark in marks] == ["e", "t"] and marks_of(pieces(f="def f(): return")) == marks
    assert changed(marks, marks_of(pieces(essay="Thus."))) == {"e"}
    assert changed(marks, marks_of(pieces(own="Another \ud800"))) == {"t"}


def test_a_cell_is_unchanged_with_the_same_points_for_the_same_answer():
    def result(points=1.0, answers=("f 1 x",), by_hand=("e x",)):
        cells = [CellScore("f-values", "f", points, 2.0), CellScore("e", "e", None, 3.0)]
        return Result("ada", "u", "", cells=cells, answers=[*answers], by_hand=[*by_hand])

    assert result().unchanged(result()) == {"f-values", "e"}
    assert result(points=2.0).unchanged(result()) == {"e"}
    assert result(answers=["f 1 y"]).unchanged(result()) == {"e"}
    assert result(by_hand=["e y"]).unchanged(result()) == {"f-values"}
    assert result().unchanged(Result("ada", "u", "")) == set()
