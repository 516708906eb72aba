# ---
# title: A network of our own
# question: Can our own BN train a real network?
# seconds: 39
# builds_on: [03_batchnorm_forward, 04_batchnorm_backward, 05_running_statistics]
# ---
# %% [markdown]
# By the end you can
#
# - write a whole network as a list of small layers, each with a `forward` and a `backward`;
# - write the loss and the four update rules that train it: SGD, momentum, RMSProp, Adam;
# - train it on handwritten digits with BN and without, and compare the two fairly;
# - going further: measure how noisy a batch's statistics are, and what that noise does.
#
# > **What this unit uses.** A batch has $m$ examples (rows); every *feature* (column) is normalized on its own. In
# > training, BN takes the batch's mean $\mu=\frac1m\sum_i x_i$ and its biased variance
# > $\sigma^2=\frac1m\sum_i (x_i-\mu)^2$ (divided by $m$, not by $m-1$), and computes
# >
# > $$\hat x = \frac{x-\mu}{\sqrt{\sigma^2+\epsilon}},\qquad y=\gamma\hat x+\beta .$$
# >
# > The scale $\gamma$ and the shift $\beta$ are learned, one number of each per feature; $\epsilon$ is a tiny constant.
# > In use, *running averages* of the batches' means and variances stand in the place of $\mu$ and $\sigma^2$. A
# > *neuron* is one column of a layer's output, a *logit* one output of the last layer. `dz` is the gradient of the loss
# > $L$ with respect to `z`, an array of `z`'s shape; `lr` is the learning rate. He's initial weights are Gaussian with
# > standard deviation $\sqrt{2/D}$ for $D$ inputs.
#
# These are the themes of units 02 to 05. BN's code is given here, so you can also start with this unit.
#
# **Your functions do the work.** The training cells call the functions that you write. Until a function is written,
# they say so and wait. The helper below tells: a stub raises an error and never returns.

# %%
from dis import get_instructions


def ready(*functions):
    """True when all these functions are written. Otherwise says which ones are not: those that never return."""
    missing = [f.__name__ for f in functions if not any("RETURN" in i.opname for i in get_instructions(f))]
    if missing:
        print("This cell uses your", ", ".join(missing) + ". Write that first, then run this cell again.")
    return not missing


# %% [markdown]
# ## 1. A network is a list
#
# A layer is an object with two methods and two dicts.
#
# - `forward(x, training)` computes the output and remembers what `backward` will need. `training` is True while the
#   net learns and False when it is used; only BN cares (unit 05).
# - `backward(dy)` takes the gradient of the loss with respect to the output. It stores the gradients of the layer's own
#   parameters in `grads`, and returns the gradient with respect to the input.
# - `params` holds the parameters, `grads` their gradients, under the same names.
#
# Two activation functions show the pattern. They have no parameters.


# %%
class ReLU:
    params, grads = {}, {}

    def forward(self, z, training):
        self.on = z > 0
        return z * self.on

    def backward(self, da):
        return da * self.on


class Sigmoid:
    params, grads = {}, {}

    def forward(self, z, training):
        self.a = 1 / (1 + np.exp(-z))
        return self.a

    def backward(self, da):
        return da * self.a * (1 - self.a)


# %% [markdown]
# ## 2. Linear
#
# A linear layer computes $z = xW + b$. A batch of $m$ examples is a matrix `x` of shape `(m, D)`. `W` is `(D, K)`, `b`
# is `(K,)` and `z` is `(m, K)`.
#
# The gradient with respect to `z` arrives as `dz`. Three gradients must leave. One element at a time they are
#
# $$\frac{\partial L}{\partial x_{id}} = \sum_k dz_{ik}\,W_{dk},\qquad
# \frac{\partial L}{\partial W_{dk}} = \sum_i x_{id}\,dz_{ik},\qquad
# \frac{\partial L}{\partial b_k} = \sum_i dz_{ik}.$$
#
# Each sum runs over the index that the result does not have. The first two are matrix products.
#
# <details><summary>Hint</summary>
#
# Write the shapes down first. `dx` must be `(m, D)`, made of `dz` `(m, K)` and `W` `(D, K)`: only one way of
# transposing fits. Do the same for `dW`.
# </details>


# %% exercise="linear_backward"
def linear_backward(dz, x, W):
    """Backward pass of z = x @ W + b.

    dz: (m, K), the gradient of the loss with respect to z;  x: (m, D), the input;  W: (D, K).
    Returns (dx, dW, db) of shapes (m, D), (D, K), (K,).  No loop over examples.  About 5 minutes.
    """
    ### BEGIN SOLUTION
    dx = dz @ W.T
    dW = x.T @ dz
    db = dz.sum(axis=0)
    return dx, dW, db
    ### END SOLUTION


# %% check="linear_backward.dx" points=1
r = np.random.RandomState(1)
dz, x, W = r.normal(0.3, 1, (5, 3)), r.normal(0.5, 1, (5, 4)), r.normal(0, 1, (4, 3))
check("dx, the gradient with respect to x", lambda dz, x, W: linear_backward(dz, x, W)[0], dz, x, W)
### BEGIN HIDDEN TESTS
check("dx for K = 1", lambda dz, x, W: linear_backward(dz, x, W)[0], dz[:, :1], x, W[:, :1])
### END HIDDEN TESTS

# %% check="linear_backward.parameters" points=1
r = np.random.RandomState(2)
dz, x, W = r.normal(0.3, 1, (6, 2)), r.normal(2, 1, (6, 5)), r.normal(0, 1, (5, 2))


def dW_and_db(dz, x, W):
    """Returns (dW, db)"""
    return linear_backward(dz, x, W)[1:]


check("dW and db", dW_and_db, dz, x, W)
### BEGIN HIDDEN TESTS
big = [a.astype("f4") for a in (r.normal(0, 1, (64, 30)), r.normal(3, 1, (64, 20)), r.normal(0, 1, (20, 30)))]
check("all three, float32", linear_backward, *big, rtol=1e-4)
check("all three, not contiguous", linear_backward, big[0][::2, ::3], big[1][::2], big[2][:, ::3], rtol=1e-4)
check("all three, one example", linear_backward, dz[:1], x[:1], W)
### END HIDDEN TESTS

# %% [markdown]
# What is established: a linear layer can hand its gradient back. The gradients with respect to `W` and `b` are *sums*
# over the batch. The $1/m$ of a mean loss is inside `dz` already, so no layer divides by $m$ on its account. (BN's
# $dx$, below, has a $1/m$ of another kind: that of its own mean and variance.)
# %% [markdown]
# The layer around it. `W` starts as Gaussian noise of standard deviation `scale`·√(2/D); with `scale=1` these are He's
# initial weights. Everything is `float32`, which takes half the memory of `float64`.


# %%
class Linear:
    def __init__(self, d_in, d_out, rng, scale=1.0, bias=True):
        W = scale * np.sqrt(2 / d_in) * rng.standard_normal((d_in, d_out))
        self.params = {"W": W.astype("f4")}
        if bias:
            self.params["b"] = np.zeros(d_out, "f4")

    def forward(self, x, training):
        self.x = x
        z = x @ self.params["W"]
        return z + self.params["b"] if "b" in self.params else z

    def backward(self, dz):
        dx, dW, db = linear_backward(dz, self.x, self.params["W"])
        self.grads = {"W": dW, "b": db}
        return dx


# %% [markdown]
# ## 3. Batch normalization
#
# BN is a layer like any other. Its `backward` is the closed form that unit 04 derives,
#
# $$dx = \frac{\gamma}{\sqrt{\sigma^2+\epsilon}}\Big(dy - \tfrac1m\,d\beta - \tfrac1m\,\hat x\,d\gamma\Big),\qquad
# d\beta = \sum_i dy_i,\quad d\gamma = \sum_i dy_i\,\hat x_i.$$


# %%
def batchnorm_backward(dy, x_hat, inv_std, gamma):
    """BN backward, closed form.  dy, x_hat: (m, D); inv_std = 1/√(σ² + ε), gamma: (D,)."""
    m = len(dy)
    dbeta = dy.sum(axis=0)
    dgamma = np.einsum("md,md->d", dy, x_hat)  # Σ dy·x̂ without a temporary array
    dx = dy - dbeta / m
    dx -= x_hat * (dgamma / m)
    dx *= gamma * inv_std
    return dx, dgamma, dbeta


# %% [markdown]
# Its `forward` normalizes with the batch's statistics in training, and with the running averages otherwise.


