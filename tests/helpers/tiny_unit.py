# ---
# title: Tiny
# question: "What is it?"
# seconds: 5
# ---

# %% [markdown]
# By the end you can do it. $x$

# %% tags=["demo"]
plt.plot([1, 2])
plt.show()


# %% exercise="normalize"
def normalize(x, mean, var, eps=1e-5):
    """Normalize each column.  x: (N, D); mean, var: (D,).  Returns x_hat: (N, D), of x's dtype.  About 5 minutes."""
    ### BEGIN SOLUTION
    x_hat = (x - mean) / np.sqrt(var + eps)
    return x_hat
    ### END SOLUTION


# %% check="normalize.values" points=2
r = np.random.RandomState(1)
x = r.normal(5, [1, 3, 9], (7, 3))
check("x_hat", normalize, x, x.mean(0), x.var(0), eps=0.1)
### BEGIN HIDDEN TESTS
check("x_hat, float32", normalize, *(a.astype("f4") for a in (x, x.mean(0), x.var(0))), rtol=1e-4, dtype=True)
### END HIDDEN TESTS

# %% exercise="q_epsilon"
### BEGIN SOLUTION
q_epsilon = "b"
### END SOLUTION

# %% check="q_epsilon.answer" points=1
check("q_epsilon", q_epsilon)

# %%
scoreboard()
