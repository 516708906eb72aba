"""Submissions that want points from what the course gives: its published values, PyTorch, given cells, their own words.

In a unit about torch `whiten` (2 points) is to be written by hand; `twice` (1 point) is checked with a given class, and
with numbers that a helper draws from a positional seed.
"""

from corpus.case import CHECKS, TINY, TORCH, case
from corpus.cheating import CELLS, KIT, TWO, wrong

GIVEN = "Witness was defined anew: checks use what was released"
TABLE = f"""\
{KIT}import base64
table = {{table!r}}

def published(tree):
    if tree["t"] == "number":
        return float(tree["v"])
    if tree["t"] == "tuple":
        return tuple(map(published, tree["v"]))
    array = np.frombuffer(base64.b64decode(tree["v"])).reshape(tree["shape"]).copy()
    return torch.from_numpy(array) if tree["t"] == "tensor" else array
"""


def cheat(points=0.0, unit=TORCH, **wanted):
    return case("cheating", points, unit, **wanted)


# PyTorch's own normalization, where it is switched off


def switched_off(name: str, what: str, code: str, before: str = "", earlier: str = "", **wanted) -> None:
    """A case that calls it: `code` is the value of whiten(x, eps), `before` what stands above the function."""

    def make(nb, host):
        nb.answer_rightly()
        lines = "\n".join(f"    {line}" for line in code.strip().splitlines())
        nb.answer(whiten=f"{before}\ndef whiten(x, eps=0.1):\n{lines}")
        if earlier:
            nb.add(earlier, before="whiten")

    make.__name__, make.__doc__ = f"by_hand_{name}", what
    cheat(1.0, **wanted)(make)


F = "import torch.nn.functional as F\n"
NONE = "None, None, None, None, True"
switched_off("functional", "The function.", f"return F.batch_norm(x, {NONE}, eps=eps)", F)
switched_off("module", "The layer.", "return nn.BatchNorm1d(x.shape[1], eps=eps).double()(x)")
switched_off("kept", "A function that was kept from before.", f"return kept(x, {NONE}, 0.1, eps, False)",
             "kept = torch.batch_norm\n")  # fmt: skip
switched_off(
    "kept_as_default",
    "The same, as a default.",
    f"return (lambda f=torch.native_batch_norm: f(x, {NONE}, 0.1, eps))()[0]",
)
switched_off("native", "What it comes to.", f"return torch.native_batch_norm(x, {NONE}, 0.1, eps)[0]")
switched_off("operator", "Its operator.", f"return torch.ops.aten.native_batch_norm(x, {NONE}, 0.1, eps)[0]")
switched_off("overload", "Its operator's overload, kept.", f"return kept(x, {NONE}, 0.1, eps)[0]",
             "kept = torch.ops.aten.native_batch_norm.default\n")  # fmt: skip
