# ---
# title: Running statistics
# question: What should BN do when there is no batch?
# seconds: 9
# builds_on: [03_batchnorm_forward]
# ---
# %% [markdown]
# By the end you can
#
# - show why a trained network must not normalize with the batch it happens to be given;
# - compute Algorithm 2's population statistics, and say where m/(m−1) comes from;
# - keep running averages the way libraries do, and say how long they remember;
# - write a `BatchNorm` that follows PyTorch's `nn.BatchNorm1d` step for step, outputs and buffers;
# - fold a trained BN into the layer before it, so that it costs nothing.
#
# **What this unit uses.** Batch normalization (BN, unit 03) treats each *feature*, a column of $x$, by itself. In
# training it uses a batch of $m$ rows:
#
# $$\mu_B = \frac1m \sum x_i, \qquad \sigma^2_B = \frac1m \sum (x_i - \mu_B)^2, \qquad
# \hat x_i = \frac{x_i - \mu_B}{\sqrt{\sigma^2_B + \epsilon}}, \qquad y_i = \gamma \hat x_i + \beta .$$
#
# $\sigma^2_B$ divides by m: that is the *biased* variance. With m − 1 in place of m it is the *unbiased* one, which is
# m/(m−1) times as large. ε is a small constant, γ and β are learned, one of each per feature. The gradients that train
# the small network below are those of unit 04. They are given here.
# %% [markdown]
# ## A small trained network
#
# One hidden layer of 40 features: `z = x @ W1`, then BN, ReLU, and ten *logits*, one score per class. The largest is
# the answer. `logits_of` starts at z, where BN does. Notice its argument `stats`. With `stats=None` BN uses the batch
# it is given. Otherwise it uses the mean and variance it is told to use.

# %% tags=["demo"]
def logits_of(net, z, stats=None, eps=1e-5):
    """z = x @ W1 (N, 40) -> logits (N, 10), and what the backward pass needs.  stats: None, or (mean, var)."""
    mean, var = (z.mean(0), z.var(0)) if stats is None else stats
    x_hat = (z - mean) / np.sqrt(var + eps)
    h = np.maximum(net["gamma"] * x_hat + net["beta"], 0)
    return h @ net["W2"] + net["b2"], (np.sqrt(var + eps), x_hat, h)


def new_net(seed, hidden=40):
    normal = np.random.RandomState(seed).standard_normal
    net = {"W1": normal((196, hidden)) / 14, "gamma": np.ones(hidden), "beta": np.zeros(hidden)}
    return {**net, "W2": normal((hidden, 10)) / np.sqrt(hidden), "b2": np.zeros(10)}


# %% tags=["demo"]
def train_step(net, x, labels, lr=0.5):
    """One step of SGD, in place. Returns the batch's pre-activations z (m, 40)."""
    m, z = len(x), x @ net["W1"]
    logits, (std, x_hat, h) = logits_of(net, z)
    p = np.exp(logits - logits.max(1, keepdims=True))
    dlogits = (p / p.sum(1, keepdims=True) - np.eye(10)[labels]) / m
    dy = (dlogits @ net["W2"].T) * (h > 0)
    dx_hat = dy * net["gamma"]
    dz = (dx_hat - dx_hat.mean(0) - x_hat * (dx_hat * x_hat).mean(0)) / std  # unit 04's closed form
    grads = {"W1": x.T @ dz, "gamma": (dy * x_hat).sum(0), "beta": dy.sum(0), "W2": h.T @ dlogits}
    for name, grad in {**grads, "b2": dlogits.sum(0)}.items():
        net[name] -= lr * grad
    return z


# %% [markdown]
# The images are shrunk to 14×14, which keeps every cell quick. We train for 1,000 steps with batches of m = 32. From
# here on the weights of `net` stay as they are.
# %% tags=["demo"]
X_train, y_train, X_test, y_test = load_mnist()
X_train, X_test = (X.reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(-1, 196) for X in (X_train, X_test))
X_test = X_test[:2000].astype("f8")
y_test = y_test[:2000]

net, rng = new_net(0), np.random.RandomState(0)
for step in range(1000):
    batch = rng.randint(0, len(X_train), 32)
    train_step(net, X_train[batch].astype("f8"), y_train[batch])
z_test = X_test @ net["W1"]  # what BN gets, for every test image
accuracy = np.mean(logits_of(net, z_test)[0].argmax(1) == y_test)
print(f"{len(X_test)} test images in one batch: {accuracy:.3f} right")
# %% [markdown]
# ## One image
#
# That test took many images at once. A user sends one.
#
# **Predict.** The trained network gets one test image, and BN normalizes with the batch it is given, as in training.
# The batch is that one image. What does the network answer?
#
# - (a) Mostly the right class: the weights are trained, and one image is a small but honest sample.
# - (b) NaN: the variance of one number is zero, and something is divided by its square root.
# - (c) One and the same class for every image you send, no matter what is drawn on it.
# - (d) Some class that changes from call to call, even when you send the same image again.
# %% exercise="q_one_image"
### BEGIN SOLUTION
q_one_image = "c"
### END SOLUTION

# %% check="q_one_image.answer" points=1
check("q_one_image", q_one_image)
# %% [markdown]
# Now run it: eight images, one at a time.
# %% tags=["demo"]
alone = np.concatenate([logits_of(net, z_test[i : i + 1])[0] for i in range(8)])
print("labels ", y_test[:8])
print("answers", alone.argmax(1))
print("all eight rows of logits the same:", bool(np.all(alone == alone[0])))
# %% [markdown]
# With m = 1 the mean is z itself, so x̂ = (z − z)/√(0 + ε) = 0 and y = γ·0 + β = β. Nothing of the image is left.
# The answer follows from β and the last layer alone. No error, no NaN: one answer, whatever was sent.
# %% claim="one answer for all eight images, and no NaN"
bool(np.all(alone == alone[0])) and bool(np.isfinite(alone).all())
# %% [markdown]
# ## The same image, other neighbours
#
# A batch of one is the extreme. Take a batch of 4, 16 or 64: our image and m − 1 others. We keep the image and draw
# the others anew, 30 times.
#
# **Predict.** Does the answer still change? Write down a guess for m = 16: of 100 images, how many get more than one
# answer in the 30 batches?
# %%
my_guess = "?"  # a number from 0 to 100


# %% tags=["demo"]
def answers_among_neighbours(i, m, draws, seed=0):
    """The classes that test image i is given in `draws` batches of m, its neighbours drawn anew each time."""
    rng, answers = np.random.RandomState(seed), []
    for _ in range(draws):
        neighbours = rng.randint(0, len(X_test), m - 1)
        logits, _ = logits_of(net, z_test[[i, *neighbours]])
        answers.append(logits[0].argmax())
    return np.array(answers)


