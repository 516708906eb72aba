"""Read a unit: one text file in Jupytext's percent format, the role of each cell on its `# %%` line."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

import jupytext
import yaml

from grader.errors import SourceError

ROLES = ("exercise", "check", "mistake")
KNOWN = {"exercise", "check", "mistake", "points", "hint", "hidden", "tags", "lang", "lines_to_next_cell"}
ID = re.compile(r"[a-z][a-z0-9_]*")
SOLUTION, HIDDEN = "SOLUTION", "HIDDEN TESTS"


@dataclass
class Cell:
    """One cell: its kind ('markdown' or 'code'), its role, and the line of the source on which its text begins."""

    kind: str
    source: str
    line: int
    role: str = ""  # "", "demo", "exercise", "check" or "mistake"
    id: str = ""  # of an exercise or a check; for a mistake that of its exercise
    points: float = 0
    hint: str = ""
    hidden: bool = False

    @property
    def exercise(self) -> str:
        return self.id.partition(".")[0]

    @property
    def grade_id(self) -> str:
        """The cell's nbgrader id, in which dots are not allowed."""
        return self.id.replace(".", "-")


@dataclass
class Unit:
    path: Path
    title: str
    question: str
    minutes: int
    builds_on: list[str]
    cells: list[Cell] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def points(self) -> float:
        return sum(c.points for c in self.cells)

    @property
    def exercises(self) -> list[str]:
        return [c.id for c in self.cells if c.role == "exercise"]

    def of(self, role: str, exercise: str) -> list[Cell]:
        """The cells of an exercise that have a role."""
        return [c for c in self.cells if c.role == role and c.exercise == exercise]

    def is_question(self, exercise: str) -> bool:
        """Whether the answer is nothing but a string: a concept question."""
        body = ast.parse(self.of("exercise", exercise)[0].source).body
        return all(isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant) for s in body)

    def answer(self, mistake: Cell) -> str:
        """The exercise's cell with a mistake in it: the mistake's own source, or the answer with lines replaced."""
        try:
            pairs = _substitutions(mistake)
        except ValueError as error:
            raise SourceError(self.path, mistake.line, str(error), "Each replaced text needs its replacement") from None
        source = self.of("exercise", mistake.id)[0].source
        if not pairs:
            return mistake.source
        for old, new in pairs:
            if source.count(old) != 1:
                raise SourceError(
                    self.path,
                    mistake.line,
                    f"the text to replace, {old!r}, stands {source.count(old)} times in the answer of {mistake.id!r}",
                    "Give a piece of text that occurs exactly once",
                )
            source = source.replace(old, new)
        return source


def _substitutions(mistake: Cell) -> list[tuple[str, str]]:
    """The (old, new) pairs of a mistake written as lines `# - old` and `# + new`; none when it is a whole cell."""
    lines = [line for line in mistake.source.splitlines() if line.strip()]
    if not lines or not all(re.match(r"# [-+]( |$)", line) for line in lines):
        return []
    old, new = ([line[4:] for line in lines if line[2] == sign] for sign in "-+")
    if len(old) != len(new):
        raise ValueError(f"it has {len(old)} lines '# -' and {len(new)} lines '# +'")
    return list(zip(old, new, strict=True))


def region(source: str, kind: str) -> str | None:
    """What is wrong with the markers of a kind of region in a cell; None when they are balanced."""
    depth = 0
    for line in source.splitlines():
        if f"### BEGIN {kind}" in line:
            depth += 1
        elif f"### END {kind}" in line:
            depth -= 1
        if depth not in (0, 1):
            break
    if depth:
        return f"'### BEGIN {kind}' and '### END {kind}' do not pair up"
    return None


def visible(source: str) -> str:
    """A check cell without its hidden tests."""
    return re.sub(rf"^\s*### BEGIN {HIDDEN}.*?### END {HIDDEN}[^\n]*\n?", "", source, flags=re.S | re.M).rstrip("\n")


def read_unit(path: Path) -> Unit:
    """Parse and check a unit's source. Raises SourceError at the first thing that is wrong."""
    text = path.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt="py:percent")
    markers = [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"# %%", line)]
    cells = notebook.cells
    if not cells or cells[0].cell_type != "raw":
        raise SourceError(
            path, 1, "the YAML header is missing", "Begin with '# ---', title, question, minutes, '# ---'"
        )
    header = _read_header(path, cells[0].source)
    if len(markers) != len(cells) - 1:
        raise SourceError(path, 1, "text stands between the header and the first cell", "Begin every cell with '# %%'")
    unit = Unit(path, **header)
    for line, raw in zip(markers, cells[1:], strict=True):
        if "lang" not in raw.metadata:
            unit.cells.append(_read_cell(path, line, raw))
    _check_unit(unit)
    return unit


def _read_header(path: Path, source: str) -> dict:
    try:
        header = yaml.safe_load(source.strip().strip("-")) or {}
    except yaml.YAMLError as error:
        line = getattr(error, "problem_mark", None)
        raise SourceError(
            path, (line.line + 1) if line else 1, "the YAML header cannot be read", "Quote texts with a colon"
        ) from None
    for key in ("title", "question", "minutes"):
        if not header.get(key):
            raise SourceError(path, 1, f"the header has no {key}", f"Add a line '# {key}: …' between the '# ---' lines")
    unknown = set(header) - {"title", "question", "minutes", "builds_on", "jupyter"}
    if unknown:
        raise SourceError(
            path, 1, f"the header has an unknown key {sorted(unknown)[0]!r}", "Use title, question, minutes, builds_on"
        )
    return {
        "title": str(header["title"]),
        "question": str(header["question"]),
        "minutes": header["minutes"],
        "builds_on": list(header.get("builds_on") or []),
    }


