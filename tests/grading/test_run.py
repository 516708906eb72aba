"""A run in groups gives what a run cell by cell gives, whatever a notebook does; and what is common is run before."""

import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from grader.grading import run as module
from grader.grading.batch import singly
from grader.grading.jail import Jails
from grader.grading.job import grade, make_plan
from grader.grading.limits import Limits
from grader.grading.rebuild import Piece
from grader.grading.release import release_of
from grader.grading.run import Notebook, first_given
from grader.grading.submission import Submission

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")

LIMITS = Limits(cell_seconds=3, memory_mb=300)
RIGHT = "def normalize(x, mean, var, eps=1e-5):\n    return (x - mean) / np.sqrt(var + eps)"


@pytest.fixture(scope="module")
def unit(built):
    """The small unit's release, its released notebook, and its plan."""
    source = nbformat.read(built.with_suffix(".ipynb"), as_version=4)
    released = nbformat.read(built.parent.parent / "notebooks" / f"{built.stem}.ipynb", as_version=4)
    jails = Jails(True)
    release = release_of(built.stem, source, released)
    yield release, released, make_plan(release, LIMITS, jails), jails
    jails.close()


def graded(unit, normalize=RIGHT, q="q_epsilon = 'b'", after_check=None, first=None, last=None):
    """What comes of a submission with these answers and cells of the student's own."""
    release, released, plan, jails = unit
    notebook = nbformat.from_dict(released)
    answers = {"normalize": normalize, "q_epsilon": q}
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    place = next(n for n, c in enumerate(notebook.cells) if c.metadata.get("nbgrader", {}).get("points")) + 1
    for where, source in ((len(notebook.cells), last), (place, after_check), (0, first)):
        if source is not None:
            notebook.cells.insert(where, new_code_cell(source))
    submission = Submission("s", release.unit, "s.ipynb", nbformat.writes(notebook).encode())
    return grade(submission, release, plan, LIMITS, jails)


def said(result):
    """All of a result that a student or an instructor reads, but for times."""
    cells = [(cell.id, cell.points, cell.message) for cell in result.cells]
    shown = [
        [(o["output_type"], o.get("text"), o.get("ename"), o.get("data", {}).get("text/plain")) for o in c["outputs"]]
        for c in nbformat.reads(result.notebook, as_version=4).cells
        if c.cell_type == "code"
    ]
    return cells, result.repairs, result.limits, result.flags, shown


