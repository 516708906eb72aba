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
# %% right="curves of its own, borders in z, a list in a list"
def layer_stats(x, weights, activation):
    curves = {
        "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: abs(z) > np.log(19)),
        "tanh": (np.tanh, lambda z: abs(z) > np.arctanh(0.9)),
        "relu": (lambda z: np.where(z > 0, z, 0), lambda z: z <= 0),
    }
    curve, is_flat = curves[activation]
    stats = []
    for W in weights:
        z = np.einsum("nd,dk->nk", x, W)
        x = curve(z)
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
# %% mistakes
# This looks at layers without any g: each layer passes on a @ W as it is. Bend it first, a = g(a @ W, activation); the
# next layer receives that.
# - a = g(a @ W, activation)  =>  a = a @ W
# Every layer is given the images themselves. Layer 2 receives layer 1's activations: keep them in a, and use a, not x,
# in the loop.
# - a = g(a @ W, activation)  =>  a = g(x @ W, activation)
# Each layer has one mean, one std and one fraction, over all images and all units together. With an axis you get one
# for each unit.
# - (a.mean(), a.std(), saturated.mean())  =>  (a.mean(axis=0), a.std(axis=0), saturated.mean(axis=0))
# This std is the mean of the units' own standard deviations. Here one std is asked, of all the layer's numbers at once:
# units with different means count as spread, too.
# - a.std()  =>  a.std(axis=0).mean()
# The second number is the variance. The standard deviation is its square root.
# - a.std()  =>  a.var()
# This std divides by n − 1. The docstring asks for the biased one, which divides by n: a.std() as it is.
# - a.std()  =>  a.std(ddof=1)
# Only the upper end is counted. A sigmoid is just as flat near 0, and tanh near −1.
# - (a < 0.05) | (a > 0.95)  =>  a > 0.95
# & np.abs(a) > 0.9  =>  a > 0.9
# Only the lower end is counted. A sigmoid is just as flat near 1, and tanh near 1.
# - (a < 0.05) | (a > 0.95)  =>  a < 0.05
# & np.abs(a) > 0.9  =>  a < -0.9
# This is the share that is not saturated. Turn the conditions round, or take one minus it.
# - saturated.mean()  =>  1 - saturated.mean()
# The third number is a count, not a fraction. Divide by the number of activations: the mean of the boolean array does
# it.
# - saturated.mean()  =>  saturated.sum()
# The count is divided by the number of images only: len(a) counts rows. Divide by all N × fan_out activations; the mean
# of the boolean array does it.
# - saturated.mean()  =>  saturated.sum() / len(a)
# The third number is a percentage. A fraction lies between 0 and 1.
# - saturated.mean()  =>  100 * saturated.mean()
# The sigmoid's rule is used for tanh. tanh runs from −1 to 1: its flat ends are where |a| > 0.9, and 0, where the
# sigmoid is flat, is where tanh is steepest.
# - np.abs(a) > 0.9  =>  (a < 0.05) | (a > 0.95)
# The sigmoid's rule is used for ReLU. ReLU is flat only where it is switched off, a == 0. Large or small positive
# values have slope 1.
# - saturated = a == 0  =>  saturated = (a < 0.05) | (a > 0.95)
# tanh's rule is used for ReLU. ReLU never flattens at large values; it is flat only where a == 0.
# - saturated = a == 0  =>  saturated = np.abs(a) > 0.9
# ReLU is counted as never saturated. It is flat for all z ≤ 0, and there a is exactly 0.
# - saturated = a == 0  =>  saturated = a < 0
# Only the last layer came back. Append a tuple in every turn of the loop, and return the list after it.
# - return stats  =>  return stats[-1]
# The return stands inside the loop, so the function leaves after the first layer. Move it out.
# - stats.append((a.mean(), a.std(), saturated.mean()))  =>  return [(a.mean(), a.std(), saturated.mean())]
# Images are rows, so a layer is a @ W: (N, fan_in) times (fan_in, fan_out).
# - a = g(a @ W, activation)  =>  a = g(W @ a, activation)
# The matrix is transposed. W has shape (fan_in, fan_out) already: a @ W.
# - a = g(a @ W, activation)  =>  a = g(a @ W.T, activation)
# Every layer uses one fixed curve, whatever activation says. Pass it on: g(…, activation).
# - a = g(a @ W, activation)  =>  a = g(a @ W, "sigmoid")
# - a = g(a @ W, activation)  =>  a = g(a @ W, "tanh")
# activation is a word, not a function. Give it to g: g(z, activation).
# - a = g(a @ W, activation)  =>  a = activation(a @ W)
# The order is mean, std, fraction. Here the fraction stands before the std.
# - (a.mean(), a.std(), saturated.mean())  =>  (a.mean(), saturated.mean(), a.std())
# Mean and standard deviation are exchanged: the mean comes first.
# - (a.mean(), a.std(), saturated.mean())  =>  (a.std(), a.mean(), saturated.mean())
# No activation of a sigmoid net is counted as saturated. With & the condition is never true, since nothing is at both
# ends at once: it is one end or (|) the other. If you have no &, is your branch for 'sigmoid' reached? Look at its
# spelling.
# - (a < 0.05) | (a > 0.95)  =>  (a < 0.05) & (a > 0.95)
# Without parentheses | binds before < and >, so Python tries 0.05 | a. Write (…) | (…).
# - (a < 0.05) | (a > 0.95)  =>  a < 0.05 | a > 0.95
# `or`, `and` and `if` ask whether a whole array is true, and NumPy refuses. Element by element, `or` is |, with
# parentheses: (…) | (…).
# - saturated = (a < 0.05) | (a > 0.95)  =>  saturated = (a < 0.05) or (a > 0.95)
# & saturated = np.abs(a) > 0.9  =>  saturated = (a < -0.9) or (a > 0.9)
# For tanh the border is 0.9, not 0.95: its range is 2 wide, and 5% of that is 0.1.
# - np.abs(a) > 0.9  =>  np.abs(a) > 0.95
# These are three lists, one for each statistic. Asked is one list with a tuple (mean, std, fraction) for each layer.
# - return stats  =>  return [list(column) for column in zip(*stats)]
# %% mistakes of="the condition from a dict"
# These are the statistics of z. Saturation and standard deviation are asked of the activations a = g(z): that is what
# the next layer receives.
# - stats.append((a.mean(), a.std(), flat.mean()))  =>  stats.append((z.mean(), z.std(), flat.mean()))
# Mean and std are right, but the share is taken of z, as if its range ended at 0 and 1 (or ±1). Whether an activation
# is saturated is seen in a = g(z).
# - (a < 0.05) | (a > 0.95), "tanh": abs(a)  =>  (z < 0.05) | (z > 0.95), "tanh": abs(z)
# g is used for the statistics only: the next layer is given z. It receives the activations, a = g(z).
# - stats, a = [], x  =>  stats, z = [], x
# & z = a @ W  =>  z = z @ W
# The list begins with the input. It should hold one tuple for each matrix: append after the layer, not before.
# - in weights  =>  in [None, *weights]
# & z = a @ W  =>  z = a if W is None else a @ W
# & a = g(z, activation)  =>  a = a if W is None else g(z, activation)
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
# This keeps the signal forward and forgets the gradient: Xavier puts the average of fan_in and fan_out where you have
# fan_in.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(1 / fan_in)
# This is 1 over the sum. The average of fan_in and fan_out is half their sum, so a 2 comes on top.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(1 / (fan_in + fan_out))
# Only the backward condition is met here: Xavier puts the average of fan_in and fan_out where you have fan_out.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(1 / fan_out)
# This averages the results for fan_in and for fan_out. Xavier averages the two numbers fan_in and fan_out themselves,
# then solves for the variance.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt((1 / fan_in + 1 / fan_out) / 2)
# - np.sqrt(2 / (fan_in + fan_out))  =>  (np.sqrt(1 / fan_in) + np.sqrt(1 / fan_out)) / 2
# // divides and drops the fraction. Divide with /.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(1 / ((fan_in + fan_out) // 2))
# - np.sqrt(2 / fan_in)  =>  np.sqrt(2 // fan_in)
# This is the limit of a uniform distribution, √6/√(fan_in + fan_out). Uniform on ±limit has standard deviation
# limit/√3; a normal is asked for here.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(6 / (fan_in + fan_out))
# He comes out without its 2. ReLU throws half of E[a²] away, so the variance of the weights has to be doubled.
# - np.sqrt(2 / fan_in)  =>  np.sqrt(1 / fan_in)
# The 2 is on the wrong side: this halves the variance of the weights. ReLU has already halved the signal; the weights
# must make up for it.
# - np.sqrt(2 / fan_in)  =>  np.sqrt(1 / (2 * fan_in))
# He uses fan_out here. A unit's z is a sum over its inputs, so it is fan_in that sets the size of z.
# - np.sqrt(2 / fan_in)  =>  np.sqrt(2 / fan_out)
# Only a part stands under the root. Take the root of the whole variance.
# - np.sqrt(2 / (fan_in + fan_out))  =>  2 / np.sqrt(fan_in + fan_out)
# - np.sqrt(2 / fan_in)  =>  np.sqrt(2) / fan_in
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(2) / (fan_in + fan_out)
# & np.sqrt(2 / fan_in)  =>  2 / np.sqrt(fan_in)
# This is the limit of He's uniform distribution, √(6/fan_in). Its standard deviation is √3 times smaller; a normal is
# asked for here.
# - np.sqrt(2 / fan_in)  =>  np.sqrt(6 / fan_in)
# Python divides first, then adds: 2 / fan_in + fan_out. Put the sum in parentheses.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt(2 / fan_in + fan_out)
# This is upside down: the more inputs a unit has, the smaller its weights must be.
# - np.sqrt(2 / (fan_in + fan_out))  =>  np.sqrt((fan_in + fan_out) / 2)
# & np.sqrt(2 / fan_in)  =>  np.sqrt(fan_in / 2)
# %% mistake
# The two formulas are mixed up: Xavier's has both fans, fan_in + fan_out; He's has fan_in alone.
# - np.sqrt(2 / fan_in)  =>  np.sqrt(2 / (fan_in + fan_out))
def init_std(fan_in, fan_out, kind):
    if kind not in ("xavier", "he"):
        raise ValueError(kind)
    return np.sqrt(2 / (fan_in + fan_out)) if kind == "he" else np.sqrt(2 / fan_in)
