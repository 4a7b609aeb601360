"""What is taken for a person, and what for a thing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.stack.track.life import LifeSettings, Signs

BOX = np.array([[100.0, 100.0, 140.0, 220.0]])
ROW = np.array([0])
TENTH = np.array([0.1])


def after(scores: list[float], steps_px: list[float], settings: LifeSettings) -> list[bool]:
    """Show a track a box every tenth of a second; say after each whether it was alive."""
    signs, x_px, alive = Signs.first(BOX, np.array(scores[:1])), 0.0, []
    for i, (score, step_px) in enumerate(zip(scores, steps_px, strict=True)):
        x_px += step_px
        box, time_ns = BOX + [x_px, 0, x_px, 0], i * 100_000_000
        signs = signs.seen(ROW, box, np.array([score]), after_s=TENTH, time_ns=time_ns, s=settings)
        alive.append(bool(signs.alive(time_ns, settings)[0]))
    return alive


def test_a_doubtful_box_that_stays_is_a_thing_and_one_that_walks_a_person() -> None:
    doubtful, settings = [0.4] * 30, LifeSettings(sure_score=0.5)
    assert not any(after(doubtful, [0.0] * 30, settings))
    walking = after(doubtful, [4.0] * 30, settings)
    assert not walking[0]
    assert walking[-1]


def test_one_sure_glance_among_doubtful_ones_is_not_enough() -> None:
    glance = [0.4] * 10 + [0.9] + [0.4] * 10
    settings = LifeSettings(sure_score=0.5, sure_s=2.0)
    assert not any(after(glance, [0.0] * 21, settings))
    assert after([0.9] * 21, [0.0] * 21, settings)[-1]


def test_who_moved_is_believed_for_a_while() -> None:
    settings = LifeSettings(sure_score=0.5, still_s=2.0)
    alive = after([0.4] * 60, [8.0] * 10 + [0.0] * 50, settings)
    assert alive[9]
    assert alive[20]
    assert not alive[-1]


def test_a_trembling_box_has_not_moved() -> None:
    signs = Signs.first(BOX, np.array([0.4]))
    settings = LifeSettings(sure_score=0.5)
    for i in range(100):
        shaken = BOX + 3.0 * np.sin(i) * np.array([1, -1, -1, 1])
        signs = signs.seen(
            ROW, shaken, np.array([0.4]), after_s=TENTH, time_ns=i * 100_000_000, s=settings
        )
    assert not signs.alive(10_000_000_000, settings)[0]


def test_other_tracks_keep_their_signs() -> None:
    two = Signs.first(np.concatenate([BOX, BOX]), np.array([0.4, 0.7]))
    seen = two.seen(ROW, BOX + 200, np.array([0.9]), after_s=TENTH, time_ns=5, s=LifeSettings())
    assert seen.score[1] == 0.7
    np.testing.assert_array_equal(seen.place_px[1], BOX[0])
    assert seen.moved_ns.tolist() == [5, two.moved_ns[1]]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0.01, 10))
def test_the_mean_score_lies_among_the_scores_and_no_score_asked_for_lets_all_live(
    scores: list[float], sure_s: float
) -> None:
    signs, settings = Signs.first(BOX, np.array(scores[:1])), LifeSettings(sure_score=0.0)
    for score in scores[1:]:
        signs = signs.seen(
            ROW, BOX, np.array([score]), after_s=TENTH * sure_s, time_ns=0, s=settings
        )
    assert min(scores) - 1e-9 <= signs.score[0] <= max(scores) + 1e-9
    assert signs.alive(0, settings)[0]


def test_taking_rows_undoes_joining() -> None:
    one, other = Signs.first(BOX, np.array([0.4])), Signs.first(BOX + 9, np.array([0.8]))
    both = one.join(other)
    assert both.take(np.array([1])).score.tolist() == pytest.approx([0.8])
    np.testing.assert_array_equal(both.take(np.array([1, 0])).place_px, np.vstack([BOX + 9, BOX]))
