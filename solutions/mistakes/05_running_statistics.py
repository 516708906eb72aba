# %% exercise="q_one_image"
# %% mistakes
# One image is not an honest sample: its mean is the image itself. Write down z − μ when μ is the mean over a batch that
# holds only z. What is left of the image?
# - q_one_image = "c"  =>  q_one_image = "a"
# The variance is zero, but ε stands under the root with it, so nothing is divided by zero. The numerator z − μ is the
# one to look at.
# - q_one_image = "c"  =>  q_one_image = "b"
# Nothing here is drawn at random: the same image in the same batch gives the same answer. Work out z − μ for a batch of
# one.
# - q_one_image = "c"  =>  q_one_image = "d"

# %% exercise="population_statistics"
# %% right="one array of all batches, ddof=1"
def population_statistics(batches):
    x = np.stack(batches)  # (K, m, D)
    return x.mean(axis=(0, 1)), x.var(axis=1, ddof=1).mean(axis=0)
# %% right="sums in a loop over the batches"
def population_statistics(batches):
    mean = var = 0
    for x in batches:
        m, mu = len(x), np.average(x, axis=0)
        mean = mean + mu / len(batches)
        var = var + ((x - mu) ** 2).sum(axis=0) / (m - 1) / len(batches)
    return mean, var
# %% right="lists of statistics in float64, the results in a list"
def population_statistics(batches):
    means, variances = [], []
    for x in batches:
        ones = np.ones(len(x)) / len(x)
        mu = ones @ x
        means.append(mu)
        variances.append(ones @ (x - mu) ** 2)
    m = batches[0].shape[0]
    return [sum(means) / len(means), m * sum(variances) / ((m - 1) * len(variances))]
# %% mistakes
# Var[x] is the plain mean of the biased variances, which is too small by (m−1)/m on average. Algorithm 2 multiplies it
# by m/(m−1). (m // (m - 1) is no factor either: // rounds it down to 1.)
# - m / (m - 1) * np.mean([x.var  =>  np.mean([x.var
# The factor is not m/(m−1), but upside down, a root of it, 1/(m−1), with another sign, or with a fixed m. m is the
# number of rows of a batch: len(x).
# - m / (m - 1)  =>  (m - 1) / m
# - m / (m - 1)  =>  np.sqrt(m / (m - 1))
# - m / (m - 1)  =>  1 / (m - 1)
# - m / (m - 1)  =>  4 / 3
# - m / (m - 1)  =>  m / (m + 1)
# - m / (m - 1)  =>  32 / 31
# These are statistics of a single batch, or a batch is left out. Collect those of every batch, then average over all.
# (A return inside the loop ends it at once.)
# - m = len(batches[0])  =>  batches = batches[:1]; m = len(batches[0])
# - m = len(batches[0])  =>  batches = batches[1:]; m = len(batches[0])
# - m = len(batches[0])  =>  batches = batches[:-1]; m = len(batches[0])
# This is a running average (or the batches halved one after the other): late batches weigh more. Algorithm 2 weighs all
# batches alike.
# - mean = np.mean([x.mean(axis=0) for x in batches], axis=0)
# + mean = 0
# +     for x in batches: mean = 0.9 * mean + 0.1 * x.mean(axis=0)
# - mean = np.mean([x.mean(axis=0) for x in batches], axis=0)
# + mean = batches[0].mean(axis=0)
# +     for x in batches[1:]: mean = (mean + x.mean(axis=0)) / 2
# batches is a list: it has no mean, no shape. Work on each array in it, or make one array with np.stack(batches).
# - m = len(batches[0])  =>  m = batches.shape[1]
# - mean = np.mean([x.mean(axis=0) for x in batches], axis=0)  =>  mean = batches.mean(axis=0)
# `x -= …` writes into the caller's batches. Make a new array: x − mean.
# - mean = np.mean([x.mean(axis=0) for x in batches], axis=0)
# + mean = np.mean([x.mean(axis=0) for x in batches], axis=0)
# +     for x in batches: x -= x.mean(axis=0)
# This is the median of the batch means. Algorithm 2 takes their mean.
# - mean = np.mean(  =>  mean = np.median(
# The average runs over the features. The lists of means and variances have one entry per batch, so average over axis 0.
# - np.mean([x.mean(axis=0) for x in batches], axis=0)  =>  np.mean([x.mean(axis=0) for x in batches], axis=1)
# m is taken as the number of batches. In Algorithm 2 m is the number of samples in one batch: the bias comes from each
# batch's own mean.
# - m = len(batches[0])  =>  m = len(batches)
# m is taken as the number of columns (or as m + 1). It is the number of rows of one batch: its samples.
# - m = len(batches[0])  =>  m = batches[0].shape[1]
# m is taken as the number of all samples, over all batches. But each σ²_B was measured around the mean of its own m
# samples: m is the number of rows of one batch.
# - m = len(batches[0])  =>  m = len(batches[0]) * len(batches)
# m/(m−1) multiplies the mean too. A mean of batch means is right as it is: only the variance comes out too small.
# - mean = np.mean(  =>  mean = m / (m - 1) * np.mean(
# Parentheses are missing: `m / m - 1 * …` is 1 minus the rest. Write m / (m - 1).
# - m / (m - 1)  =>  m / m - 1
# The results have the shape (1, D): an axis is left over, as keepdims=True leaves it. Wanted is (D,).
# - x.mean(axis=0)  =>  x.mean(axis=0, keepdims=True)
# & x.var(axis=0)  =>  x.var(axis=0, keepdims=True)
# The factor stands twice: the batch variances have ddof=1, which is m/(m−1) already, and are multiplied by m/(m−1)
# again.
# - x.var(axis=0)  =>  x.var(axis=0, ddof=1)
# The variance is taken over all samples poured together. That needs every activation in memory at once, and it also
# contains the spread between batch means. Algorithm 2 takes one variance per batch, then their mean.
# - m / (m - 1) * np.mean([x.var(axis=0) for x in batches], axis=0)  =>  np.concatenate(batches).var(axis=0, ddof=1)
# The variance of all samples poured together (or taken around the mean of all), biased or with the factor on top.
# m/(m−1) repairs a variance around a batch's own mean: take one variance per batch, then their mean, then the factor.
# - m / (m - 1) * np.mean([x.var(axis=0) for x in batches], axis=0)  =>  np.concatenate(batches).var(axis=0)
# - np.mean([x.var(axis=0) for x in batches], axis=0)  =>  np.concatenate(batches).var(axis=0)
# This is a variance from batch to batch, of the means or row by row. Wanted is how much samples differ: average the
# variance inside each batch.
# - m / (m - 1) * np.mean([x.var(axis=0) for x in batches], axis=0)
# + np.var([x.mean(axis=0) for x in batches], axis=0)
# - np.mean([x.var(axis=0) for x in batches], axis=0)  =>  np.var([x.mean(axis=0) for x in batches], axis=0)
# - m / (m - 1) * np.mean([x.var(axis=0) for x in batches], axis=0)
# + m * np.var([x.mean(axis=0) for x in batches], axis=0, ddof=1)
# - np.mean([x.var(axis=0) for x in batches], axis=0)  =>  np.stack(batches).var(axis=0).mean(axis=0)
# - m / (m - 1) * np.mean([x.var(axis=0) for x in batches], axis=0)
# + np.stack(batches).var(axis=0, ddof=1).mean(axis=0)
# Lists of the batches' statistics come back, one entry per batch. Take the mean over the batches, for the mean and for
# the variance.
# - np.mean([x.mean(axis=0) for x in batches], axis=0)  =>  [x.mean(axis=0) for x in batches]
# & m / (m - 1) * np.mean([x.var(axis=0) for x in batches], axis=0)  =>  [x.var(axis=0) for x in batches]
# The mean is not subtracted before squaring: a variance measures the distance from the mean.
# - x.var(axis=0) for  =>  (x**2).mean(axis=0) for
# Standard deviations are averaged and then squared. The mean of roots is not the root of the mean: average the
# variances.
# - np.mean([x.var(axis=0) for x in batches], axis=0)  =>  np.mean([x.std(axis=0) for x in batches], axis=0) ** 2
# The second result is a standard deviation. BN keeps the variance, because ε is added to it before the root is taken.
# - m / (m - 1) * np.mean([x.var(axis=0) for x in batches], axis=0)
# + np.sqrt(m / (m - 1) * np.mean([x.var(axis=0) for x in batches], axis=0))
# - m / (m - 1) * np.mean([x.var(axis=0) for x in batches], axis=0)
# + np.sqrt(m / (m - 1)) * np.mean([x.std(axis=0) for x in batches], axis=0)
# - np.mean([x.var(axis=0) for x in batches], axis=0)  =>  np.mean([x.std(axis=0) for x in batches], axis=0)
# A sum is not divided: the batches' statistics by the number of batches (m is another number), or the squares inside a
# batch by m. Take means.
# - x.var(axis=0)  =>  ((x - x.mean(axis=0)) ** 2).sum(axis=0)
# - mean = np.mean(  =>  mean = np.sum(
# & (m - 1) * np.mean(  =>  (m - 1) * np.sum(
# - mean = np.mean(  =>  mean = 1 / m * np.sum(
# The two results are in the wrong order: return the mean first, then the variance.
# - return mean, var  =>  return var, mean
# What comes back is no pair of arrays, but one thing, a dict or Python lists. Return both arrays: `return mean, var`.
# - return mean, var  =>  return dict(mean=mean, var=var)
# - return mean, var  =>  return mean.tolist(), var.tolist()
# - return mean, var  =>  return mean
# Nothing comes back. End the function with `return mean, var`.
# - return mean, var  =>  pass
# The mean is taken over all features together, a single number. Each feature has its own: average over the batch only
# (axis 0), so that D numbers remain.
# - np.mean([x.mean(axis=0) for x in batches], axis=0)  =>  np.mean(batches)
# & np.mean([x.var(axis=0) for x in batches], axis=0)  =>  np.mean([x.var() for x in batches])
# %% mistake
# The averaging runs over the wrong axis. Inside a batch average over its rows (axis 0), which leaves (D,); then average
# over the batches, which leaves (D,) again.
# - x.mean(axis=0)  =>  x.mean(axis=1)
# & x.var(axis=0)  =>  x.var(axis=1)
def population_statistics(batches):
    m = len(batches[0])
    return np.mean(batches, axis=1), m / (m - 1) * np.var(batches, axis=1)
