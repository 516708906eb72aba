# %% exercise="numerical_gradient"
# %% right="one entry moved up, down and back, in a copy (Stanford's CS231n)"
def numerical_gradient(f, x, dy, h=1e-5):
    x = x.astype(np.float64)
    dx = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        k = it.multi_index
        old = x[k]
        x[k] += h
        up = f(x).copy()
        x[k] -= 2 * h
        down = f(x).copy()
        x[k] = old
        dx[k] = np.sum((up - down) * dy) / (2 * h)
        it.iternext()
    return dx
# %% right="a copy for each direction, and the loss as one number"
def numerical_gradient(f, x, dy, h=1e-5):
    def loss(z):
        return np.vdot(dy, f(z))

    dx = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        up, down = x.astype(float), x.astype(float)
        up[k] += h
        down[k] -= h
        dx[k] = (loss(up) - loss(down)) / (2 * h)
    return dx
# %% right="all steps in one array, a list comprehension, one reshape"
def numerical_gradient(f, x, dy, h=1e-5):
    steps = h * np.eye(x.size).reshape(x.size, *x.shape)
    return np.reshape([np.sum(dy * (f(x + step) - f(x - step))) / (2 * h) for step in steps], x.shape)
# %% right="flat index, np.tensordot, a loss of its own"
def numerical_gradient(f, x, dy, h=1e-5):
    x = np.asarray(x).astype(float)
    flat = []
    for i in range(x.size):
        k = np.unravel_index(i, x.shape)
        step = np.zeros_like(x)
        step[k] += h
        flat.append(np.average(dy * f(x + step)) - np.average(dy * f(x - step)))
    return np.array(flat).reshape(x.shape) * np.size(dy) / (2 * h)
# %% mistakes
# This is a one-sided difference: f(x + h), or f(x − h), is compared with f(x). Its error shrinks only like h. Step to
# both sides, h up and h down, and divide by 2h: the errors of the two halves cancel, and what is left shrinks like h².
# - f(x - nudge))).sum() / (2 * h)  =>  f(x))).sum() / h
# - (dy * (f(x + nudge) - f(x - nudge))).sum() / (2 * h)  =>  (dy * (f(x) - f(x - nudge))).sum() / h
# - (dy * (f(x + nudge) - f(x - nudge))).sum() / (2 * h)  =>  (dy * (f(x + nudge) - f(x))).sum() / (2 * h)
# dy is not used. The loss is sum(dy * f(x)), so weigh each output's change with its own dy.
# - (dy * (f(x + nudge) - f(x - nudge)))  =>  (f(x + nudge) - f(x - nudge))
# Every entry is twice too large. The two points lie 2h apart, not h.
# - / (2 * h)  =>  / h
# This is the mean of dy * f(x). It is smaller than the sum by the number of outputs, and L is the sum.
# - .sum()  =>  .mean()
# A single entry of dx cannot hold a whole array: sum dy times the change of f over all outputs first.
# - (dy * (f(x + nudge) - f(x - nudge))).sum()  =>  (dy * (f(x + nudge) - f(x - nudge)))
# The up and down steps are exchanged, so every sign is turned: f at x + h comes first.
# - (f(x + nudge) - f(x - nudge))  =>  (f(x - nudge) - f(x + nudge))
# Only the output at the nudged place was looked at. But one input moves other outputs too, and L sums over all.
# - (dy * (f(x + nudge) - f(x - nudge))).sum()  =>  (dy * (f(x + nudge) - f(x - nudge)))[k]
# a / 2 * h divides by 2 and then multiplies by h. Put the denominator in parentheses.
# - / (2 * h)  =>  / 2 * h
# Not every entry is visited: return stands inside the loop, or the loop leaves entries out. np.ndindex(x.shape) visits
# them all, and return belongs after the loop, level with for.
# - / (2 * h)  =>  / (2 * h); return dx
# - np.ndindex(x.shape)  =>  zip(*(range(n) for n in x.shape))
# - np.ndindex(x.shape)  =>  np.ndindex(x.shape[0] - 1, *x.shape[1:])
# The loops count on two axes, but x may have any number: here one. np.ndindex(x.shape) visits every entry.
# - for k in np.ndindex(x.shape):  =>  for k in [(i, j) for i in range(x.shape[0]) for j in range(x.shape[1])]:
# The loop, or dx, has the shape of dy, as the outputs have. dx has one entry for each entry of x: take x.shape.
# - for k in np.ndindex(x.shape):  =>  for k in np.ndindex(dy.shape):
# - dx = np.zeros(x.shape)  =>  dx = np.zeros_like(dy)
# The step is not h to each side: it is another, such as 1e-5, h/2 or h·x, or a sharper rule is used. The check's h is
# large, so that this shows.
# - x = np.array(x, dtype=np.float64)  =>  x, h = np.array(x, dtype=np.float64), 1e-5
# - (dy * (f(x + nudge) - f(x - nudge))).sum() / (2 * h)  =>  (dy * (f(x + nudge / 2) - f(x - nudge / 2))).sum() / h
# - nudge[k] = h  =>  nudge[k] = h * x[k]
# & / (2 * h)  =>  / (2 * h * x[k])
# - nudge[k] = h  =>  nudge[k] = h * x[k]
# The nudged entry was not put back (x to its value, or the array of steps to zero) before the next one was nudged, so
# the later entries are measured at another x. Restore it, or make a fresh array for each entry.
# - dx = np.zeros(x.shape)  =>  nudge, dx = np.zeros(x.shape), np.zeros(x.shape)
# & nudge = np.zeros(x.shape)  =>  pass
# An array like x has the type of x. In integers 3 + 0.1 is stored as 3, and float32 is too coarse for a small h. Make
# x, dx and everything that h is added to float64, from the beginning.
# - x = np.array(x, dtype=np.float64)  =>  x = np.array(x, dtype=np.float32)
# - dx = np.zeros(x.shape)  =>  dx = np.zeros(x.shape, dtype=np.float32)
# - x = np.array(x, dtype=np.float64)  =>  x = np.array(x)
# & nudge = np.zeros(x.shape)  =>  nudge = np.zeros_like(x)
# - x = np.array(x, dtype=np.float64)  =>  x = np.array(x)
# & dx = np.zeros(x.shape)  =>  dx = np.zeros_like(x)
# - x = np.array(x, dtype=np.float64)  =>  x = np.array(x)
# & dx = np.zeros(x.shape)  =>  dx = np.zeros_like(x)
# & nudge = np.zeros(x.shape)  =>  nudge = np.zeros_like(x)
# More than one entry was nudged at a time (a row, a column, or all of x), or what belongs to one entry was added to all
# of dx. Nudge one single entry, leave 0 in the others, and store the result at that entry.
# - nudge[k] = h  =>  nudge[k[0]] = h
# - for k in np.ndindex(x.shape):  =>  for k in range(len(x)):
# & .sum() /  =>  .sum(axis=0) /
# - nudge[k] = h  =>  nudge[..., k[-1]] = h
# - nudge[k] = h  =>  nudge[:] = h
# The change of the loss is not divided by 2h, the distance of the two points: the division is missing, it is by
# another number, or the nudge is not h.
# - dx[k] = (dy  =>  dx[k] = 2 * h * (dy
# - / (2 * h)  =>  / h**2
# - / (2 * h)  =>  / (2 * h**2)
# - / (2 * h)  =>  / (4 * h)
# - / (2 * h)  =>  / 2
# - / (2 * h)  =>  * 2 * h
# - dy * (f(x + nudge) - f(x - nudge))  =>  dy * (f(x + nudge / 2) - f(x - nudge / 2))
# dy multiplies only one of the two outputs: f(x + h) − f(x − h) needs parentheses before dy multiplies it.
# - (dy * (f(x + nudge) - f(x - nudge)))  =>  (dy * f(x + nudge) - f(x - nudge))
# A matrix product pairs rows with columns. L pairs each output with its own dy: multiply entry by entry, then sum.
# - (dy * (f(x + nudge) - f(x - nudge)))  =>  (dy.T @ (f(x + nudge) - f(x - nudge)))
# - (dy * (f(x + nudge) - f(x - nudge)))  =>  np.dot(dy, (f(x + nudge) - f(x - nudge)))
# dy is not paired with the outputs: dy[k] alone, or the sum of dy, multiplies the sum of all changes. Each output has
# its own dy: multiply entry by entry, then sum.
# - (dy * (f(x + nudge) - f(x - nudge))).sum()  =>  dy[k] * (f(x + nudge) - f(x - nudge)).sum()
# - (dy * (f(x + nudge) - f(x - nudge))).sum()  =>  dy.sum() * (f(x + nudge) - f(x - nudge)).sum()
# An index does not fit. A single number counts along the first axis only, and the order of the axes is that of x.shape:
# np.ndindex(x.shape) gives an index for every axis, in that order.
# - np.ndindex(x.shape)  =>  range(x.size)
# f was called on a row of x, or on one entry. But f may mix the rows: nudge one entry, and call f on the whole array.
# - (dy * (f(x + nudge) - f(x - nudge)))  =>  (dy[k[0]] * (f((x + nudge)[[k[0]]]) - f((x - nudge)[[k[0]]])))
# Every entry of x was nudged at the same time, and each output was compared with its own entry only. But one input
# moves many outputs: nudge one entry at a time, and sum what that does to the whole output.
# - (dy * (f(x + nudge) - f(x - nudge))).sum()  =>  (dy * (f(x + h) - f(x - h)))[k]
# dx is one NumPy array, of the shape of x: no list, and not flat.
# - return dx  =>  return dx.tolist()
# - return dx  =>  return dx.ravel()
# %% mistakes of="one entry moved up, down and back, in a copy (Stanford's CS231n)"
# The nudged entry was not put back (x to its value, or the array of steps to zero) before the next one was nudged, so
# the later entries are measured at another x. Restore it, or make a fresh array for each entry.
# - x[k] = old  =>  pass
# An array like x has the type of x. In integers 3 + 0.1 is stored as 3, and float32 is too coarse for a small h. Make
# x, dx and everything that h is added to float64, from the beginning.
# - x = x.astype(np.float64)  =>  x = x.copy()
# - x = x.astype(np.float64)  =>  x = x.copy()
# & dx = np.zeros_like(x)  =>  dx = np.zeros(x.shape)
# x itself was nudged. Adding h and taking it away again does not give back the same bits; and in an array of integers
# 3 + 0.1 is stored as 3. Work on a copy in float64.
# - x = x.astype(np.float64)  =>  dx = np.zeros(x.shape)
# & dx = np.zeros_like(x)  =>  pass
# & x[k] = old  =>  x[k] += h
# %% mistakes of="a copy for each direction, and the loss as one number"
# Every entry is 0: nothing is stored in dx, or the step up and the step down cancel. If you wrote up = x: that does not
# copy, so up, down and x are three names of one array. Write x.copy(), or add an array that is h at one entry.
# - x.astype(float), x.astype(float)  =>  x, x
# An array like x has the type of x. In integers 3 + 0.1 is stored as 3, and float32 is too coarse for a small h. Make
# x, dx and everything that h is added to float64, from the beginning.
# - x.astype(float), x.astype(float)  =>  x.copy(), x.copy()
# - x.astype(float), x.astype(float)  =>  x.copy(), x.copy()
# & dx = np.zeros(x.shape)  =>  dx = np.zeros_like(x)
# %% mistakes hidden=true
# ravel() gives a view only when the array is contiguous; otherwise it is a copy, and what you write there is lost.
# Index x itself with np.ndindex(x.shape).
# - dx = np.zeros(x.shape)  =>  dx = np.zeros_like(x)
# & dx[k] = (dy  =>  dx.ravel()[np.ravel_multi_index(k, x.shape)] = (dy
# %% mistakes otherwise="central difference, h = 0.1"
# One entry of dx is the sum of dy times (f at x + h minus f at x − h), over all outputs, divided by 2h. Something in it
# is not so: work out the first entry by hand, and compare.
# - f(x + nudge) - f(x - nudge)  =>  f(x + nudge) + f(x - nudge)

