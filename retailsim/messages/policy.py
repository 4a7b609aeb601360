"""What a shop's screens may do to a visit: the seam for closed-loop trials."""

from __future__ import annotations

from typing import Protocol

from retailsim.messages.sensors import TryOn


class Policy(Protocol):
    """Decides what a fitting mirror shows. The world asks; experiments injects."""

    def on_try_on(self, try_on: TryOn) -> list[str]:
        """Return the SKUs to show, best first; empty shows nothing."""
        ...


class ShowNothing:
    """The policy of a plain mirror."""

    def on_try_on(self, try_on: TryOn) -> list[str]:
        """Show nothing."""
        return []
