"""The filter of system calls, in a process of its own: what is refused, and what goes on working."""

import os
import sys

import pytest
from helpers.inside import run_inside

from grader.grading.inside.seccomp import MACHINES

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine not in MACHINES, reason="there is no filter for this machine"
)

FILTERED = """\
import ctypes, errno, os, mmap, socket, subprocess, threading
from seccomp import MACHINES, forbid_system_calls
libc = ctypes.CDLL(None, use_errno=True)
numbers = MACHINES[os.uname().machine][1]

def call(name, *args):
    "How a system call ends: the name of its error, or its value."
    value = libc.syscall(numbers[name], *args)
    return errno.errorcode[ctypes.get_errno()] if value == -1 else value

assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS, without which only root may have a filter
forbid_system_calls(libc, unaccounted={unaccounted}, sessions={sessions})
"""


def filtered(code: str, unaccounted: bool = True, sessions: bool = True) -> list[str]:
    return run_inside(FILTERED.format(unaccounted=unaccounted, sessions=sessions) + code).split()


def test_what_reaches_past_namespaces_and_limits_is_refused():
    """Each by EPERM; with arguments that make no sense, which would else be another error."""
    never = [name for name in MACHINES[os.uname().machine][1] if name not in ("socket", "mmap", "setsockopt", "setsid")]
    assert len(never) == 20
    assert filtered(f"for name in {never!r}:\n    print(call(name, -1, -1, -1, -1, -1))") == ["EPERM"] * 20


def test_sockets_of_four_families_and_no_other():
    code = """\
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
    socket.socket(family, socket.SOCK_DGRAM).close()
for family in (socket.AF_PACKET, socket.AF_VSOCK, socket.AF_ALG, 1 << 31):
    print(call("socket", ctypes.c_ulong(family), 1, 0))
left, right = socket.socketpair()
left.send(b"x")
print(right.recv(1).decode())"""
    assert filtered(code) == ["EPERM"] * 4 + ["x"]


def test_programs_threads_and_memory_work():
    code = """\
thread = threading.Thread(target=print, args=("thread",))
thread.start()
thread.join()
print(subprocess.run(["echo", "program"], capture_output=True, text=True).stdout)
with mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
    memory[0] = 1
print(os.open("/dev/null", os.O_RDONLY) > 0)"""
    assert filtered(code, unaccounted=False, sessions=False) == ["thread", "program", "True"]


@pytest.mark.parametrize(("unaccounted", "expected"), [(True, ["had", "262144"]), (False, ["ENOMEM", "EPERM"])])
def test_memory_that_no_process_shows(unaccounted, expected):
    """Shared and anonymous, and large buffers of sockets: where no control group counts, there is none."""
    code = """\
try:
    mmap.mmap(-1, 4096, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS).close()
    print("had")
except OSError as error:
    print(errno.errorcode[error.errno])
left, right = socket.socketpair()
left.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, bytes(16))  # any other option can be set
try:
    left.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 131072)
    print(left.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF))
except OSError as error:
    print(errno.errorcode[error.errno])"""
    assert filtered(code, unaccounted=unaccounted) == expected


@pytest.mark.parametrize("sessions", [True, False])
def test_a_session_of_its_own_is_had_or_pretended(sessions):
    code = """\
before = os.getsid(0)
child = os.fork()
if child == 0:
    print(call("setsid") != "EPERM", os.getsid(0) != before, flush=True)
    os._exit(0)
os.waitpid(child, 0)"""
    assert filtered(code, sessions=sessions) == ["True", str(sessions)]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x86 has a second table of the same calls")
def test_the_second_table_of_the_same_calls_is_refused():
    code = "print(libc.syscall(0x40000000 | 39), errno.errorcode[ctypes.get_errno()])"
    assert filtered(code) == ["-1", "EPERM"]


def test_elsewhere_nothing_is_done():
    code = """\
import os, ctypes, seccomp
seccomp.MACHINES = {}
seccomp.forbid_system_calls(None)"""
    assert run_inside(code) == ""
