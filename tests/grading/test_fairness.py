"""A fair share of the processors: threads that run beside each other get less nice, together as one."""

import os
import signal
import subprocess
import sys

import pytest

from grader.grading.inside.fairness import share_time

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")


@pytest.fixture
def busy():
    """A function that starts so many processes that compute, and returns their numbers, as /proc has them."""
    started = []

    def start(count: int) -> list[str]:
        code = "print(flush=True)\nwhile True: pass"
        began = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(count)]
        started.extend(began)
        for process in began:
            process.stdout.readline()
        return [str(process.pid) for process in began]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def nice(processes: list[str]) -> list[int]:
    return [os.getpriority(os.PRIO_PROCESS, int(process)) for process in processes]


def alone(processes: list[str]) -> dict[str, list[str]]:
    """Each process with its one thread."""
    return {process: [process] for process in processes}


def test_the_more_run_the_nicer_each_is(busy):
    """Weights fall by a factor of 1.25 from nice value to nice value: 1.25 ** 7 is 4.8, so 4 weigh about 1 at 7."""
    began_with = os.getpriority(os.PRIO_PROCESS, 0)
    four = busy(4)
    share_time(alone(four), kernel="")
    assert nice(four) == [max(7, began_with)] * 4


def test_the_kernels_own_thread_and_one_beside_it_stay_as_they_are(busy):
    began_with = os.getpriority(os.PRIO_PROCESS, 0)
    two = busy(2)
    share_time(alone(two), kernel=two[0])
    assert nice(two) == [began_with] * 2


def test_what_sleeps_has_ended_or_is_nicer_already_is_left_alone(busy):
    began_with = os.getpriority(os.PRIO_PROCESS, 0)
    sleeper, polite, *two = busy(4)
    os.kill(int(sleeper), signal.SIGSTOP)
    os.waitid(os.P_PID, int(sleeper), os.WSTOPPED)
    os.setpriority(os.PRIO_PROCESS, int(polite), 19)
    gone = str(2**22 + 1)  # beyond the largest number of a process
    share_time(alone([sleeper, polite, *two, gone]), kernel="")
    assert nice([sleeper, polite]) == [began_with, 19]
    assert nice(two) == [max(5, began_with)] * 2
