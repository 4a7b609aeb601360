"""How people look: bodies and clothes drawn from varied distributions.

Palettes and shares are assumed; heights follow adults' averages (about 1.70 m, spread 0.09 m:
NCD-RisC 2016 for men and women of central Europe together).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retailsim.simulate.scenario import DressAlike
from retailsim.simulate.snapshot import Body, Clothes
from retailsim.simulate.streams import stream

Colour = tuple[float, float, float]
SKINS = ("#f6d7c3", "#ecc0a0", "#dba77f", "#c58c5f", "#a06a42", "#7a4a2d", "#553220", "#3b2419")
HAIRS = ("#17120f", "#2c1c12", "#4a2f1c", "#6e4a2a", "#a27c49", "#c9a66b", "#7d7a77", "#8a3b1e")
CLOTHS = (
    "#1c1c1f", "#2d2f36", "#55585f", "#8b8e93", "#c8c6c0", "#f0eee8", "#1f2c4d", "#2f4f8f",
    "#6f93c0", "#a9c4dc", "#7c1f2b", "#b3262c", "#d9694f", "#d98aa0", "#5b2a55", "#8d6bb0",
    "#1f5a44", "#3f7d4f", "#7b8a45", "#c4b13d", "#d99a2b", "#8a5a33", "#b99b74", "#1f7f88",
)  # fmt: skip
LEGS = ("#16171b", "#20283c", "#2c3d5e", "#4a628c", "#3a3a3c", "#6b6c6e", "#8a7a5c", "#c2b393",
        "#4a3a2c", "#e3e0d8", "#394a3a", "#5e2230")  # fmt: skip
SHOES = ("#111111", "#f2f2f0", "#5a3a22", "#2a2f3d", "#8f8f8f", "#a8322a")
TOPS = ("tshirt", "shirt", "knit", "jacket", "coat", "dress")
TOP_SHARES = (0.25, 0.18, 0.17, 0.22, 0.1, 0.08)
PATTERNS = ("plain", "stripes", "checks", "dots")
PATTERN_SHARES = (0.66, 0.16, 0.12, 0.06)


@dataclass(frozen=True)
class Profile:
    """What a scenario says of a person's looks.

    Attributes:
        presentation: 'feminine' | 'masculine'.
        age_years: children have other proportions.
        height_m: by age and sex where None.
        pram: whether they push one.
    """

    presentation: str
    age_years: float
    height_m: float | None = None
    pram: bool = False


def linear_rgb(colour: str) -> Colour:
    """Turn an sRGB '#rrggbb' into linear RGB in [0, 1] (IEC 61966-2-1)."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return (float(linear[0]), float(linear[1]), float(linear[2]))


def draw_body(
    rng: np.random.Generator, *, label: int, clothes: Clothes, profile: Profile | None = None
) -> Body:
    """Draw a person's body around given clothes."""
    height_m = float(np.clip(rng.normal(1.70, 0.09), 1.48, 1.96))
    if profile is not None and profile.height_m is not None:
        height_m = profile.height_m
    return Body(
        label=label,
        height_m=height_m,
        presentation=profile.presentation if profile else "feminine",
        age_years=profile.age_years if profile else 35.0,
        pram=profile.pram if profile else False,
        build=float(np.clip(rng.normal(1.0, 0.1), 0.85, 1.25)),
        skin_colour=_tinted(rng, SKINS, 0.06),
        hair_colour=_tinted(rng, HAIRS, 0.1),
        hair=str(rng.choice(("short", "long", "bald", "hat"), p=(0.46, 0.38, 0.06, 0.1))),
        clothes=clothes,
        bag=str(rng.choice(("none", "shoulder", "backpack"), p=(0.45, 0.35, 0.2))),
        texture_seed=int(rng.integers(2**31)),
    )


def draw_clothes(rng: np.random.Generator, *, profile: Profile | None = None) -> Clothes:
    """Draw what a person wears."""
    top = str(rng.choice(TOPS, p=TOP_SHARES))
    colour, colour2 = _tinted(rng, CLOTHS, 0.12), _tinted(rng, CLOTHS, 0.12)
    legs = _tinted(rng, LEGS, 0.12)
    kind = str(rng.choice(("trousers", "skirt", "shorts"), p=(0.76, 0.14, 0.1)))
    return Clothes(
        top_kind=top,
        top_colour=colour,
        top_colour2=colour2,
        top_pattern=str(rng.choice(PATTERNS, p=PATTERN_SHARES)),
        bottom_kind="skirt" if top == "dress" else kind,
        bottom_colour=colour if top == "dress" else legs,
        shoe_colour=_tinted(rng, SHOES, 0.1),
    )


def draw_shopper(
    rng: np.random.Generator,
    *,
    label: int,
    seed: int,
    dress_alike: DressAlike,
    profile: Profile | None = None,
) -> Body:
    """Draw a shopper; some wear one of a few outfits that others wear too."""
    own = draw_clothes(rng, profile=profile)
    group = int(rng.integers(dress_alike.groups))
    alike = rng.random() < dress_alike.share
    clothes = draw_clothes(stream(seed, "outfit", group)) if alike else own
    return draw_body(rng, label=label, clothes=clothes, profile=profile)


def draw_staff(rng: np.random.Generator, *, label: int, profile: Profile | None = None) -> Body:
    """Draw a member of staff in the shop's black and grey."""
    clothes = Clothes(
        top_kind="tshirt",
        top_colour=linear_rgb("#17181b"),
        top_colour2=linear_rgb("#17181b"),
        top_pattern="plain",
        bottom_kind="trousers",
        bottom_colour=linear_rgb("#3a3b3f"),
        shoe_colour=linear_rgb("#111111"),
    )
    return draw_body(rng, label=label, clothes=clothes, profile=profile)


def top_worn(clothes: Clothes) -> str:
    """Return in words what is worn above: kind, pattern and colour."""
    return f"{clothes.top_kind} {clothes.top_pattern} {_hex(clothes.top_colour)}"


def bottom_worn(clothes: Clothes) -> str:
    """Return in words what is worn below: kind and colour."""
    return f"{clothes.bottom_kind} {_hex(clothes.bottom_colour)}"


def _hex(linear: Colour) -> str:
    """Turn linear RGB into sRGB '#rrggbb'."""
    c = np.clip(np.array(linear), 0.0, 1.0)
    srgb = np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(float(v) * 255):02x}" for v in srgb)


def _tinted(rng: np.random.Generator, palette: tuple[str, ...], spread: float) -> Colour:
    """Pick a colour and vary its brightness and, half as much, its tint."""
    base = np.array(linear_rgb(str(rng.choice(palette))))
    factor = np.exp(rng.normal(0.0, spread) + rng.normal(0.0, spread / 2, 3))
    red, green, blue = np.clip(base * factor, 0.0, 1.0)
    return (float(red), float(green), float(blue))
