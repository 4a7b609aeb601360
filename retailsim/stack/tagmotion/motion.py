"""Which tags move: reads in, `TagMotion` events out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from retailsim.messages.base import Message
from retailsim.messages.reads import CleanReads
from retailsim.messages.results import TagMotion
from retailsim.messages.sensors import TagReads
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.tagmotion.classifier import Motion, MotionClassifier
from retailsim.stack.tagmotion.features import BIN_S
from retailsim.stack.tagmotion.front import Bin, Front
from retailsim.stack.tagmotion.intake import ReadCounts
from retailsim.stack.tagmotion.segments import GAP_BINS, LONGEST_BINS, Hysteresis, Segment, Segments

BIN_NS = round(BIN_S * 1e9)


class TagMotionDetector(Stage):
    """Finds handled and carried garments from their reads alone.

    Every half second each tag gets features of its reads (deviation of phase and RSSI from what
    the tag usually says, change from read to read, divergence of the spectra from those of the
    window before, the same over the tags around it); a small classifier looks at some seconds of
    them; hysteresis makes events of its probabilities.
    """

    inputs = (CleanReads,)
    outputs = (TagMotion,)

    def __init__(
        self,
        context: StageContext,
        *,
        model: str = "tag-motion",
        flip_on: float = 0.3,
        flip_off: float = 0.05,
        carried_on: float = 0.6,
        carried_off: float = 0.3,
    ) -> None:
        """Set up the stage; raises ModelError when the model does not fit.

        Args:
            context: the plan's readers and garments.
            model: folder of the classifier.
            flip_on, flip_off: probability at which a flip is believed, and to which it spreads.
            carried_on, carried_off: the same for carried garments.
        """
        super().__init__(context)
        self._epc = [item.epc for item in context.plan.items]
        self._front = Front(context.plan)
        self._classifier = MotionClassifier(model)
        flip = Hysteresis(flip_on, flip_off, GAP_BINS, LONGEST_BINS)
        carried = Hysteresis(carried_on, carried_off, gap_bins=8, longest_bins=240)
        self._flips = Segments(len(self._epc), flip)
        self._carries = Segments(len(self._epc), carried)
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
        events += self._events(self._flips.rest(), "flip")
        events += self._events(self._carries.rest(), "carried")
        return events

    @property
    def read_counts(self) -> ReadCounts:
        """What became of the reads so far."""
        return self._front.table.counts

    def warnings(self) -> Iterable[str]:
        """Say which reads were not used, or only with their time corrected."""
        return self.read_counts.warnings()

    def _judge(self, bin_: Bin) -> Iterator[TagMotion]:
        self._starts_ns.append(bin_.start_ns)
        judged = self._classifier.add(bin_.features)
        if judged is None:
            return
        probability = judged.astype(np.float64)
        yield from self._events(self._flips.add(probability[:, Motion.HANDLED]), "flip")
        yield from self._events(self._carries.add(probability[:, Motion.CARRIED]), "carried")

    def _events(self, segments: Iterable[Segment], kind: str) -> list[TagMotion]:
        return [
            TagMotion(
                self._starts_ns[s.first],
                self._starts_ns[s.last] + BIN_NS,
                self._epc[s.tag],
                "flip" if kind == "flip" else "carried",
                s.score,
            )
            for s in segments
        ]
