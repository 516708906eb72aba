# %% exercise="channel_statistics"
# %% right="rows, by moveaxis and reshape"
def channel_statistics(x):
    rows = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
    return np.mean(rows, axis=0), np.var(rows, axis=0)
# %% right="a list comprehension over channels, a list comes back"
def channel_statistics(x):
    channels = [x[:, c] for c in range(x.shape[1])]
    mean = np.array([channel.mean() for channel in channels])
    var = np.array([((channel - mu) ** 2).mean() for channel, mu in zip(channels, mean)])
    return [mean, var]
# %% right="einsum, float64 inside"
def channel_statistics(x):
    N, C, H, W = x.shape
    m, x64 = N * H * W, x.astype(np.float64)
    mean = np.einsum("nchw->c", x64) / m
    centred = x64 - mean[None, :, None, None]
    var = np.einsum("nchw,nchw->c", centred, centred) / m
    return mean.astype(x.dtype), var.astype(x.dtype)
# %% right="keepdims, then squeeze"
def channel_statistics(x):
    mean = np.mean(x, axis=(0, 2, 3), keepdims=True)
    var = np.square(x - mean).sum((0, 2, 3)) / (x.size // x.shape[1])
    return mean.squeeze((0, 2, 3)), var
# %% mistakes
# These averages are over the examples only: every activation gets a mean of its own, and C·H·W of them come back. That
# is unit 03 per activation. A channel's mean runs over its rows and columns, too.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean(axis=0)
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=0)
# These averages are over rows and columns only: every image gets a mean of its own, N·C in all. That is instance
# normalization (section 10). Here all images of the batch share a channel's mean.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean(axis=(2, 3))
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=(2, 3))
# The last axis was kept, as if the channels came last (N, H, W, C). Here they are axis 1: (N, C, H, W), PyTorch's
# order.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean(axis=(0, 1, 2))
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=(0, 1, 2))
# reshape(-1, C) does not gather the channels. It cuts the numbers, in their order, into rows of C; and in that order
# the last axis runs fastest, W, not the channels. So each column is a mixture of channels. Move the channels' axis to
# the end first, or average over axes without any reshape.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.reshape(-1, x.shape[1]).mean(axis=0)
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.reshape(-1, x.shape[1]).var(axis=0)
# reshape(C, -1) does not gather the channels: it cuts the numbers, in their order, into C pieces, and the first image
# alone holds all channels. Move the channels' axis first, then reshape.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.reshape(x.shape[1], -1).mean(axis=1)
# The channels were moved to the front, (C, N, H, W), and then cut into rows of C. reshape fills rows along the last
# axis, so that is where the channels must be: the last place.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.transpose(1, 0, 2, 3).reshape(-1, x.shape[1]).mean(axis=0)
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))
# + var = x.transpose(1, 0, 2, 3).reshape(-1, x.shape[1]).var(axis=0)
# The channels were moved to the last place, but then only the examples were averaged. Reshape to rows, (N·H·W, C),
# before you average over axis 0.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.transpose(0, 2, 3, 1).mean(axis=0)
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.transpose(0, 2, 3, 1).var(axis=0)
# The channels were averaged away, and everything else is still there. It is the other way round: keep axis 1, and let
# the other three go.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean(axis=1)
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=1)
# The averages are over channels, rows and columns: one for each image. That is layer normalization (section 10). Keep
# the channels, axis 1, and average over the images.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean(axis=(1, 2, 3))
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=(1, 2, 3))
# This is one mean for the whole array. Each channel comes from a filter of its own and has its own scale: C means are
# wanted.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean()
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var()
# The sum runs over N·H·W numbers but was divided by N. What a mean is divided by is the number of values that went into
# it: m = N·H·W.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.sum(axis=(0, 2, 3)) / len(x)
# The sum runs over N·H·W numbers but was divided by another count, H·W or C·N·H·W. Here m is N·H·W.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.sum(axis=(0, 2, 3)) / x[0, 0].size
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.sum(axis=(0, 2, 3)) / x.size
# NumPy's word is axis= (and keepdims=); dim= and keepdim= are PyTorch's.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean(dim=(0, 2, 3))
# Several axes are one argument, a tuple: axis=(0, 2, 3). A list is refused, and a second argument is taken for a dtype.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean(axis=[0, 2, 3])
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean(0, 2, 3)
# The squared deviations of N·H·W numbers are summed, but divided by N. Here m is N·H·W.
# - var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))
# + var = ((x - mean.reshape(-1, 1, 1)) ** 2).sum(axis=(0, 2, 3)) / len(x)
# This averages the variances that the single images have. It leaves out how far the images' own means lie apart.
# Measure every deviation from the channel's one mean, then average once over all three axes.
# - var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=(2, 3)).mean(axis=0)
# A variance in steps leaves something out: the variance of means does not see the spread around them, the mean of
# variances does not see how far the means lie apart. Average the squared deviations once, over all three axes.
# - var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.mean(axis=(2, 3)).var(axis=0)
# - var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=0).mean(axis=(1, 2))
# This is the variance with m − 1 in place of m (ddof=1). Training divides by m; m − 1 belongs to the running variance
# (unit 05).
# - var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=(0, 2, 3), ddof=1)
# This is the standard deviation. The variance, its square, is asked for.
# - var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.std(axis=(0, 2, 3))
# The numbers are right, but the axes that were averaged away are still there, with length 1. That is handy for
# broadcasting, but shape (C,) is asked for: flatten the results before you return them.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean(axis=(0, 2, 3), keepdims=True)
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=(0, 2, 3), keepdims=True)
# NumPy lines shapes up from the right: (C,) and (1, C) land on the columns W, (C, 1) on the rows H, (C, 1, 1, 1) on the
# images; where the lengths agree, in silence. Give it the shape (C, 1, 1), or make rows, (N·H·W, C), of all first.
# - mean.reshape(-1, 1, 1)  =>  mean
# - mean.reshape(-1, 1, 1)  =>  mean.reshape(-1, 1)
# - mean.reshape(-1, 1, 1)  =>  mean.reshape(1, -1)
# The two results are in the wrong order: the mean comes first, the variance second.
# - return mean, var  =>  return var, mean
# Either only the mean came back, or only one channel was averaged. Return two arrays, separated by a comma: C means,
# C variances.
# - return mean, var  =>  return mean
# Your function returns nothing (None). End it with a return statement that gives the mean and the variance.
# - return mean, var  =>  pass
# These are sums: they are not yet divided by m = N·H·W, the count of what was added.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.sum(axis=(0, 2, 3))
# - ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis  =>  ((x - mean.reshape(-1, 1, 1)) ** 2).sum(axis
# The numbers are right, but their shape is (C, 1, 1). That shape is needed for the subtraction; return (C,).
# - return mean, var  =>  return mean.reshape(-1, 1, 1), var.reshape(-1, 1, 1)
# One axis of the maps is still there. Rows (axis 2) and columns (axis 3) must both go, and the examples (axis 0): only
# the channels stay.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean(axis=(0, 2))
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=(0, 2))
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = x.mean(axis=(0, 3))
# & var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=(0, 3))
# This is the mean of x². The variance is the mean of (x − μ)²: subtract the channel's mean before you square.
# - var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = (x**2).mean(axis=(0, 2, 3))
# This is the mean of |x − μ|. For the variance the deviations are squared.
# - ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  abs(x - mean.reshape(-1, 1, 1)).mean(axis=(0, 2, 3))
# One array of shape (2, C) came back. Return two, separated by a comma: the mean, the variance.
# - return mean, var  =>  return np.stack([mean, var])
# A dict came back. Return two arrays, separated by a comma: the mean, the variance.
# - return mean, var  =>  return dict(mean=mean, var=var)
# %% mistakes otherwise="mean of each channel"
# Two arrays of shape (C,) are wanted, mean[c] the mean of x[:, c], each number once, as it is. Here channels are mixed
# (by a reshape), other axes are averaged, numbers are changed, left out or weighted, it is no mean, or no array.
# - mean = x.mean(axis=(0, 2, 3))  =>  mean = np.median(x, axis=(0, 2, 3))
# %% mistakes otherwise="mean and variance of each channel"
# var[c] is the mean of (x[:, c] − mean[c])². Here none or another mean is subtracted (of an image, of all channels),
# the square is missing or of something else, what is divided by is not m, or a root is taken.
# - var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = ((x - x.mean()) ** 2).mean(axis=(0, 2, 3))
# %% mistakes of="einsum, float64 inside"
# The sums were made in float64, and the results were left so. x came as float32, and who goes on with it expects
# float32 again: .astype(x.dtype).
# - mean.astype(x.dtype), var.astype(x.dtype)  =>  mean, var
# %% mistakes hidden=true
# ε was added to the variance. It belongs under the root of the normalization, not here.
# - var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = x.var(axis=(0, 2, 3)) + 1e-5
# E[x²] − E[x]² subtracts two huge, nearly equal numbers when the mean is large, and their digits cancel (unit 03).
# Subtract the mean first, then square.
# - var = ((x - mean.reshape(-1, 1, 1)) ** 2).mean(axis=(0, 2, 3))  =>  var = (x**2).mean(axis=(0, 2, 3)) - mean**2

# %% exercise="batchnorm2d_forward"
# %% right="statistics over axes 0, 2 and 3"
def batchnorm2d_forward(x, gamma, beta, eps=1e-5):
    mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    x_hat = (x - mean.reshape(-1, 1, 1)) / np.sqrt(var.reshape(-1, 1, 1) + eps)
    y = gamma.reshape(-1, 1, 1) * x_hat + beta.reshape(-1, 1, 1)
    return y, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)
# %% right="channel by channel, in a loop"
def batchnorm2d_forward(x, gamma, beta, eps=1e-5):
    y, x_hat, means, variances = np.empty_like(x), np.empty_like(x), [], []
    for c in range(x.shape[1]):
        column, cache = batchnorm_forward(x[:, c].reshape(-1, 1), gamma[c : c + 1], beta[c : c + 1], eps)
        y[:, c], x_hat[:, c] = column.reshape(x[:, c].shape), cache["x_hat"].reshape(x[:, c].shape)
        means.append(cache["mean"].item())
        variances.append(cache["var"].item())
    return y, dict(x=x, x_hat=x_hat, mean=np.array(means), var=np.array(variances), gamma=gamma, eps=eps)
