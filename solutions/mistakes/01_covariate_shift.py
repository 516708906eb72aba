# %% exercise="gradient_descent"
# %% right="a list of w, stacked at the end"
def gradient_descent(X, y, lr, steps):
    w = np.zeros(X.shape[1])
    W_path = [w]
    for _ in range(steps):
        w = w - lr * X.T @ (X @ w - y) / len(X)
        W_path.append(w)
    return np.array(W_path)
# %% right="H and Xᵀy ahead of the loop"
def gradient_descent(X, y, lr, steps):
    H, b = X.T @ X / len(X), X.T @ y / len(X)
    W_path = np.zeros((1, X.shape[1]))
    while len(W_path) <= steps:
        W_path = np.vstack([W_path, W_path[-1] + lr * (b - H @ W_path[-1])])
    return W_path
# %% right="loops over rows and features"
def gradient_descent(X, y, lr, steps):
    W_path = np.empty((steps + 1, X.shape[1]))
    W_path[0] = 0
    for t in range(1, steps + 1):
        gradient = [0.0] * X.shape[1]
        for x_i, y_i in zip(X, y):
            residual = sum(x_i * W_path[t - 1]) - y_i
            for j in range(X.shape[1]):
                gradient[j] += residual * x_i[j] / len(X)
        W_path[t] = W_path[t - 1] - lr * np.array(gradient)
    return W_path
# %% right="the residual the other way round, einsum"
def gradient_descent(X, y, lr, steps):
    w = np.zeros((X.shape[1], 1))
    path = [w.ravel()]
    for _ in range(steps):
        error = y.reshape(-1, 1) - np.dot(X, w)
        w = w + lr * np.einsum("nd,nk->dk", X, error) / X.shape[0]
        path.append(w.ravel())
    return np.stack(path)
# %% right="np.mean over the rows' gradients, in place on a copy"
def gradient_descent(X, y, lr, steps):
    w = np.zeros(X.shape[1])
    path = [w.copy()]
    for _ in range(steps):
        w -= lr * np.mean(X * (X @ w - y)[:, None], axis=0)
        path.append(w.copy())
    return np.array(path)
# %% right="loss() from above, central differences (exact for a parabola)"
def gradient_descent(X, y, lr, steps):
    W_path, axes = np.zeros((steps + 1, X.shape[1])), np.eye(X.shape[1])
    for t, w in enumerate(W_path[:-1]):
        W_path[t + 1] = w - lr * np.array([(loss(X, y, w + e) - loss(X, y, w - e)) / 2 for e in axes])
    return W_path
