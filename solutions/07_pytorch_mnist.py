# ---
# title: Batch normalization in PyTorch
# question: What does `nn.BatchNorm1d` buy on MNIST?
# seconds: 43
# builds_on: [05_running_statistics, 06_numpy_network]
# ---
# %% [markdown]
# By the end you can
#
# - say what is inside `nn.BatchNorm1d`, and write a module that can take its place;
# - write a training and an evaluation loop that treat BN correctly, and recognise four bugs by their symptoms;
# - measure what BN buys on MNIST, over several seeds and learning rates;
# - read the BN paper's results table, and say what it shows and what it cannot show.
#
# > **What this unit uses.** A *batch* has $m$ rows, one for each image. Every *feature*, a column of $x$, is normalized
# > by itself. In training, BN takes the batch's mean $\mu=\frac1m\sum_i x_i$ and its *biased* variance
# > $\sigma^2=\frac1m\sum_i(x_i-\mu)^2$, and computes
# >
# > $$\hat x=\frac{x-\mu}{\sqrt{\sigma^2+\epsilon}},\qquad y=\gamma\hat x+\beta .$$
# >
# > The scale $\gamma$ and the shift $\beta$ are learned, one number of each per feature; $\epsilon$ is a tiny constant.
# > At each training batch two *running statistics* move on: running ← (1 − momentum)·running + momentum·new. The new
# > values are $\mu$ and the *unbiased* variance $\frac{m}{m-1}\sigma^2$. In evaluation the running statistics take the
# > place of $\mu$ and $\sigma^2$.
# > A *logit* is an output of the last layer; the loss is the cross-entropy of the softmax of the logits. An *epoch* is
# > one pass through the training images.
#
# These are the themes of units 03 to 06. "The BN paper" is Ioffe & Szegedy 2015,
# [arXiv 1502.03167](https://arxiv.org/abs/1502.03167).
# %%
import json
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional as F

torch.set_flush_denormal(True)  # numbers below 1e-38 become 0: Adam's averages decay to such, and a CPU is slow at them
torch.set_num_threads(1)  # these matrices are so small that a second thread costs more than it helps
# %%
try:
    from tqdm.auto import tqdm
except ImportError:
    tqdm = lambda it, **options: it


@contextmanager
def your_functions():
    """Around a demonstration that calls your code: says so, in one line, where some of it is still to be written."""
    try:
        yield
    except NotImplementedError:
        print("This cell uses code of yours that is not written yet. Answer the exercises above, then run it again.")


# %% [markdown]
# ## 1. What is inside `nn.BatchNorm1d`
# Make a layer for three features and look at all it keeps. `state_dict()` is what gets saved to a file.
# %%
bn = nn.BatchNorm1d(3)
learned = [name for name, _ in bn.named_parameters()]
for name, value in bn.state_dict().items():
    print(f"{name:20} {'parameter' if name in learned else 'buffer':10} {value.tolist()}")
# %% [markdown]
# `weight` is $\gamma$ and `bias` is $\beta$. They are *parameters*: the optimizer changes them.
#
# `running_mean` and `running_var` are unit 05's running statistics. They are *buffers*: saved with the model and moved
# to the GPU with it, but no optimizer ever sees them. `num_batches_tracked` counts updates.
#
# Now give the layer one batch. There is no loss, no `backward`, no optimizer.
#
# **Predict, then run.** Which of the five entries change?
# %%
my_guess = ...  # the names
# %%
batch = torch.tensor([[17.0, 1.0, -20.0], [3.0, 2.0, -40.0], [11.0, 3.0, -40.0], [9.0, 2.0, -20.0]])
before = {name: value.clone() for name, value in bn.state_dict().items()}
with torch.no_grad():
    y = bn(batch)
for name, value in bn.state_dict().items():
    print(f"{name:20} {'changed to ' + str(value.tolist()) if not torch.equal(value, before[name]) else 'same'}")
print("your guess:", my_guess)
# %% [markdown]
# The three buffers changed, **under `no_grad`**. In training mode the forward pass itself writes into them. Keep that
# in mind for the bug hunt.
# %% claim="the three buffers changed, the two parameters did not"
[n for n in before if not torch.equal(bn.state_dict()[n], before[n])] == [n for n, _ in bn.named_buffers()]
# %% [markdown]
# Check one by hand. The first column is 17, 3, 11, 9: mean 10, unbiased variance $100/3$. PyTorch's momentum of 0.1
# weighs the *new* value, so `running_mean` is $0.9\cdot 0 + 0.1\cdot 10 = 1$, and `running_var` is
# $0.9 \cdot 1 + 0.1\cdot 33.3 = 4.23$.
#
# One more switch: `bn.eval()` normalizes with the buffers, `bn.train()` with the batch. A model passes it on to all its
# layers.
# %%
alone = torch.tensor([[17.0, 2.0, -30.0]])  # a batch of one is fine in evaluation mode
bn.eval()
print("eval: ", bn(alone).tolist())
print("by hand, feature 0:", (17.0 - 1.0) / (4.2333333 + 1e-5) ** 0.5)
print("does y remember how it was computed?", bn(alone).requires_grad)
# %% claim="running_mean is 1 and running_var 4.23 for feature 0; evaluation uses them, and records gradients"
(
    abs(bn.running_mean[0] - 1) < 1e-5
    and abs(bn.running_var[0] - 4.2333) < 1e-3
    and abs(bn(alone)[0, 0] - 16 / (4.2333333 + 1e-5) ** 0.5) < 1e-4
    and bn(alone).requires_grad
)
# %% [markdown]
# ### Question 1
# A colleague evaluates like this. `model` has BN layers and ends in logits.
#
# ```python
# model.eval()
# logits = model(X_test)
# ```
#
# What does `model.eval()` do here?
#
# - (a) It makes BN use its running statistics, and gradients are still recorded.
# - (b) It makes BN use its running statistics, and no gradients are recorded.
# - (c) It makes BN use the test batch's statistics, and keeps the buffers unchanged.
# - (d) It freezes every parameter and buffer, so that no later call can change them.
# %% exercise="q_eval"
### BEGIN SOLUTION
q_eval = "a"
### END SOLUTION

# %% check="q_eval.answer" points=1
check("q_eval", q_eval)
# %% [markdown]
# ## 2. Your own `nn.BatchNorm1d`
# You know all its parts: units 03 to 05 built them. Now as a PyTorch module. Autograd does the backward pass, *if* you
# let it see the whole forward pass.
#
# ### Exercise: `MyBatchNorm1d`
#
# <details><summary>Hint</summary>
#
# - `nn.Parameter(...)` for what is learned, `self.register_buffer(name, tensor)` for what is only kept. The names are
#   those printed in section 1.
# - `self.training` is the flag that `train()` and `eval()` set.
# - Autograd must see how the batch's mean and variance come from `x`. It must *not* see the running averages: update
#   those under `torch.no_grad()`.
# - Three rules from unit 05: the biased variance normalizes, the unbiased one goes into `running_var`; momentum weighs
#   the new value.
# </details>


# %% exercise="my_batchnorm1d"
class MyBatchNorm1d(nn.Module):
    """What nn.BatchNorm1d(num_features, eps, momentum) is: same parameters, buffers, outputs, gradients.

    About 15 minutes.  Parameters weight (γ, ones) and bias (β, zeros), buffers running_mean (zeros), running_var
    (ones), each (D,), and num_batches_tracked (the integer 0), so that it loads an nn.BatchNorm1d's state_dict.
    forward(x): (N, D) -> (N, D). Training mode: the batch's statistics, and the three buffers move on; N ≥ 2.
    Evaluation mode: the running statistics, and nothing changes. x is left as it is.
    """

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        ### BEGIN SOLUTION
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        if self.training:
            mean = x.mean(dim=0)
            var = ((x - mean) ** 2).mean(dim=0)
            with torch.no_grad():
                self.num_batches_tracked += 1
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * len(x) / (len(x) - 1), self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        x_hat = (x - mean) / torch.sqrt(var + self.eps)
        return self.weight * x_hat + self.bias
        ### END SOLUTION


# %% [markdown]
# The checks use three helpers. `tensor` draws known numbers, `set_layer` puts known $\gamma$, $\beta$ and running
# statistics into a layer, and `gradients` asks autograd for $dx$, $d\gamma$, $d\beta$.


# %%
def tensor(seed, *shape, mean=0.0, std=1.0, dtype="f8"):
    """Normal numbers that are the same on every machine."""
    return torch.from_numpy(np.random.RandomState(seed).normal(mean, std, shape).astype(dtype))


def set_layer(layer, seed=0):
    """Known values for a BN layer, in float64: γ and β, then a running mean and variance. Returns the layer."""
    layer, D = layer.double(), len(layer.weight)
    values = {"weight": tensor(seed, D, mean=2), "bias": tensor(seed + 1, D, mean=-3)}
    values |= {"running_mean": tensor(seed + 2, D, mean=4), "running_var": 2 + tensor(seed + 3, D).abs()}
    with torch.no_grad():
        for name, value in values.items():
            getattr(layer, name).copy_(value)
    return layer


