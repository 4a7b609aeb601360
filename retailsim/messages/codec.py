"""Message dataclasses to protobuf bytes and back, driven by the fields' own metadata.

Equal messages have equal bytes, in every process.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from retailsim.messages import retailsim_pb2
from retailsim.messages.base import Message

M = TypeVar("M", bound=Message)


def encode(message: Message) -> bytes:
    """Return the protobuf form of a message; raises ValueError for text that is not Unicode."""
    proto = proto_type(type(message))()
    for spec in fields(message):
        value = getattr(message, spec.name)
        if "shape" not in spec.metadata:
            setattr(proto, spec.name, value)
            continue
        getattr(proto, spec.name).extend(value.ravel().tolist())
        if _keeps_shape(spec.metadata["shape"]):
            getattr(proto, f"{spec.name}_shape").extend(value.shape)
    encoded: bytes = proto.SerializeToString(deterministic=True)
    return encoded


def decode(kind: type[M], data: bytes) -> M:
    """Return the message of type `kind` that `data` holds; raises ValueError if it holds none."""
    proto = proto_type(kind)()
    try:
        proto.ParseFromString(data)
        values: dict[str, Any] = {
            spec.name: _array(proto, spec.name, spec.metadata)
            if "shape" in spec.metadata
            else getattr(proto, spec.name)
            for spec in fields(kind)
        }
        return kind(**values)
    except (DecodeError, ValueError, OverflowError) as error:
        raise ValueError(f"not a {kind.__name__}: {error}") from error


def proto_type(kind: type[Message]) -> Any:
    """Return the generated protobuf class of a message type."""
    return getattr(retailsim_pb2, kind.__name__)


def _array(proto: Any, name: str, metadata: Any) -> NDArray[Any]:
    values, dtype, shape = getattr(proto, name), metadata["dtype"], metadata["shape"]
    flat = np.array(values, dtype=dtype)
    if _keeps_shape(shape):
        return flat.reshape(tuple(getattr(proto, f"{name}_shape")))
    fixed = [length for length in shape if isinstance(length, int)]
    if len(fixed) == len(shape):
        return flat.reshape(fixed)
    if flat.size % int(np.prod(fixed, dtype=int)):
        raise ValueError(f"{name} has {flat.size} values, which do not fill rows of {fixed}")
    return flat.reshape([length if isinstance(length, int) else -1 for length in shape])


def _keeps_shape(shape: tuple[str | int, ...]) -> bool:
    """Whether the lengths of the free axes cannot be told from the number of values."""
    return sum(isinstance(length, str) for length in shape) > 1
