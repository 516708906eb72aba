"""A gradebook is read, and only read: points as nbgrader counts them, and one line where it cannot be read."""

import contextlib
import re
import sqlite3
from collections import defaultdict

import pytest
from helpers.made_up_class import cell, result, write_gradebook
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from grader.errors import CourseError
from grader.report.scores import Graded, Grades, Person, grades_at, read_comments, read_grades

RESULTS = [
    result("ada", "03_a", [cell("f-x", 2.0, 2.0), cell("g-x", 1.0, 3.0)]),
    result("ada", "04_b", [cell("f-x", 0.5, 1.0)]),
    result("bob", "03_a", [cell("f-x", 0.0, 2.0), cell("g-x", 3.0, 3.0)]),
    result("eve", "03_a", status="failed", reason="it is empty"),
]
PEOPLE = {"ada": ("Ada", "Lovelace"), "이": ("서연", "김"), "zoe": ("", "Abel"), "abe": ("", "Abel")}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> bytes:
    return write_gradebook(tmp_path_factory.mktemp("gradebook"), RESULTS, PEOPLE).read_bytes()


@pytest.fixture
def path(written, tmp_path):
    """A gradebook; it may be changed."""
    path = tmp_path / "gradebook.db"
    path.write_bytes(written)
    return path


@pytest.fixture
def sql(path):
    """A function that changes the gradebook. By unit and student, the ids of submitted notebooks: `notebook`."""

    def run(statement: str, *values) -> None:
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(statement, values)

    query = """SELECT a.name, s.student_id, n.id FROM submitted_notebook n
        JOIN submitted_assignment s ON s.id = n.assignment_id JOIN assignment a ON a.id = s.assignment_id"""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        run.notebook = {row[:2]: row[2] for row in connection.execute(query)}
    return run


def read(path) -> Grades:
    return grades_at(f"sqlite:///{path}")


def test_all_points_of_a_class(path):
    before = path.read_bytes()
    grades = read(path)
    assert grades.units == {"03_a": {"f-x": 2.0, "g-x": 3.0}, "04_b": {"f-x": 1.0}}
    assert [grades.out_of(unit) for unit in grades.units] == [5, 1]
    assert {key: graded.cells for key, graded in grades.graded.items()} == {
        ("03_a", "ada"): {"f-x": 2.0, "g-x": 1.0},
        ("03_a", "bob"): {"f-x": 0.0, "g-x": 3.0},
        ("04_b", "ada"): {"f-x": 0.5},
    }
    assert path.read_bytes() == before


def test_the_roster_is_in_the_order_of_names_and_holds_who_handed_in_nothing(path, sql):
    sql("UPDATE student SET email = 'a@b', lms_user_id = '007' WHERE id = 'abe'")
    assert read(path).students == [
        Person("bob"),
        Person("eve"),
        Person("abe", "", "Abel", "a@b", "007"),
        Person("zoe", "", "Abel"),
        Person("ada", "Ada", "Lovelace"),
        Person("이", "서연", "김"),
    ]


def test_what_people_gave_and_took_counts_as_in_nbgrader(path, sql):
    ada, bob = sql.notebook["03_a", "ada"], sql.notebook["03_a", "bob"]
    sql("UPDATE grade SET manual_score = 1.5, extra_credit = 0.25 WHERE notebook_id = ? AND auto_score = 2", ada)
    sql("UPDATE grade SET needs_manual_grade = 1 WHERE notebook_id = ?", ada)
    sql("UPDATE submitted_notebook SET late_submission_penalty = 0.5, flagged = 1 WHERE id = ?", ada)
    sql("UPDATE submitted_notebook SET late_submission_penalty = 99 WHERE id = ?", bob)
    graded = read(path).graded
    assert graded["03_a", "ada"] == Graded({"f-x": 1.75, "g-x": 1.0}, 0.5, ["f-x", "g-x"], True)
    assert graded["03_a", "ada"].score == 2.25
    assert graded["03_a", "bob"].score == 0  # no less
    assert graded["04_b", "ada"] == Graded({"f-x": 0.5})


def test_a_cell_without_any_score_counts_nothing(path, sql):
    sql("UPDATE grade SET auto_score = NULL")
    assert {graded.score for graded in read(path).graded.values()} == {0}


# Comments


