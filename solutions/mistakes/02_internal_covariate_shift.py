# %% exercise="layer_stats"
# %% right="the condition from a dict"
def layer_stats(x, weights, activation):
    stats, a = [], x
    for W in weights:
        z = a @ W
        a = g(z, activation)
        flat = {"sigmoid": (a < 0.05) | (a > 0.95), "tanh": abs(a) > 0.9, "relu": a == 0}[activation]
        stats.append((a.mean(), a.std(), flat.mean()))
    return stats
# %% right="functions of its own, borders in z, a list in a list"
def layer_stats(x, weights, activation):
    functions = {
        "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: abs(z) > np.log(19)),
        "tanh": (np.tanh, lambda z: abs(z) > np.arctanh(0.9)),
        "relu": (lambda z: np.where(z > 0, z, 0), lambda z: z <= 0),
    }
    function, is_flat = functions[activation]
    stats = []
    for W in weights:
        z = np.einsum("nd,dk->nk", x, W)
        x = function(z)
        mean = np.sum(x) / x.size
        stats.append([mean, np.sqrt(np.sum((x - mean) ** 2) / x.size), np.count_nonzero(is_flat(z)) / x.size])
    return stats
# %% right="number by number"
def layer_stats(x, weights, activation):
    stats = []
    for l in range(len(weights)):
        x = g(np.array([[sum(row * column) for column in weights[l].T] for row in x]), activation)
        count = 0
        for v in x.flatten():
            if activation == "sigmoid" and not 0.05 <= v <= 0.95:
                count += 1
            elif activation == "tanh" and not -0.9 <= v <= 0.9:
                count += 1
            elif activation == "relu" and v == 0:
                count += 1
        stats += [(np.average(x), np.var(x) ** 0.5, count / x.size)]
    return stats
# %% right="torch's functions, in float64, a tuple of tuples"
import torch

def layer_stats(x, weights, activation):
    a, stats = torch.tensor(x), ()
    for W in weights:
        a = getattr(torch, activation)(a @ torch.tensor(W))
        low, high = {"sigmoid": (0.05, 0.95), "tanh": (-0.9, 0.9), "relu": (1e-300, np.inf)}[activation]
        flat = torch.logical_or(a < low, a > high).double()
        stats += ((a.mean().item(), a.std(correction=0).item(), flat.mean().item()),)
    return stats
# %% right="one function a layer, the standard deviation in one pass"
def flat_share(a, activation):
    if activation == "relu":
        return 1 - np.count_nonzero(a) / a.size
    middle, half = (0.5, 0.45) if activation == "sigmoid" else (0, 0.9)
    return np.average(np.where(np.abs(a - middle) > half, 1.0, 0.0))

def layer_stats(x, weights, activation):
    layers = [x]
    for W in weights:
        layers.append(g(np.matmul(layers[-1], W), activation))
    one_pass = lambda a: max(np.mean(a**2) - a.mean() ** 2, 0) ** 0.5
    return [(float(a.mean()), one_pass(a), flat_share(a, activation)) for a in layers[1:]]
