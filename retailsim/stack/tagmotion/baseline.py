"""Rivals of the tag stages: simple rules that a shop could run without any of this."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from retailsim.messages.base import Message
from retailsim.messages.results import TagMotion, TagPositions, TagZones
from retailsim.messages.sensors import TagReads
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.zones import zone_at


class RssiRule(Stage):
    """RSSI changed by 3 dB: a tag moves while its reads are off its usual level.

    The usual level is a running mean per tag, reader and antenna, so that switching antennas is no
    change. Reads off it at most `join_s` apart make one event, from the first to the last of
    them, `pad_s` wider on both sides; a single read is not enough.
    """

    inputs = (TagReads,)
    outputs = (TagMotion,)

    def __init__(
        self,
        context: StageContext,
        *,
        change_db: float = 3.0,
        memory: float = 0.1,
        join_s: float = 1.5,
        pad_s: float = 0.25,
        least_reads: int = 2,
    ) -> None:
        """Set up the rule.

        Args:
            context: unused but for the interface.
            change_db: deviation from the usual level that counts.
            memory: share of a new read in the running mean.
            join_s: largest gap within an event.
            pad_s: how far an event reaches beyond its reads.
            least_reads: reads off the level that make an event.
        """
        super().__init__(context)
        self._change_db, self._memory = change_db, memory
        self._join_ns, self._pad_ns = round(join_s * 1e9), round(pad_s * 1e9)
        self._least_reads = least_reads
        self._level: dict[tuple[str, str, int], float] = {}
        self._open: dict[str, tuple[int, int, int]] = {}  # first, last, count

    def process(self, message: Message) -> Iterable[Message]:
        """Compare every read of a batch with its level."""
        if not isinstance(message, TagReads):
            return
        columns = (message.read_us, message.epc, message.antenna, message.rssi_cdbm)
        for read_us, epc, port, rssi in zip(*(c.tolist() for c in columns), strict=True):
            key, now_ns, dbm = (epc, message.reader, port), read_us * 1000, rssi / 100
            usual = self._level.setdefault(key, dbm)
            self._level[key] = usual + self._memory * (dbm - usual)
            if abs(dbm - usual) < self._change_db:
                continue
            first, last, count = self._open.get(epc, (now_ns, now_ns, 0))
            if now_ns - last > self._join_ns:
                yield from self._event(epc)
                first, count = now_ns, 0
            self._open[epc] = (min(first, now_ns), max(last, now_ns), count + 1)

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Close events whose last read is long ago."""
        over = [e for e, (_, last, _) in self._open.items() if watermark_ns - last > self._join_ns]
        return [event for epc in over for event in self._event(epc)]

    def finish(self) -> Iterable[Message]:
        """Close all events."""
        return [event for epc in list(self._open) for event in self._event(epc)]

    def _event(self, epc: str) -> list[TagMotion]:
        first, last, count = self._open.pop(epc)
        if count < self._least_reads:
            return []
        return [TagMotion(first - self._pad_ns, last + self._pad_ns, epc, "flip", 1.0)]


class StaticPlanogram(Stage):
    """The planogram never changes: every garment stays at its place for ever."""

    inputs = (TagReads,)
    outputs = (TagZones, TagPositions)

    def __init__(self, context: StageContext) -> None:
        super().__init__(context)
        self._said = False

    def process(self, message: Message) -> Iterable[Message]:
        """Tell all zones and positions when the first reads come."""
        if self._said or not isinstance(message, TagReads) or not len(message.read_us):
            return ()
        self._said = True
        plan = self.context.plan
        xyz = [plan.slot_xyz_m(item.fixture, item.slot) for item in plan.items]
        epc = np.array([item.epc for item in plan.items], np.str_)
        xy_m = np.array(xyz, float).reshape(-1, 3)[:, :2].copy()
        time_ns, home = int(message.read_us[0]) * 1000, np.full(len(epc), "home")
        return (
            TagZones(time_ns, epc=epc, zone=zone_at(plan, xy_m)),
            TagPositions(time_ns, epc=epc, xy_m=xy_m, sigma_m=np.zeros(len(epc)), state=home),
        )


class NearestAntenna(Stage):
    """A garment is under the antenna that hears it loudest.

    Loudness is the mean RSSI of the last `every_s` seconds; garments that were not read stay where
    they were.
    """

    inputs = (TagReads,)
    outputs = (TagZones, TagPositions)

    def __init__(self, context: StageContext, *, every_s: float = 5.0) -> None:
        """Set up the rule.

        Args:
            context: plan with antennas and garments.
            every_s: how often positions are told.
        """
        super().__init__(context)
        self._every_ns = round(every_s * 1e9)
        plan = context.plan
        self._under = {
            (r.id, a.port): np.array(a.position_m[:2]) for r in plan.readers for a in r.antennas
        }
        under_m = np.array(list(self._under.values()), float).reshape(-1, 2)
        self._zone = dict(zip(self._under, zone_at(plan, under_m).tolist(), strict=True))
        self._heard: dict[str, dict[tuple[str, int], list[float]]] = {}
        self._last: dict[str, tuple[str, int]] = {}
        self._due_ns: int | None = None

    def process(self, message: Message) -> Iterable[Message]:
        """Collect RSSI by garment and antenna."""
        if not isinstance(message, TagReads):
            return ()
        columns = (message.epc, message.antenna, message.rssi_cdbm)
        for epc, port, rssi in zip(*(c.tolist() for c in columns), strict=True):
            antenna = message.reader, port
            if antenna in self._under and epc in self.context.plan.item_by_epc:
                self._heard.setdefault(epc, {}).setdefault(antenna, []).append(rssi / 100)
        return ()

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Tell positions when it is time to."""
        if self._due_ns is None:
            self._due_ns = watermark_ns + self._every_ns
        if watermark_ns < self._due_ns or not self._heard:
            return ()
        self._due_ns = watermark_ns + self._every_ns
        loudest = {
            epc: max(heard, key=lambda antenna: float(np.mean(heard[antenna])))
            for epc, heard in self._heard.items()
        }
        self._heard = {}
        news = {epc: a for epc, a in loudest.items() if self._last.get(epc) != a}
        self._last |= news
        if not news:
            return ()
        epc = np.array(list(news), np.str_)
        xy_m = np.array([self._under[a] for a in news.values()])
        zone = np.array([self._zone[a] for a in news.values()], np.str_)
        sigma_m, state = np.full(len(news), np.nan), np.full(len(news), "moving")
        return (
            TagZones(watermark_ns, epc=epc, zone=zone),
            TagPositions(watermark_ns, epc=epc, xy_m=xy_m, sigma_m=sigma_m, state=state),
        )