# %% right="float64 inside, einsum, a scale for each channel"
def batchnorm2d_forward(x, gamma, beta, eps=1e-5):
    wide, m = x.astype(np.float64), x[:, 0].size
    mean = np.einsum("nchw->c", wide) / m
    centred = wide - mean[None, :, None, None]
    var = np.einsum("nchw,nchw->c", centred, centred) / m
    x_hat = np.einsum("nchw,c->nchw", centred, (var + eps) ** -0.5)
    y = (np.einsum("nchw,c->nchw", x_hat, gamma) + np.reshape(beta, (1, -1, 1, 1))).astype(x.dtype)
    cache = {"x": x, "x_hat": x_hat, "mean": mean, "var": var, "gamma": gamma, "eps": eps, "std": np.sqrt(var + eps)}
    return [y, cache]
# %% mistakes
# y comes from PyTorch's own batch norm. The exercise is to get there with the batchnorm_forward of unit 03, or with
# NumPy's axes: PyTorch comes afterwards, to compare with.
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)
# + y = F.batch_norm(
# +         torch.tensor(x.copy()), None, None, torch.tensor(gamma), torch.tensor(beta), training=True, eps=eps
# +     ).numpy()
# The channels were not moved to the last place before reshape(-1, C), so each row mixes channels. The shape is right,
# the content is not: see the zeros, ones and twos above.
# - x.transpose(0, 2, 3, 1).reshape(-1, C)  =>  x.reshape(-1, C)
# & x_hat = cache["x_hat"].reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  x_hat = cache["x_hat"].reshape(x.shape)
# & y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = y.reshape(x.shape)
# The channels were moved to the front, (C, N, H, W), and then cut into rows of C. reshape fills rows along the last
# axis, so that is where the channels must be: the last place.
# - x.transpose(0, 2, 3, 1).reshape(-1, C)  =>  x.transpose(1, 0, 2, 3).reshape(-1, C)
# & ["x_hat"].reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  ["x_hat"].reshape(C, N, H, W).transpose(1, 0, 2, 3)
# & y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = y.reshape(C, N, H, W).transpose(1, 0, 2, 3)
# There and back are not the same: the rows were made from (N, H, W, C), but they were reshaped straight into (N, C, H,
# W). Undo the steps in reverse order: reshape to (N, H, W, C), then move the channels to place 1.
# - x_hat = cache["x_hat"].reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  x_hat = cache["x_hat"].reshape(x.shape)
# & y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = y.reshape(x.shape)
# On the way back the axes came into a wrong order: (0, 2, 3, 1) leads from (N, C, H, W) to (N, H, W, C). The way back
# from there is another permutation: C stands last and must come to place 1.
# - ["x_hat"].reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  ["x_hat"].reshape(N, H, W, C).transpose(0, 2, 3, 1)
# & y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = y.reshape(N, H, W, C).transpose(0, 2, 3, 1)
# y is still in rows, (N·H·W, C), or has its channels last. The next convolution expects (N, C, H, W).
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = y.reshape(N, H, W, C)
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  pass
# γ and β are swapped: γ multiplies x̂, β is added.
# - reshape(-1, C), gamma, beta, eps)  =>  reshape(-1, C), beta, gamma, eps)
# γ or β was applied twice. batchnorm_forward has applied both already; with axes, each is needed once: γ·x̂ + β.
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)
# + y = gamma.reshape(-1, 1, 1) * y.reshape(N, H, W, C).transpose(0, 3, 1, 2) + beta.reshape(-1, 1, 1)
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)
# + y = (gamma**2).reshape(-1, 1, 1) * x_hat + beta.reshape(-1, 1, 1)
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)
# + y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2) + beta.reshape(-1, 1, 1)
# y is γ·x̂ + β: γ multiplies x̂, not x, and β is added.
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = (gamma + beta).reshape(-1, 1, 1) + x_hat
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = gamma.reshape(-1, 1, 1) * x + beta.reshape(-1, 1, 1)
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = gamma.reshape(-1, 1, 1) * x_hat - beta.reshape(-1, 1, 1)
# γ is missing: x̂ is not scaled.
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = x_hat + beta.reshape(-1, 1, 1)
# β is missing: the channels of y have mean 0.
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = gamma.reshape(-1, 1, 1) * x_hat
# This returns x̂. γ and β still have to be applied, channel by channel.
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = x_hat
# The argument eps does not arrive: the default 1e-5 is used. Pass it on.
# - reshape(-1, C), gamma, beta, eps)  =>  reshape(-1, C), gamma, beta)
# The cache still holds rows, (N·H·W, C). Keep x and x_hat in the shape of images, as the docstring says: the backward
# pass counts on it.
# - return y, dict(x=x, x_hat=x_hat, mean=cache["mean"], var=cache["var"], gamma=gamma, eps=eps)  =>  return y, cache
# The cache's statistics have shape (1, C, 1, 1), from keepdims=True. Keep them as (C,).
# - cache["mean"], var=cache["var"]  =>  cache["mean"].reshape(1, C, 1, 1), var=cache["var"].reshape(1, C, 1, 1)
# cache['x_hat'] holds y. Keep the value from before γ and β: the gradient of γ is made of it.
# - x_hat=x_hat  =>  x_hat=y
# cache['var'] is not the variance: a root was taken, or ε was added. Keep σ² itself.
# - var=cache["var"]  =>  var=np.sqrt(cache["var"])
# - var=cache["var"]  =>  var=np.sqrt(cache["var"] + eps)
# - var=cache["var"]  =>  var=cache["var"] + eps
# Only y came back, so what is compared is its first image. Return two things: y and the cache.
# - return y, dict(x=x, x_hat=x_hat, mean=cache["mean"], var=cache["var"], gamma=gamma, eps=eps)  =>  return y
# y and the cache are in the wrong order: y comes first.
# - return y, dict(x=x, x_hat=x_hat, mean=cache["mean"], var=cache["var"], gamma=gamma, eps=eps)
# + return dict(x=x, x_hat=x_hat, mean=cache["mean"], var=cache["var"], gamma=gamma, eps=eps), y
# Your function returns nothing (None). End it with a return statement that gives y and the cache.
# - return y, dict(x=x, x_hat=x_hat, mean=cache["mean"], var=cache["var"], gamma=gamma, eps=eps)  =>  pass
# reshape(C, -1) does not gather the channels: it cuts the numbers, in their order, into C pieces, and the first image
# alone holds all channels. Move the channels' axis first, then reshape.
# - x.transpose(0, 2, 3, 1).reshape(-1, C)  =>  x.reshape(C, -1).T
# & x_hat = cache["x_hat"].reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  x_hat = cache["x_hat"].T.reshape(x.shape)
# & y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = y.T.reshape(x.shape)
# - x.transpose(0, 2, 3, 1).reshape(-1, C)  =>  x.reshape(C, -1).T
# Rows and columns are exchanged on one of the two ways: H must stay in front of W, there and back.
# - ["x_hat"].reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  ["x_hat"].reshape(N, W, H, C).transpose(0, 3, 2, 1)
# & y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = y.reshape(N, W, H, C).transpose(0, 3, 2, 1)
# - x.transpose(0, 2, 3, 1)  =>  x.transpose(0, 3, 2, 1)
# - x.transpose(0, 2, 3, 1)  =>  x.transpose(0, 3, 2, 1)
# & ["x_hat"].reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  ["x_hat"].reshape(N, H, W, C).transpose(0, 3, 2, 1)
# & y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = y.reshape(N, H, W, C).transpose(0, 3, 2, 1)
# - ["x_hat"].reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  ["x_hat"].reshape(N, H, W, C).transpose(0, 3, 2, 1)
# & y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = y.reshape(N, H, W, C).transpose(0, 3, 2, 1)
# The rows do not hold C numbers, so γ does not fit: each image became one row, or N, C, H, W were unpacked in another
# order. Each *pixel* is to become a row.
# - x.transpose(0, 2, 3, 1).reshape(-1, C)  =>  x.reshape(N, -1)
# cache['x_hat'] has its channels last: it is still (N, H, W, C). Bring it back to (N, C, H, W), as y.
# - x_hat = cache["x_hat"].reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  x_hat = cache["x_hat"].reshape(N, H, W, C)
# cache['gamma'] has the shape (C, 1, 1). Keep γ in the cache as it came, (C,).
# - gamma=gamma, eps=eps  =>  gamma=gamma.reshape(-1, 1, 1), eps=eps
# The cache is a tuple. It is to be a dict, with the keys of the docstring: the backward pass asks for them by name.
# - return y, dict(x=x, x_hat=x_hat, mean=cache["mean"], var=cache["var"], gamma=gamma, eps=eps)
# + return y, (x, x_hat, cache["mean"], cache["var"], gamma, eps)
# β was scaled, too: y = γ·x̂ + β adds it after the scaling.
# - y = y.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  y = gamma.reshape(-1, 1, 1) * (x_hat + beta.reshape(-1, 1, 1))
# %% mistakes otherwise="y of images"
# In each channel y is a·(x − μ) + b. Column 0 holds a, which is γ/√(σ² + ε): see to these three. Column 1 holds b: it
# is β, once μ is taken away. Column 2 is 0: else channels or places are mixed, y is no line of x, or a channel has
# several μ or σ.
# - x_hat = cache["x_hat"]  =>  y = y * y[0]; x_hat = cache["x_hat"]
# %% mistakes otherwise="cache of images"
# See which entry the line above names: x is what came in, x_hat is from before γ and β, mean and var are those of
# x[:, c] for each c (no root, no ε), gamma and eps are as they came.
# - x_hat=x_hat  =>  x_hat=x_hat + beta.reshape(-1, 1, 1)
# %% mistakes of="statistics over axes 0, 2 and 3"
# The variance was measured around 0. Subtract the mean before you square.
# - x.var(axis=(0, 2, 3))  =>  (x**2).mean(axis=(0, 2, 3))
# The statistics are over the examples only, one pair for each activation. Include rows and columns: a channel has one
# mean.
# - mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))  =>  mean, var = x.mean(axis=0), x.var(axis=0)
# & (x - mean.reshape(-1, 1, 1)) / np.sqrt(var.reshape(-1, 1, 1) + eps)  =>  (x - mean) / np.sqrt(var + eps)
# The statistics are over rows and columns only, one pair for each image and channel: this is instance normalization.
# Batch normalization also averages over the images.
# - (axis=(0, 2, 3)), x.var(axis=(0, 2, 3))  =>  (axis=(2, 3), keepdims=True), x.var(axis=(2, 3), keepdims=True)
# & (x - mean.reshape(-1, 1, 1)) / np.sqrt(var.reshape(-1, 1, 1) + eps)  =>  (x - mean) / np.sqrt(var + eps)
# The statistics are those of the last axis: the channels were taken to come last, (N, H, W, C). Here they are axis 1.
# - x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))  =>  x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
# & (x - mean.reshape(-1, 1, 1)) / np.sqrt(var.reshape(-1, 1, 1) + eps)  =>  (x - mean) / np.sqrt(var + eps)
# The variance is divided by m − 1 (ddof=1). A training batch is normalized with its own variance, divided by m = N·H·W.
# - x.var(axis=(0, 2, 3))  =>  x.var(axis=(0, 2, 3), ddof=1)
# ε stands outside the root here. It belongs inside: √(σ² + ε).
# - np.sqrt(var.reshape(-1, 1, 1) + eps)  =>  (np.sqrt(var.reshape(-1, 1, 1)) + eps)
# - np.sqrt(var.reshape(-1, 1, 1) + eps)  =>  (np.sqrt(var.reshape(-1, 1, 1)) + eps**0.5)
# x was centred: either `x -= mean` wrote into the caller's own array, or x − μ was put into the cache as x.
# - x_hat = (x - mean.reshape(-1, 1, 1)) / np.sqrt(var.reshape(-1, 1, 1) + eps)
# + x -= mean.reshape(-1, 1, 1)
# +     x_hat = x / np.sqrt(var.reshape(-1, 1, 1) + eps)
# One step of x̂ = (x − μ)/√(σ² + ε) is missing: the mean is not taken away, or nothing is divided.
# - x_hat = (x - mean.reshape(-1, 1, 1)) /  =>  x_hat = x /
# - (x - mean.reshape(-1, 1, 1)) / np.sqrt(var.reshape(-1, 1, 1) + eps)  =>  (x - mean.reshape(-1, 1, 1))
# The statistics are over the channels, at each pixel by itself. A channel keeps its own: average over axes 0, 2 and 3.
# - x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))  =>  x.mean(axis=1), x.var(axis=1)
# & (x - mean.reshape(-1, 1, 1)) / np.sqrt(var.reshape(-1, 1, 1) + eps)
# + (x - mean[:, None]) / np.sqrt(var[:, None] + eps)
# The sums run over N·H·W numbers but were divided by N. Here m is N·H·W.
# - mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
# + mean = x.sum(axis=(0, 2, 3)) / len(x)
# +     var = ((x - mean.reshape(-1, 1, 1)) ** 2).sum(axis=(0, 2, 3)) / len(x)
# NumPy's word is axis= (and keepdims=); dim= and keepdim= are PyTorch's.
# - x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))  =>  x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3))
# The root is missing: x − μ was divided by σ² + ε.
# - np.sqrt(var.reshape(-1, 1, 1) + eps)  =>  (var.reshape(-1, 1, 1) + eps)
# ε is missing under the root. Without it a channel that never changes is divided by 0.
# - var.reshape(-1, 1, 1) + eps  =>  var.reshape(-1, 1, 1)
# The statistics are over channels, rows and columns, one pair for each image: this is layer normalization. Keep the
# channels apart, and average over the images.
# - x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))  =>  x.mean(axis=(1, 2, 3)), x.var(axis=(1, 2, 3))
# & x_hat = (x - mean.reshape(-1, 1, 1)) / np.sqrt(var.reshape(-1, 1, 1) + eps)
# + x_hat = (x - mean.reshape(-1, 1, 1, 1)) / np.sqrt(var.reshape(-1, 1, 1, 1) + eps)
# All channels share one mean and one variance. Each channel has its own: average over axes 0, 2 and 3 only.
# - mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))  =>  mean, var = x.mean(), x.var()
# & (x - mean.reshape(-1, 1, 1)) / np.sqrt(var.reshape(-1, 1, 1) + eps)  =>  (x - mean) / np.sqrt(var + eps)
# NumPy lines shapes up from the right: (C,) and (1, C) land on the columns W, (C, 1) on the rows H, (C, 1, 1, 1) on the
# images; where the lengths agree, in silence. Give it the shape (C, 1, 1), or make rows, (N·H·W, C), of all first.
# - y = gamma.reshape(-1, 1, 1) * x_hat + beta.reshape(-1, 1, 1)  =>  y = gamma.reshape(-1, 1, 1, 1) * x_hat
# - y = gamma.reshape(-1, 1, 1) * x_hat + beta.reshape(-1, 1, 1)
# + return gamma * x_hat + beta, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)
# & return y, dict(x=x, x_hat=x_hat, mean=mean, var=var, gamma=gamma, eps=eps)  =>
# - (x - mean.reshape(-1, 1, 1)) / np.sqrt(var.reshape(-1, 1, 1) + eps)  =>  (x - mean) / np.sqrt(var + eps)
# & gamma.reshape(-1, 1, 1) * x_hat + beta.reshape(-1, 1, 1)  =>  gamma * x_hat + beta
# - gamma.reshape(-1, 1, 1) * x_hat + beta.reshape(-1, 1, 1)
# + gamma.reshape(1, -1) * x_hat + beta.reshape(1, -1)
# %% mistakes of="float64 inside, einsum, a scale for each channel"
# y was made in float64 and left so. x came as float32, and so does y leave: .astype(x.dtype).
# - ).astype(x.dtype)  =>  )
# %% mistakes hidden=true of="statistics over axes 0, 2 and 3"
# E[x²] − E[x]² subtracts two huge, nearly equal numbers when the mean is large, and their digits cancel (unit 03).
# Subtract the mean first, then square.
# - x.var(axis=(0, 2, 3))  =>  abs((x**2).mean(axis=(0, 2, 3)) - x.mean(axis=(0, 2, 3)) ** 2)