# %% mistakes
# g is missing: a layer gives a = g(a @ W, activation), and the next layer receives that.
# - a = g(a @ W, activation)  =>  a = a @ W
# The last layer is left without g. Here every layer has it; there are no logits.
# - for W in weights:  =>  for l, W in enumerate(weights):
# & a = g(a @ W, activation)  =>  a = g(a @ W, activation) if l < len(weights) - 1 else a @ W
# Every layer is given the images themselves. Layer 2 receives layer 1's activations: use a, not x, in the loop.
# - a = g(a @ W, activation)  =>  a = g(x @ W, activation)
# This is taken of the images: x stands where a belongs, or what g returns is thrown away, and a stays x: a = g(…).
# - a = g(a @ W, activation)  =>  g(a @ W, activation)
# Asked is one mean, one std and one fraction a layer. With an axis you get one for each neuron (0) or each image (1).
# - (a.mean(), a.std(), saturated.mean())  =>  (a.mean(axis=0), a.std(axis=0), saturated.mean(axis=0))
# - (a.mean(), a.std(), saturated.mean())  =>  (a.mean(axis=1), a.std(axis=1), saturated.mean(axis=1))
# This std keeps only the spread within neurons or images, or between their means. Take it of all numbers at once.
# - a.std()  =>  a.std(axis=0).mean()
# - a.std()  =>  a.std(axis=1).mean()
# - a.std()  =>  a.mean(axis=0).std()
# - a.std()  =>  a.mean(axis=1).std()
# The second number is the root of the mean square. A std is measured from the mean: a.std().
# - a.std()  =>  np.sqrt((a**2).mean())
# The first number is the median, or the mean of the absolute values. Asked is the plain mean: a.mean().
# - (a.mean(), a.std()  =>  (np.abs(a).mean(), a.std()
# - (a.mean(), a.std()  =>  (np.median(a), a.std()
# The second number is the variance. The standard deviation is its square root.
# - a.std()  =>  a.var()
# This std divides by n − 1. The docstring asks for the biased one, which divides by n: a.std() as it is.
# - a.std()  =>  a.std(ddof=1)
# The numbers are rounded. Return them as they are, and round when you print.
# - (a.mean(), a.std(), saturated.mean())  =>  (round(a.mean(), 2), round(a.std(), 2), round(saturated.mean(), 2))
# - (a.mean(), a.std(), saturated.mean())  =>  (round(a.mean(), 4), round(a.std(), 4), round(saturated.mean(), 4))
# Only the upper end is counted. A sigmoid is just as flat near 0, where abs() does not help, and tanh near −1.
# - (a < 0.05) | (a > 0.95)  =>  a > 0.95
# & np.abs(a) > 0.9  =>  a > 0.9
# Only the lower end is counted. A sigmoid is just as flat near 1, and tanh near 1.
# - (a < 0.05) | (a > 0.95)  =>  a < 0.05
# & np.abs(a) > 0.9  =>  a < -0.9
# The borders are others: sigmoid a < 0.05 or a > 0.95, tanh |a| > 0.9, ReLU a == 0 and nothing else.
# - (a < 0.05) | (a > 0.95)  =>  (a < 0.1) | (a > 0.9)
# - (a < 0.05) | (a > 0.95)  =>  (a < 0.01) | (a > 0.99)
# - (a < 0.05) | (a > 0.95)  =>  a * (1 - a) < 0.05
# - (a < 0.05) | (a > 0.95)  =>  np.abs(a) > 0.9
# - np.abs(a) > 0.9  =>  np.abs(a) > 0.99
# - saturated = a == 0  =>  saturated = a < 0.05
# This is the share that is not saturated. Turn the conditions round, or take one minus it.
# - saturated.mean()  =>  1 - saturated.mean()
# The third number is a count, or the mean of the saturated activations. Asked is their share: saturated.mean().
# - saturated.mean()  =>  saturated.sum()
# - (a < 0.05) | (a > 0.95)  =>  a[(a < 0.05) | (a > 0.95)]
# The count is divided by another number: images, neurons, layers, or the size of x. Divide by a.size, N × fan_out.
# - saturated.mean()  =>  saturated.sum() / len(a)
# - saturated.mean()  =>  saturated.sum() / a.shape[1]
# - saturated.mean()  =>  saturated.sum() / x.size
# - saturated.mean()  =>  saturated.mean() / len(weights)
# The third number is a percentage. A fraction lies between 0 and 1.
# - saturated.mean()  =>  100 * saturated.mean()
# The sigmoid's rule is used for tanh. tanh runs from −1 to 1: it is flat where |a| > 0.9, and steepest at 0.
# - np.abs(a) > 0.9  =>  (a < 0.05) | (a > 0.95)
# The sigmoid's or tanh's rule is used for ReLU. ReLU is flat only where a == 0; all positive values have slope 1.
# - saturated = a == 0  =>  saturated = np.abs(a) > 0.9
# - saturated = a == 0  =>  saturated = (a < 0.05) | (a > 0.95)
# Nothing is counted for tanh. It is flat where |a| > 0.9. Is that your rule, and is your branch for 'tanh' reached?
# - np.abs(a) > 0.9  =>  a == 0
# Nothing is counted for ReLU. It is flat for all z ≤ 0, and there a is exactly 0. Count activations, not whole neurons.
# - saturated = a == 0  =>  saturated = a < 0
# Only the last layer came back. Append a tuple in every turn of the loop, and return the list after it.
# - return stats  =>  return stats[-1]
# - return stats  =>  return stats[-1:]
# The order is turned round. The first layer comes first: append.
# - return stats  =>  return stats[::-1]
# A layer is missing, the last or the first. There is one tuple for each matrix.
# - in weights  =>  in weights[:-1]
# - in weights  =>  in weights[1:]
# x, z or the activations are centred or scaled first. Take them as they are.
# - a = g(a @ W, activation)  =>  a = a @ W; a = g((a - a.mean(0)) / a.std(0), activation)
# - a = g(a @ W, activation)  =>  a = g(a @ W, activation); a = (a - a.mean()) / a.std()
# - for W in weights:
# + a = (a - a.mean()) / a.std()
# +     for W in weights:
# append takes one thing, and += takes a tuple apart. Append one tuple a layer: append((mean, std, fraction)).
# - stats.append((a.mean(), a.std(), saturated.mean()))  =>  stats += (a.mean(), a.std(), saturated.mean())
# - stats.append((a.mean(), a.std(), saturated.mean()))  =>  stats.append(a.mean(), a.std(), saturated.mean())
# The docstring asks for a list with a tuple for each layer. This is one array, or one list for each statistic.
# - return stats  =>  return np.array(stats)
# - return stats  =>  return [list(column) for column in zip(*stats)]
# The return stands inside the loop, so the function leaves after the first layer. Move it out.
# - stats.append((a.mean(), a.std(), saturated.mean()))  =>  return [(a.mean(), a.std(), saturated.mean())]
# Two shapes do not fit in the matrix product. Images are rows, so a layer is a @ W, (N, fan_in) times (fan_in,
# fan_out), with a on the left, nothing transposed, and the output of the layer before in a.
# - a = g(a @ W, activation)  =>  a = g(W @ a, activation)
# - a = g(a @ W, activation)  =>  a = g(np.dot(W, a), activation)
# The matrix is transposed. W has shape (fan_in, fan_out) already: a @ W.
# - a = g(a @ W, activation)  =>  a = g(a @ W.T, activation)
# Each layer multiplies element by element, with *. A layer mixes its inputs: the matrix product a @ W.
# - a = g(a @ W, activation)  =>  a = g(a * W, activation)
# Every layer uses one fixed function, whatever activation says. Pass it on: g(…, activation).
# - a = g(a @ W, activation)  =>  a = g(a @ W, "sigmoid")
# - a = g(a @ W, activation)  =>  a = g(a @ W, "tanh")
# - a = g(a @ W, activation)  =>  a = g(a @ W, "relu")
# activation is a word, not a function. Give it to g: g(z, activation).
# - a = g(a @ W, activation)  =>  a = activation(a @ W)
# The order is mean, std, fraction. Here two of them are exchanged.
# - (a.mean(), a.std(), saturated.mean())  =>  (a.mean(), saturated.mean(), a.std())
# - (a.mean(), a.std(), saturated.mean())  =>  (a.std(), a.mean(), saturated.mean())
# No activation of a sigmoid net is counted as saturated. With & the condition is never true, since nothing is at both
# ends at once: it is one end or (|) the other. If you have no &: is your branch for 'sigmoid' reached (look at its
# spelling), and does nothing round the share down?
# - (a < 0.05) | (a > 0.95)  =>  (a < 0.05) & (a > 0.95)
# The share is 1: every activation is counted. (a > 0.05) | (a < 0.95) is always true, so is a >= 0 for ReLU, and any()
# is true for one alone. Count what lies outside of 0.05 to 0.95; for ReLU a == 0.
# - (a < 0.05) | (a > 0.95)  =>  (a > 0.05) | (a < 0.95)
# - saturated = a == 0  =>  saturated = a >= 0
# Without parentheses | binds before < and >, so Python tries 0.05 | a. Write (…) | (…).
# - (a < 0.05) | (a > 0.95)  =>  a < 0.05 | a > 0.95
# `or`, `and`, `not` and `if` ask whether a whole array is true, and NumPy refuses. Element by element, `or` is |, with
# parentheses: (…) | (…). If it is g that stops: the array comes first, g(z, activation).
# - saturated = (a < 0.05) | (a > 0.95)  =>  saturated = (a < 0.05) or (a > 0.95)
# & saturated = np.abs(a) > 0.9  =>  saturated = (a < -0.9) or (a > 0.9)
# For tanh the border is 0.9, not 0.95: its range is 2 wide, and 5% of that is 0.1.
# - np.abs(a) > 0.9  =>  np.abs(a) > 0.95
# %% mistakes of="the condition from a dict"
# These are the statistics of z. They are asked of the activations a = g(z), which the next layer receives.
# - stats.append((a.mean(), a.std(), flat.mean()))  =>  stats.append((z.mean(), z.std(), flat.mean()))
# Mean and std are right, but the share is taken of z. Whether an activation is saturated is seen in a = g(z).
# - (a < 0.05) | (a > 0.95), "tanh": abs(a)  =>  (z < 0.05) | (z > 0.95), "tanh": abs(z)
# g is used for the statistics only: the next layer is given z. It receives the activations, a = g(z).
# - stats, a = [], x  =>  stats, z = [], x
# & z = a @ W  =>  z = z @ W
# g is applied to the layer's input, not to z = a @ W.
# - a = g(z, activation)  =>  a = g(a, activation)
# The list begins with the input. It should hold one tuple for each matrix: append after the layer, not before.
# - in weights  =>  in [None, *weights]
# & z = a @ W  =>  z = a if W is None else a @ W
# & a = g(z, activation)  =>  a = a if W is None else g(z, activation)
# - z = a @ W  =>  pass
# & a = g(z, activation)  =>  pass
# & stats.append((a.mean(), a.std(), flat.mean()))
# + stats.append((a.mean(), a.std(), flat.mean()))
# +         a = g(a @ W, activation)
# %% mistakes of="the condition from a dict" hidden=true
# Where z is exactly 0 (a blank image), ReLU gives 0 and counts as saturated. Count a == 0, not z < 0.
# - "relu": a == 0  =>  "relu": z < 0

