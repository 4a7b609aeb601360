"""rosbag2's `metadata.yaml`: which files a bag folder has, and what they should hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from retailsim.errors import BagError, first_line

FILE_NAME = "metadata.yaml"
MAX_BYTES = 16_000_000
# The first version of rosbag2 (Iron) that has `custom_data`, where the file size is kept.
_VERSION = 6
_SIZE_KEY = "size_bytes"


@dataclass(frozen=True)
class TopicInfo:
    """One topic of a bag: name, schema, encoding and number of messages."""

    name: str
    schema: str
    encoding: str
    count: int


@dataclass(frozen=True)
class BagMetadata:
    """What a bag folder says about itself.

    Attributes:
        files: names of its data files in order, relative to the folder.
        start_ns: log time of the first message, nanoseconds since the epoch.
        duration_ns: log time from the first to the last message.
        message_count: messages of all topics.
        size_bytes: size of the data files, None where the writer did not say.
    """

    files: tuple[str, ...]
    start_ns: int
    duration_ns: int
    message_count: int
    size_bytes: int | None = None


def dump_metadata(metadata: BagMetadata, topics: list[TopicInfo]) -> str:
    """Return the text of `metadata.yaml`."""
    span = {
        "starting_time": {"nanoseconds_since_epoch": metadata.start_ns},
        "duration": {"nanoseconds": metadata.duration_ns},
        "message_count": metadata.message_count,
    }
    information = {
        "version": _VERSION,
        "storage_identifier": "mcap",
        **span,
        "topics_with_message_count": [
            {
                "topic_metadata": {
                    "name": topic.name,
                    "type": topic.schema,
                    "serialization_format": topic.encoding,
                    "offered_qos_profiles": "",
                },
                "message_count": topic.count,
            }
            for topic in topics
        ],
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": list(metadata.files),
        "files": [{"path": name, **span} for name in metadata.files[:1]],
        "custom_data": {_SIZE_KEY: str(metadata.size_bytes)},
    }
    return yaml.dump(
        {"rosbag2_bagfile_information": information}, sort_keys=False, Dumper=_PlainDumper
    )


class _PlainDumper(yaml.SafeDumper):
    """Writes every value out: rosbag2's parser is not asked to follow YAML anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def load_metadata(folder: Path) -> BagMetadata | None:
    """Read a bag folder's metadata, None when it has none; raises BagError when unusable."""
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BagError(f"{path}: larger than {MAX_BYTES // 10**6} MB, not bag metadata")
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = first_line(error)
        raise BagError(f"{path}: not readable as YAML ({reason}); try `retail repair`") from error
    try:
        return _from_yaml(data["rosbag2_bagfile_information"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BagError(
            f"{path}: not rosbag2 metadata (no usable {error}); delete it and try `retail repair`"
        ) from error


def _from_yaml(information: Mapping[str, Any]) -> BagMetadata:
    files = tuple(str(name) for name in information["relative_file_paths"])
    outside = [name for name in files if Path(name).is_absolute() or ".." in Path(name).parts]
    if outside:
        raise ValueError(f"file path, as '{outside[0]}' lies outside the folder")
    size = (information.get("custom_data") or {}).get(_SIZE_KEY)
    return BagMetadata(
        files=files,
        start_ns=int(information["starting_time"]["nanoseconds_since_epoch"]),
        duration_ns=int(information["duration"]["nanoseconds"]),
        message_count=int(information["message_count"]),
        size_bytes=int(size) if size is not None else None,
    )