# %% mistakes otherwise="E[x] and Var[x] from 7 batches of 4"
# The line above says what differs. mean is the mean of the batch means; var is m/(m−1) times the mean of the biased
# variances, each around its own batch's mean, with nothing else added (no starting value, no spread between batches).
# - return mean, var  =>  return mean, var + np.var([x.mean(axis=0) for x in batches], axis=0)
# %% mistakes of="sums in a loop over the batches"
# Only the last batch is used: the statistics are overwritten in the loop. Collect those of every batch, then average.
# - mean = mean + mu / len(batches)  =>  mean = mu
# & var = var + ((x - mu) ** 2).sum(axis=0) / (m - 1) / len(batches)  =>  var = ((x - mu) ** 2).sum(axis=0) / (m - 1)
# %% mistakes otherwise="float32, mean 1000"
# E[x²] − E[x]² subtracts two huge, nearly equal numbers when the mean is large, and nothing but rounding remains (in
# float32 even with mean 1000). Subtract the mean first, then square: x.var(axis=0) does.
# - x.var(axis=0) for  =>  (x**2).mean(axis=0) - x.mean(axis=0) ** 2 for
# - x.var(axis=0) for  =>  np.einsum("md,md->d", x, x) / m - (x.sum(axis=0) / m) ** 2 for

# %% exercise="update_running"
# %% right="a step towards the new value"
def update_running(running, new, momentum):
    return running + momentum * (new - running)
# %% right="np.average with weights"
def update_running(running, new, momentum):
    return np.average([running, new], axis=0, weights=[1 - momentum, momentum])
# %% right="in place, in a copy (torch's running.mul_(1 - momentum).add_(new, alpha=momentum))"
def update_running(running, new, momentum):
    kept = running.astype(np.float64)
    kept *= 1 - momentum
    kept += momentum * new
    return kept
# %% right="coefficients in an array, a matrix product"
def update_running(running, new, momentum):
    return np.array([1 - momentum, momentum]) @ np.stack([running, new])
