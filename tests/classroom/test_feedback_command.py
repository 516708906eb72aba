"""`bncourse feedback`: what a person must do is said first, by name; the exit status says that there is something."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from helpers.graded_class import UNIT, gradebook

from grader.classroom.feedback_command import print_made
from grader.classroom.feedback_pages import Made
from grader.cli import main


@pytest.fixture(scope="module")
def klass(graded_class, tmp_path_factory) -> Path:
    """A class of which ada and bob were collected from Moodle, and jürgen's essay waits."""
    directory = shutil.copytree(graded_class, tmp_path_factory.mktemp("class") / "bn-2026")
    with gradebook(directory) as book:
        book.find_grade("q_epsilon-answer", UNIT, UNIT, "jürgen").needs_manual_grade = True
        book.db.commit()
    record = directory / ".bncourse" / "collected" / f"{UNIT}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    named = {"ada": "Ada King_7_assignsubmission_file/", "jürgen": "Jürgen X_9_assignsubmission_file/"}
    record.write_text(json.dumps({student: {"system": "moodle", "named": name} for student, name in named.items()}))
    return directory


def test_pages_and_a_zip(klass, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["feedback", str(klass), "90", "--zip", "f.zip"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "NOT FINAL  jürgen: 1 answer waits for a person's points.",
        "HELD BACK  jürgen: not final, so not in the zip file (--unfinished puts them in).",
        "NOT IN IT  bob (O'Neil): no name of Moodle's is known. Run: bncourse collect "
        f"{klass} {UNIT} FILE, with what you downloaded there.",
        f"3 made, 0 made again, 0 as before ({UNIT}), in {klass / 'feedback'}.",
        f"{tmp_path / 'f.zip'}: 1 page, named for Moodle.",
    ]
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        assert archive.namelist() == [f"Ada King_7_assignsubmission_file/{UNIT}.html"]
    assert main(["feedback", str(klass), "90", "--zip", "f.zip", "--unfinished"]) == 1
    assert "f.zip: 2 pages, named for Moodle." in capsys.readouterr().out
    assert main(["feedback", str(klass), "90", "--zip", "f.zip", "--lms", "canvas"]) == 1
    assert "NOT IN IT  ada (Ada King), bob (O'Neil): no name of Canvas's is known." in capsys.readouterr().out


def test_what_cannot_be_done_is_one_line(klass, tmp_path, capsys):
    assert main(["feedback", str(tmp_path), "90"]) == 2
    assert main(["feedback", str(klass), "91"]) == 2
    mine = tmp_path / "mine.zip"
    mine.write_bytes(b"mine")
    assert main(["feedback", str(klass), "90", "--zip", str(mine)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3 and all(line.startswith("bncourse feedback: ") for line in said)
    assert mine.read_bytes() == b"mine"


def test_many_are_counted(capsys):
    many = [f"s{n:03}" for n in range(30)]
    made = Made(UNIT, Path("c/feedback"), same=many, waiting=dict.fromkeys(many, 2), names={"s000": "Ann\x1b[2J Lee"})
    assert print_made(made) == 1
    said = capsys.readouterr().out
    assert "NOT FINAL  s000 (Ann\\x1b[2J Lee), s001" in said and "s009 and 20 more: 2 answers wait" in said


def test_nothing_to_do(capsys):
    assert print_made(Made(UNIT, Path("c/feedback"), new=["ada"], same=["bob"])) == 0
    assert capsys.readouterr().out == f"1 made, 0 made again, 1 as before ({UNIT}), in c/feedback.\n"


def test_who_came_otherwise_than_through_the_exchange_is_named(capsys):
    assert print_made(Made(UNIT, Path("c/feedback"), same=["ada", "bob"], without_secret=["bob"])) == 0
    assert "bob: they did not come through nbgrader's exchange" in capsys.readouterr().out
