"""A round of EPC Gen2 inventory, slot by slot: who answers when, what collides, what gets lost.

A round is a frame of 2^Q slots in which every contender picks one. Q follows the Q algorithm (EPC
UHF Gen2 Air Interface Protocol 2.0.1, annex D): a float that rises by C when replies collide and
falls by C when a slot is empty; when it rounds to another Q, QueryAdjust lets all that are not yet
read pick anew.

Slots are played one after the other without drawing each tag's counter: of m tags that are spread
evenly over the slots left, Binomial(m, 1 / left) answer in the next, and which ones is chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from retailsim.simulate.rfid.modes import SlotTimes

MOST_Q = 15
RN16_SHARE = 1 / 9  # of the bits of a reply, RN16 and EPC together; errors come per bit
CAPTURE_DB = 6.0  # the strongest of a collision, so much above the sum of the others, ...
CAPTURE_SHARE = 0.5  # ... is decoded so often (both assumed)
CAPTURE_RATIO = 10 ** (CAPTURE_DB / 10)


@dataclass
class SlotCounts:
    """What became of slots and of time so far.

    Attributes:
        empty, collided: slots without and with several answers.
        captured: collisions whose strongest answer the reader locked on to; counted in `read` or
            `lost` too.
        read: slots that gave an EPC.
        lost: slots with one answer that could not be read.
        rounds: that ended because no tag was left.
        slot_ns: time in slots. command_ns: in Query and QueryAdjust beyond an ordinary slot's.
        gap_ns: between rounds. switch_ns: changing antenna or channel.
    """

    empty: int = 0
    collided: int = 0
    captured: int = 0
    read: int = 0
    lost: int = 0
    rounds: int = 0
    slot_ns: int = 0
    command_ns: int = 0
    gap_ns: int = 0
    switch_ns: int = 0

    @property
    def slots(self) -> int:
        """All of them."""
        return self.empty + self.collided + self.lost + self.read - self.captured

    @property
    def total_ns(self) -> int:
        """All time accounted for."""
        return self.slot_ns + self.command_ns + self.gap_ns + self.switch_ns


@dataclass
class Round:
    """A round in progress.

    Attributes:
        pool: contenders with a slot still to come.
        waiting: contenders that collided or were lost; they pick anew at the next QueryAdjust.
        q_float, q: of the Q algorithm.
        left: slots left in the frame.
        unclear: whether replies collided since the frame began: somebody is left.
        reads: tags read.
    """

    pool: list[int]
    q_float: float
    q: int
    left: int
    waiting: list[int] = field(default_factory=list)
    unclear: bool = False
    reads: int = 0


@dataclass(frozen=True)
class Slots:
    """Plays slots for as long as tags stay where they are.

    Attributes:
        times: of the reader's mode.
        counts: kept up to date.
        uniform: draws from [0, 1).
        share: of each tag's replies that can be decoded.
        level_dbm: of each tag's replies.
    """

    times: SlotTimes
    counts: SlotCounts
    uniform: Callable[[], float]
    share: list[float]
    level_dbm: list[float]

    def run(
        self, round_: Round, now_ns: int, end_ns: int, tags: list[int], times_ns: list[int]
    ) -> tuple[int, bool]:
        """Play until `end_ns` or until nobody is left; add reads to `tags` and `times_ns`.

        Returns:
            The end of the last slot, and whether the round is over.
        """
        times, counts, uniform, share = self.times, self.counts, self.uniform, self.share
        empty_ns, read_ns, pool, left = times.empty_ns, times.read_ns, round_.pool, round_.left
        q, q_float, step = round_.q, round_.q_float, q_step(round_.q)
        began_ns, commands_ns, over = now_ns, 0, False
        empty, before = 0, len(tags)
        while now_ns < end_ns:
            if left == 0 or round(q_float) != q:
                over = left == 0 and not round_.unclear
                if over:
                    break
                q = round(q_float)
                left, step = 1 << q, q_step(q)
                pool += round_.waiting
                round_.waiting.clear()
                round_.unclear = False
                now_ns += times.adjust_ns
                commands_ns += times.adjust_ns
            contenders = len(pool)
            answers = draw_answers(contenders, left, uniform()) if contenders else 0
            left -= 1
            if answers == 0:
                empty += 1
                q_float = q_float - step if q_float > step else 0.0
                now_ns += empty_ns
                continue
            if answers == 1:
                place, strong = int(uniform() * contenders), True  # as in `_taken`, without a call
                tag, pool[place] = pool[place], pool[-1]
                pool.pop()
            else:
                tag, strong = self._collide(round_, answers)
                if not strong and (q_float := q_float + step) > MOST_Q:
                    q_float = float(MOST_Q)
            if strong and (draw := uniform()) < share[tag]:
                tags.append(tag)
                times_ns.append(now_ns)
                now_ns += read_ns
                continue
            round_.waiting.append(tag)
            now_ns += self._lose(share[tag], draw) if strong else times.garbled_ns
        round_.left, round_.q, round_.q_float = left, q, q_float
        round_.reads += len(tags) - before
        counts.read += len(tags) - before
        counts.empty += empty
        counts.command_ns += commands_ns
        counts.slot_ns += now_ns - began_ns - commands_ns
        return now_ns, over

    def _collide(self, round_: Round, answers: int) -> tuple[int, bool]:
        """Return the strongest of a collision and whether the reader locks on to it."""
        self.counts.collided += 1
        round_.unclear = True
        uniform, level_dbm = self.uniform, self.level_dbm
        found = _taken(round_.pool, answers, uniform)
        power = [10 ** (level_dbm[tag] / 10) for tag in found]
        most = max(power)
        strongest = found.pop(power.index(most))
        captured = most > (sum(power) - most) * CAPTURE_RATIO and uniform() < CAPTURE_SHARE
        self.counts.captured += captured
        round_.waiting += found
        return strongest, captured

    def _lose(self, share: float, draw: float) -> int:
        """Return how long a slot takes whose answer, decoded so often, could not be read."""
        self.counts.lost += 1
        early = draw >= share**RN16_SHARE
        return self.times.garbled_ns if early else self.times.refused_ns


def _taken(pool: list[int], count: int, uniform: Callable[[], float]) -> list[int]:
    """Take so many contenders out of the pool."""
    left, found = len(pool), []
    for _ in range(count):
        place = int(uniform() * left)
        left -= 1
        found.append(pool[place])
        pool[place] = pool[left]
        del pool[left]
    return found


def draw_answers(contenders: int, left: int, draw: float) -> int:
    """Return how many of the contenders answer in the next of the slots left: Binomial.

    Args:
        contenders: tags, spread evenly over the slots left.
        left: slots, this one included, at least 1.
        draw: uniform in [0, 1).
    """
    if left == 1:
        return contenders
    share: float = (1 - 1 / left) ** contenders
    count = 0
    while draw >= share and count < contenders:
        draw -= share
        share *= (contenders - count) / ((count + 1) * (left - 1))
        count += 1
    return count


def q_step(q: int) -> float:
    """Return C: 0.1 to 0.5, the larger the smaller Q (as annex D advises; the rule is assumed)."""
    return _STEPS[q]


_STEPS = [min(max(0.8 / max(q, 1), 0.1), 0.5) for q in range(MOST_Q + 1)]
