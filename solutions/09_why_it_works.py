# ---
# title: Why it works
# question: Is it really internal covariate shift?
# minutes: 60
# builds_on: [02_internal_covariate_shift, 07_pytorch_mnist, 08_cnn_per_channel]
# ---

# %% [markdown]
# By the end you can
#
# - build the experiment that separates "BN helps" from "BN keeps distributions stable": noisy BN;
# - measure internal covariate shift as a change of gradients, and the smoothness of a loss along its gradient, without leaving a trace in the model;
# - set your curves beside those of the paper that asked first, and say where they agree and where they do not;
# - name three other accounts of BN, and what is settled and what is not.
#
# You need unit 02's definition of internal covariate shift, and PyTorch's modules, buffers and modes (units 07 and 08).
#
# Two papers meet here. **Ioffe & Szegedy 2015** ([arXiv 1502.03167](https://arxiv.org/abs/1502.03167)) introduced BN, and gave a reason. **Santurkar, Tsipras, Ilyas & Mądry
# 2018** ([arXiv 1805.11604](https://arxiv.org/abs/1805.11604)), "How Does Batch Normalization Help Optimization?", put that reason to the test. "The paper", in this unit, is the second.

# %%
import copy
import json
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional as F

torch.set_flush_denormal(True)
torch.set_num_threads(1)  # the nets are so small that a second thread costs more than it helps

try:
    from tqdm.auto import tqdm
except ImportError:
    tqdm = lambda it, **options: it


@contextmanager
def your_functions():
    """Around a demonstration that calls your code: says so, in one line, where some of it is still to be written."""
    try:
        yield
    except NotImplementedError:
        print("This cell uses code of yours that is not written yet. Answer the exercises above, then run it again.")


# %% [markdown]
# ## 1. A claim, and how to test it
# Unit 02 stated it as a hypothesis. While a deep net trains, the layers in front of a layer change, and so its inputs move: *internal covariate shift*, ICS. The claim of 2015 has two links:
#
# 1. BN keeps the distributions of the layers' inputs steadier.
# 2. Training is faster **because** they are steadier.
#
# A chain is tested link by link. To test the second, break the first on purpose: leave BN in, and shake the distributions *behind* it, afresh at every step.
#
# ### Question 1
# Say the shaken net trains about as fast as with plain BN, and faster than without BN. Which sentence is then in trouble?
#
# - (a) "BN makes the inputs of the layers steadier than they were."
# - (b) "BN speeds training up because the layers' inputs are steady."
# - (c) "Without BN, the inputs of the layers move during training."
# - (d) "BN speeds training up because its gradients pass through μ and σ."

# %% exercise="q_noise"
### BEGIN SOLUTION
q_noise = "b"
### END SOLUTION

# %% check="q_noise.answer" points=1
check("q_noise", q_noise)

# %% mistake="q_noise" hint="The shaken net has BN and unsteady inputs because we shook it. What BN does to the inputs when nobody shakes them is not tested by it. Which sentence has a 'because' that the experiment breaks?"
q_noise = "a"

# %% mistake="q_noise" hint="That inputs move without BN can be seen directly (unit 02). This experiment leaves it as true as it was. It asks whether the moving is what slows training."
q_noise = "c"

# %% mistake="q_noise" hint="The shaken net still normalizes with its batch's μ and σ, and still sends gradients through them. So it would be quick under this sentence too: the sentence survives."
q_noise = "d"

# %% [markdown]
# ## 2. Noisy BN
# The paper's noise (its appendix A). Take a batch-normalized activation $a$, before the nonlinearity. At each step, and at each BN layer:
#
# $$\text{for each unit } j:\quad \mu_j \sim U(-0.5,\, 0.5), \qquad \sigma_j \sim U(1,\, 1.25)$$
# $$\text{for each sample } i \text{ and unit } j:\quad m_{ij} \sim U(\mu_j - 0.1,\, \mu_j + 0.1), \qquad s_{ij} \sim N(\sigma_j,\, 0.1), \qquad a_{ij} \leftarrow s_{ij}\, a_{ij} + m_{ij}$$
#
# The first line moves a unit's whole distribution, to another place at each step. That is covariate shift, made to order. The second line adds a little disorder between samples. For images, every place of
# every channel is a unit. We read the 0.1 in $N(\sigma_j, 0.1)$ as a standard deviation.
#
# ### Exercise: `noisy_batchnorm` (10 minutes)
# The random numbers come from NumPy, whose `RandomState` gives the same ones everywhere. The order in which you draw decides which number goes where, so keep to the docstring's.
#
# <details><summary>Hint</summary>
#
# - `rng.uniform(low, high, size)` and `rng.normal(mean, std, size)`. `low`, `high` and `mean` may be arrays that broadcast to `size`.
# - One unit's numbers have shape `a.shape[1:]`; one number for each sample and unit has shape `a.shape`.
# - `torch.from_numpy(z).to(a)` makes a tensor of `a`'s dtype, on `a`'s device.
# </details>


# %% exercise="noisy_batchnorm"
def noisy_batchnorm(a, rng):
    """Shake batch-normalized activations, by Santurkar et al. 2018, appendix A.  About 10 minutes.

    a: a tensor (N, ...), samples first, everything behind that is a unit; rng: a np.random.RandomState.
    Draw, in this order, mu and sigma (one a unit), then m and s (one for each sample and unit).
    Returns s·a + m: a new tensor of a's shape and dtype, through which gradients flow back to a.
    """
    ### BEGIN SOLUTION
    mu = rng.uniform(-0.5, 0.5, a.shape[1:])
    sigma = rng.uniform(1, 1.25, a.shape[1:])
    m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)
    s = rng.normal(sigma, 0.1, a.shape)
    return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
    ### END SOLUTION


# %% check="noisy_batchnorm.values" points=2
np.random.seed(123)  # so that noise from NumPy's global generator can be told apart
a = torch.from_numpy(np.random.RandomState(1).normal(0, 1, (5, 3)))
rng = np.random.RandomState(7)
y = check("shaken activations", lambda a: noisy_batchnorm(a, np.random.RandomState(7)), a)
a = torch.full((4000, 2), 3.0, dtype=torch.float64)
y = check(
    "the mean and spread of 4,000 samples", lambda a: (lambda y: (y.mean(0), y.std(0)))(noisy_batchnorm(a, rng)), a
)
### BEGIN HIDDEN TESTS
images = torch.from_numpy(np.random.RandomState(2).normal(0, 1, (4, 3, 2, 5)))
check("shaken images", lambda a: noisy_batchnorm(a, np.random.RandomState(8)), images)
turned = torch.from_numpy(np.random.RandomState(3).normal(0, 1, (6, 9))).T[::2]
check("shaken, not contiguous", lambda a: noisy_batchnorm(a, np.random.RandomState(9)), turned)
### END HIDDEN TESTS

# %% check="noisy_batchnorm.gradient" points=1
a = torch.from_numpy(np.random.RandomState(4).normal(0, 1, (4, 3)))


def gradient_of_sum(a):
    """The gradient of the sum of all shaken activations, which is s."""
    a = a.requires_grad_()
    return torch.autograd.grad(noisy_batchnorm(a, np.random.RandomState(11)).sum(), a)[0]


check("the gradient that flows back", gradient_of_sum, a)
check("shaken, float32", lambda a: noisy_batchnorm(a, np.random.RandomState(7)), a.float(), rtol=1e-5)

# %% [markdown]
# *Established:* within one step a unit's samples share a shift of up to half a standard deviation; at the next step it is another shift.

# %% mistake="noisy_batchnorm" hint="The noise is shared by the whole batch: m and s have one value a unit. The paper draws them anew for each sample, around the unit's μ and σ: their size is a.shape."
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)
# - s = rng.normal(sigma, 0.1, a.shape)
# + m = rng.uniform(mu - 0.1, mu + 0.1)
# + s = rng.normal(sigma, 0.1)

# %% mistake="noisy_batchnorm" hint="There is no second draw: μ and σ were used as m and s. Every sample gets its own m, around μ, and its own s, around σ."
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)
# - s = rng.normal(sigma, 0.1, a.shape)
# + m = mu
# + s = sigma

# %% mistake="noisy_batchnorm" hint="μ and σ were drawn for each sample too. Then the samples' shifts average out, and the unit's distribution as a whole hardly moves: no covariate shift. One μ and one σ a unit: size a.shape[1:]."
# - mu = rng.uniform(-0.5, 0.5, a.shape[1:])
# - sigma = rng.uniform(1, 1.25, a.shape[1:])
# + mu = rng.uniform(-0.5, 0.5, a.shape)
# + sigma = rng.uniform(1, 1.25, a.shape)

# %% mistake="noisy_batchnorm" hint="μ and σ are single numbers here, the same for all units. Each unit has its own: size a.shape[1:]."
# - mu = rng.uniform(-0.5, 0.5, a.shape[1:])
# - sigma = rng.uniform(1, 1.25, a.shape[1:])
# + mu = rng.uniform(-0.5, 0.5)
# + sigma = rng.uniform(1, 1.25)

# %% mistake="noisy_batchnorm" hint="μ and σ were drawn one a sample (size N), not one a unit. Behind the first axis stand the units: size a.shape[1:]."
# - mu = rng.uniform(-0.5, 0.5, a.shape[1:])
# - sigma = rng.uniform(1, 1.25, a.shape[1:])
# + mu = rng.uniform(-0.5, 0.5, (len(a), *[1] * (a.ndim - 1)))
# + sigma = rng.uniform(1, 1.25, (len(a), *[1] * (a.ndim - 1)))

# %% mistake="noisy_batchnorm" hidden=true hint="a.shape[1] is the number of columns of a table. Of images, (N, C, H, W), it is only the channels, but every place of every channel is a unit: a.shape[1:]."
# - mu = rng.uniform(-0.5, 0.5, a.shape[1:])
# - sigma = rng.uniform(1, 1.25, a.shape[1:])
# + mu = rng.uniform(-0.5, 0.5, a.shape[1])
# + sigma = rng.uniform(1, 1.25, a.shape[1])

# %% mistake="noisy_batchnorm" hint="PyTorch and NumPy do not multiply each other: s and m are still NumPy arrays. Make tensors of them: torch.from_numpy(…).to(a)."
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + s * a + m

# %% mistake="noisy_batchnorm" hint="m has one value a unit, shared by the batch, and s has one for each sample. Both are drawn anew for each sample: size a.shape."
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)
# + m = rng.uniform(mu - 0.1, mu + 0.1)

# %% mistake="noisy_batchnorm" hint="a came back as it went in. Scale it by s and shift it by m."
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return a

# %% mistake="noisy_batchnorm" hint="m does not depend on μ: it was drawn from U(−0.1, 0.1). Draw it around the unit's μ, from U(μ − 0.1, μ + 0.1). Without μ the means stay at 0."
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)
# + rng.uniform(-0.1, 0.1, a.shape)

# %% mistake="noisy_batchnorm" hint="s does not depend on σ: it was drawn around 1. Draw it from N(σ, 0.1)."
# - rng.normal(sigma, 0.1, a.shape)
# + rng.normal(1, 0.1, a.shape)

# %% mistake="noisy_batchnorm" hint="The spread of s is √0.1 here. In this course the 0.1 of N(σ, 0.1) is the standard deviation, which is what rng.normal takes."
# - rng.normal(sigma, 0.1, a.shape)
# + rng.normal(sigma, 0.1**0.5, a.shape)

# %% mistake="noisy_batchnorm" hint="The shift came before the scaling: s·(a + m). The formula is s·a + m."
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return torch.from_numpy(s).to(a) * (a + torch.from_numpy(m).to(a))

# %% mistake="noisy_batchnorm" hint="m and s changed places: s multiplies, m is added."
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return torch.from_numpy(m).to(a) * a + torch.from_numpy(s).to(a)

# %% mistake="noisy_batchnorm" hint="The noise is only added (a + m). It scales too: s·a + m."
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + a + torch.from_numpy(m).to(a)

# %% mistake="noisy_batchnorm" hint="The right distributions, drawn in another order: s before m. The same RandomState then hands out other numbers. The docstring's order is mu, sigma, m, s."
# - s = rng.normal(sigma, 0.1, a.shape)
# + pass
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)
# + s = rng.normal(sigma, 0.1, a.shape); m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)

# %% mistake="noisy_batchnorm" hint="The right distributions, drawn in another order: σ before μ. The same RandomState then hands out other numbers. The docstring's order is mu, sigma, m, s."
# - sigma = rng.uniform(1, 1.25, a.shape[1:])
# + pass
# - mu = rng.uniform(-0.5, 0.5, a.shape[1:])
# + sigma = rng.uniform(1, 1.25, a.shape[1:]); mu = rng.uniform(-0.5, 0.5, a.shape[1:])

# %% mistake="noisy_batchnorm" hint="μ and σ have the same interval. σ ~ U(1, 1.25): it stays near 1, it only widens."
# - sigma = rng.uniform(1, 1.25, a.shape[1:])
# + sigma = rng.uniform(-0.5, 0.5, a.shape[1:])

# %% mistake="noisy_batchnorm" hint="σ was drawn from a normal distribution. It is uniform: σ ~ U(1, 1.25)."
# - sigma = rng.uniform(1, 1.25, a.shape[1:])
# + sigma = rng.normal(1, 1.25, a.shape[1:])

# %% mistake="noisy_batchnorm" hint="The random numbers are float64, and the result became float64 with them. The layers behind want a's dtype: torch.from_numpy(…).to(a)."
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return torch.from_numpy(s) * a + torch.from_numpy(m)

# %% mistake="noisy_batchnorm" hint="The result is right, but autograd cannot see how it came from a (was it taken through NumPy, detach() or no_grad?). The layers in front would learn nothing. Turn the noise into tensors, not a into an array."
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return torch.from_numpy(s * a.detach().numpy() + m).to(a)

# %% mistake="noisy_batchnorm" hint="The result is a NumPy array. The next layer needs a tensor: make tensors of s and m, not an array of a."
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return s * a.detach().numpy() + m

# %% mistake="noisy_batchnorm" hint="a itself was changed (*= or +=). Make a new tensor: the caller, and autograd, still need a."
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + a *= torch.from_numpy(s).to(a); a += torch.from_numpy(m).to(a); return a

# %% mistake="noisy_batchnorm" hint="A generator of your own was used, with a seed of its own, so every step would draw the same noise. Draw from the argument rng: it moves on from call to call."
# - mu = rng.uniform(-0.5, 0.5, a.shape[1:])
# + rng = np.random.RandomState(0); mu = rng.uniform(-0.5, 0.5, a.shape[1:])

# %% mistake="noisy_batchnorm" hint="s has one value a unit, shared by the batch, and m has one for each sample. Both are drawn anew for each sample: size a.shape."
# - s = rng.normal(sigma, 0.1, a.shape)
# + s = rng.normal(sigma, 0.1)

# %% mistake="noisy_batchnorm" hint="m is missing: the activations are scaled, but not shifted. s·a + m."
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return torch.from_numpy(s).to(a) * a

# %% mistake="noisy_batchnorm" hint="m is subtracted. The formula adds it: s·a + m."
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return torch.from_numpy(s).to(a) * a - torch.from_numpy(m).to(a)

# %% mistake="noisy_batchnorm" hint="μ lies between 0 and 0.5 here, so every unit is shifted upwards. μ ~ U(−0.5, 0.5)."
# - mu = rng.uniform(-0.5, 0.5, a.shape[1:])
# + mu = rng.uniform(0, 0.5, a.shape[1:])

# %% mistake="noisy_batchnorm" hint="m lies to one side of μ only. m ~ U(μ − 0.1, μ + 0.1)."
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)
# + rng.uniform(mu, mu + 0.1, a.shape)

# %% mistake="noisy_batchnorm" hint="m was drawn from a normal distribution. It is uniform: m ~ U(μ − 0.1, μ + 0.1)."
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)
# + rng.normal(mu, 0.1, a.shape)

# %% mistake="noisy_batchnorm" hint="The right distributions, drawn in another order: m before σ. The same RandomState then hands out other numbers. The docstring's order is mu, sigma, m, s."
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)
# + pass
# - sigma = rng.uniform(1, 1.25, a.shape[1:])
# + m = rng.uniform(mu - 0.1, mu + 0.1, a.shape); sigma = rng.uniform(1, 1.25, a.shape[1:])

# %% mistake="noisy_batchnorm" hint="Autograd cannot follow a into NumPy: s or m is still a NumPy array, or a was made one. Leave a a tensor and make tensors of s and m: torch.from_numpy(…).to(a)."
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return a * s + m

# %% mistake="noisy_batchnorm" hint="The noise came from NumPy's global generator, np.random. Draw from the argument rng: rng.uniform, rng.normal. Only then can a run be repeated."
# - mu = rng.uniform(-0.5, 0.5, a.shape[1:])
# + rng = np.random; mu = rng.uniform(-0.5, 0.5, a.shape[1:])

# %% mistake="noisy_batchnorm" hint="Nothing comes back (None). End with a return."
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + pass

# %% [markdown]
# ### A small VGG
# The paper trains a VGG on CIFAR-10: SGD, learning rate 0.1, batch 128, 15,000 steps. Ours is a small VGG on MNIST: six 3×3 convolutions, images halved to 14×14, batch 64, the same rate of 0.1. The three
# nets differ only in what stands between a convolution and its ReLU: nothing (and the convolution keeps its bias), BN, or BN and your noise.
#
# All weights start from Glorot's initialisation (unit 02). That choice matters, so it is an argument, and you will see what it does to the plain net. The rate is the paper's.


# %%
class Noise(nn.Module):
    """Behind a BN layer: your noisy_batchnorm, in training mode only, with a generator of its own."""

    def __init__(self, seed):
        super().__init__()
        self.rng = np.random.RandomState(seed)

    def forward(self, a):
        return noisy_batchnorm(a, self.rng) if self.training else a


WIDTHS = (8, 8, "pool", 16, 16, "pool", 32, 32, "pool")


# %%
def vgg(kind, seed, init=nn.init.xavier_uniform_, widths=WIDTHS, channels=1, size=14):
    """A VGG of 3×3 convolutions for (N, channels, size, size); kind is "plain", "BN" or "noisy BN"."""
    torch.manual_seed(seed)
    layers = []
    for width in widths:
        if width == "pool":
            layers.append(nn.MaxPool2d(2))
            size //= 2
            continue
        layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=kind == "plain"))
        layers += [] if kind == "plain" else [nn.BatchNorm2d(width)]
        layers += [Noise(100 * seed + len(layers))] if kind == "noisy BN" else []
        layers.append(nn.ReLU())
        channels = width
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * size * size, 10))
    for place in weight_layers(model):
        init(model[place].weight)
        if model[place].bias is not None:
            nn.init.zeros_(model[place].bias)
    return model


def weight_layers(model):
    """Where the convolutions and linear layers of an nn.Sequential stand."""
    return [i for i, layer in enumerate(model) if isinstance(layer, (nn.Conv2d, nn.Linear))]


# %% [markdown]
# A **batch** is a pair `(x, y)`. `loss_of` gives its loss: cross-entropy where `y` holds labels, the sum of squared errors where it holds numbers (section 3). `sgd_step` takes one step of gradient descent. You
# may borrow from both.


# %%
def loss_of(model, batch):
    """The loss of a batch (x, y), a tensor: cross-entropy for labels, the sum of squared errors for numbers."""
    x, y = batch
    output = model(x)
    return F.cross_entropy(output, y) if y.dtype == torch.int64 else ((output - y) ** 2).sum()


def sgd_step(model, batch, lr):
    """One step of gradient descent with all parameters. Returns the loss before it, a float."""
    parameters = list(model.parameters())
    loss = loss_of(model, batch)
    gradients = torch.autograd.grad(loss, parameters)  # a tuple; nothing is left in .grad
    with torch.no_grad():
        for p, g in zip(parameters, gradients):
            p -= lr * g
    return loss.item()


# %% [markdown]
# And what do we watch? The activations in front of the fourth ReLU, on 256 training images that stay the same: the mean and standard deviation of each unit, and the share of right answers. In training mode, with
# the noise, as in training. It works on a copy of the model, so that looking changes nothing.