# %% mistakes
# L is a mean over the rows, and so is its gradient: XᵀXw and Xᵀy both carry 1/N. Without it a step is N times too long
# (2N times with the 2 of ∇‖Xw − y‖², which 1/(2N) cancels), and the right lr would depend on how much data you have.
# - (X @ w - y) / N  =>  (X @ w - y)
# - (X @ w - y) / N  =>  (X @ w - y) * 2
# - X.T @ (X @ w - y) / N  =>  (X.T @ X @ w / N - X.T @ y)
# Your steps are half as long as they should be. The derivative of a square brings down a 2, which cancels the 2 in
# 1/(2N): what remains is 1/N.
# - (X @ w - y) / N  =>  (X @ w - y) / (2 * N)
# Your steps are twice as long as they should be. The derivative of a square brings down a 2, but L has 1/(2N) in front:
# the 2 cancels, and 1/N remains.
# - (X @ w - y) / N  =>  (X @ w - y) * 2 / N
# You walk uphill. Subtract lr·∇L, with the residual Xw − y: its order and its sign count (y − Xw is minus the
# residual, and Xw + y is none).
# - (X @ w - y)  =>  (X @ w + y)
# - w - lr * X.T  =>  w + lr * X.T
# The learning rate does not scale the step: it is lr times the gradient, with the lr that is passed.
# - lr * X.T @  =>  X.T @
# - w - lr * X.T @  =>  lr * w - X.T @
# - lr * X.T @  =>  0.0108 * X.T @
# The first step is right, the second is not. One step is the old w minus lr times the gradient at that w, and no more:
# w is not multiplied or divided by anything, lr stays what it is, and nothing is carried over from the step before.
# - w - lr * X.T  =>  (1 - lr) * w - lr * X.T
# - lr * X.T @  =>  lr / (t + 1) * X.T @
# - lr * X.T @  =>  lr * (t + 1) * X.T @
# - w - lr * X.T  =>  w + 0.9 * (w - W_path[t - 1]) - lr * X.T
# - w - lr * X.T @ (X @ w - y) / N  =>  (w - lr * X.T @ (X @ w - y)) / N
# - W_path[t + 1] = w - lr * X.T @ (X @ w - y) / N
# + G = X.T @ (X @ w - y) / N + (G if t else 0)
# +         W_path[t + 1] = w - lr * G
# The start is missing: row 0 is w = 0, before any update.
# - return W_path  =>  return W_path[1:]
# The last w is missing: the start takes up row 0, so `steps` updates need steps + 1 rows (and no early stop).
# - return W_path  =>  return W_path[:-1]
# The last row is still 0. Either the loop ends too early (it makes `steps` turns, for t = 0 to steps − 1, and each
# fills row t + 1), or the return stands inside the loop.
# - in range(steps)  =>  in range(steps - 1)
# -     return W_path  =>          return W_path
# The first row after the start is still 0. The loop makes `steps` turns, t = 0 to steps − 1; turn t fills row t+1.
# - in range(steps)  =>  in range(1, steps)
# Nothing ever moves: all rows are 0. Is y in the residual Xw − y, and no factor w (0 at first) in the gradient? Does
# each turn write its w into row t + 1 of W_path, and can W_path hold fractions (no dtype=int)?
# - (X @ w - y)  =>  (X @ w)
# - W_path[t + 1] = w  =>  w = w
# - np.zeros((steps + 1, D))  =>  np.zeros((steps + 1, D), dtype=int)
# Each step must start from the w before it: new w = old w − lr·∇L. Yours starts from 0 again.
# - w - lr * X.T  =>  -lr * X.T
# Row t is overwritten, row 0 first. Turn t reads row t and fills row t + 1. (In turn 0, row t − 1 is the last row. And
# w = W_path[t] is no copy: `w -= …` changes row t.)
# - w = W_path[t]  =>  w = W_path[t - 1]
# & W_path[t + 1] =  =>  W_path[t] =
# - W_path[t + 1] = w -  =>  W_path[t] -=
# - W_path[t + 1] = w  =>  W_path[t] = w
# - W_path[t + 1] = w - lr * X.T @ (X @ w - y) / N
# + w -= lr * X.T @ (X @ w - y) / N
# +         W_path[t + 1] = w
# Some row t + 1 does not exist. W_path needs steps + 1 rows, and the loop makes `steps` turns.
# - np.zeros((steps + 1, D))  =>  np.zeros((steps, D))
# - in range(steps)  =>  in range(steps + 1)
# np.zeros takes the shape as one thing, a tuple: np.zeros((steps + 1, D)), with two pairs of parentheses.
# - np.zeros((steps + 1, D))  =>  np.zeros(steps + 1, D)
# Shapes do not fit: X is (N, D), y and the residual Xw − y are (N,), w and the gradient are (D,). The residual needs
# its parentheses, Xᵀ @ (Xw − y), and the gradient is a matrix product: a * goes element by element.
# - X.T @ (X @ w - y) / N  =>  np.mean(X * (X @ w - y), axis=0)
# - X.T @ (X @ w - y)  =>  X.T * (X @ w - y)
# - X.T @ (X @ w - y) / N  =>  (X.T * (X @ w - y)).mean(axis=0)
# - (X @ w - y)  =>  (X - y) @ w
# - X.T @ (X @ w - y) / N  =>  X.T @ X @ w - y / N
# - X.T @ (X @ w - y)  =>  (X.T @ X @ w - y)
# Each weight has its own partial derivative: Xᵀ @ (Xw − y)/N has shape (D,). A mean of the residual, or of the whole
# product, mixes them (also when it is multiplied by the means of X).
# - X.T @ (X @ w - y) / N  =>  np.mean(X @ w - y)
# - X.T @ (X @ w - y) / N  =>  X.mean(0) * np.mean(X @ w - y)
# - X.T @ (X @ w - y) / N  =>  np.mean(X.T @ (X @ w - y))
# - X.T @ (X @ w - y) / N  =>  np.mean((X @ w - y)[:, None] * X)
# The residual is Xw − y as it is, with its sign and its size. The square and the absolute value belong to losses; the
# derivative of the square is 2·(Xw − y), and the 2 cancels.
# - (X @ w - y)  =>  np.sign(X @ w - y)
# - (X @ w - y)  =>  (X @ w - y) ** 2
# - (X @ w - y)  =>  np.abs(X @ w - y)
# The length of the gradient got lost: only its direction, or its signs, are used. Subtract lr times the gradient
# itself, which gets shorter near the minimum.
# - lr * X.T @ (X @ w - y) / N  =>  lr * np.sign(X.T @ (X @ w - y))
# - X.T @ (X @ w - y) / N  =>  (lambda g: g / np.linalg.norm(g))(X.T @ (X @ w - y))
# Only the last w came back, or all rows are one row. The figures below need every w on the way, one in each row of an
# array (steps + 1, D). (np.append flattens; append to a list, and turn it into an array at the end.)
# - return W_path  =>  return W_path[-1]
# - return W_path  =>  return W_path.ravel()
# One row in a step is stochastic gradient descent. Here a step uses all rows (in a loop over them, add up with +=).
# - X.T @ (X @ w - y) / N  =>  X[-1] * (X[-1] @ w - y[-1]) / N
# - w - lr * X.T @ (X @ w - y) / N  =>  w - lr * X[t % N] * (X[t % N] @ w - y[t % N])
# The path lies on its side: time goes down the rows, features along the columns.
# - return W_path  =>  return W_path.T
# Every step uses the gradient of the first w. The slope changes as you move: compute it again inside the loop, from the
# current w.
# - (X @ w - y)  =>  (X @ W_path[0] - y)
# You centre X or y first, or standardize X. This loss uses both as they are.
# - N, D = X.shape  =>  N, D = X.shape; X = (X - X.mean(0)) / X.std(0)
# - N, D = X.shape  =>  N, D = X.shape; X = X - X.mean(0)
# - N, D = X.shape  =>  N, D = X.shape; y = y - y.mean()
# The first row is not 0. The docstring says: from w = 0.
# - np.zeros((steps + 1, D))  =>  np.ones((steps + 1, D))
# A matrix product does not fit. X is (N, D), the X that is passed, with any N and D; w must have D numbers (is W_path
# (steps + 1, D), and w one row of it?). Xw − y then has N numbers, and Xᵀ times it is the gradient.
# - X.T @ (X @ w - y)  =>  X @ (X @ w - y)
# - np.zeros((steps + 1, D))  =>  np.zeros((steps + 1, 2))
# - np.zeros((steps + 1, D))  =>  np.zeros((steps + 1, N))
# - w = W_path[t]  =>  w = W_path
# - (X @ w - y)  =>  (w @ X - y)
# - X.T @ (X @ w - y)  =>  X_pond.T @ (X_pond @ w - y_pond)
# The divisor is wrong. L is a mean over the N rows of the X that is passed: divide by N = len(X), once. (X.size is N·D,
# and N − 1 is for the variance of a sample.)
# - (X @ w - y) / N  =>  (X @ w - y) / D
# - (X @ w - y) / N  =>  (X @ w - y) / X.size
# - (X @ w - y) / N  =>  (X @ w - y) / (N - 1)
# - (X @ w - y) / N  =>  (X @ w - y) / len(X_pond)
# - (X @ w - y) / N  =>  (X @ w - y) / N / N
# A plain list came back. Stack it: np.array(W_path) has shape (steps + 1, D).
# - return W_path  =>  return list(W_path)
# Your w is a column, (D, 1). Keep it flat, of shape (D,), so that the path is (steps + 1, D).
# - return W_path  =>  return W_path[:, :, None]
# %% mistake
# You update one weight and already use it in the gradient for the next. One step uses one gradient: compute all of it
# from the old w, then update.
def gradient_descent(X, y, lr, steps):
    W_path = np.zeros((steps + 1, X.shape[1]))
    for t in range(steps):
        w = W_path[t].copy()
        for j in range(X.shape[1]):
            w[j] -= lr * X[:, j] @ (X @ w - y) / len(X)
        W_path[t + 1] = w
    return W_path
