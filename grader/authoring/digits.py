"""The small set of digits, packed: what notebooks carry for learners who have neither MNIST nor a network.

    python -m grader.authoring.digits      # makes data/digits.b85 anew from data/digits.npz

Of the original's 1,797 images it has 174 of each digit, 145 of them to train on. The grey levels are 5 instead of 17,
and the images of a digit are put in an order in which neighbours are alike. Then the values of one pixel, image after
image, are long runs of the same level. A byte is a run: 5 · its length + the step (modulo 5) from the level before it.
The rest is zlib's work. grader/kit/mnist.py unpacks this.

The packed file is kept, and not made at every build: one zlib packs better than another, and notebooks must not differ.
"""

import base64
import zlib

import numpy as np

from grader.paths import DATA

SOURCE, PACKED = DATA / "digits.npz", DATA / "digits.b85"
TRAIN, TEST = 145, 29  # images of each digit
LEVELS, STEP = 5, 4  # grey levels: 0, 4, 8, 12, 16 of the original's 0 to 16
CHANGE = 6  # the squared error that is accepted to save a change of level from one image to the next
LONGEST = 255 // LEVELS - 1  # run in a byte


def packed_digits() -> str:
    """The small set as text, for the setup cell."""
    return PACKED.read_text(encoding="ascii").strip()


def pack() -> str:
    """Make that text from the original."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_FILTERED)  # 8% less than zlib.compress
    return base64.b85encode(deflate.compress(runs(all_levels())) + deflate.flush()).decode()


def all_levels() -> np.ndarray:
    """The levels, (8 columns, 8 rows, 10 digits, 174 images): of each digit first those to train on.

    Every sixth image of a digit is for tests. The two parts are ordered and smoothed apart: neither knows the other.
    """
    with np.load(SOURCE) as file:
        images, labels = file["images"].astype(int), file["labels"]
    digits = []
    for digit in range(10):
        own = images[labels == digit][: TRAIN + TEST]
        test = np.arange(TRAIN + TEST) % 6 == 0
        digits.append(np.concatenate([smoothed(part[order(part)]) for part in (own[~test], own[test])]))
    return np.array(digits).transpose(3, 2, 0, 1)


def order(images: np.ndarray) -> np.ndarray:
    """An order in which neighbours are alike: the nearest next, then turned round piece by piece while that helps."""
    away = abs(images[:, None] - images).sum((2, 3))
    path, free = [0], set(range(1, len(images)))
    while free:
        path.append(min(free, key=lambda other: (away[path[-1], other], other)))
        free.remove(path[-1])
    tour, better = np.array(path), True
    while better:
        better = False
        for i in range(len(tour) - 3):
            j = np.arange(i + 2, len(tour) - 1)  # the piece after i, up to j, can be turned round
            here, there, after = tour[i], tour[j], tour[j + 1]
            gain = away[here, tour[i + 1]] + away[there, after] - away[here, there] - away[tour[i + 1], after]
            if gain.max() > 0:
                end = j[gain.argmax()] + 1
                tour[i + 1 : end] = tour[i + 1 : end][::-1].copy()
                better = True
    return tour


def smoothed(images: np.ndarray) -> np.ndarray:
    """The levels of images in their order, with the least sum of squared errors and CHANGE for every change.

    Exact, by dynamic programming, for each pixel on its own: a value halfway between two levels takes its neighbour's,
    and a step up to the next level and straight back again is left out.
    """
    errors = (images[..., None] - STEP * np.arange(LEVELS)) ** 2
    cost, origins = errors[0], []
    for error in errors[1:]:
        change = cost.min(-1, keepdims=True) + CHANGE
        origins.append(np.where(cost <= change, np.arange(LEVELS), cost.argmin(-1)[..., None]))
        cost = np.minimum(cost, change) + error
    levels = [cost.argmin(-1)]
    for origin in reversed(origins):
        levels.append(np.take_along_axis(origin, levels[-1][..., None], -1)[..., 0])
    return np.array(levels[::-1])


def runs(levels: np.ndarray) -> bytes:
    """An array as runs of equal levels, a byte each."""
    flat = levels.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=-1))
    packed, before = bytearray(), 0
    for start, end in zip(starts, [*starts[1:], len(flat)]):
        for piece in range(start, end, LONGEST):
            packed.append(LEVELS * min(LONGEST, end - piece) + (flat[start] - before) % LEVELS)
            before = flat[start]
    return bytes(packed)


if __name__ == "__main__":
    PACKED.write_text(pack() + "\n", encoding="ascii")
