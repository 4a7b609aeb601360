"""One number for everything a stack said."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from retailsim.messages.base import Message
from retailsim.messages.codec import encode


def digest(messages: Iterable[Message]) -> str:
    """Return the SHA-256 of messages in canonical order: time, type name, encoded bytes.

    The order in which they come does not matter; every byte of their content does.
    """
    total = hashlib.sha256()
    for time_ns, name, data in sorted((m.time_ns, type(m).__name__, encode(m)) for m in messages):
        total.update(f"{time_ns} {name} {len(data)}\n".encode())
        total.update(data)
    return total.hexdigest()
