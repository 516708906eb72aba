"""The setup cell: the kit, in a module of its own inside the notebook, the data loader, and the table of the unit."""

import textwrap

from grader.authoring.carried import KIT_FOLDER, bare, narrow
from grader.authoring.unit import Unit
from grader.paths import DATA

FOLDED = "#@title "  # Colab shows what follows in place of a folded cell's code
TITLE = f"{FOLDED}Setup: run this cell first"
ABOUT = """\
# The course's own code, and what its checks compare with. It lives in a module of its own, so that nothing you name
# can break it. There is nothing to change here."""
TABLE_WIDTH = 2000  # characters of a line
_PARTS = ("observe", "relation", "compare", "call", "table", "judge", "check")
KIT = [KIT_FOLDER / f"{name}.py" for name in _PARTS]
MNIST = KIT_FOLDER / "mnist.py"
BY_HAND = KIT_FOLDER / "by_hand.py"
DIGITS = DATA / "digits.b85"
MODULE = """\
import builtins as _py, sys as _sys, types as _types

_kit = _sys.modules["bncourse_kit"] = _types.ModuleType("bncourse_kit")
_py.exec(_py.compile(r'''{code}
''', "<bncourse_kit>", "exec"), _kit.__dict__)"""
END = """\
_kit.begin(_py.globals())
_py.print("Ready: np, plt, check and scoreboard are there. Run the cells from top to bottom.")
del _kit, _py, _sys, _types
"""


def setup_source(unit: Unit, table: str = "") -> str:
    """The code of a unit's first cell. Without a table, as it runs while the table is made."""
    parts = [f"{TITLE}\n{ABOUT}\n{MODULE.format(code=module_source(unit))}"]
    if helpers := [cell.source for cell in unit.cells if cell.role == "helper"]:
        # While the table is made, docstrings say what the parts of a result are called.
        code = "\n\n".join(narrow(bare(source)) if table else source for source in helpers)
        parts.append(f"_kit.load_helpers(r'''\n{code}\n''')")
    if table:
        parts.append(literal("_kit.load_table", table, TABLE_WIDTH))
    return "\n".join([*parts, END.rstrip()])


def module_source(unit: Unit) -> str:
    """The code of the module that a notebook carries: the kit, and what of the rest of grader/kit/ the unit names."""
    files, digits = list(KIT), []
    if any("load_mnist" in cell.source for cell in unit.cells):
        from grader.authoring.digits import packed_digits

        files.append(MNIST)
        digits = [literal("DIGITS = ", packed_digits())]
    if any("by_hand()" in cell.source for cell in unit.cells):
        files.append(BY_HAND)
    code = "\n\n".join([*(narrow(bare(path.read_text(encoding="utf-8"))) for path in files), *digits])
    if "'''" in code:
        raise AssertionError("grader/kit/ must do without triple single quotes: the setup cell puts it into them")
    return code


def literal(prefix: str, text: str, width: int = 230) -> str:
    """A long string in parentheses as Python source, on lines that nobody reads; each costs some bytes."""
    lines = "\n".join(f'"{line}"' for line in textwrap.wrap(text, width, break_on_hyphens=False))
    return f"{prefix}(\n{lines}\n)"
