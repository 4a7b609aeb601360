"""Recording a session: messages and video in, a bag folder out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retailsim.ending import ClosedOrAborted
from retailsim.errors import BagError
from retailsim.messages.base import Message
from retailsim.messages.codec import encode, proto_type
from retailsim.session import foxglove
from retailsim.session.container import Attachment, Channel, ContainerWriter
from retailsim.session.topics import PLAN_ATTACHMENT, schema_name, topic_of, video_topic
from retailsim.store.load import dump_plan
from retailsim.store.plan import StorePlan


class BagWriter(ClosedOrAborted):
    """Writes a session bag: the plan first, then whatever comes, best in order of log time.

    The bag appears under its name on `close`; after `abort`, or an exception inside the `with`
    block, nothing is left.

    Args:
        path: the bag folder, as in 'boutique.bag'; an older bag there is replaced at the end.
        plan: the shop as installed, attached first.

    Raises:
        BagError: the bag cannot be written there.
    """

    def __init__(self, path: str | Path, plan: StorePlan) -> None:
        text = dump_plan(plan).encode()
        attachment = Attachment(PLAN_ATTACHMENT, "application/yaml", text)
        self._container = ContainerWriter(path, (attachment,))
        self._plan = plan
        self._cameras = {camera.id for camera in plan.cameras}
        self._channels: dict[str, Channel] = {}
        self._calibrated = False

    def write(self, message: Message, log_time_ns: int | None = None) -> None:
        """Write one message.

        Args:
            message: any but frames, which are written as video.
            log_time_ns: when it arrived; by default the end of an interval, or its own time.
        """
        if log_time_ns is None:
            log_time_ns = getattr(message, "end_ns", message.time_ns)
        self._write_calibration(log_time_ns)
        kind = type(message)
        topic = topic_of(message)
        if topic not in self._channels:
            self._channels[topic] = _channel(topic, schema_name(kind), proto_type(kind))
        self._container.add(self._channels[topic], log_time_ns, message.time_ns, encode(message))

    def write_video(
        self, camera: str, time_ns: int, h264: bytes, log_time_ns: int | None = None
    ) -> None:
        """Write one access unit of a camera, captured at `time_ns`."""
        if camera not in self._cameras:
            raise BagError(f"camera '{camera}' is not in the plan '{self._plan.name}'")
        log_time_ns = time_ns if log_time_ns is None else log_time_ns
        self._write_calibration(log_time_ns)
        video = foxglove.compressed_video(camera, time_ns, h264)
        self.write_proto(video_topic(camera), video, time_ns, log_time_ns)

    def write_proto(self, topic: str, proto: Any, time_ns: int, log_time_ns: int) -> None:
        """Write any protobuf message (a foxglove one) on a topic of your choice."""
        if topic not in self._channels:
            self._channels[topic] = _channel(topic, proto.DESCRIPTOR.full_name, proto)
        data = proto.SerializeToString(deterministic=True)
        self._container.add(self._channels[topic], log_time_ns, time_ns, data)

    def close(self) -> None:
        """Finish the bag and put it in its place."""
        self._container.close()

    def abort(self) -> None:
        """Give up and leave nothing behind."""
        self._container.abort()

    def _write_calibration(self, time_ns: int) -> None:
        """Write calibration and pose of all cameras, once, at the time of the first message."""
        if self._calibrated:
            return
        self._calibrated = True
        for camera in self._plan.cameras:
            if camera.calibrated:
                intrinsics = foxglove.calibration(camera, time_ns)
                topic = f"/camera/{camera.id}/calibration"
                self.write_proto(topic, intrinsics, time_ns, time_ns)
                self.write_proto("/tf", foxglove.transform(camera, time_ns), time_ns, time_ns)


def _channel(topic: str, schema: str, proto: Any) -> Channel:
    return Channel(topic, schema, "protobuf", foxglove.schema_data(proto), "protobuf")
