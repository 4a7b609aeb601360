"""All readers of a shop, played from one snapshot of the world to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import TagReads
from retailsim.simulate.faults import Reboot
from retailsim.simulate.rfid import channel
from retailsim.simulate.rfid.channel import Bodies, Room, Sources
from retailsim.simulate.rfid.gen2 import SlotCounts
from retailsim.simulate.rfid.hopping import Stretch, stretches
from retailsim.simulate.rfid.inventory import Inventory
from retailsim.simulate.rfid.reports import (
    REVISIT_SIGMA_RAD,
    report_doppler,
    report_phase,
    report_rssi,
)
from retailsim.simulate.rfid.tags import Tags, tilted
from retailsim.simulate.snapshot import Place, Snapshot, swing_offset_m
from retailsim.simulate.streams import stream
from retailsim.store.plan import Reader, StorePlan
from retailsim.store.regions import REGIONS

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
C128 = NDArray[np.complex128]

DOPPLER_STEP_NS = 1_000_000
_COLUMNS = ("read_us", "tag", "antenna", "channel", "rssi_cdbm", "phase", "doppler")


class RadioRig:
    """The RFID installation of a shop.

    Example:
        >>> rig = RadioRig(plan, seed=7)
        >>> reads = rig.advance(snapshots[0], snapshots[1])
    """

    def __init__(self, plan: StorePlan, *, seed: int, reboots: Sequence[Reboot] = ()) -> None:
        """Set up the readers of `plan`; tags are in the order of `plan.items`.

        Reboots count from the first snapshot.
        """
        room = Room(None if plan.size_m is None else (*plan.size_m, plan.height_m))
        tags = Tags.draw(len(plan.items), seed=seed)
        epc = np.array([item.epc for item in plan.items], dtype="<U24")
        self._readers = [
            _ReaderRig(r, room, tags, epc, seed, [b for b in reboots if b.reader == r.id])
            for r in plan.readers
        ]

    def advance(self, before: Snapshot, after: Snapshot) -> list[TagReads]:
        """Return what the readers report of [before, after): at most one batch per reader."""
        scene = Scene(before, after)
        batches = [reader.advance(scene) for reader in self._readers]
        return [batch for batch in batches if batch is not None]

    @property
    def slot_counts(self) -> dict[str, SlotCounts]:
        """What became of every reader's slots so far, by reader id."""
        return {reader.id: reader.counts for reader in self._readers}


class Scene:
    """The world between two snapshots: where tags and people are at any time in between."""

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self.start_ns, self.end_ns = before.time_ns, after.time_ns
        self.tag_xyz_m = before.garments.tag_xyz_m
        away = Place.SOLD, Place.BACK_ROOM
        self.silent = np.isin(before.garments.place, away) | np.isin(after.garments.place, away)
        self._tag_step_m = after.garments.tag_xyz_m - before.garments.tag_xyz_m
        self._swings = tuple(dict.fromkeys((*before.swings, *after.swings)))
        self.moving = (self._tag_step_m != 0).any(axis=1)
        self.moving[[swing.garment for swing in self._swings]] = True
        self._people, self._people_step_m, self._height_m = _moving_people(before, after)

    def tags(self, tag: I64, time_ns: I64) -> tuple[F64, F64]:
        """Return position and swing of `tag` (n,) at `time_ns` (n,), (n, 3) each."""
        offset = np.zeros((len(tag), 3))
        for swing in self._swings:
            mine = np.flatnonzero(tag == swing.garment)
            if len(mine):
                offset[mine] += swing_offset_m(swing, time_ns[mine])
        share = self._share(time_ns)[:, None]
        return self.tag_xyz_m[tag] + share * self._tag_step_m[tag] + offset, offset

    def bodies(self, time_ns: int) -> Bodies:
        """Return everyone's position at a time."""
        share = self._share(np.array(time_ns))
        return Bodies(self._people + share * self._people_step_m, self._height_m)

    def _share(self, time_ns: I64) -> F64:
        share: F64 = (time_ns - self.start_ns) / max(self.end_ns - self.start_ns, 1)
        return share


def _moving_people(before: Snapshot, after: Snapshot) -> tuple[F64, F64, F64]:
    """Return everyone's first position, step and height; bodies are known by being the same."""
    rows = {id(body): row for row, body in enumerate(after.people.body)}
    here = before.people.xy_m
    there = np.array(
        [
            after.people.xy_m[rows[id(body)]] if id(body) in rows else here[row]
            for row, body in enumerate(before.people.body)
        ]
    ).reshape(-1, 2)
    height = np.array([body.height_m for body in before.people.body])
    return here, there - here, height


