"""How much memory JSON takes when it is unpacked, told before it is: two bytes of it can be an object of 64."""

import re
from functools import singledispatch

# Bytes of what a sign of JSON begins, at most: a list, a dict with its table, half of a string, and what stands
# behind a comma (an item's place in a list, and a number).
_WEIGHTS = {"[": 88, "{": 250, '"': 35, ",": 48}
HEAVIEST = max(_WEIGHTS.values()) + 4  # bytes that a byte of JSON can come to, at most
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', flags=re.S)
_WIDE = re.compile("[\U00010000-\U0010ffff]")
_FOUR = [bytes([first]) for first in range(0xF0, 0xF5)]  # what a sign beyond the first 65,536 begins with in UTF-8


@singledispatch
def unpacked_bytes(text: bytes) -> int:
    """The bytes that a JSON text takes when it is unpacked, at most; what stands within its strings counts as well."""
    marks = sum(weight * text.count(mark.encode()) for mark, weight in _WEIGHTS.items())
    if text.isascii() and b"\\u" not in text:
        width = 1
    else:  # the widest sign of a string decides for all of it
        width = 4 if b"\\u" in text or any(first in text for first in _FOUR) else 2
    return marks + width * len(text)


@unpacked_bytes.register
def _(text: str) -> int:
    return sum(weight * text.count(mark) for mark, weight in _WEIGHTS.items()) + _width(text) * len(text)


def unpacked_bytes_exactly(text: str) -> int:
    """The same without what stands within strings, such as printed arrays. Takes a second for 50 MB."""
    bare = _STRING.sub('""', text)
    return unpacked_bytes(bare) + _width(text) * (len(text) - len(bare))


def _width(text: str) -> int:
    if "\\u" in text:
        return 4
    return 1 if text.isascii() else 4 if _WIDE.search(text) else 2
