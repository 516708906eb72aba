"""What honest students have in their notebooks: each earns all points, no flag, no limit, no repair.

Cells that stand above the answer, and answers written otherwise, by what is odd about them.
"""

RIGHT = "def normalize(x, mean, var, eps=1e-5):\n    return (x - mean) / np.sqrt(var + eps)"

CELLS = {
    "print": "print('x' * 100)",
    "a value": "1 + 1",
    "a long print": "print('x' * 500_000)",
    "many prints": """\
for i in range(5000):
    print(i)""",
    "stderr": """\
import sys
print('careful', file=sys.stderr)""",
    "warnings": """\
import warnings
warnings.warn('careful')
warnings.filterwarnings('error')""",
    "logging": """\
import logging
logging.basicConfig(level='DEBUG')
logging.info('begun')""",
    "html": """\
from IPython.display import HTML, display
display(HTML('<b>x</b>'))""",
    "markdown and latex": """\
from IPython.display import Latex, Markdown, display
display(Markdown('# x'), Latex('$x$'))""",
    "clear_output": """\
from IPython.display import clear_output
print(1)
clear_output(wait=True)
print(2)""",
    "a display that is updated": """\
from IPython.display import display
h = display(1, display_id=True)
h.update(2)""",
    "a progress bar": """\
try:
    from tqdm.auto import tqdm
except ImportError:
    tqdm = list
for i in tqdm(range(50)):
    pass""",
    "an object with a picture": """\
class P:
    def _repr_html_(self):
        return '<i>p</i>'
P()""",
    "an object whose repr fails": """\
class B:
    def __repr__(self):
        raise ValueError('no repr')
b = B()""",
    "other writing": """\
größe = 1
π = 3.14159
print('日本語', '🎉', π)""",
    "redirected output": """\
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as out:
    print('hidden')""",
    "stdout replaced and put back": """\
import io, sys
old = sys.stdout
sys.stdout = io.StringIO()
print(1)
sys.stdout = old""",
    "a figure": """\
plt.plot([1, 2])
plt.show()""",
    "a figure left open": """\
fig, ax = plt.subplots()
ax.hist(np.random.rand(99))""",
    "many figures": """\
for i in range(25):
    plt.figure()
    plt.plot([i])""",
    "another style": """\
plt.style.use('ggplot')
plt.rcParams['figure.dpi'] = 50""",
    "figures closed": "plt.close('all')",
    "matplotlib inline": "%matplotlib inline",
    "a backend that is not here": """\
try:
    get_ipython().run_line_magic('matplotlib', 'widget')
except Exception as error:
    print(error)""",
    "timeit": "%timeit -n 1 -r 1 sum(range(10))",
    "time of a cell": """\
%%time
y = 1""",
    "capture": """\
%%capture
print(1)""",
    "who and whos": """\
%who
%whos""",
    "help": "np.mean?",
    "autoreload": """\
%load_ext autoreload
%autoreload 2""",
    "a file written and imported": """\
%%writefile mine.py
value = 3""",
    "a module written and imported": """\
open('own_module.py', 'w').write('value = 3')
import own_module
print(own_module.value)""",
    "environment": "%env MY_VARIABLE=1",
    "shell": """\
!echo hello
files = !ls""",
    "bash": """\
%%bash
echo hello""",
    "pwd and cd": """\
%pwd
%cd .""",
    "reset of the names": "%reset -f\nimport numpy as np",
    "a magic that is none": "get_ipython().run_line_magic('nosuchmagic', '')",
    "a division by zero": "1 / 0",
    "a name that is not there": "undefined",
    "a syntax error": """\
def f(:
    pass""",
    "an indentation error": """\
  x = 1
 y = 2""",
    "an assertion": "assert 1 == 2, 'not yet'",
    "a raise": "raise ValueError('todo')",
    "NotImplementedError": "raise NotImplementedError",
    "exit": "exit()",
    "sys.exit": """\
import sys
sys.exit(1)""",
    "input": "name = input('Name? ')",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "a deep recursion": """\
def deep(n):
    return deep(n + 1)
deep(0)""",
    "threads": """\
import threading
ts = [threading.Thread(target=sum, args=([1],)) for _ in range(4)]
[t.start() for t in ts]
[t.join() for t in ts]""",
    "a thread that goes on": """\
import threading, time
threading.Thread(target=time.sleep, args=(30,), daemon=True).start()""",
    "a pool of threads": """\
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    print(list(pool.map(abs, [-1, 2])))""",
    "a pool of processes": """\
import multiprocessing
with multiprocessing.get_context('fork').Pool(2) as pool:
    print(pool.map(abs, [-1, 2]))""",
    "await": """\
import asyncio
await asyncio.sleep(0)""",
    "a task that goes on": """\
import asyncio
task = asyncio.ensure_future(asyncio.sleep(20))""",
    "asyncio.run inside a loop": """\
import asyncio
try:
    asyncio.run(asyncio.sleep(0))
except RuntimeError as error:
    print(error)""",
    "a program": """\
import subprocess
print(subprocess.run(['echo', 'x'], capture_output=True, text=True).stdout)""",
    "a pause": """\
import time
time.sleep(0.2)""",
    "seeds": """\
import random
random.seed(0)
np.random.seed(0)""",
    "a generator": """\
rng = np.random.default_rng(1)
r = rng.normal(size=5)""",
    "the state of random numbers": """\
state = np.random.get_state()
np.random.set_state(state)""",
    "errors of NumPy raised": "np.seterr(all='raise')",
    "printing of NumPy": "np.set_printoptions(precision=2, suppress=True)",
    "the recursion limit": """\
import sys
sys.setrecursionlimit(5000)""",
    "the garbage collector": """\
import gc
gc.collect()
gc.disable()""",
    "the working directory": """\
import os
os.makedirs('figures', exist_ok=True)
os.chdir('figures')""",
    "the search path": """\
import sys
sys.path.append('..')""",
    "the environment": """\
import os
os.environ['OMP_NUM_THREADS'] = '4'""",
    "files": """\
np.save('x.npy', np.ones(3))
np.load('x.npy')
open('notes.txt', 'w').write('todo')""",
    "a default of the language": "from __future__ import annotations",
    "builtins shadowed": """\
list = [1]
sum = 0
max = min = str = 1
len = 3
print = 5""",
    "the course's names shadowed": """\
check = 'x'
scoreboard = 1""",
    "names that checks use": """\
x = 'x'
r = 7
mean = var = None""",
    "NumPy by another import": """\
import numpy
import numpy as np
from numpy import *""",
    "NumPy deleted and imported again": """\
del np
import numpy as np""",
    "a name of the setup deleted": "del check",
    "dunder names": """\
__name__ = 'me'
__doc__ = 'my notebook'""",
    "underscores": """\
_ = 1
__ = 2
print(_)""",
    "a class of their own": """\
class Layer:
    def __init__(self):
        self.x = 1""",
    "tests of their own": """\
import unittest
class T(unittest.TestCase):
    def test(self):
        self.assertEqual(1, 1)
unittest.main(argv=[''], exit=False)""",
    "a doctest": """\
import doctest
doctest.testmod()""",
    "a main guard": """\
if __name__ == '__main__':
    print('main')""",
    "a dataclass": """\
from dataclasses import dataclass
@dataclass
class P:
    x: int = 1""",
    "exec and eval": """\
exec('z = 1')
eval('z + 1')""",
    "a check tried out": """\
try:
    check('x_hat', 1)
except Exception as error:
    print(error)""",
    "the scoreboard": "scoreboard()",
    "a hook for errors": """\
import sys
sys.excepthook = print""",
    "a tracer put back": """\
import sys
sys.settrace(lambda *a: None)
sys.settrace(None)""",
    "a signal": """\
import signal
signal.signal(signal.SIGALRM, signal.SIG_IGN)""",
    "nothing but a comment": "# to do",
    "a very long line": "data = [" + "1, " * 20_000 + "]",
    "tabs": "if True:\n\tq = 1",
    "carriage returns": "a = 1\r\nb = 2\r\n",
}

