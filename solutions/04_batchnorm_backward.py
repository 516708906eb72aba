# ---
# title: The backward pass
# question: How does the gradient flow through a batch's statistics?
# seconds: 10
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
# **What this unit uses.** Algorithm 1, from unit 03, treats each feature by itself, over a batch of $m$ rows:
#
# $$\mu = \frac1m \sum x, \qquad \sigma^2 = \frac1m \sum (x - \mu)^2, \qquad
# \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad y = \gamma \hat x + \beta .$$
#
# $\sigma^2$ is the biased variance: it divides by $m$, not by $m - 1$. $\epsilon$ is a small constant that keeps the
# root away from 0. $\gamma$ and $\beta$ are learned; each feature has its own.
#
# **Notation.** $L$ is the loss, one number. For any quantity $q$, `dq` means $\partial L/\partial q$, the gradient with
# respect to $q$: how fast the loss grows as $q$ grows. It has the shape of $q$. We are given `dy`. We want three
# gradients: `dx`, for the layer before, and `dgamma` and `dbeta`, for the optimizer. The batch size is $m$ in formulas,
# as in the paper, and `N` in shapes; `D` is the number of features. In code `mean` is $\mu$ and `var` is $\sigma^2$.
# %% [markdown]
# ## 1. One input moves every output
# Here is Algorithm 1 in code. `cache` keeps what the backward pass will need.

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
my_guess = "?"  # how many of the six outputs move?
# %%
x_small = np.array([[1.0], [2.0], [4.0], [5.0], [8.0], [10.0]])  # six rows, one feature
dy_small = np.array([[1.0], [-0.5], [2.0], [0.25], [-1.25], [0.75]])  # for later: the gradient that arrives
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
print("your guess:", my_guess, "  outputs that moved:", int((moved != 0).sum()))
# %% [markdown]
# *In the figure:* solid bars show what BN does, hatched bars what would happen if the mean and the variance stood
# still. If both stood still, only the last output would change, by 0.63. In truth all six change, and the last rises
# by only a third of that. The mean went up: that alone would lower the other five alike. And the variance grew: that
# pulls every $\hat x$ towards 0. So 1 and 2, far below the mean, rise in the end; and 8, above it, falls the most.
#
# So row $i$ of `dx` depends on **every** row of `dy`. This is what makes the unit hard.
# %% claim="only the last would change, by 0.63; it rises by a third of that, 1 and 2 rise, the others fall, 8 the most"
(frozen[:5] == 0).all() and round(frozen[5, 0], 2) == 0.63 and 0.3 < moved[5, 0] / frozen[5, 0] < 0.36 and (
    list(np.sign(moved[:, 0])) == [1, 1, -1, -1, -1, 1] and moved.argmin() == 4 and moved[4, 0] < 2 * moved[3, 0]
)
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
#
# Why step to both sides? A one-sided difference has an error that shrinks like $h$. In the central one the errors of
# the two sides mostly cancel, and what is left shrinks like $h^2$.
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
    """The gradient of L = sum(dy * f(x)) with respect to x, by central differences.  About 10 minutes.

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
x, dy = r.normal(2, 1, (4, 3)), r.normal(size=(4, 3))
check("central difference, h = 0.1", numerical_gradient, tangled, x, dy, h=0.1, rtol=1e-9)
### BEGIN HIDDEN TESTS
check("central difference, h = 0.3", numerical_gradient, tangled, r.normal(2, 1, (2, 5)), r.normal(size=(2, 5)), h=0.3)
### END HIDDEN TESTS
# %% check="numerical_gradient.any_input" points=1
r = np.random.RandomState(1)
integers, weights, three = np.array([[1, -2], [3, 5], [4, 2]]), r.normal(size=(3, 2)), np.array([1.0, -2.0, 3.0])
f = lambda x: x**3 + x.cumsum(axis=0) ** 2
check("x of integers", numerical_gradient, f, integers, weights, h=0.1, dtype=True)
z, dz = r.normal(size=(4, 3)), r.normal(size=(4, 3))
check("x of shape (3,), y of shape (4, 3)", numerical_gradient, lambda v: z * v**3 + v[::-1], three, dz, h=0.1)
### BEGIN HIDDEN TESTS
f = lambda x: x**3 + x.sum(axis=0) ** 2
check("x transposed", numerical_gradient, f, r.normal(size=(2, 3)).T, weights, h=0.1)
check("x not contiguous", numerical_gradient, f, r.normal(size=(6, 4))[::2, ::2], weights, h=0.1)
single = np.array([[1, 2], [3, 4], [5, 7]], dtype="f4")
check("x in float32", numerical_gradient, lambda x: x**3, single, weights, dtype=True)
f = lambda x: x.sum(axis=(0, 1)) ** 3
check("x of three axes, y a vector", numerical_gradient, f, r.normal(size=(2, 2, 3)), three)
### END HIDDEN TESTS

# %% [markdown]
# *Established:* you have a judge for any function. It is slow, two calls of `f` for each entry, so keep the cases
# small.
# %% [markdown]
# How far can the judge be trusted? Two errors pull in opposite directions. **Truncation** shrinks with $h$: it is what
# the central difference leaves of the curve's bend. **Rounding** grows as $h$ shrinks: the two losses agree in most of
# their digits, and subtracting leaves only the last, noisy ones. In float64, $h = 10^{-5}$ is a common choice. We shall
# trust it to $10^{-8}$ of the largest entry, and no further. Section 11 measures it.
# %% [markdown]
# ## 4. Three paths, measured
# The judge can take the graph apart. To **close** a path, hold its statistic constant. What changes in `dx` is what
# flowed along that path. (In `y_with`, $\sigma^2$ uses its own mean even where the mean is held. So what the dotted
# arrow carries counts as "through $\sigma^2$".)
#
# **Predict, then run.** One of the three brings the same to all six inputs. Which?
# %%
my_guess_path = "?"  # direct, mean or variance?
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
    same = [name for name, part in zip(["direct", "mean", "variance"], parts) if np.ptp(part) < 1e-6]
    print("your guess:", my_guess_path, "  the same for all six:", *same)
# %% [markdown]
# *In the figure:* over each of the six inputs, a mark for each path and an open diamond at their sum. The direct part
# (circles) is `dy` times a constant. What comes through $\mu$ is a flat line: a push on any input moves the
# mean by the same $\frac1m$ of it. What comes through $\sigma^2$ is a straight line in $x$, zero at $x = \mu$.
#
# Remember those two shapes, a constant and a line that is zero at the mean. They return in sections 8 and 10.
# %% claim="direct: dy times a constant; through the mean: flat; through the variance: a line, zero at the mean"
np.ptp(parts[0] / dy_small) < 1e-6 and np.ptp(parts[1]) < 1e-6 and abs(parts[1][0, 0]) > 0.05 and (
    np.allclose(parts[2], np.polyfit(x_small[:, 0], parts[2][:, 0], 1)[0] * (x_small - x_small.mean()), atol=1e-6)
) and np.allclose(sum(parts), whole, atol=1e-8) and abs(parts[2]).max() > 0.05
# %% [markdown]
# ## 5. A check that cannot fail checks nothing
# To test a backward pass you must choose a `dy`. Many people take the simplest: all ones, that is $L = \sum y$.
#
# **Predict, then run.** For BN, what is the true `dx` when `dy` is all ones?
# %%
my_guess_dx = "?"  # one word is enough
# %% tags=["demo"]
with your_functions():
    dx = numerical_gradient(y_with, x_small, np.ones_like(x_small))
    print("your guess:", my_guess_dx, "  all |dx| below 1e-8:", bool(np.all(np.abs(dx) < 1e-8)))
# %% claim="the true dx is zero when dy is all ones"
np.all(np.abs(dx) < 1e-8)
# %% [markdown]
# It is zero, for every $x$. A column of $y$ has mean $\beta$ whatever $x$ is, so $\sum y$ is a constant: $m\beta$ per
# feature.
#
# A backward pass that returns zeros passes this check. So does one whose `dx` is twice too large. To see that, a check
# needs a true `dx` that is neither zero nor nearly zero.
# %% [markdown]
# ### Question 1
# Which loss gives BN a true `dx` that is **not** zero or nearly zero? ($\epsilon$ is $10^{-5}$, and the variance of
# each feature about 1.) Think first: the measurement comes after.
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
# %% [markdown]
# Now measure what each `dy` can see. Four bugs are built from the three measured parts. A bug counts as seen when it
# moves `dx` by more than a thousandth of the direct part's size.
#
# **Your turn.** Below, replace the ones by six numbers that see all four bugs. Can you do it with a single entry that
# is not 0?
# %%
my_dy = [1, 1, 1, 1, 1, 1]  # six numbers of yours, then run the next cell
# %% tags=["demo"]
upstream = {"ones": np.ones_like(x_small), "y": y_with(x_small), "x_hat": y_with(x_small, 1, 0), "random": dy_small}
upstream["yours"] = np.reshape(my_dy, (6, 1)).astype(float)
bugs = {"mean path missing": (1, 0, 1), "variance path missing": (1, 1, 0), "both missing": (1, 0, 0)}
bugs["twice too large"] = (2, 2, 2)  # how often each of the three parts is counted


def sees(bug, dy):
    """Whether a bug moves dx, by more than a thousandth of the direct part's size."""
    parts = three_paths(x_small, dy)
    wrong = sum((count - 1) * part for count, part in zip(bugs[bug], parts))
    return bool(np.abs(wrong).max() > 1e-3 * np.abs(parts[0]).max())


