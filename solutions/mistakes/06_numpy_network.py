# %% exercise="linear_backward"
# %% right="einsum, index by index as in the formulas"
def linear_backward(dz, x, W):
    return np.einsum("ik,dk->id", dz, W), np.einsum("id,ik->dk", x, dz), np.einsum("ik->k", dz)
# %% right="np.dot, and a product with ones"
def linear_backward(dz, x, W):
    db = np.dot(np.ones(len(dz)), dz)
    dW = np.dot(dz.T, x).T
    return [np.dot(dz, np.transpose(W)), dW, db]
# %% right="broadcasting and sums, without a matrix product"
def linear_backward(dz, x, W):
    dx = np.sum(dz[:, None, :] * W, axis=2)
    dW = np.sum(x[:, :, None] * dz[:, None, :], axis=0)
    return dx, dW, np.sum(dz, axis=0)
# %% right="a loop over the outputs, float64 inside"
def linear_backward(dz, x, W):
    dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(W.shape[1])
    for k in range(W.shape[1]):
        dx += np.outer(dz[:, k], W[:, k])
        dW[:, k] = dz[:, k] @ x
        db[k] = dz[:, k].sum()
    return dx, dW, db
# %% right="the bias as one more weight, on a column of ones"
def linear_backward(dz, x, W):
    gradient = np.hstack([x, np.ones((len(x), 1))]).T @ dz
    return (W @ dz.T).T, gradient[:-1], gradient[-1]
# %% right="a loop over the examples, m times a mean"
def linear_backward(dz, x, W):
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for i in range(len(x)):
        dx[i] = W @ dz[i]
        dW += np.outer(x[i], dz[i])
    return dx, dW, dz.mean(axis=0) * len(dz)
# %% mistakes
# dW is divided or multiplied by a size here. The loss is already a mean over the batch, so its 1/m is inside dz. dW is
# a plain sum over the examples.
# - dW = x.T @ dz  =>  dW = x.T @ dz / x.shape[1]
# - dW = x.T @ dz  =>  dW = x.T @ dz / len(x)
# - dW = x.T @ dz  =>  dW = x.T @ dz * len(x)
# db is averaged, or divided by a size. Every example adds its own share to the gradient of b, so db is the sum over the
# rows of dz; the 1/m of the loss is inside dz already.
# - db = dz.sum(axis=0)  =>  db = dz.mean(axis=0)
# - db = dz.sum(axis=0)  =>  db = dz.mean(axis=0, keepdims=True)
# - db = dz.sum(axis=0)  =>  db = dz.mean()
# - db = dz.sum(axis=0)  =>  db = dz.sum(axis=0) / W.shape[1]
# db still has one row per example. The same b is added to every row of z, so its gradient collects all rows: sum over
# the batch axis, and the shape is (K,).
# - db = dz.sum(axis=0)  =>  db = dz
# db is summed over the wrong axis: you got one number per example. b has one number per output, so sum over the
# examples, axis 0.
# - db = dz.sum(axis=0)  =>  db = dz.sum(axis=1)
# db has two axes, (1, K) or (K, 1), but b has shape (K,). Leave keepdims and new axes out: an update with this db would
# turn b into a matrix.
# - db = dz.sum(axis=0)  =>  db = dz.sum(axis=0, keepdims=True)
# - db = dz.sum(axis=0)  =>  db = dz.sum(axis=0)[:, None]
# dW is transposed. A gradient always has the shape of its parameter: W is (D, K), so dW is (D, K), with x's side first.
# - dW = x.T @ dz  =>  dW = dz.T @ x
# A matrix product does not fit; the line above says which. dz is (m, K), W is (D, K), x is (m, D). For dx the sum runs
# over K, for dW over m: one factor must be transposed each time.
# - dx = dz @ W.T  =>  dx = dz @ W
# - dx = dz @ W.T  =>  dx = np.dot(dz, W)
# - dx = dz @ W.T  =>  dx = np.einsum("ik,kd->id", dz, W)
# The results do not come as three arrays in the order dx, dW, db: one is missing or too many, or two have changed
# places. Return the tuple dx, dW, db.
# - return dx, dW, db  =>  return dx, dW, db, W
# - return dx, dW, db  =>  return dW, db, dx
# - return dx, dW, db  =>  return dW, db
# - return dx, dW, db  =>  return dx, db, dW
# - return dx, dW, db  =>  return dx, dW
# - return dx, dW, db  =>  return dx
# - return dx, dW, db  =>  return dW, dx, db
# linear_backward returns None: its return statement is missing. End it with return dx, dW, db.
# - return dx, dW, db  =>  return None
# dx is transposed: it has one row per input feature. dx always has the shape of x, (m, D): one row per example, so dz
# comes first in the product.
# - dx = dz @ W.T  =>  dx = W @ dz.T
# dx is divided or multiplied by a size here. The loss is already a mean over the batch, so its 1/m is inside dz; each
# row of dx belongs to one example, and is a plain sum over k.
# - dx = dz @ W.T  =>  dx = dz @ W.T / len(x)
# - dx = dz @ W.T  =>  dx = dz @ W.T / W.shape[1]
# - dx = dz @ W.T  =>  dx = dz @ W.T * len(x)
# The product is element by element (*), and the shapes do not fit. The sums in the formulas run over an index that both
# factors have: that is a matrix product, written @.
# - dx = dz @ W.T  =>  dx = dz * W.T
# db was summed over everything, into one number. b has one number per output: sum over the examples only, axis 0.
# - db = dz.sum(axis=0)  =>  db = dz.sum()
# A tuple is expected: end with return dx, dW, db. No dict, and no np.array: three shapes do not fit into one array.
# - return dx, dW, db  =>  return {"dx": dx, "dW": dW, "db": db}
# - return dx, dW, db  =>  return np.array([dx, dW, db], dtype=float)
# x stands where it has no part. A change of x reaches z through W, so dx is made of dz and W; b is added as it is, so
# db is made of dz alone. It is dW that needs x.
# - dx = dz @ W.T  =>  dx = (dz @ (x.T @ dz).T)
# - dx = dz @ W.T  =>  dx = x @ W
# - dx = dz @ W.T  =>  dx = x
# - db = dz.sum(axis=0)  =>  db = x.sum(axis=0)
# - db = dz.sum(axis=0)  =>  db = dW.sum(axis=0)
# dz has not gone through W on its way to dx. A change of x is multiplied by W, so dx is dz @ W.T.
# - dx = dz @ W.T  =>  dx = dz
# The sign is turned round. A gradient points uphill; the minus of a step comes later, in the update rule.
# - dx = dz @ W.T  =>  dx = -dz @ W.T
# - dW = x.T @ dz  =>  dW = -x.T @ dz
# - db = dz.sum(axis=0)  =>  db = -dz.sum(axis=0)
# reshape is no transposing: it fills the same numbers in, row by row. Write .T, or find the product that has the right
# shape by itself.
# - dx = dz @ W.T  =>  dx = dz @ W.reshape(W.shape[1], W.shape[0])
# - dW = x.T @ dz  =>  dW = (dz.T @ x).reshape(W.shape)
# The sums (or means) were taken before the product. The formula multiplies first, example by example, and then sums:
# that is a matrix product.
# - dx = dz @ W.T  =>  dx = dz.sum(axis=1, keepdims=True) * W.sum(axis=1)
# - dW = x.T @ dz  =>  dW = np.outer(x.sum(axis=0), dz.sum(axis=0))
# - dW = x.T @ dz  =>  dW = np.outer(x.mean(axis=0), dz.mean(axis=0))
# Only one example counts here: a single row was taken, or a loop overwrites (=) what it should add up (+=).
# - dW = x.T @ dz  =>  dW = np.outer(x[-1], dz[-1])
# - db = dz.sum(axis=0)  =>  db = dz[0]
# dx has lost its rows, or dW still has one matrix per example. dx is (m, D): nothing is summed over the batch. dW is
# (D, K): everything is.
# - dx = dz @ W.T  =>  dx = (dz @ W.T).sum(axis=0)
# - dW = x.T @ dz  =>  dW = x[:, :, None] * dz[:, None, :]
# db is a constant here. The derivative of z with respect to b is 1, and the chain rule multiplies it by dz: db is the
# sum of dz over the batch. (It is 0 only in front of BN.)
# - db = dz.sum(axis=0)  =>  db = np.ones(W.shape[1])
# - db = dz.sum(axis=0)  =>  db = np.zeros(W.shape[1])
# %% mistakes otherwise="dx, the gradient with respect to x"
# dx is not Σ_k dz_ik·W_dk: dz and W alone, each product once, no division and no mask. Which product of dz, (m, K), and
# W, (D, K), is (m, D)?
# - dx = dz @ W.T  =>  dx = dz @ np.linalg.pinv(W)
# %% mistakes otherwise="dW and db"
# The line above says whether dW or db is wrong. dW is Σ_i x_id·dz_ik, shape (D, K): x and dz alone. db is Σ_i dz_ik,
# shape (K,): dz alone. Nothing is divided, averaged, masked or left out.
# - dW = x.T @ dz  =>  dW = x.T @ (x @ W)