# %%
class BatchNorm:
    def __init__(self, d, eps=1e-5, momentum=0.1):
        self.params = {"gamma": np.ones(d, "f4"), "beta": np.zeros(d, "f4")}
        self.running_mean, self.running_var = np.zeros(d, "f4"), np.ones(d, "f4")
        self.eps, self.momentum = eps, momentum

    def forward(self, x, training):
        m = len(x)
        mean, var = (x.mean(axis=0), x.var(axis=0)) if training else (self.running_mean, self.running_var)
        if training:
            self.running_mean = self.running_mean + self.momentum * (mean - self.running_mean)
            self.running_var = self.running_var + self.momentum * (var * m / (m - 1) - self.running_var)
        self.inv_std = 1 / np.sqrt(var + self.eps)
        self.x_hat = (x - mean) * self.inv_std
        return self.params["gamma"] * self.x_hat + self.params["beta"]

    def backward(self, dy):
        dx, dgamma, dbeta = batchnorm_backward(dy, self.x_hat, self.inv_std, self.params["gamma"])
        self.grads = {"gamma": dgamma, "beta": dbeta}
        return dx


# %% [markdown]
# **Question: a bias right before BN.** Put a linear layer *with* a bias `b` in front of a BN layer, in training mode.
# What is `db`, the gradient of the loss with respect to this bias?
#
# - (a) Usually not zero: `db` sums `dz` over the batch, and `dz` is not zero.
# - (b) Zero up to rounding, whatever the loss and whatever the batch.
# - (c) The same as `dbeta`: both parameters shift the output of the neuron.
# - (d) `gamma * dbeta / std`: the shift is rescaled on its way through BN.
# %% exercise="q_bias"
# your answer is one letter in quotes: "a", "b", "c" or "d"
### BEGIN SOLUTION
q_bias = "b"
### END SOLUTION

# %% check="q_bias.answer" points=1
check("q_bias", q_bias)
# %% [markdown]
# You will see this number in section 5.
#
# ## 4. The loss
#
# The last layer gives ten numbers per image, the logits $z_{ij}$. Softmax turns them into probabilities, and the loss,
# the *cross-entropy*, is the mean of $-\log$ of the probability of the right class $y_i$:
#
# $$p_{ij} = \frac{e^{z_{ij}}}{\sum_k e^{z_{ik}}},\qquad L = -\frac1m\sum_i \log p_{i\,y_i}.$$
#
# Here is a trap. `np.exp(1000)` is infinite, and infinity divided by infinity is NaN. (In `float32` `np.exp(89)` is
# infinite already.) The way out: $p$ does not change when the same number is subtracted from all logits *of a row*.
# Subtract the row's largest, and no exponent is above 0.
#
# A second trap: a tiny $p$ is rounded to 0, and $\log 0$ is infinite. So take the logarithm of the quotient on paper,
# not in code: $\log p_{ij} = z_{ij} - \log\sum_k e^{z_{ik}}$. Use the shifted logits here, too.
#
# <details><summary>Hint for the gradient</summary>
#
# For one row, $-\log p_y = -z_y + \log\sum_k e^{z_k}$. Differentiate with respect to $z_j$. The first term gives $-1$
# where $j = y$ and 0 elsewhere. The second gives $e^{z_j}/\sum_k e^{z_k}$, which you have already. Then remember the
# $1/m$.
# </details>
#
# <details><summary>Hint for the code</summary>
#
# `a[np.arange(m), labels]` picks one element from each row, and can be assigned to. `keepdims=True` keeps a row maximum
# as a column, so that it can be subtracted.
# </details>


# %% exercise="softmax_cross_entropy"
def softmax_cross_entropy(logits, labels):
    """Mean cross-entropy of softmax(logits), and its gradient.

    logits: (m, C) floats;  labels: (m,) integers, the right classes.
    Returns (loss, dlogits): a number, and its gradient with respect to the logits, (m, C), of the logits' dtype.
    Must stay exact for logits of ±10,000.  The input stays unchanged.  About 12 minutes.
    """
    ### BEGIN SOLUTION
    m = len(logits)
    rows = np.arange(m)
    shifted = logits - logits.max(axis=1, keepdims=True)
    exp = np.exp(shifted)
    total = exp.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - shifted[rows, labels])
    dlogits = exp / total
    dlogits[rows, labels] -= 1
    dlogits /= m
    return loss, dlogits
    ### END SOLUTION


# %% check="softmax_cross_entropy.loss" points=1
r = np.random.RandomState(3)
logits, labels = r.normal(1, 2, (5, 3)), np.array([2, 0, 1, 1, 2])
check("the loss", lambda logits, labels: softmax_cross_entropy(logits, labels)[0], logits, labels)
### BEGIN HIDDEN TESTS
logits, labels = r.normal(0, 3, (8, 10)), np.arange(8)
check("the loss, ten classes", lambda z, y: softmax_cross_entropy(z, y)[0], logits, labels)
### END HIDDEN TESTS

# %% check="softmax_cross_entropy.dlogits" points=1
r = np.random.RandomState(4)
logits, labels = r.normal(1, 2, (5, 3)), np.array([1, 2, 1, 2, 2])
dlogits = check("dlogits", lambda z, y: softmax_cross_entropy(z, y)[1], logits, labels, dtype=True)
assert np.abs(dlogits.sum(axis=1)).max() < 1e-6, "Each row of dlogits must sum to 0."
f4 = logits.astype("f4")
check("dlogits of float32 logits", lambda z, y: softmax_cross_entropy(z, y)[1], f4, labels, rtol=1e-4, dtype=True)
### BEGIN HIDDEN TESTS
wide = r.normal(0, 3, (7, 20))[:, ::2]
check("both, not contiguous", softmax_cross_entropy, wide, np.array([9, 0, 3, 3, 5, 1, 7]))
check("both, one example", softmax_cross_entropy, wide[:1], np.array([4]))
### END HIDDEN TESTS

# %% check="softmax_cross_entropy.stable" points=1
logits = np.array([[1e4, 9100.0, 9999.0], [-1e4, -1e4 - 2, -1e4 - 1], [0.5, -1.0, 2.0], [-1e4, 1e4, 9998.5]])
labels = np.array([1, 2, 0, 2])
check("the loss at logits of 10,000", lambda logits, labels: softmax_cross_entropy(logits, labels)[0], logits, labels)
check("both at logits of 10,000", softmax_cross_entropy, logits, labels)
### BEGIN HIDDEN TESTS
check("large logits, float32", softmax_cross_entropy, logits.astype("f4"), np.array([0, 2, 2, 1]), rtol=1e-3)
### END HIDDEN TESTS

# %% [markdown]
# What is established: the loss, its gradient, and that both survive logits that would overflow. The gradient is
# "what the net said minus what is right", divided by $m$.
# %% [markdown]
# ## 5. Is the whole thing right?
#
# Change one parameter by ±h, look at the loss, compare the slope with the gradient: the numerical check of unit 04. A
# tiny net in `float64`, with a bias before BN on purpose.


# %% tags=["demo"]
def loss_of(layers, x, labels):
    for layer in layers:
        x = layer.forward(x, training=True)
    return softmax_cross_entropy(x, labels)


def numerical(layers, w, x, labels, h=1e-5):
    """The gradient of the loss with respect to the array w, one element at a time."""
    grad = np.zeros_like(w)
    for i in np.ndindex(w.shape):
        old, loss = w[i], {}
        for sign in (1, -1):
            w[i] = old + sign * h
            loss[sign] = loss_of(layers, x, labels)[0]
        w[i], grad[i] = old, (loss[1] - loss[-1]) / (2 * h)
    return grad


# %% tags=["demo"]
r = np.random.RandomState(0)
x, labels = r.normal(3, 2, (7, 5)), r.randint(0, 3, 7)
tiny = [Linear(5, 4, r), BatchNorm(4), Sigmoid(), Linear(4, 3, r)]
for layer in tiny:
    layer.params = {name: w.astype("f8") + 0.3 * r.standard_normal(w.shape) for name, w in layer.params.items()}

gaps, sizes = {}, {}
if ready(linear_backward, softmax_cross_entropy):
    loss, d = loss_of(tiny, x, labels)
    for layer in reversed(tiny):
        d = layer.backward(d)
    for i, layer in enumerate(tiny):
        for name, w in layer.params.items():
            gaps[i, name] = gap = np.abs(layer.grads[name] - numerical(tiny, w, x, labels)).max()
            sizes[i, name] = size = np.abs(layer.grads[name]).max()
            largest, agree = "below 1e-12" if size < 1e-12 else f"{size:.4f}", "agrees" if gap < 1e-8 else "DIFFERS"
            print(f"{i} {type(layer).__name__:<9} {name:<5} largest gradient {largest:<11}  {agree} with the numerical")
# %% [markdown]
# Where it says "agrees", the two differ by less than 10⁻⁸.
# %% claim="all gradients agree with the numerical ones to 1e-8"
len(gaps) == 6 and max(gaps.values()) < 1e-8
# %% [markdown]
# Look at `b` of layer 0: its gradient is zero up to rounding, so it has nothing to learn from. BN subtracts the batch
# mean, and with it whatever `b` added. $\beta$ does its work, after the normalization. So a layer that is followed by
# BN gets `bias=False`.
# %% claim="the gradient of the bias before BN is rounding, all others are far from 0"
sizes[0, "b"] < 1e-12 and min(size for key, size in sizes.items() if key != (0, "b")) > 1e-3
# %%
from itertools import pairwise