with your_functions():
    seen = {bug: [sees(bug, dy) for dy in upstream.values()] for bug in bugs}
    print(f"{'dy is ...':24}" + "".join(f"{name:>8}" for name in upstream))
    for bug, row in seen.items():
        print(f"{bug:24}" + "".join(f"{'seen' if one else '-':>8}" for one in row))
# %% [markdown]
# Of the first four, only the random `dy` sees all bugs. With ones, the one thing a check can notice is a missing mean
# path; with $\hat x$, a missing variance path. With $y$, which is the loss $\frac12\sum y^2$, it notices either; the
# missing mean path only because $\beta = 12$ here (with $\beta = 0$ it is as blind as $\hat x$).
#
# None of the first three notices a wrong scale. A column of $y$ has a fixed sum, and (nearly) a fixed sum of squares.
# So the true `dx` is (nearly) zero, and twice zero is zero. A single 1 among zeros sees all four bugs, except at the
# input 5: that is the mean, and there $\hat x = 0$ whatever $\sigma^2$ is, so nothing flows through $\sigma^2$.
#
# **Before you trust a check, ask which bugs it would miss**, and plant one to see. This unit's own checks were run
# against more than two hundred planted mistakes.
# %% claim="the table: ones, y, x_hat, random; with beta 0, y is as blind as x_hat; a single 1 sees all, except at 5"
["".join("-x"[row[n]] for row in seen.values()) for n in range(4)] == ["x-x-", "xxx-", "-xx-", "xxxx"] and all(
    sees(bug, y_with(x_small, 1.5, 0.0)) == sees(bug, upstream["x_hat"])
    and all(sees(bug, np.eye(6)[:, [k]]) != (k == 3 and bug == "variance path missing") for k in range(6))
    for bug in bugs
)
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

    dy, x_hat: (N, D); gamma: (D,).  Returns (dgamma, dbeta, dx_hat) of shapes (D,), (D,), (N, D).
    """
    ### BEGIN SOLUTION
    dgamma = (dy * x_hat).sum(axis=0)
    dbeta = dy.sum(axis=0)
    dx_hat = dy * gamma
    return dgamma, dbeta, dx_hat
    ### END SOLUTION


# %% helper=true
def silenced(result, part):
    """A result of several arrays, with one of them set to zero, so that its values do not count."""
    if not isinstance(result, (tuple, list)) or len(result) <= part or not isinstance(result[part], np.ndarray):
        return result
    return tuple(0 * value if place == part else value for place, value in enumerate(result))


# %% check="affine_backward.values" points=1
r = np.random.RandomState(2)
given = r.normal(size=(5, 3)), r.normal(size=(5, 3)), np.array([1.5, -0.7, 2.0])  # dy, x_hat, gamma
check("affine: dgamma, dbeta, dx_hat", affine_backward, *given)
### BEGIN HIDDEN TESTS
given = r.normal(size=(7, 2)), r.normal(size=(7, 2)), np.array([-0.6, 1.9])
check("affine, another batch", affine_backward, *given)
### END HIDDEN TESTS


# %% check="affine_backward.parameters" points=1
def dgamma_and_dbeta(dy, x_hat, gamma):
    """Returns (dgamma, dbeta, dx_hat)"""
    return silenced(affine_backward(dy, x_hat, gamma), 2)


r = np.random.RandomState(3)
given = r.normal(size=(7, 3)), r.normal(size=(7, 3)), np.array([0.4, -3.0, 1.7])
check("affine: dgamma and dbeta", dgamma_and_dbeta, *given)
### BEGIN HIDDEN TESTS
given = r.normal(size=(3, 5)), r.normal(size=(3, 5)), r.normal(size=5)
check("affine: dgamma and dbeta, more features than rows", dgamma_and_dbeta, *given)
### END HIDDEN TESTS


# %% check="affine_backward.x_hat" points=1
r = np.random.RandomState(4)
given = r.normal(size=(7, 4)), r.normal(size=(7, 4)), np.array([0.4, -3.0, 1.7, 0.0])
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

    dx_hat, x: (N, D); mean, var: (D,), taken as given: they need not be those of x; eps: a number.
    Returns dvar: (D,).
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
### BEGIN HIDDEN TESTS
given = [r.normal(size=(5, 2)), r.normal(size=(5, 2)), np.array([3.0, -2.0]), np.array([0.5, 2.0]), 0.3]
check("dvar, another batch", variance_backward, *given)
### END HIDDEN TESTS
# %% check="variance_backward.own_statistics" points=1
r = np.random.RandomState(6)
given = [r.normal(size=(7, 2)), 20 + r.normal(size=(7, 2)) * [0.5, 2]]
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

    dx_hat, x: (N, D); dvar, mean, var: (D,), taken as given: mean and var need not be those of x; eps: a number.
    Returns dmean: (D,).
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
### BEGIN HIDDEN TESTS
given = [r.normal(size=(5, 2)), np.array([1.3, -0.8]), r.normal(size=(5, 2))]
check("dmean, another batch", mean_backward, *given, np.array([3.0, -2.0]), np.array([0.5, 2.0]), 0.3)
### END HIDDEN TESTS
# %% check="mean_backward.own_statistics" points=1
r = np.random.RandomState(8)
given = [r.normal(size=(7, 2)), np.array([0.6, -1.1]), 20 + r.normal(size=(7, 2)) * [0.5, 2]]
given += [given[2].mean(axis=0), given[2].var(axis=0)]
check("dmean with the batch's own statistics", mean_backward, *given, 0.1)
### BEGIN HIDDEN TESTS
dx_hat, dvar, x, _, _ = given
check("dmean, float32", mean_backward, *(a.astype("f4") for a in given), 0.1, rtol=1e-3, atol=1e-4)
check("dmean, not contiguous", mean_backward, dx_hat.T[:, ::2].T, dvar, x.T[:, ::2].T, x.mean(0), x.var(0), 0.1)
one = dx_hat[:2, :1], dvar[:1], x[:2, :1], x[:2, :1].mean(0), np.array([2.0])
check("dmean, N = 2, D = 1", mean_backward, *one, 0.1)
check("dmean, a constant feature", mean_backward, dx_hat, dvar, 0 * x + 20, np.array([20.0, 20.0]), np.zeros(2), 0.1)
check("dmean, a large offset", mean_backward, dx_hat, dvar, x + 1e6, (x + 1e6).mean(0), x.var(0), 0.1)
### END HIDDEN TESTS

# %% [markdown]
# *Established:* the gradient has passed $\hat x$, $\sigma^2$ and $\mu$. Only $x$ is left.
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


# %% helper=true
def random_case(N, D, seed, offset=20.0, eps=0.1):
    """dy and the cache of a forward pass, from (N, D) random numbers."""
    r = np.random.RandomState(seed)
    x = offset + r.normal(size=(N, D)) * r.uniform(0.5, 3, D)
    mean, var, gamma = x.mean(0), x.var(0), r.choice([-1, 1], D) * r.uniform(1.3, 2.5, D)
    cache = {"x": x, "x_hat": (x - mean) / np.sqrt(var + eps), "mean": mean, "var": var, "gamma": gamma, "eps": eps}
    return r.normal(size=(N, D)), cache


def silent_case(m, seed):
    """A line; a dy that no statistic feels, since it sums to 0, also with x_hat; a cache.  m rows, three features."""
    r, t = np.random.RandomState(seed), np.arange(m) - (m - 1) / 2
    bend, wave = t**2 - (t**2).mean(), t**3 - t * (t**4).sum() / (t**2).sum()
    line, bend, wave = (column[:, None] / np.abs(column).max() for column in (t, bend, wave))
    centred, mean, gamma = line * r.uniform(0.6, 2, 3), np.array([10.0, -3.0, 6.0]), r.uniform(1.3, 2.5, 3) * [1, -1, 1]
    cache = {"x": mean + centred, "mean": mean, "var": (centred**2).mean(axis=0), "gamma": gamma, "eps": 0.1}
    cache["x_hat"] = centred / np.sqrt(cache["var"] + 0.1)
    return line, bend * r.uniform(0.3, 0.9, 3) + wave * r.uniform(0.3, 0.9, 3), cache


def node_by_node(backward, m, seed):
    """What a backward pass gives for gradients that only some paths feel: the first wrong part is the first slip."""
    line, silent, _ = silent_case(m, seed)
    fresh = lambda dy: backward(dy.copy(), silent_case(m, seed)[2])  # so that one call cannot spoil the next
    _, dgamma, dbeta = fresh(silent + line * [1, 2, -3] + [1, 2, -1.5])
    parts = {"dgamma": dgamma, "dbeta": dbeta, "dx along the direct path": fresh(silent)[0]}
    parts["dx with the path through the mean"] = fresh(silent + [1, 2, -1.5])[0]
    parts["dx with the path through the variance"] = fresh(silent + line * [1, 2, -3])[0]
    return parts


def with_arrays(change, dy, cache):
    return change(dy), {k: change(v) if isinstance(v, np.ndarray) else v for k, v in cache.items()}


def in_float32(dy, cache):
    return with_arrays(lambda a: a.astype("f4"), dy, cache)


def not_contiguous(dy, cache):
    return with_arrays(lambda a: np.repeat(a, 2, axis=-1)[..., ::2], dy, cache)


def constant(dy, cache):
    """Every feature is 20 in all rows."""
    zero, zeros = 0 * dy, 0 * dy[0]
    return dy, {**cache, "x": zero + 20, "x_hat": zero, "mean": zeros + 20, "var": zeros}


# %% exercise="batchnorm_backward"
def batchnorm_backward(dy, cache):
    """The backward pass of batch normalization, node by node.  About 12 minutes.

    dy: (N, D); cache: what batchnorm_forward returned, a dict with x, x_hat (N, D), mean, var, gamma (D,) and eps.
    Returns (dx, dgamma, dbeta) of shapes (N, D), (D,), (D,).  dy and cache are not changed.
    Right also where x is very far from zero.
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
def what_comes_back():  # how many arrays, and of what shape: their values do not count yet
    """Returns (dx, dgamma, dbeta)"""
    return silenced(silenced(silenced(batchnorm_backward(*silent_case(8, seed=6)[1:]), 0), 1), 2)


