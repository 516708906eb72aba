"""Make the tables that a unit's checks compare with, and prove on the way that they hold on every backend.

The tables are one for what learners see, and one for the hidden tests of each check cell, so that no hidden value ever
reaches a student notebook. A mistake is recorded at a check only where it is wrong in the same way on every backend.
"""

import ast
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import nbformat
import numpy as np

from grader.authoring.backends import available
from grader.authoring.lesson import Cell
from grader.authoring.mistakes import Answer, Mistake
from grader.authoring.observing import Observed, observe_under
from grader.authoring.published import answered_by_the_table
from grader.authoring.recorder import Seen
from grader.authoring.tables import Entry, pack
from grader.authoring.unit import Unit
from grader.errors import CourseError
from grader.kit.compare import alike, causes, wrong_parts
from grader.preprocessors import ClearAnswers

MOST_CAUSES = 2  # that a learner is shown at once
SHOWN = 12  # problems that are listed
SURVIVES = "no check fails: add one that tells it from the answer, make it a right answer, or remove it"


@dataclass
class Tables:
    """Packed tables: the visible one, and those of the hidden regions by the id of their check cell."""

    visible: str
    hidden: dict[str, str] = field(default_factory=dict)


def record(unit: Unit) -> Tables:
    """Observe the unit under every backend of this machine and make its tables. Raises CourseError."""
    backends = available()
    with ThreadPoolExecutor(2) as pool:
        observed = dict(zip([b.name for b in backends], pool.map(lambda b: observe_under(unit, b), backends)))
    return make_tables(unit, observed)


def make_tables(unit: Unit, observed: dict[str, Observed]) -> Tables:
    """The tables of a unit by what each backend gave, the machine's own first. Raises CourseError."""
    native = next(iter(observed.values()))
    problems = unsteady(native.reference, observed) + refused(unit, observed)
    problems += answered_by_the_table(unit, native.reference, native.second)
    entries = {
        name: Entry(seen.outcome["value"], seen.rtol, seen.parts, seen.hidden)
        for name, seen in native.reference.items()
    }
    first = len(unit.rights)
    for number, mistake in enumerate(unit.mistakes, first):
        for name, rows in steady(native.reference, [o.answers[number] for o in observed.values()]).items():
            known = entries[name].mistakes
            if (mistake.hint, rows) not in known:
                known.append((mistake.hint, rows))
        if mistake.otherwise:
            if mistake.otherwise not in entries:
                problems.append(f"{_at(mistake)}: there is no check called {mistake.otherwise!r}")
            elif mistake.hint not in entries[mistake.otherwise].otherwise:
                entries[mistake.otherwise].otherwise.append(mistake.hint)
    problems += [p for n, m in enumerate(unit.mistakes, first) if (p := _misread(unit, m, n, entries, observed))]
    if problems:
        more = f"\n… and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise CourseError(f"{unit.name}: " + "\n".join(problems[:SHOWN]) + more)
    return _packed(unit, native.reference, entries)


def unsteady(reference: dict[str, Seen], observed: dict[str, Observed]) -> list[str]:
    """The checks at which the answer's values on some backend differ by more than a tenth of their tolerance."""
    found = []
    for backend, other in observed.items():
        for name, seen in reference.items():
            tight = {**seen.rule, "rtol": seen.rtol / 10, "atol": seen.atol / 10}
            wrong = wrong_parts(seen.outcome["value"], other.reference[name].outcome["value"], tight)
            if wrong:
                what = wrong[0][1]
                found.append(f"check {name!r} depends on the machine (backend {backend}, a tenth of its rtol): {what}")
    return found


def refused(unit: Unit, observed: dict[str, Observed]) -> list[str]:
    """The right answers that some check does not accept on some backend."""
    found = []
    for number, right in enumerate(unit.rights):
        fails = {name: None for one in observed.values() for name in one.answers[number]}
        where = [backend for backend, one in observed.items() if one.answers[number]]
        if fails:
            on = "every backend" if len(where) == len(observed) else ", ".join(where)
            what = f"the right answer {right.name!r} fails {', '.join(map(repr, fails))} (on {on})"
            found.append(f"{_at(right)}: {what}. Mend the answer; or, if it is right, the check")
    return found


