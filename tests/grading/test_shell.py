"""The streams of a kernel; its shell is run in test_execute."""

import os
import sys

import pytest
import zmq
from ipykernel.iostream import IOPubThread

from grader.grading.inside.shell import Stream


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
        yield Starved(None, IOPubThread(socket), "stdout", watchfd="force"), passed


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
