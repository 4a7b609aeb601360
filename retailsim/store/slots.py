"""Where on a fixture its garments are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.store.plan import Fixture

# A swing tag is tied to the label in the neck or waistband; hung garments reach about a metre
# down from the bar, and the tag ends up near the middle (assumed).
TAG_BELOW_BAR_M = 0.45
PILE_M = 0.04
PILES_PER_ROW = 5
TABLE_PILE_M = 0.5  # higher piles fall over (assumed)
HANGER_M = 0.015  # hung garments pressed together are this thick at least (assumed)
SHELF_BOARDS = (0.28, 0.53, 0.78)  # heights of a shelf's boards as shares of its own
SHELF_PILE_M = 0.32  # width of one pile on a shelf
HOLD_GOODS = ("rail", "table", "shelf")
FOLD_GOODS = ("table", "shelf")


def fixture_axes(fixture: Fixture) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the unit vectors along and across a fixture on the floor, shape (2,) each."""
    angle = np.deg2rad(fixture.angle_deg)
    along = np.array([np.cos(angle), np.sin(angle)])
    return along, np.array([-along[1], along[0]])


def footprint_m(fixture: Fixture, margin_m: float = 0.0) -> NDArray[np.float64]:
    """Return the fixture's floor rectangle, grown by `margin_m`, shape (4, 2), metres."""
    along, across = fixture_axes(fixture)
    half = np.array(fixture.size_m) / 2 + margin_m
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return np.array(
        [
            np.array(fixture.center_m) + i * half[0] * along + j * half[1] * across
            for i, j in corners
        ]
    )


def slot_xyz_m(fixture: Fixture, slot: int, slots: int) -> NDArray[np.float64]:
    """Return the tag position of slot `slot` of `slots`, shape (3,), metres.

    Rails are filled along the bar, tables pile by pile and then higher; on a shelf each pile
    is filled before the next, board by board from below, so that a pile is of one article.
    """
    along, across = fixture_axes(fixture)
    if fixture.kind == "shelf":
        columns = shelf_columns(fixture)
        per_pile = -(-slots // (columns * len(SHELF_BOARDS)))
        pile, level = divmod(slot, per_pile)
        board, column = divmod(pile, columns)
        u = (column + 0.5) / columns - 0.5
        xy = fixture.center_m + u * fixture.size_m[0] * along
        z = shelf_boards_m(fixture)[board] + PILE_M * (level + 1)
        return np.array([xy[0], xy[1], z])
    if fixture.kind == "table":
        pile, level = slot % (2 * PILES_PER_ROW), slot // (2 * PILES_PER_ROW)
        column, row = pile % PILES_PER_ROW, pile // PILES_PER_ROW
        u = (column + 0.5) / PILES_PER_ROW - 0.5
        v = row * 0.5 - 0.25
        xy = fixture.center_m + u * fixture.size_m[0] * along + v * fixture.size_m[1] * across
        return np.array([xy[0], xy[1], fixture.height_m + PILE_M * (level + 1)])
    u = (slot + 0.5) / slots - 0.5
    xy = np.array(fixture.center_m) + u * fixture.size_m[0] * along
    return np.array([xy[0], xy[1], fixture.height_m - TAG_BELOW_BAR_M])


def shelf_columns(fixture: Fixture) -> int:
    """Return how many piles lie side by side on a shelf's board."""
    return max(1, int(fixture.size_m[0] / SHELF_PILE_M + 1e-9))


def shelf_boards_m(fixture: Fixture) -> NDArray[np.float64]:
    """Return the heights of the upper faces of a shelf's boards, lowest first, shape (3,)."""
    return fixture.height_m * np.array(SHELF_BOARDS)


def laid_on_m(fixture: Fixture) -> float:
    """Return the height of what loose garments are laid on: a table's top, a middle board."""
    return float(shelf_boards_m(fixture)[1]) if fixture.kind == "shelf" else fixture.height_m


def most_slots(fixture: Fixture) -> int:
    """Return how many garments a fixture has room for, 0 where it is not made to hold any."""
    if fixture.kind == "rail":
        return int(fixture.size_m[0] / HANGER_M + 1e-9)
    if fixture.kind == "table":
        return 2 * PILES_PER_ROW * int(TABLE_PILE_M / PILE_M + 1e-9)
    if fixture.kind == "shelf":
        boards = shelf_boards_m(fixture)
        per_pile = int((boards[1] - boards[0]) / PILE_M) - 1  # a hand's breadth stays free
        return len(boards) * shelf_columns(fixture) * per_pile
    return 0
