"""All readers of a shop, played from one snapshot of the world to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import TagReads
from retailsim.simulate.faults import Reboot
from retailsim.simulate.rfid import detuning
from retailsim.simulate.rfid.channel import Surroundings, patch_source, surroundings
from retailsim.simulate.rfid.detuning import Coupling
from retailsim.simulate.rfid.gen2 import SlotCounts
from retailsim.simulate.rfid.hopping import Stretch, stretches
from retailsim.simulate.rfid.inventory import Inventory
from retailsim.simulate.rfid.reports import (
    REVISIT_SIGMA_RAD,
    report_doppler,
    report_phase,
    report_rssi,
)
from retailsim.simulate.rfid.scene import Scene
from retailsim.simulate.rfid.tags import Tags, tilted, turned
from retailsim.simulate.rfid.view import Air, AntennaView
from retailsim.simulate.snapshot import Snapshot
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
        tags = Tags.draw(len(plan.items), seed=seed)
        self._coupling = Coupling(tags.axis)
        around = {
            region: surroundings(plan, float(REGIONS[region].frequency_hz.mean()))
            for region in {reader.region for reader in plan.readers}
        }
        epc = np.array([item.epc for item in plan.items], dtype="<U24")
        self._readers = [
            _ReaderRig(
                reader,
                around[reader.region],
                tags,
                self._coupling,
                epc,
                seed,
                [reboot for reboot in reboots if reboot.reader == reader.id],
            )
            for reader in plan.readers
        ]

    def advance(self, before: Snapshot, after: Snapshot) -> list[TagReads]:
        """Return what the readers report of [before, after): at most one batch per reader."""
        scene = Scene(before, after)
        self._coupling.update(scene.tag_xyz_m, ~scene.silent)
        # What hangs beside something that moves is detuned anew all the time.
        beside = self._coupling.near[scene.moving]
        scene.moving[beside[beside != detuning.NOBODY]] = True
        batches = [reader.advance(scene) for reader in self._readers]
        return [batch for batch in batches if batch is not None]

    @property
    def slot_counts(self) -> dict[str, SlotCounts]:
        """What became of every reader's slots so far, by reader id."""
        return {reader.id: reader.counts for reader in self._readers}


class _ReaderRig:
    """One reader with its antennas, its clockwork and its view of all tags."""

    def __init__(
        self,
        reader: Reader,
        around: Surroundings,
        tags: Tags,
        coupling: Coupling,
        epc: NDArray[np.str_],
        seed: int,
        reboots: Sequence[Reboot],
    ) -> None:
        self._reader, self._tags, self._epc = reader, tags, epc
        self._coupling = coupling
        self._region = REGIONS[reader.region]
        faintest = 10 ** (tags.weakest_path_db(reader.tx_power_dbm) / 20)
        self._antennas = [
            AntennaView(
                patch_source(antenna, around), tags.moment, self._region.frequency_hz, faintest
            )
            for antenna in reader.antennas
        ]
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
        middle_ns = (stretch.start_ns + stretch.end_ns) // 2
        air = view.at(scene.tag_xyz_m, scene.bodies, middle_ns, stretch.channel, scene.silent)
        h_all = air.h * self._coupling.uptake
        power_dbm = self._reader.tx_power_dbm
        awake, reply_dbm = self._tags.answer(slice(None), _decibel(h_all), power_dbm)
        tag, time_ns = self._inventory.read(stretch, awake & ~scene.silent, reply_dbm)
        if not len(tag):
            return None
        time_ns = time_ns // 1000 * 1000
        h, doppler_hz = h_all[tag], np.zeros(len(tag))
        moving = np.flatnonzero(scene.moving[tag])
        if len(moving):
            h[moving], doppler_hz[moving] = self._moving(
                view, air, scene, tag[moving], time_ns[moving]
            )
        awake, reply_dbm = self._tags.answer(tag, _decibel(h), power_dbm)
        heard = np.flatnonzero(awake & self._inventory.hears(reply_dbm))
        if not len(heard):
            return None
        phase_rad = -2 * np.angle(h[heard])
        return self._report(
            stretch, tag[heard], time_ns[heard], phase_rad, reply_dbm[heard], doppler_hz[heard]
        )

    def _moving(
        self, view: AntennaView, air: Air, scene: Scene, tag: I64, time_ns: I64
    ) -> tuple[C128, F64]:
        """Return channel and Doppler (n,) of tags at times at which they are on their way."""
        tag, time_ns = np.tile(tag, 2), np.concatenate([time_ns, time_ns + DOPPLER_STEP_NS])
        near, count = self._coupling.near[tag], len(tag)
        every = np.concatenate([tag, near.ravel()])
        every_ns = np.append(time_ns, np.repeat(time_ns, near.shape[1]))
        xyz, offset, turn_rad = scene.tags(every, every_ns)
        mine, axis = xyz[:count], self._tags.axis
        pulled = detuning.shifts(
            mine, axis[tag], xyz[count:].reshape(*near.shape, 3), axis[near], near
        )
        moment = tilted(turned(self._tags.moment[tag], turn_rad[:count]), offset[:count])
        h = view.moving(air, tag, mine, moment)
        now, later = np.split(h * detuning.uptake(pulled), 2)
        return now, 2 * np.angle(later * now.conj()) / (2 * np.pi * DOPPLER_STEP_NS * 1e-9)

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
        self,
        stretch: Stretch,
        tag: I64,
        time_ns: I64,
        path_rad: F64,
        rssi_dbm: F64,
        doppler_hz: F64,
    ) -> dict[str, NDArray]:  # type: ignore[type-arg]
        self._visit_channel(stretch)
        offset = self._offset_rad[stretch.antenna, stretch.channel]
        fixed = offset + self._revisit_rad[stretch.antenna] + self._tags.phase_rad[tag]
        phase_rad, flip = fixed + path_rad, self._flip_draw[tag]
        return {
            "read_us": time_ns // 1000,
            "tag": tag,
            "antenna": np.full(len(tag), self._port[stretch.antenna], np.uint8),
            "channel": np.full(len(tag), stretch.channel + 1, np.uint16),
            "rssi_cdbm": report_rssi(rssi_dbm, self._noise),
            "phase": report_phase(phase_rad, rssi_dbm, flip, self._noise),
            "doppler": report_doppler(doppler_hz, rssi_dbm, self._noise),
        }


def _decibel(h: C128) -> F64:
    level: F64 = 10 * np.log10(np.maximum(h.real**2 + h.imag**2, 1e-24))
    return level
