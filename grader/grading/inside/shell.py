"""A kernel's application, shell and streams, less what ipykernel does twice, or for front ends that are not here."""

import ast
import contextlib
import os
import re
import select
import subprocess
import sys
import textwrap
import threading
import warnings
from types import SimpleNamespace

import zmq
from ipykernel import ipkernel, kernelapp
from ipykernel.iostream import IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.compilerop import CachingCompiler
from jupyter_client.session import Session
from zmq.eventloop.zmqstream import ZMQStream

PIPE = 1 << 16  # bytes that a pipe holds: who writes on and on is not waited for
PIECE = 1000  # bytes that are read at a time otherwise, as ipykernel does: faster than they are sent they would pile up


class Undated(Session):
    """A session whose messages bear no date: to write and to read it takes long, and nobody asks for it."""

    def msg_header(self, msg_type: str) -> dict:
        return {**super().msg_header(msg_type), "date": ""}


class _NoThread:
    """In the place of the thread that hands requests on to subshells: only the main thread takes some."""

    parent_thread = threading.main_thread()

    def __bool__(self) -> bool:
        return False


class App(IPKernelApp):
    """A kernel's application with two of its five channels: requests and their replies, and what is put out.

    It waits where its messages are not read fast enough. ZMQ drops them instead, a check's report too. Each of the
    other channels, which the grader does not use, takes a thread or two, and a request two steps more.
    """

    def _session_default(self) -> Session:
        return Undated(parent=self, username="kernel")

    def init_sockets(self) -> None:
        self.context = zmq.Context()
        self.shell_socket = self.context.socket(zmq.ROUTER)
        self.shell_socket.linger = 1000  # ms, as ipykernel has it
        self.shell_port = self._bind_socket(self.shell_socket, self.shell_port)
        self.context.setsockopt(zmq.XPUB_NODROP, 1)
        self.init_iopub(self.context)

    def init_kernel(self) -> None:
        self.kernel = self.kernel_class.instance(
            parent=self,
            session=self.session,
            shell_stream=ZMQStream(self.shell_socket),
            shell_channel_thread=_NoThread(),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count


_SYS = SimpleNamespace(**{**vars(sys), "modules": {}})


class Kernel(IPythonKernel):
    """A kernel that does not tell what the grader knows: that it is busy, with which code. Its reply has the count."""

    _supports_kernel_subshells = False
    cells = None  # what runs the cells of a request that has several, or the release's own

    def __init__(self, **options) -> None:
        ipkernel.sys = _SYS  # or it would look at each of 2,600 modules, for a debugger that is not here
        try:
            super().__init__(**options)
        finally:
            ipkernel.sys = sys

    def _publish_execute_input(self, code, parent, execution_count) -> None:
        pass

    async def do_execute(self, code: str, *args, **options) -> dict:
        count = self.execution_count
        if self.cells is None or not self.cells.are_meant(code):
            reply = await super().do_execute(code, *args, **options)
            return {**reply, "execution_count": count}
        self._forward_input()
        try:
            self.cells.run(code)
        finally:
            self._restore_input()
        return {"status": "ok", "execution_count": count, "user_expressions": {}, "payload": []}

    def _publish_status(self, status, channel, parent=None) -> None:
        if status != "busy":
            super()._publish_status(status, channel, parent)


class IOPub(IOPubThread):
    """Sends a kernel's messages. It is woken once for all that wait, where ipykernel does so for each.

    What is held is sent just before whatever comes next.
    """

    _woken = False  # and has not begun to look
    asked = 0  # so often, to send something or to look for something to send
    send_held = None  # a function that sends all that is held, in one list; set where that is known

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        self._held: list[dict] = []
        self._new_lock()
        os.register_at_fork(after_in_child=self._new_lock)  # another thread, which is not there, may have had it

    def _new_lock(self) -> None:
        # Our thread schedules, too: without a lock, what it takes of what is held might come to stand behind the rest.
        self._lock = threading.RLock()

    def hold(self, data: dict) -> None:
        """Keep data until something is to be sent."""
        with self._lock:
            self._held.append(data)

    def release(self) -> None:
        """Send what is held."""
        with self._lock:
            held, self._held = self._held, []
            if held:
                self.send_held(held)

    def await_sent(self) -> None:
        """Wait until all that was in line by now has been sent: whoever asks may end the process next."""
        if self.thread.is_alive():
            sent = threading.Event()
            self.schedule(sent.set)
            sent.wait()

    def schedule(self, f) -> None:
        with self._lock:
            if self._held:
                self.release()
            self.asked += 1
            alive = self.thread.is_alive()
            if alive:
                self._events.append(f)
                if not self._woken:
                    self._woken = True
                    self._event_pipe.send(b"")
        if not alive:
            f()

    def _handle_event(self, msg) -> None:
        self._woken = False  # before it looks what there is: whoever comes later wakes it again
        super()._handle_event(msg)


kernelapp.IOPubThread = IOPub  # for which there is no option


# Also Python, and more to IPython: what looks like a prompt, and `await` outside of a function.
_PERHAPS_MORE = re.compile(r"^\s*(>>>|\.\.\.|In ?\[)|\b(await|async)\b", flags=re.MULTILINE)


class Shell(ZMQInteractiveShell):
    """A shell that transforms a cell once, and not at all what is Python as it stands.

    ipykernel and IPython each do, to find out whether it has an `await`; to look for magics in it takes longer than
    most cells.
    """

    def __init__(self, **options) -> None:
        super().__init__(compiler_class=CachingCompiler, **options)  # ipykernel's own names cells for its debugger
        self._transformed: tuple[str, str] | None = None
        self._python: str | None = None  # the last cell that was Python as it stands
        self._transformers = self._all_transformers()

    def transform_cell(self, raw_cell: str) -> str:
        before, self._transformed = self._transformed, None
        if before and before[0] == raw_cell:
            return before[1]
        if self._is_python(raw_cell):
            # What else it does with any cell: take the blanks out of lines of blanks, and end it.
            transformed = self._python = textwrap.dedent(raw_cell).removesuffix("\n") + "\n"
        else:
            transformed = super().transform_cell(raw_cell)
        self._transformed = raw_cell, transformed
        return transformed

    def _is_python(self, cell: str) -> bool:
        """Whether IPython would leave a cell as it is. One line it has to see: that may be the name of a magic."""
        if "\n" not in cell.strip() or cell[0].isspace() or _PERHAPS_MORE.search(cell):
            return False
        if self._all_transformers() != self._transformers:
            return False  # the notebook has put in one of its own
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(cell)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        return True

    def _all_transformers(self) -> list:
        manager = self.input_transformer_manager
        lists = (manager.cleanup_transforms, manager.line_transforms, manager.token_transformers)
        return [*(one for transformers in lists for one in transformers), *self.input_transformers_post]

    def should_run_async(self, raw_cell: str, *, transformed_cell=None, preprocessing_exc_tuple=None) -> bool:
        if transformed_cell is not None and transformed_cell == self._python:  # it has no `await`
            return False
        return super().should_run_async(
            raw_cell, transformed_cell=transformed_cell, preprocessing_exc_tuple=preprocessing_exc_tuple
        )

    def _format_exception_for_storage(self, *_, **__) -> dict:
        """IPython would write each traceback once more for a history that nobody reads."""
        return {}

    def system(self, cmd: str) -> None:
        """`!command`, with a pipe. IPython gives it a terminal and a session, which there may not be in a jail."""
        if cmd.rstrip().endswith("&"):
            raise OSError("Background processes not supported.")
        command = ["sh", "-c", self.var_expand(cmd, depth=1)]
        pipe, null, both = subprocess.PIPE, subprocess.DEVNULL, subprocess.STDOUT
        with subprocess.Popen(command, stdin=null, stdout=pipe, stderr=both, errors="replace") as process:
            for text in process.stdout:
                sys.stdout.write(text)
        self.user_ns["_exit_code"] = process.returncode

    system_piped = system


class Stream(OutStream):
    """A stream that waits for its thread only where something is to be sent. A kernel flushes twelve times a cell.

    What programs of the notebook's have written is in a pipe. ipykernel has a thread for that, and a cell may end
    before the thread's turn has come: whoever flushes reads it, too.
    """

    flush_timeout = 3600  # seconds: the limits end a cell before that
    _unsent = 0  # so often the thread has taken what was written, and not yet sent it

    def _setup_stream_redirects(self, name: str) -> None:
        self._reading = threading.RLock()
        super()._setup_stream_redirects(name)
        os.set_blocking(self._fid, False)

    def _watch_pipe_fd(self) -> None:
        with contextlib.suppress(OSError):  # the notebook's code has closed it
            while self._should_watch and select.select([self._fid], [], []) and self._read_pipe(PIECE):
                pass

    def _read_pipe(self, size: int) -> bool:
        """Pass on what is in the pipe now, so many bytes at most. False at its end."""
        with self._reading:
            try:
                written = os.read(self._fid, size)
            except BlockingIOError:  # it has just been read
                return True
            if written:
                self.write(written.decode(errors="replace"))
        return bool(written)

    def _flush(self) -> None:
        thread = self.pub_thread
        if thread is None:  # the notebook has closed it
            return
        self._unsent += 1
        try:
            super()._flush()
        finally:
            thread.schedule(self._sent)  # in line behind it

    def _sent(self) -> None:
        self._unsent -= 1

    def flush(self) -> None:
        if self._should_watch and self._is_master_process():  # a process forked from it has no such thread
            with contextlib.suppress(OSError):
                self._read_pipe(PIPE)
        pending = self._flush_pending or self._subprocess_flush_pending or self.echo is not None
        if pending or self._unsent:  # in the order in which the thread changes them, so that it cannot overtake us
            super().flush()  # now it is in line
            if self._unsent and self.pub_thread:
                self.pub_thread.await_sent()
