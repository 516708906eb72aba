"""The same check with other random numbers: what tells an answer from a copy of the published values.

A student can read in the notebook what the visible checks expect, and return just that. So the code of a check cell
is run again with other seeds, and compared with what the reference answer gives for those.
"""

import re

_SEED = re.compile(r"(RandomState\(\s*)(\d+)(\s*\))")

_RUN = """\
def _with_other_numbers():
    names = globals()
    before = dict(names)
    try:
        exec(compile({code!r}, "check with other numbers", "exec"), names)
    finally:
        names.clear()
        names.update(before)


_with_other_numbers()"""


def other_numbers(code: str, shift: int) -> str | None:
    """Code that runs a check cell's code with shifted seeds and leaves no name behind; None where it has no seed."""
    shifted, count = _SEED.subn(lambda m: f"{m[1]}{int(m[2]) + shift}{m[3]}", code)
    return _RUN.format(code=shifted) if count else None
