"""A trial puts streams into shops, and sums up what became of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.engine.config import StackSpec, load_stack
from retailsim.engine.owner.desk import Item, items_in
from retailsim.errors import DeviceError, NoMemoryError, StageError
from retailsim.experiments.busy import Busy
from retailsim.experiments.density_trial import Timing, room_of, shops_of, sum_up, try_streams
from retailsim.experiments.density_windows import Window
from retailsim.experiments.engine_tables import trial_line
from retailsim.experiments.looped import Footage, survey
from retailsim.store.plan import Camera
from tests.experiments.bench_toys import GAZER
from tests.session.sessions import write_session

SHORT = Timing(warm_up_s=0.2, window_s=0.5, rest_s=0.2)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return survey(write_session(tmp_path_factory.mktemp("trial") / "corner.bag", ticks=12))


def stack(folder: Path, **parameters: bool) -> StackSpec:
    """A stack whose one network looks at every frame."""
    path = folder / "gazer.yaml"
    gaze = json.dumps({"uses": GAZER, "with": parameters})
    path.write_text(f"precision: fp32\nlateness_s: 0\nstages:\n  gaze: {gaze}\n")
    return load_stack(path)


@given(st.integers(1, 500), st.integers(1, 4))
def test_all_shops_are_full_but_the_last(streams: int, per_shop: int) -> None:
    shops = shops_of(streams, per_shop)
    assert sum(shops) == streams
    assert set(shops[:-1]) <= {per_shop}
    assert 1 <= shops[-1] <= per_shop


def test_a_trial_holds_when_both_windows_do() -> None:
    good = Window(100, 1.0, 1.0, 0.3, believed=True, held=True)
    bad = Window(60, 0.6, 1.0, 0.9, believed=True, held=False)
    busy = Busy(20.0, 0, (0.5, 0.3), {"shop 1 of 2": 1.5, "shop 2 of 2": 0.5}, None)
    trial = sum_up((good, bad), busy, streams=8, shops=2, dropped={"source": 40})
    assert not trial.held
    assert trial.core_ms_per_frame == pytest.approx(2000 / 160)
    assert trial.others == pytest.approx(0.35)
    assert "8 streams" in trial_line(trial)
    assert "100.0 60.0 %" in trial_line(trial)
    assert sum_up((good, good), busy, streams=8, shops=2, dropped={}).held


@given(st.lists(st.sampled_from([(96, 64), (640, 360), (3840, 2160)]), min_size=1, max_size=4))
def test_a_frame_of_every_camera_fits_on_a_desk(sizes: list[tuple[int, int]]) -> None:
    cameras = [Camera(id=str(i), width_px=w, height_px=h) for i, (w, h) in enumerate(sizes)]
    for width, height in sizes:
        item = Item((((height, width, 3), "|u1"),), ((64, 48, 80), (64, 24, 40)))
        assert items_in(room_of(cameras), item) >= len(cameras)


def test_networks_of_all_shops_run_where_the_device_is_owned(
    footage: Footage, tmp_path: Path
) -> None:
    spec = stack(tmp_path)
    trial = try_streams(3, footage, spec, device="cuda", timing=SHORT, owned_as="cpu")
    assert (trial.streams, trial.shops) == (3, 2)
    assert 1 <= sum(window.frames for window in trial.windows) <= 3 * 12
    assert all(window.believed for window in trial.windows)
    assert not trial.wanting


def test_too_little_memory_of_the_device_is_said_by_its_owner(
    footage: Footage, tmp_path: Path
) -> None:
    spec = stack(tmp_path, dark=True)
    with pytest.raises(NoMemoryError, match=r"^cpu: out of memory$"):
        try_streams(3, footage, spec, device="cuda", timing=SHORT, owned_as="cpu")


@pytest.mark.parametrize("streams", [1, 4])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [("blind", "nothing to be seen"), ("deaf", "unexpected keyword argument 'deaf'")],
)
def test_a_stage_that_fails_is_named_though_the_owner_ends_with_the_shops(
    footage: Footage, tmp_path: Path, streams: int, wrong: str, said: str
) -> None:
    spec = stack(tmp_path, **{wrong: True})
    with pytest.raises(StageError, match=f"gaze.*{said}"):
        try_streams(streams, footage, spec, device="cuda", timing=SHORT, owned_as="cpu")


def test_a_device_that_is_not_there_is_said_by_its_owner(footage: Footage, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"^cuda:99: "):
        try_streams(1, footage, stack(tmp_path), device="cuda", timing=SHORT, owned_as="cuda:99")
