"""What staff do besides manning the till: greet, tidy, bring garments home, restock.

How often and how long is assumed throughout.
"""

from __future__ import annotations

import numpy as np

from retailsim.simulate.choice import choose
from retailsim.simulate.hands import face, handle, put_back, spot_for, stand_at
from retailsim.simulate.people import Person
from retailsim.simulate.places import Spot
from retailsim.simulate.shop import Doing, Shop
from retailsim.simulate.snapshot import Place
from retailsim.simulate.truth import Interval

GREET_M = 5.0  # who comes in nearer than this is met
GREET = 0.6  # share of those whom a greeter walks up to
LOOK_UP_S, LOOK_UP_COARSELY_S = 0.5, 5.0  # how often a greeter looks who has come in
CHAT_S = (3.0, 9.0)
TIDIED = (2, 6)  # garments straightened in one go
BREATHER_S = (2.0, 8.0)
FETCH_S = (4.0, 9.0)  # in the stock room's door
WITHIN_M = 1.3  # so near to the stock room's door garments are handed out
TIDINESS = 1.5  # weight of log(1 + touches) in choosing what to tidy next


def greet(shop: Shop, person: Person, post: Spot, rng: np.random.Generator) -> Doing:
    """Stand near a door, turn to whoever comes in, walk up to some of them."""
    met: set[int] = set()
    while True:
        if np.hypot(*(person.xy_m - post)) > 0.3:
            shop.claims.take(post, person)
            yield shop.walk(person, post) | shop.wait(6.0)
            continue
        guest = _nearest_guest(shop, person, met)
        if guest is None:
            met &= {p.label for p in shop.people}
            yield shop.wait(LOOK_UP_S if shop.trips is None else LOOK_UP_COARSELY_S)
            continue
        met.add(guest.label)
        face(person, guest.xy_m)
        yield shop.wait(0.8)
        if rng.random() < GREET and guest in shop.people:
            yield from _walk_up(shop, person, guest)
            yield shop.wait(float(rng.uniform(*CHAT_S)))


def _nearest_guest(shop: Shop, person: Person, met: set[int]) -> Person | None:
    guests = [
        p for p in shop.people if p.inside and not p.staff and not p.leaving and p.label not in met
    ]
    near = [(float(np.hypot(*(p.xy_m - person.xy_m))), i) for i, p in enumerate(guests)]
    away, first = min(near, default=(np.inf, -1))
    return guests[first] if away < GREET_M else None


def _walk_up(shop: Shop, person: Person, guest: Person) -> Doing:
    spot = shop.place_near(person, guest.xy_m)
    if spot is None:
        return
    shop.claims.take(spot, person)
    yield shop.walk(person, spot) | shop.wait(4.0)
    face(person, guest.xy_m)


def keep_stock(shop: Shop, person: Person, stock_room: Spot, rng: np.random.Generator) -> Doing:
    """Bring misplaced garments home, carry armfuls out of the stock room, tidy."""
    while True:
        astray = shop.goods.misplaced()
        waiting = np.flatnonzero(shop.goods.place == Place.BACK_ROOM)
        if len(astray):
            yield from _bring_home(shop, person, int(astray[int(rng.integers(len(astray)))]), rng)
        elif len(waiting):
            yield from _restock(shop, person, waiting, stock_room, rng)
        else:
            yield from _tidy(shop, person, rng)
        yield shop.wait(float(rng.uniform(*BREATHER_S)))


def _bring_home(shop: Shop, person: Person, garment: int, rng: np.random.Generator) -> Doing:
    spot = spot_for(shop, person, garment)
    if spot is None:
        return
    shop.goods.busy[garment] = True
    yield from stand_at(shop, person, spot)
    yield from handle(shop, person, garment, "tidy", rng, take=True)
    shop.goods.send_home(garment)
    yield from put_back(shop, person, garment, rng)


def _restock(
    shop: Shop, person: Person, waiting: np.ndarray, stock_room: Spot, rng: np.random.Generator
) -> Doing:
    """Carry an armful of garments that belong near one another to their places."""
    delivery = shop.scenario.staff.delivery
    most = 8 if delivery is None else delivery.armful
    if shop.claims.free(stock_room, person):
        shop.claims.take(stock_room, person)
    yield shop.walk(person, stock_room, within_m=0.5) | shop.wait(20.0)
    if np.hypot(*(person.xy_m - stock_room)) > WITHIN_M:
        return
    yield shop.wait(float(rng.uniform(*FETCH_S)))
    waiting = waiting[shop.goods.place[waiting] == Place.BACK_ROOM]
    if not len(waiting):
        return
    first = shop.goods.own_m[waiting[int(rng.integers(len(waiting)))]]
    near = np.argsort(np.hypot(*(shop.goods.own_m[waiting] - first)[:, :2].T), kind="stable")
    armful = [int(g) for g in waiting[near[:most]]]
    for garment in armful:
        shop.goods.fetch(garment, person)
        shop.truth.begin(Interval(shop.truth.now_ns, person, garment, "carry"))
    for garment in reversed(armful):
        yield from put_back(shop, person, garment, rng)


def _tidy(shop: Shop, person: Person, rng: np.random.Generator) -> Doing:
    """Fold or straighten a few garments where most were touched."""
    names = shop.goods.fixtures
    if not names:
        return
    fixture = choose(TIDINESS * np.log1p(shop.touched), rng)
    count = int(rng.integers(*TIDIED))
    if not shop.places.beside[names[fixture]]:
        return
    for _ in range(count):
        free = shop.goods.available(fixture)
        if not len(free):
            break
        garment = int(free[int(rng.integers(len(free)))])
        spot = spot_for(shop, person, garment)
        if spot is None:
            break
        shop.goods.busy[garment] = True
        yield from stand_at(shop, person, spot)
        yield from handle(shop, person, garment, "tidy", rng)
    shop.touched[fixture] = 0
