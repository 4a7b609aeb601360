"""The garments: each is in exactly one place, and cloth swings when touched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.people import Person
from retailsim.simulate.snapshot import Garments, Place, Swing
from retailsim.store.plan import StorePlan
from retailsim.store.slots import fixture_axes
from retailsim.store.zones import OUTSIDE, ZoneMap

F64 = NDArray[np.float64]
FLIP_M = (0.02, 0.07)  # amplitude of a handled garment (assumed; "cm" in the sources)
NEIGHBOUR_M = (0.002, 0.006)  # of those beside it on the rail
FLIP_HZ = (0.5, 3.0)
DECAY_S = (0.3, 0.8)
TAIL = 4.0  # a swing is over after this many decay times
HAND_OVER = 0.2  # share of the way between fixture and hand that a garment makes in a tick


class Goods:
    """All garments of a plan, in the order of `plan.items`.

    Attributes:
        place: Place values, uint8 (g,).
        holder: who has each garment, None for nobody.
        busy: somebody handles the garment or is on the way to, bool (g,).
        swings: cloth in motion.
    """

    def __init__(self, plan: StorePlan) -> None:
        count = len(plan.items)
        self._plan = plan
        self._zones = ZoneMap(plan)
        home = [plan.slot_xyz_m(item.fixture, item.slot) for item in plan.items]
        self.home_m = np.array(home, float).reshape(-1, 3)
        self.place = np.full(count, Place.ON_FIXTURE, np.uint8)
        self.holder: list[Person | None] = [None] * count
        self.busy = np.zeros(count, bool)
        self.swings: list[Swing] = []
        sku = {s.id: i for i, s in enumerate(plan.catalogue)}
        self.sku = np.array([sku[item.sku] for item in plan.items], np.int64)
        self.on_fixture = {
            f: np.array([i for i, item in enumerate(plan.items) if item.fixture == f])
            for f in plan.slots_per_fixture
        }
        self._at_m = self.home_m.copy()
        self._in_hand = np.zeros(count)  # 0 at its slot, 1 in the hand
        self._zone = self._zones.index(self.home_m[:, :2])

    def available(self, fixture: str) -> NDArray[np.int64]:
        """Return the garments of a fixture that anybody may handle now."""
        items = self.on_fixture[fixture]
        free: NDArray[np.int64] = items[(self.place[items] == Place.ON_FIXTURE) & ~self.busy[items]]
        return free

    def take(self, garment: int, person: Person, *, long_ago: bool = False) -> None:
        """Put a garment from its fixture into a person's hand, now or long ago."""
        assert self.place[garment] == Place.ON_FIXTURE
        self.place[garment] = Place.CARRIED
        self.holder[garment] = person
        person.carrying.append(garment)
        if long_ago:
            self._in_hand[garment] = 1.0

    def put_back(self, garment: int, person: Person) -> None:
        """Hang or lay a carried garment back at its own slot."""
        assert self.holder[garment] is person
        person.carrying.remove(garment)
        self.place[garment] = Place.ON_FIXTURE
        self.holder[garment] = None

    def sell(self, garment: int, person: Person) -> None:
        """Deactivate a garment's tag; the buyer takes it out of the shop."""
        assert self.holder[garment] is person
        person.carrying.remove(garment)
        person.sold.append(garment)
        self.place[garment] = Place.SOLD

    def set_fitting(self, person: Person, fitting: bool) -> None:
        """Say that a person's garments are in a fitting room with them, or no longer."""
        for garment in person.carrying:
            self.place[garment] = Place.FITTING if fitting else Place.CARRIED

    def swing(
        self, garment: int, *, start_ns: int, hold_s: float, rng: np.random.Generator
    ) -> None:
        """Set a garment at its fixture in motion, and its neighbours a little."""
        hz = float(np.exp(rng.uniform(*np.log(FLIP_HZ))))
        for other in (garment, *self._neighbours(garment)):
            size = rng.uniform(*(FLIP_M if other == garment else NEIGHBOUR_M))
            decay = float(rng.uniform(*DECAY_S))
            release = start_ns + round(hold_s * 1e9)
            self.swings.append(
                Swing(
                    garment=other,
                    start_ns=start_ns,
                    release_ns=release,
                    end_ns=release + round(TAIL * decay * 1e9),
                    amplitude_m=self._amplitude(other, float(size), rng),
                    frequency_hz=hz,
                    phase_rad=float(rng.uniform(-0.3, 0.3)),
                    decay_s=decay,
                )
            )

    def advance(self, people: Sequence[Person], now_ns: int, tick_ns: int) -> None:
        """Move garments with their carriers and forget swings that are over."""
        at_home = self.place == Place.ON_FIXTURE
        step = np.where(at_home, -HAND_OVER, HAND_OVER)
        moving = np.flatnonzero(~at_home | (self._in_hand > 0))
        self._in_hand[moving] = np.clip(self._in_hand[moving] + step[moving], 0.0, 1.0)
        for person in people:
            for order, garment in enumerate((*person.carrying, *person.sold)):
                hand, share = (
                    self._kept_inside(person, person.hand_m(order)),
                    self._in_hand[garment],
                )
                self._at_m[garment] = (1 - share) * self.home_m[garment] + share * hand
        returning = moving[at_home[moving]]
        share = self._in_hand[returning][:, None]
        self._at_m[returning] += (1 - share) * (self.home_m[returning] - self._at_m[returning])
        self.swings = [s for s in self.swings if s.end_ns >= now_ns - tick_ns]

    def left_shop(self, person: Person) -> None:
        """Book a leaver's garments out of the shop."""
        outside = list(self._zones.names).index(OUTSIDE)
        for garment in person.sold:
            self.holder[garment] = None
            self._zone[garment] = outside

    def zones(self) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
        """Return every garment's EPC and zone, (g,) each."""
        epc = np.array([item.epc for item in self._plan.items], np.str_)
        return epc, self._zones.names[self._zone]

    def changed_zones(self) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
        """Return EPC and new zone of garments that changed zone since the last call, (n,) each."""
        held = [i for i, holder in enumerate(self.holder) if holder is not None]
        held += [int(i) for i in np.flatnonzero((self._in_hand > 0) & (self.place == 0))]
        index = np.array(held, np.int64)
        now = self._zones.index(self._at_m[index, :2])
        changed = now != self._zone[index]
        self._zone[index] = now
        epc = np.array([self._plan.items[i].epc for i in index[changed]], np.str_)
        return epc, self._zones.names[now[changed]]

    def snapshot(self, people: Sequence[Person]) -> Garments:
        """Freeze the garments' present state; `holder` counts rows of `people`."""
        row = {id(person): i for i, person in enumerate(people)}
        holder = np.array([-1 if h is None else row[id(h)] for h in self.holder], np.int64)
        return Garments(tag_xyz_m=self._at_m.copy(), place=self.place.copy(), holder=holder)

    def _kept_inside(self, person: Person, hand_m: F64) -> F64:
        """Keep the hand of someone in the shop from reaching through its walls."""
        if person.inside and self._plan.size_m is not None:
            hand_m[:2] = np.clip(hand_m[:2], 0.02, np.array(self._plan.size_m) - 0.02)
        return hand_m

    def _neighbours(self, garment: int) -> list[int]:
        """Return the garments that touch this one: two to each side of it on a rail."""
        item = self._plan.items[garment]
        if self._plan.fixture(item.fixture).kind != "rail":
            return []
        near = [
            int(i)
            for i in self.on_fixture[item.fixture]
            if 0 < abs(self._plan.items[i].slot - item.slot) <= 2
        ]
        return [i for i in near if self.place[i] == Place.ON_FIXTURE and not self.busy[i]]

    def _amplitude(
        self, garment: int, size_m: float, rng: np.random.Generator
    ) -> tuple[float, float, float]:
        """Draw a direction: mostly across the rail, some along it, little up and down."""
        fixture = self._plan.fixture(self._plan.items[garment].fixture)
        along, across = fixture_axes(fixture)
        angle = rng.normal(0.0, 0.5)
        level = size_m * (np.cos(angle) * across + np.sin(angle) * along)
        lift = size_m * (0.5 if fixture.kind == "table" else 0.15) * rng.uniform(-1, 1)
        return (float(level[0]), float(level[1]), float(lift))
