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
# - say how noisy a batch's statistics are, and what that noise does.
#
# You bring from earlier units: BN forward (03), BN backward (04), running statistics (05), and what goes wrong when
# inputs have the wrong scale (01, 02). BN is given here, so you can also start with this unit.
#
# **Your functions do the work.** Nothing here falls back on a hidden library. The training cells call the functions
# that you write; until a function is written, they say so and wait. The helper below looks for the stub.

# %%
def ready(*functions):
    """True when none of these functions is still an empty stub. Otherwise says which ones are missing."""
    missing = [f.__name__ for f in functions if "NotImplementedError" in f.__code__.co_names]
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
# - `backward(dy)` takes the gradient of the loss by the output. It stores the gradients of the layer's own parameters
#   in `grads`, and returns the gradient by the input.
# - `params` holds the parameters, `grads` their gradients, under the same names.
#
# The two activations show the pattern. They have no parameters.


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
# The gradient of the loss by `z` arrives as `dz`. Three gradients must leave. One element at a time they are
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

    dz: (m, K), the gradient of the loss by z;  x: (m, D), the input;  W: (D, K).
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
dz, x, W = r.normal(0.3, 1, (5, 3)), r.normal(2, 1, (5, 4)), r.normal(0, 1, (4, 3))
check("dx, the gradient by the input", lambda dz, x, W: linear_backward(dz, x, W)[0], dz, x, W)
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
# What is established: a linear layer can hand its gradient back. The gradients by the parameters are *sums* over the
# batch. The division by $m$ happens once, in the loss, and nowhere else.
# %% [markdown]
# The layer that carries it. `W` starts as Gaussian noise of standard deviation `scale`·√(2/D): with `scale=1` this is
# He's initialisation from unit 02. Everything is `float32`, half the memory traffic of `float64`.


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
# BN is a layer like any other. Its `backward` is the closed form of unit 04,
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
# Its `forward` normalizes with the batch in training, and with the running statistics of unit 05 otherwise.


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
# What is `db`, the gradient of the loss by this bias?
#
# - (a) Usually not zero: `db` sums `dz` over the batch, and `dz` is not zero.
# - (b) Zero up to rounding, whatever the loss and whatever the batch.
# - (c) The same as `dbeta`: both parameters shift the output of the unit.
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
# The last layer gives ten numbers per image, the *logits* $z_{ij}$. Softmax turns them into probabilities, and the loss
# is the mean of $-\log$ of the probability of the right class $y_i$:
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
# For one row, $-\log p_y = -z_y + \log\sum_k e^{z_k}$. Differentiate by $z_j$. The first term gives $-1$ where $j = y$
# and 0 elsewhere. The second gives $e^{z_j}/\sum_k e^{z_k}$, which you have already. Then remember the $1/m$.
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
    Returns (loss, dlogits): a number, and the gradient of the loss by the logits, (m, C), of the logits' dtype.
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
logits, labels = r.normal(1, 2, (5, 3)), np.array([1, 0, 2, 2, 0])
dlogits = check("dlogits", lambda logits, labels: softmax_cross_entropy(logits, labels)[1], logits, labels)
assert np.abs(dlogits.sum(axis=1)).max() < 1e-9, "Each row of dlogits must sum to 0."
f4 = logits.astype("f4")
check("dlogits of float32 logits", lambda z, y: softmax_cross_entropy(z, y)[1], f4, labels, rtol=1e-4, dtype=True)
### BEGIN HIDDEN TESTS
wide = r.normal(0, 3, (7, 20))[:, ::2]
check("both, not contiguous", softmax_cross_entropy, wide, np.array([9, 0, 3, 3, 5, 1, 7]))
check("both, one example", softmax_cross_entropy, wide[:1], np.array([4]))
### END HIDDEN TESTS