def make_net(sizes, batchnorm, rng, scale=1.0):
    """Linear (+ BatchNorm) + ReLU for every hidden layer, a Linear at the end.  sizes: (784, 100, 100, 10)."""
    layers = []
    for d_in, d_out in pairwise(sizes[:-1]):
        layers.append(Linear(d_in, d_out, rng, scale, bias=not batchnorm))
        layers += [BatchNorm(d_out), ReLU()] if batchnorm else [ReLU()]
    return [*layers, Linear(sizes[-2], sizes[-1], rng, scale)]


# %% [markdown]
# **Predict:** how many parameters does a net of 784-100-100-10 save when its useless biases are left out?
# %%
my_guess_saved = "?"  # a whole number


# %%
def count(layers):
    return sum(w.size for layer in layers for w in layer.params.values())


widths, r = (784, 100, 100, 10), np.random.RandomState(0)
plain, normed, saved = count(make_net(widths, False, r)), count(make_net(widths, True, r)), sum(widths[1:-1])
print(f"without BN: {plain:,}   with BN: {normed:,}   with BN and useless biases: {normed + saved:,}")
print(f"saved: {saved}   your guess: {my_guess_saved}")
# %% [markdown]
# 200 numbers of 90,000, one per hidden neuron. That is little. The point is not memory: a parameter that cannot change
# the loss is one you would have to store, update and explain for nothing.
# %% claim="200 of about 90,000 parameters are saved, one per hidden neuron"
saved == 200 and 89_500 < normed < 90_500
# %% [markdown]
# ## 6. Four update rules
#
# Now each parameter `w` has its gradient `dw`. An update rule says how far to go. SGD, momentum, RMSProp and Adam: four
# rules, three functions, because the first two share one. All have the same form: a function that takes the parameter,
# its gradient and the rule's memory, and returns the new parameter and the new memory. Nothing is changed in place.
#
# **SGD with momentum.** A velocity `v` remembers past gradients. With `momentum=0` it is plain SGD.
#
# $$v \leftarrow \text{momentum}\cdot v + dw,\qquad w \leftarrow w - lr\cdot v$$
#
# <details><summary>Hint</summary>
#
# Two assignments, in this order: the new `v` is used at once.
# </details>


# %% exercise="sgd_step"
def sgd_step(w, dw, v, lr, momentum=0.0):
    """One step of SGD with momentum.  w, dw, v: arrays of one shape (v starts at 0); lr, momentum: numbers.

    Returns (w, v), both new arrays.  About 3 minutes.
    """
    ### BEGIN SOLUTION
    v = momentum * v + dw
    w = w - lr * v
    return w, v
    ### END SOLUTION


# %% check="sgd_step.steps" points=1
r = np.random.RandomState(5)
w, dw, v = r.normal(2, 1, (3, 4)), r.normal(1, 1, (3, 4)), r.normal(-1, 1, (3, 4))


def v_and_w(w, dw, v, lr, **options):
    """Returns (v, w)"""
    w, v = sgd_step(w, dw, v, lr, **options)
    return v, w


