"""`bncourse check`: what a student is told about a notebook in whatever state, which is what grading will say."""

import copy
import hashlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from corpus.broken import ONE_NAME
from corpus.case import CASES, TINY, Host, Notebook
from helpers.shared import made_once
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from grader import paths
from grader.authoring.stale import targets
from grader.cli import main
from grader.grading import rehearsal, scoring
from grader.grading.limits import Limits

RIGHT = {
    "normalize": "def normalize(x, mean, var, eps=1e-5):\n    return (x - mean) / np.sqrt(var + eps)",
    "q_epsilon": "q_epsilon = 'b'",
}
MISTAKEN = RIGHT | {"normalize": RIGHT["normalize"].replace("np.sqrt(var + eps)", "(np.sqrt(var) + eps)")}


@pytest.fixture
def course(built, monkeypatch):
    """The directory of a course's notebooks: the tiny unit's alone."""
    folder = targets(built)[0].parent
    monkeypatch.setattr(paths, "NOTEBOOKS", folder)
    return folder


@pytest.fixture
def handed_in(built, course, tmp_path):
    """A function that writes the student notebook with answers and changes, and returns the file."""

    def write(answers=None, change=lambda notebook: None, name="mine.ipynb"):
        notebook = nbformat.read(targets(built)[0], as_version=4)
        for cell in notebook.cells:
            cell.source = (answers or {}).get(grade_id(cell), cell.source)
        changed = change(notebook)
        path = tmp_path / name
        path.write_bytes(changed if isinstance(changed, bytes) else json.dumps(notebook).encode())
        return path

    return write


@pytest.fixture
def outcome(capsys):
    """A function that checks a file and returns the exit status and what was printed, as JSON and on stderr."""

    def check(path):
        status = main(["check", str(path), "--json"])
        out, error = capsys.readouterr()
        return status, json.loads(out) if out else {}, error

    return check


def grade_id(cell) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def place(notebook, name) -> int:
    return next(n for n, cell in enumerate(notebook.cells) if grade_id(cell) == name)


# What is printed


def test_full_marks(handed_in, capsys):
    assert main(["check", str(handed_in(RIGHT))]) == 0
    out, error = capsys.readouterr()
    total = "3 of 3 points, hidden tests not included"
    assert out.splitlines() == ["✓ normalize  2 of 2", "✓ q_epsilon  1 of 1", total] and error == ""


@pytest.mark.slow
def test_a_mistake_is_named(handed_in, capsys):
    assert main(["check", str(handed_in(MISTAKEN))]) == 1
    out = capsys.readouterr().out
    assert "· normalize  0 of 2\n    normalize: the result has the right shape (7, 3), but wrong values" in out
    assert "    Likely cause: eps stands inside the square root.\n✓ q_epsilon  1 of 1\n1 of 3 points" in out


@pytest.mark.slow
def test_untouched_as_json(handed_in, outcome):
    status, body, error = outcome(handed_in())
    assert (status, error) == (1, "")
    assert (body["points"], body["out_of"], body["unit"]) == (0, 3, "90_tiny")
    assert (body["repairs"], body["hidden_tests"]) == ([], "not included")
    assert [e["message"].split(":")[0] for e in body["exercises"]] == [
        "normalize is not written yet",
        "There is no answer yet",
    ]


@pytest.mark.slow
def test_repairs_are_printed_a_line_a_kind(handed_in, capsys):
    def spoil(notebook):
        del notebook.cells[place(notebook, "normalize-values")]
        del notebook.cells[place(notebook, "setup")]
        notebook.cells[place(notebook, "q_epsilon-answer")].source = "pass"

    assert main(["check", str(handed_in(RIGHT, spoil))]) == 0
    repaired = [line for line in capsys.readouterr().out.splitlines() if line.startswith("repaired")]
    assert len(repaired) == 1
    assert repaired[0].startswith("repaired: put back as released: 3 cells that were changed or deleted (setup, ")


