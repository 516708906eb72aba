"""Runs inside the jail: a process that has imported everything, and forks a kernel for each notebook.

It is started by path with the environment's interpreter, imports nothing of the grader, and is told what to do by JSON
lines on its standard input; it answers by JSON lines on its standard output. For each notebook there are three
processes: a keeper, which owns new namespaces; in them an init (PID 1), which watches the limits and ends everything
when the kernel ends; and the kernel, the only one that runs the notebook's code. What runs in a kernel sees no process,
file, socket or network of another one.

Why the kernel is made by hand: a fresh ipykernel costs a third of a second, of which the shell is the larger part. The
shell is made here, once, before the fork, and so are all imports.
"""

import errno
import gc
import json
import os
import selectors
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # python -I leaves it out

from kernel import compiled, programs, run_kernel, warm_up
from namespaces import become_nobody, close_but, die_with_parent, hide, isolate, own_namespaces, seal
from pages import collapse
from template import Templates
from watch import ENDED, KILLED, TOLD, used_kb, watch

CONNECTIONS = "/connections"  # the only directory that the jail shares with the grader


AT_ONCE = 1500  # characters: what is written in one piece, templates' messages do not get into


def say(**message) -> None:
    os.write(1, (json.dumps(message) + "\n").encode())


def say_made(name: str, template: dict) -> None:
    """Tell what has become of a program, outputs of any length."""
    text = json.dumps(template)
    for place in range(0, len(text), AT_ONCE):
        say(text=text[place : place + AT_ONCE])
    say(program=name)


def descriptors(group: dict | None) -> set[int]:
    """Those by which the memory of our control group is read."""
    return {group[what] for what in ("usage", "stat", "events")} if group else set()


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
    counts = descriptors(group)
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


def serve(app, jailed: bool, group: dict | None, template: bool = False) -> None:
    """Obey the grader until it closes our standard input. As a template, obey the zygote, and see the kernels end."""
    templates = Templates()
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

    def become() -> None:
        serve(app, jailed, group, template=True)
        os._exit(0)

    gc.collect()
    gc.freeze()  # what is here is never collected in a child, so its pages stay shared
    if not template:  # whose memory is the zygote's, but for what its unit has added
        collapse()
    baseline_kb = used_kb("self")
    buffer = b""
    while not template or running or 0 in selector.get_map():
        ready = [key.fd for key, _ in selector.select()]
        if reader in ready:
            os.read(reader, 4096)
            for process in list(running):
                done, status, used = os.wait4(process, os.WNOHANG)
                if done:
                    code = os.waitstatus_to_exitcode(status)
                    say(exited=running.pop(process), status=code, cpu=used.ru_utime + used.ru_stime)
            templates.look()
        if 0 in ready:
            chunk = os.read(0, 1 << 16)
            if not chunk and template:
                selector.unregister(0)
                continue
            if not chunk:
                break
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in lines:
                request = json.loads(line)
                if "kill" in request:
                    for process, name in running.items():
                        if name == request["kill"]:
                            os.kill(process, signal.SIGTERM if jailed else signal.SIGKILL)
                    templates.tell(line)
                elif "program" in request:
                    name, program = request["name"], request["program"]
                    programs[name] = compiled(program)
                    say_made(name, templates.make(name, program, request["seconds"], become, descriptors(group)))
                elif request["program_name"] in templates:
                    templates.tell(line, request["program_name"])
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
    gc.disable()  # what is imported stays: to look through it again and again would take a quarter of the time
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