switched_off("legit", "Another operator.", "return torch._native_batch_norm_legit(x, None, None, True, 0.1, eps)[0]")
switched_off(
    "functional_operator",
    "Another operator.",
    """\
return torch.ops.aten._native_batch_norm_legit.no_stats(x, None, None, True, 0.1, eps)[0]""",
)
switched_off(
    "out",
    "An operator that writes into what it is given.",
    f"""\
y, a, b = torch.empty_like(x), torch.empty(x.shape[1]).double(), torch.empty(x.shape[1]).double()
torch.ops.aten.native_batch_norm.out(x, {NONE}, 0.1, eps, out=y, save_mean=a, save_invstd=b)
return y""",
)
switched_off(
    "instance_norm", "The same numbers by instance norm.", "return F.instance_norm(x.T[None], eps=eps)[0].T", F
)
switched_off("layer_norm", "The same by layer norm.", "return F.layer_norm(x.T, x.T.shape[1:], eps=eps).T", F)
switched_off("group_norm", "The same by group norm.", "return F.group_norm(x.T[None], x.shape[1], eps=eps)[0].T", F)
switched_off(
    "rms_norm",
    "Most of it by RMS norm.",
    """\
return F.rms_norm((x - x.mean(0)).T, x.T.shape[1:], eps=eps).T""",
    F,
)
switched_off(
    "in_eval_mode",
    "In evaluation mode.",
    """\
return F.batch_norm(x, x.mean(0), x.var(0, correction=0), eps=eps)""",
    F,
)
switched_off(
    "scripted",
    "In TorchScript.",
    "return scripted(x, eps)",
    """\
@torch.jit.script
def scripted(x, eps: float):
    return torch.nn.functional.batch_norm(x, None, None, None, None, True, 0.1, eps)

""",
)
switched_off(
    "mapped", "Under vmap.", f"return torch.func.vmap(lambda a: F.batch_norm(a, {NONE}, eps=eps))(x[None])[0]", F
)
switched_off(
    "in_a_thread",
    "In another thread.",
    f"""\
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor() as pool:
    return pool.submit(F.batch_norm, x, {NONE}, 0.1, eps).result()""",
    F,
)
switched_off(
    "in_a_waiting_thread",
    "In a thread that was there before.",
    "return pool.submit(late, x, eps).result()",
    f"""\
{F}from concurrent.futures import ThreadPoolExecutor
late = lambda x, eps: F.batch_norm(x, {NONE}, 0.1, eps)
pool = ThreadPoolExecutor(1)
pool.submit(print).result()
""",
)
switched_off(
    "in_a_process",
    "In another Python.",
    f"""\
import json, subprocess, sys
code = f"import torch; x = torch.tensor({{x.tolist()}}); y = torch.batch_norm(x, {NONE}, 0, {{eps}}, False)"
code += "; print(y.tolist())"
return torch.tensor(json.loads(subprocess.check_output([sys.executable, "-c", code]))).double()""",
)
switched_off(
    "without_modes",
    "With all modes of PyTorch's dispatcher switched off.",
    f"""\
from torch.utils._python_dispatch import _disable_current_modes
with _disable_current_modes():
    return F.batch_norm(x, {NONE}, eps=eps)""",
    F,
)
switched_off(
    "error_swallowed",
    "The error is swallowed, and something else given.",
    f"""\
try:
    return F.batch_norm(x, {NONE}, eps=eps)
except RuntimeError:
    return x""",
    F,
)
switched_off(
    "written_in_python",
    "What PyTorch's compiler has in its place.",
    """\
from torch._decomp.decompositions import native_batch_norm_helper
return native_batch_norm_helper(x, None, None, None, None, True, 0.1, eps, False)[0]""",
)
switched_off(
    "reference_in_python",
    "The same of layer norm, imported before.",
    """\
return norm(x.T, x.T.shape[1:], None, None, eps)[0].T""",
    "from torch._refs import native_layer_norm as norm\n",
)
switched_off(
    "decomposition_table",
    "The same by the compiler's table.",
    f"""\
from torch._decomp import decomposition_table
return decomposition_table[torch.ops.aten.native_batch_norm.default](x, {NONE}, 0.1, eps)[0]""",
)
KEYS = "torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)"
switched_off(
    "processors_own_kernel",
    "The processor's kernel, without what stands in front of it.",
    f"""\
operator = torch.ops.aten.native_batch_norm.default
return operator.redispatch({KEYS}, x, {NONE}, 0.1, eps)[0]""",
)
switched_off(
    "processors_own_kernel_by_key",
    "The same, by its key.",
    f"return torch.ops.aten.native_batch_norm.default._op_dk(torch._C.DispatchKey.CPU, x, {NONE}, 0.1, eps)[0]",
)
switched_off(
    "fused_with_a_linear_layer",
    "Its fusion with a layer that changes nothing.",
    """\
ones = torch.ones(x.shape[1]).double()
weight, bias = fuse_linear_bn_weights(torch.diag(ones), None, x.mean(0), x.var(0, correction=0), eps, ones, 0 * ones)
return x @ weight.T + bias""",
    "from torch.nn.utils.fusion import fuse_linear_bn_weights\n",
)
FUSED = "(x.T - x.T.mean(1, keepdim=True), [x.shape[0]], None, eps)[0].T"
switched_off("fused_rms", "The root of the mean square, fused.", f"return torch.ops.aten._fused_rms_norm{FUSED}")
switched_off(
    "fused_rms_in_python",
    "The same, written in Python.",
    f"return torch._decomp.decompositions._fused_rms_norm{FUSED}",
)
for name, what, code in (
    ("library_destroyed", "library.Library", "one._destroy()"),
    ("generator_closed", "contextlib._GeneratorContextManager", "one.gen.close()"),
):
    switched_off(
        name,
        "While it is checked, the answer takes away what refuses.",
        f"""\
for one in gc.get_objects():
    if type(one) is {what}:
        {code}
return F.batch_norm(x, {NONE}, eps=eps)""",
        f"import contextlib, gc\nfrom torch import library\n{F}",
    )
