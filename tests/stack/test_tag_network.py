"""The tag motion network: one bin at a time in NumPy, many at once in torch, the same answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from retailsim.errors import ModelError
from retailsim.stack.tagmotion.network import LAG_BINS, NEIGHBOURS, MotionNetwork, Neighbours
from retailsim.stack.tagmotion.pairs import PAIR_NAMES, TAG_NAMES, PairBin
from retailsim.stack.tagmotion.read_bins import BIN_S
from retailsim.train.export import write_network
from retailsim.train.tagmotion_net import TagMotionNet

TAGS, BINS = 30, 12
RULE = {"flip_on": 0.5, "flip_off": 0.1, "flip_at_once": 0.9, "window_on": 0.2}
CONFIG = {"pairs": list(PAIR_NAMES), "tags": list(TAG_NAMES), "bin_s": BIN_S, **RULE}
XYZ_M = np.random.default_rng(1).uniform(0, 2, (TAGS, 3))


def bins(seed=0, tags=TAGS):
    rng = np.random.default_rng(seed)
    for _ in range(BINS):
        tag = np.sort(rng.integers(0, tags, rng.integers(0, 3 * tags)))
        yield PairBin(
            tag,
            rng.normal(size=(len(tag), len(PAIR_NAMES))).astype(np.float32),
            rng.normal(size=(tags, len(TAG_NAMES))).astype(np.float32),
        )


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(3)
    return TagMotionNet(len(PAIR_NAMES), len(TAG_NAMES)).eval()


@pytest.fixture(scope="module")
def folder(net, tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    write_network(path, net, CONFIG, half=False)
    return path


def test_numpy_bin_by_bin_says_what_torch_says_of_all_bins(net, folder):
    made, near = list(bins()), Neighbours.of(XYZ_M)
    cell = np.concatenate([b.tag * BINS + i for i, b in enumerate(made)])
    with torch.no_grad():
        logits = net(
            torch.from_numpy(np.concatenate([b.pairs for b in made])),
            torch.from_numpy(cell),
            torch.from_numpy(np.stack([b.tags for b in made], axis=1)),
            torch.from_numpy(near.row),
            torch.from_numpy(near.share),
        )
    wanted = torch.softmax(logits, dim=-1).numpy()
    network = MotionNetwork(str(folder), XYZ_M)
    for i, bin_ in enumerate(made):
        said = network.add(bin_)
        assert np.allclose(said.now, wanted[:, i, 0], atol=1e-5)
        assert (said.late is None) == (i < LAG_BINS)
        if said.late is not None:
            assert np.allclose(said.late, wanted[:, i, 1], atol=1e-5)


def test_the_order_of_tags_is_of_no_account(folder):
    order = np.random.default_rng(4).permutation(TAGS)
    place = np.argsort(order)
    one, other = (MotionNetwork(str(folder), xyz) for xyz in (XYZ_M, XYZ_M[order]))
    for bin_ in bins(5):
        rows = np.argsort(place[bin_.tag], kind="stable")
        shuffled = PairBin(place[bin_.tag][rows], bin_.pairs[rows], bin_.tags[order])
        assert np.allclose(one.add(bin_).now[order], other.add(shuffled).now, atol=1e-5)


@pytest.mark.parametrize("tags", [0, 1, 2])
def test_shops_with_hardly_any_tags_are_shops_too(folder, tags):
    network = MotionNetwork(str(folder), XYZ_M[:tags])
    for bin_ in bins(6, max(tags, 1)):
        fits = bin_.tag < tags
        said = network.add(PairBin(bin_.tag[fits], bin_.pairs[fits], bin_.tags[:tags]))
        assert said.now.shape == (tags, 3)
        assert np.isfinite(said.now).all()


def test_only_tags_within_reach_are_neighbours():
    near = Neighbours.of(np.array([[0.0, 0, 0], [0.1, 0, 0], [5.0, 0, 0]]))
    assert near.row[:, 0].tolist() == [1, 0, 3]
    assert (near.share > 0).sum(axis=1).tolist() == [1, 1, 0]
    assert (near.row == 3).sum(axis=1).tolist() == [n - 1 for n in (NEIGHBOURS, NEIGHBOURS)] + [
        NEIGHBOURS
    ]


def test_weights_and_features_that_do_not_fit_are_named(net, tmp_path):
    write_network(tmp_path, net, {**CONFIG, "pairs": ["reads"]})
    with pytest.raises(ModelError, match="other features"):
        MotionNetwork(str(tmp_path), XYZ_M)
    narrow = TagMotionNet(len(PAIR_NAMES) - 1, len(TAG_NAMES))
    write_network(tmp_path, narrow, CONFIG)
    with pytest.raises(ModelError, match=r"pair1\.weight"):
        MotionNetwork(str(tmp_path), XYZ_M)


@pytest.mark.parametrize("value", [None, "often", 1.5])
def test_thresholds_that_are_none_are_named(net, tmp_path, value):
    write_network(tmp_path, net, {**CONFIG, "flip_off": value})
    with pytest.raises(ModelError, match="flip_off"):
        MotionNetwork(str(tmp_path), XYZ_M)
