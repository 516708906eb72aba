"""A seccomp filter: system calls that a notebook has no use for, and that reach past the namespaces or the limits."""

import ctypes
import errno
import os
import struct

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # BPF: a word of seccomp_data, jumps, the verdict
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where in seccomp_data

# By machine: the audit architecture, and the numbers of system calls.
MACHINES = {
    "x86_64": (0xC000003E, {
        "socket": 41, "shmget": 29, "semget": 64, "msgget": 68, "ptrace": 101, "mount": 165, "umount2": 166,
        "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272, "perf_event_open": 298, "setns": 308,
        "process_vm_readv": 310, "process_vm_writev": 311, "memfd_create": 319, "bpf": 321, "userfaultfd": 323,
        "io_uring_setup": 425, "memfd_secret": 447,
    }),
    "aarch64": (0xC00000B7, {
        "socket": 198, "shmget": 194, "semget": 190, "msgget": 186, "ptrace": 117, "mount": 40, "umount2": 39,
        "add_key": 217, "request_key": 218, "keyctl": 219, "unshare": 97, "perf_event_open": 241, "setns": 268,
        "process_vm_readv": 270, "process_vm_writev": 271, "memfd_create": 279, "bpf": 280, "userfaultfd": 282,
        "io_uring_setup": 425, "memfd_secret": 447,
    }),
}  # fmt: skip


def _filter(architecture: int, numbers: dict[str, int]) -> bytes:
    """The program, as an array of struct sock_filter (code, jump if true, jump if false, operand)."""
    refused = [number for name, number in numbers.items() if name != "socket"]
    families = [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK]  # others, such as AF_VSOCK, are outside network namespaces
    program = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, REFUSE), (LOAD, 0, 0, NUMBER)]
    program += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, REFUSE)]  # x86's second table of the same calls
    for number in refused:
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    program += [(EQUAL, 1, 0, numbers["socket"]), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, FIRST_ARGUMENT)]
    for family in families:
        program += [(EQUAL, 0, 1, family), (RETURN, 0, 0, ALLOW)]
    program += [(RETURN, 0, 0, REFUSE)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def forbid_system_calls(libc: ctypes.CDLL) -> None:
    """Refuse them from here on, in this process and its children. Elsewhere than on MACHINES, nothing is done."""
    if os.uname().machine not in MACHINES:
        return
    code = _filter(*MACHINES[os.uname().machine])
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the filter of system calls was refused")
