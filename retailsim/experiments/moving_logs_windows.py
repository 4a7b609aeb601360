"""Windows of recordings of one tag that moves or lies still, and how well a score tells which.

Recordings differ in more than motion: in length and in reads per second. So all are cut into clips
of one length, a detector starts anew on each, and only windows of one length with one number of
reads are compared. Each recording counts the same, however many windows it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import TagReads
from retailsim.simulate.streams import stream

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

DRAWS = 2000  # of the bootstrap


@dataclass(frozen=True)
class Recording:
    """One tag, all the time moving or all the time still.

    Attributes:
        name: unique among those compared.
        moving: which of the two.
        reads: in the order in which the reader reported them.
    """

    name: str
    moving: bool
    reads: TagReads

    @property
    def length_s(self) -> float:
        """From the first read to the last."""
        return float(np.ptp(self.reads.read_us)) * 1e-6


@dataclass(frozen=True)
class Clip:
    """A piece of a recording, thinned; windows follow each other from its start.

    Attributes:
        recording: whose.
        start_us: of the clip and its first window.
        window_us: length of a window.
        reads: what is left, in order of arrival.
        window: of each read, int64 (n,).
        count: reads of each window before thinning, int64 (w,).
        scored: which windows are compared: those with reads enough, and late enough, bool (w,).
    """

    recording: Recording
    start_us: int
    window_us: int
    reads: TagReads
    window: I64
    count: I64
    scored: Bools

    def of(self, window: int) -> TagReads:
        """Return the reads of one window."""
        return self.reads.take(np.flatnonzero(self.window == window))


WindowScores = Callable[[Clip], F64]  # one score for every window (w,), scored or not


@dataclass(frozen=True)
class Auc:
    """Share of pairs of windows, one moving and one still, of which the moving scores higher.

    Attributes:
        value: each recording counts the same; ties count half.
        low, high: 95 % interval, recordings drawn anew with replacement (bootstrap).
    """

    value: float
    low: float
    high: float


def thin(count: int, keep: int, rng: np.random.Generator) -> I64:
    """Return which of `count` reads stay, rising: `keep` of them at random, all if fewer."""
    return np.sort(rng.permutation(count)[:keep]).astype(np.int64)


def cut(
    recording: Recording,
    *,
    clip_s: float,
    window_s: float,
    keep: int | None,
    skip_s: float = 0.0,
    seed: int = 0,
) -> list[Clip]:
    """Return a recording's whole clips, every window thinned to `keep` reads.

    Args:
        recording: whose last seconds that make no clip are left out.
        clip_s: length of a clip, a multiple of `window_s`.
        window_s: length of a window.
        keep: reads per window; windows with fewer keep theirs and are not scored. None: all stay.
        skip_s: windows that begin earlier in the recording are not scored.
        seed: of the thinning, together with the recording's name.
    """
    reads, windows = recording.reads, round(clip_s / window_s)
    first_us, window_us = int(reads.read_us.min()), round(window_s * 1e6)
    number = (reads.read_us - first_us) // window_us
    rng = stream(seed, "moving logs", "thin", recording.name)
    whole_s = recording.length_s + 1e-6  # the last read is within the last window
    clips = []
    for first in range(0, windows * int(whole_s // clip_s), windows):
        rows = [np.flatnonzero(number == first + k) for k in range(windows)]
        count = np.array([len(r) for r in rows], np.int64)
        left = [r if keep is None else r[thin(len(r), keep, rng)] for r in rows]
        kept = np.sort(np.concatenate(left))
        begins_s = (first + np.arange(windows)) * window_s
        scored = (count >= (keep or 1)) & (begins_s >= skip_s)
        clips.append(
            Clip(
                recording,
                first_us + first * window_us,
                window_us,
                reads.take(kept),
                number[kept] - first,
                count,
                scored,
            )
        )
    return clips


def reads_to_keep(clips: Sequence[Clip], *, lost: float = 0.1) -> int:
    """Return how many reads windows have, but for a share of at most `lost` of either kind."""
    kinds = [
        np.concatenate([clip.count for clip in clips if clip.recording.moving == moving])
        for moving in (False, True)
    ]
    return max(1, min(int(np.quantile(counts, lost, method="lower")) for counts in kinds))


def by_recording(clips: Sequence[Clip], score: WindowScores) -> tuple[list[F64], list[F64]]:
    """Return the scores of the windows of every moving recording, and of every still one."""
    found: dict[bool, dict[str, list[F64]]] = {True: {}, False: {}}
    for clip in clips:
        values = np.asarray(score(clip), np.float64)[clip.scored]
        if len(values):
            of_kind = found[clip.recording.moving]
            of_kind.setdefault(clip.recording.name, []).append(values)
    moving, still = ([np.concatenate(v) for v in found[kind].values()] for kind in (True, False))
    return moving, still


def auc(moving: Sequence[F64], still: Sequence[F64], *, seed: int = 0) -> Auc | None:
    """Compare the scores of moving and still windows, given by recording; None without either."""
    if not moving or not still:
        return None
    share = np.array([[above(m, s) for s in still] for m in moving])
    rng = stream(seed, "moving logs", "bootstrap")
    rows, columns = (
        rng.multinomial(n, np.full(n, 1 / n), DRAWS) / n for n in (len(moving), len(still))
    )
    again = ((rows @ share) * columns).sum(axis=1)
    low, high = np.quantile(again, [0.025, 0.975])
    return Auc(float(share.mean()), float(low), float(high))


def above(a: F64, b: F64) -> float:
    """Return the share of pairs of which a's is the greater; equal ones count half."""
    below = np.searchsorted(np.sort(b), a, side="left")
    not_above = np.searchsorted(np.sort(b), a, side="right")
    return float((below + not_above).mean() / (2 * len(b)))
