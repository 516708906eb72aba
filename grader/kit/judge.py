"""What a check says of an outcome: the problem, and the causes that it looks like."""

import numpy as np

from grader.kit.call import why_not_finite
from grader.kit.compare import SEQUENCES, causes, fingerprint, wrong_parts
from grader.kit.observe import pick

CAUSE, ONE_OF, ITEM = "Likely cause: ", "It looks like one of these:", "• "


def problem_of(want, outcome, rule, who):
    """What is wrong with an outcome that is a value; "" where nothing is."""
    prefix = f"{who}: " if who else ""
    if wrong := wrong_parts(want, outcome["value"], rule):
        message = wrong[0][1]
        if "NaN" in message or "infinite" in message:
            message += why_not_finite(outcome)
        return prefix + message if prefix else message[0].upper() + message[1:]
    if outcome.get("changed"):
        name = outcome["changed"][0]
        return (
            f"{who} gives the right result, but changes its input {name}. "
            f"Work on a new array instead: the caller still needs {name}."
        )
    return ""


def is_unwritten(outcome):
    """Whether an outcome is that of a stub."""
    raised = outcome.get("raised")
    return raised == ["NotImplementedError", ""] if raised else outcome["value"].get("t") == "no answer"


def causes_of(entry, outcome, rule):
    """The known causes that an outcome points to: at most two, or none."""
    rows = fingerprint(entry["expected"], outcome, rule)
    found = causes(entry["expected"], rows, rule, entry["mistakes"])
    if (
        not found
        and "raised" not in outcome
        and any(_values_differ(entry["expected"], outcome["value"], row) for row in rows)
    ):
        found = entry["otherwise"]
    return found if len(found) <= 2 else []


def _values_differ(want, got, row):
    """Whether a row is of wrong values, not of a changed input, another kind, the dtype, or how many results."""
    place, _, away = row
    if place == "changed":
        return False
    kind = pick(want, place)["t"]
    return kind not in SEQUENCES and pick(got, place)["t"] == kind and bool(np.any(away != 0))


def with_causes(message, found):
    """A message with the causes below it, a line each."""
    if len(found) == 1:
        return f"{message}\n{CAUSE}{found[0]}"
    return "\n".join([message, ONE_OF, *(ITEM + cause for cause in found)]) if found else message
