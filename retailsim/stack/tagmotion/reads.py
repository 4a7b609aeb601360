"""Tag reads checked once for all stages that work on them."""

from __future__ import annotations

from collections.abc import Iterable

from retailsim.messages.base import Message
from retailsim.messages.reads import CleanReads
from retailsim.messages.sensors import TagReads
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.tagmotion.intake import Intake, ReadCounts


class ReadIntake(Stage):
    """Checks every batch of tag reads, counts what cannot be used, and passes on the rest.

    Stages that want reads as the readers told them, nonsense and all, take `TagReads` instead.
    """

    inputs = (TagReads,)
    outputs = (CleanReads,)

    def __init__(self, context: StageContext) -> None:
        super().__init__(context)
        self._intake = Intake.of_plan(context.plan)

    def process(self, message: Message) -> Iterable[Message]:
        """Check a batch; of one in which nothing can be used nothing is said."""
        if isinstance(message, TagReads):
            clean = self._intake.clean(message)
            if len(clean.read_us):
                yield clean

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        """Take notice of the time, so that silence is not mistaken for a clock that jumped."""
        self._intake.told(watermark_ns)
        return ()

    @property
    def read_counts(self) -> ReadCounts:
        """What became of the reads so far."""
        return self._intake.counts

    def warnings(self) -> Iterable[str]:
        """Say which reads were not used, or only with their time corrected."""
        return self.read_counts.warnings()
