"""The one-way channel of a shop where nobody moves, against closed forms and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.rfid.channel import (
    BRIGHTEST,
    Source,
    Surroundings,
    one_way,
    patch_source,
    paths,
    source,
    surroundings,
    turn,
)
from retailsim.simulate.rfid.elements import DIPOLE_GAIN, Isotropic, Patch, dipole
from retailsim.simulate.rfid.furniture import furniture, loss_db
from retailsim.simulate.rfid.images import Box
from retailsim.simulate.rfid.slab import AIR, CONCRETE, Slabs, reflection
from retailsim.simulate.rfid.tags import Tags
from retailsim.store.load import load_plan
from retailsim.store.plan import Fixture, StorePlan
from retailsim.store.regions import LIGHT_MPS

F = 915e6
FREE = Surroundings()
UPRIGHT = np.array([[0.0, 0.0, 1.0]])
PLAN = load_plan("scenarios/stores/boutique.yaml")
SHOP = surroundings(PLAN, F)


def test_free_space_is_friis():
    distance = np.array([1.0, 2.0, 8.0])
    tags = np.column_stack([distance, np.zeros(3), np.zeros(3)])
    h = one_way(source(np.zeros(3), Isotropic("V"), FREE), tags, -UPRIGHT.repeat(3, 0) + 0j, F)
    expected = LIGHT_MPS / F / (4 * np.pi * distance)
    np.testing.assert_allclose(h, expected * np.exp(-2j * np.pi * F * distance / LIGHT_MPS), 1e-6)


@pytest.mark.parametrize("polarisation", ["V", "H"])
def test_a_floor_alone_is_the_two_ray_closed_form(polarisation):
    up, over, apart = 2.5, 1.0, 4.0
    slabs = Slabs.of([(AIR, 0.0)] * 4 + [(CONCRETE, 0.2), (AIR, 0.0)], F)
    box = Box((1e3, 1e3, 1e3), slabs, 1)
    start = np.array([500.0, 500.0, up])
    tag = start + [apart, 0.0, over - up]
    direct, bounced = np.hypot(apart, up - over), np.hypot(apart, up + over)
    across, along = reflection(np.array([(up + over) / bounced]), slabs, np.array([4]))
    k = 2 * np.pi * F / LIGHT_MPS
    if polarisation == "H":
        moment, parts = np.array([[0, 1, 0]]), (1.0, across[0])
    else:  # the tag stands upright: both rays reach it and leave the antenna at an angle
        moment = np.array([[0, 0, -1]])
        parts = (apart / direct, -along[0] * apart / bounced)
    h = one_way(
        source(start, Isotropic(polarisation), Surroundings(box)), tag[None], moment + 0j, F
    )
    expected = parts[0] * np.exp(-1j * k * direct) / direct
    expected += parts[1] * np.exp(-1j * k * bounced) / bounced
    np.testing.assert_allclose(h[0], LIGHT_MPS / F / (4 * np.pi) * expected, rtol=1e-5)


def test_a_circular_antenna_gives_a_linear_tag_half_at_any_angle():
    patch = source(np.zeros(3), Patch((1.0, 0.0, 0.0), 6.0, 70.0), FREE)
    angle = np.linspace(0, np.pi, 7)
    axis = np.column_stack([np.zeros(7), np.cos(angle), np.sin(angle)])
    h = one_way(patch, np.tile([2.0, 0.0, 0.0], (7, 1)), np.sqrt(DIPOLE_GAIN) * axis + 0j, F)
    friis = LIGHT_MPS / F / (4 * np.pi * 2.0)
    np.testing.assert_allclose(np.abs(h), friis * np.sqrt(10**0.6 * DIPOLE_GAIN / 2), rtol=1e-5)
    # Turning the tag turns the phase by as much.
    np.testing.assert_allclose(np.abs(np.diff(np.unwrap(np.angle(h)))), np.pi / 6, atol=1e-5)


def test_a_tag_that_points_at_the_antenna_takes_up_little():
    patch = source(np.zeros(3), Patch((1.0, 0.0, 0.0), 6.0, 70.0), FREE)
    axis, cross = np.eye(3)[[0, 1]], np.eye(3)[[1, 2]]
    along, aside = np.abs(one_way(patch, np.tile([2.0, 0.0, 0.0], (2, 1)), dipole(axis, cross), F))
    assert 0.05 < along / aside < 0.4


def test_a_patch_is_weaker_by_3_db_at_half_its_beam_and_weak_behind():
    patch = Patch((0.0, 0.0, -1.0), 8.5, 70.0)
    angle = np.deg2rad([0.0, 35.0, 180.0])
    ways = np.column_stack([np.sin(angle), np.zeros(3), -np.cos(angle)])
    gain_db = 20 * np.log10(np.linalg.norm(patch.field(ways[:2]), axis=1))
    np.testing.assert_allclose(gain_db, [8.5, 5.5], atol=1e-6)
    assert 20 * np.log10(np.linalg.norm(patch.field(ways[2:] + [[1e-3, 0, 0]]))) < -10


unit = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1)


@given(unit, unit)
def test_fields_are_at_right_angles_to_the_ray(look, way):
    look, way = (np.array(v) / np.linalg.norm(v) for v in (look, way))
    if way @ look < -0.99:
        return
    for element in (Patch(tuple(look), 8.5, 70.0), Isotropic("V"), Isotropic("H")):
        assert abs(element.field(way) @ way) < 1e-6


@given(st.floats(0.0, 80.0), st.floats(860e6, 930e6))
def test_turns_are_exact_to_a_millionth(length_m, frequency_hz):
    exact = np.exp(-2j * np.pi * frequency_hz / LIGHT_MPS * length_m)
    assert abs(turn(np.array([length_m]), frequency_hz)[0] - exact) < 1e-6


def tags(count, seed=1):
    rng = np.random.default_rng(seed)
    return rng.uniform([0.3, 0.3, 0.3], [11.7, 8.7, 1.6], (count, 3)), Tags.draw(count, seed=seed)


def test_rows_do_not_depend_on_their_neighbours():
    start = patch_source(PLAN.readers[0].antennas[0], SHOP)
    xyz, drawn = tags(6)
    together = one_way(start, xyz, drawn.moment, F)
    alone = [one_way(start, xyz[[i]], drawn.moment[[i]], F)[0] for i in range(6)]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_shop_without_a_floor_is_free_space():
    plan = StorePlan(name="bare")
    assert surroundings(plan, F) == FREE


def test_an_antenna_follows_so_many_paths():
    start = patch_source(PLAN.readers[0].antennas[0], SHOP)
    found = paths(start, tags(3)[0])
    assert found.reflected == 25
    assert found.field.shape == (3, 25 + BRIGHTEST, 3)


def fixture(kind, **more):
    given = {"id": "one", "center_m": (3.0, 3.0), "size_m": (1.0, 0.4), "height_m": 1.5, **more}
    return furniture(
        StorePlan(name="one", size_m=(6.0, 6.0), fixtures=[Fixture(kind=kind, **given)])
    )


def test_furniture_weakens_what_passes_through_it_and_nothing_else():
    column = fixture("column", height_m=3.0)
    start = np.array([[3.0, 1.0, 1.0]] * 4)
    end = np.array([[3.0, 5.0, 1.0], [5.0, 5.0, 1.0], [3.0, 2.0, 1.0], [3.0, 5.0, 9.0]])
    lost = loss_db(column, start, end)
    assert lost[0] == 20.0
    assert lost[1] == 0.0
    assert lost[2] == 0.0
    assert 0 <= lost[3] < 20.0 or lost[3] == 0.0


def test_the_loss_has_no_steps_as_a_path_slides_past_a_corner():
    till = fixture("till", angle_deg=30.0)
    x = np.linspace(1.5, 4.5, 600)
    start = np.column_stack([x, np.full(600, 1.0), np.full(600, 2.5)])
    end = np.column_stack([x + 0.3, np.full(600, 5.0), np.full(600, 0.5)])
    lost = loss_db(till, start, end)
    assert lost.max() > 3
    assert np.abs(np.diff(lost)).max() < 0.3


@given(st.floats(0, 360), st.floats(0, 6), st.floats(0, 6))
def test_a_leg_loses_the_same_both_ways(angle, x, y):
    table = fixture("table", angle_deg=angle)
    ends = np.array([[x, 0.5, 2.0]]), np.array([[y, 5.5, 0.2]])
    assert loss_db(table, *ends)[0] == pytest.approx(loss_db(table, *ends[::-1])[0])


def test_a_bar_scatters_the_field_along_itself_and_a_till_any():
    for kind, shares in (("rail", {0}), ("till", {0, 1, 2})):
        points = fixture(kind).scatterers
        assert len(points.xyz_m) == 2
        assert {int(i) for i in np.flatnonzero(np.abs(points.tensor_m[0]).sum(axis=0))} == shares


def test_metal_furniture_is_seen_in_the_phase_of_tags_beside_it():
    start = patch_source(PLAN.readers[0].antennas[0], SHOP)
    bare = Source(
        start.position_m, start.element, start.around, *(np.zeros((0, 3)),) * 2, np.zeros(0)
    )
    xyz = np.array([PLAN.slot_xyz_m("rail-01", slot) for slot in range(10)])
    moment = Tags.draw(10, seed=3).moment
    ratio = one_way(start, xyz, moment, F) / one_way(bare, xyz, moment, F)
    assert 0.02 < np.median(np.abs(np.angle(ratio))) < 1.0


def before_a_patch(count):
    """Tags that face a patch antenna across the furnished shop, 1 to 8 m away."""
    rng, drawn = np.random.default_rng(5), Tags.draw(count, seed=9)
    distance = np.exp(rng.uniform(0, np.log(8.0), count))
    aside, height = rng.uniform(-0.3, 0.3, count), rng.uniform(1.2, 1.6, count)
    angle = rng.uniform(0, np.pi, count)
    axis = np.column_stack([0 * angle, np.cos(angle), np.sin(angle)])
    cross = np.column_stack([0 * angle, -np.sin(angle), np.cos(angle)])
    start = source(np.array([0.3, 4.4, 1.5]), Patch((1.0, 0.0, 0.0), 8.5, 70.0), SHOP)
    xyz = np.column_stack([0.3 + distance, 4.4 + aside, height])
    h = one_way(start, xyz, dipole(axis, cross), F)
    return distance, drawn, 20 * np.log10(np.abs(h))


def test_tags_wake_up_at_the_power_that_was_measured():
    """11.9 to 14.2 dBm at 2 m and 24.4 to 27.2 dBm at 8 m were measured, in another room."""
    distance, drawn, path_db = before_a_patch(800)
    turn_on_dbm = drawn.sensitivity_dbm - drawn.incident_dbm(np.arange(800), path_db, 0.0)
    assert 11.9 < np.median(turn_on_dbm[abs(distance - 2) < 0.2]) < 14.2
    assert 23.0 < np.median(turn_on_dbm[distance > 7.2]) < 27.2


def test_rssi_falls_slower_than_the_fourth_power_of_the_distance():
    """d^-3.1 to d^-3.3 was measured; modulation that falls with power gives part of it."""
    distance, drawn, path_db = before_a_patch(800)
    rssi_dbm = drawn.answer_dbm(np.arange(800), path_db, 30.0)
    slope = np.polyfit(np.log10(distance), rssi_dbm, 1)[0]
    assert -37 < slope < -31


def test_rssi_rises_slower_than_the_power_that_is_sent():
    distance, drawn, path_db = before_a_patch(200)
    near = np.flatnonzero(distance < 2.5)
    more = drawn.answer_dbm(near, path_db[near], 30.0) - drawn.answer_dbm(near, path_db[near], 20.0)
    assert ((more / 10 > 0.58) & (more / 10 < 0.9)).all()  # 0.59 to 0.89 was measured
