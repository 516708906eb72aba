"""Submissions from Moodle, Canvas, GitHub Classroom: each is taken for its student, or named with what to do."""

import io
import json
import os
import stat
import struct
import time
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from helpers.made_up_class import write, write_gradebook
from nbgrader.api import Gradebook
from nbgrader.apps import ZipCollectApp

from grader.classroom.archives import MOST_ENTRIES, MOST_ENTRIES_INSIDE
from grader.classroom.collect import print_collected
from grader.classroom.collecting import Collected, collect
from grader.classroom.people import More, write_more
from grader.classroom.put import Records
from grader.cli import main
from grader.errors import CourseError

UNIT, OTHER = "03_batchnorm_forward", "04_batchnorm_backward"
FILE = f"{UNIT}.ipynb"
PEOPLE = [
    ("ada", "Ada", "King", "ada@example.org", "101"),
    ("seoyeon", "서연", "김", "seoyeon@example.org", "102"),
    ("bob", "Bob", "O'Neil", "bob@example.org", "103"),
    ("jürgen", "Jürgen", "Müller-Groß", "j@example.org", "104"),
    ("ann1", "Ann", "Lee", "ann1@example.org", "105"),
    ("ann2", "Ann", "Lee", "ann2@example.org", "106"),
]
DAY = (2026, 10, 1, 12, 0, 0)


