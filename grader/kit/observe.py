"""Observations: the form in which values are kept, sent and compared.

An observation is a small JSON tree; "t" says what kind of thing it is. Arrays of at most WHOLE elements are kept whole,
larger ones as a few random projections and some samples, strings as hashes. The same form is sent along with every
check, so that it can be compared again outside the notebook. The build copies the files of grader/kit/ into a module
of its own in each notebook's first cell: they import only the standard library, NumPy and matplotlib (torch inside
functions), and keep to what Python 3.11, NumPy 2.0 and IPython 7.34 offer.
"""

import ast
import base64
import hashlib
import os
import re

# For matrices as small as ours a second thread gains nothing, and on a busy machine it costs minutes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.random import RandomState

WHOLE, SAMPLES, PROJECTIONS = 64, 32, 4

rng = RandomState(0)  # seeded anew for each array, in one thread at a time: to make one takes seventy times as long


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array, "<f8").tobytes()).decode()


def numbers(part):
    """The numbers of a part of an observation: packed where it was sent, an array where it comes from a table."""
    if isinstance(part, str):
        return np.frombuffer(base64.b64decode(part), "<f8")
    return np.atleast_1d(part)


def sampled(size):
    return np.linspace(0, size - 1, SAMPLES).astype(int)


def projections(flat):
    """PROJECTIONS random projections of the finite numbers in an array, the same on every machine."""
    rng.seed(flat.size % 2**31)  # the legacy stream never changes between NumPy versions
    finite = np.where(np.isfinite(flat), flat, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):  # of huge numbers; a warning here would puzzle a learner
        return np.array([rng.standard_normal(flat.size) @ finite for _ in range(PROJECTIONS)])


def observe(value, salt):
    """The observation of a value. The salt, a check's name, keeps equal answers of two questions apart."""
    if value is None:
        return {"t": "None"}
    if value is Ellipsis:
        return {"t": "no answer"}
    if isinstance(value, (bool, np.bool_)):
        return {"t": "bool", "v": bool(value)}
    if isinstance(value, str):
        answer = value.strip(" \t\n.()'\"").lower()  # "(B)" is an answer too
        tag = hashlib.sha256(f"{salt}\0{answer}".encode("utf-8", "replace")).hexdigest()[:24]
        letter = len(answer) == 1 and answer.isalpha()
        return {"t": "string", "v": tag, "letter": letter} if answer else {"t": "no answer"}
    if isinstance(value, (list, tuple)):  # and what is made from them, such as a namedtuple
        return {"t": "list" if isinstance(value, list) else "tuple", "v": [observe(item, salt) for item in value]}
    if isinstance(value, dict):
        return {"t": "dict", "v": {str(key): observe(item, salt) for key, item in value.items()}}
    kind = "array"
    if type(value).__module__.split(".")[0] == "torch" and hasattr(value, "detach"):
        kind, value = "tensor", value.detach().cpu()
        value = value.float().numpy() if str(value.dtype) == "torch.bfloat16" else value.numpy()
    if isinstance(value, (int, float, np.number)) or (isinstance(value, np.ndarray) and value.shape == ()):
        try:
            return {"t": "number", "v": repr(float(value))}
        except (TypeError, ValueError, OverflowError):
            return {"t": "object", "v": f"a number of type {type(value).__name__}"}
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        dtype = f" of dtype {value.dtype}" if isinstance(value, np.ndarray) else ""
        return {"t": "object", "v": type(value).__name__ + dtype}
    flat = np.asarray(value).astype("f8").ravel()
    bad = [int(np.count_nonzero(f(flat))) for f in (np.isnan, np.isinf)]
    tree = {"t": kind, "dtype": str(value.dtype), "shape": list(value.shape), "bad": bad}
    if flat.size <= WHOLE:
        return {**tree, "v": packed(flat)}
    with np.errstate(over="ignore"):
        norm = float(np.linalg.norm(flat[np.isfinite(flat)]))
    return {**tree, "samples": packed(flat[sampled(flat.size)]), "sums": packed(projections(flat)), "norm": repr(norm)}


def described(tree):
    """An observation in a learner's words."""
    kind, value = tree["t"], tree.get("v")
    if kind in ("array", "tensor"):
        return f"{'a torch tensor' if kind == 'tensor' else 'a NumPy array'} of shape {tuple(tree['shape'])}"
    if kind in ("list", "tuple"):
        return f"a {kind} of {counted(len(value), 'value')}"
    if kind == "number":
        return f"the number {float(numbers_of(tree)[0]):.7g}"
    if kind == "object" and ("function" in value or "method" in value):
        return "a function that was not called (are its parentheses missing?)"
    named = {"None": "None", "bool": f"{value}", "object": f"an object of type {value}", "string": "a text"}
    return named.get(kind, f"a {kind}")


def counted(number, noun):
    return f"{number} {noun}{'' if number == 1 else 's'}"


def numbers_of(tree):
    """The numbers that a leaf keeps: all of them, or its samples; None where it is no leaf of numbers."""
    if tree["t"] == "number":
        return np.array([float(tree["v"])]) if isinstance(tree["v"], str) else numbers(tree["v"])
    if tree["t"] in ("array", "tensor"):
        return numbers(tree["v"] if "v" in tree else tree["samples"])
    return None


def pick(tree, place):
    """The part of an observation at a place such as [1]['x']; None where there is none."""
    for text in re.findall(r"""\[('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\d+)\]""", place):
        wanted = ast.literal_eval(text)
        kinds = ("dict",) if isinstance(wanted, str) else ("list", "tuple")
        try:
            tree = tree["v"][wanted] if tree and tree["t"] in kinds else None
        except (KeyError, IndexError):
            tree = None
    return tree
