"""What a stage said stays as it was said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from retailsim.engine.graph import Node
from retailsim.engine.stepping import step
from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import Detections
from retailsim.messages.sensors import TagReads
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.plan import StorePlan
from tests.engine.toys import reads


class Counter(Stage):
    """Says a part of the array in which it counts messages, or the whole of it."""

    inputs: ClassVar = (TagReads,)
    outputs: ClassVar = (Detections,)

    def __init__(self, context: StageContext, *, whole: bool) -> None:
        super().__init__(context)
        self.counted = np.zeros(1 if whole else 2, np.float32)

    def process(self, message: Message) -> Iterable[Message]:
        self.counted += 1
        return [Detections(message.time_ns, "door", np.zeros((1, 4), np.float32), self.score())]

    def score(self) -> NDArray[np.float32]:
        return self.counted if len(self.counted) == 1 else self.counted[:1]


def node(*, whole: bool) -> Node:
    stage = Counter(StageContext(StorePlan(name="toy")), whole=whole)
    return Node("count", stage)


def test_a_part_of_what_a_stage_goes_on_writing_to_is_said_as_a_copy() -> None:
    first, second = step(node(whole=False), [reads(1, "a" * 24), reads(2, "a" * 24)], 2)
    assert isinstance(first, Detections)
    assert isinstance(second, Detections)
    assert (first.score.item(), second.score.item()) == (1, 2)
    assert not first.score.flags.writeable


def test_what_was_said_as_a_whole_cannot_be_written_to_any_more() -> None:
    with pytest.raises(StageError, match=r"stage 'count' \(Counter\) failed: .*read-only"):
        step(node(whole=True), [reads(1, "a" * 24), reads(2, "a" * 24)], 2)
