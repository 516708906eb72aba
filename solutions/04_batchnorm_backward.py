# ---
# title: The backward pass
# question: How does the gradient flow through a batch's statistics?
# minutes: 60
# builds_on: [03_batchnorm_forward]
# ---

# %% [markdown]
# By the end you can
#
# - draw batch normalization as a graph, and name the paths from $x$ to $y$;
# - judge any gradient numerically, and say how far the judge can be trusted;
# - write BN's backward pass node by node, then in closed form;
# - say which two parts of a gradient BN takes away, and why.
#
# This unit builds on Algorithm 1 from unit 03. What you need of it is given again below.
#
# **Notation.** $L$ is the loss, one number. For any quantity $q$, `dq` means $\partial L/\partial q$: how much the
# loss grows for each unit that $q$ grows. It has the shape of $q$. The layer above hands us `dy`. We owe three
# answers: `dx` to the layer below, `dgamma` and `dbeta` to the optimizer. The batch size is $m$ in formulas, as in
# the paper, and `N` in shapes; `D` is the number of features. In code `mean` is $\mu$ and `var` is $\sigma^2$.

# %% [markdown]
# ## 1. One input moves every output
# Here is Algorithm 1 once more. `cache` keeps what the backward pass will need.

# %%
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    """Algorithm 1.  x: (N, D); gamma, beta: (D,).  Returns y: (N, D) and the cache, a dict."""
    mean = x.mean(axis=0)
    var = ((x - mean) ** 2).mean(axis=0)
    x_hat = (x - mean) / np.sqrt(var + eps)
    y = gamma * x_hat + beta
    return y, {"x": x, "x_hat": x_hat, "mean": mean, "var": var, "gamma": gamma, "eps": eps}


# %% [markdown]
# Take one feature and a batch of six: 1, 2, 4, 5, 8, 10. Push only the last number, from 10 to 12.
#
# **Predict, then run.** How many of the six outputs will move? And will the first one go up or down?

# %%
my_guess = ...  # how many of the six outputs move?

# %%
x_small = np.array([[1.0], [2.0], [4.0], [5.0], [8.0], [10.0]])  # six rows, one feature
dy_small = np.array([[1.0], [-0.5], [2.0], [0.25], [-1.25], [0.75]])  # for later: what the layer above hands us

# %% tags=["demo"]
pushed = x_small.copy()
pushed[5] += 2.0
moved = batchnorm_forward(pushed, 1.0, 0.0)[0] - batchnorm_forward(x_small, 1.0, 0.0)[0]
frozen = (pushed - x_small) / np.sqrt(x_small.var(axis=0) + 1e-5)  # as if the mean and the variance had stayed

rows = np.arange(6)
fig, ax = plt.subplots()
ax.bar(rows - 0.2, moved[:, 0], 0.38, label="BN: statistics move too")
ax.bar(rows + 0.2, frozen[:, 0], 0.38, label="statistics held still", color="white", edgecolor="black", hatch="///")
ax.axhline(0, color="black", lw=1, ls="-")
ax.set(xticks=rows, xticklabels=[f"{v:g}" for v in x_small[:, 0]], xlabel="the six inputs (only 10 is pushed)")
ax.set(ylabel="change of its output y", title="Push one input, and every output moves")
ax.legend(loc="upper left")
plt.show()

# %% [markdown]
# *In the figure:* solid bars show what BN does, hatched bars what would happen if the mean and the variance stood
# still. If both stood still, only the last output would change, by 0.63. In truth all six change. The last rises by
# only a third of 0.63. The middle ones fall, because the mean went up. The first two rise nevertheless: the variance
# grew too, and draws everything towards 0.
#
# So row $i$ of `dx` depends on **every** row of `dy`. That is all that is hard about this unit.

# %% [markdown]
# ## 2. The graph
# Draw the computation. A box is a node: it computes one quantity from those that point at it. We will walk forward
# along the arrows, and backward against them.

# %% tags=["demo"]
boxes = {  # place, formula, gradient, place of the gradient's name relative to the box
    "x": (0.0, 1.0, "$x$", "dx", (0, -0.42)),
    "mean": (2.7, 2.0, r"$\mu=\frac{1}{m}\sum x$", "dmean", (0, 0.42)),
    "var": (2.7, 0.0, r"$\sigma^2=\frac{1}{m}\sum(x-\mu)^2$", "dvar", (0, -0.42)),
    "x_hat": (5.6, 1.0, r"$\hat{x}=\frac{x-\mu}{\sqrt{\sigma^2+\epsilon}}$", "dx_hat", (0, -0.48)),
    "y": (8.2, 1.0, r"$y=\gamma\hat{x}+\beta$", "dy", (0.95, 0)),
    "gamma": (8.2, 2.0, r"$\gamma$", "dgamma", (0, 0.42)),
    "beta": (8.2, 0.0, r"$\beta$", "dbeta", (0, -0.42)),
}
arrows = [("x", "x_hat", 0, "-"), ("x", "mean", 1, "--"), ("mean", "x_hat", 1, "--"), ("x", "var", 2, "-.")]
arrows += [("var", "x_hat", 2, "-."), ("mean", "var", 3, ":")]
arrows += [(start, "y", 6, "-") for start in ("x_hat", "gamma", "beta")]
colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]

fig, ax = plt.subplots(figsize=(9, 4))
drawn = {}
for name, (column, row, formula, gradient, (right, up)) in boxes.items():
    frame = dict(boxstyle="round,pad=0.5", facecolor="white")
    drawn[name] = ax.text(column, row, formula, ha="center", va="center", fontsize=13, bbox=frame).get_bbox_patch()
    ax.text(column + right, row + up, gradient, ha="center", va="center", family="monospace", color="0.25")
for start, end, colour, line in arrows:
    style = dict(arrowstyle="-|>", mutation_scale=16, lw=2.5, color=colours[colour], ls=line)
    style.update(patchA=drawn[start], patchB=drawn[end], shrinkA=2, shrinkB=2)
    ax.annotate("", boxes[end][:2], boxes[start][:2], arrowprops=style)
for column, row, name in [(1.2, 1.1, "direct"), (1.25, 1.68, r"through $\mu$"), (1.25, 0.32, r"through $\sigma^2$")]:
    ax.text(column, row, name, ha="center" if name == "direct" else "right", va="center")
ax.set(xlim=(-0.6, 9.6), ylim=(-0.6, 2.6), title="Three paths lead from $x$ to $y$")
ax.axis("off")
plt.show()

# %% [markdown]
# *In the figure:* seven boxes, each with its gradient's name beside it. Three paths run from $x$ to $\hat x$:
#
# | path | drawn | the question it answers |
# |---|---|---|
# | direct | solid | what does $x_i$ do to its own output, with the statistics held still? |
# | through $\mu$ | dashed | what does $x_i$ do to everyone by moving the mean? |
# | through $\sigma^2$ | dash-dotted | what does $x_i$ do to everyone by moving the variance? |
#
# One arrow is left over: $\mu$ is also used inside $\sigma^2$ (dotted). We keep it, and watch what it does.
#
# Two rules turn a graph into a backward pass:
#
# 1. **Add where it forks.** A value that feeds several nodes collects the gradient of each, and adds them.
# 2. **Sum where it was spread.** A value that was broadcast over the batch (one $\mu$ for $m$ rows) collects the
#    gradient of each row, and sums them. It is rule 1, with $m$ forks.

# %% [markdown]
# ## 3. A judge: the numerical gradient
# Before we derive anything we need a judge that knows no calculus. Nudge one input up by $h$, then down by $h$. See
# how much the loss moved, and divide by the distance:
#
# $$\frac{\partial L}{\partial x_{k}} \approx \frac{L(x + h e_k) - L(x - h e_k)}{2h}$$
#
# where $e_k$ is 1 at entry $k$ and 0 elsewhere. This is the **central difference**.
#
# Which loss? We never need to know. Given `dy`, use $L = \sum dy \cdot y$ with `dy` held constant. Its gradient with
# respect to $y$ is `dy`, as required.

# %% [markdown]
# ### Exercise: `numerical_gradient`
# `f` is any function of one array, such as `lambda x: batchnorm_forward(x, gamma, beta)[0]`.
#
# <details><summary>Hint</summary>
#
# `np.ndindex(x.shape)` visits every entry, whatever the number of axes. At each visit make an array of zeros with `h`
# at that entry, and call `f` twice. The two outputs are whole arrays: weigh them with `dy`, then sum to one number.
# Mind the type of your arrays: in an array of integers, 3 + 0.1 is stored as 3.
# </details>


# %% exercise="numerical_gradient"
def numerical_gradient(f, x, dy, h=1e-5):
    """The gradient of L = sum(dy * f(x)) with respect to x, by central differences.  About 8 minutes.

    f: a function of one array; x: an array of any shape and number type; dy: the shape of f(x), held constant.
    Returns dx: float64, the shape of x.  x is not changed.
    """
    ### BEGIN SOLUTION
    x = np.array(x, dtype=np.float64)
    dx = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        nudge = np.zeros(x.shape)
        nudge[k] = h
        dx[k] = (dy * (f(x + nudge) - f(x - nudge))).sum() / (2 * h)
    return dx
    ### END SOLUTION


# %% check="numerical_gradient.values" points=2
def tangled(x):  # an output depends on its own input and on all inputs above it and to its left
    return x**3 + x.cumsum(axis=0).cumsum(axis=1) ** 2


r = np.random.RandomState(0)  # h is large, so that a difference in method shows
check("central difference, h = 0.1", numerical_gradient, tangled, r.normal(2, 1, (4, 3)), r.normal(size=(4, 3)), h=0.1)

# %% check="numerical_gradient.any_input" points=1
r = np.random.RandomState(1)
integers, weights, three = np.array([[1, -2], [3, 5], [4, 2]]), r.normal(size=(3, 2)), np.array([1.0, -2.0, 3.0])
check("x of integers", numerical_gradient, lambda x: x**3 + x.cumsum(axis=0) ** 2, integers, weights, h=0.1)
z, dz = r.normal(size=(4, 3)), r.normal(size=(4, 3))
check("x of shape (3,), y of shape (4, 3)", numerical_gradient, lambda v: z * v**3 + v[::-1], three, dz, h=0.1)
### BEGIN HIDDEN TESTS
f = lambda x: x**3 + x.sum(axis=0) ** 2
check("x transposed", numerical_gradient, f, r.normal(size=(2, 3)).T, weights, h=0.1)
check("x not contiguous", numerical_gradient, f, r.normal(size=(6, 4))[::2, ::2], weights, h=0.1)
check("x in float32", numerical_gradient, lambda x: x**3, np.array([[1, 2], [3, 4], [5, 7]], dtype="f4"), weights)
check(
    "x of three axes, y a vector",
    numerical_gradient,
    lambda x: x.sum(axis=(0, 1)) ** 3,
    r.normal(size=(2, 2, 3)),
    three,
)
### END HIDDEN TESTS

# %% [markdown]
# *Established:* you have a judge for any function. It is slow, two calls of `f` for each entry, so keep the cases small.

# %% mistake="numerical_gradient" hint="This is a forward difference: it compares f(x + h) with f(x), and its error shrinks only like h. Step to both sides, h up and h down: the errors of the two halves cancel, and what is left shrinks like h²."
# - f(x - nudge))).sum() / (2 * h)
# + f(x))).sum() / h


# %% mistake="numerical_gradient" hint="The nudged entry was not put back (x to its value, or the array of steps to zero) before the next one was nudged, so the later entries are measured at another x. Restore it, or make a fresh array for each entry."
def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, dtype=np.float64)
    dx = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        x[k] += h
        up = f(x)
        x[k] -= 2 * h
        dx[k] = (dy * (up - f(x))).sum() / (2 * h)
    return dx


# %% mistake="numerical_gradient" hint="dy is not used: the outputs are summed as if each counted the same. The loss here is sum(dy * f(x)), so weigh each output's change with its own dy."
# - (dy * (f(x + nudge) - f(x - nudge)))
# + (f(x + nudge) - f(x - nudge))

# %% mistake="numerical_gradient" hint="Every entry is twice too large. The two points lie 2h apart, not h."
# - / (2 * h)
# + / h


# %% mistake="numerical_gradient" hint="Every entry of x was nudged at the same time, and each output was compared with its own entry only. But one input moves many outputs: nudge one entry at a time, and sum what that does to the whole output."
def numerical_gradient(f, x, dy, h=1e-5):
    return dy * (f(x + h) - f(x - h)) / (2 * h)


# %% mistake="numerical_gradient" hint="The outputs are compared with the mean of dy * f(x), which is smaller than the sum by the number of outputs. L is a sum."
# - .sum()
# + .mean()

# %% mistake="numerical_gradient" hint="The sum over the outputs is missing: a single entry of dx cannot hold a whole array. Sum dy times the change of f over all outputs first."
# - (dy * (f(x + nudge) - f(x - nudge))).sum()
# + (dy * (f(x + nudge) - f(x - nudge)))

# %% mistake="numerical_gradient" hint="The up and down steps are exchanged, so every sign is turned: f at x + h comes first."
# - (f(x + nudge) - f(x - nudge))
# + (f(x - nudge) - f(x + nudge))


# %% mistake="numerical_gradient" hint="x itself was nudged. Adding h and taking it away again does not give back the same bits; and in an array of integers 3 + 0.1 is stored as 3. Work on a copy in float64."
def numerical_gradient(f, x, dy, h=1e-5):
    dx = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        x[k] += h
        up = (dy * f(x)).sum()
        x[k] -= 2 * h
        down = (dy * f(x)).sum()
        x[k] += h
        dx[k] = (up - down) / (2 * h)
    return dx


# %% mistake="numerical_gradient" hint="An array like x is an array of integers when x is one: 3 + 0.1 is stored there as 3. Make x, dx and everything that h is added to float64, from the beginning."
# - x = np.array(x, dtype=np.float64)
# + x = np.array(x)
# - nudge = np.zeros(x.shape)
# + nudge = np.zeros_like(x)

