"""Training pictures: exact labels, no truth lost in mixing, the same draws every time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.errors import RetailError
from retailsim.train.backgrounds import background
from retailsim.train.composite import compose, visible_boxes
from retailsim.train.detector_data import Pictures, Store, collate, picture
from retailsim.train.junk import MAKERS, paste
from retailsim.train.layers import Layer, fill_outside, load_layer, save_layer
from retailsim.train.photometric import disturb
from retailsim.train.seeds import require_training_seed

SIZE = (208, 128)
INK = np.array([10, 200, 40], np.uint8)


def one_person(opaque: bool = False) -> Layer:
    label = np.zeros((192, 320), np.uint8)
    label[40:160, 140:180] = 1
    image = np.full((192, 320, 3), 90, np.uint8)
    image[label == 1] = INK
    return Layer(image, label, np.array([120 * 40], np.float32), opaque)


@pytest.fixture
def store(tmp_path) -> Store:
    for kind in ("people", "scenes", "backgrounds"):
        (tmp_path / kind).mkdir()
    for n in range(4):
        save_layer(tmp_path / "people" / f"{n:06d}.npz", one_person())
        save_layer(tmp_path / "scenes" / f"{n:06d}.npz", one_person(opaque=True))
        scene = background(np.random.default_rng(n), 320, 200)
        cv2.imwrite(str(tmp_path / "backgrounds" / f"{n:06d}.jpg"), scene)
    return Store.open(tmp_path)


@given(st.integers(0, 2**31), st.booleans())
@settings(max_examples=60, deadline=None)
def test_boxes_hold_the_person_wherever_they_are_put(seed, opaque):
    backdrop = np.full((200, 320, 3), 128, np.uint8)
    sample = compose(np.random.default_rng(seed), one_person(opaque), backdrop, SIZE)
    assert sample.image.shape == (SIZE[1], SIZE[0], 3)
    assert len(sample.boxes) <= 1
    for x1, y1, x2, y2 in sample.boxes:
        assert 0 <= x1 < x2 <= SIZE[0]
        assert 0 <= y1 < y2 <= SIZE[1]


def test_a_person_in_full_view_is_where_the_box_says():
    backdrop = np.full((200, 320, 3), 128, np.uint8)
    hits = []
    for seed in range(30):
        sample = compose(np.random.default_rng(seed), one_person(), backdrop, SIZE)
        for box in sample.boxes[~sample.ignore].astype(int):
            inside = sample.image[box[1] : box[3], box[0] : box[2]].astype(int)
            green = inside[..., 1] > inside[..., [0, 2]].max(axis=2) + 20
            hits.append(green.mean())
    assert len(hits) > 15
    assert np.median(hits) > 0.8


def test_a_mostly_hidden_person_is_ignored_and_a_wholly_hidden_one_left_out():
    label = np.zeros((100, 100), np.uint8)
    label[10:50, 10:20] = 1
    label[10:50, 40:43] = 2
    boxes, ignore = visible_boxes(label, np.array([400, 400, 400], np.float32))
    np.testing.assert_array_equal(boxes, [[10, 10, 20, 50], [40, 10, 43, 50]])
    np.testing.assert_array_equal(ignore, [False, False])
    _, ignore = visible_boxes(label, np.array([400, 1000, 400], np.float32))
    np.testing.assert_array_equal(ignore, [False, True])


def test_padding_shows_grey_and_no_people():
    backdrop = np.zeros((200, 320, 3), np.uint8)
    padded = [
        s
        for seed in range(40)
        if (s := compose(np.random.default_rng(seed), one_person(), backdrop, SIZE)).padding_px[0]
    ]
    assert padded
    for sample in padded:
        rows = sample.padding_px[0]
        shown = sample.padded(sample.image)
        assert np.all(shown[:rows] == 114)
        assert np.all(shown[-rows:] == 114)
        assert np.all(sample.boxes[:, 1] >= rows)


def test_a_layer_survives_storage(tmp_path):
    layer = one_person()
    save_layer(tmp_path / "a.npz", layer)
    again = load_layer(tmp_path / "a.npz")
    np.testing.assert_array_equal(again.label, layer.label)
    np.testing.assert_array_equal(again.full_area_px, layer.full_area_px)
    assert np.abs(again.image.astype(int) - layer.image).mean() < 3
    assert again.opaque is False


def test_a_file_that_is_no_layer_is_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(RetailError, match=r"a\.npz"):
        load_layer(tmp_path / "a.npz")


def test_colours_grow_beyond_the_outline():
    layer = one_person()
    grown = fill_outside(np.where(layer.label[..., None] > 0, layer.image, 0), layer.label)
    np.testing.assert_allclose(grown[100, 181], INK, atol=2)
    np.testing.assert_array_equal(grown[layer.label > 0], layer.image[layer.label > 0])


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_things_cover_what_is_behind_them(maker):
    canvas = np.full((200, 300, 3), 7, np.uint8)
    cut = maker(np.random.default_rng(2), 80)
    assert cut.shape[0] == 80
    assert cut.shape[2] == 4
    covered = paste(canvas, cut, 40, 60)
    assert covered.any()
    assert not covered[:60].any()
    assert np.all(canvas[:60] == 7)


def test_backgrounds_follow_from_their_draws_and_differ():
    first, again, other = (background(np.random.default_rng(s), 160, 96) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 5


@given(st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_disturbing_keeps_shape_and_kind(seed):
    image = background(np.random.default_rng(3), 96, 64)
    out = disturb(np.random.default_rng(seed), image)
    assert out.shape == image.shape
    assert out.dtype == np.uint8


def test_a_sample_follows_from_its_number_alone(store):
    first, again = (picture(store, 5, seed=1, size=SIZE) for _ in range(2))
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert np.any(picture(store, 5, seed=2, size=SIZE).image != first.image)


def test_a_series_goes_on_where_it_was_left(store):
    whole = iter(Pictures(store, seed=1, size=SIZE, batch=2))
    next(whole)
    second, _ = next(whole)
    resumed, _ = next(iter(Pictures(store, seed=1, size=SIZE, batch=2, start=2)))
    np.testing.assert_array_equal(second.numpy(), resumed.numpy())


def test_targets_are_padded_to_the_fullest_picture(store):
    samples = [picture(store, i, seed=1, size=SIZE) for i in range(8)]
    images, targets = collate(samples)
    assert images.shape == (8, SIZE[1], SIZE[0], 3)
    np.testing.assert_array_equal(targets.real.sum(1).numpy(), [len(s.boxes) for s in samples])


def test_the_held_out_part_is_no_part_of_the_other(store):
    learn, held_out = store.split()
    for kind in ("people", "scenes", "backgrounds"):
        assert getattr(held_out, kind)
        assert not set(getattr(learn, kind)) & set(getattr(held_out, kind))


def test_an_empty_data_set_is_refused(tmp_path):
    with pytest.raises(RetailError, match="no training data"):
        Store.open(tmp_path)


@pytest.mark.parametrize("seed", [900_000, 900_001, 10**9, -1])
def test_judging_seeds_are_refused(seed):
    with pytest.raises(RetailError, match="judging"):
        require_training_seed(seed)
