"""What does not change while a person is in view: proportions, cut of the clothes, colours."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsim.simulate.camera.mesh import F32
from retailsim.simulate.snapshot import GESTURES, Body, Clothes, Manner
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
    HEADWEAR = 8
    PRAM = 9
    FRAME = 10  # of the pram: tubes and wheels
    PILE = 11  # garments on the forearms


# Codes of cloth in both shaders. Those after 'print' are ways to wear stripes and prints.
PATTERNS = {"plain": 0, "stripes": 1, "checks": 2, "dots": 3, "print": 4}
UPRIGHT, BANDS, MOTIF = 5, 6, 7
OPEN_FRONT = 64  # added to a pattern: buttons or a zip run down the front
WORN_OPEN = 128  # added too: the front gapes; above it the colour worn under it, see _top_code
GLASSES, BEARD, CHILD = 1, 2, 4  # bits in the palette of a face
SNEAKER = 1.0  # in the palette of a shoe: white soles
# Garment above: (sleeve end in arm bones 0..2, girth of the body, girth of the sleeve, hem as
# share of stature, hem of its skirt or 0). Assumed, after what hangs in shops.
TOPS = {
    "tshirt": (0.62, 1.09, 1.35, 0.475, 0.0),
    "shirt": (1.93, 1.12, 1.34, 0.465, 0.0),
    "knit": (1.93, 1.15, 1.45, 0.480, 0.0),
    "jacket": (1.95, 1.21, 1.55, 0.458, 0.0),
    "coat": (1.97, 1.25, 1.65, 0.460, 0.33),
    "dress": (0.45, 1.03, 1.25, 0.470, 0.30),
}
HAIR_STYLES = ("short", "long", "bob", "curly", "bun", "ponytail", "bald")
HEADWEAR = ("none", "hat", "cap", "beanie", "headscarf")
BAGS = ("none", "shoulder", "backpack", "tote", "carrier")
SHOES = ("shoe", "sneaker", "boot")
HABITS = 12
# Head length by age: heads in a stature; after Stratz's canon as commonly drawn (5 at two years,
# 6 at six, 7 at twelve, 7.75 grown up).
_HEAD_AGES, _HEADS = (2.0, 6.0, 12.0, 17.0), (5.0, 6.0, 7.0, 7.75)
PRAM_CLOTHS = ((0.03, 0.03, 0.035), (0.04, 0.06, 0.12), (0.2, 0.19, 0.17), (0.25, 0.04, 0.05))


@dataclass(frozen=True)
class Figures:
    """The constant part of n bodies; one row each.

    Attributes:
        height_m: stature (n,).
        frame_m: stature of the grown-up whose limbs and trunk these are; less than `height_m`
            for children, whose heads are larger (n,).
        head: size of the head over that of a grown-up of 1.75 m (n,).
        leg: length of the legs over a grown-up's share of the frame (n,).
        spine_m: hip to shoulder joints (n,).
        girth: build (n,).
        shoulders, hips, waist, bust: widths over the mean; bust adds depth (n,).
        age_bend: forward lean of the old, radians (n,).
        habit: numbers in [0, 1] that vary posture (n, 12).
        cut: numbers in [0, 1] that vary the cut of the clothes, the same for equal clothes (n, 8).
        sleeve, body_ease, sleeve_ease, top_hem: see TOPS, (n,).
        skirt_hem: lower end of a skirt, dress or coat as share of stature, 0 without, (n,).
        skirt_flare: widening of the skirt towards its hem (n,).
        skirt_of_top: whether the skirt belongs to the garment above, a dress or coat (n,).
        trouser_end: in leg bones 0..2; 0 with bare legs (n,).
        hair, headwear, bag, shoe: index into HAIR_STYLES, HEADWEAR, BAGS and SHOES (n,).
        pram: whether they push one (n,).
        stride, foot_lift, sway, arm_swing, elbow_rad, lean_rad, gaze_rad: see Manner, (n,).
        gesture: index into GESTURES (n,).
        palette: colours, float32 (n, materials, 2, 4): linear RGB + pattern or bits, second
            RGB + scale.
    """

    height_m: F32
    frame_m: F32
    head: F32
    leg: F32
    spine_m: F32
    girth: F32
    shoulders: F32
    hips: F32
    waist: F32
    bust: F32
    age_bend: F32
    habit: F32
    cut: F32
    sleeve: F32
    body_ease: F32
    sleeve_ease: F32
    top_hem: F32
    skirt_hem: F32
    skirt_flare: F32
    skirt_of_top: NDArray[np.bool_]
    trouser_end: F32
    hair: NDArray[np.int64]
    headwear: NDArray[np.int64]
    bag: NDArray[np.int64]
    shoe: NDArray[np.int64]
    pram: NDArray[np.bool_]
    stride: F32
    foot_lift: F32
    sway: F32
    arm_swing: F32
    elbow_rad: F32
    lean_rad: F32
    gaze_rad: F32
    gesture: NDArray[np.int64]
    palette: F32

    @property
    def scale(self) -> F32:
        """Size of limbs and trunk over a grown-up's of 1.75 m, (n,)."""
        return np.asarray(self.frame_m / np.float32(1.75), np.float32)


