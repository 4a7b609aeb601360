"""A sample is an even share of what a network is fed."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from retailsim.train.int8 import Sample


def sampled(sizes: list[int], most: int, seed: int = 1) -> Sample:
    """Feed batches of numbers 0, 1, 2, ... and their negatives."""
    sample = Sample(torch.nn.Identity(), most, np.random.default_rng(seed))
    numbers = np.arange(sum(sizes))
    for part in np.split(numbers, np.cumsum(sizes)[:-1]):
        sample.add([part[:, None], -part])
    return sample


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 30))
def test_it_keeps_as_many_as_wanted_each_once_and_whole(sizes: list[int], most: int) -> None:
    sample = sampled(sizes, most)
    assert sample.met == sum(sizes)
    assert len(sample.items) == min(most, sum(sizes))
    kept = [int(first[0, 0]) for first, _ in sample.items]
    assert len(set(kept)) == len(kept)
    for first, second in sample.items:
        assert first.shape == (1, 1)
        assert second.shape == (1,)
        assert first[0, 0] == -second[0]


def test_late_items_have_the_chance_of_early_ones() -> None:
    kept = [first[0, 0] for seed in range(400) for first, _ in sampled([10] * 4, 8, seed).items]
    shares = np.bincount(kept, minlength=40) / 400  # each 0.2, give or take 0.02
    assert shares.min() > 0.1
    assert shares.max() < 0.3
    assert abs(shares[:20].mean() - shares[20:].mean()) < 0.03


def test_what_is_kept_stays_when_the_batch_is_used_again() -> None:
    sample = Sample(torch.nn.Identity(), 1, np.random.default_rng(1))
    batch = np.ones((1, 2))
    sample.add([batch])
    batch[:] = 5
    np.testing.assert_array_equal(sample.items[0][0], [[1, 1]])
