"""What hands do with garments: flip, pick up, put back.

Reach, times and distances are assumed.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from retailsim.simulate.people import Person
from retailsim.simulate.places import Spot
from retailsim.simulate.shop import Doing, Shop
from retailsim.simulate.truth import Interval
from retailsim.store.plan import Fixture
from retailsim.store.slots import TAG_BELOW_BAR_M, fixture_axes, laid_on_m

ARM_M = 0.8  # level distance that a standing person reaches, leaning a little
PICK_UP_S = (1.0, 2.5)
PUT_BACK_S = (1.2, 2.5)
RETRY_S = 1.5
ASIDE_M = (1.4, 4.5)  # who finds no place close by looks so far around
ASIDE_S = 4.0  # who does not get out of the way in this time thinks again
LOOSE_PILE_M = 0.1  # a garment laid on others is so far above the table or board


def face(person: Person, xy_m: np.ndarray) -> None:
    """Let a person turn towards a point."""
    offset = xy_m[:2] - person.xy_m
    person.mover.face_rad = float(np.arctan2(offset[1], offset[0]))


def spot_for(shop: Shop, person: Person, garment: int) -> Spot | None:
    """Return a free spot from which a garment can be reached, None if all are taken.

    Where the person stands is best, then the nearest to the garment.
    """
    home = shop.goods.home_m[garment, :2]
    fixture = shop.goods.fixtures[shop.goods.fixture[garment]]
    spots, xy_m = shop.places.beside[fixture], shop.places.beside_m[fixture]
    if not spots:
        return None
    reach = np.hypot(*(xy_m - home).T)
    away = np.hypot(*(xy_m - person.xy_m).T)
    here = away < 0.1
    # Somebody on this side of the rail stays on this side unless it is far.
    way = 0.15 * away
    order = np.argsort(np.where(here & (reach <= ARM_M), -1.0, reach + way), kind="stable")
    near = (spots[k] for k in order if reach[k] <= ARM_M)
    return next((spot for spot in near if shop.claims.free(spot, person)), None)


def stand_at(shop: Shop, person: Person, spot: Spot) -> Doing:
    """Claim a spot and walk there, unless the person is there already."""
    shop.claims.take(spot, person)
    if np.hypot(*(np.array(spot) - person.xy_m)) > 0.1:
        yield shop.walk(person, spot)


def step_aside(shop: Shop, person: Person) -> Doing:
    """Wait for a free place, out of the way of others."""
    held = shop.claims.of(person)
    if person.inside and (held is None or held in shop.places.fixture_at):
        spot = shop.place_near(person, person.xy_m) or shop.place_near(person, person.xy_m, ASIDE_M)
        if spot is not None:
            shop.claims.take(spot, person)
            yield shop.walk(person, spot) | shop.wait(ASIDE_S)
            return
    yield shop.wait(RETRY_S)


def handle(
    shop: Shop,
    person: Person,
    garment: int,
    kind: Literal["flip", "pickup", "tidy"],
    rng: np.random.Generator,
    *,
    take: bool | None = None,
) -> Doing:
    """Handle a garment at its place; the person stands within reach.

    Args:
        shop, person, garment, rng: who, what, where, by which draws.
        kind: 'flip' leaves it there, 'pickup' takes it along, 'tidy' is what staff do.
        take: whether it is taken along; by default a 'pickup' is.
    """
    goods = shop.goods
    span = PICK_UP_S if kind == "pickup" else shop.scenario.habits.flip_s
    yield from _turn_to(shop, person, garment)
    told = shop.truth.begin(Interval(shop.truth.now_ns, person, garment, kind))
    person.turning = kind != "pickup"
    person.folding = kind == "tidy" and not _hangs(shop, garment)
    yield from _move_cloth(shop, person, garment, span, rng)
    shop.truth.end(told)
    person.turning = person.folding = False
    shop.touched[goods.fixture[garment]] += 1
    if kind == "pickup" if take is None else take:
        goods.take(garment, person)
        shop.truth.begin(Interval(shop.truth.now_ns, person, garment, "carry"))
    goods.busy[garment] = False


def put_back(shop: Shop, person: Person, garment: int, rng: np.random.Generator) -> Doing:
    """Take a carried garment to where it belongs next; waits until there is room to stand."""
    goods = shop.goods
    spot = spot_for(shop, person, garment)
    while spot is None:
        yield from step_aside(shop, person)
        spot = spot_for(shop, person, garment)
    yield from stand_at(shop, person, spot)
    yield from _turn_to(shop, person, garment)
    shop.truth.end(shop.truth.carried_since(person, garment))
    goods.busy[garment] = True
    goods.put_back(garment, person)
    told = shop.truth.begin(Interval(shop.truth.now_ns, person, garment, "putback"))
    yield from _move_cloth(shop, person, garment, PUT_BACK_S, rng)
    shop.truth.end(told)
    goods.busy[garment] = False
    if goods.fixture[garment] != goods.own_fixture[garment]:
        shop.truth.placement(person, garment, goods.fixtures[goods.fixture[garment]])


def misplace(shop: Shop, person: Person, garment: int, rng: np.random.Generator) -> None:
    """Choose a wrong place, near the person, for a garment they carry."""
    goods = shop.goods
    center = shop.sight.center_m
    way = np.hypot(*(center - person.xy_m).T)
    way[goods.own_fixture[garment]] = np.inf
    way[[not shop.places.beside[f] for f in goods.fixtures]] = np.inf
    spread = rng.random(2)
    if not np.isfinite(way).any():
        return
    nearest = np.argsort(way, kind="stable")[:2]
    chosen = int(nearest[int(spread[0] < 0.3)]) if len(nearest) > 1 else int(nearest[0])
    if np.isfinite(way[chosen]):
        place = loose_place_m(shop.plan.fixture(goods.fixtures[chosen]), float(spread[1]))
        goods.reserve(garment, chosen, place)


def loose_place_m(fixture: Fixture, share: float) -> np.ndarray:
    """Return a place on a fixture that no planogram knows, (3,), `share` of the way along it."""
    along, _ = fixture_axes(fixture)
    xy = np.array(fixture.center_m) + (0.8 * share - 0.4) * fixture.size_m[0] * along
    if fixture.kind == "rail":
        return np.array([*xy, fixture.height_m - TAG_BELOW_BAR_M])
    return np.array([*xy, laid_on_m(fixture) + LOOSE_PILE_M])


def _move_cloth(
    shop: Shop, person: Person, garment: int, span_s: tuple[float, float], rng: np.random.Generator
) -> Doing:
    """Keep a hand at a garment for a while; its cloth moves."""
    hold_s = max(0.1, round(float(rng.uniform(*span_s)), 1))
    if shop.trips is None:
        shop.goods.swing(garment, start_ns=shop.truth.now_ns, hold_s=hold_s, rng=rng)
    person.reach_m = shop.goods.home_m[garment].copy()
    yield shop.wait(hold_s)
    person.reach_m = None


def _hangs(shop: Shop, garment: int) -> bool:
    return shop.plan.fixture(shop.goods.fixtures[shop.goods.fixture[garment]]).kind == "rail"


def _turn_to(shop: Shop, person: Person, garment: int) -> Doing:
    face(person, shop.goods.home_m[garment])
    yield shop.wait(0.5)
