"""A stack's results as a bag: our own messages, and twins that viewers can draw."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from foxglove_schemas_protobuf.Color_pb2 import Color
from foxglove_schemas_protobuf.Grid_pb2 import Grid
from foxglove_schemas_protobuf.ImageAnnotations_pb2 import ImageAnnotations
from foxglove_schemas_protobuf.PackedElementField_pb2 import PackedElementField
from foxglove_schemas_protobuf.PointsAnnotation_pb2 import PointsAnnotation
from numpy.typing import NDArray

from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.registry import RESULT_TYPES
from retailsim.messages.results import HeatMap, Identities, Tracks
from retailsim.session.foxglove import SHOP_FRAME, timestamp
from retailsim.session.topics import STACK
from retailsim.session.writer import BagWriter
from retailsim.store.plan import StorePlan

_FONT_PX = 14.0
_LINE_PX = 2.0
# Turns a running number into hues far apart (the golden angle).
_GOLDEN = 0.61803398875


def write_results(path: str | Path, plan: StorePlan, results: MessageLog) -> None:
    """Write everything a stack said to a bag, in the order in which it was said.

    Beside each Tracks and Identities goes a foxglove.ImageAnnotations with boxes and numbers on
    `/stack/camera/<id>/track_boxes` and `.../person_boxes`; beside the heat map a foxglove.Grid.

    Raises:
        BagError: the bag cannot be written.
    """
    said = [
        (emitted_ns, message)
        for kind in RESULT_TYPES.values()
        for emitted_ns, message in zip(results.emitted_ns(kind), results.of(kind), strict=True)
    ]
    said.sort(key=lambda entry: (entry[0], entry[1].time_ns))
    with BagWriter(path, plan) as bag:
        for emitted_ns, message in said:
            bag.write(message, emitted_ns)
            for topic, twin in drawable_twins(message):
                bag.write_proto(topic, twin, message.time_ns, emitted_ns)


def drawable_twins(message: Message) -> Iterator[tuple[str, Any]]:
    """Yield (topic, foxglove message) for what can be drawn of a result."""
    if isinstance(message, Tracks):
        topic = f"{STACK}camera/{message.camera}/track_boxes"
        yield topic, _boxes(message.time_ns, message.boxes_px, message.track_id)
    elif isinstance(message, Identities):
        for camera in sorted(set(message.camera.tolist())):
            rows = message.camera == camera
            topic = f"{STACK}camera/{camera}/person_boxes"
            yield topic, _boxes(message.time_ns, message.boxes_px[rows], message.person[rows])
    elif isinstance(message, HeatMap):
        yield f"{STACK}heat_map/grid", _grid(message)


def _boxes(time_ns: int, boxes_px: NDArray[np.float32], numbers: NDArray[np.int64]) -> Any:
    drawing = ImageAnnotations(timestamp=timestamp(time_ns))
    for (x1, y1, x2, y2), number in zip(boxes_px.tolist(), numbers.tolist(), strict=True):
        colour = _colour(number)
        outline = drawing.points.add(
            timestamp=timestamp(time_ns),
            type=PointsAnnotation.LINE_LOOP,
            thickness=_LINE_PX,
            outline_color=colour,
        )
        for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2)):
            outline.points.add(x=x, y=y)
        label = drawing.texts.add(
            timestamp=timestamp(time_ns), text=str(number), font_size=_FONT_PX, text_color=colour
        )
        label.position.x, label.position.y = x1, y1
    return drawing


def _grid(heat: HeatMap) -> Any:
    """Return the heat map as a grid on the floor; rows go along y, columns along x."""
    values = np.ascontiguousarray(heat.seconds, dtype="<f4")
    grid = Grid(
        timestamp=timestamp(heat.time_ns),
        frame_id=SHOP_FRAME,
        column_count=values.shape[1],
        row_stride=values.strides[0],
        cell_stride=values.itemsize,
        fields=[PackedElementField(name="seconds", offset=0, type=PackedElementField.FLOAT32)],
        data=values.tobytes(),
    )
    grid.pose.orientation.w = 1.0
    grid.cell_size.x = grid.cell_size.y = heat.cell_m
    return grid


def _colour(number: int) -> Any:
    red, green, blue = colorsys.hsv_to_rgb(number * _GOLDEN % 1.0, 0.8, 1.0)
    return Color(r=red, g=green, b=blue, a=1.0)