@pytest.mark.slow
def test_progress_is_for_terminals(handed_in, monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    path = handed_in(RIGHT)
    for options, shown in (([], True), (["--json"], False)):
        monkeypatch.setattr(sys, "stderr", Terminal())
        main(["check", str(path), *options])
        assert ("cell" in sys.stderr.getvalue()) == shown
        assert "\n" not in sys.stderr.getvalue()
    assert main(["check", str(path)]) == 0 and capsys.readouterr().err == ""


# A file that is not as it was released: each earned something else than from the grader once


def deleted_check(notebook):
    del notebook.cells[place(notebook, "normalize-values")]


def copied_check(notebook):
    notebook.cells.insert(5, copy.deepcopy(notebook.cells[place(notebook, "q_epsilon-answer")]))


def doubled(notebook):
    notebook.cells = [copy.deepcopy(cell) for cell in notebook.cells for _ in range(2)]


def edited_points(notebook):
    notebook.cells[place(notebook, "q_epsilon-answer")].metadata.nbgrader.points = 100


def edited_check(notebook):
    notebook.cells[place(notebook, "normalize-values")].source = "pass"


def raw_answer(notebook):
    number = place(notebook, "normalize")
    cell = notebook.cells[number]
    notebook.cells[number] = new_raw_cell(cell.source, metadata=cell.metadata)


def missing_setup(notebook):
    del notebook.cells[place(notebook, "setup")]


def missing_answer(notebook):
    del notebook.cells[place(notebook, "normalize")]


def byte_order_mark(notebook):
    return b"\xef\xbb\xbf" + json.dumps(notebook).encode()


def utf_16(notebook):
    return json.dumps(notebook).encode("utf-16")


def no_metadata(notebook):
    notebook.metadata.clear()
    for number, cell in enumerate(notebook.cells):
        cell.metadata.clear()
        cell["id"] = f"new{number}"


def nulls(notebook):
    for cell in notebook.cells:
        if not grade_id(cell):
            cell.metadata["nbgrader"] = None
        if cell.cell_type == "code":
            cell["outputs"] = None


def format_3(notebook):
    return nbformat.writes(nbformat.convert(notebook, 3)).encode()


PUT_BACK = "put back"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answers", "change", "points", "repair"),
    [
        (MISTAKEN, deleted_check, 1, PUT_BACK),
        (MISTAKEN, edited_check, 1, PUT_BACK),
        (MISTAKEN, copied_check, 1, "stands 2 times"),
        (MISTAKEN, doubled, 1, "stands 2 times"),
        (MISTAKEN, edited_points, 1, ""),
        (RIGHT, raw_answer, 3, "run as code"),
        (RIGHT, missing_setup, 3, PUT_BACK),
        (RIGHT, missing_answer, 1, "it earns nothing"),
        (RIGHT, byte_order_mark, 3, "byte order mark"),
        (RIGHT, utf_16, 3, "UTF-16"),
        (RIGHT, no_metadata, 3, "metadata is missing"),
        (RIGHT, nulls, 3, ""),
        (RIGHT, format_3, 3, "old notebook format 3"),
    ],
)
def test_what_the_grader_mends(answers, change, points, repair, handed_in, outcome):
    status, body, error = outcome(handed_in(answers, change))
    assert (body["points"], body["out_of"], status, error) == (points, 3, int(points != 3), "")
    assert any(repair in text for text in body["repairs"]) if repair else body["repairs"] == []


# Of those who give one thing another's name: the one who does it to all of them.
BROKEN = [case for case in CASES["broken"] if case.unit == TINY and case.name not in ONE_NAME]


@pytest.mark.slow
@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_the_corpus_of_broken_submissions(case, handed_in, outcome, tmp_path, shared, monkeypatch):
    """What grading must make of it, `bncourse check` makes of it too. What is rebuilt to the same cells runs once."""

    def once(pieces, release, directory, progress=False):
        if len(list(directory.iterdir())) > 1:  # what runs may use what lies beside it
            return rehearsal.rehearse(pieces, release, directory, progress)
        cells = repr([(piece.role, piece.key, piece.kind, piece.source) for piece in pieces])
        kept = made_once(
            shared / f"rehearsal-{hashlib.sha256(cells.encode()).hexdigest()}",
            lambda into: (into / "run").write_bytes(pickle.dumps(rehearsal.rehearse(pieces, release, directory))),
        )
        return pickle.loads((kept / "run").read_bytes())

    monkeypatch.setattr(scoring, "rehearse", once)
    folder = tmp_path / "submission"
    folder.mkdir()
    notebook, file = Notebook(handed_in()), folder / f"{TINY}.ipynb"
    data = case.make(notebook, Host(tmp_path, tmp_path, 0, tmp_path, "", 0, folder))
    if data is not False:
        file.write_bytes(notebook.bytes() if data is None else data)
    status, body, error = outcome(file)
    if case.status == "failed":
        assert status == 2 and error.count("\n") == 1
        assert case.reason in error or not file.is_file()  # places in a class, of which there are none here
    else:
        assert (body["points"], error) == (case.points, "")
        said = " ".join(body["repairs"])
        assert case.repair is None or (case.repair in said if case.repair else not said)


