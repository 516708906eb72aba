"""Unit 10 on planted answers: statistics known in closed form, and models that are as before after being probed."""

import copy
import os
import subprocess

import numpy as np
import pytest

from grader.authoring.definitions import definitions
from grader.paths import SOLUTIONS

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def unit():
    return definitions(SOLUTIONS / "10_when_it_fails.py")


def everything(model) -> dict:
    """All that a model is: parameters, buffers, modes, momenta, gradients."""
    state = {name: value.clone() for name, value in model.state_dict().items()}
    state |= {f"{name} trains": p.requires_grad for name, p in model.named_parameters()}
    state |= {f"{name} grad": None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()}
    for name, layer in model.named_modules():
        state[f"{name} mode"] = layer.training
        state[f"{name} momentum"] = getattr(layer, "momentum", "none")
    return state


def same(a: dict, b: dict) -> list:
    """The names of what differs."""
    assert a.keys() == b.keys()
    equal = lambda x, y: torch.equal(x, y) if isinstance(x, torch.Tensor) else x == y  # noqa: E731
    return [name for name in a if not equal(a[name], b[name])]


def batchnorm(mode: bool, D: int = 3):
    layer = torch.nn.BatchNorm1d(D, momentum=0.3).double().train(mode)
    with torch.no_grad():
        layer.running_mean.fill_(5), layer.running_var.fill_(7), layer.weight.fill_(2), layer.bias.fill_(-1)
    return layer


def test_merge_known_numbers(unit):
    # 1, 2, 3 and 10: mean 4, squared distances 9 + 4 + 1 + 36 = 50
    mean, var = unit["merge_statistics"](np.array([3, 1]), np.array([[2.0], [10.0]]), np.array([[2 / 3], [0.0]]))
    assert mean == pytest.approx([4]) and var == pytest.approx([12.5])


@pytest.mark.parametrize("counts", [(7,), (1, 6), (2, 2, 3), (1, 1, 1, 1, 3)])
def test_merge_any_split(unit, counts):
    x = np.random.default_rng(0).normal(50, 3, (7, 4))
    parts = np.split(x, np.cumsum(counts)[:-1])
    found = unit["merge_statistics"](
        np.array(counts), np.stack([p.mean(0) for p in parts]), np.stack([p.var(0) for p in parts])
    )
    assert np.allclose(found, (x.mean(0), x.var(0)), rtol=1e-12)


def test_recalibrate_known_numbers(unit):
    layer = batchnorm(True, 1)
    X = torch.tensor([1.0, 3, 5, 9, 100]).double()[:, None]  # batches 1, 3 and 5, 9; the 100 is left over
    unit["recalibrate"](layer, X, 2)
    assert layer.running_mean.item() == pytest.approx((2 + 7) / 2)
    assert layer.running_var.item() == pytest.approx((2 + 8) / 2)


@pytest.mark.parametrize("mode", [True, False])
def test_recalibrate_changes_statistics_only(unit, mode):
    net = torch.nn.Sequential(torch.nn.Linear(3, 3).double(), batchnorm(mode), torch.nn.Dropout(), batchnorm(not mode))
    before = everything(net)
    unit["recalibrate"](net, torch.randn(12, 3).double(), 4)
    changed = same(before, everything(net))
    assert {name.split(".")[-1] for name in changed} == {"running_mean", "running_var", "num_batches_tracked"}


