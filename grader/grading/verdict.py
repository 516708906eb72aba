"""Decide, outside the jail, what the values that checks sent are worth.

What comes from the jail may be anything. An observation is looked at only after it has been taken apart and put
together anew from the parts that observations have (grader/observe.py).
"""

import base64
import binascii
import re
import threading

from grader.grading.outputs import line, plain
from grader.kit.judge import causes_of, is_unwritten, problem_of
from grader.kit.observe import PROJECTIONS, SAMPLES, WHOLE
from grader.kit.table import Table

MIME = "application/vnd.bncourse.check+json"
_MAX_NODES, _MAX_DEPTH, _MAX_TEXT = 20_000, 30, 2000
_COMPARING = threading.Lock()  # the kit compares in one thread at a time; a Dask worker may have several

# What the notebook says stands in messages beside what the grader says, and is marked line by line.
SAYS, GOES_ON, _MAX_LINES = "The notebook says: ", "| ", 50


class TooLarge(ValueError):
    """An observation of more values than are looked at."""


def read_sent(outputs: list[dict]) -> list:
    """What the checks among a cell's outputs sent, in order: anything at all."""
    shown = [o.get("data") for o in outputs if o["output_type"] == "display_data"]
    return [data[MIME] for data in shown if isinstance(data, dict) and MIME in data]


def in_its_own_words(text: str) -> str:
    """What was said in the jail, by the kit or by a student's code in its place: marked, or it could pass for ours."""
    first, *more = text.splitlines() or [""]
    return "\n".join([SAYS + first, *(GOES_ON + line for line in more[:_MAX_LINES])])


# What the kit says of a stub: words that are ours, whoever sent them.
_OURS = re.compile(
    r"(your code|[\w.]{1,60}) (is not written yet: replace the line `raise NotImplementedError\(\)` with your code\."
    r"|reaches the line `raise NotImplementedError\(\)` below your code: delete that line "
    r"\(and see that your code returns its result\)\.)"
)


def name_of(what: str, otherwise: str) -> str:
    """A name that a student's code gave to a thing, where it is no more than a name."""
    return what if re.fullmatch(r"(<?\w[\w.]*>?)(\[\d+\])?", what) and len(what) <= 60 else otherwise


def judge(
    table: Table, sent: dict, rtol: float, atol: float, dtype: bool = False, expected: dict | None = None
) -> tuple[str, list[str]]:
    """What is wrong with what a check sent, in the learner's words, and the hints of the mistakes it looks like.

    ("", []) where nothing is. `expected` takes the place of the table's value. rtol, atol and dtype are the release's
    own, whatever the notebook said. Raises ValueError where it is no observation at all.
    """
    outcome, who, name = sent.get("outcome"), sent.get("who"), sent.get("name")
    if not (isinstance(outcome, dict) and isinstance(who, str) and isinstance(name, str)):
        raise _not_one()
    if name not in table.checks:
        raise _not_one()
    who = who if who in ("", "your code") else name_of(who, "the answer")
    entry = table.checks[name] if expected is None else {"expected": expected, "mistakes": [], "otherwise": []}
    rule = table.rule(name, rtol, atol, dtype)
    if "raised" in outcome:
        raised = _texts(outcome["raised"])
        if len(raised) != 2:
            raise _not_one()
        said = sent.get("said") if isinstance(sent.get("said"), str) else ""
        if said and not _OURS.fullmatch(said):
            said = in_its_own_words(plain(said, _MAX_TEXT))
        said = said or f"{who} stopped with {name_of(raised[0], 'an error')}."
        outcome = {"raised": raised}
        return said, [] if is_unwritten(outcome) else _causes(entry, outcome, rule)
    changed = _texts(outcome.get("changed", []))
    try:
        value = _rebuilt(outcome.get("value"), [0], 0)
    except TooLarge:
        return f"{who}: the result holds far more values than expected.".removeprefix(": "), []
    outcome = {"value": value, "warned": str(outcome.get("warned", ""))[:200]} | (
        {"changed": changed} if changed else {}
    )
    problem = problem_of(entry["expected"], outcome, rule, who)
    return plain(problem, _MAX_TEXT), _causes(entry, outcome, rule) if problem else []


