"""How long tags remember that they were read, against the protocol's table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.rfid.flags import Flags

S = 1_000_000_000
TAGS = 50
ALL, NONE = np.ones(TAGS, bool), np.zeros(TAGS, bool)
EVERY = np.arange(TAGS)


def flags(session, **more):
    made = Flags(TAGS, session=session, rng=np.random.default_rng(1), **more)
    made.power(ALL, 0)
    made.invert(EVERY, np.zeros(TAGS, np.int64))
    assert made.b.all()
    return made


def at_b(made, second):
    made.settle(round(second * S))
    return int(made.b.sum())


@pytest.mark.parametrize("session", [0, 2, 3])
def test_while_energised_b_lasts(session):
    assert at_b(flags(session), 3600.0) == TAGS


def test_session_1_forgets_between_half_a_second_and_five_even_while_energised():
    made = flags(1)
    assert at_b(made, 0.499) == TAGS
    assert 0 < at_b(made, 2.5) < TAGS
    assert at_b(made, 5.0) == 0


def test_session_0_forgets_at_once_without_power():
    made = flags(0)
    made.power(NONE, S)
    assert at_b(made, 1.0) == 0


@pytest.mark.parametrize("session", [2, 3])
def test_sessions_2_and_3_remember_over_two_seconds_without_power(session):
    made = flags(session)
    made.power(NONE, 100 * S)
    assert at_b(made, 102.0) == TAGS
    assert at_b(made, 200.0) == 0


def test_power_that_comes_back_in_time_keeps_b():
    made = flags(2)
    made.power(NONE, 1 * S)
    made.power(ALL, 2 * S)
    assert at_b(made, 1000.0) == TAGS


def test_suppression_holds_session_1_while_energised_and_not_longer():
    made = flags(1, suppression=True)
    assert at_b(made, 60.0) == TAGS
    made.power(NONE, 60 * S)
    assert at_b(made, 60.499) == TAGS
    assert at_b(made, 65.0) == 0


def test_to_a_and_back_is_the_reads_doing():
    made = flags(2)
    made.invert(EVERY[:10], np.full(10, S))
    assert at_b(made, 1.0) == TAGS - 10
    assert not made.b[:10].any()


@given(
    st.integers(0, 3),
    st.lists(st.tuples(st.floats(0.0, 4.0), st.sampled_from(["on", "off", "read"])), max_size=12),
)
def test_flags_follow_the_table_in_any_order_of_events(session, events):
    """Against a model of one tag at a time, written from the table."""
    made = Flags(3, session=session, rng=np.random.default_rng(5))
    persistence = made.persistence_ns
    now, on, b, since = 0, False, np.zeros(3, bool), np.zeros(3, np.int64)
    for wait_s, event in events:
        now += round(wait_s * S)
        free_to_fall = session == 1 or not on
        if free_to_fall:
            b &= now - since < persistence
        if event == "read" and on:
            made.settle(now)
            made.invert(np.arange(3), np.full(3, now))
            b, since = ~b, np.full(3, now)
        elif event in ("on", "off"):
            made.power(np.full(3, event == "on"), now)
            if on and event == "off":
                b = b & (session != 0)
                since = since if session == 1 else np.full(3, now)
            on = event == "on"
        made.settle(now)
        assert (made.b == b).all()
