from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from retailsim.engine.ticks import TICK_NS, in_ticks
from retailsim.messages.base import Message
from retailsim.messages.sensors import FrameBatch
from tests.engine.toys import batch, reads

MS = 1_000_000


def test_a_tick_ends_with_its_frames() -> None:
    stream = [reads(10 * MS), batch(50 * MS), reads(120 * MS), batch(150 * MS)]
    ticks = list(in_ticks(stream, lateness_ns=0))
    assert [t.watermark_ns for t in ticks] == [50 * MS, 150 * MS]
    assert [[m.time_ns // MS for m in t.messages] for t in ticks] == [[10, 50], [120, 150]]


def test_reads_that_arrive_after_their_frame_are_put_before_it() -> None:
    stream = [batch(100 * MS), batch(200 * MS), reads(90 * MS), batch(300 * MS), batch(900 * MS)]
    first = next(iter(in_ticks(stream, lateness_ns=200 * MS)))
    assert [m.time_ns // MS for m in first.messages] == [90, 100]


def test_without_frames_ticks_are_cut_by_time() -> None:
    ticks = list(in_ticks([reads(t * 30 * MS) for t in range(20)], lateness_ns=0))
    assert all(t.messages[-1].time_ns - t.messages[0].time_ns <= TICK_NS for t in ticks)


def late(time_ns: int, camera: str) -> FrameBatch:
    (frame,) = batch(time_ns).frames
    return FrameBatch(time_ns, (replace(frame, camera=camera),))


def test_cameras_of_one_instant_are_one_batch_even_if_one_comes_late() -> None:
    stream = [batch(100 * MS, cameras=2), batch(200 * MS), late(100 * MS, "cam2"), batch(900 * MS)]
    first, second, _ = in_ticks(stream, lateness_ns=150 * MS)
    (whole,) = first.messages
    assert isinstance(whole, FrameBatch)
    assert [frame.camera for frame in whole.frames] == ["cam0", "cam1", "cam2"]
    assert second.messages == (stream[1],)


def test_nobody_waits_longer_for_a_late_camera_than_the_lateness() -> None:
    stream = [batch(100 * MS), batch(300 * MS), late(100 * MS, "cam1"), batch(900 * MS)]
    ticks = list(in_ticks(stream, lateness_ns=150 * MS))
    assert [len(t.messages[-1].frames) for t in ticks] == [1, 1, 1, 1]  # type: ignore[attr-defined]


def test_two_frames_of_one_camera_stay_apart() -> None:
    stream = [batch(100 * MS), batch(100 * MS), batch(900 * MS)]
    assert len(list(in_ticks(stream, lateness_ns=150 * MS))) == 3


def pieces(messages: Iterable[Message]) -> Iterator[int]:
    """Messages, and frames one by one, by identity."""
    for message in messages:
        yield from map(id, message.frames if isinstance(message, FrameBatch) else [message])


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["", "a", "b", "c"])), max_size=40),
    st.integers(0, 500),
)
def test_nothing_is_lost_and_frames_come_last(
    arrivals: list[tuple[int, str]], lateness_ms: int
) -> None:
    stream = [late(t * 50 * MS, camera) if camera else reads(t * 50 * MS) for t, camera in arrivals]
    ticks = list(in_ticks(stream, lateness_ns=lateness_ms * MS))
    out = [m for t in ticks for m in t.messages]
    assert Counter(pieces(out)) == Counter(pieces(stream))
    for tick in ticks:
        assert not any(isinstance(m, FrameBatch) for m in tick.messages[:-1])


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 200)), max_size=40))
def test_ticks_are_in_order_when_disorder_stays_within_the_lateness(
    steps: list[tuple[int, int]],
) -> None:
    now, stream = 0, []
    for gap, late in steps:
        now += gap
        stream.append(reads(max(now - late, 0) * MS))
    ticks = list(in_ticks(stream, lateness_ns=200 * MS))
    times = [m.time_ns for t in ticks for m in t.messages]
    assert times == sorted(times)
