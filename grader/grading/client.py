"""The grader's end of a kernel's connections: nothing that comes is trusted, or unpacked before it is bounded.

nbclient talks to the kernel. A kernel may send whatever it likes: one message too large ends its connection, and one
that would take too much memory is not unpacked.
"""

import asyncio
import contextlib
from queue import Empty

import zmq
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.session import Session
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat.notebooknode import NotebookNode
from traitlets import Any, Type

from grader.grading.weight import HEAVIEST, unpacked_bytes

MOST_UNPACKED = 32 << 20  # bytes that a message may take when it is unpacked, beside the outputs that are left
MOST_BESIDE = 1 << 20  # bytes of a message that are not its content: header, parent, metadata
MOST_FRAMES = 100  # of one message
WAITING = 4  # messages of one connection that may wait here to be read: each may be as large as all outputs
FRAME_SLACK = 1 << 20  # bytes of JSON that an output may take beside what is counted as output
OUTPUTS = ("stream", "display_data", "execute_result", "error")


class TooMuch(ValueError):
    """A message that is larger than what a notebook may send."""


class BoundedSession(Session):
    """Unpacks messages of bounded size. room: bytes of output that are left to the notebook."""

    room = Any()

    def msg_header(self, msg_type: str) -> dict:
        """Without the date: nobody asks for it, and to read it takes longer than to read the rest of the message."""
        return {**super().msg_header(msg_type), "date": ""}

    def deserialize(self, msg_list, content=True, copy=True):
        """As jupyter_client's. Raises TooMuch."""
        header, parent, metadata, body = (msg_list[1:5] + [b""] * 4)[:4]
        if len(msg_list) > MOST_FRAMES or sum(map(len, (header, parent, metadata))) > MOST_BESIDE:
            raise TooMuch
        room = max(0, self.room)
        if len(body) > room + FRAME_SLACK:
            raise TooMuch
        texts, most = (header, parent, metadata, body), MOST_UNPACKED + room
        if HEAVIEST * sum(map(len, texts)) > most and sum(map(unpacked_bytes, texts)) > most:
            raise TooMuch
        return {**super().deserialize(msg_list, content, copy), "size": len(body)}


class Channel(AsyncZMQSocketChannel):
    """A channel that takes a message that is there at once, without asking the event loop first whether one is.

    Not always: what else waits in the loop, such as the end of a cell's time, has to get its turn.
    """

    AT_ONCE = 20  # messages, until others have their turn
    taken = 0

    def __init__(self, socket, session, loop=None) -> None:
        super().__init__(socket, session, loop)
        self._plain = zmq.Socket.shadow(socket.underlying)

    async def get_msg(self, timeout: float | None = None) -> dict:
        self.taken += 1
        if self.taken % self.AT_ONCE == 0:
            await asyncio.sleep(0)
        try:
            return self._read(self._plain.recv_multipart(zmq.NOBLOCK))
        except zmq.Again:
            pass
        try:  # not first a poll, and then what is there: each is as much work
            return self._read(await asyncio.wait_for(self.socket.recv_multipart(), timeout))
        except TimeoutError:
            raise Empty from None

    def _read(self, parts: list[bytes]) -> dict:
        return self.session.deserialize(self.session.feed_identities(parts)[1])


class KernelClient(AsyncKernelClient):
    """A client with such channels."""

    shell_channel_class = iopub_channel_class = Type(Channel)


class Manager(AsyncKernelManager):
    """What jupyter_client calls a manager; it carries what the provisioner needs to start a kernel."""

    jail, limits, files, seed, program, begun = Any(), Any(), Any(), Any(), Any(), Any()

    client_factory = Type(KernelClient)

    def _session_default(self) -> Session:
        return BoundedSession(parent=self)


class Client(NotebookClient):
    """nbclient, less what a hostile kernel could do with it: widgets, updates of earlier outputs, endless output."""

    full = False  # there was more output than there may be

    async def async_start_new_kernel_client(self):
        self.km.context.setsockopt(zmq.MAXMSGSIZE, self.km.session.room + FRAME_SLACK)
        self.km.context.setsockopt(zmq.RCVHWM, WAITING)
        self.kc = self.km.client(context=self.km.context)  # whose options are set; it would make another
        # The others are never read: what a notebook sent on them would pile up here.
        self.kc.start_channels(stdin=False, control=False, hb=False)
        # A kernel greets whoever listens (JEP 65). Asking it over and over, as wait_for_ready does, takes 0.3 s.
        with contextlib.suppress(Empty):
            await self.kc.iopub_channel.get_msg(timeout=2)
            return self.kc
        await self.kc.wait_for_ready(timeout=self.startup_timeout)
        return self.kc

    async def _async_poll_kernel_alive(self) -> None:
        """Whoever has this client looks whether the kernel lives, and says `give_up`."""

    def give_up(self) -> None:
        """Wait no longer for the cell that runs: the kernel has gone, or will."""
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    def process_message(self, msg, cell: NotebookNode, cell_index: int):
        kind, content = msg["msg_type"], msg["content"]
        if kind == "status" and content.get("execution_state") == "idle":
            raise CellExecutionComplete()
        if kind not in OUTPUTS:
            return None
        self.km.session.room -= msg["size"] + 200
        if self.km.session.room < 0:
            self.full = True
            self.give_up()
            return None
        # Not nbformat's output_from_msg: it validates each output against a schema, half of the time of a whole run.
        output = {**content, "output_type": kind}
        last = cell.outputs[-1] if cell.outputs else None
        if last and kind == "stream" == last["output_type"] and last.get("name") == output.get("name"):
            last["text"] = f"{last.get('text')}{output.get('text')}"
        else:
            cell.outputs.append(output)
        return None