# %% exercise="q_bias"
# %% mistakes
# db is indeed the sum of dz over the batch. But this dz comes out of BN's backward pass. What did unit 04 find for the
# sum of BN's dx over the batch? And forward: does adding a constant to a column change x − μ?
# - q_bias = "b"  =>  q_bias = "a"
# β is added after the normalization, b before it. Follow b forward: it shifts every row of z, so it shifts the batch
# mean μ too. What is left of it in z − μ?
# - q_bias = "b"  =>  q_bias = "c"
# That would be the gradient if μ were a constant. But μ moves together with b, and it takes away exactly what b adds.
# Include the path through μ.
# - q_bias = "b"  =>  q_bias = "d"

# %% exercise="softmax_cross_entropy"
# %% right="log-softmax and one-hot labels"
def softmax_cross_entropy(logits, labels):
    m, C = logits.shape
    one_hot = np.eye(C, dtype=logits.dtype)[labels]
    log_p = logits - np.max(logits, axis=1, keepdims=True)
    log_p = log_p - np.log(np.sum(np.exp(log_p), axis=1, keepdims=True))
    return -np.sum(one_hot * log_p) / m, (np.exp(log_p) - one_hot) / m
# %% right="one row at a time"
def softmax_cross_entropy(logits, labels):
    loss, dlogits = 0.0, np.zeros_like(logits)
    for i, y in enumerate(labels):
        z = logits[i] - logits[i].max()
        e = np.exp(z)
        loss += (np.log(e.sum()) - z[y]) / len(labels)
        dlogits[i] = e / e.sum() / len(labels)
        dlogits[i, y] -= 1 / len(labels)
    return float(loss), dlogits
# %% right="the right class as a mask, the columns turned round"
def softmax_cross_entropy(logits, labels):
    z = (logits.T - logits.max(1)).T
    total = np.exp(z).sum(1)
    right = labels[:, None] == np.arange(logits.shape[1])
    dlogits = (np.exp(z) / total[:, None] - right) / len(labels)
    return np.mean(np.log(total) - z[right]), dlogits.astype(logits.dtype)
# %% right="logits minus their log-sum-exp"
def softmax_cross_entropy(logits, labels):
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    p, rows = np.exp(log_p), range(len(logits))
    p[rows, labels] -= 1.0
    return -np.average(log_p[rows, labels]), p / len(logits)
# %% right="float64 inside, cast back at the end, take_along_axis"
def softmax_cross_entropy(logits, labels):
    z = logits.astype(np.float64)
    z = z - z.max(axis=-1, keepdims=True)
    p = np.exp(z) / np.sum(np.exp(z), axis=-1, keepdims=True)
    loss = np.average(np.log(np.exp(z).sum(-1)) - np.take_along_axis(z, labels[:, None], 1)[:, 0])
    p[np.arange(len(p)), labels] -= 1.0
    return loss, (p / len(p)).astype(logits.dtype)
