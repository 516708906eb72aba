"""What `bncourse grade` prints: first what a person must do, then what was mended, a line a kind."""

import json

import pytest

from grader.grading.outcome import Outcome, print_outcome
from grader.grading.recorded import CellRow, Recorded
from grader.grading.result import CellScore, Result


def result(student: str, **changes) -> Result:
    cells = [CellScore("a-values", "a", 1.0, 2.0)]
    return Result(student, "03_unit", f"submitted/{student}/03_unit/03_unit.ipynb", cells=cells, **changes)


def outcome(*results: Result, others=()) -> Outcome:
    made = Outcome(others=list(others))
    for one in results:
        made.add(one)
    return made


def test_what_a_person_must_do_comes_first(capsys):
    changed = [
        f"cell {cell} was changed: put back as released" for cell in ("setup", "a-values", "b-values", "c-values")
    ]
    results = [result(f"s{n}", repairs=changed) for n in range(5)]
    results += [result("flagged", flags=["cell a: why"]), result("failed", status="failed", reason="no JSON")]
    assert print_outcome(outcome(*results, others=["submitted/x.zip lies in no student's folder"])) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["FAILED", "FLAGGED", "NOT", "repaired"]
    assert lines[3].startswith("repaired s0, s1, s2 and 2 more, 03_unit: put back as released: 4 cells")
    assert sum(line.startswith("repaired") for line in lines) == 1


@pytest.mark.parametrize(
    "results, others, status",
    [([result("ada")], [], 0), ([result("ada", repairs=["x"])], [], 0), ([result("ada")], ["a file"], 1),
     ([result("ada", flags=["x"])], [], 1), ([result("ada", limits=["x"])], [], 1),
     ([result("ada", reaches=["x"])], [], 1)],
)  # fmt: skip
def test_the_exit_status_says_whether_somebody_has_to_look(results, others, status, capsys):
    assert print_outcome(outcome(*results, others=others)) == status


def test_answers_that_are_alike_are_for_a_person_to_look_at_and_no_accusation(capsys):
    made = outcome(result("ada"), result("bob"))
    made.alike = {("ada", "03_unit"): ["a: the same code as bob"]}
    assert print_outcome(made) == 0
    assert "LOOK     ada, 03_unit: a: the same code as bob\n" in capsys.readouterr().out


def test_what_an_answer_reaches_for_is_a_line_beside_those(capsys):
    made = outcome(result("bob", reaches=["cell a: it names gc, which no exercise needs"]), result("ada"))
    made.alike = {("ada", "03_unit"): ["a: the same code as bob"]}
    print_outcome(made)
    looks = [line for line in capsys.readouterr().out.splitlines() if line.startswith("LOOK")]
    assert [line.split()[1] for line in looks] == ["ada,", "bob,"] and looks[1].endswith("gc, which no exercise needs")


def waiting(*students: str) -> dict:
    cells = {"a-values": CellRow(1.0, None), "essay": CellRow(None, None, waiting=True)}
    return {(student, "03_unit"): Recorded(cells=cells) for student in students}


def test_what_waits_for_a_person_is_one_line_a_unit(capsys):
    made = outcome(*(result(f"s{n:03}") for n in range(107)))
    made.recorded = waiting(*(f"s{n:03}" for n in range(107)))
    assert print_outcome(made) == 1
    (line,) = [text for text in capsys.readouterr().out.splitlines() if text.startswith("BY HAND")]
    assert "03_unit: 107 submissions wait for points from a person (essay), in formgrader: s000, s001, s002 and" in line


def test_changes_times_and_look_alikes(capsys):
    problem = "timestamp.txt is no time (soon): it has no time of handing in"
    made = outcome(result("ada", repairs=[problem]))
    made.changes = {("ada", "03_unit"): "9 → 10, check a-values (0 → 1)"}
    assert print_outcome(made) == 0
    assert "CHANGED  ada, 03_unit: 9 → 10, check a-values (0 → 1)\n" in capsys.readouterr().out
    made.times = {("ada", "03_unit"): problem}
    assert print_outcome(made) == 1
    out = capsys.readouterr().out
    assert (
        f"TIME     ada, 03_unit: {problem}. Write it as 2026-03-01 12:00:00 UTC;" in out and "repaired ada" not in out
    )
    made.times, made.look = {}, ["S1 and s1 are two students here."]
    assert print_outcome(made) == 1 and "LOOK     S1 and s1 are two" in capsys.readouterr().out


def test_a_file_that_fails_says_whose_points_stay(capsys):
    made = outcome(result("ada", status="failed", reason="it is empty."))
    made.recorded = {("ada", "03_unit"): Recorded(cells={"a-values": CellRow(1.5, None)})}
    print_outcome(made)
    assert "it is empty. The gradebook keeps the 1.5 points of an earlier file." in capsys.readouterr().out


def test_the_table_has_the_gradebook_s_points(capsys):
    made = outcome(result("ada"))
    made.recorded = {("ada", "03_unit"): Recorded(penalty=0.5, cells={"a-values": CellRow(1.0, 2.0)})}
    print_outcome(made)
    assert "1.5 of 2" in capsys.readouterr().out


def test_why_points_were_lost_is_printed_where_it_is_asked_for(capsys):
    one = result("ada")
    one.cells[0].message = "wrong value\nLikely cause: the mean"
    made = outcome(one)
    made.recorded = {("ada", "03_unit"): Recorded(cells={"a-values": CellRow(1.0, None)})}
    print_outcome(made)
    assert "Likely cause" not in capsys.readouterr().out
    made.explain = True
    print_outcome(made)
    assert "  ✗ a-values  1 of 2\n      wrong value\n      Likely cause: the mean\n" in capsys.readouterr().out


def test_json(capsys):
    print_outcome(outcome(result("ada"), others=["a file"]), as_json=True)
    data = json.loads(capsys.readouterr().out)
    assert data["waiting"] == {} and data["changes"] == data["times"] == data["look"] == []
    assert data["graded"] == 1 and data["not_graded"] == ["a file"] and data["results"][0]["student"] == "ada"


def test_names_cannot_write_to_the_terminal(capsys):
    print_outcome(outcome(result("a\x1b[2J\nFLAGGED honest", flags=["x"], repairs=["y"])))
    out = capsys.readouterr().out
    assert "\x1b" not in out and not any(text.startswith("FLAGGED honest") for text in out.splitlines())
