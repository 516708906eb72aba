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
# %% right="unit by unit"
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
    return Statistics(mean.astype(x.dtype), (weights @ (x - mean) ** 2).astype(x.dtype))
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
# These are averages over axis 1: over the units of one example, one number per example. That mixes units of different
# scales. Algorithm 1 looks at one unit at a time and averages over the examples, so the axis of length N has to go.
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=1)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=1)
# This is one mean for the whole array. A single number cannot centre units that live around 5, −20 and 300. Each column
# needs its own: tell mean() which axis to average over.
# - mean = x.mean(axis=0)  =>  mean = x.mean()
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var()
# This is the standard deviation. Line 2 of Algorithm 1 asks for the variance, its square; the root is taken in line 3,
# after ε has been added.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.std(axis=0)
# The two results are in the wrong order: the mean comes first, the variance second.
# - return mean, var  =>  return var, mean
# Only the mean came back. Return two arrays, the mean and the variance, separated by a comma.
# - return mean, var  =>  return mean
# Your function returns nothing (None). End it with a return statement that gives the mean and the variance.
# - return mean, var  =>  pass
# The numbers are right, but the results have shape (1, D): keepdims=True kept the axis that was averaged away. Shape
# (D,) is wanted.
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=0, keepdims=True)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=0, keepdims=True)
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
# The sum runs over the right axis, but it is divided by the number of units, D. A mean over the batch divides by the
# number of examples, N.
# - mean = x.mean(axis=0)  =>  mean = x.sum(axis=0) / x.shape[1]
# The sum is divided by 4, the size of the printed batch. Batches have any size: x.shape tells which.
# - mean = x.mean(axis=0)  =>  mean = x.sum(axis=0) / 4
# The deviations are taken from one mean of the whole array. Each unit's deviations are taken from its own mean.
# - (x - mean)  =>  (x - x.mean())
# This is the covariance of all units with each other, a (D, D) table. Only each unit's own variance is asked for.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = np.cov(x.T)
# The mean is right, but this is one variance for the whole array. Each column needs its own: tell var() or mean() which
# axis to average over.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var()
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = ((x - mean) ** 2).mean()
# These are averages over axis 1 (axis −1 is the last one): over the units of one example. Average over the examples
# instead; the axis of length N has to go.
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=-1, keepdims=True)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=-1, keepdims=True)
# x.mean without parentheses is the method itself, not what it computes. Call it, and say along which axis.
# - mean = x.mean(axis=0)  =>  mean = x.mean
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var
# The shapes do not line up: a mean over axis 1 has one number per example, N of them, and (N, D) minus (N,) fits only
# by chance. Average over the examples, so that (D,) is left.
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
# - mean = x.mean(axis=0)  =>  x -= x.mean(axis=0)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  mean, var = x.mean(axis=0), x.var(axis=0)
# Some step made a new array without x's dtype (np.zeros(D), for instance). Results take the dtype of x.
# - return mean, var  =>  return np.array(mean, dtype="f8"), np.array(var, dtype="f8")
# %% mistakes hidden=true
# E[x²] − E[x]² is right on paper, but here it subtracts two huge, nearly equal numbers and their digits cancel: with a
# mean of 10⁶ in float32 nothing is left of the variance. Subtract the mean first, then square.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = (x**2).mean(axis=0) - mean**2

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
# %% right="unit by unit"
def normalize(x, mean, var, eps=1e-5):
    x_hat = np.empty_like(x)
    for j, (mu, sigma2) in enumerate(zip(mean, var)):
        x_hat[:, j] = [(v - mu) / np.sqrt(sigma2 + eps) for v in x[:, j]]
    return x_hat
# %% right="a diagonal matrix, float64 inside"
def normalize(x, mean, var, eps=1e-5):
    std = np.sqrt(var.astype(float) + eps)
    return ((x - mean) @ np.linalg.inv(np.diag(std))).astype(x.dtype)