distinct = {m: [len(set(answers_among_neighbours(i, m, 30))) for i in range(100)] for m in (4, 16, 64)}
for m, counts in distinct.items():
    print(f"m = {m:2}: {np.mean(np.array(counts) > 1):4.0%} of 100 images get more than one answer in 30 batches")
print("your guess for m = 16:", my_guess)
# %% tags=["demo"]
unsteady = int(np.argmax(distinct[16]))  # of the first 100 images, the one with the most different answers at m = 16
fig, axes = plt.subplots(1, 4, figsize=(9, 2.9), width_ratios=[0.7, 1, 1, 1])
axes[0].imshow(X_test[unsteady].reshape(14, 14), cmap="gray_r")
axes[0].set_axis_off()
axes[0].set_title(f"label {y_test[unsteady]}", fontweight="normal")
for ax, m in zip(axes[1:], (4, 16, 64)):
    answers = answers_among_neighbours(unsteady, m, 300)
    ax.bar(range(10), np.bincount(answers, minlength=10) / 3, color="#56B4E9", edgecolor="black", linewidth=0.6)
    ax.set(xticks=range(10), xlabel="answer", ylim=(0, 100))
    ax.set_title(f"m = {m}", fontweight="normal")
axes[1].set_ylabel("share of batches (%)")
fig.suptitle("One image, one network: the answer depends on the neighbours", fontweight="bold", x=0.02, ha="left")
plt.show()
# %% [markdown]
# *The figure:* on the left the image. The bars say how often each class was answered over 300 draws of neighbours, in
# batches of 4, 16 and 64. Of the first 100 images this one had the most different answers at m = 16. The printed
# shares are over all 100: the larger the batch, the fewer images get more than one answer.
# %% claim="the larger the batch, the fewer images get more than one answer"
(lambda shares: shares[0] > shares[1] > shares[2])([np.mean(np.array(c) > 1) for c in distinct.values()])
# %% [markdown]
# In use this will not do: nobody should get another diagnosis because of who else is in the queue. The prediction must
# be a function of the image and the weights, and of nothing else.
# %% [markdown]
# ## Algorithm 2: freeze the statistics of the population
#
# The paper's answer (Ioffe & Szegedy 2015, Algorithm 2): normalize the batch while you train. Then, for inference,
# put two fixed numbers per feature in place of the batch's:
#
# $$\hat x = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}}, \qquad
# \mathrm{E}[x] = \mathrm{mean}_B(\mu_B), \qquad
# \mathrm{Var}[x] = \frac{m}{m-1}\,\mathrm{mean}_B(\sigma^2_B).$$
#
# μ_B and σ²_B are the statistics of one training batch of m, and the means go over many such batches.
# The weights are frozen while these are collected.
#
# Why m/(m−1)? Draw many batches from a distribution whose variance is exactly 9, and average their σ²_B.
# %% tags=["demo"]
rng, averages = np.random.RandomState(0), {}
print("  m   mean of σ²_B   9·(m−1)/m   m/(m−1) · mean of σ²_B")
for size in (2, 4, 8, 32):
    averages[size] = rng.normal(5, 3, (100_000, size)).var(axis=1).mean()  # 100,000 batches, one feature
    print(f"{size:3}   {averages[size]:9.2f}   {9 * (size - 1) / size:11.2f}", end="   ")
    print(f"{size / (size - 1) * averages[size]:14.2f}")
# %% [markdown]
# σ²_B measures the spread around the batch's *own* mean, and no other number has a smaller mean squared distance to the
# batch. So σ²_B comes out too small. By how much? With the true mean μ and variance σ², for any batch
#
# $$\frac1m \sum (x_i - \mu_B)^2 = \frac1m \sum (x_i - \mu)^2 - (\mu_B - \mu)^2 .$$
#
# On average, over many batches, the first term on the right is σ². The second is the variance of a mean of m
# independent samples, σ²/m. What is left is σ² − σ²/m = σ²·(m−1)/m, and m/(m−1) takes that back. At m = 32 it matters
# little, at m = 2 it is a factor of two.
# %% claim="the mean of σ²_B is 9·(m−1)/m within 2%, for each m"
all(abs(a / (9 * (k - 1) / k) - 1) < 0.02 for k, a in averages.items())
# %% [markdown]
# ### Exercise 1: population statistics
#
# <details><summary>Hint</summary>
#
# Two lists first: the mean of every batch and the biased variance of every batch, each of shape (D,). Then average each
# list over the batches. One of the two results still needs its factor. m is the number of rows in one batch.
# </details>


# %% exercise="population_statistics"
def population_statistics(batches):
    """Algorithm 2's statistics for inference, from K training batches.

    batches: a list of K arrays, each (m, D), the same m >= 2 in all.
    Returns (mean, var), two arrays (D,): the mean of the batch means, and m/(m-1) times the mean of the biased
    variances. The batches stay as they are. Stays accurate in float32 when the mean is large. About 8 minutes.
    """
    ### BEGIN SOLUTION
    m = len(batches[0])
    mean = np.mean([x.mean(axis=0) for x in batches], axis=0)
    var = m / (m - 1) * np.mean([x.var(axis=0) for x in batches], axis=0)
    return mean, var
    ### END SOLUTION


# %% check="population_statistics.mean" points=1
def mean_of(batches):
    mean, var = population_statistics(batches)
    return mean


r = np.random.RandomState(1)
check("E[x] from 5 batches of 7", mean_of, [r.normal([5, -40, 300], [1, 3, 9], (7, 3)) for _ in range(5)])
### BEGIN HIDDEN TESTS
check("E[x] from 3 batches of 2", mean_of, [r.normal(-8, 5, (2, 7)) for _ in range(3)])
### END HIDDEN TESTS
# %% check="population_statistics.var" points=1
r = np.random.RandomState(2)
batches = [r.normal([5, -40, 300, 0, 8], [1, 3, 9, 2, 0.5], (4, 5)) for _ in range(7)]
mean, var = check("E[x] and Var[x] from 7 batches of 4", population_statistics, batches)
assert np.all(var > np.mean([x.var(axis=0) for x in batches], axis=0)), "Var[x] must exceed the mean batch variance"
big = [(1000 + r.normal(0, 1, (40, 3))).astype("f4") for _ in range(8)]
check("float32, mean 1000", population_statistics, big, rtol=1e-3)
### BEGIN HIDDEN TESTS
r = np.random.RandomState(3)
check("two batches of 2", population_statistics, [r.normal(-7, 2, (2, 5)) for _ in range(2)])
check("one batch, one feature", population_statistics, [r.normal(3, 2, (5, 1))])
check("float32", population_statistics, [r.normal(3, 2, (5, 2)).astype("f4") for _ in range(4)], rtol=1e-4)
big = [(-800 + r.normal(0, 1, (30, 4))).astype("f4") for _ in range(7)]
check("float32, a large offset", population_statistics, big, rtol=1e-3)
check("columns of a larger array", population_statistics, [r.normal(3, 2, (6, 8))[:, ::2] for _ in range(3)])
constant = [np.column_stack([np.full(4, 2.5), r.normal(1, 1, 4)]) for _ in range(3)]
check("a constant feature", population_statistics, constant)
### END HIDDEN TESTS

