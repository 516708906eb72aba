# ---
# title: Start here
# question: How do these notebooks work?
# seconds: 6
# ---
# %% [markdown]
# By the end you can
#
# - run a notebook of this course from top to bottom;
# - answer an exercise, read what a failing check tells you, and mend the answer;
# - say what is installed here, and which data the later units will use.
#
# You need no more than a little Python. The course builds one thing, batch normalization, and asks one question of it:
# *what does it do, and why does it help?*
# %% [markdown]
# ## 1. Run a cell
#
# A notebook is a list of cells. Click into one and press **Shift+Enter**: it runs, and the next is selected.
#
# Begin with the cell at the top, "Setup". It holds the course's tools, folded away. After it, every notebook of the
# course has NumPy as `np`, Matplotlib's pyplot as `plt`, and `check` and `scoreboard`, which you meet in a moment.
# Then go on, one cell after the other:
# %%
x = np.array([3.0, -1.0, 0.5])
print("x + 10 =", x + 10)
# %% [markdown]
# All cells share one memory: `x` is known in every cell that runs later. What counts is the order in which you *run*
# cells, not the order in which they stand on the page.
#
# **Question 1.** One cell says `a = 1`, the next says `print(a)`. You run both. Then you change the first to `a = 2`,
# do *not* run it, and run the second again. What does it print?
#
# - (a) 2, which the cell above now says
# - (b) an error, as the cell above is stale
# - (c) 1, which is still in memory
# %% exercise="q_memory"
# Your answer is one letter, "a", "b" or "c", with the quotation marks
### BEGIN SOLUTION
q_memory = "c"
### END SOLUTION

# %% check="q_memory.answer" points=0
check("q_memory", q_memory)
# %% [markdown]
# So, when a notebook behaves strangely: *Restart kernel and run all cells* (in Colab: *Restart session and run all*).
# It forgets everything and runs the page as it stands, down to the first cell that fails. Go on from there by hand.
# %% [markdown]
# ## 2. A check that fails
#
# Exercises ask you to write a function. A *check* below the exercise runs it and says whether it is right. Leave the
# check cells as they are.
#
# Here is a function that is wrong on purpose. It should double every number of `x`; somebody typed `+` for `*`. The
# next cell but one hands it to the check of your first exercise. **Predict:** what comes, and what is expected, when an
# element of `x` is 3? Write your guesses down first. Many experiments of the course begin like this.
# %%
my_guess = {"comes": "?", "is expected": "?"}


# %% tags=["demo"]
def plus_two(x):
    return x + 2


try:
    check("double of three numbers", plus_two, np.array([3.0, -1.0, 0.5]))
except AssertionError as message:
    print(message)
print("Your guess, at [0]:", my_guess)
# %% [markdown]
# Read it in this order:
#
# 1. **The first sentence** says what is wrong: a wrong shape, a wrong value, an error, nothing returned. For wrong
#    values it names the first place that differs, here `[0]`, with what was expected and what came.
# 2. **"Likely cause"** stands there when the result, or its wrong part, is exactly what a well-known mistake gives. It
#    names that mistake, or two that give the same. *Likely*: another slip may give the same numbers.
#
# A failing check costs nothing. Try as often as you like.
# %% [markdown]
# ## 3. Your first exercise
#
# ### Exercise: `double` (2 minutes)
#
# Delete the line `raise NotImplementedError()` and write your own in its place. Run the cell, then the check below it.
#
# If you have a minute, be wrong first: return `x**2`, or forget the `return`. See what the check makes of it.
#
# <details><summary>Hint</summary>
#
# Hints are folded away like this one. Here: arithmetic on an array works on every element, so no loop is needed.
#
# </details>


# %% exercise="double"
def double(x):
    """Twice every number in x.

    x: an array of any shape. Returns a new array of the same shape; x itself is not changed. About 2 minutes.
    """
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="double.values" points=0
check("double of three numbers", double, np.array([3.0, -1.0, 0.5]))
check("double of a table", double, np.array([[1.5, 10.0], [-4.0, 0.25], [7.0, -0.5], [2.5, -30.0]]))
### BEGIN HIDDEN TESTS
check("double of float32", double, np.linspace(-3, 5, 7, dtype="f4"))
check("double, not contiguous", double, np.arange(24.0).reshape(4, 6)[:, ::2])
### END HIDDEN TESTS

# %% [markdown]
# **Established:** a green line for each check. That is how every exercise of the course works.
# %% [markdown]
# ## 4. The scoreboard
#
# `scoreboard()` shows your points so far. This unit has none to give: it is practice. The others have ten to
# twenty-five each. Run the next cell whenever you want to know where you stand; each notebook ends with one.
# %%
scoreboard()
# %% [markdown]
# If you hand notebooks in, they are run again from the top and graded, with some *hidden tests* added that you do not
# see here.
#
# **Question 2.** All your checks are green. What can still cost points when the notebook is graded?
#
# - (a) an answer that fits just the inputs shown
# - (b) the many attempts that it took you
# - (c) the demonstration cells you left out
# %% exercise="q_hidden"
# Your answer: "a", "b" or "c"
### BEGIN SOLUTION
q_hidden = "a"
### END SOLUTION

