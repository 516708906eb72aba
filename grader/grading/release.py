"""What a class's own notebooks say of a unit: the cells, the hidden tests, the tables of expected values."""

import ast
import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat.notebooknode import NotebookNode
from nbgrader.utils import compute_checksum

from grader.authoring.regions import parts_of
from grader.authoring.uses import lines_of
from grader.errors import CourseError
from grader.kit.table import Table

SETUP = "setup"
RECORDING = Path(__file__).with_name("recording.py")
LOAD, BEGIN = "load_table", "_kit.begin(_py.globals())"  # the calls that a setup cell ends with


def exercise_of(grade_id: str) -> str:
    """The exercise that a cell belongs to, by its nbgrader id ("normalize-epsilon")."""
    return grade_id.partition("-")[0]


@dataclass
class ReleaseCell:
    """One cell of the released notebook, and what the source notebook adds to it."""

    key: str  # grade_id, else the cell's id
    kind: str  # "code" or "markdown"
    role: str  # "setup", "solution", "check", "manual", "task" (a person's to grade, both), "demo" or "given"
    released: str  # as students got it
    full: str  # with the answer, or with the hidden tests
    metadata: dict
    points: float = 0.0

    @property
    def locked(self) -> bool:
        return self.role in ("setup", "check", "task")

    @property
    def exercise(self) -> str:
        return exercise_of(self.key)

    @cached_property
    def graded_metadata(self) -> dict:
        """As in the release; a locked cell's checksum is that of its full source."""
        if not self.locked:
            return dict(self.metadata)
        node = nbformat.from_dict({"cell_type": self.kind, "source": self.full, "metadata": self.metadata})
        return {**self.metadata, "nbgrader": {**self.metadata["nbgrader"], "checksum": compute_checksum(node)}}

    @cached_property
    def code(self) -> str:
        """A locked cell's code as it enters the jail: without its tables; the setup with the recording `check`."""
        code = without_tables(self.full)
        return _recording(code, self.full) if self.role == "setup" else code

    @cached_property
    def parts(self) -> list[tuple[str, bool]]:
        """A check cell's code in order, as (code, hidden)."""
        parts = parts_of(self.code)
        if any(text.lstrip("\n")[:1].isspace() for text, hidden in parts if hidden):
            return [(self.code, True)]  # hidden tests inside a block: not to be parted from it
        return [(text.rstrip(), hidden) for text, hidden in parts if text.strip()]


@dataclass(frozen=True)
class Release:
    """A unit as a class uses it. Made by `read_release`; small enough to be sent to another machine."""

    unit: str
    cells: list[ReleaseCell]
    metadata: dict
    torch: bool  # whether its answers or checks use torch
    files: dict[str, bytes] = field(default_factory=dict)  # the instructor's files beside the notebook
    earlier: dict[str, set[str]] = field(default_factory=dict)  # by cell, marks of what it was in earlier releases

    @cached_property
    def by_key(self) -> dict[str, ReleaseCell]:
        return {cell.key: cell for cell in self.cells}

    @cached_property
    def hash(self) -> str:
        digest = hashlib.sha256(repr(sorted(self.files.items())).encode())
        for cell in self.cells:
            digest.update(repr((cell.key, cell.kind, cell.role, cell.released, cell.full, cell.points)).encode())
        return digest.hexdigest()

    @cached_property
    def table(self) -> Table:
        """All tables of this unit, hidden ones included: outside the jail."""
        table = Table()
        for cell in self.cells:
            if cell.locked:
                for packed in tables(cell.full):
                    table.load(packed)
        return table

    def __getstate__(self) -> dict:
        return {key: value for key, value in self.__dict__.items() if key != "table"}  # made anew where it is needed


def _recording(code: str, full: str) -> str:
    """A setup cell's code without its table, with the `check` that records in the kit's place."""
    stubs = Table()
    for packed in tables(full):
        stubs.load(packed)
    text = RECORDING.read_text(encoding="utf-8")
    recording = f"_py.exec(_py.compile({text!r}, '<bncourse recording>', 'exec'), _kit.__dict__)\n"
    return code.replace(BEGIN, f"{recording}_kit.TABLE.stubs.update({stubs.stubs!r})\n{BEGIN}")


def _table_calls(code: str) -> list[ast.Call]:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") or getattr(node.func, "attr", "")) == LOAD
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]


def tables(code: str) -> list[str]:
    """The packed tables that a cell loads."""
    return [call.args[0].value for call in _table_calls(code)]


