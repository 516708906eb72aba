"""`bncourse build`: a unit's source to its two notebooks; incremental, reproducible, never half-written."""

import contextlib
import hashlib
import os
import re
import sys
from pathlib import Path

import nbformat

from grader.authoring.backends import available
from grader.authoring.execute import claims_on_digits, execute
from grader.authoring.minutes import minutes_of
from grader.authoring.notebook import digest, repository, solved_notebook, student_notebook
from grader.authoring.readme import table_is_stale, write_table
from grader.authoring.record import record
from grader.authoring.setup import BY_HAND, DIGITS, KIT, MNIST
from grader.authoring.unit import Unit, read_unit
from grader.errors import CourseError
from grader.paths import NOTEBOOKS, ROOT, SOLUTIONS

# What the bytes of a notebook depend on besides its unit's two files.
NOT_MADE_BY = ("__init__", "build", "definitions", "readme", "validate")  # these change no notebook
MADE_BY = [
    *sorted(p for p in (ROOT / "grader" / "authoring").glob("*.py") if p.stem not in NOT_MADE_BY),
    ROOT / "grader" / "preprocessors.py",
    *KIT,
    MNIST,
    BY_HAND,
    DIGITS,
]


def targets(source: Path) -> tuple[Path, Path]:
    """The student notebook (in notebooks/ beside the source's directory) and the solved one (beside the source)."""
    return source.parent.parent / "notebooks" / f"{source.stem}.ipynb", source.with_suffix(".ipynb")


def source_hash(source: Path) -> str:
    """A hash of all that a unit's notebooks are made from."""
    total = hashlib.sha256(repository().encode())
    mistakes = source.parent / "mistakes" / source.name
    for path in [source, *([mistakes] if mistakes.exists() else []), *MADE_BY]:
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


def build(source: Path, run: bool = True, afresh: bool = False) -> None:
    """Write both notebooks of a unit.

    Outputs are taken over from the notebook on disk when neither code nor claims have changed since, unless afresh.
    With run=False the solved notebook has none (for tests).

    Raises SourceError or CourseError, and then writes nothing.
    """
    unit = read_unit(source)
    minutes_of(unit)  # stops at what is quickly mended; recording takes a while
    solved = solved_notebook(unit, record(unit))
    student = student_notebook(solved)
    student_path, solved_path = targets(source)
    if run and (afresh or not _reuse_outputs(unit, solved, solved_path)):
        claims_on_digits(unit, solved)
        execute(unit, solved)
    stamp = {"unit": unit.name, "source": source_hash(source), "claims": _claims(unit)}
    for notebook in (solved, student):
        notebook.metadata["bncourse"] = {**stamp, "content": digest(notebook)}
    for path, notebook in ((solved_path, solved), (student_path, student)):
        write(notebook, path)


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook all at once, so that a killed build leaves the old one."""
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def _reuse_outputs(unit: Unit, solved: nbformat.NotebookNode, path: Path) -> bool:
    """Take over the outputs of the notebook on disk when not one line of code, tables aside, has changed since."""
    try:
        kept = nbformat.read(path, as_version=4)
        old = [c for c in kept.cells if c.cell_type == "code"]
    except Exception:
        return False
    new = [c for c in solved.cells if c.cell_type == "code"]
    if [_without_tables(c) for c in old] != [_without_tables(c) for c in new]:
        return False
    if not all(c.execution_count for c in old) or kept.metadata.get("bncourse", {}).get("claims") != _claims(unit):
        return False
    for mine, theirs in zip(new, old, strict=True):
        mine.outputs, mine.execution_count = theirs.outputs, theirs.execution_count
    return True


def _without_tables(cell: nbformat.NotebookNode) -> str:
    return re.sub(r'load_table\(\n(?:\s*"[^"\n]*"\n)+\s*\)', "", cell.source)


def _claims(unit: Unit) -> str:
    """A hash of what the unit's sentences claim."""
    claims = [(c.id, c.source, c.data) for c in unit.cells if c.role == "claim"]
    return hashlib.sha256(repr(claims).encode()).hexdigest()[:16]


def build_all(sources: list[Path], force: bool = False) -> int:
    """Build what is stale. Returns 1 if a unit could not be built; the others are built all the same."""
    failed = 0
    for source in sources:
        if not force and stale(source) is None:
            print(f"{source.stem}: up to date")
            continue
        if sys.stderr.isatty():
            print(f"{source.stem}: recording under {len(available())} backends, then executing …", file=sys.stderr)
        try:
            build(source, afresh=force)
            print(f"{source.stem}: built")
        except CourseError as error:
            failed = 1
            print(f"bncourse build: {error}", file=sys.stderr)
    if any(source.parent == SOLUTIONS for source in sources):
        with contextlib.suppress(CourseError):  # of a unit that cannot be read, which was said above
            write_table()
    return failed


def check_all(sources: list[Path]) -> int:
    """Say what is stale, without building. Returns 1 if anything is."""
    reasons = [reason for source in sources if (reason := stale(source))]
    known = {source.stem for source in SOLUTIONS.glob("*.py")}
    for folder in (NOTEBOOKS, SOLUTIONS):
        reasons += [f"{_short(p)} has no source" for p in sorted(folder.glob("*.ipynb")) if p.stem not in known]
    reasons += ["README.md's table of units is not what the units say"] if table_is_stale() else []
    for reason in reasons:
        print(f"bncourse build: {reason}. Run: bncourse build", file=sys.stderr)
    if not reasons:
        print(f"{len(sources)} units are up to date.")
    return int(bool(reasons))
