"""Read a unit's lesson: its header and its cells, the role of each on its `# %%` line."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from grader.authoring.carried import KIT_FOLDER, bare
from grader.authoring.percent import Block, read_percent
from grader.authoring.regions import HIDDEN, SOLUTION, region_problem, visible
from grader.errors import SourceError

ROLES = ("exercise", "check", "manual", "claim", "helper")
PLAIN = ("", "demo")  # the roles of cells that are there to be run
OPTIONS = {  # and the roles they belong to
    "points": ("check", "manual"),
    "data": ("claim",),
    "folded": PLAIN,
    "kit": PLAIN,
}
KNOWN = {*ROLES, *OPTIONS, "tags", "lang"}
OWNERS = {SOLUTION: ("exercise", "manual"), HIDDEN: ("check",)}  # the roles that may have a region
FORMS = {"exercise": "exercise", "check": "exercise.part", "manual": "exercise"}  # of the ids
ID = re.compile(r"[a-z][a-z0-9_]*")


@dataclass
class Cell:
    """One cell: its kind ('markdown' or 'code'), its role, and the number of its `# %%` line."""

    kind: str
    source: str
    line: int
    role: str = ""  # "", "demo", "exercise", "check", "manual", "claim" or "helper"
    id: str = ""  # of an exercise, a check or a manual question; for a claim the sentence that it carries
    points: float = 0  # of a check or a manual question
    data: str = ""  # of a claim: "mnist" where the sentence speaks of MNIST alone
    kit: str = ""  # the file of grader/kit/ that the cell shows, in place of code of its own
    folded: str = ""  # the title in whose place a reader sees the code only on demand; "": the code is shown

    @property
    def exercise(self) -> str:
        return self.id.partition(".")[0]

    @property
    def grade_id(self) -> str:
        """The cell's nbgrader id, in which dots are not allowed."""
        return self.id.replace(".", "-")


def read_lesson(path: Path) -> tuple[dict, list[Cell]]:
    """The header (title, question, builds_on, seconds) and the cells. Raises SourceError at the first thing wrong."""
    header, blocks = read_percent(path)
    if header is None:
        raise SourceError(
            path, 1, "the YAML header is missing", "Begin with '# ---', title, question, seconds, '# ---'"
        )
    values = _read_header(path, header)
    cells = [_read_cell(path, block) for block in blocks if "lang" not in block.options]
    _check_ids(path, cells)
    return values, cells


def _read_header(path: Path, source: str) -> dict:
    try:
        header = yaml.safe_load(source.strip().strip("-")) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise SourceError(path, line, "the YAML header cannot be read", "Quote texts with a colon") from None
    if not isinstance(header, dict):
        raise SourceError(path, 1, "the YAML header cannot be read", "Write lines '# key: value'")
    lines = {line.partition(":")[0]: number for number, line in enumerate(source.splitlines(), 1)}
    unknown = sorted(set(map(str, header)) - {"title", "question", "seconds", "builds_on", "jupyter"})
    if unknown:
        remedy = "Use title, question, seconds, builds_on"
        raise SourceError(path, lines.get(unknown[0], 1), f"the header has an unknown key {unknown[0]!r}", remedy)
    for key in ("title", "question", "seconds"):
        if header.get(key) in (None, ""):
            remedy = f"Add a line '# {key}: …' between the '# ---' lines"
            raise SourceError(path, lines.get(key, 1), f"the header has no {key}", remedy)
    seconds = header["seconds"]
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds <= 0:
        remedy = "Write how many whole seconds running the unit takes on two cores"
        raise SourceError(path, lines["seconds"], f"seconds: {seconds!r} is not a number of seconds", remedy)
    return {
        "title": str(header["title"]),
        "question": str(header["question"]),
        "builds_on": list(header.get("builds_on") or []),
        "seconds": seconds,
    }


