"""The people on the graphics card: uploaded once per tick, drawn for many cameras."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.figure import Material
from retailsim.simulate.camera.optics import Light
from retailsim.simulate.camera.people import MESH, CrowdMesh
from retailsim.simulate.camera.props import Props
from retailsim.simulate.camera.shaders import (
    DEPTH_FRAGMENT,
    DEPTH_VERTEX,
    OUTLINE_FRAGMENT,
    PERSON_FRAGMENT,
    PERSON_VERTEX,
)
from retailsim.simulate.camera.textures import fold_map

# Bodies less high in the picture are drawn with half, with a quarter of their corners: the cost
# is triangles of a pixel's size, of which nothing can be seen.
COARSE_PX, FAR_PX = 130.0, 90.0
SHADOW_PX = 512
MATERIAL_BITS = 4  # in `in_part`: material, then one bit for things, then the row
assert len(Material) <= 1 << MATERIAL_BITS


def set_uniform(program: Any, name: str, value: Any) -> None:
    """Set a uniform unless the compiler found that the program does not need it."""
    member = program.get(name, None)
    if member is None:
        return
    if isinstance(value, np.ndarray):
        member.write(np.ascontiguousarray(value, np.float32).tobytes())
    else:
        member.value = value


def set_light(program: Any, light: Light) -> None:
    """Hand the light to a program."""
    towards = np.asarray(light.direction) / np.linalg.norm(light.direction)
    set_uniform(program, "key_direction", tuple(towards))
    set_uniform(program, "key_colour", light.key)
    set_uniform(program, "sky_colour", light.sky)
    set_uniform(program, "ground_colour", light.ground)
    set_uniform(program, "exposure", light.exposure)
    set_uniform(program, "shadow_share", light.shadow_share)


def noise_texture(context: Any, *, flat: bool = False) -> Any:
    """Upload the fold map (or one without any folds), tiling and with mipmaps."""
    pixels = np.full((2, 2, 3), 128, np.uint8) if flat else fold_map()
    texture = context.texture(pixels.shape[1::-1], 3, pixels.tobytes(), alignment=1)
    texture.build_mipmaps()
    texture.filter = (context.LINEAR_MIPMAP_NEAREST, context.LINEAR)
    return texture


def shadow_texture(context: Any, size_px: int) -> tuple[Any, Any]:
    """Return a depth texture for shadow look-ups and the framebuffer that fills it."""
    texture = context.depth_texture((size_px, size_px))
    texture.compare_func = "<="
    texture.filter = (context.LINEAR, context.LINEAR)
    texture.repeat_x = texture.repeat_y = False
    frame = context.framebuffer(depth_attachment=texture)
    frame.clear(depth=1.0)
    return texture, frame


class Crowd:
    """Draws everyone of the last `upload`."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self.program = context.program(PERSON_VERTEX, PERSON_FRAGMENT)
        self._depth_program = context.program(DEPTH_VERTEX, DEPTH_FRAGMENT)
        self._outline_program = context.program(DEPTH_VERTEX, OUTLINE_FRAGMENT)
        self._capacity = self.count = 0
        self._worn = np.zeros((0, len(MESH.tubes)), bool)
        self._reserve(16)
        self._things = Things(context, self.program, self._depth_program)

    def upload(self, mesh: CrowdMesh) -> None:
        """Send the bodies of one tick."""
        self.count = len(mesh.position)
        self._reserve(self.count)
        self._things.upload(mesh.props)
        if not self.count:
            return
        moving = np.concatenate([mesh.position, mesh.normal], axis=2)
        fixed = np.empty((*mesh.material.shape, 3), np.float32)
        fixed[..., :2] = mesh.cloth
        rows = np.arange(self.count, dtype=np.uint32)[:, None]
        fixed[..., 2] = _part(rows, mesh.material, thing=False).view(np.float32)
        self._moving.write(moving.tobytes())
        self._fixed.write(fixed.tobytes())
        self._palette.write(mesh.palette.tobytes(), viewport=(0, 0, len(Material) * 2, self.count))
        if not np.array_equal(mesh.worn, self._worn):
            self._worn = mesh.worn
            for level in self._levels:
                level.upload(mesh.worn)

    def draw(
        self,
        clip: NDArray[Any],
        rows: Iterable[int],
        height_px: NDArray[Any],
        *,
        mirrored: bool = False,
    ) -> None:
        """Draw these rows in colour; textures and lights are the caller's.

        Only faces that look at the camera are drawn: pictures are stored top row first, which
        turns the winding round, and a mirror turns it round again.
        """
        self._context.enable_only(self._context.DEPTH_TEST | self._context.CULL_FACE)
        self._context.front_face = "ccw" if mirrored else "cw"
        set_uniform(self.program, "world_to_clip", clip.T)
        self._palette.use(0)
        set_uniform(self.program, "palette", 0)
        for row in rows:
            level = 0 if height_px[row] >= COARSE_PX else 1 if height_px[row] >= FAR_PX else 2
            self._levels[level].draw(int(row))
        self._things.draw()
        self._context.enable_only(self._context.DEPTH_TEST)

    def draw_depth(self, clip: NDArray[Any]) -> None:
        """Draw the depth of everyone's faces towards the light and their things, for shadows."""
        self._context.enable_only(self._context.DEPTH_TEST | self._context.CULL_FACE)
        self._context.front_face = "ccw"
        set_uniform(self._depth_program, "world_to_clip", clip.T)
        if self.count:
            self._depth.render(vertices=int(self._levels[-1].first[-1]))
            self._context.disable(self._context.CULL_FACE)
            self._things.draw_depth()

    def draw_silhouette(self, clip: NDArray[Any], row: int) -> None:
        """Fill one person's outline with ones."""
        set_uniform(self._outline_program, "world_to_clip", clip.T)
        first = self._levels[-1].first
        self._outline.render(vertices=int(first[row + 1] - first[row]), first=int(first[row]))

    def _reserve(self, count: int) -> None:
        if count <= self._capacity:
            return
        self._capacity = max(count, self._capacity * 2)
        vertices = self._capacity * MESH.vertices
        context = self._context
        self._moving = context.buffer(reserve=vertices * 24, dynamic=True)
        self._fixed = context.buffer(reserve=vertices * 12, dynamic=True)
        self._palette = context.texture((len(Material) * 2, self._capacity), 4, dtype="f4")
        self._palette.filter = (context.NEAREST, context.NEAREST)
        self._worn = self._worn[:0]  # the new buffers are empty
        layout = [
            (self._moving, "3f4 3f4", "in_position", "in_normal"),
            (self._fixed, "2f4 1u4", "in_cloth", "in_part"),
        ]
        self._levels = [
            _Level(context, self.program, layout, corners, tube_of, self._capacity)
            for corners, tube_of in (
                (MESH.triangles, MESH.tube_of),
                (MESH.coarse, MESH.coarse_tube_of),
                (MESH.far, MESH.far_tube_of),
            )
        ]
        bare = [(self._moving, "3f4 12x", "in_position")]
        far = self._levels[-1].index
        self._depth = context.vertex_array(self._depth_program, bare, far)
        self._outline = context.vertex_array(self._outline_program, bare, far)


