"""From the picture that is drawn to the one a camera delivers: motion, lens, sensor, knocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.bend import Bend, drawn_camera
from retailsim.simulate.camera.knock import knocked
from retailsim.simulate.camera.sensor import Sensor
from retailsim.simulate.camera.smear import motion_of, smear
from retailsim.simulate.faults import Faults, Knock
from retailsim.simulate.snapshot import People
from retailsim.store.plan import Camera
from retailsim.store.projection import Projection

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
FREEZES_S = 0.005  # who walks by in a shop makes less than 7 mm while such a shutter is open


class Delivery:
    """One camera as it really is, behind the straight picture that is drawn for it.

    Attributes:
        drawn: the camera to draw: straight, and wide enough for what the lens sees.
        projection: what is drawn, where the camera really stands now.
        sight: what is delivered, the lens included, likewise.
        bend: from drawn to delivered pixels; None where they are the same.
    """

    def __init__(self, camera: Camera, *, seed: int, faults: Faults) -> None:
        self.drawn = drawn_camera(camera)
        self.projection, self.sight = Projection.of(self.drawn), Projection.of(camera)
        self.bend = None if self.sight.lens.straight else Bend(camera)
        flaws = faults.flaws_of(camera.id)
        size = (camera.width_px, camera.height_px)
        self._sensor = Sensor(camera.id, *size, seed=seed, flaws=flaws)
        self._knocks = [knock for knock in faults.knocked if knock.camera == camera.id]

    def knocked_by(self, elapsed_ns: int) -> list[Knock]:
        """Return the knocks up to now that have not been taken yet."""
        return [knock for knock in self._knocks if elapsed_ns >= round(knock.at_s * 1e9)]

    def knock(self, elapsed_ns: int) -> bool:
        """Take the knocks up to now; says whether the camera has moved."""
        due = self.knocked_by(elapsed_ns)
        for knock in due:
            self._knocks.remove(knock)
            self.projection = knocked(self.projection, knock)
            self.sight = knocked(self.sight, knock)
        return bool(due)

    def image(
        self,
        picture: U8,
        ids: NDArray[np.uint16],
        people: People,
        full_px: F32,
        rows: NDArray[np.intp],
        time_ns: int,
    ) -> U8:
        """Return the picture as it is delivered, uint8 (h, w, 3); call once a frame, in order.

        Args:
            picture, ids: as drawn.
            people, full_px: everyone and their boxes in the drawn picture, (n, 4).
            rows: who is in the picture; others do not smear.
            time_ns: time of capture.
        """
        exposure = self._sensor.meter(picture, time_ns)
        if exposure.shutter_s > FREEZES_S:
            motion = motion_of(self.projection, people, full_px, rows, exposure.shutter_s)
            picture = smear(picture, ids, motion)
        if self.bend:
            picture = self.bend.picture(picture)
        return self._sensor.expose(picture, exposure, time_ns)