# %% mistake="numerical_gradient" hint="An array like x is an array of integers when x is one: 3 + 0.1 is stored there as 3. Make x, dx and everything that h is added to float64, from the beginning."
# - x = np.array(x, dtype=np.float64)
# + x = np.array(x)
# - dx = np.zeros(x.shape)
# + dx = np.zeros_like(x)


# %% mistake="numerical_gradient" hint="An array like x is an array of integers when x is one: 3 + 0.1 is stored there as 3. Make x, dx and everything that h is added to float64, from the beginning."
def numerical_gradient(f, x, dy, h=1e-5):
    dx = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[k] = x[k] + h
        down[k] = x[k] - h
        dx[k] = (dy * (f(up) - f(down))).sum() / (2 * h)
    return dx


# %% mistake="numerical_gradient" hint="up = x does not copy: up, down and x are three names of one array, so the step up and the step down meet in it and cancel. Write x.copy(), or add an array that is h at one entry."
def numerical_gradient(f, x, dy, h=1e-5):
    dx = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        up, down = x, x
        up[k] += h
        down[k] -= h
        dx[k] = (dy * (f(up) - f(down))).sum() / (2 * h)
    return dx


# %% mistake="numerical_gradient" hint="Only the output at the nudged place was looked at. That one input moves other outputs too, and the loss sums over all of them."
# - (dy * (f(x + nudge) - f(x - nudge))).sum()
# + (dy * (f(x + nudge) - f(x - nudge)))[k]

# %% mistake="numerical_gradient" hint="a / 2 * h divides by 2 and then multiplies by h. Put the denominator in parentheses."
# - / (2 * h)
# + / 2 * h


# %% mistake="numerical_gradient" hint="A whole row was nudged at a time. f may mix the columns, so nudge one single entry."
def numerical_gradient(f, x, dy, h=1e-5):
    dx = np.zeros(x.shape)
    for k in range(len(x)):
        nudge = np.zeros(x.shape)
        nudge[k] = h
        dx[k] = (dy * (f(x + nudge) - f(x - nudge))).sum(axis=0) / (2 * h)
    return dx


# %% mistake="numerical_gradient" hint="A whole row was nudged at a time. f may mix the columns, so nudge one single entry."
# - nudge[k] = h
# + nudge[k[0]] = h

# %% mistake="numerical_gradient" hint="The nudged entry was not put back (x to its value, or the array of steps to zero) before the next one was nudged, so the later entries are measured at another x. Restore it, or make a fresh array for each entry."
# - dx = np.zeros(x.shape)
# + nudge, dx = np.zeros(x.shape), np.zeros(x.shape)
# - nudge = np.zeros(x.shape)
# + pass

# %% mistake="numerical_gradient" hint="Only the first entry is filled: return stands inside the loop. Put it after the loop, level with for."
# - / (2 * h)
# + / (2 * h); return dx

# %% mistake="numerical_gradient" hint="The loops count on two axes, but x may have any number: here it has one. np.ndindex(x.shape) visits every entry whatever the shape."
# - for k in np.ndindex(x.shape):
# + for k in [(i, j) for i in range(x.shape[0]) for j in range(x.shape[1])]:

# %% mistake="numerical_gradient" hint="The loop, or dx, has the shape of dy. That is the shape of the outputs; dx has one entry for each entry of x, so take x.shape."
# - for k in np.ndindex(x.shape):
# + for k in np.ndindex(dy.shape):

# %% mistake="numerical_gradient" hint="The loop, or dx, has the shape of dy. That is the shape of the outputs; dx has one entry for each entry of x, so take x.shape."
# - dx = np.zeros(x.shape)
# + dx = np.zeros_like(dy)

# %% mistake="numerical_gradient" hint="The loop, or dx, has the shape of dy. That is the shape of the outputs; dx has one entry for each entry of x, so take x.shape."
# - dx = np.zeros(x.shape)
# + dx = np.zeros_like(dy)
# - for k in np.ndindex(x.shape):
# + for k in np.ndindex(dy.shape):
# - nudge = np.zeros(x.shape)
# + nudge = np.zeros_like(dy)

# %% mistake="numerical_gradient" hint="An array like x is an array of integers when x is one: 3 + 0.1 is stored there as 3. Make x, dx and everything that h is added to float64, from the beginning."
# - x = np.array(x, dtype=np.float64)
# + x = np.array(x)
# - dx = np.zeros(x.shape)
# + dx = np.zeros_like(x)
# - nudge = np.zeros(x.shape)
# + nudge = np.zeros_like(x)

# %% mistake="numerical_gradient" hint="The argument h is not used: the step is always 1e-5. The check asks for a larger one."
# - x = np.array(x, dtype=np.float64)
# + x, h = np.array(x, dtype=np.float64), 1e-5

# %% mistake="numerical_gradient" hint="These are the right numbers in a list. Put them in an array with the shape of x."
# - return dx
# + return list(dx.ravel())


# %% mistake="numerical_gradient" hidden=true hint="ravel() gives a view only when the array is contiguous; otherwise it is a copy, and what you write there is lost. Index x itself with np.ndindex(x.shape)."
def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, dtype=np.float64)
    dx = np.zeros_like(x)
    for k in range(x.size):
        nudge = np.zeros(x.shape)
        nudge.ravel()[k] = h
        dx.ravel()[k] = (dy * (f(x + nudge) - f(x - nudge))).sum() / (2 * h)
    return dx


# %% [markdown]
# How far can the judge be trusted? Two errors pull in opposite directions. **Truncation** shrinks with $h$: between
# the two points the curve is not a straight line. **Rounding** grows as $h$ shrinks: the two losses agree in most of
# their digits, and subtracting leaves only the last, noisy ones. In float64, $h = 10^{-5}$ is a common default. It
# vouches for a gradient to about $10^{-8}$. Section 9 measures that.

# %% [markdown]
# ## 4. Three paths, measured
# The judge can take the graph apart. To **close** a path, hold its statistic constant. What changes in `dx` is what
# flowed along that path. (In `y_with`, $\sigma^2$ uses its own mean even where the mean is held. So what the dotted
# arrow carries counts as "through $\sigma^2$".)

# %%
from contextlib import contextmanager


@contextmanager
def your_functions():
    """Around a demonstration that calls your functions: says so, in one line, where one is still to be written."""
    try:
        yield
    except NotImplementedError:
        print("This cell uses a function of yours that is not written yet. Write it above, then run this again.")


# %%
def y_with(x, gamma=1.5, beta=12.0, eps=1e-5, mean=None, var=None):
    """BN of x, in which the mean or the variance is held constant if it is given."""
    own_mean = x.mean(axis=0)
    mean = own_mean if mean is None else mean
    var = ((x - own_mean) ** 2).mean(axis=0) if var is None else var
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def three_paths(x, dy):
    """dx split by the path it came along, measured with your numerical_gradient. Each part: the shape of x."""

    def open_for(**held):
        return numerical_gradient(lambda z: y_with(z, **held), x, dy)

    direct = open_for(mean=x.mean(axis=0), var=x.var(axis=0))
    return direct, open_for(var=x.var(axis=0)) - direct, open_for(mean=x.mean(axis=0)) - direct


# %% tags=["demo"]
with your_functions():
    parts = three_paths(x_small, dy_small)
    whole = numerical_gradient(y_with, x_small, dy_small)
    print("the three parts add up to dx:", np.allclose(sum(parts), whole, atol=1e-8))
    fig, ax = plt.subplots(figsize=(7, 3.8))
    names = ["direct", "through $\\mu$", "through $\\sigma^2$"]
    for name, part, marker, line in zip(names, parts, "os^", ["none", "--", "-."]):
        ax.plot(x_small[:, 0], part[:, 0], marker, ms=7, ls=line, label=name)
    ax.plot(x_small, whole, "D", ms=11, ls="none", mfc="none", mec="black", mew=1.5, label="their sum, dx")
    ax.axhline(0, color="black", lw=1, ls="-")
    ax.axvline(x_small.mean(), color="black", lw=1, ls=":")
    ax.text(x_small.mean() + 0.1, 0.6, r"$x = \mu$")
    ax.set(xlabel="x, the six inputs", ylabel="part of dx", title="dx is what the three paths bring, added up")
    ax.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.16))
    plt.show()

# %% [markdown]
# *In the figure:* over each of the six inputs, a mark for each path and an open diamond at their sum. The direct part
# (circles) follows `dy`. What comes through $\mu$ is a flat line: a push on the mean is a push on all alike. What
# comes through $\sigma^2$ is a straight line in $x$, zero at $x = \mu$.
#
# Remember those two shapes, a constant and a line that is zero at the mean. They return in section 10.

# %% [markdown]
# ## 5. A check that cannot fail checks nothing
# To test a backward pass you must choose a `dy`. Many people take the simplest: all ones, that is $L = \sum y$.
#
# **Predict, then run.** For BN, what is the true `dx` when `dy` is all ones?

# %%
my_guess_dx = ...  # one word is enough

# %% tags=["demo"]
with your_functions():
    dx = numerical_gradient(y_with, x_small, np.ones_like(x_small))
    print("all |dx| below 1e-8:", bool(np.all(np.abs(dx) < 1e-8)))

# %% [markdown]
# It is zero, for every $x$. A column of $y$ has mean $\beta$ whatever $x$ is, so $\sum y$ is a constant: $m\beta$ per
# feature.
#
# A backward pass that returns zeros passes this check. So does one that is twice too large.

# %% [markdown]
# ### Question 1
# A colleague wants a gradient check of a BN layer that **can** fail. Which loss do you advise? Think first: the
# measurement comes after.
#
# - (a) $L = \frac12 \sum y^2$, so that `dy` is different in every entry.
# - (b) $L = \sum r \cdot y$, with an array $r$ drawn at random once and kept.
# - (c) $L = \sum_j j \sum_i y_{ij}$, so that every feature has a weight of its own.
# - (d) $L = \sum y$ as before, but on many batches $x$ drawn at random.

# %% exercise="q_gradient_check"
### BEGIN SOLUTION
q_gradient_check = "b"
### END SOLUTION

# %% check="q_gradient_check.answer" points=1
check("q_gradient_check", q_gradient_check)
# %% mistake="q_gradient_check" hint="It looks varied, but it is nearly as blind: a column of y has mean β and variance γ²σ²/(σ²+ε), so its sum of squares is, but for ε, a constant too. The true dx is close to 0."
q_gradient_check = "a"

# %% mistake="q_gradient_check" hint="Within a feature all rows still weigh the same, so the loss is Σ j·m·β: a constant. The weights have to differ from row to row of the batch."
q_gradient_check = "c"

# %% mistake="q_gradient_check" hint="Σ y does not depend on x at all, so another x shows nothing new: dx is 0 each time. It is dy that has to change, not x."
q_gradient_check = "d"

# %% [markdown]
# Now measure what each check can see. Four bugs, built from the three measured parts; four choices of `dy`. A bug
# counts as seen when it moves `dx` by more than a thousandth of the direct part's size.

# %% tags=["demo"]
upstream = {"ones": np.ones_like(x_small), "y": y_with(x_small), "x_hat": y_with(x_small, 1, 0), "random": dy_small}
bugs = {"mean path missing": (1, 0, 1), "variance path missing": (1, 1, 0), "both missing": (1, 0, 0)}
bugs["twice too large"] = (2, 2, 2)  # how often each of the three parts is counted
with your_functions():
    lines = [f"{'dy is ...':24}" + "".join(f"{name:>8}" for name in upstream)]
    for bug, weights in bugs.items():
        lines.append(f"{bug:24}")
        for some_dy in upstream.values():
            parts = three_paths(x_small, some_dy)
            wrong = sum((w - 1) * part for w, part in zip(weights, parts))
            seen = np.abs(wrong).max() > 1e-3 * np.abs(parts[0]).max()
            lines[-1] += f"{'seen' if seen else '-':>8}"
    print("\n".join(lines))

# %% [markdown]
# Only the random `dy` sees all four. With ones, the one thing a check can notice is a missing mean path; with
# $\hat x$, a missing variance path. With $y$, which is the loss $\frac12\sum y^2$, it notices either; the missing mean
# path only because $\beta = 12$ here (with $\beta = 0$ it is as blind as $\hat x$).
#
# None of these three notices a wrong scale. A column of $y$ has a fixed sum, and (nearly) a fixed sum of squares. So
# the true `dx` is (nearly) zero, and twice zero is zero.
#
# **Before you trust a check, ask which bugs it would miss**, and plant one to see. This unit's own checks were run
# against more than a hundred planted mistakes.

# %% [markdown]
# ## 6. Backward, node by node
# Now derive. Walk the graph from right to left. At each node: take the gradient that arrives, multiply by the local
# derivative, apply the two rules. Each node is checked by itself.
#
# ### The affine node: $y = \gamma \hat x + \beta$
# Look at one entry, $y_{ij} = \gamma_j \hat x_{ij} + \beta_j$. Its local derivatives are $\hat x_{ij}$ for
# $\gamma_j$, 1 for $\beta_j$, $\gamma_j$ for $\hat x_{ij}$. Then ask of each of the three: was it spread over the
# batch?

# %% [markdown]
# ### Exercise: `affine_backward`
# <details><summary>Hint</summary>
#
# $\gamma$ and $\beta$ have shape (D,), and each of their values was used by all N rows: rule 2, a sum over axis 0.
# $\hat x$ has shape (N, D), and each entry was used once: no sum. The shapes of the answers must be those of the
# quantities.
# </details>


