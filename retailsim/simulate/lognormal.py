"""How durations and other amounts differ from person to person: log-normally."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from retailsim.store.plan import PlanModel, Positive

AT_MOST = 4.0  # times the median; assumed


class LogNormal(PlanModel):
    """A log-normal amount, in the unit of the field that holds it, cut off at 4 x its median."""

    median: Positive
    spread: float = Field(default=0.5, ge=0, le=2, description="sigma of the logarithm")

    def draw(self, rng: np.random.Generator) -> float:
        """Draw an amount."""
        return float(min(self.median * np.exp(rng.normal(0.0, self.spread)), AT_MOST * self.median))
