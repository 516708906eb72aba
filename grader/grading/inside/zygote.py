"""Runs inside the jail: a process that has imported everything, and forks a kernel for each notebook.

It is started by path with the environment's interpreter, imports nothing of the grader, and is told what to do by JSON
lines on its standard input; it answers by JSON lines on its standard output. For each notebook there are three
processes: a keeper, which owns new namespaces; in them an init (PID 1), which watches the limits and ends everything
when the kernel ends; and the kernel, the only one that runs the notebook's code. What runs in a kernel sees no process,
file, socket or network of another one.

Why the kernel is made by hand: a fresh ipykernel costs a third of a second, of which the shell is the larger part. The
shell is made here, once, before the fork, and so are all imports.
"""

import contextlib
import errno
import gc
import json
import os
import selectors
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # python -I leaves it out

from kernel import ENDED, compiled, programs, run_kernel, warm_up
from namespaces import become_nobody, die_with_parent, hide, isolate, own_namespaces, seal

# Exit statuses of a kernel's init beside ENDED; grader/grading/jail.py has words for them.
MEMORY, CPU, DISK, PROCESSES, KILLED = 91, 92, 93, 94, 95

TOLD = {signal.SIGCHLD, signal.SIGTERM}  # what a kernel's init waits for

CONNECTIONS = "/connections"  # the only directory that the jail shares with the grader


def say(**message) -> None:
    os.write(1, (json.dumps(message) + "\n").encode())


def used_kb(process: str) -> int:
    """Memory of a process that is no file's, in KiB, what it shares with the zygote included."""
    try:
        with open(f"/proc/{process}/status") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith(("RssAnon:", "RssShmem:")))
    except OSError:  # it has ended
        return 0


def tasks(process: str) -> int:
    """The threads of a process."""
    try:
        return len(os.listdir(f"/proc/{process}/task"))
    except OSError:
        return 0


def watch(kernel: int, limits: dict, baseline_kb: int) -> int:
    """As PID 1, with TOLD blocked: wait for the kernel to end, end everything where a limit is reached.

    Returns an exit status.
    """
    while True:
        with contextlib.suppress(ChildProcessError):
            while process := os.waitpid(-1, os.WNOHANG):
                if process[0] == 0:
                    break
                if process[0] == kernel:
                    by = os.WTERMSIG(process[1]) if os.WIFSIGNALED(process[1]) else None
                    return {signal.SIGXCPU: CPU, signal.SIGKILL: KILLED}.get(by, ENDED)
        others = [p for p in os.listdir("/proc") if p.isdigit() and p != "1"]
        if sum(max(0, used_kb(p) - baseline_kb) for p in others) > limits["memory_mb"] * 1024:
            return MEMORY
        if sum(map(tasks, others)) + 3 > limits["processes"]:  # keeper and init count too
            return PROCESSES
        disk = os.statvfs("/tmp")
        if disk.f_bavail == 0 or disk.f_favail == 0:
            return DISK
        told = signal.sigtimedwait(TOLD, 0.05)
        if told and told.si_signo == signal.SIGTERM:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(-1, signal.SIGKILL)
                os.waitpid(kernel, 0)
            return ENDED


def keep(app, request: dict, baseline_kb: int) -> None:
    """As a kernel's keeper: make the namespaces, start init in them, pass on its exit status. Does not return."""
    own_namespaces()
    signal.pthread_sigmask(signal.SIG_BLOCK, TOLD)  # or what comes too early would be lost: PID 1 ignores what it can
    init = os.fork()
    if init:
        for standard in (0, 1):
            os.close(standard)
        # Not killed outright, so that what the kernel used of the processor is known when it has ended.
        signal.signal(signal.SIGTERM, lambda *_: os.kill(init, signal.SIGTERM))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, TOLD)
        status = os.waitpid(init, 0)[1]
        os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else KILLED)
    die_with_parent()
    os.closerange(3, 256)
    isolate(request["limits"], CONNECTIONS, f"{CONNECTIONS}/{request['id']}", request["files_mb"])
    bound, sealed = os.pipe(), os.pipe()
    kernel = os.fork()
    if kernel == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, TOLD)
        run_kernel(app, request, "/tmp/.connection", baseline_kb, (bound[1], sealed[0]))
    os.close(bound[1])
    if os.read(bound[0], 1):
        seal()
        os.write(sealed[1], b".")
    os.closerange(3, 256)
    for standard in (0, 1, 2):
        os.close(standard)
    hide()
    os._exit(watch(kernel, request["limits"], baseline_kb))


def start(app, request: dict, jailed: bool, baseline_kb: int) -> int:
    """Fork what one notebook needs. Returns the process to wait for, and to kill."""
    process = os.fork()
    if process:
        return process
    signal.set_wakeup_fd(-1)
    try:
        if jailed:
            keep(app, request, baseline_kb)
        if sys.platform == "linux":
            die_with_parent()
        run_kernel(app, request, f"{CONNECTIONS}/{request['id']}", baseline_kb)
    except BaseException as error:
        os.write(2, f"a kernel could not be started: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(ENDED)


def serve(app, jailed: bool) -> None:
    """Obey the grader until it closes our standard input."""
    running: dict[int, str] = {}
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader, which then closes our input
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(reader, selectors.EVENT_READ)
    baseline_kb = used_kb("self")
    gc.collect()
    gc.freeze()  # what is here is never collected in a child, so its pages stay shared
    gc.disable()
    buffer = b""
    while True:
        ready = [key.fd for key, _ in selector.select()]
        if reader in ready:
            os.read(reader, 4096)
            for process in list(running):
                done, status, used = os.wait4(process, os.WNOHANG)
                if done:
                    code = os.waitstatus_to_exitcode(status)
                    say(exited=running.pop(process), status=code, cpu=used.ru_utime + used.ru_stime)
        if 0 in ready:
            chunk = os.read(0, 1 << 16)
            if not chunk:
                break
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in lines:
                request = json.loads(line)
                if "kill" in request:
                    for process, name in running.items():
                        if name == request["kill"]:
                            os.kill(process, signal.SIGTERM if jailed else signal.SIGKILL)
                elif "program" in request:
                    programs[request["name"]] = compiled(request["program"])
                else:
                    running[start(app, request, jailed, baseline_kb)] = request["id"]
    for process in running:
        try:
            os.kill(process, signal.SIGKILL)
        except OSError as error:
            if error.errno != errno.ESRCH:
                raise


def can_isolate() -> bool:
    """Whether namespaces can be made here. Found out now, not at the first notebook."""
    probe = os.fork()
    if probe == 0:
        try:
            own_namespaces()
            os._exit(0)
        except OSError:
            os._exit(1)
    return os.waitpid(probe, 0)[1] == 0


def main(jailed: bool, modules: list[str]) -> None:
    if jailed and os.getuid() == 0:
        become_nobody()
    app = warm_up(modules)
    if jailed and not can_isolate():
        say(refused="namespaces cannot be made inside the jail (user.max_user_namespaces?)")
        return
    say(ready=True)
    serve(app, jailed)


if __name__ == "__main__":
    CONNECTIONS = sys.argv[2] if len(sys.argv) > 2 else CONNECTIONS
    options = json.loads(sys.argv[1])
    main(options["jailed"], options["modules"])
