"""From what is to be drawn for a camera, over what was drawn, to the view that it delivers."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import Frame
from retailsim.messages.truth import TruthBoxes, TruthKeypoints
from retailsim.simulate.camera.boxes import full_boxes_px, visible_boxes_px
from retailsim.simulate.camera.edges import smooth_outlines
from retailsim.simulate.camera.eye import Eye, touches
from retailsim.simulate.camera.goods import Change
from retailsim.simulate.camera.joints import joints_px
from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.camera.optics import depth_m
from retailsim.simulate.camera.people import CrowdMesh
from retailsim.simulate.camera.shade import shade_corners
from retailsim.simulate.camera.silhouettes import Subject
from retailsim.simulate.snapshot import Snapshot


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
class Drawing:
    """What is to be drawn for one camera.

    Attributes:
        eye: the camera.
        drawn_px: everybody's full boxes in the picture drawn, (n, 4).
        rows: who is in it, (k,).
        goods: which of the moving garments are, (g,).
        shaded: corners of the triangles in which shade may fall, clip space (t, 2).
    """

    eye: Eye
    drawn_px: F32
    rows: NDArray[np.intp]
    goods: NDArray[np.bool_]
    shaded: F32


@dataclass(frozen=True)
class Tick:
    """One snapshot, ready to be drawn: all that needs no OpenGL.

    Attributes:
        change: of the garments at rest.
        moving: rows, positions and normals of the garments that swing or are carried.
        frames: of the cameras that are due, in plan order.
    """

    snapshot: Snapshot
    mesh: CrowdMesh
    change: Change
    moving: tuple[NDArray[Any], F32, F32]
    frames: list[Drawing]


@dataclass(frozen=True)
class Shot:
    """What came out of drawing a frame.

    Attributes:
        ids, depth: straight, as drawn.
        image: the picture as the camera delivers it, being developed.
        area_px: how much of the picture everybody of `frame.rows` would fill, (k,).
    """

    frame: Drawing
    ids: NDArray[np.uint16]
    depth: F32 | None
    image: Future[NDArray[np.uint8]]
    area_px: NDArray[np.float64]


def drawing(eye: Eye, mesh: CrowdMesh, goods: F32, shade: F32) -> Drawing:
    """Find out what a camera sees of bodies, moving garments (corners) and points of shade."""
    size = (eye.camera.width_px, eye.camera.height_px)
    drawn_px = full_boxes_px(eye.projection, mesh.position)
    return Drawing(
        eye=eye,
        drawn_px=drawn_px,
        rows=np.flatnonzero(touches(drawn_px, size)),
        goods=touches(full_boxes_px(eye.projection, goods), size),
        shaded=shade_corners(eye.projection, shade, size),
    )


def subject(frame: Drawing) -> Subject:
    """Return whom the silhouettes are to be drawn of, for the shares that can be seen."""
    camera = frame.eye.camera
    size = (camera.width_px, camera.height_px)
    return Subject(frame.eye.clip, size, frame.drawn_px[frame.rows], frame.rows)


def develop(
    frame: Drawing, picture: NDArray[np.uint8], ids: NDArray[np.uint16], snapshot: Snapshot
) -> NDArray[np.uint8]:
    """Return a camera's picture as it delivers it."""
    return frame.eye.delivery.image(
        smooth_outlines(picture, ids),
        ids,
        snapshot.people,
        frame.drawn_px,
        frame.rows,
        snapshot.time_ns,
    )


def view_of(tick: Tick, shot: Shot) -> View:
    """Put together a camera's view."""
    eye, people, mesh = shot.frame.eye, tick.snapshot.people, tick.mesh
    ids, depth, full, bend = shot.ids, shot.depth, shot.frame.drawn_px, eye.delivery.bend
    if bend:
        ids, full = bend.labels(ids), full_boxes_px(eye.delivery.sight, mesh.position)
        depth = None if depth is None else bend.labels(depth)
    visible, pixels = visible_boxes_px(ids, full)
    seen = np.flatnonzero(pixels)
    filled = bend.drawn_px(ids, len(full)) if bend else pixels
    area = np.ones(len(full))
    area[shot.frame.rows] = np.maximum(shot.area_px, 1.0)
    label = np.array([people.body[row].label for row in seen], np.int64)
    boxes = TruthBoxes(
        time_ns=tick.snapshot.time_ns,
        camera=eye.camera.id,
        person_id=label,
        full_px=full[seen],
        visible_px=visible[seen],
        visible_share=np.minimum(filled[seen] / area[seen], 1.0).astype(np.float32),
    )
    joints = joints_px(eye.delivery.sight, mesh.keypoints, ids, seen)
    keypoints = TruthKeypoints(tick.snapshot.time_ns, eye.camera.id, label, *joints)
    frame = Frame(
        time_ns=tick.snapshot.time_ns,
        camera=eye.camera.id,
        index=eye.index,
        image=shot.image.result(),
    )
    eye.index += 1
    return View(frame, boxes, keypoints, ids, depth)
