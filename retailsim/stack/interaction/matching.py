"""Match moved tags to people by time and place (the A7 idea of the published shop systems).

Every person within reach of the tag's place while it moved is a choice, and so is 'nobody';
a conditional logit over distance, stance and stillness gives the posterior, and tags that
move at the same time are resolved together because a person has two hands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message
from retailsim.messages.results import Interaction, People, TagMotion, TagZones
from retailsim.stack.interaction.history import PeopleHistory
from retailsim.stack.interaction.place import TagPlace, features, planogram_place, zone_place
from retailsim.stack.interaction.posterior import (
    joint_posterior,
    overlap_matrix,
    weights_of,
)
from retailsim.stack.stage import Stage, StageContext

ZONES_KEPT = 20


@dataclass(frozen=True, eq=False)
class _Claim:
    """One motion with its candidates' log odds; `arrived_ns` is stream time."""

    motion: TagMotion
    arrived_ns: int
    interval_ns: tuple[int, int]
    log_odds: Mapping[int, float]
    where_m: Mapping[int, NDArray[np.float64]]


class TagPersonMatcher(Stage):
    """Say who handled each garment that moved.

    Args:
        reach_m: people farther than this from the tag's place are no candidates (an arm's
            length, the depth of a fixture and the error of a floor position; assumed).
        settle_s: how long a motion waits for others of the same moment to arrive.
        keep_s: how far back people are remembered (a carried garment is told late).
        pad_s: the motion's interval is widened by this on both sides.
        pick_up_s: of a carried garment, only this much after its start counts: the pick-up.
        second_log_odds: log odds of handling a second garment with the other hand.
        weights: weights of the logit by name of feature, where they differ from the shipped.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (TagMotion, People, TagZones)
    outputs: ClassVar[tuple[type[Message], ...]] = (Interaction,)

    def __init__(
        self,
        context: StageContext,
        *,
        reach_m: float = 2.0,
        settle_s: float = 1.0,
        keep_s: float = 180.0,
        pad_s: float = 0.3,
        pick_up_s: float = 1.5,
        second_log_odds: float = -1.0,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(context)
        self._reach_m = reach_m
        self._settle_ns = int(settle_s * 1e9)
        self._pad_ns = int(pad_s * 1e9)
        self._pick_up_ns = int(pick_up_s * 1e9)
        self._second_log_odds = second_log_odds
        self._weights = weights_of(weights or {})
        self._history = PeopleHistory(keep_s=keep_s)
        self._keep_ns = int(keep_s * 1e9)
        self._zones: dict[str, list[tuple[int, str]]] = {}
        self._arrived: list[TagMotion] = []
        self._waiting: list[_Claim] = []
        self._answered: list[_Claim] = []

    def process(self, message: Message) -> Iterable[Message]:
        """Remember people and zones; queue motions."""
        if isinstance(message, People):
            self._history.add(message)
        elif isinstance(message, TagZones):
            for epc, zone in zip(message.epc.tolist(), message.zone.tolist(), strict=True):
                told = self._zones.setdefault(epc, [])
                told.append((message.time_ns, zone))
                del told[1:-ZONES_KEPT]  # the first is home
        elif isinstance(message, TagMotion):
            self._arrived.append(message)
        return ()

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Answer the motions that have waited long enough."""
        self._waiting += [c for m in self._arrived if (c := self._claim(m, watermark_ns))]
        self._arrived.clear()
        ripe = [c for c in self._waiting if c.arrived_ns + self._settle_ns <= watermark_ns]
        return self._answer(ripe)

    def finish(self) -> Iterable[Message]:
        """Answer what still waits."""
        self._waiting += [c for m in self._arrived if (c := self._claim(m, m.end_ns))]
        self._arrived.clear()
        return self._answer(list(self._waiting))

    def _places(self, epc: str, time_ns: int) -> list[TagPlace]:
        """The planogram's slot, and the zone the tag was in at that time if it had moved on.

        Both stay possible: a zone told from few reads may be wrong, a planogram goes stale.
        """
        home = planogram_place(self.context.plan, epc)
        places = [home] if home else []
        told = self._zones.get(epc, [])
        before = [zone for when_ns, zone in told if when_ns <= time_ns]
        if home and before and before[-1] != told[0][1]:
            moved = zone_place(self.context.plan, before[-1])
            places += [moved] if moved else []
        return places

    def _claim(self, motion: TagMotion, now_ns: int) -> _Claim | None:
        start_ns, end_ns = motion.time_ns, motion.end_ns
        if motion.kind == "carried":
            end_ns = min(end_ns, start_ns + self._pick_up_ns)
        places = self._places(motion.epc, start_ns)
        if not places:
            return None
        log_odds: dict[int, float] = {}
        where_m = {}
        for path in self._history.paths(start_ns - self._pad_ns, end_ns + self._pad_ns):
            for evidence in (features(place, path) for place in places):
                if evidence[1] <= self._reach_m:
                    odds = float(evidence @ self._weights)
                    log_odds[path.person] = max(odds, log_odds.get(path.person, -np.inf))
                    where_m[path.person] = path.xy_m.mean(axis=0)
        return _Claim(motion, now_ns, (start_ns, end_ns), log_odds, where_m)

    def _answer(self, ripe: list[_Claim]) -> list[Interaction]:
        if not ripe:
            return []
        ripe.sort(key=lambda claim: (claim.motion.time_ns, claim.motion.epc))
        everyone = ripe + [c for c in self._waiting if c not in ripe] + self._answered
        answers = [self._interaction(claim, everyone) for claim in ripe]
        self._waiting = [claim for claim in self._waiting if claim not in ripe]
        horizon_ns = max(claim.arrived_ns for claim in ripe) - self._keep_ns
        self._answered = [c for c in self._answered + ripe if c.interval_ns[1] >= horizon_ns]
        return answers

    def _interaction(self, claim: _Claim, everyone: list[_Claim]) -> Interaction:
        rivals = [c for c in everyone if c is claim or _overlap(c, claim)]
        people = sorted({person for rival in rivals for person in rival.log_odds})
        utility = np.array(
            [[rival.log_odds.get(person, -np.inf) for person in people] for rival in rivals]
        ).reshape(len(rivals), len(people))
        overlaps = overlap_matrix([rival.interval_ns for rival in rivals], least_s=0.3)
        posterior = joint_posterior(utility, overlaps, second_log_odds=self._second_log_odds)
        share = posterior[next(i for i, rival in enumerate(rivals) if rival is claim)]
        best = int(share.argmax())
        person = people[best] if best < len(people) else 0
        return Interaction(
            claim.motion.time_ns,
            end_ns=claim.motion.end_ns,
            epc=claim.motion.epc,
            person=person,
            confidence=float(share[best]),
            xy_m=claim.where_m.get(person, np.full(2, np.nan)),
        )


def _overlap(one: _Claim, other: _Claim) -> bool:
    start_ns = max(one.interval_ns[0], other.interval_ns[0])
    return start_ns < min(one.interval_ns[1], other.interval_ns[1])
