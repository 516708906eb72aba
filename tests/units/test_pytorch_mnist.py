"""Unit 07's experiments: one seed is one run, the rate is the caller's, and what is stored is what is told of."""

import json

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

from grader.authoring.definitions import definitions  # noqa: E402
from grader.paths import DATA, SOLUTIONS  # noqa: E402


@pytest.fixture(scope="module")
def unit():
    return definitions(SOLUTIONS / "07_pytorch_mnist.py", device=lambda: torch.device("cpu"))


@pytest.fixture(scope="module")
def data(unit):
    """96 random images to train on, 40 to test."""
    random = np.random.RandomState(0)
    images = [random.uniform(0, 1, (n, 28, 28)).astype("f4") for n in (96, 40)]
    labels = [random.randint(0, 10, n) for n in (96, 40)]
    return unit["as_tensors"](images[0], labels[0], images[1], labels[1])


@pytest.mark.slow
def test_experiment_a_repeats_itself_and_heeds_the_rate(unit, data):
    once, again, faster = (unit["experiment_a"](True, 0, data, lr=lr, epochs=2) for lr in (0.001, 0.001, 0.01))
    assert once.shape == (2, 4)
    np.testing.assert_array_equal(once, again)
    assert abs(once[-1, 2] - faster[-1, 2]) > 1e-3


def test_experiment_b_heeds_the_rate(unit, data):
    slow, fast = (unit["experiment_b"](True, 0, unit["black_or_white"](data), 4, 2, lr=lr) for lr in (0.1, 0.5))
    assert slow[0].tolist() == [0, 2, 4] and slow[2].shape == (3, 3)
    np.testing.assert_array_equal(slow[2][0], fast[2][0])  # the same initial weights
    assert not np.array_equal(slow[2][-1], fast[2][-1])


def test_what_was_run():
    """Three seeds, three rates of experiment A, both rates of experiment B."""
    a, b, b_05 = (json.loads((DATA / "results" / f"07_{name}.json").read_text()) for name in ("a", "b", "b_05"))
    assert list(a["results"]["runs"]) == ["0.001", "0.003", "0.01"]
    assert {np.shape(runs) for nets in a["results"]["runs"].values() for runs in nets.values()} == {(3, 10, 4)}
    for record, steps in ((b, 50_000), (b_05, 10_000)):
        assert record["results"]["steps"][-1] == steps
        assert [len(runs) for runs in record["results"]["runs"].values()] == [3, 3]
