"""Units are found by name, number or path; a name of none is answered with those that there are."""

from pathlib import Path

import pytest

from grader import paths
from grader.errors import CourseError
from grader.paths import unit_sources

UNITS = ["00_start", "03_forward", "04_backward"]


@pytest.fixture
def solutions(tmp_path, monkeypatch):
    """A course with three units, and other files beside them."""
    for name in [*UNITS, "3_short", "notes", "03_forward.bak"]:
        (tmp_path / f"{name}.py").touch()
    (tmp_path / "05_notebook.ipynb").touch()
    (tmp_path / "03_forward.bak.py").unlink()
    monkeypatch.setattr(paths, "SOLUTIONS", tmp_path)
    return tmp_path


def stems(*names: str) -> list[str]:
    return [source.stem for source in unit_sources(list(names))]


def test_without_names_it_is_all_in_order(solutions):
    assert unit_sources() == [solutions / f"{name}.py" for name in UNITS]
    assert stems() == UNITS


@pytest.mark.parametrize(
    "name",
    [
        "03_forward",
        "03",
        "03_forward.py",
        "solutions/03_forward.py",
        "/elsewhere/03_forward.ipynb",
        "notebooks/03.ipynb",
    ],
)
def test_a_unit_by_name_number_or_path(solutions, name):
    assert stems(name) == ["03_forward"]


def test_units_come_once_and_in_the_order_they_are_named(solutions):
    assert stems("04", "00_start", "04_backward", "00") == ["04_backward", "00_start"]


@pytest.mark.parametrize("name", ["3", "99", "forward", "03_Forward", "3_short", "notes", "", "*", "05_notebook"])
def test_a_name_of_none_is_answered_with_those_that_there_are(solutions, name):
    with pytest.raises(CourseError) as caught:
        unit_sources(["00", name])
    assert str(caught.value) == f"There is no unit {name!r}. The units are: 00_start, 03_forward, 04_backward."


def test_a_course_that_is_not_there_is_told_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "SOLUTIONS", tmp_path / "gone")
    for names in ([], ["03"]):
        with pytest.raises(CourseError, match=r"^No units found in .*gone\. Install the course from its checkout"):
            unit_sources(names)


def test_the_course_s_folders_lie_beside_the_package():
    assert Path(paths.__file__).parent.parent == paths.ROOT
    assert {folder.parent for folder in (paths.SOLUTIONS, paths.NOTEBOOKS, paths.DATA)} == {paths.ROOT}
