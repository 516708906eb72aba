"""Read a roster: Canvas's gradebook, Moodle's participants, grades or worksheet, GitHub Classroom's, plain CSV."""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from grader.classroom.people import same
from grader.classroom.submitted import name_problem
from grader.errors import CourseError
from grader.grading.outputs import line as in_a_line

MOST = 20 << 20  # bytes
LONGEST = 128  # characters, of nbgrader's columns
DELIMITERS = ",;\t"
CANVAS = {"sis user id", "sis login id", "section"}
NAMES = {  # a field's columns, in the systems' English exports and in nbgrader's own table
    "id": ["id"],
    "username": ["username", "user name"],
    "id number": ["id number", "idnumber", "student id"],
    "sis login id": ["sis login id"],
    "sis user id": ["sis user id"],
    "integration id": ["integration id"],
    "identifier": ["identifier"],
    "github": ["github username"],
    "first_name": ["first name", "firstname", "given name"],
    "last_name": ["last name", "lastname", "surname", "family name"],
    "name": ["student", "full name", "name", "user full name"],
    "email": ["email", "email address", "e-mail", "e-mail address"],
    "lms_user_id": ["lms user id", "user id"],
    "sections": ["section", "sections", "group", "groups"],
}
# Which column nbgrader's ids come from: the first of these in which everybody has one, and nobody another's.
IDS = ("id", "username", "sis login id", "sis user id", "id number", "identifier", "email", "lms_user_id")
OTHER_IDS = ("username", "id number", "sis login id", "sis user id", "integration id", "identifier", "github")


@dataclass
class Line:
    """A student in a roster file."""

    number: int  # of the line in the file
    id: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""
    sections: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    guessed: bool = False  # the file has the name in one piece, and where the last name begins is a guess


@dataclass
class RosterFile:
    """What a roster file holds, and a sentence on each line that cannot be used."""

    lines: list[Line]
    id_column: str
    problems: list[str]


def read_roster(path: Path, id_column: str = "", columns: dict[str, str] | None = None) -> RosterFile:
    """Read a roster file.

    id_column: the title of the column that nbgrader's ids are in; found where none is given.
    columns: by field, the title of its column, where that is none of NAMES.
    Raises CourseError, where nothing of it can be used.
    """
    text = _text(path)
    columns = {field: _title(name) for field, name in (columns or {}).items()}
    head, rows = _split(text, columns, path)
    titles = [_title(cell) for cell in head]
    canvas = "id" in titles and bool({"student", "lastname"} & set(titles)) and bool(CANVAS & set(titles))
    where = _columns(titles, columns, canvas)
    people, problems = [], []
    for number, cells in rows:
        values = {field: _clean(cells[at]) for field, at in where.items() if at < len(cells)}
        if canvas and _is_canvas_own(values, cells):
            continue
        if bad := next((f for f, v in values.items() if f != "sections" and not v.isprintable()), None):
            problems.append(f"line {number}: its {bad} has control characters in it")
            continue
        people.append((number, values))
    if not people:
        raise CourseError(f"{path.name} has no student in it.")
    chosen = _choose_ids(people, where, titles, id_column, path)
    lines = [_line(number, values, chosen) for number, values in people]
    lines, more = _checked(lines, in_a_line(head[where[chosen]], 60))
    _split_sections(lines, canvas)
    return RosterFile(lines, head[where[chosen]].strip(), problems + more)


def _text(path: Path) -> str:
    """The file's text. Raises CourseError."""
    try:
        if path.stat().st_size > MOST:
            raise CourseError(f"{path} is too large for a roster.")
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise CourseError(f"{path} is a spreadsheet or an archive: save it as CSV (UTF-8).")
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeError:
        raise CourseError(f'{path} is not in UTF-8: save it as "CSV UTF-8", so that no name is spoilt.') from None
    if "\0" in text:
        raise CourseError(f"{path} is no CSV file.")
    return text


