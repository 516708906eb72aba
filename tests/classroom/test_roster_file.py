"""A class list from Canvas, Moodle, GitHub Classroom or by hand: all of it is read, or named."""

import pytest
from helpers.rosters import CANVAS, GITHUB, GRADES, PARTICIPANTS, WORKSHEET, people

from grader.classroom.people import read_more
from grader.classroom.roster import print_imported
from grader.errors import CourseError


def test_canvas(enroll, empty_class):
    imported = enroll(CANVAS)
    assert imported.id_column == "SIS Login ID" and imported.problems == []
    assert people(empty_class) == {
        "ada": ("Ada", "King", "", "101"),
        "seoyeon": ("서연", "김", "", "102"),
        "bob": ("Bob", "O'Neil", "", "103"),
        "rees": ("Analysis and", "Rees", "", "104"),
    }
    sections = {id: more.sections for id, more in read_more(empty_class).items()}
    assert sections["bob"] == ["Monday", "Tuesday"], "both stand alone elsewhere"
    assert sections["rees"] == ["Salt and Pepper"] and sections["ada"] == ["Monday"]
    assert read_more(empty_class)["ada"].aliases == ["u1"]


def test_canvas_with_first_and_last_names(enroll, empty_class):
    head = "LastName,FirstName,ID,SIS Login ID,Section,Unit 3 (77)\n    Points Possible,,,,,15\n"
    enroll(f"{head}King,Ada,101,ada,Monday,12\nStudent,Test,999,a94a8,Monday,\n")
    assert people(empty_class) == {"ada": ("Ada", "King", "", "101")}


def test_canvas_before_the_first_assignment_posts_by_hand(enroll, empty_class):
    head, maxima, rest = CANVAS.split("\n", 2)
    manual = ",,,,,,Manual Posting,"
    assert sorted(enroll("\n".join([head, manual, maxima, rest])).added) == ["ada", "bob", "rees", "seoyeon"]


@pytest.mark.parametrize(
    "text, column, ids",
    [
        (PARTICIPANTS, "Email address", ["ada@example.org", "seoyeon@example.org"]),
        (GRADES, "Email address", ["ada@example.org", "bob@example.org"]),
        (GRADES.replace("O'Neil,,", "O'Neil,4712,"), "ID number", ["4711", "4712"]),
        (WORKSHEET, "Email address", ["ada@example.org", "seoyeon@example.org"]),
        (GITHUB, "identifier", ["ada", "bob"]),
        ("id,first_name,last_name,email,lms_user_id,section\nada,Ada,King,,7,A\n", "id", ["ada"]),
        ("ID;Surname\nada;King\n", "ID", ["ada"]),
        ("sep=;\r\nid;email\r\nada;a@example.org\r\n", "id", ["ada"]),
        ("id\tname\nada\tAda King\n", "id", ["ada"]),
        ("Username,First name,Surname,Group\nada,Ada,King,A\n", "Username", ["ada"]),
    ],
)
def test_each_form_with_its_ids(enroll, empty_class, text, column, ids):
    imported = enroll(text)
    assert imported.id_column == column and sorted(people(empty_class)) == ids and not imported.problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings(enroll, empty_class, encoding):
    content = PARTICIPANTS.replace(",", ";").replace('"Monday; Evening"', '"Monday, Evening"').encode(encoding)
    enroll(content if encoding != "utf-16-le" else b"\xff\xfe" + content)
    assert people(empty_class)["seoyeon@example.org"][:2] == ("서연", "김")
    assert read_more(empty_class)["ada@example.org"].sections == ["Monday", "Evening"]


def test_a_name_from_a_mac_is_composed(enroll, empty_class):
    enroll("id,first_name\nju\u0308rgen,Ju\u0308rgen\n")
    assert people(empty_class) == {"j\u00fcrgen": ("J\u00fcrgen", "", "", "")}


def test_other_columns(enroll, empty_class):
    text = "Matrikelnummer;Vorname;Nachname;Gruppe\n4711;Ada;King;A\n"
    columns = {"id": "Matrikelnummer", "first_name": "Vorname", "last_name": "nachname", "sections": "Gruppe"}
    assert enroll(text, columns=columns).added == ["4711"]
    assert people(empty_class)["4711"][:2] == ("Ada", "King") and read_more(empty_class)["4711"].sections == ["A"]
    enroll(GRADES, id_column="ID number")
    assert read_more(empty_class)["4711"].sections == ["A"] and people(empty_class)["4711"][2] == "ada@example.org"


def test_lines_that_cannot_be_used_are_named_and_the_others_taken(enroll, empty_class, capsys):
    text = (
        "id,first_name,email\nada,Ada,\n,Nobody,\na/b,Slash,\n.x,Dot,\nADA,Other,\nada,Another,\nbob,B\x1b[2J,\n"
        + f"{'l' * 129},Long,\nlong,{'n' * 129},\n*,Star,\neve,Eve,e@example.org\n"
    )
    imported = enroll(text)
    assert sorted(people(empty_class)) == ["ada", "eve"] and people(empty_class)["ada"][0] == "Ada"
    said = "\n".join(imported.problems)
    for part in (
        "line 8: its first_name has control characters",
        "line 3 (Nobody): 'id' is empty",
        "line 4: the id 'a/b' has '/' in it",
        "line 5: the id '.x' begins with a dot",
        "line 6: the id 'ADA' is that of line 2",
        "line 7: the id 'ada' is that of line 2",
        "line 9: its id is longer than 128",
        "line 10: its first_name is longer",
        "line 11: the id '*' has '*' in it",
    ):
        assert part in said
    assert print_imported(imported, "roster.csv") == 1
    out = capsys.readouterr().out
    assert out.count("NOT TAKEN  roster.csv, line") == 9 and "2 added" in out


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "no column that is known"),
        (b"a,b\n1,2\n", "or say which column is what"),
        (b"id\n", "has no student"),
        (b"first_name,last_name\nAda,King\n", "no column with ids"),
        ("id,first_name\n1,J\u00fcrgen\n".encode("cp1252"), 'save it as "CSV UTF-8"'),
        (b"PK\x03\x04 a spreadsheet", "save it as CSV"),
        (b"id,first_name\n1,\x00\n", "is no CSV file"),
        (b"id,name\n" + b"x" * 200_000 + b",\n", "is no CSV file"),
    ],
)
def test_files_that_are_none(enroll, empty_class, content, said):
    with pytest.raises(CourseError, match=said):
        enroll(content)
    assert people(empty_class) == {}


def test_columns_that_are_not_there(enroll):
    with pytest.raises(CourseError, match="no column 'Matrikel' in"):
        enroll(PARTICIPANTS, id_column="Matrikel")
    with pytest.raises(CourseError, match="no column 'nachname'"):
        enroll(PARTICIPANTS, columns={"last_name": "Nachname"})
    with pytest.raises(CourseError, match="none that holds ids"):
        enroll(PARTICIPANTS, id_column="Groups")
