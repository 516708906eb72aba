"""The demo's class: its students, what they hand in, the table of what came of it; it deletes only what it made."""

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.authoring.unit import read_unit
from grader.classroom import demo
from grader.classroom.demo import Row, Student, print_table, submit
from grader.errors import CourseError

UNIT = "90_tiny"
STUB = "raise NotImplementedError()"


@pytest.fixture
def hand_in(tiny, tmp_path):
    """A function that hands in for one of the demo's students, and returns the file."""
    meta = [{"nbgrader": {"grade_id": name}} for name in ("normalize", "q_epsilon")]
    notebook = new_notebook(cells=[new_code_cell("x = 1"), *(new_code_cell(STUB, metadata=m) for m in meta)])
    (tmp_path / "release" / UNIT).mkdir(parents=True)
    nbformat.write(notebook, tmp_path / "release" / UNIT / f"{UNIT}.ipynb")
    students = {student.id: student for student in demo.STUDENTS}

    def write(student: str | Student) -> Path:
        student = students[student] if isinstance(student, str) else student
        submit(tmp_path, read_unit(tiny), student)
        return tmp_path / "submitted" / student.id / UNIT / f"{UNIT}.ipynb"

    return write


def sources(file: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(file, as_version=4).cells]


def test_students_answer_as_their_names_say(hand_in, tiny):
    unit = read_unit(tiny)
    right = [unit.of("exercise", exercise)[0].source for exercise in unit.exercises]
    wrong = [{m.source for m in unit.mistakes_of(exercise)} for exercise in unit.exercises]
    assert sources(hand_in("perfect")) == ["x = 1", *right]
    assert sources(hand_in("untouched")) == ["x = 1", STUB, STUB]
    assert sources(hand_in("half-done")) == ["x = 1", right[0], STUB]
    assert sources(hand_in("first-cell-raises"))[1:] == ["x = 1", *right]
    first, second = sources(hand_in("mistaken-1")), sources(hand_in("mistaken-2"))
    assert first[1] in wrong[0] and first[2] == right[1]
    assert second[1] == right[0] and second[2] in wrong[1]


def test_a_file_that_is_cut_short_is_no_json(hand_in):
    with pytest.raises(json.JSONDecodeError):
        json.loads(hand_in("not-json").read_text(encoding="utf-8"))


def test_a_student_may_have_any_name_and_spoil_the_file_in_any_way(hand_in):
    odd = Student('김철수, "O\'Neil"', demo.untouched, lambda notebook: f"한 {len(notebook.cells)}")
    assert hand_in(odd).read_text(encoding="utf-8") == "한 3"


def test_a_unit_that_is_not_released_is_one_line(tiny, tmp_path):
    with pytest.raises(CourseError, match="There is no file"):
        submit(tmp_path, read_unit(tiny), demo.STUDENTS[0])


# The table


def table(capsys, *rows: Row) -> list[str]:
    print_table(list(rows))
    return capsys.readouterr().out.splitlines()


def test_a_line_each_and_below_it_what_went_wrong(capsys):
    mistaken = "the result is wrong.\nLikely cause: eps stands inside."
    several = "wrong.\nIt looks like one of these:\n• First.\n• Second."
    assert table(
        capsys,
        Row("ada", "03_forward", 2.5, 3, {}),
        Row("mistaken", "03_forward", 0, 3, {"f": mistaken, "g": several, "h": "first line\nsecond"}),
        Row("undone", "03_forward", 0, 3, {"f": "f is not written yet", "g": "wrong"}, ["f", "h"]),
        Row("broken", "03_forward", None, 3, {"": "not graded: it is empty"}),
    ) == [
        "ada       03_forward               2.5 of 3",
        "mistaken  03_forward                 0 of 3",
        "    f: eps stands inside.",
        "    g: First. or: Second.",
        "    h: first line",
        "undone    03_forward                 0 of 3",
        "    not done: f, h",
        "    g: wrong",
        "broken    03_forward                 - of 3",
        "    not graded: it is empty",
    ]


def test_what_is_long_is_one_line_that_is_cut(capsys):
    _, told = table(capsys, Row("ada", "03", None, 3, {"": "x\n y" * 100}))
    assert len(told.strip()) == 150 and told.endswith("…")


# All of it


def test_the_demo_deletes_only_what_it_made(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CourseError, match="was not made by this command"):
        demo.run_demo(tmp_path)
    assert (tmp_path / "mine.txt").exists()


@pytest.mark.slow
def test_the_demo(built, tmp_path, monkeypatch, capsys):
    """From nothing to the table, and again over what it made, even where it was killed early on."""
    monkeypatch.setattr(demo, "unit_sources", lambda names: [built])
    monkeypatch.setattr(demo, "STUDENTS", [s for s in demo.STUDENTS if s.id in ("perfect", "not-json")])
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / demo.MARK).touch()
    monkeypatch.chdir(tmp_path)
    assert demo.run_demo(Path("demo")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("not-json") and "not graded: submitted/not-json/90_tiny/90_tiny.ipynb" in lines[1]
    assert lines[2].split() == ["perfect", "90_tiny", "3", "of", "3"]
    assert all((tmp_path / "demo" / name).exists() for name in ("autograded", "feedback", "grades.csv"))


def test_a_file_in_its_place_is_not_deleted(tmp_path):
    (tmp_path / "thesis").write_text("years of work")
    with pytest.raises(CourseError, match="was not made by this command"):
        demo.run_demo(tmp_path / "thesis")
    assert (tmp_path / "thesis").read_text() == "years of work"
