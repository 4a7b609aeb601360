"""A coarse world tells of the same kind of day, without walking."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.errors import ScenarioError
from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import Sale
from retailsim.messages.truth import (
    TruthCarry,
    TruthCrossing,
    TruthInteraction,
    TruthLook,
    TruthPeople,
    TruthPerson,
    TruthSale,
)
from retailsim.simulate.doors import on_floor
from retailsim.simulate.scenario import Scenario
from retailsim.simulate.world import World
from retailsim.store.plan import StorePlan


def coarse(scenario: Scenario, plan: StorePlan, seed: int, duration_s: float) -> MessageLog:
    log = MessageLog()
    world = World(scenario, plan, seed=seed, coarse=True)
    for messages in world.run_coarse(duration_s, every_s=5.0):
        log.extend(messages)
    return log


def fine(scenario: Scenario, plan: StorePlan, seed: int, duration_s: float) -> MessageLog:
    log = MessageLog()
    for _, messages in World(scenario, plan, seed=seed).run(duration_s):
        log.extend(messages)
    return log


def test_who_comes_is_the_same_and_what_happens_is_alike(
    boutique_plan: StorePlan, boutique_scenario: Scenario
) -> None:
    rough = coarse(boutique_scenario, boutique_plan, 3, 300)
    exact = fine(boutique_scenario, boutique_plan, 3, 300)
    people = [{m.height_m for m in log.of(TruthPerson)} for log in (rough, exact)]
    assert len(people[0] & people[1]) >= 0.9 * len(people[1])
    for kind in (TruthInteraction, TruthLook, TruthCrossing):
        counts = len(rough.of(kind)), len(exact.of(kind))
        assert 0.6 < counts[0] / counts[1] < 1.6, kind.__name__


def test_people_and_garments_are_conserved(small_plan: StorePlan, small_scenario: Scenario) -> None:
    log = coarse(small_scenario, small_plan, 5, 300)
    inside = [int(on_floor(small_plan, m.xy_m).sum()) for m in log.of(TruthPeople)]
    crossings = log.of(TruthCrossing)
    balance = [
        sum(1 if c.direction == "in" else -1 for c in crossings if c.time_ns <= m.time_ns)
        for m in log.of(TruthPeople)
    ]
    np.testing.assert_array_equal(np.array(inside) - balance, inside[0] - balance[0])
    sold = [epc for m in log.of(TruthSale) for epc in m.epc.tolist()]
    assert sold
    assert len(set(sold)) == len(sold)
    carried = {m.epc for m in log.of(TruthCarry)}
    assert set(sold) <= carried
    assert log.of(Sale)


def test_a_coarse_world_is_the_same_every_time(
    small_plan: StorePlan, small_scenario: Scenario
) -> None:
    one, other = (list(coarse(small_scenario, small_plan, 5, 60)) for _ in range(2))
    assert [repr(m) for m in one] == [repr(m) for m in other]


def test_it_refuses_impossible_durations(small_plan: StorePlan, small_scenario: Scenario) -> None:
    world = World(small_scenario, small_plan, seed=1, coarse=True)
    with pytest.raises(ScenarioError, match="duration"):
        next(world.run_coarse(0.0))
