# ---
# title: The forward pass
# question: What exactly does Algorithm 1 compute, and why γ and β?
# seconds: 5
# builds_on: [01_covariate_shift, 02_internal_covariate_shift]
# ---
# %% [markdown]
# By the end you can
#
# - compute every line of Algorithm 1 by hand on four examples, and in NumPy on any batch;
# - say why a layer does not stop at $\hat x$, what $\gamma$ and $\beta$ give back, and what $\varepsilon$ prevents;
# - choose $\gamma$ and $\beta$ so that batch normalization changes nothing at all;
# - predict what happens to the output when the weights or the bias in front of it change.
#
# **What this unit uses.** A layer computes $z = uW + b$ from its input $u$ (one example a row), then applies an
# activation function to $z$: $\mathrm{ReLU}(z) = \max(z, 0)$ or $\mathrm{sigmoid}(z) = 1/(1 + e^{-z})$. Each column of
# $z$ is one *feature*. A mini-batch is the $m$ examples of one training step. The mean of $x_1, \dots, x_m$ is
# $\mu = \frac1m\sum x_i$, the *biased* variance is $\sigma^2 = \frac1m\sum (x_i - \mu)^2$ (it divides by $m$, not by
# $m - 1$), and the standard deviation (`std` below) is $\sigma$. To *standardize* is to subtract $\mu$ and divide by
# $\sigma$. "The BN paper" is Ioffe & Szegedy 2015, [arXiv 1502.03167](https://arxiv.org/abs/1502.03167).
# %% [markdown]
# ## 1. Standardize inside the net, at every step
#
# Data are standardized once, before training (unit 01). That works because training data do not change.
#
# The input of a hidden layer does change. The layers before it compute it, and they are updated at every step. A mean
# and a standard deviation measured before training would soon be out of date.
#
# Batch normalization (BN) measures them again at every step, on the mini-batch at hand, for each feature on its own.
# Here is a mini-batch of $m = 4$ examples with three features. Rows are examples, columns are features.
# %%
x_B = np.array([[3.0, 17.0, -20.0], [1.0, 3.0, -40.0], [3.0, 11.0, -40.0], [1.0, 9.0, -20.0]])
m, D = x_B.shape
print("            feature 0  feature 1  feature 2")
for i in range(m):
    print(f"example {i}", *(f"{v:10.1f}" for v in x_B[i]))
# %% [markdown]
# The features differ in level and in spread: feature 0 stays within 1 of 2, feature 2 within 10 of −30.
# %% claim="feature 0 stays within 1 of 2, feature 2 within 10 of -30"
np.abs(x_B[:, 0] - 2).max() == 1 and np.abs(x_B[:, 2] + 30).max() == 10
# %% [markdown]
# ## 2. Lines 1 and 2: the statistics of the batch
#
# Algorithm 1 of the BN paper has four lines. Write the $m$ values of one feature in the batch as $x_1, \dots, x_m$.
# Lines 1 and 2 are
#
# $$\mu_B = \frac1m \sum_{i=1}^m x_i, \qquad \sigma^2_B = \frac1m \sum_{i=1}^m (x_i - \mu_B)^2 .$$
#
# **Predict.** With pencil and paper: what are $\mu_B$ and $\sigma^2_B$ of feature 1, whose values are 17, 3, 11, 9?
# Then run the next two cells.
# %%
mu_B = [sum(x_B[:, j]) / m for j in range(D)]  # line 1, feature by feature
print("mu_B ", *(f"{v:8.1f}" for v in mu_B))
# %%
var_B = [sum((x_B[:, j] - mu_B[j]) ** 2) / m for j in range(D)]  # line 2, feature by feature
print("var_B", *(f"{v:8.1f}" for v in var_B))
# %% [markdown]
# Feature 1: the mean is $40/4 = 10$, the deviations are 7, −7, 1, −1, and the mean of their squares is $100/4 = 25$.
#
# Note what was summed: a *column*. Each feature has one mean and one variance, shared by all examples of the batch.
# %% claim="mean 10 and variance 25"
mu_B[1] == 10 and var_B[1] == 25
# %% [markdown]
# ### Exercise: `batch_statistics` (5 minutes)
#
# The same for a whole array at once, without a loop. `x` has shape `(N, D)`; the paper's $m$ is `N`.
#
# <details><summary>Hint</summary>
#
# `x.mean(axis=…)` averages along one axis and removes it. Which axis must go, so that `(N, D)` becomes `(D,)`? A `(D,)`
# array subtracts from an `(N, D)` array row by row.
#
# </details>


# %% exercise="batch_statistics"
def batch_statistics(x):
    """Mean and variance of every feature over the mini-batch: lines 1 and 2 of Algorithm 1.

    x: (N, D), one row per example, one column per feature.
    Returns (mean, var), two arrays (D,): mean in the units of x, var in those units squared. x is not changed.
    Stays accurate when the mean is huge beside the spread, in float32 too. About 5 minutes.
    """
    ### BEGIN SOLUTION
    mean = x.mean(axis=0)
    var = ((x - mean) ** 2).mean(axis=0)
    return mean, var
    ### END SOLUTION


# %% check="batch_statistics.mean" points=1
def mean_alone(x):
    mean, var = batch_statistics(x)
    return mean


