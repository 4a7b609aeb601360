"""Links and slot times against what the Gen2 protocol allows and fixes."""

from __future__ import annotations

import pytest

from retailsim.simulate.rfid.modes import LINKS, SLOT_TIMES, Link, SlotTimes
from retailsim.store.modes import MODES, mode_for_rate

US = 1e-6


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_links_are_within_the_protocol(link):
    assert 6.25 * US <= link.tari_s <= 25 * US
    assert 1.5 <= link.pie <= 2.0
    assert 40e3 <= link.blf_hz <= 640e3
    assert 2.5 * link.tari_s <= link.rtcal_s <= 3.0 * link.tari_s
    assert 1.1 * link.rtcal_s <= link.trcal_s <= 3.0 * link.rtcal_s


def test_parts_of_a_slot_by_hand():
    link = Link(cycles=2, blf_hz=200e3, tari_s=10 * US, pie=2.0, pilot=False)
    assert link.rtcal_s == pytest.approx(30 * US)
    assert link.t1_s == pytest.approx(50 * US)  # ten periods of 5 us are longer than RTcal
    # Delimiter, data-0, RTcal, then four bits of 15 us on average.
    assert link.command_s(4) == pytest.approx((12.5 + 10 + 30 + 60) * US)
    assert link.command_s(4, preamble=True) - link.command_s(4) == pytest.approx(64 / 3 * 5 * US)
    # Ten symbols of preamble, 16 bits, the dummy bit; two cycles of 5 us each.
    assert link.reply_s(16) == pytest.approx(27 * 10 * US)
    assert Link(1, 200e3, 10 * US, 2.0, pilot=True).reply_s(16) == pytest.approx(35 * 5 * US)
    times = SlotTimes.of(link)
    rep, t1, rn16, t2 = 112.5, 50, 270, 50
    ack, epc = 52.5 + 18 * 15, 139 * 10
    assert times.garbled_ns == pytest.approx(1000 * (rep + t1 + rn16 + t2), abs=1)
    assert times.read_ns == pytest.approx(times.garbled_ns + 1000 * (ack + t1 + epc + t2), abs=1)
    assert times.empty_ns == pytest.approx(1000 * (rep + t1 + 25), abs=1)


def test_slots_take_the_longer_the_more_is_said():
    for times in SLOT_TIMES.values():
        assert times.empty_ns < times.garbled_ns < times.read_ns < times.refused_ns
    reads = [SLOT_TIMES[name].read_ns for name in ("fm0", "m2", "m4", "m8")]
    assert reads == sorted(reads)


def test_a_slower_mode_hears_weaker_tags():
    by_rate = sorted(MODES.values(), key=lambda mode: mode.tags_per_s)
    assert [m.sensitivity_dbm for m in by_rate] == sorted(m.sensitivity_dbm for m in by_rate)


@pytest.mark.parametrize(
    ("tags_per_s", "mode"),
    [(50, "m8"), (76, "m8"), (77, "m4"), (350, "m2"), (525, "fm0"), (700, "fm0")],
)
def test_the_rate_of_an_old_plan_names_a_mode(tags_per_s, mode):
    assert mode_for_rate(tags_per_s) == mode