# %% mistakes
# ε was added to the standard deviation. It stands inside the square root, beside the variance: √(σ² + ε), not √σ² + ε.
# With σ² = 1 and ε = 0.1 that is 1.049 against 1.1.
# - np.sqrt(var + eps)  =>  (np.sqrt(var) + eps)
# ε is missing. The feature that never changes has variance 0, and 0/0 is NaN. One such unit is enough to turn a whole
# net to NaN.
# - np.sqrt(var + eps)  =>  np.sqrt(var)
# This divides by the variance. Doubling x would then halve the result. Divide by the standard deviation, the square
# root of σ² + ε, so that the units of x cancel.
# - np.sqrt(var + eps)  =>  (var + eps)
# The result is scaled but not centred: its columns still have a mean far from 0. Subtract the mean before dividing.
# - (x - mean)  =>  x
# Python divides before it subtracts: x − mean / √(…) takes a small number from x and scales nothing. Put the difference
# in parentheses.
# - (x - mean)  =>  x - mean
# These are x's own statistics, measured anew. Use the mean and var that were passed in: at inference (unit 05) they
# come from elsewhere, and one example alone has no variance to measure.
# - x_hat = (x - mean) / np.sqrt(var + eps)  =>  x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
# This takes the larger of σ² and ε. It does avoid dividing by zero, but line 3 adds ε to the variance, for every unit.
# - var + eps  =>  np.maximum(var, eps)
# Here ε is squared. It is already on the scale of a variance: add it as it is.
# - var + eps  =>  var + eps**2
# This multiplies by the standard deviation. To bring every unit to the same scale, divide by it.
# - (x - mean) / np.sqrt  =>  (x - mean) * np.sqrt
# The sign is reversed: mean − x turns every example to the other side of the mean. Subtract the mean from x.
# - (x - mean)  =>  (mean - x)
# ε was added to the result, after the division. Python divides before it adds; and ε belongs under the root, beside the
# variance.
# - np.sqrt(var + eps)  =>  np.sqrt(var) + eps
# The argument eps is ignored: a fixed 1e-5 is used. Write eps where the formula has ε.
# - var + eps  =>  var + 1e-5
# A unit of variance 0 is guarded against, but by a special case. Line 3 has none: it adds ε to every variance, which
# also damps units of tiny spread smoothly.
# - np.sqrt(var + eps)  =>  np.where(var == 0, 1, np.sqrt(var))
# ε is subtracted from the variance. A unit that never changes then gives the root of a negative number. Add it.
# - var + eps  =>  var - eps
# The result is centred but not scaled: the units still have very different spreads. Divide by √(σ² + ε).
# - (x - mean) / np.sqrt(var + eps)  =>  (x - mean)
# The mean is subtracted after the division. The mean is on the scale of x, so it comes off first; then the difference
# is divided.
# - (x - mean) / np.sqrt(var + eps)  =>  x / np.sqrt(var + eps) - mean
# The shapes do not line up. x is (N, D), mean and var are (D,): they match x's columns as they are, so neither
# transpose nor add an axis.
# - (x - mean)  =>  (x - mean[:, None])
# - (x - mean)  =>  (x.T - mean)
# The mean is the given one, but the variance is measured anew from x. Use the var that was passed in.
# - var + eps  =>  x.var(axis=0) + eps
# The variance is the given one, but the mean is measured anew from x. Use the mean that was passed in.
# - (x - mean)  =>  (x - x.mean(axis=0))
# The mean is added. To centre, subtract it.
# - (x - mean)  =>  (x + mean)
# These are mu_B and var_B, the statistics of the printed batch. Use the mean and var that were passed in; they work on
# all columns at once, without a loop.
# - x_hat = (x - mean) / np.sqrt(var + eps)
# + x_hat = np.column_stack([(x[:, j] - mu_B[j]) / np.sqrt(var_B[j] + eps) for j in range(D)])
# %% mistakes of="a new array, divided in place"
# `x -= …` and `x /= …` write into the caller's array. Make a new one: x_hat = x − …
# - x = x - mean  =>  x -= mean

