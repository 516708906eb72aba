# %% exercise="batch_statistics"
# %% right="sums divided by N"
def batch_statistics(x):
    N = len(x)
    mean = np.sum(x, axis=0) / N
    centred = x - mean
    return mean, np.einsum("nd,nd->d", centred, centred) / N
# %% right="NumPy's mean and var, a list"
def batch_statistics(x):
    return [np.average(x, axis=0), np.var(x, axis=0)]
# %% right="feature by feature"
def batch_statistics(x):
    N, D = x.shape
    mean, var = np.zeros(D, x.dtype), np.zeros(D, x.dtype)
    for j in range(D):
        mean[j] = sum(x[:, j]) / N
        var[j] = sum((v - mean[j]) ** 2 for v in x[:, j]) / N
    return mean, var
# %% right="matrix products, float64 inside"
from collections import namedtuple

Statistics = namedtuple("Statistics", ["mean", "var"])
def batch_statistics(x):
    weights = np.full(len(x), 1 / len(x))
    mean = weights @ x
    return Statistics(mean, weights @ (x - mean) ** 2)
# %% right="1/N forms, ones @ x, arrays of float64 filled in a loop"
def batch_statistics(x):
    N, D = x.shape
    mean, var = 1.0 / N * (np.ones(N) @ x), np.zeros(D)
    for j in range(D):
        var[j] = np.average((x[:, j] - mean[j]) ** 2, weights=np.full(N, 1.0 / N))
    return mean, var
# %% right="PyTorch's functions"
import torch

def batch_statistics(x):
    t = torch.as_tensor(np.ascontiguousarray(x))
    return t.mean(dim=0).numpy(), t.var(dim=0, unbiased=False).numpy()
# %% right="Welford's one pass"
def batch_statistics(x):
    mean, total = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for n, row in enumerate(x.astype(np.float64), 1):
        step = row - mean
        mean = mean + step / n
        total = total + step * (row - mean)
    return mean.astype(x.dtype), (total / len(x)).astype(x.dtype)
# %% right="one pass, shifted by the first example"
def batch_statistics(x):
    shifted = x - x[0]
    m = shifted.mean(0)
    return x[0] + m, (shifted * shifted).mean(0) - m * m
