# ---
# title: One γ and β per channel
# question: Why one γ and β per channel in a CNN?
# seconds: 55
# builds_on: [03_batchnorm_forward, 04_batchnorm_backward, 05_running_statistics, 07_pytorch_mnist]
# ---
# %% [markdown]
# By the end you can
#
# - say why a convolution wants one mean, one variance, one $\gamma$ and one $\beta$ per channel;
# - write batch normalization for images, forward and backward, and see it agree with PyTorch's to $10^{-10}$;
# - build a convolution block without the parameter that BN makes useless;
# - fold a trained BN layer into the convolution before it, so that no BN layer is left at inference;
# - tell batch, layer, instance and group normalization apart by the axes that they average over.
#
# You need the two passes of units 03 and 04 (given again below), running statistics (05), and PyTorch's modules (07).
#
# > **What this unit uses.** Images are arrays `(N, C, H, W)`: examples, channels, rows, columns. One channel of one
# > image, an $H \times W$ picture, is a **feature map**. One number in it is an **activation**.
# >
# > Batch normalization: $\hat x = (x - \mu) / \sqrt{\sigma^2 + \varepsilon}$, then $y = \gamma \hat x + \beta$.
# > Here $\mu$ is the mean and $\sigma^2$ the variance (divided by $m$) of the $m$ numbers that are normalized together,
# > $\varepsilon$ is small and positive, $\gamma$ and $\beta$ are learned. In eval mode running averages take the place
# > of $\mu$ and $\sigma^2$. They begin at 0 and 1; each training batch makes them 0.9 · old + 0.1 · its own value.
# %%
import copy
import json
from contextlib import contextmanager
from itertools import pairwise
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import nn


@contextmanager
def your_functions():
    """Around a demonstration that calls your functions: says so, in one line, where one is still to be written."""
    try:
        yield
    except NotImplementedError:
        print("This cell uses a function of yours that is not written yet. Write it above, then run this again.")


# %% tags=["demo"]
X_train, y_train, X_test, y_test = load_mnist()
# %% [markdown]
# ## 1. A filter asks the same question everywhere
#
# A convolution slides one small filter over the image. If the digit moves two columns to the right, so does the
# filter's answer; nothing else about it changes. This is called **equivariance**. It is why convolutions work well on
# images: what is learned at one place holds at every place.
#
# Now normalize that answer, the feature map. Two ways suggest themselves:
#
# - **per activation**: each of the $H \cdot W$ positions is a feature of its own, with its own $\mu$ and $\sigma$. This
#   is unit 03, unchanged.
# - **per channel**: all positions of a feature map share one $\mu$ and one $\sigma$.
#
# Take 64 digits. The second is the first one, moved two columns to the right. The filter looks for vertical edges.
#
# **Predict, then run.** In which of the two ways does the moved digit still get the same answer, moved by two?
# %%
my_guess = "?"  # "per activation", "per channel", "both" or "neither"
# %% tags=["demo"]
images = torch.tensor(X_train[:64, None], dtype=torch.float64)  # (64, 1, 28, 28)
images[1] = torch.roll(images[0], 2, dims=2)
edge = torch.tensor([[[[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]]], dtype=torch.float64)
z = F.conv2d(images, edge)  # (64, 1, 26, 26)
print("your guess:", my_guess)
ways = {
    "before normalization": z,
    "per activation": F.batch_norm(z.flatten(1), None, None, training=True).reshape(z.shape),
    "per channel": F.batch_norm(z, None, None, training=True),
}
gaps = {name: (maps[0, 0, :, :-2] - maps[1, 0, :, 2:]).abs().max().item() for name, maps in ways.items()}
for name, gap in gaps.items():
    print(f"{name:>20}: the moved digit's answer differs by up to {gap:.3f}")
# %% [markdown]
# Per activation, the answer depends on the place: each position of the map divides by a standard deviation of its own,
# and that is small near the border, where few digits have an edge, and large in the middle.
# %% claim="per activation the moved digit gets another answer, per channel the same; sigma depends on the place"
(
    lambda sd: (
        gaps["per activation"] > 0.5
        and gaps["per channel"] < 1e-6
        and bool(sd[[0, 1, -2, -1]].mean() < sd[8:18, 8:18].mean() / 2)
    )
)(z.std(0)[0])
# %% [markdown]
# Per channel, the moved digit's answer is the same, moved. The BN paper's reason (section 3.2) is this one: different
# elements of a feature map, at different locations, should be normalized in the same way. One filter, one
# normalization.
#
# ## 2. The statistics of a channel
#
# For channel $c$, average over everything else: the examples, the rows and the columns.
#
# $$\mu_c = \frac{1}{m} \sum_{n,h,w} x_{nchw}, \qquad \sigma_c^2 = \frac{1}{m} \sum_{n,h,w} (x_{nchw} - \mu_c)^2,
# \qquad m = N \cdot H \cdot W .$$
#
# Two images, two channels, 2×2 pixels. **Predict** $\mu$ and $\sigma^2$ of channel 0 with pencil and paper.
# %%
x_tiny = np.array([  # (N, C, H, W) = (2, 2, 2, 2)
    [[[1.0, 3.0], [5.0, 7.0]], [[-20.0, -10.0], [-10.0, 0.0]]],
    [[[2.0, 2.0], [4.0, 8.0]], [[-10.0, -10.0], [0.0, -20.0]]],
])  # fmt: skip
for c in (0, 1):
    values = [x_tiny[n, c, h, w] for n in (0, 1) for h in (0, 1) for w in (0, 1)]
    mu = sum(values) / len(values)
    var = sum((v - mu) ** 2 for v in values) / len(values)
    print(f"channel {c}: m = {len(values)}, mean {mu:.1f}, variance {var:.1f}   of", *(f"{v:g}" for v in values))
# %% [markdown]
# Eight numbers went into each mean, from both images.
#
# ### Exercise: `channel_statistics` (5 minutes)
#
# The same for any array of images, without a loop.
#
# <details><summary>Hint</summary>
#
# In unit 03 the axis of the examples had to go: `axis=0`. `axis` may also be a tuple of axes. Which three must go, so
# that only the channels are left? And to subtract a `(C,)` array from `(N, C, H, W)`, it needs the shape `(C, 1, 1)`,
# or `(1, C, 1, 1)`.
#
# </details>


# %% exercise="channel_statistics"
def channel_statistics(x):
    """Mean and variance of every channel over the mini-batch.

    x: (N, C, H, W).  Returns (mean, var): mean (C,) in the units of x, var (C,) in those units squared, divided by
    m = N·H·W; both of x's dtype.  Stays accurate when the mean is huge beside the spread.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    mean = x.mean(axis=(0, 2, 3))
    var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))
    return mean, var
    ### END SOLUTION


# %% check="channel_statistics.mean" points=1
r = np.random.RandomState(81)
x = r.normal([[[5]], [[-20]], [[300]]], [[[1]], [[3]], [[40]]], (5, 3, 4, 2))
check("mean of each channel", lambda x: channel_statistics(x)[0], x)
### BEGIN HIDDEN TESTS
check("mean of each of five channels", lambda x: channel_statistics(x)[0], r.normal(-3, 2, (2, 5, 3, 7)))
### END HIDDEN TESTS

# %% check="channel_statistics.variance" points=1
r = np.random.RandomState(82)
x = r.normal([[[5]], [[-20]], [[300]]], [[[1]], [[3]], [[40]]], (6, 3, 2, 5)) + 10 * r.normal(size=(6, 1, 1, 1))
mean, var = check("mean and variance of each channel", channel_statistics, x, dtype=True)
assert np.allclose(var[0], np.sum((x[:, 0] - mean[0]) ** 2) / 60), (
    "var[0] is not the mean squared deviation of channel 0"
)
check("mean and variance of each channel, float32", channel_statistics, x.astype("f4"), rtol=1e-4, dtype=True)
### BEGIN HIDDEN TESTS
big = (np.reshape([1e6, 1.25e6, 1.9e6], (3, 1, 1)) + r.randint(-20, 21, (6, 3, 4, 5))).astype("f4")
check("channel statistics, mean a million, float32", channel_statistics, big, rtol=1e-2, dtype=True)
check("channel statistics, one image", channel_statistics, r.normal(2, 5, (1, 4, 3, 5)))
check("channel statistics, not contiguous", channel_statistics, r.normal(-4, 3, (4, 6, 7, 5))[:, ::2, ::3])
check("channel statistics, one channel that never changes", channel_statistics, np.full((3, 2, 2, 2), 7.0))
### END HIDDEN TESTS

# %% [markdown]
# **Established:** $C$ means and $C$ variances, each over $N \cdot H \cdot W$ numbers.
# %% [markdown]
# ## 3. Images are rows in disguise
#
# You need not write batch normalization anew. To the statistics a pixel is just one more example. So line up all $N
# \cdot H \cdot W$ pixels as rows, each with its $C$ numbers, and call unit 03:
#
# $$(N, C, H, W) \;\to\; (N \cdot H \cdot W,\; C) .$$
#
# Here are the two passes of units 03 and 04 for rows, as you know them.


# %%
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    """Unit 03.  x: (M, C), one row per example; gamma, beta: (C,).  Returns y: (M, C) and the cache, a dict."""
    mean = x.mean(axis=0)
    var = ((x - mean) ** 2).mean(axis=0)
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma * x_hat + beta, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)


def batchnorm_backward(dy, cache):
    """Unit 04, closed form.  dy: (M, C).  Returns dx: (M, C), dgamma: (C,), dbeta: (C,)."""
    x_hat, dx_hat = cache["x_hat"], dy * cache["gamma"]
    dx_hat = dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)
    return dx_hat / np.sqrt(cache["var"] + cache["eps"]), (dy * x_hat).sum(axis=0), dy.sum(axis=0)


# %% [markdown]
# `reshape` keeps the numbers in their order and only cuts them anew. That is its charm, and here its trap. In the next
# array every entry is the number of its own channel: 0, 1 or 2. We want rows of three in which column 0 holds only
# zeros, column 1 only ones, column 2 only twos.
#
# **Predict, then run.** What will `reshape(-1, 3)` make of it?
# %%
which_channel = np.zeros((2, 3, 2, 2), dtype=int) + np.arange(3).reshape(3, 1, 1)
print(which_channel.reshape(-1, 3))
# %% [markdown]
# The shape is right and the content is not: the columns mix the channels. `reshape` reads the last axis fastest, and
# that is $W$: one after another come the columns of a row of pixels, all of one channel. So the channels' axis must
# become the last one *before* `reshape`. On the way back, undo the two steps in reverse order.
#
# ### Exercise: `batchnorm2d_forward` (5 minutes)
#
# Use `batchnorm_forward` above or write it directly with axes, as you like. `y` and the cache's `x` and `x_hat` have
# the shape of images; `mean`, `var` and `gamma` have shape `(C,)`.
#
# <details><summary>Hint</summary>
#
# `x.transpose(…)` takes the axes in their new order; `np.moveaxis(x, 1, -1)` moves one axis. From `(N, C, H, W)` to
# `(N, H, W, C)`, then `reshape(-1, C)`. Back: `reshape(N, H, W, C)`, then the channels to place 1.
#
# </details>


# %% exercise="batchnorm2d_forward"
def batchnorm2d_forward(x, gamma, beta, eps=1e-5):
    """Batch normalization of images, per channel.

    x: (N, C, H, W); gamma, beta: (C,), the learned scale and shift of each channel; eps: a small positive number.
    Returns (y, cache): y (N, C, H, W), of x's dtype; cache a dict with the keys x (N, C, H, W), x_hat (N, C, H, W),
    mean (C,), var (C,), gamma (C,) and eps.  x itself is not changed.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    N, C, H, W = x.shape
    y, cache = batchnorm_forward(x.transpose(0, 2, 3, 1).reshape(-1, C), gamma, beta, eps)
    x_hat = cache["x_hat"].reshape(N, H, W, C).transpose(0, 3, 1, 2)
    y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return y, dict(x=x, x_hat=x_hat, mean=cache["mean"], var=cache["var"], gamma=gamma, eps=eps)
    ### END SOLUTION


# %% check="batchnorm2d_forward.output" points=1
r = np.random.RandomState(83)
x = r.normal([[[5]], [[-20]], [[300]]], [[[0.5]], [[3]], [[40]]], (5, 3, 4, 2)) + r.normal(size=(5, 1, 1, 1))
gamma, beta = np.array([1.5, 2.0, -0.5]), np.array([11.0, -12.0, 13.0])
y_of = lambda x, gamma, beta, eps: batchnorm2d_forward(x, gamma, beta, eps)[0]
f4 = [a.astype("f4") for a in (x, gamma, beta)]
line = lambda x, *rest: mix(y_of(x, *rest), x - x.mean((0, 2, 3), keepdims=True), 1)  # y = a·(x − μ) + b + rest
with by_hand():
    check("y of images", line, x, gamma, beta, 0.1)
    check("the dtype of y, for float32", lambda: str(y_of(*f4, 0.1).dtype))
### BEGIN HIDDEN TESTS
with by_hand():
    check("y of images, two channels", y_of, r.normal(2, 3, (3, 2, 5, 4)), gamma[1:], beta[1:], 0.3)
### END HIDDEN TESTS

# %% check="batchnorm2d_forward.cache" points=1
r = np.random.RandomState(84)
x = r.normal([[[5]], [[-20]], [[300]]], [[[0.5]], [[3]], [[40]]], (4, 3, 2, 5))
gamma, beta = np.array([1.5, 2.0, -0.5]), np.array([11.0, -12.0, 13.0])
cache_of = lambda x, gamma, beta, eps: batchnorm2d_forward(x, gamma, beta, eps)[1]
with by_hand():
    check("cache of images", cache_of, x, gamma, beta, 0.1)
### BEGIN HIDDEN TESTS
with by_hand():
    check("cache of images, two channels", cache_of, r.normal(2, 3, (3, 2, 5, 4)), gamma[1:], beta[1:], 0.3)
### END HIDDEN TESTS

# %% check="batchnorm2d_forward.robust" points=1
r = np.random.RandomState(85)
x = r.normal(3, 2, (2, 4, 3, 4))  # as many channels as columns
x[:, 2] = -8.0  # a channel that never changes
gamma, beta = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, -0.5, 1.5, -1.5])
with by_hand():
    y = check("y, C = W, a constant channel", lambda x, *rest: batchnorm2d_forward(x, *rest)[0], x, gamma, beta)
