"""Wind through doors: who sways, how far, and that days without it are as they were."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.messages.truth import TruthCrossing, TruthInteraction
from retailsim.simulate.draught import Draughts
from retailsim.simulate.goods import Goods
from retailsim.simulate.scenario import Draught, dump_scenario, load_scenario, parse_scenario
from retailsim.simulate.world import World

NOW_NS = 1_000_000_000_000
WIND = Draught(reach_m=4.4, amplitude_m=(0.002, 0.01), gust_s=(1.0, 3.0))


def gust(plan, seed=3, wind=WIND):
    goods = Goods(plan)
    wind_ = Draughts(wind, plan, goods, seed=seed)
    wind_.door_opens("main", NOW_NS)
    return goods, wind_


def test_what_hangs_within_reach_sways_by_millimetres_and_what_lies_does_not(small_plan):
    goods, _ = gust(small_plan)
    away = np.hypot(*(goods.home_m[:, :2] - np.array([3.5, 0.0])).T)
    expected = set(np.flatnonzero((away < 4.4) & (np.arange(18) < 10)).tolist())
    assert {s.garment for s in goods.swings} == expected
    assert 0 < len(expected) < 10
    for swing in goods.swings:
        most = 0.01 * (1 - away[swing.garment] / 4.4)
        assert 0 < np.hypot(*swing.amplitude_m[:2]) <= most + 1e-12
        assert 1.0 <= (swing.release_ns - swing.start_ns) * 1e-9 <= 3.0


def test_a_second_customer_in_the_same_gust_adds_nothing(small_plan):
    goods, wind = gust(small_plan)
    count = len(goods.swings)
    wind.door_opens("main", NOW_NS + 500_000_000)
    assert len(goods.swings) == count
    wind.door_opens("main", NOW_NS + 3_100_000_000)
    assert len(goods.swings) == 2 * count


def test_garments_that_are_carried_are_left_alone(small_plan):
    goods = Goods(small_plan)
    goods.sell_before(range(10))
    Draughts(WIND, small_plan, goods, seed=3).door_opens("main", NOW_NS)
    assert goods.swings == []


def test_the_wind_blows_when_people_come_and_changes_nothing_that_they_do(
    small_plan, small_scenario
):
    windy = small_scenario.model_copy(update={"draught": WIND})

    def play(scenario):
        ticks = list(World(scenario, small_plan, seed=8).run(15))
        told = [m for _, messages in ticks for m in messages]
        return ticks, [m for m in told if isinstance(m, TruthCrossing | TruthInteraction)]

    (calm_ticks, calm), (windy_ticks, blown) = play(small_scenario), play(windy)
    assert calm == blown
    assert any(isinstance(m, TruthCrossing) for m in calm)
    swings = [sum(len(s.swings) for s, _ in ticks) for ticks in (calm_ticks, windy_ticks)]
    assert swings[1] > swings[0]


def test_a_day_without_wind_is_written_as_before(small_scenario):
    assert "draught" not in dump_scenario(small_scenario)
    windy = small_scenario.model_copy(update={"draught": WIND})
    for scenario in (small_scenario, windy):
        assert parse_scenario(dump_scenario(scenario), origin="dump") == scenario


def test_the_windy_day_has_wind():
    assert load_scenario("scenarios/draughty-door.yaml").draught is not None


@pytest.mark.parametrize("field", ["reach_m", "gust_s"])
def test_no_wind_without_extent(field):
    with pytest.raises(ValueError, match=field):
        Draught.model_validate({field: 0.0 if field == "reach_m" else (0.0, 1.0)})
