"""An antenna's memory of what hangs still gives what computing it all anew would."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.simulate.rfid.bodies import Bodies
from retailsim.simulate.rfid.channel import one_way, patch_source, surroundings
from retailsim.simulate.rfid.tags import Tags
from retailsim.simulate.rfid.view import PEOPLE_NS, AntennaView
from retailsim.store.load import load_plan
from retailsim.store.regions import REGIONS

PLAN = load_plan("scenarios/stores/boutique.yaml")
HZ = REGIONS["fcc"].frequency_hz
SOURCE = patch_source(PLAN.readers[0].antennas[1], surroundings(PLAN, float(HZ.mean())))
HOME = np.array([PLAN.slot_xyz_m(item.fixture, item.slot) for item in PLAN.items])[:60]
TAGS = Tags.draw(60, seed=4)


def nobody(_):
    return Bodies(np.zeros((0, 2)), np.zeros(0))


def people(*xy):
    return lambda _: Bodies(np.array(xy, float), np.full(len(xy), 1.75))


def view():
    return AntennaView(SOURCE, TAGS.moment, HZ)


def test_with_nobody_about_it_is_the_channel():
    ours = view()
    for channel in (0, 7, 0):
        h = ours.at(HOME, nobody, 0, channel).h
        np.testing.assert_allclose(h, one_way(SOURCE, HOME, TAGS.moment, HZ[channel]), rtol=2e-5)


def test_tags_that_were_carried_far_are_heard_as_if_they_had_always_been_there():
    ours = view()
    ours.at(HOME, nobody, 0, 3)
    moved = HOME.copy()
    moved[[5, 9, 30]] += [0.6, 0.4, 0.1]
    h = ours.at(moved, nobody, 1, 3).h
    np.testing.assert_allclose(h, one_way(SOURCE, moved, TAGS.moment, HZ[3]), rtol=2e-5)


def test_a_tag_displaced_a_little_has_its_new_phase():
    ours = view()
    air = ours.at(HOME, nobody, 0, 3)
    tag = np.arange(60)
    there = HOME + [0.02, -0.01, 0.01]
    h = ours.moving(air, tag, there, TAGS.moment)
    ratio = h / one_way(SOURCE, there, TAGS.moment, HZ[3])
    assert np.percentile(np.abs(np.angle(ratio)), 90) < 0.1
    turned = np.abs(np.angle(h / air.h))
    assert np.median(turned) > 0.1


def test_where_nothing_moves_both_ways_of_asking_agree():
    ours, crowd = view(), people([1.2, 4.6], [0.9, 5.0], [5.0, 5.0])
    air = ours.at(HOME, crowd, 0, 11)
    tag = np.array([3, 20, 33, 34, 35, 36, 59])
    np.testing.assert_allclose(
        ours.moving(air, tag, HOME[tag], TAGS.moment[tag]), air.h[tag], rtol=1e-4, atol=1e-9
    )


def test_a_person_before_a_rail_is_felt_there_and_not_across_the_shop():
    ours, empty = view(), view().at(HOME, nobody, 0, 3).h
    change_db = np.abs(20 * np.log10(np.abs(ours.at(HOME, people([0.75, 5.3]), 0, 3).h / empty)))
    rail = np.array([item.fixture for item in PLAN.items])[:60]
    assert np.median(change_db[rail == "rail-03"]) > 1.0
    assert np.median(change_db[rail == "rail-01"]) < 0.3


def test_a_person_in_the_street_is_not_felt():
    empty = view().at(HOME, nobody, 0, 3).h
    assert (view().at(HOME, people([1.0, -0.5]), 0, 3).h == empty).all()


def test_people_are_looked_at_again_after_a_while():
    ours = view()
    first = ours.at(HOME, people([0.75, 5.3]), 0, 3).h
    soon = ours.at(HOME, nobody, PEOPLE_NS // 2, 3).h
    later = ours.at(HOME, nobody, PEOPLE_NS, 3).h
    assert (soon == first).all()
    np.testing.assert_array_equal(later, view().at(HOME, nobody, 0, 3).h)


@pytest.mark.parametrize("moves", [1, 40])
def test_a_shadow_follows_a_tag_that_has_moved(moves):
    """Few moved tags are looked at one by one, many by a new map: both as if drawn afresh."""
    moved = HOME.copy()
    moved[:moves] += [0.5, 1.0, 0.2]
    crowd = people([0.9, 3.6], [0.9, 4.9])
    ours = view()
    ours.at(HOME, crowd, 0, 3)
    np.testing.assert_allclose(
        ours.at(moved, crowd, PEOPLE_NS, 3).h, view().at(moved, crowd, 0, 3).h, rtol=0.02
    )


def test_the_same_people_are_felt_on_every_channel_as_if_it_had_been_the_first():
    ours, crowd = view(), people([0.75, 5.3], [2.0, 4.0])
    for channel in (3, 11, 3):
        h = ours.at(HOME, crowd, 0, channel).h
        np.testing.assert_allclose(h, view().at(HOME, crowd, 0, channel).h, rtol=1e-6)


def test_people_before_tags_that_never_wake_are_not_looked_at_and_change_nothing_elsewhere():
    crowd, deaf = people([0.75, 5.3]), np.arange(60) % 3 == 0
    every = view().at(HOME, crowd, 0, 3).h
    some = AntennaView(SOURCE, TAGS.moment, HZ, np.where(deaf, 1.0, 0.0)).at(HOME, crowd, 0, 3).h
    np.testing.assert_array_equal(some[~deaf], every[~deaf])
    np.testing.assert_array_equal(some[deaf], view().at(HOME, nobody, 0, 3).h[deaf])
