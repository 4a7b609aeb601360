"""What every message is: frozen, timed, and checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
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

    `kept` says whether a replay counts messages of this type among its results. Those that are
    not kept pass from stage to stage and are in no digest and no file.
    """

    kept: ClassVar[bool] = True

    time_ns: int

    def __post_init__(self) -> None:
        """Check dtypes and shapes; raises ValueError naming message and field."""
        lengths: dict[str, int] = {}
        for spec in fields(self):
            if "shape" in spec.metadata:
                _check(self, spec.name, spec.metadata["dtype"], spec.metadata["shape"], lengths)


def _check(
    message: Message, name: str, dtype: Any, shape: tuple[str | int, ...], lengths: dict[str, int]
) -> None:
    value = getattr(message, name)
    where = f"{type(message).__name__}.{name}"
    if not isinstance(value, np.ndarray):
        raise ValueError(f"{where} must be an array, not {type(value).__name__}")
    fits = value.dtype.kind == "U" if dtype is np.str_ else value.dtype == np.dtype(dtype)
    if not fits:
        raise ValueError(f"{where} must hold {np.dtype(dtype)}, not {value.dtype}")
    if value.ndim != len(shape):
        raise ValueError(f"{where} must have {len(shape)} axes, not {value.ndim}")
    for axis, expected in enumerate(shape):
        length = value.shape[axis]
        wanted = lengths.setdefault(expected, length) if isinstance(expected, str) else expected
        if length != wanted:
            raise ValueError(f"{where} has length {length} on axis {axis}, expected {wanted}")
