"""All calibrated cameras of a plan, drawing one snapshot after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import Frame
from retailsim.messages.truth import TruthBoxes, TruthKeypoints
from retailsim.simulate.camera.boxes import full_boxes_px, visible_boxes_px
from retailsim.simulate.camera.crowd import Crowd
from retailsim.simulate.camera.daylight import lamp_light
from retailsim.simulate.camera.delivery import Delivery
from retailsim.simulate.camera.device import open_context
from retailsim.simulate.camera.edges import smooth_outlines
from retailsim.simulate.camera.goods import Change, Goods
from retailsim.simulate.camera.joints import joints_px
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.optics import Light, depth_m, world_to_clip
from retailsim.simulate.camera.people import CrowdMesh, crowd_mesh
from retailsim.simulate.camera.scene import Scene
from retailsim.simulate.camera.shade import shade_corners, shade_points
from retailsim.simulate.camera.silhouettes import Silhouettes, Subject
from retailsim.simulate.camera.still import StillView
from retailsim.simulate.camera.targets import read_depth, read_ids, read_picture
from retailsim.simulate.faults import Faults
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
        keypoints: their joints.
        id: row into `snapshot.people` + 1 of the person seen, 0 for none, uint16 (h, w).
        depth_buffer: OpenGL depth in [0, 1], float32 (h, w), where the rig was asked for depth.
    """

    frame: Frame
    boxes: TruthBoxes
    keypoints: TruthKeypoints
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

    @property
    def mask(self) -> NDArray[np.int64]:
        """Who is seen in every pixel: `person_id`, 0 for nobody, int64 (h, w)."""
        pixels = np.bincount(self.id.ravel())
        number = np.zeros(len(pixels), np.int64)
        number[1:][pixels[1:] > 0] = self.boxes.person_id
        return number[self.id]


@dataclass(frozen=True)
class _Shot:
    """What was drawn for one camera and what that makes of the picture it delivers.

    Attributes:
        picture, drawn_ids: straight, as drawn.
        drawn_px: everybody's full boxes there, (n, 4).
        rows: who is in the picture drawn.
        ids, depth: as delivered.
        full_px, visible_px: everybody's boxes in the delivered picture, (n, 4).
        pixels: how many pixels everybody has there, (n,).
        filled: how many that is of the pixels drawn, (n,).
    """

    picture: NDArray[np.uint8]
    drawn_ids: NDArray[np.uint16]
    drawn_px: F32
    rows: NDArray[np.intp]
    ids: NDArray[np.uint16]
    depth: F32 | None
    full_px: F32
    visible_px: F32
    pixels: NDArray[np.int64]
    filled: NDArray[Any]

    @property
    def seen(self) -> NDArray[np.intp]:
        """Rows of the people with at least one visible pixel."""
        return np.flatnonzero(self.pixels)


