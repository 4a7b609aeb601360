"""Live, on a clock that only moves when somebody sleeps or works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.engine.graph import Node
from retailsim.engine.live import LiveRun, ServedTick, run_live
from retailsim.engine.serial import run_serial
from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.digest import digest
from retailsim.messages.results import Crossing
from retailsim.messages.sensors import FrameBatch, TagReads
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.plan import StorePlan
from tests.engine.toys import Broken, batch, reads

MS = 1_000_000
S = 1000 * MS
BEGIN = 1_700_000_000 * S  # of the recording


class Clock:
    """Seconds that pass when somebody sleeps or works."""

    def __init__(self) -> None:
        self.now_s = 5000.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds


class Looker(Stage):
    """Takes so long for a batch of frames, and says when it saw what."""

    inputs: ClassVar = (FrameBatch, TagReads)
    outputs: ClassVar = (Crossing,)

    def __init__(self, clock: Clock, takes_s: Callable[[int], float]) -> None:
        super().__init__(StageContext(StorePlan(name="toy")))
        self._clock, self._takes_s = clock, takes_s
        self.seen: list[tuple[Message, float]] = []
        self.watermarks: list[int] = []

    def process(self, message: Message) -> Iterable[Message]:
        if isinstance(message, FrameBatch):
            self._clock.now_s += self._takes_s(len(self.of(FrameBatch)))
        self.seen.append((message, self._clock()))
        yield Crossing(message.time_ns, "main", 1, "in")

    def advance(self, watermark_ns: int) -> Iterable[Message]:
        self.watermarks.append(watermark_ns)
        return ()

    def finish(self) -> Iterable[Message]:
        yield Crossing(0, "main", 1, "out")

    def of(self, kind: type[Message]) -> list[int]:
        """Times of what it saw, ms from the begin."""
        return [(m.time_ns - BEGIN) // MS for m, _ in self.seen if isinstance(m, kind)]


class Played:
    """A live replay of messages at so many ms to one stage."""

    def __init__(
        self,
        messages: Sequence[Message],
        *,
        takes_s: Callable[[int], float] | float = 0.0,
        **options: Any,
    ) -> None:
        self.clock = Clock()
        takes = takes_s if callable(takes_s) else lambda _: takes_s
        self.looker = Looker(self.clock, takes)
        self.ticks: list[ServedTick] = []
        usual: dict[str, Any] = {"lateness_s": 0.0, "on_tick": self.ticks.append}
        self.live: LiveRun = run_live(
            messages,
            [Node("look", self.looker)],
            **(usual | options),
            clock=self.clock,
            sleep=self.clock.sleep,
        )


def frames(count: int, *, cameras: int = 1) -> list[Message]:
    """Ten times a second."""
    return [batch(BEGIN + i * 100 * MS, cameras) for i in range(count)]


def test_messages_come_at_the_pace_of_their_own_times() -> None:
    played = Played(frames(5), begin_s=5003.0)
    assert [t.due_s for t in played.ticks] == pytest.approx(
        [5003.0, 5003.1, 5003.2, 5003.3, 5003.4]
    )
    assert [t.done_s - t.due_s for t in played.ticks] == pytest.approx([0] * 5, abs=1e-3)
    assert played.live.dropped == {"source": 0}
    assert played.live.run.frames == 5


def test_without_a_beginning_the_first_message_is_due_when_it_is_there() -> None:
    assert Played(frames(1)).ticks[0].due_s == 5000.0


def test_a_tick_waits_for_late_messages_and_no_longer() -> None:
    late = reads(BEGIN + 90 * MS)  # comes 0.2 s after it was read
    played = Played([*frames(4), late, batch(BEGIN + 5000 * MS)], lateness_s=0.3, begin_s=5000.0)
    assert [t.done_s - t.due_s for t in played.ticks] == pytest.approx([0.3] * 5, abs=1e-3)
    assert [type(m).__name__ for m, _ in played.looker.seen[:3]] == [
        "FrameBatch",
        "TagReads",
        "FrameBatch",
    ]


def test_the_oldest_frames_that_wait_are_dropped_and_counted() -> None:
    """The first tick takes half a second: five come meanwhile, of which the last two stay."""
    played = Played(frames(10, cameras=3), takes_s=lambda n: 0.0 if n else 0.55)
    assert played.looker.of(FrameBatch) == [0, 400, 500, 600, 700, 800, 900]
    assert played.live.dropped == {"source": 3 * 3}
    assert played.live.run.frames == 7 * 3
    assert played.ticks[0].cameras == ("cam0", "cam1", "cam2")


def test_as_many_ticks_wait_as_are_asked_for() -> None:
    played = Played(frames(10), takes_s=lambda n: 0.0 if n else 0.55, backlog_ticks=4)
    assert played.looker.of(FrameBatch) == [0, 200, 300, 400, 500, 600, 700, 800, 900]


def test_a_stage_at_half_the_pace_gets_half_of_the_frames_and_its_lag_is_bounded() -> None:
    played = Played(frames(200), takes_s=0.2)
    dropped = played.live.dropped["source"]
    assert dropped + played.live.run.frames == 200
    assert 95 <= dropped <= 105
    assert max(t.done_s - t.due_s for t in played.ticks) <= 0.1 + 3 * 0.2


def test_tag_reads_are_never_dropped() -> None:
    stream: list[Message] = []
    for i, frame in enumerate(frames(50)):
        stream += [frame, reads(frame.time_ns + 30 * MS, f"{i:02x}")]
    played = Played(stream, takes_s=0.35)
    assert played.live.dropped["source"] > 20
    assert played.looker.of(TagReads) == [i * 100 + 30 for i in range(50)]
    assert played.looker.watermarks == sorted(played.looker.watermarks)


def test_the_end_of_the_recording_drops_nothing_and_every_stage_says_its_last() -> None:
    played = Played(frames(20), lateness_s=0.5)
    assert played.live.run.frames == 20
    assert played.live.run.results.of(Crossing)[-1].direction == "out"


def test_a_replay_that_is_stopped_plays_no_more_and_finishes() -> None:
    served: list[ServedTick] = []
    played = Played(
        frames(50), on_tick=served.append, stop=lambda: len(served) == 7, lateness_s=0.2
    )
    assert len(served) == 7
    assert played.live.run.frames == 7
    assert played.live.dropped == {"source": 0}
    assert played.live.run.results.of(Crossing)[-1].direction == "out"


def test_latency_in_the_figures_is_from_capture_to_the_last_word() -> None:
    run = Played(frames(10), takes_s=0.05, lateness_s=0.2).live.run
    assert run.watch.ticks_ms == pytest.approx([250] * 10, abs=1)


def test_nothing_to_play_is_an_empty_run() -> None:
    live = Played([]).live
    assert (live.run.frames, dict(live.dropped)) == (0, {"source": 0})


def test_a_stage_that_raises_is_named() -> None:
    clock = Clock()
    broken = Broken(StageContext(StorePlan(name="toy")))
    with pytest.raises(StageError, match=r"'broken'.*IndexError: no such row"):
        run_live(
            [reads(BEGIN), reads(BEGIN + S)],
            [Node("broken", broken)],
            lateness_s=0,
            clock=clock,
            sleep=clock.sleep,
        )


arrivals = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 200), st.booleans()), max_size=40)


def arrived(steps: Iterable[tuple[int, int, bool]]) -> list[Message]:
    """Frames and reads; reads come up to 0.2 s late."""
    now, stream = 0, list[Message]()
    for gap, late, is_frame in steps:
        now += gap
        time_ns = BEGIN + now * MS
        stream.append(batch(time_ns, 2) if is_frame else reads(max(BEGIN, time_ns - late * MS)))
    return stream


@given(arrivals, st.integers(0, 500))
def test_every_frame_is_served_or_counted_once_and_in_order(
    steps: list[tuple[int, int, bool]], takes_ms: int
) -> None:
    stream = arrived(steps)
    played = Played(stream, takes_s=takes_ms / 1e3, lateness_s=0.2)
    sent = [m for m in stream if isinstance(m, FrameBatch)]
    assert played.live.run.frames + played.live.dropped["source"] == 2 * len(sent)
    times = [m.time_ns for m, _ in played.looker.seen]
    assert times == sorted(times)
    assert len(played.looker.of(TagReads)) == len(stream) - len(sent)
    for tick in played.ticks:
        assert tick.done_s >= tick.due_s + 0.2 - 1e-3


@given(arrivals)
def test_stages_that_keep_up_say_what_they_say_in_a_lossless_replay(
    steps: list[tuple[int, int, bool]],
) -> None:
    stream = arrived(steps)
    live = Played(stream, lateness_s=0.2, backlog_ticks=50)
    looker = Looker(Clock(), lambda _: 0.0)
    lossless = run_serial(stream, [Node("look", looker)], lateness_s=0.2)
    assert digest(live.live.run.results) == digest(lossless.results)
