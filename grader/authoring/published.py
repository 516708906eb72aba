"""No check cell can be answered from what a notebook publishes.

A student reads in the visible table what the visible checks expect, and can write an answer that gives just that, or
have `check` report it. So each check cell but a question's asks for something more: in hidden tests, or when the grader
runs it again with other random numbers.
"""

from grader.authoring.recorder import Seen
from grader.authoring.unit import Unit
from grader.kit.compare import wrong_parts

SECOND = 100  # times the tolerance by which values of the grader's second run must be off (see grading/marking.py)


def answered_by_the_table(unit: Unit, reference: dict[str, Seen], second: dict[str, list[Seen]]) -> list[str]:
    """The check cells that what is published answers, as problems.

    reference: what the checks saw of the reference answers. second: the same, by the id of a check cell, of those that
    the grader runs again with other random numbers.
    """
    published = [seen for seen in reference.values() if not seen.hidden]
    found = []
    for cell in unit.cells:
        if cell.role != "check" or unit.is_question(cell.exercise):
            continue
        hidden = [seen for seen in reference.values() if seen.hidden and seen.cell == cell.id]
        asked = [(seen, 1) for seen in hidden] + [(seen, SECOND) for seen in second.get(cell.id, [])]
        if any(_differs_from_all(seen, published, times) for seen, times in asked):
            continue
        what = "its hidden tests expect what visible checks publish" if hidden else "it has no hidden tests"
        found.append(
            f"{unit.path.name}:{cell.line}: the check cell {cell.id} can be answered from the notebook's own table: "
            f"{what}. Add a hidden check of other inputs, whose value is not published"
        )
    return found


def _differs_from_all(seen: Seen, published: list[Seen], times: float) -> bool:
    rule = {**seen.rule, "rtol": times * seen.rtol, "atol": times * seen.atol}
    want = seen.outcome["value"]
    return all(wrong_parts(other.outcome["value"], want, rule) for other in published)
