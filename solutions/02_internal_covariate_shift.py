# ---
# title: Internal covariate shift
# question: What happens to signals and gradients inside a deep net?
# seconds: 60
# builds_on: [01_covariate_shift]
# ---
# %% [markdown]
# By the end you can
#
# - follow a signal forward and a gradient backward through twenty layers, and say where each gets lost;
# - choose the standard deviation of the initial weights, for tanh and for ReLU;
# - name the three classical remedies, and where each of them ends;
# - define internal covariate shift as the batch normalization (BN) paper does, and measure it in a net that learns;
# - say what such a measurement shows, and what it does not.
#
# > **What this unit uses.** From unit 01 you need only this: inputs that move are a problem.
# >
# > | symbol | meaning |
# > |---|---|
# > | $x$, $N$ | the images as a matrix: each of its $N$ rows is one image |
# > | $z_l = a_{l-1} W_l + b_l$ | *pre-activations* of layer $l$; a column is one neuron's *input* to $g$; $a_0 = x$ |
# > | $a_l = g(z_l)$ | *activations* of layer $l$; $g$ is the *activation function* |
# > | fan-in, fan-out | inputs of a neuron, and neurons in its layer: $W_l$ has shape (fan-in, fan-out) |
# > | $\mu$, $\sigma$ | mean, standard deviation (std); $\sigma^2 = \frac1n\sum_i (x_i-\mu)^2$, *biased* (over $n$) |
# > | $\mathbb{E}[a^2]$ | the mean of the squares, $\sigma^2 + \mu^2$ |
# > | $\partial L/\partial W$ | gradient of the loss $L$ with respect to $W$ |
# > | $\eta$ | learning rate; gradient descent: $W \leftarrow W - \eta\,\partial L/\partial W$ |
# > | softmax, cross-entropy | $p_k = e^{z_k} / \sum_j e^{z_j}$; the loss is the mean of $-\log p$ of the true class |
# > | $q$-th percentile | the value below which $q$% of the numbers lie; the 50th is the median |
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
# Biases usually start at 0, so in this first part we leave them out. The function $g$ bends in one of three ways:
# sigmoid, $1/(1+e^{-z})$; tanh; and ReLU, $\max(z, 0)$.


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
# Where $g$ is flat, a change of $z$ changes almost nothing, and little can be learned through it. We call that
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
z, functions, steepest = np.linspace(-5, 5, 501), ["sigmoid", "tanh", "relu"], {}
fig, axes = plt.subplots(1, 3, figsize=(8.4, 3.3), sharex=True)
for ax, activation in zip(axes, functions):
    a = g(z, activation)
    flat = {"sigmoid": (a < 0.05) | (a > 0.95), "tanh": abs(a) > 0.9, "relu": a == 0}[activation]
    ax.fill_between(z, -1.1, 1.6, where=flat, color="0.85", lw=0, label="saturated")
    ax.plot(z, a, label="g(z)")
    ax.plot(z, np.gradient(a, z), label="slope of g")
    ax.set(title=activation.replace("relu", "ReLU"), xlabel="z", ylim=(-1.1, 1.6), xlim=(-5, 5))
    steepest[activation] = np.gradient(a, z).max()
axes[0].set_ylabel("value")
fig.suptitle("Each of the three has a flat part", fontweight="bold", x=0.01, ha="left")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()
# %% [markdown]
# *The figure shows* each $g$ as a solid line and its slope as a dashed one. In the grey regions the slope is small,
# or 0. The sigmoid's slope is never above 1/4; that of tanh and ReLU reaches 1.
# %% claim="the sigmoid's slope is never above 1/4; that of tanh and ReLU reaches 1"
0.249 < steepest["sigmoid"] <= 0.25 and 0.999 < steepest["tanh"] <= 1 and abs(steepest["relu"] - 1) < 1e-9
# %% [markdown]
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
# And the net: 784 inputs, then twenty layers of 100 neurons. The weights are random, with mean 0 and standard deviation
# $s/\sqrt{\text{fan-in}}$. The *init scale* $s$ is the knob that we turn.


# %%
def make_weights(s, seed, sizes=(784,) + 20 * (100,)):
    """Twenty matrices W_l (fan_in, fan_out), normal with mean 0 and standard deviation s/√fan_in."""
    r = np.random.RandomState(seed)
    return [r.normal(0, s / np.sqrt(m), (m, n)) for m, n in pairwise(sizes)]


print([W.shape for W in make_weights(1, seed=0)][:3], "…")
# %% [markdown]
# **Predict.** The net uses tanh. The first input has standard deviation 1. What is the standard deviation of the
# activations in layer 20, for $s$ = 0.5, 1 and 3? Your guesses will appear as stars in the figure.
# %%
my_guess_std = [None, None, None]  # for s = 0.5, 1 and 3, for instance [0.1, 1, 5]
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
    No input is changed.  About 8 minutes.
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
weights_small = [r.normal(0.3, 1.8, (5, 5)) for _ in range(3)]
check("sigmoid net", layer_stats, x_small, weights_small, "sigmoid")
### BEGIN HIDDEN TESTS
r = np.random.RandomState(2)
x_wide = r.normal(0.2, 1.0, (8, 12))
deep = [r.normal(0.1, 1.5, shape) for shape in [(6, 4), (4, 9), (9, 2), (2, 5)]]
check("sigmoid net, strided input", layer_stats, x_wide[::2, ::2], deep, "sigmoid")
single = [W.astype("f4") for W in weights_small]
check("sigmoid net, float32", layer_stats, x_small.astype("f4"), single, "sigmoid", rtol=1e-4)
check("sigmoid net, far from 0", layer_stats, x_wide[:, :6] + 1e4, deep, "sigmoid")
check("sigmoid net, one layer", layer_stats, x_wide[:, :6], deep[:1], "sigmoid")
### END HIDDEN TESTS