check("v and w after a step with momentum 0.8", v_and_w, w, dw, v, 0.3, momentum=0.8)
check("v and w after a step of plain SGD", v_and_w, w, dw, v, 0.3)
### BEGIN HIDDEN TESTS
check("sgd, float32", sgd_step, *(a.astype("f4")[:, ::2] for a in (w, dw, v)), 0.05, momentum=0.9, rtol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# What is established: a step downhill, with a memory. `torch.optim.SGD` has the same convention.
# %% [markdown]
# **RMSProp.** Some parameters see large gradients, some small ones. RMSProp keeps a running mean `s` of the *squared*
# gradient, and divides by its root: each gradient is measured in units of its own recent size. So parameters with large
# gradients and parameters with small ones move at a similar pace.
#
# $$s \leftarrow \rho\, s + (1-\rho)\,dw^2,\qquad w \leftarrow w - lr\,\frac{dw}{\sqrt{s}+\epsilon}$$
#
# $\epsilon$ stands outside the root here, unlike in BN. PyTorch does the same.
#
# <details><summary>Hint</summary>
#
# `dw**2` squares every element. Nothing is summed: each element of `w` has its own `s`.
# </details>


# %% exercise="rmsprop_step"
def rmsprop_step(w, dw, s, lr, rho=0.9, eps=1e-8):
    """One step of RMSProp.  w, dw, s: arrays of one shape (s starts at 0); lr, rho, eps: numbers.

    Returns (w, s), both new arrays.  About 4 minutes.
    """
    ### BEGIN SOLUTION
    s = rho * s + (1 - rho) * dw**2
    w = w - lr * dw / (np.sqrt(s) + eps)
    return w, s
    ### END SOLUTION


# %% check="rmsprop_step.steps" points=1
r = np.random.RandomState(6)
w, dw, s = r.normal(2, 1, (3, 4)), r.normal(1, 2, (3, 4)), r.uniform(0.5, 4, (3, 4))


def s_and_w(w, dw, s, lr, **options):
    """Returns (s, w)"""
    w, s = rmsprop_step(w, dw, s, lr, **options)
    return s, w


check("s and w after a step of RMSProp", s_and_w, w, dw, s, 0.3, rho=0.7, eps=0.1)
check("a first step, with a gradient of zero", s_and_w, np.array([1.0, 2]), np.array([0.0, 3]), np.zeros(2), 0.1)
### BEGIN HIDDEN TESTS
check("rmsprop, float32", rmsprop_step, *(a.astype("f4")[:, ::2] for a in (w, dw, s)), 0.05, rtol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# What is established: a step that does not depend on the scale of the loss. If all gradients, now and before, were 10
# times larger, `s` would be 100 times larger and the step the same (except for ε).
# %% claim="ten times the gradients, the same step of RMSProp"
np.allclose(rmsprop_step(5.0, 20.0, 900.0, 0.1)[0], rmsprop_step(5.0, 2.0, 9.0, 0.1)[0], rtol=1e-6)
# %% [markdown]
# **Adam** keeps both: a running mean `m` of the gradient, like momentum, and a running mean `v` of its square, like
# RMSProp. (In this rule `m` is not the batch size, and `v` is not a velocity. The names are those of Adam's paper.)
#
# $$m \leftarrow \beta_1 m + (1-\beta_1)\,dw,\qquad v \leftarrow \beta_2 v + (1-\beta_2)\,dw^2$$
# $$\hat m = \frac{m}{1-\beta_1^t},\qquad \hat v = \frac{v}{1-\beta_2^t},\qquad
# w \leftarrow w - lr\,\frac{\hat m}{\sqrt{\hat v}+\epsilon}$$
#
# Both means start at 0, so at first they are too small. After $t$ steps of a constant gradient $g$, `m` is
# $(1-\beta_1^t)\,g$. Dividing by $1-\beta_1^t$ puts that right. This is the *bias correction*; $t$ counts from 1.
#
# <details><summary>Hint</summary>
#
# Keep two kinds of things apart: the memory `m`, `v`, which you return as it is, and the corrected copies `m_hat`,
# `v_hat`, which are used for this step only.
# </details>


# %% exercise="adam_step"
def adam_step(w, dw, m, v, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam.  w, dw, m, v: arrays of one shape (m and v start at 0); t: number of this step, from 1.

    Returns (w, m, v), all new arrays; m and v are the running means before the correction.  About 8 minutes.
    """
    ### BEGIN SOLUTION
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * dw**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    w = w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w, m, v
    ### END SOLUTION


# %% check="adam_step.moments" points=1
r = np.random.RandomState(7)
w, dw, m = r.normal(2, 1, (3, 4)), r.normal(1, 2, (3, 4)), r.normal(0.5, 1, (3, 4))
v = r.uniform(0.5, 4, (3, 4))


def new_moments(w, dw, m, v, t, **options):
    """Returns (m, v)"""
    return adam_step(w, dw, m, v, t, 0.2, **options)[1:]


check("m and v after a step", new_moments, w, dw, m, v, 3, beta1=0.8, beta2=0.6)
### BEGIN HIDDEN TESTS
check("m and v, float32", new_moments, *(a.astype("f4")[:, ::2] for a in (w, dw, m, v)), 9, rtol=1e-5)
### END HIDDEN TESTS

# %% check="adam_step.update" points=1
r = np.random.RandomState(8)
w, dw, m = r.normal(2, 1, (3, 4)), r.normal(1, 2, (3, 4)), r.normal(0.5, 1, (3, 4))
v = r.uniform(0.5, 4, (3, 4))
check("a later step, t = 3", adam_step, w, dw, m, v, 3, 0.2, beta1=0.8, beta2=0.6, eps=0.1)
check("the first step, t = 1", adam_step, w, dw, 0 * m, 0 * v, 1, 0.2, eps=0.1)
### BEGIN HIDDEN TESTS
check("adam, float32", adam_step, *(a.astype("f4")[:, ::2] for a in (w, dw, m, v)), 20, 0.01, rtol=1e-5)
w, dw, zero = np.array([1.0, 2.0]), np.array([0.0, 3.0]), np.zeros(2)
check("adam, first step, one gradient zero", adam_step, w, dw, zero, zero, 1, 0.1)
### END HIDDEN TESTS

# %% [markdown]
# What is established: Adam with its correction. At the first step $\hat m/\sqrt{\hat v}$ is $dw/|dw|$, so each
# parameter moves by almost exactly `lr`, whatever its gradient (as long as that is not 0, or as tiny as ε).
# %% claim="Adam's first step is lr, whatever the gradient"
np.allclose(adam_step(np.zeros(3), np.array([0.01, -3, 50]), 0, 0, 1, 0.1)[0], [-0.1, 0.1, -0.1], rtol=1e-5)
# %% [markdown]
# **Question: which number weighs the new value?** `momentum` in SGD, $\rho$ in RMSProp, $\beta_1$ in Adam, and the
# `momentum` of `BatchNorm` above (0.1): each says how a memory mixes what it holds with what is new. For which of them
# does a *larger* number give the *newest* value more weight?
#
# - (a) For none: in all four rules, the number multiplies the old value.
# - (b) For ρ and β₁, the weights of a running mean.
# - (c) For BN's `momentum` alone.
# - (d) For the two that are called `momentum`.
# %% exercise="q_weights"
# your answer is one letter in quotes: "a", "b", "c" or "d"
### BEGIN SOLUTION
q_weights = "c"
### END SOLUTION

# %% check="q_weights.answer" points=1
check("q_weights", q_weights)
# %% [markdown]
# > **Who weighs what.**
# >
# > | number | rule | weight of the old value | weight of the new one |
# > |---|---|---|---|
# > | SGD's `momentum`, usually 0.9 | $v\leftarrow\text{momentum}\cdot v+dw$ | `momentum` | 1 |
# > | RMSProp's ρ, usually 0.9 to 0.99 | $s\leftarrow\rho\,s+(1-\rho)\,dw^2$ | ρ | 1 − ρ |
# > | Adam's β₁, usually 0.9 (and β₂, 0.999) | $m\leftarrow\beta_1 m+(1-\beta_1)\,dw$ | β₁ | 1 − β₁ |
# > | BN's `momentum`, 0.1 | $r\leftarrow(1-\text{momentum})\,r+\text{momentum}\cdot\mu$ | 1 − `momentum` | `momentum` |
# >
# > In BN, $r$ is the running mean. Its rule is written $r + \text{momentum}\cdot(\mu - r)$ in `BatchNorm`: the same.
# %% [markdown]
# What do the rules do on a long, narrow bowl, $L = \tfrac12(w_1^2 + 30\,w_2^2)$? Such bowls come from features of
# different scale (unit 01). **Predict:** which rule crosses the valley, from one wall to the other, most often?
# %%
my_guess_zigzag = "?"  # "SGD", "momentum", "RMSProp" or "Adam"


# %% tags=["demo"]
def path(rule, lr, steps=60, **options):
    """The walk of one rule on the bowl, from (-9, 2).  Returns (steps + 1, 2)."""
    w, state, curvature = np.array([-9.0, 2.0]), [np.zeros(2)] * (2 if rule is adam_step else 1), np.array([1, 30])
    walk = [w]
    for t in range(1, steps + 1):
        w, *state = rule(w, curvature * w, *state, *([t] if rule is adam_step else []), lr, **options)
        walk.append(w)
    return np.array(walk)


# %% tags=["demo"]
walks = {}
if ready(sgd_step, rmsprop_step, adam_step):
    rules = {
        "SGD, lr 0.06": (sgd_step, 0.06, {}),
        "momentum 0.8, lr 0.02": (sgd_step, 0.02, {"momentum": 0.8}),
        "RMSProp, lr 0.2": (rmsprop_step, 0.2, {}),
        "Adam, lr 0.5": (adam_step, 0.5, {}),
    }
    fig, axes = plt.subplots(2, 2, figsize=(8.5, 4.6), sharex=True, sharey=True)
    fig.suptitle("Dividing by √s equalises the directions", x=0.01, ha="left", fontweight="bold")
    g1, g2 = np.meshgrid(np.linspace(-10, 5, 100), np.linspace(-2.6, 2.6, 80))
    for ax, (name, (rule, lr, options)) in zip(axes.flat, rules.items()):
        ax.contour(g1, g2, (g1**2 + 30 * g2**2) / 2, levels=[1, 5, 15, 40, 80], colors="0.75", linewidths=0.8)
        walk = walks[name.split()[0].strip(",")] = path(rule, lr, **options)
        ax.plot(*walk.T, "o-", markersize=3, linewidth=1, color="#0072B2")
        crossings = np.sum(np.diff(np.sign(walk[:21, 1])) != 0)
        print(f"{name:<22} in 20 steps: {crossings:>2} crossings, then {np.linalg.norm(walk[20]):.2f} from the star")
        ax.plot(0, 0, "k*", markersize=11)
        ax.set_title(name, fontsize=10, fontweight="normal")
    for ax in axes[1]:
        ax.set_xlabel("$w_1$ (flat)")
    for ax in axes[:, 0]:
        ax.set_ylabel("$w_2$ (steep)")
    plt.show()
    print("most crossings, your guess:", my_guess_zigzag)
# %% [markdown]
# *Four walks of 60 steps from the same point at the left towards the star, the minimum.* SGD, at nearly the largest
# stable rate (2/30), jumps from wall to wall at every step. Momentum swings across in longer waves; along the flat
# direction it gathers speed, and after 20 steps it is far closer to the star than SGD. (The printed distances are no
# contest: each rule has one rate, picked to show its shape.)
# %% claim="SGD crosses at each of the first 20 steps, momentum less often, and momentum is far closer after 20 steps"
(lambda c, d: c["SGD"] == 20 and c["momentum"] < 12 and d["momentum"] < d["SGD"] / 3)(
    {k: np.sum(np.diff(np.sign(w[:21, 1])) != 0) for k, w in walks.items()},
    {k: np.linalg.norm(w[20]) for k, w in walks.items()},
)
# %% [markdown]
# RMSProp and Adam set off along the diagonal: they divide each coordinate by the size of its own gradient, so the first
# steps are equally long in both, and the 30-fold difference in curvature does not show. Adam has momentum as well,
# which carries it past the star and back. BN goes at the same trouble from the other side: it rescales the signals, not
# the steps.
# %% claim="RMSProp's and Adam's first step is along the diagonal; Adam passes the star in w1"
all(np.allclose(*np.abs(walks[k][1] - walks[k][0]), rtol=1e-3) for k in ("RMSProp", "Adam")) and (
    walks["Adam"][:, 0].max() > 0.3
)
# %% [markdown]
# This object applies one of your rules to all parameters of a network, and keeps the memory of each.


# %%
class Optimizer:
    def __init__(self, rule, lr, **options):
        """rule: "sgd", "rmsprop" or "adam"; options such as momentum=0.9 are passed on to the rule."""
        self.rule, self.lr, self.options = rule, lr, options
        self.t, self.memory = 0, {}

    def step(self, layers):
        self.t += 1
        for i, layer in enumerate(layers):
            for name, w in layer.params.items():  # the memory of parameter (i, name) starts at zero
                memory = self.memory.get((i, name)) or [np.zeros_like(w)] * (2 if self.rule == "adam" else 1)
                layer.params[name], *self.memory[i, name] = self.update(w, layer.grads[name], *memory)

    def update(self, w, dw, *memory):
        if self.rule == "adam":
            return adam_step(w, dw, *memory, self.t, self.lr, **self.options)
        rule = {"sgd": sgd_step, "rmsprop": rmsprop_step}[self.rule]
        return rule(w, dw, *memory, self.lr, **self.options)


# %% [markdown]
# ## 7. One training step
#
# Everything is there: layers, a loss, an optimizer. One step on one batch goes: forward, where BN
# normalizes each $z$; backward, to $dW$, $d\gamma$ and $d\beta$ of every layer; update.
#
# 1. Forward through the layers in order, in training mode. Each layer gets the output of the one before.
# 2. Loss and its gradient, from `loss_function(scores, labels)`.
# 3. Backward through the layers in reverse: the last gets the gradient of step 2, every other one what the layer
#    after it returned.
# 4. One `optimizer.step(layers)`.
# 5. Return the loss of step 2.
#
# Each layer runs forward once and backward once, also one without parameters. `loss_function` is your
# `softmax_cross_entropy` unless another is given. The check gives another one, and toy layers, so that a slip elsewhere
# costs nothing here.
#
# <details><summary>Hint</summary>
#
# `for layer in layers: a = layer.forward(a, training=True)`. The way back looks the same, with
# `reversed(layers)`, which walks backwards without changing the list.
# </details>


# %% helper=true
class Toy:  # y = k·x² in training, k·x² + 1 otherwise; without k, y = sin(x)
    def __init__(self, k):
        self.k, self.forwards, self.backwards = k, 0, 0
        self.params, self.grads = ({}, {}) if k is None else ({"k": k}, {"k": 0.0})

    def forward(self, x, training):
        self.x, self.forwards = x, self.forwards + 1
        return np.sin(x) if self.k is None else self.params["k"] * x**2 + (not training)

    def backward(self, dy):
        self.backwards += 1
        if self.k is None:
            return dy * np.cos(self.x)
        self.grads = {"k": np.sum(dy * self.x**2)}
        return dy * 2 * self.params["k"] * self.x


class ToyOptimizer(list):  # a list of its calls
    def step(self, layers):
        self.append(len(layers))
        for layer in layers:
            for name in layer.params:
                layer.params[name] -= 0.01 * layer.grads[name]


class SquaredError:
    calls = 0

    def __call__(self, scores, labels):
        self.calls += 1
        return np.mean((scores - labels) ** 2), 2 * (scores - labels) / scores.size


# %% exercise="train_step"
def train_step(layers, x, labels, optimizer, loss_function=None):
    """One step of training on one batch.  layers: list;  x: (m, D);  labels: (m,);  optimizer: has step(layers).

    Calls each layer's forward and backward, loss_function and optimizer.step once each; the list stays as it is.
    Returns the loss of this batch before the update, a number.  About 8 minutes.
    """
    loss_function = loss_function or softmax_cross_entropy
    ### BEGIN SOLUTION
    a = x
    for layer in layers:
        a = layer.forward(a, training=True)
    loss, d = loss_function(a, labels)
    for layer in reversed(layers):
        d = layer.backward(d)
    optimizer.step(layers)
    return loss
    ### END SOLUTION


# %% check="train_step.loss" points=1
def toy_loss(ks):
    x, labels = np.array([[0.5], [1.2], [-0.8], [0.3], [0.9]]), np.array([[1.0], [0.2], [0.7], [-0.4], [0.1]])
    return train_step([Toy(k) for k in ks], x, labels, ToyOptimizer(), SquaredError())


check("the loss of a toy network", lambda: toy_loss([0.9, 1.3, None, 0.7]))
### BEGIN HIDDEN TESTS
check("the loss of another toy network", lambda: toy_loss([1.1, -0.6]))
### END HIDDEN TESTS


# %% check="train_step.update" points=1
def toy_training(ks, steps):
    layers, optimizer, loss = [Toy(k) for k in ks], ToyOptimizer(), SquaredError()
    order, x = list(layers), np.array([[0.5], [1.2], [-0.8], [0.3], [0.9]])
    losses = [train_step(layers, x, 1 - x, optimizer, loss) for _ in range(steps)]
    calls = {"calls of the optimizer": len(optimizer), "calls of the loss function": loss.calls}
    calls |= {f"calls of {f}": np.array([vars(t)[f + "s"] for t in order]) for f in ("forward", "backward")}
    k = np.array([t.params["k"] for t in order if t.params])
    return {"all layers in order": layers == order, **calls, "k after": k, "losses": losses}


check("one step changes the parameters", lambda: toy_training([0.9, 1.3, None, 0.7], 1))
check("four steps", lambda: toy_training([0.9, 1.3, None, 0.7], 4))
### BEGIN HIDDEN TESTS
check("a network of one layer", lambda: toy_training([0.8], 2))
check("a network of five layers", lambda: toy_training([0.8, 1.1, None, 0.9, 1.2], 3))
### END HIDDEN TESTS

# %% [markdown]
# What is established: forward, backward and update work together, for any list of layers. This loop does not know what
# BN is. It treats γ and β like any other parameter.
# %% [markdown]
# ## 8. Real digits, with BN and without
#
# The data, and two functions that only loop. The last short batch of an epoch is skipped: it would give BN poorer
# statistics than the rest, and a batch of one has no variance at all.
# %% tags=["demo"]
X_train, y_train, X_test, y_test = load_mnist()
X_train, X_test = X_train.reshape(len(X_train), -1), X_test.reshape(len(X_test), -1)
print("training", X_train.shape, "  test", X_test.shape)


# %%
def train_epoch(layers, X, y, optimizer, rng, batch_size=64):
    """One pass over the data in random order.  Returns the loss of every step."""
    order = rng.permutation(len(X))
    batches = [order[i : i + batch_size] for i in range(0, len(X) - batch_size + 1, batch_size)]
    return [train_step(layers, X[rows], y[rows], optimizer) for rows in batches]


def accuracy(layers, X, y):
    """The share of right answers, with BN in inference mode."""
    right = 0
    for i in range(0, len(X), 2000):
        a = X[i : i + 2000]
        for layer in layers:
            a = layer.forward(a, training=False)
        right += int(np.sum(a.argmax(axis=1) == y[i : i + 2000]))
    return right / len(X)


# %% [markdown]
# The network is 784-100-100-10 with ReLU. Plain SGD, learning rate 0.1, batch 64, He's initial weights, for both. Three
# seeds; a seed fixes the initial weights and the order of the images.
#
# **Predict:** how far apart will the two be in test accuracy after the first epoch, and at the end?
# %%
my_guess_gap = "?"  # two numbers, such as (0.05, 0.001)
# %% tags=["demo"]
try:
    from tqdm.auto import tqdm
except ImportError:
    tqdm = lambda it, **options: it

epochs, seeds = (3 if len(X_train) > 20_000 else 20), (0, 1, 2)
curves = {}  # (batchnorm, seed) -> (loss of every step, test accuracy after every epoch)
mine = (linear_backward, softmax_cross_entropy, sgd_step, train_step)
if ready(*mine):
    for batchnorm, seed in tqdm([(b, s) for b in (False, True) for s in seeds], desc="networks"):
        rng = np.random.RandomState(seed)
        layers, optimizer = make_net((784, 100, 100, 10), batchnorm, rng), Optimizer("sgd", lr=0.1)
        losses, accuracies = [], []
        for _ in range(epochs):
            losses += train_epoch(layers, X_train, y_train, optimizer, rng)
            accuracies.append(accuracy(layers, X_test, y_test))
        curves[batchnorm, seed] = losses, accuracies
# %% tags=["demo"]
from matplotlib.ticker import LogLocator, NullLocator


def band(ax, x, rows, label, marker):
    """The mean of the seeds as a line, lowest to highest as a band."""
    (line,) = ax.plot(x, np.mean(rows, axis=0), marker=marker, markersize=5, label=label)
    ax.fill_between(x, np.min(rows, axis=0), np.max(rows, axis=0), color=line.get_color(), alpha=0.2, linewidth=0)


def log_axis(ax):
    """A logarithmic y-axis with plain numbers at 1, 2 and 5."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter("{x:g}")


# %% tags=["demo"]
if curves:
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    for batchnorm, label in ((False, "without BN"), (True, "with BN")):
        losses = np.array([curves[batchnorm, seed][0] for seed in seeds])
        width = losses.shape[1] // 25  # 25 points along the curve, each the mean over its stretch
        blocks = losses[:, : 25 * width].reshape(len(seeds), 25, width).mean(axis=2)
        band(left, (np.arange(25) + 0.5) * width, blocks, label, None)
        accuracies = [curves[batchnorm, seed][1] for seed in seeds]
        band(right, np.arange(1, epochs + 1), accuracies, label, "s" if batchnorm else "o")
    left.set(xlabel="training step", ylabel="training loss (log scale)")
    log_axis(left)
    left.set_title("The loss falls faster with BN")
    right.set(xlabel="epoch", ylabel="test accuracy")
    right.xaxis.get_major_locator().set_params(integer=True)
    right.set_title("The gap narrows with training")
    right.legend()
    plt.show()
# %% tags=["demo"]
if curves:
    print("test accuracy, mean of 3 seeds (lowest to highest)")
    for epoch in (0, epochs - 1):
        for batchnorm, label in ((False, "without BN"), (True, "with BN   ")):
            a = [curves[batchnorm, seed][1][epoch] for seed in seeds]
            print(f"epoch {epoch + 1:>2}  {label}  {np.mean(a):.4f}  ({min(a):.4f} to {max(a):.4f})")
    with_bn, without = (np.array([curves[batchnorm, seed][1] for seed in seeds]) for batchnorm in (True, False))
    gap = with_bn.mean(axis=0) - without.mean(axis=0)
    print(f"gap after the first epoch {gap[0]:+.3f}, after the last {gap[-1]:+.3f}   your guess: {my_guess_gap}")
# %% [markdown]
# *Left: training loss against steps; right: test accuracy after each epoch. Line: mean of three seeds; band: lowest to
# highest.* With BN the same number of steps gets further, in every seed. In accuracy the gap is widest early, and
# shrinks.
# %% claim="the training loss is smaller with BN, in every seed and every third of the steps"
all(
    np.mean(a) < 0.95 * np.mean(b)
    for seed in seeds
    for a, b in zip(*(np.array_split(curves[batchnorm, seed][0], 3) for batchnorm in (True, False)))
)
# %% claim="the gap in accuracy is largest after the first epoch, and at most two thirds of that at the end"
gap[0] == gap.max() and 0 < gap[-1] < 0.67 * gap[0]
# %% [markdown]
# So our own BN trains a real network. It also shows what BN did *not* do here: a shallow network with good initial
# weights and a sensible rate trains without it, too. On full MNIST our reference run reached about 97.5% with BN after
# three epochs, and about 97% without.
# %% claim="both train: at the end at least 93% in every seed"
min(with_bn[:, -1].min(), without[:, -1].min()) > 0.93
# %% claim="about 97.5% with BN and about 97% without, after three epochs" data="mnist"
epochs == 3 and abs(with_bn[:, -1].mean() - 0.9745) < 0.0025 and abs(without[:, -1].mean() - 0.9685) < 0.003
# %% [markdown]
# ### With other update rules
#
# One comparison proves little: another optimizer, another result. The same network, about 200 steps, four rules, each
# at a common rate for it. Three seeds.
# %% tags=["demo"]
small_X, small_y = X_train[:12800], y_train[:12800]
four = {"SGD\nlr 0.1": ("sgd", 0.1, {}), "momentum 0.9\nlr 0.03": ("sgd", 0.03, {"momentum": 0.9})}
four |= {"RMSProp\nlr 0.001": ("rmsprop", 0.001, {}), "Adam\nlr 0.001": ("adam", 0.001, {})}
scores = np.zeros((2, len(four), len(seeds)))
if ready(*mine, rmsprop_step, adam_step):
    for b, j, seed in tqdm(list(np.ndindex(scores.shape)), desc="networks"):
        rng, (rule, lr, options) = np.random.RandomState(seed), list(four.values())[j]
        layers, optimizer = make_net((784, 100, 100, 10), bool(b), rng), Optimizer(rule, lr, **options)
        while optimizer.t < 190:
            train_epoch(layers, small_X, small_y, optimizer, rng)
        scores[b, j, seed] = accuracy(layers, X_test, y_test)
    fig, ax = plt.subplots()
    for b, label, marker in ((0, "without BN", "o"), (1, "with BN", "s")):
        at = np.arange(len(four))[:, None] + (0.12 if b else -0.12)
        ax.plot(np.repeat(at, len(seeds), 1).ravel(), scores[b].ravel(), marker, label=label, markersize=7, alpha=0.8)
    ax.set_xticks(range(len(four)), list(four))
    ax.set(ylabel="test accuracy", title="All four rules gain from BN, on average")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    plt.show()
    for name, gain in zip(four, scores[1] - scores[0]):
        print(f"{name.split()[0]:<9} gain from BN {gain.mean():+.3f}  ({gain.min():+.3f} to {gain.max():+.3f})")
# %% [markdown]
# *Test accuracy after about 200 steps, a point for each seed, circles without BN and squares with it.* The printed
# gains are means of the three seeds, with the lowest and the highest. On average all four rules gain. In our MNIST
# reference run the mean gain was about 0.05 for SGD and less than half of that for Adam. So a sentence such as "BN
# improves accuracy by so much" says little without the update rule, the rate and the number of steps. And these rates
# are common ones, not tuned ones.
# %% claim="all four rules gain on average"
(scores[1] - scores[0]).mean(axis=1).min() > 0.004
# %% claim="the gain on MNIST is about 0.05 for SGD, less than half of that for Adam" data="mnist"
(lambda gain: 0.035 < gain[0] < 0.065 and gain[3] < gain[0] / 2)((scores[1] - scores[0]).mean(axis=1))
# %% [markdown]
# ## 9. The robustness map
#
# The fair question is not "which is better at one setting?" but "for how many settings does it train?" We shall vary
# the learning rate and the scale of the initial weights over orders of magnitude. First a question about scale.
#
# **Question: ten times the weights.** A linear layer is followed by BN. Multiply its `W` by 10, keep everything else,
# and make one step of plain SGD with the same learning rate. The output of BN is the same as before (except for ε). How
# does the *relative* step ‖ΔW‖/‖W‖ compare with that of the original `W`?
#
# - (a) It is the same: BN undoes the scale of W, so nothing downstream can tell.
# - (b) It is 10 times larger: a larger W means larger signals and larger gradients.
# - (c) It is 10 times smaller: ΔW is the same as before, but W is 10 times larger.
# - (d) It is 100 times smaller: ΔW is 10 times smaller, and W is 10 times larger.
# %% exercise="q_scale"
# your answer is one letter in quotes: "a", "b", "c" or "d"
### BEGIN SOLUTION
q_scale = "d"
### END SOLUTION

# %% check="q_scale.answer" points=1
check("q_scale", q_scale)
# %% [markdown]
# See it: the same network twice, the second with the first layer's `W` multiplied by 10.
# %% tags=["demo"]
seen = {}
if ready(linear_backward, softmax_cross_entropy):
    for a in (1, 10):
        layers = make_net((784, 100, 100, 10), True, np.random.RandomState(0))
        W = layers[0].params["W"] = a * layers[0].params["W"]
        loss, d = loss_of(layers, X_train[:64], y_train[:64])
        for layer in reversed(layers):
            d = layer.backward(d)
        dW, norm = layers[0].grads["W"], np.linalg.norm
        cosine = abs(np.vdot(W, dW)) / (norm(W) * norm(dW))
        seen[a] = loss, norm(dW), norm(dW) / norm(W), cosine
        print(f"W × {a:<2}   loss {loss:.4f}   ‖dW‖ {norm(dW):.5f}   ‖dW‖/‖W‖ {norm(dW) / norm(W):.7f}", end="   ")
        print(f"|cosine of W and dW| {cosine:.4f}")
# %% [markdown]
# **Why.** BN takes the scale out again, so $L(aW)=L(W)$ for every number $a>0$ (except for ε). Differentiate both sides
# with respect to $W$. The chain rule gives a factor $a$ on the left:
#
# $$a\,\nabla L(aW)=\nabla L(W),\qquad\text{so}\qquad \nabla L(aW)=\tfrac1a\nabla L(W).$$
#
# At 10·`W` the gradient, and with it ΔW, is 10 times smaller. ‖W‖ is 10 times larger. So ‖ΔW‖/‖W‖ is 100 times smaller.
# Now differentiate with respect to $a$ instead, at $a=1$: the right side does not depend on $a$, so
# $\langle\nabla L(W),W\rangle=0$. The gradient stands at a right angle to `W`: the cosine is zero.
# %% claim="the same loss, a tenth of the gradient, a hundredth of the relative step, a right angle"
(lambda one, ten: abs(ten[0] / one[0] - 1) < 1e-3 and 9.8 < one[1] / ten[1] < 10.2 and 98 < one[2] / ten[2] < 102)(
    seen[1], seen[10]
) and max(seen[1][3], seen[10][3]) < 1e-3
# %% [markdown]
# So with BN a large `W` learns slowly and a small `W` learns fast, relative to its size. And by Pythagoras, every step
# of plain SGD makes `W` longer, a long step most of all, and the next step relatively shorter. The scale of the weights
# turns into a learning rate that adjusts itself. Without BN the scale goes straight into the signals.
#
# Now the map: 7 rates × 6 scales, with and without BN, three seeds each, plain SGD for at least 120 steps (the fewest
# whole epochs that give so many). To be quick, the net is 784-50-50-10 and the data a subset. **Predict:** with He's
# scale, over how many factors of ten in the learning rate does each net train?
# %%
my_guess_factors = "?"  # two numbers, without BN and with BN
# %% tags=["demo"]
lrs, scales = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0], [10.0, 3.0, 1.0, 0.3, 0.1, 0.03]
grid = np.zeros((2, len(scales), len(lrs), len(seeds)))
if ready(*mine):
    map_X, map_y = X_train[:4000], y_train[:4000]
    for b, i, j, seed in tqdm(list(np.ndindex(grid.shape)), desc="networks"):
        rng = np.random.RandomState(seed)
        layers, optimizer = make_net((784, 50, 50, 10), bool(b), rng, scale=scales[i]), Optimizer("sgd", lrs[j])
        with np.errstate(all="ignore"):  # some of these runs blow up: that is what the map shows
            while optimizer.t < 120:
                train_epoch(layers, map_X, map_y, optimizer, rng)
            grid[b, i, j, seed] = accuracy(layers, X_test[:2000], y_test[:2000])
# %% tags=["demo"]
if grid.any():
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), sharey=True)
    for ax, cells, title in zip(axes, grid.mean(axis=3), ("Without BN: a small island", "With BN: a plateau")):
        image = ax.imshow(cells, cmap="cividis", vmin=0, vmax=1, aspect="auto")
        for i, j in np.ndindex(cells.shape):
            ax.text(j, i, f"{cells[i, j]:.2f}"[-3:], ha="center", va="center", color="w" if cells[i, j] < 0.5 else "k")
        ax.set_xticks(range(len(lrs)), [f"{lr:g}" for lr in lrs])
        ax.set_yticks(range(len(scales)), [f"{s:g}" for s in scales])
        ax.set(xlabel="learning rate", title=title)
        ax.grid(False)
    axes[0].set_ylabel("initial scale, in units of He's")
    fig.colorbar(image, ax=axes, label="test accuracy")
    plt.show()
    factors = []
    for cells, label in zip(grid, ("without BN", "with BN   ")):
        mean = cells.mean(axis=2)
        best = cells.reshape(-1, len(seeds))[mean.argmax()]
        print(f"{label}: best {best.mean():.3f} (seeds {best.min():.3f} to {best.max():.3f}), ", end="")
        print(f"within 0.1 of its own best in {np.sum(mean > mean.max() - 0.1)} of {mean.size} settings")
        good = [lr for lr, a in zip(lrs, mean[scales.index(1.0)]) if a > mean.max() - 0.1] or [np.nan]
        factors.append(np.log10(max(good) / min(good)))
        print(f"    with He's scale at rates {min(good):g} to {max(good):g}: {factors[-1]:.1f} factors of ten")
    print("your guess of the factors:", my_guess_factors)
