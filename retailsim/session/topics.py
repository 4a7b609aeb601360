"""Which topic a message travels on, and what a topic holds (DESIGN section 4's table)."""

from __future__ import annotations

import re

from retailsim.messages.base import Message
from retailsim.messages.registry import MESSAGE_TYPES, TRUTH_TYPES

PLAN_ATTACHMENT = "plan.yaml"
TRUTH = "/truth/"
STACK = "/stack/"
_VIDEO = re.compile(r"/camera/([^/]+)/video")
_SENSORS = {"Sale": "/pos/sales", "TryOn": "/mirror/tryon", "ScreenViewed": "/screen/viewed"}


def topic_of(message: Message) -> str:
    """Return the topic of a message; raises ValueError for one that has no form on disk."""
    name = type(message).__name__
    if name not in MESSAGE_TYPES:
        raise ValueError(f"{name} is not written as a message")
    if name == "TagReads":
        return f"/rfid/{message.reader}/reads"  # type: ignore[attr-defined]
    if name in _SENSORS:
        return _SENSORS[name]
    root = TRUTH if name in TRUTH_TYPES else STACK
    leaf = _snake(name.removeprefix("Truth") if name in TRUTH_TYPES else name)
    camera = getattr(message, "camera", None)
    return f"{root}camera/{camera}/{leaf}" if isinstance(camera, str) else f"{root}{leaf}"


def video_topic(camera: str) -> str:
    """Return the topic of a camera's video."""
    return f"/camera/{camera}/video"


def camera_of(topic: str) -> str | None:
    """Return the camera whose video a topic carries, None for any other topic."""
    match = _VIDEO.fullmatch(topic)
    return match.group(1) if match else None


def schema_name(kind: type[Message]) -> str:
    """Return the protobuf name of a message type."""
    return f"retailsim.{kind.__name__}"


def type_of(schema: str) -> type[Message] | None:
    """Return the message type that a schema name stands for, None for foreign ones."""
    package, _, name = schema.partition(".")
    return MESSAGE_TYPES.get(name) if package == "retailsim" else None


def is_truth(topic: str) -> bool:
    """Whether a topic carries truth, which no stage may see."""
    return topic.startswith(TRUTH)


def is_result(topic: str) -> bool:
    """Whether a topic carries what a stack said."""
    return topic.startswith(STACK)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
