"""A class list from Canvas, Moodle, GitHub Classroom or by hand: all of it on the roster, or named."""

import json

import pytest
from helpers.made_up_class import result, write, write_gradebook
from nbgrader.api import Gradebook

from grader.classroom.people import People, read_more
from grader.classroom.roster import print_imported
from grader.classroom.roster_import import import_roster
from grader.cli import main
from grader.errors import CourseError
from grader.report.scores import Person, grades_at

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Root Account,Section,Unit 3 (77),Current Score
    Points Possible,,,,,,15,(read only)
"King, Ada",101,u1,ada,school.example,Monday,12,
"김, 서연",102,u2,seoyeon,school.example,Tuesday,,
"O'Neil, Bob",103,u3,bob,school.example,Monday and Tuesday,,
"Rees, Analysis and",104,u4,rees,school.example,Salt and Pepper,,
"Student, Test",999,,a94a8fe5ccb19ba61c4c0873d391e987982fbbd3,school.example,Monday,,
"""
PARTICIPANTS = """First name,Last name,Email address,Groups
Ada,King,ada@example.org,"Monday, Evening"
서연,김,seoyeon@example.org,
"""
GRADES = """First name,Last name,ID number,Institution,Department,Email address,Assignment: Unit 3 (Real)
Ada,King,4711,,,ada@example.org,12.00
Bob,O'Neil,,,,bob@example.org,-
"""
WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed
Participant 31,Ada King,ada@example.org,Submitted for grading,,15.00,Yes
Participant 32,서연 김,seoyeon@example.org,No submission,,15.00,Yes
"""
GITHUB = """identifier,github_username,github_id,name
ada,ada-k,1,Ada King
bob,,,
"""


@pytest.fixture
def klass(tmp_path):
    """A class without a student."""
    directory = write(tmp_path / "bn", [])
    write_gradebook(directory, [])
    return directory


@pytest.fixture
def take(klass, tmp_path):
    """A function that imports a text or bytes."""

    def run(content: str | bytes, *arguments, **options):
        path = tmp_path / "roster.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return import_roster(klass, path, *arguments, **options)

    return run


def people(directory) -> dict[str, tuple]:
    students = grades_at(f"sqlite:///{directory / 'gradebook.db'}").students
    return {p.id: (p.first_name, p.last_name, p.email, p.lms_user_id) for p in students}


def test_canvas(take, klass):
    imported = take(CANVAS)
    assert imported.id_column == "SIS Login ID" and imported.problems == []
    assert people(klass) == {
        "ada": ("Ada", "King", "", "101"),
        "seoyeon": ("서연", "김", "", "102"),
        "bob": ("Bob", "O'Neil", "", "103"),
        "rees": ("Analysis and", "Rees", "", "104"),
    }
    sections = {id: more.sections for id, more in read_more(klass).items()}
    assert sections["bob"] == ["Monday", "Tuesday"], "both stand alone elsewhere"
    assert sections["rees"] == ["Salt and Pepper"] and sections["ada"] == ["Monday"]
    assert read_more(klass)["ada"].aliases == ["u1"]


def test_canvas_with_first_and_last_names(take, klass):
    head = "LastName,FirstName,ID,SIS Login ID,Section,Unit 3 (77)\n    Points Possible,,,,,15\n"
    take(f"{head}King,Ada,101,ada,Monday,12\nStudent,Test,999,a94a8,Monday,\n")
    assert people(klass) == {"ada": ("Ada", "King", "", "101")}


def test_canvas_before_the_first_assignment_posts_by_hand(take, klass):
    head, maxima, rest = CANVAS.split("\n", 2)
    manual = ",,,,,,Manual Posting,"
    assert sorted(take("\n".join([head, manual, maxima, rest])).added) == ["ada", "bob", "rees", "seoyeon"]


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
def test_each_form_with_its_ids(take, klass, text, column, ids):
    imported = take(text)
    assert imported.id_column == column and sorted(people(klass)) == ids and not imported.problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings(take, klass, encoding):
    content = PARTICIPANTS.replace(",", ";").replace('"Monday; Evening"', '"Monday, Evening"').encode(encoding)
    take(content if encoding != "utf-16-le" else b"\xff\xfe" + content)
    assert people(klass)["seoyeon@example.org"][:2] == ("서연", "김")
    assert read_more(klass)["ada@example.org"].sections == ["Monday", "Evening"]


def test_a_name_from_a_mac_is_composed(take, klass):
    take("id,first_name\nju\u0308rgen,Ju\u0308rgen\n")
    assert people(klass) == {"j\u00fcrgen": ("J\u00fcrgen", "", "", "")}


def test_other_columns(take, klass):
    text = "Matrikelnummer;Vorname;Nachname;Gruppe\n4711;Ada;King;A\n"
    columns = {"id": "Matrikelnummer", "first_name": "Vorname", "last_name": "nachname", "sections": "Gruppe"}
    assert take(text, columns=columns).added == ["4711"]
    assert people(klass)["4711"][:2] == ("Ada", "King") and read_more(klass)["4711"].sections == ["A"]
    take(GRADES, id_column="ID number")
    assert read_more(klass)["4711"].sections == ["A"] and people(klass)["4711"][2] == "ada@example.org"


def test_twice_changes_nothing(take, klass):
    assert len(take(CANVAS).added) == 4
    before = (klass / "gradebook.db").read_bytes(), (klass / ".bncourse" / "roster.json").read_bytes()
    again = take(CANVAS)
    assert (again.added, again.changed, len(again.unchanged)) == ([], [], 4)
    assert before == ((klass / "gradebook.db").read_bytes(), (klass / ".bncourse" / "roster.json").read_bytes())


