# ---
# title: Batch normalization in PyTorch
# question: What does `nn.BatchNorm1d` buy on MNIST?
# minutes: 50
# builds_on: [05_running_statistics, 06_numpy_network]
# ---

# %% [markdown]
# By the end you can

# %%
import json

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)  # matrices this small lose more to a second thread than they gain


# %%
def as_tensors(X_train, y_train, X_test, y_test):
    """Four arrays -> four tensors on the device. Images become rows: (N, 28, 28) -> (N, 784)."""
    X_train, X_test = (torch.from_numpy(X.reshape(len(X), -1)).to(device()) for X in (X_train, X_test))
    y_train, y_test = (torch.from_numpy(y).to(device()) for y in (y_train, y_test))
    return X_train, y_train, X_test, y_test


# %% exercise="build_mlp"
def build_mlp(batchnorm, hidden=(32, 32)):
    """A network for MNIST: 784 inputs, hidden layers with ReLU, 10 logits.  About 8 minutes.

    batchnorm: whether every hidden layer normalizes its z, before the ReLU; a Linear in front of a BN has no bias.
    hidden: the number of units of each hidden layer, any number of them.
    Returns an nn.Sequential: (N, 784) -> (N, 10).
    """
    ### BEGIN SOLUTION
    layers, fan_in = [], 784
    for units in hidden:
        layers.append(nn.Linear(fan_in, units, bias=not batchnorm))
        if batchnorm:
            layers.append(nn.BatchNorm1d(units))
        layers.append(nn.ReLU())
        fan_in = units
    return nn.Sequential(*layers, nn.Linear(fan_in, 10))
    ### END SOLUTION


# %% check="build_mlp.x" points=1
check("b", 1)

# %% exercise="train_epoch"
def train_epoch(model, X, y, optimizer, batch_size, generator):
    """Train for one epoch: every image once, in a random order, in batches.  About 10 minutes.

    model: ends in logits, (m, 784) -> (m, 10); its parameters are the optimizer's. X: (N, 784); y: (N,), int64.
    generator: a torch.Generator on the CPU, from which torch.randperm draws the order, anew in each epoch.
    The last batch may be shorter. Training mode, whatever mode the model comes in.
    Returns (loss, accuracy), two floats: the mean over the N images, each measured on the way, in its batch.
    """
    ### BEGIN SOLUTION
    model.train()
    order = torch.randperm(len(X), generator=generator).to(X.device)
    X, y = X[order], y[order]
    total = right = torch.zeros((), device=X.device)
    for i in range(0, len(X), batch_size):
        labels = y[i : i + batch_size]
        logits = model(X[i : i + batch_size])
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total = total + len(labels) * loss.detach()
        right = right + (logits.argmax(dim=1) == labels).sum()
    return total.item() / len(X), right.item() / len(X)
    ### END SOLUTION


# %% check="train_epoch.x" points=1
check("t", 1)

# %% exercise="evaluate"
def evaluate(model, X, y):
    """Loss and accuracy of a model as it would be used, on a whole data set.  About 8 minutes.

    model: ends in logits, (m, 784) -> (m, 10). X: (N, 784); y: (N,), int64; N is any number.
    Evaluation mode, no gradients; afterwards the model is in the mode in which it came. Its buffers do not change.
    Returns (loss, accuracy), two floats: the mean cross-entropy and the share of right answers, over all N images.
    """
    ### BEGIN SOLUTION
    came_training = model.training
    model.eval()
    loss = right = 0.0
    with torch.no_grad():
        for i in range(0, len(X), 5000):  # in pieces, so that large sets and large networks fit into memory
            logits, labels = model(X[i : i + 5000]), y[i : i + 5000]
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            right += (logits.argmax(dim=1) == labels).sum().item()
    model.train(came_training)
    return loss / len(X), right / len(X)
    ### END SOLUTION


# %% check="evaluate.x" points=1
check("e", 1)


