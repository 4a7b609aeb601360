"""Rounds of inventory, slot by slot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.rfid.gen2 import MOST_Q, Round, SlotCounts, Slots, draw_answers, q_step
from retailsim.simulate.rfid.modes import SLOT_TIMES

TIMES = SLOT_TIMES["m2"]
S = 1_000_000_000


def slots(tags, *, seed=1, share=1.0, level_dbm=None):
    levels = [-50.0] * tags if level_dbm is None else level_dbm
    draw = np.random.default_rng(seed).random
    return Slots(TIMES, SlotCounts(), draw, [share] * tags, levels)


def play(tags, q, *, seconds=60.0, **more):
    player, round_ = slots(tags, **more), Round(list(range(tags)), float(q), q, 1 << q)
    read, at_ns = [], []
    end_ns, over = player.run(round_, 0, round(seconds * S), read, at_ns)
    return player.counts, round_, read, at_ns, end_ns, over


many = st.integers(0, 120)
seeds = st.integers(0, 10**6)


@given(many, st.integers(0, 9), seeds)
def test_a_round_reads_every_tag_that_is_always_understood_exactly_once(tags, q, seed):
    _, round_, read, _, _, over = play(tags, q, seed=seed)
    assert over
    assert sorted(read) == list(range(tags))
    assert round_.reads == tags


@given(many, st.integers(0, 9), seeds, st.floats(0.05, 1.0), st.floats(0.001, 0.2))
def test_no_tag_is_read_twice_and_none_vanishes(tags, q, seed, share, seconds):
    counts, round_, read, at_ns, _, _ = play(tags, q, seed=seed, share=share, seconds=seconds)
    assert sorted([*read, *round_.pool, *round_.waiting]) == list(range(tags))
    assert counts.read == len(read)
    assert (np.diff(at_ns) > 0).all()


@given(many, st.integers(0, 9), seeds, st.floats(0.05, 1.0))
def test_time_is_the_sum_of_the_slots(tags, q, seed, share):
    counts, _, _, _, end_ns, _ = play(tags, q, seed=seed, share=share)
    assert counts.slot_ns + counts.command_ns == end_ns
    assert counts.command_ns % TIMES.adjust_ns == 0
    least = counts.empty * TIMES.empty_ns + counts.read * TIMES.read_ns
    least += (counts.collided - counts.captured + counts.lost) * TIMES.garbled_ns
    refusals = (counts.slot_ns - least) / (TIMES.refused_ns - TIMES.garbled_ns)
    assert refusals == int(refusals)
    assert 0 <= refusals <= counts.lost


@given(many, st.integers(0, 9), seeds)
def test_a_round_in_pieces_is_the_round_in_one(tags, q, seed):
    _, _, whole, _, end_ns, _ = play(tags, q, seed=seed)
    player, round_ = slots(tags, seed=seed), Round(list(range(tags)), float(q), q, 1 << q)
    read, now_ns, over = [], 0, False
    while not over:
        now_ns, over = player.run(round_, now_ns, now_ns + 5_000_000, read, [])
    assert read == whole
    assert now_ns == end_ns


def test_the_order_of_reads_is_random():
    orders = [play(60, 6, seed=seed)[2] for seed in range(60)]
    assert len({tuple(order) for order in orders}) == 60
    place = np.array([np.argsort(order) for order in orders])  # of each tag in each round
    assert np.abs(place.mean(axis=0) - 29.5).max() < 4.5 * 17.3 / np.sqrt(60)


def test_q_finds_the_size_of_the_crowd():
    for tags in (60, 1000):
        player, round_ = slots(tags), Round(list(range(tags)), 4.0, 4, 16)
        read = []
        now_ns = 0
        while len(read) < tags / 3:
            now_ns, _ = player.run(round_, now_ns, now_ns + 1_000_000, read, [])
        assert abs(round_.q_float - np.log2(tags - len(read))) < 1.5
    assert all(0.1 <= q_step(q) <= 0.5 for q in range(MOST_Q + 1))


@given(st.integers(0, 400), st.integers(1, 300))
def test_answers_are_binomial(contenders, left):
    draws = (np.arange(400) + 0.5) / 400
    found = np.array([draw_answers(contenders, left, draw) for draw in draws])
    assert (np.diff(found) >= 0).all()
    mean, sigma = contenders / left, np.sqrt(contenders / left * (1 - 1 / left))
    assert found.mean() == pytest.approx(mean, abs=0.02 * sigma + 1e-9)
    assert found.std() == pytest.approx(sigma, rel=0.1, abs=0.03)


def test_of_a_collision_only_a_much_stronger_tag_is_read():
    equal = play(40, 3, seconds=60.0)[0]
    assert equal.captured == 0
    assert equal.collided > 10
    apart = [-40.0 - 20 * (tag % 2) for tag in range(40)]
    spread = play(40, 3, level_dbm=apart)[0]
    assert 0 < spread.captured < spread.collided


def test_replies_that_are_lost_are_counted_and_cost_time():
    good, bad = play(50, 5)[0], play(50, 5, share=0.5)[0]
    assert good.lost == 0
    assert bad.lost > 10
    assert bad.slot_ns / max(bad.read, 1) > good.slot_ns / good.read