assert np.allclose(y[:, 2], 1.5), "a constant channel has x_hat = 0, so y = beta there"
### BEGIN HIDDEN TESTS
f4 = [a.astype("f4") for a in (1000 + x, gamma, beta)]
few = x[:1, ::2, :, ::-1], gamma[:2], beta[:2]
with by_hand():
    check("y, float32, large offset", lambda x, *rest: batchnorm2d_forward(x, *rest)[0], *f4, rtol=1e-3, dtype=True)
    check("y and cache, one image, not contiguous", batchnorm2d_forward, *few, eps=0.1)
    check("y and cache, one pixel", batchnorm2d_forward, r.normal(2, 3, (6, 4, 1, 1)), gamma, beta, eps=0.1)
### END HIDDEN TESTS

# %% [markdown]
# **Established:** unit 03 normalizes images too, once every pixel has become a row.
# %% [markdown]
# ### Exercise: `batchnorm2d_backward` (8 minutes)
#
# The same disguise works backward. A gradient has the shape of its quantity: `dy` and `dx` are images, `dgamma` and
# `dbeta` have shape `(C,)`. One $\gamma$ was used at every pixel of its channel, so by unit 04's second rule it
# collects the gradient of every pixel.
#
# <details><summary>Hint</summary>
#
# `batchnorm_backward` wants rows: `dy` as rows, and a cache whose `x_hat` is in rows. Then bring `dx` back into the
# shape of images. If you write it with axes instead: each mean of the closed form runs over axes 0, 2 and 3, and
# `gamma` needs the shape `(C, 1, 1)`.
#
# </details>


# %% helper=true
def mix(a, *of):
    """An image as a mix of others, channel by channel: a row of their factors and of what is left over at most."""
    rows = []
    for c in range(a.shape[1] if np.shape(a) == of[0].shape else 0):
        parts = np.stack([np.broadcast_to(f, a.shape)[:, c].ravel() for f in of], 1)
        k = np.linalg.lstsq(parts, a[:, c].ravel(), None)[0]
        rows.append([*k, np.abs(a[:, c].ravel() - parts @ k).max().round(9)])
    return np.array(rows) if rows else a


def given_cache(x, gamma, eps):
    """A cache by other means: PyTorch's layer, which keeps m/(m-1) times the variance."""
    import torch

    mean, var, m = torch.zeros(len(gamma)).double(), torch.ones(len(gamma)).double(), x.size // len(gamma)
    x_hat = torch.nn.functional.batch_norm(torch.tensor(x.copy()).double(), mean, var, None, None, True, 1.0, eps)
    found = dict(x_hat=x_hat, mean=mean, var=var * (m - 1) / m)
    return {key: value.numpy().astype(x.dtype) for key, value in found.items()} | dict(x=x, gamma=gamma, eps=eps)


# %% exercise="batchnorm2d_backward"
def batchnorm2d_backward(dy, cache):
    """The gradients of batch normalization of images, per channel.

    dy: (N, C, H, W), the gradient of the loss with respect to y; cache: the dict of batchnorm2d_forward.
    Returns (dx, dgamma, dbeta): dx (N, C, H, W); dgamma and dbeta (C,).  dy and cache are not changed.
    About 8 minutes.
    """
    ### BEGIN SOLUTION
    N, C, H, W = dy.shape
    rows = cache["x_hat"].transpose(0, 2, 3, 1).reshape(-1, C)
    dx, dgamma, dbeta = batchnorm_backward(dy.transpose(0, 2, 3, 1).reshape(-1, C), {**cache, "x_hat": rows})
    dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% check="batchnorm2d_backward.parameters" points=1
def parameter_gradients(dy, cache):
    """Returns (dgamma, dbeta)."""
    return batchnorm2d_backward(dy, cache)[1:]


