"""nbgrader's gradebook gets a submission whole or not at all, and keeps what people wrote into it."""

import contextlib
import shutil
import sqlite3
from datetime import datetime, timedelta

import pytest
from helpers.made_up_class import write_rows
from nbgrader.api import Assignment, GradeCell, Notebook, SolutionCell
from nbgrader.plugins import LateSubmissionPlugin
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from traitlets.config import Config

from grader.errors import CourseError
from grader.grading.gradebook import UnitRows, Writer
from grader.grading.release import Release, ReleaseCell

UNIT, DUE = "90_tiny", datetime(2026, 3, 1, 12)
GRADED = {"f-values": 2.0, "essay": 3.0}
CELLS = [("f", "solution", 0.0), ("f-values", "check", 2.0), ("essay", "manual", 3.0), ("setup", "setup", 0.0)]
RELEASE = Release(UNIT, [ReleaseCell(key, "code", role, "", "", {}, points) for key, role, points in CELLS], {}, False)


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A gradebook in which the unit was released; to be copied."""
    path = tmp_path_factory.mktemp("released") / "gradebook.db"
    cells = {"cell_type": "code", "notebook_id": "n"}
    grades = [{"id": name, "name": name, "max_score": points, **cells} for name, points in GRADED.items()]
    rows = [
        (Assignment, [{"id": "a", "name": UNIT, "course_id": "bn", "duedate": DUE}]),
        (Notebook, [{"id": "n", "name": UNIT, "assignment_id": "a"}]),
        (GradeCell, grades),
        (SolutionCell, [{"id": f"s-{name}", "name": name, "notebook_id": "n"} for name in ("f", "essay")]),
    ]
    write_rows(path, rows)
    return path


@pytest.fixture
def path(released, tmp_path):
    return shutil.copy(released, tmp_path / "gradebook.db")


@pytest.fixture
def opened(path):
    """A function that opens a writer on the gradebook, with nbgrader's settings and what is said while it waits."""
    with contextlib.ExitStack() as stack:

        def open_writer(config=None, waiting=print) -> Writer:
            writer = Writer(f"sqlite:///{path}", "bn", config or Config(), waiting)
            stack.callback(writer.close)
            return writer

        yield open_writer


@pytest.fixture
def writer(opened):
    return opened()


@pytest.fixture
def sql(path):
    """A function that runs SQL in the gradebook, as another program would, and returns the rows."""

    def run(statement: str, *values) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    return run


def scores(writer: Writer, rows: UnitRows) -> dict:
    """By student, when they handed in and what autograding gave."""
    return {student: (one.timestamp, one.autos) for student, one in writer.submissions(rows).items()}


SCORES = {"f-values": 1.5, "essay": None}
GRADES = "SELECT cell_id, auto_score, manual_score, needs_manual_grade FROM grade ORDER BY cell_id"
COMMENTS = "SELECT cell_id, auto_comment, manual_comment FROM comment ORDER BY cell_id"
PENALTIES = "SELECT late_submission_penalty FROM submitted_notebook"


def test_what_is_written_is_there(writer, sql):
    rows = writer.unit(RELEASE)
    assert scores(writer, rows) == {}
    writer.write(rows, "김서연, 'O", SCORES, ["essay"], DUE)
    writer.write(rows, "bob", {"f-values": 2.0, "essay": None}, [], None)
    assert scores(writer, rows) == {"김서연, 'O": (DUE, SCORES), "bob": (None, {"f-values": 2.0, "essay": None})}
    assert sorted(sql(GRADES), key=str) == [
        ("essay", None, None, 1),
        ("essay", None, None, 1),
        ("f-values", 1.5, None, 0),
        ("f-values", 2.0, None, 0),
    ]
    comments = [("s-essay", "No response.", None), ("s-essay", None, None), *[("s-f", None, None)] * 2]
    assert sorted(sql(COMMENTS), key=str) == sorted(comments, key=str)


def test_written_again_it_is_changed_and_not_doubled(writer, sql):
    rows = writer.unit(RELEASE)
    for score, unanswered in ((0.0, ["f", "essay"]), (2.0, [])):
        writer.write(rows, "ada", {"f-values": score, "essay": None}, unanswered, DUE)
    assert scores(writer, rows) == {"ada": (DUE, {"f-values": 2.0, "essay": None})}
    assert sql(COMMENTS) == [("s-essay", None, None), ("s-f", None, None)]


