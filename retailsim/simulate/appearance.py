"""How people look: bodies and clothes drawn from varied distributions.

Adults' heights have the means of NCD-RisC 2016 (eLife 5:e13410) for central Europe's young men
and women, rounded (1.79 and 1.66 m), less a little with age; their spread, the growth of children
(0.77 m + 0.06 m a year), palettes and shares are assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from retailsim.simulate.garment_maker import STYLES, draw_garment
from retailsim.simulate.scenario import DressAlike
from retailsim.simulate.snapshot import Body, Clothes
from retailsim.simulate.streams import stream

Colour = tuple[float, float, float]
SKINS = ("#f6d7c3", "#ecc0a0", "#dba77f", "#c58c5f", "#a06a42", "#7a4a2d", "#553220", "#3b2419")
SKIN_SHARES = (0.2, 0.22, 0.16, 0.12, 0.1, 0.08, 0.07, 0.05)
DARK_SKIN = 3  # from here on hair is black or dark brown
HAIRS = ("#17120f", "#2c1c12", "#4a2f1c", "#6e4a2a", "#a27c49", "#d6b878", "#8a3b1e")
DARK_HAIRS = ("#100d0b", "#17120f", "#241710", "#33211a")
GREYS = ("#6d6b69", "#9b9893", "#cfccc6", "#e8e6e1")
SHOES = ("#111111", "#f2f2f0", "#5a3a22", "#2a2f3d", "#8f8f8f", "#a8322a")
ACCENTS = ("#1b1b1e", "#3b3d42", "#1f2c4d", "#85878b", "#cdb892", "#f1efe9", "#5d1a2b", "#b3212b",
           "#1f4a38", "#4a6a94", "#c9982e", "#8a5a6b")  # fmt: skip
BAGS = ("#17171a", "#4a2a14", "#7d6a4a", "#2b3750", "#8c2a2a", "#c9a27a", "#6d7158", "#b9b6ae")
TOPS = ("tshirt", "shirt", "knit", "jacket", "coat", "dress")
TOP_SHARES = {
    "feminine": (0.24, 0.13, 0.19, 0.18, 0.12, 0.14),
    "masculine": (0.31, 0.22, 0.17, 0.22, 0.08, 0.0),
}
BOTTOM_SHARES = {"feminine": (0.72, 0.22, 0.06), "masculine": (0.86, 0.0, 0.14)}
OPEN_SHARES = {"shirt": 0.2, "jacket": 0.6, "coat": 0.55}
HAIR_STYLES = ("short", "long", "bob", "curly", "bun", "ponytail", "bald")
HAIR_SHARES = {
    "feminine": (0.10, 0.34, 0.20, 0.12, 0.10, 0.14, 0.0),
    "masculine": (0.74, 0.04, 0.02, 0.06, 0.02, 0.01, 0.11),
}
HEADWEAR = ("none", "hat", "cap", "beanie", "headscarf")
HEADWEAR_SHARES = {
    "feminine": (0.84, 0.04, 0.02, 0.05, 0.05),
    "masculine": (0.80, 0.04, 0.09, 0.07, 0.0),
}
CARRIED = ("none", "shoulder", "backpack", "tote", "carrier")
CARRIED_SHARES = {
    "feminine": (0.36, 0.28, 0.12, 0.15, 0.09),
    "masculine": (0.62, 0.10, 0.19, 0.02, 0.07),
}
STYLE_SHARES = (0.3, 0.4, 0.14, 0.13, 0.03)
ADULT_MEAN_M = {"feminine": 1.66, "masculine": 1.79}
ADULT_SPREAD_M = {"feminine": 0.062, "masculine": 0.068}


@dataclass(frozen=True)
class Profile:
    """Who a body belongs to.

    Attributes:
        presentation: 'feminine' | 'masculine'.
        age_years: from about 3; younger ones do not walk by themselves.
        height_m: stature if it is given; drawn by presentation and age otherwise.
        pram: whether they push one.
    """

    presentation: str
    age_years: float
    height_m: float | None = None
    pram: bool = False


def draw_profile(rng: np.random.Generator) -> Profile:
    """Draw an adult of a shopping street (mixture assumed)."""
    presentation = "feminine" if rng.random() < 0.55 else "masculine"
    return Profile(presentation, float(np.clip(18 + rng.gamma(2.2, 11.5), 18, 86)))


def linear_rgb(colour: str) -> Colour:
    """Turn an sRGB '#rrggbb' into linear RGB in [0, 1] (IEC 61966-2-1)."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return (float(linear[0]), float(linear[1]), float(linear[2]))


def draw_height_m(rng: np.random.Generator, profile: Profile) -> float:
    """Draw a stature by presentation and age."""
    deviation = float(np.clip(rng.normal(), -2.6, 2.6))
    mean, spread = ADULT_MEAN_M[profile.presentation], ADULT_SPREAD_M[profile.presentation]
    adult = mean + spread * deviation - 0.001 * max(profile.age_years - 45, 0)
    growing = (0.77 + 0.06 * profile.age_years) * (1 + 0.045 * deviation)
    return min(adult, growing) if profile.age_years < 18 else adult


