"""Grades for Canvas and Moodle, made by the real `nbgrader export` in a class that `bncourse class` makes."""

import csv
import io
import logging
import os
import shutil
import subprocess
import sysconfig
import warnings
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.exportapp import ExportApp
from sqlalchemy.exc import SAWarning

from grader.classroom.exporters import MoodleExportPlugin, _php_safe, is_formula, neutral, number

UNIT = "90_tiny"
PEOPLE = [
    # id, first name, last name, email, lms_user_id
    ("ada", "Ada", 'King, "Countess" of Lovelace', "ada@example.org", "101"),
    ("seoyeon", "서연", "김", "seoyeon@example.org", "102"),
    ("evil", '=HYPERLINK("http://x","y")', "@SUM(1)", "", ""),
    ("lines", "Two\nLines", "  ", "lines@example.org", ""),
    ("nameless", None, None, None, None),
    ("pp", "Points Possible", "", "pp@example.org", ""),
    ("-1+2", "Formula", "Id", "+f@example.org", ""),
    ("absent", "Never", "Submitted", "absent@example.org", ""),
]


@pytest.fixture(scope="module")
def klass(tiny_class, tmp_path_factory) -> Path:
    """A class with a roster; everybody but `absent` has submitted, with points 2 and 1 of 2 and 1."""
    directory = tmp_path_factory.mktemp("class") / "bn-2026"
    shutil.copytree(tiny_class, directory)
    with Gradebook(f"sqlite:///{directory / 'gradebook.db'}", "bn-2026") as gradebook, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own use of SQLAlchemy
        gradebook.add_assignment("91_empty")
        for id, first, last, email, lms in PEOPLE:
            gradebook.add_student(id, first_name=first, last_name=last, email=email, lms_user_id=lms)
            if id != "absent":
                gradebook.add_submission(UNIT, id)
                for cell, points in (("normalize-values", 2.0), ("q_epsilon-answer", 1.0)):
                    grade = gradebook.find_grade(cell, UNIT, UNIT, id)
                    grade.auto_score, grade.needs_manual_grade = points, False
        gradebook.find_grade("normalize-values", UNIT, UNIT, "ada").manual_score = 1 / 3
        gradebook.find_grade("q_epsilon-answer", UNIT, UNIT, "seoyeon").extra_credit = 0.5
        gradebook.find_submission_notebook(UNIT, UNIT, "seoyeon").late_submission_penalty = 1.25
        gradebook.find_submission_notebook(UNIT, UNIT, "evil").late_submission_penalty = 50
        gradebook.find_comment("normalize", UNIT, UNIT, "seoyeon").manual_comment = "Good,\nbut late."
        gradebook.find_comment("q_epsilon", UNIT, UNIT, "evil").manual_comment = "=1+1"
        gradebook.find_comment("q_epsilon", UNIT, UNIT, "ada").auto_comment = "No response."
        gradebook.db.commit()
    return directory


@pytest.fixture
def export(klass, monkeypatch):
    """A function that runs nbgrader's export command in this process: what it logged, and the rows of the file."""

    def run(exporter: str, *arguments: str, to: str = "out.csv") -> tuple[str, list[list[str]]]:
        monkeypatch.chdir(klass)
        Path(to).unlink(missing_ok=True)
        said = io.StringIO()
        handler = logging.StreamHandler(said)
        app = ExportApp()
        app.log.addHandler(handler)
        try:
            app.initialize([f"--exporter=grader.classroom.exporters.{exporter}", *arguments, "--to", to])
            app.start()
        except SystemExit as end:
            assert end.code == 1
            return said.getvalue(), []
        finally:
            app.log.removeHandler(handler)
            assert not list(klass.glob("*.part"))
        return said.getvalue(), rows_of(klass / to)

    return run


