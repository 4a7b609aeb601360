"""Tag zones: for how much of its time each garment is reported where it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from retailsim.evaluate.figures import Figures, share
from retailsim.messages.log import MessageLog
from retailsim.messages.results import TagZones
from retailsim.messages.truth import TruthTagZones
from retailsim.store.zones import OUTSIDE

Changes = dict[str, list[tuple[int, str]]]


def score_tag_zone(truth: MessageLog, results: MessageLog, *, end_ns: int, found: bool) -> Figures:
    """Return `accuracy`: the share of tag-seconds in which the reported zone is the true one.

    Time a tag has spent out of the shop is left out; a tag not yet reported is wrong. The clock
    runs from the first truth about a tag to `end_ns`. None when `found` is False.
    """
    real, said = _changes(truth.of(TruthTagZones)), _changes(results.of(TagZones))
    if not found:
        return {"accuracy": None}
    right = total = 0
    for epc, steps in real.items():
        times, zones = zip(*said.get(epc, []), strict=True) if epc in said else ((), ())
        for begin, end, zone in _spans(steps, end_ns):
            if zone == OUTSIDE:
                continue
            total += end - begin
            inner = [t for t in times if begin < t < end]
            for a, b in zip([begin, *inner], [*inner, end], strict=True):
                latest = bisect_right(times, a) - 1
                right += (b - a) * (latest >= 0 and zones[latest] == zone)
    return {"accuracy": share(right, total)}


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
