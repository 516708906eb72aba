"""What all submissions of a unit have in common is run once, where that is safe, and kernels are forked after it."""

import asyncio
import shutil
import sys
import time

import pytest

from grader.grading.batch import SETUP_CELL, requested
from grader.grading.execute import Kernel
from grader.grading.jail import Jail
from grader.grading.limits import Limits

pytestmark = [
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="templates are made on Linux"),
]

# As much of a setup cell as a template needs of it.
SETUP = """\
import sys, types
kit = sys.modules["bncourse_kit"] = types.ModuleType("bncourse_kit")
kit._run_check = None
ready = "yes"
print("Ready")
"""


RUN_SETUP = requested([SETUP_CELL])


@pytest.fixture(scope="module")
def jail():
    jail = Jail(torch=False)
    yield jail
    jail.close()


def run(jail, given, *codes, setup=SETUP, seed=1, limits=Limits()):  # noqa: B008  frozen
    """What the program's cells put out, None if they were not run before the fork; and what each code printed."""

    async def all_of_them():
        program = {"setup": setup, "given": list(given)}
        async with Kernel(jail, limits, time.monotonic() + 60, seed, {}, program) as kernel:
            ran = [await kernel.run(code) for code in codes]
        return kernel.begun, ["".join(o.get("text", o.get("evalue", "")) for o in one.outputs) for one in ran]

    return asyncio.run(all_of_them())


def test_kernels_have_the_names_of_what_was_run_before_them(jail):
    begun, said = run(jail, ["a = [1]", "a.append(2)\nprint('a is', a)\na"], "print(ready, a)", "a.append(3)")
    assert [[o.get("text") or o["data"]["text/plain"] for o in outputs] for outputs in begun] == [
        ["Ready\n"],
        [],
        ["a is [1, 2]\n", "[1, 2]"],
    ]
    assert said == ["yes [1, 2]\n", ""]


def test_what_a_notebook_does_to_them_is_its_own(jail):
    given = ["shared = [0]"]
    assert run(jail, given, "shared.append(1)\nready = 'no'\nprint(shared)")[1] == ["[0, 1]\n"]
    assert run(jail, given, "print(shared, ready)")[1] == ["[0] yes\n"]


def test_the_setup_cell_in_its_place_gives_its_names_again(jail):
    said = run(jail, ["x = 5"], "ready = 'no'", RUN_SETUP, "print(ready, x)")[1]
    assert said[-1] == "yes 5\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        "open('left.txt', 'w').close()",
        "import os\nif os.fork() == 0:\n    import time; time.sleep(1); os._exit(0)",
        "1 / 0",
        "this is no Python",
        "import os\nos._exit(3)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    ],
)
def test_where_it_is_not_safe_each_kernel_runs_it_itself(jail, given):
    begun, said = run(jail, [given], RUN_SETUP, "print(ready)")
    assert begun is None
    assert said == ["Ready\n", "yes\n"]


@pytest.mark.slow
def test_what_takes_too_long_is_left_to_the_kernels(jail):
    started = time.monotonic()
    begun, said = run(jail, ["while True: pass"], "print(1)", limits=Limits(notebook_seconds=1))
    assert begun is None and said == ["1\n"]
    assert time.monotonic() - started < 20


def test_a_setup_cell_that_fails_says_so_in_its_place(jail):
    begun, said = run(jail, [], RUN_SETUP, setup="raise OSError('no data')")
    assert begun is None and said == ["no data"]


def test_what_is_written_to_the_descriptors_does_not_reach_the_grader(jail):
    given = """import os\nos.write(1, b'{"exited": "x", "status": 0, "cpu": 0}\\n')\nos.write(2, b'!')"""
    assert run(jail, [given], "print(2)")[1] == ["2\n"]


DRAW = "import random, numpy as np\nprint(random.random(), np.random.rand())"


@pytest.mark.slow
def test_random_numbers_are_those_of_the_submission(jail):
    given = ["one = 1"]
    first, again, other = (run(jail, given, DRAW, seed=seed)[1] for seed in (1, 1, 2))
    assert first == again != other


def test_generators_that_the_unit_seeds_stay_as_it_seeded_them(jail):
    given = ["import numpy as np\nnp.random.seed(3)"]
    first, other = (run(jail, given, "print(np.random.rand())", seed=seed)[1] for seed in (1, 2))
    assert first == other == ["0.5507979025745755\n"]


@pytest.mark.slow
def test_programs_may_take_turns_also_more_than_there_are_templates(jail):
    for _ in range(2):
        for number in range(5):
            begun, said = run(jail, [f"mine = {number}"], "print(mine)")
            assert begun is not None and said == [f"{number}\n"]


def test_outputs_of_any_size_and_of_any_characters(jail):
    begun, _ = run(jail, ["print('é\"\\\\\\n' * 100_000, end='')"])
    assert begun[1][0]["text"] == 'é"\\\n' * 100_000


@pytest.mark.slow
def test_no_program_of_another_unit_is_in_a_kernels_memory(jail):
    run(jail, ["secret_of_another = 'told' + 'to nobody'"])
    look = "import sys\nprint(sys.modules['kernel'].programs, 'secret_of_another' in globals())"
    said = run(jail, ["own = 1"], look)[1]
    assert said == ["{} False\n"]
