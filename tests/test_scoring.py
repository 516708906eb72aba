"""`bncourse check`: what a student is told about a notebook, whatever state it is in."""

import json

import nbformat
import pytest

from grader.authoring.build import targets
from grader.cli import main


@pytest.fixture
def handed_in(built, tmp_path):
    """A function that writes the student notebook with answers and changes, and returns the file."""

    def write(answers=None, change=lambda notebook: None):
        notebook = nbformat.read(targets(built)[0], as_version=4)
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = (answers or {}).get(grade_id, cell.source)
        change(notebook)
        path = tmp_path / "mine.ipynb"
        nbformat.write(notebook, path)
        return path

    return write


RIGHT = {
    "normalize": "def normalize(x, mean, var, eps=1e-5):\n    return (x - mean) / np.sqrt(var + eps)",
    "q_epsilon": "q_epsilon = 'b'",
}


def test_full_marks(handed_in, capsys):
    assert main(["check", str(handed_in(RIGHT))]) == 0
    assert capsys.readouterr().out.splitlines() == ["✓ normalize  2 of 2", "✓ q_epsilon  1 of 1", "3 of 3 points"]


def test_a_mistake_is_named(handed_in, capsys):
    wrong = RIGHT | {"normalize": RIGHT["normalize"].replace("np.sqrt(var + eps)", "(np.sqrt(var) + eps)")}
    assert main(["check", str(handed_in(wrong))]) == 1
    out = capsys.readouterr().out
    assert "· normalize  0 of 2\n    normalize: the result has the right shape (7, 3), but wrong values" in out
    assert "    Likely cause: eps stands inside the square root.\n✓ q_epsilon  1 of 1\n1 of 3 points" in out


def test_untouched_as_json(handed_in, capsys):
    assert main(["check", str(handed_in()), "--json"]) == 1
    body = json.loads(capsys.readouterr().out)
    assert (body["points"], body["out_of"]) == (0, 3)
    assert [e["message"].split(":")[0] for e in body["exercises"]] == [
        "normalize is not written yet",
        "There is no answer yet",
    ]


def test_an_answer_that_raises(handed_in, capsys):
    wrong = RIGHT | {"normalize": "def normalize(x, mean, var, eps=1e-5):\n    return x - men"}
    assert main(["check", str(handed_in(wrong))]) == 1
    out = capsys.readouterr().out
    assert "normalize stopped with NameError: name 'men' is not defined. In line 2 of its cell:  return x - men" in out


def test_a_dead_kernel_keeps_the_points_before_it(handed_in, capsys):
    def die(notebook):
        notebook.cells.insert(-3, nbformat.v4.new_code_cell("import os; os._exit(1)"))

    assert main(["check", str(handed_in(RIGHT, die))]) == 1
    out = capsys.readouterr().out
    assert "✓ normalize  2 of 2" in out and "The kernel died while this notebook ran." in out


def test_a_missing_cell_is_an_error_of_its_own(handed_in, capsys):
    def drop(notebook):
        notebook.cells = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") != "normalize"]

    assert main(["check", str(handed_in(RIGHT, drop))]) == 1
    assert "NameError: name 'normalize' is not defined" in capsys.readouterr().out


def test_not_a_notebook(tmp_path, capsys):
    path = tmp_path / "a.ipynb"
    for text, words in (
        (None, "There is no file"),
        ("{", "is not a notebook that can be read"),
        ("", "is not a notebook"),
    ):
        if text is not None:
            path.write_text(text)
        assert main(["check", str(path)]) == 2
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1
    assert main(["check", str(tmp_path)]) == 2
    nbformat.write(nbformat.v4.new_notebook(), path)
    assert main(["check", str(path)]) == 2
    assert "no check cells" in capsys.readouterr().err


def test_the_file_is_left_as_it_was(handed_in):
    path = handed_in(RIGHT)
    before = path.read_bytes()
    main(["check", str(path)])
    assert path.read_bytes() == before
    assert not [p for p in path.parent.iterdir() if p != path and p.name not in ("solutions", "notebooks")]


def test_points_count_only_when_the_cell_ran_to_its_end(handed_in):
    """The scoreboard in the notebook and `bncourse check` agree."""
    from nbclient import NotebookClient

    notebook = nbformat.read(handed_in(RIGHT), as_version=4)
    notebook.cells[-2].source += "\nassert False, 'a property does not hold'"
    NotebookClient(notebook, allow_errors=True, kernel_name="python3").execute()
    text = notebook.cells[-1].outputs[0].data["text/plain"]
    assert text.splitlines() == ["✓ normalize   2 of 2", "· q_epsilon   0 of 1", "· total       2 of 3"]