# Which unit it is


@pytest.mark.slow
def test_a_unit_is_found_by_its_cells(handed_in, outcome):
    assert outcome(handed_in(RIGHT, no_metadata, name="untitled.ipynb"))[1]["unit"] == "90_tiny"


@pytest.mark.parametrize("name", ["03_batchnorm_forward.ipynb", "03_batchnorm_forward (1).ipynb"])
def test_another_units_notebook_under_this_name(name, tmp_path, outcome):
    (tmp_path / name).write_bytes((paths.NOTEBOOKS / "04_batchnorm_backward.ipynb").read_bytes())
    status, _, error = outcome(tmp_path / name)
    assert status == 2 and error.count("\n") == 1
    assert "this is the notebook of 04_batchnorm_backward; it answers nothing of 03_batchnorm_forward" in error


@pytest.mark.slow
def test_the_cells_decide_where_the_stamp_is_wrong(handed_in, outcome):
    def stamp(notebook):
        notebook.metadata["bncourse"] = {"unit": "04_batchnorm_backward"}

    assert outcome(handed_in(RIGHT, stamp))[1]["points"] == 3


@pytest.mark.parametrize("stamp", [None, 5, {"unit": None}, {"unit": ["90_tiny"]}, {"unit": "../90_tiny"}])
def test_a_stamp_of_any_form(stamp, handed_in, outcome):
    def write(notebook):
        notebook.metadata["bncourse"] = stamp
        notebook.cells = [new_markdown_cell("x")]

    assert outcome(handed_in(RIGHT, write))[0] == 2


@pytest.mark.parametrize("name", ["other.ipynb", "90_tiny.ipynb"])
def test_a_notebook_of_another_course(name, handed_in, outcome):
    def other(notebook):
        return nbformat.writes(new_notebook(cells=[new_code_cell("print('hello')")])).encode()

    status, _, error = outcome(handed_in(change=other, name=name))
    assert status == 2 and "no check cells" in error and error.count("\n") == 1


# How it is run


@pytest.mark.slow
def test_an_answer_that_raises(handed_in, capsys):
    wrong = RIGHT | {"normalize": "def normalize(x, mean, var, eps=1e-5):\n    return x - men"}
    assert main(["check", str(handed_in(wrong))]) == 1
    out = capsys.readouterr().out
    assert "normalize stopped with NameError: name 'men' is not defined. In line 2 of " in out
    assert "  return x - men\n" in out


@pytest.mark.slow
def test_what_stopped_the_answers_cell_is_said(handed_in, outcome):
    stopped = RIGHT | {"normalize": f"from google.colab import drive\n{RIGHT['normalize']}"}
    _, body, _ = outcome(handed_in(stopped))
    message = body["exercises"][0]["message"]
    assert message.startswith("NameError: name 'normalize' is not defined\n")
    assert "The answer's cell, normalize, stopped before its end with ModuleNotFoundError: No module named" in message


@pytest.mark.slow
def test_a_cell_that_ends_the_kernel_is_left_out(handed_in, outcome):
    def die(notebook):
        notebook.cells.insert(place(notebook, "q_epsilon"), new_code_cell("import os; os._exit(1)"))

    status, body, _ = outcome(handed_in(RIGHT, die))
    assert (status, body["points"]) == (0, 3)
    assert "ended the kernel; the notebook was run again without it" in body["repairs"][0]


@pytest.mark.slow
def test_an_answer_that_ends_the_kernel(handed_in, outcome):
    wrong = RIGHT | {"normalize": "def normalize(x, mean, var, eps=1e-5):\n    __import__('os')._exit(1)"}
    status, body, _ = outcome(handed_in(wrong))
    assert (status, body["points"]) == (1, 1)
    assert "This cell ended the kernel." in body["exercises"][0]["message"]


@pytest.mark.slow
def test_leaving_does_nothing(handed_in, outcome):
    assert outcome(handed_in(RIGHT | {"q_epsilon": f"{RIGHT['q_epsilon']}\nexit()\nquit()"}))[1]["points"] == 3