def test_recalibrate_undoes_an_affine_shift(unit):
    """Behind a Linear, as in the unit: alpha x + delta in every input leaves the outputs as they were."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(20, 8), torch.nn.BatchNorm1d(8, eps=1e-12)).double()
    X = torch.rand(200, 20).double()
    right = unit["recalibrate"](net, X, 100).eval()(X)
    moved = 0.1 * X + 0.45
    assert (net(moved) - right).abs().max() > 1
    assert torch.allclose(unit["recalibrate"](net, moved, 100)(moved), right, atol=1e-6)


def test_freeze(unit):
    net = torch.nn.Sequential(torch.nn.Linear(3, 3).double(), batchnorm(True), torch.nn.Dropout())
    unit["freeze_batchnorm"](net)
    assert net.training and net[2].training and not net[1].training
    before = everything(net[1])
    net(torch.randn(4, 3).double()).sum().backward()
    assert same(before, everything(net[1])) == []
    assert net[0].weight.grad is not None


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("shape", [(4, 6), (1, 6), (2, 6, 5), (3, 6, 4, 2)])
def test_group_norm_is_pytorchs(unit, groups, shape):
    if groups == 6 and len(shape) == 2:
        pytest.skip("one number a group")
    x, gamma, beta = torch.randn(shape).double(), torch.randn(6).double(), torch.randn(6).double()
    theirs = torch.nn.functional.group_norm(x, groups, gamma, beta, 0.1)
    assert torch.allclose(unit["group_norm"](x, gamma, beta, groups, 0.1), theirs)


@pytest.mark.parametrize("mode", [True, False])
def test_probes_leave_the_network_as_it_was(unit, mode):
    net = unit["dense_net"]().train(mode)
    X, y = torch.rand(40, 784), torch.arange(40) % 10
    before = everything(net)
    unit["reading"](net, X, y, 10)
    unit["accumulated"](net, X, y, 4)
    assert same(before, everything(net)) == []


def test_reading_is_the_accuracy_in_each_mode(unit):
    net = unit["dense_net"]()
    X, y = torch.rand(40, 784), torch.arange(40) % 10
    with torch.no_grad():
        in_training = (copy.deepcopy(net).train()(X).argmax(1) == y).double().mean().item()
        in_evaluation = (copy.deepcopy(net).eval()(X).argmax(1) == y).double().mean().item()
    assert unit["reading"](net, X, y, 40) == pytest.approx((in_training, in_evaluation))


def test_accumulated_gradient_without_batchnorm_is_exact(unit):
    X, y = torch.rand(64, 784), torch.arange(64) % 10
    for norm, exact in ((torch.nn.LayerNorm, True), (torch.nn.BatchNorm1d, False)):
        net = unit["dense_net"](norm)
        whole, parts = (unit["accumulated"](net, X, y, k) for k in (1, 8))
        assert torch.allclose(whole, parts, atol=1e-5) == exact


def test_batches(unit):
    y, draw = torch.arange(1000) % 10, torch.Generator().manual_seed(0)
    for order in (unit["shuffled"], unit["by_file"]):
        batches = order(y, 30, draw)
        rows = torch.cat(batches)
        assert {len(b) for b in batches} == {30} and len(rows.unique()) == len(rows) > 800
    assert all(len((y[b] // 2).unique()) == 1 for b in batches)


def test_workers_normalize_their_own_share(unit):
    x = torch.randn(8, 3).double()
    layer = type("Two", (unit["Workers"],), {"K": 2})(3).double()
    apart = [torch.nn.BatchNorm1d(3).double()(half) for half in x.chunk(2)]
    assert torch.allclose(layer(x), torch.cat(apart))
    assert torch.allclose(unit["Workers"](3).double()(x), torch.nn.BatchNorm1d(3).double()(x))


def test_shifts_are_unit_01s(unit):
    first = definitions(SOLUTIONS / "01_covariate_shift.py")["shifts"]
    images = np.random.default_rng(0).random((3, 28, 28), dtype=np.float32)
    assert first.keys() == unit["shifts"].keys()
    for name, (shift, severities) in unit["shifts"].items():
        assert severities == first[name][1]
        assert all(np.array_equal(shift(images, s), first[name][0](images, s)) for s in severities)


def test_the_new_head_leaves_the_weights(unit):
    body = unit["dense_net"]()[:-1]
    weights = [p.detach().clone() for p in body.parameters()]
    watched = []
    unit["new_head"](body, torch.rand(60, 784), torch.arange(60) % 2, lambda b: b.train(), lambda: watched.append(1))
    assert len(watched) == 3 * (1000 // 60) and all(torch.equal(a, b) for a, b in zip(weights, body.parameters()))
    assert body[1].running_mean.abs().max() > 0


@pytest.mark.slow
def test_two_processes_agree_with_one_batch(unit):
    parts = unit["two_parts"](3)
    found, why = unit["two_workers"](parts)
    if found is None:
        pytest.skip(f"no two processes here: {why}")
    assert np.array_equal(found[0]["table"], found[1]["table"]), "both must have heard the same"
    gaps = unit["against_one_batch"](parts, found)
    assert gaps.keys() == {"mean", "var", "y", "dx"} and max(gaps.values()) < 1e-6


def test_no_processes(unit, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError("no processes here")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert unit["two_workers"](unit["two_parts"](0)) == (None, "PermissionError")


@pytest.mark.slow
def test_processes_that_fail_or_hang_are_reported_and_ended(unit, monkeypatch):
    started, popen = [], subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1])
    monkeypatch.setitem(unit, "WORKER", "raise SystemExit(3)")
    assert unit["two_workers"](unit["two_parts"](0)) == (None, "a process stopped with an error")
    monkeypatch.setitem(unit, "WORKER", "import time; time.sleep(60)")
    found, why = unit["two_workers"](unit["two_parts"](0), seconds=1)
    assert found is None and "1 s" in why
    for process in started:
        process.wait(timeout=10)
        assert not os.path.exists(f"/proc/{process.pid}") or process.returncode is not None
