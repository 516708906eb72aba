"""Observations: the form in which values are kept and compared.

An observation is a small JSON tree. Arrays of at most `_WHOLE` elements are kept whole, larger ones as a few fixed
linear projections and some samples, strings as hashes. The same form is sent along with every check, so that it can
be compared again outside the notebook. The build copies this file, then kit.py, into each notebook's first cell.
"""

import base64
import hashlib
import os
import re
import zlib

# For matrices as small as ours a second thread gains nothing, and on a busy machine it costs minutes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

_WHOLE = 256


def _pack(array):
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array, "<f8").tobytes())).decode()


def _unpack(text):
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<f8")


def _observe(value, salt):
    """The observation of a value: a JSON tree in which "t" says what kind of thing it is."""
    if value is None:
        return {"t": "None"}
    if value is Ellipsis:
        return {"t": "no answer"}
    if isinstance(value, (bool, np.bool_)):
        return {"t": "bool", "v": bool(value)}
    if isinstance(value, str):
        answer = value.strip(" \t\n.()'\"").lower()  # "(B)" is an answer too
        tag = hashlib.sha256(f"{salt}\0{answer}".encode()).hexdigest()[:24]
        return {"t": "string", "v": tag} if answer else {"t": "no answer"}
    if isinstance(value, (list, tuple)):
        return {"t": type(value).__name__, "v": [_observe(item, salt) for item in value]}
    if isinstance(value, dict):
        return {"t": "dict", "v": {str(key): _observe(item, salt) for key, item in value.items()}}
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
    tree = {"t": kind, "dtype": str(value.dtype), "shape": list(value.shape)}
    flat = value.astype("f8").ravel()
    tree["bad"] = int(np.sum(~np.isfinite(flat)))
    if flat.size <= _WHOLE:
        return {**tree, "v": _pack(flat)}
    samples = flat[np.linspace(0, flat.size - 1, 32).astype(int)]
    rng = np.random.RandomState(flat.size % 2**31)  # the legacy stream never changes between NumPy versions
    finite = np.where(np.isfinite(flat), flat, 0.0)
    projections = [rng.standard_normal(flat.size) @ finite for _ in range(4)]
    return {
        **tree,
        "samples": _pack(samples),
        "projections": _pack(projections),
        "norm": repr(float(np.linalg.norm(finite))),
    }


def _what(tree):
    """An observation in a learner's words."""
    if tree["t"] in ("array", "tensor"):
        return f"{'a torch tensor' if tree['t'] == 'tensor' else 'a NumPy array'} of shape {tuple(tree['shape'])}"
    if tree["t"] in ("list", "tuple"):
        return f"a {tree['t']} of {len(tree['v'])} values"
    if tree["t"] == "number":
        return f"the number {float(tree['v']):.7g}"
    named = {
        "None": "None",
        "bool": f"{tree.get('v')}",
        "object": f"an object of type {tree.get('v')}",
    }
    if tree["t"] == "object" and ("function" in tree["v"] or "method" in tree["v"]):
        return "a function that was not called (are its parentheses missing?)"
    return named.get(tree["t"], f"a {tree['t']}")


