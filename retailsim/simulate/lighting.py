"""How light the shop is over the day: lamps, daylight, and the sun on the floor."""

from __future__ import annotations

from retailsim.store.plan import PlanModel


class Lighting(PlanModel):
    """The light of a scenario."""
