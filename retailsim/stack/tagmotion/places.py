"""Where in a shop a garment can be at rest: on what holds goods, in fitting rooms, at tills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.store.plan import Fixture, StorePlan
from retailsim.store.slots import HOLD_GOODS, TAG_BELOW_BAR_M, fixture_axes, shelf_boards_m

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

STEP_M = 0.2  # between places along a fixture
PILE_M = 0.06  # the tag of what lies on a board or a table
HANGING_M = 1.1  # in fitting rooms, on counters
SERVICE = ("fitting_room", "till")


@dataclass(frozen=True)
class Places:
    """Places at which garments come to rest.

    Attributes:
        xyz_m: of a tag there, (places, 3).
        fixture: row of the plan's fixtures each place is on, int64 (places,).
        goods: whether that fixture holds goods, bool (places,).
    """

    xyz_m: F64
    fixture: I64
    goods: NDArray[np.bool_]

    @classmethod
    def of(cls, plan: StorePlan) -> Places:
        """Return the places of a plan: lines of them along rails, tables' halves and boards."""
        spots = [(row, f, _spots(f)) for row, f in enumerate(plan.fixtures)]
        spots = [(row, f, xyz) for row, f, xyz in spots if len(xyz)]
        if not spots:
            return cls(np.zeros((0, 3)), np.zeros(0, np.int64), np.zeros(0, np.bool_))
        return cls(
            np.concatenate([xyz for _, _, xyz in spots]),
            np.concatenate([np.full(len(xyz), row) for row, _, xyz in spots]),
            np.concatenate([np.full(len(xyz), f.kind in HOLD_GOODS) for _, f, xyz in spots]),
        )

    def __len__(self) -> int:
        return len(self.fixture)


def _spots(fixture: Fixture) -> F64:
    """Return the places on one fixture, (n, 3); none where garments do not stay."""
    center, (length, depth) = np.array(fixture.center_m), fixture.size_m
    if fixture.kind in SERVICE:
        return np.array([[*center, HANGING_M]])
    if fixture.kind not in HOLD_GOODS:
        return np.zeros((0, 3))
    along, across = fixture_axes(fixture)
    count = max(2, int(np.ceil(length / STEP_M)))
    way = ((np.arange(count) + 0.5) / count - 0.5)[:, None] * length * along
    rows = _rows(fixture, depth)
    return np.concatenate(
        [np.column_stack([center + way + v * across, np.full(count, z)]) for v, z in rows]
    )


def _rows(fixture: Fixture, depth_m: float) -> list[tuple[float, float]]:
    """Return (offset across, height) of the lines on which garments are."""
    if fixture.kind == "rail":
        return [(0.0, fixture.height_m - TAG_BELOW_BAR_M)]
    if fixture.kind == "table":
        return [(side * 0.25 * depth_m, fixture.height_m + PILE_M) for side in (-1.0, 1.0)]
    return [(0.0, float(board) + PILE_M) for board in shelf_boards_m(fixture)]