# %% exercise="batchnorm2d_backward"
# %% right="averages over axes 0, 2 and 3"
def batchnorm2d_backward(dy, cache):
    x_hat, dx_hat = cache["x_hat"], dy * cache["gamma"].reshape(-1, 1, 1)
    a, b = (d.mean(axis=(0, 2, 3), keepdims=True) for d in (dx_hat, dx_hat * x_hat))
    root = np.sqrt(cache["var"] + cache["eps"]).reshape(-1, 1, 1)
    return (dx_hat - a - x_hat * b) / root, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))
# %% right="the one formula with dγ and dβ in it"
def batchnorm2d_backward(dy, cache):
    x_hat, gamma = cache["x_hat"], cache["gamma"][None, :, None, None]
    std = np.sqrt(cache["var"] + cache["eps"])[None, :, None, None]
    m = dy.shape[0] * dy.shape[2] * dy.shape[3]
    dgamma, dbeta = np.einsum("nchw,nchw->c", dy, x_hat), np.einsum("nchw->c", dy)
    dx = gamma / (m * std) * (m * dy - dbeta[None, :, None, None] - x_hat * dgamma[None, :, None, None])
    return dx, dgamma, dbeta
# %% right="step by step from x, channel by channel, float64 inside"
def batchnorm2d_backward(dy, cache):
    dx, dgamma, dbeta = np.zeros(dy.shape), [], []
    for c, gamma in enumerate(cache["gamma"]):
        x, g = cache["x"][:, c].astype(float).ravel(), dy[:, c].astype(float).ravel()
        m, centred = len(x), x - x.mean()
        inv_std = 1 / np.sqrt(np.mean(centred**2) + cache["eps"])
        dgamma.append(g @ (centred * inv_std))
        dbeta.append(np.ones(m) @ g)
        dx_hat = gamma * g
        dvar = -0.5 * inv_std**3 * (dx_hat @ centred)
        dmean = -inv_std * dx_hat.sum() - 2 * dvar * centred.mean()
        dx[:, c] = (dx_hat * inv_std + 2 * dvar * centred / m + dmean / m).reshape(dy[:, c].shape)
    return dx, np.array(dgamma), np.array(dbeta)
