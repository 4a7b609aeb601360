"""Which garments were touched, by the two published methods: reads in, `TagMotion` events out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from retailsim.errors import ModelError
from retailsim.messages.base import Message
from retailsim.messages.reads import CleanReads
from retailsim.messages.results import TagMotion
from retailsim.messages.sensors import TagReads
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.tagmotion.motion_features import make_features
from retailsim.stack.tagmotion.network import Motion
from retailsim.stack.tagmotion.perceptron import Perceptron
from retailsim.stack.tagmotion.read_bins import BIN_S, ReadBins
from retailsim.stack.tagmotion.residuals import Reads
from retailsim.stack.tagmotion.segments import GAP_BINS, LONGEST_BINS, Hysteresis, Segment, Segments

BIN_NS = round(BIN_S * 1e9)


class PublishedMotionDetector(Stage):
    """Finds touched garments as published: features of each tag alone, then a classifier.

    The model folder says which features: `tag-motion-raw` uses raw RSSI and phase,
    `tag-motion-spectrum` histograms of spectra and their divergence. Hysteresis makes events of
    the probabilities.
    """

    inputs = (CleanReads,)
    outputs = (TagMotion,)

    def __init__(
        self,
        context: StageContext,
        *,
        model: str = "tag-motion-spectrum",
        flip_on: float | None = None,
        flip_off: float | None = None,
        carried_on: float = 0.6,
        carried_off: float = 0.3,
    ) -> None:
        """Set up the stage; raises ModelError when the model does not fit.

        Args:
            context: the plan's readers and garments.
            model: folder of the classifier.
            flip_on, flip_off: probability at which a flip is believed, and to which it spreads;
                the model's own by default.
            carried_on, carried_off: the same for carried garments.
        """
        super().__init__(context)
        self._epc = [item.epc for item in context.plan.items]
        self._bins = ReadBins(context.plan)
        self._classifier = Perceptron(model)
        config, table = self._classifier.config, self._bins.table
        antennas, channels = table.frequency_hz.shape
        self._features = make_features(
            config.kind, tags=len(self._epc), antennas=antennas, channels=channels
        )
        if self._features.names != config.features:
            raise ModelError(f"{model}: made for other features than this version computes")
        on = config.flip_on if flip_on is None else flip_on
        off = config.flip_off if flip_off is None else flip_off
        self._flips = Segments(len(self._epc), Hysteresis(on, off, GAP_BINS, LONGEST_BINS))
        carried = Hysteresis(carried_on, carried_off, gap_bins=8, longest_bins=240)
        self._carries = Segments(len(self._epc), carried)
        self._starts_ns: list[int] = []

    def process(self, message: Message) -> Iterable[Message]:
        """Take a batch of reads."""
        if isinstance(message, CleanReads | TagReads) and self._epc:
            self._bins.add(message)
        return ()

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Judge all bins that are complete."""
        return [
            e for start_ns, r in self._bins.bins(watermark_ns) for e in self._judge(start_ns, r)
        ]

    def finish(self) -> Iterable[Message]:
        """Judge what is left, then close all events."""
        events = [e for start_ns, r in self._bins.rest() for e in self._judge(start_ns, r)]
        events += self._events(self._flips.rest(), "flip")
        events += self._events(self._carries.rest(), "carried")
        return events

    def warnings(self) -> Iterable[str]:
        """Say which reads were not used, or only with their time corrected."""
        return self._bins.table.counts.warnings()

    def _judge(self, start_ns: int, reads: Reads) -> Iterator[TagMotion]:
        self._starts_ns.append(start_ns)
        judged = self._classifier.add(self._features.add(reads))
        if judged is None:
            return
        yield from self._events(self._flips.add(judged[:, Motion.HANDLED]), "flip")
        yield from self._events(self._carries.add(judged[:, Motion.CARRIED]), "carried")

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
