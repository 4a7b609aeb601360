"""One antenna's view of all tags: what hangs still is computed once, what moves again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.rfid.bodies import Bodies, BodyPaths, scattered, shadow_factor
from retailsim.simulate.rfid.channel import Source, add_up, paths, taken_up, turn
from retailsim.simulate.rfid.legs import LegMap, Legs, legs, lost_db
from retailsim.store.regions import LIGHT_MPS

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
C128 = NDArray[np.complex128]

MOVED_M = 0.1  # fields are computed anew when a tag has gone so far; phases always are
NOTHING_LOST_DB = 0.01
DIRTY_SHARE = 0.05


@dataclass(frozen=True)
class Moment:
    """How the air is for one antenna on one channel at one time.

    Attributes:
        frequency_hz: of the channel.
        h: one-way channel to every tag at its place, complex128 (g,).
        bodies: who stands about.
        left: amplitude that bodies leave of every reflected path, float64 (g, reflected).
    """

    frequency_hz: float
    h: C128
    bodies: Bodies
    left: F64


class AntennaView:
    """Paths from one antenna to all tags, kept until a tag moves."""

    def __init__(
        self, source: Source, moment: C128, frequency_hz: F64, faintest: float = 0.0
    ) -> None:
        """Prepare a view.

        Args:
            source: the antenna.
            moment: effective vectors of the tags (g, 3).
            frequency_hz: of all channels (c,).
            faintest: one-way amplitude below which no tag ever answers; people need not be
                looked at for those.
        """
        self._source, self._moment, self._frequency_hz = source, moment, frequency_hz
        self._faintest = faintest
        self._xyz_m: F64 | None = None
        self._dirty = np.zeros(len(moment), bool)  # moved since the map of legs was drawn

    def at(self, xyz_m: F64, bodies: Bodies, channel: int) -> Moment:
        """Return the channel to all tags at their places (g, 3), past everyone."""
        self._update(xyz_m)
        frequency_hz = float(self._frequency_hz[channel])
        h = self._still(channel).copy()
        shape = len(xyz_m), self._reflected
        bodies = self._indoors(bodies)
        if not len(bodies.height_m):
            return Moment(frequency_hz, h, bodies, np.ones(shape))
        lost_db = self._lost_db(bodies)
        left = np.ones(len(lost_db))
        weak = np.flatnonzero(lost_db > NOTHING_LOST_DB)
        left[weak] = shadow_factor(lost_db[weak])
        tag, path = np.divmod(weak, self._reflected)
        arriving = self._gain[tag, path] * turn(self._length_m[tag, path], frequency_hz)
        h += self._summed(tag, (left[weak] - 1) * arriving, frequency_hz)
        over = self._over_bodies(bodies, np.flatnonzero(self._heard), self._xyz_m)
        gain = (over.field * self._moment[over.tag]).sum(axis=1)
        onward = np.linalg.norm(xyz_m[over.tag] - over.origin_m, axis=1)
        h += self._summed(over.tag, gain * turn(over.base_m + onward, frequency_hz), frequency_hz)
        return Moment(frequency_hz, h, bodies, left.reshape(shape))

    def moving(self, air: Moment, tag: I64, xyz_m: F64, moment: C128) -> C128:
        """Return the channel to `tag` (n,) displaced to `xyz_m` (n, 3) and turned, (n,).

        They are within decimetres of where `at` was told they are.
        """
        field = self._field[tag]
        field[:, : self._reflected] *= air.left[tag][..., None]
        way = xyz_m[:, None] - self._origin_m
        length = self._base_m + np.sqrt((way * way).sum(axis=2))
        h = add_up(taken_up(field, moment), length, air.frequency_hz)
        rows = np.arange(len(tag))
        over = self._over_bodies(air.bodies, rows, xyz_m)
        onward = np.linalg.norm(xyz_m[over.tag] - over.origin_m, axis=1)
        gain = (over.field * moment[over.tag]).sum(axis=1)
        arriving = gain * turn(over.base_m + onward, air.frequency_hz)
        return h + self._summed(over.tag, arriving, air.frequency_hz, count=len(tag))

    def _over_bodies(self, bodies: Bodies, tag: I64, xyz_m: F64) -> BodyPaths:
        source = self._source
        return scattered(source.position_m, source.element, bodies, tag, xyz_m[tag])

    def _summed(
        self, tag: I64, arriving: C128, frequency_hz: float, count: int | None = None
    ) -> C128:
        """Return what arrives along single paths added up by tag."""
        count = len(self._moment) if count is None else count
        total = np.empty(count, complex)
        total.real = np.bincount(tag, arriving.real, count)
        total.imag = np.bincount(tag, arriving.imag, count)
        return LIGHT_MPS / frequency_hz / (4 * np.pi) * total

    def _indoors(self, bodies: Bodies) -> Bodies:
        """Return those within the walls; through them nobody is seen."""
        box = self._source.around.box
        if box is None:
            return bodies
        within = ((bodies.xy_m >= 0) & (bodies.xy_m <= box.size_m[:2])).all(axis=1)
        return Bodies(bodies.xy_m[within], bodies.height_m[within])

    def _still(self, channel: int) -> C128:
        """Return the channel to all tags with nobody about."""
        stale = np.flatnonzero(~self._fresh[channel])
        if len(stale):
            self._h[channel, stale] = add_up(
                self._gain[stale], self._length_m[stale], float(self._frequency_hz[channel])
            )
            self._fresh[channel, stale] = True
        return self._h[channel]

    def _update(self, xyz_m: F64) -> None:
        if self._xyz_m is None:
            self._set_up(xyz_m)
            return
        assert self._xyz_m is not None
        moved = np.flatnonzero((self._xyz_m != xyz_m).any(axis=1))
        if not len(moved):
            return
        self._xyz_m[moved] = xyz_m[moved]
        gone = np.linalg.norm(xyz_m[moved] - self._field_at_m[moved], axis=1) > MOVED_M
        if gone.any():
            self._trace(moved[gone])
        way = xyz_m[moved, None] - self._origin_m
        self._length_m[moved] = self._base_m + np.sqrt((way * way).sum(axis=2))
        self._fresh[:, moved] = False

    def _set_up(self, xyz_m: F64) -> None:
        count = len(xyz_m)
        found = paths(self._source, xyz_m[:1])
        self._origin_m, self._base_m = found.origin_m, found.base_m
        self._reflected, k = found.reflected, len(found.base_m)
        self._xyz_m, self._field_at_m = xyz_m.copy(), xyz_m.copy()
        self._field = np.empty((count, k, 3), np.complex64)
        self._gain, self._length_m = np.empty((count, k), complex), np.empty((count, k))
        self._corner_m = np.empty((count, *found.corner_m.shape[1:]), np.float32)
        self._heard = np.zeros(count, bool)
        self._h = np.empty((len(self._frequency_hz), count), complex)
        self._fresh = np.zeros((len(self._frequency_hz), count), bool)
        for start in range(0, count, 256):
            self._trace(np.arange(start, min(start + 256, count)))
        self._draw_map()

    def _trace(self, tag: I64) -> None:
        """Follow all paths to tags anew."""
        assert self._xyz_m is not None
        found = paths(self._source, self._xyz_m[tag])
        self._field[tag], self._length_m[tag] = found.field, found.length_m
        self._corner_m[tag], self._field_at_m[tag] = found.corner_m, self._xyz_m[tag]
        self._gain[tag] = taken_up(found.field, self._moment[tag])
        middle_hz = float(self._frequency_hz.mean())
        most = LIGHT_MPS / middle_hz / (4 * np.pi) * np.abs(self._gain[tag]).sum(axis=1)
        self._heard[tag] = most >= self._faintest
        self._dirty[tag] = True

    def _draw_map(self) -> None:
        self._map = LegMap(self._legs_of(np.flatnonzero(self._heard)))
        self._dirty[:] = False

    def _legs_of(self, tag: I64) -> Legs:
        strength = np.abs(self._gain[tag, : self._reflected])
        return legs(self._corner_m[tag], strength, tag)

    def _lost_db(self, bodies: Bodies) -> F64:
        """Return what bodies take of every reflected path, (g * reflected,)."""
        if self._dirty.sum() > DIRTY_SHARE * len(self._dirty) + 8:
            self._draw_map()
        key, lost = self._map.lost_db(bodies)
        if self._dirty.any():
            known = ~self._dirty[key // self._reflected]
            again = self._legs_of(np.flatnonzero(self._dirty & self._heard))
            count, people = len(again.key), len(bodies.height_m)
            each = again[np.tile(np.arange(count), people)]
            new_key, new_lost = lost_db(each, bodies, np.repeat(np.arange(people), count))
            key, lost = np.append(key[known], new_key), np.append(lost[known], new_lost)
        return np.bincount(key, lost, minlength=len(self._moment) * self._reflected)
