"""Two trivial matchers to measure the real one against."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message
from retailsim.messages.results import Interaction, People, TagMotion
from retailsim.stack.interaction.history import PeopleHistory
from retailsim.stack.interaction.place import planogram_place
from retailsim.stack.stage import Stage, StageContext


class NearestPersonMatcher(Stage):
    """Blame whoever was nearest to the garment's place when it began to move, however far."""

    inputs: ClassVar[tuple[type[Message], ...]] = (TagMotion, People)
    outputs: ClassVar[tuple[type[Message], ...]] = (Interaction,)

    def __init__(self, context: StageContext, *, keep_s: float = 180.0) -> None:
        super().__init__(context)
        self._history = PeopleHistory(keep_s=keep_s)

    def process(self, message: Message) -> Iterable[Message]:
        """Answer a motion at once."""
        if isinstance(message, People):
            self._history.add(message)
        elif isinstance(message, TagMotion):
            return self._answer(message)
        return ()

    def _answer(self, motion: TagMotion) -> list[Interaction]:
        place = planogram_place(self.context.plan, motion.epc)
        if place is None:
            return []
        seen = self._history.at(motion.time_ns)
        person, where_m, chance = 0, np.full(2, np.nan), 1.0
        if seen is not None and (rows := np.flatnonzero(seen.confirmed)).size:
            row = rows[self._choose(motion, place.xy_m, seen.xy_m[rows])]
            person, where_m, chance = int(seen.person[row]), seen.xy_m[row], 1.0 / rows.size
        return [
            Interaction(
                motion.time_ns,
                end_ns=motion.end_ns,
                epc=motion.epc,
                person=person,
                confidence=chance,
                xy_m=where_m,
            )
        ]

    def _choose(
        self, motion: TagMotion, tag_xy_m: NDArray[np.float64], people_xy_m: NDArray[np.float64]
    ) -> int:
        distance_m = np.linalg.norm(people_xy_m - tag_xy_m, axis=1)
        return int(np.where(np.isfinite(distance_m), distance_m, np.inf).argmin())


class RandomPersonMatcher(NearestPersonMatcher):
    """Blame anybody in the shop; the draw depends on tag and time alone."""

    def _choose(
        self, motion: TagMotion, tag_xy_m: NDArray[np.float64], people_xy_m: NDArray[np.float64]
    ) -> int:
        text = f"{motion.epc}/{motion.time_ns}".encode()
        draw = hashlib.blake2b(text, digest_size=8).digest()
        return int.from_bytes(draw, "little") % len(people_xy_m)