# %% mistakes
# dy was reshaped to (-1, C) without moving the channels to the last place. Its rows then mix channels. Treat dy exactly
# as x̂.
# - dy.transpose(0, 2, 3, 1).reshape(-1, C)  =>  dy.reshape(-1, C)
# x̂ was reshaped to (-1, C) without moving the channels to the last place. Its rows then mix channels. Treat x̂ exactly
# as dy.
# - cache["x_hat"].transpose(0, 2, 3, 1).reshape(-1, C)  =>  cache["x_hat"].reshape(-1, C)
# Neither dy nor x̂ had its channels moved to the last place before reshape(-1, C): the rows of both mix channels, in
# the same way, so that nothing clashes and all is wrong.
# - cache["x_hat"].transpose(0, 2, 3, 1).reshape(-1, C)  =>  cache["x_hat"].reshape(-1, C)
# & dy.transpose(0, 2, 3, 1).reshape(-1, C)  =>  dy.reshape(-1, C)
# & dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  dx = dx.reshape(dy.shape)
# - cache["x_hat"].transpose(0, 2, 3, 1).reshape(-1, C)  =>  cache["x_hat"].reshape(-1, C)
# & dy.transpose(0, 2, 3, 1).reshape(-1, C)  =>  dy.reshape(-1, C)
# dx was reshaped straight from rows to (N, C, H, W). The rows came from (N, H, W, C): reshape to that, then move the
# channels to place 1.
# - dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  dx = dx.reshape(dy.shape)
# dx is still in rows, or has its channels last. It must have the shape of x: (N, C, H, W).
# - dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  dx = dx.reshape(N, H, W, C)
# - dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  pass
# dγ and dβ were summed over the examples only. Each γ was used at every pixel of its channel, so it collects from all
# of them: sum over rows and columns too, and get shape (C,).
# - return dx, dgamma, dbeta  =>  return dx, (dy * cache["x_hat"]).sum(axis=0), dy.sum(axis=0)
# dγ and dβ were summed over rows and columns only, one for each image. All images share γ and β: sum over the examples
# as well.
# - return dx, dgamma, dbeta  =>  return dx, (dy * cache["x_hat"]).sum(axis=(2, 3)), dy.sum(axis=(2, 3))
# dγ and dβ are means. By unit 04's rule the gradients of all pixels are summed; the averages of the closed form belong
# to dx.
# - return dx, dgamma, dbeta  =>  return dx, dgamma / (N * H * W), dbeta / (N * H * W)
# dγ and dβ are divided by N. They are sums over all pixels of the batch: nothing is divided.
# - return dx, dgamma, dbeta  =>  return dx, dgamma / N, dbeta / N
# dγ was computed with x, or without x̂. It is γ·x̂ that makes y, so dγ is the sum of dy·x̂.
# - return dx, dgamma, dbeta  =>  return dx, (dy * cache["x"]).sum(axis=(0, 2, 3)), dbeta
# - return dx, dgamma, dbeta  =>  return dx, dbeta, dbeta
# Only the direct path is there: the statistics were treated as constants. That is right in eval mode, not in training
# (unit 04, section 4).
# - dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)
# + dx = dy * (cache["gamma"] / np.sqrt(cache["var"] + cache["eps"])).reshape(-1, 1, 1)
# dβ has a factor too many, γ or x̂. β is only added, so dβ is the sum of dy.
# - return dx, dgamma, dbeta  =>  return dx, dgamma, dbeta * cache["gamma"]
# - return dx, dgamma, dbeta  =>  return dx, dgamma, dgamma
# dγ and dβ are averages in part: one of the axes was averaged where a sum belongs. Sum over axes 0, 2 and 3.
# - return dx, dgamma, dbeta  =>  return dx, dgamma / (H * W), dbeta / (H * W)
# γ is in dx twice. batchnorm_backward multiplies by it already; with axes, dx̂ = dy·γ has it.
# - (N, H, W, C).transpose(0, 3, 1, 2)  =>  (N, H, W, C).transpose(0, 3, 1, 2) * cache["gamma"].reshape(-1, 1, 1)
# PyTorch's own batch norm is in this answer. Get there with batchnorm_backward of unit 04, or with NumPy's axes.
# - dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)
# + dx = torch.tensor(cache["x"].copy(), requires_grad=True)
# +     F.batch_norm(dx, None, None, training=True)
# Rows and columns are exchanged on one of the ways: H must stay in front of W, there and back.
# - dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  dx = dx.reshape(N, W, H, C).transpose(0, 3, 2, 1)
# - dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  dx = dx.reshape(N, H, W, C).transpose(0, 3, 2, 1)
# - dy.transpose(0, 2, 3, 1)  =>  dy.transpose(0, 3, 2, 1)
# dx lacks γ. The gradient of x̂ is dy·γ, channel by channel.
# - (N, H, W, C).transpose(0, 3, 1, 2)  =>  (N, H, W, C).transpose(0, 3, 1, 2) / cache["gamma"].reshape(-1, 1, 1)
# ε is not in the root that dx is divided by. The forward pass divided by √(σ² + ε), with the cache's eps.
# - {**cache, "x_hat": rows}  =>  {**cache, "x_hat": rows, "eps": 0.0}
# eps was not taken from the cache: 1e-5 is written in its place.
# - {**cache, "x_hat": rows}  =>  {**cache, "x_hat": rows, "eps": 1e-5}
# The numbers are right, but dγ and dβ have shape (1, C, 1, 1), from keepdims=True. They are to have the shape of γ and
# β: (C,).
# - return dx, dgamma, dbeta  =>  return dx, dgamma.reshape(1, C, 1, 1), dbeta.reshape(1, C, 1, 1)
# The order is wrong: dx first, then dgamma, then dbeta.
# - return dx, dgamma, dbeta  =>  return dx, dbeta, dgamma
# - return dx, dgamma, dbeta  =>  return dgamma, dbeta, dx
# Only dx came back. Three gradients are owed: dx, dgamma and dbeta.
# - return dx, dgamma, dbeta  =>  return dx
# Your function returns nothing (None). End it with a return statement that gives the three gradients.
# - return dx, dgamma, dbeta  =>  pass
# dγ was multiplied by γ. y = γ·x̂ + β, so the derivative of y with respect to γ is x̂ alone: sum dy·x̂.
# - return dx, dgamma, dbeta  =>  return dx, dgamma * cache["gamma"], dbeta
# One gradient is missing: dx, dgamma and dbeta are owed, in this order.
# - return dx, dgamma, dbeta  =>  return dx, dgamma
# A dict came back. Return three arrays, separated by commas: dx, dgamma, dbeta.
# - return dx, dgamma, dbeta  =>  return dict(dx=dx, dgamma=dgamma, dbeta=dbeta)
# reshape(C, -1) does not gather the channels: it cuts the numbers, in their order, into C pieces, and the first image
# alone holds all channels. Move the channels' axis first, then reshape.
# - cache["x_hat"].transpose(0, 2, 3, 1).reshape(-1, C)  =>  cache["x_hat"].reshape(C, -1).T
# & dy.transpose(0, 2, 3, 1).reshape(-1, C)  =>  dy.reshape(C, -1).T
# & dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  dx = dx.T.reshape(dy.shape)
# - cache["x_hat"].transpose(0, 2, 3, 1).reshape(-1, C)  =>  cache["x_hat"].reshape(C, -1).T
# & dy.transpose(0, 2, 3, 1).reshape(-1, C)  =>  dy.reshape(C, -1).T
# The cache went to batchnorm_backward as it is, with x̂ in the shape of images, while dy was in rows. The two cannot be
# multiplied: bring x̂ into rows, too.
# - {**cache, "x_hat": rows}  =>  cache
# The cache was changed: its x_hat is in rows now, and whoever uses the cache next finds another shape. Make a new dict,
# {**cache, …}, instead of writing into this one.
# - rows = cache["x_hat"]  =>  cache["x_hat"] = rows = cache["x_hat"]
# %% mistake
# NumPy lines shapes up from the right: (C,) and (1, C) land on the columns W, (C, 1) on the rows H, (C, 1, 1, 1) on the
# images; where the lengths agree, in silence. Give it the shape (C, 1, 1), or make rows, (N·H·W, C), of all first.
# - dx = dx.reshape(N, H, W, C).transpose(0, 3, 1, 2)  =>  dx = dy * cache["gamma"]
def batchnorm2d_backward(dy, cache):
    return batchnorm_backward(dy, cache)
# %% mistakes otherwise="dgamma and dbeta"
# dγ[c] is the sum of dy[:, c]·x̂[:, c], dβ[c] that of dy[:, c]: all images, rows and columns. Here channels are mixed,
# pixels are left out, or a factor or a term is missing, is another, or is too many.
# - return dx, dgamma, dbeta  =>  return dx, dgamma * dbeta, dbeta
# %% mistakes of="the one formula with dγ and dβ in it"
# The sums keep the last axis, as if the channels came last. Here they are axis 1: sum over axes 0, 2 and 3.
# - np.einsum("nchw,nchw->c", dy, x_hat), np.einsum("nchw->c", dy)
# + np.einsum("nchw,nchw->w", dy, x_hat), np.einsum("nchw->w", dy)
# & dx = gamma / (m * std)  =>  return 0, dgamma, dbeta; dx = gamma / (m * std)
# - np.einsum("nchw,nchw->c", dy, x_hat), np.einsum("nchw->c", dy)
# + np.einsum("nchw,nchw->w", dy, x_hat), np.einsum("nchw->w", dy)
# %% mistakes of="averages over axes 0, 2 and 3" otherwise="dx"
# In each channel dx is a·dy + b + c·x̂. Column 0 holds a, γ/√(σ² + ε); column 1 b, −a·mean(dy); column 2 c,
# −a·mean(dy·x̂): see to the wrong ones. Column 3 is 0: else channels or places are mixed, or the means are not of all
# N·H·W numbers.
# - dx_hat - a - x_hat * b  =>  dx_hat - a - 2 * x_hat * b
# %% mistakes of="averages over axes 0, 2 and 3"
# ε stands outside the root here. It belongs inside: √(σ² + ε).
# - np.sqrt(cache["var"] + cache["eps"])  =>  (np.sqrt(cache["var"]) + cache["eps"])
# One of the averages inside dx is of dy, not of dx̂ = dy·γ: there γ is missing.
# - (dx_hat, dx_hat * x_hat)  =>  (dy, dx_hat * x_hat)
# - (dx_hat, dx_hat * x_hat)  =>  (dx_hat, dy * x_hat)
# - (dx_hat, dx_hat * x_hat)  =>  (dy, dy * x_hat)
# The mean of dx̂·x̂ was taken away as it is. Multiply it by x̂ first.
# - dx_hat - a - x_hat * b  =>  dx_hat - a - b
# dx is m times too large: where m·dx̂ and sums take the place of dx̂ and means, all is divided by m in the end.
# - (dx_hat - a - x_hat * b) / root  =>  (dx_hat - a - x_hat * b) * dy[:, 0].size / root
# The path through the variance is missing: from dx̂ its mean was taken away, but not its component along x̂ (unit 04,
# section 10).
# - root = np.sqrt  =>  dx = (dx_hat - a) / np.sqrt
# & return (dx_hat - a - x_hat * b) / root  =>  return dx
# The path through the mean is missing: from dx̂ its component along x̂ was taken away, but not its mean. So dx does not
# sum to zero within a channel.
# - root = np.sqrt  =>  dx = (dx_hat - x_hat * b) / np.sqrt
# & return (dx_hat - a - x_hat * b) / root  =>  return dx
# The sums inside dx are divided by H·W, the pixels of one image. The mean and the variance were averages over m = N·H·W
# pixels: divide by all of them.
# - root = np.sqrt  =>  dx = (dx_hat - a * len(dy) - x_hat * b * len(dy)) / np.sqrt
# & return (dx_hat - a - x_hat * b) / root  =>  return dx
# dx was divided by σ² + ε: the root is missing.
# - (dx_hat - a - x_hat * b) / root  =>  (dx_hat - a - x_hat * b) / root**2
# dx was multiplied by the root. The forward pass divided by √(σ² + ε), and so does its gradient.
# - (dx_hat - a - x_hat * b) / root  =>  (dx_hat - a - x_hat * b) * root
# dx is not divided by √(σ² + ε). The forward pass divided x − μ by it, so the gradient that flows back is divided as
# well.
# - (dx_hat - a - x_hat * b) / root  =>  dx_hat - a - x_hat * b
# A correction was added. Both are taken away from dx̂: its mean, and its component along x̂.
# - dx_hat - a - x_hat  =>  dx_hat - a + x_hat
# - dx_hat - a - x_hat  =>  dx_hat + a - x_hat
# x stands where x̂ belongs: the component that is taken away is the one along x̂, the mean of dx̂·x̂ times x̂.
# - x_hat, dx_hat = cache["x_hat"], dy  =>  x_hat, dx_hat = cache["x"], dy
# & (dy * x_hat).sum(axis=(0, 2, 3))  =>  (dy * cache["x_hat"]).sum(axis=(0, 2, 3))
# - a - x_hat * b  =>  a - cache["x"] * b
# The averages inside dx do not run over the m = N·H·W numbers of a channel: other axes, or another count to divide by.
# - d.mean(axis=(0, 2, 3), keepdims=True)  =>  d.mean(axis=(1, 2, 3), keepdims=True)
# - d.mean(axis=(0, 2, 3), keepdims=True)  =>  d.mean()
# - d.mean(axis=(0, 2, 3), keepdims=True)  =>  d.sum(axis=(0, 2, 3), keepdims=True) / d.size
# - d.mean(axis=(0, 2, 3), keepdims=True)  =>  d.sum(axis=(0, 2, 3), keepdims=True) / (d[:, 0].size - 1)
# NumPy's word is axis= (and keepdims=); dim= and keepdim= are PyTorch's.
# - d.mean(axis=(0, 2, 3), keepdims=True)  =>  d.mean(dim=(0, 2, 3), keepdim=True)
# The sums inside dx are divided by N. But the mean and the variance were averages over m = N·H·W pixels, and so are the
# averages in dx.
# - d.mean(axis=(0, 2, 3), keepdims=True)  =>  d.sum(axis=(0, 2, 3), keepdims=True) / len(dy)
# The averages inside dx run over the examples only. The mean and the variance joined all pixels of a channel, so the
# gradient flows between all of them: average over axes 0, 2 and 3.
# - d.mean(axis=(0, 2, 3), keepdims=True)  =>  d.mean(axis=0)
# The averages inside dx run over rows and columns only, image by image. That is the gradient of instance normalization.
# The batch shares its statistics: average over axis 0 as well.
# - d.mean(axis=(0, 2, 3), keepdims=True)  =>  d.mean(axis=(2, 3), keepdims=True)
# dy *= gamma writes into the caller's dy. Make a new array.
# - x_hat, dx_hat = cache["x_hat"], dy * cache["gamma"].reshape(-1, 1, 1)
# + x_hat, dgamma, dbeta = cache["x_hat"], (dy * cache["x_hat"]).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))
# +     dy *= cache["gamma"].reshape(-1, 1, 1)
# +     dx_hat = dy
# & root, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))  =>  root, dgamma, dbeta
# Inside dx there are sums where averages belong: divide both by m = N·H·W.
# - d.mean(axis=(0, 2, 3), keepdims=True)  =>  d.sum(axis=(0, 2, 3), keepdims=True)