# %% mistakes of="a list of w, stacked at the end"
# One step too many: `steps` updates give steps + 1 rows, the start among them.
# - in range(steps)  =>  in range(steps + 1)
# Row 0 is not the start: the list begins with the first update, and there is one update too many. Put w = 0 into it
# before the loop.
# - W_path = [w]  =>  W_path = []
# & in range(steps)  =>  in range(steps + 1)
# Your w is one number, 0. It needs D of them: np.zeros(X.shape[1]).
# - w = np.zeros(X.shape[1])  =>  w = 0
# All your rows are the same array. `w -= …` changes w in place, and the list holds that one w again and again. Append a
# copy, or write w = w - …
# - w = w - lr  =>  w -= lr
# Your w is a column, (D, 1), but y is flat, (N,). Xw − y then broadcasts to an N×N table. Keep w flat, of shape (D,).
# - np.zeros(X.shape[1])  =>  np.zeros((X.shape[1], 1))
# - np.zeros(X.shape[1])  =>  np.zeros((X.shape[1], 1))
# & W_path = [w]  =>  W_path = [w[:, 0]]
# & W_path.append(w)  =>  W_path.append(w[:, 0])
# %% mistake
# That is one update after each single row (stochastic gradient descent). Here one step uses the gradient of the whole
# loss, all rows at once.
def gradient_descent(X, y, lr, steps):
    W_path = np.zeros((steps + 1, X.shape[1]))
    for t in range(steps):
        w = W_path[t].copy()
        for x_i, y_i in zip(X, y):
            w = w - lr * x_i * (x_i @ w - y_i)
        W_path[t + 1] = w
    return W_path

# %% exercise="max_stable_lr"
# %% right="the largest singular value of X"
def max_stable_lr(X):
    s = np.linalg.norm(X, 2)
    return float(2 * len(X) / s**2)
# %% right="H row by row, the last of the sorted eigenvalues"
def max_stable_lr(X):
    H = sum(np.outer(x, x) for x in X) / X.shape[0]
    eigenvalues, _ = np.linalg.eigh(H)
    return 2 / eigenvalues[-1]
# %% right="np.linalg.eigvals of the table of rows"
def max_stable_lr(X):
    lam = np.linalg.eigvals(X @ X.T)
    return 2 * len(X) / np.max(np.abs(lam))
# %% right="covariance and mean, an average of outer products"
def max_stable_lr(X):
    X = X.astype(np.float64)
    m = np.average(X, axis=0)
    C = np.average((X - m)[:, :, None] * (X - m)[:, None, :], axis=0)
    return np.array(2 / np.linalg.eigvalsh(C + np.outer(m, m))[-1])
# %% mistakes
# Your limit is half of the right one. 1/λ is the learning rate that removes the steepest error in one step (1 − lr·λ =
# 0); the limit lies further out, where the error changes its sign and keeps its size. If you did write 2/λ, your H has
# a 2 too many: it is XᵀX/N.
# - 2 / np  =>  1 / np
# - X.T @ X / len(X)  =>  2 * X.T @ X / len(X)
# The limit is 2/λmax. 2/(λmin + λmax) is the rate at which the steepest and the flattest error shrink equally fast:
# another question, and below the limit.
# - return float(2 / np.linalg.eigvalsh(H).max())
# + lam = np.linalg.eigvalsh(H)
# +     return 2 / (lam[0] + lam[-1])
# H is XᵀX divided by N, the number of rows. Without 1/N, or with 1/D in its place, your limit shrinks as data are
# added, though the loss is a mean.
# - X.T @ X / len(X)  =>  X.T @ X
# - X.T @ X / len(X)  =>  X.T @ X / X.shape[1]
# Your limit is twice too large. The 2 in 1/(2N) is gone after differentiating: H is XᵀX/N.
# - X.T @ X / len(X)  =>  X.T @ X / (2 * len(X))
# A covariance matrix (np.cov), a variance and a standard deviation are centred. This loss uses X as it is, and the mean
# of X bends it too. Take the largest eigenvalue of H = XᵀX/N.
# - np.linalg.eigvalsh(H).max()  =>  X.var(0).max()
# - np.linalg.eigvalsh(H).max()  =>  X.std(0).max()
# - X.T @ X / len(X)  =>  (X - X.mean(0)).T @ (X - X.mean(0)) / len(X)
# - X.T @ X / len(X)  =>  np.cov(X.T)
# The divisor is wrong: N − 1, N·D, or N twice. This loss is a mean over N rows: H is XᵀX/N.
# - X.T @ X / len(X)  =>  X.T @ X / (len(X) - 1)
# - X.T @ X / len(X)  =>  X.T @ X / len(X) ** 2
# - X.T @ X / len(X)  =>  X.T @ X / X.size
# That compares the largest eigenvalue with the smallest: a condition number. The limit asks for the largest only.
# - 2 / np.linalg.eigvalsh(H).max()  =>  np.linalg.cond(H)
# - 2 / np.linalg.eigvalsh(H).max()  =>  2 / np.linalg.cond(H)
# You standardize X first. This loss uses X as it is, with its means and scales: they are what limits the learning rate.
# - H = X.T  =>  X = (X - X.mean(0)) / (X.std(0) + 1e-8); H = X.T
# - X.T @ X / len(X)  =>  np.atleast_2d(np.corrcoef(X.T))
# That is the limit of the pond, whatever X is: your H comes from a cell above. Compute it from the X that is passed.
# - H = X.T @ X / len(X)  =>  H = X_pond.T @ X_pond / len(X_pond)
# Your fraction is upside down, or you multiply by λ. The larger λ is, the smaller the limit: solve lr·λ = 2 for lr.
# - 2 / np.linalg.eigvalsh(H).max()  =>  np.linalg.eigvalsh(H).max() / 2
# - 2 / np.linalg.eigvalsh(H).max()  =>  2 * np.linalg.eigvalsh(H).max()
# `np.linalg.eigh` (like `eig` and `svd`) returns several things, eigenvalues and eigenvectors, and has no largest
# element. `eigvalsh` returns the eigenvalues alone.
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.eigh(H).max()
# - np.linalg.eigvalsh(H).max()  =>  max(np.linalg.eigh(H))
# - np.linalg.eigvalsh(H).max()  =>  np.max(np.linalg.eig(H))
# - np.linalg.eigvalsh(H).max()  =>  max(np.linalg.svd(X)) ** 2 / len(X)
# You return the eigenvalue itself. It is a curvature. Solve |1 − lr·λ| = 1 for lr.
# - 2 / np.linalg.eigvalsh(H).max()  =>  np.linalg.eigvalsh(H).max()
# The trace, or the sum of all squares of X divided by N, is the sum of all the eigenvalues: this limit is too careful.
# Only the largest one counts.
# - np.linalg.eigvalsh(H).max()  =>  np.trace(H)
# That is another number made of H or X: a determinant, a norm (np.linalg.norm of a matrix is the Frobenius norm), a
# largest row, an entry of an eigenvector. Only the largest eigenvalue, itself, counts.
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.norm(H)
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.det(H)
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.norm(H, np.inf)
# - np.linalg.eigvalsh(H).max()  =>  (X**2).sum(1).max()
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.eigh(H)[1].max()
# - np.linalg.eigvalsh(H).max()  =>  np.argmax(np.linalg.eigvalsh(H))
# That is the mean of the eigenvalues (the mean of all squares of X is the same). At your rate the steepest direction,
# which lies above the mean, diverges.
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.eigvalsh(H).mean()
# The diagonal of H holds the mean square of each feature. Features that vary together make a direction steeper than any
# single axis: take eigenvalues, not the diagonal.
# - np.linalg.eigvalsh(H).max()  =>  np.diag(H).max()
# The smallest eigenvalue belongs to the flattest direction. At this learning rate the steep ones have long diverged:
# the first to break is the largest. (In the list of `eigvalsh` the smallest stands first. With N < D it is 0, or by
# rounding a little above or below it; so choose λ first, and divide then.)
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.eigvalsh(H).min()
# That is an array: a limit for each direction. All directions share one learning rate, so which of the limits counts?
# - float(2 / np.linalg.eigvalsh(H).max())  =>  2 / np.linalg.eigvalsh(H)
# - float(2 / np.linalg.eigvalsh(H).max())  =>  [2 / lam for lam in np.linalg.eigvalsh(H)]
# The number is right, but it stands in an array or a list. A slice such as [-1:] gives an array; [-1] gives a number.
# - float(2 / np.linalg.eigvalsh(H).max())  =>  2 / np.linalg.eigvalsh(H)[-1:]
# - float(2 / np.linalg.eigvalsh(H).max())  =>  2 / np.array([[np.linalg.eigvalsh(H).max()]])
# - float(2 / np.linalg.eigvalsh(H).max())  =>  [2 / np.linalg.eigvalsh(H).max()]
# λ enters the limit as it is: 2/λ, from |1 − lr·λ| = 1. No root and no square of λ, and no 1 − … around it. (Singular
# values s of X give λ = s²/N.)
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.eigvalsh(H).max() ** 2
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.eigvalsh(H).max() ** 0.5
# - float(2 / np.linalg.eigvalsh(H).max())  =>  np.sqrt(2 / np.linalg.eigvalsh(H).max())
# - float(2 / np.linalg.eigvalsh(H).max())  =>  1 - 2 / np.linalg.eigvalsh(H).max()
# That is a little less than the limit. No safety margin here, and no rounding: the limit itself.
# - float(2 / np.linalg.eigvalsh(H).max())  =>  0.99 * 2 / np.linalg.eigvalsh(H).max()
# - float(2 / np.linalg.eigvalsh(H).max())  =>  round(2 / np.linalg.eigvalsh(H).max(), 3)
# H = XᵀX/N is a matrix product: (D, N) @ (N, D) gives (D, D). A * goes element by element, and X itself, or X * X, is
# not square and has no eigenvalues.
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.eigvalsh(X).max()
# - X.T @ X / len(X)  =>  X * X / len(X)
# - X.T @ X / len(X)  =>  X.T * X / len(X)
# %% mistakes of="the largest singular value of X"
# You took singular values of X as they are. The eigenvalues of XᵀX are their squares; so λ is s²/N, not s, nor s/N.
# - 2 * len(X) / s**2  =>  2 / s
# - / s**2  =>  / s

