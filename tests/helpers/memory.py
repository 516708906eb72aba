"""The memory of this process, and of the machine, for tests of what somebody else's code may use of it."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


class Growth:
    """By how many MB this process grows from now on, at most."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # the peak is from now on
        self.before = _status("VmRSS")

    @property
    def mb(self) -> float:
        return _status("VmHWM") - self.before


def _used_mb() -> float:
    """What the machine could not give to somebody else."""
    kb = {line.split(":")[0]: int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines()}
    given_back = ("MemFree", "Buffers", "Cached", "SReclaimable")
    return (kb["MemTotal"] + kb["Shmem"] - sum(kb[name] for name in given_back)) / 1024


@contextlib.contextmanager
def machine_growth() -> Iterator[list[float]]:
    """By how many MB what the machine uses grows meanwhile: the last of the list is the most, when it is over."""
    before, over, seen = _used_mb(), threading.Event(), [0.0]

    def look() -> None:
        while not over.is_set():
            seen.append(_used_mb() - before)
            time.sleep(0.005)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
        seen.append(max(seen))
