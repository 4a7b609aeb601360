"""A crowd walks as fast as Weidmann measured, at any density and whatever its pace."""

import pytest

from retailsim.simulate.corridor import corridor_speed_mps
from retailsim.simulate.crowding import weidmann_share


@pytest.mark.parametrize("density_per_m2", [0.3, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
def test_speed_falls_with_density_as_weidmann_measured(density_per_m2: float) -> None:
    speed = corridor_speed_mps(density_per_m2, free_speed_mps=1.34)
    assert speed == pytest.approx(1.34 * float(weidmann_share(density_per_m2)), rel=0.1)


@pytest.mark.parametrize("density_per_m2", [0.5, 1.5, 2.5])
def test_shoppers_who_walk_slower_are_slowed_alike(density_per_m2: float) -> None:
    speed = corridor_speed_mps(density_per_m2, free_speed_mps=0.95)
    assert speed / 0.95 == pytest.approx(float(weidmann_share(density_per_m2)), rel=0.1)


def test_the_same_crowd_walks_the_same_way_every_time() -> None:
    few = {"walkers": 12, "settle_s": 1.0, "measure_s": 2.0}
    speeds = {corridor_speed_mps(1.0, seed=s, **few) for s in (3, 3, 4)}
    assert len(speeds) == 2
