"""Training the published detectors: what is learnt, what is refused, and that the stage agrees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retailsim.errors import RetailError
from retailsim.simulate.record import record
from retailsim.simulate.scenario import parse_scenario
from retailsim.stack.tagmotion.motion_features import make_features
from retailsim.stack.tagmotion.network import Motion
from retailsim.stack.tagmotion.perceptron import Perceptron
from retailsim.store.load import parse_plan
from retailsim.train.published_motion import (
    AHEAD_BINS,
    PAST_BINS,
    Example,
    export,
    fit,
    probabilities,
    read_session,
)
from tests.simulate.conftest import SMALL_PLAN, SMALL_SCENARIO

NAMES = make_features("raw", tags=1, antennas=1, channels=1).names


def made_up(seed):
    """A session in which handled tags have one loud feature."""
    rng = np.random.default_rng(seed)
    label = (rng.random((100, 20)) < 0.03).astype(np.int8)
    features = rng.normal(0, 0.3, (100, 20, len(NAMES)))
    features[label == Motion.HANDLED, 3] += 3.0
    return Example(features.astype(np.float16), label)


@pytest.fixture(scope="module")
def net():
    return fit([made_up(seed) for seed in range(4)], epochs=40)


def test_it_learns_what_tells_handled_tags(net):
    example = made_up(99)
    handled = probabilities(net, example)[..., Motion.HANDLED]
    quiet = handled[example.label == Motion.STILL]
    assert np.median(handled[example.label == Motion.HANDLED]) > np.quantile(quiet, 0.98)


def test_the_stage_computes_what_the_trained_network_computes(net, tmp_path):
    rule = {"flip_on": 0.5, "flip_off": 0.1, "window_on": 0.2}
    export(tmp_path, net, "raw", rule, train=[], validate=[])
    example, classifier = made_up(98), Perceptron(str(tmp_path))
    expected = probabilities(net, example)
    compressed = example.features.astype(np.float64)
    raw = np.sign(compressed) * np.expm1(np.abs(compressed))  # undo what the stage does
    found = [p for row in raw if (p := classifier.add(row)) is not None]
    assert len(found) == len(expected) - AHEAD_BINS
    np.testing.assert_allclose(
        np.stack(found)[PAST_BINS:], expected[PAST_BINS : len(found)], atol=2e-3
    )


def test_judging_seeds_are_refused(tmp_path: Path):
    day = parse_scenario(SMALL_SCENARIO, origin="rush.yaml")
    plan = parse_plan(SMALL_PLAN, origin="kiosk.yaml")
    bag = tmp_path / "judging.bag"
    record(day, plan, bag, seed=900001, duration_s=1.0, video=False)
    with pytest.raises(RetailError, match="900001"):
        read_session(bag, "raw")
