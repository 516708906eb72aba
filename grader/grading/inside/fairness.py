"""A fair share of the processors for everybody, where the jail has no control group that would see to it."""

import contextlib
import math
import os

WEIGHT_OF_ONE = 1.25  # the factor between the weights of two nice values that follow each other


def share_time(tasks: dict[str, list[str]], kernel: str) -> None:
    """Let the threads that run, but for the kernel's first, weigh together about what one does.

    tasks: threads by process. A notebook cannot undo it: to be less nice takes a right that it has not.
    """
    running = [t for process, threads in tasks.items() for t in threads if t != kernel and _runs(process, t)]
    if len(running) < 2:
        return
    nice = min(19, math.ceil(math.log(len(running), WEIGHT_OF_ONE)))
    for thread in map(int, running):
        with contextlib.suppress(OSError):  # it has ended
            if os.getpriority(os.PRIO_PROCESS, thread) < nice:
                os.setpriority(os.PRIO_PROCESS, thread, nice)


def _runs(process: str, thread: str) -> bool:
    try:
        with open(f"/proc/{process}/task/{thread}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "R"
    except OSError:
        return False
