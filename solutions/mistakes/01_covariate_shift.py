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
# %% mistakes
# The gradient is a sum over the rows; L is their mean. Without 1/N every step is N times too long, and the right
# learning rate would depend on how much data you have.
# - (X @ w - y) / N  =>  (X @ w - y)
# Your steps are half as long as they should be. The derivative of a square brings down a 2, which cancels the 2 in
# 1/(2N): what remains is 1/N.
# - (X @ w - y) / N  =>  (X @ w - y) / (2 * N)
# Your steps are twice as long as they should be. The derivative of a square brings down a 2, but L has 1/(2N) in front:
# the 2 cancels, and 1/N remains.
# - (X @ w - y) / N  =>  (X @ w - y) * 2 / N
# You walk uphill: each step goes along +∇L. Subtract lr·∇L, with the residual Xw − y, in that order (y − Xw is minus
# the residual).
# - w - lr * X.T  =>  w + lr * X.T
# The learning rate is not used: lr scales every step.
# - lr * X.T @  =>  X.T @
# The start is missing. W_path has steps + 1 rows, and row 0 is w = 0, before any update.
# - return W_path  =>  return W_path[1:]
# The last w is missing: the start takes up row 0, so `steps` updates need steps + 1 rows.
# - return W_path  =>  return W_path[:-1]
# A row after row 0 is still 0: the loop leaves one out. It makes `steps` updates, for t = 0 to steps − 1, and each
# fills row t + 1.
# - in range(steps)  =>  in range(steps - 1)
# - in range(steps)  =>  in range(1, steps)
# Only the first update was made: the other rows are still 0. Is the return inside the loop?
# -     return W_path  =>          return W_path
# Each step must start from the w before it: new w = old w − lr·∇L. Yours starts from 0 again.
# - w - lr * X.T  =>  -lr * X.T
# Row 0 is overwritten. In the first turn t is 0, and row t − 1 is then the last row. Fill row t + 1 from row t.
# - w = W_path[t]  =>  w = W_path[t - 1]
# & W_path[t + 1] =  =>  W_path[t] =
# Some row t + 1 does not exist. W_path needs steps + 1 rows, and the loop makes `steps` turns.
# - np.zeros((steps + 1, D))  =>  np.zeros((steps, D))
# - in range(steps)  =>  in range(steps + 1)
# X is (N, D) and the residual (N,): they do not fit element by element. The gradient is a matrix product, Xᵀ times the
# residual.
# - X.T @ (X @ w - y) / N  =>  np.mean(X * (X @ w - y), axis=0)
# Only the last w came back. The figures below need every w on the way, one in each row.
# - return W_path  =>  return W_path[-1]
# The path lies on its side: time goes down the rows, features along the columns.
# - return W_path  =>  return W_path.T
# Every step uses the gradient of the first w. The slope changes as you move: compute it again inside the loop, from the
# current w.
# - (X @ w - y)  =>  (X @ W_path[0] - y)
# The first row is 1, not 0. The docstring says: from w = 0.
# - np.zeros((steps + 1, D))  =>  np.ones((steps + 1, D))
# You divide by the number of features. L is a mean over the N rows: divide by N = len(X).
# - (X @ w - y) / N  =>  (X @ w - y) / D
# X.size is N·D. L is a mean over the N rows only: divide by N = len(X).
# - (X @ w - y) / N  =>  (X @ w - y) / X.size
# The shapes do not fit: the residual has one number for each of the N rows, and the gradient one for each of the D
# features. So it is Xᵀ times the residual.
# - X.T @ (X @ w - y)  =>  X @ (X @ w - y)
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
# All your rows are the same array. `w -= …` changes w in place, and the list holds that one w again and again. Append a
# copy, or write w = w - …
# - w = w - lr  =>  w -= lr
# Your w is a column, (D, 1), but y is flat, (N,). Xw − y then broadcasts to an N×N table. Keep w flat, of shape (D,).
# - np.zeros(X.shape[1])  =>  np.zeros((X.shape[1], 1))
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
# %% mistakes
# Your limit is half of the right one. 1/λ is the learning rate that removes the steepest error in one step (1 − lr·λ =
# 0); the limit lies further out, where the error changes its sign and keeps its size. If you did write 2/λ, your H has
# a 2 too many: it is XᵀX/N.
# - 2 / np  =>  1 / np
# - X.T @ X / len(X)  =>  2 * X.T @ X / len(X)
# H is XᵀX divided by N, the number of rows. Without 1/N, or with 1/D in its place, your limit shrinks as data are
# added, though the loss is a mean.
# - X.T @ X / len(X)  =>  X.T @ X
# - X.T @ X / len(X)  =>  X.T @ X / X.shape[1]
# You divide by N − 1, as for a sample covariance. This loss is a mean over N rows: H is XᵀX/N.
# - X.T @ X / len(X)  =>  X.T @ X / (len(X) - 1)
# Your limit is twice too large. The 2 in 1/(2N) is gone after differentiating: H is XᵀX/N.
# - X.T @ X / len(X)  =>  X.T @ X / (2 * len(X))
# That is the covariance matrix: it is centred. This loss uses X as it is, and the mean of X bends it too. H is XᵀX/N.
# - X.T @ X / len(X)  =>  (X - X.mean(0)).T @ (X - X.mean(0)) / len(X)
# `np.cov` gives the covariance matrix (for one feature: a number, which has no eigenvalues). It is centred, and this
# loss uses X as it is. H is XᵀX/N.
# - X.T @ X / len(X)  =>  np.cov(X.T)
# That is the limit of the pond, whatever X is: your H comes from a cell above. Compute it from the X that is passed.
# - H = X.T @ X / len(X)  =>  H = X_pond.T @ X_pond / len(X_pond)
# Your fraction is upside down. The larger λ is, the smaller the limit: solve lr·λ = 2 for lr.
# - 2 / np.linalg.eigvalsh(H).max()  =>  np.linalg.eigvalsh(H).max() / 2
# `np.linalg.eigh` returns two things, eigenvalues and eigenvectors. `eigvalsh` returns the eigenvalues alone.
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.eigh(H).max()
# You return the eigenvalue itself. It is a curvature. Solve |1 − lr·λ| = 1 for lr.
# - 2 / np.linalg.eigvalsh(H).max()  =>  np.linalg.eigvalsh(H).max()
# The trace is the sum of all the eigenvalues, so this limit is too careful. Only the largest one counts.
# - np.linalg.eigvalsh(H).max()  =>  np.trace(H)
# The diagonal of H holds the mean square of each feature. Features that vary together make a direction steeper than any
# single axis: take eigenvalues, not the diagonal.
# - np.linalg.eigvalsh(H).max()  =>  np.diag(H).max()
# The smallest eigenvalue belongs to the flattest direction. At this learning rate the steep ones have long diverged:
# the first to break is the largest.
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.eigvalsh(H).min()
# That is an array: a limit for each direction. All directions share one learning rate, so which of the limits counts?
# - float(2 / np.linalg.eigvalsh(H).max())  =>  2 / np.linalg.eigvalsh(H)
# np.linalg.norm of a matrix is the Frobenius norm, which mixes all the eigenvalues. You need the largest one alone.
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.norm(H)
# You multiply by λ. A steeper loss needs a smaller step: solve |1 − lr·λ| = 1 for lr.
# - 2 / np.linalg.eigvalsh(H).max()  =>  2 * np.linalg.eigvalsh(H).max()
# X is not square and has no eigenvalues. The matrix in the formula for the error is H = XᵀX/N.
# - np.linalg.eigvalsh(H).max()  =>  np.linalg.eigvalsh(X).max()
# %% mistakes of="the largest singular value of X"
# You took singular values of X as they are. The eigenvalues of XᵀX are their squares, and H also has a 1/N.
# - 2 * len(X) / s**2  =>  2 / s
# You took singular values of X as they are. The eigenvalues of XᵀX are their squares; so λ is s²/N, not s/N.
# - / s**2  =>  / s
# You took singular values of X as they are. The eigenvalues of XᵀX are their squares; so λ is s²/N, not s/√N.
# - 2 * len(X) / s**2  =>  2 * np.sqrt(len(X)) / s

