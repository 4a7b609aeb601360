"""The image method against a reference channel and its own laws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from retailsim.simulate.rfid.channel import add_up, friis, turn
from retailsim.simulate.rfid.elements import Isotropic, Patch
from retailsim.simulate.rfid.images import Box, Lattice, Pane, image_paths
from retailsim.simulate.rfid.slab import AIR, CONCRETE, PLASTERBOARD, Slabs, complex_permittivity
from retailsim.store.regions import LIGHT_MPS

F = 915e6
REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "sionna_box.json"
LAYERS = [(PLASTERBOARD, 0.025)] * 4 + [(CONCRETE, 0.2)] * 2 + [(AIR, 0.0)]
BOX = Box((8.0, 6.0, 3.0), Slabs.of(LAYERS, F))


def taken_by(element, paths, xyz_m):
    """What an element at a point takes up of every path (k,), free-space loss included."""
    unit = (xyz_m - paths.origin_m) / paths.length_m[0][:, None]
    last = element.field(-unit)
    return (last * paths.field[0]).sum(axis=1) / paths.length_m[0]


@pytest.mark.skipif(not REFERENCE.exists(), reason=f"{REFERENCE} is not here")
@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("receiver", ["A", "B", "C"])
def test_the_reference_box_is_met_path_by_path(number, receiver):
    reference = json.loads(REFERENCE.read_text())
    settings, case = reference["settings"], reference["cases"][number]
    frequency_hz, wanted = settings["frequency_hz"], case["rx"][receiver]
    permittivity = complex_permittivity(
        case["relative_permittivity"], case["conductivity_S_m"], frequency_hz
    )
    slabs = Slabs(np.full(6, permittivity), np.full(6, case["thickness_m"]), frequency_hz)
    box = Box(tuple(settings["room_m"]), slabs, settings["max_depth"])
    xyz = np.array(settings["rx"][receiver])
    paths = image_paths(np.array(settings["tx"]), Isotropic(case["pol_tx"]), box, xyz[None])
    gain = taken_by(Isotropic(case["pol_rx"]), paths, xyz)
    h = add_up(gain[None], paths.length_m, frequency_hz)[0]
    ratio = h / (wanted["h_re"] + 1j * wanted["h_im"])
    assert abs(20 * np.log10(abs(ratio))) < 0.05
    assert abs(np.angle(ratio)) < 0.01

    order = np.argsort(paths.length_m[0])
    theirs = sorted(wanted["paths"], key=lambda path: path["tau_s"])
    assert len(theirs) == wanted["n_paths"] == len(order)
    amplitude = np.array([path["a_re"] + 1j * path["a_im"] for path in theirs])
    np.testing.assert_allclose(friis(frequency_hz) * gain[order], amplitude, atol=1e-6)
    delay = np.array([path["tau_s"] for path in theirs])
    np.testing.assert_allclose(paths.length_m[0, order] / LIGHT_MPS, delay, atol=2e-14)
    for row, path in zip(order, theirs, strict=True):
        met = paths.corner_m[0, row, 1 : 1 + path["order"]]
        np.testing.assert_allclose(met, np.reshape(path["vertices"], (-1, 3)), atol=2e-4)


@pytest.mark.parametrize(("order", "count"), [(0, 1), (1, 7), (2, 25), (3, 63)])
def test_a_box_has_so_many_images(order, count):
    assert len(Lattice.of(order).cell) == count


inside = st.tuples(st.floats(0.1, 7.9), st.floats(0.1, 5.9), st.floats(0.1, 2.9))
unit = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1)).filter(
    lambda v: np.linalg.norm(v) > 0.1
)


def patch(look):
    return Patch(tuple(np.array(look) / np.linalg.norm(look)), 8.5, 70.0)


def _crossed_at(a, b, box):
    """How far along the way from each image its walls are crossed, (k, order); beyond 1: none."""
    lattice, size = box.lattice, np.array(box.size_m)
    origin = image_paths(a, Isotropic(), box, b[None]).origin_m
    share = np.tile(2.0 + np.arange(box.order), (len(origin), 1))
    for row, column in zip(*np.nonzero(lattice.axis >= 0), strict=True):
        axis = lattice.axis[row, column]
        plane_m = lattice.plane[row, column] * size[axis]
        share[row, column] = (plane_m - origin[row, axis]) / (b[axis] - origin[row, axis])
    return share


@given(inside, inside, unit, unit, st.integers(1, 3))
def test_swapping_the_ends_changes_nothing(a, b, look_a, look_b, order):
    box = Box(BOX.size_m, BOX.slabs, order)
    one, other = patch(look_a), patch(look_b)
    apart = np.subtract(b, a)
    if np.linalg.norm(apart) < 0.05:
        return
    # Straight behind a circular antenna the direction of its field is not defined.
    along = [abs(np.dot(apart, e.boresight)) / np.linalg.norm(apart) for e in (one, other)]
    assume(max(along) < 0.999)
    # A ray into the very edge of two walls meets neither of them first.
    share = np.sort(_crossed_at(np.array(a), np.array(b), box), axis=1)
    assume((np.diff(share, axis=1) > 1e-6).all())
    there, back = (
        taken_by(last, image_paths(np.array(start), first, box, np.array([end])), np.array(end))
        * friis(F)
        * turn(image_paths(np.array(start), first, box, np.array([end])).length_m[0], F)
        for start, first, end, last in ((a, one, b, other), (b, other, a, one))
    )
    np.testing.assert_allclose(there.sum(), back.sum(), atol=1e-6 * np.abs(there).sum())


@given(inside, inside)
def test_corners_lie_in_the_room_and_add_up_to_the_length(a, b):
    if np.linalg.norm(np.subtract(a, b)) < 0.05:
        return
    paths = image_paths(np.array(a), Isotropic(), BOX, np.array([b]))
    steps = np.linalg.norm(np.diff(paths.corner_m, axis=2), axis=3)
    np.testing.assert_allclose(steps.sum(axis=2), paths.length_m, rtol=1e-9)
    assert (paths.corner_m > -1e-9).all()
    assert (paths.corner_m < np.array(BOX.size_m) + 1e-9).all()


@given(inside, inside)
def test_no_reflection_adds_to_the_field(a, b):
    if np.linalg.norm(np.subtract(a, b)) < 0.05:
        return
    paths = image_paths(np.array(a), Isotropic(), BOX, np.array([b]))
    size = np.linalg.norm(paths.field[0], axis=1)
    assert (size <= 1 + 1e-9).all()
    towards = (b - paths.origin_m) / paths.length_m[0][:, None]
    across = np.abs((paths.field[0] * towards).sum(axis=1))
    assert (across < 1e-6).all()  # a plane wave is transverse


def test_metal_returns_a_circular_wave_with_the_other_hand():
    wall = Slabs.of([(AIR, 0.0)] * 4 + [(AIR, 0.0), (AIR, 0.0)], F)
    metal = Slabs(np.append(wall.permittivity[:5], 1 - 1e9j), np.full(6, 0.1), F)
    up = patch([0, 0, 1])
    xyz = np.array([4.0, 3.0, 1.0])
    paths = image_paths(xyz, up, Box((8.0, 6.0, 3.0), metal, 1), np.array([xyz + [0, 0, 1e-3]]))
    ceiling = int(np.argmin(np.abs(paths.length_m[0] - 4.0)))
    own = taken_by(up, paths, xyz)
    assert np.linalg.norm(paths.field[0, ceiling]) > 2.5
    assert abs(own[ceiling]) < 1e-3


def test_a_doorway_in_a_wall_reflects_nothing():
    xyz = np.array([[4.0, 1.0, 1.0]])
    whole = image_paths(np.array([4.0, 2.0, 1.0]), Isotropic(), BOX, xyz)
    door = Pane(2, (3.5, 0.0, 0.0), (4.5, 0.0, 2.1), 6)
    open_box = Box(BOX.size_m, BOX.slabs, 2, (door,))
    opened = image_paths(np.array([4.0, 2.0, 1.0]), Isotropic(), open_box, xyz)
    lost = np.linalg.norm(opened.field[0], axis=1) < 1e-9
    assert (np.linalg.norm(whole.field[0], axis=1) > 1e-3).all()
    through = [row for row in range(25) if (np.abs(whole.corner_m[0, row, 1:-1, 1]) < 1e-9).any()]
    assert 0 < lost.sum() <= len(through)
    assert not lost[0]