# %% exercise="q_gradient_check"
# %% mistakes
# A column of y has mean β and variance γ²σ²/(σ²+ε), so its sum of squares is, except for ε, a constant too. The true dx
# is close to 0.
# - q_gradient_check = "b"  =>  q_gradient_check = "a"
# Within a feature all rows still weigh the same, so the loss is Σ j·m·β: a constant. The weights have to differ from
# row to row of the batch.
# - q_gradient_check = "b"  =>  q_gradient_check = "c"
# Σ y does not depend on x at all, so another x shows nothing new: dx is 0 each time. It is dy that has to change, not
# x.
# - q_gradient_check = "b"  =>  q_gradient_check = "d"

# %% exercise="affine_backward"
# %% right="einsum"
def affine_backward(dy, x_hat, gamma):
    return np.einsum("nd,nd->d", dy, x_hat), np.einsum("nd->d", dy), np.einsum("nd,d->nd", dy, gamma)
# %% right="matrix products"
def affine_backward(dy, x_hat, gamma):
    return np.diag(x_hat.T @ dy), np.ones(len(dy)) @ dy, dy @ np.diag(gamma)
# %% right="loops in float64, the results in a list"
def affine_backward(dy, x_hat, gamma):
    N, D = dy.shape
    dgamma, dbeta, dx_hat = np.zeros(D), np.zeros(D), np.zeros((N, D))
    for i in range(N):
        for j in range(D):
            dgamma[j] += dy[i, j] * x_hat[i, j]
            dbeta[j] += dy[i, j]
            dx_hat[i, j] = gamma[j] * dy[i, j]
    return [dgamma, dbeta, dx_hat]
# %% right="averages times N, coefficients in an array, float64 inside"
def affine_backward(dy, x_hat, gamma):
    dy, x_hat, gamma = (np.array(a, dtype=np.float64) for a in (dy, x_hat, gamma))
    ones = np.full(len(dy), 1.0)
    return len(dy) * np.average(dy * x_hat, axis=0), np.dot(ones, dy), np.tile(gamma, (len(dy), 1)) * dy
# %% mistakes
# dgamma or dbeta is a mean. The loss's own 1/N, where it has one, is already in dy: rule 2 asks for the plain sum.
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).mean(axis=0)
# & dy.sum(axis=0)  =>  dy.mean(axis=0)
# These sums run over the features, axis=1. γ and β have one value for each feature: sum over the batch, axis=0.
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).sum(axis=1)
# & dy.sum(axis=0)  =>  dy.sum(axis=1)
# dgamma or dbeta has the shape (N, D) of dy: it was not summed. One γ served all N rows, and collects from all.
# - (dy * x_hat).sum(axis=0)  =>  dy * x_hat
# & dy.sum(axis=0)  =>  dy
# dx_hat is divided by γ. That would undo the forward pass; a gradient is multiplied by the local derivative, γ.
# - dy * gamma  =>  dy / gamma
# dgamma and dbeta are exchanged, or one holds what belongs to the other. γ is multiplied by x̂, so the one with x̂ in
# it belongs to γ; the order is (dgamma, dbeta, dx_hat).
# - return dgamma, dbeta, dx_hat  =>  return dbeta, dgamma, dx_hat
# - dbeta = dy.sum(axis=0)  =>  dbeta = (dy * x_hat).sum(axis=0)
# - (dy * x_hat).sum(axis=0)  =>  dy.sum(axis=0) * 1.0
# dgamma or dbeta was computed from dx_hat = dy·γ. Both need dy as it arrived: dgamma is the sum of dy·x̂, dbeta that of
# dy, and γ is in neither.
# - (dy * x_hat).sum(axis=0)  =>  (dy * gamma * x_hat).sum(axis=0)
# - (dy * x_hat).sum(axis=0)  =>  (dy * gamma).sum(axis=0)
# - dbeta = dy.sum(axis=0)  =>  dbeta = (dy * gamma).sum(axis=0)
# Return a tuple of these three, in this order: (dgamma, dbeta, dx_hat).
# - return dgamma, dbeta, dx_hat  =>  return dgamma, dbeta
# - return dgamma, dbeta, dx_hat  =>  return {"dgamma": dgamma, "dbeta": dbeta, "dx_hat": dx_hat}
# - return dgamma, dbeta, dx_hat  =>  return dx_hat, dgamma, dbeta
# - return dgamma, dbeta, dx_hat  =>  return dgamma, dx_hat, dbeta
# dgamma or dbeta is a single number, summed over the features too. Each feature has its own γ and β: axis 0 only.
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).sum()
# & dy.sum(axis=0)  =>  dy.sum()
# dgamma comes from a matrix product, which pairs every feature's dy with every feature's x̂, or every row with every
# row. Only a feature's own pairs count: multiply entry by entry, then sum over axis 0.
# - (dy * x_hat).sum(axis=0)  =>  dy.T @ x_hat
# - (dy * x_hat).sum(axis=0)  =>  x_hat.T @ dy
# - (dy * x_hat).sum(axis=0)  =>  dy @ x_hat.T
# - (dy * x_hat).sum(axis=0)  =>  np.dot(dy, x_hat)
# - (dy * x_hat).sum(axis=0)  =>  (x_hat.T @ dy).sum(axis=0)
# dgamma or dbeta has shape (1, D). A gradient has the shape of its quantity, here (D,): leave keepdims out.
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).sum(axis=0, keepdims=True)
# & dy.sum(axis=0)  =>  dy.sum(axis=0, keepdims=True)
# dx_hat was summed, over the batch or over the features. Each entry of x̂ was used once, by its own y: there is nothing
# to sum, and dx_hat has the shape of x̂.
# - dx_hat = dy * gamma  =>  dx_hat = (dy * gamma).sum(axis=0)
# - dx_hat = dy * gamma  =>  dx_hat = dy @ gamma
# `dy *= …` writes into the caller's array; dy * … makes a new one.
# - dx_hat = dy * gamma  =>  dx_hat = dy; dx_hat *= gamma
# Only the local derivative is there: the gradient that arrives, dy, is missing. Multiply the two, entry by entry; then
# sum where something was spread over the batch.
# - (dy * x_hat).sum(axis=0)  =>  x_hat.sum(axis=0)
# & dbeta = dy.sum(axis=0)  =>  dbeta = np.ones_like(gamma) * len(dy)
# & dx_hat = dy * gamma  =>  dx_hat = np.ones_like(dy) * gamma
# - dbeta = dy.sum(axis=0)  =>  dbeta = np.ones_like(gamma)
# - dx_hat = dy * gamma  =>  dx_hat = gamma
# Two sums are multiplied. It is the products dy·x̂ that have to be summed, row by row.
# - (dy * x_hat).sum(axis=0)  =>  dy.sum(axis=0) * x_hat.sum(axis=0)
# dx_hat is not dy times γ. y = γ·x̂ + β, so the local derivative with respect to x̂ is γ: it must be there, once, and
# no x̂, no 1/N, no minus.
# - dy * gamma  =>  dy * 1.0
# - dx_hat = dy * gamma  =>  dx_hat = dy * x_hat
# - dx_hat = dy * gamma  =>  dx_hat = dy * gamma * x_hat
# - dx_hat = dy * gamma  =>  dx_hat = dy * gamma**2
# - dx_hat = dy * gamma  =>  dx_hat = dy * gamma / len(dy)
# - dx_hat = dy * gamma  =>  dx_hat = -dy * gamma
# γ has one value for each feature, so it lines up with the last axis of dy by itself: no [:, None].
# - dx_hat = dy * gamma  =>  dx_hat = dy * gamma[:, None]
# %% mistakes otherwise="affine: dgamma, dbeta, dx_hat"
# The line above says which of the three is wrong. dgamma sums dy·x̂ and dbeta sums dy, each over the batch; dx_hat is
# dy·γ. Nothing else belongs in them, and nothing is left out.
# - dx_hat = dy * gamma  =>  dx_hat = dy + gamma