def test_a_person_s_scores_and_words_stay_and_are_to_be_looked_at_again(writer, sql):
    rows = writer.unit(RELEASE)
    writer.write(rows, "ada", SCORES, [], DUE)
    sql("UPDATE grade SET manual_score = 1, needs_manual_grade = 0 WHERE cell_id = 'f-values'")
    sql("UPDATE comment SET manual_comment = 'See me.' WHERE cell_id = 's-f'")
    writer.write(rows, "ada", {"f-values": 2.0, "essay": None}, ["f"], None, unchanged=["f-values"])
    assert sql(GRADES)[1] == ("f-values", 2.0, 1.0, 0), "an answer that the person has seen"
    writer.write(rows, "ada", {"f-values": 2.0, "essay": None}, ["f"], None)
    assert sql(GRADES)[1] == ("f-values", 2.0, 1.0, 1)
    assert sql(COMMENTS)[1] == ("s-f", "No response.", "See me.")
    one = writer.submissions(rows)["ada"]
    assert (one.timestamp, one.score, one.waiting) == (None, 1.0, ["essay", "f-values"])
    writer.write(rows, "ada", {"f-values": 2.0, "essay": None}, ["f"], None, unchanged=["f-values"])
    assert sql(GRADES)[1] == ("f-values", 2.0, 1.0, 1), "until the person has looked"


def test_a_submission_is_written_whole_or_not_at_all(writer, sql):
    rows = writer.unit(RELEASE)
    with pytest.raises(KeyError):
        writer.write(rows, "ada", {"f-values": 1.0, "no such cell": 1.0}, [], DUE)
    assert (
        scores(writer, rows) == {} and sql("SELECT id FROM student") == sql("SELECT id FROM submitted_assignment") == []
    )


# A gradebook that is not the release's


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE assignment SET name = 'other'", "90_tiny is not in the gradebook"),
        ("UPDATE notebook SET name = 'other'", "other notebooks in the gradebook than 90_tiny.ipynb"),
        (
            "INSERT INTO notebook (id, name, assignment_id) VALUES ('m', 'more', 'a')",
            "other notebooks in the gradebook",
        ),
        ("DELETE FROM notebook", "has other notebooks"),
        ("UPDATE grade_cells SET max_score = 9 WHERE id = 'essay'", "its points differ from the gradebook's"),
        ("UPDATE base_cell SET name = 'g-values' WHERE id = 'f-values'", "its points differ from the gradebook's"),
    ],
)
def test_a_unit_that_is_not_as_released_is_refused_with_the_remedy(writer, sql, change, words):
    sql(change)
    with pytest.raises(CourseError, match=words) as caught:
        writer.unit(RELEASE)
    assert str(caught.value).endswith(
        "In the class's directory: bncourse class . 90_tiny (what was edited there stays)"
    )


def test_rows_can_be_read_in_a_session_of_anybody_s(path):
    engine = create_engine(f"sqlite:///{path}")
    with Session(engine) as session:
        rows = UnitRows(session, RELEASE)
    engine.dispose()
    assert (rows.due, set(rows.grade_cells), set(rows.solution_cells)) == (DUE, {"f-values", "essay"}, {"f", "essay"})


# Late work


