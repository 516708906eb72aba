# %% exercise="q_memory"
# %% mistakes
# Python does not read the page, it remembers what was run. The change to a = 2 was typed, but never run.
# - q_memory = "c"  =>  q_memory = "a"
# Python does not know that the cell above was edited, so it cannot complain. It just uses what it remembers.
# - q_memory = "c"  =>  q_memory = "b"
# The answer is a letter, the one in front of the option: "a", "b" or "c".
# - q_memory = "c"  =>  q_memory = "1"
# - q_memory = "c"  =>  q_memory = "2"

# %% exercise="double"
# %% right="the sum of x and x"
def double(x):
    return np.add(x, x)
# %% right="row by row, stacked"
def double(x):
    return np.array([v * 2 for v in x])
# %% right="a copy, changed in place"
def double(x):
    y = x.copy()
    y *= 2
    return y
# %% mistakes
# This adds 2. Doubling multiplies by 2: 3 becomes 6, not 5.
# - 2 * x  =>  x + 2
# This squares. ** is a power in Python; * multiplies. (At x = 2 both give 4, which is why checks avoid such numbers.)
# - 2 * x  =>  x**2
# Your function returns nothing. Perhaps it prints the result? A function hands a value back only with `return`.
# - return 2 * x  =>  print(2 * x)
# `x *= 2` and `x += x` write into the caller's own array. The numbers are right, but whoever called double has lost x.
# Return a new array.
# - return 2 * x
# + x *= 2
# +     return x
# This halves x instead of doubling it.
# - 2 * x  =>  x / 2
# - 2 * x  =>  x // 2
# x comes back as it was. Multiply it by 2 before returning it. (In a loop, v = 2 * v changes only v, and not x.)
# - 2 * x  =>  x
# This is twice the first element (or row), or twice the length. Arithmetic on x as a whole doubles every element.
# - 2 * x  =>  2 * x[0]
# - 2 * x  =>  2 * len(x)
# - 2 * x  =>  2 * x.size
# This is the sum or the mean of the doubled numbers, one number. Keep the shape of x.
# - 2 * x  =>  2 * x.sum()
# - 2 * x  =>  2 * x.mean()
# This is a Python list or tuple. The exercise asks for an array; arithmetic on x as a whole gives one.
# - 2 * x  =>  [2 * v for v in x]
# - 2 * x  =>  tuple(2 * x)
# This is x twice over: it repeats the elements and doubles none of them.
# - 2 * x  =>  np.concatenate([x, x])
# - 2 * x  =>  x.repeat(2)
# - 2 * x  =>  np.stack([x, x])
# - 2 * x  =>  list(x) * 2
# - 2 * x  =>  (x, x)
# Not every element is doubled: does a loop or a slice begin at 1, or end early, or does a condition pass some by?
# - return 2 * x  =>  y = x.copy(); y[0] *= 2; return y
# - 2 * x  =>  np.where(x > 0, 2 * x, x)
# - return 2 * x  =>  y = x.copy(); y[1:] *= 2; return y
# - return 2 * x  =>  y = x.copy(); y[:-1] *= 2; return y
# - return 2 * x  =>  y = 2 * x; y[-1] = 0; return y
# - 2 * x  =>  2 * x[:-1]
# The same numbers come back, whatever is passed. Compute from the function's own x.
# - 2 * x  =>  np.array([6.0, -2.0, 1.0])
# - 2 * x  =>  2 * np.array([3.0, -1.0, 0.5])
# Multiply every number by 2, once, and add or subtract nothing.
# - 2 * x  =>  x - 2
# - 2 * x  =>  3 * x
# - 2 * x  =>  4 * x
# - 2 * x  =>  x + 1
# - 2 * x  =>  x + x + 2
# x may have several axes, and x[i] is then a whole row. Make room with np.zeros(x.shape), or use no loop at all.
# - return 2 * x
# + y = np.zeros(len(x))
# +     for i in range(len(x)):
# +         y[i] = 2 * x[i]
# +     return y
# Everything but the factor 2 stays as it is in x: its shape, its order, its fractions and its signs.
# - 2 * x  =>  2 * x[::-1]
# - 2 * x  =>  2 * np.sort(x)
# - 2 * x  =>  np.maximum(2 * x, 0)
# - 2 * x  =>  2 * x.ravel()
# - 2 * x  =>  (2 * x).reshape(-1, 1)
# - 2 * x  =>  (2 * x).T
# - 2 * x  =>  (2 * x).astype(int)
# - 2 * x  =>  np.abs(2 * x)
# - 2 * x  =>  -2 * x
# 2**x is 2 to the power x. Doubling multiplies: 2 * x.
# - 2 * x  =>  2**x

# %% exercise="q_hidden"
# %% mistakes
# Attempts are not counted, and not even recorded. Only the answer that stands in the notebook is graded.
# - q_hidden = "a"  =>  q_hidden = "b"
# No points depend on demonstrations and figures. They are there for you; graders skip them.
# - q_hidden = "a"  =>  q_hidden = "c"
