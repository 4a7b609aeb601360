"""Tag reads from a table, one line a read, as reader software writes them out."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO

import numpy as np

from retailsim.errors import BagError
from retailsim.messages.sensors import TagReads

COLUMNS = (
    "timestamp",
    "antenna",
    "rssi",
    "epc",
    "phase_angle",
    "channel_index",
    "doppler_frequency",
)
MAX_READS = 20_000_000
BATCH_US = 250_000
_EPC = re.compile(r"[0-9a-f]{24}")
# A phase of a whole turn is no error: readers send it, and the stack counts and mends it.
_LIMITS = {"antenna": (0, 255), "channel": (0, 65535), "phase": (0, 4096)}
_I16 = (-32768, 32767)


@dataclass(frozen=True)
class _Read:
    time_us: int
    epc: str
    antenna: int
    channel: int
    rssi_cdbm: int
    phase: int
    doppler: int


def load_reads(path: str | Path, *, reader: str, recording: str | None = None) -> list[TagReads]:
    """Read a CSV file, plain or gzipped, into batches of a quarter of a second, in order of time.

    Columns, by name and in any order: timestamp (s since the epoch), antenna, rssi (dBm), epc,
    phase_angle (1/4096 turn), channel_index (from 1), doppler_frequency (1/16 Hz); others are
    ignored, but for `recording`.

    Args:
        path: the file.
        reader: id that the reads get.
        recording: take only lines whose column `recording` says so.

    Raises:
        BagError: the file is missing, lacks a column or has a line that is no read.
    """
    try:
        with _open(Path(path)) as lines:
            reads = list(_parse(lines, str(path), recording))
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BagError(f"{path}: {reason}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BagError(f"{path}: not a table of tag reads: {error}") from error
    if not reads:
        which = f" of recording '{recording}'" if recording else ""
        raise BagError(f"{path}: holds no reads{which}")
    reads.sort(key=lambda read: read.time_us)
    return list(_batches(reads, reader))


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return open(path, encoding="utf-8", newline="")


def _parse(lines: IO[str], path: str, recording: str | None) -> Iterator[_Read]:
    table = csv.DictReader(lines)
    names = table.fieldnames or []
    wanted = COLUMNS if recording is None else (*COLUMNS, "recording")
    missing = [name for name in wanted if name not in names]
    if missing:
        raise BagError(
            f"{path}:1: not a table of tag reads: lacks the column {', '.join(missing)}; "
            f"expected {', '.join(COLUMNS)}"
        )
    for count, row in enumerate(table):
        if count >= MAX_READS:
            raise BagError(f"{path}: more than {MAX_READS:,} reads; split it")
        if recording is None or row["recording"] == recording:
            yield _read(row, f"{path}:{table.line_num}")


def _read(row: dict[str, str], place: str) -> _Read:
    try:
        read = _Read(
            time_us=round(float(row["timestamp"]) * 1e6),
            epc=row["epc"].strip().lower(),
            antenna=int(row["antenna"]),
            channel=int(row["channel_index"]),
            rssi_cdbm=round(float(row["rssi"]) * 100),
            phase=int(row["phase_angle"]),
            doppler=int(row["doppler_frequency"]),
        )
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise BagError(f"{place}: not a read: {error}") from error
    if not _EPC.fullmatch(read.epc):
        raise BagError(f"{place}: not a read: EPC '{read.epc}' is not 24 hex digits")
    for name, (low, high) in {**_LIMITS, "rssi_cdbm": _I16, "doppler": _I16}.items():
        if not low <= getattr(read, name) <= high:
            raise BagError(f"{place}: not a read: {name} {getattr(read, name)} is out of range")
    if not 0 <= read.time_us < 2**53:
        raise BagError(f"{place}: not a read: timestamp {row['timestamp']} is out of range")
    return read


def _batches(reads: list[_Read], reader: str) -> Iterator[TagReads]:
    slots = np.array([read.time_us // BATCH_US for read in reads])
    cuts = [0, *(np.flatnonzero(np.diff(slots)) + 1).tolist(), len(reads)]
    for begin, end in pairwise(cuts):
        batch = reads[begin:end]
        yield TagReads(
            time_ns=batch[-1].time_us * 1000,
            reader=reader,
            read_us=np.array([read.time_us for read in batch], np.int64),
            epc=np.array([read.epc for read in batch], np.str_),
            antenna=np.array([read.antenna for read in batch], np.uint8),
            channel=np.array([read.channel for read in batch], np.uint16),
            rssi_cdbm=np.array([read.rssi_cdbm for read in batch], np.int16),
            phase=np.array([read.phase for read in batch], np.uint16),
            doppler=np.array([read.doppler for read in batch], np.int16),
        )
