"""`check` and `scoreboard`, and the namespace in which check cells run."""

import ast
import builtins
import html
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from grader.kit.call import CHECK_FILES, CheckFailed, call, why_stopped
from grader.kit.judge import causes_of, is_unwritten, problem_of, with_causes
from grader.kit.table import Table

MIME = "application/vnd.bncourse.check+json"
TABLE = Table()
HELPERS = {}  # what a unit's check cells share: the names that its helper cells define
_earned, _passed, _failed = set(), set(), set()


def load_table(text):
    """Add a table that the build packed to what `check` compares with."""
    TABLE.load(text)


def load_helpers(source):
    """Run a unit's helper cells, for its check cells, where no name of a learner's reaches."""
    HELPERS.update(np=np)
    exec(compile(source, "<bncourse helpers>", "exec"), HELPERS)


def check(name, target, *args, rtol=1e-6, atol=1e-9, dtype=False, **kwargs):
    """Check one answer of yours.

    `check("x_hat", normalize, x, mean, var)` calls your function on copies of the arguments;
    `check("answer", value)` takes a value. Returns what it got. Raises CheckFailed, with what was expected, what
    was found and, where it is known, the mistake, if they disagree by more than rtol (relative, to the element or
    to the root mean square of the array, whichever is larger) plus atol. With dtype=True the dtype counts too.
    """
    if name not in TABLE.checks:
        raise CheckFailed(
            f"This notebook has no check called {name!r}. "
            "Run the setup cell at the top, and leave check cells as they are."
        )
    entry, rule = TABLE.checks[name], TABLE.rule(name, rtol, atol, dtype)
    who = named(target)
    value, outcome, error = call(target, args, kwargs, name)
    if error is not None:
        problem = why_stopped(error, who, TABLE.stubs)
    else:
        problem = problem_of(entry["expected"], outcome, rule, who)
    show(
        ("✗ " if problem else "✓ ") + name,
        bool(problem),
        {"name": name, "ok": not problem, "outcome": outcome, "rtol": rtol, "atol": atol, "dtype": dtype},
    )
    if problem:
        _failed.add(name)
        unwritten = is_unwritten(outcome)
        found = [] if unwritten else causes_of(entry, outcome, rule)
        raise CheckFailed(with_causes(problem, found), name, found, unwritten) from None
    _passed.add(name)
    return value


def named(target):
    """What a message calls the code that is checked; "" for a plain value."""
    name = str(getattr(target, "__name__", type(target).__name__)) if callable(target) else ""
    return "your code" if name == "<lambda>" else name


def show(line, bad, data=None, body=None):
    """A line (or an HTML body) as rich output that carries data along; plain text where there is no IPython."""
    if shell() is None:
        print(line)
        return
    from IPython.display import display

    colour = "#b3261e" if bad else "#1b6e3c"
    rich = body or f'<div style="color:{colour};font-weight:600">{html.escape(line)}</div>'
    display({"text/plain": line, "text/html": rich, **({MIME: data} if data else {})}, raw=True)


def shell():
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()


# Check cells run in a copy of the learner's namespace: they leave no name behind on which a half-finished answer could
# live, and no name of the learner's (list, check, html) is in their way.


def namespace(names):
    """What a check cell sees: the learner's names, less those that hide a builtin, and the course's own."""
    seen = {name: value for name, value in names.items() if not hasattr(builtins, name) or name.startswith("_")}
    return {**seen, **given(), **HELPERS, "load_table": load_table, "__name__": "__main__"}


def given():
    """The names that the setup cell gives."""
    optional = {name: globals()[name] for name in ("load_mnist",) if name in globals()}
    return {"np": np, "plt": plt, "check": check, "scoreboard": scoreboard, "device": device, **optional}


def run_check_cell(code, names):
    """Run a check cell's compiled code. Its points are earned when it comes to its end and all its checks held."""
    CHECK_FILES.add(code.co_filename)
    _passed.clear()
    _failed.clear()
    ended = False
    try:
        exec(code, namespace(names))
        ended = True
    finally:
        touched = _passed | _failed | {text for text in code.co_consts if isinstance(text, str)}
        for cell in TABLE.cells:
            if ended and cell["checks"] and _passed.issuperset(cell["checks"]):
                _earned.add(cell["id"])
            elif touched.intersection(cell["checks"]):
                _earned.discard(cell["id"])


