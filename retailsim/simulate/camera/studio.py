"""A photo studio: people before nothing, for any camera. Made for training sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.boxes import full_boxes_px
from retailsim.simulate.camera.crowd import (
    Crowd,
    noise_texture,
    set_light,
    set_uniform,
    shadow_texture,
)
from retailsim.simulate.camera.device import open_context
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.optics import Light, depth_m, light_matrix, world_to_clip
from retailsim.simulate.camera.people import crowd_mesh
from retailsim.simulate.camera.targets import Backdrop, read_depth, read_ids, target
from retailsim.simulate.snapshot import People
from retailsim.store.projection import Projection

SHADOW_PX = 512


@dataclass(frozen=True)
class StudioShot:
    """People before a transparent background.

    Attributes:
        bgr: uint8 (h, w, 3), black and already weighted by `alpha` at edges:
            composite = bgr + background * (255 - alpha) / 255.
        alpha: uint8 (h, w).
        id: row into `People` + 1 of the person seen, 0 for none, uint16 (h, w).
        depth_m: distance along the optical axis, float32 (h, w); the far plane where empty.
        full_px: box of each whole body were nothing in front, clipped to nothing; NaN for people
            behind the camera, float32 (n, 4).
    """

    bgr: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    id: NDArray[np.uint16]
    depth_m: F32
    full_px: F32


class PeopleStudio:
    """Renders people for arbitrary cameras into pictures of one size.

    Without `folds` cloth and hair are smooth.

    Raises DeviceError where OpenGL is missing. Shots are the same bytes in every process.
    """

    def __init__(
        self, width_px: int, height_px: int, *, samples: int = 4, folds: bool = True
    ) -> None:
        self.size_px = (width_px, height_px)
        self._context = open_context()
        with self._context as context:
            self._crowd = Crowd(context)
            self._noise = noise_texture(context, flat=not folds)
            self._shadow, self._shadow_frame = shadow_texture(context, SHADOW_PX)
            self._open, _ = shadow_texture(context, 1)
            self._backdrop = Backdrop(context)
            self._many = target(context, self.size_px, samples)
            self._one = target(context, self.size_px, 0)

    def render(
        self, people: People, projection: Projection, *, light: Light | None = None
    ) -> StudioShot:
        """Render everyone as `projection` sees them; they shade themselves and each other."""
        light = light or Light()
        mesh = crowd_mesh(people)
        clip = world_to_clip(projection, *self.size_px)
        with self._context as context:
            context.gc()
            self._crowd.upload(mesh)
            context.enable_only(context.DEPTH_TEST)
            self._cast_shadows(mesh.position, light)
            self._backdrop.clear(self._many)
            boxes = full_boxes_px(projection, mesh.position)
            self._draw(clip, light, boxes[:, 3] - boxes[:, 1])
            context.copy_framebuffer(self._one, self._many)
            return self._read(boxes)

    def _cast_shadows(self, position: F32, light: Light) -> None:
        self._shadow_frame.use()
        self._shadow_frame.clear(depth=1.0)
        if not len(position):
            return
        flat = position.reshape(-1, 3)
        self._to_light = light_matrix(light, flat.min(0) - 0.1, flat.max(0) + 0.1)
        self._crowd.draw_depth(self._to_light)

    def _draw(self, clip: F32, light: Light, height_px: F32) -> None:
        program = self._crowd.program
        set_light(program, light)
        for unit, (name, texture) in enumerate(
            [
                ("noise_map", self._noise),
                ("people_shadow", self._shadow),
                ("shop_shadow", self._open),
            ],
            start=1,
        ):
            texture.use(unit)
            set_uniform(program, name, unit)
        if self._crowd.count:
            set_uniform(program, "world_to_light", self._to_light.T)
        self._crowd.draw(clip, range(self._crowd.count), height_px)

    def _read(self, full_px: F32) -> StudioShot:
        width, height = self.size_px
        bgra = np.frombuffer(self._one.read(components=4), np.uint8).reshape(height, width, 4)
        return StudioShot(
            bgr=np.ascontiguousarray(bgra[..., :3]),
            alpha=np.ascontiguousarray(bgra[..., 3]),
            id=read_ids(self._one),
            depth_m=depth_m(read_depth(self._one)),
            full_px=full_px,
        )