def without_tables(code: str) -> str:
    """A cell's code with `pass` for each call that loads a table."""
    lines = [line.encode() for line in lines_of(code)]  # the parser counts columns in bytes
    for call in sorted(_table_calls(code), key=lambda call: (-call.lineno, -call.col_offset)):
        first, last = call.lineno - 1, call.end_lineno - 1
        rest = lines[last][call.end_col_offset :]
        lines[first : last + 1] = [lines[first][: call.col_offset] + b"pass" + rest]
    return b"\n".join(lines).decode()


def read_release(directory: Path, unit: str) -> Release:
    """Read source/UNIT and release/UNIT of a class. Raises CourseError."""
    remedy = f"In {directory}: bncourse class . {unit[:2]}"
    notebooks = []
    for folder in ("source", "release"):
        path = directory / folder / unit / f"{unit}.ipynb"
        try:
            notebooks.append(nbformat.read(path, as_version=4))
        except FileNotFoundError:
            raise CourseError(f"{path} is missing: {unit} is not released in this class. {remedy}") from None
        except Exception as error:
            raise CourseError(f"{path} cannot be read: {str(error).splitlines()[0]}. {remedy}") from None
    release = release_of(unit, *notebooks, remedy=remedy)
    if not any(cell.role == "setup" and tables(cell.full) for cell in release.cells):
        raise CourseError(f"{unit} has no setup cell of this course. Grade it with: nbgrader autograde {unit}")
    folder = directory / "source" / unit
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".ipynb" and ".ipynb_checkpoints" not in path.parts
    }
    return replace(release, files=files)


def release_of(unit: str, source: NotebookNode, released: NotebookNode, remedy: str = "") -> Release:
    """A unit by its source notebook and the one that students got; where only that is at hand, it stands for both.

    Raises CourseError, with the remedy, where the two are not of one make.
    """
    stubs = {_key(cell): cell for cell in released.cells}
    cells = []
    for cell in source.cells:
        key = _key(cell)
        if key not in stubs:
            raise CourseError(f"source/ and release/ of {unit} differ (cell {key}). {remedy}")
        meta = about(cell)
        kind = "code" if cell.cell_type == "code" else "markdown"
        points = _points(meta, key, unit, remedy) if meta.get("grade") or meta.get("task") else 0.0
        stub = stubs[key]
        cells.append(ReleaseCell(key, kind, _role(cell), stub.source, cell.source, {**stub.metadata}, points))
    torch = any(_uses_torch(c.full) for c in cells if c.role in ("check", "solution", "manual"))
    return Release(unit, cells, dict(source.metadata), torch)


def released_units(directory: Path) -> list[str]:
    """The names of the units that a class has a release of."""
    return sorted(p.name for p in (directory / "release").glob("*") if (p / f"{p.name}.ipynb").exists())


def normal(text: str) -> str:
    """A cell's text without the white space at the ends of its lines and its own."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def mark_of(text: str) -> str:
    """A short mark by which a cell's text is known again."""
    return hashlib.sha256(normal(text).encode(errors="replace")).hexdigest()[:24]


def about(cell: NotebookNode) -> dict:
    """What nbgrader keeps of a cell; {} where there is nothing, or something else has been put in its place."""
    meta = cell.metadata.get("nbgrader")
    return meta if isinstance(meta, dict) else {}


def _points(meta: dict, key: str, unit: str, remedy: str) -> float:
    try:
        return float(meta.get("points", 0))
    except (TypeError, ValueError):
        raise CourseError(f"{unit}: the points of cell {key} are no number: {meta['points']!r}. {remedy}") from None


def _role(cell: NotebookNode) -> str:
    meta = about(cell)
    if meta.get("grade_id") == SETUP:
        return "setup"
    if meta.get("task"):
        return "task"
    if meta.get("grade"):
        return "manual" if meta.get("solution") else "check"
    if meta.get("solution"):
        return "solution"
    return "demo" if "demo" in (cell.metadata.get("tags") or []) else "given"


def _uses_torch(code: str) -> bool:
    """Whether code names torch, or what is usually imported from it; a comment or a text does not count."""
    try:
        return any(isinstance(n, ast.Name) and n.id in ("torch", "nn", "F") for n in ast.walk(ast.parse(code)))
    except SyntaxError:  # of an instructor's own making
        return "torch" in code


def _key(cell: NotebookNode) -> str:
    return about(cell).get("grade_id") or cell.get("id", "")