r = np.random.RandomState(86)
x, dy = r.normal([[[5]], [[-2]], [[30]]], [[[0.5]], [[3]], [[4]]], (5, 3, 4, 2)), r.normal(0.5, 1, (5, 3, 4, 2))
cache = given_cache(x, np.array([1.5, 2.0, -0.5]), 0.1)
check("dgamma and dbeta", parameter_gradients, dy, cache)
### BEGIN HIDDEN TESTS
cache = given_cache(r.normal(2, 3, (3, 2, 7, 4)), np.array([1.5, -0.5]), 0.3)
check("dgamma and dbeta, two channels", parameter_gradients, r.normal(0.5, 1, (3, 2, 7, 4)), cache)
### END HIDDEN TESTS

# %% check="batchnorm2d_backward.dx" points=1
r = np.random.RandomState(87)
x, dy = r.normal([[[5]], [[-2]], [[30]]], [[[0.5]], [[3]], [[4]]], (4, 3, 2, 5)), r.normal(0.5, 1, (4, 3, 2, 5))
cache = given_cache(x, np.array([1.5, 2.0, -0.5]), 0.1)
with by_hand():  # in each channel dx is a·dy + b + c·x̂: its row is a, b, c, and what is left over
    check("dx", lambda dy, given: mix(batchnorm2d_backward(dy, given)[0], dy, 1, cache["x_hat"]), dy, cache)
### BEGIN HIDDEN TESTS
dy, cache = r.normal(0.5, 1, (3, 2, 7, 4)), given_cache(r.normal(2, 3, (3, 2, 7, 4)), np.array([1.5, -0.5]), 0.3)
with by_hand():
    check("dx, two channels", lambda dy, cache: batchnorm2d_backward(dy, cache)[0], dy, cache)
### END HIDDEN TESTS

# %% check="batchnorm2d_backward.robust" points=1
r = np.random.RandomState(88)
x, dy = r.normal(3, 2, (2, 4, 3, 4)), r.normal(0.5, 1, (2, 4, 3, 4))  # as many channels as columns
x[:, 2] = -8.0
gamma = np.array([1.0, 2.0, 3.0, 4.0])
cache = given_cache(x, gamma, 0.01)
with by_hand():
    check("dx, C = W, a constant channel", lambda dy, cache: batchnorm2d_backward(dy, cache)[0], dy, cache, rtol=1e-5)
### BEGIN HIDDEN TESTS
few = given_cache(x[:1, ::2, :, ::-1], gamma[:2], 0.1)
with by_hand():
    check("three gradients, one image, not contiguous", batchnorm2d_backward, dy[1:, ::2, ::-1], few)
x, dy = r.normal(2, 1, (3, 4, 5, 2)).astype("f4"), r.normal(size=(3, 4, 5, 2)).astype("f4")
cache = given_cache(x, gamma.astype("f4"), 0.1)
with by_hand():
    check("dx, float32", lambda dy, cache: batchnorm2d_backward(dy, cache)[0], dy, cache, rtol=1e-3)
### END HIDDEN TESTS

# %% [markdown]
# **Established:** the backward pass needs nothing new either. Within each channel `dx` sums to zero, now over $N
# \cdot H \cdot W$ pixels.
# %% [markdown]
# ### The judge: PyTorch
#
# `nn.BatchNorm2d` is what everybody uses. Does your NumPy agree with it, in float64, to $10^{-10}$ of the largest
# entry?
# %% tags=["demo"]
r = np.random.RandomState(7)
x, dy = r.normal(5, 3, (8, 6, 10, 9)), r.normal(size=(8, 6, 10, 9))
gamma, beta = r.normal(1, 0.5, 6), r.normal(size=6)
layer = nn.BatchNorm2d(6, dtype=torch.float64)
with torch.no_grad():
    layer.weight.copy_(torch.tensor(gamma))
    layer.bias.copy_(torch.tensor(beta))
x_torch = torch.tensor(x, requires_grad=True)
y_torch = layer(x_torch)
y_torch.backward(torch.tensor(dy))
theirs = {"y": y_torch.detach(), "dx": x_torch.grad, "dgamma": layer.weight.grad, "dbeta": layer.bias.grad}
# %% tags=["demo"]
with your_functions():
    y, cache = batchnorm2d_forward(x, gamma, beta)
    for (name, a), b in zip(theirs.items(), (y, *batchnorm2d_backward(dy, cache))):
        gap = np.abs(a.numpy() - b).max() / np.abs(b).max()
        print(f"{name:>6}: shape {b.shape!s:14} agrees with torch to 1e-10: {gap < 1e-10}")
# %% [markdown]
# Both passes agree. What the layer keeps for evaluation is unit 05, per channel: one running mean and one running
# variance for each of the $C$ channels.
# %% [markdown]
# ## 4. Counting parameters
#
# A dense layer with $D$ neurons has $D$ pairs $\gamma, \beta$. For a convolution with $C$ channels on maps of
# $H \times W$ there are two ways:
#
# - normalized per channel it has $C$ pairs, $2C$ numbers;
# - normalized per activation it has $C \cdot H \cdot W$ pairs, $2CHW$ numbers.
#
# ### Exercise: `count_bn_parameters` (5 minutes)
#
# How many numbers does BN add that are learned, in a whole net? In a dense layer each neuron is a channel of its own.
#
# <details><summary>Hint</summary>
#
# `np.prod(shape)` multiplies the entries of a shape, however many there are. Add up over the layers.
#
# </details>


