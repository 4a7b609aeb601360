"""Queueing and paying, seen from both sides of the till."""

from __future__ import annotations

import numpy as np

from retailsim.messages.sensors import Sale
from retailsim.simulate.hands import face
from retailsim.simulate.people import Person
from retailsim.simulate.shop import Doing, Line, Shop, dwell_s

HAND_OVER_SHARE = 0.7  # of the time at the till after which the receipt is printed
MOVE_UP_S = 0.9  # the one behind follows so much later
SHIFT_S = (8.0, 30.0)  # the staff member moves about after so long without a customer


def can_pay(shop: Shop) -> bool:
    """Say whether there is a till with somebody behind it."""
    return bool(shop.lines) and shop.scenario.staff.at_till > 0


def pay(shop: Shop, person: Person, rng: np.random.Generator) -> Doing:
    """Queue at the till and pay for everything carried."""
    till, line = next(iter(shop.lines.items()))
    while line.full:
        yield shop.wait(2.0)
    line.members.append(person)
    yield from _move_up(shop, person, line)
    counter = np.array(shop.plan.fixture(till).center_m)
    face(person, counter)
    line.served = person
    time_s = dwell_s(shop.scenario.habits.pay, rng)
    yield shop.wait(HAND_OVER_SHARE * time_s)
    garments = list(person.carrying)
    epc = np.array(shop.epcs(garments), np.str_)
    for garment in garments:
        shop.truth.end(shop.truth.carried_since(person, garment))
        shop.goods.sell(garment, person)
    shop.truth.tell(Sale(shop.truth.now_ns, till=till, epc=epc))
    shop.truth.sale(person, epc)
    yield shop.wait((1 - HAND_OVER_SHARE) * time_s)
    line.leave(person)


def _move_up(shop: Shop, person: Person, line: Line) -> Doing:
    """Stand in line until the person is in front."""
    place, arrived = -1, False
    while True:
        now = line.members.index(person)
        if now != place or not arrived:
            if now != place >= 0:
                yield shop.wait(MOVE_UP_S * (1 + now))
            place = now
            shop.claims.take(line.spots[place], person)
            # Whom the line overtakes on their way must make for the new place: the old one may
            # be somebody else's by now.
            yield shop.walk(person, line.spots[place]) | line.moved
            arrived = person.mover.goal is None
        elif place == 0:
            return
        else:
            face(person, np.array(line.spots[place - 1]))
            yield line.moved


def stand_behind(shop: Shop, person: Person, till: str, rng: np.random.Generator) -> Doing:
    """Serve who is in front; move about a little when nobody is."""
    line, spots = shop.lines[till], shop.places.behind[till]
    counter = np.array(shop.plan.fixture(till).center_m)
    place = 0
    while True:
        wanted = int(rng.integers(len(spots))) if line.served is None else 0
        if wanted != place:
            place = wanted
            yield shop.walk(person, spots[place])
        face(person, counter if line.served is None else line.served.xy_m)
        if line.served is not None:
            height_m = shop.plan.fixture(till).height_m + 0.1
            person.reach_m = np.array([*counter, height_m])
            yield shop.wait(1.0)
            person.reach_m = None
            yield shop.wait(1.0)
        else:
            end = shop.env.now + 10 * float(rng.uniform(*SHIFT_S))
            while line.served is None and shop.env.now < end:
                yield shop.wait(0.5)
