"""The boutique holds what it promises."""

import pytest

from retailsim.messages.log import MessageLog
from retailsim.simulate.promises import broken, rates
from retailsim.simulate.scenario import Promises, Scenario
from retailsim.simulate.world import World
from retailsim.store.plan import StorePlan


@pytest.mark.parametrize("seed", [1, 2])
def test_five_minutes_of_the_boutique_are_busy_enough(
    boutique_plan: StorePlan, boutique_scenario: Scenario, seed: int
) -> None:
    log = MessageLog()
    for _, messages in World(boutique_scenario, boutique_plan, seed=seed).run(300):
        log.extend(messages)
    held = rates(log, boutique_plan, 300)
    assert broken(boutique_scenario.promises, held) == []
    # So many garments handled that a radio covers the promised number with ease.
    covered = boutique_scenario.promises.covered_flips
    assert covered is not None
    assert held["flips"] >= 3 * covered


def test_an_empty_session_breaks_every_promise_it_is_judged_on(boutique_plan: StorePlan) -> None:
    promises = Promises(people_inside=1, crossings=1, covered_flips=1, try_ons=1, sales=1)
    lines = broken(promises, rates(MessageLog(), boutique_plan, 60))
    assert [line.split(":")[0] for line in lines] == [
        "people_inside",
        "crossings",
        "try_ons",
        "sales",
    ]
    assert broken(Promises(), rates(MessageLog(), boutique_plan, 60)) == []
