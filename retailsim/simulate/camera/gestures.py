"""Where hands go in each pose."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.bones import HAND
from retailsim.simulate.camera.figure import BAGS, Figures
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.snapshot import GESTURES, People, Pose

HANDLE_AHEAD_M, HANDLE_HEIGHT_M, HANDLE_HALF_M = 0.42, 1.0, 0.16
TABLE_M = 0.86
_USUAL = {Pose.REACH: (0.30, -0.08, 0.74), Pose.HOLD: (0.14, -0.13, 0.58)}  # shares of stature
_CARRIER = BAGS.index("carrier")
_ON_SHOULDER = np.array([bag in ("backpack", "shoulder") for bag in BAGS])
_ONE_HANDED = np.array([pose in (Pose.REACH, Pose.HOLD, Pose.BEND) for pose in Pose])
_AT_A_PLACE = _ONE_HANDED | np.array([pose in (Pose.FLIP, Pose.FOLD) for pose in Pose])


def body_targets(people: People, stature: F32) -> F32:
    """Return the place that hands go to in body axes, NaN where there is none, (n, 3).

    Who reaches or holds without a place given does so at a usual one.
    """
    local = people.reach_xyz_m.astype(np.float64).copy()
    local[:, :2] -= people.xy_m
    c, s = np.cos(people.heading_rad), np.sin(people.heading_rad)
    out = np.stack(
        [c * local[:, 0] + s * local[:, 1], c * local[:, 1] - s * local[:, 0], local[:, 2]], axis=1
    )
    out[~_AT_A_PLACE[people.pose]] = np.nan
    for pose, usual in _USUAL.items():
        lost = (people.pose == pose) & np.isnan(out[:, 0])
        out[lost] = np.array(usual) * stature[lost, None]
    return out.astype(np.float32)


def carrier_side(figures: Figures) -> NDArray[np.int64]:
    """Return 0 where a carrier bag is in the left hand, 1 in the right, -1 without, (n,)."""
    held = np.where(figures.habit[:, 7] > 0.6, 1, 0)  # in the hand that does not reach
    return np.where(figures.bag == _CARRIER, held, -1)


def hand_goals(
    people: People, figures: Figures, target: F32, shoulders: tuple[F32, F32], pelvis: F32
) -> tuple[F32, F32]:
    """Return goals of the left and the right palm in body axes, NaN for a hanging arm, (n, 3).

    Args:
        people, figures: everyone.
        target: see `body_targets`.
        shoulders: joints (n, 3), left and right.
        pelvis: (n, 3).
    """
    n, pose, habit, stature = len(pelvis), people.pose, figures.habit, figures.frame_m
    placed = np.isfinite(target[:, 0])
    leftish = np.where(np.abs(target[:, 1]) < 0.08, habit[:, 7] > 0.6, target[:, 1] > 0)
    leftish = np.where(placed, leftish, habit[:, 7] > 0.6)
    carrier = carrier_side(figures)
    goals = []
    for index, side in ((0, 1), (1, -1)):
        goal = _carriage(figures, shoulders[index], pelvis, index, side)
        gesture = _gesture(figures, shoulders[index], pelvis, index, side)
        idle = (pose == Pose.STAND) & np.isfinite(gesture[:, 0])
        goal = np.where(idle[:, None], gesture, goal)
        goal[carrier == index] = np.nan
        main = leftish == (side > 0)
        helps = main | ((habit[:, 3] > 0.55) & (carrier != index))
        place = np.where(main[:, None], target, target + _beside(side))
        single = _ONE_HANDED[pose] & placed & helps
        goal = np.where(single[:, None], place, goal)
        for at, where in (
            (Pose.FLIP, _flip(target, placed, main, side, stature)),
            (Pose.FOLD, _fold(target, placed, side, stature)),
            (Pose.TRY, _at(stature, n, 0.125, side * 0.075, np.where(main, 0.775, 0.60))),
            (Pose.ARMFUL, _at(stature, n, 0.235, side * 0.085, 0.605)),
            (Pose.PUSH, _push(n, side)),
        ):
            goal = np.where((pose == at)[:, None], where, goal)
        goals.append(goal.astype(np.float32))
    return goals[0], goals[1]


def _beside(side: int) -> NDArray[Any]:
    return np.array([-0.06, side * 0.14, 0.05])


def _at(
    stature: F32, n: int, ahead: float, aside: float, height: NDArray[Any] | float
) -> NDArray[Any]:
    """Return a place given in shares of stature, (n, 3)."""
    return (
        np.stack([np.full(n, ahead), np.full(n, aside), height + np.zeros(n)], 1)
        * np.asarray(stature)[:, None]
    )


def _flip(
    target: F32, placed: NDArray[Any], main: NDArray[Any], side: int, stature: F32
) -> NDArray[Any]:
    """One hand holds the garment at its place, the other turns its hem or shoulder."""
    place = np.where(placed[:, None], target, _at(stature, len(stature), 0.28, 0.0, 0.68))
    aside = np.where(main[:, None], [0.0, 0.03 * side, 0.05], [-0.05, 0.17 * side, -0.16])
    return place + aside


def _fold(target: F32, placed: NDArray[Any], side: int, stature: F32) -> NDArray[Any]:
    place = np.where(placed[:, None], target, _at(stature, len(stature), 0.24, 0.0, 0.0))
    place[:, 2] = np.where(placed, target[:, 2] + 0.03, TABLE_M)
    place[:, 1] += 0.13 * side
    return place


def _push(n: int, side: int) -> NDArray[Any]:
    return np.tile([HANDLE_AHEAD_M, side * HANDLE_HALF_M, HANDLE_HEIGHT_M], (n, 1))


def _carriage(figures: Figures, shoulder: F32, pelvis: F32, index: int, side: int) -> NDArray[Any]:
    """How somebody carries an arm that has nothing to do: free, phone, pocket or bag strap."""
    habit, stature = figures.habit[:, 11], figures.frame_m[:, None]
    on_strap = _ON_SHOULDER[figures.bag] & (habit > 0.62) & (index == 0)
    phone = (habit < 0.10) & (index == 1)
    pocket = (habit > 0.16) & (habit < 0.27) & (figures.trouser_end > 0) & (index == 1)
    pocket |= (habit > 0.22) & (habit < 0.32) & (figures.trouser_end > 0) & (index == 0)
    goal = np.full((len(habit), 3), np.nan)
    girth = (figures.girth * figures.body_ease)[:, None].astype(float)
    at_phone = shoulder + np.array([0.155, -0.06 * side, -0.095]) * stature
    at_pocket = pelvis + stature * ([0.035, 0.0, -0.02] + 0.103 * side * girth * [0.0, 1.0, 0.0])
    at_strap = shoulder + np.array([0.085, -0.02 * side, -0.075]) * stature
    for mask, place in ((phone, at_phone), (pocket, at_pocket), (on_strap, at_strap)):
        goal = np.where(mask[:, None], place, goal)
    return goal


def _gesture(figures: Figures, shoulder: F32, pelvis: F32, index: int, side: int) -> NDArray[Any]:
    """Where an idle hand is by their manner, NaN for as usual (places assumed)."""
    stature = figures.frame_m[:, None]
    girth = (figures.girth * figures.body_ease)[:, None].astype(float)
    across = np.array([0.0, side, 0.0])
    supports = 0.0 if index == 1 else -0.10  # one hand at the chin, the other under its elbow
    places = {
        "hips": pelvis + stature * ([-0.01, 0.0, 0.06] + 0.105 * girth * across),
        "folded": shoulder + stature * ([0.085, 0.0, -0.165 + 0.02 * side] - 0.17 * across),
        "chin": shoulder + stature * ([0.11, 0.0, -0.005 + 1.8 * supports] - 0.085 * across),
        "behind": pelvis + stature * ([-0.03, 0.0, -0.01] - 0.07 * girth * [1, 0, 0]),
    }
    goal = np.full((len(stature), 3), np.nan)
    for name, place in places.items():
        goal = np.where((figures.gesture == GESTURES.index(name))[:, None], place, goal)
    return goal


def palm(end: F32, middle: F32, height_m: F32) -> F32:
    """Return the middle of the hand beyond a wrist, (n, 3)."""
    ray = end - middle
    length = np.sqrt((ray * ray).sum(-1, keepdims=True))
    out: F32 = end + ray / np.maximum(length, 1e-6) * (0.5 * HAND * height_m)[:, None]
    return out
