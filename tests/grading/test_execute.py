"""One kernel of the jail, as the grader talks to it."""

import asyncio
import logging
import os
import shutil
import tempfile
import time

import pytest
import zmq

from grader.grading.execute import Kernel
from grader.grading.jail import Jail
from grader.grading.limits import Limits

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


@pytest.fixture(scope="module")
def jail():
    jail = Jail(torch=False)
    yield jail
    jail.close()


def run(jail, *codes):
    """What each of these gave, run one after the other in one kernel."""

    async def all_of_them():
        async with Kernel(jail, Limits(), time.monotonic() + 60, 1, {}) as kernel:
            return [await kernel.run(code) for code in codes]

    return asyncio.run(all_of_them())


def text(ran):
    return "".join(output.get("text", "") for output in ran.outputs)


def test_nbgrader_can_still_tell_why_it_fails(jail, capfd):
    """A kernel says nothing, without silencing the log that nbgrader has in common with it by default."""
    run(jail, "import os; os.write(1, b'x'); 1 / 0")
    assert not logging.getLogger("traitlets").disabled
    assert capfd.readouterr() == ("", "")


def test_a_kernel_answers_at_once(jail):
    """Its sockets are connected to before they are there: libzmq tries again after 0.1 s, unless told otherwise."""

    async def seconds():
        started = time.perf_counter()
        async with Kernel(jail, Limits(), time.monotonic() + 60, 1, {}) as kernel:
            sockets = (kernel.client.kc.shell_channel.socket, kernel.client.kc.iopub_channel.socket)
            assert [socket.getsockopt(zmq.RECONNECT_IVL) for socket in sockets] == [2, 2]
            return time.perf_counter() - started

    assert min(asyncio.run(seconds()) for _ in range(10)) < 0.2


@pytest.mark.slow
def test_a_kernel_can_be_ended_at_once(jail):
    started = time.perf_counter()
    for _ in range(10):
        run(jail)
    assert time.perf_counter() - started < 10  # jupyter_client's own way takes a second and more for each


def test_nothing_is_left_behind(jail):
    before = set(os.listdir(tempfile.gettempdir()))
    run(jail, "print(1)")
    assert set(os.listdir(tempfile.gettempdir())) <= before
    assert os.listdir(jail.folder) == ["lock"]


def test_outputs_come_whole_and_in_order(jail):
    (ran,) = run(
        jail,
        """\
import sys
for number in range(20):
    print("out", number)
    print("err", number, file=sys.stderr)
    display(number)""",
    )
    seen = [output.get("text") or output["data"]["text/plain"] for output in ran.outputs]
    assert seen == [line for n in range(20) for line in (f"out {n}\n", f"err {n}\n", f"{n}")]


@pytest.mark.slow
def test_no_message_is_lost(jail):
    """ZMQ drops what is not read in time, above 1,000 messages, unless told otherwise: the end of a cell, too."""
    started = time.monotonic()
    (ran, after) = run(jail, "from IPython.display import display\nfor i in range(5000):\n    display(i)", "1")
    assert [output["data"]["text/plain"] for output in ran.outputs] == [str(i) for i in range(5000)]
    assert [output["output_type"] for output in after.outputs] == ["execute_result"]
    assert time.monotonic() - started < 20


def test_what_threads_and_processes_print_is_kept(jail):
    thread, process = run(
        jail,
        """\
import threading
threads = [threading.Thread(target=print, args=(n,)) for n in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()""",
        "import subprocess\n_ = subprocess.run(['echo', 'from a process'])",
    )
    # Sign by sign: a number and its end of line are written one after the other, and two threads may be between them.
    assert sorted(text(thread)) == sorted("".join(f"{n}\n" for n in range(8)))
    assert text(process) == "from a process\n"


