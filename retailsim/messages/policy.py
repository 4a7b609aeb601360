"""What a shop's screens may do to a visit: the seam for closed-loop trials."""

from __future__ import annotations

from typing import Protocol

from retailsim.messages.sensors import ScreenViewed, TryOn


class Policy(Protocol):
    """Decides what mirrors and screens show. The world asks; experiments injects."""

    def on_try_on(self, try_on: TryOn) -> list[str]:
        """Return the SKUs to show, best first; empty shows nothing."""
        ...

    def on_screen_viewed(self, viewed: ScreenViewed) -> list[str]:
        """Return the shops (door ids) whose coupons to show, best first; empty shows nothing."""
        ...


class ShowNothing:
    """The policy of a plain mirror and a dark screen."""

    def on_try_on(self, try_on: TryOn) -> list[str]:
        """Show nothing."""
        return []

    def on_screen_viewed(self, viewed: ScreenViewed) -> list[str]:
        """Show nothing."""
        return []
