"""Small made-up sessions for the tests of the bag."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message
from retailsim.messages.sensors import Sale, TagReads, TryOn
from retailsim.messages.truth import (
    TruthBoxes,
    TruthInteraction,
    TruthKeypoints,
    TruthPerson,
    TruthScenario,
    TruthTagZones,
    TruthTaste,
)
from retailsim.session import BagWriter, VideoEncoder
from retailsim.store.plan import Camera, StorePlan

START_NS = 1_700_000_000 * 10**9
TICK_NS = 10**8
LATE_NS = 30_000_000
WIDTH, HEIGHT = 96, 64

PLAN = StorePlan(
    name="corner-shop",
    size_m=(4.0, 3.0),
    cameras=[
        Camera(
            id=camera,
            width_px=WIDTH,
            height_px=HEIGHT,
            rate_hz=10,
            position_m=(x, 0.5, 2.8),
            look_at_m=(2.0, 2.0, 0.5),
            hfov_deg=90,
        )
        for camera, x in (("left", 0.2), ("right", 3.8))
    ],
)


def picture(tick: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A gradient over which a red square walks to the right, uint8 (height, width, 3)."""
    ramp = np.linspace(40, 200, width, dtype=np.uint8)
    image = np.repeat(np.tile(ramp, (height, 1))[..., None], 3, axis=2)
    x = 4 + 2 * (tick % 30)
    image[20:40, x : x + 20] = (20, 20, 220)
    return image


def reads(tick: int, count: int = 5) -> TagReads:
    """A batch of reads that ended with the tick's instant."""
    time_ns = START_NS + tick * TICK_NS
    return TagReads(
        time_ns,
        "reader-1",
        time_ns // 1000 - np.arange(count, dtype=np.int64)[::-1] * 10_000,
        np.array([f"{tag:024x}" for tag in range(count)]),
        np.ones(count, np.uint8),
        np.full(count, 7, np.uint16),
        np.full(count, -6150, np.int16),
        np.full(count, 4095, np.uint16),
        np.full(count, -3, np.int16),
    )


def joints(camera: str, tick: int, people: int = 2) -> TruthKeypoints:
    """Where their joints are."""
    return TruthKeypoints(
        START_NS + tick * TICK_NS,
        camera,
        np.arange(people),
        np.full((people, 17, 2), 20, np.float32),
        np.full((people, 17), 2, np.uint8),
    )


def boxes(camera: str, tick: int, people: int = 2) -> TruthBoxes:
    """Two people who stand still."""
    corners = np.tile(np.array([10, 20, 30, 40], np.float32), (people, 1))
    return TruthBoxes(
        START_NS + tick * TICK_NS,
        camera,
        np.arange(people),
        corners,
        corners.copy(),
        np.ones(people, np.float32),
    )


def happenings(ticks: int) -> Iterator[tuple[int, Message]]:
    """All messages but video, with log times, in order."""
    yield START_NS, TruthScenario(START_NS, "corner", 7, "name: corner\n")
    yield (
        START_NS,
        TruthPerson(
            START_NS, 1, "", "anybody", "browse", 1, "feminine", 30.0, 1.7, False, "shirt", "skirt"
        ),
    )
    yield START_NS, TruthTaste(START_NS, 1, np.array(["shirt-01"]), np.array([0.5]))
    yield START_NS, TruthTagZones(START_NS, np.array(["aa", "bb"]), np.array(["rack", "rack"]))
    for tick in range(ticks):
        time_ns = START_NS + tick * TICK_NS
        for camera in ("left", "right"):
            yield time_ns, boxes(camera, tick)
            yield time_ns, joints(camera, tick)
        if tick == 12:
            yield time_ns, TruthTagZones(time_ns, np.array(["bb"]), np.array(["till"]))
            yield time_ns, TryOn(time_ns, "mirror-1", f"{1:024x}")
        if tick == 15:
            yield time_ns, Sale(time_ns, "till-1", np.array([f"{2:024x}"]))
        if tick == 18:
            begin_ns = START_NS + 8 * TICK_NS
            yield time_ns, TruthInteraction(begin_ns, time_ns, 1, f"{1:024x}", "flip")
        yield time_ns + LATE_NS, reads(tick)


def write_session(path: Path, ticks: int = 30, *, video: bool = True) -> Path:
    """Record a session of two cameras, one reader, a try-on, a sale and their truth."""
    encoders = {camera.id: VideoEncoder(WIDTH, HEIGHT, 10) for camera in PLAN.cameras}
    waiting = list(happenings(ticks))
    with BagWriter(path, PLAN) as bag:
        for tick in range(ticks):
            time_ns = START_NS + tick * TICK_NS
            if video:
                for camera, encoder in encoders.items():
                    bag.write_video(camera, time_ns, encoder.encode(picture(tick)))
            while waiting and waiting[0][0] < time_ns + TICK_NS:
                log_ns, message = waiting.pop(0)
                bag.write(message, log_ns)
    return path


def same(one: Message, other: Message) -> bool:
    """Whether two messages are of one type and hold the same values, NaN equal to NaN."""
    if type(one) is not type(other):
        return False
    pairs = zip(vars(one).values(), vars(other).values(), strict=True)
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") and a.dtype.kind == b.dtype.kind
        if isinstance(a, np.ndarray)
        else a == b
        for a, b in pairs
    )
