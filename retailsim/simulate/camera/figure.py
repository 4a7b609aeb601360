"""What does not change while a person is in view: proportions, cut of the clothes, colours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.snapshot import Body
from retailsim.simulate.streams import stream


class Material(IntEnum):
    """What a patch of a body is made of; the row of its colours in the palette."""

    SKIN = 0
    FACE = 1
    HAIR = 2
    TOP = 3
    BOTTOM = 4
    SHOE = 5
    BAG = 6
    LEG = 7


PATTERNS = {"plain": 0, "stripes": 1, "checks": 2, "dots": 3}
OPEN_FRONT = 4  # added to a pattern: buttons or a zip run down the front
# Garment above: (sleeve end in arm bones 0..2, girth of the body, girth of the sleeve, hem as
# share of stature, hem of its skirt or 0). Assumed, after what hangs in shops.
TOPS = {
    "tshirt": (0.62, 1.11, 1.35, 0.475, 0.0),
    "shirt": (1.93, 1.13, 1.40, 0.465, 0.0),
    "knit": (1.93, 1.16, 1.50, 0.480, 0.0),
    "jacket": (1.95, 1.22, 1.65, 0.455, 0.0),
    "coat": (1.97, 1.26, 1.75, 0.460, 0.33),
    "dress": (0.45, 1.04, 1.25, 0.470, 0.30),
}
BAG_COLOURS = ((0.03, 0.03, 0.04), (0.16, 0.07, 0.03), (0.25, 0.2, 0.12), (0.05, 0.08, 0.16))
HAT_COLOURS = ((0.05, 0.05, 0.06), (0.25, 0.05, 0.05), (0.35, 0.3, 0.2), (0.06, 0.1, 0.2))
HAIR_STYLES = ("short", "long", "bald", "hat")
BAGS = ("none", "shoulder", "backpack")


@dataclass(frozen=True)
class Figures:
    """The constant part of n bodies; one row each.

    Attributes:
        height_m, girth: stature and build (n,).
        habit: numbers in [0, 1] that vary posture and cut (n, 8).
        sleeve, body_ease, sleeve_ease, top_hem: see TOPS, (n,).
        skirt_hem: lower end of a skirt, dress or coat as share of stature, 0 without, (n,).
        skirt_flare: widening of the skirt towards its hem (n,).
        trouser_end: in leg bones 0..2; 0 with bare legs (n,).
        hair, bag: index into HAIR_STYLES and BAGS (n,).
        palette: colours, float32 (n, 8 materials, 2, 4): linear RGB + pattern, second RGB + scale.
    """

    height_m: F32
    girth: F32
    habit: F32
    sleeve: F32
    body_ease: F32
    sleeve_ease: F32
    top_hem: F32
    skirt_hem: F32
    skirt_flare: F32
    trouser_end: F32
    hair: NDArray[np.int64]
    bag: NDArray[np.int64]
    palette: F32


def figures_of(bodies: tuple[Body, ...]) -> Figures:
    """Return the figures of a crowd, row by row."""
    rows = [_figure(body) for body in bodies]
    return Figures(*(np.stack(column) for column in zip(*rows, strict=True)))


@lru_cache(maxsize=4096)
def _figure(body: Body) -> tuple[NDArray[Any], ...]:
    clothes = body.clothes
    habit = stream(body.texture_seed, "figure").random(8).astype(np.float32)
    sleeve, body_ease, sleeve_ease, hem, skirt_hem = TOPS[clothes.top_kind]
    flare, trouser_end = 0.0, 1.96
    if clothes.top_kind == "coat":
        skirt_hem, flare = skirt_hem + 0.08 * (habit[4] - 0.5), 0.12
    if clothes.top_kind == "dress":
        skirt_hem, flare = skirt_hem + 0.18 * (habit[4] - 0.6), 0.25 + 0.5 * habit[5]
        sleeve = (0.1, 0.5, 1.9)[int(habit[6] * 3)]
        trouser_end = 0.0
    elif clothes.bottom_kind == "skirt":
        trouser_end = 0.0
        if clothes.top_kind != "coat":
            skirt_hem, flare = 0.30 + 0.12 * (habit[4] - 0.3), 0.15 + 0.4 * habit[5]
    elif clothes.bottom_kind == "shorts":
        trouser_end = 0.75 + 0.2 * habit[5]
    scalars = (
        body.height_m, body.build, habit, sleeve, body_ease, sleeve_ease, hem, skirt_hem, flare,
        trouser_end,
    )  # fmt: skip
    return (
        *(np.asarray(value, np.float32) for value in scalars),
        np.asarray(HAIR_STYLES.index(body.hair)),
        np.asarray(BAGS.index(body.bag)),
        _palette(body, habit),
    )


def _palette(body: Body, habit: F32) -> F32:
    clothes = body.clothes
    front = OPEN_FRONT if clothes.top_kind in ("shirt", "jacket", "coat") else 0
    bag = BAG_COLOURS[int(habit[0] * 3.999)]
    hair = HAT_COLOURS[int(habit[1] * 3.999)] if body.hair == "hat" else body.hair_colour
    tights = (0.03, 0.03, 0.035)
    legs = tights if habit[7] > 0.6 and clothes.bottom_kind != "shorts" else body.skin_colour
    rows = {
        Material.SKIN: (body.skin_colour, 0, body.skin_colour),
        Material.FACE: (body.skin_colour, 0, body.hair_colour),
        Material.HAIR: (hair, 0, hair),
        Material.TOP: (
            clothes.top_colour,
            PATTERNS[clothes.top_pattern] + front,
            clothes.top_colour2,
        ),
        Material.BOTTOM: (clothes.bottom_colour, 0, clothes.bottom_colour),
        Material.SHOE: (clothes.shoe_colour, 0, clothes.shoe_colour),
        Material.BAG: (bag, 0, bag),
        Material.LEG: (legs, 0, legs),
    }
    out = np.zeros((len(Material), 2, 4), np.float32)
    for material, (colour, pattern, second) in rows.items():
        out[material, 0] = (*colour, pattern)
        out[material, 1] = (*second, 0.7 + 0.8 * habit[3])
    return out
