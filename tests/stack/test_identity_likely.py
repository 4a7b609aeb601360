"""What speaks for and against a sight being of a person: in arrays as one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.resources import find
from retailsim.stack.identity.likely import NEVER, Crowd, costs, likeness
from retailsim.stack.identity.person import Look, Person, Sight
from retailsim.stack.identity.places import Places
from retailsim.stack.identity.settings import IdentitySettings
from retailsim.stack.identity.walk import start
from retailsim.store.load import load_plan

PLACES = Places(load_plan(find("scenarios/stores/boutique.yaml")), door_m=1.2, screen_m=0.8)
NOW_NS = 10_000_000_000
SETTINGS = IdentitySettings()


def look(rng: np.random.Generator) -> Look:
    """Nobody's look, or the mean of a few."""
    seen = Look()
    for _ in range(int(rng.integers(0, 4))):
        seen.add(rng.normal(size=8).astype(np.float32))
    return seen


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2**31))
def test_likeness_is_the_cosine_of_the_means(ours: int, theirs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = [look(rng) for _ in range(ours)], [look(rng) for _ in range(theirs)]
    alike = likeness([one.unit for one in rows], [one.unit for one in columns])
    assert alike.shape == (ours, theirs)
    for i, one in enumerate(rows):
        for j, other in enumerate(columns):
            if one.total is None or other.total is None:
                assert np.isnan(alike[i, j])
                continue
            length = np.linalg.norm(one.total) * np.linalg.norm(other.total)
            np.testing.assert_allclose(alike[i, j], one.total @ other.total / length, atol=1e-12)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 2**31))
def test_every_pair_costs_what_it_costs_alone(sights: int, persons: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    here = [
        Sight(NOW_NS, "c", 10 + i, np.zeros(4, np.float32), rng.uniform(-1, 9, 2), np.eye(2), True)
        for i in range(sights)
    ]
    crowd = []
    for number in range(1, persons + 1):
        seen_ns = NOW_NS - int(rng.integers(0, 4)) * 1_000_000_000
        place = start(rng.uniform(-1, 9, 2), rng.uniform(0.1, 2) * np.eye(2))
        crowd.append(Person(number, place, born_ns=0, seen_ns=seen_ns, look=look(rng)))
    owner = {s.track_id: int(rng.integers(0, persons + 1)) for s in here}
    looks = {s.track_id: look(rng) for s in here}
    together = costs(here, Crowd.of(crowd, PLACES), owner, looks, PLACES, SETTINGS)
    for i, sight in enumerate(here):
        for j, person in enumerate(crowd):
            one = Crowd.of([person], PLACES)
            alone = costs([sight], one, owner, looks, PLACES, SETTINGS)
            np.testing.assert_allclose(together[i, j], alone[0, 0], rtol=1e-12)


def test_whoever_comes_in_was_not_inside_before() -> None:
    door = Sight(NOW_NS, "c", 1, np.zeros(4, np.float32), np.array([6.0, 0.3]), np.eye(2), True)
    lost_ns = NOW_NS - 5_000_000_000
    inside = Person(1, start(np.array([6.0, 2.5]), np.eye(2)), born_ns=0, seen_ns=lost_ns)
    just = Person(2, start(np.array([6.0, 2.5]), np.eye(2)), born_ns=0, seen_ns=NOW_NS)
    cost = costs([door], Crowd.of([inside, just], PLACES), {}, {}, PLACES, SETTINGS)
    assert cost[0, 0] == NEVER
    assert cost[0, 1] < NEVER


@given(st.integers(1, 8), st.integers(0, 2**31))
def test_many_are_at_the_door_who_are_there_alone(count: int, seed: int) -> None:
    places = np.random.default_rng(seed).uniform(-3, 12, (count, 2))
    together = PLACES.at_door(places)
    assert together.tolist() == [bool(PLACES.at_door(xy)) for xy in places]