class _Level:
    """One level of detail: everyone's triangles, only those of what they wear."""

    def __init__(
        self,
        context: Any,
        program: Any,
        layout: list[tuple[Any, ...]],
        triangles: NDArray[np.int32],
        tube_of: NDArray[Any],
        capacity: int,
    ) -> None:
        self._triangles, self._tube_of = triangles, tube_of
        self.index = context.buffer(reserve=capacity * triangles.nbytes, dynamic=True)
        self.first: NDArray[np.int64] = np.zeros(1, np.int64)  # where each row starts
        self._array = context.vertex_array(program, layout, self.index)

    def upload(self, worn: NDArray[np.bool_]) -> None:
        """Send everyone's triangles."""
        rows = [
            self._triangles[own[self._tube_of]] + np.int32(row * MESH.vertices)
            for row, own in enumerate(worn)
        ]
        self.index.write(np.concatenate(rows).astype(np.int32).tobytes())
        self.first = np.cumsum([0, *(part.size for part in rows)])

    def draw(self, row: int) -> None:
        """Draw one person with the state that `Crowd.draw` has set."""
        count = int(self.first[row + 1] - self.first[row])
        self._array.render(vertices=count, first=int(self.first[row]))


class Things:
    """Prams and piles of garments of the last `upload`; they hide people and are nobody."""

    def __init__(self, context: Any, program: Any, depth_program: Any) -> None:
        self._context, self._programs = context, (program, depth_program)
        self._capacity = self._indices = 0
        self._reserve(1 << 10, 1 << 12)

    def upload(self, props: Props) -> None:
        """Send the things of one tick."""
        self._indices = props.triangles.size
        if not self._indices:
            return
        self._reserve(len(props.position), self._indices)
        rows = np.empty((len(props.position), 9), np.float32)
        rows[:, :3], rows[:, 3:6], rows[:, 6:8] = props.position, props.normal, props.cloth
        rows[:, 8] = _part(props.owner, props.material, thing=True).view(np.float32)
        self._vertices.write(rows.tobytes())
        self._index.write(props.triangles.tobytes())

    def draw(self) -> None:
        """Draw all things in colour with the state that `Crowd.draw` has set."""
        if self._indices:
            self._context.disable(self._context.CULL_FACE)  # one looks into prams
            self._colour.render(vertices=self._indices)

    def draw_depth(self) -> None:
        """Draw the depth of all things."""
        if self._indices:
            self._depth.render(vertices=self._indices)

    def _reserve(self, vertices: int, indices: int) -> None:
        if max(vertices * 4, indices) <= self._capacity:
            return
        self._capacity = max(vertices * 4, indices, self._capacity * 2)
        self._vertices = self._context.buffer(reserve=self._capacity // 4 * 36, dynamic=True)
        self._index = self._context.buffer(reserve=self._capacity * 4, dynamic=True)
        names = ("in_position", "in_normal", "in_cloth", "in_part")
        layout = [(self._vertices, "3f4 3f4 2f4 1u4", *names)]
        bare = [(self._vertices, "3f4 24x", "in_position")]
        self._colour = self._context.vertex_array(self._programs[0], layout, self._index)
        self._depth = self._context.vertex_array(self._programs[1], bare, self._index)


def _part(
    row: NDArray[np.uint32], material: NDArray[np.uint8], *, thing: bool
) -> NDArray[np.uint32]:
    """Pack whose a vertex is and what it is made of into one number."""
    high = row.astype(np.uint32) << np.uint32(MATERIAL_BITS + 1)
    flag = np.uint32(int(thing) << MATERIAL_BITS)
    return np.asarray(high | flag | material, np.uint32)
