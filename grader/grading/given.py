"""What check cells use of the course's own code: functions and classes of given cells, and of the unit's helpers.

A student may have edited a given cell, or defined its names anew in a cell of their own. Check cells run with those of
the release.
"""

import ast

from grader.authoring.uses import definitions, used_definitions
from grader.grading.release import Release, ReleaseCell

HELPERS = "load_helpers"  # the call in the setup cell whose argument is the source of the unit's helper cells

_known: dict[tuple[str, str, bool], str] = {}


def given_code(release: Release, cell: ReleaseCell) -> str:
    """The definitions of given cells above a check cell that it uses, as code; "" where it uses none."""
    return _once(release, cell, helpers=False)


def code_below(release: Release, cell: ReleaseCell) -> str:
    """The same, with those of the unit's helpers: all that a check cell stands on but the kit and the answers."""
    return _once(release, cell, helpers=True)


def given_names(release: Release) -> frozenset[str]:
    """The functions and classes of given cells that some check uses."""
    used = [d for c in release.cells if c.role == "check" for d in definitions(given_code(release, c))]
    return frozenset(name for d in used if d.source.startswith(("def ", "class ", "@")) for name in d.names)


def _once(release: Release, cell: ReleaseCell, helpers: bool) -> str:
    key = release.hash, cell.key, helpers
    if key not in _known:
        _known[key] = _used(release, cell, helpers)
    return _known[key]


def _used(release: Release, cell: ReleaseCell, helpers: bool) -> str:
    above = release.cells[: release.cells.index(cell)]
    given = [c.released for c in above if c.role == "given" and c.kind == "code"]
    helper = next((_helpers(c.full) for c in release.cells if c.role == "setup"), "")
    theirs = [c.full for c in release.cells if c.role == "solution"] + ([] if helpers else [helper])
    but = {name for source in theirs for d in definitions(source) for name in d.names}
    return used_definitions(cell.full, [helper, *given] if helpers else given, but)


def _helpers(setup: str) -> str:
    """The source of a unit's helper cells, as the setup cell carries it; "" where there are none."""
    for node in ast.walk(ast.parse(setup)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == HELPERS and node.args:
            return node.args[0].value
    return ""