# %% mistakes
# This is the variance with m − 1 in place of m (NumPy's ddof=1). It would estimate the variance of a population from a
# sample. Algorithm 1 describes these m examples themselves, so it divides by m. (The m − 1 returns in unit 05, for
# inference.)
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=0, ddof=1)
# Divided by m − 1 or m + 1. Line 1 and line 2 divide by m, the number of examples.
# - mean = x.mean(axis=0)  =>  mean = x.sum(axis=0) / (len(x) - 1)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).sum(axis=0) / (len(x) - 1)
# This is the median. Line 1 takes the mean: the sum of all values, divided by m.
# - mean = x.mean(axis=0)  =>  mean = np.median(x, axis=0)
# The root of the variance was taken, and either m − 1 or ε is in it besides. Line 2 asks for the variance: no root, no
# ε, divided by m.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.std(axis=0, ddof=1)
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = np.sqrt(x.var(axis=0) + 1e-5)
# These are the mean and the variance of x_B, the printed batch. Use the x that the function is given.
# - mean = x.mean(axis=0)  =>  x = x_B; mean = x.mean(axis=0)
# & return mean, var  =>  return np.array(mean), np.array(var)
# An example is left out. All rows of x belong to the batch.
# - mean = x.mean(axis=0)  =>  x = x[1:]; mean = x.mean(axis=0)
# - mean = x.mean(axis=0)  =>  x = x[:-1]; mean = x.mean(axis=0)
# A comma or brackets too many put each result into a tuple or a list of its own. Write `mean = …` without a comma at
# the end, and `return mean, var`.
# - return mean, var  =>  return (mean,), (var,)
# - return mean, var  =>  return [mean], [var]
# A feature is left out, or one too many is asked for. There are x.shape[1] of them, numbered from 0.
# - mean = x.mean(axis=0)  =>  x = x[:, :-1]; mean = x.mean(axis=0)
# - mean = x.mean(axis=0)  =>  x = x[:, 1:]; mean = x.mean(axis=0)
# - mean = x.mean(axis=0)  =>  mean = np.array([x[:, j].mean() for j in range(len(x))])
# D is 3, the number of columns of the printed batch (and m is 4, that of its rows). Other batches have other sizes:
# take N and D from x.shape.
# - mean = x.mean(axis=0)  =>  mean = [sum(x[:, j]) / m for j in range(D)]
# & ((x - mean) ** 2).mean(axis=0)  =>  [sum((x[:, j] - mean[j]) ** 2) / m for j in range(D)]
# - return mean, var  =>  return mean[:D], var[:D]
# - return mean, var  =>  out = np.zeros(x.shape[1]); out[:D] = mean[:D]; return out, var
# These are single numbers, of one feature: either a return stands inside the loop over the features, or each pass of
# the loop overwrites what the one before found. Collect one value a feature.
# - return mean, var  =>  return mean[0], var[0]
# - return mean, var  =>  return mean[-1], var[-1]
# A dict came back. Return the two arrays themselves, separated by a comma.
# - return mean, var  =>  return dict(mean=mean, var=var)
# Digits were cut off, by int(), a rounding or a small dtype. Return the numbers as they are.
# - return mean, var  =>  return mean.round(2), var.round(2)
# - return mean, var  =>  return mean.astype(int), var
# - mean = x.mean(axis=0)  =>  mean = x.sum(axis=0) // len(x)
# - mean = x.mean(axis=0)  =>  x = x.astype("f4"); mean = x.mean(axis=0)
# The sum is divided by the number of all elements of x, N·D. One column has N values.
# - mean = x.mean(axis=0)  =>  mean = x.sum(axis=0) / x.size
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).sum(axis=0) / x.size
# The root of the sum of squares (a norm) is no variance. Take no root: the mean of the squared deviations.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = np.linalg.norm(x - mean, axis=0) / len(x)
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = np.linalg.norm(x - mean, axis=0)
# The deviations are not taken from the mean, but from another value: a neighbour, the first example, the mean rounded
# or squared. Line 2 squares x − μ.
# - (x - mean) ** 2  =>  (x - x[0]) ** 2
# - (x - mean) ** 2  =>  (x[1:] - x[:-1]) ** 2
# - (x - mean) ** 2  =>  (x - mean.round()) ** 2
# - (x - mean) ** 2  =>  (x - mean**2) ** 2
# This is another measure of spread, made from the deviations or from the variance: a reciprocal, a square too many, the
# square of a mean. Line 2 is the mean of (x − μ)², as it is.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=0) ** 2
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = 1 / (x.var(axis=0) + 1e-5)
# The mean of the squares and the square of the mean were combined wrongly: the variance is E[x²] − E[x]², in this
# order, with E[x] squared. (The direct form, the mean of (x − μ)², is also more accurate.)
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = (x**2).mean(axis=0) - mean
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = mean**2 - (x**2).mean(axis=0)
# A variance of 0 was replaced. That is its true value for a feature that never changes; ε takes care of it in line 3.
# - return mean, var  =>  var[var == 0] = 1; return mean, var
# These are averages over axis 1 (axis −1 is the last one): over the features of one example, one number per example.
# That mixes features of different scales. Algorithm 1 looks at one feature at a time and averages over the examples, so
# the axis of length N has to go.
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=-1, keepdims=True)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=-1, keepdims=True)
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=1)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=1)
# - mean = x.mean(axis=0)  =>  mean = np.array([x[j].mean() for j in range(x.shape[1])])
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = np.array([x[j].var() for j in range(x.shape[1])])
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).mean(axis=1)
# This is one mean for the whole array. A single number cannot centre features around 5, −20 and 300. Each column needs
# its own: tell mean() which axis to average over.
# - mean = x.mean(axis=0)  =>  mean = x.mean()
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var()
# This is the standard deviation. Line 2 of Algorithm 1 asks for the variance, its square; the root is taken in line 3,
# after ε has been added.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.std(axis=0)
# The two results are in the wrong order: the mean comes first, the variance second.
# - return mean, var  =>  return var, mean
# What came back does not split into two: one array, three, or a pair for each feature. Return two arrays, all the means
# and all the variances, separated by a comma.
# - return mean, var  =>  return list(zip(mean, var))
# - return mean, var  =>  return mean
# - return mean, var  =>  return mean, var, np.sqrt(var)
# Your function returns nothing (None). End it with a return statement that gives the mean and the variance.
# - return mean, var  =>  pass
# The numbers are right, but the results have an axis too many, as keepdims=True or reshape(-1, 1) leaves it. Shape (D,)
# is wanted.
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=0, keepdims=True)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=0, keepdims=True)
# - return mean, var  =>  return mean[:, None], var[:, None]
# This is the sum over the examples. A mean is the sum divided by m, or it would grow with the batch.
# - mean = x.mean(axis=0)  =>  mean = x.sum(axis=0)
# The squared deviations are summed, but not divided by m.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).sum(axis=0)
# This averages x², the squared distance from zero. The variance is the mean squared distance from the mean: subtract it
# before squaring.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = (x**2).mean(axis=0)
# This is the mean absolute deviation. It also measures spread, but Algorithm 1 squares the deviations; it does not take
# their absolute value.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = np.abs(x - mean).mean(axis=0)
# The deviations are averaged without being squared, and deviations from the mean always average to 0. Square them
# first.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = (x - mean).mean(axis=0)
# The sum runs over the right axis, but it is divided by the number of features, D. A mean over the batch divides by the
# number of examples, N.
# - mean = x.mean(axis=0)  =>  mean = x.sum(axis=0) / x.shape[1]
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).sum(axis=0) / x.shape[1]
# The sum is divided by 4, the size m of the printed batch. Batches have any size: x.shape tells which.
# - mean = x.mean(axis=0)  =>  mean = x.sum(axis=0) / 4
# - mean = x.mean(axis=0)  =>  mean = [sum(x[:, j]) / m for j in range(x.shape[1])]
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).sum(axis=0) / 4
# The deviations are taken from one mean of the whole array. Each feature's deviations are taken from its own mean.
# - (x - mean)  =>  (x - x.mean())
# This is the covariance of all features with each other, a (D, D) table. Only each feature's own variance is asked for.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = np.cov(x.T)
# The mean is right, but this is one variance for the whole array. Each column needs its own: tell var() or mean() which
# axis to average over.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var()
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).mean()
# x.mean without parentheses is the method itself, not what it computes. Call it, and say along which axis.
# - mean = x.mean(axis=0)  =>  mean = x.mean
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var
# The shapes do not line up. (N, D) minus (D,) works as it is; a mean over axis 1, (N,), or one made a column, (D, 1),
# does not fit. Average over the examples, so that (D,) is left.
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=0).reshape(-1, 1)
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=1)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).mean(axis=1)
# These are the squared deviations themselves, one for every element. The variance is their average over the examples.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = (x - mean) ** 2
# ε is in the variance already. Line 2 knows no ε; it is added in line 3, under the root.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).mean(axis=0) + 1e-5
# The numbers are right, but they stand in Python lists. NumPy does it without a loop: told which axis to average over,
# x.mean() gives an array of D numbers.
# - return mean, var  =>  return list(mean), list(var)
# Both results are right, but they are the rows of one array. Return two arrays, separated by a comma.
# - return mean, var  =>  return np.array([mean, var])
# x was centred before its mean was taken, and the mean of centred values is 0. Take the mean of x as it came, and leave
# x as it is.
# - mean = x.mean(axis=0)  =>  x = x - x.mean(axis=0)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  mean, var = x.mean(axis=0), x.var(axis=0)
# `x -= …` and its like write into the caller's array. Make a new one: centred = x − mean.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  x -= mean; var = (x**2).mean(axis=0)
# PyTorch calls it `dim`, NumPy calls it `axis`; and NumPy's var takes no `unbiased`, it is the biased one by default.
# - x.mean(axis=0)  =>  x.mean(dim=0)
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=0, unbiased=False)
# x.shape is a pair, (N, D). Divide by its first entry, x.shape[0] or len(x).
# - mean = x.mean(axis=0)  =>  mean = x.sum(axis=0) / x.shape
# %% mistakes otherwise="statistics, mean a million, float32"
# E[x²] − E[x]² is right on paper, but here it subtracts two huge, nearly equal numbers and their digits cancel: with a
# mean of 10⁶ in float32 nothing is left of the variance. Subtract the mean first, then square.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = (x**2).mean(axis=0) - mean**2
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = np.abs((x * x).sum(axis=0) / len(x) - mean * mean)
# %% mistakes otherwise="statistics, mean a billion, float64"
# At a mean of a billion digits are lost: E[x²] − E[x]² cancels in float64 too, and a float32 holds only seven digits.
# Subtract the mean first, then square.
# - mean = x.mean(axis=0)  =>  x = x.astype("f8"); mean = x.mean(axis=0)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = np.maximum((x**2).mean(axis=0) - mean**2, 0)

# %% exercise="normalize"
# %% right="a new array, divided in place"
def normalize(x, mean, var, eps=1e-5):
    x = x - mean
    x /= np.sqrt(var + eps)
    return x
# %% right="a product with the inverse root"
def normalize(x, mean, var, eps=1e-5):
    scale = (var + eps) ** -0.5
    return x * scale - mean * scale
# %% right="feature by feature"
def normalize(x, mean, var, eps=1e-5):
    x_hat = np.empty_like(x)
    for j, (mu, sigma2) in enumerate(zip(mean, var)):
        x_hat[:, j] = [(v - mu) / np.sqrt(sigma2 + eps) for v in x[:, j]]
    return x_hat
# %% right="a diagonal matrix, float64 inside"
def normalize(x, mean, var, eps=1e-5):
    std = np.sqrt(var.astype(float) + eps)
    return (x - mean) @ np.linalg.inv(np.diag(std))
# %% right="PyTorch's functional form"
import torch

def normalize(x, mean, var, eps=1e-5):
    x, mean, var = (torch.as_tensor(np.ascontiguousarray(a)) for a in (x, mean, var))
    return torch.nn.functional.batch_norm(x, mean, var, training=False, eps=eps).numpy()
