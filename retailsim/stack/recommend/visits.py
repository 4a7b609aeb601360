"""Who was interested in what so far: visits made of handled, tried and bought articles."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.results import Interaction

F64 = NDArray[np.float64]


@dataclass
class Visit:
    """One stay of one person: interest per SKU, most recent last, and what was tried on."""

    person: int
    interest: dict[str, float] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)

    def add(self, sku: str, weight: float) -> None:
        """Add interest; an article looked at again moves to the end (most recent)."""
        self.interest[sku] = self.interest.pop(sku, 0.0) + weight


class VisitBook:
    """Collects visits from the stack's own messages.

    Args:
        skus: the catalogue's ids; columns of the interest matrix.
        tried_weight: interest shown by trying a garment on, in units of a short flip.
        bought_weight: interest shown by paying for it.
    """

    def __init__(self, skus: list[str], *, tried_weight: float, bought_weight: float) -> None:
        self._column = {sku: i for i, sku in enumerate(skus)}
        self._tried_weight = tried_weight
        self._bought_weight = bought_weight
        self._visits: list[Visit] = []
        self._open: dict[int, Visit] = {}
        self._handler: dict[str, int] = {}

    def handled(self, interaction: Interaction, sku: str) -> None:
        """Take note that somebody handled a garment; longer counts more, to three flips."""
        if interaction.person == 0:
            return
        length_s = (interaction.end_ns - interaction.time_ns) * 1e-9
        weight = interaction.confidence * float(np.clip(length_s / 2.0, 0.5, 3.0))
        self.visit_of(interaction.person).add(sku, weight)
        self._handler[interaction.epc] = interaction.person

    def tried(self, person: int, sku: str) -> None:
        """Take note that somebody tried a garment on."""
        visit = self.visit_of(person)
        visit.add(sku, self._tried_weight)
        visit.tried.add(sku)

    def bought(self, epc: str, sku: str) -> None:
        """Take note of a sale; it belongs to whoever handled that garment last."""
        person = self._handler.pop(epc, 0)
        if person:
            self.visit_of(person).add(sku, self._bought_weight)

    def left(self, person: int) -> None:
        """End a person's visit; the same number coming back begins a new one."""
        self._open.pop(person, None)

    def handler_of(self, epc: str) -> int:
        """Return who handled that garment last, 0 when nobody did."""
        return self._handler.get(epc, 0)

    def handled_by(self, person: int) -> list[str]:
        """Return the EPCs that this person was the last to handle."""
        return [epc for epc, last in self._handler.items() if last == person]

    def visit_of(self, person: int) -> Visit:
        """Return the person's present visit, begun now if need be."""
        if person not in self._open:
            self._open[person] = Visit(person)
            self._visits.append(self._open[person])
        return self._open[person]

    def matrix(self, *, without: Visit | None = None) -> F64:
        """Return interest per visit and SKU, without one visit, shape (v, s)."""
        visits = [v for v in self._visits if v is not without and v.interest]
        table = np.zeros((len(visits), len(self._column)))
        for row, visit in enumerate(visits):
            for sku, weight in visit.interest.items():
                table[row, self._column[sku]] = weight
        return table
