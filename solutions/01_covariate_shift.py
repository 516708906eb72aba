# ---
# title: Covariate shift
# question: What goes wrong when inputs have the wrong scale, or move?
# seconds: 18
# builds_on: [00_start_here]
# ---
# %% [markdown]
# By the end you can
#
# - read from the data alone how large a learning rate gradient descent can stand, and why two scales make it slow;
# - standardize a training set, and treat new data with the *same* numbers;
# - say what a swinging pre-activation does to the weight after a neuron and to the weights before it;
# - measure how a classifier suffers when its inputs move, and repair part of the damage without a single label;
# - tell covariate shift from label shift and from concept drift.
#
# Batch normalization itself does not appear yet. Everything here is the problem that it answers.
#
# > **What this unit uses**
# >
# > - *Data:* $X$ of shape $(N, D)$: $N$ examples (rows), $D$ features (columns). Feature $j$ has the mean
# >   $\mu_j = \frac1N\sum_i x_{ij}$ and the variance $\sigma_j^2 = \frac1N\sum_i (x_{ij} - \mu_j)^2$, divided by $N$;
# >   its root $\sigma_j$ is the standard deviation.
# > - *Gradient descent:* $w \leftarrow w - \text{lr}\cdot\nabla L(w)$, with the learning rate lr. For a sum of squares,
# >   $\nabla\lVert Xw - y\rVert^2 = 2X^\top(Xw - y)$.
# > - *Eigenvalues:* $Hv = \lambda v$ says that $H$ only stretches the direction $v$, by $\lambda$. A symmetric
# >   $D\times D$ matrix has $D$ such directions, at right angles.
# > - *A neuron:* it receives a pre-activation $z$ (a weighted sum of its inputs) and sends $a = g(z)$ on. $g$ is its
# >   activation function: a sigmoid, $1/(1 + e^{-z})$, or ReLU, $\max(0, z)$. The chain rule takes gradients back.
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
# The temperature's numbers are about four times as large, in mean and in spread. That says nothing about the pond:
# in km/h the wind's numbers would be 3.6 times as large.
# %% claim="temperature is about four times as large as wind, in mean and in standard deviation"
all(3.3 < ratio < 4.7 for f in (np.mean, np.std) for ratio in [f(X_pond[:, 1]) / f(X_pond[:, 0])])
# %% [markdown]
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
    Returns W_path, an array (steps + 1, D): the start in row 0, then w after each update.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    N, D = X.shape
    W_path = np.zeros((steps + 1, D))
    for t in range(steps):
        w = W_path[t]
        W_path[t + 1] = w - lr * X.T @ (X @ w - y) / N
    return W_path
    ### END SOLUTION


# %% check="gradient_descent.first_steps" points=1
X = np.array([[2.0, 5.0, -1.0], [1.0, -2.0, 3.0], [0.5, 4.0, 1.5], [3.0, 1.0, 0.5], [-1.0, 3.0, 2.0]])
y = np.array([4.0, -2.0, 3.0, 5.0, 1.5])
check("three updates", gradient_descent, X, y, lr=0.03, steps=3)
### BEGIN HIDDEN TESTS
check("two updates, other data", gradient_descent, X[:, [2, 0]] - 0.7, 3 - y**2, lr=0.01, steps=2)
### END HIDDEN TESTS

# %% check="gradient_descent.path" points=1
X = np.array([[1.0, 4.0], [2.0, -3.0], [0.5, 5.0], [3.0, 2.0], [-1.0, 6.0]])
y = np.array([3.0, -1.0, 2.0, 4.0, 7.0])
path = check("the whole path", gradient_descent, X, y, lr=0.03, steps=6)
check("a path of no steps", gradient_descent, X, y, lr=0.03, steps=0)
losses = np.mean((path @ X.T - y) ** 2, axis=1) / 2
assert np.all(np.diff(losses) < 0), "With this learning rate the loss falls at every step."
### BEGIN HIDDEN TESTS
r = np.random.RandomState(3)
X_big = r.normal(2, 1.5, (12, 14))
check("path, strided input", gradient_descent, X_big[::2, ::3], r.normal(1, 2, 6), lr=0.01, steps=9)
check("path, N < D", gradient_descent, r.normal(1, 1, (2, 4)), np.array([1.0, -3.0]), lr=0.05, steps=4)
### END HIDDEN TESTS

# %% [markdown]
# Established: row 0 is the start, each row follows from the one before, and the loss falls all the way.
# %% [markdown]
# Now let it run on the pond, 40 steps with a learning rate of 0.0108.
#
# **Predict first.** What will the path from $(0, 0)$ look like: straight, a curve, or a zig-zag? How much of the way
# to the minimum will it have gone?
# %%
my_guess = "?"  # write yours here, then run the next two cells