# %% right="number by number"
def update_running(running, new, momentum):
    return np.array([(1.0 - momentum) * old + momentum * value for old, value in zip(running, new)])
# %% mistakes
# Momentum is on the wrong value. This is Keras' convention, where momentum is the weight of the old value. In PyTorch's
# it multiplies the new one: 10 and 20 with momentum 0.1 give 11.
# - (1 - momentum) * running + momentum * new  =>  momentum * running + (1 - momentum) * new
# The old value keeps its full weight (or more), so the average grows with every step. The two weights must add up to 1.
# - (1 - momentum) * running  =>  running
# - (1 - momentum) * running  =>  (1 + momentum) * running
# The new value has weight 1. The two weights must add up to 1: what the old value loses, the new one gets.
# - momentum * new  =>  new
# The step goes away from the new value, or this is subtracted. Try 10 and 20: the result must lie between them.
# - + momentum * new  =>  - momentum * new
# - (1 - momentum) * running + momentum * new  =>  running + momentum * (running - new)
# The old value is lost: only the new one comes back. Without (1 − momentum)·running there is no memory.
# - (1 - momentum) * running + momentum * new  =>  momentum * new
# - (1 - momentum) * running + momentum * new  =>  1 * new
# - (1 - momentum) * running + momentum * new  =>  (1 - momentum) * new
# This is the step or the difference alone, or it starts from new. Start from running: add momentum times (new − old).
# - (1 - momentum) * running + momentum * new  =>  momentum * (new - running)
# - (1 - momentum) * running + momentum * new  =>  running - new
# - (1 - momentum) * running + momentum * new  =>  new + momentum * (new - running)
# Both values have the same weight. The new one weighs momentum, the old one what is left of 1.
# - (1 - momentum) * running + momentum * new  =>  momentum * (running + new)
# - (1 - momentum) * running + momentum * new  =>  running + new
# - (1 - momentum) * running + momentum * new  =>  (1 - momentum) * (running + new)
# The average is divided once more, or its weights are squares: Adam's correction for the start is no part of it. The
# weights are 1 − momentum and momentum.
# - (1 - momentum) * running + momentum * new  =>  ((1 - momentum) * running + momentum * new) / (1 - momentum)
# - (1 - momentum) * running + momentum * new  =>  ((1 - momentum) * running + momentum * new) / momentum
# - (1 - momentum) * running + momentum * new  =>  (1 - momentum**2) * running + momentum**2 * new
# - (1 - momentum) * running + momentum * new  =>  (1 - momentum) ** 2 * running + momentum**2 * new
# A step came back in two parts, as a single number, or rounded. Return one array of the same shape, unrounded.
# - return (1 - momentum) * running + momentum * new  =>  return (1 - momentum) * running, momentum * new
# - return (1 - momentum) * running + momentum * new  =>  return np.mean((1 - momentum) * running + momentum * new)
# - return (1 - momentum) * running + momentum * new  =>  return (1 - momentum) * running[0] + momentum * new[0]
# - return (1 - momentum) * running + momentum * new  =>  return ((1 - momentum) * running + momentum * new).astype(int)
# - return (1 - momentum) * running + momentum * new  =>  return np.round((1 - momentum) * running + momentum * new, 2)
# The new value never enters. The two weights must add up to 1: what the old value loses, the new one gets.
# - (1 - momentum) * running + momentum * new  =>  (1 - momentum) * running
# - (1 - momentum) * running + momentum * new  =>  1 * running
# The momentum that is given is not used, or not twice: 0.1 (or 0.9) stands in its place.
# - (1 - momentum) * running  =>  0.9 * running
# - (1 - momentum) * running + momentum * new  =>  0.9 * running + 0.1 * new
# Parentheses are missing: `1 - momentum * running` multiplies first. Write (1 - momentum).
# - (1 - momentum) * running  =>  1 - momentum * running
# - (1 - momentum) * running + momentum * new  =>  momentum * new + running * 1 - momentum
# Momentum is not used: both values have weight one half.
# - (1 - momentum) * running + momentum * new  =>  (running + new) / 2
# Half of it is optimizer momentum: the old value is scaled, and the new one is added in full. A running average weighs
# both, with weights that add up to 1. And in PyTorch momentum is the weight of the new value.
# - (1 - momentum) * running + momentum * new  =>  momentum * running + new
# - (1 - momentum) * running + momentum * new  =>  momentum * running - new
# `running *= …` and `+=` write into the caller's array, so whoever holds it sees it change.
# - return (1 - momentum) * running + momentum * new
# + running *= 1 - momentum; running += momentum * new; return running
# %% mistakes otherwise="one update, momentum 0.1"
# What comes back is not (1 − momentum)·running + momentum·new, element by element, in one new array (D,).
# - momentum * new  =>  momentum * new.mean()

# %% exercise="q_memory"
# %% mistakes
# The number of images in a batch does not enter. One batch is one update, and each update replaces only a share ρ of
# the running value: there were 20 updates.
# - q_memory = "d"  =>  q_memory = "a"
# 12% is 0.9²⁰, with the default momentum of 0.1. Here momentum is 0.01, and each step leaves 0.99 of the old value.
# - q_memory = "d"  =>  q_memory = "b"
# That is the new data's share, 1 − 0.99²⁰. The question asks for the old data's.
# - q_memory = "d"  =>  q_memory = "c"

# %% exercise="batch_norm"
# %% right="the buffers in place, ddof=1, a method for each mode"
class BatchNorm:
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.gamma, self.running_var = np.ones((2, num_features))
        self.beta, self.running_mean = np.zeros((2, num_features))
        self.num_batches_tracked = np.array(0)

    def track(self, x):
        self.num_batches_tracked += 1
        weight = self.momentum
        if weight is None:
            weight = 1.0 / self.num_batches_tracked
        self.running_mean += weight * (x.mean(axis=0) - self.running_mean)
        self.running_var += weight * (np.var(x, axis=0, ddof=1) - self.running_var)

    def normalize(self, x, mean, var):
        scale = self.gamma / np.sqrt(var + self.eps)
        return x * scale + (self.beta - mean * scale)

    def forward(self, x, training):
        if not training:
            return self.normalize(x, self.running_mean, self.running_var)
        if x.shape[0] == 1:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {x.shape}")
        self.track(x)
        return self.normalize(x, np.average(x, axis=0), np.var(x, axis=0))
