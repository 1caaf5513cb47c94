from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alisa_desktop.core.frames import MAX_FRAME, FrameDecoder, FrameError, encode

any_text = st.text(st.characters())  # lone surrogates included
value = st.none() | st.booleans() | st.integers() | any_text
values = value | st.lists(value, max_size=3) | st.dictionaries(any_text, value, max_size=3)
frames = st.dictionaries(any_text, values, max_size=4)


@settings(max_examples=60)
@given(st.lists(frames, max_size=4), st.lists(st.integers(1, 50)))
def test_frames_survive_any_cutting(sent: list[dict[str, object]], cuts: list[int]) -> None:
    data = b"".join(encode(frame) for frame in sent)
    decoder = FrameDecoder()
    received = []
    for cut in [*cuts, len(data)]:
        received += decoder.feed(data[:cut])
        data = data[cut:]
    assert received == sent


@settings(max_examples=60)
@given(st.binary())
def test_nonsense_is_a_named_error_or_waits_for_more(data: bytes) -> None:
    with suppress(FrameError):
        assert all(isinstance(frame, dict) for frame in FrameDecoder().feed(data))


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(FrameError):
        FrameDecoder().feed(struct.pack(">I", len(body)) + body)


def test_an_endless_frame_is_refused_before_it_is_read() -> None:
    with pytest.raises(FrameError):
        FrameDecoder().feed(struct.pack(">I", MAX_FRAME + 1))