class CheckCells(ast.NodeTransformer):
    """IPython's way of running a cell, for check cells: as `run_check_cell` does."""

    def __init__(self):
        self.cells = []

    def visit(self, node):
        if not isinstance(node, ast.Module) or not _is_check_cell(node):
            return node
        self.cells.append(node)
        run = ast.parse(f"__bncourse__.run({len(self.cells) - 1})").body
        return ast.Module([ast.copy_location(ast.fix_missing_locations(run[0]), node.body[0])], [])

    def run(self, number):
        code = compile(self.cells[number], sys._getframe(1).f_code.co_filename, "exec")
        run_check_cell(code, shell().user_ns)


def _is_check_cell(tree):
    """Whether a cell calls `check` with the name of one of ours, or with a name that it makes, as in a loop.

    One that also defines an answer is a learner's own: what it defines must stay.
    """
    if any(getattr(node, "name", "") in TABLE.answers for node in tree.body):
        return False
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "check" and n.args]
    names = [call.args[0] for call in calls]
    if any(getattr(name, "value", None) in TABLE.checks for name in names if isinstance(name, ast.Constant)):
        return True
    made = any(not isinstance(name, ast.Constant) for name in names)
    return made and shell().user_ns.get("check") is check


def begin(names):
    """End of the setup cell: give the notebook its names, and check cells their own way of running."""
    names.update(given())
    use_style()
    if (ipython := shell()) is None:
        return
    transformers, events = ipython.ast_transformers, ipython.events
    transformers[:] = [t for t in transformers if type(t).__name__ != "CheckCells"]  # the setup cell was run before
    cells = CheckCells()
    transformers.append(cells)

    def bind_the_course(*_):
        ipython.user_ns["__bncourse__"] = cells

    for old in [f for f in events.callbacks["pre_run_cell"] if f.__name__ == bind_the_course.__name__]:
        events.unregister("pre_run_cell", old)
    events.register("pre_run_cell", bind_the_course)


def scoreboard():
    """Show the points earned so far, exercise by exercise, by the checks that you can see."""
    rows, manual = {}, 0
    for cell in TABLE.cells:
        if cell.get("manual"):
            manual += cell["points"]
            continue
        got, out_of, done = rows.get(cell["exercise"], (0, 0, True))
        here = cell["id"] in _earned
        rows[cell["exercise"]] = (got + here * cell["points"], out_of + cell["points"], done and here)
    got, out_of, done = zip(*rows.values()) if rows else ([], [], [])
    table = [(name, *row) for name, row in rows.items()] + [("total", sum(got), sum(out_of), all(done))]
    table = [(name, got, out_of, "✓" if done else "·") for name, got, out_of, done in table]
    width = max(len(row[0]) for row in table)
    lines = [f"{mark} {name:<{width}} {got:>3g} of {out_of:g}" for name, got, out_of, mark in table]
    body = "".join(
        f"<tr><td>{mark}</td><td style='text-align:left'>{html.escape(name)}</td><td>{got:g} of {out_of:g}</td></tr>"
        for name, got, out_of, mark in table
    )
    notes = [f"{manual:g} more points are graded by a person."] if manual else []
    notes += ["Hidden tests are not included: they look at more inputs of the kinds that the docstrings name."]
    show("\n".join(lines + notes), False, body=f"<table>{body}</table>{'<br>'.join(notes)}")


def device():
    """The torch.device to train on: the first CUDA GPU where there is one, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_style():
    """Figures that stay readable in greyscale and for colour-blind readers (Okabe and Ito's colours, line styles)."""
    colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
    cycle = mpl.cycler(color=colours) + mpl.cycler(linestyle=["-", "--", "-.", ":", "-", "--", "-."])
    mpl.rcParams.update({
        "axes.prop_cycle": cycle, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
        "axes.titlelocation": "left", "axes.titleweight": "bold", "grid.alpha": 0.25, "figure.dpi": 110,
        "figure.figsize": (7.0, 3.6), "figure.constrained_layout.use": True, "font.size": 10, "legend.frameon": False,
        "lines.linewidth": 2.0,
    })  # fmt: skip