def _read_cell(path: Path, line: int, raw) -> Cell:
    meta = dict(raw.metadata)

    def wrong(problem: str, remedy: str) -> SourceError:
        return SourceError(path, line, problem, remedy)

    unknown = sorted(set(meta) - KNOWN)
    if unknown:
        raise wrong(
            f"unknown role or option {unknown[0]!r}",
            f'Use one of {", ".join(ROLES)}, tags=["demo"], points, hint, hidden, lang',
        )
    roles = [role for role in ROLES if role in meta]
    tags = meta.get("tags", [])
    if set(tags) - {"demo"}:
        raise wrong(f"unknown tag in {tags}", 'The one tag is tags=["demo"]')
    if len(roles) + bool(tags) > 1:
        raise wrong(f"a cell has one role, not {' and '.join(roles + list(tags))}", "Split it into several cells")
    role = roles[0] if roles else ("demo" if tags else "")
    cell = Cell(raw.cell_type, raw.source, line, role, str(meta.get(role, "")))
    if role in ROLES and raw.cell_type != "code":
        raise wrong(f"a {role} cell holds code, not markdown", "Take [markdown] off its line")
    for key, owners in {"points": ("check",), "hint": ("mistake",), "hidden": ("mistake",)}.items():
        if key in meta and role not in owners:
            raise wrong(f"{key} belongs on a {owners[0]} cell", f"Move or remove {key}")
    if role == "check":
        if "points" not in meta:
            raise wrong(f"the check {cell.id!r} has no points", "Add points=1 (0 is allowed)")
        if isinstance(meta["points"], bool) or not isinstance(meta["points"], int | float) or meta["points"] < 0:
            raise wrong(f"points={meta['points']!r} is not a number of points", "Write points=2")
        cell.points = meta["points"]
    if role == "mistake":
        cell.hint, cell.hidden = str(meta.get("hint", "")).strip(), bool(meta.get("hidden", False))
        if not cell.hint:
            raise wrong(f"this mistake of {cell.id!r} has no hint", 'Add hint="what to tell the learner who makes it"')
    for kind, owner in ((SOLUTION, "exercise"), (HIDDEN, "check")):
        problem = region(cell.source, kind)
        if problem:
            raise wrong(problem, "Each BEGIN needs one END below it, in the same cell")
        if f"### BEGIN {kind}" in cell.source and role != owner and not (role == "mistake" and kind == SOLUTION):
            raise wrong(
                f"'### BEGIN {kind}' outside a cell marked {owner}=…", f'Mark the cell {owner}="…", or drop the markers'
            )
    if role == "exercise" and f"### BEGIN {SOLUTION}" not in cell.source:
        raise wrong(
            f"the exercise {cell.id!r} has no answer", "Put it between '### BEGIN SOLUTION' and '### END SOLUTION'"
        )
    if role in ("exercise", "check", "mistake"):
        parts = cell.id.split(".")
        if len(parts) != (2 if role == "check" else 1) or not all(ID.fullmatch(p) for p in parts):
            form = "exercise.part" if role == "check" else "exercise"
            raise wrong(f"{cell.id!r} is not an id of the form {form}", "Use lower-case letters, digits and _")
    if role in ("", "demo", "exercise", "check") and raw.cell_type == "code":
        _check_python(path, cell)
    return cell


def _check_python(path: Path, cell: Cell) -> None:
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        raise SourceError(
            path, cell.line + (error.lineno or 0), f"Python cannot read this: {error.msg}", "Mend the cell"
        ) from None
    if cell.role != "check":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "default_rng":
            raise SourceError(
                path,
                cell.line + node.lineno,
                "a check cell draws from default_rng, whose numbers may change with NumPy's version",
                "Use np.random.RandomState(seed)",
            )
    calls = [n for n in ast.walk(ast.parse(visible(cell.source))) if isinstance(n, ast.Call)]
    if not any(isinstance(c.func, ast.Name) and c.func.id == "check" for c in calls):
        raise SourceError(
            path,
            cell.line,
            f"the check {cell.id!r} calls check() only in hidden tests, or never",
            "Add a visible check(…)",
        )


def _check_unit(unit: Unit) -> None:
    seen: dict[str, Cell] = {}
    for cell in unit.cells:
        if cell.role in ("check", "mistake") and not (cell.exercise in seen and seen[cell.exercise].role == "exercise"):
            raise SourceError(
                unit.path,
                cell.line,
                f"{cell.role} of {cell.exercise!r}, which is no exercise above it",
                "Check the id, or add the exercise",
            )
        if cell.role in ("exercise", "check"):
            if cell.id in seen or cell.grade_id == "setup":
                raise SourceError(
                    unit.path, cell.line, f"the id {cell.id!r} is used twice", "Give each cell an id of its own"
                )
            seen[cell.id] = cell
    for exercise in unit.exercises:
        if not unit.of("check", exercise):
            raise SourceError(
                unit.path,
                seen[exercise].line,
                f"the exercise {exercise!r} has no check",
                f'Add a cell check="{exercise}.…"',
            )
        for mistake in unit.of("mistake", exercise):
            try:
                ast.parse(unit.answer(mistake))
            except SyntaxError as error:
                raise SourceError(
                    unit.path, mistake.line, f"with this mistake Python cannot read the answer: {error.msg}", "Mend it"
                ) from None
