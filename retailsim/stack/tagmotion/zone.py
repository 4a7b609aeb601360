"""Where every garment is: at its place of the planogram until its reads say otherwise."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from retailsim.messages.base import Message
from retailsim.messages.reads import CleanReads
from retailsim.messages.results import Misplaced, TagPositions, TagZones
from retailsim.messages.sensors import Sale, TagReads
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.tagmotion.away import HANDLED, AwayFilter, choice
from retailsim.stack.tagmotion.grouped import in_groups, running_mean
from retailsim.stack.tagmotion.home import LOG_CAP, LOOK_STEPS, STEP_S, HomeFilter, HomeLook
from retailsim.stack.tagmotion.location import SignalMap
from retailsim.stack.tagmotion.misplaced import MisplacedList
from retailsim.stack.tagmotion.positions import NOWHERE, PositionBook, Spot, State
from retailsim.stack.tagmotion.read_bins import SLACK_S
from retailsim.stack.tagmotion.residuals import Expectation, Reads, ReadTable, Residuals
from retailsim.stack.tagmotion.rest import BEAT_S, Rest, RestWatch
from retailsim.store.zones import OUTSIDE, ZoneMap, zone_at

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

WAIT_STEPS = 6  # reads enter a tag's history that much later, if it was at its place then
BEAT_STEPS = round(BEAT_S / STEP_S)
LEAVING_S = 20.0  # from the till to the street (assumed)
TILL_SIGMA_M = 1.0  # who pays stands before the till (assumed)
NEAR_M, NEAR_SHARE = 1.5, 0.4  # as probable to be this near its place: no news
REST_TURN = 0.7  # mean square turn of the doubled phase from read to read; 2 and more when carried
REST_SHARE = 0.15  # of a new pair of reads in that mean
REST_STEPS = 8  # at rest for so long, outside fitting rooms and queues: back at its place
QUEUES = ("fitting", "mirror", "till")
BESIDE_M, BESIDE_SHARE = 2.5, 0.3
OWN = 0.5  # probability of its own fixture at which a garment at rest is back
TEMPER = 1.5  # by which log odds of being home are too sure: at the cap 1.8 % have left
PUT_SIGMAS, AWAY_SIGMAS = 1.25, 1.5  # errors over what beliefs say of them, on days of other seeds
AGREED_M, AGREED_SHARE = 1.5, 0.4  # of RSSI on the floor, with the place found by phases
STALE_LOG_ODDS = -2.0  # of being home, of a garment that begins to move elsewhere


class TagZoneLocator(Stage):
    """Follows garments that leave their places; finds those that come to rest elsewhere.

    Each tag is at home or away by a filter over its phases (`home`). Those away are looked for on
    the floor by RSSI and by who does not hear them, or are only handled at their places (`away`).
    Once their phases agree with one distance to each antenna they are at rest, and a map of what
    references are like at every place says where (`rest`), if the floor agrees. Sold garments are
    at the till, soon after out of the shop.
    """

    inputs = (CleanReads, Sale)
    outputs = (TagZones, TagPositions, Misplaced)

    def __init__(
        self,
        context: StageContext,
        *,
        sure: float = 0.6,
        steps: int = 2,
        misplaced: float = 0.9,
        rest_s: float = 60.0,
    ) -> None:
        """Set up the stage.

        Args:
            context: plan with zones, antennas and garments.
            sure: probability of a zone at which a garment is said to be there.
            steps: for how many seconds on end.
            misplaced: probability of other fixtures at which a garment at rest is misplaced.
            rest_s: for how long it must have been at rest.
        """
        super().__init__(context)
        plan = context.plan
        self._sure, self._misplaced, self._rest_s = sure, misplaced, rest_s
        self._table = ReadTable(plan)
        self._epc = np.array([item.epc for item in plan.items], np.str_)
        tags = len(self._epc)
        xy_m = self._table.xyz_m[:, :2]
        self._home_zone = zone_at(plan, xy_m)
        self._zone = self._home_zone.astype("<U64")
        self._kind = {z.id: z.kind for z in plan.zones}
        self._expectation = Expectation(tags, self._table.frequency_hz)
        self._book = PositionBook(self._epc, xy_m)
        self._list = MisplacedList(plan)
        self._rests: dict[int, Rest] = {}
        self._sold_until: dict[int, float] = {}
        self._parts: list[Reads] = []
        self._beat: list[Reads] = []
        self._waiting: deque[tuple[Reads, Residuals]] = deque()
        self._step, self._told = 0, False
        self._turn = np.full(tags, 2.0)
        self._rest = np.zeros(tags, np.int64)
        self._last = np.zeros(self._table.distance_m.shape, np.complex128)
        self._on = bool(plan.size_m and tags and len(self._table.frequency_hz))
        if self._on:
            self._map = SignalMap(plan, self._table.xyz_m)
            self._home = HomeFilter(tags, self._map)
            cell_zone = ZoneMap(plan).at(self._map.cell_xy_m)
            self._away = AwayFilter(self._map, cell_zone, xy_m, sure=sure, steps=steps)
            self._look = HomeLook(self._map, self._table.distance_m.shape)
            self._watch = RestWatch(plan, self._table)

    def process(self, message: Message) -> Iterable[Message]:
        """Collect reads and sales; reads that nobody has checked yet are checked first."""
        if isinstance(message, CleanReads | TagReads) and self._on:
            self._parts.append(self._table.columns(message))
            if not self._told and self._table.epoch_us:
                self._told = True
                time_ns = self._table.epoch_us * 1000
                yield TagZones(time_ns, epc=self._epc, zone=self._zone.copy())
                yield self._book.all(time_ns)
        elif isinstance(message, Sale) and self._told:
            yield from self._sell(message)

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Judge all whole seconds before the watermark."""
        if not self._told:
            return
        until_s = self._table.until_s(watermark_ns) - SLACK_S
        while (self._step + 1) * STEP_S <= until_s:
            self._step += 1
            yield from self._judge(self._step * STEP_S)

    def finish(self) -> Iterable[Message]:
        """Nothing is left to say: zones, positions and misplacements hold until the end."""
        return ()

    def _sell(self, sale: Sale) -> Iterable[Message]:
        now_s = (sale.time_ns - self._table.epoch_us * 1000) * 1e-9
        rows = [self._table.tag_row[e] for e in sale.epc.tolist() if e in self._table.tag_row]
        plan = self.context.plan
        tills = {f.id: f.center_m for f in plan.fixtures}
        zone = str(zone_at(plan, tills[sale.till])[0]) if sale.till in tills else OUTSIDE
        spot = Spot(NOWHERE, np.nan, "gone")
        if sale.till in tills:
            spot = Spot(np.array(tills[sale.till]), TILL_SIGMA_M, "moving")
        for row in rows:
            self._sold_until[row] = now_s + LEAVING_S
            self._away.drop(row)
            self._rests.pop(row, None)
            yield from self._list.over(row, sale.time_ns)
        yield from self._say(sale.time_ns, dict.fromkeys(rows, zone))
        yield from self._book.tell(sale.time_ns, dict.fromkeys(rows, spot))

    def _judge(self, end_s: float) -> Iterable[Message]:
        everything = Reads.join(self._parts) if self._parts else None
        if everything is None:
            return
        ends = int(np.searchsorted(everything.time_s, end_s))
        reads = everything.take(slice(ends))
        self._parts = [everything.take(slice(ends, None))]
        found = self._expectation.look(reads)
        self._look.add(reads)
        self._home.weigh(reads, found, self._looked())
        self._adopt(self._stale())
        self._watch_rest(reads)
        self._learn(reads, found)
        now_ns = self._table.epoch_us * 1000 + round(end_s * 1e9)
        self._beat.append(reads)
        if self._step % BEAT_STEPS == 0:
            yield from self._settle(end_s, now_ns)
        news = self._locate(reads)
        yield from self._back(now_ns)
        for row, until_s in list(self._sold_until.items()):
            if end_s >= until_s and self._zone[row] != OUTSIDE:
                news[row] = OUTSIDE
        yield from self._say(now_ns, news)
        yield from self._book.tell(now_ns, self._spots(news))

    def _looked(self) -> F64:
        """Return what RSSI says for being at home, now and then."""
        if self._step % LOOK_STEPS or self._step < 2 * WAIT_STEPS:
            return np.zeros(len(self._epc))
        gain = self._look.look()
        for row in self._away.followed:
            if not self._may_be_home(row):
                gain[row] = min(gain[row], 0.0)
        return gain

    def _may_be_home(self, row: int) -> bool:
        """Say whether nothing speaks for a garment being elsewhere on the floor."""
        return row not in self._away.followed or self._away.handled(row) >= HANDLED

    def _stale(self) -> I64:
        if self._step % LOOK_STEPS or self._step < 2 * WAIT_STEPS:
            return np.zeros(0, np.int64)
        stale = self._look.stale(self._home.log_odds)
        free = [row for row in stale.tolist() if self._may_be_home(row)]
        return np.array([row for row in free if not self._home.displaced[row]], np.int64)

    def _watch_rest(self, reads: Reads) -> None:
        """Follow how much each tag's phase turns from read to read on the same antenna."""
        pair = reads.tag * self._last.shape[1] + reads.antenna
        order, earlier, _ = in_groups(pair)
        free, pair = self._expectation.without_offsets(reads)[order], pair[order]
        before = np.where(earlier > 0, np.roll(free, 1), self._last.ravel()[pair])
        turn = np.empty(len(reads))
        turn[order] = np.angle(free * before.conj())
        self._last.ravel()[pair] = free  # the last of a pair stays
        square = np.minimum(turn**2, 4.0)
        self._turn = running_mean(self._turn, reads.tag, square, REST_SHARE)
        self._rest = np.where(self._turn < REST_TURN, self._rest + 1, 0)

    def _adopt(self, rows: I64) -> None:
        """Take garments for being at their places, whatever their phases were there before."""
        if len(rows):
            self._expectation.forget(rows)
            self._home.adopt(rows)
            self._look.settled(rows)
            self._rest[rows] = 0

    def _learn(self, reads: Reads, found: Residuals) -> None:
        self._waiting.append((reads, found))
        if len(self._waiting) <= WAIT_STEPS:
            return
        old, _ = self._waiting.popleft()
        at_home = self._home.at_home
        still = old.take(at_home[old.tag])
        self._expectation.learn(still)
        self._map.learn(still.tag, still.antenna, still.rssi_dbm)
        counts = np.zeros(self._table.distance_m.shape)
        np.add.at(counts, (still.tag, still.antenna), 1)
        self._map.learn_rates(counts, at_home.astype(np.float64) * STEP_S)
        self._map.solve()

    def _settle(self, end_s: float, now_ns: int) -> Iterable[Message]:
        """See which garments have come to rest elsewhere, and which no longer are there."""
        reads, self._beat = Reads.join(self._beat), []
        away = np.array([r for r in self._gone() if r not in self._sold_until], np.int64)
        self._watch.beat(reads, end_s, at_home=self._home.at_home, away=away)
        back = self._watch.back(away)
        self._adopt(back)
        away = np.setdiff1d(away, back)
        before, self._rests = self._rests, self._watch.judge(away)
        for row in sorted(set(before) - set(self._rests)):
            yield from self._list.over(row, now_ns)
            if row in self._sold_until or self._home.at_home[row]:
                continue
            if self._home.displaced[row]:
                self._home.displaced[row] = False
                self._home.log_odds[row] = STALE_LOG_ODDS
                self._away.start(row, before[row].xy_m, handled=before[row].own)
        for row, rest in list(self._rests.items()):
            if rest.own >= OWN and self._may_be_home(row):
                self._adopt(np.array([row]))
            elif self._home.displaced[row] or (
                rest.other >= self._misplaced
                and end_s - rest.since_s >= self._rest_s
                and self._put(row) is not None
            ):
                yield from self._displace(row, rest, now_ns)
        for row, rest in self._watch.audit(self._home.at_home, end_s).items():
            if rest.other >= self._misplaced and row not in self._sold_until:
                self._watch.rests(row, rest.since_s)
                self._expectation.forget(np.array([row]))
                self._map.forget(np.array([row]))
                self._rests[row] = rest
                yield from self._displace(row, rest, now_ns)

    def _displace(self, row: int, rest: Rest, now_ns: int) -> Iterable[Misplaced]:
        """Take a garment for being at rest elsewhere until it moves again."""
        self._home.displaced[row] = True
        self._home.log_odds[row] = -LOG_CAP
        since_ns = self._table.epoch_us * 1000 + round(rest.since_s * 1e9)
        yield from self._list.find(row, rest, since_ns=since_ns, now_ns=now_ns)

    def _gone(self) -> list[int]:
        """Return the rows of the garments that are not at their places."""
        rows: list[int] = np.flatnonzero(~self._home.at_home).tolist()
        return rows

    def _back(self, now_ns: int) -> Iterable[Misplaced]:
        """Close the entries of garments that are at their places again."""
        for row in [r for r in self._rests if self._home.at_home[r]]:
            del self._rests[row]
            yield from self._list.over(row, now_ns)

    def _locate(self, reads: Reads) -> dict[int, str]:
        """Look for the garments that are away; return new zones by row."""
        news: dict[int, str] = {}
        for row in [r for r in self._away.followed if self._home.at_home[r]]:
            self._away.drop(row)
            news[row] = str(self._home_zone[row])
        gone = [row for row in self._gone() if row not in self._sold_until]
        for row in set(gone).difference(self._away.followed):
            self._away.start(row, self._table.xyz_m[row, :2])
        self._away.follow([row for row in gone if not self._home.displaced[row]], reads)
        for row in gone:
            rest = self._put(row)
            if rest is None:
                news |= self._news(row)
            elif rest.zone_share >= self._sure:
                news[row] = rest.zone
        return news

    def _put(self, row: int) -> Rest | None:
        """Return where a garment at rest was put, if it may be there.

        Who stands still with a garment is seldom where garments are put.
        """
        rest = self._rests.get(row)
        if rest is None or self._home.displaced[row] or row not in self._away.followed:
            return rest
        agreed = self._away.near(row, rest.xy_m, AGREED_M) >= AGREED_SHARE
        return rest if agreed else None

    def _spots(self, news: dict[int, str]) -> dict[int, Spot]:
        """Return where the garments are of which there may be news."""
        left = expit(-self._home.log_odds / TEMPER)
        spots = {
            row: self._book.home(row, left[row])
            for row in self._book.doubtful(left).tolist()
            if self._home.at_home[row]
        }
        for row in self._away.followed:
            rest = self._put(row)
            if rest is None:
                spots[row] = self._underway(row)
            else:
                spots[row] = Spot(rest.xy_m, PUT_SIGMAS * rest.sigma_m, "resting")
        for row, zone in news.items():
            if zone == OUTSIDE and row in self._sold_until:
                spots[row] = Spot(NOWHERE, np.nan, "gone")
            elif self._home.at_home[row] and row not in self._sold_until:
                spots[row] = self._book.home(row)
        return spots

    def _underway(self, row: int) -> Spot:
        """Return where a garment is that has left its place, or seems to have."""
        home = float(expit(self._home.log_odds[row]))
        home += (1 - home) * self._away.handled(row)
        away_m, sigma_m = self._away.position(row)
        known = self._book.home(row)
        xy_m, sigma_m = choice((home, known.xy_m, known.sigma_m), (1 - home, away_m, sigma_m))
        state: State = "resting" if row in self._rests else "moving"
        return Spot(xy_m, AWAY_SIGMAS * sigma_m, state)

    def _news(self, row: int) -> dict[int, str]:
        """Return the zone of a garment that is on its way, once it is plain."""
        near = self._away.near(row, self._table.xyz_m[row, :2], NEAR_M)
        if near >= NEAR_SHARE or self._away.handled(row) >= HANDLED:
            return {}
        zone = self._away.settled(row)
        if self._rest[row] >= REST_STEPS and not self._may_rest_at(zone, row):
            self._adopt(np.array([row]))
            return {}
        return {} if zone is None else {row: zone}

    def _may_rest_at(self, zone: str | None, row: int) -> bool:
        """Say whether a garment that hangs still may be in that zone, rather than at home."""
        if zone is not None and self._kind.get(zone) not in QUEUES:
            return False
        home = self._table.xyz_m[row, :2]
        return self._away.near(row, home, BESIDE_M) < BESIDE_SHARE

    def _say(self, time_ns: int, news: dict[int, str]) -> list[TagZones]:
        changed = sorted(row for row, zone in news.items() if self._zone[row] != zone)
        for row in changed:
            self._zone[row] = news[row]
        if not changed:
            return []
        return [TagZones(time_ns, epc=self._epc[changed], zone=self._zone[changed])]
