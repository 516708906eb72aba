"""Of all that a student handed in, the right notebook is taken with its files, or it is said what to do."""

import time
from datetime import datetime
from pathlib import Path

from helpers.lms_class import DAY, FILE, OTHER, UNIT, notebook, said, there

from grader.classroom.archives import Entry, Refused
from grader.classroom.choose import choose
from grader.classroom.whose import Handed


def test_what_cannot_be_used_is_listed_with_what_to_do(take, lms_class, capsys):
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
    assert "all.pdf: left out" in text and list(there(lms_class)) == [f"ann1/{UNIT}/{FILE}"]


def test_the_newest_and_the_equal(take, lms_class):
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
    files = there(lms_class)
    assert files[f"ada/{UNIT}/{FILE}"] == notebook("new") and files[f"bob/{UNIT}/{FILE}"] == notebook("same")
    assert files[f"jürgen/{UNIT}/{FILE}"] == notebook("third")


def test_a_students_own_timestamp_is_not_taken(take, lms_class, capsys):
    entries = {f"ada/{FILE}": notebook(), "ada/timestamp.txt": b"1999-01-01", "ada/submission_secret.txt": b"x"}
    assert "timestamp.txt, submission_secret.txt: left out" in said(take(entries), capsys, 0)
    assert list(there(lms_class)) == [f"ada/{UNIT}/{FILE}"]


def _handed(path: str, size: int = 10, when: datetime | None = None) -> Handed:
    return Handed("ada", path, Entry(path, size, when, Path("all.zip")), 0, "folders")


def test_the_times_that_a_file_system_gives_need_not_be_of_this_era(monkeypatch):
    """In local time these would be years that there are not."""
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    first, last = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59)
    handed = [_handed(f"x/{FILE}", when=first), _handed(f"y/{FILE}", when=last)]
    contents = {f"x/{FILE}": b"old", f"y/{FILE}": b"new"}
    choice = choose(handed, UNIT, [UNIT], lambda h, most: contents[h.path])
    assert (choice.notebook, choice.problem) == (b"new", "")
    handed = [_handed(f"x/{FILE}", when=first), _handed(f"y/{FILE}", when=first)]
    choice = choose(handed, UNIT, [UNIT], lambda h, most: contents[h.path])
    assert "nothing says which is the newest" in choice.problem


def test_how_much_of_one_student_s_notebooks_is_read():
    """Sixty of 60 MB fit into an archive of 4 MB: they are not gone through to see whether they are equal."""

    def reads(*sizes: int) -> tuple[int, str]:
        read = []
        handed = [_handed(f"{n}/{FILE}", size) for n, size in enumerate(sizes)]
        choice = choose(handed, UNIT, [UNIT], lambda h, most: read.append(h.path) or b"the same")
        return len(read), choice.problem.partition(", and ")[2]

    several = "nothing says which is the newest: give the right one alone"
    assert reads(*[60 << 20] * 60) == (0, several)
    assert reads(*[40 << 20] * 5) == (6, ""), "each, and then the one that is taken"
    assert reads(5, 6) == (0, several), "of two sizes, they are not equal"


def test_a_spoilt_file_counts_as_one_that_was_read(monkeypatch):
    monkeypatch.setattr("grader.classroom.choose.MAX_FILES_BYTES", 100)

    def reader(h, most):
        if h.entry.size > most:
            raise Refused("is too large")
        if h.path != FILE:
            raise Refused("cannot be unpacked: Bad CRC-32")
        return b"notebook"

    choice = choose([_handed(FILE), *(_handed(f"{n}.bin", 60) for n in range(3))], UNIT, [UNIT], reader)
    assert [note.partition(".bin ")[2] for note in choice.notes] == [
        "cannot be unpacked: Bad CRC-32: left out",
        "is too large: left out",
        "is too large: left out",
    ]


def test_a_name_that_linux_has_no_room_for_does_not_lose_the_notebook():
    """Windows and macOS count 255 characters, Linux as many bytes."""
    handed = [_handed(FILE), _handed("가" * 84 + ".png"), _handed("가" * 83 + ".png")]
    choice = choose(handed, UNIT, [UNIT], lambda h, most: b"x")
    assert list(choice.files) == ["가" * 83 + ".png"] and "left out" in choice.notes[0]