# %% mistakes
# ε was added to the standard deviation. It stands inside the square root, beside the variance: √(σ² + ε), not √σ² + ε.
# With σ² = 1 and ε = 0.1 that is 1.049 against 1.1.
# - np.sqrt(var + eps)  =>  (np.sqrt(var) + eps)
# ε is missing. The third feature has variance 0, and division by 0 gives infinity or NaN. One such feature is enough to
# turn a whole net to NaN.
# - np.sqrt(var + eps)  =>  np.sqrt(var)
# This divides by the variance (or by the root of its square). Doubling x would then halve the result. Divide by the
# standard deviation, the square root of σ² + ε, so that the units of x cancel.
# - np.sqrt(var + eps)  =>  (var + eps)
# The result is scaled but not centred: its columns still have a mean far from 0. Subtract the mean before dividing.
# - (x - mean)  =>  x
# Python divides before it subtracts: x − mean / √(…) takes a small number from x and scales nothing. Put the difference
# in parentheses.
# - (x - mean)  =>  x - mean
# These are x's own statistics, measured anew. Use the mean and var that were passed in: at inference (unit 05) they
# come from elsewhere, and one example alone has no variance to measure.
# - x_hat = (x - mean) / np.sqrt(var + eps)  =>  x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
# - x_hat = (x - mean) / np.sqrt(var + eps)  =>  x_hat = (x - x.mean()) / np.sqrt(x.var() + eps)
# - x_hat = (x - mean) / np.sqrt(var + eps)
# + x_hat = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + eps)
# - var + eps  =>  ((x - mean) ** 2).mean(axis=0) + eps
# `a ** 1 / 2` is (a ** 1) / 2, half of a: a power comes before a division. Write `** 0.5` or np.sqrt.
# - np.sqrt(var + eps)  =>  (var + eps) ** 1 / 2
# - / np.sqrt(var + eps)  =>  * (var + eps) ** -1 / 2
# γ and β belong to line 4. Line 3 stops at x̂.
# - return x_hat  =>  return 2 * x_hat + 1
# Only a row or a column is computed: the return stands inside the loop, or the line that fills the array outside it.
# - return x_hat  =>  return x_hat[0]
# - return x_hat  =>  out = np.zeros_like(x); out[0] = x_hat[0]; return out
# - return x_hat  =>  out = np.zeros_like(x); out[:, -1] = x_hat[:, -1]; return out
# The numbers stand in Python lists. Return an array: np.array(…) makes one of a list.
# - return x_hat  =>  return x_hat.tolist()
# - return x_hat  =>  return list(x_hat)
# This is another way of scaling: by a norm, by the range, without the sign. Line 3 subtracts the mean that is given and
# divides by √(var + ε).
# - x_hat = (x - mean) / np.sqrt(var + eps)  =>  x_hat = (x - mean) / np.linalg.norm(x - mean, axis=0)
# - x_hat = (x - mean) / np.sqrt(var + eps)  =>  x_hat = 2 * (x - x.min()) / (x.max() - x.min()) - 1
# - (x - mean) / np.sqrt(var + eps)  =>  np.abs(x - mean) / np.sqrt(var + eps)
# - (x - mean) / np.sqrt(var + eps)  =>  (x - mean) ** 2 / (var + eps)
# - (x - mean) / np.sqrt(var + eps)  =>  (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0) + eps)
# One number serves all features here. Each column has its own mean[j] and var[j]: use mean and var as they are.
# - var + eps  =>  var.mean() + eps
# - var + eps  =>  var.sum() + eps
# - (x - mean)  =>  (x - mean.mean())
# - (x - mean) / np.sqrt(var + eps)  =>  (x - mean.mean()) / np.sqrt(var.mean() + eps)
# The x̂ are cut off at a largest value. Line 3 does not do that.
# - return x_hat  =>  return np.clip(x_hat, -3, 3)
# - return x_hat  =>  return np.clip(x_hat, -1, 1)
# Digits were cut off, by int(), a rounding or a small dtype. Return the numbers as they are.
# - return x_hat  =>  return x_hat.astype(int)
# x came back unchanged. Assign the result of the computation to a name, and return that.
# - return x_hat  =>  return x
# Several things came back. Only x_hat is asked for.
# - return x_hat  =>  return x_hat, mean, var
# The result is turned: one row per feature. x_hat has the shape of x, one column per feature.
# - return x_hat  =>  return x_hat.T
# @ is a matrix product, which sums over the features. Multiply or divide element by element.
# - (x - mean) / np.sqrt(var + eps)  =>  (x - mean) @ (1 / np.sqrt(var + eps))
# m and D are the sizes of the printed batch, 4 and 3. Take the sizes from x.shape.
# - return x_hat  =>  return x_hat[:, :D]
# - return x_hat  =>  out = np.zeros_like(x); out[:m] = x_hat[:m]; return out
# ε stands in more places than one, or in the wrong one: it is added once, to the variance, under the root.
# - (x - mean) / np.sqrt(var + eps)  =>  (x - mean) / (np.sqrt(var + eps) + eps)
# - (x - mean) / np.sqrt(var + eps)  =>  (x - mean + eps) / np.sqrt(var + eps)
# - np.sqrt(var + eps)  =>  (np.sqrt(var) + np.sqrt(eps))
# - var + eps  =>  var * eps
# - (x - mean) / np.sqrt(var + eps)  =>  (x - mean) / var + eps**0.5
# - (x - mean) / np.sqrt(var + eps)  =>  x / np.sqrt(var + eps) - mean / np.sqrt(var)
# The root is taken twice: var is the variance, not yet a standard deviation.
# - var + eps  =>  np.sqrt(var) + eps
# The variance is multiplied by N/(N − 1). It is given: use it as it is.
# - np.sqrt(var + eps)  =>  np.sqrt(var * len(x) / (len(x) - 1) + eps)
# This takes the larger of σ² and ε. It does avoid dividing by zero, but line 3 adds ε to the variance, for every
# feature.
# - var + eps  =>  np.maximum(var, eps)
# Here ε is squared. It is already on the scale of a variance: add it as it is.
# - var + eps  =>  var + eps**2
# This multiplies by the standard deviation. To bring every feature to the same scale, divide by it.
# - (x - mean) / np.sqrt  =>  (x - mean) * np.sqrt
# The sign is reversed: mean − x turns every example to the other side of the mean. Subtract the mean from x.
# - (x - mean)  =>  (mean - x)
# ε was added to the result, after the division. Python divides before it adds; and ε belongs under the root, beside the
# variance.
# - np.sqrt(var + eps)  =>  np.sqrt(var) + eps
# The argument eps is ignored: a fixed number, or the eps of a cell above, is used. Write eps where the formula has ε.
# - var + eps  =>  var + 1e-5
# - var + eps  =>  var + 1e-3
# A feature of variance 0 is guarded against, but by a special case. Line 3 has none: it adds ε to every variance, which
# also damps features of tiny spread smoothly.
# - np.sqrt(var + eps)  =>  np.where(var == 0, 1, np.sqrt(var))
# - np.sqrt(var + eps)  =>  np.maximum(np.sqrt(var), eps)
# - return x_hat  =>  return np.where(var > 0, x_hat, 0)
# - return x_hat  =>  return np.where(var > 0, (x - mean) / np.sqrt(np.where(var > 0, var, 1)), 0)
# ε is subtracted from the variance. A feature that never changes then gives the root of a negative number. Add it.
# - var + eps  =>  var - eps
# The result is centred but not scaled: the features still have very different spreads. Divide by √(σ² + ε).
# - (x - mean) / np.sqrt(var + eps)  =>  (x - mean)
# The mean is subtracted after the division. The mean is on the scale of x, so it comes off first; then the difference
# is divided.
# - (x - mean) / np.sqrt(var + eps)  =>  x / np.sqrt(var + eps) - mean
# The shapes do not line up. x is (N, D), mean and var are (D,): they match x's columns as they are, so neither
# transpose nor add an axis. (And mu_B and var_B are not yours to use: they belong to the printed batch.)
# - x_hat = (x - mean) / np.sqrt(var + eps)  =>  x_hat = (x - mu_B) / np.sqrt(np.array(var_B) + eps)
# - (x - mean)  =>  (x - mean[:, None])
# - (x - mean)  =>  (x.T - mean)
# The mean is the given one, but the variance is measured anew from x. Use the var that was passed in.
# - var + eps  =>  x.var(axis=0) + eps
# - var + eps  =>  x.var() + eps
# The variance is the given one, but the mean is measured anew, from x or from the result. Use the mean that is given.
# - (x - mean)  =>  (x - x.mean(axis=0))
# The mean is added. To centre, subtract it.
# - (x - mean)  =>  (x + mean)
# These are mu_B and var_B, the statistics of the printed batch. Use the mean and var that were passed in; they work on
# all columns at once, without a loop.
# - x_hat = (x - mean) / np.sqrt(var + eps)
# + x_hat = np.column_stack([(x[:, j] - mu_B[j]) / np.sqrt(var_B[j] + eps) for j in range(D)])
# %% mistakes of="a new array, divided in place"
# `x -= …`, `var += …` and their like write into the caller's array. Make a new one: x_hat = x − …
# - x = x - mean  =>  x -= mean
# - x = x - mean  =>  var += eps; eps = 0; x = x - mean

