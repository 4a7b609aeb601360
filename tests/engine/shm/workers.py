"""What the children of the tests do."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from retailsim.engine.shm import (
    FrameReader,
    FrameRing,
    FrameWriter,
    MessageReader,
    MessageWriter,
    RingSpec,
    start_child,
)
from retailsim.messages.results import Crossing, HeatMap

SHAPE = (48, 64, 3)
SPEC = RingSpec(name="decode", cameras=("left",), slots=4, slot_bytes=48 * 64 * 3)


def fill(writer: FrameWriter, index: int) -> None:
    slot = writer.borrow(timeout_s=60)
    slot.image(SHAPE)[:] = index % 251
    writer.publish(slot, camera="left", index=index, time_ns=index)


def write_frames(end: Any, count: int) -> None:
    """Write so many frames, and end; 0 writes until it is killed."""
    with FrameWriter(end) as writer:
        index = 0
        while not count or index < count:
            fill(writer, index)
            index += 1


def read_frames(end: Any, report: Connection, hold: int) -> None:
    """Report every frame's index and whether all of its bytes are its own.

    After `hold` frames, where that is not 0, keep the next one and say so.
    """
    reader = FrameReader(end)
    taken = 0
    while (lease := reader.take(timeout_s=60)) is not None:
        taken += 1
        if hold and taken > hold:
            report.send("holding")
            time.sleep(600)
        whole = bool(np.all(lease.image == lease.index % 251))
        report.send((lease.index, whole))
        lease.release()
        del lease
    report.send("end")


def report_error(end: Any, report: Connection) -> None:
    """Read frames until something is wrong, and say what."""
    reader = FrameReader(end)
    try:
        while (lease := reader.take(timeout_s=60)) is not None:
            report.send(lease.index)
            lease.release()
            del lease
    except Exception as error:
        report.send(f"{type(error).__name__}: {error}")


def send_messages(end: Any, count: int) -> None:
    with MessageWriter(end) as writer:
        for index in range(count):
            crossing = Crossing(index, f"door {index}", index, "in")
            heat = HeatMap(index, 0.5, np.full((index % 40, 30), float(index)))
            writer.send([crossing, heat], stamp_ns=index, timeout_s=60)


def receive_messages(end: Any, report: Connection) -> None:
    reader = MessageReader(end)
    while (packet := reader.receive(timeout_s=60)) is not None:
        crossing, heat = packet.messages
        assert isinstance(crossing, Crossing)
        assert isinstance(heat, HeatMap)
        report.send((packet.stamp_ns, crossing.person, float(heat.seconds.sum())))
    report.send("end")


def whole_family(report: Connection) -> None:
    """A parent with a writer and two readers, all of them busy for ever."""
    ring = FrameRing(SPEC)
    ends = [ring.reader("one"), ring.reader("two")]
    children = [start_child(read_quietly, end, name="reader") for end in ends]
    children.append(start_child(write_frames, ring.writer(), 0, name="writer"))
    report.send([os.getpid(), *(child.pid for child in children)])
    time.sleep(600)


def read_quietly(end: Any) -> None:
    reader = FrameReader(end)
    while (lease := reader.take()) is not None:
        lease.release()
        del lease
