"""Small ONNX files written byte by byte: no exporter is needed to test what reads them.

`bright_spots` makes networks that see bright pictures of people: every cell of a coarse grid
whose red light is strong gets a box of fixed size around it. Each comes in the layout of a
well-known family of detectors. Field numbers are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

FLOAT, INT64 = 1, 7
CELL = 16  # px


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value & (1 << 64) - 1)


def block(field: int, data: bytes | str) -> bytes:
    raw = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def tensor(name: str, values: np.ndarray) -> bytes:
    kind = INT64 if values.dtype == np.int64 else FLOAT
    dims = b"".join(number(1, side) for side in values.shape)
    return dims + number(2, kind) + block(8, name) + block(9, values.tobytes())


def node(
    kind: str, inputs: Sequence[str], outputs: Sequence[str], **ints: int | list[int]
) -> bytes:
    body = b"".join(block(1, name) for name in inputs) + b"".join(block(2, n) for n in outputs)
    for name, value in ints.items():
        if isinstance(value, list):
            given = block(1, name) + b"".join(number(8, v) for v in value) + number(20, 7)
        else:
            given = block(1, name) + number(3, value) + number(20, 2)
        body += block(5, given)
    return body + block(4, kind)


def port(name: str, shape: Sequence[int | str], kind: int = FLOAT) -> bytes:
    sides = b"".join(
        block(1, block(2, side) if isinstance(side, str) else number(1, side)) for side in shape
    )
    return block(1, name) + block(2, block(1, number(1, kind) + block(2, sides)))


def write_onnx(
    path: Path,
    nodes: Sequence[bytes],
    constants: Mapping[str, np.ndarray],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    *,
    elsewhere: Mapping[str, tuple[Sequence[int], str]] | None = None,
) -> Path:
    """Write a model of opset 13; `elsewhere` names float tensors kept in other files."""
    graph = b"".join(block(1, n) for n in nodes) + block(2, "graph")
    graph += b"".join(block(5, tensor(name, value)) for name, value in constants.items())
    for name, (shape, file) in (elsewhere or {}).items():
        sides = b"".join(number(1, side) for side in shape)
        place = block(13, block(1, "location") + block(2, file))
        graph += block(5, sides + number(2, FLOAT) + block(8, name) + place + number(14, 1))
    graph += b"".join(block(11, p) for p in inputs) + b"".join(block(12, p) for p in outputs)
    path.write_bytes(number(1, 8) + block(7, graph) + block(8, block(1, "") + number(2, 13)))
    return path


def bright_spots(
    path: Path,
    layout: str,
    *,
    input_px: tuple[int, int] = (128, 64),
    size_px: tuple[float, float] = (16.0, 32.0),
    classes: int = 3,
    person: int = 0,
    transposed: bool = False,
    free_batch: bool = False,
) -> Path:
    """Write a detector whose score is the mean red (first channel, 0 to 1) of a 16 px cell.

    Boxes of `size_px` are centred on the cells. Layouts: 'yolov8', 'yolov5', 'fastestdet',
    'nms-rows', 'boxes-scores', 'boxes-scores-labels'.
    """
    across, down = input_px[0] // CELL, input_px[1] // CELL
    cells = across * down
    row, column = (axis.ravel() for axis in np.mgrid[:down, :across])
    middle = np.stack([(column + 0.5) * CELL, (row + 0.5) * CELL], 1).astype(np.float32)
    size = np.tile(np.asarray(size_px, np.float32), (cells, 1))
    red = np.zeros((1, 3, 1, 1), np.float32)
    red[0, 0] = 1.0
    constants = {"red": red, "flat": np.array([1, cells, 1], np.int64)}
    nodes = [
        node("AveragePool", ["images"], ["mean"], kernel_shape=[CELL] * 2, strides=[CELL] * 2),
        node("Conv", ["mean", "red"], ["light"]),
        node("Reshape", ["light", "flat"], ["score"]),  # (1, cells, 1)
    ]
    ones = np.zeros((1, 1, classes), np.float32)
    ones[0, 0, person] = 1.0
    centred = np.concatenate([middle, size], 1)[None]
    cornered = np.concatenate([middle - size / 2, middle + size / 2], 1)[None]
    batch: int | str = "batch" if free_batch else 1
    outputs: list[bytes] = []

    def join(parts: Sequence[str], shape: Sequence[int]) -> None:
        nodes.append(node("Concat", parts, ["rows" if transposed else "out"], axis=2))
        if transposed:
            nodes.append(node("Transpose", ["rows"], ["out"], perm=[0, 2, 1]))
        outputs.append(port("out", [shape[0], *(shape[:0:-1] if transposed else shape[1:])]))

    if layout == "yolov8":
        constants |= {"box": centred, "ones": ones}
        nodes.append(node("Mul", ["score", "ones"], ["classes"]))
        join(["box", "classes"], [1, cells, 4 + classes])
    elif layout == "yolov5":
        constants |= {"box": centred, "ones": np.tile(ones, (1, cells, 1))}
        join(["box", "score", "ones"], [1, cells, 5 + classes])
    elif layout == "nms-rows":
        label = np.full((1, cells, 1), person, np.float32)
        constants |= {"box": cornered, "label": label}
        join(["box", "score", "label"], [1, cells, 6])
    elif layout == "fastestdet":
        share = size_px[0] / input_px[0], size_px[1] / input_px[1]
        terms = np.zeros((1, 4, down, across), np.float32)
        terms[0, :2] = np.arctanh(0.5)  # the centre of the cell
        terms[0, 2], terms[0, 3] = (np.log(s / (1 - s)) for s in share)
        spread = np.zeros((classes, 1, 1, 1), np.float32)
        spread[person] = 1.0
        constants |= {"terms": terms, "spread": spread}
        nodes.append(node("Conv", ["light", "spread"], ["classes"]))
        nodes.append(node("Concat", ["light", "terms", "classes"], ["out"], axis=1))
        outputs.append(port("out", [1, 5 + classes, down, across]))
    else:
        zero = np.zeros((1, 1, 1), np.float32)
        constants |= {"nothing": zero, "box": cornered, "ones": ones}
        nodes.append(node("Mul", ["score", "nothing"], ["zeros"]))
        nodes.append(node("Add", ["box", "zeros"], ["boxes"]))
        outputs.append(port("boxes", [1, cells, 4]))
        if layout == "boxes-scores-labels":
            constants |= {
                "person": np.full((1, cells), person, np.float32),
                "row": np.array([1, cells]),
            }
            nodes.append(node("Reshape", ["score", "row"], ["scores"]))
            nodes.append(node("Reshape", ["zeros", "row"], ["no"]))
            nodes.append(node("Add", ["no", "person"], ["labels"]))
            outputs.insert(0, port("labels", [1, cells]))
            outputs.append(port("scores", [1, cells]))
        else:
            nodes.append(node("Mul", ["score", "ones"], ["scores"]))
            outputs.append(port("scores", [1, cells, classes]))
    picture = port("images", [batch, 3, input_px[1], input_px[0]])
    return write_onnx(path, nodes, constants, [picture], outputs)


def mean_colour(
    path: Path, *, batch: int | str = "batch", size_px: tuple[int, int] = (8, 16)
) -> Path:
    """Write an embedder that says the mean of each channel, (batch, 3, 1, 1)."""
    picture = port("images", [batch, 3, size_px[1], size_px[0]])
    nodes = [node("GlobalAveragePool", ["images"], ["vector"])]
    return write_onnx(path, nodes, {}, [picture], [port("vector", [batch, 3, 1, 1])])
