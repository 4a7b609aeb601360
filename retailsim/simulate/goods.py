"""The garments: each is in exactly one place, and cloth swings when touched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.people import Person
from retailsim.simulate.snapshot import Garments, Place, Swing
from retailsim.store.plan import StorePlan
from retailsim.store.slots import fixture_axes
from retailsim.store.zones import OUTSIDE, ZoneMap

F64 = NDArray[np.float64]
# How far a handled garment's label is moved: pulled forward and turned to be looked at (assumed).
# At 2 to 7 cm, as it once was, a third of the often read flips moved phases less than bodies
# nearby do, and nothing could have found them; published detectors find 92 to 94 % of real ones.
FLIP_M = (0.05, 0.15)
NEIGHBOUR_M = (0.003, 0.012)  # of those beside it on the rail ("a few mm to cm")
FLIP_HZ = (0.5, 3.0)
DECAY_S = (0.3, 0.8)
TAIL = 4.0  # a swing is over after this many decay times
HAND_OVER = 0.2  # share of the way between fixture and hand that a garment makes in a tick
MOVED_M = 0.1  # less is not told as another position
TOUCHING_M = 0.2  # garments farther apart along a rail do not move each other


class Goods:
    """All garments of a plan, in the order of `plan.items`.

    Attributes:
        fixtures: ids of the fixtures that hold goods, in plan order.
        home_m: where each garment hangs or lies, or is put when it comes back, float64 (g, 3).
        fixture: index into `fixtures` of where that is, int64 (g,).
        own_fixture: index into `fixtures` of where the planogram wants it, int64 (g,).
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
        self.own_m = np.array(home, float).reshape(-1, 3)
        self.home_m = self.own_m.copy()
        self.fixtures = tuple(plan.slots_per_fixture)
        index = {fixture: i for i, fixture in enumerate(self.fixtures)}
        self.own_fixture = np.array([index[item.fixture] for item in plan.items], np.int64)
        self.fixture = self.own_fixture.copy()
        self.place = np.full(count, Place.ON_FIXTURE, np.uint8)
        self.holder: list[Person | None] = [None] * count
        self.busy = np.zeros(count, bool)
        self.swings: list[Swing] = []
        sku = {s.id: i for i, s in enumerate(plan.catalogue)}
        self.sku = np.array([sku[item.sku] for item in plan.items], np.int64)
        self._at_m = self.home_m.copy()
        self._taken_from_m = self.home_m.copy()
        self._told_m = np.full_like(self.home_m, np.nan)
        self._in_hand = np.zeros(count)  # 0 at its slot, 1 in the hand
        self._zone = self._zones.index(self.home_m[:, :2])
        self._moved: set[int] = set()  # since zones were last told

    @property
    def free(self) -> NDArray[np.bool_]:
        """Which garments anybody may handle now, bool (g,)."""
        free: NDArray[np.bool_] = (self.place == Place.ON_FIXTURE) & ~self.busy
        return free

    def available(self, fixture: int) -> NDArray[np.int64]:
        """Return the garments on a fixture (an index) that anybody may handle now."""
        return np.flatnonzero(self.free & (self.fixture == fixture))

    def taken_home(self) -> NDArray[np.int64]:
        """Return the garments that were bought and whose buyers have left."""
        sold = np.flatnonzero(self.place == Place.SOLD)
        return np.array([g for g in sold if self.holder[g] is None], np.int64)

    @property
    def astray(self) -> NDArray[np.bool_]:
        """Which garments hang or lie on another fixture than the planogram's, bool (g,)."""
        wrong: NDArray[np.bool_] = self.fixture != self.own_fixture
        wrong &= self.place == Place.ON_FIXTURE
        return wrong

    def misplaced(self) -> NDArray[np.int64]:
        """Return the garments on another fixture than the planogram's that anybody may take."""
        return np.flatnonzero(self.free & self.astray)

    def take(self, garment: int, person: Person, *, long_ago: bool = False) -> None:
        """Put a garment from its fixture into a person's hand, now or long ago."""
        assert self.place[garment] == Place.ON_FIXTURE
        self.place[garment] = Place.CARRIED
        self.holder[garment] = person
        person.carrying.append(garment)
        self._taken_from_m[garment] = self.home_m[garment]
        if long_ago:
            self._in_hand[garment] = 1.0

    def put_back(self, garment: int, person: Person) -> None:
        """Hang or lay a carried garment at its `home_m`, which `reserve` may have changed."""
        assert self.holder[garment] is person
        person.carrying.remove(garment)
        self.place[garment] = Place.ON_FIXTURE
        self.holder[garment] = None

    def reserve(self, garment: int, fixture: int, xyz_m: F64) -> None:
        """Choose another place than its own for a garment that is about to be put down."""
        assert self.place[garment] != Place.ON_FIXTURE
        self.fixture[garment] = fixture
        self.home_m[garment] = xyz_m

    def send_home(self, garment: int) -> None:
        """Let a garment that is not on any fixture belong to its own place again."""
        self.reserve(garment, int(self.own_fixture[garment]), self.own_m[garment])

    def sell_before(self, garments: Iterable[int]) -> None:
        """Let garments have been sold on an earlier day: they are somewhere outside."""
        for garment in garments:
            self.place[garment] = Place.SOLD
            self._zone[garment] = self._zones.names.tolist().index(OUTSIDE)

    def store(self, garments: Iterable[int]) -> None:
        """Put garments into the back room, from wherever they are; nobody holds them."""
        for garment in garments:
            holder = self.holder[garment]
            for hands in () if holder is None else (holder.carrying, holder.sold):
                if garment in hands:
                    hands.remove(garment)
            self.place[garment], self.holder[garment] = Place.BACK_ROOM, None
            self._in_hand[garment] = 0.0
            self.send_home(garment)
            self._at_m[garment] = self.home_m[garment]
            self._moved.add(garment)

    def fetch(self, garment: int, person: Person) -> None:
        """Take a garment out of the back room into a person's arms."""
        assert self.place[garment] == Place.BACK_ROOM
        self.place[garment], self.holder[garment] = Place.CARRIED, person
        person.carrying.append(garment)
        self._in_hand[garment] = 1.0

    def bring_back(self, garment: int, person: Person) -> None:
        """Put something bought earlier into the bag of a customer who returns it."""
        assert self.place[garment] == Place.SOLD
        assert self.holder[garment] is None
        self.holder[garment] = person
        person.sold.append(garment)

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
            size_m = float(rng.uniform(*(FLIP_M if other == garment else NEIGHBOUR_M)))
            self.sway(other, size_m, hz, start_ns=start_ns, hold_s=hold_s, rng=rng)

    def sway(
        self,
        garment: int,
        size_m: float,
        hz: float,
        *,
        start_ns: int,
        hold_s: float,
        rng: np.random.Generator,
    ) -> None:
        """Set one garment at its fixture in motion: kept going for `hold_s`, then left to swing."""
        decay = float(rng.uniform(*DECAY_S))
        release = start_ns + round(hold_s * 1e9)
        self.swings.append(
            Swing(
                garment=garment,
                start_ns=start_ns,
                release_ns=release,
                end_ns=release + round(TAIL * decay * 1e9),
                amplitude_m=self._amplitude(garment, size_m, rng),
                frequency_hz=hz,
                phase_rad=float(rng.uniform(-0.3, 0.3)),
                decay_s=decay,
            )
        )

    def hanging(self) -> NDArray[np.int64]:
        """Return the garments that hang on rails."""
        rails = [self._plan.fixture(fixture).kind == "rail" for fixture in self.fixtures]
        on_rail = np.array(rails, bool)[self.fixture] & (self.place == Place.ON_FIXTURE)
        return np.flatnonzero(on_rail)

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
                self._at_m[garment] = (1 - share) * self._taken_from_m[garment] + share * hand
        returning = moving[at_home[moving]]
        share = self._in_hand[returning][:, None]
        self._at_m[returning] += (1 - share) * (self.home_m[returning] - self._at_m[returning])
        self._moved.update(returning.tolist())
        self.swings = [s for s in self.swings if s.end_ns >= now_ns - tick_ns]

    def settle(self, people: Sequence[Person]) -> None:
        """Move garments to where they are going at once, for worlds without cloth in motion."""
        self._in_hand[:] = self.place != Place.ON_FIXTURE
        resting = self.place == Place.ON_FIXTURE
        self._moved.update(np.flatnonzero(resting & (self._at_m != self.home_m).any(1)).tolist())
        self._at_m[resting] = self.home_m[resting]
        for person in people:
            for garment in (*person.carrying, *person.sold):
                self._at_m[garment] = self._kept_inside(person, person.hand_m())

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
        index = np.array(sorted({*held, *self._moved}), np.int64)
        self._moved.clear()
        now = self._zones.index(self._at_m[index, :2])
        now[self.place[index] == Place.BACK_ROOM] = self._zones.names.tolist().index(OUTSIDE)
        changed = now != self._zone[index]
        self._zone[index] = now
        epc = np.array([self._plan.items[i].epc for i in index[changed]], np.str_)
        return epc, self._zones.names[now[changed]]

    def moved(self) -> tuple[NDArray[np.str_], F64]:
        """Return EPC (n,) and position (n, 3) of garments that are not where they were last time.

        The first call returns all of them.
        """
        away_m = np.linalg.norm(self._at_m - self._told_m, axis=1)
        index = np.flatnonzero(~(away_m < MOVED_M))
        self._told_m[index] = self._at_m[index]
        epc = np.array([self._plan.items[i].epc for i in index], np.str_)
        return epc, self._at_m[index]

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
        rail = self._plan.fixture(self.fixtures[self.fixture[garment]])
        if rail.kind != "rail":
            return []
        others = np.flatnonzero(self.free & (self.fixture == self.fixture[garment]))
        others = others[others != garment]
        away_m = (self.home_m[others] - self.home_m[garment])[:, :2] @ fixture_axes(rail)[0]
        near: list[int] = []
        for side in (-1, 1):
            beyond = away_m > 0 if side > 0 else away_m <= 0
            beside = np.flatnonzero(beyond & (np.abs(away_m) < TOUCHING_M))
            order = np.argsort(np.abs(away_m[beside]), kind="stable")[:2]
            near += [int(i) for i in others[beside[order]]]
        return near

    def _amplitude(
        self, garment: int, size_m: float, rng: np.random.Generator
    ) -> tuple[float, float, float]:
        """Draw a direction: mostly across the rail, some along it, little up and down."""
        fixture = self._plan.fixture(self.fixtures[self.fixture[garment]])
        along, across = fixture_axes(fixture)
        angle = rng.normal(0.0, 0.5)
        level = size_m * (np.cos(angle) * across + np.sin(angle) * along)
        lift = size_m * (0.15 if fixture.kind == "rail" else 0.5) * rng.uniform(-1, 1)
        return (float(level[0]), float(level[1]), float(lift))
