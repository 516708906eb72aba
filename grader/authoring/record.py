"""Record what the reference answer and each known mistake give at every check.

The result is what a notebook's `check` compares with: one table for what learners see, and one for the hidden tests
of each check cell, so that no hidden value ever reaches a student notebook.
"""

import base64
import json
import zlib
from dataclasses import dataclass, field

from grader.errors import SourceError
from grader.kit.observe import _differ
from grader.authoring.session import Session
from grader.authoring.unit import HIDDEN, Cell, Unit


@dataclass
class Observation:
    """What one call of `check` saw."""

    cell: str
    hidden: bool
    rtol: float
    atol: float
    outcome: dict


@dataclass
class Tables:
    """Packed tables: the visible one, and those of the hidden regions by the id of their check cell."""

    visible: str
    hidden: dict[str, str] = field(default_factory=dict)


def pack(table: dict) -> str:
    """A table as text for a notebook: JSON, deflated, base 85; the inverse of the kit's `_load_table`."""
    return base64.b85encode(zlib.compress(json.dumps(table, separators=(",", ":")).encode(), 9)).decode()


def record(unit: Unit, setup: str) -> Tables:
    """Run the unit's cells (demos left out) with the reference, then with each mistake, and make the tables."""
    expected = _observe(unit, setup, None)
    checks = {name: {"expected": seen.outcome["value"], "mistakes": []} for name, seen in expected.items()}
    hints: dict[str, list[str]] = {}
    for mistake in (c for c in unit.cells if c.role == "mistake"):
        for name, seen in _observe(unit, setup, mistake).items():
            right = expected.get(name)
            if right is None or not _wrong(right, seen):
                continue
            texts = hints.setdefault(right.cell if right.hidden else "", [])
            if mistake.hint not in texts:
                texts.append(mistake.hint)
            checks[name]["mistakes"].append([texts.index(mistake.hint), seen.outcome])
    by_place: dict[str, dict] = {}
    for name, seen in expected.items():
        by_place.setdefault(seen.cell if seen.hidden else "", {})[name] = checks[name]
    cells = [
        {
            "id": c.grade_id,
            "exercise": c.exercise,
            "points": c.points,
            "checks": [name for name, seen in expected.items() if seen.cell == c.id and not seen.hidden],
        }
        for c in unit.cells
        if c.role == "check"
    ]
    visible = {"unit": unit.name, "cells": cells, "checks": by_place.pop("", {}), "hints": hints.get("", [])}
    hidden = {cell: pack({"checks": entries, "hints": hints.get(cell, [])}) for cell, entries in by_place.items()}
    return Tables(pack(visible), hidden)


def _wrong(right: Observation, seen: Observation) -> bool:
    if "raised" in seen.outcome or seen.outcome.get("changed"):
        return True
    return _differ(right.outcome["value"], seen.outcome["value"], right.rtol, right.atol) is not None


def _observe(unit: Unit, setup: str, mistake: Cell | None) -> dict[str, Observation]:
    session = Session()
    _run(session, unit, setup, None)
    log: dict[str, Observation] = {}
    recorder = _Recorder(session.namespace["_call"], log)
    session.namespace["check"] = recorder
    last = unit.of("check", mistake.id)[-1] if mistake else None
    for cell in unit.cells:
        if cell.kind != "code" or cell.role in ("demo", "mistake"):
            continue
        recorder.cell, recorder.hidden = cell.id, False
        source = unit.answer(mistake) if mistake and cell.role == "exercise" and cell.id == mistake.id else cell.source
        source = source.replace(f"### BEGIN {HIDDEN}", "check.hidden = True").replace(
            f"### END {HIDDEN}", "check.hidden = False"
        )
        _run(session, unit, source, cell, reference=mistake is None)
        if cell is last:
            break
    return log


def _run(session: Session, unit: Unit, source: str, cell: Cell | None, reference: bool = True) -> None:
    result = session.run(source, cell.id or str(cell.line) if cell else "setup")
    if result.error is not None and reference:
        line = (cell.line if cell else 0) + result.line
        what = f"with the reference answer this stops with {type(result.error).__name__}: {result.error}"
        raise SourceError(unit.path, line, what, "Mend the answer or the cell")


class _Recorder:
    """Stands in for `check`: notes what it sees, and lets everything pass."""

    def __init__(self, call, log: dict[str, Observation]) -> None:
        self.call, self.log, self.cell, self.hidden = call, log, "", False

    def __call__(self, name, target, *args, rtol=1e-6, atol=1e-9, **kwargs):
        if name in self.log:
            raise ValueError(f"the check name {name!r} is used twice; give each check() a name of its own")
        value, outcome, error = self.call(target, args, kwargs, name)
        self.log[name] = Observation(self.cell, self.hidden, rtol, atol, outcome)
        if error is not None:
            raise error
        return value
