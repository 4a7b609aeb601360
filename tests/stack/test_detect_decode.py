"""Laws of letterboxing, decoding and suppression."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retailsim.stack.detect.decode import PADDING_GREY, Letterbox, decode, suppress
from retailsim.stack.detect.network import STRIDES_PX
from retailsim.stack.track.association import iou


@st.composite
def scored_boxes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(0, 25))
    # Whole pixels, so that boxes often coincide and scores often tie.
    corner = draw(arrays(np.int64, (n, 2), elements=st.integers(0, 40)))
    size = draw(arrays(np.int64, (n, 2), elements=st.integers(1, 30)))
    score = draw(arrays(np.int64, n, elements=st.integers(0, 8)))
    boxes = np.concatenate([corner, corner + size], 1).astype(np.float32)
    return boxes, (score / 8).astype(np.float32)


@given(scored_boxes(), st.sampled_from([0.3, 0.5, 0.7]))
def test_no_two_kept_boxes_overlap_by_more_than_allowed(found, max_iou):
    boxes, score = found
    kept = suppress(boxes, score, max_iou)
    pairs = iou(boxes[kept], boxes[kept])
    assert np.all(pairs[~np.eye(len(kept), dtype=bool)] <= max_iou)


@given(scored_boxes(), st.sampled_from([0.3, 0.5, 0.7]))
def test_every_dropped_box_overlaps_a_kept_one_of_at_least_its_score(found, max_iou):
    boxes, score = found
    kept = suppress(boxes, score, max_iou)
    dropped = np.setdiff1d(np.arange(len(boxes)), kept)
    close = (iou(boxes[dropped], boxes[kept]) > max_iou) & (
        score[kept][None] >= score[dropped][:, None]
    )
    assert np.all(close.any(axis=1))


@given(scored_boxes(), st.randoms(use_true_random=False))
def test_suppression_does_not_depend_on_the_order_of_its_input(found, shuffler):
    boxes, score = found
    order = list(range(len(boxes)))
    shuffler.shuffle(order)
    kept = suppress(boxes, score, 0.5)
    again = np.array(order, np.int64)[suppress(boxes[order], score[order], 0.5)]
    np.testing.assert_array_equal(boxes[kept], boxes[again])
    np.testing.assert_array_equal(score[kept], score[again])


@given(scored_boxes())
def test_kept_boxes_come_best_first(found):
    boxes, score = found
    assert np.all(np.diff(score[suppress(boxes, score, 0.5)]) <= 0)


def test_what_is_no_box_is_dropped_and_beats_nobody():
    sound = [100, 0, 110, 50]
    strange = [[30, 0, 10, 30], [5, 5, 5, 30], [np.nan, 0, 1, 1], [0, 0, np.inf, 1]]
    boxes = np.array([*strange, sound], np.float32)
    np.testing.assert_array_equal(suppress(boxes, np.linspace(0.9, 0.5, 5), 0.5), [4])


def test_overlap_of_known_boxes():
    a = np.array([[0, 0, 10, 10]], np.float32)
    b = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [10, 10, 20, 20], [3, 3, 3, 3]], np.float32)
    np.testing.assert_allclose(iou(a, b), [[1, 1 / 3, 0, 0]], rtol=1e-6)


def test_decoding_inverts_the_documented_formula():
    box, stride = np.array([30.0, 40.0, 62.0, 120.0]), STRIDES_PX[0]
    maps = [np.full((5, 32 // (s // 8), 52 // (s // 8)), -20, np.float32) for s in STRIDES_PX]
    centre, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    column, row = (centre // stride).astype(int)
    shift = centre / stride - [column + 0.5, row + 0.5]
    maps[0][:, row, column] = [2.0, *shift, *np.log(size / stride)]
    coarse = [np.full_like(level, -20) for level in maps]
    coarse[1][:, 1, 0] = [1.0, 0.5, -0.5, 0.0, np.log(2)]  # centred at 16, 16: 16 x 32 px
    empty = [np.full_like(level, -20) for level in maps]
    batch = [np.stack(levels) for levels in zip(coarse, empty, maps, strict=True)]
    (other, _), nothing, (boxes, score) = decode(batch, 0.5)
    np.testing.assert_allclose(other, [[8, 0, 24, 32]], atol=1e-5)
    assert [part.shape for part in nothing] == [(0, 4), (0,)]
    assert all(not len(score) for _, score in decode(batch, 1.0))
    assert [len(score) for _, score in decode(batch, 0.0)] == [sum(m[0].size for m in maps)] * 3
    np.testing.assert_allclose(boxes, [box], rtol=1e-5)
    np.testing.assert_allclose(score, [1 / (1 + np.exp(-2.0))], rtol=1e-6)


@given(
    st.tuples(st.integers(40, 2000), st.integers(40, 2000)),
    st.sampled_from([(416, 256), (640, 384)]),
    arrays(np.float32, (3, 2, 2), elements=st.floats(0, 1, width=32)),
)
def test_boxes_survive_the_way_into_the_input_and_back(frame_px, input_px, shares):
    fit = Letterbox.fit(frame_px, input_px)
    boxes = (np.sort(shares, axis=1) * frame_px).reshape(-1, 4).astype(np.float32)
    inside = boxes * fit.scale + np.tile(fit.offset_px, 2)
    assert inside.min() >= 0
    assert np.all(inside <= np.tile(input_px, 2) + 1e-3)
    np.testing.assert_allclose(fit.to_frame(inside.astype(np.float32)), boxes, atol=0.02)


@pytest.mark.parametrize("shape", [(360, 640, 3), (480, 640, 3), (1080, 607, 3)])
def test_the_whole_frame_lands_in_the_input(shape):
    image = np.full(shape, 200, np.uint8)
    fit = Letterbox.fit((shape[1], shape[0]), (416, 256))
    boxed = np.full((256, 416, 3), PADDING_GREY, np.uint8)
    fit.paint(image, boxed)
    shown = (boxed == 200).all(axis=2).sum() / fit.scale**2
    assert shown == pytest.approx(shape[0] * shape[1], rel=0.02)
