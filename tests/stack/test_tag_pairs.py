"""Features of half a second of reads, by pair of tag and antenna."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.stack.tagmotion.pairs import PAIR_NAMES, USUAL_BINS, PairFeatures
from retailsim.stack.tagmotion.residuals import Reads, Residuals

TAGS, ANTENNAS = 12, 3
XYZ_M = np.random.default_rng(0).uniform(0, 2, (TAGS, 3))


def bins(count=8, *, tags=TAGS, per_bin=60, seed=1, channels=4):
    """Yield reads and residuals of still tags with a little noise."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        time_s = np.sort(number * 0.5 + rng.uniform(0, 0.5, per_bin))
        tag, antenna = rng.integers(0, tags, per_bin), rng.integers(0, ANTENNAS, per_bin)
        phase = rng.normal(0, 0.05, per_bin)
        reads = Reads(
            time_s, tag, antenna, rng.integers(0, channels, per_bin),
            rng.normal(-55, 1, per_bin), np.exp(1j * phase),
        )  # fmt: skip
        yield (
            reads,
            Residuals(phase, phase**2, rng.normal(0, 0.3, per_bin), np.ones(per_bin, bool)),
        )


def column(rows, name):
    return rows[:, PAIR_NAMES.index(name)]


def test_one_row_for_every_pair_that_was_read_in_order_of_tags():
    features = PairFeatures(XYZ_M, ANTENNAS)
    for reads, found in bins():
        made = features.add(reads, found)
        pairs = np.unique(reads.tag * ANTENNAS + reads.antenna)
        assert (made.tag == pairs // ANTENNAS).all()
        assert made.pairs.shape == (len(pairs), len(PAIR_NAMES))
        assert np.expm1(column(made.pairs, "reads")).sum() == pytest.approx(len(reads), rel=1e-5)
        assert np.isfinite(made.pairs).all()
        assert np.isfinite(made.tags).all()


def test_a_bin_without_reads_has_no_rows_and_still_counts_as_time():
    features = PairFeatures(XYZ_M, ANTENNAS)
    made = features.add(*next(bins(1, per_bin=0)))
    assert made.pairs.shape == (0, len(PAIR_NAMES))
    assert made.tags.shape[0] == TAGS


@pytest.mark.parametrize("silent", [0, 1, 7])
def test_what_is_usual_fades_in_bins_in_which_a_tag_is_silent(silent):
    features = PairFeatures(XYZ_M, ANTENNAS)
    reads, found = next(bins(1))
    none = reads.take(slice(0)), found.take(slice(0))
    before = np.expm1(column(features.add(reads, found).pairs, "reads"))
    for _ in range(silent):
        features.add(*none)
    made = features.add(reads, found)
    kept = 1 - 1 / USUAL_BINS
    usual = np.expm1(column(made.pairs, "usual_reads"))
    assert usual == pytest.approx(before / USUAL_BINS * kept**silent, rel=1e-4)
    of_tag = np.bincount(made.tag, usual * kept + before / USUAL_BINS, TAGS)
    assert np.expm1(made.tags[:, 1]) == pytest.approx(of_tag, rel=1e-4)


def test_the_order_in_which_tags_are_numbered_is_of_no_account():
    order = np.random.default_rng(3).permutation(TAGS)
    place = np.argsort(order)
    one, other = PairFeatures(XYZ_M, ANTENNAS), PairFeatures(XYZ_M[order], ANTENNAS)
    for reads, found in bins():
        renamed = Reads(
            reads.time_s, place[reads.tag], reads.antenna, reads.channel, reads.rssi_dbm,
            reads.doubled,
        )  # fmt: skip
        made, same = one.add(reads, found), other.add(renamed, found)
        rows = np.argsort(place[made.tag], kind="stable")
        assert np.allclose(made.pairs[rows], same.pairs, atol=1e-4)
        assert np.allclose(made.tags[order], same.tags, atol=1e-5)


def lone(turn_rad_per_s, *, known):
    """Features of one tag read often on one antenna while its phase turns."""
    features = PairFeatures(np.zeros((1, 3)), 1)
    rng = np.random.default_rng(5)
    for number in range(4):
        time_s = number * 0.5 + np.arange(20) * 0.025
        phase = np.angle(np.exp(1j * (turn_rad_per_s * time_s + rng.normal(0, 0.03, 20))))
        zero = np.zeros(20, np.int64)
        reads = Reads(time_s, zero, zero, zero, np.full(20, -50.0), np.exp(1j * phase))
        nothing = np.zeros(20)
        seen = np.full(20, known)
        found = Residuals(np.where(known, phase, 0.0), nothing, nothing, seen)
        made = features.add(reads, found)
    return made.pairs[0]


@pytest.mark.parametrize("known", [True, False])
def test_motion_shows_from_read_to_read_though_nothing_was_learnt(known):
    still, moving = (lone(turn, known=known)[None] for turn in (0.0, 30.0))
    assert column(still, "close_turns") == column(moving, "close_turns")
    assert column(moving, "close_turn") > 2 * column(still, "close_turn")


def test_neighbours_are_told_apart_from_the_tag_itself():
    xyz_m = np.array([[0.0, 0, 0], [0.1, 0, 0], [9.0, 0, 0]])
    features = PairFeatures(xyz_m, 1)
    tag = np.array([0, 0, 1, 2])
    zero = np.zeros(4, np.int64)
    reads = Reads(np.arange(4) * 0.1, tag, zero, zero, np.full(4, -50.0), np.ones(4, complex))
    off = np.array([0.0, 0.0, 2.0, 0.0])
    found = Residuals(off, off, np.zeros(4), np.ones(4, bool))
    made = features.add(reads, found).pairs
    near, own = column(made, "near_surprise"), column(made, "surprise")
    assert own[1] > 0 == own[0]
    assert near[0] > near[1] == 0
    assert near[2] == 0
