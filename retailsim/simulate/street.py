"""The street before the shop, where people come from and go to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import ScenarioError
from retailsim.store.plan import StorePlan

F64 = NDArray[np.float64]
DEPTH_M = 3.0
BEYOND_M = 2.0  # the street goes on this far to both sides of the shop
LANES = 5


@dataclass(frozen=True)
class Street:
    """A straight pavement along the south wall, y from -3 m to 0.

    Attributes:
        left_m, right_m: x of its ends, where people appear and disappear.
    """

    left_m: float
    right_m: float

    @classmethod
    def before(cls, plan: StorePlan) -> Street:
        """Return the street before a shop; raises ScenarioError where a plan has no way in."""
        if plan.size_m is None:
            raise ScenarioError(f"plan '{plan.name}' has no size_m: nobody can walk in it")
        south = [d for d in plan.doors if all(abs(y) < 0.05 for _, y in d.segment_m)]
        if not south:
            raise ScenarioError(f"plan '{plan.name}' has no door in its south wall (y = 0)")
        return cls(left_m=-BEYOND_M, right_m=plan.size_m[0] + BEYOND_M)

    def bounds_m(self, plan: StorePlan) -> tuple[F64, F64]:
        """Return the corners of everything people can walk on, street and shop, (2,) each."""
        assert plan.size_m is not None
        low = np.array([self.left_m - 0.5, -DEPTH_M - 0.3])
        return low, np.array([self.right_m + 0.5, plan.size_m[1] + 0.3])

    def walkable(self, plan: StorePlan, xy_m: F64) -> NDArray[np.bool_]:
        """Return which points (n, 2) are on the street or the shop's floor, bool (n,)."""
        assert plan.size_m is not None
        x, y = xy_m[:, 0], xy_m[:, 1]
        street = (y < 0) & (y > -DEPTH_M)
        inside: NDArray[np.bool_] = (x > 0) & (x < plan.size_m[0]) & (y < plan.size_m[1])
        return street | inside & (y >= 0)

    def end(self, rng: np.random.Generator) -> tuple[float, float]:
        """Draw a place at one of the street's ends, on one of its lanes."""
        x = self.left_m if rng.random() < 0.5 else self.right_m
        lane = int(rng.integers(LANES))
        return (x, -DEPTH_M + 0.5 + lane * (DEPTH_M - 1.0) / (LANES - 1))

    def across(self, place: tuple[float, float], rng: np.random.Generator) -> tuple[float, float]:
        """Draw a place at the other end."""
        other = self.right_m if place[0] == self.left_m else self.left_m
        return (other, self.end(rng)[1])