check("what comes back: dx, dgamma, dbeta", what_comes_back)
check("node by node", lambda: node_by_node(batchnorm_backward, 8, seed=6))
### BEGIN HIDDEN TESTS
check("node by node, another batch", lambda: node_by_node(batchnorm_backward, 5, seed=7))
### END HIDDEN TESTS


# %% check="batchnorm_backward.parameters" points=1
def dgamma_and_dbeta():
    """Returns (dx, dgamma, dbeta)"""
    return silenced(batchnorm_backward(*given), 0)


given = random_case(5, 3, seed=9)
check("dgamma and dbeta", dgamma_and_dbeta)
### BEGIN HIDDEN TESTS
given = random_case(3, 7, seed=25)
check("dgamma and dbeta, another batch", dgamma_and_dbeta)
### END HIDDEN TESTS
# %% check="batchnorm_backward.direct_path" points=1
check("dx along the direct path alone", lambda: batchnorm_backward(*silent_case(5, seed=8)[1:])[0])
### BEGIN HIDDEN TESTS
check("dx along the direct path alone, another batch", lambda: batchnorm_backward(*silent_case(7, seed=9)[1:])[0])
### END HIDDEN TESTS


# %% check="batchnorm_backward.whole" points=2
result = check("batchnorm_backward", batchnorm_backward, *random_case(5, 3, seed=10))
assert np.allclose(result[0].sum(axis=0), 0), "each column of dx should sum to zero"
check("backward, x near a million", batchnorm_backward, *random_case(7, 2, seed=26, offset=1e6))
### BEGIN HIDDEN TESTS
given = random_case(9, 5, seed=11, eps=1e-5)
check("backward, another shape", batchnorm_backward, *given)
check("backward, float32", batchnorm_backward, *in_float32(*given), rtol=1e-3, atol=1e-4)
check("backward, not contiguous", batchnorm_backward, *not_contiguous(*given))
check("backward, N = 2, D = 1", batchnorm_backward, *random_case(2, 1, seed=12))
check("backward, N = D", batchnorm_backward, *random_case(4, 4, seed=13))
check("backward, a large offset", batchnorm_backward, *random_case(6, 3, seed=14, offset=1e6))
check("backward, a constant feature", batchnorm_backward, *constant(*random_case(5, 2, seed=15)))
### END HIDDEN TESTS