# %% exercise="affine_backward"
def affine_backward(dy, x_hat, gamma):
    """Backward through y = gamma * x_hat + beta.  About 5 minutes.

    dy, x_hat: (N, D); gamma: (D,).  Returns (dgamma (D,), dbeta (D,), dx_hat (N, D)).
    """
    ### BEGIN SOLUTION
    dgamma = (dy * x_hat).sum(axis=0)
    dbeta = dy.sum(axis=0)
    dx_hat = dy * gamma
    return dgamma, dbeta, dx_hat
    ### END SOLUTION


# %% check="affine_backward.values" points=1
r = np.random.RandomState(2)
given = r.normal(size=(5, 3)), r.normal(size=(5, 3)), np.array([1.5, -0.7, 2.0])  # dy, x_hat, gamma
check("affine: dgamma, dbeta, dx_hat", affine_backward, *given)
# %% check="affine_backward.parameters" points=1
r = np.random.RandomState(3)
given = r.normal(size=(4, 2)), r.normal(size=(4, 2)), np.array([0.4, -3.0])
check("affine: dgamma and dbeta", lambda: affine_backward(*given)[:2])
# %% check="affine_backward.x_hat" points=1
r = np.random.RandomState(4)
given = r.normal(size=(6, 4)), r.normal(size=(6, 4)), np.array([0.4, -3.0, 1.0, 0.0])
check("affine: dx_hat", lambda: affine_backward(*given)[2])
### BEGIN HIDDEN TESTS
dy, x_hat, gamma = given
check("affine, float32", affine_backward, *(a.astype("f4") for a in (dy, x_hat, gamma)), rtol=1e-4)
check("affine, not contiguous", affine_backward, dy[::2, ::2], x_hat[::2, ::2], gamma[::2])
check("affine, N = 2, D = 1", affine_backward, dy[:2, :1], x_hat[:2, :1], gamma[:1])
check("affine, N = D", affine_backward, dy[:4], x_hat[:4], gamma)
### END HIDDEN TESTS

# %% [markdown]
# *Established:* the two gradients that the optimizer wants are done, and `dx_hat` has arrived at the heart of the
# graph.

# %% mistake="affine_backward" hint="dgamma and dbeta are means over the batch. The loss's own 1/N, where it has one, is already inside dy: rule 2 asks for the plain sum."
# - (dy * x_hat).sum(axis=0)
# + (dy * x_hat).mean(axis=0)
# - dy.sum(axis=0)
# + dy.mean(axis=0)

# %% mistake="affine_backward" hint="These sums run over the features, axis=1, and give one value for each row. γ and β have one value for each feature: sum over the batch, axis=0."
# - (dy * x_hat).sum(axis=0)
# + (dy * x_hat).sum(axis=1)
# - dy.sum(axis=0)
# + dy.sum(axis=1)

# %% mistake="affine_backward" hint="dx_hat is plain dy. But y = γ·x̂ + β: a step of x̂ moves y by γ times as much."
# - dy * gamma
# + dy * 1.0

# %% mistake="affine_backward" hint="dgamma is the sum of dy alone, as if γ had been added. γ is multiplied by x̂, so its local derivative is x̂."
# - (dy * x_hat).sum(axis=0)
# + dy.sum(axis=0) * 1.0

# %% mistake="affine_backward" hint="dgamma and dbeta have the shape (N, D) of dy: they were not summed. One γ served all N rows, so it collects from all of them."
# - (dy * x_hat).sum(axis=0)
# + dy * x_hat
# - dy.sum(axis=0)
# + dy

# %% mistake="affine_backward" hint="dx_hat is divided by γ. To undo the forward pass one would divide; the gradient is multiplied by the local derivative, and that is γ."
# - dy * gamma
# + dy / gamma

# %% mistake="affine_backward" hint="dgamma and dbeta are exchanged: the order is (dgamma, dbeta, dx_hat). The one with x̂ in it belongs to γ."
# - return dgamma, dbeta, dx_hat
# + return dbeta, dgamma, dx_hat

# %% mistake="affine_backward" hint="dgamma was computed from dx_hat = dy·γ, so it carries a factor γ too many. γ's gradient needs dy as it arrived."
# - (dy * x_hat).sum(axis=0)
# + (dy * gamma * x_hat).sum(axis=0)
# %% mistake="affine_backward" hint="These are the right things in another order: return (dgamma, dbeta, dx_hat)."
# - return dgamma, dbeta, dx_hat
# + return dx_hat, dgamma, dbeta

# %% mistake="affine_backward" hint="dgamma and dbeta were summed over everything, features too, and are single numbers. Each feature has its own γ and β: sum over axis 0 only."
# - (dy * x_hat).sum(axis=0)
# + (dy * x_hat).sum()
# - dy.sum(axis=0)
# + dy.sum()

# %% mistake="affine_backward" hint="dgamma is a D×D matrix: dy.T @ x_hat pairs every feature's dy with every feature's x̂. Only a feature's own pairs count, so multiply entry by entry, then sum over axis 0."
# - (dy * x_hat).sum(axis=0)
# + dy.T @ x_hat

# %% mistake="affine_backward" hint="dgamma and dbeta have shape (1, D). γ and β have shape (D,), and a gradient has the shape of its quantity: leave keepdims out."
# - (dy * x_hat).sum(axis=0)
# + (dy * x_hat).sum(axis=0, keepdims=True)
# - dy.sum(axis=0)
# + dy.sum(axis=0, keepdims=True)

# %% mistake="affine_backward" hint="dx_hat was summed over the batch. Each entry of x̂ was used once, by its own y: there is nothing to sum, and dx_hat has the shape of x̂."
# - dx_hat = dy * gamma
# + dx_hat = (dy * gamma).sum(axis=0)

# %% mistake="affine_backward" hint="The result is right, but dy was changed on the way: dy *= … writes into the caller's array. Make a new one with dy * …."
# - dx_hat = dy * gamma
# + dx_hat = dy; dx_hat *= gamma

# %% [markdown]
# ### The variance node: $\hat x = (x - \mu)\,(\sigma^2 + \epsilon)^{-1/2}$
# `dx_hat` arrives. $\sigma^2$ points at one box only, $\hat x$. Hold $x$ and $\mu$ still: then $\hat x$ is a constant
# times a power of $\sigma^2 + \epsilon$, and the power rule gives the local derivative.

# %% [markdown]
# ### Exercise: `variance_backward`
# Use the `mean` and `var` that you are handed: in the check they are not those of `x`.
#
# <details><summary>Hint</summary>
#
# The derivative of $v^{-1/2}$ is $-\frac12 v^{-3/2}$. One $\sigma^2$ was spread over N rows: rule 2. In Python a
# power binds tighter than a division.
# </details>


# %% exercise="variance_backward"
def variance_backward(dx_hat, x, mean, var, eps):
    """Backward from x_hat = (x - mean) / sqrt(var + eps) to var.  About 5 minutes.

    dx_hat, x: (N, D); mean, var: (D,); eps: a number.  Returns dvar: (D,).
    """
    ### BEGIN SOLUTION
    dvar = (dx_hat * (x - mean)).sum(axis=0) * -0.5 * (var + eps) ** -1.5
    return dvar
    ### END SOLUTION


# %% check="variance_backward.values" points=2
r = np.random.RandomState(5)
given = [r.normal(size=(7, 3)), 20 + r.normal(size=(7, 3)) * [1, 2, 3]]  # dx_hat, x
given += [np.array([19.0, 22.0, 17.0]), np.array([0.8, 3.0, 7.0]), 0.1]  # mean, var, eps
check("dvar", variance_backward, *given)
# %% check="variance_backward.own_statistics" points=1
r = np.random.RandomState(6)
given = [r.normal(size=(6, 2)), 20 + r.normal(size=(6, 2)) * [0.5, 2]]
given += [given[1].mean(axis=0), given[1].var(axis=0)]
check("dvar with the batch's own statistics", variance_backward, *given, 0.1)
### BEGIN HIDDEN TESTS
dx_hat, x, _, _ = given
check("dvar, float32", variance_backward, *(a.astype("f4") for a in (dx_hat, x, x.mean(0), x.var(0))), 0.1, rtol=1e-3)
check("dvar, not contiguous", variance_backward, dx_hat.T[:, ::2].T, x.T[:, ::2].T, x.mean(0), x.var(0), 0.1)
check("dvar, N = 2, D = 1", variance_backward, dx_hat[:2, :1], x[:2, :1], np.array([3.0]), np.array([2.0]), 0.1)
check("dvar, N = D", variance_backward, dx_hat[:2], x[:2], np.array([3.0, 4.0]), np.array([2.0, 1.0]), 0.1)
check("dvar, a constant feature", variance_backward, dx_hat, 0 * x + 20, np.array([19.0, 20.0]), np.zeros(2), 0.1)
check("dvar, a large offset", variance_backward, dx_hat, x + 1e6, x.mean(0) + 1e6, x.var(0), 0.1)
### END HIDDEN TESTS

# %% [markdown]
# *Established:* one number for each feature, saying how the loss responds when that feature's variance grows.

# %% mistake="variance_backward" hint="The factor −1/2 of the power rule is missing: the derivative of v to the power −1/2 begins with its exponent."
# - * -0.5 * (var + eps)
# + * (var + eps)

# %% mistake="variance_backward" hint="The factor is −3/2, which is the new exponent. The power rule brings down the old one, −1/2, as the factor."
# - * -0.5
# + * -1.5

# %% mistake="variance_backward" hint="The exponent is −1/2, that of the forward pass. Differentiating lowers an exponent by one: −1/2 becomes −3/2."
# - ** -1.5
# + ** -0.5

# %% mistake="variance_backward" hint="The sign is turned. A larger variance makes every x̂ smaller in size, so the local derivative has a minus."
# - * -0.5
# + * 0.5

# %% mistake="variance_backward" hint="The shape is (N, D): the rows were not added up. One σ² served all N rows, so it collects from all of them (rule 2)."
# - (dx_hat * (x - mean)).sum(axis=0)
# + (dx_hat * (x - mean))

# %% mistake="variance_backward" hint="ε is missing: the node divides by √(σ² + ε), so what is raised to a power is var + eps."
# - (var + eps) **
# + var **

# %% mistake="variance_backward" hint="This divides by (σ²+ε)³, and then by 2. In Python ** binds tighter than /, so v ** -3 / 2 means (v ** -3) / 2. Put the exponent in parentheses."
# - (var + eps) ** -1.5
# + (var + eps) ** -3 / 2

# %% mistake="variance_backward" hint="These are means over the batch. Rule 2 asks for a sum; the 1/m of BN belongs to other nodes (how σ² comes from x, how μ comes from x)."
# - .sum(axis=0)
# + .mean(axis=0)

# %% mistake="variance_backward" hint="The sum runs over the features, axis=1. There is one σ² for each feature: sum over the batch, axis=0."
# - (dx_hat * (x - mean)).sum(axis=0) * -0.5 * (var + eps) ** -1.5
# + (dx_hat * (x - mean) * -0.5 * (var + eps) ** -1.5).sum(axis=1)

# %% mistake="variance_backward" hint="(x − mean) is missing: the sum is that of dx_hat alone. x̂ is (x − μ) times a power of v, and (x − μ) stays as a factor when v is differentiated."
# - (dx_hat * (x - mean)).sum(axis=0)
# + dx_hat.sum(axis=0)

# %% mistake="variance_backward" hint="There is one root too many in the denominator, as with an exponent of −2. If x̂ stands where x − μ should: it is already divided by √(σ²+ε) once."
# - (dx_hat * (x - mean)).sum(axis=0)
# + (dx_hat * (x - mean) / np.sqrt(var + eps)).sum(axis=0)

# %% mistake="variance_backward" hint="mean and var were computed again from x. Use those handed in: a node works with whatever the forward pass used, and here that is not x's own."
# - dvar = (dx_hat
# + mean, var = x.mean(axis=0), x.var(axis=0); dvar = (dx_hat

# %% mistake="variance_backward" hint="Only the mean was computed again from x. Use the one handed in: a node works with whatever the forward pass used, and here that is not x's own."
# - (dx_hat * (x - mean))
# + (dx_hat * (x - x.mean(axis=0)))

# %% mistake="variance_backward" hint="x is not centred: the factor is x − μ, not x."
# - (dx_hat * (x - mean))
# + (dx_hat * x)

# %% mistake="variance_backward" hint="The sum runs over everything, features too. Each feature has its own σ²: sum over axis 0 only."
# - (dx_hat * (x - mean)).sum(axis=0)
# + (dx_hat * (x - mean)).sum()

# %% mistake="variance_backward" hint="Two sums are multiplied, but it is the products that have to be summed: for each row dx_hat times (x − μ), then the sum over the rows."
# - (dx_hat * (x - mean)).sum(axis=0)
# + dx_hat.sum(axis=0) * (x - mean).sum(axis=0)

# %% mistake="variance_backward" hint="The gradient that arrives, dx_hat, is missing: this is the local derivative only. Multiply the two, row by row, before you sum."
# - (dx_hat * (x - mean))
# + (x - mean)

# %% mistake="variance_backward" hint="ε stands outside the root: the power is one of √σ² + ε. It belongs inside, with σ²."
# - (var + eps) ** -1.5
# + (np.sqrt(var) + eps) ** -3.0

# %% mistake="variance_backward" hint="The exponent is +3/2: this multiplies where it should divide. Differentiating lowers −1/2 to −3/2."
# - ** -1.5
# + ** 1.5

# %% mistake="variance_backward" hint="In Python ^ is not a power but a bitwise operation. Write **."
# - ** -1.5
# + ^ -1.5

# %% mistake="variance_backward" hint="The shape is (1, D). σ² has shape (D,), and a gradient has the shape of its quantity: leave keepdims out."
# - .sum(axis=0)
# + .sum(axis=0, keepdims=True)

# %% mistake="variance_backward" hint="The argument eps is not used: 1e-5 is written in its place."
# - (var + eps) **
# + (var + 1e-5) **