# %% exercise="q_dead_unit"
# %% mistakes
# 0 is x̂ for this feature, since every x equals the mean. But BN does not end with line 3: put x̂ = 0 into line 4.
# - q_dead_unit = "c"  =>  q_dead_unit = "a"
# It would be 0/0, hence NaN, without ε. With ε the denominator is √(0 + 0.00001), not 0. Compute x̂ first, then line 4.
# - q_dead_unit = "c"  =>  q_dead_unit = "b"
# 2.5 = γ·1 + β would need x̂ = 1. But every example equals the mean of the feature, so the numerator x − μ is the same
# for all. What is it?
# - q_dead_unit = "c"  =>  q_dead_unit = "d"

# %% exercise="batchnorm_forward"
# %% right="step by step, with the inverse root"
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    mean, var = np.average(x, axis=0), np.var(x, axis=0)
    centred = x - mean
    ivar = 1.0 / np.sqrt(var + eps)
    x_hat = centred * ivar
    cache = {"x": x, "x_hat": x_hat, "mean": mean, "var": var, "gamma": gamma, "eps": eps, "ivar": ivar}
    return [x_hat * gamma + beta, cache]
# %% right="feature by feature"
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    (N, D), cache = x.shape, dict(x=x.copy(), gamma=gamma, eps=eps)
    mean, var, x_hat, y = np.zeros(D), np.zeros(D), np.zeros_like(x), np.zeros_like(x)
    for j in range(D):
        mean[j] = sum(x[:, j].tolist()) / N
        var[j] = sum((x[:, j] - mean[j]) ** 2) / N
        x_hat[:, j] = (x[:, j] - mean[j]) / np.sqrt(var[j] + eps)
        y[:, j] = gamma[j] * x_hat[:, j] + beta[j]
    cache.update(mean=mean, var=var, x_hat=x_hat)
    return y, cache
# %% right="an object, matrix products"
class BatchNorm:
    def __init__(self, gamma, beta, eps):
        self.gamma, self.beta, self.eps = gamma, beta, eps

    def __call__(self, x):
        weights = np.ones((1, len(x))) / len(x)
        self.x, self.mean = x, (weights @ x)[0]
        centred = x.astype(float) - self.mean
        self.var = (weights @ centred**2).reshape(-1)
        self.x_hat = centred @ np.diag((self.var + self.eps) ** -0.5)
        return (self.x_hat @ np.diag(self.gamma) + self.beta).astype(x.dtype)

def batchnorm_forward(x, gamma, beta, eps=1e-5):
    layer = BatchNorm(gamma, beta, eps)
    y = layer(x)
    return y, vars(layer)
