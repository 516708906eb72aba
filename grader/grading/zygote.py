"""Runs inside the jail: a process that has imported everything, and forks a kernel for each notebook.

It is started by path with the environment's interpreter, imports nothing of the grader, and is told what to do by JSON
lines on its standard input; it answers by JSON lines on its standard output. For each notebook there are three
processes: a keeper, which owns new namespaces; in them an init (PID 1), which watches the memory and ends everything
when the kernel ends; and the kernel, the only one that runs the notebook's code. What runs in a kernel sees no process,
file, socket or network of another one.

Why the kernel is made by hand: a fresh ipykernel costs a third of a second, of which the shell is the larger part. The
shell is made here, once, before the fork, and so are all imports.
"""

import contextlib
import ctypes
import errno
import gc
import io
import json
import os
import random
import resource
import selectors
import shutil
import signal
import struct
import sys
import time

# Exit statuses of a kernel's init, understood by the provisioner.
ENDED, MEMORY, CPU = 90, 91, 92

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = (
    0x00020000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
LAST_CAP = 63

libc = ctypes.CDLL(None, use_errno=True)
CONNECTIONS = "/connections"  # the only directory that the jail shares with the grader
NOBODY = 65534


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


def say(**message) -> None:
    os.write(1, (json.dumps(message) + "\n").encode())


def warm_up(modules: list[str]):
    """Import what notebooks use and make the shell. Returns the kernel's application, not yet connected."""
    sys.modules["debugpy"] = None  # nobody debugs here, and importing it costs 0.15 s a kernel
    if "torch" not in modules:
        sys.meta_path.insert(0, NoTorch())
    import ipykernel.debugger  # noqa: F401
    import matplotlib

    matplotlib.use("module://matplotlib_inline.backend_inline")
    import matplotlib.pyplot
    import numpy  # noqa: F401

    if "torch" in modules:
        import torch  # noqa: F401  no operation of it is run here: its threads would not survive the fork
    import zmq.backend  # noqa: F401
    from ipykernel.compiler import XCachingCompiler
    from ipykernel.kernelapp import IPKernelApp
    from ipykernel.zmqshell import ZMQInteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.IPKernelApp.log_level = 50
    config.Completer.use_jedi = False
    shell = ZMQInteractiveShell.instance(config=config, compiler_class=XCachingCompiler)
    shell.colors = "nocolor"  # tracebacks are read in feedback and formgrader, not in a terminal
    with contextlib.redirect_stdout(io.StringIO()):  # the first run of a cell and the first traceback are slow
        shell.run_cell("1 + 1")
        shell.run_cell("assert False")
    shell.reset(new_session=True)
    return IPKernelApp.instance(config=config)


class NoTorch:
    """A finder that says why torch cannot be imported where the unit is one about NumPy."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("torch is not at hand here: this unit's answers are written in NumPy", name=name)


def isolate(limits: dict, folder: str) -> None:
    """In new namespaces, as their PID 1: an own /proc and /tmp, nothing else that could be written."""
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
    size = f"size={limits['disk_mb']}m,nr_inodes=20000,mode=0777"
    os.makedirs("/tmp", exist_ok=True)
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, size)
    os.makedirs("/tmp/.connection")
    mount(folder, "/tmp/.connection", "", MS_BIND)
    mount("tmpfs", CONNECTIONS, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "size=4k")
    os.makedirs("/tmp/shm")
    mount("/tmp/shm", "/dev/shm", "", MS_BIND)
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")


def seal() -> None:
    """As init, when the kernel has bound its sockets: what is shared with the grader becomes read-only."""
    mount("none", "/tmp/.connection", "", MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def drop_rights() -> None:
    """As the kernel, while it has but one thread (capabilities belong to threads): keep no right in the namespaces."""
    for capability in range(LAST_CAP + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this thread
    call(libc.capset, header, bytes(24))
    call(libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def limit(limits: dict, baseline_kb: int) -> None:
    """Resource limits of the kernel process and what it starts."""
    megabyte = 1 << 20
    seconds = int(limits["notebook_seconds"]) + 5  # a net below the grader's own clock
    for kind, value in (
        (resource.RLIMIT_DATA, limits["memory_mb"] * megabyte + 2 * baseline_kb * 1024 + 512 * megabyte),
        (resource.RLIMIT_FSIZE, limits["disk_mb"] * megabyte),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_CPU, 4 * seconds),
        (resource.RLIMIT_NOFILE, 512),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def run_kernel(app, request: dict, folder: str, baseline_kb: int, sealing: tuple[int, int] | None = None) -> None:
    """Become the kernel of one notebook. Does not return.

    In the jail, `sealing` is where to tell init that the sockets are bound, and where to read that they are sealed.
    """
    errors = os.dup(2)  # for what goes wrong before the notebook's code runs; closed then
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    try:
        if sealing:
            drop_rights()
        connect(app, request, folder)
        if sealing:
            limit(request["limits"], baseline_kb)
            os.write(sealing[0], b".")
            if not os.read(sealing[1], 1):
                raise OSError("its directory could not be sealed")
            os.close(sealing[0])
            os.close(sealing[1])
    except BaseException as error:
        os.write(errors, f"a kernel could not be started: {type(error).__name__}: {error}\n".encode())
        os._exit(ENDED)
    os.close(errors)
    gc.enable()
    app.start()
    os._exit(0)


# The code of setup cells, by name: compiled here, once, instead of in each kernel.
setups: dict = {}


def connect(app, request: dict, folder: str) -> None:
    """Go to the notebook's directory and bind the kernel's sockets."""
    work = "/tmp/work" if folder.startswith("/tmp/.") else f"{folder}/work"
    os.makedirs(work, exist_ok=True)
    if os.path.isdir(f"{folder}/files"):
        shutil.copytree(f"{folder}/files", work, dirs_exist_ok=True)
    os.chdir(work)
    sys.path.insert(0, "")  # a notebook finds the modules beside it
    app.connection_file = f"{folder}/kernel.json"
    app.load_connection_file()
    app.ip = f"{folder}/socket"
    app.init_blackhole()
    app.init_poller()
    app.init_sockets()
    app.init_heartbeat()
    app.init_io()
    app.init_kernel()
    app.init_shell()
    shell = app.kernel.shell
    shell.ask_exit = lambda: print("(In a graded run, exit() and quit() do nothing.)")
    if request["setup"] in setups:
        shell.run_setup = lambda: exec(setups[request["setup"]], shell.user_ns)
    seed(request["seed"])


def seed(number: int) -> None:
    """Forked kernels share the state of random generators; and grading again must give the same."""
    random.seed(number)
    sys.modules["numpy"].random.seed(number)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(number)


def anonymous_kb(process: str) -> int:
    """Memory of a process that is no file's, in KiB, what it shares with the zygote included."""
    try:
        with open(f"/proc/{process}/status") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("RssAnon:")), 0)
    except OSError:  # it has ended
        return 0


