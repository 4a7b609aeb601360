"""From the straight picture that is drawn to the bent one that a camera delivers.

OpenGL draws pinholes. For a camera whose lens bends, a straight picture of the same focal length
is drawn that is wide enough to fill the corners; pixels are then fetched from where they come.
"""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.errors import ScenarioError
from retailsim.store.plan import Camera
from retailsim.store.projection import Projection

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
T = TypeVar("T", bound=np.generic)
WIDEST = 2.5  # times the delivered width or height; wider pictures are refused
MARGIN_PX = 2


def drawn_camera(camera: Camera) -> Camera:
    """Return the camera without distortion whose picture holds all that `camera` sees.

    Raises:
        ScenarioError: the lens sees too far to the side to be drawn as a plane.
    """
    if not any(camera.distortion):
        return camera
    projection = Projection.of(camera)
    size = np.array([camera.width_px, camera.height_px], float)
    edge = projection.rays(_border_px(*size.tolist()))[:, :2]
    focal_px = projection.matrix[0, 0]
    half = np.ceil(focal_px * np.abs(edge).max(axis=0)) + MARGIN_PX
    if (2 * half > WIDEST * size).any():
        raise ScenarioError(
            f"camera '{camera.id}': distortion {camera.distortion} with hfov_deg "
            f"{camera.hfov_deg:g} reaches more than {WIDEST:g} times as far as the plain lens; "
            "give the calibrated focal length as hfov_deg and both coefficients"
        )
    width, height = (2 * half).astype(int).tolist()
    hfov = float(np.rad2deg(2 * np.arctan(half[0] / focal_px)))
    wider = {"width_px": width, "height_px": height, "hfov_deg": hfov, "distortion": (0.0, 0.0)}
    return camera.model_copy(update=wider)


class Bend:
    """Fetches the pixels of one camera's delivered picture from its drawn one.

    Attributes:
        area: pixels drawn for one delivered, float32 (h, w).
    """

    def __init__(self, camera: Camera) -> None:
        drawn = drawn_camera(camera)
        delivered, straight = Projection.of(camera), Projection.of(drawn)
        y, x = np.mgrid[0 : camera.height_px, 0 : camera.width_px] + 0.5
        rays = delivered.rays(np.stack([x, y], axis=-1))
        # Pixel centres are at halves here and at whole numbers in OpenCV's maps.
        source: F32 = ((rays @ straight.matrix.T)[..., :2] - 0.5).astype(np.float32)
        self._smooth = cv2.convertMaps(source[..., 0], source[..., 1], cv2.CV_16SC2)
        nearest = np.rint(source).astype(np.intp)
        self._nearest = nearest[..., 1] * drawn.width_px + nearest[..., 0]
        self.area = _area(source)

    def picture(self, bgr: U8) -> U8:
        """Return the delivered picture, (h, w, 3)."""
        maps = (self._smooth[0], self._smooth[1])
        return np.asarray(cv2.remap(bgr, *maps, cv2.INTER_LINEAR), np.uint8)

    def labels(self, drawn: NDArray[T]) -> NDArray[T]:
        """Return the nearest pixels' identities or depths, (h, w): none between two others."""
        return np.asarray(drawn.ravel()[self._nearest])

    def drawn_px(self, ids: U16, people: int) -> F64:
        """Return how many drawn pixels each person's delivered ones are worth, (people,)."""
        counts = np.bincount(ids.ravel(), weights=self.area.ravel(), minlength=people + 1)
        return np.asarray(counts[1 : people + 1], np.float64)


def _border_px(width: float, height: float) -> F64:
    along = np.linspace(0, 1, 65)
    zero, one = np.zeros_like(along), np.ones_like(along)
    sides = [(along, zero), (along, one), (zero, along), (one, along)]
    return np.concatenate([np.stack(side, axis=1) for side in sides]) * [width, height]


def _area(source: F32) -> F32:
    """Return the Jacobian of the map from delivered to drawn pixels, (h, w)."""
    right, down = np.gradient(source, axis=1), np.gradient(source, axis=0)
    turned = right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0]
    return np.asarray(np.abs(turned), np.float32)
