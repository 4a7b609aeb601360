"""Who comes along: partners and children share the leader's path and act apart beside it."""

from __future__ import annotations

import numpy as np

from retailsim.simulate.hands import face
from retailsim.simulate.people import Person
from retailsim.simulate.shop import Doing, Shop
from retailsim.simulate.shopper import leave, look, touch
from retailsim.simulate.visit import Visit

STRAY_M = {"adult": 2.0, "child": 2.6}  # farther from the leader than this they follow (assumed)
REACH_M = 3.0  # fixtures this near to the leader are looked at alone
ACT = {"adult": 0.3, "child": 0.2}  # share of pauses that are spent at a fixture (assumed)
TOUCH = {"adult": 0.5, "child": 0.6}
PAUSE_S = {"adult": (2.0, 6.0), "child": (0.8, 3.0)}
RE_AIM_S = 3.0
ABREAST_S = 1.0
LOOSE_M = {"adult": 0.0, "child": 0.6}  # how far they stray while walking (assumed)


def accompany(shop: Shop, visit: Visit, leader: Person, role: str) -> Doing:
    """Stay near the leader, look and touch on one's own, and leave with them."""
    person, rng = visit.person, visit.rng
    while not leader.leaving:
        spot_of_leader = shop.claims.of(leader)
        anchor = leader.xy_m if spot_of_leader is None else np.array(spot_of_leader)
        astray = np.hypot(*(person.xy_m - anchor)) > STRAY_M[role]
        # Who has just followed stands anywhere, perhaps before a fitting room.
        if astray or (shop.claims.of(person) is None and not leader.mover.walking):
            yield from _follow(shop, person, leader, anchor, role)
        elif rng.random() < ACT[role]:
            yield from _act(shop, visit, anchor, role)
        else:
            face(person, leader.xy_m)
            yield shop.wait(float(rng.uniform(*PAUSE_S[role])))
    yield from leave(shop, visit, by=leader.exit_to)


def _follow(shop: Shop, person: Person, leader: Person, anchor: np.ndarray, role: str) -> Doing:
    """Walk beside a leader who walks, else to a free place near theirs; look again before long."""
    if leader.mover.walking and shop.trips is None:
        shop.claims.leave(person)
        person.mover.follow(leader.mover, loose_m=LOOSE_M[role])
        yield shop.wait(ABREAST_S)
        return
    spot = shop.place_near(person, anchor)
    if spot is None:
        yield shop.wait(1.0)
        return
    shop.claims.take(spot, person)
    arrival = shop.walk(person, spot)
    # Coarse trips end; where people walk, the leader may have moved on long before.
    yield arrival if shop.trips is not None else arrival | shop.wait(RE_AIM_S)


def _act(shop: Shop, visit: Visit, anchor: np.ndarray, role: str) -> Doing:
    """Look at a fixture near the leader, and perhaps touch something there."""
    near = np.flatnonzero(np.hypot(*(shop.sight.center_m - anchor).T) < REACH_M)
    if not len(near):
        yield shop.wait(1.0)
        return
    fixture = int(near[int(visit.rng.integers(len(near)))])
    if visit.rng.random() < TOUCH[role]:
        yield from touch(shop, visit, fixture, may_take=False)
        yield shop.wait(0.5)
    else:
        face(visit.person, shop.sight.center_m[fixture])
        yield from look(shop, visit, fixture)
