"""What a case of the corpus of hostile and broken submissions is, and how one is written.

A case is a function that gets the released notebook as a student has it, and the host on which it will be graded, and
changes the notebook (or returns the bytes of the file). What grading must make of it stands in its decorator.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from grader.authoring.unit import read_unit
from grader.grading.release import tables
from grader.kit.observe import packed
from grader.kit.table import Table
from grader.paths import unit_sources

TINY, CHECKS, TORCH, REAL = "90_tiny", "91_checks", "92_torch", "04_batchnorm_backward"

# A second small unit, with the kinds of checks that the tiny one lacks: a visible one only, property asserts, large
# arrays, a dict, truth values.
CHECKS_UNIT = '''\
# ---
# title: Checks of every kind
# question: "Which of them can be cheated?"
# seconds: 5
# ---

# %% tags=["demo"]
shown = 3

# %% exercise="centre"
def centre(x):
    """Subtract each column's mean.  x: (N, D).  Returns an array of the same shape.  About 5 minutes."""
    ### BEGIN SOLUTION
    return x - x.mean(axis=0)
    ### END SOLUTION


# %% check="centre.values" points=2
x = np.random.RandomState(1).normal(5, [1, 3], (6, 2))
check("centred", centre, x);

# %% exercise="spread"
def spread(x):
    """The standard deviation of each column.  x: (N, D).  Returns (D,).  About 5 minutes."""
    ### BEGIN SOLUTION
    return np.sqrt(((x - x.mean(axis=0)) ** 2).mean(axis=0))
    ### END SOLUTION


# %% check="spread.values" points=1
x = np.random.RandomState(2).normal(5, [1, 3], (7, 2))
s = check("spread", spread, x)
assert spread.__doc__ and "standard deviation" in spread.__doc__, "the docstring of spread is gone"

# %% check="spread.large" points=2
x = np.random.RandomState(3).normal(5, 2, (9, 4))
check("spread, shifted", lambda: spread(x + 100) - spread(x), atol=1e-6)
### BEGIN HIDDEN TESTS
x = np.random.RandomState(4).normal(5, 2, (40, 300))
check("spread, many features", spread, x)
assert np.allclose(spread(2 * x), 2 * spread(x)), "twice the data should spread twice as far"
### END HIDDEN TESTS

# %% exercise="q_axis"
### BEGIN SOLUTION
q_axis = "a"
### END SOLUTION

# %% check="q_axis.answer" points=1
check("q_axis", q_axis);
'''
CHECKS_MISTAKES = """\
# %% exercise="centre"
# %% mistakes
# One mean for the whole array.
# - x.mean(axis=0)  =>  x.mean()

# %% exercise="spread"
# %% mistakes
# That is the variance: take its root.
# - np.sqrt(((x - x.mean(axis=0)) ** 2).mean(axis=0))  =>  ((x - x.mean(axis=0)) ** 2).mean(axis=0)

# %% exercise="q_axis"
# %% mistakes
# Axis 1 runs along the features.
# - "a"  =>  "b"
"""

# A third, about torch: a check that forbids PyTorch's own normalization, one whose numbers come from a helper with a
# positional seed, and a class of a given cell that it uses.
TORCH_UNIT = '''\
# ---
# title: By hand
# question: "Who does the arithmetic?"
# seconds: 5
# ---

# %%
import torch
from torch import nn


class Witness(nn.Module):
    """A layer that adds a shift, and counts how often it was called."""

    def __init__(self, shift):
        super().__init__()
        self.shift, self.calls = shift, 0

    def forward(self, x):
        self.calls += 1
        return x + self.shift


# %% helper=true
def drawn(seed, *shape):
    """Normal numbers."""
    import torch

    return torch.from_numpy(np.random.RandomState(seed).normal(3, 2, shape))


# %% exercise="whiten"
def whiten(x, eps=0.1):
    """Each column with its mean taken away, over √(variance + ε).  x: (N, D).  Returns (N, D).  About 5 minutes."""
    ### BEGIN SOLUTION
    mean = x.mean(dim=0)
    return (x - mean) / torch.sqrt(((x - mean) ** 2).mean(dim=0) + eps)
    ### END SOLUTION


# %% check="whiten.values" points=2
with by_hand():
    check("whitened", whiten, drawn(1, 6, 3))
### BEGIN HIDDEN TESTS
with by_hand():
    check("whitened, five rows", whiten, drawn(2, 5, 2), 0.3)
### END HIDDEN TESTS

# %% exercise="twice"
def twice(layer, x):
    """What the layer gives of what it gives of x.  About 5 minutes."""
    ### BEGIN SOLUTION
    return layer(layer(x))
    ### END SOLUTION


# %% check="twice.values" points=1
def called(x):
    layer = Witness(3.0)
    return twice(layer, x), layer.calls