# %% mistake
# An unknown kind gets an answer instead of an error. A silent default hides a typing mistake for weeks: raise
# ValueError.
def init_std(fan_in, fan_out, kind):
    return np.sqrt(2 / (fan_in + fan_out)) if kind == "xavier" else np.sqrt(2 / fan_in)
# %% mistake
# An unknown kind raises KeyError here. The docstring promises ValueError, so that callers can rely on it.
def init_std(fan_in, fan_out, kind):
    return {"xavier": np.sqrt(2 / (fan_in + fan_out)), "he": np.sqrt(2 / fan_in)}[kind]
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
# %% mistakes
# A slope is missing: dz is da times g′(z), element by element, at every layer, the last one too. Without it the curve
# is treated as a straight line. For ReLU the slope is a switch: 1 where a > 0 (not ≥, since a is never below 0),
# else 0.
# - dz = da * slope  =>  dz = da
# - dz = da * slope  =>  dz = da * slope if l < len(weights) - 1 else da
# - a[l + 1] > 0  =>  np.ones_like(a[l + 1])
# da is multiplied by a itself instead of by the slope at a: a(1 − a), 1 − a², or 1 where a > 0.
# - dz = da * slope  =>  dz = da * a[l + 1]
# - "relu": a[l + 1] > 0  =>  "relu": a[l + 1]
# These are the norms of ∂L/∂z. The weights get aᵀ ∂L/∂z, with a the layer's input: the size of what comes in counts,
# too.
# - norms.append(np.linalg.norm(dW))  =>  norms.append(np.linalg.norm(dz))
# These are the norms of ∂L/∂a. Asked is the gradient of the weights, aᵀ ∂L/∂z.
# - norms.append(np.linalg.norm(dW))  =>  norms.append(np.linalg.norm(da))
# Two matrices with N rows each stand on the two sides of @. If one is the slope, multiply element by element, with * (⊙
# in the formula). If this is dW, transpose the input first: a.T @ dz.
# - dz = da * slope  =>  dz = da @ slope
# - dW = a[l].T @ dz  =>  dW = a[l] @ dz
# This multiplies images with images, an N × N matrix. dW sums over the images and has the shape of W: the transposed
# input comes first, a.T @ dz.
# - dW = a[l].T @ dz  =>  dW = dz @ a[l].T
# Every dW is built from the images. Only layer 1's input is x; a later layer's input is the activation of the layer
# before it.
# - dW = a[l].T @ dz  =>  dW = x.T @ dz
# The norm is squared: take the root of the sum of squares.
# - np.linalg.norm(dW)  =>  np.sum(dW**2)
# This is the root of the mean of the squares. The Frobenius norm takes their sum.
# - np.linalg.norm(dW)  =>  np.sqrt(np.mean(dW**2))
# This is the largest singular value. np.linalg.norm(dW, 2) means the spectral norm for a matrix; the Frobenius norm is
# np.linalg.norm(dW).
# - np.linalg.norm(dW)  =>  np.linalg.norm(dW, 2)
# This adds up absolute values. The Frobenius norm is the root of the sum of the squares.
# - np.linalg.norm(dW)  =>  np.abs(dW).sum()
# These are the gradients themselves, one matrix for each layer. Asked is one number for each: the Frobenius norm.
# - norms.append(np.linalg.norm(dW))  =>  norms.append(dW)
# The gradient is divided by N. A loss that is a mean over images brings its 1/N in dout already; the matrix product
# sums over the images, and that is right.
# - dW = a[l].T @ dz  =>  dW = a[l].T @ dz / len(x)
# dout is changed: `da *= …` writes into the array that the caller passed. Write da = da * …, which makes a new one.
# - dz = da * slope  =>  da *= slope
# & dW = a[l].T @ dz  =>  dz, dW = da, a[l].T @ da
# The order is turned round: you met the last layer first. Reverse the list at the end, so that the first layer comes
# first.
# - return norms[::-1]  =>  return norms
# The function gives None. If it has a return, look at .reverse(): it turns a list round in place and itself gives None.
# norms[::-1] is a new, reversed list.
# - return norms[::-1]  =>  return norms.reverse()
# This goes from the first layer to the last. dout is known at the last one: start there and go back.
# - reversed(range(len(weights)))  =>  range(len(weights))
# & return norms[::-1]  =>  return norms
# Every layer is given dout. Only the last one is: the layer before it gets ∂L/∂a = ∂L/∂z Wᵀ.
# - da = dz @ weights[l].T  =>  pass
# W is not transposed on the way back. Forward W takes fan_in to fan_out; backward Wᵀ takes fan_out to fan_in: dz @ W.T.
# - da = dz @ weights[l].T  =>  da = dz @ weights[l]
# The gradient goes back through the wrong matrix. Layer l's gradient returns through its own W, the one that it came
# through.
# - da = dz @ weights[l].T  =>  da = dz @ weights[l - 1].T
# The gradient goes back through the last matrix each time. Has W kept its value from the forward loop? Each layer has
# its own, weights[l].
# - da = dz @ weights[l].T  =>  da = dz @ W.T
# The slope is left out on the way back: you pass da through W, where dz belongs. The chain rule has both factors at
# every layer, g′ and W.
# - da = dz @ weights[l].T  =>  da = da @ weights[l].T
# The sigmoid's slope is used for every curve. Choose it by activation: a(1 − a), 1 − a², or 1 where a > 0.
# - slope = {"sigmoid": a[l + 1] * (1 - a[l + 1]), "tanh": 1 - a[l + 1] ** 2, "relu": a[l + 1] > 0}[activation]
# + slope = a[l + 1] * (1 - a[l + 1])
# tanh's slope is 1 − a², with a square.
# - 1 - a[l + 1] ** 2  =>  1 - a[l + 1]
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
# This takes the slope formulas at z. They are written in a = g(z): for the sigmoid a(1 − a), not z(1 − z).
# - b = a[l + 1]  =>  b = z[l]
# g is applied twice before the slope is taken: a is g(z) already, so the sigmoid's slope is a(1 − a), with no further
# g.
# - b = a[l + 1]  =>  b = g(a[l + 1], activation)
# The slope is taken one layer too early, at the layer's input. It belongs to the layer's output: with a = [x, …] that
# is a[l + 1].
# - b = a[l + 1]  =>  b = a[l]

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
# %% mistakes
# These are percentiles over time, for each image. Each row of history is one step: take them along the images, axis 1.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=0).T
# The table lies on its side. NumPy puts the percentiles first; here a row is a step: transpose.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1)
# reshape does not turn a table round: it refills the numbers row by row. Transpose, with .T.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q, axis=1).reshape(-1, len(q))
# These are percentiles counted from above. The 15th percentile has 15% of the values below it.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, 100 - np.array(q), axis=1).T
# These are the percentiles of all steps thrown together. Without an axis NumPy flattens the history, and time is gone.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, q)
# np.percentile wants percent, 0 to 100, and so is q given. With fractions you get the 0.15th, 0.5th and 0.85th
# percentile, close to the minimum.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, np.array(q) / 100, axis=1).T
# np.quantile wants fractions from 0 to 1, but q is in percent. Use np.percentile, or divide by 100.
# - np.percentile(history, q, axis=1).T  =>  np.quantile(history, q, axis=1).T
# These are mean ± std. For a normal distribution they lie near the 16th and 84th percentile, but a unit's input need
# not be normal. Take percentiles.
# - return np.percentile(history, q, axis=1).T
# + mean, std = np.mean(history, axis=1), np.std(history, axis=1)
# +     return np.stack([mean - std, mean, mean + std], axis=1)
# This picks one of the sorted values. NumPy's default interpolates between two neighbours; np.percentile does it for
# you.
# - return np.percentile(history, q, axis=1).T
# + ordered = np.sort(history, axis=1)
# +     return ordered[:, [int(p / 100 * ordered.shape[1]) for p in q]]
# - return np.percentile(history, q, axis=1).T
# + ordered = np.sort(history, axis=1)
# +     return ordered[:, [round(p / 100 * (ordered.shape[1] - 1)) for p in q]]
# q is ignored: 15, 50 and 85 are its default, not a constant. Use what the caller asks for, in the caller's order.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, (15, 50, 85), axis=1).T
# The columns are sorted. They should follow the order of q, whatever it is.
# - np.percentile(history, q, axis=1).T  =>  np.percentile(history, sorted(q), axis=1).T
# These are percentiles of the sigmoid of the history. The history holds z, the input of the curve; its percentiles are
# asked for as it is.
# - np.percentile(history, q, axis=1).T  =>  g(np.percentile(history, q, axis=1).T, "sigmoid")
# This is a list with one entry for each percentile. Return one array, with a row for each step.
# - return np.percentile(history, q, axis=1).T  =>  return [np.percentile(history, p, axis=1) for p in q]
# This is a list of rows. Return one array of shape (T, len(q)), so that columns can be taken: np.array of the list.
# - return np.percentile(history, q, axis=1).T  =>  return [np.percentile(h, q) for h in history]
