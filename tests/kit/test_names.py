"""The notebook's own code survives whatever learners name their things, and check cells leave no names behind."""

import atexit
import sys

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from grader.authoring.stale import targets

NO_HISTORY = Config(HistoryManager={"enabled": False})
ANSWER = """\
def normalize(x, mean, var, eps=1e-5):
    return (x - mean) / np.sqrt(var + eps)
"""
SPOILERS = {
    **{name: f"{name} = [1, 2]" for name in ("list", "dict", "tuple", "len", "str", "type", "map", "range", "zip")},
    **{name: f"{name} = 'mine'" for name in ("html", "warnings", "base64", "zlib", "json", "re", "sys", "copy", "ast")},
    "sum, max, abs": "sum = max = abs = isinstance = hasattr = sorted = 5",
    "the kit's own": "observe = compare = call = numbers = Table = TABLE = CheckFailed = namespace = show = None",
    "check = None": "check = None",
    "del check": "del check",
    "a check of one's own": "def check(x):\n    return x",
    "from numpy import *": "from numpy import *",
    "from math import *": "from math import *",
    "%pylab": "%pylab inline",
    "x, mean, var": "x = mean = var = r = eps = 'mine'",
    "__builtins__": "import builtins as __builtins__",
    "deleted": "del plt",
}


class Notebook:
    """The tiny unit's student notebook in a shell of this process."""

    def __init__(self, path):
        InteractiveShell.clear_instance()
        self.shell = InteractiveShell.instance(config=NO_HISTORY)
        atexit.unregister(self.shell.atexit_operations)  # of dozens of shells they take ten seconds
        notebook = nbformat.read(targets(path)[0], as_version=4)
        self.cells = {c.metadata.nbgrader.grade_id: c.source for c in notebook.cells if "nbgrader" in c.metadata}
        self.run(self.cells["setup"])

    def run(self, source: str):
        result = self.shell.run_cell(source)
        return result.error_before_exec or result.error_in_exec

    def check(self):
        return self.run(self.cells["normalize-values"])

    @property
    def names(self) -> set[str]:
        return {name for name in self.shell.user_ns if not name.startswith("_")}


@pytest.fixture
def notebook(built):
    yield Notebook(built)
    InteractiveShell.clear_instance()
    sys.modules.pop("bncourse_kit", None)


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_what_a_learner_names(spoiler, notebook, capsys):
    notebook.run(SPOILERS[spoiler])
    assert notebook.run(ANSWER) is None
    assert notebook.check() is None
    notebook.run("scoreboard()")
    assert "normalize   2 of 2" in capsys.readouterr().out


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_a_wrong_answer_is_told_its_cause_all_the_same(spoiler, notebook):
    notebook.run(SPOILERS[spoiler])
    notebook.run(ANSWER.replace("np.sqrt(var + eps)", "(np.sqrt(var) + eps)"))
    assert "eps stands inside the square root" in str(notebook.check())


def test_a_check_cell_leaves_no_name_behind(notebook):
    notebook.run(ANSWER)
    before = notebook.names
    assert notebook.check() is None
    assert notebook.names == before


def test_an_answer_cannot_live_on_what_a_check_cell_named(notebook):
    notebook.run("def normalize(data, mean, var, eps=1e-5):\n    return (x - mean) / np.sqrt(var + eps)\n")
    assert "name 'x' is not defined" in str(notebook.check())


def test_the_setup_cell_gives_what_it_says_and_no_more(notebook):
    mine = {"np", "plt", "check", "scoreboard", "device"}
    assert mine <= notebook.names and not {"kit", "types", "sys", "base64"} & notebook.names


@pytest.mark.slow
def test_the_setup_cell_run_twice(notebook):
    notebook.run(notebook.cells["setup"])
    notebook.run(ANSWER)
    assert notebook.check() is None
    assert len([t for t in notebook.shell.ast_transformers if type(t).__name__ == "CheckCells"]) == 1


def test_points_are_lost_when_an_answer_is_made_worse(notebook, capsys):
    notebook.run(ANSWER)
    notebook.check()
    notebook.run(ANSWER.replace("eps)", "2 * eps)"))
    assert notebook.check() is not None
    notebook.run("scoreboard()")
    assert "normalize   0 of 2" in capsys.readouterr().out


def test_the_line_of_an_error_is_one_of_the_learner_s_cell(notebook):
    notebook.run("def normalize(x, mean, var, eps=1e-5):\n    y = x - mean\n    return y / None\n")
    message = str(notebook.check())
    assert "In line 3 of the cell of normalize:  return y / None" in message
    notebook.run("def normalize(x, mean, var):\n    return x\n")
    message = str(notebook.check())
    assert "unexpected keyword argument 'eps'" in message and "In line" not in message


def test_a_check_whose_name_is_made_in_a_loop(notebook):
    notebook.run(ANSWER)
    made = notebook.cells["normalize-values"].replace('check("x_hat"', 'for name in ["x_hat"]:\n    check(f"{name}"')
    before = notebook.names
    assert notebook.run(made) is None
    assert notebook.names == before


def test_a_learner_s_own_check_is_theirs(notebook, capsys):
    notebook.run("def check(x):\n    return x + 1\n\n\nmine = check(4)")
    assert notebook.shell.user_ns["mine"] == 5


def test_a_cell_that_defines_an_answer_and_checks_it_is_the_learner_s(notebook):
    """The answer must still be there for the check cell below."""
    assert notebook.run(ANSWER + "\n" + notebook.cells["normalize-values"]) is None
    assert "normalize" in notebook.names
    assert notebook.check() is None


@pytest.mark.parametrize("spoiler", ["print = 5", "from re import *", "globals = exec = compile = None"])
def test_the_setup_cell_again_after(spoiler, notebook):
    notebook.run(spoiler)
    assert notebook.run(notebook.cells["setup"]) is None
    notebook.run(ANSWER)
    assert notebook.check() is None