# %% exercise="standardize_fit"
# %% right="sums divided by N"
def standardize_fit(X):
    mean = X.sum(axis=0) / len(X)
    std = (((X - mean) ** 2).sum(axis=0) / len(X)) ** 0.5
    return mean, std
# %% right="column by column, float64 inside, a list"
def standardize_fit(X):
    columns = X.T.astype("f8")
    mean = np.array([np.mean(column) for column in columns], dtype=X.dtype)
    std = np.array([np.std(column) for column in columns], dtype=X.dtype)
    return [mean, std]
# %% right="NumPy's cov, a namedtuple"
from collections import namedtuple

Fit = namedtuple("Fit", "mean std")
def standardize_fit(X):
    var = np.cov(X, rowvar=False, bias=True, dtype=X.dtype).reshape(X.shape[1], X.shape[1]).diagonal()
    return Fit(np.average(X, axis=0), np.sqrt(var))
# %% right="matrix products"
def standardize_fit(X):
    mean = np.ones(len(X), X.dtype) @ X / len(X)
    centred = X - mean
    return mean, np.sqrt(np.einsum("nd,nd->d", centred, centred) / len(X))
# %% mistakes
# axis=1 averages along a row, over the features of one example: metres per second and degrees in one sum. Each feature
# needs its own numbers: average over the examples, axis=0.
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(axis=1), X.std(axis=1)
# That is one number for the whole table. The features would keep their different scales, which is the problem to be
# solved. One number for each column.
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(), X.std()
# You divide by N − 1. That estimates a population's spread; here the data set itself shall get standard deviation 1, so
# divide by N.
# - X.std(axis=0)  =>  X.std(axis=0, ddof=1)
# That is the variance, in squared units. The standard deviation is its square root.
# - X.std(axis=0)  =>  X.var(axis=0)
# The two are the wrong way round: mean first, then std.
# - X.mean(axis=0), X.std(axis=0)  =>  X.std(axis=0), X.mean(axis=0)
# Your std is not quite 0 where it should be: something like ε was added. Fit reports what it finds; the ε belongs in
# apply.
# - X.std(axis=0)  =>  X.std(axis=0) + 1e-8
# - X.std(axis=0)  =>  X.std(axis=0) + 1e-5
# Under the root stands a sum. The variance is the mean of the squared distances: divide by N before taking the root.
# - X.std(axis=0)  =>  np.sqrt(((X - X.mean(axis=0)) ** 2).sum(axis=0))
# That is the root of the mean square: the mean was not subtracted before squaring.
# - X.std(axis=0)  =>  np.sqrt((X**2).mean(axis=0))
# The results have shape (1, D). The docstring asks for (D,): no keepdims.
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(axis=0, keepdims=True), X.std(axis=0, keepdims=True)
# Only the mean came back. Return both, separated by a comma: mean, std.
# - X.mean(axis=0), X.std(axis=0)  =>  X.mean(axis=0)
# The two are stacked in one array. Return them as two results, separated by a comma: mean, std.
# - return X.mean(axis=0), X.std(axis=0)  =>  return np.array([X.mean(axis=0), X.std(axis=0)])
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
# %% mistake
# You centre the caller's array in place (`X -= …`): the data are changed, and the mean that you return is the mean of
# what is left.
def standardize_fit(X):
    X -= X.mean(axis=0)
    return X.mean(axis=0), X.std(axis=0)