def _causes(entry: dict, outcome: dict, rule) -> list[str]:
    with _COMPARING:
        return causes_of(entry, outcome, rule)


def _not_one() -> ValueError:
    return ValueError("what the check sent is no observation")


def _texts(texts) -> list[str]:
    if not (isinstance(texts, list) and len(texts) < 100 and all(isinstance(text, str) for text in texts)):
        raise _not_one()
    return [text[:_MAX_TEXT] for text in texts]


def _rebuilt(tree, seen: list[int], depth: int) -> dict:
    """An observation of bounded size, with nothing in it that grader/observe.py would not have put there."""
    if not isinstance(tree, dict):
        raise _not_one()
    seen[0] += 1
    if seen[0] > _MAX_NODES or depth > _MAX_DEPTH:
        raise TooLarge
    kind, value = tree.get("t"), tree.get("v")
    if kind in ("None", "no answer"):
        return {"t": kind}
    if kind in ("list", "tuple") and isinstance(value, list):
        return {"t": kind, "v": [_rebuilt(item, seen, depth + 1) for item in value]}
    if kind == "dict" and isinstance(value, dict):
        return {"t": kind, "v": {line(key, 200): _rebuilt(item, seen, depth + 1) for key, item in value.items()}}
    if kind == "bool" and isinstance(value, bool):
        return {"t": kind, "v": value}
    if kind == "object" and isinstance(value, str):
        return {"t": kind, "v": _kind_of_object(value)}
    if kind == "string" and isinstance(value, str):
        return {"t": kind, "v": value[:_MAX_TEXT], "letter": tree.get("letter") is True}
    if kind == "number" and isinstance(value, str) and len(value) < 50:
        return {"t": kind, "v": repr(float(value))}
    if kind in ("array", "tensor"):
        return {"t": kind, **_rebuilt_array(tree)}
    raise _not_one()


def _kind_of_object(said: str) -> str:
    """What an object is called, as observe.py says it: "Name" or "Name of dtype …"."""
    a_number, name = re.fullmatch(r"(?s)(a number of type )?(.*)", said).groups("")
    name, of, dtype = name.partition(" of dtype ")
    return f"{a_number}{name_of(name, 'another')}{of}{_dtype(dtype) if of else ''}"


def _dtype(said: str) -> str:
    return said if re.fullmatch(r"[\w.<>=|]{1,50}", said) else "another"


def _rebuilt_array(tree: dict) -> dict:
    shape, dtype, bad = tree.get("shape"), tree.get("dtype"), tree.get("bad")
    if not (isinstance(shape, list) and len(shape) <= 64 and all(type(n) is int and 0 <= n < 2**40 for n in shape)):
        raise _not_one()
    size = 1
    for n in shape:
        size *= n
    if not (isinstance(bad, list) and len(bad) == 2 and all(type(n) is int and 0 <= n <= size for n in bad)):
        raise _not_one()
    if not isinstance(dtype, str):
        raise _not_one()
    kept = {"shape": shape, "dtype": _dtype(dtype), "bad": bad}
    if size <= WHOLE:
        return {**kept, "v": _packed(tree.get("v"), size)}
    norm = tree.get("norm")
    if not isinstance(norm, str) or len(norm) > 50:
        raise _not_one()
    samples, sums = _packed(tree.get("samples"), SAMPLES), _packed(tree.get("sums"), PROJECTIONS)
    return {**kept, "samples": samples, "sums": sums, "norm": repr(float(norm))}


def _packed(text, length: int) -> str:
    """A text that unpacks to `length` numbers."""
    if not isinstance(text, str) or len(text) > 12 * length + 4:  # 4 signs for 3 bytes
        raise _not_one()
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _not_one() from None
    if len(raw) != 8 * length:
        raise _not_one()
    return text