# %% [markdown]
# You have shown that you can summarise many batches in two numbers per feature, one batch at a time.
#
# Do they work? We give the trained network the statistics of its own training images (at most 6,000 of them). Those fit
# into memory, so the cell takes one big batch. Your function, with batches of 32, should give almost the same answers.
# %% tags=["demo"]
images = X_train[:6000].astype("f8")
z = images @ net["W1"]
stats = z.mean(0), z.var(0)  # the population, all at once
frozen = logits_of(net, z_test, stats)[0]
alone = np.concatenate([logits_of(net, z_test[i : i + 1], stats)[0] for i in range(len(z_test))])
print("answers alone and in company the same:", bool(np.all(alone.argmax(1) == frozen.argmax(1))))
try:  # uses your population_statistics
    mean, var = population_statistics([z[i : i + 32] for i in range(0, len(z) - 31, 32)])
    yours = logits_of(net, z_test, (mean, var))[0]
    print(f"yours and the one big batch agree on {np.mean(yours.argmax(1) == frozen.argmax(1)):.1%} of the answers")
except NotImplementedError:
    print("Write population_statistics above, then run this cell again.")
# %% [markdown]
# An image alone and the same image in a batch now get the same answer. What does this do to accuracy? We send the
# test images in batches of several sizes, in three different orders.
# %% claim="alone and in company the same answer; batches of 32 give almost the same answers as one big batch"
bool(np.all(alone.argmax(1) == frozen.argmax(1))) and np.mean(yours.argmax(1) == frozen.argmax(1)) > 0.98
# %% tags=["demo"]
sizes, curves = [1, 2, 4, 8, 16, 32, 64, 128, 256], []
for seed in range(3):
    order = np.random.RandomState(seed).permutation(len(X_test))
    curves.append([])
    for m in sizes:
        groups = [order[i : i + m] for i in range(0, len(order) - m + 1, m)]
        right = [logits_of(net, z_test[g])[0].argmax(1) == y_test[g] for g in groups]
        curves[-1].append(100 * np.mean(right))
fixed = 100 * np.mean(frozen.argmax(1) == y_test)
low, mid, high = np.min(curves, axis=0), np.mean(curves, axis=0), np.max(curves, axis=0)
# %% tags=["demo"]
fig, ax = plt.subplots()
ax.fill_between(sizes, low, high, color="#D55E00", alpha=0.25, linewidth=0)
ax.plot(sizes, mid, "o--", color="#D55E00", label="statistics of the test batch (mean of 3 orders)")
ax.axhline(fixed, color="#0072B2", linestyle="-", label="fixed population statistics")
ax.set_xscale("log", base=2)
ax.set_xticks(sizes, sizes)
ax.set(xlabel="images in the test batch", ylabel="test accuracy (%)", ylim=(0, 102))
ax.set_title("With fixed statistics the batch size does not matter")
ax.legend(loc="lower right")
for m, a in zip(sizes[:4], mid):
    print(f"m = {m}: {a:.0f}%", end="   ")
print(f"fixed: {fixed:.0f}%")
# %% [markdown]
# *The figure:* the solid line is flat: fixed statistics give one accuracy whatever the batch. The dashed line, with the
# test batch's statistics, starts near chance (10%) for one image and climbs to the solid line as the batch grows. The
# band, where it is wide enough to be seen, goes from the lowest to the highest of the three orders.
# %% claim="from near chance up to the accuracy of fixed statistics"
mid[0] < 15 and mid[1] < fixed - 20 and abs(mid[-1] - fixed) < 3 and all(b > a - 2 for a, b in zip(mid, mid[1:]))
# %% [markdown]
# ## The running average
#
# Algorithm 2 needs a second pass over the data, with frozen weights. The cheaper way, in every common library: keep two
# averages *while* training, the layer's *buffers* `running_mean` and `running_var`. PyTorch's `eval()` tells a network
# to normalize with them from then on. After each batch, with $\rho$ for momentum in PyTorch's sense,
#
# $$\text{running} \leftarrow (1-\rho)\cdot\text{running} + \rho\cdot\text{new}, \qquad
# \text{new} = \mu_B \ \text{ or }\ \tfrac{m}{m-1}\sigma^2_B.$$
#
# Careful with the word. In PyTorch `momentum=0.1` multiplies the **new** value. In Keras `momentum=0.99` multiplies the
# **old** one. The same word, the opposite role. In this course we follow PyTorch.
#
# ### Exercise 2: one update
#
# <details><summary>Hint</summary>
#
# Try numbers first: running = 10, new = 20, momentum = 0.1. The result should be 11: a small step towards the new
# value.
# </details>


# %% exercise="update_running"
def update_running(running, new, momentum):
    """One step of a running average, in PyTorch's convention: momentum is the weight of the new value.

    running, new: (D,).  momentum: a number in [0, 1].  Returns the new running average (D,); running stays as it was.
    About 5 minutes.
    """
    ### BEGIN SOLUTION
    return (1 - momentum) * running + momentum * new
    ### END SOLUTION


# %% check="update_running.values" points=1
running, new = np.array([10.0, -3.0, 0.5, 7.0]), np.array([20.0, 5.0, -2.5, 7.0])
check("one update, momentum 0.1", update_running, running, new, 0.1)
check("one update, momentum 2/7", update_running, running, new, 2 / 7)
### BEGIN HIDDEN TESTS
check("float32 update", update_running, running.astype("f4"), new.astype("f4"), 0.01, rtol=1e-5)
check("momentum 1 forgets", update_running, running, new, 1.0)
check("strided update", update_running, np.linspace(0.1, 1, 6)[::2], np.arange(9.0)[::3] - 4, 0.3)
### END HIDDEN TESTS

# %% [markdown]
# You have shown that you know which value the momentum multiplies. Ask this whenever you take a network from one
# library to another.
#
# ### How long does it remember?
#
# Unroll the update: a batch seen k steps ago (k = 0 is the newest) has the weight ρ(1−ρ)ᵏ. Everything before the last k
# steps has, together, the weight (1−ρ)ᵏ. Small momentum means long memory. As a rule of thumb it is 1/ρ steps: by then
# the weight of all that came before has shrunk to about 1/e ≈ 37%, if ρ is small.
#
# **Predict.** A feature's batch mean jumps from 2 to 5. With momentum 0.1, how many steps until the running mean has
# covered 90% of the jump? With 0.01?
# %%
my_guess = "?"  # two numbers of steps


