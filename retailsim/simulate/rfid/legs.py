"""Which legs of which paths pass near a spot of the floor, found once per spot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.rfid.bodies import SHADOW_REACH_M, Bodies, shadow_db

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

CELL_M = 0.5
TALLEST_M = 2.2
FAINT = 0.05  # paths this much weaker than a tag's strongest are not worth a shadow: -26 dB


@dataclass(frozen=True)
class Legs:
    """Straight pieces of paths.

    Attributes:
        key: tag * paths + path, int64 (m,).
        start_m, end_m: float64 (m, 3).
    """

    key: I64
    start_m: F64
    end_m: F64

    def __getitem__(self, rows: I64 | NDArray[np.bool_]) -> Legs:
        return Legs(self.key[rows], self.start_m[rows], self.end_m[rows])


def legs(corner_m: F64, strength: F64, tag: I64) -> Legs:
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
    return Legs(tag[some[0]] * corner_m.shape[1] + some[1], start[some], end[some])


def lost_db(legs: Legs, bodies: Bodies, who: I64) -> tuple[I64, F64]:
    """Return the keys of legs (m,) and what body `who` (m,) takes of each, (m,) each."""
    lost = shadow_db(legs.start_m, legs.end_m, bodies.xy_m[who], bodies.height_m[who])
    return legs.key, lost


class LegMap:
    """Legs by the cell of the floor they pass near."""

    def __init__(self, legs: Legs) -> None:
        self._legs = legs
        self._cells: dict[tuple[int, int], I64] = {}

    def near(self, x_m: float, y_m: float) -> I64:
        """Return the legs that a body at a spot may weaken."""
        cell = int(x_m // CELL_M), int(y_m // CELL_M)
        if cell not in self._cells:
            self._cells[cell] = self._find(cell)
        return self._cells[cell]

    def lost_db(self, bodies: Bodies) -> tuple[I64, F64]:
        """Return the keys of legs near bodies and what each body takes of them, (m,) each."""
        found = [self.near(float(x), float(y)) for x, y in bodies.xy_m]
        who = np.repeat(np.arange(len(found)), [len(rows) for rows in found])
        rows = np.concatenate([np.zeros(0, np.int64), *found])
        return lost_db(self._legs[rows], bodies, who)

    def _find(self, cell: tuple[int, int]) -> I64:
        start, end = self._legs.start_m, self._legs.end_m
        way = end - start
        level = np.maximum((way[:, :2] ** 2).sum(axis=1), 1e-9)
        away = (np.array(cell) + 0.5) * CELL_M - start[:, :2]
        t = np.clip((away * way[:, :2]).sum(axis=1) / level, 0, 1)
        gap = np.hypot(*(away - t[:, None] * way[:, :2]).T)
        # Within the reach of the cell the leg comes down by so much at most.
        reach_m = SHADOW_REACH_M + CELL_M / np.sqrt(2)
        sinks = reach_m * np.abs(way[:, 2]) / np.sqrt(level)
        lowest = np.maximum(start[:, 2] + t * way[:, 2] - sinks, np.minimum(start, end)[:, 2])
        return np.flatnonzero((gap < reach_m) & (lowest < TALLEST_M))
