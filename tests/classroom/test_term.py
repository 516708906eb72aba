"""A term of 120 made-up students, from the class list to grades in the LMS; each number is a hand-kept ledger's.

What students hand in, and how, is what a real term brought; see ODD. The ledger knows only what was written into each
notebook, which points a person gave and who was late: nothing of it comes from the grader.
"""

import csv
import io
import re
import unicodedata
import warnings
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from helpers.tiny import write_tiny
from nbgrader.api import Gradebook
from nbgrader.apps.exportapp import ExportApp
from sqlalchemy.exc import SAWarning

from grader.authoring.build import build
from grader.classroom.course import make_class
from grader.classroom.standings import read_totals
from grader.cli import main
from grader.grading.jail import JailError, check_available

pytestmark = pytest.mark.slow

ONE, TWO = "91_essay", "90_tiny"
ESSAY = """# %% [markdown] manual="essay" points=3
# **Why?**
#
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION

# %%
scoreboard()"""
LATE = """
from nbgrader.plugins import BasePlugin


class ADayAPoint(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return min(score, -(-total_seconds_late // 86400))
"""
DUE = datetime(2026, 10, 20, 12)
GIVEN = ["Ada", "서연", "Jürgen", "Anne-Marie", "José", "D'Arcy", "Li", "Nguyễn"]
FAMILY = ["King", "김", "Müller-Groß", "O'Neil", "de la Vega", "Curie"]
STUDENTS = [f"s{i:03}" for i in range(120)]
PAD = "".join(
    f"    # line {n} of an answer that two students share, to the letter and beyond chance\n" for n in range(6)
)
RIGHT = "def normalize(x, mean, var, eps=1e-5):\n    x_hat = (x - mean) / np.sqrt(var + eps)\n    return x_hat\n"
WRONG = RIGHT.replace("np.sqrt(var + eps)", "(np.sqrt(var) + eps)")
HINT = "eps stands inside the square root."
# (normalize, q_epsilon) and what they earn of 2 and 1; the kinds in turn.
KINDS = [((RIGHT, '"b"'), (2, 1)), ((WRONG, '"b"'), (0, 1)), ((RIGHT, '"a"'), (2, 0)), ((None, None), (0, 0))]
# Whoever handed something odd in, and what has to be said of it. By Moodle: up to s059; by Canvas: from s060.
ODD = {
    "zip": "s003",  # a zip in the zip, with the 250 files of a .git before the notebook
    "renamed": "s004",
    "html": "s005",
    "newer": "s006",  # UNIT-1 beside UNIT
    "py": "s007",
    "decomposed": "s010",  # as a Mac writes Jürgen
    "capitals": "s009",  # .IPYNB
    "txt": "s016",
    "two": "s011",
    "cut": "s019",  # the file ends in its middle
    "pdf": "s017",  # beside the notebook
    "alike": ("s030", "s032"),
    "one name": ("s040", "s041"),
    "again": "s066",  # UNIT-1 at Canvas
    "utf16": "s024",
}
NOTHING = ["s012", "s013", "s014", "s100", "s101"]
DAYS_LATE = {"s022": 2, "s023": 1}  # by Moodle's worksheet
MARKED_LATE = ["s070", "s072", "s080"]  # by Canvas, which does not say how late: the first day
WITHOUT = ["s005", "s007", "s011", "s019"]  # a file that cannot be graded


@dataclass
class Ledger:
    """What a student has earned, kept by hand."""

    parts: dict[str, tuple[float, float]] = field(default_factory=dict)  # by unit, at normalize and q_epsilon
    essay: float = 0
    penalty: float = 0

    def points(self, unit: str) -> float | None:
        if unit not in self.parts:
            return None
        earned = sum(self.parts[unit]) + (self.essay if unit == ONE else 0)
        return max(0.0, earned - (self.penalty if unit == ONE else 0))