def test_a_cell_is_transformed_once_and_anew_each_time(jail):
    *_, count, _, changed = run(
        jail,
        """\
seen = []

def note(lines):
    seen.append(lines)
    return lines

get_ipython().input_transformers_post.append(note)""",
        "seen.clear()",
        "1 + 1",
        "print(len(seen))",
        "get_ipython().input_transformers_post.append(lambda lines: ['print(6 * 7)\\n'])",
        "print(1)",
    )
    assert (text(count), text(changed)) == ("2\n", "42\n")


LIKE_PYTHON = [
    "x = 1\ny = x",
    "def f(x):\n    return x  # why?\n\n\n",
    "a = '''\n    %time\n  \t\n!ls\n'''\nb = a",
    "'''\n>>> f(1)\n2\n'''\nx = 1",
    "In [1]: x\nIn [2]: y",
    "...\n...: int",
    "x = (5\n% 3)\ny = -x",
    "%time x = 1\ny = 2",
    "x = 1\n!echo a",
    "x = !echo a\ny = x",
    "%%capture\nx = 1",
    "x = 1\nx?",
    "  x = 1\n  y = 2",
    "\n\nx = 1\ny = 2",
    ">>> x = 1\n>>> y = 2",
    "x = 1\n  y = 2",
    "x = '\\d'\ny = 1",
    "pwd",
    "\x0cx = 1\ny = 2",
    "x = 1\r\ny = 2\r\n",
]


def test_what_is_python_is_transformed_as_ipython_does(jail):
    code = """\
from ipykernel.zmqshell import ZMQInteractiveShell
ours = get_ipython()
for cell in {cells!r}:
    if ours.transform_cell(cell) != ZMQInteractiveShell.transform_cell(ours, cell):
        print(repr(cell))"""
    (ran,) = run(jail, code.format(cells=LIKE_PYTHON))
    assert ran.error is None and text(ran) == ""


def test_cells_that_are_more_than_python_do_what_they_do(jail):
    *_, shell, awaits, magic = run(
        jail,
        "import asyncio\nx = 3",
        "out = !echo $x\nprint(out)",
        "y = await asyncio.sleep(0, 5)\nprint(y)",
        "%time z = 1\nprint(z)",
    )
    assert text(shell) == "['3']\n" and text(awaits) == "5\n" and text(magic).endswith("1\n")


def test_the_same_cell_twice_sees_what_it_changed_itself(jail):
    code = "get_ipython().input_transformers_post[:] = [lambda lines: ['print(6 * 7)\\n']]"
    first, second = run(jail, code, code)
    assert (text(first), text(second)) == ("", "42\n")


def test_top_level_await_runs_once(jail):
    ran = run(jail, "import asyncio\ncalls = []", "calls.append(await asyncio.sleep(0, 5))", "print(calls)")[-1]
    assert text(ran) == "[5]\n"


def test_a_traceback_names_the_cell_and_the_line(jail):
    (ran,) = run(jail, "x = 1\n1 / 0")
    shown = "\n".join(ran.error["traceback"])
    assert "Cell In[1], line 2" in shown and "1 / 0" in shown


def test_widgets_are_imported_before_a_kernel_begins(jail):
    """Importing them takes half a second, and many units' progress bars do."""
    before, bar = run(
        jail,
        "import sys\nprint('ipywidgets' in sys.modules)",
        "from tqdm.auto import tqdm\nprint(tqdm.__mro__[1].__name__, sum(tqdm(range(3))))",
    )
    assert text(before) == "True\n" and text(bar).endswith("tqdm_notebook 3\n")


def test_a_traceback_is_written_once(jail):
    _, error, count = run(
        jail,
        """\
tb = get_ipython().InteractiveTB
calls, real = [], tb.structured_traceback

def counted(*args, **options):
    calls.append(1)
    return real(*args, **options)

tb.structured_traceback = counted""",
        "1 / 0",
        "print(len(calls))",
    )
    assert error.error["ename"] == "ZeroDivisionError" and text(count) == "1\n"