# %% exercise="init_std"
# %% right="the variance first, the root at the end"
def init_std(fan_in, fan_out, kind):
    variances = {"xavier": 1 / ((fan_in + fan_out) / 2), "he": 2 / fan_in}
    if kind not in variances:
        raise ValueError("kind is 'xavier' or 'he'")
    return variances[kind] ** 0.5
# %% right="Python's math, an error caught"
import math

def init_std(fan_in, fan_out, kind):
    try:
        fan = dict(xavier=fan_in + fan_out, he=fan_in)[kind]
    except KeyError:
        raise ValueError(kind) from None
    return math.sqrt(2) / math.sqrt(fan)
# %% right="if, elif, else"
def init_std(fan_in, fan_out, kind):
    if kind == "xavier":
        std = np.sqrt(np.float64(6) / (fan_in + fan_out)) / np.sqrt(3)
    elif kind == "he":
        std = np.power(fan_in / 2, -0.5)
    else:
        raise ValueError
    return float(std)
# %% mistakes
# This is the variance. A normal distribution is drawn with its standard deviation, the square root.
# - np.sqrt(2 / (fan_in + fan_out))  =>  2 / (fan_in + fan_out)
# & np.sqrt(2 / fan_in)  =>  2 / fan_in
# Xavier puts the average of fan_in and fan_out where you have one of them (or the larger, or the smaller).
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(1 / fan_in)
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(1 / fan_out)
# This is 1 over the sum. The average of fan_in and fan_out is half their sum, so a 2 comes on top.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(1 / (fan_in + fan_out))
# This is He's number for 'xavier'. Either the names are exchanged, or fan_out is left out: Xavier averages both fans.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(2 / fan_in)
# This averages the results for fan_in and for fan_out. Xavier averages fan_in and fan_out themselves.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt((1 / fan_in + 1 / fan_out) / 2)
# - np.sqrt(2 / (fan_in + fan_out))  =>  (np.sqrt(1 / fan_in) + np.sqrt(1 / fan_out)) / 2
# // divides and drops the fraction. Divide with /.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(1 / ((fan_in + fan_out) // 2))
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(2 // (fan_in + fan_out))
# - np.sqrt(2 / fan_in)  =>  np.sqrt(2 // fan_in)
# - np.sqrt(2 / fan_in)  =>  np.sqrt(1 / (fan_in // 2))
# ** binds before /: x ** 1 / 2 is (x ** 1) / 2. The root is x ** 0.5, or np.sqrt(x).
# - np.sqrt(2 / (fan_in + fan_out))  =>  (2 / (fan_in + fan_out)) ** 1 / 2
# - np.sqrt(2 / fan_in)  =>  (2 / fan_in) ** 1 / 2
# This has the limit of a uniform distribution in it, with 6 (or 3) for 2. Its standard deviation is limit/√3.
# - np.sqrt(2 / fan_in)  =>  np.sqrt(6 / fan_in)
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(6 / (fan_in + fan_out))
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(3 / (fan_in + fan_out))
# He comes out without its 2. ReLU throws half of E[a²] away, so the variance of the weights has to be doubled.
# - np.sqrt(2 / fan_in)  =>  np.sqrt(1 / fan_in)
# This halves the weights' variance. ReLU has already halved the signal; the weights must make up for it: 2 / fan_in.
# - np.sqrt(2 / fan_in)  =>  np.sqrt(1 / (2 * fan_in))
# He uses fan_out here. A neuron's z is a sum over its inputs, so it is fan_in that sets the size of z.
# - np.sqrt(2 / fan_in)  =>  np.sqrt(2 / fan_out)
# Either only a part stands under the root (take the root of the whole variance), or a gain (√2, 5/3) comes on top.
# - np.sqrt(2 / (fan_in + fan_out))  =>  5 / 3 * np.sqrt(2 / (fan_in + fan_out))
# - np.sqrt(2 / (fan_in + fan_out))  =>  2 / np.sqrt(fan_in + fan_out)
# - np.sqrt(2 / fan_in)  =>  2 / np.sqrt(fan_in)
# - np.sqrt(2 / fan_in)  =>  np.sqrt(2) / fan_in
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(2) / (fan_in + fan_out)
# & np.sqrt(2 / fan_in)  =>  2 / np.sqrt(fan_in)
# The average of the fans stands in fan_in's place. He has fan_in alone.
# - np.sqrt(2 / fan_in)  =>  np.sqrt(4 / (fan_in + fan_out))
# Python divides first, then adds: 2 / fan_in + fan_out. Put the sum in parentheses.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(1 / (fan_in + fan_out / 2))
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(2 / fan_in + fan_out)
# This has the product of the fans, or their geometric mean. Xavier has their sum (twice the average).
# - np.sqrt(2 / (fan_in + fan_out))  =>  (fan_in * fan_out) ** -0.25
# - np.sqrt(2 / (fan_in + fan_out))  =>  (fan_in * fan_out) ** -0.5
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(2 / (fan_in * fan_out))
# This is upside down: the more inputs a neuron has, the smaller its weights must be. The variance is 1 over an average.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt((fan_in + fan_out) / 2)
# & np.sqrt(2 / fan_in)  =>  np.sqrt(fan_in / 2)
# - np.sqrt(2 / (fan_in + fan_out))  =>  (fan_in + fan_out) / 2
# The number is rounded. Return it as it is, and round when you print.
# - np.sqrt(2 / (fan_in + fan_out))  =>  round(np.sqrt(2 / (fan_in + fan_out)), 4)
# & np.sqrt(2 / fan_in)  =>  round(np.sqrt(2 / fan_in), 4)
# - np.sqrt(2 / (fan_in + fan_out))  =>  round(np.sqrt(2 / (fan_in + fan_out)), 3)
# For 'he' you return Xavier's number. Either He's formula has fan_out in it, or Xavier's branch is taken for every
# kind: `kind == "xavier" or "glorot"` is always true.
# - np.sqrt(2 / fan_in)  =>  np.sqrt(2 / (fan_in + fan_out))
# - if kind == "xavier":  =>  if kind == "xavier" or "glorot":
# An error is made, not raised: `raise ValueError(…)`, not `return`.
# - raise ValueError(f"no such kind: {kind!r}")  =>  return ValueError(kind)
# An unknown kind raises another error here. The docstring promises ValueError, so that callers can rely on it.
# - raise ValueError(f"no such kind: {kind!r}")  =>  raise Exception(kind)
# An unknown kind gets an answer, or None, instead of an error. A silent default hides a typing mistake for weeks: raise
# ValueError.
# - raise ValueError(f"no such kind: {kind!r}")  =>  print("no such kind")
# - if kind == "he":  =>  if kind:
# %% mistakes hidden=true
# A kind that is only like 'xavier' or 'he' gets an answer. Compare whole words, with ==.
# - kind == "he"  =>  kind.startswith("he")
# - kind == "he"  =>  kind in "he"
# %% mistake
# These are weights. The function returns one number, from which weights can be drawn.
def init_std(fan_in, fan_out, kind):
    if kind not in ("xavier", "he"):
        raise ValueError(kind)
    variance = 2 / (fan_in + fan_out) if kind == "xavier" else 2 / fan_in
    return np.random.RandomState(0).normal(0, np.sqrt(variance), (fan_in, fan_out))

# %% exercise="gradient_norms"
# %% right="the list is filled from the front"
def gradient_norms(x, weights, activation, dout):
    a, z = [x], []
    for W in weights:
        z.append(a[-1] @ W)
        a.append(g(z[-1], activation))
    norms, da = [], dout
    for l in range(len(weights) - 1, -1, -1):
        b = a[l + 1]
        dz = da * {"sigmoid": b * (1 - b), "tanh": 1 - b**2, "relu": b > 0}[activation]
        norms.insert(0, np.linalg.norm(a[l].T @ dz))
        da = dz @ weights[l].T
    return norms
# %% right="slopes in z, einsum, the norm by hand"
def gradient_norms(x, weights, activation, dout):
    inputs, slopes = [], []
    for W in weights:
        inputs.append(x)
        z = np.dot(x, W)
        x = g(z, activation)
        if activation == "sigmoid":
            slopes.append(1 / (2 + np.exp(z) + np.exp(-z)))
        elif activation == "tanh":
            slopes.append(1 / np.cosh(z) ** 2)
        else:
            slopes.append(np.where(z > 0, 1, 0))
    norms = [0.0] * len(weights)
    delta = dout.copy()
    for l in range(len(weights))[::-1]:
        delta = np.multiply(delta, slopes[l])
        dW = np.einsum("ni,no->io", inputs[l], delta)
        norms[l] = float(np.sqrt((dW**2).sum()))
        delta = np.einsum("no,io->ni", delta, weights[l])
    return norms
# %% right="recursion"
def gradient_norms(x, weights, activation, dout):
    def back(x, remaining):
        if not remaining:
            return dout, []
        W = remaining[0]
        a = g(x @ W, activation)
        da, norms = back(a, remaining[1:])
        if activation == "sigmoid":
            dz = da * a * (1 - a)
        elif activation == "tanh":
            dz = da * (1 - a) * (1 + a)
        else:
            dz = da * np.sign(a)
        return dz @ W.T, [np.linalg.norm(x.T @ dz, "fro"), *norms]

    return back(x, list(weights))[1]
# %% right="an object for each layer"
class Layer:
    def __init__(self, W, activation):
        self.W, self.activation = W, activation

    def forward(self, x):
        self.x, self.a = x, g(x @ self.W, self.activation)
        return self.a

    def backward(self, da):
        slope = {"sigmoid": lambda a: a - a**2, "tanh": lambda a: 1 - a * a, "relu": lambda a: (a > 0) * 1.0}
        dz = da * slope[self.activation](self.a)
        self.dW = sum(np.outer(x, d) for x, d in zip(self.x, dz))
        return (self.W @ dz.T).T

def gradient_norms(x, weights, activation, dout):
    layers = [Layer(W, activation) for W in weights]
    for layer in layers:
        x = layer.forward(x)
    for layer in reversed(layers):
        dout = layer.backward(dout)
    return [np.sum(layer.dW**2) ** 0.5 for layer in layers]
# %% right="torch's autograd, in float64"
import torch

def gradient_norms(x, weights, activation, dout):
    Ws = [torch.tensor(np.ascontiguousarray(W), requires_grad=True) for W in weights]
    a = torch.tensor(np.ascontiguousarray(x))
    for W in Ws:
        a = getattr(torch, activation)(a @ W)
    a.backward(torch.tensor(np.ascontiguousarray(dout)))
    return [W.grad.norm().item() for W in Ws]
# %% right="the forward pass again for each layer"
def gradient_norms(x, weights, activation, dout):
    def output(l):
        a = x
        for W in weights[:l]:
            a = g(np.matmul(a, W), activation)
        return a

    def prime(a):
        if activation == "relu":
            return np.where(a > 0, 1.0, 0.0)
        return a * (1 - a) if activation == "sigmoid" else 1 - a * a

    L = len(weights)
    delta, norms = dout * prime(output(L)), [None] * L
    for l in range(L - 1, -1, -1):
        norms[l] = np.sqrt(np.sum(np.square(delta.T @ output(l))))
        if l > 0:
            delta = np.dot(delta, np.transpose(weights[l])) * prime(output(l))
    return norms
# %% mistakes
# A slope is missing: dz is da times g′(z), element by element, at every layer, the last one too; and dW is built from
# dz, not from da. For ReLU the slope is a switch: 1 where a > 0 (not ≥, since a is never below 0), else 0.
# - dz = da * slope  =>  dz = da
# - dz = da * slope  =>  dz = da * slope if l < len(weights) - 1 else da
# - dz = da * slope  =>  dz = da * slope if l == len(weights) - 1 else da
# - a[l + 1] > 0  =>  np.ones_like(a[l + 1])
# da is multiplied by a itself instead of by the slope at a: a(1 − a), 1 − a², or 1 where a > 0.
# - dz = da * slope  =>  dz = da * a[l + 1]
# - "relu": a[l + 1] > 0  =>  "relu": a[l + 1]
# These are the norms of ∂L/∂z. The weights get aᵀ ∂L/∂z, with a the layer's input.
# - norms.append(np.linalg.norm(dW))  =>  norms.append(np.linalg.norm(dz))
# These are the norms of ∂L/∂a. Asked is the gradient of the weights, aᵀ ∂L/∂z.
# - norms.append(np.linalg.norm(dW))  =>  norms.append(np.linalg.norm(da))
# These are the norms of the weights themselves. Asked is the norm of their gradient, aᵀ ∂L/∂z.
# - norms.append(np.linalg.norm(dW))  =>  norms.append(np.linalg.norm(weights[l]))
# The slope is multiplied as a matrix, with @. It goes element by element, with * (⊙ in the formula).
# - dz = da * slope  =>  dz = da @ slope
# dW is another product here. It is a.T @ dz, in this order, with @: it sums over the images and has the shape of W.
# - dW = a[l].T @ dz  =>  dW = a[l] @ dz
# - dW = a[l].T @ dz  =>  dW = a[l].T @ dz.T
# - dW = a[l].T @ dz  =>  dW = dz @ a[l].T
# - dW = a[l].T @ dz  =>  dW = a[l] * dz
# dz is multiplied by the layer's weights. dW is a.T @ dz, with the layer's input a.
# - dW = a[l].T @ dz  =>  dW = weights[l].T @ dz
# Every dW is built from the images. Only layer 1's input is x; a later layer's is the activation of the one before.
# - dW = a[l].T @ dz  =>  dW = x.T @ dz
# The norm is squared: take the root of the sum of squares.
# - np.linalg.norm(dW)  =>  np.sum(dW**2)
# The norm is too small by a factor of 5 or its power: N is 5 here, and so is the root of the number of weights. Either
# the gradient is divided by N (dout brings the loss's 1/N already: sum over the images), perhaps on the way back, or
# the norm has the mean of the squares instead of their sum.
# - da = dz @ weights[l].T  =>  da = dz @ weights[l].T / len(x)
# - np.linalg.norm(dW)  =>  np.sqrt(np.mean(dW**2))
# - dW = a[l].T @ dz  =>  dW = a[l].T @ dz / len(x)
# - dz = da * slope  =>  dz = da * slope / len(x)
# This is another norm: with a second argument, np.linalg.norm gives a matrix's largest singular value (2), their sum
# ('nuc') or its largest column sum (1). The Frobenius norm is np.linalg.norm(dW).
# - np.linalg.norm(dW)  =>  np.linalg.norm(dW, 2)
# - np.linalg.norm(dW)  =>  np.linalg.norm(dW, 1)
# This takes absolute values: their sum, mean or largest. The Frobenius norm is the root of the sum of the squares.
# - np.linalg.norm(dW)  =>  np.abs(dW).sum()
# - np.linalg.norm(dW)  =>  np.abs(dW).mean()
# - np.linalg.norm(dW)  =>  np.abs(dW).max()
# The Frobenius norm is the root of the sum of the squares, and nothing else: no std, log, size or other norm in it.
# - np.linalg.norm(dW)  =>  np.sqrt(np.linalg.norm(dW))
# - return norms[::-1]  =>  return [n / norms[0] for n in norms[::-1]]
# - np.linalg.norm(dW)  =>  dW.std()
# - np.linalg.norm(dW)  =>  np.log10(np.linalg.norm(dW))
# - np.linalg.norm(dW)  =>  np.linalg.norm(dW) / dW.size
# - np.linalg.norm(dW)  =>  np.linalg.norm(dW) / np.linalg.norm(weights[l])
# - np.linalg.norm(dW)  =>  abs(dW.sum())
# Norms are taken of parts first. Make the whole matrix, dW = a.T @ dz, and then take one norm of it.
# - np.linalg.norm(dW)  =>  np.linalg.norm(a[l]) * np.linalg.norm(dz)
# - np.linalg.norm(dW)  =>  np.linalg.norm(dW, axis=0).mean()
# - np.linalg.norm(dW)  =>  sum(np.linalg.norm(np.outer(p, d)) for p, d in zip(a[l], dz))
# - np.linalg.norm(dW)  =>  np.mean([np.linalg.norm(np.outer(p, d)) for p, d in zip(a[l], dz)])
# These are the norms of the columns or of the rows. Without an axis np.linalg.norm gives one number for the matrix.
# - np.linalg.norm(dW)  =>  np.linalg.norm(dW, axis=0)
# These are the gradients themselves, one matrix for each layer. Asked is one number for each: the Frobenius norm.
# - norms.append(np.linalg.norm(dW))  =>  norms.append(dW)
# dout is changed: `da *= …`, or `dz = da` and then `dz[…] = 0`, writes into the array that the caller passed. Write
# dz = da * …, which makes a new one.
# - dz = da * slope  =>  da *= slope
# & dW = a[l].T @ dz  =>  dz, dW = da, a[l].T @ da
# The order is turned round: the first layer comes first. You meet the last one first: either append, and reverse the
# list once at the end, or insert at the front, and do not reverse.
# - return norms[::-1]  =>  return norms
# None came back. If there is a return: .reverse() turns a list round in place and gives None; norms[::-1] is a list.
# - return norms[::-1]  =>  return norms.reverse()
# The docstring asks for a list of numbers. reversed(…) gives an iterator: list(reversed(norms)), or norms[::-1].
# - return norms[::-1]  =>  return reversed(norms)
# - return norms[::-1]  =>  return np.array(norms[::-1])
# The list has one number too many: a norm for each weight matrix, and none for x.
# - return norms[::-1]  =>  return [np.linalg.norm(da), *norms[::-1]]
# A layer is missing: the first (its input is x; go down to index 0), or all but the last (is the return in the loop?).
# -     return norms[::-1]  =>          return norms[::-1]
# - reversed(range(len(weights)))  =>  range(len(weights) - 1, 0, -1)
# An index runs past the end. weights[l] has the input a[l] and the output a[l + 1] (with a = [x, …]), and the gradient
# goes back through weights[l] itself; l runs from len(weights) - 1 down to 0.
# - da = dz @ weights[l].T  =>  da = dz @ weights[l + 1].T
# This goes from the first layer to the last. dout is known at the last one: start there and go back.
# - reversed(range(len(weights)))  =>  range(len(weights))
# & return norms[::-1]  =>  return norms
# - reversed(range(len(weights)))  =>  range(len(weights))
# The forward pass is another: each layer gets the activations of the layer before, a[-1] (not x, not z), and uses g
# with the activation that was asked for, in the last layer too.
# - a.append(g(a[-1] @ W, activation))  =>  a.append(a[-1] @ W)
# - a.append(g(a[-1] @ W, activation))  =>  a.append(g(x @ W, activation))
# - a.append(g(a[-1] @ W, activation))  =>  a.append(g(a[-1] @ W, "sigmoid"))
# The slope is multiplied in twice. It is one factor of each layer: dz = da * slope.
# - da = dz @ weights[l].T  =>  da = dz @ weights[l].T * slope
# - da = dz @ weights[l].T  =>  da = (dz * slope) @ weights[l].T
# - dz = da * slope  =>  dz = da * slope * slope
# One slope is used for all layers, that of the last one. Each layer has its own, taken at its output.
# - a[l + 1] * (1 - a[l + 1])  =>  a[-1] * (1 - a[-1])
# & 1 - a[l + 1] ** 2  =>  1 - a[-1] ** 2
# & a[l + 1] > 0  =>  a[-1] > 0
# Every layer is given dout. Only the last one is: the layer before it gets ∂L/∂a = ∂L/∂z Wᵀ, with its own dz.
# - da = dz @ weights[l].T  =>  pass
# - da = dz @ weights[l].T  =>  da = dout @ weights[l].T
# W is forgotten on the way back. Below a layer goes ∂L/∂z Wᵀ, dz @ W.T; here dz goes on without it.
# - da = dz @ weights[l].T  =>  da = dz
# W is not transposed on the way back. Forward W takes fan_in to fan_out; backward Wᵀ takes fan_out to fan_in: dz @ W.T.
# - da = dz @ weights[l].T  =>  da = dz @ weights[l]
# W stands on the wrong side on the way back. Rows are images, so it is dz @ W.T, with dz on the left.
# - da = dz @ weights[l].T  =>  da = weights[l].T @ dz
# - da = dz @ weights[l].T  =>  da = weights[l] @ dz
# - da = dz @ weights[l].T  =>  da = weights[l] @ dz.T
# W is multiplied element by element on the way back. It is a matrix product: dz @ W.T.
# - da = dz @ weights[l].T  =>  da = dz * weights[l]
# The gradient of the weights, dW, is passed back. Below a layer goes dz @ W.T.
# - da = dz @ weights[l].T  =>  da = dW @ weights[l].T
# - da = dz @ weights[l].T  =>  da = dW
# The gradient goes back through another layer's matrix. It is weights[l]; has W kept its value from the forward loop?
# - da = dz @ weights[l].T  =>  da = dz @ weights[l - 1].T
# - da = dz @ weights[l].T  =>  da = dz @ W.T
# The slope is left out on the way back: you pass da through W, where dz belongs. Both g′ and W are factors.
# - da = dz @ weights[l].T  =>  da = da @ weights[l].T
# One function's slope is used for another. Choose it: a(1 − a) for sigmoid, 1 − a² for tanh, 1 where a > 0 for ReLU.
# - slope = {"sigmoid": a[l + 1] * (1 - a[l + 1]), "tanh": 1 - a[l + 1] ** 2, "relu": a[l + 1] > 0}[activation]
# + slope = a[l + 1] * (1 - a[l + 1])
# - a[l + 1] * (1 - a[l + 1])  =>  1 - a[l + 1] ** 2
# - 1 - a[l + 1] ** 2  =>  a[l + 1] > 0
# - "relu": a[l + 1] > 0  =>  "relu": 1 - a[l + 1] ** 2
# tanh's slope is 1 − a²: the square of a alone, and a minus.
# - 1 - a[l + 1] ** 2  =>  1 - a[l + 1]
# - 1 - a[l + 1] ** 2  =>  1 + a[l + 1] ** 2
# - 1 - a[l + 1] ** 2  =>  (1 - a[l + 1]) ** 2
# The sigmoid's slope is a(1 − a): both factors, parentheses, no squares, and taken at each a.
# - a[l + 1] * (1 - a[l + 1])  =>  1 - a[l + 1]
# - a[l + 1] * (1 - a[l + 1])  =>  a[l + 1] * (1 - a[l + 1]) ** 2
# - a[l + 1] * (1 - a[l + 1])  =>  a[l + 1] ** 2 * (1 - a[l + 1])
# - a[l + 1] * (1 - a[l + 1])  =>  0.25
# - a[l + 1] * (1 - a[l + 1])  =>  a[l + 1] * 1 - a[l + 1]
# ReLU's slope is 1 where a > 0 and 0 elsewhere: never −1 or 0.01, and it looks at a, not at the gradient da.
# - a[l + 1] > 0  =>  np.where(a[l + 1] > 0, 1, -1)
# - a[l + 1] > 0  =>  np.where(a[l + 1] > 0, 1, 0.01)
# - a[l + 1] > 0  =>  da > 0
# %% mistake
# dW is built from the layer's output. A weight multiplies the layer's input a_{l−1}, so that is what stands in its
# gradient. The shape tells: dW must be (fan_in, fan_out). If your list of activations lacks x, its indices are off by
# one: begin it with x.
# - dW = a[l].T @ dz  =>  dW = a[l + 1].T @ dz
def gradient_norms(x, weights, activation, dout):
    a, norms, da = [], [], dout
    for W in weights:
        a.append(g((a[-1] if a else x) @ W, activation))
    for l in reversed(range(len(weights))):
        dz = da * {"sigmoid": a[l] * (1 - a[l]), "tanh": 1 - a[l] ** 2, "relu": a[l] > 0}[activation]
        norms.append(np.linalg.norm(a[l - 1].T @ dz))
        da = dz @ weights[l].T
    return norms[::-1]
# %% mistakes of="the list is filled from the front"
# This takes z where a belongs. The slopes are written in a = g(z), a(1 − a) and not z(1 − z), and dW is made of the
# activation that comes in.
# - b = a[l + 1]  =>  b = z[l]
# - a[l].T @ dz  =>  (z[l - 1] if l else x).T @ dz
# - a[l].T @ dz  =>  z[l].T @ dz
# g is applied twice before the slope is taken: a is g(z) already, so the slopes are a(1 − a) and 1 − a², with no
# further g.
# - b = a[l + 1]  =>  b = g(a[l + 1], activation)
# The slope is taken at another layer's output. It belongs to the layer's own: with a = [x, …] that is a[l + 1].
# - b = a[l + 1]  =>  b = a[l]
# - b = a[l + 1]  =>  b = a[min(l + 2, len(weights))]

# %% exercise="q_flat_line"
# %% mistakes
# tanh's slope is 1 − a², never above 1. Near 0 it is close to 1: it neither adds loss nor makes up for any. Look at the
# three lines of the backward pass: what else enters ∂L/∂W?
# - q_flat_line = "c"  =>  q_flat_line = "a"
# Every layer from 2 to 20 has the same 10,000 weights. The sum is equally long for all, so it cannot hide a difference
# between them. Look at what ∂L/∂W is a product of.
# - q_flat_line = "c"  =>  q_flat_line = "b"
# At s = 0.5 almost nothing is saturated: you measured it in section 1. And the halving goes on in every layer, whatever
# is saturated. Look at what ∂L/∂W is a product of.
# - q_flat_line = "c"  =>  q_flat_line = "d"

# %% exercise="movement"
# %% right="all medians at once"
def movement(z_3):
    medians = np.median(z_3, axis=1)
    return abs(medians[-1] - medians[0]).mean()
# %% right="neuron by neuron, the median by hand"
def movement(z_3):
    ways = []
    for u in range(z_3.shape[2]):
        medians = []
        for t in (0, len(z_3) - 1):
            ordered = sorted(z_3[t, :, u])
            n = len(ordered)
            medians.append((ordered[n // 2] + ordered[(n - 1) // 2]) / 2)
        ways.append(max(medians) - min(medians))
    return sum(ways) / len(ways)
# %% right="percentiles, the mean as a norm over a number"
def movement(z_3):
    first, last = (np.percentile(record, 50, axis=0) for record in (z_3[0], z_3[-1]))
    return float(np.linalg.norm(last - first, 1) / z_3.shape[-1])
# %% right="torch's quantile"
import torch

def movement(z_3):
    records = torch.tensor(z_3[[0, -1]], dtype=torch.float64)
    first, last = torch.quantile(records, 0.5, dim=1)
    return torch.mean(torch.abs(last - first)).item()
# %% mistakes
# These are the means, or the stds. The middle of each neuron is its median over the images: np.median(…, axis=0).
# - np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)  =>  z_3[0].std(axis=0), z_3[-1].std(axis=0)
# - np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)  =>  z_3[0].mean(axis=0), z_3[-1].mean(axis=0)
# - np.median(z_3[0], axis=0)  =>  z_3[0].mean(axis=0)
# The medians are taken over the neurons. A neuron is a column: its median runs over the images, axis 0 of a record.
# - np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)  =>  np.median(z_3[0], axis=1), np.median(z_3[-1], axis=1)
# One median is taken of a whole record. Each neuron has its own: take it over the images, with axis=0.
# - np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)  =>  np.median(z_3[0]), np.median(z_3[-1])
# No abs, or one outside the mean: neurons that went up and down cancel. Take abs of each difference, then the mean.
# - np.mean(np.abs(last - first))  =>  np.mean(last - first)
# This takes the images' own differences first. The medians are to be compared: take them first, then the difference.
# - return np.mean(np.abs(last - first))  =>  return np.mean(np.abs(np.median(z_3[-1] - z_3[0], axis=0)))
# - return np.mean(np.abs(last - first))  =>  return np.mean(np.abs(z_3[-1] - z_3[0]))
# - return np.mean(np.abs(last - first))  =>  return np.mean(np.median(np.abs(z_3[-1] - z_3[0]), axis=0))
# The absolute values are taken too early (or + stands for −): −2 and 2 would count as the same place.
# - np.abs(last - first)  =>  np.abs(np.abs(last) - np.abs(first))
# - np.abs(last - first)  =>  np.abs(last + first)
# - np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)
# + np.median(abs(z_3[0]), axis=0), np.median(abs(z_3[-1]), axis=0)
# This takes another record: the second, the last but one, or all. First and last are z_3[0] and z_3[-1].
# - np.median(z_3[-1], axis=0)  =>  np.median(z_3[1], axis=0)
# - np.median(z_3[0], axis=0)  =>  np.median(z_3[1], axis=0)
# - np.median(z_3[-1], axis=0)  =>  np.median(z_3[-2], axis=0)
# - np.median(z_3[0], axis=0)  =>  np.median(z_3[-2], axis=0)
# - np.median(z_3[-1], axis=0)  =>  np.median(z_3, axis=(0, 1))
# The records between count here: the path, its mean step, the range or the farthest. Take the last and the first.
# - return np.mean(np.abs(last - first))  =>  return np.abs(np.median(z_3, axis=1) - first).max(axis=0).mean()
# - return np.mean(np.abs(last - first))
# + return np.mean(np.sum(np.abs(np.diff(np.median(z_3, axis=1), axis=0)), axis=0))
# - return np.mean(np.abs(last - first))
# + return np.mean(np.abs(np.diff(np.median(z_3, axis=1), axis=0)))
# - return np.mean(np.abs(last - first))  =>  return np.mean(np.ptp(np.median(z_3, axis=1), axis=0))
# - return np.mean(np.abs(last - first))  =>  return np.mean(np.abs(np.median(z_3, axis=1) - first))
# These are one number for each neuron, or for one alone. Asked is one number: the mean over all neurons.
# - np.mean(np.abs(last - first))  =>  np.abs(last - first)
# - np.mean(np.abs(last - first))  =>  np.abs(last - first)[0]
# This adds up the neurons' distances, or divides by another number than theirs. Asked is the mean over the neurons.
# - np.mean(np.abs(last - first))  =>  np.sum(np.abs(last - first))
# - np.mean(np.abs(last - first))  =>  np.sum(np.abs(last - first)) / z_3.shape[1]
# - np.mean(np.abs(last - first))  =>  np.sum(np.abs(last - first)) / len(z_3)
# - np.mean(np.abs(last - first))  =>  np.sum(np.abs(last - first)) / 100
# - np.mean(np.abs(last - first))  =>  np.mean(np.abs(last - first)) / len(z_3)
# There are squares in this. Asked is the mean of the absolute differences: no squares, no root, no std.
# - np.mean(np.abs(last - first))  =>  np.mean((last - first) ** 2)
# - np.mean(np.abs(last - first))  =>  np.sqrt(np.mean((last - first) ** 2))
# - np.mean(np.abs(last - first))  =>  np.linalg.norm(last - first)
# - np.mean(np.abs(last - first))  =>  np.std(last - first)
# This takes the median or the largest of the neurons' distances. Asked is their mean.
# - np.mean(np.abs(last - first))  =>  np.median(np.abs(last - first))
# - np.mean(np.abs(last - first))  =>  np.max(np.abs(last - first))
# Records and images are mixed up: z_3[0] is the first record, z_3[:, 0] is the first image.
# - np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)
# + np.median(z_3[:, 0], axis=0), np.median(z_3[:, -1], axis=0)
# - np.abs(last - first)  =>  np.abs(np.median(z_3, axis=1)[:, -1] - np.median(z_3, axis=1)[:, 0])
# - np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)
# + np.median(z_3, axis=0)[0], np.median(z_3, axis=0)[-1]
# The distance is divided by where it began, or by a std. It is asked for as it is, not as a share.
# - np.mean(np.abs(last - first))  =>  np.mean(np.abs(last - first) / z_3[0].std(axis=0))
# - np.mean(np.abs(last - first))  =>  np.mean(np.abs(last - first) / np.abs(first))
# These are activations g(z). z_3 is the input of the activation function; its medians are asked for as it is.
# - np.mean(np.abs(last - first))  =>  np.mean(np.abs(g(last, "sigmoid") - g(first, "sigmoid")))
# The number is rounded. Return it as it is, and round when you print.
# - np.mean(np.abs(last - first))  =>  round(np.mean(np.abs(last - first)), 2)
# This is another percentile: np.percentile counts to 100, so the median is 50, and 0.5 only for np.quantile.
# - np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)  =>  (np.percentile(z_3[t], 0.5, axis=0) for t in (0, -1))
# With an even number of images there are two in the middle, and the median is their mean. This takes one of them, as
# torch.median does, or sorts nothing; np.median is right.
# - np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)
# + np.sort(z_3[0], axis=0)[z_3.shape[1] // 2], np.sort(z_3[-1], axis=0)[z_3.shape[1] // 2]
# - np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)
# + np.sort(z_3[0], axis=0)[(z_3.shape[1] - 1) // 2], np.sort(z_3[-1], axis=0)[(z_3.shape[1] - 1) // 2]
# - np.median(z_3[0], axis=0), np.median(z_3[-1], axis=0)  =>  z_3[0][z_3.shape[1] // 2], z_3[-1][z_3.shape[1] // 2]

# %% exercise="q_which_shift"
# %% mistakes
# With the weights fixed no parameter changes, so by the definition there is no internal shift. What you describe is the
# noise of small batches; units 05 and 06 come to it.
# - q_which_shift = "d"  =>  q_which_shift = "a"
# Two layers may differ at one instant, and stay so for ever. The definition speaks of one layer's distribution at
# different times, changed by updates of the parameters.
# - q_which_shift = "d"  =>  q_which_shift = "b"
# Here the data move and the parameters stay: that is unit 01's covariate shift, which comes from outside and shows
# inside. The definition asks for a change due to the parameters.
# - q_which_shift = "d"  =>  q_which_shift = "c"

# %% exercise="percentile_track"
# %% right="step by step, stacked"
def percentile_track(history, q=(15, 50, 85)):
    return np.array([np.percentile(z, q) for z in history])
# %% right="column by column, np.quantile"
def percentile_track(history, q=(15, 50, 85)):
    columns = [np.quantile(np.asarray(history), p / 100, axis=-1) for p in q]
    return np.column_stack(columns)
# %% right="sorted, interpolated by hand"
def percentile_track(history, q=(15, 50, 85)):
    track = np.zeros((len(history), len(q)))
    for t, z in enumerate(history):
        ordered = sorted(z)
        for k, p in enumerate(q):
            place = p / 100 * (len(ordered) - 1)
            low = int(place)
            high = min(low + 1, len(ordered) - 1)
            track[t, k] = ordered[low] + (place - low) * (ordered[high] - ordered[low])
    return track
# %% right="torch's quantile"
import torch

def percentile_track(history, q=(15, 50, 85)):
    levels = torch.tensor(q, dtype=torch.float64) / 100
    return torch.quantile(torch.tensor(np.array(history), dtype=torch.float64), levels, dim=1).T.numpy()
# %% right="an array filled row by row"
def percentile_track(history, q=(15, 50, 85)):
    track = np.empty((len(history), len(q)))
    for t in range(len(history)):
        for k in range(len(q)):
            track[t, k] = np.percentile(history[t], q[k])
    return track
# %% mistakes
# These are percentiles over time, for each image. Each row of history is one step: take them along the images, axis 1.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=0).T
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=0)
# - return np.percentile(history, q, axis=1).T
# + return np.array([np.percentile(np.array(history)[:, t], q) for t in range(len(history))])
# The table lies on its side. NumPy puts the percentiles first; here a row is a step: transpose.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1)
# reshape does not turn a table round: it refills the numbers row by row. Transpose, with .T.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).reshape(-1, len(q))
# The numbers are in one long row. Return a table; np.array or np.stack puts rows on top of each other.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).T.ravel()
# These are percentiles counted from above, or in reverse order. The 15th has 15% of the values below it.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, 100 - np.array(q), axis=1).T
# These are the percentiles of all steps thrown together. Without an axis NumPy flattens the history, and time is gone.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q)
# - np.percentile(history, q, axis=1).T  =>  np.tile(np.percentile(history, q), (len(history), 1))
# np.percentile wants percent, 0 to 100, and so is q given. With fractions you get the 0.15th percentile, and so on.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, np.array(q) / 100, axis=1).T
# np.quantile wants fractions from 0 to 1, but q is in percent. Use np.percentile, or divide by 100.
# - np.percentile(history, q, axis=1).T  =>  np.quantile(history, q, axis=1).T
# These lie 15%, … of the way from the lowest to the highest value. The 15th percentile has 15% of the values below it.
# - return np.percentile(history, q, axis=1).T
# + return np.array([[np.min(h) + p / 100 * np.ptp(h) for p in q] for h in history])
# There is a mean (or mean ± std) in this. A neuron's input need not be normal: take percentiles, all of them.
# - return np.percentile(history, q, axis=1).T
# + mean, std = np.mean(history, axis=1), np.std(history, axis=1)
# +     return np.stack([mean - std, mean, mean + std], axis=1)
# - return np.percentile(history, q, axis=1).T
# + return np.array([[np.percentile(h, q[0]), np.mean(h), np.percentile(h, q[-1])] for h in history])
# This picks one of the sorted values, or has another rule. np.percentile's default is linear between neighbours.
# - return np.percentile(history, q, axis=1).T
# + ordered = np.sort(history, axis=1)
# +     return ordered[:, [int(p / 100 * ordered.shape[1]) for p in q]]
# - return np.percentile(history, q, axis=1).T
# + ordered = np.sort(history, axis=1)
# +     return ordered[:, [round(p / 100 * (ordered.shape[1] - 1)) for p in q]]
# - return np.percentile(history, q, axis=1).T
# + ordered = np.sort(history, axis=1)
# +     return ordered[:, [int(np.ceil(p / 100 * ordered.shape[1])) - 1 for p in q]]
# - axis=1).T  =>  axis=1, method="lower").T
# - axis=1).T  =>  axis=1, method="higher").T
# q holds percentages, not positions: q[0] = 15 is no index. np.percentile finds the place.
# - np.percentile(history, q, axis=1).T  =>  np.sort(history, axis=1)[:, list(q)]
# q is ignored: 15, 50 and 85 are its default, not a constant. Use what the caller asks for, in the caller's order.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, (15, 50, 85), axis=1).T
# q may hold any number of percentiles, not just three. Count them with len(q), or give q to np.percentile as it is.
# - return np.percentile(history, q, axis=1).T
# + return np.array([[np.percentile(h, q[0]), np.percentile(h, q[1]), np.percentile(h, q[2])] for h in history])
# These are other percentiles: the quartiles, or lowest, middle and highest value. Take those in q.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, (25, 50, 75), axis=1).T
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, (0, 50, 100), axis=1).T
# The columns are sorted. They should follow the order of q, whatever it is.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, sorted(q), axis=1).T
# history may be a list of arrays, which has no .shape, no .T and no index [:, …]. Give it to np.percentile as it is, or
# make an array of it first: np.array(history).
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history.T, q, axis=0).T
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).T[: history.shape[0]]
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history[:, :], q, axis=1).T
# Some steps are missing: each of the T steps has its row, the first and the last too. Is a return inside a loop?
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history[-1], q)
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).T[:1]
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).T[1:]
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).T[:-1]
# The last step comes first. Keep the order of the steps.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).T[::-1]
# The numbers are rounded, or stored in an array of integers. Return them as they are, and round when you print.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).T.round(2)
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).T.astype(int)
# The history (or the result) is changed: abs, sigmoid, minus a median or the first row. Take it as it is.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).T - np.percentile(history[0], q)
# - np.percentile(history, q, axis=1).T  =>  g(np.percentile(history, q, axis=1).T, "sigmoid")
# - np.percentile(history, q, axis=1).T  =>  np.percentile(g(np.array(history), "sigmoid"), q, axis=1).T
# - np.percentile(history, q, axis=1).T  =>  np.percentile(np.abs(history), q, axis=1).T
# - np.percentile(history, q, axis=1).T
# + (np.percentile(history, q, axis=1) - np.median(history, axis=1)).T
# This is a list or a tuple with one entry for each percentile. Return one array, with a row for each step.
# - return np.percentile(history, q, axis=1).T  =>  return [np.percentile(history, p, axis=1) for p in q]
# - return np.percentile(history, q, axis=1).T  =>  return tuple(np.percentile(history, p, axis=1) for p in q)
# This is a list of rows. Return one array of shape (T, len(q)), so that columns can be taken: np.array of the list.
# - return np.percentile(history, q, axis=1).T  =>  return [np.percentile(h, q) for h in history]
# - return np.percentile(history, q, axis=1).T  =>  return np.percentile(history, q, axis=1).T.tolist()
# %% mistakes hidden=true
# With one percentile (or one step) the array still has two axes, (T, 1). squeeze() takes one away.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).T.squeeze()
