"""What the devices of the simulated shop can see of the world: one snapshot per tick.

The world emits snapshots in order; cameras draw them, the radio interpolates between two.
Nothing in here says who a person is: `people` rows are anonymous bodies. `Body.label` is the
shopper's number, for truth alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
TURN_RADIUS_M = 0.08  # of a tag about the axis its garment turns on (assumed)


class Pose(IntEnum):
    """What a body is doing; the renderer turns it into joint angles."""

    STAND = 0
    WALK = 1
    REACH = 2
    HOLD = 3
    BEND = 4
    FLIP = 5  # one hand holds a garment at its place, the other turns it
    TRY = 6  # a garment is held against the own body, before a mirror or in a fitting room
    ARMFUL = 7  # both forearms ahead under a pile of garments
    PUSH = 8  # both hands on the handle of a pram
    FOLD = 9  # both hands at work on a table before the body


@dataclass(frozen=True)
class Clothes:
    """What a person wears: one garment above, one below; colours are linear RGB in [0, 1].

    Attributes:
        top_kind: 'tshirt' | 'shirt' | 'knit' | 'jacket' | 'coat' | 'dress'.
        top_pattern, bottom_pattern: 'plain' | 'stripes' | 'checks' | 'dots' | 'print'.
        bottom_kind: 'trousers' | 'skirt' | 'shorts'; a dress has the skirt of its own colour.
        shoe_kind: 'shoe' | 'sneaker' (white sole) | 'boot'.
        inner_colour: of the top that shows where shirt, jacket or coat are worn open; None for
            closed ones.
    """

    top_kind: str
    top_colour: tuple[float, float, float]
    top_colour2: tuple[float, float, float]
    top_pattern: str
    bottom_kind: str
    bottom_colour: tuple[float, float, float]
    shoe_colour: tuple[float, float, float]
    bottom_colour2: tuple[float, float, float] = (0.8, 0.8, 0.8)
    bottom_pattern: str = "plain"
    shoe_kind: str = "shoe"
    inner_colour: tuple[float, float, float] | None = None


Gesture = Literal["none", "hips", "folded", "chin", "behind"]
GESTURES: tuple[Gesture, ...] = get_args(Gesture)


@dataclass(frozen=True)
class Manner:
    """How a person carries themselves, as it differs from how most people do.

    Attributes:
        stride: factor of the length of steps as drawn.
        foot_lift: factor of how high feet are lifted.
        sway: factor of how far the pelvis goes from side to side.
        arm_swing: factor of how far arms swing.
        elbow_rad: how much farther hanging arms are bent.
        lean_rad: how much farther the chest leans ahead.
        gaze_rad: how much farther to the left the head is turned.
        gesture: where the hands of who stands about are.
    """

    stride: float = 1.0
    foot_lift: float = 1.0
    sway: float = 1.0
    arm_swing: float = 1.0
    elbow_rad: float = 0.0
    lean_rad: float = 0.0
    gaze_rad: float = 0.0
    gesture: Gesture = "none"


@dataclass(frozen=True)
class Body:
    """How a person looks; constant through a visit.

    Attributes:
        label: the shopper's number (truth only).
        height_m: standing height, without headwear and heels.
        build: girth relative to average, about 0.85 to 1.25.
        skin_colour, hair_colour: linear RGB in [0, 1].
        hair: 'short' | 'long' | 'bob' | 'curly' | 'bun' | 'ponytail' | 'bald'.
        clothes: what they wear.
        bag: 'none' | 'shoulder' (across) | 'backpack' | 'tote' (under the arm) |
            'carrier' (in the hand).
        texture_seed: draws the small irregularities.
        presentation: 'feminine' | 'masculine'; shapes the body.
        age_years: children have other proportions, the old stoop a little.
        glasses: whether they wear any.
        pram: whether they push one.
        headwear: 'none' | 'hat' (with a brim) | 'cap' | 'beanie' | 'headscarf'.
        beard: whether they have one.
        accent_colour: of headwear, linear RGB.
        bag_colour: linear RGB.
        manner: how they walk and stand.
    """

    label: int
    height_m: float
    build: float
    skin_colour: tuple[float, float, float]
    hair_colour: tuple[float, float, float]
    hair: str
    clothes: Clothes
    bag: str
    texture_seed: int
    presentation: str = "feminine"
    age_years: float = 35.0
    glasses: bool = False
    pram: bool = False
    headwear: str = "none"
    beard: bool = False
    accent_colour: tuple[float, float, float] = (0.05, 0.05, 0.06)
    bag_colour: tuple[float, float, float] = (0.03, 0.03, 0.04)
    manner: Manner = Manner()


@dataclass(frozen=True)
class People:
    """Everyone in the world at one tick; row i of every field is the same person.

    Attributes:
        body: how they look, length n.
        xy_m: float64 (n, 2).
        heading_rad: where the body faces, 0 = +x, counter-clockwise, float64 (n,).
        speed_mps: float64 (n,).
        gait_phase: cycles walked so far (a cycle is two steps), float64 (n,).
        pose: Pose values, uint8 (n,).
        reach_xyz_m: where the hand is in REACH and HOLD, NaN otherwise, float64 (n, 3).
        staff: bool (n,).
    """

    body: tuple[Body, ...]
    xy_m: F64
    heading_rad: F64
    speed_mps: F64
    gait_phase: F64
    pose: NDArray[np.uint8]
    reach_xyz_m: F64
    staff: NDArray[np.bool_]


class Place(IntEnum):
    """Where a garment is."""

    ON_FIXTURE = 0
    CARRIED = 1
    FITTING = 2
    SOLD = 3  # paid for; the tag is switched off
    BACK_ROOM = 4  # not in the shop yet, or brought back and not hung up again


@dataclass(frozen=True)
class Garments:
    """All tagged garments at one tick, in the order of `plan.items`.

    Attributes:
        tag_xyz_m: position of the tag without any swing, float64 (g, 3).
        place: Place values, uint8 (g,). What is SOLD or in the BACK_ROOM is out of reach of
            every device.
        holder: row into `People` of who carries it, -1 otherwise, int64 (g,).
    """

    tag_xyz_m: F64
    place: NDArray[np.uint8]
    holder: NDArray[np.int64]


@dataclass(frozen=True)
class Swing:
    """Cloth moving on its hanger: a decaying sinusoid added to the tag's position.

    offset(t) = amplitude_m * sin(2 pi frequency_hz (t - start) + phase_rad) * envelope(t), where
    the envelope rises in 0.15 s, is 1 until the hand lets go at `release_ns`, then decays with
    `decay_s`; the swing is over at `end_ns`.
    """

    garment: int  # index into plan.items
    start_ns: int
    release_ns: int
    end_ns: int
    amplitude_m: tuple[float, float, float]
    frequency_hz: float
    phase_rad: float
    decay_s: float


@dataclass(frozen=True)
class Snapshot:
    """The world at one tick.

    Attributes:
        time_ns: capture time of the tick.
        people: everyone, the street before the door included.
        garments: every tagged garment.
        swings: all swings active at any time within [time_ns - tick, time_ns + tick].
    """

    time_ns: int
    people: People
    garments: Garments
    swings: tuple[Swing, ...]


def swing_offset_m(swing: Swing, time_ns: NDArray[np.int64]) -> F64:
    """Return the tag's displacement at times (n,), shape (n, 3), zero outside the swing."""
    offset_m: F64 = np.asarray(swing.amplitude_m) * _wave(swing, time_ns)[:, None]
    return offset_m


def swing_turn_rad(swing: Swing, time_ns: NDArray[np.int64]) -> F64:
    """Return how far the tag is turned about the vertical at times (n,), zero outside the swing.

    Who looks at a garment turns it about its hanger's hook, and what hangs beside turns a little
    with it. The hand moves the label as far as the garment swings, some way off the axis.
    """
    turn_rad = float(np.hypot(*swing.amplitude_m[:2])) / TURN_RADIUS_M
    return turn_rad * _wave(swing, time_ns)


def _wave(swing: Swing, time_ns: NDArray[np.int64]) -> F64:
    """Return the decaying sinusoid of a swing at times (n,), in [-1, 1]."""
    t = (time_ns - swing.start_ns) * 1e-9
    held_s = (swing.release_ns - swing.start_ns) * 1e-9
    envelope = np.minimum(t / 0.15, 1.0) * np.exp(-np.maximum(t - held_s, 0.0) / swing.decay_s)
    envelope *= (time_ns >= swing.start_ns) & (time_ns <= swing.end_ns)
    wave: F64 = np.sin(2 * np.pi * swing.frequency_hz * t + swing.phase_rad) * envelope
    return wave