@pytest.mark.slow
def test_a_cell_without_end(handed_in, outcome, monkeypatch):
    monkeypatch.setattr(rehearsal, "LIMITS", Limits(cell_seconds=8))  # the setup cell may take two

    def wait(notebook):
        notebook.cells.insert(place(notebook, "q_epsilon"), new_code_cell("while True: pass"))

    status, body, _ = outcome(handed_in(RIGHT, wait))
    assert (status, body["points"]) == (1, 2)
    said = body["exercises"][1]["message"]
    assert said.startswith("This check was not run: time: the cell ran for more than 8 s, in code cell ")


@pytest.mark.slow
def test_demonstrations_are_run_only_where_they_are_needed(built, handed_in, outcome):
    def remember(notebook):
        notebook.cells.append(new_code_cell("open('shown', 'w').write(str(plt.get_fignums()))"))

    path = handed_in(RIGHT, remember)
    assert outcome(path)[1]["points"] == 3

    notebook = nbformat.read(targets(built)[0], as_version=4)
    demo = next(cell for cell in notebook.cells if "demo" in cell.metadata.get("tags", []))

    def slow(notebook):
        next(c for c in notebook.cells if c.source == demo.source).source += "\nopen('demo', 'w')"

    assert outcome(handed_in(RIGHT, slow))[1]["points"] == 3
    assert (path.parent / "demo").exists()  # a changed one is the student's own


@pytest.mark.slow
def test_torch_where_the_answers_do_without(handed_in, outcome):
    _, body, _ = outcome(handed_in(RIGHT | {"normalize": f"import torch\nfrom torch import nn\n{RIGHT['normalize']}"}))
    assert body["points"] == 3 and "imports torch" in body["repairs"][0]
    _, body, _ = outcome(handed_in(RIGHT | {"q_epsilon": "import torch\nq_epsilon = 'b' if torch.ones(1) else ''"}))
    assert body["points"] == 2 and "torch is not at hand here" in body["exercises"][1]["message"]


@pytest.mark.slow
def test_the_students_files_are_found(handed_in, outcome):
    path = handed_in(RIGHT | {"normalize": "from my_answers import normalize"})
    (path.parent / "my_answers.py").write_text(f"import numpy as np\n{RIGHT['normalize']}")
    assert outcome(path)[1]["points"] == 3


@pytest.mark.slow
def test_a_link_to_the_file(handed_in, outcome):
    path = handed_in(RIGHT | {"normalize": "from my_answers import normalize"})
    (path.parent / "my_answers.py").write_text(f"import numpy as np\n{RIGHT['normalize']}")
    link = path.parent / "elsewhere" / "link.ipynb"
    link.parent.mkdir()
    link.symlink_to(path)
    assert outcome(link)[1]["points"] == 3


@pytest.mark.slow
def test_the_file_is_left_as_it_was(handed_in):
    path = handed_in(RIGHT)
    before = path.read_bytes()
    main(["check", str(path)])
    assert path.read_bytes() == before
    assert not [p for p in path.parent.iterdir() if p != path and p.name not in ("solutions", "notebooks")]


@pytest.mark.slow
def test_points_count_only_when_the_cell_ran_to_its_end(handed_in):
    """The scoreboard in the notebook and `bncourse check` agree."""
    from nbclient import NotebookClient

    notebook = nbformat.read(handed_in(RIGHT), as_version=4)
    notebook.cells[-2].source += "\nassert False, 'a property does not hold'"
    NotebookClient(notebook, allow_errors=True, kernel_name="python3").execute()
    text = notebook.cells[-1].outputs[0].data["text/plain"]
    assert text.splitlines()[:3] == ["✓ normalize   2 of 2", "· q_epsilon   0 of 1", "· total       2 of 3"]


@pytest.mark.slow
def test_an_interrupt_ends_it(handed_in, course):
    def wait(notebook):
        notebook.cells.append(new_code_cell("open('begun', 'w'); import time; time.sleep(60)"))

    path = handed_in(RIGHT, wait)
    code = f"import sys; from grader import cli, paths; paths.NOTEBOOKS = paths.Path({str(course)!r})"
    code += f"; sys.exit(cli.main(['check', {str(path)!r}]))"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not (path.parent / "begun").exists():
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[1] == "bncourse: interrupted\n" and process.returncode == 130


# Cells that a person grades


