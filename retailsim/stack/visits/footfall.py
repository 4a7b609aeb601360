"""Counting at the door, as a good counter does it: late, but once.

A crossing is told when somebody who was clearly on one side is clearly on the other, and only for
confirmed people. Whoever lingers in the doorway, or walks past on the street, is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.results import Crossing, People
from retailsim.stack.identity.doors import DoorLine

F64 = NDArray[np.float64]
Side = Literal["in", "out"]


@dataclass(frozen=True, kw_only=True)
class FootfallSettings:
    """When a crossing counts.

    Attributes:
        clear_m: how far past the line somebody is clearly on that side.
        beside_m: how far beside the door's segment a noisy path may cross the line.
        doorway_m: who appears or vanishes this near to the line was not seen on its other side.
        vanish_s: who is gone this long has vanished.
        warm_up_s: people who appear this soon after the start were there before.
    """

    clear_m: float = 0.3
    beside_m: float = 0.4
    doorway_m: float = 0.6
    vanish_s: float = 1.0
    warm_up_s: float = 1.5


@dataclass
class Passage:
    """One person's way with one door.

    Attributes:
        side: the last side they were clearly on, None before.
        born_depth_m: how far inside they appeared.
        born_ns, seen_ns: first and last sight.
        crossed_ns: when they last passed the line, None before.
        depth_m, beside: of the last sight: distance inside, and whether off the segment's ends.
        inward_mps: smoothed speed into the shop.
        confirmed: whether the stack is sure of this person.
    """

    born_depth_m: float
    born_ns: int
    seen_ns: int
    depth_m: float
    beside: bool = False
    side: Side | None = None
    crossed_ns: int | None = None
    inward_mps: float = 0.0
    confirmed: bool = False


class FootfallCounter:
    """Counts who comes in and goes out through one door."""

    def __init__(self, door: DoorLine, settings: FootfallSettings) -> None:
        self._door, self._settings = door, settings
        self._passages: dict[int, Passage] = {}
        self._begin_ns: int | None = None
        self._waiting: dict[int, list[Crossing]] = {}  # of people not confirmed yet

    def step(self, people: People) -> list[Crossing]:
        """Take the people of one tick; return what is certain now."""
        if self._begin_ns is None:
            self._begin_ns = people.time_ns
        along, depth = self._door.along_m(people.xy_m), self._door.depth_m(people.xy_m)
        slack = self._settings.beside_m
        beside = (along < -slack) | (along > self._door.width_m + slack)
        told: list[Crossing] = []
        for i, person in enumerate(people.person.tolist()):
            start = Passage(float(depth[i]), people.time_ns, people.time_ns, float(depth[i]))
            passage = self._passages.setdefault(person, start)
            passage.confirmed |= bool(people.confirmed[i])
            told += self._move(person, passage, float(depth[i]), bool(beside[i]), people.time_ns)
        return told + list(self._vanished(people.time_ns))

    def finish(self) -> list[Crossing]:
        """Return the crossings of people who vanished in the doorway at the very end."""
        last_ns = max((p.seen_ns for p in self._passages.values()), default=0)
        return list(self._vanished(last_ns + round(self._settings.vanish_s * 1e9) + 1))

    def _move(
        self, person: int, passage: Passage, depth_m: float, beside: bool, time_ns: int
    ) -> Iterator[Crossing]:
        """Follow one person to the next sight."""
        dt_s = (time_ns - passage.seen_ns) * 1e-9
        if dt_s > 0:
            keep = np.exp(-dt_s / 0.5)
            speed = (depth_m - passage.depth_m) / dt_s
            passage.inward_mps = float(keep * passage.inward_mps + (1 - keep) * speed)
        if (depth_m >= 0) != (passage.depth_m >= 0) and not (beside and passage.beside):
            share = passage.depth_m / (passage.depth_m - depth_m)
            passage.crossed_ns = passage.seen_ns + round(share * (time_ns - passage.seen_ns))
        passage.depth_m, passage.beside, passage.seen_ns = depth_m, beside, time_ns
        side: Side | None = None
        if abs(depth_m) >= self._settings.clear_m:
            side = "in" if depth_m > 0 else "out"
        if side is not None and side != passage.side:
            yield from self._changed(person, passage, side)
            passage.side = side
        if passage.confirmed:
            yield from self._waiting.pop(person, [])

    def _changed(self, person: int, passage: Passage, side: Side) -> Iterator[Crossing]:
        """Decide whether arriving clearly on a side is a crossing."""
        crossed_ns = passage.crossed_ns
        if passage.side is None:
            if not self._came_through(passage, side):
                return
            crossed_ns = passage.born_ns if crossed_ns is None else crossed_ns
        if crossed_ns is None:
            return  # round the side of the door, through a wall: a broken path
        yield from self._tell(person, passage, Crossing(crossed_ns, self._door.door, person, side))

    def _came_through(self, passage: Passage, side: Side) -> bool:
        """Say whether somebody first clear on `side` appeared in the doorway before."""
        assert self._begin_ns is not None
        early = (passage.born_ns - self._begin_ns) * 1e-9 < self._settings.warm_up_s
        if early and passage.crossed_ns is None:
            return False
        if side == "in":
            return passage.born_depth_m < self._settings.doorway_m and not passage.beside
        return passage.crossed_ns is not None

    def _tell(self, person: int, passage: Passage, crossing: Crossing) -> Iterator[Crossing]:
        if passage.confirmed:
            yield crossing
        else:
            self._waiting.setdefault(person, []).append(crossing)

    def _vanished(self, time_ns: int) -> Iterator[Crossing]:
        """Count those out who were inside and disappeared in the doorway on their way out."""
        for person, passage in list(self._passages.items()):
            if (time_ns - passage.seen_ns) * 1e-9 <= self._settings.vanish_s:
                continue
            del self._passages[person]
            self._waiting.pop(person, None)
            leaving = passage.inward_mps < 0 and passage.depth_m < self._settings.doorway_m
            if passage.side == "in" and leaving and passage.confirmed and not passage.beside:
                at_ns = passage.seen_ns if passage.depth_m > 0 else passage.crossed_ns
                yield Crossing(at_ns or passage.seen_ns, self._door.door, person, "out")