class _ReaderRig:
    """One reader with its antennas, its clockwork and its view of all tags."""

    def __init__(
        self,
        reader: Reader,
        room: Room,
        tags: Tags,
        epc: NDArray[np.str_],
        seed: int,
        reboots: Sequence[Reboot],
    ) -> None:
        self._reader, self._tags, self._epc = reader, tags, epc
        self._region = REGIONS[reader.region]
        self._antennas = [_AntennaView(channel.sources(a, room)) for a in reader.antennas]
        self._port = np.array([a.port for a in reader.antennas], np.uint8)
        name = ("rfid", reader.id)
        shape = (len(self._antennas), len(self._region.frequency_hz))
        self._offset_rad = stream(seed, *name, "offsets").uniform(0, 2 * np.pi, shape)
        self._noise = stream(seed, *name, "noise")
        self._inventory = Inventory(
            stream(seed, *name, "inventory"),
            tags=len(epc),
            antennas=len(self._antennas),
            mode=reader.link_mode,
            session=reader.session,
            target=reader.target,
        )
        self._first_ns: int | None = None
        self._epoch_ns: int | None = None
        self._reboots = sorted(reboots, key=lambda reboot: reboot.at_s)
        self._restarts = 0
        self._seed, self._visit = seed, -1
        self._flip_draw, self._revisit_rad = np.empty(0), np.empty(0)

    @property
    def id(self) -> str:
        """The reader's id in the plan."""
        return self._reader.id

    @property
    def counts(self) -> SlotCounts:
        """What became of its slots so far."""
        return self._inventory.counts

    def advance(self, scene: Scene) -> TagReads | None:
        """Return the batch of one tick; None when nothing was read."""
        if self._first_ns is None:
            self._first_ns = self._epoch_ns = scene.start_ns
        parts = [
            part
            for stretch in self._stretches(scene.start_ns, scene.end_ns)
            if (part := self._listen(stretch, scene)) is not None
        ]
        if not parts:
            return None
        column = {name: np.concatenate([p[name] for p in parts]) for name in _COLUMNS}
        epc = self._epc[column.pop("tag")]
        return TagReads(
            time_ns=int(column["read_us"][-1]) * 1000, reader=self._reader.id, epc=epc, **column
        )

    def _stretches(self, start_ns: int, end_ns: int) -> Iterator[Stretch]:
        """Yield a tick's stretches; none while the reader restarts, the first again after."""
        assert self._first_ns is not None
        now = start_ns
        for count, reboot in enumerate(self._reboots, start=1):
            down_ns = self._first_ns + round(reboot.at_s * 1e9)
            up_ns = down_ns + round(reboot.for_s * 1e9)
            if down_ns < end_ns and count > self._restarts:
                yield from self._turns(now, down_ns)
                now = max(now, min(up_ns, end_ns))
                if up_ns <= end_ns:
                    self._restart(count, up_ns, new_phase=reboot.new_phase)
        yield from self._turns(now, end_ns)

    def _turns(self, start_ns: int, end_ns: int) -> Iterator[Stretch]:
        assert self._epoch_ns is not None
        yield from stretches(
            start_ns,
            end_ns,
            epoch_ns=self._epoch_ns,
            antennas=len(self._antennas),
            dwell_s=self._reader.antenna_dwell_s,
            region=self._region,
        )

    def _restart(self, count: int, now_ns: int, *, new_phase: bool) -> None:
        self._restarts, self._epoch_ns, self._visit = count, now_ns, -1
        self._inventory.restart()
        if new_phase:
            draws = stream(self._seed, "rfid", self._reader.id, "offsets", count)
            self._offset_rad = draws.uniform(0, 2 * np.pi, self._offset_rad.shape)

    def _listen(self, stretch: Stretch, scene: Scene) -> dict[str, NDArray] | None:  # type: ignore[type-arg]
        view = self._antennas[stretch.antenna]
        frequency_hz = float(self._region.frequency_hz[stretch.channel])
        # Nobody gets far in a stretch: people are taken where they are in the middle of it.
        bodies = scene.bodies((stretch.start_ns + stretch.end_ns) // 2)
        h_all = view.still(scene.tag_xyz_m, self._tags.axis, frequency_hz)
        everyone = np.arange(len(h_all))
        near = np.flatnonzero(self._audible(everyone, _decibel(h_all)) & ~scene.silent)
        h_all[near] = view.past_people(near, bodies, frequency_hz)
        awake, reply_dbm = self._answers(everyone, _decibel(h_all))
        tag, time_ns = self._inventory.read(stretch, awake & ~scene.silent, reply_dbm)
        if not len(tag):
            return None
        time_ns = time_ns // 1000 * 1000
        h, doppler_hz = h_all[tag], np.zeros(len(tag))
        moving = np.flatnonzero(scene.moving[tag])
        if len(moving):
            movers, at_ns = tag[moving], time_ns[moving]
            h[moving] = self._channel(view.source, scene, movers, at_ns, bodies, frequency_hz)
            later = self._channel(
                view.source, scene, movers, at_ns + DOPPLER_STEP_NS, bodies, frequency_hz
            )
            turn = 2 * np.angle(later * h[moving].conj())
            doppler_hz[moving] = turn / (2 * np.pi * DOPPLER_STEP_NS * 1e-9)
        heard = np.flatnonzero(self._audible(tag, _decibel(h)))
        if not len(heard):
            return None
        return self._report(stretch, tag[heard], time_ns[heard], h[heard], doppler_hz[heard])

    def _channel(
        self,
        source: Sources,
        scene: Scene,
        tag: I64,
        time_ns: I64,
        bodies: Bodies,
        frequency_hz: float,
    ) -> C128:
        xyz, offset = scene.tags(tag, time_ns)
        axis = tilted(self._tags.axis[tag], offset)
        return channel.one_way(source, xyz, axis, bodies, frequency_hz)

    def _answers(self, tag: I64, path_db: F64) -> tuple[NDArray[np.bool_], F64]:
        """Return which of `tag` (n,) have power, and how strong their replies are, dBm (n,)."""
        power = self._reader.tx_power_dbm
        awake = self._tags.incident_dbm(tag, path_db, power) >= self._tags.sensitivity_dbm[tag]
        return awake, self._tags.answer_dbm(tag, path_db, power)

    def _audible(self, tag: I64, path_db: F64) -> NDArray[np.bool_]:
        awake, reply_dbm = self._answers(tag, path_db)
        return awake & self._inventory.hears(reply_dbm)

    def _visit_channel(self, stretch: Stretch) -> None:
        """Draw what is one value for as long as the reader stays on this channel."""
        assert self._epoch_ns is not None
        visit = (stretch.start_ns - self._epoch_ns) // round(self._region.dwell_s * 1e9)
        if visit == self._visit:
            return
        self._visit = visit
        name = ("restart", self._restarts) if self._restarts else ()
        reader = ("rfid", self._reader.id, *name)
        self._flip_draw = stream(self._seed, *reader, "pi flips", visit).random(len(self._epc))
        drift = stream(self._seed, *reader, "revisits", visit)
        self._revisit_rad = drift.normal(0, REVISIT_SIGMA_RAD, len(self._antennas))

    def _report(
        self, stretch: Stretch, tag: I64, time_ns: I64, h: C128, doppler_hz: F64
    ) -> dict[str, NDArray]:  # type: ignore[type-arg]
        self._visit_channel(stretch)
        rssi_dbm = self._tags.answer_dbm(tag, _decibel(h), self._reader.tx_power_dbm)
        offset = self._offset_rad[stretch.antenna, stretch.channel]
        fixed = offset + self._revisit_rad[stretch.antenna] + self._tags.phase_rad[tag]
        phase_rad, flip = fixed - 2 * np.angle(h), self._flip_draw[tag]
        return {
            "read_us": time_ns // 1000,
            "tag": tag,
            "antenna": np.full(len(tag), self._port[stretch.antenna], np.uint8),
            "channel": np.full(len(tag), stretch.channel + 1, np.uint16),
            "rssi_cdbm": report_rssi(rssi_dbm, self._noise),
            "phase": report_phase(phase_rad, rssi_dbm, flip, self._noise),
            "doppler": report_doppler(doppler_hz, rssi_dbm, self._noise),
        }


@dataclass
class _AntennaView:
    """An antenna and the paths to all tags as they hang still, kept until a tag moves."""

    source: Sources
    xyz_m: F64 | None = None
    paths: tuple[C128, F64] | None = None

    def still(self, tag_xyz_m: F64, axis: F64, frequency_hz: float) -> C128:
        """Return the channel to all tags without people or swings (g,)."""
        if self.xyz_m is None or self.paths is None:
            self.xyz_m, self.paths = tag_xyz_m.copy(), channel.rays(self.source, tag_xyz_m, axis)
        moved = np.flatnonzero((self.xyz_m != tag_xyz_m).any(axis=1))
        if len(moved):
            self.xyz_m[moved] = tag_xyz_m[moved]
            fresh = channel.rays(self.source, tag_xyz_m[moved], axis[moved])
            for kept, new in zip(self.paths, fresh, strict=True):
                kept[moved] = new
        return channel.add_up(*self.paths, frequency_hz)

    def past_people(self, tag: I64, bodies: Bodies, frequency_hz: float) -> C128:
        """Return the channel to some tags with people on the way (n,), after `still`."""
        assert self.xyz_m is not None
        assert self.paths is not None
        amplitude, length = self.paths
        paths = channel.past_people(
            self.source, self.xyz_m[tag], (amplitude[tag], length[tag]), bodies
        )
        return channel.add_up(*paths, frequency_hz)


def _decibel(h: C128) -> F64:
    level: F64 = 20 * np.log10(np.maximum(np.abs(h), 1e-12))
    return level
