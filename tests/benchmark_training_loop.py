"""Experiment A's training (unit 07) against the usual per-image loop, as a ratio: a benchmark, not a test.

    MNIST_DIR=../shared/mnist python tests/benchmark_training_loop.py [--epochs 1] [--repeats 3] [--threads 1]

Ours is the unit's own source (build_mlp, train_epoch, evaluate; whole data sets as tensors, batches by slicing), so it
cannot drift from what learners run. The usual side is what most tutorials show: a Dataset that makes a PIL image of
each digit and transforms it, a DataLoader in this process that stacks 32 of them, `.item()` at each step, and
torch.optim.Adam's defaults. torchvision is no dependency of the course, so its MNIST's `__getitem__` and its ToTensor
are written out here, call by call. Both sides do the same work: the same two nets from the same initial weights, the
same batches of 32 in the same order, Adam at 0.01, a test on all 10,000 images after each epoch. Ours sets two switches
that the usual loop does not: Adam's `fused`, and torch.set_flush_denormal, as the unit's first cell does. With
--flush-both the usual side gets the second one as well.
Epochs of the two sides alternate, so that a busy machine slows both. Exits with 1 where ours is less than 5 times as
fast, or an accuracy (mean of the repeats) differs by more than 0.3 points.
"""

import argparse
import sys
from pathlib import Path
from statistics import mean, median
from time import perf_counter

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "solutions" / "07_pytorch_mnist.py"
BATCH, RATE = 32, 0.01


class Digits(Dataset):
    """torchvision.datasets.MNIST with transform=ToTensor(), from arrays of bytes."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = torch.from_numpy(images), torch.from_numpy(labels)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image, label = Image.fromarray(self.images[index].numpy()), int(self.labels[index])
        pixels = torch.from_numpy(np.array(image, np.uint8, copy=True))  # from here on ToTensor
        pixels = pixels.view(image.size[1], image.size[0], 1).permute((2, 0, 1)).contiguous()
        return pixels.to(dtype=torch.get_default_dtype()).div(255), label


def usual_epoch(model: nn.Module, train: Digits, test: Digits, optimizer, order: torch.Tensor) -> float:
    """Train for one epoch in a given order, then test. Returns the test accuracy."""
    loss_function, running = nn.CrossEntropyLoss(), 0.0
    model.train()
    for images, labels in DataLoader(train, batch_size=BATCH, sampler=order.tolist()):
        optimizer.zero_grad()
        loss = loss_function(model(images.view(-1, 784)), labels)
        loss.backward()
        optimizer.step()
        running += loss.item()
    model.eval()
    right = 0
    with torch.no_grad():
        for images, labels in DataLoader(test, batch_size=BATCH):
            right += (model(images.view(-1, 784)).argmax(dim=1) == labels).sum().item()
    return right / len(test)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=1, help="epochs in a run (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="runs, each with another seed (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch, for both sides (default: %(default)s)")
    parser.add_argument("--flush-both", action="store_true", help="flush denormal numbers on the usual side too")
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from grader.definitions import definitions
    from grader.mnist import load_mnist

    unit, arrays = definitions(UNIT, device=lambda: torch.device("cpu")), load_mnist()
    torch.set_num_threads(args.threads)
    as_bytes = [(255 * a).round().astype(np.uint8) if a.ndim == 3 else a for a in arrays]
    train, test = Digits(*as_bytes[:2]), Digits(*as_bytes[2:])
    X, y, X_test, y_test = unit["as_tensors"](*arrays)
    assert torch.equal(train[0][0].view(-1), X[0]), "the two sides must see the same pixels"
    flushed = "both sides" if args.flush_both else "ours only"
    print(f"torch {torch.__version__}, {args.threads} threads, {len(X):,} images, {args.epochs} epochs,", end=" ")
    print(f"denormal numbers flushed to 0: {flushed}")
    failed = False
    for name, batchnorm in (("plain", False), ("BN", True)):
        spent, accuracy = {"ours": [], "usual": []}, {"ours": [], "usual": []}
        for seed in range(args.repeats):
            models, optimizers = {}, {}
            for side, options in (("ours", {"fused": True}), ("usual", {})):
                torch.manual_seed(seed)
                models[side] = unit["build_mlp"](batchnorm)
                optimizers[side] = torch.optim.Adam(models[side].parameters(), lr=RATE, **options)
            orders = {side: torch.Generator().manual_seed(seed) for side in models}
            for _ in range(args.epochs):
                torch.set_flush_denormal(True)
                start = perf_counter()
                unit["train_epoch"](models["ours"], X, y, optimizers["ours"], BATCH, orders["ours"])
                right = unit["evaluate"](models["ours"], X_test, y_test)[1]
                middle = perf_counter()
                torch.set_flush_denormal(args.flush_both)
                order = torch.randperm(len(X), generator=orders["usual"])
                right_usual = usual_epoch(models["usual"], train, test, optimizers["usual"], order)
                spent["ours"].append(middle - start), spent["usual"].append(perf_counter() - middle)
            accuracy["ours"].append(right), accuracy["usual"].append(right_usual)
        ratios = [b / a for a, b in zip(spent["ours"], spent["usual"])]
        gap = 100 * (mean(accuracy["ours"]) - mean(accuracy["usual"]))
        print(
            f"{name:6} seconds an epoch: ours {median(spent['ours']):.2f}, usual {median(spent['usual']):.2f}   ",
            end="",
        )
        print(f"ratio {median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
        print(f"       test accuracy: ours {mean(accuracy['ours']):.4f}, usual {mean(accuracy['usual']):.4f}, ", end="")
        print(f"{gap:+.2f} points (mean of {args.repeats} seeds)")
        failed |= median(ratios) < 5 or abs(gap) > 0.3
    sys.exit(failed)


if __name__ == "__main__":
    main()