# %% exercise="variance_backward"
# %% right="everything under one sum, with the exponent as -3/2"
def variance_backward(dx_hat, x, mean, var, eps):
    return np.sum(dx_hat * (x - mean) * (-1 / 2) * (var + eps) ** (-3 / 2), axis=0)
# %% right="through the inverse root, in the steps of a computational graph"
def variance_backward(dx_hat, x, mean, var, eps):
    sqrtvar = np.sqrt(var + eps)
    divar = np.sum(dx_hat * (x - mean), axis=0)
    dsqrtvar = -1.0 / sqrtvar**2 * divar
    return 0.5 / np.sqrt(var + eps) * dsqrtvar
# %% right="x_hat computed again, einsum"
def variance_backward(dx_hat, x, mean, var, eps):
    x_hat = (x - mean) / np.sqrt(var + eps)
    return -np.einsum("nd,nd->d", dx_hat, x_hat) / (2 * (var + eps))
# %% right="feature by feature"
def variance_backward(dx_hat, x, mean, var, eps):
    dvar = []
    for j in range(x.shape[1]):
        root = np.sqrt(var[j] + eps)
        dvar.append(-0.5 / (root * root * root) * np.dot(dx_hat[:, j], x[:, j] - mean[j]))
    return np.array(dvar)
# %% right="ones times the products, a list of features, float64"
def variance_backward(dx_hat, x, mean, var, eps):
    centred = x.astype(np.float64) - mean
    sums = np.ones(len(x)) @ (np.array(dx_hat, dtype=np.float64) * centred)
    return np.array([-sums[j] / (2 * np.sqrt(var[j] + eps) ** 3) for j in range(len(sums))])
# %% right="np.average times N, float_power"
def variance_backward(dx_hat, x, mean, var, eps):
    return len(x) * np.average((x - mean) * dx_hat, axis=0) * np.float_power(var + eps, -3 / 2) * (-1 / 2)
# %% mistakes
# The factor is not −1/2: it is missing, or its ½ alone is, or −3/2 stands there. The derivative of v to the power −1/2
# begins with the old exponent, −1/2, not with the new one. (In Python −1 // 2 is −1.)
# - * -0.5 * (var + eps)  =>  * (var + eps)
# - * -0.5  =>  * -1.0
# - * -0.5  =>  * -1.5
# The exponent is not −3/2. Differentiating v to the power −1/2 lowers the exponent by one. (1/(2√v) is the derivative
# of √v; here the root stands in the denominator. And v is already a square: to the third power goes its root.)
# - ** -1.5  =>  ** -0.5
# - * -0.5 * (var + eps) ** -1.5  =>  * 0.5 * (var + eps) ** -0.5
# - ** -1.5  =>  ** -1.0
# - ** -1.5  =>  ** -2.5
# - ** -1.5  =>  ** -3.0
# - ** -1.5  =>  ** 1.5
# The sign is turned. A larger variance makes every x̂ smaller in size, so the local derivative has a minus.
# - * -0.5  =>  * 0.5
# The shape is (N, D): the rows were not added up. One σ² served all N rows, so it collects from all of them (rule 2).
# - (dx_hat * (x - mean)).sum(axis=0)  =>  (dx_hat * (x - mean))
# - (dx_hat * (x - mean)).sum(axis=0)  =>  dx_hat * (x - mean).sum(axis=0)
# ε is missing, is not the argument eps, or stands outside the power or the root. The node divides by √(σ² + ε), so what
# is raised to a power is var + eps.
# - (var + eps) **  =>  (var + 1e-5) **
# - (var + eps) **  =>  var **
# - (var + eps) ** -1.5  =>  (np.sqrt(var) + eps) ** -3.0
# - (var + eps) ** -1.5  =>  (var**-1.5 + eps)
# This divides by (σ²+ε)³, and then by 2. In Python ** binds tighter than /, so v ** -3 / 2 means (v ** -3) / 2. Put the
# exponent in parentheses.
# - (var + eps) ** -1.5  =>  (var + eps) ** -3 / 2
# The sum is divided by N, or multiplied by 2/N. Rule 2 asks for the plain sum over the batch; the 1/m of BN belongs to
# other nodes (how σ² comes from x, how μ comes from x).
# - .sum(axis=0)  =>  .mean(axis=0)
# - .sum(axis=0)  =>  .sum(axis=0) * 2 / len(x)
# (x − mean) is missing: the sum is that of dx_hat alone. x̂ is (x − μ) times a power of v, and (x − μ) stays as a
# factor when v is differentiated.
# - (dx_hat * (x - mean)).sum(axis=0)  =>  dx_hat.sum(axis=0)
# There is one root too many in the denominator, as with an exponent of −2 (in Python −3 // 2 is −2). If x̂ stands where
# x − μ should: it is already divided by √(σ²+ε) once.
# - (dx_hat * (x - mean)).sum(axis=0)  =>  (dx_hat * (x - mean) / np.sqrt(var + eps)).sum(axis=0)
# The mean, the variance or both were computed again from x. Use those handed in: a node works with whatever the forward
# pass used, and here that is not x's own. (To centre dx_hat comes to the same as x's own mean.)
# - dvar = (dx_hat  =>  mean, var = x.mean(axis=0), x.var(axis=0); dvar = (dx_hat
# - (dx_hat * (x - mean))  =>  (dx_hat * (x - x.mean(axis=0)))
# - * (var + eps)  =>  * (x.var(axis=0) + eps)
# The factor is x − μ, as it is: x is not centred here, or x − μ is squared, or its sign is dropped.
# - (dx_hat * (x - mean))  =>  (dx_hat * x)
# - (dx_hat * (x - mean))  =>  (dx_hat * (x - mean) ** 2)
# - (dx_hat * (x - mean))  =>  (dx_hat * abs(x - mean))
# The sum runs over the features, as well as the batch or instead of it (axis=1). Each feature has its own σ²: axis 0
# only.
# - (dx_hat * (x - mean)).sum(axis=0) * -0.5 * (var + eps) ** -1.5
# + (dx_hat * (x - mean) * -0.5 * (var + eps) ** -1.5).sum(axis=1)
# - .sum(axis=0)  =>  .sum(axis=1)
# - (dx_hat * (x - mean)).sum(axis=0)  =>  (dx_hat * (x - mean)).sum()
# -  * -0.5 * (var + eps) ** -1.5  =>   * -0.5 * (var + eps) ** -1.5; dvar = np.sum(dvar)
# Two sums are multiplied. It is the products that have to be summed: dx_hat times (x − μ) in each row, then all rows.
# - (dx_hat * (x - mean)).sum(axis=0)  =>  dx_hat.sum(axis=0) * (x - mean).sum(axis=0)
# The gradient that arrives, dx_hat, is missing. Multiply it with the local derivative, row by row, before you sum.
# - (dx_hat * (x - mean))  =>  (x - mean)
# In Python ^ is not a power but a bitwise operation. Write **.
# - ** -1.5  =>  ^ -1.5
# The shape is (1, D). σ² has shape (D,), and a gradient has the shape of its quantity: leave keepdims out.
# - .sum(axis=0)  =>  .sum(axis=0, keepdims=True)
# A matrix product pairs every feature with every other. Multiply dx_hat and x − μ entry by entry, then sum over axis 0.
# - (dx_hat * (x - mean)).sum(axis=0)  =>  dx_hat.T @ (x - mean)
# %% mistakes otherwise="dvar"
# In each row three things are multiplied: dx_hat, x − μ, and the derivative of v^(−1/2) at v = σ² + ε (see to its
# factor and its exponent). Then the rows are summed. One of the three, or the sum, is not so.
# -  * -0.5 * (var + eps) ** -1.5  =>   * -1.0 / (var + eps)

