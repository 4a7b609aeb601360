"""Pictures on disk."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.errors import BagError, ScenarioError

U8 = NDArray[np.uint8]
SUFFIXES = (".png", ".jpg", ".jpeg")


def check_suffix(path: Path) -> None:
    """Raise ScenarioError unless a path is named like a picture."""
    if path.suffix.lower() not in SUFFIXES:
        raise ScenarioError(f"{path}: a picture; name it {' or '.join(SUFFIXES)}")


def write_picture(path: Path, image: U8) -> None:
    """Write a picture beside its place and rename it; raises BagError when that fails."""
    data = cv2.imencode(path.suffix, image)[1].tobytes()
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        raise BagError(f"{path}: cannot be written: {error.strerror or error}") from error