# %% exercise="q_two_errors"
# %% mistakes
# The error is multiplied by 1 − lr·λ at each step. For λ = 50 that is 1 − 1.5 = −0.5: the sign changes.
# - q_two_errors = "b"  =>  q_two_errors = "a"
# The signs are right. Now compare the sizes of 1 − 0.03·50 = −0.5 and 1 − 0.03·2 = 0.94: which error is gone first?
# - q_two_errors = "b"  =>  q_two_errors = "c"
# An error grows when |1 − lr·λ| is above 1, so when lr·λ is above 2. Here it is 1.5.
# - q_two_errors = "b"  =>  q_two_errors = "d"

# %% exercise="standardize_fit"
# %% right="sums divided by N"
def standardize_fit(X):
    mean = X.sum(axis=0) / len(X)
    std = (((X - mean) ** 2).sum(axis=0) / len(X)) ** 0.5
    return mean, std
# %% right="column by column, float64 inside, a list"
def standardize_fit(X):
    columns = X.T.astype("f8")
    return [np.array([np.mean(column) for column in columns]), np.array([np.std(column) for column in columns])]
# %% right="np.average, coefficients in arrays"
def standardize_fit(X):
    weights = np.ones(len(X)) / len(X)
    mean = weights @ X
    return mean, np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weights))
# %% right="NumPy's cov, a namedtuple"
from collections import namedtuple

Fit = namedtuple("Fit", "mean std")
def standardize_fit(X):
    var = np.cov(X, rowvar=False, bias=True).reshape(X.shape[1], X.shape[1]).diagonal()
    return Fit(np.average(X, axis=0), np.sqrt(var))
# %% right="matrix products"
def standardize_fit(X):
    mean = np.ones(len(X)) @ X / len(X)
    centred = X - mean
    return mean, np.sqrt(np.einsum("nd,nd->d", centred, centred) / len(X))