# %% exercise="count_bn_parameters"
def count_bn_parameters(layer_shapes, per):
    """The number of learned BN parameters, γ and β, of a net that has BN in each of its layers.

    layer_shapes: a list of shapes, (C, H, W) for a convolution's output, (D,) for a dense layer's;
    per: "channel" or "activation".  Returns one whole number.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    if per == "channel":
        return sum(2 * shape[0] for shape in layer_shapes)
    return sum(2 * int(np.prod(shape)) for shape in layer_shapes)
    ### END SOLUTION


# %% check="count_bn_parameters.per_channel" points=1
check("parameters per channel", count_bn_parameters, [(6, 28, 27), (20, 10, 9), (16, 5, 4)], "channel")
check(
    "parameters per channel, dense layers too",
    count_bn_parameters,
    [(6, 28, 27), (16, 10, 9), (120,), (84,)],
    "channel",
)
### BEGIN HIDDEN TESTS
check("parameters per channel, other layers", count_bn_parameters, [(7, 3, 2), (11,), (2, 9, 9)], "channel")
### END HIDDEN TESTS

# %% check="count_bn_parameters.per_activation" points=1
check("parameters per activation", count_bn_parameters, [(6, 28, 27), (20, 10, 9), (16, 5, 4)], "activation")
check(
    "parameters per activation, dense layers too",
    count_bn_parameters,
    [(6, 28, 27), (16, 10, 9), (120,), (84,)],
    "activation",
)
### BEGIN HIDDEN TESTS
check("parameters of a dense net", count_bn_parameters, [(100,), (50,)], "channel")
check("parameters of one layer", count_bn_parameters, [[3, 8, 8]], "activation")
### END HIDDEN TESTS

# %% [markdown]
# **Established:** per channel, the count does not depend on the size of the image. In a dense layer the two ways are
# the same.
# %% [markdown]
# VGG-11, which we train in unit 11, has eight convolutions. On CIFAR-10 their outputs have the shapes below, on
# ImageNet the maps are 49 times as large. **Predict**: how many BN parameters in all, per channel and per activation?
# %% tags=["demo"]
vgg11 = [(64, 32), (128, 16), (256, 8), (256, 8), (512, 4), (512, 4), (512, 2), (512, 2)]  # channels, rows = columns
with your_functions():
    for images_of, factor in [("CIFAR-10, 32×32", 1), ("ImageNet, 224×224", 7)]:
        shapes = [(c, factor * h, factor * h) for c, h in vgg11]
        per_channel, per_activation = (count_bn_parameters(shapes, per) for per in ("channel", "activation"))
        print(f"{images_of:>18}: {per_channel:6,} per channel, {per_activation:10,} per activation")
    filters = sum(9 * c_in * c for c_in, (c, _) in zip([3] + [c for c, _ in vgg11], vgg11))
    print(f"{'for comparison':>18}: {filters:,} weights in the eight convolutions")
# %% [markdown]
# Per activation and on ImageNet, BN would have more parameters than the convolutions have weights. On small images
# there is less to save: there it would have 3% of that. Two reasons weigh more: the one of section 1, and a practical
# one. A layer with $C$ pairs takes images of any size. Section 5 looks at a third.
# %% claim="BN per activation: more than the weights on ImageNet's images, 3% of them on CIFAR's"
per_activation > filters and round(100 * per_activation / 49 / filters) == 3 and per_channel == 5504
# %% [markdown]
# ### Question 1
#
# At the end of a CNN, maps of shape (32, 3, 3) are flattened to 288 numbers. Somebody puts `nn.BatchNorm1d(288)`
# there, before the dense layer. Which kind of normalization is that?
#
# - (a) Per channel: flattening leaves 32 channels, so the layer learns 32 pairs.
# - (b) Per activation, with 288 pairs. The dense layer has a weight for each place anyway.
# - (c) Per activation, with 288 pairs. That is an error: places must always share.
# - (d) Neither: after flattening all 288 numbers share one mean and one variance.
# %% exercise="q_flattened"
# Your answer: "a", "b", "c" or "d"
### BEGIN SOLUTION
q_flattened = "b"
### END SOLUTION

# %% check="q_flattened.answer" points=1
check("q_flattened", q_flattened)
# %% [markdown]
# ## 5. A channel has many more samples
#
# Per activation a mean is taken over $m = N$ numbers. Per channel, over $m = N \cdot H \cdot W$: with 32 images and
# maps of 26×26 that is 21,632. Such a mean should depend less on which images happen to be in the batch.
#
# For $m$ *independent* numbers a mean scatters by $\sigma/\sqrt m$. The pixels of one image are not independent. So
# measure: 300 random batches of 32 digits through a filter that blurs, and the mean of each.
#
# **Predict, then run.** The mean per activation will scatter by about $\sigma/\sqrt{32} = 0.18\,\sigma$. Per channel:
# nearer to $\sigma/\sqrt{21632} = 0.007\,\sigma$, or nearer to 0.18 σ?
# %%
my_guess_scatter = "?"  # a number times sigma
# %% tags=["demo"]
blur = torch.tensor([[[[0.0, 1, 0], [1, 2, 1], [0, 1, 0]]]])
z = F.conv2d(torch.tensor(X_train[:1000, None]), blur)[:, 0].numpy()  # (1000, 26, 26)
r = np.random.RandomState(0)
batches = [r.choice(len(z), 32, replace=False) for _ in range(300)]
scatter = {}
for name, values, m in [("per activation", z[:, 13, 13], 32), ("per channel", z, 32 * 26 * 26)]:
    scatter[name] = np.std([values[b].mean() for b in batches]) / values.std()
    print(f"{name:>14}: m = {m:6,}, the mean scatters by {scatter[name]:.3f} sigma,", end=" ")
    print(f"as for {scatter[name] ** -2:5.0f} independent numbers")
print("your guess, per channel:", my_guess_scatter)
# %% [markdown]
# The channel's mean is several times steadier than that of the activation. But it scatters more than its $m$
# promises, on MNIST four times as much. A likely reason: neighbouring pixels say much the same, and a bold digit is
# bold everywhere.
# Read $m = N \cdot H \cdot W$ as what to divide by, not as the amount of information.
# %% claim="per activation about 0.18 sigma; per channel at most a third of it, and more than 0.0068"
abs(scatter["per activation"] - 0.18) < 0.02 and 1.5 * 0.0068 < scatter["per channel"] < 0.18 / 3
# %% claim="four times as much as m promises" data="mnist"
3.5 < scatter["per channel"] / 0.0068 < 5
# %% [markdown]
# ### Question 2
#
# You train on a single image at a time, $N = 1$. In unit 05, `nn.BatchNorm1d` refused that. What does
# `nn.BatchNorm2d` do in training mode with a batch of shape `(1, 16, 14, 14)`?
#
# - (a) It refuses as well: one example has no variance.
# - (b) It returns $\beta$ everywhere, since $x - \mu$ is 0.
# - (c) It works: each map is normalized with its own 196 numbers.
# - (d) It works: all 3,136 numbers share one mean and one variance.
# %% exercise="q_single_image"
# Your answer: "a", "b", "c" or "d"
### BEGIN SOLUTION
q_single_image = "c"
### END SOLUTION

# %% check="q_single_image.answer" points=1
check("q_single_image", q_single_image)
# %% [markdown]
# ## 6. A convolution block without a bias
#
# Unit 03 found that a bias in front of BN does nothing: the mean takes it away. In a convolution the bias is one
# number per channel, and so is the mean: it is taken away here, too. Watch the same convolution with a large bias and
# without one, in both modes.
# %% tags=["demo"]
r = np.random.RandomState(3)
x, w, gamma, beta = (torch.tensor(r.normal(size=shape)) for shape in [(32, 3, 8, 8), (4, 3, 3, 3), 4, 4])
b = torch.tensor([5.0, -3.0, 2.0, 0.5], dtype=torch.float64, requires_grad=True)
gamma.requires_grad_(), beta.requires_grad_()


def conv_bn(bias, mean, var, training):
    """3×3 convolution, then BN; in training mode mean and var become those of the batch (momentum 1)."""
    return F.batch_norm(F.conv2d(x, w, bias, padding=1), mean, var, gamma, beta, training, momentum=1.0)


# %% tags=["demo"]
kept = {name: (torch.zeros(4).double(), torch.ones(4).double()) for name in ("with", "without")}
for training in (True, False):
    y_with, y_without = conv_bn(b, *kept["with"], training), conv_bn(None, *kept["without"], training)
    same = (y_with - y_without).abs().max().item() < 1e-6
    print(f"{'training' if training else 'eval':>8}: outputs with and without a bias equal to 1e-6: {same}")
moved = kept["with"][0] - kept["without"][0]
print("    what the running means differ by:", moved.numpy().round(6))
loss = (conv_bn(b, *kept["with"], True) ** 3).mean()
slopes = torch.autograd.grad(loss, (b, beta))
for name, slope in zip(("bias", "beta"), slopes):
    print(f"gradient of {name} is zero to 1e-6:", slope.abs().max().item() < 1e-6)
# %% [markdown]
# The mean swallows the bias, and in eval mode the running mean does: it has moved by just that bias. The bias has no
# gradient either, so it would never learn. $\beta$ has one, and does the bias's work. So leave the bias out:
# `bias=False`.
# %% claim="the running means differ by the bias; the bias has no gradient, beta has one"
bool(same and (moved - b).abs().max() < 1e-6 and slopes[0].abs().max() < 1e-6 and slopes[1].abs().min() > 1e-3)
# %% [markdown]
# ### Exercise: `conv_block` (5 minutes)
#
# The standard block of a CNN: convolution 3×3, batch normalization, ReLU, in this order, with images of the same size
# out as in. Nothing in it may be learned in vain.
#
# <details><summary>Hint</summary>
#
# `nn.Sequential` chains modules. Which padding does a 3×3 filter need, so that no row and no column is lost? And how
# many channels does BN see?
#
# </details>


# %% helper=true
def ready(block, c_in):
    """A block whose lazy layers, if it has any, know their sizes."""
    import torch

    if any(map(torch.nn.parameter.is_lazy, block.parameters())):
        block(torch.ones(2, c_in, 4, 4))
        for module in block.modules():
            getattr(module, "reset_running_stats", int)()
    return block


def outputs(block, c_in, modes, size=(6, 5)):
    """A block's output in the last of several modes (None: the one it is in), with numbers of ours in its parameters.

    What begins at 1 is taken for γ, at 0 for β, at random for a convolution's bias. That is 0 where eval mode is looked
    at, whose running mean would not have caught up with it.
    """
    import torch

    for p in ready(block, c_in).double().parameters():
        beta, gamma = bool((p == 0).all()), bool((p == 1).all())
        numbers = np.random.RandomState(10 * p.ndim + (p.ndim == 1 and not gamma)).normal(0.4, 1, p.shape)
        if p.ndim == 1 and not (beta or gamma) and False in modes:
            numbers *= 0
        p.data.copy_(torch.tensor(numbers))
    for k, training in enumerate(modes):
        if training is not None:
            block.train(training)
        x = torch.tensor(np.random.RandomState(k).normal(2, 1.5, (4, c_in, *size)))
        y = block(x)
    return y


# %% exercise="conv_block"
def conv_block(c_in, c_out):
    """A new torch module: 3×3 convolution, batch normalization, ReLU; no parameter without effect, none that is frozen.

    It maps (N, c_in, H, W) to (N, c_out, H, W), the same H and W.  It is in training mode, as new modules are.
    About 5 minutes.
    """
    ### BEGIN SOLUTION
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
    ### END SOLUTION


# %% check="conv_block.output" points=1
check("block: output in training mode", lambda: outputs(conv_block(3, 5), 3, [True]))
check("block: output in eval mode, after one batch", lambda: outputs(conv_block(3, 5), 3, [None, False]))
### BEGIN HIDDEN TESTS
check("block: output, other channels", lambda: outputs(conv_block(4, 3), 4, [True], (5, 7)))
### END HIDDEN TESTS


# %% check="conv_block.parameters" points=1
def counts():
    block = ready(conv_block(3, 5), 3)
    (y := block(torch.ones(2, 3, 4, 4))).requires_grad and y.sum().backward()
    return sorted((p.numel(), p.grad is not None) for p in block.parameters())


check("block: how many numbers each parameter holds, and whether a gradient comes to it", counts)
### BEGIN HIDDEN TESTS
check("block: one channel in, other sizes", lambda: outputs(conv_block(1, 2), 1, [None, True, False], (3, 8)))
check("block: independent of the block before", lambda: conv_block(2, 2) is not conv_block(2, 2))
### END HIDDEN TESTS

# %% [markdown]
# **Established:** three parameters a block: the filters, $\gamma$ and $\beta$.
# %% [markdown]
# ## 7. A small CNN on MNIST, with and without BN
#
# The net: your block three times, each followed by max-pooling, which halves rows and columns; then a dense layer to
# ten scores. Channels 8, 16, 32. Its twin has biases instead of BN. The cell below makes `bn_block` of your
# `conv_block`, or, until that is finished, of the course's own.


# %% folded="Helpers, and your conv_block, or the course's own until yours is finished"
def find(net, kind):
    """The modules of one kind in a net, in their order."""
    return [module for module in net.modules() if isinstance(module, kind)]


def exchange(net, old, new):
    """Put the module new where the module old stands in a net."""
    for parent in [*net.modules()]:
        for name in [name for name, child in parent.named_children() if child is old]:
            setattr(parent, name, new)


@torch.no_grad()
def test_error(net, count=None):
    """The percentage of wrong answers on the first `count` test images; the net is left in training mode."""
    net.eval()
    guesses = torch.cat([net(x).argmax(dim=1) for x in test_x[:count].split(1000)])
    net.train()
    return 100 * (guesses != test_y[:count]).float().mean().item()


try:
    from tqdm.auto import tqdm
except ImportError:

    def tqdm(steps, **options):
        return steps


def bn_block(c_in, c_out):
    """What conv_block gives, if that is finished and made of one nn.Conv2d and one nn.BatchNorm2d."""
    if fits:
        return conv_block(c_in, c_out)
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())


try:
    trial = conv_block(2, 3)
    fits = len(find(trial, nn.Conv2d)) == len(find(trial, nn.BatchNorm2d)) == 1
    fits = fits and trial(torch.ones(4, 2, 6, 5)).shape == (4, 3, 6, 5)
except Exception:  # what is wrong with it, its checks say
    fits = False
print("The net is made of your conv_block." if fits else "Your conv_block does not fit yet: the course's is taken.")


# %%
class SmallCNN(nn.Module):
    """Maps images (N, 1, 28, 28) to scores (N, 10); block(c_in, c_out) makes one of its three blocks."""

    def __init__(self, block, widths=(1, 8, 16, 32)):
        super().__init__()
        self.blocks = nn.ModuleList(block(c_in, c_out) for c_in, c_out in pairwise(widths))
        self.scores = nn.Linear(9 * widths[-1], 10)

    def forward(self, x):
        for block in self.blocks:
            x = F.max_pool2d(block(x), 2)
        return self.scores(x.flatten(1))


def plain_block(c_in, c_out):
    """The twin's block: biases instead of BN."""
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1), nn.ReLU())


