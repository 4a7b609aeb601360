"""Which tags move: reads in, `MotionBegun` and `TagMotion` out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from retailsim.messages.base import Message
from retailsim.messages.reads import CleanReads
from retailsim.messages.results import MotionBegun, TagMotion
from retailsim.messages.sensors import TagReads
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.tagmotion.alarms import Alarms, Begun
from retailsim.stack.tagmotion.front import Bin, Front
from retailsim.stack.tagmotion.intake import ReadCounts
from retailsim.stack.tagmotion.network import Motion, MotionNetwork
from retailsim.stack.tagmotion.read_bins import BIN_S
from retailsim.stack.tagmotion.segments import GAP_BINS, LONGEST_BINS, Hysteresis, Segment

Kind = Literal["flip", "carried"]
BIN_NS = round(BIN_S * 1e9)
CARRIED_GAP_BINS, CARRIED_LONGEST_BINS = 8, 240


class TagMotionDetector(Stage):
    """Finds handled and carried garments from their reads alone.

    Every half second each tag and antenna gets features of its reads (`pairs.py`); a small network
    (`network.py`) looks at some seconds of them, and at the tags hanging beside; alarms and events
    are made of its probabilities (`alarms.py`).
    """

    inputs = (CleanReads,)
    outputs = (MotionBegun, TagMotion)

    def __init__(
        self,
        context: StageContext,
        *,
        model: str = "tag-motion",
        flip_on: float | None = None,
        flip_off: float | None = None,
        flip_at_once: float | None = None,
        carried_on: float = 0.6,
        carried_off: float = 0.3,
        carried_at_once: float = 0.9,
    ) -> None:
        """Set up the stage; raises ModelError when the model does not fit.

        Args:
            context: the plan's readers and garments.
            model: folder of the network.
            flip_on, flip_off: probability at which a flip is believed, and to which it spreads;
                the model's own by default, and so is
            flip_at_once: probability at which a flip is said without waiting for more reads.
            carried_on, carried_off, carried_at_once: the same for carried garments.
        """
        super().__init__(context)
        self._epc = [item.epc for item in context.plan.items]
        self._front = Front(context.plan)
        self._network = MotionNetwork(model, self._front.table.xyz_m)
        rule = self._network.rule
        on = rule.flip_on if flip_on is None else flip_on
        off = min(on, rule.flip_off if flip_off is None else flip_off)
        at_once = rule.flip_at_once if flip_at_once is None else flip_at_once
        flip = Hysteresis(on, off, GAP_BINS, LONGEST_BINS)
        carried = Hysteresis(carried_on, carried_off, CARRIED_GAP_BINS, CARRIED_LONGEST_BINS)
        tags = len(self._epc)
        self._alarms: dict[Kind, Alarms] = {
            "flip": Alarms(tags, Motion.HANDLED, flip, at_once=at_once),
            "carried": Alarms(tags, Motion.CARRIED, carried, at_once=carried_at_once),
        }
        self._starts_ns: list[int] = []

    def process(self, message: Message) -> Iterable[Message]:
        """Take a batch of reads; those that nobody has checked yet are checked first."""
        if isinstance(message, CleanReads | TagReads) and self._epc:
            self._front.add(message)
        return ()

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Judge all bins that are complete."""
        return [event for bin_ in self._front.bins(watermark_ns) for event in self._judge(bin_)]

    def finish(self) -> Iterable[Message]:
        """Judge what is left, then close all events."""
        events = [event for bin_ in self._front.rest() for event in self._judge(bin_)]
        for kind, alarms in self._alarms.items():
            events += [self._event(kind, segment) for segment in alarms.rest()]
        return events

    @property
    def read_counts(self) -> ReadCounts:
        """What became of the reads so far."""
        return self._front.table.counts

    def warnings(self) -> Iterable[str]:
        """Say which reads were not used, or only with their time corrected."""
        return self.read_counts.warnings()

    def _judge(self, bin_: Bin) -> Iterator[Message]:
        self._starts_ns.append(bin_.start_ns)
        judged = self._network.add(bin_.features)
        for kind, alarms in self._alarms.items():
            for said in alarms.add(judged):
                yield self._event(kind, said)

    def _event(self, kind: Kind, said: Begun | Segment) -> Message:
        start_ns, epc = self._starts_ns[said.first], self._epc[said.tag]
        if isinstance(said, Begun):
            return MotionBegun(start_ns, epc, kind, said.score)
        return TagMotion(start_ns, self._starts_ns[said.last] + BIN_NS, epc, kind, said.score)