# %% [markdown]
# *Established:* your backward pass follows every path that can show in `dx`. The BN paper
# ([arXiv 1502.03167](https://arxiv.org/abs/1502.03167)) gives the same chain as six equations, just before its section
# 3.1. One term in them is always zero, as the next section shows.
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
# %% claim="the sum of squares about c is smallest at the mean, which is 5"
own == 5 and (((x_small - c) ** 2).mean(axis=0) >= lowest).all() and (x_small - 4).sum() == 6
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
    print("left and right agree:", np.allclose(left, right, rtol=1e-9))
# %% claim="the two sides of the equation agree"
np.allclose(left, right, rtol=1e-9) and abs(left).max() > 0.1
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
# Collect the three terms into one expression. No `dvar`, no `dmean`, no loop over the batch, and no call of
# `batchnorm_backward`.
#
# <details><summary>Hint</summary>
#
# On paper first: factor out $\gamma / s$. Inside remain three terms: `dy` itself, something the same for every row,
# and something times $\hat x$. The last two were measured in section 4: a constant, and a line that is zero at the
# mean. A handful of lines is enough.
# </details>


# %% exercise="batchnorm_backward_closed_form"
def batchnorm_backward_closed_form(dy, cache):
    """The backward pass of batch normalization in closed form, without a loop over the batch.  About 8 minutes.

    dy: (N, D); cache: what batchnorm_forward returned, a dict with x, x_hat (N, D), mean, var, gamma (D,) and eps.
    Returns (dx, dgamma, dbeta) of shapes (N, D), (D,), (D,).  dy and cache are not changed.
    Right also where x is very far from zero.
    """
    ### BEGIN SOLUTION
    m, x_hat = dy.shape[0], cache["x_hat"]
    dgamma = (dy * x_hat).sum(axis=0)
    dbeta = dy.sum(axis=0)
    scale = cache["gamma"] / np.sqrt(cache["var"] + cache["eps"])
    dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% helper=true
