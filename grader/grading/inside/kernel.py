"""One notebook's kernel: what is imported before the fork, and what is done after it."""

import builtins
import contextlib
import gc
import io
import logging
import os
import random
import shutil
import sys

from cells import Cells
from namespaces import die_first, drop_rights, limit

ENDED = 90


def warm_up(modules: list[str]):
    """Import what notebooks use and make the shell. Returns the kernel's application, not yet connected."""
    sys.modules["debugpy"] = None  # nobody debugs here, and importing it costs 0.15 s a kernel
    builtins.input = nobody_answers
    if "torch" not in modules:
        sys.meta_path.insert(0, NoTorch())
    import faulthandler  # noqa: F401

    import ipykernel.debugger  # noqa: F401
    import matplotlib

    matplotlib.use("module://matplotlib_inline.backend_inline")
    import matplotlib.pyplot
    import numpy.random  # noqa: F401
    import tornado.platform.asyncio  # noqa: F401

    if "torch" in modules:
        # An optimizer imports the second at its first step, in 0.8 s.
        # No operation of torch is run here: its threads would not survive the fork.
        import torch
        import torch._dynamo

        torch.manual_seed(0)  # its first call takes a while, too
    import zmq.backend  # noqa: F401
    from shell import App, Shell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.IPKernelApp.outstream_class = "shell.Stream"
    config.IPKernelApp.kernel_class = "shell.Kernel"
    config.Completer.use_jedi = False
    shell = Shell.instance(config=config)
    import tqdm.auto  # noqa: F401  by now it sees that it is in a notebook, and imports widgets, in half a second

    shell.colors = "nocolor"  # tracebacks are read in feedback and formgrader, not in a terminal
    with contextlib.redirect_stdout(io.StringIO()):  # the first run of a cell and the first traceback are slow
        shell.run_cell("1 + 1")
        shell.run_cell("assert False")
    shell.reset(new_session=True)
    app = App.instance(config=config)
    app.log.setLevel(logging.CRITICAL)  # `log_level` would keep it from printing what it has formatted
    return app


def nobody_answers(prompt: str = "") -> str:
    """What input() does. The same everywhere, in place of ipykernel's, which is there in requests of its own only."""
    print(prompt)
    raise EOFError("input() was called, and nobody is there to answer while a notebook is graded")


class NoTorch:
    """A finder that says why torch cannot be imported where the unit is one about NumPy."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("torch is not at hand here: this unit's answers are written in NumPy", name=name)


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
            die_first()
            drop_rights(unaccounted=request["grouped"], sessions=request["shares_cpu"])
        connect(app, request, folder)
        if sealing:
            limit(request["limits"], baseline_kb, request["files_mb"], request["grouped"])
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


# The setup cells' code, by name, compiled here, once, instead of in each kernel. What check cells run is no part of it:
# that comes with the request to run it.
programs: dict = {}
made: dict = {}  # by the setup cell, once, before any code of the student's: its names, and what runs a check
seeded = False  # whether the unit's own code has seeded the random generators, in a template


def compiled(program: dict):
    return compile(program.get("setup", ""), "<setup>", "exec")


def begin(code, shell) -> None:
    """Run the setup cell's code, the first time; later, in its place, it gives its names again."""
    if not made:
        names = {"__name__": "__main__"}
        exec(code, names)
        made["names"] = {name: value for name, value in names.items() if not name.startswith("__")}
        made["run_check"] = sys.modules["bncourse_kit"]._run_check
    shell.user_ns.update(made["names"])


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
    app.init_sockets()
    app.init_io()
    app.init_kernel()
    app.init_shell()
    app.kernel._execute_sleep = 0  # half a millisecond after each cell, for front ends
    shell = app.kernel.shell
    app.kernel.raw_input = builtins.input
    shell.ask_exit = lambda: print("(In a graded run, exit() and quit() do nothing.)")
    setup = programs.get(request["program_name"])
    programs.clear()  # of this process: what other units' checks share is none of this notebook's business
    app.kernel.cells = Cells(shell, app.iopub_thread, lambda: begin(setup, shell), made)
    if not seeded:
        seed(request["seed"])


def seed(number: int) -> None:
    """Forked kernels share the state of random generators; and grading again must give the same."""
    random.seed(number)
    sys.modules["numpy"].random.seed(number)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(number)
