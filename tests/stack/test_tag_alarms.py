"""Alarms at once, events later: nothing said is lost, nothing is said twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retailsim.stack.tagmotion.alarms import Alarms, Begun
from retailsim.stack.tagmotion.network import LAG_BINS, Judgement, Motion
from retailsim.stack.tagmotion.segments import Hysteresis

RULE = Hysteresis(on=0.5, off=0.2, gap_bins=1, longest_bins=6)
TAGS = 2
SHARES = arrays(float, st.tuples(st.integers(1, 40), st.just(TAGS)), elements=st.floats(0, 1))


def play(now, late, at_once=0.8):
    """Return (bin, what was said) in order; both (bins, tags), of the same bins."""
    alarms, said = Alarms(TAGS, Motion.HANDLED, RULE, at_once=at_once), []

    def shares(p):
        return np.stack([1 - p, p, 0 * p], axis=1).astype(np.float32)

    for i in range(len(now)):
        known = shares(late[i - LAG_BINS]) if i >= LAG_BINS else None
        said += [(i, event) for event in alarms.add(Judgement(shares(now[i]), known))]
    return said + [(len(now), event) for event in alarms.rest()]


def quiet_but(at, high=1.0, bins=24):
    p = np.zeros((bins, TAGS))
    p[at, 0] = high
    return p


@given(SHARES, st.randoms(use_true_random=False))
def test_every_alarm_becomes_one_event_and_every_event_had_one(now, random):
    late = np.array([[random.random() for _ in range(TAGS)] for _ in now])
    said = play(now, late)
    for tag in range(TAGS):
        mine = [event for _, event in said if event.tag == tag]
        begun = [isinstance(event, Begun) for event in mine]
        assert len(begun) % 2 == 0
        assert all(begun[::2])
        assert not any(begun[1::2])


def test_what_is_sure_is_said_in_its_own_bin():
    (begun_at, begun), (_, event) = play(quiet_but(10), quiet_but(slice(9, 13)))
    assert begun_at == 10 == begun.first
    assert (event.first, event.last) == (9, 12)


def test_what_is_less_sure_waits_for_the_later_voice():
    (begun_at, begun), (_, event) = play(quiet_but(10, 0.7), quiet_but(10, 0.7))
    assert begun_at == 10 + LAG_BINS
    assert begun.first == event.first == 10


def test_an_alarm_taken_back_is_an_event_all_the_same():
    (_, begun), (_, event) = play(quiet_but(10), quiet_but(10, 0.0))
    assert begun.first == event.first == event.last == 10


def test_nothing_is_said_of_what_neither_voice_believes():
    assert play(quiet_but(10, 0.45), quiet_but(10, 0.45)) == []