# %% mistakes
# axis=1 averages along a row, over the features of one example: metres per second and degrees in one sum. Each feature
# needs its own numbers: average over the examples, axis=0.
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(axis=1), X.std(axis=1)
# - X.std(axis=0)  =>  X.std(axis=1)
# - X.mean(axis=0), X.std(axis=0)  =>  *np.array([(X[j].mean(), X[j].std()) for j in range(X.shape[1])]).T,
# That is one number for the whole table. Each column needs its own, or the features keep their different scales:
# average over the examples, axis=0.
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(), X.std()
# - X.std(axis=0)  =>  X.std()
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(), X.std(axis=0)
# - X.std(axis=0)  =>  X.mean(axis=0).std()
# - X.std(axis=0)  =>  np.full(X.shape[1], X.std())
# Each distance is measured from the mean of its own column, not from one mean of the whole table.
# - X.std(axis=0)  =>  np.sqrt(((X - X.mean()) ** 2).mean(axis=0))
# You divide by N − 1. That estimates a population's spread; here the data set itself shall get standard deviation 1, so
# divide by N.
# - X.std(axis=0)  =>  X.std(axis=0, ddof=1)
# That is the variance, in squared units (with ddof=1 it is also divided by N − 1). The standard deviation is its square
# root.
# - X.std(axis=0)  =>  X.var(axis=0)
# - X.std(axis=0)  =>  X.var(axis=0, ddof=1)
# The root is taken once, over the mean square: √(Σ(x − μ)²/N). No second root, and no √N outside (σ/√N is a standard
# error: how far the mean is off).
# - X.std(axis=0)  =>  X.std(axis=0) / np.sqrt(len(X))
# - X.std(axis=0)  =>  np.sqrt(X.std(axis=0))
# That is the range, largest minus smallest value (min-max scaling). Two values decide it; the standard deviation uses
# all of them.
# - X.mean(axis=0), X.std(axis=0)  =>  X.min(axis=0), np.ptp(X, axis=0)
# - X.std(axis=0)  =>  np.ptp(X, axis=0)
# The mean is the sum divided by the number of examples, N = len(X): not by that of features, not by N − 1.
# - X.mean(axis=0), X.std(axis=0)  =>  X.sum(axis=0) / (len(X) - 1), X.std(axis=0)
# - X.mean(axis=0), X.std(axis=0)  =>  X.sum(axis=0), X.std(axis=0)
# - X.mean(axis=0), X.std(axis=0)  =>  X.sum(axis=0) / X.shape[1], X.std(axis=0)
# Some examples are left out: the first, the last, or those that occur twice. All N count.
# - X.mean(axis=0), X.std(axis=0)  =>  X[1:].mean(axis=0), X[1:].std(axis=0)
# - X.mean(axis=0), X.std(axis=0)  =>  X[:-1].mean(axis=0), X[:-1].std(axis=0)
# - X.mean(axis=0), X.std(axis=0)  =>  np.array([np.unique(v).mean() for v in X.T]), X.std(axis=0)
# The digits are cut off: no rounding, and no float32, which has seven digits only.
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(axis=0).round(3), X.std(axis=0).round(3)
# - return X.mean  =>  X = X.astype("f4"); return X.mean
# Features are left out: all D of the X that is passed have a mean and a std, the constant ones too.
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(axis=0)[X.std(axis=0) > 0], X.std(axis=0)[X.std(axis=0) > 0]
# - X.mean(axis=0), X.std(axis=0)  =>  X_pond.mean(axis=0), X_pond.std(axis=0)
# The two are the wrong way round: mean first, then std.
# - X.mean(axis=0), X.std(axis=0)  =>  X.std(axis=0), X.mean(axis=0)
# Your std is not quite 0 where it should be: something like ε was added, or put in its place. Fit reports what it
# finds; the ε belongs in apply.
# - X.std(axis=0)  =>  X.std(axis=0) + 1e-8
# - X.std(axis=0)  =>  np.sqrt(X.var(axis=0) + 1e-8)
# - X.std(axis=0)  =>  np.sqrt(X.var(axis=0) + 1e-5)
# - X.std(axis=0)  =>  X.std(axis=0) + 1e-5
# Under the root stands a sum, or it is divided by D. The variance is the mean of the squared distances: divide by N,
# the number of examples, before taking the root.
# - X.std(axis=0)  =>  np.sqrt(((X - X.mean(axis=0)) ** 2).sum(axis=0) / X.shape[1])
# - X.std(axis=0)  =>  np.sqrt(((X - X.mean(axis=0)) ** 2).sum(axis=0))
# That is the root of the mean square: the mean was not subtracted before squaring.
# - X.std(axis=0)  =>  np.sqrt(np.abs((X**2).mean(axis=0) - X.mean(axis=0)))
# - X.std(axis=0)  =>  np.sqrt((X**2).mean(axis=0))
# The docstring asks for shape (D,), one axis: no keepdims, no [:, None], no reshape.
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(axis=0, keepdims=True), X.std(axis=0, keepdims=True)
# - X.std(axis=0)  =>  X.std(axis=0, keepdims=True)
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(axis=0)[:, None], X.std(axis=0)[:, None]
# Only one of the two came back. Return both, separated by a comma: mean, std.
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(axis=0)
# - X.mean(axis=0), X.std(axis=0)  =>  X.std(axis=0)
# The two are stacked in one array, or in a dict. Return them as two results, separated by a comma: mean, std.
# - return X.mean(axis=0), X.std(axis=0)  =>  return np.array([X.mean(axis=0), X.std(axis=0)])
# - return X.mean(axis=0), X.std(axis=0)  =>  return {"mean": X.mean(axis=0), "std": X.std(axis=0)}
# That is the median. It does not feel how far away the far values are; centring needs the mean.
# - X.mean(axis=0), X.std(axis=0)  =>  np.median(X, axis=0), X.std(axis=0)
# You return standardized data. Fit only measures; apply will use what it measured. Return mean, std.
# - X.mean(axis=0), X.std(axis=0)  =>  (X - X.mean(axis=0)) / X.std(axis=0)
# - X.mean(axis=0), X.std(axis=0)  =>  (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-8)
# That is the mean absolute distance from the mean. The standard deviation squares the distances, averages, and takes
# the root.
# - X.std(axis=0)  =>  np.abs(X - X.mean(axis=0)).mean(axis=0)
# %% mistake
# You replaced a standard deviation of 0. Some libraries do, and it works. Here fit reports what it finds, and the ε in
# apply deals with the zero.
def standardize_fit(X):
    std = X.std(axis=0)
    std[std == 0] = 1
    return X.mean(axis=0), std
# %% variant
def standardize_fit(X):
    return X.mean(axis=0), np.where(X.std(axis=0) == 0, np.nan, X.std(axis=0))
# %% mistake
# You work in the caller's array (`X -= …`): the data are changed, and whatever is measured afterwards is measured on
# what is left. Make a new array: X − mean.
def standardize_fit(X):
    X -= X.mean(axis=0)
    return X.mean(axis=0), X.std(axis=0)