def _read_cell(path: Path, block: Block) -> Cell:
    role = _role(path, block)
    value = block.options.get(role, "")
    cell = Cell(block.kind, block.source, block.line, role, "" if role == "helper" else str(value).strip())
    _check_options(path, cell, block.options)
    cell.points, cell.data = block.options.get("points", 0), block.options.get("data", "")
    cell.folded, cell.kit = block.options.get("folded", ""), block.options.get("kit", "")
    if cell.kit:
        cell.source = _of_the_kit(path, cell)
    _check_regions(path, cell)
    if cell.kind == "code":
        _check_code(path, cell)
    return cell


def _of_the_kit(path: Path, cell: Cell) -> str:
    file = KIT_FOLDER / f"{cell.kit}.py"
    if cell.kind != "code" or cell.source.strip():
        raise SourceError(path, cell.line, "a cell with kit= is an empty code cell", "Move what stands in it")
    if not file.is_file():
        raise SourceError(path, cell.line, f"there is no grader/kit/{cell.kit}.py", "Name a file of the kit")
    return bare(file.read_text(encoding="utf-8"))


def _role(path: Path, block: Block) -> str:
    """A cell's role, "" for none; everything on its `# %%` line is known, and it has one role at most."""
    unknown = sorted(set(block.options) - KNOWN)
    if unknown:
        remedy = f'Use one of {", ".join(ROLES)}, tags=["demo"], points, data, folded, kit, lang'
        if unknown[0] == "mistake":
            remedy = f"What learners write instead stands in {path.parent.name}/mistakes/{path.name}"
        raise SourceError(path, block.line, f"unknown role or option {unknown[0]!r}", remedy)
    tags = list(block.options.get("tags", []))
    if set(tags) - {"demo"}:
        raise SourceError(path, block.line, f"unknown tag in {tags}", 'The one tag is tags=["demo"]')
    roles = [role for role in ROLES if role in block.options] + tags
    if len(roles) > 1:
        problem = f"a cell has one role, not {' and '.join(roles)}"
        raise SourceError(path, block.line, problem, "Split it into several cells")
    return roles[0] if roles else ""


def _check_options(path: Path, cell: Cell, options: dict) -> None:
    def wrong(problem: str, remedy: str) -> SourceError:
        return SourceError(path, cell.line, problem, remedy)

    if cell.kind == "raw":
        raise wrong("a notebook has no raw cells", "Take [raw] off its line")
    if cell.kind != "code" and cell.role in ("exercise", "check", "claim", "helper"):
        raise wrong(f"a cell with {cell.role}= holds code, not markdown", "Take [markdown] off its line")
    for key, owners in OPTIONS.items():
        if key in options and cell.role not in owners:
            kinds = " or ".join(owner or "plain" for owner in owners)
            raise wrong(f"{key} belongs on a {kinds} cell", f"Move or remove {key}")
    if cell.role in OPTIONS["points"]:
        points = options.get("points")
        if points is None:
            raise wrong(f"the {cell.role} {cell.id!r} has no points", "Add points=1 (0 is allowed)")
        if isinstance(points, bool) or not isinstance(points, int | float) or points < 0:
            raise wrong(f"points={points!r} is not a number of points", "Write points=2")
    if options.get("data", "mnist") != "mnist":
        raise wrong(f"data={options['data']!r} is no data set of the course", 'Write data="mnist", or leave it out')
    title = options.get("folded", "The stored numbers")
    if (cell.kind != "code" and "folded" in options) or not (isinstance(title, str) and title.strip()):
        raise wrong("folded= is the title of a code cell", 'Write folded="The stored numbers"')
    if cell.role == "helper" and options["helper"] is not True:
        raise wrong(f"helper={options['helper']!r} says nothing", "Write helper=true")
    if cell.role == "claim" and not cell.id:
        raise wrong("this claim has no sentence", 'Write claim="the sentence that the expression carries"')
    if cell.role in FORMS:
        parts = cell.id.split(".")
        if len(parts) != (2 if cell.role == "check" else 1) or not all(ID.fullmatch(p) for p in parts):
            form = FORMS[cell.role]
            raise wrong(f"{cell.id!r} is not an id of the form {form}", "Use lower-case letters, digits and _")


