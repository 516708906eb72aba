"""The code that every notebook carries: `check`, `scoreboard`, the figure style, `device`.

`bncourse build` copies observe.py and this file into the first cell of every notebook and appends a call of
`_load_table` with what the reference answer and each known mistake gave. It therefore imports only the standard
library, NumPy and matplotlib (torch inside `device`), and keeps to what Python 3.11, NumPy 2.0 and
IPython 7.34 offer.
"""

import base64
import copy
import html
import json
import linecache
import re
import sys
import textwrap
import warnings
import zlib

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from grader.kit.observe import _differ, _observe, _pick  # left out by the build, which copies that file too

_MIME = "application/vnd.bncourse.check+json"
_TABLE = {"unit": "", "cells": [], "checks": {}, "hints": []}
_earned, _passed_now = set(), set()


class CheckFailed(AssertionError):
    """A check that did not hold. Its message is written for the learner, so it is shown without a traceback."""

    def _render_traceback_(self):
        return [textwrap.fill(line, 96, break_on_hyphens=False) for line in f"CheckFailed: {self}".splitlines()]


def _load_table(packed):
    """Add a table packed by the build (JSON, deflated, base 85) to what `check` compares with."""
    table = json.loads(zlib.decompress(base64.b85decode(packed)))
    shift = len(_TABLE["hints"])  # a hidden region's hints are numbered from 0 again
    for entry in table["checks"].values():
        entry["mistakes"] = [[hint + shift, outcome] for hint, outcome in entry["mistakes"]]
    _TABLE["unit"] = table.get("unit", _TABLE["unit"])
    _TABLE["cells"] += table.get("cells", [])
    _TABLE["checks"].update(table["checks"])
    _TABLE["hints"] += table["hints"]


def _copy(value):
    """A deep copy in which an array that was not contiguous still is not."""
    if isinstance(value, np.ndarray) and not (value.flags.c_contiguous or value.flags.f_contiguous):
        fresh = np.empty((*value.shape, 2), value.dtype)[..., 0]
        fresh[...] = value
        return fresh
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_copy(item) for item in value)
    try:
        return copy.deepcopy(value)
    except Exception:  # a module, a generator, a tensor in a graph: used as it is
        return value


def _call(target, args, kwargs, salt):
    """Call the learner's code on copies. Returns its value and the outcome: what was observed of it."""
    if not callable(target):
        return target, {"value": _observe(target, salt)}, None
    args, kwargs = [_copy(a) for a in args], {key: _copy(a) for key, a in kwargs.items()}
    named = [*zip(_parameters(target, len(args)), args), *kwargs.items()]
    before = [_observe(a, salt) for _, a in named]
    try:
        with warnings.catch_warnings():  # a warning must not cost points, nor hide the message
            warnings.simplefilter("ignore")
            value = target(*args, **kwargs)
    except CheckFailed:
        raise
    except Exception as error:
        return None, {"raised": [type(error).__name__, re.sub(r"\d+", "#", str(error))]}, error
    changed = [name for (name, a), old in zip(named, before) if _observe(a, salt) != old]
    outcome = {"value": _observe(value, salt)}
    return value, {**outcome, "changed": changed} if changed else outcome, None


def _parameters(target, count):
    try:
        names = list(target.__code__.co_varnames[: target.__code__.co_argcount])
    except AttributeError:
        names = []
    return [*names, *(f"argument {i + 1}" for i in range(len(names), count))][:count]


def _frames(error):
    """The learner's frames of a traceback, outermost first, as (function, line, source text)."""
    trace, frames = error.__traceback__, []
    while trace:
        code, line = trace.tb_frame.f_code, trace.tb_lineno
        library = code.co_filename.startswith(("<frozen", "<__array", sys.base_prefix))
        library = library or "site-packages" in code.co_filename
        if not library and code.co_filename != _frames.__code__.co_filename:
            frames.append((code.co_name, line, linecache.getline(code.co_filename, line).strip()))
        trace = trace.tb_next
    return frames


def _explain(entry, outcome, error, who, rtol, atol):
    """Why an outcome is not the expected one: (place, message), or None where it is."""
    frames = _frames(error) if error is not None else []
    if isinstance(error, NotImplementedError):
        who = frames[-1][0] if frames else who  # a lambda may stand between
        return "", f"{who} is not written yet: replace the line `raise NotImplementedError()` with your code."
    if error is not None:
        what = f"{type(error).__name__}: {error}".rstrip(": .")
        where = f" In line {frames[-1][1]} of its cell:  {frames[-1][2]}" if frames and frames[-1][2] else ""
        none = "NoneType" in str(error) and "\nSomething is None there: does a function lack its return?"
        return "", f"{who} stopped with {what}.{where}{none or ''}"
    problem = _differ(entry["expected"], outcome["value"], rtol, atol)
    if problem:
        place, message = problem
        return place, f"{who}: {message}" if who else message[0].upper() + message[1:]
    if outcome.get("changed"):
        name = outcome["changed"][0]
        return "", (
            f"{who} gives the right result, but changes its input {name}. "
            f"Work on a new array instead: the caller still needs {name}."
        )
    return None


