"""PyTorch's own normalizations cannot be called by hand, by whatever name; before and after they can."""

import threading

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from grader.kit.by_hand import by_hand  # noqa: E402
from grader.kit.check import HELPERS  # noqa: E402

X = torch.arange(18.0).reshape(6, 3) ** 1.5
NONE = (None, None, None, None, True)
KEPT = torch.batch_norm
CALLS = {
    "function": lambda: F.batch_norm(X, None, None, training=True),
    "with gradients": lambda: F.batch_norm(X.clone().requires_grad_(), None, None, training=True).sum().backward(),
    "evaluation mode": lambda: nn.BatchNorm1d(3).eval()(X),
    "kept": lambda: KEPT(X, *NONE, 0.1, 1e-5, False),
    "native": lambda: torch.native_batch_norm(X, *NONE, 0.1, 1e-5),
    "operator": lambda: torch.ops.aten.native_batch_norm.default(X, *NONE, 0.1, 1e-5),
    "another operator": lambda: torch._native_batch_norm_legit(X, None, None, True, 0.1, 1e-5),
    "layer norm": lambda: F.layer_norm(X, (3,)),
    "group norm": lambda: F.group_norm(X, 3),
    "instance norm": lambda: F.instance_norm(X[None]),
    "RMS norm": lambda: F.rms_norm(X, (3,)),
    "images": lambda: nn.BatchNorm2d(3)(X.reshape(2, 3, 3, 1)),
}


@pytest.mark.parametrize("how", CALLS)
def test_it_is_refused_and_then_allowed_again(how):
    CALLS[how]()
    for _ in range(2):
        with by_hand():
            with pytest.raises(RuntimeError, match="switched off in this check: write the arithmetic yourself"):
                CALLS[how]()
            assert torch.isfinite((X - X.mean(0)) / torch.sqrt(X.var(0) + 1)).all()
        CALLS[how]()


def test_other_threads_are_refused_too():
    caught = []

    def late():
        try:
            CALLS["function"]()
        except RuntimeError as error:
            caught.append(error)

    with by_hand():
        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
    assert len(caught) == 1


def test_it_ends_with_an_error_too_and_is_known_to_check_cells():
    with pytest.raises(ZeroDivisionError), by_hand():
        raise ZeroDivisionError
    CALLS["function"]()
    assert HELPERS["by_hand"] is by_hand
