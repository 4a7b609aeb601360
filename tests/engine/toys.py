"""Small stages for the engine's tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from retailsim.messages.base import Message
from retailsim.messages.results import Crossing, TagMotion
from retailsim.messages.sensors import Frame, FrameBatch, TagReads
from retailsim.stack.stage import Stage, StageContext


def batch(time_ns: int, cameras: int = 1) -> FrameBatch:
    image = np.zeros((4, 6, 3), np.uint8)
    return FrameBatch(time_ns, tuple(Frame(time_ns, f"cam{i}", 0, image) for i in range(cameras)))


def reads(time_ns: int, epc: str = "aa") -> TagReads:
    return TagReads(
        time_ns,
        "r1",
        read_us=np.array([time_ns // 1000]),
        epc=np.array([epc]),
        antenna=np.array([1], np.uint8),
        channel=np.array([1], np.uint16),
        rssi_cdbm=np.array([-5000], np.int16),
        phase=np.array([0], np.uint16),
        doppler=np.array([0], np.int16),
    )


class Mover(Stage):
    """Says a motion for every batch of reads."""

    inputs: ClassVar = (TagReads,)
    outputs: ClassVar = (TagMotion,)

    def __init__(self, context: StageContext, *, score: float = 0.5) -> None:
        super().__init__(context)
        self.score = score

    def process(self, message: Message) -> Iterable[Message]:
        assert isinstance(message, TagReads)
        yield TagMotion(
            message.time_ns, message.time_ns + 1, str(message.epc[0]), "flip", self.score
        )


class Door(Stage):
    """Turns motions into crossings, and says one more at the end."""

    inputs: ClassVar = (TagMotion,)
    outputs: ClassVar = (Crossing,)

    def process(self, message: Message) -> Iterable[Message]:
        yield Crossing(message.time_ns, "main", 1, "in")

    def finish(self) -> Iterable[Message]:
        yield Crossing(0, "main", 1, "out")


class Circular(Stage):
    """Feeds Mover's opposite direction."""

    inputs: ClassVar = (Crossing,)
    outputs: ClassVar = (TagReads,)


class Broken(Stage):
    """Raises at the second message."""

    inputs: ClassVar = (TagReads,)
    outputs: ClassVar = (TagMotion,)
    seen = 0

    def process(self, message: Message) -> Iterable[Message]:
        self.seen += 1
        if self.seen == 2:
            raise IndexError("no such row")
        return ()


class Liar(Stage):
    """Says what it does not declare."""

    inputs: ClassVar = (TagReads,)
    outputs: ClassVar = (TagMotion,)

    def process(self, message: Message) -> Iterable[Message]:
        yield Crossing(message.time_ns, "main", 1, "in")