# %% tags=["demo"]
def remembered(history, start, momentum):
    """The running average after the batches in history (T, ...), as a weighted sum over its past."""
    age = np.arange(len(history))[::-1]
    return momentum * (1 - momentum) ** age @ history + (1 - momentum) ** len(history) * start


for momentum in (0.5, 0.1, 0.01, 0.001):
    steps = int(np.ceil(np.log(0.1) / np.log(1 - momentum)))  # the first k with (1 − ρ)ᵏ ≤ 0.1
    left = (1 - momentum) ** (1 / momentum)
    print(f"momentum {momentum:5}: {left:.0%} old after {1 / momentum:4.0f} steps, 90% of a jump made after {steps:4}")
print("your guess for 0.1 and 0.01:", my_guess)
# %% tags=["demo"]
rng = np.random.RandomState(0)
batch_means = np.where(np.arange(700) < 300, 2.0, 5.0) + rng.normal(0, 0.5, 700)
fig, ax = plt.subplots()
ax.plot(batch_means, ".", color="0.75", markersize=3, label="batch means")
tracks = {}
for momentum, style, color in ((0.5, "-", "#56B4E9"), (0.1, "--", "#000000"), (0.01, "-.", "#D55E00")):
    tracks[momentum] = [remembered(batch_means[:t], 0.0, momentum) for t in range(1, 701)]
    width = 0.8 if momentum == 0.5 else 2.2
    ax.plot(tracks[momentum], style, color=color, linewidth=width, label=f"momentum {momentum}")
ax.set(xlabel="training step", ylabel="mean of one feature", ylim=(-0.2, 7.5))
ax.set_title("Small momentum: smooth, but late")
ax.legend(loc="upper left", ncols=2)
plt.show()
# %% [markdown]
# *The figure:* grey dots are batch means, which jump from 2 to 5 at step 300. Momentum 0.5 (thin) follows within a few
# steps and keeps much of the noise. Momentum 0.1 (dashed) is steadier and takes some twenty steps. Momentum 0.01
# (dash-dotted) is smooth, and a hundred steps after the jump it has come only to about 4. All three start at 0.
# %% claim="0.1 is there after some twenty steps, 0.01 is at about 4 after a hundred; the smaller the steadier"
4.4 < tracks[0.1][325] < 5.3 and abs(tracks[0.01][400] - 3.9) < 0.25 and (
    np.std(tracks[0.5][400:]) > 2 * np.std(tracks[0.1][400:])
)
# %% [markdown]
# **Question.** You fine-tune a network on new data with PyTorch's `momentum=0.01`. After 20 steps with batches of 32
# you call `eval()`. Roughly what share of `running_mean` still comes from the old data?
#
# - (a) Practically nothing: 20 × 32 = 640 new images have been averaged in since.
# - (b) About 12%: what 20 steps of a running average leave of the old value.
# - (c) About 18%: 20 steps with a weight of 1% each, a little less than 20%.
# - (d) About 82%: the running average has hardly noticed the new data.
# %% exercise="q_memory"
### BEGIN SOLUTION
q_memory = "d"
### END SOLUTION

# %% check="q_memory.answer" points=1
check("q_memory", q_memory)
# %% [markdown]
# ### Stale after a fast change
#
# Now on the network. It trains for 1,000 steps. Then all images are inverted, in training and in the test: paper
# becomes ink, ink becomes paper. Training goes on, with the statistics of the batch. But `eval()` uses what is
# remembered. The running statistics never influence training, so one run serves all momenta: we keep the history of
# batch statistics and ask what each momentum would remember of it.
#
# **Predict.** 30 steps after the change, with which of momentum 0.1, 0.01, 0.001 is more than half of the test still
# wrong?
# %%
my_guess = "?"  # one or more of 0.1, 0.01, 0.001
# %% tags=["demo"]
momenta, marks = (0.1, 0.01, 0.001), (0, 1, 3, 10, 30, 100, 300)  # steps since the change; 0: just before it


def eval_accuracies(net, means, variances, inverted):
    """Test accuracy in %: with what each momentum remembers, then with statistics recomputed for these weights."""
    x_pop, x_test = (1 - x if inverted else x for x in (images[:3000], X_test[:1000]))
    z = x_pop @ net["W1"]
    kept = [(remembered(np.array(means), 0, p), remembered(np.array(variances), 1, p)) for p in momenta]
    logits = [logits_of(net, x_test @ net["W1"], stats)[0] for stats in [*kept, (z.mean(0), z.var(0))]]
    return [100 * np.mean(rows.argmax(1) == y_test[:1000]) for rows in logits]


# %% tags=["demo"]
def after_inversion(seed):
    """Rows: each momentum, then recomputed statistics. Columns: marks."""
    net, rng, means, variances, table = new_net(seed), np.random.RandomState(seed), [], [], []
    for t in range(1 - 1000, max(marks) + 1):
        batch = rng.randint(0, len(X_train), 32)
        x = X_train[batch].astype("f8")
        z = train_step(net, 1 - x if t > 0 else x, y_train[batch])
        means.append(z.mean(0))
        variances.append(z.var(0, ddof=1))
        if t in marks:
            table.append(eval_accuracies(net, means, variances, inverted=t > 0))
    return np.transpose(table)


runs = np.array([after_inversion(seed) for seed in range(3)])  # (3 seeds, 4 kinds, 7 marks)
# %% tags=["demo"]
fig, ax = plt.subplots(figsize=(8.2, 3.8))
colors, places = ("#0072B2", "#D55E00", "#009E73", "#000000"), range(len(marks))
names = [*(f"running, momentum {p}" for p in momenta), "recomputed for the current weights"]
for k, (name, marker, style, color) in enumerate(zip(names, "osd^", ("--", "-.", ":", "-"), colors)):
    ax.plot(places, runs[:, k].mean(0), style, marker=marker, color=color, label=name)
    ax.fill_between(places, runs[:, k].min(0), runs[:, k].max(0), color=color, alpha=0.15, linewidth=0)
ax.set_xticks(places, ["before", *marks[1:]])
ax.set(xlabel="training steps since the images were inverted", ylabel="test accuracy in eval mode (%)", ylim=(0, 102))
ax.set_title("The smaller the momentum, the later eval recovers")
ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
for k, name in enumerate(names):
    shown = (f"{runs[:, k, marks.index(t)].mean():.0f}% after {t} steps" for t in (30, 100))
    print(f"{name}: {runs[:, k, 0].mean():.0f}% before,", ", ".join(shown), "(mean of 3 seeds)")
