"""The cells of one request, in the kernel: what is sent when, and in whose name. In whole notebooks: test_run."""

import base64
import contextlib
import json
import marshal
import threading
from types import SimpleNamespace

import pytest

from grader.grading.batch import GROUP, MARK, requested
from grader.grading.inside import cells as inside
from grader.grading.inside.cells import Cells


class IOPub:
    """What sends a kernel's messages, in one line each."""

    asked = 0

    def __init__(self):
        self.held, self.sent = [], []

    def hold(self, data):
        self.held.append(data)

    def release(self):
        held, self.held = self.held, []
        if held:
            self.send_held(held)

    def await_sent(self):
        self.sent.append("gone")


@pytest.fixture
def kernel():
    """Cells of a made-up kernel; `kernel.done` is what was done, in order."""
    done, iopub = [], IOPub()

    def send(socket, kind, content, parent, ident):
        iopub.sent.append((parent["msg_id"], content["data"][MARK]))

    publisher = SimpleNamespace(
        parent_header={"msg_id": "asked"}, pub_socket=None, topic=b"", session=SimpleNamespace(send=send)
    )
    shell = SimpleNamespace(
        builtin_trap=contextlib.nullcontext(),
        display_trap=contextlib.nullcontext(),
        display_pub=publisher,
        events=SimpleNamespace(trigger=lambda event: done.append(event)),
        execution_count=7,
        run_cell=lambda code, store_history: done.append(code),
        showtraceback=lambda: done.append("a traceback"),
        user_ns={},
    )

    def run_check(parts, word, names, kernel):
        done.append(parts)
        kernel.report([{"word": word}], True)

    cells = Cells(shell, iopub, lambda: done.append("setup"), {"run_check": run_check})
    return SimpleNamespace(cells=cells, done=done, iopub=iopub, shell=shell)


def packed(parts):
    return base64.b64encode(marshal.dumps(parts)).decode()


def test_it_is_the_graders_requests_that_have_cells():
    assert Cells.are_meant(requested([])) and not Cells.are_meant("x = 1")
    assert (inside.GROUP, inside.MARK) == (GROUP, MARK)  # which the grader knows by itself: it imports nothing in there


def test_cells_are_run_in_order_with_marks_between_them(kernel):
    asked = [{"setup": True}, {"piece": "x = 1"}, {"check": packed(["parts"])}]
    kernel.cells.run(requested({"word": word, **cell} for word, cell in zip("abc", asked)))
    assert [what for what in kernel.done if what != "post_execute"] == ["setup", "x = 1", ["parts"]]
    # The first mark at once; the second, and what the check noted, with what comes next.
    assert kernel.iopub.sent == [("asked", [{"word": "b", "count": 7}]), "gone"]
    assert kernel.iopub.held == [{"word": "c", "count": 7}, {"reports": [{"word": "c"}]}]


def test_what_another_thread_sends_of_it_is_in_the_name_of_the_request(kernel):
    """The parent of a message is another in each thread, and what has the wrong one is not listened to."""
    kernel.cells.run(requested([{"word": "a", "check": packed([])}]))
    kernel.shell.display_pub.parent_header = {}
    thread = threading.Thread(target=kernel.iopub.release)
    thread.start()
    thread.join()
    assert kernel.iopub.sent == [("asked", [{"reports": [{"word": "a"}]}])]


def test_a_part_behind_which_others_come_is_reported_at_once(kernel):
    kernel.cells._asked_by = {"msg_id": "asked"}
    kernel.cells.report([1], False)
    assert kernel.iopub.sent == [("asked", [{"reports": [1]}]), "gone"]


@pytest.mark.parametrize("cell", [{"check": "no code"}, {"check": packed([])}, {"other": 1}])
def test_what_cannot_be_run_is_said_and_ends_the_request(kernel, cell):
    kernel.cells.kit.clear()
    kernel.cells.run(requested([{"word": "a", **cell}, {"word": "b", "piece": "x = 1"}]))
    assert kernel.done == ["a traceback", "post_execute"]


@pytest.mark.parametrize("broken", ["showtraceback", "events", "run_cell"])
def test_whatever_a_notebook_breaks_the_request_is_answered(kernel, broken):
    setattr(kernel.shell, broken, None)
    kernel.cells.run(requested([{"word": "a", "piece": "x = 1"}, {"word": "b", "check": ""}]))
    kernel.cells.run(f"{GROUP}{json.dumps('no list')}")
