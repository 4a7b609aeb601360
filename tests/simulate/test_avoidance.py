"""What it costs to come near others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.avoidance import (
    BERTH_LEAST_M,
    BERTH_M,
    BERTH_STANDING_M,
    HORIZON_M,
    SMALLEST_BERTH,
    TO_THE_RIGHT,
    approach_cost,
    fan,
    squeeze,
)


def cost(offset_m: tuple[float, float], velocity_mps: tuple[float, float]) -> np.ndarray:
    """Return what the candidates of one who wants to walk along +x at 1 m/s cost, (c,)."""
    return approach_cost(
        fan(np.array([[1.0, 0.0]])),
        np.array([[offset_m]]),
        np.array([[velocity_mps]]),
        np.array([[float(np.hypot(*offset_m))]]),
        np.ones(1),
        np.ones(1),
    )[0]


def test_berths_lie_in_halls_personal_distance() -> None:
    assert 0.45 <= BERTH_LEAST_M <= BERTH_STANDING_M <= BERTH_M <= 1.2


def test_walking_into_somebody_costs_more_than_passing_by() -> None:
    charge = cost((1.5, 0.0), (0.0, 0.0))
    straight, left, right = charge[[0, 5, 6]]  # 28 degrees to either side
    assert straight > 5 * max(left, right)
    assert left > right  # people keep to the right


def test_nobody_minds_who_is_far_aside_or_beyond_the_horizon() -> None:
    aside = BERTH_M + 0.01
    for offset in ((0.0, aside), (HORIZON_M + BERTH_M + 0.01, 0.0), (-2.0, 0.0)):
        assert cost(offset, (0.0, 0.0))[0] == 0
    assert cost((0.0, BERTH_STANDING_M - 0.1), (0.0, 0.0))[0] > 0


def test_who_walks_along_may_be_nearer_than_who_comes_towards_one() -> None:
    between = (0.3, (BERTH_LEAST_M + BERTH_M) / 2)
    assert cost(between, (1.0, 0.0))[0] == 0
    assert cost(between, (-1.0, 0.0))[0] > 0


@given(st.floats(-4, 4), st.floats(-4, 4), st.floats(-1, 1), st.floats(-1, 1))
def test_charges_are_never_negative(x: float, y: float, vx: float, vy: float) -> None:
    charge = cost((x, y), (vx, vy))
    assert charge.shape == (46,)
    assert (charge >= 0).all()
    assert (charge[1:-1:2] >= TO_THE_RIGHT).all()


@given(st.floats(0.01, 10), st.floats(0.01, 10))
def test_a_denser_crowd_keeps_less_room(one: float, other: float) -> None:
    low, high = sorted((one, other))
    thin, dense = squeeze(np.array([low, high]))
    assert 1 >= thin >= dense >= SMALLEST_BERTH