@dataclass
class _Eye:
    """One camera on the rig: `camera` and `projection` are those of the picture that is drawn."""

    camera: Camera
    projection: Projection
    clip: F32
    still: StillView
    garments_px: F32
    delivery: Delivery
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
    The same plan, seed, faults and snapshots give the same bytes in every process. Only with
    `depth` do views have one: reading it back takes time.
    """

    def __init__(
        self,
        plan: StorePlan,
        *,
        seed: int,
        light: Light | None = None,
        lighting: Lighting | None = None,
        faults: Faults = Faults(),
        start_ns: int | None = None,
        depth: bool = False,
    ) -> None:
        """Draw the standing shop once for every camera.

        Args:
            plan: the shop as stocked at opening time.
            seed: of the cameras' make and noise.
            light: all lamps at their full level.
            lighting: the scenario's: how much of that there is, and daylight and sun.
            faults: what is wrong with cameras.
            start_ns: from which faults count and the sun moves; by default the first snapshot's.
            depth: whether views have a depth buffer.
        """
        lighting = lighting or Lighting()
        self._light = light = lamp_light(lighting, light or Light())
        self._lighting, self._start_ns, self._seed = lighting, start_ns, seed
        self._depth = depth
        self._darkroom = ThreadPoolExecutor(max_workers=1, thread_name_prefix="darkroom")
        self._goods = Goods(plan)
        self._context = open_context()
        with self._context as context:
            self._crowd = Crowd(context)
            self._scene = Scene(context, plan, self._goods.meshes, light, lighting)
            self._silhouettes = Silhouettes(context)
            self._eyes = [
                _eye(self._scene, camera, self._goods, seed, faults)
                for camera in plan.cameras
                if camera.calibrated
            ]
            for eye in self._eyes:
                self._draw_still(eye)

    def render(self, snapshot: Snapshot) -> list[View]:
        """Return the views of all cameras that are due, in plan order."""
        if self._start_ns is None:
            self._start_ns = snapshot.time_ns
        elapsed_ns = snapshot.time_ns - self._start_ns
        mesh = crowd_mesh(snapshot.people)
        change = self._goods.follow(snapshot)
        with self._context as context:
            context.gc()
            self._crowd.upload(mesh)
            self._scene.replace(change.replaced, self._goods.meshes)
            for eye in self._eyes:
                if eye.delivery.knock(elapsed_ns):
                    _look(eye, self._scene, self._goods)
                    self._draw_still(eye)
                else:
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
            # All is handed over before anything is read: while one picture is waited for, the
            # next ones are drawn, and those before it are developed in another thread.
            boxes = [self._draw(eye, mesh, position, shade) for eye in due]
            shots, images = [], []
            for eye, box in zip(due, boxes, strict=True):
                shots.append(self._read(eye, mesh, box))
                images.append(self._darkroom.submit(_develop, eye, shots[-1], snapshot))
            pairs = list(zip(due, shots, strict=True))
            self._silhouettes.draw(self._crowd, [_subject(*pair) for pair in pairs])
            areas = self._silhouettes.read()
        return [
            _view(eye, snapshot, mesh, shot, image.result(), area)
            for (eye, shot), image, area in zip(pairs, images, areas, strict=True)
        ]

    def _draw_still(self, eye: _Eye) -> None:
        """Draw all of a camera's standing shop."""
        eye.still.reflect(self._goods.present)
        self._scene.draw_still(eye.still, self._goods.present, None)

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

    def _read(self, eye: _Eye, mesh: CrowdMesh, drawn_px: F32) -> _Shot:
        """Wait for what was drawn for a camera, and see who is where in it."""
        target, bend = eye.still.target, eye.delivery.bend
        picture, drawn_ids = read_picture(target), read_ids(target)
        depth = read_depth(target) if self._depth else None
        ids, full = drawn_ids, drawn_px
        if bend:
            ids, full = bend.labels(ids), full_boxes_px(eye.delivery.sight, mesh.position)
            depth = None if depth is None else bend.labels(depth)
        visible, pixels = visible_boxes_px(ids, full)
        return _Shot(
            picture=picture,
            drawn_ids=drawn_ids,
            drawn_px=drawn_px,
            rows=np.flatnonzero(_touches(drawn_px, target.size)),
            ids=ids,
            depth=depth,
            full_px=full,
            visible_px=visible,
            pixels=pixels,
            filled=bend.drawn_px(ids, len(full)) if bend else pixels,
        )


def _develop(eye: _Eye, shot: _Shot, snapshot: Snapshot) -> NDArray[np.uint8]:
    """Return a camera's picture as it delivers it."""
    picture, people = smooth_outlines(shot.picture, shot.drawn_ids), snapshot.people
    return eye.delivery.image(
        picture, shot.drawn_ids, people, shot.drawn_px, shot.rows, snapshot.time_ns
    )


def _view(
    eye: _Eye,
    snapshot: Snapshot,
    mesh: CrowdMesh,
    shot: _Shot,
    image: NDArray[np.uint8],
    area: NDArray[np.float64],
) -> View:
    """Put together a camera's view; `area` is that of the visible people's silhouettes."""
    people, seen = snapshot.people, shot.seen
    share = np.minimum(shot.filled[seen] / np.maximum(area, 1.0), 1.0)
    label = np.array([people.body[row].label for row in seen], np.int64)
    boxes = TruthBoxes(
        time_ns=snapshot.time_ns,
        camera=eye.camera.id,
        person_id=label,
        full_px=shot.full_px[seen],
        visible_px=shot.visible_px[seen],
        visible_share=share.astype(np.float32),
    )
    joints = joints_px(eye.delivery.sight, mesh.keypoints, shot.ids, seen)
    keypoints = TruthKeypoints(snapshot.time_ns, eye.camera.id, label, *joints)
    frame = Frame(time_ns=snapshot.time_ns, camera=eye.camera.id, index=eye.index, image=image)
    eye.index += 1
    return View(frame, boxes, keypoints, shot.ids, shot.depth)


def _eye(scene: Scene, camera: Camera, goods: Goods, seed: int, faults: Faults) -> _Eye:
    delivery = Delivery(camera, seed=seed, faults=faults)
    drawn, projection = delivery.drawn, delivery.projection
    size = (drawn.width_px, drawn.height_px)
    clip = world_to_clip(projection, *size)
    still = scene.still_view(projection, clip, size)
    garments_px = full_boxes_px(projection, goods.meshes.position)
    return _Eye(drawn, projection, clip, still, garments_px, delivery)


def _look(eye: _Eye, scene: Scene, goods: Goods) -> None:
    """Let a camera look where it now stands; its standing shop is still to be drawn."""
    size = (eye.camera.width_px, eye.camera.height_px)
    eye.projection = eye.delivery.projection
    eye.clip = world_to_clip(eye.projection, *size)
    eye.still = scene.still_view(eye.projection, eye.clip, size)
    eye.garments_px = full_boxes_px(eye.projection, goods.meshes.position)


def _subject(eye: _Eye, shot: _Shot) -> Subject:
    size = (eye.camera.width_px, eye.camera.height_px)
    return Subject(eye.clip, size, shot.drawn_px[shot.seen], shot.seen)


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
