"""The session bag: write, read, inspect, import, cut, repair."""

from retailsim.session.reader import BagReader, Summary
from retailsim.session.video import VideoDecoder, VideoEncoder
from retailsim.session.writer import BagWriter

__all__ = ["BagReader", "BagWriter", "Summary", "VideoDecoder", "VideoEncoder"]
