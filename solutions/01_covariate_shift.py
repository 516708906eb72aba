# ---
# title: Covariate shift
# question: What goes wrong when inputs have the wrong scale, or move?
# seconds: 10
# builds_on: [00_start_here]
# ---
# %% [markdown]
# By the end you can
#
# - read from the data alone how large a learning rate gradient descent stands, and why two scales make it slow;
# - standardize a training set, and treat new data with the *same* numbers;
# - say what a swinging pre-activation does to the weight after it and to the weights before it;
# - measure how a classifier suffers when its inputs move, and repair part of the damage without a single label;
# - tell covariate shift from label shift and from concept drift.
#
# You need NumPy, the gradient of a sum of squares, the chain rule, and what an eigenvalue is.
# Batch normalization itself does not appear yet. Everything here is the problem that it answers.
#
# Some cells below run *your* functions. Until you have written them, such a cell says so and goes no further.
# %%
from contextlib import contextmanager


@contextmanager
def uses_your(*names):
    """Marks code that runs your functions: names them if one is not written yet, instead of stopping the notebook."""
    try:
        yield
    except NotImplementedError:
        print(f"This cell uses your {', '.join(names)}. Write what is missing, then run this cell again.")


# %% [markdown]
# ## 1. Two features, one step size
#
# How much water does a pond lose in a day? Two things matter: wind speed, in m/s, and temperature, in °C.
# Here are 200 days. The data are made up, so we know the truth: 0.5 mm for each m/s, 0.25 mm for each °C, and noise.
# %%
rng = np.random.default_rng(0)
X_pond = rng.uniform([1.3, 5.0], [4.7, 19.0], (200, 2))
y_pond = X_pond @ [0.5, 0.25] + rng.normal(0, 0.1, 200)
for name, column in zip(["wind", "temperature"], X_pond.T):
    print(f"{name:12} mean {column.mean():5.2f}   standard deviation {column.std():4.2f}")
# %% [markdown]
# The temperature has larger numbers than the wind. That is a matter of units: in km/h the wind's numbers would be 3.6
# times as large, and nothing about the pond would be different.
#
# We fit $\hat y = Xw$ by least squares. With $N$ days and $D = 2$ features,
#
# $$L(w) = \frac{1}{2N}\lVert Xw - y\rVert^2, \qquad \nabla L(w) = \frac{1}{N}X^\top(Xw - y).$$


# %%
def loss(X, y, w):
    """L(w) for X (N, D), y (N,) and w (D,)."""
    return np.mean((X @ w - y) ** 2) / 2


print(f"loss at w = (0, 0):      {loss(X_pond, y_pond, np.array([0.0, 0.0])):.4f}")
print(f"loss at w = (0.5, 0.25): {loss(X_pond, y_pond, np.array([0.5, 0.25])):.4f}")
# %% [markdown]
# ### Exercise: gradient descent (5 minutes)
# Start at $w = 0$. At each step subtract the learning rate times the gradient. Keep every $w$ on the way.
#
# <details><summary>Hint</summary>
#
# Make an array of zeros of shape `(steps + 1, D)` and fill row `t + 1` from row `t`.
# The gradient must be computed anew at each step, from the current row.
# </details>


