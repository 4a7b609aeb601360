"""From stored video packets to batches of decoded frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from retailsim.errors import BagError
from retailsim.messages.base import Message
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.session.foxglove import video_data
from retailsim.session.scan import RawMessage
from retailsim.session.topics import camera_of
from retailsim.session.video import Image, Place, VideoDecoder, is_key_frame
from retailsim.store.plan import Camera, StorePlan


@dataclass
class _Stream:
    """Decoding one camera's video."""

    camera: Camera
    decoder: VideoDecoder = field(default_factory=VideoDecoder)
    needs_key: bool = True
    last_sequence: int = -1
    count: int = 0

    def image(self, sequence: int, data: bytes, place: Place | None) -> Image | None:
        """Return the image of the next packet, None when it cannot be decoded."""
        missing = self.last_sequence >= 0 and sequence > self.last_sequence + 1
        self.last_sequence = sequence
        self.needs_key = self.needs_key or missing
        if self.needs_key and not is_key_frame(data):
            return None
        try:
            image = self.decoder.decode(data, place)
        except BagError:
            self.needs_key = True
            return None
        self.needs_key = False
        return image


class FrameAssembler:
    """Groups frames of one capture instant and keeps everything else in its order.

    A batch is given out when every camera of the plan is in it or a frame of another instant
    comes; messages that arrive meanwhile wait behind it.

    Args:
        plan: whose cameras they are.
        origin: the bag, for errors.
        place: gives memory to decode images into; None takes new memory.

    Attributes:
        dropped: packets that did not decode.
    """

    def __init__(self, plan: StorePlan, *, origin: str, place: Place | None = None) -> None:
        self._streams = {camera.id: _Stream(camera) for camera in plan.cameras}
        self._order = {camera.id: place for place, camera in enumerate(plan.cameras)}
        self._origin = origin
        self._place = place
        self._open: list[Frame] = []
        self._behind: list[Message] = []
        self.dropped = 0

    def video(self, raw: RawMessage) -> Iterator[Message]:
        """Take a stored video packet and yield what is ready."""
        frame = self._decode(raw)
        if frame is None:
            self.dropped += 1
            return
        if self._open and self._open[0].time_ns != frame.time_ns:
            yield from self.flush()
        self._open.append(frame)
        if len(self._open) == len(self._streams):
            yield from self.flush()

    def other(self, message: Message) -> Iterator[Message]:
        """Take any other message and yield what is ready."""
        if self._open:
            self._behind.append(message)
        else:
            yield message

    def flush(self) -> Iterator[Message]:
        """Yield the batch in hand and what waits behind it."""
        if self._open:
            frames = tuple(sorted(self._open, key=lambda frame: self._order[frame.camera]))
            yield FrameBatch(frames[0].time_ns, frames)
        yield from self._behind
        self._open, self._behind = [], []

    def _decode(self, raw: RawMessage) -> Frame | None:
        camera = camera_of(raw.channel.topic)
        if camera is None or camera not in self._streams:
            raise BagError(f"{self._origin}: records camera '{camera}', which its plan lacks")
        stream = self._streams[camera]
        try:
            coding, data = video_data(raw.data)
        except BagError as error:
            raise BagError(f"{self._origin}: {raw.channel.topic}: {error}") from error
        if coding != "h264":
            raise BagError(f"{self._origin}: {raw.channel.topic} is '{coding}', only h264 is read")
        # Of an odd size the padding is cut off, so that the image lies elsewhere in the end.
        even = stream.camera.width_px % 2 == 0 and stream.camera.height_px % 2 == 0
        image = stream.image(raw.sequence, data, self._place if even else None)
        if image is None:
            return None
        image = self._fit(stream.camera, image)
        index, stream.count = stream.count, stream.count + 1
        return Frame(raw.publish_ns, camera, index, image)

    def _fit(self, camera: Camera, image: Image) -> Image:
        """Cut off the padding of odd sizes; raises BagError for any other difference."""
        height, width = camera.height_px, camera.width_px
        if image.shape[:2] == (height, width):
            return image
        if image.shape[:2] == (height + height % 2, width + width % 2):
            return image[:height, :width].copy()
        raise BagError(
            f"{self._origin}: camera '{camera.id}' has images of {image.shape[1]} x "
            f"{image.shape[0]}, but its plan says {width} x {height}"
        )