# %% mistakes
# The loss is summed over the batch. Take the mean: otherwise the gradient, and with it the right learning rate, grows
# with the batch size.
# - loss = np.mean(  =>  loss = np.sum(
# The softmax runs over the batch (axis 0). Each image has its own probabilities over the classes: max and sum run along
# a row, axis 1.
# - shifted = logits - logits.max(axis=1, keepdims=True)  =>  shifted = logits - logits.max(axis=0, keepdims=True)
# & total = exp.sum(axis=1, keepdims=True)  =>  total = exp.sum(axis=0, keepdims=True)
# & np.log(total[:, 0]) - shifted[rows, labels]  =>  np.log(total[0][labels]) - shifted[rows, labels]
# - total = exp.sum(axis=1, keepdims=True)  =>  total = exp.sum(axis=0, keepdims=True)
# & np.log(total[:, 0]) - shifted[rows, labels]  =>  np.log(total[0][labels]) - shifted[rows, labels]
# The loss averages log p over all m × C entries, or divides by m × C. Only the right class of each row counts: pick one
# entry per row, [rows, labels], then average over m.
# - np.log(total[:, 0]) - shifted[rows, labels]  =>  np.log(total) - shifted
# - loss = np.mean(np.log(total[:, 0]) - shifted[rows, labels])
# + loss = np.sum(np.log(total[:, 0]) - shifted[rows, labels]) / logits.size
# The loss has the wrong sign. log p is negative, a loss is positive: L = −mean(log p of the right class).
# - np.log(total[:, 0]) - shifted[rows, labels]  =>  shifted[rows, labels] - np.log(total[:, 0])
# This is minus the mean probability of the right class: the logarithm is missing. Cross-entropy is −log p, which
# punishes a confident error far more.
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])  =>  -np.mean(exp[rows, labels] / total[:, 0])
# A row maximum or a row sum has shape (m,), and NumPy lines it up with the columns. Keep it as a column with
# keepdims=True.
# - logits.max(axis=1, keepdims=True)  =>  logits.max(axis=1)
# The gradient is not divided by m. The loss is a mean over the batch, so each row of dlogits carries the factor 1/m.
# - dlogits /= m  =>  pass
# dlogits is just softmax/m. Subtract 1 at the right class of each row: without it every logit would be pushed down, the
# right one too.
# - dlogits[rows, labels] -= 1  =>  pass
# The sign of dlogits is turned round: you have (right − said). The gradient is (said − right)/m; the update subtracts
# it later.
# - dlogits /= m  =>  dlogits /= -m
# dlogits[:, labels] subtracts 1 in all those columns of every row. One entry per row is meant: index with two arrays,
# the row numbers and the labels.
# - dlogits[rows, labels] -= 1  =>  dlogits[:, labels] -= 1
# dlogits must have the logits' dtype. float64 comes in through np.eye, np.zeros or an array of integers; then every
# layer would compute in float64, at half the speed. Subtract 1 in place at [rows, labels], or use logits.dtype.
# - return loss, dlogits  =>  return loss, dlogits.astype(np.float32)
# - dlogits[rows, labels] -= 1  =>  dlogits = dlogits - np.eye(logits.shape[1])[labels]
# The line above says where it fails. At exp: nothing is subtracted before it, or not the row's maximum. At log 0: p is
# computed first and its logarithm after; by then a small p has become 0. Do both: subtract each row's largest logit,
# and take log p on paper, shifted − log(sum of exp(shifted)).
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])  =>  np.mean(-np.log(exp[rows, labels] / total[:, 0]))
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])
# + -np.sum(np.eye(logits.shape[1])[labels] * np.log(exp / total)) / m
# - logits.max(axis=1, keepdims=True)  =>  logits.min(axis=1, keepdims=True)
# - logits.max(axis=1, keepdims=True)  =>  logits.mean(axis=1, keepdims=True)
# - shifted = logits - logits.max(axis=1, keepdims=True)  =>  shifted = logits
# The number subtracted is not each row's own maximum, but that of the batch, of a column, or of |z|. One per column
# changes p. The others can be far above a row: all its exponentials are then 0, so that log 0 is infinite and 0/0 is
# NaN. Take the maximum along each row, axis 1.
# - logits.max(axis=1, keepdims=True)  =>  logits.max()
# - logits.max(axis=1, keepdims=True)  =>  logits.max(axis=0)
# An operation in place, such as `logits -= …`, writes into the caller's array; logits - … makes a new one.
# - shifted = logits - logits.max(axis=1, keepdims=True)
# + logits -= logits.max(axis=1, keepdims=True); shifted = logits
# There is one loss per example here. Take their mean: the loss is one number.
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])  =>  np.log(total[:, 0]) - shifted[rows, labels]
# dlogits is the softmax itself. Two things are missing: subtract 1 at the right class of each row, and divide by m.
# - dlogits[rows, labels] -= 1  =>  pass
# & dlogits /= m  =>  pass
# The exponentials are summed over the whole batch. Each image has its own probabilities, which add up to 1: sum along
# each row, axis 1, and keep the column with keepdims=True.
# - total = exp.sum(axis=1, keepdims=True)  =>  total = exp.sum()
# & np.log(total[:, 0])  =>  np.log(total)
# This is −log of the largest probability of each row, whatever the label says. Take the one of the right class: [rows,
# labels].
# - np.log(total[:, 0]) - shifted[rows, labels]  =>  np.log(total[:, 0])
# softmax_cross_entropy returns None: its return statement is missing. End it with return loss, dlogits.
# - return loss, dlogits  =>  return None
# Return two values, (loss, dlogits): no more, no fewer.
# - return loss, dlogits  =>  return loss
# - return loss, dlogits  =>  return dlogits
# - return loss, dlogits  =>  return loss, dlogits, exp / total
# The two results are in the wrong order: the loss comes first, then dlogits.
# - return loss, dlogits  =>  return dlogits, loss
# The loss works with p after p was changed: `d = p` makes no copy, so d[rows, labels] −= 1 changes p too (and the
# logarithm of p − 1 is NaN), or exp is forgotten. Compute the loss first, or work on p.copy().
# - dlogits = exp / total  =>  dlogits = p
# & loss = np.mean(np.log(total[:, 0]) - shifted[rows, labels])  =>  p = exp / total
# & return loss, dlogits  =>  return -np.mean(np.log(p[rows, labels])), dlogits
# - dlogits = exp / total  =>  dlogits = np.exp(log_p, out=log_p)
# & loss = np.mean(np.log(total[:, 0]) - shifted[rows, labels])  =>  log_p = shifted - np.log(total)
# & return loss, dlogits  =>  return -np.mean(log_p[rows, labels]), dlogits
# - exp = np.exp(shifted)  =>  exp = np.exp(shifted, out=shifted)
# Logits with and without the shift are mixed. log p = z − log Σ exp(z) needs the same z in both places.
# - np.log(total[:, 0]) - shifted[rows, labels]  =>  np.log(total[:, 0]) - logits[rows, labels]
# The logits are not shifted but scaled or clipped: that changes p. Only subtracting the same number from all logits of
# a row leaves p as it is.
# - shifted = logits - logits.max(axis=1, keepdims=True)  =>  shifted = logits / logits.max(axis=1, keepdims=True)
# - shifted = logits - logits.max(axis=1, keepdims=True)  =>  shifted = np.clip(logits, -500, 500)
# Another class than the right one is looked at: [:, labels] or [labels] picks other entries than one per row, and
# classes count from 0. Take [rows, labels].
# - np.log(total[:, 0]) - shifted[rows, labels]  =>  np.log(total[:, 0]) - shifted[rows, labels - 1]
# & dlogits[rows, labels] -= 1  =>  dlogits[rows, labels - 1] -= 1
# - np.log(total[:, 0]) - shifted[rows, labels]  =>  np.log(total) - shifted[:, labels]
# - np.log(total[:, 0]) - shifted[rows, labels]  =>  np.log(total[:, 0]) - shifted[labels]
# - dlogits[rows, labels] -= 1  =>  dlogits[rows, labels - 1] -= 1
# - dlogits[rows, labels] -= 1  =>  dlogits[labels] -= 1
# - dlogits[rows, labels] -= 1  =>  dlogits[labels, rows] -= 1
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])  =>  np.sum((np.log(total) - shifted)[np.unique(labels)]) / m
# This is another loss: squared errors, or a sigmoid of each logit by itself. Cross-entropy is the mean of −log p of the
# right class, with the softmax of all logits of a row together.
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])
# + np.mean((exp / total - np.eye(logits.shape[1])[labels]) ** 2)
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])
# + np.mean(((exp / total - np.eye(logits.shape[1])[labels]) ** 2).sum(axis=1))
# - np.log(total[:, 0]) - shifted[rows, labels]  =>  np.logaddexp(0, -logits[rows, labels])
# & dlogits = exp / total  =>  dlogits = 1 / (1 + np.exp(-logits))
# The logarithm of the mean is taken, or 1 − p (which also comes out when log p was overwritten by p − 1). Take −log of
# each example's own p first, then their mean.
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])  =>  -np.log(np.mean(exp[rows, labels] / total[:, 0]))
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])  =>  np.mean(1 - exp[rows, labels] / total[:, 0])
# log p has two terms: the right class's logit, and the logarithm of the sum. One (or its log) is missing here, or has
# the wrong sign.
# - np.log(total[:, 0]) - shifted[rows, labels]  =>  -logits[rows, labels]
# - np.log(total[:, 0]) - shifted[rows, labels]  =>  -shifted[rows, labels]
# - np.log(total[:, 0]) - shifted[rows, labels]  =>  np.log(total[:, 0]) + shifted[rows, labels]
# - np.log(total[:, 0])  =>  total[:, 0]
# This is one row's loss (the last, the first, the median one), or all of them divided by m − 1 or by the number of
# classes. The loss is the mean over the m rows.
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])  =>  np.log(total[-1, 0]) - shifted[m - 1, labels[-1]]
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])  =>  np.log(total[0, 0]) - shifted[0, labels[0]]
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])
# + np.sum(np.log(total[:, 0]) - shifted[rows, labels]) / (m - 1)
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])
# + np.sum(np.log(total[:, 0]) - shifted[rows, labels]) / logits.shape[1]
# dlogits is divided by something else than m, or twice. Its 1/m comes from the mean over the m rows of the loss.
# - dlogits /= m  =>  dlogits /= logits.shape[1]
# - dlogits /= m  =>  dlogits /= m * m
# - dlogits /= m  =>  dlogits *= 2 / m
# - dlogits /= m  =>  dlogits /= logits.size
# 1, and at the right class alone, is subtracted from p, not added or put in its place: the derivative of −z_y is −1.
# Subtract it before the division by m: (p − 1)/m is not p/m − 1.
# - dlogits[rows, labels] -= 1  =>  dlogits[rows, labels] = -1
# - dlogits[rows, labels] -= 1  =>  dlogits[rows, labels] += 1
# - dlogits[rows, labels] -= 1  =>  dlogits[rows, labels] -= m
# - dlogits[rows, labels] -= 1  =>  dlogits -= 1
# - dlogits[rows, labels] -= 1  =>  dlogits -= labels[:, None]
# The gradient of softmax and logarithm together is p minus (1 at the right class, 0 elsewhere): not log p, no further
# factor p(1 − p), no 1/p, and no row may lose its other classes.
# - dlogits = exp / total  =>  dlogits = shifted - np.log(total)
# - dlogits[rows, labels] -= 1  =>  dlogits = -np.eye(logits.shape[1])[labels] / dlogits
# - dlogits /= m  =>  dlogits *= exp / total * (1 - exp / total) / m
# - dlogits /= m  =>  dlogits *= (np.eye(logits.shape[1])[labels] == 1) / m
# - dlogits[rows, labels] -= 1  =>  dlogits[rows, labels] *= 1 - dlogits[rows, labels]
# - dlogits[rows, labels] -= 1  =>  dlogits *= 1 - dlogits
# - dlogits = exp / total  =>  dlogits = np.zeros_like(exp)
# %% mistakes otherwise="the loss at logits of 10,000"
# A small constant, a clip or nan_to_num hides log(0): a wrong answer that should cost 10,000 or more then costs about
# 28. Do it on paper: log p = shifted − log(sum of exp(shifted)).
# - np.mean(np.log(total[:, 0]) - shifted[rows, labels])  =>  np.mean(-np.log(exp[rows, labels] / total[:, 0] + 1e-12))
# %% mistakes otherwise="the loss"
# This is not the mean over the rows of log Σ_k exp(z_k) − z_y, with natural logarithms and y the row's label. Work out
# one row by hand and compare.
# - np.log(total[:, 0])  =>  np.log10(total[:, 0])
# %% mistakes otherwise="dlogits"
# dlogits is not an array of (p − 1 at the right class, p elsewhere)/m, p being each row's softmax. In each row only the
# right class is negative, and the row adds up to 0.
# - dlogits /= m  =>  dlogits = np.abs(dlogits) / m

# %% exercise="sgd_step"
# %% right="in place, in copies"
def sgd_step(w, dw, v, lr, momentum=0.0):
    w, v = w.copy(), v.copy()
    v *= momentum
    v += dw
    w += -lr * v
    return w, v
# %% right="the two parts of the step one by one, the results in a list"
def sgd_step(w, dw, v, lr, momentum=0.0):
    new_w = np.subtract(w, lr * momentum * v)
    return [new_w - lr * dw, np.add(np.multiply(momentum, v), dw)]
# %% right="element by element, in float64"
def sgd_step(w, dw, v, lr, momentum=0.0):
    new_w, new_v = np.zeros(w.shape), np.zeros(w.shape)
    for k in np.ndindex(w.shape):
        new_v[k] = float(v[k]) * momentum + float(dw[k])
        new_w[k] = w[k] - lr * new_v[k]
    return new_w, new_v
# %% right="the coefficients in an array; plain SGD on a way of its own"
def sgd_step(w, dw, v, lr, momentum=0.0):
    if momentum == 0:
        return w - lr * dw, dw
    v = np.tensordot(np.array([momentum, 1.0]), np.stack([v, dw]), axes=1)
    return w - np.full(w.shape, lr) * v, v
