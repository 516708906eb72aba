"""Reading submissions: anything at all becomes cells and files, or one line that says why not."""

import os
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.grading import notebook, submission
from grader.grading.notebook import Unreadable
from grader.grading.submission import read_submission

UNIT = "90_tiny"
HERE = f"submitted/ada/{UNIT}/{UNIT}.ipynb"


@pytest.fixture
def folder(tmp_path):
    """The folder of ada's submission, with a notebook in it."""
    folder = tmp_path / "submitted" / "ada" / UNIT
    folder.mkdir(parents=True)
    (folder / f"{UNIT}.ipynb").write_text(written())
    return folder


def written() -> str:
    cell = new_code_cell("x = 1", metadata={"nbgrader": {"grade_id": "normalize"}})
    return nbformat.writes(new_notebook(cells=[new_markdown_cell("# Hello"), cell]))


def read(folder):
    return read_submission(folder.parents[2], "ada", UNIT)


# Files


def test_files_beside_the_notebook(folder):
    (folder / "data").mkdir()
    (folder / "data" / "points.csv").write_text("1")
    (folder / "helper.py").write_text("x")
    (folder / "timestamp.txt").write_text("2026")
    for skipped in ("__pycache__", ".ipynb_checkpoints"):
        (folder / skipped).mkdir()
        (folder / skipped / "x").write_text("x")
    found = read(folder)
    assert (found.path, found.student, found.unit) == (HERE, "ada", UNIT)
    assert found.files == {"data/points.csv": b"1", "helper.py": b"x"} and not found.notes


@pytest.mark.slow
def test_environments_and_repositories_beside_a_notebook_do_not_use_up_its_files(folder):
    """A module in src/ comes after .venv/ and .git/, and is needed."""
    for inside in (".venv/lib", ".git/objects", "node_modules/x", "my_env/lib", "deep/my_env/lib"):
        (folder / inside).mkdir(parents=True)
        for n in range(250):
            (folder / inside / f"x{n}.py").write_text("x")
    for environment in ("my_env", "deep/my_env"):
        (folder / environment / "pyvenv.cfg").write_text("home = /usr/bin")
    (folder / "src").mkdir()
    (folder / "src" / "bn.py").write_text("x")
    found = read(folder)
    assert found.files == {"src/bn.py": b"x"} and not found.notes


@pytest.mark.parametrize("name", ["unit (1).ipynb", "UNIT.IPYNB", "unit.ipynb.txt", "unit.zip"])
def test_a_missing_notebook_names_what_may_be_it(folder, name):
    (folder / f"{UNIT}.ipynb").rename(folder / name)
    with pytest.raises(Unreadable, match=re.escape(f"It holds {name!r}: rename the right one.")):
        read(folder)


def test_the_hash_is_of_all_that_counts(folder):
    first = read(folder).hash
    assert read(folder).hash == first
    (folder / "a").write_text("bc")
    second = read(folder).hash
    (folder / "a").rename(folder / "ab")
    (folder / "ab").write_text("c")
    assert len({first, second, read(folder).hash}) == 3


def test_a_missing_notebook_names_what_is_there(folder):
    (folder / f"{UNIT}.ipynb").rename(folder / "mine\n(1).ipynb")
    with pytest.raises(Unreadable, match=rf"{HERE} is missing. It holds 'mine \(1\).ipynb': rename the right one."):
        read(folder)


@pytest.mark.parametrize("place", ["notebook", "folder", "student"])
def test_links_are_not_followed(folder, place, tmp_path):
    """Not even one that leads nowhere, or to a notebook."""
    link = {"notebook": folder / f"{UNIT}.ipynb", "folder": folder, "student": folder.parent}[place]
    link.rename(tmp_path / "elsewhere")
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unreadable, match="is a symbolic link; links are not followed"):
        read(folder)
    (tmp_path / "elsewhere").rename(tmp_path / "gone")
    with pytest.raises(Unreadable, match="is a symbolic link"):
        read(folder)


def test_what_is_no_ordinary_file_is_left_out(folder):
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "links").symlink_to("/etc")
    (folder / "plain").write_text("x")
    found = read(folder)
    assert found.files == {"plain": b"x"}
    assert found.notes == [
        "links is a link: left out",
        "link is a symbolic link; links are not followed: left out",
        "pipe is a pipe, no ordinary file: left out",
    ]


def test_a_notebook_that_is_no_ordinary_file(folder):
    path = folder / f"{UNIT}.ipynb"
    path.unlink()
    path.mkdir()
    with pytest.raises(Unreadable, match=f"{HERE} is a folder, no ordinary file."):
        read(folder)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(Unreadable, match="is a pipe, no ordinary file"):
        read(folder)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_notebook_that_may_not_be_read(folder):
    (folder / f"{UNIT}.ipynb").chmod(0)
    with pytest.raises(Unreadable, match="cannot be read: Permission denied"):
        read(folder)