# %% exercise="count_bn_parameters"
# %% right="one sum"
def count_bn_parameters(layer_shapes, per):
    return sum(2 * (shape[0] if per == "channel" else int(np.prod(shape))) for shape in layer_shapes)
# %% right="running products, a running total"
def count_bn_parameters(layer_shapes, per):
    total = 0
    for shape in layer_shapes:
        pairs = 1
        for length in shape[:1] if per == "channel" else shape:
            pairs *= length
        total += 2 * pairs
    return total
# %% right="NumPy counts the entries of arrays of ones"
def count_bn_parameters(layer_shapes, per):
    if per == "activation":
        pairs = [np.ones(shape).size for shape in layer_shapes]
    else:
        pairs = [len(np.ones(shape)) for shape in layer_shapes]
    return 2.0 * np.sum(pairs)
# %% mistakes
# One number was counted for each channel or activation. There are two: γ and β.
# - sum(2 * shape[0] for shape in layer_shapes)  =>  sum(shape[0] for shape in layer_shapes)
# & sum(2 * int(np.prod(shape)) for shape in layer_shapes)  =>  sum(int(np.prod(shape)) for shape in layer_shapes)
# Four were counted, not two: either with the running mean and variance, which are measured, not learned (unit 05), or
# the factor 2 was taken twice.
# - sum(2 * shape[0] for shape in layer_shapes)  =>  sum(4 * shape[0] for shape in layer_shapes)
# & sum(2 * int(np.prod(shape)) for shape in layer_shapes)  =>  sum(4 * int(np.prod(shape)) for shape in layer_shapes)
# This is the count of the other kind: either per is never asked, or the two kinds are exchanged. 'channel' counts C
# pairs for a layer, 'activation' counts C·H·W.
# - sum(2 * shape[0] for shape in layer_shapes)  =>  sum(2 * int(np.prod(shape)) for shape in layer_shapes)
# - sum(2 * int(np.prod(shape)) for shape in layer_shapes)  =>  sum(2 * shape[0] for shape in layer_shapes)
# - per == "channel"  =>  per != "channel"
# The last entry of a shape was taken for the channels. A shape here is (C, H, W): the channels come first.
# - shape[0]  =>  shape[-1]
# Per activation, C, H and W were added. There is one pair at each row and column of each channel: multiply.
# - int(np.prod(shape))  =>  int(np.sum(shape))
# Per activation, only the positions H·W were counted, as if all channels shared them. Multiply by C, too.
# - int(np.prod(shape))  =>  int(np.prod(shape[1:]))
# This is a list with one count for each layer. One number for the whole net is asked for: their sum.
# - sum(2 * shape[0] for shape in layer_shapes)  =>  [2 * shape[0] for shape in layer_shapes]
# & sum(2 * int(np.prod(shape)) for shape in layer_shapes)  =>  [2 * int(np.prod(shape)) for shape in layer_shapes]
# shape[1] and shape[2] exist for a convolution, but a dense layer's shape is (D,). np.prod(shape) multiplies however
# many there are.
# - int(np.prod(shape))  =>  shape[0] * shape[1] * shape[2]
# A count of 0: per was compared with other words than "channel" and "activation", or nothing was added to the total.
# - sum(2 * shape[0] for shape in layer_shapes)  =>  0
# - sum(2 * int(np.prod(shape)) for shape in layer_shapes)  =>  0
# %% mistakes otherwise="parameters per channel"
# Per channel a layer (C, H, W) counts 2·C, γ and β for each channel, and the layers are added up. Nothing else is
# learned by BN: no running statistics, no bias, no filters; H and W play no part.
# - 2 * shape[0]  =>  2 * shape[1]
# %% mistakes otherwise="parameters per channel, dense layers too"
# The convolutions are right. A dense layer (D,) adds 2·D: a γ and a β for each of its D neurons.
# - 2 * shape[0]  =>  (1 + len(shape) // 2) * shape[0]
# %% mistakes otherwise="parameters per activation"
# Per activation a layer adds 2·C·H·W: a γ and a β for each number of its output. Here one of the three is left out,
# used twice or added, or something else is counted, too.
# - int(np.prod(shape))  =>  shape[0] * shape[-1]
# %% mistakes otherwise="parameters per activation, dense layers too"
# The convolutions are right. A dense layer (D,) adds 2·D: a γ and a β for each of its D neurons.
# - 2 * int(np.prod(shape))  =>  (1 + len(shape) // 2) * int(np.prod(shape))
# %% mistakes of="one sum"
# Only the first layer was counted: the return stands inside the loop. Add up over all layers, then return.
# - return sum(2 * (shape[0] if per == "channel" else int(np.prod(shape))) for shape in layer_shapes)
# + for shape in layer_shapes:
# +         return 2 * shape[0] if per == "channel" else 2 * int(np.prod(shape))
# len(shape) is the number of axes, not of channels. A shape (C, H, W) has its channels in shape[0].
# - (shape[0] if per == "channel" else int(np.prod(shape)))  =>  len(shape)
# Your function returns nothing (None) here: its return is missing, or per is compared with another word.
# - return sum(2 * (shape[0] if per == "channel" else int(np.prod(shape))) for shape in layer_shapes)
# + total = sum(2 * (shape[0] if per == "channel" else int(np.prod(shape))) for shape in layer_shapes)
# +     print(total)
# The dense layers were left out. Each of their units has a γ and a β of its own: a shape (D,) counts D pairs.
# - return sum(2 * (shape[0] if per == "channel" else int(np.prod(shape))) for shape in layer_shapes)
# + shapes = [shape for shape in layer_shapes if len(shape) == 3]
# +     return sum(2 * (shape[0] if per == "channel" else int(np.prod(shape))) for shape in shapes)
# A dense layer was counted as one channel. Each of its D units is a channel of its own: D pairs.
# - return sum(2 * (shape[0] if per == "channel" else int(np.prod(shape))) for shape in layer_shapes)
# + channels = [shape[0] if len(shape) == 3 else 1 for shape in layer_shapes]
# +     return 2 * sum(channels if per == "channel" else [int(np.prod(shape)) for shape in layer_shapes])
# A layer was left out: the loop starts after the first one, or ends before the last.
# - for shape in layer_shapes)  =>  for shape in layer_shapes[1:])
# - for shape in layer_shapes)  =>  for shape in layer_shapes[:-1])
# One pair was counted for each layer. Each *channel* has a pair: C of them in a layer.
# - 2 * (shape[0] if per == "channel" else int(np.prod(shape)))  =>  2 if per == "channel" else 2 * int(np.prod(shape))
# Both counts came back. Return one number, the one that per asks for.
# - return sum(2 * (shape[0] if per == "channel" else int(np.prod(shape))) for shape in layer_shapes)
# + return tuple(sum(2 * n for n in counts) for counts in zip(*((s[0], int(np.prod(s))) for s in layer_shapes)))
# The counts of the layers were multiplied. Each layer adds its own parameters to the net: take the sum.
# - return sum(2 * (shape[0] if per == "channel" else int(np.prod(shape))) for shape in layer_shapes)
# + return 2 * int(np.prod([shape[0] if per == "channel" else int(np.prod(shape)) for shape in layer_shapes]))
# `C, H, W = shape` needs three entries, but a dense layer's shape is (D,). Take shape[0] for the channels, and
# np.prod(shape) for the activations.
# - 2 * (shape[0] if per == "channel" else int(np.prod(shape))) for shape in layer_shapes
# + 2 * (C if per == "channel" else C * H * W) for C, H, W in layer_shapes
# %% mistakes of="running products, a running total"
# Only the last layer was counted: each layer's count overwrites the one before. Add it to a total.
# - total += 2 * pairs  =>  total = 2 * pairs

# %% exercise="q_flattened"
# %% mistakes
# After flatten the layer sees 288 units. It cannot know which nine of them once were one map: BatchNorm1d(288) keeps
# 288 means.
# - q_flattened = "b"  =>  q_flattened = "a"
# Sharing is right where the weights are shared: after a convolution, one filter made all places. What comes next here
# is a dense layer, which treats each place differently on purpose. Then each may have its own scale.
# - q_flattened = "b"  =>  q_flattened = "c"
# One mean over all units of an example is layer normalization. BatchNorm1d takes one mean for each unit, over the
# examples.
# - q_flattened = "b"  =>  q_flattened = "d"

# %% exercise="q_single_image"
# %% mistakes
# What must be larger than one is m, the count of numbers in each mean. Here m is N·H·W, and only N is 1.
# - q_single_image = "c"  =>  q_single_image = "a"
# That would be so if every activation had its own mean: with one example, x − μ = 0. But the mean here is that of a
# whole map, and its pixels differ from it.
# - q_single_image = "c"  =>  q_single_image = "b"
# Batch normalization never mixes channels: each of the 16 keeps its own mean. Over how many numbers is it taken when N
# is 1?
# - q_single_image = "c"  =>  q_single_image = "d"