def test_only_what_people_wrote_is_a_comment_and_stands_in_the_order_of_cells(path, sql):
    for number, (name, auto, manual) in enumerate([
        ("g-x", "No response.", " See me.\n"), ("f-x", None, "한글 <b>"),
        ("e", "No response.", None), ("d", None, " \n"), ("c", None, ""),
    ]):  # fmt: skip
        row = f"x{number}", name
        sql("INSERT INTO base_cell (id, name, notebook_id, type) VALUES (?, ?, 'u0', 'SolutionCell')", *row)
        sql("INSERT INTO solution_cells (id) VALUES (?)", row[0])
        notebook = sql.notebook["03_a", "ada"]
        columns = "(id, cell_id, notebook_id, auto_comment, manual_comment)"
        sql(f"INSERT INTO comment {columns} VALUES (?, ?, ?, ?, ?)", row[0], row[0], notebook, auto, manual)
    engine = create_engine(f"sqlite:///{path}")
    with Session(engine) as session:
        found = read_comments(session)
    engine.dispose()
    assert found == {("03_a", "ada"): ["한글 <b>", "See me."]} and not isinstance(found, defaultdict)


# What cannot be read


def test_where_no_gradebook_is_yet_none_is_made(tmp_path):
    assert read(tmp_path / "gradebook.db") == Grades() and not list(tmp_path.iterdir())
    (tmp_path / "gradebook.db").touch()  # as left by a program that only opened it
    assert read(tmp_path / "gradebook.db") == Grades()
    assert grades_at("sqlite://") == Grades()  # in memory


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"\xff" * 1000])
def test_what_is_no_gradebook_is_told_in_one_line(tmp_path, content):
    (tmp_path / "gradebook.db").write_bytes(content)
    with pytest.raises(CourseError, match=r"^The gradebook .*gradebook\.db cannot be read: [^\n]+\.$"):
        read(tmp_path / "gradebook.db")


def test_a_folder_in_its_place_is_told_in_one_line(tmp_path):
    with pytest.raises(CourseError, match=r"^The gradebook .* cannot be read: unable to open database file\.$"):
        read(tmp_path)


def test_a_gradebook_that_lacks_a_table_is_told_in_one_line(path, sql):
    sql("DROP TABLE grade")
    with pytest.raises(CourseError, match=r"cannot be read: no such table: grade\.$"):
        read(path)


def told(path) -> str:
    with pytest.raises(CourseError) as caught:
        read(path).check()
    return str(caught.value)


@pytest.mark.parametrize("column", ["auto_score", "manual_score", "extra_credit"])
@pytest.mark.parametrize("value", ["2,5", float("inf")])
def test_points_that_are_no_number_are_told_by_student_and_cell(path, sql, column, value):
    sql(f"UPDATE grade SET {column} = ? WHERE notebook_id = ?", value, sql.notebook["03_a", "ada"])
    assert re.search(rf"has {value!r} as the points for [fg]-x of ada in 03_a\.", told(path))
    assert [person.id for person in read(path).students]  # collect and forget go on with that


def test_so_is_a_late_penalty_and_what_a_cell_gives_at_most(path, sql):
    sql("UPDATE submitted_notebook SET late_submission_penalty = 'half' WHERE id = ?", sql.notebook["03_a", "ada"])
    assert "has 'half' as the late penalty of ada in 03_a." in told(path)
    sql("UPDATE submitted_notebook SET late_submission_penalty = NULL")
    read(path).check()
    sql("UPDATE grade_cells SET max_score = 'two'")
    assert "has 'two' as the most points for f-x in 03_a." in told(path)


@pytest.mark.parametrize("url", ["", "nonsense", "gradebook.db", "sqlite:/gradebook.db"])
def test_what_is_no_address_of_a_database_is_told_with_where_it_stands(url):
    with pytest.raises(CourseError, match=r"^CourseDirectory\.db_url in nbgrader_config\.py is no database's address"):
        grades_at(url)


def queries(path) -> list[str]:
    """What is asked of a gradebook when it is read."""
    asked = []
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    with Session(engine) as session:
        read_grades(session)
    engine.dispose()
    return asked


def test_there_are_as_many_queries_for_any_class(path, tmp_path):
    many = [result(f"s{n}", unit, [cell("f-x", 1.0, 2.0)]) for n in range(20) for unit in ("03_a", "04_b", "05_c")]
    (tmp_path / "many").mkdir()
    assert queries(write_gradebook(tmp_path / "many", many)) == queries(path)


@pytest.mark.parametrize("url", ["nosuch://host/db", "mysql://user:secret@host/db", "oracle://user:secret@host/db"])
def test_an_address_for_which_there_is_no_driver_is_one_line(url):
    with pytest.raises(CourseError) as caught:
        grades_at(url)
    assert "secret" not in str(caught.value)
