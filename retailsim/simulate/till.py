"""Paying and bringing back, seen from both sides of the till.

Times and shares are assumed.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from retailsim.messages.sensors import Sale
from retailsim.simulate.hands import face
from retailsim.simulate.people import Person
from retailsim.simulate.queueing import stand_in_line
from retailsim.simulate.shop import Doing, Line, Shop

HAND_OVER_SHARE = 0.7  # of the time at the till after which the receipt is printed
SHIFT_S = (8.0, 30.0)  # the staff member moves about after so long without a customer
FULL_S = 2.0  # who finds no room in line looks again after so long


def can_pay(shop: Shop) -> bool:
    """Say whether there is a till with somebody behind it."""
    return bool(shop.lines)


def pay(
    shop: Shop, person: Person, rng: np.random.Generator, patience_s: float
) -> Generator[simpy.Event, Any, bool]:
    """Queue at the till and pay for everything carried; False for who gives up."""
    line = yield from _queue(shop, person, patience_s)
    if line is None:
        return False
    time_s = shop.scenario.habits.pay_s.draw(rng)
    yield shop.wait(HAND_OVER_SHARE * time_s)
    garments = list(person.carrying)
    epc = np.array(shop.epcs(garments), np.str_)
    for garment in garments:
        shop.truth.end(shop.truth.carried_since(person, garment))
        shop.goods.sell(garment, person)
    shop.truth.tell(Sale(shop.truth.now_ns, till=line.place, epc=epc))
    shop.truth.sale(person, epc)
    yield shop.wait((1 - HAND_OVER_SHARE) * time_s)
    line.leave(person)
    return True


def bring_back(shop: Shop, person: Person, rng: np.random.Generator, patience_s: float) -> Doing:
    """Queue at the till and hand over what was bought earlier."""
    line = yield from _queue(shop, person, patience_s)
    if line is None:
        return
    yield shop.wait(shop.scenario.habits.pay_s.draw(rng))
    shop.goods.store(list(person.sold))
    line.leave(person)


def _queue(
    shop: Shop, person: Person, patience_s: float
) -> Generator[simpy.Event, Any, Line | None]:
    """Stand in the shortest line and return it once in front, None for who gives up."""
    since = shop.env.now
    while True:
        line = min(shop.lines.values(), key=lambda one: len(one.members))
        if not line.full:
            break
        if shop.seconds(since) > patience_s:
            return None
        yield shop.wait(FULL_S)
    left_s = max(patience_s - shop.seconds(since), 0.1)
    served = yield from stand_in_line(shop, person, line, left_s)
    if not served:
        return None
    shop.truth.queued(person, "served")
    face(person, np.array(shop.plan.fixture(line.place).center_m))
    line.served = person
    return line


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
