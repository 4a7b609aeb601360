"""What was last said of every garment's position, so that only what changes is said again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.results import TagPositions

F64 = NDArray[np.float64]

State = Literal["home", "moving", "resting", "gone"]

HOME_SIGMA_M = 0.25  # a hand's breadth, and one garment in 250 that left unnoticed
UNSEEN_M = 3.0  # along each axis, how far a garment is that left unnoticed (assumed)
CHANGE_M, CHANGE_SIGMAS, CHANGE_SHARE = 0.3, 0.25, 0.5
NOWHERE = np.full(2, np.nan)


class Spot(NamedTuple):
    """Where a garment is: position (2,), its deviation along each axis, state."""

    xy_m: F64
    sigma_m: float
    state: State


class PositionBook:
    """Says positions that have changed noticeably.

    That is by 0.3 m and a quarter of the deviation, or when the deviation has halved or doubled,
    or when the state is another.
    """

    def __init__(self, epc: NDArray[np.str_], home_xy_m: F64) -> None:
        """Begin with all garments at home: EPCs (tags,) and places (tags, 2)."""
        self._epc, self._home_m = epc, home_xy_m
        self._xy_m = home_xy_m.copy()
        self._sigma_m = np.full(len(epc), HOME_SIGMA_M)
        self._state = np.full(len(epc), "home", "<U8")

    def home(self, row: int, away: float = 0.0) -> Spot:
        """Return the spot of a garment at its place, `away` with some small probability."""
        sigma_m = float(np.hypot(HOME_SIGMA_M, UNSEEN_M * np.sqrt(away)))
        return Spot(self._home_m[row], sigma_m, "home")

    def doubtful(self, away: F64) -> NDArray[np.int64]:
        """Return rows at home of which the deviation changes, by how probably they left (tags,)."""
        known_m, sigma_m = self._sigma_m, np.hypot(HOME_SIGMA_M, UNSEEN_M * np.sqrt(away))
        changed = (sigma_m > known_m / CHANGE_SHARE) | (sigma_m < known_m * CHANGE_SHARE)
        return np.flatnonzero(changed & (self._state == "home"))

    def state(self, row: int) -> str:
        """Return the state last said of a garment."""
        return str(self._state[row])

    def all(self, time_ns: int) -> TagPositions:
        """Return what is known of all garments."""
        return self._message(time_ns, np.arange(len(self._epc)))

    def tell(self, time_ns: int, spots: Mapping[int, Spot]) -> list[TagPositions]:
        """Take where garments are, by row; return what of it is news."""
        news = sorted(row for row, spot in spots.items() if self._noticeable(row, spot))
        for row in news:
            self._xy_m[row], self._sigma_m[row], self._state[row] = spots[row]
        return [self._message(time_ns, np.array(news))] if news else []

    def _noticeable(self, row: int, spot: Spot) -> bool:
        if spot.state != self._state[row]:
            return True
        if spot.state == "gone":
            return False
        before_m = float(self._sigma_m[row])
        way_m = float(np.linalg.norm(spot.xy_m - self._xy_m[row]))
        ratio = spot.sigma_m / before_m
        return way_m > max(CHANGE_M, CHANGE_SIGMAS * before_m) or not (
            CHANGE_SHARE < ratio < 1 / CHANGE_SHARE
        )

    def _message(self, time_ns: int, rows: NDArray[np.int64]) -> TagPositions:
        columns = self._epc[rows], self._xy_m[rows], self._sigma_m[rows], self._state[rows]
        return TagPositions(time_ns, *columns)