r = np.random.RandomState(31)
check("mean of each feature", mean_alone, r.normal([5, -20, 300, 8, -1], [1, 3, 40, 2, 6], (7, 5)))
### BEGIN HIDDEN TESTS
check("mean, more features than examples", mean_alone, r.normal(-6, 2, (3, 8)))
### END HIDDEN TESTS
# %% check="batch_statistics.variance" points=1
r = np.random.RandomState(32)
x = r.normal([5, -20, 3000, 8, -1], [0.5, 1, 2, 4, 3], (9, 5))
mean, var = check("mean and variance", batch_statistics, x)
assert np.allclose(var[0], np.sum((x[:, 0] - mean[0]) ** 2) / 9), "var[0] is not the mean squared deviation of column 0"
### BEGIN HIDDEN TESTS
check("mean and variance, more features than examples", batch_statistics, r.normal(7, [1, 2, 3, 4, 5, 6, 7], (3, 7)))
### END HIDDEN TESTS
# %% check="batch_statistics.robust" points=1
r = np.random.RandomState(33)
x = r.normal(3, 2, (8, 5))
x[:, 1] = 7.0
mean, var = check("a feature that never changes", batch_statistics, x)
assert np.isclose(var[1], 0), "the variance of a constant feature is 0"
x = [1_000_000, 1_250_000, 1_900_000] + r.randint(-20, 21, (8, 3))  # 8: these means are exact
check("statistics, mean a million, float32", batch_statistics, x.astype("f4"), rtol=1e-4)
check("statistics, mean a billion, float64", batch_statistics, x + 1e9)
### BEGIN HIDDEN TESTS
r = np.random.RandomState(34)
x = [-500_000, 250_000, 900_000, 700_000, -800_000] + r.randint(-30, 31, (16, 5))
check("statistics, other large means, float32", batch_statistics, x.astype("f4"), rtol=1e-4)
check("statistics, not contiguous", batch_statistics, np.asfortranarray(r.normal(-4, 3, (9, 10)))[:, ::2])
check("statistics, two examples", batch_statistics, r.normal(2, 5, (2, 5)))
### END HIDDEN TESTS

# %% [markdown]
# **Established:** one mean and one variance per feature, taken over the examples of the batch. Both divide by $m$.
# %% [markdown]
# ### Two formulas for one variance
#
# On paper, $\frac1m\sum (x_i-\mu)^2 = \frac1m\sum x_i^2 - \mu^2$. The right-hand side looks cheaper: it needs one pass
# over the data, not two. In floating point the two are not the same. Watch the second one as the mean grows, with the
# spread held fixed:
# %% tags=["demo"]
deviations = np.array([7, -7, 1, -1], dtype="f4")  # variance 25, whatever the mean
two_pass, one_pass = [], []
print("     mean   mean of squared deviations   mean square minus squared mean")
for offset in (0, 100, 10_000, 1_000_000):
    v = deviations + np.float32(offset)
    two_pass.append(sum((v - sum(v) / 4) ** 2) / 4)
    one_pass.append(sum(v * v) / 4 - (sum(v) / 4) ** 2)
    print(f"{offset:9,}   {two_pass[-1]:26.1f}   {one_pass[-1]:30.1f}")
# %% [markdown]
# A float32 carries about seven digits. At a mean of a million, $x^2$ is about $10^{12}$, and a variance of 25 is lost
# in the digits that were rounded away. The first formula keeps it. The last check cell above looks for this.
# %% claim="at a mean of a million a variance of 25 is lost by one formula and kept by the other"
all(abs(v - 25) < 0.5 for v in two_pass) and abs(one_pass[0] - 25) < 0.5 and abs(one_pass[-1] - 25) > 1000
# %% [markdown]
# ## 3. Line 3: normalize
#
# $$\hat x_i = \frac{x_i - \mu_B}{\sqrt{\sigma^2_B + \varepsilon}}$$
#
# $\varepsilon$ is a small constant: $10^{-5}$ in PyTorch, $10^{-3}$ in Keras. For the 17 of feature 1,
# $(17 - 10)/\sqrt{25 + 0.00001} \approx 1.4$. Feature by feature:
# %%
eps = 1e-5
x_hat_B = np.column_stack([(x_B[:, j] - mu_B[j]) / np.sqrt(var_B[j] + eps) for j in range(D)])  # line 3
for i in range(m):
    print(f"x_hat, example {i}", *(f"{v:7.3f}" for v in x_hat_B[i]))
# %% [markdown]
# Three features on three scales have become comparable: every number says how many standard deviations an example lies
# from its feature's mean. (The 1.000 of feature 0 is really 0.999995: that is the effect of $\varepsilon$.)
# %% claim="17 becomes 1.4; the 1.000 of feature 0 is 0.999995"
round(x_hat_B[0, 1], 3) == 1.4 and round(x_hat_B[0, 0], 6) == 0.999995
# %% [markdown]
# ### Exercise: `normalize` (5 minutes)
#
# Line 3 for a whole array. The statistics are *given*. Use those, even where they are not the statistics of `x`.
# (In unit 05 they are not.)
#
# <details><summary>Hint</summary>
#
# Two steps: centre, then divide. Mind the parentheses, and read the root in the formula again: what stands under it?
#
# </details>


# %% exercise="normalize"
def normalize(x, mean, var, eps=1e-5):
    """Centre and scale every feature: line 3 of Algorithm 1.

    x: (N, D); mean, var: (D,), one per feature, given, not always those of x; eps: a small positive number.
    Returns x_hat: an array (N, D), without units. x itself is not changed. About 5 minutes.
    """
    ### BEGIN SOLUTION
    x_hat = (x - mean) / np.sqrt(var + eps)
    return x_hat
    ### END SOLUTION


# %% check="normalize.values" points=1
r = np.random.RandomState(35)
x = r.normal([40, -500, 9000, 20, 7], [100, 300, 500, 60, 20], (7, 5))
mean, var = np.array([45.0, -480, 9100, 21, 60]), np.array([1.2e4, 8.1e4, 3.6e5, 500, 150])
check("x_hat, when eps is negligible", normalize, x, mean, var)
### BEGIN HIDDEN TESTS
check("x_hat, more features than examples", normalize, r.normal(50, 9, (3, 8)), *r.uniform(300, 900, (2, 8)))
### END HIDDEN TESTS
# %% check="normalize.epsilon" points=1
r = np.random.RandomState(36)
x = r.normal(5, [0.2, 1, 2, 4, 3], (8, 5))
x[:, 2] = 5.0
mean, var = x.mean(0) + [0.1, -0.3, 0.4, -0.2, 0.5], x.var(0)  # var[2] is 0
check("x_hat, when eps matters", normalize, x, mean, var, eps=0.1)
### BEGIN HIDDEN TESTS
check("x_hat, float32", normalize, *(a.astype("f4") for a in (x, mean, var)), eps=0.2, rtol=1e-4)
wide = np.asfortranarray(r.normal(-3, 2, (5, 12)))[:, ::3]
check("x_hat, not contiguous", normalize, wide, wide.mean(0), wide.var(0), eps=0.1)
check("x_hat, one example", normalize, x[:1], mean, var, eps=0.01)
### END HIDDEN TESTS

