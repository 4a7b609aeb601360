"""Drawable twins of results: what a viewer shows without knowing retailsim's messages.

Foxglove draws ImageAnnotations and Grid. Rerun (0.41) draws neither, but point clouds in the frame
of a camera or of the shop, images and log lines; so each result gets a twin of its own for each.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from foxglove_schemas_protobuf.Color_pb2 import Color
from foxglove_schemas_protobuf.Grid_pb2 import Grid
from foxglove_schemas_protobuf.ImageAnnotations_pb2 import ImageAnnotations
from foxglove_schemas_protobuf.Log_pb2 import Log
from foxglove_schemas_protobuf.PackedElementField_pb2 import PackedElementField
from foxglove_schemas_protobuf.PointCloud_pb2 import PointCloud
from foxglove_schemas_protobuf.PointsAnnotation_pb2 import PointsAnnotation
from foxglove_schemas_protobuf.RawImage_pb2 import RawImage
from numpy.typing import NDArray

from retailsim.messages.base import Message
from retailsim.messages.results import (
    Crossing,
    HeatMap,
    Identities,
    Interaction,
    People,
    Recommendation,
    Tracks,
)
from retailsim.session.foxglove import SHOP_FRAME, timestamp
from retailsim.session.topics import STACK
from retailsim.store.plan import StorePlan
from retailsim.store.projection import Projection

Twin = tuple[str, Any]
_FONT_PX = 14.0
_LINE_PX = 2.0
_POINTS_PER_EDGE = 8
_HEAT_PX_PER_CELL = 16
# Turns a running number into hues far apart (the golden ratio's fractional part).
_GOLDEN = 0.61803398875
_POINT = np.dtype(
    [(axis, "<f4") for axis in "xyz"] + [(part, "u1") for part in ("red", "green", "blue", "alpha")]
)


def drawable_twins(message: Message, plan: StorePlan) -> Iterator[Twin]:
    """Yield (topic, foxglove message) for everything that can be drawn of a result."""
    if isinstance(message, Tracks):
        topic = f"{STACK}camera/{message.camera}/track_boxes"
        yield topic, _annotations(message.time_ns, message.boxes_px, message.track_id)
    elif isinstance(message, Identities):
        yield from _person_boxes(message, plan)
    elif isinstance(message, People):
        xyz = np.column_stack([message.xy_m, np.zeros(len(message.person))])
        cloud = _cloud(message.time_ns, SHOP_FRAME, xyz, message.person)
        yield f"{STACK}people/points", cloud
    elif isinstance(message, HeatMap):
        yield f"{STACK}heat_map/grid", _grid(message)
        yield f"{STACK}heat_map/image", _heat_image(message)
    elif line := _line(message):
        text = Log(timestamp=timestamp(message.time_ns), level=Log.INFO, message=line)
        yield f"{STACK}events", text


def _person_boxes(message: Identities, plan: StorePlan) -> Iterator[Twin]:
    cameras = {camera.id: camera for camera in plan.cameras}
    for name in dict.fromkeys(message.camera.tolist()):
        rows = message.camera == name
        boxes, persons = message.boxes_px[rows], message.person[rows]
        topic = f"{STACK}camera/{name}/person_boxes"
        yield topic, _annotations(message.time_ns, boxes, persons)
        if name in cameras and cameras[name].calibrated:
            outline, numbers = _outlines(boxes, persons, Projection.of(cameras[name]))
            yield f"{topic}/points", _cloud(message.time_ns, name, outline, numbers)


def _annotations(time_ns: int, boxes_px: NDArray[np.float32], numbers: NDArray[np.int64]) -> Any:
    drawing = ImageAnnotations(timestamp=timestamp(time_ns))
    for (x1, y1, x2, y2), number in zip(boxes_px.tolist(), numbers.tolist(), strict=True):
        red, green, blue = _rgb(number)
        colour = Color(r=red, g=green, b=blue, a=1.0)
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


def _outlines(
    boxes_px: NDArray[np.float32], numbers: NDArray[np.int64], projection: Projection
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return points along the boxes' edges, 1 m in front of the camera, and whose they are."""
    corners = boxes_px[:, [[0, 1], [2, 1], [2, 3], [0, 3]]].astype(float)
    steps = np.arange(_POINTS_PER_EDGE) / _POINTS_PER_EDGE
    edges = np.roll(corners, -1, axis=1) - corners
    pixels = (corners[:, :, None] + edges[:, :, None] * steps[:, None]).reshape(-1, 2)
    return projection.rays(pixels), np.repeat(numbers, 4 * _POINTS_PER_EDGE)


def _cloud(time_ns: int, frame: str, xyz_m: NDArray[np.float64], numbers: NDArray[np.int64]) -> Any:
    points = np.zeros(len(xyz_m), _POINT)
    points["x"], points["y"], points["z"] = xyz_m.T
    colours = {number: np.round(np.array(_rgb(number)) * 255) for number in set(numbers.tolist())}
    for row, number in enumerate(numbers.tolist()):
        points["red"][row], points["green"][row], points["blue"][row] = colours[number]
    points["alpha"] = 255
    cloud = PointCloud(
        timestamp=timestamp(time_ns),
        frame_id=frame,
        point_stride=_POINT.itemsize,
        fields=[
            PackedElementField(name=name, offset=_POINT.fields[name][1], type=kind)  # type: ignore[index]
            for name, kind in [(axis, PackedElementField.FLOAT32) for axis in "xyz"]
            + [(part, PackedElementField.UINT8) for part in ("red", "green", "blue", "alpha")]
        ],
        data=points.tobytes(),
    )
    cloud.pose.orientation.w = 1.0
    return cloud


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


def _heat_image(heat: HeatMap) -> Any:
    """Return the heat map as a picture of the floor plan, y up, the warmest cell brightest."""
    share = heat.seconds / max(float(heat.seconds.max(initial=0.0)), 1e-9)
    levels = np.round(share[::-1] * 255).astype(np.uint8)
    large = np.kron(levels, np.ones((_HEAT_PX_PER_CELL, _HEAT_PX_PER_CELL), np.uint8))
    if large.size:
        pixels = np.asarray(cv2.applyColorMap(large, cv2.COLORMAP_INFERNO))[..., ::-1]
    else:
        pixels = np.zeros((0, 0, 3), np.uint8)
    return RawImage(
        timestamp=timestamp(heat.time_ns),
        width=pixels.shape[1],
        height=pixels.shape[0],
        encoding="rgb8",
        step=3 * pixels.shape[1],
        data=pixels.tobytes(),
    )


def _line(message: Message) -> str:
    if isinstance(message, Crossing):
        return f"person {message.person} goes {message.direction} by door {message.door}"
    if isinstance(message, Interaction):
        who = f"person {message.person}" if message.person else "somebody"
        return f"{who} handles {message.epc} (confidence {message.confidence:.2f})"
    if isinstance(message, Recommendation):
        return f"{message.mirror} answers {message.epc} with {', '.join(message.sku.tolist())}"
    return ""


def _rgb(number: int) -> tuple[float, float, float]:
    return colorsys.hsv_to_rgb(number * _GOLDEN % 1.0, 0.8, 1.0)
