"""Opening what a user names: a bag folder, a bare MCAP file, or a ROS 1 bag.

All three look alike from here on: attachments, topics, and raw messages in order of log time.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from retailsim.errors import BagError
from retailsim.resources import find
from retailsim.session.container import Attachment, Channel
from retailsim.session.damage import Damage
from retailsim.session.metadata import BagMetadata, TopicInfo, load_metadata
from retailsim.session.ros1 import ROS1_MAGIC, Ros1Source
from retailsim.session.scan import MAGIC, McapScan, RawMessage, scan_mcap


class Source(Protocol):
    """A recording that can be listed and read."""

    kind: str
    path: Path
    size_bytes: int
    attachments: list[Attachment]
    topics: list[TopicInfo]
    span_ns: tuple[int, int] | None
    damage: Damage | None

    def messages(self, wanted: Callable[[Channel], bool]) -> Iterator[RawMessage]:
        """Yield the messages of the wanted channels in order of log time."""
        ...


def open_source(path: str | Path) -> Source:
    """Open a recording; raises BagError with one line that says what is wrong with it."""
    place = find(path)
    if not place.exists():
        raise BagError(f"{path}: no such file or folder")
    if place.is_dir():
        return _open_folder(place)
    magic = _head(place)
    if not magic:
        raise BagError(f"{path}: an empty file, not a session bag")
    if magic.startswith(ROS1_MAGIC):
        return Ros1Source(place)
    if magic.startswith(MAGIC):
        return McapSource(place, [place], None)
    if MAGIC.startswith(magic):
        raise BagError(f"{path}: cut after {len(magic)} bytes, nothing in it can be read")
    raise BagError(
        f"{path}: not a recording; expected a bag folder, an .mcap file or a ROS 1 .bag file "
        "(videos come in by `retail import`)"
    )


def _head(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(len(ROS1_MAGIC))
    except OSError as error:
        raise BagError(f"{path}: {error.strerror or error}") from error


def _open_folder(folder: Path) -> Source:
    metadata = load_metadata(folder)
    if metadata is not None:
        files = [folder / name for name in metadata.files]
    else:
        files = sorted(folder.glob("*.mcap"))
    if not any(folder.iterdir()):
        raise BagError(f"{folder}: an empty folder, not a session bag")
    present = [file for file in files if file.is_file()]
    if not present:
        what = "the data files it lists are missing" if files else "it holds no .mcap file"
        raise BagError(f"{folder}: not a session bag: {what}")
    foreign = [file for file in present if _head(file)[: len(MAGIC)] != MAGIC]
    if foreign:
        what = "empty" if not foreign[0].stat().st_size else "not MCAP"
        raise BagError(f"{folder}: its data file {foreign[0].name} is {what}; it cannot be read")
    missing = tuple(file.name for file in files if file not in present)
    return McapSource(folder, present, metadata, missing)


class McapSource:
    """One or more MCAP files that are one recording."""

    def __init__(
        self,
        path: Path,
        files: list[Path],
        metadata: BagMetadata | None,
        missing: tuple[str, ...] = (),
    ) -> None:
        self.kind = "mcap"
        self.path = path
        self._scans = [scan_mcap(file) for file in files]
        self.size_bytes = sum(file.stat().st_size for file in files)
        self.attachments = [a for scan in self._scans for a in scan.attachments]
        self.topics = _topics(self._scans)
        times = [t for scan in self._scans for t in (scan.first_ns, scan.last_ns) if t is not None]
        self.span_ns = (min(times), max(times)) if times else None
        self.damage = self._damage(metadata, missing)

    def messages(self, wanted: Callable[[Channel], bool]) -> Iterator[RawMessage]:
        """Yield the messages of the wanted channels in order of log time, ties as written."""
        blocks = sorted(
            (block.start_ns, number, place)
            for number, scan in enumerate(self._scans)
            for place, block in enumerate(scan.blocks)
        )
        waiting: list[tuple[int, int, int, int, RawMessage]] = []
        with ExitStack() as stack:
            files = [stack.enter_context(open(scan.path, "rb")) for scan in self._scans]
            for start_ns, number, place in blocks:
                while waiting and waiting[0][0] < start_ns:
                    yield heapq.heappop(waiting)[-1]
                scan = self._scans[number]
                for index, raw in enumerate(scan.read_block(files[number], scan.blocks[place])):
                    if wanted(raw.channel):
                        heapq.heappush(waiting, (raw.log_ns, number, place, index, raw))
            while waiting:
                yield heapq.heappop(waiting)[-1]

    def _damage(self, metadata: BagMetadata | None, missing: tuple[str, ...]) -> Damage | None:
        lost_bytes = sum(scan.lost_bytes for scan in self._scans)
        finished = all(scan.finished for scan in self._scans)
        closed = all(scan.closed for scan in self._scans)
        if metadata is None:
            if finished and not lost_bytes:
                return None if closed else Damage(0, 0.0, 0)
            return Damage(lost_bytes, None, None)
        lost_messages = metadata.message_count - sum(topic.count for topic in self.topics)
        if lost_messages <= 0 and not lost_bytes and closed and not missing:
            return None
        if metadata.size_bytes is not None:
            lost_bytes += max(0, metadata.size_bytes - self.size_bytes)
        last = self.span_ns[1] if self.span_ns else metadata.start_ns
        lost_ns = metadata.start_ns + metadata.duration_ns - last
        return Damage(lost_bytes, max(0, lost_ns) / 1e9, max(0, lost_messages), missing)


def _topics(scans: list[McapScan]) -> list[TopicInfo]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for scan in scans:
        for number, channel in scan.channels.items():
            key = (channel.topic, channel.schema, channel.encoding)
            counts[key] += scan.counts[number]
    return [TopicInfo(*key, count) for key, count in sorted(counts.items())]