# %%
def look(model, images, labels):
    """Watch the fourth ReLU's input. Returns each unit's mean and standard deviation, one unit's values, accuracy."""
    model = copy.deepcopy(model)  # the forward pass moves BN's buffers and the noise's generator: let it be a copy's
    place = [i for i, layer in enumerate(model) if isinstance(layer, nn.ReLU)][3]
    with torch.no_grad():
        a = model[:place](images)
        right = (model[place:](a).argmax(1) == labels).float().mean().item()
    one = a[:, 0, a.shape[2] // 2, a.shape[3] // 2]  # channel 0, in the middle; not chosen
    return a.mean(0).flatten(), a.std(0).flatten(), one.cpu().numpy(), right


def experiment_noise(kind, seed, data, steps, every, lr=0.1, batch_size=64, progress=lambda it: it, **net):
    """Train, and look every so often. Returns a dict of lists: step, accuracy, jump, band (15th, 50th, 85th percentile)."""
    X, y = data
    model = vgg(kind, seed, **net).to(X.device)
    rng = np.random.RandomState(seed)
    fixed = torch.from_numpy(rng.permutation(len(X))[:256])
    seen, last = {"step": [], "accuracy": [], "jump": [], "band": []}, None
    for step in progress(range(steps + 1)):
        if step % every == 0:
            mean, std, one, right = look(model, X[fixed], y[fixed])
            jump = np.nan if last is None else ((mean - last).abs().mean() / std.mean()).item()
            row = step, right, jump, np.percentile(one, (15, 50, 85)).tolist()
            for name, value in zip(seen, row):
                seen[name].append(value)
            last = mean
        rows = torch.from_numpy(rng.randint(len(X), size=batch_size))
        sgd_step(model, (X[rows], y[rows]), lr)
    return seen


# %% tags=["demo"]
X_train, y_train, X_test, y_test = load_mnist()
data = F.avg_pool2d(torch.from_numpy(X_train)[:, None], 2), torch.from_numpy(y_train)  # (N, 1, 14, 14)
data_test = F.avg_pool2d(torch.from_numpy(X_test)[:, None], 2), torch.from_numpy(y_test)
print("images", tuple(data[0].shape), "labels", tuple(data[1].shape))

# %% [markdown]
# First the choice of the start, for the plain net alone: one seed, 200 steps.

# %% tags=["demo"]
STARTS = {"PyTorch's default": lambda w: None, "Glorot": nn.init.xavier_uniform_, "He": nn.init.kaiming_normal_}
for start, init in STARTS.items():
    seen = experiment_noise("plain", 0, data, 200, 100, init=init)
    print(f"{start:18} accuracy at steps 0, 100, 200:", *(f"{a:.2f}" for a in seen["accuracy"]))

# %% [markdown]
# From PyTorch's default the plain net does not leave chance, from He's start it learns at once, from Glorot's it learns late. Against the first, BN would win too easily. We take Glorot's, and He's as a control.
#
# The **jump** is how far a unit's mean moved since the last look, averaged over units, in standard deviations.
#
# **Predict, then run.** Which of the three nets has the largest jumps? Which learns slowest?

# %%
my_guess = ...  # e.g. "jumps: plain, learning: noisy BN"

# %% tags=["demo"]
KINDS = "plain", "BN", "noisy BN"
live_noise = {}
with your_functions():
    for kind in KINDS:
        live_noise[kind] = experiment_noise(kind, 0, data, 150, 5, progress=tqdm)
    for kind, seen in live_noise.items():
        accuracy, jump = np.mean(seen["accuracy"][-10:]), np.median(seen["jump"][1:])
        print(
            f"{kind:9} accuracy, last 50 steps {accuracy:.2f}   typical jump in 5 steps {jump:.2f} standard deviations"
        )

# %% [markdown]
# One run of 150 steps is an anecdote. The same code has been run for seeds 0, 1 and 2 and 1,500 steps on MNIST, by `data/results/09_why_it_works.py`. Its numbers are in the next cell, with those of sections 3 and
# 4, so that you can set yours beside them.
#
# The paper's own size, VGG on CIFAR-10 for 15,000 steps, is in that script too. It was **not run**: there was no GPU at hand. No figure below is of it.

# %% tags=["demo"]
# stored: begin (copied from data/results/09_*.json by data/results/09_why_it_works.py --embed)
STORED = json.loads("""
{"noise_steps":[0, 25, 50, 75, 100, 125, 150, 175, 200, 225, 250, 275, 300, 325, 350, 375, 400, 425, 450, 475, 500,
525, 550, 575, 600, 625, 650, 675, 700, 725, 750, 775, 800, 825, 850, 875, 900, 925, 950, 975, 1000, 1025, 1050, 1075,
1100, 1125, 1150, 1175, 1200, 1225, 1250, 1275, 1300, 1325, 1350, 1375, 1400, 1425, 1450, 1475, 1500],
"noise":{"plain":[{"accuracy":[0.0938, 0.105, 0.176, 0.277, 0.375, 0.594, 0.668, 0.711, 0.773, 0.824, 0.812, 0.875,
0.883, 0.914, 0.848, 0.926, 0.871, 0.93, 0.895, 0.922, 0.938, 0.926, 0.934, 0.945, 0.926, 0.93, 0.949, 0.938, 0.914,
0.953, 0.949, 0.965, 0.957, 0.969, 0.965, 0.965, 0.953, 0.969, 0.98, 0.973, 0.965, 0.98, 0.969, 0.98, 0.973, 0.977,
0.953, 0.98, 0.984, 0.984, 0.98, 0.973, 0.961, 0.965, 0.977, 0.973, 0.984, 0.969, 0.988, 0.988, 0.973], "jump":[NaN,
0.452, 0.625, 0.953, 1.05, 0.612, 0.443, 0.31, 0.366, 0.315, 0.21, 0.24, 0.225, 0.197, 0.164, 0.209, 0.23, 0.22,
0.198, 0.196, 0.2, 0.166, 0.189, 0.257, 0.232, 0.269, 0.247, 0.173, 0.23, 0.238, 0.217, 0.173, 0.187, 0.165, 0.213,
0.137, 0.279, 0.15, 0.207, 0.106, 0.12, 0.13, 0.199, 0.176, 0.164, 0.257, 0.297, 0.149, 0.199, 0.154, 0.173, 0.201,
0.153, 0.161, 0.162, 0.14, 0.17, 0.151, 0.106, 0.147, 0.124], "band":[[0.077, 0.123, 0.173], [0.0571, 0.105, 0.165],
[0.117, 0.189, 0.276], [0.335, 0.497, 0.681], [1.05, 1.79, 2.57], [1.24, 2.9, 4.69], [-0.137, 1.76, 4.01], [-0.349,
1.96, 4.95], [0.266, 2.94, 6.03], [-0.401, 2.14, 5.58], [-0.344, 2.18, 5.92], [-1.12, 1.58, 5.36], [-1.08, 1.43,
4.82], [-1.76, 1.07, 4.51], [-1.99, 0.994, 4.63], [-1.48, 1.66, 5.18], [-1.88, 1.24, 4.45], [-2.38, 1.04, 4.11],
[-2.3, 1.25, 4.31], [-2.3, 1.63, 5.01], [-2.58, 1.25, 4.86], [-3.16, 0.569, 3.76], [-2.76, 1.03, 4.25], [-3.57, 0.129,
3.29], [-2.47, 1.4, 4.28], [-4.65, -0.223, 2.88], [-3.4, 0.938, 3.77], [-3.26, 1.3, 4.05], [-2.93, 1.12, 3.71],
[-3.43, 0.492, 3.71], [-4.06, 0.0254, 3.15], [-2.86, 1.24, 4.53], [-3.19, 1.57, 4.26], [-3.89, 0.166, 3.14], [-3.49,
0.907, 3.21], [-3.98, 0.833, 3.26], [-4.8, -0.247, 2.34], [-4.32, 0.279, 3.04], [-3.38, 1.24, 4.14], [-3.41, 0.898,
3.62], [-3.18, 0.924, 3.93], [-2.65, 1.6, 4.61], [-2.73, 1.23, 3.38], [-3.5, 1.21, 3.93], [-3.02, 0.916, 3.39],
[-4.69, -0.133, 2.16], [-3.25, 1.58, 4.03], [-2.99, 1.74, 4.34], [-3.81, 0.719, 3.23], [-3.94, 0.432, 2.7], [-3.49,
0.576, 2.86], [-3.59, 0.911, 3.82], [-4.07, 0.145, 2.89], [-3.74, 0.63, 3.47], [-2.96, 1.43, 4.47], [-3.99, 0.633,
3.65], [-3.06, 1.85, 4.45], [-3.74, 0.844, 3.46], [-3.98, 0.755, 3.55], [-4.44, 0.231, 2.71], [-4.29, 0.105, 2.61]]},
{"accuracy":[0.0781, 0.105, 0.141, 0.309, 0.273, 0.301, 0.504, 0.617, 0.418, 0.781, 0.84, 0.844, 0.84, 0.906, 0.906,
0.895, 0.898, 0.906, 0.914, 0.934, 0.906, 0.914, 0.934, 0.941, 0.938, 0.918, 0.918, 0.934, 0.938, 0.945, 0.938, 0.953,
0.945, 0.953, 0.93, 0.961, 0.941, 0.941, 0.961, 0.93, 0.965, 0.941, 0.961, 0.953, 0.949, 0.949, 0.957, 0.98, 0.965,
0.961, 0.961, 0.957, 0.977, 0.926, 0.965, 0.938, 0.973, 0.965, 0.969, 0.957, 0.957], "jump":[NaN, 0.503, 0.35, 0.359,
0.728, 0.8, 1.17, 0.557, 0.543, 0.385, 0.255, 0.225, 0.209, 0.222, 0.251, 0.221, 0.257, 0.227, 0.214, 0.248, 0.338,
0.33, 0.167, 0.15, 0.188, 0.172, 0.164, 0.173, 0.174, 0.147, 0.145, 0.118, 0.165, 0.233, 0.164, 0.139, 0.19, 0.207,
0.129, 0.174, 0.127, 0.22, 0.158, 0.118, 0.139, 0.105, 0.159, 0.146, 0.163, 0.179, 0.139, 0.158, 0.158, 0.239, 0.19,
0.198, 0.254, 0.141, 0.162, 0.151, 0.145]}, {"accuracy":[0.148, 0.109, 0.0977, 0.238, 0.23, 0.262, 0.383, 0.43, 0.699,
0.793, 0.855, 0.898, 0.895, 0.871, 0.898, 0.91, 0.918, 0.926, 0.93, 0.945, 0.949, 0.934, 0.934, 0.918, 0.914, 0.945,
0.926, 0.938, 0.922, 0.957, 0.934, 0.957, 0.953, 0.953, 0.945, 0.965, 0.969, 0.949, 0.953, 0.965, 0.957, 0.957, 0.969,
0.969, 0.965, 0.945, 0.957, 0.926, 0.973, 0.957, 0.953, 0.902, 0.965, 0.961, 0.969, 0.969, 0.973, 0.977, 0.98, 0.98,
0.965], "jump":[NaN, 0.634, 0.479, 0.49, 0.844, 0.799, 0.917, 0.919, 1.01, 0.33, 0.249, 0.263, 0.201, 0.189, 0.2,
0.285, 0.164, 0.19, 0.149, 0.135, 0.102, 0.164, 0.132, 0.157, 0.208, 0.186, 0.215, 0.14, 0.211, 0.202, 0.132, 0.197,
0.189, 0.128, 0.204, 0.181, 0.2, 0.172, 0.138, 0.124, 0.15, 0.158, 0.144, 0.107, 0.102, 0.196, 0.188, 0.116, 0.2,
0.213, 0.202, 0.155, 0.197, 0.179, 0.148, 0.139, 0.152, 0.153, 0.12, 0.125, 0.114]}], "BN":[{"accuracy":[0.0625,
0.918, 0.898, 0.965, 0.965, 0.957, 0.953, 0.977, 0.977, 0.98, 0.98, 0.98, 0.992, 0.992, 0.98, 0.992, 0.973, 0.969,
0.977, 0.988, 0.992, 0.984, 0.992, 0.988, 0.977, 0.984, 0.984, 0.988, 0.988, 0.977, 0.988, 0.984, 0.992, 0.996, 0.992,
0.992, 0.996, 0.988, 0.984, 0.988, 0.992, 0.984, 0.992, 0.992, 0.992, 0.992, 0.992, 0.996, 0.996, 1.0, 0.996, 0.988,
0.98, 0.992, 0.996, 0.996, 0.996, 1.0, 0.996, 0.992, 0.988], "jump":[NaN, 0.443, 0.189, 0.147, 0.133, 0.144, 0.137,
0.162, 0.153, 0.122, 0.142, 0.132, 0.139, 0.162, 0.138, 0.167, 0.255, 0.223, 0.148, 0.175, 0.17, 0.142, 0.131, 0.138,
0.158, 0.153, 0.0964, 0.111, 0.125, 0.114, 0.126, 0.145, 0.168, 0.0842, 0.12, 0.128, 0.0993, 0.136, 0.146, 0.118,
0.128, 0.119, 0.169, 0.143, 0.11, 0.0956, 0.122, 0.103, 0.128, 0.129, 0.114, 0.131, 0.112, 0.0936, 0.0968, 0.0653,
0.117, 0.0913, 0.0817, 0.126, 0.145], "band":[[-0.329, 0.795, 2.08], [-0.708, 0.791, 2.27], [-0.653, 0.942, 2.45],
[-0.68, 0.947, 2.62], [-0.585, 0.902, 2.62], [-0.54, 0.773, 2.43], [-0.572, 0.761, 2.42], [-0.729, 0.515, 2.28],
[-0.639, 0.732, 2.46], [-0.808, 0.571, 2.13], [-0.805, 0.438, 2.26], [-0.615, 0.595, 2.41], [-0.582, 0.501, 2.22],
[-0.714, 0.279, 2.21], [-1.08, 0.176, 1.81], [-0.659, 0.655, 2.26], [-1.34, 0.132, 1.76], [-0.878, 0.461, 2.12],
[-1.09, 0.261, 2.04], [-1.04, 0.197, 2.15], [-0.752, 0.698, 2.46], [-1.09, 0.569, 2.27], [-0.885, 0.507, 2.38],
[-0.754, 0.655, 2.49], [-0.848, 0.609, 2.48], [-1.02, 0.455, 2.27], [-1.02, 0.445, 2.18], [-0.884, 0.498, 2.22],
[-1.12, 0.39, 2.17], [-1.11, 0.25, 2.2], [-1.01, 0.228, 2.26], [-1.22, 0.028, 2.05], [-1.03, 0.3, 2.25], [-1.03,
0.303, 2.27], [-0.86, 0.522, 2.49], [-0.881, 0.296, 2.34], [-0.881, 0.337, 2.42], [-1.11, 0.219, 2.2], [-1.08, 0.152,
2.11], [-1.18, 0.17, 2.03], [-1.28, 0.151, 2.07], [-1.06, 0.3, 2.25], [-1.04, 0.236, 2.12], [-1.44, -0.0426, 1.93],
[-1.07, 0.152, 2.08], [-1.28, 0.113, 2.16], [-1.26, 0.0342, 1.97], [-1.15, 0.256, 2.19], [-1.24, 0.278, 2.01], [-1.44,
-0.0735, 1.82], [-1.23, 0.107, 1.97], [-0.933, 0.424, 2.14], [-0.885, 0.43, 2.29], [-1.13, 0.351, 2.11], [-0.974,
0.493, 2.3], [-0.977, 0.445, 2.28], [-1.15, 0.317, 2.26], [-1.18, 0.347, 2.28], [-1.15, 0.428, 2.28], [-1.03, 0.532,
2.51], [-0.921, 0.572, 2.39]]}, {"accuracy":[0.0664, 0.859, 0.926, 0.906, 0.941, 0.945, 0.945, 0.953, 0.957, 0.957,
0.965, 0.953, 0.961, 0.961, 0.953, 0.961, 0.953, 0.973, 0.973, 0.969, 0.961, 0.977, 0.969, 0.969, 0.961, 0.973, 0.969,
0.973, 0.977, 0.973, 0.973, 0.977, 0.965, 0.977, 0.969, 0.969, 0.957, 0.984, 0.969, 0.973, 0.984, 0.98, 0.973, 0.969,
0.98, 0.973, 0.977, 0.977, 0.98, 0.984, 0.977, 0.973, 0.969, 0.973, 0.973, 0.973, 0.977, 0.969, 0.969, 0.973, 0.977],
"jump":[NaN, 0.544, 0.244, 0.19, 0.169, 0.205, 0.209, 0.142, 0.158, 0.131, 0.137, 0.143, 0.128, 0.128, 0.134, 0.147,
0.216, 0.187, 0.182, 0.184, 0.16, 0.15, 0.14, 0.132, 0.151, 0.113, 0.134, 0.136, 0.186, 0.152, 0.147, 0.11, 0.119,
0.163, 0.132, 0.124, 0.189, 0.179, 0.114, 0.195, 0.188, 0.108, 0.107, 0.138, 0.135, 0.139, 0.142, 0.115, 0.131, 0.129,
0.0995, 0.116, 0.094, 0.15, 0.121, 0.147, 0.13, 0.128, 0.146, 0.112, 0.127]}, {"accuracy":[0.102, 0.848, 0.879, 0.918,
0.941, 0.93, 0.969, 0.965, 0.961, 0.949, 0.969, 0.965, 0.965, 0.977, 0.969, 0.961, 0.973, 0.973, 0.969, 0.98, 0.977,
0.98, 0.969, 0.961, 0.969, 0.969, 0.977, 0.977, 0.977, 0.984, 0.98, 0.992, 0.984, 0.984, 0.984, 0.977, 0.969, 0.988,
0.992, 0.992, 0.992, 0.98, 0.98, 0.98, 0.969, 0.977, 0.984, 0.98, 0.984, 0.988, 0.973, 0.977, 0.977, 0.992, 1.0,
0.969, 0.98, 0.98, 0.965, 0.973, 0.98], "jump":[NaN, 0.567, 0.243, 0.224, 0.192, 0.21, 0.181, 0.152, 0.204, 0.182,
0.193, 0.15, 0.151, 0.156, 0.138, 0.16, 0.162, 0.111, 0.135, 0.12, 0.135, 0.113, 0.174, 0.167, 0.232, 0.107, 0.159,
0.14, 0.134, 0.168, 0.112, 0.11, 0.0993, 0.13, 0.108, 0.152, 0.106, 0.102, 0.112, 0.118, 0.115, 0.122, 0.147, 0.121,
0.121, 0.155, 0.156, 0.146, 0.116, 0.107, 0.13, 0.109, 0.103, 0.126, 0.0981, 0.135, 0.129, 0.11, 0.0982, 0.125,
0.0944]}], "noisy BN":[{"accuracy":[0.0703, 0.844, 0.879, 0.926, 0.934, 0.902, 0.938, 0.973, 0.957, 0.961, 0.957,
0.973, 0.961, 0.973, 0.965, 0.977, 0.941, 0.969, 0.973, 0.973, 0.977, 0.984, 0.965, 0.969, 0.965, 0.957, 0.977, 0.973,
0.984, 0.965, 0.969, 0.988, 0.977, 0.969, 0.98, 0.98, 0.992, 0.98, 0.98, 0.973, 0.977, 0.984, 0.984, 0.973, 0.984,
0.988, 0.984, 0.969, 0.992, 0.984, 0.977, 0.984, 0.988, 0.977, 0.984, 0.977, 0.988, 0.988, 0.992, 0.984, 0.984],
"jump":[NaN, 0.766, 0.532, 0.513, 0.503, 0.505, 0.528, 0.482, 0.482, 0.49, 0.479, 0.467, 0.482, 0.47, 0.495, 0.475,
0.495, 0.463, 0.453, 0.452, 0.458, 0.457, 0.455, 0.49, 0.504, 0.452, 0.466, 0.489, 0.463, 0.444, 0.484, 0.448, 0.458,
0.459, 0.436, 0.448, 0.447, 0.431, 0.45, 0.437, 0.447, 0.438, 0.457, 0.442, 0.459, 0.437, 0.43, 0.449, 0.435, 0.451,
0.46, 0.418, 0.439, 0.447, 0.44, 0.419, 0.418, 0.417, 0.42, 0.463, 0.448], "band":[[-0.668, 0.487, 1.74], [-0.633,
0.784, 2.22], [-2.18, -0.317, 1.38], [-2.46, -0.69, 1.05], [-1.54, 0.0507, 1.55], [-2.7, -0.799, 0.854], [-2.24,
-0.905, 0.854], [-3.48, -1.65, 0.643], [-1.89, -0.391, 1.26], [-1.88, 0.0935, 1.76], [-2.24, -0.166, 1.97], [-2.27,
-0.589, 1.06], [-3.21, -1.22, 0.745], [-2.59, -0.764, 1.34], [-2.89, -0.917, 1.12], [-2.03, -0.4, 1.56], [-2.49,
-0.801, 1.51], [-2.8, -1.11, 0.963], [-2.7, -1.09, 0.424], [-2.98, -1.29, 0.887], [-3.14, -1.09, 0.747], [-2.51,
-0.862, 1.02], [-3.09, -1.57, 0.0987], [-2.81, -0.696, 1.3], [-2.45, -0.622, 1.61], [-2.22, -0.772, 1.05], [-2.22,
-0.671, 1.23], [-2.72, -1.33, 0.424], [-2.5, -0.813, 1.42], [-2.04, -0.489, 1.55], [-2.94, -0.858, 1.5], [-2.47,
-0.952, 0.76], [-2.71, -1.28, 0.767], [-2.38, -1.05, 0.547], [-2.59, -1.33, 0.189], [-1.92, -0.324, 1.56], [-1.88,
-0.328, 1.49], [-3.28, -1.4, 0.679], [-3.71, -1.67, 0.00808], [-2.46, -0.441, 1.0], [-3.05, -1.07, 0.707], [-3.26,
-1.41, 0.92], [-3.3, -0.767, 1.99], [-2.96, -1.06, 1.5], [-3.39, -1.45, 1.04], [-2.02, -0.0493, 2.49], [-2.73, -1.19,
1.1], [-2.52, -0.481, 2.25], [-1.93, -0.497, 1.87], [-3.02, -1.12, 1.48], [-3.21, -1.36, 1.28], [-3.04, -1.06, 1.29],
[-2.63, -0.955, 1.12], [-1.86, 0.00314, 2.82], [-2.42, -0.849, 1.67], [-2.37, -0.969, 1.18], [-2.6, -0.67, 1.81],
[-1.83, -0.397, 1.72], [-2.62, -1.02, 0.97], [-2.18, -0.381, 1.42], [-3.08, -0.955, 1.78]]}, {"accuracy":[0.0742,
0.762, 0.887, 0.875, 0.91, 0.93, 0.902, 0.941, 0.934, 0.926, 0.91, 0.906, 0.938, 0.949, 0.949, 0.934, 0.949, 0.945,
0.938, 0.945, 0.934, 0.941, 0.938, 0.949, 0.957, 0.953, 0.957, 0.945, 0.961, 0.949, 0.961, 0.961, 0.957, 0.965, 0.957,
0.969, 0.949, 0.961, 0.957, 0.938, 0.957, 0.965, 0.957, 0.969, 0.949, 0.965, 0.973, 0.969, 0.961, 0.961, 0.957, 0.973,
0.973, 0.965, 0.961, 0.957, 0.969, 0.973, 0.961, 0.969, 0.953], "jump":[NaN, 0.734, 0.594, 0.564, 0.516, 0.508, 0.534,
0.507, 0.466, 0.5, 0.481, 0.463, 0.501, 0.47, 0.478, 0.461, 0.465, 0.482, 0.49, 0.498, 0.481, 0.456, 0.472, 0.452,
0.466, 0.464, 0.463, 0.455, 0.451, 0.469, 0.471, 0.453, 0.454, 0.454, 0.465, 0.442, 0.455, 0.45, 0.445, 0.438, 0.448,
0.425, 0.436, 0.463, 0.445, 0.435, 0.448, 0.454, 0.449, 0.419, 0.433, 0.438, 0.444, 0.448, 0.429, 0.468, 0.442, 0.429,
0.44, 0.426, 0.415]}, {"accuracy":[0.125, 0.73, 0.859, 0.898, 0.875, 0.934, 0.934, 0.922, 0.938, 0.918, 0.93, 0.941,
0.945, 0.945, 0.949, 0.926, 0.953, 0.965, 0.961, 0.953, 0.965, 0.941, 0.957, 0.953, 0.961, 0.945, 0.953, 0.961, 0.965,
0.949, 0.98, 0.953, 0.957, 0.957, 0.961, 0.961, 0.957, 0.973, 0.973, 0.977, 0.965, 0.957, 0.973, 0.969, 0.969, 0.969,
0.973, 0.984, 0.973, 0.969, 0.969, 0.973, 0.969, 0.98, 0.973, 0.957, 0.965, 0.965, 0.973, 0.969, 0.969], "jump":[NaN,
0.691, 0.55, 0.545, 0.537, 0.501, 0.484, 0.498, 0.527, 0.487, 0.479, 0.485, 0.5, 0.483, 0.482, 0.469, 0.491, 0.463,
0.456, 0.458, 0.475, 0.485, 0.458, 0.468, 0.471, 0.46, 0.483, 0.488, 0.447, 0.44, 0.442, 0.434, 0.443, 0.429, 0.423,
0.418, 0.444, 0.43, 0.438, 0.425, 0.414, 0.418, 0.449, 0.443, 0.436, 0.415, 0.439, 0.413, 0.434, 0.44, 0.429, 0.435,
0.439, 0.452, 0.431, 0.429, 0.444, 0.457, 0.422, 0.428, 0.417]}]}, "probe_steps":[0, 50, 100, 150, 200, 250, 300, 350,
400, 450, 500, 550, 600, 650, 700, 750, 800, 850, 900, 950, 1000, 1050, 1100, 1150, 1200, 1250, 1300, 1350, 1400,
1450], "probes":{"glorot":{"plain":[[[2.31, 2.29, 2.3, 0.0704, 0.212, 0.253, 5.57, 0.00508, 0.984, 0.0164, 0.971],
[2.28, 2.26, 2.28, 0.0485, 0.168, 0.237, 4.1, 0.00662, 0.994, 0.0191, 0.979], [2.26, 1.93, 2.18, 2.57, 3.74, 3.1,
16.6, 0.148, 0.995, 0.974, 0.852], [0.819, 0.599, 3.02, 2.23, 13.9, 2.65, 16.8, 0.118, 0.992, 0.89, 0.798], [0.776,
0.379, 5.16, 3.76, 21.0, 3.96, 19.0, 0.256, 0.992, 1.6, 0.687], [0.519, 0.345, 6.27, 4.55, 26.3, 3.41, 26.7, 0.24,
0.98, 1.73, -0.0723], [0.258, 0.116, 1.34, 1.02, 9.25, 1.69, 13.7, 0.158, 0.968, 0.324, 0.929], [0.387, 0.16, 2.15,
2.4, 13.2, 2.8, 17.1, 0.226, 0.974, 1.05, 0.647], [0.141, 0.0462, 0.13, 0.569, 3.21, 1.11, 10.2, 0.096, 0.979, 0.238,
0.914], [0.27, 0.15, 3.39, 2.32, 18.7, 2.26, 20.7, 0.279, 0.979, 0.896, 0.631], [0.149, 0.0792, 0.921, 1.39, 8.24,
1.56, 17.8, 0.142, 0.983, 0.527, 0.799], [0.141, 0.0411, 0.306, 0.658, 4.47, 1.2, 10.9, 0.0294, 0.996, 0.322, 0.891],
[0.247, 0.164, 3.07, 1.88, 17.3, 1.82, 25.7, 0.253, 0.936, 0.886, 0.32], [0.151, 0.0301, 2.06, 1.66, 16.4, 1.97, 20.8,
0.0884, 0.99, 0.639, 0.805], [0.292, 0.0876, 0.437, 0.983, 5.12, 1.7, 11.5, 0.14, 0.966, 0.435, 0.892], [0.136,
0.0499, 1.04, 1.56, 5.96, 1.79, 17.4, 0.194, 0.982, 0.689, 0.655], [0.148, 0.0542, 1.17, 1.88, 10.0, 1.99, 18.9,
0.387, 0.954, 0.811, 0.349], [0.0825, 0.0298, 1.15, 0.945, 11.0, 1.19, 24.0, 0.136, 0.972, 0.43, 0.677], [0.172,
0.045, 1.25, 0.93, 15.2, 1.57, 24.2, 0.217, 0.945, 0.489, 0.81], [0.295, 0.0523, 0.541, 1.04, 5.33, 1.94, 10.7, 0.168,
0.967, 0.494, 0.876], [0.08, 0.0284, 0.275, 0.796, 5.25, 1.1, 14.4, 0.164, 0.96, 0.356, 0.763], [0.103, 0.0357, 0.647,
1.17, 7.25, 1.43, 16.4, 0.09, 0.982, 0.472, 0.797], [0.0851, 0.0225, 0.32, 0.775, 5.53, 1.19, 13.0, 0.0856, 0.978,
0.322, 0.933], [0.0632, 0.0206, 0.0595, 0.426, 1.84, 0.811, 10.5, 0.06, 0.989, 0.218, 0.905], [0.182, 0.0647, 1.65,
1.17, 16.8, 1.66, 25.3, 0.249, 0.944, 0.658, 0.536], [0.0793, 0.0159, 0.214, 0.574, 3.61, 1.02, 11.3, 0.0555, 0.988,
0.201, 0.97], [0.255, 0.0731, 2.27, 1.35, 18.3, 2.03, 22.6, 0.254, 0.933, 0.571, 0.866], [0.193, 0.0485, 0.294, 0.817,
3.89, 1.58, 10.3, 0.162, 0.959, 0.485, 0.809], [0.129, 0.0177, 0.598, 1.25, 7.23, 1.7, 14.7, 0.173, 0.969, 0.508,
0.815], [0.0637, 0.0166, 0.32, 0.469, 5.18, 0.924, 14.0, 0.108, 0.929, 0.229, 0.892]], [[2.3, 2.28, 2.3, 0.0477,
0.149, 0.237, 4.03, 0.00405, 0.985, 0.00611, 0.981], [2.3, 2.29, 2.3, 0.0225, 0.105, 0.14, 3.23, 0.00394, 0.986,
0.00677, 0.977], [2.26, 2.25, 2.26, 0.0684, 0.291, 0.267, 5.12, 0.0129, 0.984, 0.0226, 0.971], [1.95, 1.57, 1.86,
0.301, 3.43, 1.37, 6.25, 0.0626, 0.99, 0.214, 0.939], [0.599, 0.389, 3.01, 0.995, 24.1, 1.86, 32.5, 0.0923, 0.989,
0.322, 0.93], [1.01, 0.341, 4.12, 6.93, 16.3, 6.65, 20.8, 1.01, 0.961, 2.85, 0.282], [0.387, 0.217, 3.17, 1.42, 20.8,
2.04, 25.6, 0.156, 0.977, 0.477, 0.89], [0.22, 0.108, 0.883, 0.97, 8.82, 1.48, 14.9, 0.11, 0.978, 0.389, 0.873],
[0.167, 0.0962, 0.869, 0.856, 6.28, 1.3, 13.2, 0.0529, 0.992, 0.329, 0.844], [0.326, 0.0705, 5.83, 3.61, 25.0, 3.45,
21.0, 0.509, 0.95, 1.41, 0.334], [0.327, 0.146, 2.46, 2.15, 15.3, 2.5, 17.2, 0.366, 0.946, 1.02, 0.548], [0.126,
0.0347, 0.741, 0.673, 8.21, 1.28, 16.0, 0.0779, 0.989, 0.336, 0.854], [0.231, 0.0588, 2.62, 2.33, 15.4, 2.55, 18.3,
0.307, 0.951, 1.01, 0.622], [0.0304, 0.00854, 0.0188, 0.291, 0.839, 0.568, 10.2, 0.0202, 0.993, 0.101, 0.98], [0.157,
0.031, 0.151, 0.789, 3.55, 1.34, 11.7, 0.0976, 0.983, 0.314, 0.901], [0.078, 0.0169, 0.55, 1.3, 8.25, 1.52, 17.1,
0.47, 0.919, 0.519, 0.647], [0.149, 0.0754, 0.375, 1.21, 5.08, 1.43, 16.9, 0.0933, 0.992, 0.533, 0.614], [0.0362,
0.00934, 0.0256, 0.203, 0.58, 0.513, 7.92, 0.0319, 0.989, 0.086, 0.971], [0.0532, 0.018, 0.127, 0.619, 2.43, 0.918,
13.5, 0.0539, 0.973, 0.227, 0.933], [0.187, 0.0169, 3.91, 2.22, 20.8, 2.56, 20.3, 0.675, 0.852, 0.85, 0.584], [0.149,
0.0759, 1.04, 1.02, 9.1, 1.37, 16.6, 0.0959, 0.984, 0.47, 0.775], [0.138, 0.0358, 2.47, 1.99, 15.7, 2.17, 18.4, 0.385,
0.908, 0.937, 0.364], [0.143, 0.0101, 0.263, 0.685, 5.45, 1.36, 10.1, 0.172, 0.949, 0.35, 0.848], [0.0984, 0.019,
0.37, 0.617, 8.14, 1.22, 16.7, 0.0831, 0.982, 0.261, 0.954], [0.0926, 0.0328, 0.208, 0.816, 3.0, 1.19, 13.7, 0.105,
0.975, 0.369, 0.853], [0.0544, 0.0138, 0.0361, 0.397, 0.981, 0.712, 11.1, 0.0513, 0.987, 0.167, 0.929], [0.546, 0.171,
3.25, 2.88, 13.5, 3.68, 15.7, 0.815, 0.859, 1.39, 0.474], [0.108, 0.0436, 0.925, 1.16, 8.42, 1.4, 16.5, 0.118, 0.966,
0.537, 0.755], [0.118, 0.0359, 0.295, 1.09, 3.68, 1.41, 15.4, 0.168, 0.942, 0.619, 0.508], [0.192, 0.0447, 0.427,
0.547, 4.87, 1.44, 9.51, 0.102, 0.97, 0.359, 0.884]], [[2.3, 2.29, 2.3, 0.0964, 0.168, 0.229, 8.41, 0.00389, 0.982,
0.00601, 0.962], [2.29, 2.27, 2.29, 0.0421, 0.182, 0.231, 3.64, 0.00634, 0.961, 0.00846, 0.972], [2.28, 2.26, 2.28,
0.0586, 0.339, 0.281, 4.17, 0.0126, 0.98, 0.0235, 0.961], [2.03, 1.92, 2.82, 2.52, 7.0, 2.21, 22.9, 0.179, 0.989,
1.37, -0.4], [1.09, 0.804, 5.69, 3.81, 20.6, 3.63, 21.0, 0.343, 0.968, 1.42, 0.619], [0.484, 0.309, 6.52, 2.02, 30.7,
2.41, 31.8, 0.277, 0.968, 0.754, 0.76], [0.66, 0.361, 5.08, 6.4, 22.1, 5.04, 25.4, 1.09, 0.811, 2.56, -0.192], [0.349,
0.135, 3.27, 1.77, 18.1, 2.44, 18.6, 0.239, 0.971, 0.752, 0.772], [0.531, 0.164, 5.18, 3.25, 21.3, 3.69, 17.6, 0.666,
0.932, 1.32, 0.538], [0.302, 0.164, 2.01, 1.66, 11.3, 2.04, 16.3, 0.192, 0.953, 0.822, 0.618], [0.178, 0.0779, 0.406,
0.827, 4.97, 1.38, 11.9, 0.104, 0.978, 0.319, 0.912], [0.285, 0.153, 1.17, 2.5, 6.73, 2.4, 20.8, 0.36, 0.914, 1.19,
0.274], [0.0581, 0.0272, 0.43, 0.738, 4.69, 0.968, 15.3, 0.0855, 0.974, 0.249, 0.906], [0.115, 0.0167, 0.09, 0.61,
2.53, 1.26, 9.66, 0.0548, 0.992, 0.229, 0.936], [0.233, 0.0783, 1.29, 1.12, 11.4, 1.74, 16.3, 0.172, 0.945, 0.483,
0.861], [0.133, 0.0361, 2.18, 1.04, 19.2, 1.53, 31.4, 0.231, 0.926, 0.51, 0.749], [0.128, 0.0287, 1.14, 1.61, 9.85,
1.88, 17.2, 0.196, 0.949, 0.658, 0.727], [0.268, 0.0946, 2.16, 1.52, 14.7, 2.06, 17.8, 0.36, 0.899, 0.708, 0.694],
[0.223, 0.0173, 0.585, 1.6, 6.12, 2.3, 13.9, 0.206, 0.974, 0.648, 0.815], [0.0308, 0.00701, 0.0206, 0.201, 0.57,
0.502, 8.03, 0.0224, 0.996, 0.0806, 0.972], [0.0647, 0.011, 0.518, 1.03, 7.76, 1.28, 16.0, 0.177, 0.967, 0.465,
0.701], [0.188, 0.0266, 0.897, 1.18, 8.34, 1.88, 12.6, 0.209, 0.946, 0.552, 0.838], [0.133, 0.0313, 0.394, 0.874,
5.72, 1.44, 12.1, 0.138, 0.974, 0.392, 0.862], [0.132, 0.0495, 0.603, 1.86, 5.2, 1.95, 19.1, 0.201, 0.976, 0.87,
0.477], [0.105, 0.0332, 0.0973, 0.871, 2.47, 1.17, 14.8, 0.0535, 0.995, 0.396, 0.809], [0.127, 0.011, 0.099, 0.488,
2.67, 1.17, 8.37, 0.0671, 0.982, 0.258, 0.913], [0.108, 0.0354, 0.138, 0.64, 2.34, 1.16, 11.1, 0.0917, 0.976, 0.314,
0.87], [0.00323, 0.0022, 0.00307, 0.00412, 0.024, 0.0572, 1.44, 0.000887, 0.999, 0.00185, 0.999], [0.0684, 0.0101,
0.349, 1.29, 5.31, 1.5, 17.2, 0.221, 0.965, 0.551, 0.787], [0.109, 0.0268, 1.36, 1.52, 10.3, 1.6, 19.0, 0.16, 0.961,
0.629, 0.757]]], "BN":[[[2.96, 1.88, 3.42, 10.7, 10.8, 8.34, 25.7, 4.18, 0.232, 4.0, 0.306], [0.23, 0.0863, 0.753,
1.49, 6.82, 1.96, 15.2, 0.412, 0.852, 0.55, 0.797], [0.148, 0.0485, 0.189, 0.934, 3.29, 1.44, 13.0, 0.331, 0.839,
0.437, 0.71], [0.0618, 0.0173, 0.0351, 0.591, 1.11, 0.908, 13.0, 0.17, 0.895, 0.293, 0.836], [0.0437, 0.0147, 0.118,
0.805, 2.48, 0.989, 16.3, 0.253, 0.83, 0.365, 0.685], [0.0644, 0.0152, 0.048, 0.876, 1.98, 1.13, 15.6, 0.269, 0.871,
0.381, 0.653], [0.0522, 0.0124, 0.026, 0.722, 1.07, 0.964, 15.0, 0.287, 0.724, 0.294, 0.677], [0.166, 0.0178, 0.142,
1.22, 3.38, 1.68, 14.5, 0.42, 0.811, 0.548, 0.646], [0.0293, 0.00914, 0.0448, 0.617, 1.6, 0.767, 16.1, 0.17, 0.916,
0.294, 0.609], [0.0901, 0.0135, 0.0591, 0.784, 2.03, 1.19, 13.2, 0.293, 0.781, 0.388, 0.61], [0.0416, 0.0055, 0.0726,
0.965, 2.17, 1.13, 17.1, 0.365, 0.75, 0.341, 0.546], [0.0874, 0.0202, 0.125, 1.13, 2.82, 1.41, 16.1, 0.24, 0.931,
0.541, 0.675], [0.0535, 0.0128, 0.06, 1.06, 2.03, 1.19, 17.8, 0.217, 0.903, 0.507, 0.634], [0.0271, 0.0064, 0.0126,
0.556, 0.792, 0.715, 15.5, 0.0968, 0.971, 0.287, 0.796], [0.187, 0.0265, 0.532, 2.15, 5.34, 2.41, 17.8, 0.843, 0.568,
0.862, 0.343], [0.0179, 0.00457, 0.0101, 0.279, 0.538, 0.479, 11.7, 0.0484, 0.965, 0.131, 0.944], [0.0271, 0.00528,
0.03, 0.749, 1.48, 0.887, 16.9, 0.249, 0.927, 0.315, 0.725], [0.0353, 0.00582, 0.015, 0.549, 0.987, 0.803, 13.7,
0.151, 0.935, 0.272, 0.897], [0.0549, 0.0098, 0.0718, 0.914, 2.03, 1.16, 15.8, 0.265, 0.857, 0.413, 0.716], [0.0458,
0.00692, 0.0291, 0.803, 1.54, 1.04, 15.4, 0.192, 0.923, 0.364, 0.772], [0.0521, 0.00764, 0.099, 0.957, 2.82, 1.15,
16.7, 0.32, 0.845, 0.426, 0.396], [0.0503, 0.00569, 0.0131, 1.01, 1.28, 1.18, 17.2, 0.176, 0.907, 0.509, 0.702],
[0.0311, 0.0041, 0.0177, 0.304, 0.597, 0.6, 10.1, 0.0428, 0.994, 0.164, 0.915], [0.0323, 0.00649, 0.018, 0.7, 1.18,
0.89, 15.7, 0.145, 0.957, 0.354, 0.714], [0.0469, 0.00803, 0.0928, 0.43, 2.28, 0.851, 10.1, 0.103, 0.963, 0.234,
0.939], [0.0662, 0.00467, 0.0421, 0.909, 1.87, 1.25, 14.6, 0.219, 0.894, 0.414, 0.809], [0.149, 0.0186, 0.119, 1.59,
3.13, 1.97, 16.2, 0.41, 0.877, 0.742, 0.734], [0.104, 0.00565, 0.105, 1.54, 3.09, 1.84, 16.7, 0.489, 0.712, 0.634,
0.636], [0.0544, 0.00882, 0.0576, 0.627, 2.11, 1.0, 12.6, 0.139, 0.952, 0.33, 0.806], [0.00566, 0.00181, 0.00473,
0.0304, 0.121, 0.144, 4.22, 0.00636, 0.997, 0.0149, 0.991]], [[2.89, 1.98, 2.69, 9.29, 10.3, 8.18, 25.1, 3.65, 0.309,
3.99, 0.219], [0.187, 0.0706, 0.621, 1.6, 4.95, 1.93, 16.6, 0.599, 0.664, 0.685, 0.513], [0.152, 0.049, 0.504, 1.33,
5.4, 1.71, 15.6, 0.476, 0.787, 0.529, 0.635], [0.218, 0.0913, 1.3, 2.29, 8.03, 2.35, 19.5, 0.844, 0.624, 0.94, 0.404],
[0.179, 0.0266, 0.431, 1.53, 6.19, 2.02, 15.1, 0.497, 0.857, 0.626, 0.674], [0.082, 0.0122, 0.0542, 0.834, 1.98, 1.24,
13.4, 0.189, 0.943, 0.394, 0.908], [0.184, 0.0176, 0.0818, 1.07, 2.63, 1.8, 12.0, 0.389, 0.896, 0.514, 0.868],
[0.0412, 0.00591, 0.0154, 0.692, 0.975, 0.932, 14.9, 0.16, 0.972, 0.319, 0.728], [0.0509, 0.00923, 0.0281, 0.432,
0.823, 0.788, 11.0, 0.0933, 0.971, 0.201, 0.904], [0.0651, 0.0153, 0.344, 1.3, 4.61, 1.38, 18.8, 0.417, 0.756, 0.486,
0.378], [0.135, 0.0163, 0.0773, 1.27, 2.3, 1.7, 15.0, 0.336, 0.893, 0.597, 0.647], [0.0697, 0.00507, 0.0698, 1.17,
2.93, 1.44, 16.4, 0.237, 0.946, 0.536, 0.833], [0.0753, 0.0176, 0.314, 1.16, 3.43, 1.39, 16.8, 0.392, 0.818, 0.503,
0.511], [0.0599, 0.0099, 0.0801, 1.36, 2.25, 1.48, 18.4, 0.454, 0.766, 0.583, 0.5], [0.083, 0.0138, 0.036, 1.0, 1.66,
1.33, 15.1, 0.293, 0.868, 0.436, 0.739], [0.0746, 0.00719, 0.0523, 0.91, 1.97, 1.27, 14.4, 0.337, 0.796, 0.433,
0.673], [0.0411, 0.00425, 0.018, 0.497, 0.885, 0.827, 12.0, 0.12, 0.952, 0.24, 0.908], [0.0185, 0.00439, 0.0106,
0.288, 0.495, 0.485, 11.9, 0.0978, 0.901, 0.136, 0.932], [0.0593, 0.0104, 0.0454, 0.913, 1.78, 1.19, 15.4, 0.266,
0.925, 0.428, 0.689], [0.0147, 0.00308, 0.00586, 0.401, 0.581, 0.547, 14.7, 0.105, 0.98, 0.191, 0.744], [0.0764,
0.0205, 0.0696, 0.683, 1.74, 1.04, 13.1, 0.14, 0.96, 0.322, 0.797], [0.0403, 0.00475, 0.0174, 0.547, 0.86, 0.843,
13.0, 0.13, 0.967, 0.251, 0.92], [0.0743, 0.00175, 0.0306, 0.377, 1.09, 0.978, 7.94, 0.147, 0.929, 0.167, 0.929],
[0.124, 0.00833, 0.101, 1.03, 2.42, 1.55, 13.3, 0.296, 0.935, 0.499, 0.646], [0.051, 0.00615, 0.123, 1.28, 2.99, 1.39,
18.5, 0.377, 0.87, 0.518, 0.487], [0.0364, 0.00353, 0.014, 0.65, 0.877, 0.866, 15.0, 0.185, 0.906, 0.294, 0.716],
[0.109, 0.00751, 0.0405, 0.822, 2.03, 1.37, 12.0, 0.232, 0.919, 0.384, 0.854], [0.0811, 0.0104, 0.143, 1.16, 3.22,
1.43, 16.2, 0.304, 0.866, 0.516, 0.58], [0.04, 0.00867, 0.0227, 0.678, 1.32, 0.908, 14.9, 0.221, 0.893, 0.301, 0.692],
[0.0268, 0.00367, 0.0125, 0.395, 0.673, 0.651, 12.1, 0.0729, 0.981, 0.192, 0.954]], [[2.97, 1.76, 2.71, 9.96, 10.8,
8.75, 22.8, 3.49, 0.286, 4.11, 0.365], [0.211, 0.0697, 0.396, 1.27, 4.61, 1.84, 13.9, 0.357, 0.875, 0.514, 0.827],
[0.127, 0.0239, 0.118, 0.601, 2.84, 1.25, 9.6, 0.169, 0.959, 0.29, 0.888], [0.149, 0.0412, 0.38, 1.37, 4.71, 1.76,
15.7, 0.403, 0.878, 0.611, 0.76], [0.181, 0.0361, 0.451, 1.3, 5.66, 1.81, 14.4, 0.386, 0.857, 0.542, 0.745], [0.103,
0.0138, 0.0494, 0.889, 1.98, 1.32, 13.4, 0.281, 0.871, 0.393, 0.777], [0.163, 0.0572, 0.193, 0.864, 3.46, 1.23, 14.1,
0.263, 0.861, 0.393, 0.701], [0.0947, 0.0211, 0.248, 1.36, 3.24, 1.61, 16.8, 0.288, 0.935, 0.619, 0.646], [0.136,
0.0212, 0.249, 0.917, 3.73, 1.55, 11.8, 0.194, 0.954, 0.409, 0.872], [0.161, 0.0182, 0.28, 1.05, 3.37, 1.74, 12.1,
0.305, 0.905, 0.56, 0.801], [0.107, 0.0246, 0.558, 1.22, 5.78, 1.52, 16.1, 0.349, 0.823, 0.57, 0.556], [0.104, 0.0189,
0.441, 1.56, 7.03, 1.73, 18.1, 0.443, 0.899, 0.671, 0.146], [0.0727, 0.00757, 0.249, 1.16, 3.6, 1.41, 16.4, 0.351,
0.853, 0.526, 0.609], [0.0412, 0.00516, 0.0177, 0.712, 1.26, 0.957, 14.9, 0.169, 0.953, 0.305, 0.868], [0.161, 0.0101,
0.129, 1.12, 3.41, 1.71, 13.0, 0.28, 0.912, 0.487, 0.806], [0.0142, 0.00372, 0.00973, 0.157, 0.348, 0.344, 9.14,
0.0351, 0.986, 0.0815, 0.939], [0.0728, 0.00402, 0.0229, 1.06, 1.64, 1.36, 15.5, 0.205, 0.934, 0.533, 0.705], [0.139,
0.0119, 0.207, 0.94, 3.57, 1.59, 11.9, 0.244, 0.924, 0.511, 0.768], [0.0969, 0.0107, 0.052, 1.16, 1.99, 1.53, 15.2,
0.36, 0.87, 0.534, 0.778], [0.0342, 0.00338, 0.0124, 0.618, 0.872, 0.854, 14.5, 0.163, 0.944, 0.294, 0.816], [0.0087,
0.00222, 0.00445, 0.268, 0.381, 0.379, 14.2, 0.0697, 0.98, 0.129, 0.845], [0.132, 0.0118, 0.197, 1.07, 3.49, 1.64,
13.1, 0.368, 0.851, 0.515, 0.674], [0.0311, 0.00574, 0.0167, 0.368, 0.673, 0.644, 11.4, 0.0646, 0.988, 0.178, 0.933],
[0.0642, 0.0093, 0.0523, 0.844, 1.92, 1.15, 14.6, 0.184, 0.959, 0.389, 0.801], [0.0173, 0.00337, 0.0118, 0.147, 0.364,
0.371, 7.93, 0.0291, 0.987, 0.0746, 0.98], [0.131, 0.00824, 0.0944, 1.09, 2.81, 1.67, 13.0, 0.296, 0.913, 0.496,
0.79], [0.0813, 0.00825, 0.0575, 0.908, 2.25, 1.28, 14.2, 0.167, 0.934, 0.42, 0.903], [0.00763, 0.00167, 0.00485,
0.132, 0.27, 0.272, 9.66, 0.0258, 0.994, 0.068, 0.974], [0.134, 0.00496, 0.0683, 0.764, 2.45, 1.5, 10.2, 0.209, 0.937,
0.369, 0.895], [0.0253, 0.00405, 0.0155, 0.273, 0.521, 0.517, 10.6, 0.0506, 0.977, 0.141, 0.908]]]},
"he":{"plain":[[[2.46, 2.25, 2.33, 1.36, 2.16, 1.93, 14.0, 0.303, 0.925, 0.611, 0.729], [1.25, 0.905, 2.24, 1.31,
13.4, 2.19, 15.3, 0.245, 0.95, 0.529, 0.84], [0.343, 0.2, 5.39, 2.34, 31.3, 2.3, 34.0, 0.224, 0.946, 0.551, 0.837],
[0.307, 0.167, 1.48, 1.71, 12.6, 2.01, 17.0, 0.202, 0.975, 0.738, 0.506], [0.264, 0.113, 6.27, 2.48, 45.4, 2.46, 46.1,
0.294, 0.953, 1.04, 0.311], [0.186, 0.0712, 0.764, 1.32, 5.38, 1.75, 15.1, 0.185, 0.941, 0.417, 0.886], [0.259,
0.0683, 0.925, 1.45, 7.61, 2.11, 13.7, 0.39, 0.882, 0.589, 0.768], [0.237, 0.106, 1.44, 1.81, 8.81, 2.11, 17.1, 0.249,
0.949, 0.758, 0.626], [0.161, 0.0608, 0.746, 0.805, 10.8, 1.36, 19.8, 0.249, 0.922, 0.444, 0.679], [0.161, 0.0499,
1.57, 1.32, 11.9, 1.75, 17.1, 0.212, 0.951, 0.557, 0.752], [0.0986, 0.0481, 0.124, 0.508, 2.79, 0.893, 11.4, 0.155,
0.884, 0.249, 0.83], [0.196, 0.0609, 1.62, 1.67, 10.5, 2.01, 16.6, 0.423, 0.895, 0.776, 0.417], [0.219, 0.107, 0.628,
1.01, 7.76, 1.39, 14.5, 0.269, 0.928, 0.49, 0.58], [0.122, 0.0312, 1.02, 1.07, 8.71, 1.5, 14.5, 0.187, 0.944, 0.443,
0.803], [0.323, 0.0772, 1.57, 1.52, 13.0, 2.34, 13.9, 0.224, 0.953, 0.689, 0.747], [0.0953, 0.0328, 1.93, 1.62, 15.3,
1.63, 23.5, 0.29, 0.934, 0.7, 0.364], [0.0592, 0.0115, 0.0383, 0.33, 0.789, 0.723, 9.11, 0.0978, 0.926, 0.158, 0.91],
[0.045, 0.0164, 0.0326, 0.307, 1.1, 0.652, 9.42, 0.0668, 0.96, 0.125, 0.964], [0.159, 0.0536, 0.154, 0.818, 2.91,
1.33, 12.3, 0.205, 0.924, 0.374, 0.801], [0.205, 0.021, 0.298, 1.16, 6.22, 1.87, 12.4, 0.277, 0.944, 0.573, 0.739],
[0.078, 0.0235, 0.454, 0.944, 5.54, 1.21, 15.6, 0.29, 0.944, 0.411, 0.446], [0.161, 0.0346, 0.696, 1.16, 6.51, 1.67,
13.8, 0.221, 0.915, 0.497, 0.835], [0.0308, 0.00914, 0.0174, 0.339, 0.853, 0.616, 11.0, 0.0502, 0.982, 0.128, 0.952],
[0.141, 0.03, 0.999, 2.14, 10.2, 2.3, 18.6, 0.412, 0.862, 0.932, 0.541], [0.222, 0.067, 1.4, 2.06, 9.12, 2.3, 18.0,
0.548, 0.844, 0.976, 0.428], [0.183, 0.059, 3.92, 2.09, 26.2, 2.24, 29.2, 0.457, 0.904, 0.849, 0.368], [0.115, 0.0463,
1.59, 1.59, 14.3, 1.69, 21.2, 0.367, 0.853, 0.705, 0.45], [0.1, 0.0196, 0.388, 0.911, 5.66, 1.36, 13.4, 0.165, 0.976,
0.472, 0.799], [0.108, 0.0261, 0.0776, 0.796, 2.04, 1.08, 14.8, 0.18, 0.913, 0.373, 0.661], [0.0386, 0.00757, 0.0313,
0.563, 1.59, 0.813, 13.8, 0.161, 0.926, 0.248, 0.793]], [[2.44, 2.21, 2.55, 3.91, 4.58, 3.4, 23.0, 0.353, 0.935, 1.28,
0.662], [1.98, 1.32, 2.38, 6.16, 7.32, 5.82, 21.2, 1.16, 0.84, 2.32, 0.598], [0.881, 0.537, 2.4, 2.7, 11.5, 3.28,
16.5, 0.447, 0.919, 1.09, 0.73], [0.542, 0.362, 1.35, 1.65, 6.41, 2.11, 15.7, 0.203, 0.966, 0.527, 0.832], [0.259,
0.133, 1.48, 1.24, 17.1, 1.68, 25.5, 0.33, 0.892, 0.529, 0.735], [0.15, 0.0688, 0.297, 0.84, 4.47, 1.24, 13.5, 0.21,
0.955, 0.397, 0.668], [0.173, 0.0763, 2.04, 1.34, 16.2, 1.67, 24.3, 0.316, 0.869, 0.586, 0.72], [0.156, 0.0458, 0.248,
0.684, 3.49, 1.27, 10.8, 0.153, 0.952, 0.325, 0.784], [0.0966, 0.0286, 0.16, 0.809, 3.57, 1.24, 13.1, 0.184, 0.955,
0.281, 0.903], [0.121, 0.0269, 1.63, 1.8, 13.2, 1.99, 18.1, 0.42, 0.864, 0.727, 0.645], [0.187, 0.0637, 0.381, 1.67,
5.04, 1.92, 17.4, 0.339, 0.905, 0.737, 0.51], [0.092, 0.0146, 0.267, 0.498, 4.64, 1.1, 10.6, 0.124, 0.964, 0.218,
0.886], [0.0582, 0.0226, 0.207, 0.653, 3.17, 0.94, 13.9, 0.101, 0.968, 0.278, 0.817], [0.107, 0.0232, 0.172, 0.605,
3.24, 1.21, 10.0, 0.149, 0.97, 0.289, 0.848], [0.141, 0.0607, 1.36, 1.79, 12.6, 1.86, 19.3, 0.446, 0.796, 0.708,
0.362], [0.0403, 0.01, 0.039, 0.422, 1.62, 0.734, 11.5, 0.0961, 0.973, 0.17, 0.907], [0.085, 0.0202, 0.0533, 0.645,
1.8, 1.06, 12.2, 0.139, 0.952, 0.298, 0.813], [0.0251, 0.0113, 0.165, 0.757, 2.18, 0.793, 19.1, 0.128, 0.966, 0.339,
0.273], [0.0731, 0.0062, 0.157, 0.922, 3.26, 1.31, 14.1, 0.0913, 0.992, 0.382, 0.911], [0.0373, 0.012, 0.155, 0.721,
3.04, 0.881, 16.4, 0.189, 0.928, 0.296, 0.561], [0.163, 0.0426, 0.325, 0.674, 4.39, 1.38, 9.75, 0.178, 0.945, 0.337,
0.845], [0.137, 0.0254, 0.245, 0.748, 4.18, 1.35, 11.1, 0.151, 0.945, 0.297, 0.903], [0.149, 0.0101, 0.404, 1.03,
7.58, 1.57, 13.1, 0.356, 0.861, 0.468, 0.67], [0.0484, 0.00799, 0.0535, 0.444, 3.1, 0.821, 10.8, 0.0968, 0.964, 0.214,
0.905], [0.085, 0.0089, 1.03, 1.66, 12.1, 1.84, 18.0, 0.481, 0.858, 0.666, 0.4], [0.0358, 0.00573, 0.0158, 0.518,
0.972, 0.793, 13.1, 0.127, 0.889, 0.229, 0.846], [0.212, 0.0523, 0.284, 1.26, 4.36, 1.79, 14.1, 0.245, 0.959, 0.576,
0.659], [0.195, 0.0484, 2.11, 1.84, 11.6, 2.17, 16.9, 0.466, 0.868, 0.844, 0.482], [0.0466, 0.015, 0.742, 1.07, 8.83,
1.18, 18.7, 0.239, 0.933, 0.473, 0.607], [0.101, 0.0254, 0.204, 0.795, 3.77, 1.26, 12.7, 0.15, 0.953, 0.371, 0.867]],
[[2.33, 2.18, 2.48, 1.94, 4.81, 2.19, 17.7, 0.188, 0.925, 0.407, 0.919], [1.37, 0.898, 2.58, 1.18, 17.0, 2.46, 17.2,
0.221, 0.967, 0.466, 0.897], [0.537, 0.296, 3.88, 2.61, 17.4, 2.99, 17.4, 0.464, 0.901, 0.997, 0.752], [0.232, 0.121,
2.49, 1.61, 15.6, 1.89, 20.6, 0.237, 0.952, 0.703, 0.676], [0.299, 0.149, 1.83, 1.67, 12.6, 2.09, 16.0, 0.551, 0.807,
0.728, 0.469], [0.134, 0.0371, 0.0941, 0.421, 1.43, 0.967, 8.7, 0.112, 0.947, 0.183, 0.908], [0.321, 0.186, 3.92,
2.43, 22.5, 2.49, 22.6, 0.823, 0.704, 1.14, -0.0576], [0.196, 0.0787, 5.1, 2.47, 31.1, 2.31, 33.6, 0.526, 0.798, 1.04,
-0.00489], [0.391, 0.147, 5.82, 3.11, 23.6, 3.22, 19.9, 1.15, 0.444, 1.33, 0.274], [0.144, 0.0534, 1.79, 2.12, 13.8,
2.02, 21.0, 0.459, 0.798, 0.818, 0.398], [0.126, 0.0264, 0.121, 0.594, 2.47, 1.26, 9.41, 0.102, 0.977, 0.307, 0.847],
[0.11, 0.0416, 0.499, 1.64, 5.57, 1.65, 20.0, 0.162, 0.976, 0.561, 0.716], [0.047, 0.0145, 0.27, 0.719, 4.02, 0.963,
14.9, 0.159, 0.927, 0.307, 0.796], [0.0776, 0.0201, 0.17, 0.631, 3.87, 1.01, 12.5, 0.0838, 0.978, 0.213, 0.925],
[0.169, 0.0417, 0.631, 1.22, 8.38, 1.73, 14.0, 0.351, 0.811, 0.43, 0.838], [0.0735, 0.0163, 0.129, 0.546, 3.61, 1.01,
10.9, 0.0998, 0.967, 0.23, 0.895], [0.113, 0.0197, 1.46, 1.94, 13.6, 2.03, 19.1, 0.351, 0.923, 0.897, 0.547], [0.213,
0.0619, 1.32, 2.13, 7.74, 2.35, 18.2, 0.291, 0.945, 0.824, 0.781], [0.0671, 0.0171, 0.297, 1.09, 5.8, 1.25, 17.5,
0.0623, 0.988, 0.48, 0.775], [0.0735, 0.0235, 0.314, 0.683, 4.72, 1.07, 12.8, 0.187, 0.926, 0.315, 0.725], [0.0208,
0.00323, 0.0122, 0.264, 0.498, 0.489, 10.8, 0.0632, 0.949, 0.123, 0.9], [0.0932, 0.0549, 0.655, 1.37, 6.62, 1.33,
20.7, 0.317, 0.751, 0.616, 0.204], [0.082, 0.0258, 0.48, 1.17, 5.19, 1.36, 17.3, 0.148, 0.95, 0.375, 0.885], [0.139,
0.0369, 0.165, 0.978, 3.7, 1.36, 14.4, 0.252, 0.913, 0.434, 0.697], [0.058, 0.0178, 0.127, 0.703, 2.21, 0.976, 14.4,
0.0982, 0.984, 0.346, 0.727], [0.0856, 0.00577, 0.232, 0.952, 4.05, 1.38, 13.8, 0.172, 0.972, 0.425, 0.818], [0.0698,
0.0126, 0.232, 0.727, 4.13, 1.12, 13.0, 0.141, 0.942, 0.355, 0.792], [0.00731, 0.00248, 0.00557, 0.0842, 0.218, 0.207,
8.12, 0.0116, 0.995, 0.0351, 0.974], [0.123, 0.0214, 0.568, 0.973, 7.24, 1.5, 13.0, 0.327, 0.86, 0.463, 0.586],
[0.0448, 0.0136, 0.0444, 0.376, 1.51, 0.737, 10.2, 0.0633, 0.973, 0.145, 0.973]]], "BN":[[[3.57, 1.91, 2.37, 6.1,
7.38, 6.15, 19.8, 1.77, 0.53, 2.26, 0.508], [0.26, 0.0937, 0.278, 0.888, 3.89, 1.64, 10.8, 0.159, 0.962, 0.338,
0.921], [0.247, 0.0697, 0.251, 1.16, 3.17, 1.87, 12.4, 0.356, 0.86, 0.476, 0.809], [0.114, 0.0206, 0.0648, 0.606,
1.21, 1.15, 10.6, 0.139, 0.951, 0.245, 0.877], [0.0764, 0.0213, 0.0548, 0.254, 0.844, 0.712, 7.12, 0.0761, 0.966,
0.112, 0.942], [0.0927, 0.0199, 0.0543, 0.272, 1.16, 0.928, 6.74, 0.0631, 0.982, 0.117, 0.97], [0.0915, 0.0182,
0.0682, 0.415, 0.755, 0.757, 11.0, 0.0973, 0.935, 0.138, 0.906], [0.108, 0.0257, 0.321, 1.16, 4.56, 1.51, 15.3, 0.223,
0.907, 0.433, 0.864], [0.0744, 0.0273, 0.09, 0.868, 2.06, 1.14, 15.3, 0.213, 0.912, 0.347, 0.756], [0.0886, 0.01,
0.0569, 0.384, 0.873, 0.858, 8.94, 0.121, 0.941, 0.176, 0.828], [0.0146, 0.00502, 0.0109, 0.111, 0.3, 0.302, 7.39,
0.0207, 0.99, 0.0546, 0.987], [0.122, 0.0229, 0.233, 1.35, 3.8, 1.68, 16.1, 0.358, 0.884, 0.545, 0.684], [0.0472,
0.0125, 0.0229, 0.741, 1.19, 0.975, 15.2, 0.168, 0.955, 0.328, 0.616], [0.0441, 0.00842, 0.0217, 0.494, 1.04, 0.799,
12.4, 0.103, 0.949, 0.22, 0.837], [0.138, 0.00813, 0.0532, 0.869, 1.65, 1.52, 11.4, 0.216, 0.928, 0.366, 0.839],
[0.0579, 0.0101, 0.0355, 0.872, 1.5, 1.13, 15.4, 0.153, 0.964, 0.408, 0.727], [0.0259, 0.00728, 0.0151, 0.459, 0.912,
0.647, 14.2, 0.145, 0.94, 0.188, 0.708], [0.0505, 0.00411, 0.0221, 0.526, 0.919, 0.888, 11.8, 0.0821, 0.974, 0.216,
0.924], [0.0222, 0.00565, 0.0158, 0.217, 0.42, 0.422, 10.3, 0.0704, 0.934, 0.0909, 0.876], [0.0415, 0.00388, 0.0229,
0.384, 0.713, 0.716, 10.7, 0.118, 0.936, 0.151, 0.921], [0.0658, 0.0103, 0.0209, 1.17, 1.41, 1.35, 17.4, 0.376, 0.904,
0.454, 0.471], [0.0545, 0.00653, 0.0712, 1.16, 2.08, 1.33, 17.5, 0.19, 0.964, 0.534, 0.685], [0.0248, 0.00668, 0.0149,
0.291, 0.594, 0.523, 11.1, 0.0441, 0.985, 0.138, 0.89], [0.0671, 0.00798, 0.0475, 1.15, 1.98, 1.36, 16.8, 0.202,
0.895, 0.485, 0.809], [0.0802, 0.0196, 0.0698, 0.615, 1.61, 1.01, 12.2, 0.166, 0.935, 0.261, 0.777], [0.084, 0.0149,
0.295, 1.04, 3.78, 1.39, 15.0, 0.215, 0.932, 0.46, 0.842], [0.185, 0.012, 0.08, 1.22, 2.68, 1.89, 12.9, 0.249, 0.942,
0.562, 0.761], [0.0377, 0.00571, 0.019, 0.356, 1.01, 0.71, 10.0, 0.0728, 0.984, 0.167, 0.972], [0.0356, 0.00827,
0.0355, 0.703, 1.43, 0.888, 15.8, 0.204, 0.901, 0.284, 0.684], [0.00917, 0.00331, 0.00753, 0.0509, 0.174, 0.194, 5.25,
0.0154, 0.979, 0.0252, 0.983]], [[3.17, 1.98, 3.1, 7.62, 9.97, 6.97, 21.9, 1.97, 0.605, 2.59, 0.5], [0.228, 0.101,
0.169, 0.616, 2.27, 1.28, 9.6, 0.153, 0.942, 0.223, 0.938], [0.188, 0.074, 0.193, 0.809, 2.7, 1.41, 11.4, 0.193, 0.96,
0.336, 0.851], [0.251, 0.0684, 0.458, 1.21, 4.45, 1.89, 12.8, 0.423, 0.831, 0.492, 0.801], [0.117, 0.0203, 0.0668,
0.593, 1.32, 1.14, 10.4, 0.186, 0.897, 0.25, 0.887], [0.166, 0.025, 0.0815, 0.775, 1.78, 1.47, 10.5, 0.178, 0.96,
0.289, 0.924], [0.133, 0.0252, 0.166, 1.08, 2.78, 1.58, 13.7, 0.232, 0.958, 0.503, 0.681], [0.0593, 0.00979, 0.0307,
0.534, 0.959, 0.903, 11.8, 0.148, 0.943, 0.229, 0.893], [0.0685, 0.021, 0.0363, 0.74, 1.35, 1.02, 14.6, 0.201, 0.942,
0.301, 0.657], [0.0819, 0.0206, 0.0544, 0.901, 1.96, 1.2, 15.0, 0.189, 0.957, 0.356, 0.751], [0.129, 0.0286, 0.233,
1.48, 3.46, 1.77, 16.7, 0.336, 0.931, 0.606, 0.483], [0.0388, 0.00652, 0.0149, 0.664, 0.928, 0.893, 14.9, 0.112,
0.976, 0.298, 0.875], [0.117, 0.0182, 0.0968, 0.839, 2.62, 1.42, 11.9, 0.216, 0.952, 0.367, 0.845], [0.0264, 0.00747,
0.0148, 0.394, 0.629, 0.6, 13.1, 0.0682, 0.984, 0.183, 0.855], [0.0503, 0.0107, 0.0309, 0.37, 0.763, 0.718, 10.3,
0.0689, 0.972, 0.153, 0.938], [0.0127, 0.0039, 0.0102, 0.0753, 0.224, 0.246, 6.13, 0.0178, 0.986, 0.0342, 0.981],
[0.023, 0.00411, 0.0151, 0.189, 0.443, 0.448, 8.45, 0.0341, 0.988, 0.0865, 0.963], [0.0291, 0.0067, 0.0151, 0.426,
0.689, 0.646, 13.2, 0.0628, 0.988, 0.192, 0.857], [0.0363, 0.00501, 0.0163, 0.49, 0.789, 0.777, 12.6, 0.0708, 0.982,
0.223, 0.912], [0.0171, 0.00327, 0.00787, 0.343, 0.557, 0.534, 12.9, 0.0907, 0.973, 0.15, 0.866], [0.146, 0.0241,
0.288, 1.14, 3.75, 1.7, 13.4, 0.209, 0.949, 0.515, 0.835], [0.0493, 0.00648, 0.0261, 0.318, 0.76, 0.748, 8.5, 0.0842,
0.96, 0.155, 0.911], [0.0447, 0.005, 0.0115, 0.698, 1.07, 0.989, 14.1, 0.122, 0.982, 0.343, 0.862], [0.0656, 0.00707,
0.0222, 0.775, 1.31, 1.12, 13.8, 0.15, 0.957, 0.342, 0.742], [0.0199, 0.0034, 0.0139, 0.135, 0.374, 0.381, 7.08,
0.0238, 0.992, 0.0623, 0.983], [0.0415, 0.00912, 0.0267, 0.399, 1.29, 0.759, 10.5, 0.0395, 0.994, 0.183, 0.954],
[0.105, 0.0122, 0.0576, 0.581, 1.21, 1.1, 10.6, 0.138, 0.946, 0.256, 0.858], [0.0993, 0.0101, 0.0825, 1.13, 2.26,
1.54, 14.6, 0.19, 0.964, 0.479, 0.887], [0.0291, 0.00484, 0.0166, 0.321, 0.598, 0.593, 10.8, 0.0558, 0.993, 0.153,
0.926], [0.0242, 0.00371, 0.0129, 0.369, 0.59, 0.589, 12.5, 0.077, 0.965, 0.157, 0.928]], [[3.79, 2.13, 2.81, 10.2,
10.8, 9.41, 22.3, 2.86, 0.386, 3.58, 0.484], [0.339, 0.127, 0.298, 0.933, 3.49, 1.78, 10.5, 0.271, 0.889, 0.341,
0.873], [0.272, 0.0659, 0.16, 0.829, 2.98, 1.68, 9.89, 0.193, 0.961, 0.317, 0.918], [0.228, 0.0569, 0.141, 0.932,
2.73, 1.67, 11.1, 0.278, 0.895, 0.44, 0.801], [0.237, 0.0415, 0.226, 0.865, 3.55, 1.73, 9.99, 0.288, 0.919, 0.399,
0.808], [0.19, 0.0493, 0.159, 1.35, 3.13, 1.82, 14.8, 0.424, 0.797, 0.507, 0.722], [0.243, 0.0776, 0.233, 1.1, 3.56,
1.76, 12.6, 0.314, 0.897, 0.371, 0.863], [0.109, 0.0246, 0.094, 0.836, 2.02, 1.32, 12.7, 0.2, 0.941, 0.36, 0.83],
[0.249, 0.0416, 0.113, 1.28, 2.79, 2.01, 12.8, 0.308, 0.93, 0.563, 0.75], [0.136, 0.037, 0.292, 1.4, 3.7, 1.67, 16.8,
0.514, 0.782, 0.541, 0.478], [0.0611, 0.0148, 0.0398, 0.752, 1.62, 1.04, 14.5, 0.187, 0.927, 0.291, 0.818], [0.0524,
0.0124, 0.0432, 0.785, 1.66, 1.03, 15.3, 0.179, 0.933, 0.344, 0.603], [0.0968, 0.0144, 0.13, 0.762, 2.71, 1.25, 12.2,
0.169, 0.942, 0.358, 0.837], [0.042, 0.00648, 0.0224, 0.424, 0.761, 0.747, 11.4, 0.0945, 0.981, 0.19, 0.897], [0.19,
0.0344, 0.107, 0.91, 2.2, 1.52, 12.0, 0.198, 0.951, 0.398, 0.816], [0.0176, 0.0069, 0.0151, 0.0615, 0.198, 0.238,
5.16, 0.0163, 0.989, 0.0315, 0.972], [0.054, 0.00691, 0.0219, 0.653, 1.13, 0.98, 13.3, 0.179, 0.906, 0.293, 0.79],
[0.193, 0.0452, 0.202, 1.23, 3.19, 1.7, 14.5, 0.388, 0.824, 0.509, 0.69], [0.079, 0.00856, 0.0336, 0.933, 1.78, 1.31,
14.3, 0.259, 0.934, 0.369, 0.759], [0.0339, 0.0029, 0.0142, 0.529, 0.791, 0.786, 13.5, 0.107, 0.988, 0.231, 0.854],
[0.00681, 0.00328, 0.00612, 0.0217, 0.0843, 0.121, 3.58, 0.00649, 0.992, 0.0109, 0.98], [0.0814, 0.00966, 0.0336,
0.809, 1.71, 1.22, 13.2, 0.239, 0.901, 0.338, 0.757], [0.101, 0.00974, 0.0424, 0.508, 1.35, 1.19, 8.54, 0.136, 0.973,
0.245, 0.903], [0.0609, 0.00907, 0.0287, 0.584, 1.16, 0.972, 12.0, 0.158, 0.936, 0.23, 0.907], [0.0259, 0.00516,
0.0183, 0.182, 0.425, 0.434, 8.39, 0.0255, 0.994, 0.0947, 0.911], [0.175, 0.00752, 0.0694, 0.807, 1.72, 1.62, 9.96,
0.149, 0.971, 0.399, 0.856], [0.153, 0.0182, 0.0713, 0.909, 1.55, 1.42, 12.8, 0.212, 0.934, 0.477, 0.69], [0.0134,
0.00199, 0.00622, 0.324, 0.486, 0.48, 13.5, 0.0991, 0.943, 0.131, 0.872], [0.108, 0.00551, 0.0475, 0.66, 1.33, 1.26,
10.4, 0.14, 0.973, 0.339, 0.894], [0.0297, 0.00631, 0.0223, 0.154, 0.392, 0.418, 7.39, 0.0398, 0.981, 0.0717,
0.938]]]}}}
""")
# stored: end

# %% tags=["demo"]
LOOK = {
    "plain": dict(color="#D55E00", ls="--"),
    "BN": dict(color="#0072B2", ls="-"),
    "noisy BN": dict(color="#000000", ls=":"),
}


def spread(ax, x, runs, name, label=None):
    """A line for the mean of the seeds' curves (seeds, T), a band from the lowest to the highest."""
    runs = np.array(runs, dtype=float)
    ax.fill_between(x, runs.min(0), runs.max(0), color=LOOK[name]["color"], alpha=0.2, lw=0)
    ax.plot(x, runs.mean(0), **LOOK[name], label=label or name)


# %% tags=["demo"]
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
for kind in KINDS:
    runs = STORED["noise"][kind]
    spread(left, STORED["noise_steps"], [100 * np.array(run["accuracy"]) for run in runs], kind)
    spread(right, STORED["noise_steps"][1:], [run["jump"][1:] for run in runs], kind)
left.set(xlabel="step", ylabel="training accuracy (%)", ylim=(0, 101))
left.legend(loc="lower right")
right.set(xlabel="step", ylabel="jump (standard deviations)", yscale="log")
fig.suptitle("Shaken at every step, and it still trains faster than without BN", fontweight="bold", x=0.02, ha="left")
plt.show()

# %% [markdown]
# *In the figure:* both panels against the step; lines are means of three seeds, bands their range, on MNIST. Left, training accuracy: with BN (solid) it rises at once, with noisy BN (dotted) almost as
# fast, and the plain net (dashed) follows some 250 steps later. Right, the jump of a unit's mean in 25 steps, on a logarithmic axis: BN lowest, noisy BN about three times as high all the way; the plain net rises above both while it begins to learn,
# and settles a little above BN.

# %% tags=["demo"]
print("             90% at step        accuracy at the end    typical jump, to step 250   … later")
late = np.array(STORED["noise_steps"]) > 250
for kind, runs in STORED["noise"].items():
    first = [STORED["noise_steps"][np.argmax(np.array(run["accuracy"]) >= 0.9)] for run in runs]
    end = [np.mean(run["accuracy"][-10:]) for run in runs]
    cells = [[f"{v:5}" for v in first], [f"{v:.3f}" for v in end]]
    cells += [[f"{np.nanmedian(np.array(run['jump'])[part]):.2f}" for run in runs] for part in (~late, late)]
    print(f"{kind:9} ", "     ".join(" ".join(cell) for cell in cells))

# %% [markdown]
# This is the paper's **figure 2**: training accuracy of the three nets beside the distributions of a layer's inputs.
#
# - **Agrees:** the noisy net's distributions jump more than the settled plain net's (0.45 standard deviations against 0.16 to 0.19), and it still needs a third of the steps to 90%, or fewer.
# - **Agrees, nearly:** "nearly matches BN". Here it is a little behind BN in every seed.
# - **Differs:** in the first 250 steps our plain net jumps about as much as the noisy one, or more. And undisturbed BN *is* the steadiest of the three: the first link of the claim holds in this measure. It is the second that breaks.
#
# Is 0.1, the paper's rate, fair to the plain net? Here it is at three times that.

# %% tags=["demo"]
for lr in (0.1, 0.3):
    accuracies = [experiment_noise("plain", seed, data, 300, 100, lr=lr)["accuracy"][-1] for seed in range(3)]
    print(f"plain, rate {lr}: accuracy at step 300, seeds 0, 1, 2:", *(f"{a:.2f}" for a in accuracies))

# %% [markdown]
# On MNIST the larger rate helps the plain net a little, in two seeds of three. It does not bring it near BN, which has passed 90% by step 75. (On the small set of digits it hardly helps, and leaves one seed far behind.)
#
# *A hunch, not tested here:* the noise is gentle enough for the next BN layer to take much of it out again. Noise that BN could not undo might do more harm.

# %% tags=["demo"]
fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), sharex=True)
for ax, kind in zip(axes, KINDS):
    low, middle, high = np.array(STORED["noise"][kind][0]["band"]).T
    ax.fill_between(STORED["noise_steps"], low, high, color=LOOK[kind]["color"], alpha=0.25, lw=0)
    ax.plot(STORED["noise_steps"], middle, color=LOOK[kind]["color"], ls="-", lw=1.2)
    ax.set(title=kind, xlabel="step")
