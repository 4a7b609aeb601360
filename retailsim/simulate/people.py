"""A person in the world: a body that moves, hands that hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.motion import Mover
from retailsim.simulate.snapshot import Body, People, Pose
from retailsim.simulate.taste import Taste

F64 = NDArray[np.float64]
HAND_AHEAD_M, HAND_ASIDE_M, HAND_HEIGHT_M = 0.32, 0.16, 1.0
SWAY_M = 0.03  # a carrying hand swings this far while walking
SHOW_AHEAD_M, SHOW_HEIGHT_M = 0.33, 1.2  # a garment held up before the mirror
BUNDLE_M = 0.03  # garments on one arm are this far apart
ARMFUL = 4  # so many garments take both arms
ARMFUL_M = (0.36, 1.05, 0.025)  # how far ahead, how high, and how thick each garment lies


@dataclass(frozen=True)
class Story:
    """What truth tells of a person besides their looks; see `TruthPerson`."""

    persona: str
    purpose: str = ""
    customer: str = ""
    group: int = 0


@dataclass(eq=False)
class Person:
    """Somebody in the world.

    Attributes:
        key: the person's name in random streams.
        body: looks, with the label that truth calls the person by.
        mover: where they are and go.
        pace_mps: how fast they like to walk in the shop.
        story: who they are and why they came.
        taste: what they like; None for staff and passers-by.
        staff: whether they work here.
        inside: whether they are on the shop's floor.
        exit_to: the place on the street they leave by, once they are on the way out.
        in_shop: the place before another shop's front through which they went in; None outside.
        carrying: garments in hand, indices into plan.items.
        sold: garments paid for, on their way out (or in, to be returned).
        reach_m: what the hand is at, (3,), None for nothing.
        bending: stooping to look at something low.
        turning: turning a garment at its place with both hands.
        folding: both hands at work on a table.
        showing: holding a garment up before a mirror.
    """

    key: tuple[str | int, ...]
    body: Body
    mover: Mover
    pace_mps: float
    story: Story
    taste: Taste | None = None
    staff: bool = False
    inside: bool = False
    exit_to: tuple[float, float] | None = None
    in_shop: tuple[float, float] | None = None
    carrying: list[int] = field(default_factory=list)
    sold: list[int] = field(default_factory=list)
    reach_m: F64 | None = None
    bending: bool = False
    turning: bool = False
    folding: bool = False
    showing: bool = False

    @property
    def label(self) -> int:
        """The shopper's number, for truth alone."""
        return self.body.label

    @property
    def leaving(self) -> bool:
        """Whether the person is on the way out; whoever came along follows."""
        return self.exit_to is not None

    @property
    def xy_m(self) -> F64:
        """Where the person is, (2,)."""
        return self.mover.xy_m

    def hand_m(self, order: int = 0) -> F64:
        """Return where the `order`-th carried garment's tag is, (3,)."""
        if self.showing:
            return self._local(SHOW_AHEAD_M, 0.0, SHOW_HEIGHT_M - BUNDLE_M * order)
        if len(self.carrying) >= ARMFUL:
            ahead, height, thick = ARMFUL_M
            return self._local(ahead, 0.0, height * self.body.height_m / 1.7 + thick * order)
        sway = SWAY_M * np.sin(2 * np.pi * self.mover.gait_phase)
        height = HAND_HEIGHT_M * self.body.height_m / 1.7 - BUNDLE_M * order
        return self._local(HAND_AHEAD_M + sway, -HAND_ASIDE_M - BUNDLE_M * order, height)

    def _local(self, ahead_m: float, left_m: float, height_m: float) -> F64:
        cos, sin = np.cos(self.mover.heading_rad), np.sin(self.mover.heading_rad)
        x, y = self.mover.xy_m
        return np.array(
            [x + ahead_m * cos - left_m * sin, y + ahead_m * sin + left_m * cos, height_m]
        )

    def pose(self) -> tuple[Pose, F64]:
        """Return what the body is doing and where its hand is, (3,), NaN for nowhere."""
        if self.reach_m is not None:
            return self._at_work(), self.reach_m
        if self.carrying:
            if self.showing:
                return Pose.TRY, self.hand_m()
            return (Pose.ARMFUL if len(self.carrying) >= ARMFUL else Pose.HOLD), self.hand_m()
        nowhere = np.full(3, np.nan)
        if self.body.pram and not self.bending:
            return Pose.PUSH, nowhere
        if self.mover.speed_now_mps > 0.05:
            return Pose.WALK, nowhere
        return (Pose.BEND if self.bending else Pose.STAND), nowhere

    def _at_work(self) -> Pose:
        if self.folding:
            return Pose.FOLD
        if self.turning:
            return Pose.FLIP
        return Pose.BEND if self.bending else Pose.REACH


def snapshot_people(people: Sequence[Person]) -> People:
    """Freeze everyone's present state, rows in the order given."""
    poses = [person.pose() for person in people]
    movers = [person.mover for person in people]
    return People(
        body=tuple(person.body for person in people),
        xy_m=np.array([m.xy_m for m in movers], float).reshape(-1, 2),
        heading_rad=np.array([m.heading_rad for m in movers], float),
        speed_mps=np.array([m.speed_now_mps for m in movers], float),
        gait_phase=np.array([m.gait_phase for m in movers], float),
        pose=np.array([pose for pose, _ in poses], np.uint8),
        reach_xyz_m=np.array([reach for _, reach in poses], float).reshape(-1, 3),
        staff=np.array([person.staff for person in people], bool),
    )
