"""The same check with other random numbers: what tells an answer from a copy of the published values.

A student can read in the notebook what the visible checks expect, and return just that. So the code of a check cell
without hidden tests is run again with other seeds, its helpers' too, and compared with what the reference answer gives
for those.
"""

import ast

_SEEDED = {"RandomState", "manual_seed", "seed"}  # of NumPy, torch, and both with the standard library
_OTHER = "_other_seed"
_DEFINED = f"""\
def {_OTHER}(seed, shift={{shift}}):
    try:
        return seed + shift
    except TypeError:  # some take a list of numbers
        return seed if seed is None else [*seed, shift]


"""


def other_numbers(code: str, shift: int, below: str = "") -> str | None:
    """A check cell's code with shifted seeds; None where nothing in it, or in what it stands on, has a seed.

    `below`: the code of helpers and given cells that it uses, which is then run first, with shifted seeds too.
    """
    parts = [_shifted(text) for text in (below, code)]
    if None in parts or not any(seeds for _, seeds in parts):
        return None
    return _DEFINED.format(shift=shift) + "\n\n".join(text for text, _ in parts if text)


def _shifted(code: str) -> tuple[str, int] | None:
    """The code, and how many seeds in it were shifted; None where it does not parse."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    seeds = [seed for call in ast.walk(tree) if isinstance(call, ast.Call) for seed in _seed(call)]
    lines = code.encode().splitlines(keepends=True)  # the parser counts columns in bytes
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    marks = []
    for seed in seeds:
        marks.append((starts[seed.lineno - 1] + seed.col_offset, f"{_OTHER}(".encode()))
        marks.append((starts[seed.end_lineno - 1] + seed.end_col_offset, b")"))
    shifted = b"".join(lines)
    for place, text in sorted(marks, key=lambda mark: mark[0], reverse=True):
        shifted = shifted[:place] + text + shifted[place:]
    return shifted.decode(), len(seeds)


def _seed(call: ast.Call) -> list[ast.expr]:
    """The expression that seeds a generator in this call; none where it does not."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    first = call.args[:1] if name in _SEEDED else []
    given = [*first, *(k.value for k in call.keywords if k.arg == "seed")][:1]  # of a helper's too
    return [seed for seed in given if not isinstance(seed, (ast.Constant, ast.Starred)) or _is_whole(seed)]


def _is_whole(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and type(expression.value) is int
