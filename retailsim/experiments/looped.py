"""A session bag as footage without end: played again and again, with times that go on.

It is read and decoded as it is played, each time anew. Where it begins again people jump, which is
no matter for speed: there is as much to do as there was.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from retailsim.errors import BagError, ScenarioError
from retailsim.messages.base import Message
from retailsim.messages.sensors import FrameBatch, TagReads
from retailsim.session import BagReader
from retailsim.session.frames import FrameAssembler
from retailsim.session.topics import camera_of
from retailsim.session.video import KEY_FRAME_S
from retailsim.store.plan import StorePlan

MS_NS = 1_000_000


@dataclass(frozen=True)
class Footage:
    """Some cameras of a bag and all its tag readers, at a rate.

    Attributes:
        path: of the bag.
        plan: the shop's, with these cameras alone.
        recorded_hz: frames per second of each camera in the bag.
        rate_hz: of each camera as played, at most what was recorded.
        begin_ns: capture time of the first frame.
        period_ns: after which it begins again, whole milliseconds.
        skipped_ns: how much of it is left out the first time, whole microseconds.
    """

    path: Path
    plan: StorePlan
    recorded_hz: dict[str, float]
    rate_hz: float
    begin_ns: int
    period_ns: int
    skipped_ns: int = 0

    def of(self, cameras: int) -> Footage:
        """Return the same with the first so many cameras alone."""
        return replace(self, plan=_with_cameras(self.plan, list(self.recorded_hz)[:cameras]))

    def later(self, share: float) -> Footage:
        """Return the same, beginning after a share of it (from 0 to below 1), at a frame."""
        rate_hz = max(camera.rate_hz for camera in self.plan.cameras)
        frames = round(self.period_ns * 1e-9 * rate_hz)
        skipped = min(math.floor(share * frames), frames - 1)
        return replace(self, skipped_ns=int(skipped * 1e6 / rate_hz) * 1000)

    def play(self, seconds: float) -> Iterator[Message]:
        """Yield what devices send in so many seconds, in order of arrival, from `begin_ns` on.

        Raises:
            BagError: a message of the bag is not what it promises.
        """
        reader = BagReader(self.path)
        thinned = _Thinner(self)
        end_ns = self.begin_ns + round(seconds * 1e9)
        for loop in count():
            shift_ns = loop * self.period_ns - self.skipped_ns
            if self.begin_ns + shift_ns >= end_ns:
                return
            since_ns = self.begin_ns + max(0, -shift_ns)
            until_ns = min(self.begin_ns + self.period_ns, end_ns - shift_ns)
            for message in self._once(reader, since_ns=since_ns):
                if since_ns <= message.time_ns < until_ns:
                    yield from thinned.take(shifted(message, shift_ns))

    def _once(self, reader: BagReader, *, since_ns: int) -> Iterator[Message]:
        """Yield the bag's messages, of these cameras and of all other devices.

        Of those before an instant only video since the last key frame is decoded.
        """
        wanted = {camera.id for camera in self.plan.cameras}
        key_frame_s = KEY_FRAME_S + 1 / min(self.recorded_hz.values())  # it is a number of frames
        assembler = FrameAssembler(self.plan, origin=str(self.path))
        for raw in reader.raw_sensors():
            camera = camera_of(raw.channel.topic)
            if camera is None and raw.publish_ns >= since_ns:
                yield from assembler.other(reader.decode(raw))
            elif camera in wanted and raw.publish_ns >= since_ns - key_frame_s * 1e9:
                yield from assembler.video(raw)
        yield from assembler.flush()


class _Thinner:
    """Leaves out frames of cameras that are faster than wanted, evenly, and numbers the rest."""

    def __init__(self, footage: Footage) -> None:
        self._share = {c: footage.rate_hz / hz for c, hz in footage.recorded_hz.items()}
        self._seen: Counter[str] = Counter()
        self._given: defaultdict[str, Iterator[int]] = defaultdict(count)

    def take(self, message: Message) -> Iterator[Message]:
        if not isinstance(message, FrameBatch):
            yield message
            return
        kept = [frame for frame in message.frames if self._wants(frame.camera)]
        if kept:
            numbered = tuple(replace(f, index=next(self._given[f.camera])) for f in kept)
            yield FrameBatch(message.time_ns, numbered)

    def _wants(self, camera: str) -> bool:
        share = self._share[camera]
        if share >= 1:
            return True
        before = self._seen[camera]
        self._seen[camera] += 1
        return math.ceil((before + 1) * share) > math.ceil(before * share)


def shifted(message: Message, by_ns: int) -> Message:
    """Return a device's message as if it had been sent later, by whole microseconds."""
    if not by_ns:
        return message
    later = replace(message, time_ns=message.time_ns + by_ns)
    if isinstance(later, TagReads):
        return replace(later, read_us=later.read_us + by_ns // 1000)
    if isinstance(later, FrameBatch):
        frames = tuple(replace(f, time_ns=f.time_ns + by_ns) for f in later.frames)
        return replace(later, frames=frames)
    return later


def survey(path: str | Path, *, rate_hz: float | None = None, most: int = 4) -> Footage:
    """Look at a bag and return it as footage of its first cameras.

    Args:
        path: of the bag.
        rate_hz: frames per second of each camera; the slowest one's by default. Faster ones lose
            frames evenly, which are decoded nevertheless.
        most: cameras.

    Raises:
        BagError: no camera has more than one frame.
        ScenarioError: a camera is slower than wanted.
    """
    reader = BagReader(path)
    times: defaultdict[str, list[int]] = defaultdict(list)
    for raw in reader.raw_sensors():
        camera = camera_of(raw.channel.topic)
        if camera is not None:
            times[camera].append(raw.publish_ns)
    cameras = [c for c in reader.plan.cameras if len(times[c.id]) > 1][:most]
    if not cameras:
        raise BagError(f"{path}: no camera of it has frames enough to be played")
    begin_ns = min(min(times[c.id]) for c in cameras)
    last_ns = max(max(times[c.id]) for c in cameras)
    step_ns = 1e9 / max(c.rate_hz for c in cameras)
    # The step from the last frame to the first one of the next time is as long as all others.
    period_ns = round((math.floor((last_ns - begin_ns) / step_ns + 0.5) + 1) * step_ns / MS_NS)
    period_s = period_ns / 1e3
    recorded = {c.id: len(times[c.id]) / period_s for c in cameras}
    slowest = min(recorded, key=lambda camera: recorded[camera])
    wanted = recorded[slowest] if rate_hz is None else rate_hz
    if wanted > recorded[slowest] * (1 + 1e-6):
        raise ScenarioError(
            f"{path}: camera '{slowest}' sends {recorded[slowest]:.3g} frames/s, not {wanted:g}; "
            "take a bag whose cameras are so fast, or a lower rate"
        )
    plan = _with_cameras(reader.plan, list(recorded))
    return Footage(Path(path), plan, recorded, wanted, begin_ns, period_ns * MS_NS)


def _with_cameras(plan: StorePlan, cameras: list[str]) -> StorePlan:
    kept = [camera for camera in plan.cameras if camera.id in cameras]
    return plan.model_copy(update={"cameras": kept})