# %% mistakes
# This walks uphill. The gradient points to where the loss grows: subtract it.
# - w = w - lr * v  =>  w = w + lr * v
# The new velocity is (1 − momentum)·dw + momentum·v: a running average. Some libraries do that, but the rule above adds
# the whole dw. Its steps are 1/(1 − momentum) times longer.
# - v = momentum * v + dw  =>  v = momentum * v + (1 - momentum) * dw
# 1 − momentum multiplies the old velocity: that is BN's convention for its running mean. In SGD momentum multiplies the
# old v, and the new gradient counts in full: v = momentum·v + dw.
# - v = momentum * v + dw  =>  v = (1 - momentum) * v + momentum * dw
# - v = momentum * v + dw  =>  v = (1 - momentum) * v + dw
# lr multiplies dw alone, inside v or in the step. In the rule above v holds gradients only, and lr multiplies all of it
# in the update of w, once. (An lr inside v gives the same path only while lr stays the same.)
# - v = momentum * v + dw  =>  v = momentum * v + lr * dw
# - v = momentum * v + dw  =>  v = momentum * v + lr * dw
# & w = w - lr * v  =>  w = w - v
# - v = momentum * v + dw  =>  v = lr * (momentum * v + dw)
# & w = w - lr * v  =>  w = w - v
# The step is momentum·v − lr·dw. Other books write it so, with a v of the opposite sign and with lr inside; here v adds
# up gradients, and the minus and lr stand in the update of w.
# - v = momentum * v + dw  =>  v = momentum * v - lr * dw
# & w = w - lr * v  =>  w = w + v
# The velocity is not used: this is plain SGD, whatever momentum is. w must move along the new v, not along dw, and the
# new v is momentum·v + dw.
# - w = w - lr * v  =>  w = w - lr * dw
# - v = momentum * v + dw  =>  v = dw
# - return w, v  =>  return w, dw
# The argument momentum is not used as it is: the old v is multiplied by a fixed number, by momentum², or not at all.
# - v = momentum * v + dw  =>  v = v + dw
# - v = momentum * v + dw  =>  v = 0.9 * v + dw
# The new w is not the old one minus lr·v: it is the step alone, or dw, momentum or the size of w has come in.
# - w = w - lr * v  =>  w = -lr * v
# - w = w - lr * v  =>  w = w - lr * dw - momentum * v
# - w = w - lr * v  =>  w = w - lr / (1 - momentum) * v
# - w = w - lr * v  =>  w = w - lr * (1 - momentum) * v
# The new gradient does not reach v in full: momentum multiplies it, or v stays the old one (always, or `if momentum` is
# 0). Momentum multiplies only the old velocity: v = momentum·v + dw, which with momentum = 0 is plain SGD.
# - v = momentum * v + dw  =>  pass
# - v = momentum * v + dw  =>  v = momentum * v + dw if momentum else v
# - momentum * v + dw  =>  momentum * (v + dw)
# - momentum * v + dw  =>  v + momentum * dw
# This is Nesterov's variant: it looks one momentum step ahead. The rule above is simpler: w moves by lr times the new
# v, no more.
# - w = w - lr * v  =>  w = w - lr * (dw + momentum * v)
# The learning rate is missing, or is a fixed number: w moves by lr times v.
# - w = w - lr * v  =>  w = w - 0.1 * v
# - w = w - lr * v  =>  w = w - v
# A sign is turned round in v: it adds the gradient, v = momentum·v + dw, and w subtracts lr·v.
# - momentum * v + dw  =>  momentum * v - dw
# - momentum * v + dw  =>  dw - momentum * v
# A tuple (w, v) is expected, not one array or a dict: without the new v the next step would have no memory.
# - return w, v  =>  return v
# - return w, v  =>  return {"w": w, "v": v}
# - return w, v  =>  return w
# The second value must be the new v: return w, v.
# - return w, v  =>  return v, w
# `w -= …` or `v *= …` writes into the caller's array; w = w - … makes a new one.
# - w = w - lr * v  =>  w -= lr * v
# - v = momentum * v + dw  =>  v *= momentum; v += dw
# - v = momentum * v + dw  =>  v *= momentum; v += dw
# & w = w - lr * v  =>  w -= lr * v
# w was moved with the old velocity. Compute the new v first, use it, and return it: otherwise today's gradient counts
# only from the next step on, or never.
# - v = momentum * v + dw  =>  new = momentum * v + dw
# & return w, v  =>  return w, new
# The step is right, but the v that comes back is the old one, or zeros. The next step needs the new v; with momentum =
# 0 that is dw.
# - v = momentum * v + dw  =>  old, v = v, momentum * v + dw
# & return w, v  =>  return w, old
# - return w, v  =>  return w, v if momentum else 0 * v
# sgd_step returns None: its return statement is missing. End it with return w, v.
# - return w, v  =>  return None
# %% mistakes otherwise="v and w after a step with momentum 0.8"
# The line above says whether v or w is wrong. The new v is momentum·v + dw, the new w is w − lr·(new v), element by
# element, with nothing else in them.
# - v = momentum * v + dw  =>  v = momentum * v + dw**2

# %% exercise="rmsprop_step"
# %% right="a step towards the new square"
def rmsprop_step(w, dw, s, lr, rho=0.9, eps=1e-8):
    s = s + (1 - rho) * (dw * dw - s)
    step = dw / (s**0.5 + eps)
    return w - lr * step, s
# %% right="np.average with weights, np.square, the rate per element"
def rmsprop_step(w, dw, s, lr, rho=0.9, eps=1e-8):
    new_s = np.average([s, np.square(dw)], axis=0, weights=[rho, 1 - rho])
    return w - dw * (lr / (eps + np.sqrt(new_s))), new_s
# %% right="in place, in copies (torch.optim.RMSprop)"
def rmsprop_step(w, dw, s, lr, rho=0.9, eps=1e-8):
    square_avg = s.copy()
    square_avg *= rho
    square_avg += dw * dw * (1 - rho)
    avg = np.sqrt(square_avg)
    avg += eps
    new_w = w.copy()
    new_w -= lr * (dw / avg)
    return [new_w, square_avg]
# %% right="coefficients in an array, one element at a time"
def rmsprop_step(w, dw, s, lr, rho=0.9, eps=1e-8):
    c, new_w, new_s = np.array([rho, 1 - rho]), np.empty(w.shape), np.empty(w.shape)
    for k in np.ndindex(w.shape):
        new_s[k] = c[0] * s[k] + c[1] * dw[k] ** 2
        new_w[k] = w[k] - lr * dw[k] / (np.sqrt(new_s[k]) + eps)
    return new_w, new_s
