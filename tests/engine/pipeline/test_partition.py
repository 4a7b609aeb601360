from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.engine.config import StageSpec, load_baselines, load_stack
from retailsim.engine.graph import Station, plan_graph
from retailsim.engine.pipeline import Group, partition
from retailsim.engine.pipeline.layout import check_groups, edges
from retailsim.errors import StageError

SHIPPED = plan_graph(load_stack(), baselines=load_baselines())


def costs_of(groups: tuple[Group, ...], costs: dict[str, float]) -> list[float]:
    return [sum(costs[SHIPPED[row].role] for row in group.rows) for group in groups]


def roles(group: Group, stations: tuple[Station, ...]) -> list[str]:
    return [stations[row].role for row in group.rows]


@given(workers=st.integers(1, 30), data=st.data())
def test_every_stage_is_in_one_process_and_processes_feed_each_other_one_way(
    workers: int, data: st.DataObject
) -> None:
    drawn = {s.role: data.draw(st.floats(0.01, 10)) for s in SHIPPED}
    groups = partition(SHIPPED, workers=workers, costs=drawn)
    check_groups(groups, SHIPPED)
    assert len(groups) <= workers
    feeds = {(edge.sender, edge.receiver) for edge in edges(groups, SHIPPED)}
    order: list[str] = []
    while len(order) < len(groups):
        free = [
            g.name
            for g in groups
            if g.name not in order and all(a in order for a, b in feeds if b == g.name)
        ]
        assert free, "processes feed each other in a circle"
        order += free


def test_the_shipped_detector_has_a_process_of_its_own_as_soon_as_that_helps() -> None:
    own = plan_graph(load_stack())
    two, three = (partition(own, workers=n) for n in (2, 3))
    assert "detect" in roles(two[0], own)
    assert "looks" not in roles(two[0], own)
    assert ["detect"] in [roles(group, own) for group in three]


def test_what_reads_tags_runs_where_there_is_time() -> None:
    own = plan_graph(load_stack())
    detecting, rest = partition(own, workers=2)
    assert roles(detecting, own) == ["detect"]
    assert {"reads", "tagmotion", "tagzone", "identity"} <= set(roles(rest, own))
    costs = {station.role: 1.0 for station in own} | {"identity": 9.0, "detect": 3.0}
    busy = next(g for g in partition(own, workers=2, costs=costs) if "identity" in roles(g, own))
    assert "reads" not in roles(busy, own)


def test_no_more_processes_than_help() -> None:
    """The dearest stage is the limit; what is left fits beside it in two."""
    own = plan_graph(load_stack())
    costs = {station.role: 1.0 for station in own} | {"detect": 30.0}
    assert len(partition(own, workers=12, costs=costs)) <= 3


def test_measured_costs_decide() -> None:
    own = plan_graph(load_stack())
    costs = {station.role: 0.0 for station in own} | {"tagmotion": 5.0, "tagzone": 5.0}
    homes = {role: g.name for g in partition(own, workers=2, costs=costs) for role in roles(g, own)}
    assert homes["tagmotion"] != homes["tagzone"]


def test_a_stack_may_say_where_a_stage_runs() -> None:
    spec = load_stack()
    stages: dict[str, StageSpec | None] = {}
    for role, stage in spec.stages.items():
        assert stage is not None
        crops = role in ("looks", "reid")
        stages[role] = stage.model_copy(update={"process": "crops"}) if crops else stage
    own = plan_graph(spec.model_copy(update={"stages": stages}))
    groups = partition(own, workers=3)
    assert [roles(g, own) for g in groups if g.name == "crops"] == [["looks", "reid"]]
    assert len(groups) == 3
    check_groups(groups, own)


def test_one_process_owns_a_gpu() -> None:
    own = plan_graph(load_stack())
    groups = partition(own, workers=4, device="cuda")
    (owner,) = (group for group in groups if group.name == "cuda")
    assert roles(owner, own) == ["detect", "looks", "floor", "reid"]
    assert len(groups) > 1
    check_groups(groups, own)


def placed(**processes: str) -> tuple[Station, ...]:
    """The shipped stages, some in processes of their choice."""
    stages = dict(load_stack().stages)
    for role, process in processes.items():
        stages[role] = stages[role].model_copy(update={"process": process})
    return plan_graph(load_stack().model_copy(update={"stages": stages}))


def test_a_process_that_one_stage_on_the_device_names_owns_it_for_all() -> None:
    own = placed(reid="eyes", visits="floor plan")
    groups = {group.name: roles(group, own) for group in partition(own, workers=4, device="cuda")}
    assert groups["eyes"] == ["detect", "looks", "floor", "reid"]
    assert groups["floor plan"] == ["visits"]
    assert "cuda" not in groups


def test_several_owners_of_a_device_are_refused_and_of_a_cpu_are_not() -> None:
    own = placed(detect="eyes", reid="crops")
    with pytest.raises(StageError, match=r"one .* own cuda.* 'detect' in 'eyes' and 'reid' in 'cr"):
        partition(own, workers=4, device="cuda")
    assert {"eyes", "crops"} <= {group.name for group in partition(own, workers=4)}


def test_where_a_stage_runs_does_not_change_what_the_stack_is() -> None:
    assert "process" not in str(load_stack().resolved())


def test_the_decoding_process_is_taken() -> None:
    stage = StageSpec(uses="tests.engine.toys:Mover", process="decode")
    own = plan_graph(load_stack().model_copy(update={"stages": {"m": stage}}))
    with pytest.raises(StageError, match="'m': no stage can run in process 'decode'"):
        partition(own, workers=2)