# %% check="q_hidden.answer" points=0
check("q_hidden", q_hidden)
# %% [markdown]
# **Established:** hidden tests ask the same question with other inputs: other shapes, other kinds of numbers, unusual
# data. An answer that does what the exercise says, and not just what the visible checks look at, has nothing to fear.
# %% [markdown]
# ## 5. What is here
#
# Units 00 to 06 need Python, NumPy and Matplotlib. PyTorch (`torch`) is a second opinion in units 04 and 05, passed
# over where it is missing, and needed from unit 07 on. A CPU is enough everywhere. In unit 11 it trains smaller
# networks, for fewer steps, than the papers did; the unit says so.
# %% tags=["demo"]
import platform

print("Python ", platform.python_version())
print("NumPy  ", np.__version__)
try:
    import torch

    print("torch  ", torch.__version__)
    print("device ", "an NVIDIA GPU" if device().type == "cuda" else "the CPU")
except (ImportError, OSError):  # OSError: installed, but a library it needs is missing
    print("torch   not installed (needed from unit 07 on)")
# %% [markdown]
# The data of most units are MNIST: 70,000 small images of handwritten digits. `load_mnist()` looks for them on this
# machine, and downloads them (11 MB, once) if it must. Without a network it falls back on a small set of other real
# digits, and says so. Everything runs on those too, with other numbers. Unit 11 is about other data, CIFAR-10:
# photographs that you fetch by hand (170 MB), if you want them. It says how, and what it does without them.
# %% tags=["demo"]
X_train, y_train, X_test, y_test = load_mnist()
print(
    f"{len(X_train):,} images to train on, {len(X_test):,} to test on, "
    f"each {X_train.shape[1]} x {X_train.shape[2]} pixels"
)
# %% claim="MNIST is 70,000 images" data="mnist"
len(X_train) + len(X_test) == 70000
# %% tags=["demo"]
fig, axes = plt.subplots(1, 10, figsize=(8, 1.3))
fig.suptitle("One training image of each digit", x=0.01, ha="left", fontsize=10, fontweight="bold")
for digit, ax in enumerate(axes):
    ax.imshow(X_train[np.argmax(y_train == digit)], cmap="gray_r")
    ax.set_xlabel(digit)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
plt.show()
# %% [markdown]
# *The figure:* the first training image of each digit from 0 to 9, dark ink on white, with its label below.
# %% [markdown]
# ## 6. The course
#
# | unit | driving question |
# |---|---|
# | **00** Start here | How do these notebooks work? |
# | [01] Covariate shift | What goes wrong when inputs have the wrong scale, or move? |
# | [02] Internal covariate shift | What happens to signals and gradients inside a deep net? |
# | [03] The forward pass | What exactly does Algorithm 1 compute, and why γ and β? |
# | [04] The backward pass | How does the gradient flow through a batch's statistics? |
# | [05] Running statistics | What should BN do when there is no batch? |
# | [06] A NumPy network | Can our own BN train a real network? |
# | [07] PyTorch and MNIST | What does `nn.BatchNorm1d` buy on MNIST? |
# | [08] Convolutional nets | Why one γ and β per channel in a CNN? |
# | [09] Why it works | Is it really internal covariate shift? |
# | [10] When it fails | When does BN hurt, and what then? |
# | [11] Capstone: CIFAR-10 | Does it hold at scale: VGG-11 and ResNet-50 on CIFAR-10? |
#
# The links work where the notebooks lie side by side. A unit takes about one to two hours, exercises included, and says
# at its top how long; plan some fifteen hours for the whole course.
#
# 01 and 02 look at the trouble, 03 to 05 build the layer, 06 to 08 train with it, 09 to 11 put it to the test. If you
# have time for only two, take 03 and 04: by then you have batch normalization, forward and backward, in NumPy.
#
# Two papers are met throughout: Ioffe & Szegedy 2015 ([arXiv 1502.03167](https://arxiv.org/abs/1502.03167)), which
# introduced batch normalization (BN), and Santurkar et al. 2018 ([arXiv
# 1805.11604](https://arxiv.org/abs/1805.11604)), which doubted its explanation.
#
# [01]: 01_covariate_shift.ipynb
# [02]: 02_internal_covariate_shift.ipynb
# [03]: 03_batchnorm_forward.ipynb
# [04]: 04_batchnorm_backward.ipynb
# [05]: 05_running_statistics.ipynb
# [06]: 06_numpy_network.ipynb
# [07]: 07_pytorch_mnist.ipynb
# [08]: 08_cnn_per_channel.ipynb
# [09]: 09_why_it_works.ipynb
# [10]: 10_when_it_fails.ipynb
# [11]: 11_capstone_cifar10.ipynb
# %% [markdown]
# ## Recap
#
# - Run cells from top to bottom. In doubt: restart the kernel and run all.
# - An exercise is a function or a letter; the check below it says at once what is wrong, and often which mistake it is.
# - **Predict** means: write your guess down, then run. Where you were wrong, there was something to learn.
# - Hidden tests ask the same question with other inputs.
# %%
scoreboard()
# %% [markdown]
# **Next:** unit 01. What goes wrong when inputs have the wrong scale, or move?
