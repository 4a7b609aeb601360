"""Making the detector's data set: layers of people, whole shop scenes, backgrounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2

from retailsim.simulate.camera.studio import PeopleStudio
from retailsim.simulate.streams import stream
from retailsim.train.backgrounds import background
from retailsim.train.layers import save_layer
from retailsim.train.people_layers import SIZE_PX, people_layer
from retailsim.train.seeds import require_training_seed
from retailsim.train.shop_scenes import CAMERAS_PER_SHOP, SNAPSHOTS_PER_SHOP, shop_layers

BACKGROUND_PX = (640, 400)
Report = Callable[[str, int, int], None]


def make_people(folder: Path, count: int, *, seed: int, report: Report) -> None:
    """Render layers of people into `folder/people`; what is there already stays."""
    require_training_seed(seed)
    studio = PeopleStudio(*SIZE_PX)
    for number, path in _missing(folder / "people", count, ".npz"):
        save_layer(path, people_layer(stream(seed, "people", number), studio))
        report("people", number + 1, count)


def make_backgrounds(folder: Path, count: int, *, seed: int, report: Report) -> None:
    """Paint clutter into `folder/backgrounds`; what is there already stays."""
    require_training_seed(seed)
    for number, path in _missing(folder / "backgrounds", count, ".jpg"):
        picture = background(stream(seed, "background", number), *BACKGROUND_PX)
        cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
        report("backgrounds", number + 1, count)


def make_scenes(folder: Path, count: int, *, seed: int, report: Report) -> None:
    """Render shops into `folder/scenes`, a whole shop at a time; what is there already stays."""
    require_training_seed(seed)
    per_shop = SNAPSHOTS_PER_SHOP * CAMERAS_PER_SHOP
    missing = _missing(folder / "scenes", count, ".npz")
    for shop in sorted({number // per_shop for number, _ in missing}):
        layers = shop_layers(stream(seed, "shop", shop), seed)
        for number, layer in enumerate(layers, start=shop * per_shop):
            save_layer(folder / "scenes" / f"{number:06d}.npz", layer)
            report("scenes", number + 1, count)


def _missing(folder: Path, count: int, suffix: str) -> list[tuple[int, Path]]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [(n, folder / f"{n:06d}{suffix}") for n in range(count)]
    return [(n, path) for n, path in paths if not path.exists()]
