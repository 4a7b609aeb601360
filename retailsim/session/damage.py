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
        missing_files: data files that the bag's metadata lists and its folder lacks.
    """

    lost_bytes: int
    lost_s: float | None
    lost_messages: int | None
    missing_files: tuple[str, ...] = ()

    def __str__(self) -> str:
        gone = f"{', '.join(self.missing_files)} missing; " if self.missing_files else ""
        return f"damaged: {gone}{self._measure()}"

    def _measure(self) -> str:
        if self.lost_s is None or self.lost_messages is None:
            return f"{self.lost_bytes:,} bytes are unreadable; how much more is lost is not known"
        if self.lost_messages == 0 and not self.missing_files:
            return "no message is lost, but the index at its end is incomplete"
        return (
            f"{self.lost_messages:,} messages ({self.lost_s:.1f} s at its end, "
            f"{self.lost_bytes:,} bytes) are lost"
        )
