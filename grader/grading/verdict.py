"""Decide, outside the jail, what the values that checks sent are worth.

What comes from the jail may be anything. An observation is looked at only after it has been found to be one.
"""

import base64
import binascii
import zlib
from types import ModuleType

MIME = "application/vnd.bncourse.check+json"
_KINDS = {"None", "no answer", "bool", "string", "list", "tuple", "dict", "number", "object", "array", "tensor"}
_MAX_NODES, _MAX_DEPTH, _MAX_PACKED = 20_000, 30, 16_384


def read_sent(outputs: list[dict]) -> list[dict]:
    """What the checks among a cell's outputs sent, in order."""
    return [o["data"][MIME] for o in outputs if o["output_type"] == "display_data" and MIME in o.get("data", {})]


def judge(kit: ModuleType, sent: dict, rtol: float, atol: float, expected: dict | None = None) -> tuple[str, list[str]]:
    """What is wrong with what a check sent, in the learner's words, and the hints of the mistakes it looks like.

    ("", []) where nothing is. `expected` takes the place of the table's value. rtol and atol are the release's own,
    whatever the notebook said. Raises ValueError where it is no observation at all.
    """
    outcome, who, name = sent.get("outcome"), sent.get("who"), sent.get("name")
    if not isinstance(outcome, dict) or not isinstance(who, str) or name not in kit._TABLE["checks"]:
        raise ValueError("what the check sent is no observation")
    entry = kit._TABLE["checks"][name] if expected is None else {"expected": expected, "mistakes": []}
    if "raised" in outcome:
        raised = outcome["raised"]
        if not (isinstance(raised, list) and len(raised) == 2 and all(isinstance(text, str) for text in raised)):
            raise ValueError("what the check sent is no observation")
        said = str(sent.get("said", ""))[:2000] or f"{who} stopped with {raised[0]}."
        unwritten = raised[0] == "NotImplementedError"
        return said, [] if unwritten else kit._hints(entry, {"raised": raised}, "", rtol, atol)
    changed = outcome.get("changed", [])
    if not (isinstance(changed, list) and all(isinstance(text, str) for text in changed)):
        raise ValueError("what the check sent is no observation")
    _inspect(outcome.get("value"), [0], 0)
    outcome = {"value": outcome["value"]} | ({"changed": changed} if changed else {})
    problem = kit._explain(entry, outcome, None, who[:100], rtol, atol)
    if problem is None:
        return "", []
    place, message = problem
    return message, kit._hints(entry, outcome, place, rtol, atol)


def _inspect(tree, seen: list[int], depth: int) -> None:
    """Raise ValueError unless a tree is an observation of bounded size, as grader/observe.py makes them."""
    seen[0] += 1
    if not isinstance(tree, dict) or tree.get("t") not in _KINDS or seen[0] > _MAX_NODES or depth > _MAX_DEPTH:
        raise ValueError("what the check sent is no observation")
    kind, value = tree["t"], tree.get("v")
    if kind in ("list", "tuple") and isinstance(value, list):
        for item in value:
            _inspect(item, seen, depth + 1)
    elif kind == "dict" and isinstance(value, dict):
        for item in value.values():
            _inspect(item, seen, depth + 1)
    elif kind == "number" and isinstance(value, str):
        float(value)
    elif kind in ("array", "tensor"):
        _inspect_array(tree)
    elif not (
        kind in ("None", "no answer")
        or (kind == "bool" and isinstance(value, bool))
        or (kind in ("string", "object") and isinstance(value, str) and len(value) < 2000)
    ):
        raise ValueError("what the check sent is no observation")


def _inspect_array(tree: dict) -> None:
    shape = tree.get("shape")
    whole = isinstance(shape, list) and len(shape) <= 32 and all(type(n) is int and 0 <= n < 2**40 for n in shape)
    if not whole or not isinstance(tree.get("dtype"), str) or type(tree.get("bad")) is not int:
        raise ValueError("what the check sent is no observation")
    size = 1
    for n in shape:
        size *= n
    lengths = {"v": size} if "v" in tree else {"samples": 32, "projections": 4}
    for part, length in lengths.items():
        if length > _MAX_PACKED // 8 or not isinstance(tree.get(part), str):
            raise ValueError("what the check sent is no observation")
        try:  # a few bytes may unpack to gigabytes
            unpacker = zlib.decompressobj()
            raw = unpacker.decompress(base64.b64decode(tree[part]), _MAX_PACKED)
        except (zlib.error, binascii.Error):
            raise ValueError("what the check sent is no observation") from None
        if len(raw) != 8 * length or unpacker.unconsumed_tail:
            raise ValueError("what the check sent is no observation")
    if "v" not in tree:
        float(tree.get("norm"))