# %% exercise="conv_block"
# %% right="a class with F.relu in forward"
class ConvBlock(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.bn = nn.BatchNorm2d(num_features=c_out)
        self.conv = nn.Conv2d(in_channels=c_in, out_channels=c_out, kernel_size=(3, 3), padding="same", bias=False)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


def conv_block(c_in, c_out):
    return ConvBlock(c_in, c_out)
# %% right="named layers, the padding as a layer, ReLU in place"
def conv_block(c_in, c_out):
    block = nn.Sequential()
    block.add_module("pad", nn.ZeroPad2d(1))
    block.add_module("conv", nn.Conv2d(c_in, c_out, 3, stride=1, bias=False))
    block.add_module("norm", nn.BatchNorm2d(c_out))
    block.add_module("relu", nn.ReLU(inplace=True))
    return block
# %% right="lazy layers"
def conv_block(c_in, c_out):
    return nn.Sequential(nn.LazyConv2d(c_out, 3, padding=1, bias=False), nn.LazyBatchNorm2d(), nn.ReLU())
# %% right="parameters of its own, and functions"
class Block(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(c_out)), nn.Parameter(torch.zeros(c_out))
        self.filters = nn.Parameter(torch.randn(c_out, c_in, 3, 3) / (9 * c_in) ** 0.5)
        self.register_buffer("mean", torch.zeros(c_out))
        self.register_buffer("var", torch.ones(c_out))

    def forward(self, x):
        z = F.conv2d(x, self.filters, padding=1)
        return F.batch_norm(z, self.mean, self.var, self.gamma, self.beta, self.training).clamp(min=0)


conv_block = Block
# %% mistakes
# The convolution has a bias: c_out numbers in vain, which BN takes away. Pass bias=False; to freeze it does not remove
# it.
# - padding=1, bias=False  =>  padding=1
# - return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
# + (block := nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU()))
# +     block[0].bias.requires_grad_(False)
# +     return block
# The maps have shrunk by two rows and two columns: a 3×3 filter without padding loses a pixel at each edge. Pad by one.
# - 3, padding=1  =>  3
# ReLU stands before BN. The order asked for is the BN paper's: convolution, BN, ReLU. The outputs of a ReLU are never
# negative; yours are.
# - nn.BatchNorm2d(c_out), nn.ReLU()  =>  nn.ReLU(), nn.BatchNorm2d(c_out)
# BN stands in front of the convolution here. It should normalize what the filter gives, c_out channels, before the
# ReLU.
# - nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()
# + nn.BatchNorm2d(c_in), nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.ReLU()
# The ReLU is missing: the output is negative in places.
# - nn.BatchNorm2d(c_out), nn.ReLU()  =>  nn.BatchNorm2d(c_out)
# Batch normalization is missing: without it there is neither γ nor β, and without a bias no shift at all.
# - nn.BatchNorm2d(c_out), nn.ReLU()  =>  nn.ReLU()
# BatchNorm1d takes (N, D) or (N, D, L). For images (N, C, H, W) take BatchNorm2d: the number in the name counts the
# axes that a map has.
# - nn.BatchNorm2d  =>  nn.BatchNorm1d
# BN was told another number of channels than it gets. It comes after the convolution: there are c_out of them.
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_in)
# c_in and c_out are exchanged in the convolution. nn.Conv2d takes first what comes in, then what goes out.
# - nn.Conv2d(c_in, c_out,  =>  nn.Conv2d(c_out, c_in,
# This BN has neither γ nor β (affine=False). Then every channel is stuck at mean 0 and variance 1 in front of the ReLU.
# Let it learn them: that is the default.
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, affine=False)
# - bias=False), nn.BatchNorm2d(c_out)  =>  bias=True), nn.BatchNorm2d(c_out, affine=False)
# The filter is 1×1: it never looks at neighbours. 3×3 is asked for.
# - 3, padding=1  =>  1
# This is instance normalization: each image's map gets its own mean and variance. Take nn.BatchNorm2d.
# - nn.BatchNorm2d(c_out)  =>  nn.InstanceNorm2d(c_out, affine=True)
# - nn.BatchNorm2d(c_out)  =>  nn.InstanceNorm2d(c_out)
# In eval mode this BN still takes the batch's own statistics: it keeps no running ones (track_running_stats=False), or
# is held in training mode. So an image's answer depends on the other images.
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, track_running_stats=False)
# The block comes in eval mode. Then BN uses running statistics that have never seen any data: mean 0, variance 1. Leave
# a new module in training mode; whoever uses it decides.
# - nn.ReLU())  =>  nn.ReLU()).eval()
# nn.ReLU is a class, not yet a module. Make one: nn.ReLU().
# - nn.ReLU()  =>  nn.ReLU
# A Python list or tuple is no module: PyTorch finds no parameters in it, and it cannot be called. Wrap the three in
# nn.Sequential(…).
# - nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
# + [nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()]
# - nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
# + nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()
# nn.Sequential takes the modules one by one, not in a list: leave the square brackets out, or put a star before the
# list.
# - nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
# + nn.Sequential([nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()])
# This is a function. It would make new filters at every call, and PyTorch could not find or train them. Make the three
# modules once, and return them as one module: nn.Sequential(…).
# - nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
# + lambda x: nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())(x)
# Batch normalization is missing: this is the plain block, with a bias and without γ.
# - nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out)  =>  nn.Conv2d(c_in, c_out, 3, padding=1)
# The maps have grown: a padding of 2 is too much for a 3×3 filter. One pixel at each edge makes up for what it loses.
# - 3, padding=1  =>  3, padding=2
# The filter is 5×5. 3×3 is asked for.
# - 3, padding=1  =>  5, padding=2
# The maps have shrunk by half: there is a stride or a pooling in the block. It is to keep H and W.
# - 3, padding=1  =>  3, padding=1, stride=2
# - nn.ReLU()  =>  nn.ReLU(), nn.MaxPool2d(2)
# Your function returns nothing (None). Return the module.
# - return nn.Sequential  =>  nn.Sequential
# What comes back is an output, a tensor. Return the module that makes it, and do not call it here.
# - nn.BatchNorm2d(c_out), nn.ReLU())  =>  nn.BatchNorm2d(c_out), nn.ReLU())(torch.zeros(2, c_in, 4, 4))
# What comes back is a class. Make an object of it: put parentheses behind its name.
# - nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())  =>  nn.ReLU
# A module was called on another. A comma is missing between two layers, or a layer was put into the parentheses of one.
# - nn.BatchNorm2d(c_out), nn.ReLU()  =>  nn.BatchNorm2d(c_out)(nn.ReLU())
# nn.Sequential takes modules, and F.relu is a plain function, as torch.relu is. Its module is nn.ReLU().
# - nn.ReLU()  =>  F.relu
# - nn.ReLU()  =>  torch.relu
# The modules were called on a number of channels. They are not used yet: make them, and return them as one module.
# Images come later, when somebody calls it.
# - nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
# + nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)(c_in)
# This averages over the channels of each image, as layer normalization does. Take nn.BatchNorm2d: per channel, over all
# images.
# - nn.BatchNorm2d(c_out)  =>  nn.GroupNorm(1, c_out)
# Another activation function stands where the ReLU belongs. Take nn.ReLU().
# - nn.ReLU()  =>  nn.LeakyReLU()
# - nn.ReLU()  =>  nn.GELU()
# - nn.ReLU()  =>  nn.Sigmoid()
# - nn.ReLU()  =>  nn.Tanh()
# - nn.ReLU()  =>  nn.ReLU6()
# There is one layer too many: a second ReLU, BN or something else. Convolution, BN, ReLU, once each.
# - nn.BatchNorm2d(c_out)  =>  nn.ReLU(), nn.BatchNorm2d(c_out)
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out), nn.BatchNorm2d(c_out)
# - nn.ReLU()  =>  nn.ReLU(), nn.MaxPool2d(3, 1, 1)
# The edge is padded with something else than zeros, or the filter is spread out. Take padding=1, and nothing more.
# - padding=1, bias=False  =>  padding=1, padding_mode="reflect", bias=False
# - padding=1, bias=False  =>  padding=2, dilation=2, bias=False
# BN's ε is not the default. Leave eps out: it is also what a second number after c_out is taken for.
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, eps=1e-3)
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, 0.1)
# This BN has no β. bias=False is for the convolution: there BN's β makes the bias superfluous.
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, bias=False)
# A parameter gets no gradient: it is frozen (requires_grad=False), or cut off by detach() or no_grad(). All three are
# to be learned.
# - return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
# + block = nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
# +     block[1].requires_grad_(False)
# +     return block
# - nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
# + nn.Conv2d(c_in, c_out, 3, padding=1, bias=False).requires_grad_(False)
# There are two convolutions in the block. It has one, from c_in to c_out channels.
# - nn.BatchNorm2d(c_out)  =>  nn.Conv2d(c_out, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out)
# In training mode the block is right, in eval mode it is not: BN's momentum is not the default, so its running
# statistics differ. Leave momentum out.
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, momentum=0.01)
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, momentum=0.9)
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, momentum=None)
# %% mistakes otherwise="block: output in training mode"
# A layer is of another kind, is missing or too many (dropout?), has options of its own, or is used in another order.
# Three layers: nn.Conv2d with 3, padding=1 and bias=False, nn.BatchNorm2d(c_out), nn.ReLU().
# - nn.BatchNorm2d(c_out), nn.ReLU()  =>  nn.BatchNorm2d(c_out), nn.Hardtanh()
# %% mistakes otherwise="block: output in eval mode, after one batch"
# In training mode the block is right, in eval mode it is not. Either BN has an option that it should not have, or a
# layer differs between the modes, or the convolution has a bias that begins at 0, or every call returns the same, used
# block.
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, momentum=0.5)
# %% mistake
# BN is made anew in each call of forward: its γ and β never learn, and its running statistics are lost. Make all layers
# once, in __init__.
class Block(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.c_out, self.conv = c_out, nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)

    def forward(self, x):
        return F.relu(nn.BatchNorm2d(self.c_out)(self.conv(x)))


conv_block = Block

# %% exercise="fold_conv_bn"
# %% right="a new Conv2d with all options, filled under no_grad"
def fold_conv_bn(conv, bn):
    new = nn.Conv2d(
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, conv.dilation, conv.groups,
        bias=True, padding_mode=conv.padding_mode, device=conv.weight.device, dtype=conv.weight.dtype,
    )  # fmt: skip
    with torch.no_grad():
        s = bn.weight / (bn.running_var + bn.eps).sqrt()
        new.weight.copy_(conv.weight * s[:, None, None, None])
        new.bias.copy_(bn.bias - s * bn.running_mean)
        if conv.bias is not None:
            new.bias += s * conv.bias
    return new
# %% right="diag(s) times the filters as rows"
def fold_conv_bn(conv, bn):
    folded = copy.deepcopy(conv)
    w_bn = torch.diag(bn.weight.div(torch.sqrt(bn.eps + bn.running_var)))
    b_conv = conv.bias if conv.bias is not None else torch.zeros(conv.out_channels, dtype=conv.weight.dtype)
    folded.weight.data = torch.mm(w_bn, conv.weight.view(conv.out_channels, -1)).view(conv.weight.size()).detach()
    folded.bias = nn.Parameter(torch.matmul(w_bn, b_conv - bn.running_mean) + bn.bias)
    return folded