# %% mistakes
# The root is missing: dw is divided by s itself. s is a mean of squares; its root has the units of dw, so that the
# ratio is a pure number.
# - (np.sqrt(s) + eps)  =>  (s + eps)
# s averages dw or |dw|, not dw². Its root is taken afterwards, so that it has the units of dw: square first.
# - (1 - rho) * dw**2  =>  (1 - rho) * dw
# - (1 - rho) * dw**2  =>  (1 - rho) * np.abs(dw)
# ρ and 1 − ρ are swapped, or one of them stands twice. ρ (usually 0.9) multiplies the old s: a long memory. 1 − ρ
# multiplies the new square.
# - rho * s + (1 - rho) * dw**2  =>  (1 - rho) * s + rho * dw**2
# - rho * s + (1 - rho) * dw**2  =>  rho * (s + dw**2)
# - rho * s + (1 - rho) * dw**2  =>  (1 - rho) * (s + dw**2)
# - rho * s + (1 - rho) * dw**2  =>  (1 - rho) * s + dw**2
# ε stands inside the root here, as in BN. In RMSProp it is added after the root: √s + ε. With a small ε this matters
# for tiny gradients.
# - (np.sqrt(s) + eps)  =>  np.sqrt(s + eps)
# - (np.sqrt(s) + eps)  =>  np.sqrt(s + eps**2)
# ε is missing, or a fixed number stands in its place. Add the argument eps to the root: a parameter whose gradient is 0
# at the first step has s = 0, and 0/0 is NaN.
# - (np.sqrt(s) + eps)  =>  np.sqrt(s)
# The factor (1 − ρ) is missing: s grows towards a sum of squares, about 1/(1 − ρ) times too large. A running mean has
# weights that add up to 1.
# - (1 - rho) * dw**2  =>  dw**2
# The old s is forgotten, kept in full (as in Adagrad, where s only grows), or has the new square subtracted. A running
# mean is ρ·s + (1 − ρ)·dw².
# - rho * s + (1 - rho) * dw**2  =>  s + dw**2
# - rho * s + (1 - rho) * dw**2  =>  dw**2
# - rho * s + (1 - rho) * dw**2  =>  (1 - rho) * dw**2
# - rho * s + (1 - rho) * dw**2  =>  rho * s - (1 - rho) * dw**2
# The square is in the wrong place: dw alone is squared, neither 1 − ρ nor s nor the sum. (`dw * 2` is no square.)
# - (1 - rho) * dw**2  =>  ((1 - rho) * dw) ** 2
# - rho * s + (1 - rho) * dw**2  =>  (rho * s + (1 - rho) * dw) ** 2
# - rho * s + (1 - rho) * dw**2  =>  rho * s**2 + (1 - rho) * dw**2
# - (1 - rho) * dw**2  =>  (1 - rho) * dw * 2
# This walks uphill: subtract the step.
# - w = w - lr  =>  w = w + lr
# Elements share an s: the squares were summed or averaged over elements, or their mean was subtracted. Each element
# keeps its own s; that is the point of the rule.
# - (1 - rho) * dw**2  =>  (1 - rho) * np.mean(dw**2)
# - (1 - rho) * dw**2  =>  (1 - rho) * np.sum(dw**2)
# - (1 - rho) * dw**2  =>  (1 - rho) * np.mean(dw**2, axis=0)
# - (1 - rho) * dw**2  =>  (1 - rho) * np.mean(dw**2, axis=1, keepdims=True)
# - (1 - rho) * dw**2  =>  (1 - rho) * (dw - dw.mean()) ** 2
# - (np.sqrt(s) + eps)  =>  (np.sqrt(s.mean()) + eps)
# The order is turned round: first w, then s.
# - return w, s  =>  return s, w
# The learning rate is missing: the step is lr · dw/(√s + ε).
# - w = w - lr * dw  =>  w = w - dw
# Brackets: dw / √s + ε is (dw / √s) + ε, and 1 - rho * dw**2 is 1 − (ρ·dw²). Write dw / (√s + ε) and (1 − ρ)·dw².
# - (1 - rho) * dw**2  =>  1 - rho * dw**2
# - (np.sqrt(s) + eps)  =>  np.sqrt(s) + eps
# Numbers stand where the argument rho belongs: this works only for ρ = 0.9. Use rho and 1 - rho.
# - rho * s + (1 - rho) * dw**2  =>  0.9 * s + 0.1 * dw**2
# - rho * s + (1 - rho) * dw**2  =>  0.9 * s + (1 - rho) * dw**2
# The numerator is not dw: the sign and the size of this step's gradient both count, once.
# - lr * dw /  =>  lr /
# - lr * dw /  =>  lr * np.sign(dw) /
# - lr * dw /  =>  lr * np.abs(dw) /
# - lr * dw /  =>  lr * dw**2 /
# ^ is no power in Python: write dw**2.
# - dw**2  =>  dw ^ 2
# ε is inside s, or the root of s comes back. s is the mean of the squares itself; ε is added to its root, once.
# - return w, s  =>  return w, np.sqrt(s)
# - (1 - rho) * dw**2  =>  (1 - rho) * dw**2 + eps
# An operation in place (`s *= …`, `w -= …`) writes into the caller's array; s = … makes a new one.
# - s = rho * s + (1 - rho) * dw**2  =>  s *= rho; s += (1 - rho) * dw**2
# - w = w - lr  =>  w -= lr
# rmsprop_step returns None: its return statement is missing. End it with return w, s.
# - return w, s  =>  return None
# A tuple (w, s) is expected, not one array or a dict: the next step needs the new s.
# - return w, s  =>  return s
# - return w, s  =>  return {"w": w, "s": s}
# - return w, s  =>  return w
# w was moved with the old s. Update s first. At the first step the old s is 0, and the division would blow up.
# - s = rho * s + (1 - rho) * dw**2  =>  new = rho * s + (1 - rho) * dw**2
# & return w, s  =>  return w, new
# The step is right, but the s that comes back is the old one, so the memory never grows. Return the new s.
# - s = rho * s + (1 - rho) * dw**2  =>  old, s = s, rho * s + (1 - rho) * dw**2
# & return w, s  =>  return w, old
# %% mistakes otherwise="s and w after a step of RMSProp"
# The line above says whether s or w is wrong. The new s is ρ·s + (1 − ρ)·dw², the new w is w − lr·dw/(√s + ε) with the
# new s, element by element, with nothing else in them.
# - (1 - rho) * dw**2  =>  (1 - rho) * dw**3