def _differ(want, got, rtol, atol, where=""):
    """What is wrong with an observation, in one paragraph and with the place; None where nothing is."""
    sequences = ("list", "tuple")
    if want["t"] != got["t"] and not (want["t"] in sequences and got["t"] in sequences):
        if got["t"] == "no answer":
            return where, "there is no answer yet: replace the ... with yours."
        if want["t"] == "string":
            return where, f'the answer{where} is {_what(got)}, but a text in quotes is expected, such as "a".'
        if got["t"] == "None":
            return where, f"the result{where} is None, but {_what(want)} is expected. Is a return statement missing?"
        return where, f"the result{where} is {_what(got)}, but {_what(want)} is expected."
    if want["t"] in sequences:
        if len(want["v"]) != len(got["v"]):
            return where, f"the result{where} holds {len(got['v'])} values, but {len(want['v'])} are expected."
        pairs = [(f"{where}[{i}]", a, b) for i, (a, b) in enumerate(zip(want["v"], got["v"]))]
        return next(filter(None, (_differ(a, b, rtol, atol, place) for place, a, b in pairs)), None)
    if want["t"] == "dict":
        missing = [key for key in want["v"] if key not in got["v"]]
        if missing:
            keys = ", ".join(map(repr, got["v"])) or "none"
            return where, f"the dict result{where} lacks the key {missing[0]!r}; it has {keys}."
        pairs = [(f"{where}[{key!r}]", a, got["v"][key]) for key, a in want["v"].items()]
        return next(filter(None, (_differ(a, b, rtol, atol, place) for place, a, b in pairs)), None)
    if want["t"] == "number":
        return _differ_numbers(
            np.array([float(want["v"])]), np.array([float(got["v"])]), None, rtol, atol, where, want, got
        )
    if want["t"] in ("array", "tensor"):
        if want["shape"] != got["shape"]:
            return where, f"the result{where} has shape {tuple(got['shape'])}, but {tuple(want['shape'])} is expected."
        part = "v" if "v" in want else "samples"
        problem = _differ_numbers(_unpack(want[part]), _unpack(got[part]), want["shape"], rtol, atol, where, want, got)
        if problem:
            return problem
        if want["dtype"] != got["dtype"] and (
            "float" in want["dtype"] or "float" in got["dtype"] or "bool" in (want["dtype"], got["dtype"])
        ):
            return (
                where,
                f"the values of the result{where} are right, but the dtype is {got['dtype']}, not {want['dtype']}.",
            )
        return None
    if want.get("v") == got.get("v"):
        return None
    return where, "that is not the right answer." if want[
        "t"
    ] == "string" else f"the result{where} is {got['v']}, but {want['v']} is expected."


def _differ_numbers(want, got, shape, rtol, atol, where, want_tree, got_tree):
    if not np.all(np.isfinite(got) | ~np.isfinite(want)) or got_tree.get("bad", 0) > want_tree.get("bad", 0):
        cause = "Look for a division by zero, or a root or logarithm of a negative number."
        if shape is None:
            return where, f"the result{where} is {'NaN' if np.isnan(got).any() else 'infinite'}. {cause}"
        return (
            where,
            f"{got_tree['bad']} of {int(np.prod(shape))} elements of the result{where} are NaN or infinite. {cause}",
        )
    scale = np.sqrt(np.mean(want[np.isfinite(want)] ** 2)) if np.isfinite(want).any() else 0.0
    with np.errstate(invalid="ignore"):
        wrong = ~(
            (want == got)
            | (np.isfinite(want) & (np.abs(want - got) <= rtol * np.maximum(np.abs(want), scale) + atol))
            | (np.isnan(want) & np.isnan(got))
        )
    if wrong.any():
        k = int(np.argmax(wrong))
        if shape is None:
            return where, f"the result{where} is {got[0]:.7g}, but {want[0]:.7g} is expected."
        size = int(np.prod(shape))
        flat = k if size <= _WHOLE else np.linspace(0, size - 1, 32).astype(int)[k]
        index = ", ".join(str(int(i)) for i in np.unravel_index(flat, shape))
        some = "elements" if size <= _WHOLE else "sampled elements"
        return where, (
            f"the result{where} has the right shape {tuple(shape)}, but wrong values: "
            f"at [{index}] expected {want[k]:.7g}, got {got[k]:.7g} ({int(wrong.sum())} of {len(want)} {some} differ)."
        )
    if "projections" in want_tree:
        gap = np.abs(_unpack(want_tree["projections"]) - _unpack(got_tree["projections"]))
        if np.any(gap > 8 * rtol * float(want_tree["norm"]) + atol):
            return (
                where,
                f"the result{where} has the right shape {tuple(shape)}, but wrong values, between those sampled.",
            )
    return None


def _pick(tree, place):
    """The part of an observation at a place such as [1]['x']; None where there is none."""
    for key in re.findall(r"\['(.*?)'\]|\[(\d+)\]", place):
        wanted, kinds = (key[0], ("dict",)) if key[0] else (int(key[1]), ("list", "tuple"))
        try:
            tree = tree["v"][wanted] if tree and tree["t"] in kinds else None
        except (KeyError, IndexError):
            tree = None
        if tree is None:
            return None
    return tree