# %% [markdown]
# ### The mean node: two arrows leave
# $\mu$ points at **two** boxes, $\hat x = \frac{x - \mu}{\sqrt{\sigma^2+\epsilon}}$ and
# $\sigma^2 = \frac1m \sum (x - \mu)^2$. By rule 1 it collects from both, `dx_hat` along one arrow and `dvar` along
# the other.

# %% [markdown]
# ### Exercise: `mean_backward`
# Again the check hands you a `mean` that is not the batch's own. Section 8 shows why: with the true one, part of your
# answer could not be seen.
#
# <details><summary>Hint</summary>
#
# Along the dashed arrow: $\mu$ moves each $\hat x$ at the rate $-1/\sqrt{\sigma^2+\epsilon}$. Along the dotted arrow:
# $\mu$ moves $\sigma^2$ at the rate $\frac1m\sum -2(x-\mu)$. Multiply each rate with the gradient that comes along
# it. Sum the first over the batch (the second holds its sum already). Then add the two.
# </details>


# %% exercise="mean_backward"
def mean_backward(dx_hat, dvar, x, mean, var, eps):
    """Backward from x_hat and from var = ((x - mean)**2).mean(0) to mean.  About 7 minutes.

    dx_hat, x: (N, D); dvar, mean, var: (D,); eps: a number.  Returns dmean: (D,).
    """
    ### BEGIN SOLUTION
    from_x_hat = -dx_hat.sum(axis=0) / np.sqrt(var + eps)
    from_var = dvar * (-2 * (x - mean)).sum(axis=0) / x.shape[0]
    return from_x_hat + from_var
    ### END SOLUTION


# %% check="mean_backward.values" points=2
r = np.random.RandomState(7)
given = [r.normal(size=(7, 3)), np.array([0.6, -1.1, 0.4]), 20 + r.normal(size=(7, 3)) * [1, 2, 3]]  # dx_hat, dvar, x
given += [np.array([19.0, 22.0, 17.0]), np.array([0.8, 3.0, 7.0]), 0.1]  # mean, var, eps
check("dmean", mean_backward, *given)
# %% check="mean_backward.own_statistics" points=1
r = np.random.RandomState(8)
given = [r.normal(size=(6, 2)), np.array([0.6, -1.1]), 20 + r.normal(size=(6, 2)) * [0.5, 2]]
given += [given[2].mean(axis=0), given[2].var(axis=0)]
check("dmean with the batch's own statistics", mean_backward, *given, 0.1)
### BEGIN HIDDEN TESTS
dx_hat, dvar, x, _, _ = given
check("dmean, float32", mean_backward, *(a.astype("f4") for a in given), 0.1, rtol=1e-3, atol=1e-4)
check("dmean, not contiguous", mean_backward, dx_hat.T[:, ::2].T, dvar, x.T[:, ::2].T, x.mean(0), x.var(0), 0.1)
check(
    "dmean, N = 2, D = 1", mean_backward, dx_hat[:2, :1], dvar[:1], x[:2, :1], x[:2, :1].mean(0), np.array([2.0]), 0.1
)
check("dmean, a constant feature", mean_backward, dx_hat, dvar, 0 * x + 20, np.array([20.0, 20.0]), np.zeros(2), 0.1)
check("dmean, a large offset", mean_backward, dx_hat, dvar, x + 1e6, (x + 1e6).mean(0), x.var(0), 0.1)
### END HIDDEN TESTS

# %% [markdown]
# *Established:* the gradient has passed $\hat x$, $\sigma^2$ and $\mu$. Only $x$ is left.

# %% mistake="mean_backward" hint="Only the direct term, through x̂, is there. μ also stands inside σ², so dvar sends something too. (If you wrote that second term, see whether its x − mean used the mean you were handed: with x's own mean it sums to zero.)"
# - from_x_hat + from_var
# + from_x_hat

# %% mistake="mean_backward" hint="The direct term has the wrong sign: x̂ holds x − μ, so when μ grows, x̂ falls."
# - -dx_hat.sum(axis=0)
# + dx_hat.sum(axis=0)

# %% mistake="mean_backward" hint="The second term, through σ², has the wrong sign: the inner derivative of (x − μ)² with respect to μ is −2(x − μ)."
# - (-2 * (x - mean))
# + (2 * (x - mean))

# %% mistake="mean_backward" hint="The second term lacks 1/m. σ² is a mean over the batch, so its derivative carries that 1/m too."
# - / x.shape[0]
# + / 1

# %% mistake="mean_backward" hint="m is the wrong axis: the number of features was used. m is the size of the batch, the length of axis 0."
# - x.shape[0]
# + x.shape[1]

# %% mistake="mean_backward" hint="The factor −2, or its 2 alone, is missing in the second term: when μ moves, (x − μ)² changes at the rate −2(x − μ)."
# - (-2 * (x - mean))
# + (-(x - mean))

# %% mistake="mean_backward" hint="The factor −2, or its 2 alone, is missing in the second term: when μ moves, (x − μ)² changes at the rate −2(x − μ)."
# - (-2 * (x - mean))
# + (x - mean)

# %% mistake="mean_backward" hint="The shape is (1, D). μ has shape (D,), and a gradient has the shape of its quantity: leave keepdims out."
# - -dx_hat.sum(axis=0)
# + -dx_hat.sum(axis=0, keepdims=True)

# %% mistake="mean_backward" hint="ε is missing: x̂ was divided by √(σ² + ε)."
# - np.sqrt(var + eps)
# + np.sqrt(var)

# %% mistake="mean_backward" hint="The root is missing in the direct term: it divides by σ² + ε, but x̂ was divided by √(σ² + ε)."
# - np.sqrt(var + eps)
# + (var + eps)

# %% mistake="mean_backward" hint="The direct term is a mean over the batch. It has to be a sum: rule 2. The 1/m of μ = (1/m)Σx comes later, on the way from μ to x."
# - -dx_hat.sum(axis=0)
# + -dx_hat.mean(axis=0)

# %% mistake="mean_backward" hint="The direct term, −Σdx̂/√(σ²+ε), is missing, or it is multiplied by the second one. μ moves x̂ itself and also σ²; by rule 1 the gradients that come back add."
# - from_x_hat + from_var
# + from_var

# %% mistake="mean_backward" hint="The shape is (N, D): the direct term was not summed over the batch. One μ served all N rows (rule 2)."
# - -dx_hat.sum(axis=0)
# + -dx_hat

# %% mistake="mean_backward" hint="dvar is missing in the second term: the local derivative ∂σ²/∂μ stands there alone. Multiply it with the gradient that arrives at σ²."
# - dvar * (-2
# + (-2

# %% mistake="mean_backward" hint="Both signs are turned. x̂ holds x − μ, so when μ grows, x̂ falls; and the inner derivative of (x − μ)² is −2(x − μ)."
# - -dx_hat.sum(axis=0)
# + dx_hat.sum(axis=0)
# - (-2 * (x - mean))
# + (2 * (x - mean))

# %% mistake="mean_backward" hint="The shape is (N, D): the second term was not summed over the batch. One μ served all N rows (rule 2)."
# - (-2 * (x - mean)).sum(axis=0)
# + (-2 * (x - mean))

# %% mistake="mean_backward" hint="Neither term was summed over the batch: the shape is (N, D). One μ served all N rows (rule 2)."
# - -dx_hat.sum(axis=0)
# + -dx_hat
# - (-2 * (x - mean)).sum(axis=0)
# + (-2 * (x - mean))

# %% mistake="mean_backward" hint="The second term is divided by m twice: a mean over the batch holds one 1/m already."
# - .sum(axis=0) / x.shape[0]
# + .mean(axis=0) / x.shape[0]

# %% mistake="mean_backward" hint="In the direct term stands the power −3/2, which belongs to the variance's node. x̂ is linear in μ, so the root stays as it is."
# - np.sqrt(var + eps)
# + (var + eps) ** 1.5

# %% mistake="mean_backward" hint="The gradient that arrives, dx_hat, is missing in the direct term: only its local derivative is there, not multiplied with anything."
# - -dx_hat.sum(axis=0)
# + -1

# %% mistake="mean_backward" hint="The sums run over everything, features too. Each feature has its own μ: sum over axis 0 only."
# - -dx_hat.sum(axis=0)
# + -dx_hat.sum()
# - (-2 * (x - mean)).sum(axis=0)
# + (-2 * (x - mean)).sum()

# %% mistake="mean_backward" hint="The second term was summed over the features too. Each feature has its own μ and its own dvar: sum over axis 0 only."
# - dvar * (-2 * (x - mean)).sum(axis=0)
# + (dvar * -2 * (x - mean)).sum()

# %% mistake="mean_backward" hint="The direct term, −Σdx̂/√(σ²+ε), is missing, or it is multiplied by the second one. μ moves x̂ itself and also σ²; by rule 1 the gradients that come back add."
# - from_x_hat + from_var
# + from_x_hat * from_var

# %% [markdown]
# ## 7. The whole chain
# Three arrows leave $x$: to $\hat x$, to $\mu$, to $\sigma^2$. By rule 1, `dx` is a sum of three terms, and you have
# seen their shapes in section 4: `dy`'s own, a constant, a line that is zero at the mean.

# %% [markdown]
# ### Exercise: `batchnorm_backward`
# Write the whole chain, from `dy` to `dx`, in one function that needs none of the others. The first check feeds it
# gradients for which only some paths carry anything, and so names the **first** part that is wrong.
#
# <details><summary>Hint</summary>
#
# Copy your three nodes first. Then find what each arrow out of $x$ needs: how $\hat x$,
# $\sigma^2 = \frac1m\sum(x-\mu)^2$ and $\mu = \frac1m\sum x$ respond when one $x_i$ moves and the other two
# quantities are held still. Multiply each with the gradient waiting there: `dx_hat`, `dvar`, `dmean`.
# </details>


# %% exercise="batchnorm_backward"
def batchnorm_backward(dy, cache):
    """The backward pass of batch normalization, node by node.  About 10 minutes.

    dy: (N, D); cache: what batchnorm_forward returned, a dict with x, x_hat (N, D), mean, var, gamma (D,) and eps.
    Returns (dx (N, D), dgamma (D,), dbeta (D,)).  dy and cache are not changed.
    """
    ### BEGIN SOLUTION
    x, x_hat, mean, var = cache["x"], cache["x_hat"], cache["mean"], cache["var"]
    m = x.shape[0]
    root = np.sqrt(var + cache["eps"])
    dgamma = (dy * x_hat).sum(axis=0)
    dbeta = dy.sum(axis=0)
    dx_hat = dy * cache["gamma"]
    dvar = (dx_hat * (x - mean)).sum(axis=0) * -0.5 / root**3
    dmean = -dx_hat.sum(axis=0) / root + dvar * (-2 * (x - mean)).sum(axis=0) / m
    through_var = dvar * 2 * (x - mean) / m
    through_mean = dmean / m
    dx = dx_hat / root + through_mean + through_var
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% check="batchnorm_backward.nodes" points=2
def case():
    """Four rows, two features; and a silent dy: its sum is 0, also with x_hat, so no statistic feels it."""
    line, bend, wave = np.array([[-3, -1, 1, 3], [1, -1, -1, 1], [-1, 3, -3, 1]])[:, :, None] / 2.0
    centred, mean = line * [0.7, 0.4], np.array([10.0, -3.0])
    gamma = np.random.RandomState(6).uniform(0.5, 2, 2) * [1, -1]
    cache = {"x": mean + centred, "mean": mean, "var": (centred**2).mean(axis=0), "gamma": gamma, "eps": 0.1}
    cache["x_hat"] = centred / np.sqrt(cache["var"] + 0.1)
    return line, bend * [0.3, -0.5] + wave * [0.2, 0.3], cache


def backward(dy):  # a fresh cache each time, so that one call cannot spoil the next
    return batchnorm_backward(dy, case()[2])


def form():  # how many arrays, and of what shape: their values do not count yet
    zero = lambda part: 0 * part if isinstance(part, np.ndarray) else part
    result = backward(case()[1])
    return tuple(map(zero, result)) if isinstance(result, (tuple, list)) else result


def node_by_node():
    line, silent, _ = case()
    _, dgamma, dbeta = backward(silent + line + 1)
    parts = {"dgamma": dgamma, "dbeta": dbeta, "dx along the direct path": backward(silent)[0]}
    parts["dx with the path through the mean"] = backward(silent + [1, 2])[0]
    parts["dx with the path through the variance"] = backward(silent + line)[0]
    return parts


check("what comes back: dx, dgamma, dbeta", lambda: form())
check("node by node", lambda: node_by_node())


# %% check="batchnorm_backward.parameters" points=1
def case():
    r = np.random.RandomState(9)
    x_hat = r.normal(size=(5, 3))
    cache = {"x": 2 + 3 * x_hat, "x_hat": x_hat, "mean": np.full(3, 2.0), "var": np.full(3, 8.9), "eps": 0.1}
    return r.normal(size=(5, 3)), {**cache, "gamma": np.array([1.5, -0.7, 2.0])}


check("dgamma and dbeta", lambda: batchnorm_backward(*case())[1:])


# %% check="batchnorm_backward.direct_path" points=1
def case():
    x, mean, var = np.array([[-1.0, 3], [1, 3], [-1, 7], [1, 7]]), np.array([0.0, 5.0]), np.array([1.0, 4.0])
    cache = {"x": x, "x_hat": (x - mean) / np.sqrt(var + 0.1), "mean": mean, "var": var, "eps": 0.1}
    silent = np.array([[1.0, 2.0], [1.0, -2.0], [-1.0, -2.0], [-1.0, 2.0]])
    return silent, {**cache, "gamma": np.random.RandomState(7).uniform(2, 4, 2) * [1, -1]}


check("dx along the direct path alone", lambda: batchnorm_backward(*case())[0])