print("your guess, below 50% after 30 steps:", my_guess)
# %% [markdown]
# *The figure:* four lines of test accuracy, each the mean of three seeds with a band from the lowest to the highest.
# The weights are the same in all four. Before the change all four are high. One step after it all four are near zero:
# the weights themselves do not fit yet. After 10 steps recomputed statistics (triangles) are ahead of all others. After
# 30 steps momentum 0.1 (circles) has more than 60% right, 0.01 (squares) and 0.001 (diamonds) less than half. After
# 100 steps 0.1 has nearly caught up with recomputed statistics. The other two have not.
# %% claim="near zero after 1 step; recomputed ahead after 10; only 0.1 above half after 30, and caught up after 100"
all(
    (r[:, 0] > 85).all()
    and (r[:, 1] < 15).all()
    and r[3, 3] > r[:3, 3].max() + 5
    and r[0, 4] > 60
    and max(r[1, 4], r[2, 4]) < 45
    and r[3, 5] - r[0, 5] < 8
    and r[3, 5] - max(r[1, 5], r[2, 5]) > 12
    and r[0, 4] > r[1, 4]
    and r[1, 6] > r[2, 6] + 5
    for r in runs
)
# %% [markdown]
# So when the training loss is fine and `eval()` is bad, look at the statistics before the weights. Recomputing them on
# some training batches costs one forward pass each.
# %% [markdown]
# ## Conventions that bite
#
# | question | BN paper | PyTorch `nn.BatchNorm1d` | Keras 3 `BatchNormalization` |
# |---|---|---|---|
# | 1. momentum multiplies | no momentum in Algorithm 2 | the **new** value, 0.1 | the **old** value, 0.99 |
# | 2. variance that normalizes a training batch | biased, 1/m | biased, 1/m | biased, 1/m |
# | 3. variance kept for inference | unbiased, m/(m−1) | **unbiased** | **biased** |
# | 4. ε | inside the root | inside, 1e-5 | inside, **1e-3** |
# | 5. plain average over all batches | yes, Algorithm 2 | `momentum=None` | no such option |
# | 6. start of the buffers | none needed | mean 0, var 1, count 0 | mean 0, var 1 |
# | 7. training on a batch of one | not discussed | `ValueError` | no error |
#
# Where torch is installed, the PyTorch column is run below, line by line. The Keras column is read from its source and
# not run here. (The fused kernel that TensorFlow used under Keras 2 for images kept the unbiased variance.) To port a
# momentum, take 1 − momentum: Keras' 0.99 is PyTorch's 0.01.
#
# One batch, one feature: x = 1, 3, 8. Its mean is 4, its biased variance 26/3 ≈ 8.667, its unbiased variance 13.
# %% tags=["demo"]
try:
    import torch
except ImportError:
    torch = None
    print("torch is not installed here: the lines below show the NumPy side only. Nothing graded needs it.")

x = np.array([[1.0], [3.0], [8.0]])


def in_torch(read, data=x, **options):
    """read(bn, y) after one training step of nn.BatchNorm1d on data, as text."""
    if torch is None:
        return "(torch is not installed)"
    bn = torch.nn.BatchNorm1d(1, dtype=torch.float64, **options)
    try:
        return f"{read(bn, bn(torch.tensor(data)).detach()).item():.4f}"
    except ValueError as error:
        return f"ValueError: {error}"


# %% tags=["demo"]
print("1. momentum: running_mean from 0, new value 4")
print(f"   0.1 multiplies the new {0.9 * 0 + 0.1 * 4:.4f}, 0.1 multiplies the old {0.1 * 0 + 0.9 * 4:.4f}")
print("   torch, momentum=0.1  ", in_torch(lambda bn, y: bn.running_mean, momentum=0.1))
print("2. variance that normalizes: the first output")
print(f"   biased {(1 - 4) / np.sqrt(x.var() + 1e-5):.4f}, unbiased {(1 - 4) / np.sqrt(x.var(ddof=1) + 1e-5):.4f}")
print("   torch                ", in_torch(lambda bn, y: y[0]))
print("3. variance that is kept: running_var from 1")
print(f"   unbiased {0.9 * 1 + 0.1 * x.var(ddof=1):.4f}, biased {0.9 * 1 + 0.1 * x.var():.4f}")
print("   torch                ", in_torch(lambda bn, y: bn.running_var))
print("4. ε = 1: the first output")
print(f"   inside the root {(1 - 4) / np.sqrt(x.var() + 1):.4f}, outside {(1 - 4) / (np.sqrt(x.var()) + 1):.4f}")
print("   torch, eps=1         ", in_torch(lambda bn, y: y[0], eps=1))
# %% tags=["demo"]
print("5. momentum=None: running_var after one batch is that batch's alone")
print(f"   13 counted once, the starting 1 not at all {x.var(ddof=1):.4f}")
print("   torch, momentum=None ", in_torch(lambda bn, y: bn.running_var, momentum=None))
print("6. start: a step with momentum=0 leaves the buffers where they began")
print("   torch, running_mean  ", in_torch(lambda bn, y: bn.running_mean, momentum=0.0))
print("   torch, running_var   ", in_torch(lambda bn, y: bn.running_var, momentum=0.0))
print("7. one sample in training: m/(m−1) would be 1/0")
print("   torch                ", in_torch(lambda bn, y: y[0], data=x[:1]))
# %% [markdown]
# Compare, where torch is installed. In 1 to 5 its number is the first with four decimals in the line above it. 6 and 7
# show what the table says.
#
# ## train() and eval()
#
# A BN layer is therefore two functions in one.
#
# | | training | eval |
# |---|---|---|
# | normalizes with | the batch's mean and biased variance | `running_mean`, `running_var` |
# | buffers | updated, and counted | left alone |
# | γ and β | applied | applied |
# | a batch of one | refused | fine |
#
# Nothing in the data tells the layer which it should be. You must. PyTorch keeps a flag that `model.train()` and
# `model.eval()` set. `torch.no_grad()` does not touch that flag. Here the mode is an argument, `training`.
#
# ### Exercise 3: the layer
#
# With `momentum=None` each buffer is the plain average over all training batches so far, whatever their sizes. To keep
# it, give the t-th batch the weight 1/t when it comes, and the old average 1 − 1/t: after t batches each has a share of
# 1/t. And `momentum=0` is a number like any other: the buffers then stay as they are.
#
# <details><summary>Hint</summary>
#
# Write eval first: it is one line of unit 03 with other statistics. In training, compute the batch's mean and biased
# variance, and normalize with those. Apart from that: count the batch, choose its weight (momentum, or one over the
# count), and update both buffers. Only the variance that goes into `running_var` gets m/(m−1).
# </details>


