"""Garments, worn and on sale, drawn from the same palettes and shares.

What people come in and what hangs on the rails must be equally varied and look alike: a detector
or an embedder that could tell a shopper from a rail by its colours would be tested too gently. All
palettes, shares and prices are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from retailsim.store.plan import GarmentKind, Sku

F64 = NDArray[np.float64]
STYLES = ("basic", "casual", "smart", "sport", "party")
PATTERNS = ("plain", "stripes", "checks", "dots", "print")

# Named colours by family; a garment's own shade is near to one of them.
PALETTE: Mapping[str, Mapping[str, str]] = {
    "dark": {"black": "#1b1b1e", "charcoal": "#3b3d42", "navy": "#1f2c4d", "brown": "#4a3425"},
    "light": {"white": "#f1efe9", "cream": "#e6dcc4", "beige": "#cdb892", "silver": "#c4c6c8"},
    "middle": {"grey": "#85878b", "khaki": "#8c8061", "taupe": "#8d7b6c"},
    "denim": {"indigo": "#2a3a63", "denim": "#4a6a94", "washed": "#8ba3bd"},
    "earth": {"olive": "#6a6b3a", "camel": "#a9784a", "rust": "#a0482a", "burgundy": "#5d1a2b",
              "forest": "#1f4a38", "mustard": "#c9982e"},
    "strong": {"red": "#b3212b", "cobalt": "#2249a8", "green": "#2f7d57", "teal": "#1f7f88",
               "purple": "#5b2a68", "orange": "#d96a24", "fuchsia": "#b8286e"},
    "pale": {"pink": "#dd8fa6", "sky": "#86b6d8", "mint": "#a3cdb6", "lilac": "#b39ac9",
             "peach": "#ecb794", "lemon": "#e8d982"},
    "neon": {"lime": "#b6d92f", "aqua": "#22c3d6", "coral": "#f0604d"},
}  # fmt: skip
FAMILIES = tuple(PALETTE)


@dataclass(frozen=True)
class KindFacts:
    """What garments of a kind are usually like.

    Attributes:
        share: among all garments.
        price_eur: the usual price.
        families: shares of colour families, in the order of FAMILIES.
        patterns: shares of patterns, in the order of PATTERNS.
    """

    share: float
    price_eur: float
    families: tuple[float, ...]
    patterns: tuple[float, ...]


# dark, light, middle, denim, earth, strong, pale, neon; plain, stripes, checks, dots, print
KINDS: Mapping[str, KindFacts] = {
    "tshirt": KindFacts(
        0.20,
        19.0,
        (0.24, 0.22, 0.10, 0.05, 0.11, 0.16, 0.10, 0.02),
        (0.56, 0.18, 0.02, 0.04, 0.20),
    ),
    "shirt": KindFacts(
        0.14,
        45.0,
        (0.14, 0.24, 0.07, 0.19, 0.12, 0.10, 0.14, 0.00),
        (0.46, 0.22, 0.20, 0.05, 0.07),
    ),
    "knit": KindFacts(
        0.13,
        52.0,
        (0.22, 0.18, 0.13, 0.05, 0.20, 0.11, 0.11, 0.00),
        (0.68, 0.18, 0.06, 0.02, 0.06),
    ),
    "jacket": KindFacts(
        0.12,
        98.0,
        (0.38, 0.08, 0.10, 0.18, 0.15, 0.08, 0.02, 0.01),
        (0.84, 0.02, 0.09, 0.00, 0.05),
    ),
    "coat": KindFacts(
        0.07,
        165.0,
        (0.46, 0.10, 0.14, 0.02, 0.20, 0.06, 0.02, 0.00),
        (0.84, 0.01, 0.15, 0.00, 0.00),
    ),
    "dress": KindFacts(
        0.09,
        78.0,
        (0.22, 0.10, 0.03, 0.07, 0.15, 0.24, 0.18, 0.01),
        (0.46, 0.09, 0.06, 0.13, 0.26),
    ),
    "skirt": KindFacts(
        0.07,
        46.0,
        (0.28, 0.12, 0.10, 0.14, 0.16, 0.12, 0.08, 0.00),
        (0.60, 0.06, 0.14, 0.07, 0.13),
    ),
    "trousers": KindFacts(
        0.14,
        64.0,
        (0.36, 0.12, 0.14, 0.26, 0.09, 0.02, 0.01, 0.00),
        (0.91, 0.03, 0.06, 0.00, 0.00),
    ),
    "shorts": KindFacts(
        0.04,
        34.0,
        (0.26, 0.18, 0.16, 0.20, 0.10, 0.06, 0.03, 0.01),
        (0.80, 0.05, 0.08, 0.01, 0.06),
    ),
}


@dataclass(frozen=True)
class StyleFacts:
    """How a style changes what is usual.

    Attributes:
        share: among all garments.
        price: factor on the kind's price.
        kinds: factors on shares of kinds, 1 where a kind is not named.
        families, patterns: factors on the kind's shares.
    """

    share: float
    price: float
    kinds: Mapping[str, float]
    families: tuple[float, ...]
    patterns: tuple[float, ...]


# fmt: off
STYLE_FACTS: Mapping[str, StyleFacts] = {
    "basic": StyleFacts(
        0.28, 0.75, {"tshirt": 1.6, "trousers": 1.3, "coat": 0.5, "dress": 0.5},
        (1.2, 1.4, 1.4, 1.2, 0.8, 0.7, 0.7, 0.0), (1.5, 0.8, 0.5, 0.4, 0.3),
    ),
    "casual": StyleFacts(
        0.34, 1.0, {"shirt": 1.2, "jacket": 1.2},
        (0.8, 0.9, 1.0, 1.6, 1.2, 1.0, 1.1, 0.5), (0.9, 1.1, 1.3, 1.1, 1.2),
    ),
    "smart": StyleFacts(
        0.18, 1.4, {"tshirt": 0.1, "shirt": 1.6, "coat": 1.8, "shorts": 0.1},
        (1.6, 1.2, 1.1, 0.2, 1.2, 0.5, 0.7, 0.0), (1.0, 1.3, 1.1, 0.7, 0.2),
    ),
    "sport": StyleFacts(
        0.12, 1.1, {"tshirt": 2.0, "jacket": 1.6, "trousers": 1.2, "shorts": 4.0, "shirt": 0.2,
                    "coat": 0.1, "dress": 0.1, "skirt": 0.4},
        (1.2, 0.8, 1.1, 0.0, 0.4, 2.0, 0.6, 12.0), (0.9, 1.2, 0.0, 0.1, 1.8),
    ),
    "party": StyleFacts(
        0.08, 1.5, {"dress": 4.0, "skirt": 2.0, "shirt": 0.8, "tshirt": 0.2, "shorts": 0.1},
        (1.4, 0.7, 0.3, 0.0, 0.8, 2.0, 0.9, 0.5), (1.0, 0.4, 0.1, 1.5, 1.6),
    ),
}
# fmt: on
BETWEEN_SHADES = 0.07  # spread of a garment's brightness around its named colour, half for tint
CONTRAST = 0.3  # least difference of the two colours of a pattern, square-root scale per channel
PRICE_SPREAD = 0.18  # of the logarithm
NOUNS: Mapping[str, str] = {"tshirt": "t-shirt", "knit": "jumper"}
ADJECTIVES: Mapping[str, str] = {
    "stripes": "striped ", "checks": "checked ", "dots": "dotted ", "print": "printed ",
}  # fmt: skip


@dataclass(frozen=True)
class GarmentLook:
    """One garment as it looks; colours are sRGB '#rrggbb', `colour2` is the pattern's."""

    kind: str
    colour: str
    colour2: str
    pattern: str
    style: str
    price_eur: float