# %% check="batchnorm_backward.whole" points=2
def case(N, D, seed, offset=20.0, eps=0.1):
    """dy and the cache of a forward pass, from (N, D) random numbers."""
    r = np.random.RandomState(seed)
    x = offset + r.normal(size=(N, D)) * r.uniform(0.5, 3, D)
    mean, var, gamma = x.mean(0), x.var(0), r.choice([-1, 1], D) * r.uniform(0.5, 2, D)
    cache = {"x": x, "x_hat": (x - mean) / np.sqrt(var + eps), "mean": mean, "var": var, "gamma": gamma, "eps": eps}
    return r.normal(size=(N, D)), cache


result = check("batchnorm_backward", batchnorm_backward, *case(5, 3, seed=10))
assert np.allclose(result[0].sum(axis=0), 0), "each column of dx should sum to zero"
### BEGIN HIDDEN TESTS
dy, cache = case(9, 5, seed=11, eps=1e-5)
check("backward, another shape", batchnorm_backward, dy, cache)
single = {k: v.astype("f4") if isinstance(v, np.ndarray) else v for k, v in cache.items()}
check("backward, float32", batchnorm_backward, dy.astype("f4"), single, rtol=1e-3, atol=1e-4)
strided = {k: np.repeat(v, 2, axis=-1)[..., ::2] if isinstance(v, np.ndarray) else v for k, v in cache.items()}
check("backward, not contiguous", batchnorm_backward, np.repeat(dy, 2, axis=1)[:, ::2], strided)
check("backward, N = 2, D = 1", batchnorm_backward, *case(2, 1, seed=12))
check("backward, N = D", batchnorm_backward, *case(4, 4, seed=13))
check("backward, a large offset", batchnorm_backward, *case(6, 3, seed=14, offset=1e6))
dy, cache = case(5, 2, seed=15)
cache.update(x=0 * dy + 20, x_hat=0 * dy, mean=np.array([20.0, 20.0]), var=np.zeros(2))
check("backward, a constant feature", batchnorm_backward, dy, cache)
### END HIDDEN TESTS

# %% [markdown]
# *Established:* your backward pass follows every path that can show in `dx`. Those are the six equations that close
# section 3 of the BN paper ([arXiv 1502.03167](https://arxiv.org/abs/1502.03167)), just before its section 3.1. The
# paper writes out one term that the next section shows to be zero.

# %% mistake="batchnorm_backward" hint="The first wrong node is x, where the three paths join: what comes through the mean is missing. μ depends on every x, so dmean has to be passed on to dx."
# - dx_hat / root + through_mean + through_var
# + dx_hat / root + through_var

# %% mistake="batchnorm_backward" hint="The first wrong node is x, where the three paths join: what comes through the variance is missing. σ² depends on every x, so dvar has to be passed on to dx."
# - dx_hat / root + through_mean + through_var
# + dx_hat / root + through_mean

# %% mistake="batchnorm_backward" hint="Only the direct path is there: μ and σ² are treated as constants. They are computed from x, and when x moves, they move. Add the paths through both."
# - dx_hat / root + through_mean + through_var
# + dx_hat / root

# %% mistake="batchnorm_backward" hint="The direct path is missing: dx holds only what comes through the statistics. x also reaches its own x̂."
# - dx_hat / root + through_mean + through_var
# + through_mean + through_var

# %% mistake="batchnorm_backward" hint="On the path from μ to x the 1/m is missing. One x moves the mean of m values by only 1/m."
# - through_mean = dmean / m
# + through_mean = dmean

# %% mistake="batchnorm_backward" hint="On the path from σ² to x the 1/m is missing. One x moves the variance, a mean of m squares, by only 2(x − μ)/m."
# - * 2 * (x - mean) / m
# + * 2 * (x - mean)

# %% mistake="batchnorm_backward" hint="On the path from σ² to x the 2 is missing: the derivative of a square begins with 2."
# - * 2 * (x - mean) / m
# + * (x - mean) / m

# %% mistake="batchnorm_backward" hint="Of the path from σ² to x only the constant 2/m is there: (x − μ) is missing. The derivative of (x − μ)² is 2(x − μ)."
# - * 2 * (x - mean) / m
# + * 2 / m

# %% mistake="batchnorm_backward" hint="ε is missing. The forward pass divided by √(σ² + ε), so every root and every power here is one of var + eps."
# - np.sqrt(var + cache["eps"])
# + np.sqrt(var)

# %% mistake="batchnorm_backward" hint="The direct path lacks γ: either dx_hat is not dy·γ, or in the first term of dx stands dy where dx_hat belongs. x̂ reaches y through a multiplication by γ."
# - dy * cache["gamma"]
# + dy * 1.0

# %% mistake="batchnorm_backward" hint="The first wrong node is the affine one: dgamma and dbeta are means over the batch. Rule 2 asks for sums."
# - (dy * x_hat).sum(axis=0)
# + (dy * x_hat).mean(axis=0)
# - dbeta = dy.sum(axis=0)
# + dbeta = dy.mean(axis=0)

# %% mistake="batchnorm_backward" hint="dgamma and dbeta have the shape of dy: they were not summed over the batch. There is one γ and one β for each feature."
# - (dy * x_hat).sum(axis=0)
# + dy * x_hat
# - dbeta = dy.sum(axis=0)
# + dbeta = dy

# %% mistake="batchnorm_backward" hint="The first wrong node is dvar: its sign is turned, or that of its term in dx. A larger variance makes x̂ smaller in size, so dvar holds a minus; the three terms of dx are added."
# - * -0.5
# + * 0.5

# %% mistake="batchnorm_backward" hint="dgamma or dbeta was computed from dx_hat = dy·γ, so it carries a factor γ too many. Both need dy as it arrived."
# - (dy * x_hat).sum(axis=0)
# + (dy * cache["gamma"] * x_hat).sum(axis=0)

# %% mistake="batchnorm_backward" hint="dgamma or dbeta was computed from dx_hat = dy·γ, so it carries a factor γ too many. Both need dy as it arrived."
# - dbeta = dy.sum(axis=0)
# + dbeta = (dy * cache["gamma"]).sum(axis=0)

# %% mistake="batchnorm_backward" hint="dgamma and dbeta have shape (1, D). γ and β have shape (D,), and a gradient has the shape of its quantity: leave keepdims out."
# - (dy * x_hat).sum(axis=0)
# + (dy * x_hat).sum(axis=0, keepdims=True)
# - dbeta = dy.sum(axis=0)
# + dbeta = dy.sum(axis=0, keepdims=True)

# %% mistake="batchnorm_backward" hint="The first of the three has not the shape of x. The order is (dx, dgamma, dbeta), and dx is not summed over the batch: it has one entry for each entry of x."
# - return dx, dgamma, dbeta
# + return dx.sum(axis=0), dgamma, dbeta

# %% mistake="batchnorm_backward" hint="In dvar or dmean dy stands in place of dx_hat, so γ is missing there. Both collect what arrives at x̂."
# - (dx_hat * (x - mean))
# + (dy * (x - mean))

# %% mistake="batchnorm_backward" hint="In dvar or dmean dy stands in place of dx_hat, so γ is missing there. Both collect what arrives at x̂."
# - -dx_hat.sum(axis=0)
# + -dy.sum(axis=0)

# %% mistake="batchnorm_backward" hint="The first wrong node is dvar: the factor is −3/2, which is the new exponent. The power rule brings down the old one, −1/2, as the factor."
# - * -0.5
# + * -1.5

# %% mistake="batchnorm_backward" hint="The first wrong node is dvar: the factor −1/2 of the power rule is missing."
# - * -0.5 / root**3
# + / root**3

# %% mistake="batchnorm_backward" hint="The first wrong node is dvar: its power is −1/2, that of the forward pass. Differentiating lowers it by one, to −3/2, which is one over the root cubed."
# - root**3
# + root

# %% mistake="batchnorm_backward" hint="The first wrong node is dvar: it was not summed over the batch, so each row meets its own gradient only. It broadcasts without an error, and that makes this one hard to see. dvar has shape (D,)."
# - (dx_hat * (x - mean)).sum(axis=0)
# + (dx_hat * (x - mean))

# %% mistake="batchnorm_backward" hint="The first wrong node is dmean: its sign is turned, or that of its term in dx. x̂ holds x − μ, so when μ grows, x̂ falls: dmean holds a minus; the three terms of dx are added."
# - -dx_hat.sum(axis=0)
# + dx_hat.sum(axis=0)

# %% mistake="batchnorm_backward" hint="The first wrong node is dmean: it was not summed over the batch, so each row meets its own gradient only. It broadcasts without an error, and that makes this one hard to see. dmean has shape (D,)."
# - -dx_hat.sum(axis=0)
# + -dx_hat

# %% mistake="batchnorm_backward" hint="m is the wrong axis: the number of features was used. m is the size of the batch, the length of axis 0."
# - x.shape[0]
# + x.shape[1]

# %% mistake="batchnorm_backward" hint="The first of the three has not the shape of x. The order is (dx, dgamma, dbeta), and dx is not summed over the batch: it has one entry for each entry of x."
# - return dx, dgamma, dbeta
# + return dgamma, dbeta, dx

# %% mistake="batchnorm_backward" hint="dgamma and dbeta are exchanged. The one with x̂ in it belongs to γ; the order is (dx, dgamma, dbeta)."
# - return dx, dgamma, dbeta
# + return dx, dbeta, dgamma

# %% mistake="batchnorm_backward" hint="The result is right, but dy was changed on the way: dy *= … writes into the caller's array. Make a new one with dy * …."
# - dx_hat = dy * cache["gamma"]
# + dy *= cache["gamma"]; dx_hat = dy

# %% mistake="batchnorm_backward" hint="The first wrong node is x, at the direct path: dx_hat is multiplied by the root. x̂ was divided by it, so its local derivative is one over the root."
# - dx_hat / root + through_mean
# + dx_hat * root + through_mean

# %% mistake="batchnorm_backward" hint="The first wrong node is x, at the direct path: dx_hat, or even dy, is passed on as it is. x̂ is (x − μ) divided by the root, so its local derivative is one over the root."
# - dx_hat / root + through_mean
# + dx_hat + through_mean

# %% mistake="batchnorm_backward" hint="The first wrong node is x, at the direct path: dx_hat, or even dy, is passed on as it is. x̂ is (x − μ) divided by the root, so its local derivative is one over the root."
# - dx_hat / root + through_mean
# + dy + through_mean

# %% mistake="batchnorm_backward" hint="The direct path lacks γ: either dx_hat is not dy·γ, or in the first term of dx stands dy where dx_hat belongs. x̂ reaches y through a multiplication by γ."
# - dx_hat / root + through_mean
# + dy / root + through_mean

# %% mistake="batchnorm_backward" hint="The first wrong node is x, at the direct path: it divides by σ² + ε, without the root."
# - dx_hat / root + through_mean
# + dx_hat / root**2 + through_mean

# %% mistake="batchnorm_backward" hint="The first wrong node is dmean: the root is missing. x̂ is divided by √(σ² + ε), so μ moves it by −1 over that root."
# - -dx_hat.sum(axis=0) / root
# + -dx_hat.sum(axis=0)

# %% mistake="batchnorm_backward" hint="On the path through the variance x̂ stands where x − μ should, in dvar or on the way from σ² to x. It is already divided by the root once: one root too many."
# - (dx_hat * (x - mean))
# + (dx_hat * x_hat)

# %% mistake="batchnorm_backward" hint="On the path through the mean the 1/m is counted twice. dmean is a sum over the batch; one 1/m comes in on the way from μ to x."
# - through_mean = dmean / m
# + through_mean = dmean / m / m

# %% mistake="batchnorm_backward" hint="On the path through the variance the 1/m is counted twice. dvar is a sum over the batch; one 1/m comes in on the way from σ² to x."
# - * 2 * (x - mean) / m
# + * 2 * (x - mean) / m / m

# %% mistake="batchnorm_backward" hint="On the path from σ² to x stands x, not x − μ."
# - * 2 * (x - mean) / m
# + * 2 * x / m

# %% mistake="batchnorm_backward" hint="Of the path from σ² to x only 1/m is there. The derivative of (1/m) Σ (x − μ)² with respect to one x is 2(x − μ)/m."
# - * 2 * (x - mean) / m
# + / m

# %% mistake="batchnorm_backward" hint="m is x.size, the number of all elements. Each feature has statistics of its own, over N values: m is the length of axis 0."
# - x.shape[0]
# + x.size

# %% mistake="batchnorm_backward" hint="m is N − 1. Algorithm 1 divides by m, for the mean and for the (biased) variance."
# - x.shape[0]
# + x.shape[0] - 1

# %% mistake="batchnorm_backward" hint="eps was not taken from the cache: 1e-5 is written in its place."
# - cache["eps"]
# + 1e-5

# %% mistake="batchnorm_backward" hint="The result is right, but the cache was changed on the way: an operation such as x -= mean writes into its arrays. Make a new array with x - mean."
# - x, x_hat, mean, var = cache["x"], cache["x_hat"], cache["mean"], cache["var"]
# + x_hat, mean, var = cache["x_hat"], cache["mean"], cache["var"]; x = cache["x"]; x -= mean; mean = 0

# %% mistake="batchnorm_backward" hint="The first wrong node is the affine one: dgamma is summed with x, but γ multiplies x̂."
# - (dy * x_hat).sum
# + (dy * x).sum

# %% mistake="batchnorm_backward" hint="The first wrong node is dx_hat: dy is divided by γ. The gradient is multiplied by the local derivative, and that is γ."
# - dy * cache["gamma"]
# + dy / cache["gamma"]

# %% mistake="batchnorm_backward" hint="The first wrong node is dvar: it divides by (σ²+ε)³, and then by 2. In Python ** binds tighter than /, so v ** -3 / 2 means (v ** -3) / 2. Put the exponent in parentheses."
# - -0.5 / root**3
# + -0.5 * (var + cache["eps"]) ** -3 / 2