@pytest.fixture(scope="module")
def essay_unit(tmp_path_factory) -> Path:
    lesson = write_tiny(tmp_path_factory.mktemp("essay"))
    mistakes = lesson.parent / "mistakes" / lesson.name
    mistakes.rename(mistakes.with_name(f"{ONE}.py"))
    text = (
        lesson.read_text(encoding="utf-8").replace("# %%\nscoreboard()", ESSAY).replace("title: Tiny", "title: Essay")
    )
    lesson.unlink()
    lesson = lesson.with_name(f"{ONE}.py")
    lesson.write_text(text, encoding="utf-8")
    build(lesson)
    return lesson


class Term:
    """A class, what is typed in its term, and the ledger."""

    def __init__(self, directory: Path, capsys) -> None:
        self.directory, self.capsys, self.files = directory, capsys, directory.parent
        self.ledger = {student: Ledger() for student in STUDENTS}
        self.released: dict[str, str] = {}

    def run(self, *arguments: object, status: int = 0) -> str:
        """Type a command; what it said."""
        came = main([*map(str, arguments)])
        said = self.capsys.readouterr()
        assert came == status, said.out + said.err
        return said.out

    def book(self) -> Gradebook:
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own use of SQLAlchemy
        return Gradebook(f"sqlite:///{self.directory / 'gradebook.db'}", self.directory.name)

    def notebook(self, unit: str, kind: int, essay: str = "", pad: str = "") -> str:
        """The released notebook with a kind's answers."""
        released = self.released.setdefault(unit, (self.directory / f"release/{unit}/{unit}.ipynb").read_text("utf-8"))
        normalize, epsilon = KINDS[kind][0]
        answers = {"normalize": normalize and normalize.replace("\n", f"\n{pad}", 1), "essay": essay or None}
        answers["q_epsilon"] = epsilon and f"q_epsilon = {epsilon}"
        notebook = nbformat.reads(released, as_version=4)
        for cell in notebook.cells:
            cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id")) or cell.source
        return nbformat.writes(notebook)

    def give(self, points: dict[str, float]) -> None:
        """A person's points for essays, as formgrader writes them, and into the ledger."""
        with self.book() as book:
            for student, value in points.items():
                grade = book.find_grade("essay", ONE, ONE, student)
                grade.manual_score, grade.needs_manual_grade = value, False
                self.ledger[student].essay = value
            book.db.commit()

    def check(self) -> None:
        """Each total is the ledger's."""
        rows = {row.id: row for row in read_totals(self.directory, []).rows}
        there = {student: ledger for student, ledger in self.ledger.items() if ledger is not None}
        assert {s: row.points.get(ONE) for s, row in rows.items()} == {s: le.points(ONE) for s, le in there.items()}
        if TWO in next(iter(rows.values())).points:
            assert {s: row.points[TWO] for s, row in rows.items()} == {s: le.points(TWO) for s, le in there.items()}


def name_of(i: int) -> tuple[str, str]:
    """First and last name. Two have the same."""
    if STUDENTS[i] in ODD["one name"]:
        return "Min", "Kim"
    return GIVEN[i % 8], f"{FAMILY[i % 6]} {chr(65 + i % 26)}{chr(97 + i // 26)}"


def filed(name: str) -> str:
    """A name as an LMS writes it into a file's name."""
    return "".join(c for c in name if c not in "'\"&<>:|/\\")


def kind_of(i: int) -> int:
    if STUDENTS[i] in ODD["alike"]:
        return 0
    return i % len(KINDS)


