"""Interactions: was the garment given to the person who really handled it?

Interactions are matched to true flips and pick-ups of the same tag, one to one, with at least
0.3 s of overlap. Who the stack's person number really is, is looked up around the interaction:
the majority of that number's boxes against the true boxes (IoU >= 0.5), or, where no box of that
number is seen then, the true person nearest to `Interaction.xy_m`, at most 1 m away.

Interactions with person 0 make no claim: they are no part of precision and calibration, but the
true interaction they belong to is not right. Interactions on garments that something else moved
(put-backs, carrying) are ignored, as in `flip`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from retailsim.evaluate.boxes import FrameKey, match_people, truth_by_frame
from retailsim.evaluate.figures import Figures, nulls, share
from retailsim.evaluate.flip import Handling, flip_alarms
from retailsim.evaluate.floor import FloorTruth
from retailsim.evaluate.intervals import match_intervals, overlap_s
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Identities, Interaction
from retailsim.messages.truth import TruthBoxes

AROUND_NS = 1_000_000_000
NEAR_M = 1.0
NAMES = ("accuracy", "precision", "recall", "ece")


class WhoIsWho:
    """Says which true person a person number of the stack was at a given time."""

    def __init__(self, truth: MessageLog, results: MessageLog, floor: FloorTruth) -> None:
        self._labels: dict[FrameKey, TruthBoxes] = truth_by_frame(truth)
        self._identities = sorted(results.of(Identities), key=lambda m: m.time_ns)
        self._times = np.array([m.time_ns for m in self._identities], np.int64)
        self._floor = floor

    def __call__(self, said: Interaction) -> int:
        """Return the true person an interaction points at; -1 when it points at nobody."""
        votes = self._votes(said.person, said.time_ns - AROUND_NS, said.end_ns + AROUND_NS)
        if votes:
            return min(votes, key=lambda who: (-votes[who], who))
        return self._floor.nearest((said.time_ns + said.end_ns) // 2, said.xy_m, within_m=NEAR_M)

    def _votes(self, person: int, begin_ns: int, end_ns: int) -> Counter[int]:
        votes: Counter[int] = Counter()
        first, last = np.searchsorted(self._times, [begin_ns, end_ns + 1])
        for message in self._identities[first:last]:
            for row in np.flatnonzero(message.person == person):
                labels = self._labels.get((str(message.camera[row]), message.time_ns))
                if labels is not None:
                    votes[int(match_people(labels, message.boxes_px[row : row + 1])[0])] += 1
        del votes[-1]
        return votes


def score_interaction(
    events: Handling, results: MessageLog, who: WhoIsWho, *, found: bool
) -> Figures:
    """Return the interaction figures; all None when `found` is False (no such stage).

    Returns:
        accuracy: right person among true interactions whose flip was found (an alarm or an
            interaction matches it).
        precision: right person and garment among the stack's interactions that name somebody.
        recall: right person and garment among all true interactions, uncovered ones included.
        ece: expected calibration error of `confidence` over the same interactions as precision.
    """
    if not found:
        return nulls(*NAMES)
    flips, said = events.flips, results.of(Interaction)
    pairs = match_intervals(flips, said)
    right = {s for t, s in pairs if said[s].person and who(said[s]) == flips[t].person_id}
    noticed = {t for t, _ in pairs} | {
        t for t, _ in match_intervals(flips, flip_alarms(results)[0])
    }
    matched = {s for _, s in pairs}
    excused = overlap_s(said, events.excused).max(axis=1, initial=0.0) > 0
    claims = [i for i, s in enumerate(said) if s.person and (i in matched or not excused[i])]
    return {
        "accuracy": share(len(right), len(noticed)),
        "precision": share(len(right), len(claims)),
        "recall": share(len(right), len(flips)),
        "ece": calibration_error(
            [said[i].confidence for i in claims], [i in right for i in claims]
        ),
    }


def calibration_error(
    confidence: Sequence[float], right: Sequence[bool], *, bins: int = 10
) -> float | None:
    """Return the expected calibration error over bins of equal width (Guo et al., ICML 2017)."""
    if not len(confidence):
        return None
    sure, ok = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    which = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = np.bincount(which, sure - ok, minlength=bins)
    return float(np.abs(gaps).sum() / len(sure))