# %%
def experiment_a(batchnorm, seed, data, epochs=10, progress=lambda it, **_: it):
    """Ten epochs of 784-32-32-10 with Adam at 0.01. Returns a row an epoch: train and test (loss, accuracy)."""
    X_train, y_train, X_test, y_test = data
    torch.manual_seed(seed)
    model = build_mlp(batchnorm).to(X_train.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)  # fused: one pass over all parameters
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for _ in progress(range(epochs), desc="with BN" if batchnorm else "plain"):
        train = train_epoch(model, X_train, y_train, optimizer, 32, generator)
        rows.append([*train, *evaluate(model, X_test, y_test)])
    return np.array(rows)


# %%
def deep_net(batchnorm, activation, std=None):
    """784-100-100-100-10. std: of Gaussian initial weights, with zero biases; None: PyTorch's own initialisation."""
    layers = []
    for fan_in in (784, 100, 100):
        norm = [nn.BatchNorm1d(100)] if batchnorm else []
        layers += [nn.Linear(fan_in, 100, bias=not batchnorm), *norm, activation()]
    model = nn.Sequential(*layers, nn.Linear(100, 10))
    for layer in model:
        if std is not None and isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0, std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model


# %%
def train_in_blocks(model, lr, seed, data, steps, every, watch):
    """SGD with batches of 60. Calls watch(model) at the start and after every block of steps. Returns the steps."""
    X, y = data[:2]
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    generator = torch.Generator().manual_seed(seed)
    at = range(0, steps + 1, every)
    watch(model)
    for _ in at[1:]:
        rows = torch.randint(len(X), (60 * every,), generator=generator).to(X.device)
        train_epoch(model, X[rows], y[rows], optimizer, 60, generator)  # images drawn for just this block
        watch(model)
    return list(at)


# %%
def black_or_white(data):
    """The same data with every pixel 0 or 1, as in the paper's section 4.1."""
    X_train, y_train, X_test, y_test = data
    return (X_train > 0.5).float(), y_train, (X_test > 0.5).float(), y_test


def experiment_b(batchnorm, seed, data, steps, every):
    """The BN paper's section 4.1. Returns steps (T,), test accuracy (T,) and the bands (T, 3).

    The bands are the 15th, 50th and 85th percentile, over 1,000 test images, of the input of unit 0's sigmoid in the
    last hidden layer, in evaluation mode.
    """
    accuracy, bands = [], []

    def watch(model):
        accuracy.append(evaluate(model, *data[2:])[1])
        with torch.no_grad():
            z = model.eval()[:-2](data[2][:1000])[:, 0]  # [:-2]: all but the last sigmoid and the last Linear
        bands.append(np.percentile(z.cpu().numpy(), (15, 50, 85)))

    torch.manual_seed(seed)
    model = deep_net(batchnorm, nn.Sigmoid, std=0.1).to(data[0].device)
    at = train_in_blocks(model, 0.1, seed, data, steps, every, watch)
    return np.array(at), np.array(accuracy), np.array(bands)


# %%
BASE_RATE = 0.1
TABLE = {  # row: batchnorm, learning rate as a multiple of the baseline's, activation
    "baseline": (False, 1, nn.ReLU),
    "BN ×1": (True, 1, nn.ReLU),
    "BN ×5": (True, 5, nn.ReLU),
    "BN ×30": (True, 30, nn.ReLU),
    "BN ×5 sigmoid": (True, 5, nn.Sigmoid),
}
CONTROLS = {"plain ×5": (False, 5, nn.ReLU), "plain ×30": (False, 30, nn.ReLU)}
CONTROLS["plain ×5 sigmoid"] = (False, 5, nn.Sigmoid)


def experiment_c(batchnorm, times, activation, seed, data, steps, every):
    """One row of the table. Returns steps (T,) and test accuracy (T,)."""
    accuracy = []
    torch.manual_seed(seed)
    model = deep_net(batchnorm, activation).to(data[0].device)
    watch = lambda model: accuracy.append(evaluate(model, *data[2:])[1])
    at = train_in_blocks(model, BASE_RATE * times, seed, data, steps, every, watch)
    return np.array(at), np.array(accuracy)
