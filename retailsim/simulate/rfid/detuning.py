"""Tags that hang close together: each pulls the resonance of the other away from the carrier.

A tag is a resonator of one pole: detuned by x half-widths it takes up 1 / (1 + j x) of what it
would alone, so it loses power and turns its phase at once, on each way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
C128 = NDArray[np.complex128]

# Coupling of parallel tags that touch, in half-widths, and how fast it falls (assumed): two
# parallel neighbours at 2.5 cm on each side cost 6 dB, at 5 cm 1.5 dB, at 10 cm nothing.
TOUCHING = 1.4
DECAY_M = 0.03
REACH_M = 0.15
MOST_NEIGHBOURS = 8
NOBODY = -1  # an index that arrays longer by one row may be asked for


def shift(gap_m: F64, alignment: F64) -> F64:
    """Return by how much a neighbour detunes a tag, in half-widths.

    Args:
        gap_m: distance between the two.
        alignment: cosine of the angle between their axes; tags at right angles do not couple.
    """
    pull: F64 = TOUCHING * np.abs(alignment) * np.exp(-gap_m / DECAY_M)
    return np.where(gap_m < REACH_M, pull, 0.0)


def uptake(shift: F64) -> C128:
    """Return the share of the amplitude that a detuned tag takes up or sends on one way."""
    share: C128 = np.reciprocal(1 + 1j * shift)
    return share


def neighbours(xyz_m: F64, present: NDArray[np.bool_], tag: I64) -> I64:
    """Return the nearest present tags of every `tag` (n,) in reach, (n, MOST_NEIGHBOURS).

    Rows are filled up with NOBODY.
    """
    return _nearest(_gaps_m2(xyz_m, present, tag))


def _nearest(gap_m2: F64) -> I64:
    """Return the nearest columns in reach of every row, (n, MOST_NEIGHBOURS)."""
    table = np.full((len(gap_m2), MOST_NEIGHBOURS), NOBODY)
    row, other = np.nonzero(gap_m2 < REACH_M**2)
    if len(row):
        order = np.lexsort((gap_m2[row, other], row))
        row, other = row[order], other[order]
        rank = np.arange(len(row)) - np.searchsorted(row, row)
        few = rank < MOST_NEIGHBOURS
        table[row[few], rank[few]] = other[few]
    return table


def _gaps_m2(xyz_m: F64, present: NDArray[np.bool_], tag: I64) -> F64:
    """Return squared distances from every `tag` (n,) to all present others, (n, g)."""
    way = [xyz_m[tag, axis, None] - xyz_m[:, axis] for axis in range(3)]
    gap_m2: F64 = way[0] * way[0] + way[1] * way[1] + way[2] * way[2]
    gap_m2[:, ~present] = np.inf
    gap_m2[np.arange(len(tag)), tag] = np.inf
    return gap_m2


def shifts(xyz_m: F64, axis: F64, near_xyz_m: F64, near_axis: F64, near: I64) -> F64:
    """Return the detuning of tags (n, 3) by their neighbours (n, m, 3), (n,).

    `near` (n, m) is NOBODY where there is none.
    """
    way = near_xyz_m - xyz_m[:, None]
    gap = np.sqrt(np.einsum("nmx,nmx->nm", way, way))
    aligned = np.einsum("nmx,nx->nm", near_axis, axis)
    total: F64 = np.where(near == NOBODY, 0.0, shift(gap, aligned)).sum(axis=1)
    return total


class Coupling:
    """Who hangs beside whom, and what it does to them while they hang still.

    Attributes:
        near: neighbours of every tag, int64 (g, MOST_NEIGHBOURS).
        uptake: complex128 (g,).
    """

    def __init__(self, axis: F64) -> None:
        self._axis = axis
        self._xyz_m = np.full_like(axis, np.nan)
        self._present = np.zeros(len(axis), bool)
        self.near = np.full((len(axis), MOST_NEIGHBOURS), NOBODY)
        self.uptake = np.ones(len(axis), complex)

    def update(self, xyz_m: F64, present: NDArray[np.bool_]) -> None:
        """Take up where tags (g, 3) are now, and which of them are there."""
        moved = (self._xyz_m != xyz_m).any(axis=1) | (self._present != present)
        if not moved.any():
            return
        self._xyz_m, self._present = xyz_m.copy(), present.copy()
        movers = np.flatnonzero(moved)
        touched = moved | np.append(moved, False)[self.near].any(axis=1)
        if len(movers) < len(moved):
            gap_m2 = _gaps_m2(xyz_m, np.ones_like(present), movers)
            touched |= (gap_m2 < REACH_M**2).any(axis=0)
            if np.count_nonzero(touched) == len(movers):  # far from all that hangs still
                gap_m2[:, ~present] = np.inf
                self._renew(movers, _nearest(gap_m2))
                return
        todo = np.flatnonzero(touched)
        for start in range(0, len(todo), 256):
            some = todo[start : start + 256]
            self._renew(some, neighbours(xyz_m, present, some))

    def _renew(self, tag: I64, near: I64) -> None:
        pulled = shifts(
            self._xyz_m[tag], self._axis[tag], self._xyz_m[near], self._axis[near], near
        )
        self.near[tag], self.uptake[tag] = near, uptake(pulled)
