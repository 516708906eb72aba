"""The class report: right numbers, everything escaped, and something sensible for any class."""

import html.parser
import json
import random
import time

import numpy as np
import pytest
from helpers.made_up_class import cell, made_up_results, result, write, write_gradebook
from nbgrader.api import Gradebook

from grader.errors import CourseError
from grader.report.collect import collect
from grader.report.statistics import discrimination, histogram, items
from grader.report.write import write_report

UNIT = "04_batchnorm_backward"
VOID = {"meta", "br", "wbr", "rect", "line"}


class Reader(html.parser.HTMLParser):
    """Checks that tags balance and nothing is loaded or run, and keeps the text."""

    def __init__(self, source: str):
        super().__init__()
        self.open, self.seen, self.text = [], [], ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        assert tag not in ("script", "iframe", "object", "embed", "link", "img", "base", "form", "foreignobject")
        for key, value in attributes:
            assert not key.startswith("on") and key not in ("src", "srcset", "action", "xlink:href")
            assert key != "href" or value.startswith("#")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in VOID
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def read(directory) -> Reader:
    path = write_report(directory)
    assert path == directory / "report.html"
    assert [p.name for p in directory.glob("report*")] == ["report.html"]
    source = path.read_text(encoding="utf-8")
    assert "url(" not in source and "@import" not in source
    return Reader(source)


def full(student: str, **changes) -> dict:
    cells = [cell("normalize-values", 2.0, 2.0), cell("normalize-hidden", 1.0, 1.0), cell("q_epsilon-answer", 1.0, 1.0)]
    return result(student, UNIT, cells, **changes)


def wrong(student: str, *hints: str, message="x_hat: wrong value\nmore", kind="wrong", **changes) -> dict:
    cells = [
        cell("normalize-values", 0.0, 2.0, message, *hints, kind=kind),
        cell("normalize-hidden", 0.0, 1.0, message, *hints, kind=kind),
        cell("q_epsilon-answer", 1.0, 1.0),
    ]
    return result(student, UNIT, cells, **changes)


def statistics_of(directory) -> dict:
    (unit,) = collect(directory).units
    return {item.exercise: item for item in items(unit)}


def test_a_directory_that_is_no_class(tmp_path):
    with pytest.raises(CourseError, match=r"is no class: it has no nbgrader_config\.py"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


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


def test_what_a_person_must_look_at(tmp_path):
    failed = result("bob", UNIT, status="failed", reason="it is empty")
    flags = ["check normalize-values: its asserts were stripped", "kit redefined"]
    flagged = full("cem", flags=flags, limits=["time: x"])
    slow = full("dan", limits=["time: cell 12 (normalize-values) ran for more than 60 s"])
    directory = write(tmp_path / "bn", [slow, flagged, failed, full("ada")])
    for student in ("ada", "eve", ".ipynb_checkpoints"):
        (directory / "submitted" / student / UNIT).mkdir(parents=True)
    text = read(directory).text
    text = text[: text.index("Units at a glance")]
    assert "3 submissions: 1 failed, 1 flagged, 1 limit reached." in text
    order = [text.index(word) for word in ("it is empty", *flags, "for more than 60")]
    assert order == sorted(order)
    for student in ("bob", "cem", "dan"):
        assert f"{UNIT}" in text and f"submitted/{student}/{UNIT}/{UNIT}.ipynb" in text
    assert f"1 submission of {UNIT} not graded yet: eve." in text


def test_many_to_look_at_are_folded_but_there(tmp_path):
    directory = write(tmp_path / "bn", [full(f"s{n:02}", flags=["why"]) for n in range(40)])
    for n in range(50):
        (directory / "submitted" / f"late{n}" / UNIT).mkdir(parents=True)
    page = read(directory)
    assert "40 submissions: 40 flagged." in page.text and "15 more" in page.text
    assert all(f"submitted/s{n:02}/" in page.text for n in range(40)) and "late49" in page.text
    assert page.seen.count("details") == 2


HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)> ' & &amp;",
    "</style></title><script>",
    "김서연, 이 \u202e반대",
    "a\x00b\x1b[31m\ufffe",
    "한" * 3000,
    "javascript:alert(1)",
]


def test_everything_is_escaped(tmp_path):
    results = []
    for n, text in enumerate(HOSTILE):
        changes = {"flags": [text], "limits": [text], "repairs": [text, text], "file": f"submitted/{text}/x.ipynb"}
        results.append(wrong(f"{n}{text[:60]}", text, message=text, **changes))
        results.append(wrong(f"{n}unnamed", message=text))
        results.append(result(f"f{n}", text[:60], status="failed", reason=text))
    directory = write(tmp_path / "<b>&", results)
    write_gradebook(directory, results, {"0unnamed": ("<script>", '"'), "f1": ("서연", "O'Brien, Jr.")})
    (directory / "submitted" / "<script>x<" / "<i>").mkdir(parents=True)
    page = read(directory)
    assert "<script>alert(1)</script>" in page.text and "김서연, 이" in page.text and "서연 O'Brien, Jr." in page.text
    assert "\x00" not in page.text and "\x1b" not in page.text and "한" * 600 not in page.text


def test_lone_surrogates(tmp_path):
    entry = full("ada", flags=["x\ud800y"])
    directory = write(tmp_path / "bn", [])
    folder = directory / ".bncourse" / "results" / UNIT
    folder.mkdir(parents=True)
    (folder / "ada.json").write_text(json.dumps(entry), encoding="utf-8")
    assert "x\ufffdy" in read(directory).text


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