import sys


def watched(function, *args):
    """What function returns, and the code of every line that Python runs in it, each with what it returns there."""
    told, before = [], sys.gettrace()

    def watch(frame, event, value):
        told.append((frame.f_code, value if event == "return" else None))
        return watch

    sys.settrace(watch)
    try:
        return function(*args), told
    finally:
        sys.settrace(before)


def behind(f):
    """The Python function behind a partial or an object with __call__."""
    for _ in range(9):  # one in the other
        f = f if hasattr(f, "__code__") else getattr(f, "func", type(f).__call__)
    return f


def giving_dx(backward):
    """The code of the functions, NumPy's aside, that return dx or a tuple that begins with it."""
    first = lambda value: value[0] if isinstance(value, (tuple, list)) and value else value
    result, told = watched(backward, *random_case(5, 3, seed=22))
    same = lambda value: isinstance(first(value), np.ndarray) and np.array_equal(first(value), first(result))
    return {code for code, value in told if same(value) and not code.co_filename.startswith(np.__path__[0])}


def way_of_working(backward):
    """How a backward pass works: all rows at once, row by row, node by node, or by a call of batchnorm_backward.

    Python tells of every line that is run, NumPy's own included: few in whole-array code, thousands in a loop.
    """
    lines = [code for code, _ in watched(backward, *random_case(1000, 3, seed=22))[1]]
    try:
        own = behind(backward)
        other = behind(own.__globals__["batchnorm_backward"])
        if other.__code__ in lines:
            return "it calls batchnorm_backward"
        if {"dvar", "dmean"} <= set(own.__code__.co_varnames):
            return "node by node, with dvar and dmean"
        for code in giving_dx(other) & giving_dx(backward) - {own.__code__}:
            return f"it calls {code.co_name}, which gives batchnorm_backward its dx"
    except Exception:  # batchnorm_backward is missing, or does not work yet
        pass
    return "row by row" if len(lines) >= 1000 else "all rows at once"


# %% check="batchnorm_backward_closed_form.values" points=2
def dgamma_and_dbeta():
    """Returns (dx, dgamma, dbeta)"""
    return silenced(batchnorm_backward_closed_form(*random_case(7, 3, seed=27)), 0)


