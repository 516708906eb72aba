# ---
# title: Internal covariate shift
# question: What happens to signals and gradients inside a deep net?
# seconds: 30
# builds_on: [01_covariate_shift]
# ---
# %% [markdown]
# By the end you can
#
# - follow a signal forward and a gradient backward through twenty layers, and say where each gets lost;
# - choose the standard deviation of the first weights, for tanh and for ReLU;
# - name the three classical remedies, and where each of them ends;
# - define internal covariate shift as the batch normalization (BN) paper does, and measure it in a net that learns;
# - say what such a measurement shows, and what it does not.
#
# You need NumPy and the chain rule through one layer. From unit 01 you need only this: inputs that move are a problem.
#
# Some cells below run *your* functions. Until you have written them, such a cell says so and goes no further.
# %%
from contextlib import contextmanager
from itertools import pairwise  # pairwise((a, b, c)) gives (a, b), (b, c)


@contextmanager
def uses_your(*names):
    """Marks code that runs your functions: says which ones are missing, instead of stopping the notebook."""
    try:
        yield
    except NotImplementedError:
        print(f"This cell uses your {' and '.join(names)}. Write that first, then run this cell again.")


# %% [markdown]
# ## 1. Twenty layers
#
# A layer does two things. It mixes its inputs, then it bends the result:
#
# $$z_l = a_{l-1} W_l, \qquad a_l = g(z_l), \qquad a_0 = x.$$
#
# $z_l$ is the *pre-activation*, $a_l$ the *activation*. Each row belongs to one image, each column to one unit.
# Biases usually start at 0, so in this first part we leave them out.
#
# The function $g$ is bent in one of three ways.


# %%
def g(z, activation):
    """The activation function, element by element; activation: 'sigmoid', 'tanh' or 'relu'."""
    if activation == "sigmoid":
        return 0.5 * (1 + np.tanh(0.5 * z))  # the same as 1 / (1 + exp(-z)), without overflow
    if activation == "tanh":
        return np.tanh(z)
    if activation == "relu":
        return np.maximum(z, 0)
    raise ValueError(f"no such activation: {activation!r}")


# %% [markdown]
# Where the curve is flat, a change of $z$ changes almost nothing, and little can be learned through it. We call that
# *saturated*:
#
# | $g$ | range | we call an activation saturated when | slope there |
# |---|---|---|---|
# | sigmoid | 0 to 1 | $a < 0.05$ or $a > 0.95$ | below 19% of the steepest |
# | tanh | −1 to 1 | $\lvert a\rvert > 0.9$ | below 19% of the steepest |
# | ReLU | 0 to ∞ | $a = 0$ | exactly 0 |
#
# For the first two this is the outer 5% of the range at either end. The border is a convention. It is ours, and the
# checks use it.
# %% tags=["demo"]
z = np.linspace(-5, 5, 501)
fig, axes = plt.subplots(1, 3, figsize=(8.4, 3.3), sharex=True)
for ax, activation in zip(axes, ["sigmoid", "tanh", "relu"]):
    a = g(z, activation)
    flat = {"sigmoid": (a < 0.05) | (a > 0.95), "tanh": abs(a) > 0.9, "relu": a == 0}[activation]
    ax.fill_between(z, -1.1, 1.6, where=flat, color="0.85", lw=0, label="saturated")
    ax.plot(z, a, label="g(z)")
    ax.plot(z, np.gradient(a, z), label="slope of g")
    ax.set(title=activation.replace("relu", "ReLU"), xlabel="z", ylim=(-1.1, 1.6), xlim=(-5, 5))
    print(f"{activation:8} steepest slope {np.gradient(a, z).max():.2f}")
axes[0].set_ylabel("value")
fig.suptitle("Every curve has a flat part", fontweight="bold", x=0.01, ha="left")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()
# %% [markdown]
# *The figure shows* each $g$ as a solid line and its slope as a dashed one. In the grey regions the slope is small,
# or 0. The sigmoid's slope is never above 1/4; that of tanh and ReLU reaches 1.
#
# Now the images. We take 500, subtract the mean image, and divide by one number, so that the mean square of all entries
# is 1.
# %% tags=["demo"]
X_train, y_train, X_test, y_test = load_mnist()
x = X_train[:500].reshape(500, -1).astype(float)
x = x - x.mean(axis=0)
x = x / x.std()
print(f"{len(X_train):,} training images, {len(X_test):,} test images")
print(f"x has shape {x.shape}, mean {abs(x.mean()):.2f}, standard deviation {x.std():.2f}")
# %% [markdown]
# And the net: 784 inputs, then twenty layers of 100 units. The weights are random, with mean 0 and standard deviation
# $s/\sqrt{\text{fan-in}}$. The fan-in is the number of inputs of a unit. The *init scale* $s$ is the knob that we turn.


# %%
def make_weights(s, seed, sizes=(784,) + 20 * (100,)):
    """Twenty matrices W_l (fan_in, fan_out), normal with mean 0 and standard deviation s/√fan_in."""
    r = np.random.RandomState(seed)
    return [r.normal(0, s / np.sqrt(m), (m, n)) for m, n in pairwise(sizes)]


print([W.shape for W in make_weights(1, seed=0)][:3], "…")
# %% [markdown]
# **Predict.** The net uses tanh. The first input has standard deviation 1. What is the standard deviation of the
# activations in layer 20, for $s$ = 0.5, 1 and 3? Write three numbers down. They will appear as stars in the figure.
# %%
guess = [None, None, None]  # for s = 0.5, 1 and 3, for instance [0.1, 1, 5]
# %% [markdown]
# ### Exercise: what each layer gives (8 minutes)
# Send $x$ through the net. For each layer report three numbers about its activations $a_l$.
#
# <details><summary>Hint</summary>
#
# One variable `a` is enough. It starts as `x`. In a loop over the matrices, replace it by the next layer's activations,
# then look at all its numbers at once. The mean of a boolean array is the share of `True`.
# </details>