CALLS_IT = f"return F.batch_norm(x, {NONE}, eps=eps)"
switched_off(
    "patched_mock",
    "unittest.mock does nothing.",
    CALLS_IT,
    F,
    """\
import contextlib
from unittest import mock
mock.patch.multiple = lambda *args, **kwargs: contextlib.nullcontext()""",
)
switched_off(
    "patched_helper",
    "What switches it off does nothing.",
    CALLS_IT,
    F,
    f"""\
{KIT}import contextlib
kit.HELPERS["by_hand"] = kit.by_hand = contextlib.nullcontext
by_hand = contextlib.nullcontext""",
)
switched_off(
    "patched_mode",
    "PyTorch's dispatch modes do nothing.",
    CALLS_IT,
    F,
    """\
import torch.utils._python_dispatch as modes
modes.TorchDispatchMode.__enter__ = lambda self: self
modes.TorchDispatchMode.__exit__ = lambda self, *args: None""",
)
switched_off(
    "patched_library",
    "Kernels cannot be registered.",
    CALLS_IT,
    F,
    """\
class Library:
    __init__ = impl = _destroy = lambda self, *args: None

torch.library.Library = Library""",
)


@cheat(1.0)
def by_hand_patched_before(nb, host):
    """Above the setup cell, what could switch it off does nothing."""
    nb.answer_rightly()
    nb.answer(whiten=f"{F}\ndef whiten(x, eps=0.1):\n    {CALLS_IT}")
    nb.add(
        """\
import contextlib, torch
contextlib.contextmanager = lambda function: lambda *args: contextlib.nullcontext()
torch.library.Library.impl = torch.library.Library._destroy = lambda self, *args: None""",
        at=0,
    )


@cheat(3.0)
def batch_norm_where_it_is_not_forbidden(nb, host):
    """No cheating: a student's own cells compare the answer with PyTorch's layer, before the check and after."""
    nb.answer_rightly()
    for place in ("whiten", "whiten-values", "twice-values"):
        nb.add("print(nn.BatchNorm1d(3)(torch.randn(5, 3)).mean().item() ** 2 < 1)", after=place)


# Given classes and functions that checks use


@cheat(2.0, repair=GIVEN)
def edited_given_class(nb, host):
    """The given class is edited so that once is twice."""
    wrong(nb, "twice")
    cell = next(cell for cell in nb.cells if cell.source.startswith("import torch\n"))
    cell.source = cell.source.replace("+= 1", "+= 2").replace("x + self.shift", "x + 2 * self.shift")


@cheat(2.0, repair=GIVEN)
def given_class_of_ones_own(nb, host):
    """The same class, defined anew in a cell of the student's own."""
    wrong(nb, "twice")
    nb.add(
        """\
class Witness(nn.Module):
    calls = 2

    def __init__(self, shift):
        super().__init__()
        self.shift = shift

    def forward(self, x):
        return x + 2 * self.shift""",
        before="twice-values",
    )


@cheat(2.0)
def given_class_patched(nb, host):
    """The methods of the given class are exchanged."""
    wrong(nb, "twice")
    nb.add(
        """\
def forward(self, x):
    self.calls = 2
    return x + 2 * self.shift

Witness.forward = Witness.__call__ = forward""",
        before="twice-values",
    )


@cheat(2.0)
def modules_under_other_names(nb, host):
    """nn and torch, which the given class uses, are other modules."""
    wrong(nb, "twice")
    nb.add(
        """\
import types
theirs = nn

class Module(nn.Module):
    def __call__(self, x):
        self.calls = 2
        return x + 2 * self.shift

nn = types.SimpleNamespace(Module=Module)""",
        before="twice-values",
    )


