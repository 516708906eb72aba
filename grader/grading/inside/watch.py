"""What a notebook's init looks at while the kernel runs: whether all that it started keeps within the limits."""

import contextlib
import os
import signal
import time

from counted import Counted
from fairness import share_time

# Exit statuses of a kernel's init beside ENDED; grader/grading/limits.py has words for them.
MEMORY, CPU, DISK, PROCESSES, KILLED, LOCKS = 91, 92, 93, 94, 95, 96
ENDED = 90

TOLD = {signal.SIGCHLD, signal.SIGTERM}  # what a kernel's init waits for

INTERVAL, CLOSELY = 0.05, 0.01  # seconds from look to look; where more than half of the memory is used
LOCKS_EVERY = 20  # looks: to list the locks of files stops everybody's for a moment
MAX_LOCKS = 10_000  # of files: no control group counts them, and each takes 200 bytes of the system's memory
NEGLIGIBLE_KB, LOOKED_FOR = 16 << 10, 0.5  # growth, and seconds, after which memory is looked at closely again
SOCKET_KB = 320  # what can wait in one socket, at most, with the send buffer that it has from the beginning


def used_kb(process: str) -> int:
    """Memory of a process that is no file's, in KiB, what it shares with others and its page tables included."""
    kinds = ("RssAnon:", "RssShmem:", "VmPTE:", "HugetlbPages:")
    try:
        with open(f"/proc/{process}/status") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith(kinds))
    except OSError:  # it has ended
        return 0


def shared_out_kb(process: str) -> int:
    """The same, with what several processes have in common divided among them."""
    try:
        with open(f"/proc/{process}/smaps_rollup") as file:
            pages = sum(int(line.split()[1]) for line in file if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
        with open(f"/proc/{process}/status") as file:
            tables = sum(int(line.split()[1]) for line in file if line.startswith(("VmPTE:", "HugetlbPages:")))
        return pages + tables
    except FileNotFoundError:
        return 0
    except OSError:  # ended, or it hides itself
        return used_kb(process)


def threads(process: str) -> list[str]:
    """The numbers of a process's threads."""
    try:
        return os.listdir(f"/proc/{process}/task")
    except OSError:
        return []


def sockets() -> int:
    """How many sockets there are in our network namespace."""
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/net/sockstat") as file:
        return int(file.readline().split()[2])
    return 0


def too_many_locks() -> bool:
    """Whether the processes of our namespace hold more than MAX_LOCKS locks of files."""
    count = 0
    with contextlib.suppress(OSError), open("/proc/locks", "rb", 0) as file:
        while count <= MAX_LOCKS and (text := file.read(1 << 16)):
            count += text.count(b"\n")
    return count > MAX_LOCKS


class Memory:
    """What a notebook uses of the memory, in KiB, beyond what it had in the beginning.

    By the control group's account, where there is one. Else by what each process says: that leaves out some that the
    kernel of the system holds for it.
    """

    def __init__(self, limits: dict, baseline_kb: int, group: dict | None) -> None:
        self.limit_kb, self.baseline_kb = limits["memory_mb"] * 1024, baseline_kb
        self.counted = Counted(**group) if group else None
        if self.counted:
            self.before, self.kills = self.counted.bytes(), self.counted.kills()
        else:
            self.sockets = sockets()
            self.looked: tuple[int, int, float] | None = None  # at most, exactly, until when that is good enough

    def used_kb(self, processes: list[str]) -> int:
        """As much as there can be; exactly, where that is near the limit."""
        if self.counted:
            used = self.counted.all_bytes() - self.before
            if used > self.limit_kb << 9:
                used = self.counted.bytes() - self.before - _files_bytes()
            return used >> 10
        queued = SOCKET_KB * max(0, sockets() - self.sockets)
        most = sum(max(0, used_kb(process) - self.baseline_kb) for process in processes)
        if most + queued <= self.limit_kb:
            return most + queued
        # What they have in common was counted again and again. To look closely takes long, so not at each look.
        if self.looked is None or most > self.looked[0] + NEGLIGIBLE_KB or time.monotonic() > self.looked[2]:
            # Three more processes, ours and the two above it, have the zygote's pages.
            zygotes = self.baseline_kb * len(processes) // (len(processes) + 3)
            exactly = max(0, sum(map(shared_out_kb, processes)) - zygotes)
            self.looked = most, exactly, time.monotonic() + LOOKED_FOR
        return self.looked[1] + queued

    def killed(self) -> bool:
        """Whether the kernel of the system has killed one of the processes for want of memory."""
        return self.counted is not None and self.counted.kills() > self.kills


def _files_bytes() -> int:
    """What the notebook's files in /tmp take, which have a limit of their own."""
    disk = os.statvfs("/tmp")
    return (disk.f_blocks - disk.f_bfree) * disk.f_frsize


def watch(kernel: int, limits: dict, baseline_kb: int, group: dict | None, shares_cpu: bool) -> int:
    """As PID 1, with TOLD blocked: wait for the kernel to end, end everything where a limit is reached.

    Returns an exit status.
    """
    memory, looks, began_with = Memory(limits, baseline_kb, group), 0, None
    while True:
        with contextlib.suppress(ChildProcessError):
            while process := os.waitpid(-1, os.WNOHANG):
                if process[0] == 0:
                    break
                if process[0] == kernel:
                    by = os.WTERMSIG(process[1]) if os.WIFSIGNALED(process[1]) else None
                    if by == signal.SIGKILL and memory.killed():
                        return MEMORY
                    return {signal.SIGXCPU: CPU, signal.SIGKILL: KILLED}.get(by, ENDED)
        processes = [p for p in os.listdir("/proc") if p.isdigit() and p != "1"]
        used = memory.used_kb(processes)
        if used > memory.limit_kb or memory.killed():
            return MEMORY
        tasks = {p: threads(p) for p in processes}
        count = sum(map(len, tasks.values()))
        if count + 3 > limits["processes"]:  # keeper and init count too
            return PROCESSES
        disk = os.statvfs("/tmp")
        if disk.f_bavail == 0 or disk.f_favail == 0:
            return DISK
        looks += 1
        if looks % LOCKS_EVERY == 0 and too_many_locks():
            return LOCKS
        if not shares_cpu:
            began_with = count if began_with is None else began_with
            if count > began_with + 8:
                share_time(tasks, str(kernel))
        told = signal.sigtimedwait(TOLD, CLOSELY if used > memory.limit_kb // 2 else INTERVAL)
        if told and told.si_signo == signal.SIGTERM and told.si_pid == 0:  # of the keeper: it has no number in here
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(-1, signal.SIGKILL)
                os.waitpid(kernel, 0)
            return ENDED