# %% [markdown]
# *Each cell is the mean test accuracy of three seeds; brighter is better, 0.1 is guessing.* Without BN the bright cells
# form an island around He's scale. At the smallest scale hardly anything is learned: the signal shrinks on its way
# through the net. At high rates training blows up, and the larger the weights, the sooner. With BN most of the map is
# bright, and small initial weights do no harm.
# %% claim="without BN: best in the row of He's scale, guessing at the smallest scale and the highest rate, an island"
(
    grid[0].mean(2).max(1).argmax() == scales.index(1.0)
    and grid[0, -1].mean(1).max() < 0.35
    and grid[0, :, -1].mean(1).max() < 0.35
    and grid[0, 0, 3].mean() < 0.5 < grid[0, 2, 3].mean()
)
# %% claim="with BN: most of the map is bright; the smallest scale does no harm"
np.mean(grid[1].mean(2) > 0.65) > 0.65 and grid[1, -1].mean(1).max() > grid[1].mean(2).max() - 0.05
# %% [markdown]
# The map also shows limits. The darkest corner of the BN net is at the top left, where a large `W` meets a small rate:
# a large `W` learns slowly, as you saw. At rates up to 0.3 the top row lags behind the row below it. That is what one
# expects: a `W` three times as large takes relative steps about ten times smaller.
# %% claim="with BN the darkest cell is at the top left; up to 0.3 the top row lags behind the one below it"
grid[1].mean(2).argmin() == 0 and np.all(grid[1, 0, :5].mean(1) < grid[1, 1, :5].mean(1) - 0.015)
# %% [markdown]
# Compare the printed lines. The two best cells differ by a few hundredths. The numbers of good settings differ several
# times over, and with He's scale BN trains over at least ten times as wide a range of rates. **Evidence, from this
# network and this many steps:** what BN buys is above all the freedom not to have to find the island.
# %% claim="the best cells differ by less than 0.08, the numbers of good settings more than three times"
(lambda a, b: b.max() - a.max() < 0.08 and np.sum(b > b.max() - 0.1) > 3 * np.sum(a > a.max() - 0.1))(*grid.mean(3))
# %% claim="with He's scale, BN trains over at least one more factor of ten"
factors[1] - factors[0] > 0.9
# %% [markdown]
# ## 10. Going further: noise from the batch
#
# In training BN does not use the μ and σ of the whole data set. It uses a batch's estimates of them, and each batch
# estimates a little differently. How noisy is the batch mean? Measure it: draw many batches, take the mean of each, and
# look at how much the means scatter.
#
# <details><summary>Hint</summary>
#
# Collect the `repeats` batch means in a list, then take the standard deviation over the list, axis 0.
# </details>


