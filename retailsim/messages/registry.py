"""Which messages have a form on disk, by name."""

from __future__ import annotations

from types import ModuleType

from retailsim.messages import results, sensors, truth
from retailsim.messages.base import Message

# Frames are kept as video, never as messages of their own.
_NOT_ON_DISK = (sensors.Frame, sensors.FrameBatch)


def _defined_in(module: ModuleType) -> dict[str, type[Message]]:
    return {
        name: kind
        for name, kind in vars(module).items()
        if isinstance(kind, type)
        and issubclass(kind, Message)
        and kind.__module__ == module.__name__
        and kind not in _NOT_ON_DISK
    }


SENSOR_TYPES = _defined_in(sensors)
RESULT_TYPES = _defined_in(results)
TRUTH_TYPES = _defined_in(truth)
MESSAGE_TYPES: dict[str, type[Message]] = SENSOR_TYPES | RESULT_TYPES | TRUTH_TYPES
