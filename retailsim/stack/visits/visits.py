"""What a shop wants to know of its visitors: footfall, stays, heat map and flow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from retailsim.errors import StageError
from retailsim.messages.base import Message
from retailsim.messages.results import Crossing, Flow, HeatMap, People, ZoneStay
from retailsim.stack.identity.doors import door_lines
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.visits.footfall import FootfallCounter, FootfallSettings
from retailsim.stack.visits.heatmap import HeatGrid
from retailsim.stack.visits.zones import ZoneLedger


class Visits(Stage):
    """Counts crossings and stays as they become certain, heat map and flow at the end.

    Staff (who spend most of their time behind a till) are left out of heat map and flow.

    Args:
        context: the plan gives doors, zones and tills.
        settle_s: see `ZoneLedger`.
        least_stay_s: see `ZoneLedger`.
        footfall: fields of `FootfallSettings`.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (People,)
    outputs: ClassVar[tuple[type[Message], ...]] = (Crossing, ZoneStay, HeatMap, Flow)

    def __init__(
        self,
        context: StageContext,
        *,
        settle_s: float = 0.8,
        least_stay_s: float = 1.0,
        footfall: dict[str, float] | None = None,
    ) -> None:
        super().__init__(context)
        try:
            settings = FootfallSettings(**(footfall or {}))
        except TypeError as error:
            raise StageError(f"visits: footfall: {error}") from error
        self._counters = [FootfallCounter(door, settings) for door in door_lines(context.plan)]
        self._zones = ZoneLedger(context.plan, settle_s=settle_s, least_stay_s=least_stay_s)
        self._heat = HeatGrid(context.plan) if context.plan.size_m is not None else None
        self._last_ns = 0

    def process(self, message: Message) -> Iterable[Message]:
        """Take the people of one tick."""
        if not isinstance(message, People):
            return ()
        self._last_ns = message.time_ns
        if self._heat is not None:
            self._heat.step(message)
        crossings = [c for counter in self._counters for c in counter.step(message)]
        return (*crossings, *self._zones.step(message))

    def finish(self) -> Iterable[Message]:
        """Return what the end cuts off, then heat map and flow of a plan with a floor."""
        crossings = [c for counter in self._counters for c in counter.finish()]
        stays = self._zones.finish()
        if self._heat is None:
            return (*crossings, *stays)
        staff = self._heat.staff()
        heat = self._heat.heat_map(self._last_ns, staff)
        return (*crossings, *stays, heat, self._zones.flow(self._last_ns, staff))
