"""Reading submissions: anything at all becomes cells and files, or one line that says why not."""

import json
import os
import random
import tracemalloc

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.grading import notebook, submission
from grader.grading.notebook import Unreadable, parse
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


def refused(data: bytes) -> str:
    """Why these bytes are no notebook."""
    with pytest.raises(Unreadable) as caught:
        parse(data, HERE)
    message = str(caught.value)
    assert message.startswith(HERE) and message.isprintable() and len(message) < 400
    return message


# Cells


def test_cells_of_an_ordinary_notebook():
    cells, notes = parse(written().encode(), HERE)
    assert [(c.kind, c.source, c.grade_id) for c in cells] == [
        ("markdown", "# Hello", ""),
        ("code", "x = 1", "normalize"),
    ]
    assert all(c.id for c in cells) and not notes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_every_encoding_of_unicode(encoding):
    text = json.dumps({"cells": [{"cell_type": "code", "source": ["이 = 'é'\r\n", "b\r"]}]}, ensure_ascii=False)
    cells, notes = parse(text.encode(encoding), HERE)
    assert cells[0].source == "이 = 'é'\nb\n"
    assert bool(notes) == (encoding != "utf-8")
    assert all("mark" in note for note in notes) == (encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"print(1)", "is not JSON (line 1"),
        (b'{"cells": [', "may be cut short"),
        (b"  <!doctype html>", "web page"),
        (b"PK\x03\x04....", "compressed archive"),
        (b"\x1f\x8b\x08", "compressed archive"),
        (b"\xc0\xc1", "not text in UTF-8"),
        (b"null", "has no cells"),
        (b"[]", "has no cells"),
        (b"{}", "has no cells"),
        (b'"cells"', "has no cells"),
        (b'{"cells": {}}', "cells are no list"),
        (b'{"cells": []}', "has no cells in it"),
        (b'{"cells": [1, null, [], {"source": 3}]}', "has no cells in it"),
        (b"[" * 100_000, "nested too deeply"),
        (b"1" * 5000, "is not JSON"),
        (b'{"worksheets": [3], "nbformat": 3}', "format 3 and cannot be converted"),
        (b'{"worksheets": {}, "nbformat": 2}', "cells are no list"),
        (b'{"worksheets": [{"cells": 1}], "nbformat": true}', "cannot be converted"),
    ],
)
def test_no_notebook(data, why):
    assert why in refused(data)


def test_an_error_of_many_lines_is_one_line(monkeypatch):
    def convert(*_):
        raise ValueError("first\nsecond\x1b[2J" + "x" * 1000)

    monkeypatch.setattr(nbformat, "convert", convert)
    assert "first second" in refused(b'{"worksheets": []}')


def test_sources_of_odd_types():
    cells = [
        {"source": "a"},
        {"cell_type": "code", "source": ["b", 5, None, "c"]},
        {"cell_type": "raw", "source": "d", "metadata": [1], "id": 5},
        {"cell_type": ["code"], "source": "\ud800", "metadata": {"nbgrader": {"grade_id": {}}}},
        {"cell_type": "code", "source": 7},
        {"cell_type": "code"},
    ]
    read, notes = parse(json.dumps({"cells": cells}).encode(), HERE)
    assert [c.source for c in read] == ["a", "bc", "d", "?", ""]
    assert [c.kind for c in read] == ["markdown", "code", "markdown", "markdown", "code"]
    assert all(c.grade_id == c.id == "" for c in read)
    assert notes == ["1 cell(s) are no cells of a notebook; left out"]


@pytest.mark.parametrize("metadata", [None, 5, [], {"kernelspec": 5}, {"kernelspec": {"language": 5}}, {}])
def test_metadata_of_odd_types(metadata):
    assert parse(json.dumps({"cells": [{"source": "a"}], "metadata": metadata}).encode(), HERE)[1] == []


def test_a_kernel_of_another_language_is_noted_in_one_line():
    metadata = {"kernelspec": {"language": "R\n\x1b[2J\ud800" + "x" * 1000}}
    (note,) = parse(json.dumps({"cells": [{"source": "a"}], "metadata": metadata}).encode(), HERE)[1]
    assert note.startswith("the file asks for a kernel of R") and note.isprintable() and len(note) < 200


