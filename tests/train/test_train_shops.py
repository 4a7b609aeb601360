"""Rendered training material, and the shipped detector on shops it has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.simulate.camera.studio import PeopleStudio
from retailsim.train.composite import Sample, visible_boxes
from retailsim.train.detector_evaluation import evaluate_detector
from retailsim.train.people_layers import SIZE_PX, people_layer
from retailsim.train.shop_scenes import draw_shop, shop_layers

pytestmark = pytest.mark.gl


@pytest.fixture(scope="module")
def shop() -> list[Sample]:
    """An eighth of the pictures of one random shop, with their visible boxes."""
    layers = list(shop_layers(np.random.default_rng(77_001), 77_001))[::8]
    return [
        Sample(layer.image, *visible_boxes(layer.label, layer.full_area_px)) for layer in layers
    ]


def test_people_layers_are_labelled_where_people_are():
    studio = PeopleStudio(*SIZE_PX)
    counts = []
    for seed in range(6):
        layer = people_layer(np.random.default_rng(seed), studio)
        assert layer.image.shape == (SIZE_PX[1], SIZE_PX[0], 3)
        assert layer.label.max() <= len(layer.full_area_px)
        for k in range(1, int(layer.label.max()) + 1):
            seen = np.count_nonzero(layer.label == k)
            assert seen <= 1.6 * layer.full_area_px[k - 1] + 50
        counts.append(int(layer.label.max()))
    assert sum(counts) > 6


def test_no_two_shops_are_alike():
    first, second = (draw_shop(np.random.default_rng(seed)) for seed in (1, 2))
    assert first.cameras != second.cameras
    assert [s.colour for s in first.catalogue] != [s.colour for s in second.catalogue]


def test_the_shipped_detector_finds_people_in_an_unseen_shop(shop):
    found = evaluate_detector("person-detector", shop)["ap50"]
    assert found is not None
    assert found > 0.6


def test_shuffled_rows_hide_people(shop):
    rng = np.random.default_rng(5)
    torn = [Sample(rng.permutation(s.image), s.boxes, s.ignore) for s in shop]
    figure = evaluate_detector("person-detector", torn)["ap50"]
    assert figure is not None
    assert figure < 0.1