axes[0].set_ylabel("input of one ReLU")
fig.suptitle("What one ReLU gets: it spreads, it stays, it is thrown about", fontweight="bold", x=0.02, ha="left")
plt.show()

# %% [markdown]
# *In the figure:* the input of one ReLU of the fourth layer (channel 0, in the middle; seed 0, not chosen) on 256 images: the median, and a band from the 15th to the 85th percentile, each panel with an axis of its own. Plain: the
# band opens from nothing to a width of about seven. BN: nearly the same band throughout. Noisy BN: median and edges are thrown about by a unit from look to look. The paper shows such distributions beside its figure 2.

# %% [markdown]
# ## 3. Shift, as a layer's gradient feels it
# A distribution is hard to put into one number. The paper proposes another measure (its definition 2.1), closer to the optimizer: what did the other layers' update do to *this* layer's gradient?
#
# $$G_i = \nabla_{W_i} L(W_1, \dots, W_k) \qquad\qquad G'_i = \nabla_{W_i} L(W_1^+, \dots, W_{i-1}^+,\; W_i, W_{i+1}, \dots, W_k)$$
#
# $W^+ = W - \eta\, \partial L / \partial W$ is a parameter after the step, $x$ and $y$ are the same batch in both. $G_i$ is the step that layer $i$ takes. $G'_i$ is the step that it *would have wanted*, had it known that the layers in
# front would move. If $G_i = G'_i$, their moving did not matter to it. So the paper measures ICS by the distance $\|G_i - G'_i\|_2$ (best 0) and the cosine between the two (best 1).
#
# By hand, on a net of two numbers: $\hat y = w_2 w_1 x$, loss $(\hat y - y)^2$, with $w_1 = 1$, $w_2 = 3$, $x = 1$, $y = 1$ and $\eta = 0.05$. **Predict** $G_2$ and $G'_2$ with a pencil.