# %% check="softmax_cross_entropy.stable" points=1
logits = np.array([[1e4, 1.0, 9999.0], [-1e4, -1e4 - 2, -1e4 - 1], [0.5, -1.0, 2.0], [-1e4, 1e4, 0.0]])
check("loss and gradient at logits of 10,000", softmax_cross_entropy, logits, np.array([2, 0, 1, 0]))
### BEGIN HIDDEN TESTS
check("large logits, float32", softmax_cross_entropy, logits.astype("f4"), np.array([0, 2, 2, 1]), rtol=1e-3)
### END HIDDEN TESTS

# %% [markdown]
# What is established: the loss, its gradient, and that both survive logits that would overflow. The gradient is
# "what the net said minus what is right", divided by $m$.
# %% [markdown]
# ## 5. Is the whole thing right?
#
# Unit 04's judge again: change one parameter by ±h, look at the loss, compare. A tiny net in `float64`, with a bias
# before BN on purpose.


# %% tags=["demo"]
def loss_of(layers, x, labels):
    for layer in layers:
        x = layer.forward(x, training=True)
    return softmax_cross_entropy(x, labels)


def numerical(layers, w, x, labels, h=1e-5):
    """The gradient of the loss by the array w, one element at a time."""
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

if ready(linear_backward, softmax_cross_entropy):
    loss, d = loss_of(tiny, x, labels)
    for layer in reversed(tiny):
        d = layer.backward(d)
    for i, layer in enumerate(tiny):
        for name, w in layer.params.items():
            gap = np.abs(layer.grads[name] - numerical(tiny, w, x, labels)).max()
            size, agree = np.abs(layer.grads[name]).max(), "agrees" if gap < 1e-8 else "DIFFERS"
            print(f"{i} {type(layer).__name__:<9} {name:<5} largest gradient {size:.4f}   {agree} with the numerical")
# %% [markdown]
# Where it says "agrees", the two differ by less than 10⁻⁸. Look at `b` of layer 0: its gradient is zero up to rounding,
# so it has nothing to learn from. BN subtracts the batch mean, and with it whatever `b` added. $\beta$ does its work,
# after the normalization. So a layer that is followed by BN gets `bias=False`. What does that save?
# %%
from itertools import pairwise


def make_net(sizes, batchnorm, rng, scale=1.0):
    """Linear (+ BatchNorm) + ReLU for every hidden layer, a Linear at the end.  sizes: (784, 100, 100, 10)."""
    layers = []
    for d_in, d_out in pairwise(sizes[:-1]):
        layers.append(Linear(d_in, d_out, rng, scale, bias=not batchnorm))
        layers += [BatchNorm(d_out), ReLU()] if batchnorm else [ReLU()]
    return [*layers, Linear(sizes[-2], sizes[-1], rng, scale)]


# %%
def count(layers):
    return sum(w.size for layer in layers for w in layer.params.values())


sizes, r = (784, 100, 100, 10), np.random.RandomState(0)
plain, normed = count(make_net(sizes, False, r)), count(make_net(sizes, True, r))
print(f"without BN: {plain:,}   with BN: {normed:,}   with BN and useless biases: {normed + sum(sizes[1:-1]):,}")
# %% [markdown]
# 200 numbers of 90,000, one per hidden unit. That is little. The point is not memory: a parameter that cannot change
# the loss is one you would have to store, update and explain for nothing.
#
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
check("a step with momentum 0.8", sgd_step, w, dw, v, 0.3, momentum=0.8)
check("a step of plain SGD", sgd_step, w, dw, v, 0.3)
### BEGIN HIDDEN TESTS
check("sgd, float32", sgd_step, *(a.astype("f4")[:, ::2] for a in (w, dw, v)), 0.05, momentum=0.9, rtol=1e-5)
### END HIDDEN TESTS