# %% check="layer_stats.tanh_relu" points=1
r = np.random.RandomState(3)
x_small = r.normal(0.2, 0.7, (9, 5))
weights_small = [r.normal(0.1, 0.9, shape) for shape in [(5, 7), (7, 6)]]
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
#
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
        if my_guess_std[k] is not None:
            axes[0].plot(20, my_guess_std[k], "*", ms=15, mec="k", color=f"C{k}")
    axes[0].set(title="The signal fades …", ylabel="std of activations", yscale="log")
    axes[1].set(title="… or saturates", ylabel="saturated fraction", ylim=(-0.03, 1))
    plt.setp(axes, xlabel="layer", xticks=[1, 5, 10, 15, 20])
    axes[0].legend(loc="lower left")
    plt.show()
    for s, guess, seeds in zip(scales, my_guess_std, stats[:, :, -1, 1]):
        print(f"s = {s:3}   std in layer 20: {seeds.min():.1e} to {seeds.max():.1e}   you guessed: {guess}")
# %% [markdown]
# *The figure shows* the standard deviation of the activations (left, logarithmic) and the saturated fraction (right)
# against the layer. A line is the median of three seeds; the band, where it is wide enough to be seen, runs from the
# least to the largest. From layer 3 on two lines on the right lie on top of each other, near 0.
#
# With $s = 0.5$ each layer about halves the signal, and twenty halvings leave about a millionth of it. With $s = 3$ the
# signal keeps its size, but more than half of the activations sit in the flat part of tanh. Of the three only $s = 1$
# keeps both moderate, and even there the signal slowly fades.
# %% claim="s = 0.5: each layer about halves the signal, and about a millionth is left"
np.all(abs(np.diff(np.log2(stats[0, :, :, 1])) + 1) < 0.3) and np.all(abs(np.log10(stats[0, :, -1, 1]) + 6) < 0.5)
# %% claim="s = 3 keeps its size and saturates more than half; s = 1 fades slowly; two lines on the right lie near 0"
np.all(stats[2, :, :, 1:] > [0.7, 0.5]) and np.all(stats[:2, :, 2:, 2] < 0.02) and 0.1 < stats[1, :, -1, 1].max() < 0.3
# %% [markdown]
# Twenty factors of a half make a millionth. That is the whole difficulty with depth, and it returns with the gradient.
#
# ### Which standard deviation?
# Yours mixes all neurons and all images. For the sigmoid, look at both kinds.
# %% tags=["demo"]
a, kinds = x, {}
print("sigmoid, s = 1      std over everything      std over the images, mean of the neurons")
for layer, W in enumerate(make_weights(1, seed=0), 1):
    a = g(a @ W, "sigmoid")
    kinds[layer] = a.std(), a.std(axis=0).mean()
    if layer in (1, 2, 5, 10, 20):
        print(f"   layer {layer:2}               {kinds[layer][0]:.4f}                   {kinds[layer][1]:.1e}")
