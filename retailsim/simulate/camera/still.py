"""The shop that stands still, drawn once per camera and repaired where a garment has moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.crowd import set_light, set_uniform, shadow_texture
from retailsim.simulate.camera.garments import GARMENT, GarmentMeshes
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.mirrors import Glass, Image
from retailsim.simulate.camera.optics import Light
from retailsim.simulate.camera.shaders import DEPTH_FRAGMENT, DEPTH_VERTEX
from retailsim.simulate.camera.shop_shaders import (
    GOODS_FRAGMENT,
    GROUND_KINDS,
    PICTURE_KINDS,
    SHEET_VERTEX,
    SHOP_FRAGMENTS,
    SHOP_VERTEX,
    SHRINK_FRAGMENT,
)
from retailsim.simulate.camera.surfaces import VERTEX_FLOATS, Mesh, Surface
from retailsim.simulate.camera.targets import target

FINE = 2  # samples per pixel and axis of the cached shop
SHADOW_PX = 1024
_LAYOUT = ("3f4 3f4 2f4 4f4 4f4", "in_position", "in_normal", "in_uv", "in_first", "in_second")
GARMENT_INDICES = GARMENT.triangles.size
_GOODS, _PLAIN, _GROUND, _PICTURES = range(4)  # programs


def garment_vertices(meshes: GarmentMeshes, row: int | None = None) -> F32:
    """Return all garments (or one) in the shop's vertex layout, float32 (g, v, 16)."""
    which = slice(None) if row is None else slice(row, row + 1)
    return _layout(meshes, which, meshes.position[which], meshes.normal[which])


def _layout(meshes: GarmentMeshes, which: Any, position: F32, normal: F32) -> F32:
    rows = np.empty((*position.shape[:2], VERTEX_FLOATS), np.float32)
    rows[..., 0:3], rows[..., 3:6], rows[..., 6:8] = position, normal, meshes.cloth[which]
    rows[..., 8:12], rows[..., 12:16] = meshes.first[which, None], meshes.second[which, None]
    return rows


