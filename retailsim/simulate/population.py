"""Who is in the world: those inside at the start, those who come, passers-by and staff.

Everyone has streams of their own, named by kind and number, so that one more shopper changes
nobody else's looks, taste or plans. The number that truth calls a person by comes from a
permutation with a seed of its own, so that nothing else can depend on it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from retailsim.errors import ScenarioError
from retailsim.simulate.appearance import draw_body, draw_clothes, draw_shopper, draw_staff
from retailsim.simulate.arrivals import arrival_times_s
from retailsim.simulate.choice import choose
from retailsim.simulate.companions import accompany
from retailsim.simulate.gait import group_share, relative_pace
from retailsim.simulate.motion import Mover
from retailsim.simulate.party import Member, Party, draw_party
from retailsim.simulate.people import Person, Story
from retailsim.simulate.places import Spot
from retailsim.simulate.shop import TICKS_PER_S, Doing, Shop
from retailsim.simulate.shopper import shop_around
from retailsim.simulate.snapshot import Body
from retailsim.simulate.staff import greet, keep_stock
from retailsim.simulate.streams import stream
from retailsim.simulate.stroll import SPREAD, Stroll, stroll, stroll_along
from retailsim.simulate.taste import Taste
from retailsim.simulate.till import stand_behind
from retailsim.simulate.truth import Interval
from retailsim.simulate.visit import Visit, came_for, stay
from retailsim.simulate.wild import wild_clothes, wild_manner
from retailsim.store.standing import as_spot

PACE_SPREAD = 0.12  # relative spread of walking speeds (assumed)
LABELS = 1024
CARRIES = 0.4  # share of those inside at the start who have already taken something (assumed)
FARTHER_M = (1.4, 5.0)  # staff who find no place at the stock room start so far from it
FIRST_GREETER, FIRST_STOCKER = 100, 200  # numbers of employees; tills count from 0
Key = tuple[str | int, ...]


class Population:
    """Makes people and sets them going."""

    def __init__(self, shop: Shop, *, seed: int, label_seed: int) -> None:
        self._shop, self._seed, self._label_seed = shop, seed, label_seed
        self._made = self._groups = 0
        self._regulars: dict[int, Body] = {}
        self._here: set[int] = set()  # regular customers in the shop or on the way to it

    def start(self, *, start_s: float, end_s: float) -> None:
        """Put people inside at `start_s` and let others come until `end_s`."""
        shop, arrivals = self._shop, self._shop.scenario.arrivals
        self._staff()
        for k in range(shop.scenario.warm_start.people):
            self._inside_at_start(k)
        for kind, points in (("visitor", arrivals.visitors), ("passer-by", arrivals.passers_by)):
            rng = stream(self._seed, "arrivals", kind)
            times = arrival_times_s(points, start_s=start_s, end_s=end_s, rng=rng)
            shop.env.process(self._come(kind, times))

    def _come(self, kind: str, times_s: NDArray[np.float64]) -> Doing:
        """Let parties appear on the street at their times."""
        env = self._shop.env
        for k, tick in enumerate(np.ceil(times_s * TICKS_PER_S).astype(int)):
            if tick > env.now:
                yield env.timeout(int(tick) - env.now)
            env.process(self._passes(k) if kind == "passer-by" else self._visits(kind, k))

    def _passes(self, k: int) -> Doing:
        """Let somebody walk by outside."""
        shop, key = self._shop, ("passer-by", k)
        way = stream(self._seed, *key, "way")
        place = shop.street.end(way)
        body = draw_shopper(
            stream(self._seed, *key, "looks"),
            label=self._next_label(),
            seed=self._seed,
            dress_alike=shop.scenario.dress_alike,
        )
        person = self._person(key, body, place, Story("passer-by", group=self._next_group()))
        yield from shop.enter_world(person)
        yield shop.walk(person, shop.street.across(place, way), within_m=0.6)
        shop.leave_world(person)

    def _visits(self, kind: str, k: int) -> Doing:
        """Let a party come, and its leader perhaps come back later."""
        party = self._party(kind, k)
        yield from self._come_in(party, (kind, k), stream(self._seed, kind, k, "way"))
        yield from self._come_back(party, (kind, k))

    def _come_back(self, party: Party, key: Key) -> Doing:
        """Let the leader of a party, if a regular customer, perhaps come once more, alone."""
        shop, regulars = self._shop, self._shop.scenario.regulars
        again = stream(self._seed, *key, "again")
        if party.customer is None or again.random() >= regulars.same_day:
            return
        yield shop.wait(regulars.back_after_s.draw(again))
        if party.customer in self._here:
            return
        self._here.add(party.customer)
        alone = Party(party.persona, party.purpose, party.members[:1], party.customer)
        yield from self._come_in(alone, (*key, "again"), again)

    def _come_in(self, party: Party, key: Key, way: np.random.Generator) -> Doing:
        shop = self._shop
        place = shop.street.end(way)
        leader = self._leader(party, key, place, self._next_group())
        yield from shop.enter_world(leader)
        self._bring_along(party, key, leader, place)
        if shop.street.shops:
            yield from stroll(shop, self._stroll(leader))
            self._gone(party)
            return
        visit = self._visit(leader, party, key)
        if party.purpose == "return":
            self._bring_bought(leader, way)
        yield from self._shop_around(party, visit)

    def _shop_around(self, party: Party, visit: Visit) -> Doing:
        yield from shop_around(self._shop, visit)
        self._gone(party)

    def _finish(self, party: Party, visit: Visit, key: Key) -> Doing:
        yield from self._shop_around(party, visit)
        yield from self._come_back(party, key)

    def _gone(self, party: Party) -> None:
        if party.customer is not None:
            self._here.discard(party.customer)

    def _bring_along(self, party: Party, key: Key, leader: Person, place: Spot) -> None:
        shop = self._shop
        for m, member in enumerate(party.members[1:], start=1):
            person = self._member(party, member, (*key, m), place, leader.story.group)
            _join(leader, person)
            shop.env.process(self._tag_along(party, member, person, leader, (*key, m)))

    def _tag_along(
        self, party: Party, member: Member, person: Person, leader: Person, key: Key
    ) -> Doing:
        shop = self._shop
        yield from shop.enter_world(person)
        if shop.street.shops:
            yield from stroll_along(shop, person, leader, member.role)
        else:
            yield from accompany(shop, self._visit(person, party, key), leader, member.role)

    def _inside_at_start(self, k: int) -> None:
        """Put a party in the middle of a visit at a free place, by a fixture if there is one."""
        shop, key = self._shop, ("early", k)
        rng = stream(self._seed, *key, "way")
        spots = [spot for beside in shop.places.beside.values() for spot in beside]
        idle = [as_spot(spot) for spot in shop.places.idle_m]
        order = rng.permutation(len(spots or idle))
        rest, heading = rng.uniform(0.15, 1.0), float(rng.uniform(-np.pi, np.pi))
        free = self._first_free(spots or idle, order)
        if free is None and spots:
            free = self._first_free(idle, rng.permutation(len(idle)))
        if free is None:
            raise ScenarioError(
                f"warm_start.people: the shop is full with {k} parties and the staff at the "
                f"start; take fewer than {shop.scenario.warm_start.people}"
            )
        party = self._party("early", k)
        leader = self._leader(party, key, free, self._next_group())
        self._stands(leader, free, heading)
        if shop.street.shops:
            self._bring_along(party, key, leader, free)
            shop.env.process(stroll(shop, self._stroll(leader)))
            return
        visit = self._visit(leader, party, key)
        visit.leave_s *= rest
        if party.purpose != "return" and rng.random() < CARRIES:
            self._take_along(visit, rng)
        for m, member in enumerate(party.members[1:], start=1):
            person = self._member(party, member, (*key, m), free, leader.story.group)
            spot = shop.place_near(person, leader.xy_m)
            if spot is not None:
                _join(leader, person)
                self._stands(person, spot, heading)
                own = self._visit(person, party, (*key, m))
                shop.env.process(accompany(shop, own, leader, member.role))
        shop.env.process(self._finish(party, visit, key))

    def _first_free(self, spots: list[Spot], order: NDArray[np.int64]) -> Spot | None:
        free = self._shop.claims.free
        return next((spots[i] for i in order if free(spots[i], None)), None)

    def _stands(self, person: Person, spot: Spot, heading_rad: float) -> None:
        person.mover.xy_m, person.mover.heading_rad = np.array(spot, float), heading_rad
        person.inside = True
        self._shop.claims.take(spot, person)
        self._shop.people.append(person)

    def _take_along(self, visit: Visit, rng: np.random.Generator) -> None:
        shop, person = self._shop, visit.person
        free = np.flatnonzero(shop.goods.free)
        if not len(free):
            return
        garment = int(free[choose(visit.value(shop)[shop.goods.sku[free]], rng)])
        shop.goods.take(garment, person, long_ago=True)
        shop.truth.begin(Interval(shop.truth.now_ns, person, garment, "carry"))
        visit.handled.add(garment)
        visit.to_try.append(garment)

    def _bring_bought(self, person: Person, rng: np.random.Generator) -> None:
        """Give a customer one of the garments that were bought and taken out of the shop."""
        bought = self._shop.goods.taken_home()
        if len(bought):
            garment = int(bought[int(rng.integers(len(bought)))])
            self._shop.goods.bring_back(garment, person)

    def _staff(self) -> None:
        shop, staff = self._shop, self._shop.scenario.staff
        for i, till in enumerate(shop.lines):
            spots = shop.places.behind[till]
            if spots:
                person, acts = self._employee(i, spots[0])
                shop.env.process(stand_behind(shop, person, till, acts))
        for i, post in enumerate(shop.places.posts[: staff.greeters], start=FIRST_GREETER):
            person, acts = self._employee(i, post)
            shop.env.process(greet(shop, person, post, acts))
        stock_room = shop.places.stock_room
        for i in range(FIRST_STOCKER, FIRST_STOCKER + staff.stockers):
            if stock_room is None:
                break
            person, acts = self._employee(i, stock_room)
            shop.env.process(keep_stock(shop, person, stock_room, acts))

    def _employee(self, i: int, spot: Spot) -> tuple[Person, np.random.Generator]:
        """Make an employee at a spot, or near it where somebody else has it."""
        shop, looks = self._shop, stream(self._seed, "staff", i, "looks")
        body = draw_staff(looks, label=self._next_label())
        person = self._person(("staff", i), body, spot, Story("staff"), staff=True)
        if not shop.claims.free(spot, person):
            near = shop.place_near(person, np.array(spot))
            near = near or shop.place_near(person, np.array(spot), FARTHER_M)
            if near is None:
                x, y = spot
                raise ScenarioError(f"staff: no room for so many near ({x:g}, {y:g}) m; take fewer")
            spot = near
        self._stands(person, spot, np.pi / 2)
        return person, stream(self._seed, "staff", i, "acts")

    def _party(self, kind: str, k: int) -> Party:
        party = draw_party(
            self._shop.scenario.personas,
            self._shop.scenario.regulars,
            kind=stream(self._seed, kind, k, "persona"),
            company=stream(self._seed, kind, k, "company"),
        )
        if party.customer in self._here:  # nobody is here twice: this one is a stranger
            return replace(party, customer=None)
        if party.customer is not None:
            self._here.add(party.customer)
        return party

    def _leader(self, party: Party, key: Key, spot: Spot, group: int) -> Person:
        """Make the leader of a party, a stranger or a regular customer."""
        if party.customer is None:
            return self._member(party, party.members[0], key, spot, group)
        body = self._regular(party.customer, party.members[0])
        story = Story(party.persona.id, party.purpose, f"customer-{party.customer}", group)
        return self._shopper(party, key, body, spot, story)

    def _regular(self, customer: int, member: Member) -> Body:
        """Return the body of a regular customer, the same all day."""
        profile = member.profile
        if customer not in self._regulars:
            regulars, date = self._shop.scenario.regulars, self._shop.scenario.start_time.date()
            name = (regulars.seed, "customer", customer)
            clothes = draw_clothes(stream(*name, "clothes", date.isoformat()), profile=profile)
            self._regulars[customer] = draw_body(
                stream(*name, "body"), label=self._next_label(), clothes=clothes, profile=profile
            )
        return self._regulars[customer]

    def _member(self, party: Party, member: Member, key: Key, spot: Spot, group: int) -> Person:
        body = draw_shopper(
            stream(self._seed, *key, "looks"),
            label=self._next_label(),
            seed=self._seed,
            dress_alike=self._shop.scenario.dress_alike,
            profile=member.profile,
        )
        story = Story(party.persona.id, party.purpose, group=group)
        return self._shopper(party, key, body, spot, story)

    def _shopper(self, party: Party, key: Key, body: Body, spot: Spot, story: Story) -> Person:
        pace = party.persona.pace * relative_pace(body.age_years, body.presentation)
        pace *= group_share(len(party.members))
        person = self._person(key, body, spot, story, pace=pace)
        person.taste = self._taste(person, party, key)
        return person

    def _person(
        self, key: Key, body: Body, spot: Spot, story: Story, *, staff: bool = False,
        pace: float = 1.0,
    ) -> Person:  # fmt: skip
        wild = self._shop.scenario.randomise
        clothes = wild_clothes(body.clothes, wild.clothing, seed=self._seed)
        manner = wild_manner(body, wild.pose, seed=self._seed)
        body = replace(body, clothes=clothes, manner=manner)
        gait = stream(self._seed, *key, "gait")
        mean_mps = self._shop.scenario.habits.walking_speed_mps * pace
        pace_mps = mean_mps * float(np.clip(gait.normal(1.0, PACE_SPREAD), 0.7, 1.4))
        mover = Mover(
            np.array(spot, float),
            self._shop.street.heading_from(spot, self._shop.plan),
            body.height_m,
            pace_mps,
            gait_phase=float(gait.uniform(0, 100)),
        )
        return Person(key, body, mover, pace_mps=pace_mps, story=story, staff=staff)

    def _visit(self, person: Person, party: Party, key: Key) -> Visit:
        shop, persona = self._shop, party.persona
        assert person.taste is not None
        plan = stream(self._seed, *key, "plan")
        leave_s, fixtures = stay(shop.scenario.habits, party.purpose, persona.stay, plan)
        patience_s = persona.patience_s.draw(plan)
        kind = came_for(person.taste, shop.market.kinds, plan)
        budget = persona.budget_eur
        return Visit(
            person=person,
            taste=person.taste,
            purpose=party.purpose,
            rng=stream(self._seed, *key, "acts"),
            response=stream(self._seed, *key, "response"),
            leave_s=leave_s,
            fixtures=fixtures,
            patience_s=patience_s,
            budget_eur=None if budget is None else budget.draw(plan),
            wanted=kind if party.purpose == "find" else np.zeros(len(kind), bool),
            seen=np.zeros(len(shop.goods.fixtures), bool),
        )

    def _taste(self, person: Person, party: Party, key: Key) -> Taste:
        rng = stream(self._seed, *key, "taste")
        if person.story.customer and party.customer is not None:
            rng = stream(self._shop.scenario.regulars.seed, "customer", party.customer, "taste")
        persona = party.persona
        return self._shop.market.draw_taste(rng, segment=persona.segment, style=persona.style)

    def _stroll(self, person: Person) -> Stroll:
        acts = stream(self._seed, *person.key, "acts")
        return Stroll(
            person=person,
            rng=acts,
            response=stream(self._seed, *person.key, "response"),
            liking=SPREAD * acts.normal(size=len(self._shop.street.shops)),
            stay_s=self._shop.scenario.habits.visit_s,
        )

    def _next_group(self) -> int:
        self._groups += 1
        return self._groups

    def _next_label(self) -> int:
        block, place = divmod(self._made, LABELS)
        self._made += 1
        order = stream(self._label_seed, "labels", block).permutation(LABELS)
        return int(block * LABELS + order[place]) + 1


def _join(leader: Person, person: Person) -> None:
    """Let two of a group wait for each other and walk abreast."""
    leader.mover.companions = (*leader.mover.companions, person.mover)
    person.mover.companions = (leader.mover,)
