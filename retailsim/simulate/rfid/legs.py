"""The straight legs of paths, and what bodies beside them take.

Which legs pass near a spot of the floor is found out once per spot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.rfid.bodies import BODY_LOSS_DB, BODY_RADIUS_M, Bodies

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
Floats = NDArray[np.floating]

CELL_M = 0.5
TALLEST_M = 2.4  # a leg higher up loses less than 0.1 dB to somebody of 2 m
SHADOW_REACH_M = 0.65  # beyond it a body's shadow is below 0.07 dB
HEAD_SOFT_M = 0.08  # over so much height the shadow ends above the head (assumed)
FAINT = 0.07  # paths this much weaker than a tag's strongest are not worth a shadow: -23 dB


@dataclass(frozen=True)
class Legs:
    """Straight pieces of paths, in single precision: shadows are smooth.

    Attributes:
        key: tag * paths + path, int64 (m,).
        start_m: float32 (3, m).
        way_m: from start to end, float32 (3, m).
        per_m2: one over the square of its length on the floor, float32 (m,).
    """

    key: I64
    start_m: F32
    way_m: F32
    per_m2: F32

    @classmethod
    def between(cls, key: I64, start_m: Floats, end_m: Floats) -> Legs:
        """Return the legs from (m, 3) to (m, 3)."""
        start, way = (np.asarray(xyz.T, np.float32) for xyz in (start_m, end_m - start_m))
        level = np.maximum(way[0] * way[0] + way[1] * way[1], np.float32(1e-9))
        return cls(key, np.ascontiguousarray(start), np.ascontiguousarray(way), 1 / level)

    def __getitem__(self, rows: I64) -> Legs:
        return Legs(self.key[rows], self.start_m[:, rows], self.way_m[:, rows], self.per_m2[rows])


def joined(parts: Sequence[Legs]) -> Legs:
    """Return the legs of several, one after the other."""
    return Legs(
        np.concatenate([part.key for part in parts]),
        np.concatenate([part.start_m for part in parts], axis=1),
        np.concatenate([part.way_m for part in parts], axis=1),
        np.concatenate([part.per_m2 for part in parts]),
    )


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
    """Return what a body at `xy_m` (2, m) takes of each leg, (m,).

    The loss falls smoothly with the distance between leg and body axis, and where the leg passes
    over the head.
    """
    (start_x, start_y, start_z), (way_x, way_y, way_z) = legs.start_m, legs.way_m
    x, y, height = (np.asarray(value, np.float32) for value in (*xy_m, height_m))
    from_x, from_y = x - start_x, y - start_y
    t = np.minimum(np.maximum((from_x * way_x + from_y * way_y) * legs.per_m2, 0), 1)
    from_x -= t * way_x
    from_y -= t * way_y
    near = np.exp((from_x * from_x + from_y * from_y) * np.float32(-1 / BODY_RADIUS_M**2))
    over = np.minimum((start_z + t * way_z - height) * np.float32(1 / HEAD_SOFT_M), 50)
    loss: F32 = np.float32(BODY_LOSS_DB) * near / (1 + np.exp(over))
    return loss


class LegMap:
    """Legs by the cell of the floor they pass near."""

    def __init__(self, legs: Legs) -> None:
        self._legs = legs
        self._cells: dict[tuple[int, int], Legs] = {}

    def near(self, x_m: float, y_m: float) -> Legs:
        """Return the legs that a body at a spot may weaken."""
        cell = int(x_m // CELL_M), int(y_m // CELL_M)
        if cell not in self._cells:
            self._cells[cell] = self._legs[self._find(cell)]
        return self._cells[cell]

    def lost_db(self, bodies: Bodies) -> tuple[I64, F32]:
        """Return the keys of legs near bodies and what each body takes of them, (m,) each."""
        if not len(bodies.height_m):
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        found = [self.near(float(x), float(y)) for x, y in bodies.xy_m]
        count = [len(part.key) for part in found]
        x, y, height = (
            np.repeat(column.astype(np.float32), count)
            for column in (*bodies.xy_m.T, bodies.height_m)
        )
        every = joined(found)
        return every.key, shadow_db(every, np.array([x, y]), height)

    def _find(self, cell: tuple[int, int]) -> I64:
        (start_x, start_y, start_z), (way_x, way_y, way_z) = self._legs.start_m, self._legs.way_m
        x, y = (
            (index + 0.5) * CELL_M - start
            for index, start in zip(cell, (start_x, start_y), strict=True)
        )
        t = np.minimum(np.maximum((x * way_x + y * way_y) * self._legs.per_m2, 0), 1)
        x -= t * way_x
        y -= t * way_y
        # Within the reach of the cell the leg comes down by so much at most.
        reach_m = SHADOW_REACH_M + CELL_M / np.sqrt(2)
        sinks = reach_m * np.abs(way_z) * np.sqrt(self._legs.per_m2)
        lowest = np.maximum(start_z + t * way_z - sinks, start_z + np.minimum(way_z, 0))
        return np.flatnonzero((x * x + y * y < reach_m**2) & (lowest < TALLEST_M))
