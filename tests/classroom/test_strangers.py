"""Who has a folder in submitted/ and is not on the roster."""

import json

import pytest

from grader.classroom.people import More, write_more
from grader.classroom.strangers import alike, not_on_roster
from grader.report.scores import Person

ADA = Person("ada", "Ada", "King", "ada@example.org", "77")


@pytest.fixture
def strangers(tmp_path):
    def strangers(known: list[Person], *students: str, graded: tuple[str, ...] = ()) -> dict[str, str]:
        return not_on_roster(tmp_path, known, set(graded), [(student, "03_unit") for student in students])

    return strangers


def test_a_class_without_a_roster_knows_no_strangers(strangers):
    by_grading = strangers([Person("bob")], "bob", "eve", graded=("bob",))
    assert strangers([], "eve") == by_grading == {}, "grading itself has put bob there"


@pytest.mark.parametrize("known", [[ADA], [Person("ada", email="a@b")], [Person("ada")]])
def test_on_a_roster_of_any_make(strangers, known):
    found = strangers(known, "ada", "zoe")
    said = "submitted/zoe: nobody on the roster has this id. Who is new has to be put there first: bncourse roster, or"
    assert found == {"zoe": f"{said} nbgrader db student add."}


def test_what_is_only_in_the_file_of_sections_is_a_roster(strangers, tmp_path):
    write_more(tmp_path, {"bob": More(["A"])})
    assert json.loads((tmp_path / ".bncourse" / "roster.json").read_text())
    assert list(strangers([Person("bob")], "bob", "eve", graded=("bob",))) == ["eve"]


@pytest.mark.parametrize("student", ["Ada", "ADA", "ada@example.org", "77", "Ada King", " ada"])
def test_another_name_of_somebody_s_says_whose(strangers, student):
    (text,) = strangers([ADA], student).values()
    assert text.startswith(f"submitted/{student}: the roster has this as ada (Ada King). Rename the folder to ada.")
    (text,) = strangers([ADA], student, "ada").values()
    assert text.endswith("submitted/ada is there, too: keep the right one, under that name.")


def test_names_are_compared_as_they_are_read_not_as_they_are_coded(strangers):
    composed, decomposed = "jürgen", "ju\u0308rgen"
    assert "the roster has this as jürgen" in strangers([Person(composed), ADA], decomposed)[decomposed]
    said = "are two students here. Are they one, in other letters? Then keep one (bncourse forget)."
    pairs = [" and ".join(sorted([composed, decomposed])), "S1 and s1"]
    assert alike([composed, decomposed, "S1", "s1", "bob"]) == [f"{pair} {said}" for pair in pairs]


def test_an_id_typed_wrong_names_the_nearest_and_no_terminal_obeys(strangers):
    roster = [Person("s1011", "Ada", "King"), Person("s2077")]
    assert "Is it s1011 (Ada King)? Then rename the folder." in strangers(roster, "s1O11")["s1O11"]
    assert "\x1b" not in strangers(roster, "\x1b[2J")["\x1b[2J"]
