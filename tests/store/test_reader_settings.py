"""Readers' settings in a plan, and plans from before there were any."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from retailsim.store.plan import Antenna, Reader, StorePlan

ANTENNA = Antenna(port=1, position_m=(0, 0, 2), look_at_m=(0, 0, 0))


def reader(**settings):
    return Reader(id="r", antennas=[ANTENNA], **settings)


def test_defaults_are_those_of_a_reader_that_watches_for_motion():
    made = reader()
    assert (made.link_mode, made.session, made.target) == ("m2", 2, "dual")
    assert made.antenna_dwell_s == 0.12


@pytest.mark.parametrize(
    ("rate", "mode"), [(350.0, "m2"), (525.0, "fm0"), (700.0, "fm0"), (60, "m8")]
)
def test_a_plan_from_before_modes_still_loads(rate, mode):
    assert reader(tags_per_s=rate).link_mode == mode


def test_a_plan_comes_back_from_its_text_as_it_was():
    for made in (
        reader(),
        reader(tags_per_s=525),
        reader(mode="m8", session=1, target="suppression"),
    ):
        plan = StorePlan(name="shop", readers=[made])
        assert StorePlan.model_validate_json(plan.model_dump_json()) == plan


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mode": "m3"}, "mode"),
        ({"session": 4}, "session"),
        ({"target": "both"}, "target"),
        ({"antenna_dwell_s": 0.0}, "antenna_dwell_s"),
        ({"target": "suppression"}, "session: 1"),
        ({"mode": "m2", "tags_per_s": 350}, "not both"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, words):
    with pytest.raises(ValidationError, match=words):
        reader(**settings)
