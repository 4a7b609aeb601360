"""Where garments are that left their places: a probability over floor cells each, from RSSI."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.tagmotion.location import SignalMap
from retailsim.stack.tagmotion.residuals import Reads

F64 = NDArray[np.float64]

STEP_S = 1.0


class AwayFilter:
    """Follows garments over the floor."""

    def __init__(
        self, signals: SignalMap, cell_zone: NDArray[np.str_], *, sure: float, steps: int
    ) -> None:
        """Set up.

        Args:
            signals: what to expect at each cell.
            cell_zone: zone ids of the cells, (cells,).
            sure: probability of a zone at which a garment is said to be there.
            steps: for how many seconds on end.
        """
        self._map, self._sure, self._steps = signals, sure, steps
        self._names, self._where = np.unique(cell_zone, return_inverse=True)
        self._belief: dict[int, F64] = {}
        self._candidate: dict[int, tuple[str, int]] = {}

    @property
    def followed(self) -> list[int]:
        """Rows of the garments that are followed."""
        return list(self._belief)

    def drop(self, row: int) -> None:
        """Stop following a garment."""
        self._belief.pop(row, None)
        self._candidate.pop(row, None)

    def start(self, row: int, xy_m: F64) -> None:
        """Begin to follow a garment from somewhere, anew if it was followed."""
        self._candidate.pop(row, None)
        self._belief[row] = self._map.start(xy_m)

    def follow(self, rows: list[int], reads: Reads) -> None:
        """Take the reads of a second, of all garments, for those of some rows."""
        if not rows:
            return
        tags, antennas = self._map.tags, self._map.antennas
        pair = reads.tag * antennas + reads.antenna
        count = np.bincount(pair, minlength=tags * antennas).reshape(tags, antennas)[rows]
        total = np.bincount(pair, reads.rssi_dbm, tags * antennas).reshape(tags, antennas)[rows]
        mean_dbm = total / np.maximum(count, 1)
        fits = self._map.log_likelihood(np.array(rows), count.astype(float), mean_dbm, STEP_S)
        for row, fit in zip(rows, fits, strict=True):
            self._belief[row] = self._map.update(self._map.move(self._belief[row], STEP_S), fit)

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


def mixture(*parts: tuple[float, F64, float]) -> tuple[F64, float]:
    """Return the mean (2,) of a mixture and its deviation per axis.

    Args:
        parts: share, mean (2,) and deviation per axis of each; shares add up to one.
    """
    share = np.array([part[0] for part in parts])
    mean_m = np.array([part[1] for part in parts])
    inside = np.array([part[2] for part in parts]) ** 2
    mean, between_m = moments(share, mean_m)
    return mean, float(np.sqrt(share @ inside + between_m**2))
