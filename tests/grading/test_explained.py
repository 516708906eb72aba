"""Why one student's points were lost, in lines that can be read out."""

from grader.grading.explained import explained
from grader.grading.recorded import CellRow, Recorded
from grader.grading.result import CellScore, Result


def lines(cells: list[CellScore], penalty: float = 0.0, **rows: CellRow) -> list[str]:
    result = Result("ada\x1b", "03_unit", "", cells=cells)
    own = {cell.id: CellRow(cell.points, None, waiting=cell.points is None) for cell in cells}
    return [*explained(result, Recorded(None, penalty, own | rows))]


def test_each_loss_has_its_reason_line_by_line():
    wrong = CellScore("a", "a", 0.0, 2.0, "x_hat: wrong value\nLikely cause: \x1b[2Jthe mean", kind="wrong")
    found = lines([CellScore("right", "a", 1.0, 1.0), wrong, CellScore("b", "b", 0.0, 1.0, kind="wrong")])
    assert found == [
        "ada\\x1b, 03_unit: 1 of 4 points",
        "  ✗ a  0 of 2",
        "      x_hat: wrong value",
        "      Likely cause: \ufffd[2Jthe mean",
        "  ✗ b  0 of 1",
        "      Nothing is known about it.",
    ]


def test_what_a_person_gives_and_takes():
    essay, left = (
        CellScore("essay", "essay", None, 3.0, kind="by hand"),
        CellScore("left", "left", 0.0, 3.0, kind="by hand"),
    )
    found = lines([essay, left, CellScore("c", "c", 2.0, 2.0)], 1.5, c=CellRow(2.0, 1.0))
    assert found[0].endswith("0 of 8 points") and found[1:] == [
        "  · essay  a person has to give points, of 3",
        "  ✗ left  0 of 3",
        "      It was left as it was released.",
        "  ✗ c  1 of 2",
        "      A person gave these points.",
        "  ✗ handed in late  -1.5",
    ]


def test_where_nothing_was_lost_that_is_said():
    assert lines([CellScore("a", "a", 2.0, 2.0)])[1:] == ["  no point was lost"]
