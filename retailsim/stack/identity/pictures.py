"""Where tracklets stand: the feet that a network sees, weighed with what their boxes say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.errors import StageError
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
from retailsim.stack.runtime import Network
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.projection import Projection

F64 = NDArray[np.float64]
LEAST_SIGMA_M = 0.08
WIDEST_M = 3.0  # a foot point that is known no better says nothing


class FloorFromPictures(Stage):
    """Places every tracklet on the floor by its feet in the picture and by its box.

    Both are means with spreads; the answer weighs them by their precision. Cameras without
    calibration give NaN; where the frame is missing, the box alone counts.

    Args:
        context: the plan gives the cameras.
        model: folder under models/ (or a path to one) with config.yaml and weights.
        box_weight: share of its precision that the box counts with, for it and the network see
            the same picture and err together (chosen on tuning seeds 42 and 51).

    Raises:
        ModelError: the folder, its configuration or its weights do not fit.
        StageError: a parameter is out of range.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (FrameBatch, Tracks)
    outputs: ClassVar[tuple[type[Message], ...]] = (FloorPositions,)

    def __init__(
        self, context: StageContext, *, model: str = "foot-point", box_weight: float = 0.4
    ) -> None:
        super().__init__(context)
        if not 0 <= box_weight <= 1:
            raise StageError("floor: box_weight lies in [0, 1]")
        self._box_weight = box_weight
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
        boxed = [self._boxes.place(tracks) for tracks in self._tracks]
        seen = [i for i, tracks in enumerate(self._tracks) if self._pictured(tracks)]
        points = self._points([self._tracks[i] for i in seen])
        for i, (xy_m, sigma_m) in zip(seen, points, strict=True):
            boxed[i] = self._weighed(boxed[i], xy_m, sigma_m)
        self._tracks.clear()
        return boxed

    def _pictured(self, tracks: Tracks) -> bool:
        frame = self._frames.get(tracks.camera)
        here = frame is not None and frame.time_ns == tracks.time_ns
        return here and tracks.camera in self._views and len(tracks.track_id) > 0

    def _points(self, tracks: Sequence[Tracks]) -> list[tuple[F64, F64]]:
        """Return floor positions (n, 2) and their sigma (n,) by the network, per camera."""
        crops: list[NDArray[np.uint8]] = []
        told: list[NDArray[np.float32]] = []
        for one in tracks:
            image, boxes = self._frames[one.camera].image, one.boxes_px.astype(float)
            crops += [cut_view(image, view, self._size_px) for view in view_px(boxes)]
            size_px = (image.shape[1], image.shape[0])
            told.append(hints(self._views[one.camera], size_px, boxes))
        if not crops:
            return []
        batch = np.asarray(cv2.dnn.blobFromImages(crops, scalefactor=1 / 255), np.float32)
        output = self._network(batch, np.concatenate(told))[0]
        parts = np.split(output, np.cumsum([len(part) for part in told])[:-1])
        return [
            on_floor(self._views[one.camera], *foot_points_px(part, one.boxes_px.astype(float)))
            for one, part in zip(tracks, parts, strict=True)
        ]

    def _weighed(self, boxed: FloorPositions, xy_m: F64, sigma_m: F64) -> FloorPositions:
        """Return the mean of both, weighed by precision; of one where the other is unknown."""
        by_box = _precision(boxed.sigma_m) * self._box_weight
        by_feet = _precision(sigma_m)
        total = by_box + by_feet
        known = total > 0
        total = np.where(known, total, 1.0)
        share = (by_box / total)[:, None]
        mixed = share * np.nan_to_num(boxed.xy_m) + (1 - share) * np.nan_to_num(xy_m)
        both = (by_box > 0) & (by_feet > 0)
        counted = np.where(both, 1 + self._box_weight, np.where(by_feet > 0, 1, self._box_weight))
        sigma = np.maximum(np.sqrt(counted / total), LEAST_SIGMA_M)
        return replace(
            boxed,
            xy_m=np.where(known[:, None], mixed, np.nan),
            sigma_m=np.where(known, sigma, np.nan),
        )


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
    sigma_m = np.sqrt(variance / 2)
    known = np.isfinite(xy_m).all(axis=1) & (sigma_m < WIDEST_M)
    return np.where(known[:, None], xy_m, np.nan), np.where(known, sigma_m, np.nan)


def _precision(sigma_m: F64) -> F64:
    """Return 1 / sigma^2, 0 where sigma is unknown."""
    bounded = np.maximum(np.nan_to_num(sigma_m, nan=np.inf), LEAST_SIGMA_M)
    precision: F64 = 1.0 / bounded**2
    return precision
