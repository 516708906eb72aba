"""Unit 09's functions on problems whose answers are known in closed form, and its probes' promise to leave no trace."""

import copy
import sys

import numpy as np
import pytest
import torch
from torch import nn

from grader.authoring.definitions import definitions
from grader.paths import DATA, unit_sources

SOURCE = next(s for s in unit_sources() if s.stem == "09_why_it_works")


@pytest.fixture(scope="module")
def unit() -> dict:
    return definitions(SOURCE, device=lambda: torch.device("cpu"), check=lambda *args, **kwargs: None)


def linear(*matrices) -> nn.Sequential:
    """A net of linear layers without biases that holds the given matrices, first layer first, in float64."""
    model = nn.Sequential(*(nn.Linear(m.shape[1], m.shape[0], bias=False) for m in matrices)).double()
    for layer, matrix in zip(model, matrices):
        layer.weight.data.copy_(torch.from_numpy(matrix))
    return model


def test_beta_of_a_round_bowl_is_its_curvature(unit):
    """L(w) = ‖Xw − y‖² with XᵀX = c·I has the Hessian 2c·I: β is 2c along every walk, of any length, from anywhere."""
    rng, c = np.random.RandomState(0), 3.7
    X = np.linalg.qr(rng.normal(size=(9, 4)))[0] * np.sqrt(c)
    batch = torch.from_numpy(X), torch.from_numpy(rng.normal(size=(9, 1)))
    for steps in ([0.01], [0.5, 1, 2], np.geomspace(1e-4, 10, 7)):
        model = linear(rng.normal(size=(1, 4)))
        (gradient,) = torch.autograd.grad(unit["loss_of"](model, batch), list(model.parameters()))
        _, distances = unit["walk_gradient"](model, batch, steps)
        assert unit["beta_smoothness"](steps, distances, gradient.norm().item()) == pytest.approx(2 * c, rel=1e-9)


def test_a_walk_on_a_long_valley(unit):
    """On L = wᵀHw/2 + …: the loss along the walk is a parabola, and the gradient changes by η·‖Hg‖."""
    rng = np.random.RandomState(1)
    X, y, w = rng.normal(size=(8, 3)) * [1, 5, 20], rng.normal(size=(8, 1)), rng.normal(size=(1, 3))
    g, H = 2 * X.T @ (X @ w.T - y), 2 * X.T @ X
    steps = np.array([1e-4, 5e-4, 3e-3])
    losses, distances = unit["walk_gradient"](linear(w), (torch.from_numpy(X), torch.from_numpy(y)), steps)
    expected = [np.sum((X @ (w.T - step * g) - y) ** 2) for step in steps]
    np.testing.assert_allclose(losses, expected, rtol=1e-10)
    np.testing.assert_allclose(distances, steps * np.linalg.norm(H @ g), rtol=1e-9)
    beta = unit["beta_smoothness"](steps, distances, np.linalg.norm(g))
    largest = np.linalg.eigvalsh(H)[-1]
    assert beta == pytest.approx(np.linalg.norm(H @ g) / np.linalg.norm(g), rel=1e-9)
    assert beta < largest, "along one line β can be no larger than the largest curvature"


def test_ics_of_a_linear_net(unit):
    """Two linear layers, ‖XW₁ᵀW₂ᵀ − Y‖²: both gradients of W₂ in closed form."""
    rng, lr = np.random.RandomState(2), 0.003
    X, Y, W1, W2 = (rng.normal(size=shape) for shape in ((6, 3), (6, 2), (4, 3), (2, 4)))

    def gradients(W1, W2):
        error = 2 * (X @ W1.T @ W2.T - Y)
        return (error @ W2).T @ X, error.T @ (X @ W1.T)

    g1, G = gradients(W1, W2)
    G_new = gradients(W1 - lr * g1, W2)[1]
    distance, cosine = unit["ics"](linear(W1, W2), 1, (torch.from_numpy(X), torch.from_numpy(Y)), lr)
    assert distance == pytest.approx(np.linalg.norm(G - G_new), rel=1e-10)
    assert cosine == pytest.approx(np.sum(G * G_new) / np.linalg.norm(G) / np.linalg.norm(G_new), rel=1e-10)


def test_nothing_in_front_is_no_shift(unit):
    rng = np.random.RandomState(3)
    batch = torch.from_numpy(rng.normal(size=(5, 3))), torch.from_numpy(rng.normal(size=(5, 2)))
    distance, cosine = unit["ics"](linear(rng.normal(size=(4, 3)), rng.normal(size=(2, 4))), 0, batch, 0.1)
    assert distance == 0 and cosine == pytest.approx(1)