# %%
def train(net, steps, rate, seed, watch=(), falling=False, batch=64, **bar):
    """Adam on random batches. Returns the test errors (%, on 1,000 images) after the steps in `watch`."""
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    draw, order, seen = torch.Generator().manual_seed(seed), torch.empty(0, dtype=torch.long), []
    for step in tqdm(range(1, steps + 1), leave=False, **bar):
        if len(order) < batch:
            order = torch.randperm(len(train_x), generator=draw)
        rows, order = order[:batch].to(train_x.device), order[batch:]
        if falling:  # to zero, in a straight line
            optimizer.param_groups[0]["lr"] = rate * (1 - (step - 1) / steps)
        optimizer.zero_grad()
        F.cross_entropy(net(train_x[rows]), train_y[rows]).backward()
        optimizer.step()
        if step in watch:
            seen.append(test_error(net, 1000))
    return seen


def new_net(block, seed):
    """A net with the initial weights of a seed."""
    torch.manual_seed(seed)
    return SmallCNN(block).to(train_x.device)


# %% tags=["demo"]
place = device()
train_x, test_x = (torch.tensor(a[:, None], device=place) for a in (X_train, X_test))
train_y, test_y = (torch.tensor(a, device=place) for a in (y_train, y_test))
# %% [markdown]
# First a sprint: 100 steps with batches of 64. Three learning rates, three seeds each, the same for both nets.
#
# **Predict.** For which of the three rates will BN make the largest difference?
# %%
my_guess_rate = "?"  # 0.003, 0.01 or 0.03
# %% tags=["demo"]
watch, rates, sprints = range(20, 101, 20), (0.003, 0.01, 0.03), {}
nets = {"with BN": bn_block, "without BN": plain_block}
for rate in rates:
    for name, block in nets.items():
        runs = [train(new_net(block, seed), 100, rate, seed, watch, disable=True) for seed in (0, 1, 2)]
        sprints[rate, name] = np.sort(runs, axis=0)  # at each step the best, the middle and the worst of three
        low, middle, high = sprints[rate, name][:, -1]
        print(f"rate {rate:5}, {name:>10}: test error {middle:4.1f}%  (three seeds: {low:.1f} to {high:.1f})")
print("your guess of the rate with the largest difference:", my_guess_rate)
# %% tags=["demo"] folded="The code of the figure"
fig, axes = plt.subplots(1, 3, figsize=(8.4, 3.4), sharey=True)
for ax, rate in zip(axes, rates):
    for name, marker, line, colour in [("with BN", "o", "-", "#0072B2"), ("without BN", "s", "--", "#D55E00")]:
        low, middle, high = sprints[rate, name]
        ax.fill_between(watch, low, high, color=colour, alpha=0.2, lw=0)
        ax.semilogy(watch, middle, marker=marker, ls=line, color=colour, label=name)
    ax.set_title(f"learning rate {rate}", loc="center", fontsize=10, fontweight="normal")
    ax.set(xlabel="step", xticks=watch, ylim=(1, 100))
    ax.set_yticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
    ax.minorticks_off()
axes[0].set_ylabel("test error (%)")
axes[0].legend(loc="lower left")
fig.suptitle("With BN the net learns at all three rates", x=0.01, ha="left", fontweight="bold")
plt.show()
# %% [markdown]
# *The figure:* test error against step, on a logarithmic scale, for three learning rates; lines are the middle one of
# three seeds, bands reach from the best to the worst. With BN every run learns, at all three rates. At rate 0.03 the
# twin's middle run does not; there the difference is largest. This is evidence for one net, one optimizer, 100 steps
# and three seeds.
# %% claim="every run with BN learns; at 0.03 the twin's middle run does not, and the difference is largest there"
all(sprints[r, "with BN"][2, -1] < 30 for r in rates) and sprints[0.03, "without BN"][1, -1] > 60 and (
    max(rates, key=lambda r: sprints[r, "without BN"][1, -1] - sprints[r, "with BN"][1, -1]) == 0.03
)
# %% [markdown]
# And look at step 20 in the first two panels: there the middle run with BN is *worse* than the twin's. After 20 steps,
#
# - (a) has the net with BN learned less than its twin?
# - (b) Or is it tested with wrong statistics? In eval mode it uses running averages, which began at 0 and 1, and with
#   momentum 0.1 hold $0.9^{20} \approx 12\%$ of that after 20 batches (unit 05).
# %% claim="at step 20 the middle run with BN is worse at both rates"
bool(min(sprints[r, "with BN"][1, 0] - sprints[r, "without BN"][1, 0] for r in rates[:2]) > 5)
# %%
my_guess_dip = "?"  # "a" or "b"
# %% [markdown]
# Three lines tell, without any training: take away what is left of the 0 and the 1, and divide by the weight of the
# rest, $1 - 0.9^{20}$. As a check, forget the averages, and measure them again on 16 batches of training images.
# %% tags=["demo"]
left, dip = 0.9**20, []
for seed in (0, 1, 2):
    twin, fresh = new_net(plain_block, seed), new_net(bn_block, seed)
    for some in (twin, fresh):
        train(some, 20, 0.003, seed, disable=True)
    errors = [test_error(twin, 1000), test_error(fresh, 1000)]
    for bn in find(fresh, nn.BatchNorm2d):
        bn.running_mean.div_(1 - left)
        bn.running_var.sub_(left).div_(1 - left)
    errors.append(test_error(fresh, 1000))
    for bn in find(fresh, nn.BatchNorm2d):
        bn.reset_running_stats()
        bn.momentum = None  # the plain mean over all batches from now on
    with torch.no_grad():
        for x in train_x[:1024].split(64):
            fresh(x)
    dip.append([*errors, test_error(fresh, 1000)])
    print("seed {}: twin {:.0f}%   with BN {:.0f}%, corrected {:.0f}%, measured again {:.0f}%".format(seed, *dip[-1]))
print("your guess:", my_guess_dip)
# %% [markdown]
# So (b). With statistics that fit, the net with BN makes less than half of its twin's errors in each seed: it had
# learned more, not less. The running averages lagged behind. After 100 steps $0.9^{100} \approx 0.003\%$ of the
# start is left, and nobody needs the correction.
# %% claim="in each seed the corrected net makes less than half of the twin's errors, and measuring again agrees"
all(fixed < twin / 2 and abs(again - fixed) < 8 for twin, raw, fixed, again in dip) and 2e-5 < 0.9**100 < 3e-5
# %% [markdown]
# Now a full run: 937 steps with batches of 64, which is one pass over the full MNIST. The learning rate falls to zero.
# %% tags=["demo"]
net = new_net(bn_block, 0)
train(net, 937, 0.005, 0, falling=True, desc="training")
print(f"test accuracy with BN after 937 steps: {100 - test_error(net):.1f}% of {len(test_x):,} images")
# %% [markdown]
# And its twin? That run was made at three rates, with three seeds each, on the full MNIST, and stored.
# %% folded="The stored numbers"
# stored: begin (data/results/08_full_run.json; `python data/results/08_cnn_per_channel.py --embed` renews these lines)
STORED = json.loads("""
{"rates":[0.002, 0.005, 0.01], "errors":{"with BN":{"0.002":[158, 139, 132], "0.005":[118, 104, 122], "0.01":[122,
109, 100]}, "without BN":{"0.002":[286, 275, 272], "0.005":[165, 147, 182], "0.01":[218, 150, 136]}}}
""")
# stored: end
# %% tags=["demo"]
for rate in STORED["rates"]:
    for name, runs in STORED["errors"].items():
        wrong = "  ".join(f"{100 - run / 100:.2f}%" for run in runs[str(rate)])
        print(f"rate {rate}, {name:>10}: test accuracy {wrong}")