# %% right="the plain average as a sum of all batches, divided late"
class BatchNorm:
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean, self.running_var = np.zeros(num_features), np.ones(num_features)
        self.num_batches_tracked = 0
        self.eps, self.momentum = eps, momentum
        self.sums = np.zeros((2, num_features))

    def forward(self, x, training):
        if training is True and len(x) < 2:
            raise ValueError("one sample has no variance")
        if training:
            m = len(x)
            mean = x.sum(axis=0) / m
            centred = x - mean
            var = np.einsum("nd,nd->d", centred, centred) / m
            self.num_batches_tracked = self.num_batches_tracked + 1
            new = np.array([mean, var * m / (m - 1)])
            if self.momentum is None:
                self.sums += new
                self.running_mean, self.running_var = self.sums / self.num_batches_tracked
            else:
                keep = 1 - self.momentum
                self.running_mean = np.average([self.running_mean, new[0]], axis=0, weights=[keep, self.momentum])
                self.running_var = keep * self.running_var + self.momentum * new[1]
        else:
            mean, var, centred = self.running_mean, self.running_var, x - self.running_mean
        return self.gamma * (centred * (var + self.eps) ** -0.5) + self.beta
# %% right="feature by feature, in float64"
class BatchNorm:
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.num_features = num_features
        self._eps = eps
        self._rho = momentum
        self.gamma = np.ones(num_features)
        self.beta = np.zeros(num_features)
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)
        self.num_batches_tracked = 0

    def forward(self, x, training):
        if training:
            if len(x) == 1:
                raise ValueError("batch of one")
            self.num_batches_tracked += 1
        y = np.zeros(x.shape)
        for d in range(self.num_features):
            column = x[:, d].astype(np.float64)
            mean, var = self.running_mean[d], self.running_var[d]
            if training:
                mean, var = np.mean(column), np.var(column)
                rho = self._rho if self._rho is not None else 1 / self.num_batches_tracked
                self.running_mean[d] = (1 - rho) * self.running_mean[d] + rho * mean
                self.running_var[d] = (1 - rho) * self.running_var[d] + rho * var * len(x) / (len(x) - 1)
            y[:, d] = self.gamma[d] * (column - mean) / np.sqrt(var + self._eps) + self.beta[d]
        return y
