"""Turn a unit into notebooks: the nbgrader source (solved) and, through nbgrader's preprocessors, the student's."""

import ast
import hashlib
import json
import textwrap

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ComputeChecksums,
    LockCells,
)

from grader.authoring.lesson import Cell
from grader.authoring.minutes import minutes_of
from grader.authoring.record import Tables
from grader.authoring.regions import HIDDEN, blanked
from grader.authoring.setup import FOLDED, TABLE_WIDTH, literal, setup_source
from grader.authoring.unit import Unit
from grader.authoring.uses import lines_of
from grader.paths import repository
from grader.preprocessors import ClearAnswers

LEFT_OUT = ("helper", "claim")  # the roles whose cells are in no notebook


def solved_notebook(unit: Unit, tables: Tables) -> nbformat.NotebookNode:
    """The unit as an nbgrader source notebook, with answers and hidden tests, not yet executed."""
    cells = [_title(unit), _code(setup_source(unit, tables.visible), "setup", locked=True)]
    _fold(cells[1])
    for cell in unit.cells:
        if cell.role in LEFT_OUT:
            continue
        if cell.role == "manual":
            cells.append(_manual(cell))
        elif cell.kind == "markdown":
            cells.append(new_markdown_cell(cell.source))
        elif cell.role == "exercise":
            cells.append(_code(cell.source, cell.grade_id, solution=True))
        elif cell.role == "check":
            cells.append(_code(_check_source(cell, tables), cell.grade_id, grade=True, locked=True, points=cell.points))
        else:
            cells.append(new_code_cell(cell.source))
            if cell.role == "demo":
                cells[-1].metadata["tags"] = ["demo"]
            if cell.folded:
                cells[-1].source = f"{FOLDED}{cell.folded}\n{cell.source}"
                _fold(cells[-1])
    notebook = new_notebook(cells=cells)
    notebook.metadata.update(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "title": unit.title,
        }
    )
    _name_cells(notebook)
    return notebook


def _title(unit: Unit) -> nbformat.NotebookNode:
    points = f" · {unit.points:g} points" if unit.points else ""
    if unit.manual_points:
        points += f", {unit.manual_points:g} of them graded by a person"
    minutes = minutes_of(unit)
    further = f', and {minutes.further} more for what is marked "going further"' if minutes.further else ""
    text = f"# {unit.title}\n\n**{unit.question}**\n\n*About {minutes.core} minutes{further}{points}.*"
    if unit.builds_on:
        text += f" *Builds on {', '.join(name[:2] for name in unit.builds_on)}.*"
    slug = repository()
    if slug:
        link = f"https://colab.research.google.com/github/{slug}/blob/main/notebooks/{unit.name}.ipynb"
        text += f"\n\n[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})"
    return new_markdown_cell(text)


def _fold(cell: nbformat.NotebookNode) -> None:
    """Let JupyterLab, Colab and the site show the code on demand only; Colab shows its title in its place."""
    tags = [*cell.metadata.get("tags", []), "hide-input"]
    cell.metadata.update({"cellView": "form", "jupyter": {"source_hidden": True}, "tags": tags})


def _code(source: str, grade_id: str, **role) -> nbformat.NotebookNode:
    cell = new_code_cell(source)
    defaults = {"grade": False, "locked": False, "solution": False, "task": False, "schema_version": 3}
    cell.metadata["nbgrader"] = {"grade_id": grade_id, **defaults, **role}
    return cell


def _manual(cell: Cell) -> nbformat.NotebookNode:
    """A question that a person grades; its text is the model answer."""
    made = _code(cell.source, cell.grade_id, solution=True, grade=True, points=cell.points)
    if cell.kind == "code":
        return made
    return new_markdown_cell(cell.source, metadata=made.metadata)


def _check_source(cell: Cell, tables: Tables) -> str:
    # A number displayed at the end would be read by stock nbgrader as partial credit, so end with a semicolon:
    # the cell, and what is left of it without the hidden tests (blank lines in their place: the same line numbers).
    lines = lines_of(cell.source)
    for part in (cell.source, blanked(cell.source)):
        body = ast.parse(part.rstrip()).body
        if body and isinstance(last := body[-1], ast.Expr):
            line = lines[last.end_lineno - 1].encode()  # the parser counts columns in bytes
            before, after = line[: last.end_col_offset].decode(), line[last.end_col_offset :].decode()
            lines[last.end_lineno - 1] = before + ("" if after.lstrip().startswith(";") else ";") + after
    source = "\n".join(lines)
    if cell.id in tables.hidden:
        marker = f"### BEGIN {HIDDEN}"
        line = next(line for line in lines if marker in line)
        indent = line[: len(line) - len(line.lstrip())]
        table = textwrap.indent(literal("load_table", tables.hidden[cell.id], TABLE_WIDTH), indent)
        source = source.replace(line, f"{line}\n{table}", 1)
    return source


def _name_cells(notebook: nbformat.NotebookNode) -> None:
    """Give cells ids that do not change from build to build, and only little when the unit is edited."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        name = grade_id[:56] or hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[name] = seen.get(name, 0) + 1
        cell["id"] = name if seen[name] == 1 else f"{name}-{seen[name]}"


def student_notebook(solved: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """What nbgrader's `generate_assignment` makes of a source notebook, with ClearAnswers for its ClearSolutions."""
    notebook, resources = nbformat.from_dict(json.loads(json.dumps(solved))), {"nbgrader": {}}
    steps = (
        LockCells,
        ClearAnswers,
        ClearOutput,
        ClearHiddenTests,
        ClearMarkScheme,
        ComputeChecksums,
        CheckCellMetadata,
    )
    for step in steps:
        notebook, resources = step().preprocess(notebook, resources)
    for cell in notebook.cells:
        cell.source = cell.source.rstrip("\n")
    return notebook
