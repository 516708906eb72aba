# %% exercise="normalize"
# %% right="in two steps"
def normalize(x, mean, var, eps=1e-5):
    centred = x - mean
    return centred / np.sqrt(var + eps)
# %% mistakes
# eps stands inside the square root.
# - np.sqrt(var + eps)  =>  (np.sqrt(var) + eps)
# %% mistake
# The result is not centred: subtract the mean first.
def normalize(x, mean, var, eps=1e-5):
    return x / np.sqrt(var + eps)
# %% mistakes
# You forgot to return.
# - return x_hat  =>  pass
# %% mistake
# In place!
def normalize(x, mean, var, eps=1e-5):
    x -= mean
    return x / np.sqrt(var + eps)
# %% mistakes hidden=true
# float64 comes out.
# - x_hat = (  =>  x_hat = np.float64(1) * (

# %% exercise="q_epsilon"
# %% mistakes
# eps does not scale the output.
# - "b"  =>  "a"
