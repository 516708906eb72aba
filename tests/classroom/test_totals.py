"""A term's points: each sum checked by hand, nothing that a person still has to do left unsaid."""

import csv
import re
from pathlib import Path

import pytest
from helpers.made_up_class import cell, result, write, write_gradebook
from nbgrader.api import Gradebook

from grader.classroom.people import More, write_more
from grader.classroom.standings import read_totals, write_csv
from grader.cli import main
from grader.errors import CourseError

ONE, TWO = "03_batchnorm_forward", "04_batchnorm_backward"


@pytest.fixture
def klass(tmp_path) -> Path:
    """Of 03: 4 points, of 04: 6. ada has 4 and 3.5 after a penalty; bob 2 and nothing; eve nothing at all."""
    results = [
        result("ada", ONE, [cell("a-0", 2, 2), cell("a-1", 2, 2)]),
        result("bob", ONE, [cell("a-0", 2, 2), cell("a-1", 0, 2)]),
        result("ada", TWO, [cell("b-0", 4.5, 6)]),
        result("bob", TWO, status="failed", reason="it is empty"),
    ]
    directory = write(tmp_path / "bn", results)
    write_gradebook(directory, results, {"ada": ("Ada", "King"), "bob": ("=1+1", "Böb"), "eve": ("Eve", "Zed")})
    with Gradebook(f"sqlite:///{directory / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.find_submission_notebook(TWO, TWO, "ada").late_submission_penalty = 1
        gradebook.db.commit()
    write_more(directory, {"ada": More(["Mon"]), "bob": More(["Mon", "Tue"]), "eve": More(["Tue"])})
    return directory


def test_sums(klass):
    totals = read_totals(klass, [])
    assert totals.units == {ONE: 4, TWO: 6} and totals.out_of == 10
    rows = {row.id: row for row in totals.rows}
    assert rows["ada"].points == {ONE: 4, TWO: 3.5} and rows["ada"].sum == 7.5 and rows["ada"].percent == 75
    assert rows["bob"].points == {ONE: 2, TWO: None} and rows["bob"].sum == 2
    assert rows["eve"].points == {ONE: None, TWO: None} and rows["eve"].sum == 0
    assert [row.passed for row in (rows["ada"], rows["bob"], rows["eve"])] == [True, False, False]
    assert [(name, len(people)) for name, people in totals.groups()] == [("All", 3), ("Mon", 2), ("Tue", 2)]


def test_one_unit_and_another_mark(klass):
    totals = read_totals(klass, ["03"], enough=50)
    assert totals.units == {ONE: 4} and totals.remarks == []
    assert {row.id for row in totals.rows if row.passed} == {"ada", "bob"}
    assert {row.id for row in read_totals(klass, ["03"], enough=50.01).rows if row.passed} == {"ada"}


def test_printed(klass, capsys):
    assert main(["totals", str(klass), "--pass", "75"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["student", "section", "03", "04", "sum", "of", "%"],
        ["bob", "Mon,", "Tue", "2", "-", "2", "10", "20.0", "not", "passed"],
        ["ada", "Mon", "4", "3.5", "7.5", "10", "75.0", "passed"],
        ["eve", "Tue", "-", "-", "0", "10", "0.0", "not", "passed"],
    ]
    assert "All: 3 students, mean 31.7 %, 1 with 75 % or more." in lines
    assert "Tue: 2 students, mean 10.0 %, 0 with 75 % or more." in lines
    assert lines[-1] == f"NOT FINAL  {TWO}: handed in, and without points: bob."


def test_points_that_a_person_has_to_give(klass, capsys):
    with Gradebook(f"sqlite:///{klass / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.find_grade("a-0", ONE, ONE, "ada").needs_manual_grade = True
        gradebook.db.commit()
    assert main(["totals", str(klass), "03"]) == 1
    out = capsys.readouterr().out
    assert f"NOT FINAL  {ONE}: a person has to give points to ada (marked *)." in out and " 4* " in out


def test_a_submission_that_was_not_graded_yet(klass):
    (klass / "submitted" / "eve" / ONE).mkdir(parents=True)
    assert read_totals(klass, ["03"]).remarks == [f"{ONE}: handed in, and without points: eve."]


def test_csv(klass, tmp_path):
    write_csv(read_totals(klass, []), tmp_path / "t.csv")
    content = (tmp_path / "t.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    head = ["id", "last_name", "first_name", "email", "section", ONE, TWO, "sum", "out_of", "percent", "passed"]
    assert rows[0] == head
    assert rows[1] == ["bob", "Böb", "'=1+1", "", "Mon, Tue", "2", "", "2", "10", "20.0", "no"]
    assert rows[2] == ["ada", "King", "Ada", "", "Mon", "4", "3.5", "7.5", "10", "75.0", "yes"]
    assert not list(tmp_path.glob("*.part"))


def test_pseudonyms(klass, tmp_path, capsys):
    (klass / "submitted" / "Secret Person" / ONE).mkdir(parents=True)
    text = []
    for _ in range(2):
        assert main(["totals", str(klass), "--pseudonyms", "--csv", str(tmp_path / "t.csv")]) == 1
        text.append(capsys.readouterr().out + (tmp_path / "t.csv").read_text(encoding="utf-8"))
    assert text[0] == text[1], "the same for a student each time"
    hidden = ("ada", "bob", "eve", "King", "Zed", "Böb", "Mon", "Tue", "Secret")
    assert not [word for word in hidden if re.search(rf"\b{word}\b", text[0])]
    assert "somebody not on the roster" in text[0] and "75.0" in text[0]
    ids = [row.id for row in read_totals(klass, [], pseudonyms=True).rows]
    assert ids == sorted(ids) and len(set(ids)) == 3 and all(re.fullmatch("[A-Z2-7]{8}", id) for id in ids)
    key = klass / ".bncourse" / "pseudonyms.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    assert not set(ids) & {row.id for row in read_totals(klass, [], pseudonyms=True).rows}
    key.write_bytes(b"")
    with pytest.raises(CourseError, match=r"pseudonyms\.key is no key"):
        read_totals(klass, [], pseudonyms=True)


def test_sections_of_many_are_shown_under_pseudonyms(klass):
    with Gradebook(f"sqlite:///{klass / 'gradebook.db'}", "made-up") as gradebook:
        for n in range(5):
            gradebook.add_student(f"s{n}")
    write_more(klass, {f"s{n}": More(["Wed"]) for n in range(5)} | {"ada": More(["Mon"])})
    assert [name for name, _ in read_totals(klass, [], pseudonyms=True).groups()] == ["All", "Wed"]


def test_never_rounded_up(klass):
    with Gradebook(f"sqlite:///{klass / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.find_grade("a-0", ONE, ONE, "bob").manual_score = 1.9999
        gradebook.db.commit()
    (bob,) = (row for row in read_totals(klass, ["03"]).rows if row.id == "bob")
    assert bob.percent_text == "49.9" and not bob.passed


def test_errors(klass, tmp_path, capsys):
    assert main(["totals", str(klass), "99"]) == 2
    assert "no unit '99' in the gradebook" in capsys.readouterr().err
    assert main(["totals", str(tmp_path)]) == 2
    assert main(["totals", str(klass), "--csv", str(tmp_path / "no" / "such.csv")]) == 2
    assert "such.csv cannot be written" in capsys.readouterr().err
    empty = write(tmp_path / "empty", [])
    write_gradebook(empty, [])
    with pytest.raises(CourseError, match="No unit in the gradebook"):
        read_totals(empty, [])
    for wrong in ("x", "101", "nan"):
        with pytest.raises(SystemExit):
            main(["totals", str(klass), "--pass", wrong])
    with pytest.raises(SystemExit):
        main(["totals", "--help"])
    assert "bncourse totals ~/bn-2026" in capsys.readouterr().out
