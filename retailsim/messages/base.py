"""What every message is: frozen with its arrays, timed, and checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar

import numpy as np


def array(dtype: Any, *shape: str | int) -> Any:
    """Declare an array field of a message.

    Args:
        dtype: NumPy scalar type; `np.str_` stands for unicode of any width.
        shape: one entry per axis: a number, or a name that must mean the same length in
            every field of the message.
    """
    return field(metadata={"dtype": dtype, "shape": shape})


@dataclass(frozen=True)
class Message:
    """Base of all messages.

    Attributes:
        time_ns: the event's own time (capture time for frames), nanoseconds since the epoch.

    Whoever has a message shares it with others, so its arrays cannot be written to. They are views
    of those it was made with, to which their owner still can.

    `kept` says whether a replay counts messages of this type among its results. Those that are
    not kept pass from stage to stage and are in no digest and no file.
    """

    kept: ClassVar[bool] = True

    time_ns: int

    def __post_init__(self) -> None:
        """Check arrays and freeze them; raises ValueError naming message and field."""
        lengths: dict[str, int] = {}
        kind: Any = type(self)  # mypy mistakes a class's hash for its instances'
        for name, dtype, shape in _arrays(kind):
            value = getattr(self, name)
            if wrong := _wrong(value, dtype, shape, lengths):
                raise ValueError(f"{type(self).__name__}.{name} {wrong}")
            if value.flags.writeable:
                frozen = value.view()
                frozen.flags.writeable = False
                object.__setattr__(self, name, frozen)


@cache
def _arrays(kind: Any) -> tuple[tuple[str, np.dtype[Any], tuple[str | int, ...]], ...]:
    """Return name, dtype and shape of the array fields of a type of message."""
    return tuple(
        (spec.name, np.dtype(spec.metadata["dtype"]), spec.metadata["shape"])
        for spec in fields(kind)
        if "shape" in spec.metadata
    )


def _wrong(
    value: Any, dtype: np.dtype[Any], shape: tuple[str | int, ...], lengths: dict[str, int]
) -> str | None:
    """Say what is wrong with an array, None if nothing is; `lengths` are those met by name."""
    if not isinstance(value, np.ndarray):
        return f"must be an array, not {type(value).__name__}"
    if value.dtype != dtype and not value.dtype.kind == dtype.kind == "U":  # text of any width
        return f"must hold {dtype}, not {value.dtype}"
    if value.ndim != len(shape):
        return f"must have {len(shape)} axes, not {value.ndim}"
    for axis, expected in enumerate(shape):
        length = value.shape[axis]
        wanted = lengths.setdefault(expected, length) if isinstance(expected, str) else expected
        if length != wanted:
            return f"has length {length} on axis {axis}, expected {wanted}"
    return None
