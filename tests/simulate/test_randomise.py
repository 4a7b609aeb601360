"""Domain randomisation: 0 changes nothing, 1 changes what it says and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.appearance import draw_shopper
from retailsim.simulate.camera.bend import drawn_camera
from retailsim.simulate.camera.optics import Light
from retailsim.simulate.faults import CameraFlaws, Faults
from retailsim.simulate.occluders import FROM_DOOR_M, KEPT_FREE, PASSAGE_M, with_occluders
from retailsim.simulate.randomise import Randomisation, randomised
from retailsim.simulate.scenario import DressAlike, Scenario
from retailsim.simulate.snapshot import Clothes, Manner
from retailsim.simulate.streams import stream
from retailsim.simulate.wild import wild_clothes, wild_light, wild_manner
from retailsim.simulate.world import World
from retailsim.store.obstacles import clearance_m, obstacles
from retailsim.store.plan import StorePlan
from retailsim.store.slots import footprint_m
from retailsim.store.zones import zone_at

PARTS = {
    "clothing": {"catalogue"},
    "pose": set(),
    "lighting": set(),
    "camera": {"cameras"},
    "background": {"decor"},
    "occluders": {"fixtures"},
}
SHIRT = Clothes(
    "shirt", (0.2, 0.1, 0.1), (1.0, 1.0, 1.0), "plain", "trousers", (0.1, 0.1, 0.1), (0, 0, 0)
)


def changed(one: StorePlan, other: StorePlan) -> set[str]:
    return {f for f in StorePlan.model_fields if getattr(one, f) != getattr(other, f)}


def test_nothing_random_is_nothing_changed(boutique_plan: StorePlan) -> None:
    faults = Faults()
    assert randomised(boutique_plan, faults, Randomisation(), seed=3) == (boutique_plan, faults)
    assert wild_clothes(SHIRT, 0.0, seed=3) is SHIRT
    assert wild_light(Light(), 0.0, seed=3) == Light()
    body = draw_shopper(stream(3, "x"), label=1, seed=3, dress_alike=DressAlike())
    assert wild_manner(body, 0.0, seed=3) == Manner()


@pytest.mark.parametrize("part", PARTS)
def test_each_part_changes_what_it_says_and_nothing_else(
    boutique_plan: StorePlan, part: str
) -> None:
    how = Randomisation.model_validate({part: 1.0})
    plan, faults = randomised(boutique_plan, Faults(), how, seed=3)
    assert changed(boutique_plan, plan) == PARTS[part]
    assert (faults == Faults()) == (part != "camera")
    again = randomised(boutique_plan, Faults(), how, seed=3)
    assert again == (plan, faults)
    if PARTS[part]:
        assert randomised(boutique_plan, Faults(), how, seed=4)[0] != plan


def test_parts_do_not_disturb_each_other(boutique_plan: StorePlan) -> None:
    everything = Randomisation(clothing=1, pose=1, lighting=1, camera=1, background=1, occluders=1)
    plan, _ = randomised(boutique_plan, Faults(), everything, seed=3)
    for part, fields in PARTS.items():
        alone, _ = randomised(
            boutique_plan, Faults(), Randomisation.model_validate({part: 1.0}), seed=3
        )
        for field in fields:
            assert getattr(plan, field) == getattr(alone, field)


def test_clothing_changes_the_share_of_articles_it_says_and_no_cut_or_price(
    boutique_plan: StorePlan,
) -> None:
    plan, _ = randomised(boutique_plan, Faults(), Randomisation(clothing=0.5), seed=3)
    other = [a != b for a, b in zip(plan.catalogue, boutique_plan.catalogue, strict=True)]
    assert 0.3 < np.mean(other) < 0.7
    for new, old in zip(plan.catalogue, boutique_plan.catalogue, strict=True):
        assert (new.id, new.kind, new.style, new.price_eur) == (
            old.id,
            old.kind,
            old.style,
            old.price_eur,
        )
    assert [i.epc for i in plan.items] == [i.epc for i in boutique_plan.items]


@given(st.integers(0, 10_000))
def test_who_is_dressed_alike_stays_so_in_the_same_cut(seed: int) -> None:
    one, two = (wild_clothes(SHIRT, 1.0, seed=seed) for _ in range(2))
    assert one == two != SHIRT
    assert (one.top_kind, one.bottom_kind) == ("shirt", "trousers")
    colours = [one.top_colour, one.top_colour2, one.bottom_colour, one.shoe_colour]
    assert all(0 <= channel <= 1 for colour in colours for channel in colour)


def test_people_in_the_world_wear_it(small_plan: StorePlan, small_scenario: Scenario) -> None:
    wild = small_scenario.model_copy(update={"randomise": Randomisation(clothing=1.0)})
    usual, dressed = (
        next(iter(World(day, small_plan, seed=5).run(0.1)))[0].people
        for day in (small_scenario, wild)
    )
    assert len(usual.body) == len(dressed.body) >= 3
    assert (usual.xy_m == dressed.xy_m).all()
    for one, two in zip(usual.body, dressed.body, strict=True):
        assert two.clothes == wild_clothes(one.clothes, 1.0, seed=5) != one.clothes
        assert (one.height_m, one.hair, one.label) == (two.height_m, two.hair, two.label)


def test_people_in_the_world_move_as_drawn_and_go_where_they_went(
    small_plan: StorePlan, small_scenario: Scenario
) -> None:
    wild = small_scenario.model_copy(update={"randomise": Randomisation(pose=1.0)})
    usual, other = (
        [snapshot.people for snapshot, _ in World(day, small_plan, seed=5).run(3.0)]
        for day in (small_scenario, wild)
    )
    for before, after in zip(usual, other, strict=True):
        assert (before.xy_m == after.xy_m).all()
        for one, two in zip(before.body, after.body, strict=True):
            assert one.manner == Manner()
            assert two.manner == wild_manner(one, 1.0, seed=5) != Manner()
            assert replace(two, manner=one.manner) == one


@given(st.integers(0, 10_000), st.floats(0.1, 1.0))
def test_lights_come_from_above_and_stay_lights(seed: int, strength: float) -> None:
    light = wild_light(Light(), strength, seed=seed)
    assert light != Light()
    assert light.direction[2] > 0.2 * np.hypot(*light.direction[:2])
    assert min(*light.key, *light.sky, *light.ground, light.exposure) > 0
    assert 0.2 < light.exposure / Light().exposure < 4
    assert 0 <= light.shadow_share <= 1


@given(seed=st.integers(0, 10_000), strength=st.floats(0.1, 1.0))
def test_cameras_stay_in_the_shop_and_can_be_drawn(
    boutique_plan: StorePlan, seed: int, strength: float
) -> None:
    how = Randomisation(camera=strength)
    plan, faults = randomised(boutique_plan, Faults(), how, seed=seed)
    assert {f.camera for f in faults.cameras} == {c.id for c in plan.cameras}
    for camera in plan.cameras:
        x, y, z = camera.position_m or (np.nan,) * 3
        assert 0 < x < 12
        assert 0 < y < 9
        assert 1 < z < plan.height_m
        drawn = drawn_camera(camera)
        assert drawn.width_px < 2 * camera.width_px


def test_a_camera_with_faults_of_its_own_keeps_them(boutique_plan: StorePlan) -> None:
    own = CameraFlaws(camera="back", blur_px=3.0)
    _, faults = randomised(boutique_plan, Faults(cameras=[own]), Randomisation(camera=1.0), seed=3)
    assert faults.flaws_of("back") == own
    assert len(faults.cameras) == 4


@given(seed=st.integers(0, 300), strength=st.sampled_from([0.3, 1.0]))
def test_occluders_stand_free_and_out_of_the_way(
    boutique_plan: StorePlan, seed: int, strength: float
) -> None:
    plan = with_occluders(boutique_plan, strength, seed=seed)
    old = len(boutique_plan.fixtures)
    assert plan.fixtures[:old] == boutique_plan.fixtures
    added = plan.fixtures[old:]
    assert len(added) <= round(strength * 10.8)
    for number, fixture in enumerate(added):
        others = [f for f in plan.fixtures if f is not fixture]
        boxes = obstacles(plan.model_copy(update={"fixtures": others}))
        corners = footprint_m(fixture)
        assert clearance_m(boxes, corners).min() >= PASSAGE_M - 0.01, number
        zone = zone_at(plan, fixture.center_m)[0]
        assert {z.id: z.kind for z in plan.zones}.get(zone) not in KEPT_FREE
        door = np.array(plan.doors[0].segment_m).mean(axis=0)
        assert np.hypot(*(door - fixture.center_m)) >= FROM_DOOR_M


def test_some_shops_have_room_for_occluders_and_people_walk_round_them(
    boutique_plan: StorePlan, boutique_scenario: Scenario
) -> None:
    counts = [
        len(with_occluders(boutique_plan, 1.0, seed=seed).fixtures) - len(boutique_plan.fixtures)
        for seed in range(6)
    ]
    assert min(counts) >= 1
    plan = with_occluders(boutique_plan, 1.0, seed=1)
    boxes = obstacles(plan)
    for snapshot, _ in World(boutique_scenario, plan, seed=5).run(3.0):
        assert clearance_m(boxes, snapshot.people.xy_m).min() > 0