def gradients(layer, x, dy):
    """dx, dgamma, dbeta of sum(dy * layer(x))."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad((dy * layer(x)).sum(), (x, layer.weight, layer.bias))


# %% check="my_batchnorm1d.fresh" points=1
def fresh_layer(D=3):
    """What is in a fresh layer, and whether PyTorch's own BN is.

    Returns (state, parameters, buffers, whole_numbers, has_pytorchs_own), three times names in alphabetical order.
    """
    layer = MyBatchNorm1d(D)
    state = dict(layer.state_dict())
    parameters, buffers = (
        sorted(name for name, _ in some) for some in (layer.named_parameters(), layer.named_buffers())
    )
    whole_numbers = sorted(name for name, value in state.items() if not value.is_floating_point())
    has_pytorchs_own = any(isinstance(part, nn.modules.batchnorm._NormBase) for part in layer.modules())
    return state, parameters, buffers, whole_numbers, has_pytorchs_own


check("a fresh layer", fresh_layer)
layer, theirs = MyBatchNorm1d(3), set_layer(nn.BatchNorm1d(3)).float()
layer.load_state_dict(theirs.state_dict())
assert torch.equal(layer.running_var, theirs.running_var), "loading a state_dict must fill running_var"
### BEGIN HIDDEN TESTS
check("a fresh layer of five features", fresh_layer, 5)
### END HIDDEN TESTS

# %% check="my_batchnorm1d.training" points=1
x = tensor(10, 6, 3, mean=5, std=2)
with by_hand():
    check("y, training mode", lambda x: set_layer(MyBatchNorm1d(3, eps=0.1))(x), x)
### BEGIN HIDDEN TESTS
constant = torch.cat([tensor(13, 5, 2, mean=3), torch.full((5, 1), 7.0)], dim=1)
large = torch.from_numpy((1000 + np.random.RandomState(14).randint(-3, 4, (8, 3))).astype("f4"))
with by_hand():
    check("y, default eps, tiny variance", lambda x: set_layer(MyBatchNorm1d(3))(x), 0.01 * x)
    check("y, N = 2, D = 1", lambda x: set_layer(MyBatchNorm1d(1, 0.1))(x), tensor(11, 2, 1, mean=3))
    check("y, not contiguous", lambda x: set_layer(MyBatchNorm1d(4, 0.1))(x), tensor(12, 8, 7, mean=3).T[:, ::2])
    check("y, a constant feature", lambda x: set_layer(MyBatchNorm1d(3, 0.1))(x), constant)
    check("y, float32, large offset", lambda x: MyBatchNorm1d(3)(x), large, rtol=1e-3)
### END HIDDEN TESTS


# %% check="my_batchnorm1d.gradients" points=1
def gradients_in_training(x, dy, D=3, eps=0.1, seed=0):
    """Returns (dx, dgamma, dbeta)."""
    return gradients(set_layer(MyBatchNorm1d(D, eps=eps), seed), x, dy)


with by_hand():
    check("dx, dgamma, dbeta", gradients_in_training, tensor(20, 6, 3, mean=5, std=2), tensor(21, 6, 3))
### BEGIN HIDDEN TESTS
x, dy = tensor(22, 5, 2, mean=-9, std=3), tensor(23, 5, 2)
with by_hand():
    check("gradients, other shape", gradients_in_training, x, dy, D=2, eps=0.5, seed=7)
### END HIDDEN TESTS


# %% check="my_batchnorm1d.buffers" points=1
def three_batches(D=3, **options):
    """The buffers after three batches, of 4, 5 and 6 rows, and whether they carry a graph.

    Returns (running_mean, running_var, num_batches_tracked, carry_a_graph).
    """
    layer = set_layer(MyBatchNorm1d(D, **options))
    for k in range(3):
        layer(tensor(30 + k, 4 + k, D, mean=k, std=3).requires_grad_())
    buffers = layer.running_mean, layer.running_var, layer.num_batches_tracked
    return *buffers, any(b.grad_fn is not None for b in buffers)


with by_hand():
    check("the buffers after three batches", three_batches, momentum=0.3)
### BEGIN HIDDEN TESTS
with by_hand():
    check("the buffers, default momentum", three_batches, 2)
### END HIDDEN TESTS


# %% check="my_batchnorm1d.eval" points=1
def evaluated(x, D=3, **options):
    """Evaluation mode, then training mode again. Returns (y, buffers, y_in_training)."""
    layer = set_layer(MyBatchNorm1d(D, **options)).eval()
    y = layer(x)
    buffers = {name: value.clone() for name, value in layer.named_buffers()}
    return y, buffers, layer.train()(x.repeat(2, 1))


with by_hand():
    check("evaluation mode", evaluated, tensor(40, 5, 3, mean=5, std=2), eps=0.1)
mine, theirs = MyBatchNorm1d(4), nn.BatchNorm1d(4)
for step in range(20):  # two steps of training, one of evaluation, in turns, in float32
    mine.train(step % 3 < 2), theirs.train(step % 3 < 2)
    x, dy = tensor(50 + step, 8, 4, mean=step % 5, dtype="f4"), tensor(80 + step, 8, 4, dtype="f4")
    pairs = [*zip(gradients(mine, x, dy), gradients(theirs, x, dy))]
    pairs += [(mine.state_dict()[name], value) for name, value in theirs.state_dict().items()]
    assert all(torch.allclose(a, b, rtol=1e-5, atol=1e-5) for a, b in pairs), f"step {step} differs from nn.BatchNorm1d"
### BEGIN HIDDEN TESTS


def gradients_in_evaluation(x, dy):
    """Returns (dx, dgamma, dbeta)."""
    return gradients(set_layer(MyBatchNorm1d(2, 0.5)).eval(), x, dy)


with by_hand():
    check("a batch of one, evaluation mode", evaluated, tensor(41, 1, 2, mean=5, std=2), D=2, eps=0.5)
    check("gradients, evaluation mode", gradients_in_evaluation, tensor(42, 5, 2, mean=-9, std=3), tensor(43, 5, 2))
### END HIDDEN TESTS

# %% [markdown]
# *Established:* the whole of `nn.BatchNorm1d` (with one $\gamma$ and $\beta$ per feature, and a fixed momentum) fits
# into twenty lines. Are the two equal but for rounding? Twenty steps of training and evaluation, in turns, in float32,
# which keeps seven digits. The cell compares the largest difference with the largest value:
# %% tags=["demo"]
with your_functions():
    mine, theirs = MyBatchNorm1d(4), nn.BatchNorm1d(4)
    mine.load_state_dict(set_layer(theirs).float().state_dict())
    gaps = dict.fromkeys(["y", "dx", "dgamma", "dbeta", "running_mean", "running_var"], 0.0)
    for step in range(20):
        mine.train(step % 3 < 2), theirs.train(step % 3 < 2)
        x, dy = tensor(step, 32, 4, mean=1, dtype="f4"), tensor(100 + step, 32, 4, dtype="f4") / 32
        seen = []
        for layer in (mine, theirs):
            found = gradients(layer, x, dy)  # in training mode this updates the buffers
            still = layer.running_mean.clone(), layer.running_var.clone()
            seen.append([layer(x).detach(), *found, *still])
        for name, a, b in zip(gaps, *seen):
            gaps[name] = max(gaps[name], ((a - b).abs().max() / b.abs().max()).item())
    for name, gap in gaps.items():
        print(f"{name:13} equal to within a hundred-thousandth: {gap < 1e-5}")
# %% claim="your layer and PyTorch's agree to a hundred-thousandth of the largest value"
max(gaps.values()) < 1e-5
# %% [markdown]
# ## 3. A network, a training loop, an evaluation
# From here on we use PyTorch's own layer. First, the data: all of it as four tensors, images as rows. A batch is then
# one indexing operation, and no Python runs per image. (The usual `DataLoader` fetches each image on its own and stacks
# them.)


# %%
def as_tensors(X_train, y_train, X_test, y_test):
    """Four arrays -> four tensors on the device. Images become rows: (N, 28, 28) -> (N, 784)."""
    X_train, X_test = (torch.from_numpy(X.reshape(len(X), -1)).to(device()) for X in (X_train, X_test))
    y_train, y_test = (torch.from_numpy(y).to(device()) for y in (y_train, y_test))
    return X_train, y_train, X_test, y_test


# %% tags=["demo"]
data = as_tensors(*load_mnist())
X_train, y_train, X_test, y_test = data
FULL = len(X_train) == 60_000  # False where only the small set of digits could be had
for name, value in zip(("X_train", "y_train", "X_test", "y_test"), data):
    print(f"{name:8} {tuple(value.shape)!s:13} {value.dtype}")
# %% [markdown]
# ### Exercise: `build_mlp`
# For the default `hidden=(32, 32)` with BN, the layers are Linear, BN, ReLU, Linear, BN, ReLU, Linear. Without BN,
# leave out the two BNs and give every Linear its bias.
#
# <details><summary>Hint</summary>
#
# Collect the layers in a list, in a loop over `hidden` that remembers how many numbers come out of the layer before.
# Then `nn.Sequential(*layers)`. Why no bias in front of BN? It would be subtracted again with the mean (unit 03).
# $\beta$ does its work.
# </details>


# %% helper=true
def described(model):
    """The shapes of what a model learns, in order, its logits in both modes, and how many numbers are buffers."""
    import torch

    if isinstance(model, torch.nn.ModuleList):
        raise TypeError("a ModuleList cannot be called like a model")

    def known(seed, shape, mean=0.0, std=1.0):
        return torch.from_numpy(np.random.RandomState(seed).normal(mean, std, shape))

    model = model.double().train()
    with torch.no_grad():
        for k, p in enumerate(model.parameters()):
            p.copy_(known(k, p.shape, 0.02 * (p.ndim == 2) + 0.5 * (p.ndim == 1), 0.1))
        logits = model(known(60, (6, 784)))
        later = model.eval()(known(61, (4, 784)))
    shapes = [list(p.shape) for p in model.parameters() if p.requires_grad]
    buffers = sum(b.numel() for b in model.buffers())
    return {"parameters": shapes, "logits": logits, "numbers in buffers": buffers, "logits in evaluation mode": later}


# %% exercise="build_mlp"
def build_mlp(batchnorm, hidden=(32, 32)):
    """A network for MNIST: 784 inputs, hidden layers with ReLU, 10 logits.  About 8 minutes.

    batchnorm: whether every hidden layer normalizes its z, before the ReLU, by an nn.BatchNorm1d with its defaults; a
    Linear in front of a BN has no bias.
    hidden: the number of units of each hidden layer, any number of them.
    Returns an nn.Sequential: (N, 784) -> (N, 10).
    """
    ### BEGIN SOLUTION
    layers, fan_in = [], 784
    for units in hidden:
        layers.append(nn.Linear(fan_in, units, bias=not batchnorm))
        if batchnorm:
            layers.append(nn.BatchNorm1d(units))
        layers.append(nn.ReLU())
        fan_in = units
    return nn.Sequential(*layers, nn.Linear(fan_in, 10))
    ### END SOLUTION


# %% check="build_mlp.plain" points=1
check("without BN", lambda: described(build_mlp(False)))
check("without BN, three hidden layers", lambda: described(build_mlp(False, (20, 12, 16))))
### BEGIN HIDDEN TESTS
check("without BN, one hidden layer", lambda: described(build_mlp(False, [18])))
### END HIDDEN TESTS

# %% check="build_mlp.batchnorm" points=2
check("with BN", lambda: described(build_mlp(True)))
check("with BN, three hidden layers", lambda: described(build_mlp(True, (20, 12, 16))))
### BEGIN HIDDEN TESTS
check("with BN, one hidden layer", lambda: described(build_mlp(True, (50,))))
check("with BN, four hidden layers", lambda: described(build_mlp(True, [8, 9, 7, 10])))
### END HIDDEN TESTS
model = build_mlp(True)
assert isinstance(model, nn.Sequential), "build_mlp must return an nn.Sequential"
biases = [layer.bias for layer in model.modules() if isinstance(layer, nn.Linear)]
assert biases[-1] is not None, "the last Linear has no BN behind it, so it keeps its bias"
# %% [markdown]
# *Established:* the two networks differ in BN and in the biases that BN makes useless. With `hidden=(32, 32)` the plain
# one has 26,506 parameters. BN adds 64 $\gamma$ and 64 $\beta$, and saves 64 biases.
# %% claim="26,506 parameters without BN, 64 more with it"
[sum(p.numel() for p in build_mlp(bn).parameters()) for bn in (False, True)] == [26_506, 26_506 + 64]
# %% [markdown]
# ### Exercise: `train_epoch`
# One pass through the training set. For each batch: logits, loss, gradients, one step of the optimizer.
#
# <details><summary>Hint</summary>
#
# - `torch.randperm(n, generator=generator)` is a random order of 0 … n − 1. `order.split(batch_size)` cuts it into
#   slices, one for each batch. Index `X` **and** `y` with the same slice.
# - `optimizer.zero_grad()` belongs to every step: PyTorch *adds* gradients to what is there.
# - Every *image* counts the same. So either a batch's mean loss counts as often as it has images, or you keep each
#   batch's `logits.detach()` and measure all of them at the end.
# - On a GPU, move the order to where X is: `order.to(X.device)`.
# </details>


# %% exercise="train_epoch"
def train_epoch(model, X, y, optimizer, batch_size, generator):
    """Train for one epoch: every image once, in a random order, in batches.  About 10 minutes.

    model: ends in logits, (m, 784) -> (m, 10); the optimizer holds its parameters. X: (N, 784); y: (N,), int64.
    generator: a torch.Generator on the CPU, from which torch.randperm draws a new order in each epoch.
    The last batch may be shorter. Training mode, whatever mode the model comes in. X and y are left as they are.
    Returns (loss, accuracy), two floats: means over the N images, each measured in its batch, before that step.
    """
    ### BEGIN SOLUTION
    model.train()
    order = torch.randperm(len(X), generator=generator).to(X.device)
    labels = y[order]
    seen = []  # the logits, in that order: measured once, in the end, they cost no time at each step
    # The images of 100 batches are fetched at once, which is faster than one by one. index_select(0, rows) is X[rows].
    blocks = (X.index_select(0, rows) for rows in order.split(100 * batch_size))
    batches = (x for block in blocks for x in block.split(batch_size))
    for x, targets in zip(batches, labels.split(batch_size)):
        logits = model(x)
        loss = F.cross_entropy(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen.append(logits.detach())
    logits = torch.cat(seen)
    return F.cross_entropy(logits, labels).item(), (logits.argmax(dim=1) == labels).double().mean().item()
    ### END SOLUTION


# %% [markdown]
# The checks train a witness: a network of one Linear that notes which images it is shown, and in which mode it is. An
# image is known by its first number.


# %% folded="The witness"
class Witness(nn.Module):
    """One Linear, (m, D) -> (m, K), with known weights, in float64. Notes the images it is shown and its mode."""

    def __init__(self, D=3, K=4):
        super().__init__()
        self.linear = nn.Linear(D, K).double()
        with torch.no_grad():
            self.linear.weight.copy_(tensor(70, K, D)), self.linear.bias.copy_(tensor(71, K))
        self.shown, self.modes, self.recorded = [], [], []

    def forward(self, x):
        self.shown.append(x[:, 0].tolist())
        self.modes.append(self.training)
        logits = self.linear(x)
        self.recorded.append(logits.requires_grad)
        return logits


def with_bn():
    """A witness with a BN behind it, whose running statistics are far from any batch's."""
    return nn.Sequential(Witness(), set_layer(nn.BatchNorm1d(4)))