# %% mistakes
# Momentum is on the wrong value: it multiplies the old buffer (or its default was changed to 0.9, the weight of the old
# one). In PyTorch's convention it is the weight of the new batch, 0.1 by default.
# - else self.momentum  =>  else 1 - self.momentum
# - momentum=0.1):  =>  momentum=0.9):
# running_var collects the biased variance, or one with another factor. nn.BatchNorm1d normalizes with the biased
# variance, but puts m/(m−1) times that into running_var: mind the parentheses, and which is above.
# - weight * var * m / (m - 1)  =>  weight * var
# - weight * var * m / (m - 1)  =>  weight * var * (m - 1) / m
# - weight * var * m / (m - 1)  =>  weight * var * m / m - 1
# The training batch is normalized with the unbiased variance. That one is for running_var only: Algorithm 1 divides the
# batch by its biased variance, 1/m.
# - np.sqrt(var + self.eps)  =>  np.sqrt(var * (len(x) / (len(x) - 1) if training else 1) + self.eps)
# m/(m−1) multiplies the whole buffer, so the old part is inflated again at every step. Only the new batch's variance
# gets it.
# - (1 - weight) * self.running_var + weight * var  =>  ((1 - weight) * self.running_var + weight * var)
# running_var stores standard deviations. Keep the variance: eval adds ε to it and takes the root then.
# - weight * var * m / (m - 1)  =>  weight * np.sqrt(var * m / (m - 1))
# The buffers start at 0 and 0. A fresh layer in eval would then divide by √ε. running_var starts at 1, so that a fresh
# layer changes nothing.
# - self.running_var = np.ones(num_features)  =>  self.running_var = np.zeros(num_features)
# running_mean starts at 1. Both buffers together should start as 'change nothing': mean 0, variance 1.
# - self.running_mean = np.zeros(num_features)  =>  self.running_mean = np.ones(num_features)
# gamma and beta start the wrong way round: ones for gamma, which multiplies, zeros for beta, which is added.
# - np.ones(num_features), np.zeros(num_features)  =>  np.zeros(num_features), np.ones(num_features)
# The factor stands twice in running_var: ddof=1 is m/(m−1) already, and is multiplied by m/(m−1) again.
# - weight * var * m / (m - 1)  =>  weight * x.var(axis=0, ddof=1) * m / (m - 1)
# m/(m−1) multiplies the mean too. It belongs to the variance that goes into running_var, to nothing else.
# - self.running_mean + weight * mean  =>  self.running_mean + weight * mean * m / (m - 1)
# The old buffer keeps its full weight, so it grows with every batch. The two weights must add up to 1.
# - (1 - weight) * self.running_mean  =>  self.running_mean
# & (1 - weight) * self.running_var  =>  self.running_var
# A buffer does not change, or neither does. In training update both, running_mean and running_var, after each batch,
# with momentum=None too. Otherwise eval goes on with the starting values 0 and 1.
# - self.running_var = (1 - weight) * self.running_var + weight * var * m / (m - 1)  =>  pass
# - self.running_mean = (1 - weight) * self.running_mean + weight * mean  =>  pass
# - self.running_mean = (1 - weight) * self.running_mean + weight * mean  =>  pass
# & self.running_var = (1 - weight) * self.running_var + weight * var * m / (m - 1)  =>  pass
# Each batch (or the first) gets the weight 1: the buffers are replaced by the last batch's statistics. Blend: weight
# for the new batch, 1 − weight for what was there. (With momentum=None the weight is 1/t. Compute it anew for each
# batch: storing it in self.momentum keeps 1/1 for ever.)
# - (1 - weight) * self.running_mean + weight * mean  =>  mean
# & (1 - weight) * self.running_var + weight * var * m / (m - 1)  =>  var * m / (m - 1)
# - weight = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
# + if self.momentum is None: self.momentum = 1 / self.num_batches_tracked
# +             weight = self.momentum
# - 1 / self.num_batches_tracked if  =>  1.0 if
# In eval the batch's statistics are used. Then a sample's output depends on its neighbours again. With training=False
# use running_mean and running_var.
# - mean, var = self.running_mean, self.running_var  =>  mean, var = x.mean(axis=0), x.var(axis=0)
# - mean, var = self.running_mean, self.running_var  =>  mean, var = x.mean(axis=0), self.running_var
# - mean, var = self.running_mean, self.running_var  =>  mean, var = self.running_mean, x.var(axis=0)
# `training` is not obeyed: the flag is never asked, or asked the wrong way round, or the batch's statistics go into the
# buffers only. In training normalize with the batch and update the buffers; in eval use the buffers and leave them
# alone.
# - if training:  =>  if True:
# - if training:  =>  if not training:
# - mean, var = x.mean(axis=0), x.var(axis=0)  =>  old, mean, var = (mean, var), x.mean(axis=0), x.var(axis=0)
# & x_hat = (x - mean)  =>  mean, var = old if training else (mean, var); x_hat = (x - mean)
# num_batches_tracked counts eval batches too. It counts training batches: momentum=None divides by it.
# - x_hat = (x - mean)  =>  self.num_batches_tracked += 0 if training else 1; x_hat = (x - mean)
# The training batch is normalized with the running statistics. In training use the batch's own; the buffers are only
# filled, for later.
# - (x - mean) / np.sqrt(var + self.eps)  =>  (x - self.running_mean) / np.sqrt(self.running_var + self.eps)
# γ or β is missing, or is not read from the attributes gamma and beta when forward is called (weight and bias are
# PyTorch's names). They apply in both modes: training and eval differ only in the statistics.
# - return self.gamma * x_hat + self.beta  =>  return x_hat + self.beta
# - return self.gamma * x_hat + self.beta  =>  return self.gamma * x_hat
# - return self.gamma * x_hat + self.beta  =>  return self.gamma * x_hat + self.beta if training else x_hat
# - return self.gamma * x_hat + self.beta  =>  return x_hat
# In eval running_var is multiplied by m/(m−1). It got that factor when it was stored, and the batch in eval has no say:
# use running_var as it is.
# - np.sqrt(var + self.eps)  =>  np.sqrt(var * (1 if training else len(x) / (len(x) - 1)) + self.eps)
# γ and β are not where they belong: γ multiplies x̂ alone, then β is added.
# - self.gamma * x_hat + self.beta  =>  self.gamma * (x_hat + self.beta)
# - self.gamma * x_hat + self.beta  =>  self.gamma * x_hat - self.beta
# - self.gamma * x_hat + self.beta  =>  self.beta * x_hat + self.gamma
# ε stands outside the root. Both modes divide by √(variance + ε).
# - np.sqrt(var + self.eps)  =>  (np.sqrt(var) + self.eps)
# ε is missing, squared, or only a lower bound (np.maximum). Both modes divide by √(variance + ε), with the eps given to
# the layer. Eval needs it too: a feature that was constant in training has a running_var near 0.
# - np.sqrt(var + self.eps)  =>  np.sqrt(var + self.eps**2)
# - np.sqrt(var + self.eps)  =>  np.sqrt(var)
# - np.sqrt(var + self.eps)  =>  np.sqrt(var + (self.eps if training else 0))
# The eps or the momentum given to the layer is not used: its default is written in its place. Keep the argument in
# __init__, and use it in forward.
# - np.sqrt(var + self.eps)  =>  np.sqrt(var + 1e-5)
# - else self.momentum  =>  else 0.1
# The square root is missing: x̂ divides by √(variance + ε), not by variance + ε.
# - np.sqrt(var + self.eps)  =>  (var + self.eps)
# num_batches_tracked is too small when it is needed: it never grows, or not for every momentum, or it grows only after
# 1/num_batches_tracked was taken (1/0). Count each training batch, and before you use the count.
# - self.num_batches_tracked += 1  =>  pass
# - self.num_batches_tracked += 1  =>  self.num_batches_tracked += self.momentum is None
# - self.num_batches_tracked += 1  =>  pass
# & self.running_mean = (1 - weight)  =>  self.num_batches_tracked += 1; self.running_mean = (1 - weight)
# - self.num_batches_tracked += 1  =>  pass
# & 1 / self.num_batches_tracked if  =>  1 / max(self.num_batches_tracked, 1) if
# & self.running_mean = (1 - weight)  =>  self.num_batches_tracked += 1; self.running_mean = (1 - weight)
# num_batches_tracked is 1 where no batch has gone in: either it starts at 1, or it counts a batch of one that is
# refused afterwards. It starts at 0 and counts training batches, after the look at N.
# - self.num_batches_tracked = 0  =>  self.num_batches_tracked = 1
# - if m < 2:
# + self.num_batches_tracked += m == 1
# +             if m < 2:
# The batch of one is refused with another error than ValueError. Write raise ValueError(…), as nn.BatchNorm1d does: an
# assert or another exception is no ValueError.
# - raise ValueError  =>  raise RuntimeError
# - raise ValueError  =>  raise TypeError
# - raise ValueError  =>  raise Exception
# - raise ValueError  =>  raise AssertionError
# `x.shape[1]` is the number of features. The number of samples is len(x), x.shape[0].
# - weight * var * m / (m - 1)  =>  weight * var * x.shape[1] / (x.shape[1] - 1)
# A training batch of two is refused. Its variance is no problem: only a batch of one has none.
# - if m < 2:  =>  if m <= 2:
# gamma, beta and the buffers of a fresh layer are arrays of shape (num_features,): not (1, D), not numbers, not None.
# - self.running_mean = np.zeros(num_features)  =>  self.running_mean = 0.0
# - self.running_mean = np.zeros(num_features)  =>  self.running_mean = np.zeros((1, num_features))
# - np.ones(num_features), np.zeros(num_features)  =>  np.ones((1, num_features)), np.zeros((1, num_features))
# - self.running_mean = np.zeros(num_features)  =>  self.running_mean = None
# & self.running_var = np.ones(num_features)  =>  self.running_var = None
# The mode is the argument `training`, not an attribute of the layer.
# - if training:  =>  if self.training:
# The methods are called as bn.forward(x, training=True): keep the name forward and its two arguments.
# - def forward(self, x, training):  =>  def forward(self, x):
# & if training:  =>  if True:
# - def forward(self, x, training):  =>  def __call__(self, x, training):
# Several things came back, or the numbers are rounded. forward returns y, as it is.
# - return self.gamma * x_hat + self.beta  =>  return self.gamma * x_hat + self.beta, x_hat
# - return self.gamma * x_hat + self.beta  =>  return np.round(self.gamma * x_hat + self.beta, 3)
# ε goes into running_var. It is added under the root, when x is normalized, once, and stored nowhere.
# - x.mean(axis=0), x.var(axis=0)  =>  x.mean(axis=0), x.var(axis=0) + self.eps
# - weight * var * m / (m - 1)  =>  weight * (var * m / (m - 1) + self.eps)
# - weight * var * m / (m - 1)  =>  weight * (var + self.eps) * m / (m - 1)
# The buffers take the statistics of something else than x: of x̂ or of y. They are those of the input x.
# - self.running_mean + weight * mean  =>  self.running_mean + weight * self.beta
# - weight * var * m / (m - 1)  =>  weight * var / (var + self.eps) * m / (m - 1)
# The buffers start anew at every call. Make them in __init__, and update them in forward.
# - self.num_batches_tracked += 1
# + self.num_batches_tracked += 1; self.running_mean, self.running_var = np.zeros_like(mean), np.ones_like(var)
# The batch is normalized with a mixture of its own statistics and the running ones, or its variance is taken around 0.
# In training use the batch's alone, the variance around the batch's own mean.
# - x.mean(axis=0), x.var(axis=0)
# + (x.mean(axis=0) + self.running_mean) / 2, (x.var(axis=0) + self.running_var) / 2
# - x.mean(axis=0), x.var(axis=0)  =>  x.mean(axis=0), ((x - self.running_mean) ** 2).mean(axis=0)
# - x.mean(axis=0), x.var(axis=0)  =>  x.mean(axis=0), self.running_var
# num_batches_tracked counts samples. It counts batches: one more for each call in training, however many rows x has.
# - self.num_batches_tracked += 1  =>  self.num_batches_tracked += m
# momentum=None is treated like the default 0.1. It means the plain average of all batches: the t-th batch gets the
# weight 1/t.
# - 1 / self.num_batches_tracked if  =>  0.1 if
# The plain average is off by one: the first batch should get the weight 1, the second 1/2. Count the batch before you
# use the count, and don't add 1 again.
# - 1 / self.num_batches_tracked if  =>  1 / (self.num_batches_tracked + 1) if
# With momentum=None the batches are weighed by their size. In nn.BatchNorm1d every batch counts the same: the t-th gets
# the weight 1/t.
# - self.num_batches_tracked += 1  =>  self.num_batches_tracked += 1; self.seen = getattr(self, 'seen', 0) + m
# & 1 / self.num_batches_tracked if  =>  m / self.seen if
# momentum=0 is taken for None. To `or` and to a bare `if self.momentum` 0 counts as absent. Ask `is None`.
# - 1 / self.num_batches_tracked if self.momentum is None else self.momentum
# + self.momentum or 1 / self.num_batches_tracked
# momentum=None reaches the arithmetic. Ask `self.momentum is None` first: the weight is then one over the number of
# batches so far.
# - 1 / self.num_batches_tracked if self.momentum is None else self.momentum  =>  self.momentum
# A training batch of one is not refused, or too late: y is returned, the error is returned instead of raised, or the
# buffers have changed by then (m/(m−1) is 1/0). Raise ValueError before anything is computed. In eval one sample is
# fine. (The number of samples is len(x).)
# - if m < 2:  =>  if x.shape[1] < 2:
# - if m < 2:  =>  if False:
# - if m < 2:  =>  if False:
# & weight * var * m / (m - 1)  =>  weight * x.var(axis=0, ddof=1)
# - if m < 2:  =>  if False:
# & weight * var * m / (m - 1)  =>  m / (m - 1) * weight * var
# - if m < 2:
# + self.running_mean = self.running_mean + (m < 2) * (x.mean(axis=0) - self.running_mean) * 0.1
# +             if m < 2:
# - raise ValueError  =>  return ValueError
# - raise ValueError(f"training needs more than one sample, got {m}")  =>  return x
# - raise ValueError(f"training needs more than one sample, got {m}")  =>  return self.forward(x, False)
# - raise ValueError(f"training needs more than one sample, got {m}")  =>  return self.beta + 0 * x
# A batch of one is refused in eval too. Serving single samples is what eval is for: raise only when training.
# - self.running_mean, self.running_var  =>  self.running_mean, self.running_var; len(x) > 1 or {}["one sample in eval"]
# - mean, var = self.running_mean, self.running_var
# + mean, var = self.running_mean, self.running_var
# +         if len(x) < 2: raise ValueError("one sample")
# `x -= …` and `x /= …` write into the caller's array, and the backward pass needs it too: assign to a new name.
# - x_hat = (x - mean) / np.sqrt(var + self.eps)  =>  x -= mean; x /= np.sqrt(var + self.eps); x_hat = x
# Statistics run along the wrong axis, or over everything. x is (N, D): average over the N samples, axis 0, so that each
# feature keeps its own.
# - x.mean(axis=0), x.var(axis=0)  =>  x.mean(), x.var()
# - x.mean(axis=0), x.var(axis=0)  =>  x.mean(axis=1), x.var(axis=1)
# - x.mean(axis=0), x.var(axis=0)  =>  x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
# The buffers take the shape (1, D), from statistics made with keepdims=True. They are (D,), which broadcasts against
# (N, D) just as well.
# - x.mean(axis=0), x.var(axis=0)  =>  x.mean(axis=0, keepdims=True), x.var(axis=0, keepdims=True)
# A layer that has seen no batch uses the batch in eval. The flag alone decides: in eval a fresh layer uses its mean 0
# and its variance 1.
# - mean, var = self.running_mean, self.running_var
# + mean, var = (self.running_mean, self.running_var) if self.num_batches_tracked else (x.mean(axis=0), x.var(axis=0))
# The last line of forward should return y.
# - return self.gamma * x_hat + self.beta  =>  self.gamma * x_hat + self.beta
# A default was changed. nn.BatchNorm1d's are eps=1e-5 and momentum=0.1: keep those of the signature.
# - momentum=0.1):  =>  momentum=0.99):
# - momentum=0.1):  =>  momentum=0.01):
# - eps=1e-5, momentum  =>  eps=1e-3, momentum
# - eps=1e-5, momentum  =>  eps=1e-8, momentum
# A buffer and gamma or beta are one and the same array: a step on one changes the other. Make an array for each.
# - self.running_mean = np.zeros(num_features)  =>  self.running_mean = self.beta
# - self.running_var = np.ones(num_features)  =>  self.running_var = self.gamma
# In eval a buffer changes. What is seen in eval must leave no trace.
# - x_hat = (x - mean)  =>  self.running_mean = self.running_mean * 0.9 + 0.1 * x.mean(axis=0); x_hat = (x - mean)
# & self.running_mean = (1 - weight) * self.running_mean + weight * mean  =>  pass
# %% mistakes of="the buffers in place, ddof=1, a method for each mode"
# The buffers are updated in eval too. What is seen in eval must leave no trace: otherwise the test data leak into the
# model, and the order of the requests matters.
# - return self.normalize(x, self.running_mean, self.running_var)
# + y = self.normalize(x, self.running_mean, self.running_var); self.track(x); return y
# - return self.normalize(x, self.running_mean, self.running_var)
# + self.track(x); return self.normalize(x, self.running_mean, self.running_var)
# %% mistakes otherwise="y of a training batch"
# In training y is one array (N, D), γ·(x − μ)/√(σ² + ε) + β, each feature with its batch's mean and biased variance and
# with the layer's eps. Something is left out, doubled, exchanged or added here.
# - x_hat = (x - mean)  =>  x_hat = x
# %% mistakes otherwise="buffers after 1 training batch, momentum 0.3"
# After a training batch each buffer is (1 − momentum) times what it was, plus momentum times the new: the batch's mean,
# or m/(m−1) times its biased variance. The line above says where that fails.
# - weight * var * m / (m - 1)  =>  weight * ((x - self.running_mean) ** 2).sum(axis=0) / (m - 1)
# %% mistakes otherwise="y in eval, and the buffers after it"
# In eval y is γ·(x − running_mean)/√(running_var + ε) + β, whatever was counted, and nothing in the layer changes. The
# line above says where that fails.
# - mean, var = self.running_mean, self.running_var  =>  mean, var = self.running_mean, self.running_var**0.5
# %% mistakes otherwise="y in training, float32, mean 1000"
# E[x²] − E[x]² subtracts two huge, nearly equal numbers when the mean is large, and nothing but rounding remains.
# x.var(axis=0) subtracts the mean first.
# - x.mean(axis=0), x.var(axis=0)  =>  x.mean(axis=0), (x**2).mean(axis=0) - x.mean(axis=0) ** 2

