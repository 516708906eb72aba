"""A class list gets into the gradebook; ids and points, and what the list leaves empty, stay as they were."""

import pytest
from helpers.made_up_class import result, write, write_gradebook
from helpers.rosters import CANVAS, WORKSHEET, people
from nbgrader.api import Gradebook

from grader.classroom.people import read_more
from grader.classroom.roster_import import import_roster
from grader.errors import CourseError


def test_twice_changes_nothing(enroll, empty_class):
    assert len(enroll(CANVAS).added) == 4
    before = (empty_class / "gradebook.db").read_bytes(), (empty_class / ".bncourse" / "roster.json").read_bytes()
    again = enroll(CANVAS)
    assert (again.added, again.changed, len(again.unchanged)) == ([], [], 4)
    assert before == (
        (empty_class / "gradebook.db").read_bytes(),
        (empty_class / ".bncourse" / "roster.json").read_bytes(),
    )


def test_what_is_empty_stays_and_nobody_is_removed(enroll, empty_class):
    enroll(CANVAS)
    imported = enroll("id,first_name,email\nada,,ada@example.org\n")
    assert imported.changed == ["ada"] and imported.others == ["bob", "rees", "seoyeon"]
    assert people(empty_class)["ada"] == ("Ada", "King", "ada@example.org", "101") and len(people(empty_class)) == 4
    assert read_more(empty_class)["ada"].sections == ["Monday"]


def test_who_is_known_by_mail_or_number_keeps_the_id(enroll, empty_class, capsys):
    enroll("id,email,lms_user_id\nada,ADA@example.org,\nbob,,103\n")
    imported = enroll(WORKSHEET)
    assert imported.added == ["seoyeon@example.org"] and imported.changed == ["ada"]
    assert imported.under_another_id == ["ada@example.org is ada"]
    assert read_more(empty_class)["ada"].aliases == ["Participant 31", "ada@example.org"]
    assert enroll(CANVAS).under_another_id == [] and people(empty_class)["bob"][1] == "O'Neil"
    twice = enroll("id,email\nx,ada@example.org\ny,ada@example.org\n")
    assert twice.problems == ["line 3: 'y' is 'ada', who was met before"]


def test_a_name_in_one_piece_does_not_move_where_the_last_name_begins(enroll, empty_class):
    enroll("id,first_name,last_name\nada,José,de la Vega\nbob,Bob,Old\n")
    assert enroll("id,full name\nada,José de la Vega\nbob,Bob New\n").changed == ["bob"]
    assert people(empty_class)["ada"][:2] == ("José", "de la Vega") and people(empty_class)["bob"][:2] == ("Bob", "New")
    assert enroll('id,student\nada,"la Vega, José de"\n').changed == ["ada"]  # a comma says where it begins


def test_an_id_that_is_spelt_otherwise_in_the_gradebook(enroll, empty_class):
    enroll("id\nada\nju\u0308rgen\n")
    imported = enroll("id\nAda\nJÜRGEN\n")
    assert imported.added == [] and len(imported.problems) == 2 and len(people(empty_class)) == 2
    assert "'Ada' is spelt 'ada' in the gradebook" in imported.problems[0]


def test_a_gradebook_that_is_none(enroll, empty_class):
    (empty_class / "gradebook.db").write_bytes(b"no database" * 100)
    with pytest.raises(CourseError, match="Nothing was changed"):
        enroll(CANVAS)


def test_the_points_stay(tmp_path):
    cells = [{"id": "a-0", "exercise": "a", "points": 1.0, "max_points": 2.0, "message": "", "hints": [], "kind": ""}]
    directory = write(tmp_path / "bn", [])
    write_gradebook(directory, [result("ada", "03_x", cells)])
    (tmp_path / "r.csv").write_text("id,first_name\nada,Ada\n")
    import_roster(directory, tmp_path / "r.csv")
    with Gradebook(f"sqlite:///{directory / 'gradebook.db'}", "made-up") as gradebook:
        assert (
            gradebook.find_submission("03_x", "ada").score == 1.0 and gradebook.find_student("ada").first_name == "Ada"
        )


def test_another_id_that_is_somebody_s_id_is_named(enroll, empty_class):
    """Who calls herself bob on GitHub is known by that, too: neither's file is taken without a word."""
    imported = enroll("id,github_username\neve,bob\nbob,bobs\nada,Ada\n")
    assert imported.added == ["eve", "bob", "ada"] and read_more(empty_class)["eve"].aliases == ["bob"]
    assert imported.problems == [
        "'bob' for eve alone: it is the id of bob; what comes under it is nobody's while both have it "
        "(see .bncourse/roster.json)"
    ]
