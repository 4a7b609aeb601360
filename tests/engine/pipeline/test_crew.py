from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from retailsim.engine.pipeline.crew import ring_for, window_for
from retailsim.store.plan import Camera, StorePlan


def shop(cameras: int, width_px: int, height_px: int) -> StorePlan:
    made = [Camera(id=f"c{i}", width_px=width_px, height_px=height_px) for i in range(cameras)]
    return StorePlan(name="toy", cameras=made)


@given(cameras=st.integers(1, 40), width_px=st.integers(64, 3840), height_px=st.integers(64, 2160))
def test_slots_are_enough_for_the_ticks_under_way_and_bounded(
    cameras: int, width_px: int, height_px: int
) -> None:
    plan = shop(cameras, width_px, height_px)
    window = window_for(plan)
    found = ring_for(plan, lateness_s=0.5, window=window)
    assert found
    spec, early = found
    assert early >= 1
    assert spec.slots - early >= (window + 1) * cameras  # those under way, and one tick to fill
    frame = width_px * height_px * 3
    assert spec.slots * frame <= (256 + 512) * 2**20 + 4 * cameras * frame


def test_a_shop_without_cameras_needs_no_ring() -> None:
    assert ring_for(StorePlan(name="toy"), lateness_s=0.5, window=8) is None


def test_four_small_cameras_have_eight_ticks_under_way() -> None:
    assert window_for(shop(4, 640, 360)) == 8
    assert window_for(shop(16, 1920, 1080)) == 5
