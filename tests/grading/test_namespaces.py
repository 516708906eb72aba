"""Rights and limits of one notebook, in processes of their own; whole jails are in test_jail and the hostile corpus."""

import os
import sys

import pytest
from helpers.inside import run_inside

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

# `child(do)` forks, runs do() there and tells what it printed, or the error that it raised.
CHILD = """\
import os, resource, signal, sys
import namespaces

def child(do):
    told = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            said = do()
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(told[1], str(said).encode())
        os._exit(0)
    os.close(told[1])
    said = b"".join(iter(lambda: os.read(told[0], 1000), b"")).decode()
    os.close(told[0])
    os.waitpid(process, 0)
    print(said)

LIMITS = {"memory_mb": 300, "disk_mb": 16, "processes": 64, "notebook_seconds": 15}
"""


def said_by(code: str) -> list[str]:
    return run_inside(CHILD + code).splitlines()


def test_a_call_that_fails_is_named():
    code = """\
child(lambda: namespaces.mount("none", "/no/such", "tmpfs"))
child(lambda: namespaces.call(namespaces.libc.prctl, 1, 1000, 0, 0, 0))"""
    mounting, calling = said_by(code)
    assert mounting.partition("mounting /no/such: ")[2] in ("No such file or directory", "Operation not permitted")
    assert calling == "OSError: [Errno 22] prctl: Invalid argument"


def test_descriptors_are_closed_but_those_that_are_needed():
    code = """\
def is_open(descriptor):
    try:
        return bool(os.fstat(descriptor))
    except OSError:
        return False

if os.fork() == 0:
    kept, other = os.open("/dev/null", os.O_RDONLY), os.open("/dev/null", os.O_RDONLY)
    namespaces.close_but({kept})
    os.write(1, str([is_open(descriptor) for descriptor in (0, 1, 2, kept, other)]).encode())
    os._exit(0)
os.wait()"""
    assert said_by(code) == ["[True, True, True, True, False]"]


def test_a_child_ends_with_its_parent():
    code = """\
told = os.pipe()
parent = os.fork()
if parent == 0:
    if os.fork() == 0:
        namespaces.die_with_parent()
        os.write(told[1], b".")
        signal.pause()
    signal.pause()
os.close(told[1])
os.read(told[0], 1)
os.kill(parent, signal.SIGKILL)
os.waitpid(parent, 0)
print(os.read(told[0], 1))  # nothing: the last that could write has ended"""
    assert said_by(code) == ["b''"]


def test_a_kernel_is_killed_first_where_memory_is_short():
    code = """\
def do():
    namespaces.die_first()
    return open("/proc/self/oom_score_adj").read().strip()
child(do)"""
    assert said_by(code) == ["1000"]


@pytest.mark.parametrize("counted", [True, False])
def test_limits_of_the_kernel_process(counted):
    """A net below what init watches over; where a control group counts the tables, addresses are not limited."""
    code = f"""\
def do():
    addresses = namespaces.address_space()
    namespaces.limit(LIMITS, baseline_kb=50_000, files_mb=4, counted={counted})
    now = {{name: resource.getrlimit(getattr(resource, f"RLIMIT_{{name}}"))[0] for name in
           ("DATA", "AS", "FSIZE", "NPROC", "CPU", "NOFILE", "CORE", "MEMLOCK", "MSGQUEUE")}}
    now["AS"] = now["AS"] == -1 or round((now["AS"] - addresses) / 2**20)
    return now
child(do)"""
    assert eval(said_by(code)[0]) == {
        "DATA": (300 + 512) * 2**20 + 2 * 50_000 * 1024,
        "AS": True if counted else 300 + 16 + 4 + 4096,
        "FSIZE": (16 + 4) * 2**20,
        "NPROC": 68,
        "CPU": 80,
        "NOFILE": 256,
        "CORE": 0,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
    }


def test_limits_that_are_lower_already_stay():
    code = """\
def do():
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    namespaces.limit(LIMITS, 0, 0, counted=False)
    return resource.getrlimit(resource.RLIMIT_NOFILE)
child(do)"""
    assert said_by(code) == ["(100, 100)"]


def test_a_file_and_memory_end_at_the_limits():
    code = """\
def fill():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    namespaces.limit(LIMITS, 0, 0, counted=False)
    with open("/dev/shm/bncourse-test-%d" % os.getpid(), "wb") as file:
        os.unlink(file.name)
        for _ in range(17):
            file.write(bytes(1 << 20))
child(fill)

def hold():
    namespaces.limit(LIMITS, 0, 0, counted=False)
    return len(bytearray(1 << 30))
child(hold)"""
    said = said_by(code)
    assert said == ["OSError: [Errno 27] File too large", "MemoryError: "]


def test_no_right_is_left_in_namespaces_of_our_own():
    """There one has all rights, until they are dropped: then nothing can be mounted, nor a namespace made."""
    code = """\
def rights():
    return next(line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff"))

def do():
    namespaces.own_namespaces()
    if os.fork():  # the next child is the namespaces' PID 1
        os.wait()
        return ""
    said = [os.getpid(), int(rights(), 16) > 0]
    namespaces.drop_rights(unaccounted=False, sessions=False)
    said += [int(rights(), 16), open("/proc/self/status").read().count("NoNewPrivs:\\t1")]
    for forbidden in (lambda: namespaces.mount("none", "/mnt", "tmpfs"), namespaces.own_namespaces):
        try:
            forbidden()
        except OSError as error:
            said.append(error.errno)
    os.write(1, f"{said}\\n".encode())
    os._exit(0)
sys.stdout.flush()
child(do)"""
    said = said_by(code)
    if said[0].startswith("OSError"):
        pytest.skip(f"no namespaces can be made here ({said[0]})")
    pid, had, has, no_new, *errors = eval(said[0])
    assert (pid, had, has, no_new) == (1, True, 0, 1)
    if os.uname().machine in ("x86_64", "aarch64"):
        assert errors == [1, 1]  # EPERM


def test_nobody_can_read_what_hides():
    code = """\
def do():
    namespaces.hide()
    return namespaces.libc.prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
child(do)"""
    assert said_by(code) == ["0"]