# %% mistakes
# γ and β are swapped: γ multiplies x̂, β is added.
# - gamma * x_hat + beta  =>  beta * x_hat + gamma
# Line 4 is y = γ·x̂ + β: one product with γ, then one sum with β. Here something else happens to x̂, γ, β or μ.
# - gamma * x_hat + beta  =>  (gamma * (x - mean) + beta) / np.sqrt(var + eps)
# - gamma * x_hat + beta  =>  gamma / np.sqrt(var + eps) * x - mean + beta
# - gamma * x_hat + beta  =>  (1 + gamma) * x_hat + beta
# - gamma * x_hat + beta  =>  gamma[0] * x_hat + beta[0]
# - gamma * x_hat + beta  =>  gamma * (x - mean) + mean + beta
# - gamma * x_hat + beta  =>  gamma * x_hat * beta
# - gamma * x_hat + beta  =>  gamma + x_hat + beta
# - gamma * x_hat + beta  =>  x_hat / gamma + beta
# - gamma * x_hat + beta  =>  gamma * (x_hat - beta)
# Line 3 is x̂ = (x − μ)/√(σ² + ε). Here the mean is not subtracted (or has the wrong sign), or the root multiplies.
# - (x - mean) / np.sqrt  =>  (mean - x) / np.sqrt
# - (x - mean) / np.sqrt  =>  (x - mean) * np.sqrt
# - (x - mean) / np.sqrt  =>  x / np.sqrt
# The mean and the variance are exchanged: check the order in which they are returned or passed on.
# - x_hat = (x - mean) / np.sqrt(var + eps)  =>  x_hat = (x - var) / np.sqrt(mean + eps)
# γ is used without its sign. A learned γ may be negative: multiply by γ as it is.
# - gamma * x_hat + beta  =>  np.abs(gamma) * x_hat + beta
# The activation function is no part of batch normalization. Return y before it.
# - y = gamma * x_hat + beta  =>  y = np.maximum(gamma * x_hat + beta, 0)
# - y = gamma * x_hat + beta  =>  y = 1 / (1 + np.exp(-(gamma * x_hat + beta)))
# The shapes do not line up. γ, β and the statistics are (D,) and match the columns of x as they are: average over axis
# 0, add no axis, and use what the function is given, not the printed batch (x_B, mu_B, var_B, gamma_B, beta_B).
# - gamma * x_hat + beta  =>  gamma[:, None] * x_hat + beta
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=1)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=1)
# - mean = x.mean(axis=0)  =>  x = x_B; mean = x.mean(axis=0)
# & gamma * x_hat + beta  =>  gamma[: len(x[0])] * x_hat + beta[: len(x[0])]
# - mean = x.mean(axis=0)  =>  x = x_B; mean = x.mean(axis=0)
# - gamma * x_hat + beta  =>  gamma_B * x_hat + beta_B
# - mean = x.mean(axis=0)  =>  mean = np.array(mu_B)
# & x_hat = (x - mean) / np.sqrt(var + eps)  =>  x_hat = (x - mean) / np.sqrt(np.array(var_B) + eps)
# The statistics are those of one feature, a single number: each pass of a loop overwrites what the one before found.
# - mean = x.mean(axis=0)  =>  mean = x[:, -1].mean()
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x[:, -1].var()
# This takes the larger of σ² and ε. Line 3 adds ε to the variance, for every feature.
# - np.sqrt(var + eps)  =>  np.sqrt(np.maximum(var, eps))
# Under the root stands σ + ε, a standard deviation, and so the root is taken twice. It is √(σ² + ε).
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.std(axis=0)
# γ was applied before normalizing. Dividing by the standard deviation then divides it out again, all but its sign: γ
# has no effect. It belongs after x̂, in line 4.
# - mean = x.mean(axis=0)  =>  mean = (gamma * x).mean(axis=0)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = (gamma * x).var(axis=0)
# & x_hat = (x - mean)  =>  x_hat = (gamma * x - mean)
# & y = gamma * x_hat + beta  =>  y = x_hat + beta
# γ and β were applied before normalizing, or y was normalized once more. That takes both away again (all but the sign
# of γ). They belong after x̂.
# - y = gamma * x_hat + beta
# + y = gamma * x_hat + beta
# +     y = (y - y.mean(axis=0)) / np.sqrt(y.var(axis=0) + eps)
# - y = gamma * x_hat + beta  =>  y = gamma * x_hat + beta; y = (y - y.mean(axis=0)) / y.std(axis=0)
# - mean = x.mean(axis=0)  =>  x = gamma * x + beta; mean = x.mean(axis=0)
# & y = gamma * x_hat + beta  =>  y = x_hat
# β is missing: the columns of y have mean 0. Line 4 also shifts.
# - gamma * x_hat + beta  =>  gamma * x_hat
# γ is missing: line 4 scales x̂ by γ before it adds β.
# - gamma * x_hat + beta  =>  x_hat + beta
# This returns x̂, the result of line 3. Line 4, with γ and β, is still to come.
# - gamma * x_hat + beta  =>  x_hat
# γ multiplies β too: γ(x̂ + β). Scale first, then shift; otherwise the mean of y is γβ, not β.
# - gamma * x_hat + beta  =>  gamma * (x_hat + beta)
# The statistics are of shape (N, 1): one per example, taken over its features. (That is layer normalization; unit 08.)
# Batch normalization takes them per feature, over the examples.
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=1, keepdims=True)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=1, keepdims=True)
# One mean and one variance for the whole array: features far from the overall mean stay there. Take them column by
# column.
# - mean = x.mean(axis=0)  =>  mean = x.mean()
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var()
# The argument eps is ignored: a fixed 1e-5 is used. Write eps where the formula has ε.
# - np.sqrt(var + eps)  =>  np.sqrt(var + 1e-5)
# ε stands outside the root here, in the numerator, or squared. It belongs inside, as it is: √(σ² + ε).
# - np.sqrt(var + eps)  =>  (np.sqrt(var) + eps)
# - np.sqrt(var + eps)  =>  np.sqrt(var + eps**2)
# - (x - mean) / np.sqrt  =>  (x - mean + eps) / np.sqrt
# Under the root stands another sum of squares than σ²: it is not divided by m, or not taken around the mean.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).sum(axis=0)
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).sum(axis=0) / x.shape[1]
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = (x**2).mean(axis=0)
# ε is missing under the root. The output is a little too large where σ² is small, and NaN where it is 0.
# - np.sqrt(var + eps)  =>  np.sqrt(var)
# x̂ is divided by the variance plus ε. The square root is missing.
# - np.sqrt(var + eps)  =>  (var + eps)
# The variance is divided by m − 1 (ddof=1). Algorithm 1 normalizes with the batch's own variance, divided by m.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=0, ddof=1)
# Something other than two results came back. Return y and the cache, separated by a comma.
# - return y, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)  =>  return y
# - return y, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)
# + return y, x_hat, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)
# A comma too many makes a tuple of y: write y, not (y,).
# - y = gamma * x_hat + beta  =>  y = (gamma * x_hat + beta,)
# Your function returns nothing (None). End it with a return statement that gives y and the cache.
# - return y, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)  =>  pass
# y and the cache are in the wrong order: y comes first.
# - return y, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)
# + return dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps), y
# The cache is no dict. Make it one, {"x": x, …} or dict(x=x, …), so that unit 04 can ask for cache['x_hat'] by name.
# - dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)  =>  (x, x_hat, mean, var, gamma, eps)
# - dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)  =>  [x, x_hat, mean, var, gamma, eps]
# - dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)  =>  None
# - dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)
# + {"x", "x_hat", "mean", "var", "gamma", "eps"}
# The values in the cache are names in quotes. Only the keys are texts: {"x": x}, or dict(x=x).
# - x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps
# + x="x", x_hat="x_hat", mean="mean", var="var", gamma="gamma", eps="eps"
# An array cannot be a key of a dict. Keys are texts in quotes: {"x": x}, or dict(x=x).
# - dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)  =>  {x: x, x_hat: x_hat}
# cache['var'] holds a standard deviation or its reciprocal. Keep the variance itself, without ε and without the root:
# unit 04 builds on it.
# - var=var  =>  var=np.sqrt(var)
# - var=var  =>  var=1 / np.sqrt(var + eps)
# - var=var  =>  var=np.sqrt(var + eps)
# cache['var'] is divided by m − 1. Keep the variance that x̂ was made with, divided by m.
# - var=var  =>  var=x.var(axis=0, ddof=1)
# cache['var'] already contains ε. Keep the variance itself; eps has a place of its own in the cache.
# - var=var  =>  var=var + eps
# cache['x_hat'] holds y. (Was x_hat changed in place, by `x_hat *= gamma`?) Keep the value from before γ and β: the
# gradient of γ is made of it.
# - x_hat=x_hat  =>  x_hat=y
# cache['x_hat'] holds γ·x̂, or the centred values x − μ. Keep x̂, the result of line 3.
# - x_hat=x_hat  =>  x_hat=gamma * x_hat
# - x_hat=x_hat  =>  x_hat=x - mean
# cache['x'] does not hold x as it came in: it was centred, normalized (was x̂ or y assigned to the name x?), or only
# its shape was kept.
# - dict(x=x,  =>  dict(x=x - mean,
# - dict(x=x,  =>  dict(x=x_hat,
# - dict(x=x,  =>  dict(x=y,
# - dict(x=x,  =>  dict(x=x.shape,
# cache['mean'] or cache['var'] is that of x − μ, of x̂ or of y, or the two are exchanged. Keep what lines 1 and 2 give.
# - mean=mean, var=var  =>  mean=var, var=mean
# - var=var  =>  var=x_hat.var(axis=0)
# - mean=mean  =>  mean=(x - mean).mean(axis=0)
# - mean=mean, var=var  =>  mean=y.mean(axis=0), var=y.var(axis=0)
# β is subtracted. Line 4 adds it.
# - gamma * x_hat + beta  =>  gamma * x_hat - beta
# γ and β were applied to x itself. Line 4 applies them to x̂, the normalized values.
# - gamma * x_hat + beta  =>  gamma * x + beta
# ε was added to the result, after the division. It belongs under the root, beside the variance.
# - y = gamma * x_hat + beta  =>  y = gamma * (x - mean) / np.sqrt(var) + eps + beta
# - (x - mean) / np.sqrt(var + eps)  =>  (x - mean) / np.sqrt(var) + eps
# @ and np.dot are matrix products: they mix the features. γ scales each feature on its own: multiply with *, element by
# element.
# - gamma * x_hat  =>  x_hat @ gamma
# - gamma * x_hat  =>  gamma @ x_hat
# - gamma * x_hat  =>  np.dot(gamma, x_hat)
# cache['gamma'] does not hold γ as it was given (but β, or γ/√(σ² + ε)). The backward pass needs γ itself.
# - gamma=gamma  =>  gamma=beta
# - gamma=gamma  =>  gamma=gamma / np.sqrt(var + eps)
# Statistics have shape (1, D): keepdims=True kept the axis that was averaged away. y is right all the same, but the
# cache keeps them as (D,).
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=0, keepdims=True)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=0, keepdims=True)
# ε is added twice: to the variance, and once more under the root. Line 2 knows no ε.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).mean(axis=0) + eps
# Python divides before it subtracts: x − mean / √(…) scales nothing. Put the difference in parentheses.
# - (x - mean) / np.sqrt(var + eps)  =>  x - mean / np.sqrt(var + eps)
# cache['eps'] holds a fixed number. Keep the eps that was passed in: the gradient has to use the same.
# - eps=eps  =>  eps=1e-5
# %% mistakes of="step by step, with the inverse root"
# `x -= mean` centres the caller's own array. The layer before still needs x as it was, and so does the cache. Make a
# new array.
# - centred = x - mean  =>  x -= mean
# & centred * ivar  =>  x * ivar
# `x -= …`, `gamma *= …` and their like write into the caller's array. Make new ones.
# - centred = x - mean  =>  gamma /= np.sqrt(var + eps); centred = x - mean
# & x_hat * gamma + beta  =>  centred * gamma + beta
# %% mistakes otherwise="y, mean a million, float32"
# E[x²] − E[x]² is right on paper, but with a large mean and little spread it subtracts two nearly equal numbers and
# their digits cancel. Subtract the mean first, then square.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = (x**2).mean(axis=0) - mean**2
# %% mistakes otherwise="y, mean a billion, float64"
# At a mean of a billion digits are lost: E[x²] − E[x]² cancels in float64 too, and a float32 holds only seven digits.
# Subtract the mean first, then square.
# - mean = x.mean(axis=0)  =>  x = x.astype("f8"); mean = x.mean(axis=0)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = np.maximum((x**2).mean(axis=0) - mean**2, 0)