# %% mistakes
# E[x²] − E[x]² is right on paper. With a mean of a hundred million it subtracts two huge numbers that agree in almost
# every digit. Subtract the mean first, then square.
# - X.std(axis=0)  =>  np.sqrt(np.maximum((X**2).mean(axis=0) - X.mean(axis=0) ** 2, 0))

# %% exercise="standardize_apply"
# %% right="column by column"
def standardize_apply(X, mean, std, eps=1e-8):
    x_hat = np.zeros(X.shape)
    for j in range(X.shape[1]):
        x_hat[:, j] = (X[:, j] - mean[j]) / (std[j] + eps)
    return x_hat
# %% right="row by row, stacked"
def standardize_apply(X, mean, std, eps=1e-8):
    return np.array([(row - mean) / (std + eps) for row in X])
# %% right="a new array, divided in place"
def standardize_apply(X, mean, std, eps=1e-8):
    x_hat = X - mean
    x_hat /= std + eps
    return x_hat
# %% right="slope and offset, in arrays"
def standardize_apply(X, mean, std, eps=1e-8):
    slope = 1 / (std.astype(np.float64) + eps)
    return X * slope - mean * slope
# %% right="a diagonal matrix"
def standardize_apply(X, mean, std, eps=1e-8):
    return (X - mean) @ np.diag(1 / (std + eps))
# %% mistakes
# You divide by the variance. Then x_hat has the spread 1/σ instead of 1, and a feature with a large scale is squeezed
# to almost nothing.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (std**2 + eps)
# One scale, or one mean, for all features: each column has its own, mean[j] and std[j]. Broadcasting pairs them up.
# - return (X - mean) / (std + eps)  =>  return (X - mean.mean()) / (std + eps)
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (std.mean() + eps)
# - return (X - mean) / (std + eps)  =>  return (X - mean.mean()) / (std.mean() + eps)
# - return (X - mean) / (std + eps)  =>  return (X - X.mean()) / (X.std() + eps)
# - return (X - mean) / (std + eps)  =>  return (X - mean[0]) / (std[0] + eps)
# Large values are clipped. A new image may be far from the training set, and the model must see that.
# - return (X - mean) / (std + eps)  =>  return np.clip((X - mean) / (std + eps), -3, 3)
# You standardize the rows, by their own statistics. Each feature, a column, has its mean and std among the arguments.
# - return (X - mean) / (std + eps)  =>  return np.array([(v - v.mean()) / (v.std() + eps) for v in X])
# The formula is (X − mean)/(std + eps) with its signs. Yours has an absolute value, a minimum or maximum, std − ε, mean
# and std exchanged, or goes the way back (times std, plus mean).
# - return (X - mean) / (std + eps)  =>  return np.abs(X - mean) / (std + eps)
# - return (X - mean) / (std + eps)  =>  return (X - X.min(0)) / (X.max(0) - X.min(0) + eps)
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (std - eps)
# - return (X - mean) / (std + eps)  =>  return (X - std) / (mean + eps)
# - return (X - mean) / (std + eps)  =>  return X * (std + eps) + mean
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (std + eps) * std + mean
# The digits are cut off: no rounding, no // and no array of integers.
# - return (X - mean) / (std + eps)  =>  return np.round((X - mean) / (std + eps), 2)
# - return (X - mean) / (std + eps)  =>  return (X - mean) // (std + eps)
# - return (X - mean) / (std + eps)  =>  return ((X - mean) / (std + eps)).astype(int)
# std is used as it is passed, and once: no factor for N − 1, and the result is not standardized or divided again.
# - return (X - mean) / (std + eps)  =>  v = (X - mean) / (std + eps); return (v - v.mean(0)) / (v.std(0) + eps)
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (std * np.sqrt(len(X) / (len(X) - 1)) + eps)
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (std + eps) / ((X - mean) / (std + eps)).std(0)
# Shapes: X is (N, D), and mean and std (D,) fit its columns as it is. No transpose, no matrix product, and as many
# columns as X has.
# - return (X - mean) / (std + eps)  =>  return ((X.T - mean) / (std + eps)).T
# - return (X - mean) / (std + eps)  =>  return ((X - mean) / (std + eps)).T
# - return (X - mean) / (std + eps)  =>  return (X - mean) @ (1 / (std + eps))
# - return (X - mean) / (std + eps)  =>  return ((X - mean) / (std + eps))[:, std > 0]
# The result is not centred: subtract the mean before dividing.
# - return (X - mean) / (std + eps)  =>  return X / (std + eps)
# The mean is subtracted after dividing, where it is on the wrong scale. Parentheses around X − mean.
# - return (X - mean) / (std + eps)  =>  return X / (std + eps) - mean
# You centre, but do not divide: the features keep their scales.
# - return (X - mean) / (std + eps)  =>  return X - mean
# You multiply by the spread instead of dividing by it: the large features get larger still.
# - return (X - mean) / (std + eps)  =>  return (X - mean) * (std + eps)
# You computed fresh statistics from the X that came in. On a test set that is another transformation than the one the
# model was trained with. Use the mean and std that are passed.
# - return (X - mean) / (std + eps)  =>  return (X - X.mean(0)) / (X.std(0) + eps)
# - return (X - mean) / (std + eps)  =>  return (X - X.mean(0)) / X.std(0)
# The result is centred on the X that came in (with its own mean, or by a second centring at the end). New data would
# always come out centred, however far they have moved. Subtract the mean that is passed, once.
# - return (X - mean) / (std + eps)  =>  return (X - X.mean(0)) / (std + eps)
# The std is that of the X that came in, not the one that is passed. New data are to be measured with the training set's
# spread.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (X.std(0) + eps)
# You add the mean. Centring takes it away: X − mean.
# - return (X - mean) / (std + eps)  =>  return (X + mean) / (std + eps)
# Only x_hat is asked for: one array, of X's shape.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (std + eps), mean, std
# ε is missing somewhere. A feature that is constant in the training set has std 0, and the division gives NaN or
# infinity.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / std
# - return (X - mean) / (std + eps)  =>  return X / (std + eps) - mean / std
# Here ε is added to the standard deviation: std + ε. You have it inside a root, as √(std² + ε); that is batch
# normalization's convention, which comes in unit 03.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / np.sqrt(std**2 + eps)
# - return (X - mean) / (std + eps)  =>  return (X - mean) / np.sqrt(std**2 + eps**2)
# ε went to the numerator, where it shifts every value. It belongs to the denominator, which must not become 0.
# - return (X - mean) / (std + eps)  =>  return (X - mean + eps) / std
# - return (X - mean) / (std + eps)  =>  return (X - mean + eps) / (std + eps)
# Your ε does not reach the features whose std is not 0. The docstring says std + ε everywhere, with the eps that is
# passed: neither np.maximum, nor a special case for std = 0, nor an ε of your own.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / np.maximum(std, eps)
# A feature with std 0 is treated apart: set to 0, passed on as it is, or divided by 1 (as some libraries do). The
# formula needs no special case: X − mean is 0 there, unless the constant has moved, and then the model must see it.
# - return (X - mean) / (std + eps)  =>  return np.where(std > 0, (X - mean) / (std + eps), 0)
# - return (X - mean) / (std + eps)  =>  return np.where(std > 0, (X - mean) / (std + eps), X)
# - return (X - mean) / (std + eps)  =>  return (X - mean) / np.where(std > 0, std + eps, 1)
# Division comes before subtraction, so only the mean was divided. Parentheses around X − mean.
# - return (X - mean) / (std + eps)  =>  return X - mean / (std + eps)
# ε is added after the division. It belongs to the denominator, and only there: parentheses around std + ε.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (std + eps) + eps
# - return (X - mean) / (std + eps)  =>  return (X - mean) / std + eps
# The sign is reversed: X − mean, so that what lies above the mean comes out positive.
# - return (X - mean) / (std + eps)  =>  return (mean - X) / (std + eps)
# You take a root of std. It is a standard deviation already; only a variance would need one.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / np.sqrt(std + eps)
# mean and std are (D,) and fit the columns of X (N, D) as they are. [:, None] turns them into columns, one number for
# each row.
# - return (X - mean) / (std + eps)  =>  return (X - mean[:, None]) / (std[:, None] + eps)
# %% mistakes of="column by column"
# The return stands inside the loop: only the first column is done.
# -     return x_hat  =>          return x_hat
# x_hat[j] is a row. Feature j is a column: x_hat[:, j], X[:, j].
# - x_hat[:, j] = (X[:, j]  =>  x_hat[j] = (X[j]
# %% mistakes of="a new array, divided in place"
# `-=`, `/=` and `x_hat[:, j] = …` write into an array; and `x_hat = X` makes no copy, only a second name for the
# caller's. The original data are lost. Make a new array: X − mean, X.copy() or np.zeros(X.shape).
# - x_hat = X - mean
# + X -= mean
# +     x_hat = X
# `std += eps` and `std[…] = …` change the caller's std: the next call would see another one. Write std + eps.
# - x_hat /= std + eps
# + std += eps
# +     x_hat /= std