# %% tags=["demo"]
def draw_path(ax, X, y, path, title, names):
    """Contours of the loss of X, y over the two weights, and a path (T, 2) over them."""
    w_star = np.linalg.lstsq(X, y)[0]
    half = 1.2 * np.abs(path - w_star).max()  # the minimum in the middle, so that contours close around it
    w1, w2 = np.meshgrid(*(np.linspace(m - half, m + half, 161) for m in w_star))
    L = np.array([loss(X, y, w) for w in np.stack([w1.ravel(), w2.ravel()], axis=1)]).reshape(w1.shape)
    excess = L - loss(X, y, w_star)
    ax.contour(w1, w2, excess, excess.max() * np.geomspace(5e-4, 1, 10), colors="0.6", linestyles="-", linewidths=0.9)
    ax.plot(*path.T, ".-", linewidth=1.1, markersize=5, label="gradient descent")
    ax.plot(*path[0], "ks", label="start")
    ax.plot(*w_star, "k*", markersize=13, label="minimum")
    ax.set(title=title, xlabel=names[0], ylabel=names[1], aspect="equal")


# %% tags=["demo"]
with uses_your("gradient_descent"):
    path = gradient_descent(X_pond, y_pond, lr=0.0108, steps=40)
    fig, ax = plt.subplots(figsize=(5.0, 4.8))
    draw_path(ax, X_pond, y_pond, path, "To and fro, hardly forward", ["weight of wind", "weight of temperature"])
    ax.legend(loc="upper right", frameon=True, framealpha=1, edgecolor="none")
    plt.show()
    w_star = np.linalg.lstsq(X_pond, y_pond)[0]
    left = np.linalg.norm(path[-1] - w_star) / np.linalg.norm(w_star)
    print(f"your guess: {my_guess}\nafter 40 steps {left:.2f} of the distance to the minimum is left")
    losses = loss(X_pond, y_pond, path[-1]), loss(X_pond, y_pond, w_star)
    print(f"loss after 40 steps: {losses[0]:.4f}, at the minimum {losses[1]:.4f}")
# %% [markdown]
# *In the figure:* the contours are long, narrow, tilted ellipses around the star. The path jumps from one wall of the
# valley to the other at every step, and creeps along its floor. After 40 steps nearly a third of the way is left.
# %% claim="across the valley the sign changes at every step; nearly a third of the distance is left"
(np.diff(np.sign((path - w_star) @ np.linalg.eigh(X_pond.T @ X_pond)[1][:, 1])) != 0).all() and 0.27 < left < 0.33
# %% [markdown]
# A larger learning rate would creep faster. Why not take one?
#
# ## 2. How large may a step be?
#
# Write $w^*$ for the minimum. The gradient there is zero, $\frac1N X^\top(Xw^* - y) = 0$. Subtract this from
# $\nabla L(w)$: $y$ drops out, and with $H = X^\top X/N$
#
# $$\nabla L(w) = \tfrac1N X^\top(Xw - y) - \tfrac1N X^\top(Xw^* - y) = \tfrac1N X^\top X\,(w - w^*) = H\,(w - w^*).$$
#
# One step of gradient descent therefore gives
#
# $$w_{t+1} - w^* = (I - \text{lr}\cdot H)\,(w_t - w^*).$$
#
# Along an eigenvector of $H$ with eigenvalue $\lambda$, the error is multiplied by $1 - \text{lr}\cdot\lambda$ at
# each step. Nothing else happens to it. Let us watch two errors, each along one eigenvector of the pond's $H$.
# %%
H = X_pond.T @ X_pond / len(X_pond)
w_star = np.linalg.lstsq(X_pond, y_pond)[0]  # the minimum, by NumPy's own solver
eigenvalues, eigenvectors = np.linalg.eigh(H)
for lam, v in zip(eigenvalues, eigenvectors.T):
    w = w_star + v  # an error of length 1 along the eigenvector
    w_next = w - 0.0108 * X_pond.T @ (X_pond @ w - y_pond) / len(X_pond)
    print(f"λ = {lam:6.2f}: error times {v @ (w_next - w_star):+.3f}, and 1 − lr·λ = {1 - 0.0108 * lam:+.3f}")
# %% [markdown]
# There is the figure in two numbers. Across the valley (the larger λ) the error changes its sign at each step and
# loses about a tenth: the zig-zag. Along the valley a step removes only about two percent of the error.
# %% claim="across: minus about 0.9; along: about two percent gone"
-0.92 < 1 - 0.0108 * eigenvalues[1] < -0.88 and 0.015 < 0.0108 * eigenvalues[0] < 0.03
# %% [markdown]
# ### Exercise: the limit (7 minutes)
# At which learning rate does gradient descent stop converging? Below the answer no error grows. Above it at least one
# does.
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
check("limit, four features, strided", max_stable_lr, r.normal([1, -2, 5, 0], [1, 2, 3, 4], (22, 4))[::2, ::-1])
check("limit, large offset", max_stable_lr, r.normal(1000, 1, (8, 3)))
### END HIDDEN TESTS

