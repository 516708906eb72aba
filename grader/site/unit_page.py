"""A unit's page, a notebook for MyST-NB: the solved one as executed, less what only runs, its exercises as boxes."""

import copy
import re

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

from grader.authoring.regions import visible
from grader.authoring.setup import FOLDED
from grader.site.addresses import Addresses
from grader.site.exercises import box, folded, split_task
from grader.site.figures import Figure, caption_figures, readable
from grader.site.tables import dressed

BADGE = re.compile(r"\n*\[!\[[^]]*\]\([^)]*\)\]\([^)]*\)")
BAR = """:::{{container}} unit-bar
{{download}}`Download this unit </downloads/{name}.ipynb>`{launch}
{{doc}}`Words and symbols </glossary>`
:::"""


def unit_page(
    name: str, solved: nbformat.NotebookNode, student: nbformat.NotebookNode, where: Addresses
) -> tuple[nbformat.NotebookNode, list[Figure]]:
    """The page of a unit, and its figures. Neither notebook is changed."""
    cells = copy.deepcopy(solved.cells)
    figures = caption_figures(cells, int(name[:2]))
    given = {grade_id(c): c.source for c in student.cells if grade_id(c)}
    title = next(c for c in cells if c.cell_type == "markdown")
    made = [new_markdown_cell(BADGE.sub("", title.source)), new_markdown_cell(_bar(name, where))]
    rest = [c for c in cells if c is not title and grade_id(c) != "setup"]
    last = max((i for i, c in enumerate(rest) if _is_scoreboard(c)), default=None)
    if last is not None:  # a reader has no score
        del rest[last]
    made += _with_boxes(rest, given)
    page = new_notebook(cells=[c for c in made if c.source.strip()], metadata=solved.metadata)
    for at, cell in enumerate(page.cells):  # new ones are given a random name, by which every page would be another
        cell["id"] = f"cell-{at}"
    readable(page)
    return page, figures


def grade_id(cell) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _bar(name: str, where: Addresses) -> str:
    launch = "".join(f"\n[{label}]({link})" for label, link in where.launch(name).items())
    return BAR.format(name=name, launch=launch)


def _is_scoreboard(cell) -> bool:
    return cell.cell_type == "code" and cell.source.strip() == "scoreboard()"


def _with_boxes(cells: list, given: dict[str, str]) -> list:
    """The cells, with each answer, its checks and the task above it as one."""
    made, at = [], 0
    while at < len(cells):
        cell = cells[at]
        role = cell.metadata.get("nbgrader", {})
        at += 1
        if role.get("solution"):
            checks = []
            while at < len(cells) and _is_check(cells[at]):
                checks.append(cells[at])
                at += 1
            made.append(_boxed(made, cell, checks, given))
        elif _is_check(cell):  # one that stands apart from its exercise
            continue
        elif cell.cell_type == "markdown":
            made.append(new_markdown_cell(cell.source))
        else:
            made.append(_titled(cell))
    for cell in made:
        if cell.cell_type == "markdown" and "{exercise}" not in cell.source:
            cell.source = dressed(folded(cell.source))
    return made


def _titled(cell):
    """A code cell. One that is folded shows the title of its first line, which is for Colab."""
    first, _, rest = cell.source.partition("\n")
    if cell.metadata.get("jupyter", {}).get("source_hidden") and first.startswith(FOLDED):
        title = first.removeprefix(FOLDED)
        cell.source = rest
        prompts = {f"code_prompt_{state}": f"Code: {title}" for state in ("show", "hide")}
        cell.metadata["mystnb"] = {**cell.metadata.get("mystnb", {}), **prompts}  # perhaps with a figure's caption
    return cell


def _is_check(cell) -> bool:
    role = cell.metadata.get("nbgrader", {})
    return bool(role.get("grade")) and not role.get("solution")


def _boxed(before: list, cell, checks: list, given: dict[str, str]) -> nbformat.NotebookNode:
    """The box of an exercise; its task is taken out of the prose that ends right above it."""
    task, by_hand = "", bool(cell.metadata["nbgrader"].get("grade"))
    if before and before[-1].cell_type == "markdown" and "{exercise}" not in before[-1].source:
        before[-1].source, task = split_task(before[-1].source)
    points = sum(c.metadata["nbgrader"].get("points", 0) for c in [*checks, *([cell] if by_hand else [])])
    stub = given.get(grade_id(cell), "")
    return new_markdown_cell(box(task, stub, cell.source, [visible(c.source) for c in checks], points, by_hand))
