"""What the stack's stages say. Nothing here knows a shopper's true identity.

`person` numbers are the stack's own, given out from 1 in order of appearance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message, array


@dataclass(frozen=True)
class Detections(Message):
    """People found in one frame, best score first.

    Attributes:
        camera: camera id.
        boxes_px: x1, y1, x2, y2 in pixels of the source frame, float32 (n, 4).
        score: confidence in [0, 1], float32 (n,).
    """

    camera: str
    boxes_px: NDArray[np.float32] = array(np.float32, "n", 4)
    score: NDArray[np.float32] = array(np.float32, "n")


@dataclass(frozen=True)
class Looks(Message):
    """Appearance of those people found in one frame that were worth a look.

    Attributes:
        camera: camera id.
        row: which of the frame's detections, ascending, int64 (n,).
        vector: unit length, float32 (n, d).
    """

    camera: str
    row: NDArray[np.int64] = array(np.int64, "n")
    vector: NDArray[np.float32] = array(np.float32, "n", "d")


@dataclass(frozen=True)
class Tracks(Message):
    """Tracklets visible in one frame of one camera.

    Attributes:
        camera: camera id.
        track_id: unique over all cameras and the whole session, int64 (n,).
        boxes_px: x1, y1, x2, y2, float32 (n, 4).
        score: confidence of the matched detection, float32 (n,).
    """

    camera: str
    track_id: NDArray[np.int64] = array(np.int64, "n")
    boxes_px: NDArray[np.float32] = array(np.float32, "n", 4)
    score: NDArray[np.float32] = array(np.float32, "n")


@dataclass(frozen=True)
class Embeddings(Message):
    """Appearance of the tracklets of one frame that were worth a look (others are left out).

    Attributes:
        camera: camera id.
        track_id: int64 (n,).
        vector: unit length, float32 (n, d).
    """

    camera: str
    track_id: NDArray[np.int64] = array(np.int64, "n")
    vector: NDArray[np.float32] = array(np.float32, "n", "d")


@dataclass(frozen=True)
class FloorPositions(Message):
    """Where the tracklets of one frame stand.

    Attributes:
        camera: camera id.
        track_id: int64 (n,).
        xy_m: floor plan position of the feet, NaN where unknown, float64 (n, 2).
        sigma_m: standard deviation of that position, float64 (n,).
    """

    camera: str
    track_id: NDArray[np.int64] = array(np.int64, "n")
    xy_m: NDArray[np.float64] = array(np.float64, "n", 2)
    sigma_m: NDArray[np.float64] = array(np.float64, "n")


@dataclass(frozen=True)
class Identities(Message):
    """Which person each visible tracklet belongs to, one message per capture tick.

    Attributes:
        camera: camera id of each row, unicode (n,).
        track_id: int64 (n,).
        person: int64 (n,).
        boxes_px: the tracklet's box, float32 (n, 4).
    """

    camera: NDArray[np.str_] = array(np.str_, "n")
    track_id: NDArray[np.int64] = array(np.int64, "n")
    person: NDArray[np.int64] = array(np.int64, "n")
    boxes_px: NDArray[np.float32] = array(np.float32, "n", 4)


@dataclass(frozen=True)
class People(Message):
    """Everyone the stack believes to be on the floor plan, fused over cameras, per tick.

    Attributes:
        person: int64 (n,).
        xy_m: filtered floor position, float64 (n, 2).
        confirmed: False while the person may still be a false alarm, bool (n,).
    """

    person: NDArray[np.int64] = array(np.int64, "n")
    xy_m: NDArray[np.float64] = array(np.float64, "n", 2)
    confirmed: NDArray[np.bool_] = array(np.bool_, "n")


@dataclass(frozen=True)
class Crossing(Message):
    """A confirmed person went through a door. `direction` is 'in' or 'out'."""

    door: str
    person: int
    direction: Literal["in", "out"]


@dataclass(frozen=True)
class ZoneStay(Message):
    """A person's stay in one zone of the plan; `time_ns` is its start."""

    end_ns: int
    zone: str
    person: int


@dataclass(frozen=True)
class HeatMap(Message):
    """Person-seconds per floor cell since the start, emitted at the end (and on request).

    Attributes:
        cell_m: edge of a square cell.
        seconds: row = y cell, column = x cell, from (0, 0), float64 (ny, nx).
    """

    cell_m: float
    seconds: NDArray[np.float64] = array(np.float64, "ny", "nx")


