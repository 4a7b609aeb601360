"""Which crops are looked at, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from retailsim.errors import ModelError, StageError
from retailsim.evaluate.reid import rank
from retailsim.messages.results import Embeddings, Tracks
from retailsim.messages.sensors import Frame, FrameBatch
from retailsim.resources import find
from retailsim.stack.reid.baseline import ColourHistogram
from retailsim.stack.reid.crops import covered_share, cut, stacked
from retailsim.stack.reid.embedder import AppearanceStage, Embedder
from retailsim.stack.reid.network import EmbedderConfig, PersonEmbedder
from retailsim.stack.stage import StageContext
from retailsim.store.load import load_plan

TICK_NS = 100_000_000
CONTEXT = StageContext(plan=load_plan(find("scenarios/stores/boutique.yaml")))
SMALL = EmbedderConfig(widths=(8, 8, 16, 16), part=8, dimensions=16)


def frame(camera: str, tick: int, image: np.ndarray | None = None) -> Frame:
    grey = np.full((360, 640, 3), 90, np.uint8)
    return Frame(tick * TICK_NS, camera=camera, index=tick, image=grey if image is None else image)


def tracks(camera: str, tick: int, boxes: dict[int, tuple[float, ...]]) -> Tracks:
    return Tracks(
        tick * TICK_NS,
        camera=camera,
        track_id=np.array(list(boxes), np.int64),
        boxes_px=np.array(list(boxes.values()), np.float32).reshape(-1, 4),
        score=np.ones(len(boxes), np.float32),
    )


def run_tick(stage: AppearanceStage, tick: int, *seen: Tracks) -> list[Embeddings]:
    cameras = [t.camera for t in seen]
    batch = FrameBatch(tick * TICK_NS, frames=tuple(frame(c, tick) for c in cameras))
    for message in (batch, *seen):
        assert list(stage.process(message)) == []
    return list(stage.advance(tick * TICK_NS))


def test_a_tracklet_is_looked_at_at_once_and_then_every_half_second() -> None:
    stage = ColourHistogram(CONTEXT, every_s=0.5)
    box = {7: (9.0, 9.0, 60.0, 99.0)}
    looked = [tick for tick in range(1, 13) if run_tick(stage, tick, tracks("a", tick, box))]
    assert looked == [1, 6, 11]


def test_small_and_hidden_people_are_left_out() -> None:
    boxes = {
        1: (10.0, 10.0, 40.0, 45.0),  # too small
        2: (100.0, 50.0, 160.0, 200.0),  # behind 3
        3: (110.0, 60.0, 170.0, 230.0),
        4: (400.0, 50.0, 460.0, 200.0),
    }
    (said,) = run_tick(ColourHistogram(CONTEXT), 1, tracks("a", 1, boxes))
    assert said.track_id.tolist() == [3, 4]


def test_the_budget_goes_to_who_waited_longest() -> None:
    stage = ColourHistogram(CONTEXT, every_s=0.0, per_tick=2)
    three = {k: (100.0 * k, 10.0, 100.0 * k + 50, 150.0) for k in (1, 2, 3)}
    looked = [run_tick(stage, t, tracks("a", t, three))[0].track_id.tolist() for t in range(1, 5)]
    assert looked == [[1, 2], [3, 1], [2, 1], [3, 1]]


def test_all_cameras_of_a_tick_are_answered_and_a_missing_frame_is_survived() -> None:
    stage = ColourHistogram(CONTEXT)
    one = tracks("a", 1, {1: (10, 10, 60, 120)})
    two = tracks("b", 1, {2: (10, 10, 60, 120)})
    stage.process(FrameBatch(TICK_NS, frames=(frame("a", 1), frame("b", 1))))
    for message in (one, two, tracks("c", 1, {3: (10, 10, 60, 120)})):
        stage.process(message)
    said = list(stage.advance(TICK_NS))
    assert [(e.camera, e.track_id.tolist()) for e in said] == [("a", [1]), ("b", [2])]


def test_wrong_parameters_are_refused() -> None:
    with pytest.raises(StageError, match="max_covered"):
        ColourHistogram(CONTEXT, max_covered=2.0)


corner, side = (st.integers(-50, 600), st.integers(-50, 300)), st.integers(1, 200)
boxes_px = st.tuples(*corner, side, side)


@given(boxes_px)
def test_a_cut_has_the_size_asked_for_or_is_none(box: tuple[int, int, int, int]) -> None:
    x, y, width, height = box
    crop = cut(np.zeros((360, 640, 3), np.uint8), (x, y, x + width, y + height), (64, 128))
    inside = (min(x + width, 640) - max(x, 0), min(y + height, 360) - max(y, 0))
    assert (crop is not None) == (min(inside) >= 4)
    assert crop is None or crop.shape == (128, 64, 3)


@given(st.lists(boxes_px, min_size=1, max_size=6))
def test_nobody_is_covered_more_than_whole_and_the_nearest_not_at_all(
    boxes: list[tuple[int, int, int, int]],
) -> None:
    corners = np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], np.float32)
    share = covered_share(corners)
    assert (share >= 0).all()
    assert (share <= 1 + 1e-9).all()
    assert share[corners[:, 3].argmax()] == 0


def test_the_network_sees_rgb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Embedder(CONTEXT, model=write_model(tmp_path / "m", SMALL, SMALL))
    seen: list[np.ndarray] = []

    def look(pictures: np.ndarray) -> list[np.ndarray]:
        seen.append(pictures)
        return [np.ones((len(pictures), 16), np.float32)]

    monkeypatch.setattr(stage, "_network", look)
    blue = np.zeros((128, 64, 3), np.uint8)
    blue[..., 0] = 255
    stage.embed([blue])
    (batch,) = seen
    assert batch.shape == (1, 128, 64, 3)
    assert (batch[..., 2] == 255).all()
    assert not batch[..., :2].any()


def dressed(rng: np.random.Generator, top: np.ndarray, legs: np.ndarray) -> np.ndarray:
    """A crop of somebody in two colours, in some light, before something grey."""
    crop = np.full((128, 64, 3), rng.integers(60, 180), np.float32)
    crop[16:64, 10:54], crop[64:120, 14:50] = top, legs
    noisy = crop * rng.uniform(0.9, 1.1) + rng.normal(0, 6, crop.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def crowd(seed: int, people: int = 20) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 255, (people, 2, 3))
    who = np.repeat(np.arange(people), 4)
    crops = [dressed(rng, colours[p, 0], colours[p, 1]) for p in who]
    return crops, who, np.tile(np.array(["a", "b", "c", "d"]), people)


def test_colours_find_a_person_again_until_the_crops_are_shuffled() -> None:
    crops, who, camera = crowd(1)
    stage = ColourHistogram(CONTEXT)
    found = rank(stage.embed(crops), who, camera)["rank1"]
    shuffled = [crops[i] for i in np.random.default_rng(2).permutation(len(crops))]
    broken = rank(stage.embed(shuffled), who, camera)["rank1"]
    assert found is not None
    assert broken is not None
    assert found > 0.7
    assert broken < 0.3


def write_model(folder: Path, config: EmbedderConfig, built_for: EmbedderConfig) -> str:
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")))
    save_file(PersonEmbedder(built_for).state_dict(), folder / "weights.safetensors")
    return f"{folder}/"


def test_the_network_gives_unit_vectors_that_do_not_depend_on_the_batch(tmp_path: Path) -> None:
    stage = Embedder(CONTEXT, model=write_model(tmp_path / "m", SMALL, SMALL))
    crops, _, _ = crowd(3, people=3)
    together = stage.embed(crops)
    assert together.shape == (12, 16)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-4)
    np.testing.assert_allclose(stage.embed(crops[:1])[0], together[0], atol=1e-4)


def test_weights_of_another_network_are_refused_in_one_line(tmp_path: Path) -> None:
    other = SMALL.model_copy(update={"dimensions": 24})
    with pytest.raises(ModelError) as error:
        Embedder(CONTEXT, model=write_model(tmp_path / "m", other, SMALL))
    assert "\n" not in str(error.value)


def test_a_misspelt_setting_is_named(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m", SMALL, SMALL)
    (tmp_path / "m" / "config.yaml").write_text("dimension: 16\n")
    with pytest.raises(ModelError, match="dimension"):
        Embedder(CONTEXT, model=model)


@given(st.integers(1, 4), st.booleans(), st.integers(0, 2**31))
def test_stacked_crops_are_opencv_s_blob(count: int, rgb: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    crops = [rng.integers(0, 256, (8, 6, 3), dtype=np.uint8) for _ in range(count)]
    blob = cv2.dnn.blobFromImages(crops, swapRB=rgb)
    pictures = stacked(crops, rgb=rgb)
    assert pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures.transpose(0, 3, 1, 2), blob)