# %% mistakes hidden=true
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
# %% right="a diagonal matrix"
def standardize_apply(X, mean, std, eps=1e-8):
    return (X - mean) @ np.diag(1 / (std + eps))
# %% mistakes
# You divide by the variance. Then x_hat has the spread 1/σ instead of 1, and a feature with a large scale is squeezed
# to almost nothing.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (std**2 + eps)
# The result is not centred: subtract the mean before dividing.
# - return (X - mean) / (std + eps)  =>  return X / (std + eps)
# The mean is subtracted after dividing, so it is in the wrong unit by then. Parentheses around X − mean.
# - return (X - mean) / (std + eps)  =>  return X / (std + eps) - mean
# You centre, but do not divide: the features keep their scales.
# - return (X - mean) / (std + eps)  =>  return X - mean
# You multiply by the spread instead of dividing by it: the large features get larger still.
# - return (X - mean) / (std + eps)  =>  return (X - mean) * (std + eps)
# You computed fresh statistics from the X that came in. On a test set that is another transformation than the one the
# model was trained with. Use the mean and std that are passed.
# - return (X - mean) / (std + eps)  =>  return (X - X.mean(0)) / (X.std(0) + eps)
# The mean is that of the X that came in, not the one that is passed. New data would always come out centred, however
# far they have moved.
# - return (X - mean) / (std + eps)  =>  return (X - X.mean(0)) / (std + eps)
# The std is that of the X that came in, not the one that is passed. New data are to be measured with the training set's
# spread.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (X.std(0) + eps)
# You add the mean. Centring takes it away: X − mean.
# - return (X - mean) / (std + eps)  =>  return (X + mean) / (std + eps)
# Only x_hat is asked for: one array, of X's shape.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / (std + eps), mean, std
# ε is missing. A feature that is constant in the training set has std 0, and the division gives NaN or infinity.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / std
# Here ε is added to the standard deviation: std + ε. You have it inside a root, as √(std² + ε); that is batch
# normalization's convention, which comes in unit 03.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / np.sqrt(std**2 + eps)
# ε went to the numerator, where it shifts every value. It belongs to the denominator, which must not become 0.
# - return (X - mean) / (std + eps)  =>  return (X - mean + eps) / std
# ε went to the numerator too, where it shifts every value. It belongs to the denominator only.
# - return (X - mean) / (std + eps)  =>  return (X - mean + eps) / (std + eps)
# Your ε does not reach the features whose std is not 0. The docstring says std + ε everywhere, with the eps that is
# passed: neither np.maximum, nor a special case for std = 0, nor an ε of your own.
# - return (X - mean) / (std + eps)  =>  return (X - mean) / np.maximum(std, eps)
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
# %% mistakes of="a new array, divided in place"
# `-=` and `/=` write into the caller's array: the original data are lost, and a second call standardizes twice. Make a
# new array.
# - x_hat = X - mean
# + X -= mean
# +     x_hat = X

