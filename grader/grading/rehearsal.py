"""Run a rebuilt notebook as the grader does, but in an ordinary kernel and without hidden tests: for its own student.

It runs with the rights of whoever calls it, in the notebook's own directory.
"""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook
from tqdm import tqdm

from grader.errors import CourseError
from grader.grading.given import given_code
from grader.grading.limits import Limits
from grader.grading.outputs import line
from grader.grading.rebuild import Piece, names
from grader.grading.release import Release
from grader.grading.run import NO_TORCH, RUNS, STUB_TORCH, where
from grader.kernel import NO_LOG, QUIET_KERNEL

LIMITS = Limits()
# What is other in the grader's kernels: they outlive exit(), and know no torch where the answers do without.
NO_EXIT = """get_ipython().ask_exit = lambda: print("(In a graded run, exit() and quit() do nothing.)")"""
WITHOUT_TORCH = f"""\
def _without_torch():
    import sys

    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] == "torch":
                raise ModuleNotFoundError("{NO_TORCH}: this unit's answers are written in NumPy", name=name)

    sys.meta_path.insert(0, Finder())


_without_torch()
del _without_torch"""


@dataclass
class Rehearsal:
    """What running came to. Numbers are those of pieces."""

    ran: dict[int, tuple[str, str] | None] = field(default_factory=dict)  # the name and message of what ended the cell
    stopped: tuple[int, str] | None = None  # where the kernel went, and the limit, if one was reached
    repairs: list[str] = field(default_factory=list)  # what was run otherwise than it stands there

    @property
    def said(self) -> str:
        """The messages of all errors."""
        return "\n".join(error[1][:2000] for error in self.ran.values() if error)

    @property
    def limit(self) -> str:
        return self.stopped[1] if self.stopped else ""


def rehearse(pieces: list[Piece], release: Release, folder: Path, progress: bool = False) -> Rehearsal:
    """Run the notebook; again without a cell that ends the kernel, with the demos where they are needed.

    The same steps as the grader's `run_notebook`. Raises CourseError where no kernel can be started.
    """
    pieces = [_on_given_ground(piece, release) for piece in pieces]
    skip = {n for n, piece in enumerate(pieces) if piece.role == "demo" and not piece.changed}
    prelude = [NO_EXIT] if release.torch else [NO_EXIT, WITHOUT_TORCH]
    repairs, killers = [], set()
    deadline = time.monotonic() + LIMITS.notebook_seconds
    for attempt in range(RUNS):
        run = _run_once(pieces, folder, skip | killers, prelude, deadline, progress)
        if WITHOUT_TORCH in prelude and NO_TORCH in run.said:
            prelude = [NO_EXIT, STUB_TORCH.read_text(encoding="utf-8")]
            repairs.append("it imports torch, which this unit's answers do without: the import was made empty")
            continue
        missing = set(re.findall(r"name '(\w+)' is not defined", run.said))
        if missing and any(missing & names(pieces[n].source) for n in skip):
            skip = set()  # a cell of the student's own uses what a demonstration made
            continue
        if run.stopped and not run.limit:
            number = run.stopped[0]
            killers.add(number)
            repairs.append(f"{where(pieces, number)} ended the kernel; the notebook was run again without it")
            if attempt + 1 < RUNS:
                continue
        break
    for number in killers:
        run.ran.setdefault(number, ("KernelEnded", "This cell ended the kernel."))
    run.repairs = repairs
    return run


def _on_given_ground(piece: Piece, release: Release) -> Piece:
    """A check cell that begins with what it uses of given cells, as released."""
    given = given_code(release, piece.cell) if piece.role == "check" else ""
    return replace(piece, source=f"{given}\n{piece.source}") if given else piece


def _run_once(pieces, folder: Path, skip: set[int], prelude: list[str], deadline: float, progress: bool) -> Rehearsal:
    run = Rehearsal()
    numbers = [n for n, p in enumerate(pieces) if p.kind == "code" and n not in skip and p.source.strip()]
    if not numbers:  # each of them ended its kernel
        return run
    kernel, number = _Kernel(folder, deadline), numbers[0]
    with kernel.started(), tqdm(numbers, unit="cell", leave=False, disable=None if progress else True) as bar:
        try:
            for code in prelude:
                kernel.run(code, history=False)
            for number in bar:
                run.ran[number] = kernel.run(pieces[number].source)
        except _Stopped as stop:
            run.stopped = number, str(stop)
    return run


class _Stopped(Exception):
    """The kernel is gone, or of no use any more. Its text names the limit that was reached; "" where there was none."""


class _Client(NotebookClient):
    """nbclient, less the outputs: what counts is how a cell ended, which its reply says."""

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] == "status" and msg["content"].get("execution_state") == "idle":
            raise CellExecutionComplete()


class _Kernel:
    """A kernel of this interpreter, whatever kernels are installed under its usual name."""

    def __init__(self, folder: Path, deadline: float) -> None:
        manager = AsyncKernelManager(kernel_name="python3")
        manager._kernel_spec = KernelSpec(argv=make_ipkernel_cmd(), display_name="Python 3", language="python")
        self.deadline, self.reply = deadline, {}
        self.client = _Client(
            new_notebook(),
            km=manager,
            allow_errors=True,
            log=NO_LOG,
            shutdown_kernel="immediate",
            extra_arguments=[*QUIET_KERNEL],  # a copy: nbclient adds to it
            resources={"metadata": {"path": str(folder)}},
            timeout_func=lambda _: max(0.0, min(LIMITS.cell_seconds, deadline - time.monotonic())) + 0.001,
            on_cell_executed=self._keep,
        )

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """With the kernel running. Raises CourseError where it does not start."""
        environment = {**os.environ, "TQDM_DISABLE": "1"}
        nowhere = subprocess.DEVNULL  # what a process prints past its kernel does not belong on our terminal
        running = self.client.setup_kernel(cleanup_kc=True, env=environment, stdout=nowhere, stderr=nowhere)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(running)
            except (OSError, RuntimeError) as error:
                raise CourseError(f"No kernel can be started: {line(error)}") from None
            yield

    def _keep(self, cell, cell_index, execute_reply) -> None:
        self.reply = execute_reply["content"]

    def run(self, code: str, history: bool = True) -> tuple[str, str] | None:
        """Run code. Returns the name and message of the error that ended it. Raises _Stopped."""
        if time.monotonic() > self.deadline:
            raise _Stopped(self._time_limit())
        cell = new_code_cell(code)
        self.client.nb.cells, self.reply = [cell], {}
        try:
            self.client.execute_cell(cell, 0, store_history=history)
        except CellTimeoutError:
            raise _Stopped(self._time_limit()) from None
        except DeadKernelError:
            raise _Stopped from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise _Stopped(f"messages: the kernel sent one that cannot be read ({type(error).__name__})") from None
        if self.reply.get("status") == "ok":
            return None
        return str(self.reply.get("ename")), str(self.reply.get("evalue"))

    def _time_limit(self) -> str:
        if time.monotonic() >= self.deadline - 0.01:
            return f"time: the notebook ran for more than {LIMITS.notebook_seconds:g} s"
        return f"time: the cell ran for more than {LIMITS.cell_seconds:g} s"