check("closed form: dgamma and dbeta", dgamma_and_dbeta)
check("closed form", batchnorm_backward_closed_form, *random_case(5, 3, seed=16))
### BEGIN HIDDEN TESTS
check("closed form, another batch", batchnorm_backward_closed_form, *random_case(4, 3, seed=28))
### END HIDDEN TESTS


# %% check="batchnorm_backward_closed_form.other_batches" points=2
check("closed form, a tall batch", batchnorm_backward_closed_form, *random_case(13, 2, seed=17))
check("closed form, x near a million", batchnorm_backward_closed_form, *random_case(7, 2, seed=29, offset=1e6))
check("how the closed form works", lambda: way_of_working(batchnorm_backward_closed_form))
### BEGIN HIDDEN TESTS
given = random_case(9, 5, seed=18, eps=1e-5)
check("closed form, float32", batchnorm_backward_closed_form, *in_float32(*given), rtol=1e-3, atol=1e-4)
check("closed form, not contiguous", batchnorm_backward_closed_form, *not_contiguous(*given))
check("closed form, N = 2, D = 1", batchnorm_backward_closed_form, *random_case(2, 1, seed=19))
check("closed form, N = D", batchnorm_backward_closed_form, *random_case(4, 4, seed=20))
check("closed form, a large offset", batchnorm_backward_closed_form, *random_case(6, 3, seed=21, offset=1e6))
check("closed form, a constant feature", batchnorm_backward_closed_form, *constant(*random_case(9, 5, seed=18)))
### END HIDDEN TESTS

# %% [markdown]
# *Established:* the same three gradients, from one expression for `dx`. In one formula, with $d\hat x = \gamma\,dy$ and
# $\overline{\,\cdot\,}$ for the mean over the batch:
#
# $$dx = \frac{1}{\sqrt{\sigma^2+\epsilon}}
# \left( d\hat x - \overline{d\hat x} - \hat x \; \overline{d\hat x\,\hat x} \right)$$
# %% [markdown]
# ## 9. Four witnesses
# A derivation can hold a slip, and so can a test. So bring in witnesses as unlike as can be. Finite differences know no
# calculus. PyTorch's autograd is other people's code. Your two passes are different formulas for `dx`. How closely must
# they agree, relative to the largest entry? The three that use calculus to $10^{-12}$, since only rounding parts them.
# The differences, at $h = 10^{-5}$, to $10^{-8}$.
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
    """The three gradients by your numerical_gradient."""
    dx = numerical_gradient(lambda v: batchnorm_forward(v, gamma, beta, eps)[0], x, dy)
    dgamma = numerical_gradient(lambda v: batchnorm_forward(x, v, beta, eps)[0], gamma, dy)
    return dx, dgamma, numerical_gradient(lambda v: batchnorm_forward(x, gamma, v, eps)[0], beta, dy)


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
        bar = 1e-8 if first == "differences" else 1e-12
        print(f"{first:>12} and {second:<12} agree to {bar:g}: {gap(found[first], found[second]) < bar}")
# %% claim="differences agree with the others to 1e-8, these among themselves to 1e-12"
all(gap(found["differences"], found[name]) < 5e-9 for name in list(found)[1:]) and all(
    gap(found[a], found[b]) < 5e-13 for a, b in combinations(list(found)[1:], 2)
)
# %% [markdown]
# Were one `dx` wrong, it would stand alone against three, and you would know which to open. But your two passes share
# the cache and the lines for `dgamma` and `dbeta`: a slip there would set two against two.
# %% [markdown]
# ## 10. What BN takes out of a gradient
# In the closed form two things are taken from $d\hat x$: a constant, and a multiple of $\hat x$. The rest is scaled by
# $1/s$. Think of one feature's column as **one vector with $m$ entries**, and this becomes geometry. With $m = 3$ it
# can be drawn. Take $\gamma = 1$, so that $d\hat x$ is `dy`.


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
# So $\sum dx = 0$ and $\sum dx\,\hat x \approx 0$, for each feature and whatever `dy` was.
# %% claim="the drawn s dx sums to zero and has almost no x_hat part; d x_hat had both"
abs(s_dx.sum()) < 1e-9 and abs(s_dx @ three["x_hat"][:, 0]) < 1e-4 and (
    abs(d_x_hat.sum()) > 1 and abs(d_x_hat @ three["x_hat"][:, 0]) > 0.5 and np.linalg.norm(s_dx) > 0.5
)
# %% [markdown]
# ### Question 3
# Every column of `dx` sums to zero, whatever `dy` is. What is the reason? Think first: the text after it explains.
#
# - (a) If all $x$ of a feature grow by the same amount, no $y$ changes.
# - (b) $\hat x$ has mean zero, so $d\hat x$, the gradient that arrives at it, has mean zero too.
# - (c) $\beta$ takes the constant part of `dy` as its own gradient, so that none is left for $x$.
# - (d) The loss averages over the batch, so that `dy` sums to zero.
# %% exercise="q_sum_of_dx"
### BEGIN SOLUTION
q_sum_of_dx = "a"
### END SOLUTION

# %% check="q_sum_of_dx.answer" points=1
check("q_sum_of_dx", q_sum_of_dx)
# %% [markdown]
# A gradient says how the loss changes. Along a direction in which **nothing** changes it must be zero. BN has such
# directions for every feature: shift all its inputs, or, except for $\epsilon$, stretch them about their mean. The
# shift is the vector $(1, \dots, 1)$. The stretch is $x - \mu$, which points along $\hat x$. They are the two things
# that BN takes out.


