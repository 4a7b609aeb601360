"""Tag zones: for how much of its time each garment is reported where it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

import numpy as np

from retailsim.evaluate.figures import Figures, share
from retailsim.messages.log import MessageLog
from retailsim.messages.results import TagZones
from retailsim.messages.truth import TruthTagZones
from retailsim.store.plan import StorePlan
from retailsim.store.zones import OUTSIDE, zone_at

Changes = dict[str, list[tuple[int, str]]]


def home_zones(plan: StorePlan) -> dict[str, str]:
    """Return the zone of every garment's place in the planogram, by EPC."""
    xyz = [plan.slot_xyz_m(item.fixture, item.slot) for item in plan.items]
    zone = zone_at(plan, np.array(xyz, float).reshape(-1, 3)[:, :2]).tolist()
    return {item.epc: name for item, name in zip(plan.items, zone, strict=True)}


def score_tag_zone(
    truth: MessageLog,
    results: MessageLog,
    *,
    end_ns: int,
    found: bool,
    home: Mapping[str, str] | None = None,
) -> Figures:
    """Return `accuracy`: the share of tag-seconds in which the reported zone is the true one.

    Time a tag has spent out of the shop is left out; a tag not yet reported is wrong. The clock
    runs from the first truth about a tag to `end_ns`. `away_accuracy` is the same over the time
    that tags spent in another zone than that of their `home` (by EPC). None when `found` is
    False.
    """
    real, said = _changes(truth.of(TruthTagZones)), _changes(results.of(TagZones))
    if not found:
        return {"accuracy": None, "away_accuracy": None}
    right, total, home = [0, 0], [0, 0], home or {}
    for epc, steps in real.items():
        times, zones = zip(*said.get(epc, []), strict=True) if epc in said else ((), ())
        for begin, end, zone in _spans(steps, end_ns):
            if zone == OUTSIDE:
                continue
            away = zone != home.get(epc, zone)
            total[away] += end - begin
            inner = [t for t in times if begin < t < end]
            for a, b in zip([begin, *inner], [*inner, end], strict=True):
                latest = bisect_right(times, a) - 1
                right[away] += (b - a) * (latest >= 0 and zones[latest] == zone)
    return {
        "accuracy": share(sum(right), sum(total)),
        "away_accuracy": share(right[True], total[True]),
    }


def _changes(messages: Sequence[TruthTagZones | TagZones]) -> Changes:
    """Return (time, zone) by tag, in order of time."""
    steps: Changes = {}
    for message in sorted(messages, key=_time_ns):
        for epc, zone in zip(message.epc.tolist(), message.zone.tolist(), strict=True):
            steps.setdefault(epc, []).append((message.time_ns, zone))
    return steps


def _time_ns(message: TruthTagZones | TagZones) -> int:
    return message.time_ns


def _spans(steps: list[tuple[int, str]], end_ns: int) -> list[tuple[int, int, str]]:
    """Return (begin, end, zone) of a tag's steps."""
    ends = [*(time_ns for time_ns, _ in steps[1:]), max(end_ns, steps[-1][0])]
    return [(time_ns, end, zone) for (time_ns, zone), end in zip(steps, ends, strict=True)]