# %% exercise="layer_stats"
def layer_stats(x, weights, activation):
    """The mean, standard deviation and saturated fraction of the activations of each layer.

    x: (N, D), one image in each row; weights: a list of L matrices, weights[l] of shape (fan_in, fan_out);
    activation: 'sigmoid', 'tanh' or 'relu', for every layer. A layer computes g(a @ W, activation), without bias.

    Returns a list of L tuples (mean, std, saturated_fraction), first layer first; the input x is not in it.
    All three are taken over all N × fan_out activations a = g(z) of the layer at once; std is the biased one (NumPy's
    default). Saturated: sigmoid a < 0.05 or a > 0.95; tanh |a| > 0.9; relu a == 0. A fraction lies between 0 and 1.
    About 8 minutes.
    """
    ### BEGIN SOLUTION
    stats, a = [], x
    for W in weights:
        a = g(a @ W, activation)
        if activation == "sigmoid":
            saturated = (a < 0.05) | (a > 0.95)
        elif activation == "tanh":
            saturated = np.abs(a) > 0.9
        else:
            saturated = a == 0
        stats.append((a.mean(), a.std(), saturated.mean()))
    return stats
    ### END SOLUTION


# %% check="layer_stats.sigmoid" points=1
r = np.random.RandomState(1)
x_small = r.normal(0.5, 1.0, (9, 5))
weights_small = [r.normal(0.3, 1.8, (5, 5)) for _ in range(4)]
check("sigmoid net", layer_stats, x_small, weights_small, "sigmoid")
### BEGIN HIDDEN TESTS
r = np.random.RandomState(2)
x_wide = r.normal(0.2, 1.0, (8, 12))
deep = [r.normal(0.1, 1.5, shape) for shape in [(6, 4), (4, 9), (9, 2), (2, 5)]]
check("sigmoid net, strided input", layer_stats, x_wide[::2, ::2], deep, "sigmoid")
check(
    "sigmoid net, float32",
    layer_stats,
    x_small.astype("f4"),
    [W.astype("f4") for W in weights_small],
    "sigmoid",
    rtol=1e-4,
)
check("sigmoid net, far from 0", layer_stats, x_wide[:, :6] + 1e4, deep, "sigmoid")
check("sigmoid net, one layer", layer_stats, x_wide[:, :6], deep[:1], "sigmoid")
### END HIDDEN TESTS

# %% check="layer_stats.tanh_relu" points=1
r = np.random.RandomState(3)
x_small = r.normal(0.2, 0.7, (9, 5))
weights_small = [r.normal(0.1, 0.9, shape) for shape in [(5, 7), (7, 6), (6, 8)]]
check("tanh net", layer_stats, x_small, weights_small, "tanh")
check("ReLU net", layer_stats, x_small, weights_small, "relu")
### BEGIN HIDDEN TESTS
x_blank = np.vstack([x_small, np.zeros((2, 5))])
check("ReLU net, blank images", layer_stats, x_blank, weights_small, "relu")
check("tanh net, blank images", layer_stats, x_blank, weights_small, "tanh")
check("ReLU net, one image", layer_stats, x_small[:1], weights_small[:2], "relu")
### END HIDDEN TESTS

# %% [markdown]
# Established: you can see into every layer, and count the activations that sit where the slope is nearly gone.
# %% [markdown]
# Now look. Three init scales, twenty layers, three seeds each.
# %% tags=["demo"]
scales, layers, stats = [0.5, 1, 3], np.arange(1, 21), None
with uses_your("layer_stats"):
    stats = np.array([[layer_stats(x, make_weights(s, seed), "tanh") for seed in range(3)] for s in scales])
# %% tags=["demo"]
if stats is not None:  # (scale, seed, layer, statistic)
    fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.3))
    for k, (s, marker) in enumerate(zip(scales, "osD")):
        for ax, runs in [(axes[0], stats[k, :, :, 1]), (axes[1], stats[k, :, :, 2])]:
            ax.fill_between(layers, runs.min(0), runs.max(0), alpha=0.25, lw=0, color=f"C{k}")
            ax.plot(layers, np.median(runs, 0), marker=marker, ms=4, label=f"s = {s}", color=f"C{k}")
        if guess[k] is not None:
            axes[0].plot(20, guess[k], "*", ms=15, mec="k", color=f"C{k}")
    axes[0].set(
        yscale="log", title="The signal fades …", ylabel="std of activations", xlabel="layer", xticks=[1, 5, 10, 15, 20]
    )
    axes[1].set(
        title="… or saturates", ylabel="saturated fraction", xlabel="layer", xticks=[1, 5, 10, 15, 20], ylim=(-0.03, 1)
    )
    axes[0].legend(loc="lower left")
    plt.show()
# %% tags=["demo"]
if stats is not None:
    print("tanh, layer 20, three seeds\n   s    std (least to most)      saturated fraction")
    for s, runs in zip(scales, stats[:, :, -1]):
        low, high = runs.min(0), runs.max(0)
        print(f"{s:4}    {low[1]:.1e} to {high[1]:.1e}        {low[2]:.2f} to {high[2]:.2f}")