check("twice", called, drawn(3, 4, 3))
'''
TORCH_MISTAKES = """\
# %% exercise="whiten"
# %% mistakes
# The mean is not taken away.
# - return (x - mean)  =>  return x

# %% exercise="twice"
# %% mistakes
# That is once.
# - layer(layer(x))  =>  layer(x)
"""

RIGHT = {
    "normalize": "def normalize(x, mean, var, eps=1e-5):\n    return (x - mean) / np.sqrt(var + eps)",
    "q_epsilon": 'q_epsilon = "b"',
    "centre": "def centre(x):\n    return x - x.mean(axis=0)",
    "spread": 'def spread(x):\n    """The standard deviation of each column."""\n    return x.std(axis=0)',
    "q_axis": 'q_axis = "a"',
    "whiten": "def whiten(x, eps=0.1):\n    return (x - x.mean(0)) / (x.var(0, correction=0) + eps) ** 0.5",
    "twice": "def twice(layer, x):\n    return layer(layer(x))",
}
ALL = {TINY: 3.0, CHECKS: 6.0, TORCH: 3.0, REAL: 25.0}


@cache
def right_answers() -> dict[str, str]:
    """Those, and the real unit's own."""
    unit = read_unit(unit_sources([REAL[:2]])[0])
    return RIGHT | {exercise: unit.of("exercise", exercise)[0].source for exercise in unit.exercises}


@dataclass
class Host:
    """The machine that grades: where on it things lie that no submission may see or change."""

    directory: Path  # the class
    home: Path  # a file in $HOME
    port: int  # of a TCP server on the loopback
    socket: Path  # of a server on a Unix socket
    abstract: str  # of one on an abstract socket
    pid: int  # of the grader
    folder: Path  # of the submission that is being made


@dataclass
class Case:
    """A submission, and what must come of it."""

    make: Callable
    unit: str
    points: float | None  # in all; None: does not matter
    status: str = "graded"
    flag: str | None = ""  # words of the one flag; "": there is none; None: does not matter
    repair: str | None = ""  # words that some repair has; "": there is none; None: whether there is does not matter
    limit: str | None = ""  # words of the one limit that is named; "": none is; None: does not matter
    reason: str = ""  # words of the reason of a failed one
    limits: dict = field(default_factory=dict)  # instead of the ones that tests use
    student: str = ""
    leaks: str = ""  # what it would reach without the jail
    weak: str = ""  # why it does not get that yet
    slow: bool = False

    def __post_init__(self) -> None:
        self.student = self.student or self.make.__name__

    @property
    def name(self) -> str:
        return self.make.__name__


class Notebook:
    """A notebook in a student's hands."""

    def __init__(self, path: Path) -> None:
        self.node = nbformat.read(path, as_version=4)
        self.unit = path.stem

    @property
    def cells(self) -> list:
        return self.node.cells

    def number(self, grade_id: str) -> int:
        return next(n for n, c in enumerate(self.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)

    def cell(self, grade_id: str):
        return self.cells[self.number(grade_id)]

    def answer(self, **answers: str) -> None:
        """Write answers; those not named stay as they were released."""
        for exercise, code in answers.items():
            self.cell(exercise).source = code

    def answer_rightly(self, *but: str) -> None:
        """Write the right answer to each exercise that is not named."""
        for cell in self.cells:
            exercise = cell.metadata.get("nbgrader", {}).get("grade_id")
            if exercise in right_answers() and exercise not in but:
                cell.source = right_answers()[exercise]

    def add(self, code: str, before: str = "", after: str = "", at: int | None = None, markdown: bool = False):
        """A cell of the student's own; without a place, right after the setup cell."""
        if at is None:
            at = self.number(before) if before else self.number(after or "setup") + 1
        self.cells.insert(at, (new_markdown_cell if markdown else new_code_cell)(code))
        return self.cells[at]

    def published(self) -> dict:
        """By the name of a visible check what is expected, in the form in which it would be sent: students have it."""
        table = Table()
        for text in tables(self.cell("setup").source):
            table.load(text)
        return {name: sent(check["expected"]) for name, check in table.checks.items()}

    def bytes(self) -> bytes:
        return json.dumps(self.node).encode()


def sent(tree: dict) -> dict:
    """An observation out of a table, whose numbers are arrays, as a check sends it."""
    if tree["t"] == "number":
        return {**tree, "v": repr(float(tree["v"][0]))}
    if tree["t"] in ("list", "tuple"):
        return {**tree, "v": [sent(item) for item in tree["v"]]}
    if tree["t"] == "dict":
        return {**tree, "v": {key: sent(item) for key, item in tree["v"].items()}}
    arrays = ("v", "samples", "sums") if tree["t"] in ("array", "tensor") else ()
    return {key: packed(value) if key in arrays else value for key, value in tree.items()}


CASES: dict[str, list[Case]] = {"cheating": [], "attacking": [], "broken": []}


def case(kind: str, points: float = 0.0, unit: str = TINY, **wanted) -> Callable:
    """Add a case. The function gets a Notebook and the Host; what it returns, if anything, is the file's bytes."""

    def add(make: Callable) -> Callable:
        assert make.__doc__, f"{make.__name__}: say what it tries"
        assert make.__name__ not in [c.name for c in CASES[kind]], f"{make.__name__} is there twice"
        CASES[kind].append(Case(make, unit, points, **wanted))
        return make

    return add
