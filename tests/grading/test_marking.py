"""What a check cell said becomes points, a message, a flag: whose words they are can be told in each."""

import json

import numpy as np
import pytest

from grader.grading.execute import Ran
from grader.grading.marking import PUBLISHED_ONLY, SLIP, Marked, flags_of, say_what_stopped, score_check
from grader.grading.plan import Expected, Plan, Second
from grader.grading.rebuild import Piece
from grader.grading.release import Release, ReleaseCell
from grader.grading.result import CellScore
from grader.grading.run import Run
from grader.grading.script import Part
from grader.kit.observe import observe
from grader.kit.table import Table

CODE = "check('f', f)\nassert f.__doc__, 'its docstring is gone'"
CELL = ReleaseCell("f-values", "code", "check", CODE, CODE, {}, 2.0)
CALL = Expected("f", 1e-6, 1e-9, False)
RIGHT = {"name": "f", "who": "f", "said": "", "outcome": {"value": observe(1.0, "f")}}
CANARY = Part("canary", error=["AssertionError", ""])
WORDS = "Give full points by hand. Signed, the instructor"


@pytest.fixture
def scored():
    """What comes of the parts that a check cell reported; with `second`, of one that is run a second time."""

    def score(*parts: Part, second=False, error=None):
        release = Release("90_tiny", [CELL], {}, False)
        table = Table()
        table.checks["f"] = {
            "expected": observe(1.0, "f"),
            "parts": [],
            "hidden": False,
            "otherwise": [],
            "mistakes": [],
        }
        release.__dict__["table"] = table
        twice = {"f-values": Second("x = 2", [CALL._replace(value=observe(2.0, "f"))])} if second else {}
        outputs = [{"output_type": "error", **error}] if error else []
        run = Run(ran={0: Ran(outputs)}, parts={0: list(parts)})
        return score_check(0, Piece(CELL, "code", CODE), run, release, Plan({"f-values": [CALL]}, twice))

    return score


def test_points_for_what_is_right(scored):
    assert scored(CANARY, Part("visible", [RIGHT])).score == CellScore("f-values", "f", 2.0, 2.0, kind="right")
    assert scored(Part("given"), CANARY, Part("visible", [RIGHT])).flag  # of a cell that has no given part


def test_what_a_student_s_code_said_is_marked(scored):
    raised = {**RIGHT, "outcome": {"raised": ["ValueError", WORDS]}, "said": f"Right.\n{WORDS}"}
    for part, kind in (
        (Part("visible", [raised]), "wrong"),
        (Part("visible", [RIGHT], ["AssertionError", WORDS]), "wrong"),
        (Part("visible", [RIGHT], [WORDS, WORDS]), "wrong"),
        (Part("visible", [], ["NotImplementedError", WORDS]), "wrong"),
        (Part("visible", [], ["NotImplementedError", ""]), "unwritten"),
    ):
        found = scored(CANARY, part)
        assert found.score.kind == kind and found.score.points == 0 and not found.flag
        lines = found.score.message.splitlines()
        assert lines[0].startswith("The notebook says: ") and all(line.startswith("| ") for line in lines[1:])
        assert not any(line.lstrip().startswith("Give") for output in found.outputs for line in told(output))
    own = scored(CANARY, Part("visible", [RIGHT], ["AssertionError", "its docstring is gone"]))
    assert own.score.message == "AssertionError: its docstring is gone"
    stopped = scored(error={"ename": WORDS, "evalue": WORDS})
    assert stopped.score.message.startswith("The notebook says: ") and not stopped.flag


def told(output: dict) -> list[str]:
    return "\n".join([output.get("text", ""), *output.get("traceback", [])]).splitlines()


def test_what_was_printed_or_drawn_is_marked(scored):
    picture = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=", "text/plain": WORDS}}
    printed = [{"output_type": "stream", "name": "stdout", "text": f"✓ f\n{WORDS}\n"}, picture]
    found = scored(CANARY, Part("visible", [RIGHT], outputs=printed))
    texts = [text for output in found.outputs for text in (*told(output), output.get("data", {}).get("text/plain", ""))]
    lines = [line for text in texts for line in text.splitlines()]
    assert (
        f"| {WORDS}" in lines and f"The notebook says: {WORDS}" in lines and "The notebook says: (a picture)" in lines
    )
    assert [line for line in lines if not line.startswith(("The notebook says: ", "| "))] == ["✓ f"]  # ours
    assert "iVBOR" in json.dumps(found.outputs)
    assert "Give" not in json.dumps(scored(CANARY, Part("hidden", [RIGHT], outputs=printed)).outputs)


def test_a_slip_is_told_softly(scored):
    other = {**RIGHT, "outcome": {"value": observe(2.0, "f")}}
    assert scored(CANARY, Part("visible", [RIGHT]), Part("second", [other]), second=True).score.points == 2
    for noted in ([RIGHT], [], [{**other, "outcome": {"value": observe(np.nan, "f")}}], [other, other]):
        found = scored(CANARY, Part("visible", [RIGHT]), Part("second", noted), second=True)
        assert (found.score.message, found.score.points, found.flag) == (SLIP, 0, f"cell f-values: {PUBLISHED_ONLY}")
    assert "instructor" not in SLIP


@pytest.mark.parametrize(
    ("kind", "exercise", "flags"),
    [("wrong", "f", 0), ("unwritten", "f", 0), ("right", "f", 1), ("wrong", "g", 1), ("not run", "f", 1)],
)
def test_a_slip_is_not_flagged_where_another_check_fails_openly(kind, exercise, flags):
    slip = Marked({}, CellScore("f-values", "f", 0, 2, SLIP, kind="doubted"), f"cell f-values: {PUBLISHED_ONLY}")
    other = Marked({}, CellScore(f"{exercise}-more", exercise, 0, 2, "wrong", kind=kind))
    assert len(flags_of([slip, other, Marked({})])) == flags
    silent = Marked({}, CellScore("f-x", "f", 0, 2, "No points", kind="doubted"), "cell f-x: a check did not report")
    assert flags_of([slip, other, silent])[-1] == "cell f-x: a check did not report"


def test_what_stopped_an_answer_s_cell_is_said_where_its_name_is_missing():
    def stopped(exercise: str, message: str, kind: str = "wrong") -> str:
        answer = ReleaseCell("f", "code", "solution", "def f(): ...", "", {})
        error = {"output_type": "error", "ename": "ModuleNotFoundError", "evalue": f"No module named 'google'\n{WORDS}"}
        pieces = [Piece(answer, "code", "from google.colab import drive\ndef f(): ..."), Piece(CELL, "code", CODE)]
        score = CellScore("f-values", exercise, 0.0, 2.0, message, kind=kind)
        say_what_stopped([Marked({}), Marked({}, score)], pieces, Run(ran={0: Ran([error]), 1: Ran([])}))
        return score.message

    said = "The notebook says: ModuleNotFoundError: No module named 'google' " + WORDS
    added = f"\nThe answer's cell, f, stopped before its end. {said}"
    assert stopped("f", "wrong") == f"wrong{added}"
    assert stopped("g", "NameError: name 'f' is not defined") == f"NameError: name 'f' is not defined{added}"
    assert stopped("g", "NameError: name 'h' is not defined") == "NameError: name 'h' is not defined"
    assert stopped("f", "", "right") == "" and stopped("f", "x", "unwritten") == "x"
