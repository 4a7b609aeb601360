"""The critical path is the busiest process, and loads add up to what stages took."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.experiments.critical_path import critical, loads

seconds = st.floats(0, 1e3)
divided = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3),
    st.lists(seconds, min_size=1, max_size=4),
    min_size=1,
    max_size=5,
)


def test_the_busiest_process_is_named_with_its_stages_in_order() -> None:
    groups = {"decode": ["decode"], "eyes": ["detect", "looks"], "tags": ["reads", "zone"]}
    took = {"looks": 1.0, "detect": 6.0, "decode": 2.0, "reads": 3.0}
    found = loads(groups, took, ticks=100, wall_s=10.0)
    path = critical(found)
    assert (path.process, path.busy) == ("eyes", pytest.approx(0.7))
    assert list(path.stages.items()) == [("detect", 60.0), ("looks", 10.0)]
    assert path.ms_per_tick == pytest.approx(70.0)
    assert found[2].stages["zone"] == 0.0  # it never ran


@given(divided, st.integers(1, 1000), st.floats(0.1, 1e3))
def test_loads_add_up_and_nobody_is_busier_than_the_critical_one(
    taken: dict[str, list[float]], ticks: int, wall_s: float
) -> None:
    groups = {name: [f"{name}{i}" for i in range(len(many))] for name, many in taken.items()}
    stage_s = {f"{name}{i}": s for name, many in taken.items() for i, s in enumerate(many)}
    found = loads(groups, stage_s, ticks=ticks, wall_s=wall_s)
    assert [load.process for load in found] == list(groups)
    assert sum(load.busy for load in found) * wall_s == pytest.approx(sum(stage_s.values()))
    for load in found:
        assert load.ms_per_tick * ticks == pytest.approx(1e3 * load.busy * wall_s)
        assert sum(load.stages.values()) == pytest.approx(load.ms_per_tick)
        assert load.busy <= critical(found).busy