# %% [markdown]
# At each rate every run with BN beats every run without. Each net at its best rate, in the mean of three seeds: 1.1% of
# the digits wrong with BN, 1.6% without. So a third of the twin's errors is gone, which is half a percent of all
# digits. More rates or more passes were not tried.
# %% claim="at each rate the worst run with BN beats the best without; 1.1% against 1.6% at the best rates"
(
    lambda bn, twin: (
        all(max(bn[r]) < min(twin[r]) for r in bn)
        and len(bn) == 3
        and ([round(min(np.mean(runs) for runs in net.values()) / 100, 1) for net in (bn, twin)] == [1.1, 1.6])
    )
)(STORED["errors"]["with BN"], STORED["errors"]["without BN"])
# %% [markdown]
# ## 8. Feature maps before and after
#
# What does BN do to the pictures inside this net? Take its first convolution, 8 channels of 28×28, and six of its
# channels, from the one with the smallest standard deviation to the one with the largest.
# %% tags=["demo"]
conv, bn = find(net.blocks[0], nn.Conv2d)[0], find(net.blocks[0], nn.BatchNorm2d)[0]
with torch.no_grad():
    z = conv(test_x[:256])  # (256, 8, 28, 28)
    x_hat = F.batch_norm(z, None, None, training=True)
    y = F.batch_norm(z, None, None, bn.weight, bn.bias, training=True)
z, x_hat, y = (a.double().cpu() for a in (z, x_hat, y))
spread = z.std(dim=(0, 2, 3))
chosen = spread.argsort()[[0, 1, 3, 4, 6, 7]]
# %% tags=["demo"] folded="The code of the figure"
fig, axes = plt.subplots(3, 6, figsize=(8.4, 5.0))
rows = [("before: $z$", z), (r"normalized: $\hat{x}$", x_hat), (r"after: $y = \gamma\hat{x} + \beta$", y)]
for row, (name, maps) in zip(axes, rows):
    reach = np.quantile(np.abs(maps[0, chosen].numpy()), 0.995)
    for ax, c in zip(row, chosen):
        shown = ax.imshow(maps[0, c], cmap="gray", vmin=-reach, vmax=reach)
        mean, std = maps[:, c].mean() + 0.0, maps[:, c].std()
        ax.set(xticks=[], yticks=[], xlabel=f"{mean:.2f} ± {std:.2f}".replace("-0.00", "0.00").replace("-", "−"))
    row[0].set_ylabel(name)
    fig.colorbar(shown, ax=row, shrink=0.85)
for ax, c in zip(axes[0], chosen):
    ax.set_title(f"channel {c}", loc="center", fontsize=10, fontweight="normal")
fig.suptitle("BN brings every channel to one scale, and leaves its picture alone", fontweight="bold")
fig.supxlabel("below each map: mean ± standard deviation of its channel, over 256 images", fontsize=10)
plt.show()
# %% [markdown]
# *The figure:* one test digit in six channels; rows are before BN, normalized, and after $\gamma$ and $\beta$. All
# six maps of a row share one grey scale. In the first row the contrast grows from left to right: the standard deviation
# of the last channel is more than twice that of the first. In the second row all have mean 0 and standard deviation 1.
# In the third $\gamma$ and $\beta$ have moved them apart again, by less, and by amounts that were learned.
# %% claim="standard deviations before: more than a factor of 2; normalized: 1; after: apart by less"
(lambda before, hat, after: bool(before > 2 and abs(hat - 1) < 0.02 and 1.03 < after < 0.7 * before))(
    *(a.std(dim=(0, 2, 3)).max() / a.std(dim=(0, 2, 3)).min() for a in (z, x_hat, y))
)
# %% [markdown]
# Look down any column: the drawing is the same in all three rows, only its grey values differ. Within a channel BN is
# one straight line, $y = az + b$, for all pixels (upside down if $\gamma$ were negative). That is equivariance again,
# and the key to the next section.
#
# ## 9. Folding BN into the convolution
#
# In eval mode $\mu$ and $\sigma^2$ are fixed numbers. A convolution followed by BN is then
#
# $$y = \gamma \frac{(W * x + b) - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta ,$$
#
# where $*$ is the convolution. For each output channel this is a scaled and shifted convolution, in other words: a
# convolution. With $s = \gamma / \sqrt{\sigma^2 + \varepsilon}$ it is $s \cdot (W * x) + \dots$ Find the new filter
# $W'$ and the new bias $b'$ on paper. The bias is back, and now it has work to do: it holds all that $\mu$, $\beta$
# and $b$ did.
#
# ### Exercise: `fold_conv_bn` (8 minutes)
#
# <details><summary>Hint</summary>
#
# A filter bank has the shape `(c_out, c_in, rows, columns)`, and $s$ has shape `(c_out,)`: which of the four axes is
# it for? `conv.bias` may be `None`. A module's parameter is set by `module.weight = nn.Parameter(values)`, or inside
# `with torch.no_grad():` by `module.weight.copy_(values)`. A convolution's other options stand in `conv.stride`,
# `conv.padding`, `conv.dilation`, `conv.groups`; `copy.deepcopy(conv)` takes all of them along.
#
# </details>


# %% helper=true
def conv_and_bn(bias, c_in=3, c_out=5, dtype="float32", training=False, **options):
    """A convolution and the BN behind it, with numbers of ours in both."""
    import torch

    r = np.random.RandomState(89)
    conv = torch.nn.Conv2d(c_in, c_out, (3, 2), bias=bias, dtype=getattr(torch, dtype), **options)
    bn = torch.nn.BatchNorm2d(c_out, eps=0.1, dtype=conv.weight.dtype).train(training)
    numbers = [r.normal(1.5, 1, c_out), r.normal(3, 1, c_out), r.normal(-2, 1, c_out), r.uniform(0.2, 3, c_out)]
    for t, a in zip([bn.weight, bn.bias, bn.running_mean, bn.running_var], numbers):
        t.data.copy_(torch.tensor(a))
    conv.weight.data.copy_(torch.tensor(r.normal(0.5, 1, conv.weight.shape)))
    if bias:
        conv.bias.data.copy_(torch.tensor(r.normal(4, 1, c_out)))
    return conv, bn


# %% helper=true
from contextlib import contextmanager


@contextmanager
def unfused():
    """PyTorch's own fusion with BN is switched off: what of it is Python comes to one of two functions."""
    from torch.nn.utils import fusion

    def refuse(*args, **options):
        raise RuntimeError("PyTorch's own fusion is switched off in this check: do the arithmetic yourself.")

    own = [fusion.fuse_conv_bn_weights, fusion.fuse_linear_bn_weights]
    codes = [function.__code__ for function in own]
    try:
        for function in own:
            function.__code__ = refuse.__code__
        yield
    finally:
        for function, code in zip(own, codes):
            function.__code__ = code


# %% exercise="fold_conv_bn"
def fold_conv_bn(conv, bn):
    """One convolution that does the work of conv followed by bn in eval mode, without torch.nn.utils.fusion.

    conv: an nn.Conv2d, with or without a bias; bn: the nn.BatchNorm2d after it, of any mode.
    Returns a new nn.Conv2d with a bias, of conv's stride, padding, dilation, groups and dtype.
    conv and bn are not changed.  About 8 minutes.
    """
    ### BEGIN SOLUTION
    scale = (bn.weight / torch.sqrt(bn.running_var + bn.eps)).detach()
    bias = 0 if conv.bias is None else conv.bias.detach()
    folded = copy.deepcopy(conv)
    folded.weight = nn.Parameter(conv.weight.detach() * scale.reshape(-1, 1, 1, 1))
    folded.bias = nn.Parameter((bias - bn.running_mean) * scale + bn.bias.detach())
    return folded
    ### END SOLUTION


# %% check="fold_conv_bn.weight" points=1
with unfused():
    check("folded weight", lambda: fold_conv_bn(*conv_and_bn(bias=False)).weight, rtol=1e-5)
### BEGIN HIDDEN TESTS
with unfused():
    check("folded weight, other channels", lambda: fold_conv_bn(*conv_and_bn(True, 2, 4)).weight, rtol=1e-5)
### END HIDDEN TESTS

# %% check="fold_conv_bn.bias" points=1
with unfused():
    check("folded bias, where conv has none", lambda: fold_conv_bn(*conv_and_bn(bias=False)).bias, rtol=1e-5)
    check("folded bias, where conv has one", lambda: fold_conv_bn(*conv_and_bn(bias=True)).bias, rtol=1e-5)
