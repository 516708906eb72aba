"""What a kernel sends is bounded before it is unpacked."""

import asyncio
import itertools
from queue import Empty

import pytest
import zmq
import zmq.asyncio
from jupyter_client.session import DELIM, Session

from grader.grading.client import MOST_FRAMES, BoundedSession, Channel, TooMuch


@pytest.fixture
def session():
    session = BoundedSession(key=b"key")
    session.room = 1 << 20
    return session


def sent(metadata: bytes = b"{}", content: bytes = b"{}", buffers: tuple = ()) -> list[bytes]:
    """A message as it comes, signed."""
    parts = [b'{"msg_id": "1", "msg_type": "status"}', b"{}", metadata, content]
    return [Session(key=b"key").sign(parts), *parts, *buffers]


def test_an_ordinary_message_is_unpacked(session):
    assert session.deserialize(sent(content=b'{"a": 1}', buffers=(b"x",)))["content"] == {"a": 1}


@pytest.mark.parametrize(
    "message",
    [
        sent(metadata=b'{"a": "' + b"x" * (1 << 20) + b'"}'),
        sent(content=b'{"a": "' + b"x" * (3 << 20) + b'"}'),
        sent(content=b'{"a": [' + b'{"a":0},' * 220_000 + b"0]}"),
        sent(buffers=(b"x",) * MOST_FRAMES),
    ],
    ids=["metadata", "content", "dicts", "frames"],
)
def test_too_much_is_not_unpacked(session, message, monkeypatch):
    monkeypatch.setattr(Session, "deserialize", lambda *args: pytest.fail("it was unpacked"))
    with pytest.raises(TooMuch):
        session.deserialize(message)


def test_content_is_bounded_by_the_room_that_is_left(session):
    text = sent(content=b'{"a": "' + b"x" * (3 << 19) + b'"}')
    assert session.deserialize(text)
    session.room = 0
    with pytest.raises(TooMuch):
        session.deserialize(sent(content=text[4]))


@pytest.fixture
def channel(session, tmp_path):
    """A channel, and what sends to it."""

    async def use(test):
        with zmq.asyncio.Context() as context, context.socket(zmq.PAIR) as ours, zmq.Context() as other:
            ours.bind(f"ipc://{tmp_path}/channel")
            with other.socket(zmq.PAIR) as theirs:
                theirs.connect(f"ipc://{tmp_path}/channel")
                numbers = itertools.count()  # or they would be one message, sent again and again

                def send():
                    theirs.send_multipart([DELIM, *sent(metadata=b'{"n": %d}' % next(numbers))])

                await test(Channel(ours, session), send)

    return lambda test: asyncio.run(asyncio.wait_for(use(test), 20))


def test_a_message_is_taken_when_it_comes(channel):
    async def test(channel, send):
        asyncio.get_running_loop().call_later(0.1, send)
        assert (await channel.get_msg())["msg_type"] == "status"
        send()
        assert (await channel.get_msg(timeout=5))["msg_type"] == "status"

    channel(test)


def test_where_none_comes_that_is_said_in_time(channel):
    async def test(channel, send):
        with pytest.raises(Empty):
            await channel.get_msg(timeout=0.05)
        send()  # and the next is not lost to whoever waited
        assert (await channel.get_msg(timeout=5))["msg_type"] == "status"

    channel(test)


def test_others_have_their_turn_while_messages_come_and_come(channel):
    async def test(channel, send):
        turn = asyncio.Event()
        for _ in range(3 * Channel.AT_ONCE):
            send()
        await asyncio.sleep(0.2)  # all are there
        asyncio.get_running_loop().call_soon(turn.set)
        taken = 0
        while not turn.is_set():
            await channel.get_msg()
            taken += 1
        assert taken == Channel.AT_ONCE

    channel(test)