# %% exercise="mean_backward"
# %% right="products with a vector of ones"
def mean_backward(dx_hat, dvar, x, mean, var, eps):
    ones = np.ones(len(x))
    return -ones @ dx_hat / np.sqrt(var + eps) - 2 / len(x) * dvar * (ones @ (x - mean))
# %% right="the second term from the two means"
def mean_backward(dx_hat, dvar, x, mean, var, eps):
    return (dx_hat * -1 / np.sqrt(var + eps)).sum(axis=0) + 2 * dvar * (mean - x.mean(axis=0))
# %% right="row by row"
def mean_backward(dx_hat, dvar, x, mean, var, eps):
    dmean = np.zeros(x.shape[1])
    for i in range(len(x)):
        dmean += -dx_hat[i] * (var + eps) ** -0.5
        dmean += dvar * -2 * (x[i] - mean) / len(x)
    return dmean
# %% right="both terms in one array, np.average, float64"
def mean_backward(dx_hat, dvar, x, mean, var, eps):
    root, m = (var + eps) ** 0.5, np.float64(len(x))
    terms = np.array([-np.average(dx_hat, axis=0) / root, -2 / m * dvar * np.average(x - mean, axis=0)])
    return m * np.sum(terms, axis=0)
# %% mistakes
# Only the direct term, through x̂, is there. μ also stands inside σ², so dvar sends something too. (If you wrote that
# second term, see whether its x − mean used the mean you were handed: with x's own mean it sums to zero.)
# - from_x_hat + from_var  =>  from_x_hat
# The direct term has the wrong sign, or both terms have. x̂ holds x − μ, so when μ grows, x̂ falls; and the inner
# derivative of (x − μ)² is −2(x − μ).
# - -dx_hat.sum(axis=0)  =>  dx_hat.sum(axis=0)
# - -dx_hat.sum(axis=0)  =>  dx_hat.sum(axis=0)
# & (-2 * (x - mean))  =>  (2 * (x - mean))
# The second term, through σ², has the wrong sign: the inner derivative of (x − μ)² with respect to μ is −2(x − μ).
# - (-2 * (x - mean))  =>  (2 * (x - mean))
# The second term lacks 1/m, or holds it twice. σ² is a mean over the batch, so its derivative carries that 1/m, once.
# - / x.shape[0]  =>  / 1
# - .sum(axis=0) / x.shape[0]  =>  .mean(axis=0) / x.shape[0]
# m is not the size of the batch, x.shape[0], but the number of features, or x.size, or N − 1.
# - x.shape[0]  =>  x.shape[1]
# - x.shape[0]  =>  x.size
# - x.shape[0]  =>  (x.shape[0] - 1)
# In the second term the factor is not −2: when μ moves, (x − μ)² changes at the rate −2(x − μ).
# - (-2 * (x - mean))  =>  (-(x - mean))
# - (-2 * (x - mean))  =>  (x - mean)
# The shape is (1, D). μ has shape (D,), and a gradient has the shape of its quantity: leave keepdims out.
# - -dx_hat.sum(axis=0)  =>  -dx_hat.sum(axis=0, keepdims=True)
# ε is missing, is not the argument eps, or stands outside the root: x̂ was divided by √(σ² + ε).
# - np.sqrt(var + eps)  =>  np.sqrt(var + 1e-5)
# - np.sqrt(var + eps)  =>  np.sqrt(var)
# - np.sqrt(var + eps)  =>  (np.sqrt(var) + eps)
# The direct term is a mean over the batch. It has to be a sum: rule 2. The 1/m of μ = (1/m)Σx comes later, on the way
# from μ to x.
# - -dx_hat.sum(axis=0)  =>  -dx_hat.mean(axis=0)
# The direct term, −Σdx̂/√(σ²+ε), is missing or zero, or it is multiplied by the second one. μ moves x̂ itself and also
# σ²; by rule 1 the gradients that come back add.
# - from_x_hat + from_var  =>  from_var
# - from_x_hat + from_var  =>  from_x_hat * from_var
# The shape is (N, D): one of the terms, or both, were not summed over the batch. One μ served all N rows (rule 2).
# - -dx_hat.sum(axis=0)  =>  -dx_hat
# - (-2 * (x - mean)).sum(axis=0)  =>  (-2 * (x - mean))
# - -dx_hat.sum(axis=0)  =>  -dx_hat
# & (-2 * (x - mean)).sum(axis=0)  =>  (-2 * (x - mean))
# The gradient that arrives, dx_hat, is missing in the direct term: only the local derivative is there, m times.
# - -dx_hat.sum(axis=0)  =>  -len(x)
# A sum runs over the features, as well as the batch or instead of it (axis=1). Each feature has its own μ and its own
# dvar: axis 0 only.
# - -dx_hat.sum(axis=0) / np.sqrt(var + eps)  =>  -(dx_hat / np.sqrt(var + eps)).sum(axis=1)
# & dvar * (-2 * (x - mean)).sum(axis=0)  =>  (dvar * -2 * (x - mean)).sum(axis=1)
# - -dx_hat.sum(axis=0)  =>  -dx_hat.sum(axis=1)
# - -dx_hat.sum(axis=0)  =>  -dx_hat.sum()
# & (-2 * (x - mean)).sum(axis=0)  =>  (-2 * (x - mean)).sum()
# - -dx_hat.sum(axis=0)  =>  -dx_hat.sum()
# - -dx_hat.sum(axis=0) / np.sqrt(var + eps)  =>  -np.sum(dx_hat / np.sqrt(var + eps))
# - dvar * (-2 * (x - mean)).sum(axis=0)  =>  (dvar * -2 * (x - mean)).sum()
# Everything is divided by m once too often. The sums over the batch stay sums; the 1/m of μ = (1/m)Σx comes later, on
# the way from μ to x.
# - return from_x_hat + from_var  =>  return (from_x_hat + from_var) / len(x)
# In the direct term the local derivative is not −1/√(σ²+ε): x̂ = (x − μ)/√(σ²+ε) is linear in μ with just that slope.
# No ½, no x − μ, and the root divides as it is: no σ² + ε without it, no power −3/2 (that is the variance's node).
# - np.sqrt(var + eps)  =>  (var + eps)
# - np.sqrt(var + eps)  =>  (var + eps) ** 1.5
# - / np.sqrt(var + eps)  =>  * np.sqrt(var + eps)
# - / np.sqrt(var + eps)  =>  / 1
# - -dx_hat.sum(axis=0)  =>  -0.5 * dx_hat.sum(axis=0)
# - -dx_hat.sum(axis=0)  =>  -(dx_hat * (x - mean)).sum(axis=0)
# In the second term x − μ is not as it should be: it is missing, not centred, squared, or divided by the root, as in
# x̂. (x − μ)² changes at the rate −2(x − μ) when μ moves.
# - (-2 * (x - mean))  =>  (-2 * x)
# - (-2 * (x - mean)).sum(axis=0)  =>  -2
# - (-2 * (x - mean))  =>  (-2 * (x - mean) ** 2)
# - (-2 * (x - mean))  =>  ((x - mean) ** 2)
# - (-2 * (x - mean))  =>  (-2 * (x - mean) / np.sqrt(var + eps))
# What comes back along the dotted arrow is dvar times ∂σ²/∂μ. In the second term dvar is missing, or is computed again,
# or dx_hat stands there. Use the dvar that you are handed.
# - dvar * (-2  =>  (-2
# - dvar * (-2 * (x - mean)).sum(axis=0)  =>  (dx_hat * -2 * (x - mean)).sum(axis=0)
# - dvar * (-2 * (x - mean)).sum(axis=0)  =>  (dvar * dx_hat * -2 * (x - mean)).sum(axis=0)
# - dvar * (-2  =>  (dx_hat * (x - mean)).sum(axis=0) * -0.5 * (var + eps) ** -1.5 * (-2
# The variance was computed again from x. Use the one handed in: here it is not x's own.
# - np.sqrt(var + eps)  =>  np.sqrt(x.var(axis=0) + eps)
# %% mistakes otherwise="dmean"
# One of the two terms is wrong, or they are not added: dx_hat times ∂x̂/∂μ, summed over the batch, and dvar times
# ∂σ²/∂μ. Call it with dvar = 0: then the first term stands alone.
# - from_x_hat + from_var  =>  (from_x_hat + from_var) / 2

