"""Stages, recordings and processes for the tests of the pipeline."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.engine.config import BaselineSpec, StackSpec, StageSpec
from retailsim.engine.graph import build_graph
from retailsim.engine.serial import Run, run_serial
from retailsim.errors import BagError
from retailsim.messages.base import Message, array
from retailsim.messages.results import Crossing, HeatMap, TagMotion
from retailsim.messages.sensors import Frame, FrameBatch, Sale, TagReads
from retailsim.session.video import Place
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.plan import Camera, StorePlan
from tests.engine.toys import reads

HERE = "tests.engine.pipeline.toys"
S = 10**9
SHAPE = (64, 64, 3)


@dataclass(frozen=True)
class Word(Message):
    """What a toy says; a kind of its own for each place in a random stack."""

    kept: ClassVar[bool] = True

    text: str
    number: float
    values: NDArray[np.float64] = array(np.float64, "n")


class A(Word):
    """Said by stages of the first kind."""


class B(Word):
    """Said by stages of the second kind."""


class C(Word):
    """Said by stages of the third kind."""


class D(Word):
    """Said between stages alone."""

    kept: ClassVar[bool] = False


KINDS: dict[str, type[Message]] = {
    "frames": FrameBatch,
    "reads": TagReads,
    "sale": Sale,
    "A": A,
    "B": B,
    "C": C,
    "D": D,
}


def gist(message: Message) -> float:
    """Boil a message down to a number."""
    if isinstance(message, FrameBatch):
        return float(sum(int(f.image.sum()) + f.index for f in message.frames))
    if isinstance(message, Word):
        return message.number + float(message.values.sum())
    return float(message.time_ns % 1009)


class Teller(Stage):
    """Says something of all it was ever given, in the order in which it was given it.

    Its kind is made by `teller_like`.
    """

    pause_s = 0.0
    size = 3
    says: ClassVar[type[Word]] = A

    def __init__(
        self, context: StageContext, *, pause_s: float = 0, size: int = 3, fails_at: int = -1
    ) -> None:
        super().__init__(context)
        self.pause_s, self.size, self.fails_at = pause_s, size, fails_at
        self.state = 0.0
        self.ticks = 0

    def word(self, text: str, time_ns: int) -> Word:
        values = np.full(self.size, self.state)
        return self.says(time_ns, text, float(np.float64(self.state)), values)

    def process(self, message: Message) -> Iterable[Message]:
        self.state = (self.state * 3 + gist(message)) % 1_000_003
        if int(self.state) % 3:
            yield self.word("heard", message.time_ns)

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        time.sleep(self.pause_s)
        self.ticks += 1
        if self.ticks == self.fails_at:
            raise ValueError(f"tick {self.ticks} is\nenough")
        self.state = (self.state + 1) % 1_000_003
        if self.ticks % 4 == 0:
            yield self.word("tick", watermark_ns)

    def finish(self) -> Iterable[Message]:
        yield self.word("end", 0)

    def warnings(self) -> Iterable[str]:
        yield f"{type(self).__name__} came to {self.state:g}"


def teller(inputs: str, output: str) -> str:
    """Return `uses` of a teller that reads kinds, as "frames_A", and says one."""
    return f"{HERE}:T_{inputs}__{output}"


def __getattr__(name: str) -> type[Teller]:
    if not name.startswith("T_"):
        raise AttributeError(name)
    inputs, output = name[2:].split("__")
    says: Any = KINDS[output]
    read = tuple(KINDS[part] for part in inputs.split("_"))
    kind = type(name, (Teller,), {"inputs": read, "outputs": (says,), "says": says})
    kind.__module__ = HERE
    globals()[name] = kind
    return kind


class Killed(Stage):
    """Ends its process at the third tick."""

    inputs: ClassVar = (TagReads,)
    outputs: ClassVar = (TagMotion,)

    def __init__(self, context: StageContext, *, how: str = "kill") -> None:
        super().__init__(context)
        self.how, self.ticks = how, 0

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        self.ticks += 1
        if self.ticks == 3:
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how == "exit":
                os._exit(7)
            if self.how == "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(600)
        return ()


class Mortal(Stage):
    """Looks at frames; ends its process at its third batch, with the frames in hand.

    Its lives are counted in a folder. In its second one it goes on, unless it dies `always`, and
    says there that it is back.
    """

    inputs: ClassVar = (FrameBatch,)
    outputs: ClassVar = (A,)

    def __init__(
        self, context: StageContext, *, folder: str, how: str = "kill", always: bool = False
    ) -> None:
        super().__init__(context)
        self.folder, self.how, self.always, self.seen = Path(folder), how, always, 0
        self.life = len(list(self.folder.glob("life.*"))) + 1
        (self.folder / f"life.{self.life}").touch()

    def process(self, message: Message) -> Iterable[Message]:
        self.seen += 1
        if self.seen == 3 and (self.always or self.life == 1):
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(600)
        if self.seen == 3:
            (self.folder / "back").touch()
        yield A(message.time_ns, f"life {self.life}", gist(message), np.zeros(1))


class Unmakable(Stage):
    """Cannot be made."""

    inputs: ClassVar = (TagReads,)
    outputs: ClassVar = (TagMotion,)

    def __init__(self, context: StageContext, *, because: str) -> None:
        raise BagError(because)


class Slow(Stage):
    """Takes its time for each message."""

    inputs: ClassVar = (TagReads,)
    outputs: ClassVar = (TagMotion,)

    def __init__(self, context: StageContext, *, pause_s: float) -> None:
        super().__init__(context)
        self.pause_s = pause_s

    def process(self, message: Message) -> Iterable[Message]:
        time.sleep(self.pause_s)
        return ()


@dataclass
class Flood:
    """A recording whose second tick does not fit into a channel, after one of many messages."""

    messages_first: int
    dropped_frames: int = 0

    def messages(self, place: Place) -> Iterator[Message]:
        few = reads(S)
        yield from (replace(few, time_ns=S + i) for i in range(self.messages_first))
        rows = np.zeros(30_000, np.int64)
        for tick in range(1, 5):
            yield replace(few.take(rows), time_ns=S + tick * S // 10)


class Keeper(Stage):
    """Keeps every frame for ever."""

    inputs: ClassVar = (FrameBatch,)
    outputs: ClassVar = (HeatMap,)

    def process(self, message: Message) -> Iterable[Message]:
        self.__dict__.setdefault("kept", []).append(message)
        return ()


class Threads(Stage):
    """Says how many threads its process gives to number libraries."""

    inputs: ClassVar = (Sale,)
    outputs: ClassVar = (Crossing,)

    def finish(self) -> Iterable[Message]:
        import cv2

        options = int(self.context.options["threads"])
        yield Crossing(cv2.getNumThreads(), os.environ["OMP_NUM_THREADS"], options, "in")


@dataclass
class Recording:
    """A made-up session: frames of some cameras, reads and sales, partly out of order.

    Attributes:
        ticks: capture instants.
        cameras: number of cameras.
        place_frames: write frames where the reader is told to; else leave them where they are.
        breaks_at: raise instead of this message.
        pause_s: between messages.
    """

    ticks: int = 10
    cameras: int = 2
    place_frames: bool = True
    breaks_at: int = -1
    pause_s: float = 0.0
    dropped_frames: int = 3

    def messages(self, place: Place) -> Iterator[Message]:
        for count, message in enumerate(self._all(place)):
            if count == self.breaks_at:
                raise BagError("the tape tore")
            time.sleep(self.pause_s)
            yield message

    def _all(self, place: Place) -> Iterator[Message]:
        for tick in range(self.ticks):
            now = S + tick * S // 10
            if tick % 3 == 1:  # late, and older than the frames before it
                yield reads(now - S // 5, f"{tick:02x}")
            if self.cameras and tick % 5 != 4:
                frames = tuple(self._frame(place, now, tick, c) for c in range(self.cameras))
                yield FrameBatch(now, frames)
            yield reads(now + S // 50, f"{tick + 100:02x}")
            if tick % 4 == 0:
                yield Sale(now + S // 40, "till", np.array([f"{tick}"]))

    def _frame(self, place: Place, now: int, tick: int, camera: int) -> Frame:
        image = place(SHAPE) if self.place_frames else np.empty(SHAPE, np.uint8)
        image[:] = (tick * 7 + camera) % 251
        return Frame(now, f"cam{camera}", tick, image)


@dataclass
class UntilBack(Recording):
    """Goes on until a file is there, and a little longer."""

    file: str = ""

    def messages(self, place: Place) -> Iterator[Message]:
        left = 5
        for message in self._all(place):
            yield message
            left -= isinstance(message, FrameBatch) and Path(self.file).exists()
            if not left:
                return


def new_memory(shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    return np.empty(shape, np.uint8)


def context(cameras: int = 2) -> StageContext:
    """A shop with so many tiny cameras, which send more than the plan says.

    So there are fewer slots than frames that wait for their tick.
    """
    height, width, _ = SHAPE
    tiny = [
        Camera(id=f"cam{i}", width_px=width, height_px=height, rate_hz=1) for i in range(cameras)
    ]
    return StageContext(StorePlan(name="toy", cameras=tiny))


def stack(**uses: str | StageSpec) -> StackSpec:
    """A stack of toys: `module:Class`, or a name of this module, by role."""
    specs = {
        role: use if isinstance(use, StageSpec) else StageSpec(uses=named(use))
        for role, use in uses.items()
    }
    return StackSpec(stages=specs, lateness_s=0.3)


def named(use: str) -> str:
    return use if ":" in use else f"{HERE}:{use}"


def serially(
    source: Recording, spec: StackSpec, context: StageContext, baselines: BaselineSpec | None = None
) -> Run:
    nodes = build_graph(spec, context, baselines=baselines)
    return run_serial(source.messages(new_memory), nodes, lateness_s=spec.lateness_s)


class ThreadChild:
    """Stands for a process: a thread, with what the parent looks at."""

    exitcode = 0

    def __init__(self, function: Callable[..., Any], brief: Any, name: str) -> None:
        self.name = name
        self.sentinel, self._over = os.pipe()
        line = Connection(os.dup(brief.line.fileno()), readable=False)
        brief = replace(brief, line=line)
        self._thread = threading.Thread(target=self._run, args=(function, brief), daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """Threads end by themselves, when the channels are closed."""

    def join(self, timeout: float | None = None) -> None:
        """As `kill`."""

    def _run(self, function: Callable[..., Any], brief: Any) -> None:
        try:
            function(brief)
        finally:
            brief.line.close()
            os.close(self._over)


def start_thread(function: Callable[..., Any], *args: Any, name: str) -> ThreadChild:
    """Start a thread instead of a process: quick, and enough where nobody dies."""
    return ThreadChild(function, args[0], name)
