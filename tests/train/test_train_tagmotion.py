"""Training the tag motion classifier: labels, refusals, and that it learns what there is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from retailsim.errors import RetailError
from retailsim.messages.log import MessageLog
from retailsim.messages.truth import TruthCarry, TruthInteraction
from retailsim.simulate.scenario import load_scenario, load_store
from retailsim.stack.tagmotion.classifier import CONTEXT_BINS, Motion, MotionClassifier
from retailsim.stack.tagmotion.features import NAMES, compress
from retailsim.train.tagmotion import (
    BIN_NS,
    IGNORE,
    Perceptron,
    Session,
    _labels,
    _seeds,
    export,
    merge,
    play,
    probabilities,
    train,
)

T0 = 1_700_000_000 * 10**9


def test_judging_seeds_are_refused():
    scenario = load_scenario("scenarios/boutique.yaml")
    plan = load_store(scenario, "scenarios/boutique.yaml")
    with pytest.raises(RetailError, match="900001"):
        play(scenario, plan, seed=900001, duration_s=1.0)


def test_labels_tell_hands_from_carrying_and_leave_out_what_is_unclear():
    def at(seconds):
        return T0 + round(seconds * 1e9)

    truth = MessageLog(
        [
            TruthInteraction(at(2.0), at(3.5), 1, "a", "pickup"),
            TruthCarry(at(3.5), at(6.0), 1, "a"),
            TruthInteraction(at(1.1), at(2.1), 1, "b", "flip"),
        ]
    )
    start_ns = T0 + BIN_NS * np.arange(14)
    label = _labels(start_ns, truth, {"a": 0, "b": 1})
    hand, carried = int(Motion.HANDLED), int(Motion.CARRIED)
    assert label[:, 0].tolist() == [0] * 4 + [hand] * 3 + [carried] * 5 + [0] * 2
    assert label[:, 1].tolist() == [0, 0, hand, hand, IGNORE, IGNORE, IGNORE] + [0] * 7


def made_up(seed):
    """A session in which handled tags have one loud feature."""
    rng = np.random.default_rng(seed)
    label = (rng.random((120, 40)) < 0.02).astype(np.int8)
    features = rng.normal(0, 0.3, (120, 40, len(NAMES)))
    features[label == Motion.HANDLED, 3] += 3.0
    start_ns = T0 + BIN_NS * np.arange(120)
    log = MessageLog()
    return Session(seed, compress(features).astype(np.float16), start_ns, label, log, log)


@pytest.fixture(scope="module")
def net():
    return train([made_up(seed) for seed in range(8)], epochs=50)


def test_it_learns_what_tells_handled_tags(net):
    session = made_up(99)
    handled = probabilities(net, session)[..., Motion.HANDLED]
    quiet = handled[session.label == Motion.STILL]
    assert np.median(handled[session.label == Motion.HANDLED]) > np.quantile(quiet, 0.99)


def test_the_stage_computes_what_the_trained_network_computes(net, tmp_path):
    export(tmp_path, net, {}, "card")
    session, classifier = made_up(98), MotionClassifier(str(tmp_path))
    expected = probabilities(net, session)
    raw = session.features.astype(np.float64)
    features = np.sign(raw) * np.expm1(np.abs(raw))  # undo what compress does
    found = [p for row in features if (p := classifier.add(row)) is not None]
    whole = slice(CONTEXT_BINS, len(found))
    np.testing.assert_allclose(
        np.stack(found)[whole], expected[whole.start : whole.stop], atol=2e-3
    )


def test_a_merged_network_says_the_mean_of_its_members(net):
    torch.manual_seed(1)
    other = Perceptron().eval()
    other.mean, other.scale = net.mean, net.scale
    context = torch.randn(50, CONTEXT_BINS, len(NAMES))
    with torch.no_grad():
        both = (net(context) + other(context)) / 2
        torch.testing.assert_close(merge([net, other])(context), both, atol=1e-4, rtol=1e-4)


def test_seeds_are_lists_of_numbers_and_ranges():
    assert _seeds("3000:3003,3010") == [3000, 3001, 3002, 3010]
