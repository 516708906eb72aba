"""The kit's code as notebooks carry it."""

import ast
import io
import tokenize

from grader.authoring.uses import lines_of
from grader.paths import ROOT

KIT_FOLDER = ROOT / "grader" / "kit"
READ_BY_LEARNERS = {"check", "scoreboard", "device", "load_mnist", "load_cifar10"}  # help(check) shows their docstrings


def bare(source: str) -> str:
    """Code as notebooks carry it: without imports of other files of the kit, comments, and docstrings nobody sees."""
    lines: list[str | None] = [*lines_of(source)]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = token.line[:column].rstrip() or None
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("grader."):
            _drop(lines, node)
        if _has_private_docstring(node):
            _drop(lines, node.body[0])
    kept: list[str] = []
    for line in lines:  # of blank lines one is enough
        if line is not None and (line.strip() or (kept and kept[-1].strip())):
            kept.append(line)
    return "\n".join(kept).strip("\n")


def _has_private_docstring(node: ast.AST) -> bool:
    """Whether a docstring is nothing that help() shows a learner, and may go without leaving an empty body."""
    documented = isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None
    return documented and getattr(node, "name", "") not in READ_BY_LEARNERS and len(node.body) > 1


def _drop(lines: list[str | None], node: ast.stmt) -> None:
    lines[node.lineno - 1 : node.end_lineno] = [None] * (node.end_lineno - node.lineno + 1)


def narrow(source: str) -> str:
    """Code indented by one space where ruff indents by four. The setup cell has to be short, and nobody reads it.

    What stands inside a text of several lines stays as it is.
    """
    texts = (node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Constant, ast.JoinedStr)))
    inside = {row for node in texts for row in range(node.lineno, node.end_lineno)}
    lines = lines_of(source)
    for row, line in enumerate(lines):
        if row not in inside:
            code = line.lstrip(" ")
            lines[row] = " " * ((len(line) - len(code)) // 4) + code
    return "\n".join(lines)
