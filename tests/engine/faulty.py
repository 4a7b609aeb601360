"""A stage that does one thing wrong; copied beside a stack file by the tests of the command."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import Crossing, Detections, TagMotion
from retailsim.messages.sensors import TagReads
from retailsim.stack.stage import Stage, StageContext


class Faulty(Stage):
    """Does it at the second message, or in the method that is named."""

    inputs: ClassVar = (TagReads,)
    outputs: ClassVar = (TagMotion, Detections)

    def __init__(self, context: StageContext, *, how: str) -> None:
        super().__init__(context)
        self.how, self.seen = how, 0
        if how == "never made":
            time.sleep(600)

    def process(self, message: Message) -> Any:
        self.seen += 1
        if self.how == "overwrites":
            assert isinstance(message, TagReads)
            message.rssi_cdbm[:] = 0
        return getattr(self, self.how.replace(" ", "_"), list)() if self.seen == 2 else ()

    def raises(self) -> Any:
        raise IndexError("no such row\nnor column")

    def refuses(self) -> Any:
        raise StageError("stage 'mine' is tired:\n  and hungry")

    def exits(self) -> Any:
        raise SystemExit(0)

    def nothing(self) -> Any:
        return None

    def number(self) -> Any:
        return 7

    def bare(self) -> Any:
        return TagMotion(1, 2, "a", "flip", 0.5)

    def text(self) -> Any:
        return ["flip"]

    def holes(self) -> Any:
        return [None]

    def undeclared(self) -> Any:
        return [Crossing(1, "main", 1, "in")]

    def shape(self) -> Any:
        yield Detections(1, "cam0", np.zeros((3, 4), np.float32), np.zeros(2, np.float32))

    def kind(self) -> Any:
        return [TagMotion(1, 2, "a", "flip", None)]  # type: ignore[arg-type]

    def word(self) -> Any:
        return [TagMotion(1, 2, "a", "waved", 0.5)]  # type: ignore[arg-type]

    def huge(self) -> Any:
        return [TagMotion(1, 2**63, "a", "flip", 0.5)]

    def subclass(self) -> Any:
        return [Own(1, 2, "a", "flip", 0.5)]

    def hangs(self) -> Any:
        if sign := os.environ.get("FAULTY_SIGN"):
            Path(sign).touch()
        time.sleep(600)

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        return 5 if self.how == "in advance" else ()  # type: ignore[return-value]

    def finish(self) -> Iterable[Message]:
        return None if self.how == "in finish" else ()  # type: ignore[return-value]

    def warnings(self) -> Iterable[str]:
        if self.how == "in warnings":
            raise KeyError("warned")
        return ()


class Picky(Faulty):
    """Cannot be made, and says so as torch does."""

    def __init__(self, context: StageContext, *, how: str) -> None:
        raise TypeError(f"received an invalid {how}\nexpected:\n * (int a)")


class Own(TagMotion):
    """A message that no result file knows."""


class Unknown(Faulty):
    """Declares it."""

    outputs: ClassVar = (Own,)
