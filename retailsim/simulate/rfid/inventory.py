"""One reader's inventory: round after round, on one antenna and channel after the other.

Contenders of a round are the tags in the field whose flag is the one the round asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from math import log2
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.rfid.flags import Flags
from retailsim.simulate.rfid.gen2 import Round, SlotCounts, Slots
from retailsim.simulate.rfid.hopping import Stretch
from retailsim.simulate.rfid.modes import SLOT_TIMES
from retailsim.store.modes import MODES, ModeName

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bool = NDArray[np.bool_]
Target = Literal["single", "dual", "suppression"]

FIRST_Q = 4
# From the end of a round to the next Query, for the reader's own business. Assumed such that a
# lone tag is read some 70 times a second, as was measured; large populations hardly notice.
ROUND_GAP_NS = 11_000_000
SWITCH_NS = 2_000_000  # carrier off, antenna or channel changed, carrier on (assumed)
REPLY_SHARE = 0.98  # of strong replies that are decoded: interference (assumed)
TABLE_SHARE = 0.9  # of replies at the mode's sensitivity that are decoded (assumed)
SLOPE_DB = 0.7  # width of the fall around the sensitivity (assumed)
DEAF_DB = 4.0  # replies so far below the sensitivity are as good as none


class Inventory:
    """One reader taking stock of the tags before its antennas, for ever.

    Example:
        >>> inventory = Inventory(rng, tags=240, antennas=4, mode="m2")
        >>> tag, time_ns = inventory.read(stretch, powered, reply_dbm)
    """

    def __init__(
        self,
        rng: np.random.Generator,
        *,
        tags: int,
        antennas: int,
        mode: ModeName,
        session: int = 2,
        target: Target = "dual",
    ) -> None:
        self.counts = SlotCounts()
        self.flags = Flags(tags, session=session, rng=rng, suppression=target == "suppression")
        self._times = SLOT_TIMES[mode]
        self._sensitivity_dbm = MODES[mode].sensitivity_dbm
        self._session, self._dual = session, target == "dual"
        self._uniform = _uniforms(rng).__next__
        self._at = (-1, -1)
        self._now_ns = 0
        self._round: Round | None = None
        self._wants_b = [False] * antennas
        self._first_q = [float(FIRST_Q)] * antennas

    @property
    def now_ns(self) -> int:
        """When the last slot, gap or switch ended."""
        return self._now_ns

    def restart(self) -> None:
        """Forget what the reader knew; tags lose power, their memory lasts as long as it does."""
        self.flags.power(np.zeros_like(self.flags.b), self._now_ns)
        self._at, self._round = (-1, -1), None
        self._wants_b = [False] * len(self._wants_b)
        self._first_q = [float(FIRST_Q)] * len(self._first_q)

    def hears(self, reply_dbm: F64) -> Bool:
        """Return which replies (n,) are strong enough to be read at least now and then."""
        return reply_dbm >= self._sensitivity_dbm - DEAF_DB

    def read(self, stretch: Stretch, powered: Bool, reply_dbm: F64) -> tuple[I64, I64]:
        """Return tag index and time of the reads of one stretch, in order, (n,) each.

        A slot that has begun is finished: the next stretch, if it is on another antenna or
        channel, begins a little later. A read has the time at which its slot began.

        Args:
            stretch: when, on which antenna and channel.
            powered: tags that the antenna can power now (t,).
            reply_dbm: power of their replies at the reader (t,).
        """
        now = self._arrive(stretch, powered)
        heard = powered & self.hears(reply_dbm)
        chance = decode_share(reply_dbm - self._sensitivity_dbm)
        if self._round is not None:
            self._round.pool = [tag for tag in self._round.pool if heard[tag]]
            self._round.waiting = [tag for tag in self._round.waiting if heard[tag]]
        play = Slots(self._times, self.counts, self._uniform, chance.tolist(), reply_dbm.tolist())
        tags: list[int] = []
        times: list[int] = []
        while now < stretch.end_ns:
            if self._round is None:
                now = self._begin(stretch.antenna, heard, now)
                continue
            before = len(tags)
            now, over = play.run(self._round, now, stretch.end_ns, tags, times)
            self.flags.invert(np.array(tags[before:], np.int64), np.array(times[before:], np.int64))
            if over:
                now = self._end(stretch.antenna, now)
        self._now_ns = now
        return np.array(tags, np.int64), np.array(times, np.int64)

    def _arrive(self, stretch: Stretch, powered: Bool) -> int:
        """Switch antenna and channel where they changed; return when the reader is ready."""
        now = max(self._now_ns, stretch.start_ns)
        here = (stretch.antenna, stretch.channel)
        if here != self._at:
            if self._round is not None:
                self._first_q[self._at[0]] = self._round.q_float
            self._at, self._round = here, None
            self.flags.power(np.zeros_like(powered), now)
            now += SWITCH_NS
            self.counts.switch_ns += SWITCH_NS
            if self._session == 0:  # everyone is at A again
                self._wants_b[stretch.antenna] = False
        self.flags.power(powered, now)
        return now

    def _begin(self, antenna: int, heard: Bool, now: int) -> int:
        """Open a round with Query; return when."""
        self.flags.settle(now)
        pool = np.flatnonzero(heard & (self.flags.b == self._wants_b[antenna])).tolist()
        q_float = self._first_q[antenna]
        q = round(q_float)
        self._round = Round(pool, q_float, q, 1 << q)
        self.counts.command_ns += self._times.query_ns
        return now + self._times.query_ns

    def _end(self, antenna: int, now: int) -> int:
        """Close a round in which no tag is left; return when the next may begin."""
        assert self._round is not None
        self._first_q[antenna] = log2(max(self._round.reads, 1))
        self._round = None
        if self._dual:
            self._wants_b[antenna] = not self._wants_b[antenna]
        self.counts.rounds += 1
        self.counts.gap_ns += ROUND_GAP_NS
        return now + ROUND_GAP_NS


def decode_share(above_db: F64) -> F64:
    """Return how often a reply so much above the sensitivity is decoded, RN16 and EPC together."""
    odds = TABLE_SHARE / (1 - TABLE_SHARE) * np.exp(np.clip(above_db / SLOPE_DB, -60, 60))
    share: F64 = REPLY_SHARE * odds / (1 + odds)
    return share


def _uniforms(rng: np.random.Generator) -> Iterator[float]:
    """Return endless numbers in [0, 1): drawn in blocks, which is many times faster."""
    return chain.from_iterable(rng.random(4096).tolist() for _ in repeat(None))