# %% exercise="batchnorm_backward"
# %% right="the nine steps of the well-known graph, statistics from x"
def batchnorm_backward(dy, cache):
    x, gamma, eps = cache["x"], cache["gamma"], cache["eps"]
    N, D = x.shape
    xmu = x - np.mean(x, axis=0)
    var = np.mean(xmu**2, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    dbeta = np.sum(dy, axis=0)
    dgamma = np.sum(dy * xhat, axis=0)
    dxhat = dy * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1 / sqrtvar**2 * divar
    dvar = 0.5 / np.sqrt(var + eps) * dsqrtvar
    dsq = np.ones((N, D)) / N * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -np.sum(dx1, axis=0)
    dx2 = np.ones((N, D)) / N * dmu
    return dx1 + dx2, dgamma, dbeta
# %% right="the paper's equations, a namedtuple"
from typing import NamedTuple


class Gradients(NamedTuple):
    x: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray


def batchnorm_backward(dy, cache):
    centred, v = cache["x"] - cache["mean"], cache["var"] + cache["eps"]
    dx_hat = dy * cache["gamma"]
    dvar = np.sum(dx_hat * centred * (-1 / 2) * v ** (-3 / 2), axis=0)
    dmean = np.sum(dx_hat * -1 / np.sqrt(v), axis=0) + dvar * np.mean(-2 * centred, axis=0)
    dx = dx_hat / np.sqrt(v) + dvar * 2 * centred / len(dy) + dmean / len(dy)
    return Gradients(dx, np.sum(dy * cache["x_hat"], axis=0), np.sum(dy, axis=0))
# %% right="the nodes as functions of one feature, in a loop"
def batchnorm_backward(dy, cache):
    def feature(dy, x, x_hat, mean, var, gamma):
        root, m = np.sqrt(var + cache["eps"]), len(x)
        dx_hat = [gamma * d for d in dy]
        dvar = sum(d * (a - mean) for d, a in zip(dx_hat, x)) * -0.5 / root**3
        dmean = -sum(dx_hat) / root
        return [d / root + (dmean + 2 * dvar * (a - mean)) / m for d, a in zip(dx_hat, x)], dy @ x_hat, sum(dy)

    columns = [dy.T, cache["x"].T, cache["x_hat"].T, cache["mean"], cache["var"], cache["gamma"]]
    dx, dgamma, dbeta = map(np.array, zip(*(feature(*column) for column in zip(*columns))))
    return dx.T, dgamma, dbeta
# %% right="the closed form already"
def batchnorm_backward(dy, cache):
    x_hat, dx_hat = cache["x_hat"], dy * cache["gamma"]
    dx = (dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)) / np.sqrt(cache["var"] + cache["eps"])
    return dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)
# %% right="statistics from x, ones and averages, coefficients in arrays, float64"
def batchnorm_backward(dy, cache):
    x, dy = np.array(cache["x"], dtype=np.float64), np.array(dy, dtype=np.float64)
    m = len(x)
    centred = x - np.average(x, axis=0)
    inv_std = np.array([1.0]) / np.sqrt(np.var(x, axis=0) + cache["eps"])
    dxhat = dy * cache["gamma"]
    dvar = -0.5 * inv_std**3 * (np.ones(m) @ (dxhat * centred))
    dmean = -inv_std * (np.ones(m) @ dxhat) - 2 * dvar * centred.mean(0)
    dx = dxhat * inv_std + 2 / m * centred * dvar + np.ones((m, 1)) / m * dmean
    return dx, np.average(dy * centred * inv_std, axis=0) * m, np.ones(m) @ dy
# %% right="the whole Jacobian of each feature"
def batchnorm_backward(dy, cache):
    m, D = dy.shape
    dx = np.empty((m, D))
    for j in range(D):
        z = cache["x_hat"][:, j]
        jacobian = (np.eye(m) - 1 / m - np.outer(z, z) / m) / np.sqrt(cache["var"][j] + cache["eps"])
        dx[:, j] = jacobian @ (dy[:, j] * cache["gamma"][j])
    return dx, np.diag(dy.T @ cache["x_hat"]), dy.sum(axis=0)
