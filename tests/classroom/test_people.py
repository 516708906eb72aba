"""Students are found by whatever names them; where what is known beside nbgrader's table is spoilt, it is said."""

import pytest
from helpers.rosters import CANVAS, people

from grader.classroom.people import More, People, read_more
from grader.errors import CourseError
from grader.report.scores import Person, grades_at


def test_found_by_whatever_names_them(empty_class, enroll):
    enroll(CANVAS)
    enroll("id,github_username\nada,ada-k\n")
    everybody = grades_at(f"sqlite:///{empty_class / 'gradebook.db'}").students
    known = People(everybody, read_more(empty_class))
    assert known.called("ADA ") == known.called("ada-k") == known.called("u1") == {"ada"}
    assert known.named("King Ada") == known.named("ada_king") == {"ada"} and known.named("Bob ONeil") == {"bob"}
    assert (
        known.named("김서연") == {"seoyeon"} and known.numbered("102") == {"seoyeon"} and known.called("102") == set()
    )
    assert known.named("") == known.called("") == known.anyhow("nobody") == set()
    taken = People([Person("bob"), Person("Bob"), Person("eve")], {"eve": More([], ["bob"])})
    assert taken.called("bob") == {"bob", "eve"}, "an id to the letter, and another's name on GitHub"
    assert taken.called("Bob") == {"Bob", "eve"} and taken.called("BOB") == {"Bob", "bob", "eve"}
    twins = People([Person("a", "Ann", "Lee"), Person("b", "Lee", "Ann")])
    assert twins.named("Ann Lee") == {"a", "b"}


def test_a_spoilt_file_of_sections_is_named(empty_class, enroll):
    (empty_class / ".bncourse").mkdir()
    (empty_class / ".bncourse" / "roster.json").write_text("{")
    with pytest.raises(CourseError, match=r"roster\.json cannot be read: delete it"):
        enroll(CANVAS)
    assert people(empty_class) == {}
