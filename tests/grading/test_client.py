"""What a kernel sends is bounded before it is unpacked."""

import json
import tracemalloc

import pytest
from jupyter_client.session import Session

from grader.grading.client import MOST_FRAMES, BoundedSession, TooMuch
from grader.grading.weight import unpacked_bytes, unpacked_bytes_exactly

MANY = 50_000
TEXTS = {
    "lists": "[" + "[]," * MANY + "[]]",
    "lists of numbers": "[" + "[0]," * MANY + "0]",
    "dicts": "[" + '{"a":0},' * MANY + "0]",
    "keys": "{" + ",".join(f'"{n}":0' for n in range(MANY)) + "}",
    "numbers": "[" + "0.5," * MANY + "0]",
    "large numbers": "[" + "123456789012," * MANY + "0]",
    "texts": "[" + '"ab",' * MANY + "0]",
    "one text": json.dumps("x" * 10**6),
    "one text, a sign of which takes four bytes": f'"{"x" * 10**6}\U0001f600"',
    "the same, escaped": '"' + "x" * 10**6 + '\\ud83d\\ude00"',
    "another alphabet": json.dumps("한" * 10**6, ensure_ascii=False),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_json_takes_is_never_more_than_was_told(text):
    tracemalloc.start()
    kept = json.loads(text)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept is not None
    for told in (unpacked_bytes(text.encode()), unpacked_bytes(text), unpacked_bytes_exactly(text)):
        assert 0.95 * taken < told < 6 * taken


def test_what_stands_in_texts_weighs_nothing_where_it_is_looked_at_closely():
    text = json.dumps('[{,"' * 10_000)
    assert unpacked_bytes(text) > 5 * unpacked_bytes_exactly(text)


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