@pytest.fixture
def with_essays(course, tmp_path, monkeypatch):
    """A course whose unit has two questions that a person grades, in text and in code."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    notebook = nbformat.read(course / "90_tiny.ipynb", as_version=4)
    role = {"grade": True, "solution": True, "locked": False, "task": False, "schema_version": 3}
    for name, points, new in (("essay", 2, new_markdown_cell), ("sketch", 1, new_code_cell)):
        meta = {"nbgrader": {**role, "grade_id": name, "points": points}}
        notebook.cells.append(new("YOUR ANSWER HERE" if name == "essay" else "raise NotImplementedError()"))
        notebook.cells[-1].update(id=name, metadata=nbformat.from_dict(meta))
    nbformat.write(notebook, folder / "90_tiny.ipynb")
    monkeypatch.setattr(paths, "NOTEBOOKS", folder)
    return folder / "90_tiny.ipynb"


@pytest.mark.slow
def test_cells_that_a_person_grades_count_apart(with_essays, handed_in, capsys, outcome):
    def take_over(notebook):
        notebook.cells = nbformat.read(with_essays, as_version=4).cells
        for cell in notebook.cells:
            cell.source = RIGHT.get(grade_id(cell), cell.source)
        notebook.cells[-1].source = "answer = 5"

    path = handed_in(change=take_over)
    assert main(["check", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "3 of 3 points, hidden tests not included",
        "3 more points are graded by a person (not answered yet: essay)",
    ]
    assert outcome(path)[1]["graded_by_a_person"] == 3


# No traceback, whatever the file is


NOTEBOOK = '{"cells": [%s], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "There is no file"),
        (b"", "is empty"),
        (b"{", "is no notebook: it is not JSON"),
        (NOTEBOOK[:30].encode(), "may be cut short"),
        (b"[]", "is JSON, but has no cells"),
        (b"5", "is JSON, but has no cells"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "is no notebook"),
        ((NOTEBOOK % '"caf\xe9"').encode("latin-1"), "is not text in UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"cells": ' + b'{"a":' * 200_000, "nested too deeply"),
        ((NOTEBOOK % "").encode(), "has no cells in it"),
        ((NOTEBOOK % "5, null, []").encode(), "has no cells in it"),
        (b"<!DOCTYPE html>", "it is a web page"),
        (b"PK\x03\x04", "compressed archive"),
        (b'{"worksheets": [{"cells": [{"cell_type": "code", "input": 5}]}], "nbformat": 3}', "cannot be converted"),
    ],
)
def test_not_a_notebook(data, words, course, tmp_path, outcome):
    path = tmp_path / "a.ipynb"
    if data is not None:
        path.write_bytes(data)
    status, _, error = outcome(path)
    assert status == 2 and words in error and error.count("\n") == 1 and error.startswith("bncourse check: ")


def test_not_a_file(course, tmp_path, outcome):
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "loop.ipynb").symlink_to(tmp_path / "loop.ipynb")
    for name, words in (("", "is a directory"), ("pipe.ipynb", "is a pipe"), ("loop.ipynb", "")):
        status, _, error = outcome(tmp_path / name)
        assert status == 2 and words in error and error.count("\n") == 1


def test_a_name_of_any_bytes(course, tmp_path, outcome):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\x1b[31m\xff\n.ipynb")
    with open(path, "w") as file:
        file.write("{")
    status, _, error = outcome(path)
    assert status == 2 and error.count("\n") == 1 and "\x1b" not in error and error.isascii() is False


@pytest.mark.slow
def test_text_that_terminals_obey(handed_in, capsys):
    """Control characters and halves of surrogate pairs, in code, in what it raises, and where nobody should look."""
    code = "raise ValueError('\\x1b[2J\\x9b31m\\ud800\\u202e' * 10**5)"
    path = handed_in(RIGHT | {"q_epsilon": code})
    text = path.read_text().replace("YOUR ANSWER", "\\ud800")
    path.write_text(text.replace('"metadata": {}', '"metadata": {"\\udfff": "\\ud800"}', 1))
    for options in ([], ["--json"]):
        assert main(["check", str(path), *options]) == 1
        out = capsys.readouterr().out
        assert not any(mark in out for mark in "\x1b\x9b\ud800\u202e") and len(out) < 10_000


@pytest.mark.slow
def test_a_terminal_without_unicode(handed_in, monkeypatch):
    path = handed_in(RIGHT)
    for options in ([], ["--json"]):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
        assert main(["check", str(path), *options]) == 0
        sys.stdout.flush()
        assert b"3" in sys.stdout.buffer.getvalue()
