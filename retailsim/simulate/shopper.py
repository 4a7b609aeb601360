"""A shopper's visit: come, browse, take along, try on, decide, pay, go."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from simpy.resources.store import StoreGet

from retailsim.simulate.fitting import try_on
from retailsim.simulate.hands import face, handle, put_back, spot_for, stand_at
from retailsim.simulate.people import Person
from retailsim.simulate.scenario import Habits
from retailsim.simulate.shop import TICKS_PER_S, Doing, Shop, dwell_s
from retailsim.simulate.taste import CHOICE, Taste, choose, fixture_utility
from retailsim.simulate.till import can_pay, pay

ROOM_PATIENCE_S = 40.0  # how long someone waits for a fitting room after all else is done
AT_MOST_TRIED = 2
TRIED_ON = 0.5  # log-odds of buying that a try-on adds (assumed)


@dataclass
class Visit:
    """What a shopper set out to do.

    Attributes:
        person: who.
        taste: what they like.
        rng: draws what they do.
        leave_s: how long after the visit's start they stop browsing.
        fixtures: how many fixtures they look at, at most.
    """

    person: Person
    taste: Taste
    rng: np.random.Generator
    leave_s: float
    fixtures: int
    seen: set[str] = field(default_factory=set)
    handled: set[int] = field(default_factory=set)
    to_try: list[int] = field(default_factory=list)
    tried: set[int] = field(default_factory=set)


def plan_visit(
    person: Person, taste: Taste, habits: Habits, *, plan: np.random.Generator,
    acts: np.random.Generator,
) -> Visit:  # fmt: skip
    """Draw a visit's length: a quick look at a fixture or two, or a long one."""
    quick = plan.random() < habits.quick_share
    short, long = dwell_s(habits.quick_visit, plan), dwell_s(habits.visit, plan)
    few = 1 + int(plan.integers(2))
    return Visit(person, taste, acts, short if quick else long, few if quick else 1000)


def shop_around(shop: Shop, visit: Visit) -> Doing:
    """Browse until the visit's time is over, then put back, pay and leave."""
    end = shop.env.now + visit.leave_s * TICKS_PER_S
    room: StoreGet | None = None
    while shop.env.now < end and len(visit.seen) < visit.fixtures:
        yield from _browse(shop, visit)
        if visit.to_try and room is None and shop.places.rooms:
            room = shop.rooms.get()
        if room is not None and room.triggered:
            yield from _try(shop, visit, str(room.value))
            room = None
    if room is not None:
        yield room | shop.wait(ROOM_PATIENCE_S)
        if room.triggered:
            yield from _try(shop, visit, str(room.value))
        else:
            room.cancel()
    yield from _settle(shop, visit)
    yield from _leave(shop, visit)


def _browse(shop: Shop, visit: Visit) -> Doing:
    """Go to a fixture, look, and handle some garments there."""
    habits, rng, person = shop.scenario.habits, visit.rng, visit.person
    fixture = _choose_fixture(shop, visit)
    garment = None if fixture is None else _choose_garment(shop, visit, fixture)
    spot = None if garment is None else spot_for(shop, person, garment)
    if fixture is None or garment is None or spot is None:
        yield shop.wait(1.0)
        return
    visit.seen.add(fixture)
    yield from stand_at(shop, person, spot)
    face(person, shop.goods.home_m[garment])
    yield from _look(shop, visit, fixture)
    if rng.random() >= habits.touch_probability:
        return
    for turn in range(int(rng.geometric(min(1.0, 1 / habits.garments_per_fixture)))):
        if turn:
            yield shop.wait(dwell_s(habits.pause, rng))
        yield from _touch(shop, visit, fixture)


def _look(shop: Shop, visit: Visit, fixture: str) -> Doing:
    """Look at a fixture; some stoop over a table."""
    time_s = dwell_s(shop.scenario.habits.look, visit.rng)
    stoop = visit.rng.random() < 0.25 and shop.plan.fixture(fixture).kind == "table"
    yield shop.wait(0.5 * time_s)
    visit.person.bending = stoop
    yield shop.wait(0.5 * time_s)
    visit.person.bending = False


def _touch(shop: Shop, visit: Visit, fixture: str) -> Doing:
    """Handle one garment of the fixture, and perhaps take it along."""
    habits, rng, person = shop.scenario.habits, visit.rng, visit.person
    garment = _choose_garment(shop, visit, fixture)
    spot = None if garment is None else spot_for(shop, person, garment)
    if garment is None or spot is None:
        return
    shop.goods.busy[garment] = True
    visit.handled.add(garment)
    sku = int(shop.goods.sku[garment])
    take = rng.random() < visit.taste.odds(habits.pick_up_probability, sku)
    take &= len(person.carrying) < habits.carry_at_most
    yield from stand_at(shop, person, spot)
    yield from handle(shop, person, garment, "pickup" if take else "flip", rng)
    if take and rng.random() < visit.taste.odds(habits.try_on_probability, sku):
        visit.to_try.append(garment)


def _try(shop: Shop, visit: Visit, room: str) -> Doing:
    garments = [g for g in visit.to_try if g in visit.person.carrying][:AT_MOST_TRIED]
    visit.to_try = []
    visit.tried.update(garments)
    yield from try_on(shop, visit.person, room, garments, visit.rng)


def _settle(shop: Shop, visit: Visit) -> Doing:
    """Put back what is not wanted and pay for the rest."""
    habits, person = shop.scenario.habits, visit.person
    wanted = []
    for garment in person.carrying:
        more = TRIED_ON if garment in visit.tried else 0.0
        odds = visit.taste.odds(habits.buy_probability, int(shop.goods.sku[garment]), more)
        if visit.rng.random() < odds and can_pay(shop):
            wanted.append(garment)
    for garment in [g for g in person.carrying if g not in wanted]:
        yield from put_back(shop, person, garment, visit.rng)
    if wanted:
        yield from pay(shop, person, visit.rng)


def _leave(shop: Shop, visit: Visit) -> Doing:
    shop.claims.leave(visit.person)
    yield shop.walk(visit.person, shop.street.end(visit.rng), within_m=0.6)
    shop.goods.left_shop(visit.person)
    shop.leave_world(visit.person)


def _choose_fixture(shop: Shop, visit: Visit) -> str | None:
    names = [f for f in shop.plan.slots_per_fixture if len(shop.goods.available(f))]
    if not names:
        return None
    spot = np.array([shop.plan.fixture(f).center_m for f in names])
    way_m = np.hypot(*(spot - visit.person.xy_m).T)
    skus = [shop.goods.sku[shop.goods.available(f)] for f in names]
    seen = np.array([f in visit.seen for f in names])
    return names[choose(fixture_utility(visit.taste, skus, way_m, seen), visit.rng)]


def _choose_garment(shop: Shop, visit: Visit, fixture: str) -> int | None:
    """Choose a garment nobody handles, not one handled before, by taste and nearness."""
    free = [int(g) for g in shop.goods.available(fixture) if int(g) not in visit.handled]
    if not free:
        return None
    utility = CHOICE * visit.taste.utility[shop.goods.sku[free]]
    way_m = np.hypot(*(shop.goods.home_m[free, :2] - visit.person.xy_m).T)
    return free[choose(utility - 0.5 * np.minimum(way_m, 3.0), visit.rng)]