def rosters(term: Term) -> None:
    """Canvas's gradebook has all; Moodle's participants and its worksheet know more of the first sixty."""
    with open(term.files / "canvas.csv", "w", encoding="utf-8-sig") as file:
        file.write("Student,ID,SIS User ID,SIS Login ID,Section,Unit (77)\n    Points Possible,,,,,6\n")
        for i, student in enumerate(STUDENTS):
            first, last = name_of(i)
            file.write(f'"{last}, {first}",{5000 + i},u{5000 + i},{student},{"Tue" if i % 2 else "Mon"},\n')
        file.write('"Student, Test",9,,abc,Mon,\n')
    with open(term.files / "moodle.csv", "w", encoding="utf-16") as file:
        file.write("First name;Last name;ID number;Email address\n")
        for i, student in enumerate(STUDENTS[:60]):
            file.write(";".join([*name_of(i), student, f"{student}@example.org"]) + "\n")
    with open(term.files / "worksheet.csv", "w", encoding="utf-8-sig") as file:
        file.write('Identifier,"Full name","Email address",Status,Grade,"Last modified (submission)"\n')
        for i, student in enumerate(STUDENTS[:60]):
            when = DUE - timedelta(days=1) + timedelta(days=DAYS_LATE.get(student, 0)) + timedelta(hours=1)
            when += timedelta(hours=22) if student in DAYS_LATE else timedelta()
            local = f"{datetime.fromtimestamp(when.timestamp()):%A, %-d %B %Y, %I:%M %p}"
            time = "-" if student in NOTHING else local
            file.write(f'Participant {9000 + i},"{" ".join(name_of(i))}",{student}@example.org,,,"{time}"\n')
    said = term.run("roster", term.directory, term.files / "canvas.csv")
    assert "Ids from the column 'SIS Login ID': 120 added, 0 changed, 0 as before." in said
    assert "0 added, 60 changed, 0 as before" in term.run("roster", term.directory, term.files / "moodle.csv")
    assert "0 added" in term.run("roster", term.directory, term.files / "worksheet.csv")
    assert "0 added, 0 changed, 120 as before" in term.run("roster", term.directory, term.files / "canvas.csv")


