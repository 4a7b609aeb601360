"""Where a shopper goes next and what they touch: a nested logit.

A garment's value to a shopper is

    v = taste * u + wanted * (it is what they came for, or were shown)
        - too_dear * max(0, log(price / budget))

where u is the utility of taste.py (style, kind, colour, price, popularity). Among the garments of
a fixture the choice is a multinomial logit (McFadden 1974), P(i) proportional to exp(v_i - way).
Among fixtures it is one again, over the nest's inclusive value log mean exp(v) less charges for the
way there, for having been there, for what cannot be seen or is behind one's back, and for every
person already there (Train, Discrete Choice Methods with Simulation, ch. 4, for nested logits).
The mean, not the sum, is taken so that a full rail is no better than a half empty one of the same
garments. The weights are the scenario's `Choice`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.scenario import Choice
from retailsim.store.obstacles import Boxes, obstacles
from retailsim.store.plan import StorePlan

F64 = NDArray[np.float64]
EYE_M = 1.5  # nobody sees over what is higher (assumed: eye height of a short adult)
SIGHT_M = 9.0  # garments farther away are not made out (assumed)
VIEW_RAD = np.deg2rad(100)  # half the field of view, eyes and head turning together (assumed)
MOST_KNOWN = 4096
NEAR_PER_M = 0.5  # charge per metre to a garment of the fixture one stands at (assumed) ...
NEAR_M = 3.0  # ... up to so many


def choose(utility: F64, rng: np.random.Generator) -> int:
    """Choose among alternatives (n,) by the multinomial logit, an index."""
    upto = np.exp(utility - utility.max()).cumsum()
    return min(int(np.searchsorted(upto, rng.random() * upto[-1], "right")), len(upto) - 1)


def values(
    utility: F64, log_price: F64, wanted: NDArray[np.bool_], budget_eur: float | None, w: Choice
) -> F64:
    """Return a shopper's value of every SKU, float64 (s,)."""
    out: F64 = w.taste * utility + w.wanted * wanted
    if budget_eur is not None:
        out = out - w.too_dear * np.maximum(log_price - np.log(budget_eur), 0.0)
    return out


def inclusive(value: F64, nest: NDArray[np.int64], nests: int) -> F64:
    """Return log mean exp(value) of each nest, -inf for an empty one.

    Args:
        value: of every alternative, float64 (n,).
        nest: which nest it belongs to, int64 (n,).
        nests: how many nests there are.
    """
    highest = float(value.max(initial=-np.inf))
    total = np.bincount(nest, np.exp(value - highest), nests)
    count = np.bincount(nest, minlength=nests)
    out = np.full(nests, -np.inf)
    filled = count > 0
    out[filled] = highest + np.log(np.maximum(total[filled] / count[filled], 1e-300))
    return out


@dataclass(frozen=True)
class Sight:
    """What can be seen from where.

    Attributes:
        center_m: the fixtures looked at, float64 (f, 2).
        tall: what hides them; walls of the shop hide nothing inside it.
        own: index into `tall` of the fixture itself, -1 for a low one, int64 (f,).
        known: what was asked before, by place; people stand at the same places again and again.
    """

    center_m: F64
    tall: Boxes
    own: NDArray[np.int64]
    known: dict[tuple[float, float], NDArray[np.bool_]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, plan: StorePlan, fixtures: Sequence[str]) -> Sight:
        """Return the sight of these fixtures of a plan."""
        tall = [f for f in plan.fixtures if f.height_m > EYE_M and f.kind != "mirror"]
        inner = plan.model_copy(update={"fixtures": tall, "doors": [], "size_m": None})
        rows = [f.id for f in tall for _ in range(3 if f.kind == "fitting_room" else 1)]
        own = [rows.index(f) if f in rows else -1 for f in fixtures]
        center = np.array([plan.fixture(f).center_m for f in fixtures], float).reshape(-1, 2)
        return cls(center, obstacles(inner), np.array(own, np.int64))

    def visible(self, xy_m: F64) -> NDArray[np.bool_]:
        """Return which fixtures can be seen from a point (2,), bool (f,)."""
        place = (float(xy_m[0]), float(xy_m[1]))
        if place not in self.known:
            if len(self.known) == MOST_KNOWN:
                self.known.clear()
            self.known[place] = self._visible(xy_m)
        return self.known[place]

    def _visible(self, xy_m: F64) -> NDArray[np.bool_]:
        near: NDArray[np.bool_] = np.hypot(*(self.center_m - xy_m).T) < SIGHT_M
        if not len(self.tall.center_m):
            return near
        start, end = self.tall.local(xy_m[None])[0], self.tall.local(self.center_m)
        hidden = _crosses(start[None], end, self.tall.half_m)
        low = np.flatnonzero(self.own >= 0)
        hidden[low, self.own[low]] = False
        out: NDArray[np.bool_] = near & ~hidden.any(axis=1)
        return out


def _crosses(start: F64, end: F64, half_m: F64) -> NDArray[np.bool_]:
    """Say which segments (f, k, 2) in the axes of k boxes pass through the box, bool (f, k)."""
    step = end - start
    step = np.where(np.abs(step) < 1e-9, 1e-9, step)
    one, two = (-half_m - start) / step, (half_m - start) / step
    enter = np.minimum(one, two).max(axis=-1)
    leave = np.maximum(one, two).min(axis=-1)
    out: NDArray[np.bool_] = (enter < leave) & (leave > 0) & (enter < 1)
    return out


def fixture_charges(
    sight: Sight, xy_m: F64, heading_rad: float, seen: NDArray[np.bool_],
    people: NDArray[np.int64], w: Choice,
) -> F64:  # fmt: skip
    """Return what speaks against going to each fixture, float64 (f,).

    Args:
        sight: of the fixtures.
        xy_m, heading_rad: where the shopper stands and looks.
        seen: where they have been, bool (f,).
        people: how many others stand there, int64 (f,).
        w: weights.
    """
    offset = sight.center_m - xy_m
    turn = np.arctan2(offset[:, 1], offset[:, 0]) - heading_rad
    behind = np.abs((turn + np.pi) % (2 * np.pi) - np.pi) > VIEW_RAD
    out: F64 = (
        w.way_per_m * np.hypot(offset[:, 0], offset[:, 1])
        + w.seen_before * seen
        + w.out_of_sight * ~sight.visible(xy_m)
        + w.behind * behind
        + w.crowding * people
    )
    return out


def garment_charges(home_m: F64, xy_m: F64) -> F64:
    """Return what speaks against reaching for garments at (n, 3), float64 (n,)."""
    way = np.hypot(*(home_m[:, :2] - xy_m).T)
    out: F64 = NEAR_PER_M * np.minimum(way, NEAR_M)
    return out
