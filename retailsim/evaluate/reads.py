"""Tag reads by tag, in order of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import TagReads


class ReadTimes:
    """When each tag was read, nanoseconds since the epoch."""

    def __init__(self, sensors: MessageLog) -> None:
        batches = sensors.of(TagReads)
        epc = np.concatenate([np.zeros(0, "<U24"), *(b.epc for b in batches)])
        read_ns = np.concatenate([np.zeros(0, np.int64), *(b.read_us for b in batches)]) * 1000
        order = np.lexsort((read_ns, epc))
        names, first = np.unique(epc[order], return_index=True)
        parts = np.split(read_ns[order], first[1:]) if len(names) else []
        self._of = {str(name): part for name, part in zip(names, parts, strict=True)}

    def __len__(self) -> int:
        return sum(len(times) for times in self._of.values())

    @property
    def by_tag(self) -> dict[str, NDArray[np.int64]]:
        """Return EPC -> sorted times, int64 (n,), by EPC."""
        return self._of

    def count(self, epc: str, begin_ns: int, end_ns: int) -> int:
        """Return how often the tag was read in [begin_ns, end_ns]."""
        times = self._of.get(epc)
        if times is None:
            return 0
        return int(np.searchsorted(times, end_ns, "right") - np.searchsorted(times, begin_ns))

    def tag_hours(self) -> float:
        """Return the time from each tag's first to its last read, summed over tags, hours."""
        return sum(float(t[-1] - t[0]) for t in self._of.values()) * 1e-9 / 3600.0
