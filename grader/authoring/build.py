"""`bncourse build`: a unit's source to its two notebooks; incremental, reproducible, never half-written."""

import hashlib
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from grader.errors import CourseError
from grader.kernel import QUIET_KERNEL
from grader.authoring.notebook import (
    DIGITS,
    KIT,
    MNIST,
    OBSERVE,
    digest,
    repository,
    setup_source,
    solved_notebook,
    student_notebook,
)
from grader.paths import NOTEBOOKS, ROOT, SOLUTIONS
from grader.authoring.record import record
from grader.authoring.unit import Unit, read_unit

# What the bytes of a notebook depend on besides its unit's source.
MADE_BY = [
    *(ROOT / "grader" / "authoring" / f"{name}.py" for name in ("unit", "session", "record", "notebook")),
    ROOT / "grader" / "preprocessors.py",
    OBSERVE,
    KIT,
    MNIST,
    DIGITS,
]
WIDGET = "application/vnd.jupyter.widget-view+json"
CELL_TIMEOUT = 900  # seconds


def targets(source: Path) -> tuple[Path, Path]:
    """The student notebook (in notebooks/ beside the source's directory) and the solved one (beside the source)."""
    return source.parent.parent / "notebooks" / f"{source.stem}.ipynb", source.with_suffix(".ipynb")


def source_hash(source: Path) -> str:
    """A hash of all that a unit's notebooks are made from."""
    total = hashlib.sha256(repository().encode())
    for path in [source, *MADE_BY]:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:32]


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def stale(source: Path) -> str | None:
    """Why a unit's notebooks are not what its source would give; None when they are."""
    for path in targets(source):
        try:
            notebook = nbformat.read(path, as_version=4)
        except FileNotFoundError:
            return f"{_short(path)} is missing"
        except Exception as error:
            return f"{_short(path)} cannot be read ({type(error).__name__})"
        stamp = notebook.metadata.get("bncourse", {})
        if stamp.get("source") != source_hash(source):
            return f"{_short(path)} is older than its source or the kit"
        if stamp.get("content") != digest(notebook):
            return f"{_short(path)} was edited by hand"
    return None


def build(source: Path, execute: bool = True, afresh: bool = False) -> None:
    """Write both notebooks of a unit.

    Outputs are taken over from the notebook on disk when no code has changed since, unless afresh. With execute=False
    the solved notebook has none (for tests).

    Raises SourceError or CourseError, and then writes nothing.
    """
    unit = read_unit(source)
    setup = setup_source(unit)
    solved = solved_notebook(unit, setup, record(unit, setup))
    student = student_notebook(solved)
    student_path, solved_path = targets(source)
    if execute and (afresh or not _reuse_outputs(solved, solved_path)):
        _execute(unit, solved)
    stamp = source_hash(source)
    for notebook in (solved, student):
        notebook.metadata["bncourse"] = {"unit": unit.name, "source": stamp, "content": digest(notebook)}
    for path, notebook in ((solved_path, solved), (student_path, student)):
        write(notebook, path)


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook all at once, so that a killed build leaves the old one."""
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def _reuse_outputs(solved: nbformat.NotebookNode, path: Path) -> bool:
    """Take over the outputs of the notebook on disk when not one line of code has changed since."""
    try:
        old = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    except Exception:
        return False
    new = [c for c in solved.cells if c.cell_type == "code"]
    if [c.source for c in old] != [c.source for c in new] or not all(c.execution_count for c in old):
        return False
    for mine, theirs in zip(new, old, strict=True):
        mine.outputs, mine.execution_count = theirs.outputs, theirs.execution_count
    return True


def _execute(unit: Unit, notebook: nbformat.NotebookNode) -> None:
    """Run every cell, demos included, in a kernel of this interpreter."""
    environment = {**os.environ, "TQDM_DISABLE": "1", "PYTHONHASHSEED": "0"}
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # how prints are cut into messages is a matter of timing
        extra_arguments=QUIET_KERNEL,
        resources={"metadata": {"path": str(ROOT)}},
    )
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        raise CourseError(
            f"{unit.path.name}: the solved notebook stops with {error.ename}: {error.evalue}\n{_cell_of(error)}"
        ) from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise CourseError(f"{unit.path.name}: {str(error).strip().splitlines()[0]}") from None
    for cell in notebook.cells:
        if "outputs" in cell:  # a progress bar's widget has a random name, and nothing to show
            cell.outputs = [o for o in cell.outputs if WIDGET not in o.get("data", {})]
        for output in cell.get("outputs", []):
            if output.get("text", "").startswith("Using a small set of"):
                print(f"{unit.name}: MNIST is not here (set MNIST_DIR); executed on the small digits", file=sys.stderr)
            if output.output_type == "stream" and output.name == "stderr":
                first = cell.source.strip().splitlines()[0]
                raise CourseError(f"{unit.path.name}: the cell {first!r} writes to stderr: {output.text.strip()[:300]}")


def _cell_of(error: CellExecutionError) -> str:
    """The last lines of the traceback, without colours."""
    return "\n".join(str(error.traceback).strip().splitlines()[-12:])


def build_all(sources: list[Path], force: bool = False) -> int:
    """Build what is stale. Returns 1 if a unit could not be built; the others are built all the same."""
    failed = 0
    for source in sources:
        if not force and stale(source) is None:
            print(f"{source.stem}: up to date")
            continue
        try:
            build(source, afresh=force)
            print(f"{source.stem}: built")
        except CourseError as error:
            failed = 1
            print(f"bncourse build: {error}", file=sys.stderr)
    return failed


def check_all(sources: list[Path]) -> int:
    """Say what is stale, without building. Returns 1 if anything is."""
    reasons = [reason for source in sources if (reason := stale(source))]
    known = {source.stem for source in SOLUTIONS.glob("*.py")}
    for folder in (NOTEBOOKS, SOLUTIONS):
        reasons += [f"{_short(p)} has no source" for p in sorted(folder.glob("*.ipynb")) if p.stem not in known]
    for reason in reasons:
        print(f"bncourse build: {reason}. Run: bncourse build", file=sys.stderr)
    if not reasons:
        print(f"{len(sources)} units are up to date.")
    return int(bool(reasons))
