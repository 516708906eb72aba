"""A unit is put into a class whole or not at all, and what somebody edited there is never lost."""

import json
import shutil
import sqlite3
from pathlib import Path

import nbformat
import pytest

from grader.authoring.stale import targets
from grader.classroom.course import make_class
from grader.classroom.releasing import last_error
from grader.errors import CourseError

UNIT = "90_tiny"


@pytest.fixture
def klass(tiny_class, tmp_path) -> Path:
    return Path(shutil.copytree(tiny_class, tmp_path / "bn-2026"))


@pytest.fixture
def again(klass, built, capsys):
    """A function that runs `bncourse class` once more, and returns what it said."""

    def again(**options) -> str:
        make_class(klass, [built], **options)
        return capsys.readouterr().out

    return again


def files(klass: Path) -> dict[str, bytes]:
    found = {p.relative_to(klass).as_posix(): p for top in ("source", "release") for p in (klass / top).rglob("*")}
    return {name: path.read_bytes() for name, path in found.items() if path.is_file()}


def edit(klass: Path, change) -> bytes:
    """Change the source of the class as an instructor does in formgrader. Returns the file."""
    path = klass / "source" / UNIT / f"{UNIT}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)
    return path.read_bytes()


def cell(notebook, grade_id: str):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def hand_in(klass: Path) -> None:
    """A row of somebody who has handed in, as grading writes it."""
    with sqlite3.connect(klass / "gradebook.db") as book:
        (assignment,) = book.execute("SELECT id FROM assignment").fetchone()
        (notebook,) = book.execute("SELECT id FROM notebook").fetchone()
        book.execute("INSERT INTO student (id) VALUES ('ada')")
        book.execute(
            "INSERT INTO submitted_assignment (id, assignment_id, student_id) VALUES ('s', ?, 'ada')", [assignment]
        )
        book.execute("INSERT INTO submitted_notebook (id, assignment_id, notebook_id) VALUES ('n', 's', ?)", [notebook])
    book.close()


def points(notebook) -> None:
    cell(notebook, "normalize-values").metadata.nbgrader.points = 7


@pytest.mark.slow
def test_an_edited_source_stays_and_is_released_and_force_keeps_a_copy_of_it(klass, again, built):
    edited = edit(klass, points)
    said = again()
    assert f"{UNIT}: source/{UNIT} was edited in this class, and stays" in said and f"{UNIT}: released in" in said
    assert files(klass)[f"source/{UNIT}/{UNIT}.ipynb"] == edited
    released = nbformat.read(klass / "release" / UNIT / f"{UNIT}.ipynb", as_version=4)
    assert cell(released, "normalize-values").metadata.nbgrader.points == 7
    assert "was edited" in again(), "and so it is said each time"
    said = again(force=True)
    assert files(klass)[f"source/{UNIT}/{UNIT}.ipynb"] == targets(built)[1].read_bytes()
    (copy,) = klass.glob(f"backup/*/source/{UNIT}/{UNIT}.ipynb")
    assert copy.read_bytes() == edited and copy.relative_to(klass).as_posix() in said
    assert "was edited" not in again() and len(list(klass.glob("backup/*"))) == 1


def test_run_twice_it_changes_nothing(klass, again):
    before = files(klass)
    assert "edited" not in again() and files(klass) == before and not (klass / "backup").exists()
    assert not (klass / ".bncourse" / "new").exists()


def test_an_edited_release_is_kept_as_a_copy(klass, again):
    path = klass / "release" / UNIT / f"{UNIT}.ipynb"
    path.write_text(path.read_text().replace("Tiny", "Tiny, until Friday"))
    (path.parent / "hints.txt").write_text("of the instructor's")
    edited = path.read_bytes()
    assert "was another; it is kept in backup/" in again()
    (copy,) = klass.glob(f"backup/*/release/{UNIT}/{UNIT}.ipynb")
    assert copy.read_bytes() == edited and copy.with_name("hints.txt").exists()


def test_files_beside_the_source_are_released_and_a_lost_release_is_made_again(klass, again):
    (klass / "source" / UNIT / "data.csv").write_text("1, 2")
    shutil.rmtree(klass / "release" / UNIT)
    again()
    assert (klass / "release" / UNIT / "data.csv").read_text() == "1, 2"
    assert (klass / "release" / UNIT / f"{UNIT}.ipynb").exists()


def lose(notebook) -> None:
    notebook.cells.remove(cell(notebook, "normalize-values"))


def gain(notebook) -> None:
    new = nbformat.from_dict(json.loads(json.dumps(cell(notebook, "normalize-values"))))
    new.metadata.nbgrader.grade_id, new.id = "normalize-more", "normalize-more"
    notebook.cells.append(new)


@pytest.mark.parametrize(
    ("change", "why", "way_out"),
    [(lose, "Gone: normalize-values.", "in source/90_tiny/90_tiny.ipynb; with points=0 it counts nothing."),
     (gain, "New: normalize-more.", "Put the tests into an earlier check cell, or keep it for a new class.")],
)  # fmt: skip
def test_after_the_first_submission_no_check_is_lost_or_gained(klass, again, change, why, way_out):
    hand_in(klass)
    edit(klass, change)
    before = files(klass)
    with pytest.raises(CourseError) as caught:
        again()
    said = str(caught.value)
    assert said.startswith(f"{UNIT} is not released anew: students have handed it in, and nbgrader then takes no other")
    assert why in said and way_out in said
    assert files(klass) == before
    again(force=True)  # the course's own has the cells that were handed in
    assert files(klass) != before


@pytest.mark.slow
def test_after_the_first_submission_points_may_change(klass, again):
    hand_in(klass)
    edit(klass, points)
    assert "released in" in again()


def test_what_nbgrader_refuses_leaves_everything_as_it_was(klass, again):
    def unbalanced(notebook):
        check = cell(notebook, "normalize-values")
        check.source = check.source.replace("### END HIDDEN TESTS", "")

    edit(klass, unbalanced)
    before = files(klass)
    with pytest.raises(CourseError, match=r"nbgrader could not release 90_tiny: .*hidden tests.*are as they were"):
        again()
    assert files(klass) == before
    (klass / "source" / UNIT / f"{UNIT}.ipynb").write_text("no notebook")
    with pytest.raises(CourseError, match=r"source/90_tiny/90_tiny\.ipynb is no notebook that can be read"):
        again()


def test_a_gradebook_that_is_none_is_told_in_one_line_and_nothing_is_changed(klass, again):
    before = files(klass)
    (klass / "gradebook.db").write_text("no database" * 100)
    with pytest.raises(CourseError, match=r"^gradebook\.db cannot be used: file is not a database\. .*nbgrader db"):
        again()
    assert files(klass) == before


def test_what_a_killed_run_had_taken_away_comes_back(klass, again):
    old = klass / ".bncourse" / "new" / "old"
    old.mkdir(parents=True)
    (klass / "release" / UNIT).rename(old / UNIT)
    edit(klass, lambda notebook: notebook.cells.clear())
    hand_in(klass)
    with pytest.raises(CourseError, match="is not released anew"):
        again()
    assert (klass / "release" / UNIT / f"{UNIT}.ipynb").exists()


def test_the_first_error_of_a_log_is_the_one_that_matters():
    log = "INFO\nTraceback\n  File x\nRuntimeError: the reason\nnbgrader.X.NbGraderException: Please see above"
    assert last_error({"log": log}) == "RuntimeError: the reason"
    assert last_error({"log": None, "error": "MissingEntry: no such thing"}) == "MissingEntry: no such thing"
    assert last_error({}) == "unknown error"
