"""All calibrated cameras of a plan, drawing one snapshot after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import Frame
from retailsim.messages.truth import TruthBoxes
from retailsim.simulate.camera.boxes import full_boxes_px, visible_boxes_px
from retailsim.simulate.camera.crowd import Crowd
from retailsim.simulate.camera.daylight import lamp_light
from retailsim.simulate.camera.device import open_context
from retailsim.simulate.camera.edges import smooth_outlines
from retailsim.simulate.camera.goods import Change, Goods
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.optics import Light, depth_m, world_to_clip
from retailsim.simulate.camera.people import CrowdMesh, crowd_mesh
from retailsim.simulate.camera.scene import Scene
from retailsim.simulate.camera.sensor import Sensor
from retailsim.simulate.camera.shade import shade_corners, shade_points
from retailsim.simulate.camera.silhouettes import Silhouettes, Subject
from retailsim.simulate.camera.still import StillView
from retailsim.simulate.camera.targets import read_depth, read_ids, read_picture
from retailsim.simulate.lighting import Lighting, sun_now
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
        depth_buffer: OpenGL depth in [0, 1], float32 (h, w), where the rig was asked for depth.
    """

    frame: Frame
    boxes: TruthBoxes
    id: NDArray[np.uint16]
    depth_buffer: F32 | None = None

    @property
    def depth_m(self) -> F32:
        """Distance along the optical axis, metres, float32 (h, w).

        Raises ValueError unless the rig was made with `depth=True`.
        """
        if self.depth_buffer is None:
            raise ValueError("this rig was not asked for depth")
        return depth_m(self.depth_buffer)


@dataclass(frozen=True)
class _Shot:
    """What was read back of one camera: everybody's full and visible boxes and pixels (n, ...)."""

    picture: NDArray[np.uint8]
    ids: NDArray[np.uint16]
    depth: F32 | None
    full_px: F32
    visible_px: F32
    pixels: NDArray[np.int64]


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
    The same plan, seed and snapshots give the same bytes in every process. Only with `depth`
    do views have one: reading it back takes time.
    """

    def __init__(
        self,
        plan: StorePlan,
        *,
        seed: int,
        light: Light | None = None,
        lighting: Lighting | None = None,
        start_ns: int = 0,
        depth: bool = False,
    ) -> None:
        """Draw the standing shop once for every camera.

        Args:
            plan: the shop as stocked at opening time.
            seed: of the cameras' make and noise.
            light: all lamps at their full level.
            lighting: the scenario's: how much of that there is, and daylight and sun.
            start_ns: when the scenario starts, from which the sun moves.
            depth: whether views have a depth buffer.
        """
        lighting = lighting or Lighting()
        self._light = light = lamp_light(lighting, light or Light())
        self._lighting, self._start_ns, self._seed = lighting, start_ns, seed
        self._depth = depth
        self._goods = Goods(plan)
        self._context = open_context()
        with self._context as context:
            self._crowd = Crowd(context)
            self._scene = Scene(context, plan, self._goods.meshes, light, lighting)
            self._silhouettes = Silhouettes(context)
            self._eyes = [
                _eye(self._scene, camera, self._goods, seed)
                for camera in plan.cameras
                if camera.calibrated
            ]
            for eye in self._eyes:
                eye.still.reflect(self._goods.present)
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
            rows, position, normal = self._goods.moving(snapshot, mesh)
            self._scene.upload_moving(self._goods.meshes, rows, position, normal)
            self._scene.cast_shadows(self._crowd, snapshot.people.xy_m)
            sun = sun_now(
                self._lighting, start_ns=self._start_ns, time_ns=snapshot.time_ns, seed=self._seed
            )
            self._scene.sun.follow(sun, self._crowd)
            shade = shade_points(mesh, self._light)
            due = [eye for eye in self._eyes if eye.due(snapshot.time_ns)]
            # All is handed over before anything is read: while one picture is waited for and
            # measured, the next ones are drawn.
            boxes = [self._draw(eye, mesh, position, shade) for eye in due]
            shots = [self._read(eye, full) for eye, full in zip(due, boxes, strict=True)]
            self._silhouettes.draw(
                self._crowd, [_subject(*p) for p in zip(due, shots, strict=True)]
            )
            smooth = [smooth_outlines(shot.picture, shot.ids) for shot in shots]
            areas = self._silhouettes.read()
        return [
            self._view(eye, snapshot, shot, picture, area)
            for eye, shot, picture, area in zip(due, shots, smooth, areas, strict=True)
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

    def _draw(self, eye: _Eye, mesh: CrowdMesh, goods: F32, shade: F32) -> F32:
        """Start drawing what a camera sees; return everybody's full boxes."""
        size = (eye.camera.width_px, eye.camera.height_px)
        full = full_boxes_px(eye.projection, mesh.position)
        height = full[:, 3] - full[:, 1]
        rows = np.flatnonzero(_touches(full, size))
        self._scene.draw(
            self._crowd,
            eye.still,
            eye.clip,
            eye.projection,
            (rows[np.argsort(-height[rows], kind="stable")], height),  # near ones hide far ones
            _touches(full_boxes_px(eye.projection, goods), size),
            shade_corners(eye.projection, shade, size),
        )
        return full

    def _read(self, eye: _Eye, full_px: F32) -> _Shot:
        target = eye.still.target
        picture, ids = read_picture(target), read_ids(target)
        depth = read_depth(target) if self._depth else None
        return _Shot(picture, ids, depth, full_px, *visible_boxes_px(ids, full_px))

    def _view(
        self,
        eye: _Eye,
        snapshot: Snapshot,
        shot: _Shot,
        picture: NDArray[np.uint8],
        area: NDArray[np.float64],
    ) -> View:
        """Put together a camera's view; `area` is that of the visible people's silhouettes."""
        seen = np.flatnonzero(shot.pixels)
        share = np.minimum(shot.pixels[seen] / np.maximum(area, 1.0), 1.0)
        label = [snapshot.people.body[row].label for row in seen]
        boxes = TruthBoxes(
            time_ns=snapshot.time_ns,
            camera=eye.camera.id,
            person_id=np.array(label, np.int64),
            full_px=shot.full_px[seen],
            visible_px=shot.visible_px[seen],
            visible_share=share.astype(np.float32),
        )
        frame = Frame(
            time_ns=snapshot.time_ns,
            camera=eye.camera.id,
            index=eye.index,
            image=eye.sensor.expose(picture),
        )
        eye.index += 1
        return View(frame, boxes, shot.ids, shot.depth)


def _eye(scene: Scene, camera: Camera, goods: Goods, seed: int) -> _Eye:
    projection = Projection.of(camera)
    size = (camera.width_px, camera.height_px)
    clip = world_to_clip(projection, *size)
    still = scene.still_view(projection, clip, size)
    garments_px = full_boxes_px(projection, goods.meshes.position)
    return _Eye(camera, projection, clip, still, Sensor(camera.id, *size, seed=seed), garments_px)


def _subject(eye: _Eye, shot: _Shot) -> Subject:
    seen = np.flatnonzero(shot.pixels)
    size = (eye.camera.width_px, eye.camera.height_px)
    return Subject(eye.clip, size, shot.full_px[seen], seen)


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
