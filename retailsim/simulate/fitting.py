"""Trying on: a fitting room, then the mirror outside it."""

from __future__ import annotations

import numpy as np

from retailsim.messages.sensors import TryOn
from retailsim.simulate.people import Person
from retailsim.simulate.places import Spot
from retailsim.simulate.shop import Doing, Shop, dwell_s
from retailsim.simulate.truth import Interval

PRESENT_S = 1.0  # from arriving at the mirror to it noticing the garment


def try_on(
    shop: Shop, person: Person, room: str, garments: list[int], rng: np.random.Generator
) -> Doing:
    """Try garments on one after the other in a room that the person has been given."""
    shop.claims.leave(person)
    for garment in garments:
        yield shop.walk(person, shop.places.rooms[room])
        shop.goods.set_fitting(person, True)
        _turn_round(shop, person, room)
        mirror = _mirror_for(shop, room)
        told = shop.truth.begin(
            Interval(shop.truth.now_ns, person, garment, "try-on", mirror or "")
        )
        yield shop.wait(dwell_s(shop.scenario.habits.change, rng))
        if mirror:
            with shop.mirrors[mirror].request() as turn:
                yield turn
                shop.goods.set_fitting(person, False)
                yield from _look_in(shop, person, mirror, garment, rng)
        shop.goods.set_fitting(person, False)
        shop.truth.end(told)
    yield shop.rooms.put(room)


def _look_in(
    shop: Shop, person: Person, mirror: str, garment: int, rng: np.random.Generator
) -> Doing:
    """Hold a garment up before the mirror, which asks what to show."""
    spot: Spot = shop.places.mirrors[mirror]
    shop.claims.take(spot, person)
    yield shop.walk(person, spot)
    centre = np.array(shop.plan.fixture(mirror).center_m)
    person.mover.face_rad = float(np.arctan2(*(centre - person.xy_m)[::-1]))
    # The garment tried on is the one in front.
    person.carrying.remove(garment)
    person.carrying.insert(0, garment)
    person.showing = True
    yield shop.wait(PRESENT_S)
    message = TryOn(shop.truth.now_ns, mirror=mirror, epc=shop.plan.items[garment].epc)
    shop.truth.tell(message)
    # What the mirror shows changes nothing yet; asking keeps the seam in use.
    shop.policy.on_try_on(message)
    yield shop.wait(dwell_s(shop.scenario.habits.mirror, rng))
    person.showing = False
    shop.claims.leave(person)


def _turn_round(shop: Shop, person: Person, room: str) -> None:
    opening = shop.plan.fixture(room).opening_deg
    person.mover.face_rad = float(np.deg2rad(270.0 if opening is None else opening))


def _mirror_for(shop: Shop, room: str) -> str | None:
    """Return the mirror nearest to a room."""
    if not shop.places.mirrors:
        return None
    here = np.array(shop.places.rooms[room])
    return min(shop.places.mirrors, key=lambda m: float(np.hypot(*(shop.places.mirrors[m] - here))))
