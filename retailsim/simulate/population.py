"""Who is in the world: those inside at the start, those who come, passers-by and staff.

Everyone has streams of their own, named by kind and number, so that one more shopper changes
nobody else's looks, taste or plans. The number that truth calls a person by comes from a
permutation with a seed of its own, so that nothing else can depend on it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.appearance import draw_shopper, draw_staff
from retailsim.simulate.arrivals import arrival_times_s
from retailsim.simulate.motion import Mover
from retailsim.simulate.people import Person
from retailsim.simulate.places import Spot
from retailsim.simulate.shop import TICKS_PER_S, Doing, Shop
from retailsim.simulate.shopper import Visit, plan_visit, shop_around
from retailsim.simulate.streams import stream
from retailsim.simulate.taste import CHOICE, Taste, choose
from retailsim.simulate.till import stand_behind
from retailsim.simulate.truth import Interval
from retailsim.simulate.wild import wild_clothes

PACE_SPREAD = 0.12  # relative spread of walking speeds (assumed)
LABELS = 1024
CARRIES = 0.4  # share of those inside at the start who have already taken something (assumed)


class Population:
    """Makes people and sets them going."""

    def __init__(self, shop: Shop, *, seed: int, label_seed: int) -> None:
        self._shop, self._seed, self._label_seed = shop, seed, label_seed
        self._made = 0
        self.tastes: dict[Person, Taste] = {}

    def start(self, *, start_s: float, end_s: float) -> None:
        """Put people inside at `start_s` and let others come until `end_s`."""
        shop, arrivals = self._shop, self._shop.scenario.arrivals
        if shop.lines and shop.scenario.staff.at_till:
            self._staff()
        for k in range(shop.scenario.warm_start.people):
            self._inside_at_start(k)
        for kind, points in (("visitor", arrivals.visitors), ("passer-by", arrivals.passers_by)):
            rng = stream(self._seed, "arrivals", kind)
            times = arrival_times_s(points, start_s=start_s, end_s=end_s, rng=rng)
            shop.env.process(self._come(kind, times))

    def _person(self, kind: str, k: int, xy_m: Spot, heading_rad: float) -> Person:
        looks = stream(self._seed, kind, k, "looks")
        if kind == "staff":
            body = draw_staff(looks, label=self._next_label())
        else:
            body = draw_shopper(
                looks,
                label=self._next_label(),
                seed=self._seed,
                dress_alike=self._shop.scenario.dress_alike,
            )
        wild = self._shop.scenario.randomise.clothing
        body = replace(body, clothes=wild_clothes(body.clothes, wild, seed=self._seed))
        mean = self._shop.scenario.habits.walking_speed_mps
        gait = stream(self._seed, kind, k, "gait")
        pace = mean * float(np.clip(gait.normal(1.0, PACE_SPREAD), 0.7, 1.4))
        mover = Mover(
            np.array(xy_m), heading_rad, body.height_m, pace, gait_phase=float(gait.uniform(0, 100))
        )
        return Person((kind, k), body, mover, pace_mps=pace, staff=kind == "staff")

    def _next_label(self) -> int:
        block, place = divmod(self._made, LABELS)
        self._made += 1
        order = stream(self._label_seed, "labels", block).permutation(LABELS)
        return int(block * LABELS + order[place]) + 1

    def _visit(self, person: Person) -> Visit:
        kind, k = person.key
        taste = self._shop.market.draw_taste(stream(self._seed, kind, k, "taste"))
        self.tastes[person] = taste
        return plan_visit(
            person,
            taste,
            self._shop.scenario.habits,
            plan=stream(self._seed, kind, k, "plan"),
            acts=stream(self._seed, kind, k, "acts"),
        )

    def _come(self, kind: str, times_s: NDArray[np.float64]) -> Doing:
        """Let people appear on the street at their times."""
        env = self._shop.env
        for k, tick in enumerate(np.ceil(times_s * TICKS_PER_S).astype(int)):
            if tick > env.now:
                yield env.timeout(int(tick) - env.now)
            env.process(self._from_street(kind, k))

    def _from_street(self, kind: str, k: int) -> Doing:
        shop = self._shop
        way = stream(self._seed, kind, k, "way")
        place = shop.street.end(way)
        heading = 0.0 if place[0] == shop.street.left_m else np.pi
        person = self._person(kind, k, place, heading)
        yield from shop.enter_world(person)
        if kind == "passer-by":
            yield shop.walk(person, shop.street.across(place, way), within_m=0.6)
            shop.leave_world(person)
            return
        visit = self._visit(person)
        shop.truth.taste(person, visit.taste)
        yield from shop_around(shop, visit)

    def _inside_at_start(self, k: int) -> None:
        """Put somebody at a free place by a fixture, part of their visit behind them."""
        shop = self._shop
        rng = stream(self._seed, "early", k, "way")
        spots = [spot for beside in shop.places.beside.values() for spot in beside]
        order = rng.permutation(len(spots))
        rest, heading = rng.uniform(0.15, 1.0), float(rng.uniform(-np.pi, np.pi))
        free = next((spots[i] for i in order if shop.claims.free(spots[i], None)), None)
        if free is None:
            return
        person = self._person("early", k, free, heading)
        person.inside = True
        shop.claims.take(free, person)
        shop.people.append(person)
        visit = self._visit(person)
        visit.leave_s *= rest
        if rng.random() < CARRIES:
            self._take_along(visit, rng)
        shop.env.process(shop_around(shop, visit))

    def _take_along(self, visit: Visit, rng: np.random.Generator) -> None:
        shop, person = self._shop, visit.person
        free = [int(g) for f in shop.goods.on_fixture for g in shop.goods.available(f)]
        if not free:
            return
        garment = free[choose(CHOICE * visit.taste.utility[shop.goods.sku[free]], rng)]
        shop.goods.take(garment, person, long_ago=True)
        shop.truth.begin(Interval(shop.truth.now_ns, person, garment, "carry"))
        visit.handled.add(garment)
        visit.to_try.append(garment)

    def _staff(self) -> None:
        till = next(iter(self._shop.lines))
        spots = self._shop.places.behind[till]
        if not spots:
            return
        person = self._person("staff", 0, spots[0], np.pi / 2)
        person.inside = True
        self._shop.people.append(person)
        self._shop.claims.take(spots[0], person)
        acts = stream(self._seed, "staff", 0, "acts")
        self._shop.env.process(stand_behind(self._shop, person, till, acts))
