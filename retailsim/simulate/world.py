"""The world: a shop full of people and garments, played tick by tick."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor

import numpy as np
import simpy

from retailsim.errors import ScenarioError
from retailsim.messages.base import Message
from retailsim.messages.policy import Policy, ShowNothing
from retailsim.messages.truth import TruthScenario, TruthTagZones
from retailsim.simulate.doors import on_floor, through
from retailsim.simulate.goods import Goods
from retailsim.simulate.motion import step
from retailsim.simulate.navigation import Navigator
from retailsim.simulate.people import snapshot_people
from retailsim.simulate.places import find_places
from retailsim.simulate.population import Population
from retailsim.simulate.scenario import MAX_DURATION_S, Scenario, dump_scenario
from retailsim.simulate.shop import TICKS_PER_S, Doing, Line, Shop
from retailsim.simulate.snapshot import Snapshot
from retailsim.simulate.street import Street
from retailsim.simulate.taste import Market
from retailsim.simulate.truth import Recorder
from retailsim.store.plan import StorePlan

TICK_NS = 10**9 // TICKS_PER_S
OUTDOORS = 1.3  # people on the street walk this much faster than in a shop (assumed)


class World:
    """One scenario played once in one shop."""

    def __init__(
        self,
        scenario: Scenario,
        plan: StorePlan,
        *,
        seed: int,
        policy: Policy | None = None,
        label_seed: int | None = None,
    ) -> None:
        """Set up the shop at the beginning of the warm-up.

        Args:
            scenario: what is played.
            plan: where; needs a floor size and a door in its south wall.
            seed: all draws but the labels follow from it.
            policy: decides what mirrors show; by default nothing.
            label_seed: draws the numbers truth calls people by; `seed` by default.

        Raises:
            ScenarioError: nobody could walk in that plan.
        """
        self._scenario, self._plan, self._seed = scenario, plan, seed
        warm_up = round(scenario.warm_start.warm_up_s * TICKS_PER_S)
        self._env = simpy.Environment(initial_time=-warm_up)
        street = Street.before(plan)
        places = find_places(plan)
        self._shop = Shop(
            env=self._env,
            plan=plan,
            scenario=scenario,
            policy=policy or ShowNothing(),
            street=street,
            navigator=Navigator(plan, street),
            places=places,
            goods=Goods(plan),
            market=Market(plan, scenario.tastes, seed=seed),
            truth=Recorder(plan, start_ns=scenario.start_ns, clock=self._now_ns),
            rooms=_rooms(self._env, list(places.rooms)),
            mirrors={m: simpy.Resource(self._env) for m in places.mirrors},
            lines={till: Line(self._env, spots) for till, spots in places.queues.items()},
        )
        label_seed = seed if label_seed is None else label_seed
        self._population = Population(self._shop, seed=seed, label_seed=label_seed)
        self._started = False

    def run(self, duration_s: float) -> Iterator[tuple[Snapshot, tuple[Message, ...]]]:
        """Yield the world at every tick of 0.1 s, with the messages that came up since the last.

        The first tick is the scenario's start; its messages hold the scenario, everyone's taste
        and all tags' zones. With the last come the intervals that are still open, ended there.

        Raises:
            ScenarioError: the duration is not positive, too long, or this world has run before.
        """
        if not 0 < duration_s <= MAX_DURATION_S:
            raise ScenarioError(
                f"duration {duration_s:g} s: give more than 0 and at most {MAX_DURATION_S:g}"
            )
        if self._started:
            raise ScenarioError("this world has already run; make another")
        self._started = True
        ticks = max(1, round(duration_s * TICKS_PER_S))
        self._env.process(self._move())
        self._population.start(start_s=self._env.now / TICKS_PER_S, end_s=ticks / TICKS_PER_S)
        for tick in range(int(self._env.now), ticks):
            self._env.run(until=tick + 0.5)
            self._shop.goods.advance(self._shop.people, self._now_ns(), TICK_NS)
            if tick == 0:
                self._tell_beginning()
            if tick >= 0:
                yield self._snapshot(), self._messages(last=tick == ticks - 1)

    def _now_ns(self) -> int:
        return self._scenario.start_ns + floor(self._env.now) * TICK_NS

    def _move(self) -> Doing:
        """Let everyone walk, tick by tick, and watch the doors."""
        shop = self._shop
        while True:
            yield self._env.timeout(1)
            people = list(shop.people)
            if not people:
                continue
            before = np.array([person.xy_m for person in people])
            for person in people:
                person.mover.speed_mps = person.pace_mps * (1.0 if person.inside else OUTDOORS)
            step([person.mover for person in people], shop.navigator)
            after = np.array([person.xy_m for person in people])
            for row, door, direction in through(self._plan.doors, before, after):
                shop.truth.crossing(people[row], door, direction)
            for person, inside in zip(people, on_floor(self._plan, after), strict=True):
                person.inside = bool(inside)

    def _tell_beginning(self) -> None:
        shop, now = self._shop, self._now_ns()
        shop.truth.switch_on()
        shop.truth.tell(
            TruthScenario(
                now, name=self._scenario.name, seed=self._seed, yaml=dump_scenario(self._scenario)
            )
        )
        for person in shop.people:
            if person in self._population.tastes:
                shop.truth.taste(person, self._population.tastes[person])
        shop.goods.changed_zones()
        epc, zone = shop.goods.zones()
        shop.truth.tell(TruthTagZones(now, epc=epc, zone=zone))

    def _messages(self, *, last: bool) -> tuple[Message, ...]:
        shop = self._shop
        epc, zone = shop.goods.changed_zones()
        if len(epc):
            shop.truth.tell(TruthTagZones(self._now_ns(), epc=epc, zone=zone))
        shop.truth.people(shop.people)
        if last:
            shop.truth.close()
        return shop.truth.take()

    def _snapshot(self) -> Snapshot:
        shop = self._shop
        return Snapshot(
            time_ns=self._now_ns(),
            people=snapshot_people(shop.people),
            garments=shop.goods.snapshot(shop.people),
            swings=tuple(shop.goods.swings),
        )


def _rooms(env: simpy.Environment, names: list[str]) -> simpy.Store:
    store = simpy.Store(env)
    store.items.extend(names)
    return store
