"""Run code in a kernel of the jail, within limits, and keep what comes out.

That a limit was reached is believed of the jail's init and of what is seen here, never of what the notebook says.
"""

import asyncio
import contextlib
import ctypes
import math
import os
import threading
import time
import uuid
from dataclasses import dataclass, field

import zmq
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_notebook

from grader.grading.client import Client, Manager, TooMuch
from grader.grading.jail import ENDED, Jail, JailError
from grader.grading.limits import Limits, why_ended
from grader.grading.provisioner import kernel_spec
from grader.kernel import NO_LOG

OWN_MEMORY_MB = 120  # that messages of one notebook may take in this process
LOOK = 0.02  # seconds between two looks at that
ENDS = 0.05  # seconds between two looks at whether the kernel has ended
GOING = 1.5  # seconds that a kernel may take to end after its connections have
REST = 0.2  # seconds for what an ended kernel has sent to be read
# What an error says where one of our limits may stand behind it: then init is given the time to look.
HINTS = ("Resource temporarily unavailable", "can't start new thread", "No space left", "Cannot allocate", "too large")
LOOKED = 0.12  # seconds, in which init looks twice


class Stopped(Exception):
    """The kernel is gone. `limit` names the limit that was reached; "" where there was none.

    `killed`: somebody killed it, perhaps not the notebook's own code. `timed`: the limit is one of time, which others
    on the machine may have used up.
    """

    def __init__(self, limit: str, killed: bool = False, timed: bool = False) -> None:
        super().__init__(limit or "the kernel ended")
        self.limit, self.killed, self.timed = limit, killed, timed
        self.outputs: list[dict] = []  # what had come by then


@dataclass
class Ran:
    """What one piece of code gave: outputs as nbformat has them, and the execution count."""

    outputs: list[dict] = field(default_factory=list)
    count: int | None = None

    @property
    def error(self) -> dict | None:
        return next((o for o in self.outputs if o["output_type"] == "error"), None)


