"""The world: a shop full of people and garments, played tick by tick."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import TypeAlias

import numpy as np
import simpy

from retailsim.errors import ScenarioError
from retailsim.messages.base import Message
from retailsim.messages.policy import Policy, ShowNothing
from retailsim.messages.truth import TruthScenario, TruthTagPositions, TruthTagZones
from retailsim.simulate.choice import Sight
from retailsim.simulate.coarse import Trips
from retailsim.simulate.doors import on_floor, through
from retailsim.simulate.draught import Draughts
from retailsim.simulate.goods import Goods
from retailsim.simulate.motion import step
from retailsim.simulate.navigation import Navigator
from retailsim.simulate.people import snapshot_people
from retailsim.simulate.places import find_places
from retailsim.simulate.population import Population
from retailsim.simulate.scenario import MAX_DURATION_S, Scenario, dump_scenario
from retailsim.simulate.shop import TICKS_PER_S, Doing, Line, Shop
from retailsim.simulate.snapshot import Place, Snapshot
from retailsim.simulate.streams import stream
from retailsim.simulate.street import Street
from retailsim.simulate.taste import Market
from retailsim.simulate.truth import Recorder
from retailsim.store.plan import StorePlan

Messages: TypeAlias = tuple[Message, ...]
TICK_NS = 10**9 // TICKS_PER_S
POSITION_TICKS = 10  # garments' positions are told once a second
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
        coarse: bool = False,
    ) -> None:
        """Set up the shop at the beginning of the warm-up.

        Args:
            scenario: what is played.
            plan: where; needs a floor size and a door to a street or a mall.
            seed: all draws but the labels follow from it.
            policy: decides what mirrors and screens show; by default nothing.
            label_seed: draws the numbers truth calls people by; `seed` by default.
            coarse: play decisions and visits alone: people get about without walking, cloth
                does not move; see `run_coarse`.

        Raises:
            ScenarioError: nobody could walk in that plan.
        """
        self._scenario, self._plan, self._seed = scenario, plan, seed
        warm_up = round(scenario.warm_start.warm_up_s * TICKS_PER_S)
        self._env = simpy.Environment(initial_time=-warm_up)
        self._shop = self._open(policy or ShowNothing(), coarse)
        label_seed = seed if label_seed is None else label_seed
        self._population = Population(self._shop, seed=seed, label_seed=label_seed)
        self._started = False
        self._draughts: Draughts | None = None
        if scenario.draught is not None:
            self._draughts = Draughts(scenario.draught, plan, self._shop.goods, seed=seed)

    def run(self, duration_s: float) -> Iterator[tuple[Snapshot, tuple[Message, ...]]]:
        """Yield the world at every tick of 0.1 s, with the messages that came up since the last.

        The first tick is the scenario's start; its messages hold the scenario, everyone's taste
        and all tags' zones. With the last come the intervals that are still open, ended there.

        Raises:
            ScenarioError: the duration is not positive, too long, or this world has run before.
        """
        self._begin(duration_s)
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

    def run_coarse(self, duration_s: float, *, every_s: float = 10.0) -> Iterator[Messages]:
        """Play a coarse world; yields the truth of every `every_s` seconds.

        Raises:
            ScenarioError: a duration that is not positive or beyond a day; a second run.
        """
        self._begin(duration_s)
        ticks, step_ticks = max(1, round(duration_s * TICKS_PER_S)), round(every_s * TICKS_PER_S)
        self._population.start(start_s=self._env.now / TICKS_PER_S, end_s=ticks / TICKS_PER_S)
        self._env.run(until=0.5)
        self._shop.goods.settle(self._shop.people)
        self._tell_beginning()
        yield self._messages(last=False)
        for start in range(0, ticks, step_ticks):
            end = min(start + step_ticks, ticks)
            self._env.run(until=end + 0.5)
            self._shop.goods.settle(self._shop.people)
            yield self._messages(last=end == ticks)

    def _begin(self, duration_s: float) -> None:
        if not 0 < duration_s <= MAX_DURATION_S:
            raise ScenarioError(
                f"duration {duration_s:g} s: give more than 0 and at most {MAX_DURATION_S:g}"
            )
        if self._started:
            raise ScenarioError("this world has already run; make another")
        self._started = True

    def _open(self, policy: Policy, coarse: bool) -> Shop:
        """Set up the shop with its goods, places and queues, nobody in it."""
        scenario, plan = self._scenario, self._plan
        street, places, goods = Street.before(plan), find_places(plan), Goods(plan)
        if any(persona.purposes.return_ for persona in scenario.personas):
            rng = stream(self._seed, "sold-before")
            goods.sell_before(rng.permutation(len(plan.items))[: len(plan.items) // 20])
        delivery = scenario.staff.delivery
        if delivery is not None and len(plan.items):
            rng = stream(self._seed, "delivery")
            goods.store(_delivered(goods, delivery.garments, rng))
        staffed = list(places.queues)[: scenario.staff.at_till]
        return Shop(
            env=self._env,
            plan=plan,
            scenario=scenario,
            policy=policy,
            street=street,
            navigator=None if coarse else Navigator(plan, street),
            trips=Trips(plan, street) if coarse else None,
            places=places,
            goods=goods,
            sight=Sight.of(plan, goods.fixtures),
            market=Market(plan, scenario.tastes, seed=self._seed),
            truth=Recorder(plan, start_ns=scenario.start_ns, clock=self._now_ns),
            rooms=_rooms(self._env, list(places.rooms)),
            fitting=Line(self._env, "fitting", places.fitting) if places.fitting else None,
            mirrors={m: simpy.Resource(self._env) for m in places.mirrors},
            lines={till: Line(self._env, till, places.queues[till]) for till in staffed},
            touched=np.zeros(len(goods.fixtures), np.int64),
        )

    def _now_ns(self) -> int:
        return self._scenario.start_ns + floor(self._env.now) * TICK_NS

    def _move(self) -> Doing:
        """Let everyone walk, tick by tick, and watch the doors."""
        shop, navigator = self._shop, self._shop.navigator
        assert navigator is not None
        while True:
            yield self._env.timeout(1)
            people = list(shop.people)
            if not people:
                continue
            before = np.array([person.xy_m for person in people])
            for person in people:
                person.mover.speed_mps = person.pace_mps * (1.0 if person.inside else OUTDOORS)
            step([person.mover for person in people], navigator)
            after = np.array([person.xy_m for person in people])
            for row, door, direction in through(self._plan.doors, before, after):
                shop.truth.crossing(people[row], door, direction)
                if self._draughts is not None:
                    self._draughts.door_opens(door, self._now_ns())
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
            shop.truth.appears(person)
        for garment in np.flatnonzero(shop.goods.astray).tolist():
            shop.truth.placement(None, garment, shop.goods.fixtures[shop.goods.fixture[garment]])
        shop.goods.changed_zones()
        epc, zone = shop.goods.zones()
        shop.truth.tell(TruthTagZones(now, epc=epc, zone=zone))
        self._tell_positions()

    def _tell_positions(self) -> None:
        epc, xyz_m = self._shop.goods.moved()
        if len(epc):
            self._shop.truth.tell(TruthTagPositions(self._now_ns(), epc=epc, xyz_m=xyz_m))

    def _messages(self, *, last: bool) -> tuple[Message, ...]:
        shop = self._shop
        epc, zone = shop.goods.changed_zones()
        if len(epc):
            shop.truth.tell(TruthTagZones(self._now_ns(), epc=epc, zone=zone))
        if floor(self._env.now) % POSITION_TICKS == 0:
            self._tell_positions()
        shop.truth.people(shop.people)
        shop.truth.poses(shop.people)
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


def _delivered(goods: Goods, count: int, rng: np.random.Generator) -> list[int]:
    """Choose the garments that are still in the stock room: whole stretches of fixtures."""
    order: list[int] = []
    there = goods.place == Place.ON_FIXTURE
    for fixture in rng.permutation(len(goods.fixtures)):
        order += [int(g) for g in np.flatnonzero(there & (goods.own_fixture == fixture))][::2]
    return order[:count]