### BEGIN HIDDEN TESTS
with unfused():
    check("folded bias, other channels", lambda: fold_conv_bn(*conv_and_bn(True, 2, 4)).bias, rtol=1e-5)
### END HIDDEN TESTS

# %% check="fold_conv_bn.module" points=1
x = torch.tensor(np.random.RandomState(90).normal(2, 1, (2, 3, 7, 6)), dtype=torch.float32)


def unchanged():
    """Which of conv's and bn's numbers are as they were before fold_conv_bn."""
    pair = nn.ModuleDict(zip(("conv", "bn"), conv_and_bn(bias=True)))
    before = copy.deepcopy(pair.state_dict())
    fold_conv_bn(pair["conv"], pair["bn"])
    return {key: torch.equal(t, before[key]) for key, t in pair.state_dict().items()}


with unfused():
    check("stride and padding", lambda: fold_conv_bn(*conv_and_bn(bias=True, stride=2, padding=1))(x), rtol=1e-5)
    check("conv and bn are as they were", unchanged)
    check("a new nn.Conv2d", lambda: isinstance(fold_conv_bn(*conv_and_bn(bias=True)), nn.Conv2d))
### BEGIN HIDDEN TESTS
x4 = torch.tensor(np.random.RandomState(91).normal(2, 1, (2, 4, 8, 7)))
conv, bn = conv_and_bn(True, c_in=4, c_out=6, dtype="float64", groups=2, dilation=2, training=True)
with unfused():
    check("groups, dilation, float64", lambda: fold_conv_bn(conv, bn)(x4))
    check("the mode of bn", lambda: bn.training)
### END HIDDEN TESTS

# %% [markdown]
# **Established:** $W' = sW$ and $b' = (b - \mu)s + \beta$, one $s$ for each output channel. In eval mode BN after a
# convolution is no layer of its own.
# %% [markdown]
# Fold the trained net of section 7: three convolutions take over the work of three BN layers. In float32, do the
# scores of all test images agree to $10^{-5}$, relative to the largest score?
# %% tags=["demo"]
whole, folded = copy.deepcopy(net).cpu().eval(), None
pictures = torch.tensor(X_test[:, None])
with your_functions(), torch.no_grad():
    smaller = copy.deepcopy(whole)
    for block in smaller.blocks:
        conv, bn = find(block, nn.Conv2d)[0], find(block, nn.BatchNorm2d)[0]
        exchange(block, conv, fold_conv_bn(conv, bn))
        exchange(block, bn, nn.Identity())
    folded = smaller
    a, b = (torch.cat([some(x) for x in pictures.split(1000)]) for some in (whole, folded))
    gap, agree = ((a - b).abs().max() / a.abs().max()).item(), (a.argmax(1) == b.argmax(1)).float().mean().item()
    print(f"scores agree to 1e-5: {gap < 1e-5}")
    print(f"same digit named: {agree:.1%} of the test images")
# %% [markdown]
# They do: nothing but rounding is between the two nets.
# %% claim="whole and folded net agree to a tenth of 1e-5; the same digit is named"
gap < 3e-6 and agree > 0.9995
# %% [markdown]
# ### What it saves (going further)
#
# Three layers fewer: how much time is that? Both nets in turns, on the CPU, one batch of 300 images a call.
# %% tags=["demo"] folded="The measurement and its figure"
if folded is not None:
    pair = {"conv, then BN": whole, "folded": folded}
    times = {name: [] for name in pair}
    with torch.no_grad():
        for _ in range(43):
            for name, some in pair.items():  # in turns, so that a slow moment of the machine hits both
                start = perf_counter()
                some(pictures[:300])
                times[name].append(1000 * (perf_counter() - start))
    times = {name: spent[3:] for name, spent in times.items()}  # the first calls warm up
    medians = [np.median(spent) for spent in times.values()]
    fig, ax = plt.subplots(figsize=(6, 3.6))
    for at, (spent, marker) in enumerate(zip(times.values(), "os")):
        ax.plot(at + np.linspace(-0.2, 0.2, len(spent)), spent, marker, ms=4, ls="none", alpha=0.6)
        ax.hlines(medians[at], at - 0.3, at + 0.3, color="black", lw=2.5, ls="-")
        ax.text(at + 0.32, medians[at], f"{medians[at]:.1f} ms", va="center")
    ax.set(xticks=[0, 1], xticklabels=list(times), xlim=(-0.6, 1.8), ylim=(0, 2 * max(medians)))
    ax.set(ylabel="milliseconds per call", title=f"Folded, this net takes {medians[1] / medians[0]:.0%} of the time")
    plt.show()
# %% [markdown]
# *The figure:* one dot for each of forty calls, unfolded on the left and folded on the right, a thick bar at each
# median. On the machine on which this unit was written the medians of several such runs lay between 1% and 12% apart:
# BN is a small part of this net's work, and so is what folding saves. How much it is elsewhere depends on the machine
# and on the net.
#
# ### Question 3
#
# Folding is exact in eval mode. Why can a conv and BN pair not be folded for *training*?
#
# - (a) Because there μ and σ² belong to the batch at hand: no fixed filter fits all batches.
# - (b) Because γ and β start at 1 and 0, so that there is nothing to fold in yet.
# - (c) Because no gradient can flow through a convolution whose filters were scaled.
# - (d) Because in float32 the rounding of 10⁻⁵ would add up over thousands of steps.
# %% exercise="q_fold_training"
# Your answer: "a", "b", "c" or "d"
### BEGIN SOLUTION
q_fold_training = "a"
### END SOLUTION

# %% check="q_fold_training.answer" points=1
check("q_fold_training", q_fold_training)
# %% [markdown]
# ## 10. Other axes, other norms
#
# Batch normalization averages over $(N, H, W)$. Nothing in the formula forces that choice. Three relatives subtract
# a mean and divide by a standard deviation as well, but each takes them over other numbers: **layer**, **instance**
# and **group** normalization.
#
# Let PyTorch show which. Take the maps $x$ of section 8: 4 digits, 6 channels. Choose one output, mark it with
# a cross, and ask autograd: *on which numbers of x does it depend?* Wherever $\partial \hat x_\times / \partial x$ is
# not zero.
#
# **Predict.** For batch normalization: which tiles of the 4×6 grid will be among them?
# %%
my_guess_tiles = "?"  # one tile, a row, a column, or all?
# %% tags=["demo"]
norms = {
    "batch": lambda x: F.batch_norm(x, None, None, training=True),
    "layer": lambda x: F.layer_norm(x, x.shape[1:]),
    "instance": lambda x: F.instance_norm(x),
    "group": lambda x: F.group_norm(x, 3),
}
maps = z[:4, chosen]  # (N, C, H, W) = (4, 6, 28, 28)
used = {}
for kind, norm in norms.items():
    x = maps.clone().requires_grad_()
    used[kind] = torch.autograd.grad(norm(x)[1, 2, 13, 16], x)[0].numpy() != 0
print("your guess:", my_guess_tiles)


# %% tags=["demo"] folded="The code of the figure"
def sheet(a):
    """(N, C, H, W) as one picture: a row of tiles for each image, a column for each channel."""
    return np.transpose(a, (0, 2, 1, 3)).reshape(4 * 28, 6 * 28)


over = {"batch": "N, H, W", "layer": "C, H, W", "instance": "H, W", "group": "C/3, H, W"}
fig, axes = plt.subplots(2, 2, figsize=(8.4, 6.2))
low, high = maps.amin((0, 2, 3), True), maps.amax((0, 2, 3), True)
picture = ((maps - low) / (high - low)).numpy()
for ax, (kind, mask) in zip(axes.flat, used.items()):
    ax.imshow(sheet(0.88 + 0.12 * picture), cmap="gray", vmin=0, vmax=1)
    lit = np.ma.masked_where(~sheet(mask), sheet(0.05 + 0.45 * picture))
    ax.imshow(lit, cmap="Blues_r", vmin=0, vmax=1)
    ax.plot(2 * 28 + 16, 28 + 13, "X", ms=8, color="#E69F00", mec="black")
    for k in range(1, 6):
        ax.axvline(28 * k - 0.5, color="white", lw=2, ls="-")
        ax.axhline(28 * min(k, 3) - 0.5, color="white", lw=2, ls="-")
    ax.set(xticks=28 * np.arange(6) + 13.5, xticklabels=range(6))
    ax.set(yticks=28 * np.arange(4) + 13.5, yticklabels=range(4))
    ax.set(xlabel="channel (C)", ylabel="image (N)", title=f"{kind}, over {over[kind]}: {mask.sum():,} numbers")
    ax.grid(False)
    ax.tick_params(length=0)
