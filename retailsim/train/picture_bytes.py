"""Bytes are eight bits already: an int8 twin takes pictures as they are.

NNCF does not see that. It rounds pictures to steps of its own, where they come in and again where
the first convolution takes them, and cuts off what is brighter than pictures usually are. Both
give way to the 256 values that a byte can have, and OpenVINO then hands the bytes themselves to the
convolution, which takes no time at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import add, mul, sub, truediv
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openvino import Type, opset13

_ARITHMETIC = {"Add": add, "Subtract": sub, "Multiply": mul, "Divide": truediv}
_ON_THE_WAY = {"Convert", "FakeQuantize", "Transpose", *_ARITHMETIC}


def keep_bytes(model: Any) -> None:
    """Let a quantised network take every byte of its pictures as what it is.

    Args:
        model: quantised; changed in place. An input of bytes stays as it is unless it goes by a
            transposition, and sums and products with one number, to where it is rounded.
    """
    for pictures in model.get_parameters():
        way = _way_of_bytes(pictures) if pictures.get_element_type() == Type.u8 else None
        if way is None:
            continue
        ends = [np.float32(value) for value in (0, 255, *way.ends)]
        values = opset13.fake_quantize(opset13.convert(pictures, Type.f32), *ends, levels=256)
        planes = opset13.transpose(values, way.axes).output(0)
        for reader in list(way.rounding.output(0).get_target_inputs()):
            reader.replace_source_output(planes)
    model.validate_nodes_and_infer_types()


@dataclass(frozen=True)
class _Way:
    """The way of an input of bytes: what 0 and 255 become, its transposition, where it ends."""

    ends: tuple[float, float]
    axes: NDArray[np.int64]
    rounding: Any


def _way_of_bytes(pictures: Any) -> _Way | None:
    """Follow bytes to where they are rounded after their transposition; None if they never are."""
    low, high, axes, node = 0.0, 255.0, None, pictures
    while axes is None or node.get_type_name() != "FakeQuantize":
        readers = list(node.output(0).get_target_inputs())
        if len(readers) != 1 or readers[0].get_node().get_type_name() not in _ON_THE_WAY:
            return None
        node = readers[0].get_node()
        kind, by = node.get_type_name(), _constant(node)
        if kind == "Transpose":
            axes = by
        elif kind in _ARITHMETIC:
            if by is None or by.size != 1:
                return None
            low, high = (float(_ARITHMETIC[kind](value, by.item())) for value in (low, high))
    return _Way((low, high), axes, node)


def _constant(node: Any) -> NDArray[Any] | None:
    """Return what a node takes beside its first input, if that is a constant."""
    if node.get_input_size() != 2:
        return None
    beside = node.input_value(1).get_node()
    return np.asarray(beside.get_data()) if beside.get_type_name() == "Constant" else None
