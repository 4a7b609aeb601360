"""Messages to bytes and back, for processes of one program: arrays as they lie in memory.

    length of the head | head | array | array ...     each from a multiple of 16 bytes

The head holds what is not an array, in Python's `marshal` form: numbers, texts, None, and the dtype
and shape of each array. Unlike a pickle it can hold nothing else, so nothing runs when it is read.
It is not a file format: both sides must be of the same version, as processes of one program are.
What is stored in bags is protobuf (`retailsim.messages.codec`). There and back it takes as long for
a message of four numbers, 2.5 times as long for the boxes of 12 people, 6 for their appearance, 14
for 1,000 tag reads, 27 for the places of 1,500 tags (medians in one process).
"""

from __future__ import annotations

import marshal
import struct
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.reads import CleanReads
from retailsim.messages.registry import MESSAGE_TYPES
from retailsim.messages.sensors import Frame, FrameBatch

EVERY_KIND: tuple[type[Message], ...] = (*MESSAGE_TYPES.values(), CleanReads, Frame, FrameBatch)
ALIGN = 16
_LENGTH = struct.Struct("<q")
_PLAIN = frozenset({int, float, str, bool, type(None)})
_NESTED = frozenset({list, tuple})


class MessageCodec:
    """Encodes messages of the kinds it was made for, in the same order on both sides.

    Args:
        kinds: all types that may come, also those of a user's own stages.
    """

    def __init__(self, kinds: Iterable[type[Message]] = EVERY_KIND) -> None:
        self._kinds = tuple(dict.fromkeys(kinds))
        self._rows = {kind: row for row, kind in enumerate(self._kinds)}
        self._names = tuple(tuple(spec.name for spec in fields(kind)) for kind in self._kinds)

    def encode(self, messages: Sequence[Message], stamp_ns: int = 0) -> bytes:
        """Return messages and a number that goes with them as bytes.

        Raises:
            StageError: a message of another kind, or a field that is no number, text, array,
                message, None, or tuple of those.
        """
        arrays: list[NDArray[Any]] = []
        packed = tuple(self._pack(message, arrays) for message in messages)
        head = marshal.dumps((stamp_ns, packed))
        parts = [_LENGTH.pack(len(head)), head, bytes(-(8 + len(head)) % ALIGN)]
        for array in arrays:
            parts += (array.tobytes(), bytes(-array.nbytes % ALIGN))
        return b"".join(parts)

    def decode(self, data: bytes | bytearray) -> tuple[int, tuple[Message, ...]]:
        """Return what was encoded; arrays are views of `data`.

        Raises:
            ValueError: a message does not fit its own type (see `Message`), or the bytes end early.
        """
        (length,) = _LENGTH.unpack_from(data)
        stamp_ns, packed = marshal.loads(memoryview(data)[8 : 8 + length])
        arrays = _Arrays(data, 8 + length)
        return stamp_ns, tuple(self._unpack(one, arrays) for one in packed)

    def _pack(self, message: Message, arrays: list[NDArray[Any]]) -> list[Any]:
        kind = type(message)
        row = self._rows.get(kind)
        if row is None:
            raise StageError(f"no process expects a {kind.__name__}; stages must declare it")
        return [row, *(self._value(message, name, arrays) for name in self._names[row])]

    def _value(self, message: Message, name: str, arrays: list[NDArray[Any]]) -> Any:
        value = getattr(message, name)
        if type(value) in _PLAIN:
            return value
        try:
            return self._other(value, arrays)
        except TypeError as error:
            where = f"{type(message).__name__}.{name}"
            raise StageError(f"{where} cannot go to another process: {error}") from error

    def _other(self, value: Any, arrays: list[NDArray[Any]]) -> Any:
        """Put what marshal cannot tell apart into a list: messages and arrays."""
        if type(value) in _PLAIN:
            return value
        if isinstance(value, np.ndarray):
            if value.dtype.hasobject or value.dtype.fields:
                raise TypeError(f"it holds {value.dtype}")
            arrays.append(value)
            return [value.dtype.str, value.shape]
        if isinstance(value, Message):
            return self._pack(value, arrays)
        if isinstance(value, tuple):
            return tuple(self._other(one, arrays) for one in value)
        if isinstance(value, np.generic):  # as itself: what follows from it depends on its type
            arrays.append(np.asarray(value))
            return [value.dtype.str, None]
        raise TypeError(f"it is a {type(value).__name__}")

    def _unpack(self, packed: list[Any], arrays: _Arrays) -> Message:
        values = [self._read(one, arrays) if type(one) in _NESTED else one for one in packed[1:]]
        message: Message = self._kinds[packed[0]](*values)
        return message

    def _read(self, value: Any, arrays: _Arrays) -> Any:
        if isinstance(value, list):
            first = value[0]
            return (
                arrays.take(first, value[1]) if type(first) is str else self._unpack(value, arrays)
            )
        if isinstance(value, tuple):
            return tuple(self._read(one, arrays) for one in value)
        return value


class _Arrays:
    """The arrays of a packet, one after the other."""

    def __init__(self, data: bytes | bytearray, begin: int) -> None:
        self._data = data
        self._offset = begin - begin % -ALIGN

    def take(self, dtype: str, shape: tuple[int, ...] | None) -> Any:
        array: NDArray[Any] = np.ndarray(shape or (), dtype, self._data, self._offset)
        self._offset += array.nbytes - array.nbytes % -ALIGN
        return array[()] if shape is None else array
