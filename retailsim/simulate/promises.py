"""What a scenario promises, against what a session of it held."""

from __future__ import annotations

import numpy as np

from retailsim.messages.log import MessageLog
from retailsim.messages.truth import (
    TruthCrossing,
    TruthInteraction,
    TruthPeople,
    TruthSale,
    TruthTryOn,
)
from retailsim.simulate.doors import on_floor
from retailsim.simulate.scenario import Promises
from retailsim.store.plan import StorePlan

FIVE_MINUTES_S = 300.0


def rates(truth: MessageLog, plan: StorePlan, duration_s: float) -> dict[str, float]:
    """Return events per five minutes, and the mean number of customers inside.

    `flips` counts pick-ups too, covered by reads or not: how many a radio covers is known only
    to who has the reads.
    """
    share = FIVE_MINUTES_S / duration_s
    inside = [np.sum(on_floor(plan, p.xy_m) & ~p.staff) for p in truth.of(TruthPeople)]
    flips = [m for m in truth.of(TruthInteraction) if m.kind in ("flip", "pickup")]
    return {
        "people_inside": float(np.mean(inside)) if inside else 0.0,
        "crossings": share * len(truth.of(TruthCrossing)),
        "flips": share * len(flips),
        "try_ons": share * len(truth.of(TruthTryOn)),
        "sales": share * len(truth.of(TruthSale)),
    }


def broken(promises: Promises, held: dict[str, float]) -> list[str]:
    """Return a line for every promise that `held` misses; what `held` lacks is not judged."""
    return [
        f"{name}: {held[name]:.1f} per five minutes, promised {least:g}"
        for name, least in promises.model_dump().items()
        if least is not None and name in held and held[name] < least
    ]
