"""What is wrong with an observation, and which known mistake is wrong in the same way.

A mistake's fingerprint has one row for each part of its outcome that is wrong: a checksum of the part's form (kind,
shape, dtype, how many NaN) where that differs, and two random projections of its distance to the expected value.
"""

import re
import zlib

import numpy as np

from grader.kit.observe import (
    WHOLE,
    counted,
    described,
    numbers,
    numbers_of,
    pick,
    projections,
    sampled,
)
from grader.kit.relation import of_another_shape, relation

SEQUENCES = ("list", "tuple")


def label(place, parts=()):
    """A place in a learner's words: the name of the part of a tuple, where it has one."""
    first = re.match(r"\[(\d+)\]", place)
    if first and int(first[1]) < len(parts):
        return parts[int(first[1])] + place[first.end() :]
    return f"the result{place}"


def wrong_parts(want, got, rule, place=""):
    """The parts of an observation that are wrong, in order, as (place, message)."""
    kinds = (want["t"], got["t"])
    here, parts = label(place, rule["parts"]), rule["parts"]
    if want["t"] in SEQUENCES and got["t"] in SEQUENCES:
        count = len(want["v"])
        if count == len(got["v"]):
            pairs = [(f"{place}[{i}]", a, b) for i, (a, b) in enumerate(zip(want["v"], got["v"]))]
            return [wrong for where, a, b in pairs for wrong in wrong_parts(a, b, rule, where)]
        names = f": {', '.join(parts)}" if parts and not place else ""
        wanted = f"{count} {'is' if count == 1 else 'are'} expected{names}"
        return [(place, f"{here} holds {counted(len(got['v']), 'value')}, but {wanted}.")]
    if kinds == ("dict", "dict"):
        missing = [key for key in want["v"] if key not in got["v"]]
        if missing:
            keys = ", ".join(map(repr, got["v"])) or "none"
            return [(place, f"the dict {here} lacks the key {missing[0]!r}; it has {keys}.")]
        pairs = [(f"{place}[{key!r}]", a, got["v"][key]) for key, a in want["v"].items()]
        return [wrong for where, a, b in pairs for wrong in wrong_parts(a, b, rule, where)]
    message = _wrong_leaf(want, got, rule, here) if kinds[0] == kinds[1] else _wrong_kind(want, got, rule, place)
    return [(place, message)] if message else []


def _wrong_kind(want, got, rule, place):
    here, whole = label(place, rule["parts"]), not place
    kinds = {"number": "a number", "bool": "True or False"} if rule["hidden"] else {}
    wanted = kinds.get(want["t"]) or described(want)  # of a hidden check, not which
    if got["t"] == "no answer":
        return "there is no answer yet: replace the ... with yours."
    if want["t"] == "string":
        what = "the answer" if whole else here
        return f'{what} is {described(got)}, but {_text_wanted(want)} is expected, such as "a".'
    if got["t"] == "None":
        missing = " Is a return statement missing?" if whole else ""
        return f"{here} is None, but {wanted} is expected.{missing}"
    return f"{here} is {described(got)}, but {wanted} is expected."


def _text_wanted(want):
    return "one letter in quotes" if want.get("letter") else "a text in quotes"


def _wrong_leaf(want, got, rule, here):
    kind = want["t"]
    if kind in ("number", "array", "tensor"):
        if want.get("shape") != got.get("shape"):
            whole = not rule["hidden"] and "v" in want and "v" in got
            seen = of_another_shape(numbers_of(want), numbers_of(got), want["shape"], got["shape"]) if whole else ""
            return f"{here} has shape {tuple(got['shape'])}, but {tuple(want['shape'])} is expected.{seen}"
        message = _wrong_numbers(want, got, rule, here)
        if not message and rule["dtype"] and want.get("dtype") != got.get("dtype"):
            return f"the values of {here} are right, but its dtype is {got['dtype']}, not {want['dtype']}."
        return message
    if want.get("v") == got.get("v"):
        return ""
    if kind == "string":
        if here != label(""):
            return f"{here} is not the right text."
        if want.get("letter") and not got.get("letter"):
            return f'the answer is {_text_wanted(want)}, such as "a", and no more.'
        return "that is not the right answer."
    if rule["hidden"]:
        return f"{here} is {got['v']}, which is not what is expected."
    return f"{here} is {got['v']}, but {want['v']} is expected."


def _wrong_numbers(want_tree, got_tree, rule, here):
    want, got, shape = numbers_of(want_tree), numbers_of(got_tree), want_tree.get("shape")
    if bad := _not_finite(want, got, want_tree, got_tree, here):
        return bad
    scale = np.sqrt(np.mean(want[np.isfinite(want)] ** 2)) if np.isfinite(want).any() else 0.0
    with np.errstate(invalid="ignore"):
        off = ~(
            (want == got)
            | (
                np.isfinite(want)
                & (np.abs(want - got) <= rule["rtol"] * np.maximum(np.abs(want), scale) + rule["atol"])
            )
            | (np.isnan(want) & np.isnan(got))
        )
    if off.any():
        k = int(np.argmax(off))
        right, wrong = until_they_differ(want[k], got[k])
        if shape is None:
            return f"{here} is {wrong}, " + ("which is not right." if rule["hidden"] else f"but {right} is expected.")
        size = int(np.prod(shape))
        index = ", ".join(str(int(i)) for i in np.unravel_index(k if size <= WHOLE else sampled(size)[k], shape))
        some = "elements" if size <= WHOLE else "sampled elements"
        values = f"{wrong} is not right" if rule["hidden"] else f"expected {right}, got {wrong}"
        seen = "" if rule["hidden"] else relation(want, got, shape if size <= WHOLE else None)
        return (
            f"{here} has the right shape {tuple(shape)}, but wrong values: "
            f"at [{index}] {values} ({int(off.sum())} of {len(want)} {some} differ). {seen}".rstrip()
        )
    if "sums" in want_tree:
        gap = np.abs(numbers(want_tree["sums"]) - numbers(got_tree["sums"]))
        if not np.all(gap <= 8 * rule["rtol"] * float(want_tree["norm"]) + rule["atol"]):  # NaN is no agreement
            return f"{here} has the right shape {tuple(shape)}, but wrong values, between those sampled."
    return ""


