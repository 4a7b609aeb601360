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
from retailsim.train.randomisers import ALL, Randomisers, pool
from retailsim.train.seeds import require_training_seed
from retailsim.train.shop_scenes import CAMERAS_PER_SHOP, SNAPSHOTS_PER_SHOP, shop_layers

BACKGROUND_PX = (640, 400)
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 90]
Report = Callable[[str, int, int], None]


def make_people(
    folder: Path, count: int, *, seed: int, report: Report, randomisers: Randomisers = ALL
) -> None:
    """Render layers of people into the folder's pool; what is there already stays."""
    require_training_seed(seed)
    studio = PeopleStudio(*SIZE_PX, folds=randomisers.clothing)
    for number, path in _missing(pool(folder, "people", randomisers), count, ".npz"):
        rng = stream(seed, "people", number)
        save_layer(path, people_layer(rng, studio, randomisers=randomisers))
        report("people", number + 1, count)


def make_backgrounds(
    folder: Path, count: int, *, seed: int, report: Report, randomisers: Randomisers = ALL
) -> None:
    """Paint backgrounds into the folder's pool; what is there already stays."""
    require_training_seed(seed)
    for number, path in _missing(pool(folder, "backgrounds", randomisers), count, ".jpg"):
        rng = stream(seed, "background", number)
        picture = background(rng, *BACKGROUND_PX, randomisers=randomisers)
        beside = path.with_suffix(".part")
        beside.write_bytes(cv2.imencode(".jpg", picture, JPEG)[1].tobytes())
        beside.replace(path)
        report("backgrounds", number + 1, count)


def make_scenes(
    folder: Path, count: int, *, seed: int, report: Report, randomisers: Randomisers = ALL
) -> None:
    """Render shops into the folder's pool, a whole shop at a time; what is there already stays."""
    require_training_seed(seed)
    per_shop = SNAPSHOTS_PER_SHOP * CAMERAS_PER_SHOP
    place = pool(folder, "scenes", randomisers)
    missing = _missing(place, count, ".npz")
    for shop in sorted({number // per_shop for number, _ in missing}):
        layers = shop_layers(stream(seed, "shop", shop), seed, randomisers=randomisers)
        for number, layer in enumerate(layers, start=shop * per_shop):
            save_layer(place / f"{number:06d}.npz", layer)
            report("scenes", number + 1, count)


def _missing(folder: Path, count: int, suffix: str) -> list[tuple[int, Path]]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [(n, folder / f"{n:06d}{suffix}") for n in range(count)]
    return [(n, path) for n, path in paths if not path.exists()]
