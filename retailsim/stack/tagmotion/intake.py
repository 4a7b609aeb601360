"""Which reads can be used: what a reader sends is checked, put right where that is safe, counted.

Readers and networks do strange things: batches come twice, clocks are set while the shop is open,
tags of the shop next door are read, fields hold what no reader should send. Every read is either
taken or counted under the one reason for which it was not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.reads import CleanReads
from retailsim.messages.sensors import TagReads
from retailsim.store.plan import StorePlan
from retailsim.store.regions import REGIONS

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

MOST_US = 2**53  # exact as a float; in the year 2255
ASTRAY_US = 10_000_000  # a read so far from the middle of its batch has a wrong time
BACK_US = 10_000_000  # a batch so far behind its reader's last: the clock was set back
AHEAD_US = 600_000_000  # a batch so far ahead of everything: the clock was set forward
LATE_SHARE = 0.001  # of all reads; fewer that are late are no news
TWICE_US = 10_000_000  # for so long a read is remembered, to know it again
RSSI_CDBM = (-12_000, 0)
FULL_TURN = 4096

LEFT_OUT = {
    "duplicate": "came twice",
    "unknown_tag": "of tags that are not in the catalogue",
    "unknown_antenna": "from readers or antennas that are not in the plan",
    "unknown_channel": "on channels the region does not have",
    "bad_phase": "with a phase out of range",
    "bad_rssi": "with an RSSI out of range",
    "bad_time": "with a time far from their batch's",
}


@dataclass
class ReadCounts:
    """How many reads came and what became of them.

    `reads` is `taken` plus all of the second group.

    Attributes:
        reads, taken: all, and those that are used.
        duplicate: the same read of the same microsecond again.
        unknown_tag: an EPC that is not in the catalogue.
        unknown_antenna: a reader or port (0, say) that is not in the plan.
        unknown_channel: an index outside the region's hop table.
        bad_phase, bad_rssi: out of range.
        bad_time: far from the rest of its batch.
        out_of_order: taken, after a later one of the same reader.
        late: taken, though what their time belongs to had been judged.
        full_turn: taken, with a phase of 4096 for 0.
        clock_jumps: batches from which on a reader's clock is corrected.
    """

    reads: int = 0
    taken: int = 0
    duplicate: int = 0
    unknown_tag: int = 0
    unknown_antenna: int = 0
    unknown_channel: int = 0
    bad_phase: int = 0
    bad_rssi: int = 0
    bad_time: int = 0
    out_of_order: int = 0
    late: int = 0
    full_turn: int = 0
    clock_jumps: int = 0

    def warnings(self) -> list[str]:
        """Return one sentence each on reads left out, taken late, and clocks that jumped."""
        said = []
        out = [
            f"{getattr(self, name):,} {words}"
            for name, words in LEFT_OUT.items()
            if getattr(self, name)
        ]
        if out:
            lost = self.reads - self.taken
            said.append(f"{lost:,} of {self.reads:,} tag reads not used: {', '.join(out)}")
        if self.late > LATE_SHARE * self.reads:
            said.append(f"{self.late:,} tag reads came too late for their time and count for later")
        if self.clock_jumps:
            said.append(f"a reader's clock jumped {self.clock_jumps:,} times; corrected")
        return said

    def as_dict(self) -> dict[str, int]:
        """Return all counts by name."""
        return asdict(self)


@dataclass(frozen=True)
class Taken:
    """The usable reads of a batch, in order of time; int64 (n,) each.

    Attributes:
        row: which of the batch.
        time_us: their times, clock jumps taken out.
        tag, antenna, channel: rows of the tables.
    """

    row: I64
    time_us: I64
    tag: I64
    antenna: I64
    channel: I64


class Intake:
    """Checks batches of all readers of a shop."""

    def __init__(
        self,
        tag_row: Mapping[str, int],
        antenna_row: Mapping[tuple[str, int], int],
        channels: NDArray[np.int64],
    ) -> None:
        """Set up the tables.

        Args:
            tag_row: row of an EPC.
            antenna_row: row of a reader's port.
            channels: length of the hop table by row of the antenna, int64 (antennas,).
        """
        self.counts = ReadCounts()
        self.tag_row, self.antenna_row = dict(tag_row), dict(antenna_row)
        self._channels = np.append(channels, 0)  # of no antenna, row -1: none
        self._ports: dict[str, I64] = {}
        for (reader, port), row in antenna_row.items():
            self._ports.setdefault(reader, _no_port())[port] = row
        self._clocks: dict[str, _Clock] = {}
        self._newest_us: float | None = None
        self._seen = _Seen()

    @classmethod
    def of_plan(cls, plan: StorePlan) -> Intake:
        """Return the intake of a shop; rows are those of its garments and of its antennas."""
        ports = [(r, a) for r in plan.readers for a in r.antennas]
        tables = [len(REGIONS[r.region].frequency_hz) for r, _ in ports]
        return cls(
            {item.epc: row for row, item in enumerate(plan.items)},
            {(r.id, a.port): row for row, (r, a) in enumerate(ports)},
            np.array(tables, np.int64),
        )

    def told(self, time_ns: int) -> None:
        """Take notice that it is at least so late: silence up to then is no clock jump."""
        if self._newest_us is not None and time_ns / 1000 < self._newest_us + AHEAD_US:
            self._newest_us = max(self._newest_us, time_ns / 1000)

    def clean(self, batch: TagReads) -> CleanReads:
        """Return the reads of a batch that can be used, as a message."""
        taken = self.take(batch)
        return CleanReads(
            batch.time_ns,
            batch.reader,
            taken.time_us,
            taken.tag,
            taken.antenna,
            taken.channel,
            batch.rssi_cdbm[taken.row],
            batch.phase[taken.row] % np.uint16(FULL_TURN),
            batch.doppler[taken.row],
        )

    def take(self, batch: TagReads) -> Taken:
        """Return the reads of a batch that can be used."""
        n = len(batch.epc)
        self.counts.reads += n
        time_us, fits = self._times(batch)
        row_of = self.tag_row.get
        tag = np.fromiter((row_of(epc, -1) for epc in batch.epc.tolist()), np.int64, n)
        antenna = self._ports.get(batch.reader, _NO_READER)[batch.antenna]
        channel = batch.channel.astype(np.int64) - 1
        low, high = RSSI_CDBM
        left = self._without(
            fits,
            unknown_tag=tag < 0,
            unknown_antenna=antenna < 0,
            unknown_channel=(channel < 0) | (channel >= self._channels[antenna]),
            bad_phase=batch.phase > FULL_TURN,
            bad_rssi=(batch.rssi_cdbm < low) | (batch.rssi_cdbm > high),
        )
        row = np.flatnonzero(left)
        row = row[np.argsort(time_us[row], kind="stable")]
        columns = time_us, tag, antenna, channel, batch.phase, batch.rssi_cdbm
        row = row[self._first_time(batch.reader, [c[row] for c in columns])]
        self.counts.taken += len(row)
        self.counts.full_turn += int(np.count_nonzero(batch.phase[row] == FULL_TURN))
        return Taken(row, time_us[row], tag[row], antenna[row], channel[row])

    def _without(self, fits: Bool, **wrong: Bool) -> Bool:
        """Return which reads are left when all that is wrong is struck out; count that once."""
        left = np.ones(len(fits), np.bool_)
        for reason, where in {"bad_time": ~fits, **wrong}.items():
            struck = int(np.count_nonzero(left & where))
            if struck:
                setattr(self.counts, reason, getattr(self.counts, reason) + struck)
                left &= ~where
        return left

    def _times(self, batch: TagReads) -> tuple[I64, Bool]:
        """Return times without the clock's jumps, and which of them can be right."""
        fits = (batch.read_us >= 0) & (batch.read_us < MOST_US)
        if not fits.any():
            return batch.read_us, fits
        raw_us = np.where(fits, batch.read_us, 0)
        sane = np.sort(raw_us[fits])
        fits &= np.abs(raw_us - sane[len(sane) // 2]) <= ASTRAY_US
        clock = self._clocks.setdefault(batch.reader, _Clock())
        last_us = float(raw_us[fits].max())
        if clock.check(last_us, self._newest_us):
            self.counts.clock_jumps += 1
        time_us = raw_us + np.int64(clock.offset_us)
        good = time_us[fits]
        self.counts.out_of_order += int(np.count_nonzero(good < np.maximum.accumulate(good)))
        self._newest_us = max(self._newest_us or 0.0, last_us + clock.offset_us)
        return time_us, fits

    def _first_time(self, reader: str, columns: Sequence[NDArray[Any]]) -> Bool:
        """Return which reads (n,) of a reader are not there yet; remember them."""
        new = self._seen.add(reader, columns, self._newest_us or 0.0)
        self.counts.duplicate += len(new) - int(np.count_nonzero(new))
        return new


class _Seen:
    """Remembers the reads of the last `TWICE_US` and more, to know them again.

    Reads later than all of their reader's are new without a look; they are put where they can be
    looked up only when one comes that is not.
    """

    def __init__(self) -> None:
        self._known: set[tuple[Any, ...]] = set()
        self._known_before: set[tuple[Any, ...]] = set()
        self._unsorted: list[Sequence[NDArray[Any]]] = []
        self._last_us: dict[str, int] = {}
        self._from_us = 0.0

    def add(self, reader: str, columns: Sequence[NDArray[Any]], now_us: float) -> Bool:
        """Return which reads are new; columns of one reader, their times first, in order."""
        if now_us - self._from_us > TWICE_US:
            self._sort()
            self._known, self._known_before, self._from_us = set(), self._known, now_us
        time_us = columns[0]
        new = np.ones(len(time_us), np.bool_)
        if not len(time_us):
            return new
        last_us = self._last_us.get(reader, -1)
        self._last_us[reader] = max(last_us, int(time_us[-1]))
        if time_us[0] > last_us and (time_us[1:] > time_us[:-1]).all():
            self._unsorted.append(columns)
            return new
        self._sort()
        for place, read in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
            if read in self._known or read in self._known_before:
                new[place] = False
            else:
                self._known.add(read)
        return new

    def _sort(self) -> None:
        for columns in self._unsorted:
            self._known.update(zip(*(c.tolist() for c in columns), strict=True))
        self._unsorted = []


@dataclass
class _Clock:
    """One reader's clock against the stream."""

    offset_us: int = 0
    last_us: float | None = None

    def check(self, raw_us: float, newest_us: float | None) -> bool:
        """Take the time of a batch's last read; say whether the clock has jumped since the last.

        After a jump the reader's reads go on from where the stream is; when the clock comes back,
        so do its own times.
        """
        jumped = False
        if newest_us is not None and not self._plausible(raw_us + self.offset_us, newest_us):
            right_again = self._plausible(raw_us, newest_us)
            self.offset_us = 0 if right_again else round(newest_us - raw_us)
            jumped = True
        here = raw_us + self.offset_us
        self.last_us = here if jumped else max(here, self.last_us or here)
        return jumped

    def _plausible(self, time_us: float, newest_us: float) -> bool:
        oldest = newest_us if self.last_us is None else self.last_us
        return oldest - BACK_US <= time_us <= newest_us + AHEAD_US


def _no_port() -> I64:
    """Return the rows of a reader's ports, 0 to 255: none."""
    return np.full(256, -1, np.int64)


_NO_READER = _no_port()