def test_what_is_empty_stays_and_nobody_is_removed(take, klass):
    take(CANVAS)
    imported = take("id,first_name,email\nada,,ada@example.org\n")
    assert imported.changed == ["ada"] and imported.others == ["bob", "rees", "seoyeon"]
    assert people(klass)["ada"] == ("Ada", "King", "ada@example.org", "101") and len(people(klass)) == 4
    assert read_more(klass)["ada"].sections == ["Monday"]


def test_who_is_known_by_mail_or_number_keeps_the_id(take, klass, capsys):
    take("id,email,lms_user_id\nada,ADA@example.org,\nbob,,103\n")
    imported = take(WORKSHEET)
    assert imported.added == ["seoyeon@example.org"] and imported.changed == ["ada"]
    assert imported.under_another_id == ["ada@example.org is ada"]
    assert read_more(klass)["ada"].aliases == ["Participant 31", "ada@example.org"]
    assert take(CANVAS).under_another_id == [] and people(klass)["bob"][1] == "O'Neil"
    twice = take("id,email\nx,ada@example.org\ny,ada@example.org\n")
    assert twice.problems == ["line 3: 'y' is 'ada', who was met before"]


def test_a_name_in_one_piece_does_not_move_where_the_last_name_begins(take, klass):
    take("id,first_name,last_name\nada,José,de la Vega\nbob,Bob,Old\n")
    assert take("id,full name\nada,José de la Vega\nbob,Bob New\n").changed == ["bob"]
    assert people(klass)["ada"][:2] == ("José", "de la Vega") and people(klass)["bob"][:2] == ("Bob", "New")
    assert take('id,student\nada,"la Vega, José de"\n').changed == ["ada"]  # a comma says where it begins


def test_lines_that_cannot_be_used_are_named_and_the_others_taken(take, klass, capsys):
    text = (
        "id,first_name,email\nada,Ada,\n,Nobody,\na/b,Slash,\n.x,Dot,\nADA,Other,\nada,Another,\nbob,B\x1b[2J,\n"
        + f"{'l' * 129},Long,\nlong,{'n' * 129},\n*,Star,\neve,Eve,e@example.org\n"
    )
    imported = take(text)
    assert sorted(people(klass)) == ["ada", "eve"] and people(klass)["ada"][0] == "Ada"
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


def test_an_id_that_is_spelt_otherwise_in_the_gradebook(take, klass):
    take("id\nada\nju\u0308rgen\n")
    imported = take("id\nAda\nJÜRGEN\n")
    assert imported.added == [] and len(imported.problems) == 2 and len(people(klass)) == 2
    assert "'Ada' is spelt 'ada' in the gradebook" in imported.problems[0]


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
def test_files_that_are_none(take, klass, content, said):
    with pytest.raises(CourseError, match=said):
        take(content)
    assert people(klass) == {}


def test_columns_that_are_not_there(take):
    with pytest.raises(CourseError, match="no column 'Matrikel' in"):
        take(PARTICIPANTS, id_column="Matrikel")
    with pytest.raises(CourseError, match="no column 'nachname'"):
        take(PARTICIPANTS, columns={"last_name": "Nachname"})
    with pytest.raises(CourseError, match="none that holds ids"):
        take(PARTICIPANTS, id_column="Groups")


def test_a_gradebook_that_is_none(take, klass):
    (klass / "gradebook.db").write_bytes(b"no database" * 100)
    with pytest.raises(CourseError, match="Nothing was changed"):
        take(CANVAS)


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


def test_the_command(klass, tmp_path, capsys, monkeypatch):
    (tmp_path / "liste.csv").write_text("Nr;Name\n1;Ada King\n;Bob\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["roster", "bn", "liste.csv", "--column", "id=Nr"]) == 1
    out = capsys.readouterr().out
    assert "NOT TAKEN  liste.csv, line 3 (Bob): 'Nr' is empty" in out and "1 added" in out
    assert json.loads((klass / ".bncourse" / "roster.json").read_text()) == {"students": {}}
    assert main(["roster", "bn", "no-such.csv"]) == 2 and main(["roster", ".", "liste.csv", "--column", "id=Nr"]) == 2
    with pytest.raises(SystemExit):
        main(["roster", "bn", "liste.csv", "--column", "nonsense"])
    with pytest.raises(SystemExit):
        main(["roster", "--help"])
    assert "bncourse roster ~/bn-2026" in capsys.readouterr().out


def test_found_by_whatever_names_them(klass, take):
    take(CANVAS)
    take("id,github_username\nada,ada-k\n")
    everybody = grades_at(f"sqlite:///{klass / 'gradebook.db'}").students
    known = People(everybody, read_more(klass))
    assert known.called("ADA ") == known.called("ada-k") == known.called("u1") == {"ada"}
    assert known.named("King Ada") == known.named("ada_king") == {"ada"} and known.named("Bob ONeil") == {"bob"}
    assert (
        known.named("김서연") == {"seoyeon"} and known.numbered("102") == {"seoyeon"} and known.called("102") == set()
    )
    assert known.named("") == known.called("") == known.anyhow("nobody") == set()
    twins = People([Person("a", "Ann", "Lee"), Person("b", "Lee", "Ann")])
    assert twins.named("Ann Lee") == {"a", "b"}


def test_a_spoilt_file_of_sections_is_named(klass, take):
    (klass / ".bncourse").mkdir()
    (klass / ".bncourse" / "roster.json").write_text("{")
    with pytest.raises(CourseError, match=r"roster\.json cannot be read: delete it"):
        take(CANVAS)
    assert people(klass) == {}
