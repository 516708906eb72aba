"""Unit 07's optimizer: the steps of torch.optim.Adam, on one vector."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from grader.authoring.definitions import definitions  # noqa: E402
from grader.paths import SOLUTIONS  # noqa: E402


@pytest.fixture(scope="module")
def FlatAdam():
    return definitions(SOLUTIONS / "07_pytorch_mnist.py")["FlatAdam"]


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5, bias=False), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))


def trained(model: nn.Module, optimizer, zero_grad=None, steps: int = 50) -> torch.Tensor:
    """All parameters after some steps, one vector."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        x, y = torch.randn(8, 6, generator=generator), torch.randint(0, 3, (8,), generator=generator)
        (zero_grad or optimizer.zero_grad)()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_the_same_steps_as_torchs_adam(FlatAdam):
    one, two = net(), net()
    options = dict(lr=0.03, betas=(0.8, 0.95), eps=1e-3)
    theirs, ours = (
        trained(one, torch.optim.Adam(one.parameters(), **options)),
        trained(two, FlatAdam(two.parameters(), **options)),
    )
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    assert (ours - trained(net(), FlatAdam(net().parameters(), 0.03))).abs().max() > 0.1  # it did train


def test_gradients_that_were_set_aside(FlatAdam):
    """model.zero_grad() leaves no gradients, so backward makes new ones: they count all the same."""
    one, two = net(), net()
    usual, aside = trained(one, FlatAdam(one.parameters(), 0.03)), FlatAdam(two.parameters(), 0.03)
    torch.testing.assert_close(trained(two, aside, zero_grad=two.zero_grad), usual)


def test_the_parameters_stay_the_models(FlatAdam):
    """Making the optimizer changes no number, and a state that is loaded is what is trained on."""
    model = net()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = FlatAdam(model.parameters(), 0.03)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert [tuple(p.shape) for p in model.parameters()] == [(5, 6), (5,), (5,), (3, 5), (3,)]
    trained(model, optimizer, steps=3)
    model.load_state_dict(before)
    assert torch.equal(optimizer.w, torch.cat([before[n].flatten() for n, _ in model.named_parameters()]))