# %% [markdown]
# ## 8. The algebra collapses
# Your chain is right, and longer than it needs to be. Three observations shorten it.
#
# ### First: the dotted arrow
# How does $\sigma^2$ respond when $\mu$ alone moves? Slide a value $c$ past the batch and draw $\frac1m\sum(x-c)^2$.

# %% tags=["demo"]
c = np.linspace(1, 9, 200)
own, lowest = x_small.mean(), x_small.var()
fig, ax = plt.subplots(figsize=(6.5, 3.4))
ax.plot(c, ((x_small - c) ** 2).mean(axis=0))
ax.plot([own - 2, own + 2], [lowest, lowest], color="black", lw=1.5, ls="--")
ax.plot(own, lowest, "o", color="black", ms=7)
ax.text(own, lowest - 1, r"slope 0 at $c=\mu$", ha="center", va="top")
ax.set(xlabel="c, in place of the mean", ylabel=r"$\frac{1}{m}\sum(x-c)^2$", ylim=(0, None))
ax.set_title("The mean is where the spread is smallest")
plt.show()

# %% tags=["demo"]
print("sum of (x - mean) is zero, to rounding:", bool(abs((x_small - x_small.mean()).sum()) < 1e-12))
print("sum of (x - 4), about another value:   ", float((x_small - 4).sum()))

# %% [markdown]
# *In the figure:* a parabola over $c$, lowest at $c = \mu = 5$, where a dashed tangent lies flat. The mean is the
# point about which the squared deviations are smallest. At the bottom of a valley the slope is zero:
#
# $$\frac{\partial \sigma^2}{\partial \mu} = -\frac2m \sum (x - \mu) = 0.$$

# %% [markdown]
# ### Question 2
# $\partial\sigma^2/\partial\mu = 0$ at the batch's own mean. What may your backward pass leave out?
#
# - (a) Everything that passes through $\mu$, since $\mu$ has no effect.
# - (b) Everything that passes through $\sigma^2$, since it no longer depends on $x$.
# - (c) Only what goes back from $\sigma^2$ to $\mu$; the rest is needed.
# - (d) Nothing: the term is zero on average, but not for a single batch.

# %% exercise="q_mean_in_variance"
### BEGIN SOLUTION
q_mean_in_variance = "c"
### END SOLUTION

# %% check="q_mean_in_variance.answer" points=1
check("q_mean_in_variance", q_mean_in_variance)
# %% mistake="q_mean_in_variance" hint="μ still moves every x̂ directly, because x̂ holds x − μ. The dashed path of the graph is alive; only the dotted arrow is dead. Look at the figure of section 4: the path through μ brings plenty."
q_mean_in_variance = "a"

# %% mistake="q_mean_in_variance" hint="σ² depends on x directly as well: with μ held still, one x moves (x − μ)²/m with slope 2(x − μ)/m. Only the way from x over μ to σ² is dead."
q_mean_in_variance = "b"

# %% mistake="q_mean_in_variance" hint="It is exactly zero for every single batch: the deviations from a batch's own mean always sum to zero. No average over batches is needed."
q_mean_in_variance = "d"

# %% [markdown]
# So a slip in that one term never shows in `dx`. Hence the strange mean in the check of `mean_backward`.

# %% [markdown]
# ### Second: $x - \mu$ is $\hat x$ in disguise
# Write $s = \sqrt{\sigma^2+\epsilon}$. Then $x - \mu = s\,\hat x$. Put that into the variance's gradient, and one
# power of $s$ goes away:
#
# $$\texttt{dvar} = d\sigma^2 = -\frac{1}{2 s^3} \sum d\hat x\,(x-\mu) = -\frac{1}{2 s^2} \sum d\hat x\,\hat x .$$
#
# Send it on to $x$. The 2s cancel, and another power of $s$:
#
# $$d\sigma^2 \cdot \frac{2 (x-\mu)}{m} = -\frac1s\; \hat x \cdot \frac1m \sum d\hat x\,\hat x .$$
#
# With your `variance_backward` the left side can be compared with the right.

# %% tags=["demo"]
with your_functions():
    _, small = batchnorm_forward(x_small, 1.5, 12.0)
    s_small, centred, arriving = np.sqrt(small["var"] + small["eps"]), x_small - small["mean"], 1.5 * dy_small
    left = variance_backward(arriving, x_small, small["mean"], small["var"], small["eps"]) * 2 * centred / 6
    right = -small["x_hat"] * np.mean(arriving * small["x_hat"]) / s_small
    print("left and right agree:", np.allclose(left, right, rtol=1e-12))

# %% [markdown]
# ### Third: the sums are old friends
# Do the same for the mean's path. With the dotted arrow gone, only its direct term is left, and goes on to $x$:
#
# $$\texttt{dmean} = d\mu = -\frac1s \sum d\hat x, \qquad d\mu \cdot \frac1m = -\frac1s \cdot \frac1m \sum d\hat x .$$
#
# Now every term of `dx` begins with $\frac1s$. Two sums are left, $\sum d\hat x$ and $\sum d\hat x\,\hat x$. Since
# $d\hat x = \gamma\,dy$, you already hold both, up to a factor, among your three answers.

# %% [markdown]
# ### Exercise: `batchnorm_backward_closed_form`
# Collect the three terms into one expression. No `dvar`, no `dmean`, no loop over the batch.
#
# <details><summary>Hint</summary>
#
# On paper first: factor out $\gamma / s$. Inside remain three terms: `dy` itself, something the same for every row,
# and something times $\hat x$. The last two were measured in section 4: a constant, and a line that is zero at the
# mean. Five lines of code are enough.
# </details>


# %% exercise="batchnorm_backward_closed_form"
def batchnorm_backward_closed_form(dy, cache):
    """The backward pass of batch normalization in closed form, without a loop over the batch.  About 8 minutes.

    dy: (N, D); cache: what batchnorm_forward returned, a dict with x, x_hat (N, D), mean, var, gamma (D,) and eps.
    Returns (dx (N, D), dgamma (D,), dbeta (D,)).  dy and cache are not changed.
    """
    ### BEGIN SOLUTION
    m, x_hat = dy.shape[0], cache["x_hat"]
    dgamma = (dy * x_hat).sum(axis=0)
    dbeta = dy.sum(axis=0)
    scale = cache["gamma"] / np.sqrt(cache["var"] + cache["eps"])
    dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% check="batchnorm_backward_closed_form.values" points=2
def case(N, D, seed, offset=20.0, eps=0.1):
    """dy and the cache of a forward pass, from (N, D) random numbers."""
    r = np.random.RandomState(seed)
    x = offset + r.normal(size=(N, D)) * r.uniform(0.5, 3, D)
    mean, var, gamma = x.mean(0), x.var(0), r.choice([-1, 1], D) * r.uniform(0.5, 2, D)
    cache = {"x": x, "x_hat": (x - mean) / np.sqrt(var + eps), "mean": mean, "var": var, "gamma": gamma, "eps": eps}
    return r.normal(size=(N, D)), cache


check("closed form", batchnorm_backward_closed_form, *case(5, 3, seed=16))


# %% check="batchnorm_backward_closed_form.other_batches" points=2
def case(N, D, seed, offset=20.0, eps=0.1):
    """dy and the cache of a forward pass, from (N, D) random numbers."""
    r = np.random.RandomState(seed)
    x = offset + r.normal(size=(N, D)) * r.uniform(0.5, 3, D)
    mean, var, gamma = x.mean(0), x.var(0), r.choice([-1, 1], D) * r.uniform(0.5, 2, D)
    cache = {"x": x, "x_hat": (x - mean) / np.sqrt(var + eps), "mean": mean, "var": var, "gamma": gamma, "eps": eps}
    return r.normal(size=(N, D)), cache


check("closed form, a tall batch", batchnorm_backward_closed_form, *case(13, 2, seed=17))
### BEGIN HIDDEN TESTS
dy, cache = case(9, 5, seed=18, eps=1e-5)
single = {k: v.astype("f4") if isinstance(v, np.ndarray) else v for k, v in cache.items()}
check("closed form, float32", batchnorm_backward_closed_form, dy.astype("f4"), single, rtol=1e-3, atol=1e-4)
strided = {k: np.repeat(v, 2, axis=-1)[..., ::2] if isinstance(v, np.ndarray) else v for k, v in cache.items()}
check("closed form, not contiguous", batchnorm_backward_closed_form, np.repeat(dy, 2, axis=1)[:, ::2], strided)
check("closed form, N = 2, D = 1", batchnorm_backward_closed_form, *case(2, 1, seed=19))
check("closed form, N = D", batchnorm_backward_closed_form, *case(4, 4, seed=20))
check("closed form, a large offset", batchnorm_backward_closed_form, *case(6, 3, seed=21, offset=1e6))
constant = {
    "x": 0 * dy + 20,
    "x_hat": 0 * dy,
    "mean": np.full(5, 20.0),
    "var": np.zeros(5),
    "gamma": cache["gamma"],
    "eps": 0.1,
}
check("closed form, a constant feature", batchnorm_backward_closed_form, dy, constant)


class Counted(
    np.ndarray
):  # counts the arrays made from it: a dozen for whole-array code, at least N in a loop over rows
    made = 0

    def __array_finalize__(self, parent):
        Counted.made += 1


def arrays_made(N):
    dy, cache = case(N, 3, seed=22)
    cache = {k: v.view(Counted) if isinstance(v, np.ndarray) else v for k, v in cache.items()}
    dy, Counted.made = dy.view(Counted), 0
    batchnorm_backward_closed_form(dy, cache)
    return Counted.made


check("no Python loop over the batch", lambda: arrays_made(400) < 200)
### END HIDDEN TESTS

# %% [markdown]
# *Established:* the same three gradients, from five lines. In one formula, with $d\hat x = \gamma\,dy$ and
# $\overline{\,\cdot\,}$ for the mean over the batch:
#
# $$dx = \frac{1}{\sqrt{\sigma^2+\epsilon}} \left( d\hat x - \overline{d\hat x} - \hat x \; \overline{d\hat x\,\hat x} \right)$$

# %% mistake="batchnorm_backward_closed_form" hint="The constant term is missing: that is the path through the mean. Without it dx is not centred."
# - dy - dbeta / m - x_hat
# + dy - x_hat

# %% mistake="batchnorm_backward_closed_form" hint="The term that multiplies x̂ is missing, or is zero: that is the path through the variance. What has to be averaged in it is the product dx̂·x̂."
# - dbeta / m - x_hat * dgamma / m
# + dbeta / m

# %% mistake="batchnorm_backward_closed_form" hint="Both sums are missing: only the direct path is left, as if μ and σ² were constants."
# - dy - dbeta / m - x_hat * dgamma / m
# + dy

# %% mistake="batchnorm_backward_closed_form" hint="dgamma and dbeta were not summed over the batch: they must have shape (D,), one value for each feature, and the two terms of dx need these sums."
# - (dy * x_hat).sum(axis=0)
# + dy * x_hat
# - dbeta = dy.sum(axis=0)
# + dbeta = dy

# %% mistake="batchnorm_backward_closed_form" hint="γ is missing in dx: dy stands where dy·γ belongs."
# - cache["gamma"] / np.sqrt
# + 1 / np.sqrt

# %% mistake="batchnorm_backward_closed_form" hint="γ multiplies only the first of the three terms. All three come from dx̂ = dy·γ, so all three carry it."
# - scale * (dy - dbeta / m - x_hat * dgamma / m)
# + scale * dy - scale / cache["gamma"] * (dbeta / m + x_hat * dgamma / m)

# %% mistake="batchnorm_backward_closed_form" hint="γ is counted twice, in all of dx or in some of its terms. If a sum is already one of dy·γ, do not multiply it by γ again; and with γ in front of the parentheses, dy stands inside, not dx_hat."
# - scale * (dy
# + cache["gamma"] * scale * (dy

# %% mistake="batchnorm_backward_closed_form" hint="m is the wrong axis: the number of features was used. m is the size of the batch, the length of axis 0."
# - dy.shape[0]
# + dy.shape[1]

# %% mistake="batchnorm_backward_closed_form" hint="1/m is missing: sums are subtracted where means belong. Each x moves the mean by only 1/m."
# - dbeta / m - x_hat * dgamma / m
# + dbeta - x_hat * dgamma

# %% mistake="batchnorm_backward_closed_form" hint="The two terms are added. Both paths work against the direct one: their signs are minus."
# - dy - dbeta / m - x_hat
# + dy + dbeta / m + x_hat

# %% mistake="batchnorm_backward_closed_form" hint="The x̂ term has the wrong sign. The minus of the power rule survives: dσ² = −(1/2s²) Σ dx̂·x̂."
# - - x_hat * dgamma
# + + x_hat * dgamma

# %% mistake="batchnorm_backward_closed_form" hint="γ is counted twice, in all of dx or in some of its terms. If a sum is already one of dy·γ, do not multiply it by γ again; and with γ in front of the parentheses, dy stands inside, not dx_hat."
# - scale * (dy
# + scale * (dy * cache["gamma"]

# %% mistake="batchnorm_backward_closed_form" hint="γ is counted twice, in all of dx or in some of its terms. If a sum is already one of dy·γ, do not multiply it by γ again; and with γ in front of the parentheses, dy stands inside, not dx_hat."
# - scale * (dy - dbeta / m - x_hat * dgamma / m)
# + scale * (dy - cache["gamma"] * (dbeta / m + x_hat * dgamma / m))

# %% mistake="batchnorm_backward_closed_form" hint="dgamma or dbeta was computed from dx_hat = dy·γ, so it carries a factor γ too many. Both need dy as it arrived."
# - return dx, dgamma, dbeta
# + return dx, dgamma * cache["gamma"], dbeta * cache["gamma"]