# %% exercise="batch_norm"
class BatchNorm:
    """Batch normalization of (N, D) data that follows nn.BatchNorm1d step for step.  About 15 minutes.

    num_features: D.  eps: ε.  momentum: the weight of the new batch in the buffers; None: plain average of all batches.
    Keep the defaults of eps and momentum.  Accurate in float32 when the mean is large (subtract it before squaring).
    Attributes of a fresh layer (arrays of their own, float64):
      gamma (D,) ones, beta (D,) zeros                 learned by gradient descent, elsewhere
      running_mean (D,) zeros, running_var (D,) ones   the two buffers
      num_batches_tracked 0                            how many training batches went into them
    """

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        ### BEGIN SOLUTION
        self.eps, self.momentum = eps, momentum
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)
        self.num_batches_tracked = 0
        ### END SOLUTION

    def forward(self, x, training):
        """x (N, D) -> y (N, D).  training=True: with the batch's statistics, and the buffers are updated
        (N = 1 raises ValueError and changes nothing).  training=False: with the buffers, which stay as they are.
        x stays as it is too."""
        ### BEGIN SOLUTION
        mean, var = self.running_mean, self.running_var
        if training:
            m = len(x)
            if m < 2:
                raise ValueError(f"training needs more than one sample, got {m}")
            mean, var = x.mean(axis=0), x.var(axis=0)
            self.num_batches_tracked += 1
            weight = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
            self.running_mean = (1 - weight) * self.running_mean + weight * mean
            self.running_var = (1 - weight) * self.running_var + weight * var * m / (m - 1)
        x_hat = (x - mean) / np.sqrt(var + self.eps)
        return self.gamma * x_hat + self.beta
        ### END SOLUTION


# %% check="batch_norm.train" points=1
x = np.random.RandomState(1).normal([5, -40, 300], [1, 3, 9], (7, 3))
names = ("gamma", "beta", "running_mean", "running_var", "num_batches_tracked")


def forward_in_training(x):
    bn = BatchNorm(3, eps=0.1, momentum=0.3)
    bn.gamma, bn.beta = np.array([2.0, -1.0, 0.5]), np.array([1.0, 4.0, -3.0])
    return bn.forward(x, training=True)


def refuses_one_sample(x):
    bn = BatchNorm(3)
    bn.gamma += 1  # gradient descent in place must not reach the buffers
    bn.beta += 2
    bn.running_mean = bn.running_mean + 3
    try:
        return bn.forward(x[:1], training=True)
    except NotImplementedError:
        raise
    except Exception as error:
        kind = "ValueError" if isinstance(error, ValueError) else type(error).__name__
        return {"raised": kind, **{name: getattr(bn, name) for name in names[2:]}}


check("y of a training batch", forward_in_training, x)
check("a fresh layer", lambda: {name: getattr(BatchNorm(3), name) for name in names})
check("a training batch of one raises ValueError", refuses_one_sample, x)
large = (1000 + np.random.RandomState(2).normal(0, 2, (50, 3))).astype("f4")
check("y in training, float32, mean 1000", forward_in_training, large, rtol=1e-2)
### BEGIN HIDDEN TESTS
r = np.random.RandomState(4)
check("y in training, every other column", forward_in_training, r.normal(3, 2, (10, 6))[:, ::2])
x = np.column_stack([np.full(5, 2.5), r.normal(1, 2, (5, 2))])
check("y in training, a constant feature", forward_in_training, x)
x = (-800 + r.normal(0, 2, (40, 3))).astype("f4")
check("y in training, float32 with a large offset", forward_in_training, x, rtol=1e-2)
### END HIDDEN TESTS

# %% check="batch_norm.buffers" points=2
r = np.random.RandomState(2)
xs = [r.normal([5, -40, 300], [1, 3, 9], (m, 3)) for m in (5, 2, 9)]


def buffers_after(xs, momentum, mean=0.0, var=1.0):
    bn = BatchNorm(3, eps=0.1, momentum=momentum)
    bn.running_mean, bn.running_var = bn.running_mean + mean, bn.running_var + var - 1
    for x in xs:
        bn.forward(x, training=True)
    return {name: getattr(bn, name) for name in ("running_mean", "running_var", "num_batches_tracked")}


check("buffers after 1 training batch, momentum 0.3", buffers_after, xs[:1], 0.3, mean=8.0, var=6.0)
check("buffers after 3 training batches, momentum 0.3", buffers_after, xs, 0.3)
check("buffers after 3 training batches, momentum=None", buffers_after, xs, None)
check("buffers after 2 training batches, momentum 0", buffers_after, xs[:2], 0.0, mean=8.0, var=6.0)


def defaults(x):
    bn = BatchNorm(3)
    return {"y": bn.forward(x, training=True), "running_mean": bn.running_mean}


check("the defaults: y with eps=1e-5, running_mean with momentum=0.1", defaults, xs[0] * 0.01)
### BEGIN HIDDEN TESTS
x = np.column_stack([np.full(5, 2.5), r.normal(1, 2, (5, 2))])
check("buffers, a constant feature, a constant batch", buffers_after, [x, np.full((2, 3), 2.5)], 0.3)
### END HIDDEN TESTS

# %% check="batch_norm.eval" points=1
x = np.random.RandomState(3).normal([5, -40, 300], [1, 3, 9], (7, 3))


def forward_in_eval(x):
    bn = BatchNorm(3, eps=0.1, momentum=0.3)
    bn.gamma, bn.beta = np.array([2.0, -1.0, 0.5]), np.array([1.0, 4.0, -3.0])
    bn.running_mean, bn.running_var = np.array([4.0, -42.0, 290.0]), np.array([0.5, 11.0, 70.0])
    bn.num_batches_tracked = 9
    y = bn.forward(x, training=False)
    return {"y": y, **{name: getattr(bn, name) for name in ("running_mean", "running_var", "num_batches_tracked")}}


def eval_before_and_after_training(x):
    bn = BatchNorm(2)
    return [bn.forward(x, training=mode) for mode in (False, True, False)][::2]


y = check("y in eval, and the buffers after it", forward_in_eval, x)["y"]
alone = check("one sample in eval", forward_in_eval, x[:1])["y"]
check("y in eval before and after a training batch, 2 features", eval_before_and_after_training, x[:, :2])
assert np.allclose(alone[0], y[0]), "in eval a sample's output must not depend on its neighbours"
### BEGIN HIDDEN TESTS
check("eval, every other column", forward_in_eval, np.random.RandomState(4).normal(3, 2, (10, 6))[:, ::2])
### END HIDDEN TESTS

