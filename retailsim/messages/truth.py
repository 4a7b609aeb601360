"""What really happened. Read by evaluate and train alone; the stack never sees it.

Interval messages carry their start as `time_ns` and are written when they end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message, array


@dataclass(frozen=True)
class TruthBoxes(Message):
    """Who is in one frame, from the renderer's identity buffer or hand-made labels.

    Attributes:
        camera: camera id.
        person_id: int64 (n,).
        full_px: box of the whole body were nothing in front, clipped to nothing, float32 (n, 4).
        visible_px: box of the visible pixels, float32 (n, 4).
        visible_share: visible pixels over all pixels of the body (those outside the frame
            included), float32 (n,).
    """

    camera: str
    person_id: NDArray[np.int64] = array(np.int64, "n")
    full_px: NDArray[np.float32] = array(np.float32, "n", 4)
    visible_px: NDArray[np.float32] = array(np.float32, "n", 4)
    visible_share: NDArray[np.float32] = array(np.float32, "n")


@dataclass(frozen=True)
class TruthPeople(Message):
    """Everyone in the world at one tick, the street before the door included.

    Attributes:
        person_id: int64 (n,).
        xy_m: float64 (n, 2).
        heading_rad: float64 (n,).
        staff: bool (n,).
    """

    person_id: NDArray[np.int64] = array(np.int64, "n")
    xy_m: NDArray[np.float64] = array(np.float64, "n", 2)
    heading_rad: NDArray[np.float64] = array(np.float64, "n")
    staff: NDArray[np.bool_] = array(np.bool_, "n")


@dataclass(frozen=True)
class TruthCrossing(Message):
    """A person's centre passed a door's segment."""

    door: str
    person_id: int
    direction: Literal["in", "out"]


@dataclass(frozen=True)
class TruthInteraction(Message):
    """A person handled a garment at its place, from `time_ns` to `end_ns`.

    A 'flip' leaves it there; a 'pickup' takes it along; a 'putback' returns it. Staff 'tidy'
    garments at their place: folding, straightening.
    """

    end_ns: int
    person_id: int
    epc: str
    kind: Literal["flip", "pickup", "putback", "tidy"]


@dataclass(frozen=True)
class TruthCarry(Message):
    """A person carried a garment through the shop from `time_ns` to `end_ns`."""

    end_ns: int
    person_id: int
    epc: str


@dataclass(frozen=True)
class TruthTagZones(Message):
    """Tags whose zone has changed (all tags in the first message).

    Attributes:
        epc: unicode (n,).
        zone: id of the plan zone the tag is in, '' once it left the shop, unicode (n,).
    """

    epc: NDArray[np.str_] = array(np.str_, "n")
    zone: NDArray[np.str_] = array(np.str_, "n")


@dataclass(frozen=True)
class TruthTagPositions(Message):
    """Tags that were elsewhere when last told (all tags in the first message), once a second.

    Attributes:
        epc: unicode (n,).
        xyz_m: float64 (n, 3).
    """

    epc: NDArray[np.str_] = array(np.str_, "n")
    xyz_m: NDArray[np.float64] = array(np.float64, "n", 3)


@dataclass(frozen=True)
class TruthTryOn(Message):
    """A person tried a garment on from `time_ns` to `end_ns`."""

    end_ns: int
    person_id: int
    epc: str
    mirror: str


@dataclass(frozen=True)
class TruthSale(Message):
    """A person paid."""

    person_id: int
    epc: NDArray[np.str_] = array(np.str_, "n")


@dataclass(frozen=True)
class TruthTaste(Message):
    """What a visitor likes, known from the moment they are made.

    Attributes:
        person_id: whose taste.
        sku: articles this visitor would be glad to be shown, unicode (n,).
        utility: how much, float64 (n,), highest first.
    """

    person_id: int
    sku: NDArray[np.str_] = array(np.str_, "n")
    utility: NDArray[np.float64] = array(np.float64, "n")


@dataclass(frozen=True)
class TruthPerson(Message):
    """Who somebody is, told when they first appear in the session.

    Attributes:
        person_id: the number of all other truth messages; the same on a second visit of the day.
        customer: stable over days for customers who come back, '' for others.
        persona: id of the scenario's persona, 'staff' or 'passer-by'.
        purpose: 'browse' | 'find' | 'return'; '' for staff and passers-by.
        group: number of the group they came with, of its own for who came alone.
        presentation: 'feminine' | 'masculine'.
        top, bottom: worn garments, e.g. 'striped shirt #1f2c4d'.
    """

    person_id: int
    customer: str
    persona: str
    purpose: str
    group: int
    presentation: str
    age_years: float
    height_m: float
    staff: bool
    top: str
    bottom: str


@dataclass(frozen=True)
class TruthPoses(Message):
    """What everyone's body does at one tick, rows as in the `TruthPeople` of the same time.

    Attributes:
        person_id: int64 (n,).
        pose: retailsim.simulate.snapshot.Pose, uint8 (n,).
        held: number of garments in the hands, uint8 (n,).
    """

    person_id: NDArray[np.int64] = array(np.int64, "n")
    pose: NDArray[np.uint8] = array(np.uint8, "n")
    held: NDArray[np.uint8] = array(np.uint8, "n")


@dataclass(frozen=True)
class TruthKeypoints(Message):
    """Joints of the people in one frame, rows as in the `TruthBoxes` of the same time.

    Attributes:
        camera: camera id.
        person_id: int64 (n,).
        xy_px: the 17 keypoints of COCO in its order, also outside the frame, float32 (n, 17, 2);
            NaN behind the camera.
        visible: 0 outside the frame, 1 hidden, 2 seen, uint8 (n, 17).
    """

    camera: str
    person_id: NDArray[np.int64] = array(np.int64, "n")
    xy_px: NDArray[np.float32] = array(np.float32, "n", 17, 2)
    visible: NDArray[np.uint8] = array(np.uint8, "n", 17)


@dataclass(frozen=True)
class TruthLook(Message):
    """A person looked at a fixture, a mirror or a screen from `time_ns` to `end_ns`."""

    end_ns: int
    person_id: int
    fixture: str


@dataclass(frozen=True)
class TruthQueueing(Message):
    """A person stood in line from `time_ns` to `end_ns`.

    Then they were 'served' (came to the till, were given a room) or 'gave-up'; who is 'waiting'
    was still in line when the session ended.
    """

    end_ns: int
    person_id: int
    place: str
    outcome: Literal["served", "gave-up", "waiting"]


@dataclass(frozen=True)
class TruthPlacement(Message):
    """A garment was put down at a place that is not the planogram's.

    What was already misplaced when the session began is told at its start, with person 0.
    """

    person_id: int
    epc: str
    fixture: str


@dataclass(frozen=True)
class TruthScenario(Message):
    """The scenario as played: its name, seed and whole YAML text."""

    name: str
    seed: int
    yaml: str
