"""What goes wrong with devices: knocked cameras, lost and late frames, readers that reboot."""

from __future__ import annotations

from retailsim.store.plan import PlanModel


class Faults(PlanModel):
    """What differs from the plan, or breaks, during a scenario."""
