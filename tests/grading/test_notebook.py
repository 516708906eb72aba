"""A notebook that was handed in: any bytes become cells, or one line that says why not."""

import json
import os
import random
import socket
import tracemalloc

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.grading import notebook
from grader.grading.notebook import MAX_CELLS, MAX_SOURCE, Unreadable, parse, read_cells, read_file

HERE = "submitted/ada/90_tiny/90_tiny.ipynb"


def written() -> str:
    cell = new_code_cell("x = 1", metadata={"nbgrader": {"grade_id": "normalize"}})
    return nbformat.writes(new_notebook(cells=[new_markdown_cell("# Hello"), cell]))


def refused(data: bytes) -> str:
    """Why these bytes are no notebook."""
    with pytest.raises(Unreadable) as caught:
        parse(data, HERE)
    message = str(caught.value)
    assert message.startswith(HERE) and message.isprintable() and len(message) < 400
    return message


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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_limits_are_those_that_are_named():
    """As many cells and characters as are allowed are read; one more is not."""
    assert len(read_cells({"cells": [{"source": "a"}] * MAX_CELLS}, HERE, [])) == MAX_CELLS
    (cell,) = read_cells({"cells": [{"source": "a" * MAX_SOURCE}]}, HERE, [])
    assert len(cell.source) == MAX_SOURCE
    with pytest.raises(Unreadable, match="more than 5 MB"):
        read_cells({"cells": [{"source": "a" * MAX_SOURCE}, {"source": "b"}]}, HERE, [])


def test_a_name_that_rules_a_terminal_is_told_as_a_line():
    with pytest.raises(Unreadable) as caught:
        parse(b"", "submitted/\x1b[2J\nada.ipynb")
    assert str(caught.value) == "submitted/\ufffd[2J ada.ipynb is empty."


# Files


def test_an_ordinary_file_is_read_up_to_its_limit(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_file(tmp_path / "file", 5, "file") == b"12345"
    with pytest.raises(Unreadable, match=r"^file is too large: 0 MB\.$") as caught:
        read_file(tmp_path / "file", 4, "file")
    assert caught.value.kind == "too large"


def test_a_name_is_looked_up_within_its_folder(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(b"inside")
    (tmp_path / "file").write_bytes(b"outside")
    monkeypatch.chdir(tmp_path)
    folder = os.open(tmp_path / "in", os.O_RDONLY)
    try:
        assert read_file("file", 100, "file", within=folder) == b"inside"
    finally:
        os.close(folder)
    assert read_file("file", 100, "file") == b"outside"


@pytest.mark.parametrize(
    ("what", "why", "kind"),
    [
        ("nothing", "cannot be read: No such file or directory", "unreadable"),
        ("a folder", "is a folder, no ordinary file", "no file"),
        ("a pipe", "is a pipe, no ordinary file", "no file"),
        ("a socket", "is a socket, no ordinary file", "no file"),
        ("a link", "is a symbolic link; links are not followed", "link"),
        ("a broken link", "is a symbolic link; links are not followed", "link"),
    ],
)
def test_what_is_no_ordinary_file_is_not_opened(what, why, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if what == "a folder":
        os.mkdir("x")
    elif what == "a pipe":
        os.mkfifo("x")
    elif what == "a socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("x")
    elif "link" in what:
        if what == "a link":
            (tmp_path / "file").write_text("mine")
        os.symlink("file", "x")
    with pytest.raises(Unreadable) as caught:
        read_file("x", 100, "x", None)
    assert (str(caught.value), caught.value.kind) == (f"x {why}.", kind)


def test_a_device_is_no_file():
    with pytest.raises(Unreadable, match="is a device, no ordinary file"):
        read_file("/dev/zero", 100, "zero")


def test_git_s_conflict_marks_are_named():
    text = b'{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> theirs\n]}'
    with pytest.raises(Unreadable, match="it holds two versions and git's conflict marks"):
        parse(text, "unit.ipynb")