def test_a_notebook_that_is_too_large(folder):
    with open(folder / f"{UNIT}.ipynb", "wb") as file:
        file.truncate(notebook.MAX_NOTEBOOK + 1)
    with pytest.raises(Unreadable, match="is too large: 64 MB"):
        read(folder)


def test_files_are_bounded_in_number_and_size(folder, monkeypatch):
    monkeypatch.setattr(submission, "MAX_FILES", 3)
    monkeypatch.setattr(submission, "MAX_FILES_BYTES", 10)
    for name in "abcde":
        (folder / name).write_text("four")
    found = read(folder)
    assert list(found.files) == ["a", "b"]
    assert found.notes[0] == "c is too large: 0 MB: left out"
    monkeypatch.setattr(submission, "MAX_FILES_BYTES", 100)
    found = read(folder)
    assert list(found.files) == ["a", "b", "c"]
    assert found.notes == ["more than 3 files lie beside the notebook: the rest left out"]


def test_folders_are_bounded_in_depth_and_number(folder, monkeypatch):
    place = folder
    for _ in range(60):
        place = place / "d"
        place.mkdir()
        (place / "f").write_text("x")
    found = read(folder)
    assert 15 < len(found.files) < 25 and len(found.notes) == 1 and "too deep: left out" in found.notes[0]
    monkeypatch.setattr(submission, "MAX_ENTRIES", 9)
    found = read(folder)
    assert len(found.files) == 4 and "more than 9 files and folders lie beside" in found.notes[0]
    monkeypatch.setattr(submission, "MAX_NAME", 4)
    found = read(folder)
    assert len(found.files) == 1 and "d/d/f has too long a path: left out" in found.notes


def test_odd_names_make_plain_notes(folder):
    for name in ("line\nend", "\x1b[2J", b"\xff".decode(errors="surrogateescape"), "한글"):
        os.mkfifo(folder / name)
        (folder / f"{name}.txt").write_text("x")
    found = read(folder)
    assert len(found.files) == len(found.notes) == 4
    assert all(note.isprintable() for note in found.notes) and any("한글" in note for note in found.notes)
    assert found.hash


SLOW = ("links", "sparse files", "folders that are links")


@pytest.mark.parametrize("kind", ["pipes", *(pytest.param(kind, marks=pytest.mark.slow) for kind in SLOW)])
def test_many_of_a_kind_make_one_note(folder, kind):
    for n in range(3000):
        path = folder / f"x{n:04}"
        if kind == "pipes":
            os.mkfifo(path)
        elif kind == "sparse files":
            with open(path, "wb") as file:
                file.truncate((60 << 20) + (n << 20))
        else:
            path.symlink_to("/etc" if "folders" in kind else "/etc/passwd")
    found = read(folder)
    assert len(found.notes) == 1 and found.notes[0].startswith("x0000 ") and "and 2,999 more like it" in found.notes[0]
    (folder / "few").write_text("x")
    assert list(read(folder).files) == ["few"]


@pytest.mark.slow
def test_no_more_is_looked_at_than_the_limit(folder):
    for n in range(submission.MAX_ENTRIES + 100):
        (folder / f"x{n:04}").symlink_to("/nowhere")
    found = read(folder)
    assert len(found.notes) == 2 and "more than 5,000 files and folders" in found.notes[1]


def test_what_is_left_out_counts_for_the_hash(folder):
    """A result that says what was left out is not given for a submission where other things are."""
    first = read(folder).hash
    (folder / "link").symlink_to("/etc/passwd")
    second = read(folder).hash
    (folder / "timestamp.txt").write_text("no time")
    assert len({first, second, read(folder).hash}) == 3


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_noted(folder):
    (folder / "closed").mkdir()
    (folder / "closed").chmod(0)
    assert read(folder).notes == ["closed cannot be read: Permission denied: left out"]
    (folder / "closed").chmod(0o755)


# When it was handed in


def test_a_time_of_handing_in(folder):
    (folder / "timestamp.txt").write_text("2026-03-01 12:30:00.123456 Asia/Seoul\n")
    found = read(folder)
    assert (found.timestamp.when.hour, found.timestamp.when.day, found.notes) == (3, 1, [])


def test_what_is_no_time_of_handing_in_is_said_and_the_rest_is_read(folder):
    (folder / "timestamp.txt").write_text("soon \x1b[2J")
    found = read(folder)
    assert found.notebook and found.timestamp.when is None and found.notes == [found.timestamp.problem]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "huge file", "socket"])
def test_a_timestamp_that_is_no_ordinary_file(folder, kind):
    path = folder / "timestamp.txt"
    if kind == "link":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        os.mknod(path, 0o140600)
    else:
        with open(path, "wb") as file:
            file.truncate(1 << 40)
    found = read(folder)
    assert not found.timestamp.text and len(found.notes) == 1
    assert found.notes[0].startswith("timestamp.txt ") and "it has no time of handing in" in found.notes[0]
