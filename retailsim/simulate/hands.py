"""What hands do with garments: flip, pick up, put back."""

from __future__ import annotations

from typing import Literal

import numpy as np

from retailsim.simulate.people import Person
from retailsim.simulate.places import Spot
from retailsim.simulate.shop import Doing, Shop
from retailsim.simulate.truth import Interval

ARM_M = 0.8  # level distance that a standing person reaches, leaning a little
PICK_UP_S = (1.0, 2.5)
PUT_BACK_S = (1.2, 2.5)
RETRY_S = 1.5


def face(person: Person, xy_m: np.ndarray) -> None:
    """Let a person turn towards a point."""
    offset = xy_m[:2] - person.xy_m
    person.mover.face_rad = float(np.arctan2(offset[1], offset[0]))


def spot_for(shop: Shop, person: Person, garment: int) -> Spot | None:
    """Return a free spot from which a garment can be reached, None if all are taken.

    Where the person stands is best, then the nearest to the garment.
    """
    home = shop.goods.home_m[garment, :2]
    spots = shop.places.beside[shop.plan.items[garment].fixture]
    if not spots:
        return None
    reach = np.hypot(*(np.array(spots) - home).T)
    here = np.hypot(*(np.array(spots) - person.xy_m).T) < 0.1
    # Somebody on this side of the rail stays on this side unless it is far.
    way = 0.15 * np.hypot(*(np.array(spots) - person.xy_m).T)
    order = np.argsort(np.where(here & (reach <= ARM_M), -1.0, reach + way), kind="stable")
    near = (spots[k] for k in order if reach[k] <= ARM_M)
    return next((spot for spot in near if shop.claims.free(spot, person)), None)


def stand_at(shop: Shop, person: Person, spot: Spot) -> Doing:
    """Claim a spot and walk there, unless the person is there already."""
    shop.claims.take(spot, person)
    if np.hypot(*(np.array(spot) - person.xy_m)) > 0.1:
        yield shop.walk(person, spot)


def handle(
    shop: Shop,
    person: Person,
    garment: int,
    kind: Literal["flip", "pickup"],
    rng: np.random.Generator,
) -> Doing:
    """Flip a garment at its place, or pick it up; the person stands within reach."""
    goods = shop.goods
    span = PICK_UP_S if kind == "pickup" else shop.scenario.habits.flip_s
    yield from _turn_to(shop, person, garment)
    hold_s = max(0.1, round(float(rng.uniform(*span)), 1))
    goods.swing(garment, start_ns=shop.truth.now_ns, hold_s=hold_s, rng=rng)
    told = shop.truth.begin(Interval(shop.truth.now_ns, person, garment, kind))
    person.reach_m = goods.home_m[garment].copy()
    yield shop.wait(hold_s)
    shop.truth.end(told)
    person.reach_m = None
    if kind == "pickup":
        goods.take(garment, person)
        shop.truth.begin(Interval(shop.truth.now_ns, person, garment, "carry"))
    goods.busy[garment] = False


def put_back(shop: Shop, person: Person, garment: int, rng: np.random.Generator) -> Doing:
    """Take a carried garment back to its slot; waits until there is room to stand."""
    goods = shop.goods
    spot = spot_for(shop, person, garment)
    while spot is None:
        yield shop.wait(RETRY_S)
        spot = spot_for(shop, person, garment)
    yield from stand_at(shop, person, spot)
    yield from _turn_to(shop, person, garment)
    shop.truth.end(shop.truth.carried_since(person, garment))
    goods.busy[garment] = True
    goods.put_back(garment, person)
    hold_s = max(0.1, round(float(rng.uniform(*PUT_BACK_S)), 1))
    goods.swing(garment, start_ns=shop.truth.now_ns, hold_s=hold_s, rng=rng)
    told = shop.truth.begin(Interval(shop.truth.now_ns, person, garment, "putback"))
    person.reach_m = goods.home_m[garment].copy()
    yield shop.wait(hold_s)
    shop.truth.end(told)
    person.reach_m = None
    goods.busy[garment] = False


def _turn_to(shop: Shop, person: Person, garment: int) -> Doing:
    face(person, shop.goods.home_m[garment])
    yield shop.wait(0.5)
