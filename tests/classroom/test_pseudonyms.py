"""Made-up names: a student's is always the same in a class, whoever else is asked for, and another in each class."""

import os

import pytest

from grader.classroom.pseudonyms import pseudonyms
from grader.errors import CourseError
from grader.grading.store import Store


def test_the_same_in_a_class_and_another_elsewhere(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    names = pseudonyms(one, ["ada", "서연", os.fsdecode(b"\xff")])
    assert len(set(names.values())) == 3 and not {"ada", "서연"} & {*names.values()}
    assert pseudonyms(one, ["ada"])["ada"] == names["ada"]
    assert pseudonyms(two, ["ada"])["ada"] != names["ada"]


def test_not_while_another_command_is_at_work(tmp_path):
    with Store(tmp_path).locked(), pytest.raises(CourseError, match="at work on"):
        pseudonyms(tmp_path, ["ada"])
    (tmp_path / ".bncourse" / "pseudonyms.key").write_bytes(b"short")
    with pytest.raises(CourseError, match=r"pseudonyms\.key is no key: delete it"):
        pseudonyms(tmp_path, ["ada"])
