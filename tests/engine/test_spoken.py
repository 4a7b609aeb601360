"""What a stage said stays as it was said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from retailsim.engine.graph import Node
from retailsim.engine.stepping import step
from retailsim.errors import StageError
from retailsim.messages.base import Message, array
from retailsim.messages.sensors import TagReads
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.plan import StorePlan
from tests.engine.toys import reads


@dataclass(frozen=True)
class Note(Message):
    """A message of a user's own; its arrays are declared, or not, or in a tuple."""

    declared: NDArray[np.float32] = array(np.float32, "n")
    bare: NDArray[np.float32]
    many: tuple[NDArray[np.float32], ...]


class Counter(Stage):
    """Says the arrays in which it counts messages, and parts of them."""

    inputs: ClassVar = (TagReads,)
    outputs: ClassVar = (Note,)

    def __init__(self, context: StageContext) -> None:
        super().__init__(context)
        self.whole, self.counted = np.zeros(1, np.float32), np.zeros(4, np.float32)
        self.window = self.whole[:]

    def process(self, message: Message) -> Iterable[Message]:
        self.window += 1
        self.counted += 1
        yield Note(message.time_ns, self.whole, self.counted[:1], (self.counted[1:3],))


class Painter(Stage):
    """Writes to what others said."""

    inputs: ClassVar = (Note,)
    outputs: ClassVar = ()

    def process(self, message: Message) -> Iterable[Message]:
        assert isinstance(message, Note)
        message.many[0][:] = 0
        return ()


def node(kind: type[Stage]) -> Node:
    return Node("mine", kind(StageContext(StorePlan(name="toy"))))


def test_what_was_said_stays_though_the_stage_goes_on_writing_to_its_own_arrays() -> None:
    said = step(node(Counter), [reads(n, "a" * 24) for n in (1, 2, 3)], 3)
    for value, note in enumerate(said, start=1):
        assert isinstance(note, Note)
        for part in (note.declared, note.bare, *note.many):
            assert set(part.tolist()) == {value}


def test_nobody_can_write_to_what_another_said() -> None:
    said = step(node(Counter), [reads(1, "a" * 24)], 1)
    with pytest.raises(StageError, match=r"stage 'mine' \(Painter\) failed: .*read-only"):
        step(node(Painter), said, 1)


def test_a_type_that_only_checkers_know_hides_no_other_field() -> None:
    class Odd(Message):
        person: int
        where: Nowhere  # type: ignore[name-defined]  # noqa: F821

    class Teller(Counter):
        outputs: ClassVar = (dataclass(frozen=True)(Odd),)

        def process(self, message: Message) -> Iterable[Message]:
            return [self.outputs[0](1, np.int64(7) if message.time_ns == 1 else "seven", "here")]

    (said,) = step(node(Teller), [reads(1, "a" * 24)], 1)
    assert said.person == 7  # type: ignore[attr-defined]
    with pytest.raises(StageError, match="with a person of str, not int"):
        step(node(Teller), [reads(2, "a" * 24)], 2)
