"""The inventoried flags of tags: A or B, and how long a tag remembers B.

Source: EPC UHF Gen2 Air Interface Protocol 2.0.1, table 6.20:

| session | while energised   | after power is lost |
|---------|-------------------|---------------------|
| S0      | indefinite        | none                |
| S1      | 0.5 s to 5 s      | 0.5 s to 5 s        |
| S2, S3  | indefinite        | over 2 s            |

Readers of one shop are taken to use sessions, or to be so far apart, that none meets the other's
flags: each keeps its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

# How tags are spread within the table's bounds is assumed, and the upper bound of S2 and S3.
S1_PERSISTENCE_S = (0.5, 5.0)
S2_PERSISTENCE_S = (2.0, 20.0)


class Flags:
    """The flag of every tag in one session. All start at A; `b` (n,) says who is at B."""

    def __init__(
        self, tags: int, *, session: int, rng: np.random.Generator, suppression: bool = False
    ) -> None:
        """Draw how long each tag remembers.

        Args:
            tags: how many there are.
            session: 0 to 3.
            rng: draws persistence.
            suppression: S1 flags of energised tags are refreshed, as some makers' readers do.
        """
        bounds = S1_PERSISTENCE_S if session == 1 else S2_PERSISTENCE_S
        self.persistence_ns = (rng.uniform(*bounds, tags) * 1e9).astype(np.int64)
        self.b = np.zeros(tags, np.bool_)
        self._session, self._held = session, session != 1 or suppression
        self._powered = np.zeros(tags, np.bool_)
        self._until_ns = np.zeros(tags, np.int64)  # when B ends, where it does

    def power(self, powered: Bool, now_ns: int) -> None:
        """Say which tags (n,) are energised from now on."""
        self.settle(now_ns)
        lost = self._powered & ~powered
        if self._session == 0:
            self.b[lost] = False
        elif self._held:
            self._until_ns[lost] = now_ns + self.persistence_ns[lost]
        self._powered = powered.copy()

    def settle(self, now_ns: int) -> None:
        """Let flags fall back to A whose time is over."""
        over = self.b & (self._until_ns <= now_ns)
        if self._held:
            over &= ~self._powered
        self.b[over] = False

    def invert(self, tag: I64, time_ns: I64) -> None:
        """Turn round the flags of energised tags (n,), each once, that were read at (n,)."""
        self.b[tag] = ~self.b[tag]
        self._until_ns[tag] = time_ns + self.persistence_ns[tag]