fig.suptitle(f"Which of the {mask.size:,} numbers share a mean and a variance with the one marked ×", fontweight="bold")
plt.show()
# %% [markdown]
# *The figure:* four copies of a grid of feature maps, a row for each image, a column for each channel; the numbers on
# which the output at the cross depends are dark, and each title says over which axes they lie. Batch: the cross's
# column, one channel in all images. Layer: its row, one image in all channels. Instance: a single tile. Group, with
# three groups of two channels: two neighbouring tiles of its row.
# %% claim="one column, one row, one tile, two neighbouring tiles"
(lambda tiles: all(tiles(*at) for at in [("batch", 4, 1), ("layer", 1, 6), ("instance", 1, 1), ("group", 1, 2)]))(
    lambda kind, n, c: used[kind][:, 2].any((1, 2)).sum() == n and used[kind][1].any((1, 2)).sum() == c
)
# %% [markdown]
# | normalization | averages over | sets of statistics | depends on other images | running statistics |
# |---|---|---|---|---|
# | batch | $N, H, W$ | $C$ | yes, in training | needed |
# | layer | $C, H, W$ | $N$ | no | none |
# | instance | $H, W$ | $N \cdot C$ | no | none |
# | group, $G$ groups | $C/G$ channels, $H, W$ | $N \cdot G$ | no | none |
#
# The last three do the same in training and at inference, for any batch size. (Layer normalization is used in other
# shapes, too: in transformers it averages over the channels alone.) What they give up: they cannot be folded into a
# convolution, since their statistics belong to the image at hand. When each is the better choice is a matter of unit
# 10.
#
# ### Exercise: `normalize_axes` (8 minutes)
#
# All four in one function, in NumPy, without $\gamma$ and $\beta$.
#
# <details><summary>Hint</summary>
#
# With `keepdims=True` a mean can be subtracted right away. For groups, give the channels two axes: `(N, C, H, W)`
# becomes `(N, G, C/G, H, W)`. A group is a run of neighbouring channels. At the end, back to the shape of `x`.
#
# </details>


# %% exercise="normalize_axes"
def normalize_axes(x, kind, groups=1, eps=1e-5):
    """x with its mean taken away and divided by √(variance + eps), over the axes of one kind of normalization.

    x: (N, C, H, W); kind: "batch", "layer", "instance" or "group"; groups: G, used by "group" only, divides C.
    Returns x_hat (N, C, H, W).  x itself is not changed.  With NumPy alone.  About 8 minutes.
    """
    ### BEGIN SOLUTION
    N, C, H, W = x.shape
    parts = x.reshape(N, groups, C // groups, H, W) if kind == "group" else x
    axes = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3), "group": (2, 3, 4)}[kind]
    mean = parts.mean(axis=axes, keepdims=True)
    var = parts.var(axis=axes, keepdims=True)
    return ((parts - mean) / np.sqrt(var + eps)).reshape(x.shape)
    ### END SOLUTION


# %% check="normalize_axes.three" points=1
r = np.random.RandomState(92)
x = r.normal(5, 2, (3, 6, 4, 2)) * r.uniform(0.5, 3, (3, 6, 1, 1)) + 2 * r.normal(size=(3, 6, 1, 1))
with by_hand():
    check("batch", normalize_axes, x, "batch", eps=0.1)
    check("layer", normalize_axes, x, "layer", eps=0.1)
    check("instance", normalize_axes, x, "instance", groups=2, eps=0.1)
### BEGIN HIDDEN TESTS
x = r.normal(1, 3, (2, 5, 3, 7))
with by_hand():
    for kind in ("batch", "layer", "instance"):
        check(f"{kind}, five channels", normalize_axes, x, kind, eps=0.3)
### END HIDDEN TESTS

# %% check="normalize_axes.group" points=1
r = np.random.RandomState(93)
x = r.normal(5, 2, (3, 6, 2, 5)) * r.uniform(0.5, 3, (3, 6, 1, 1)) + 2 * r.normal(size=(3, 6, 1, 1))
with by_hand():
    x_hat = check("group, two groups of three", normalize_axes, x, "group", groups=2, eps=0.1)
assert np.abs(x_hat[:, :3].mean((1, 2, 3))).max() < 1e-9, "in each image, the first three channels together have mean 0"
### BEGIN HIDDEN TESTS
with by_hand():
    check("group, one group", normalize_axes, x[:, :, :, ::2], "group", 1, 0.1)
    check("group, as many groups as channels", normalize_axes, x.astype("f4"), "group", 6, rtol=1e-3)
    check("layer, groups given", normalize_axes, x.transpose(3, 1, 2, 0), "layer", 3)
### END HIDDEN TESTS

# %% [markdown]
# **Established:** four layers, one formula. They differ only in who is averaged with whom. Group normalization holds
# two of the others: one group is layer, $C$ groups are instance normalization. And with a single image, $N = 1$, batch
# normalization in training is instance normalization: question 2.
# %% [markdown]
# And the judge again:
# %% tags=["demo"]
with your_functions():
    for kind, norm in norms.items():
        mine = normalize_axes(maps.numpy(), kind, groups=3)
        print(f"{kind:>8}: agrees with torch to 1e-10: {np.abs(mine - norm(maps).numpy()).max() < 1e-10}")


# %% [markdown]
# ## 11. Your two passes train a net (going further)
#
# The nets above had your block, with PyTorch's `nn.BatchNorm2d` in it. Now put your own `batchnorm2d_forward` and
# `batchnorm2d_backward` in its place. `torch.autograd.Function` ties a forward and a backward pass together, and the
# layer keeps running averages for eval mode as PyTorch's does, with the variance divided by $m - 1$ (unit 05).
# %% folded="Your two passes as a layer of PyTorch's"
class YourPasses(torch.autograd.Function):
    @staticmethod
    def forward(ctx, *inputs):  # x, gamma, beta
        y, ctx.cache = batchnorm2d_forward(*(t.detach().cpu().numpy() for t in inputs))
        return tuple(torch.tensor(a).to(inputs[0]) for a in (y, ctx.cache["mean"], ctx.cache["var"]))

    @staticmethod
    def backward(ctx, dy, *_):
        return tuple(torch.tensor(a).to(dy) for a in batchnorm2d_backward(dy.cpu().numpy(), ctx.cache))


class YourBatchNorm2d(nn.BatchNorm2d):
    def forward(self, x):
        if not self.training:
            return super().forward(x)
        y, mean, var = YourPasses.apply(x, self.weight, self.bias)
        m = x.numel() / x.shape[1]
        self.running_mean.lerp_(mean.detach(), self.momentum)
        self.running_var.lerp_(var.detach() * m / (m - 1), self.momentum)
        return y


# %% tags=["demo"]
train_x, train_y = torch.tensor(X_train[:10_000, None], dtype=torch.float64), torch.tensor(y_train[:10_000])
milliseconds, trained = {}, {}
with your_functions():
    for name in ("PyTorch's", "yours"):
        new = new_net(bn_block, 0).double()
        if name == "yours":
            for bn in find(new, nn.BatchNorm2d):
                exchange(new, bn, YourBatchNorm2d(bn.num_features, dtype=torch.float64))
        start = perf_counter()
        train(new, 60, 0.003, 0, disable=True)
        milliseconds[name] = 1000 * (perf_counter() - start) / 60
        trained[name] = new.state_dict()
    apart = max(
        ((a - b).abs().max() / a.abs().max()).item()
        for a, b in zip(*([t for t in net.values() if t.is_floating_point()] for net in trained.values()))
    )
    print(f"after 60 steps all parameters and running averages agree to 1e-8: {apart < 1e-8}")
# %% [markdown]
# In float64 two nets with the same initial weights and the same batches stay together: nothing but rounding is between
# your layer and PyTorch's.
# %% claim="after 60 steps the two nets agree to 1e-10"
apart < 1e-10
# %% tags=["demo"] folded="The code of the figure"
if len(milliseconds) == 2:
    fig, ax = plt.subplots(figsize=(6, 2.4))
    ax.barh([*milliseconds], [*milliseconds.values()], color=["#0072B2", "#D55E00"], edgecolor="black", height=0.6)
    ax.set(xlabel="milliseconds per training step of the whole net (float64)", ylabel="batch normalization")
    theirs, yours = milliseconds.values()
    ax.set_title(f"With your layer a training step takes {yours / theirs:.1f} times as long")
    plt.show()
# %% [markdown]
# *The figure:* the time of one training step, with PyTorch's layer and with yours in its place. On the machine on which
# this unit was written yours took between 1 and 2 times as long. So experiments go on with PyTorch's.
# %% [markdown]
# ## Recap
#
# - One filter serves all positions, so one normalization should: $\mu_c, \sigma^2_c$ over $(N, H, W)$, one $\gamma$
#   and one $\beta$ per channel. A moved digit then gets a moved answer.
# - $(N, C, H, W) \to (N \cdot H \cdot W, C)$, by moving the channels' axis and then `reshape`, turns both passes into
#   those of units 03 and 04, with $m = N \cdot H \cdot W$.
# - A bias before BN is taken away by the mean: `bias=False`, and $\beta$ does its work.
# - In eval mode BN is a straight line per channel. Fold it: $W' = sW$, $b' = (b-\mu)s + \beta$, $s =
#   \gamma/\sqrt{\sigma^2+\varepsilon}$.
# - Batch, layer, instance and group normalization are one formula over different axes; only batch normalization looks
#   at other images.
# %%
scoreboard()
# %% [markdown]
# **Next: 09, Is it really internal covariate shift?** We have seen many times now *that* BN helps. The paper's
# explanation was a hypothesis (unit 02). It is time to test it.
