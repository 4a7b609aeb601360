"""Where garments are that left their places: a probability over floor cells each, from RSSI."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.tagmotion.location import SignalMap
from retailsim.stack.tagmotion.residuals import Reads

F64 = NDArray[np.float64]

STEP_S = 1.0
HANDLED = 0.5  # of garments whose phases are off are only handled at their places (assumed)
TAKEN_PER_S, PUT_PER_S = 1 / 10, 1 / 15  # from there to the floor, and back from within reach
REACH_M = 1.0
CERTAIN = (1e-3, 1 - 1e-3)


class AwayFilter:
    """Follows garments over the floor, or at their places, in somebody's hands."""

    def __init__(
        self,
        signals: SignalMap,
        cell_zone: NDArray[np.str_],
        home_m: F64,
        *,
        sure: float,
        steps: int,
    ) -> None:
        """Set up.

        Args:
            signals: what to expect at each cell.
            cell_zone: zone ids of the cells, (cells,).
            home_m: places of the planogram, (tags, 2).
            sure: probability of a zone at which a garment is said to be there.
            steps: for how many seconds on end.
        """
        self._map, self._sure, self._steps, self._home_m = signals, sure, steps, home_m
        self._names, self._where = np.unique(cell_zone, return_inverse=True)
        self._belief: dict[int, F64] = {}  # on the floor, if it is not at its place
        self._handled: dict[int, float] = {}
        self._candidate: dict[int, tuple[str, int]] = {}

    @property
    def followed(self) -> list[int]:
        """Rows of the garments that are followed."""
        return list(self._belief)

    def drop(self, row: int) -> None:
        """Stop following a garment."""
        for kept in (self._belief, self._handled, self._candidate):
            kept.pop(row, None)

    def start(self, row: int, xy_m: F64, *, handled: float = HANDLED) -> None:
        """Begin to follow a garment from somewhere, anew if it was followed.

        `handled` is the probability that it is at its place of the planogram.
        """
        self._candidate.pop(row, None)
        self._belief[row], self._handled[row] = self._map.start(xy_m), handled

    def follow(self, rows: list[int], reads: Reads) -> None:
        """Take the reads of a second, of all garments, for those of some rows."""
        if not rows:
            return
        tags, antennas = self._map.tags, self._map.antennas
        pair = reads.tag * antennas + reads.antenna
        reads_of = np.bincount(pair, minlength=tags * antennas).astype(np.float64)
        count = reads_of.reshape(tags, antennas)[rows]
        total = np.bincount(pair, reads.rssi_dbm, tags * antennas).reshape(tags, antennas)[rows]
        mean_dbm = total / np.maximum(count, 1)
        at, floor = np.array(rows), self._map.log_likelihood(np.array(rows), count, mean_dbm)
        for row, fit, own in zip(rows, floor, self._map.handled(at, count, mean_dbm), strict=True):
            self._weigh(row, fit, float(own))

    def _weigh(self, row: int, fit: F64, own: float) -> None:
        """Take how well each cell and the garment's own place explain a second."""
        moved = self._map.move(self._belief[row], STEP_S)
        before = self._handled[row]
        back = PUT_PER_S * self._map.near(moved, self._home_m[row], REACH_M)
        handled = before * (1 - TAKEN_PER_S * STEP_S) + (1 - before) * back * STEP_S
        top = max(float(fit.max()), own)
        here = handled * np.exp(own - top)
        there = (1 - handled) * float(moved @ np.exp(fit - top))
        self._handled[row] = float(np.clip(here / (here + there), *CERTAIN))
        self._belief[row] = self._map.update(moved, fit)

    def handled(self, row: int) -> float:
        """Return the probability that a garment is handled at its place."""
        return self._handled[row]

    def near(self, row: int, xy_m: F64, within_m: float) -> float:
        """Return the probability of a garment being within some metres of a point."""
        return self._map.near(self._belief[row], xy_m, within_m)

    def settled(self, row: int) -> str | None:
        """Return the zone a garment has probably been in for some steps, if there is one."""
        mass = np.bincount(self._where, self._belief[row], len(self._names))
        best = int(mass.argmax())
        if mass[best] < self._sure:
            self._candidate.pop(row, None)
            return None
        name, steps = self._candidate.get(row, ("", 0))
        steps = steps + 1 if name == self._names[best] else 1
        self._candidate[row] = (str(self._names[best]), steps)
        return str(self._names[best]) if steps >= self._steps else None

    def position(self, row: int) -> tuple[F64, float]:
        """Return where a garment probably is, (2,), and how uncertain that is along each axis."""
        belief, cells = self._belief[row], self._map.cell_xy_m
        return moments(belief, cells)


def moments(share: F64, xy_m: F64) -> tuple[F64, float]:
    """Return the mean (2,) of points (n, 2) with shares (n,), and their deviation per axis."""
    mean = share @ xy_m
    variance = share @ ((xy_m - mean) ** 2).mean(axis=1)
    return mean, float(np.sqrt(variance))


def choice(*parts: tuple[float, F64, float]) -> tuple[F64, float]:
    """Return the mean (2,) of the most probable part of a mixture, and the deviation about it.

    A mean of all parts is between them, where the garment surely is not.

    Args:
        parts: share, mean (2,) and deviation per axis of each; shares add up to one.

    Returns:
        The point, and the root mean square, per axis, of the ways of the whole mixture from it.
    """
    xy_m = max(parts, key=lambda part: part[0])[1]
    square = sum(
        share * (sigma_m**2 + float(((mean_m - xy_m) ** 2).mean()))
        for share, mean_m, sigma_m in parts
    )
    return xy_m, float(np.sqrt(square))