# %% [markdown]
# **Established:** with the batch's own statistics, every column of $\hat x$ has mean 0 and variance
# $\sigma^2_B / (\sigma^2_B + \varepsilon)$: just below 1 where $\sigma^2_B$ is far larger than $\varepsilon$.
# %% [markdown]
# ### What ε is for, and what it costs
#
# Take features with ever smaller standard deviation $\sigma$. Normalizing should bring each to standard deviation 1.
# **Predict.** What comes out at $\sigma = 0$, without $\varepsilon$ and with $\varepsilon = 10^{-5}$? And at which
# $\sigma$ does the output fall below 0.9?
# %%
my_guess = "?"  # the largest sigma of 1, 0.1, 0.01, 0.003, 0.001 at which the output's std is below 0.9
# %%
pattern, spreads, stds = np.array([-1.0, 1.0, 1.0, -1.0]), (1.0, 0.1, 0.01, 0.003, 0.001, 0.0), []
print("    sigma    std of x_hat, eps = 0    eps = 1e-5")
for sigma in spreads:
    v = 5.0 + sigma * pattern
    with np.errstate(invalid="ignore"):
        stds.append([np.std((v - 5.0) / np.sqrt(sigma**2 + e)) for e in (0.0, 1e-5)])
    print(f"{sigma:9.3f}    {stds[-1][0]:21.3f}    {stds[-1][1]:10.3f}")
print("your guess:", my_guess, "  it came out:", next(s for s, (_, std) in zip(spreads, stds) if std < 0.9))
# %% [markdown]
# At $\sigma = 0$ the layer without $\varepsilon$ returns `nan`; with $\varepsilon$ it returns 0. That is what
# $\varepsilon$ is for.
#
# It has a price. At $\sigma = 0.003$, which is about $\sqrt\varepsilon$, the output's standard deviation is about 0.7,
# no longer 1. In effect $\varepsilon$ decides which spread still counts as signal.
# %% claim="nan and 0 at a spread of 0, about 0.7 at 0.003, above 0.9 from 0.01 on"
np.isnan(stds[5][0]) and stds[5][1] == 0 and abs(stds[3][1] - 0.7) < 0.03 and stds[2][1] > 0.9
# %% [markdown]
# ## 4. Line 4: scale and shift
#
# $$y_i = \gamma \hat x_i + \beta$$
#
# $\gamma$ and $\beta$ are *learned*, one pair per feature, by gradient descent like any weight. (Training usually
# starts at $\gamma = 1$, $\beta = 0$.) Take $\gamma = (1, 2, 3)$ and $\beta = (11, 12, 13)$.
#
# **Predict.** What will be the mean and the standard deviation of each column of $y$?
# %%
my_guess = "?"  # three means and three standard deviations
# %%
gamma_B, beta_B = np.array([1.0, 2.0, 3.0]), np.array([11.0, 12.0, 13.0])
y_B = np.column_stack([gamma_B[j] * x_hat_B[:, j] + beta_B[j] for j in range(D)])
for i in range(m):
    print(f"y, example {i}", *(f"{v:7.3f}" for v in y_B[i]))
print("mean        ", *(f"{sum(y_B[:, j]) / m:7.3f}" for j in range(D)))
print("std         ", *(f"{np.std(y_B[:, j]):7.3f}" for j in range(D)))
print("your guess: ", my_guess)
# %% tags=["demo"]
fig, axes = plt.subplots(1, 3, figsize=(9, 2.9), sharey=True)
steps = [(x_B, "$x$: as it comes"), (x_hat_B, r"$\hat x$: mean 0, std 1"), (y_B, r"$y$: mean $\beta$, std $\gamma$")]
for ax, (values, title) in zip(axes, steps):
    for j, marker in enumerate("osD"):
        ax.plot([values[:, j].mean()] * 2, [j - 0.36, j + 0.36], "-", color="0.3", lw=1.4)
        ax.plot(values[:, j], j + np.linspace(-0.24, 0.24, m), marker, color=f"C{j}", ms=5.5)
    ax.set(xlabel="value", title=title, ylim=(2.6, -0.6), yticks=range(D))
axes[0].set(yticklabels=[f"feature {j}" for j in range(D)], xlim=(-44, 22))
axes[1].set(xlim=(-2.4, 2.4))
axes[2].set(xlim=(6, 20), xticks=range(6, 21, 2))
plt.show()
# %% [markdown]
# *The figure:* each row is a feature, each marker an example, the black bar the mean. On the left the features lie far
# apart. In the middle all are centred on 0 with the same spread. On the right feature $j$ is centred on $\beta_j$ with
# spread $\gamma_j$.
#
# As long as a feature varies within the batch, it does not matter what the layers before did: the mean of $y$ is
# $\beta$, and its standard deviation is $|\gamma|$ (except for $\varepsilon$). BN alone sets both numbers.
# %% claim="the columns of x_hat have mean 0 and std 1, those of y mean beta and std gamma"
np.allclose(x_hat_B.mean(0), 0) and np.allclose(x_hat_B.std(0), 1, atol=1e-4) and (
    np.allclose(y_B.mean(0), beta_B) and np.allclose(y_B.std(0), gamma_B, rtol=1e-4)
)
# %% [markdown]
# **Concept question 1.** A ReLU comes first, then batch normalization. Feature $k$ is "dead": in this batch the ReLU
# gives 0 for each of the $m$ examples. Its parameters are $\gamma_k = 2$, $\beta_k = 0.5$, and $\varepsilon = 10^{-5}$.
# What is $y$ for this feature?
#
# - (a) 0 for every example
# - (b) NaN for every example
# - (c) 0.5 for every example
# - (d) 2.5 for every example
# %% exercise="q_dead_unit"
# Your answer: "a", "b", "c" or "d"
### BEGIN SOLUTION
q_dead_unit = "c"
### END SOLUTION