# %% check="train_epoch.order" points=1
def two_epochs(seed, N=10, batch_size=4):
    """A witness that was trained for two epochs, the order of the images in each, and the two accuracies."""
    model, X, y = Witness(1, N), torch.arange(float(N)).double()[:, None], torch.arange(N)
    with torch.no_grad():  # logits that are largest at the image's own number: every answer is right
        model.linear.weight.copy_(2e3 * y[:, None]), model.linear.bias.copy_(-1e3 * y**2)
    optimizer, generator = torch.optim.SGD(model.parameters(), lr=0.0), torch.Generator().manual_seed(seed)
    model.eval()
    accuracies = [train_epoch(model, X, y, optimizer, batch_size, generator)[1] for _ in range(2)]
    shown = [int(image) for batch in model.shown for image in batch]
    return model, shown[: len(shown) // 2], shown[len(shown) // 2 :], accuracies


def order_of_images(N=10, batch_size=4):
    """Whether the order of the images is as it should be."""
    model, first, second, accuracies = two_epochs(0, N, batch_size)
    again, other = two_epochs(0, N, batch_size)[1], two_epochs(1, N, batch_size)[1]
    together = [frozenset(batch) for batch in model.shown]
    return {
        "sizes of the batches": sorted((len(b) for b in model.shown), reverse=True),
        "every image once an epoch": sorted(first) == sorted(second) == list(range(N)),
        "a random order": first != sorted(first),
        "another order in the second epoch": first != second,
        "other images together in the second epoch": set(together[: len(together) // 2])
        != set(together[len(together) // 2 :]),
        "the same generator, the same order": first == again,
        "another generator, another order": first != other,
        "accuracy, 1 if labels stay with their images": accuracies,
        "training mode": all(model.modes),
    }


check("the order of the images", order_of_images)
### BEGIN HIDDEN TESTS
check("the order of 17 images", order_of_images, 17, 5)
### END HIDDEN TESTS


# %% check="train_epoch.steps" points=1
def trained(X, y, batch_size=4, epochs=1, lr=0.3):
    """After training with images in which order makes no difference.

    Returns (parameters, running_mean, num_batches_tracked).
    """
    model = with_bn().eval()
    optimizer, generator = torch.optim.SGD(model.parameters(), lr=lr), torch.Generator().manual_seed(0)
    for _ in range(epochs):
        train_epoch(model, X, y, optimizer, batch_size, generator)
    return [p.detach() for p in model.parameters()], model[1].running_mean, model[1].num_batches_tracked


X, y = tensor(72, 6, 3, mean=1), torch.tensor([2, 0, 1, 3, 1, 2])
check("one batch with all images, two epochs", trained, X, y, 6, 2)
X, y = tensor(73, 1, 3, mean=1).repeat(10, 1), torch.full((10,), 2)
check("three batches of one image, repeated", trained, X, y)
### BEGIN HIDDEN TESTS
check("seven batches", trained, X.repeat(2, 1), y.repeat(2), 3, 1, 0.1)
### END HIDDEN TESTS


# %% check="train_epoch.means" points=1
def means(X, y, batch_size):
    """An epoch that begins wrong and learns within its first batch. Returns (loss, accuracy)."""
    model = Witness()
    return train_epoch(model, X, y, torch.optim.SGD(model.parameters(), lr=0.3), batch_size, torch.Generator())


def carries_a_graph(*arguments):
    """Whether the loss or the accuracy can still be followed by backward()."""
    found = means(*arguments)
    return any(getattr(value, "requires_grad", False) for value in (found if isinstance(found, (tuple, list)) else ()))


X, y = tensor(74, 1, 3, mean=1).repeat(10, 1), torch.full((10,), 1)
check("whether what comes back carries a graph", carries_a_graph, X, y, 4)
check("loss and accuracy of an epoch", means, X, y, 4)
### BEGIN HIDDEN TESTS
check("loss and accuracy, other sizes", means, X.repeat(3, 1), y.repeat(3), 8)
### END HIDDEN TESTS

# %% [markdown]
# *Established:* each image is used once an epoch, with its own label, in an order that the generator decides; each
# batch makes one step.
#
# Two things to know. The loss that it returns is an average over an epoch *during which the weights change*: the first
# epoch's includes the answers of a network that had learned nothing yet. And a last batch of a single image would be an
# error in a network with BN. Our batches of 32 and of 60 never leave one; unit 10 meets one.
# %% claim="no epoch of ours ends in a batch of one image"
all(len(X_train) % size != 1 and min(len(X_train), 12_000) % size != 1 for size in (32, 60))
# %% [markdown]
# ### Exercise: `evaluate`
# How good is a model *as it would be used*? Think of what must not happen: the answer must not depend on which images
# are tested together, and the model must not notice that it was tested.
#
# <details><summary>Hint</summary>
#
# `model.training` tells the mode. Remember it, switch to evaluation, work under `torch.no_grad()`, put the mode back.
# Large sets do not fit into memory at once with large networks, so take slices of 1,000 images or so;
# `F.cross_entropy(…, reduction="sum")` adds up what you can divide by N in the end.
# </details>


# %% exercise="evaluate"
def evaluate(model, X, y):
    """Loss and accuracy of a model as it would be used, on a whole data set.  About 8 minutes.

    model: ends in logits, (m, 784) -> (m, 10). X: (N, 784); y: (N,), int64; N is any number, from 1 on.
    Evaluation mode, no gradients. Afterwards the model, with all its layers, is in the mode in which it came, and
    autograd records again. Its buffers and the gradients that it holds do not change.
    Returns (loss, accuracy), two floats: the mean cross-entropy and the share of right answers, over all N images.
    """
    ### BEGIN SOLUTION
    came_training = model.training
    model.eval()
    loss = right = 0.0
    with torch.no_grad():
        for i in range(0, len(X), 1000):
            logits, labels = model(X[i : i + 1000]), y[i : i + 1000]
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            right += (logits.argmax(dim=1) == labels).sum().item()
    model.train(came_training)
    return loss / len(X), right / len(X)
    ### END SOLUTION


# %% check="evaluate.values" points=1
X, y = tensor(75, 9, 3, mean=1), torch.tensor([1, 0, 2, 3, 1, 0, 0, 0, 2])
check("nine images", evaluate, with_bn(), X, y)
### BEGIN HIDDEN TESTS
check("one image", evaluate, with_bn(), X[:1], y[:1])
check("nine images, float32", evaluate, with_bn().float(), X.float(), y, rtol=1e-5)
### END HIDDEN TESTS

# %% check="evaluate.whole" points=1
X = torch.cat([tensor(76, 2300, 3, mean=1), tensor(77, 33, 3, mean=-9)])  # the last images are unlike the others
y = torch.arange(2333) % 4
check("2,333 images, the last ones hard", evaluate, with_bn(), X, y)
### BEGIN HIDDEN TESTS
X = torch.cat([tensor(78, 40, 3, mean=-9), tensor(79, 1037, 3, mean=1)])
check("1,077 images, the first ones hard", evaluate, with_bn(), X, y[:1077])
### END HIDDEN TESTS


# %% check="evaluate.traces" points=1
def traces(X, y):
    """What an evaluation does to a model that comes in training mode, and to one that comes in evaluation mode."""
    report = {}
    for came in ("training", "evaluation"):
        model = with_bn().train(came == "training")
        before = [b.clone() for b in model.buffers()]
        for p in model.parameters():
            p.grad = torch.ones_like(p)
        evaluate(model, X, y)
        report[f"came in {came} mode: gradients as they were"] = all(
            p.grad is not None and (p.grad == 1).all() for p in model.parameters()
        )
        report[f"came in {came} mode: buffers unchanged"] = all(map(torch.equal, before, model.buffers()))
        report[f"came in {came} mode: evaluated in training mode"] = any(model[0].modes)
        report[f"came in {came} mode: gradients recorded"] = any(model[0].recorded)
        report[f"came in {came} mode: left in training mode"] = model.training
        report[f"came in {came} mode: all layers in one mode"] = len({m.training for m in model.modules()}) == 1
        report[f"came in {came} mode: can still be trained"] = all(p.requires_grad for p in model.parameters())
        report[f"came in {came} mode: autograd records again afterwards"] = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
    return report


X, y = tensor(75, 9, 3, mean=1), torch.arange(9) % 4
check("what an evaluation leaves behind", traces, X, y)
### BEGIN HIDDEN TESTS
check("an evaluation and what it leaves behind", lambda X, y: (traces(X, y), evaluate(with_bn(), X, y)), X[:5], y[:5])
### END HIDDEN TESTS

# %% [markdown]
# *Established:* your evaluation can be called at any time, even in the middle of an epoch, and training does not
# notice.
# %% [markdown]
# ## 4. Experiment A: what does BN buy?
# 784-32-32-10 with ReLU, Adam, batches of 32, ten epochs. Once with BN, once without; both see the images in the same
# order. Three learning rates: 0.001 is PyTorch's default for Adam, 0.01 is high, 0.003 lies between.


# %%
def experiment_a(batchnorm, seed, data, lr=0.01, epochs=10, progress=lambda it, **options: it):
    """Experiment A for one network. Returns an array with a row per epoch: train loss and accuracy, test the same."""
    X_train, y_train, X_test, y_test = data
    torch.manual_seed(seed)  # the initial weights
    model = build_mlp(batchnorm).to(X_train.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)  # fused: one call for all the parameters
    generator, rows = torch.Generator().manual_seed(seed), []
    for _ in progress(range(epochs), desc=f"{'with BN' if batchnorm else 'plain'}, rate {lr}"):
        train = train_epoch(model, X_train, y_train, optimizer, 32, generator)
        rows.append([*train, *evaluate(model, X_test, y_test)])
    return np.array(rows)


# %% [markdown]
# **Predict, then run.** After ten epochs, what will the test loss of the network with BN be, divided by that of the
# plain one? And which of the two will have the lower *training* loss?
# %%
my_ratios = ...  # test loss with BN / test loss without, at 0.001, 0.003 and 0.01
my_fitter = ...  # plain or BN, at 0.001, 0.003 and 0.01
# %% [markdown]
# The next cell trains all six, with your three functions, for three epochs each. On two CPU cores and the full MNIST
# it takes about a quarter of a minute. `EPOCHS_A = 10` gives the whole experiment.
# %% tags=["demo"]
RATES_A, EPOCHS_A = (0.001, 0.003, 0.01), 3
live_a = {}
with your_functions():
    for rate in RATES_A:
        for name, batchnorm in [("plain", False), ("BN", True)]:
            live_a[rate, name] = experiment_a(batchnorm, 0, data, rate, EPOCHS_A, progress=tqdm)
    for (rate, name), rows in live_a.items():
        print(f"rate {rate:5}, {name:5} epoch {EPOCHS_A}: test loss {rows[-1, 2]:.3f}, accuracy {rows[-1, 3]:.3f}")
# %% [markdown]
# One run is an anecdote. The ten epochs were run once for seeds 0, 1 and 2, by `data/results/07_pytorch_mnist.py`, with
# the reference answers of this notebook. Its numbers are kept here, so that you can set your run beside them. (The long
# runs of experiments B and C are in the same cell.)
# %% tags=["demo"] folded="The stored numbers"
# stored: begin (copied from data/results/07_*.json by data/results/07_pytorch_mnist.py --embed)
STORED = json.loads("""
{"a":{"0.001":{"plain":[[[0.37421, 0.89595, 0.21146, 0.9398], [0.18349, 0.9456, 0.15793, 0.9526], [0.14399, 0.95795,
0.13323, 0.9605], [0.11962, 0.96343, 0.12164, 0.9625], [0.10393, 0.96855, 0.11951, 0.9635], [0.09176, 0.97208,
0.11699, 0.9626], [0.08335, 0.97442, 0.10837, 0.9665], [0.07393, 0.97657, 0.12525, 0.9639], [0.06925, 0.97838,
0.10399, 0.969], [0.06247, 0.9809, 0.10942, 0.9701]], [[0.40228, 0.8831, 0.2391, 0.9294], [0.2091, 0.9383, 0.17387,
0.9497], [0.15327, 0.95422, 0.14961, 0.956], [0.12301, 0.96298, 0.12237, 0.9652], [0.10485, 0.96773, 0.1212, 0.9638],
[0.0903, 0.97272, 0.12122, 0.9626], [0.08067, 0.97502, 0.10766, 0.9666], [0.07187, 0.97773, 0.10454, 0.9683], [0.0656,
0.9791, 0.11673, 0.9655], [0.06011, 0.98102, 0.1144, 0.9675]], [[0.38963, 0.88932, 0.22351, 0.9375], [0.19541,
0.94358, 0.16656, 0.9504], [0.15057, 0.95595, 0.15512, 0.9553], [0.12476, 0.96172, 0.13023, 0.9603], [0.10886,
0.96652, 0.11519, 0.9643], [0.09466, 0.97083, 0.11457, 0.9648], [0.08527, 0.9736, 0.10546, 0.9679], [0.07646, 0.9765,
0.10867, 0.9671], [0.06975, 0.97795, 0.09765, 0.9714], [0.06244, 0.9808, 0.1129, 0.9689]]], "BN":[[[0.35642, 0.90822,
0.14902, 0.9559], [0.17063, 0.947, 0.11667, 0.9632], [0.14623, 0.95437, 0.10334, 0.9682], [0.12549, 0.9613, 0.09663,
0.9714], [0.1156, 0.9638, 0.09951, 0.9685], [0.10708, 0.96638, 0.09636, 0.9692], [0.09928, 0.96937, 0.09482, 0.9715],
[0.09349, 0.97052, 0.08482, 0.9753], [0.08768, 0.97213, 0.08832, 0.9713], [0.08506, 0.97197, 0.08953, 0.9722]],
[[0.35716, 0.90693, 0.13795, 0.9587], [0.16638, 0.94973, 0.11801, 0.9639], [0.13706, 0.95908, 0.10351, 0.9677],
[0.12222, 0.96228, 0.09533, 0.9727], [0.10841, 0.96617, 0.09323, 0.973], [0.10375, 0.96697, 0.08797, 0.9722],
[0.09653, 0.96977, 0.08623, 0.9749], [0.08982, 0.97133, 0.08691, 0.9743], [0.08639, 0.97213, 0.08593, 0.9745],
[0.08305, 0.97283, 0.08897, 0.9729]], [[0.35693, 0.90703, 0.14829, 0.9547], [0.17202, 0.94735, 0.12419, 0.961],
[0.1408, 0.95717, 0.10912, 0.9674], [0.12576, 0.96095, 0.10501, 0.9665], [0.11438, 0.96458, 0.09733, 0.9712],
[0.10732, 0.96595, 0.08663, 0.9731], [0.09962, 0.96818, 0.09335, 0.9714], [0.09518, 0.96993, 0.08549, 0.9734],
[0.08747, 0.9721, 0.09442, 0.9704], [0.08528, 0.97242, 0.08671, 0.9737]]]}, "0.003":{"plain":[[[0.28462, 0.9146,
0.15041, 0.955], [0.15126, 0.9539, 0.13267, 0.9601], [0.12099, 0.96328, 0.12398, 0.9619], [0.10574, 0.9668, 0.11794,
0.9646], [0.09446, 0.97085, 0.12549, 0.9622], [0.08621, 0.97325, 0.12749, 0.9624], [0.08154, 0.9744, 0.12359, 0.9633],
[0.0747, 0.97658, 0.12394, 0.9654], [0.0709, 0.97782, 0.1178, 0.9694], [0.06526, 0.97953, 0.12367, 0.9673]],
[[0.31748, 0.9052, 0.18917, 0.9411], [0.17856, 0.94613, 0.16447, 0.9509], [0.14104, 0.95668, 0.16023, 0.9534],
[0.12213, 0.96222, 0.12994, 0.9636], [0.10991, 0.96573, 0.13863, 0.9601], [0.10107, 0.9683, 0.16795, 0.9536],
[0.09292, 0.97097, 0.14092, 0.9614], [0.08804, 0.97233, 0.12933, 0.9647], [0.08172, 0.9748, 0.15318, 0.9605],
[0.07796, 0.97542, 0.14049, 0.9633]], [[0.30381, 0.91035, 0.19377, 0.9415], [0.15553, 0.95315, 0.15259, 0.9542],
[0.12468, 0.96172, 0.14255, 0.9584], [0.10967, 0.96652, 0.13115, 0.9609], [0.09829, 0.96943, 0.12704, 0.9624],
[0.08827, 0.9718, 0.11937, 0.9664], [0.08171, 0.97452, 0.12111, 0.9668], [0.0745, 0.97675, 0.13397, 0.9655], [0.07209,
0.97762, 0.13053, 0.9667], [0.06507, 0.98, 0.13685, 0.9666]]], "BN":[[[0.29141, 0.91518, 0.15041, 0.9545], [0.1648,
0.9496, 0.11517, 0.9638], [0.14146, 0.95663, 0.10098, 0.9683], [0.12137, 0.96232, 0.09657, 0.9682], [0.11427, 0.96402,
0.09576, 0.9703], [0.10592, 0.96663, 0.09043, 0.9709], [0.09705, 0.9694, 0.09014, 0.9725], [0.09207, 0.97018, 0.08785,
0.9737], [0.08763, 0.97175, 0.08333, 0.9724], [0.08343, 0.97362, 0.09121, 0.9716]], [[0.28495, 0.91747, 0.13327,
0.9575], [0.15851, 0.95193, 0.1146, 0.9655], [0.13551, 0.95825, 0.10784, 0.9673], [0.12376, 0.96125, 0.10404, 0.9689],
[0.11403, 0.96403, 0.09682, 0.9712], [0.10788, 0.9656, 0.09429, 0.9698], [0.10023, 0.96802, 0.09437, 0.9717],
[0.09593, 0.9691, 0.0904, 0.9717], [0.09008, 0.97125, 0.08689, 0.9739], [0.08655, 0.97195, 0.0946, 0.9705]], [[0.2831,
0.91763, 0.13707, 0.9585], [0.15953, 0.9503, 0.12438, 0.9625], [0.13389, 0.95888, 0.10783, 0.9673], [0.12125, 0.96198,
0.10607, 0.9685], [0.11076, 0.96445, 0.10444, 0.9678], [0.10514, 0.9667, 0.09451, 0.9706], [0.0995, 0.96785, 0.09518,
0.9707], [0.09631, 0.96958, 0.09388, 0.9717], [0.08881, 0.97068, 0.08696, 0.973], [0.08401, 0.9733, 0.08415,
0.9744]]]}, "0.01":{"plain":[[[0.2849, 0.91593, 0.22473, 0.9367], [0.19156, 0.94628, 0.15792, 0.9541], [0.17426,
0.95143, 0.20295, 0.9502], [0.16004, 0.95523, 0.17584, 0.9527], [0.14859, 0.95967, 0.1825, 0.952], [0.14404, 0.96078,
0.1636, 0.9559], [0.13622, 0.96332, 0.19086, 0.9485], [0.13348, 0.96408, 0.18928, 0.9585], [0.12817, 0.96562, 0.17988,
0.9594], [0.12585, 0.96705, 0.17961, 0.9602]], [[0.30355, 0.9084, 0.20206, 0.9418], [0.20606, 0.94177, 0.17274,
0.9521], [0.18287, 0.94913, 0.23177, 0.9363], [0.17055, 0.95263, 0.17769, 0.9557], [0.16783, 0.95447, 0.18215,
0.9528], [0.15692, 0.95745, 0.2315, 0.9371], [0.15401, 0.9587, 0.18161, 0.9555], [0.14894, 0.96008, 0.16454, 0.9566],
[0.14301, 0.96213, 0.18737, 0.9562], [0.14236, 0.96275, 0.19033, 0.9547]], [[0.30019, 0.90978, 0.25659, 0.9223],
[0.20164, 0.94123, 0.19451, 0.9477], [0.18555, 0.94728, 0.21529, 0.9434], [0.17569, 0.95197, 0.20037, 0.9474],
[0.16185, 0.9556, 0.18389, 0.9534], [0.15401, 0.95717, 0.21176, 0.9482], [0.14659, 0.96098, 0.1869, 0.9547], [0.14194,
0.96223, 0.17095, 0.9594], [0.13639, 0.96362, 0.16909, 0.9591], [0.13149, 0.96532, 0.17393, 0.9592]]],
"BN":[[[0.28202, 0.91545, 0.15157, 0.953], [0.17626, 0.94667, 0.11855, 0.9643], [0.15377, 0.95293, 0.10494, 0.9661],
[0.13389, 0.95827, 0.10107, 0.9679], [0.12624, 0.96013, 0.09825, 0.9707], [0.11675, 0.96332, 0.10638, 0.9678],
[0.11065, 0.9651, 0.09383, 0.9717], [0.10562, 0.96635, 0.08982, 0.9727], [0.09829, 0.96815, 0.09351, 0.9716],
[0.09489, 0.96947, 0.09214, 0.9723]], [[0.28121, 0.91498, 0.14647, 0.9548], [0.16763, 0.94875, 0.12292, 0.964],
[0.14301, 0.95552, 0.10934, 0.9657], [0.13066, 0.95872, 0.10744, 0.9665], [0.11993, 0.9626, 0.09793, 0.9695],
[0.11112, 0.9658, 0.0974, 0.9706], [0.10513, 0.96678, 0.0921, 0.9729], [0.09742, 0.96872, 0.09108, 0.9727], [0.09389,
0.96993, 0.08296, 0.974], [0.09063, 0.97123, 0.09125, 0.9727]], [[0.27814, 0.91623, 0.14515, 0.9561], [0.1721, 0.9467,
0.14855, 0.9557], [0.14583, 0.95532, 0.10876, 0.9672], [0.13263, 0.95857, 0.10777, 0.9676], [0.12259, 0.96258,
0.10043, 0.9683], [0.1145, 0.96403, 0.09725, 0.9688], [0.108, 0.96628, 0.08761, 0.9722], [0.10322, 0.96692, 0.0877,
0.9729], [0.09733, 0.9684, 0.09559, 0.9717], [0.09193, 0.9713, 0.09267, 0.972]]]}}, "b_steps":{"0.1":[0, 1000, 2000,
3000, 4000, 5000, 6000, 7000, 8000, 9000, 10000, 11000, 12000, 13000, 14000, 15000, 16000, 17000, 18000, 19000, 20000,
21000, 22000, 23000, 24000, 25000, 26000, 27000, 28000, 29000, 30000, 31000, 32000, 33000, 34000, 35000, 36000, 37000,
38000, 39000, 40000, 41000, 42000, 43000, 44000, 45000, 46000, 47000, 48000, 49000, 50000], "0.5":[0, 200, 400, 600,
800, 1000, 1200, 1400, 1600, 1800, 2000, 2200, 2400, 2600, 2800, 3000, 3200, 3400, 3600, 3800, 4000, 4200, 4400, 4600,
4800, 5000, 5200, 5400, 5600, 5800, 6000, 6200, 6400, 6600, 6800, 7000, 7200, 7400, 7600, 7800, 8000, 8200, 8400,
8600, 8800, 9000, 9200, 9400, 9600, 9800, 10000]}, "b_errors":{"0.1":{"plain":[[9020, 4806, 1891, 1307, 1047, 878,
806, 693, 645, 639, 567, 523, 495, 484, 447, 402, 407, 414, 390, 402, 372, 373, 360, 365, 346, 342, 351, 337, 340,
344, 329, 321, 328, 326, 321, 323, 340, 307, 321, 329, 319, 323, 307, 307, 329, 316, 315, 314, 315, 316, 305], [8990,
4589, 2026, 1270, 1006, 892, 802, 740, 628, 605, 538, 528, 484, 477, 452, 453, 412, 379, 374, 380, 371, 365, 360, 339,
349, 325, 322, 322, 321, 320, 335, 307, 304, 307, 314, 310, 312, 311, 302, 300, 300, 295, 299, 307, 290, 316, 306,
302, 311, 304, 297], [9142, 5199, 1824, 1346, 1074, 946, 846, 759, 658, 645, 585, 526, 510, 486, 467, 436, 453, 448,
386, 388, 358, 360, 361, 370, 338, 335, 349, 330, 356, 321, 328, 338, 322, 317, 312, 320, 325, 343, 313, 312, 314,
318, 307, 301, 301, 303, 309, 314, 299, 310, 297]], "BN":[[8990, 947, 815, 764, 628, 550, 506, 471, 417, 438, 368,
388, 377, 389, 359, 304, 318, 346, 314, 306, 314, 311, 315, 290, 293, 307, 291, 303, 275, 274, 290, 291, 264, 279,
267, 245, 255, 286, 273, 261, 298, 274, 259, 248, 265, 248, 271, 269, 262, 251, 255], [9042, 940, 815, 716, 683, 549,
551, 472, 443, 461, 405, 373, 374, 343, 354, 335, 333, 306, 308, 322, 308, 302, 296, 287, 282, 307, 297, 280, 271,
275, 283, 263, 271, 274, 265, 263, 268, 262, 294, 265, 285, 260, 268, 274, 258, 257, 271, 281, 276, 259, 243], [9108,
933, 812, 755, 643, 545, 567, 464, 443, 430, 394, 396, 379, 366, 342, 365, 345, 308, 321, 332, 295, 313, 296, 310,
300, 283, 290, 306, 298, 291, 284, 304, 292, 302, 279, 284, 279, 272, 281, 268, 287, 261, 277, 276, 248, 257, 285,
262, 268, 272, 279]]}, "0.5":{"plain":[[9020, 6617, 3837, 1870, 1386, 1268, 968, 809, 1021, 739, 847, 585, 612, 548,
548, 571, 573, 462, 516, 456, 464, 453, 437, 438, 480, 496, 414, 409, 374, 350, 362, 446, 408, 346, 401, 357, 331,
340, 333, 347, 334, 321, 329, 325, 313, 341, 371, 308, 337, 341, 311], [8990, 7533, 2928, 1911, 1220, 1041, 895, 1030,
738, 721, 640, 608, 593, 553, 618, 526, 498, 487, 451, 475, 452, 497, 597, 436, 397, 419, 436, 374, 367, 391, 371,
355, 352, 397, 367, 331, 384, 377, 351, 339, 394, 331, 337, 472, 332, 341, 331, 316, 390, 308, 322], [9142, 5700,
2642, 1606, 1455, 1153, 1047, 1107, 784, 810, 695, 616, 622, 577, 535, 530, 526, 525, 492, 488, 481, 542, 469, 423,
413, 391, 526, 468, 385, 430, 427, 363, 388, 357, 414, 389, 412, 376, 343, 330, 307, 347, 307, 336, 314, 338, 332,
320, 480, 356, 334]], "BN":[[8990, 1117, 1188, 1042, 906, 917, 800, 766, 744, 674, 631, 571, 563, 510, 524, 458, 486,
523, 451, 502, 474, 409, 423, 411, 369, 426, 402, 370, 351, 340, 365, 332, 344, 367, 336, 346, 308, 316, 294, 288,
327, 336, 304, 346, 280, 298, 322, 292, 295, 319, 327], [9042, 1108, 1020, 988, 957, 933, 758, 821, 654, 611, 597,
692, 554, 584, 600, 544, 498, 463, 450, 448, 448, 433, 495, 390, 398, 403, 349, 370, 379, 346, 356, 352, 321, 316,
348, 289, 303, 329, 316, 321, 320, 304, 319, 313, 294, 305, 337, 300, 283, 271, 309], [9108, 1410, 1170, 1059, 850,
863, 873, 869, 714, 799, 629, 577, 581, 529, 524, 547, 480, 501, 497, 433, 385, 427, 390, 375, 360, 365, 404, 399,
342, 343, 390, 342, 369, 334, 352, 368, 390, 342, 306, 377, 290, 309, 308, 316, 310, 341, 298, 309, 340, 352, 307]]}},
"b_bands":{"plain":[[0.71, 0.76, 0.8], [-0.24, 0.15, 0.57], [-0.78, -0.12, 0.95], [-0.77, -0.04, 1.13], [-0.86, -0.06,
1.07], [-0.86, -0.01, 1.17], [-0.98, -0.05, 1.1], [-0.9, 0.04, 1.15], [-1.0, -0.04, 1.1], [-0.92, 0.04, 1.13], [-1.16,
-0.19, 0.99], [-1.13, -0.13, 1.0], [-1.0, -0.0, 1.12], [-1.15, -0.1, 1.06], [-1.29, -0.29, 0.85], [-1.17, -0.18,
1.04], [-1.22, -0.19, 1.02], [-1.21, -0.17, 1.06], [-1.31, -0.26, 1.03], [-1.43, -0.42, 0.83], [-1.29, -0.23, 1.03],
[-1.21, -0.17, 1.09], [-1.3, -0.23, 1.06], [-1.27, -0.23, 1.07], [-1.32, -0.24, 1.03], [-1.22, -0.16, 1.16], [-1.27,
-0.19, 1.15], [-1.5, -0.37, 1.0], [-1.45, -0.33, 1.04], [-1.27, -0.16, 1.2], [-1.36, -0.22, 1.16], [-1.37, -0.28,
1.13], [-1.47, -0.32, 1.08], [-1.53, -0.37, 1.01], [-1.48, -0.33, 1.05], [-1.43, -0.26, 1.18], [-1.45, -0.26, 1.15],
[-1.53, -0.4, 1.08], [-1.47, -0.3, 1.22], [-1.61, -0.43, 1.05], [-1.65, -0.44, 1.11], [-1.54, -0.35, 1.22], [-1.53,
-0.33, 1.24], [-1.5, -0.34, 1.26], [-1.59, -0.38, 1.18], [-1.59, -0.36, 1.23], [-1.54, -0.31, 1.29], [-1.65, -0.44,
1.25], [-1.63, -0.4, 1.26], [-1.61, -0.33, 1.31], [-1.53, -0.3, 1.41]], "BN":[[-1.13, -1.1, -1.06], [-1.11, -0.08,
1.22], [-1.22, -0.08, 1.32], [-1.44, -0.22, 1.37], [-1.08, 0.19, 1.6], [-1.25, -0.05, 1.38], [-0.94, 0.25, 1.66],
[-0.95, 0.29, 1.69], [-1.61, -0.35, 1.17], [-1.37, -0.12, 1.34], [-1.27, -0.05, 1.45], [-1.71, -0.43, 1.15], [-1.42,
-0.08, 1.53], [-1.41, -0.13, 1.59], [-1.34, -0.08, 1.51], [-1.47, -0.06, 1.57], [-1.62, -0.25, 1.4], [-1.38, 0.0,
1.59], [-1.58, -0.15, 1.56], [-1.62, -0.17, 1.57], [-1.73, -0.36, 1.44], [-1.72, -0.12, 1.48], [-1.53, -0.1, 1.65],
[-1.43, 0.11, 1.89], [-1.64, -0.02, 1.53], [-1.72, -0.09, 1.57], [-1.79, -0.16, 1.53], [-1.96, -0.51, 1.32], [-1.9,
-0.21, 1.55], [-1.77, -0.16, 1.81], [-1.66, -0.05, 1.57], [-1.67, 0.01, 1.73], [-1.82, -0.17, 1.56], [-1.89, -0.18,
1.57], [-1.72, -0.06, 1.73], [-1.87, -0.14, 1.83], [-1.71, 0.05, 1.81], [-1.74, -0.04, 1.8], [-1.9, -0.14, 1.59],
[-1.92, -0.05, 1.73], [-1.86, -0.05, 1.62], [-1.8, -0.09, 1.69], [-1.85, -0.11, 1.71], [-1.75, 0.07, 1.87], [-1.68,
0.12, 1.84], [-1.61, 0.15, 1.99], [-1.85, -0.12, 1.8], [-2.0, -0.09, 1.71], [-1.88, 0.0, 1.92], [-1.69, 0.13, 2.02],
[-1.99, -0.24, 1.57]]}, "c_steps":[0, 250, 500, 750, 1000, 1250, 1500, 1750, 2000, 2250, 2500, 2750, 3000, 3250, 3500,
3750, 4000, 4250, 4500, 4750, 5000, 5250, 5500, 5750, 6000, 6250, 6500, 6750, 7000, 7250, 7500, 7750, 8000, 8250,
8500, 8750, 9000, 9250, 9500, 9750, 10000], "c_errors":{"baseline":[[9018, 2185, 922, 917, 593, 758, 472, 481, 414,
392, 338, 336, 331, 354, 307, 323, 295, 306, 297, 267, 322, 279, 282, 303, 293, 281, 278, 268, 271, 268, 255, 228,
243, 233, 258, 236, 240, 216, 257, 257, 223], [9119, 1565, 1139, 823, 666, 581, 464, 481, 405, 425, 390, 344, 379,
316, 330, 309, 292, 317, 274, 276, 249, 295, 404, 292, 237, 245, 250, 303, 220, 242, 249, 278, 212, 253, 222, 231,
268, 257, 207, 219, 220], [8964, 1497, 852, 762, 582, 559, 463, 429, 501, 386, 393, 342, 351, 386, 322, 283, 343, 274,
266, 293, 271, 275, 270, 255, 384, 255, 282, 331, 284, 277, 241, 252, 235, 238, 245, 234, 211, 234, 207, 298, 251]],
"BN ×1":[[9062, 536, 432, 387, 341, 340, 274, 279, 248, 260, 242, 250, 227, 214, 231, 217, 216, 231, 228, 209, 227,
218, 234, 214, 216, 202, 214, 204, 181, 197, 193, 206, 183, 183, 183, 200, 205, 184, 193, 180, 179], [8865, 517, 434,
370, 331, 309, 277, 278, 258, 258, 260, 247, 237, 226, 212, 227, 218, 210, 211, 226, 203, 198, 230, 193, 196, 195,
192, 240, 196, 208, 191, 200, 189, 169, 195, 168, 186, 204, 165, 171, 189], [8865, 532, 393, 350, 337, 310, 285, 295,
261, 253, 260, 231, 220, 233, 224, 229, 223, 211, 198, 225, 215, 210, 205, 197, 197, 204, 194, 210, 206, 183, 197,
194, 231, 192, 206, 170, 163, 188, 173, 188, 172]], "BN ×5":[[9062, 612, 413, 406, 395, 328, 275, 272, 261, 263, 243,
239, 214, 229, 232, 207, 211, 209, 230, 191, 197, 200, 224, 201, 200, 206, 211, 216, 202, 201, 196, 190, 178, 188,
213, 173, 174, 173, 188, 177, 167], [8865, 504, 452, 350, 357, 286, 300, 261, 269, 281, 256, 291, 265, 241, 208, 236,
230, 213, 220, 232, 198, 215, 221, 211, 199, 206, 185, 214, 182, 200, 209, 201, 184, 199, 182, 196, 200, 206, 191,
176, 223], [8865, 743, 414, 369, 329, 304, 272, 262, 258, 240, 219, 249, 223, 218, 224, 224, 204, 208, 214, 231, 203,
202, 194, 187, 197, 190, 193, 229, 201, 189, 188, 176, 181, 180, 199, 195, 179, 182, 174, 183, 171]], "BN ×30":[[9062,
812, 505, 484, 523, 351, 397, 342, 270, 329, 272, 251, 299, 259, 278, 268, 257, 257, 278, 239, 231, 219, 263, 238,
216, 251, 262, 237, 234, 240, 210, 199, 202, 229, 246, 224, 206, 185, 228, 209, 233], [8865, 592, 727, 474, 432, 371,
311, 301, 321, 313, 324, 329, 527, 269, 289, 272, 297, 248, 276, 264, 259, 303, 296, 262, 242, 258, 251, 267, 216,
248, 210, 212, 231, 225, 204, 206, 215, 254, 196, 203, 243], [8865, 771, 484, 452, 433, 358, 346, 346, 330, 441, 289,
260, 251, 264, 286, 264, 262, 264, 234, 240, 277, 237, 229, 228, 241, 242, 231, 235, 240, 216, 197, 209, 204, 217,
229, 248, 209, 217, 215, 218, 205]], "BN ×5 sigmoid":[[9107, 1114, 1010, 945, 809, 810, 642, 611, 586, 526, 460, 434,
373, 466, 396, 381, 366, 343, 376, 331, 362, 334, 371, 310, 312, 275, 306, 297, 281, 265, 238, 254, 237, 279, 247,
250, 271, 275, 261, 256, 270], [8991, 1157, 894, 769, 739, 640, 624, 570, 547, 527, 496, 421, 436, 393, 375, 365, 344,
357, 354, 320, 315, 347, 425, 285, 323, 281, 289, 302, 275, 300, 236, 263, 241, 271, 246, 263, 247, 304, 239, 258,
236], [8865, 972, 848, 821, 777, 609, 633, 574, 536, 489, 428, 421, 434, 422, 383, 413, 357, 348, 333, 339, 303, 294,
303, 329, 284, 265, 294, 303, 340, 283, 255, 259, 261, 239, 262, 237, 251, 238, 247, 248, 245]], "plain ×5":[[9018,
999, 652, 585, 472, 609, 404, 443, 421, 359, 313, 343, 310, 334, 407, 402, 328, 316, 293, 259, 271, 315, 277, 280,
283, 290, 308, 288, 276, 256, 278, 244, 268, 306, 247, 301, 250, 243, 257, 288, 260], [9119, 983, 628, 486, 545, 472,
426, 392, 329, 350, 340, 335, 350, 331, 309, 333, 267, 262, 253, 261, 348, 264, 318, 278, 228, 269, 240, 245, 255,
245, 270, 266, 252, 248, 227, 224, 258, 251, 203, 218, 221], [8964, 967, 600, 572, 441, 428, 368, 373, 484, 352, 313,
311, 281, 298, 268, 276, 364, 374, 287, 285, 249, 268, 295, 252, 242, 258, 294, 349, 275, 227, 247, 243, 216, 337,
232, 253, 232, 313, 235, 310, 239]], "plain ×30":[[9018, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020,
9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020,
9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020], [9119, 8865, 8865, 8991, 8990, 9018, 9020, 8972,
8865, 8968, 8865, 9026, 8972, 8972, 9020, 9020, 9026, 8968, 8990, 8991, 8972, 9042, 8990, 8991, 9042, 8972, 8972,
8865, 9026, 9020, 9018, 8968, 9026, 8865, 8865, 8972, 8865, 9108, 8991, 8990, 9042], [8964, 9020, 9020, 9020, 9020,
9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020,
9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020, 9020]],
"plain ×5 sigmoid":[[9026, 8991, 8865, 8860, 7363, 6299, 4560, 3217, 1892, 1358, 1202, 930, 847, 771, 698, 661, 609,
571, 524, 490, 461, 472, 477, 453, 446, 403, 399, 438, 407, 363, 451, 349, 355, 392, 348, 330, 330, 354, 317, 399,
374], [9042, 8865, 8865, 7997, 7062, 6410, 4665, 2669, 2838, 1444, 1347, 984, 922, 780, 670, 673, 574, 573, 521, 502,
494, 484, 540, 446, 452, 483, 392, 411, 430, 396, 360, 368, 386, 431, 361, 337, 354, 361, 334, 349, 341], [9042, 9042,
8865, 8045, 6792, 5966, 3774, 2718, 2228, 1281, 1289, 971, 850, 786, 811, 627, 686, 600, 513, 574, 478, 456, 509, 438,
415, 383, 436, 471, 380, 361, 381, 355, 338, 370, 345, 342, 366, 327, 333, 334, 354]]}}
""")
# stored: end
# %% tags=["demo"] folded="Draw the figure"
stored_a = {  # (rate, name): (3 seeds, 10 epochs, 4)
    (float(rate), name): np.array(runs) for rate, nets in STORED["a"].items() for name, runs in nets.items()
}
LOOK = {"plain": dict(color="#D55E00", ls="--", marker="s"), "BN": dict(color="#0072B2", ls="-", marker="o")}


def draw_a(ax, rate, column, scale=1):
    """One panel: bands of the three stored seeds (they are of MNIST), lines of your run."""
    for name, look in LOOK.items():
        runs = scale * stored_a[rate, name][:, :, column]
        if FULL:
            ax.fill_between(range(1, 11), runs.min(0), runs.max(0), color=look["color"], alpha=0.25, lw=0)
            ax.plot(range(1, 11), runs.mean(0), color=look["color"], ls=look["ls"], lw=1)
        if (rate, name) in live_a:
            mine = scale * live_a[rate, name][:, column]
            ax.plot(range(1, len(mine) + 1), mine, **look, ms=5, label=name)
    ax.set(xlabel="epoch", xticks=[1, 2, 4, 6, 8, 10] if FULL else range(1, EPOCHS_A + 1))


fig, axes = plt.subplots(1, 3, figsize=(10, 3.6), sharey=True)
for ax, rate in zip(axes, RATES_A):
    draw_a(ax, rate, 2)
    ax.set_title(f"rate {rate}")
axes[0].set_ylabel("test loss")
if live_a:
    axes[0].legend()
title = "With BN the rate hardly matters, without BN it does" if FULL else "Three rates on the small set of digits"
fig.suptitle(title, fontweight="bold", x=0.02, ha="left")
plt.show()
# %% [markdown]
# *In the figure:* test loss against epochs, one panel for each learning rate, with the same axis. Lines with markers
# are your run (dashed: plain, solid: BN). On MNIST, bands show the range of the three stored seeds, and thin lines
# their mean. With BN the three panels look alike. The plain network ends higher at each rate, and highest at 0.01.
#
# Now the numbers after ten epochs. They are of MNIST in every notebook.
# %% tags=["demo"]
ratios = {}
print("               test loss, seeds 0 1 2    with BN / without    training loss (mean)")
for rate in RATES_A:
    plain, bn = (stored_a[rate, name][:, 9] for name in ("plain", "BN"))
    ratios[rate] = bn[:, 2] / plain[:, 2]
    for name, rows in (("plain", plain), ("BN", bn)):
        losses = " ".join(f"{v:.3f}" for v in rows[:, 2])
        last = " ".join(f"{v:.2f}" for v in ratios[rate]) if name == "BN" else ""
        print(f"rate {rate:5}  {name:5} {losses:22} {last:>18} {rows[:, 0].mean():16.3f}")
print("your guesses:", my_ratios, my_fitter)
# %% [markdown]
# With BN the test loss is nearly the same at the three rates: 0.09, give or take. Without BN it depends on the rate,
# from 0.11 at 0.001 to 0.18 at 0.01. So what BN "buys" is a question of the rate: at Adam's default it takes about a
# fifth off the test loss, at 0.01 about a half. It is ahead at each rate, in each of three seeds.
# %% claim="with BN 0.08 to 0.10 at each rate and seed; plain about 0.11 at 0.001 and 0.18 at 0.01"
(
    all(0.08 < v < 0.10 for rate in RATES_A for v in stored_a[rate, "BN"][:, 9, 2])
    and all(0.105 < v < 0.12 for v in stored_a[0.001, "plain"][:, 9, 2])
    and all(0.17 < v < 0.195 for v in stored_a[0.01, "plain"][:, 9, 2])
)
# %% claim="about a fifth off at 0.001, about a half at 0.01, in every seed; ahead at each rate"
bool((abs(ratios[0.001] - 0.8) < 0.05).all() and (abs(ratios[0.01] - 0.5) < 0.05).all() and ratios[0.003].max() < 0.8)
# %% [markdown]
# The training loss says something else: at 0.001 and 0.003 the plain network's is the *lower* one. There the network
# with BN fits its training images less closely, and still does better on new ones. (Training losses are taken on the
# way, with batch statistics and moving weights.)
#
# Two claims, then, for *this* setting: on test images BN is ahead at each of the three rates, and with BN it hardly
# matters which of them you take. The table does not say why. Unit 09 asks. (Someone's single run of this experiment, at
# 0.01 in another program, ended at test losses of 0.210 and 0.091.)
# %% claim="the plain network's training loss is lower at 0.001 and 0.003, and higher at 0.01, in every seed"
[bool((stored_a[r, "plain"][:, 9, 0] < stored_a[r, "BN"][:, 9, 0]).all()) for r in RATES_A] == [True, True, False] and (
    bool((stored_a[0.01, "plain"][:, 9, 0] > stored_a[0.01, "BN"][:, 9, 0]).all())
)
# %% [markdown]
# A closer look at the rate of 0.01, at all four measures:
# %% tags=["demo"] folded="Draw the figure"
fig, axes = plt.subplots(2, 2, figsize=(9, 6), sharex=True, sharey="row")
for ax, column in zip(axes.flat, (0, 2, 1, 3)):
    draw_a(ax, 0.01, column, 1 if column in (0, 2) else 100)
for ax, label in zip((*axes[0], *axes[:, 0]), ("training images", "test images", "loss", "accuracy (%)")):
    ax.set_title(label) if "images" in label else ax.set_ylabel(label)
for ax in axes[0]:
    ax.set_xlabel("")
if live_a:
    axes[0, 0].legend()
title = "At 0.01 BN is ahead, most of all on the test images" if FULL else "The small set of digits, rate 0.01"
fig.suptitle(title, fontweight="bold", x=0.02, ha="left")
plt.show()
# %% [markdown]
# *In the figure:* above the losses, below the accuracies; training on the left, test on the right, each row on one
# axis. On MNIST the test loss with BN is below the plain one's in every epoch and its test accuracy above: the bands do
# not touch. In training the two begin close together, and BN pulls ahead. The plain network's test loss is ragged, and
# in the end no lower than after its second epoch: 0.01 is high for it.
# %% claim="at 0.01 the test bands do not touch in any epoch"
all(
    (stored_a[0.01, "BN"][:, :, 2].max(0) < stored_a[0.01, "plain"][:, :, 2].min(0)).tolist()
    + (stored_a[0.01, "BN"][:, :, 3].min(0) > stored_a[0.01, "plain"][:, :, 3].max(0)).tolist()
)
# %% claim="in training they begin close together and BN pulls ahead; the plain test loss ends no lower than epoch 2's"
(
    abs(np.diff([stored_a[0.01, name][:, 0, 0].mean() for name in LOOK])[0]) < 0.03
    and stored_a[0.01, "BN"][:, 9, 0].max() < stored_a[0.01, "plain"][:, 9, 0].min() - 0.02
    and bool(stored_a[0.01, "plain"][:, 9, 2].mean() >= stored_a[0.01, "plain"][:, 1, 2].mean())
)
# %% [markdown]
# ## 5. Bug hunt
# Four training loops. Each runs without an error, and each has one bug that concerns BN. First see the symptom, then
# read the loop, then name the bug. Below each question the loop is mended.
#
# The suspects:
#
# - (a) The gradient treats the batch's mean and variance as constants.
# - (b) Accuracy is measured with the statistics of the test batch at hand.
# - (c) Accuracy is measured with running statistics that test images have entered.
# - (d) After the first test, training goes on with frozen statistics.
# - (e) The running statistics lag behind the weights: the momentum is too small.
#
# One hidden layer is enough, and part of the data. These functions are not where the bugs are: `train_once` is one
# epoch, in a new random order each time.
# %% tags=["demo"]
X_few, y_few, X_check, y_check = X_train[:12000], y_train[:12000], X_test, y_test


def small_net(seed=0, norm=nn.BatchNorm1d):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(784, 32), norm(32), nn.ReLU(), nn.Linear(32, 10)).to(X_few.device)
    return net, torch.optim.SGD(net.parameters(), lr=0.1)


def train_once(net, optimizer, size=60):
    for rows in torch.randperm(len(X_few)).to(X_few.device).split(size):
        optimizer.zero_grad()
        F.cross_entropy(net(X_few[rows]), y_few[rows]).backward()
        optimizer.step()


def share_right(net, X, y, size=60):
    """The share of right answers, batch by batch, in whatever mode the net is."""
    with torch.no_grad():
        return sum((net(x).argmax(1) == to).sum().item() for x, to in zip(X.split(size), y.split(size))) / len(X)


# %% [markdown]
# ### Loop 1


# %% tags=["demo"]
def loop_1(epochs=3):
    net, optimizer = small_net()
    for epoch in range(epochs):
        net.train()
        train_once(net, optimizer)
    return net


def in_two_orders(net):
    by_label = y_check.argsort(stable=True)
    orders = share_right(net, X_check, y_check), share_right(net, X_check[by_label], y_check[by_label])
    print(f"the test images as they come {orders[0]:.3f} right, the same images sorted by label {orders[1]:.3f}")
    return orders


found_1 = in_two_orders(loop_1())
# %% [markdown]
# **The symptom:** the same net, the same test images, in another order: a much lower accuracy. Which suspect is it?
# %% claim="in loop 1 the sorted images cost more than 20 points"
found_1[0] - found_1[1] > 0.2

# %% exercise="q_loop_1"
### BEGIN SOLUTION
q_loop_1 = "b"
### END SOLUTION

# %% check="q_loop_1.answer" points=1
check("q_loop_1", q_loop_1)
# %% [markdown]
# Mended, with the line that was missing:
# %% tags=["demo"]
mended_1 = in_two_orders(loop_1().eval())
# %% [markdown]
# With the running statistics, an image's answer does not depend on the images beside it.
# %% claim="after eval() the order makes no difference"
abs(mended_1[0] - mended_1[1]) < 0.002 and min(mended_1) > 0.8
# %% [markdown]
# ### Loop 2


# %% tags=["demo"]
def drift(net):
    """How far running_mean is from the mean of z over the training images, averaged over the features."""
    with torch.no_grad():
        return (net[0](X_few).mean(0) - net[1].running_mean).abs().mean().item()


def loop_2(seed, epochs=6):
    net, optimizer = small_net(seed)
    net.train()
    for epoch in range(epochs):
        train_once(net, optimizer)
        net.eval()
        yield share_right(net, X_check, y_check), drift(net)


def three_seeds(loop):
    """Runs the loop with three seeds and prints what it gives. Returns an array (seeds, epochs, 2)."""
    found = np.array([list(loop(seed)) for seed in range(3)])
    for seed, (right, far) in enumerate(found.transpose(0, 2, 1)):
        print(f"seed {seed}: distance, epochs 1 to 6:", *(f"{d:.2f}" for d in far), f"  test accuracy {right[-1]:.3f}")
    return found


found_2 = three_seeds(loop_2)
# %% [markdown]
# **The symptom:** `running_mean` should follow the mean of $z$ over the training images. The distance between the two
# is small after the first epoch. From the second on it is more than twice as large, and stays so.
# %% claim="in loop 2 running_mean is more than twice as far away from the second epoch on, in every seed"
bool((found_2[:, 1:, 1] > 2 * found_2[:, :1, 1]).all())

# %% exercise="q_loop_2"
### BEGIN SOLUTION
q_loop_2 = "d"
### END SOLUTION

# %% check="q_loop_2.answer" points=1
check("q_loop_2", q_loop_2)
# %% [markdown]
# Mended, by moving one line into the loop:


# %% tags=["demo"]
def loop_2_mended(seed, epochs=6):
    net, optimizer = small_net(seed)
    for epoch in range(epochs):
        net.train()
        train_once(net, optimizer)
        net.eval()
        yield share_right(net, X_check, y_check), drift(net)


mended_2 = three_seeds(loop_2_mended)
# %% [markdown]
# Now the distance stays small: in the end it is less than half of the other's, in each seed. The accuracy would not
# have told you: on MNIST the two loops end within two points of each other.
# %% claim="mended, the distance is less than half of loop 2's in the end, in every seed"
bool((mended_2[:, -1, 1] < found_2[:, -1, 1] / 2).all())
# %% claim="the two accuracies end within two points" data="mnist"
bool((abs(mended_2 - found_2)[:, -1, 0] < 0.02).all())
# %% [markdown]
# ### Loop 3
# This one has a BN layer of its own, "to save memory".


# %% tags=["demo"]
class LeanNorm(nn.BatchNorm1d):
    def forward(self, x):
        if self.training:
            with torch.no_grad():
                var, mean = torch.var_mean(x, dim=0, correction=0)
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * len(x) / (len(x) - 1), self.momentum)
        else:
            mean, var = self.running_mean, self.running_var
        return self.weight * (x - mean) / torch.sqrt(var + self.eps) + self.bias


def loop_3(norm, epochs=6):
    net, optimizer = small_net(0, norm)
    for epoch in range(epochs):
        net.train()
        train_once(net, optimizer)
        net.eval()
        yield share_right(net, X_check, y_check), net[0].bias.abs().mean().item()


found_3 = {norm: np.array(list(loop_3(norm))) for norm in (nn.BatchNorm1d, LeanNorm)}
for norm, found in found_3.items():
    print(f"{norm.__name__:12} mean |bias| of the Linear in front:", *(f"{b:.3f}" for b in found[:, 1]), end="")
    print(f"  test accuracy {found[-1, 0]:.3f}")
# %% [markdown]
# **The symptom:** the bias in front of BN cannot change the loss, so it should stay where it began. With `LeanNorm` it
# grows in every epoch, and the net is worse.
# %% claim="with LeanNorm the bias grows in every epoch and the accuracy is lower; with nn.BatchNorm1d the bias stays"
(
    bool((np.diff(found_3[LeanNorm][:, 1]) > 0).all())
    and np.ptp(found_3[nn.BatchNorm1d][:, 1]) < 0.005
    and found_3[LeanNorm][-1, 0] < found_3[nn.BatchNorm1d][-1, 0]
)

# %% exercise="q_loop_3"
### BEGIN SOLUTION
q_loop_3 = "a"
### END SOLUTION

# %% check="q_loop_3.answer" points=1
check("q_loop_3", q_loop_3)
# %% [markdown]
# The mended loop stands beside it: the line of `nn.BatchNorm1d`. The BN paper describes such a failure in section 2.
# If a gradient step ignores that the mean depends on the bias, the bias "will grow indefinitely while the loss remains
# fixed".
#
# ### Loop 4
# Someone wants to see the test loss after each epoch. The test here is a hard one: dim images, as from a badly set
# scanner.
# %% tags=["demo"]
dim = 0.2 * X_check


def loop_4(look, epochs=3):
    net, optimizer = small_net()
    for epoch in range(epochs):
        net.train()
        train_once(net, optimizer)
        if look:
            with torch.no_grad():
                slices = zip(dim.split(60), y_check.split(60))
                test_loss = np.mean([F.cross_entropy(net(x), to).item() for x, to in slices])
        net.eval()
        accuracy = share_right(net, dim, y_check)
    return accuracy, share_right(net, X_check, y_check)


found_4 = {look: loop_4(look) for look in (True, False)}
for look, (on_dim, ordinary) in found_4.items():
    how = "with" if look else "without"
    print(f"{how:7} the look at the test loss: dim images {on_dim:.3f} right, ordinary ones {ordinary:.3f}")
# %% [markdown]
# **The symptom:** a line that only *looks* at the test loss changes the test accuracy on dim images.
# %% claim="the look at the test loss lifts the accuracy on dim images by more than five points"
found_4[True][0] > found_4[False][0] + 0.05

# %% exercise="q_loop_4"
### BEGIN SOLUTION
q_loop_4 = "c"
### END SOLUTION

# %% check="q_loop_4.answer" points=1
check("q_loop_4", q_loop_4)
# %% [markdown]
# Mended, with your `evaluate` for the look:


# %% tags=["demo"]
def loop_4_mended(epochs=3):
    net, optimizer = small_net()
    for epoch in range(epochs):
        net.train()
        train_once(net, optimizer)
        test_loss, accuracy = evaluate(net, dim, y_check)
    return accuracy, evaluate(net, X_check, y_check)[1]


with your_functions():
    mended_4 = loop_4_mended()
    print(f"mended, with the look: dim images {mended_4[0]:.3f} right, ordinary ones {mended_4[1]:.3f}")
# %% [markdown]
# The accuracies are those of the loop that does not look.
# %% claim="mended, a look changes nothing"
np.allclose(mended_4, found_4[False], atol=2e-3)
# %% [markdown]
# *Established:* `no_grad` and `eval()` are two switches. The first stops autograd, the second stops BN from using and
# updating batch statistics. An evaluation needs both, and the next training epoch needs `train()` again. Your
# `evaluate` does all three.
#
# Worst is a bug like the last, which flatters: on dim images the report looks better than the net is. (Adapting to the
# test data on purpose has its uses. Unit 10 does so, openly.)
# %% [markdown]
# ## 6. Experiment B: the BN paper's own small network
# Section 4.1 of the paper: MNIST with pixels black or white, three hidden layers of 100 sigmoids, weights from a small
# Gaussian, batches of 60, 50,000 steps. With BN in each hidden layer, and without. It is the network of unit 02.
#
# The paper does not say which learning rate and which Gaussian. We take plain SGD and a standard deviation of 0.1, for
# both networks. So the curves can be compared in shape, not number by number.
#
# **How the rate was chosen, and what we did about it.** Before the long runs we tried two rates, 0.1 and 0.5: 2,000
# steps, one seed, scored on the test set. Both networks did better at 0.5. We first took 0.1, partly *because* the
# contrast is larger there. A rate picked for its contrast flatters BN. So 0.5 was run as well, for 10,000 steps: rate
# times steps is the same. Here are both.


# %%
def deep_net(batchnorm, activation, std=None):
    """784-100-100-100-10. std: of Gaussian initial weights, with biases of 0; None: PyTorch's own initialisation."""
    layers = []
    for fan_in in (784, 100, 100):
        norm = [nn.BatchNorm1d(100)] if batchnorm else []
        layers += [nn.Linear(fan_in, 100, bias=not batchnorm), *norm, activation()]
    model = nn.Sequential(*layers, nn.Linear(100, 10))
    if std is not None:
        with torch.no_grad():
            for linear in (layer for layer in model if isinstance(layer, nn.Linear)):
                linear.weight.normal_(0, std)
                if linear.bias is not None:
                    linear.bias.zero_()
    return model


# %% folded="train_in_blocks: SGD, with a look at the model every so many steps"
def train_in_blocks(model, lr, seed, data, steps, every, watch, progress=lambda it, **options: it):
    """SGD with batches of 60, in blocks of `every` steps. Calls watch(model) before each block and at the end.

    A block is an epoch over images drawn for it alone. Returns the steps at which watch was called.
    """
    X, y = data[:2]
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    generator = torch.Generator().manual_seed(seed)
    for _ in progress(range(steps // every), desc="blocks"):
        watch(model)
        rows = torch.randint(len(X), (60 * every,), generator=generator).to(X.device)
        train_epoch(model, X[rows], y[rows], optimizer, 60, generator)
    watch(model)
    return np.arange(0, steps + 1, every)


# %%
def black_or_white(data):
    """The same data with every pixel 0 or 1."""
    X_train, y_train, X_test, y_test = data
    return (X_train > 0.5).float(), y_train, (X_test > 0.5).float(), y_test


def experiment_b(batchnorm, seed, data, steps, every, lr=0.1, **options):
    """Experiment B for one network. Returns steps (T,), test accuracy (T,) and bands (T, 3).

    The bands: the 15th, 50th and 85th percentile, over 1,000 test images, of what unit 0 of the last hidden layer
    feeds into its sigmoid, in evaluation mode.
    """
    accuracy, bands = [], []

    def watch(model):
        accuracy.append(evaluate(model, *data[2:])[1])
        with torch.no_grad():
            z = model.eval()[:-2](data[2][:1000])[:, 0]  # [:-2]: all but the last sigmoid and the last Linear
        bands.append(np.percentile(z.cpu().numpy(), (15, 50, 85)))

    torch.manual_seed(seed)
    model = deep_net(batchnorm, nn.Sigmoid, std=0.1).to(data[0].device)
    at = train_in_blocks(model, lr, seed, data, steps, every, watch, **options)
    return at, np.array(accuracy), np.array(bands)


# %% [markdown]
# Your run is short: 1,500 steps at each rate, some seconds. `STEPS_B = 50_000` gives the whole experiment, in some
# minutes. The long runs were made for three seeds, and are plotted beside yours.
#
# **Predict, then run.** All begin at chance. How many steps will each need to get 90% right?
# %%
RATES_B, STEPS_B = (0.1, 0.5), 1_500
my_steps = ...  # plain and BN at 0.1, plain and BN at 0.5
# %% tags=["demo"]
live_b = {}
with your_functions():
    for rate in RATES_B:
        for name, batchnorm in [("plain", False), ("BN", True)]:
            run = experiment_b(batchnorm, 0, black_or_white(data), STEPS_B, 250, rate, progress=tqdm)
            live_b[rate, name] = run
    for (rate, name), (at, accuracy, _) in live_b.items():
        print(f"rate {rate}, {name:5} test accuracy at step 250: {accuracy[1]:.3f}, at {STEPS_B:,}: {accuracy[-1]:.3f}")
# %% tags=["demo"] folded="Draw the figure"
fig, axes = plt.subplots(1, 3, figsize=(10, 3.8))
for (rate, name), (at, accuracy, _) in live_b.items():
    look = {**LOOK[name], "mfc": "white" if rate == 0.1 else LOOK[name]["color"]}
    axes[0].plot(at, 100 * accuracy, **look, ms=5, label=f"{name}, {rate}")
axes[0].set(xlabel="step", ylabel="test accuracy (%)", title="Your run", ylim=(0, 100))
if live_b:
    axes[0].legend(loc="lower right")
at_b = {rate: np.array(STORED["b_steps"][str(rate)]) for rate in RATES_B}
runs_b = {  # wrong answers among 10,000 are stored; (rate, name): (seeds, T), in percent
    (rate, name): 100 - np.array(errors) / 100
    for rate in RATES_B
    for name, errors in STORED["b_errors"][str(rate)].items()
}
for (rate, name), runs in runs_b.items():
    ax = axes[1 + RATES_B.index(rate)]
    ax.fill_between(at_b[rate], runs.min(0), runs.max(0), color=LOOK[name]["color"], alpha=0.25, lw=0)
    ax.plot(at_b[rate], runs.mean(0), color=LOOK[name]["color"], ls=LOOK[name]["ls"], label=name)
    ax.set(xlabel="step", ylim=(90, 100), title=f"Stored, MNIST: rate {rate}", xticks=at_b[rate][[0, 25, 50]])
axes[1].legend(loc="lower right")
plt.show()
# %% [markdown]
# *In the figure:* test accuracy against steps. On the left your run (hollow marks: 0.1, filled: 0.5). Then the stored
# runs on MNIST: lines are means of three seeds, bands their range. Their axes begin at 90%, and the right one has a
# fifth of the steps. At 0.1 the network with BN is ahead in every record, by eleven points at step 2,000 and by half a
# point or less in the end. At 0.5 it is far ahead for some hundred steps; from step 2,600 on, by a third of a point.
# %% claim="all begin at chance; after 2,000 steps both networks are better at 0.5, and the gap is larger at 0.1"
(
    max(runs[:, 0].max() for runs in runs_b.values()) < 15
    and all(bool(runs_b[0.5, name][:, 10].min() > runs_b[0.1, name][:, 2].max()) for name in LOOK)
    and (runs_b[0.5, "BN"] - runs_b[0.5, "plain"])[:, 10].max() < (runs_b[0.1, "BN"] - runs_b[0.1, "plain"])[:, 2].min()
)
# %% claim="at 0.1 BN is ahead in every record, by 11 points at step 2,000, by half a point or less in the end"
(
    bool((runs_b[0.1, "BN"][:, 1:].min(0) > runs_b[0.1, "plain"][:, 1:].max(0)).all())
    and round(float((runs_b[0.1, "BN"] - runs_b[0.1, "plain"])[:, 2].mean())) == 11
    and all(0.1 < v < 0.6 for v in (runs_b[0.1, "BN"] - runs_b[0.1, "plain"])[:, -1])
)
# %% claim="at 0.5 BN is ten points ahead and more at step 400, and a third of a point on average from step 2,600 on"
(
    (runs_b[0.5, "BN"] - runs_b[0.5, "plain"])[:, 2].min() > 10
    and 0.3 < (runs_b[0.5, "BN"] - runs_b[0.5, "plain"])[:, 13:].mean() < 0.37
)


# %% tags=["demo"] folded="Print the table"
def first_step(rate, name, goal):
    """For each seed the first record with so many percent right."""
    return [int(at_b[rate][np.argmax(run >= goal)]) for run in runs_b[rate, name]]


print("your guess:", my_steps)
for (rate, name), runs in runs_b.items():
    print(
        f"rate {rate}, {name:5} 90% right at step",
        *(f"{s:6,}" for s in first_step(rate, name, 90)),
        "  95% at",
        *(f"{s:6,}" for s in first_step(rate, name, 95)),
        "  in the end",
        *(f"{run[-1]:.1f}%" for run in runs),
    )
# %% [markdown]
# At 0.1 BN needs a fifth of the plain network's steps to 90%, and a bit more than half to 95%. At 0.5 it needs half to
# two thirds of them to 90%, and nearly as many to 95%. So a better rate for the plain network takes most of BN's lead
# away, except for the fast start. The paper's figure 1(a) compares the two at one rate, which it does not state.
# %% claim="0.1: a fifth of the steps to 90%, a bit more than half to 95%; 0.5: half to two thirds, nearly as many"
[
    (low, high)
    for rate, goal, low, high in [(0.1, 90, 0.19, 0.21), (0.1, 95, 0.5, 0.6), (0.5, 90, 0.49, 0.67), (0.5, 95, 0.8, 1)]
    if not all(low <= a / b <= high for a, b in zip(first_step(rate, "BN", goal), first_step(rate, "plain", goal)))
] == []
# %% [markdown]
# ### The inputs of one sigmoid (going further)
# The paper's figures 1(b) and 1(c) show the 15th, 50th and 85th percentile of what a typical unit of the last hidden
# layer gets. Ours is unit 0 of seed 0, not chosen, at a rate of 0.1.
# %% tags=["demo"] folded="Draw the figure"
bands = {name: np.array(STORED["b_bands"][name]) for name in ("plain", "BN")}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)  # MNIST, 50,000 steps
for ax, (name, band) in zip(axes, bands.items()):
    ax.fill_between(at_b[0.1], band[:, 0], band[:, 2], color=LOOK[name]["color"], alpha=0.25, lw=0)
    ax.plot(at_b[0.1], band[:, 1], color=LOOK[name]["color"], ls="-")
    ax.set(xlabel="step", title={"plain": "Plain: z", "BN": "BN: y, its output"}[name])
axes[0].set_ylabel("input of the sigmoid")
title = "The inputs of one sigmoid through training: median, and 15th to 85th percentile"
fig.suptitle(title, fontweight="bold", x=0.02, ha="left")
plt.show()
# %% [markdown]
# *In the figure:* on the left the plain network, on the right the one with BN, both on MNIST, 50,000 steps; a line for
# the median, a band from the 15th to the 85th percentile. The plain unit begins with a band a tenth wide: it hardly
# tells images apart. Within 3,000 steps its median falls and its band opens. With BN the band is wide at the first
# record after the start. (At step 0 itself the running statistics have not been measured.) Later both widen slowly.
#
# The paper says of its plain network that the distribution changes much over time, and of the other's that it is "much
# more stable". Ours shows that for the first 3,000 steps only. From then on the plain unit's median moves *less* from
# record to record than the one with BN.
# %% claim="the plain band begins a tenth wide, is wide at 3,000 steps; with BN it is wide at 1,000; both widen later"
(
    [round(float(np.ptp(bands["plain"][k, [0, 2]])), 1) for k in (0, 3)] == [0.1, 1.9]
    and bands["plain"][3, 1] < bands["plain"][0, 1] - 0.5
    and np.ptp(bands["BN"][1, [0, 2]]) > 2
    and all(np.ptp(band[-1, [0, 2]]) > np.ptp(band[3, [0, 2]]) + 0.5 for band in bands.values())
)
# %% claim="after 3,000 steps the plain unit's median moves less from record to record"
bool(abs(np.diff(bands["plain"][3:, 1])).mean() < 0.6 * abs(np.diff(bands["BN"][3:, 1])).mean())
# %% [markdown]
# Claim, evidence, hunch: the *claim* of the paper is that steadier inputs are why BN trains faster. The *evidence* here
# is that one unit's inputs open up sooner, and that training is faster. That the first causes the second is a hunch so
# far. Unit 09 puts it to the test.
# %% [markdown]
# ## 7. The paper's table, and what it can show
# The paper's experiment at scale is an Inception network on ImageNet: the baseline; BN at the baseline's learning rate;
# BN at 5 and at 30 times that rate; and BN at 5 times with sigmoids. Its figure 3 (section 4.2.2) gives the steps until
# each is as accurate as the baseline at its best, and its own best. The column "times fewer" is ours.
#
# | model | steps to 72.2% | times fewer | best accuracy |
# |---|---|---|---|
# | Inception | 31.0M | 1 | 72.2% |
# | BN-Baseline | 13.3M | 2.3 | 72.7% |
# | BN-x5 | 2.1M | 14.8 | 73.0% |
# | BN-x30 | 2.7M | 11.5 | 74.8% |
# | BN-x5-Sigmoid | never | – | 69.8% |
#
# BN-Baseline is Inception with BN and nothing else. For BN-x5, BN-x30 and BN-x5-Sigmoid the authors (section 4.2.1)
# **also**
#
# - removed dropout, and made the L2 penalty five times smaller;
# - made the learning rate decay six times faster;
# - removed local response normalization;
# - shuffled the training examples more thoroughly;
# - distorted the training images less.
#
# They report that the original Inception at 5 times the rate ran to machine infinity, and that with sigmoids it stayed
# at chance.
#
# ### Question 2
# From 31.0M steps to 2.1M: "BN trains 14 times faster". How much of it does this table let you credit to BN alone?
#
# - (a) All of it, a factor of about 14.8: BN-x5 differs from Inception in BN and in the learning rate that BN allows.
# - (b) A factor of about 2.3: only BN-Baseline differs from Inception in nothing but BN.
# - (c) A factor of about 6.3, from BN-Baseline to BN-x5: there, both networks have BN.
# - (d) Nothing at all: in each row that has BN, other things were changed along with it.
# %% exercise="q_credit"
### BEGIN SOLUTION
q_credit = "b"
### END SOLUTION

# %% check="q_credit.answer" points=1
check("q_credit", q_credit)
# %% [markdown]
# A factor of 2.3 is evidence, not a constant of nature: the paper shows one curve for each row, and no spread. Of the
# rest the authors say (section 4.2.1) that adding BN alone does not take full advantage of it, so they changed the
# training too. That may well be so. The table does not separate the changes.
# %% [markdown]
# ## 8. Experiment C: learning rates (going further)
# We take the idea of that table to MNIST: 784-100-100-100-10, plain SGD, batches of 60, 10,000 steps, a learning rate
# of 0.1 for the baseline. And we add three controls, which the paper's table does not have: the larger rates, and the
# sigmoid, *without* BN.
#
# **How the baseline's rate was chosen.** Again 2,000 steps, one seed, scored on the test set: the plain network had
# 95.8% right at 0.1 and 91.4% at 0.03. We took 0.1, the better of the two for the plain network. Here the choice does
# not favour BN. But two rates are no search: a plain network tuned with more care may do better. The control "plain ×5"
# is one more rate.
# %%
BASE_RATE = 0.1
TABLE = {  # row: BN or not, learning rate as a multiple of the baseline's, activation
    "baseline": (False, 1, nn.ReLU),
    "BN ×1": (True, 1, nn.ReLU),
    "BN ×5": (True, 5, nn.ReLU),
    "BN ×30": (True, 30, nn.ReLU),
    "BN ×5 sigmoid": (True, 5, nn.Sigmoid),
}
CONTROLS = {
    "plain ×5": (False, 5, nn.ReLU),
    "plain ×30": (False, 30, nn.ReLU),
    "plain ×5 sigmoid": (False, 5, nn.Sigmoid),
}


def experiment_c(batchnorm, times, activation, seed, data, steps, every, **options):
    """One row of experiment C. Returns steps (T,) and test accuracy (T,)."""
    accuracy = []
    torch.manual_seed(seed)
    model = deep_net(batchnorm, activation).to(data[0].device)
    watch = lambda model: accuracy.append(evaluate(model, *data[2:])[1])
    at = train_in_blocks(model, BASE_RATE * times, seed, data, steps, every, watch, **options)
    return at, np.array(accuracy)


# %% [markdown]
# A short live run first: all eight rows, 1,000 steps each.
#
# **Predict, then run.** At 30 times the rate, which of the two networks with ReLU still learns?
# %%
my_guess_30 = ...  # plain, BN, both, neither
# %% tags=["demo"]
live_c = {}
with your_functions():
    for name, row in tqdm({**TABLE, **CONTROLS}.items(), desc="rows"):
        at, accuracy = experiment_c(*row, 0, data, 1_000, 500)
        live_c[name] = accuracy
        print(f"{name:17} test accuracy after 500 steps {accuracy[1]:.3f}, after 1,000 {accuracy[2]:.3f}")
print("your guess for 30 times the rate:", my_guess_30)
# %% [markdown]
# Only the one with BN. And the stored runs: 10,000 steps, three seeds each, all on MNIST. A row's "target" is the best
# accuracy of the baseline *of the same seed*.
# %% claim="at 30 times the rate the network with BN learns, the plain one stays at chance"
live_c["BN ×30"][-1] > 0.6 and live_c["plain ×30"][-1] < 0.3
# %% tags=["demo"]
at_c = np.array(STORED["c_steps"])
runs_c = {name: 100 - np.array(errors) / 100 for name, errors in STORED["c_errors"].items()}  # (seeds, T), in percent
targets = runs_c["baseline"].max(axis=1)


def steps_to_target(runs):
    """For each seed the first step at which the baseline's best is reached; None where it never is."""
    return [int(at_c[np.argmax(run >= t)]) if (run >= t).any() else None for run, t in zip(runs, targets)]


print("                    steps to the baseline's best    times fewer     best accuracy, %")
print("                    seed 0  seed 1  seed 2          (median)        mean    lowest to highest")
base = steps_to_target(runs_c["baseline"])
for name, runs in runs_c.items():
    first, best = steps_to_target(runs), runs.max(axis=1)
    ratios = [b / s for b, s in zip(base, first) if s]
    fewer = f"{np.median(ratios):.1f}" if len(ratios) == len(runs) else "–"
    cells = "".join(f"{'never' if s is None else format(s, ','):>8}" for s in first)
    print(f"{name:17} {cells}{fewer:>14}{best.mean():18.2f}{best.min():10.2f} to {best.max():.2f}")
# %% tags=["demo"] folded="Draw the figure"
fig, ax = plt.subplots(figsize=(8, 4.2))
ax.axvspan(targets.min(), targets.max(), color="#D55E00", alpha=0.3, lw=0, label="range of the baseline")
for place, (name, runs) in enumerate(runs_c.items()):
    best, control = runs.max(axis=1), name in CONTROLS
    look = dict(marker="D", color="black", mfc="white") if control else dict(marker="o", color="#0072B2")
    look = dict(marker="s", color="#D55E00") if name == "baseline" else look
    if best.max() > 90:
        ax.plot(best, np.full(len(best), place), ms=7, ls="-", lw=1, **look)
    else:
        ax.text(96.45, place, f"◀ {best.mean():.1f}%, as by guessing", va="center")
ax.set(yticks=range(len(runs_c)), yticklabels=list(runs_c), xlim=(96.4, 98.6), xlabel="best test accuracy (%)")
ax.invert_yaxis()
ax.set_title("With BN every ReLU row beats the baseline, even at 30 times the rate")
ax.legend(loc="lower right")
plt.show()
# %% [markdown]
# *In the figure:* a dot for each seed's best accuracy in 10,000 steps on MNIST. Filled marks are the table's rows
# (squares: the baseline; circles: with BN), hollow diamonds our controls without BN; the vertical band is the
# baseline's range. The rows with BN and ReLU lie to the right of it, at every rate. The rows with sigmoids lie to the
# left, with BN much nearer. Without BN, 5 times the rate gives scattered results, and 30 times the rate gives chance.
# %% claim="the rows with BN and ReLU beat the baseline of their seed; the sigmoids stay below, with BN nearer"
(
    all(bool((runs_c[f"BN ×{k}"].max(1) > targets).all()) for k in (1, 5, 30))
    and runs_c["plain ×5 sigmoid"].max() < runs_c["BN ×5 sigmoid"].max(1).min() < targets.min()
)
# %% claim="without BN, 5 times the rate is scattered and 30 times the rate is chance"
np.ptp(runs_c["plain ×5"].max(1)) > 0.3 and runs_c["plain ×30"].max() < 12
# %% [markdown]
# ### Our table beside theirs
# What agrees, and what does not, on MNIST with a small network:
#
# | | the paper | here, three seeds |
# |---|---|---|
# | BN alone needs fewer steps to the baseline's best | yes, 2.3 times | yes, 1.9 to 2.8 times |
# | BN alone reaches a better best | yes, +0.5 points | yes, +0.4 points (97.9% to 98.3%) |
# | ×5 saves further steps | yes (with the list above) | inconclusive: 1.9 to 3.1 times, much the range of ×1 |
# | ×30 has the best accuracy of all | yes, 74.8% | no: 98.1%, below ×1 and ×5, above the baseline |
# | sigmoids with BN learn, and stay below the baseline | yes, 69.8% | yes, 97.6% |
# | a much larger rate without BN fails | ×5: machine infinity | ×5: between 97.6% and 98.0%; ×30: chance |
# | sigmoids without BN fail | chance | no: they learn too, 96.7% |
#
# Our baseline reached its best in the last tenth of its 10,000 steps, in each seed. So its "best" is the best of 10,000
# steps and no more.
# %% claim="the second column: steps, best accuracies, controls"
(
    [[round(b / s, 1) for b, s in zip(base, steps_to_target(runs_c[f"BN ×{k}"]))] for k in (1, 5)]
    == [[2.8, 1.9, 2.1], [3.1, 1.9, 2.4]]
    and [round(float(runs.max(1).mean()), 1) for name, runs in runs_c.items() if name not in ("plain ×5", "plain ×30")]
    == [97.9, 98.3, 98.3, 98.1, 97.6, 96.7]
    and [round(float(v), 1) for v in sorted(runs_c["plain ×5"].max(1))] == [97.6, 97.8, 98.0]
    and min(base) > 9_000
)
# %% [markdown]
# And what else differed *there* from here: ImageNet, a deep convolutional network, a decaying rate, a validation set.
# Ours has a constant rate, and picks each "best" on the test set, which flatters every row a little. It is a comparison
# between rows, not a result to quote.
# %% [markdown]
# ## Recap
# - `nn.BatchNorm1d` is two parameters, three buffers and a flag. The forward pass in training mode writes the buffers,
#   with or without `no_grad`.
# - Evaluate with `eval()` and `no_grad()`, then put the mode back. Symptoms of the four bugs: answers that depend on
#   the order of test images, running statistics that stand still, a bias in front of BN that grows, accuracy that
#   changes because someone looked.
# - On MNIST, 784-32-32-10 with Adam, BN lowered the test loss by a fifth at a rate of 0.001 and by a half at 0.01, in
#   each of three seeds. With BN the three rates gave nearly the same; without it they did not.
# - How far BN is ahead depends on the learning rate. Ask how the rate was chosen.
# - A table with five rows does not credit BN with what changed beside it. Look for the control.
# %%
scoreboard()
# %% [markdown]
# **Next: 08, One γ and β per channel.** Images again, and now convolutions: one filter looks at all positions. What
# should be normalized together?