# %% [markdown]
# *The figure shows* the standard deviation of the activations (left, logarithmic) and the saturated fraction (right)
# against the layer. A line is the median of three seeds; the band, where it is wide enough to be seen, runs from the
# least to the largest. On the right two lines lie on top of each other, near 0.
#
# With $s = 0.5$ each layer halves the signal, and twenty halvings leave less than a millionth of it. With $s = 3$ the
# signal keeps its size, but more than half of the activations sit in the flat part of the curve. Only near $s = 1$ do
# both stay moderate, and even there the signal slowly fades.
#
# Depth turns a small factor into a large one. That is the whole difficulty, and it returns with the gradient.
#
# ### Which standard deviation?
# Yours mixes all units and all images. For the sigmoid, look at both kinds.
# %% tags=["demo"]
a = x
print("sigmoid, s = 1      std over everything      std over images, mean of the units")
for layer, W in enumerate(make_weights(1, seed=0), 1):
    a = g(a @ W, "sigmoid")
    if layer in (1, 2, 5, 10, 20):
        print(f"   layer {layer:2}               {a.std():.4f}                   {a.std(axis=0).mean():.1e}")
# %% [markdown]
# The first column looks healthy. The second does not: in layer 20 a unit gives almost the same value for every image.
# The units differ from one another, but no longer say anything about the image. Keep the second kind in mind, one unit
# over the images. It is the one that BN will use.
#
# ## 2. How large should the first weights be?
#
# Take one unit, $z = \sum_i a_i w_i$, with independent weights of mean 0. Variances of independent terms add:
#
# $$\mathrm{Var}(z) = \text{fan-in}\cdot\mathrm{Var}(w)\cdot\mathbb{E}[a^2].$$
#
# $\mathbb{E}[a^2]$ is the mean of the squared inputs. It is not their variance, unless their mean is 0.
# Believe it after a test, for inputs that are far from centred.
# %% tags=["demo"]
rng = np.random.default_rng(0)
a, fan_in = rng.normal(0.6, 0.5, 300), 300
z = rng.normal(0, 0.1, (20_000, fan_in)) @ a  # 20,000 draws of the weights
print(f"measured Var(z) {z.var():.3f}    fan_in · Var(w) · E[a²] {fan_in * 0.1**2 * np.mean(a**2):.3f}")
# %% [markdown]
# From here two rules follow.
#
# **Xavier** (Glorot and Bengio, 2010), for curves like tanh that look like $g(z) = z$ near 0. Forward, the signal keeps
# its size when $\text{fan-in}\cdot\mathrm{Var}(w) = 1$. Backward, a unit collects its gradient from the units that it
# feeds, so the gradient keeps its size when $\text{fan-out}\cdot\mathrm{Var}(w) = 1$. Both hold only if fan-in and
# fan-out are equal. The compromise: put the *average* of fan-in and fan-out in the place of either.
#
# **He** (He et al., 2015), for ReLU. It sets the negative half of $z$ to 0, so what the next layer gets has
# $\mathbb{E}[a^2] = \mathrm{Var}(z)/2$. The rule makes up for the lost half, and looks at the forward pass only.
#
# ### Exercise: two rules (5 minutes)
#
# <details><summary>Hint</summary>
#
# Solve for Var(w) first. Then remember what the function is to return.
# For He: the product fan-in · Var(w) · ½ must be 1.
# </details>