@pytest.fixture
def klass(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    directory = write(tmp_path / "bn", [])
    write_gradebook(directory, [])
    for unit in (UNIT, OTHER):
        (directory / "release" / unit).mkdir(parents=True)
        (directory / "release" / unit / f"{unit}.ipynb").write_text("{}")
    with Gradebook(f"sqlite:///{directory / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.add_assignment(UNIT)
        for id, first, last, email, lms in PEOPLE:
            gradebook.add_student(id, first_name=first, last_name=last, email=email, lms_user_id=lms)
    write_more(directory, {"ada": More([], ["ada-k"]), "ann2": More([], ["Participant 32"])})
    return directory


def notebook(what: str = "") -> bytes:
    return json.dumps({"cells": [], "metadata": {"what": what}, "nbformat": 4, "nbformat_minor": 5}).encode()


def zipped(entries: dict | list, path: Path | None = None) -> bytes | Path:
    """A zip file of entries by name: bytes, or (bytes, time)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items() if isinstance(entries, dict) else entries:
            content, when = content if isinstance(content, tuple) else (content, DAY)
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, when)
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    if path is None:
        return file.getvalue()
    path.write_bytes(file.getvalue())
    return path


@pytest.fixture
def take(klass, tmp_path):
    """A function that collects one zip file of these entries."""

    def run(entries: dict | list, name: str = "all.zip", **options) -> Collected:
        return collect(klass, "03", [zipped(entries, tmp_path / name)], **options)

    return run


def there(klass) -> dict[str, bytes]:
    folder = klass / "submitted"
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def said(collected: Collected, capsys, status: int | None = None) -> str:
    assert print_collected(collected) in ((0, 1) if status is None else (status,))
    return capsys.readouterr().out


def test_moodle(take, klass, capsys):
    collected = take(
        {
            f"Ada King_31_assignsubmission_file/{FILE}": (notebook("a"), DAY),
            f"서연 김_32_assignsubmission_file_/{FILE}": (notebook("s"), (2026, 10, 1, 13, 0, 2)),
            f"Bob ONeil_33_assignsubmission_file_{FILE}": (notebook("b"), (2026, 10, 2, 12, 0, 0)),
            f"Group 1-Jürgen Müller-Groß_34_assignsubmission_file/{FILE}": (notebook("j"), DAY),
        }
    )
    assert said(collected, capsys, 0).endswith(
        "4 collected, 0 replaced by a newer one, 0 as before (03_batchnorm_forward).\n"
    )
    files = there(klass)
    for student, what in (("ada", "a"), ("seoyeon", "s"), ("bob", "b"), ("jürgen", "j")):
        assert files[f"{student}/{UNIT}/{FILE}"] == notebook(what)
    assert files[f"bob/{UNIT}/timestamp.txt"] == b"2026-10-02 12:00:00 UTC" and len(files) == 8
    assert collected.missing == ["ann1", "ann2"]
    records = Records(klass, UNIT).by_student  # by these names feedback finds its way back
    assert {student: (record.system, record.named) for student, record in records.items()} == {
        "ada": ("moodle", "Ada King_31_assignsubmission_file/"),
        "seoyeon": ("moodle", "서연 김_32_assignsubmission_file_/"),
        "bob": ("moodle", "Bob ONeil_33_assignsubmission_file_"),
        "jürgen": ("moodle", "Group 1-Jürgen Müller-Groß_34_assignsubmission_file/"),
    }
    take({f"ada/{FILE}": notebook("by e-mail")})
    assert Records(klass, UNIT).by_student["ada"].named == "Ada King_31_assignsubmission_file/"


def test_moodle_made_at_once_has_no_times(take, klass, capsys):
    names = ("Ada King_31", "Bob ONeil_33", "김서연_32")
    entries = {f"{name}_assignsubmission_file/{FILE}": notebook() for name in names}
    assert "within an hour, as of a download" in said(take(entries), capsys, 0)
    assert len(there(klass)) == 3
    take(entries, times="archive")
    assert len(there(klass)) == 6


WORKSHEET = """Identifier,Full name,Status,"Last modified (submission)",Grade
Participant 31,Ada King,Submitted,"Thursday, 1 October 2026, 11:30 PM",
Participant 33,Bob O'Neil,Submitted,"Friday, 2 October 2026, 9:05",
Participant 32,Ann Lee,No submission,-,
"""


def test_moodles_grading_worksheet_says_when(klass, tmp_path, capsys):
    sheet = tmp_path / "Grades.csv"
    sheet.write_text(WORKSHEET, encoding="utf-8-sig")
    names = ("Ada King_31", "Bob ONeil_33", "김서연_34")
    zipped({f"{name}_assignsubmission_file/{FILE}": notebook() for name in names}, tmp_path / "all.zip")
    assert "within an hour" not in said(collect(klass, "03", [sheet, tmp_path / "all.zip"]), capsys, 0)
    stamps = {name.split("/")[0]: text for name, text in there(klass).items() if name.endswith("txt")}
    assert stamps == {"ada": b"2026-10-01 23:30:00 UTC", "bob": b"2026-10-02 09:05:00 UTC"}


@pytest.mark.parametrize(
    "old, new, why",
    [
        ("Identifier", "ID", 'no column "Identifier"'),
        ("Thursday, 1 October 2026, 11:30 PM", "1/10/2026, 11:30", "is no time as Moodle writes it"),
        ("Thursday, 1 October 2026, 11:30 PM", "Thursday, 41 October 2026, 11:30", "is no time as Moodle writes it"),
    ],
)
def test_worksheets_that_are_none(klass, tmp_path, old, new, why):
    (tmp_path / "w.csv").write_text(WORKSHEET.replace(old, new))
    with pytest.raises(CourseError, match=why):
        collect(klass, "03", [tmp_path / "w.csv"])


def test_no_times(take, klass):
    take({f"Ada King_31_assignsubmission_file/{FILE}": notebook()}, times="none")
    assert list(there(klass)) == [f"ada/{UNIT}/{FILE}"]


def test_two_of_one_name_and_hidden_names(take, klass, capsys):
    text = said(
        take(
            {
                f"Ann Lee_31_assignsubmission_file/{FILE}": notebook("?"),
                f"Ann Lee_32_assignsubmission_file/{FILE}": notebook("2"),
                f"Participant_102_assignsubmission_file/{FILE}": notebook("s"),
                f"Eve Nobody_101_assignsubmission_file/{FILE}": notebook("e"),
            }
        ),
        capsys,
        1,
    )
    assert "Ann Lee_31 may be ann1 (Ann Lee), ann2 (Ann Lee)" in text
    assert "NOBODY'S   Eve Nobody_101" in text, "the number is another student's in Canvas"
    assert sorted(there(klass)) == [f"ann2/{UNIT}/{FILE}", f"seoyeon/{UNIT}/{FILE}"]


def test_canvas(take, klass, capsys):
    with Gradebook(f"sqlite:///{klass / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.update_or_create_assignment(UNIT, duedate="2026-10-01 23:59 UTC")
    collected = take(
        {
            f"kingada_101_5566_{FILE}": notebook("old"),
            f"kingada_101_5570_{UNIT}-1.ipynb": notebook("new"),
            "kingada_101_5571_helper.py": b"x = 1",
            f"oneilbob_LATE_103_5580_{FILE}": notebook("b"),
            "김서연_102_5590_homework.ipynb": notebook("s"),
            "mllergrojrgen_104_5600_work.zip": zipped({f"a/{FILE}": notebook("j"), "__MACOSX/a/._x": b""}),
            "anon_101_5566_x.ipynb": notebook("?"),
        }
    )
    text = said(collected, capsys, 1)
    files = there(klass)
    assert files[f"ada/{UNIT}/{FILE}"] == notebook("new") and files[f"ada/{UNIT}/helper.py"] == b"x = 1"
    assert files[f"bob/{UNIT}/timestamp.txt"] == b"2026-10-01 23:59:01 UTC"
    assert files[f"seoyeon/{UNIT}/{FILE}"] == notebook("s") and files[f"jürgen/{UNIT}/{FILE}"] == notebook("j")
    assert "seoyeon (서연 김): homework.ipynb is taken, the only notebook." in text
    assert "NOBODY'S   anon_101" in text and "the newest of 2" in text and "one second" in text
    assert f"ada/{UNIT}/timestamp.txt" not in files
    records = Records(klass, UNIT).by_student
    assert {(record.system, record.named) for record in records.values()} == {
        ("canvas", f"kingada_101_5570_{UNIT}-1.ipynb"),
        ("canvas", f"oneilbob_LATE_103_5580_{FILE}"),
        ("canvas", "김서연_102_5590_homework.ipynb"),
        ("canvas", "mllergrojrgen_104_5600_work.zip"),
    }


def test_a_late_mark_waits_for_a_due_date(take, klass, capsys):
    entries = {f"oneilbob_LATE_103_5580_{FILE}": notebook("b")}
    assert "has no due date: nbgrader db assignment add 03_batchnorm_forward" in said(take(entries), capsys, 1)
    with Gradebook(f"sqlite:///{klass / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.update_or_create_assignment(UNIT, duedate="2026-10-01 23:59 UTC")
    assert take(entries).newer == ["bob"] and f"bob/{UNIT}/timestamp.txt" in there(klass)
    assert take(entries).same == ["bob"]


def test_folders_clones_and_names(klass, tmp_path, capsys):
    root = tmp_path / "clones"
    for path in (
        f"hw3-ada-k/notebooks/{FILE}",
        "hw3-ada-k/notebooks/src/bn.py",
        f"hw3-ada-k/.git/{FILE}",
        f"hw3-ada-k/.venv/lib/{FILE}",
        f"BOB/{UNIT}/{FILE}",
        f"BOB/{OTHER}/{OTHER}.ipynb",
        f"102/{FILE}",
        f"ann1@example.org/{FILE}",
        "ju\u0308rgen.ipynb",
        f"eve/ada/{FILE}",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(notebook(path))
    os.symlink("/etc/passwd", root / "BOB" / UNIT / "link.txt")
    text = said(collect(klass, UNIT, [root]), capsys, 1)
    assert sorted(there(klass)) == sorted(
        [f"{s}/{UNIT}/{FILE}" for s in ("ada", "bob", "seoyeon", "ann1", "jürgen")] + [f"ada/{UNIT}/src/bn.py"]
    )
    assert there(klass)[f"ada/{UNIT}/{FILE}"] == notebook(f"hw3-ada-k/notebooks/{FILE}"), "not what Eve calls Ada's"
    assert "NOBODY'S   eve (clones" in text and "link.txt: is a link" in text


@pytest.mark.parametrize("name", ["ada.zip", "Ada King.zip", f"{UNIT}_ada.ipynb", "hw3-ada-k.zip", f"ada-{UNIT}.ipynb"])
def test_one_students_file(klass, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(zipped({f"x/y/{FILE}": notebook()}) if name.endswith("zip") else notebook())
    assert collect(klass, "03", [path]).new == ["ada"]
    assert list(there(klass)) == [f"ada/{UNIT}/{FILE}"]


def test_the_end_of_a_clones_name_is_no_student(klass, tmp_path, capsys):
    """Only what follows what all clones begin with."""
    write_more(klass, {"ada": More([], ["ada-k"]), "bob": More([], ["lee"])})
    for name in ("hw-3-ada-k", "hw-3-maria-lee"):
        (tmp_path / "clones" / name).mkdir(parents=True)
        (tmp_path / "clones" / name / FILE).write_bytes(notebook(name))
    assert "NOBODY'S   hw-3-maria-lee" in said(collect(klass, UNIT, [tmp_path / "clones"]), capsys, 1)
    assert list(there(klass)) == [f"ada/{UNIT}/{FILE}"]


def test_what_cannot_be_used_is_listed_with_what_to_do(take, klass, capsys):
    text = said(
        take(
            {
                "ada/report.html": b"<html>",
                "ada/bn.py": b"",
                "bob/a.ipynb": notebook("a"),
                "bob/b.ipynb": notebook("b"),
                f"jürgen/{OTHER}.ipynb": notebook(),
                f"seoyeon/x/{FILE}": notebook("1"),
                f"seoyeon/y/{FILE}": notebook("2"),
                f"ann1/{FILE}": notebook(),
                "ann1/all.pdf": b"%PDF",
                "ann2/a.rar": b"Rar!",
            }
        ),
        capsys,
        1,
    )
    assert f"ada (Ada King): no notebook, but report.html, bn.py: ask for the file {FILE} itself" in text
    assert f"bob (Bob O'Neil): no {FILE}, but a.ipynb, b.ipynb: look which it is" in text
    assert "jürgen (Jürgen Müller-Groß): no notebook of this unit by its name" in text
    assert "seoyeon (서연 김): several notebooks" in text and "ann2 (Ann Lee): no notebook, but a.rar" in text
    assert "all.pdf: left out" in text and list(there(klass)) == [f"ann1/{UNIT}/{FILE}"]


def test_the_newest_and_the_equal(take, klass):
    later = (2026, 10, 1, 12, 5, 0)
    take(
        {
            f"ada/old/{FILE}": (notebook("old"), DAY),
            f"ada/new/{FILE}": (notebook("new"), later),
            f"bob/{UNIT}.ipynb.txt": notebook("same"),
            f"bob/{UNIT} (1).ipynb": notebook("same"),
            f"jürgen/{FILE}": notebook("first"),
            f"jürgen/{UNIT}-2.ipynb": notebook("third"),
            f"jürgen/{UNIT}-1.IPYNB": notebook("second"),
        }
    )
    files = there(klass)
    assert files[f"ada/{UNIT}/{FILE}"] == notebook("new") and files[f"bob/{UNIT}/{FILE}"] == notebook("same")
    assert files[f"jürgen/{UNIT}/{FILE}"] == notebook("third")


def test_twice_changes_nothing(take, klass):
    entries = {
        f"Ada King_31_assignsubmission_file/{FILE}": notebook("a"),
        "Ada King_31_assignsubmission_file/b.py": b"",
    }
    assert take(entries, times="archive").new == ["ada"]
    record = klass / ".bncourse" / "collected" / f"{UNIT}.json"

    def state():
        paths = [*(klass / "submitted").rglob("*"), record]
        return {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in paths}

    before = state()
    assert take(entries, times="archive").same == ["ada"] and state() == before


def test_a_newer_one_replaces_and_an_older_does_not(take, klass):
    def handed_in(what, hour):
        return take(
            {f"Ada King_31_assignsubmission_file/{FILE}": (notebook(what), (2026, 10, 1, hour, 0, 0))}, times="archive"
        )

    handed_in("first", 10)
    assert handed_in("second", 12).newer == ["ada"]
    older = handed_in("first", 10)
    assert older.same == ["ada"] and "older than what was collected" in older.notes[0][1]
    files = there(klass)
    assert files[f"ada/{UNIT}/{FILE}"] == notebook("second")
    assert files[f"ada/{UNIT}/timestamp.txt"] == b"2026-10-01 12:00:00 UTC"


def test_what_somebody_else_put_there_stays(take, klass, capsys):
    folder = klass / "submitted" / "ada" / UNIT
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(notebook("by hand"))
    entries = {f"ada/{FILE}": notebook("collected"), f"bob/{FILE}": notebook(), "bob/h.py": b"1"}
    assert "changed by somebody else; move it away" in said(take(entries), capsys, 1)
    assert (folder / FILE).read_bytes() == notebook("by hand")
    helper = klass / "submitted" / "bob" / UNIT / "h.py"
    helper.write_bytes(b"mended")
    assert "h.py was changed by somebody else, and stays" in said(take(entries), capsys)
    assert helper.read_bytes() == b"mended"


def test_a_time_that_a_person_wrote_stays(take, klass):
    entries = {f"Ada King_31_assignsubmission_file/{FILE}": notebook("a")}
    take(entries, times="archive")
    stamp = klass / "submitted" / "ada" / UNIT / "timestamp.txt"
    stamp.write_text("2026-09-30 10:00:00 UTC")
    take(entries, times="archive")
    assert stamp.read_text() == "2026-09-30 10:00:00 UTC"
    stamp.unlink()
    assert take(entries, times="archive").same == ["ada"] and not stamp.exists()


def test_files_that_are_gone_from_a_newer_one_go(take, klass):
    folder = "Ada King_31_assignsubmission_file"
    take({f"{folder}/{FILE}": notebook("1"), f"{folder}/old.py": b"1", f"{folder}/mine.py": b"1"})
    (klass / "submitted" / "ada" / UNIT / "mine.py").write_bytes(b"changed")
    take({f"{folder}/{FILE}": (notebook("2"), (2026, 10, 2, 1, 0, 0)), f"{folder}/new.py": b"1"})
    assert {p.split("/")[-1] for p in there(klass)} == {FILE, "mine.py", "new.py"}


def test_a_students_own_timestamp_is_not_taken(take, klass, capsys):
    entries = {f"ada/{FILE}": notebook(), "ada/timestamp.txt": b"1999-01-01", "ada/submission_secret.txt": b"x"}
    assert "timestamp.txt, submission_secret.txt: left out" in said(take(entries), capsys, 0)
    assert list(there(klass)) == [f"ada/{UNIT}/{FILE}"]


def test_dry_run_writes_nothing(take, klass, capsys):
    collected = take({f"ada/{FILE}": notebook()}, dry=True)
    assert collected.new == ["ada"] and not (klass / "submitted").exists()
    assert not (klass / ".bncourse" / "collected").exists()


def _link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, DAY)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def _locked(content: bytes) -> bytes:
    """The first entry says that it has a password."""
    at = content.index(b"PK\x01\x02")
    return content[:6] + b"\x01\x00" + content[8 : at + 8] + b"\x01\x00" + content[at + 10 :]


HOSTILE = {
    "up": ([("ada/../../up.ipynb", b"")], "ada/../../up.ipynb: its name leads out of the archive"),
    "windows": ([("ada\\..\\..\\up.ipynb", b"")], "leads out of the archive"),
    "absolute": ([("/etc/cron.d/x", b"")], "/etc/cron.d/x: its name is an absolute path"),
    "drive": ([("C:/x.ipynb", b"")], "C:/x.ipynb: its name is an absolute path"),
    "control": ([("ada/\x1b[2J.ipynb", b"")], "ada/\\x1b[2J.ipynb: its name has control characters"),
    "link": ([(_link(f"ada/{FILE}"), b"/etc/passwd")], f"ada/{FILE}: is a link"),
    "deep": ([("ada/" + "a/" * 40 + "x.ipynb", b"")], "too long or too deep"),
    "empty zip": ([("ada/x.zip", b"")], "all.zip/ada/x.zip, (as a whole): is no zip file that can be read"),
    "cut zip": ([("ada/x.zip", zipped({FILE: notebook()})[:-30])], "is no zip file that can be read"),
    "password": ([("ada/x.zip", _locked(zipped({FILE: notebook()})))], f"all.zip/ada/x.zip, {FILE}: is locked by"),
    "no name": ([("ada/x.zip", zipped({"Qbc": b""}).replace(b"Qbc", b"\0bc"))], "x.zip, \\x00bc: its name has control"),
    "bomb": (lambda: [("ada/x.zip", zipped({"y.zip": bytes(201 << 20)}))], "all.zip/ada/x.zip, y.zip: is too large"),
    "many": (
        lambda: [("ada/x.zip", zipped({f"{n}": b"" for n in range(MOST_ENTRIES_INSIDE + 1)}))],
        "all.zip/ada/x.zip, (as a whole): holds",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_entries_are_refused_and_the_rest_is_collected(take, klass, tmp_path, capsys, name):
    entries, why = HOSTILE[name]
    entries = entries() if callable(entries) else entries
    before = {p for p in tmp_path.rglob("*") if not p.is_relative_to(klass)}
    text = said(take([(f"bob/{FILE}", notebook()), *entries, (f"jürgen/{FILE}", notebook())]), capsys, 1)
    (line,) = [line for line in text.splitlines() if line.startswith("REFUSED")]
    assert line.startswith("REFUSED    all.zip") and why in line and line.isprintable()
    assert sorted(there(klass)) == [f"bob/{UNIT}/{FILE}", f"jürgen/{UNIT}/{FILE}"]
    assert {p for p in tmp_path.rglob("*") if not p.is_relative_to(klass)} - before == {tmp_path / "all.zip"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name(take, klass, capsys):
    entries = [(f"ada/{FILE}", notebook("1")), (f"ada/{FILE}", notebook("2")), (f"bob/{FILE}", notebook())]
    text = said(take(entries), capsys, 1)
    assert text.count(f"REFUSED    all.zip, ada/{FILE}: the archive holds 2 files of this name") == 2
    assert list(there(klass)) == [f"bob/{UNIT}/{FILE}"]


@pytest.mark.slow
def test_a_notebook_that_is_a_bomb(take, klass, capsys):
    entries = {f"ada/{FILE}": bytes(65 << 20), f"bob/{FILE}": notebook()}
    assert "ada (Ada King): its notebook is too large: 65 MB" in said(take(entries), capsys, 1)
    lying = zipped({FILE: bytes(70 << 20)})
    for at in (22, lying.index(b"PK\x01\x02") + 24):  # the size that each header says
        lying = lying[:at] + struct.pack("<I", 10) + lying[at + 4 :]
    assert "its notebook cannot be unpacked" in said(take({"jürgen/x.zip": lying}), capsys, 1)
    assert list(there(klass)) == [f"bob/{UNIT}/{FILE}"]


def test_archives_in_archives_in_archives(take, klass, capsys):
    inner = zipped({FILE: notebook()})
    for _ in range(3):
        inner = zipped({"x.zip": inner})
    text = said(take({"ada/x.zip": inner, "bob/x.zip": zipped({"y.zip": zipped({FILE: notebook()})})}), capsys, 1)
    assert "is an archive inside of 3 others" in text and list(there(klass)) == [f"bob/{UNIT}/{FILE}"]


@pytest.mark.slow
def test_a_hundred_thousand_entries(klass, tmp_path, capsys):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(2 * MOST_ENTRIES):
            archive.writestr(f"ada/{n}", b"")
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / FILE).write_bytes(notebook())
    text = said(collect(klass, "03", [path, tmp_path / "bob"]), capsys, 1)
    assert "REFUSED    many.zip, (as a whole): holds" in text and "unpack it, and give the folder" in text
    assert list(there(klass)) == [f"bob/{UNIT}/{FILE}"]


def test_nobody_hands_in_for_another(take, klass, capsys):
    """What a student wrote below the own folder says nothing on whose it is."""
    name = f"Bob ONeil_33_assignsubmission_file/{FILE}"
    take(
        {
            "Ada King_31_assignsubmission_file/x.zip": zipped({name: notebook("ada's")}),
            "김서연_3_assignsubmission_file/a": b"",
        }
    )
    assert [p for p in there(klass) if p.endswith("ipynb")] == [f"ada/{UNIT}/{FILE}"]
    entries = {
        f"hw-ada-k/oneil_103_7_{FILE}": notebook(),
        f"seoyeon/bob/{FILE}": notebook(),
        f"eve/bob/{FILE}": notebook(),
    }
    said(take(entries), capsys, 1)
    assert not (klass / "submitted" / "bob").exists()


def test_links_in_submitted_are_not_followed(take, klass, tmp_path, capsys):
    (klass / "submitted").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (klass / "submitted" / "ada").symlink_to(tmp_path / "elsewhere")
    assert "submitted/ada is a link; nothing is written there" in said(take({f"ada/{FILE}": notebook()}), capsys, 1)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_one_that_cannot_be_written_does_not_stop_the_others(take, klass, capsys):
    text = said(
        take([(f"ada/{FILE}", notebook()), ("ada/a", b""), ("ada/a/b", b""), (f"bob/{FILE}", notebook())]), capsys, 1
    )
    assert "ada (Ada King): it cannot be written" in text and f"bob/{UNIT}/{FILE}" in there(klass)


def test_names_that_a_mac_wrote(klass, tmp_path):
    """UTF-8 without saying so, and decomposed."""
    name = f"ju\u0308rgen/{FILE}"
    plain = f"xxxxxxxx/{FILE}"
    assert len(name.encode()) == len(plain)
    path = tmp_path / "mac.zip"
    path.write_bytes(zipped({plain: notebook()}).replace(plain.encode(), name.encode()))
    assert collect(klass, "03", [path]).new == ["jürgen"]


def test_a_time_in_utc_in_the_archive(take, klass):
    info = zipfile.ZipInfo(f"Ada King_31_assignsubmission_file/{FILE}", DAY)
    info.extra = struct.pack("<HHBi", 0x5455, 5, 1, int(datetime(2026, 10, 3, 8).timestamp()))
    take([(info, notebook())], times="archive")
    when = datetime.fromisoformat(there(klass)[f"ada/{UNIT}/timestamp.txt"].decode().removesuffix(" UTC"))
    assert (when - datetime(2026, 10, 1)).days >= 1


def test_the_class_s_own_names(take, klass):
    pattern = r".*?ps(?P<file_id>\d+)_(?P<email>[^_]+)_(?P<timestamp>[0-9-]+)"
    with open(klass / "nbgrader_config.py", "a") as config:
        config.write(f"c.FileNameCollectorPlugin.named_regexp = {pattern!r}\n")
    assert take({"ps3_ada@example.org_2026-10-04.ipynb": notebook()}).new == ["ada"]
    assert there(klass)[f"ada/{UNIT}/timestamp.txt"] == b"2026-10-04 00:00:00 UTC"


def test_nbgrader_takes_the_same_names(klass, monkeypatch):
    """The plugins, in nbgrader's own zip_collect."""
    folder = klass / "downloaded" / UNIT / "archive"
    folder.mkdir(parents=True)
    (folder / f"kingada_LATE_101_5566_{FILE}").write_bytes(notebook())
    zipped({f"Bob ONeil_33_assignsubmission_file/{FILE}": notebook()}, folder / "moodle.zip")
    monkeypatch.chdir(klass)
    for name, student in (("Canvas", "101"), ("Moodle", "33")):
        app = ZipCollectApp()
        app.initialize([UNIT, "--force", f"--collector=grader.classroom.collectors.{name}CollectorPlugin"])
        app.start()
        assert (klass / "submitted" / student / UNIT / FILE).exists()


def test_errors(klass, tmp_path, take):
    with pytest.raises(CourseError, match=r"none\.zip is not there"):
        collect(klass, "03", [tmp_path / "none.zip"])
    with pytest.raises(CourseError, match=r"no unit '99'.* there are: 03_batchnorm_forward, 04"):
        collect(klass, "99", [tmp_path])
    with pytest.raises(CourseError, match="is no class"):
        collect(tmp_path, "03", [tmp_path])
    (klass / ".bncourse" / "collected").mkdir()
    (klass / ".bncourse" / "collected" / f"{UNIT}.json").write_text("[]")
    with pytest.raises(CourseError, match=r"cannot be read\. Delete it"):
        take({f"ada/{FILE}": notebook()})


def test_an_empty_roster(tmp_path):
    directory = write(tmp_path / "new", [])
    write_gradebook(directory, [])
    (directory / "release" / UNIT).mkdir(parents=True)
    (directory / "release" / UNIT / FILE).write_text("{}")
    with pytest.raises(CourseError, match=r"Nobody is on the roster\. Put the class there: bncourse roster"):
        collect(directory, "03", [tmp_path])


def test_the_command(klass, tmp_path, capsys, monkeypatch):
    zipped({f"ada/{FILE}": notebook()}, tmp_path / "all.zip")
    monkeypatch.chdir(tmp_path)
    assert main(["collect", "bn", "03", "all.zip", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "Would be: 1 collected" in out and "Nothing from: ann1 (Ann Lee), ann2" in out
    assert main(["collect", "bn", "03", "all.zip"]) == 0 and len(there(klass)) == 1
    with pytest.raises(SystemExit):
        main(["collect", "--help"])
    assert "bncourse collect ~/bn-2026 03" in capsys.readouterr().out