# %% check="batch_norm.fifty_steps" points=2
TORCH = {  # nn.BatchNorm1d's running_mean and running_var after these 50 steps: recorded with torch 2.13 in float64
    0.1: ([3.155612252492843, -19.323567036168555, 97.39238562489005],
          [1.1713662948352115, 14.363333054377554, 58.12610670131674]),
    0.01: ([0.900250054799849, -5.729415319135001, 28.875782088652393],
           [1.035121801300566, 5.152619858859949, 18.385508822555757]),
    None: ([3.098758389294714, -19.784971010381813, 99.72327071477852],
           [1.1083894299913393, 15.373898740873042, 61.54647167134197]),
}  # fmt: skip


def fifty_steps(momentum, seed=5):
    """50 steps of train and eval. Returns (y, running_mean, running_var, num_batches_tracked), y: all outputs."""
    r, ys, bn = np.random.RandomState(seed), [], BatchNorm(3, momentum=momentum)
    bn.gamma, bn.beta = np.array([2.0, -1.0, 0.5]), np.array([1.0, 0.0, -3.0])
    for _ in range(50):
        x = r.normal([3, -20, 100], [1, 4, 9], (r.randint(2, 10), 3))
        ys.append(bn.forward(x, training=bool(r.rand() < 0.7)))
    return np.concatenate(ys), bn.running_mean, bn.running_var, bn.num_batches_tracked


for momentum, recorded in TORCH.items():
    ys, *buffers, count = check(f"50 steps, momentum={momentum}", fifty_steps, momentum, rtol=1e-10, atol=1e-11)
    assert np.allclose(buffers, recorded, rtol=1e-10), "the buffers differ from those of nn.BatchNorm1d"
### BEGIN HIDDEN TESTS
check("50 other steps, momentum=0.3", fifty_steps, 0.3, 6, rtol=1e-10, atol=1e-11)
### END HIDDEN TESTS

# %% [markdown]
# You have shown that the buffers of your layer are those of `nn.BatchNorm1d`, for momentum 0.1, 0.01 and None, to ten
# digits. The buffers in the check were recorded from PyTorch. Where torch is installed, the next cell compares buffers
# and outputs live, step by step.


# %% tags=["demo"]
def largest_gap(momentum):
    """Largest relative gap to nn.BatchNorm1d, outputs and buffers, over 50 random steps. Uses your BatchNorm."""
    r, bn, gap = np.random.RandomState(7), BatchNorm(4, momentum=momentum), 0.0
    theirs = torch.nn.BatchNorm1d(4, momentum=momentum, dtype=torch.float64)
    for _ in range(50):
        x, training = r.normal([1, -9, 30, 0], [1, 2, 9, 0.1], (r.randint(2, 20), 4)), bool(r.rand() < 0.7)
        pairs = [(bn.forward(x, training), theirs.train(training)(torch.tensor(x)))]
        pairs += [(bn.running_mean, theirs.running_mean), (bn.running_var, theirs.running_var)]
        gap = max(gap, *(np.max(np.abs(a - b.detach().numpy()) / (1 + np.abs(a))) for a, b in pairs))
    return gap if bn.num_batches_tracked == int(theirs.num_batches_tracked) else np.inf


try:
    for momentum in (0.1, 0.01, None) if torch is not None else ():
        print(f"momentum={momentum}: 50 steps agree to 1e-10:", bool(largest_gap(momentum) < 1e-10))
    if torch is None:
        print("torch is not installed: the recorded values in the check above are the comparison.")
except NotImplementedError:
    print("Write BatchNorm above, then run this cell again.")
# %% [markdown]
# ## A test in the wrong mode
#
# **Question.** A colleague measures test accuracy with `training=True`, in batches of 500, and computes no gradients.
# The accuracy looks as it should. What is wrong all the same?
#
# - (a) The test images are in the buffers now, and each answer depended on 499 other images.
# - (b) γ and β have been fitted to the test images, since in training mode the layer learns them.
# - (c) Nothing: without gradients there is no update, so the layer leaves the test as it entered it.
# - (d) The weights of the layer before have moved, since their outputs were normalized differently.
# %% exercise="q_wrong_mode"
### BEGIN SOLUTION
q_wrong_mode = "a"
### END SOLUTION

# %% check="q_wrong_mode.answer" points=1
check("q_wrong_mode", q_wrong_mode)
# %% [markdown]
# See it in numbers. The layer has been through the training images. Then somebody runs a test, in batches of 20: on the
# usual images or on inverted ones, in the right mode or in the wrong one. After it we measure the accuracy on the usual
# test images, in eval mode.
#
# **Predict.** After which of the four tests is that accuracy much lower than before?
# %%
my_guess = "?"  # "training=False", "training=True", on the usual or on inverted images


# %% tags=["demo"]
def honest_accuracies():
    """Accuracy in eval mode, in %, before and after four tests. Uses your BatchNorm."""
    found = {}
    for name, inverted, mode in [("no test", False, None), ("usual images, training=False", False, False),
                                 ("usual images, training=True", False, True),
                                 ("inverted images, training=False", True, False),
                                 ("inverted images, training=True", True, True)]:  # fmt: skip
        bn = BatchNorm(40, momentum=0.1)
        bn.gamma, bn.beta = net["gamma"], net["beta"]
        for i in range(0, len(images) - 31, 32):
            bn.forward(images[i : i + 32] @ net["W1"], training=True)
        for i in range(0, len(X_test) - 19, 20) if mode is not None else ():
            x = X_test[i : i + 20]
            bn.forward((1 - x if inverted else x) @ net["W1"], training=mode)
        logits = np.maximum(bn.forward(z_test, training=False), 0) @ net["W2"] + net["b2"]
        found[name] = 100 * np.mean(logits.argmax(1) == y_test)
    return found


try:
    honest = honest_accuracies()
    for name, value in honest.items():
        print(f"after {name:32} {value:5.1f}% of the usual test images right in eval mode")
    print("your guess:", my_guess)
except NotImplementedError:
    print("Write BatchNorm above, then run this cell again.")