# %% [markdown]
# What is established: a step downhill, with a memory. This is also the convention of `torch.optim.SGD`.
# %% [markdown]
# **RMSProp.** Some parameters see large gradients, some small ones. RMSProp keeps a running mean `s` of the *squared*
# gradient, and divides by its root: each gradient is measured in units of its own recent size. So all parameters move
# at a similar pace.
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
check("a step of RMSProp", rmsprop_step, w, dw, s, 0.3, rho=0.7, eps=0.1)
### BEGIN HIDDEN TESTS
check("rmsprop, float32", rmsprop_step, *(a.astype("f4")[:, ::2] for a in (w, dw, s)), 0.05, rtol=1e-5)
check("rmsprop, first step, one gradient zero", rmsprop_step, np.array([1.0, 2]), np.array([0.0, 3]), np.zeros(2), 0.1)
### END HIDDEN TESTS

# %% [markdown]
# What is established: a step that does not depend on the unit of the gradient. If all gradients were 10 times larger,
# `s` would be 100 times larger and the steps the same (ε aside).
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
# %% [markdown]
# What do the rules do on a long, narrow bowl, $L = \tfrac12(w_1^2 + 30\,w_2^2)$? That was unit 01's trouble: features
# of different scale. **Predict:** which rules will zig-zag across the valley?


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
        walk = path(rule, lr, **options)
        ax.plot(*walk.T, "o-", markersize=3, linewidth=1, color="#0072B2")
        print(f"{name:<22} distance to the star: {np.linalg.norm(walk[20]):.2f} after 20 steps, ", end="")
        print(f"{np.linalg.norm(walk[60]):.2f} after 60")
        ax.plot(0, 0, "k*", markersize=11)
        ax.set_title(name, fontsize=10, fontweight="normal")
    for ax in axes[1]:
        ax.set_xlabel("$w_1$ (flat)")
    for ax in axes[:, 0]:
        ax.set_ylabel("$w_2$ (steep)")
    plt.show()
# %% [markdown]
# *Four walks of 60 steps from the same point at the left towards the star, the minimum.* SGD, at nearly the largest
# stable rate, jumps from wall to wall at every step. Momentum swings across in long waves; along the flat direction it
# gathers speed, and after 20 steps it is far closer to the star than SGD. RMSProp and Adam set off along the diagonal:
# they divide each coordinate by the size of its own gradient, so at first both move equally fast, and the 30-fold
# difference in curvature hardly shows. Adam has momentum as well, which carries it past the star and back. (The printed
# distances are no contest: each rule has one rate, picked to show its shape.) BN reaches for the same goal from the
# other side: it rescales the signals, not the steps.
#
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
# Everything is there: layers, a loss, an optimizer. One step on one mini-batch goes: forward, where BN puts
# $\gamma\hat z+\beta$ in the place of $z$; backward, to $dW$, $d\gamma$ and $d\beta$ of every layer; update.
#
# 1. Forward through the layers in order, in training mode. Each layer gets the output of the one before.
# 2. Loss and its gradient, from `loss_function(scores, labels)`.
# 3. Backward through the layers in reverse: the last gets the gradient of step 2, every other one what the layer
#    behind it returned.
# 4. One `optimizer.step(layers)`.
# 5. Return the loss of step 2.
#
# `loss_function` is your `softmax_cross_entropy` unless another is given. The check gives another one, and toy layers,
# so that a slip elsewhere costs nothing here.
#
# <details><summary>Hint</summary>
#
# `for layer in layers: a = layer.forward(a, training=True)`. The way back looks the same, with
# `reversed(layers)`, which walks backwards without changing the list.
# </details>


# %% helper=true
class Toy:  # y = k·x² in training, k·x² + 1 otherwise
    def __init__(self, k):
        self.params, self.grads = {"k": k}, {"k": 0.0}

    def forward(self, x, training):
        self.x = x
        return self.params["k"] * x**2 + (not training)

    def backward(self, dy):
        self.grads = {"k": np.sum(dy * self.x**2)}
        return dy * 2 * self.params["k"] * self.x