# %% exercise="q_swing"
# %% mistakes
# dW is larger, but larger is not faster once you are past the limit. Work out 1 − lr·a² with lr = 2/9 and a = 9.
# - q_swing = "d"  =>  q_swing = "a"
# It was at the limit for a = 3. The limit is 2/a², so it has moved. Work out 1 − lr·a² with lr = 2/9 and a = 9.
# - q_swing = "d"  =>  q_swing = "b"
# The curvature a² is nine times as large, but the error is not multiplied by the curvature. Work out 1 − lr·a² with
# lr = 2/9 and a = 9.
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
# %% mistakes
# The shift is never applied: this is the accuracy on clean images. Predict from shift(X).
# - predict(shift(X))  =>  predict(X)
# You compare with the predictions on clean images. That measures agreement: a wrong answer that stays the same wrong
# answer would count as right. Compare with y.
# - == y  =>  == predict(X)
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
# The comparison came back image by image. Its mean is the accuracy.
# - float(np.mean(predict(shift(X)) == y))  =>  predict(shift(X)) == y
# Those are the predictions. Compare them with y, image by image; the mean of the comparison is the accuracy.
# - float(np.mean(predict(shift(X)) == y))  =>  predict(shift(X))
# That is the mean of the predicted labels. Accuracy is the mean of a comparison: which predictions equal y?
# - float(np.mean(predict(shift(X)) == y))  =>  float(np.mean(predict(shift(X))))
# A parenthesis closes too early: the predictions are averaged first, and their mean is compared with y. Compare first,
# then average.
# - float(np.mean(predict(shift(X)) == y))  =>  np.mean(predict(shift(X))) == y
# You compare the function itself with y, and a function equals no label. Call it: predict(…).
# - predict(shift(X))  =>  predict
# An axis is missing. shift and predict each take all the images at once, (N, H, W): neither one image nor flattened
# ones. What predict returns are labels already, (N,): no argmax.
# - predict(shift(X))  =>  np.array([predict(shift(x)) for x in X])
# You shift image by image. A shift may look at the whole set, as a predictor may: pass it all the images in one call.
# - predict(shift(X))  =>  predict(np.array([shift(x) for x in X]))
# You go image by image. A predictor that uses statistics of the whole set then sees sets of one, and its answers
# change. Pass all images in one call. (Remember this: batch normalization is such a predictor.)
# - predict(shift(X)) == y  =>  [predict(shift(X[i : i + 1]))[0] == y[i] for i in range(len(X))]
# That is the drop in accuracy. Return the accuracy after the shift itself.
# - float(np.mean(predict(shift(X)) == y))  =>  float(np.mean(predict(X) == y) - np.mean(predict(shift(X)) == y))
# The shift is applied twice. shift(X) already gives the shifted images; predict takes them as they are.
# - predict(shift(X))  =>  predict(shift(shift(X)))
# That asks whether all images are right. The share that is right is the mean of the comparison.
# - float(np.mean(predict(shift(X)) == y))  =>  bool(np.all(predict(shift(X)) == y))
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