# %% right="as PyTorch's own fuse_conv_bn_weights, rsqrt"
def fold_conv_bn(conv, bn):
    w, b = conv.weight, conv.bias
    if b is None:
        b = torch.zeros_like(bn.running_mean)
    rstd = torch.rsqrt(bn.running_var + bn.eps)
    fused = copy.deepcopy(conv)
    fused.weight = nn.Parameter(w * (bn.weight * rstd).reshape([-1] + [1] * (w.ndim - 1)), w.requires_grad)
    fused.bias = nn.Parameter((b - bn.running_mean) * rstd * bn.weight + bn.bias)
    return fused.eval()
# %% mistakes
# PyTorch's own fusion is in this answer. Compute W′ and b′ yourself: s = γ/√(σ² + ε), W′ = sW, b′ = s(b − μ) + β.
# - return folded  =>  return nn.utils.fuse_conv_bn_eval(copy.deepcopy(conv).eval(), copy.deepcopy(bn).eval())
# - return folded  =>  return nn.utils.fuse_conv_bn_eval(conv, bn)
# s is γ/√(σ² + ε), once: γ was applied twice, or the root stands on the wrong side of the fraction.
# - (bn.weight / torch  =>  (bn.weight**2 / torch
# - (bn.weight / torch.sqrt  =>  (bn.weight * torch.sqrt
# - conv.weight.detach() * scale  =>  conv.weight.detach() / scale
# - (bias - bn.running_mean) * scale  =>  (bias - bn.running_mean) * scale * bn.weight.detach()
# This layer's ε is not under the root: it is missing, or written as 1e-5. The layer's own is bn.eps: s = γ/√(σ² + ε).
# - torch.sqrt(bn.running_var + bn.eps)  =>  torch.sqrt(bn.running_var)
# - bn.running_var + bn.eps  =>  bn.running_var + 1e-5
# ε stands outside the root here. It belongs inside: √(σ² + ε).
# - torch.sqrt(bn.running_var + bn.eps)  =>  (torch.sqrt(bn.running_var) + bn.eps)
# The filters are divided by the variance. bn.running_var is σ²: take its root, after adding ε.
# - torch.sqrt(bn.running_var + bn.eps)  =>  (bn.running_var + bn.eps)
# The filters are divided by the variance, and ε is missing. s = γ/√(σ² + ε): bn.running_var is σ²; add bn.eps, then
# take the root.
# - torch.sqrt(bn.running_var + bn.eps)  =>  bn.running_var
# γ (bn.weight) is missing in the scale: s = γ/√(σ² + ε).
# - (bn.weight / torch.sqrt(bn.running_var + bn.eps)).detach()  =>  1 / torch.sqrt(bn.running_var + bn.eps)
# Shapes do not fit. Filters are (c_out, c_in, rows, columns), so s needs the shape (c_out, 1, 1, 1). Or has the new
# convolution another kernel_size than conv?
# - scale.reshape(-1, 1, 1, 1)  =>  scale.reshape(1, -1, 1, 1)
# - * scale.reshape(-1, 1, 1, 1)  =>  * scale
# The filters were not scaled: only the bias is new. s multiplies W as well.
# - conv.weight.detach() * scale.reshape(-1, 1, 1, 1)  =>  conv.weight.detach()
# β (bn.bias) is missing in the new bias.
# - * scale + bn.bias.detach()  =>  * scale
# μ is missing in the new bias. BN subtracts it before it scales: s·(b − μ) + β.
# - (bias - bn.running_mean) * scale  =>  bias * scale + 0 * bn.running_mean
# The sign of μ is wrong: BN subtracts the mean.
# - bias - bn.running_mean  =>  bias + bn.running_mean
# μ was not scaled. BN scales the whole centred value, so the new bias holds s·(b − μ), and β is added after it.
# - (bias - bn.running_mean) * scale  =>  bias * scale - bn.running_mean
# - (bias - bn.running_mean) * scale + bn.bias.detach()  =>  bias - bn.running_mean + bn.bias.detach()
# β was scaled, too. It is added after the scaling.
# - (bias - bn.running_mean) * scale + bn.bias.detach()  =>  (bias - bn.running_mean + bn.bias.detach()) * scale
# The convolution's own bias was not scaled by s. BN scales all that comes out of the convolution.
# - (bias - bn.running_mean) * scale  =>  bias - bn.running_mean * scale
# The convolution's own bias was left out. If there is one, BN receives W∗x + b, and b is scaled along.
# - bias = 0 if conv.bias is None else conv.bias.detach()  =>  bias = 0
# conv.bias is None where the convolution has no bias, and None cannot be added or multiplied. Take 0 in that case.
# - bias = 0 if conv.bias is None else conv.bias.detach()  =>  bias = conv.bias
# - bias = 0 if conv.bias is None else conv.bias.detach()  =>
# & = nn.Parameter((bias - bn.running_mean) * scale + bn.bias.detach())  =>  += bn.bias - bn.running_mean * scale
# conv.bias was changed: `*=` writes into the bias of the convolution that came in. Compute a new tensor.
# - conv.bias.detach()  =>  conv.bias.data.mul_(scale)
# & (bias - bn.running_mean) * scale  =>  bias - bn.running_mean * scale
# The new convolution has no bias, though one is needed now: it holds what μ and β did. Make it with bias=True.
# - bias = 0 if conv.bias is None else conv.bias.detach()  =>
# & folded.bias = nn.Parameter((bias - bn.running_mean) * scale + bn.bias.detach())  =>
# The new convolution lost some of conv's options: where one is not handed on, the default takes its place. Hand on all
# four: stride, padding, dilation and groups.
# - folded = copy.deepcopy(conv)  =>  folded = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size)
# - copy.deepcopy(conv)  =>  nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, stride=conv.stride)
# - copy.deepcopy(conv)  =>  nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, padding=conv.padding)
# This writes into conv or bn itself. The net still needs both, for instance to go on training. Make a new convolution:
# copy.deepcopy(conv) is the shortest way.
# - copy.deepcopy(conv)  =>  conv
# - folded = copy  =>  conv.weight.data.mul_(scale.reshape(-1, 1, 1, 1)); folded = copy
# & conv.weight.detach() * scale.reshape(-1, 1, 1, 1)  =>  conv.weight.detach()
# - return folded  =>  bn.running_mean.zero_(); return folded
# A parameter that learns was written to in place, and autograd does not allow that. Write inside
# `with torch.no_grad():`, or set folded.weight = nn.Parameter(…).
# - folded.weight = nn.Parameter(conv.weight.detach() * scale.reshape(-1, 1, 1, 1))
# + folded.weight.copy_(conv.weight * scale.reshape(-1, 1, 1, 1))
# A plain tensor cannot take the place of a parameter. Wrap it: nn.Parameter(…).
# - nn.Parameter(conv.weight.detach() * scale.reshape(-1, 1, 1, 1))
# + conv.weight.detach() * scale.reshape(-1, 1, 1, 1)
# The two modules are only chained. That computes the right thing, but BN is still there and still costs time. One
# nn.Conv2d is asked for.
# - return folded  =>  return nn.Sequential(conv, bn)
# The new weight and bias came back as tensors. Put them into a new nn.Conv2d, and return that.
# - return folded  =>  return folded.weight, folded.bias
# Your function returns nothing (None). Return the new convolution.
# - return folded  =>  pass
# β was subtracted. BN adds it, after the scaling: b′ = (b − μ)·s + β.
# - * scale + bn.bias.detach()  =>  * scale - bn.bias.detach()
# A variance stands where the mean belongs: BN subtracts bn.running_mean.
# - bias - bn.running_mean  =>  bias - bn.running_var
# folded.bias is None here: the copy has no bias where conv has none, so there is nothing to write into. Set it:
# folded.bias = nn.Parameter(…).
# - folded.bias = nn.Parameter  =>  folded.bias.data.copy_
# - folded.bias = nn.Parameter  =>  folded.bias.copy_
# A tensor of several numbers is neither true nor false. Ask `conv.bias is None`.
# - 0 if conv.bias is None else conv.bias.detach()  =>  conv.bias.detach() if conv.bias else 0
# The new convolution has another dtype than conv.
# - return folded  =>  return folded.double()
# %% mistakes otherwise="folded weight"
# The filters are not W times s = γ/√(σ² + ε), one s for each output channel. γ is bn.weight (bn.bias is β), σ² is
# bn.running_var (as it is), ε is bn.eps.
# - (bn.weight / torch  =>  (bn.bias / torch
# %% mistakes otherwise="folded bias, where conv has none"
# The filters are right, the new bias is not s·(b − μ) + β, here with b = 0: μ is bn.running_mean, β is bn.bias
# (bn.weight is γ), and s, the one of the filters, multiplies μ once, β never.
# - (bias - bn.running_mean) * scale  =>  (bias - bn.running_mean) * scale**2
# %% mistakes otherwise="folded bias, where conv has one"
# Without conv.bias this is right. The new bias is s·(b − μ) + β: conv's own b is added once, before the scaling, as it
# is.
# - (bias - bn.running_mean) * scale  =>  (bias * scale - bn.running_mean) * scale
# %% mistakes hidden=true
# bn.eval() changes the mode of the bn that came in, which may be in training.
# - folded = copy  =>  bn.eval(); folded = copy
# The new convolution lost some of conv's options: where one is not handed on, the default takes its place. Hand on all
# four: stride, padding, dilation and groups.
# - copy.deepcopy(conv)
# + nn.Conv2d(
# +         conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, groups=conv.groups
# +     ).double()
# - copy.deepcopy(conv)  =>  nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding)
# %% mistakes hidden=true of="a new Conv2d with all options, filled under no_grad"
# The new convolution is float32, though conv is float64. A new nn.Conv2d is so unless it is made with
# dtype=conv.weight.dtype, and .float() makes it so.
# - , device=conv.weight.device, dtype=conv.weight.dtype  =>

# %% exercise="q_fold_training"
# %% mistakes
# With γ = 1 and β = 0 the mean and the variance would still have to be folded in. Think of these two: where do they
# come from in training mode?
# - q_fold_training = "a"  =>  q_fold_training = "b"
# A folded convolution is an ordinary one, and gradients flow through it. It would learn, but as a net without BN. What
# did BN do in training that this convolution does not?
# - q_fold_training = "a"  =>  q_fold_training = "c"
# Rounding of this size is everywhere in float32 training and does no harm. The trouble is one of principle: it would be
# there in exact arithmetic, too.
# - q_fold_training = "a"  =>  q_fold_training = "d"