# %% exercise="gradient_descent"
def gradient_descent(X, y, lr, steps):
    """Gradient descent on L(w) = ||Xw - y||² / (2N), from w = 0.

    X: (N, D); y: (N,); lr: the learning rate; steps: how many updates.
    Returns W_path (steps + 1, D): the start in row 0, then w after each update.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    N, D = X.shape
    W_path = np.zeros((steps + 1, D))
    for t in range(steps):
        w = W_path[t]
        W_path[t + 1] = w - lr * X.T @ (X @ w - y) / N
    return W_path
    ### END SOLUTION


# %% check="gradient_descent.first_step" points=1
X = np.array([[2.0, 5.0, -1.0], [1.0, -2.0, 3.0], [0.5, 4.0, 1.5], [3.0, 1.0, 0.5]])
y = np.array([4.0, -2.0, 3.0, 5.0])
check("one update", gradient_descent, X, y, lr=0.03, steps=1)
### BEGIN HIDDEN TESTS
check("one update, other data", gradient_descent, X[1:, ::-1] - 0.7, 3 - y[1:] ** 2, lr=0.01, steps=1)
### END HIDDEN TESTS

# %% check="gradient_descent.path" points=1
X = np.array([[1.0, 4.0, 2.0], [2.0, -3.0, 1.0], [0.5, 5.0, -1.0], [3.0, 2.0, 0.5], [-1.0, 6.0, 2.5]])
y = np.array([3.0, -1.0, 2.0, 4.0, 7.0])
path = check("the whole path", gradient_descent, X, y, lr=0.03, steps=6)
losses = np.mean((path @ X.T - y) ** 2, axis=1) / 2
assert np.all(np.diff(losses) < 0), "With this learning rate the loss falls at every step."
### BEGIN HIDDEN TESTS
r = np.random.RandomState(3)
X_big = r.normal(2, 1.5, (12, 14))
check("path, strided input", gradient_descent, X_big[::2, ::3], r.normal(1, 2, 6), lr=0.01, steps=9)
check("path, N < D", gradient_descent, r.normal(1, 1, (2, 4)), np.array([1.0, -3.0]), lr=0.05, steps=4)
check("path of no steps", gradient_descent, X, y, lr=0.03, steps=0)
### END HIDDEN TESTS

# %% [markdown]
# Established: row 0 is the start, each row follows from the one before, and the loss falls all the way.
# %% [markdown]
# Now let it run on the pond, 40 steps with a learning rate of 0.0108.
#
# **Predict first.** What will the path from $(0, 0)$ to the minimum look like: straight, a curve, or a zig-zag?
# %%
my_guess = "?"  # write yours here, then run the next cell


# %% tags=["demo"]
def draw_path(ax, X, y, path, title, names):
    """Contours of the loss of X, y over the two weights, and a path (T, 2) over them."""
    w_star = np.linalg.lstsq(X, y)[0]
    seen = np.vstack([path, w_star])
    middle, half = (seen.min(0) + seen.max(0)) / 2, 0.7 * np.ptp(seen, axis=0).max()
    w1, w2 = np.meshgrid(*(np.linspace(m - half, m + half, 121) for m in middle))
    L = np.array([loss(X, y, w) for w in np.stack([w1.ravel(), w2.ravel()], axis=1)]).reshape(w1.shape)
    excess = L - loss(X, y, w_star)
    ax.contour(w1, w2, excess, excess.max() * np.geomspace(0.002, 1, 10), colors="0.6", linestyles="-", linewidths=0.9)
    ax.plot(*path.T, ".-", linewidth=1.1, markersize=5, label="gradient descent")
    ax.plot(*path[0], "ks", label="start")
    ax.plot(*w_star, "k*", markersize=13, label="minimum")
    ax.set(title=title, xlabel=names[0], ylabel=names[1], aspect="equal")


# %% tags=["demo"]
with uses_your("gradient_descent"):
    path = gradient_descent(X_pond, y_pond, lr=0.0108, steps=40)
    fig, ax = plt.subplots(figsize=(5.0, 4.8))
    draw_path(ax, X_pond, y_pond, path, "To and fro, hardly forward", ["w, wind", "w, temperature"])
    ax.legend(loc="upper right", frameon=True, framealpha=1, edgecolor="none")
    plt.show()
    print(f"loss after 40 steps: {loss(X_pond, y_pond, path[-1]):.4f}")
    print(f"loss at the minimum: {loss(X_pond, y_pond, np.linalg.lstsq(X_pond, y_pond)[0]):.4f}")
# %% [markdown]
# *In the figure:* the contours are long, narrow, tilted ellipses. The path jumps from one wall of the valley to the
# other at every step, while it creeps along the floor, where the minimum is. After 40 steps it has not arrived.
#
# A larger learning rate would creep faster. Why not take one?
#
# ## 2. How large may a step be?
#
# Write $w^*$ for the minimum. The gradient is then $\nabla L(w) = H\,(w - w^*)$ with $H = X^\top X/N$, and one step
# gives
#
# $$w_{t+1} - w^* = (I - \text{lr}\cdot H)\,(w_t - w^*).$$
#
# Along an eigenvector of $H$ with eigenvalue $\lambda$, the error is multiplied by $1 - \text{lr}\cdot\lambda$ at each
# step. Nothing else happens to it. Let us watch two errors, each along one eigenvector of the pond's $H$.
# %%
H = X_pond.T @ X_pond / len(X_pond)
w_star = np.linalg.lstsq(X_pond, y_pond)[0]
eigenvalues, eigenvectors = np.linalg.eigh(H)
for lam, v in zip(eigenvalues, eigenvectors.T):
    w = w_star + v  # an error of length 1 along the eigenvector
    w_next = w - 0.0108 * X_pond.T @ (X_pond @ w - y_pond) / len(X_pond)
    print(f"λ = {lam:6.2f}: error times {v @ (w_next - w_star):+.3f}, and 1 − lr·λ = {1 - 0.0108 * lam:+.3f}")
# %% [markdown]
# There is the figure in two numbers. Across the valley the error changes its sign at each step: the zig-zag.
# Along the valley a step removes only about two percent of the error.
#
# ### Exercise: the limit (7 minutes)
# At which learning rate does gradient descent stop converging? Below the answer *every* error must shrink.
# Above it at least one grows.
#
# <details><summary>Hint</summary>
#
# The error shrinks while $|1 - \text{lr}\cdot\lambda| < 1$. Solve that for lr. Then ask which $\lambda$ breaks it
# first. `np.linalg.eigvalsh` gives the eigenvalues of a symmetric matrix.
# </details>


# %% exercise="max_stable_lr"
def max_stable_lr(X):
    """The learning rate above which gradient descent on L(w) = ||Xw - y||² / (2N) diverges.

    X: (N, D), used as it is.  Returns a float.  About 7 minutes.
    """
    ### BEGIN SOLUTION
    H = X.T @ X / len(X)
    return float(2 / np.linalg.eigvalsh(H).max())
    ### END SOLUTION


# %% check="max_stable_lr.one_feature" points=1
check("limit, one feature", max_stable_lr, np.array([[1.0], [2.0], [4.0], [3.0], [-1.0]]))
### BEGIN HIDDEN TESTS
check("limit, one feature, other data", max_stable_lr, np.array([[0.3], [-0.8], [0.1]]))
### END HIDDEN TESTS

# %% check="max_stable_lr.features" points=1
X = np.array([[2.0, 1.0, 0.5], [1.0, -3.0, 4.0], [0.0, 2.0, 1.5], [-1.0, 5.0, 3.0], [4.0, 0.5, 2.0]])
limit = check("limit, three features", max_stable_lr, X)
for factor, grows in [(0.99, False), (1.01, True)]:
    error = np.linalg.matrix_power(np.eye(3) - factor * limit * X.T @ X / len(X), 2000)
    assert (np.abs(error).max() > 1) == grows, (
        f"At {factor} of the limit the error should {'grow' if grows else 'shrink'}."
    )
### BEGIN HIDDEN TESTS
r = np.random.RandomState(4)
check("limit, N < D", max_stable_lr, r.normal(0, 3, (3, 5)))
check("limit, strided", max_stable_lr, r.normal([1, -2, 5, 0], [1, 2, 3, 4], (20, 4))[::2, ::-1])
check("limit, large offset", max_stable_lr, r.normal(1000, 1, (8, 2)))
check("limit, float32", max_stable_lr, r.normal(3, 2, (9, 4)).astype("f4"), rtol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# Established: one direction, the steepest, sets the limit for all. You know it without a single training run.
# %% [markdown]
# So the steepest direction forbids a large step, and the flattest direction needs one.
# How bad that is, is one number: the **condition number** $\kappa = \lambda_{\max}/\lambda_{\min}$ of $H$.
#
# **Predict first.** Double the scale of the larger of two features, and $\kappa$ becomes about four times as large. By
# what factor does the number of steps to converge grow, if each run takes half of its own limit: 1, 2, 4, 16?
# %%
my_guess = "?"


# %% tags=["demo"]
def steps_needed(X, y):
    """Steps until the excess loss is a millionth of its start, at half the largest stable learning rate."""
    W_path = gradient_descent(X, y, max_stable_lr(X) / 2, 3000)
    excess = np.mean((W_path @ X.T - y) ** 2, axis=1) / 2 - loss(X, y, np.linalg.lstsq(X, y)[0])
    return np.argmax(excess < 1e-6 * excess[0])


def scale_sweep(seed, ratios):
    """κ and the steps needed when the second of two features is scaled by each ratio: (2, len(ratios))."""
    round_X = np.random.default_rng(seed).normal(0, 1, (100, 2))
    data = [(round_X * [1, ratio], round_X @ [1, 1]) for ratio in ratios]
    return np.array([(np.linalg.cond(X) ** 2, steps_needed(X, y)) for X, y in data]).T


# %% tags=["demo"]
ratios = [1, 2, 4, 8, 16]
with uses_your("gradient_descent", "max_stable_lr"):
    sweeps = np.array([scale_sweep(seed, ratios) for seed in range(5)])  # seed, (κ, steps), ratio
    for ratio, kappa, steps in zip(ratios, *sweeps.mean(0)):
        print(f"scale ×{ratio:<3} κ about {kappa:6.1f}   steps about {steps:6.0f}")
    fig, ax = plt.subplots(figsize=(6.0, 3.6))
    for seed, marker in enumerate("osv^D"):
        ax.loglog(*sweeps[seed], marker, linestyle="none", label=f"seed {seed}")
    kappa = np.geomspace(1, 400, 50)
    ax.loglog(kappa, kappa * np.log(1e6) / 2, "k--", linewidth=1.2, label="6.9 κ")
    ax.set(title="Steps grow in proportion to κ", xlabel="condition number κ of H", ylabel="steps to converge")
    ax.legend(loc="lower right")
    plt.show()
# %% [markdown]
# *In the figure:* both axes are logarithmic. From κ = 3 on the points of all five seeds lie close to one line of slope
# 1: twice the scale of one feature, about four times the steps. Yet scaling has taken no information from the data.
#
# The dashed line is what theory says of a large κ. At half the limit, $\text{lr} = 1/\lambda_{\max}$, the flattest
# error is multiplied by $1 - 1/\kappa$ at each step, and its loss by the square of that. A factor of $10^{-6}$ then
# takes about $\tfrac12\kappa\ln 10^6 \approx 6.9\,\kappa$ steps. (Near κ = 1 no direction is flat, and a few steps do.)
#
# ## 3. Standardize
#
# The remedy is old: give each feature mean 0 and standard deviation 1.
#
# $$\mu_j = \frac1N\sum_i x_{ij}, \qquad \sigma_j = \sqrt{\frac1N\sum_i (x_{ij}-\mu_j)^2}, \qquad
# \hat x_{ij} = \frac{x_{ij} - \mu_j}{\sigma_j + \varepsilon}.$$
#
# The small $\varepsilon$ is there for a feature that never changes, such as the corner pixel of an image of a digit:
# $\sigma_j = 0$, and $0/0$ is not a number. (Batch normalization places its ε a little differently, inside the root.
# Here it is as above.)
#
# You will write this as two functions, *fit* and *apply*. The *training set* alone gives $\mu$ and $\sigma$: fit.
# *Every* data set that goes into the model, the training set too, is then standardized with those same numbers: apply.
#
# ### Exercise: fit (5 minutes)
#
# <details><summary>Hint</summary>
#
# One number for each column: which axis must disappear? NumPy's `std` divides by N unless told otherwise.
# </details>


# %% exercise="standardize_fit"
def standardize_fit(X):
    """The mean and the standard deviation of each feature, dividing by N.

    X: (N, D).  Returns (mean, std), each (D,) and of X's dtype; a constant feature has std 0. Stays accurate when a
    mean is huge beside its std.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    return X.mean(axis=0), X.std(axis=0)
    ### END SOLUTION


