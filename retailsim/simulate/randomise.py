"""Domain randomisation: which parts of the pictures are drawn anew for every seed."""

from __future__ import annotations

from retailsim.store.plan import PlanModel


class Randomisation(PlanModel):
    """What a scenario draws at random that a shop would have fixed."""
