"""Where a garment that left its place may be: a probability over floor cells, from RSSI.

How RSSI falls with distance and off the antennas' boresights is learnt from the garments that hang
where the planogram says; nothing else tells what the shop's walls and the reader's settings do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import logsumexp

from retailsim.stack.tagmotion.hearing import LEAST, MOST, Hearing
from retailsim.store.plan import StorePlan

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

CELL_M = 0.5
ASTRAY = 0.1  # of reads of a tag at its place, by antennas that seldom hear it (assumed)
HIDDEN_HOME, HIDDEN_AWAY = 0.1, 0.3  # share of seconds in which no antenna hears a tag (assumed)
SPARSE = 2  # every other cell, either way, is enough for a mean over the floor
BLOCK = 16  # tags compared with the floor at once: what more need does not fit the cache
CARRY_HEIGHT_M = 1.1
CARRY_LOSS_DB = 5.0  # the carrier's body, chosen on days of other seeds, as the next three
CARRY_DEAF_DB = 3.0  # and more where that body is in the way: not heard at all
RSSI_SIGMA_DB = 6.0
TRUST = 0.5  # of the sum over antennas: one second is much like the next
WEAKEST_DBM, SOFT_DB = -67.0, 3.0  # below, antennas hardly read a tag
SPEED_MPS = 0.8
START_SIGMA_M = 1.5  # so far it may be already when it is missed (assumed)
MIXED = 0.02  # share of the probability that may be anywhere
RIDGE = 1e-3
HANDLED_SIGMA_DB, HANDLED_HEARD = 4.5, 0.8  # at its place in somebody's hands: share still heard
OWN_SIGMA_DB, OWN_MEMORY, OWN_LEAST_S = 3.5, 50, 15.0  # a tag's own habits at its place


class SignalMap:
    """Expected RSSI of a tag at any cell, per antenna: a + b log10(distance) + c angle^2."""

    def __init__(self, plan: StorePlan, tag_xyz_m: F64) -> None:
        assert plan.size_m is not None
        nx, ny = (int(np.ceil(extent / CELL_M)) for extent in plan.size_m)
        x, y = np.meshgrid((np.arange(nx) + 0.5) * CELL_M, (np.arange(ny) + 0.5) * CELL_M)
        self.shape = (ny, nx)
        self.cell_xy_m = np.column_stack([x.ravel(), y.ravel()])
        level = np.full(len(self.cell_xy_m), CARRY_HEIGHT_M)
        column, row = np.arange(nx) % SPARSE, np.arange(ny) % SPARSE
        self._sparse = np.flatnonzero((row[:, None] + column == 0).ravel())
        self._at_cells = antenna_geometry(plan, np.column_stack([self.cell_xy_m, level]))
        self._at_tags = antenna_geometry(plan, tag_xyz_m)
        self.tags, self.antennas = self._at_tags.shape[:2]
        self._gram = np.eye(3) * RIDGE
        self._moment = np.array([-20.0, -30.0, -5.0]) * RIDGE
        self._rate_reads = np.zeros(self.antennas)
        self._rate_time = np.full(self.antennas, 1e-3)
        self._hearing = Hearing()
        self._offset = np.zeros(len(tag_xyz_m))
        self._solved = np.array([-20.0, -30.0, -5.0])
        self._own_dbm = np.zeros(self._at_tags.shape[:2])
        self._own_reads = np.zeros(self._at_tags.shape[:2])
        self._own_heard_s = np.zeros(self._at_tags.shape[:2])
        self._own_time = np.zeros(len(tag_xyz_m))

    def learn(self, tag: I64, antenna: I64, rssi_dbm: F64) -> None:
        """Take reads of garments at their places."""
        row = self._at_tags[tag, antenna]
        self._gram += row.T @ row
        self._moment += row.T @ rssi_dbm
        off = rssi_dbm - row @ self._solved - self._offset[tag]
        np.add.at(self._offset, tag, 0.02 * off)
        np.add.at(self._own_reads, (tag, antenna), 1)
        share = 1 / np.minimum(self._own_reads[tag, antenna], OWN_MEMORY)
        np.add.at(self._own_dbm, (tag, antenna), share * (rssi_dbm - self._own_dbm[tag, antenna]))

    def learn_rates(self, counts: F64, seconds: F64) -> None:
        """Take how often garments at their places were read by antennas that reach them well.

        Args:
            counts: reads of each tag by each antenna, (tags, antennas).
            seconds: how long they were at their places, (tags,).
        """
        expected = self._at_tags @ self._solved + self._offset[:, None]
        self._hearing.learn(expected, counts > 0, seconds)
        reach = self._reach(expected)
        self._own_time += seconds
        self._own_heard_s += (counts > 0) * seconds[:, None]
        self._rate_reads += counts.sum(axis=0)
        self._rate_time += (reach * seconds[:, None]).sum(axis=0)

    def forget(self, tags: I64) -> None:
        """Drop what tags were like at what was taken for their places."""
        for column in (self._own_dbm, self._own_reads, self._own_heard_s, self._own_time):
            column[tags] = 0

    def solve(self) -> None:
        """Fit the map to all that was learnt."""
        self._solved = np.linalg.solve(self._gram, self._moment)

    def log_likelihood(self, tag: I64, count: F64, mean_dbm: F64) -> F64:
        """Return how well each cell explains the reads of carried tags in a second, (n, cells).

        Args:
            tag: rows of the tags, (n,).
            count: reads of each by each antenna, (n, antennas).
            mean_dbm: their mean RSSI, (n, antennas); anything where there was none.
        """
        cells = self._at_cells @ self._solved - CARRY_LOSS_DB
        expected = cells + self._offset[tag, None, None]
        told = self._hearing.log_silent(expected - CARRY_DEAF_DB)
        row, antenna = np.nonzero(count > 0)  # few hear a tag in the same second
        near = expected[row, :, antenna]
        off = (mean_dbm[row, antenna, None] - near) / RSSI_SIGMA_DB
        told[row, :, antenna] = self._hearing.log_heard(near - CARRY_DEAF_DB) + _fit_of(off)
        return np.asarray(TRUST * told.sum(axis=-1))

    def handled(self, tag: I64, count: F64, mean_dbm: F64) -> F64:
        """Return how well their own places explain the reads of tags in a second, (n,).

        Comparable with `log_likelihood`: garments are handled at their places, which upsets their
        phases but hardly by which antennas they are heard.
        """
        mapped = self._at_tags[tag] @ self._solved + self._offset[tag, None]
        known = self._own_reads[tag] > 0
        expected = np.where(known, self._own_dbm[tag], mapped)
        heard = count > 0
        off = np.where(heard, (mean_dbm - expected) / HANDLED_SIGMA_DB, 0.0)
        prior_s = OWN_LEAST_S * self._hearing.share(mapped)
        share = (self._own_heard_s[tag] + prior_s) / (self._own_time[tag, None] + OWN_LEAST_S)
        share = np.clip(HANDLED_HEARD * share, LEAST, MOST)
        sharper = np.log(RSSI_SIGMA_DB / HANDLED_SIGMA_DB) * heard.sum(axis=1)
        told = np.where(heard, np.log(share), np.log1p(-share)) + _fit_of(off)
        return np.asarray(TRUST * told.sum(axis=-1) + TRUST * sharper)

    def home_advantage(self, count: F64, mean_dbm: F64, seconds: float) -> F64:
        """Return how much better its own place explains each tag's reads than the floor does.

        Its own place is what the tag was like there before, or what the map expects there.

        Args:
            count: reads of each tag by each antenna, (tags, antennas).
            mean_dbm: their mean RSSI, (tags, antennas).
            seconds: length of the stretch.

        Returns:
            Log of the ratio of likelihoods, (tags,); 0 for tags that were not read.
        """
        expected = self._at_tags @ self._solved + self._offset[:, None]
        mapped = self._fit(expected, count, mean_dbm, seconds)
        rate = self._own_reads / np.maximum(self._own_time, 1.0)[:, None] * seconds
        off = np.where((count > 0) & (self._own_reads > 0), (mean_dbm - self._own_dbm), 0.0)
        own = self._score(off / OWN_SIGMA_DB, count, rate)
        own = np.where(self._own_time > OWN_LEAST_S, own, -np.inf)
        seen = np.flatnonzero(count.sum(axis=1) > 0)
        gain = np.zeros(len(count))
        for some in np.array_split(seen, max(1, -(-len(seen) // BLOCK))):
            floor = self._floor(some, count[some], mean_dbm[some], seconds)
            gain[some] = np.maximum(mapped, own)[some] - floor
        return gain

    def _floor(self, rows: I64, count: F64, mean_dbm: F64, seconds: float) -> F64:
        """Return the log of the mean likelihood over the floor of tags' reads, (rows,)."""
        cells = self._at_cells[self._sparse] @ self._solved - CARRY_LOSS_DB
        expected = cells + self._offset[rows, None, None]
        fit = self._fit(expected, count[:, None], mean_dbm[:, None], seconds)
        return np.asarray(logsumexp(fit, axis=1) - np.log(fit.shape[1]))

    def strangeness(self, tag: I64, antenna: I64) -> F64:
        """Return what it says for being at home that an antenna read a tag at all, (n,).

        Log of the ratio of likelihoods, 0 or less; 0 for tags hardly known at their places.
        """
        total = self._own_reads.sum(axis=1)[tag] + 0.5 * self.antennas
        share = (self._own_reads[tag, antenna] + 0.5) / total
        gain = np.log(ASTRAY + (1 - ASTRAY) * share * self.antennas)
        return np.where(self._own_time[tag] > OWN_LEAST_S, np.minimum(gain, 0.0), 0.0)

    def silence(self, seconds: float) -> F64:
        """Return what it would say for each tag being at home that nobody read it, (tags,).

        Somebody may stand before it, at its place and more often away from it.
        """
        rate = self._own_reads.sum(axis=1) / np.maximum(self._own_time, 1.0)
        silent = HIDDEN_HOME + (1 - HIDDEN_HOME) * np.exp(-rate * seconds)
        gain = np.minimum(np.log(silent / HIDDEN_AWAY), 0.0)
        return np.where(self._own_time > OWN_LEAST_S, gain, 0.0)

    def near(self, belief: F64, xy_m: F64, within_m: float) -> float:
        """Return the probability of being within some metres of a point."""
        apart2 = ((self.cell_xy_m - xy_m) ** 2).sum(axis=1)
        return float(belief[apart2 <= within_m**2].sum())

    def _fit(self, expected: F64, count: F64, mean_dbm: F64, seconds: float) -> F64:
        """Return the log likelihood of reads where RSSI is expected so, last axis summed."""
        off = np.where(count > 0, (mean_dbm - expected) / RSSI_SIGMA_DB, 0.0)
        rate = self._rate_reads / self._rate_time * seconds * self._reach(expected)
        return self._score(off, count, rate)

    @staticmethod
    def _score(off: F64, count: F64, hoped: F64) -> F64:
        """Return the log likelihood of RSSI (in sigmas) and of Poisson counts, last axis summed.

        Reads of one antenna agree with each other more than with any expectation: they count as
        one, and their number counts half.
        """
        hoped = np.maximum(hoped, 0.02)
        seen = 0.5 * (np.minimum(count, 4) * np.log(hoped) - hoped)
        total: F64 = (_fit_of(off) + seen).sum(axis=-1)
        return total

    def start(self, tag_xy_m: F64) -> F64:
        """Return the probability of a garment that has just left its place, (cells,)."""
        apart2 = ((self.cell_xy_m - tag_xy_m) ** 2).sum(axis=1)
        weight = np.exp(-0.5 * apart2 / START_SIGMA_M**2)
        return _normal(weight)

    def move(self, belief: F64, seconds: float) -> F64:
        """Spread a probability as far as people walk."""
        cells = SPEED_MPS * seconds / CELL_M
        spread = gaussian_filter(belief.reshape(self.shape), cells, mode="nearest").ravel()
        return (1 - MIXED) * _normal(spread) + MIXED / len(belief)

    def update(self, belief: F64, log_likelihood: F64) -> F64:
        """Return the probability after reads."""
        return _normal(belief * np.exp(log_likelihood - log_likelihood.max()))

    @staticmethod
    def _reach(dbm: F64) -> F64:
        share: F64 = 1 / (1 + np.exp(-(dbm - WEAKEST_DBM) / SOFT_DB))
        return share


def _fit_of(off: F64) -> F64:
    """Return the log likelihood of RSSI, in sigmas off what is expected; strays cost no more."""
    fit: F64 = -0.5 * np.minimum(off**2, 12.0)
    return fit


def antenna_geometry(plan: StorePlan, xyz_m: F64) -> F64:
    """Return [1, log10 distance, angle^2] of points (n, 3) from all antennas, (n, antennas, 3).

    The angle, in radians, is that off the antenna's boresight.
    """
    antennas = [a for r in plan.readers for a in r.antennas]
    position = np.array([a.position_m for a in antennas], float).reshape(-1, 3)
    look = np.array([a.look_at_m for a in antennas], float).reshape(-1, 3) - position
    look = look / np.linalg.norm(look, axis=1, keepdims=True)
    way = xyz_m[:, None, :] - position
    distance = np.maximum(np.linalg.norm(way, axis=2), 1e-3)
    angle = np.arccos(np.clip((way * look).sum(axis=2) / distance, -1, 1))
    return np.stack([np.ones_like(distance), np.log10(distance), angle**2], axis=2)


def _normal(weight: F64) -> F64:
    share: F64 = weight / max(float(weight.sum()), 1e-300)
    return share