def test_a_report_that_cannot_be_written(tmp_path):
    directory = write(tmp_path / "bn", [full("ada")])
    (directory / "report.html").mkdir()
    with pytest.raises(CourseError, match=r"report\.html is a directory"):
        write_report(directory)
    assert not (directory / "report.html.part").exists()


def test_same_results_same_bytes(tmp_path):
    results, people = made_up_results(12, 3)
    pages = set()
    for n in range(2):
        directory = write(tmp_path / str(n) / "bn", results)
        write_gradebook(directory, results, people)
        pages |= {write_report(directory).read_bytes(), write_report(directory).read_bytes()}
        results = results[::-1]
    assert len(pages) == 1


def test_mistakes_and_what_is_not_done(tmp_path):
    results = [wrong("a", "eps!"), wrong("b", "eps!", "axis!"), wrong("c", "axis!"), wrong("d", "axis!"), full("e")]
    results += [wrong("f"), wrong("g", kind="unwritten"), wrong("h", kind="unwritten")]
    directory = write(tmp_path / "bn", results)
    item = statistics_of(directory)["normalize"]
    assert [(m.hint, m.students, m.checks) for m in item.mistakes] == [("axis!", 3, 6), ("eps!", 2, 4)]
    assert (item.undone, item.unnamed, item.unnamed_message) == (2 / 8, 1, "x_hat: wrong value")
    text = read(directory).text
    assert "3 students in 6 checks: axis!" in text and "25\u00a0%" in text
    assert "1 student without a known cause, most often “x_hat: wrong value”" in text


def test_rare_mistakes_are_folded(tmp_path):
    directory = write(tmp_path / "bn", [wrong(f"s{n}", f"hint {n}") for n in range(8)])
    page = read(directory)
    assert "3 rarer" in page.text and all(f"hint {n}" in page.text for n in range(8))


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
    text = read(directory).text
    assert "2.75 of 4" in text and "2 (−100.5 points)" in text and "1 (mistakes not known)" in text
    assert "On the roster, not here1" in text
    assert "2 submissions: 1 flagged, 1 needs a score." in text
    assert "flagged in formgrader" in text and "1 cell without a score" in text


def test_failed_now_but_graded_before(tmp_path):
    directory = write(tmp_path / "bn", [full("ada")])
    write_gradebook(directory, [full("ada")])
    write(directory, [result("ada", UNIT, status="failed", reason="it is empty")])
    text = read(directory).text
    assert "it is empty" in text and "The gradebook still has the score of an earlier file." in text


def test_no_score_at_all(tmp_path):
    text = read(write(tmp_path / "bn", [result("ada", UNIT, status="failed", reason="it is empty")])).text
    assert "No submission has a score." in text
    text = read(write(tmp_path / "zero", [result("ada", UNIT, [cell("a-b", 0, 0)]), result("bob", UNIT, [])])).text
    assert "Its checks carry no points." in text and "it has no points" in text


def test_discrimination():
    r = random.Random(0)
    item, rest = [float(r.randrange(4)) for _ in range(30)], [r.gauss(10, 3) for _ in range(30)]
    value, why = discrimination(item, rest)
    assert value == pytest.approx(np.corrcoef(item, rest)[0, 1]) and why == ""
    right, rest = [1.0] * 5 + [0.0] * 5, [4.0] * 5 + [1.0] * 5
    assert discrimination(right, rest)[0] == pytest.approx(1)
    assert discrimination(right, rest[::-1])[0] == pytest.approx(-1)
    assert discrimination(right[:9], rest[:9]) == (None, "fewer than 10 submissions")
    assert discrimination([3.0] * 10, rest) == (None, "all earned the same")
    assert discrimination(right, [0.1 + 0.2] * 9 + [0.3]) == (None, "all earned the same elsewhere")


def test_discrimination_leaves_the_exercise_itself_out(tmp_path):
    r = random.Random(3)
    results = [
        result(f"s{n}", UNIT, [cell(f"{e}-x", float(r.randrange(3)), 2.0) for e in ("a", "b", "c")]) for n in range(20)
    ]
    points = np.array([[c["points"] for c in entry["cells"]] for entry in sorted(results, key=lambda e: e["student"])])
    found = statistics_of(write(tmp_path / "bn", results))
    assert found["b"].discrimination == pytest.approx(np.corrcoef(points[:, 1], points[:, [0, 2]].sum(1))[0, 1])
    alone = [result(f"s{n}", UNIT, [cell("a-x", float(n % 2), 1.0), cell("b-x", 0.0, 0.0)]) for n in range(20)]
    found = statistics_of(write(tmp_path / "alone", alone))
    assert (found["a"].discrimination, found["a"].why) == (None, "no other exercise here has points")
    assert (found["b"].mean, found["b"].why) == (None, "it has no points")


def test_histogram():
    assert histogram([]) == [0] * 11
    assert histogram([0, 0.0999, 0.1, 0.3, 0.7, 0.999, 1, 1.2, -1]) == [3, 1, 0, 1, 0, 0, 0, 1, 0, 1, 2]
    assert histogram([k / 10 for k in range(11)]) == [1] * 11


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
    assert page.seen.count("details") == 1


@pytest.mark.slow
def test_five_hundred_students(tmp_path):
    results, people = made_up_results(500, 12)
    directory = write(tmp_path / "bn", results)
    write_gradebook(directory, results, people)
    start = time.perf_counter()
    page = read(directory)
    assert time.perf_counter() - start < 10
    assert "in 12 units" in page.text
