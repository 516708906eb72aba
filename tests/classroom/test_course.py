"""A class directory is ready for stock nbgrader, and one bad submission stops nobody."""

import csv
import json
import os
import re
import subprocess
import sysconfig
from pathlib import Path

import nbformat
import pytest
from helpers.made_up_class import write
from sqlalchemy import make_url

from grader.authoring.stale import targets
from grader.authoring.unit import read_unit
from grader.classroom import demo
from grader.classroom.course import make_class, opened, quiet
from grader.errors import CourseError


@pytest.fixture(scope="module")
def klass(built, tmp_path_factory):
    directory = tmp_path_factory.mktemp("class") / "bn-2026"
    assert make_class(directory, [built]) == 0
    return directory


@pytest.mark.slow
def test_released_notebook_is_the_student_notebook(klass, built):
    released = nbformat.read(klass / "release" / "90_tiny" / "90_tiny.ipynb", as_version=4)
    student = nbformat.read(targets(built)[0], as_version=4)
    assert [c.source.rstrip() for c in released.cells] == [c.source.rstrip() for c in student.cells]
    assert [c.metadata.get("nbgrader") for c in released.cells] == [c.metadata.get("nbgrader") for c in student.cells]


@pytest.mark.slow
def test_a_unit_can_be_added_later(klass, built, capsys):
    assert make_class(klass, [built]) == 0
    assert "90_tiny: released" in capsys.readouterr().out


def test_something_else_is_not_overwritten(tmp_path, built):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(CourseError, match="is there already and is no class"):
        make_class(tmp_path, [built])
    with pytest.raises(CourseError, match="is there already"):
        make_class(tmp_path / "thesis.tex", [built])
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_stale_unit_is_not_released(tmp_path, tiny):
    with pytest.raises(CourseError, match="Run: bncourse build 90_tiny"):
        make_class(tmp_path / "new", [tiny])
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "bad"), [("a?b", "?"), ("a*b", "*"), ("a[1]b", "[1]"), ("p%41c", "%41"), ("q?/bn", "?")]
)
def test_a_path_that_nbgrader_would_misread_is_refused(tmp_path, name, bad):
    said = re.escape(f"{tmp_path / name} has {bad!r} in its path")
    with pytest.raises(CourseError, match=said):
        make_class(tmp_path / name, [])
    assert list(tmp_path.iterdir()) == []
    directory = write(tmp_path / name, [])
    with pytest.raises(CourseError, match=said), opened(directory):
        pass


@pytest.mark.parametrize("name", ["100% sure", "ha#sh", "a[b", "a]b", "a{1}b", "co:lon & co"])
def test_a_path_that_nbgrader_reads_as_it_is(tmp_path, name):
    directory = write(tmp_path / name, [])
    with quiet(), opened(directory) as api:
        assert make_url(api.coursedir.db_url).database == str(directory / "gradebook.db")


@pytest.mark.parametrize("setting", ["CourseDirectory.db_url = 5", "Exchange.root = 5", "NbGraderAPI.log_level = 'x'"])
def test_settings_of_another_type_are_told_in_one_line(tmp_path, setting):
    directory = write(tmp_path / "bn", [])
    (directory / "nbgrader_config.py").write_text(f"c = get_config()\nc.{setting}\n")
    before = Path.cwd()
    said = r"^\S*nbgrader_config\.py cannot be used: The .* trait of .*"
    with pytest.raises(CourseError, match=said) as caught, opened(directory):
        pass
    assert str(caught.value).isprintable() and Path.cwd() == before


def test_other_names_for_a_class_s_folders_are_refused_by_every_command(tmp_path):
    """`bncourse grade` looks into submitted/, and would find nothing to do."""
    (tmp_path / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.submitted_directory = "in"\n')
    with pytest.raises(CourseError, match=r"sets CourseDirectory\.submitted_directory to 'in'"), opened(tmp_path):
        pass


@pytest.fixture(scope="module")
def rows(klass, built):
    """The demo's students, graded by nbgrader on the tiny unit: their rows by name."""
    unit = read_unit(built)
    for student in demo.STUDENTS:
        demo.submit(klass, unit, student)
    return {row.student: row for row in demo.grade(klass, [unit])}


@pytest.mark.slow
def test_everybody_has_a_line(rows):
    points = {"perfect": 3, "untouched": 0, "half-done": 2, "mistaken-1": 1, "mistaken-2": 2, "first-cell-raises": 3}
    assert {name: row.points for name, row in rows.items()} == {**points, "not-json": None}


@pytest.mark.slow
def test_what_went_wrong_is_said(rows):
    assert rows["perfect"].wrong == {}
    assert "Likely cause: eps stands inside the square root." in rows["mistaken-1"].wrong["normalize"]
    assert "is not written yet" in rows["untouched"].wrong["normalize"]
    why = rows["not-json"].wrong[""]
    assert why.startswith("not graded: submitted/not-json/90_tiny/90_tiny.ipynb is no notebook: it is not JSON")


@pytest.mark.slow
def test_feedback_and_grades(rows, klass):
    for name in rows:
        feedback = klass / "feedback" / name / "90_tiny" / "90_tiny.html"
        assert feedback.exists() == (name != "not-json")
    assert "eps stands inside the square root." in (klass / "feedback/mistaken-1/90_tiny/90_tiny.html").read_text()
    text = (klass / "feedback/perfect/90_tiny/90_tiny.html").read_text()
    assert "load_table" not in text and "float32" not in text.replace("✓ x_hat, float32", "")
    assert "(hidden tests)" in text and "Setup: run this cell first" in text
    with (klass / "grades.csv").open() as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores["perfect"] == 3 and scores["mistaken-1"] == 1


@pytest.mark.slow
def test_the_table(rows, capsys):
    demo.print_table(list(rows.values()))
    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("perfect            90_tiny                    3 of 3") + 1].startswith("untouched")
    assert "not-json           90_tiny                    - of 3" in lines
    assert "    normalize: eps stands inside the square root." in lines
    assert "    not done: normalize, q_epsilon" in lines


@pytest.mark.slow
def test_stock_nbgrader_commands(rows, klass):
    """What an instructor types in the class directory."""
    scripts = sysconfig.get_path("scripts")
    env = os.environ | {"PATH": os.pathsep.join([scripts, os.environ["PATH"]])}

    def nbgrader(*args):
        return subprocess.run(["nbgrader", *args], cwd=klass, env=env, capture_output=True, text=True)

    assert nbgrader("autograde", "90_tiny", "--student", "perfect", "--force").returncode == 0
    assert nbgrader("generate_feedback", "90_tiny", "--student", "perfect", "--force").returncode == 0
    exported = nbgrader("export", "--to", "again.csv")
    assert exported.returncode == 0 and (klass / "again.csv").exists(), exported.stderr
    assert nbgrader("generate_assignment", "90_tiny", "--force").returncode == 0
    text = (klass / "release/90_tiny/90_tiny.ipynb").read_text()
    assert "YOUR ANSWER HERE" in json.dumps(json.loads(text)) and "BEGIN SOLUTION" not in text


@pytest.mark.slow
def test_nbgrader_validate(built):
    """It fails on the student notebook and passes on the solved one."""
    env = os.environ | {"PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])}
    student, solved = (
        subprocess.run(["nbgrader", "validate", path], env=env, capture_output=True, text=True).stdout
        for path in targets(built)
    )
    assert "VALIDATION FAILED ON 2 CELL(S)" in student
    assert "Success! Your notebook passes all the tests." in solved
