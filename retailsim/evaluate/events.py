"""How much happened in a session: what a scenario's promises are held against."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from retailsim.evaluate.flip import handling
from retailsim.evaluate.floor import FloorTruth
from retailsim.evaluate.reads import ReadTimes
from retailsim.messages.log import MessageLog
from retailsim.messages.truth import TruthCrossing, TruthSale, TruthTryOn
from retailsim.store.plan import StorePlan

FIVE_MINUTES_S = 300.0


@dataclass(frozen=True)
class Events:
    """Events per five minutes, on average over the session.

    Attributes:
        people_inside: how many people are in the shop at a time, staff included.
        crossings: of doors, both directions.
        covered_flips: flips and pick-ups whose tag was read at least three times meanwhile.
        try_ons, sales: as they are.
    """

    people_inside: float
    crossings: float
    covered_flips: float
    try_ons: float
    sales: float

    def short_of(self, promised: dict[str, float | None]) -> dict[str, tuple[float, float]]:
        """Return what is promised, counted here and not held: name -> (held, promised)."""
        held = asdict(self)
        return {
            name: (held[name], least)
            for name, least in promised.items()
            if least is not None and name in held and held[name] < least
        }


def count_events(truth: MessageLog, sensors: MessageLog, plan: StorePlan) -> Events | None:
    """Count a session's true events; None when its truth does not span any time."""
    floor = FloorTruth.of(truth, plan)
    ticks = len(floor.tick_ns)
    if ticks < 2:
        return None
    per = FIVE_MINUTES_S / (ticks * floor.tick_s)
    flips = handling(truth, ReadTimes(sensors)).covered
    return Events(
        people_inside=len(floor.tick) / ticks,
        crossings=per * len(truth.of(TruthCrossing)),
        covered_flips=per * len(flips),
        try_ons=per * len(truth.of(TruthTryOn)),
        sales=per * len(truth.of(TruthSale)),
    )
