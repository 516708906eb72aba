"""What the kernel counts for a control group, read through descriptors that the grader has opened.

Used by the grader and, through descriptors that it passes on, in the jail, where there is no /sys/fs/cgroup.
"""

import os


class Counted:
    """The memory of a control group, of either version of the interface.

    usage, stat, events: descriptors of memory.current, memory.stat and memory.events, or of what version 1 calls
    memory.usage_in_bytes, memory.stat and memory.oom_control.
    """

    def __init__(self, version: int, usage: int, stat: int, events: int) -> None:
        self.usage, self.stat, self.events = usage, stat, events
        self._files = b"file" if version == 2 else b"total_cache"
        self._shared = b"shmem" if version == 2 else b"total_shmem"

    def all_bytes(self) -> int:
        """All that is charged to it, copies of files included, which the kernel drops when it needs room."""
        return int(os.pread(self.usage, 100, 0))

    def bytes(self) -> int:
        """What is charged to it and cannot be dropped."""
        found = dict(line.split() for line in os.pread(self.stat, 1 << 14, 0).splitlines() if line.count(b" ") == 1)
        droppable = int(found.get(self._files, 0)) - int(found.get(self._shared, 0))
        return self.all_bytes() - max(0, droppable)

    def kills(self) -> int:
        """How many of its processes the kernel has killed for want of memory."""
        found = dict(line.split() for line in os.pread(self.events, 1 << 12, 0).splitlines() if line.count(b" ") == 1)
        return int(found.get(b"oom_kill", 0))
