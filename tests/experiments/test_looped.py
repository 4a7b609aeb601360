"""Footage without end goes on as it began: same frames, later times."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.errors import BagError, ScenarioError
from retailsim.experiments.looped import Footage, shifted, survey
from retailsim.messages.sensors import FrameBatch, Sale, TagReads
from retailsim.session import BagReader
from retailsim.session.frames import FrameAssembler
from tests.session.sessions import PLAN, START_NS, TICK_NS, reads, write_session

TICKS = 17


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("looped") / "corner.bag", ticks=TICKS)


def test_a_bag_is_as_fast_as_its_cameras_and_begins_again_a_step_after_its_end(bag: Path) -> None:
    footage = survey(bag)
    assert footage.rate_hz == pytest.approx(10.0)
    assert footage.begin_ns == START_NS
    assert footage.period_ns == TICKS * TICK_NS
    assert list(footage.recorded_hz) == ["left", "right"]


def test_frames_come_at_an_even_pace_and_are_numbered_on(bag: Path) -> None:
    batches = [m for m in survey(bag).play(4.0) if isinstance(m, FrameBatch)]
    assert [b.time_ns for b in batches] == [START_NS + i * TICK_NS for i in range(40)]
    for i, batch in enumerate(batches):
        assert [f.camera for f in batch.frames] == ["left", "right"]
        assert {f.index for f in batch.frames} == {i}
        assert {f.time_ns for f in batch.frames} == {batch.time_ns}
        for frame, first in zip(batch.frames, batches[i % TICKS].frames, strict=True):
            assert np.array_equal(frame.image, first.image)


def test_tag_reads_and_sales_come_again_later(bag: Path) -> None:
    messages = list(survey(bag).play(4.0))
    told = [m for m in messages if isinstance(m, TagReads)]
    assert [m.time_ns for m in told] == [START_NS + i * TICK_NS for i in range(40)]
    assert [int(m.read_us[-1]) for m in told] == [m.time_ns // 1000 for m in told]
    sales = [m.time_ns - START_NS for m in messages if isinstance(m, Sale)]
    assert sales == [15 * TICK_NS, (15 + TICKS) * TICK_NS]


def test_once_through_is_what_the_bag_holds(bag: Path) -> None:
    played = list(survey(bag).play(TICKS / 10))
    assert [(type(m), m.time_ns) for m in played] == [
        (type(m), m.time_ns) for m in BagReader(bag).messages()
    ]


@given(st.floats(0, 1, exclude_max=True))
def test_who_begins_later_sees_the_same_footage_from_there_on(bag: Path, share: float) -> None:
    whole = [m for m in survey(bag).play(3.4) if isinstance(m, FrameBatch)]
    later = [m for m in survey(bag).later(share).play(1.7) if isinstance(m, FrameBatch)]
    first = min(int(share * TICKS), TICKS - 1)
    assert [b.time_ns for b in later] == [START_NS + i * TICK_NS for i in range(TICKS)]
    for here, there in zip(later, whole[first:], strict=False):
        assert {f.index for f in here.frames} == {(here.time_ns - START_NS) // TICK_NS}
        for mine, theirs in zip(here.frames, there.frames, strict=True):
            assert np.array_equal(mine.image, theirs.image)


@given(st.floats(1, 60), st.floats(0, 1, exclude_max=True))
def test_it_begins_at_a_frame_give_or_take_a_microsecond(rate_hz: float, share: float) -> None:
    cameras = [camera.model_copy(update={"rate_hz": rate_hz}) for camera in PLAN.cameras]
    plan = PLAN.model_copy(update={"cameras": cameras})
    period_ns = round(20 / rate_hz * 1e3) * 1_000_000
    whole = Footage(Path("x.bag"), plan, {}, rate_hz, 0, period_ns)
    skipped_ns = whole.later(share).skipped_ns
    assert skipped_ns % 1000 == 0
    assert 0 <= skipped_ns < period_ns
    frame = skipped_ns * 1e-9 * rate_hz
    assert round(frame) - 1e-6 * rate_hz * 1.01 <= frame <= round(frame) + 1e-6


def test_what_lies_well_before_the_beginning_is_not_decoded(tmp_path: Path) -> None:
    footage = survey(write_session(tmp_path / "long.bag", ticks=75)).later(0.9)
    with patch.object(
        FrameAssembler, "video", autospec=True, side_effect=FrameAssembler.video
    ) as v:
        later = [m for m in footage.play(0.5) if isinstance(m, FrameBatch)]
    assert [b.time_ns for b in later] == [START_NS + i * TICK_NS for i in range(5)]
    assert v.call_count <= 2 * (75 - 67 + 21)
    whole = [m for m in survey(tmp_path / "long.bag").play(7.5) if isinstance(m, FrameBatch)]
    for mine, theirs in zip(later[0].frames, whole[67].frames, strict=True):
        assert np.array_equal(mine.image, theirs.image)


def test_some_cameras_are_played_alone(bag: Path) -> None:
    footage = survey(bag).of(1)
    assert [camera.id for camera in footage.plan.cameras] == ["left"]
    frames = [f for m in footage.play(1.0) if isinstance(m, FrameBatch) for f in m.frames]
    assert [f.camera for f in frames] == ["left"] * 10
    assert survey(bag, most=1).plan == footage.plan


@pytest.mark.parametrize("rate_hz", [10.0, 7.0, 5.0, 1.0])
def test_a_lower_rate_leaves_out_frames_evenly(bag: Path, rate_hz: float) -> None:
    batches = [m for m in survey(bag, rate_hz=rate_hz).play(8.0) if isinstance(m, FrameBatch)]
    assert len(batches) == round(8 * rate_hz)
    gaps = np.diff([b.time_ns for b in batches]) / TICK_NS
    assert gaps.max() - gaps.min() <= 1
    assert [b.frames[0].index for b in batches] == list(range(len(batches)))


def test_a_rate_that_the_footage_lacks_is_refused_by_name(bag: Path) -> None:
    with pytest.raises(ScenarioError, match=r"camera 'left' sends 10 frames/s, not 15"):
        survey(bag, rate_hz=15)


def test_a_bag_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="frames enough"):
        survey(write_session(tmp_path / "dark.bag", ticks=3, video=False))


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_shifts_add_up(one_ms: int, other_ms: int) -> None:
    once = shifted(shifted(reads(3), one_ms * 10**6), other_ms * 10**6)
    both = shifted(reads(3), (one_ms + other_ms) * 10**6)
    assert isinstance(once, TagReads)
    assert isinstance(both, TagReads)
    assert once.time_ns == both.time_ns == reads(3).time_ns + (one_ms + other_ms) * 10**6
    assert np.array_equal(once.read_us, both.read_us)
    assert int(both.read_us[-1]) == both.time_ns // 1000
