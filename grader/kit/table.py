"""What `check` compares with: expected values, fingerprints of known mistakes, hints."""

import base64
import json
import struct
import zlib
from itertools import pairwise

import numpy as np

# One row of a fingerprint: its hint, its place, whether it begins a mistake, the form's checksum, two projections.
ROW = np.dtype([("hint", "<u2"), ("place", "u1"), ("first", "u1"), ("form", "<u4"), ("sums", "<f4", 2)])


def unshuffled(raw, dtype):
    """Numbers from bytes that were sorted by their place in the number, which deflates better."""
    dtype = np.dtype(dtype)
    flat = np.frombuffer(raw, "u1").reshape(dtype.itemsize, -1).T.copy()
    return flat.view(dtype).ravel()


def with_numbers(tree, feed):
    """An observation whose numbers were taken out, with the next numbers of a feed in their places."""
    kind = tree["t"]
    if kind == "number":
        return {**tree, "v": feed(1)}
    if kind in ("list", "tuple"):
        return {**tree, "v": [with_numbers(item, feed) for item in tree["v"]]}
    if kind == "dict":
        return {**tree, "v": {key: with_numbers(item, feed) for key, item in tree["v"].items()}}
    return (
        {key: feed(value[0]) if key in ("v", "samples", "sums") else value for key, value in tree.items()}
        if (kind in ("array", "tensor"))
        else tree
    )


class Table:
    """The tables of one notebook. `load` adds one that the build packed: the visible one, or a hidden region's."""

    def __init__(self):
        self.unit, self.cells, self.checks, self.stubs, self.answers = "", [], {}, {}, []

    def load(self, text):
        raw = zlib.decompress(base64.b85decode(text))
        sizes = struct.unpack_from("<3I", raw)
        ends = np.cumsum((12, *sizes))
        head, values, rows = (raw[a:b] for a, b in pairwise(ends))
        head, values, rows = json.loads(head), unshuffled(values, "<f8"), unshuffled(rows, ROW)
        self.unit = head.get("unit", self.unit)
        self.cells += head.get("cells", [])
        self.stubs.update(head.get("stubs", {}))
        self.answers += head.get("answers", [])
        taken = [0, 0]

        def feed(count):
            taken[0] += count
            return values[taken[0] - count : taken[0]]

        for name, entry in head["checks"].items():
            entry["expected"] = with_numbers(entry["expected"], feed)
            mistakes, count = [], entry.pop("rows")
            for row in rows[taken[1] : taken[1] + count]:
                if row["first"]:
                    mistakes.append((head["hints"][row["hint"]], []))
                place = head["places"][row["place"]]
                mistakes[-1][1].append((place, int(row["form"]), row["sums"].astype("f8")))
            taken[1] += count
            self.checks[name] = {"parts": [], "hidden": False, "otherwise": [], **entry, "mistakes": mistakes}

    def rule(self, name, rtol, atol, dtype):
        """By what rule values are compared at a check."""
        entry = self.checks[name]
        return {"rtol": rtol, "atol": atol, "dtype": dtype, "parts": entry["parts"], "hidden": entry["hidden"]}
