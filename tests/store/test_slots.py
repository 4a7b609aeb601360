"""Garments on shelves, and how many garments furniture holds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retailsim.store.plan import Fixture
from retailsim.store.slots import PILE_M, most_slots, shelf_boards_m, shelf_columns, slot_xyz_m

SHELF = Fixture(
    id="shelf", kind="shelf", center_m=(3.0, 2.0), size_m=(1.6, 0.45), height_m=1.7, angle_deg=90
)
RAIL = Fixture(id="rail", kind="rail", center_m=(3.0, 2.0), size_m=(1.5, 0.5), height_m=1.5)


@given(st.integers(1, most_slots(SHELF)))
def test_a_shelf_lays_every_garment_on_a_place_of_its_own_below_the_next_board(count: int) -> None:
    tags = np.array([slot_xyz_m(SHELF, slot, count) for slot in range(count)])
    assert len(np.unique(tags.round(6), axis=0)) == count
    np.testing.assert_allclose(tags[:, 0], 3.0, atol=1e-9)  # turned: it runs along y
    assert (np.abs(tags[:, 1] - 2.0) < 0.8).all()
    boards = np.append(shelf_boards_m(SHELF), SHELF.height_m + 0.05)
    board = np.searchsorted(boards, tags[:, 2]) - 1
    assert (board >= 0).all()
    assert (tags[:, 2] >= boards[board] + PILE_M - 1e-9).all()
    assert (tags[:, 2] < boards[board + 1]).all()


def test_a_pile_on_a_shelf_is_filled_before_the_next_so_it_is_of_one_article() -> None:
    count = 3 * shelf_columns(SHELF) * 4
    tags = np.array([slot_xyz_m(SHELF, slot, count) for slot in range(count)])
    np.testing.assert_allclose(tags[:4, 1], tags[0, 1])
    np.testing.assert_allclose(np.diff(tags[:4, 2]), PILE_M)
    assert abs(tags[4, 1] - tags[3, 1]) > 0.3
    assert shelf_columns(SHELF) == 5


def test_a_rail_holds_a_garment_per_one_and_a_half_centimetres_and_a_bench_none() -> None:
    assert most_slots(RAIL) == 100
    assert most_slots(RAIL.model_copy(update={"kind": "table"})) == 120
    assert most_slots(RAIL.model_copy(update={"kind": "bench"})) == 0