# %% [markdown]
# The first column looks healthy. The second does not: in layer 20 a neuron gives almost the same value for every image.
# The neurons differ from one another, but say hardly anything about the image. Keep the second kind in mind, one
# neuron over the images. It is the one that BN will use.
# %% claim="over everything the std stays above 0.1; over the images it falls below a millionth"
min(both for both, _ in kinds.values()) > 0.1 and kinds[20][1] < 1e-6
# %% [markdown]
# ## 2. How large should the initial weights be?
#
# Take one neuron, $z = \sum_i a_i w_i$, with independent weights of mean 0. Variances of independent terms add:
#
# $$\mathrm{Var}(z) = \text{fan-in}\cdot\mathrm{Var}(w)\cdot\mathbb{E}[a^2].$$
#
# $\mathbb{E}[a^2]$ is the mean of the squared inputs. It is not their variance, unless their mean is 0.
# Test the formula with inputs that are far from centred.
# %% tags=["demo"]
rng = np.random.default_rng(0)
a, fan_in = rng.normal(0.6, 0.5, 300), 300
z = rng.normal(0, 0.1, (20_000, fan_in)) @ a  # 20,000 draws of the weights
predicted = fan_in * 0.1**2 * np.mean(a**2)
print(f"Var(z): measured {z.var():.3f}, fan_in · Var(w) · E[a²] = {predicted:.3f}, with Var(a) {3 * a.var():.3f}")
# %% [markdown]
# The formula holds to within a few percent; with the variance of $a$ in the place of $\mathbb{E}[a^2]$ it would not.
# Two rules follow.
# %% claim="E[a²] predicts Var(z) to within 5%; Var(a) is wrong by more than a third"
abs(z.var() / predicted - 1) < 0.05 and 3 * a.var() < 0.67 * z.var()
# %% [markdown]
# **Xavier** (Glorot and Bengio, 2010), for functions like tanh that look like $g(z) = z$ near 0. Forward, the signal
# keeps its size when $\text{fan-in}\cdot\mathrm{Var}(w) = 1$. Backward, a neuron collects its gradient from the neurons
# that it feeds, so the gradient keeps its size when $\text{fan-out}\cdot\mathrm{Var}(w) = 1$. Both hold only if fan-in
# and fan-out are equal. The compromise: put the *average* of fan-in and fan-out in the place of either.
#
# **He** (He et al., 2015), for ReLU. It sets the negative half of $z$ to 0, so what the next layer gets has
# $\mathbb{E}[a^2] = \mathrm{Var}(z)/2$. The rule makes up for the lost half. We use its forward form, with fan-in.
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
    """The standard deviation from which to draw normal initial weights.

    fan_in: how many inputs a neuron has; fan_out: how many neurons its layer has; kind: 'xavier' or 'he'.
    Returns a number, the standard deviation (not the variance). Raises ValueError for any other kind.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    if kind == "xavier":
        return np.sqrt(2 / (fan_in + fan_out))
    if kind == "he":
        return np.sqrt(2 / fan_in)
    raise ValueError(f"no such kind: {kind!r}")
    ### END SOLUTION


# %% check="init_std.xavier" points=0.5
check("Xavier, 784 to 100", init_std, 784, 100, "xavier")
check("Xavier, 3 to 10", init_std, 3, 10, "xavier")
### BEGIN HIDDEN TESTS
check("Xavier, square", init_std, 64, 64, kind="xavier")
check("Xavier, 7 to 12", init_std, 7, 12, "xavier")
### END HIDDEN TESTS

# %% check="init_std.he" points=0.5
check("He, 784 to 100", init_std, 784, 100, "he")
check("He, 3 to 11", init_std, 3, 11, "he")


def unknown(kind):
    """What init_std does with a kind that it does not know."""
    given, raised = None, None
    try:
        given = init_std(30, 20, kind)
    except Exception as error:
        raised = error
    refused, other = isinstance(raised, ValueError), raised is not None and not isinstance(raised, ValueError)
    number = float(given) if isinstance(given, float) else 0.0
    returned = isinstance(given, Exception) or given is ValueError
    return {"ValueError raised": refused, "another error raised": other, "an error returned": returned, "std": number}


check("an unknown kind is refused", unknown, "orthogonal")
### BEGIN HIDDEN TESTS
check("He, 7 to 12", init_std, 7, 12, kind="he")
check("a misspelled kind is refused", unknown, "hee")
check("a part of a kind is refused", unknown, "h")
### END HIDDEN TESTS

# %% [markdown]
# Established: you can size the initial weights of a layer from its shape alone.
#
# Do the rules keep their promise over twenty layers? The cell runs each rule with each function, three seeds.
# %% tags=["demo"]
last, sizes = {}, (784,) + 20 * (100,)
with uses_your("init_std", "layer_stats"):
    print("std of the activations in layer 20, three seeds")
    for activation, kind in [("tanh", "xavier"), ("tanh", "he"), ("relu", "xavier"), ("relu", "he")]:
        draws = [np.random.RandomState(seed) for seed in range(3)]
        nets = [[r.normal(0, init_std(m, n, kind), (m, n)) for m, n in pairwise(sizes)] for r in draws]
        last[activation, kind] = [layer_stats(x, weights, activation)[-1][1] for weights in nets]
        print(f"   {activation:5} {kind:7}", *(f"{std:9.2g}" for std in last[activation, kind]))
# %% [markdown]
# ReLU under He roughly keeps its size: twenty layers change it by less than a factor of 3. Under Xavier each layer
# about halves the variance, and after twenty about a thousandth of the standard deviation is left. A factor of √2 in
# the initial weights decides it.
# %% claim="ReLU: He keeps the size to a factor of 3, Xavier leaves about a thousandth"
all(1 / 3 < std < 3 for std in last["relu", "he"]) and all(3e-4 < std < 3e-3 for std in last["relu", "xavier"])
# %% [markdown]
# tanh under Xavier fades slowly, since its slope is below 1 everywhere except at 0. Under He it stays larger. No rule
# makes the factor of each layer exactly 1: both rest on approximations.
# %% claim="tanh: faded under Xavier, to less than a third; more than twice as large under He"
max(last["tanh", "xavier"]) < 1 / 3 and min(last["tanh", "he"]) > 2 * max(last["tanh", "xavier"])
# %% [markdown]
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
x_small, W_small, dout = r.normal(0.8, 1, (5, 5)), r.normal(0.1, 0.6, (5, 5)), r.normal(0.3, 1, (5, 5))
check("one layer, sigmoid", gradient_norms, x_small, [W_small], "sigmoid", dout)
### BEGIN HIDDEN TESTS
check("one layer, other images", gradient_norms, x_small + 1, [W_small], "sigmoid", dout[::-1])
### END HIDDEN TESTS

# %% check="gradient_norms.deep" points=1
r = np.random.RandomState(5)
x_small, dout = r.normal(0.4, 1, (5, 5)), r.normal(0.3, 1, (5, 5))
weights_small = [r.normal(0.1, 0.6, (5, 5)) for _ in range(3)]
check("three layers, sigmoid", gradient_norms, x_small, weights_small, "sigmoid", dout)
r = np.random.RandomState(6)
x_wide, narrow = r.normal(0.2, 1, (8, 14)), [r.normal(0, 0.8, shape) for shape in [(7, 9), (9, 4), (4, 2), (2, 3)]]
check("four layers of other sizes", gradient_norms, x_wide[:, 7:], narrow, "sigmoid", r.normal(1, 1, (8, 3)))
### BEGIN HIDDEN TESTS
check("four layers, strided input", gradient_norms, x_wide[::2, ::2], narrow, "sigmoid", r.normal(1, 1, (3, 4)).T)
single = [x_small.astype("f4"), [W.astype("f4") for W in weights_small[:2]], "sigmoid", dout.astype("f4")]
check("two layers, float32", gradient_norms, *single, rtol=1e-4)
check("one layer, one neuron", gradient_norms, x_small, [weights_small[0][:, :1]], "sigmoid", dout[:, :1])
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
#
# **Predict.** Same nets, now with a gradient sent in at the top, for four init scales: 0.5, 1, √2 and 3. With which
# activation function will the first layer's gradient *vanish* at all four (be far smaller than the last layer's)? With
# which can it *explode* (be far larger)?
# %%
my_guess_gradient = "vanish: ..., explode: ..."
# %% [markdown]
# We need some $\partial L/\partial a_{20}$. Random numbers will do, the same for every net; the 1/N of a mean loss is
# in them.
# %% tags=["demo"]
dout = np.random.RandomState(99).normal(0, 1 / len(x), (len(x), 100))
four, norms = [0.5, 1, np.sqrt(2), 3], None
with uses_your("gradient_norms"):
    norms = np.array([
        [[gradient_norms(x, make_weights(s, seed), f, dout) for seed in range(3)] for s in four] for f in functions
    ])  # (function, scale, seed, layer)  # fmt: skip
# %% tags=["demo"]
if norms is not None:
    fig, axes = plt.subplots(1, 3, figsize=(9.2, 3.6), sharey=True)
    for ax, runs, title in zip(axes, norms, ["sigmoid", "tanh", "ReLU"]):
        for k, (seeds, label, marker) in enumerate(zip(runs, ["0.5", "1", "√2", "3"], "osD^")):
            ax.fill_between(layers, seeds.min(0), seeds.max(0), alpha=0.25, lw=0, color=f"C{k}")
            ax.plot(layers, np.median(seeds, 0), marker=marker, ms=4, label=f"s = {label}", color=f"C{k}")
        ax.set(title=title, xlabel="layer", yscale="log", xticks=[1, 5, 10, 15, 20])
    axes[0].set_ylabel("‖∂L/∂W‖ of the layer")
    axes[0].legend(loc="lower right", fontsize=9)
    fig.suptitle("On its way back the gradient vanishes, explodes or stays", fontweight="bold", x=0.01, ha="left")
    plt.show()
    print("you guessed:", my_guess_gradient)
# %% [markdown]
# *The figure shows* $\lVert\partial L/\partial W_l\rVert$ against the layer on one logarithmic axis, a panel for each
# activation function, a line for each init scale. Read it from right to left, the way the gradient travels.
#
# - **Sigmoid.** The gradient *vanishes* at all four scales. Each layer multiplies by a slope of at most 1/4. Larger
#   weights make up for part of it, but even at $s = 3$ the first layer gets more than ten thousand times less than the
#   last one.
# - **tanh.** At $s = 3$ it *explodes*: the first layer's gradient is about a thousand times the last one's. At
#   $s = 0.5$ it is tiny everywhere.
# - **ReLU.** The lines are nearly flat from layer 20 down to layer 2. But the level runs over about fifteen powers
#   of ten: from useless to enormous within a factor of 6 in $s$.
# %% claim="sigmoid: more than ten thousand times less at layer 1, at every scale, and less loss with larger weights"
np.all(norms[0, :, :, 0] < 1e-4 * norms[0, :, :, 19]) and np.all(np.diff(norms[0, :, :, 0], axis=0) > 0)
# %% claim="tanh: about a thousand times more at layer 1 for s = 3, tiny for 0.5; ReLU: flat, over 14 powers of ten"
np.all(abs(np.log10(norms[1, 3, :, 0] / norms[1, 3, :, 19]) - 3) < 0.5) and np.all(norms[1, 0] < 1e-4) and (
    np.all(np.ptp(np.log10(norms[2, :, :, 1:]), axis=2) < 0.8) and np.all(norms[2, 3] > 1e14 * norms[2, 0])
)
# %% [markdown]
# Vanishing and exploding are one phenomenon. A product of twenty similar factors stays near 1 only if each of them is
# near 1.
#
# **Question: why is the line flat?** In the tanh panel the line for $s = 0.5$ is tiny, but nearly level from layer 20
# down to layer 5. Yet $\partial L/\partial a$ is about halved by every layer on its way back. Why is layer 5's
# $\partial L/\partial W$ not thousands of times smaller than layer 20's?
#
# (a) tanh is steep near 0, so the slopes of more than 1 in the early layers make up for the halving by $W^\top$.<br>
# (b) The norm of a layer's gradient sums over its 10,000 weights, and so many terms hide a factor of thousands.<br>
# (c) Activations shrink on the way forward as gradients do on the way back, and $\partial L/\partial W$ is made of
# both.<br>
# (d) Saturated neurons block the gradient only in the last layers; below them it travels without loss.
# %% claim="tanh at s = 0.5: level from layer 20 to 5, though each W halves a gradient on its way back"
np.ptp(np.log10(norms[1, 0, :, 4:]), axis=1).max() < 0.3 and all(
    0.4 < np.linalg.norm(dout @ W.T) / np.linalg.norm(dout) < 0.6 for W in make_weights(0.5, 0)[1:]
)
# %% exercise="q_flat_line"
### BEGIN SOLUTION
q_flat_line = "c"
### END SOLUTION

# %% check="q_flat_line.answer" points=1
check("q_flat_line", q_flat_line)
# %% [markdown]
# Established: a weight's gradient has two factors, what comes in from below and what comes back from above. Either can
# be lost.
#
# ## 4. Three indirect remedies
#
# The BN paper names three usual answers to saturation and vanishing gradients: another activation function (ReLU),
# careful initialization, and small learning rates. You have met the first two. Each helps, and each has a limit, which
# shows only in a net that learns.
#
# So here is one: the BN paper's own small net, 784 inputs, three hidden layers of 100 neurons, ten outputs. Pixels are
# black or white, as in the paper. The ten outputs are logits: the last layer has no activation function, and softmax
# cross-entropy is the loss.


# %%
def slope(a, activation):
    """g'(z), written in a = g(z)."""
    if activation == "relu":
        return (a > 0).astype(a.dtype)
    return a * (1 - a) if activation == "sigmoid" else 1 - a**2


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
# the pre-activations $z_3$ of the last hidden layer, for all its 100 neurons, and the accuracy. Batches hold 60 images,
# as in the paper. The weights start as "small random Gaussian values", as the paper says. How small it does not say;
# here their standard deviation is 0.1 unless we say otherwise.
# %% tags=["demo"]
EVERY = 50  # steps between two records
X_bw = (X_train > 0.5).reshape(len(X_train), -1).astype("f4")
X_watch, y_watch = (X_test[:1000] > 0.5).reshape(-1, 784).astype("f4"), y_test[:1000]
try:
    from tqdm import tqdm