# %% check="q_dead_unit.answer" points=1
check("q_dead_unit", q_dead_unit)
# %% [markdown]
# ### Exercise: `batchnorm_forward` (10 minutes)
#
# All four lines in one function. You may call your two functions. Written out in full, it can be copied to another
# notebook as it is.
#
# It also returns a *cache*: a dict of what the backward pass (unit 04) needs. Its keys are
# `x`, `x_hat`, `mean`, `var`, `gamma`, `eps`.
#
# <details><summary>Hint</summary>
#
# Four lines of code for four lines of Algorithm 1. `gamma` and `beta` have shape `(D,)`, so `gamma * x_hat` scales
# column by column. `dict(x=x, …)` makes the cache. Use the `eps` that was passed in.
#
# </details>


# %% exercise="batchnorm_forward"
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    """Batch normalization of a mini-batch: Algorithm 1 of the BN paper.

    x: (N, D); gamma, beta: (D,), the learned scale and shift of each feature; eps: a small positive number.
    Returns (y, cache): y (N, D); cache a dict with the keys x (N, D), as it came, x_hat (N, D), mean (D,), var (D,),
    without eps, gamma (D,) and eps. x itself is not changed. Stays accurate when the mean is huge beside the spread,
    in float32 too. About 10 minutes.
    """
    ### BEGIN SOLUTION
    mean = x.mean(axis=0)
    var = ((x - mean) ** 2).mean(axis=0)
    x_hat = (x - mean) / np.sqrt(var + eps)
    y = gamma * x_hat + beta
    return y, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)
    ### END SOLUTION


# %% check="batchnorm_forward.output" points=2
def y_alone(x, gamma, beta, eps=1e-5):
    y, cache = batchnorm_forward(x, gamma, beta, eps)
    return y


r = np.random.RandomState(37)
x = r.normal([5, -20, 300, 8, -1], [0.5, 3, 40, 2, 6], (7, 5))
gamma, beta = np.array([1.5, 2.0, -0.5, 3.0, 0.7]), np.array([11.0, -12.0, 13.0, -5.0, 4.0])
y = check("y", y_alone, x, gamma, beta, 0.1)
assert np.allclose(y.mean(0), beta), "each column of y must have mean beta"
### BEGIN HIDDEN TESTS
x = np.asfortranarray(r.normal(2, 3, (9, 10)))[:, ::2]
check("y, not contiguous", y_alone, x, np.linspace(1, 3, 5), np.linspace(-2, 2, 5), 0.1)
### END HIDDEN TESTS


# %% check="batchnorm_forward.cache" points=1
def cache_alone(x, gamma, beta, eps):
    y, cache = batchnorm_forward(x, gamma, beta, eps)
    return cache


r = np.random.RandomState(38)
x = r.normal([5, -20, 300, 8, -1], [0.5, 3, 40, 2, 6], (9, 5))
gamma, beta = np.array([1.5, 2.0, -0.5, 3.0, 0.7]), np.array([11.0, -12.0, 13.0, -5.0, 4.0])
check("cache", cache_alone, x, gamma, beta, 0.1)
### BEGIN HIDDEN TESTS
check("cache, more features than examples", cache_alone, r.normal(9, 2, (3, 8)), *r.normal(3, 1, (2, 8)), 0.2)
### END HIDDEN TESTS
# %% check="batchnorm_forward.robust" points=1
r = np.random.RandomState(39)
x = r.normal(3, 2, (7, 5))
x[:, 2] = -8.0
gamma, beta = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0.5, -0.5, 1.5, -1.5, 2.5])
y, cache = check("y and cache, a constant feature", batchnorm_forward, x, gamma, beta)
assert np.allclose(y[:, 2], 1.5), "a constant feature has x_hat = 0, so y = beta there"
x = (1_000_000 + r.randint(-20, 21, (8, 3))).astype("f4")  # 8: these means are exact
check("y, mean a million, float32", lambda *a: batchnorm_forward(*a)[0], x, gamma[:3], beta[:3], rtol=1e-3)
check("y, mean a billion, float64", lambda *a: batchnorm_forward(*a)[0], x.astype("f8") + 1e9, gamma[:3], beta[:3])
### BEGIN HIDDEN TESTS
x = [-500_000, 250_000, 900_000, 700_000, -800_000] + r.randint(-30, 31, (16, 5))
check("y, other large means, float32", lambda *a: batchnorm_forward(*a)[0], x.astype("f4"), gamma, beta, rtol=1e-3)
check("y and cache, two examples", batchnorm_forward, r.normal(3, 2, (2, 3)), gamma[:3], beta[:3], eps=0.1)
check("y and cache, one feature", batchnorm_forward, r.normal(3, 2, (7, 1)), gamma[1:2], beta[:1], eps=0.1)
### END HIDDEN TESTS

# %% [markdown]
# **Established:** you have batch normalization's forward pass. The rest of this unit asks why it is built this way.
# %% [markdown]
# ## 5. Batch normalization is a small sub-network for each feature
#
# Here is Algorithm 1 once more, for *one* feature: $m$ values go in, $m$ values come out, and no axis has to be named.
# The experiments below use this version, so they run whether or not your own is finished.


# %%
def bn_one_feature(x, gamma=1.0, beta=0.0, eps=1e-5):
    """Algorithm 1 for one feature.  x: (m,), the feature's values in the batch.  Returns y: (m,)."""
    return gamma * (x - x.mean()) / np.sqrt(x.var() + eps) + beta  # var() divides by m


# %% tags=["demo"]
def arrow(start, end, **style):
    options = {"arrowstyle": "-|>", "lw": 1.0, "color": "0.35", "shrinkA": 12, "shrinkB": 12, **style}
    ax.annotate("", end, start, arrowprops=options)


