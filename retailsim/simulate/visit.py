"""What a shopper set out to do, and the choices that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.choice import (
    choose,
    fixture_charges,
    garment_charges,
    inclusive,
    values,
)
from retailsim.simulate.people import Person
from retailsim.simulate.personas import Purpose
from retailsim.simulate.scenario import Habits
from retailsim.simulate.shop import Shop
from retailsim.simulate.taste import Taste

FIND_SHARE = 0.6  # who comes for one thing stays so much shorter (assumed)
COME_FOR = 3  # the kind of one of the so many best liked articles is what one comes for


@dataclass
class Visit:
    """A shopper's plans and memory.

    Attributes:
        person: who.
        taste: what they like.
        rng: draws what they do.
        response: draws how they respond to what is shown to them.
        leave_s: how long after the visit's start they stop browsing.
        fixtures: how many fixtures they look at, at most.
        patience_s: how long they stand in line.
        budget_eur: price of one garment that they think dear; None where money is no matter.
        wanted: SKUs they came for or were shown, bool (s,).
        seen: which fixtures they have been at, bool (f,).
        shown: SKUs a mirror sent them to.
    """

    person: Person
    taste: Taste
    purpose: Purpose
    rng: np.random.Generator
    response: np.random.Generator
    leave_s: float
    fixtures: int
    patience_s: float
    budget_eur: float | None
    wanted: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    shown: set[int] = field(default_factory=set)
    handled: set[int] = field(default_factory=set)
    to_try: list[int] = field(default_factory=list)
    tried: set[int] = field(default_factory=set)

    def value(self, shop: Shop) -> NDArray[np.float64]:
        """Return the person's present value of every SKU, float64 (s,)."""
        market = shop.market
        return values(
            self.taste.utility, market.log_price, self.wanted, self.budget_eur, shop.scenario.choice
        )


def stay(
    habits: Habits, purpose: Purpose, factor: float, rng: np.random.Generator
) -> tuple[float, int]:
    """Draw a visit's length in seconds and its most fixtures: a quick look, or a long one."""
    quick = rng.random() < habits.quick_share
    short, long = habits.quick_visit_s.draw(rng), habits.visit_s.draw(rng)
    few = 1 + int(rng.integers(2))
    time_s = (short if quick else long) * factor * (FIND_SHARE if purpose == "find" else 1.0)
    return time_s, few if quick else 1000


def came_for(taste: Taste, kinds: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which SKUs are of the kind of garment that a person came for, bool (s,)."""
    best = np.argsort(-taste.utility, kind="stable")[:COME_FOR]
    pick = int(rng.integers(COME_FOR))
    if not len(best):
        return np.zeros(len(kinds), bool)
    out: NDArray[np.bool_] = kinds == kinds[best[min(pick, len(best) - 1)]]
    return out


def choose_fixture(shop: Shop, visit: Visit) -> int | None:
    """Choose where to go next, an index into `goods.fixtures`; None where nothing is free."""
    goods, person = shop.goods, visit.person
    free = np.flatnonzero(goods.free)
    if not len(free):
        return None
    value = visit.value(shop)
    count = len(goods.fixtures)
    worth = inclusive(value[goods.sku[free]], goods.fixture[free], count)
    people = shop.claims.among(shop.places.fixture_at, count)
    mine = shop.places.fixture_at.get(shop.claims.of(person) or (0.0, 0.0))
    if mine is not None:
        people[mine] -= 1
    against = fixture_charges(
        shop.sight, person.xy_m, person.mover.heading_rad, visit.seen, people, shop.scenario.choice
    )
    return choose(worth - against, visit.rng)


def choose_garment(shop: Shop, visit: Visit, fixture: int) -> int | None:
    """Choose a garment nobody handles, not one handled before, by value and nearness."""
    free = np.array(
        [g for g in shop.goods.available(fixture).tolist() if g not in visit.handled], np.int64
    )
    if not len(free):
        return None
    value = visit.value(shop)[shop.goods.sku[free]]
    against = garment_charges(shop.goods.home_m[free], visit.person.xy_m)
    return int(free[choose(value - against, visit.rng)])