except ImportError:
    tqdm = lambda it, **options: it


def start(seed, std):
    """Initial weights and biases. std: a number, or a function of fan_in. Returns Ws, bs and the random stream."""
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


def three(**options):
    """Train with seeds 0, 1 and 2: three pairs of z_3 and accuracies."""
    return [train(seed, **options) for seed in tqdm(range(3), desc="three seeds", leave=False)]


# %% [markdown]
# ### Another activation function
# ReLU's slope is 1 wherever it is on, so a gradient survives the way back. The price: nothing bounds its output, and a
# neuron that is off for every image gets no gradient, so that its own weights cannot bring it back. It is *dead*.
#
# We train the net with ReLU (initial weights of std 0.03) at a modest and at a large learning rate, and the sigmoid net
# at the same large rate. A neuron counts as dead when none of the watched images brings its $z$ above 0.
#
# **Predict.** What share of the last hidden layer's neurons is dead after 500 steps with ReLU, at 0.2 and at 1.2?
# %%
my_guess_dead = [None, None]  # at 0.2 and at 1.2, between 0 and 1
# %% tags=["demo"]
trials = {"ReLU at 0.2": ("relu", 0.03, 0.2), "ReLU at 1.2": ("relu", 0.03, 1.2)}
trials["sigmoid at 1.2"], right, dead, finite = ("sigmoid", 0.1, 1.2), {}, {}, {}
print("after 500 steps, three seeds       accuracy        dead neurons        all z_3 finite")
for net, (activation, std, lr) in trials.items():
    with np.errstate(all="ignore"):  # a net that diverged would warn
        runs = three(activation=activation, std=std, lr=lr, steps=500)
    right[net] = [accuracy[-1] for _, accuracy in runs]
    dead[net] = [np.mean(~(z_3[-1] > 0).any(axis=0)) for z_3, _ in runs]
    finite[net] = all(np.isfinite(z_3).all() for z_3, _ in runs)
    shown = " ".join(f"{share:6.0%}" for share in dead[net]) if activation == "relu" else "   (none can die)   "
    print(f"   {net:26}", *(f" {a:.2f}" for a in right[net]), f"   {shown}    {finite[net]}")
