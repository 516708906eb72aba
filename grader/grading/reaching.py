"""What a student's code names that no exercise needs: the interpreter's inside, PyTorch's, the course's own.

Code that runs in one process with a check can reach whatever the check stands on. Not all of that can be prevented
there. But what it reaches for it has to name, in the notebook, which is read outside the jail: a reason to look, and no
verdict.
"""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator

from IPython.core.inputtransformer2 import TransformerManager

from grader.grading.outputs import line, some
from grader.grading.rebuild import MAX_PARSED, Piece
from grader.grading.run import where

SHOWN = 4  # names in a line


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What nobody needs who learns something here, not even to try it out in a cell of their own.
INSIDE = _words("""
    __builtins__ __closure__ __code__ __globals__ __subclasses__ __wrapped__ _getframe _current_frames
    f_back f_builtins f_globals f_locals f_trace f_trace_lines ag_frame cr_frame gi_frame tb_frame
    get_objects get_referents get_referrers CodeType FunctionType FrameType _GeneratorContextManager
    addaudithook marshal ctypes _registry bncourse_kit _run_check _put_back _helpers IPKernelApp
    redispatch get_kernel make_fx
""")
# What an answer has no use for, either.
IN_ANSWERS = INSIDE | _words("""
    settrace setprofile get_ipython library Library ops fx
    run_path run_module getsource getclosurevars meta_path path_hooks
""")
CALLED = ("breakpoint", "compile", "eval", "exec", "globals")  # functions; methods have the same names
IMPORTED = _words("""
    abc bisect cmath collections contextlib copy dataclasses decimal enum fractions functools heapq itertools json math
    matplotlib numbers numpy operator pandas pathlib pprint random re scipy seaborn sklearn statistics string sys
    textwrap time timeit torch torchvision tqdm typing typing_extensions warnings __future__ IPython
""")
PRIVATE = {"_BatchNorm", "_NormBase", "_Loss", "_LRScheduler", "_buffers", "_modules", "_parameters", "_version"}
OF_SYS = ("float_info", "maxsize", "platform", "stderr", "stdout", "version", "version_info")
ITS_OWN = ("self", "cls")
PERHAPS = re.compile(r"\b(import|sys)\b|\b_|" + "|".join([*IN_ANSWERS, *CALLED]))  # else a cell is not parsed


def reaching(pieces: list[Piece]) -> list[str]:
    """A line for each cell that the student wrote or changed, and that names such things."""
    found = []
    for number, piece in enumerate(pieces):
        if piece.kind == "code" and piece.changed and (names := _names(piece.source, piece.role == "solution")):
            found.append(f"{where(pieces, number)}: it names {some(names, SHOWN)}, which no exercise needs")
    return found


def _names(source: str, answer: bool) -> list[str]:
    if len(source) > MAX_PARSED or not PERHAPS.search(source):
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree, magics = _parsed(source)
        found = [*_imported(tree), *_called(tree)] if answer else ()
        return sorted({line(name, 60) for name in [*found, *_used(tree, answer)]} - magics)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _parsed(source: str) -> tuple[ast.AST, set[str]]:
    """A cell as IPython runs it, and the name by which it calls its magics. Raises SyntaxError."""
    while source.lstrip().startswith("%%"):  # of a cell magic, what it runs
        source = source.lstrip().partition("\n")[2]
    try:
        return ast.parse(source), set()
    except SyntaxError:
        return ast.parse(TransformerManager().transform_cell(source)), {"get_ipython"}


def _imported(tree: ast.AST) -> Iterator[str]:
    """Modules that are none of the usual, and what has a private name in those that are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules: Iterable[str] = (alias.name for alias in node.names)
            yield from ("sys" for alias in node.names if alias.name == "sys" and alias.asname)
        elif name := _import_called(node):
            modules = (name,)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (
                f"sys.{alias.name}" for alias in node.names if node.module == "sys" and alias.name not in OF_SYS
            )
        else:
            continue
        for module in modules:
            first, *rest = module.split(".")
            if first not in IMPORTED or any(_is_private(part) or part in IN_ANSWERS for part in rest):
                yield module


def _import_called(node: ast.AST) -> str:
    """The module of `__import__("module")`; "__import__" where it is computed; else ""."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__":
        first = node.args[0] if node.args else None
        return str(first.value) if isinstance(first, ast.Constant) else "__import__"
    return ""


def _called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLED:
            yield node.func.id


def _used(tree: ast.AST, answer: bool) -> Iterator[str]:
    listed = IN_ANSWERS if answer else INSIDE
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of = node.value
            owner = of.id if isinstance(of, ast.Name) else getattr(of, "attr", "")
            of_sys = owner == "sys" and node.attr not in OF_SYS
            hidden = of_sys or (_is_private(node.attr) and owner not in ITS_OWN)
            if node.attr in listed or (answer and hidden):
                yield f"{owner}.{node.attr}" if owner else node.attr
        elif isinstance(node, ast.Name) and node.id in listed:
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in INSIDE:
            yield node.value
        elif not answer and isinstance(node, ast.Import | ast.ImportFrom):
            parts = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            yield from (part for name in parts for part in name.split(".") if part in listed)


def _is_private(name: str) -> bool:
    """Whether it is a library's own. What Python calls, two underscores at both ends, is public."""
    special = name.startswith("__") and name.endswith("__")
    return name.startswith("_") and name != "_" and not special and name not in PRIVATE