# %% exercise="q_dead_unit"
# %% mistakes
# 0 is x̂ for this unit, since every x equals the mean. But BN does not end with line 3: put x̂ = 0 into line 4.
# - q_dead_unit = "c"  =>  q_dead_unit = "a"
# It would be 0/0, hence NaN, without ε. With ε the denominator is √(0 + 0.00001), not 0. Compute x̂ first, then line 4.
# - q_dead_unit = "c"  =>  q_dead_unit = "b"
# 2.5 = γ·1 + β would need x̂ = 1. But every example equals the mean of the unit, so the numerator x − μ is the same for
# all. What is it?
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
# %% right="unit by unit"
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
# γ was applied before normalizing. Dividing by the standard deviation then divides it out again, all but its sign: γ
# has no effect. It belongs after x̂, in line 4.
# - mean = x.mean(axis=0)  =>  mean = (gamma * x).mean(axis=0)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = (gamma * x).var(axis=0)
# & x_hat = (x - mean)  =>  x_hat = (gamma * x - mean)
# & y = gamma * x_hat + beta  =>  y = x_hat + beta
# β is missing: the columns of y have mean 0. Line 4 also shifts.
# - gamma * x_hat + beta  =>  gamma * x_hat
# γ is missing: line 4 scales x̂ by γ before it adds β.
# - gamma * x_hat + beta  =>  x_hat + beta
# This returns x̂, the result of line 3. Line 4, with γ and β, is still to come.
# - gamma * x_hat + beta  =>  x_hat
# γ multiplies β too: γ(x̂ + β). Scale first, then shift; otherwise the mean of y is γβ, not β.
# - gamma * x_hat + beta  =>  gamma * (x_hat + beta)
# The statistics are of shape (N, 1): one per example, taken over its units. (That is layer normalization; unit 08.)
# Batch normalization takes them per unit, over the examples.
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=1, keepdims=True)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=1, keepdims=True)
# One mean and one variance for the whole array: units far from the overall mean stay there. Take them column by column.
# - mean = x.mean(axis=0)  =>  mean = x.mean()
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var()
# The argument eps is ignored: a fixed 1e-5 is used. Write eps where the formula has ε.
# - np.sqrt(var + eps)  =>  np.sqrt(var + 1e-5)
# ε stands outside the root here. It belongs inside: √(σ² + ε).
# - np.sqrt(var + eps)  =>  (np.sqrt(var) + eps)
# ε is missing under the root. The output is a little too large where σ² is small, and NaN where it is 0.
# - np.sqrt(var + eps)  =>  np.sqrt(var)
# x̂ is divided by the variance plus ε. The square root is missing.
# - np.sqrt(var + eps)  =>  (var + eps)
# The variance is divided by m − 1 (ddof=1). Algorithm 1 normalizes with the batch's own variance, divided by m.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=0, ddof=1)
# Only y came back, so what is compared is its first row. Return two things: y and the cache.
# - return y, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)  =>  return y
# Your function returns nothing (None). End it with a return statement that gives y and the cache.
# - return y, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)  =>  pass
# y and the cache are in the wrong order: y comes first.
# - return y, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)
# + return dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps), y
# The cache is a tuple. Make it a dict, so that unit 04 can ask for cache['x_hat'] by name.
# - dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)  =>  (x, x_hat, mean, var, gamma, eps)
# cache['var'] holds a standard deviation. Keep the variance itself, without ε and without the root: unit 04 builds on
# it.
# - var=var  =>  var=np.sqrt(var)
# cache['var'] already contains ε. Keep the variance itself; eps has a place of its own in the cache.
# - var=var  =>  var=var + eps
# cache['x_hat'] holds y. (Was x_hat changed in place, by `x_hat *= gamma`?) Keep the value from before γ and β: the
# gradient of γ is made of it.
# - x_hat=x_hat  =>  x_hat=y
# cache['x'] holds the centred values. Keep x as it came in.
# - dict(x=x,  =>  dict(x=x - mean,
# β is subtracted. Line 4 adds it.
# - gamma * x_hat + beta  =>  gamma * x_hat - beta
# γ and β were applied to x itself. Line 4 applies them to x̂, the normalized values.
# - gamma * x_hat + beta  =>  gamma * x + beta
# The statistics have length N: one per example, from axis=1. Take them over the examples, so that they have length D
# and line up with the columns of x.
# - mean = x.mean(axis=0)  =>  mean = x.mean(axis=1)
# & var = ((x - mean) ** 2).mean(axis=0)  =>  var = x.var(axis=1)
# @ is a matrix product, which sums over the units. γ scales each unit on its own: multiply with *, element by element.
# - gamma * x_hat  =>  x_hat @ gamma
# @ is a matrix product, which mixes the units. γ scales each unit on its own: multiply with *, element by element.
# - gamma * x_hat  =>  gamma @ x_hat
# cache['var'] holds the denominator √(σ² + ε). Keep the variance itself: unit 04 builds on it.
# - var=var  =>  var=np.sqrt(var + eps)
# cache['gamma'] holds β. The backward pass needs γ; β it does not need at all.
# - gamma=gamma  =>  gamma=beta
# mean and var have shape (1, D): keepdims=True kept the axis that was averaged away. y is right all the same, but the
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
# %% mistakes hidden=true
# E[x²] − E[x]² is right on paper, but with a large mean and little spread it subtracts two nearly equal numbers and
# their digits cancel. Subtract the mean first, then square.
# - var = ((x - mean) ** 2).mean(axis=0)  =>  var = (x**2).mean(axis=0) - mean**2

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
# %% right="one minus the share outside, by squares"
def linear_fraction(z, threshold=1.0):
    outside = z[z**2 > threshold**2]
    return 1 - len(outside) / np.prod(z.shape)
