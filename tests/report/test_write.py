"""The class report: right numbers, everything escaped, and something sensible for any class."""

import time

import pytest
from helpers.made_up_class import cell, made_up_results, result, write, write_gradebook

from grader.errors import CourseError
from grader.report.write import write_report
from report.reading import UNIT, full, read, wrong


def test_no_results(tmp_path):
    page = read(write(tmp_path / "bn", []))
    assert "There are no results yet." in page.text
    assert not (tmp_path / "bn" / "gradebook.db").exists()


def test_one_student(tmp_path):
    page = read(write(tmp_path / "bn", [full("ada")]))
    assert "1 submission from 1 student in 1 unit" in page.text
    assert "Nothing. The one submission is graded, none flagged." in page.text
    assert "4 of 4" in page.text and "fewer than 10 submissions" in page.text
    assert {"title", "h1", "h2", "h3", "thead", "th", "svg"} <= set(page.seen)


def test_a_report_that_cannot_be_written(tmp_path):
    directory = write(tmp_path / "bn", [full("ada")])
    (directory / "report.html").mkdir()
    with pytest.raises(CourseError, match=r"report\.html is a directory"):
        write_report(directory)
    assert not (directory / "report.html.part").exists()


def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch):
    directory = write(tmp_path / "bn", [full("ada")])

    def no_space(path, *_, **__):
        raise OSError(28, "No space left on device")  # as writing says it: without the file

    monkeypatch.setattr("pathlib.Path.write_text", no_space)
    with pytest.raises(CourseError, match=r"/bn/report\.html cannot be written: No space left on device\.$"):
        write_report(directory)


@pytest.mark.slow
def test_same_results_same_bytes(tmp_path):
    results, people = made_up_results(12, 3)
    pages = set()
    for n in range(2):
        directory = write(tmp_path / str(n) / "bn", results)
        write_gradebook(directory, results, people)
        pages |= {write_report(directory).read_bytes(), write_report(directory).read_bytes()}
        results = results[::-1]
    assert len(pages) == 1


def test_rare_mistakes_are_folded(tmp_path):
    directory = write(tmp_path / "bn", [wrong(f"s{n}", f"hint {n}") for n in range(8)])
    page = read(directory)
    assert "3 rarer" in page.text and all(f"hint {n}" in page.text for n in range(8))


def test_no_score_at_all(tmp_path):
    text = read(write(tmp_path / "bn", [result("ada", UNIT, status="failed", reason="it is empty")])).text
    assert "No submission has a score." in text
    text = read(write(tmp_path / "zero", [result("ada", UNIT, [cell("a-b", 0, 0)]), result("bob", UNIT, [])])).text
    assert "Its checks carry no points." in text and "it has no points" in text


def test_time(tmp_path):
    results = [full(f"s{n}", seconds=float(n), cpu=0.5 * n) for n in range(1, 5)]
    results.append(full("slow", seconds=3700.0, cpu=90))
    text = read(write(tmp_path / "bn", results)).text
    assert "Grading took 1 h 1 min in all (1 min 35 s of CPU), 3.0 s in the median." in text
    assert "Slowest: slow 1 h 1 min, s4 4.0 s, s3 3.0 s." in text


def test_repaired_are_collapsed(tmp_path):
    results = [full("ada", repairs=["exercise normalize stood twice; the last one counts"]), full("bob")]
    page = read(write(tmp_path / "bn", results))
    assert "1 repaired submission" in page.text and "stood twice; the last one counts" in page.text
    assert page.seen.count("details") == 2  # and the table of all students


@pytest.mark.slow
def test_five_hundred_students(tmp_path):
    results, people = made_up_results(500, 12)
    directory = write(tmp_path / "bn", results)
    write_gradebook(directory, results, people)
    start = time.process_time()
    page = read(directory)
    assert time.process_time() - start < 10
    assert "in 12 units" in page.text