# %% mistakes
# What comes through the mean is missing in dx: dmean is not passed on, or lacks its direct term. μ depends on every x,
# and every x̂ on μ.
# - dx_hat / root + through_mean + through_var  =>  dx_hat / root + through_var
# The first wrong node is x, where the three paths join: what comes through the variance is missing, or zero, as when
# two sums are multiplied in dvar. σ² depends on every x, so dvar has to be passed on to dx.
# - dx_hat / root + through_mean + through_var  =>  dx_hat / root + through_mean
# - (dx_hat * (x - mean)).sum(axis=0)  =>  dx_hat.sum(axis=0) * (x - mean).sum(axis=0)
# Only the direct path is there: μ and σ² are treated as constants. They are computed from x, and when x moves, they
# move. Add the paths through both.
# - dx_hat / root + through_mean + through_var  =>  dx_hat / root
# Along the direct path nothing arrives in dx: dx_hat/root is missing there, or is multiplied with the other two terms,
# or dx_hat is not dy·γ. x also reaches its own x̂, and the three terms are added.
# - dx_hat / root + through_mean + through_var  =>  through_mean + through_var
# - dx_hat / root + through_mean + through_var  =>  dx_hat / root * through_mean * through_var
# On the path through the mean the factor is not 1/m, once: it is missing, or counted twice, or a 2 or x stands there.
# dmean is a sum over the batch, and one x moves the mean of m values by only 1/m.
# - through_mean = dmean / m  =>  through_mean = dmean
# - through_mean = dmean / m  =>  through_mean = dmean / m / m
# - through_mean = dmean / m  =>  through_mean = 2 * dmean / m
# - through_mean = dmean / m  =>  through_mean = dmean * x / m
# On the path through the variance 1/m is missing, or counted twice. dvar is a sum over the batch, and one x moves the
# variance, a mean of m squares, by only 2(x − μ)/m.
# - * 2 * (x - mean) / m  =>  * 2 * (x - mean)
# - * 2 * (x - mean) / m  =>  * 2 * (x - mean) / m / m
# On the path through the variance half is missing: the 2 of the derivative of a square, on the way from σ² to x.
# - * 2 * (x - mean) / m  =>  * (x - mean) / m
# On the path from σ² to x, x − μ is missing, not centred, or squared. The derivative of (1/m) Σ (x − μ)² with respect
# to one x is 2(x − μ)/m.
# - * 2 * (x - mean) / m  =>  * 2 / m
# - * 2 * (x - mean) / m  =>  / m
# - * 2 * (x - mean) / m  =>  * 2 * x / m
# - * 2 * (x - mean) / m  =>  * (x - mean) ** 2 / m
# ε is missing, is not the cache's eps, or stands outside the root. The forward pass divided by √(σ² + ε), so every root
# and every power here is one of var + eps.
# - cache["eps"]  =>  1e-5
# - np.sqrt(var + cache["eps"])  =>  np.sqrt(var)
# - np.sqrt(var + cache["eps"])  =>  (np.sqrt(var) + cache["eps"])
# - root**3  =>  np.sqrt(var) ** 3
# - (dy * x_hat)  =>  (dy * (x - mean) / np.sqrt(var))
# The direct path lacks γ: either dx_hat is not dy·γ, or in the first term of dx stands dy where dx_hat belongs.
# - dy * cache["gamma"]  =>  dy * 1.0
# - dx_hat / root + through_mean  =>  dy / root + through_mean
# The first wrong node is the affine one: dgamma or dbeta is a mean over the batch. Rule 2 asks for sums.
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).mean(axis=0)
# & dbeta = dy.sum(axis=0)  =>  dbeta = dy.mean(axis=0)
# The first wrong node is dvar: its sign is turned, or that of its term in dx. A larger variance makes x̂ smaller in
# size, so dvar holds a minus; the three terms of dx are added.
# - * -0.5  =>  * 0.5
# dgamma or dbeta was computed from dx_hat = dy·γ. Both need dy as it arrived: dgamma is the sum of dy·x̂, dbeta that of
# dy, and γ is in neither.
# - (dy * x_hat).sum(axis=0)  =>  (dy * cache["gamma"] * x_hat).sum(axis=0)
# - (dy * x_hat).sum(axis=0)  =>  (dy * cache["gamma"]).sum(axis=0)
# - dbeta = dy.sum(axis=0)  =>  dbeta = (dy * cache["gamma"]).sum(axis=0)
# dgamma or dbeta has not the shape (D,) of γ and β, one value for each feature. Multiply entry by entry (no matrix
# product), then sum over the batch: axis=0, without keepdims.
# - (dy * x_hat).sum(axis=0)  =>  dy * x_hat
# & dbeta = dy.sum(axis=0)  =>  dbeta = dy
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).sum(axis=0, keepdims=True)
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).sum(axis=1)
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).sum()
# - (dy * x_hat).sum(axis=0)  =>  x_hat.T @ dy
# The first of the three has not the shape of x. The order is (dx, dgamma, dbeta), and dx is not summed over the batch.
# - return dx, dgamma, dbeta  =>  return dx.sum(axis=0), dgamma, dbeta
# - return dx, dgamma, dbeta  =>  return dgamma, dbeta, dx
# In dvar or dmean dy stands in place of dx_hat, so γ is missing there. Both collect what arrives at x̂.
# - (dx_hat * (x - mean))  =>  (dy * (x - mean))
# - -dx_hat.sum(axis=0)  =>  -dy.sum(axis=0)
# The first wrong node is dvar: the factor −1/2 of the power rule is missing, or its ½ alone, or −3/2, the new exponent,
# stands there. (Or a factor 4 stands where the derivative of the square has a 2.)
# - * -0.5 / root**3  =>  / root**3
# - * -0.5 /  =>  * -1.0 /
# - * -0.5  =>  * -1.5
# The first wrong node is dvar: it does not divide by the root cubed. Differentiating lowers the power −1/2 by one, to
# −3/2. (In Python ** binds tighter than /, so v ** -3 / 2 means (v ** -3) / 2.)
# - root**3  =>  root
# - root**3  =>  root**2
# - * -0.5 / root**3  =>  * -1.0 / root**2
# - / root**3  =>  * root**3
# - * -0.5 / root**3  =>  * 0.5 / root
# - -0.5 / root**3  =>  -0.5 * (var + cache["eps"]) ** -3 / 2
# The first wrong node is dvar: it was not summed over the batch, so each row meets its own gradient only. It broadcasts
# without an error, and that makes this one hard to see. dvar has shape (D,).
# - (dx_hat * (x - mean)).sum(axis=0)  =>  (dx_hat * (x - mean))
# The first wrong node is dmean: its sign is turned, or that of its term in dx. x̂ holds x − μ, so when μ grows, x̂
# falls: dmean holds a minus; the three terms of dx are added.
# - -dx_hat.sum(axis=0)  =>  dx_hat.sum(axis=0)
# The first wrong node is dmean: it was not summed over the batch, so each row meets its own gradient only, and no error
# tells you. dmean has shape (D,). (Or the direct path carries 1 − 1/m.)
# - -dx_hat.sum(axis=0)  =>  -dx_hat
# m is not the size of the batch, x.shape[0], but the number of features, or x.size, or N − 1.
# - x.shape[0]  =>  x.shape[1]
# - x.shape[0]  =>  x.size
# - x.shape[0]  =>  x.shape[0] - 1
# dgamma and dbeta are exchanged, or one holds what belongs to the other. The one with x̂ in it belongs to γ; the order
# is (dx, dgamma, dbeta).
# - return dx, dgamma, dbeta  =>  return dx, dbeta, dgamma
# - dbeta = dy.sum(axis=0)  =>  dbeta = (dy * x_hat).sum(axis=0)
# `dy *= …` writes into the caller's array; dy * … makes a new one.
# - dx_hat = dy * cache["gamma"]  =>  dy *= cache["gamma"]; dx_hat = dy
# The first wrong node is x, at the direct path. x̂ is (x − μ) divided by the root, so its local derivative is one over
# the root: that is missing, or the root multiplies, or σ² + ε stands there without it, or x̂ or x − μ is a factor.
# - dx_hat / root + through_mean  =>  dx_hat * root + through_mean
# - dx_hat / root + through_mean  =>  dx_hat + through_mean
# - dx_hat / root + through_mean  =>  dy + through_mean
# - dx_hat / root + through_mean  =>  dx_hat / root**2 + through_mean
# - dx_hat / root + through_mean  =>  dx_hat * (x - mean) / root + through_mean
# - dx_hat / root + through_mean  =>  x_hat / root + through_mean
# The first wrong node is dmean: the root is not as it should be. x̂ is divided by √(σ² + ε), so μ moves it by −1 over
# that root.
# - -dx_hat.sum(axis=0) / root  =>  -dx_hat.sum(axis=0)
# - -dx_hat.sum(axis=0) / root  =>  -dx_hat.sum(axis=0) / root**2
# - -dx_hat.sum(axis=0) / root  =>  -dx_hat.sum(axis=0) * root
# On the path through the variance there is one root too many: the power in dvar is −2, or x̂ stands where x − μ should,
# in dvar or on the way from σ² to x. It is already divided by the root once.
# - (dx_hat * (x - mean))  =>  (dx_hat * x_hat)
# The cache was changed: `x -= mean` writes into its arrays, where x - mean makes a new one; `pop` and `cache[...] =`
# change the dict.
# - x, x_hat, mean, var = cache["x"], cache["x_hat"], cache["mean"], cache["var"]
# + x_hat, mean, var = cache["x_hat"], cache["mean"], cache["var"]; x = cache["x"]; x -= mean; mean = 0
# The first wrong node is the affine one. dgamma is the sum of dy·x̂, dbeta that of dy: x or x − μ stands where x̂
# belongs, or a local derivative stands alone, without dy.
# - (dy * x_hat).sum  =>  (dy * x).sum
# - (dy * x_hat).sum  =>  (dy * (x - mean)).sum
# - (dy * x_hat).sum(axis=0)  =>  x_hat.sum(axis=0)
# - dbeta = dy.sum(axis=0)  =>  dbeta = np.full(x.shape[1], float(m))
# The first wrong node is dx_hat: dy is divided by γ. The gradient is multiplied by the local derivative, and that is γ.
# - dy * cache["gamma"]  =>  dy / cache["gamma"]
# γ is counted twice: dx_hat = dy·γ holds it already.
# - dy * cache["gamma"]  =>  dy * cache["gamma"] ** 2
# The first wrong node is x, at the direct path: it carries a factor m or 1/m. Each x reaches its own x̂ in full, at the
# rate one over the root. The 1/m belongs to the paths through μ and σ².
# - dx_hat / root + through_mean  =>  dx_hat / root / m + through_mean
# - dx_hat / root + through_mean  =>  m * dx_hat / root + through_mean
# A part of dx does not depend on dy: a local derivative stands there without the gradient that arrives.
# - -dx_hat.sum(axis=0) / root  =>  -m / root
# - dvar * 2 * (x - mean) / m  =>  2 * (x - mean) / m
# The sum in dmean or in dvar runs over everything, or over the features, axis=1. Each feature has its own μ and σ²: sum
# over the batch, axis=0.
# - -dx_hat.sum(axis=0) / root  =>  -dx_hat.sum() / root
# - -dx_hat.sum(axis=0) / root  =>  -dx_hat.sum(axis=1) / root
# - (dx_hat * (x - mean)).sum(axis=0)  =>  (dx_hat * (x - mean)).sum()
# - (dx_hat * (x - mean)).sum(axis=0)  =>  (dx_hat * (x - mean)).sum(axis=1)
# In dvar stands x, or nothing, where x − μ belongs: a dy that is the same in all rows must not move σ²'s path.
# - (dx_hat * (x - mean)).sum  =>  (dx_hat * x).sum
# - (dx_hat * (x - mean)).sum  =>  dx_hat.sum
# In dmean the second term, which comes from σ², should be zero: summed over the batch, x − μ is. Here it was not
# summed, or x − μ is not centred, or squared. (Or the path through the variance carries 1 − 1/m.)
# - (-2 * (x - mean)).sum(axis=0)  =>  (-2 * (x - mean))
# - (-2 * (x - mean)).sum(axis=0)  =>  (-2 * x).sum(axis=0)
# - (-2 * (x - mean)).sum(axis=0)  =>  (-2 * (x - mean) ** 2).sum(axis=0)
# The two sums are exchanged: the mean of dx̂ is subtracted as it is, and the mean of dx̂·x̂ multiplies x̂.
# - dx = dx_hat / root + through_mean + through_var
# + dx = (dx_hat - (dx_hat * x_hat).mean(axis=0) - x_hat * dx_hat.mean(axis=0)) / root
# σ² was computed again with N − 1. Algorithm 1 divides by N; or take var from the cache.
# - cache["mean"], cache["var"]  =>  cache["mean"], cache["x"].var(axis=0, ddof=1)
# %% mistakes otherwise="backward, x near a million"
# Far from zero this loses its digits. So does a numerical gradient, and so does σ² computed again as the mean of x²
# minus the square of the mean: two huge numbers nearly cancel. Work with x − mean, and take var from the cache.
# - cache["mean"], cache["var"]  =>  cache["mean"], (cache["x"] ** 2).mean(axis=0) - cache["mean"] ** 2