fig, ax = plt.subplots(figsize=(8.2, 3.3))
ax.set(xlim=(-0.9, 8.6), ylim=(-0.9, 3.7), title="In one feature, every $y_i$ depends on all $m$ examples")
ax.axis("off")
ax.add_patch(plt.Rectangle((5.6, -0.3), 0.9, 3.6, fc="#fff3d6", ec="k"))
for h, i in zip((3, 2, 1, 0), (1, 2, 3, 4)):
    for column, text in ((0, "x"), (4.0, r"\hat x"), (7.8, "y")):
        node = dict(boxstyle="circle,pad=0.25", fc="#dbe9f6" if column < 7 else "#d9efe3", ec="k")
        ax.text(column, h, f"${text}_{i}$", ha="center", va="center", bbox=node, fontsize=11)
    arrow((0, h), (1.9, 1.5), shrinkB=30, ls=":")
    arrow((1.9, 1.5), (4.0, h), shrinkA=30, ls=":")
    arrow((0, h), (4.0, h))
    arrow((4.0, h), (5.6, h), shrinkB=0)
    arrow((6.5, h), (7.8, h), shrinkA=0)
stats = dict(boxstyle="round,pad=0.4", fc="#fff3d6", ec="k")
ax.text(1.9, 1.5, r"$\mu_B,\ \sigma_B^2$", ha="center", va="center", bbox=stats, fontsize=12)
ax.text(6.05, 1.5, "$\\times\\,\\gamma$\n\n$+\\,\\beta$", ha="center", va="center", fontsize=13)
for column, text in ((0, "in"), (1.9, "lines 1 and 2"), (4.0, "line 3"), (6.05, "line 4"), (7.8, "out")):
    ax.text(column, -0.8, text, ha="center", fontsize=9)
plt.show()
# %% [markdown]
# *The figure:* the four values $x_1 \dots x_4$ of one feature enter on the left. Dotted arrows carry all of them into
# the box of statistics and from there to every $\hat x_i$; solid arrows carry $x_i$ straight to its own $\hat x_i$,
# and on to $y_i$ by $\gamma$ and $\beta$.
#
# Every feature has such a sub-network of its own, with its own $\gamma$ and $\beta$: two learned numbers per feature,
# $2D$ per layer.
# %% [markdown]
# ## 6. Why not stop at $\hat x$?
#
# Suppose $\hat x$ feeds a sigmoid, $\mathrm{sigmoid}(z) = 1/(1 + e^{-z})$. Near 0 the sigmoid is almost its tangent
# line $\frac12 + \frac z4$. How close are the two?
# %%
print("    z   sigmoid   tangent line")
for z in (0.0, 0.5, 1.0, 2.0, 4.0):
    print(f"{z:5.1f}   {1 / (1 + np.exp(-z)):7.3f}   {0.5 + z / 4:12.3f}")
# %% [markdown]
# Up to $|z| = 1$ the two differ by less than 0.02. We call $|z| \le 1$ the near-linear part.
# %% claim="up to |z| = 1 the two differ by less than 0.02"
all(abs(1 / (1 + np.exp(-z)) - 0.5 - z / 4) < 0.02 for z in np.linspace(-1, 1, 201))
# %% [markdown]
# ### Exercise: `linear_fraction` (5 minutes)
#
# What share of a layer's $z$, the inputs of its sigmoids, lies there?
#
# <details><summary>Hint</summary>
#
# Compare to get an array of True and False. The mean of such an array is the share of True.
#
# </details>


# %% exercise="linear_fraction"
def linear_fraction(z, threshold=1.0):
    """The share of z in the near-linear part of a sigmoid, |z| <= threshold, ends included.

    z: an array of any shape, as it enters the sigmoid; threshold: a positive number.
    Returns one number from 0 (none) to 1 (all). About 5 minutes.
    """
    ### BEGIN SOLUTION
    return float(np.mean(np.abs(z) <= threshold))
    ### END SOLUTION


# %% check="linear_fraction.value" points=1
r = np.random.RandomState(40)
z = r.normal(np.linspace(-0.6, 1.9, 7), 0.9, (47, 7))
z[0, 0], z[1], z[2:4, :4], z[4:7, 5] = 2, 0.4, -0.4, 1.01  # some are at the threshold
check("share, threshold 0.4", linear_fraction, z, threshold=0.4)
check("share of the near-linear part", linear_fraction, r.normal(0.7, 1.6, (40, 9)))
check("share, any number of axes", linear_fraction, r.normal(-1, 1, (3, 5, 7, 2)), threshold=1.5)
### BEGIN HIDDEN TESTS
check("share, images", linear_fraction, r.normal(-1, 3, (2, 3, 5, 7)).astype("f4"), threshold=2.0)
check("share, not contiguous", linear_fraction, z[:, ::2])
### END HIDDEN TESTS

# %% [markdown]
# **Established:** you can measure how much of its nonlinearity a layer uses.
# %% [markdown]
# ### Predict, then run
#
# Take a net of eight sigmoid layers with random weights, and normalize before each sigmoid, with $\gamma = 1$ and
# $\beta = 0$. Fit *one* linear layer to it, by least squares, from the net's input to its output. Which share of the
# output's variance does that one linear layer explain? A share near 1 means that the eight layers compute almost a
# linear function.
# %%
my_guess = "?"  # a number between 0 and 1


# %% tags=["demo"]
def linear_share(gamma, beta, seed, depth=8, width=20, N=1000):
    """How well one linear layer imitates a random sigmoid net with BN: the explained variance after each layer."""
    rng, shares = np.random.RandomState(seed), []
    u = rng.normal(size=(N, width))
    inputs = np.column_stack([u, np.ones(N)])
    for _ in range(depth):
        z = u @ rng.normal(size=(width, width))
        z = np.column_stack([bn_one_feature(column, gamma, beta) for column in z.T])
        u = 1 / (1 + np.exp(-z))
        rest = u - inputs @ np.linalg.lstsq(inputs, u, rcond=None)[0]
        shares.append(1 - rest.var(axis=0).sum() / u.var(axis=0).sum())
    return shares


# %% tags=["demo"]
settings = [(1, 0), (4, 0), (1, 2)]  # (gamma, beta)
tracks = {s: np.array([linear_share(*s, seed) for seed in (0, 1, 2)]) for s in settings}
for (g, b), track in tracks.items():
    first, last = track.mean(axis=0)[[0, -1]]
    print(f"gamma = {g}, beta = {b}:  after 1 layer {first:.2f}, after 8 layers {last:.2f}  (mean of 3 seeds)")