class Halved(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 2


class Broken(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 1 / 0


def plugin(which: type) -> Config:
    return Config({"AssignLatePenalties": {"plugin_class": which}})


@pytest.mark.parametrize(
    "late, penalty", [(timedelta(hours=1), 0.75), (timedelta(0), None), (-timedelta(hours=1), None)]
)
def test_late_work_costs_what_the_class_s_plugin_says(opened, sql, late, penalty):
    writer = opened(plugin(Halved))
    rows = writer.unit(RELEASE)
    writer.write(rows, "ada", SCORES, [], DUE + late)
    writer.penalties(rows)
    assert sql(PENALTIES) == [(penalty,)]


def test_penalties_are_those_of_the_gradebook_as_it_is_now(opened, sql):
    """Nothing is run or written again for a moved due date, an extension, points given by hand."""
    writer = opened(plugin(Halved))
    for student in ("ada", "bob"):
        writer.write(writer.unit(RELEASE), student, SCORES, [], DUE + timedelta(hours=1))

    def penalties(student=None):
        writer.penalties(writer.unit(RELEASE), student)
        rows = sql("SELECT student_id, late_submission_penalty FROM submitted_notebook n JOIN submitted_assignment a "
                   "ON a.id = n.assignment_id ORDER BY student_id")  # fmt: skip
        return dict(rows)

    assert penalties("ada") == {"ada": 0.75, "bob": None} and penalties() == {"ada": 0.75, "bob": 0.75}
    sql("UPDATE submitted_assignment SET extension = '1970-01-01 02:00:00' WHERE student_id = 'bob'")
    assert penalties() == {"ada": 0.75, "bob": None}
    sql("UPDATE grade SET manual_score = 2.5 WHERE cell_id = 'essay'")
    assert penalties() == {"ada": 2.0, "bob": None}
    sql("UPDATE submitted_assignment SET timestamp = NULL WHERE student_id = 'ada'")
    assert penalties() == {"ada": None, "bob": None}
    sql("UPDATE assignment SET duedate = '2026-01-01 00:00:00'")
    sql("UPDATE submitted_assignment SET timestamp = '2026-03-01 00:00:00'")
    assert penalties() == {"ada": 2.0, "bob": 2.0}
    sql("UPDATE assignment SET duedate = NULL")
    assert penalties() == {"ada": None, "bob": None}
    recorded = writer.submissions(writer.unit(RELEASE))["ada"]
    assert (recorded.score, recorded.penalty) == (4.0, 0.0)


def test_a_plugin_that_stops_is_named_with_the_student(opened, sql):
    writer = opened(plugin(Broken))
    rows = writer.unit(RELEASE)
    writer.write(rows, "ada", SCORES, [], DUE + timedelta(hours=1))
    with pytest.raises(CourseError, match="plugin for late penalties stopped at 'ada': ZeroDivisionError"):
        writer.penalties(rows)
    assert scores(writer, rows) == {"ada": (DUE + timedelta(hours=1), SCORES)}, "what is graded is kept"


# Tasks: nbgrader's cells of which a person grades what stands below them


def test_a_task_has_rows_as_other_graded_cells_have(opened, sql):
    sql("INSERT INTO base_cell (id, name, notebook_id, type) VALUES ('t', 'task', 'n', 'TaskCell')")
    sql("INSERT INTO task_cells (id, max_score, cell_type) VALUES ('t', 4, 'markdown')")
    cells = [*RELEASE.cells, ReleaseCell("task", "markdown", "task", "", "", {}, 4.0)]
    writer = opened()
    with pytest.raises(CourseError, match="its points differ"):
        writer.unit(RELEASE)
    rows = writer.unit(Release(UNIT, cells, {}, False))
    writer.write(rows, "ada", SCORES | {"task": None}, ["essay"], None)
    assert writer.submissions(rows)["ada"].waiting == ["essay", "task"]
    assert ("t", None, None) in sql(COMMENTS)


# A gradebook that cannot be used


@pytest.mark.slow
def test_another_program_that_holds_it_is_waited_for_which_is_said_once(opened, path):
    holder = sqlite3.connect(path, isolation_level=None)
    said = []

    def let_go(text: str) -> None:
        said.append(text)
        holder.execute("ROLLBACK")

    writer = opened(waiting=let_go)
    rows = writer.unit(RELEASE)
    holder.execute("BEGIN EXCLUSIVE")
    writer.write(rows, "ada", SCORES, [], DUE)
    holder.close()
    assert said == ["gradebook.db is locked by another program; waiting for it ..."]
    assert scores(writer, rows) == {"ada": (DUE, SCORES)}


def test_what_is_no_database_is_told_in_one_line(opened, path):
    path.write_text("no database" * 100)
    with pytest.raises(
        CourseError, match=r"^gradebook\.db cannot be used: file is not a database\. What is graded is kept"
    ):
        opened()


def test_a_table_that_is_gone_is_told_in_one_line(writer, sql):
    rows = writer.unit(RELEASE)
    sql("DROP TABLE grade")
    with pytest.raises(CourseError, match=r"^gradebook\.db cannot be used: no such table: grade\."):
        writer.write(rows, "ada", SCORES, [], DUE)
