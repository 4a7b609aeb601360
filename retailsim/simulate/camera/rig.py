"""All calibrated cameras of a plan, drawing one snapshot after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import Frame
from retailsim.messages.truth import TruthBoxes
from retailsim.simulate.camera.boxes import full_boxes_px, visible_boxes_px
from retailsim.simulate.camera.crowd import Crowd
from retailsim.simulate.camera.device import open_context
from retailsim.simulate.camera.edges import smooth_outlines
from retailsim.simulate.camera.goods import Change, Goods
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.optics import Light, depth_m, world_to_clip
from retailsim.simulate.camera.people import CrowdMesh, crowd_mesh
from retailsim.simulate.camera.scene import Scene
from retailsim.simulate.camera.sensor import Sensor
from retailsim.simulate.camera.shade import shade_corners
from retailsim.simulate.camera.still import StillView
from retailsim.simulate.snapshot import Snapshot
from retailsim.store.plan import Camera, StorePlan
from retailsim.store.projection import Projection


@dataclass(frozen=True)
class View:
    """What one camera delivers at one tick, and the truth about it.

    Attributes:
        frame: the picture after the sensor.
        boxes: everybody with at least one visible pixel.
        id: row into `snapshot.people` + 1 of the person seen, 0 for none, uint16 (h, w).
        depth_buffer: OpenGL depth in [0, 1], float32 (h, w).
    """

    frame: Frame
    boxes: TruthBoxes
    id: NDArray[np.uint16]
    depth_buffer: F32

    @property
    def depth_m(self) -> F32:
        """Distance along the optical axis, metres, float32 (h, w)."""
        return depth_m(self.depth_buffer)


@dataclass
class _Eye:
    """One camera on the rig."""

    camera: Camera
    projection: Projection
    clip: F32
    still: StillView
    sensor: Sensor
    garments_px: F32
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


class CameraRig:
    """Draws every calibrated camera of a plan; snapshots must come in order of time.

    Raises DeviceError where OpenGL is missing, ScenarioError when the plan has no floor.
    The same plan, seed and snapshots give the same bytes in every process.
    """

    def __init__(self, plan: StorePlan, *, seed: int, light: Light | None = None) -> None:
        self._light = light = light or Light()
        self._goods = Goods(plan)
        self._context = open_context()
        with self._context as context:
            self._crowd = Crowd(context)
            self._scene = Scene(context, plan, self._goods.meshes, light)
            self._eyes = [
                _eye(context, self._scene, camera, self._goods, seed)
                for camera in plan.cameras
                if camera.calibrated
            ]
            for eye in self._eyes:
                self._scene.draw_still(eye.still, self._goods.present, None)

    def render(self, snapshot: Snapshot) -> list[View]:
        """Return the views of all cameras that are due, in plan order."""
        mesh = crowd_mesh(snapshot.people)
        change = self._goods.follow(snapshot)
        with self._context as context:
            context.gc()
            self._crowd.upload(mesh)
            self._scene.replace(change.replaced, self._goods.meshes)
            for eye in self._eyes:
                self._repair(eye, change)
            self._scene.upload_moving(self._goods.meshes, *self._goods.moving(snapshot, mesh))
            self._scene.cast_shadows(self._crowd, snapshot.people.xy_m)
            return [
                self._view(eye, snapshot, mesh) for eye in self._eyes if eye.due(snapshot.time_ns)
            ]

    def _repair(self, eye: _Eye, change: Change) -> None:
        """Draw the standing shop again where garments came, went or moved."""
        eye.garments_px[change.garment] = full_boxes_px(
            eye.projection, self._goods.meshes.position[change.garment]
        )
        for touched in change.touched:
            patch = _patch_px(eye, touched)
            x, y, width, height = patch
            left, top, right, bottom = eye.garments_px.T
            near = (left < x + width) & (right > x) & (top < y + height) & (bottom > y)
            self._scene.draw_still(eye.still, self._goods.present & near, patch)

    def _view(self, eye: _Eye, snapshot: Snapshot, mesh: CrowdMesh) -> View:
        size = (eye.camera.width_px, eye.camera.height_px)
        full = full_boxes_px(eye.projection, mesh.position)
        rows = np.flatnonzero(_touches(full, size))
        shaded = shade_corners(eye.projection, mesh.bounds, self._light, size)
        picture, ids, depth = self._scene.draw(
            self._crowd,
            eye.still,
            eye.clip,
            eye.projection.position_m,
            rows,
            full[:, 3] - full[:, 1],
            shaded,
        )
        visible, pixels = visible_boxes_px(ids, full)
        seen = np.flatnonzero(pixels)
        area = self._scene.silhouettes_px(self._crowd, eye.clip, size, full, seen)
        share = np.minimum(pixels[seen] / np.maximum(area, 1.0), 1.0)
        label = [snapshot.people.body[row].label for row in seen]
        boxes = TruthBoxes(
            time_ns=snapshot.time_ns,
            camera=eye.camera.id,
            person_id=np.array(label, np.int64),
            full_px=full[seen],
            visible_px=visible[seen],
            visible_share=share.astype(np.float32),
        )
        frame = Frame(
            time_ns=snapshot.time_ns,
            camera=eye.camera.id,
            index=eye.index,
            image=eye.sensor.expose(smooth_outlines(picture, ids)),
        )
        eye.index += 1
        return View(frame, boxes, ids, depth)


def _eye(context: Any, scene: Scene, camera: Camera, goods: Goods, seed: int) -> _Eye:
    projection = Projection.of(camera)
    size = (camera.width_px, camera.height_px)
    clip = world_to_clip(projection, *size)
    still = StillView(context, scene.shop, size, clip, projection.position_m)
    garments_px = full_boxes_px(projection, goods.meshes.position)
    return _Eye(camera, projection, clip, still, Sensor(camera.id, *size, seed=seed), garments_px)


def _touches(full_px: F32, size_px: tuple[int, int]) -> NDArray[np.bool_]:
    """Whether boxes (n, 4) reach into the picture; False for NaN."""
    width, height = size_px
    out: NDArray[np.bool_] = (
        (full_px[:, 0] < width)
        & (full_px[:, 2] > 0)
        & (full_px[:, 1] < height)
        & (full_px[:, 3] > 0)
    )
    return out


def _patch_px(eye: _Eye, vertices: F32) -> tuple[int, int, int, int]:
    """Return the picture's rectangle x, y, width, height that holds the vertices (v, 3)."""
    box = full_boxes_px(eye.projection, vertices[None])[0]
    if not np.isfinite(box).all():
        return (0, 0, 0, 0)
    limit = np.array([eye.camera.width_px, eye.camera.height_px])
    low = np.clip(np.floor(box[:2]) - 2, 0, limit).astype(int)
    high = np.clip(np.ceil(box[2:]) + 2, 0, limit).astype(int)
    return (int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
