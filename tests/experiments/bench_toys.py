"""Quick stages for the engine's benches."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import ClassVar

from retailsim.messages.base import Message
from retailsim.messages.results import Crossing
from retailsim.messages.sensors import FrameBatch
from retailsim.stack.stage import Stage, StageContext

WATCHER = "tests.experiments.bench_toys:Watcher"


class Watcher(Stage):
    """Says what it saw of every frame; takes its time.

    Args:
        pause_s: for each frame.
        fails: raise instead.
    """

    inputs: ClassVar = (FrameBatch,)
    outputs: ClassVar = (Crossing,)

    def __init__(self, context: StageContext, *, pause_s: float = 0.0, fails: bool = False) -> None:
        super().__init__(context)
        self.pause_s, self.fails = pause_s, fails

    def process(self, message: Message) -> Iterable[Message]:
        assert isinstance(message, FrameBatch)
        if self.fails:
            raise ValueError("too dark to see")
        for frame in message.frames:
            time.sleep(self.pause_s)
            yield Crossing(message.time_ns, frame.camera, int(frame.image.sum()), "in")