# %% exercise="init_std"
def init_std(fan_in, fan_out, kind):
    """The standard deviation from which to draw normal first weights.

    fan_in, fan_out: how many inputs a unit has, and how many units its layer has; kind: 'xavier' or 'he'.
    Returns a number, the standard deviation (not the variance). Raises ValueError for any other kind.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    if kind == "xavier":
        return np.sqrt(2 / (fan_in + fan_out))
    if kind == "he":
        return np.sqrt(2 / fan_in)
    raise ValueError(f"no such kind: {kind!r}")
    ### END SOLUTION


# %% check="init_std.xavier" points=1
check("Xavier, 784 to 100", init_std, 784, 100, "xavier")
check("Xavier, 3 to 12", init_std, 3, 12, "xavier")
### BEGIN HIDDEN TESTS
check("Xavier, square", init_std, 64, 64, kind="xavier")
### END HIDDEN TESTS

# %% check="init_std.he" points=1
check("He, 784 to 100", init_std, 784, 100, "he")


def refuses(kind):
    """Whether init_std raises ValueError."""
    try:
        init_std(30, 20, kind)
    except ValueError:
        return True
    return False


check("an unknown kind is refused", refuses, "orthogonal")
### BEGIN HIDDEN TESTS
check("He, 3 to 11", init_std, 3, 11, kind="he")
check("a misspelled kind is refused", refuses, "hee")
### END HIDDEN TESTS

# %% [markdown]
# Established: you can size the first weights of a layer from its shape alone.
# %% [markdown]
# Do the rules keep their promise over twenty layers? The cell runs each rule with each curve, three seeds.
# %% tags=["demo"]
sizes = (784,) + 20 * (100,)
with uses_your("init_std", "layer_stats"):
    print("std of the activations in layer 20, three seeds")
    for activation in ["tanh", "relu"]:
        for kind in ["xavier", "he"]:
            last = []
            for seed in range(3):
                r = np.random.RandomState(seed)
                weights = [r.normal(0, init_std(m, n, kind), (m, n)) for m, n in pairwise(sizes)]
                last.append(layer_stats(x, weights, activation)[-1][1])
            print(f"   {activation:5} {kind:7}", *(f"{s:9.2g}" for s in last))
# %% [markdown]
# ReLU under He roughly keeps its size. Under Xavier its variance is halved at each layer, and after twenty about a
# thousandth of the standard deviation is left. A factor of √2 in the first weights decides it.
#
# tanh under Xavier fades slowly, since its slope is below 1 everywhere but at 0. Under He it stays larger. No rule
# makes the factor of each layer exactly 1: both rest on approximations.
#
# ## 3. The way back
#
# Learning needs the other direction. Write $\partial L/\partial a_L$ for what the loss says about the last activations.
# One layer passes it back in three lines ($\odot$ multiplies element by element):
#
# $$\frac{\partial L}{\partial z_l} = \frac{\partial L}{\partial a_l}\odot g'(z_l), \qquad
# \frac{\partial L}{\partial W_l} = a_{l-1}^\top\,\frac{\partial L}{\partial z_l}, \qquad
# \frac{\partial L}{\partial a_{l-1}} = \frac{\partial L}{\partial z_l}\,W_l^\top.$$
#
# The middle one, times the learning rate, is what gradient descent subtracts from the weights. The slope can be read
# off the activations: it is $a(1-a)$ for the sigmoid, $1-a^2$ for tanh, and for ReLU 1 where $a > 0$ and 0 elsewhere.
#
# ### Exercise: a gradient for every layer (12 minutes)
# How large is $\partial L/\partial W_l$, as one number for each layer? Take the Frobenius norm: the root of the sum of
# the squares of all its elements.
#
# <details><summary>Hint</summary>
#
# Forward first, and keep all activations: `a = [x]`, then append. Now `a[l]` is the input of `weights[l]`, and
# `a[l + 1]` its output. Then go through the layers from the last to the first, with the three lines above.
# `np.linalg.norm` of a matrix is its Frobenius norm.
# </details>


# %% exercise="gradient_norms"
def gradient_norms(x, weights, activation, dout):
    """The size of each layer's weight gradient: the Frobenius norm of dL/dW_l.

    x: (N, D); weights: a list of L matrices (fan_in, fan_out); activation: 'sigmoid', 'tanh' or 'relu'; a layer
    computes g(a @ W, activation), without bias, and so does the last one.
    dout: dL/da_L, the gradient of the loss with respect to the last layer's activations, (N, fan_out of the last
    layer). Any 1/N of the loss is in dout already: sum over the N images, do not average.

    Returns a list of L numbers, first layer first. No input is changed.  About 12 minutes.
    """
    ### BEGIN SOLUTION
    a = [x]
    for W in weights:
        a.append(g(a[-1] @ W, activation))
    norms, da = [], dout
    for l in reversed(range(len(weights))):
        slope = {"sigmoid": a[l + 1] * (1 - a[l + 1]), "tanh": 1 - a[l + 1] ** 2, "relu": a[l + 1] > 0}[activation]
        dz = da * slope
        dW = a[l].T @ dz
        norms.append(np.linalg.norm(dW))
        da = dz @ weights[l].T
    return norms[::-1]
    ### END SOLUTION


# %% check="gradient_norms.one_layer" points=1
r = np.random.RandomState(4)
x_small, W_small, dout = r.normal(0.8, 1, (6, 5)), r.normal(0.1, 0.6, (5, 5)), r.normal(0.3, 1, (6, 5))
check("one layer, sigmoid", gradient_norms, x_small, [W_small], "sigmoid", dout)
### BEGIN HIDDEN TESTS
check("one layer, one image", gradient_norms, x_small[:1], [W_small], "sigmoid", dout[:1])
### END HIDDEN TESTS

# %% check="gradient_norms.deep" points=1
r = np.random.RandomState(5)
x_small, dout = r.normal(0.4, 1, (6, 5)), r.normal(0.3, 1, (6, 5))
weights_small = [r.normal(0.1, 0.6, (5, 5)) for _ in range(3)]
check("three layers, sigmoid", gradient_norms, x_small, weights_small, "sigmoid", dout)
### BEGIN HIDDEN TESTS
r = np.random.RandomState(6)
x_wide, narrow = r.normal(0.2, 1, (8, 14)), [r.normal(0, 0.8, shape) for shape in [(7, 9), (9, 4), (4, 2), (2, 3)]]
check("four layers, strided input", gradient_norms, x_wide[::2, ::2], narrow, "sigmoid", r.normal(1, 1, (3, 4)).T)
single = [x_small.astype("f4"), [W.astype("f4") for W in weights_small], "sigmoid", dout.astype("f4")]
check("three layers, float32", gradient_norms, *single, rtol=1e-4)
check("one layer, one unit", gradient_norms, x_small, [weights_small[0][:, :1]], "sigmoid", dout[:, :1])
### END HIDDEN TESTS

# %% check="gradient_norms.tanh_relu" points=1
r = np.random.RandomState(7)
x_small, dout = r.normal(0.4, 1, (6, 5)), r.normal(0.3, 1, (6, 5))
weights_small = [r.normal(0.2, 0.6, (5, 5)) for _ in range(3)]
check("three layers, tanh", gradient_norms, x_small, weights_small, "tanh", dout)
check("three layers, ReLU", gradient_norms, x_small, weights_small, "relu", dout)
### BEGIN HIDDEN TESTS
check("ReLU, blank image", gradient_norms, np.vstack([x_small[:5], np.zeros((1, 5))]), weights_small, "relu", dout)
check("tanh, far from 0", gradient_norms, x_small + 2, weights_small, "tanh", dout)
check("ReLU, far from 0", gradient_norms, x_small + 1e4, weights_small, "relu", dout)
### END HIDDEN TESTS

# %% [markdown]
# Established: you can carry a gradient through any number of layers, and say how much of it reaches each weight matrix.
# %% [markdown]
# **Predict.** Same nets, now with a gradient sent in at the top. Which of the three curves will let it *vanish* at the
# first layer, and can any init scale prevent it? Which one can make it *explode*?
# %%
my_prediction = "..."
# %% [markdown]
# We need some $\partial L/\partial a_{20}$. Random numbers will do, the same for every net; the 1/N of a mean loss is
# in them.
# %% tags=["demo"]
dout = np.random.RandomState(99).normal(0, 1 / len(x), (len(x), 100))
curves, norms = ["sigmoid", "tanh", "relu"], None
four = [0.5, 1, np.sqrt(2), 3]
with uses_your("gradient_norms"):
    norms = np.array([
        [[gradient_norms(x, make_weights(s, seed), c, dout) for seed in range(3)] for s in four] for c in curves
    ])  # (curve, scale, seed, layer)  # fmt: skip
# %% tags=["demo"]
if norms is not None:
    fig, axes = plt.subplots(1, 3, figsize=(9.2, 3.6), sharey=True)
    for ax, runs, curve in zip(axes, norms, ["sigmoid", "tanh", "ReLU"]):
        for k, (seeds, label, marker) in enumerate(zip(runs, ["0.5", "1", "√2", "3"], "osD^")):
            ax.fill_between(layers, seeds.min(0), seeds.max(0), alpha=0.25, lw=0, color=f"C{k}")
            ax.plot(layers, np.median(seeds, 0), marker=marker, ms=4, label=f"s = {label}", color=f"C{k}")
        ax.set(title=curve, xlabel="layer", yscale="log", xticks=[1, 5, 10, 15, 20])
    axes[0].set_ylabel("‖∂L/∂W‖ of the layer")
    axes[0].legend(loc="lower right", fontsize=9)
    fig.suptitle("How much gradient reaches each layer's weights", fontweight="bold", x=0.01, ha="left")
    plt.show()
# %% tags=["demo"]
if norms is not None:
    print("‖∂L/∂W‖, median of three seeds      layer 1     layer 10     layer 20")
    for curve, runs in zip(curves, np.median(norms, axis=2)):
        for s, row in zip(four, runs):
            print(f"   {curve:8} s = {s:4.2f}              {row[0]:9.1e}    {row[9]:9.1e}    {row[19]:9.1e}")
    print(f"\nthe sigmoid's steepest slope to the power 19: {0.25**19:.1e}")
# %% [markdown]
# *The figure shows* $\lVert\partial L/\partial W_l\rVert$ against the layer on one logarithmic axis, a panel for each
# curve, a line for each init scale. Read it from right to left, the way the gradient travels.
#
# - **Sigmoid.** The gradient *vanishes* at all four scales. Each layer multiplies by a slope of at most 1/4. Larger
#   weights make up for part of it, but even at $s = 3$ the first layer gets more than ten thousand times less than the
#   last one. Only far larger ones make up for all of it, and they saturate most units: try $s = 10$.
# - **tanh.** At $s = 3$ it *explodes*: the first layer's gradient is about a thousand times the last one's. At
#   $s = 0.5$ it is tiny everywhere.
# - **ReLU.** The lines are nearly flat. But the level runs over many powers of ten: from useless to enormous within a
#   factor of 6 in $s$.
#
# Vanishing and exploding are one phenomenon. A product of twenty similar factors stays near 1 only if each of them is
# near 1.
#
# **Question: why is the line flat?** In the tanh panel the line for $s = 0.5$ is tiny, but nearly level from layer 20
# down to layer 5. Yet $\partial L/\partial a$ is about halved by every layer on its way back. Why is layer 5's
# $\partial L/\partial W$ not thousands of times smaller than layer 20's?
#
# (a) tanh is steep near 0, so the slopes of more than 1 in the early layers make up for the halving by $W^\top$.<br>
# (b) The norm of a layer's gradient sums over its 10,000 weights, and so many terms hide a factor of thousands.<br> (c)
# Activations shrink on the way forward as gradients do on the way back, and $\partial L/\partial W$ is made of
# both.<br> (d) Saturated units block the gradient only in the last layers; below them it travels without loss.
# %% exercise="q_flat_line"
### BEGIN SOLUTION
q_flat_line = "c"
### END SOLUTION

# %% check="q_flat_line.answer" points=1
check("q_flat_line", q_flat_line)
# %% [markdown]
# Established: a weight's gradient has two factors, what comes in from below and what comes back from above. Either can
# be lost.
# %% [markdown]
# ## 4. Three indirect remedies
#
# The BN paper names three usual answers to saturation and vanishing gradients: another activation (ReLU), careful
# initialization, and small learning rates. You have met the first two. All three help. Each has a limit, and you can
# only see it in a net that learns.
#
# So here is one: the BN paper's own small net, 784 inputs, three hidden layers of 100, ten outputs. Pixels are black or
# white, as in the paper. The ten outputs are logits: the last layer has no curve, and softmax cross-entropy is the
# loss.


# %%
def slope(a, activation):
    """g'(z), written in a = g(z)."""
    return {"sigmoid": lambda: a * (1 - a), "tanh": lambda: 1 - a**2, "relu": lambda: (a > 0).astype(a.dtype)}[
        activation
    ]()