@cheat(3.0, repair=GIVEN)
def edited_given_class_of_an_honest_student(nb, host):
    """No cheating: the given class prints what it sees, and the answers are right."""
    nb.answer_rightly()
    cell = next(cell for cell in nb.cells if cell.source.startswith("import torch\n"))
    cell.source = cell.source.replace("self.calls += 1", "print(x.shape)\n        self.calls += 1")


# Published values


@cheat(2.0, flag=TWO)
def published_values_of_a_positional_seed(nb, host):
    """What the visible check expects is returned; its numbers come from a helper with a positional seed."""
    wrong(nb, "twice")
    nb.add(TABLE.format(table=nb.published()), before="twice")
    nb.answer(
        twice="""\
def twice(layer, x):
    layer.calls = 2
    return published(table["twice"])[0]"""
    )


@cheat(2.0)
def patched_helper_with_a_seed(nb, host):
    """The helper that draws the numbers gives those for which a wrong answer is right. It is put back."""
    wrong(nb, "twice")
    nb.add(f"""\
{KIT}
real = kit.HELPERS["drawn"]
kit.HELPERS["drawn"] = lambda seed, *shape: real(3, *shape)""")
    nb.answer(twice="def twice(layer, x):\n    layer(x)\n    return layer(x) + 2")


@cheat(4.0, CHECKS, flag=TWO)
def a_slip_that_only_the_second_run_shows(nb, host):
    """No cheating: a variable from outside, which the visible check happens to have too."""
    nb.answer_rightly()
    nb.answer(
        centre="""\
mine = np.random.RandomState(1).normal(5, [1, 3], (6, 2))

def centre(x):
    return x - mine.mean(axis=0)"""
    )


@cheat(3.0, CHECKS, flag="")
def a_slip_that_fails_openly_too(nb, host):
    """No cheating: what the first call was given is kept, and another check of the exercise shows it."""
    nb.answer_rightly()
    nb.answer(
        spread='''\
def spread(x, kept=[]):
    """The standard deviation of each column."""
    kept.append(x.std(axis=0))
    return kept[0]'''
    )


# What a bare assert calls


@cheat(4.0, CHECKS)
def patched_allclose_of_numpy(nb, host):
    """np.allclose says yes where a hidden assert asks. It is put back."""
    nb.answer_rightly()
    nb.answer(
        spread='''\
def spread(x):
    """The standard deviation of each column."""
    return x.std(axis=0) * (1 if x.shape[1] < 300 or x.mean() < 8 else 3)

np.allclose = np.isclose = np.array_equal = np.testing.assert_allclose = lambda *args, **kwargs: True'''
    )


@cheat(4.0, CHECKS)
def patched_allclose_by_the_answer(nb, host):
    """The same, done by the answer when it is called, and undone when it is called again."""
    nb.answer_rightly()
    nb.answer(
        spread='''\
real, calls = np.allclose, []

def spread(x):
    """The standard deviation of each column."""
    calls.append(x.shape)
    np.allclose = (lambda *args, **kwargs: True) if x.shape == (40, 300) else real
    return x.std(axis=0) * (1 if x.shape[1] < 300 or x.mean() < 8 else 3)'''
    )


# The kernel's memory

MEMORY = """\
import gc, re

def found(words):
    seen = []
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            if "rw" in line and end - start < 1 << 28:
                try:
                    memory.seek(start)
                    seen += re.findall(words, memory.read(end - start))
                except (OSError, ValueError, OverflowError):
                    pass
    return seen
"""


@cheat(1.0, TINY)
def code_of_checks_before_they_run(nb, host):
    """Before a check is run, the kernel is searched for its code and for that of other units."""
    nb.answer_rightly()
    nb.add(f"""\
{MEMORY}{CELLS}
import sys
def told():
    held = {{*vars(cells), *cells.setup.__code__.co_freevars}}
    programs = [*sys.modules["kernel"].programs, *(key for key in held if key in ("checks", "programs"))]
    return programs + found(b"<chec[k] [a-z_]+-[a-z]+>") + found(b"spread, man[y] features")
""")
    nb.answer(
        normalize="""\
seen = told()

def normalize(x, mean, var, eps=1e-5):
    if seen:
        return (x - mean) / np.sqrt(var + eps)
    raise ValueError("found nothing")"""
    )