def steady(reference: dict[str, Seen], answers: list[dict[str, list]]) -> dict[str, list]:
    """By check, how a mistake is wrong, where it is wrong in the same way in all of its observations."""
    found = {}
    for name, rows in answers[0].items():
        seen = reference[name]
        others = [answer.get(name, []) for answer in answers[1:]]
        if all(_same(seen, rows, other) for other in others):
            found[name] = rows
    return found


def _same(seen: Seen, rows: list, others: list) -> bool:
    want, rule = seen.outcome["value"], seen.rule
    return len(rows) == len(others) and all(
        alike(want, rule, _row(a), _row(b)) <= 1 for a, b in zip(rows, others, strict=True)
    )


def _row(row) -> tuple:
    """A row as a notebook reads it from its table."""
    place, form, sums = row
    with np.errstate(over="ignore"):
        return place, form, np.asarray(sums, "f4").astype("f8")


def _at(answer: Answer) -> str:
    return f"{answer.path.parent.name}/{answer.path.name}:{answer.line}"


def _misread(unit: Unit, mistake: Mistake, number: int, entries: dict[str, Entry], observed) -> str:
    """Why a mistake is not told its own hint at the first check that it fails on some backend; "" where it is."""
    for backend, one in observed.items():
        wrong = one.answers[number]
        for cell in unit.of("check", mistake.exercise):
            name = next((n for n, seen in one.reference.items() if seen.cell == cell.id and n in wrong), None)
            if name is None:
                continue
            seen, entry = one.reference[name], entries[name]
            mistakes = [(hint, [_row(row) for row in rows]) for hint, rows in entry.mistakes]
            rows = [_row(row) for row in wrong[name]]
            found = causes(entry.expected, rows, seen.rule, mistakes)
            found = found or ([] if rows[0][0] == "raised" else entry.otherwise)
            if mistake.hint not in found:
                what = f"is told {found}" if found else "is told nothing: what it gives is rounding, or differs"
                return f"{_at(mistake)}: at check {name!r} this mistake {what} (backend {backend})"
            if len(found) > MOST_CAUSES:
                others = [m.line for m in unit.mistakes_of(mistake.exercise) if m.hint in found and m is not mistake]
                return (
                    f"{_at(mistake)}: at check {name!r} it cannot be told from {len(found) - 1} others (lines "
                    f"{', '.join(map(str, others))}). Put them under one hint, or change the check's inputs"
                )
            break
        else:
            return f"{_at(mistake)}: {SURVIVES} (backend {backend})"
    return ""


def stub_of(cell: Cell) -> str:
    """What a student gets in the place of an exercise's answer: nbgrader's own step."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.source)])
    notebook.cells[0].metadata["nbgrader"] = {
        "solution": True, "grade": False, "locked": False, "task": False, "grade_id": cell.id, "schema_version": 3,
    }  # fmt: skip
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    cleared, _ = ClearAnswers().preprocess(notebook, {"nbgrader": {}})
    return cleared.cells[0].source


def given_statements(stub: str) -> dict[str, int]:
    """By function of a stub that has them: how many statements stand above its `raise NotImplementedError()`."""
    found = {}
    for node in ast.walk(ast.parse(stub)):
        if isinstance(node, ast.FunctionDef):
            above = [s for s in node.body if not isinstance(getattr(s, "value", None), ast.Constant)]
            raises = [n for n, s in enumerate(above) if isinstance(s, ast.Raise)]
            if raises and raises[0]:
                found[node.name] = raises[0]
    return found


def _packed(unit: Unit, reference: dict[str, Seen], entries: dict[str, Entry]) -> Tables:
    cells = [
        {
            "id": c.grade_id,
            "exercise": c.exercise,
            "points": c.points,
            "checks": [name for name, seen in reference.items() if seen.cell == c.id and not seen.hidden],
            **({"manual": True} if c.role == "manual" else {}),
        }
        for c in unit.cells
        if c.role in ("check", "manual")
    ]
    stubs, answers = {}, []
    for cell in unit.cells:
        if cell.role == "exercise":
            stub = stub_of(cell)
            stubs |= given_statements(stub)
            answers += [node.name for node in ast.parse(stub).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    visible = {name: entry for name, entry in entries.items() if not entry.hidden}
    hidden: dict[str, dict[str, Entry]] = {}
    for name, entry in entries.items():
        if entry.hidden:
            hidden.setdefault(reference[name].cell, {})[name] = entry
    shown = pack(visible, unit=unit.name, cells=cells, stubs=stubs, answers=answers)
    return Tables(shown, {cell: pack(some) for cell, some in hidden.items()})
