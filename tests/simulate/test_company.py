"""Groups walk together: they wait, keep abreast, and follow through doors."""

import numpy as np

from retailsim.simulate.motion import GAP_M, TICK_S, WALL_GAP_M, Mover, step
from retailsim.simulate.navigation import Navigator
from retailsim.simulate.street import Street
from retailsim.store.load import load_plan
from retailsim.store.obstacles import clearance_m

PLAN = load_plan("scenarios/stores/boutique.yaml")
NAVIGATOR = Navigator(PLAN, Street.before(PLAN))
MIRROR, RAIL = (4.1, 7.9), (10.9, 6.5)


def mover(xy: tuple[float, float], speed_mps: float = 0.95) -> Mover:
    return Mover(np.array(xy), 0.0, 1.7, speed_mps)


def acquaint(*group: Mover) -> None:
    for one in group:
        one.companions = tuple(other for other in group if other is not one)


class Walk:
    """Steps people and remembers where they were."""

    def __init__(self, *movers: Mover) -> None:
        self.movers = movers
        self.track: list[np.ndarray] = []

    def run(self, until: object, most_s: float = 60.0) -> float:
        """Walk until a list has something in it; returns the time taken."""
        for tick in range(round(most_s / TICK_S)):
            if until:
                return tick * TICK_S
            step(self.movers, NAVIGATOR)
            self.track.append(np.array([m.xy_m for m in self.movers]))
        return most_s

    def apart(self, one: int = 0, other: int = 1) -> np.ndarray:
        track = np.array(self.track)
        return np.linalg.norm(track[:, one] - track[:, other], axis=-1)

    def check(self) -> None:
        track = np.array(self.track)
        gap = np.linalg.norm(track[:, :, None] - track[:, None], axis=-1)
        gap += 9 * np.eye(track.shape[1])
        assert gap.min() >= GAP_M - 1e-9
        assert clearance_m(NAVIGATOR.boxes, track.reshape(-1, 2)).min() >= WALL_GAP_M - 1e-9


def led(followers: int, *, loose_m: float = 0.0) -> tuple[Walk, Mover]:
    leader = mover((-1.0, -1.2))
    group = [mover((-1.6 - 0.6 * k, -1.7)) for k in range(followers)]
    for follower in group:
        follower.follow(leader, loose_m=loose_m)
    acquaint(leader, *group)
    return Walk(leader, *group), leader


def go(walk: Walk, leader: Mover, *goals: tuple[float, float]) -> None:
    for goal in goals:
        there: list[int] = []
        leader.walk_to(NAVIGATOR.field(goal), lambda there=there: there.append(1))
        walk.run(there)
        assert there


def pair_apart(*, together: bool) -> np.ndarray:
    slow, fast = mover((-1.5, -1.5), 0.8), mover((-1.5, -2.3), 1.15)
    if together:
        acquaint(slow, fast)
    walk, there = Walk(slow, fast), []
    slow.walk_to(NAVIGATOR.field(MIRROR), lambda: there.append("slow"))
    fast.walk_to(NAVIGATOR.field((4.8, 7.6)), lambda: None)
    walk.run(there)
    assert there
    walk.check()
    return walk.apart()


def test_the_faster_of_a_pair_waits_for_the_slower() -> None:
    alone, together = pair_apart(together=False), pair_apart(together=True)
    assert together.max() < 3.0 < alone.max()
    assert together.mean() < 0.7 * alone.mean()


def test_three_on_the_pavement_walk_abreast() -> None:
    group = [mover((-1.5, y), v) for y, v in ((-2.3, 0.9), (-1.5, 0.95), (-0.7, 1.0))]
    acquaint(*group)
    walk, there = Walk(*group), []
    for m in group:
        m.walk_to(NAVIGATOR.field((13.0, float(m.xy_m[1]))), lambda: there.append(1))
    walk.run(there)
    track = np.array(walk.track)
    assert np.ptp(track[30:-20, :, 0], axis=1).mean() < 0.6  # nobody falls behind
    assert 0.6 < walk.apart(0, 1).mean() < 1.1
    walk.check()


def test_companions_with_other_goals_go_their_own_ways() -> None:
    times = []
    for acquainted in (False, True):
        one, other = mover((6.0, 1.2)), mover((6.6, 1.2), 0.5)
        if acquainted:
            acquaint(one, other)
        walk, there = Walk(one, other), []
        one.walk_to(NAVIGATOR.field(MIRROR), lambda there=there: there.append(1))
        other.walk_to(NAVIGATOR.field(RAIL), lambda: None)
        times.append(walk.run(there))
    assert times[0] == times[1]


def test_a_follower_comes_along_through_the_door_and_round_the_furniture() -> None:
    walk, leader = led(1)
    go(walk, leader, MIRROR, RAIL, (6.0, -1.5))
    assert walk.apart().max() < 1.6
    assert walk.apart().mean() < 1.0
    walk.check()


def test_a_family_stays_together_and_children_stray() -> None:
    adults, leader = led(2)
    go(adults, leader, MIRROR, RAIL)
    family, parent = led(2, loose_m=0.8)
    go(family, parent, MIRROR, RAIL)
    assert adults.apart(0, 2).max() < 2.5
    assert family.apart(0, 2).max() < 3.5
    assert family.apart(0, 1).std() > adults.apart(0, 1).std()
    adults.check()
    family.check()


def test_a_follower_rests_beside_a_leader_who_stands_and_says_so_once() -> None:
    leader, follower = mover((6.0, -1.2)), mover((10.0, 4.0))
    there: list[int] = []
    follower.follow(leader, lambda: there.append(1))
    walk = Walk(leader, follower)
    walk.run(there)
    assert there == [1]
    assert not follower.walking
    assert follower.leader is None
    assert 0.5 < walk.apart()[-1] < 1.2
    assert clearance_m(NAVIGATOR.boxes, walk.track[-1]).min() > 0.2
    walk.run([], most_s=2.0)
    assert there == [1]
    assert np.ptp(np.array(walk.track)[-20:], axis=0).max() == 0
    walk.check()


def test_a_follower_who_has_lost_the_leader_finds_the_way() -> None:
    leader, follower = mover((1.5, 4.4)), mover((11.0, 8.5))
    assert not NAVIGATOR.in_sight(leader.xy_m, follower.xy_m)
    follower.follow(leader)
    walk = Walk(leader, follower)
    go(walk, leader, (2.0, 2.0))
    walk.run([], most_s=15.0)
    assert walk.apart()[-1] < 1.2
    walk.check()


def test_a_leader_gets_out_of_the_fitting_room_past_who_waits_outside() -> None:
    walk, leader = led(2)
    leader.room = "fitting-1"
    go(walk, leader, (0.75, 8.25))
    walk.run([], most_s=6.0)
    go(walk, leader, (6.0, -1.5))
    walk.check()


def test_stopping_ends_following_at_once() -> None:
    walk, leader = led(1)
    leader.walk_to(NAVIGATOR.field(MIRROR), lambda: None)
    walk.run([], most_s=3.0)
    follower = walk.movers[1]
    assert follower.walking
    follower.stop()
    here = follower.xy_m.copy()
    walk.run([], most_s=3.0)
    np.testing.assert_array_equal(follower.xy_m, here)
    assert walk.apart()[-1] > 2.0
    assert not follower.walking
