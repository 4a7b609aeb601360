"""Cutting a stretch out of a session bag, so that it stands on its own."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import BagError
from retailsim.messages.base import Message
from retailsim.messages.sensors import TagReads
from retailsim.messages.truth import (
    TruthCarry,
    TruthPerson,
    TruthPlacement,
    TruthScenario,
    TruthTagPositions,
    TruthTagZones,
    TruthTaste,
)
from retailsim.session.container import refuse_existing
from retailsim.session.foxglove import video_data
from retailsim.session.reader import BagReader
from retailsim.session.scan import RawMessage
from retailsim.session.topics import camera_of
from retailsim.session.video import CRF, Image, VideoDecoder, VideoEncoder, is_key_frame
from retailsim.session.writer import BagWriter
from retailsim.store.plan import Camera, StorePlan

Progress = Callable[[float], None]
_Item = tuple[int, "Message | _Packet"]


@dataclass(frozen=True)
class _Packet:
    """A video packet of the cut."""

    camera: str
    time_ns: int
    h264: bytes


@dataclass(frozen=True)
class _Window:
    """The stretch that is kept: begin <= time < end, nanoseconds since the epoch."""

    begin_ns: int
    end_ns: int

    def holds(self, time_ns: int) -> bool:
        return self.begin_ns <= time_ns < self.end_ns


def cut_session(
    path: str | Path,
    output: str | Path,
    *,
    start_s: float,
    duration_s: float,
    cameras: Sequence[str] | None = None,
    crf: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write a stretch of a bag as a bag of its own.

    Times stay what they were. Video is encoded anew up to the first key frame inside (all of it
    when `crf` is given); batches of reads are split at the edges; intervals of the truth are
    clipped; the zones of all tags at the start are stated anew; tastes and scenario are kept.

    Args:
        path: the bag.
        output: the new bag folder.
        start_s: seconds after the bag's first message.
        duration_s: length.
        cameras: ids of the cameras to keep; all by default. The plan keeps these alone.
        crf: x264's rate factor for encoding all video anew.
        overwrite: replace an existing bag.
        progress: told the share done, 0 to 1.

    Raises:
        BagError: the stretch lies outside the bag, a camera is unknown, or the output cannot be
            written; nothing is left then.
    """
    if not overwrite:
        refuse_existing(output)
    reader = BagReader(path)
    if Path(path).resolve() == Path(output).resolve():
        raise BagError(f"{output}: cannot cut a bag into itself; choose another name")
    window = _window(reader, start_s, duration_s)
    plan = _plan_with(reader.plan, cameras, str(path))
    with BagWriter(output, plan) as bag:
        sensors = _sensors(reader, plan, window, crf)
        truth = sorted(_truth(reader, plan, window), key=itemgetter(0))
        for log_ns, item in heapq.merge(truth, sensors, key=itemgetter(0)):
            if isinstance(item, _Packet):
                bag.write_video(item.camera, item.time_ns, item.h264, log_ns)
            else:
                bag.write(item, log_ns)
            if progress:
                progress(min(1.0, (log_ns - window.begin_ns) / (window.end_ns - window.begin_ns)))


def _window(reader: BagReader, start_s: float, duration_s: float) -> _Window:
    summary = reader.summary()
    if summary.start_ns is None:
        raise BagError(f"{reader.path}: an empty bag, nothing to cut")
    if not duration_s > 0:
        raise BagError(f"a cut of {duration_s:g} s is empty; give a duration above 0")
    if not 0 <= start_s < summary.duration_s:
        raise BagError(
            f"{reader.path}: a cut from {start_s:g} s lies outside its {summary.duration_s:.1f} s"
        )
    begin_ns = summary.start_ns + round(start_s * 1e9)
    # One second more than there is: the last message itself must not be cut off.
    length_s = min(duration_s, summary.duration_s + 1)
    return _Window(begin_ns, begin_ns + round(length_s * 1e9))


def _plan_with(plan: StorePlan, cameras: Sequence[str] | None, origin: str) -> StorePlan:
    if not cameras:
        return plan
    known = [camera.id for camera in plan.cameras]
    for camera in cameras:
        if camera not in known:
            raise BagError(f"{origin}: no camera '{camera}' (it has: {', '.join(known) or 'none'})")
    kept = [camera for camera in plan.cameras if camera.id in cameras]
    return plan.model_copy(update={"cameras": kept})


def _sensors(
    reader: BagReader, plan: StorePlan, window: _Window, crf: int | None
) -> Iterator[_Item]:
    """Yield what devices sent within the window, with log times."""
    streams = {camera.id: _Recoder(camera, window, crf) for camera in plan.cameras}
    for raw in reader.raw_sensors():
        camera = camera_of(raw.channel.topic)
        if camera is None:
            message = _inside(reader.decode(raw), window)
            if message is not None:
                yield raw.log_ns, message
        elif camera in streams:
            yield from streams[camera].take(raw)


def _inside(message: Message, window: _Window) -> Message | None:
    """Return the part of a device's message that lies in the window."""
    if not isinstance(message, TagReads):
        return message if window.holds(message.time_ns) else None
    read_ns = message.read_us * 1000
    kept = (read_ns >= window.begin_ns) & (read_ns < window.end_ns)
    if kept.all():
        return message
    if not kept.any():
        return None
    arrays = {
        spec.name: getattr(message, spec.name)[kept]
        for spec in fields(message)
        if "shape" in spec.metadata
    }
    return replace(message, time_ns=int(read_ns[kept][-1]), **arrays)