# %% exercise="q_wrong_mode"
# %% mistakes
# The buffers are not updated by gradients. They are updated by every forward pass in training mode: look at your
# forward.
# - q_wrong_mode = "a"  =>  q_wrong_mode = "c"
# γ and β change only by gradient descent, and no gradient was computed. Which attributes does forward itself change?
# - q_wrong_mode = "a"  =>  q_wrong_mode = "b"
# Weights change only by gradient descent, and no gradient was computed. Which attributes does forward itself change?
# - q_wrong_mode = "a"  =>  q_wrong_mode = "d"

# %% exercise="fold_into_linear"
# %% right="matrix products with a diagonal matrix"
def fold_into_linear(W, b, gamma, beta, mean, var, eps=1e-5):
    S = np.diag(gamma / np.sqrt(var + eps))
    return W @ S, b @ S + (beta - mean @ S)
# %% right="PyTorch's layout, one row per feature (fuse_linear_bn_eval), turned back"
def fold_into_linear(W, b, gamma, beta, mean, var, eps=1e-5):
    var_rsqrt = (var + eps) ** -0.5
    weight = W.T * (gamma * var_rsqrt).reshape(-1, 1)
    return weight.T, (b - mean) * var_rsqrt * gamma + beta
# %% right="PyTorch's own function"
import torch

