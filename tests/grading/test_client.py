"""What a kernel sends is bounded before it is unpacked."""

import pytest
from jupyter_client.session import Session

from grader.grading.client import MOST_FRAMES, BoundedSession, TooMuch


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