@dataclass
class _Recoder:
    """Lets one camera's video begin with a key frame at the window's edge."""

    camera: Camera
    window: _Window
    crf: int | None
    _decoder: VideoDecoder = field(default_factory=VideoDecoder)
    _encoder: VideoEncoder | None = None
    _backlog: list[bytes] = field(default_factory=list)
    _copying: bool = False
    _sequence: int | None = None

    def take(self, raw: RawMessage) -> Iterator[_Item]:
        """Take a packet and yield what it becomes in the cut, if anything."""
        _, data = video_data(raw.data)
        key = is_key_frame(data)
        if raw.publish_ns >= self.window.end_ns:
            return
        if self._sequence is not None and raw.sequence > self._sequence + 1:
            self._start_over()
        self._sequence = raw.sequence
        if key:
            self._backlog.clear()
        if raw.publish_ns < self.window.begin_ns:
            self._backlog.append(data)
            return
        self._copying = self._copying or (key and self.crf is None)
        if self._copying:
            yield raw.log_ns, _Packet(self.camera.id, raw.publish_ns, data)
            return
        image = self._image(data)
        if image is not None:
            yield raw.log_ns, _Packet(self.camera.id, raw.publish_ns, self._encode(image))

    def _image(self, data: bytes) -> Image | None:
        """Decode a packet after those that led to it; None where no key frame leads to it."""
        image = None
        packets, self._backlog = [*self._backlog, data], []
        for packet in packets:
            if self._encoder is None and image is None and not is_key_frame(packet):
                continue
            try:
                image = self._decoder.decode(packet)
            except BagError:
                self._start_over()
                return None
        return image

    def _start_over(self) -> None:
        """Wait for a key frame after a packet that is lost or damaged."""
        self._decoder, self._encoder, self._copying = VideoDecoder(), None, False
        self._backlog.clear()

    def _encode(self, image: Image) -> bytes:
        if self._encoder is None:
            height, width = image.shape[:2]
            quality = CRF if self.crf is None else self.crf
            self._encoder = VideoEncoder(width, height, self.camera.rate_hz, crf=quality)
        return self._encoder.encode(image)


def _truth(reader: BagReader, plan: StorePlan, window: _Window) -> Iterator[_Item]:
    """Yield the truth of the window, with log times."""
    cameras = {camera.id for camera in plan.cameras}
    before, later = _Before(window.begin_ns), list[Message]()
    for message in reader.truth():
        if isinstance(message, TruthTagZones | TruthTagPositions | TruthPlacement):
            if message.time_ns <= window.begin_ns:
                before.take(message)
            elif message.time_ns < window.end_ns:
                later.append(message)
            continue
        if isinstance(message, TruthCarry):
            before.carried(message)
        if getattr(message, "camera", None) in (None, *cameras):
            yield from _clip(message, window)
    yield from ((message.time_ns, message) for message in (*before.stated(), *later))


class _Before:
    """Where all tags are when a window begins."""

    def __init__(self, begin_ns: int) -> None:
        self._begin_ns = begin_ns
        self._zone: dict[str, str] = {}
        self._xyz_m: dict[str, NDArray[np.float64]] = {}
        self._placed: dict[str, TruthPlacement] = {}
        self._carried_ns: dict[str, int] = {}

    def take(self, message: TruthTagZones | TruthTagPositions | TruthPlacement) -> None:
        """Take what was told up to the window's begin, in order of time."""
        if isinstance(message, TruthTagZones):
            self._zone.update(zip(message.epc.tolist(), message.zone.tolist(), strict=True))
        elif isinstance(message, TruthTagPositions):
            self._xyz_m.update(zip(message.epc.tolist(), message.xyz_m, strict=True))
        else:
            self._placed[message.epc] = message

    def carried(self, carry: TruthCarry) -> None:
        """Take notice that a garment was taken away from wherever it was."""
        if carry.time_ns <= self._begin_ns:
            latest = max(carry.time_ns, self._carried_ns.get(carry.epc, 0))
            self._carried_ns[carry.epc] = latest

    def stated(self) -> Iterator[Message]:
        """Yield it as told at the begin."""
        now = self._begin_ns
        if self._zone:
            names = np.array(list(self._zone), np.str_), np.array(list(self._zone.values()))
            yield TruthTagZones(now, *names)
        if self._xyz_m:
            epc = np.array(list(self._xyz_m), np.str_)
            yield TruthTagPositions(now, epc, np.array(list(self._xyz_m.values())))
        for put in self._placed.values():
            if self._carried_ns.get(put.epc, -1) < put.time_ns:
                yield TruthPlacement(now, 0, put.epc, put.fixture)


def _clip(message: Message, window: _Window) -> Iterator[_Item]:
    changed: Any = message
    if isinstance(message, TruthScenario | TruthPerson | TruthTaste):
        if message.time_ns < window.end_ns:
            yield max(message.time_ns, window.begin_ns), message
    elif hasattr(message, "end_ns"):
        begin_ns = max(message.time_ns, window.begin_ns)
        end_ns = min(message.end_ns, window.end_ns)
        if begin_ns < end_ns:
            yield end_ns, replace(changed, time_ns=begin_ns, end_ns=end_ns)
    elif window.holds(message.time_ns):
        yield message.time_ns, message
