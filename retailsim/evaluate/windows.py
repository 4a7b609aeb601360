"""Windows on their own: was a garment flipped in these two seconds or not?

The published figures of flip detectors are shares of right windows in sets with as many flips as
quiet windows. In a shop quiet windows outnumber flips by thousands, so that the share of right
windows says nothing. The figure that does not depend on how many there are of either is the
balanced accuracy: the mean of the share of flip windows called flips and the share of quiet windows
called quiet. It is what the accuracy is expected to be of a set with one quiet window, drawn
at random, for every flip.

A flip window is the 2 s around the middle of a covered flip; a quiet one is 2 s of a fixed grid in
which, and shortly before which, nothing moved the garment. Both need three reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.evaluate.flip import MIN_READS, Handling
from retailsim.evaluate.intervals import MIN_OVERLAP_S, TagInterval
from retailsim.evaluate.reads import ReadTimes
from retailsim.messages.results import TagMotion

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]

WINDOW_NS = 2_000_000_000
SWINGS_ON_NS = 3_200_000_000  # cloth that was let go moves for so long: neither flip nor quiet


@dataclass(frozen=True)
class Windows:
    """Windows of `WINDOW_NS`; row i of every field is the same one.

    Attributes:
        epc: whose, unicode (n,).
        start_ns: int64 (n,).
        flip: whether it is a flip's, bool (n,).
        reads: of the tag within it, int64 (n,).
    """

    epc: NDArray[np.str_]
    start_ns: I64
    flip: Bools
    reads: I64

    def __len__(self) -> int:
        return len(self.epc)


def cut_windows(events: Handling, reads: ReadTimes) -> Windows:
    """Return all flip windows, then all quiet ones, of a session."""
    rows: list[tuple[str, int, bool, int]] = []
    for flip in events.covered:
        start_ns = (flip.time_ns + flip.end_ns - WINDOW_NS) // 2
        count = reads.count(flip.epc, start_ns, start_ns + WINDOW_NS)
        if count >= MIN_READS:
            rows.append((flip.epc, start_ns, True, count))
    moved = _touched(events.moved)
    for epc, times in reads.by_tag.items():
        number, counts = np.unique(times // WINDOW_NS, return_counts=True)
        for window, count in zip(number.tolist(), counts.tolist(), strict=True):
            if count >= MIN_READS and window not in moved.get(epc, ()):
                rows.append((epc, window * WINDOW_NS, False, count))
    return Windows(
        np.array([row[0] for row in rows], np.str_),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.bool_),
        np.array([row[3] for row in rows], np.int64),
    )


def _touched(moved: Sequence[TagInterval]) -> dict[str, set[int]]:
    """Return the windows of the grid that are too near to a motion to be quiet, by tag."""
    touched: dict[str, set[int]] = {}
    for i in moved:
        last = (i.end_ns + SWINGS_ON_NS) // WINDOW_NS
        touched.setdefault(i.epc, set()).update(range(i.time_ns // WINDOW_NS, last + 1))
    return touched


def score_windows(windows: Windows, alarms: Sequence[TagMotion]) -> F64:
    """Return the score of the surest alarm that overlaps each window by 0.3 s, else 0, (n,)."""
    score = np.zeros(len(windows))
    of_tag: dict[str, list[int]] = {}
    alarmed = {alarm.epc for alarm in alarms}
    for row, epc in enumerate(windows.epc.tolist()):
        if epc in alarmed:
            of_tag.setdefault(epc, []).append(row)
    for alarm in alarms:
        rows = np.array(of_tag.get(alarm.epc, []), np.int64)
        start = windows.start_ns[rows]
        shared = np.minimum(start + WINDOW_NS, alarm.end_ns) - np.maximum(start, alarm.time_ns)
        mine = rows[shared * 1e-9 >= MIN_OVERLAP_S - 1e-9]
        score[mine] = np.maximum(score[mine], alarm.score)
    return score


def balanced_accuracy(flip: Bools, called: Bools) -> float | None:
    """Return the mean of the shares of flips called flips and of quiet called quiet.

    None when there are none of either kind.
    """
    if not flip.any() or flip.all():
        return None
    return float((called[flip].mean() + (~called[~flip]).mean()) / 2)


def best_threshold(flip: Bools, score: F64) -> tuple[float, float]:
    """Return the threshold (score >= it is a flip) with the best balanced accuracy, and that.

    Of equally good ones the highest is taken. Raises ValueError without windows of both kinds.
    """
    if not flip.any() or flip.all():
        raise ValueError("there must be windows of both kinds")
    levels = np.unique(score)
    flips, quiets = np.sort(score[flip]), np.sort(score[~flip])
    found = 1 - np.searchsorted(flips, levels) / len(flips)
    calm = np.searchsorted(quiets, levels) / len(quiets)
    value = (found + calm) / 2
    best = len(levels) - 1 - int(value[::-1].argmax())
    return float(levels[best]), float(value[best])