# %% exercise="batch_noise"
def batch_noise(x, batch_size, rng, repeats):
    """How much the mean of a batch varies from batch to batch.

    x: (N, D);  rng: a np.random.RandomState.  Draws `repeats` batches, each with the rows
    rng.randint(0, len(x), batch_size), in this order and with no other call of rng.
    Returns the standard deviation (np.std) of the batch means, one number per column, (D,).  About 6 minutes.
    """
    ### BEGIN SOLUTION
    means = []
    for _ in range(repeats):
        rows = rng.randint(0, len(x), batch_size)
        means.append(x[rows].mean(axis=0))
    return np.std(means, axis=0)
    ### END SOLUTION


# %% check="batch_noise.values" points=1
x = np.random.RandomState(9).normal([50, -20, 3], [1, 5, 20], (200, 3))
check("std of the batch mean, batches of 8", batch_noise, x, 8, np.random.RandomState(3), 6)
many = check("2,000 batches of 16", batch_noise, x, 16, np.random.RandomState(4), 2000)
assert np.allclose(many, x.std(axis=0) / 4, rtol=0.1), "With 2,000 batches of 16 the noise should be near σ/4."
### BEGIN HIDDEN TESTS
check("one column, not contiguous", batch_noise, x[::2, 1:2], 5, np.random.RandomState(5), 9)
check("one batch of one", batch_noise, x, 1, np.random.RandomState(5), 1)
### END HIDDEN TESTS

