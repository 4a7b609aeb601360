"""A cut stands on its own: images, reads and truth of its stretch, no more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import BagError
from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import FrameBatch, TagReads
from retailsim.messages.truth import (
    TruthBoxes,
    TruthCarry,
    TruthInteraction,
    TruthKeypoints,
    TruthPerson,
    TruthPlacement,
    TruthScenario,
    TruthTagPositions,
    TruthTagZones,
    TruthTaste,
)
from retailsim.session import BagReader
from retailsim.session.copying import copy_session
from retailsim.session.cutting import cut_session
from retailsim.session.scan import RawMessage
from retailsim.session.writer import BagWriter
from tests.session.sessions import PLAN, START_NS, TICK_NS, picture, reads, same, write_session

TICKS = 45


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("cut") / "corner.bag", TICKS)


@given(start=st.integers(0, TICKS - 1), length=st.integers(1, TICKS))
def test_a_cut_holds_the_frames_and_reads_of_its_stretch(
    bag: Path, tmp_path_factory: pytest.TempPathFactory, start: int, length: int
) -> None:
    out = tmp_path_factory.mktemp("out") / "cut.bag"
    cut_session(bag, out, start_s=start / 10, duration_s=length / 10)
    reader = BagReader(out)
    messages = list(reader.messages())
    end = min(start + length, TICKS)
    frames = [m for m in messages if isinstance(m, FrameBatch)]
    assert [(m.time_ns - START_NS) // TICK_NS for m in frames] == list(range(start, end))
    assert reader.dropped_frames == 0
    first = frames[0].frames[1].image.astype(float)
    assert np.abs(first - picture(start)).mean() < 5
    reads_us = np.concatenate([m.read_us for m in messages if isinstance(m, TagReads)])
    begin_ns, end_ns = (START_NS + k * TICK_NS for k in (start, start + length))
    original = [m for m in BagReader(bag).messages(frames=False) if isinstance(m, TagReads)]
    every_us = np.concatenate([m.read_us for m in original])
    inside = (every_us * 1000 >= begin_ns) & (every_us * 1000 < end_ns)
    assert reads_us.tolist() == every_us[inside].tolist()


def _cut_truth(bag: Path, out: Path, start_s: float, duration_s: float) -> MessageLog:
    cut_session(bag, out, start_s=start_s, duration_s=duration_s)
    return MessageLog(BagReader(out).truth())


def test_intervals_are_clipped(bag: Path, tmp_path: Path) -> None:
    log = _cut_truth(bag, tmp_path / "a.bag", 1.0, 0.5)
    (flip,) = log.of(TruthInteraction)
    assert (flip.time_ns - START_NS, flip.end_ns - START_NS) == (10**9, 15 * 10**8)
    assert not _cut_truth(bag, tmp_path / "b.bag", 2.0, 0.5).of(TruthInteraction)


def test_zones_of_all_tags_are_stated_at_the_start(bag: Path, tmp_path: Path) -> None:
    before = _cut_truth(bag, tmp_path / "a.bag", 1.0, 0.5).of(TruthTagZones)
    stated = [(m.time_ns - START_NS, m.epc.tolist(), m.zone.tolist()) for m in before]
    assert stated == [(10**9, ["aa", "bb"], ["rack", "rack"]), (12 * 10**8, ["bb"], ["till"])]
    (after,) = _cut_truth(bag, tmp_path / "b.bag", 2.0, 0.5).of(TruthTagZones)
    assert (after.epc.tolist(), after.zone.tolist()) == (["aa", "bb"], ["rack", "till"])


def test_positions_and_misplaced_garments_are_stated_at_the_start(tmp_path: Path) -> None:
    moved, begin_ns = np.array([[1.0, 2.0, 1.0]]), START_NS + 10**9
    events: list[Message] = [
        TruthTagPositions(START_NS, np.array(["aa", "bb"]), np.zeros((2, 3))),
        TruthPlacement(START_NS, 3, "aa", "rail"),
        TruthPlacement(START_NS, 3, "bb", "rail"),
        TruthTagPositions(START_NS + 5 * 10**8, np.array(["bb"]), moved),
        TruthCarry(START_NS + 4 * 10**8, START_NS + 2 * 10**9, 3, "bb"),
    ]
    with BagWriter(tmp_path / "all.bag", PLAN) as bag:
        for tick in range(30):
            bag.write(reads(tick), START_NS + tick * TICK_NS)
        for event in events:
            bag.write(event)
    log = _cut_truth(tmp_path / "all.bag", tmp_path / "a.bag", 1.0, 0.5)
    (where,) = log.of(TruthTagPositions)
    assert (where.time_ns, where.epc.tolist()) == (begin_ns, ["aa", "bb"])
    assert where.xyz_m.tolist() == [[0.0, 0.0, 0.0], [1.0, 2.0, 1.0]]
    (put,) = log.of(TruthPlacement)
    assert (put.time_ns, put.person_id, put.epc, put.fixture) == (begin_ns, 0, "aa", "rail")


def test_people_their_tastes_and_the_scenario_are_kept(bag: Path, tmp_path: Path) -> None:
    log = _cut_truth(bag, tmp_path / "a.bag", 3.0, 0.5)
    original = MessageLog(BagReader(bag).truth())
    for kind in (TruthPerson, TruthTaste, TruthScenario):
        (kept,), (stated,) = log.of(kind), original.of(kind)
        assert same(kept, stated)


def test_one_camera_can_be_kept(bag: Path, tmp_path: Path) -> None:
    cut_session(bag, tmp_path / "a.bag", start_s=0.5, duration_s=1, cameras=["right"])
    reader = BagReader(tmp_path / "a.bag")
    assert [camera.id for camera in reader.plan.cameras] == ["right"]
    frames = [m for m in reader.messages() if isinstance(m, FrameBatch)]
    assert {frame.camera for m in frames for frame in m.frames} == {"right"}
    boxes = MessageLog(reader.truth()).of(TruthBoxes)
    assert {m.camera for m in boxes} == {"right"}
    assert len(boxes) == len(frames) == 10
    assert {m.camera for m in MessageLog(reader.truth()).of(TruthKeypoints)} == {"right"}


def test_from_its_first_key_frame_on_video_is_copied(bag: Path, tmp_path: Path) -> None:
    cut_session(bag, tmp_path / "a.bag", start_s=1.5, duration_s=2)
    frames = {
        path: {m.time_ns: m.frames[0].image for m in BagReader(path).messages() if _is_batch(m)}
        for path in (bag, tmp_path / "a.bag")
    }
    original, cut = frames.values()
    later = [t for t in cut if t >= START_NS + 20 * TICK_NS]
    assert len(later) == 15
    assert all(np.array_equal(cut[t], original[t]) for t in later)


def _is_batch(message: object) -> bool:
    return isinstance(message, FrameBatch)


def test_a_higher_rate_factor_makes_a_smaller_cut(bag: Path, tmp_path: Path) -> None:
    sizes = []
    for crf in (20, 45):
        out = tmp_path / f"{crf}.bag"
        cut_session(bag, out, start_s=0, duration_s=3, crf=crf)
        sizes.append(sum(len(raw.data) for raw in BagReader(out).raw_sensors()))
    assert sizes[1] < sizes[0]


@pytest.mark.parametrize("crf", [None, 30])
def test_frames_after_a_gap_wait_for_a_key_frame(
    bag: Path, tmp_path: Path, crf: int | None
) -> None:
    def lose_three(raw: RawMessage) -> RawMessage | None:
        is_video = raw.channel.schema == "foxglove.CompressedVideo"
        return None if is_video and raw.sequence in (12, 13, 24) else raw

    copy_session(BagReader(bag).source, tmp_path / "holes.bag", lose_three)
    cut_session(tmp_path / "holes.bag", tmp_path / "cut.bag", start_s=0.5, duration_s=3.7, crf=crf)
    reader = BagReader(tmp_path / "cut.bag")
    ticks = [(m.time_ns - START_NS) // TICK_NS for m in reader.messages() if _is_batch(m)]
    assert ticks == [*range(5, 12), *range(20, 24), 40, 41]
    assert reader.dropped_frames == 0


def test_a_cut_of_a_cut_is_the_cut(bag: Path, tmp_path: Path) -> None:
    cut_session(bag, tmp_path / "a.bag", start_s=1, duration_s=3)
    cut_session(tmp_path / "a.bag", tmp_path / "b.bag", start_s=0, duration_s=3)
    cut_session(bag, tmp_path / "c.bag", start_s=1, duration_s=3)
    a, b, c = (
        (tmp_path / name / "session_0.mcap").read_bytes() for name in ("a.bag", "b.bag", "c.bag")
    )
    assert a == c
    assert a == b


@pytest.mark.parametrize(
    ("start_s", "duration_s", "cameras", "complaint"),
    [
        (-1.0, 1.0, None, "lies outside"),
        (99.0, 1.0, None, "lies outside its 4.4 s"),
        (float("nan"), 1.0, None, "lies outside"),
        (0.0, 0.0, None, "is empty"),
        (0.0, -5.0, None, "is empty"),
        (0.0, 1.0, ["attic"], "no camera 'attic'"),
    ],
)
def test_impossible_cuts_are_refused(
    bag: Path,
    tmp_path: Path,
    start_s: float,
    duration_s: float,
    cameras: list[str] | None,
    complaint: str,
) -> None:
    with pytest.raises(BagError, match=complaint):
        cut_session(
            bag, tmp_path / "a.bag", start_s=start_s, duration_s=duration_s, cameras=cameras
        )
    assert list(tmp_path.iterdir()) == []


def test_a_bag_is_not_cut_into_itself(bag: Path) -> None:
    with pytest.raises(BagError, match="into itself"):
        cut_session(bag, bag, start_s=0, duration_s=1, overwrite=True)
