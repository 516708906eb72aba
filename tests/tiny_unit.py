# ---
# title: Tiny
# question: "What is it?"
# minutes: 5
# ---

# %% [markdown]
# By the end you can do it. $x$

# %% tags=["demo"]
plt.plot([1, 2])
plt.show()


# %% exercise="normalize"
def normalize(x, mean, var, eps=1e-5):
    """Normalize each column of x.  x: (N, D); mean, var: (D,).  Returns x_hat: (N, D).  About 5 minutes."""
    ### BEGIN SOLUTION
    x_hat = (x - mean) / np.sqrt(var + eps)
    return x_hat
    ### END SOLUTION


# %% check="normalize.values" points=2
r = np.random.RandomState(1)
x = r.normal(5, [1, 3, 9], (7, 3))
check("x_hat", normalize, x, x.mean(0), x.var(0), eps=0.1)
### BEGIN HIDDEN TESTS
check("x_hat, float32", normalize, *(a.astype("f4") for a in (x, x.mean(0), x.var(0))), rtol=1e-4)
### END HIDDEN TESTS

# %% mistake="normalize" hint="eps stands inside the square root."
# - np.sqrt(var + eps)
# + (np.sqrt(var) + eps)


# %% mistake="normalize" hint="The result is not centred: subtract the mean first."
def normalize(x, mean, var, eps=1e-5):
    return x / np.sqrt(var + eps)


# %% mistake="normalize" hint="You forgot to return."
# - return x_hat
# + pass


# %% mistake="normalize" hint="In place!"
def normalize(x, mean, var, eps=1e-5):
    x -= mean
    return x / np.sqrt(var + eps)


# %% mistake="normalize" hint="float64 comes out." hidden=true
# - x_hat = (
# + x_hat = np.float64(1) * (

# %% exercise="q_epsilon"
### BEGIN SOLUTION
q_epsilon = "b"
### END SOLUTION

# %% check="q_epsilon.answer" points=1
check("q_epsilon", q_epsilon)

# %% mistake="q_epsilon" hint="eps does not scale the output."
q_epsilon = "a"

# %%
scoreboard()