class ToyOptimizer(list):  # a list of its calls
    def step(self, layers):
        self.append(len(layers))
        for layer in layers:
            layer.params["k"] -= 0.01 * layer.grads["k"]


def squared_error(scores, labels):
    return np.mean((scores - labels) ** 2), 2 * (scores - labels) / scores.size


# %% exercise="train_step"
def train_step(layers, x, labels, optimizer, loss_function=None):
    """One step of training on one batch.  layers: list;  x: (m, D);  labels: (m,);  optimizer: has step(layers).

    Updates the parameters of the layers through the optimizer, once.
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
    x, labels = np.array([[0.5], [1.2], [-0.8], [0.3]]), np.array([[1.0], [0.2], [0.7], [-0.4]])
    return train_step([Toy(k) for k in ks], x, labels, ToyOptimizer(), squared_error)


check("the loss of a toy network", lambda: toy_loss([0.9, 1.3, 0.7]))
### BEGIN HIDDEN TESTS
check("the loss of another toy network", lambda: toy_loss([1.1, -0.6]))
### END HIDDEN TESTS


# %% check="train_step.update" points=1
def toy_training(ks, steps):
    layers, optimizer = [Toy(k) for k in ks], ToyOptimizer()
    order, x = list(layers), np.array([[0.5], [1.2], [-0.8], [0.3]])
    losses = [train_step(layers, x, 1 - x, optimizer, squared_error) for _ in range(steps)]
    k = np.array([layer.params["k"] for layer in order])
    kept = {"all layers in order": layers == order, "calls of the optimizer": len(optimizer)}
    return {**kept, "k after": k, "losses": losses}


check("one step changes the parameters", lambda: toy_training([0.9, 1.3, 0.7], 1))
check("four steps", lambda: toy_training([0.9, 1.3, 0.7], 4))
### BEGIN HIDDEN TESTS
check("a network of one layer", lambda: toy_training([0.8], 2))
check("a network of four layers", lambda: toy_training([0.8, 1.1, 0.9, 1.2], 3))
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
# The network is 784-100-100-10 with ReLU. Plain SGD, learning rate 0.1, batch 64, He initialisation, for both. Three
# seeds; a seed fixes the initial weights and the order of the images.
#
# **Predict**, and write it down: how far apart will the two be in test accuracy after the first epoch, and at the end?
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
# %% [markdown]
# *Left: training loss against steps; right: test accuracy after each epoch. Line: mean of three seeds; band: lowest to
# highest.* With BN the same number of steps gets further. In accuracy the gap is widest early, and shrinks.
#
# On full MNIST our reference run reached about 97.5% with BN after three epochs, and just under 97% without. So our
# own BN trains a real network. It also shows what BN did *not* do here: a shallow network with a good initialisation
# and a sensible rate trains without it, too.
#
# > **A word on speed.** On the machine of the reference run, an epoch of this NumPy network took about 0.8 of the time
# > of the same epoch in PyTorch on the same core. That says little about large networks. These layers are small, and a
# > good part of PyTorch's time is bookkeeping around each operation. Three things keep NumPy's cost low: `float32`,
# > whole-batch matrix products, and BN's closed form.
#
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
# gains are means of the three seeds, with the lowest and the highest. In our MNIST reference run the mean gain was
# 0.051 for SGD and 0.014 for Adam. So a sentence such as "BN improves accuracy by so much" says nothing without the
# update rule, the rate and the number of steps. And these rates are common ones, not tuned ones.
#
# ## 9. The robustness map
#
# The fair question is not "which is better at one setting?" but "for how many settings does it train?" Vary the
# learning rate and the scale of the initial weights over orders of magnitude. First a question about scale.
#
# **Question: ten times the weights.** A linear layer is followed by BN. Multiply its `W` by 10, keep everything else,
# and make one step of plain SGD with the same learning rate. The output of BN is the same as before (ε aside). How does
# the *relative* step ‖ΔW‖/‖W‖ compare with that of the original `W`?
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
if ready(linear_backward, softmax_cross_entropy):
    for a in (1, 10):
        layers = make_net((784, 100, 100, 10), True, np.random.RandomState(0))
        W = layers[0].params["W"] = a * layers[0].params["W"]
        loss, d = loss_of(layers, X_train[:64], y_train[:64])
        for layer in reversed(layers):
            d = layer.backward(d)
        dW, norm = layers[0].grads["W"], np.linalg.norm
        cosine = abs(np.vdot(W, dW)) / (norm(W) * norm(dW))
        print(f"W × {a:<2}   loss {loss:.4f}   ‖dW‖ {norm(dW):.5f}   ‖dW‖/‖W‖ {norm(dW) / norm(W):.7f}", end="   ")
        print(f"|cosine of W and dW| {cosine:.4f}")
# %% [markdown]
# So with BN a large `W` learns slowly and a small `W` learns fast, relative to its size. And the cosine is zero: since
# the scale of `W` changes nothing, the gradient stands at a right angle to `W`. Every step of plain SGD therefore makes
# `W` longer, a long step most of all, and the next step relatively shorter. The scale of the weights turns into a
# learning rate that adjusts itself. Without BN the scale goes straight into the signals.
#
# Now the map: 7 rates × 6 scales, with and without BN, three seeds each, plain SGD for at least 120 steps (the fewest
# whole epochs that give so many). To be quick, the net is 784-50-50-10 and the data a subset. **Predict:** over how
# many factors of ten in the learning rate does each net train?
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
    for cells, label in zip(grid, ("without BN", "with BN   ")):
        mean = cells.mean(axis=2)
        best = cells.reshape(-1, len(seeds))[mean.argmax()]
        print(f"{label}: best {best.mean():.3f} (seeds {best.min():.3f} to {best.max():.3f}), ", end="")
        print(f"within 0.1 of its own best in {np.sum(mean > mean.max() - 0.1)} of {mean.size} settings")
# %% [markdown]
# *Each cell is the mean test accuracy of three seeds; brighter is better, 0.1 is guessing.* Without BN the bright cells
# form an island around He's scale. Far below it the signal dies out on its way through the net; at high rates training
# blows up, and the larger the weights, the sooner. With BN most of the map is bright, and small initial weights do no
# harm.
#
# The map also shows limits. The dark corner of the BN net is at the top left, where a large `W` meets a small rate: a
# large `W` learns slowly, as you saw. In the top row even good rates do worse than below. A likely reason: the *last*
# linear layer has no BN behind it, so its scale does reach the loss.
#
# Compare the printed lines. The two best cells differ by a few hundredths. The numbers of good settings differ several
# times over. **Evidence, from this network and this many steps:** what BN buys is above all the freedom not to have to
# find the island.
#
# ## 10. Noise from the batch
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
    noise = [batch_noise(z, m, np.random.RandomState(1), 300)[0] for m in batch_sizes]
    fig, ax = plt.subplots()
    ax.set_xscale("log", base=2)
    log_axis(ax)
    ax.plot(batch_sizes, noise, "o", markersize=7, label="measured, 300 batches each")
    theory = z[:, 0].std() / np.sqrt(batch_sizes)
    ax.plot(batch_sizes, theory, "-", color="k", linewidth=1, label=r"$\sigma/\sqrt{m}$")
    ax.set_xticks(batch_sizes, [str(m) for m in batch_sizes])
    ax.set(xlabel="batch size m", ylabel="std of the batch mean", title="Four times the batch, half the noise")
    ax.legend()
    plt.show()
# %% [markdown]
# *Both axes logarithmic: the noise of one unit's batch mean (points) falls along the line σ/√m.*
#
# **Question: one image, many batches.** Take one image, and put it into many different training batches. Compare its
# $\hat x$ in each batch with the $\hat x$ that the statistics of the whole data set would give. What does the batch do
# to the $\hat x$ of one unit?
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
# %% [markdown]
# *The two noises for one image and one unit, over 2,000 random batches of each size; the dotted line is what the whole
# set would give. A batch of 2 is left out: there x̂ is ±1 whatever the values.* Both bands close as the batch grows.
# Very small batches do more than scatter. Their median factor is above 1: a few values tend to lie closer together than
# the whole set does. Their median shift is below 0: this image lies above the mean, and as a part of its own batch it
# pulls $\mu_B$ towards itself.
#
# ### Does the noise help?
#
# Noise in training makes it harder to fit the training images by heart. That is a regulariser, in principle. Test it,
# and change *only* the noise: the same batches of 64 for every step, but BN takes its statistics over groups of 4, 8,
# 16, 32 or all 64 images. (This is known as ghost batch normalization.) Smaller groups update the running statistics
# more often, so their momentum is made smaller in the same measure: at test time they average over as many images as
# before. Few images, many epochs, so that there is something to overfit. **Predict:** what happens to the training
# loss, and to the test accuracy, as the groups shrink?


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
final = np.zeros((2, len(groups), len(seeds)))  # training loss, test accuracy
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
        final[:, i, seed] = np.mean(losses), accuracy(layers, X_test, y_test)
# %% tags=["demo"]
if final.any():
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    for ax, values, label in zip(axes, final, ("training loss, last epoch (log scale)", "test accuracy")):
        band(ax, np.arange(len(groups)), values.T, None, "o")
        ax.set_xticks(range(len(groups)), groups)
        ax.set(xlabel="images per group of statistics", ylabel=label)
    log_axis(axes[0])
    axes[0].set_title("More noise, a worse fit")
    axes[1].set_title("More noise, a better net?")
    plt.show()
    change, spread = (final[1].mean(axis=1) - final[1, -1].mean())[:-1], np.ptp(final[1], axis=1).max()
    print("test accuracy against groups of 64:", ", ".join(f"{g}: {c:+.4f}" for g, c in zip(groups, change)))
    print(f"seeds of one group size differ by up to {spread:.4f}")
    print("verdict:", "a gain" if change.max() > spread else "no gain", "beyond that spread,", end=" ")
    print("a loss" if change.min() < -spread else "no loss", "beyond it")
# %% [markdown]
# *Mean of three seeds, band from lowest to highest. Left: the loss on the training batches, noise included. Right: test
# accuracy, where BN uses running statistics and has no noise.* As the groups shrink, the training loss rises steeply:
# the noise does make fitting harder. (Part of that loss is the noise itself, which the test does not see.) On the
# right, read the printed verdict before you see a trend in it.
#
# What can be said:
#
# - **Evidence:** the noise is real, falls as $1/\sqrt m$, and hinders fitting.
# - **Claim** (Ioffe & Szegedy 2015): this regularises, and their network needed less dropout with BN.
# - **Not a reason to use BN.** In plain BN the noise is tied to the batch size: you cannot turn one without the other.
#   If you want a regulariser, dropout and weight decay have a knob of their own. Unit 10 shows what very small batches
#   do.
#
# ## Recap
#
# - A network is a list of layers. BN is one of them, and the training loop does not know it.
# - A bias right before BN has gradient zero. Leave it out; β does its work.
# - With BN, `W` and 10·`W` compute the same, and the larger one takes relative steps 100 times smaller.
# - At one good setting BN gains a little. Over the map of learning rates and scales it gains a lot.
# - The noise in a batch's σ multiplies, that in its μ shifts. It falls as $1/\sqrt m$: a side effect, not the purpose.
# %%
scoreboard()
# %% [markdown]
# **Next: 07_pytorch_mnist.** The same questions with `nn.BatchNorm1d`: what it buys on MNIST, the BN paper's own
# experiment, and the bugs that real training loops have.
