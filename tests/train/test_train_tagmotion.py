"""Training the tag motion network: labels, windows, refusals, and that it learns what there is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import RetailError
from retailsim.messages.log import MessageLog
from retailsim.messages.truth import TruthCarry, TruthInteraction
from retailsim.stack.tagmotion.network import Motion
from retailsim.stack.tagmotion.pairs import PAIR_NAMES, TAG_NAMES
from retailsim.train import tagmotion_training
from retailsim.train.seeds import parse_seeds, written_seeds
from retailsim.train.tag_shops import MOST_TAGS, draw_shop
from retailsim.train.tagmotion_choice import MOST_FALSE, Figures, choose_rule, probabilities
from retailsim.train.tagmotion_data import BIN_NS, IGNORE, Session, labels, lone_tag_session
from retailsim.train.tagmotion_training import WINDOWS_AT_ONCE, Batches, train

T0 = 1_700_000_000 * 10**9
TAGS = 6


def test_judging_seeds_are_refused():
    with pytest.raises(RetailError, match="900001"):
        draw_shop(900001)
    with pytest.raises(RetailError, match="900001"):
        lone_tag_session(900001, moving=True)


def test_the_shop_that_is_kept_for_judging_is_refused():
    with pytest.raises(RetailError, match="second-shop"):
        draw_shop(1, scenario="second-shop")


@pytest.mark.parametrize("seed", range(12))
def test_drawn_shops_differ_and_stand_within_their_walls(seed):
    day, plan = draw_shop(seed)
    assert 0 < len(plan.items) <= MOST_TAGS + len(plan.stock)
    antennas = np.array([a.position_m for r in plan.readers for a in r.antennas])
    assert (antennas > 0).all()
    assert (antennas < [*plan.size_m, plan.height_m]).all()
    assert draw_shop(seed) == (day, plan)
    assert draw_shop(seed + 100)[1] != plan


def test_an_ordinary_day_is_played_in_the_same_shop_by_less_busy_hands():
    (busy, busy_shop), (day, shop) = draw_shop(3), draw_shop(3, busier=False)
    assert shop == busy_shop
    assert day.habits.garments_per_fixture < busy.habits.garments_per_fixture


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
    label = labels(start_ns, truth, {"a": 0, "b": 1})
    hand, carried = int(Motion.HANDLED), int(Motion.CARRIED)
    assert label[:, 0].tolist() == [0] * 4 + [hand] * 3 + [carried] * 5 + [0] * 2
    assert label[:, 1].tolist() == [0, 0, hand, hand, IGNORE, IGNORE, IGNORE] + [0] * 7


def made_up(seed, bins=120):
    """A session in which the reads of handled tags have one loud feature."""
    rng = np.random.default_rng(seed)
    label = (rng.random((bins, TAGS)) < 0.05).astype(np.int8)
    tag = np.tile(np.arange(TAGS), bins)
    pairs = rng.normal(0, 0.3, (bins * TAGS, len(PAIR_NAMES)))
    pairs[label.ravel() == Motion.HANDLED, 3] += 3.0
    return Session(
        start_ns=T0 + BIN_NS * np.arange(bins),
        first=TAGS * np.arange(bins + 1),
        tag=tag.astype(np.int16),
        pairs=pairs.astype(np.float16),
        tags=rng.normal(0, 0.3, (bins, TAGS, len(TAG_NAMES))).astype(np.float16),
        label=label,
        xyz_m=rng.uniform(0, 5, (TAGS, 3)),
    )


def test_windows_hold_each_pair_in_its_bin_and_are_empty_beyond_the_end():
    session = made_up(1, bins=20)
    window = session.window(15, 8)
    assert window.tags.shape == (TAGS, 8, len(TAG_NAMES))
    assert (window.label[:, 5:] == IGNORE).all()
    assert window.bin.tolist() == np.repeat(np.arange(5), TAGS).tolist()
    assert (session.label[15:] == window.label[:, :5].T).all()


def test_a_window_of_some_tags_keeps_what_is_theirs():
    whole, rows = made_up(1).window(10, 8), np.array([4, 1])
    some = whole.only(rows)
    assert (some.tags == whole.tags[rows]).all()
    assert (some.label == whole.label[rows]).all()
    for place, row in enumerate(rows):
        mine, before = some.tag == place, whole.tag == row
        assert (some.pairs[mine] == whole.pairs[before]).all()
        assert (some.bin[mine] == whole.bin[before]).all()


def test_large_shops_are_cut_to_the_tags_around_one(monkeypatch):
    monkeypatch.setattr(tagmotion_training, "TAGS_AT_ONCE", 3)
    for batch in Batches([made_up(2)] * 4, 0):
        assert batch.label.shape[0] == 3 * WINDOWS_AT_ONCE
        assert batch.inputs[1].max() < batch.label.numel()


def test_a_batch_keeps_shops_apart():
    sessions = [made_up(seed) for seed in range(2, 6)]
    for batch in Batches(sessions, 0):
        _, cell, tags, row, share = batch.inputs
        count, bins = batch.label.shape
        assert tags.shape[:2] == (count, bins) == (WINDOWS_AT_ONCE * TAGS, bins)
        assert cell.max() < count * bins
        there = share > 0
        same_shop = (row // TAGS) == (torch.arange(count)[:, None] // TAGS)
        assert same_shop[there].all()
        assert (row[~there] == count).all()


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """Train, break off half way, and go on from there."""
    kept, save, saved = tmp_path_factory.mktemp("run") / "run.pt", torch.save, []

    def break_off(state, path):
        if len(saved) == 12:
            raise KeyboardInterrupt
        saved.append(state["epochs"])
        save(state, path)

    sessions = [made_up(seed) for seed in range(6)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "save", break_off)
        with pytest.raises(KeyboardInterrupt):
            train(sessions, epochs=48, seed=0, checkpoint=kept)
    assert saved == list(range(1, 13))
    return train(sessions, epochs=48, seed=0, checkpoint=kept)


def test_it_learns_what_tells_handled_tags(net):
    session = made_up(99)
    handled = probabilities(net, session)[:, :, 0, Motion.HANDLED].T
    quiet = handled[session.label == Motion.STILL]
    assert np.median(handled[session.label == Motion.HANDLED]) > np.quantile(quiet, 0.99)


def test_seeds_are_parsed_as_ranges_and_single_ones():
    assert parse_seeds("3000:3003,3005") == [3000, 3001, 3002, 3005]
    assert written_seeds([3005, 3002, 3000, 3001]) == "3000:3003,3005"


@given(st.sets(st.integers(0, 60), min_size=1))
def test_written_seeds_are_read_again(seeds):
    assert parse_seeds(written_seeds(seeds)) == sorted(seeds)


def test_the_rule_is_the_best_of_those_that_hardly_cry_wolf(monkeypatch):
    """The lower `on`, the more flips are found, and the more alarms are false."""

    def judged(_, rule):
        hits = round(100 * (1.2 - rule.on))
        return Figures(
            hits,
            100 - hits,
            false=round(100 * (0.9 - rule.on)),
            tag_hours=100.0,
            median_delay_s=1.0,
        )

    monkeypatch.setattr("retailsim.train.tagmotion_choice.judge", judged)
    rule = choose_rule([])
    assert judged([], rule).false_per_tag_hour <= MOST_FALSE
    assert rule.on == 0.7  # the lowest of them
    assert rule.at_once == 0.7  # which makes no difference here, so the soonest


def test_if_every_rule_cries_wolf_the_calmest_is_taken(monkeypatch):
    monkeypatch.setattr(
        "retailsim.train.tagmotion_choice.judge",
        lambda _, rule: Figures(9, 1, round(100 * (2 - rule.on)), 1.0, None),
    )
    assert choose_rule([]).on == 0.9


def test_half_of_the_windows_lose_some_of_their_pairs():
    session = made_up(4, bins=64)
    batches = Batches([session] * 40, 0)
    share = np.array([len(b.inputs[0]) / (WINDOWS_AT_ONCE * 64 * TAGS) for b in batches])
    assert 0.75 < share.mean() < 0.95  # half of them keep all, half seven in ten
    assert 0.4 < share.min() < share.max() <= 1.0