print("you guessed, for ReLU at 0.2 and 1.2:", my_guess_dead)
# %% [markdown]
# At 0.2 ReLU learns well: in every run at least three quarters of the images are right, and hardly any neuron is dead.
# At 1.2 the sigmoid net still learns. With ReLU a large part of the layer dies, and the net gets far fewer images
# right. Such training is chaotic: where a processor rounds differently, other numbers come of the same seeds. Now and
# then a net even overflows, and the last column says False. **The limit:** ReLU mends the slope. It does nothing to
# keep $z$ in place.
# %% claim="ReLU at 0.2: at least three quarters right, and hardly any neuron dead"
min(right["ReLU at 0.2"]) > 0.75 and max(dead["ReLU at 0.2"]) < 0.15
# %% claim="at 1.2: on average more than 30% dead, more than a tenth behind the sigmoid net, which learns"
np.mean(dead["ReLU at 1.2"]) > 0.3 and min(right["sigmoid at 1.2"]) > 0.6 and (
    np.mean(right["ReLU at 1.2"]) < np.mean(right["sigmoid at 1.2"]) - 0.1
)
# %% [markdown]
# ### Careful initialization
# Xavier's and He's rules are statements about random weights. After the first update the weights are not random any
# more. The cell compares the standard deviation of $z_3$ before training and after 500 steps. The tanh net starts with
# $\mathrm{Var}(w) = 1/\text{fan-in}$, the forward half of Xavier's rule (known as LeCun's), the ReLU net with He's.
# %% tags=["demo"]
lecun, he = lambda fan_in: np.sqrt(1 / fan_in), lambda fan_in: np.sqrt(2 / fan_in)
growth = []
print("std of z_3, three seeds      step 0               step 500")
for activation, std in [("tanh", lecun), ("relu", he)]:
    runs = three(activation=activation, std=std, lr=0.1, steps=500)
    before, after = ([z_3[t].std() for z_3, _ in runs] for t in (0, -1))
    growth += [b / a for a, b in zip(before, after)]
    print(f"   {activation:5}                  ", *(f" {s:.2f}" for s in before), "   ", *(f" {s:.2f}" for s in after))
# %% [markdown]
# In all six runs it has more than doubled. **The limit:** a careful start is a promise about step 0, and nobody renews
# it.
# %% claim="in all six runs the std of z_3 has more than doubled"
min(growth) > 2
# %% [markdown]
# ### A small learning rate
# Small steps change the weights a little at a time, so what a layer receives moves slowly. To measure that, take the
# median of each neuron's $z_3$ over the images and ask how far it is from where it was at step 0, on average over the
# 100 neurons.
#
# ### Exercise: how far did they move? (4 minutes)
#
# <details><summary>Hint</summary>
#
# `z_3[0]` is the first record, (images, neurons), and `z_3[-1]` the last. `np.median` takes an `axis`.
# </details>