def figures_of(bodies: tuple[Body, ...]) -> Figures:
    """Return the figures of a crowd, row by row."""
    rows = [_figure(body) for body in bodies]
    return Figures(*(np.stack(column) for column in zip(*rows, strict=True)))


@lru_cache(maxsize=4096)
def _figure(body: Body) -> tuple[NDArray[Any], ...]:
    habit = stream(body.texture_seed, "figure").random(HABITS).astype(np.float32)
    cut = stream(0, "cut", repr(body.clothes)).random(8).astype(np.float32)
    codes = (
        np.asarray(HAIR_STYLES.index(body.hair)),
        np.asarray(HEADWEAR.index(body.headwear)),
        np.asarray(BAGS.index(body.bag)),
        np.asarray(SHOES.index(body.clothes.shoe_kind)),
        np.asarray(body.pram),
    )
    proportions = (np.asarray(value, np.float32) for value in _proportions(body, habit))
    tailored = _tailored(body.clothes, cut)
    palette = _palette(body, cut)
    return (*proportions, habit, cut, *tailored, *codes, *_manner(body.manner), palette)


def _proportions(body: Body, habit: F32) -> tuple[float, ...]:
    """Return height_m to age_bend of Figures."""
    age = body.age_years
    heads = float(np.interp(age, _HEAD_AGES, _HEADS))
    head = _HEADS[-1] / heads
    frame = body.height_m * (1 - 0.198 * (head - 1))  # what the larger head leaves, see trunk.HEAD
    leg = float(np.interp(age, (2.0, 12.0), (0.90, 1.0)))
    # Shorter legs, longer trunk: the shoulders stay where they are.
    spine = (0.818 - 0.53 * leg) * frame
    grown = float(np.interp(age, (9.0, 16.0), (0.0, 1.0)))
    feminine = grown * (1.0 if body.presentation == "feminine" else -1.0)
    shape = 1 + 0.05 * (habit[8] - 0.5)
    return (
        body.height_m,
        frame,
        head * body.height_m / 1.75 * (1 + 0.05 * (habit[9] - 0.5)),
        leg,
        spine,
        body.build * (1.0 + 0.06 * (1 - grown)),
        (1 - 0.055 * feminine) * (1 + 0.06 * (habit[6] - 0.5)),
        (1 + 0.045 * feminine) * shape,
        (1 - 0.05 * feminine) * (2 - shape),
        max(feminine, 0.0) * (0.5 + 0.8 * habit[9]),
        0.26 * float(np.clip((age - 62) / 22, 0, 1)) * (0.3 + 1.1 * habit[10]),
    )


def _manner(manner: Manner) -> tuple[NDArray[Any], ...]:
    """Return stride to gesture of Figures."""
    *amounts, gesture = astuple(manner)
    numbers = (np.asarray(amount, np.float32) for amount in amounts)
    return (*numbers, np.asarray(GESTURES.index(gesture)))


