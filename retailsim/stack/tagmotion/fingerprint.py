"""How well each place of a shop explains what was read of a tag at rest.

Garments at their places are references with known positions, as in LANDMARC (Ni et al. 2004), but
weighed by likelihood instead of by distance between signal vectors. Three things are compared per
antenna: RSSI, how often the tag is read, and how its phase turns with frequency, which tells the
distance (FD-PDoA; Nikitin et al. 2010). All three are learnt from the references themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from retailsim.stack.tagmotion.evidence import Heard
from retailsim.stack.tagmotion.location import antenna_geometry
from retailsim.stack.tagmotion.places import Places
from retailsim.store.plan import StorePlan
from retailsim.store.regions import LIGHT_MPS

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
C128 = NDArray[np.complex128]
Bool = NDArray[np.bool_]

RANGE_STEP_M, RANGES_M = 0.1, 8.0  # distances tried, beyond that to the place of the planogram
RANGE_SIGMA_M = 0.3  # what echoes do to it
RANGE_KAPPA = 2.0  # how much a read's phase is worth
RANGE_ASTRAY = 0.05  # of all distances are anything
MOST_PER_CHANNEL = 4  # reads of one channel agree with each other
LEAST_READS = 4  # of an antenna, for a distance
NEAR_M, NEAR_WEIGHT = 0.3, 1.5  # how far references speak for a place; weight of the bare map
RSSI_SIGMA_DB, TAG_SIGMA_DB = 3.5, 2.0
RSSI_CAP = 30.0
RATE_SHAPE = 0.5  # of the gamma distribution of a tag's own rate about the expected one
RATE_STEP_DB, RATE_SPAN_DBM = 3.0, (-81.0, -30.0)
LEAST_RATE = 0.002  # per second
REFERENCE_READS = 5
# What RSSI, rates and ranges count, chosen on days of other seeds: bodies upset RSSI most.
TRUST_RSSI, TRUST_RATES, TRUST_RANGES = 0.5, 1.1, 1.4
OFFSET_ROUNDS = 4
RIDGE = 1e-3


class PlaceMap:
    """What to expect of a tag at each of the places a garment can be at."""

    def __init__(self, plan: StorePlan, places: Places, tag_xyz_m: F64, frequency_hz: F64) -> None:
        """Set up the geometry.

        Args:
            plan: with its readers.
            places: where garments can be, (places,).
            tag_xyz_m: where the planogram has each tag, (tags, 3).
            frequency_hz: by antenna and channel, (antennas, channels).
        """
        self._at_places = antenna_geometry(plan, places.xyz_m)
        self._at_tags = antenna_geometry(plan, tag_xyz_m)
        away_m = np.linalg.norm(places.xyz_m[:, None] - tag_xyz_m, axis=2)
        self._weight = np.exp(-0.5 * (away_m / NEAR_M) ** 2)
        steps = int(RANGES_M / RANGE_STEP_M)
        self._range_m = np.arange(-steps, steps + 1) * RANGE_STEP_M
        turn = 8j * np.pi * (frequency_hz - frequency_hz.mean()) / LIGHT_MPS
        self._steering = np.exp(-turn[:, :, None] * self._range_m)
        self._offset = np.zeros(frequency_hz.shape, np.complex128)
        self._level = np.zeros((len(places), len(frequency_hz)))
        self._gain_db = np.zeros(len(tag_xyz_m))
        self._rate: tuple[F64, F64] = (np.zeros(1), np.zeros(1))
        self._residual = np.zeros(self._at_tags.shape[:2])
        self.ready = False

    def fit(self, heard: Heard, at_home: Bool) -> None:
        """Learn from the tags that are at their places.

        Args:
            heard: of all tags.
            at_home: which of them are references, (tags,).
        """
        reads = heard.reads * at_home[:, None]
        used = reads >= REFERENCE_READS
        if used.sum() < 3 * len(self._offset):
            return
        self._fit_offsets(heard, at_home)
        self._fit_level(heard.mean_dbm, np.minimum(reads, 20.0) * used)
        self._fit_rate(reads, heard.seconds * at_home)
        self.ready = True

    def log_likelihood(self, rows: I64, heard: Heard) -> F64:
        """Return how well each place explains what was heard of some tags, (rows, places).

        Args:
            rows: which tags.
            heard: of them.
        """
        expected = self._expected(rows)
        count, gain = heard.reads, self._gain_db[rows, None, None]
        off = np.where(count > 0, heard.mean_dbm, np.nan)[:, None, :] - expected - gain
        off = np.nan_to_num(off)
        antennas = (count > 0).sum(axis=1)[:, None]
        common = TAG_SIGMA_DB**2 / (RSSI_SIGMA_DB**2 + antennas * TAG_SIGMA_DB**2)
        square = ((off**2).sum(axis=2) - common * off.sum(axis=2) ** 2) / RSSI_SIGMA_DB**2
        hoped = np.interp(expected + gain, *self._rate) * heard.seconds[:, None, None]
        hoped = np.maximum(hoped, LEAST_RATE * heard.seconds[:, None, None])
        hoped = np.maximum(hoped, 1e-12)
        rates = count[:, None, :] * np.log(hoped / (hoped + RATE_SHAPE))
        rates -= RATE_SHAPE * np.log(1 + hoped / RATE_SHAPE)
        total = -0.5 * TRUST_RSSI * np.minimum(square, RSSI_CAP)
        total += TRUST_RATES * rates.sum(axis=2)
        return np.asarray(total + TRUST_RANGES * self._log_ranges(rows, heard))

    def coherence(self, heard: Heard) -> F64:
        """Return how well one distance per antenna explains all phases of tags, (tags,).

        Near 1 for a tag at rest, some 0.5 for one that moves; 0 when there are too few reads.
        """
        size, weight = self._spectrum(heard)
        best = size.max(axis=2) * weight
        total = weight.sum(axis=1)
        return np.where(total > 0, best.sum(axis=1) / np.maximum(total, 1e-9), 0.0)

    def agreement(self, before: Heard, now: Heard) -> F64:
        """Return how well the phases of tags agree with those heard before, (tags,).

        Near 1 for a tag that has not been moved by a centimetre, about 0 for one that has; NaN
        when there are too few reads.
        """
        steered, weight = self._steered(before)
        best = np.abs(steered).argmax(axis=2)[:, :, None]
        phasor = np.take_along_axis(steered, best, axis=2)[:, :, 0]
        phasor = phasor / np.maximum(np.abs(phasor), 1e-9)
        turn = self._steering[np.arange(len(self._offset)), :, best[:, :, 0]]
        free = now.doubled * self._offset.conj() * turn
        told = (weight > 0) & (phasor != 0)
        fits = ((free.sum(axis=2) * phasor.conj()).real * told).sum(axis=1)
        count = (now.count.sum(axis=2) * told).sum(axis=1)
        known = count >= LEAST_READS
        return np.where(known, fits / np.maximum(count, 1e-9), np.nan)

    def _expected(self, rows: I64) -> F64:
        """Return RSSI of a tag without habits at each place, (rows, places, antennas).

        A tag is no reference for itself.
        """
        known = self._residual != 0
        over = self._weight @ self._residual
        weight = self._weight @ known + NEAR_WEIGHT
        own = self._weight[:, rows].T[:, :, None]
        left = np.maximum(weight - own * known[rows, None, :], NEAR_WEIGHT)
        return np.asarray(self._level + (over - own * self._residual[rows, None, :]) / left)

    def _fit_offsets(self, heard: Heard, at_home: Bool) -> None:
        doubled = heard.doubled[at_home]
        if not self._offset.any():
            self._offset[:] = 1.0
        for _ in range(OFFSET_ROUNDS):
            tag = (doubled * self._offset.conj()).sum(axis=2, keepdims=True)
            tag /= np.maximum(np.abs(tag), 1e-9)
            total = (doubled * tag.conj()).sum(axis=0)
            self._offset = np.where(total != 0, total / np.maximum(np.abs(total), 1e-9), 0)

    def _fit_level(self, mean_dbm: F64, weight: F64) -> None:
        """Fit a + b log10(distance) + c angle^2, every tag's own gain, and what is left."""
        gain, used = self._gain_db, weight > 0
        rows, load = self._at_tags[used], weight[used][:, None]
        gram = (rows * load).T @ rows + RIDGE * np.eye(3)
        for _ in range(OFFSET_ROUNDS):
            level = np.linalg.solve(gram, (rows * load).T @ (mean_dbm - gain[:, None])[used])
            over = np.where(used, mean_dbm - self._at_tags @ level, 0.0)
            told = weight.sum(axis=1)
            gain = np.where(told > 0, (weight * over).sum(axis=1) / (told + 10.0), gain)
        self._gain_db, self._level = gain, self._at_places @ level
        self._residual = np.where(used, over - gain[:, None], 0.0)
        self._at_home_dbm = self._at_tags @ level + gain[:, None]

    def _fit_rate(self, reads: F64, seconds: F64) -> None:
        """Learn how often tags are read where RSSI is expected so."""
        edges = np.arange(*RATE_SPAN_DBM, RATE_STEP_DB)
        there = seconds > 0
        step = np.digitize(self._at_home_dbm[there], edges).ravel()
        time_s = np.broadcast_to(seconds[there, None], reads[there].shape).ravel()
        total = np.bincount(step, time_s, len(edges) + 1)
        rate = np.bincount(step, reads[there].ravel(), len(edges) + 1) / np.maximum(total, 1e-9)
        middle = np.append(edges, edges[-1] + RATE_STEP_DB) - RATE_STEP_DB / 2
        known = total > 3 * seconds[there].mean()
        self._rate = (middle[known], rate[known]) if known.any() else self._rate

    def _spectrum(self, heard: Heard) -> tuple[F64, F64]:
        """Return coherence by distance (tags, antennas, ranges) and its weight (tags, antennas)."""
        steered, weight = self._steered(heard)
        return np.abs(steered) / np.maximum(weight, LEAST_READS)[:, :, None], weight

    def _steered(self, heard: Heard) -> tuple[C128, F64]:
        """Return the sums of phasors turned back by each distance, and the reads in them."""
        share = np.minimum(heard.count, MOST_PER_CHANNEL) / np.maximum(heard.count, 1e-9)
        part = heard.doubled * self._offset.conj() * share
        weight = np.minimum(heard.count, MOST_PER_CHANNEL).sum(axis=2)
        steered = np.matmul(part.transpose(1, 0, 2), self._steering).transpose(1, 0, 2)
        return steered, np.where(weight >= LEAST_READS, weight, 0.0)

    def _log_ranges(self, rows: I64, heard: Heard) -> F64:
        """Return what the phases say for the distances of each place, (rows, places)."""
        size, weight = self._spectrum(heard)
        high = np.exp(RANGE_KAPPA * weight[:, :, None] * (size - size.max(axis=2, keepdims=True)))
        high = gaussian_filter1d(high, RANGE_SIGMA_M / RANGE_STEP_M, axis=2)
        high /= high.sum(axis=2, keepdims=True)
        log = np.log((1 - RANGE_ASTRAY) * high + RANGE_ASTRAY / len(self._range_m))
        log *= (weight > 0)[:, :, None]
        farther_m = self._distance(self._at_places) - self._distance(self._at_tags[rows])[:, None]
        step = np.rint(farther_m / RANGE_STEP_M).astype(np.int64) + len(self._range_m) // 2
        step = np.clip(step, 0, len(self._range_m) - 1).transpose(0, 2, 1)
        return np.asarray(np.take_along_axis(log, step, axis=2).sum(axis=1))

    @staticmethod
    def _distance(geometry: F64) -> F64:
        distance: F64 = 10 ** geometry[..., 1]
        return distance
