"""What is known about a class: results and gradebook joined, and what cannot be read named."""

import json
import os

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


def test_points_without_end_are_named(tmp_path):
    directory = write(tmp_path / "bn", [full("ada"), full("bob")])
    path = write_gradebook(directory, [full("ada"), full("bob")])
    with Gradebook(f"sqlite:///{path}", "made-up") as gradebook:
        gradebook.find_grade("normalize-values", UNIT, UNIT, "bob").manual_score = float("inf")
        gradebook.db.commit()
    with pytest.raises(CourseError, match=f"has inf as the points for normalize-values of bob in {UNIT}"):
        write_report(directory)


def test_who_is_not_graded_is_known_beside_links(tmp_path):
    """Links that lead to themselves or out of the class; folders that are no units."""
    directory = write(tmp_path / "bn", [full("ada")])
    submitted = directory / "submitted"
    for folder in (f"ada/{UNIT}", f"eve/{UNIT}", "eve/images", "fay/05_gone"):
        (submitted / folder).mkdir(parents=True)
    for link, to in (("loop", "loop"), (f"eve/{UNIT[:2]}", UNIT[:2]), ("eve/05_loop", "05_loop"), ("evil", "/usr")):
        (submitted / link).symlink_to(to)
    (submitted / "bob").mkdir()
    (submitted / "bob" / UNIT).symlink_to(UNIT)  # grading will say that it is a link
    assert [(unit.name, unit.ungraded) for unit in collect(directory).units] == [(UNIT, ["bob", "eve"])]


def test_units_are_known_from_the_release_and_from_the_gradebook(tmp_path):
    directory = write(tmp_path / "bn", [])
    write_gradebook(directory, [full("ada")])
    (directory / "release" / "05_new").mkdir(parents=True)
    (directory / "release" / "05_new" / "05_new.ipynb").write_text("{}")
    for unit in (UNIT, "05_new", "06_none"):
        (directory / "submitted" / "eve" / unit).mkdir(parents=True)
    assert {unit.name: unit.ungraded for unit in collect(directory).units} == {UNIT: ["eve"], "05_new": ["eve"]}


def test_a_submitted_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    directory = write(tmp_path / "bn", [full("ada")])
    for student in ("bob", "eve"):
        (directory / "submitted" / student / UNIT).mkdir(parents=True)
    scandir, denied = os.scandir, [directory / "submitted" / "bob"]

    def deny(folder="."):
        if folder in denied:
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", deny)
    (unit,) = collect(directory).units
    assert unit.ungraded == ["eve"]
    denied[:] = [directory / "submitted"]
    with pytest.raises(CourseError, match="submitted cannot be read: Permission denied"):
        collect(directory)
