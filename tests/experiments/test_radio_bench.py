"""How fast the radio is simulated: what is played and what is told, not how long it takes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from retailsim.errors import ScenarioError
from retailsim.experiments.bench_tables import radio_table
from retailsim.experiments.radio_bench import TICK_NS, bench_radio, busy_shop, crowded_plan


@pytest.fixture(scope="module")
def bench():
    return bench_radio((60, 20), antennas=2, people=3, seconds=0.5, rounds=2, seed=3)


def test_every_population_is_played_and_read(bench):
    assert [one.tags for one in bench.populations] == [60, 20]
    for one in bench.populations:
        assert 0 < one.tags_read <= one.tags
        assert one.reads_per_s > 0
        for spread in (one.realtime_factor, one.once_s, one.ratio):
            assert 0 < spread.least <= spread.median <= spread.most


def test_table_and_json_hold_all_of_it(bench):
    assert radio_table(bench).row_count == 2
    told = json.loads(json.dumps(bench.as_dict()))
    assert {one["tags"] for one in told["populations"]} == {60, 20}


@pytest.mark.parametrize(("tags", "antennas"), [(10, 1), (241, 3), (1000, 8)])
def test_the_shop_has_as_many_tags_and_antennas_as_asked_for(tags, antennas):
    plan = crowded_plan(tags, antennas)
    assert len(plan.items) == tags
    assert [a.port for a in plan.readers[0].antennas] == list(range(1, antennas + 1))
    assert len(plan.readers) == 1


def test_people_walk_garments_are_carried_and_swing_along_and_the_seed_decides():
    plan = crowded_plan(100, 2)
    first, *_, last = played = list(busy_shop(plan, people=6, seconds=3.0, seed=1))
    again = list(busy_shop(plan, people=6, seconds=3.0, seed=1))
    other = list(busy_shop(plan, people=6, seconds=3.0, seed=2))
    assert len(played) == 31
    assert last.time_ns - first.time_ns == 30 * TICK_NS
    went_m = np.linalg.norm(last.people.xy_m - first.people.xy_m, axis=1)
    assert (went_m[:3] < 0.1).all()
    assert np.median(went_m[3:]) > 0.1
    moved = (last.garments.tag_xyz_m != first.garments.tag_xyz_m).any(axis=1)
    assert moved.sum() == 3
    assert all(len(snapshot.swings) >= 5 for snapshot in played)
    np.testing.assert_array_equal(again[-1].people.xy_m, last.people.xy_m)
    assert (other[-1].people.xy_m != last.people.xy_m).any()


@pytest.mark.parametrize(
    "settings",
    [
        {"populations": ()},
        {"populations": (9,)},
        {"antennas": 9},
        {"antennas": 0},
        {"seconds": 0.0},
        {"rounds": 0},
        {"people": -1},
    ],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ScenarioError):
        bench_radio(**settings)


def test_the_command_prints_one_object():
    asked = ["--tags", "30", "--antennas", "1", "--people", "0", "--seconds", "0.2"]
    result = CliRunner().invoke(app, ["bench", "radio", *asked, "--rounds", "1", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["antennas"], told["people"], told["rounds"]) == (1, 0, 1)
    assert told["populations"][0]["tags_read"] > 0