def run(Ws, bs, x, activation):
    """All z and all a of a net; a[0] is x, and z[-1] are the logits."""
    z, a = [], [x]
    for W, b in zip(Ws, bs):
        z.append(a[-1] @ W + b)
        a.append(g(z[-1], activation))
    return z, a


# %% [markdown]
# One step of gradient descent. You know every line of the loop from section 3, except `db`: a bias is added to each
# image's $z$, so its gradient is the sum over images. Layers listed in `frozen` (1 is the first) are left as they are.


# %%
def update(Ws, bs, x, labels, activation, lr, frozen=()):
    """One step of gradient descent on the mean cross-entropy of a batch; changes Ws and bs in place."""
    z, a = run(Ws, bs, x, activation)
    p = np.exp(z[-1] - z[-1].max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    dz = (p - np.eye(10, dtype=p.dtype)[labels]) / len(x)
    for l in reversed(range(len(Ws))):
        dW, db = a[l].T @ dz, dz.sum(axis=0)
        if l > 0:
            dz = (dz @ Ws[l].T) * slope(a[l], activation)
        if l + 1 not in frozen:
            Ws[l] -= lr * dW
            bs[l] -= lr * db


# %% [markdown]
# And the training run. Every 50 steps it looks at the *same* test images, at most 1,000, and writes down two things:
# the inputs $z_3$ of the last hidden layer's curve, for all its 100 units, and the accuracy. Batches hold 60 images, as
# in the paper. The weights start as "small random Gaussian values", as the paper says. How small it does not say; here
# their standard deviation is 0.1.


# %%
def start(seed, std):
    """First weights and biases. std: a number, or a function of fan_in. Returns Ws, bs and the random stream."""
    r, sizes = np.random.RandomState(seed), (784, 100, 100, 100, 10)
    Ws = [r.normal(0, std(m) if callable(std) else std, (m, n)).astype("f4") for m, n in pairwise(sizes)]
    return Ws, [np.zeros(n, "f4") for n in sizes[1:]], r


# %%
def train(seed, activation="sigmoid", std=0.1, lr=0.5, steps=1000, frozen=(), stop_at=2.0):
    """Train a net. Returns z_3 of every record (T, images, 100) and the accuracies (T,)."""
    Ws, bs, r = start(seed, std)
    z_3, accuracy = [], []
    for step in range(steps + 1):
        if step % EVERY == 0:
            z, _ = run(Ws, bs, X_watch, activation)
            z_3.append(z[2])
            accuracy.append(np.mean(z[3].argmax(axis=1) == y_watch))
            if accuracy[-1] >= stop_at:
                break
        batch = r.randint(0, len(X_bw), 60)
        update(Ws, bs, X_bw[batch], y_train[batch], activation, lr, frozen)
    return np.array(z_3), np.array(accuracy)


# %% tags=["demo"]
try:
    from tqdm import tqdm
except ImportError:
    tqdm = lambda it, **options: it

EVERY = 50  # steps between two records
X_bw = (X_train > 0.5).reshape(len(X_train), -1).astype("f4")
X_watch, y_watch = (X_test[:1000] > 0.5).reshape(-1, 784).astype("f4"), y_test[:1000]
z_3, accuracy = train(seed=0, steps=100)
print("records, images, units:", z_3.shape, "  accuracy at step 0:", f"{accuracy[0]:.2f}")
# %% [markdown]
# ### Another activation
# ReLU's slope is 1 wherever it is on, so a gradient survives the way back. The price: nothing bounds its output, and a
# unit that is off for every image gets no gradient, so that its own weights cannot bring it back. It is *dead*.
#
# We train the net with ReLU and He's rule at a modest and at a large learning rate, and the sigmoid net at the same
# large rate.
# %% tags=["demo"]
he = lambda fan_in: np.sqrt(2 / fan_in)
print("after 500 steps, three seeds          accuracy              dead units of the last hidden layer")
for activation, std, lr in [("relu", he, 0.1), ("relu", he, 2.0), ("sigmoid", 0.1, 2.0)]:
    with np.errstate(all="ignore"):  # one of the nets overflows: that is what we want to see
        runs = [
            train(seed, activation, std, lr, steps=500)
            for seed in tqdm(range(3), desc=f"{activation}, lr {lr}", leave=False)
        ]
    accuracies = "  ".join(f"{accuracy[-1]:.2f}" for _, accuracy in runs)
    dead = (
        [f"{np.mean(~(z_3[-1] > 0).any(axis=0)):.0%}" for z_3, _ in runs]
        if activation == "relu"
        else ["(none can die)"]
    )
    print(f"   {activation:8} learning rate {lr}           {accuracies}       {'  '.join(dead)}")
# %% [markdown]
# A unit counts as dead when no image brings its $z$ above 0, or when $z$ is no longer a number.
#
# At 0.1 ReLU is excellent. At 2.0, a rate at which the sigmoid net learns, its last hidden layer dies, and it guesses.
# **The limit:** ReLU mends the slope. It does nothing to keep $z$ in place.
#
# ### Careful initialization
# Xavier's and He's rules are statements about random weights. After the first update the weights are not random any
# more. The cell compares the standard deviation of $z_3$ before training and after 500 steps.
# %% tags=["demo"]
lecun = lambda fan_in: np.sqrt(1 / fan_in)  # keeps the forward signal; equals Xavier's rule in a square layer
print("std of z_3, three seeds      step 0               step 500")
for activation, std in [("tanh", lecun), ("relu", he)]:
    runs = [train(seed, activation, std, lr=0.1, steps=500)[0] for seed in tqdm(range(3), desc=activation, leave=False)]
    before, after = ("  ".join(f"{z_3[t].std():.2f}" for z_3 in runs) for t in (0, -1))
    print(f"   {activation:5}                   {before}     {after}")
# %% [markdown]
# In all six runs it has more than doubled. **The limit:** a careful start is a promise about step 0, and nobody renews
# it.
#
# ### A small learning rate
# Small steps change the weights a little at a time, so what a layer receives moves slowly. To measure that, we take the
# median of each unit's $z_3$ over the images and ask how far it has travelled since step 0, on average over the 100
# units.
#
# The sigmoid net trains at 0.5 and at a fifth of it. First 1,000 steps each; then each until it gets 80% of the images
# right.


# %%
def movement(z_3):
    """How far a unit's median input has moved from the first record to the last; mean over the units."""
    return np.mean(np.abs(np.median(z_3[-1], axis=0) - np.median(z_3[0], axis=0)))


# %% tags=["demo"]
for title, options in [("1,000 steps", {}), ("up to 80%", {"steps": 10_000, "stop_at": 0.8})]:
    print(f"{title}, three seeds      steps                 movement             accuracy")
    for lr in (0.5, 0.1):
        runs = [train(seed, lr=lr, **options) for seed in tqdm(range(3), desc=f"lr {lr}", leave=False)]
        steps = "  ".join(f"{50 * (len(accuracy) - 1):5}" for _, accuracy in runs)
        moved = "  ".join(f"{movement(z_3):.2f}" for z_3, _ in runs)
        print(f"   learning rate {lr}     {steps}     {moved}     {'  '.join(f'{a[-1]:.2f}' for _, a in runs)}")
# %% [markdown]
# After equally many steps the slow net has moved less, and learned less. Let both reach 80%: the slow one needs more
# than three times the steps, and its medians have still travelled more than half as far. **The limit:** a small
# learning rate slows the movement and the learning together.
#
# And it does not undo what vanished: a gradient of $10^{-12}$ times a smaller rate is smaller still.
#
# ## 5. Internal covariate shift
#
# For Ioffe and Szegedy (2015) all three treat a symptom. They named a cause that they believed to be behind it.
#
# Stand at layer 2. You never see an image. Your data set is $a_1$, what layer 1 makes of the images. You adjust your
# weights to it. At the same step layer 1 changes *its* weights. So at the next step the same images reach you as a
# different data set. You aim at a target that somebody else is moving.
#
# In unit 01 a data set moved between training and test: *covariate shift*. Here it moves inside the net, at every step.
# The paper's definition (section 2):
#
# > We define *Internal Covariate Shift* as the change in the distribution of network activations due to the change in
# > network parameters during training.
#
# Here it is in one net, once: one unit's $z_3$ on the same images at three instants.
# %% tags=["demo"]
STEPS = 5_000  # the paper trains for 50,000
runs = [train(seed, steps=STEPS) for seed in tqdm(range(3), desc="three nets", leave=False)]
print("accuracy at the end, three seeds:", *(f"{accuracy[-1]:.3f}" for _, accuracy in runs))
# %% tags=["demo"]
z_unit = runs[0][0][:, :, 0]  # net 0, unit 0: (records, images)
fig, axes = plt.subplots(1, 3, figsize=(8.4, 3.0), sharex=True)
bins = np.linspace(np.percentile(z_unit, 0.1), np.percentile(z_unit, 99.9), 41)
for ax, step in zip(axes, [0, 500, STEPS]):
    z = z_unit[step // EVERY]
    ax.hist(z, bins, weights=np.full(len(z), 1 / len(z)), color="C0", alpha=0.6)
    for q, style in zip(np.percentile(z, [15, 50, 85]), [":", "-", ":"]):
        ax.axvline(q, color="k", ls=style, lw=1.5)
    ax.set(title=f"step {step:,}", xlabel="z of unit 0, last hidden layer")
axes[0].set_ylabel("share of the images")
fig.suptitle("One unit, the same images: another distribution", fontweight="bold", x=0.01, ha="left")
plt.show()
# %% [markdown]
# *The figure shows* three histograms over the same images, on the same horizontal axis (the vertical ones differ). At
# step 0 all images give nearly the same $z$. Later they spread over several units, and the middle moves. The solid line
# is the median, the dotted ones are the 15th and 85th percentiles.
#
# **Question: which of these is it?** Which one is internal covariate shift, by the paper's definition?
#
# (a) With all weights held fixed, two batches of 60 images give unit 7 of layer 3 inputs of different mean.<br> (b) At
# step 1,000 the inputs of layer 3 have mean 0.5 and std 0.2, while those of layer 1 have mean 0.1 and std 0.3.<br> (c)
# A net trained on one scanner's digits is used on another scanner's, and the inputs of layer 3 are shifted by it.<br>
# (d) For one fixed set of images, the inputs of layer 3 have mean 0.5 at step 1,000 and mean 0.7 at step 1,200.
# %% exercise="q_which_shift"
### BEGIN SOLUTION
q_which_shift = "d"
### END SOLUTION

# %% check="q_which_shift.answer" points=1
check("q_which_shift", q_which_shift)
# %% [markdown]
# Established: the shift is a change *over training*, for the *same* data, made by the net's own updates.
# %% [markdown]
# ## 6. Watch one unit learn
#
# A histogram at every step is too much to draw. The paper keeps three numbers of each: the 15th, 50th and 85th
# percentile. Half of the images lie below the 50th, and 70% lie between the outer two.
#
# ### Exercise: three numbers for a histogram (5 minutes)
#
# <details><summary>Hint</summary>
#
# `np.percentile` takes a list of percentiles, and an `axis` along which the numbers lie. Print the shape that you get.
# </details>


# %% exercise="percentile_track"
def percentile_track(history, q=(15, 50, 85)):
    """Percentiles of one unit's input at every recorded step.

    history: what was recorded at T steps, as an array (T, n) or a list of T arrays (n,); history[t] holds the unit's
    z for the same n images. q: percentiles, in percent (0 to 100).

    Returns an array (T, len(q)): row t belongs to step t, its columns follow the order of q. NumPy's default (linear)
    interpolation between neighbouring values.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    return np.percentile(history, q, axis=1).T
    ### END SOLUTION


# %% check="percentile_track.values" points=1
r = np.random.RandomState(8)
history = r.gamma(2.0, 1.0, (6, 11)) * np.linspace(0.5, 2, 6)[:, None] - np.linspace(0, 3, 6)[:, None]
check("15th, 50th, 85th", percentile_track, history)
check("other percentiles", percentile_track, history, q=(90, 20))
### BEGIN HIDDEN TESTS
check("from a list", percentile_track, list(history))
check("strided history", percentile_track, history[::2, ::3])
check("far from 0", percentile_track, history + 1e6, q=[5, 25, 75, 95], rtol=1e-12)
check("a constant unit", percentile_track, np.full((4, 7), -2.5))
check("one record, one percentile", percentile_track, history[:1], q=(50,))
check("float32 history", percentile_track, history.astype("f4"), rtol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# Established: a whole training run of one unit, in three columns.
# %% [markdown]
# **Predict.** In the net that has just been trained, how will the median of one unit's $z_3$ run over 5,000 steps:
# straight to its final value, in a slow drift, or up and down? And will the band between the outer percentiles grow or
# shrink?
# %%
my_prediction = "..."
# %% [markdown]
# We show unit 0 of three nets that differ only in their seed. The unit was chosen before we looked.
# %% tags=["demo"]
edge = np.log(0.95 / 0.05)  # beyond ±edge the sigmoid is saturated, by our convention
with uses_your("percentile_track"):
    fig, axes = plt.subplots(1, 3, figsize=(9.2, 3.3), sharey=True)
    for seed, (ax, (z_3, _)) in enumerate(zip(axes, runs)):
        low, median, high = percentile_track(z_3[:, :, 0]).T
        steps = EVERY * np.arange(len(median))
        ax.fill_between(steps, low, high, color="C0", alpha=0.15, lw=0)
        for line, style, label in [(high, "--", "85th"), (median, "-", "50th"), (low, ":", "15th")]:
            ax.plot(steps, line, ls=style, color="C0", lw=1.6, label=label)
        for at in (-edge, edge):
            ax.axhline(at, color="0.4", ls=(0, (1, 3)), lw=1.2)
        ax.set(title=f"seed {seed}", xlabel="step")
    axes[0].set_ylabel("z of unit 0, last hidden layer")
    fig.legend(*axes[0].get_legend_handles_labels(), title="percentile", loc="outside right upper")
    fig.suptitle("The same images, the same unit: its input moves", fontweight="bold", x=0.01, ha="left")
    plt.show()
# %% [markdown]
# *The figure shows* the 15th, 50th and 85th percentiles of one unit's input against the training step, for three seeds.
# Beyond the sparse dotted lines the sigmoid is saturated. This corresponds to figure 1(b) of the BN paper, with 5,000
# steps where it has 50,000.
#
# At step 0 the band is almost a line: with these weights the sigmoid net hardly tells images apart. Then the band
# opens, and in all three nets the median first runs down, then up again. One unit may be an exception, so look at
# all 100.
# %% tags=["demo"]
with uses_your("percentile_track"):
    tracks = [np.array([percentile_track(z_3[:, :, u]) for u in range(100)]) for z_3, _ in runs]  # (unit, record, 3)
    print("the last hidden layer's 100 units, median over the units   seed 0   seed 1   seed 2")
    for first, last in [(0, 500), (500, STEPS)]:
        parts = [track[:, first // EVERY : last // EVERY + 1] for track in tracks]
        ranges = "".join(f"{np.median(np.ptp(part[:, :, 1], axis=1)):9.2f}" for part in parts)
        widths = "".join(f"{np.median(part[:, -1, 2] - part[:, -1, 0]):9.2f}" for part in parts)
        print(f"   steps {first:3} to {last:4}: range of the 50th percentile    {ranges}")
        print(f"   step {last:4}: width from 15th to 85th percentile      {widths}")
# %% [markdown]
# Unit 0 is no exception. In each stretch half of all units range over at least the number shown. The movement is
# largest early on, and the band goes on widening.
#
# ## 7. What does this show?
#
# First, who moves $z_3$? It is $a_2 W_3 + b_3$. It changes when layers 1 and 2 change, through $a_2$. It also changes
# when layer 3 changes its *own* weights. The figure mixes the two. To tell them apart, freeze some layers and train the
# others.
# %% tags=["demo"]
print("1,000 steps, three seeds                      movement of z_3        accuracy")
for label, frozen in [
    ("all layers learn", ()),
    ("layers 1 and 2 frozen: only its own", (1, 2)),
    ("layer 3 frozen: only those before", (3,)),
    ("layers 1 to 3 frozen", (1, 2, 3)),
]:
    some_runs = [train(seed, frozen=frozen) for seed in tqdm(range(3), desc=label, leave=False)]
    moved, right = zip(*((movement(z_3), accuracy[-1]) for z_3, accuracy in some_runs))
    print(f"   {label:38}", *(f"{m:6.2f}" for m in moved), "   ", *(f"{a:6.2f}" for a in right))
# %% [markdown]
# With layers 1 to 3 frozen nothing moves: the shift has no other cause than the updates. With layer 3 alone frozen, its
# $z$ still moves. That part comes from the layers before it, and it is the part that layer 3 cannot foresee. In this
# net it is the smaller one: left to itself, layer 3 moves its own $z$ several times as far.
#
# And look at the accuracies. The net that moves most is *not* the one that learns most. Frozen early layers cost far
# more accuracy than a frozen third layer. What the early layers learn is what moves the third one's input: some of the
# shift is learning itself.
#
# So keep three things apart.
#
# - **Measured, here:** while this net learns, the distribution of a hidden unit's input changes, for the same images.
# - **The paper's hypothesis:** this change slows training down, because layers must keep adapting to it; reduce it, and
#   training gets faster. That is why BN is to fix the mean and the variance of what a layer receives.
# - **Not shown, here:** that the movement *causes* slow training. A net can move and learn well. Ours did.
#
# A hypothesis may be wrong and the method that it led to still work. Unit 09 puts this one to the test.
#
# ## Recap
#
# - A deep net multiplies one factor per layer. Signals fade or saturate, gradients vanish or explode, unless these
#   factors are close to 1.
# - $\partial L/\partial W_l$ has two sources, the activations from below and the gradient from above. The sigmoid's
#   slope of at most 1/4 starves the first layers.
# - ReLU, careful initialization (Xavier, He) and small learning rates all help. None of them keeps a layer's input in
#   place during training.
# - Internal covariate shift: the change in the distribution of activations due to the change in parameters. It can be
#   measured, on fixed images.
# - That it slows training is the BN paper's hypothesis. This unit measured the shift, not its harm.
# %%
scoreboard()
# %% [markdown]
# **Next:** the paper's answer. Instead of hoping that each layer's input stays in place, put it there, at every step,
# from the batch at hand. Unit 03 builds the forward pass of batch normalization, line by line.