# %% exercise="linear_fraction"
# %% right="counted, with both ends"
def linear_fraction(z, threshold=1.0):
    inside = (z >= -threshold) & (z <= threshold)
    return np.count_nonzero(inside) / z.size
# %% right="a loop over all numbers"
def linear_fraction(z, threshold=1.0):
    count = 0
    for v in z.ravel():
        if abs(v) <= threshold:
            count += 1
    return count / z.size
# %% right="clipping changes what lies outside, float32"
def linear_fraction(z, threshold=1.0):
    return np.average((np.clip(z, -threshold, threshold) == z).astype(np.float32), axis=None)
# %% right="one minus the share outside, by squares"
def linear_fraction(z, threshold=1.0):
    outside = z[z * z > threshold * threshold]
    return 1 - len(outside) / np.prod(z.shape)
# %% mistakes
# Without the absolute value every negative z counts, however far out: the sigmoid is flat at −10. The near-linear part
# reaches from −threshold to +threshold.
# - np.abs(z) <= threshold  =>  z <= threshold
# This is the share outside the near-linear part. The comparison is the wrong way round.
# - np.abs(z) <= threshold  =>  np.abs(z) > threshold
# - np.abs(z) <= threshold  =>  np.abs(z) >= threshold
# Every z counts: each is above −t or below t. Both have to hold, so combine them with &, not with |.
# - np.abs(z) <= threshold  =>  (z >= -threshold) | (z <= threshold)
# The operator & binds more tightly than >= and <=. Write (z >= -threshold) & (z <= threshold), with the parentheses.
# - np.abs(z) <= threshold  =>  z >= -threshold & z <= threshold
# z² is compared with the threshold itself. Compare |z|, or z² with the threshold squared.
# - np.abs(z) <= threshold  =>  z**2 <= threshold
# The threshold is not used as it is: halved, doubled, or multiplied by the spread of z. It is the bound for |z|.
# - np.abs(z) <= threshold  =>  np.abs(z) <= threshold / 2
# - np.abs(z) <= threshold  =>  np.abs(z) <= 2 * threshold
# - np.abs(z) <= threshold  =>  np.abs(z) <= threshold * z.std()
# This compares the sigmoid with its tangent. The near-linear part is defined more simply, by the input: |z| ≤
# threshold.
# - np.abs(z) <= threshold  =>  np.abs(1 / (1 + np.exp(-z)) - (0.5 + z / 4)) <= 0.02
# - np.abs(z) <= threshold  =>  np.abs(1 / (1 + np.exp(-z)) - (0.5 + z / 4)) <= threshold
# This is the share that a normal distribution would have. Count in the z that are given.
# - np.mean(np.abs(z) <= threshold)  =>  __import__("math").erf(threshold / 2**0.5)
# This is a ratio, of those inside to those outside. Divide by the number of all elements.
# - np.mean(np.abs(z) <= threshold)  =>  np.sum(np.abs(z) <= threshold) / np.sum(np.abs(z) > threshold)
# np.where(condition) gives the places where it holds, an array for each axis. The mean of the condition itself is the
# share.
# - np.mean(np.abs(z) <= threshold)  =>  np.mean(np.where(np.abs(z) <= threshold))
# - np.mean(np.abs(z) <= threshold)  =>  len(np.where(np.abs(z) <= threshold)) / z.size
# Only a part of z was looked at, equal values were counted once, or a row counts as one. Every element counts.
# - np.mean(np.abs(z) <= threshold)  =>  np.mean(np.all(np.abs(z) <= threshold, axis=-1))
# - np.abs(z) <= threshold  =>  np.abs(z[0]) <= threshold
# - np.abs(z) <= threshold  =>  np.abs(z[:, 0]) <= threshold
# - np.abs(z) <= threshold  =>  np.abs(np.unique(z)) <= threshold
# Digits were cut off by rounding. Return the share as it is.
# - return float(np.mean(np.abs(z) <= threshold))  =>  return round(float(np.mean(np.abs(z) <= threshold)), 2)
# The columns are averaged first, and then compared. Compare every element, then average.
# - np.abs(z)  =>  np.abs(z.mean(axis=0))
# This is how many lie there, not which share: it grows with the size of z. Divide by the number of elements.
# - np.mean  =>  np.sum
# This looks at the sigmoid's output, which lies between 0 and 1, whatever goes in. The question is about what goes in:
# z.
# - np.abs(z)  =>  np.abs(1 / (1 + np.exp(-z)))
# - np.abs(z)  =>  np.abs(1 / (1 + np.exp(-z)) - 0.5)
# This centres or standardizes z first, and so measures after a normalization of your own. Take z as it is: a shifted or
# a wide feature does leave the near-linear part.
# - np.abs(z)  =>  np.abs(z - z.mean())
# - np.abs(z)  =>  np.abs((z - z.mean()) / z.std())
# - np.abs(z)  =>  np.abs((z - z.mean(axis=0)) / (z.std(axis=0) + 1e-300))
# This is one number per column: an average over one axis, or Python's sum, which adds up the rows. np.mean and np.sum
# without an axis go over all elements.
# - return float(np.mean(np.abs(z) <= threshold))  =>  return np.mean(np.abs(z) <= threshold, axis=0)
# - return float(np.mean(np.abs(z) <= threshold))  =>  return sum(np.abs(z) <= threshold) / z.size
# - return float(np.mean(np.abs(z) <= threshold))  =>  return sum(np.abs(z) <= threshold) / len(z)
# This can only be 0 or 1. Either |z| is averaged first and compared once, or whole rows have to lie inside, or one
# element decides, or the share is cut to a whole number. Compare every element, then average.
# - float(np.mean(np.abs(z) <= threshold))  =>  float(np.mean(np.abs(z)) <= threshold)
# - float(np.mean(np.abs(z) <= threshold))  =>  np.mean(np.abs(z)) <= threshold
# - float(np.mean(np.abs(z) <= threshold))  =>  int(np.mean(np.abs(z) <= threshold))
# The argument threshold is ignored: 1 is used whatever was asked for.
# - np.abs(z) <= threshold  =>  np.abs(z) <= 1.0
# This is a percentage. Return a share between 0 and 1.
# - float(np.mean(np.abs(z) <= threshold))  =>  float(100 * np.mean(np.abs(z) <= threshold))
# The count is divided by the length of one axis, or of two. z may have any number of axes: divide by the number of all
# elements, z.size.
# - np.mean(np.abs(z) <= threshold)  =>  np.sum(np.abs(z) <= threshold) / len(z)
# - np.mean(np.abs(z) <= threshold)  =>  np.sum(np.abs(z) <= threshold) / z.shape[1]
# - np.mean(np.abs(z) <= threshold)  =>  np.sum(np.abs(z) <= threshold) / (z.shape[0] * z.shape[1])
# Two loops count on two axes, but z may have any number. z.ravel() has one.
# - np.mean(np.abs(z) <= threshold)
# + np.mean([abs(z[i, j]) <= threshold and 1 for i in range(z.shape[0]) for j in range(z.shape[1])])
# Only the right half is counted, from 0 to the threshold. The sigmoid is as straight on the left: use |z|.
# - np.abs(z) <= threshold  =>  (z >= 0) & (z <= threshold)
# This is True or False for every element. Turn it into one number: the share that is True.
# - float(np.mean(np.abs(z) <= threshold))  =>  np.abs(z) <= threshold
# `and`, `if` and the chained a <= z <= b want one True or False; an array, or a row of it, has many. Compare |z| once
# instead, or go through z.ravel(), number by number.
# - np.abs(z) <= threshold  =>  -threshold <= z <= threshold
# This averages or adds up the z that lie in the near-linear part. Asked is how many they are, as a share of all.
# - np.mean(np.abs(z) <= threshold)  =>  np.mean(z[np.abs(z) <= threshold])
# - np.mean(np.abs(z) <= threshold)  =>  np.mean(np.abs(z[np.abs(z) <= threshold]))
# - np.mean(np.abs(z) <= threshold)  =>  np.mean(np.where(np.abs(z) <= threshold, z, 0))
# - np.mean(np.abs(z) <= threshold)  =>  np.sum(np.abs(z[np.abs(z) <= threshold])) / np.sum(np.abs(z))
# Values exactly at the threshold are left out, at both ends or at one. The near-linear part is |z| ≤ threshold.
# - np.abs(z) <= threshold  =>  np.abs(z) < threshold
# - np.abs(z) <= threshold  =>  (z > -threshold) & (z <= threshold)
# - np.abs(z) <= threshold  =>  (z >= -threshold) & (z < threshold)