# %% exercise="q_swing"
# %% mistakes
# dw is larger, but larger is not faster once you are past the limit. Work out 1 − lr·a² with lr = 2/9 and a = 9.
# - q_swing = "d"  =>  q_swing = "a"
# It was at the limit for a = 3. The limit is 2/a², so it has moved. Work out 1 − lr·a² with lr = 2/9 and a = 9.
# - q_swing = "d"  =>  q_swing = "b"
# The curvature a² is nine times as large, but the error is not multiplied by the curvature. Work out 1 − lr·a² with lr
# = 2/9 and a = 9.
# - q_swing = "d"  =>  q_swing = "c"

# %% exercise="accuracy_under_shift"
# %% right="counted in a loop"
def accuracy_under_shift(predict, X, y, shift):
    moved = shift(X)
    labels = predict(moved)
    right = 0
    for label, truth in zip(labels, y):
        if label == truth:
            right += 1
    return right / len(y)
# %% right="one minus the share of errors"
def accuracy_under_shift(predict, X, y, shift):
    errors = np.count_nonzero(predict(shift(X)) - y)
    return 1 - errors / X.shape[0]
# %% right="the mean of a list"
def accuracy_under_shift(predict, X, y, shift):
    labels = list(predict(shift(X.copy())))
    return np.average([labels[i] == y[i] for i in range(len(y))])
# %% right="np.average, arrays made of everything"
def accuracy_under_shift(predict, X, y, shift):
    return np.average(np.equal(np.asarray(predict(shift(X))), np.asarray(y)).astype(float))
# %% right="the diagonal of a table"
def accuracy_under_shift(predict, X, y, shift):
    table = np.zeros((10, 10))
    np.add.at(table, (y, predict(shift(X))), 1)
    return np.trace(table) / table.sum()
