"""A shopper's visit: come, browse, take along, try on, decide, pay, go."""

from __future__ import annotations

from retailsim.simulate.fitting import get_room, try_on
from retailsim.simulate.hands import (
    face,
    handle,
    misplace,
    put_back,
    spot_for,
    stand_at,
    step_aside,
)
from retailsim.simulate.places import Spot
from retailsim.simulate.shop import TICKS_PER_S, Doing, Shop
from retailsim.simulate.till import bring_back, can_pay, pay
from retailsim.simulate.visit import Visit, choose_fixture, choose_garment

AT_MOST_TRIED = 2
TRIED_ON = 0.5  # log-odds of buying that a try-on adds (assumed)
STOOP = 0.25  # who looks at a table stoops over it so often (assumed)
TRY_NOW = 0.5  # with something to try on, the fitting rooms come next so often (assumed)
IN_A_HUFF = 0.6  # who gave up at the till leaves a garment anywhere so often (assumed)
STAYS = 0.5  # who has brought something back looks round so often (assumed)


def shop_around(shop: Shop, visit: Visit) -> Doing:
    """Browse until the visit's time is over, then put back, pay and leave."""
    end = shop.env.now + visit.leave_s * TICKS_PER_S
    if visit.purpose == "return":
        if shop.lines:
            yield from bring_back(shop, visit.person, visit.rng, visit.patience_s)
            shop.claims.leave(visit.person)
        if visit.rng.random() >= STAYS:
            end = shop.env.now
    while shop.env.now < end and int(visit.seen.sum()) < visit.fixtures:
        yield from _browse(shop, visit)
        if visit.to_try and visit.rng.random() < TRY_NOW:
            yield from _try(shop, visit)
        if visit.purpose == "find" and _found(shop, visit):
            break
    if visit.to_try:
        yield from _try(shop, visit)
    yield from _settle(shop, visit)
    yield from leave(shop, visit)


def _browse(shop: Shop, visit: Visit) -> Doing:
    """Go to a fixture, look, and handle some garments there."""
    habits, rng, person = shop.scenario.habits, visit.rng, visit.person
    fixture = choose_fixture(shop, visit)
    garment = None if fixture is None else choose_garment(shop, visit, fixture)
    spot = None if garment is None else spot_for(shop, person, garment)
    if fixture is None or garment is None or spot is None:
        yield from step_aside(shop, person)
        return
    visit.seen[fixture] = True
    yield from stand_at(shop, person, spot)
    face(person, shop.goods.home_m[garment])
    yield from look(shop, visit, fixture)
    if rng.random() >= habits.touch_probability:
        return
    for turn in range(int(rng.geometric(min(1.0, 1 / habits.garments_per_fixture)))):
        if turn:
            yield shop.wait(habits.pause_s.draw(rng))
        yield from touch(shop, visit, fixture)


def look(shop: Shop, visit: Visit, fixture: int) -> Doing:
    """Look at a fixture; some stoop over a table."""
    name, since = shop.goods.fixtures[fixture], shop.truth.now_ns
    time_s = shop.scenario.habits.look_s.draw(visit.rng)
    stoop = visit.rng.random() < STOOP and shop.plan.fixture(name).kind == "table"
    yield shop.wait(0.5 * time_s)
    visit.person.bending = stoop
    yield shop.wait(0.5 * time_s)
    visit.person.bending = False
    shop.truth.look(since, visit.person, name)


def touch(shop: Shop, visit: Visit, fixture: int, *, may_take: bool = True) -> Doing:
    """Handle one garment of the fixture, and perhaps take it along."""
    habits, rng, person = shop.scenario.habits, visit.rng, visit.person
    garment = choose_garment(shop, visit, fixture)
    spot = None if garment is None else spot_for(shop, person, garment)
    if garment is None or spot is None:
        return
    shop.goods.busy[garment] = True
    visit.handled.add(garment)
    sku = int(shop.goods.sku[garment])
    take = may_take and rng.random() < visit.taste.odds(habits.pick_up_probability, sku)
    take &= len(person.carrying) < habits.carry_at_most
    yield from stand_at(shop, person, spot)
    yield from handle(shop, person, garment, "pickup" if take else "flip", rng)
    if take and rng.random() < visit.taste.odds(habits.try_on_probability, sku):
        visit.to_try.append(garment)


def _try(shop: Shop, visit: Visit) -> Doing:
    """Queue for a room and try on; who finds no room decides without."""
    garments = [g for g in visit.to_try if g in visit.person.carrying][:AT_MOST_TRIED]
    visit.to_try = []
    if not garments or not shop.places.rooms:
        return
    room = yield from get_room(shop, visit.person, visit.patience_s)
    if room is None:
        return
    visit.tried.update(garments)
    tempted = yield from try_on(shop, visit.person, room, garments, visit.rng, visit.response)
    if tempted is not None:
        visit.shown.add(tempted)
        visit.wanted[tempted] = True
        visit.seen[shop.goods.own_fixture[shop.goods.sku == tempted]] = False


def _found(shop: Shop, visit: Visit) -> bool:
    """Whether the person holds one of what they came for."""
    return any(visit.wanted[shop.goods.sku[g]] for g in visit.person.carrying)


def _settle(shop: Shop, visit: Visit) -> Doing:
    """Put back what is not wanted and pay for the rest."""
    habits, person, lift = shop.scenario.habits, visit.person, shop.scenario.responses.mirror
    wanted = []
    for garment in person.carrying:
        sku = int(shop.goods.sku[garment])
        more = TRIED_ON if garment in visit.tried else 0.0
        more += lift.buy_lift if sku in visit.shown else 0.0
        odds = visit.taste.odds(habits.buy_probability, sku, more)
        if visit.rng.random() < odds and can_pay(shop):
            wanted.append(garment)
    for garment in [g for g in person.carrying if g not in wanted]:
        yield from give_back(shop, visit, garment, habits.misplace_probability)
    if not wanted:
        return
    if not (yield from pay(shop, person, visit.rng, visit.patience_s)):
        for garment in list(person.carrying):
            yield from give_back(shop, visit, garment, IN_A_HUFF)


def give_back(shop: Shop, visit: Visit, garment: int, misplaced: float) -> Doing:
    """Put a garment back, sometimes in the wrong place."""
    if visit.rng.random() < misplaced:
        misplace(shop, visit.person, garment, visit.rng)
    yield from put_back(shop, visit.person, garment, visit.rng)


def leave(shop: Shop, visit: Visit, *, by: Spot | None = None) -> Doing:
    """Walk out and away, `by` a place on the street or any."""
    end = shop.street.end(visit.rng)
    visit.person.exit_to = end if by is None else by
    shop.claims.leave(visit.person)
    yield shop.walk(visit.person, visit.person.exit_to, within_m=0.6)
    shop.goods.left_shop(visit.person)
    shop.leave_world(visit.person)
