"""What a piece of code uses of the definitions of others: the functions, classes, imports and constants behind it."""

import ast
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Definition:
    """A statement that defines names and can be run again without doing anything else."""

    names: frozenset[str]
    uses: frozenset[str]
    source: str


def used_definitions(code: str, sources: Iterable[str], but: Collection[str] = ()) -> str:
    """The definitions among the sources that code uses, and those that they use, in the order in which they stand.

    `but`: names that are someone else's to define. Of a name defined twice the last counts.
    """
    latest = {name: d for source in sources for d in definitions(source) for name in d.names if name not in but}
    wanted, found = set(names_used(code)), set()
    while more := {latest[name] for name in wanted if name in latest} - found:
        found |= more
        wanted |= {name for definition in more for name in definition.uses}
    return "\n".join(dict.fromkeys(d.source for source in sources for d in definitions(source) if d in found))


def lines_of(source: str) -> list[str]:
    """The lines that Python counts. `str.splitlines` also ends one at a form feed and some others."""
    return [line.decode() for line in source.encode().splitlines()]


@lru_cache(512)
def definitions(source: str) -> tuple[Definition, ...]:
    """The definitions at the top level of a cell; none where it does not parse."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return ()
    lines = lines_of(source)
    found = []
    for node in body:
        if names := _defined(node):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            found.append(Definition(names, _loads(node), "\n".join(lines[first - 1 : node.end_lineno])))
    return tuple(found)


@lru_cache(512)
def names_used(code: str) -> frozenset[str]:
    """The names that code reads; none where it does not parse."""
    try:
        return _loads(ast.parse(code))
    except SyntaxError:
        return frozenset()


def _loads(tree: ast.AST) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def _defined(node: ast.stmt) -> frozenset[str]:
    """What a statement defines, where that is all it does."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return frozenset({node.name})
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return frozenset((alias.asname or alias.name).split(".")[0] for alias in node.names)
    if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
        try:
            ast.literal_eval(node.value)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return frozenset()
        return frozenset(target.id for target in node.targets)
    return frozenset()
