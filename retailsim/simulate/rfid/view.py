"""One antenna's view of all tags: what hangs still is computed once, what moves again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.rfid.bodies import (
    Bodies,
    BodyPaths,
    Lit,
    lit,
    scattered,
    shadow_factor,
)
from retailsim.simulate.rfid.channel import Source, add_up, friis, paths, taken_up, turn
from retailsim.simulate.rfid.legs import LegMap, Legs, legs, shadow_db

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
C128 = NDArray[np.complex128]

MOVED_M = 0.3  # fields are computed anew when a tag has gone so far; phases always are
PEOPLE_NS = 100_000_000  # nobody gets far in this time
NOTHING_LOST_DB = 0.07
DIRTY_SHARE = 0.05
AT_ONCE = 256  # tags


@dataclass(frozen=True, eq=False)
class Crowd:
    """What people do to the paths of one antenna, on any channel.

    Attributes:
        time_ns: when.
        lit: who is indoors, and what the antenna sends them.
        left: amplitude that they leave of every reflected path, float64 (g, reflected).
        change: paths that add to those of an empty shop: what is missing of the weakened ones,
            and those over bodies.
    """

    time_ns: int
    lit: Lit
    left: F64
    change: BodyPaths


@dataclass(frozen=True)
class Air:
    """How the air is for one antenna on one channel at one time.

    Attributes:
        frequency_hz: of the channel.
        h: one-way channel to every tag at its place, complex128 (g,).
        crowd: the people in it.
    """

    frequency_hz: float
    h: C128
    crowd: Crowd


class AntennaView:
    """Paths from one antenna to all tags, kept until a tag moves."""

    def __init__(
        self, source: Source, moment: C128, frequency_hz: F64, faintest: F64 | float = 0.0
    ) -> None:
        """Prepare a view.

        Args:
            source: the antenna.
            moment: effective vectors of the tags (g, 3).
            frequency_hz: of all channels (c,).
            faintest: one-way amplitude below which a tag never answers, for all or each (g,);
                people need not be looked at for those.
        """
        self._source, self._moment, self._frequency_hz = source, moment, frequency_hz
        self._faintest = np.broadcast_to(faintest, len(moment))
        self._xyz_m = np.full((len(moment), 3), np.nan)
        self._field_at_m = self._xyz_m.copy()
        self._reflected = 0
        self._dirty = np.zeros(len(moment), bool)  # moved since the map of legs was drawn
        self._heard = np.zeros(len(moment), bool)
        self._crowd: Crowd | None = None
        self._changed: tuple[Crowd, int, C128] | None = None  # what it sums up to on a channel

    def at(
        self,
        xyz_m: F64,
        bodies: Callable[[int], Bodies],
        time_ns: int,
        channel: int,
        silent: NDArray[np.bool_] | None = None,
    ) -> Air:
        """Return the channel to all tags at their places (g, 3), past everyone.

        Args:
            xyz_m: where the tags are, swings left out.
            bodies: tells where people are at a time.
            time_ns: when.
            channel: index of the frequency.
            silent: which tags need not be followed, (g,); their channel is an old one.
        """
        self._update(xyz_m, np.zeros(len(xyz_m), bool) if silent is None else silent)
        crowd = self._crowd
        if crowd is None or not 0 <= time_ns - crowd.time_ns < PEOPLE_NS:
            crowd = self._crowd = self._look(bodies(time_ns), time_ns)
        frequency_hz = float(self._frequency_hz[channel])
        if self._changed is None or (crowd, channel) != self._changed[:2]:
            change = _summed(crowd.change, len(xyz_m), frequency_hz)
            self._changed = crowd, channel, change
        return Air(frequency_hz, self._still(channel) + self._changed[2], crowd)

    def moving(self, air: Air, tag: I64, xyz_m: F64, moment: C128) -> C128:
        """Return the channel to `tag` (n,) displaced to `xyz_m` (n, 3) and turned, (n,).

        They are within decimetres of where `at` was told they are.
        """
        gain = taken_up(self._field[tag], moment)
        gain[:, : self._reflected] *= air.crowd.left[tag]
        h = add_up(gain, self._lengths(xyz_m), air.frequency_hz)
        over = scattered(air.crowd.lit, xyz_m, moment)
        return h + _summed(over, len(tag), air.frequency_hz)

    def _look(self, bodies: Bodies, time_ns: int) -> Crowd:
        """Return what people do from where they are."""
        bodies = self._indoors(bodies)
        lost_db = self._lost_db(bodies)
        weak = np.flatnonzero(lost_db > NOTHING_LOST_DB)
        factor = shadow_factor(lost_db[weak])
        left = np.ones(len(lost_db))
        left[weak] = factor
        tag = weak // self._reflected
        path = weak + tag * (self._length_m.shape[1] - self._reflected)
        missing = self._gain.reshape(-1)[path] * (factor - 1)
        heard, seen = (
            self._heard.nonzero()[0],
            lit(self._source.position_m, self._source.element, bodies),
        )
        over = scattered(seen, self._xyz_m[heard], self._moment[heard])
        change = BodyPaths(
            np.concatenate([tag, heard[over.row]]),
            np.concatenate([missing, over.gain]),
            np.concatenate([self._length_m.reshape(-1)[path], over.length_m]),
        )
        return Crowd(time_ns, seen, left.reshape(-1, self._reflected), change)

    def _indoors(self, bodies: Bodies) -> Bodies:
        """Return those within the walls; through them nobody is seen."""
        box = self._source.around.box
        if box is None:
            return bodies
        within = ((bodies.xy_m >= 0) & (bodies.xy_m <= box.size_m[:2])).all(axis=1)
        return Bodies(bodies.xy_m[within], bodies.height_m[within])

    def _lost_db(self, bodies: Bodies) -> F64:
        """Return what bodies take of every reflected path, (g * reflected,)."""
        if self._dirty.sum() > DIRTY_SHARE * len(self._dirty) + 8:
            self._draw_map()
        paths = len(self._moment) * self._reflected
        total = np.bincount(*self._map.lost_db(bodies), paths).astype(float, copy=False)
        if self._dirty.any():
            total.reshape(-1, self._reflected)[self._dirty] = 0
            loose = self._legs_of(np.flatnonzero(self._dirty & self._heard))
            lost = shadow_db(loose, bodies.xy_m.T[..., None], bodies.height_m[:, None])
            total += np.bincount(loose.key, lost.sum(axis=0), paths)
        return total

    def _still(self, channel: int) -> C128:
        """Return the channel to all tags with nobody about."""
        stale = np.flatnonzero(~self._fresh[channel])
        if len(stale):
            self._h[channel, stale] = add_up(
                self._gain[stale], self._length_m[stale], float(self._frequency_hz[channel])
            )
            self._fresh[channel, stale] = True
        still: C128 = self._h[channel]
        return still

    def _update(self, xyz_m: F64, silent: NDArray[np.bool_]) -> None:
        """Follow the tags that have moved."""
        if not self._reflected:
            self._set_up(xyz_m)
        moved = np.flatnonzero((self._xyz_m != xyz_m).any(axis=1) & ~silent)
        if not len(moved):
            return
        self._xyz_m[moved] = xyz_m[moved]
        step = xyz_m[moved] - self._field_at_m[moved]
        self._trace(moved[(step * step).sum(axis=1) > MOVED_M**2])
        self._length_m[moved] = self._lengths(xyz_m[moved])
        self._fresh[:, moved] = False

    def _lengths(self, xyz_m: F64) -> F64:
        """Return the lengths of all paths to points (n, 3), (n, k)."""
        way = xyz_m[:, None] - self._origin_m
        length: F64 = self._base_m + np.sqrt(np.einsum("nkx,nkx->nk", way, way))
        return length

    def _set_up(self, xyz_m: F64) -> None:
        """Trace the paths to all tags."""
        found, count = paths(self._source, xyz_m[:1]), len(xyz_m)
        self._origin_m, self._base_m = found.origin_m, found.base_m
        self._reflected, k = found.reflected, len(found.base_m)
        self._field = np.empty((count, k, 3), np.complex64)
        self._gain, self._length_m = np.empty((count, k), np.complex64), np.empty((count, k))
        self._corner_m = np.empty((count, *found.corner_m.shape[1:]), np.float32)
        self._h = np.empty((len(self._frequency_hz), count), complex)
        self._fresh = np.zeros((len(self._frequency_hz), count), bool)
        self._xyz_m = xyz_m.copy()
        for start in range(0, count, AT_ONCE):
            self._trace(np.arange(start, min(start + AT_ONCE, count)))
        self._draw_map()

    def _trace(self, tag: I64) -> None:
        """Find all paths to tags anew."""
        if not len(tag):
            return
        found = paths(self._source, self._xyz_m[tag])
        self._field[tag], self._length_m[tag] = found.field, found.length_m
        self._corner_m[tag], self._field_at_m[tag] = found.corner_m, self._xyz_m[tag]
        self._gain[tag] = taken_up(found.field, self._moment[tag])
        middle_hz = float(self._frequency_hz.mean())
        most = friis(middle_hz) * np.abs(self._gain[tag]).sum(axis=1)
        self._heard[tag] = most >= self._faintest[tag]
        self._dirty[tag] = True

    def _draw_map(self) -> None:
        self._map = LegMap(self._legs_of(np.flatnonzero(self._heard)))
        self._dirty[:] = False

    def _legs_of(self, tag: I64) -> Legs:
        strength = np.abs(self._gain[tag, : self._reflected])
        return legs(self._corner_m[tag], strength, tag)


def _summed(paths: BodyPaths, count: int, frequency_hz: float) -> C128:
    """Return what arrives along single paths added up by tag (count,)."""
    arriving = paths.gain * turn(paths.length_m, frequency_hz)
    total = np.empty(count, np.complex128)
    total.real = np.bincount(paths.row, arriving.real, count)
    total.imag = np.bincount(paths.row, arriving.imag, count)
    summed: C128 = friis(frequency_hz) * total
    return summed