# %% exercise="adam_step"
# %% right="the corrections in the step size (torch.optim.Adam)"
def adam_step(w, dw, m, v, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    exp_avg = m + (1 - beta1) * (dw - m)
    exp_avg_sq = v * beta2 + (1 - beta2) * dw * dw
    step_size = lr / (1 - beta1**t)
    denom = np.sqrt(exp_avg_sq) / (1 - beta2**t) ** 0.5 + eps
    return w - step_size * exp_avg / denom, exp_avg, exp_avg_sq
# %% right="the paper's closed form of the corrections, as a loop"
def adam_step(w, dw, m, v, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    new_m = np.average([m, dw], axis=0, weights=[beta1, 1 - beta1])
    new_v = np.average([v, np.square(dw)], axis=0, weights=[beta2, 1 - beta2])
    weight1 = sum((1 - beta1) * beta1**k for k in range(t))
    weight2 = sum((1 - beta2) * beta2**k for k in range(t))
    w = w.astype(np.float64) - lr * (new_m / weight1) / (np.sqrt(new_v / weight2) + eps)
    return w, new_m, new_v
# %% right="in place, in copies, the results in a list"
def adam_step(w, dw, m, v, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    w, m, v = w.copy(), m.copy(), v.copy()
    m *= beta1
    m += (1 - beta1) * dw
    v *= beta2
    v += (1 - beta2) * dw**2
    w -= lr * np.divide(m / (1 - np.power(beta1, t)), eps + (v / (1 - np.power(beta2, t))) ** 0.5)
    return [w, m, v]
# %% right="both corrections in the step, ε scaled along, coefficients in arrays"
def adam_step(w, dw, m, v, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    m = np.tensordot(np.array([beta1, 1 - beta1]), np.stack([m, dw]), axes=1)
    v = np.tensordot(np.array([beta2, 1 - beta2]), np.stack([v, dw * dw]), axes=1)
    root = np.sqrt(1 - np.power(beta2, t))
    return w - lr * root / (1 - np.power(beta1, t)) * m / (np.sqrt(v) + eps * root), m, v
# %% mistakes
# There is no bias correction. Early on m and v are both too small, and not equally: with the default β1 and β2 the
# first step would be about three times too long. Divide m by 1 − β1^t and v by 1 − β2^t.
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v
# Only m is corrected. v starts at 0 as well, and with β2 near 1 it needs the correction much longer than m does.
# - v_hat = v / (1 - beta2**t)  =>  v_hat = v
# Only v is corrected. m starts at 0 as well: divide it by 1 − β1^t.
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m
# The correction uses something else than the power β^t, or its parts are turned round. It divides by 1 − β^t, in Python
# 1 - beta1**t.
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - beta1 * t)
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - t**beta1)
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - t**beta2)
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - beta1) ** t
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - beta2) ** t
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - (1 - beta1) ** t)
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - (1 - beta2) ** t)
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / beta1**t
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / beta2**t
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (beta1**t - 1)
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (beta2**t - 1)
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - beta1 * t)
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - beta2 * t)
# The correction is one step off: it uses t + 1 or t − 1. Here t counts from 1 and is the number of this step.
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - beta1 ** (t + 1))
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - beta2 ** (t + 1))
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - beta1 ** (t - 1))
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - beta2 ** (t - 1))
# The corrected means are returned as memory. Next time they would be corrected again. Return m and v as they were
# before the correction.
# - m_hat = m / (1 - beta1**t)  =>  m = m_hat = m / (1 - beta1**t)
# & v_hat = v / (1 - beta2**t)  =>  v = v_hat = v / (1 - beta2**t)
# β1 and β2 are swapped. β1 belongs to m, the mean of the gradient; β2 to v, the mean of its square.
# - m = beta1 * m + (1 - beta1) * dw  =>  m = beta2 * m + (1 - beta2) * dw
# & v = beta2 * v + (1 - beta2) * dw**2  =>  v = beta1 * v + (1 - beta1) * dw**2
# v does not average dw². It must be a mean of the squares of this step's gradient, element by element, so that its root
# compares with dw: not of dw, |dw| or m², not around a mean, not squared with its factor, not over elements.
# - (1 - beta2) * dw**2  =>  (1 - beta2) * dw
# - (1 - beta2) * dw**2  =>  (1 - beta2) * np.abs(dw)
# - (1 - beta2) * dw**2  =>  (1 - beta2) * m**2
# - (1 - beta2) * dw**2  =>  (1 - beta2) * (dw - m) ** 2
# - (1 - beta2) * dw**2  =>  ((1 - beta2) * dw) ** 2
# - (1 - beta2) * dw**2  =>  (1 - beta2) * np.mean(dw**2)
# The old mean is forgotten, or subtracted from: a running mean is β times the old one plus (1 − β) times the new value.
# - beta1 * m + (1 - beta1) * dw  =>  dw
# - beta2 * v + (1 - beta2) * dw**2  =>  dw**2
# - beta1 * m + (1 - beta1) * dw  =>  beta1 * m - (1 - beta1) * dw
# The two weights are of different β. In m they are β1 and 1 − β1, in v β2 and 1 − β2.
# - beta1 * m + (1 - beta1) * dw  =>  beta1 * m + (1 - beta2) * dw
# - beta2 * v + (1 - beta2) * dw**2  =>  beta2 * v + (1 - beta1) * dw**2
# β and 1 − β have changed places, or β stands where 1 − β belongs. β multiplies the old mean (0.9 and 0.999: a long
# memory), 1 − β the new gradient or its square.
# - beta1 * m + (1 - beta1) * dw  =>  (1 - beta1) * m + beta1 * dw
# & beta2 * v + (1 - beta2) * dw**2  =>  (1 - beta2) * v + beta2 * dw**2
# - beta1 * m + (1 - beta1) * dw  =>  (1 - beta1) * m + beta1 * dw
# - beta2 * v + (1 - beta2) * dw**2  =>  (1 - beta2) * v + beta2 * dw**2
# The numerator is dw itself. Adam moves along the corrected mean m̂: that is its momentum.
# - lr * m_hat /  =>  lr * dw /
# ε stands inside the root. In Adam it is added after the root: √v̂ + ε.
# - (np.sqrt(v_hat) + eps)  =>  np.sqrt(v_hat + eps)
# - (np.sqrt(v_hat) + eps)  =>  np.sqrt(v_hat + eps**2)
# ε stands in the corrections, or outside the quotient (a / b + c is (a / b) + c). It is added to the root alone: √v̂ +
# ε.
# - (np.sqrt(v_hat) + eps)  =>  np.sqrt(v_hat) + eps
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - beta1**t + eps)
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - beta2**t + eps)
# & np.sqrt(v_hat) + eps  =>  np.sqrt(v_hat)
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - beta1**t + eps)
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - beta2**t + eps)
# The step was computed with the old m and v, or these are returned. First update both, then use and return the new
# ones.
# - m_hat = m / (1 - beta1**t)  =>  m_hat = (m - (1 - beta1) * dw) / beta1 / (1 - beta1**t)
# & v_hat = v / (1 - beta2**t)  =>  v_hat = (v - (1 - beta2) * dw**2) / beta2 / (1 - beta2**t)
# - m = beta1  =>  old = m, v; m = beta1
# & return w, m, v  =>  return w, *old
# An operation in place (`m *= …`, `w -= …`) writes into the caller's array; m = … makes a new one.
# - m = beta1 * m + (1 - beta1) * dw  =>  m *= beta1; m += (1 - beta1) * dw
# - v = beta2 * v + (1 - beta2) * dw**2  =>  v *= beta2; v += (1 - beta2) * dw**2
# - w = w - lr  =>  w -= lr
# The root of v̂ is missing. v̂ is a mean of squares; divide by its root, plus ε.
# - (np.sqrt(v_hat) + eps)  =>  (v_hat + eps)
# Both corrections were pulled into the step size, and ε is added to √v instead of √v̂. Many libraries once did so;
# early on their ε acts as if it were larger. Here ε is added to the root of the corrected v̂.
# - m_hat / (np.sqrt(v_hat) + eps)  =>  np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + eps)
# ε is missing, or a fixed number stands in its place. Add the argument eps to the root: a parameter whose gradients
# were all 0 has v̂ = 0, and 0/0 is NaN.
# - (np.sqrt(v_hat) + eps)  =>  np.sqrt(v_hat)
# This walks uphill: subtract the step.
# - w = w - lr  =>  w = w + lr
# Return a tuple of three arrays in the order w, m, v.
# - return w, m, v  =>  return w
# - return w, m, v  =>  return m, v, w
# - return w, m, v  =>  return w, v, m
# - return w, m, v  =>  return w, (m, v)
# - return w, m, v  =>  return w, m, v, t + 1
# ^ is no power in Python: write beta1**t and dw**2.
# - 1 - beta1**t  =>  1 - beta1 ^ t
# The power t is missing: at every step this corrects as if it were the first. Divide by 1 − β^t, which grows towards 1.
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - beta1)
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - beta2)
# The correction multiplies, which makes small means smaller still. Divide by 1 − β^t.
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m * (1 - beta1**t)
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v * (1 - beta2**t)
# A correction uses the other β or a fixed number. m is a mean with β1, so its correction is 1 − β1^t; v is one with β2,
# so its correction is 1 − β2^t.
# - v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - beta1**t)
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - beta2**t)
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - beta2**t)
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - beta1**t)
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / (1 - 0.9**t)
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / (1 - 0.999**t)
# v̂ is corrected outside the root: √v/(1 − β2^t). The correction belongs to v, so under the root: √(v/(1 − β2^t)).
# - (np.sqrt(v_hat) + eps)  =>  (np.sqrt(v) / (1 - beta2**t) + eps)
# Brackets: m / 1 - β^t is (m / 1) − β^t, and 1 - β * dw is 1 − (β·dw). Write m / (1 − β^t) and (1 − β)·dw.
# - (1 - beta1) * dw  =>  1 - beta1 * dw
# - (1 - beta2) * dw**2  =>  1 - beta2 * dw**2
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / 1 - beta1**t
# - m_hat = m / (1 - beta1**t)  =>  m_hat = m / 1 - beta1**t
# & v_hat = v / (1 - beta2**t)  =>  v_hat = v / 1 - beta2**t
# The factor 1 − β is missing: the mean grows towards a sum. A running mean has weights that add up to 1: β for the old
# one, 1 − β for the new value.
# - beta1 * m + (1 - beta1) * dw  =>  beta1 * m + dw
# - (1 - beta2) * dw**2  =>  dw**2
# Numbers stand where the arguments beta1 and beta2 belong: this works only for the defaults.
# - beta1 * m + (1 - beta1) * dw  =>  0.9 * m + 0.1 * dw
# & beta2 * v + (1 - beta2) * dw**2  =>  0.999 * v + 0.001 * dw**2
# The learning rate is missing: the step is lr · m̂/(√v̂ + ε).
# - lr * m_hat  =>  m_hat
# adam_step returns None: its return statement is missing. End it with return w, m, v.
# - return w, m, v  =>  return None
# %% mistakes otherwise="m and v after a step"
# The line above says whether m or v is wrong. The new m is β1·m + (1 − β1)·dw, the new v is β2·v + (1 − β2)·dw²,
# element by element; both come back before the correction.
# - beta2 * v + (1 - beta2) * dw**2  =>  beta2 * v + (1 - beta2) * dw**4
# %% mistakes otherwise="a later step, t = 3"
# If the check of m and v holds, the step is what differs. It is lr·m̂/(√v̂ + ε), with m̂ = m/(1 − β1^t) and
# v̂ = v/(1 − β2^t); ε stands outside the root, and nothing else is in the step.
# - lr * m_hat /  =>  lr / t * m_hat /

# %% exercise="q_weights"
# %% mistakes
# Look at BatchNorm.forward above: running_mean + momentum · (mean − running_mean). Multiply it out: what is the factor
# of the old running mean, and what that of the new one?
# - q_weights = "c"  =>  q_weights = "a"
# A weight of a running mean, yes: but of which part? In ρ·s + (1 − ρ)·dw² the new value is dw², and its weight is 1 −
# ρ. It gets smaller as ρ grows.
# - q_weights = "c"  =>  q_weights = "b"
# The name is the same, the rule is not. In SGD `momentum` multiplies the old v; the new gradient counts in full, with
# weight 1, whatever momentum is.
# - q_weights = "c"  =>  q_weights = "d"

# %% exercise="train_step"
# %% right="all activations kept, the layers by number"
def train_step(layers, x, labels, optimizer, loss_function=None):
    loss_function = loss_function or softmax_cross_entropy
    activations = [x]
    for i in range(len(layers)):
        activations.append(layers[i].forward(activations[i], True))
    result = loss_function(activations[-1], labels)
    gradient = result[1]
    for i in range(len(layers) - 1, -1, -1):
        gradient = layers[i].backward(gradient)
    optimizer.step(layers)
    return float(result[0])
# %% right="functools.reduce, a slice turned round"
from functools import reduce

def train_step(layers, x, labels, optimizer, loss_function=None):
    loss_function = loss_function or softmax_cross_entropy
    scores = reduce(lambda a, layer: layer.forward(a, training=True), layers, x)
    loss, d = loss_function(scores, labels)
    reduce(lambda d, layer: layer.backward(d), layers[::-1], d)
    optimizer.step(layers)
    return loss