# %% mistakes
# Without the absolute value every negative z counts, however far out: the sigmoid is flat at −10. The near-linear part
# reaches from −threshold to +threshold.
# - np.abs(z) <= threshold  =>  z <= threshold
# This is the share outside the near-linear part. The comparison is the wrong way round.
# - np.abs(z) <= threshold  =>  np.abs(z) > threshold
# This is how many lie there, not which share: it grows with the size of z. Divide by the number of elements.
# - np.mean  =>  np.sum
# This looks at the sigmoid's output, which lies between 0 and 1 and so is always within the threshold. The question is
# about what goes in: z.
# - np.abs(z)  =>  np.abs(1 / (1 + np.exp(-z)))
# This standardizes z first, and so measures after a normalization of your own. Take z as it is: whether it is centred
# is what we want to find out.
# - np.abs(z)  =>  np.abs((z - z.mean()) / z.std())
# This centres z first. Take z as it is: a shifted unit does leave the near-linear part.
# - np.abs(z)  =>  np.abs(z - z.mean())
# This gives one share per column. Return one number for the whole array.
# - return float(np.mean(np.abs(z) <= threshold))  =>  return np.mean(np.abs(z) <= threshold, axis=0)
# This averages |z| first and compares once, so it can only say yes or no. Compare every element, then average.
# - float(np.mean(np.abs(z) <= threshold))  =>  float(np.mean(np.abs(z)) <= threshold)
# - float(np.mean(np.abs(z) <= threshold))  =>  np.mean(np.abs(z)) <= threshold
# The argument threshold is ignored: 1 is used whatever was asked for.
# - np.abs(z) <= threshold  =>  np.abs(z) <= 1.0
# This is a percentage. Return a share between 0 and 1.
# - float(np.mean(np.abs(z) <= threshold))  =>  float(100 * np.mean(np.abs(z) <= threshold))
# The count is divided by the number of rows only. z has rows and columns (or more axes): divide by the number of
# elements.
# - np.mean(np.abs(z) <= threshold)  =>  np.sum(np.abs(z) <= threshold) / len(z)
# Only the right half is counted, from 0 to the threshold. The sigmoid is as straight on the left: use |z|.
# - np.abs(z) <= threshold  =>  (z >= 0) & (z <= threshold)
# This is True or False for every element. Turn it into one number: the share that is True.
# - float(np.mean(np.abs(z) <= threshold))  =>  np.abs(z) <= threshold
# Python's chained comparison a <= z <= b works on numbers, not on arrays. Compare |z| once instead.
# - np.abs(z) <= threshold  =>  -threshold <= z <= threshold
# This averages the z that lie in the near-linear part. Asked is how many they are, as a share of all.
# - np.mean(np.abs(z) <= threshold)  =>  np.mean(z[np.abs(z) <= threshold])
# Values exactly at the threshold are left out. The near-linear part is |z| ≤ threshold, its ends included.
# - np.abs(z) <= threshold  =>  np.abs(z) < threshold

