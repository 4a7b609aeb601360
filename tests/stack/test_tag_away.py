"""Which antennas hear a garment, and which do not, says where it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.stack.tagmotion.away import AwayFilter
from retailsim.stack.tagmotion.hearing import LEAST, LEVEL_DBM, MOST, Hearing
from retailsim.stack.tagmotion.location import (
    CARRY_DEAF_DB,
    CARRY_LOSS_DB,
    RSSI_SIGMA_DB,
    TRUST,
    SignalMap,
    antenna_geometry,
)
from retailsim.stack.tagmotion.residuals import Reads
from retailsim.store.zones import ZoneMap
from tests.stack.tag_sessions import HOME_M, PLAN

LEVEL = np.array([-52.7, -10.8, -7.5])  # as fitted to days of this shop
DEAF_DBM = -66.0
GARMENT = 7


@given(st.lists(st.tuples(st.floats(-90, -30), st.booleans()), max_size=40))
def test_an_antenna_never_hears_less_of_what_is_louder(seconds):
    hearing = Hearing()
    for dbm, heard in seconds:
        hearing.learn(np.array([[dbm]]), np.array([[heard]]), np.array([30.0]))
    share = hearing.share(np.linspace(-100.0, -20.0, 200))
    assert (np.diff(share) >= 0).all()
    assert share.min() >= LEAST
    assert share.max() <= MOST
    heard, silent = hearing.log_heard(LEVEL_DBM), hearing.log_silent(LEVEL_DBM)
    assert np.exp(heard) + np.exp(silent) == pytest.approx(1.0)


def test_a_deaf_reader_is_learnt_to_be_deaf():
    hearing = Hearing()
    before, silent = hearing.share(LEVEL_DBM), np.zeros((1, len(LEVEL_DBM)), np.bool_)
    hearing.learn(LEVEL_DBM[None], silent, np.array([600.0]))
    assert (hearing.share(LEVEL_DBM)[before > 0.5] < 0.1).all()


@pytest.fixture(scope="module")
def signals() -> SignalMap:
    """A map that has seen all garments at their places for half a minute."""
    signals, dbm = SignalMap(PLAN, HOME_M), antenna_geometry(PLAN, HOME_M) @ LEVEL
    heard = dbm > DEAF_DBM
    tag, antenna = np.nonzero(heard)
    for _ in range(30):
        signals.learn(tag, antenna, dbm[tag, antenna])
        signals.learn_rates(heard.astype(float), np.ones(len(HOME_M)))
        signals.solve()
    return signals


def test_a_cell_explains_a_second_by_who_hears_the_tag_and_how_loud_and_who_does_not(signals):
    rng = np.random.default_rng(3)
    tags = np.arange(4)
    count = (rng.random((4, signals.antennas)) < [[0.0], [0.2], [0.5], [1.0]]).astype(float)
    mean_dbm = rng.uniform(-80, -40, count.shape)
    fits = signals.log_likelihood(tags, count, mean_dbm)
    cells = signals._at_cells @ signals._solved - CARRY_LOSS_DB
    for tag in tags:
        expected = cells + signals._offset[tag]
        share = signals._hearing.share(expected - CARRY_DEAF_DB)
        off = (mean_dbm[tag] - expected) / RSSI_SIGMA_DB
        heard = np.log(share) - 0.5 * np.minimum(off**2, 12.0)
        told = np.where(count[tag] > 0, heard, np.log(1 - share))
        np.testing.assert_allclose(fits[tag], TRUST * told.sum(axis=-1), rtol=1e-9)


def follow(signals: SignalMap, xyz_m: np.ndarray, loss_db: float) -> AwayFilter:
    """Follow a garment for twelve seconds that is where it is said to be."""
    away = AwayFilter(
        signals, ZoneMap(PLAN).at(signals.cell_xy_m), HOME_M[:, :2], sure=0.6, steps=2
    )
    away.start(GARMENT, HOME_M[GARMENT, :2])
    dbm = (antenna_geometry(PLAN, xyz_m[None]) @ LEVEL)[0] - loss_db
    antenna = np.flatnonzero(dbm > DEAF_DBM)
    same = np.zeros(len(antenna), np.int64)
    reads = Reads(same * 0.0, same + GARMENT, antenna, same, dbm[antenna], np.exp(0j * same))
    for _ in range(12):
        away.follow([GARMENT], reads)
    return away


@pytest.mark.parametrize("xy_m", [(10.6, 2.6), (7.4, 7.4), (4.2, 4.4)])
def test_a_carried_garment_is_found_near_who_carries_it(signals, xy_m):
    away = follow(signals, np.array([*xy_m, 1.1]), CARRY_LOSS_DB)
    found_m, sigma_m = away.position(GARMENT)
    assert np.linalg.norm(found_m - xy_m) < min(1.5, 2.5 * sigma_m)
    assert away.handled(GARMENT) < 0.1


def test_a_garment_heard_as_ever_is_only_handled(signals):
    assert follow(signals, HOME_M[GARMENT], 0.0).handled(GARMENT) > 0.5
