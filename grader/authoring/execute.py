"""Execute a solved notebook as learners would see it, and evaluate on the way what its sentences claim."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

import matplotlib
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell

from grader.authoring.figures import shrink_figures
from grader.authoring.unit import Unit
from grader.errors import CourseError
from grader.kernel import QUIET_KERNEL
from grader.kit.check import MIME
from grader.paths import ROOT

WIDGET = "application/vnd.jupyter.widget-view+json"
CELL_TIMEOUT = 900  # seconds
ON_DIGITS = "Using a small set of"  # how the loader's line begins where it has no MNIST
CLAIM = "claim"


class _Client(NotebookClient):
    """Ctrl-C stops it at once: nbclient's own way takes the kernel from under a cell, whose error is then the last."""

    stopped = False

    async def async_start_new_kernel(self, **kwargs):
        task = asyncio.current_task()

        def stop():
            self.stopped = True
            self.shutdown_kernel = "immediate"
            task.cancel()

        with contextlib.suppress(RuntimeError):  # outside the main thread, or on Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop)
        await super().async_start_new_kernel(**kwargs)


def execute(unit: Unit, notebook: nbformat.NotebookNode) -> None:
    """Run every cell, demos included, in a kernel of this interpreter; keep the outputs, in small pictures.

    Every claim must hold, on MNIST where it is at hand and on the small digits. Raises CourseError.
    """
    on_digits = _run(unit, notebook, os.environ)
    if on_digits:
        print(f"{unit.name}: MNIST is not here (set MNIST_DIR); executed on the small digits", file=sys.stderr)
    shrink_figures(notebook)


def claims_at_hand(unit: Unit, notebook: nbformat.NotebookNode) -> None:
    """Evaluate a unit's claims on the data that are at hand. Raises CourseError."""
    if any(c.role == "claim" for c in unit.cells):
        _run(unit, nbformat.from_dict(notebook), os.environ)


def claims_on_digits(unit: Unit, notebook: nbformat.NotebookNode) -> None:
    """Evaluate a unit's claims on the small digits too, where it trains on MNIST. Raises CourseError."""
    if not any(c.role == "claim" for c in unit.cells) or not any("load_mnist" in c.source for c in unit.cells):
        return
    with tempfile.TemporaryDirectory() as folder:
        nothing = {"MNIST_DIR": folder, "XDG_CACHE_HOME": folder, "MNIST_MIRRORS": ""}
        nothing["MPLCONFIGDIR"] = matplotlib.get_cachedir()  # else it looks for every font anew, and says so
        _run(unit, nbformat.from_dict(notebook), {**os.environ, **nothing}, folder)


def _run(unit: Unit, notebook: nbformat.NotebookNode, environment, folder: str | Path = ROOT) -> bool:
    """Run a notebook with its claims between its cells; whether it ran on the small digits."""
    _insert_claims(unit, notebook)
    client = _Client(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # how prints are cut into messages is a matter of timing
        extra_arguments=QUIET_KERNEL,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute(env={**environment, "TQDM_DISABLE": "1", "PYTHONHASHSEED": "0"})
    except CellExecutionError as error:
        raise CourseError(
            f"{unit.path.name}: the solved notebook stops with {error.ename}: {error.evalue}\n{_end_of(error)}"
        ) from None
    except (CellTimeoutError, DeadKernelError, asyncio.CancelledError) as error:
        if client.stopped:
            raise KeyboardInterrupt from None
        raise CourseError(f"{unit.path.name}: {str(error).strip().splitlines()[0]}") from None
    on_digits = any(
        output.get("text", "").startswith(ON_DIGITS) for cell in notebook.cells for output in cell.get("outputs", [])
    )
    _judge_claims(unit, notebook, on_digits)
    _tidy(unit, notebook)
    return on_digits


def _insert_claims(unit: Unit, notebook: nbformat.NotebookNode) -> None:
    """A cell for each claim, at its place among the unit's cells; the title and the setup cell come first."""
    at = 2
    for cell in unit.cells:
        if cell.role == "claim":
            source = f"print(bool(\n{cell.source}\n))"
            inserted = new_code_cell(source, metadata={"tags": [CLAIM, "raises-exception"]})
            notebook.cells.insert(at, inserted)
        at += cell.role not in ("helper",)


def _judge_claims(unit: Unit, notebook: nbformat.NotebookNode, on_digits: bool) -> None:
    """Take the claims out again. Raises CourseError where one does not hold, with its sentence."""
    ran = [c for c in notebook.cells if CLAIM in c.metadata.get("tags", [])]
    notebook.cells = [c for c in notebook.cells if CLAIM not in c.metadata.get("tags", [])]
    wrong = []
    for claim, cell in zip((c for c in unit.cells if c.role == "claim"), ran, strict=True):
        output = next(iter(cell.outputs), {})
        if output.get("text") == "True\n" or (on_digits and claim.data == "mnist"):
            continue
        if output.get("output_type") == "error":
            what = f"cannot be evaluated ({output.ename}: {output.evalue})"
        else:
            what = f"does not hold on {'the small digits' if on_digits else 'these data'}"
        wrong.append(f"{unit.path.name}:{claim.line}: the claim {claim.id!r} {what}")
    if wrong:
        raise CourseError("\n".join(wrong))


def _tidy(unit: Unit, notebook: nbformat.NotebookNode) -> None:
    """Number the cells as if there had been no claims; drop what cannot be shown. Raises CourseError on stderr."""
    for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code" and c.execution_count), 1):
        cell.execution_count = number
        # A progress bar's widget has a random name, and nothing to show.
        cell.outputs = [o for o in cell.outputs if WIDGET not in o.get("data", {})]
        for output in cell.outputs:
            if seen := output.get("data", {}).get(MIME):  # what a check saw: for graders, not for readers
                output.data[MIME] = {"name": seen["name"], "ok": seen["ok"]}
            if "execution_count" in output:
                output.execution_count = number
            if output.output_type == "stream" and output.name == "stderr":
                first = cell.source.strip().splitlines()[0]
                raise CourseError(f"{unit.path.name}: the cell {first!r} writes to stderr: {output.text.strip()[:300]}")


def _end_of(error: CellExecutionError) -> str:
    """The last lines of the traceback."""
    return "\n".join(str(error.traceback).strip().splitlines()[-12:])
