"""Parts of the training pictures left out: each switch does its own, and none does anything."""

from __future__ import annotations

import zlib
from dataclasses import replace
from itertools import combinations, islice

import cv2
import numpy as np
import pytest

from retailsim.errors import RetailError
from retailsim.simulate.camera.boxes import full_boxes_px
from retailsim.simulate.camera.optics import Light
from retailsim.simulate.camera.people import crowd_mesh
from retailsim.simulate.camera.studio import PeopleStudio
from retailsim.train.backgrounds import background
from retailsim.train.composite import compose
from retailsim.train.detector_data import Store, picture
from retailsim.train.detector_dataset import make_backgrounds
from retailsim.train.layers import Layer, save_layer
from retailsim.train.people_layers import (
    FEW_PEOPLE,
    SIZE_PX,
    apart,
    draw_light,
    draw_people,
    draw_viewpoint,
    dressed,
    people_layer,
)
from retailsim.train.randomisers import ALL, FACTORS, VARIANTS, Randomisers, pool, variant
from retailsim.train.shop_scenes import shop_layers

SIZE = (208, 128)
# What came out of the generators before there were switches.
MIXING_CRC = 4257474150
NEXT_DRAW = 1085540888
BACKDROP = np.full((200, 320, 3), 128, np.uint8)


def one_person(opaque: bool = False) -> Layer:
    label = np.zeros((192, 320), np.uint8)
    label[40:160, 140:180] = 1
    image = np.full((192, 320, 3), 90, np.uint8)
    image[label == 1] = (10, 200, 40)
    return Layer(image, label, np.array([120 * 40], np.float32), opaque)


def left_out(factor: str) -> Randomisers:
    return variant(f"no-{factor}")


def drawn_by_mixing(randomisers: Randomisers) -> list[int]:
    """What comes next out of the generators after pictures were mixed."""
    after = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        compose(rng, one_person(opaque=seed % 3 == 0), BACKDROP, SIZE, randomisers=randomisers)
        after.append(int(rng.integers(2**31)))
    return after


def test_nothing_is_left_out_by_default():
    assert ALL.left_out() == ()
    assert Randomisers() == variant("all")
    assert [variant(name).left_out() for name in VARIANTS[1:]] == [(f,) for f in FACTORS]
    with pytest.raises(RetailError, match="no-clutter"):
        variant("no-colour")


def test_pictures_are_drawn_as_they_were_before_there_were_switches():
    assert zlib.crc32(repr(drawn_by_mixing(ALL)).encode()) == MIXING_CRC
    rng = np.random.default_rng(3)
    background(rng, 160, 96)
    draw_viewpoint(rng)
    draw_light(rng)
    assert int(rng.integers(2**31)) == NEXT_DRAW


@pytest.mark.parametrize("factor", FACTORS)
def test_what_is_left_out_in_mixing_is_drawn_all_the_same(factor):
    assert drawn_by_mixing(left_out(factor)) == drawn_by_mixing(ALL)


def test_pools_made_without_a_factor_are_kept_apart(tmp_path):
    assert pool(tmp_path, "people") == tmp_path / "people"
    assert pool(tmp_path, "people", left_out("occluders")) == tmp_path / "people"
    assert pool(tmp_path, "scenes", left_out("clutter")) == tmp_path / "scenes-no-clutter"
    both = replace(left_out("crowding"), lighting=False)
    assert pool(tmp_path, "people", both) == tmp_path / "people-no-lighting-no-crowding"
    make_backgrounds(tmp_path, 2, seed=1, report=lambda *_: None, randomisers=left_out("clutter"))
    assert len(list((tmp_path / "backgrounds-no-clutter").glob("*.jpg"))) == 2
    assert not (tmp_path / "backgrounds").exists()


def test_without_clutter_backgrounds_have_no_edges():
    def edges(randomisers: Randomisers, seed: int) -> float:
        scene = background(np.random.default_rng(seed), 160, 96, randomisers=randomisers)
        return float(np.abs(cv2.Laplacian(scene, cv2.CV_32F)).mean())

    assert max(edges(left_out("clutter"), seed) for seed in range(10)) < 2
    assert min(edges(ALL, seed) for seed in range(10)) > 2


def test_without_occluders_nobody_is_covered():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        layer = one_person()
        sample = compose(rng, layer, BACKDROP, SIZE, randomisers=left_out("occluders"))
        for x1, y1, x2, y2 in sample.boxes.astype(int):
            inside = sample.image[y1:y2, x1:x2].astype(int)
            green = inside[..., 1] > inside[..., [0, 2]].max(axis=2) + 10
            assert green.mean() > 0.8