class StillShop:
    """Building, furniture and the garments at rest on the graphics card."""

    def __init__(
        self,
        context: Any,
        building: Mesh,
        furniture: Mesh,
        clothed: Mesh,
        garments: F32,
        light: Light,
        to_light: F32,
        noise: Any,
    ) -> None:
        self._context = context
        self.programs = [
            context.program(SHOP_VERTEX, fragment) for fragment in (GOODS_FRAGMENT, *SHOP_FRAGMENTS)
        ]
        for program in self.programs:
            set_light(program, light)
            set_uniform(program, "world_to_light", to_light.T)
        self._noise = noise
        vertices, index, ranges = [], [], []
        corners = first = 0
        for mesh in (building, furniture, clothed):
            own, triangles = mesh.arrays()
            which = _program_of(own, triangles) if mesh is not clothed else _GOODS
            for program in range(len(self.programs)):
                some = triangles[np.broadcast_to(which == program, len(triangles))]
                ranges.append((program, corners, some.size))
                index.append(some + first)
                corners += some.size
            vertices.append(own)
            first += len(own)
            if mesh is building:
                self._walls = corners
        self._solid, self._first_garment = corners, first
        offsets = first + np.arange(len(garments), dtype=np.int32)[:, None, None] * GARMENT.vertices
        index.append((GARMENT.triangles[None] + offsets).reshape(-1, 3))
        vertices.append(garments.reshape(-1, VERTEX_FLOATS))
        self._vertices = context.buffer(np.concatenate(vertices).astype(np.float32).tobytes())
        self._index = context.buffer(np.concatenate(index).astype(np.int32).tobytes())
        buffers = [(self._vertices, *_LAYOUT)]
        arrays = [context.vertex_array(p, buffers, self._index) for p in self.programs]
        self._goods = arrays[_GOODS]
        # Furniture before walls: what hides is drawn before what is hidden.
        self._ranges = [(arrays[p], start, size) for p, start, size in reversed(ranges) if size]
        self._count = len(garments)
        self._middle = np.array([g[:, :3].mean(0) for g in garments]).reshape(-1, 3)
        self.shadow, frame = shadow_texture(context, SHADOW_PX)
        self.cast(frame, to_light)

    def cast(self, frame: Any, to_light: F32) -> None:
        """Fill the shadow map: furniture and goods as stocked; walls and ceiling let light in."""
        program = self._context.program(DEPTH_VERTEX, DEPTH_FRAGMENT)
        layout = [(self._vertices, "3f4 52x", "in_position")]
        array = self._context.vertex_array(program, layout, self._index)
        set_uniform(program, "world_to_clip", to_light.T)
        frame.use()
        self._context.enable_only(self._context.DEPTH_TEST)
        total = self._solid + self._count * GARMENT_INDICES
        array.render(vertices=total - self._walls, first=self._walls)

    def replace(self, row: int, vertices: F32) -> None:
        """Give one garment another mesh."""
        at = (self._first_garment + row * GARMENT.vertices) * VERTEX_FLOATS * 4
        self._vertices.write(np.ascontiguousarray(vertices, np.float32).tobytes(), offset=at)
        self._middle[row] = vertices[0, :, :3].mean(0)

    def moving_array(self) -> MovingGoods:
        """Return a place for garments that move, drawn with the same program."""
        return MovingGoods(self._context, self.programs[_GOODS])

    def bind(self, clip: F32, eye_m: NDArray[Any], *, fine: bool) -> None:
        """Prepare the program for one camera; only `fine` shadows have soft edges."""
        self._noise.use(1)
        self.shadow.use(3)
        for program in self.programs:
            set_uniform(program, "noise_map", 1)
            set_uniform(program, "shop_shadow", 3)
            set_uniform(program, "world_to_clip", clip.T)
            set_uniform(program, "camera_position", tuple(float(v) for v in eye_m))
            set_uniform(program, "shadow_taps", 1 if fine else 0)

    def draw(self, present: NDArray[Any], eye_m: NDArray[Any]) -> None:
        """Draw building, furniture and the garments whose flag is set, the nearest first.

        What is hidden by something drawn before it is never shaded.
        """
        rows = np.flatnonzero(present)
        far_m = np.linalg.norm(self._middle[rows] - eye_m, axis=1)
        for row in rows[np.argsort(far_m, kind="stable")]:
            first = self._solid + int(row) * GARMENT_INDICES
            self._goods.render(vertices=GARMENT_INDICES, first=first)
        for array, start, size in self._ranges:
            array.render(vertices=size, first=start)


def _program_of(vertices: F32, triangles: NDArray[Any]) -> NDArray[np.int_]:
    """Return which of a StillShop's programs draws each triangle, (t,)."""
    kind = np.rint(vertices[triangles[:, 2], 11]).astype(int)
    which = np.where(kind < Surface.PAINT, _GOODS, _PLAIN)
    which[np.isin(kind, GROUND_KINDS)] = _GROUND
    which[np.isin(kind, PICTURE_KINDS)] = _PICTURES
    return which