# %%
w1, w2, x, y, lr = 1.0, 3.0, 1.0, 1.0, 0.05
G = 2 * (w2 * w1 * x - y) * w1 * x
w1_new = w1 - lr * 2 * (w2 * w1 * x - y) * w2 * x  # layer 1 moves, layer 2 stays
G_new = 2 * (w2 * w1_new * x - y) * w1_new * x
print(f"G = {G:.2f}, layer 1 moves from {w1} to {w1_new:.2f}, G' = {G_new:.2f}, distance {abs(G - G_new):.2f}")

# %% [markdown]
# Layer 2 was about to take a step of $-4\eta$. Given where layer 1 went, it would have taken $-0.16\eta$, a twenty-fifth of it: layer 1 has already done nearly all there was to do.
#
# ### Exercise: `ics` (15 minutes)
# For any `nn.Sequential`. Probing must leave no trace: when the function returns, every parameter and every buffer is what it was, bit for bit. (A forward pass in training mode moves BN's running statistics. Unit 07.)
#
# <details><summary>Hint</summary>
#
# - `model[:layer]` is the part in front of `model[layer]`, and has `.parameters()`: weights, biases, and γ and β of BN.
# - `torch.autograd.grad(loss, [a, b, …])` returns a tuple of gradients and leaves `.grad` alone.
# - `model.state_dict()` holds parameters and buffers. But it hands out the tensors themselves, not copies: `copy.deepcopy` it. `model.load_state_dict(saved)` puts all back.
# - `F.cosine_similarity(a.flatten(), b.flatten(), dim=0)`.
# </details>


