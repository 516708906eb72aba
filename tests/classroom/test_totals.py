"""`bncourse totals` prints a term's points, and leaves nothing unsaid that a person still has to do."""

import re

import pytest
from helpers.made_up_class import write, write_gradebook
from helpers.summed_class import ONE, TWO
from nbgrader.api import Gradebook

from grader.classroom.standings import read_totals
from grader.cli import main
from grader.errors import CourseError


def test_printed(summed_class, capsys):
    assert main(["totals", str(summed_class), "--pass", "75"]) == 1
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


def test_points_that_a_person_has_to_give(summed_class, capsys):
    with Gradebook(f"sqlite:///{summed_class / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.find_grade("a-0", ONE, ONE, "ada").needs_manual_grade = True
        gradebook.db.commit()
    assert main(["totals", str(summed_class), "03"]) == 1
    out = capsys.readouterr().out
    assert f"NOT FINAL  {ONE}: a person has to give points to ada (marked *)." in out and " 4* " in out


def test_pseudonyms(summed_class, tmp_path, capsys):
    (summed_class / "submitted" / "Secret Person" / ONE).mkdir(parents=True)
    text = []
    for _ in range(2):
        assert main(["totals", str(summed_class), "--pseudonyms", "--csv", str(tmp_path / "t.csv")]) == 1
        text.append(capsys.readouterr().out + (tmp_path / "t.csv").read_text(encoding="utf-8"))
    assert text[0] == text[1], "the same for a student each time"
    hidden = ("ada", "bob", "eve", "King", "Zed", "Böb", "Mon", "Tue", "Secret")
    assert not [word for word in hidden if re.search(rf"\b{word}\b", text[0])]
    assert "somebody not on the roster" in text[0] and "75.0" in text[0]
    ids = [row.id for row in read_totals(summed_class, [], pseudonyms=True).rows]
    assert ids == sorted(ids) and len(set(ids)) == 3 and all(re.fullmatch("[A-Z2-7]{8}", id) for id in ids)
    key = summed_class / ".bncourse" / "pseudonyms.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    assert not set(ids) & {row.id for row in read_totals(summed_class, [], pseudonyms=True).rows}
    key.write_bytes(b"")
    with pytest.raises(CourseError, match=r"pseudonyms\.key is no key"):
        read_totals(summed_class, [], pseudonyms=True)


def test_errors(summed_class, tmp_path, capsys):
    assert main(["totals", str(summed_class), "99"]) == 2
    assert "no unit '99' in the gradebook" in capsys.readouterr().err
    assert main(["totals", str(tmp_path)]) == 2
    assert main(["totals", str(summed_class), "--csv", str(tmp_path / "no" / "such.csv")]) == 2
    assert "such.csv cannot be written" in capsys.readouterr().err
    empty = write(tmp_path / "empty", [])
    write_gradebook(empty, [])
    with pytest.raises(CourseError, match="No unit in the gradebook"):
        read_totals(empty, [])
    for wrong in ("x", "101", "nan"):
        with pytest.raises(SystemExit):
            main(["totals", str(summed_class), "--pass", wrong])
    with pytest.raises(SystemExit):
        main(["totals", "--help"])
    assert "bncourse totals ~/bn-2026" in capsys.readouterr().out
