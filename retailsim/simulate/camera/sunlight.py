"""Sun through windows and open doors: bright patches on whatever they fall on.

The patch is laid over the finished picture, found from the depth of every pixel: neither the
standing shop nor people need to be shaded again while the sun moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.building import MULLION_M
from retailsim.simulate.camera.crowd import SHADOW_PX, Crowd, set_uniform, shadow_texture
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.openings import Opening
from retailsim.simulate.camera.optics import Light, light_matrix
from retailsim.simulate.camera.shade import shade_corners
from retailsim.simulate.camera.shop_shaders import SHADE_VERTEX
from retailsim.simulate.lighting import SunNow
from retailsim.store.projection import Projection

SHOP_SHADOW_PX = 1024
MOST_OPENINGS = 6
STEP_COS = np.cos(np.deg2rad(0.1))  # shadows of furniture are drawn anew when the sun moved so far
LONGEST_M = 30.0
STEEP = 0.05  # cosine between sun and a wall's normal below which nothing comes in
# A patch this much brighter than the lamps' light is white on film; the sun's disc is 0.53 degrees
# wide, which blurs the patch's edge with the distance it has come.
TINT = (1.0, 0.93, 0.80)
DISC = 0.0093

SUN_FRAGMENT = """
#version 330
uniform sampler2D depth_map;
uniform sampler2DShadow people_shadow;
uniform sampler2DShadow shop_shadow;
uniform mat4 clip_to_world;
uniform mat4 world_to_sun;
uniform vec3 sun;
uniform vec3 colour;
uniform vec3 eye;
uniform vec2 size;
uniform float disc;
uniform float mullion;
uniform int count;
uniform vec4 hole_frame[6];   // a point on the wall, the way along it
uniform vec4 hole_span[6];    // low, high, sill, top
uniform float glazed[6];
layout(location = 0) out vec4 out_gain;
void main() {
    float depth = texelFetch(depth_map, ivec2(gl_FragCoord.xy), 0).r;
    vec4 at = clip_to_world * vec4(gl_FragCoord.xy / size * 2.0 - 1.0, depth * 2.0 - 1.0, 1.0);
    vec3 world = at.xyz / at.w;
    vec3 n = cross(dFdx(world), dFdy(world));
    n *= sign(dot(n, eye - world)) * inversesqrt(max(dot(n, n), 1e-16));
    float through = 0.0;
    for (int i = 0; i < count; i++) {
        vec2 along = hole_frame[i].zw, into = vec2(-along.y, along.x);
        float inside = dot(world.xy - hole_frame[i].xy, into);
        float away = inside / -dot(sun.xy, into);
        vec3 hit = world + sun * away;
        float x = dot(hit.xy - hole_frame[i].xy, along), soft = 0.006 + disc * away * 0.5;
        vec4 span = hole_span[i];
        float open = smoothstep(span.x - soft, span.x + soft, x)
            * (1.0 - smoothstep(span.y - soft, span.y + soft, x))
            * smoothstep(span.z - soft, span.z + soft, hit.z)
            * (1.0 - smoothstep(span.w - soft, span.w + soft, hit.z));
        float wide = (span.y - span.x) / max(floor((span.y - span.x) / mullion + 0.5), 1.0);
        float bar = abs(fract((x - span.x) / wide + 0.5) - 0.5) * wide;
        open *= mix(1.0, smoothstep(0.03 - soft, 0.03 + soft, bar), glazed[i]);
        through += open * step(0.0, inside);
    }
    vec3 q = (world_to_sun * vec4(world + n * 0.02, 1.0)).xyz * 0.5 + 0.5;
    q.z -= 0.004;
    float lit = texture(people_shadow, q) * texture(shop_shadow, q);
    float facing = max(dot(n, sun), 0.0);
    out_gain = vec4(sqrt(1.0 + colour * (through * lit * facing)) - 1.0, 0.0);
}
"""


class Sunlight:
    """Follows the sun and brightens pictures where it comes in."""

    def __init__(
        self,
        context: Any,
        holes: Sequence[Opening],
        box_m: tuple[F32, F32],
        cast: Callable[[Any, F32], None],
    ) -> None:
        """Remember where light can come in.

        Args:
            context: the current context.
            holes: all doors and windows.
            box_m: lowest and highest corner of everything that throws shadows, (3,) each.
            cast: draws the depth of furniture and goods into a framebuffer, for a light's matrix.
        """
        self._context, self._box_m, self._cast = context, box_m, cast
        self._holes = [hole for hole in holes if hole.outside == "street"]
        self._program = context.program(SHADE_VERTEX, SUN_FRAGMENT)
        self._corners = context.buffer(reserve=1 << 16, dynamic=True)
        self._sheet = context.vertex_array(self._program, [(self._corners, "2f4", "in_corner")])
        self._people, self._people_frame = shadow_texture(context, SHADOW_PX)
        self._shop, self._shop_frame = shadow_texture(context, SHOP_SHADOW_PX)
        self._drawn: NDArray[np.float64] | None = None
        self._points = np.zeros((0, 8, 3))

    def follow(self, sun: SunNow | None, crowd: Crowd) -> None:
        """Take over where the sun is at this tick and draw the shadows it throws."""
        open_to = [hole for hole in self._holes if sun and _meets(hole, sun) > STEEP]
        widest = sorted(open_to, key=lambda hole: hole.low_m - hole.high_m)[:MOST_OPENINGS]
        if sun is None or not widest:
            self._points = np.zeros((0, 8, 3))
            return
        self._points = np.stack([_beam(hole, sun) for hole in widest])
        direction = np.array(sun.direction)
        to_sun = light_matrix(Light(direction=sun.direction), *self._box_m)
        if self._drawn is None or direction @ self._drawn < STEP_COS:
            self._drawn = direction
            self._shop_to_sun = to_sun
            self._shop_frame.clear(depth=1.0)
            self._cast(self._shop_frame, to_sun)
        self._people_frame.use()
        self._people_frame.clear(depth=1.0)
        crowd.draw_depth(self._shop_to_sun)
        program = self._program
        set_uniform(program, "world_to_sun", self._shop_to_sun.T)
        set_uniform(program, "sun", sun.direction)
        set_uniform(program, "colour", tuple(sun.strength * share for share in reversed(TINT)))
        set_uniform(program, "disc", DISC)
        set_uniform(program, "mullion", MULLION_M)
        set_uniform(program, "count", len(widest))
        rest = [(0.0, 0.0, 0.0, 0.0)] * (MOST_OPENINGS - len(widest))
        frames = [(*hole.frame.origin, *hole.frame.along) for hole in widest]
        spans = [(hole.low_m, hole.high_m, hole.sill_m, hole.top_m) for hole in widest]
        set_uniform(program, "hole_frame", frames + rest)
        set_uniform(program, "hole_span", spans + rest)
        glass = [float(hole.glazed) for hole in widest]
        set_uniform(program, "glazed", glass + [0.0] * len(rest))

    def shine(self, target: Any, picture: Any, projection: Projection, clip: F32) -> None:
        """Brighten a finished picture.

        Args:
            target: what it was drawn into, with its depth.
            picture: a framebuffer of the target's colour alone.
            projection, clip: the camera.
        """
        size = target.size
        corners = shade_corners(projection, self._points.astype(np.float32), size)
        if not len(corners):
            return
        self._corners.orphan(max(corners.nbytes, 1 << 16))
        self._corners.write(corners.tobytes())
        depth = target.depth_attachment
        depth.compare_func, depth.filter = "", (self._context.NEAREST, self._context.NEAREST)
        for slot, (name, texture) in enumerate(
            [("depth_map", depth), ("people_shadow", self._people), ("shop_shadow", self._shop)],
            start=4,
        ):
            texture.use(slot)
            set_uniform(self._program, name, slot)
        set_uniform(self._program, "clip_to_world", np.linalg.inv(clip.astype(float)).T)
        set_uniform(self._program, "eye", tuple(float(v) for v in projection.position_m))
        set_uniform(self._program, "size", tuple(float(v) for v in size))
        picture.use()
        self._context.enable_only(self._context.BLEND)
        self._context.blend_func = self._context.DST_COLOR, self._context.ONE
        self._sheet.render(vertices=len(corners))
        self._context.enable_only(self._context.DEPTH_TEST)


def _meets(hole: Opening, sun: SunNow) -> float:
    """Return the cosine between the sun and the way out through a hole."""
    x, y = hole.frame.along
    return y * sun.direction[0] - x * sun.direction[1]


def _beam(hole: Opening, sun: SunNow) -> NDArray[np.float64]:
    """Return corners of the space that the sun reaches through a hole, (8, 3)."""
    edges = [(x, 0.0, z) for x in (hole.low_m, hole.high_m) for z in (hole.sill_m, hole.top_m)]
    near = np.array([hole.frame.point(edge) for edge in edges])
    along = np.array(sun.direction)
    length = np.minimum(near[:, 2] / max(along[2], 1e-3), LONGEST_M)
    return np.concatenate([near, near - along * length[:, None]])
