"""Huge pages for what is forked again and again: a fork copies an entry for each page, three times for a notebook.

With 60,000 pages of 4 kB, as torch takes, that and giving them back take as long as a small notebook's own code.
"""

import ctypes
import re

MADV_COLLAPSE = 25  # of Linux 6.1
HUGE = 2 << 20  # bytes of a huge page, aligned to as many
_PRIVATE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p \S+ \S+ 0 ", re.M)  # memory that is written to, of no file


def collapse() -> int:
    """Put this process's memory into huge pages where the system can. Returns how many there are now."""
    try:
        with open("/proc/self/maps") as file:
            ranges = [(int(begin, 16), int(end, 16)) for begin, end in _PRIVATE.findall(file.read())]
        advise = ctypes.CDLL(None, use_errno=True).madvise
    except (OSError, AttributeError):  # not Linux
        return 0
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    places = [at for begin, end in ranges for at in range(-(-begin // HUGE) * HUGE, end - HUGE + 1, HUGE)]
    return sum(advise(at, HUGE, MADV_COLLAPSE) == 0 for at in places)
