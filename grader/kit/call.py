"""Calling a learner's code, and saying what stopped it."""

import ast
import copy
import inspect
import linecache
import re
import sys
import textwrap
import warnings

import numpy as np

from grader.kit.observe import observe

CHECK_FILES = set()  # the files, in Python's sense, of check cells: their lines are not the learner's


class CheckFailed(AssertionError):
    """A check that did not hold. Its message is written for the learner, so it is shown without a traceback.

    name: the check's; causes: the hints in the message; unwritten: whether the stub is left.
    """

    def __init__(self, message, name="", causes=(), unwritten=False):
        super().__init__(message)
        self.name, self.causes, self.unwritten = name, list(causes), unwritten

    def _render_traceback_(self):
        return [textwrap.fill(line, 96, break_on_hyphens=False) for line in f"CheckFailed: {self}".splitlines()]


def copied(value):
    """A deep copy in which an array that was not contiguous still is not."""
    if isinstance(value, np.ndarray) and not (value.flags.c_contiguous or value.flags.f_contiguous):
        fresh = np.empty((*value.shape, 2), value.dtype)[..., 0]
        fresh[...] = value
        return fresh
    if type(value) in (list, tuple):
        return type(value)(copied(item) for item in value)
    try:
        return copy.deepcopy(value)
    except Exception:  # a module, a generator, a tensor in a graph: used as it is
        return value


def call(target, args, kwargs, salt):
    """Call the learner's code on copies. Returns its value, the outcome (what was observed of it) and the error."""
    if not callable(target):
        return target, {"value": observe(target, salt)}, None
    args, kwargs = [copied(a) for a in args], {key: copied(a) for key, a in kwargs.items()}
    named = [*zip(_parameters(target, len(args)), args), *kwargs.items()]
    before = [observe(a, salt) for _, a in named]
    with warnings.catch_warnings(record=True) as warned:  # a warning costs no points, but may say where NaN is from
        warnings.simplefilter("always")
        try:
            value = target(*args, **kwargs)
        except CheckFailed:
            raise
        except Exception as error:
            return None, {"raised": [type(error).__name__, re.sub(r"\d+", "#", str(error))]}, error
    outcome = {"value": observe(value, salt)}
    if changed := [name for (name, a), old in zip(named, before) if observe(a, salt) != old]:
        outcome["changed"] = changed
    if said := [str(w.message)[:200] for w in warned if issubclass(w.category, RuntimeWarning)]:
        outcome["warned"] = said[0]
    return value, outcome, None


def _parameters(target, count):
    try:
        names = list(target.__code__.co_varnames[: target.__code__.co_argcount])
    except AttributeError:
        names = []
    return [*names, *(f"argument {i + 1}" for i in range(len(names), count))][:count]


NOT_FINITE = {  # what NumPy warns of → what happened
    "overflow encountered in exp": "exp of a large number is more than a float can hold",
    "overflow": "a number became more than a float can hold",
    "divide by zero encountered in log": "log of 0 is −∞",
    "divide by zero": "something was divided by 0",
    "invalid value encountered in sqrt": "the root of a negative number was taken",
    "invalid value encountered in log": "the logarithm of a negative number was taken",
    "invalid value encountered in divide": "0 was divided by 0, or ∞ by ∞",
    "invalid value encountered in scalar divide": "0 was divided by 0, or ∞ by ∞",
    "invalid value encountered in subtract": "∞ was subtracted from ∞",
    "Mean of empty slice": "the mean of no numbers was taken",
    "Degrees of freedom": "there are too few numbers for this variance",
}


def why_not_finite(outcome):
    """Where NaN or infinity came from, by NumPy's own warning; "" where it gave none that is known."""
    said = outcome.get("warned", "")
    return next((f" NumPy warned: {why}." for words, why in NOT_FINITE.items() if said.startswith(words)), "")


def frames(error):
    """The learner's frames of a traceback, outermost first: (line, its text, the frame)."""
    trace, found = error.__traceback__, []
    while trace:
        file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        library = file.startswith(("<frozen", "<__array", "<bncourse", sys.base_prefix)) or "site-packages" in file
        if not library and file not in CHECK_FILES and file != frames.__code__.co_filename:
            found.append((line, linecache.getline(file, line).strip(), trace.tb_frame))
        trace = trace.tb_next
    return found


def why_stopped(error, who, stubs):
    """What stopped the learner's code, in their words. stubs: statements above a stub's raise, by function name."""
    mine = frames(error)
    if isinstance(error, NotImplementedError) and not error.args:  # torch raises it too, and says why
        if mine and _stands_below_an_answer(*mine[-1], stubs):
            return (
                f"{_function(mine[-1][2])} reaches the line `raise NotImplementedError()` below your code: "
                "delete that line (and see that your code returns its result)."
            )
        who = _function(mine[-1][2]) if mine else who  # a lambda may stand between
        return f"{who} is not written yet: replace the line `raise NotImplementedError()` with your code."
    message = f"{who} stopped with {f'{type(error).__name__}: {error}'.rstrip(': .')}."
    if mine and mine[-1][1]:
        line, text, frame = mine[-1]
        message += f" In line {line} of the cell of {_function(frame)}:  {text}"
        if "NoneType" in str(error):
            message += f"\n{_what_is_none(text, frame)}"
    return message


def _function(frame):
    """The function or method that a frame is of; of a comprehension or a lambda, the one around it."""
    names = [name for name in frame.f_code.co_qualname.split(".") if name != "<locals>"]
    while len(names) > 1 and names[-1].startswith("<"):
        names.pop()
    return names[-1].strip("<>") if "<locals>" in frame.f_code.co_qualname else ".".join(names).strip("<>")


def _stands_below_an_answer(line, text, frame, stubs):
    """Whether code was written above the stub's raise, which was then left where it is."""
    code = frame.f_code
    if "NotImplementedError" not in text:
        return False
    try:
        lines = linecache.getlines(code.co_filename)
        body = ast.parse(textwrap.dedent("".join(inspect.getblock(lines[code.co_firstlineno - 1 :])))).body[0].body
    except (SyntaxError, IndexError, AttributeError, ValueError):
        return False
    line -= code.co_firstlineno - 1
    above = [s for s in body if s.end_lineno < line and not isinstance(getattr(s, "value", None), ast.Constant)]
    return len(above) > stubs.get(code.co_name, 0)


def _what_is_none(text, frame):
    scope, found = {**frame.f_globals, **frame.f_locals}, []
    for name in dict.fromkeys(re.findall(r"(?<![\w.'\"])[A-Za-z_]\w*(?:\.\w+)*", text)):
        first, *rest = name.split(".")
        value = scope.get(first, 0)
        for number, attribute in enumerate(rest):
            if value is None:
                name = ".".join([first, *rest[:number]])
                break
            value = getattr(value, attribute, 0)
        if value is None:
            found.append(name)
    if found:
        return f"{' and '.join(dict.fromkeys(found))} is None there."
    if changes := re.search(r"\.(append|extend|insert|reverse|sort|update|shuffle)\(", text):
        return f"`.{changes[1]}(…)` changes the object itself and returns None."
    return "Something that is called in this line returns None."