def _tailored(clothes: Clothes, cut: F32) -> tuple[NDArray[Any], ...]:
    """Return sleeve to trouser_end of Figures."""
    top = clothes.top_kind
    sleeve, body_ease, sleeve_ease, hem, skirt_hem = TOPS[top]
    hem = hem + 0.03 * (cut[2] - 0.5)
    flare, trouser_end = 0.0, 1.96
    if top == "coat":
        skirt_hem, flare = skirt_hem + 0.16 * (cut[4] - 0.5), 0.12
    if top == "dress":
        skirt_hem, flare = skirt_hem + 0.2 * (cut[4] - 0.6), 0.2 + 0.5 * cut[5]
        sleeve = (0.1, 0.5, 1.9)[int(cut[6] * 3)]
        trouser_end = 0.0
    elif clothes.bottom_kind == "skirt":
        trouser_end = 0.0
        if top != "coat":
            skirt_hem, flare = 0.28 + 0.22 * (cut[4] - 0.4), 0.05 + 0.45 * cut[5]
    elif clothes.bottom_kind == "shorts":
        trouser_end = 0.6 + 0.35 * cut[5]
    elif cut[5] > 0.75:
        trouser_end = 1.78  # cropped
    if top in ("shirt", "knit") and cut[6] > 0.8:
        sleeve = 1.2  # rolled up
    row = (sleeve, body_ease, sleeve_ease, hem, skirt_hem, flare)
    return (
        *(np.asarray(value, np.float32) for value in row),
        np.asarray(top in ("coat", "dress")),
        np.asarray(trouser_end, np.float32),
    )


def _palette(body: Body, cut: F32) -> F32:
    clothes = body.clothes
    skin, grey, white = body.skin_colour, (0.12, 0.12, 0.13), (0.75, 0.75, 0.73)
    tights = (0.03, 0.03, 0.035)
    covered = cut[7] > 0.6 and clothes.bottom_kind != "shorts"
    legs = tights if covered else skin
    pram = PRAM_CLOTHS[body.texture_seed % len(PRAM_CLOTHS)]
    face = GLASSES * body.glasses + BEARD * body.beard + CHILD * (body.age_years < 12)
    dark = tuple(0.25 * part for part in body.accent_colour)
    sneaker = SNEAKER if clothes.shoe_kind == "sneaker" else 0.0
    rows = {
        Material.SKIN: (skin, 0, skin),
        Material.FACE: (skin, face, body.hair_colour),
        Material.HAIR: (body.hair_colour, 0, body.hair_colour),
        Material.TOP: (clothes.top_colour, _top_code(clothes, cut), clothes.top_colour2),
        Material.BOTTOM: (
            clothes.bottom_colour,
            _worn_pattern(clothes.bottom_pattern, cut[3]),
            clothes.bottom_colour2,
        ),
        Material.SHOE: (clothes.shoe_colour, sneaker, white),
        Material.BAG: (body.bag_colour, 0, body.bag_colour),
        Material.LEG: (legs, 0, legs),
        Material.HEADWEAR: (body.accent_colour, 0, dark),
        Material.PRAM: (pram, 0, pram),
        Material.FRAME: (grey, 0, grey),
        Material.PILE: ((0.55, 0.53, 0.5), PATTERNS["stripes"], (0.06, 0.08, 0.16)),
    }
    out = np.zeros((len(Material), 2, 4), np.float32)
    for material, (colour, code, second) in rows.items():
        out[material, 0] = (*colour, code)
        out[material, 1] = (*second, 0.7 + 0.8 * cut[3])
    out[Material.PILE, 1, 3] = 2.0
    return out


def _top_code(clothes: Clothes, cut: F32) -> int:
    code = _worn_pattern(clothes.top_pattern, cut[0])
    if clothes.top_kind in ("tshirt", "knit") and clothes.top_pattern == "print" and cut[0] < 0.7:
        code = MOTIF
    if clothes.top_kind in ("shirt", "jacket", "coat"):
        code += OPEN_FRONT
    if clothes.inner_colour is not None:
        # Five bits for each square root of the colour under it fit into the same float32.
        red, green, blue = (round(31 * part**0.5) for part in clothes.inner_colour)
        code += WORN_OPEN + (red << 8) + (green << 13) + (blue << 18)
    return code


def _worn_pattern(pattern: str, cut: float) -> int:
    """Stripes run across, upright or in broad bands, as the garment's cut says."""
    if pattern == "stripes":
        return PATTERNS["stripes"] if cut < 0.5 else UPRIGHT if cut < 0.75 else BANDS
    return PATTERNS[pattern]