def draw_garment(
    rng: np.random.Generator, kind: str | None = None, style: str | None = None
) -> GarmentLook:
    """Draw a garment, of a given kind or style if one is named.

    Raises:
        KeyError: no such kind or style.
    """
    if style is None:
        style = _choose(rng, STYLES, [STYLE_FACTS[s].share * _fit(s, kind) for s in STYLES])
    if kind is None:
        kind = _choose(rng, list(KINDS), [KINDS[k].share * _fit(style, k) for k in KINDS])
    usual, manner = KINDS[kind], STYLE_FACTS[style]
    pattern = _choose(rng, PATTERNS, np.multiply(usual.patterns, manner.patterns))
    shares = _colour_shares(np.multiply(usual.families, manner.families))
    first = int(rng.choice(len(_NAMES), p=shares))
    apart = np.abs(_ROOTS - _ROOTS[first]).mean(axis=1) >= CONTRAST / 2
    second = int(rng.choice(len(_NAMES), p=_normal((shares + 0.01) * apart)))
    price = usual.price_eur * manner.price * np.exp(rng.normal(0.0, PRICE_SPREAD))
    return GarmentLook(
        kind=kind,
        colour=_shade(rng, first),
        colour2=_shade(rng, second),
        pattern=pattern,
        style=style,
        price_eur=round(float(max(np.round(price), 5.0)) - 0.1, 1),
    )