# %% right="recursion: forward on the way in, backward on the way out"
def train_step(layers, x, labels, optimizer, loss_function=None):
    def through(rest, a):
        if not rest:
            return (loss_function or softmax_cross_entropy)(a, labels)
        loss, d = through(rest[1:], rest[0].forward(a, training=True))
        return loss, rest[0].backward(d)

    loss, _ = through(layers, x)
    optimizer.step(layers)
    return loss
# %% mistakes
# Every layer, or the loss function, was given x, the input of the whole network. Each needs the output of the layer
# before it: keep it in a variable and pass it on.
# - a = layer.forward(a, training=True)  =>  layer.forward(a, training=True)
# - a = layer.forward(a, training=True)  =>  a = layer.forward(x, training=True)
# The layers ran with training=False. BN would normalize with its running statistics and never update them. A training
# step runs with training=True.
# - training=True  =>  training=False
# forward was called without its second argument. A layer must be told which mode to use: layer.forward(a,
# training=True).
# - layer.forward(a, training=True)  =>  layer.forward(a)
# A layer is an object, not a function: call its method, layer.forward(a, training=True).
# - layer.forward(a, training=True)  =>  layer(a)
# More than the loss is returned. The loss function returns two things: unpack them, loss, d = …, and return loss alone.
# - loss, d = loss_function(a, labels)  =>  loss = loss_function(a, labels); d = loss[1]
# - return loss  =>  return loss, d
# softmax_cross_entropy is called directly, or labels stand as indices. Call loss_function with the labels as they are:
# it is softmax_cross_entropy unless the caller gives another one, as this check does.
# - loss_function(a, labels)  =>  softmax_cross_entropy(a, labels)
# The loss function returns two things, the loss and its gradient. Unpack both: loss, d = …; d is what goes backward.
# - loss, d = loss_function(a, labels)  =>  d = loss = loss_function(a, labels)
# The backward pass runs from the first layer to the last. The gradient is known at the end first: go through the layers
# in reverse.
# - in reversed(layers):  =>  in layers:
# Every layer was given the same array: the scores, or the gradient with respect to them. Each layer needs what the
# layer after it returned: d = layer.backward(d).
# - d = layer.backward(d)  =>  layer.backward(d)
# - d = layer.backward(d)  =>  d = layer.backward(a)
# A layer was left out: the first, the last, or one without parameters. That one has no gradient of its own, but must
# pass one on; and all others need theirs.
# - reversed(layers)  =>  layers[:0:-1]
# - reversed(layers)  =>  layers[-2::-1]
# - reversed(layers)  =>  (layer for layer in reversed(layers) if layer.params)
# - for layer in layers:  =>  for layer in layers[:-1]:
# - optimizer.step(layers)  =>  optimizer.step(layers[-1:])
# forward or backward of a layer ran twice, or the loss function. BN would count the same batch twice in its running
# averages. Once each is enough: the loss function after the last layer, its loss kept until the end.
# - d = layer.backward(d)  =>  layer.backward(d); d = layer.backward(d)
# - a = layer.forward(a, training=True)  =>  layer.forward(a, training=True); a = layer.forward(a, training=True)
# - loss, d = loss_function(a, labels)  =>  loss, d = loss_function(a, labels)[0], loss_function(a, labels)[1]
# -     loss, d = loss_function(a, labels)  =>          loss, d = loss_function(a, labels)
# return stands inside the loop: the step ends after one layer. Take it (and optimizer.step) one level to the left.
# -     optimizer.step(layers)  =>          optimizer.step(layers)
# &     return loss  =>          return loss
# The loss or its gradient is multiplied or divided by the batch size again. The loss function has taken the mean, and d
# belongs to it.
# - return loss  =>  return loss * len(x)
# - return loss  =>  return loss / len(x)
# - d = layer.backward(d)  =>  d = layer.backward(d / len(x))
# - loss, d = loss_function(a, labels)  =>  loss, d = loss_function(a, labels); d = d / len(x)
# The loss function takes the scores as they come out of the last layer: no softmax, no argmax before it.
# - loss_function(a, labels)  =>  loss_function(np.exp(a) / np.exp(a).sum(axis=1, keepdims=True), labels)
# - loss_function(a, labels)  =>  loss_function(a.argmax(axis=1), labels)
# The optimizer was never called. After the backward pass call optimizer.step(layers), and leave the update to it.
# - optimizer.step(layers)  =>  pass
# optimizer.step ran more than once: for every layer, inside the loop, or twice. Then layers are updated several times,
# and Adam counts several steps. Call it once, after the loop, with the whole list.
# - optimizer.step(layers)  =>  optimizer.step(layers); optimizer.step(layers)
# -     optimizer.step(layers)  =>          optimizer.step(layers)
# -     optimizer.step(layers)  =>          optimizer.step([layer])
# The gradient points uphill, or the call fails: d got a minus, or the loss function its arguments the wrong way round.
# It is loss_function(scores, labels): the output of the last layer first.
# - loss_function(a, labels)  =>  loss_function(labels, a)
# The output of the network or a gradient comes back instead of the loss, or the loss in a list, as text or rounded.
# Return the loss of step 2, one number, as it is. (The loss function returns the loss first, then the gradient.)
# - return loss  =>  return a
# - return loss  =>  return d
# - return loss  =>  return [loss]
# - return loss  =>  return f"{loss:.4f}"
# - return loss  =>  return round(float(loss), 4)
# - loss, d = loss_function  =>  d, loss = loss_function
# optimizer.step(layers) is a method with one argument, the whole list.
# - optimizer.step(layers)  =>  optimizer(layers)
# - optimizer.step(layers)  =>  optimizer.step()
# - optimizer.step(layers)  =>  optimizer.step(loss)
# - optimizer.step(layers)  =>  [optimizer.step(layer) for layer in layers]
# train_step returns None: its return statement is missing. End it with return loss.
# - return loss  =>  return None
# What goes backward is the loss, a number, instead of its gradient with respect to the scores. The loss function
# returns both; the second one starts the backward pass.
# - loss, d = loss_function(a, labels)  =>  loss, d = loss_function(a, labels); d = loss
# - layer.backward(d)  =>  layer.backward(loss)
# - d = layer.backward(d)  =>  loss = layer.backward(loss)
# The loss was computed again after the update. Return the one that the gradient came from: it is the loss before this
# step, and costs no second forward pass.
# - return loss
# + for layer in layers:
# +         x = layer.forward(x, training=True)
# +     return loss_function(x, labels)[0]
# The optimizer ran, but without the gradients of this step: the backward pass is missing, or comes after it. First all
# gradients, then the update.
# - for layer in reversed(layers):  =>  for layer in []:
# - optimizer.step(layers)  =>  pass
# & for layer in reversed(layers):
# + optimizer.step(layers)
# +     for layer in reversed(layers):
# The list itself was changed (pop, reverse), so the caller's network is gone or runs backwards. reversed(layers) walks
# backwards and leaves the list alone.
# - for layer in reversed(layers):  =>  while layers:
# & d = layer.backward(d)  =>  d = layers.pop().backward(d)
# - for layer in reversed(layers):
# + layers.reverse()
# +     for layer in layers:
# %% mistakes otherwise="the loss of a toy network"
# This is not what loss_function says of the last layer's output in this step. Follow the batch through the layers, in
# order: each gets what the one before returned.
# - for layer in layers:  =>  for layer in layers[::-1]:
# %% mistakes otherwise="one step changes the parameters"
# The line above says what differs: a number of calls, or k, which the optimizer alone changes, by the gradients. Go
# back through all layers: each gets what the layer after it returned, as it is. Then comes one optimizer.step(layers).
# - d = layer.backward(d)  =>  d = d + layer.backward(d)

# %% exercise="q_scale"
# %% mistakes
# The output and the loss are the same, but the gradient with respect to W is not. If L(10·W) = L(W) for every W, what
# follows for the derivative of L at 10·W? Use the chain rule.
# - q_scale = "d"  =>  q_scale = "a"
# Without BN that could be. With BN the signal is divided by its own σ, which is now 10 times larger. On the way back
# the gradient is divided by that σ, too.
# - q_scale = "d"  =>  q_scale = "b"
# W is 10 times larger, that part is right. But ΔW changes as well: BN's backward pass divides by σ, and σ has grown
# 10-fold.
# - q_scale = "d"  =>  q_scale = "c"

# %% exercise="batch_noise"
# %% right="a list comprehension"
def batch_noise(x, batch_size, rng, repeats):
    return np.std([np.mean(x[rng.randint(0, len(x), batch_size)], axis=0) for _ in range(repeats)], axis=0)
# %% right="an array of means, the standard deviation by hand"
def batch_noise(x, batch_size, rng, repeats):
    means = np.zeros((repeats, x.shape[1]))
    for k in range(repeats):
        rows = rng.randint(0, x.shape[0], size=batch_size)
        means[k] = np.ones(batch_size) @ x.take(rows, axis=0) / batch_size
    return np.sqrt(((means - means.sum(axis=0) / repeats) ** 2).mean(axis=0))