print("your guess for gamma = 1, beta = 0, 8 layers:", my_guess)
# %% tags=["demo"]
fig, (left, right) = plt.subplots(1, 2, figsize=(9.4, 3.5))
z = np.linspace(-4, 4, 400)
left.axvspan(-1, 1, color="0.88", label=r"$|z| \leq 1$: near-linear")
left.plot(z, 1 / (1 + np.exp(-z)), "-", color="C0", label="sigmoid")
left.plot(z, 0.5 + z / 4, "--", color="C1", label="its tangent at 0")
left.plot(z, np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), ":", color="k", label=r"density of $\hat x$, if normal")
left.set(xlabel="$z$", ylim=(0, 1.02), title=r"Most of $\hat x$ lies in the near-linear part")
left.legend(loc="upper left", fontsize=8)
for ((g, b), track), marker in zip(tracks.items(), "osD"):
    layers = np.arange(1, 9)
    line = right.plot(layers, track.mean(axis=0), marker=marker, label=rf"$\gamma={g}$, $\beta={b}$")
    right.fill_between(layers, track.min(axis=0), track.max(axis=0), color=line[0].get_color(), alpha=0.25)
right.set(xlabel="sigmoid layers", ylabel="explained by one linear layer", ylim=(0, 1.02))
right.set_title("γ or β make the net nonlinear again")
right.legend(loc="lower left")
plt.show()
# %% [markdown]
# *The figure:* left, the sigmoid and its tangent nearly coincide within the grey band. About two thirds of the area
# under the bell curve of $\hat x$ lie in that band. Right, the share of variance that one linear layer explains,
# against depth: the mean of three seeds, with their range shaded. With $\gamma = 1, \beta = 0$ it falls slowly and is
# still above 0.8 after eight layers. With $\gamma = 4$ or with $\beta = 2$ it falls to between 0.2 and 0.4.
# %% claim="still above 0.8 in every seed with gamma 1 and beta 0, else between 0.2 and 0.4"
all(s > 0.8 for s in tracks[1, 0][:, -1]) and all(0.2 < s < 0.4 for k in ((4, 0), (1, 2)) for s in tracks[k][:, -1])
# %% [markdown]
# So a layer that stopped at $\hat x$ would use the nearly straight part of its sigmoids for most examples, and eight
# such layers with random weights stay close to a linear function. The weights before BN cannot change that: $\hat x$
# has standard deviation 1 whatever they are. The BN paper gives this reason (section 3), and the remedy: let each
# feature learn its own scale $\gamma$ and shift $\beta$.
#
# How much do they change? If $\hat x$ is normally distributed, $z = \gamma\hat x + \beta$ lies in the near-linear part
# with this probability:
# %%
from math import erf, sqrt

shares = {}
print("gamma  beta   share of the near-linear part")
for g, b in ((0.5, 0), (1, 0), (2, 0), (4, 0), (1, 2), (1, 4)):
    shares[g, b] = (erf((1 - b) / (g * sqrt(2))) - erf((-1 - b) / (g * sqrt(2)))) / 2
    print(f"{g:5.1f}  {b:4.1f}   {shares[g, b]:29.2f}")
# %% [markdown]
# The line with $\gamma = 1$, $\beta = 0$ is the two thirds of the figure. Your `linear_fraction` measures the same on a
# sample: try `linear_fraction(4 * np.random.randn(100_000))`.
# %% claim="about two thirds with gamma 1 and beta 0, and about a fifth with gamma 4"
abs(shares[1, 0] - 2 / 3) < 0.02 and round(shares[4, 0], 2) == 0.2
# %% [markdown]
# ## 7. Can the layer take it all back?
#
# If normalizing hurts somewhere, gradient descent should be able to undo it. Is there a $\gamma$ and a $\beta$ with
# $y = x$?
#
# ### Exercise: `identity_parameters` (5 minutes)
#
# Set $\gamma\,\dfrac{x - \mu_B}{\sqrt{\sigma_B^2 + \varepsilon}} + \beta = x$ and solve on paper. Then write the
# code. The result should be exact, not "up to $\varepsilon$".
#
# <details><summary>Hint</summary>
#
# The equation must hold for every $x$. So the factors in front of $x$ must agree on both sides; that gives $\gamma$.
# What is left must be zero; that gives $\beta$.
#
# </details>


# %% exercise="identity_parameters"
def identity_parameters(x, eps=1e-5):
    """The gamma and beta with which batch normalization of x, with this eps, returns x itself.

    x: (N, D); eps: the one that the layer uses.
    Returns (gamma, beta), two arrays (D,), both in the units of x. About 5 minutes.
    """
    ### BEGIN SOLUTION
    gamma = np.sqrt(x.var(axis=0) + eps)
    beta = x.mean(axis=0)
    return gamma, beta
    ### END SOLUTION


# %% check="identity_parameters.gamma" points=1
def gamma_alone(x, eps):
    gamma, beta = identity_parameters(x, eps)
    return gamma


r = np.random.RandomState(41)
x = r.normal([5, -20, 30, 8, -1], [0.5, 0.3, 0.8, 0.2, 0.6], (7, 5))
gamma = check("gamma of the identity", gamma_alone, x, 0.1)
y = gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + 0.1) + x.mean(0)
assert np.allclose(y, x, rtol=1e-9), "with this gamma, batch normalization does not return x"
x[:, 2] = -4.0
check("gamma, a constant feature", gamma_alone, x, 0.1)
### BEGIN HIDDEN TESTS
x = np.asfortranarray(r.normal(2, [1, 2, 3, 4, 5, 6], (5, 6)))[:, ::2]
x[:, 1] = 4.0
check("gamma, another constant feature, not contiguous", gamma_alone, x, 0.3)
### END HIDDEN TESTS


# %% check="identity_parameters.beta" points=1
def beta_alone(x, eps):
    gamma, beta = identity_parameters(x, eps)
    return beta


r = np.random.RandomState(42)
x = r.normal([5, -20, 300, 8, -1], [0.5, 3, 40, 2, 6], (9, 5))
check("beta of the identity", beta_alone, x, 0.1)
### BEGIN HIDDEN TESTS
check("gamma and beta, default eps", lambda x: tuple(identity_parameters(x)), r.normal(-1, 2, (4, 7)))
### END HIDDEN TESTS