# %% [markdown]
# What is established: the noise of the batch mean, by experiment. The last line of the check compared it with
# $\sigma/\sqrt m$ for $m = 16$.
# %% [markdown]
# Now on real signals: the pre-activations $z = xW$ of a first layer.
# %% tags=["demo"]
W = make_net((784, 100, 10), True, np.random.RandomState(0))[0].params["W"]
z = (X_train[:4000] @ W).astype("f8")
batch_sizes = [2, 4, 8, 16, 32, 64, 128, 256]
if ready(batch_noise):
    noise_mu = [batch_noise(z, m, np.random.RandomState(1), 300)[0] for m in batch_sizes]
    fig, ax = plt.subplots()
    ax.set_xscale("log", base=2)
    log_axis(ax)
    ax.plot(batch_sizes, noise_mu, "o", markersize=7, label="measured, 300 batches each")
    theory = z[:, 0].std() / np.sqrt(batch_sizes)
    ax.plot(batch_sizes, theory, "-", color="k", linewidth=1, label=r"$\sigma/\sqrt{m}$")
    ax.set_xticks(batch_sizes, [str(m) for m in batch_sizes])
    ax.set(xlabel="batch size m", ylabel="std of the batch mean", title="Four times the batch, half the noise")
    ax.legend()
    plt.show()
# %% [markdown]
# *Both axes logarithmic: the noise of one neuron's batch mean (points) falls along the line σ/√m.*
# %% claim="the measured noise is within 20% of σ/√m at every batch size"
np.all(np.abs(np.array(noise_mu) / theory - 1) < 0.2)
# %% [markdown]
# **Question: one image, many batches.** Take one image, and put it into many different training batches. Compare its
# $\hat x$ in each batch with the $\hat x$ that the statistics of the whole data set would give. What does the batch do
# to the $\hat x$ of one neuron?
#
# - (a) It shifts $\hat x$ by one random amount and stretches it by one random factor, common to the whole batch.
# - (b) It adds independent noise to every image's $\hat x$, so two images in the same batch get different noise.
# - (c) It sets the $\hat x$ of random images to zero and keeps the others, as dropout does with activations.
# - (d) It only shifts $\hat x$: whatever σ does to the scale, γ and the next layer's normalization take back out.
# %% exercise="q_noise"
# your answer is one letter in quotes: "a", "b", "c" or "d"
### BEGIN SOLUTION
q_noise = "a"
### END SOLUTION