def _hints(entry, outcome, place, rtol, atol):
    """The hints of the known mistakes that give this outcome; failing that, this wrong part of it."""

    def same(a, b):
        if "raised" in a or "raised" in b:
            return a.get("raised") == b.get("raised")
        return a.get("changed") == b.get("changed") and _differ(a["value"], b["value"], rtol, atol) is None

    def same_part(a, b):
        a, b, right = (_pick(t, place) for t in (a.get("value"), b.get("value"), entry["expected"]))
        return a and b and _differ(a, b, rtol, atol) is None and _differ(right, a, rtol, atol) is not None

    for alike in (same, same_part) if place else (same,):
        found = {hint: None for hint, mistake in entry["mistakes"] if alike(mistake, outcome)}
        if found:
            return list(dict.fromkeys(_TABLE["hints"][hint] for hint in found))
    return []


def check(name, target, *args, rtol=1e-6, atol=1e-9, **kwargs):
    """Check one answer of yours.

    `check("x_hat", normalize, x, mean, var)` calls your function on copies of the arguments;
    `check("answer", value)` takes a value. Returns what it got. Raises CheckFailed, with what was expected, what
    was found and, where it is known, the mistake, if they disagree by more than rtol (relative, to the element or
    to the root mean square of the array, whichever is larger) plus atol.
    """
    if name not in _TABLE["checks"]:
        raise CheckFailed(
            f"This notebook has no check called {name!r}. "
            "Run the setup cell at the top, and leave check cells as they are."
        )
    entry = _TABLE["checks"][name]
    who = getattr(target, "__name__", type(target).__name__) if callable(target) else ""
    value, outcome, error = _call(target, args, kwargs, name)
    problem = _explain(entry, outcome, error, "your code" if who == "<lambda>" else who, rtol, atol)
    lines = []
    if problem:
        lines = [problem[1]]
        unwritten = isinstance(error, NotImplementedError)
        found = [] if unwritten else _hints(entry, outcome, problem[0], rtol, atol)
        lines += [f"Likely cause: {hint}" for hint in found]
    _passed_now.add(name) if not problem else _passed_now.discard(name)
    _show(
        ("✗ " if problem else "✓ ") + name,
        bool(problem),
        {"name": name, "ok": not problem, "outcome": outcome, "rtol": rtol, "atol": atol},
    )
    if problem:
        for cell in _TABLE["cells"]:
            if name in cell["checks"]:
                _earned.discard(cell["id"])
        raise CheckFailed("\n".join(lines)) from None
    return value


def _show(line, bad, data=None, body=None):
    """A line (or an HTML body) as rich output that carries data along; plain text where there is no IPython."""
    shell = _shell()
    if shell is None:
        print(line)
        return
    from IPython.display import display

    colour = "#b3261e" if bad else "#1b6e3c"
    rich = body or f'<div style="color:{colour};font-weight:600">{html.escape(line)}</div>'
    display({"text/plain": line, "text/html": rich, **({_MIME: data} if data else {})}, raw=True)


def _shell():
    try:
        return get_ipython()
    except NameError:
        return None


def _after_cell(result=None):
    """A check cell's points are earned when it ran to its end and all its checks held."""
    for cell in _TABLE["cells"]:
        if cell["checks"] and _passed_now.issuperset(cell["checks"]):
            if getattr(result, "success", True):
                _earned.add(cell["id"])
            else:
                _earned.discard(cell["id"])
    _passed_now.clear()


def scoreboard():
    """Show the points earned so far, exercise by exercise, by the checks that you can see."""
    rows = {}
    for cell in _TABLE["cells"]:
        got, out_of, done = rows.get(cell["exercise"], (0, 0, True))
        here = cell["id"] in _earned
        rows[cell["exercise"]] = (got + here * cell["points"], out_of + cell["points"], done and here)
    got, out_of, done = zip(*rows.values()) if rows else ([], [], [])
    table = [(name, *row) for name, row in rows.items()] + [("total", sum(got), sum(out_of), all(done))]
    table = [(name, got, out_of, "✓" if done else "·") for name, got, out_of, done in table]
    width = max(len(row[0]) for row in table)
    text = "\n".join(f"{mark} {name:<{width}} {got:>3g} of {out_of:g}" for name, got, out_of, mark in table)
    body = "".join(
        f"<tr><td>{mark}</td><td style='text-align:left'>{html.escape(name)}</td><td>{got:g} of {out_of:g}</td></tr>"
        for name, got, out_of, mark in table
    )
    _show(text, False, body=f"<table>{body}</table>")


def device():
    """The torch.device to train on: the first CUDA GPU where there is one, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _use_style():
    """Figures that stay readable in greyscale and for colour-blind readers (Okabe and Ito's colours, line styles)."""
    colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
    cycle = mpl.cycler(color=colours) + mpl.cycler(linestyle=["-", "--", "-.", ":", "-", "--", "-."])
    mpl.rcParams.update({
        "axes.prop_cycle": cycle, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
        "axes.titlelocation": "left", "axes.titleweight": "bold", "grid.alpha": 0.25, "figure.dpi": 110,
        "figure.figsize": (7.0, 3.6), "figure.constrained_layout.use": True, "font.size": 10, "legend.frameon": False,
        "lines.linewidth": 2.0,
    })  # fmt: skip


_use_style()
if _shell() is not None:
    for _old in [f for f in _shell().events.callbacks["post_run_cell"] if f.__name__ == "_after_cell"]:
        _shell().events.unregister("post_run_cell", _old)  # this cell was run before
    _shell().events.register("post_run_cell", _after_cell)
