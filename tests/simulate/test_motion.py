"""Walkers reach their goals, and keep off furniture and one another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsim.simulate.motion import GAP_M, TICK_S, WALL_GAP_M, Mover, step
from retailsim.simulate.navigation import Navigator
from retailsim.simulate.places import Claims, find_places
from retailsim.simulate.street import Street
from retailsim.store.load import load_plan
from retailsim.store.obstacles import clearance_m

PLAN = load_plan("scenarios/stores/boutique.yaml")
NAVIGATOR = Navigator(PLAN, Street.before(PLAN))


def walk(
    starts: list[tuple[float, float]], goals: list[tuple[float, float]], most_s: float
) -> dict:
    """Walk until all have arrived; returns tracks (ticks, n, 2) and the time taken."""
    movers = [Mover(np.array(s), 0.0, 1.7, 1.1) for s in starts]
    done = []
    for mover, goal in zip(movers, goals, strict=True):
        mover.walk_to(NAVIGATOR.field(goal), lambda: done.append(1))
    track = [np.array(starts)]
    while len(done) < len(movers) and len(track) * TICK_S < most_s:
        step(movers, NAVIGATOR)
        track.append(np.array([m.xy_m for m in movers]))
    return {"track": np.array(track), "arrived": len(done), "movers": movers}


def gaps(track: np.ndarray) -> np.ndarray:
    n = track.shape[1]
    d = np.linalg.norm(track[:, :, None] - track[:, None], axis=-1)
    return d[:, ~np.eye(n, dtype=bool)]


def test_one_walks_round_furniture_at_walking_speed() -> None:
    result = walk([(6.0, -1.0)], [(4.1, 7.9)], 30)
    track = result["track"]
    assert result["arrived"] == 1
    assert clearance_m(NAVIGATOR.boxes, track[:, 0]).min() >= WALL_GAP_M
    length = np.linalg.norm(np.diff(track[:, 0], axis=0), axis=1)
    assert length.max() <= 1.1 * TICK_S + 1e-9
    assert 9.0 < length.sum() < 12.0
    cycles = result["movers"][0].gait_phase
    assert cycles == pytest.approx(length.sum() / (2 * 0.41 * 1.7))


def test_two_who_meet_head_on_pass_each_other() -> None:
    result = walk([(1.5, -1.5), (9.0, -1.5)], [(9.0, -1.5), (1.5, -1.5)], 20)
    assert result["arrived"] == 2
    assert gaps(result["track"]).min() >= GAP_M - 1e-9


def test_a_crowd_gets_through_the_door_both_ways() -> None:
    out = [(5.0 + 0.6 * k, 1.5) for k in range(4)]
    street = [(5.0 + 0.6 * k, -1.2) for k in range(4)]
    result = walk(out + street, street + out, 60)
    assert result["arrived"] == 8
    assert gaps(result["track"]).min() >= GAP_M - 1e-9
    assert clearance_m(NAVIGATOR.boxes, result["track"].reshape(-1, 2)).min() >= WALL_GAP_M - 1e-9


def test_people_who_stand_at_the_side_freeze_nobody() -> None:
    times = []
    for standing in (0, 8):
        walker = Mover(np.array([0.0, -1.2]), 0.0, 1.7, 1.0)
        row = [Mover(np.array([3.0 + 0.65 * k, -1.95]), 0.0, 1.7, 1.0) for k in range(standing)]
        there: list[int] = []
        walker.walk_to(NAVIGATOR.field((10.0, -1.2)), lambda there=there: there.append(1))
        ticks = 0
        while not there and ticks < 400:
            step([walker, *row], NAVIGATOR)
            ticks += 1
        times.append(ticks * TICK_S)
    assert times[0] < 12
    assert times[1] < 1.5 * times[0]


def test_everybody_gets_to_a_place_and_out_again_in_a_shop_full_of_people() -> None:
    # Thirty stand at rails and tables as closely as people do; twelve walk past them.
    spots = [spot for beside in find_places(PLAN).beside.values() for spot in beside]
    rng, claims = np.random.default_rng(4), Claims()
    taken = []
    for k in rng.permutation(len(spots)):
        if claims.free(spots[k], None) and len(taken) < 36:
            claims.take(spots[k], int(k))
            taken.append(spots[k])
    standing = [Mover(np.array(spot), 0.0, 1.7, 1.0) for spot in taken[6:]]
    assert len(standing) == 30
    starts = [(0.5 + k, -1.5 - 0.7 * (k % 2)) for k in range(6)]
    walkers = [Mover(np.array(spot), 0.0, 1.7, 0.95) for spot in [*starts, *taken[:6]]]
    there: list[int] = []
    for walker, goal in zip(walkers, [*taken[:6], *starts], strict=True):
        walker.walk_to(NAVIGATOR.field(goal), lambda: there.append(1))
    track = []
    for _ in range(1200):
        step([*walkers, *standing], NAVIGATOR)
        track.append([m.xy_m for m in (*walkers, *standing)])
    assert len(there) == 12
    assert gaps(np.array(track)).min() >= GAP_M - 1e-9


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_distances_hold_wherever_people_walk(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spots: list[tuple[float, float]] = []
    while len(spots) < 16:
        xy = rng.uniform(0.3, [11.7, 8.7])
        roomy = clearance_m(NAVIGATOR.boxes, [xy])[0] > 0.3
        if roomy and all(np.hypot(*(xy - s)) > 0.6 for s in spots):
            spots.append((float(xy[0]), float(xy[1])))
    track = walk(spots[:8], spots[8:], 6)["track"]
    assert gaps(track).min() >= GAP_M - 1e-9
    assert clearance_m(NAVIGATOR.boxes, track.reshape(-1, 2)).min() >= WALL_GAP_M - 1e-9


def test_nobody_steps_into_a_fitting_room_that_is_not_theirs() -> None:
    inside = (0.75, 8.25)
    for room, arrives in ((None, 0), ("fitting-2", 0), ("fitting-1", 1)):
        done: list[int] = []
        mover = Mover(np.array([0.8, 6.4]), 0.0, 1.7, 1.1, room=room)
        mover.walk_to(NAVIGATOR.field(inside), lambda done=done: done.append(1))
        for _ in range(60):
            step([mover], NAVIGATOR)
        assert len(done) == arrives
        assert (mover.xy_m[1] > 7.55) == bool(arrives)
