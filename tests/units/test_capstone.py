"""Unit 11: the verdict's rule, the networks' sizes, the script's records."""

import builtins
import importlib.util
import json
from argparse import Namespace
from itertools import pairwise

import numpy as np
import pytest

from grader.authoring.definitions import definitions
from grader.authoring.unit import read_unit
from grader.paths import DATA, SOLUTIONS

torch = pytest.importorskip("torch")
SOURCE = SOLUTIONS / "11_capstone_cifar10.py"


@pytest.fixture(scope="module")
def unit():
    names = definitions(SOURCE, device=lambda: torch.device("cpu"), check=lambda *args, **options: None)
    for cell in read_unit(SOURCE).cells:
        if cell.id == "verdict.numbers":
            exec(cell.source, names)
    return names


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("capstone_script", DATA / "results" / SOURCE.name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_painted_digits_and_standardization(unit):
    digits = np.random.RandomState(0).uniform(0, 1, (50, 28, 28)).astype("f4")
    painted = unit["paint"](digits, 0)
    assert painted.shape == (50, 3, 32, 32) and painted.dtype == np.float32
    assert np.array_equal(painted, unit["paint"](digits, 0)) and not np.array_equal(painted, unit["paint"](digits, 1))
    X, _, X_test, _ = unit["standardized"](painted, np.arange(50), 2 * painted, np.arange(50))
    assert torch.allclose(X.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(X.std((0, 2, 3)), torch.ones(3), atol=1e-3)
    assert X_test.std() > 1.5, "the test images are to be standardized with the training images' numbers"


def test_known_sizes(unit):
    """VGG-11 by hand; ResNet-50 with a 3×3 stem and ten classes, known from other implementations."""
    channels = [3, 64, 128, 256, 256, 512, 512, 512, 512]
    filters = sum(9 * a * b for a, b in pairwise(channels))
    with torch.device("meta"):
        for batchnorm, per_channel in ((False, 1), (True, 2)):
            total, in_bn = unit["count_parameters"](unit["make_vgg11"](batchnorm))
            assert total == filters + per_channel * sum(channels[1:]) + 512 * 10 + 10
            assert in_bn == 2 * sum(channels[1:]) * batchnorm
        assert unit["count_parameters"](unit["make_resnet50"](True))[0] == 23_520_842


def test_the_checks_rule_is_the_exercises_rule(unit):
    """`judged`, which learners can read, and the reference `compare` never disagree."""
    random, seen = np.random.RandomState(0), set()
    for _ in range(300):
        ends = {name: random.normal(mean, 0.03, random.randint(1, 5)).round(4) for name, mean in
                (("plain", 0.5), ("He", 0.5), ("BN", random.uniform(0.4, 0.6)))}  # fmt: skip
        text = " | ".join(f"{name}: {' '.join(f'{v:.4f}' for v in values)}" for name, values in ends.items())
        said = unit["compare"]({"BN": ends["BN"][:, None], "plain": ends["He"][:, None]})["verdict"]
        said = said.replace("plain", "He")
        assert [c for c in ("BN", "He", "inconclusive") if unit["judged"](text, "He", c) == "borne out"] == [said]
        seen.add(said)
    assert seen == {"BN", "He", "inconclusive"}


def test_evaluation_leaves_the_model_as_it_was(unit):
    model = unit["make_vgg11"](True, 2)
    before = [value.clone() for value in model.state_dict().values()]
    unit["accuracy"](model, torch.randn(7, 3, 32, 32), torch.zeros(7, dtype=torch.int64))
    assert model.training and all(map(torch.equal, before, model.state_dict().values()))


def test_training_repeats_and_leaves_out_the_short_batch(unit):
    X, y = torch.randn(70, 3, 32, 32), torch.arange(70) % 10
    rows, sizes = [], []
    for _ in range(2):
        torch.manual_seed(1)
        model = unit["make_vgg11"](True, 1)
        model[0].register_forward_hook(lambda layer, x, y: sizes.append(len(x[0])) if layer.training else None)
        rows.append(unit["train"](model, (X, y, X[:9], y[:9]), 0, steps=6, every=3, batch_size=16))
    assert np.array_equal(*rows) and rows[0].shape == (2, 2) and set(sizes) == {16}


def test_full_runs_are_as_long_as_said(unit, monkeypatch):
    asked = []
    monkeypatch.setitem(unit, "make_net", lambda net, arm, width: torch.nn.Linear(width, 1))
    monkeypatch.setitem(unit, "train", lambda model, data, seed, *args, **options: asked.append((*args, options)))
    for net in ("vgg11", "resnet50"):
        unit["full_run"](net, "BN", 0, (torch.zeros(50_000), 0, 0, 0))
    assert asked == [(50 * 390, 390, {"batch_size": 128}), (20 * 390, 390, {"batch_size": 128})]


def test_script_stores_each_run_and_resumes(script, tmp_path):
    calls = []

    def small_run(net, arm, seed, data, **options):
        calls.append((net, arm, seed, *sorted(options.items())))
        if len(calls) == 5:
            raise KeyboardInterrupt
        return np.array([[np.nan, 0.1], [1.0, 0.5]])

    unit, args = {"small_run": small_run, "full_run": None}, Namespace(seeds=2, hardware="a test")
    with pytest.raises(KeyboardInterrupt):
        script.measure("small", unit, "made-up images", None, args, tmp_path)
    script.measure("small", unit, "made-up images", None, args, tmp_path)
    record = json.loads((tmp_path / "11_small.json").read_text(encoding="utf-8"))
    assert len(calls) == len(set(calls)) + 1 == len(record["results"]) + 1
    assert record["data"] == "made-up images" and record["seeds"] == [0, 1]
    assert all(rows == [[None, 0.1], [1.0, 0.5]] for rows in record["results"].values())
    kept = json.loads(script.stored(tmp_path))
    assert kept["vgg11"] is None and kept["resnet50"] is None, "what was not run is null"
    assert len(kept["small"]["vgg11"]["He, 0.03"]) == len(kept["small"]["vgg11"]["BN, longer"]) == 2


@pytest.mark.slow
def test_longer_runs_begin_as_short_ones(unit, monkeypatch):
    monkeypatch.setitem(unit, "SMALL", {"vgg11": (1, 8)})
    data = unit["standardized"](np.random.RandomState(0).randint(0, 256, (64, 3, 32, 32)), np.arange(64) % 10,
                                np.zeros((9, 3, 32, 32)), np.zeros(9, int))  # fmt: skip
    short, longer = (unit["small_run"]("vgg11", "BN", 0, data, longer=n) for n in (1, 2))
    assert short.shape == longer.shape == (8, 2)
    assert np.allclose(short[:, 0].reshape(4, 2).mean(1), longer[:4, 0], rtol=1e-5)


@pytest.mark.parametrize(
    "cell, typed",
    [
        ('my_numbers = "plain: 0.1 0.2 | He: 0.2 0.3"', True),
        ('my_numbers = ("plain: 0.1 "\n    "0.2")', True),
        ('my_numbers = " | ".join(f"{arm}: {rows}" for arm, rows in live.items())', False),
        ('my_numbers = f"plain: {live}"', False),
        ("my_numbers = line", False),
        ("my_numbers = ...", True),
        ("%%time\nmy_numbers = line", True),
        ("my_numbers = = 3", True),
    ],
)
def test_what_is_computed_is_told_from_what_is_typed(unit, monkeypatch, cell, typed):
    monkeypatch.setattr(
        builtins, "get_ipython", lambda: Namespace(user_ns={"In": ["x = 1", cell, "y = 2"]}), raising=False
    )
    assert unit["typed"]("my_numbers") is typed
    monkeypatch.delattr(builtins, "get_ipython")
    assert unit["typed"]("my_numbers") is True


@pytest.mark.slow
def test_words_over_and_over_are_no_verdict(unit):
    for cell in read_unit(SOURCE).cells:
        if cell.id == "verdict.words":
            exec(cell.source, unit)
    assert unit["worded"]("seed " * 25) == "the same few words" and unit["worded"]("seed") == "too short"
    assert unit["worded"](unit["my_words"]) == "a verdict in words"


def test_full_runs_refuse_without_a_gpu(script, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("sys.argv", ["script", "vgg11"])
    with pytest.raises(SystemExit, match="need a GPU"):
        script.main()
