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

from retailsim.messages.sensors import TagReads

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
        self._tag_row, self._antenna_row, self._channels = tag_row, antenna_row, channels
        self._clocks: dict[str, _Clock] = {}
        self._newest_us: float | None = None
        self._seen: set[tuple[Any, ...]] = set()
        self._seen_before: set[tuple[Any, ...]] = set()
        self._seen_from_us = 0.0

    def told(self, time_ns: int) -> None:
        """Take notice that it is at least so late: silence up to then is no clock jump."""
        if self._newest_us is not None and time_ns / 1000 < self._newest_us + AHEAD_US:
            self._newest_us = max(self._newest_us, time_ns / 1000)

    def take(self, batch: TagReads) -> Taken:
        """Return the reads of a batch that can be used."""
        counts = self.counts
        counts.reads += len(batch.epc)
        left = np.ones(len(batch.epc), np.bool_)
        time_us, fits = self._times(batch)
        counts.bad_time += _drop(left, ~fits)
        tag = np.array([self._tag_row.get(epc, -1) for epc in batch.epc.tolist()], np.int64)
        counts.unknown_tag += _drop(left, tag < 0)
        rows = {
            p: self._antenna_row.get((batch.reader, p), -1) for p in set(batch.antenna.tolist())
        }
        antenna = np.array([rows[port] for port in batch.antenna.tolist()], np.int64)
        counts.unknown_antenna += _drop(left, antenna < 0)
        channel = batch.channel.astype(np.int64) - 1
        most = self._channels[antenna] if len(self._channels) else np.zeros(len(left), np.int64)
        counts.unknown_channel += _drop(left, (channel < 0) | (channel >= most))
        counts.bad_phase += _drop(left, batch.phase > FULL_TURN)
        low, high = RSSI_CDBM
        counts.bad_rssi += _drop(left, (batch.rssi_cdbm < low) | (batch.rssi_cdbm > high))
        row = np.flatnonzero(left)
        row = row[np.argsort(time_us[row], kind="stable")]
        columns = time_us, tag, antenna, channel, batch.phase, batch.rssi_cdbm
        row = row[self._first_time(columns, row)]
        counts.taken += len(row)
        counts.full_turn += int((batch.phase[row] == FULL_TURN).sum())
        return Taken(row, time_us[row], tag[row], antenna[row], channel[row])

    def _times(self, batch: TagReads) -> tuple[I64, Bool]:
        """Return times without the clock's jumps, and which of them can be right."""
        fits = (batch.read_us >= 0) & (batch.read_us < MOST_US)
        if not fits.any():
            return batch.read_us, fits
        raw = np.where(fits, batch.read_us, 0).astype(np.float64)
        sane = np.sort(raw[fits])
        fits &= np.abs(raw - sane[len(sane) // 2]) <= ASTRAY_US
        clock = self._clocks.setdefault(batch.reader, _Clock())
        last_us = float(raw[fits].max())
        if clock.check(last_us, self._newest_us):
            self.counts.clock_jumps += 1
        time_us = np.where(fits, batch.read_us, 0) + np.int64(clock.offset_us)
        good = time_us[fits]
        self.counts.out_of_order += int((good < np.maximum.accumulate(good)).sum())
        self._newest_us = max(self._newest_us or 0.0, last_us + clock.offset_us)
        return time_us, fits

    def _first_time(self, columns: Sequence[NDArray[Any]], row: I64) -> Bool:
        """Return which rows (n,) of the columns are not there yet; remember them.

        Sets, because batches are small: some 1 us a read, where sorting takes 0.3 ms a batch.
        """
        now_us = self._newest_us or 0.0
        if now_us - self._seen_from_us > TWICE_US:
            self._seen, self._seen_before, self._seen_from_us = set(), self._seen, now_us
        new = np.zeros(len(row), np.bool_)
        for place, read in enumerate(zip(*(c[row].tolist() for c in columns), strict=True)):
            if read not in self._seen and read not in self._seen_before:
                new[place] = True
                self._seen.add(read)
        self.counts.duplicate += len(row) - int(new.sum())
        return new


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


def _drop(left: Bool, wrong: Bool) -> int:
    """Strike out what is wrong; return how many it struck."""
    struck = left & wrong
    left &= ~wrong
    return int(struck.sum())
