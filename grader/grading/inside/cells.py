"""The cells of one request, in the kernel: a student's are run by its shell, the release's own without it.

To run a cell, a shell reads, transforms and compiles what is here no more than a call, which takes longer than most
checks; and a notebook can have a hand in each of these steps.
"""

import base64
import json
import marshal
import sys
from contextlib import suppress

GROUP = "\0cells"  # what the code of such a request begins with, and no cell does: it could not be compiled
MARK = "application/x-bncourse-piece"


class Cells:
    """Runs cells, and puts marks between what they put out.

    setup: what runs the setup cell. kit: what that has made, out of reach of %reset.
    """

    def __init__(self, shell, iopub, setup, kit: dict) -> None:
        self.shell, self.iopub, self.setup, self.kit = shell, iopub, setup, kit
        self._traps = shell.builtin_trap, shell.display_trap
        self._asked_by: dict = {}
        iopub.send_held = self._send_held

    @staticmethod
    def are_meant(code: str) -> bool:
        """Whether this is a request to run cells, and not a cell."""
        return code.startswith(GROUP)

    def run(self, request: str) -> None:
        """Run the cells of a request, in order, until one of the release's own fails.

        Each is {"word": …} with {"setup": true}, {"check": its parts, packed} or {"piece": its source}.
        """
        self._asked_by = self.shell.display_pub.parent_header  # another thread, which may send it, would see none
        builtins, display = self._traps
        with builtins, display, suppress(BaseException):  # or nobody would get a reply
            try:
                for number, cell in enumerate(json.loads(request.removeprefix(GROUP))):
                    if number:
                        self._mark(cell["word"], number == 1)
                    self._run(cell)
            except BaseException:
                self.shell.showtraceback()
            self.shell.events.trigger("post_execute")  # figures of the last

    def _run(self, cell: dict) -> None:
        if "piece" in cell:
            self.shell.run_cell(cell["piece"], store_history=True)
        elif "setup" in cell:
            self.setup()
        elif not self.kit:
            raise NameError("the setup cell did not come to its end")
        else:
            parts = marshal.loads(base64.b64decode(cell["check"]))
            self.kit["run_check"](parts, cell["word"], self.shell.user_ns, self)

    def _mark(self, word: str, first: bool) -> None:
        """The outputs above are those of the one cell, those below of the other.

        It is sent with the next output, since most cells have none. The first of a request is sent at once: without it,
        what the request stops at is its first cell.
        """
        self.shell.events.trigger("post_execute")  # or figures of the cell before would be shown below the mark
        self.put_out()
        self.iopub.hold({"word": word, "count": self.shell.execution_count})
        if first:
            self._send()

    def report(self, reports: list[dict], last: bool) -> None:
        """Send what a check cell's parts have noted: the last with what comes next."""
        self.iopub.hold({"reports": reports})
        if not last:
            self._send()

    def put_out(self) -> int:
        """How many messages there have been of what the notebook puts out."""
        sys.stdout.flush()
        sys.stderr.flush()
        return self.iopub.asked

    def _send(self) -> None:
        """Send what is held before anything else runs: that may end the process, or give no thread a turn."""
        self.iopub.release()
        self.iopub.await_sent()

    def _send_held(self, held: list[dict]) -> None:
        content = {"data": {MARK: held}, "metadata": {}, "transient": {}}
        publisher = self.shell.display_pub  # whose `publish` would send first what has been printed below a mark
        publisher.session.send(publisher.pub_socket, "display_data", content, self._asked_by, ident=publisher.topic)
