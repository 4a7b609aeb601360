"""Instance masks on disk."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from retailsim.errors import BagError
from retailsim.simulate.masks import MaskFolder


def test_a_mask_holds_person_numbers_of_sixteen_bits(tmp_path: Path) -> None:
    mask = np.zeros((40, 60), np.int64)
    mask[3:9, 5:20], mask[20:, 30:] = 700, 65_535
    MaskFolder(tmp_path / "masks").write("door", 123, mask)
    (file,) = (tmp_path / "masks" / "door").iterdir()
    assert file.name == "123.png"
    back = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert back.dtype == np.uint16
    assert (back == mask).all()


def test_numbers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="65536"):
        MaskFolder(tmp_path / "masks").write("door", 1, np.full((4, 4), 65_536))


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BagError, match="not empty"):
        MaskFolder(tmp_path)
    with pytest.raises(BagError):
        MaskFolder(tmp_path / "notes.txt")