def _number(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
    """Give a cell the number in its kernel's reply."""
    count = execute_reply.get("content", {}).get("execution_count")
    if type(count) is int and 0 < count < 10**6:
        cell["execution_count"] = count


class _OwnMemory:
    """The memory of this process that is no file's, looked at often. Elsewhere than on Linux it is 0."""

    def __init__(self) -> None:
        self._file, self._unit = None, 0.0
        with contextlib.suppress(OSError):
            self._file = open("/proc/self/statm", "rb", buffering=0)  # noqa: SIM115  closed by close()
            self._unit = os.sysconf("SC_PAGESIZE") / 2**20

    def mb(self) -> float:
        if self._file is None:
            return 0.0
        _, resident, shared, _ = os.pread(self._file.fileno(), 100, 0).split(maxsplit=3)
        return (int(resident) - int(shared)) * self._unit

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


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
        self.manager = Manager(kernel_id=uuid.uuid4().hex[:12], log=NO_LOG)
        self.manager._kernel_spec = kernel_spec()
        self.manager.jail, self.manager.limits, self.manager.seed = jail, limits, seed
        self.manager.files, self.manager.program = files, program or {}
        self.manager.session.room = int(limits.output_mb * 2**20)
        self.manager.context.setsockopt(zmq.LINGER, 0)
        self.manager.context.setsockopt(zmq.RECONNECT_IVL, 2)  # ms; we connect before the kernel has bound its sockets
        self.client = Client(new_notebook(), km=self.manager, allow_errors=True, interrupt_on_timeout=False, log=NO_LOG)
        self.client.record_timing = False
        self.client.on_cell_executed = _number
        # What it printed may come late on a busy machine. nbclient waits 4 s for it, and goes on without.
        self.client.iopub_timeout, self.client.raise_on_iopub_timeout = math.ceil(limits.cell_seconds), True
        self.client.timeout_func = lambda _: (
            max(0.0, min(limits.cell_seconds, self.deadline - time.monotonic())) + 0.001
        )
        self.begun: list[list[dict]] | None = None  # the outputs of its program's cells, if they have been run
        self.swamped = self.cut = False  # it sent more than we can hold; its connection has ended before it has
        self._over = threading.Event()
        self._watching: list[asyncio.Future] = []

    async def __aenter__(self) -> "Kernel":
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # what a task of nbclient dies of, we see
        await self.client.async_start_new_kernel()
        self.begun = self.manager.begun
        self.manager._close_control_socket()
        try:
            await self.client.async_start_new_kernel_client()
        except RuntimeError as error:  # it does not answer, or died: the code has not been run yet
            await self.__aexit__()
            raise JailError(f"a kernel could not be started in the jail: {error}") from None
        channels = (self.client.kc.iopub_channel, self.client.kc.shell_channel)
        self._watching = [asyncio.ensure_future(self._watch_connection(c.socket)) for c in channels]
        self._watching.append(asyncio.ensure_future(self._watch_end()))
        threading.Thread(target=self._watch_own_memory, daemon=True).start()
        return self

    async def __aexit__(self, *_) -> None:
        self._over.set()
        for task in self._watching:
            task.cancel()
        if self.client.kc is not None:
            for channel in (self.client.kc.iopub_channel, self.client.kc.shell_channel):
                channel.socket.disable_monitor()
            self.client.kc.stop_channels()
        # What manager.shutdown_kernel(now=True) does, which looks only every 0.1 s whether the kernel has ended.
        provisioner = self.manager.provisioner
        await provisioner.kill()
        await provisioner.wait()
        await provisioner.cleanup()
        self.manager.context.destroy(linger=0)
        if self.swamped or self.cut or self.client.full:  # give back what its messages took
            with contextlib.suppress(AttributeError):
                ctypes.CDLL(None).malloc_trim(0)

    def _watch_own_memory(self) -> None:
        """A notebook may write to its sockets what it likes, unfinished messages too: they would wait here.

        In a thread, since the event loop does not come to it while messages are there to be read.
        """
        with contextlib.closing(_OwnMemory()) as memory:
            before = memory.mb()
            while not self._over.wait(LOOK):
                if memory.mb() - before > OWN_MEMORY_MB:
                    self.swamped = True
                    with contextlib.suppress(JailError):
                        self.jail.kill(self.manager.kernel_id)
                    return

    async def _watch_connection(self, socket) -> None:
        """ZMQ ends a connection by which too large a message comes, and says so to nobody who does not ask."""
        monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        await monitor.recv_multipart()
        end = time.monotonic() + GOING  # perhaps the kernel has ended, which is seen later
        while await self.manager.provisioner.poll() is None:
            if time.monotonic() > end:
                self.cut = True
                await self.manager.provisioner.kill()
                return
            await asyncio.sleep(ENDS)

    async def _watch_end(self) -> None:
        """nbclient looks once a second."""
        while await self.manager.provisioner.poll() is None:
            await asyncio.sleep(ENDS)
        await asyncio.sleep(REST)
        self.client.give_up()

    async def run(self, code: str, history: bool = True) -> Ran:
        """Run code. Raises Stopped where that ends the kernel or reaches a limit."""
        cell = NotebookNode(cell_type="code", source=code, metadata=NotebookNode(), outputs=[], execution_count=None)
        self.client.nb.cells = [cell]
        if time.monotonic() > self.deadline:
            raise self._late()
        try:
            await self._execute(cell, history)
        except Stopped as stop:
            stop.outputs = cell.outputs
            raise
        ran = Ran(cell.outputs, cell.execution_count)
        if ran.error:
            await self.look_behind(str(ran.error.get("ename")), str(ran.error.get("evalue")))
        return ran

    async def _execute(self, cell: NotebookNode, history: bool) -> None:
        try:
            await self.client.async_execute_cell(cell, 0, store_history=history)
        except CellTimeoutError:
            raise self._late() from None
        except DeadKernelError:
            raise await self._ended() from None
        except TooMuch:
            raise Stopped(why_ended("output", self.limits)) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Stopped(f"messages: the kernel sent one that cannot be read ({type(error).__name__})") from None

    async def look_behind(self, name: str, message: str) -> None:
        """Where an error may come of a limit, let init see whether it does. Raises Stopped if so."""
        if name != "MemoryError" and not any(hint in message[:1000] for hint in HINTS):
            return
        await asyncio.sleep(LOOKED)
        if await self.manager.provisioner.poll() is not None:
            raise await self._ended()

    async def _ended(self) -> Stopped:
        """Why the kernel is no more, or is not heard any more."""
        if self.client.full or self.swamped:
            return Stopped(why_ended("output", self.limits))
        status = await self.manager.provisioner.wait()
        limit = why_ended(status, self.limits) or (why_ended("message", self.limits) if self.cut else "")
        return Stopped(limit, killed=status != ENDED)

    def _late(self) -> Stopped:
        whole = time.monotonic() >= self.deadline - 0.01
        return Stopped(why_ended("time" if whole else "cell time", self.limits), timed=True)
