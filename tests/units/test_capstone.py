"""Unit 11: the loader of CIFAR-10's binary files, the verdict's rule, the networks' sizes, the script's records."""

import hashlib
import importlib.util
import io
import json
import tarfile
from argparse import Namespace
from itertools import pairwise

import numpy as np
import pytest

from grader.authoring.definitions import definitions
from grader.authoring.unit import read_unit
from grader.paths import DATA, SOLUTIONS

torch = pytest.importorskip("torch")
SOURCE = SOLUTIONS / "11_capstone_cifar10.py"
NAMES = [*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"]
RECORDS = 3  # in each made-up file


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


def made_up(k):
    """A small file in CIFAR-10's format: records whose red is 10·k + n, green 100, blue its column."""
    records = [
        bytes([(k + n) % 10, *[10 * k + n] * 1024, *[100] * 1024, *(np.arange(1024) % 32).tolist()])
        for n in range(RECORDS)
    ]
    return b"".join(records)


FILES = {name: made_up(k) for k, name in enumerate(NAMES)}


def archive(files=FILES):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, raw in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
    return packed.getvalue()


ARCHIVE = archive()


@pytest.fixture
def here(tmp_path, monkeypatch, unit):
    """An empty folder that CIFAR10_DIR names, another as the current one, and the made-up files' checksums."""
    (tmp_path / "cwd").mkdir()
    (tmp_path / "cifar").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path / "cifar"))
    monkeypatch.setitem(unit, "CIFAR10_RECORDS", RECORDS)
    monkeypatch.setitem(unit, "CIFAR10_SHA1", {name: hashlib.sha1(raw).hexdigest() for name, raw in FILES.items()})
    about = {"name": "cifar-10-binary.tar.gz", "bytes": len(ARCHIVE), "md5": hashlib.md5(ARCHIVE).hexdigest()}
    monkeypatch.setitem(unit, "CIFAR10_ARCHIVE", about)
    return tmp_path / "cifar"


def fill(folder, files=FILES):
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)


def flipped(raw):
    return raw[:-1] + bytes([raw[-1] ^ 1])


def right(arrays):
    X_train, y_train, X_test, y_test = arrays
    assert X_train.shape == (5 * RECORDS, 3, 32, 32) and X_test.shape == (RECORDS, 3, 32, 32)
    assert X_train.dtype == X_test.dtype == np.uint8 and y_train.dtype == y_test.dtype == np.int64
    assert X_train[:, 0, 5, 7].tolist() == [10 * k + n for k in range(5) for n in range(RECORDS)]
    assert (X_train[:, 1] == 100).all() and (X_train[3, 2, 9] == np.arange(32)).all()
    assert y_train.tolist() == [(k + n) % 10 for k in range(5) for n in range(RECORDS)]
    assert y_test.tolist() == [5, 6, 7] and X_test[0, 0, 0, 0] == 50


def test_six_files(unit, here):
    fill(here)
    right(unit["load_cifar10"]())


def test_unpacked_beside_the_archive(unit, here):
    fill(here / "cifar-10-batches-bin")
    fill(here, {"cifar-10-binary.tar.gz": b"broken"})
    right(unit["load_cifar10"]())


def test_archive(unit, here):
    fill(here, {"cifar-10-binary.tar.gz": ARCHIVE})
    right(unit["load_cifar10"]())


def test_found_above_the_current_directory(unit, here, monkeypatch):
    monkeypatch.delenv("CIFAR10_DIR")
    fill(here.parent / "data" / "cifar10")
    right(unit["load_cifar10"]())


NAME = "data_batch_3.bin"
PAGE = b"<!DOCTYPE html><html>Please log in.</html>"


@pytest.mark.parametrize(
    "files, said",
    [
        ({}, "CIFAR-10 is not here"),
        ({**FILES, NAME: FILES[NAME][:-1000]}, "data_batch_3.bin is truncated: 8,219 of 9,219 bytes"),
        ({**FILES, NAME: b""}, "data_batch_3.bin is truncated: 0 of 9,219 bytes"),
        ({**FILES, NAME: FILES[NAME] + b"x"}, "data_batch_3.bin is too long"),
        ({**FILES, NAME: flipped(FILES[NAME])}, "data_batch_3.bin is damaged: its SHA1 checksum"),
        ({**FILES, NAME: PAGE}, "data_batch_3.bin is a web page"),
        ({k: v for k, v in FILES.items() if k != NAME}, "data_batch_3.bin is missing: only 5 of the 6"),
        ({"test_batch.bin": FILES["test_batch.bin"]}, "data_batch_1.bin is missing: only 1 of the 6"),
        ({"cifar-10-binary.tar.gz": ARCHIVE[:-9]}, "cifar-10-binary.tar.gz is truncated"),
        ({"cifar-10-binary.tar.gz": flipped(ARCHIVE)}, "cifar-10-binary.tar.gz is damaged: its MD5 checksum"),
        ({"cifar-10-binary.tar.gz": PAGE}, "cifar-10-binary.tar.gz is a web page"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_clear_line(unit, here, files, said):
    fill(here, files)
    with pytest.raises((FileNotFoundError, ValueError)) as caught:
        unit["load_cifar10"]()
    message = str(caught.value)
    assert message.startswith(said) and "\n" not in message and str(here) not in message


def test_the_official_sizes(unit):
    assert unit["CIFAR10_RECORDS"] * 3073 == 30_730_000
    assert unit["CIFAR10_ARCHIVE"]["md5"] == "c32a1d4ab5d03f1284b67883e8d87530"
    assert list(unit["CIFAR10_SHA1"]) == NAMES and all(len(v) == 40 for v in unit["CIFAR10_SHA1"].values())


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

    def small_run(net, arm, seed, data, lr=0.01):
        calls.append((net, arm, seed, lr))
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
    assert len(kept["small"]["vgg11"]["He, 0.03"]) == 2


def test_full_runs_refuse_without_a_gpu(script, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("sys.argv", ["script", "vgg11"])
    with pytest.raises(SystemExit, match="need a GPU"):
        script.main()
