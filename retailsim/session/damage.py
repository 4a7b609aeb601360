"""What a damaged recording has lost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """What is missing from a bag that was cut or overwritten.

    Attributes:
        lost_bytes: bytes that are there but unreadable, plus those known to be missing.
        lost_s: recorded time that is missing at the end, None when nobody knows.
        lost_messages: None when nobody knows.
    """

    lost_bytes: int
    lost_s: float | None
    lost_messages: int | None

    def __str__(self) -> str:
        if self.lost_messages == 0 and self.lost_s == 0:
            return "damaged: only its index at the end is missing, no message is lost"
        if self.lost_s is None or self.lost_messages is None:
            return (
                f"damaged: {self.lost_bytes:,} bytes are unreadable; "
                "how much more is missing is not known"
            )
        return (
            f"damaged: {self.lost_messages:,} messages ({self.lost_s:.1f} s at its end, "
            f"{self.lost_bytes:,} bytes) are lost"
        )
