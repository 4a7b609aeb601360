"""Instance masks as files: who is seen in every pixel of every frame."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.errors import BagError

MOST = np.iinfo(np.uint16).max


class MaskFolder:
    """A folder with one PNG of 16 bits per frame: FOLDER/CAMERA/TIME_NS.png.

    Pixels hold the `person_id` of the truth, 0 where nobody is; the time is that of the frame's
    capture in the bag.

    Raises:
        BagError: the folder holds files already or cannot be written.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if any(self._folder.iterdir()):
                raise BagError(f"{folder}: not empty; choose another folder for the masks")
        except OSError as error:
            raise BagError(f"{folder}: {error.strerror or error}") from error

    def write(self, camera: str, time_ns: int, mask: NDArray[np.int64]) -> None:
        """Write one frame's mask (h, w); raises BagError."""
        if mask.max(initial=0) > MOST:
            raise BagError(f"masks hold person numbers up to {MOST}, not {mask.max()}")
        file = self._folder / camera / f"{time_ns}.png"
        data = cv2.imencode(".png", mask.astype(np.uint16))[1].tobytes()
        try:
            file.parent.mkdir(exist_ok=True)
            partial = file.with_suffix(".partial")
            partial.write_bytes(data)
            os.replace(partial, file)
        except OSError as error:
            raise BagError(f"{file}: {error.strerror or error}") from error