# %% [markdown]
# **Established:** with your $\gamma$ and $\beta$, BN returns this batch as it came, up to rounding. (Another batch has
# other statistics, so the same $\gamma$ and $\beta$ restore it only approximately.)
# %% [markdown]
# If BN can be the identity, what is gained? A new *parametrization*. Without BN, the mean and the scale of a feature
# are set by all weights of all layers before it together. With BN they are set by two numbers, $\beta$ and $\gamma$,
# that gradient descent can change directly. Whether and why this makes training easier is an empirical question. Units
# 06, 07 and 09 put it to the test.
# %% [markdown]
# ## 8. The bias before BN
#
# **Concept question 2.** A layer computes $z = uW + b$ and batch normalization follows: $y = \mathrm{BN}(z)$. You add
# 7 to every element of $b$ and run the same batch. What happens to $y$?
#
# - (a) it grows by 7 in every feature
# - (b) it grows by 7γ/√(σ²+ε)
# - (c) it shrinks, as σ² grows
# - (d) it stays as it was
# %% exercise="q_bias"
# Your answer: "a", "b", "c" or "d"
### BEGIN SOLUTION
q_bias = "d"
### END SOLUTION

# %% check="q_bias.answer" points=1
check("q_bias", q_bias)
# %% [markdown]
# See it on feature 1 of our batch:
# %%
z_1 = x_B[:, 1]
print("BN(z)     ", bn_one_feature(z_1, gamma=2.0, beta=12.0).round(3))
print("BN(z + 7) ", bn_one_feature(z_1 + 7, gamma=2.0, beta=12.0).round(3))
print("beta + 7  ", bn_one_feature(z_1, gamma=2.0, beta=12.0 + 7).round(3))
# %% [markdown]
# A bias before BN is subtracted again with the mean. It has no effect, so it is left out (`bias=False` in PyTorch), and
# $\beta$ takes its place.
# %% claim="a bias has no effect on the output"
np.allclose(bn_one_feature(z_1, 2.0, 12.0), bn_one_feature(z_1 + 7, 2.0, 12.0), rtol=1e-9)
# %% [markdown]
# ## 9. The scale of the weights
#
# Multiply all weights before BN by $a > 0$. Then $z$, its mean and its standard deviation are all multiplied by $a$,
# and $a$ cancels: $\mathrm{BN}(a \cdot uW) = \mathrm{BN}(uW)$. This is exact for $\varepsilon = 0$.
#
# **Predict.** With $\varepsilon = 10^{-5}$, for which of $a = 0.001, 0.1, 10, 1000$ does the output change by more than
# 0.01?
# %%
my_guess = "?"  # one or more of 0.001, 0.1, 10, 1000
# %%
r = np.random.RandomState(0)
u, w = r.normal(size=(200, 8)), r.normal(size=8) / np.sqrt(8)  # one feature: 8 weights
same = bn_one_feature(u @ w)
changes = {a: np.abs(bn_one_feature(u @ (a * w)) - same).max() for a in (0.001, 0.1, 1, 10, 1000)}
print("      a    largest |BN(a u w) - BN(u w)|")
for a, change in changes.items():
    print(f"{a:7g}    {change:.5f}")
print("your guess:", my_guess, "  above 0.01:", *(a for a, change in changes.items() if change > 0.01))
# %% [markdown]
# Only for $a = 0.001$: there $a^2\sigma^2$ is about $10^{-6}$, less than $\varepsilon$. (The 0.00002 at large $a$ comes
# from the $\varepsilon$ in $\mathrm{BN}(uW)$, the other side of the comparison.)
# %% claim="only at 0.001 does the output change by more than 0.01; at large a by about 0.00002"
[a for a, c in changes.items() if c > 0.01] == [0.001] and 1e-6 * np.var(u @ w) < 1e-5 and (
    all(1e-5 < changes[a] < 3e-5 for a in (10, 1000))
)
# %% [markdown]
# A consequence for learning, from the paper's section 3.3: if $y$ does not depend on the length of $w$, then the longer
# $w$ is, the less a step of fixed length turns it. The gradient shrinks by the factor $1/a$. A numerical check, for
# some loss of $y$: move the first weight up and down a little.
# %%
target = r.normal(size=200)


def loss(w):
    return np.mean((bn_one_feature(u @ w) - target) ** 2)


h, slopes = 1e-5 * np.eye(8)[0], {}  # h moves the first weight
for a in (1, 2, 10):
    slopes[a] = (loss(a * w + h) - loss(a * w - h)) / 2e-5
    print(f"a = {a:2}:  loss {loss(a * w):.4f}   slope {slopes[a]:8.5f}   a x slope {a * slopes[a]:8.5f}")
# %% [markdown]
# The loss is the same, and $a$ times the slope is the same, except for $\varepsilon$. Larger weights get smaller
# gradients. (Unit 09 comes back to this.)
# %% claim="the loss and a times the slope are the same, except for ε"
all(abs(a * s / slopes[1] - 1) < 0.01 and abs(loss(a * w) / loss(w) - 1) < 1e-3 for a, s in slopes.items())
# %% [markdown]
# **Concept question 3.** Now the factor is negative: all weights before BN are multiplied by $-2$ (no bias, and
# $\varepsilon$ is negligible). What becomes of the output $y = \gamma\hat x + \beta$?
#
# - (a) $y$: BN removes any factor
# - (b) $2\beta - y$: mirrored about β
# - (c) $-y$: only the sign is left
# - (d) $-2y$: BN is linear in $W$
# %% exercise="q_negative_scale"
# Your answer: "a", "b", "c" or "d"
### BEGIN SOLUTION
q_negative_scale = "b"
### END SOLUTION