# %% tags=["demo"]
def change(other, eps):
    """The largest change of y when x_small is replaced by another batch."""
    return np.abs(batchnorm_forward(other, 1.0, 0.0, eps)[0] - batchnorm_forward(x_small, 1.0, 0.0, eps)[0]).max()


print("shifted by 7,  eps = 1e-5: y stays to 1e-12:", bool(change(x_small + 7, 1e-5) < 1e-12))
print("stretched ×2,  eps = 0:    y stays to 1e-12:", bool(change(2 * x_small, 0) < 1e-12))
print("stretched ×2,  eps = 1e-5: y stays to 1e-12:", bool(change(2 * x_small, 1e-5) < 1e-12))
# %% claim="a shift changes nothing, a stretch nothing without epsilon, and a little with it"
change(x_small + 7, 1e-5) < 1e-12 and change(2 * x_small, 0) < 1e-12 and 1e-8 < change(2 * x_small, 1e-5) < 1e-5
# %% [markdown]
# The last line is why it was ≈: with $\epsilon$, a stretch does change $y$, if very little. Section 12 says how much
# of the $\hat x$ part stays.
#
# Unit 03 found that a bias in front of BN does nothing. Here is the same fact seen from behind: such a bias would
# receive the gradient $\sum dx$, which is 0. It would never learn.
# %% [markdown]
# ### Small batches
# The vector starts with $m$ dimensions and is left with $m - 2$. For small batches that is drastic. **Predict, then
# run:** how much of the gradient gets through when $m = 2$?
#
# (The code gives BN $m$ identical features. Column $k$ of the identity, as `dy`, asks about row $k$ alone.)
# %%
my_guess_two = "?"  # all of it, half of it, none of it?
# %% tags=["demo"]
with your_functions():
    through = {}
    for m in (2, 3, 4, 8):
        same = np.repeat(np.arange(m)[:, None] ** 2.0, m, axis=1)  # m identical features
        _, alike = batchnorm_forward(same, np.ones(m), np.zeros(m))
        jacobian, _, _ = batchnorm_backward_closed_form(np.eye(m), alike)  # column k: dx when dy is 1 in row k
        through[m] = int(np.linalg.matrix_rank(jacobian, tol=1e-3))
        print(f"m = {m}: directions that get through: {through[m]}")
    print("your guess for m = 2:", my_guess_two)
# %% claim="m - 2 directions get through"
through == {2: 0, 3: 1, 4: 2, 8: 6}
# %% [markdown]
# With two rows, none (except for what $\epsilon$ leaves). The smaller becomes about $-1$ and the larger about $1$,
# whatever two different numbers they were. So the numbers hardly matter to the loss. Unit 10 returns to small batches.
# %% [markdown]
# ## 11. A sharper judge (going further)
# Section 9 trusted the differences to $10^{-8}$ only. What is the best that they can do? Truncation is about
# $\frac{h^2}{6}$ times the third derivative; rounding is about $10^{-16} |L| / h$. A smaller $h$ mends the one and
# spoils the other.
#
# **Richardson's rule** makes a sharper judge of two blunt ones. Halving $h$ divides the main error of the central
# difference $D(h)$ by 4. So $\frac43 D(h/2) - \frac13 D(h)$ cancels it. What remains shrinks like $h^4$.
#
# We try both on twenty random batches and keep the worst error among the twenty. The closed form serves as the truth:
# in section 9 the witnesses that use calculus agreed on it to $10^{-12}$.
#
# **Predict, then run.** Will Richardson's best step be smaller than $10^{-5}$, about the same, or larger?
# %%
my_guess_h = "?"  # 1e-7, 1e-5 or 1e-3: it is drawn in the figure below


# %%
def judged(seed, h):
    """The error of dx by the central difference and by Richardson's rule, on one random batch."""
    r = np.random.RandomState(seed)
    x, gamma, dy = 20 + r.normal(size=(5, 3)) * [1, 2, 3], np.array([1.5, -0.7, 2.0]), r.normal(size=(5, 3))
    y_and_cache = lambda v: batchnorm_forward(v, gamma, 12.0)
    central, halved = (numerical_gradient(lambda v: y_and_cache(v)[0], x, dy, step) for step in (h, h / 2))
    truth = batchnorm_backward_closed_form(dy, y_and_cache(x)[1])[:1]
    return gap([central], truth), gap([(4 * halved - central) / 3], truth)


# %% tags=["demo"]
with your_functions():
    steps = 10.0 ** np.arange(-9, 0.1, 0.5)
    worst = np.array([np.max([judged(seed, h) for seed in range(20)], axis=0) for h in steps]).T
    fig, ax = plt.subplots(figsize=(7, 4))
    for error, rule, marker in zip(worst, ["central difference", "Richardson's rule"], "s^"):
        ax.loglog(steps, error, marker=marker, ms=5, label=rule)
    if my_guess_h != "?":
        ax.axvline(float(my_guess_h), color="black", lw=1, ls=":", label="your guess")
    for bar in (8, 10):
        ax.axhline(10.0**-bar, color="black", lw=1, ls="-")
        ax.text(1.2, 1.3 * 10.0**-bar, f"$10^{{-{bar}}}$", ha="right")
    ax.set(xlabel="step h", ylabel="worst error in 20 batches", title="Only Richardson's rule gets below $10^{-10}$")
    ax.legend(loc="upper center", ncols=3)
    plt.show()
