"""Stands in for `check` while the tables are made: notes what each check sees, and lets everything pass."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

from grader.authoring.regions import HIDDEN


class UsedTwice(Exception):
    """Two checks of a unit have one name."""


@dataclass
class Seen:
    """What one call of `check` saw."""

    name: str
    cell: str
    hidden: bool
    rtol: float
    atol: float
    dtype: bool
    outcome: dict
    parts: list[str] = field(default_factory=list)

    @property
    def rule(self) -> dict:
        """The rule by which it compares, as the kit's functions take it."""
        return {key: getattr(self, key) for key in ("rtol", "atol", "dtype", "parts", "hidden")}


class Recorder:
    """`check` of the notebook that is recorded; `call` is the kit's own way of calling a learner's code."""

    def __init__(self, call: Callable) -> None:
        self.call, self.log = call, {}
        self.cell, self.hidden = "", False

    def __call__(self, name, target, *args, rtol=1e-6, atol=1e-9, dtype=False, **kwargs):
        if name in self.log:
            raise UsedTwice(f"the check name {name!r} is used twice")
        value, outcome, error = self.call(target, args, kwargs, name)
        self.log[name] = Seen(name, self.cell, self.hidden, rtol, atol, dtype, outcome, part_names(target, outcome))
        if error is not None:
            raise error
        return value

    def enter(self, step) -> None:
        """Whatever is seen from now on is seen in this cell."""
        self.cell, self.hidden = step.id, False

    def marked(self, source: str) -> str:
        """A check cell's code that tells the recorder where its hidden tests begin and end."""
        source = source.replace(f"### BEGIN {HIDDEN}", "check.hidden = True")
        return source.replace(f"### END {HIDDEN}", "check.hidden = False")


def part_names(target, outcome: dict) -> list[str]:
    """What the parts of a returned tuple are called: by "Returns (a, b)" in the docstring, else by the return line."""
    value = outcome.get("value", {})
    if value.get("t") != "tuple" or not inspect.isroutine(target):
        return []
    count = len(value["v"])
    said = re.search(r"[Rr]eturns?:?\s+\(([^()]*)\)", inspect.getdoc(target) or "")
    names = [name.strip() for name in said[1].split(",")] if said else []
    if len(names) == count and all(name.isidentifier() for name in names):
        return names
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(target)))
    except (OSError, TypeError, SyntaxError):
        return []
    returns = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    for value in returns:
        names = [getattr(item, "id", "") for item in getattr(value, "elts", [])]
        if len(names) == count and all(names):
            return names
    return []