def _not_finite(want, got, want_tree, got_tree, here):
    if "shape" not in want_tree:
        if np.isfinite(got[0]) or not np.isfinite(want[0]):
            return ""
        return f"{here} is {'NaN' if np.isnan(got[0]) else 'infinite'}."
    (nan, inf), expected = got_tree["bad"], want_tree["bad"]
    if nan + inf <= sum(expected) and np.all(np.isfinite(got) | ~np.isfinite(want)):
        return ""
    kind = "NaN or infinite" if nan and inf else ("NaN" if nan else "infinite")
    return f"{nan + inf} of {counted(int(np.prod(want_tree['shape'])), 'element')} of {here} are {kind}."


def until_they_differ(a, b):
    """Two numbers with as many digits, 7 at least, as it takes to tell them apart."""
    for digits in range(7, 18):
        texts = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


# Fingerprints


def form(tree, dtype):
    """A text that two observations share when they differ in their numbers only (and the dtype, where it is free)."""
    kind, value = tree["t"], tree.get("v")
    if kind in SEQUENCES:
        return f"{kind}[{','.join(form(item, dtype) for item in value)}]"
    if kind == "dict":
        return f"{{{','.join(key + form(item, dtype) for key, item in value.items())}}}"
    if kind in ("array", "tensor"):
        return f"{kind}{tuple(tree['shape'])}{tree['dtype'] if dtype else ''}{tuple(tree['bad'])}"
    if kind == "number":
        return kind if np.isfinite(numbers_of(tree)[0]) else f"{kind}{numbers_of(tree)[0]}"
    return f"{kind}:{value}"


def sketch(tree):
    """Two numbers that depend linearly on all numbers in an observation, and the size of their rounding."""
    if tree["t"] in SEQUENCES or tree["t"] == "dict":
        items = tree["v"].values() if tree["t"] == "dict" else tree["v"]
        return sum(((i + 1) * sketch(item) for i, item in enumerate(items)), np.zeros(2))
    if "sums" in tree:
        return numbers(tree["sums"])[:2]
    flat = numbers_of(tree)
    return np.zeros(2) if flat is None else projections(flat)[:2]


def checksum(text):
    return zlib.crc32(text.encode("utf-8", "replace")) or 1


def fingerprint(want, outcome, rule):
    """The rows (place, checksum of the form or 0, projections) of what is wrong in an outcome; [] where nothing is."""
    if "raised" in outcome:
        return [("raised", checksum("\0".join(outcome["raised"])), np.zeros(2))]
    rows = []
    for place, _ in wrong_parts(want, outcome["value"], rule):
        right, got = pick(want, place), pick(outcome["value"], place)
        same = right["t"] == got["t"] and right.get("shape") == got.get("shape") and numbers_of(got) is not None
        forms = [form(tree, rule["dtype"]) for tree in (right, got)]
        rows.append((place, 0 if forms[0] == forms[1] else checksum(forms[1]), sketch(got) - same * sketch(right)))
    if outcome.get("changed"):
        rows.append(("changed", checksum("\0".join(outcome["changed"])), np.zeros(2)))
    return rows


def alike(want, rule, row, other):
    """How far apart two rows are, in tolerances; infinite where they are of different parts or forms."""
    if row[:2] != other[:2]:
        return np.inf
    size = 0.0
    if (right := pick(want, row[0])) is not None and (flat := numbers_of(right)) is not None:
        size = float(right["norm"]) if "norm" in right else float(np.linalg.norm(flat[np.isfinite(flat)]))
    with np.errstate(invalid="ignore"):
        gap = np.where(row[2] == other[2], 0, np.abs(row[2] - other[2]))  # both may be infinite
        largest = np.minimum(np.maximum(np.abs(row[2]), np.abs(other[2])), 1e300)
        away = float(np.max(gap / (8 * (rule["rtol"] * (size + largest) + rule["atol"]) + 1e-6 * largest)))
    return away if away <= 1 else np.inf


def causes(want, rows, rule, mistakes):
    """The causes of the known mistakes, (cause, rows) each, that are wrong as an outcome is: the nearest of them.

    Where none is wrong in just these parts, those whose first wrong part is the same and wrong like this.
    """
    if not rows:
        return []
    whole = [
        (max(alike(want, rule, a, b) for a, b in zip(rows, known)), cause)
        for cause, known in mistakes
        if len(known) == len(rows)
    ]
    first = [(alike(want, rule, rows[0], known[0]), cause) for cause, known in mistakes]
    for near in (whole, first):
        nearest = min((away for away, _ in near), default=np.inf)
        found = [cause for away, cause in near if away <= 4 * nearest + 0.02 and away < np.inf]
        if found:
            return list(dict.fromkeys(found))
    return []