# %% exercise="ics"
def ics(model, layer, batch, lr):
    """Internal covariate shift at one layer (Santurkar et al. 2018, definition 2.1).  About 15 minutes.

    model: an nn.Sequential, used in the mode it is in; layer: the place in it of a layer with a .weight;
    batch: a pair (x, y), for loss_of; lr: the learning rate of the step that all layers in front take at once.
    Returns (distance, cosine), two floats: of the gradient of layer's weight before and after that step.
    The model is left as it was: parameters, buffers, mode, and no gradient in .grad.
    """
    ### BEGIN SOLUTION
    saved = copy.deepcopy(model.state_dict())
    weight, front = model[layer].weight, list(model[:layer].parameters())
    G, *steps = torch.autograd.grad(loss_of(model, batch), [weight, *front])
    with torch.no_grad():
        for p, g in zip(front, steps):
            p -= lr * g
    (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])
    model.load_state_dict(saved)
    distance = (G - G_new).norm()
    cosine = F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)
    return distance.item(), cosine.item()
    ### END SOLUTION


# %% [markdown]
# The checks use a small net with BN and known weights, and a count of what a function has changed in a model.


# %%
def known_net(batchnorm=True, seed=0):
    """Linear 3×4, BN, Tanh, Linear 4×4, BN, Tanh, Linear 4×2, with known values in float64; or the same without BN."""
    layers = []
    for n_in, n_out in ((3, 4), (4, 4)):
        layers += [nn.Linear(n_in, n_out), *([nn.BatchNorm1d(n_out)] if batchnorm else []), nn.Tanh()]
    model, rng = nn.Sequential(*layers, nn.Linear(4, 2)).double(), np.random.RandomState(seed)
    for value in model.state_dict().values():  # matrices around 0; biases, γ, β, running statistics between 0.3 and 1.5
        if value.is_floating_point():
            new = rng.normal(0, 0.8, value.shape) if value.ndim == 2 else rng.uniform(0.3, 1.5, value.shape)
            value.copy_(torch.from_numpy(new))
    return model


def known_batch(seed, N=7, D=3, classes=2):
    """A batch (x, y) of known numbers and labels."""
    rng = np.random.RandomState(seed)
    return torch.from_numpy(rng.normal(1, 2, (N, D))), torch.from_numpy(rng.randint(0, classes, N))


# %%
def traces(model, probe):
    """Whether probe(model) runs the model, and how many parameters, buffers, … it leaves other than they were."""
    before, mode = copy.deepcopy(model.state_dict()), [m.training for m in model.modules()]
    runs = []
    counter = model[-1].register_forward_hook(lambda *_: runs.append(1))
    probe(model)
    counter.remove()
    learned = {name for name, _ in model.named_parameters()}
    changed = [name for name, v in model.state_dict().items() if not torch.equal(v, before[name])]
    return {
        "the model was run twice or more": len(runs) > 1,
        "parameters changed": sum(name in learned for name in changed),
        "buffers changed": sum(name not in learned for name in changed),
        "gradients left in .grad": sum(p.grad is not None for p in model.parameters()),
        "parameters without requires_grad": sum(not p.requires_grad for p in model.parameters()),
        "layers in another mode": sum(m.training != was for m, was in zip(model.modules(), mode)),
    }


# %% check="ics.distance" points=2
three = nn.Sequential(*(nn.Linear(1, 1, bias=False) for _ in range(3))).double()
for layer, w in zip(three, (1.0, 3.0, 2.0)):
    layer.weight.data.fill_(w)
one = torch.ones(1, 1, dtype=torch.float64)
check("distance, a net of three numbers", lambda model, batch: ics(model, 1, batch, 0.01)[0], three, (one, 2 * one))
check("distance, with BN", lambda model, batch: ics(model, 3, batch, 0.3)[0], known_net(), known_batch(1))
### BEGIN HIDDEN TESTS
check("distance, without BN", lambda model, batch: ics(model, 4, batch, 0.1)[0], known_net(False, 1), known_batch(2))
check("distance, first layer", lambda model, batch: ics(model, 0, batch, 0.1)[0], known_net(), known_batch(3))
check("distance, last layer", lambda model, batch: ics(model, 6, batch, 0.5)[0], known_net(True, 2), known_batch(4, 9))
### END HIDDEN TESTS

# %% check="ics.cosine" points=1
check("distance and cosine", lambda model, batch: ics(model, 3, batch, 0.3), known_net(True, 3), known_batch(5))
### BEGIN HIDDEN TESTS
check("distance and cosine, last layer", lambda *a: ics(*a), known_net(True, 4), 6, known_batch(6, 8), 0.2)
### END HIDDEN TESTS

# %% check="ics.traces" points=2
check(
    "what ics leaves behind",
    lambda model, batch: traces(model, lambda m: ics(m, 3, batch, 2.1)),
    known_net(True, 2),
    known_batch(5),
)
### BEGIN HIDDEN TESTS
still = known_net(True, 5).eval()
check("what ics leaves behind, eval mode", lambda m, b: traces(m, lambda m: ics(m, 6, b, 0.3)), still, known_batch(7))
### END HIDDEN TESTS

# %% [markdown]
# *Established:* ICS has become a number that you can ask of any layer at any step, and asking changes nothing.

# %% mistake="ics" hint="The two gradients were added. Their difference is wanted: how far G′ is from G."
# - (G - G_new).norm()
# + (G + G_new).norm()

# %% mistake="ics" hint="The model is not what it was: its weights are still moved, and BN's buffers too. Save the state before, put it back after. (And copy.deepcopy(model.state_dict()): without the copy, what you saved moves along with the model.)"
# - model.load_state_dict(saved)
# + pass

# %% mistake="ics" hint="The model is not what it was: its weights are still moved, and BN's buffers too. Save the state before, put it back after. (And copy.deepcopy(model.state_dict()): without the copy, what you saved moves along with the model.)"
# - copy.deepcopy(model.state_dict())
# + model.state_dict()

# %% mistake="ics" hint="The weights are back, the buffers are not: two forward passes in training mode moved the running statistics. state_dict() holds buffers too, parameters() does not."
# - saved = copy.deepcopy(model.state_dict())
# + saved = [p.detach().clone() for p in model.parameters()]
# - model.load_state_dict(saved)
# + for p, old in zip(model.parameters(), saved): p.data.copy_(old)


# %% mistake="ics" hint="The values are right, but loss.backward() left gradients in .grad (for the optimizer's next step to find). torch.autograd.grad returns them and leaves nothing behind."
def ics(model, layer, batch, lr):
    saved = copy.deepcopy(model.state_dict())
    weight, front = model[layer].weight, list(model[:layer].parameters())
    loss_of(model, batch).backward()
    G = weight.grad.clone()
    with torch.no_grad():
        for p in front:
            p -= lr * p.grad
    model.zero_grad(set_to_none=False)
    loss_of(model, batch).backward()
    G_new = weight.grad.clone()
    model.load_state_dict(saved)
    return (G - G_new).norm().item(), F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0).item()


# %% mistake="ics" hint="The second backward() added its gradient to the first one's: .grad accumulates. So G′ came out as G + G′. Clear it in between, or use torch.autograd.grad, which does not accumulate."
def ics(model, layer, batch, lr):
    saved = copy.deepcopy(model.state_dict())
    weight, front = model[layer].weight, list(model[:layer].parameters())
    loss_of(model, batch).backward()
    G = weight.grad.clone()
    with torch.no_grad():
        for p in front:
            p -= lr * p.grad
    loss_of(model, batch).backward()
    G_new = weight.grad.clone()
    model.load_state_dict(saved)
    model.zero_grad()
    return (G - G_new).norm().item(), F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0).item()


# %% mistake="ics" hint="Distance 0, cosine 1: the two gradients are one and the same. Either G is weight.grad itself, which the second backward() overwrote (clone it), or both were taken at the same weights. G′ needs a new loss, after the layers in front have moved. (p = p − lr·g moves nothing: it makes a new tensor and calls that p. p -= lr·g moves the parameter.)"
# - (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])
# + G_new = G

# %% mistake="ics" hint="The layer itself moved too. In G′ its weight is the old one: only the layers in front have moved, model[:layer]."
# - list(model[:layer].parameters())
# + list(model[: layer + 1].parameters())