def rows_of(path: Path) -> list[list[str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def nbgrader_export(klass: Path, exporter: str) -> tuple[str, list[list[str]]]:
    """What an instructor types, with the default name."""
    env = os.environ | {"PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])}
    command = ["nbgrader", "export", f"--exporter=grader.classroom.exporters.{exporter}"]
    done = subprocess.run(command, cwd=klass, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr, rows_of(klass / f"{exporter.removesuffix('ExportPlugin').lower()}.csv")


@pytest.mark.slow
def test_canvas(klass):
    log, rows = nbgrader_export(klass, "CanvasExportPlugin")
    head, possible, *students = rows
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", UNIT, "91_empty"]
    assert possible == ["    Points Possible", "", "", "", "", "3", "0"]
    assert all(len(row) == len(head) for row in students)
    assert all(row[2] == row[4] == row[6] == "" for row in students)
    found = {row[3]: row for row in students}
    assert {id: row[0] for id, row in found.items()} == {
        "ada": 'King, "Countess" of Lovelace, Ada',
        "seoyeon": "김, 서연",
        "evil": '\'@SUM(1), =HYPERLINK("http://x","y")',
        "lines": "Two Lines",
        "nameless": "nameless",
        "pp": "Points\u00a0Possible",
        "'-1+2": "Id, Formula",
        "absent": "Submitted, Never",
    }
    scores = {"ada": "1.3333", "seoyeon": "2.25", "evil": "0", "lines": "3", "nameless": "3", "pp": "3", "absent": ""}
    assert {id: row[5] for id, row in found.items()} == scores | {"'-1+2": "3"}
    assert (found["ada"][1], found["evil"][1]) == ("101", "")
    assert "Student '-1+2': the id begins like a formula" in log


@pytest.mark.slow
def test_moodle(klass):
    log, (head, *students) = nbgrader_export(klass, "MoodleExportPlugin")
    assert head == ["Username", "First name", "Last name", UNIT, "91_empty"]
    assert {row[0]: row[1:] for row in students} == {
        "ada": ["Ada", 'King, "Countess" of Lovelace', "1.3333", "-"],
        "seoyeon": ["서연", "김", "2.25", "-"],
        "evil": ['\'=HYPERLINK("http://x","y")', "'@SUM(1)", "0", "-"],
        "lines": ["Two Lines", "", "3", "-"],
        "nameless": ["", "", "3", "-"],
        "pp": ["Points Possible", "", "3", "-"],
        "absent": ["Never", "Submitted", "-", "-"],
    }
    assert "Student '-1+2' left out" in log


@pytest.mark.slow
def test_moodle_by_email_with_feedback(export):
    log, (head, *students) = export(
        "MoodleExportPlugin", "--MoodleExportPlugin.identifier=Email address", "--MoodleExportPlugin.feedback=True"
    )
    assert head[0] == "Email address" and head[3:] == [UNIT, f"{UNIT} (feedback)", "91_empty", "91_empty (feedback)"]
    found = {row[0]: row[3:5] for row in students}
    assert found["seoyeon@example.org"] == ["2.25", "Late: 1.25 points off.\nGood,\nbut late."]
    assert found["ada@example.org"] == ["1.3333", ""]
    # A line without identifier would give its grades to the student before.
    assert "" not in found and "+f@example.org" not in found and len(found) == 5
    assert all(f"Student '{id}' left out" in log for id in ("evil", "nameless", "-1+2"))


def test_feedback_is_no_formula(export):
    _, (_, *students) = export("MoodleExportPlugin", "--MoodleExportPlugin.feedback=True", "--student", "evil")
    assert [row[4] for row in students] == ["Late: 50 points off.\n=1+1"]  # not at the beginning of the cell
    assert neutral("=1+1") == "'=1+1"


def test_some_students_and_units(export):
    _, (head, _, *students) = export(
        "CanvasExportPlugin", "--student", "ada", "--student", "absent", "--assignment", UNIT, "--log-level", "INFO"
    )
    assert head[5:] == [UNIT] and sorted(row[3] for row in students) == ["absent", "ada"]
    _, (head, *students) = export("MoodleExportPlugin", "--student", "['seoyeon']", "--assignment", "['91_empty']")
    assert head[3:] == ["91_empty"] and [row[0] for row in students] == ["seoyeon"]


def test_settings_in_the_class(export, klass):
    config = klass / "nbgrader_config.py"
    before = config.read_text(encoding="utf-8")
    more = 'c.CanvasExportPlugin.student_id = "SIS User ID"\n'
    more += 'c.CanvasExportPlugin.titles = {"90_tiny": "Tiny, 작은 (77)"}\n'
    try:
        config.write_text(before + more, encoding="utf-8")
        _, (head, _, *students) = export("CanvasExportPlugin")
    finally:
        config.write_text(before, encoding="utf-8")
    assert head[5] == "Tiny, 작은 (77)"
    assert "seoyeon" in [row[2] for row in students] and all(row[3] == "" for row in students)


def test_every_option_goes_on_the_command_s_line(export):
    """As docs/grading.md has them."""
    named = (f"{UNIT}=Tiny; the first (77)", "91_empty=Empty (78)")
    titles = [argument for title in named for argument in ("--CanvasExportPlugin.titles", title)]
    _, (head, _, *students) = export("CanvasExportPlugin", *titles, "--CanvasExportPlugin.student_id=SIS User ID")
    assert head[5:] == ["Tiny; the first (77)", "Empty (78)"]
    assert "seoyeon" in [row[2] for row in students]
    options = ("--MoodleExportPlugin.identifier=ID number", "--MoodleExportPlugin.feedback=True")
    _, (head, *_) = export("MoodleExportPlugin", *options, "--MoodleExportPlugin.titles", f"{UNIT}=Tiny \\")
    assert head[:5] == ["ID number", "First name", "Last name", "Tiny \\ ", "Tiny \\ (feedback)"]


@pytest.mark.parametrize(
    ("plugin", "titles", "said"),
    [
        ("CanvasExportPlugin", ["90=Tiny"], "titles names '90', which is no assignment in the gradebook."),
        ("MoodleExportPlugin", [f"{UNIT}=91_empty"], "Two assignments would be called '91_empty': change titles."),
        ("CanvasExportPlugin", [f"{UNIT}=My Final Score"], "Canvas passes over a column with 'Final Score'"),
    ],
)
def test_titles_that_would_lose_a_column_are_refused(plugin, titles, said, export):
    log, rows = export(plugin, f"--{plugin}.titles", *titles)
    assert said in log and rows == []


def test_an_id_that_is_none_of_canvas_s_is_left_out(export, klass):
    """Canvas would read the number that it begins with, which is another student's."""

    def number(text: str) -> None:
        with Gradebook(f"sqlite:///{klass / 'gradebook.db'}", "bn-2026") as gradebook:
            gradebook.find_student("ada").lms_user_id = text
            gradebook.db.commit()

    number("102a")
    try:
        log, (_, _, *students) = export("CanvasExportPlugin", "--student", "ada")
    finally:
        number("101")
    assert students[0][1] == "" and students[0][3] == "ada" and "'102a' is no number of Canvas's" in log


@pytest.mark.parametrize(
    ("text", "safe"),
    [("C:\\", "C:\\ "), ('\\"o', '\\ "o'), ("a\\nb", "a\\nb"), ("", ""), ('"', '"'), ("x\\\\", "x\\\\ ")],
)
def test_what_php_would_read_on_after(text, safe):
    """PHP's fgetcsv takes a backslash before a quotation mark for its escape character."""
    assert _php_safe(text) == safe


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--student", "adda"], "There is no student 'adda' in the gradebook."),
        (["--assignment", "90"], "There is no assignment '90' in the gradebook."),
    ],
)
def test_a_slip_is_one_line_and_no_file(export, klass, arguments, said):
    log, rows = export("CanvasExportPlugin", *arguments, to="slip.csv")
    assert said in log and rows == [] and not (klass / "slip.csv").exists()


def test_a_file_that_cannot_be_written(export):
    log, rows = export("MoodleExportPlugin", to="no/such/place.csv")
    assert "no/such/place.csv cannot be written: No such file or directory." in log and rows == []


def test_what_waits_for_a_person_is_said(export, klass):
    def wait(waiting: bool) -> None:
        with Gradebook(f"sqlite:///{klass / 'gradebook.db'}", "bn-2026") as gradebook:
            gradebook.find_grade("q_epsilon-answer", UNIT, UNIT, "lines").needs_manual_grade = waiting
            gradebook.db.commit()

    wait(True)
    try:
        log, rows = export("CanvasExportPlugin")
    finally:
        wait(False)
    assert f"{UNIT}: 1 submission(s) still wait for a person's score" in log and len(rows) == 2 + len(PEOPLE)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", " =1", "\n=1", "＝1", "\r1"])
def test_formulas(text):
    assert is_formula(text) and neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "3-1", "이서연", "o'=b"])
def test_no_formulas(text):
    assert not is_formula(text) and neutral(text) == text


def test_numbers():
    expected = {0.0: "0", 7.0: "7", 7.5: "7.5", 1 / 3: "0.3333", 1e6 + 0.25: "1000000.25", 100: "100"}
    assert {points: number(points) for points in expected} == expected


def test_the_queries_do_not_grow_with_the_class(klass, monkeypatch):
    """Few, however many students and units there are."""
    from sqlalchemy import event

    monkeypatch.chdir(klass)
    plugin, count = MoodleExportPlugin(to="count.csv", feedback=True), 0
    with Gradebook("sqlite:///gradebook.db", "bn-2026") as gradebook:

        def counted(*args):
            nonlocal count
            count += 1

        event.listen(gradebook.engine, "before_cursor_execute", counted)
        plugin.export(gradebook)
    assert count <= 7
