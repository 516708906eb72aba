"""Run code in a kernel of the jail, within limits, and keep what comes out.

nbclient talks to the kernel; nothing that the kernel sends is trusted, or acted on beyond being kept.
"""

import asyncio
import contextlib
import time
import uuid
from dataclasses import dataclass, field
from queue import Empty

import zmq
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, CellTimeoutError, DeadKernelError
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_notebook
from traitlets import Any

from grader.grading.jail import ENDED, Jail, JailError, why_ended
from grader.grading.limits import Limits
from grader.grading.provisioner import kernel_spec

OWN_MEMORY_MB = 1024  # that messages of one notebook may take in this process

# What a system call says where one of our limits stands in its way: the notebook has then reached that limit.
_LIMITS = {
    "Resource temporarily unavailable": "processes",
    "can't start new thread": "processes",
    "No space left on device": "disk",
    "File too large": "disk",
}


class Stopped(Exception):
    """The kernel is gone. `limit` names the limit that was reached; "" where there was none.

    `killed`: somebody killed it, perhaps not the notebook's own code.
    """

    def __init__(self, limit: str, killed: bool = False) -> None:
        super().__init__(limit or "the kernel ended")
        self.limit, self.killed = limit, killed


@dataclass
class Ran:
    """What one piece of code gave: outputs as nbformat has them, and the execution count."""

    outputs: list[dict] = field(default_factory=list)
    count: int | None = None

    @property
    def error(self) -> dict | None:
        return next((o for o in self.outputs if o["output_type"] == "error"), None)


class _Manager(AsyncKernelManager):
    jail, limits, files, seed, program = Any(), Any(), Any(), Any(), Any()


class _Client(NotebookClient):
    """nbclient, less what a hostile kernel could do with it: widgets, updates of earlier outputs, endless output."""

    room = Any()  # bytes of output that are left
    full = False

    async def async_start_new_kernel_client(self):
        self.kc = self.km.client(context=self.km.context)  # whose options are set; it would make another
        # The others are never read: what a notebook sent on them would pile up here.
        self.kc.start_channels(stdin=False, control=False, hb=False)
        # A kernel greets whoever listens (JEP 65). Asking it over and over, as wait_for_ready does, takes 0.3 s.
        with contextlib.suppress(Empty):
            await self.kc.iopub_channel.get_msg(timeout=2)
            return self.kc
        await self.kc.wait_for_ready(timeout=self.startup_timeout)
        return self.kc

    def process_message(self, msg, cell, cell_index):
        kind, content = msg["msg_type"], msg["content"]
        if kind == "status" and content.get("execution_state") == "idle":
            raise CellExecutionComplete()
        count = content.get("execution_count")
        if type(count) is int and 0 < count < 10**6:
            cell["execution_count"] = count
        if kind not in ("stream", "display_data", "execute_result", "error"):
            return None
        self.room -= _size(content) + 200
        if self.room < 0:
            self.full = True
            self.task_poll_for_reply.cancel()
            return None
        # Not nbformat's output_from_msg: it validates each output against a schema, half of the time of a whole run.
        output = {**content, "output_type": kind}
        last = cell.outputs[-1] if cell.outputs else None
        if last and kind == "stream" == last["output_type"] and last.get("name") == output.get("name"):
            last["text"] = f"{last.get('text')}{output.get('text')}"
        else:
            cell.outputs.append(output)
        return None


def _size(value) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(str(key)) + _size(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value))
    return 16


def _own_mb() -> float:
    """Memory of this process that is no file's, in MB; 0 where there is no /proc."""
    with contextlib.suppress(OSError), open("/proc/self/status") as file:
        return next((int(line.split()[1]) / 1024 for line in file if line.startswith("RssAnon:")), 0)
    return 0