# %% mistake="ics" hint="All layers moved, those behind as well. In G′ only the layers in front have moved: model[:layer]."
# - list(model[:layer].parameters())
# + list(model.parameters())

# %% mistake="ics" hint="The layers behind moved, those in front stayed. It is the other way round: the layers in front make this layer's inputs."
# - list(model[:layer].parameters())
# + list(model[layer + 1 :].parameters())

# %% mistake="ics" hint="Only a part of the parameters in front moved. The step moves all of them, weights, biases, γ and β: model[:layer].parameters()."
# - list(model[:layer].parameters())
# + [m.weight for m in model[:layer] if isinstance(m, nn.Linear)]

# %% mistake="ics" hint="The layers in front moved uphill. A step of gradient descent subtracts: W − lr·gradient."
# - p -= lr * g
# + p += lr * g

# %% mistake="ics" hint="The layers in front moved by the whole gradient. The step is lr times the gradient."
# - p -= lr * g
# + p -= g

# %% mistake="ics" hint="The layers in front moved one after the other, each with a gradient that saw the others' new weights. They move at once, with the gradients of one backward pass."
# - for p, g in zip(front, steps):
# - p -= lr * g
# + for p in front:
# + p -= lr * torch.autograd.grad(torch.enable_grad()(loss_of)(model, batch), [p])[0]

# %% mistake="ics" hint="That is the squared distance, or its mean. ‖G − G′‖₂ is the root of the sum of squares: (G − G′).norm()."
# - (G - G_new).norm()
# + ((G - G_new) ** 2).sum()

# %% mistake="ics" hint="That is the squared distance, or its mean. ‖G − G′‖₂ is the root of the sum of squares: (G − G′).norm()."
# - (G - G_new).norm()
# + ((G - G_new) ** 2).mean()

# %% mistake="ics" hint="That is the mean of the absolute differences. The ℓ2 distance is the root of the sum of squares: (G − G′).norm()."
# - (G - G_new).norm()
# + (G - G_new).abs().mean()

# %% mistake="ics" hint="The distance was divided by the length of G. That is a sensible number too, but the paper's is the plain distance."
# - (G - G_new).norm()
# + (G - G_new).norm() / G.norm()

# %% mistake="ics" hint="The difference of the two lengths says nothing of the directions. Subtract the gradients first, then take the length."
# - (G - G_new).norm()
# + (G.norm() - G_new.norm()).abs()

# %% mistake="ics" hint="The second number is the dot product. The cosine divides it by both lengths."
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)
# + (G * G_new).sum()

# %% mistake="ics" hint="That is one cosine for each row or column. Flatten both gradients to one vector each first."
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)
# + F.cosine_similarity(G, G_new).mean()

# %% mistake="ics" hint="The second number is 1 − cosine, or its angle. The cosine itself is wanted, best 1."
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)
# + 1 - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)

# %% mistake="ics" hint="The two results are in the wrong order: distance first, then cosine."
# - return distance.item(), cosine.item()
# + return cosine.item(), distance.item()

# %% mistake="ics" hint="Only the distance came back. Return two numbers, distance and cosine."
# - return distance.item(), cosine.item()
# + return distance.item()

# %% mistake="ics" hint="Only a part of the parameters in front moved. The step moves all of them, weights, biases, γ and β: model[:layer].parameters()."
# - list(model[:layer].parameters())
# + [m.weight for m in model[:layer] if hasattr(m, "weight")]

# %% mistake="ics" hint="The layers behind moved as well. In G′ only the layers in front have moved: model[:layer]."
# - list(model[:layer].parameters())
# + [p for p in model.parameters() if p is not model[layer].weight]

# %% mistake="ics" hint="That is the sum of the absolute differences. The ℓ2 distance is the root of the sum of squares: (G − G′).norm()."
# - (G - G_new).norm()
# + (G - G_new).abs().sum()

# %% mistake="ics" hint="That is the root of the mean square. The ℓ2 distance is the root of the sum of squares: (G − G′).norm()."
# - (G - G_new).norm()
# + ((G - G_new) ** 2).mean().sqrt()

# %% mistake="ics" hint="That is one cosine for each row or column. Flatten both gradients to one vector each first."
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)
# + F.cosine_similarity(G, G_new, dim=0).mean()

# %% mistake="ics" hint="That is one cosine for each row or column. Flatten both gradients to one vector each first."
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)
# + F.cosine_similarity(G, G_new)

# %% mistake="ics" hint="Weights and buffers of the part in front are back. But the forward pass moved the buffers of the BN layers behind, too: save the state of the whole model."
# - copy.deepcopy(model.state_dict())
# + copy.deepcopy(model[:layer].state_dict())
# - model.load_state_dict(saved)
# + model[:layer].load_state_dict(saved)

# %% mistake="ics" hint="The weights are almost back. Subtracting lr·g and adding it again rounds twice, and the buffers have moved besides. Save the state before, put it back after."
# - model.load_state_dict(saved)
# + for p, g in zip(front, steps): p.data += lr * g

# %% mistake="ics" hint="The parameters in front came back with requires_grad off: the next training step would fail. Leave it on, and move them under torch.no_grad()."
# - with torch.no_grad():
# + if [p.requires_grad_(False) for p in front] or True:

# %% mistake="ics" hidden=true hint="model.train() was called. A model that came in evaluation mode would go back in training mode. Leave the mode as it is."
# - saved = copy.deepcopy(model.state_dict())
# + saved = copy.deepcopy(model.state_dict()); model.train()


# %% mistake="ics" hint="The model was not run at two places, so nothing was measured (and no trace is left by doing nothing). G needs one loss, G′ a second one."
def ics(model, layer, batch, lr):
    return 2.5, 0.5


# %% mistake="ics" hint="The loss was computed with a copy of the model, but differentiated by a weight of the model itself, which had no part in it. Take the weight, and the layers in front, from the copy too."
def ics(model, layer, batch, lr):
    other, weight = copy.deepcopy(model), model[layer].weight
    (G,) = torch.autograd.grad(loss_of(other, batch), [weight])
    return G.norm().item(), 1.0


# %% mistake="ics" hint="sgd_step(model[:layer], …) goes down the loss at the end of the part in front. These layers step down the loss of the whole net."
def ics(model, layer, batch, lr):
    saved, weight = copy.deepcopy(model.state_dict()), model[layer].weight
    (G,) = torch.autograd.grad(loss_of(model, batch), [weight])
    sgd_step(model[:layer], batch, lr)
    (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])
    model.load_state_dict(saved)
    return (G - G_new).norm().item(), F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0).item()


# %% mistake="ics" hint="A layer may have no bias (then model[layer].bias is None), and G is the gradient of the layer's weight alone: model[layer].weight."
def ics(model, layer, batch, lr):
    saved, own = copy.deepcopy(model.state_dict()), [model[layer].weight, model[layer].bias]
    front = list(model[:layer].parameters())
    gradients = torch.autograd.grad(loss_of(model, batch), own + front)
    with torch.no_grad():
        for p, g in zip(front, gradients[2:]):
            p -= lr * g
    after = torch.autograd.grad(loss_of(model, batch), own)
    model.load_state_dict(saved)
    G, G_new = (torch.cat([g.flatten() for g in both]) for both in (gradients[:2], after))
    return (G - G_new).norm().item(), F.cosine_similarity(G, G_new, dim=0).item()


# %% mistake="ics" hint="Nothing comes back (None). End with a return."
# - return distance.item(), cosine.item()
# + pass

# %% mistake="ics" hint="The gradients were taken in evaluation mode, with the running statistics. The training step is taken with the batch's. Leave the model in the mode it is in."
# - saved = copy.deepcopy(model.state_dict())
# + saved = copy.deepcopy(model.state_dict()); model.eval()


# %% mistake="ics" hint="The gradients are of all parameters together. G is the gradient of one layer's weight: model[layer].weight."
def ics(model, layer, batch, lr):
    saved = copy.deepcopy(model.state_dict())
    every, front = list(model.parameters()), list(model[:layer].parameters())
    before = torch.autograd.grad(loss_of(model, batch), every)
    with torch.no_grad():
        for p, g in zip(front, before):
            p -= lr * g
    after = torch.autograd.grad(loss_of(model, batch), every)
    model.load_state_dict(saved)
    G, G_new = (torch.cat([g.flatten() for g in gradients]) for gradients in (before, after))
    return (G - G_new).norm().item(), F.cosine_similarity(G, G_new, dim=0).item()


# %% mistake="ics" hint="No gradient can be taken of a loss that was computed under torch.no_grad(). Only the step, p -= lr·g, belongs there."
# - G, *steps = torch.autograd.grad(loss_of(model, batch), [weight, *front])
# + G, *steps = torch.autograd.grad(torch.no_grad()(loss_of)(model, batch), [weight, *front])

# %% mistake="ics" hint="torch.autograd.grad returns a tuple, even for one tensor. Unpack it: (G,) = torch.autograd.grad(…)."
# - (G_new,) = torch
# + G_new = torch

# %% mistake="ics" hint="torch.autograd.grad returns a tuple, even for one tensor. Unpack it: (G,) = torch.autograd.grad(…)."
# - (G - G_new).norm()
# + ((G,) - (G_new,)).norm()

# %% mistake="ics" hint="layer is a number, the layer's place in the model. The layer itself is model[layer]."
# - model[layer].weight
# + layer.weight

# %% mistake="ics" hint="One loss can be differentiated once; its graph is gone then, and it belongs to the old weights anyway. Compute a new loss after the layers in front have moved."
# - G, *steps = torch.autograd.grad(loss_of(model, batch), [weight, *front])
# + loss = loss_of(model, batch); G, *steps = torch.autograd.grad(loss, [weight, *front])
# - (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])
# + (G_new,) = torch.autograd.grad(loss, [weight])

# %% mistake="ics" hint="PyTorch refuses to change a parameter in place while it records (a leaf variable that requires grad). Take the step under torch.no_grad()."
# - with torch.no_grad():
# + if True:

# %% [markdown]
# ### Question 2
# Suppose the same layer of two nets, probed at the same step and rate:
#
# | | distance | cosine | length of G |
# |---|---|---|---|
# | without BN | 0.02 | 0.97 | 0.08 |
# | with BN | 0.60 | 0.81 | 1.00 |
#
# What do these numbers let you say?
#
# - (a) The layer with BN felt 30 times the shift: distances are in the same units for both nets, so they can be compared as they stand.
# - (b) The layer with BN felt less shift: its gradient is 12 times as long, so a distance of 0.60 is small beside it.
# - (c) By both measures the layer with BN felt more shift; the ratio of 30 between the distances is mostly the ratio of the gradients' lengths.
# - (d) Nothing at all: the cosine and the distance of one layer are not comparable between nets that have different layers.

# %% exercise="q_ics"
### BEGIN SOLUTION
q_ics = "c"
### END SOLUTION

# %% check="q_ics.answer" points=1
check("q_ics", q_ics)

# %% mistake="q_ics" hint="A gradient that is 12 times as long differs by 12 times as much when it turns by the same angle. Divide each distance by its length, and look at the cosines: what is left of the 30?"
q_ics = "a"

# %% mistake="q_ics" hint="Do the division: 0.60/1.00 against 0.02/0.08. And the cosine does not depend on length at all: 0.81 is further from 1 than 0.97."
q_ics = "b"

# %% mistake="q_ics" hint="The cosine has no units and does not depend on length: it can be compared. The distance can, once you say beside what length."
q_ics = "d"

# %% [markdown]
# ### The 25-layer linear net
# The paper measures ICS twice: in the VGG, and in a net from which every other difficulty has been taken away. 25 linear layers of 10×10, no nonlinearity, 1,000 samples, full-batch gradient descent at a rate of $10^{-6}$. No sampling
# noise, nothing saturates.
#
# What we had to choose: Gaussian inputs, targets $y = Ax$ with a random $A$ of variance 1/10 (so that targets have variance about 1), the *sum* of squared errors (with the mean, a rate of $10^{-6}$ would not
# move), Glorot's initialisation, BN behind every layer but the last.


# %%
def linear_net(batchnorm, seed, depth=25, width=10):
    """The paper's deep linear net: depth layers of width×width, with BN behind each but the last, or without."""
    torch.manual_seed(seed)
    layers = []
    for i in range(depth):
        layers.append(nn.Linear(width, width, bias=False))
        nn.init.xavier_normal_(layers[-1].weight)
        if batchnorm and i < depth - 1:
            layers.append(nn.BatchNorm1d(width))
    return nn.Sequential(*layers)


def linear_data(seed, variance=1, N=1000, width=10):
    """The full batch (x, y) for the deep linear net: y = A x, of about that variance."""
    rng = np.random.RandomState(seed)
    x, A = rng.normal(size=(N, width)), rng.normal(size=(width, width)) * np.sqrt(variance / width)
    return tuple(torch.from_numpy(a.astype("f4")) for a in (x, x @ A))


# %% [markdown]
# The probe asks `ics` of some layers, and your next two functions (section 4) of the whole net. They are filled in when you have written them. Then it makes sure that the model is what it was.


# %%
COLUMNS = ["loss", "low", "high", "near", "far", "norm", "beta", "ics a", "cos a", "ics b", "cos b"]


def probe(model, batch, lr, layers, walk=True):
    """What one point of training looks like: a row of numbers, see COLUMNS. The model is left as it was."""
    before = copy.deepcopy(model.state_dict())
    row = [np.nan] * 7
    if walk:
        loss = loss_of(model, batch)
        norm = flat(torch.autograd.grad(loss, list(model.parameters()))).norm().item()
        model.load_state_dict(before)
        steps = lr * np.linspace(0.5, 4, 8)
        losses, distances = walk_gradient(model, batch, steps.tolist())
        beta = beta_smoothness(steps, distances, norm)
        row = [loss.item(), losses.min(), losses.max(), distances.min(), distances.max(), norm, beta]
    for layer in layers:
        row += ics(model, layer, batch, lr)
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before), "a probe changed the model"
    return row


def flat(tensors):
    """All numbers of some tensors in one vector."""
    return torch.cat([t.flatten() for t in tensors])


# %%
def experiment(model, batches, lr, every, layers, walk=True):
    """Train with one batch after the other, and probe every so often. Returns (steps (T,), rows (T, 11), losses)."""
    at, rows, losses = [], [], []
    for step, batch in enumerate(batches):
        if step % every == 0:
            at.append(step)
            rows.append(probe(model, batch, lr, layers, walk))
        losses.append(sgd_step(model, batch, lr))
    return np.array(at), np.array(rows), np.array(losses)


def experiment_linear(batchnorm, seed, lr, steps, every, variance=1, **options):
    """The deep linear net, with targets of some variance; probes layers 9 and 17."""
    model, batch = linear_net(batchnorm, seed), linear_data(seed, variance)
    places = [weight_layers(model)[i] for i in (8, 16)]
    return experiment(model, [batch] * steps, lr, every, places, **options)


def experiment_vgg(kind, seed, data, steps, every, lr=0.1, batch_size=64, progress=lambda it: it, walk=True, **net):
    """The small VGG on MNIST; probes the third and the fifth convolution."""
    X, y = data
    model, rng = vgg(kind, seed, **net).to(X.device), np.random.RandomState(seed)
    draws = (torch.from_numpy(rng.randint(len(X), size=batch_size)) for _ in progress(range(steps)))
    places = [weight_layers(model)[i] for i in (2, 4)]
    return experiment(model, ((X[rows], y[rows]) for rows in draws), lr, every, places, walk)


# %% [markdown]
# **Predict, then run.** In which net will the cosine be nearer to 1?

# %%
my_cosine = ...  # "plain" or "BN"; in the linear net, and in the VGG

# %% tags=["demo"]
SEEDS = range(3)
NETS = {"plain": False, "BN": True}
live_ics = {}
with your_functions():
    for name, batchnorm in tqdm(NETS.items()):
        live_ics[name] = [experiment_linear(batchnorm, seed, 1e-6, 300, 10, walk=False) for seed in SEEDS]
    for name, runs in live_ics.items():
        end = [f"{losses[-1]:7.0f}" for _, _, losses in runs]
        cosine = [f"{np.median(rows[:, 8]):.3f}" for _, rows, _ in runs]
        print(f"{name:5}  loss after 300 steps {' '.join(end)}   median cosine, layer 9: {' '.join(cosine)}")


# %% tags=["demo"]
def ics_figure(runs_by_net, names, title):
    """Distances above, cosines below, for two layers; runs_by_net: name -> [(steps, rows), …], one for each seed."""
    fig, axes = plt.subplots(2, 2, figsize=(9, 5), sharex=True, sharey="row")
    for name, runs in runs_by_net.items():
        for k, layer in enumerate(names):
            spread(axes[0, k], runs[0][0], [run[1][:, 7 + 2 * k] for run in runs], name)
            spread(axes[1, k], runs[0][0], [run[1][:, 8 + 2 * k] for run in runs], name)
            axes[0, k].set(title=layer, yscale="log")
            axes[1, k].set(xlabel="step")
    axes[0, 0].set_ylabel("distance ‖G − G′‖")
    axes[1, 0].set_ylabel("cosine of G and G′")
    if runs_by_net:
        axes[1, 0].legend(loc="lower right")
    fig.suptitle(title, fontweight="bold", x=0.02, ha="left")
    plt.show()


ics_figure(live_ics, ["layer 9", "layer 17"], "Linear net, rate 1e-6: with BN, more shift by both measures")

# %% [markdown]
# *In the figure:* two layers, two measures, three seeds (lines: means; bands: range). Above, the distance on a logarithmic axis: with BN (solid) about a hundred to four hundred times the plain net's (dashed), after the first steps. Below, the cosine: the plain net's lies at 1; with
# BN it wanders, mostly between −0.5 and 0.7: updating the layers in front leaves little of the direction that the layer was about to take. And yet the losses printed above are lower with BN, in every seed.
#
# This is the paper's **figure 3**, the part on its deep linear net. **Agrees:** more shift with BN, by both measures, and better training. Section 4 comes back to this net with another rate, and with another picture.

# %% [markdown]
# The VGG next. The stored runs again, three seeds.


# %% tags=["demo"]
def stored_runs(init):
    """The stored probes of the small VGG: name -> [(steps, rows), …]."""
    at = np.array(STORED["probe_steps"])
    return {name: [(at, np.array(run)) for run in STORED["probes"][init][name]] for name in NETS}


glorot, he = stored_runs("glorot"), stored_runs("he")
ics_figure(
    glorot,
    ["third convolution", "fifth convolution"],
    "VGG, Glorot's initialisation: with BN far more shift at first, then about as much",
)

# %% [markdown]
# *In the figure:* as above, for two convolutions of the small VGG on MNIST. In the first 100 steps, while the plain net (dashed) has hardly begun to learn, the shift with BN (solid) is far larger, at the very start several hundred times, and the cosine lower. Later the third
# convolution keeps a lower cosine with BN. In the fifth the two cosines cross again and again, and so do the distances, with BN's a little lower most of the time.

# %% tags=["demo"]
print("                    median over 1,500 steps, seeds 0, 1, 2")
print("                third conv: distance      cosine       fifth conv: distance      cosine")
for init, runs_by_net in (("Glorot", glorot), ("He", he)):
    for name, runs in runs_by_net.items():
        cells = [[np.median(rows[:, c]) for _, rows in runs] for c in (7, 8, 9, 10)]
        print(f"{init:7} {name:6}", *("      " + " ".join(f"{v:5.2f}" for v in cell) for cell in cells))

# %% [markdown]
# This is the paper's **figure 3**, the part on the VGG.
#
# - **Agrees:** with Glorot's initialisation, "similar or even worse" with BN: worse in the third convolution in every seed, by both measures. In the fifth the cosine is worse or alike, the distance smaller in two seeds of three.
# - **Differs:** with He's initialisation, which spares the plain net its slow start, the layers with BN feel a little *less* shift, most clearly in the fifth convolution, in each of three seeds. So "BN does not lessen ICS" is no law. It depends on the net that BN is compared
#   with.
#
# And the measure is a new definition. Ioffe & Szegedy spoke of distributions, this is about gradients. A defender of the first claim may say that it was another quantity that was tested. The noisy net answers that; this measure does not.

# %% [markdown]
# ## 4. The landscape along the gradient
# What would an optimizer like? That the gradient *here* still tells the truth a step further on. So the paper looks along it (its section 3). From the current weights $w$, with gradient $g = \nabla L(w)$, walk:
#
# $$w(\eta) = w - \eta\, g, \qquad \eta \text{ from } \tfrac12 \text{ to } 4 \text{ times the learning rate}$$
#
# and write down three things:
#
# - **loss landscape:** the range of $L(w(\eta))$;
# - **gradient predictiveness:** the range of $\|\nabla L(w(\eta)) - g\|_2$;
# - **effective β-smoothness:** the largest change of the gradient for the distance moved,
#   $\displaystyle \beta = \max_\eta \frac{\|\nabla L(w(\eta)) - g\|_2}{\eta\, \|g\|_2}$.
#
# (A function is called β-smooth if its gradient changes by at most β for each unit of distance, everywhere and in all directions. "Effective": here only along one line. This β has nothing to do with BN's.)
#
# By hand: $L(w) = 3w^2$ has the gradient $6w$. From $w = 1$, with $\eta = 0.1$: $w(\eta) = 0.4$, loss 0.48, the gradient changed by 3.6, we moved 0.6, so $\beta = 6$: the second derivative. On a parabola every step gives the same β.
#
# ### Exercise: `walk_gradient` (15 minutes)
#
# <details><summary>Hint</summary>
#
# - One direction, fixed at the start. Every point is measured from the *start*: `start - step * gradient`, not from the point before.
# - Keep copies of the parameters to start from: `[p.detach().clone() for p in model.parameters()]`. `p.copy_(…)` under `torch.no_grad()` puts new values in.
# - The gradient there is taken with the same batch. `flat` (above) makes one vector of a list of gradients.
# - Leave no trace, as in `ics`.
# </details>


