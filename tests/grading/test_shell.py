"""The streams of a kernel; its shell is run in test_execute."""

import contextlib
import os
import sys
import threading
import time

import pytest
import zmq
from jupyter_client.session import Session

from grader.grading.inside.shell import IOPub, Stream


@pytest.fixture
def stream(tmp_path, monkeypatch):
    """A stream whose thread, which reads what programs have written, never gets its turn; and what it passes on."""
    passed = []

    class Starved(Stream):
        def _watch_pipe_fd(self) -> None:
            pass

        def write(self, text: str) -> int:
            passed.append(text)
            return len(text)

    with zmq.Context() as context, context.socket(zmq.PUB) as socket, (tmp_path / "stdout").open("w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        yield Starved(None, IOPub(socket), "stdout", watchfd="force"), passed


def test_what_a_program_wrote_is_passed_on_before_a_cell_ends(stream):
    stream, passed = stream
    os.write(stream._original_stdstream_fd, b"from a program")
    stream.flush()
    assert passed == ["from a program"]
    stream.flush()
    assert passed == ["from a program"]


def test_a_process_forked_from_it_leaves_the_pipe_alone(stream):
    stream, passed = stream
    os.write(stream._original_stdstream_fd, b"from a program")
    stream._master_pid = 1
    stream.flush()
    assert passed == []


def test_a_pipe_that_the_notebook_closed_does_no_harm(stream):
    stream, passed = stream
    os.close(stream._fid)
    stream.flush()
    assert passed == []


class Recorded(IOPub):
    """The thread that sends, and what it has sent, the messages of a stream among them."""

    def __init__(self, socket) -> None:
        super().__init__(socket)
        self.sent = []

    def _really_send(self, message, *args, **options) -> None:
        self.sent.append(b"".join(map(bytes, message)))


@pytest.mark.slow
def test_what_the_thread_is_about_to_send_is_sent_before_a_cell_ends():
    """The thread flushes by itself, too: a cell that ended just then was idle before its output came."""

    class Slow(Stream):
        def _flush_buffers(self):
            entered.set()
            time.sleep(0.3)
            return super()._flush_buffers()

    entered = threading.Event()
    with zmq.Context() as context, context.socket(zmq.PUB) as socket:
        thread = Recorded(socket)
        thread.start()
        stream = Slow(Session(), thread, "stdout", watchfd=False)
        stream.set_parent({"header": {}})
        stream.write("a check's report")
        assert entered.wait(5)
        stream.flush()
        thread.send_multipart([b"idle"])
        thread.schedule(lambda: entered.clear())
        while entered.is_set():
            time.sleep(0.01)
        thread.stop()
    assert [b"report" in message for message in thread.sent] == [True, False]


@contextlib.contextmanager
def streaming(kind):
    """A thread of this kind that sends, started, and a stream that it serves."""
    with zmq.Context() as context, context.socket(zmq.PUB) as socket:
        thread = kind(socket)
        thread.start()
        stream = Stream(Session(), thread, "stdout", watchfd=False)
        stream.set_parent({"header": {}})
        yield thread, stream
        thread.stop()


def test_what_is_held_is_sent_before_whatever_comes_next():
    with streaming(Recorded) as (thread, stream):

        def send(held):
            thread.send_multipart([f"marks {held}".encode()])

        thread.send_held = send
        thread.hold(1)
        thread.hold(2)
        time.sleep(0.3)
        assert thread.sent == []
        stream.write("printed")
        stream.flush()
        thread.hold(3)
        thread.release()
        thread.release()
        stream.write("more")
        stream.flush()
    found = [
        part
        for message in thread.sent
        for part in (b"marks [1, 2]", b"marks [3]", b"printed", b"more")
        if part in message
    ]
    assert found == [b"marks [1, 2]", b"printed", b"marks [3]", b"more"]


def test_what_was_flushed_has_been_sent():
    """The next thing that a notebook does may be to end its process."""

    class Slow(Recorded):
        def _really_send(self, message, *args, **options) -> None:
            time.sleep(0.2)
            super()._really_send(message)

    with streaming(Slow) as (thread, stream):
        stream.write("the last words")
        stream.flush()
        (sent,) = thread.sent
    assert b"the last words" in sent


def test_nobody_waits_for_messages_that_are_not_the_streams():
    release = threading.Event()

    class Held(Recorded):
        def _really_send(self, message, *args, **options) -> None:
            release.wait(20)
            super()._really_send(message)

    with streaming(Held) as (thread, stream):
        thread.send_multipart([b"a figure"])
        stream.flush()
        assert not thread.sent
        release.set()
        thread.await_sent()
        assert thread.sent == [b"a figure"]


def test_a_stream_that_the_notebook_closed_does_no_harm(stream):
    stream, _ = stream
    stream._should_watch = False
    stream.close()
    stream.flush()
    stream._flush()


def test_what_is_held_comes_first_whoever_sends_it():
    """The thread sends of itself, too, and may take what is held just when more is put in line."""
    with zmq.Context() as context, context.socket(zmq.PUB) as socket:
        thread = Recorded(socket)
        thread.send_held = lambda held: [time.sleep(0.002), thread.send_multipart([str(held).encode()])]
        thread.start()
        for number in range(50):
            thread.hold(number)
            thread.io_loop.add_callback(lambda: thread.schedule(time.time))
            time.sleep(0.001)
            thread.send_multipart([b"idle %d" % number])
        thread.await_sent()
        thread.stop()
    assert thread.sent == [text for n in range(50) for text in (b"[%d]" % n, b"idle %d" % n)]