# %% check="standardize_fit.values" points=1
X = np.array([[1.0, 40.0, 7.0], [2.0, 70.0, 7.0], [4.0, 10.0, 7.0], [9.0, 90.0, 7.0]])  # the last one is constant
check("mean and std", standardize_fit, X)
check("a feature that never changes", standardize_fit, X[:, 2:])
### BEGIN HIDDEN TESTS
r = np.random.RandomState(5)
check("fit, other shape", standardize_fit, r.normal([3, -50, 0, 8, 1], [1, 9, 0.1, 4, 2], (11, 5)))
check("fit, strided", standardize_fit, r.normal(4, 2, (14, 9))[::2, ::3])
check("fit, large offset", standardize_fit, 1e8 + r.randint(-20, 21, (8, 2)))
check("fit, float32", standardize_fit, r.normal(5, 3, (20, 3)).astype("f4"), rtol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# Established: two numbers for each feature, learned from one data set, ready for any other.
# %% [markdown]
# ### Exercise: apply (5 minutes)
#
# <details><summary>Hint</summary>
#
# Shapes `(N, D)` and `(D,)` work together without any loop or reshape. The function has everything that it needs in
# its arguments.
# </details>


# %% exercise="standardize_apply"
def standardize_apply(X, mean, std, eps=1e-8):
    """Standardize X with statistics that are given: (X - mean) / (std + eps).

    X: (N, D); mean, std: (D,); eps: a small number.  Returns x_hat (N, D); X stays as it is.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    return (X - mean) / (std + eps)
    ### END SOLUTION


# %% check="standardize_apply.training_set" points=1
X = np.array([[1.0, 40.0, -7.0], [2.0, 70.0, -6.5], [4.0, 10.0, -7.5], [9.0, 90.0, -5.0]])
x_hat = check("x_hat, training set", standardize_apply, X, X.mean(0), X.std(0))
assert np.allclose(x_hat.mean(0), 0, atol=1e-6), "Each feature now has mean 0."
assert np.allclose(x_hat.std(0), 1), "Each feature now has standard deviation 1."
### BEGIN HIDDEN TESTS
X = np.array([[0.2, 300.0], [-1.4, 310.0], [0.9, 345.0]])
check("x_hat, another training set", standardize_apply, X, X.mean(0), X.std(0))
### END HIDDEN TESTS

# %% check="standardize_apply.new_data" points=1
X_new = np.array([[3.0, 55.0, 7.0], [5.0, 15.0, 7.0], [0.5, 80.0, 7.0], [6.0, 30.0, 7.0], [8.0, 5.0, 7.0]])
mean, std = np.array([4.0, 50.0, 7.0]), np.array([3.0, 30.0, 0.0])  # of a training set with a constant pixel
check("x_hat, new data", standardize_apply, X_new, mean, std, eps=0.1)
check("x_hat, default ε", standardize_apply, X_new, mean, std)
### BEGIN HIDDEN TESTS
r = np.random.RandomState(6)
check("apply, one row", standardize_apply, r.normal(5, 2, (1, 4)), np.arange(4.0), np.array([0.0, 1.0, 2.0, 9.0]), 0.5)
check(
    "apply, strided",
    standardize_apply,
    r.normal(4, 2, (14, 9))[::2, ::3],
    np.array([4.0, 3.0, -1.0]),
    np.array([2.0, 5.0, 0.2]),
)
a = [v.astype("f4") for v in (r.normal(5, 3, (20, 3)), np.array([5.0, 4.0, 3.0]), np.array([3.0, 2.0, 0.0]))]
check("apply, float32", standardize_apply, *a, eps=0.1, rtol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# Established: the training set comes out with mean 0 and standard deviation 1. New data do not, and they should not:
# if they differ from the training set, the model gets to see it. A feature that was constant, and still is, becomes 0,
# not NaN.
# %% [markdown]
# Back to the pond, with both versions of the data. Each takes half of its own limit, so the steep error is gone at
# once and nothing zig-zags. (With centred features, the mean of $y$ is the job of an intercept; so we subtract it.)
#
# **Predict first.** What shape will the standardized contours have? And where will each path be after 10 steps?
# %%
my_guess = "?"
# %% tags=["demo"]
with uses_your("gradient_descent", "max_stable_lr", "standardize_fit", "standardize_apply"):
    x_hat = standardize_apply(X_pond, *standardize_fit(X_pond))
    pairs = [(X_pond, y_pond, "Raw: a narrow valley"), (x_hat, y_pond - y_pond.mean(), "Standardized: round")]
    paths = [gradient_descent(X, y, max_stable_lr(X) / 2, 10) for X, y, _ in pairs]
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 4.4))
    for ax, (X, y, title), path in zip(axes, pairs, paths):
        draw_path(ax, X, y, path, title, ["w, wind", "w, temperature"])
        distance = np.linalg.norm(path - np.linalg.lstsq(X, y)[0], axis=1)
        print(f"{title:22} after 10 steps {distance[-1] / distance[0]:.4f} of the distance to the minimum is left")
    axes[1].legend(loc="lower right", frameon=True, framealpha=1, edgecolor="none")
    plt.show()
# %% [markdown]
# *In the figure:* on the left, narrow tilted ellipses. The path drops to the floor of the valley in one step and then
# creeps; after ten steps it is still far from the star. On the right the contours are nearly circles, and the path goes
# almost straight to the minimum. On circles the steepest way down points at the minimum, wherever you stand.
#
# Two things were wrong with the raw data. Which of them mattered, the mean or the scale? Take them away one at a time.
# %% tags=["demo"]
mean, std = X_pond.mean(0), X_pond.std(0)
for name, X in [
    ("raw", X_pond),
    ("only centred", X_pond - mean),
    ("only scaled", X_pond / std),
    ("centred and scaled", (X_pond - mean) / std),
    ("the same, correlated", (X_pond - mean) / std @ np.array([[1, 0.9], [0, np.sqrt(1 - 0.9**2)]])),
]:
    print(f"{name:21} κ = {np.linalg.cond(X) ** 2:6.2f}")
# %% [markdown]
# Both, and κ comes close to 1 only when both are gone. Different scales stretch the contours. A mean far from 0 adds
# a steep direction of its own: $H = \text{covariance} + \mu\mu^\top$.
#
# The last line is a limit of the remedy. There the two features were mixed until their correlation was about 0.9.
# Standardizing works on one feature at a time. If two features carry nearly the same information, a valley remains.
# Removing that as well (*whitening*) takes a full matrix. Ioffe and Szegedy (2015, arXiv 1502.03167, section 3) found
# it too costly inside a network and settled for one feature at a time. So shall we.
#
# ## 4. The same trouble inside a network
#
# You can standardize the inputs of a network once. But the input of its second layer is the output $a$ of its first,
# and nobody standardizes that. Take one unit. It receives a pre-activation $z$ and sends $a = g(z)$ on. The next layer
# computes $Z = W a$. We write $dZ$ for $\partial L/\partial Z$, and so on. When $dZ$ comes back, the chain rule gives
# two more:
#
# $$dW = dZ\cdot a \quad\text{(the weight after the unit)}, \qquad
# dz = dZ\cdot W\cdot g'(z) \quad\text{(goes on to the weights before it)}.$$
#
# Now let $z$ swing from −7 to +9, as it may when the weights before it change. We keep $dZ = 0.5$ and $W = 1$
# throughout.


# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


dZ, W = 0.5, 1.0
print("    z |  sigmoid a       dW       dz |  ReLU a    dW    dz")
for z in [-7.0, -1.0, 0.0, 1.0, 9.0]:
    a, slope = sigmoid(z), sigmoid(z) * (1 - sigmoid(z))
    print(f"{z:5.0f} | {a:10.4f} {dZ * a:8.4f} {dZ * W * slope:8.4f}", end=" | ")
    a, slope = max(z, 0.0), float(z > 0)  # ReLU
    print(f"{a:7.1f} {dZ * a:5.2f} {dZ * W * slope:5.2f}")
# %% [markdown]
# Read the sigmoid from top to bottom. At −7 the unit is silent: $a$ and the slope are both nearly 0, so the weight
# *after* it learns next to nothing, and so do the weights *before* it. At +9 the weight after it gets its full share,
# but $dz$ is nearly 0: the weights before it hardly move.
#
# Read ReLU. At −7 both gradients are exactly 0. At +9 all is open, but $dW$ is nine times what it was at $z = 1$.
#
# Is nine times a problem? Take a squared loss, $\tfrac12(Wa - t)^2$ with a target $t$. For the weight $W$ this is
# section 2 with one example and one feature, $a$. So $H = a^2$, and you know the limit.
#
# **Predict first.** The learning rate is 0.1. For $z = 1$, $z = 4$ and $z = 9$: does the error of $W$ shrink, or grow?
# %%
my_guess = {1: "?", 4: "?", 9: "?"}
# %% tags=["demo"]
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
z = np.linspace(-9, 11, 400)
left.plot(z, sigmoid(z), label="a, drives the weight after")
left.plot(z, 4 * sigmoid(z) * (1 - sigmoid(z)), label="4 g′(z), drives those before")
for swing in (-7, 9):
    left.axvline(swing, ymax=0.68, color="k", linestyle=":", linewidth=1)
left.set(
    title="Sigmoid: a gradient passes only near z = 0",
    xlabel="pre-activation z",
    ylabel="factor in the gradient",
    ylim=(-0.04, 1.45),
    xticks=[-7, -4, 0, 4, 9],
)
left.legend(loc="upper left")
t = np.arange(13)
for a, marker in [(1, "o"), (4, "s"), (9, "^")]:
    right.semilogy(
        t, np.abs(1 - 0.1 * a**2) ** t, marker=marker, markersize=4, label=f"z = a = {a}: lr·a² = {0.1 * a**2:.1f}"
    )
right.axhline(1, color="0.5", linestyle=":", linewidth=1)
right.set(title="ReLU: one rate, three fates", xlabel="step", ylabel="|W − W*| against its start", ylim=(1e-5, 1e6))
right.legend(loc="lower left")
plt.show()
# %% [markdown]
# *In the figure:* left, a sigmoid's $a$ climbs from 0 to 1, while its slope $g'$ (drawn four times as high) is a hump
# around 0; at the dotted lines, −7 and +9, the slope is practically 0. Right, the error of the weight after a ReLU unit
# on a logarithmic axis, lr = 0.1: it shrinks slowly for $z = 1$, fast for $z = 4$, and explodes for $z = 9$.
#
# No single learning rate suits a unit whose input swings like this. What is safe at $z = 9$ lies below $2/81$, and at
# $z = 1$ it removes less than 2.5 percent of the error in a step. The unit's output is a feature, and nobody has
# standardized it.
# %% [markdown]
# **Question 1.** A ReLU unit feeds one weight $W$, and the loss is $\tfrac12(Wa - t)^2$. While $z = 3$, you set the
# learning rate just below the limit. Then the weights before the unit change, and $z$ is 9 from now on. What happens
# to the error of $W$?
#
# - (a) It shrinks three times as fast, as $dW$ is three times as large.
# - (b) It keeps its size and only changes its sign, as lr is at the limit.
# - (c) It grows about ninefold at each step, as $a^2$ is nine times as large.
# - (d) It grows about seventeenfold at each step, as lr is nine times the new limit.
# %% exercise="q_swing"
# one letter, in quotes
### BEGIN SOLUTION
q_swing = "d"
### END SOLUTION

# %% check="q_swing.answer" points=1
check("question 1", q_swing)
# %% [markdown]
# Established: the limit is $2/a^2$. A factor of 3 in $a$ is a factor of 9 in the limit.
# %% [markdown]
# ## 5. Inputs that move
#
# So far the inputs had an awkward scale, but always the same one. Now they move.
#
# A classifier learns to recognise cats from photographs of black cats. Then it is shown ginger ones. What a cat is has
# not changed. The pictures have. This is **covariate shift** (Shimodaira, 2000): the distribution of the inputs,
# $p(x)$, moves, while $p(y\mid x)$, the label that belongs to a given input, stays.
#
# We can produce it. Train on clean digits; then change the *test* images in a way that leaves each digit what it is.
# %% tags=["demo"]
X_train, y_train, X_test, y_test = load_mnist()
X_test, y_test = X_test[:2000], y_test[:2000]
print(
    f"{len(X_train)} training images, {len(X_test)} test images of {X_test.shape[1]}×{X_test.shape[2]} pixels in [0, 1]"
)
# %%
shifts = {  # name: (the shift of images X (N, H, W) at severity s, the severities)
    "brightness": (lambda X, s: np.clip(X + s, 0, 1), [0, 0.1, 0.2, 0.4, 0.6, 0.8]),
    "contrast": (lambda X, s: 0.5 + (1 - s) * (X - 0.5), [0, 0.2, 0.4, 0.6, 0.8, 0.9]),
    "inversion": (lambda X, s: (1 - s) * X + s * (1 - X), [0, 0.2, 0.4, 0.6, 0.8, 1]),
    "translation": (lambda X, s: np.pad(X, ((0, 0), (0, 0), (s, 0)))[:, :, : X.shape[2]], [0, 1, 2, 3, 4, 5]),
}
# %% tags=["demo"]
fig, axes = plt.subplots(4, 6, figsize=(6.4, 4.7))
for row, (name, (shift, severities)) in zip(axes, shifts.items()):
    for ax, s in zip(row, severities):
        ax.imshow(shift(X_test[:1], s)[0], cmap="gray", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(True)
        ax.set_title(f"{s:g}", fontsize=9, fontweight="normal", loc="center")
    row[0].set_ylabel(name)
fig.suptitle("The same digit, four shifts, severity from left to right", fontweight="bold", fontsize=11)
plt.show()
# %% [markdown]
# *In the figure:* one test digit in four rows. Brightness lifts the black background towards white; contrast draws all
# to grey; inversion passes through grey and ends as black on white; translation moves the digit to the right, by so
# many pixels (the larger ones push a little ink of some digits over the edge).
#
# ### Exercise: accuracy under a shift (5 minutes)
# First a measure of the damage. `predict` and `shift` are functions that you are given; call them.
#
# <details><summary>Hint</summary>
#
# Shift the images, predict, compare with the labels, average. Pass *all* the images at once: a predictor may look at
# the whole set.
# </details>


# %% exercise="accuracy_under_shift"
def accuracy_under_shift(predict, X, y, shift):
    """The share of images that are still classified correctly after a shift.

    predict: a function, images (N, H, W) -> labels (N,); X: (N, H, W); y: (N,) true labels;
    shift: a function, images (N, H, W) -> images (N, H, W).  Each is called once, on all images.
    Returns a float between 0 and 1.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    return float(np.mean(predict(shift(X)) == y))
    ### END SOLUTION


# %% check="accuracy_under_shift.values" points=1
r = np.random.RandomState(23417)
X, y = r.uniform(0, 1, (17, 3, 4)), r.randint(0, 3, 17)
thirds = lambda X: (X.sum((1, 2)) * 2 % 3).astype(int)
above_average = lambda X: (X.sum((1, 2)) > X.sum((1, 2)).mean()).astype(int)  # looks at the whole set
check("accuracy, darkened", accuracy_under_shift, thirds, X, y, lambda X: X**2)
dim = lambda X: X * X.mean(0)  # so does this
check("accuracy, compared with the average", accuracy_under_shift, above_average, X, y, dim)
### BEGIN HIDDEN TESTS
r = np.random.RandomState(8)
X = r.uniform(0, 1, (40, 5, 6))[::2, :, ::2].astype("f4")
y = r.randint(0, 3, 20)
check("accuracy, float32", accuracy_under_shift, thirds, X, y, lambda X: 1 - X)
check("accuracy, turned", accuracy_under_shift, lambda X: thirds(X[:, :2]), X, y, lambda X: X[:, ::-1])
### END HIDDEN TESTS

# %% [markdown]
# Established: one number for one predictor and one shift.
# %% [markdown]
# The classifier is softmax regression, one linear layer: $\text{logits} = \hat x W + b$. It is trained by mini-batch
# gradient descent on the standardized pixels of at most 5,000 images. The seed draws the images and the batches. The
# code uses your `standardize_fit` and `standardize_apply`.
#
# We set ε = 0.1 here. Near the border some pixels are black in every training image, or in almost every one. Their σ is
# 0 or tiny, and with a tiny ε a slight change of brightness would be blown up into an enormous $\hat x$.


# %%
def flat(X):
    return X.reshape(len(X), -1).astype(np.float64)


def softmax(logits):
    p = np.exp(logits - logits.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


# %%
def train_softmax(X, y, seed, steps=600, lr=0.05, batch=50):
    """Softmax regression on X (N, H, W), y (N,). Returns W (H·W, 10), b (10,), and the mean and std (H·W,) it used."""
    rng = np.random.default_rng(seed)
    pick = rng.permutation(len(X))[:5000]
    pixels, targets = flat(X[pick]), np.eye(10)[y[pick]]
    mean, std = standardize_fit(pixels)
    x_hat = standardize_apply(pixels, mean, std, eps=0.1)
    W, b = np.zeros((x_hat.shape[1], 10)), np.zeros(10)
    for _ in range(steps):
        i = rng.integers(0, len(x_hat), batch)
        dlogits = (softmax(x_hat[i] @ W + b) - targets[i]) / batch
        W -= lr * x_hat[i].T @ dlogits
        b -= lr * dlogits.sum(0)
    return W, b, mean, std


# %% [markdown]
# The same trained weights, two ways to standardize what comes in:
#
# - **stored**: with the mean and std of the training set, as in section 3;
# - **own**: with the mean and std of the shifted test images themselves. This needs no labels, only a set of images.


# %%
def predict(model, X, own=False):
    """Labels (N,) for images X (N, H, W), standardized with the model's stored statistics or with X's own."""
    W, b, mean, std = model
    if own:
        mean, std = standardize_fit(flat(X))
    return np.argmax(standardize_apply(flat(X), mean, std, eps=0.1) @ W + b, axis=1)


# %% [markdown]
# **Predict first.** How far will the set's own statistics bring the accuracy back under each of the four shifts: fully,
# partly, not at all?
# %%
my_guess = {"brightness": "?", "contrast": "?", "inversion": "?", "translation": "?"}


# %% tags=["demo"]
def measure(model):
    """Accuracies of one trained model, by shift: an array (severity, stored or own)."""
    result = {}
    for name, (shift, severities) in shifts.items():
        result[name] = np.zeros((len(severities), 2))
        for k, s in enumerate(severities):
            for own in (False, True):
                result[name][k, int(own)] = accuracy_under_shift(
                    lambda X: predict(model, X, own), X_test, y_test, lambda X: shift(X, s)
                )
    return result


# %% tags=["demo"]
def draw_accuracies(ax, name, A):
    """A: (seed, severity, stored or own). Lines for the means, bands from the lowest to the highest seed."""
    severities = shifts[name][1]
    for k, (label, style) in enumerate([("stored statistics", "o-"), ("own statistics", "s--")]):
        ax.fill_between(severities, A[:, :, k].min(0), A[:, :, k].max(0), color=f"C{k}", alpha=0.25, linewidth=0)
        ax.plot(severities, A[:, :, k].mean(0), style, color=f"C{k}", markersize=5, label=label)
    ax.axhline(0.1, color="0.4", linestyle=":", linewidth=1.2, label="guessing")
    unit = "pixels to the right" if name == "translation" else "severity"
    ax.set(title=name, xlabel=unit, ylabel="test accuracy", ylim=(-0.03, 1))


# %% tags=["demo"]
with uses_your("standardize_fit", "standardize_apply", "accuracy_under_shift"):
    runs = [measure(train_softmax(X_train, y_train, seed)) for seed in range(5)]
    fig, axes = plt.subplots(2, 2, figsize=(8.5, 5.8))
    print("mean over 5 seeds      clean   strongest shift: stored     own")
    for ax, name in zip(axes.flat, shifts):
        A = np.stack([run[name] for run in runs])
        draw_accuracies(ax, name, A)
        print(f"{name:22} {A[:, 0, 0].mean():.3f} {A[:, -1, 0].mean():25.3f} {A[:, -1, 1].mean():7.3f}")
    axes[1, 0].legend(loc="upper right")
    fig.suptitle("A set's own statistics undo some shifts, and not others", fontweight="bold")
    plt.show()
# %% [markdown]
# *In the figure:* four panels, accuracy against severity; lines are means over five seeds, bands reach from the lowest
# seed to the highest. With stored statistics (solid) every line falls far, towards the level of guessing or below it.
# With the set's own (dashed) brightness and contrast keep most of their accuracy; inversion keeps it up to 0.4 and has
# almost none from 0.6 on; for translation the dashed line falls as well, only a little later.
#
# For the repair nothing was retrained and not one label was used. Two numbers for each pixel were recomputed.
#
# Why these shifts and not those? Suppose a shift is $x \to \alpha x + \delta$ in every pixel, with $\alpha \ne 0$. Then
# $\mu \to \alpha\mu + \delta$ and $\sigma \to |\alpha|\,\sigma$, so with $\varepsilon = 0$
#
# $$\hat x \to \frac{\alpha x + \delta - \alpha\mu - \delta}{|\alpha|\,\sigma}
# = \frac{\alpha}{|\alpha|}\,\hat x = \pm\,\hat x.$$
# %%
x = np.random.default_rng(1).normal(3, 2, (50, 1))
x_hat = (x - x.mean(0)) / x.std(0)
for alpha, delta in [(1, 0.4), (0.2, 0.4), (-1, 1.0)]:
    moved = alpha * x + delta
    moved_hat = (moved - moved.mean(0)) / moved.std(0)
    same, minus = np.allclose(moved_hat, x_hat), np.allclose(moved_hat, -x_hat)
    print(f"{alpha:4.1f} x + {delta}:  same x_hat: {same!s:5}   minus x_hat: {minus}")
# %% [markdown]
# - **Contrast** has $\alpha = 1 - s > 0$: undone, up to ε. **Brightness** has $\alpha = 1$: undone, up to the greys
#   that clipping turns white. What stays dark still draws the digit, so even at 0.8 most of the accuracy is there.
# - **Inversion** has $\alpha = 1 - 2s$. For $s$ below one half it is a loss of contrast. Above, $\alpha$ is negative:
#   every $\hat x$ has the wrong sign, and what spoke for a digit now speaks against it. That is worse than guessing.
# - **Translation** is not of this form. It moves ink from one pixel to another, and no mean or spread of one pixel
#   knows where it came from.
#
# This is a first glimpse of batch normalization: standardize with the statistics of the data at hand. It will do so in
# every layer, at every training step. Remember also what it could not undo.
#
# ## 6. Not every shift is covariate shift
#
# Inputs and labels together have a joint distribution, and it can be factored in two ways:
#
# $$p(x,y) = p(x)\,p(y\mid x) = p(y)\,p(x\mid y).$$
#
# Three kinds of change have names. Each moves one factor and keeps its partner:
#
# | | moves | stays |
# |---|---|---|
# | covariate shift | $p(x)$ | $p(y\mid x)$ |
# | label shift | $p(y)$ | $p(x\mid y)$ |
# | concept drift | $p(y\mid x)$ | in the pure case, $p(x)$ |
#
# Here they are with numbers: an animal is black or ginger ($x$), and it is a cat or not ($y$).
# %%
p = np.array([[0.56, 0.24], [0.12, 0.08]])  # rows: black, ginger; columns: cat, not a cat
p_x, p_y = p.sum(1, keepdims=True), p.sum(0, keepdims=True)
worlds = {
    "training": p,
    "covariate shift": np.array([[0.2], [0.8]]) * (p / p_x),  # new p(x), old p(y|x)
    "label shift": np.array([[0.2, 0.8]]) * (p / p_y),  # new p(y), old p(x|y)
    "concept drift": p_x * np.array([[0.3, 0.7], [0.9, 0.1]]),  # old p(x), new p(y|x)
}
print("                 p(black)  p(cat)  p(cat|black)  p(cat|ginger)  p(black|cat)")
for name, q in worlds.items():
    row = q[0].sum(), q[:, 0].sum(), *(q[:, 0] / q.sum(1)), q[0, 0] / q[:, 0].sum()
    print(f"{name:16} {row[0]:8.2f} {row[1]:7.2f} {row[2]:13.2f} {row[3]:14.2f} {row[4]:13.2f}")
# %% [markdown]
# Look for the columns that keep their training values. Under covariate shift they are the two
# $p(\text{cat}\mid\cdot)$. Under label shift it is $p(\text{black}\mid\text{cat})$; but $p(\text{black})$ has moved as
# well, so from the inputs alone it can *look* like covariate shift. Under concept drift $p(\text{black})$ has not
# moved at all.
# %% [markdown]
# **Question 2.** A hospital has trained a model to find pneumonia ($y$) in X-rays ($x$). Which of these is covariate
# shift?
#
# - (a) In winter there are three times as many cases; a case looks as it always did.
# - (b) A new scanner makes all images darker; which patient has pneumonia does not depend on the scanner.
# - (c) A new guideline counts mild infiltrates as pneumonia; the images are as before.
# - (d) The model is retrained with another seed and classifies some patients differently.
# %% exercise="q_shift"
# one letter, in quotes
### BEGIN SOLUTION
q_shift = "b"
### END SOLUTION

# %% check="q_shift.answer" points=1
check("question 2", q_shift)
# %% [markdown]
# Established: to name a shift, ask what stays.
# %% [markdown]
# Why care about the name? Because the remedy depends on it. Back to the digits, with one shift of each kind:
#
# - covariate shift: contrast, severity 0.6;
# - label shift: from today only fours and nines arrive;
# - concept drift: from today a six is called "nine" and a nine "six".
#
# **Predict first.** In each case, do the set's own statistics help, do nothing, or harm?
# %%
my_guess = {"covariate shift": "?", "label shift": "?", "concept drift": "?"}
# %% tags=["demo"]
four_or_nine = np.isin(y_test, [4, 9])
renamed = np.where(y_test == 6, 9, np.where(y_test == 9, 6, y_test))
cases = {
    "clean": (X_test, y_test),
    "covariate shift": (shifts["contrast"][0](X_test, 0.6), y_test),
    "label shift": (X_test[four_or_nine], y_test[four_or_nine]),
    "concept drift": (X_test, renamed),
}
# %% tags=["demo"]
with uses_your("standardize_fit", "standardize_apply", "accuracy_under_shift"):
    models = [train_softmax(X_train, y_train, seed) for seed in range(5)]
    print("accuracy, mean (lowest to highest of 5 seeds)")
    print("                    stored statistics       own statistics")
    for name, (X, y) in cases.items():
        A = [
            [accuracy_under_shift(lambda X: predict(m, X, own), X, y, lambda X: X) for m in models]
            for own in (False, True)
        ]
        print(f"{name:16}", *(f"   {np.mean(a):.2f} ({min(a):.2f} to {max(a):.2f})" for a in A))
# %% [markdown]
# Covariate shift: they help. Concept drift: the inputs are the same as before, so their statistics know nothing of it,
# and repair nothing.
#
# Label shift: they *harm*. Which of the two does it, the mean or the standard deviation? Exchange one at a time.
# %% tags=["demo"]
with uses_your("standardize_fit", "standardize_apply"):
    X, y = cases["label shift"]
    own_mean, own_std = standardize_fit(flat(X))
    models = [train_softmax(X_train, y_train, seed) for seed in range(5)]
    for name, mixed in {
        "own mean, stored std": [(W, b, own_mean, std) for W, b, _, std in models],
        "stored mean, own std": [(W, b, mean, own_std) for W, b, mean, _ in models],
    }.items():
        a = [np.mean(predict(model, X) == y) for model in mixed]
        print(f"fours and nines, {name}: {np.mean(a):.2f} ({min(a):.2f} to {max(a):.2f})")
# %% [markdown]
# The mean. The mean of a set of fours and nines contains what fours and nines have in common, and subtracting it takes
# that away from every image. The model has to decide among ten digits without it. A set's own statistics help only as
# far as the set is representative. Unit 10 meets this again, as batches sorted by class.
#
# ## Recap
#
# - For least squares the curvature $H = X^\top X/N$ sets the pace: the limit is $2/\lambda_{\max}$, and the steps grow
#   with $\kappa = \lambda_{\max}/\lambda_{\min}$.
# - Means far from 0 and unequal scales both raise $\kappa$. Standardizing removes both, one feature at a time;
#   correlation remains.
# - Inside a network, a unit's output is the next layer's input. When $z$ swings, so do $dW = dZ\cdot a$ and the limit;
#   a sigmoid far from 0 passes almost nothing back.
# - Covariate shift moves $p(x)$ and leaves $p(y\mid x)$. The shifted set's own statistics undo $\alpha x + \delta$
#   with $\alpha > 0$ in each pixel, without a label.
# - They do nothing against concept drift, and can harm under label shift.
# %%
scoreboard()
# %% [markdown]
# **Next:** inputs that move *inside* a network, while it learns. Unit 02 sends signals and gradients through twenty
# layers and watches what becomes of them.