# %% exercise="walk_gradient"
def walk_gradient(model, batch, steps):
    """Walk from the current weights along the negative gradient of all parameters.  About 15 minutes.

    model: an nn.Module, used in the mode it is in; batch: a pair (x, y), for loss_of; steps: K step sizes.
    Returns (losses, distances), two NumPy arrays (K,): at start − step·gradient, for each step, the loss, and the
    ℓ2 distance of the gradient there (of all parameters as one vector) from the gradient at the start.
    The model is left as it was: parameters, buffers, mode, and no gradient in .grad.
    """
    ### BEGIN SOLUTION
    saved = copy.deepcopy(model.state_dict())
    parameters = list(model.parameters())
    start = [p.detach().clone() for p in parameters]
    gradient = torch.autograd.grad(loss_of(model, batch), parameters)
    losses, distances = [], []
    for step in steps:
        with torch.no_grad():
            for p, p0, g in zip(parameters, start, gradient):
                p.copy_(p0 - step * g)
        loss = loss_of(model, batch)
        there = torch.autograd.grad(loss, parameters)
        losses.append(loss.item())
        distances.append((flat(there) - flat(gradient)).norm().item())
    model.load_state_dict(saved)
    return np.array(losses), np.array(distances)
    ### END SOLUTION


# %% check="walk_gradient.losses" points=2
parabola = nn.Sequential(nn.Linear(1, 1, bias=False)).double()  # with x = √3 and y = 0: L(w) = 3w²
parabola[0].weight.data.fill_(1.0)
batch = torch.full((1, 1), 3**0.5, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
check("losses on a parabola", lambda m, batch: walk_gradient(m, batch, [0.1, 0.2, 0.4])[0], parabola, batch)
steps = np.sort(np.random.RandomState(3).uniform(0.1, 1.2, 4))
check("losses, a net with BN", lambda m, batch: walk_gradient(m, batch, steps)[0], known_net(), known_batch(1))

# %% check="walk_gradient.distances" points=1
check("losses and distances", lambda m, batch: walk_gradient(m, batch, [0.1, 0.4, 0.7]), known_net(), known_batch(2))
### BEGIN HIDDEN TESTS
check("walk without BN", lambda m, b: walk_gradient(m, b, [0.5, 0.1]), known_net(False, 1), known_batch(3))
check(
    "walk, float32",
    lambda m, b: walk_gradient(m, b, (0.3, 0.6)),
    known_net().float(),
    (known_batch(4)[0].float(), known_batch(4)[1]),
    rtol=1e-3,
)
### END HIDDEN TESTS

# %% check="walk_gradient.traces" points=2
probe_it = lambda model, batch: traces(model, lambda m: walk_gradient(m, batch, [0.1, 0.5]))
check("what walk_gradient leaves behind", probe_it, known_net(), known_batch(1))
### BEGIN HIDDEN TESTS
check("what walk_gradient leaves behind, eval mode", probe_it, known_net(True, 2).eval(), known_batch(2))
### END HIDDEN TESTS

# %% [markdown]
# *Established:* you can look ahead along the gradient, from any point of any training run, and come back.

# %% mistake="walk_gradient" hint="The gradients were added, not subtracted. ∇L(w(η)) − g: how much the gradient changed."
# - (flat(there) - flat(gradient)).norm()
# + (flat(there) + flat(gradient)).norm()

# %% mistake="walk_gradient" hint="This walks uphill. Descent subtracts: start − step·gradient."
# - p.copy_(p0 - step * g)
# + p.copy_(p0 + step * g)

# %% mistake="walk_gradient" hint="Each step was taken from the point before, so the points are at the sum of the steps. All are measured from the start: start − step·gradient. (Is your start a copy? p.detach() shares its numbers with p, so it moves along; p.detach().clone() does not.)"
# - p.copy_(p0 - step * g)
# + p.sub_(step * g)

# %% mistake="walk_gradient" hint="The direction was taken anew at each point: that is training, with its own step sizes. The walk is a straight line: one gradient, from the start."
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + first = gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# - p.copy_(p0 - step * g)
# + p.sub_(step * g)
# - distances.append((flat(there) - flat(gradient)).norm().item())
# + distances.append((flat(there) - flat(first)).norm().item()); gradient = there

# %% mistake="walk_gradient" hint="The model is not what it was: its weights stand at the last point of the walk, and BN's buffers have moved. Save the state before, put it back after. (And copy.deepcopy(model.state_dict()): without the copy, what you saved moves along.)"
# - model.load_state_dict(saved)
# + pass

# %% mistake="walk_gradient" hint="The model is not what it was: its weights stand at the last point of the walk, and BN's buffers have moved. Save the state before, put it back after. (And copy.deepcopy(model.state_dict()): without the copy, what you saved moves along.)"
# - copy.deepcopy(model.state_dict())
# + model.state_dict()

# %% mistake="walk_gradient" hint="The weights are back, BN's buffers are not: every forward pass in training mode moved the running statistics. Put back the whole state_dict, not only the parameters."
# - model.load_state_dict(saved)
# + for p, p0 in zip(parameters, start): p.data.copy_(p0)

# %% mistake="walk_gradient" hint="The step sizes were taken as distances: the gradient was divided by its length. The walk is start − step·gradient, so where the gradient is long, the walk is long."
# - zip(parameters, start, gradient)
# + zip(parameters, start, [g / flat(gradient).norm() for g in gradient])

# %% mistake="walk_gradient" hint="The losses are changes from the loss at the start. The loss itself is wanted, at each point."
# - losses.append(loss.item())
# + losses.append(loss.item() - base)
# - losses, distances = [], []
# + losses, distances, base = [], [], loss_of(model, batch).item()

# %% mistake="walk_gradient" hint="The distances are those of the weights from the start. What is wanted is how far the gradient there is from the gradient at the start."
# - (flat(there) - flat(gradient)).norm()
# + (step * flat(gradient)).norm()

# %% mistake="walk_gradient" hint="The distances are from one point's gradient to the next one's. Measure each from the gradient at the start."
# - distances.append((flat(there) - flat(gradient)).norm().item())
# + distances.append((flat(there) - last).norm().item()); last = flat(there)
# - losses, distances = [], []
# + losses, distances, last = [], [], flat(gradient)

# %% mistake="walk_gradient" hint="Those are squared distances. The ℓ2 distance is the root: .norm()."
# - (flat(there) - flat(gradient)).norm()
# + ((flat(there) - flat(gradient)) ** 2).sum()

# %% mistake="walk_gradient" hint="This subtracts the lengths of two gradients. A gradient that turns round without changing its length would count as unchanged. Subtract the vectors, then take the length."
# - (flat(there) - flat(gradient)).norm()
# + (flat(there).norm() - flat(gradient).norm()).abs()

# %% mistake="walk_gradient" hint="This adds up one distance for each parameter. Take all parameters as one long vector: flat(…), then one norm."
# - (flat(there) - flat(gradient)).norm()
# + sum((a - b).norm() for a, b in zip(there, gradient))

# %% mistake="walk_gradient" hint="These distances are already divided: by the step, by the length of the gradient, or by both. That comes in beta_smoothness; here the distance of the gradients alone is wanted."
# - (flat(there) - flat(gradient)).norm()
# + ((flat(there) - flat(gradient)).norm() / (step * flat(gradient).norm()))

# %% mistake="walk_gradient" hint="The distances are those of the gradient from 0, its length. Subtract the gradient at the start."
# - (flat(there) - flat(gradient)).norm()
# + flat(there).norm()

# %% mistake="walk_gradient" hint="Only a part of the parameters moved. The walk is along the gradient of all of them: weights, biases, γ and β."
# - parameters = list(model.parameters())
# + parameters = [p for p in model.parameters() if p.ndim > 1]

# %% mistake="walk_gradient" hint="The two results are in the wrong order: losses first, then distances."
# - return np.array(losses), np.array(distances)
# + return np.array(distances), np.array(losses)

# %% mistake="walk_gradient" hint="Those are Python lists. Turn both into NumPy arrays: np.array(losses)."
# - return np.array(losses), np.array(distances)
# + return losses, distances

# %% mistake="walk_gradient" hint="Only the losses came back. Return both arrays, losses and distances."
# - return np.array(losses), np.array(distances)
# + return np.array(losses)

# %% mistake="walk_gradient" hint="The start is right, the direction is not: it changed from point to point. All points lie along the gradient at the start. (p.grad is overwritten by the next backward(): clone it.)"
# - distances.append((flat(there) - flat(gradient)).norm().item())
# + distances.append((flat(there) - flat(gradient)).norm().item()); gradient = there

# %% mistake="walk_gradient" hint="Only a part of the parameters moved. The walk is along the gradient of all of them: weights, biases, γ and β."
# - parameters = list(model.parameters())
# + parameters = [p for m in model if isinstance(m, nn.Linear) for p in m.parameters()]

# %% mistake="walk_gradient" hint="These distances are already divided: by the step, by the length of the gradient, or by both. That comes in beta_smoothness; here the distance of the gradients alone is wanted."
# - (flat(there) - flat(gradient)).norm()
# + ((flat(there) - flat(gradient)).norm() / flat(gradient).norm())

# %% mistake="walk_gradient" hint="These distances are already divided: by the step, by the length of the gradient, or by both. That comes in beta_smoothness; here the distance of the gradients alone is wanted."
# - (flat(there) - flat(gradient)).norm()
# + ((flat(there) - flat(gradient)).norm() / step)

# %% mistake="walk_gradient" hint="That is the sum of the absolute differences. The ℓ2 distance is the root of the sum of squares: .norm()."
# - (flat(there) - flat(gradient)).norm()
# + (flat(there) - flat(gradient)).abs().sum()

# %% mistake="walk_gradient" hint="That is the root of the mean square. The ℓ2 distance is the root of the sum of squares: .norm()."
# - (flat(there) - flat(gradient)).norm()
# + ((flat(there) - flat(gradient)) ** 2).mean().sqrt()

# %% mistake="walk_gradient" hint="No gradient can be taken of a loss that was computed under torch.no_grad(). Only the new values are put in there; the loss is computed outside."
# - loss = loss_of(model, batch)
# + loss = torch.no_grad()(loss_of)(model, batch)

# %% mistake="walk_gradient" hidden=true hint="model.train() was called. A model that came in evaluation mode would go back in training mode. Leave the mode as it is."
# - saved = copy.deepcopy(model.state_dict())
# + saved = copy.deepcopy(model.state_dict()); model.train()


# %% mistake="walk_gradient" hint="The model was not run at several places, so nothing was measured (and no trace is left by doing nothing). One loss and one gradient at the start, then one of each for every step."
def walk_gradient(model, batch, steps):
    return np.zeros(len(steps)), np.zeros(len(steps))


# %% mistake="walk_gradient" hint="There is one value only: the return stands inside the loop. Dedent it, with what puts the model back."
# - model.load_state_dict(saved)
# +     model.load_state_dict(saved)
# - return np.array(losses), np.array(distances)
# +     return np.array(losses), np.array(distances)

# %% mistake="walk_gradient" hint="The weights are almost back. Subtracting step·g and adding it again rounds twice, and the buffers have moved besides. Save the state before, put it back after."
# - p.copy_(p0 - step * g)
# + p.sub_(step * g)
# - distances.append((flat(there) - flat(gradient)).norm().item())
# + distances.append((flat(there) - flat(gradient)).norm().item()); [p.data.add_(step * g) for p, g in zip(parameters, gradient)]
# - model.load_state_dict(saved)
# + pass

# %% mistake="walk_gradient" hint="The second backward() added its gradient to the first one's: .grad accumulates from point to point. Clear it at each point, or use torch.autograd.grad."
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + loss_of(model, batch).backward(); gradient = [p.grad.clone() for p in parameters]
# - there = torch.autograd.grad(loss, parameters)
# + loss.backward(); there = [p.grad.clone() for p in parameters]
# - model.load_state_dict(saved)
# + model.load_state_dict(saved); model.zero_grad()

# %% mistake="walk_gradient" hint="Nothing comes back (None). End with a return."
# - return np.array(losses), np.array(distances)
# + pass

# %% mistake="walk_gradient" hint="The loss was taken in evaluation mode, with the running statistics. A training step sees the batch's. Leave the model in the mode it is in."
# - saved = copy.deepcopy(model.state_dict())
# + saved = copy.deepcopy(model.state_dict()); model.eval()

# %% mistake="walk_gradient" hint="Each step was taken from the point before, so the points are at the sum of the steps. All are measured from the start: start − step·gradient. (Is your start a copy? p.detach() shares its numbers with p, so it moves along; p.detach().clone() does not.)"
# - p.detach().clone()
# + p.detach()

# %% mistake="walk_gradient" hint="The values are right, but backward() left gradients in .grad. The next optimizer step would use them. torch.autograd.grad returns gradients and leaves nothing behind."
# - there = torch.autograd.grad(loss, parameters)
# + loss.backward(); there = [p.grad.clone() for p in parameters]; model.zero_grad(set_to_none=False)

# %% mistake="walk_gradient" hint="The second backward() added its gradient to the first one's: .grad accumulates from point to point. Clear it at each point, or use torch.autograd.grad."
# - there = torch.autograd.grad(loss, parameters)
# + loss.backward(); there = [p.grad.clone() for p in parameters]
# - model.load_state_dict(saved)
# + model.load_state_dict(saved); model.zero_grad()

# %% mistake="walk_gradient" hint="The loss at the start was measured, over and over: a new loss must be computed after the weights have moved."
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + base = loss_of(model, batch); gradient = torch.autograd.grad(base, parameters)
# - losses.append(loss.item())
# + losses.append(base.item())

# %% mistake="walk_gradient" hint="torch.autograd.grad returns a tuple, and tuples cannot be subtracted. flat makes one vector of each."
# - (flat(there) - flat(gradient))
# + (there - gradient)

# %% mistake="walk_gradient" hint="Gradients of different shapes cannot be stacked. flat (above) lines up all their numbers in one vector."
# - (flat(there) - flat(gradient))
# + (torch.stack(there) - torch.stack(gradient))

# %% mistake="walk_gradient" hint="The loss is still a tensor in a graph. .item() takes the number out of it."
# - losses.append(loss.item())
# + losses.append(loss)

# %% mistake="walk_gradient" hint="There is one value too many: the start. Return one loss and one distance for each of the steps."
# - losses, distances = [], []
# + losses, distances = [loss_of(model, batch).item()], [0.0]

# %% mistake="walk_gradient" hint="PyTorch refuses to change a parameter in place while it records. Put the new values in under torch.no_grad()."
# - with torch.no_grad():
# + if True:

# %% [markdown]
# ### Exercise: `beta_smoothness` (5 minutes)
#
# <details><summary>Hint</summary>
#
# How far from the start is the point $w - \eta g$? Its distance is not η. Divide first, then take the largest.
# </details>


# %% exercise="beta_smoothness"
def beta_smoothness(steps, distances, gradient_norm):
    """Effective β-smoothness along a walk: the largest change of the gradient for the distance moved.  About 5 minutes.

    steps (K,) > 0 and distances (K,): arrays or lists, as for and from walk_gradient; gradient_norm: the ℓ2 length of
    the gradient at the start.
    Returns a float.
    """
    ### BEGIN SOLUTION
    moved = np.asarray(steps) * gradient_norm
    return float(np.max(np.asarray(distances) / moved))
    ### END SOLUTION


# %% check="beta_smoothness.walk" points=2
check("β on a parabola", beta_smoothness, np.array([0.1, 0.2, 0.4]), np.array([3.6, 7.2, 14.4]), 6.0)
check("β of a bent walk", beta_smoothness, np.array([0.5, 1.0, 2.0, 4.0]), np.array([0.9, 0.4, 7.0, 5.0]), 0.25)
r = np.random.RandomState(6)
check("β of nine points", beta_smoothness, r.uniform(0.1, 1, 9), r.uniform(1, 5, 9), r.uniform(1, 3))

# %% check="beta_smoothness.order" points=1
steps, distances = np.array([1, 3, 2, 0.5, 0.25, 1.5]), np.array([1.2, 1.2, 4, 1.9, 0.6, 0.9])
check("β, steps in any order", beta_smoothness, steps, distances, 4.0)
### BEGIN HIDDEN TESTS
check("β, lists", beta_smoothness, [0.5, 1.0, 2.0], [0.1, 0.9, 1.0], 2.0)
check("β, one step", beta_smoothness, np.array([0.2]), np.array([0.7]), 0.1)
### END HIDDEN TESTS

# %% [markdown]
# *Established:* on a parabola β is the second derivative. On a bent line it is the worst that the walk met.

# %% mistake="beta_smoothness" hint="The distances were divided by η. The weights moved by η times the length of the gradient: divide by that."
# - np.asarray(steps) * gradient_norm
# + np.asarray(steps)

# %% mistake="beta_smoothness" hint="This divides by gradient_norm only. The distance moved is step times gradient_norm, another one for each point."
# - np.asarray(steps) * gradient_norm
# + gradient_norm

# %% mistake="beta_smoothness" hint="The gradient's length stands on the wrong side. The distance moved is η·‖g‖, and all of it divides."
# - np.asarray(steps) * gradient_norm
# + np.asarray(steps) / gradient_norm

# %% mistake="beta_smoothness" hint="The largest change was divided by the largest distance moved. They may belong to different points: divide point by point, then take the largest."
# - np.max(np.asarray(distances) / moved)
# + np.max(distances) / np.max(moved)

# %% mistake="beta_smoothness" hint="That is the mean over the walk. β is a bound, so the largest counts."
# - np.max(np.asarray(distances) / moved)
# + np.mean(np.asarray(distances) / moved)

# %% mistake="beta_smoothness" hint="That is the place of the largest quotient in the array. The quotient itself is wanted: np.max, not np.argmax."
# - np.max(np.asarray(distances) / moved)
# + np.argmax(np.asarray(distances) / moved)

# %% mistake="beta_smoothness" hint="The sum of the changes was divided by the sum of the distances moved, which is a kind of mean. Divide point by point, then take the largest."
# - np.max(np.asarray(distances) / moved)
# + np.sum(distances) / np.sum(moved)

# %% mistake="beta_smoothness" hint="That is the smallest quotient. β is a bound: the largest counts."
# - np.max(np.asarray(distances) / moved)
# + np.min(np.asarray(distances) / moved)

# %% mistake="beta_smoothness" hint="That is the quotient at the last point only. The largest may stand elsewhere."
# - np.max(np.asarray(distances) / moved)
# + (np.asarray(distances) / moved)[-1]

# %% mistake="beta_smoothness" hint="That is the quotient at the first point only. The largest may stand elsewhere."
# - np.max(np.asarray(distances) / moved)
# + (np.asarray(distances) / moved)[0]

# %% mistake="beta_smoothness" hint="That is the distance moved for each unit of change. β is the other way round: change of the gradient, divided by distance moved."
# - np.max(np.asarray(distances) / moved)
# + np.max(moved / np.asarray(distances))

# %% mistake="beta_smoothness" hint="All quotients came back. β is the largest of them, one float."
# - float(np.max(np.asarray(distances) / moved))
# + np.asarray(distances) / moved

# %% mistake="beta_smoothness" hidden=true hint="steps may be a list, and a list times a number is no product. np.asarray makes an array of either."
# - np.asarray(steps) * gradient_norm
# + steps * gradient_norm

# %% mistake="beta_smoothness" hint="The quotient was taken where the change of the gradient is largest. Another point may have changed less, but over a far shorter way: divide at every point, then take the largest."
# - np.max(np.asarray(distances) / moved)
# + np.asarray(distances)[np.argmax(distances)] / moved[np.argmax(distances)]

# %% mistake="beta_smoothness" hint="This divides by the length of the gradient twice. The distance moved is η·‖g‖."
# - np.asarray(steps) * gradient_norm
# + np.asarray(steps) * gradient_norm**2

# %% mistake="beta_smoothness" hint="These are the changes from one point of the walk to the next. Both the change and the distance moved are counted from the start."
# - np.max(np.asarray(distances) / moved)
# + np.max(np.abs(np.diff(distances, prepend=0) / np.diff(moved, prepend=0)))

# %% mistake="beta_smoothness" hint="Nothing comes back (None). End with a return."
# - return float(np.max(np.asarray(distances) / moved))
# + pass

# %% [markdown]
# ### Live, then stored
# The small VGG, one seed, 150 steps. Each probe makes fourteen forward and backward passes and must leave no trace; `probe` asserts it.
#
# **Predict, then run.** Whose β will be larger?

# %%
my_beta = ...  # "plain" or "BN"

# %% tags=["demo"]
live_walk = {}
with your_functions():
    for name in NETS:
        live_walk[name] = experiment_vgg(name, 0, data, 150, 10, progress=tqdm)
    for name, (at, rows, losses) in live_walk.items():
        late = rows[at >= 100]
        print(f"{name:5} steps 100 to 149: loss {losses[100:].mean():.2f}, median β {np.median(late[:, 6]):.1f}")


# %% tags=["demo"]
def walk_figure(runs_by_net, title):
    """Range of the loss and of the gradient's distance along the walk, and β. Ranges: the mean over the seeds."""
    fig, axes = plt.subplots(1, 3, figsize=(10, 3.6))
    for name, runs in runs_by_net.items():
        at, rows = runs[0][0], np.mean([run[1] for run in runs], axis=0)
        look = dict(color=LOOK[name]["color"], alpha=0.35, lw=0) if name == "BN" else {}
        look = look or dict(facecolor="none", edgecolor=LOOK[name]["color"], hatch="////", lw=0.8)
        for ax, low in zip(axes, (1, 3)):
            ax.fill_between(at, rows[:, low], rows[:, low + 1], label=name, **look)
            ax.set(yscale="log", xlabel="step")
        spread(axes[2], at, [run[1][:, 6] for run in runs], name)
    for ax, text in zip(axes, ("loss along the walk", "change of the gradient", "effective β")):
        ax.set_title(text, fontweight="normal")
    axes[2].set(xlabel="step", yscale="log")
    axes[2].set_yticks([2, 5, 10, 20, 30], ["2", "5", "10", "20", "30"])
    axes[2].minorticks_off()
    axes[0].legend(loc="lower left")
    axes[2].legend(loc="lower right")
    fig.suptitle(title, fontweight="bold", x=0.02, ha="left")
    plt.show()


walk_figure(glorot, "VGG, Glorot's initialisation: smoother with BN, once the plain net has left its plateau")

# %% [markdown]
# *In the figure:* stored, MNIST, logarithmic axes. Left and middle: the range that a walk from ½ to 4 times the rate meets (hatched: plain; filled: BN; means of three seeds), of the loss and of the change of the gradient. Right: β (lines: means; bands: range). In the
# first 100 steps the plain net's walk meets next to nothing: it stands on a plateau, where the gradient is tiny and hardly changes. From step 200 on its loss varies over a factor of about ten to sixty, with an upper edge far above BN's, and the upper edge of its gradient's change lies
# above BN's, too. The two β overlap from there on, the plain one with higher peaks.

# %% tags=["demo"]
print("medians for seeds 0, 1, 2                       at points where the loss is between 0.1 and 0.3:")
print("                β, to step 50     β, later     length of g     its largest change    highest loss")
for init, runs_by_net in (("Glorot", glorot), ("He", he)):
    for name, runs in runs_by_net.items():
        early, late = ([np.median(rows[(at <= 50) == first, 6]) for at, rows in runs] for first in (True, False))
        alike = [np.median(rows[(rows[:, 0] > 0.1) & (rows[:, 0] < 0.3)], axis=0) for _, rows in runs]
        cells = [early, late, *([row[c] for row in alike] for c in (5, 4, 2))]
        print(f"{init:6} {name:5}", *("  " + " ".join(f"{v:4.1f}" for v in cell) for cell in cells))

# %% [markdown]
# The right half of the table asks a question that the figure leaves open. The net with BN is ahead, its loss is lower, its gradients are shorter: do they change less only because there is less of them? So compare at points of *equal loss*. There the
# gradients are about as long, and with BN they still change only about half as much, or less, by the far end of the walk.
#
# This is the paper's **figure 4**, (a) to (c).
#
# - **Agrees:** (a) and (b), loss and gradient vary less along the walk with BN, with both initialisations, in all three seeds, and at equal loss too.
# - **Agrees, but hardly:** (c), β. After step 50 it is lower with BN in each seed, with both initialisations, but only by 6 to 17%. The paper's gap is plain to the eye.
# - **Differs:** at the start. There our plain net, on its plateau, is the *smoother* one by all three measures. A flat place is smooth, and no good. With He's initialisation there is no plateau, and nothing to tell the two β apart in the first 50 steps.

# %% [markdown]
# ### Question 3
# A colleague trains the same net at four learning rates, from the same start, and shades, at each step, the area between the highest and the lowest of the four losses. Plain: a wide band. BN: a narrow one. What does the
# width of that band measure?
#
# - (a) How much the loss varies around one point, along the gradient there.
# - (b) How fast the gradient changes for the distance that is moved.
# - (c) How much the loss varies from one start of the weights to another.
# - (d) How much four runs, each at weights of its own, differ in their loss.

# %% exercise="q_envelope"
### BEGIN SOLUTION
q_envelope = "d"
### END SOLUTION

# %% check="q_envelope.answer" points=1
check("q_envelope", q_envelope)

# %% mistake="q_envelope" hint="After a hundred steps at four rates, where are the four nets? Not on one line through one point. That they differ may come from the landscape, but also just from the slow one lagging behind the fast one."
q_envelope = "a"

# %% mistake="q_envelope" hint="No gradient is in that figure, and no distance between weights. Only four losses are."
q_envelope = "b"

# %% mistake="q_envelope" hint="All four runs have the same start. What differs between them is the learning rate."
q_envelope = "c"

# %% [markdown]
# Many reproductions of the paper draw that envelope, and call it the landscape. Yours walks from one point, and comes back.
#
# ### The linear net, at two rates
# Now the 25 layers. The rate of the walk is the rate of the training, so we take two: $10^{-6}$, the paper's, and ten times that.

# %% tags=["demo"]
RATES = 1e-6, 1e-5
live_linear = {}
with your_functions():
    for lr in RATES:
        for name, batchnorm in NETS.items():
            runs = [experiment_linear(batchnorm, seed, lr, 240, 15) for seed in tqdm(SEEDS)]
            live_linear[lr, name] = runs
    for (lr, name), runs in live_linear.items():
        end = " ".join(f"{losses[-1]:6.0f}" for _, _, losses in runs)
        beta = " ".join(f"{lr * np.median(rows[5:, 6]):6.3f}" for _, rows, _ in runs)
        norm = " ".join(f"{np.median(rows[5:, 5]):6.0f}" for _, rows, _ in runs)
        cosine = " ".join(f"{np.median(rows[5:, 8]):5.2f}" for _, rows, _ in runs)
        print(f"rate {lr:g}, {name:5} loss at the end {end}   median length of g {norm}")
        print(f"                   median of β × rate {beta}   of the cosine, layer 9 {cosine}")

# %% tags=["demo"]
fig, axes = plt.subplots(2, 2, figsize=(9, 5.2), sharex=True)
for (lr, name), runs in live_linear.items():
    top, bottom = axes[:, RATES.index(lr)]
    rows = np.median([run[1] for run in runs], axis=0)
    look = dict(color=LOOK[name]["color"], alpha=0.35, lw=0) if name == "BN" else {}
    look = look or dict(facecolor="none", edgecolor=LOOK[name]["color"], hatch="////", lw=0.8)
    top.fill_between(runs[0][0], rows[:, 1], rows[:, 2], label=name, **look)
    top.set(title=f"rate {lr:g}")
    spread(bottom, runs[0][0], [lr * run[1][:, 6] for run in runs], name)
for ax in axes[1]:
    ax.axhline(2, color="black", lw=1, ls="-")
    ax.set(yscale="log", xlabel="step")
axes[0, 0].set_ylabel("loss along the walk")
axes[1, 0].set_ylabel("β × rate (line: 2)")
if live_linear:
    axes[0, 0].legend()
fig.suptitle(
    "With BN, β × rate settles at 2, at either rate; without BN it does not", fontweight="bold", x=0.02, ha="left"
)
plt.show()

# %% [markdown]
# *In the figure:* left column rate $10^{-6}$, right column ten times that. Above, the range of the loss along the walk (hatched: plain; filled: BN; medians of three seeds). Below, β times the rate, with a line at 2 (lines: means; bands: range of the seeds). At the small
# rate the plain net's range is as thin as a pencil line and its β × rate about a hundredth; with BN the range is wide and β × rate lies on 2. At the large rate BN lies on 2 again, and the plain net jumps about above it, most of the time.
#
# The paper shows this net's landscape in its appendix B, and finds it smoother with BN.
#
# - **Agrees at $10^{-5}$:** β is lower and far steadier with BN.
# - **Differs at $10^{-6}$, the paper's rate:** with BN, β is more than two hundred times the *larger*. The net with BN is ahead there with gradients several times as long, on a landscape that is not smoother.
#
# Our targets and initialisation may not be the paper's. So once more at $10^{-6}$, with targets of ten times the variance.

# %% tags=["demo"]
with your_functions():
    for name, batchnorm in NETS.items():
        runs = [experiment_linear(batchnorm, seed, 1e-6, 240, 40, variance=10) for seed in SEEDS]
        beta = " ".join(f"{1e-6 * np.median(rows[2:, 6]):.2f}" for _, rows, _ in runs)
        end = " ".join(f"{losses[-1]:6.0f}" for _, _, losses in runs)
        print(f"rate 1e-06, {name:5} loss at the end {end}   median of β × rate {beta}")

# %% [markdown]
# Now the plain net's median β × rate is above 2 at $10^{-6}$ too, and β is lower with BN, as in the paper. What this figure says depends on the rate and on the scale of the targets.
#
# And why 2? On a parabola with second derivative β, gradient descent shrinks the distance from the bottom by the factor $1 - \eta\beta$ a step. At $\eta\beta = 2$ this is −1: it hops from side to side. Full-batch gradient descent has been seen to drift towards that edge, and to train on along it
# (Cohen et al. 2021, "the edge of stability"). With BN our net is there at both rates. So a β measured *during* training may tell you the learning rate rather than the landscape. Compare at more than one.
#
# The cosines of section 3 change sides, too: at the large rate they no longer favour the plain net. What figure 3 says of this net also depends on the rate.

# %% [markdown]
# ## 5. Three other accounts
# Smoothness is one answer. Here are three more, by name, each with one small experiment. They do not exclude each other.
#
# ### Scale invariance sets the rate
# Unit 03: $\mathrm{BN}(aWx) = \mathrm{BN}(Wx)$ for $a > 0$. So the loss does not change when the weights in front of a BN layer grow. Differentiate that, and two things follow:
#
# $$\nabla L(aW) = \tfrac{1}{a} \nabla L(W), \qquad W \cdot \nabla L(W) = 0 .$$
#
# Compute them, on a small net with two BN layers.


# %%
def mlp(seed, sizes=(196, 32, 32, 10)):
    """Linear, BN, ReLU, twice, then Linear, in float64. ε is made tiny, so that scale invariance is exact."""
    torch.manual_seed(seed)
    layers = [nn.Flatten()]
    for n_in, n_out in ((sizes[0], sizes[1]), (sizes[1], sizes[2])):
        layers += [nn.Linear(n_in, n_out, bias=False), nn.BatchNorm1d(n_out, eps=1e-12), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:])).double()


