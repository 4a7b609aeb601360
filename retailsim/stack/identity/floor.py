"""From a person's box in a calibrated camera to where they stand on the floor plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message
from retailsim.messages.results import FloorPositions, Tracks
from retailsim.stack.identity.silhouette import CELL_M, Silhouettes, silhouettes
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.projection import Projection

F64 = NDArray[np.float64]

# Adults' standing heights: mean and standard deviation over both sexes (DIN 33402-2: men
# 1.75 +- 0.07 m, women 1.63 +- 0.06 m), with 2 cm of shoes.
HEIGHTS_M = (1.58, 1.71, 1.84)
MEAN_HEIGHT_M, HEIGHT_SIGMA_M = 1.71, 0.09
BOX_SIGMA_SHARE = 0.03  # how well a box's edge is known, in box sizes (assumed)
# How well the body model fits a moving person, across the image (arms, strides) and up and down
# it (bent backs, feet apart); assumed.
OUTWARD = np.array([-1.0, -1.0, 1.0, 1.0])
BODY_SIGMA_M = np.array([0.09, 0.06, 0.09, 0.06])
HIDDEN_COST = 4.5  # of an edge that another person hides, about -log(1 %) (assumed)
LEAST_SIGMA_M = 0.10


class FloorFromBoxes(Stage):
    """Places every tracklet on the floor by comparing its box with those of upright people.

    The answer is the mean and spread over all candidates of the camera (see `silhouette`),
    weighted by how well the box fits. Cameras without calibration give NaN.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (Tracks,)
    outputs: ClassVar[tuple[type[Message], ...]] = (FloorPositions,)

    def __init__(self, context: StageContext) -> None:
        super().__init__(context)
        self._candidates: dict[str, Silhouettes | None] = {}

    def process(self, message: Message) -> Iterable[Message]:
        """Turn one camera's Tracks into FloorPositions, rows in the same order."""
        if not isinstance(message, Tracks):
            return ()
        candidates = self._of_camera(message.camera)
        places = np.full((len(message.track_id), 3), np.nan)
        if candidates is not None:
            for row, box in enumerate(message.boxes_px.astype(float)):
                places[row] = place(candidates, box)
        return (
            FloorPositions(
                message.time_ns,
                message.camera,
                message.track_id,
                np.ascontiguousarray(places[:, :2]),
                np.ascontiguousarray(places[:, 2]),
            ),
        )

    def _of_camera(self, camera_id: str) -> Silhouettes | None:
        """Make the candidates of a camera when its first tracklet comes."""
        if camera_id not in self._candidates:
            camera = self.context.plan.camera(camera_id)
            known = silhouettes(self.context.plan, camera, HEIGHTS_M) if camera.calibrated else None
            self._candidates[camera_id] = known
        return self._candidates[camera_id]


def place(candidates: Silhouettes, box_px: F64) -> tuple[float, float, float]:
    """Return x, y and their standard deviation in metres for one box; NaN when nothing fits.

    An edge inside the expected box may be hidden by another person: its misfit saturates. An
    edge outside it has no such excuse.
    """
    near = candidates.near(box_px)
    if not len(near):
        return np.nan, np.nan, np.nan
    expected = candidates.boxes_px[near]
    outward = OUTWARD * (box_px - expected)
    size = (expected[:, 2:] - expected[:, :2]).max(axis=1)
    body_px = BODY_SIGMA_M * candidates.px_per_m[near][:, None]
    misfit = (outward / np.hypot(BOX_SIGMA_SHARE * size[:, None], body_px)) ** 2 / 2
    hidden = -np.logaddexp(-misfit, -HIDDEN_COST)
    cost = np.where(outward > 0, misfit, hidden).sum(axis=1)
    cost += ((candidates.height_m[near] - MEAN_HEIGHT_M) / HEIGHT_SIGMA_M) ** 2 / 2
    weight = np.exp(cost.min() - cost)
    weight /= weight.sum()
    xy = candidates.xy_m[near]
    mean = weight @ xy
    variance = weight @ ((xy - mean) ** 2).sum(axis=1) / 2
    return float(mean[0]), float(mean[1]), float(np.sqrt(variance + LEAST_SIGMA_M**2))


class FloorFromFeet(Stage):
    """The trivial rival: the middle of the box's bottom edge is taken for the feet."""

    inputs: ClassVar[tuple[type[Message], ...]] = (Tracks,)
    outputs: ClassVar[tuple[type[Message], ...]] = (FloorPositions,)

    def process(self, message: Message) -> Iterable[Message]:
        """Turn one camera's Tracks into FloorPositions, rows in the same order."""
        if not isinstance(message, Tracks):
            return ()
        camera = self.context.plan.camera(message.camera)
        boxes = message.boxes_px.astype(float)
        xy = np.full((len(boxes), 2), np.nan)
        if camera.calibrated:
            feet = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1)
            xy = Projection.of(camera).to_plane(feet)
        sigma = np.where(np.isnan(xy[:, 0]), np.nan, CELL_M)
        return (FloorPositions(message.time_ns, message.camera, message.track_id, xy, sigma),)
