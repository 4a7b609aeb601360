"""Every message goes from process to process exactly as it is."""

from __future__ import annotations

import struct
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.engine.shm.codec import EVERY_KIND, MessageCodec
from retailsim.errors import StageError
from retailsim.messages.base import Message, array
from retailsim.messages.results import Crossing, Detections, TagZones
from retailsim.messages.sensors import Frame, FrameBatch
from tests.messages.test_codec import messages_of


def exactly_equal(a: Any, b: Any) -> bool:
    """Same types, dtypes, shapes and bytes, also of NaN and of negative zero."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Message):
        return all(exactly_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, np.ndarray):
        same_form = a.dtype == b.dtype and a.shape == b.shape
        return bool(same_form and a.tobytes() == b.tobytes())
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(exactly_equal, a, b))
    if isinstance(a, float):
        return struct.pack("<d", a) == struct.pack("<d", b)
    return bool(a == b)


@st.composite
def any_message(draw: st.DrawFn) -> Message:
    kind = draw(st.sampled_from(EVERY_KIND))
    if kind is FrameBatch:
        return FrameBatch(draw(st.integers(0, 2**62)), tuple(draw(st.lists(messages_of(Frame)))))
    return draw(messages_of(kind))


@given(st.lists(any_message(), max_size=5), st.integers(-(2**63), 2**63 - 1))
def test_decoding_gives_back_what_was_encoded(messages: list[Message], stamp_ns: int) -> None:
    codec = MessageCodec()
    stamp, decoded = codec.decode(codec.encode(messages, stamp_ns))
    assert stamp == stamp_ns
    assert exactly_equal(decoded, tuple(messages))


@pytest.mark.parametrize("kind", [kind for kind in EVERY_KIND if kind is not FrameBatch])
@settings(max_examples=5)
@given(st.data())
def test_every_kind_of_message_travels(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(messages_of(kind))
    codec = MessageCodec()
    assert exactly_equal(codec.decode(codec.encode([message]))[1], (message,))


@dataclass(frozen=True)
class Note(Message):
    """What a user's own stage might say."""

    text: str | None
    pair: tuple[int | None, ...]
    rows: np.ndarray[Any, Any] | None
    spans: np.ndarray[Any, Any] = array(np.int32, "n", 2)


@pytest.mark.parametrize(
    "note",
    [
        Note(1, None, (), None, np.zeros((0, 2), np.int32)),
        Note(1, "na\u00efve \U0001f455 \0", (1, None), None, np.ones((3, 2), np.int32)),
        Note(2**70, "", (), np.array([b"ab"]), np.ones((6, 4), np.int32)[::2, ::2]),
        Note(1, "", (), np.array(["2026-11-22"], "M8[ns]"), np.ones((2, 2), np.int32).T),
        Note(1, "", (), np.zeros((2, 0), np.str_), np.ones((2, 2), np.int32)),
        Note(1, "", (), np.array(3.5), np.ones((2, 2), np.int32)),
    ],
)
def test_none_unicode_empty_and_strided_fields_travel(note: Note) -> None:
    codec = MessageCodec([Note])
    assert exactly_equal(codec.decode(codec.encode([note]))[1], (note,))


def test_numbers_of_numpy_stay_what_they_are() -> None:
    """What is computed from a float32 differs from what is computed from a float."""
    codec = MessageCodec([Crossing])
    said = Crossing(np.int64(5), "door", np.float32(0.1), "in")  # type: ignore[arg-type]
    (crossing,) = codec.decode(codec.encode([said]))[1]
    assert crossing == said
    assert (type(crossing.time_ns), type(crossing.person)) == (np.int64, np.float32)


def test_arrays_arrive_aligned_and_frozen_like_new_ones() -> None:
    zones = TagZones(1, np.array(["abc", "d"]), np.array(["x", "yz"]))
    boxes = Detections(1, "left", np.ones((3, 4), np.float32), np.ones(3, np.float32))
    codec = MessageCodec()
    data = bytearray(codec.encode([zones, boxes]))
    _, (first, second) = codec.decode(data)
    assert isinstance(first, TagZones)
    assert isinstance(second, Detections)
    for value in (first.epc, first.zone, second.boxes_px, second.score):
        assert value.flags.aligned
        assert not value.flags.writeable


def test_a_kind_that_was_not_agreed_on_is_refused_by_name() -> None:
    with pytest.raises(StageError, match="Crossing"):
        MessageCodec([Detections]).encode([Crossing(1, "door", 1, "in")])


@pytest.mark.parametrize("value", [np.array([None]), {"a": 1}, b"bytes", object()])
def test_what_is_no_message_field_is_refused_by_name(value: Any) -> None:
    note = Note(1, value, (), None, np.zeros((0, 2), np.int32))
    with pytest.raises(StageError, match=r"Note\.text cannot go to another process"):
        MessageCodec([Note]).encode([note])


def test_an_array_of_another_dtype_is_refused_where_it_arrives() -> None:
    codec = MessageCodec([Detections])
    boxes = Detections(1, "left", np.ones((3, 4), np.float32), np.ones(3, np.float32))
    data = codec.encode([boxes]).replace(b"<f4", b"<i4")
    with pytest.raises(ValueError, match=r"Detections\.boxes_px must hold float32"):
        codec.decode(data)
