"""The fitting mirror's recommender (after the published shop system's A12, no face identity).

Item-kNN over the visits seen so far in this session, likeness by catalogue while there are few;
the two are blended by how much the neighbours have to say. Defaults were chosen on simulated
visits of seeds 1000 to 1029; the optimum is flat.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.base import Message
from retailsim.messages.results import (
    Crossing,
    Interaction,
    People,
    Recommendation,
    TagZones,
)
from retailsim.messages.sensors import Sale, TryOn
from retailsim.stack.recommend.content import similarity
from retailsim.stack.recommend.neighbours import recency, vsknn
from retailsim.stack.recommend.visits import Visit, VisitBook
from retailsim.stack.stage import Stage, StageContext

F64 = NDArray[np.float64]


class MirrorStage(Stage, ABC):
    """What every mirror has in common: it keeps the visits and answers each try-on.

    It never shows what the visitor has on, has tried before or carries along.

    Subclasses say how articles are scored.

    Args:
        shown: how many articles the mirror shows.
        tried_weight: interest shown by a try-on, in units of a short flip.
        bought_weight: interest shown by a sale, likewise.
        mirror_m: people farther than this from the mirror are not before it.
    """

    inputs: ClassVar[tuple[type[Message], ...]] = (
        TryOn,
        Interaction,
        People,
        Sale,
        Crossing,
        TagZones,
    )
    outputs: ClassVar[tuple[type[Message], ...]] = (Recommendation,)

    def __init__(
        self,
        context: StageContext,
        *,
        shown: int = 8,
        tried_weight: float = 2.0,
        bought_weight: float = 4.0,
        mirror_m: float = 3.5,
    ) -> None:
        super().__init__(context)
        self._shown = shown
        self._mirror_m = mirror_m
        self._skus = [sku.id for sku in context.plan.catalogue]
        self._index = {sku: i for i, sku in enumerate(self._skus)}
        self._book = VisitBook(self._skus, tried_weight=tried_weight, bought_weight=bought_weight)
        self._people: People | None = None
        self._zone: dict[str, str] = {}
        self._home_zone: dict[str, str] = {}

    def process(self, message: Message) -> Iterable[Message]:
        """Keep the books; answer a try-on at once."""
        if isinstance(message, People):
            self._people = message
        elif isinstance(message, Interaction):
            if sku := self._sku(message.epc):
                self._book.handled(message, sku)
        elif isinstance(message, Sale):
            for epc in message.epc.tolist():
                if sku := self._sku(epc):
                    self._book.bought(epc, sku)
        elif isinstance(message, Crossing):
            if message.direction == "out":
                self._book.left(message.person)
        elif isinstance(message, TagZones):
            for epc, zone in zip(message.epc.tolist(), message.zone.tolist(), strict=True):
                self._home_zone.setdefault(epc, zone)
                self._zone[epc] = zone
        elif isinstance(message, TryOn):
            return self._answer(message)
        return ()

    @abstractmethod
    def scores(self, visit: Visit, try_on: TryOn) -> F64:
        """Return how well each article of the catalogue fits, float64 (s,)."""

    def _answer(self, try_on: TryOn) -> list[Recommendation]:
        person, sku = self._before_mirror(try_on), self._sku(try_on.epc)
        if sku and person:
            self._book.tried(person, sku)
            visit = self._book.visit_of(person)
        else:
            visit = self._book.visit_of(person) if person else Visit(0)
            if sku:
                visit.add(sku, 1.0)
        scores = self.scores(visit, try_on)
        ranked = np.argsort(-scores, kind="stable")
        had = visit.tried | {sku} | (self._carried(person) if person else set())
        best = [i for i in ranked.tolist() if self._skus[i] not in had][: self._shown]
        return [
            Recommendation(
                try_on.time_ns,
                mirror=try_on.mirror,
                epc=try_on.epc,
                sku=np.array([self._skus[i] for i in best], dtype=np.str_),
                score=scores[best].astype(np.float64),
            )
        ]

    def _sku(self, epc: str) -> str | None:
        item = self.context.plan.item_by_epc.get(epc)
        return item.sku if item else None

    def _carried(self, person: int) -> set[str | None]:
        """SKUs of garments that this person handled last and that have left their place."""
        return {
            self._sku(epc)
            for epc in self._book.handled_by(person)
            if self._zone.get(epc) != self._home_zone.get(epc)
        }

    def _before_mirror(self, try_on: TryOn) -> int:
        """Who tries that on: its last handler if near the mirror, else the nearest person.

        0 when the mirror is not in the plan or nobody is near and nobody handled the garment.
        """
        handler = self._book.handler_of(try_on.epc)
        mirrors = {fixture.id: fixture for fixture in self.context.plan.fixtures}
        if self._people is None or try_on.mirror not in mirrors:
            return handler
        rows = np.flatnonzero(self._people.confirmed)
        offset = self._people.xy_m[rows] - np.array(mirrors[try_on.mirror].center_m)
        distance_m = np.linalg.norm(offset, axis=1)
        near = [
            (float(distance_m[k]), int(self._people.person[row]))
            for k, row in enumerate(rows)
            if distance_m[k] <= self._mirror_m
        ]
        if not near or handler in [person for _, person in near]:
            return handler
        return min(near)[1]


class FittingMirror(MirrorStage):
    """Neighbours' interest where there is evidence, likeness by catalogue where there is none.

    Args:
        neighbours: at most this many similar visits count.
        idf_weight: how much rarer articles are raised.
        decay_power: recency decay over a visit's articles (2 = quadratic).
        cold_evidence: summed similarity of neighbours at which both halves count the same.
        sharpness: power of the likeness: the higher, the less a little likeness counts.
        content_shares: see `content.similarity`.
        shown, tried_weight, bought_weight, mirror_m: see `MirrorStage`.
    """

    def __init__(
        self,
        context: StageContext,
        *,
        neighbours: int = 500,
        idf_weight: float = 1.0,
        decay_power: float = 0.25,
        cold_evidence: float = 3.0,
        sharpness: float = 2.0,
        content_shares: Mapping[str, float] | None = None,
        shown: int = 8,
        tried_weight: float = 2.0,
        bought_weight: float = 4.0,
        mirror_m: float = 3.5,
    ) -> None:
        super().__init__(
            context,
            shown=shown,
            tried_weight=tried_weight,
            bought_weight=bought_weight,
            mirror_m=mirror_m,
        )
        self._neighbours = neighbours
        self._idf_weight = idf_weight
        self._decay_power = decay_power
        self._cold_evidence = cold_evidence
        self._sharpness = sharpness
        self._likeness = similarity(context.plan.catalogue, content_shares)

    def scores(self, visit: Visit, try_on: TryOn) -> F64:
        """Blend neighbours and content, each scaled to [0, 1]."""
        query = np.zeros(len(self._skus))
        decay = recency(len(visit.interest), power=self._decay_power)
        for (sku, interest), fresh in zip(visit.interest.items(), decay, strict=True):
            query[self._index[sku]] = interest * fresh
        others = self._book.matrix(without=visit)
        social, evidence = vsknn(
            query, others, neighbours=self._neighbours, idf_weight=self._idf_weight
        )
        content = self._likeness**self._sharpness @ query
        trust = evidence / (evidence + self._cold_evidence)
        return trust * _unit(social) + (1 - trust) * _unit(content)


def _unit(scores: F64) -> F64:
    top = scores.max(initial=0.0)
    return scores / top if top > 0 else scores