KERNEL = "__import__('ipykernel.kernelapp').kernelapp.IPKernelApp.instance().kernel"
KINDS = {
    "all right": {},
    "a value and a print": {"after_check": "print('between')\n1 + 1"},
    "a figure": {"normalize": f"{RIGHT}\nplt.plot([1]);"},
    "a figure that a check leaves open": {
        "normalize": RIGHT.replace("    return", "    plt.plot([1])\n    return"),
        "after_check": "print('after')",
    },
    "an error": {"after_check": "1 / 0", "q": "q_epsilon = undefined"},
    "a syntax error": {"after_check": "this is no Python"},
    "await": {"after_check": "import asyncio\nawait asyncio.sleep(0)\nprint('awaited')"},
    "magics": {
        "after_check": "%%capture caught\nprint(1)",
        "q": "q_epsilon = 'b'\nprint(caught.stdout)",
        "last": "!echo shell",
    },
    "exit": {"after_check": "exit()", "q": "import sys\nq_epsilon = 'b'\nsys.exit()"},
    "input": {"after_check": "input('?')"},
    "reset": {"after_check": "%reset -f"},
    "a first cell above the setup": {"first": "print('first')"},
    "the end of the kernel": {"after_check": "import os\nos._exit(0)"},
    "the end of the kernel, killed": {"q": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"},
    "a loop without an end in an answer": {
        "normalize": RIGHT.replace("    return", "    while True: pass\n    return")
    },
    "a loop without an end in a cell of a group": {"after_check": "while True: pass"},
    "memory in a cell of a group": {"after_check": "x = bytearray(b'x') * (500 << 20)"},
    "get_ipython replaced": {"normalize": f"{RIGHT}\nget_ipython = lambda: None"},
    "what runs cells replaced": {"normalize": f"{RIGHT}\n{KERNEL}.cells.run = lambda request: None"},
    "what marks cells replaced": {"normalize": f"{RIGHT}\n{KERNEL}.cells._mark = lambda *_: None"},
    "a mark forged": {
        "normalize": f"""{RIGHT}
import sys
from IPython.display import publish_display_data
def mark():
    publish_display_data({{"application/x-bncourse-piece": {{"word": "guess", "count": 1}}}})
real = normalize
def normalize(*args, **options):
    mark()
    return real(*args, **options)"""
    },
    "all words of the frames above tried as marks": {
        "normalize": f"""{RIGHT}
import sys, re
from IPython.display import publish_display_data
real = normalize
def normalize(*args, **options):
    frame = sys._getframe()
    while frame:
        for text in [str(value) for value in frame.f_locals.values()]:
            for word in re.findall(r"word['\\"]: ['\\"]([0-9a-f]{{16}})", text[:100000]):
                publish_display_data({{"application/x-bncourse-piece": {{"word": word, "count": 1}}}})
        frame = frame.f_back
    return real(*args, **options)""",
        "after_check": "print('after')",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_in_groups_as_cell_by_cell(unit, monkeypatch, kind):
    in_groups = said(graded(unit, **KINDS[kind]))
    monkeypatch.setattr(module, "batches", singly)
    assert in_groups == said(graded(unit, **KINDS[kind]))


@pytest.mark.slow
def test_a_notebook_is_the_same_whether_the_setup_cell_ran_before_or_in_its_kernel(unit, monkeypatch):
    """To the byte: where a kernel's template has gone, the kernel does all of it."""
    forked = graded(unit).notebook
    program = Notebook.program

    def fails(self, common):
        return {**program(self, common), "given": ["1 / 0"]}  # and no template comes of it

    monkeypatch.setattr(Notebook, "program", fails)
    assert graded(unit).notebook == forked
    assert [c.execution_count for c in nbformat.reads(forked, as_version=4).cells if c.get("outputs")]


@pytest.mark.slow
def test_the_time_of_a_run_that_was_not_clear_is_given_back(unit):
    """A cell that meets its limit in a group is run again, and the notebook has its seconds from then on."""
    release, _, plan, jails = unit
    tight = Limits(cell_seconds=3, notebook_seconds=5)
    pieces = [Piece(cell, cell.kind, cell.full) for cell in release.cells]
    place = next(n for n, piece in enumerate(pieces) if piece.role == "check") + 1
    pieces.insert(place, Piece(None, "code", "import time\ntime.sleep(4)"))
    second = {key: one.code for key, one in plan.second.items()}
    notebook = Notebook(pieces, {}, 1, release, second, tight)
    demos = {n for n, piece in enumerate(pieces) if piece.role == "demo"}
    run = module.run_once(notebook, jails.get(release.torch), demos)
    assert run.stopped == (place, "time: the cell ran for more than 3 s") and run.timed


def common(release, *changes, skip=frozenset(), files=None):
    """The keys of what is run before the fork, for pieces that differ from the release in these places."""
    pieces = [Piece(cell, cell.kind, dict(changes).get(cell.key, cell.released)) for cell in release.cells]
    return pieces, Notebook(pieces, files or {}, 1, release, {}, Limits()).common(set(skip))


def test_the_setup_cell_is_common_to_all(unit):
    release = unit[0]
    demos = {n for n, cell in enumerate(release.cells) if cell.role == "demo"}
    pieces, numbers = common(release, skip=demos)
    assert [pieces[n].role for n in numbers] == ["setup"]
    assert first_given(release) == []