# %% check="q_noise.answer" points=1
check("q_noise", q_noise)
# %% [markdown]
# Write $\hat x$ for the value with the data set's μ and σ, and $\hat x_B$ for the value within a batch. Then
#
# $$\hat x_B = \frac{x-\mu_B}{\sigma_B} = \underbrace{\frac{\sigma}{\sigma_B}}_{\text{factor}}\,\hat x +
# \underbrace{\frac{\mu-\mu_B}{\sigma_B}}_{\text{shift}}.$$
#
# The noise in σ multiplies, the noise in μ adds. (ε is left out here; it is tiny beside σ².)
# %% claim="ε is tiny beside σ²"
1e-5 < 1e-3 * z[:, 0].var()
# %% tags=["demo"]
u, rng = z[:, 0], np.random.RandomState(2)
mu, sigma = u.mean(), u.std()
one = u[np.argmin(abs((u - mu) / sigma - 1))]  # the image whose x_hat is nearest to 1
factor, shift = {}, {}
for m in batch_sizes[1:]:
    batch = u[rng.randint(0, len(u), (2000, m))]
    batch[:, 0] = one  # it is in every batch
    mu_B, sigma_B = batch.mean(axis=1), batch.std(axis=1)
    factor[m], shift[m] = sigma / sigma_B, (mu - mu_B) / sigma_B
    inside = (batch[:, 0] - mu_B) / sigma_B
    assert np.allclose(inside, factor[m] * (one - mu) / sigma + shift[m]), "the identity above"
# %% tags=["demo"]
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4))
for ax, noise, exact in ((axes[0], factor, 1), (axes[1], shift, 0)):
    low, middle, high = np.array([np.percentile(noise[m], (5, 50, 95)) for m in factor]).T
    ax.plot(range(len(factor)), middle, "o-", label="median")
    ax.fill_between(range(len(factor)), low, high, alpha=0.25, linewidth=0, label="5% to 95% of batches")
    ax.axhline(exact, color="k", linewidth=1, linestyle=":")
    ax.set_xticks(range(len(factor)), list(factor))
    ax.set_xlabel("batch size m")
axes[0].set(ylabel=r"factor $\sigma/\sigma_B$", title="σ's noise: a factor around 1")
axes[1].set(ylabel=r"shift $(\mu-\mu_B)/\sigma_B$", title="μ's noise: a shift around 0")
axes[0].legend()
plt.show()
bands = {m: [np.ptp(np.percentile(noise[m], (5, 95))) for noise in (factor, shift)] for m in factor}
for m in (4, 16, 64):
    print(f"m from {m} to {4 * m}: the band of the factor shrinks {bands[m][0] / bands[4 * m][0]:.1f}-fold, ", end="")
    print(f"that of the shift {bands[m][1] / bands[4 * m][1]:.1f}-fold")
# %% [markdown]
# *The two noises for one image and one neuron, over 2,000 random batches of each size; the dotted line is what the
# whole set would give. A batch of 2 is left out: there x̂ is ±1 whatever the values.* Both bands close as the batch
# grows, and from 16 on both about halve when the batch grows fourfold. So both fall as $1/\sqrt m$; below 16 they fall
# faster.
# %% claim="from 16 on, four times the batch about halves both bands; below, they shrink more than 2.5-fold"
all(1.7 < bands[m][i] / bands[4 * m][i] < 2.5 for m in (16, 64) for i in (0, 1)) and min(
    bands[4][i] / bands[16][i] for i in (0, 1)
) > 2.5
# %% [markdown]
# Very small batches do more than scatter. Their median factor is above 1: a few values tend to lie closer together than
# the whole set does. Their median shift is below 0: this image lies above the mean, and as a part of its own batch it
# pulls $\mu_B$ towards itself.
# %% claim="at m = 4 the median factor is above 1.1 and the median shift below -0.1"
np.median(factor[4]) > 1.1 and np.median(shift[4]) < -0.1
# %% [markdown]
# ### Does the noise help?
#
# Noise in training should make it harder to fit the training images by heart. That is the idea of a regulariser. Test
# it, and change *only* the noise: the same batches of 64 for every step, but BN takes its statistics over groups of 4,
# 8, 16, 32 or all 64 images. (This is known as ghost batch normalization.) Smaller groups update the running averages
# more often, so their momentum is made smaller in the same measure: in use they average over as many images as before.
# Few images, many epochs, so that there is something to overfit. **Predict:** what happens to the training loss, and to
# the test accuracy, as the groups shrink?
# %%
my_guess_groups = "?"  # two words, such as "up, down"


# %% tags=["demo"]
class GroupedBatchNorm(BatchNorm):
    """BN whose training statistics come from groups of `group` consecutive rows of the batch."""

    def forward(self, x, training):
        if not training:
            return super().forward(x, training)
        parts, out = np.split(x, len(x) // self.group), []
        self.saved = []
        for part in parts:
            out.append(super().forward(part, training))
            self.saved.append((self.x_hat, self.inv_std))
        return np.concatenate(out)

    def backward(self, dy):
        parts = zip(np.split(dy, len(self.saved)), self.saved)
        dx, dgamma, dbeta = zip(*(batchnorm_backward(d, *saved, self.params["gamma"]) for d, saved in parts))
        self.grads = {"gamma": sum(dgamma), "beta": sum(dbeta)}
        return np.concatenate(dx)


# %% tags=["demo"]
groups = [4, 8, 16, 32, 64]
final = np.zeros((3, len(groups), len(seeds)))  # training loss, the same without noise, test accuracy
if ready(*mine):
    few_X, few_y = X_train[:1500], y_train[:1500]
    for i, seed in tqdm(list(np.ndindex(len(groups), len(seeds))), desc="networks"):
        rng = np.random.RandomState(seed)
        layers, optimizer = make_net((784, 50, 50, 10), True, rng), Optimizer("sgd", 0.1)
        for layer in layers:
            if isinstance(layer, BatchNorm):
                layer.__class__, layer.group = GroupedBatchNorm, groups[i]
                layer.momentum *= groups[i] / 64  # as many images in the running average as with groups of 64
        for _ in range(15):
            losses = train_epoch(layers, few_X, few_y, optimizer, rng)
        a = few_X
        for layer in layers:
            a = layer.forward(a, training=False)
        final[:, i, seed] = np.mean(losses), softmax_cross_entropy(a, few_y)[0], accuracy(layers, X_test, y_test)
# %% tags=["demo"]
if final.any():
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    labels = "in training, last epoch", "afterwards, running averages", None
    for ax, values, label, marker in zip((axes[0], *axes), final, labels, "oso"):
        band(ax, np.arange(len(groups)), values.T, label, marker)
        ax.set_xticks(range(len(groups)), groups)
        ax.set_xlabel("images per group of statistics")
    log_axis(axes[0])
    axes[0].legend()
    axes[0].set(ylabel="loss on the training images (log scale)", title="More noise, a worse fit")
    axes[1].set(ylabel="test accuracy", title="More noise: no clear gain")
    plt.show()
    change, spread = (final[2].mean(axis=1) - final[2, -1].mean())[:-1], np.ptp(final[2], axis=1).max()
    print("your guess:", my_guess_groups)
    print("test accuracy against groups of 64:", ", ".join(f"{g}: {c:+.4f}" for g, c in zip(groups, change)))
    print(f"seeds of one group size differ by up to {spread:.4f}")
    print("verdict:", "a gain" if change.max() > spread else "no gain", "beyond that spread,", end=" ")
    print("a loss" if change.min() < -spread else "no loss", "beyond it")
# %% [markdown]
# *Mean of three seeds, band from lowest to highest. Left: the loss on the training images, in training with its noise
# and afterwards without. Right: test accuracy, where BN uses running averages and has no noise.* As the groups shrink,
# the loss in training rises steeply. Part of that is the noise itself. But the loss without noise ends higher, too,
# with groups of 4 than with groups of 64: the noise does make fitting harder.
# %% claim="groups of 4: 5 times the loss in training in every seed, on average twice the loss without noise"
np.all(final[0, 0] > 5 * final[0, -1]) and final[1, 0].mean() > 2 * final[1, -1].mean()
# %% [markdown]
# On the right, read the printed verdict before you see a trend in it. No group size beats groups of 64 by more than the
# seeds of one group size differ among themselves.
# %% claim="no gain beyond the spread of the seeds"
change.max() < 0.7 * spread
# %% [markdown]
# What can be said:
#
# - **Evidence:** the noise is real, falls as $1/\sqrt m$ once batches are not tiny, and hinders fitting.
# - **Claim** (Ioffe & Szegedy 2015): this regularises, and their network needed less dropout with BN.
# - **Not a reason to use BN.** In plain BN the noise is tied to the batch size: you cannot turn one without the other.
#   If you want a regulariser, dropout and weight decay have a knob of their own. Unit 10 shows what very small batches
#   do.
# %% [markdown]
# ## Recap
#
# - A network is a list of layers. BN is one of them, and the training loop does not know it.
# - A bias right before BN has gradient zero. Leave it out; β does its work.
# - With BN, `W` and 10·`W` give the same output, and the larger one takes relative steps 100 times smaller.
# - Here, at one common setting BN gained a little; over the map of rates and scales it trained several times as often.
# - Going further: the noise in a batch's σ multiplies, that in its μ shifts. It is a side effect, not the purpose.
# %%
scoreboard()
# %% [markdown]
# **Next: 07_pytorch_mnist.** The same questions with `nn.BatchNorm1d`: what it buys on MNIST, the BN paper's own
# experiment, and the bugs that real training loops have.
