"""Rendered pictures of people with exact labels, as stored between rendering and training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.errors import RetailError

U8 = NDArray[np.uint8]
MAX_PEOPLE = 255
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]  # 4:4:4
PNG = [cv2.IMWRITE_PNG_COMPRESSION, 3]


@dataclass(frozen=True)
class Layer:
    """People seen by one camera.

    Attributes:
        image: BGR, uint8 (h, w, 3).
        label: 0 for nobody, k for the k-th person, uint8 (h, w).
        full_area_px: pixels of each body were nothing in front of it, those outside the frame
            included, float32 (n,).
        opaque: True for a whole scene; False when only the people count and the rest is to be
            replaced by a background.
    """

    image: U8
    label: U8
    full_area_px: NDArray[np.float32]
    opaque: bool


def save_layer(path: Path, layer: Layer) -> None:
    """Write a layer (colour as JPEG, labels as PNG, in one npz); renamed into place."""
    image, label = layer.image, layer.label
    beside = path.with_suffix(".part")
    with open(beside, "wb") as file:
        np.savez(
            file,
            image=cv2.imencode(".jpg", image, JPEG)[1],
            label=cv2.imencode(".png", label, PNG)[1],
            full_area_px=layer.full_area_px.astype(np.float32),
            opaque=np.array(layer.opaque),
        )
    beside.replace(path)


def load_layer(path: Path) -> Layer:
    """Read a layer; raises RetailError when the file is not one."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            image = cv2.imdecode(stored["image"], cv2.IMREAD_COLOR)
            label = cv2.imdecode(stored["label"], cv2.IMREAD_GRAYSCALE)
            area, opaque = stored["full_area_px"], bool(stored["opaque"])
    except (OSError, KeyError, ValueError, cv2.error) as error:
        raise RetailError(f"{path}: not a training layer: {error}") from error
    return Layer(np.asarray(image, np.uint8), np.asarray(label, np.uint8), area, opaque)


def fill_outside(image: U8, label: U8, reach_px: int = 9) -> U8:
    """Grow the people's colours beyond their outline, so that smoothing draws in no halo."""
    solid = (label > 0).astype(np.float32)
    size = (reach_px, reach_px)
    weight = cv2.blur(solid, size)[..., None]
    near = cv2.blur(image * solid[..., None], size) / np.maximum(weight, 1e-3)
    grown = np.where(weight > 1e-3, near, 128.0)
    filled: U8 = np.where(label[..., None] > 0, image, grown).astype(np.uint8)
    return filled