# %% mistake="batchnorm_backward_closed_form" hint="dgamma or dbeta was computed from dx_hat = dy·γ, so it carries a factor γ too many. Both need dy as it arrived."
# - return dx, dgamma, dbeta
# + return dx, dgamma, dbeta * cache["gamma"]

# %% mistake="batchnorm_backward_closed_form" hint="γ/s, or a part of it, multiplies only one of the three terms. Put parentheses around all three."
# - scale * (dy - dbeta / m - x_hat * dgamma / m)
# + scale * dy - dbeta / m - x_hat * dgamma / m

# %% mistake="batchnorm_backward_closed_form" hint="γ/s, or a part of it, multiplies only one of the three terms. Put parentheses around all three."
# - scale * (dy - dbeta / m - x_hat * dgamma / m)
# + dy - dbeta / m - x_hat * dgamma / m * scale

# %% mistake="batchnorm_backward_closed_form" hint="γ/s, or a part of it, multiplies only one of the three terms. Put parentheses around all three."
# - scale * (dy - dbeta / m - x_hat * dgamma / m)
# + cache["gamma"] * dy - dbeta / m - x_hat * dgamma / m / np.sqrt(cache["var"] + cache["eps"])

# %% mistake="batchnorm_backward_closed_form" hint="m is dy.size, the number of all elements. Each feature has statistics of its own, over N values: m is the length of axis 0."
# - dy.shape[0]
# + dy.size

# %% mistake="batchnorm_backward_closed_form" hint="The order is (dx, dgamma, dbeta): dx comes first, because that is what the layer below asks for."
# - return dx, dgamma, dbeta
# + return dgamma, dbeta, dx

# %% mistake="batchnorm_backward_closed_form" hint="dgamma and dbeta have shape (1, D). γ and β have shape (D,), and a gradient has the shape of its quantity: leave keepdims out."
# - (dy * x_hat).sum(axis=0)
# + (dy * x_hat).sum(axis=0, keepdims=True)
# - dbeta = dy.sum(axis=0)
# + dbeta = dy.sum(axis=0, keepdims=True)

# %% mistake="batchnorm_backward_closed_form" hint="ε is missing under the root."
# - np.sqrt(cache["var"] + cache["eps"])
# + np.sqrt(cache["var"])

# %% mistake="batchnorm_backward_closed_form" hint="The root is missing: dx is divided by σ² + ε. After the powers of s have cancelled, one s is left, not two."
# - np.sqrt(cache["var"] + cache["eps"])
# + (cache["var"] + cache["eps"])

# %% mistake="batchnorm_backward_closed_form" hint="In the last term stands x − μ where x̂ belongs: it is too large by a factor s."
# - x_hat * dgamma / m
# + (cache["x"] - cache["mean"]) * dgamma / m

# %% mistake="batchnorm_backward_closed_form" hint="In the last term x itself stands where x̂ belongs."
# - x_hat * dgamma / m
# + cache["x"] * dgamma / m

# %% mistake="batchnorm_backward_closed_form" hint="dgamma and dbeta are exchanged. The one with x̂ in it belongs to γ; the order is (dx, dgamma, dbeta)."
# - return dx, dgamma, dbeta
# + return dx, dbeta, dgamma

# %% mistake="batchnorm_backward_closed_form" hint="The result is right, but an input was changed on the way: an operation such as -= or *= wrote into the caller's array."
# - dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
# + dy -= dbeta / m + x_hat * dgamma / m; dx = scale * dy

# %% mistake="batchnorm_backward_closed_form" hidden=true hint="The result is right, but it is computed row by row, in a Python loop over the batch: slow for large batches. NumPy's broadcasting does all rows at once."
# - dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
# + dx = np.stack([scale * (dy[i] - dbeta / m - x_hat[i] * dgamma / m) for i in range(m)])

# %% mistake="batchnorm_backward_closed_form" hint="In the last term x̂ is missing: the mean of dx̂·x̂ is a single number for each feature, and it has to multiply x̂."
# - dy - dbeta / m - x_hat * dgamma / m
# + dy - dbeta / m - dgamma / m

# %% mistake="batchnorm_backward_closed_form" hint="In the last term the mean over the batch is missing: each row meets only its own product dx̂·x̂."
# - dy - dbeta / m - x_hat * dgamma / m
# + dy - dbeta / m - x_hat * (dy * x_hat)

# %% mistake="batchnorm_backward_closed_form" hint="The means run over everything, features too. Each feature has its own: axis 0 only."
# - dy - dbeta / m - x_hat * dgamma / m
# + dy - dy.mean() - x_hat * (dy * x_hat).mean()

# %% mistake="batchnorm_backward_closed_form" hint="The means run over the features, axis=1. BN works on each feature by itself, over the batch: axis=0."
# - dy - dbeta / m - x_hat * dgamma / m
# + dy - dy.mean(axis=1, keepdims=True) - x_hat * (dy * x_hat).mean(axis=1, keepdims=True)

# %% mistake="batchnorm_backward_closed_form" hint="In the constant term 1/m is missing: it is the mean over the batch that is subtracted."
# - dy - dbeta / m - x_hat * dgamma / m
# + dy - dbeta - x_hat * dgamma / m

# %% mistake="batchnorm_backward_closed_form" hint="In the x̂ term 1/m is missing: it multiplies the mean of dx̂·x̂, not the sum."
# - dy - dbeta / m - x_hat * dgamma / m
# + dy - dbeta / m - x_hat * dgamma

# %% mistake="batchnorm_backward_closed_form" hint="1/m stands in front of all three terms. The direct one has none; so if 1/m is factored out, dy needs an m."
# - dy - dbeta / m - x_hat * dgamma / m
# + dy / m - dbeta / m - x_hat * dgamma / m

# %% mistake="batchnorm_backward_closed_form" hint="dx is m times too large: with m·dy inside the parentheses, 1/m has to stand in front."
# - dy - dbeta / m - x_hat * dgamma / m
# + m * dy - dbeta - x_hat * dgamma

# %% mistake="batchnorm_backward_closed_form" hint="The whole is multiplied by the root. Every term of dx begins with one over it."
# - cache["gamma"] / np.sqrt
# + cache["gamma"] * np.sqrt

# %% mistake="batchnorm_backward_closed_form" hint="The root is missing altogether. Every term of dx begins with 1/s."
# - cache["gamma"] / np.sqrt(cache["var"] + cache["eps"])
# + cache["gamma"]

# %% mistake="batchnorm_backward_closed_form" hint="ε stands outside the root, or is added to the quotient. It belongs to σ², under the root."
# - np.sqrt(cache["var"] + cache["eps"])
# + (np.sqrt(cache["var"]) + cache["eps"])

# %% mistake="batchnorm_backward_closed_form" hint="ε stands outside the root, or is added to the quotient. It belongs to σ², under the root."
# - scale = cache["gamma"] / np.sqrt(cache["var"] + cache["eps"])
# + scale = cache["gamma"] / np.sqrt(cache["var"])
# - dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
# + dx = scale * (dy - dbeta / m - x_hat * dgamma / m) + cache["eps"]

# %% mistake="batchnorm_backward_closed_form" hint="A factor 1/2 is left in the x̂ term. The 1/2 of the power rule and the 2 of the square cancel."
# - dy - dbeta / m - x_hat * dgamma / m
# + dy - dbeta / m - x_hat * dgamma / m / 2


# %% mistake="batchnorm_backward_closed_form" hint="eps was not taken from the cache: 1e-5 is written in its place."
# - cache["eps"]
# + 1e-5

# %% mistake="batchnorm_backward_closed_form" hint="The means run over everything, features too. Each feature has its own: axis 0 only."
# - dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
# + dx_hat = dy * cache["gamma"]; dx = (dx_hat - dx_hat.mean() - x_hat * (dx_hat * x_hat).mean()) * scale / cache["gamma"]

# %% mistake="batchnorm_backward_closed_form" hint="The means run over the features, axis=1. BN works on each feature by itself, over the batch: axis=0."
# - dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
# + dx_hat = dy * cache["gamma"]; dx = (dx_hat - dx_hat.mean(axis=1, keepdims=True) - x_hat * (dx_hat * x_hat).mean(axis=1, keepdims=True)) * scale / cache["gamma"]

# %% [markdown]
# ## 9. Four witnesses
# A derivation can hold a slip, and so can a test. So bring in witnesses as unlike as can be. Finite differences know no
# calculus. PyTorch's autograd is other people's code. Your two passes are different formulas for `dx`. We ask that all
# agree to $10^{-10}$, relative to the largest entry.
#
# ### Optional: how sharp is the first witness?
# *Skip to "The four together" if time is short: a central difference vouches for $10^{-8}$, Richardson's rule for
# $10^{-10}$.*
#
# Truncation is about $\frac{h^2}{6}$ times the third derivative, rounding about $10^{-16} |L| / h$. Can a difference do
# better? **Richardson's rule** makes a sharper judge of two blunt ones. Halving $h$ divides the main error of the
# central difference $D(h)$ by 4. So $\frac43 D(h/2) - \frac13 D(h)$ cancels it. What remains shrinks like $h^4$.
#
# To see errors we need the truth. Python's `Decimal` can carry 60 digits, and there $h = 10^{-20}$ does no harm.
#
# **Predict, then run.** Will Richardson's best step be smaller than $10^{-5}$, about the same, or larger?

# %%
my_guess_h = ...  # 1e-7, 1e-5 or 1e-3: it is drawn in the figure below

# %%
from decimal import Decimal, getcontext

getcontext().prec = 60
to_decimal = np.vectorize(Decimal, otypes=[object])


def slope(rule, direction, h, number=np.asarray):
    """How fast L = sum(dy * y) grows as x moves along a direction, by one of three rules, in numbers of a kind."""

    def loss(t):
        y, _ = batchnorm_forward(number(x_small) + t * number(direction), 1, 0, eps=number(0.125))
        return (number(dy_small) * y).sum()

    if rule == "forward":
        return (loss(h) - loss(0 * h)) / h
    central = (loss(h) - loss(-h)) / (2 * h)
    return central if rule == "central" else (4 * slope("central", direction, h / 2) - central) / 3


# %% tags=["demo"]
directions = np.random.RandomState(0).normal(size=(20, 6, 1))  # twenty ways to move the six inputs
truth = np.array([float(slope("central", d, Decimal("1e-20"), to_decimal)) for d in directions])
steps = 10.0 ** np.arange(-13, 0.1, 0.25)
fig, ax = plt.subplots(figsize=(7, 4))
for rule, marker in [("forward", "o"), ("central", "s"), ("Richardson", "^")]:
    found = np.array([[slope(rule, d, h) for d in directions] for h in steps])
    error = np.sqrt(((found - truth) ** 2).mean(axis=1) / (truth**2).mean())
    ax.loglog(steps, error, marker=marker, ms=4, label=rule)
if my_guess_h is not ...:
    ax.axvline(my_guess_h, color="black", lw=1, ls=":", label="your guess")
ax.axhline(1e-10, color="black", lw=1, ls="-")
ax.text(1.2, 1.3e-10, "$10^{-10}$", ha="right")
ax.set(xlabel="step h", ylabel="relative error of the slope", title="Every difference has a best step")
ax.legend(loc="upper center", ncols=4)
plt.show()

# %% [markdown]
# *In the figure:* three V-shaped curves. Each falls to the left while truncation rules, reaches its best step, and
# rises again, ragged, where rounding rules.
#
# - **Forward** (which steps to one side only): error like $h$. At best about $10^{-8}$, near $h = 10^{-7}$.
# - **Central**: error like $h^2$. At best a few $10^{-11}$, near $h = 10^{-5}$.
# - **Richardson**: error like $h^4$. So a larger step will do, and rounding hurts less. At best below $10^{-12}$, near
#   $h = 3 \cdot 10^{-3}$.
#
# All this in float64: with float32's seven digits rounding would drown the rest.
#
# ### The four together
# The finite differences are Richardson's, made of your `numerical_gradient` at two steps.

# %% tags=["demo"]
from itertools import combinations

try:
    import torch
except ImportError:
    torch = None
    print("PyTorch is not installed here: the comparison below runs without it.")


def by_torch(x, gamma, beta, dy, eps):
    """The three gradients by torch's autograd, through Algorithm 1 line by line."""
    x, gamma, beta = (torch.tensor(a, requires_grad=True) for a in (x, gamma, beta))
    mean = x.mean(dim=0)
    var = ((x - mean) ** 2).mean(dim=0)
    y = gamma * (x - mean) / torch.sqrt(var + eps) + beta
    return [g.numpy() for g in torch.autograd.grad(y, (x, gamma, beta), torch.tensor(dy))]


# %% tags=["demo"]
def by_differences(x, gamma, beta, dy, eps):
    """The three gradients by Richardson's rule, from your numerical_gradient at two steps."""

    def sharper(f, at, h=3e-3):
        return (4 * numerical_gradient(f, at, dy, h / 2) - numerical_gradient(f, at, dy, h)) / 3

    dx = sharper(lambda v: batchnorm_forward(v, gamma, beta, eps)[0], x)
    dgamma = sharper(lambda v: batchnorm_forward(x, v, beta, eps)[0], gamma)
    return dx, dgamma, sharper(lambda v: batchnorm_forward(x, gamma, v, eps)[0], beta)


def gap(a, b):
    """The largest difference relative to the largest entry: the worst of dx, dgamma and dbeta."""
    return max(np.abs(p - q).max() / np.abs(q).max() for p, q in zip(a, b))


# %% tags=["demo"]
r = np.random.RandomState(23)
seven, weights = 5 + r.normal(size=(7, 3)) * [1, 2, 3], r.normal(size=(7, 3))
given = seven, np.array([1.5, -0.7, 2.0]), np.array([11.0, 12.0, 13.0])  # x, gamma, beta
_, kept = batchnorm_forward(*given, eps=0.1)
with your_functions():
    found = {"differences": by_differences(*given, weights, 0.1)}
    found["staged"] = batchnorm_backward(weights, kept)
    found["closed form"] = batchnorm_backward_closed_form(weights, kept)
    if torch is not None:
        found["autograd"] = by_torch(*given, weights, 0.1)
    for first, second in combinations(found, 2):
        print(f"{first:>12} and {second:<12} agree to 1e-10: {gap(found[first], found[second]) < 1e-10}")

