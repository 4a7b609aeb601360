"""Mirrors: what of the shop and its people is seen in the glass. Nobody there is a person.

A mirror shows the world drawn through a reflection in its plane. The standing shop's image is
drawn once per camera and blurred a little; people and goods before the glass are drawn anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.boxes import full_boxes_px
from retailsim.simulate.camera.crowd import set_uniform
from retailsim.simulate.camera.fronts import front_frame, mirror_pane
from retailsim.simulate.camera.mesh import F32
from retailsim.store.plan import StorePlan
from retailsim.store.projection import Projection

REACH_M = 4.0  # people farther off are too small in the glass to be drawn
IN_FRONT_M = 0.05
_AHEAD_M = 0.004  # the image lies so far before the glass

PANE_VERTEX = """
#version 330
uniform mat4 world_to_clip;
in vec3 in_position;
void main() { gl_Position = world_to_clip * vec4(in_position, 1.0); }
"""
PANE_FRAGMENT = """
#version 330
uniform sampler2D image;
uniform vec2 size;
uniform bool standing;
layout(location = 0) out vec4 out_colour;
layout(location = 1) out uint out_id;
void main() {
    vec2 at = gl_FragCoord.xy / size, step_uv = 1.2 / size;
    vec4 seen = texture(image, at);
    if (standing) {
        seen *= 2.0;
        for (int i = -1; i <= 1; i += 2)
            for (int j = -1; j <= 1; j += 2) seen += texture(image, at + vec2(i, j) * step_uv);
        seen /= 6.0;
    } else if (seen.a < 0.5) {
        discard;
    }
    // Silvered glass takes a tenth of the light and is a little green (assumed).
    out_colour = vec4(seen.rgb * vec3(0.93, 0.95, 0.92) + vec3(0.012), 0.0);
    out_id = 0u;
}
"""


@dataclass(frozen=True)
class Pane:
    """A mirror's glass: its corners (4, 3) and the unit normal on its reflecting side."""

    corners: F32
    normal: NDArray[np.float64]

    def ahead_m(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Return how far points (..., 3) are before the glass, negative behind it."""
        return np.asarray((points - self.corners[0]) @ self.normal, np.float64)

    def reflection(self) -> NDArray[np.float64]:
        """Return the 4x4 matrix that reflects the world in the glass."""
        out = np.eye(4)
        out[:3, :3] -= 2 * np.outer(self.normal, self.normal)
        out[:3, 3] = 2 * (self.normal @ self.corners[0]) * self.normal
        return out


@dataclass(frozen=True)
class Image:
    """One mirror as one camera sees it.

    Attributes:
        pane: the mirror.
        clip: takes world points to where the camera sees their images, float32 (4, 4); what is
            behind the glass lies before the near plane.
        box_px: x, y, width, height of the glass in the picture.
        eye_m: the camera's own image.
        pixels_per_slope: focal length, pixels.
    """

    pane: Pane
    clip: F32
    box_px: tuple[int, int, int, int]
    eye_m: NDArray[np.float64]
    pixels_per_slope: float

    def near(self, points: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which points (n, 3) are close before the glass."""
        ahead = self.pane.ahead_m(points)
        middle = self.pane.corners.mean(0)
        away = np.hypot(points[:, 0] - middle[0], points[:, 1] - middle[1])
        return np.asarray((ahead > IN_FRONT_M) & (away < REACH_M), bool)

    def heights_px(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Return how high somebody of 1.7 m at points (n, 3) is in the image, about."""
        away = np.linalg.norm(points - self.eye_m, axis=1)
        return np.asarray(1.7 * self.pixels_per_slope / np.maximum(away, 0.3), np.float64)


def panes(plan: StorePlan) -> list[Pane]:
    """Return the glass of all mirrors."""
    found = []
    for fixture in plan.fixtures:
        if fixture.kind == "mirror":
            frame, (x, z) = front_frame(fixture, plan), mirror_pane(fixture)
            y = -fixture.size_m[1] / 2 - _AHEAD_M
            corners = [(x[0], y, z[0]), (x[1], y, z[0]), (x[0], y, z[1]), (x[1], y, z[1])]
            points = np.array([frame.point(corner) for corner in corners], np.float32)
            found.append(Pane(points, np.asarray(frame.turn((0.0, -1.0, 0.0)), np.float64)))
    return found


def image(pane: Pane, projection: Projection, clip: F32, size_px: tuple[int, int]) -> Image | None:
    """Return the mirror as a camera sees it, None when it sees no glass from the front."""
    eye = np.asarray(projection.position_m, float)
    if pane.ahead_m(eye) < IN_FRONT_M:
        return None
    (left, top, right, bottom) = full_boxes_px(projection, pane.corners[None])[0]
    limit = np.array([*size_px, *size_px])
    if not np.isfinite([left, top, right, bottom]).all():
        return None
    x1, y1, x2, y2 = np.clip([left - 1, top - 1, right + 2, bottom + 2], 0, limit).astype(int)
    if x2 - x1 < 3 or y2 - y1 < 3:
        return None
    reflect = pane.reflection()
    mirrored = _cut_at(clip.astype(float) @ reflect, pane)
    box = (int(x1), int(y1), int(x2 - x1), int(y2 - y1))
    own = (reflect @ np.array([*eye, 1.0]))[:3]
    return Image(pane, mirrored.astype(np.float32), box, own, float(projection.matrix[1, 1]))


def _cut_at(clip: NDArray[np.float64], pane: Pane) -> NDArray[np.float64]:
    """Make the glass the near plane, as Lengyel (2005), "Oblique view frustum depth projection"."""
    world = np.array([*pane.normal, -(pane.normal @ pane.corners[0])])
    plane = np.linalg.inv(clip).T @ world  # in clip space, where points before it are positive
    corner = np.array([np.sign(plane[0]), np.sign(plane[1]), 1.0, 1.0])
    out = clip.copy()
    # Row 2 + row 3 is what is before the near plane: a multiple of the glass's own plane.
    out[2] = 2.0 / (plane @ corner) * world - clip[3]
    return out


class Glass:
    """Draws images into the picture where the glass is."""

    def __init__(self, context: Any, all_panes: list[Pane]) -> None:
        self._context = context
        self._program = context.program(PANE_VERTEX, PANE_FRAGMENT)
        self._corners = [context.buffer(pane.corners.tobytes()) for pane in all_panes]
        self._quads = [
            context.vertex_array(self._program, [(corners, "3f4", "in_position")])
            for corners in self._corners
        ]

    def show(
        self, which: int, texture: Any, clip: F32, size_px: tuple[int, int], *, standing: bool
    ) -> None:
        """Draw pane number `which` with what `texture`, as large as the picture, holds there."""
        self._context.enable_only(self._context.DEPTH_TEST)
        texture.use(7)
        set_uniform(self._program, "image", 7)
        set_uniform(self._program, "world_to_clip", clip.T)
        set_uniform(self._program, "size", tuple(float(v) for v in size_px))
        set_uniform(self._program, "standing", standing)
        self._quads[which].render(self._context.TRIANGLE_STRIP)
