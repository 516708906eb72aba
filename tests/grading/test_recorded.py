"""What the gradebook has of one submission: a person's points come before the grader's."""

from grader.grading.recorded import CellRow, Recorded


def test_a_person_s_points_count_in_the_place_of_the_grader_s_and_extra_credit_is_more():
    assert CellRow(2.0, None).points == 2 and CellRow(2.0, 0.0).points == 0
    assert CellRow(None, None, waiting=True).points == 0 and CellRow(1.0, None, extra=0.5).points == 1.5


def test_a_score_is_less_the_penalty_and_never_below_nothing():
    cells = {"a": CellRow(2.0, None), "essay": CellRow(None, None, waiting=True), "b": CellRow(0.0, 1.0, waiting=True)}
    recorded = Recorded(penalty=0.5, cells=cells)
    assert (recorded.score, recorded.waiting) == (2.5, ["essay", "b"])
    assert recorded.autos == {"a": 2.0, "essay": None, "b": 0.0}
    assert Recorded(penalty=9.0, cells=cells).score == 0 == Recorded().score
