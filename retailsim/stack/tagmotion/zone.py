"""Which zone every garment is in: its place of the planogram until its reads say otherwise."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message
from retailsim.messages.reads import CleanReads
from retailsim.messages.results import TagZones
from retailsim.messages.sensors import Sale, TagReads
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.tagmotion.grouped import in_groups, running_mean
from retailsim.stack.tagmotion.location import SignalMap
from retailsim.stack.tagmotion.residuals import Expectation, Reads, ReadTable, Residuals
from retailsim.store.zones import OUTSIDE, ZoneMap, zone_at

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

STEP_S, SLACK_S = 1.0, 0.3
WAIT_STEPS = 6  # reads enter a tag's history that much later, if it was at its place then
OUTLIER_SHARE = 0.1  # of reads of a garment at its place, when people stand about (assumed)
HOME_SIGMA_RAD = 0.35
LEAVES_PER_S, RETURNS_PER_S = 4e-4, 1 / 90
LOG_CAP = 8.0
ADOPTED = 2.0  # log odds of being at home of a garment that seems to be back
LEAVING_S = 20.0  # from the till to the street (assumed)
LOOK_STEPS = 5  # RSSI is compared with the planogram's place over that long
LOOK_CAP = (-4.0, 4.0)
PHASE_CAP = (-2.0, 3.0)  # what the phases of one second may say
NEAR_M, NEAR_SHARE = 1.5, 0.4  # as probable to be this near its place: no news
REST_TURN = 0.7  # mean square turn of the doubled phase from read to read; 2 and more when carried
REST_SHARE = 0.15  # of a new pair of reads in that mean
REST_STEPS = 8  # at rest for so long, outside fitting rooms and queues: back at its place
QUEUES = ("fitting", "mirror", "till")
BESIDE_M, BESIDE_SHARE = 2.5, 0.3
STALE_LOOKS = 3  # so often off its phases while RSSI says home: it hangs there differently now


class TagZoneLocator(Stage):
    """Follows garments that leave their places.

    The phase of a garment at its place is known to a fraction of a radian; away from it, phases
    are anything. So each tag is at home or away by a two-state filter over its reads. Those away
    are looked for on the floor by RSSI. Sold garments are at the till, soon after out of the shop.
    """

    inputs = (CleanReads, Sale)
    outputs = (TagZones,)

    def __init__(self, context: StageContext, *, sure: float = 0.6, steps: int = 2) -> None:
        """Set up the stage.

        Args:
            context: plan with zones, antennas and garments.
            sure: probability of a zone at which a garment is said to be there.
            steps: for how many seconds on end.
        """
        super().__init__(context)
        plan = context.plan
        self._sure, self._steps = sure, steps
        self._table = ReadTable(plan)
        self._epc = np.array([item.epc for item in plan.items], np.str_)
        tags = len(self._epc)
        self._home = zone_at(plan, self._table.xyz_m[:, :2])
        self._zone = self._home.astype("<U64")
        self._map = SignalMap(plan, self._table.xyz_m) if plan.size_m and tags else None
        self._cell_zone = (
            ZoneMap(plan).at(self._map.cell_xy_m) if self._map else np.zeros(0, np.str_)
        )
        self._expectation = Expectation(tags, self._table.frequency_hz)
        self._log_odds = np.full(tags, LOG_CAP)  # of being at home
        self._belief: dict[int, F64] = {}
        self._candidate: dict[int, tuple[str, int]] = {}
        self._sold_until: dict[int, float] = {}
        self._parts: list[Reads] = []
        self._waiting: deque[tuple[Reads, Residuals]] = deque()
        self._step, self._told = 0, False
        self._count = np.zeros(self._table.distance_m.shape)
        self._total_dbm = np.zeros(self._table.distance_m.shape)
        self._stale = np.zeros(tags, np.int64)
        self._looked = np.zeros(tags)
        self._turn = np.full(tags, 2.0)
        self._rest = np.zeros(tags, np.int64)
        self._last = np.zeros(self._table.distance_m.shape, np.complex128)
        self._kind = {z.id: z.kind for z in plan.zones}

    def process(self, message: Message) -> Iterable[Message]:
        """Collect reads and sales; reads that nobody has checked yet are checked first."""
        if isinstance(message, CleanReads | TagReads) and self._map:
            self._parts.append(self._table.columns(message))
            if not self._told and self._table.epoch_us:
                self._told = True
                yield TagZones(self._table.epoch_us * 1000, epc=self._epc, zone=self._zone.copy())
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
        """Nothing is left to say: zones hold until the end."""
        return ()

    def _sell(self, sale: Sale) -> Iterable[TagZones]:
        now_s = (sale.time_ns - self._table.epoch_us * 1000) * 1e-9
        rows = [self._table.tag_row[e] for e in sale.epc.tolist() if e in self._table.tag_row]
        plan = self.context.plan
        tills = {f.id: f.center_m for f in plan.fixtures}
        zone = str(zone_at(plan, tills[sale.till])[0]) if sale.till in tills else OUTSIDE
        for row in rows:
            self._sold_until[row] = now_s + LEAVING_S
            self._belief.pop(row, None)
        return self._say(sale.time_ns, dict.fromkeys(rows, zone))

    def _judge(self, end_s: float) -> Iterable[TagZones]:
        everything = Reads.join(self._parts) if self._parts else None
        if everything is None:
            return ()
        ends = int(np.searchsorted(everything.time_s, end_s))
        reads = everything.take(slice(ends))
        self._parts = [everything.take(slice(ends, None))]
        found = self._expectation.look(reads)
        self._weigh(reads, found)
        self._watch_rest(reads)
        self._learn(reads, found)
        news = self._locate(reads)
        for row, until_s in list(self._sold_until.items()):
            if end_s >= until_s and self._zone[row] != OUTSIDE:
                news[row] = OUTSIDE
        return self._say(self._table.epoch_us * 1000 + round(end_s * 1e9), news)

    def _weigh(self, reads: Reads, found: Residuals) -> None:
        """Update the odds of being at home by the phases."""
        home = np.exp(self._log_odds)
        stays = home / (1 + home)
        stays = stays * (1 - LEAVES_PER_S * STEP_S) + (1 - stays) * RETURNS_PER_S * STEP_S
        odds = np.log(stays / (1 - stays))
        known = np.flatnonzero(found.known)
        bell = np.exp(-0.5 * (found.phase_rad[known] / HOME_SIGMA_RAD) ** 2)
        density = (1 - OUTLIER_SHARE) * bell / (np.sqrt(2 * np.pi) * HOME_SIGMA_RAD)
        gain = np.log(density * 2 * np.pi + OUTLIER_SHARE)
        odds += np.clip(np.bincount(reads.tag[known], gain, len(odds)), *PHASE_CAP)
        self._log_odds = np.clip(odds + self._look(reads), -LOG_CAP, LOG_CAP)

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

    def _look(self, reads: Reads) -> F64:
        """Return what RSSI says for being at home, now and then."""
        assert self._map is not None
        np.add.at(self._count, (reads.tag, reads.antenna), 1)
        np.add.at(self._total_dbm, (reads.tag, reads.antenna), reads.rssi_dbm)
        if self._step % LOOK_STEPS or self._step < 2 * WAIT_STEPS:
            return np.zeros(len(self._log_odds))
        mean = self._total_dbm / np.maximum(self._count, 1)
        gain = self._map.home_advantage(self._count, mean, LOOK_STEPS * STEP_S)
        self._count[:] = self._total_dbm[:] = 0
        self._looked = np.clip(gain, *LOOK_CAP)
        self._stale = np.where((self._looked > 0) & (self._log_odds < 0), self._stale + 1, 0)
        self._adopt(np.flatnonzero(self._stale >= STALE_LOOKS))
        return self._looked

    def _adopt(self, rows: I64) -> None:
        """Take garments for being at their places, whatever their phases were there before."""
        if len(rows):
            self._expectation.forget(rows)
            self._log_odds[rows] = ADOPTED
            self._stale[rows] = self._rest[rows] = 0

    def _learn(self, reads: Reads, found: Residuals) -> None:
        assert self._map is not None
        self._waiting.append((reads, found))
        if len(self._waiting) <= WAIT_STEPS:
            return
        old, _ = self._waiting.popleft()
        at_home = self._log_odds > 0
        still = old.take(at_home[old.tag])
        self._expectation.learn(still)
        self._map.learn(still.tag, still.antenna, still.rssi_dbm)
        counts = np.zeros(self._table.distance_m.shape)
        np.add.at(counts, (still.tag, still.antenna), 1)
        self._map.learn_rates(counts, at_home.astype(np.float64) * STEP_S)
        self._map.solve()

    def _locate(self, reads: Reads) -> dict[int, str]:
        """Look for the garments that are away; return new zones by row."""
        assert self._map is not None
        news: dict[int, str] = {}
        away = np.flatnonzero(self._log_odds < 0).tolist()
        for row in [r for r in self._belief if self._log_odds[r] > 0]:
            del self._belief[row]
            self._candidate.pop(row, None)
            news[row] = str(self._home[row])
        antennas = self._table.distance_m.shape[1]
        for row in away:
            if row in self._sold_until:
                continue
            if row not in self._belief:
                self._belief[row] = self._map.start(self._table.xyz_m[row, :2])
            mine = np.flatnonzero(reads.tag == row)
            count = np.bincount(reads.antenna[mine], minlength=antennas).astype(float)
            total = np.bincount(reads.antenna[mine], reads.rssi_dbm[mine], antennas)
            fit = self._map.log_likelihood(row, count, total / np.maximum(count, 1), STEP_S)
            self._belief[row] = self._map.update(self._map.move(self._belief[row], STEP_S), fit)
            news |= self._news(row)
        return news

    def _news(self, row: int) -> dict[int, str]:
        """Return the zone of a garment that is away, once it is plain."""
        assert self._map is not None
        near = self._map.near(self._belief[row], self._table.xyz_m[row, :2], NEAR_M)
        if near >= NEAR_SHARE or self._looked[row] >= 0:
            return {}
        zone = self._settled(row)
        if self._rest[row] >= REST_STEPS and not self._may_rest_at(zone, row):
            self._adopt(np.array([row]))
            return {}
        return {} if zone is None else {row: zone}

    def _may_rest_at(self, zone: str | None, row: int) -> bool:
        """Say whether a garment that hangs still may be in that zone, rather than at home."""
        assert self._map is not None
        if zone is not None and self._kind.get(zone) not in QUEUES:
            return False
        home = self._table.xyz_m[row, :2]
        return self._map.near(self._belief[row], home, BESIDE_M) < BESIDE_SHARE

    def _settled(self, row: int) -> str | None:
        """Return the zone a garment has probably been in for some steps, if there is one."""
        names, where = np.unique(self._cell_zone, return_inverse=True)
        mass = np.bincount(where, self._belief[row], len(names))
        best = int(mass.argmax())
        if mass[best] < self._sure:
            self._candidate.pop(row, None)
            return None
        name, steps = self._candidate.get(row, ("", 0))
        steps = steps + 1 if name == names[best] else 1
        self._candidate[row] = (str(names[best]), steps)
        return str(names[best]) if steps >= self._steps else None

    def _say(self, time_ns: int, news: dict[int, str]) -> list[TagZones]:
        changed = sorted(row for row, zone in news.items() if self._zone[row] != zone)
        for row in changed:
            self._zone[row] = news[row]
        if not changed:
            return []
        return [TagZones(time_ns, epc=self._epc[changed], zone=self._zone[changed])]
