"""A seccomp filter: system calls that a notebook has no use for, and that reach past the namespaces or the limits.

Where the jail has no control group, some more: memory that no process holds could not be counted, and each session
could get a share of the processors of its own (the kernel's autogroups).
"""

import ctypes
import errno
import os
import struct

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
REFUSE, NO_MEMORY, PRETEND = ERRNO | errno.EPERM, ERRNO | errno.ENOMEM, ERRNO | 0
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
SHARED_ANONYMOUS = 0x21  # MAP_SHARED | MAP_ANONYMOUS
SOL_SOCKET, SO_SNDBUF = 1, 7
# BPF: a word of seccomp_data, jumps, the verdict, a bitwise and.
LOAD, EQUAL, AT_LEAST, RETURN, AND = 0x20, 0x15, 0x35, 0x06, 0x54
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, (16, 24, 32, 40, 48, 56)  # where in seccomp_data; of arguments, the lower words

# By machine: the audit architecture, and the numbers of system calls.
MACHINES = {
    "x86_64": (0xC000003E, {
        "socket": 41, "shmget": 29, "semget": 64, "msgget": 68, "ptrace": 101, "mount": 165, "umount2": 166,
        "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272, "perf_event_open": 298, "setns": 308,
        "process_vm_readv": 310, "process_vm_writev": 311, "memfd_create": 319, "bpf": 321, "userfaultfd": 323,
        "io_uring_setup": 425, "memfd_secret": 447, "vmsplice": 278, "mmap": 9, "setsockopt": 54, "setsid": 112,
    }),
    "aarch64": (0xC00000B7, {
        "socket": 198, "shmget": 194, "semget": 190, "msgget": 186, "ptrace": 117, "mount": 40, "umount2": 39,
        "add_key": 217, "request_key": 218, "keyctl": 219, "unshare": 97, "perf_event_open": 241, "setns": 268,
        "process_vm_readv": 270, "process_vm_writev": 271, "memfd_create": 279, "bpf": 280, "userfaultfd": 282,
        "io_uring_setup": 425, "memfd_secret": 447, "vmsplice": 75, "mmap": 222, "setsockopt": 208, "setsid": 157,
    }),
}  # fmt: skip


SOME = ("socket", "mmap", "setsockopt", "setsid")  # refused in some cases only
Instruction = tuple[int, int, int, int]  # struct sock_filter: code, jump if true, jump if false, operand


def _case(number: int, body: list[Instruction]) -> list[Instruction]:
    """What is done for one system call; `body` has to end with a verdict. The others pass by it."""
    return [(EQUAL, 0, len(body), number), *body]


def _filter(architecture: int, numbers: dict[str, int], unaccounted: bool, sessions: bool) -> bytes:
    """The program, as an array of struct sock_filter."""
    families = [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK]  # others, such as AF_VSOCK, are outside network namespaces
    program = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, REFUSE), (LOAD, 0, 0, NUMBER)]
    program += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, REFUSE)]  # x86's second table of the same calls
    for name, number in numbers.items():
        if name not in SOME:
            program += _case(number, [(RETURN, 0, 0, REFUSE)])
    body = [(LOAD, 0, 0, ARGUMENTS[0])]
    for family in families:
        body += [(EQUAL, 0, 1, family), (RETURN, 0, 0, ALLOW)]
    program += _case(numbers["socket"], [*body, (RETURN, 0, 0, REFUSE)])
    if not sessions:  # not refused, since programs that ask for one hardly ever need it
        program += _case(numbers["setsid"], [(RETURN, 0, 0, PRETEND)])
    if not unaccounted:
        body = [(LOAD, 0, 0, ARGUMENTS[3]), (AND, 0, 0, SHARED_ANONYMOUS), (EQUAL, 0, 1, SHARED_ANONYMOUS)]
        program += _case(numbers["mmap"], [*body, (RETURN, 0, 0, NO_MEMORY), (RETURN, 0, 0, ALLOW)])
        body = [(LOAD, 0, 0, ARGUMENTS[1]), (EQUAL, 0, 3, SOL_SOCKET), (LOAD, 0, 0, ARGUMENTS[2])]
        body += [(EQUAL, 0, 1, SO_SNDBUF), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
        program += _case(numbers["setsockopt"], body)
    program += [(RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def forbid_system_calls(libc: ctypes.CDLL, unaccounted: bool = True, sessions: bool = True) -> None:
    """Refuse them from here on, in this process and its children. Elsewhere than on MACHINES, nothing is done.

    unaccounted: memory may be used that no process shows. sessions: there may be new ones.
    """
    if os.uname().machine not in MACHINES:
        return
    code = _filter(*MACHINES[os.uname().machine], unaccounted, sessions)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the filter of system calls was refused")
