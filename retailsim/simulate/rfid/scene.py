"""The world between two snapshots, as the radio asks for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.rfid.bodies import Bodies
from retailsim.simulate.snapshot import Place, Snapshot, swing_offset_m, swing_turn_rad

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_AWAY = np.array([place in (Place.SOLD, Place.BACK_ROOM) for place in Place])


class Scene:
    """The world between two snapshots: where tags and people are at any time in between."""

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self.start_ns, self.end_ns = before.time_ns, after.time_ns
        self.tag_xyz_m = before.garments.tag_xyz_m
        self.silent = _AWAY[before.garments.place] | _AWAY[after.garments.place]
        self._tag_step_m = after.garments.tag_xyz_m - before.garments.tag_xyz_m
        self._swings = tuple(dict.fromkeys((*before.swings, *after.swings)))
        self.moving = (self._tag_step_m != 0).any(axis=1)
        self._swinging = np.array([swing.garment for swing in self._swings], np.int64)
        self.moving[self._swinging] = True
        self._people, self._people_step_m, self._height_m = _moving_people(before, after)

    def tags(self, tag: I64, time_ns: I64) -> tuple[F64, F64, F64]:
        """Return position, swing (n, 3) and turn (n,) of `tag` (n,) at `time_ns` (n,)."""
        offset, turn_rad = np.zeros((len(tag), 3)), np.zeros(len(tag))
        which, rows = np.nonzero(self._swinging[:, None] == tag)
        begin = np.searchsorted(which, np.arange(len(self._swings) + 1))
        for number in np.flatnonzero(np.diff(begin)):
            swing, mine = self._swings[number], rows[begin[number] : begin[number + 1]]
            offset[mine] += swing_offset_m(swing, time_ns[mine])
            turn_rad[mine] += swing_turn_rad(swing, time_ns[mine])
        share = self._share(time_ns)[:, None]
        return self.tag_xyz_m[tag] + share * self._tag_step_m[tag] + offset, offset, turn_rad

    def bodies(self, time_ns: int) -> Bodies:
        """Return everyone's position at a time."""
        share = self._share(np.array(time_ns))
        return Bodies(self._people + share * self._people_step_m, self._height_m)

    def _share(self, time_ns: I64) -> F64:
        share: F64 = (time_ns - self.start_ns) / max(self.end_ns - self.start_ns, 1)
        return share


def _moving_people(before: Snapshot, after: Snapshot) -> tuple[F64, F64, F64]:
    """Return everyone's first position, step and height; bodies are known by being the same."""
    rows = {id(body): row for row, body in enumerate(after.people.body)}
    here = before.people.xy_m
    there = np.array(
        [
            after.people.xy_m[rows[id(body)]] if id(body) in rows else here[row]
            for row, body in enumerate(before.people.body)
        ]
    ).reshape(-1, 2)
    height = np.array([body.height_m for body in before.people.body])
    return here, there - here, height
