"""Flips: which handled garments the tag motion stage noticed, and how often it cried wolf.

A true flip is a garment handled at its place: a flip or a pick-up. It is *covered* when its tag
was read at least three times meanwhile; what the radio never saw, no stage can find. Alarms are
`TagMotion` of kind 'flip'. Matching is one to one with at least 0.3 s of overlap. An alarm that
matches no covered flip is ignored while something else really moved the garment: an uncovered
flip, a put-back (handling, too, but not asked for), or being carried. All others are false.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from retailsim.evaluate.figures import Figures, f1, mean, nulls, share
from retailsim.evaluate.intervals import TagInterval, match_intervals, overlap_s
from retailsim.evaluate.reads import ReadTimes
from retailsim.messages.log import MessageLog
from retailsim.messages.results import MotionBegun, TagMotion
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
        results: alarms are its `TagMotion` of kind 'flip', see `flip_alarms`.
        reads: of all tags.
        found: whether the results come from a stack that looks for flips; if not, everything
            but the coverage is None.

    Returns:
        coverage, precision, recall, f1: shares, see the module.
        balanced_accuracy: mean of the recall of events and of the share of quiet tag-windows
            without an alarm; a window is 2 s in which the tag was read three times and nothing
            moved it. Flips weigh as much as all quiet windows together, however few they are.
            (`windows.py` has the figure over windows on both sides.)
        false_alarms_per_tag_hour: over the hours between each tag's first and last read.
        delay_s: mean stream time from the start of a found flip until its alarm was said (the
            median is in `flip_groups.py`).
    """
    figures = nulls(*NAMES)
    figures["coverage"] = share(len(events.covered), len(events.flips))
    if not found:
        return figures
    verdicts = judge_flips(events, results, reads)
    alarms, _ = flip_alarms(results)
    hits, missed, false = tally(v for v in verdicts if v.covered)
    recall, quiet = share(hits, hits + missed), quiet_share(events, alarms, reads)
    return figures | {
        "precision": share(hits, hits + false),
        "recall": recall,
        "f1": f1(hits, false, missed) if events.covered else None,
        "balanced_accuracy": None if recall is None or quiet is None else (recall + quiet) / 2,
        "false_alarms_per_tag_hour": share(false, reads.tag_hours()),
        "delay_s": mean(v.delay_s for v in verdicts if v.covered),
    }


@dataclass(frozen=True)
class Verdict:
    """What became of one flip, or of one alarm that was false.

    Attributes:
        outcome: 'hit' and 'miss' are flips, 'false' is an alarm where nothing moved the garment.
        epc: the garment.
        reads: of its tag, during the flip or the alarm.
        covered: reads were enough; true of all false alarms, which always count.
        delay_s: of a hit, stream time from the flip's start until the alarm was said.
    """

    outcome: Literal["hit", "miss", "false"]
    epc: str
    reads: int
    covered: bool = True
    delay_s: float | None = None


def judge_flips(events: Handling, results: MessageLog, reads: ReadTimes) -> list[Verdict]:
    """Return a verdict on every flip, covered ones first, then on every false alarm.

    Covered flips are matched first; uncovered ones get alarms that are left over.
    """
    alarms, said_ns = flip_alarms(results)
    pairs = dict(match_intervals(events.covered, alarms))
    free = [a for a in range(len(alarms)) if a not in set(pairs.values())]
    more = dict(match_intervals(events.uncovered, [alarms[a] for a in free]))
    matched = pairs | {len(events.covered) + t: free[a] for t, a in more.items()}
    verdicts = []
    for row, flip in enumerate(events.flips):
        alarm = matched.get(row)
        delay_s = None if alarm is None else (said_ns[alarm] - flip.time_ns) * 1e-9
        count = reads.count(flip.epc, flip.time_ns, flip.end_ns)
        outcome: Literal["hit", "miss"] = "miss" if alarm is None else "hit"
        verdicts.append(Verdict(outcome, flip.epc, count, row < len(events.covered), delay_s))
    excused = overlap_s(alarms, events.excused).max(axis=1, initial=0.0) > 0
    false = [alarms[a] for a in free if not excused[a]]
    return verdicts + [
        Verdict("false", a.epc, reads.count(a.epc, a.time_ns, a.end_ns)) for a in false
    ]


def tally(verdicts: Iterable[Verdict]) -> tuple[int, int, int]:
    """Return the numbers of hits, misses and false alarms."""
    counts = Counter(v.outcome for v in verdicts)
    return counts["hit"], counts["miss"], counts["false"]


def flip_alarms(results: MessageLog) -> tuple[list[TagMotion], list[int]]:
    """Return the alarms and the stream times at which they were said first.

    A stack may say that a flip has begun before it says the whole of it. A beginning that no
    `TagMotion` followed up counts as an alarm that lasted until it was said.
    """
    begun: dict[str, list[tuple[MotionBegun, int]]] = {}
    for start, said_ns in zip(
        results.of(MotionBegun), results.emitted_ns(MotionBegun), strict=True
    ):
        if start.kind == "flip":
            begun.setdefault(start.epc, []).append((start, said_ns))
    alarms, first_ns = [], []
    for motion, said_ns in zip(results.of(TagMotion), results.emitted_ns(TagMotion), strict=True):
        if motion.kind == "flip":
            mine = begun.get(motion.epc, [])
            ahead = mine.pop(0)[1] if mine and mine[0][0].time_ns < motion.end_ns else said_ns
            alarms.append(motion)
            first_ns.append(min(ahead, said_ns))
    for start, said_ns in (left for rest in begun.values() for left in rest):
        end_ns = max(said_ns, start.time_ns)
        alarms.append(TagMotion(start.time_ns, end_ns, start.epc, "flip", start.score))
        first_ns.append(said_ns)
    return alarms, first_ns


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
