"""Pack what `check` compares with into text for a notebook; the inverse of grader/kit/table.py."""

import base64
import json
import math
import struct
import zlib
from dataclasses import dataclass, field

import numpy as np

from grader.kit.observe import numbers
from grader.kit.table import ROW


@dataclass
class Entry:
    """What is known of one check: the expected observation, and the fingerprints of mistakes as (hint, rows)."""

    expected: dict
    rtol: float
    parts: list[str] = field(default_factory=list)
    hidden: bool = False
    otherwise: list[str] = field(default_factory=list)
    mistakes: list[tuple[str, list]] = field(default_factory=list)


def pack(checks: dict[str, Entry], **head) -> str:
    """A table as text: JSON, the expected numbers, the rows of fingerprints; each deflates well by itself."""
    hints = list(dict.fromkeys(hint for entry in checks.values() for hint, _ in entry.mistakes))
    places = list(dict.fromkeys(row[0] for e in checks.values() for _, rows in e.mistakes for row in rows))
    values: list[np.ndarray] = []
    rows: list[tuple] = []
    described = {}
    for name, entry in checks.items():
        before = len(rows)
        for hint, known in entry.mistakes:
            for n, (place, form, sums) in enumerate(known):
                rows.append((hints.index(hint), places.index(place), n == 0, form, tuple(sums)))
        body = {"expected": _without_numbers(entry.expected, values, entry.rtol), "rows": len(rows) - before}
        optional = {"parts": entry.parts, "hidden": entry.hidden, "otherwise": entry.otherwise}
        described[name] = body | {key: value for key, value in optional.items() if value}
    head |= {"checks": described, "hints": hints, "places": places}
    blocks = [
        json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode(),
        _shuffled(np.concatenate([np.empty(0), *values]).astype("<f8")),
        _shuffled(_table_of(rows)),
    ]
    raw = struct.pack("<3I", *map(len, blocks)) + b"".join(blocks)
    return base64.b85encode(zlib.compress(raw, 9)).decode()


def _table_of(rows: list[tuple]) -> np.ndarray:
    with np.errstate(over="ignore"):  # what is more than a float32 holds is infinite, here and where it is compared
        return np.array(rows, ROW)


def _shuffled(array: np.ndarray) -> bytes:
    """The first byte of every number, then the second of every number, and so on."""
    return np.frombuffer(array.tobytes(), "u1").reshape(-1, array.dtype.itemsize).T.tobytes()


def rounded(array: np.ndarray, rtol: float) -> np.ndarray:
    """Numbers with as many bits as a thousandth of the tolerance needs; the zeros behind them take no room."""
    bits = math.ceil(-math.log2(max(rtol, 1e-13) * 1e-3))
    if bits >= 52:
        return array
    mantissa, exponent = np.frexp(array)
    return np.where(np.isfinite(array), np.ldexp(np.round(np.ldexp(mantissa, bits)), exponent - bits), array)


def _without_numbers(tree: dict, values: list[np.ndarray], rtol: float) -> dict:
    """An observation whose numbers have gone into `values`, in the order in which the kit puts them back."""
    kind = tree["t"]
    if kind == "number":
        values.append(rounded(np.array([float(tree["v"])]), rtol))
        return {"t": kind}
    if kind in ("list", "tuple"):
        return {"t": kind, "v": [_without_numbers(item, values, rtol) for item in tree["v"]]}
    if kind == "dict":
        return {"t": kind, "v": {key: _without_numbers(item, values, rtol) for key, item in tree["v"].items()}}
    if kind not in ("array", "tensor"):
        return tree
    kept = {}
    for key, value in tree.items():
        if key in ("v", "samples", "sums"):
            flat = numbers(value)
            values.append(rounded(flat, rtol))
            value = [len(flat)]
        kept[key] = value
    return kept