def fold_into_linear(W, b, gamma, beta, mean, var, eps=1e-5):
    W, b, gamma, beta, mean, var = (torch.as_tensor(np.array(a)) for a in (W, b, gamma, beta, mean, var))
    fused = torch.nn.utils.fusion.fuse_linear_bn_weights(W.T, b, mean, var, eps, gamma, beta)
    return fused[0].detach().numpy().T, fused[1].detach().numpy()
# %% right="read off the function: b at the origin, W at the unit vectors"
def fold_into_linear(W, b, gamma, beta, mean, var, eps=1e-5):
    def layers(x):
        return gamma * (x @ W + b - mean) / np.sqrt(var + eps) + beta

    at_zero = layers(np.zeros(len(W)))
    return layers(np.eye(len(W))) - at_zero, at_zero
# %% right="feature by feature, the results in a list"
def fold_into_linear(W, b, gamma, beta, mean, var, eps=1e-5):
    new_W, new_b = np.zeros(W.shape), np.zeros(b.shape)
    for k in range(len(b)):
        std = np.sqrt(var[k] + eps)
        new_W[:, k] = gamma[k] * W[:, k] / std
        new_b[k] = gamma[k] * b[k] / std - gamma[k] * mean[k] / std + beta[k]
    return [new_W, new_b]
