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

from kernel import compiled, programs, run_kernel, warm_up
from namespaces import become_nobody, die_with_parent, hide, isolate, own_namespaces, seal
from watch import ENDED, KILLED, TOLD, used_kb, watch

CONNECTIONS = "/connections"  # the only directory that the jail shares with the grader


def say(**message) -> None:
    os.write(1, (json.dumps(message) + "\n").encode())


def close_but(kept: set[int]) -> None:
    """Close all descriptors but the standard ones and these."""
    for descriptor in {int(name) for name in os.listdir("/proc/self/fd")} - kept - {0, 1, 2}:
        with contextlib.suppress(OSError):  # the one by which they were listed
            os.close(descriptor)


def keep(app, request: dict, baseline_kb: int, group: dict | None) -> None:
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
    counts = {group[what] for what in ("usage", "stat", "events")} if group else set()
    request["grouped"] = group is not None
    close_but(counts)
    isolate(request["limits"], CONNECTIONS, f"{CONNECTIONS}/{request['id']}", request["files_mb"])
    bound, sealed = os.pipe(), os.pipe()
    kernel = os.fork()
    if kernel == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, TOLD)
        close_but({bound[1], sealed[0]})
        run_kernel(app, request, "/tmp/.connection", baseline_kb, (bound[1], sealed[0]))
    os.close(bound[1])
    if os.read(bound[0], 1):
        seal()
        os.write(sealed[1], b".")
    close_but(counts)
    for standard in (0, 1, 2):
        os.close(standard)
    hide()
    os._exit(watch(kernel, request["limits"], baseline_kb, group, request["shares_cpu"]))


def start(app, request: dict, jailed: bool, baseline_kb: int, group: dict | None) -> int:
    """Fork what one notebook needs. Returns the process to wait for, and to kill."""
    process = os.fork()
    if process:
        return process
    signal.set_wakeup_fd(-1)
    try:
        if jailed:
            keep(app, request, baseline_kb, group)
        if sys.platform == "linux":
            die_with_parent()
        run_kernel(app, request, f"{CONNECTIONS}/{request['id']}", baseline_kb)
    except BaseException as error:
        os.write(2, f"a kernel could not be started: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(ENDED)


def serve(app, jailed: bool, group: dict | None) -> None:
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
                    running[start(app, request, jailed, baseline_kb, group)] = request["id"]
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


def main(jailed: bool, modules: list[str], group: dict | None) -> None:
    if jailed and os.getuid() == 0:
        become_nobody()
    app = warm_up(modules)
    if jailed and not can_isolate():
        say(refused="namespaces cannot be made inside the jail (user.max_user_namespaces?)")
        return
    say(ready=True)
    serve(app, jailed, group)


if __name__ == "__main__":
    CONNECTIONS = sys.argv[2] if len(sys.argv) > 2 else CONNECTIONS
    options = json.loads(sys.argv[1])
    main(options["jailed"], options["modules"], options["group"])