def draw_body(
    rng: np.random.Generator, *, label: int, clothes: Clothes, profile: Profile | None = None
) -> Body:
    """Draw a person's body around given clothes."""
    who = profile or draw_profile(rng)
    height = draw_height_m(rng, who)
    adult = who.age_years >= 18
    tone = int(rng.choice(len(SKINS), p=SKIN_SHARES))
    masculine = who.presentation == "masculine"
    return Body(
        label=label,
        height_m=who.height_m or height,
        build=_build(rng, who),
        skin_colour=_tinted(rng, SKINS[tone : tone + 1], 0.06),
        hair_colour=_hair_colour(rng, who.age_years, dark=tone >= DARK_SKIN),
        hair=_hair(rng, who),
        clothes=clothes,
        bag=_pick(rng, CARRIED, CARRIED_SHARES[who.presentation], adult or who.age_years > 12),
        texture_seed=int(rng.integers(2**31)),
        presentation=who.presentation,
        age_years=who.age_years,
        glasses=bool(rng.random() < (0.12 if who.age_years < 40 else 0.4)),
        pram=who.pram,
        headwear=_pick(rng, HEADWEAR, HEADWEAR_SHARES[who.presentation], who.age_years > 3),
        beard=bool(rng.random() < 0.42) and masculine and who.age_years > 20,
        accent_colour=_tinted(rng, ACCENTS, 0.1),
        bag_colour=_tinted(rng, BAGS, 0.12),
    )


def draw_clothes(rng: np.random.Generator, *, profile: Profile | None = None) -> Clothes:
    """Draw what a person wears, from the garments that shops hang out too."""
    who = profile or draw_profile(rng)
    style = _pick(rng, STYLES, STYLE_SHARES)
    top = _pick(rng, TOPS, TOP_SHARES[who.presentation])
    kind = _pick(rng, ("trousers", "skirt", "shorts"), BOTTOM_SHARES[who.presentation])
    if who.age_years < 13 and kind == "trousers" and rng.random() < 0.15:
        kind = "shorts"
    above, below, inner = (draw_garment(rng, k, style) for k in (top, kind, "tshirt"))
    opened = rng.random() < OPEN_SHARES.get(top, 0.0)
    worn = above if top == "dress" else below
    return Clothes(
        top_kind=top,
        top_colour=linear_rgb(above.colour),
        top_colour2=linear_rgb(above.colour2),
        top_pattern=above.pattern,
        bottom_kind="skirt" if top == "dress" else kind,
        bottom_colour=linear_rgb(worn.colour),
        shoe_colour=_tinted(rng, SHOES, 0.1),
        bottom_colour2=linear_rgb(worn.colour2),
        bottom_pattern=worn.pattern,
        shoe_kind=_pick(rng, ("shoe", "sneaker", "boot"), (0.4, 0.42, 0.18), kind != "shorts"),
        inner_colour=linear_rgb(inner.colour) if opened else None,
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
    who = profile or draw_profile(rng)
    own = draw_clothes(rng, profile=who)
    group = int(rng.integers(dress_alike.groups))
    alike = rng.random() < dress_alike.share
    clothes = draw_clothes(stream(seed, "outfit", group), profile=_ANYBODY) if alike else own
    return draw_body(rng, label=label, clothes=clothes, profile=who)


def draw_staff(rng: np.random.Generator, *, label: int, profile: Profile | None = None) -> Body:
    """Draw a member of staff in the shop's black and grey, without coat-room things."""
    clothes = Clothes(
        top_kind="tshirt",
        top_colour=linear_rgb("#17181b"),
        top_colour2=linear_rgb("#17181b"),
        top_pattern="plain",
        bottom_kind="trousers",
        bottom_colour=linear_rgb("#3a3b3f"),
        shoe_colour=linear_rgb("#111111"),
    )
    who = profile or Profile(draw_profile(rng).presentation, float(rng.uniform(19, 60)))
    body = draw_body(rng, label=label, clothes=clothes, profile=who)
    scarf = body.headwear if body.headwear == "headscarf" else "none"
    return replace(body, bag="none", headwear=scarf)


def top_worn(clothes: Clothes) -> str:
    """Return in words what is worn above: kind, pattern and colour."""
    return f"{clothes.top_kind} {clothes.top_pattern} {_hex(clothes.top_colour)}"


def bottom_worn(clothes: Clothes) -> str:
    """Return in words what is worn below: kind and colour."""
    return f"{clothes.bottom_kind} {_hex(clothes.bottom_colour)}"


_ANYBODY = Profile("masculine", 30.0)  # wears nothing that only some would


def _build(rng: np.random.Generator, who: Profile) -> float:
    thicker = 0.004 * (min(who.age_years, 65.0) - 35) if who.age_years >= 18 else -0.02
    return float(np.clip(rng.normal(1.0 + thicker, 0.1), 0.85, 1.3))


def _hair(rng: np.random.Generator, who: Profile) -> str:
    style = _pick(rng, HAIR_STYLES, HAIR_SHARES[who.presentation])
    balding = who.presentation == "masculine" and rng.random() < (who.age_years - 35) / 110
    if who.age_years < 25 and style == "bald":
        return "short"
    return "bald" if balding else style


def _hair_colour(rng: np.random.Generator, age_years: float, *, dark: bool) -> Colour:
    own = _tinted(rng, DARK_HAIRS if dark else HAIRS, 0.1)
    grey = _tinted(rng, GREYS, 0.06)
    turned = rng.random() < np.clip((age_years - 42) / 30, 0, 0.9)
    return grey if turned else own


def _pick(
    rng: np.random.Generator,
    names: tuple[str, ...],
    shares: tuple[float, ...],
    allowed: bool = True,
) -> str:
    """Draw one name; where it is not allowed the first, after the same draw."""
    drawn = names[int(rng.choice(len(names), p=np.array(shares) / sum(shares)))]
    return drawn if allowed else names[0]


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
