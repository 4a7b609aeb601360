"""Walking speeds by age and company."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.gait import free_speed_mps, group_share, relative_pace

PRESENTATIONS = st.sampled_from(["feminine", "masculine"])


def test_adults_walk_as_fast_as_bohannon_measured() -> None:
    assert free_speed_mps(45, "masculine") == pytest.approx(1.46)
    assert free_speed_mps(75, "feminine") == pytest.approx(1.27)


@given(st.floats(2, 100), PRESENTATIONS)
def test_everyone_walks_at_a_speed_that_people_walk_at(age: float, presentation: str) -> None:
    assert 0.65 < free_speed_mps(age, presentation) < 1.5
    assert 0.45 < relative_pace(age, presentation) < 1.1


@given(st.floats(2, 11), PRESENTATIONS)
def test_children_get_faster_as_they_grow(age: float, presentation: str) -> None:
    assert free_speed_mps(age, presentation) < free_speed_mps(age + 1, presentation)


def test_groups_are_slower_the_larger_they_are() -> None:
    shares = [group_share(size) for size in range(1, 7)]
    assert shares[0] == 1
    assert shares == sorted(shares, reverse=True)
    assert shares[1] == pytest.approx(1.18 / 1.22)  # figure 2 of Moussaïd et al.
    assert group_share(40) == group_share(6) > 0.8


def test_another_presentation_is_refused() -> None:
    with pytest.raises(KeyError):
        free_speed_mps(30, "robot")