# %% mistakes
# ε is missing, or only replaces a variance that is smaller (np.maximum), or is squared. BN at inference divides by
# √(var + ε); the folded layer must do the same, or a feature that never varied divides by zero.
# - np.sqrt(var + eps)  =>  np.sqrt(np.maximum(var, eps))
# - np.sqrt(var + eps)  =>  np.sqrt(var + eps**2)
# - np.sqrt(var + eps)  =>  np.sqrt(var)
# ε stands outside the root: it is √(var + ε).
# - np.sqrt(var + eps)  =>  (np.sqrt(var) + eps)
# - np.sqrt(var + eps)  =>  (np.sqrt(var) + np.sqrt(eps))
# The eps that is given is not used: 1e-5 is written in its place.
# - var + eps  =>  var + 1e-5
# The root is missing: BN divides by the standard deviation √(var + ε).
# - np.sqrt(var + eps)  =>  (var + eps)
# - np.sqrt(var + eps)  =>  np.maximum(var, 1e-12)
# γ is missing from the scale. What multiplies z is γ/√(var + ε).
# - gamma / np.sqrt(var + eps)  =>  1 / np.sqrt(var + eps)
# γ and β are exchanged: γ multiplies, β is added.
# - gamma / np.sqrt(var + eps)  =>  beta / np.sqrt(var + eps)
# & * scale + beta  =>  * scale + gamma
# The scale multiplies by √(var + ε), but BN divides by it.
# - gamma / np.sqrt(var + eps)  =>  gamma * np.sqrt(var + eps)
# The layer's own bias b is forgotten. It is part of z, so BN scales it too.
# - (b - mean) * scale  =>  -mean * scale
# b is kept, but not scaled. It is part of z, and BN scales all of z.
# - (b - mean) * scale  =>  b - mean * scale
# The mean is not scaled. BN subtracts it first and scales then: the difference b − mean is scaled as a whole.
# - (b - mean) * scale  =>  b * scale - mean
# The mean is missing. Multiply out γ(z − mean)/√(var + ε): a term with the mean stands alone and belongs into b.
# - (b - mean) * scale  =>  b * scale
# The mean has the wrong sign: BN subtracts it.
# - (b - mean)  =>  (b + mean)
# β is missing. It is added last, after the scaling.
# - * scale + beta  =>  * scale
# β is scaled too. In BN it is added after the scaling.
# - (b - mean) * scale + beta  =>  (b - mean + beta) * scale
# W is returned unchanged. What BN multiplies z by has to go into W.
# - return W * scale  =>  return W
# b is returned unchanged. Multiply out: b is scaled, and two more terms join it.
# - (b - mean) * scale + beta  =>  b
# Rows are scaled. In z = x @ W + b with W (D_in, D_out) a feature is a column of W, and scale has one number per
# column. Scaling rows is right for PyTorch's layout (D_out, D_in).
# - return W * scale  =>  return np.diag(scale) @ W
# - return W * scale  =>  return W * scale[:, None]
# - return W * scale  =>  return (W.T * scale).T
# W comes back transposed, as (D_out, D_in). Keep the layout (D_in, D_out).
# - return W * scale  =>  return (W * scale).T
# W is multiplied by the scale as a matrix product, which adds up over features. Each column is scaled on its own: an
# elementwise product, broadcast over the rows.
# - return W * scale  =>  return W @ scale
# The two results are in the wrong order: return W first, then b.
# - return W * scale, (b - mean) * scale + beta  =>  return (b - mean) * scale + beta, W * scale
# `W *= …` and `b -= …` write into the caller's array, and folding twice would scale twice. W * … makes a new one.
# - return W * scale  =>  W *= scale; return W
# - return W * scale, (b - mean) * scale + beta  =>  b -= mean; b *= scale; return W * scale, b + beta
# One thing comes back, or three. W and b both change: return these two, as a pair.
# - return W * scale, (b - mean) * scale + beta  =>  return W * scale
# - return W * scale, (b - mean) * scale + beta  =>  return W * scale, (b - mean) * scale + beta, scale
# A dict came back. Return the two arrays themselves, W first.
# - return W * scale, (b - mean) * scale + beta  =>  return dict(W=W * scale, b=(b - mean) * scale + beta)
# The new W holds more than W times the scale. Only the scale multiplies x: b, mean and beta belong into b.
# - return W * scale  =>  return (W - mean) * scale
# - return W * scale  =>  return W * scale + beta
# - return W * scale  =>  return (W - mean) * scale + beta
# - return W * scale  =>  return W * scale + b * scale
# The statistics of W's own columns are used. BN normalizes z = x @ W + b; its mean and var are given.
# - return W * scale  =>  return gamma * (W - W.mean(axis=0)) / np.sqrt(W.var(axis=0) + eps) + beta
# - np.sqrt(var + eps)  =>  np.sqrt(W.var(axis=0) + eps)
# - (b - mean)  =>  (b - W.mean(axis=0))
# b has an axis too many, or was made from W. It keeps its shape (D_out,).
# - (b - mean) * scale + beta  =>  ((b - mean) * scale + beta)[None]
# - (b - mean) * scale + beta  =>  (W - mean) * scale + beta
# The scale is upside down: γ/√(var + ε) multiplies z.
# - gamma / np.sqrt(var + eps)  =>  np.sqrt(var + eps) / gamma
# - return W * scale, (b - mean) * scale + beta  =>  return W / scale, (b - mean) / scale + beta
# γ is used without its sign. A learned γ may be negative: use it as it is.
# - gamma / np.sqrt(var + eps)  =>  np.abs(gamma) / np.sqrt(var + eps)
# `a ** 1 / 2` is (a ** 1) / 2, half of a. np.sqrt takes the root of every element.
# - gamma / np.sqrt(var + eps)  =>  gamma / (var + eps) ** 1 / 2
# The variance is multiplied by n/(n − 1). It is given: use it as it is.
# - np.sqrt(var + eps)  =>  np.sqrt(var * len(W) / (len(W) - 1) + eps)
# Nothing comes back. End with a return of the new W and the new b.
# - return W * scale, (b - mean) * scale + beta  =>  pass
# %% mistakes otherwise="W after folding"
# The new W is not W times γ/√(var + ε), each column with its own number, and first of the two results.
# - return W * scale  =>  return W * scale.sum()
# %% mistakes otherwise="b after folding"
# The new b is (b − mean)·scale + β, with scale = γ/√(var + ε). Here a sign is turned, a factor is missing, doubled or
# on the wrong term, or a term is missing or of another array.
# - (b - mean) * scale + beta  =>  (mean - b) * scale + beta
# - (b - mean) * scale + beta  =>  (b - mean) * scale - beta
# - (b - mean) * scale + beta  =>  (b - mean) * scale + beta * gamma
# - (b - mean) * scale + beta  =>  (b - mean) * gamma + beta
# - (b - mean) * scale + beta  =>  gamma * (b - mean / np.sqrt(var + eps)) + beta
# - (b - mean) * scale + beta  =>  b * scale - mean * gamma + beta
# - (b - mean) * scale + beta  =>  (b - mean * scale) * scale + beta
# - (b - mean) * scale + beta  =>  b + beta
# - (b - mean) * scale + beta  =>  beta