# %% mistakes
# An image is left out: the first or the last. Does a loop or a slice begin at 1, or end one early? All N count, and N
# is what you divide by.
# - predict(shift(X)) == y  =>  predict(shift(X))[1:] == y[1:]
# - predict(shift(X)) == y  =>  predict(shift(X))[:-1] == y[:-1]
# - float(np.mean(predict(shift(X)) == y))  =>  sum(predict(shift(X))[1:] == y[1:]) / len(y)
# - float(np.mean(predict(shift(X)) == y))  =>  sum(predict(shift(X))[:-1] == y[:-1]) / len(y)
# - float(np.mean(predict(shift(X)) == y))  =>  sum(predict(shift(X)) == y) / (len(y) - 1)
# Only a part of the images is used. All N are shifted, predicted and compared. (Is a return inside the loop?)
# - predict(shift(X)) == y  =>  predict(shift(X[: len(X) // 2])) == y[: len(X) // 2]
# - float(np.mean(predict(shift(X)) == y))  =>  float((predict(shift(X)) == y)[0] / len(y))
# The shift is never applied: this is the accuracy on clean images. Predict from shift(X).
# - predict(shift(X))  =>  predict(X)
# You compare with the predictions on clean images. That measures agreement: a wrong answer that stays the same wrong
# answer would count as right. Compare with y.
# - == y  =>  == predict(X)
# Only images that are right without the shift were counted. The accuracy after the shift counts every image that is
# right after it.
# - float(np.mean(predict(shift(X)) == y))  =>  np.mean((predict(shift(X)) == y) & (predict(X) == y))
# - float(np.mean(predict(shift(X)) == y))  =>  np.mean((predict(shift(X)) == y)[predict(X) == y])
# That is the error rate. Accuracy is the share that is right: == instead of !=
# - == y  =>  != y
# That is a count. Divide by the number of images: np.mean of the comparison does both.
# - np.mean  =>  np.sum
# That is a percentage. The docstring asks for a number between 0 and 1.
# - float(np.mean(predict(shift(X)) == y))  =>  float(100 * np.mean(predict(shift(X)) == y))
# The order is reversed: you shift the predicted labels. The shift belongs to the images, before the prediction.
# - predict(shift(X))  =>  shift(predict(X))
# The labels were shifted too. The point of covariate shift is that the labels stay what they are.
# - == y  =>  == shift(y)
# - predict(shift(X)) == y  =>  predict(X) == shift(y)
# The comparison came back image by image. Its mean is the accuracy.
# - float(np.mean(predict(shift(X)) == y))  =>  predict(shift(X)) == y
# Those are the predictions. Compare them with y, image by image; the mean of the comparison is the accuracy.
# - float(np.mean(predict(shift(X)) == y))  =>  predict(shift(X))
# That is the mean of the predicted labels. Accuracy is the mean of a comparison: which predictions equal y?
# - float(np.mean(predict(shift(X)) == y))  =>  float(np.mean(predict(shift(X))))
# A parenthesis closes too early: the predictions are averaged first, and their mean is compared with y. Compare first,
# then average.
# - float(np.mean(predict(shift(X)) == y))  =>  np.mean(predict(shift(X))) == y
# 0 came out, so nothing was found equal. Do you compare one thing with all labels (a function that is not called, an
# argmax, an `is`), ask whether all are right (np.all), round the share down with //, or return inside the loop? Compare
# predict(shift(X)) with y, image by image, and average.
# - predict(shift(X))  =>  predict
# - float(np.mean(predict(shift(X)) == y))  =>  np.sum(predict(shift(X)) == y) // len(y)
# `shift` and `predict` are functions: call them, predict(shift(X)). `predict(shift)` hands one function to the other.
# - predict(shift(X))  =>  predict(shift)
# An axis is missing. shift and predict each take all the images at once, (N, H, W): neither one image nor flattened
# ones. What predict returns are labels already, (N,): no argmax.
# - predict(shift(X))  =>  np.array([predict(shift(x)) for x in X])
# You shift image by image, or batch by batch. A shift may look at the whole set, as a predictor may: pass it all the
# images in one call.
# - predict(shift(X))  =>  predict(np.array([shift(x) for x in X]))
# - predict(shift(X))  =>  predict(np.concatenate([shift(x[None]) for x in X]))
# You go image by image, or batch by batch. A predictor that uses statistics of the whole set then sees smaller sets,
# and its answers change. Pass all images in one call. (Remember this: batch normalization is such a predictor.)
# - predict(shift(X)) == y  =>  [predict(shift(X[i : i + 1]))[0] == y[i] for i in range(len(X))]
# - predict(shift(X)) == y  =>  [np.mean(predict(shift(X[i : i + 5])) == y[i : i + 5]) for i in range(0, len(X), 5)]
# That compares two accuracies: a drop, or a ratio to the clean one. Return the accuracy after the shift itself.
# - float(np.mean(predict(shift(X)) == y))  =>  float(np.mean(predict(X) == y) - np.mean(predict(shift(X)) == y))
# - float(np.mean(predict(shift(X)) == y))  =>  float(np.mean(predict(shift(X)) == y) / np.mean(predict(X) == y))
# You divide by the wrong number. It is the number of images, N = len(y): not that of pixels, nor of classes.
# - float(np.mean(predict(shift(X)) == y))  =>  np.sum(predict(shift(X)) == y) / X.size
# - float(np.mean(predict(shift(X)) == y))  =>  np.sum(predict(shift(X)) == y) / 10
# Only the accuracy is asked for: one number, not rounded, and not as a text.
# - float(np.mean(predict(shift(X)) == y))  =>  (np.mean(predict(shift(X)) == y), predict(shift(X)))
# - float(np.mean(predict(shift(X)) == y))  =>  round(np.mean(predict(shift(X)) == y), 2)
# - float(np.mean(predict(shift(X)) == y))  =>  f"{np.mean(predict(shift(X)) == y):.3f}"
# The shift is applied twice. shift(X) already gives the shifted images; predict takes them as they are.
# - predict(shift(X))  =>  predict(shift(shift(X)))
# Compare image by image, with ==, in the order in which they stand, and average over all. Labels are names: distances
# between them mean nothing, and sorting, a table of all pairs or a mean over classes lose which image is which.
# - float(np.mean(predict(shift(X)) == y))  =>  1 - np.mean(np.abs(predict(shift(X)) - y))
# - float(np.mean(predict(shift(X)) == y))  =>  np.mean((predict(shift(X)) - y) ** 2)
# - predict(shift(X)) == y  =>  np.sort(predict(shift(X))) == np.sort(y)
# - predict(shift(X)) == y  =>  predict(shift(X))[:, None] == y
# - predict(shift(X)) == y  =>  np.isin(predict(shift(X)), y)
# - float(np.mean(predict(shift(X)) == y))  =>  np.mean([np.mean(predict(shift(X))[y == c] == c) for c in np.unique(y)])
# predict gets the images as shift leaves them: nothing is clipped, standardized, turned or reversed besides.
# - predict(shift(X))  =>  predict(np.clip(shift(X), 0, 1))
# - predict(shift(X))  =>  predict((shift(X) - shift(X).mean(0)) / shift(X).std(0))
# - predict(shift(X))  =>  predict(shift(X[::-1]))
# - predict(shift(X))  =>  predict(shift(X.T).T)
# True or False came out: that says whether all (or any) are right, or whether two means are equal. The share that is
# right is the mean of the comparison.
# - float(np.mean(predict(shift(X)) == y))  =>  bool(np.all(predict(shift(X)) == y))
# - float(np.mean(predict(shift(X)) == y))  =>  bool(np.any(predict(shift(X)) == y))
# `shift` is a function, not an array: call it on the images, shift(X).
# - predict(shift(X))  =>  predict(X + shift)

# %% exercise="q_shift"
# %% mistakes
# Here p(y) moves and p(x|y), how a case looks, stays: that is label shift. p(x) moves along with it, but so does
# p(y|x): the same unclear image is more likely to be a case in winter.
# - q_shift = "b"  =>  q_shift = "a"
# The images are distributed as before; the label that belongs to a given image has changed. p(y|x) moves: that is
# concept drift.
# - q_shift = "b"  =>  q_shift = "c"
# Nothing in the world has moved, neither images nor labels. The model has. A shift is a change of p(x, y).
# - q_shift = "b"  =>  q_shift = "d"