# %% check="max_stable_lr.other_shapes" points=1
X = np.array([[1.0, 3.0, -2.0, 0.5], [4.0, -1.0, 2.5, 2.0], [0.5, 2.0, 6.0, -3.0]])
check("limit, more features than rows", max_stable_lr, X)
check("limit, one feature", max_stable_lr, np.array([[1.0], [2.0], [4.0], [3.0], [-1.0]]))
### BEGIN HIDDEN TESTS
r = np.random.RandomState(4)
check("limit, five features, three rows", max_stable_lr, r.normal(0, 3, (3, 5)))
check("limit, one feature, other data", max_stable_lr, np.array([[0.3], [-0.8], [0.1]]))
check("limit, float32", max_stable_lr, r.normal(3, 2, (9, 4)).astype("f4"), rtol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# Established: one direction, the steepest, sets the limit for all. You know it without a single training run.
# %% [markdown]
# **Question 1.** Some $H$ has the eigenvalues 2 and 50. You choose lr = 0.03. What happens to the two errors?
#
# - (a) Both shrink without a change of sign: lr is below the limit.
# - (b) Both shrink. The one along $\lambda = 50$ changes its sign at each step, and the other takes longer.
# - (c) Both shrink. The one along $\lambda = 50$ changes its sign at each step, and takes longer.
# - (d) The one along $\lambda = 50$ grows, as $0.03\cdot 50$ is more than 1.
# %% exercise="q_two_errors"
# one letter, in quotes
### BEGIN SOLUTION
q_two_errors = "b"
### END SOLUTION

# %% check="q_two_errors.answer" points=0
check("question 1", q_two_errors)
# %% [markdown]
# So the steepest direction forbids a large step, and the flattest direction needs one.
# One number says how bad that is: the **condition number** $\kappa = \lambda_{\max}/\lambda_{\min}$ of $H$.
#
# To compare data sets fairly, each run below takes half of its own limit, $\text{lr} = 1/\lambda_{\max}$. There
# $1 - \text{lr}\cdot\lambda_{\max} = 0$: the steepest error is gone after one step, and we wait for the flattest.
#
# **Predict first.** Double the scale of the larger of two features, and $\kappa$ becomes about four times as large.
# By what factor does the number of steps to converge grow: 1, 2, 4, 16?
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
    print("your guess:", my_guess)
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
# *In the figure:* both axes are logarithmic. From κ = 3 on the points of all five seeds lie close to the dashed line,
# up to a quarter below it. Its slope is 1: twice the scale of one feature, four times κ, a little more than four
# times the steps. Yet scaling has taken no information from the data.
# %% claim="from κ = 3 on: κ times four, steps times four to five, and points at most a quarter below 6.9 κ"
(np.abs(sweeps[:, 0, 2:] / sweeps[:, 0, 1:-1] - 4) < 0.1).all() and (sweeps[:, 0, 1:] > 3).all() and (
    (lambda r: 3.9 < r.min() and r.max() < 4.7)(sweeps[:, 1, 2:] / sweeps[:, 1, 1:-1])
) and (lambda r: 0.75 < r.min() and r.max() < 1)(sweeps[:, 1, 1:] / sweeps[:, 0, 1:] / 6.9)
# %% [markdown]
# The dashed line is what theory says of a large κ. At half the limit the flattest error is multiplied by
# $1 - \text{lr}\cdot\lambda_{\min} = 1 - 1/\kappa$ at each step, and its loss by the square of that. A factor of
# $10^{-6}$ then takes about $\tfrac12\kappa\ln 10^6 \approx 6.9\,\kappa$ steps. (Near κ = 1 no direction is flat:
# fewer than ten steps are enough.)
# %% claim="near κ = 1 fewer than ten steps are enough"
sweeps[:, 0, 0].max() < 1.5 and sweeps[:, 1, 0].max() < 10
# %% [markdown]
# ## 3. Standardize
#
# The remedy is old: give each feature mean 0 and standard deviation 1. With $\mu_j$ and $\sigma_j$ of feature $j$,
#
# $$\hat x_{ij} = \frac{x_{ij} - \mu_j}{\sigma_j + \varepsilon}.$$
#
# The small $\varepsilon$ is there for a feature that never changes, such as the corner pixel of an image of a digit:
# $\sigma_j = 0$, and $0/0$ is not a number. (Batch normalization places its ε a little differently, inside the root.
# Here it is as above.)
#
# You will write this as two functions, *fit* and *apply*. The *training set* alone gives $\mu$ and $\sigma$: fit.
# *Every* data set that goes into the model, the training set too, is then standardized with those same numbers:
# apply.
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

    X: (N, D).  Returns (mean, std), two arrays of shape (D,); a constant feature has std 0. Stays accurate when a
    mean is huge beside its std (a hundred million beside ten, in float64).  About 5 minutes.
    """
    ### BEGIN SOLUTION
    return X.mean(axis=0), X.std(axis=0)
    ### END SOLUTION


# %% check="standardize_fit.values" points=1
X = np.array([[1.0, 40.0, 7.0], [2.0, 70.0, 7.0], [2.0, 10.0, 7.0], [9.0, 90.0, 7.0], [4.0, 70.0, 7.0]])
check("mean and std", standardize_fit, X)  # the last feature is constant
check("a feature that never changes", standardize_fit, X[:, 2:])
check("a mean of a hundred million", standardize_fit, X[:, :2] + 1e8)
### BEGIN HIDDEN TESTS
r = np.random.RandomState(5)
check("fit, other shape", standardize_fit, r.normal([3, -50, 0, 8, 1], [1, 9, 0.1, 4, 2], (11, 5)))
check("fit, strided", standardize_fit, r.normal(4, 2, (14, 9))[::2, ::3])
check("fit, another large offset", standardize_fit, 1e8 + r.randint(-20, 21, (8, 3)))
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

    X: (N, D); mean, std: (D,); eps: a small number.  Returns x_hat, an array (N, D); the arguments stay as they
    are.  About 5 minutes.
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
X = np.array([[0.2, 300.0], [-1.4, 310.0], [0.9, 345.0], [0.1, 333.0], [-2.0, 305.0]])
check("x_hat, another training set", standardize_apply, X, X.mean(0), X.std(0))
### END HIDDEN TESTS

# %% check="standardize_apply.new_data" points=1
X_new = np.array([[3.0, 55.0, 7.0], [5.0, 15.0, 7.0], [0.5, 80.0, 7.0], [16.0, 30.0, 7.0], [8.0, 5.0, 7.0]])
mean, std = np.array([4.0, 50.0, 7.0]), np.array([3.0, 30.0, 0.0])  # of a training set with a constant pixel
check("x_hat, new data", standardize_apply, X_new, mean, std, eps=0.1)
check("x_hat, default ε", standardize_apply, X_new, mean, std)
check("x_hat, the constant pixel moved", standardize_apply, X_new + [0.0, 0.0, 0.75], mean, std, eps=0.1)
### BEGIN HIDDEN TESTS
r = np.random.RandomState(6)
check("apply, one row", standardize_apply, r.normal(5, 2, (1, 4)), np.arange(4.0), np.array([0.0, 1.0, 2.0, 9.0]), 0.5)
check(
    "apply, strided",
    standardize_apply,
    r.normal(4, 2, (14, 9))[::2, ::3],
    np.array([4.0, 3.0, -1.0]),
    np.array([2.0, 5.0, 0.2]),
    eps=0.3,
)
a = [v.astype("f4") for v in (r.normal(5, 3, (20, 3)), np.array([5.0, 4.0, 3.0]), np.array([3.0, 2.0, 0.0]))]
check("apply, float32", standardize_apply, *a, eps=0.1, rtol=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# Established: the training set comes out with mean 0 and standard deviation 1. New data do not, and they should not:
# where they differ from the training set, the model must see the difference. A feature that was constant, and still
# is, becomes 0, not NaN.
# %% [markdown]
# Back to the pond, with both versions of the data. Each takes half of its own limit again, so nothing zig-zags. (With
# centred features, the mean of $y$ is the job of an intercept; so we subtract it.)
#
# **Predict first.** After 10 steps, what share of the distance to the minimum is left with each version: 0, ¼, ½, ¾?
# %%
my_guess = {"raw": "?", "standardized": "?"}
# %% tags=["demo"]
with uses_your("gradient_descent", "max_stable_lr", "standardize_fit", "standardize_apply"):
    x_hat = standardize_apply(X_pond, *standardize_fit(X_pond))
    pairs = [(X_pond, y_pond, "Raw: a narrow valley"), (x_hat, y_pond - y_pond.mean(), "Standardized: round")]
    print("your guess:", my_guess)
    paths = [gradient_descent(X, y, max_stable_lr(X) / 2, 10) for X, y, _ in pairs]
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 4.4))
    for ax, (X, y, title), path in zip(axes, pairs, paths):
        draw_path(ax, X, y, path, title, ["weight of wind", "weight of temperature"])
        distance = np.linalg.norm(path - np.linalg.lstsq(X, y)[0], axis=1)
        print(f"{title:22} after 10 steps {distance[-1] / distance[0]:.4f} of the distance to the minimum is left")
    axes[1].legend(loc="lower right", frameon=True, framealpha=1, edgecolor="none")
    plt.show()
# %% [markdown]
# *In the figure:* on the left, narrow tilted ellipses. The path drops to the floor of the valley in one step and then
# creeps; after ten steps more than half of the way is left. On the right the contours are nearly circles, and the
# path goes almost straight to the minimum. On circles the steepest way down points at the minimum, wherever you
# stand.
# %% claim="raw: on the floor after one step, more than half left; standardized: nearly round, almost straight, arrived"
abs((paths[0][1] - w_star) @ eigenvectors[:, 1]) < 1e-6 and (
    np.linalg.norm(paths[0][-1] - w_star) > 0.55 * np.linalg.norm(w_star)
) and distance[-1] < 1e-3 * distance[0] and np.linalg.cond(x_hat) ** 2 < 1.5 and (
    np.linalg.norm(np.diff(paths[1], axis=0), axis=1).sum() < 1.1 * distance[0]
)
# %% [markdown]
# Two things were wrong with the raw data: means far from 0, and different scales. The raw κ is about 82.
#
# **Predict first.** Which alone brings κ down further: centring, or scaling? And what do both together reach?
# %%
my_guess = {"only centred": "?", "only scaled": "?", "centred and scaled": "?"}
# %% tags=["demo"]
mean, std = X_pond.mean(0), X_pond.std(0)
versions = {
    "raw": X_pond,
    "only centred": X_pond - mean,
    "only scaled": X_pond / std,
    "centred and scaled": (X_pond - mean) / std,
    "the same, correlated": (X_pond - mean) / std @ np.array([[1, 0.9], [0, np.sqrt(1 - 0.9**2)]]),
}
kappas = {name: np.linalg.cond(X) ** 2 for name, X in versions.items()}
for name, kappa in kappas.items():
    print(f"{name:21} κ = {kappa:6.2f}")
print("your guess:", my_guess)
# %% [markdown]
# Here each alone does about as much as the other, and κ comes close to 1 only with both. Different scales stretch the
# contours. A mean far from 0 adds a steep direction of its own: $H = \text{covariance} + \mu\mu^\top$.
#
# The last line is a limit of the remedy. There the two features were mixed until their correlation was about 0.9.
# Standardizing works on one feature at a time. If two features carry nearly the same information, a valley remains.
# %% claim="raw about 82; each alone 15 to 20, both below 1.5; correlated above 10, at a correlation of about 0.9"
round(kappas["raw"]) == 82 and all(15 < kappas[name] < 20 for name in ("only centred", "only scaled")) and (
    kappas["centred and scaled"] < 1.5 and kappas["the same, correlated"] > 10
) and 0.87 < np.corrcoef(versions["the same, correlated"].T)[0, 1] < 0.93
# %% [markdown]
# Removing that as well (*whitening*) takes a full matrix. Ioffe and Szegedy (2015, arXiv 1502.03167, section 3) found
# it too costly inside a network and settled for one feature at a time. So shall we.
#
# ## 4. The same trouble inside a network
#
# You can standardize the inputs of a network once. But the input of its second layer is the output $a$ of its first,
# and nobody standardizes that. Take one neuron of the first layer, with pre-activation $z_1$ and output $a = g(z_1)$.
# The second layer weighs it: $z_2 = w\,a$. Write $dz_2$ for $\partial L/\partial z_2$, and so on. When $dz_2$ comes
# back, the chain rule gives two more:
#
# $$dw = dz_2\cdot a \quad\text{(for the weight after the neuron)}, \qquad
# dz_1 = dz_2\cdot w\cdot g'(z_1) \quad\text{(goes on to the weights before it)}.$$
#
# Now let $z_1$ swing from −7 to +9, as it may when the weights before it change. We keep $dz_2 = 0.5$ and $w = 1$
# throughout.


# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


dz2, w = 0.5, 1.0
print("   z1 |  sigmoid a       dw      dz1 |  ReLU a    dw   dz1")
for z1 in [-7.0, -1.0, 0.0, 1.0, 9.0]:
    a, slope = sigmoid(z1), sigmoid(z1) * (1 - sigmoid(z1))
    print(f"{z1:5.0f} | {a:10.4f} {dz2 * a:8.4f} {dz2 * w * slope:8.4f}", end=" | ")
    a, slope = max(z1, 0.0), float(z1 > 0)  # ReLU
    print(f"{a:7.1f} {dz2 * a:5.2f} {dz2 * w * slope:5.2f}")
# %% [markdown]
# Read the sigmoid from top to bottom. At −7 the neuron is silent: $a$ and the slope are both nearly 0, so the weight
# *after* it learns next to nothing, and so do the weights *before* it. At +9 the weight after it gets its full share,
# but $dz_1$ is nearly 0: the weights before it hardly move.
#
# Read ReLU. At −7 both gradients are exactly 0. At +9 all is open, but $dw$ is nine times what it was at $z_1 = 1$.
# %% claim="sigmoid: a and slope nearly 0 at −7; a nearly 1, slope nearly 0 at 9"
sigmoid(-7) < 1e-3 and sigmoid(9) > 0.999 and sigmoid(9) * (1 - sigmoid(9)) < 1e-3
# %% [markdown]
# Is nine times a problem? Take a squared loss, $\tfrac12(wa - t)^2$ with a target $t$. For the weight $w$ this is
# section 2 with one example and one feature, $a$. So $H = a^2$, and you know the limit.
#
# **Predict first.** The learning rate is 0.1. For $z_1 = 1$, 4 and 9 with ReLU: does the error of $w$ shrink, or
# grow?
# %%
my_guess = {1: "?", 4: "?", 9: "?"}
# %% tags=["demo"]
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
z = np.linspace(-9, 11, 400)
left.plot(z, sigmoid(z), label="a, drives the weight after")
left.plot(z, 4 * sigmoid(z) * (1 - sigmoid(z)), "--", label="4 g′(z), drives those before")
for swing in (-7, 9):
    left.axvline(swing, ymax=0.68, color="k", linestyle=":", linewidth=1)
left.set(
    title="Sigmoid: a gradient passes only near 0",
    xlabel="pre-activation z₁",
    ylabel="factor in the gradient",
    ylim=(-0.04, 1.45),
    xticks=[-7, -4, 0, 4, 9],
)
left.legend(loc="upper left")
t = np.arange(13)
print("your guess:", my_guess)
for a, style in [(1, "o-"), (4, "s--"), (9, "^:")]:
    factor = 1 - 0.1 * a**2
    print(f"z1 = a = {a}: the error is multiplied by {factor:.1f} at each step")
    right.semilogy(t, np.abs(factor) ** t, style, markersize=4, label=f"z₁ = a = {a}: lr·a² = {0.1 * a**2:.1f}")
right.axhline(1, color="0.5", linestyle=":", linewidth=1)
right.set(title="ReLU: one rate, three fates", xlabel="step", ylabel="|w − w*| / its start", ylim=(1e-5, 1e6))
right.legend(loc="lower left")
plt.show()
# %% [markdown]
# *In the figure:* left, a sigmoid's $a$ climbs from 0 to 1, while its slope $g'$ (drawn four times as high) is a hump
# around 0; at the dotted lines, −7 and +9, the slope is practically 0. Right, the error of the weight after a ReLU
# neuron on a logarithmic axis, lr = 0.1: it shrinks slowly for $z_1 = 1$, faster for $z_1 = 4$, and explodes for
# $z_1 = 9$.
#
# No single learning rate suits a neuron whose pre-activation swings like this. What is safe at $z_1 = 9$ lies below
# $2/81$, and at $z_1 = 1$ it removes less than 2.5 percent of the error in a step. The neuron's output is a feature,
# and nobody has standardized it.
# %% claim="0.9 for 1, 0.6 in size for 4, above 1 for 9; 2/81 is less than 2.5 percent"
abs(1 - 0.1 * 4**2) < 0.7 < 0.9 == 1 - 0.1 and abs(factor) > 7 and 2 / 81 < 0.025
# %% [markdown]
# **Question 2.** A ReLU neuron feeds one weight $w$, and the loss is $\tfrac12(wa - t)^2$. While $z_1 = 3$, you set
# the learning rate just below the limit. Then the weights before the neuron change, and $z_1$ is 9 from now on. What
# happens to the error of $w$?
#
# - (a) It shrinks three times as fast, as $dw$ is three times as large.
# - (b) It keeps its size and only changes its sign, as lr is at the limit.
# - (c) It grows about ninefold at each step, as $a^2$ is nine times as large.
# - (d) It grows about seventeenfold at each step, as lr is nine times the new limit.
# %% exercise="q_swing"
# one letter, in quotes
### BEGIN SOLUTION
q_swing = "d"
### END SOLUTION

# %% check="q_swing.answer" points=1
check("question 2", q_swing)
# %% [markdown]
# Established: the limit is $2/a^2$. A factor of 3 in $a$ is a factor of 9 in the limit.
# %% [markdown]
# ## 5. Inputs that move
#
# In section 4 a layer met inputs for which its *learning rate* was not made: they had moved, inside the network,
# while it learned. Inputs can also move from outside, after learning. Then a model meets inputs for which its
# *weights* were not made. That is easier to watch, as the weights stand still.
#
# A classifier learns to recognise cats from photographs of black cats. Then it is shown ginger ones. What a cat is
# has not changed. The pictures have. This is **covariate shift** (Shimodaira, 2000): the distribution of the inputs,
# $p(x)$, moves, while $p(y\mid x)$, the label that belongs to a given input, stays.
#
# We can produce it. Train on clean digits; then change the *test* images, so that each still shows its digit.
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
# *In the figure:* one test digit in four rows. Brightness lifts the black background towards white; contrast draws
# all to grey; inversion passes through grey and ends as black on white; translation moves the digit to the right, by
# so many pixels. Five pixels push part of some digits over the edge, but little of all the ink.
# %% claim="at 5 pixels some digits lose ink, less than a tenth of all of it"
(lambda lost: 0 < lost.sum() < 0.1 * X_test.sum())(X_test[:, :, -5:])
# %% [markdown]
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
    """The share of all images that are classified correctly after a shift.

    predict: a function, images (N, H, W) -> labels (N,); X: (N, H, W); y: (N,) true labels;
    shift: a function, images (N, H, W) -> images (N, H, W).  Give each all the images at once.
    Returns a float between 0 and 1.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    return float(np.mean(predict(shift(X)) == y))
    ### END SOLUTION


# %% check="accuracy_under_shift.values" points=1
r = np.random.RandomState(959)
fifths = lambda X: (X.sum((1, 2)) * 3 % 5).astype(int)  # a predictor that is good for nothing but a check
X = r.uniform(0, 1, (97, 3, 4))
y = np.where(r.uniform(0, 1, 97) < 0.5, fifths(2 * X - 5), r.randint(0, 5, 97))
check("accuracy, beyond 0 to 1", accuracy_under_shift, fifths, X, y, lambda X: 2 * X - 5)
ranks = lambda X: np.argsort(np.argsort(X.sum((1, 2)))) * 5 // len(X)  # looks at the whole set
dim = lambda X: X * X.mean(0)  # so does this
y = np.where(r.uniform(0, 1, 97) < 0.5, ranks(dim(X)), r.randint(0, 5, 97))
check("accuracy, compared with all the others", accuracy_under_shift, ranks, X, y, dim)
### BEGIN HIDDEN TESTS
r = np.random.RandomState(8)
X, y = r.uniform(0, 1, (106, 5, 6))[::2, :, ::2].astype("f4"), r.randint(0, 5, 53)
y[[0, -1]] = fifths(1 - X)[[0, -1]]
check("accuracy, float32", accuracy_under_shift, fifths, X, y, lambda X: 1 - X)
check("accuracy, turned", accuracy_under_shift, lambda X: fifths(X[:, :2]), X, y, lambda X: X[:, ::-1])
### END HIDDEN TESTS

# %% [markdown]
# Established: one number for one predictor and one shift.
# %% [markdown]
# The classifier is softmax regression, one linear layer: $\text{logits} = \hat x W + b$. It is trained by mini-batch
# gradient descent on the standardized pixels of at most 5,000 images. The seed draws the images and the batches. The
# code uses your `standardize_fit` and `standardize_apply`.
#
# We set ε = 0.1 here. Near the border some pixels are black in every training image, or in almost every one. Their σ
# is 0 or tiny, and with a tiny ε a slight change of brightness would be blown up into an enormous $\hat x$.
# %% claim="some pixels, the corner among them, have σ = 0, others a tiny one"
(lambda sd: sd[0, 0] == 0 and ((0 < sd) & (sd < 0.02)).any())(X_train.std(0))


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
# **Predict first.** Under the strongest shift of each kind, how much of the accuracy will the set's own statistics
# bring back: all, most, little, nothing?
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
    print("your guess:", my_guess)
    print("mean over 5 seeds      clean   strongest shift: stored     own")
    A = {name: np.stack([run[name] for run in runs]) for name in shifts}  # seed, severity, stored or own
    for ax, name in zip(axes.flat, shifts):
        draw_accuracies(ax, name, A[name])
        clean, (stored, own) = A[name][:, 0, 0].mean(), A[name][:, -1].mean(0)
        print(f"{name:22} {clean:.3f} {stored:25.3f} {own:7.3f}")
    axes[1, 0].legend(loc="upper right")
    fig.suptitle("A set's own statistics undo some shifts, and not others", fontweight="bold")
    plt.show()
# %% [markdown]
# *In the figure:* four panels, accuracy against severity; lines are means over five seeds, bands reach from the
# lowest seed to the highest. With stored statistics (solid) every line falls far, below 0.3 in every seed. With the
# set's own (dashed), brightness and contrast keep most of the accuracy, up to the strongest shift (on MNIST next to
# nothing is lost); inversion keeps it up to 0.4 and has almost none from 0.6 on; for translation the dashed line
# falls as well, and the two stay close to each other.
# %% claim="in every seed: stored falls below 0.3; what own keeps under each of the four shifts"
all(A[name][:, -1, 0].max() < 0.3 for name in A) and all(
    (A[name][:, :, 1] > 0.8 * A[name][:, :1, 1]).all() for name in ("brightness", "contrast")
) and (
    (A["inversion"][:, :3, 1] > 0.95 * A["inversion"][:, :1, 1]).all() and A["inversion"][:, 3:, 1].max() < 0.05
) and A["translation"][:, -1, 1].max() < 0.3 and np.abs(np.diff(A["translation"], axis=2)).max() < 0.2
# %% claim="on MNIST next to nothing is lost under brightness and contrast" data="mnist"
all((A[name][:, :, 1] > A[name][:, :1, 1] - 0.03).all() for name in ("brightness", "contrast"))
# %% [markdown]
# For the repair nothing was retrained and not one label was used. Two numbers for each pixel were recomputed.
#
# Why these shifts and not those? Suppose a shift is $x \to \alpha x + \delta$ in every pixel, with $\alpha \ne 0$.
# Then $\mu \to \alpha\mu + \delta$ and $\sigma \to |\alpha|\,\sigma$, so with $\varepsilon = 0$
#
# $$\hat x \to \frac{\alpha x + \delta - \alpha\mu - \delta}{|\alpha|\,\sigma}
# = \frac{\alpha}{|\alpha|}\,\hat x = \pm\,\hat x.$$
# %%
x = np.random.default_rng(1).normal(3, 2, (50, 1))  # one pixel of 50 images
x_hat = (x - x.mean(0)) / x.std(0)
for alpha, delta in [(1, 0.4), (0.2, 0.4), (-1, 1.0)]:
    moved = alpha * x + delta
    moved_hat = (moved - moved.mean(0)) / moved.std(0)
    same, minus = np.allclose(moved_hat, x_hat), np.allclose(moved_hat, -x_hat)
    print(f"{alpha:4.1f} x + {delta}:  same x_hat: {same!s:5}   minus x_hat: {minus}")
# %% [markdown]
# - **Contrast** has $\alpha = 1 - s > 0$: undone, except for ε. **Brightness** has $\alpha = 1$: undone, except for the
#   greys that clipping turns white. What stays darker still draws the digit.
# - **Inversion** has $\alpha = 1 - 2s$. For $s$ below one half it is a loss of contrast. Above, $\alpha$ is negative:
#   every $\hat x$ has the wrong sign, and what spoke for a digit now speaks against it. That is worse than guessing.
# - **Translation** is not of this form. It moves ink from one pixel to another, and no mean or spread of one pixel
#   knows where it came from.
#
# This is a first glimpse of batch normalization: standardize with the statistics of the data at hand. It will do so
# in every layer, at every training step. Remember also what it could not undo.
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
# Here they are with numbers: an animal is black or ginger ($x$), and it is a cat or not ($y$). **Predict:** in which
# of the five columns does each kind of change keep the training value?
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
# $p(\text{cat}\mid\cdot)$. Under label shift it is $p(\text{black}\mid\text{cat})$; but $p(\text{black})$ has moved
# as well, so from the inputs alone it can *look* like covariate shift. Under concept drift $p(\text{black})$ has not
# moved at all.
# %% claim="covariate shift keeps p(cat|x); label shift p(black|cat), not p(black); concept drift p(black)"
[np.allclose(q / q.sum(1, keepdims=True), p / p_x) for q in worlds.values()] == [True, True, False, False] and (
    [np.allclose(q / q.sum(0), p / p_y) for q in worlds.values()] == [True, False, True, False]
) and [np.allclose(q.sum(1), p_x[:, 0]) for q in worlds.values()] == [True, False, False, True]
# %% [markdown]
# **Question 3.** A hospital has trained a model to find pneumonia ($y$) in X-rays ($x$). Which of these is covariate
# shift?
#
# - (a) In winter there are three times as many cases; a case looks as it always did.
# - (b) A new scanner makes most images darker; an image, dark or bright, still means the same for the patient.
# - (c) A new guideline counts mild infiltrates as pneumonia; the images are as before.
# - (d) The model is retrained with another seed and classifies some patients differently.
# %% exercise="q_shift"
# one letter, in quotes
### BEGIN SOLUTION
q_shift = "b"
### END SOLUTION

# %% check="q_shift.answer" points=1
check("question 3", q_shift)
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
    print("your guess:", my_guess, "\naccuracy, mean (lowest to highest of 5 seeds)")
    print("                    stored statistics       own statistics")
    A = {}  # by case: stored or own, seed
    for name, (X, y) in cases.items():
        A[name] = np.array(
            [
                [accuracy_under_shift(lambda X: predict(m, X, own), X, y, lambda X: X) for m in models]
                for own in (False, True)
            ]
        )
        print(f"{name:16}", *(f"   {np.mean(a):.2f} ({min(a):.2f} to {max(a):.2f})" for a in A[name]))
# %% [markdown]
# Covariate shift: they help. Concept drift: the inputs are the same as before, so their statistics know nothing of
# it, and repair nothing. Label shift: they *harm*.
# %% claim="in every seed: help under covariate shift, nothing under concept drift, harm under label shift"
(A["covariate shift"][1] > A["covariate shift"][0] + 0.2).all() and (
    np.abs(A["concept drift"][1] - A["concept drift"][0]) < 0.03
).all() and (A["label shift"][1] < A["label shift"][0] - 0.2).all()
# %% [markdown]
# Which of the two does the harm, the mean or the standard deviation? Exchange one at a time. **Predict first.**
# %%
my_guess = "?"  # "mean" or "std"
# %% tags=["demo"]
with uses_your("standardize_fit", "standardize_apply"):
    X, y = cases["label shift"]
    own_mean, own_std = standardize_fit(flat(X))
    models, one_own = [train_softmax(X_train, y_train, seed) for seed in range(5)], {}
    for name, mixed in {
        "own mean, stored std": [(W, b, own_mean, std) for W, b, _, std in models],
        "stored mean, own std": [(W, b, mean, own_std) for W, b, mean, _ in models],
    }.items():
        a = one_own[name] = np.array([np.mean(predict(model, X) == y) for model in mixed])
        print(f"fours and nines, {name}: {np.mean(a):.2f} ({min(a):.2f} to {max(a):.2f})")
    print("your guess:", my_guess)
# %% [markdown]
# The mean: exchanged alone it does most of the harm, and the standard deviation alone next to none. The mean of a set
# of fours and nines contains what fours and nines have in common, and subtracting it takes that away from every
# image. The model has to decide among ten digits without it. A set's own statistics help only as far as the set is
# representative. Unit 10 meets this again, as batches sorted by class.
# %% claim="in every seed: the own mean costs more than 0.15, the own std less than 0.05"
(A["label shift"][0] - one_own["own mean, stored std"] > 0.15).all() and (
    A["label shift"][0] - one_own["stored mean, own std"] < 0.05
).all()
# %% [markdown]
# ## Recap
#
# - For least squares the curvature $H = X^\top X/N$ sets the pace: the limit is $2/\lambda_{\max}$, and the steps grow
#   with $\kappa = \lambda_{\max}/\lambda_{\min}$.
# - Means far from 0 and unequal scales both raise $\kappa$. Standardizing removes both, one feature at a time;
#   correlation remains.
# - Inside a network, a neuron's output is the next layer's input. When $z_1$ swings, so do $dw = dz_2\cdot a$ and the
#   limit $2/a^2$; a sigmoid far from 0 passes almost nothing back.
# - Covariate shift moves $p(x)$ and leaves $p(y\mid x)$. The shifted set's own statistics undo $\alpha x + \delta$
#   with $\alpha > 0$ in each pixel, without a label.
# - They do nothing against concept drift, and can harm under label shift.
# %%
scoreboard()
# %% [markdown]
# **Next:** inputs that move *inside* a network, while it learns. Unit 02 sends signals and gradients through twenty
# layers and watches what becomes of them.