# %% exercise="q_mean_in_variance"
# %% mistakes
# μ still moves every x̂ directly, because x̂ holds x − μ. The dashed path of the graph is alive; only the dotted arrow
# is dead. Look at the figure of section 4: the path through μ brings plenty.
# - q_mean_in_variance = "c"  =>  q_mean_in_variance = "a"
# σ² depends on x directly as well: with μ held still, one x moves (x − μ)²/m with slope 2(x − μ)/m. Only the way from x
# over μ to σ² is dead.
# - q_mean_in_variance = "c"  =>  q_mean_in_variance = "b"
# It is exactly zero for every single batch: the deviations from a batch's own mean always sum to zero. No average over
# batches is needed.
# - q_mean_in_variance = "c"  =>  q_mean_in_variance = "d"

# %% exercise="batchnorm_backward_closed_form"
# %% right="dx_hat, and 1/m in front"
def batchnorm_backward_closed_form(dy, cache):
    x_hat, dx_hat, m = cache["x_hat"], dy * cache["gamma"], len(dy)
    dx = m * dx_hat - np.sum(dx_hat, axis=0) - x_hat * np.sum(dx_hat * x_hat, axis=0)
    dx = 1 / m / np.sqrt(cache["var"] + cache["eps"]) * dx
    return dx, np.sum(dy * x_hat, axis=0), np.sum(dy, axis=0)
# %% right="means, float64, x_hat computed again"
def batchnorm_backward_closed_form(dy, cache):
    dy = dy.astype(np.float64)
    inv_std = 1 / np.sqrt(cache["var"] + cache["eps"])
    x_hat = (cache["x"] - cache["mean"]) * inv_std
    dx = cache["gamma"] * inv_std * (dy - dy.mean(axis=0) - x_hat * np.mean(dy * x_hat, axis=0))
    return dx, np.einsum("nd,nd->d", dy, x_hat), np.einsum("nd->d", dy)
# %% right="one matrix for each feature"
def batchnorm_backward_closed_form(dy, cache):
    m, x_hat = len(dy), cache["x_hat"].T
    through = np.eye(m) - np.ones((m, m)) / m - x_hat[:, :, None] * x_hat[:, None, :] / m
    dx = cache["gamma"] / np.sqrt(cache["var"] + cache["eps"]) * np.einsum("dij,jd->id", through, dy)
    return dx, np.diag(x_hat @ dy), np.ones(m) @ dy
# %% right="two projections, one after the other, in place in an array of its own"
def batchnorm_backward_closed_form(dy, cache):
    x_hat = cache["x_hat"]
    dx = dy - np.average(dy, axis=0)
    dx -= x_hat * np.average(dx * x_hat, axis=0)
    dx *= cache["gamma"] * (cache["var"] + cache["eps"]) ** -0.5
    return [dx, (dy * x_hat).sum(axis=0), dy.sum(axis=0)]
# %% right="statistics from x, m in front, ones, coefficients in an array"
def batchnorm_backward_closed_form(dy, cache):
    x = np.array(cache["x"], dtype=np.float64)
    N = np.array([float(len(x))])
    xmu = x - x.mean(0)
    inv_std = (x.var(0) + cache["eps"]) ** -0.5
    dbeta, dgamma = np.ones(len(x)) @ dy, np.einsum("ij,ij->j", dy, xmu * inv_std)
    dx = cache["gamma"] * inv_std / N * (N * dy - dbeta - xmu * inv_std**2 * np.sum(dy * xmu, axis=0))
    return dx, dgamma, dbeta
# %% right="the mean first, then the product with the centred gradient"
def batchnorm_backward_closed_form(dy, cache):
    g = dy * cache["gamma"]
    g = g - np.average(g, axis=0)
    z = cache["x_hat"]
    dx = (g - z * np.average(g * z, axis=0)) / np.sqrt(cache["var"] + cache["eps"])
    return dx, np.add.reduce(dy * z), np.add.reduce(dy)
