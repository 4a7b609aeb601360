"""Motion blur of people: what a moving body does while the shutter is open.

A body is smeared as a whole along the way its middle makes in the picture; limbs, which swing
faster, and carried garments are not treated apart. The standing shop stands still; furniture that
hides a part of a moving body is taken to be behind it for the few pixels of its smear.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.snapshot import People
from retailsim.store.projection import Projection

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
LEAST_PX = 2.0  # shorter ways are lost in the lens' blur
LONGEST_PX = 60.0


@dataclass(frozen=True)
class Motion:
    """How some people move in the picture while the shutter is open.

    Attributes:
        rows: who, intp (k,).
        way_px: the way of their middles, zero where it is not known, float64 (k, 2).
        far_m: how far away they are, float64 (k,).
    """

    rows: NDArray[np.intp]
    way_px: F64
    far_m: F64


def motion_of(
    projection: Projection, people: People, rows: NDArray[np.intp], shutter_s: float
) -> Motion:
    """Return the motion of `rows`, who move where they face, within an exposure."""
    heading, speed = people.heading_rad[rows], people.speed_mps[rows]
    middle, half = np.zeros((2, len(rows), 3))
    middle[:, :2] = people.xy_m[rows]
    middle[:, 2] = [people.body[row].height_m / 2 for row in rows]
    half[:, 0], half[:, 1] = np.cos(heading), np.sin(heading)
    half *= (speed * shutter_s / 2)[:, None]
    way = projection.to_image(middle + half) - projection.to_image(middle - half)
    return Motion(rows, np.nan_to_num(way, nan=0.0), projection.to_camera(middle)[:, 2])


def smear(bgr: U8, ids: NDArray[np.uint16], motion: Motion) -> U8:
    """Return the picture (h, w, 3) with people smeared along their ways, farther ones first.

    `ids` holds row + 1 of the person seen, 0 for none, (h, w).
    """
    length = np.hypot(motion.way_px[:, 0], motion.way_px[:, 1])
    moving = np.flatnonzero(length >= LEAST_PX)
    if not len(moving):
        return bgr
    out = bgr.copy()
    for i in moving[np.argsort(-motion.far_m[moving], kind="stable")]:
        body = ids == motion.rows[i] + 1
        if body.any():
            nearer = np.isin(ids, motion.rows[motion.far_m < motion.far_m[i]] + 1)
            scale = min(1.0, LONGEST_PX / length[i])
            _smear_one(out, body, ~nearer, motion.way_px[i] * scale)
    return out


def _smear_one(out: U8, body: NDArray[np.bool_], free: NDArray[np.bool_], way_px: F64) -> None:
    """Smear one body in place.

    Inside its outline the picture is a mix of body and what is beside it along the way; outside,
    the body's share covers what is `free` to be covered.
    """
    kernel = line_kernel(way_px)
    reach = len(kernel) // 2 + 1
    y, x = np.flatnonzero(body.any(1)), np.flatnonzero(body.any(0))
    part = np.s_[max(y[0] - reach, 0) : y[-1] + reach + 1, max(x[0] - reach, 0) : x[-1] + reach + 1]
    own, covered = body[part][..., None], free[part][..., None]
    picture = out[part].astype(np.float32)
    mask = own.astype(np.float32)
    everything = _filtered(picture, kernel)
    body_only, share = _filtered(picture * mask, kernel), _filtered(mask, kernel)[..., None]
    over = picture + np.where(covered, body_only - share * picture, 0.0)
    out[part] = np.clip(np.rint(np.where(own, everything, over)), 0, 255).astype(np.uint8)


def line_kernel(way_px: F64) -> F32:
    """Return the kernel of an even motion along a vector, odd square, sum 1."""
    half = int(np.ceil(np.abs(way_px).max() / 2)) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    at = np.linspace(-0.5, 0.5, 8 * half + 1)[:, None] * way_px + half
    low = np.floor(at).astype(int)
    share = (at - low).astype(np.float32)
    for dx in (0, 1):
        for dy in (0, 1):
            weight = np.abs(1 - dx - share[:, 0]) * np.abs(1 - dy - share[:, 1])
            np.add.at(kernel, (low[:, 1] + dy, low[:, 0] + dx), weight)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _filtered(image: F32, kernel: F32) -> F32:
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=border), np.float32)