def test_what_is_parsed_is_bounded(monkeypatch):
    monkeypatch.setattr(notebook, "MAX_PARTS", 10_000)
    bomb = b'{"cells": [' + b"{}," * 1_000_000 + b"{}]}"
    tracemalloc.start()
    assert "has more than 10,000 parts" in refused(bomb)
    assert tracemalloc.get_traced_memory()[1] < 20 * len(bomb)
    tracemalloc.stop()
    printed = json.dumps({"cells": [{"source": "a", "outputs": '[{"' * 100_000}]}).encode()
    assert parse(printed, HERE)  # what stands inside a text is no part
    heavy = b'{"cells": [' + b'{"a":[0]},' * 700_000 + b"{}]}"
    monkeypatch.setattr(notebook, "MAX_PARTS", 3_000_000)
    assert "would take more than 256 MB of memory: clear its outputs" in refused(heavy)
    assert "cells; more than 2,000" in refused(json.dumps({"cells": [{"source": "a"}] * 2001}).encode())
    assert "MB of text and code" in refused(json.dumps({"cells": [{"source": "a" * (6 << 20)}]}).encode())


def test_noise_is_read_or_refused():
    """Random bytes, and notebooks in which bytes were changed: cells, or Unreadable, never anything else."""
    rng = random.Random(1)
    good = written().encode()
    read = 0
    for _ in range(1500):
        kind = rng.randrange(3)
        if kind == 0:
            data = rng.randbytes(rng.randrange(200))
        elif kind == 1:
            data = bytearray(good)
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            data = bytes(data)
        else:
            start = rng.randrange(len(good))
            data = good[:start] + rng.choice([b"", b"null", b"[", b'"', b"\x00"]) + good[start + rng.randrange(9) :]
        try:
            cells, notes = parse(data, HERE)
            read += 1
            assert cells and all(c.source.encode() is not None for c in cells)
            assert all(note.isprintable() for note in notes)
        except Unreadable as error:
            assert str(error).isprintable() and len(str(error)) < 400
    assert 50 < read < 1450


def tree(rng: random.Random, depth: int = 0):
    """Random JSON, with a liking for the words of notebooks."""
    words = [
        "cells",
        "cell_type",
        "code",
        "source",
        "metadata",
        "nbgrader",
        "grade_id",
        "id",
        "worksheets",
        "kernelspec",
    ]
    words += ["language", "input", "nbformat", "outputs", "nbformat_minor", "markdown", "level", "heading", "\ud800"]
    kind = rng.randrange(9 if depth < 5 else 5)
    if kind >= 7:
        return {rng.choice(words): tree(rng, depth + 1) for _ in range(rng.randrange(6))}
    if kind >= 5:
        return [tree(rng, depth + 1) for _ in range(rng.randrange(4))]
    return [None, rng.choice(words), rng.randrange(-1, 6), rng.random() < 0.5, float("nan")][kind]


def test_random_json_is_read_or_refused():
    rng = random.Random(2)
    read = 0
    for _ in range(1500):
        data = {rng.choice(["cells", "worksheets"]): [tree(rng, 1) for _ in range(3)], "metadata": tree(rng, 3)}
        data["nbformat"] = rng.choice([1, 2, 3, 4, 5, "3", None, True, [3]])
        try:
            read += bool(parse(json.dumps(data).encode(), HERE))
        except Unreadable as error:
            assert str(error).isprintable()
    assert read > 100


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


@pytest.mark.parametrize("kind", ["links", "sparse files", "pipes", "folders that are links"])
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


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        (b"2026-03-01 12:30:00 UTC", 12),
        (b"2026-03-01 12:30:00.123456 Asia/Seoul\n", 3),
        (b"2026-03-01T12:30:00+02:00", 10),
        (b"\xef\xbb\xbf2026-03-01 12:30:00", 12),
        ("2026-03-01 12:30:00".encode("utf-16"), 12),
    ],
)
def test_a_time_of_handing_in(folder, written, hour):
    (folder / "timestamp.txt").write_bytes(written)
    found = read(folder)
    assert (found.timestamp.when.hour, found.timestamp.when.day, found.notes) == (hour, 1, [])


@pytest.mark.parametrize(
    "written",
    [
        b"999999999999999999999999999999h",
        b"9" * 999,
        b"1e400 s",
        b"0001-01-01 00:00:00 +2300",
        b"9999-12-31 23:59:59 -2300",
        b"2026-03-01 12:30:00 99999999999999999999",
        b"2026-03-01 12:30:00 /dev/zero",
        b"2026-03-01 12:30:00 ../../../etc/localtime",
        b"\xff\xff\xff",
        b"\xff\xfe\x00",
        b"",
        b" \n",
        b"nan",
        b"soon \x1b[2J",
        "２０２６-03-01".encode(),
        b"[" * 900,
        b"2026-02-30",
        b"2026-03-01 25:00",
    ],
)
def test_what_is_no_time_of_handing_in(folder, written):
    """It is said, and the rest of the submission is read."""
    (folder / "timestamp.txt").write_bytes(written)
    found = read(folder)
    assert found.notebook and not found.timestamp.text and found.timestamp.when is None
    assert found.notes == [found.timestamp.problem] and found.notes[0].startswith("timestamp.txt ")
    assert found.notes[0].isprintable() and len(found.notes[0]) < 200


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