def _check_regions(path: Path, cell: Cell) -> None:
    for kind, owners in OWNERS.items():
        problem = region_problem(cell.source, kind)
        if problem:
            raise SourceError(path, cell.line, problem, "Each BEGIN needs one END below it, in the same cell")
        if f"### BEGIN {kind}" in cell.source and cell.role not in owners:
            marks = " or ".join(f'{owner}="…"' for owner in owners)
            problem = f"'### BEGIN {kind}' outside a cell marked {marks}"
            raise SourceError(path, cell.line, problem, "Mark the cell, or drop the markers")
    if cell.role in OWNERS[SOLUTION] and f"### BEGIN {SOLUTION}" not in cell.source:
        remedy = f"Put it between '### BEGIN {SOLUTION}' and '### END {SOLUTION}'"
        raise SourceError(path, cell.line, f"the {cell.role} {cell.id!r} has no answer", remedy)


def _check_code(path: Path, cell: Cell) -> None:
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        line = cell.line + (error.lineno or 0)
        raise SourceError(path, line, f"Python cannot read this: {error.msg}", "Mend the cell") from None
    if cell.role == "check":
        _check_check(path, cell, tree)
    elif cell.role == "claim":
        _check_claim(path, cell)
    elif cell.role == "helper":
        for statement in tree.body:
            if not _defines(statement):
                problem = "a helper cell does more than define names"
                remedy = "Keep imports, functions, classes and constants; move the rest to the cells that need it"
                raise SourceError(path, cell.line + statement.lineno, problem, remedy)


def _check_check(path: Path, cell: Cell, tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "default_rng":
            problem = "a check cell draws from default_rng, whose numbers may change with NumPy's version"
            raise SourceError(path, cell.line + node.lineno, problem, "Use np.random.RandomState(seed)")
    try:
        shown = ast.parse(visible(cell.source))
    except SyntaxError as error:
        problem = f"without its hidden tests, the check {cell.id!r} is no Python ({error.msg})"
        raise SourceError(path, cell.line, problem, "Leave a statement in each block") from None
    calls = [n for n in ast.walk(shown) if isinstance(n, ast.Call)]
    if not any(isinstance(c.func, ast.Name) and c.func.id == "check" for c in calls):
        problem = f"the check {cell.id!r} calls check() only in hidden tests, or never"
        raise SourceError(path, cell.line, problem, "Add a visible check(…)")


def _check_claim(path: Path, cell: Cell) -> None:
    try:
        ast.parse(cell.source, mode="eval")
    except SyntaxError:
        problem = f"the claim {cell.id!r} is not one expression"
        remedy = "Write one expression that is true where the sentence is, in parentheses if it takes several lines"
        raise SourceError(path, cell.line, problem, remedy) from None


def _defines(statement: ast.stmt) -> bool:
    """Whether a statement only imports, defines a function or a class, or gives constants a name."""
    if isinstance(statement, ast.Assign) and all(isinstance(target, ast.Name) for target in statement.targets):
        try:
            ast.literal_eval(statement.value)
        except ValueError:
            return False
        return True
    return isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)


def _check_ids(path: Path, cells: list[Cell]) -> None:
    """Each id is used once, each check stands below its exercise, and each exercise has one."""
    seen: dict[str, Cell] = {}
    for cell in cells:
        if cell.role not in FORMS:
            continue
        if cell.role == "check" and not (cell.exercise in seen and seen[cell.exercise].role == "exercise"):
            problem = f"check of {cell.exercise!r}, which is no exercise above it"
            raise SourceError(path, cell.line, problem, "Check the id, or add the exercise")
        if cell.id == "setup":
            raise SourceError(path, cell.line, "the id 'setup' is the setup cell's", "Give the cell another id")
        if cell.id in seen:
            problem = f"the id {cell.id!r} is used twice, first in line {seen[cell.id].line}"
            raise SourceError(path, cell.line, problem, "Give each cell an id of its own")
        seen[cell.id] = cell
    checked = {cell.exercise for cell in cells if cell.role == "check"}
    for cell in seen.values():
        if cell.role == "exercise" and cell.id not in checked:
            remedy = f'Add a cell check="{cell.id}.…" points=1'
            raise SourceError(path, cell.line, f"the exercise {cell.id!r} has no check", remedy)
