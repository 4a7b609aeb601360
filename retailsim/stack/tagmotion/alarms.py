"""Alarms said at once, events told whole: what the network's two voices make together.

What it says of a bin at once opens an alarm when it is very sure; what it says later, knowing
more, opens the others and decides where an event begins and ends. Every alarm becomes part of
exactly one event, also when the later voice takes it back: what was said was said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.tagmotion.network import Judgement, Motion
from retailsim.stack.tagmotion.segments import Hysteresis, Segment, Segments

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Begun:
    """A tag has begun to move: the first bin of it known so far, and how sure that is."""

    tag: int
    first: int
    score: float


class Alarms:
    """Follows one kind of motion of all tags."""

    def __init__(self, tags: int, motion: Motion, rule: Hysteresis, *, at_once: float) -> None:
        """Set up; `at_once` is the probability of a bin at which an alarm is said at once."""
        self._motion, self._rule, self._at_once = motion, rule, at_once
        self._segments = Segments(tags, rule)
        self._waiting: deque[F64] = deque()  # what was said at once of bins not judged again yet
        self._told = np.zeros(tags, bool)
        self._bin = 0

    def add(self, judged: Judgement) -> Iterator[Begun | Segment]:
        """Take the judgement of the next bin; yield events that are over, then new alarms."""
        now = judged.now[:, self._motion].astype(np.float64)
        self._waiting.append(now)
        if judged.late is not None:
            yield from self._settle(judged.late[:, self._motion].astype(np.float64))
        yield from self._begun(now)
        self._bin += 1

    def rest(self) -> Iterator[Begun | Segment]:
        """Yield the events still open at the end, and the alarms of those never said before."""
        while self._waiting:
            yield from self._settle(self._waiting[0])
        yield from self._over(self._segments.rest())

    def _settle(self, late: F64) -> Iterator[Begun | Segment]:
        said = self._waiting.popleft() >= self._at_once
        sure = np.where(said, np.maximum(late, self._rule.on), late)
        yield from self._over(self._segments.add(sure))

    def _over(self, segments: Iterable[Segment]) -> Iterator[Begun | Segment]:
        for segment in segments:
            if not self._told[segment.tag]:  # it was believed and over in the same bin
                yield Begun(segment.tag, segment.first, segment.score)
            self._told[segment.tag] = False
            yield segment

    def _begun(self, now: F64) -> Iterator[Begun]:
        believed = self._segments.believed
        fresh = ((now >= self._at_once) | believed) & ~self._told
        self._told |= fresh
        for tag in np.flatnonzero(fresh).tolist():
            first = int(self._segments.first[tag]) if believed[tag] else self._bin
            score = float(self._segments.peak[tag]) if believed[tag] else float(now[tag])
            yield Begun(tag, first, score)
