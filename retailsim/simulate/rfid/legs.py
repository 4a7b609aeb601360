"""The straight legs of paths, and what bodies beside them take.

Which legs pass near a spot of the floor is found out once per spot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.rfid.bodies import BODY_LOSS_DB, BODY_RADIUS_M, Bodies

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Floats = NDArray[np.floating]

CELL_M = 0.5
BLOCK = 4  # cells in a row
TALLEST_M = 2.4  # a leg higher up loses less than 0.1 dB to somebody of 2 m
SHADOW_REACH_M = 0.65  # beyond it a body's shadow is below 0.07 dB
HEAD_SOFT_M = 0.08  # over so much height the shadow ends above the head (assumed)
FAINT = 0.07  # paths this much weaker than a tag's strongest are not worth a shadow: -23 dB


@dataclass(frozen=True)
class Legs:
    """Straight pieces of paths, in single precision: shadows are smooth.

    Attributes:
        key: tag * paths + path, int64 (m,).
        line: where each starts in metres, its way from there to its end, and one over the square
            of its length on the floor, float32 (7, m).
    """

    key: I64
    line: F32

    @classmethod
    def between(cls, key: I64, start_m: Floats, end_m: Floats) -> Legs:
        """Return the legs from (m, 3) to (m, 3)."""
        line = np.empty((7, len(key)), np.float32)
        line[:3], line[3:6] = start_m.T, (end_m - start_m).T
        level = line[3] * line[3] + line[4] * line[4]
        line[6] = 1 / np.maximum(level, np.float32(1e-9))
        return cls(key, line)

    def __getitem__(self, rows: I64) -> Legs:
        return Legs(self.key[rows], self.line.take(rows, axis=1))


def legs(corner_m: Floats, strength: F64, tag: I64) -> Legs:
    """Return all legs that somebody may stand in of paths to tags `tag` (n,).

    Args:
        corner_m: (n, k, c, 3).
        strength: of each path, (n, k); faint ones are left out.
        tag: indices that the keys begin with.
    """
    start, end = corner_m[:, :, :-1], corner_m[:, :, 1:]
    strong = strength >= FAINT * strength.max(axis=1, keepdims=True)
    low = np.minimum(start[..., 2], end[..., 2]) < TALLEST_M
    some = np.nonzero(strong[..., None] & low & (start != end).any(axis=-1))
    return Legs.between(tag[some[0]] * corner_m.shape[1] + some[1], start[some], end[some])


def shadow_db(legs: Legs, xy_m: Floats, height_m: Floats) -> F32:
    """Return what bodies at `xy_m` (2, ..., m) take of each leg, (..., m).

    The loss falls smoothly with the distance between leg and body axis, and where the leg passes
    over the head.
    """
    x, y, height = (np.asarray(value, np.float32) for value in (*xy_m, height_m))
    start_z, way_z = legs.line[2], legs.line[5]
    away_m2, t = _closest(legs, x, y)
    away_m2 *= np.float32(-1 / BODY_RADIUS_M**2)
    near = np.exp(away_m2, out=away_m2)
    t *= way_z
    t += start_z
    t -= height
    t *= np.float32(1 / HEAD_SOFT_M)
    over = np.exp(np.minimum(t, 50, out=t), out=t)
    over += 1
    near *= np.float32(BODY_LOSS_DB)
    near /= over
    return near


def _closest(legs: Legs, x: F32 | np.float32, y: F32 | np.float32) -> tuple[F32, F32]:
    """Return the squared distances of spots on the floor from legs, and where along them."""
    start_x, start_y, _, way_x, way_y, _, per_m2 = legs.line
    from_x, from_y = x - start_x, y - start_y
    t = from_x * way_x
    t += from_y * way_y
    t *= per_m2
    np.minimum(np.maximum(t, 0, out=t), 1, out=t)
    from_x -= t * way_x
    from_y -= t * way_y
    from_x *= from_x
    from_y *= from_y
    from_x += from_y
    return from_x, t


class LegMap:
    """Legs by the cell of the floor they pass near; cells are looked for within larger ones."""

    def __init__(self, legs: Legs) -> None:
        self._legs = legs
        self._blocks: dict[tuple[int, int], Legs] = {}
        self._cells: dict[tuple[int, int], Legs] = {}

    def near(self, x_m: float, y_m: float) -> Legs:
        """Return the legs that a body at a spot may weaken."""
        cell = int(x_m // CELL_M), int(y_m // CELL_M)
        if cell not in self._cells:
            block = cell[0] // BLOCK, cell[1] // BLOCK
            if block not in self._blocks:
                self._blocks[block] = _passing(self._legs, block, BLOCK * CELL_M)
            self._cells[cell] = _passing(self._blocks[block], cell, CELL_M)
        return self._cells[cell]

    def lost_db(self, bodies: Bodies) -> tuple[I64, F32]:
        """Return the keys of legs near bodies and what each body takes of them, (m,) each."""
        if not len(bodies.height_m):
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        found = [self.near(x, y) for x, y in bodies.xy_m.tolist()]
        count = [len(part.key) for part in found]
        who = np.vstack([bodies.xy_m.T, bodies.height_m]).astype(np.float32)
        x, y, height = np.repeat(who, count, axis=1)
        every = Legs(
            np.concatenate([part.key for part in found]),
            np.concatenate([part.line for part in found], axis=1),
        )
        return every.key, shadow_db(every, np.array([x, y]), height)


def _passing(legs: Legs, cell: tuple[int, int], size_m: float) -> Legs:
    """Return the legs that a body in a cell of that size may weaken."""
    x, y = ((index + 0.5) * size_m for index in cell)
    away_m2, t = _closest(legs, np.float32(x), np.float32(y))
    _, _, start_z, _, _, way_z, per_m2 = legs.line
    # Within the reach of the cell the leg comes down by so much at most.
    reach_m = SHADOW_REACH_M + size_m / np.sqrt(2)
    sinks = reach_m * np.abs(way_z) * np.sqrt(per_m2)
    lowest = np.maximum(start_z + t * way_z - sinks, start_z + np.minimum(way_z, 0))
    return legs[np.flatnonzero((away_m2 < reach_m**2) & (lowest < TALLEST_M))]
