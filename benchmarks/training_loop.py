"""Experiment A's training (unit 07) against the usual per-image loop, as a ratio: a benchmark, not a test.

    MNIST_DIR=../shared/mnist python benchmarks/training_loop.py [--epochs 1] [--repeats 3] [--normalize]

Both sides do the same work: the same two nets from the same initial weights, the same batches of 32 in the same order,
Adam at 0.01, a test on all 10,000 images after each epoch, and the same four numbers in the end: loss and accuracy of
the epoch's batches and of the test.

Ours is the unit's own source (build_mlp, train_epoch, evaluate; whole data sets as tensors, batches by slicing), so it
cannot drift from what learners run. It sets what the unit sets: one thread, torch.set_flush_denormal, and
torch.optim.Adam with fused=True.

The usual side is PyTorch's quickstart: torchvision.datasets.MNIST with transform=ToTensor(), a DataLoader in this
process, a loop with `.item()` at each step, torch.optim.Adam's defaults. torchvision is no dependency of the course:
torchvision_mnist.py makes the calls that it makes. With --normalize ToTensor is followed by transforms.Normalize, as in
the MNIST program of pytorch/examples; ours then normalizes the whole data set once, outside the clock.
The usual side has one thread too: torch's own choice, --threads 0, is many times slower wherever another process uses a
core, because these small operations then wait for one another. --flush-both flushes denormal numbers on both sides.

Epochs of the two sides alternate, so that a busy machine slows both. Exits with 1 where ours is less than 5 times as
fast, or an accuracy (mean of the repeats) differs by more than 0.3 points.
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from statistics import mean, median
from time import perf_counter

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision_mnist import MNIST, Compose, Normalize, ToTensor

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "solutions" / "07_pytorch_mnist.py"
BATCH, RATE, DEVICE = 32, 0.01, torch.device("cpu")
MEAN, STD = 0.1307, 0.3081  # of MNIST's pixels, as pytorch/examples has them


def usual_train(model: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer) -> tuple[float, float]:
    """Train for one epoch. Returns the loss and the accuracy of the batches as they came, as unit 07's train_epoch."""
    loss_function, total, right = nn.CrossEntropyLoss(), 0.0, 0
    model.train()
    for images, labels in loader:
        images, labels = images.to(DEVICE), labels.to(DEVICE)
        logits = model(images.flatten(1))
        loss = loss_function(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        right += (logits.argmax(1) == labels).sum().item()
    return total / len(loader.dataset), right / len(loader.dataset)


def usual_test(model: nn.Module, loader: DataLoader) -> tuple[float, float]:
    """Loss and accuracy on a data set, as unit 07's evaluate."""
    loss_function, total, right = nn.CrossEntropyLoss(), 0.0, 0
    model.eval()
    with torch.no_grad():
        for images, labels in loader:
            images, labels = images.to(DEVICE), labels.to(DEVICE)
            logits = model(images.flatten(1))
            total += loss_function(logits, labels).item() * len(labels)
            right += (logits.argmax(1) == labels).sum().item()
    return total / len(loader.dataset), right / len(loader.dataset)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=1, help="epochs in a run (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="runs, each with another seed (default: %(default)s)")
    parser.add_argument("--normalize", action="store_true", help="ToTensor and Normalize, not ToTensor alone")
    parser.add_argument("--threads", type=int, default=1, help="on the usual side, 0: torch's choice (default: 1)")
    parser.add_argument("--flush-both", action="store_true", help="flush denormal numbers on the usual side too")
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from grader.authoring.definitions import definitions
    from grader.kit.mnist import load_mnist

    threads = args.threads or torch.get_num_threads()  # before the unit is read, which sets 1
    unit, arrays = definitions(UNIT, device=lambda: DEVICE), load_mnist()
    as_bytes = [(255 * a).round().astype(np.uint8) if a.ndim == 3 else a for a in arrays]
    transform = Compose([ToTensor(), Normalize((MEAN,), (STD,))]) if args.normalize else ToTensor()
    train, test = MNIST(*as_bytes[:2], transform), MNIST(*as_bytes[2:], transform)
    X, y, X_test, y_test = unit["as_tensors"](*arrays)
    if args.normalize:
        X, X_test = (X - MEAN) / STD, (X_test - MEAN) / STD
    assert torch.equal(train[0][0].view(-1), X[0]), "the two sides must see the same pixels"

    def ours(model: nn.Module, optimizer: torch.optim.Optimizer, generator: torch.Generator) -> tuple[float, ...]:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        trained = unit["train_epoch"](model, X, y, optimizer, BATCH, generator)
        return *trained, *unit["evaluate"](model, X_test, y_test)

    def usual(model: nn.Module, optimizer: torch.optim.Optimizer, generator: torch.Generator) -> tuple[float, ...]:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(args.flush_both)
        order = torch.randperm(len(X), generator=generator).tolist()  # all that shuffle=True does
        trained = usual_train(model, DataLoader(train, batch_size=BATCH, sampler=order), optimizer)
        return *trained, *usual_test(model, DataLoader(test, batch_size=BATCH))

    data = "ToTensor, Normalize" if args.normalize else "ToTensor"
    zeros = "flushed to 0" if args.flush_both else "kept"
    print(f"torch {torch.__version__}, {len(X):,} images, {args.epochs} epochs.", end=" ")
    print(f"Usual side: {data}; {threads} threads; denormal numbers {zeros}")
    failed = False
    for name, batchnorm in (("plain", False), ("BN", True)):
        spent, last, numbers = {ours: [], usual: []}, {ours: [], usual: []}, {}
        for seed in range(args.repeats):
            runs = {}
            for side, adam in ((ours, partial(torch.optim.Adam, fused=True)), (usual, torch.optim.Adam)):
                torch.manual_seed(seed)
                model = unit["build_mlp"](batchnorm)
                optimizer = adam(model.parameters(), lr=RATE)
                runs[side] = model, optimizer, torch.Generator().manual_seed(seed)
            for _ in range(args.epochs):
                for side, run in runs.items():
                    start = perf_counter()
                    numbers[side] = side(*run)
                    spent[side].append(perf_counter() - start)
            for side in runs:
                last[side].append(numbers[side])
        ratios = [b / a for a, b in zip(spent[ours], spent[usual])]
        columns = [[mean(column) for column in zip(*last[side])] for side in (ours, usual)]
        gap = 100 * (columns[0][3] - columns[1][3])
        print(f"{name:6} seconds an epoch: ours {median(spent[ours]):.2f}, usual {median(spent[usual]):.2f}", end="   ")
        print(f"ratio {median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
        for side, row in zip(("ours", "usual"), columns):
            print(f"       {side:6} loss and accuracy: train {row[0]:.4f} {row[1]:.4f}, test {row[2]:.4f} {row[3]:.4f}")
        print(f"       test accuracy: {gap:+.2f} points (means of {args.repeats} seeds)")
        failed |= median(ratios) < 5 or abs(gap) > 0.3
    sys.exit(failed)


if __name__ == "__main__":
    main()