def moodle_zip(term: Term) -> Path:
    odd = {student: what for what, who in ODD.items() for student in ([who] if isinstance(who, str) else who)}
    file = term.files / "moodle.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, student in enumerate(STUDENTS[:60]):
            if student in NOTHING:
                continue
            what, kind = odd.get(student), kind_of(i)
            book = term.notebook(ONE, kind, essay=f"**Why?** I am {student}.", pad=PAD if what == "alike" else "")
            folder = f"{filed(' '.join(name_of(i)))}_{9000 + i}_assignsubmission_file"
            if what == "decomposed":
                folder = unicodedata.normalize("NFD", folder)

            def put(name: str, content: str | bytes, folder: str = folder) -> None:
                archive.writestr(zipfile.ZipInfo(f"{folder}/{name}", (2026, 10, 25, 8, 0, 0)), content)

            if what == "zip":
                inner = io.BytesIO()
                with zipfile.ZipFile(inner, "w") as nested:
                    for n in range(250):
                        nested.writestr(f"hw/.git/objects/{n:03}", b"x" * 50)
                    nested.writestr(f"hw/{ONE}.ipynb", book)
                put("hw.zip", inner.getvalue())
            elif what == "newer":
                put(f"{ONE}.ipynb", term.notebook(ONE, 3))
                put(f"{ONE}-1.ipynb", book)
            elif what == "two":
                put("mine.ipynb", book)
                put("other.ipynb", term.notebook(ONE, 3))
            else:
                names = {"renamed": "Untitled.ipynb", "capitals": f"{ONE}.IPYNB", "txt": f"{ONE}.ipynb.txt"}
                names |= {"html": f"{ONE}.html", "py": f"{ONE}.py"}
                text = book[: len(book) // 2] if what == "cut" else book
                put(names.get(what, f"{ONE}.ipynb"), text.encode("utf-16") if what == "utf16" else text)
                if what == "pdf":
                    put(f"{ONE}.pdf", b"%PDF-1.4")
            if student not in WITHOUT:
                term.ledger[student].parts[ONE] = KINDS[kind][1]
        archive.writestr(f"Nobody Known_9999_assignsubmission_file/{ONE}.ipynb", term.notebook(ONE, 0))
    return file


def canvas_zip(term: Term) -> Path:
    file = term.files / "canvas.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, student in [*enumerate(STUDENTS)][60:]:
            if student in NOTHING:
                continue
            first, last = name_of(i)
            name = re.sub(r"[^\w]", "", filed(last + first)).lower()
            late = "LATE_" if student in MARKED_LATE else ""
            copy = "-1" if student == ODD["again"] else ""
            book = term.notebook(ONE, kind_of(i), essay=f"**Why?** I am {student}.")
            archive.writestr(f"{name}_{late}{5000 + i}_{70000 + i}_{ONE}{copy}.ipynb", book)
            term.ledger[student].parts[ONE] = KINDS[kind_of(i)][1]
    return file


def test_a_term(essay_unit, built, tmp_path, capsys, monkeypatch):
    try:
        check_available()
    except JailError as error:
        pytest.skip(str(error))
    term = Term(tmp_path / "bn-2026", capsys)
    klass, ledger = term.directory, term.ledger
    make_class(klass, [essay_unit, built], quietly=True)
    (klass / "late.py").write_text(LATE)
    with open(klass / "nbgrader_config.py", "a") as config:
        config.write("c.AssignLatePenalties.plugin_class = 'late.ADayAPoint'\n")
    rosters(term)
    with term.book() as book:
        book.update_or_create_assignment(ONE, duedate=f"{DUE:%Y-%m-%d %H:%M} UTC")

    # Taken in: what cannot be used is named, all else is there, and the same again changes nothing.
    given = [moodle_zip(term), canvas_zip(term), term.files / "worksheet.csv"]
    dry = term.run("collect", klass, ONE, *given, "--dry-run", status=1)
    assert not list((klass / "submitted").iterdir())
    said = term.run("collect", klass, ONE, *given, status=1)
    collected = [s for s in STUDENTS if s not in NOTHING and s not in ("s005", "s007", "s011")]
    assert f"{len(collected)} collected, 0 replaced by a newer one, 0 as before" in said
    assert f"Would be: {len(collected)} collected" in dry
    assert sorted(p.name for p in (klass / "submitted").iterdir()) == collected
    refused = [line for line in said.splitlines() if line.startswith("NOT TAKEN")]
    assert [line.split()[2] for line in refused] == ["s005", "s007", "s011"]
    assert sum("Nobody Known" in line for line in said.splitlines() if line.startswith("NOBODY'S")) == 1
    for student, words in (("s004", "Untitled.ipynb is taken"), ("s006", "the newest of 2"), ("s017", "left out")):
        assert any(student in line and words in line for line in said.splitlines()), (student, words)
    assert f"0 collected, 0 replaced by a newer one, {len(collected)} as before" in term.run(
        "collect", klass, ONE, *given, status=1
    )

    # Graded: a file that is cut short fails, essays wait, copied answers and late work are named.
    for student, days in {**DAYS_LATE, **dict.fromkeys(MARKED_LATE, 1)}.items():
        ledger[student].penalty = days
    said = term.run("grade", klass, status=1)
    unanswered = [s for s in STUDENTS if ONE in ledger[s].parts]
    assert len([line for line in said.splitlines() if line.startswith("FAILED")]) == 1 and "FAILED   s019" in said
    assert re.search(rf"BY HAND  {ONE}: {len(unanswered)} submissions wait for points", said)
    alike = [line for line in said.splitlines() if line.startswith("LOOK") and "the same code" in line]
    assert len(alike) == 2 and all(any(s in line for line in alike) for s in ODD["alike"])
    for student in unanswered:  # the penalty takes what is there, and no more
        earned = sum(ledger[student].parts[ONE])
        ledger[student].penalty = min(ledger[student].penalty, earned)
    term.check()
    assert len(read_totals(klass, []).remarks) == 2

    # A person reads the essays; penalties are computed anew, and nothing is run for that.
    term.give({student: int(student[1:]) % 4 for student in unanswered})
    for student, days in {**DAYS_LATE, **dict.fromkeys(MARKED_LATE, 1)}.items():
        le = ledger[student]
        le.penalty = min(days, sum(le.parts[ONE]) + le.essay)
    said = term.run("grade", klass, status=1)  # s019 still fails
    assert f"{len(unanswered) + 1} of them graded before" in said and "BY HAND" not in said
    term.check()
    with term.book() as book:
        book.grant_extension(ONE, "s022", days=1)
    ledger["s022"].penalty = 1
    assert "CHANGED  s022" in term.run("grade", klass, status=1)
    term.check()

    # Two hand in again: s005 a notebook at last, s025 a better one. Nobody else's is run.
    with zipfile.ZipFile(term.files / "again.zip", "w") as archive:
        for student, kind in (("s005", 0), ("s025", 0)):
            i = int(student[1:])
            folder = f"{filed(' '.join(name_of(i)))}_{9000 + i}_assignsubmission_file"
            entry = zipfile.ZipInfo(f"{folder}/{ONE}.ipynb", (2026, 11, 1, 9, 0, 0))
            archive.writestr(entry, term.notebook(ONE, kind, essay=f"**Why?** I am {student}."))
            ledger[student].parts[ONE] = KINDS[kind][1]
    said = term.run("collect", klass, ONE, term.files / "again.zip", "--times", "none")
    assert "1 collected, 1 replaced by a newer one, 0 as before" in said
    said = term.run("grade", klass, status=1)
    assert f"{len(unanswered)} of them graded before" in said and "CHANGED  s025" in said
    # The essay of s025 is the same, so the points that a person gave it stay; that of s005 was not read yet.
    waiting = [line for line in said.splitlines() if line.startswith("BY HAND")]
    assert [line.rpartition(": ")[2] for line in waiting] == ["s005"]
    term.give({"s005": 2.5})
    term.check()

    # The second unit, of twelve students in folders; then one of its checks is changed, and all are graded again.
    few = STUDENTS[24:36]
    for i, student in enumerate(few):
        folder = klass / "submitted" / student / TWO
        folder.mkdir(parents=True)
        (folder / f"{TWO}.ipynb").write_text(term.notebook(TWO, (i + 1) % 4), encoding="utf-8")
        ledger[student].parts[TWO] = KINDS[(i + 1) % 4][1]
    term.run("grade", klass, "90")
    term.check()
    source = klass / "source" / TWO / f"{TWO}.ipynb"
    notebook = nbformat.read(source, as_version=4)
    (cell,) = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "q_epsilon-answer"]
    cell.metadata.nbgrader.points = 4
    nbformat.write(notebook, source)
    make_class(klass, [built], quietly=True)
    capsys.readouterr()
    said = term.run("grade", klass, "90")
    for student in few:
        normalize, epsilon = ledger[student].parts[TWO]
        ledger[student].parts[TWO] = (normalize, 4 * epsilon)
        assert (f"CHANGED  {student}" in said) == bool(epsilon)
    term.check()

    # Given back: a page each, by the names of the LMS that it came from.
    said = term.run("feedback", klass, ONE, "--zip", term.files / "moodle-feedback.zip", "--lms", "moodle", status=1)
    with zipfile.ZipFile(term.files / "moodle-feedback.zip") as pages:
        numbers = {int(re.search(r"_(\d+)_assignsubmission_file", name)[1]) - 9000 for name in pages.namelist()}
    assert numbers == {int(s[1:]) for s in STUDENTS[:60] if ONE in ledger[s].parts}
    term.run("feedback", klass, ONE, "--zip", term.files / "canvas-feedback.zip", "--lms", "canvas", status=1)
    with zipfile.ZipFile(term.files / "canvas-feedback.zip") as pages:
        numbers = {int(re.search(r"_(\d+)_7\d{4}_", name)[1]) - 5000 for name in pages.namelist()}
    assert numbers == {int(s[1:]) for s in STUDENTS[60:] if ONE in ledger[s].parts}

    totals_and_exports(term, monkeypatch)
    report(term)
    forget(term)


