"""The trivial visits that the real stage has to beat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

import numpy as np

from retailsim.messages.base import Message
from retailsim.messages.results import Crossing, Flow, HeatMap, People, ZoneStay
from retailsim.stack.identity.doors import DoorLine, door_lines
from retailsim.stack.stage import Stage, StageContext
from retailsim.stack.visits.heatmap import HeatGrid
from retailsim.stack.visits.zones import ZoneLedger


class RawVisits(Stage):
    """Counts every change of side at a door and every second of anybody, certain or not."""

    inputs: ClassVar[tuple[type[Message], ...]] = (People,)
    outputs: ClassVar[tuple[type[Message], ...]] = (Crossing, ZoneStay, HeatMap, Flow)

    def __init__(self, context: StageContext) -> None:
        super().__init__(context)
        self._doors = door_lines(context.plan)
        self._zones = ZoneLedger(context.plan, settle_s=0.0, least_stay_s=0.0)
        self._heat = HeatGrid(context.plan) if context.plan.size_m is not None else None
        self._depth_m: dict[tuple[str, int], float] = {}
        self._last_ns = 0

    def process(self, message: Message) -> Iterable[Message]:
        """Take the people of one tick."""
        if not isinstance(message, People):
            return ()
        self._last_ns = message.time_ns
        anybody = replace(message, confirmed=np.ones_like(message.confirmed))
        if self._heat is not None:
            self._heat.step(anybody)
        crossings = [c for door in self._doors for c in self._crossed(door, message)]
        return (*crossings, *self._zones.step(anybody))

    def finish(self) -> Iterable[Message]:
        """Return the stays that the end cuts, then heat map and flow, staff included."""
        stays = self._zones.finish()
        if self._heat is None:
            return stays
        nobody: frozenset[int] = frozenset()
        heat = self._heat.heat_map(self._last_ns, nobody)
        return (*stays, heat, self._zones.flow(self._last_ns, nobody))

    def _crossed(self, door: DoorLine, people: People) -> Iterator[Crossing]:
        depth, along = door.depth_m(people.xy_m), door.along_m(people.xy_m)
        for i, person in enumerate(people.person.tolist()):
            before_m = self._depth_m.get((door.door, person))
            self._depth_m[door.door, person] = float(depth[i])
            through = 0 <= along[i] <= door.width_m
            if before_m is None or not through or (before_m >= 0) == (depth[i] >= 0):
                continue
            yield Crossing(people.time_ns, door.door, person, "in" if depth[i] >= 0 else "out")
