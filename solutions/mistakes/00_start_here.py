# %% exercise="q_memory"
# %% mistakes
# Python does not read the page, it remembers what was run. The change to a = 2 was typed, but never run.
# - q_memory = "c"  =>  q_memory = "a"
# Python does not know that the cell above was edited, so it cannot complain. It just uses what it remembers.
# - q_memory = "c"  =>  q_memory = "b"

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
# x comes back as it was. Multiply it by 2 before returning it.
# - 2 * x  =>  x
# This returns the first element (or row) only. Arithmetic on x as a whole doubles every element.
# - 2 * x  =>  2 * x[0]
# This is the sum of the doubled numbers, one number. Keep the shape of x.
# - 2 * x  =>  2 * x.sum()
# This is a Python list. The exercise asks for an array; arithmetic on x as a whole gives one.
# - 2 * x  =>  [2 * v for v in x]
# This is x twice over, one after the other: it repeats the elements and doubles none of them.
# - 2 * x  =>  np.concatenate([x, x])

# %% exercise="q_hidden"
# %% mistakes
# Attempts are not counted, and not even recorded. Only the answer that stands in the notebook is graded.
# - q_hidden = "a"  =>  q_hidden = "b"
# No points depend on demonstrations and figures. They are there for you; graders skip them.
# - q_hidden = "a"  =>  q_hidden = "c"
