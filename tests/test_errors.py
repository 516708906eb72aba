"""An error's message is the whole of what a user is told."""

import pickle
from pathlib import Path

import pytest

from grader.errors import CourseError, SourceError


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("solutions/03_unit.py", "03_unit.py"),
        ("solutions/mistakes/03_unit.py", "mistakes/03_unit.py"),
        ("/work/mistakes/solutions/03_unit.py", "03_unit.py"),
        ("03_unit.py", "03_unit.py"),
    ],
)
def test_a_mistake_in_a_source_says_where_it_is_what_it_is_and_what_to_do(path, name):
    error = SourceError(Path(path), 7, "there is no title", "Add one")
    assert str(error) == f"{name}:7: there is no title. Add one."
    assert (error.path, error.line) == (Path(path), 7)


def test_a_mistake_in_a_source_is_something_that_a_user_can_put_right():
    with pytest.raises(CourseError, match=r"^03\.py:1: a\. b\.$"):
        raise SourceError(Path("03.py"), 1, "a", "b")


def test_an_error_travels_between_processes_with_its_message():
    error = pickle.loads(pickle.dumps(CourseError("한글, and\nmore")))
    assert type(error) is CourseError and str(error) == "한글, and\nmore"
