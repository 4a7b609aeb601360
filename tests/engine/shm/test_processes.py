"""The ring between real processes, and what is left when they are killed."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from retailsim.engine.shm import (
    FrameReader,
    FrameRing,
    FrameWriter,
    MessageChannel,
    MessageReader,
    MessageWriter,
    PeerGoneError,
    Slot,
    start_child,
)
from retailsim.messages.results import Crossing
from tests.engine.shm import workers

PATIENCE_S = 60.0


@contextmanager
def child(function: Callable[..., Any], *args: Any) -> Iterator[Any]:
    """A child that is dead when the test is over."""
    process = start_child(function, *args, name=function.__name__)
    try:
        yield process
    finally:
        process.kill()
        process.join()


def kill(process: Any) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def heard(report: Connection) -> Any:
    assert report.poll(PATIENCE_S), "nothing was reported"
    return report.recv()


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def names_left() -> set[Path]:
    return {*Path("/dev/shm").iterdir(), *Path(tempfile.gettempdir()).glob("pymp-*")}


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def without_waiting(writer: FrameWriter) -> Slot | None:
    """Borrow a slot if one is free or becomes free soon."""
    try:
        return writer.borrow(timeout_s=0.3)
    except TimeoutError:
        return None


def test_every_reader_gets_every_frame_whole_and_in_order() -> None:
    ring = FrameRing(workers.SPEC)
    (hear_one, say_one), (hear_two, say_two) = Pipe(False), Pipe(False)
    one, two = ring.reader("one"), ring.reader("two")
    with (
        child(workers.read_frames, one, say_one, 0),
        child(workers.read_frames, two, say_two, 0),
        FrameWriter(ring.writer()) as writer,
    ):
        for index in range(100):
            workers.fill(writer, index)
        writer.close()
        for hear in (hear_one, hear_two):
            assert [heard(hear) for _ in range(101)] == [*((i, True) for i in range(100)), "end"]


def test_a_killed_reader_gives_back_its_slots_and_a_new_one_takes_its_place() -> None:
    before = names_left()
    ring = FrameRing(workers.SPEC)
    hear, say = Pipe(False)
    other = FrameReader(ring.reader("other"))
    with child(workers.read_frames, ring.reader("victim"), say, 2) as victim:
        writer = FrameWriter(ring.writer())
        for index in range(workers.SPEC.slots + 2):
            workers.fill(writer, index)
            lease = other.take()
            assert lease is not None
            lease.release()
        assert [heard(hear) for _ in range(3)] == [(0, True), (1, True), "holding"]
        with pytest.raises(TimeoutError):  # alive, and so it keeps its slots
            writer.borrow(timeout_s=0.3)
        assert writer.holders() == {"other": 0, "victim": workers.SPEC.slots}
        kill(victim)
        slot = writer.borrow(timeout_s=PATIENCE_S)
        writer.give_back(slot)
    assert (writer.readers, writer.free) == (["other"], workers.SPEC.slots)
    with child(workers.read_frames, ring.reader("successor"), say, 0):
        for index in range(10, 20):
            workers.fill(writer, index)
            lease = other.take()
            del lease
        assert [heard(hear) for _ in range(10)] == [(i, True) for i in range(10, 20)]
    assert until(lambda: names_left() <= before)


def test_a_stopped_reader_keeps_its_slots_and_goes_on_unharmed() -> None:
    ring = FrameRing(workers.SPEC)
    hear, say = Pipe(False)
    with child(workers.read_frames, ring.reader("slow"), say, 0) as slow:
        writer = FrameWriter(ring.writer())
        workers.fill(writer, 0)
        assert heard(hear) == (0, True)
        os.kill(slow.pid, signal.SIGSTOP)
        for index in range(1, workers.SPEC.slots):
            workers.fill(writer, index)
        last = workers.SPEC.slots - 1
        if (slot := without_waiting(writer)) is not None:  # it was stopped with nothing in hand
            writer.give_back(slot)
            last += 1
            workers.fill(writer, last)
        assert without_waiting(writer) is None
        assert writer.holders() == {"slow": workers.SPEC.slots}
        os.kill(slow.pid, signal.SIGCONT)
        workers.fill(writer, last + 1)
        writer.close()
        rest = [(index, True) for index in range(1, last + 2)]
        assert [heard(hear) for _ in range(len(rest) + 1)] == [*rest, "end"]


def test_readers_of_a_killed_writer_are_told_who_died() -> None:
    before = names_left()
    ring = FrameRing(workers.SPEC)
    hear, say = Pipe(False)
    with (
        child(workers.report_error, ring.reader("detect"), say),
        child(workers.write_frames, ring.writer(), 0) as writer,
    ):
        assert heard(hear) == 0
        kill(writer)
        last = heard(hear)
        while isinstance(last, int):
            last = heard(hear)
        assert last == "PeerGoneError: 'decode' died before the end of its frames"
    assert until(lambda: names_left() <= before)


def test_all_are_gone_and_nothing_is_left_when_the_parent_is_killed() -> None:
    before = names_left()
    hear, say = Pipe(False)
    parent = get_context("spawn").Process(target=workers.whole_family, args=(say,))
    parent.start()
    family = heard(hear)
    assert all(map(is_running, family))
    kill(parent)
    assert until(lambda: not any(map(is_running, family)))
    assert until(lambda: names_left() <= before)


def test_messages_arrive_in_order_through_a_ring_smaller_than_they_are() -> None:
    channel = MessageChannel("fuse -> score", size=4096)
    hear, say = Pipe(False)
    with (
        child(workers.send_messages, channel.writer(), 200),
        child(workers.receive_messages, channel.reader(), say),
    ):
        for index in range(200):
            assert heard(hear) == (index, index, index * (index % 40) * 30.0)
        assert heard(hear) == "end"


def test_both_sides_of_a_channel_notice_the_other_s_death() -> None:
    channel, back = MessageChannel("a -> b"), MessageChannel("b -> a", size=4096)
    reader, writer = MessageReader(channel.reader()), MessageWriter(back.writer())
    _, say = Pipe(False)
    with (
        child(workers.send_messages, channel.writer(), 10**9) as sender,
        child(workers.receive_messages, back.reader(), say) as receiver,
    ):
        assert reader.receive(timeout_s=PATIENCE_S) is not None
        kill(sender)
        kill(receiver)
        with pytest.raises(PeerGoneError, match="sender of 'a -> b' died"):
            for _ in iter(lambda: reader.receive(timeout_s=PATIENCE_S), None):
                pass  # what was under way
        with pytest.raises(PeerGoneError, match="nobody reads 'b -> a'"):
            writer.send([Crossing(1, "door", 1, "in")], timeout_s=PATIENCE_S)