class Kernel:
    """One kernel in the jail. Use as an asynchronous context manager.

    `deadline` is the time.monotonic() at which the notebook's seconds are over.
    """

    def __init__(
        self,
        jail: Jail,
        limits: Limits,
        deadline: float,
        seed: int,
        files: dict[str, bytes],
        program: dict | None = None,
    ) -> None:
        self.jail, self.limits, self.deadline = jail, limits, deadline
        self.manager = _Manager(kernel_id=uuid.uuid4().hex[:12])
        self.manager._kernel_spec = kernel_spec()
        self.manager.jail, self.manager.limits, self.manager.seed = jail, limits, seed
        self.manager.files, self.manager.program = files, program or {}
        self.manager.context.setsockopt(zmq.LINGER, 0)
        self.manager.context.setsockopt(zmq.RECONNECT_IVL, 2)  # ms; we connect before the kernel has bound its sockets
        self.client = _Client(new_notebook(), km=self.manager, allow_errors=True, interrupt_on_timeout=False)
        self.client.log.disabled = True
        self.client.room = int(limits.output_mb * 2**20)
        self.client.timeout_func = lambda _: (
            max(0.0, min(limits.cell_seconds, self.deadline - time.monotonic())) + 0.001
        )
        self.swamped = False

    async def __aenter__(self) -> "Kernel":
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # what a task of nbclient dies of, we see
        await self.client.async_start_new_kernel()
        self.manager._close_control_socket()
        try:
            await self.client.async_start_new_kernel_client()
        except RuntimeError as error:  # it does not answer, or died: the code has not been run yet
            await self.__aexit__()
            raise JailError(f"a kernel could not be started in the jail: {error}") from None
        self.watchdog = asyncio.ensure_future(self._watch_own_memory())
        return self

    async def __aexit__(self, *_) -> None:
        if hasattr(self, "watchdog"):
            self.watchdog.cancel()
        if self.client.kc is not None:
            self.client.kc.stop_channels()
        # What manager.shutdown_kernel(now=True) does, which looks only every 0.1 s whether the kernel has ended.
        provisioner = self.manager.provisioner
        await provisioner.kill()
        await provisioner.wait()
        await provisioner.cleanup()
        self.manager.context.destroy(linger=0)

    async def _watch_own_memory(self) -> None:
        """A notebook may write to its sockets what it likes, unfinished messages too: they would wait here."""
        before = _own_mb()
        while _own_mb() - before < OWN_MEMORY_MB:
            await asyncio.sleep(0.1)
        self.swamped = True
        await self.manager.provisioner.kill()

    async def run(self, code: str, history: bool = True) -> Ran:
        """Run code. Raises Stopped where that ends the kernel or reaches a limit."""
        cell = NotebookNode(cell_type="code", source=code, metadata=NotebookNode(), outputs=[], execution_count=None)
        self.client.nb.cells = [cell]
        if time.monotonic() > self.deadline:
            raise Stopped(self._time_limit())
        try:
            await self.client.async_execute_cell(cell, 0, store_history=history)
        except CellTimeoutError:
            raise Stopped(self._time_limit()) from None
        except DeadKernelError:
            if self.client.full or self.swamped:
                raise Stopped(f"output: more than {self.limits.output_mb:g} MB") from None
            status = await self.manager.provisioner.wait()
            raise Stopped(why_ended(status, self.limits), killed=status != ENDED) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Stopped(f"messages: the kernel sent one that cannot be read ({type(error).__name__})") from None
        ran = Ran(cell.outputs, cell.execution_count)
        if ran.error:
            self.look_for_limit(str(ran.error.get("ename")), str(ran.error.get("evalue")))
        return ran

    def look_for_limit(self, name: str, message: str) -> None:
        """Raise Stopped where an error says that a limit was reached."""
        if name == "MemoryError":
            raise Stopped(why_ended("memory", self.limits))
        for words, limit in _LIMITS.items():
            if words in message[:1000]:
                raise Stopped(why_ended(limit, self.limits))

    def _time_limit(self) -> str:
        if time.monotonic() >= self.deadline - 0.01:
            return f"time: the notebook ran for more than {self.limits.notebook_seconds:g} s"
        return f"time: the cell ran for more than {self.limits.cell_seconds:g} s"
