"""Flips: which handled garments the tag motion stage noticed, and how often it cried wolf.

A true flip is a garment handled at its place: a flip or a pick-up. It is *covered* when its tag
was read at least three times meanwhile; what the radio never saw, no stage can find. Alarms are
`TagMotion` of kind 'flip'. Matching is one to one with at least 0.3 s of overlap. An alarm that
matches no covered flip is ignored while something else really moved the garment: an uncovered
flip, a put-back (handling, too, but not asked for), or being carried. All others are false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retailsim.evaluate.figures import Figures, f1, mean, nulls, share
from retailsim.evaluate.intervals import TagInterval, match_intervals, overlap_s
from retailsim.evaluate.reads import ReadTimes
from retailsim.messages.log import MessageLog
from retailsim.messages.results import TagMotion
from retailsim.messages.truth import TruthCarry, TruthInteraction

MIN_READS = 3
QUIET_WINDOW_NS = 2_000_000_000
NAMES = (
    "coverage",
    "precision",
    "recall",
    "f1",
    "balanced_accuracy",
    "false_alarms_per_tag_hour",
    "delay_s",
)


@dataclass(frozen=True)
class Handling:
    """The truth about garments that moved.

    Attributes:
        covered: flips and pick-ups whose tag was read often enough.
        uncovered: the other flips and pick-ups.
        putbacks: garments returned to a fixture, or tidied there by staff.
        carries: garments carried through the shop.
    """

    covered: list[TruthInteraction]
    uncovered: list[TruthInteraction]
    putbacks: list[TruthInteraction]
    carries: list[TruthCarry]

    @property
    def flips(self) -> list[TruthInteraction]:
        """All flips and pick-ups."""
        return [*self.covered, *self.uncovered]

    @property
    def moved(self) -> list[TagInterval]:
        """Everything that moves a garment."""
        return [*self.flips, *self.putbacks, *self.carries]

    @property
    def excused(self) -> list[TagInterval]:
        """What makes an alarm neither right nor false."""
        return [*self.uncovered, *self.putbacks, *self.carries]


def handling(truth: MessageLog, reads: ReadTimes) -> Handling:
    """Sort the truth of one session."""
    flips = [i for i in truth.of(TruthInteraction) if i.kind in ("flip", "pickup")]
    seen = [reads.count(i.epc, i.time_ns, i.end_ns) >= MIN_READS for i in flips]
    return Handling(
        covered=[i for i, ok in zip(flips, seen, strict=True) if ok],
        uncovered=[i for i, ok in zip(flips, seen, strict=True) if not ok],
        putbacks=[i for i in truth.of(TruthInteraction) if i.kind in ("putback", "tidy")],
        carries=truth.of(TruthCarry),
    )


def score_flip(events: Handling, results: MessageLog, reads: ReadTimes, *, found: bool) -> Figures:
    """Return the flip figures.

    Args:
        events: the truth.
        results: alarms are its `TagMotion` of kind 'flip'.
        reads: of all tags.
        found: whether the results come from a stack that looks for flips; if not, everything
            but the coverage is None.

    Returns:
        coverage, precision, recall, f1: shares, see the module.
        balanced_accuracy: mean of the recall and of the share of quiet tag-windows without an
            alarm; a window is 2 s in which the tag was read three times and nothing moved it.
        false_alarms_per_tag_hour: over the hours between each tag's first and last read.
        delay_s: mean stream time from the start of a found flip until its alarm was said.
    """
    figures = nulls(*NAMES)
    figures["coverage"] = share(len(events.covered), len(events.flips))
    if not found:
        return figures
    alarms, said_ns = flip_alarms(results)
    pairs = match_intervals(events.covered, alarms)
    right = {alarm for _, alarm in pairs}
    excused = overlap_s(alarms, events.excused).max(axis=1, initial=0.0) > 0
    false = sum(1 for i in range(len(alarms)) if i not in right and not excused[i])
    hits, missed = len(pairs), len(events.covered) - len(pairs)
    recall, quiet = share(hits, hits + missed), quiet_share(events, alarms, reads)
    delays = [(said_ns[a] - events.covered[t].time_ns) * 1e-9 for t, a in pairs]
    return figures | {
        "precision": share(hits, hits + false),
        "recall": recall,
        "f1": f1(hits, false, missed) if events.covered else None,
        "balanced_accuracy": None if recall is None or quiet is None else (recall + quiet) / 2,
        "false_alarms_per_tag_hour": share(false, reads.tag_hours()),
        "delay_s": mean(delays),
    }


def flip_alarms(results: MessageLog) -> tuple[list[TagMotion], list[int]]:
    """Return the alarms and the stream times at which they were said."""
    motions = zip(results.of(TagMotion), results.emitted_ns(TagMotion), strict=True)
    flips = [(motion, said) for motion, said in motions if motion.kind == "flip"]
    return [motion for motion, _ in flips], [said for _, said in flips]


def quiet_share(events: Handling, alarms: Sequence[TagMotion], reads: ReadTimes) -> float | None:
    """Return the share of quiet windows of 2 s in which the tag raised no alarm."""
    moved, alarmed = _windows(events.moved), _windows(alarms)
    quiet = silent = 0
    for epc, times in reads.by_tag.items():
        windows, count = np.unique(times // QUIET_WINDOW_NS, return_counts=True)
        calm = set(windows[count >= MIN_READS].tolist()) - moved.get(epc, set())
        quiet += len(calm)
        silent += len(calm - alarmed.get(epc, set()))
    return share(silent, quiet)


def _windows(intervals: Sequence[TagInterval]) -> dict[str, set[int]]:
    """Return the windows that intervals touch, by tag."""
    touched: dict[str, set[int]] = {}
    for i in intervals:
        span = range(i.time_ns // QUIET_WINDOW_NS, i.end_ns // QUIET_WINDOW_NS + 1)
        touched.setdefault(i.epc, set()).update(span)
    return touched