def _split(text: str, columns: dict[str, str], path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The titles, and the other rows with their lines' numbers, cut where most titles are known."""
    known = {name for names in NAMES.values() for name in names} | set(columns.values())
    best: tuple[int, list] = (0, [])
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            rows, number = [], 1
            for cells in reader:
                rows.append((number, cells))
                number = reader.line_num + 1
        except csv.Error as error:
            raise CourseError(f"{path} is no CSV file: {error} (line {reader.line_num}).") from None
        if rows and re.fullmatch(r"sep=.?", delimiter.join(rows[0][1]).strip()):  # as spreadsheets write it
            rows = rows[1:]
        rows = [(n, cells) for n, cells in rows if any(cell.strip() for cell in cells)]
        score = sum(_title(cell) in known for cell in rows[0][1]) if rows else 0
        if score > best[0]:
            best = (score, rows)
    if not best[0]:
        expected = "id, first_name, last_name, email, lms_user_id, section"
        raise CourseError(
            f"{path} has no column that is known in its first line. Expected are Canvas's or Moodle's own export, or "
            f"some of: {expected}; or say which column is what, such as --column id=Matrikelnummer."
        )
    rows = best[1]
    return rows[0][1], rows[1:]


def _listed(titles: list[str]) -> str:
    return in_a_line(", ".join(map(repr, titles)))


def _title(cell: str) -> str:
    return " ".join(same(cell).replace("_", " ").split())


def _clean(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFC", cell).split(" ")).strip()


def _columns(titles: list[str], columns: dict[str, str], canvas: bool) -> dict[str, int]:
    """By field, which column it is in."""
    where = {}
    for wanted, names in NAMES.items():
        at = next((titles.index(name) for name in names if name in titles), None)
        if at is not None:
            where[wanted] = at
    if canvas and "id" in where:  # Canvas's own number, under this title
        where["lms_user_id"] = where.pop("id")
    for wanted, title in columns.items():
        if title not in titles:
            raise CourseError(f"There is no column {title!r}; there are: {_listed(titles)}.")
        where[wanted] = titles.index(title)
    return where


def _is_canvas_own(values: dict[str, str], cells: list[str]) -> bool:
    """Whether a line of Canvas's gradebook is none of a student's: maxima, what is posted by hand, its test student."""
    first = cells[0].strip()
    if first in ("Student, Test", "Test Student") or [cell.strip() for cell in cells[:2]] == ["Student", "Test"]:
        return True
    nobody = not any(values.get(key) for key in ("lms_user_id", "sis user id", "sis login id"))
    return nobody and (not first or first.startswith(("Points Possible", "Manual Posting")))


def _choose_ids(people: list, where: dict[str, int], titles: list[str], asked: str, path: Path) -> str:
    """The field that the ids are in. Raises CourseError where there is none."""
    if asked:
        if _title(asked) not in titles:
            raise CourseError(f"There is no column {asked!r} in {path.name}; there are: {_listed(titles)}.")
        at = titles.index(_title(asked))
        chosen = next((field for field, column in where.items() if column == at), None)
        if chosen is None or chosen == "sections":
            raise CourseError(f"The column {asked!r} is none that holds ids: name it with --column id={asked!r}.")
        return chosen
    worksheet = "name" in where and "github" not in where  # whose Identifier is of one assignment alone
    fields = [field for field in IDS if field in where and not (field == "identifier" and worksheet)]
    for chosen in fields:
        ids = [values.get(chosen, "") for _, values in people]
        if all(ids) and len(set(map(same, ids))) == len(ids):
            return chosen
    filled = [field for field in fields if any(values.get(field) for _, values in people)]
    if not filled:
        raise CourseError(f"{path.name} has no column with ids or e-mail addresses.")
    return filled[0]


def _line(number: int, values: dict[str, str], chosen: str) -> Line:
    first, last = values.get("first_name", ""), values.get("last_name", "")
    guessed = not first and not last and "," not in values.get("name", "")
    if not first and not last:
        first, last = _split_name(values.get("name", ""))
    others = [values.get(key, "") for key in OTHER_IDS if key != chosen]
    sections = values.get("sections", "")
    return Line(
        number,
        values.get(chosen, ""),
        first,
        last,
        values.get("email", ""),
        values.get("lms_user_id", ""),
        [sections] if sections else [],
        list(dict.fromkeys(alias for alias in others if alias and alias != values.get(chosen))),
        guessed,
    )


def _split_name(name: str) -> tuple[str, str]:
    """First and last name: of "King, Ada", or with the last word as last name."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def _checked(lines: list[Line], column: str) -> tuple[list[Line], list[str]]:
    """The lines that can be used, one a student, and a sentence on each other."""
    kept: dict[str, Line] = {}
    problems = []
    for entry in lines:
        where = f"line {entry.number}"
        who = in_a_line(" ".join([entry.first_name, entry.last_name]).strip() or entry.email, 60)
        there = kept.get(same(entry.id))
        if not entry.id:
            problems.append(f"{where} ({who}): {column!r} is empty; fill it in, or choose another column with --id")
        elif problem := name_problem(entry.id):
            problem = problem.removeprefix("its name ").replace("is not in UTF-8", "is no text")
            problems.append(f"{where}: the id {in_a_line(entry.id, 60)!r} {problem}")
        elif too_long := next((k for k, v in vars(entry).items() if isinstance(v, str) and len(v) > LONGEST), None):
            problems.append(f"{where}: its {too_long} is longer than {LONGEST} characters")
        elif there and (there.id, there.first_name, there.last_name) == (entry.id, entry.first_name, entry.last_name):
            there.sections += [section for section in entry.sections if section not in there.sections]
        elif there:
            problems.append(f"{where}: the id {entry.id!r} is that of line {there.number} ({there.id!r})")
        else:
            kept[same(entry.id)] = entry
    return list(kept.values()), problems


def _split_sections(lines: list[Line], canvas: bool) -> None:
    """Several sections in one cell: Moodle's "A, B"; Canvas's "A and B", where both stand alone elsewhere."""
    alone = {section for entry in lines for section in entry.sections}
    for entry in lines:
        split = []
        for text in entry.sections:
            parts = re.split(r",? and |, " if canvas else r"[,;]\s*", text)
            parts = [part.strip() for part in parts if part.strip()]
            split += parts if not canvas or all(part in alone for part in parts) else [text]
        entry.sections = list(dict.fromkeys(split))
