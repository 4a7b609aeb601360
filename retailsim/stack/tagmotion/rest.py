"""Which of the garments that left their places have come to rest, and where."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retailsim.stack.tagmotion.away import moments
from retailsim.stack.tagmotion.evidence import Heard, RestEvidence
from retailsim.stack.tagmotion.fingerprint import PlaceMap
from retailsim.stack.tagmotion.places import Places
from retailsim.stack.tagmotion.residuals import Reads, ReadTable
from retailsim.store.plan import StorePlan
from retailsim.store.zones import zone_at

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

BEAT_S = 5.0
WINDOW_BEATS = 3  # the last fifteen seconds tell whether a tag moves
FIT_BEATS = 6
STILL, MOVING = 0.85, 0.7  # coherence of the phases with one distance
SAME, OTHER = 0.6, 0.3  # agreement of the phases with those before
STRIKES = 2  # beats without agreement: a passer-by upsets one
OWN_PRIOR = 3.0  # how much more a garment belongs on its own fixture than on another
MIXED = 0.02  # share of the probability that may be at any place
PLACE_SIGMA_M = 0.3  # places are so far apart, and so well is any of them known (assumed)
AUDIT_BEATS, AUDIT_S = 6, 30.0
AUDIT_ANEW_BEATS = 12  # what was found at home and never seen to leave is looked at so seldom
AUDIT_PRIOR = 1000.0  # a garment that never was seen to leave hangs elsewhere so seldom


@dataclass(frozen=True)
class Rest:
    """A garment at rest.

    Attributes:
        since_s: since when.
        own, other: probability of its own fixture, and of all others that hold goods.
        fixtures: rows of the plan's fixtures, most probable first, (k,).
        share: probability of each, (k,).
        zone, zone_share: the most probable zone.
        xy_m, sigma_m: position and its deviation along each axis.
    """

    since_s: float
    own: float
    other: float
    fixtures: I64
    share: F64
    zone: str
    zone_share: float
    xy_m: F64
    sigma_m: float


class RestWatch:
    """Tells rest from motion by the phases, and where by the map of places."""

    def __init__(self, plan: StorePlan, table: ReadTable) -> None:
        self._places = Places.of(plan)
        self._shape = (*table.distance_m.shape, table.frequency_hz.shape[1])
        self._map = PlaceMap(plan, self._places, table.xyz_m, table.frequency_hz)
        self._evidence = RestEvidence(self._shape)
        self._home = RestEvidence(self._shape)  # what was last heard of tags at their places
        self._window: deque[Reads] = deque(maxlen=WINDOW_BEATS)
        self._since_s: dict[int, float] = {}
        self._strikes: dict[int, int] = {}
        self._beats = 0
        self._cleared = np.zeros(len(table.xyz_m), np.bool_)  # found at home, not gone since
        self._suspect = np.zeros(len(table.xyz_m), np.bool_)  # not found at home last time
        self._home_beats = np.zeros(len(table.xyz_m), np.int64)  # on end, for all that is known
        row = {fixture.id: i for i, fixture in enumerate(plan.fixtures)}
        self._own = np.array([row[item.fixture] for item in plan.items], np.int64)
        zone = zone_at(plan, self._places.xyz_m[:, :2])
        self._zones, self._zone_of = np.unique(zone, return_inverse=True)

    def beat(self, reads: Reads, end_s: float, *, at_home: Bool, away: I64) -> None:
        """Take the reads of `BEAT_S` seconds.

        Args:
            reads: of all tags.
            end_s: when these seconds end.
            at_home: garments at their places, (tags,): they show what places are like.
            away: rows of those that are not.
        """
        self._beats += 1
        self._window.append(reads)
        if self._map.ready:
            self._see_who_leaves(reads)
        self._evidence.add(reads, BEAT_S)
        rows = np.flatnonzero(at_home)
        self._home.put(rows, self._evidence.heard.take(rows))
        if self._beats % FIT_BEATS == 0 or (not self._map.ready and self._beats >= FIT_BEATS // 2):
            self._map.fit(self._evidence.heard, at_home)
        self._cleared &= at_home
        self._home_beats = np.where(at_home, self._home_beats + 1, 0)
        for row in set(self._since_s) - set(away.tolist()):
            del self._since_s[row]
        if self._map.ready and len(away):
            self._watch(away, end_s)

    def since_s(self, row: int) -> float | None:
        """Return since when a garment that is away has been at rest, None while it moves."""
        return self._since_s.get(row)

    def judge(self, rows: I64) -> dict[int, Rest]:
        """Return where garments at rest are, those of the rows that are."""
        still = np.array([r for r in rows.tolist() if r in self._since_s], np.int64)
        return self._rests(still, OWN_PRIOR) if len(still) else {}

    def back(self, rows: I64) -> I64:
        """Return those of the rows whose phases are again as they were at their places."""
        still = np.array([r for r in rows.tolist() if r in self._since_s], np.int64)
        if not len(still):
            return still
        home, now = self._home.heard.take(still), self._evidence.heard.take(still)
        return still[np.nan_to_num(self._map.agreement(home, now)) >= SAME]

    def audit(self, at_home: Bool, end_s: float) -> dict[int, Rest]:
        """Return, now and then, garments that are elsewhere though they were not seen to leave.

        They have been there for at least as long as there is evidence of it; one look is not
        enough, and what was heard while they were away counts for nothing.
        """
        if self._beats % AUDIT_BEATS or not self._map.ready:
            return {}
        if self._beats % AUDIT_ANEW_BEATS == 0:
            self._cleared[:] = False
        heard_s = self._evidence.heard.seconds
        steady = (self._home_beats >= AUDIT_BEATS) & (heard_s >= AUDIT_S)
        rows = np.flatnonzero(at_home & ~self._cleared & steady)
        found = self._rests(rows, AUDIT_PRIOR) if len(rows) else {}
        self._cleared[[row for row, rest in found.items() if rest.other <= rest.own]] = True
        before, self._suspect = self._suspect, np.zeros_like(self._suspect)
        self._suspect[[row for row, rest in found.items() if rest.other > rest.own]] = True
        return {
            row: replace(rest, since_s=max(end_s - float(heard_s[row]), 0.0))
            for row, rest in found.items()
            if rest.other > rest.own and before[row]
        }

    def rests(self, row: int, since_s: float) -> None:
        """Take notice that a garment is at rest though it never was seen to move.

        What was taken for its place was not.
        """
        self._since_s[row] = since_s
        self._home.clear(np.array([row]))

    def _see_who_leaves(self, reads: Reads) -> None:
        """Find garments at rest whose phases no longer are what they were."""
        rows = np.array(sorted(self._since_s), np.int64)
        if len(rows):
            now, before = self._heard(reads, rows, BEAT_S), self._evidence.heard.take(rows)
            same = self._map.agreement(before, now)
            for row, share in zip(rows.tolist(), np.nan_to_num(same, nan=1.0), strict=True):
                self._strikes[row] = self._strikes.get(row, 0) + 1 if share < OTHER else 0
                if self._strikes[row] >= STRIKES:
                    del self._since_s[row], self._strikes[row]

    def _heard(self, reads: Reads, rows: I64, seconds: float) -> Heard:
        """Return what was heard of some tags."""
        place = np.full(self._shape[0], -1)
        place[rows] = np.arange(len(rows))
        mine = reads.take(place[reads.tag] >= 0)
        return Heard.of(mine, (len(rows), *self._shape[1:]), seconds, row=place)

    def _watch(self, away: I64, end_s: float) -> None:
        lately = Reads.join(list(self._window))
        seconds = BEAT_S * len(self._window)
        heard = self._heard(lately, away, seconds)
        steady = self._map.coherence(heard)
        for row, share in zip(away.tolist(), steady.tolist(), strict=True):
            if share >= STILL:
                self._since_s.setdefault(row, max(end_s - seconds, 0.0))
            elif 0 < share < MOVING:
                self._since_s.pop(row, None)
        moving = np.array([row not in self._since_s for row in away.tolist()], np.bool_)
        self._evidence.put(away[moving], heard.take(np.flatnonzero(moving)))

    def _rests(self, rows: I64, own_prior: float) -> dict[int, Rest]:
        fit = self._map.log_likelihood(rows, self._evidence.heard.take(rows))
        fit += np.log(own_prior) * (self._places.fixture == self._own[rows][:, None])
        share = np.exp(fit - fit.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        share = (1 - MIXED) * share + MIXED / len(self._places)
        since = [self._since_s.get(row, 0.0) for row in rows.tolist()]
        return {
            row: self._rest(row, since_s, mass)
            for row, since_s, mass in zip(rows.tolist(), since, share, strict=True)
        }

    def _rest(self, row: int, since_s: float, share: F64) -> Rest:
        fixture, goods = self._places.fixture, self._places.goods
        own = float(share[fixture == self._own[row]].sum())
        total: F64 = np.bincount(fixture, share).astype(np.float64)
        order = np.argsort(-total, kind="stable")
        zone = np.bincount(self._zone_of, share)
        xy_m, sigma_m = moments(share, self._places.xyz_m[:, :2])
        return Rest(
            since_s,
            own,
            float(share[goods].sum()) - own,
            order[:3],
            total[order[:3]],
            str(self._zones[zone.argmax()]),
            float(zone.max()),
            xy_m,
            float(np.hypot(sigma_m, PLACE_SIGMA_M)),
        )