def test_noise_has_the_papers_distributions(unit):
    """Of a = 0 the result is m, of a = 1 it is m + s: mean and width by unit, and their ranges over units."""
    rng = np.random.RandomState(4)
    m = unit["noisy_batchnorm"](torch.zeros(2000, 300, dtype=torch.float64), rng).numpy()
    assert -0.52 < m.mean(0).min() < -0.45 and 0.45 < m.mean(0).max() < 0.52
    assert np.abs(m - m.mean(0)).max() < 0.11
    np.testing.assert_allclose(m.std(0), 0.2 / np.sqrt(12), rtol=0.1)
    large = torch.full((2000, 300), 1e6, dtype=torch.float64)
    s = unit["noisy_batchnorm"](large, rng).numpy() / 1e6
    assert 0.99 < s.mean(0).min() < 1.02 and 1.23 < s.mean(0).max() < 1.26
    np.testing.assert_allclose(s.std(0), 0.1, rtol=0.1)


def test_noise_is_one_draw_a_channel(unit):
    """Of images: the mean over samples, height and width differs between channels, that of places does not."""
    m = unit["noisy_batchnorm"](torch.zeros(200, 40, 3, 5, dtype=torch.float64), np.random.RandomState(8)).numpy()
    assert m.mean((0, 2, 3)).std() > 0.2
    assert np.abs(m.mean(0) - m.mean((0, 2, 3), keepdims=True)[0]).max() < 0.03


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "BN", "noisy BN", "noisy plain"])
def test_probes_leave_no_trace(unit, kind):
    rng = np.random.RandomState(5)
    data = torch.from_numpy(rng.normal(size=(300, 1, 14, 14)).astype("f4")), torch.from_numpy(rng.randint(0, 10, 300))
    model = unit["vgg"](kind, 0)
    generators = [copy.deepcopy(m.rng.get_state()) for m in model if hasattr(m, "rng")]
    before = copy.deepcopy(model.state_dict())
    unit["look"](model, data[0][:256], data[1][:256])
    for old, module in zip(generators, (m for m in model if hasattr(m, "rng"))):
        assert all(np.array_equal(a, b) for a, b in zip(old, module.rng.get_state()))
    unit["probe"](model, (data[0][:8], data[1][:8]), 0.1, unit["weight_layers"](model)[2:4], [0.5, 4])
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.training and all(p.grad is None for p in model.parameters())


def test_a_probe_that_leaves_a_trace_is_caught(unit):
    """The assertion in `probe` holds what it promises."""

    def careless(model, layer, batch, lr):
        unit["sgd_step"](model, batch, lr)
        return 0.0, 1.0

    names, rng = dict(unit), np.random.RandomState(6)
    probe = type(unit["probe"])(unit["probe"].__code__, {**names, "ics": careless})
    batch = torch.from_numpy(rng.normal(size=(8, 1, 14, 14)).astype("f4")), torch.from_numpy(rng.randint(0, 10, 8))
    with pytest.raises(AssertionError, match="changed the model"):
        probe(unit["vgg"]("BN", 0), batch, 0.1, [0], ())


@pytest.mark.slow
def test_training_is_the_same_with_and_without_probes(unit):
    rng = np.random.RandomState(7)
    data = torch.from_numpy(rng.normal(size=(200, 1, 14, 14)).astype("f4")), torch.from_numpy(rng.randint(0, 10, 200))
    often, seldom = (unit["experiment_vgg"]("BN", 0, data, 6, every)[2] for every in (1, 100))
    np.testing.assert_array_equal(often, seldom)


def test_traces_tells_a_careful_probe_from_one_that_does_nothing(unit):
    """What the checks of "leaves no trace" count: an empty answer must not earn their points."""
    batch, lr = unit["known_batch"](1), 0.3
    clean = {"the model was run twice or more": True}
    for probe in (lambda m: unit["ics"](m, 3, batch, lr), lambda m: unit["walk_gradient"](m, batch, [0.1, 0.5])):
        assert {k: v for k, v in unit["traces"](unit["known_net"](), probe).items() if v} == clean
    on_a_copy = unit["traces"](unit["known_net"](), lambda m: unit["ics"](copy.deepcopy(m), 3, batch, lr))
    assert {k: v for k, v in on_a_copy.items() if v} == clean
    assert not any(unit["traces"](unit["known_net"](), lambda m: None).values())
    frozen = unit["traces"](unit["known_net"](), lambda m: m[0].requires_grad_(False))
    assert frozen["parameters without requires_grad"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("batchnorm", [False, True])
def test_the_compressed_linear_net_is_the_units(unit, batchnorm, monkeypatch):
    """data/results/linear_net.py trains and probes as the unit's own functions do, to rounding."""
    monkeypatch.syspath_prepend(str(DATA / "results"))
    from linear_net import LinearNets

    walk, rate, seed = np.geomspace(0.01, 30, 4), 1e-7, 1
    nets = LinearNets(unit, batchnorm, [(0, 1e-6), (seed, rate)])
    model, batch = unit["linear_net"](batchnorm, seed).double(), [a.double() for a in unit["linear_data"](seed)]
    places = [unit["weight_layers"](model)[i] for i in (8, 16)]
    for _ in range(3):
        expected = unit["probe"](model, batch, rate, places, walk)
        np.testing.assert_allclose(nets.probe(walk, (8, 16))[1], expected, rtol=1e-6)
        unit["sgd_step"](model, batch, rate)
        nets.step()
    sys.modules.pop("linear_net")
