"""Huge pages: memory that is forked stays what it was, in fewer pages."""

import subprocess
import sys

import pytest

from grader.grading.inside import pages
from grader.grading.jail import INSIDE

PROGRAM = """
import re, sys
sys.path.insert(0, {folder!r})
from pages import HUGE, collapse

def huge_kb():
    with open("/proc/self/smaps_rollup") as file:
        return int(re.search(r"AnonHugePages: +(\\d+)", file.read())[1])

numbers = bytes(range(256))
memory = bytearray(numbers) * (8 * HUGE // 256)
before, count = huge_kb(), collapse()
assert memory == numbers * (8 * HUGE // 256)
print(count, huge_kb() - before)
"""


def test_memory_is_put_into_huge_pages_and_is_the_same():
    run = subprocess.run([sys.executable, "-c", PROGRAM.format(folder=str(INSIDE))], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    count, more = map(int, run.stdout.split())
    if not count:
        pytest.skip("this system has no MADV_COLLAPSE (Linux 6.1)")
    assert count >= 7 and more >= 7 * pages.HUGE // 1024


@pytest.mark.parametrize("fault", [OSError, AttributeError])
def test_elsewhere_nothing_happens(monkeypatch, fault):
    def fails(*_):
        raise fault

    monkeypatch.setattr(pages, "open", fails, raising=False)
    assert pages.collapse() == 0