# %% mistakes
# The constant term is missing: that is the path through the mean. Without it dx is not centred.
# - dy - dbeta / m - x_hat  =>  dy - x_hat
# The term that multiplies x̂ is missing, is zero, or does not hold the mean of the product dx̂·x̂: that is the path
# through the variance.
# - dbeta / m - x_hat * dgamma / m  =>  dbeta / m
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta / m - x_hat * dbeta / m
# Both sums are missing: only the direct path is left, as if μ and σ² were constants.
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy
# γ is missing in dx: dy stands where dy·γ belongs.
# - cache["gamma"] / np.sqrt  =>  1 / np.sqrt
# γ multiplies only one or two of the three terms. All three come from dx̂ = dy·γ, so all three carry it.
# - (dy - dbeta / m - x_hat * dgamma / m)  =>  dy - scale / cache["gamma"] * (dbeta / m + x_hat * dgamma / m)
# - dx = scale * (dy  =>  dx = scale * (dy / cache["gamma"]
# γ is counted twice, in all of dx or in some of its terms. If a sum is already one of dy·γ, do not multiply it by γ
# again; and with γ in front of the parentheses, dy stands inside, not dx_hat.
# - scale * (dy  =>  cache["gamma"] * scale * (dy
# - scale * (dy  =>  scale * (dy * cache["gamma"]
# - scale * (dy - dbeta / m - x_hat * dgamma / m)  =>  scale * (dy - cache["gamma"] * (dbeta / m + x_hat * dgamma / m))
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta / m - cache["gamma"] * x_hat * dgamma / m
# One of the two sums, or both, are not divided by m, once: means over the batch are subtracted, not sums.
# - dbeta / m - x_hat * dgamma / m  =>  dbeta - x_hat * dgamma
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta / m**2 - x_hat * dgamma / m**2
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta - x_hat * dgamma / m
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta / m - x_hat * dgamma
# A term has the wrong sign. In the parentheses dy stands with a plus; the constant and the x̂ term are both subtracted.
# - dy - dbeta / m - x_hat  =>  dy + dbeta / m + x_hat
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy + dbeta / m - x_hat * dgamma / m
# - - x_hat * dgamma  =>  + x_hat * dgamma
# - dx = scale  =>  dx = -scale
# dgamma or dbeta was computed from dx_hat = dy·γ. Both need dy as it arrived: dgamma is the sum of dy·x̂, dbeta that of
# dy, and γ is in neither.
# - return dx, dgamma, dbeta  =>  return dx, dgamma * cache["gamma"], dbeta * cache["gamma"]
# - return dx, dgamma, dbeta  =>  return dx, dgamma, dbeta * cache["gamma"]
# γ/s, or a part of it, does not multiply all of the three terms. Put parentheses around all three.
# - scale * (dy - dbeta / m - x_hat * dgamma / m)  =>  scale * dy - dbeta / m - x_hat * dgamma / m
# - scale * (dy - dbeta / m - x_hat * dgamma / m)  =>  dy - dbeta / m - x_hat * dgamma / m * scale
# - scale * (dy - dbeta / m - x_hat * dgamma / m)
# + cache["gamma"] * dy - dbeta / m - x_hat * dgamma / m / np.sqrt(cache["var"] + cache["eps"])
# - scale * (dy - dbeta / m - x_hat * dgamma / m)  =>  scale * dy - cache["gamma"] * (dbeta / m + x_hat * dgamma / m)
# - scale * (dy - dbeta / m - x_hat * dgamma / m)  =>  scale * (dy - dbeta / m) - x_hat * dgamma / m
# - scale * (dy - dbeta / m - x_hat * dgamma / m)  =>  cache["gamma"] * dy - scale * (dbeta / m + x_hat * dgamma / m)
# The first of the three has not the shape of x. The order is (dx, dgamma, dbeta), and dx is not summed over the batch.
# - return dx, dgamma, dbeta  =>  return dgamma, dbeta, dx
# - return dx, dgamma, dbeta  =>  return dx.sum(axis=0), dgamma, dbeta
# dgamma or dbeta has not the shape (D,) of γ and β, one value for each feature. Multiply entry by entry (no matrix
# product), then sum over the batch: axis=0, without keepdims.
# - (dy * x_hat).sum(axis=0)  =>  dy * x_hat
# & dbeta = dy.sum(axis=0)  =>  dbeta = dy
# - dbeta = dy.sum(axis=0)  =>  dbeta = dy
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).sum(axis=0, keepdims=True)
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).sum(axis=1)
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).sum()
# - dbeta = dy.sum(axis=0)  =>  dbeta = dy.sum()
# - (dy * x_hat).sum(axis=0)  =>  x_hat.T @ dy
# ε is missing under the root, is not the cache's eps, or stands outside the root. It belongs to σ²: s is √(σ² + ε).
# - cache["eps"]  =>  1e-5
# - np.sqrt(cache["var"] + cache["eps"])  =>  np.sqrt(cache["var"])
# - np.sqrt(cache["var"] + cache["eps"])  =>  (np.sqrt(cache["var"]) + cache["eps"])
# In front of the parentheses stands something other than γ/s, s being √(σ²+ε). Every term of dx begins with 1/s: the
# powers of s have cancelled down to one (not σ² + ε, not none), the ½ and the 2 too; s divides, and γ multiplies.
# - np.sqrt(cache["var"] + cache["eps"])  =>  (cache["var"] + cache["eps"])
# - cache["gamma"] / np.sqrt  =>  cache["gamma"] * np.sqrt
# - cache["gamma"] / np.sqrt(cache["var"] + cache["eps"])  =>  cache["gamma"]
# - np.sqrt(cache["var"] + cache["eps"])  =>  np.sqrt(cache["var"] + cache["eps"]) ** 3
# - np.sqrt(cache["var"] + cache["eps"])  =>  np.sqrt(cache["var"] + cache["eps"]) / 2
# - cache["gamma"] / np  =>  1 / cache["gamma"] / np
# In the last term x̂, which is (x − μ)/√(σ²+ε), is missing or squared, or x, x − μ or (x − μ)/(σ²+ε) stands there. The
# mean of dx̂·x̂ is one number for each feature, and it multiplies x̂.
# - x_hat * dgamma / m  =>  (cache["x"] - cache["mean"]) * dgamma / m
# - - x_hat * dgamma / m  =>  - x_hat / np.sqrt(cache["var"] + cache["eps"]) * dgamma / m
# - x_hat * dgamma / m  =>  cache["x"] * dgamma / m
# - x_hat * dgamma / m  =>  dgamma / m
# - x_hat * dgamma / m  =>  x_hat**2 * dgamma / m
# - x_hat * dgamma / m
# + (cache["x"] - cache["mean"]) * (dy * (cache["x"] - cache["mean"])).mean(axis=0)
# The two sums are exchanged, or one stands where the other belongs. Σ dy·x̂ is dgamma, and its mean multiplies x̂; Σ dy
# is dbeta, and its mean is subtracted as it is. The order is (dx, dgamma, dbeta).
# - return dx, dgamma, dbeta  =>  return dx, dbeta, dgamma
# - dbeta = dy.sum(axis=0)  =>  dbeta = (dy * x_hat).sum(axis=0)
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dgamma / m - x_hat * dbeta / m
# An operation such as `-=` or `*=` writes into the caller's array; written out, as in a = a - b, it makes a new one.
# - dx = scale * (dy - dbeta / m - x_hat * dgamma / m)  =>  dy -= dbeta / m + x_hat * dgamma / m; dx = scale * dy
# In the last term the sum over the batch is missing: each row meets only its own product dx̂·x̂.
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta / m - x_hat * (dy * x_hat)
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta / m - x_hat * (dy * x_hat) / m
# A mean runs over everything, features too. Each feature has its own: axis 0 only.
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dy.mean() - x_hat * (dy * x_hat).mean()
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dy.mean() - x_hat * dgamma / m
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta / m - x_hat * (dy * x_hat).mean()
# - dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
# + g = dy * cache["gamma"]
# +     dx = scale / cache["gamma"] * (g - g.mean() - x_hat * (g * x_hat).mean())
# The means run over the features, axis=1. BN works on each feature by itself, over the batch: axis=0.
# - dy - dbeta / m - x_hat * dgamma / m
# + dy - dy.mean(axis=1, keepdims=True) - x_hat * (dy * x_hat).mean(axis=1, keepdims=True)
# - dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
# + g = dy * cache["gamma"]
# +     dx = scale / cache["gamma"] * (g - g.mean(1, keepdims=True) - x_hat * (g * x_hat).mean(1, keepdims=True))
# m and 1/m do not fit together. The direct term has no 1/m: if it is factored out, in front of the parentheses, dy
# inside needs an m, and the sums none.
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy / m - dbeta / m - x_hat * dgamma / m
# - dy - dbeta / m - x_hat * dgamma / m  =>  m * dy - dbeta - x_hat * dgamma
# - dx = scale  =>  dx = scale / m
# The x̂ term is twice too large, or half. The ½ of the power rule in dvar and the 2 of the square cancel: neither must
# be missing, or left over.
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta / m - x_hat * dgamma / m / 2
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta / m - 2 * x_hat * dgamma / m
# The x̂ term was made an exact projection, divided by Σx̂². But x̂ is shorter than √m, because of ε; what the
# derivation gives is the mean of dx̂·x̂ times x̂.
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta / m - x_hat * dgamma / (x_hat**2).sum(axis=0)
# dy itself is missing in the parentheses: that is the direct path.
# - dy - dbeta / m - x_hat * dgamma / m  =>  -dbeta / m - x_hat * dgamma / m
# m is not the size of the batch, dy.shape[0], but the number of features, or dy.size, or N − 1. (Or σ² was computed
# again with N − 1.)
# - dy.shape[0]  =>  dy.shape[1]
# - dy.shape[0]  =>  dy.size
# - dy.shape[0]  =>  dy.shape[0] - 1
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy - dbeta / m - x_hat * dgamma / (m - 1)
# - cache["var"]  =>  cache["x"].var(axis=0, ddof=1)
# dy is multiplied by 1 − 1/m, or by (m − 1)/m. The mean that is subtracted holds the row's own share already.
# - dy - dbeta / m - x_hat * dgamma / m  =>  dy * (1 - 1 / m) - dbeta / m - x_hat * dgamma / m
# dgamma or dbeta is a mean over the batch. Rule 2 asks for the sum.
# - (dy * x_hat).sum(axis=0)  =>  (dy * x_hat).mean(axis=0)
# - dbeta = dy.sum(axis=0)  =>  dbeta = dy.mean(axis=0)
# dgamma does not sum dy·x̂: x or x − μ, or the local derivative x̂ alone, stands there.
# - (dy * x_hat).sum(axis=0)  =>  (dy * cache["x"]).sum(axis=0)
# - (dy * x_hat).sum(axis=0)  =>  (dy * (cache["x"] - cache["mean"])).sum(axis=0)
# - (dy * x_hat).sum(axis=0)  =>  x_hat.sum(axis=0)
# The gradients are right, but they are computed row by row, in a Python loop over the batch: slow for large batches.
# NumPy's broadcasting does all rows at once.
# - dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
# + dx = np.stack([scale * (dy[i] - dbeta / m - x_hat[i] * dgamma / m) for i in range(m)])
# - dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
# + dy, x_hat, dx = np.asarray(dy), np.asarray(x_hat), np.empty(dy.shape)
# +     for i in range(m):
# +         for j in range(dy.shape[1]):
# +             dx[i, j] = scale[j] * (dy[i, j] - dbeta[j] / m - x_hat[i, j] * dgamma[j] / m)
# This calls batchnorm_backward, and is no closed form. Write dx as one expression of dy, dgamma, dbeta and x̂.
# - return dx, dgamma, dbeta  =>  return batchnorm_backward(dy, cache)
# dvar and dmean are here again: this is the backward pass node by node. Write dx as one expression of dy, dgamma, dbeta
# and x̂.
# - dx = scale * (dy - dbeta / m - x_hat * dgamma / m)
# + root, centred = np.sqrt(cache["var"] + cache["eps"]), cache["x"] - cache["mean"]
# +     dvar = (dy * cache["gamma"] * centred).sum(axis=0) * -0.5 / root**3
# +     dmean = -(dy * cache["gamma"]).sum(axis=0) / root
# +     dx = dy * cache["gamma"] / root + dmean / m + dvar * 2 * centred / m
# %% mistakes otherwise="closed form, x near a million"
# Far from zero this loses its digits. So does a numerical gradient, and so does σ² computed again as the mean of x²
# minus the square of the mean: two huge numbers nearly cancel. Work with x − mean, and take var from the cache.
# - cache["var"]  =>  (cache["x"] ** 2).mean(axis=0) - cache["mean"] ** 2
# %% mistakes otherwise="closed form"
# The line above says which result is wrong. If it is dx, try two gradients with a tiny ε: for a dy of ones dx must be
# 0, for dy = x̂ nearly 0. What remains shows the wrong term; if nothing remains, γ/s in front is wrong.
# - x_hat * dgamma / m  =>  x_hat @ (x_hat.T @ dy) / m

# %% exercise="q_sum_of_dx"
# %% mistakes
# dx̂ is γ·dy, and dy may have any mean: dy_small sums to 2.25. That x̂ has mean zero says nothing of the gradient that
# arrives at it.
# - q_sum_of_dx = "a"  =>  q_sum_of_dx = "b"
# By rule 1 nothing is used up where a graph forks: β gets Σ dy, and dx̂ still gets all of dy·γ. Without any β, dx would
# sum to zero as well.
# - q_sum_of_dx = "a"  =>  q_sum_of_dx = "c"
# dy may sum to anything: dy_small sums to 2.25, and its dx (section 4) to 0. It is BN that takes the sum away.
# - q_sum_of_dx = "a"  =>  q_sum_of_dx = "d"
