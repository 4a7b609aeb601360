"""Trying on: a line, a fitting room, then the mirror outside it.

Times are assumed.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias

import numpy as np
import simpy

from retailsim.messages.sensors import TryOn
from retailsim.simulate.people import Person
from retailsim.simulate.places import Spot
from retailsim.simulate.queueing import stand_in_line
from retailsim.simulate.responses import tempting
from retailsim.simulate.shop import Doing, Shop
from retailsim.simulate.truth import Interval
from retailsim.store.standing import as_spot

Asking: TypeAlias = Generator[simpy.Event, Any, str | None]
GET_THERE_S = 25.0  # who does not get to the mirror in this time does without (assumed)
OUTSIDE_M = 0.4  # how far before a room somebody is out of its way
PRESENT_S = 1.0  # from arriving at the mirror to it noticing the garment


def get_room(shop: Shop, person: Person, patience_s: float) -> Asking:
    """Queue for a fitting room; the name of one, or None for who gives up or finds no line."""
    line = shop.fitting
    if line is None or line.full:
        return None
    if shop.rooms.items and not line.members:
        room = yield shop.rooms.get()
        return str(room)
    since = shop.env.now
    served = yield from stand_in_line(shop, person, line, patience_s)
    if not served:
        return None
    asked = shop.rooms.get()
    yield asked | shop.wait(max(patience_s - shop.seconds(since), 0.1))
    line.leave(person)
    if asked.triggered:
        shop.truth.queued(person, "served")
        return str(asked.value)
    asked.cancel()
    shop.claims.leave(person)
    shop.truth.queued(person, "gave-up")
    return None


def try_on(
    shop: Shop,
    person: Person,
    room: str,
    garments: list[int],
    rng: np.random.Generator,
    response: np.random.Generator,
) -> Generator[simpy.Event, Any, int | None]:
    """Try garments on one after the other in a room that the person has been given.

    Returns:
        The SKU (an index) among those a mirror showed that the person goes to see, or None.
    """
    tempted = None
    shop.claims.leave(person)
    person.mover.room = room
    for garment in garments:
        yield shop.walk(person, shop.places.rooms[room])
        shop.goods.set_fitting(person, True)
        _turn_round(shop, person, room)
        mirror = _mirror_for(shop, room)
        told = shop.truth.begin(
            Interval(shop.truth.now_ns, person, garment, "try-on", mirror or "")
        )
        yield shop.wait(shop.scenario.habits.change_s.draw(rng))
        if mirror:
            with shop.mirrors[mirror].request() as turn:
                yield turn
                shop.goods.set_fitting(person, False)
                shown = yield from _look_in(shop, person, mirror, garment, rng)
                if person.taste is not None:
                    model = shop.scenario.responses.mirror
                    found = tempting(shown, person.taste.utility, model, response)
                    tempted = tempted if found is None else found
        shop.goods.set_fitting(person, False)
        shop.truth.end(told)
    yield from _step_out(shop, person, room)
    person.mover.room = None
    yield shop.rooms.put(room)
    return tempted


def _step_out(shop: Shop, person: Person, room: str) -> Doing:
    """Leave a room that the next one is to have, should the person be in it."""
    fixture = shop.plan.fixture(room)
    center, half_m = np.array(fixture.center_m), max(fixture.size_m) / 2
    angle = np.deg2rad(270.0 if fixture.opening_deg is None else fixture.opening_deg)
    before = center + np.array([np.cos(angle), np.sin(angle)]) * (half_m + OUTSIDE_M)
    while np.abs(person.xy_m - center).max() < half_m:
        yield shop.walk(person, as_spot(before)) | shop.wait(GET_THERE_S)


def _look_in(
    shop: Shop, person: Person, mirror: str, garment: int, rng: np.random.Generator
) -> Generator[simpy.Event, Any, list[int]]:
    """Hold a garment up before the mirror; returns the SKUs (indices) that it shows.

    Nobody keeps the mirror who cannot get to it.
    """
    spot: Spot = shop.places.mirrors[mirror]
    shop.claims.take(spot, person)
    arrival = shop.walk(person, spot)
    yield arrival | shop.wait(GET_THERE_S)
    if not shop.over(arrival):
        shop.claims.leave(person)
        return []
    centre = np.array(shop.plan.fixture(mirror).center_m)
    person.mover.face_rad = float(np.arctan2(*(centre - person.xy_m)[::-1]))
    # The garment tried on is the one in front.
    person.carrying.remove(garment)
    person.carrying.insert(0, garment)
    person.showing = True
    yield shop.wait(PRESENT_S)
    message = TryOn(shop.truth.now_ns, mirror=mirror, epc=shop.plan.items[garment].epc)
    shop.truth.tell(message)
    skus = [sku.id for sku in shop.plan.catalogue]
    shown = [skus.index(sku) for sku in shop.policy.on_try_on(message) if sku in skus]
    yield shop.wait(shop.scenario.habits.mirror_s.draw(rng))
    shop.truth.look(message.time_ns, person, mirror)
    person.showing = False
    shop.claims.leave(person)
    return shown


def _turn_round(shop: Shop, person: Person, room: str) -> None:
    opening = shop.plan.fixture(room).opening_deg
    person.mover.face_rad = float(np.deg2rad(270.0 if opening is None else opening))


def _mirror_for(shop: Shop, room: str) -> str | None:
    """Return the mirror nearest to a room."""
    if not shop.places.mirrors:
        return None
    here = np.array(shop.places.rooms[room])
    return min(shop.places.mirrors, key=lambda m: float(np.hypot(*(shop.places.mirrors[m] - here))))
