"""One epoch of unit 06's NumPy network against the same epoch in PyTorch, as a ratio: a benchmark, not a test.

    python benchmarks/numpy_epoch.py [--threads 2] [--repeats 5] [--images 60000]

The NumPy side is the unit's own source (given cells and reference answers), so it cannot drift from what learners run.
Both sides: 784-100-100-10 with BN and ReLU, float32, batch 64, shuffled each epoch, the loss of every step kept as a
Python number. The images are random: the time does not depend on what they show. Epochs of the two sides alternate, so
that a busy machine slows both; the ratio is the median of the pairs, NumPy / PyTorch: below 1, NumPy is faster.
"""

import argparse
import os
import sys
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "solutions" / "06_numpy_network.py"
BATCH, SIZES = 64, (784, 100, 100, 10)
RULES = {"sgd": ("sgd", {"lr": 0.1, "momentum": 0.9}), "adam": ("adam", {"lr": 0.001})}


def numpy_side(rule: str, X, y):
    """A function that trains one epoch with the unit's network and returns its losses."""
    import numpy as np

    from grader.authoring.definitions import definitions

    unit, (name, options), rng = definitions(UNIT), RULES[rule], np.random.RandomState(0)
    layers, optimizer = unit["make_net"](SIZES, True, rng), unit["Optimizer"](name, **options)
    return lambda: [float(loss) for loss in unit["train_epoch"](layers, X, y, optimizer, rng, BATCH)]


def torch_side(rule: str, X, y):
    """The same in PyTorch."""
    import torch
    from torch import nn

    hidden = [
        layer
        for d_in, d_out in pairwise(SIZES[:-1])
        for layer in (nn.Linear(d_in, d_out, bias=False), nn.BatchNorm1d(d_out), nn.ReLU())
    ]
    model = nn.Sequential(*hidden, nn.Linear(*SIZES[-2:]))
    name, options = RULES[rule]
    optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[name](model.parameters(), **options)
    X, y, loss_function = torch.from_numpy(X), torch.from_numpy(y), nn.CrossEntropyLoss()

    def epoch() -> list[float]:
        order, losses = torch.randperm(len(X)), []
        for i in range(0, len(X) - BATCH + 1, BATCH):
            rows = order[i : i + BATCH]
            optimizer.zero_grad()
            loss = loss_function(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    return epoch


def seconds(epoch) -> float:
    start = perf_counter()
    epoch()
    return perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--threads", type=int, default=min(2, os.cpu_count() or 1), help="for both sides (default: %(default)s)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="pairs of epochs (default: %(default)s)")
    parser.add_argument("--images", type=int, default=60_000, help="images in an epoch (default: %(default)s)")
    args = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[name] = str(args.threads)  # read when NumPy's BLAS is loaded, so before the import
    sys.path.insert(0, str(ROOT))
    import numpy as np
    import torch

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    rng = np.random.RandomState(0)
    X, y = rng.random_sample((args.images, SIZES[0])).astype("f4"), rng.randint(0, SIZES[-1], args.images)
    print(f"NumPy {np.__version__}, torch {torch.__version__}, {args.threads} threads, {args.images:,} images")
    for rule in RULES:
        ours, theirs = numpy_side(rule, X, y), torch_side(rule, X, y)
        seconds(numpy_side(rule, X[:6400], y[:6400])), seconds(torch_side(rule, X[:6400], y[:6400]))  # warm up
        pairs = [(seconds(ours), seconds(theirs)) for _ in range(args.repeats)]
        ratios = [a / b for a, b in pairs]
        a, b = (median(column) for column in zip(*pairs))
        print(f"{rule:<5} NumPy {a:.2f} s   PyTorch {b:.2f} s   ", end="")
        print(f"ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