def totals_and_exports(term: Term, monkeypatch) -> None:
    """The sum, per cent, pass mark and sections, and both files for the LMS, by the ledger."""
    klass, ledger = term.directory, term.ledger
    term.run("totals", klass, "--pass", "60", "--csv", term.files / "totals.csv", status=1)
    with open(term.files / "totals.csv", encoding="utf-8-sig", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert len(rows) == 120
    passed = Counter()
    for i, student in enumerate(STUDENTS):
        total = sum(ledger[student].points(unit) or 0 for unit in (ONE, TWO))
        share = 100 * total / 12  # 6 of the first unit, 2 and 4 of the second
        row = rows[student]
        assert (float(row["sum"]), row["out_of"], row["section"]) == (total, "12", "Tue" if i % 2 else "Mon")
        assert float(row["percent"]) == pytest.approx(share, abs=0.1)
        assert row["passed"] == ("yes" if share >= 60 else "no")
        passed[row["section"]] += share >= 60
    said = term.run("totals", klass, "--pass", "60", status=1)
    assert "All: 120 students" in said and f"{passed.total()} with 60 % or more." in said
    assert re.search(rf"Mon: 60 students, .* {passed['Mon']} with 60 % or more\.", said)
    said = term.run("totals", klass, "--pseudonyms", status=1)
    assert not any(s in said for s in STUDENTS) and "Curie" not in said

    monkeypatch.chdir(klass)
    for plugin, to in (("MoodleExportPlugin", "moodle.csv"), ("CanvasExportPlugin", "canvas.csv")):
        app = ExportApp()
        app.initialize([f"--exporter=grader.classroom.exporters.{plugin}", f"--to={to}"])
        app.start()
    with open("moodle.csv", encoding="utf-8-sig", newline="") as file:
        moodle = {row["Username"]: row for row in csv.DictReader(file)}
    with open("canvas.csv", encoding="utf-8-sig", newline="") as file:
        canvas = {row["SIS Login ID"]: row for row in csv.DictReader(file) if row["SIS Login ID"]}
    assert set(moodle) == set(canvas) == set(STUDENTS)
    for i, student in enumerate(STUDENTS):
        for unit in (ONE, TWO):
            points = ledger[student].points(unit)
            assert moodle[student][unit] == ("-" if points is None else f"{points:g}")
            assert canvas[student][unit] == ("" if points is None else f"{points:g}")
        assert canvas[student]["ID"] == str(5000 + i) and moodle[student]["Last name"] == name_of(i)[1]


def report(term: Term) -> None:
    """Who has not handed in, who made which mistake, how hard an exercise was, by the ledger."""
    from bs4 import BeautifulSoup

    term.run("report", term.directory, "--pass", "50")
    soup = BeautifulSoup((term.directory / "report.html").read_text(encoding="utf-8"), "html.parser")
    text = soup.get_text(" ")
    assert "needs a score" not in text and "1 failed" in text
    section = {h2.get_text(): h2 for h2 in soup.find_all("h2")}
    assert "Answers that students share" in section and all(s in text for s in ODD["alike"])
    absent = [s for s in STUDENTS if not (term.directory / "submitted" / s).exists()]
    said = soup.find(string=re.compile("handed in nothing")).parent
    assert f"{len(absent)} students handed in nothing" == said.get_text()
    assert all(s in said.parent.get_text() for s in absent)
    in_one = {s: ledger for s, ledger in term.ledger.items() if ONE in ledger.parts}
    (fold,) = [d for d in _unit(section[ONE]).find_all("details", class_="who") if HINT in d.get_text()]
    eps = [s for i, s in enumerate(STUDENTS) if s in in_one and in_one[s].parts[ONE] == KINDS[1][1]]
    assert sorted(re.findall(r"s\d\d\d", fold.p.get_text())) == eps
    assert f"{len(eps)} students" in fold.summary.get_text()
    mean = sum(ledger.parts[ONE][0] for ledger in in_one.values()) / len(in_one) / 2
    essays = sum(ledger.essay for ledger in in_one.values()) / len(in_one) / 3
    cells = {row.th.get_text(): row.find_all("td")[1].get_text() for row in _unit(section[ONE]).tbody.find_all("tr")}
    assert cells["normalize"].startswith(f"{100 * mean:.0f}") and cells["essay"].startswith(f"{100 * essays:.0f}")


def _unit(heading):
    """What stands below a heading, up to the next."""
    from bs4 import BeautifulSoup

    parts = []
    for sibling in heading.find_next_siblings():
        if sibling.name == "h2":
            break
        parts.append(str(sibling))
    return BeautifulSoup("".join(parts), "html.parser")


def forget(term: Term) -> None:
    """One is erased: nobody else's points change."""
    said = term.run("forget", term.directory, "s025", status=1)
    assert "LEFT    report.html" in said
    term.ledger["s025"] = None
    term.check()
    named = [p for p in (term.directory / ".bncourse").rglob("*") if p.is_file() and b"s025" in p.read_bytes()]
    assert named == []
