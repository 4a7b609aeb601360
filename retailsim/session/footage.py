"""Other people's videos, whatever PyAV decodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from retailsim.errors import BagError, first_line
from retailsim.session.video import MAX_PIXELS, Image

# Where a container does not say how fast it is (assumed).
_DEFAULT_RATE_HZ = 25.0
_MAX_RATE_HZ = 240.0


@dataclass(frozen=True)
class Footage:
    """A video file.

    Attributes:
        width_px, height_px: image size.
        rate_hz: average frames per second.
        frames: expected number of frames, 0 when the file does not say.
    """

    path: Path
    width_px: int
    height_px: int
    rate_hz: float
    frames: int

    def images(self) -> Iterator[tuple[int, Image]]:
        """Yield (time since the first frame in ns, BGR image); times are strictly increasing.

        Raises:
            BagError: the video does not decode.
        """
        try:
            with av.open(str(self.path)) as container:
                stream = container.streams.video[0]
                stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
                first_s: float | None = None
                last_ns = -1
                for count, frame in enumerate(container.decode(stream)):
                    time_s = frame.time if frame.time is not None else count / self.rate_hz
                    first_s = time_s if first_s is None else first_s
                    last_ns = max(round((time_s - first_s) * 1e9), last_ns + 1)
                    if (frame.width, frame.height) != (self.width_px, self.height_px):
                        raise BagError(f"{self.path}: its image size changes at frame {count}")
                    yield last_ns, frame.to_ndarray(format="bgr24").view(np.uint8)
                if first_s is None:
                    raise BagError(f"{self.path}: a video without a single frame")
        except (av.FFmpegError, ValueError) as error:
            raise BagError(f"{self.path}: does not decode as video: {_reason(error)}") from error


def probe(path: str | Path) -> Footage:
    """Look at a video file; raises BagError when it is none."""
    if not Path(path).is_file():
        raise BagError(f"{path}: no such video file")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise BagError(f"{path}: holds no video")
            stream = container.streams.video[0]
            rate = float(stream.average_rate or stream.guessed_rate or _DEFAULT_RATE_HZ)
            width, height, frames = stream.width, stream.height, stream.frames
    except (av.FFmpegError, ValueError) as error:
        raise BagError(f"{path}: does not decode as video: {_reason(error)}") from error
    if width * height == 0 or width * height > MAX_PIXELS:
        raise BagError(f"{path}: a video of {width} x {height} pixels is not read")
    return Footage(Path(path), width, height, min(rate, _MAX_RATE_HZ), frames)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or first_line(error)