def scaled(model, factor):
    """A copy of the model in which the weights in front of each BN are multiplied by factor."""
    model = copy.deepcopy(model)
    for place in weight_layers(model)[:-1]:
        model[place].weight.data *= factor
    return model


# %% tags=["demo"]
batch = data[0][:64].double(), data[1][:64]
for factor in (1, 10):
    model = scaled(mlp(0), factor)
    W = model[1].weight
    loss = loss_of(model, batch)
    (G,) = torch.autograd.grad(loss, [W])
    inner = abs((W * G).sum() / (W.norm() * G.norm())).item()
    print(
        f"W × {factor:2}: loss {loss.item():.4f}, length of W {W.norm():6.2f}, of its gradient {G.norm():.4f}", end=""
    )
    print(", at right angles" if inner < 1e-6 else ", not at right angles")

# %% [markdown]
# What counts for a net with BN is only the *direction* of $W$.
#
# ### Question 4
# Multiply the weights in front of BN by 10 and keep the learning rate. By how much does one step now turn the direction of $W$, compared with before?
#
# - (a) 100 times less.
# - (b) 10 times less.
# - (c) Just as much.
# - (d) 10 times more.

# %% exercise="q_scale"
### BEGIN SOLUTION
q_scale = "a"
### END SOLUTION

# %% check="q_scale.answer" points=1
check("q_scale", q_scale)

# %% mistake="q_scale" hint="That is one of two factors. The step is lr·gradient, and the gradient is 10 times shorter. But it also moves the tip of a vector that is 10 times longer: by how much does that turn it?"
q_scale = "b"

# %% mistake="q_scale" hint="The loss is the same, its gradient is not: look at the printed lengths. And the same step turns a long vector less than a short one."
q_scale = "c"

# %% mistake="q_scale" hint="Look at the printed lengths: the gradient became shorter, not longer."
q_scale = "d"

# %% [markdown]
# So the **effective learning rate** is $\eta / \|W\|^2$ (van Laarhoven 2017). The test: weights × 10 with rate × 100, for these weights only, must train just as before. Weights × 10 alone must train slowly.


# %%
def train_scaled(factor, rate_factor, seed, data, steps=120, lr=0.1):
    """Train the small net with the weights in front of BN, and their learning rate, multiplied. Returns the losses."""
    model, rng, losses = scaled(mlp(seed), factor), np.random.RandomState(seed), []
    invariant = {id(model[place].weight) for place in weight_layers(model)[:-1]}
    parameters = list(model.parameters())
    for step in range(steps):
        rows = torch.from_numpy(rng.randint(len(data[0]), size=64))
        loss = loss_of(model, (data[0][rows].double(), data[1][rows]))
        with torch.no_grad():
            for p, g in zip(parameters, torch.autograd.grad(loss, parameters)):
                p -= lr * (rate_factor if id(p) in invariant else 1) * g
        losses.append(loss.item())
    return np.array(losses)


# %% tags=["demo"]
CASES = {"weights × 1, rate × 1": (1, 1), "weights × 10, rate × 1": (10, 1), "weights × 10, rate × 100": (10, 100)}
curves = {name: np.array([train_scaled(*case, seed, data) for seed in range(3)]) for name, case in CASES.items()}
fig, ax = plt.subplots()
for (name, runs), look in zip(curves.items(), (LOOK["BN"], LOOK["plain"], LOOK["noisy BN"])):
    ax.fill_between(range(120), runs.min(0), runs.max(0), color=look["color"], alpha=0.15, lw=0)
    ax.plot(runs.mean(0), **{**look, "lw": 3 if "100" in name else 2}, label=name)
ax.set(
    xlabel="step",
    ylabel="training loss",
    title="Large weights in front of BN are a small learning rate",
    ylim=(0, None),
)
ax.legend()
plt.show()
gap = np.abs(curves["weights × 1, rate × 1"] - curves["weights × 10, rate × 100"]).max()
print(f"solid and dotted agree within 1e-6: {gap < 1e-6}")

# %% [markdown]
# *In the figure:* training loss against the step, means of three seeds with their range. The solid and the dotted curve are one: weights × 10 with rate × 100 trains exactly as before. The dashed curve, weights × 10 with the rate unchanged, falls far more slowly.
#
# There is more. The gradient stands at right angles to $W$, so by Pythagoras each step *lengthens* $W$: $\|W'\|^2 = \|W\|^2 + \eta^2 \|\nabla L\|^2$. Steps too long lengthen $W$ much, and so shorten the steps to come. A net with BN slows itself down
# (Arora, Li & Lyu 2019). It is one reason why too large a learning rate hurts it less. With weight decay, which pulls $\|W\|$ back, it becomes a subtle game (van Laarhoven 2017; Hoffer et al. 2018).
#
# ### Length and direction, apart
# Say it in the other order: with BN, the length of a unit's weights is taken out, and γ does its work. Direction in $w$, length in γ. Kohler et al. 2019 hold that this *decoupling* is the point, and prove for some problems that gradient descent then converges
# quickly. The smallest case is least squares: $\hat y = w \cdot x$ against $\hat y = \gamma\, w \cdot x / \sqrt{w^\top S w}$, where $S$ is the covariance of $x$ (mean 0), which is BN with the whole data as batch.


# %%
def steps_needed(decoupled, seed, lr, most=2000, D=10, kappa=10):
    """Gradient descent on least squares in D dimensions with condition number kappa: steps until the excess loss is 1e-6."""
    rng = np.random.RandomState(seed)
    Q = np.linalg.qr(rng.normal(size=(D, D)))[0]
    S = Q @ np.diag(np.geomspace(1, 1 / kappa, D)) @ Q.T  # largest eigenvalue 1
    w_best, w, gamma = rng.normal(size=D), rng.normal(size=D) / np.sqrt(D), 1.0
    for step in range(most):
        length = np.sqrt(w @ S @ w) if decoupled else 1.0
        v = gamma * w / length if decoupled else w
        dv = S @ (v - w_best)
        if (v - w_best) @ dv < 1e-6 * (w_best @ S @ w_best):
            return step
        if decoupled:
            dgamma, dw = dv @ w / length, gamma / length * (dv - (dv @ w) / length**2 * (S @ w))
            gamma, w = gamma - lr * dgamma, w - lr * dw
        else:
            w = w - lr * dv
    return most


# %% tags=["demo"]
rates = np.geomspace(0.04, 1.9, 12)
needed = {
    name: np.array([[steps_needed(name == "BN", seed, lr) for lr in rates] for seed in range(5)]) for name in NETS
}
fig, ax = plt.subplots()
for name, steps in needed.items():
    ax.fill_between(rates, steps.min(0), steps.max(0), color=LOOK[name]["color"], alpha=0.2, lw=0)
    ax.plot(rates, np.median(steps, 0), **LOOK[name], marker="o" if name == "BN" else "s", ms=4, label=name)
ax.set(
    xscale="log",
    yscale="log",
    xlabel="learning rate (2 is the most that plain gradient descent bears)",
    ylabel="steps needed",
)
ax.set_title("Length and direction apart: the rate matters less")
ax.legend()
plt.show()
for name, steps in needed.items():
    print(f"{name:5} fewest steps over all rates, five seeds:", *steps.min(axis=1))

# %% [markdown]
# *In the figure:* steps until the excess loss is a millionth of what it is at $w = 0$, against the learning rate, both logarithmic; medians of five seeds, bands from lowest to highest. The plain curve (dashed) falls as one over the rate, down to a best rate near 1.3. With BN
# (solid) it is much flatter: at the smallest rate about seven times fewer steps. At the best rate of each the difference is small: fewer steps with BN in four of five seeds.
#
# **Evidence:** the rate matters less. **Not shown:** that the separation as such is the cause. Some of it may be the account before this one again: a short $w$ has a large effective rate for its direction.
#
# ### The noise of the batch
# Each batch's μ and σ are a little off, so BN is a little noisy, and noise can regularise (unit 06). To see it alone, keep the batch of 256 for the gradient, but normalize it in groups of 256, 64, 16 or 4: fewer samples to a statistic, all else equal. (Hoffer et al. 2017 call it
# ghost batch norm.) 1,000 training images, so that there is something to overfit.


# %%
class GhostNorm(nn.BatchNorm1d):
    """BatchNorm1d that in training normalizes a batch in groups of `size` rows, each with its own statistics."""

    size = 256

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        return torch.cat([super(GhostNorm, self).forward(part) for part in x.split(self.size)])


def experiment_ghost(size, seed, train, test, steps=150, lr=0.1):
    """Train on few images with ghost batches of one size. Returns training loss (mean of the last 20) and test accuracy."""
    model, rng, losses = mlp(seed).float(), np.random.RandomState(seed), []
    for i, layer in enumerate(model):
        if isinstance(layer, nn.BatchNorm1d):
            model[i] = GhostNorm(layer.num_features, momentum=0.1 * size / 256)  # 256/size updates in each step
            model[i].size = size
    for _ in range(steps):
        rows = torch.from_numpy(rng.permutation(len(train[0]))[:256])
        losses.append(sgd_step(model, (train[0][rows], train[1][rows]), lr))
    with torch.no_grad():
        right = (model.eval()(test[0]).argmax(1) == test[1]).float().mean().item()
    return np.mean(losses[-20:]), right


# %% tags=["demo"]
few, SIZES = tuple(d[:1000] for d in data), (256, 64, 16, 4)
ghosts = np.array([[experiment_ghost(size, seed, few, data_test) for seed in range(4)] for size in tqdm(SIZES)])
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4))
for k, (ax, text) in enumerate(zip(axes, ("training loss", "test accuracy (%)"))):
    values = ghosts[:, :, k] * (100 if k else 1)
    ax.plot(SIZES, values, ls="", marker="o", mfc="white", color="#0072B2")
    ax.plot(SIZES, values.mean(1), color="black", ls="-")
    ax.set(xscale="log", xlabel="samples that share a statistic", ylabel=text)
    ax.set_xticks(SIZES, [str(size) for size in SIZES])
    ax.minorticks_off()
fig.suptitle("Fewer samples to a statistic: harder to fit", fontweight="bold", x=0.02, ha="left")
plt.show()
for size, runs in zip(SIZES, ghosts):
    print(
        f"groups of {size:3}: test accuracy",
        *(f"{100 * right:.1f}" for right in runs[:, 1]),
        f"  mean {100 * runs[:, 1].mean():.1f}",
    )

# %% [markdown]
# *In the figure:* left the training loss, right the test accuracy, against how many samples share a statistic (logarithmic); circles are four seeds, the line their mean. The fewer samples, the higher the training loss. The noise does make fitting harder.
#
# Does it help on new images? On MNIST, here: no. The means of groups of 256, 64 and 16 lie within half a point of each other, less than the spread of the seeds, and groups of 4 are worse. **Inconclusive** for mild noise, **no** for strong. Luo et al. 2019 do find a gain from it, in larger nets.
# And noise that makes fitting harder is no reason why BN trains *faster*.
#
# ## 6. The verdict
# | claim | evidence here | evidence in the literature | verdict |
# |---|---|---|---|
# | BN keeps distributions steadier (Ioffe & Szegedy 2015) | yes: jumps of 0.13 against 0.17 standard deviations once both have settled, and about a third before | their figure 1; Santurkar et al. see little difference in theirs | holds, mildly |
# | … and *therefore* trains faster | no: shaken by noise it is still faster than plain | Santurkar et al., figure 2 | refuted as the main reason |
# | BN lessens ICS, measured on gradients | linear net: no, far more at $10^{-6}$. VGG: no with Glorot's start, slightly yes with He's | Santurkar et al., figure 3: similar or worse | no; depends on what it is compared with |
# | BN makes the landscape smoother along the gradient | VGG: yes for loss and gradient, also at equal loss; β hardly. Linear net: yes at $10^{-5}$; at $10^{-6}$ it depends on the targets | Santurkar et al., figure 4 and theorems on upper bounds; they find the same of other normalizations | mostly; not unique to BN; depends on rate and start |
# | BN bears larger learning rates, and that is the gain (Bjorck et al. 2018) | unit 07: at 30 times the rate only BN trains. This unit held the rate fixed, and BN gained all the same | Bjorck et al. 2018 | first half holds; second half only in part |
# | Scale invariance tunes the effective rate | exact: weights × 10 with rate × 100 is the same run | van Laarhoven 2017; Arora et al. 2019 | a fact; how much of the gain it is, is open |
# | Length and direction apart | least squares: the rate matters less; at the best rate little gained | Kohler et al. 2019, proofs for simple cases | plausible; hard to tell from the row above |
# | The batch's noise regularises | training loss up, test accuracy not | Luo et al. 2019; Hoffer et al. 2017 | real, small, and no reason for speed |
#
# **What was not run:** the paper's own scale, VGG on CIFAR-10 for 15,000 steps. All of the above is small nets on MNIST and on Gaussian numbers. The paper reports 83% against 80% on CIFAR-10 (92% against 88% with augmentation).
#
# **Settled:** BN helps, and steady distributions are not the main reason. **Not settled:** one mechanism that explains it all. The accounts overlap: a smoother landscape bears larger rates, and so does an effective rate that tunes itself.
#
# ## Recap
# - A chain of reasons is tested link by link. Noisy BN breaks "steady distributions" and leaves BN in: the gain stays.
# - ICS as a change of gradients, $\|G - G'\|$ and the cosine, is not lessened by BN in general. A distance needs a length beside it.
# - Smoothness is measured by a walk from one point along its gradient, and back. An envelope over training runs is something else.
# - With BN the loss and its gradient vary less along the walk of our VGG. β during training may say more about the learning rate than about the landscape.
# - In front of BN only the direction of the weights counts: the effective rate is $\eta / \|W\|^2$.

# %%
scoreboard()

# %% [markdown]
# **Next: 10, When it fails.** You know now what BN buys, and how little of the why is settled. The next unit is a clinic: batch of one, forgotten `eval()`, a test distribution that moved. For each a symptom, a diagnosis, a cure.
