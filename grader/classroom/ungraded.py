"""A unit whose concept questions give no points: their answers can be tried out, one letter after the other."""

import ast
import base64
import json
import re
import struct
import zlib

from nbformat.notebooknode import NotebookNode

from grader.authoring.setup import literal
from grader.preprocessors import assigned_strings

_TABLE = re.compile(r'_kit\.load_table\(\n(?:\s*"[^"\n]*"\n)+\s*\)')
_POINTS = re.compile(r"(?<=· )[\d.]+(?= points?\b)")


def ungrade_questions(notebook: NotebookNode) -> None:
    """Give the checks of a source notebook's concept questions 0 points, and say so where points are said."""
    graded = {c.metadata.nbgrader.grade_id: c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id")}
    questions = {key for key, cell in graded.items() if _is_question(cell)}
    checks = {key: c for key, c in graded.items() if key.partition("-")[0] in questions and c.metadata.nbgrader.grade}
    for cell in checks.values():
        cell.metadata.nbgrader.points = 0
    total = sum(c.metadata.nbgrader.get("points", 0) for c in graded.values() if c.metadata.nbgrader.grade)
    first = next(cell for cell in notebook.cells if cell.cell_type == "markdown")
    first.source = _POINTS.sub(f"{total:g}", first.source, count=1)
    for cell in graded.values():
        cell.source = _TABLE.sub(lambda call: _without_points(call[0], set(checks)), cell.source)


def _is_question(cell: NotebookNode) -> bool:
    if cell.cell_type != "code" or not cell.metadata.nbgrader.get("solution"):
        return False
    answers = assigned_strings(cell.source).values()
    return bool(answers) and all(len(answer) == 1 for answer in answers)


def _without_points(call: str, checks: set[str]) -> str:
    """The call that loads a table, in which these check cells have no points."""
    raw = zlib.decompress(base64.b85decode(ast.parse(call).body[0].value.args[0].value))
    length, *others = struct.unpack_from("<3I", raw)
    head, rest = json.loads(raw[12 : 12 + length]), raw[12 + length :]
    for cell in head.get("cells", []):
        if cell["id"] in checks:
            cell["points"] = 0
    block = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode()
    raw = struct.pack("<3I", len(block), *others) + block + rest
    return literal("_kit.load_table", base64.b85encode(zlib.compress(raw, 9)).decode())
