"""Namespaces, rights and limits of one notebook, by the system calls that Python has no functions for."""

import contextlib
import ctypes
import os
import resource
import signal
import struct

from seccomp import forbid_system_calls

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = (
    0x00020000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
LAST_CAP = 63
KEYCTL_JOIN_SESSION_KEYRING = 1
KEYCTL = {"x86_64": 250, "aarch64": 219}  # the number of the system call
NOBODY = 65534

libc = ctypes.CDLL(None, use_errno=True)


def call(function, *args) -> None:
    """Call a function of libc. Raises OSError where it fails."""
    if function(*args) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{function.__name__}: {os.strerror(code)}")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2). Raises OSError, naming the target."""
    texts = [text.encode() or None for text in (source, target, kind, options)]
    if libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"mounting {target}: {os.strerror(code)}")


def become_nobody() -> None:
    """As root, which is exempt from the limit on processes: be root no longer."""
    # For root, bubblewrap covers parts of /proc; where any is covered, the kernels could not mount their own.
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    call(libc.prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)  # or /proc/self/uid_map would stay root's


def own_namespaces() -> None:
    """Leave the jail's namespaces for new ones, in which we have all rights; the next child is their PID 1."""
    user, group = os.getuid(), os.getgid()
    call(libc.unshare, NAMESPACES)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    # Or what a login left in its keyring could be read, and the next notebook find what this one puts there.
    libc.syscall(KEYCTL.get(os.uname().machine, -1), KEYCTL_JOIN_SESSION_KEYRING, None)


def close_but(kept: set[int]) -> None:
    """Close all descriptors but the standard ones and these."""
    for descriptor in {int(name) for name in os.listdir("/proc/self/fd")} - kept - {0, 1, 2}:
        with contextlib.suppress(OSError):  # the one by which they were listed
            os.close(descriptor)


def die_with_parent() -> None:
    call(libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def hide() -> None:
    """Be out of reach of other processes' ptrace."""
    call(libc.prctl, PR_SET_DUMPABLE, 0, 0, 0, 0)


def isolate(limits: dict, connections: str, folder: str, files_mb: int) -> None:
    """As PID 1 of new namespaces: an own /proc and /tmp, nothing else that could be written."""
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
    size = f"size={limits['disk_mb'] + files_mb}m,nr_inodes=20000,mode=0777"
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, size)
    os.makedirs("/tmp/.connection")
    mount(folder, "/tmp/.connection", "", MS_BIND)
    mount("tmpfs", connections, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "size=4k")
    os.makedirs("/tmp/shm")
    mount("/tmp/shm", "/dev/shm", "", MS_BIND)
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")


def seal() -> None:
    """As PID 1, when the kernel has bound its sockets: what is shared with the grader becomes read-only.

    So does /proc, where a process could take back that it is to be killed before others.
    """
    for folder in ("/tmp/.connection", "/proc"):
        mount("none", folder, "", MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def die_first() -> None:
    """As the kernel: where memory is short, this process and what it starts are killed before all others."""
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def drop_rights(unaccounted: bool, sessions: bool) -> None:
    """As the kernel, while it has but one thread (capabilities belong to threads): keep no right in the namespaces.

    unaccounted, sessions: see forbid_system_calls.
    """
    for capability in range(LAST_CAP + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    call(libc.capset, header, bytes(24))
    call(libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    forbid_system_calls(libc, unaccounted, sessions)


def address_space() -> int:
    """The addresses that this process has mapped, in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def limit(limits: dict, baseline_kb: int, files_mb: int, counted: bool) -> None:
    """Resource limits of the kernel process and what it starts: a net below what init watches over.

    counted: a control group counts the tables of what is mapped, so that there need be no limit on that.
    """
    megabyte = 1 << 20
    seconds = int(limits["notebook_seconds"]) + 5
    memory = limits["memory_mb"] * megabyte
    # Addresses cost nothing but the tables of what is mapped: a 512th. There may be many that are only set aside, for
    # stacks and by malloc for its arenas.
    addresses = address_space() + memory + (limits["disk_mb"] + files_mb + 4096) * megabyte
    addresses = resource.RLIM_INFINITY if counted else addresses
    for kind, value in (
        (resource.RLIMIT_DATA, memory + 2 * baseline_kb * 1024 + 512 * megabyte),
        (resource.RLIMIT_AS, addresses),
        (resource.RLIMIT_FSIZE, (limits["disk_mb"] + files_mb) * megabyte),
        (resource.RLIMIT_NPROC, limits["processes"] + 4),  # so that init sees that there are too many
        (resource.RLIMIT_CPU, 4 * seconds),
        (resource.RLIMIT_NOFILE, 256),  # what waits in sockets is no process's memory
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        value = min((one for one in (value, hard) if one != resource.RLIM_INFINITY), default=resource.RLIM_INFINITY)
        resource.setrlimit(kind, (value, value))