# %% right="all rows first, then one array of all batches"
def batch_noise(x, batch_size, rng, repeats):
    rows = np.array([rng.randint(0, len(x), batch_size) for _ in range(repeats)])
    return x[rows].mean(axis=1).std(axis=0)
# %% right="running sums of the means and of their squares"
def batch_noise(x, batch_size, rng, repeats):
    total, squares = 0.0, 0.0
    for _ in range(repeats):
        mean = x[rng.randint(0, len(x), batch_size)].sum(axis=0) / batch_size
        total, squares = total + mean, squares + mean**2
    return np.sqrt(np.maximum(squares / repeats - (total / repeats) ** 2, 0))
# %% mistakes
# This is the mean of the batches' standard deviations: how much the examples inside a batch differ. Asked is how much
# the batch means differ from each other: first the mean of each batch, then the std of these means.
# - means.append(x[rows].mean(axis=0))  =>  means.append(x[rows].std(axis=0))
# & return np.std(means, axis=0)  =>  return np.mean(means, axis=0)
# This is the noise of the batches' standard deviations, variances, sums or medians. Asked is the noise of their means:
# take x[rows].mean(axis=0).
# - x[rows].mean(axis=0)  =>  x[rows].std(axis=0)
# - x[rows].mean(axis=0)  =>  x[rows].var(axis=0)
# - x[rows].mean(axis=0)  =>  x[rows].sum(axis=0)
# - x[rows].mean(axis=0)  =>  np.median(x[rows], axis=0)
# This is the variance of the batch means. Take its root, or use np.std.
# - np.std(means, axis=0)  =>  np.var(means, axis=0)
# This is the formula σ/√m, of all the data or of the batches. It is what you should find on average; the exercise is to
# measure it, so that you can believe it.
# - return np.std(means, axis=0)  =>  return x.std(axis=0) / np.sqrt(batch_size)
# - return np.std(means, axis=0)  =>  return x[rows].std(axis=0) / np.sqrt(batch_size)
# - means.append(x[rows].mean(axis=0))  =>  means.append(x[rows].std(axis=0) / np.sqrt(batch_size))
# & return np.std(means, axis=0)  =>  return np.mean(means, axis=0)
# The scatter is measured around another centre (the mean of x, or 0), or by another measure (the range, the mean of
# |deviation|, relative to the mean or to σ). np.std takes the deviations from the means' own mean.
# - np.std(means, axis=0)  =>  np.sqrt(np.mean((np.array(means) - x.mean(axis=0)) ** 2, axis=0))
# - np.std(means, axis=0)  =>  np.sqrt(np.mean(np.square(means), axis=0))
# - np.std(means, axis=0)  =>  np.ptp(means, axis=0)
# - np.std(means, axis=0)  =>  np.std(means, axis=0) / x.std(axis=0)
# - np.std(means, axis=0)  =>  np.std(means, axis=0) / np.abs(np.mean(means, axis=0))
# - np.std(means, axis=0)  =>  np.std(means, axis=0) / np.mean(means, axis=0)
# - np.std(means, axis=0)  =>  np.mean(np.abs(means - np.mean(means, axis=0)), axis=0)
# The scatter was multiplied or divided by √batch_size. It is in the batch means already; no formula is needed.
# - np.std(means, axis=0)  =>  np.std(means, axis=0) / np.sqrt(batch_size)
# - np.std(means, axis=0)  =>  np.std(means, axis=0) * np.sqrt(batch_size)
# Everything ended in one number. Each column has its own mean and its own noise: append (not extend) the batch mean,
# and use axis=0 both times.
# - np.std(means, axis=0)  =>  np.std(means)
# - x[rows].mean(axis=0)  =>  x[rows].mean()
# The batches themselves were collected, not their means: the scatter is then that of single examples. Append
# x[rows].mean(axis=0).
# - x[rows].mean(axis=0)  =>  x[rows]
# - means.append(x[rows].mean(axis=0))  =>  means.extend(x[rows])
# - means.append(x[rows].mean(axis=0))  =>  means = x[rows]
# These are the batch means themselves, or their mean. Return their scatter over the batches: np.std(means, axis=0).
# - np.std(means, axis=0)  =>  np.mean(means, axis=0)
# - return np.std(means, axis=0)  =>  return means
# - return np.std(means, axis=0)  =>  return np.array(means)
# The std runs along each batch mean, over its columns. The scatter is from batch to batch: np.std over the list,
# axis 0.
# - np.std(means, axis=0)  =>  np.std(means, axis=1)
# This is the scatter of the row numbers: x was not used. Take the rows out of x first, x[rows], then their mean.
# - x[rows].mean(axis=0)  =>  rows.mean(axis=0)
# batch_size and repeats have changed places: there are `repeats` batches, each of batch_size rows.
# - range(repeats)  =>  range(batch_size)
# & rows = rng.randint(0, len(x), batch_size)  =>  rows = rng.randint(0, len(x), repeats)
# The last row can never be drawn: randint leaves out its upper end, so the docstring's randint(0, len(x), …) reaches
# just the last one.
# - rows = rng.randint(0, len(x), batch_size)  =>  rows = rng.randint(0, len(x) - 1, batch_size)
# Each batch mean kept an axis of length 1 (keepdims), and so does the result. Leave keepdims out: the shape is (D,).
# - x[rows].mean(axis=0)  =>  x[rows].mean(axis=0, keepdims=True)
# The mean runs over the columns. A batch mean is taken over the rows of the batch, axis 0, and has one number per
# column.
# - x[rows].mean(axis=0)  =>  x[rows].mean(axis=1)
# The batches are drawn in another way than the docstring says, so they are other batches. Idea and size may be right;
# draw with rng.randint(0, len(x), batch_size) to be comparable.
# - rows = rng.randint(0, len(x), batch_size)  =>  rows = rng.permutation(len(x))[:batch_size]
# - rows = rng.randint(0, len(x), batch_size)  =>  rows = np.random.randint(0, len(x), batch_size)
# - rows = rng.randint(0, len(x), batch_size)  =>  rows = (rng.random_sample(batch_size) * len(x)).astype(int)
# - rows = rng.randint(0, len(x), batch_size)  =>  rows = (_ * batch_size + np.arange(batch_size)) % len(x)
# - rows = rng.randint(0, len(x), batch_size)  =>  rows = rng.randint(1, len(x), batch_size)
# - return np.std(means, axis=0)  =>  return x[rng.randint(0, len(x), (batch_size, repeats))].mean(axis=0).std(axis=0)
# & for _ in range(repeats):  =>  for _ in range(0):
# Too few or too many batches: there are `repeats` of them, no more and no less.
# - range(repeats)  =>  range(repeats - 1)
# - range(repeats)  =>  range(repeats + 1)
# The scatter was divided by √repeats. That is how well the overall mean is known after all batches. The noise of a
# single batch does not shrink when you look at more batches.
# - return np.std(means, axis=0)  =>  return np.std(means, axis=0) / np.sqrt(repeats)
# This is the std with repeats − 1 (ddof=1). With many repeats the two agree; the docstring asks for np.std as it is,
# which divides by repeats.
# - np.std(means, axis=0)  =>  np.std(means, axis=0, ddof=1)
# There is no scatter: all batch means are the same, or there is only one. Draw new rows in every turn of the loop (with
# the rng that you are given), make the list before the loop, and return after it.
# - means.append(x[rows].mean(axis=0))  =>  means = [x[rows].mean(axis=0)]
# - rows = rng.randint(0, len(x), batch_size)  =>  pass
# & means = []  =>  means, rows = [], rng.randint(0, len(x), batch_size)
# %% mistakes otherwise="std of the batch mean, batches of 8"
# One of three things is not as in the docstring: the rows of each batch (rng.randint(0, len(x), batch_size), and no
# other call of rng), the mean over the rows of each batch, or np.std over the `repeats` means; both along axis 0.
# - np.std(means, axis=0)  =>  np.std(np.diff(means, axis=0), axis=0)

# %% exercise="q_noise"
# %% mistakes
# A batch has one μ and one σ per neuron, and all its images are normalized with these two. So the noise is shared by
# the images of the batch, not drawn anew for each.
# - q_noise = "a"  =>  q_noise = "b"
# Nothing is switched off. BN is (x − μ)/σ for every image, with an uncertain μ and an uncertain σ: ask what an error in
# each of the two does to x̂.
# - q_noise = "a"  =>  q_noise = "c"
# γ is the same for every batch, so it cannot undo what changes from batch to batch. The next BN does not undo it
# either: a ReLU and a linear layer stand in between. An error in σ stays, as a factor.
# - q_noise = "a"  =>  q_noise = "d"