def watch(kernel: int, limits: dict, baseline_kb: int) -> int:
    """As PID 1: wait for the kernel to end, and end everything where memory runs out. Returns an exit status."""
    while True:
        try:
            while True:
                process, status = os.waitpid(-1, os.WNOHANG)
                if process == 0:
                    break
                if process == kernel:
                    return CPU if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU else ENDED
        except ChildProcessError:
            return ENDED
        others = [p for p in os.listdir("/proc") if p.isdigit() and p != "1"]
        used = sum(max(0, anonymous_kb(p) - baseline_kb) for p in others)
        if used > limits["memory_mb"] * 1024:
            return MEMORY
        time.sleep(0.05)


def keep(app, request: dict, baseline_kb: int) -> None:
    """As a kernel's keeper: make the namespaces, start init in them, pass on its exit status. Does not return."""
    folder = f"{CONNECTIONS}/{request['id']}"
    user, group = os.getuid(), os.getgid()
    call(libc.unshare, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    init = os.fork()
    if init:
        for standard in (0, 1):
            os.close(standard)
        status = os.waitpid(init, 0)[1]
        os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else ENDED)
    call(libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.closerange(3, 256)
    isolate(request["limits"], folder)
    bound, sealed = os.pipe(), os.pipe()
    kernel = os.fork()
    if kernel == 0:
        run_kernel(app, request, "/tmp/.connection", baseline_kb, (bound[1], sealed[0]))
    os.close(bound[1])
    if os.read(bound[0], 1):
        seal()
        os.write(sealed[1], b".")
    os.closerange(3, 256)
    for standard in (0, 1, 2):
        os.close(standard)
    call(libc.prctl, PR_SET_DUMPABLE, 0, 0, 0, 0)  # out of reach of the kernel's ptrace
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
    baseline_kb = anonymous_kb("self")
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
                            os.kill(process, signal.SIGKILL)
                elif "setup_code" in request:
                    setups[request["name"]] = compile(request["setup_code"], "<setup>", "exec")
                else:
                    running[start(app, request, jailed, baseline_kb)] = request["id"]
    for process in running:
        try:
            os.kill(process, signal.SIGKILL)
        except OSError as error:
            if error.errno != errno.ESRCH:
                raise


def main(jailed: bool, modules: list[str]) -> None:
    if jailed and os.getuid() == 0:  # root is exempt from the limit on processes
        # For root, bubblewrap covers parts of /proc; where any is covered, the kernels could not mount their own.
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        call(libc.prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)  # or /proc/self/uid_map would stay root's
    app = warm_up(modules)
    if jailed:
        probe = os.fork()  # can namespaces be made here? Found out now, not at the first notebook
        if probe == 0:
            try:
                call(libc.unshare, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET)
                os._exit(0)
            except OSError:
                os._exit(1)
        if os.waitpid(probe, 0)[1] != 0:
            say(refused="namespaces cannot be made inside the jail (user.max_user_namespaces?)")
            return
    say(ready=True)
    serve(app, jailed)


if __name__ == "__main__":
    CONNECTIONS = sys.argv[2] if len(sys.argv) > 2 else CONNECTIONS
    options = json.loads(sys.argv[1])
    main(options["jailed"], options["modules"])
