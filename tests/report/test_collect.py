"""What is known about a class: results and gradebook joined, and what cannot be read named."""

import json

import pytest
from helpers.made_up_class import result, write, write_gradebook
from nbgrader.api import Gradebook

from grader.errors import CourseError
from grader.report.collect import collect
from grader.report.write import write_report
from report.reading import UNIT, full, read, wrong
from report.test_statistics import statistics_of


def test_a_directory_that_is_no_class(tmp_path):
    with pytest.raises(CourseError, match=r"is no class: it has no nbgrader_config\.py"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_cannot_be_read_is_named(tmp_path):
    directory = write(tmp_path / "bn", [full("ada")])
    folder = directory / ".bncourse" / "results" / UNIT
    broken = ["", "[]", "{", '{"student": "bob"}', json.dumps(full("bob") | {"status": "?"}), "[" * 100_000]
    for n, text in enumerate(broken):
        (folder / f"b{n}.json").write_text(text, encoding="utf-8")
    (folder / "ada.json.part").write_text("being written", encoding="utf-8")
    text = read(directory).text
    assert "1 submission from 1 student" in text
    assert all(f".bncourse/results/{UNIT}/b{n}.json" in text for n in range(len(broken)))


def test_a_gradebook_that_cannot_be_read(tmp_path):
    directory = write(tmp_path / "bn", [full("ada")])
    (directory / "gradebook.db").write_text("no database" * 100)
    with pytest.raises(CourseError, match=r"The gradebook .*gradebook\.db cannot be read: file is not a database"):
        write_report(directory)
    (directory / "gradebook.db").write_bytes(b"")  # as left by a program that only opened it
    assert "1 submission from 1 student" in read(directory).text


def test_a_gradebook_elsewhere(tmp_path):
    directory = write(tmp_path / "bn", [full("ada")])
    write_gradebook(directory, [full("ada"), full("bob")]).rename(tmp_path / "elsewhere.db")
    config = directory / "nbgrader_config.py"
    config.write_text("c = get_config()\nc.CourseDirectory.db_url = 'sqlite:///../elsewhere.db'\n")
    assert "2 submissions from 2 students" in read(directory).text
    config.write_text("c = get_config()\nc.CourseDirectory.db_url = 'nonsense'\n")
    with pytest.raises(CourseError, match=r"db_url in nbgrader_config\.py is no database's address"):
        write_report(directory)


def test_the_gradebook_counts(tmp_path):
    results = [wrong("ada", "eps!"), full("bob"), full("cem"), full("dan")]
    directory = write(tmp_path / "bn", results)
    gone = full("eve")  # graded by stock nbgrader: no result is stored
    path = write_gradebook(directory, [*results, gone], {"fay": ("Fay", "")})
    with Gradebook(f"sqlite:///{path}", "made-up") as gradebook:
        grade = gradebook.find_grade("normalize-values", UNIT, UNIT, "ada")
        grade.manual_score, grade.extra_credit = 1.5, 0.25
        gradebook.find_submission_notebook(UNIT, UNIT, "bob").late_submission_penalty = 1.5
        gradebook.find_submission_notebook(UNIT, UNIT, "cem").late_submission_penalty = 99
        gradebook.find_grade("q_epsilon-answer", UNIT, UNIT, "dan").needs_manual_grade = True
        gradebook.find_submission_notebook(UNIT, UNIT, "eve").flagged = True
        gradebook.db.commit()
    (unit,) = collect(directory).units
    assert {s.student: s.points for s in unit.submissions} == {"ada": 2.75, "bob": 2.5, "cem": 0, "dan": 4, "eve": 4}
    assert statistics_of(directory)["normalize"].mean == pytest.approx((1.75 + 4 * 3) / 5 / 3)
    assert unit.waiting == {"q_epsilon-answer"}
    text = read(directory).text
    assert "1.75 of 3" in text and "2 (−100.5 points)" in text and "1 (mistakes not known)" in text
    assert "Not handed in: fay Fay" in text
    assert "2 submissions: 1 flagged, 1 needs a score." in text
    assert "flagged in formgrader" in text and "1 answer without points: q_epsilon-answer (1)" in text


def test_failed_now_but_graded_before(tmp_path):
    directory = write(tmp_path / "bn", [full("ada")])
    write_gradebook(directory, [full("ada")])
    write(directory, [result("ada", UNIT, status="failed", reason="it is empty")])
    text = read(directory).text
    assert "it is empty" in text and "The gradebook still has the score of an earlier file." in text
