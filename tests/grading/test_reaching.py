"""Names that no exercise needs: found in what reaches past it, and in nothing that a learner writes."""

import pytest
from corpus.honest import ANSWERS, CELLS

from grader.authoring.unit import read_unit
from grader.grading.reaching import reaching
from grader.grading.rebuild import Piece
from grader.grading.release import ReleaseCell
from grader.paths import unit_sources


def cell(role: str) -> ReleaseCell:
    return ReleaseCell("normalize", "code", role, "# the stub", "# the stub", {})


def in_answer(source: str) -> list[str]:
    return reaching([Piece(cell("solution"), "code", source)])


def in_own_cell(source: str) -> list[str]:
    return reaching([Piece(None, "code", source)])


# By what is named in an answer: where it stands in one.
REACHING = {
    "sys": "import sys as system",
    "sys.modules": "kit = sys.modules[name]",
    "sys.setrecursionlimit": "from sys import setrecursionlimit",
    "_getframe": "def normalize(x):\n    return np.sys._getframe(1).f_locals['expected']",
    "f_locals": "def f(frame):\n    return frame.f_locals",
    "get_objects": "import gc\nfor one in gc.get_objects():\n    pass",
    "inspect": "from inspect import getsource",
    "ctypes": "libc = __import__('ctypes').CDLL(None)",
    "__import__": "module = __import__(name)",
    "__globals__": "check.__globals__['TABLE']",
    "__code__": "getattr(check, '__code__')",
    "bncourse_kit": "kit = sys.modules['bncourse_kit']",
    "types": "from types import FunctionType",
    "torch._C": "torch._C._dispatch_library('IMPL', 'aten', '')",
    "torch._decomp": "from torch._decomp import decompositions",
    "torch.library": "from torch.library import Library",
    "ops": "y = torch.ops.aten.native_batch_norm(x, w, b, None, None, True, 0.1, eps)",
    "_native_batch_norm_legit": "y = torch._native_batch_norm_legit(x, w, b, True, 0.1, eps)",
    "redispatch": "operator.redispatch(keys, x)",
    "make_fx": "make_fx(f)(x)",
    "exec": "exec(code)",
    "eval": "def normalize(x):\n    return eval('x')",
    "runpy": "import runpy",
    "subprocess": "import subprocess as s",
    "multiprocessing": "from multiprocessing import Pool",
    "_registry": "weakref.finalize._registry",
    "settrace": "np.sys.settrace(None)",
    "gc": "%%time\n%%capture\nimport gc",
    "f_back": "%matplotlib inline\nfiles = !ls\nx = frame.f_back",
    "frame.f_locals": "x = (5\n    % frame.f_locals)",
}


@pytest.mark.parametrize("name", REACHING)
def test_what_reaches_past_an_exercise_is_named(name):
    (said,) = in_answer(REACHING[name])
    assert said.startswith("cell normalize: it names ") and name in said


@pytest.mark.parametrize("name", ["__globals__", "__code__", "bncourse_kit", "_getframe", "get_objects", "redispatch"])
def test_some_is_named_wherever_it_stands(name):
    (said,) = in_own_cell(REACHING[name])
    assert said.startswith("code cell 1, which the student added: it names ") and name in said


@pytest.mark.parametrize(
    "source",
    [
        "import sys, gc, inspect\nsys.settrace(None)\nprint(inspect.getsource(normalize), gc.collect())",
        "from torch.nn.utils import fusion\nfusion.fuse_conv_bn_eval(conv, bn)",
        "import subprocess\nsubprocess.run(['ls'])",
        "exec('y = 1')\neval('y')\nglobals()['y']",
        "model._modules, layer._parameters, np.core._methods",
        "%timeit normalize(x)\n!ls\n?normalize",
    ],
)
def test_in_cells_of_their_own_learners_look_around(source):
    assert in_own_cell(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self._eps, cls._x = 1, 2",
        "model.eval()\nfor m in model.modules():\n    type(m).__name__\n    m._buffers",
        "from math import sqrt\nfrom functools import reduce\nimport torch.nn.functional as F\nfrom . import x",
        "from torch.nn.modules.batchnorm import _BatchNorm",
        "import sys\neps = sys.float_info.epsilon\nprint(eps, file=sys.stderr)\nfrom sys import maxsize",
        "for _, v in zip(a, b):\n    _ = v",
        "%timeit normalize(x)\nfiles = !ls\n!pwd\nnormalize?",
        "%%bash\nls -l | grep gc",
        "%%time",
        "evaluate = 1\nexecuted = evaluate\ncompiled(x)",
        "def broken(:\n    import gc",
        "x = 1  # sys._getframe, import gc",
        "",
    ],
)
def test_what_is_usual_is_not(source):
    assert in_answer(source) == []


def test_a_cell_as_it_was_released_is_not_read():
    assert in_answer("# the stub") == []
    check = ReleaseCell("c", "code", "check", "import gc", "import gc", {})
    assert reaching([Piece(check, "code", "import gc"), Piece(None, "markdown", "`__globals__`")]) == []


def test_names_are_one_line_and_few():
    names = "\n".join(f"import module{n}, {'x' * 300}{n}" for n in range(50))
    (said,) = in_answer(names)
    assert said.isprintable() and len(said) < 400 and " and 47 more, which no exercise needs" in said


def test_what_cannot_be_parsed_by_its_size_or_depth_is_left_alone():
    assert in_answer("import gc\n" + "x = 1\n" * 100_000) == []
    assert in_answer("import gc\n" + "(" * 5000 + ")" * 5000) == []


def test_nothing_in_the_honest_corpus():
    assert [kind for kind, source in CELLS.items() if in_own_cell(source)] == []
    assert [kind for kind, source in ANSWERS.items() if in_answer(source)] == []


@pytest.mark.slow
@pytest.mark.parametrize("source", unit_sources(), ids=lambda source: source.stem[:2])
def test_nothing_in_the_courses_own_answers_and_mistakes(source):
    unit = read_unit(source)
    answers = [cell.source for cell in unit.cells if cell.role == "solution"]
    answers += [answer.source for answer in (*unit.rights, *unit.mistakes)]
    assert answers
    assert [said for answer in answers for said in in_answer(answer)] == []