# %% [markdown]
# Were one `dx` wrong, it would stand alone against three, and you would know which to open. But your two passes share
# the cache and the lines for `dgamma` and `dbeta`: a slip there would set two against two.

# %% [markdown]
# ## 10. What BN takes out of a gradient
# In the closed form two things are taken from $d\hat x$: a constant, and a multiple of $\hat x$. The rest is scaled by
# $1/s$, and that is all. Think of one feature's column as **one vector with $m$ entries**, and this becomes geometry.
# With $m = 3$ it can be drawn. Take $\gamma = 1$, so that $d\hat x$ is `dy`.


# %% tags=["demo"]
def arrow(ax, tip, text, place, **style):
    """An arrow from the origin of the drawing to a tip, with its name at a place."""
    style = dict(arrowstyle="-|>", mutation_scale=18, shrinkA=0, shrinkB=0) | style
    ax.annotate("", tip, (0, 0), arrowprops=style)
    ax.text(
        *(tip + place), text, color=style["color"], fontsize=12, ha="left" if place[0] > 0 else "right", va="center"
    )


# %% tags=["demo"]
with your_functions():
    d_x_hat = np.array([1.4, -0.7, 2.3])
    _, three = batchnorm_forward(np.array([[5.0], [1.0], [3.0]]), np.ones(1), np.zeros(1))
    s = np.sqrt(three["var"] + three["eps"])
    s_dx = s * batchnorm_backward_closed_form(d_x_hat[:, None], three)[0][:, 0]

    up, right = np.ones(3) / np.sqrt(3), three["x_hat"][:, 0] / np.linalg.norm(three["x_hat"])
    forth = np.cross(right, up)  # at right angles to both: the one direction left
    seen = np.array([right - 0.5 * forth, up - 0.4 * forth])  # a look from the front, and from a little above
    centred = d_x_hat - (d_x_hat @ up) * up

    fig, ax = plt.subplots(figsize=(7.5, 4.6))
    floor = np.array([a * right + b * forth for a, b in [(-0.5, -0.5), (2.6, -0.5), (2.6, 2.6), (-0.5, 2.6)]])
    ax.fill(*(seen @ floor.T), color="0.92")
    ax.text(2.1, -0.9, "the floor: vectors\nwhose entries sum to 0", color="0.3")
    arrow(ax, seen @ (2.4 * right), r"direction of $\hat{x}$", (0.1, 0), color="0.4", lw=1)
    arrow(ax, seen @ (2.4 * up), "direction of (1, 1, 1)", (-0.1, -0.1), color="0.4", lw=1)
    arrow(ax, seen @ (2.4 * forth), "the third direction", (-0.1, 0.1), color="0.4", lw=1)
    for a, b, text, place in [
        (d_x_hat, centred, "1. the mean goes", (0.07, 0.2)),
        (centred, s_dx, r"2. the $\hat{x}$ part goes", (-0.4, -0.13)),
    ]:
        ax.plot(*(seen @ np.array([a, b]).T), color="black", ls=":", lw=2)
        ax.text(*(seen @ (a + b) / 2 + place), text)
    arrow(ax, seen @ d_x_hat, r"$d\hat{x}$", (0.1, 0), color="#0072B2", lw=3)
    arrow(ax, seen @ centred, "centred", (0.1, 0), color="#D55E00", lw=3, ls="--")
    arrow(ax, seen @ s_dx, r"$s\,dx$", (-0.1, 0.12), color="black", lw=3)
    ax.set(title="Of three directions, BN lets one through", aspect="equal", xlim=(-2.2, 3.6), ylim=(-1.2, 2.5))
    ax.axis("off")
    plt.show()

# %% [markdown]
# *In the figure:* a floor holds all vectors whose entries sum to zero. The arrow $d\hat x$ points up, out of the
# floor. Step 1 drops it straight down to the floor: that takes away its mean, its component along $(1, 1, 1)$. Step 2
# slides it along the floor until nothing of it points along $\hat x$. What is left lies in the third direction, and
# is $s\,dx$.
#
# So $\sum dx = 0$ and $\sum dx\,\hat x \approx 0$, for each feature and whatever `dy` was. The vector starts with $m$
# dimensions and is left with $m - 2$. For small batches that is drastic. **Predict, then run:** how much of the
# gradient gets through when $m = 2$?
#
# (The code gives BN $m$ identical features. Column $k$ of the identity, as `dy`, asks about row $k$ alone.)

# %%
my_guess_two = ...  # all of it, half of it, none of it?

# %% tags=["demo"]
with your_functions():
    for m in (2, 3, 4, 8):
        same = np.repeat(np.arange(m)[:, None] ** 2.0, m, axis=1)  # m identical features
        _, alike = batchnorm_forward(same, np.ones(m), np.zeros(m))
        jacobian, _, _ = batchnorm_backward_closed_form(np.eye(m), alike)  # column k: dx when dy is 1 in row k
        print(f"m = {m}: directions that get through: {np.linalg.matrix_rank(jacobian, tol=1e-3)}")

# %% [markdown]
# With two rows, none. But for $\epsilon$, the smaller becomes $-1$ and the larger $1$, whatever two different numbers
# they were. So the numbers hardly matter to the loss. Unit 10 returns to small batches.
#
# ### Why ≈ and not =
# $\hat x$ is a little shorter than it should be. Its mean square is $\frac{\sigma^2}{\sigma^2+\epsilon}$, not 1, so
# step 2 takes away a little less than the whole $\hat x$-component. What stays is
#
# $$\sum s\,dx\;\hat x = \frac{\epsilon}{\sigma^2+\epsilon} \sum d\hat x\,\hat x .$$
#
# Step 1 has no such remainder. And step 2 brings no mean back, since $\hat x$ itself sums to zero. So $\sum dx = 0$ holds
# exactly, whatever $\epsilon$ is.

# %% tags=["demo"]
with your_functions():
    sizes, shares = 10.0 ** np.arange(-8, 1), {1e-3: [], 10.0: []}
    for variance, share in shares.items():
        for eps in sizes:
            _, kept = batchnorm_forward(x_small * np.sqrt(variance / 10), 1.0, 0.0, eps)  # x_small has the variance 10
            s_dx = batchnorm_backward_closed_form(dy_small, kept)[0] * np.sqrt(kept["var"] + eps)
            share.append((s_dx * kept["x_hat"]).sum() / (dy_small * kept["x_hat"]).sum())

    fig, ax = plt.subplots()
    for (variance, share), marker, line, colour in zip(shares.items(), "os", ["-", "--"], ["#0072B2", "#D55E00"]):
        ax.loglog(sizes, share, marker, ms=7, color=colour, ls="none", label=rf"measured, $\sigma^2$ = {variance:g}")
        ax.loglog(sizes, sizes / (variance + sizes), color=colour, ls=line, label=r"$\epsilon\,/\,(\sigma^2+\epsilon)$")
    ax.axvline(1e-5, color="black", lw=1, ls=":")
    ax.text(8e-6, 0.5, r"the usual $\epsilon$", ha="right", va="center")
    ax.set(xlabel=r"$\epsilon$", ylabel=r"share of the $\hat{x}$-component left")
    ax.set_title(r"What stays of the $\hat{x}$-component is set by $\epsilon$")
    ax.legend()
    plt.show()

# %% [markdown]
# *In the figure:* two rising curves, one for a feature of variance 10 and one for 0.001; the measured points lie on
# the formula. With the usual $\epsilon = 10^{-5}$ a millionth of the $\hat x$-component is left in the first case,
# and a hundredth in the second. Where $\epsilon$ far outweighs $\sigma^2$,
# nearly all of it stays.

# %% [markdown]
# ### Question 3
# Every column of `dx` sums to zero, whatever `dy` is. What is the reason? Think first: the text after it explains.
#
# - (a) If all $x$ of a feature grow by the same amount, no $y$ changes.
# - (b) $\hat x$ has mean zero, so a gradient that passes through it has too.
# - (c) $\beta$ takes the constant part of `dy` as its own gradient.
# - (d) The loss averages over the batch, so that `dy` sums to zero.

# %% exercise="q_sum_of_dx"
### BEGIN SOLUTION
q_sum_of_dx = "a"
### END SOLUTION

# %% check="q_sum_of_dx.answer" points=1
check("q_sum_of_dx", q_sum_of_dx)

# %% mistake="q_sum_of_dx" hint="The mean of zero alone is not the reason. Hold μ at its value as a constant: x̂ is the same, with mean zero, and yet the sum of dx is no longer zero. What counts is how μ moves with x."
q_sum_of_dx = "b"

# %% mistake="q_sum_of_dx" hint="By rule 1 nothing is used up where a graph forks: β gets Σ dy, and dx̂ still gets all of dy·γ. Without any β, dx would sum to zero as well."
q_sum_of_dx = "c"

# %% mistake="q_sum_of_dx" hint="dy may sum to anything: dy_small sums to 2.25, and its dx (section 4) to 0. It is BN that takes the sum away."
q_sum_of_dx = "d"

# %% [markdown]
# A gradient says how the loss changes. Along a direction in which **nothing** changes it must be zero. BN has such
# directions for every feature: shift all its inputs, or, but for $\epsilon$, stretch them about their mean. The shift
# is the vector $(1, \dots, 1)$. The stretch is $x - \mu$, which points along $\hat x$. They are the two things that BN
# takes out.


# %% tags=["demo"]
def change(other, eps):
    """The largest change of y when x_small is replaced by another batch."""
    return np.abs(batchnorm_forward(other, 1.0, 0.0, eps)[0] - batchnorm_forward(x_small, 1.0, 0.0, eps)[0]).max()


print("shifted by 7,  eps = 1e-5: y stays to 1e-12:", bool(change(x_small + 7, 1e-5) < 1e-12))
print("stretched ×2,  eps = 0:    y stays to 1e-12:", bool(change(2 * x_small, 0) < 1e-12))
print("stretched ×2,  eps = 1e-5: y stays to 1e-12:", bool(change(2 * x_small, 1e-5) < 1e-12))

# %% [markdown]
# The last line is why it was ≈: with $\epsilon$, a stretch does change $y$ a little.
#
# Unit 03 found that a bias in front of BN is redundant. Here is the same fact seen from behind: such a bias would
# receive the gradient $\sum dx$, which is 0. It would never learn.

# %% [markdown]
# ## 11. Optional: is the short one fast?
# Same answer, fewer steps. Time both, in turns, on 512 rows and 1024 features.
#
# **Predict, then run.** What share of the staged pass's time does the closed form take?

# %%
my_guess_speed = ...  # the closed form's time divided by the staged pass's

# %% tags=["demo"]
from time import perf_counter

with your_functions():
    r = np.random.RandomState(24)
    _, cache_large = batchnorm_forward(r.normal(5, 2, (512, 1024)), np.full(1024, 1.5), np.zeros(1024))
    dy_large = r.normal(size=(512, 1024))
    times = {batchnorm_backward: [], batchnorm_backward_closed_form: []}
    for _ in range(40):
        for backward, spent in times.items():  # in turns, so that a slow moment of the machine hits both
            start = perf_counter()
            backward(dy_large, cache_large)
            spent.append(1000 * (perf_counter() - start))
    fig, ax = plt.subplots(figsize=(6, 3.6))
    medians = [np.median(spent) for spent in times.values()]
    for place, (spent, marker) in enumerate(zip(times.values(), "os")):
        ax.plot(place + np.linspace(-0.2, 0.2, 40), spent, marker, ms=4, ls="none", alpha=0.6)
        ax.hlines(medians[place], place - 0.3, place + 0.3, color="black", lw=2.5, ls="-")
    ax.set(
        xticks=[0, 1],
        xticklabels=["staged", "closed form"],
        xlim=(-0.6, 1.6),
        ylim=(0, 2 * medians[0]),
    )
    ax.set(
        ylabel="milliseconds per call", title=f"The closed form takes {medians[1] / medians[0]:.0%} of the staged time"
    )
    plt.show()

# %% [markdown]
# *In the figure:* one dot for each of forty calls, staged on the left and closed form on the right, a thick bar at
# each median. In our runs the closed form took from a third to 55% of the staged time. Yours will differ, with your
# machine and your code.
#
# Frameworks compute the closed form in their kernels, for speed. For us the better reason is section 10: nobody sees in
# the staged code **what** BN does to a gradient.

# %% [markdown]
# ## Recap
# - Batch statistics tie the rows together: $x$ reaches $y$ directly, through $\mu$ and through $\sigma^2$. Forks add,
#   broadcasts sum.
# - A central difference at $h \approx 10^{-5}$ in float64 judges to about $10^{-8}$; Richardson judges to $10^{-10}$.
#   A `dy` of ones cannot find a wrong scale or a missing variance path.
# - $\partial\sigma^2/\partial\mu = 0$, and $x-\mu = s\,\hat x$: with these the staged pass becomes
#   $dx = \frac1s \left( d\hat x - \overline{d\hat x} - \hat x\,\overline{d\hat x\,\hat x} \right)$.
# - BN takes out of a gradient what would shift or stretch a feature, because the loss is flat there. $\sum dx = 0$
#   exactly; $\sum dx\,\hat x \approx 0$ up to $\epsilon$.
# - Finite differences, staged pass, closed form and autograd agree to $10^{-10}$.

# %%
scoreboard()

# %% [markdown]
# **Next: 05, Running statistics.** Every $y$ depends on the whole batch. So what should BN do with a single image,
# when there is no batch?