# %% exercise="movement"
def movement(z_3):
    """How far the neurons' medians have moved between the first and the last record.

    z_3: (T, images, neurons), the same images in every one of the T records. A neuron's median is taken over the
    images of one record. It has moved by the absolute difference of its medians in the last and in the first record.

    Returns one number: the mean of these distances over the neurons. No input is changed.  About 4 minutes.
    """
    ### BEGIN SOLUTION
    first, last = np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)
    return np.mean(np.abs(last - first))
    ### END SOLUTION


# %% check="movement.values" points=1
r = np.random.RandomState(10)
z_3 = r.gamma(2, 1, (5, 12, 7)) + r.normal(0, 2, (5, 1, 7))
check("five records", movement, z_3)
### BEGIN HIDDEN TESTS
check("three records, one neuron", movement, z_3[1:4, :, :1])
check("strided records", movement, z_3[::2, ::3, ::2] - 20)
check("records in float32", movement, z_3[1:].astype("f4"), rtol=1e-4)
check("nothing moved", movement, np.stack([z_3[0], z_3[1], z_3[0]]))
### END HIDDEN TESTS

# %% [markdown]
# Established: you can say in one number how far a layer's inputs have moved.
#
# The sigmoid net trains at 0.5 and at a fifth of it, each until it gets 80% of the images right.
# %% tags=["demo"]
slow = {}
with uses_your("movement"):
    print("up to 80%, three seeds      steps                 movement             accuracy")
    for lr in (0.5, 0.1):
        runs = three(lr=lr, steps=10_000, stop_at=0.8)
        steps, moved, right = zip(*((EVERY * (len(a) - 1), movement(z_3), a[-1]) for z_3, a in runs))
        slow[lr] = np.array([steps, moved])
        columns = [(steps, "5"), (moved, ".2f"), (right, ".2f")]
        print(f"   learning rate {lr} ", *("    " + "  ".join(f"{v:{f}}" for v in c) for c, f in columns))