@pytest.fixture
def store(tmp_path) -> Store:
    for kind in ("people", "backgrounds"):
        (tmp_path / kind).mkdir()
    save_layer(tmp_path / "people" / "000000.npz", one_person())
    cv2.imwrite(str(tmp_path / "backgrounds" / "000000.jpg"), BACKDROP)
    return Store.open(tmp_path)


def colour_of_the_person(store: Store, randomisers: Randomisers) -> np.ndarray:
    """Median colours of the green rectangle in several pictures, (n, 3)."""
    found = []
    for i in range(30):
        sample = picture(store, i, seed=1, size=SIZE, randomisers=randomisers)
        for x1, y1, x2, y2 in sample.boxes[~sample.ignore].astype(int):
            found.append(np.median(sample.image[y1:y2, x1:x2], axis=(0, 1)))
    return np.array(found)


def test_without_lighting_colours_are_as_they_were_rendered(store):
    off = replace(left_out("lighting"), occluders=False)
    assert colour_of_the_person(store, off).std(axis=0).max() < 4
    on = replace(ALL, occluders=False)
    assert colour_of_the_person(store, on).std(axis=0).min() > 10


def test_without_lighting_all_renderings_have_one_light():
    lights = {draw_light(np.random.default_rng(s), left_out("lighting")) for s in range(5)}
    assert lights == {Light()}
    assert len({draw_light(np.random.default_rng(s)) for s in range(5)}) == 5


def test_without_clothing_clothes_are_flat_and_keep_their_colours():
    rng = np.random.default_rng(1)
    people = draw_people(rng, draw_viewpoint(rng), 12)
    assert dressed(people, ALL) is people
    plain = dressed(people, left_out("clothing"))
    for body, before in zip(plain.body, people.body, strict=True):
        clothes = body.clothes
        assert clothes.top_pattern == clothes.bottom_pattern == "plain"
        assert clothes.top_colour2 == clothes.top_colour == before.clothes.top_colour
        assert clothes.bottom_colour2 == clothes.bottom_colour == before.clothes.bottom_colour
        assert clothes.inner_colour is None
        assert replace(body, clothes=before.clothes) == before


def test_without_crowding_people_are_few_and_apart():
    for seed in range(8):
        rng = np.random.default_rng(seed)
        view = draw_viewpoint(rng)
        few = apart(draw_people(rng, view, 14), [view.projection])
        assert 1 <= len(few.body) <= FEW_PEOPLE
        assert len(few.xy_m) == len(few.pose) == len(few.body)
        boxes = full_boxes_px(view.projection, crowd_mesh(few).position)
        for a, b in combinations(boxes, 2):
            overlap = np.minimum(a[2:], b[2:]) > np.maximum(a[:2], b[:2])
            assert not overlap.all()


@pytest.mark.gl
def test_folds_go_with_the_texture_of_clothes():
    def roughness(factor: str | None) -> float:
        off = left_out(factor) if factor else ALL
        studio = PeopleStudio(*SIZE_PX, folds=off.clothing)
        total = 0.0
        for seed in range(4):
            layer = people_layer(np.random.default_rng(seed), studio, randomisers=off)
            inner = cv2.erode((layer.label > 0).astype(np.uint8), np.ones((5, 5))) > 0
            total += np.abs(cv2.Laplacian(layer.image, cv2.CV_32F))[inner].sum()
        return total

    assert roughness("clothing") < 0.9 * roughness(None)


@pytest.mark.gl
def test_a_shop_without_clutter_or_crowding_is_bare_and_quiet():
    def first(randomisers: Randomisers) -> list[Layer]:
        # This seed draws a small shop: a department store takes six times as long to build.
        layers = shop_layers(np.random.default_rng(6), 6, randomisers=randomisers)
        return list(islice(layers, 6))

    full, bare = first(ALL), first(left_out("clutter"))
    quiet = first(left_out("crowding"))
    assert sum(cv2.Canny(v.image, 80, 160).sum() for v in bare) < 0.9 * sum(
        cv2.Canny(v.image, 80, 160).sum() for v in full
    )
    people = [len(np.unique(v.label)) - 1 for v in quiet]
    assert max(people) <= FEW_PEOPLE
    assert sum(people) < sum(len(np.unique(v.label)) - 1 for v in full)
