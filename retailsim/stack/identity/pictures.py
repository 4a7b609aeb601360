"""Where tracklets stand, by the feet that a network sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message
from retailsim.messages.results import FloorPositions, Tracks
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.stack.identity.floor import FloorFromBoxes
from retailsim.stack.identity.footpoint import (
    HINTS,
    cut_view,
    foot_points_px,
    hints,
    load_footpoint,
    view_px,
)
from retailsim.stack.reid.crops import to_input
from retailsim.stack.runtime import Network
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.projection import Projection

F64 = NDArray[np.float64]
LEAST_SIGMA_M = 0.08
WIDEST_M = 3.0  # a foot point that is known no better says nothing


class FloorFromPictures(Stage):
    """Places every tracklet on the floor by its feet in the picture, seen or not.

    Cameras without calibration give NaN. Where the frame is missing, the box must do (see
    `floor`); beside a picture it has nothing to add (tried on tuning seeds 51 and 52).

    Args:
        context: the plan gives the cameras.
        model: folder under models/ (or a path to one) with config.yaml and weights.

    Raises:
        ModelError: the folder, its configuration or its weights do not fit.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (FrameBatch, Tracks)
    outputs: ClassVar[tuple[type[Message], ...]] = (FloorPositions,)
    on_device = True

    def __init__(self, context: StageContext, *, model: str = "foot-point") -> None:
        super().__init__(context)
        self._boxes = FloorFromBoxes(context)
        config, net = load_footpoint(model)
        self._size_px = config.input_px
        width, height = config.input_px
        self._network = Network(
            net, context=context, example_shape=(8, 3, height, width), side_width=HINTS
        )
        self._views = {c.id: Projection.of(c) for c in context.plan.cameras if c.calibrated}
        self._frames: dict[str, Frame] = {}
        self._tracks: list[Tracks] = []

    def process(self, message: Message) -> Iterable[Message]:
        """Keep this tick's frames and tracklets."""
        if isinstance(message, FrameBatch):
            self._frames = {frame.camera: frame for frame in message.frames}
        elif isinstance(message, Tracks):
            self._tracks.append(message)
        return ()

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Place the tracklets of all cameras, their crops in one batch."""
        seen = {i: tracks for i, tracks in enumerate(self._tracks) if self._pictured(tracks)}
        places = dict(zip(seen, self._places(list(seen.values())), strict=True))
        told = [places.get(i) or self._boxes.place(t) for i, t in enumerate(self._tracks)]
        self._tracks.clear()
        return told

    def _pictured(self, tracks: Tracks) -> bool:
        frame = self._frames.get(tracks.camera)
        here = frame is not None and frame.time_ns == tracks.time_ns
        return here and tracks.camera in self._views and len(tracks.track_id) > 0

    def _places(self, tracks: Sequence[Tracks]) -> list[FloorPositions]:
        """Return the floor positions of tracklets, one message per camera."""
        crops: list[NDArray[np.uint8]] = []
        told: list[NDArray[np.float32]] = []
        for one in tracks:
            image, boxes = self._frames[one.camera].image, one.boxes_px.astype(float)
            crops += [cut_view(image, view, self._size_px) for view in view_px(boxes)]
            size_px = (image.shape[1], image.shape[0])
            told.append(hints(self._views[one.camera], size_px, boxes))
        if not crops:
            return []
        output = self._network(to_input(crops, rgb=False), np.concatenate(told))[0]
        parts = np.split(output, np.cumsum([len(part) for part in told])[:-1])
        return [self._place(one, part) for one, part in zip(tracks, parts, strict=True)]

    def _place(self, tracks: Tracks, output: NDArray[np.float32]) -> FloorPositions:
        point_px, sigma_px = foot_points_px(output, tracks.boxes_px.astype(float))
        xy_m, sigma_m = on_floor(self._views[tracks.camera], point_px, sigma_px)
        return FloorPositions(tracks.time_ns, tracks.camera, tracks.track_id, xy_m, sigma_m)


def on_floor(projection: Projection, point_px: F64, sigma_px: F64) -> tuple[F64, F64]:
    """Return floor positions (n, 2) of pixels and their standard deviation along one axis (n,).

    Unknown (NaN) where the ray does not reach the floor, or nearly runs along it.
    """
    xy_m = projection.to_plane(point_px)
    variance = np.zeros(len(point_px))
    for axis in np.eye(2):
        there = projection.to_plane(point_px + axis * sigma_px)
        back = projection.to_plane(point_px - axis * sigma_px)
        variance += ((there - back) ** 2).sum(axis=1) / 4
    sigma_m = np.maximum(np.sqrt(variance / 2), LEAST_SIGMA_M)
    known = np.isfinite(xy_m).all(axis=1) & (sigma_m < WIDEST_M)
    return np.where(known[:, None], xy_m, np.nan), np.where(known, sigma_m, np.nan)
