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
from grader.authoring.notebook import solved_notebook, student_notebook
from grader.authoring.readme import table_is_stale, write_table
from grader.authoring.record import record
from grader.authoring.stale import digest, short, source_hash, stale, targets
from grader.authoring.unit import Unit, read_unit
from grader.errors import CourseError
from grader.paths import NOTEBOOKS, SOLUTIONS


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
        reasons += [f"{short(p)} has no source" for p in sorted(folder.glob("*.ipynb")) if p.stem not in known]
    reasons += ["README.md's table of units is not what the units say"] if table_is_stale() else []
    for reason in reasons:
        print(f"bncourse build: {reason}. Run: bncourse build", file=sys.stderr)
    if not reasons:
        print(f"{len(sources)} units are up to date.")
    return int(bool(reasons))