ANSWERS = {
    "as expected": """\
def normalize(x, mean, var, eps=1e-5):
    return (x - mean) / np.sqrt(var + eps)""",
    "an import inside": """\
def normalize(x, mean, var, eps=1e-5):
    import numpy as np
    return (x - mean) / np.sqrt(var + eps)""",
    "a helper above": """\
def root(v):
    return np.sqrt(v)

def normalize(x, mean, var, eps=1e-5):
    return (x - mean) / root(var + eps)""",
    "a lambda": "normalize = lambda x, mean, var, eps=1e-5: (x - mean) / np.sqrt(var + eps)",
    "a callable object": """\
class N:
    def __call__(self, x, mean, var, eps=1e-5):
        return (x - mean) / np.sqrt(var + eps)
normalize = N()""",
    "a partial": """\
import functools
def full(x, mean, var, eps=1e-5):
    return (x - mean) / np.sqrt(var + eps)
normalize = functools.partial(full)""",
    "a decorator": """\
import functools
def told(f):
    @functools.wraps(f)
    def g(*a, **k):
        return f(*a, **k)
    return g

@told
def normalize(x, mean, var, eps=1e-5):
    return (x - mean) / np.sqrt(var + eps)""",
    "a static method": """\
class N:
    @staticmethod
    def n(x, mean, var, eps=1e-5):
        return (x - mean) / np.sqrt(var + eps)
normalize = N.n""",
    "more defaults": """\
def normalize(x, mean, var, eps=1e-5, verbose=False):
    return (x - mean) / np.sqrt(var + eps)""",
    "annotations": """\
def normalize(x: 'np.ndarray', mean, var, eps: float = 1e-5) -> 'np.ndarray':
    return (x - mean) / np.sqrt(var + eps)""",
    "*args": """\
def normalize(x, *args, **kwargs):
    mean, var = args
    return (x - mean) / np.sqrt(var + kwargs.get('eps', 1e-5))""",
    "a loop": """\
def normalize(x, mean, var, eps=1e-5):
    out = np.empty_like(x)
    for i in range(len(x)):
        out[i] = (x[i] - mean) / np.sqrt(var + eps)
    return out""",
    "prints inside": """\
def normalize(x, mean, var, eps=1e-5):
    print(x.shape)
    return (x - mean) / np.sqrt(var + eps)""",
    "a plot inside": """\
def normalize(x, mean, var, eps=1e-5):
    plt.plot(x)
    return (x - mean) / np.sqrt(var + eps)""",
    "an assert inside": """\
def normalize(x, mean, var, eps=1e-5):
    assert x.ndim == 2
    return (x - mean) / np.sqrt(var + eps)""",
    "a warning inside": """\
def normalize(x, mean, var, eps=1e-5):
    import warnings; warnings.warn('!')
    return (x - mean) / np.sqrt(var + eps)""",
    "random numbers inside": """\
def normalize(x, mean, var, eps=1e-5):
    np.random.rand(3)
    return (x - mean) / np.sqrt(var + eps)""",
    "a counter outside": """\
calls = []
def normalize(x, mean, var, eps=1e-5):
    calls.append(1)
    return (x - mean) / np.sqrt(var + eps)""",
    "globals used": """\
count = 0
def normalize(x, mean, var, eps=1e-5):
    global count
    count += 1
    return (x - mean) / np.sqrt(var + eps)""",
    "a cache": """\
cache = {}
def normalize(x, mean, var, eps=1e-5):
    cache[x.shape] = x.mean()
    return (x - mean) / np.sqrt(var + eps)""",
    "errors caught": """\
def normalize(x, mean, var, eps=1e-5):
    try:
        return (x - mean) / np.sqrt(var + eps)
    except ValueError:
        return None""",
    "a view of something larger": """\
def normalize(x, mean, var, eps=1e-5):
    big = np.zeros((2 * len(x), x.shape[1]), x.dtype)
    big[::2] = (x - mean) / np.sqrt(var + eps)
    return big[::2]""",
    "not contiguous": """\
def normalize(x, mean, var, eps=1e-5):
    return np.asfortranarray((x - mean) / np.sqrt(var + eps))""",
    "a subclass of arrays": """\
class A(np.ndarray):
    pass
def normalize(x, mean, var, eps=1e-5):
    return ((x - mean) / np.sqrt(var + eps)).view(A)""",
    "defined twice": """\
def normalize(x, mean, var, eps=1e-5):
    return x

def normalize(x, mean, var, eps=1e-5):
    return (x - mean) / np.sqrt(var + eps)""",
    "called at once": """\
def normalize(x, mean, var, eps=1e-5):
    return (x - mean) / np.sqrt(var + eps)
normalize(np.ones((2, 2)), np.ones(2), np.ones(2))""",
    "called with an error afterwards": """\
def normalize(x, mean, var, eps=1e-5):
    return (x - mean) / np.sqrt(var + eps)
normalize(1)""",
    "timed": """\
import time
def normalize(x, mean, var, eps=1e-5):
    time.sleep(0.02)
    return (x - mean) / np.sqrt(var + eps)""",
    "a docstring in another language": """\
def normalize(x, mean, var, eps=1e-5):
    '''Нормализует.'''
    return (x - mean) / np.sqrt(var + eps)""",
    "numba-like comments": """\
# type: ignore
# pylint: disable=all
def normalize(x, mean, var, eps=1e-5):
    return (x - mean) / np.sqrt(var + eps)""",
    "a magic above": """\
%matplotlib inline
def normalize(x, mean, var, eps=1e-5):
    return (x - mean) / np.sqrt(var + eps)""",
    "a shell command above": """\
!echo begin
def normalize(x, mean, var, eps=1e-5):
    return (x - mean) / np.sqrt(var + eps)""",
}
