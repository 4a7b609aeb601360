"""The ground outside the doors, where people come from and go to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import ScenarioError
from retailsim.store.plan import Door, StorePlan
from retailsim.store.sides import OUTWARD, side_of

F64 = NDArray[np.float64]
Place = tuple[float, float]
DEPTH_M = 3.0
BEYOND_M = 2.0  # the street goes on this far to both sides of the shop
LANES = 5
APRON_M = 2.4  # depth of the ground outside a door that no street passes


@dataclass(frozen=True)
class Apron:
    """The ground outside one door: a rectangle as wide as the door.

    Attributes:
        door: id of the door.
        low_m, high_m: corners, (2,).
        outward: unit vector away from the shop, (2,).
        leads_to: see `Door`.
    """

    door: str
    low_m: F64
    high_m: F64
    outward: F64
    leads_to: str

    def end(self, rng: np.random.Generator) -> Place:
        """Draw a place at the outer edge."""
        half = (self.high_m - self.low_m) / 2
        middle = (self.low_m + self.high_m) / 2
        across = np.abs(self.outward[::-1])
        lane = rng.uniform(-1, 1) * max(float(half @ across) - 0.35, 0.0)
        x, y = middle + self.outward * (float(half @ np.abs(self.outward)) - 0.3) + across * lane
        return (round(float(x), 1), round(float(y), 1))


@dataclass(frozen=True)
class Street:
    """A straight pavement along the south wall, y from -3 m to 0, and aprons at other doors.

    Attributes:
        left_m, right_m: x of the pavement's ends, where people appear and disappear; None where
            no door in the south wall leads to a street.
        aprons: ground outside the doors that are not on the pavement.
    """

    left_m: float | None
    right_m: float | None
    aprons: tuple[Apron, ...] = ()

    @classmethod
    def before(cls, plan: StorePlan) -> Street:
        """Return the ground outside a shop; raises ScenarioError where a plan has no way in."""
        if plan.size_m is None:
            raise ScenarioError(f"plan '{plan.name}' has no size_m: nobody can walk in it")
        sides = [side_of(door.segment_m, plan.size_m) for door in plan.doors]
        south = [
            door
            for door, side in zip(plan.doors, sides, strict=True)
            if side == "south" and door.leads_to == "street"
        ]
        aprons = tuple(_apron(plan, d) for d in plan.doors if d not in south)
        if not south and not any(a.leads_to != "shop" for a in aprons):
            raise ScenarioError(f"plan '{plan.name}' has no door to a street or a mall")
        if not south:
            return cls(None, None, aprons)
        return cls(-BEYOND_M, plan.size_m[0] + BEYOND_M, aprons)

    @property
    def shops(self) -> tuple[Apron, ...]:
        """The aprons of doors behind which there is another shop."""
        return tuple(a for a in self.aprons if a.leads_to == "shop")

    def bounds_m(self, plan: StorePlan) -> tuple[F64, F64]:
        """Return the corners of everything people can walk on, street and shop, (2,) each."""
        assert plan.size_m is not None
        lows, highs = [np.zeros(2)], [np.array(plan.size_m)]
        if self.left_m is not None and self.right_m is not None:
            lows.append(np.array([self.left_m - 0.5, -DEPTH_M]))
            highs.append(np.array([self.right_m + 0.5, 0.0]))
        lows += [a.low_m for a in self.aprons]
        highs += [a.high_m for a in self.aprons]
        low, high = np.min(lows, axis=0), np.max(highs, axis=0)
        if self.left_m is not None:
            return low - [0.0, 0.3], high + [0.0, 0.3]
        return low - 0.3, high + 0.3

    def walkable(self, plan: StorePlan, xy_m: F64) -> NDArray[np.bool_]:
        """Return which points (n, 2) are on the street or the shop's floor, bool (n,)."""
        assert plan.size_m is not None
        x, y = xy_m[:, 0], xy_m[:, 1]
        out: NDArray[np.bool_] = (x > 0) & (x < plan.size_m[0]) & (y >= 0) & (y < plan.size_m[1])
        if self.left_m is not None:
            out = out | (y < 0) & (y > -DEPTH_M)
        for apron in self.aprons:
            out = out | ((xy_m >= apron.low_m) & (xy_m <= apron.high_m)).all(axis=1)
        return out

    def end(self, rng: np.random.Generator) -> Place:
        """Draw a place where people appear and disappear, on one of its lanes."""
        gates = [a for a in self.aprons if a.leads_to != "shop"]
        if self.left_m is None or self.right_m is None:
            return gates[int(rng.integers(len(gates)))].end(rng)
        if gates and rng.random() < len(gates) / (len(gates) + 2):
            return gates[int(rng.integers(len(gates)))].end(rng)
        x = self.left_m if rng.random() < 0.5 else self.right_m
        return (x, self._lane_m(rng))

    def across(self, place: Place, rng: np.random.Generator) -> Place:
        """Draw a place at another end than `place`."""
        if self.left_m is not None and self.right_m is not None and place[1] < 0:
            other = self.right_m if place[0] < (self.left_m + self.right_m) / 2 else self.left_m
            rng.random()  # which end is no question here
            return (other, self._lane_m(rng))
        for _ in range(50):
            end = self.end(rng)
            if np.hypot(end[0] - place[0], end[1] - place[1]) > 2 * APRON_M:
                break
        return end

    def heading_from(self, place: Place, plan: StorePlan) -> float:
        """Return where somebody looks who appears at a place, radians."""
        assert plan.size_m is not None
        if self.left_m is not None and place[1] < 0:
            return 0.0 if place[0] == self.left_m else float(np.pi)
        inward = np.array(plan.size_m) / 2 - place
        return float(np.arctan2(inward[1], inward[0]))

    def _lane_m(self, rng: np.random.Generator) -> float:
        lane = int(rng.integers(LANES))
        return -DEPTH_M + 0.5 + lane * (DEPTH_M - 1.0) / (LANES - 1)


def _apron(plan: StorePlan, door: Door) -> Apron:
    assert plan.size_m is not None
    side = side_of(door.segment_m, plan.size_m)
    if side is None:
        (x, y), _ = door.segment_m
        raise ScenarioError(
            f"plan '{plan.name}': door '{door.id}' at ({x:g}, {y:g}) is on no side of the floor"
        )
    outward = np.array(OUTWARD[side])
    segment = np.array(door.segment_m, float)
    ends = np.concatenate([segment, segment + APRON_M * outward])
    return Apron(door.id, ends.min(axis=0), ends.max(axis=0), outward, door.leads_to)
