"""A kernel's application, shell and streams, less what ipykernel does twice, or for front ends that are not here."""

import subprocess
import sys

import zmq
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.compilerop import CachingCompiler


class App(IPKernelApp):
    """A kernel that waits where its messages are not read fast enough. ZMQ drops them instead, a check's report too."""

    def init_iopub(self, context) -> None:
        context.setsockopt(zmq.XPUB_NODROP, 1)
        super().init_iopub(context)


class Shell(ZMQInteractiveShell):
    """A shell that transforms a cell once. ipykernel and IPython each do, to find out whether it has an `await`."""

    def __init__(self, **options) -> None:
        super().__init__(compiler_class=CachingCompiler, **options)  # ipykernel's own names cells for its debugger
        self._transformed: tuple[str, str] | None = None

    def transform_cell(self, raw_cell: str) -> str:
        before, self._transformed = self._transformed, None
        if before and before[0] == raw_cell:
            return before[1]
        transformed = super().transform_cell(raw_cell)
        self._transformed = raw_cell, transformed
        return transformed

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
    """A stream that waits for its thread only where something is to be sent. A kernel flushes twelve times a cell."""

    flush_timeout = 3600  # seconds: the limits end a cell before that

    def flush(self) -> None:
        if self._flush_pending or self._subprocess_flush_pending or self.echo is not None or self.pub_thread._events:
            super().flush()
