"""Who handled the garment that moved?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import StageError
from retailsim.messages.results import Interaction, People, TagMotion, TagZones
from retailsim.resources import find
from retailsim.stack.interaction.baseline import NearestPersonMatcher, RandomPersonMatcher
from retailsim.stack.interaction.matching import TagPersonMatcher
from retailsim.stack.interaction.posterior import joint_posterior, overlap_matrix
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.load import load_plan
from retailsim.store.slots import fixture_axes

SECOND = 1_000_000_000
PLAN = load_plan(find("scenarios/stores/boutique.yaml"))
CONTEXT = StageContext(plan=PLAN)


def before(fixture_id: str, slot: int, gap_m: float = 0.3) -> np.ndarray:
    """Where somebody who handles that garment stands: before it, on the shop's inner side."""
    fixture = PLAN.fixture(fixture_id)
    _, across = fixture_axes(fixture)
    inner = np.sign(across @ (np.array([6.0, 4.5]) - np.array(fixture.center_m))) or 1.0
    tag = PLAN.slot_xyz_m(fixture_id, slot)[:2]
    return tag + inner * across * (fixture.size_m[1] / 2 + gap_m)


def epc_at(fixture_id: str, slot: int) -> str:
    return next(i.epc for i in PLAN.items if (i.fixture, i.slot) == (fixture_id, slot))


def play(
    stage: Stage,
    paths: dict[int, list[np.ndarray]],
    motions: list[TagMotion],
    *,
    late_s: float = 1.5,
    others: tuple[TagZones, ...] = (),
) -> list[Interaction]:
    """Feed 0.1 s ticks of everyone's positions and each motion `late_s` after its end."""
    answers: list[Interaction] = []
    queue = sorted(motions, key=lambda m: m.end_ns)
    for other in others:
        answers += stage.process(other)
    for tick in range(max(len(path) for path in paths.values())):
        now = tick * SECOND // 10
        here = {p: path[tick] for p, path in paths.items() if tick < len(path)}
        answers += stage.process(
            People(
                now,
                person=np.array(list(here), np.int64),
                xy_m=np.array(list(here.values()), float).reshape(-1, 2),
                confirmed=np.ones(len(here), bool),
            )
        )
        while queue and queue[0].end_ns + late_s * SECOND <= now:
            answers += stage.process(queue.pop(0))
        answers += stage.advance(now)
    return answers + [a for m in queue for a in stage.process(m)] + list(stage.finish())


def still(where: np.ndarray, seconds: float = 10) -> list[np.ndarray]:
    return [np.asarray(where, float)] * int(seconds * 10)


def flip(epc: str, start_s: float, end_s: float) -> TagMotion:
    return TagMotion(
        int(start_s * SECOND), end_ns=int(end_s * SECOND), epc=epc, kind="flip", score=1.0
    )


def test_the_person_standing_before_the_garment_handled_it() -> None:
    paths = {1: still(before("rail-01", 5)), 2: still(before("rail-09", 5))}
    (answer,) = play(TagPersonMatcher(CONTEXT), paths, [flip(epc_at("rail-01", 5), 2, 4)])
    assert answer.person == 1
    assert answer.confidence > 0.8
    assert (answer.time_ns, answer.end_ns) == (2 * SECOND, 4 * SECOND)
    np.testing.assert_allclose(answer.xy_m, before("rail-01", 5))


def test_nobody_handled_a_garment_that_nobody_can_reach() -> None:
    paths = {1: still(np.array([6.0, 1.0]))}
    (answer,) = play(TagPersonMatcher(CONTEXT), paths, [flip(epc_at("rail-07", 3), 2, 4)])
    assert answer.person == 0
    assert answer.confidence > 0.9
    assert np.isnan(answer.xy_m).all()


def test_who_stands_still_is_preferred_over_who_passes_closer() -> None:
    stands = before("rail-02", 10, gap_m=0.45)
    passing = [
        before("rail-02", 10, gap_m=0.25) + np.array([0.0, (t - 30) * 0.1]) for t in range(100)
    ]
    paths = {1: passing, 2: still(stands)}
    (answer,) = play(TagPersonMatcher(CONTEXT), paths, [flip(epc_at("rail-02", 10), 2, 4)])
    assert answer.person == 2


def test_a_carried_garment_belongs_to_who_picked_it_up_not_to_who_is_there_at_the_end() -> None:
    shelf = before("rail-03", 4)
    leaves = [shelf + np.array([max(0, t - 35) * 0.1, 0.0]) for t in range(200)]
    comes = [shelf + np.array([max(0.0, 8 - t * 0.1), 0.3]) for t in range(200)]
    motion = TagMotion(
        2 * SECOND, end_ns=15 * SECOND, epc=epc_at("rail-03", 4), kind="carried", score=1.0
    )
    (answer,) = play(TagPersonMatcher(CONTEXT), {1: comes, 2: leaves}, [motion])
    assert answer.person == 2


def test_two_neighbours_flipping_at_once_get_a_garment_each() -> None:
    # Person 1 stands between both garments but a little nearer to the second; alone, each
    # garment would go to person 1.
    one, two = before("rail-05", 8), before("rail-05", 12)
    paths = {1: still(0.65 * one + 0.35 * two), 2: still(two + np.array([0.35, -0.15]))}
    motions = [flip(epc_at("rail-05", 6), 2, 4), flip(epc_at("rail-05", 13), 2, 4)]
    alone = [play(TagPersonMatcher(CONTEXT), paths, [motion])[0].person for motion in motions]
    assert alone == [1, 1]
    answers = play(TagPersonMatcher(CONTEXT), paths, motions)
    assert {a.epc: a.person for a in answers} == {motions[0].epc: 1, motions[1].epc: 2}