# %% [markdown]
# Tests with `training=False` leave no trace. A test with `training=True` moves the buffers to the statistics of the
# images that it saw. Where these are like the training images, the accuracy hardly changes, so the slip can go
# unnoticed. After the inverted images the buffers describe inverted images, and the next evaluation is wrong for many
# of the usual ones.
# %% claim="no trace in eval mode; little after usual images; much after inverted ones"
honest["usual images, training=False"] == honest["inverted images, training=False"] == honest["no test"] and (
    abs(honest["usual images, training=True"] - honest["no test"]) < 5
    and honest["inverted images, training=True"] < honest["no test"] - 15
)
# %% [markdown]
# ## At inference BN is an affine map: fold it
#
# With fixed statistics, y = γ(z − mean)/√(var + ε) + β is, per feature, a number times z plus a number. The layer
# before is affine too: z = xW + b. An affine map of an affine map is one affine map. So there is a W′ and a b′ with
#
# $$xW' + b' = \gamma\,\frac{(xW + b) - \mathrm{mean}}{\sqrt{\mathrm{var} + \epsilon}} + \beta
# \quad\text{for every } x.$$
#
# BN then costs nothing at inference. **Layout:** `z = x @ W + b` with `W` of shape (D_in, D_out): one *column* per
# feature. (PyTorch's `nn.Linear.weight` is (D_out, D_in): there it would be one row.)
#
# ### Exercise 4: fold
#
# <details><summary>Hint</summary>
#
# Call what multiplies z the scale: one number per feature, (D_out,). Multiply out the right-hand side on paper, and
# collect what stands with x and what stands alone. There are three terms that stand alone.
# </details>


# %% exercise="fold_into_linear"
def fold_into_linear(W, b, gamma, beta, mean, var, eps=1e-5):
    """Fold an inference-time BN into the linear layer before it, z = x @ W + b.

    W: (D_in, D_out), one column per feature.  b, gamma, beta, mean, var: (D_out,).  The arguments stay as they are.
    Returns (W, b), same shapes, with x @ W + b equal to BN of the old layer's output.  About 7 minutes.
    """
    ### BEGIN SOLUTION
    scale = gamma / np.sqrt(var + eps)
    return W * scale, (b - mean) * scale + beta
    ### END SOLUTION


# %% check="fold_into_linear.weights" points=1
r = np.random.RandomState(1)
W, b, gamma, beta = r.normal(0, 1, (4, 3)), r.normal(2, 1, 3), np.array([2.0, -1.0, 0.5]), np.array([1.0, 4.0, -3.0])
mean, var = np.array([4.0, -6.0, 0.3]), np.array([0.5, 11.0, 2.0])


def folded_weights(W, b, gamma, beta, mean, var, eps):
    new_W, new_b = fold_into_linear(W, b, gamma, beta, mean, var, eps)
    return new_W


new_W = check("W after folding", folded_weights, W, b, gamma, beta, mean, var, 0.1)
### BEGIN HIDDEN TESTS
check("W after folding, other sizes", folded_weights, r.normal(0, 1, (2, 5)), *r.uniform(1, 3, (5, 5)), 0.3)
### END HIDDEN TESTS
# %% check="fold_into_linear.bias" points=1
r = np.random.RandomState(2)
W, b, gamma, beta = r.normal(0, 1, (5, 2)), np.array([3.0, -2.0]), np.array([1.5, -0.7]), np.array([-1.0, 2.5])
mean, var = np.array([-2.0, 7.0]), np.array([4.0, 0.3])


def folded_bias(W, b, gamma, beta, mean, var, eps):
    new_W, new_b = fold_into_linear(W, b, gamma, beta, mean, var, eps)
    return new_b


new_b = check("b after folding", folded_bias, W, b, gamma, beta, mean, var, 0.1)
### BEGIN HIDDEN TESTS
check("b after folding, other sizes", folded_bias, r.normal(0, 1, (2, 7)), *r.uniform(1, 3, (5, 7)), 0.3)
### END HIDDEN TESTS
# %% check="fold_into_linear.same_function" points=1
r = np.random.RandomState(3)
W, b, gamma, beta = r.normal(0, 1, (3, 4)), r.normal(2, 1, 4), r.normal(1, 1, 4), r.normal(0, 1, 4)
mean, var, x = r.normal(3, 2, 4), r.uniform(0.2, 4, 4), r.normal(0, 1, (6, 3))
new_W, new_b = check("fold: W and b", fold_into_linear, W, b, gamma, beta, mean, var, eps=0.1)
y = gamma * (x @ W + b - mean) / np.sqrt(var + 0.1) + beta
assert np.allclose(x @ new_W + new_b, y), "x @ W + b after folding must equal BN(x @ W + b) before"
### BEGIN HIDDEN TESTS
args = (W, b, gamma, beta, mean, var)
check("fold: float32", fold_into_linear, *(a.astype("f4") for a in args), eps=0.1, rtol=1e-5)
check("fold: a square W", fold_into_linear, r.normal(0, 1, (4, 4)), *args[1:], eps=0.1)
check("fold: W transposed in memory", fold_into_linear, r.normal(0, 1, (8, 3)).T[:, ::2], *args[1:], eps=0.1)
check("fold: a feature that never varied", fold_into_linear, *args[:5], np.zeros(4), eps=0.01)
check("fold: one feature, the default eps", fold_into_linear, W[:, :1], *(a[:1] for a in args[1:-1]), var[:1] / 1e4)
### END HIDDEN TESTS

# %% [markdown]
# You have shown that BN needs no layer of its own once training is over. Now fold it in the trained network, whose
# hidden layer has no bias, so b = 0.
# %% tags=["demo"]
try:  # uses your fold_into_linear
    W, b = fold_into_linear(net["W1"], np.zeros(40), net["gamma"], net["beta"], *stats, eps=1e-5)
    folded = np.maximum(X_test @ W + b, 0) @ net["W2"] + net["b2"]
    print("logits with BN and with BN folded agree to 1e-10:", bool(np.max(np.abs(folded - frozen)) < 1e-10))
    print(
        f"accuracy with BN {np.mean(frozen.argmax(1) == y_test):.3f}, folded {np.mean(folded.argmax(1) == y_test):.3f}"
    )
    print(f"numbers kept for the hidden layer: W and 4·40 before, W and {b.size} after")
except NotImplementedError:
    print("Write fold_into_linear above, then run this cell again.")
# %% [markdown]
# Folding is for inference only. While you train, the statistics change with every batch, and there is no fixed W′.
# %% claim="folding changes no answer"
bool(np.max(np.abs(folded - frozen)) < 1e-8) and bool(np.all(folded.argmax(1) == frozen.argmax(1)))
# %% [markdown]
# ## Recap
#
# - With the batch's statistics a prediction depends on the other images of its batch. A batch of one loses the image
#   altogether.
# - Inference uses fixed statistics: E[x], the mean of batch means, and Var[x], m/(m−1) times the mean of the batch
#   variances.
# - Libraries keep running averages instead. Their memory is about 1/ρ steps, so with small ρ they are out of date after
#   a fast change.
# - PyTorch's momentum weighs the new value. The biased variance normalizes, the unbiased one is kept.
# - In eval BN is an affine map per feature. Fold it into the layer before.
# %%
scoreboard()
# %% [markdown]
# **Next:** unit 06 puts forward, backward and running statistics together, and trains a network of our own on MNIST.
