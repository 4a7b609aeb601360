"""A walk through a concourse: past a screen, perhaps into one of its shops, and on.

The choice between the shops and walking on is a multinomial logit; what a screen shows may add to
it (`ScreenResponse`).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from retailsim.messages.sensors import ScreenViewed
from retailsim.simulate.choice import choose
from retailsim.simulate.companions import LOOSE_M
from retailsim.simulate.hands import face
from retailsim.simulate.lognormal import LogNormal
from retailsim.simulate.people import Person
from retailsim.simulate.responses import lifts
from retailsim.simulate.shop import Doing, Shop

WALK_ON = 1.2  # utility of entering no shop (assumed)
SPREAD = 1.0  # of people's own preferences for shops (assumed)
ANOTHER = 0.25  # who has been in a shop chooses again so often (assumed)
LOOK_SPREAD = 0.4  # assumed
AT_FRONT_M = 0.5  # who is so near to a place before a shop's front is in the shop


@dataclass
class Stroll:
    """What somebody in a concourse brings along.

    Attributes:
        person: who.
        rng: draws what they do.
        response: draws how they respond to screens.
        liking: own utility of each shop, float64 (shops,).
        stay: how long they stay in a shop.
    """

    person: Person
    rng: np.random.Generator
    response: np.random.Generator
    liking: np.ndarray
    stay_s: LogNormal


def stroll(shop: Shop, walk: Stroll) -> Doing:
    """Cross the concourse and leave it at another end."""
    person, rng = walk.person, walk.rng
    start = (float(person.xy_m[0]), float(person.xy_m[1]))
    lift = yield from _pass_screens(shop, walk)
    while True:
        fronts = shop.street.shops
        chosen = choose(np.append(walk.liking + lift, WALK_ON), rng)
        if chosen == len(fronts):
            break
        front = fronts[chosen].end(rng)
        yield shop.walk(person, front, within_m=AT_FRONT_M)
        person.in_shop = front
        shop.leave_world(person)
        yield shop.wait(walk.stay_s.draw(rng))
        person.mover.face_rad = None
        yield from shop.enter_world(person)
        person.in_shop = None
        if rng.random() >= ANOTHER:
            break
        walk.liking[chosen] = -np.inf
    person.exit_to = shop.street.across(start, rng)
    shop.claims.leave(person)
    yield shop.walk(person, person.exit_to, within_m=0.6)
    shop.leave_world(person)


def stroll_along(shop: Shop, person: Person, leader: Person, role: str) -> Doing:
    """Stay with a leader through the concourse, into its shops and out again, and leave with them.

    Args:
        shop, person, leader: where, who, with whom.
        role: 'adult' or 'child'; children stray while walking.
    """
    while not leader.leaving:
        if leader.in_shop is not None:
            yield shop.walk(person, leader.in_shop, within_m=AT_FRONT_M)
            shop.leave_world(person)
            while leader.in_shop is not None:
                yield shop.wait(0.5)
            yield from shop.enter_world(person)
        elif leader.mover.walking and shop.trips is None:
            shop.claims.leave(person)
            person.mover.follow(leader.mover, loose_m=LOOSE_M[role])
            yield shop.wait(1.0)
        else:
            spot = shop.place_near(person, leader.xy_m)
            if shop.claims.of(person) is None and spot is not None:
                shop.claims.take(spot, person)
                yield shop.walk(person, spot) | shop.wait(4.0)
            yield shop.wait(1.0)
    assert leader.exit_to is not None
    person.exit_to = leader.exit_to
    shop.claims.leave(person)
    yield shop.walk(person, person.exit_to, within_m=0.6)
    shop.leave_world(person)


def _pass_screens(shop: Shop, walk: Stroll) -> Generator[simpy.Event, Any, np.ndarray]:
    """Stop before a screen, or not; returns what it adds to the utility of each shop."""
    person, model = walk.person, shop.scenario.responses.screen
    names = [front.door for front in shop.street.shops]
    lift = np.zeros(len(names))
    for screen, spots in shop.places.screens.items():
        notices = walk.response.random() < model.notice
        time_s = LogNormal(median=model.look_median_s, spread=LOOK_SPREAD).draw(walk.response)
        order = walk.response.permutation(len(spots))
        free = [spots[i] for i in order if shop.claims.free(spots[i], person)]
        if not notices or not free:
            continue
        shop.claims.take(free[0], person)
        yield shop.walk(person, free[0])
        face(person, np.array(shop.plan.fixture(screen).center_m))
        since = shop.truth.now_ns
        viewed = ScreenViewed(since, screen=screen)
        shop.truth.tell(viewed)
        lift = lift + lifts(shop.policy.on_screen_viewed(viewed), names, model)
        yield shop.wait(time_s)
        shop.truth.look(since, person, screen)
        shop.claims.leave(person)
    return lift
