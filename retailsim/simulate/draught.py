"""Wind through doors: cloth that hangs near one sways a little whenever somebody comes or goes.

Nobody touches these garments, and many of them move at once. All defaults are assumed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.goods import Goods
from retailsim.simulate.scenario import Draught
from retailsim.simulate.streams import stream
from retailsim.store.plan import StorePlan

F64 = NDArray[np.float64]

SWAY_HZ = (0.5, 1.2)  # cloth on a hanger left to itself (assumed)


class Draughts:
    """The wind of one world."""

    def __init__(self, draught: Draught, plan: StorePlan, goods: Goods, *, seed: int) -> None:
        self._draught, self._goods = draught, goods
        self._rng = stream(seed, "draught")
        self._door_m = {door.id: np.array(door.segment_m).mean(axis=0) for door in plan.doors}
        self._over_ns: dict[str, int] = {}

    def door_opens(self, door: str, now_ns: int) -> None:
        """Let it blow through a door, unless it still does."""
        if now_ns < self._over_ns.get(door, now_ns):
            return
        gust_s = float(self._rng.uniform(*self._draught.gust_s))
        self._over_ns[door] = now_ns + round(gust_s * 1e9)
        hanging = self._goods.hanging()
        away_m = np.hypot(*(self._goods.home_m[hanging, :2] - self._door_m[door]).T)
        share = 1 - away_m / self._draught.reach_m
        for garment, left in zip(hanging[share > 0].tolist(), share[share > 0], strict=True):
            size_m = float(left * self._rng.uniform(*self._draught.amplitude_m))
            hz = float(self._rng.uniform(*SWAY_HZ))
            self._goods.sway(garment, size_m, hz, start_ns=now_ns, hold_s=gust_s, rng=self._rng)