# %% [markdown]
# The slow net needs more than three times the steps, and its medians have still moved more than half as far. **The
# limit:** a small learning rate slows the movement and the learning together.
#
# And it does not undo what vanished: a gradient of $10^{-12}$ times a smaller rate is smaller still.
# %% claim="the slow net needs more than three times the steps, and its medians travel more than half as far"
np.all(slow[0.1] > [[3], [0.5]] * slow[0.5])
# %% [markdown]
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
# Here it is in one net: one neuron's $z_3$ on the same images at three instants.
# %% tags=["demo"]
STEPS = 5_000  # the paper trains for 50,000
runs = three(steps=STEPS)
print("accuracy at the end, three seeds:", *(f"{accuracy[-1]:.3f}" for _, accuracy in runs))
# %% tags=["demo"]
z_neuron = runs[0][0][:, :, 0]  # net 0, neuron 0: (records, images)
fig, axes = plt.subplots(1, 3, figsize=(8.4, 3.0), sharex=True)
bins, instants = np.linspace(np.percentile(z_neuron, 0.1), np.percentile(z_neuron, 99.9), 41), [0, 500, STEPS]
for ax, step in zip(axes, instants):
    z = z_neuron[step // EVERY]
    ax.hist(z, bins, weights=np.full(len(z), 1 / len(z)), color="C0", alpha=0.6)
    for q, style in zip(np.percentile(z, [15, 50, 85]), [":", "-", ":"]):
        ax.axvline(q, color="k", ls=style, lw=1.5)
    ax.set(title=f"step {step:,}", xlabel="z of neuron 0, last hidden layer")
axes[0].set_ylabel("share of the images")
fig.suptitle("One neuron, the same images: another distribution", fontweight="bold", x=0.01, ha="left")
plt.show()
# %% [markdown]
# *The figure shows* three histograms over the same images, on the same horizontal axis (the vertical ones differ). At
# step 0 all images give nearly the same $z$. Later they spread over a wide range, and the middle has moved. The solid
# line is the median, the dotted ones are the 15th and 85th percentiles.
# %% claim="from the 15th to the 85th percentile: more than five times as wide later; the median moved"
all(
    np.ptp(later) > 5 * np.ptp(before) and abs(later[1] - before[1]) > 0.02
    for before, *rest in [np.percentile(z_neuron[[0, 10, 100]], [15, 50, 85], axis=1).T]
    for later in rest
)
# %% [markdown]
# **Question: which of these is it?** Which one is internal covariate shift, by the paper's definition?
#
# (a) With all weights held fixed, two batches of 60 images give neuron 7 of layer 3 inputs of different mean.<br>
# (b) At step 1,000 the inputs of layer 3 have mean 0.5 and std 0.2, while those of layer 1 have mean 0.1 and std
# 0.3.<br>
# (c) A net trained on one scanner's digits is used on another scanner's, and the inputs of layer 3 are shifted by
# it.<br>
# (d) For one fixed set of images, the inputs of layer 3 have mean 0.5 at step 1,000 and mean 0.7 at step 1,200.
# %% exercise="q_which_shift"
### BEGIN SOLUTION
q_which_shift = "d"
### END SOLUTION

# %% check="q_which_shift.answer" points=1
check("q_which_shift", q_which_shift)
# %% [markdown]
# Established: the shift is a change *over training*, for the *same* data, made by the net's own updates.
#
# ## 6. Watch one neuron learn
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
    """Percentiles of one neuron's input at every recorded step.

    history: what was recorded at T steps, as an array (T, n) or a list of T arrays (n,); history[t] holds the neuron's
    z for the same n images. q: percentiles, in percent (0 to 100).

    Returns an array (T, len(q)): row t belongs to step t, its columns follow the order of q. NumPy's default (linear)
    interpolation between neighbouring values. No input is changed.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    return np.percentile(history, q, axis=1).T
    ### END SOLUTION


# %% check="percentile_track.values" points=1
r = np.random.RandomState(8)
history = r.gamma(2.0, 1.0, (5, 12)) * np.linspace(0.5, 2, 5)[:, None] - np.linspace(0, 3, 5)[:, None]
check("15th, 50th, 85th", percentile_track, history)
check("other percentiles", percentile_track, history, q=(90, 20))
check("from a list", percentile_track, list(history[:4]))
### BEGIN HIDDEN TESTS
check("strided history", percentile_track, history[::2, ::3])
check("far from 0", percentile_track, history + 1e6, q=[5, 25, 75, 95], rtol=1e-9)
check("a constant neuron", percentile_track, np.full((4, 7), -2.5))
check("one record, one percentile", percentile_track, history[:1], q=(50,))
check("float32 history", percentile_track, history.astype("f4"), rtol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# Established: a whole training run of one neuron, in three columns.
#
# **Predict.** In the net that has just been trained, how will the median of one neuron's $z_3$ run over 5,000 steps:
# straight to its final value, in a slow drift, or up and down? And will the band between the outer percentiles grow or
# shrink?
# %%
my_guess_track = "the median ..., the band ..."
# %% [markdown]
# We show neuron 0 of three nets that differ only in their seed. The neuron was chosen before we looked.
# %% tags=["demo"]
edge, ticks = np.log(0.95 / 0.05), [0, 100, 500, 2000, 5000]  # beyond ±edge the sigmoid is saturated
with uses_your("percentile_track"):
    fig, axes = plt.subplots(1, 3, figsize=(9.6, 3.4), sharey=True)
    for seed, (ax, (z_3, _)) in enumerate(zip(axes, runs)):
        low, median, high = percentile_track(z_3[:, :, 0]).T
        steps = EVERY * np.arange(len(median))
        ax.fill_between(steps, low, high, color="C0", alpha=0.15, lw=0)
        for line, style, label in [(high, "--", "85th"), (median, "-", "50th"), (low, ":", "15th")]:
            ax.plot(steps, line, ls=style, color="C0", lw=1.6, label=label)
        for at in (-edge, edge):
            ax.axhline(at, color="0.4", ls=(0, (1, 3)), lw=1.2)
        ax.set_xscale("function", functions=(lambda t: np.sqrt(np.maximum(t, 0)), np.square))
        ax.set(title=f"seed {seed}", xlabel="step (early ones stretched)", xticks=ticks, xlim=(0, STEPS))
    axes[0].set_ylabel("z of neuron 0, last hidden layer")
    fig.legend(*axes[0].get_legend_handles_labels(), title="percentile", loc="outside right upper")
    fig.suptitle("The same images, the same neuron: its input moves", fontweight="bold", x=0.01, ha="left")
    plt.show()
print("you guessed:", my_guess_track)
# %% [markdown]
# *The figure shows* the 15th, 50th and 85th percentiles of one neuron's input against the training step, for three
# seeds. Beyond the sparse dotted lines the sigmoid is saturated. This corresponds to figure 1(b) of the BN paper, with
# 5,000 steps where it has 50,000. The horizontal axis is stretched at its start, where most happens.
#
# At step 0 the band is almost a line: with these weights the sigmoid net hardly tells images apart. In all three nets
# the median first runs down, then up again, and meanwhile the band opens. One neuron may be an exception, so look at
# all 100.
# %% claim="neuron 0 of every net: the median falls by more than 0.2 within 500 steps and is higher again within 1,000"
all(
    m[0] - m[:11].min() > 0.2 and m[m[:11].argmin() : 21].max() > m[:11].min() + 0.2
    for m in (np.median(z_3[:, :, 0], axis=1) for z_3, _ in runs)
)
# %% claim="the band: more than five times as wide at step 500 and at the end as at step 0"
all(
    min(w[1:]) > 5 * w[0]
    for w in (np.ptp(np.percentile(z_3[[0, 10, -1], :, 0], [15, 85], axis=1), axis=0) for z_3, _ in runs)
)
# %% tags=["demo"]
spans, widths = [], []
with uses_your("percentile_track"):
    tracks = [np.array([percentile_track(z_3[:, :, u]) for u in range(100)]) for z_3, _ in runs]
    print("the last hidden layer, median over its 100 neurons       seed 0   seed 1   seed 2")
    for first, last in [(0, 500), (500, STEPS)]:
        parts = [track[:, first // EVERY : last // EVERY + 1] for track in tracks]
        spans.append([np.median(np.ptp(part[:, :, 1], axis=1)) for part in parts])
        widths.append([np.median(part[:, -1, 2] - part[:, -1, 0]) for part in parts])
        print(f"   steps {first:3} to {last:4}: range of the 50th percentile   ", *(f"{s:8.2f}" for s in spans[-1]))
        print(f"   step {last:4}: width from 15th to 85th percentile     ", *(f"{w:8.2f}" for w in widths[-1]))
# %% [markdown]
# The others move, too. In each stretch half of all neurons range over at least the number shown. In the first 500
# steps they range over more than in the 4,500 that follow, and the band goes on widening.
# %% claim="the medians range over more in the first 500 steps than in the 4,500 after; the band is wider at the end"
np.all(np.greater(spans[0], spans[1])) and np.all(np.greater(widths[1], 1.1 * np.array(widths[0])))
# %% [markdown]
# ## 7. What does this show?
#
# First, who moves $z_3$? It is $a_2 W_3 + b_3$. It changes when layers 1 and 2 change, through $a_2$. It also changes
# when layer 3 changes its *own* weights. The figure mixes the two. To tell them apart, freeze some layers and train the
# others. We do so in two nets: the sigmoid net, whose initial weights are badly scaled, and a well-scaled one, with
# ReLU and He's rule.
#
# **Predict.** What moves $z_3$ further in 1,000 steps: layer 3's `"own"` updates alone, or those of the layers
# `"before"` it alone? Guess for each net.
# %%
my_guess_mover = [None, None]  # "own" or "before", for the sigmoid net and for the ReLU net
# %% tags=["demo"]
nets = {"sigmoid": {}, "ReLU": {"activation": "relu", "std": he, "lr": 0.1}}
cases = {"all layers learn": (), "own: 1 and 2 frozen": (1, 2), "before: 3 frozen": (3,), "1 to 3 frozen": (1, 2, 3)}
moved, right, spread = {}, {}, {}
with uses_your("movement"):
    print("1,000 steps, three seeds                   movement of z_3        accuracy        you guessed")
    for (net, options), guess in zip(nets.items(), my_guess_mover):
        for case, frozen in cases.items():
            runs_7 = three(frozen=frozen, **options)
            key, spread[net] = (net, case.split(":")[0]), [z_3[0].std(axis=0).mean() for z_3, _ in runs_7]
            moved[key], right[key] = np.array([(movement(z_3), accuracy[-1]) for z_3, accuracy in runs_7]).T
            columns = "    ".join(" ".join(f"{v:5.2f}" for v in values[key]) for values in (moved, right))
            print(f"   {net:7}  {case:20}         {columns}    {guess}")
    print("std of z_3 over the images at step 0:", {net: f"{s[0]:.3f}" for net, s in spread.items()})
# %% [markdown]
# The last line says what "badly scaled" means: at step 0 the sigmoid net passes on almost nothing of what distinguishes
# one image from another; the ReLU net passes on more than five times as much.
#
# With layers 1 to 3 frozen nothing moves: the shift has no other cause than the updates. With layer 3 alone frozen, its
# $z$ still moves. That part comes from the layers before it, and it is the part that layer 3 cannot foresee.
#
# Which part is larger depends on the net. In the badly scaled one, layer 3 moves its own $z$ several times as far as
# the layers before it do. In the well-scaled one the layers before it move that $z$ further.
# %% claim="nothing moves with 1 to 3 frozen, something does with 3 frozen; ReLU starts with five times the spread"
all(max(moved[net, "1 to 3 frozen"]) == 0 and min(moved[net, "before"]) > 0.05 for net in nets) and (
    min(spread["ReLU"]) > 5 * max(spread["sigmoid"])
)
# %% claim="own updates move z_3 more than three times as far in the sigmoid net, and less far in the ReLU net"
np.all(moved["sigmoid", "own"] > 3 * moved["sigmoid", "before"]) and np.all(
    moved["ReLU", "own"] < moved["ReLU", "before"]
)
# %% [markdown]
# And look at the accuracies. In both nets frozen early layers cost more accuracy than a frozen third layer. What the
# early layers learn is what moves the third one's input: some of the shift is learning itself.
#
# Does more movement mean less learning? In the sigmoid net $z_3$ moves most when layer 3 is on its own, and there the
# net learns least of the first three rows. In the ReLU net $z_3$ moves most with layer 3 frozen, and there the accuracy
# is that of the net in which all layers learn, to within 0.05. The two nets together say: how far $z_3$ moves does not
# tell how well the net learns.
# %% claim="frozen early layers cost more accuracy than a frozen third layer, in both nets and every seed"
all(np.all(right[net, "own"] < right[net, "before"] - 0.02) for net in nets)
# %% claim="sigmoid: own moves most and learns least; ReLU: before moves most and is as good as all, to within 0.05"
all(np.all(moved[run] > moved[run[0], "all layers learn"]) for run in [("sigmoid", "own"), ("ReLU", "before")]) and (
    np.all(right["sigmoid", "own"] < right["sigmoid", "all layers learn"] - 0.1)
    and np.all(abs(right["ReLU", "before"] - right["ReLU", "all layers learn"]) < 0.05)
)
# %% [markdown]
# So keep three things apart.
#
# - **Measured, here:** while these nets learn, the distribution of a hidden neuron's input changes, for the same
#   images.
# - **The paper's hypothesis:** this change slows training down, because layers must keep adapting to it; reduce it, and
#   training gets faster. That is why BN is to fix the mean and the variance of what a layer receives.
# - **Not shown, here:** that the movement *causes* slow training. A net can move and learn well. The ReLU net did.
#
# A hypothesis may be wrong and the method that it led to still work. Unit 09 puts this one to the test.
#
# ## Recap
#
# - A deep net multiplies one factor per layer. Signals fade or saturate, gradients vanish or explode, unless these
#   factors are close to 1.
# - $\partial L/\partial W_l$ has two sources, the activations from below and the gradient from above. The sigmoid's
#   slope of at most 1/4 starves the first layers.
# - ReLU, careful initialization (Xavier, He) and small learning rates each help with part of it. None of them kept the
#   $z$ of the last hidden layer in place during training.
# - Internal covariate shift: the change in the distribution of network activations due to the change in network
#   parameters. It can be measured, on fixed images.
# - That it slows training is the BN paper's hypothesis. This unit measured the shift, not its harm; how far an input
#   moved did not tell how well the net learned.
# %%
scoreboard()
# %% [markdown]
# **Next:** the paper's answer. Instead of hoping that each layer's input stays in place, put it there, at every step,
# from the batch at hand. Unit 03 builds the forward pass of batch normalization, line by line.
