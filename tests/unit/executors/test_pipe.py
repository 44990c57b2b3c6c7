"""Frames on the pipe between the bot and its workers."""

from __future__ import annotations

import asyncio
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.executors import pipe
from bot.executors.pipe import Frame, FrameError

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
some_frames = st.lists(
    st.builds(
        Frame,
        st.text(),
        st.dictionaries(st.text(), values, max_size=4),
        st.lists(st.binary(max_size=300), max_size=3).map(tuple),
    ),
    max_size=4,
)


@given(some_frames)
def test_what_is_sent_is_received_by_a_thread(sent):
    stream = io.BytesIO(b"".join(piece for frame in sent for piece in pipe.encode(frame)))
    assert [pipe.read(stream) for _ in sent] == sent
    assert pipe.read(stream) is None


@settings(max_examples=30)  # each opens an event loop
@given(some_frames)
def test_what_is_sent_is_received_by_the_event_loop(sent):
    async def receive() -> None:
        stream = asyncio.StreamReader()
        for frame in sent:
            for piece in pipe.encode(frame):
                stream.feed_data(piece)
        stream.feed_eof()
        assert [await pipe.read_async(stream) for _ in sent] == sent
        with pytest.raises(asyncio.IncompleteReadError):
            await pipe.read_async(stream)

    asyncio.run(receive())


@given(st.binary(min_size=1, max_size=200))
def test_invalid_bytes_are_refused(raw):
    with pytest.raises(FrameError):
        pipe.read(io.BytesIO(raw))


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{}",
        b'{"kind": 1, "fields": {}, "blobs": []}',
        b'{"kind": "x", "fields": [], "blobs": []}',
        b'{"kind": "x", "fields": {}, "blobs": [-1]}',
        b'{"kind": "x", "fields": {}, "blobs": ["1"]}',
        b'{"kind": "x", "fields": {}, "blobs": [99999999999]}',
        b"\xff\xfe",
    ],
)
def test_headers_that_are_none(header):
    with pytest.raises(FrameError):
        pipe.read(io.BytesIO(len(header).to_bytes(4, "big") + header))


def test_a_header_that_never_ends():
    with pytest.raises(FrameError, match="header of"):
        pipe.read(io.BytesIO(b"\xff\xff\xff\xff"))


def test_a_pipe_that_ends_early():
    (header, blob) = pipe.encode(Frame("x", {}, (b"12345",)))
    with pytest.raises(FrameError, match="2 bytes early"):
        pipe.read(io.BytesIO(header + blob[:3]))
