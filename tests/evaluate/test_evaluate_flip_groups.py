"""Flips by reads and by distance: every verdict is in one group, and groups add up."""

from __future__ import annotations

import numpy as np
import pytest
from evaluate_scenes import EPC, at, handled, plan, reads
from hypothesis import given
from hypothesis import strategies as st

from retailsim.evaluate.flip import Verdict, handling, judge_flips, score_flip, tally
from retailsim.evaluate.flip_groups import (
    by_distance,
    by_reads,
    group_figures,
    median_delay_s,
    nearest_antenna_m,
)
from retailsim.evaluate.reads import ReadTimes
from retailsim.messages.log import MessageLog
from retailsim.messages.results import TagMotion


def verdicts(truth, alarms, read):
    times, said = ReadTimes(MessageLog([reads(read)])), MessageLog()
    for begin, end, told in alarms:
        said.append(TagMotion(at(begin), at(end), EPC, "flip", 0.9), emitted_ns=at(told))
    events = handling(MessageLog(truth), times)
    return judge_flips(events, said, times), score_flip(events, said, times, found=True)


def test_flips_count_where_their_reads_put_them():
    truth = [handled(10, 12), handled(20, 22), handled(30, 32), handled(40, 42)]
    read = [*np.linspace(10, 12, 12), *np.linspace(20, 22, 4), 30.5, 31, 50, 51, 52]
    found, _ = verdicts(truth, [(10, 12, 13), (30, 32, 35), (50, 52, 53)], read)
    groups = {name: tally(some) for name, some in by_reads(found).items()}
    assert groups == {
        "0": (0, 1, 0), "1-2": (1, 0, 0), "3-5": (0, 1, 1), "6-10": (0, 0, 0), ">10": (1, 0, 0),
    }  # fmt: skip


def test_figures_of_a_group_by_hand():
    some = [
        Verdict("hit", EPC, 5, delay_s=1.0),
        Verdict("hit", EPC, 5, delay_s=2.0),
        Verdict("hit", EPC, 5, delay_s=9.0),
        Verdict("miss", EPC, 5),
        Verdict("false", EPC, 5),
    ]
    figures = group_figures(some)
    assert figures["precision"] == figures["recall"] == pytest.approx(3 / 4)
    assert figures["f1"] == pytest.approx(3 / 4)
    assert (figures["flips"], figures["false_alarms"]) == (4.0, 1.0)
    assert figures["delay_median_s"] == 2.0
    assert set(group_figures([]).values()) == {0.0, None}
    assert median_delay_s([]) is None


spans = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5)), max_size=6)


@given(spans, spans, st.lists(st.integers(0, 560), min_size=1, max_size=80))
def test_groups_add_up_to_the_scorecard(truth, alarms, read):
    flips = [handled(b, b + n) for b, n in truth]
    found, card = verdicts(flips, [(b, b + n, b + n + 1) for b, n in alarms], np.array(read) / 10)
    assert sum(v.outcome != "false" for v in found) == len(flips)
    parts = [tally(some) for some in by_reads(found).values()]
    assert tuple(map(sum, zip(*parts, strict=True))) == tally(found)
    hits, missed, false = tally(v for v in found if v.covered)
    assert card["recall"] == (hits / (hits + missed) if hits + missed else None)
    assert card["precision"] == (hits / (hits + false) if hits + false else None)
    assert all(v.reads >= 3 for v in found if v.covered and v.outcome != "false")


@given(st.floats(0, 20))
def test_every_distance_has_one_group(distance_m):
    groups = by_distance([Verdict("miss", EPC, 5)], {EPC: distance_m})
    assert sum(len(some) for some in groups.values()) == 1


def test_distance_is_that_of_the_nearest_antenna_to_the_place_of_the_planogram():
    shop = plan(
        fixtures=[
            {"id": "t", "kind": "table", "center_m": (2, 1), "size_m": (1, 1), "height_m": 0.8}
        ],
        catalogue=[
            {"id": "red", "name": "red", "kind": "shirt", "colour": "#b3212b", "style": "casual",
             "price_eur": 30}
        ],
        stock=[{"fixture": "t", "sku": "red", "count": 1}],
        readers=[
            {"id": "r", "antennas": [
                {"port": 1, "position_m": (2, 1, 2.8), "look_at_m": (2, 1, 0)},
                {"port": 2, "position_m": (0, 0, 2.8), "look_at_m": (2, 1, 0)},
            ]}
        ],
    )  # fmt: skip
    item = shop.items[0]
    place = np.array(shop.slot_xyz_m(item.fixture, item.slot))
    expected = np.linalg.norm(place - (2, 1, 2.8))
    assert nearest_antenna_m(shop) == {item.epc: pytest.approx(expected)}
    assert nearest_antenna_m(plan()) == {}
