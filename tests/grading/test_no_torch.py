"""In a unit about NumPy, torch can be imported, and what it is used for says why it is not there."""

import pytest
from helpers.inside import run_inside

from grader.grading.jail import INSIDE

STUB = f"exec(open({str(INSIDE / 'no_torch.py')!r}).read())\n"


@pytest.mark.parametrize(
    ("statement", "use"),
    [
        ("import torch", "torch.ones(3)"),
        ("import torch.nn as nn", "nn.BatchNorm1d(3)"),
        ("import torch.nn.functional as F", "F.batch_norm"),
        ("import torch.utils.data", "torch.utils.data.DataLoader"),
        ("from torch import ones", "ones(3)"),
        ("from torch.nn import BatchNorm1d", "BatchNorm1d(3, eps=1e-5)"),
    ],
)
def test_it_is_imported_and_no_more(statement, use):
    said = run_inside(f"{STUB}{statement}\ntry:\n    {use}\nexcept AttributeError as error:\n    print(error)")
    assert said == "torch is not at hand here: this unit's answers are written in NumPy\n"


def test_nothing_else_changes():
    """Packages whose names begin alike are looked for as ever, and the names of the stub are gone."""
    code = """\
import importlib.util, json, numpy
assert importlib.util.find_spec("torchless") is None
assert "_stub_torch" not in globals()
print(numpy.ones(3).sum())"""
    assert run_inside(STUB + code) == "3.0\n"
