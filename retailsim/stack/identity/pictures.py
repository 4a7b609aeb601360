"""Where tracklets stand, by the feet that a network sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import FloorPositions, Tracks
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.stack.batching import USUAL_CROPS
from retailsim.stack.identity.floor import FloorFromBoxes
from retailsim.stack.identity.footpoint import (
    HINTS,
    cut_view,
    foot_points_px,
    hints,
    load_footpoint,
    view_px,
)
from retailsim.stack.reid.crops import stacked
from retailsim.stack.runtime import Network
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.track.association import paired_iou
from retailsim.store.projection import Projection

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
LONG_AGO_NS = -(2**62)
LEAST_SIGMA_M = 0.08
WIDEST_M = 3.0  # a foot point that is known no better says nothing


@dataclass(frozen=True)
class Read:
    """What the network last said of one camera's tracklets; row i of every field is one.

    Attributes:
        track_id: int64 (n,).
        read_ns: when it said so, int64 (n,).
        boxes_px: of what box, float32 (n, 4).
        output: what it said, float32 (n, 4).
    """

    track_id: I64
    read_ns: I64
    boxes_px: F32
    output: F32

    @classmethod
    def none(cls) -> Read:
        """Return no tracklet."""
        nothing, no_box = np.zeros(0, np.int64), np.zeros((0, 4), np.float32)
        return cls(nothing, nothing, no_box, no_box)

    def of(self, track_id: I64) -> Read:
        """Return the rows of these tracklets, with `LONG_AGO_NS` for those not read yet."""
        row = {number: i for i, number in enumerate(self.track_id.tolist())}
        was = np.array([row.get(number, -1) for number in track_id.tolist()], np.int64)
        fresh = Read(
            track_id,
            np.full(len(was), LONG_AGO_NS, np.int64),
            np.zeros((len(was), 4), np.float32),
            np.zeros((len(was), 4), np.float32),
        )
        known = was >= 0
        fresh.read_ns[known] = self.read_ns[was[known]]
        fresh.boxes_px[known] = self.boxes_px[was[known]]
        fresh.output[known] = self.output[was[known]]
        return fresh


class FloorFromPictures(Stage):
    """Places every tracklet on the floor by its feet in the picture, seen or not.

    Cameras without calibration give NaN. Where the frame is missing, the box must do (see
    `floor`); beside a picture it has nothing to add (tried on tuning seeds 51 and 52).

    The network is not asked of every box in every frame. It says where the feet are in box
    heights from the box's lower edge, and for a moment that holds for the next boxes of the same
    tracklet as well, if they are nearly of the same shape and place; the box itself is always new.
    Looking every 0.4 s instead of 0.3, and below an overlap of 0.7 instead of 0.8, changes identity
    within noise (`retail compare`, tuning seeds 43 to 45 and 13).

    Args:
        context: the plan gives the cameras.
        model: folder under models/ (or a path to one) with config.yaml and weights.
        every_s: the network looks at a tracklet again after this long; 0 for every frame.
        still_s: likewise while its box is the very same.
        same_iou: it looks at once when the box overlaps the one it saw by less than this.

    Raises:
        ModelError: the folder, its configuration or its weights do not fit.
        StageError: a parameter is out of range.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (FrameBatch, Tracks)
    outputs: ClassVar[tuple[type[Message], ...]] = (FloorPositions,)
    on_device = True

    def __init__(
        self,
        context: StageContext,
        *,
        model: str = "foot-point",
        every_s: float = 0.4,
        still_s: float = 1.0,
        same_iou: float = 0.7,
    ) -> None:
        super().__init__(context)
        if every_s < 0 or still_s < 0 or not 0 <= same_iou <= 1:
            raise StageError(
                "floor: every_s and still_s must be 0 or more, same_iou must lie in [0, 1]"
            )
        self._every_ns, self._still_ns = round(every_s * 1e9), round(still_s * 1e9)
        self._same_iou = same_iou
        self._read: dict[str, Read] = {}
        self._boxes = FloorFromBoxes(context)
        config, net = load_footpoint(model)
        self._size_px = config.input_px
        # One thread: with few crops its dense layers split their sums among threads, and the
        # digest would depend on how many there are.
        alone = replace(context, options={**context.options, "threads": 1})
        self._network = Network(
            net,
            model=model,
            context=alone,
            input_px=config.input_px,
            usual=USUAL_CROPS,
            side_width=HINTS,
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
        reads = [self._read.get(t.camera, Read.none()).of(t.track_id) for t in tracks]
        rows = [self._due(one, read) for one, read in zip(tracks, reads, strict=True)]
        crops: list[NDArray[np.uint8]] = []
        told: list[F32] = []
        for one, due in zip(tracks, rows, strict=True):
            if not len(due):
                continue
            image, boxes = self._frames[one.camera].image, one.boxes_px[due].astype(float)
            crops += [cut_view(image, view, self._size_px) for view in view_px(boxes)]
            size_px = (image.shape[1], image.shape[0])
            told.append(hints(self._views[one.camera], size_px, boxes))
        if crops:
            output = self._network(stacked(crops, rgb=False), np.concatenate(told))[0]
            parts = np.split(output, np.cumsum([len(due) for due in rows])[:-1])
            for one, read, due, part in zip(tracks, reads, rows, parts, strict=True):
                read.read_ns[due], read.boxes_px[due] = one.time_ns, one.boxes_px[due]
                read.output[due] = part
        self._read |= {one.camera: read for one, read in zip(tracks, reads, strict=True)}
        return [self._place(one, read.output) for one, read in zip(tracks, reads, strict=True)]

    def _due(self, tracks: Tracks, before: Read) -> I64:
        """Return the rows of tracklets that the network should look at now."""
        waited_ns = tracks.time_ns - before.read_ns
        overlap = paired_iou(tracks.boxes_px.astype(float), before.boxes_px.astype(float))
        same = (tracks.boxes_px == before.boxes_px).all(axis=1)
        patience_ns = np.where(same, self._still_ns, self._every_ns)
        return np.flatnonzero((waited_ns >= patience_ns) | (overlap < self._same_iou))

    def _place(self, tracks: Tracks, output: NDArray[np.float32]) -> FloorPositions:
        point_px, sigma_px = foot_points_px(output, tracks.boxes_px.astype(float))
        xy_m, sigma_m = on_floor(self._views[tracks.camera], point_px, sigma_px)
        return FloorPositions(tracks.time_ns, tracks.camera, tracks.track_id, xy_m, sigma_m)


def on_floor(projection: Projection, point_px: F64, sigma_px: F64) -> tuple[F64, F64]:
    """Return floor positions (n, 2) of pixels and their standard deviation along one axis (n,).

    Unknown (NaN) where the ray does not reach the floor, or nearly runs along it.
    """
    across, down = sigma_px * [1.0, 0.0], sigma_px * [0.0, 1.0]
    beside = [point_px + across, point_px - across, point_px + down, point_px - down]
    xy_m, right, left, below, above = projection.to_plane(np.stack([point_px, *beside]))
    variance = ((right - left) ** 2).sum(axis=1) / 4 + ((below - above) ** 2).sum(axis=1) / 4
    sigma_m = np.maximum(np.sqrt(variance / 2), LEAST_SIGMA_M)
    known = np.isfinite(xy_m).all(axis=1) & (sigma_m < WIDEST_M)
    return np.where(known[:, None], xy_m, np.nan), np.where(known, sigma_m, np.nan)