# %% exercise="identity_parameters"
# %% right="the mean square deviation, a list"
def identity_parameters(x, eps=1e-5):
    beta = np.ones(len(x)) @ x / len(x)
    return [(np.average((x - beta) ** 2, axis=0) + eps) ** 0.5, beta]
# %% right="unit by unit"
def identity_parameters(x, eps=1e-5):
    gamma = [np.sqrt(np.var(column) + eps) for column in x.T]
    beta = [sum(column) / len(column) for column in x.T]
    return np.array(gamma), np.array(beta)
# %% right="the legs of a right triangle"
def identity_parameters(x, eps=1e-5):
    return np.hypot(x.std(0), np.sqrt(eps)), x.sum(0) / x.shape[0]
# %% mistakes
# γ lacks ε. The layer divides by √(σ² + ε), so undoing it takes the same root, ε included. With ε = 0.1 the difference
# is plain to see.
# - np.sqrt(x.var(axis=0) + eps)  =>  np.sqrt(x.var(axis=0))
# The square root is missing in γ: the layer divides by a standard deviation, so multiply by one, not by a variance.
# - np.sqrt(x.var(axis=0) + eps)  =>  (x.var(axis=0) + eps)
# γ is the reciprocal of what is needed: it would divide a second time. The layer has already divided by √(σ² + ε);
# multiply to undo that.
# - np.sqrt(x.var(axis=0) + eps)  =>  1 / np.sqrt(x.var(axis=0) + eps)
# The sign of β is wrong. The layer subtracted the mean; adding β has to bring it back.
# - beta = x.mean(axis=0)  =>  beta = -x.mean(axis=0)
# γ and β are in the wrong order: return γ first.
# - return gamma, beta  =>  return beta, gamma
# γ is computed with m − 1 (ddof=1). The layer divides by the batch's own variance, with m, so undo exactly that.
# - x.var(axis=0)  =>  x.var(axis=0, ddof=1)
# ε stands outside the root in γ. The layer divides by √(σ² + ε), with ε inside.
# - np.sqrt(x.var(axis=0) + eps)  =>  (np.sqrt(x.var(axis=0)) + eps)
# γ = 1 keeps the spread of x̂, which is 1. x had the spread that the layer divided by: γ has to multiply by it.
# - np.sqrt(x.var(axis=0) + eps)  =>  np.ones(x.shape[1])
# β = 0 leaves every unit centred on 0. x has its own mean, which the layer subtracted.
# - beta = x.mean(axis=0)  =>  beta = np.zeros(x.shape[1])
# β was divided by the standard deviation. In line 4 the shift comes last and is scaled by nothing: β is in the units of
# x.
# - beta = x.mean(axis=0)  =>  beta = x.mean(axis=0) / gamma
# One pair of numbers for the whole array cannot restore every unit. γ and β have shape (D,): take the statistics over
# the examples.
# - x.var(axis=0)  =>  x.var()
# & x.mean(axis=0)  =>  x.mean()
# These are statistics over axis 1, one per example. γ and β belong to units: shape (D,).
# - x.var(axis=0)  =>  x.var(axis=1)
# & x.mean(axis=0)  =>  x.mean(axis=1)
# Your function returns nothing (None). End it with a return statement that gives γ and β.
# - return gamma, beta  =>  pass
# Only γ came back. Return two arrays, γ and β, separated by a comma.
# - return gamma, beta  =>  return gamma
# γ is the variance as it is: both the square root and ε are missing. The layer divides by √(σ² + ε); multiply by the
# same.
# - np.sqrt(x.var(axis=0) + eps)  =>  x.var(axis=0)
# ε is subtracted in γ. The layer divides by √(σ² + ε); multiply by the same root, plus sign included.
# - x.var(axis=0) + eps  =>  x.var(axis=0) - eps
# The sign of γ is wrong: this mirrors every example about the mean.
# - gamma = np.sqrt  =>  gamma = -np.sqrt
# β was multiplied by γ. In line 4 the shift comes last and is scaled by nothing: β is in the units of x.
# - beta = x.mean(axis=0)  =>  beta = x.mean(axis=0) * gamma
# γ = 1 and β = 0 leave x̂ as it is: y = x̂, not y = x. What has to be done to x̂, unit by unit, to get x back?
# - return gamma, beta  =>  return 1.0, 0.0
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