@dataclass(frozen=True)
class Flow(Message):
    """How often people went from one zone to the next, emitted at the end.

    Attributes:
        zones: zone ids, unicode (z,).
        count: row = from, column = to, int64 (z, z).
    """

    zones: NDArray[np.str_] = array(np.str_, "z")
    count: NDArray[np.int64] = array(np.int64, "z", "z")


@dataclass(frozen=True)
class TagMotion(Message):
    """A tag moved; `time_ns` is the start.

    `kind` is 'flip' for a garment handled at its place and 'carried' for one that travels.
    """

    end_ns: int
    epc: str
    kind: Literal["flip", "carried"]
    score: float


@dataclass(frozen=True)
class MotionBegun(Message):
    """A tag has begun to move, said before it is known until when; `time_ns` is the start.

    A `TagMotion` of the same tag and kind follows when it is over; its start may be earlier.
    """

    epc: str
    kind: Literal["flip", "carried"]
    score: float


@dataclass(frozen=True)
class TagZones(Message):
    """Tags whose zone has changed (all known tags in the first message).

    Attributes:
        epc: unicode (n,).
        zone: zone id, '' for out of the shop, unicode (n,).
    """

    epc: NDArray[np.str_] = array(np.str_, "n")
    zone: NDArray[np.str_] = array(np.str_, "n")


@dataclass(frozen=True)
class TagPositions(Message):
    """Tags whose position or state has changed noticeably (all known tags in the first message).

    Attributes:
        epc: unicode (n,).
        xy_m: where, on the floor plan; NaN for out of the shop, float64 (n, 2).
        sigma_m: standard deviation of that position along each axis, float64 (n,).
        state: 'home' at its place of the planogram, 'moving' when carried about or not yet
            settled, 'resting' when it hangs or lies elsewhere, 'gone' out of the shop,
            unicode (n,).
    """

    epc: NDArray[np.str_] = array(np.str_, "n")
    xy_m: NDArray[np.float64] = array(np.float64, "n", 2)
    sigma_m: NDArray[np.float64] = array(np.float64, "n")
    state: NDArray[np.str_] = array(np.str_, "n")


@dataclass(frozen=True)
class Misplaced(Message):
    """A garment hangs or lies at a fixture that is not its own; `time_ns` is since when.

    Told when it is found, with `end_ns` 0; again, with the same `time_ns` and `epc`, when the
    estimate has changed, and when the garment is no longer there.

    Attributes:
        end_ns: until when, 0 while it is still there.
        found_ns: when the stack became sure of it.
        epc: the garment's tag.
        fixture: where it most probably is.
        confidence: probability that it is at a fixture other than its own, in [0, 1].
        near: the fixtures it may be at, most probable first, unicode (k,).
        share: probability of each, float64 (k,).
        xy_m: the estimate of its position, float64 (2,).
        sigma_m: standard deviation of that along each axis.
    """

    end_ns: int
    found_ns: int
    epc: str
    fixture: str
    confidence: float
    sigma_m: float
    near: NDArray[np.str_] = array(np.str_, "k")
    share: NDArray[np.float64] = array(np.float64, "k")
    xy_m: NDArray[np.float64] = array(np.float64, 2)


@dataclass(frozen=True)
class Interaction(Message):
    """A person handled a garment; `time_ns` is the start.

    Attributes:
        end_ns: end of the handling.
        epc: the garment's tag.
        person: who, 0 when nobody fits.
        confidence: probability that garment and person belong together, in [0, 1].
        xy_m: where that person stood, float64 (2,), NaN for nobody.
    """

    end_ns: int
    epc: str
    person: int
    confidence: float
    xy_m: NDArray[np.float64] = array(np.float64, 2)


@dataclass(frozen=True)
class Recommendation(Message):
    """What the fitting mirror shows in answer to a try-on, best first.

    Attributes:
        mirror: mirror id.
        epc: the garment tried on.
        sku: ranked articles, unicode (k,).
        score: float64 (k,).
    """

    mirror: str
    epc: str
    sku: NDArray[np.str_] = array(np.str_, "k")
    score: NDArray[np.float64] = array(np.float64, "k")
