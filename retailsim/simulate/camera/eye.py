"""One camera on the rig: where it looks, its standing shop, and when its next frame is due."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.boxes import full_boxes_px
from retailsim.simulate.camera.delivery import Delivery
from retailsim.simulate.camera.goods import Goods
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.optics import world_to_clip
from retailsim.simulate.camera.scene import Scene
from retailsim.simulate.camera.still import StillView
from retailsim.simulate.faults import Faults
from retailsim.store.plan import Camera
from retailsim.store.projection import Projection


@dataclass
class Eye:
    """One camera on the rig: `camera` and `projection` are those of the picture that is drawn.

    `bare` says that its standing shop is still to be drawn.
    """

    camera: Camera
    projection: Projection
    clip: F32
    still: StillView
    garments_px: F32
    delivery: Delivery
    bare: bool = True
    next_ns: int | None = None
    index: int = 0

    def due(self, time_ns: int) -> bool:
        """Whether a frame is due; the first call sets the camera's clock."""
        if self.next_ns is None:
            self.next_ns = time_ns
        if time_ns < self.next_ns:
            return False
        self.next_ns += round(1e9 / self.camera.rate_hz)
        return True


def new_eye(scene: Scene, camera: Camera, goods: Goods, seed: int, faults: Faults) -> Eye:
    """Hang up a camera as the plan has it; its standing shop is still to be drawn."""
    delivery = Delivery(camera, seed=seed, faults=faults)
    drawn, projection = delivery.drawn, delivery.projection
    size = (drawn.width_px, drawn.height_px)
    clip = world_to_clip(projection, *size)
    still = scene.still_view(projection, clip, size)
    garments_px = full_boxes_px(projection, goods.meshes.position)
    return Eye(drawn, projection, clip, still, garments_px, delivery)


def look_anew(eye: Eye, scene: Scene, goods: Goods) -> None:
    """Let a camera look where it now stands; its standing shop is still to be drawn."""
    size = (eye.camera.width_px, eye.camera.height_px)
    eye.projection = eye.delivery.projection
    eye.clip = world_to_clip(eye.projection, *size)
    eye.still = scene.still_view(eye.projection, eye.clip, size)
    eye.garments_px = full_boxes_px(eye.projection, goods.meshes.position)
    eye.bare = True


def touches(full_px: F32, size_px: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether boxes (n, 4) reach into the picture; False for NaN."""
    width, height = size_px
    out: NDArray[np.bool_] = (
        (full_px[:, 0] < width)
        & (full_px[:, 2] > 0)
        & (full_px[:, 1] < height)
        & (full_px[:, 3] > 0)
    )
    return out


def patch_px(eye: Eye, vertices: F32) -> tuple[int, int, int, int]:
    """Return the picture's rectangle x, y, width, height that holds the vertices (v, 3)."""
    box = full_boxes_px(eye.projection, vertices[None])[0]
    if not np.isfinite(box).all():
        return (0, 0, 0, 0)
    limit = np.array([eye.camera.width_px, eye.camera.height_px])
    low = np.clip(np.floor(box[:2]) - 2, 0, limit).astype(int)
    high = np.clip(np.ceil(box[2:]) + 2, 0, limit).astype(int)
    return (int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
