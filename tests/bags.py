"""Altered copies of bags, for tests that break an input."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from retailsim.messages.base import Message
from retailsim.session import BagReader, BagWriter
from retailsim.session.foxglove import video_data
from retailsim.session.topics import camera_of
from retailsim.store.plan import StorePlan

Truth = Callable[[Iterable[Message]], Iterable[Message]]


def rewrite(
    source: Path, target: Path, *, plan: StorePlan | None = None, truth: Truth = lambda t: t
) -> Path:
    """Copy a bag with another plan or other truth; what devices sent stays byte for byte."""
    reader = BagReader(source)
    with BagWriter(target, plan or reader.plan) as bag:
        for raw in reader.raw_sensors():
            camera = camera_of(raw.channel.topic)
            if camera is None:
                bag.write(reader.decode(raw), raw.log_ns)
            else:
                bag.write_video(camera, raw.publish_ns, video_data(raw.data)[1], raw.log_ns)
        for message in truth(reader.truth()):
            bag.write(message)
    return target


def device_bytes(bag: Path) -> list[tuple[str, int, int, bytes]]:
    """Return everything outside /truth: topic, log time, capture time, bytes."""
    reader = BagReader(bag)
    return [(r.channel.topic, r.log_ns, r.publish_ns, r.data) for r in reader.raw_sensors()]
