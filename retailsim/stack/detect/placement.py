"""Ways to fit a frame into a foreign network's input, and boxes back out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from retailsim.stack.detect.decode import F32, PADDING_GREY, U8

Fit = Literal["letterbox", "corner", "stretch"]


@dataclass(frozen=True)
class Placement:
    """Where a frame lies in an input: x_input = x_frame * scale + offset, axis by axis.

    Attributes:
        scale: along x and y.
        offset_px: of the frame's upper left corner in the input.
        frame_px: width and height of the frame.
        input_px: width and height of the input.
    """

    scale: tuple[float, float]
    offset_px: tuple[int, int]
    frame_px: tuple[int, int]
    input_px: tuple[int, int]

    @classmethod
    def of(cls, frame_px: tuple[int, int], input_px: tuple[int, int], fit: Fit) -> Placement:
        """Return the placement of a frame (width, height).

        Args:
            frame_px, input_px: width and height.
            fit: 'letterbox' keeps proportions and centres, 'corner' keeps them and starts at the
                upper left, 'stretch' fills the input.
        """
        across, down = input_px[0] / frame_px[0], input_px[1] / frame_px[1]
        if fit == "stretch":
            return cls((across, down), (0, 0), frame_px, input_px)
        scale = min(across, down)
        left, top = (input_px[i] - round(frame_px[i] * scale) for i in (0, 1))
        offset = (left // 2, top // 2) if fit == "letterbox" else (0, 0)
        return cls((scale, scale), offset, frame_px, input_px)

    def apply(self, image: U8) -> U8:
        """Return the BGR image (h, w, 3) in its place, grey around it."""
        width, height = (
            min(round(side * scale), most)
            for side, scale, most in zip(self.frame_px, self.scale, self.input_px, strict=True)
        )
        shrink = cv2.INTER_AREA if min(self.scale) < 0.5 else cv2.INTER_LINEAR
        small = cv2.resize(image, (max(width, 1), max(height, 1)), interpolation=shrink)
        boxed = np.full((self.input_px[1], self.input_px[0], 3), PADDING_GREY, np.uint8)
        x, y = self.offset_px
        boxed[y : y + small.shape[0], x : x + small.shape[1]] = small
        return boxed

    def to_frame(self, boxes: F32) -> F32:
        """Map boxes x1, y1, x2, y2 (n, 4) of the input back to the frame, clipped to it."""
        offset, scale = np.tile(self.offset_px, 2), np.tile(self.scale, 2)
        limit = np.tile(self.frame_px, 2)
        clipped: F32 = np.clip((boxes - offset) / scale, 0, limit).astype(np.float32)
        return clipped
