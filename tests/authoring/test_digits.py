"""The small set of digits is made of the original's, and packed into a few kilobytes."""

import base64
import hashlib
import itertools
import zlib

import numpy as np
import pytest

from grader.authoring import digits
from grader.authoring.digits import CHANGE, LONGEST, PACKED, SOURCE, STEP, order, packed_digits, runs, smoothed
from grader.authoring.setup import literal
from grader.paths import DATA


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    with np.load(SOURCE) as arrays:
        return arrays["images"].astype(int)


@pytest.fixture(scope="module")
def levels() -> np.ndarray:
    return digits.all_levels()


def test_the_original_is_the_one_described():
    assert hashlib.sha256(SOURCE.read_bytes()).hexdigest() in (DATA / "README.md").read_text("utf-8")
    with np.load(SOURCE) as arrays:
        assert arrays["images"].shape == (1797, 8, 8) and arrays["images"].dtype == np.uint8
        assert arrays["images"].max() == 16 and arrays["labels"].shape == (1797,)


@pytest.mark.slow
def test_the_packed_digits_are_what_the_original_gives(levels, monkeypatch):
    """Compared unpacked: another zlib may pack to other bytes."""
    monkeypatch.setattr(digits, "all_levels", lambda: levels)  # which takes a second
    mine, kept = (zlib.decompress(base64.b85decode(text)) for text in (digits.pack(), packed_digits()))
    assert mine == kept
    assert len(literal("DIGITS = ", packed_digits())) <= 18_000  # of which every notebook with MNIST has a copy


@pytest.mark.slow
def test_the_packed_digits_are_near_the_original(levels, images):
    with np.load(SOURCE) as arrays:
        labels = arrays["labels"]
    small = levels.transpose(2, 3, 1, 0) * STEP
    assert small.shape == (10, 174, 8, 8)
    for digit, mine in enumerate(small):
        away = max(abs(images[labels == digit] - image).max((1, 2)).min() for image in mine)
        assert away <= 3  # of 16


def test_the_text_is_read_without_the_end_of_its_line():
    assert packed_digits() + "\n" == PACKED.read_text(encoding="ascii")


def test_the_order_of_digits_is_one(images):
    tour = order(images[:60])
    assert sorted(tour) == list(range(60))
    assert abs(np.diff(images[tour], axis=0)).sum() < 0.8 * abs(np.diff(images[:60], axis=0)).sum()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_order_of_few(count, images):
    assert sorted(order(images[:count])) == list(range(count))


@pytest.mark.parametrize("seed", range(5))
def test_smoothing_is_the_best_there_is(seed):
    values = np.random.RandomState(seed).randint(0, 17, 5)
    paths = np.array(list(itertools.product(range(5), repeat=5)))
    costs = ((4 * paths - values) ** 2).sum(1) + CHANGE * (np.diff(paths) != 0).sum(1)
    mine = smoothed(values.reshape(5, 1, 1)).ravel()
    assert costs[(paths == mine).all(1)] == costs.min()


def test_pixels_are_smoothed_each_on_its_own():
    one = np.array([16, 0, 0, 6, 8]).reshape(5, 1, 1)
    both = smoothed(np.concatenate([one, one[::-1]], axis=2))
    assert (both[..., :1] == smoothed(one)).all() and (both[..., 1:] == smoothed(one[::-1])).all()


@pytest.mark.parametrize(
    ("levels", "packed"),
    [
        ([[2, 2], [2, 0]], [3 * 5 + 2, 1 * 5 + 3]),
        ([4, 0], [1 * 5 + 4, 1 * 5 + 1]),
        ([0] * LONGEST, [LONGEST * 5]),
        ([0] * 120, [50 * 5, 50 * 5, 20 * 5]),
        ([3] * (LONGEST + 1), [LONGEST * 5 + 3, 1 * 5]),
        ([], []),
    ],
)
def test_runs_of_equal_levels_are_a_byte_each(levels, packed):
    assert runs(np.array(levels, int)) == bytes(packed)