# %% check="q_negative_scale.answer" points=1
check("q_negative_scale", q_negative_scale)
# %% [markdown]
# **Established:** except for $\varepsilon$, the output of BN depends on the direction of the weights before it, not on
# their length.
# %% [markdown]
# ## 10. One loose end
#
# The same example, 17, in two different batches:
# %%
batch_1 = np.array([17.0, 3.0, 11.0, 9.0])
batch_2 = np.array([17.0, 30.0, 24.0, 29.0])
# %% [markdown]
# **Predict.** In the first batch its $\hat x$ is 1.4. What sign has its $\hat x$ in the second?
# %%
my_guess = "?"  # "+" or "-"
# %%
x_hat_1, x_hat_2 = bn_one_feature(batch_1)[0], bn_one_feature(batch_2)[0]
print(f"the example 17 in batch 1:  x_hat = {x_hat_1:6.3f}")
print(f"the example 17 in batch 2:  x_hat = {x_hat_2:6.3f}   your guess: {my_guess}")
# %% [markdown]
# Among smaller values 17 is large; among larger ones it is small. So in training an example's output depends on the
# other examples of its batch. Two questions follow. How does the gradient flow through them? That is unit 04. What
# should happen at test time, when there may be no others? That is unit 05.
# %% claim="x_hat of 17 is 1.4 in one batch and negative in the other"
round(x_hat_1, 2) == 1.4 and x_hat_2 < -1
# %% [markdown]
# ## 11. Before the activation function, or after? (going further)
#
# The paper normalizes $z$, *before* the activation function: $u \to z \to \mathrm{BN} \to \mathrm{ReLU}$. Its argument
# (section 3.2): the input $u$ of a layer is the output of another activation function. The *shape* of its distribution
# is likely to change in training, and fixing its mean and variance does not prevent that. $z$ is more likely to be
# symmetric and "more Gaussian".
#
# Take a feature whose $z$ is mostly negative, so that its ReLU is rarely active. Put BN on either side of the ReLU,
# with $\gamma = 1$ and $\beta = 0$.
#
# **Predict.** In which order is the ReLU active on about half of the examples? In which can the output be negative?
# %%
my_guess = "?"  # "before" or "after", twice
# %% tags=["demo"]
z = np.sort(np.random.RandomState(5).normal(-1.0, 1.0, 2000))
before = np.maximum(bn_one_feature(z), 0)
after = bn_one_feature(np.maximum(z, 0))
outputs = {"no BN: ReLU(z)": np.maximum(z, 0), "BN before: ReLU(BN(z))": before, "BN after: BN(ReLU(z))": after}
print("order                   mean    std   smallest   share at the smallest")
for name, v in outputs.items():
    mean = round(v.mean(), 2) + 0.0  # + 0.0 turns -0.0 into 0.0
    print(f"{name:22} {mean:5.2f} {v.std():6.2f} {v.min():10.2f} {np.mean(v == v.min()):14.0%}")
print("your guess:", my_guess)
# %% tags=["demo"]
fig, (ax, low) = plt.subplots(2, 1, figsize=(7, 4.2), sharex=True, height_ratios=[3, 1])
for (name, v), style in zip(outputs.items(), (":", "-", "--")):
    ax.plot(z, v, style, color={":": "k", "-": "C0", "--": "C1"}[style], label=name)
ax.set(ylabel="output", ylim=(-0.8, 3.2), title="BN before the ReLU puts the bend in the middle of the batch")
ax.legend(loc="upper left")
low.hist(z, bins=40, color="0.75", ec="0.4", lw=0.4)
for place, style in ((z.mean(), "-"), (0.0, "--")):
    low.axvline(place, color="C0" if style == "-" else "C1", ls=style)
low.set(xlabel="$z$", ylabel="examples")
plt.show()
# %% [markdown]
# *The figure:* above, the output against $z$; below, how many examples have that $z$, with a line where the curves
# above bend. All three curves are flat, then rise. Without BN (dotted) and with BN after the ReLU (dashed) the bend
# is at $z = 0$, and few examples lie to the right of it. With BN before the ReLU (solid) it is at the batch mean.
#
# With BN before, the ReLU is active on half of the batch. With BN after, the output has mean 0 and standard deviation
# 1, but most examples still share one value: no scale and shift can tell apart what the ReLU has already made equal.
# The next layer's input differs too: never negative in the one case, centred in the other.
# %% claim="before: active on half of the batch, never negative; after: most share one value, mean 0, std 1"
0.45 < np.mean(before > 0) < 0.55 and before.min() == 0 and np.mean(after == after.min()) > 0.8 and (
    abs(after.mean()) < 1e-6 and abs(after.std() - 1) < 1e-3
)
# %% [markdown]
# Which trains better? *Evidence:* mixed. In one public ImageNet benchmark of single runs
# ([caffenet-benchmark](https://github.com/ducha-aiki/caffenet-benchmark/blob/master/batchnorm.md)) a small CaffeNet
# reached 49.3% with BN after the ReLU and 47.8% with BN before it. For a GoogLeNet it was the other way round, 59.6%
# against 60.7%, but those two runs differed in more than the order: only the second had $\gamma$ and $\beta$, and their
# initial weights were drawn differently. *Convention:* conv, BN, ReLU, as in the paper. This course keeps to it.
# %% [markdown]
# ## Recap
#
# - Algorithm 1, per feature, over the batch: mean, variance (divided by $m$), $\hat x =
#   (x-\mu_B)/\sqrt{\sigma_B^2+\varepsilon}$, $y = \gamma\hat x + \beta$.
# - $\varepsilon$ inside the root keeps a constant feature finite. Spreads of about $\sqrt\varepsilon$ and below are
#   damped.
# - If $\hat x$ is normal, about two thirds of it lie where a sigmoid is nearly straight. $\gamma$ and $\beta$ can
#   change that, and can even restore the input: $\gamma = \sqrt{\sigma_B^2+\varepsilon}$, $\beta = \mu_B$.
# - A bias before BN has no effect. Nor has the length of the weights (except for $\varepsilon$), and the longer they
#   are, the smaller their gradients.
# - Every $y_i$ depends on all examples of its batch.
# %%
scoreboard()
# %% [markdown]
# **Next:** unit 04, the backward pass. It starts from what `cache` holds. The gradient has to find its way through
# $\mu_B$ and $\sigma_B^2$ too, and it is easy to forget one of these paths.
