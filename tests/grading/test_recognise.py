"""Which unit a notebook is of is told by its cells: by what they are called, what they say, what they define."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader import paths
from grader.grading.notebook import SubmittedCell
from grader.grading.recognise import LEAST, MOST, closest, course, likeness, other_unit
from grader.grading.release import Release, ReleaseCell


def unit(name: str, *answers: str) -> Release:
    """A unit with these answers, each with a check, and with an introduction."""
    cells = [ReleaseCell("intro", "markdown", "given", "# Hello", "# Hello", {})]
    for answer in answers:
        cells.append(ReleaseCell(answer, "code", "solution", f"def {answer}():\n    ...", "", {}))
        cells.append(ReleaseCell(f"{answer}-x", "code", "check", f"check('{answer}')", "", {}, 1.0))
    return Release(name, cells, {}, False)


FIRST, SECOND = unit("01_first", "f", "forward"), unit("02_second", *"ghij")
TEN = unit("03_ten", *"abcde")


def as_released(release: Release, **changes) -> list[SubmittedCell]:
    given = {"kind": "code", "grade_id": "", "id": ""}
    return [SubmittedCell(**given | {"source": c.released} | changes) for c in release.cells if c.role != "given"]


def named(*grade_ids: str) -> list[SubmittedCell]:
    """Cells of which nothing is left but their names."""
    return [SubmittedCell("code", "pass", grade_id) for grade_id in grade_ids]


@pytest.mark.parametrize(
    ("cells", "share"),
    [
        ([], 0),
        ([SubmittedCell("markdown", "# Hello", "", "intro")], 0),
        (named("f", "f-x"), 0.5),
        ([SubmittedCell("code", "pass", "", "f-x")], 0.25),
        ([SubmittedCell("markdown", "  check('f')\n")], 0.25),
        ([SubmittedCell("code", "import math\n\n\ndef f():\n    return 1")], 0.25),
        ([SubmittedCell("markdown", "def f():\n    return 1")], 0),
        ([SubmittedCell("markdown", "def f():\n    return 1", "mine")], 0.25),
        ([SubmittedCell("code", "def f(:\n  not python")], 0.25),
        ([SubmittedCell("code", "def ff(): ...\nprint(f)")], 0),
        (as_released(FIRST), 1),
        (as_released(FIRST) * 2, 1),
    ],
)
def test_the_share_of_a_unit_s_graded_cells(cells, share):
    assert likeness(FIRST, cells) == share


def test_a_unit_without_graded_cells_is_like_nothing():
    assert likeness(unit("04_reading"), [SubmittedCell("markdown", "# Hello", "intro", "intro")]) == 0


def test_the_closest_unit():
    assert closest([FIRST, SECOND], as_released(SECOND)) == (SECOND, 1)
    assert closest(iter([FIRST, SECOND]), named("f", "g"))[0] is FIRST
    assert closest([FIRST, SECOND], [])[1] == 0


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """A function that makes a course of these units."""
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path)
    course.cache_clear()

    def write(*releases: Release):
        for release in releases:
            notebook = new_notebook()
            for cell in release.cells:
                role = {"solution": cell.role == "solution", "grade": cell.role == "check", "points": 1}
                meta = {"nbgrader": {"grade_id": cell.key, **role}} if cell.role != "given" else {}
                notebook.cells.append(new_code_cell(cell.released, metadata=meta))
            nbformat.write(notebook, tmp_path / f"{release.unit}.ipynb")
        return tmp_path

    yield write
    course.cache_clear()


def test_another_unit_s_notebook_is_named(notebooks):
    notebooks(FIRST, SECOND)
    assert other_unit(FIRST, as_released(SECOND)) == "02_second"
    assert other_unit(SECOND, as_released(SECOND)) == ""


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ([], ""),
        ([SubmittedCell("markdown", "My essay")], ""),
        (named("f"), ""),
        (named("f", "f-x"), "01_first"),
        (named("f", "f-x", "a"), "01_first"),
        (named("f", "f-x", "a", "b"), ""),
    ],
)
def test_another_unit_is_named_only_where_it_is_most_of_it_and_nearly_nothing_of_this_one(notebooks, cells, found):
    assert (MOST, LEAST) == (0.5, 0.2)
    notebooks(FIRST, TEN)
    assert other_unit(TEN, cells) == found


def test_a_course_of_one_unit_has_no_other(notebooks):
    notebooks(FIRST)
    assert other_unit(FIRST, as_released(SECOND)) == ""


def test_units_that_cannot_be_read_are_left_out_of_the_course(notebooks):
    folder = notebooks(FIRST, SECOND)
    (folder / "05_broken.ipynb").write_text("{")
    (folder / "06_empty.ipynb").write_bytes(b"")
    (folder / "07_folder.ipynb").mkdir()
    (folder / "mine.ipynb").write_text("{}")
    assert [release.unit for release in course()] == ["01_first", "02_second"]
    assert likeness(course()[0], as_released(FIRST)) == 1
