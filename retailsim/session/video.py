"""H.264 as a bag keeps it: Annex B, one access unit per image, no B-frames.

Parameter sets are repeated on every key frame, so that a reader can start at any of them. x264 on
one thread gives the same bytes every time. Preset and quality were chosen on a noisy street video
scaled to 640 x 360 (tud-stadtmitte, one core, ms and kB per frame at 10 frames/s): ultrafast
1.8 ms 10.4 kB, superfast 2.8 ms 8.1 kB, veryfast 3.5 ms 5.1 kB, faster 6.0 ms 5.1 kB. Blocks that
are not split and frames that are not weighted take a fifth less time than all of veryfast, for
0.05 dB and 2 % fewer bytes (simulated cameras, 640 x 360).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import av
import cv2
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from retailsim.errors import BagError

Image = NDArray[np.uint8]
Place = Callable[[tuple[int, int, int]], Image]  # gives memory for an image of that shape
PRESET = "veryfast"
CRF = 24
KEY_FRAME_S = 2.0
MAX_PIXELS = 7680 * 4320
MAX_SIDE_PX = 16384
_IDR = 5


class VideoEncoder:
    """Turns the images of one camera into H.264 access units.

    Args:
        width: image width in pixels; an odd size is padded by repeating the last column.
        height: image height in pixels; an odd size is padded by repeating the last row.
        rate_hz: frames per second, which sets the distance of key frames and the rate control.
        crf: x264's constant rate factor; lower is better and larger.
    """

    def __init__(self, width: int, height: int, rate_hz: float, *, crf: int = CRF) -> None:
        self._shape = (height, width, 3)
        self._pad = (height % 2, width % 2)
        rate = Fraction(rate_hz).limit_denominator(1000)
        gap = max(1, round(rate_hz * KEY_FRAME_S))
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = width + self._pad[1], height + self._pad[0]
        context.pix_fmt = "yuv420p"
        context.framerate, context.time_base = rate, 1 / rate
        context.thread_count = 1
        context.options = {
            "preset": PRESET,
            "tune": "zerolatency",
            "crf": str(crf),
            "x264-params": f"annexb=1:repeat-headers=1:keyint={gap}:min-keyint={gap}:scenecut=0"
            ":bframes=0:partitions=none:weightp=0:threads=1:sliced-threads=0:colormatrix=smpte170m",
        }
        self._context = context
        self._count = 0

    def encode(self, image: Image) -> bytes:
        """Encode one BGR image, uint8 (h, w, 3); raises ValueError for another shape or dtype."""
        if image.shape != self._shape or image.dtype != np.uint8:
            raise ValueError(f"image must be uint8 {self._shape}, not {image.dtype} {image.shape}")
        if any(self._pad):
            padding = (0, self._pad[0], 0, self._pad[1])
            image = cv2.copyMakeBorder(image, *padding, cv2.BORDER_REPLICATE)  # type: ignore[assignment]
        planar: Image = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).view(np.uint8)
        frame = av.VideoFrame.from_ndarray(planar, format="yuv420p")
        frame.pts = self._count
        self._count += 1
        (packet,) = self._context.encode(frame)
        return bytes(packet)


class VideoDecoder:
    """Turns H.264 access units of one camera back into images.

    After a damaged or missing access unit it must be given a key frame first (`is_key_frame`).
    """

    def __init__(self) -> None:
        self._context = self._fresh()
        self._planes: Image = np.empty((0, 0), np.uint8)

    @staticmethod
    def _fresh() -> VideoCodecContext:
        context = av.CodecContext.create("h264", "r")
        assert isinstance(context, VideoCodecContext)
        context.thread_count = 1
        context.flags |= Flags.low_delay
        context.options = {"max_pixels": str(MAX_PIXELS), "err_detect": "explode"}
        return context

    def decode(self, data: bytes, place: Place | None = None) -> Image:
        """Return the BGR image, uint8 (h, w, 3); raises BagError and resets when there is none.

        Where OpenCV can convert it, it is written into the memory that `place` gives.
        """
        try:
            frames = self._context.decode(av.Packet(data))
            if len(frames) != 1:
                raise BagError(f"a video packet holds {len(frames)} images instead of one")
            return self._to_bgr(frames[0], place)
        except (av.FFmpegError, ValueError) as error:
            self._context = self._fresh()
            raise BagError(f"a video packet does not decode: {error}") from error
        except BagError:
            self._context = self._fresh()
            raise

    def _to_bgr(self, frame: av.VideoFrame, place: Place | None) -> Image:
        if max(frame.width, frame.height) > MAX_SIDE_PX:
            raise BagError(
                f"a video image of {frame.width} x {frame.height} is larger than allowed"
            )
        # OpenCV wants even sides; others, and other pixel formats, go the slower way.
        if frame.format.name == "yuv420p" and frame.width % 2 == 0 and frame.height % 2 == 0:
            shape = (frame.height * 3 // 2, frame.width)
            if self._planes.shape != shape:  # kept: new memory costs as much as the copy
                self._planes = np.empty(shape, np.uint8)
            _planar(frame, self._planes)
            into = place((frame.height, frame.width, 3)) if place else None
            return cv2.cvtColor(self._planes, cv2.COLOR_YUV2BGR_I420, into).view(np.uint8)
        return frame.to_ndarray(format="bgr24").view(np.uint8)


def is_key_frame(data: bytes) -> bool:
    """Whether an Annex B access unit holds an instantaneous decoder refresh."""
    start = data.find(b"\x00\x00\x01")
    while 0 <= start < len(data) - 3:
        unit = data[start + 3] & 0x1F
        if unit == _IDR:
            return True
        if 1 <= unit < _IDR:
            return False
        start = data.find(b"\x00\x00\x01", start + 3)
    return False


def _planar(frame: av.VideoFrame, into: Image) -> None:
    """Copy the planes of an even-sized yuv420p frame, one after the other, to uint8 (1.5 h, w)."""
    flat, begin = into.reshape(-1), 0
    for plane in frame.planes:
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        end = begin + plane.height * plane.width
        there = flat[begin:end].reshape(plane.height, plane.width)
        np.copyto(there, lines[: plane.height, : plane.width])
        begin = end
