"""The contact sheet shows every camera at every moment, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from retailsim import api
from retailsim.errors import BagError, ScenarioError
from retailsim.experiments.contact_sheet import GAP_PX, MOST_PX, cell_px
from retailsim.simulate.camera.rig import CameraRig
from retailsim.simulate.moments import look, spread_s
from retailsim.simulate.scenario import load_scenario, load_store
from retailsim.simulate.world import World
from retailsim.store.plan import Camera

ROWS, COLUMNS = 3, 2


@pytest.fixture(scope="module")
def sheet(kiosk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    told: list[float] = []
    path = tmp_path_factory.mktemp("sheet") / "sheet.png"
    made = api.contact_sheet(kiosk, path, duration_s=6, moments=ROWS, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    return made


def cells(path: Path) -> list[np.ndarray]:
    image = cv2.imread(str(path))
    width, height = 160, 120  # the widest camera's width, the tallest one's shape
    top = image.shape[0] - ROWS * (height + GAP_PX)
    corners = [
        (top + row * (height + GAP_PX), GAP_PX + column * (width + GAP_PX))
        for row in range(ROWS)
        for column in range(COLUMNS)
    ]
    return [image[y : y + height, x : x + width] for y, x in corners]


@pytest.mark.gl
def test_every_camera_is_shown_at_every_moment_and_no_two_pictures_are_equal(sheet: Path) -> None:
    found = cells(sheet)
    assert len(found) == ROWS * COLUMNS
    assert all(cell.std() > 5 for cell in found)
    for i, cell in enumerate(found):
        assert not any((cell == other).all() for other in found[:i])


@pytest.mark.gl
def test_the_same_seed_gives_the_same_sheet_and_another_seed_another(
    sheet: Path, kiosk: Path, tmp_path: Path
) -> None:
    again = api.contact_sheet(kiosk, tmp_path / "a.png", duration_s=6, moments=ROWS)
    other = api.contact_sheet(kiosk, tmp_path / "b.png", duration_s=6, moments=ROWS, seed=99)
    assert again.read_bytes() == sheet.read_bytes()
    assert other.read_bytes() != sheet.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png"]


@pytest.mark.gl
def test_skipped_ticks_leave_no_garment_or_person_behind(kiosk: Path) -> None:
    day = load_scenario(kiosk)
    plan = load_store(day, kiosk)
    rig = CameraRig(plan, seed=3)
    for snapshot, _ in World(day, plan, seed=3).run(12.1):
        every_tick = rig.render(snapshot)
    (moment,) = look(day, plan, seed=3, at_s=[12.0])
    assert moment.snapshot.time_ns == every_tick[0].frame.time_ns
    for view, other in zip(moment.views, every_tick, strict=True):
        assert np.array_equal(view.id, other.id)
        assert np.array_equal(view.depth_buffer, other.depth_buffer)


def test_moments_lie_in_the_middle_of_equal_parts() -> None:
    assert spread_s(60.0, 3) == [10.0, 30.0, 50.0]


@pytest.mark.parametrize("count", [1, 4, 8, 20])
@pytest.mark.parametrize("moments", [1, 3, 24])
@pytest.mark.parametrize("size", [(640, 360), (1920, 1080), (480, 640), (64, 64)])
def test_a_sheet_is_bounded_whatever_the_cameras(
    count: int, moments: int, size: tuple[int, int]
) -> None:
    cameras = [Camera(id=f"c{i}", width_px=size[0], height_px=size[1]) for i in range(count)]
    width, height = cell_px(cameras, moments)
    assert 1 <= width <= size[0]
    assert 1 <= height <= size[1]
    assert count * (width + GAP_PX) + GAP_PX <= MOST_PX[0]
    assert moments * (height + GAP_PX) <= MOST_PX[1]


def test_an_output_that_is_no_picture_is_refused_before_anything_is_drawn(kiosk: Path) -> None:
    before = kiosk.read_bytes()
    with pytest.raises(ScenarioError, match="a contact sheet is a picture"):
        api.contact_sheet(kiosk, kiosk)
    assert kiosk.read_bytes() == before


@pytest.mark.gl
def test_a_sheet_that_cannot_be_written_is_an_error(kiosk: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BagError, match=r"file/sheet\.png"):
        api.contact_sheet(kiosk, tmp_path / "file" / "sheet.png", duration_s=1, moments=1)


def test_a_shop_without_calibrated_cameras_is_named(kiosk: Path) -> None:
    day = load_scenario(kiosk)
    plan = load_store(day, kiosk).model_copy(update={"cameras": []})
    with pytest.raises(ScenarioError, match="kiosk"):
        next(look(day, plan, seed=1, at_s=[1.0]))