# %% exercise="identity_parameters"
# %% right="the mean square deviation, a list"
def identity_parameters(x, eps=1e-5):
    beta = np.ones(len(x)) @ x / len(x)
    return [(np.average((x - beta) ** 2, axis=0) + eps) ** 0.5, beta]
# %% right="feature by feature"
def identity_parameters(x, eps=1e-5):
    gamma = [np.sqrt(np.var(column) + eps) for column in x.T]
    beta = [sum(column) / len(column) for column in x.T]
    return np.array(gamma), np.array(beta)
# %% right="the legs of a right triangle"
def identity_parameters(x, eps=1e-5):
    return np.hypot(x.std(0), np.sqrt(eps)), x.sum(0) / x.shape[0]
# %% mistakes
# γ lacks the ε that is passed in: either it is missing, or 1e-5 stands in its place. The layer divides by √(σ² + ε), so
# undoing it takes the same root. With ε = 0.1 the difference is plain to see.
# - np.sqrt(x.var(axis=0) + eps)  =>  np.sqrt(x.var(axis=0))
# - np.sqrt(x.var(axis=0) + eps)  =>  np.sqrt(x.var(axis=0) + 1e-5)
# γ is not √(σ² + ε), though made of σ and ε: ε is doubled, squared, subtracted or a bound, or the root stands in
# another place. BN divides by √(σ² + ε); γ is just that.
# - np.sqrt(x.var(axis=0) + eps)  =>  np.sqrt(x.var(axis=0) + eps**2)
# - np.sqrt(x.var(axis=0) + eps)  =>  (np.sqrt(x.var(axis=0)) - eps)
# - np.sqrt(x.var(axis=0) + eps)  =>  np.sqrt(np.maximum(x.var(axis=0), eps))
# - np.sqrt(x.var(axis=0) + eps)  =>  np.sqrt(x.std(axis=0) + eps)
# - np.sqrt(x.var(axis=0) + eps)  =>  np.sqrt(x.var(axis=0) + 2 * eps)
# - np.sqrt(x.var(axis=0) + eps)  =>  x.var(axis=0) / np.sqrt(x.var(axis=0) + eps)
# `a ** 1 / 2` is (a ** 1) / 2, half of a: a power comes before a division. Write `** 0.5` or np.sqrt.
# - np.sqrt(x.var(axis=0) + eps)  =>  (x.var(axis=0) + eps) ** 1 / 2
# Not the variance is under the root in γ, but another sum of squares: it is not divided by m, or not taken around the
# mean.
# - x.var(axis=0)  =>  (x**2).mean(axis=0)
# - x.var(axis=0)  =>  ((x - x.mean(axis=0)) ** 2).sum(axis=0)
# - x.var(axis=0)  =>  ((x - x.mean(axis=0)) ** 2).sum(axis=0) / x.shape[1]
# β is not the mean as it is: the layer subtracted μ, so adding β = μ undoes just that, with no ε and no γ in it.
# - beta = x.mean(axis=0)  =>  beta = x.mean(axis=0) * (1 - gamma)
# - beta = x.mean(axis=0)  =>  beta = x.mean(axis=0) - x.mean(axis=0) / gamma
# - beta = x.mean(axis=0)  =>  beta = x.mean(axis=0) + eps
# - beta = x.mean(axis=0)  =>  beta = np.median(x, axis=0)
# γ or β has a value for each example. They are one number per feature, the same for all examples: shape (D,).
# - beta = x.mean(axis=0)  =>  beta = x - gamma * (x - x.mean(axis=0)) / gamma
# - gamma = np.sqrt(x.var(axis=0) + eps)  =>  gamma = x / ((x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps))
# These are names or sizes of the printed batch. Compute γ and β from the x that the function is given.
# - return gamma, beta  =>  return gamma_B, beta_B
# - return gamma, beta  =>  return np.sqrt(np.array(var_B) + eps), np.array(mu_B)
# A dict came back. Return the two arrays themselves, separated by a comma.
# - return gamma, beta  =>  return dict(gamma=gamma, beta=beta)
# The numbers are right, but they stand in Python lists. Return arrays: np.array(…) makes one of a list.
# - return gamma, beta  =>  return list(gamma), list(beta)
# The mean and the variance are exchanged: check the order in which they are returned or passed on.
# - return gamma, beta  =>  return np.sqrt(x.mean(axis=0) + eps), x.var(axis=0)
# For a feature that never changes this divides 0 by 0. γ = √(σ² + ε) divides by nothing.
# - np.sqrt(x.var(axis=0) + eps)  =>  x.std(axis=0) / ((x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)).std(axis=0)
# A feature that never changes got a γ of its own. The formula holds for it as it is: γ = √(0 + ε).
# - return gamma, beta  =>  return np.where(x.var(axis=0) == 0, 1, gamma), beta
# - return gamma, beta  =>  return np.where(x.var(axis=0) == 0, 0, gamma), beta
# `x -= …` writes into the caller's array. Make a new one: centred = x − mean.
# - gamma = np.sqrt(x.var(axis=0) + eps)  =>  b = x.mean(axis=0); x -= b; gamma = np.sqrt((x**2).mean(axis=0) + eps)
# & beta = x.mean(axis=0)  =>  beta = b
# The square root is missing in γ: the layer divides by a standard deviation, so multiply by one, not by a variance.
# - np.sqrt(x.var(axis=0) + eps)  =>  (x.var(axis=0) + eps)
# γ is the reciprocal of what is needed: it would divide a second time. The layer has already divided by √(σ² + ε);
# multiply to undo that.
# - np.sqrt(x.var(axis=0) + eps)  =>  1 / np.sqrt(x.var(axis=0) + eps)
# - np.sqrt(x.var(axis=0) + eps)  =>  1 / np.maximum(x.std(axis=0), 1e-12)
# The sign of β is wrong. The layer subtracted the mean; adding β has to bring it back.
# - beta = x.mean(axis=0)  =>  beta = -x.mean(axis=0)
# - beta = x.mean(axis=0)  =>  beta = np.abs(x.mean(axis=0))
# γ and β are in the wrong order: return γ first.
# - return gamma, beta  =>  return beta, gamma
# γ is computed with m − 1 (ddof=1). The layer divides by the batch's own variance, with m, so undo exactly that.
# - x.var(axis=0)  =>  x.var(axis=0, ddof=1)
# ε stands outside the root in γ. The layer divides by √(σ² + ε), with ε inside.
# - np.sqrt(x.var(axis=0) + eps)  =>  (np.sqrt(x.var(axis=0)) + eps)
# - np.sqrt(x.var(axis=0) + eps)  =>  (np.sqrt(x.var(axis=0)) + np.sqrt(eps))
# γ = 1 keeps the spread of x̂, which is 1. x had the spread that the layer divided by: γ has to multiply by it.
# - np.sqrt(x.var(axis=0) + eps)  =>  np.ones(x.shape[1])
# - np.sqrt(x.var(axis=0) + eps)  =>  1.0
# β = 0 leaves every feature centred on 0. x has its own mean, which the layer subtracted.
# - beta = x.mean(axis=0)  =>  beta = np.zeros(x.shape[1])
# β was divided by the standard deviation. In line 4 the shift comes last and is scaled by nothing: β is in the units of
# x.
# - beta = x.mean(axis=0)  =>  beta = x.mean(axis=0) / gamma
# - beta = x.mean(axis=0)  =>  beta = -x.mean(axis=0) / gamma
# One number for the whole array cannot restore every feature. γ and β have shape (D,): take the statistics over the
# examples.
# - beta = x.mean(axis=0)  =>  beta = x.mean()
# - x.var(axis=0)  =>  x.var()
# & x.mean(axis=0)  =>  x.mean()
# These are statistics over axis 1, one per example. γ and β belong to features: shape (D,).
# - x.var(axis=0)  =>  x.var(axis=1)
# & x.mean(axis=0)  =>  x.mean(axis=1)
# Your function returns nothing (None). End it with a return statement that gives γ and β.
# - return gamma, beta  =>  pass
# Something other than two results came back. Return two arrays, γ and β, separated by a comma. (The layer's output y =
# x is not asked for.)
# - return gamma, beta  =>  return gamma
# - return gamma, beta  =>  return gamma, beta, x
# - return gamma, beta  =>  return x
# γ is the variance as it is: both the square root and ε are missing. The layer divides by √(σ² + ε); multiply by the
# same.
# - np.sqrt(x.var(axis=0) + eps)  =>  x.var(axis=0)
# ε is subtracted in γ. The layer divides by √(σ² + ε); multiply by the same root, plus sign included.
# - x.var(axis=0) + eps  =>  x.var(axis=0) - eps
# The sign of γ is wrong: this mirrors every example about the mean.
# - gamma = np.sqrt  =>  gamma = -np.sqrt
# β was multiplied by γ. In line 4 the shift comes last and is scaled by nothing: β is in the units of x.
# - beta = x.mean(axis=0)  =>  beta = x.mean(axis=0) * gamma
# The numbers are right, but the results have shape (1, D): keepdims=True kept the axis that was averaged away. Shape
# (D,) is wanted.
# - x.var(axis=0)  =>  x.var(axis=0, keepdims=True)
# & x.mean(axis=0)  =>  x.mean(axis=0, keepdims=True)

# %% exercise="q_bias"
# %% mistakes
# z does grow by 7. But BN does not pass z on: line 3 subtracts the batch mean. What happened to that mean?
# - q_bias = "d"  =>  q_bias = "a"
# This would be right if μ stayed fixed while z moved. But μ is the mean of these very z, over the batch. Work out z − μ
# before and after.
# - q_bias = "d"  =>  q_bias = "b"
# σ² averages squared deviations from the mean. Moving all examples by the same amount moves the mean along; no
# deviation changes.
# - q_bias = "d"  =>  q_bias = "c"

# %% exercise="q_negative_scale"
# %% mistakes
# The length cancels, the sign does not: a standard deviation is never negative, so z/σ changes its sign with z. What
# happens to x̂, and then to γx̂ + β?
# - q_negative_scale = "b"  =>  q_negative_scale = "a"
# You are right about x̂: it becomes −x̂. But β is added after that and keeps its sign. Write y with −x̂ in place of x̂.
# - q_negative_scale = "b"  =>  q_negative_scale = "c"
# BN divides by σ, which grows with |W|: that is not linear. The factor 2 cancels; only the sign of −2 survives.
# - q_negative_scale = "b"  =>  q_negative_scale = "d"
