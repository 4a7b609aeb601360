"""Opening a session bag: its plan, its messages, its truth, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from retailsim.errors import BagError, ScenarioError
from retailsim.messages.base import Message
from retailsim.messages.codec import decode
from retailsim.messages.registry import RESULT_TYPES, SENSOR_TYPES, TRUTH_TYPES
from retailsim.session.container import Channel
from retailsim.session.damage import Damage
from retailsim.session.frames import FrameAssembler
from retailsim.session.metadata import TopicInfo
from retailsim.session.scan import RawMessage
from retailsim.session.source import Source, open_source
from retailsim.session.topics import PLAN_ATTACHMENT, camera_of, is_result, is_truth, type_of
from retailsim.session.video import Place
from retailsim.store.load import MAX_YAML_BYTES, parse_plan
from retailsim.store.plan import StorePlan


@dataclass(frozen=True)
class CameraInfo:
    """A recorded camera: its image size and rate in the plan, and its frames in the bag."""

    id: str
    width_px: int
    height_px: int
    rate_hz: float
    frames: int


@dataclass(frozen=True)
class Summary:
    """What a bag holds.

    Attributes:
        kind: 'mcap' or 'ros1'.
        plan: name of the plan inside, None without one.
        start_ns: log time of the first message, None for an empty bag.
        duration_s: log time from the first to the last message.
        damage: what is missing, None for a whole bag.
    """

    path: Path
    kind: str
    plan: str | None
    size_bytes: int
    start_ns: int | None
    duration_s: float
    topics: tuple[TopicInfo, ...]
    cameras: tuple[CameraInfo, ...]
    damage: Damage | None

    def count(self, topic: str) -> int:
        """Return the number of messages on a topic."""
        return sum(info.count for info in self.topics if info.name == topic)


class BagReader:
    """Reads a session bag, whole or damaged; a cut bag is read up to the cut.

    Args:
        path: a bag folder, a bare .mcap file or a ROS 1 .bag file.

    Raises:
        BagError: on opening, when it is none of these; later, when a message is not what its
            topic promises.

    Attributes:
        dropped_frames: images that could not be decoded in the last run of `messages`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._source: Source = open_source(path)
        self.dropped_frames = 0

    @property
    def damage(self) -> Damage | None:
        """What is missing from the bag, None when nothing is."""
        return self._source.damage

    @property
    def source(self) -> Source:
        """The raw recording, for copying."""
        return self._source

    @cached_property
    def plan(self) -> StorePlan:
        """The plan that travels in the bag; raises BagError when it has none."""
        for attachment in self._source.attachments:
            if attachment.name == PLAN_ATTACHMENT:
                if len(attachment.data) > MAX_YAML_BYTES:
                    raise BagError(f"{self.path}: its plan is larger than allowed")
                try:
                    text = attachment.data.decode("utf-8")
                    return parse_plan(text, origin=f"{self.path}:{PLAN_ATTACHMENT}")
                except (UnicodeDecodeError, ScenarioError) as error:
                    raise BagError(f"{self.path}: its plan cannot be used: {error}") from error
        if self._source.damage is not None and not self._source.topics:
            raise BagError(f"{self.path}: cut before its store plan; nothing can be recovered")
        if self._source.damage is not None:
            raise BagError(f"{self.path}: its store plan cannot be read; {self._source.damage}")
        raise BagError(
            f"{self.path}: carries no store plan, so it cannot be replayed; {self._holds}"
        )

    def messages(self, *, frames: bool = True, place: Place | None = None) -> Iterator[Message]:
        """Yield FrameBatch, TagReads, Sale and TryOn in order of log time, never truth.

        Args:
            frames: False leaves the video undecoded and yields the rest alone.
            place: gives memory to decode images into, where that can be done without a copy.
        """
        assembler = FrameAssembler(self.plan, origin=str(self.path), place=place)
        self._require_sensors()
        wanted = _wants_sensors if frames else _wants_devices
        try:
            for raw in self._source.messages(wanted):
                if camera_of(raw.channel.topic) is not None:
                    yield from assembler.video(raw)
                else:
                    yield from assembler.other(self.decode(raw))
            yield from assembler.flush()
        finally:
            self.dropped_frames = assembler.dropped

    def raw_sensors(self) -> Iterator[RawMessage]:
        """Yield what `messages` is made of as it is stored, with its log times."""
        return self._source.messages(_wants_sensors)

    def truth(self) -> Iterator[Message]:
        """Yield the Truth messages in order of log time."""
        return map(self.decode, self._source.messages(_wants_truth))

    def results(self) -> Iterator[Message]:
        """Yield what a stack said, for bags written by a replay."""
        return map(self.decode, self._source.messages(_wants_results))

    def summary(self) -> Summary:
        """Return what the bag holds, without decoding it."""
        counts = {info.name: info.count for info in self._source.topics}
        plan = self._plan_or_none()
        cameras = tuple(
            CameraInfo(
                camera.id,
                camera.width_px,
                camera.height_px,
                camera.rate_hz,
                counts.get(f"/camera/{camera.id}/video", 0),
            )
            for camera in (plan.cameras if plan else [])
        )
        span = self._source.span_ns
        return Summary(
            path=self.path,
            kind=self._source.kind,
            plan=plan.name if plan else None,
            size_bytes=self._source.size_bytes,
            start_ns=span[0] if span else None,
            duration_s=(span[1] - span[0]) / 1e9 if span else 0.0,
            topics=tuple(self._source.topics),
            cameras=cameras,
            damage=self._source.damage,
        )

    def decode(self, raw: RawMessage) -> Message:
        """Decode a stored message of retailsim's; raises BagError when it is not what it says."""
        kind = type_of(raw.channel.schema)
        assert kind is not None
        try:
            return decode(kind, raw.data)
        except ValueError as error:
            raise BagError(
                f"{self.path}: message {raw.sequence} on {raw.channel.topic} is {error}"
            ) from error

    def _plan_or_none(self) -> StorePlan | None:
        if any(a.name == PLAN_ATTACHMENT for a in self._source.attachments):
            return self.plan
        return None

    @property
    def _holds(self) -> str:
        names = [info.name for info in self._source.topics]
        shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        return f"it holds the topics {shown}" if names else "it holds no topics"

    def _require_sensors(self) -> None:
        channels = (Channel(t.name, t.schema, "", b"", t.encoding) for t in self._source.topics)
        if self._source.topics and not any(_wants_sensors(channel) for channel in channels):
            raise BagError(
                f"{self.path}: nothing to replay: needs /camera/<id>/video, /rfid/<reader>/reads, "
                f"/pos/sales or /mirror/tryon; {self._holds}"
            )


def _is_ours(channel: Channel, types: dict[str, type[Message]]) -> bool:
    kind = type_of(channel.schema)
    return channel.encoding == "protobuf" and kind is not None and kind.__name__ in types


def _wants_devices(channel: Channel) -> bool:
    outside = not is_truth(channel.topic) and not is_result(channel.topic)
    return outside and _is_ours(channel, SENSOR_TYPES)


def _wants_sensors(channel: Channel) -> bool:
    is_video = channel.schema == "foxglove.CompressedVideo" and channel.encoding == "protobuf"
    return (is_video and camera_of(channel.topic) is not None) or _wants_devices(channel)


def _wants_truth(channel: Channel) -> bool:
    return is_truth(channel.topic) and _is_ours(channel, TRUTH_TYPES)


def _wants_results(channel: Channel) -> bool:
    return is_result(channel.topic) and _is_ours(channel, RESULT_TYPES)
