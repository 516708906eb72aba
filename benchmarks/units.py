"""How long each unit's solved notebook runs, and its peak memory. A benchmark, not a test.

    python benchmarks/units.py [UNIT…]          # MNIST_DIR set: on MNIST; otherwise on the small digits

Each notebook is executed in a process of its own, whole, demos included, as a reader's "run all" does. Times are wall
clock and noisy; the peak is the largest single process (the kernel).
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from grader.authoring.stale import targets
from grader.paths import unit_sources

EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
from grader.kernel import QUIET_KERNEL
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=1800, kernel_name="python3", extra_arguments=QUIET_KERNEL).execute()
"""


def measure(notebook: Path) -> tuple[float, float, bool]:
    """Wall time in seconds, peak memory in MiB, and whether the notebook ran to its end."""
    start = time.perf_counter()
    pid = os.posix_spawn(
        sys.executable, [sys.executable, "-c", EXECUTE, str(notebook)], os.environ | {"TQDM_DISABLE": "1"}
    )
    _, status, usage = os.wait4(pid, 0)
    return time.perf_counter() - start, usage.ru_maxrss / 1024, status == 0


def main() -> int:
    failed = False
    print(f"{'unit':<30} wall (s)  peak (MiB)")
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        for source in unit_sources(sys.argv[1:]):
            seconds, memory, good = measure(targets(source)[1])
            failed |= not good
            print(
                f"{source.stem:<30} {seconds:>8.1f} {memory:>11.0f}{'' if good else '  stopped with an error'}",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