# %% [markdown]
# *In the figure:* two V-shaped curves. Each falls to the left while truncation rules, reaches its best step, and rises
# again, ragged, where rounding rules.
#
# - **Central**: to the right of its best step the error is like $h^2$. At $h = 10^{-5}$ it is below $10^{-8}$. At no
#   step are all twenty batches right to $10^{-10}$.
# - **Richardson**: the error is like $h^4$. So a larger step will do, and rounding hurts less. Near
#   $h = 3 \cdot 10^{-3}$ all twenty are right to better than $10^{-10}$.
#
# So at a bar of $10^{-8}$ the plain difference is enough. At $10^{-10}$ it would accuse right answers.
# %% claim="central: below 1e-8 at 1e-5, never below 1e-10; Richardson: below it near 3e-3; errors like h² and h⁴"
worst[0][8] < 5e-9 and worst[0].min() > 1.5e-10 and worst[1][13] < 5e-11 and (
    70 < worst[0][14] / worst[0][12] < 140 and 50 < worst[1][16] / worst[1][15] < 200
) and worst[0][0] > 100 * worst[0][8] and 1e-4 < steps[worst[1].argmin()] < 1e-2
# %% [markdown]
# ## 12. Why ≈ and not = (going further)
# Section 10 found that $\sum dx\,\hat x$ is only nearly zero. $\hat x$ is a little shorter than it should be: its mean
# square is $\frac{\sigma^2}{\sigma^2+\epsilon}$, not 1. So step 2 takes away a little less than the whole component
# along $\hat x$. What stays is
#
# $$\sum s\,dx\;\hat x = \frac{\epsilon}{\sigma^2+\epsilon} \sum d\hat x\,\hat x .$$
#
# Step 1 has no such remainder. And step 2 brings no mean back, since $\hat x$ itself sums to zero. So $\sum dx = 0$
# holds exactly, whatever $\epsilon$ is.
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
# *In the figure:* two rising curves, one for a feature of variance 10 and one for 0.001. The measured points lie on the
# formula. With the usual $\epsilon = 10^{-5}$ a millionth of the $\hat x$-component is left in the first case, and a
# hundredth in the second. Where $\epsilon$ far outweighs $\sigma^2$, nearly all of it stays.
# %% claim="measured is the formula; at 1e-5 a millionth and a hundredth are left, at eps 1 nearly all of the second"
all(np.allclose(share, sizes / (v + sizes), rtol=1e-3) for v, share in shares.items()) and (
    0.9e-6 < shares[10.0][3] < 1.1e-6 and 0.009 < shares[1e-3][3] < 0.011 and shares[1e-3][-1] > 0.99
)
# %% [markdown]
# ## 13. Is the short one fast? (going further)
# Same answer, fewer steps. Time both, in turns, on 512 rows and 1024 features.
#
# **Predict, then run.** What share of the staged pass's time does the closed form take?
# %%
my_guess_speed = "?"  # the closed form's time divided by the staged pass's
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
    ax.set(xticks=[0, 1], xticklabels=["staged", "closed form"], xlim=(-0.6, 1.6), ylim=(0, 2 * medians[0]))
    ax.set_title(f"The closed form takes {medians[1] / medians[0]:.0%} of the staged time")
    ax.set_ylabel("milliseconds per call")
    plt.show()
    print("your guess:", my_guess_speed, "  what it was stands in the title")
# %% [markdown]
# *In the figure:* forty calls each, staged on the left and closed form on the right, a dot for each call that the
# frame holds, a thick bar at each median. In our runs the closed form took clearly less time. Yours will differ, with
# your machine and your code.
#
# Speed is one reason for the closed form. For us the better one is section 10: nobody sees in the staged code **what**
# BN does to a gradient.
# %% claim="the closed form takes clearly less time"
medians[1] < 0.85 * medians[0]
# %% [markdown]
# ## Recap
# - Batch statistics tie the rows together: $x$ reaches $y$ directly, through $\mu$ and through $\sigma^2$. Forks add,
#   broadcasts sum.
# - We trust a central difference at $h = 10^{-5}$ in float64 to $10^{-8}$. A `dy` of ones cannot find a wrong scale or
#   a missing variance path.
# - $\partial\sigma^2/\partial\mu = 0$, and $x-\mu = s\,\hat x$: with these the staged pass becomes
#   $dx = \frac1s \left( d\hat x - \overline{d\hat x} - \hat x\,\overline{d\hat x\,\hat x} \right)$.
# - BN takes out of a gradient what would shift or stretch a feature, because the loss is flat there. $\sum dx = 0$
#   exactly; $\sum dx\,\hat x$ is 0 except for what $\epsilon$ leaves.
# - Staged pass, closed form and autograd agree to $10^{-12}$, finite differences with all three to $10^{-8}$.
# %%
scoreboard()
# %% [markdown]
# **Next: 05, Running statistics.** Every $y$ depends on the whole batch. So what should BN do with a single image,
# when there is no batch?