def colour_name(colour: str) -> str:
    """Return the name of the palette's colour nearest to '#rrggbb'."""
    return _NAMES[int(((_ROOTS - _root(colour)) ** 2).sum(axis=1).argmin())]


def draw_catalogue(
    rng: np.random.Generator,
    counts: Mapping[str, int],
    *,
    styles: Sequence[str] | None = None,
) -> list[Sku]:
    """Draw a shop's articles: `counts[kind]` of each kind, ids like 'shirt-03'.

    `styles`, where given, are the shop's, all equally frequent. Two articles of one kind differ in
    name, as far as there are names enough.

    Raises:
        KeyError: no such kind or style, or a kind that no plan can sell.
    """
    catalogue = []
    for kind, count in counts.items():
        if kind not in get_args(GarmentKind):
            raise KeyError(kind)
        names: set[str] = set()
        for number in range(1, count + 1):
            for _ in range(20):
                style = str(rng.choice(list(styles))) if styles else None
                look = draw_garment(rng, kind, style)
                name = ADJECTIVES.get(look.pattern, "") + colour_name(look.colour)
                if name not in names:
                    break
            names.add(name)
            catalogue.append(_sku(look, f"{kind}-{number:02d}", f"{name} {NOUNS.get(kind, kind)}"))
    return catalogue


def _sku(look: GarmentLook, sku_id: str, name: str) -> Sku:
    return Sku.model_validate(
        {
            "id": sku_id,
            "name": name,
            "kind": look.kind,
            "colour": look.colour,
            "colour2": look.colour2,
            "pattern": look.pattern,
            "style": look.style,
            "price_eur": look.price_eur,
        }
    )


def _fit(style: str, kind: str | None) -> float:
    return 1.0 if kind is None else STYLE_FACTS[style].kinds.get(kind, 1.0)


def _choose(rng: np.random.Generator, names: Sequence[str], weight: Sequence[float] | F64) -> str:
    return names[int(rng.choice(len(names), p=_normal(np.asarray(weight, float))))]


def _normal(weight: F64) -> F64:
    share: F64 = weight / weight.sum()
    return share


def _colour_shares(families: F64) -> F64:
    """Spread the shares of families (f,) evenly over their colours, (c,)."""
    each = [
        share / len(PALETTE[name])
        for name, share in zip(FAMILIES, families, strict=True)
        for _ in PALETTE[name]
    ]
    return _normal(np.array(each))


def _shade(rng: np.random.Generator, colour: int) -> str:
    """Vary a palette colour's brightness and, half as much, its tint."""
    factor = np.exp(rng.normal(0.0, BETWEEN_SHADES) + rng.normal(0.0, BETWEEN_SHADES / 2, 3))
    red, green, blue = np.clip(np.round(255 * _ROOTS[colour] * factor), 0, 255).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _root(colour: str) -> F64:
    """Return '#rrggbb' in [0, 1]; sRGB is near to the square root of light, as eyes are."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


_NAMES: tuple[str, ...] = tuple(name for family in PALETTE.values() for name in family)
_ROOTS: F64 = np.array([_root(hex_) for family in PALETTE.values() for hex_ in family.values()])