# %% exercise="normalize_axes"
# %% right="groups one by one, as layer normalization"
def normalize_axes(x, kind, groups=1, eps=1e-5):
    if kind == "group":
        size = x.shape[1] // groups
        parts = [x[:, g * size : (g + 1) * size] for g in range(groups)]
        return np.concatenate([normalize_axes(part, "layer", 1, eps) for part in parts], axis=1)
    axes = dict(batch=(0, 2, 3), layer=(1, 2, 3), instance=(2, 3))[kind]
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)
# %% right="all are group normalization, of rows"
def normalize_axes(x, kind, groups=1, eps=1e-5):
    if kind == "batch":
        return normalize_axes(x.swapaxes(0, 1), "layer", eps=eps).swapaxes(0, 1)
    N, C = x.shape[:2]
    rows = x.reshape(N * {"layer": 1, "instance": C, "group": groups}[kind], -1)
    m = rows.shape[1]
    centred = rows - (rows @ np.ones((m, 1))) / m
    var = np.einsum("ij,ij->i", centred, centred)[:, None] / m
    return np.reshape(centred * (var + eps) ** -0.5, x.shape)
# %% right="loops over images and channels, float64 inside"
def normalize_axes(x, kind, groups=1, eps=1e-5):
    x = x.astype(np.float64)
    out, (N, C) = np.zeros(x.shape), x.shape[:2]
    share = {"batch": C, "layer": 1, "instance": C, "group": groups}[kind]
    for n in range(N):
        for c in range(C):
            first = c // (C // share) * (C // share)
            own = x[:, c] if kind == "batch" else x[n, first : first + C // share]
            out[n, c] = (x[n, c] - np.average(own)) / np.sqrt(np.average((own - np.average(own)) ** 2) + eps)
    return out
# %% mistakes
# Batch normalization was taken over the examples only. Per channel, rows and columns are averaged as well.
# - "batch": (0, 2, 3)  =>  "batch": 0
# For 'batch' the average runs over every axis, the channels included. Each channel keeps its own statistics: look at
# the dark column in the figure.
# - "batch": (0, 2, 3)  =>  "batch": (0, 1, 2, 3)
# 'batch' and 'layer' are exchanged. Batch: one channel, all images. Layer: one image, all channels.
# - "batch": (0, 2, 3), "layer": (1, 2, 3)  =>  "batch": (1, 2, 3), "layer": (0, 2, 3)
# For 'layer' the average runs over the channels only, at each pixel by itself. That is the transformer's layer
# normalization; for images here it takes in rows and columns too, the dark row in the figure.
# - "layer": (1, 2, 3)  =>  "layer": 1
# For 'instance' the average runs over N, H and W or over C, H and W. An instance is one map: one image and one channel
# keep their own statistics.
# - "instance": (2, 3)  =>  "instance": (0, 2, 3)
# - "instance": (2, 3)  =>  "instance": (1, 2, 3)
# For 'batch' the last axis, W, kept statistics of its own, and the channels were averaged away. Channels are axis 1 of
# (N, C, H, W). And cut them into groups for 'group' only: for the others it moves the axes.
# - "batch": (0, 2, 3)  =>  "batch": (0, 1, 2)
# Without keepdims=True the mean has lost the axes that were averaged away, and no longer lines up with x. Add it to the
# mean and to the variance.
# - parts.mean(axis=axes, keepdims=True)  =>  parts.mean(axis=axes)
# & parts.var(axis=axes, keepdims=True)  =>  parts.var(axis=axes)
# ε stands outside the root. It belongs inside: √(σ² + ε).
# - np.sqrt(var + eps)  =>  (np.sqrt(var) + eps)
# The argument eps is not used. Add it to the variance, under the root.
# - np.sqrt(var + eps)  =>  np.sqrt(var + 1e-5)
# This divides by the variance. Take its root.
# - np.sqrt(var + eps)  =>  (var + eps)
# The variance is divided by one less than the count (ddof=1). All four normalizations divide by the count.
# - parts.var(axis=axes, keepdims=True)  =>  parts.var(axis=axes, keepdims=True, ddof=1)
# The mean was taken away, but nothing is divided by the standard deviation.
# - ((parts - mean) / np.sqrt(var + eps))  =>  (parts - mean)
# `x -= mean` changes the caller's own array (reshape gives a view, not a copy). Make a new array.
# - var = parts.var(axis=axes, keepdims=True)  =>  parts -= mean; var = parts.var(axis=axes, keepdims=True)
# & ((parts - mean) / np.sqrt(var + eps))  =>  (parts / np.sqrt(var + eps))
# groups was read as the number of channels in a group. It is the number of groups: each has C/G channels.
# - x.reshape(N, groups, C // groups, H, W)  =>  x.reshape(N, C // groups, groups, H, W)
# The result still has the groups' shape, (N, G, C/G, H, W). Bring it back to the shape of x.
# - x.reshape(N, groups, C // groups, H, W)  =>  x.reshape(N * groups, C // groups, H, W)
# & "group": (2, 3, 4)  =>  "group": (1, 2, 3)
# & / np.sqrt(var + eps)).reshape(x.shape)  =>  / np.sqrt(var + eps))
# - / np.sqrt(var + eps)).reshape(x.shape)  =>  / np.sqrt(var + eps))
# For 'group' the average stops at the group's single channels: that is instance normalization. The axis of the channels
# within a group must be averaged, too.
# - "group": (2, 3, 4)  =>  "group": (3, 4)
# For 'group' the average runs over the images, too. Group normalization never looks at another image.
# - "group": (2, 3, 4)  =>  "group": (0, 2, 3, 4)
# For 'group' all channels were averaged together: that is layer normalization. Give each group its own statistics.
# - "group": (2, 3, 4)  =>  "group": (1, 2, 3, 4)
# Your function returns nothing (None). End it with a return statement that gives x_hat.
# - return ((parts - mean) / np.sqrt(var + eps)).reshape(x.shape)  =>  pass
# For 'batch' each map was normalized by itself: that is instance normalization. Average over the images, axis 0, as
# well.
# - "batch": (0, 2, 3)  =>  "batch": (2, 3)
# For 'batch' the average runs over images and channels, at each pixel by itself. Keep the channels, axis 1, and average
# over images, rows and columns.
# - "batch": (0, 2, 3)  =>  "batch": (0, 1)
# For 'layer' each map was normalized by itself: that is instance normalization. Average over the channels, axis 1, as
# well.
# - "layer": (1, 2, 3)  =>  "layer": (2, 3)
# For 'layer' the average runs over every axis, the images included. Each image keeps its own statistics: look at the
# dark row in the figure.
# - "layer": (1, 2, 3)  =>  "layer": (0, 1, 2, 3)
# For 'instance' rows or columns were left out of the average. An instance is a whole map: average over both, axes 2
# and 3.
# - "instance": (2, 3)  =>  "instance": 2
# - "instance": (2, 3)  =>  "instance": 3
# x was divided by the standard deviation, but its mean was not taken away.
# - ((parts - mean) / np.sqrt(var + eps))  =>  (parts / np.sqrt(var + eps))
# C / groups is a float, and a shape needs whole numbers: C // groups.
# - C // groups  =>  C / groups
# More than x_hat came back. Here nothing else is asked for: no mean, no cache.
# - .reshape(x.shape)  =>  .reshape(x.shape), mean
# The groups are interleaved: channels that are not neighbours were put together. A group is a run of neighbouring
# channels: the axis of groups comes first, then the one within the group.
# - "group": (2, 3, 4)  =>  "group": (1, 3, 4)
# - x.reshape(N, groups, C // groups, H, W)  =>  x.reshape(N, C // groups, groups, H, W)
# & "group": (2, 3, 4)  =>  "group": (1, 3, 4)
# For 'group' rows or columns were left out of the average, or the groups were joined. x has five axes there,
# (N, G, C/G, H, W): the last three go.
# - "group": (2, 3, 4)  =>  "group": 2
# - "group": (2, 3, 4)  =>  "group": (2, 3)
# - "group": (2, 3, 4)  =>  "group": (1, 2, 3)
# NumPy's word is axis= (and keepdims=); dim= and keepdim= are PyTorch's.
# - parts.mean(axis=axes, keepdims=True)  =>  parts.mean(dim=axes, keepdim=True)
# - parts.mean(axis=axes, keepdims=True)  =>  parts.mean(axis=axes, keepdim=True)
# PyTorch's own normalization is in this answer. In NumPy it takes a mean, a variance and the right axes.
# - N, C, H, W = x.shape  =>  N, C, H, W = F.layer_norm(torch.tensor(x.copy()), x.shape[1:]).shape
# Several axes are one argument, a tuple: (0, 2, 3). A list is refused.
# - axes = {"batch": (0, 2, 3)  =>  axes = {"batch": [0, 2, 3]
# For 'layer' or 'batch' rows or columns were left out of the average.
# - "layer": (1, 2, 3)  =>  "layer": (1, 2)
# - "batch": (0, 2, 3)  =>  "batch": (0, 2)
# - "batch": (0, 2, 3)  =>  "batch": (0, 3)
# The variance was measured around 0. Subtract the mean before you square.
# - parts.var(axis=axes, keepdims=True)  =>  (parts**2).mean(axis=axes, keepdims=True)
# The root was taken twice: np.std is a standard deviation already.
# - parts.var(axis=axes, keepdims=True)  =>  parts.std(axis=axes, keepdims=True)
# %% mistakes otherwise="batch"
# Either the formula is not (x − mean)/√(var + eps), or the axes are not those of 'batch': N, H and W, so 0, 2 and 3,
# with one mean and one variance for each channel.
# - ((parts - mean) / np.sqrt(var + eps))  =>  ((parts - mean) * np.sqrt(var + eps))
# %% mistakes otherwise="layer"
# 'batch' is right, 'layer' is not. It averages over C, H and W: axes 1, 2 and 3, one mean for each image.
# - "layer": (1, 2, 3)  =>  "layer": (0, 1)
# %% mistakes otherwise="instance"
# 'batch' and 'layer' are right, 'instance' is not. It averages over H and W, axes 2 and 3, one mean for each map;
# `groups` plays no part in it.
# - "instance": (2, 3)  =>  "instance": (0, 1)
# %% mistakes otherwise="group, two groups of three"
# For 'group', other numbers share a mean than should: in each image, C/G neighbouring channels, all rows and columns.
# Cut the channels only, (N, G, C/G, H, W), and average over axes 2, 3 and 4.
# - "group": (2, 3, 4)  =>  "group": (0, 1)
# %% mistakes of="groups one by one, as layer normalization"
# The groups are interleaved: channels that are not neighbours were put together. A group is a run of neighbouring
# channels: the axis of groups comes first, then the one within the group.
# - x[:, g * size : (g + 1) * size]  =>  x[:, g::groups]
