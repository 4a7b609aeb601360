"""Who is known again, and who is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.stack.track.memory import Acquaintance, Memory, MemorySettings, resemblance

BOX = np.array([100.0, 100.0, 140.0, 220.0])
LOOKS = np.eye(4)


def met(memory: Memory, number: int, look: np.ndarray, *, from_s: float, until_s: float) -> None:
    for i in range(round(from_s * 10), round(until_s * 10) + 1):
        memory.see(number, BOX, i * 100_000_000, look=look, told=True)


def test_the_best_of_several_gone_is_linked_and_only_once() -> None:
    memory = Memory(MemorySettings())
    for number in range(3):
        met(memory, number, LOOKS[number], from_s=0, until_s=1)
    met(memory, 7, LOOKS[1], from_s=10, until_s=10.5)
    met(memory, 8, LOOKS[1], from_s=10, until_s=10.5)
    links = memory.links(np.array([7, 8]), 10_500_000_000)
    assert links == {}, "two newcomers look alike: neither is sure"
    lone = Memory(MemorySettings())
    for number in range(3):
        met(lone, number, LOOKS[number], from_s=0, until_s=1)
    met(lone, 7, LOOKS[1], from_s=10, until_s=10.5)
    assert lone.links(np.array([7]), 10_500_000_000) == {7: 1}
    lone.rename(7, 1)
    assert lone.links(np.array([1]), 10_500_000_000) == {}


def test_nobody_is_linked_to_who_is_still_there() -> None:
    memory = Memory(MemorySettings())
    met(memory, 1, LOOKS[0], from_s=0, until_s=5)
    met(memory, 2, LOOKS[0], from_s=4, until_s=5)
    assert memory.links(np.array([1, 2]), 5_000_000_000) == {}
    assert memory.links(np.array([2]), 5_000_000_000) == {}, "they were seen side by side"


def test_without_memory_nobody_is_linked() -> None:
    for memory_s, links in ((120.0, {7: 1}), (0.0, {})):
        memory = Memory(MemorySettings(memory_s=memory_s))
        met(memory, 1, LOOKS[0], from_s=0, until_s=1)
        met(memory, 7, LOOKS[0], from_s=1.5, until_s=2)
        assert memory.links(np.array([7]), 2_000_000_000) == links


def test_tracks_never_confirmed_and_long_gone_are_forgotten() -> None:
    memory = Memory(MemorySettings(memory_s=20.0))
    memory.see(1, BOX, 0, look=LOOKS[0], told=False)
    met(memory, 2, LOOKS[1], from_s=0, until_s=0.5)
    met(memory, 7, LOOKS[0], from_s=5, until_s=5.2)
    memory.forget(5_200_000_000, np.array([7]))
    assert memory.links(np.array([7]), 5_200_000_000) == {}
    met(memory, 8, LOOKS[1], from_s=30, until_s=30.2)
    memory.forget(30_200_000_000, np.array([8]))
    assert memory.links(np.array([8]), 30_200_000_000) == {}


def test_unlike_looks_take_overlap_away_and_missing_looks_do_not() -> None:
    memory = Memory(MemorySettings(look_weight=0.8, unlike=0.2, alike=0.8))
    met(memory, 1, LOOKS[0], from_s=0, until_s=0.3)
    between = np.array([0.5, np.sqrt(0.75), 0, 0])
    vectors = np.stack([LOOKS[0], LOOKS[1], between, LOOKS[1]]).astype(np.float32)
    left = memory.agreement(np.array([1, 2]), vectors, np.array([True, True, True, False]))
    assert left[0] == pytest.approx([1.0, 0.2, 0.6, 1.0], abs=1e-6)
    assert left[1] == pytest.approx([1.0] * 4)


vectors = st.lists(st.floats(-1, 1), min_size=3, max_size=3).filter(
    lambda v: np.hypot.reduce(v) > 0.1
)


@given(st.lists(vectors, min_size=1, max_size=6), st.lists(vectors, min_size=1, max_size=6))
def test_resemblance_is_mutual_and_at_most_one(
    first: list[list[float]], second: list[list[float]]
) -> None:
    people = []
    for looks in (first, second):
        person = Acquaintance(BOX, BOX, 0, 0)
        for look in looks:
            person.learn(np.array(look) / np.linalg.norm(look), MemorySettings())
        people.append(person)
    if any(np.linalg.norm(p.usual) < 1e-3 for p in people if p.usual is not None):
        return  # looks that cancel out have no mean direction
    there, back = resemblance(*people), resemblance(*people[::-1])
    assert there == pytest.approx(back, abs=1e-9)
    assert there <= 1 + 1e-9


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**31))
def test_looks_leave_of_an_overlap_what_they_leave_pair_by_pair(
    tracks: int, boxes: int, seed: int
) -> None:
    rng, settings = np.random.default_rng(seed), MemorySettings()
    memory, recent = Memory(settings), {}
    for number in range(tracks):
        for i in range(int(rng.integers(0, 3))):
            look = rng.normal(size=4)
            look /= np.linalg.norm(look)
            memory.see(number, BOX, i, look=look, told=True)
            before = recent.get(number, look)
            keep = settings.recent_keep if number in recent else 0.0
            recent[number] = keep * before + (1 - keep) * look
    look = rng.normal(size=(boxes, 4)).astype(np.float32)
    look /= np.linalg.norm(look, axis=1, keepdims=True)
    looked = rng.random(boxes) < 0.7
    left = memory.agreement(np.arange(tracks), look, looked)
    for i in range(tracks):
        for j in range(boxes):
            if not looked[j] or i not in recent:
                assert left[i, j] == 1
                continue
            cosine = look[j] @ recent[i] / np.linalg.norm(recent[i])
            alike = np.clip((cosine - settings.unlike) / (settings.alike - settings.unlike), 0, 1)
            assert left[i, j] == pytest.approx(1 - settings.look_weight * (1 - alike), abs=1e-6)
