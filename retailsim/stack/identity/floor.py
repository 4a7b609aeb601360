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
# 1.75 +- 0.07 m, women 1.63 +- 0.06 m), less 5 cm: who looks at goods bows the head and leans
# (fitted to true boxes of tuning seed 51).
HEIGHTS_M = (1.51, 1.64, 1.77)
MEAN_HEIGHT_M, HEIGHT_SIGMA_M = 1.64, 0.09
BOX_SIGMA_SHARE = 0.03  # how well a box's edge is known, in box sizes (assumed)
# How well the body model fits a moving person, across the image (arms, strides) and up and down
# it (bent backs, feet apart); assumed.
OUTWARD = np.array([-1.0, -1.0, 1.0, 1.0])
BODY_SIGMA_M = np.array([0.09, 0.06, 0.09, 0.06])
# -log of how likely somebody else hides an edge: when a nearer person's box covers it, and
# otherwise (chosen on tuning seed 42).
COVERED_COST, UNCOVERED_COST = 2.0, 6.0
COVERING_SHARE = 0.3
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
        """Turn one camera's Tracks into FloorPositions."""
        return (self.place(message),) if isinstance(message, Tracks) else ()

    def place(self, tracks: Tracks) -> FloorPositions:
        """Return the floor positions of one camera's tracklets, rows in the same order."""
        places = np.full((len(tracks.track_id), 3), np.nan)
        # Candidates take long to make: not for a camera that sees nobody.
        candidates = self._of_camera(tracks.camera) if len(places) else None
        if candidates is not None:
            boxes = tracks.boxes_px.astype(float)
            hidden_cost = np.where(covered_edges(boxes), COVERED_COST, UNCOVERED_COST)
            for row, box in enumerate(boxes):
                places[row] = place(candidates, box, hidden_cost[row])
        return FloorPositions(
            tracks.time_ns,
            tracks.camera,
            tracks.track_id,
            np.ascontiguousarray(places[:, :2]),
            np.ascontiguousarray(places[:, 2]),
        )

    def _of_camera(self, camera_id: str) -> Silhouettes | None:
        """Make the candidates of a camera when its first tracklet comes."""
        if camera_id not in self._candidates:
            camera = self.context.plan.camera(camera_id)
            known = silhouettes(self.context.plan, camera, HEIGHTS_M) if camera.calibrated else None
            self._candidates[camera_id] = known
        return self._candidates[camera_id]


def covered_edges(boxes_px: F64) -> NDArray[np.bool_]:
    """Say which edges of boxes (n, 4) a nearer person may hide, bool (n, 4).

    Of two people, the one whose box ends lower in the image is taken for the nearer.
    """
    x1, y1, x2, y2 = boxes_px.T
    width, height = np.maximum(x2 - x1, 1.0), np.maximum(y2 - y1, 1.0)
    nearer = y2[None] > y2[:, None] + 0.03 * height[:, None]
    wide = np.minimum(x2[:, None], x2[None]) - np.maximum(x1[:, None], x1[None])
    high = np.minimum(y2[:, None], y2[None]) - np.maximum(y1[:, None], y1[None])
    beside = nearer & (high > COVERING_SHARE * height[:, None])
    below = nearer & (wide > COVERING_SHARE * width[:, None])
    edges = [
        beside & (x1[None] <= x1[:, None]) & (x1[:, None] <= x2[None] + 0.2 * width[:, None]),
        np.zeros_like(nearer),  # nobody near hides a head from a camera on the ceiling
        beside & (x1[None] - 0.2 * width[:, None] <= x2[:, None]) & (x2[:, None] <= x2[None]),
        below & (y1[None] - 0.1 * height[:, None] <= y2[:, None]),
    ]
    return np.stack([edge.any(axis=1) for edge in edges], axis=1)


def place(
    candidates: Silhouettes, box_px: F64, hidden_cost: F64 | float = UNCOVERED_COST
) -> tuple[float, float, float]:
    """Return x, y and their standard deviation in metres for one box; NaN when nothing fits.

    Args:
        candidates: of the camera.
        box_px: x1, y1, x2, y2, float64 (4,).
        hidden_cost: -log of how likely another person hides an edge, one or (4,).

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
    hidden = -np.logaddexp(-misfit, -np.asarray(hidden_cost))
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
