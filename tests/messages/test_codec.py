"""Messages keep every value on their way through protobuf."""

from __future__ import annotations

import contextlib
import random
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from retailsim.messages import retailsim_pb2
from retailsim.messages.base import Message
from retailsim.messages.codec import decode, encode, proto_type
from retailsim.messages.digest import digest
from retailsim.messages.registry import MESSAGE_TYPES
from retailsim.messages.results import Crossing, Detections, Embeddings, HeatMap
from tests.session.sessions import reads, same

PROTO = Path(retailsim_pb2.__file__).with_name("retailsim.proto")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
INT64 = st.integers(-(2**63), 2**63 - 1)
SCALARS = {int: INT64, float: st.floats(allow_nan=False), str: TEXT, bool: st.booleans()}


@st.composite
def messages_of(draw: st.DrawFn, kind: type[Message]) -> Message:
    """Any message of a type: every field at random, axes of one name of one length."""
    hints = get_type_hints(kind)
    lengths: dict[str, int] = {}
    values: dict[str, Any] = {}
    for spec in fields(kind):
        if "shape" not in spec.metadata:
            hint = hints[spec.name]
            values[spec.name] = draw(SCALARS.get(hint, st.sampled_from(["in", "out", "flip"])))
            continue
        shape = tuple(
            axis
            if isinstance(axis, int)
            else lengths.setdefault(axis, draw(st.integers(0, 4), label=axis))
            for axis in spec.metadata["shape"]
        )
        dtype = spec.metadata["dtype"]
        if dtype is np.str_:
            flat = draw(st.lists(TEXT, min_size=shape[0], max_size=shape[0]))
            values[spec.name] = np.array(flat, dtype=np.str_)
        else:
            values[spec.name] = draw(hnp.arrays(dtype, shape))
    return kind(**values)


ANY_MESSAGE = st.sampled_from(sorted(MESSAGE_TYPES)).flatmap(
    lambda name: messages_of(MESSAGE_TYPES[name])
)


@given(ANY_MESSAGE)
def test_decoding_gives_back_what_was_encoded(message: Message) -> None:
    assert same(decode(type(message), encode(message)), message)


@given(ANY_MESSAGE)
def test_equal_messages_have_equal_bytes(message: Message) -> None:
    again = decode(type(message), encode(message))
    assert encode(again) == encode(message)


@pytest.mark.parametrize("name", sorted(MESSAGE_TYPES))
def test_the_proto_file_has_every_field_of_the_dataclass(name: str) -> None:
    kind = MESSAGE_TYPES[name]
    wanted = {spec.name for spec in fields(kind)}
    in_proto = {spec.name for spec in proto_type(kind).DESCRIPTOR.fields}
    assert {n for n in in_proto if not n.endswith("_shape")} == wanted


def test_arrays_without_rows_keep_their_width() -> None:
    empty = Embeddings(1, "left", np.zeros(0, np.int64), np.zeros((0, 128), np.float32))
    assert decode(Embeddings, encode(empty)).vector.shape == (0, 128)
    assert decode(HeatMap, encode(HeatMap(1, 0.5, np.zeros((0, 7))))).seconds.shape == (0, 7)


@given(st.binary(max_size=80), st.sampled_from(sorted(MESSAGE_TYPES)))
def test_foreign_bytes_are_refused_or_make_a_valid_message(data: bytes, name: str) -> None:
    message: Message | None = None
    with contextlib.suppress(ValueError):
        message = decode(MESSAGE_TYPES[name], data)
    assert message is None or type(message).__name__ == name


def test_lengths_that_contradict_each_other_are_refused() -> None:
    proto = proto_type(Detections)(camera="left", boxes_px=[1.0, 2.0, 3.0], score=[1.0])
    with pytest.raises(ValueError, match="not a Detections: boxes_px"):
        decode(Detections, proto.SerializeToString())


def test_a_value_too_large_for_its_field_is_refused() -> None:
    proto = proto_type(type(reads(0)))(reader="r", read_us=[1], epc=["a"], antenna=[300])
    with pytest.raises(ValueError, match="TagReads"):
        decode(type(reads(0)), proto.SerializeToString())


@given(st.lists(ANY_MESSAGE, max_size=6), st.randoms(use_true_random=False))
def test_the_digest_does_not_depend_on_the_order(
    messages: list[Message], shuffle: random.Random
) -> None:
    shuffled = list(messages)
    shuffle.shuffle(shuffled)
    assert digest(shuffled) == digest(messages)


def test_the_digest_sees_every_change() -> None:
    crossing = Crossing(5, "main", 1, "in")
    others = [
        [],
        [crossing, crossing],
        [Crossing(6, "main", 1, "in")],
        [Crossing(5, "main", 2, "in")],
        [Crossing(5, "main", 1, "out")],
    ]
    assert digest([crossing]) not in {digest(other) for other in others}
    assert len({digest(other) for other in others}) == len(others)


def test_the_generated_code_is_that_of_the_proto_file() -> None:
    text = PROTO.read_text()
    in_file = {
        name: {field: int(number) for field, number in re.findall(r"(\w+) = (\d+);", body)}
        for name, body in re.findall(r"^message (\w+) \{(.*?)^\}", text, re.DOTALL | re.MULTILINE)
    }
    compiled = {
        name: {field.name: field.number for field in message.fields}
        for name, message in retailsim_pb2.DESCRIPTOR.message_types_by_name.items()
    }
    assert compiled == in_file
    assert set(in_file) == set(MESSAGE_TYPES)