def test_a_garment_that_has_moved_is_looked_for_in_its_new_zone_too() -> None:
    epc = epc_at("rail-01", 5)
    home = TagZones(0, epc=np.array([epc]), zone=np.array(["left-wall"]))
    moved = TagZones(SECOND, epc=np.array([epc]), zone=np.array(["tables-back"]))
    later = TagZones(5 * SECOND, epc=np.array([epc]), zone=np.array(["tables-back"]))
    there = {2: still(np.array([6.0, 5.0]))}
    at_slot = {1: still(before("rail-01", 5))}

    def who(paths: dict[int, list[np.ndarray]], *zones: TagZones) -> int:
        stage = TagPersonMatcher(CONTEXT)
        return play(stage, paths, [flip(epc, 2, 4)], others=zones)[0].person

    assert who(there, home) == 0
    assert who(there, home, moved) == 2
    assert who(there, home, later) == 0  # at the time of the motion it had not moved yet
    assert who(there | at_slot, home, moved) == 1


def test_unconfirmed_people_and_foreign_tags_are_left_out() -> None:
    stage = TagPersonMatcher(CONTEXT)
    where = before("rail-01", 5)
    for tick in range(60):
        stage.process(
            People(
                tick * SECOND // 10,
                person=np.array([1]),
                xy_m=where[None],
                confirmed=np.zeros(1, bool),
            )
        )
    stage.process(flip("f" * 24, 2, 4))
    stage.process(flip(epc_at("rail-01", 5), 2, 4))
    answers = list(stage.finish())
    assert [answer.person for answer in answers] == [0]


def busy_shop(
    seed: int, people: int = 6, rounds: int = 40
) -> tuple[dict[int, list[np.ndarray]], list[tuple[TagMotion, int]]]:
    """Shoppers browse random garments, seen with noise; each handles one in every round."""
    rng = np.random.default_rng(seed)
    items = PLAN.items
    paths: dict[int, list[np.ndarray]] = {p: [] for p in range(1, people + 1)}
    truth = []
    for turn in range(rounds):
        for person in paths:
            item = items[int(rng.integers(len(items)))]
            spot = before(item.fixture, item.slot, gap_m=rng.uniform(0.2, 0.5))
            slow_error = rng.normal(0, 0.12, 2)
            walk = np.linspace(paths[person][-1] if turn else spot, spot, 30)
            stay = np.repeat(spot[None], 50, axis=0)
            path = np.vstack([walk, stay]) + slow_error + rng.normal(0, 0.08, (80, 2))
            paths[person] += list(path)
            start_s = turn * 8 + 3 + rng.uniform(0.3, 1.5)
            truth.append((flip(item.epc, start_s, start_s + rng.uniform(1, 3)), person))
    return paths, truth


def accuracy(answers: list[Interaction], truth: list[tuple[TagMotion, int]]) -> float:
    who = {(answer.epc, answer.time_ns): answer.person for answer in answers}
    return float(np.mean([who[(m.epc, m.time_ns)] == person for m, person in truth]))


def test_in_a_busy_shop_it_beats_both_baselines_and_falls_when_its_input_is_broken() -> None:
    paths, truth = busy_shop(3)
    motions = [motion for motion, _ in truth]
    real = accuracy(play(TagPersonMatcher(CONTEXT), paths, motions), truth)
    nearest = accuracy(play(NearestPersonMatcher(CONTEXT), paths, motions), truth)
    anybody = accuracy(play(RandomPersonMatcher(CONTEXT), paths, motions), truth)
    wrong_people = dict(
        zip(paths, list(paths.values())[1:] + list(paths.values())[:1], strict=True)
    )
    broken = accuracy(play(TagPersonMatcher(CONTEXT), wrong_people, motions), truth)
    assert real > 0.8
    assert real > nearest > anybody
    assert broken < 0.3


def test_order_of_arrival_within_a_tick_changes_nothing() -> None:
    paths, truth = busy_shop(5, rounds=5)
    motions = [motion for motion, _ in truth]
    forth = play(TagPersonMatcher(CONTEXT), paths, motions)
    back = play(TagPersonMatcher(CONTEXT), paths, motions[::-1])
    key = [(a.epc, a.time_ns, a.person, a.confidence) for a in forth]
    assert key == [(a.epc, a.time_ns, a.person, a.confidence) for a in back]


utilities = st.lists(
    st.lists(st.floats(-8, 8) | st.just(-np.inf), min_size=3, max_size=3), min_size=1, max_size=5
)


@given(utilities, st.booleans())
def test_a_posterior_is_a_distribution_whatever_the_evidence(
    rows: list[list[float]], together: bool
) -> None:
    overlaps = np.full((len(rows), len(rows)), together) & ~np.eye(len(rows), dtype=bool)
    posterior = joint_posterior(np.array(rows), overlaps, second_log_odds=-1.0)
    np.testing.assert_allclose(posterior.sum(axis=1), 1.0)
    assert (posterior[:, :-1][np.isneginf(rows)] == 0).all()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=5))
def test_overlap_is_symmetric_and_needs_shared_time(spans: list[tuple[int, int]]) -> None:
    intervals = [(start * SECOND, (start + length) * SECOND) for start, length in spans]
    overlaps = overlap_matrix(intervals, least_s=0.3)
    assert (overlaps == overlaps.T).all()
    assert not overlaps.diagonal().any()
    for i, (a, b) in enumerate(intervals):
        for j, (c, d) in enumerate(intervals):
            if i != j:
                assert overlaps[i, j] == (min(b, d) > max(a, c))


def test_a_wrong_weight_name_is_an_error() -> None:
    with pytest.raises(StageError, match="distnace"):
        TagPersonMatcher(CONTEXT, weights={"distnace": 1.0})
