"""Copying a bag message by message, as it is stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from retailsim.session.container import ContainerWriter
from retailsim.session.scan import RawMessage
from retailsim.session.source import Source

Change = Callable[[RawMessage], RawMessage | None]


def copy_session(source: Source, output: str | Path, change: Change = lambda raw: raw) -> None:
    """Write a bag with the attachments and messages of another.

    Args:
        source: an open recording.
        output: the new bag folder; an older bag there is replaced at the end.
        change: given each message; returns what is written in its stead, None for nothing.

    Raises:
        BagError: the output cannot be written; nothing is left then.
    """
    with ContainerWriter(output, tuple(source.attachments)) as container:
        for raw in source.messages(lambda _: True):
            kept = change(raw)
            if kept is not None:
                container.add(kept.channel, kept.log_ns, kept.publish_ns, kept.data, kept.sequence)
