"""A process that has run what all submissions of a unit have in common, and forks their kernels.

The setup cell and the given cells above the first exercise are the release's own code, and the same for everybody. They
are run once, in a child of the zygote, the template; each kernel then is a child of the template and has their names.
Where that is not safe, the kernels run them themselves: where a thread was started (it would not survive the fork), a
file was written, or a cell failed.
"""

import base64
import contextlib
import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time

import kernel
from namespaces import close_but, die_with_parent

MOST = 2  # templates at a time: each may hold the data of its unit


class Templates:
    """The zygote's templates, by the name of their program. Where there are too many, the oldest ends."""

    def __init__(self) -> None:
        self._pipes: dict[str, int] = {}  # what we write here, a template reads on its standard input
        self._processes: dict[int, str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._pipes

    def make(self, name: str, program: dict, seconds: float, become, kept: set[int]) -> dict:
        """Fork a template. Returns {"outputs": [...]}, of setup and given cells a list each, or {"why": ...}.

        "over" in it names the template that ends for this one, as soon as its kernels have.

        become: what the child does when it has run the program; it does not return.
        kept: descriptors that it needs.
        """
        if sys.platform != "linux":
            return {"why": "not on this system"}
        over = next(iter(self._pipes)) if len(self._pipes) == MOST else None
        if over:
            os.close(self._pipes.pop(over))
        orders, told = os.pipe(), os.pipe()
        process = os.fork()
        if process == 0:
            try:
                die_with_parent()
                signal.set_wakeup_fd(-1)
                os.dup2(orders[0], 0)
                close_but(kept | {told[1]})
                said = _run(program)
                with open(told[1], "w") as pipe:
                    json.dump(said, pipe)
                if "outputs" in said:
                    become()
            except BaseException as error:
                os.write(2, f"a template has failed: {type(error).__name__}: {error}\n".encode())
            finally:
                os._exit(1)
        os.close(orders[0])
        os.close(told[1])
        said = _read(told[0], time.monotonic() + seconds)
        if "outputs" in said:
            self._pipes[name], self._processes[process] = orders[1], name
        else:
            os.close(orders[1])
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        return {**said, "over": over}

    def tell(self, line: bytes, name: str | None = None) -> None:
        """Pass a request on, to one template or to all. Raises OSError where one has gone."""
        for pipe in [self._pipes[name]] if name else self._pipes.values():
            os.write(pipe, line + b"\n")

    def look(self) -> None:
        """See which have ended. Raises OSError where one was in use."""
        for process, name in list(self._processes.items()):
            if os.waitpid(process, os.WNOHANG)[0]:
                del self._processes[process]
                if name in self._pipes:
                    raise OSError("a template has ended, and with it its kernels")


def _read(pipe: int, until: float) -> dict:
    """What a template says when it has run its program."""
    text = b""
    with open(pipe, "rb", buffering=0) as file:
        while select.select([file], [], [], max(0.0, until - time.monotonic()))[0]:
            chunk = file.read(1 << 16)
            if not chunk:
                return json.loads(text) if text else {"why": "it ended"}
            text += chunk
    return {"why": "it took too long"}


def _run(program: dict) -> dict:
    """Run a program in this process. Returns what `make` does."""
    from IPython.core.interactiveshell import InteractiveShell

    shell, back, folder = InteractiveShell.instance(), os.getcwd(), tempfile.mkdtemp()
    standard = [os.dup(1), os.dup(2)]  # the first is how the grader is spoken to: nothing else may be written there
    null = os.open(os.devnull, os.O_RDWR)
    kernel.seed(0)
    before = _random_states()
    try:
        os.chdir(folder)
        for number in (1, 2):
            os.dup2(null, number)
        kernel.programs.clear()
        outputs = [_outputs(shell, lambda: kernel.begin(kernel.compiled(program), shell))]
        for source in program.get("given", []):
            outputs.append(_outputs(shell, lambda source=source: shell.run_cell(source).raise_error()))
        left = os.listdir(folder)
    except BaseException as error:
        return {"why": f"{type(error).__name__}: {error}"[:500]}
    finally:
        os.chdir(back)
        shutil.rmtree(folder, ignore_errors=True)
        for number, kept in enumerate(standard, 1):
            os.dup2(kept, number)
            os.close(kept)
        os.close(null)
    if left:
        return {"why": "it wrote a file"}
    if len(os.listdir("/proc/self/task")) > 1:
        return {"why": "it started a thread"}
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
        return {"why": "it started a process"}
    kernel.seeded = _random_states() != before  # by the unit's own code: then nobody seeds anew
    return {"outputs": outputs}


def _outputs(shell, run) -> list[dict]:
    """Run something; its outputs, as nbformat has them."""
    from IPython.utils.capture import capture_output

    before = shell.display_trap.hook
    try:
        with capture_output() as caught:
            shell.display_trap.hook = sys.displayhook  # what catches the values of cells; the shell's needs a front end
            run()
    finally:
        shell.display_trap.hook = before
    streams = [("stdout", caught.stdout), ("stderr", caught.stderr)]
    outputs = [{"output_type": "stream", "name": name, "text": text} for name, text in streams if text]
    for shown in caught.outputs:
        data = {kind: _text(value) for kind, value in shown.data.items()}
        outputs.append({"output_type": "display_data", "data": data, "metadata": shown.metadata or {}})
    return outputs


def _text(value):
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _random_states() -> list:
    states = [random.getstate(), repr(sys.modules["numpy"].random.get_state(legacy=False))]
    if "torch" in sys.modules:
        states.append(sys.modules["torch"].get_rng_state().tolist())
    return states
