"""Run a notebook's code cells without Jupyter: fast, for trusted code only; the one runner of record and validate.

Check cells run as the kit runs them, in a namespace of their own. Each other answer to an exercise is tried at the
exercise's place, and what it did to the notebook's names is undone, so that hundreds of them cost one run.
"""

import contextlib
import io
import linecache
import random
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import matplotlib
import numpy as np

from grader.authoring.backends import disturb, leave_steady
from grader.kit.call import CheckFailed

matplotlib.use("Agg")


@dataclass
class Step:
    """A code cell that is run: its id, its role ("given", "exercise" or "check"), its source."""

    id: str
    role: str
    source: str

    @property
    def exercise(self) -> str:
        """Of an exercise or a check, whether its id is a unit's (a.b) or nbgrader's (a-b)."""
        return self.id.replace("-", ".").partition(".")[0]


@dataclass
class Ran:
    """What running a cell gave: the exception that ended it, and what it printed."""

    step: Step
    error: BaseException | None
    output: str = ""

    @property
    def line(self) -> int:
        """The line of the cell that raised, counted from 1; 0 where none did."""
        frames = traceback.extract_tb(self.error.__traceback__) if self.error else []
        return next((f.lineno for f in frames if f.filename == f"<cell {self.step.id}>"), 0)

    @property
    def message(self) -> str:
        """What the learner is told; "" where the cell ran to its end."""
        if self.error is None:
            return ""
        failed = type(self.error).__name__ == CheckFailed.__name__
        return str(self.error) if failed else f"{type(self.error).__name__}: {self.error}"

    @property
    def causes(self) -> list[str]:
        return getattr(self.error, "causes", [])

    @property
    def unwritten(self) -> bool:
        """Whether it stopped at a stub."""
        stub = isinstance(self.error, NotImplementedError) and not self.error.args
        return stub or getattr(self.error, "unwritten", False)

    @property
    def check(self) -> str:
        """The name of the check that failed; "" where none did."""
        return getattr(self.error, "name", "") if isinstance(getattr(self.error, "causes", None), list) else ""


class Runner:
    """A notebook that is being run. Its setup cell has been run when this returns; raises what that raises."""

    def __init__(self, setup: str, steps: list[Step]) -> None:
        self.names: dict = {"__name__": "__main__"}
        self.steps, self.at = steps, 0
        leave_steady()
        ran = self._execute(Step("setup", "given", setup), setup)
        if ran.error is not None:
            raise ran.error
        self.kit = sys.modules["bncourse_kit"]

    def run(self, step: Step, source: str | None = None) -> Ran:
        """Run a cell, or another source in its place."""
        _reset()
        disturb()
        return self._execute(step, step.source if source is None else source)

    def walk(self) -> Iterator[Step]:
        """The steps in order. Whoever walks runs each, and may try other answers before an exercise's own."""
        for number, step in enumerate(self.steps):
            self.at = number
            yield step

    def trial(self, source: str, before_each: Callable[[Step], None] = lambda step: None) -> list[Ran]:
        """Run another answer in the place of the exercise that the walk is at, then its checks. Leaves no trace.

        What is given between the exercise and its last check is run too, other exercises and their checks are not.
        """
        exercise = self.steps[self.at]
        own = [n for n, s in enumerate(self.steps) if s.role == "check" and s.exercise == exercise.id]
        before, results = dict(self.names), [self.run(exercise, source)]
        for number in range(self.at + 1, own[-1] + 1):
            step = self.steps[number]
            if step.role == "given" or number in own:
                before_each(step)
                results.append(self.run(step))
        self.names.clear()
        self.names.update(before)
        return [ran for ran in results if ran.step.role != "given"]

    def _execute(self, step: Step, source: str) -> Ran:
        filename = f"<cell {step.id}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        output, error = io.StringIO(), None
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                code = compile(source, filename, "exec")
                if step.role == "check":
                    self.kit.run_check_cell(code, self.names)
                else:
                    exec(code, self.names)
            except (Exception, SystemExit) as caught:
                error = caught
        import matplotlib.pyplot as plt

        plt.close("all")
        return Ran(step, error, output.getvalue())


def _reset() -> None:
    """What an answer may have left switched on or off, and where it left the random generators."""
    random.seed(0)
    np.random.seed(0)
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
        torch.set_grad_enabled(True)