class StillView:
    """One camera's picture of the standing shop: colour with key-light share, world and depth."""

    def __init__(
        self,
        context: Any,
        shop: StillShop,
        size_px: tuple[int, int],
        clip: F32,
        eye_m: NDArray[Any],
        glass: Glass,
        images: Sequence[tuple[int, Image]],
    ) -> None:
        self._context, self._shop, self.size_px = context, shop, size_px
        self._clip, self._eye_m = clip, eye_m
        self._glass, self.images = glass, images
        self._reflected = [context.texture(size_px, 4) for _ in images]
        self.colour = context.texture(size_px, 4)
        self.world = context.texture(size_px, 4, dtype="f4")
        nobody = context.texture(size_px, 1, dtype="u2")
        depth = context.depth_texture(size_px)
        self._frame = context.framebuffer([self.colour, nobody, self.world], depth)
        # The same colour, identity and depth without the world, shaped like a drawing target.
        self.frame = context.framebuffer([self.colour, nobody], depth)
        self.target = target(context, size_px, 0)  # the shop and all that moves in it
        self.picture = context.framebuffer([self.target.color_attachments[0]])
        program = context.program(SHEET_VERTEX, SHRINK_FRAGMENT)
        set_uniform(program, "clip_to_world", np.linalg.inv(clip.astype(float)).T)
        set_uniform(program, "size", tuple(float(v) for v in size_px))
        set_uniform(program, "factor", FINE)
        set_uniform(program, "fine_colour", 4)
        set_uniform(program, "fine_depth", 5)
        self._shrink = context.vertex_array(program, [])

    def reflect(self, present: NDArray[Any]) -> None:
        """Draw what the mirrors show of the standing shop; `refresh` puts it into the glass."""
        for (_, image), texture in zip(self.images, self._reflected, strict=True):
            self.target.use()
            self.target.scissor = image.box_px
            self.target.clear(depth=1.0)
            self._context.enable_only(self._context.DEPTH_TEST)
            self._shop.bind(image.clip, image.eye_m, fine=True)
            self._shop.draw(present, image.eye_m)
            self.target.scissor = None
            texture.write(self.target.read(components=4))

    def refresh(self, fine: FineTarget, present: NDArray[Any], box_px: tuple[int, ...]) -> None:
        """Redraw the rectangle x, y, width, height of the picture."""
        context = self._context
        fine.frame.use()
        fine.frame.scissor = tuple(v * FINE for v in box_px)
        fine.frame.clear(depth=1.0)
        context.enable_only(context.DEPTH_TEST)
        self._shop.bind(self._clip, self._eye_m, fine=True)
        self._shop.draw(present, self._eye_m)
        fine.frame.scissor = None
        self._frame.use()
        self._frame.scissor = box_px
        context.enable_only(context.DEPTH_TEST)
        context.depth_func = "1"
        fine.colour.use(4)
        fine.depth.use(5)
        self._shrink.render(vertices=3)
        context.depth_func = "<"
        # Identity and position stay those of the glass.
        self._frame.color_mask = (True,) * 4, (False,) * 4, (False,) * 4
        for (which, _), texture in zip(self.images, self._reflected, strict=True):
            self._glass.show(which, texture, self._clip, self.size_px, standing=True)
        self._frame.color_mask = (True,) * 4, (True,) * 4, (True,) * 4
        self._frame.scissor = None


class FineTarget:
    """Where the standing shop is drawn large before it is shrunk; shared by all cameras."""

    def __init__(self, context: Any, size_px: tuple[int, int]) -> None:
        fine = (size_px[0] * FINE, size_px[1] * FINE)
        self.colour = context.texture(fine, 4)
        self.depth = context.depth_texture(fine)
        self.depth.compare_func = ""
        self.depth.filter = (context.NEAREST, context.NEAREST)
        self.frame = context.framebuffer([self.colour], self.depth)


class MovingGoods:
    """Garments that swing or are carried, sent anew every tick."""

    def __init__(self, context: Any, program: Any) -> None:
        self._context, self._program = context, program
        self._capacity = self.count = 0
        self.middle_m = np.zeros((0, 3), np.float32)
        self._reserve(16)

    def upload(self, meshes: GarmentMeshes, rows: NDArray[Any], position: F32, normal: F32) -> None:
        """Send these rows of the goods at their momentary places."""
        self.count, self.middle_m = len(rows), position.mean(1)
        self._reserve(self.count)
        if self.count:
            self._buffer.write(_layout(meshes, rows, position, normal).tobytes())

    def draw(self, which: NDArray[np.bool_], *, mirrored: bool = False) -> None:
        """Draw those whose flag is set, (n,)."""
        self._context.enable_only(self._context.DEPTH_TEST | self._context.CULL_FACE)
        self._context.front_face = "ccw" if mirrored else "cw"
        for row in np.flatnonzero(which):
            self._array.render(vertices=GARMENT_INDICES, first=int(row) * GARMENT_INDICES)

    def _reserve(self, count: int) -> None:
        if count <= self._capacity:
            return
        self._capacity = max(count, self._capacity * 2)
        offsets = np.arange(self._capacity, dtype=np.int32)[:, None, None] * GARMENT.vertices
        index = self._context.buffer((GARMENT.triangles[None] + offsets).astype(np.int32).tobytes())
        bytes_each = GARMENT.vertices * VERTEX_FLOATS * 4
        self._buffer = self._context.buffer(reserve=self._capacity * bytes_each, dynamic=True)
        self._array = self._context.vertex_array(self._program, [(self._buffer, *_LAYOUT)], index)
