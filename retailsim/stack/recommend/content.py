"""How alike two articles are by what the catalogue says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from retailsim.errors import StageError
from retailsim.store.plan import Sku

F64 = NDArray[np.float64]

# Garments of one group replace each other; a group's two kinds count as half the same (assumed).
GROUPS: Mapping[str, str] = {
    "tshirt": "top",
    "shirt": "top",
    "knit": "top",
    "jacket": "outer",
    "coat": "outer",
    "dress": "dress",
    "skirt": "bottom",
    "trousers": "bottom",
}
# How much each likeness counts (chosen on simulated visits of seeds 1000 to 1029; what a real
# shop's visitors go by has to be learnt there).
SHARES: Mapping[str, float] = {
    "style": 0.2,
    "colour": 0.2,
    "kind": 0.4,
    "pattern": 0.05,
    "price": 0.15,
}
# CIE76: a difference of 2.3 is just noticeable, about 40 a different colour name.
COLOUR_SPREAD = 40.0
PRICE_SPREAD = 0.7  # of the logarithm: a price twice as high is rather unlike (assumed)


def lab(colours: Sequence[str]) -> F64:
    """Return '#rrggbb' sRGB colours in CIELAB (D65), shape (n, 3)."""
    rgb = [[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours]
    pixels = np.array(rgb, np.float32).reshape(-1, 1, 3)
    converted: F64 = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float64)
    return converted


def similarity(catalogue: Sequence[Sku], shares: Mapping[str, float] | None = None) -> F64:
    """Return the likeness of every two articles in [0, 1], 1 on the diagonal, (n, n).

    Args:
        catalogue: the articles.
        shares: weights of 'style', 'colour', 'kind', 'pattern' and 'price' where they differ
            from SHARES.

    Raises:
        StageError: a share has an unknown name.
    """
    unknown = sorted(set(shares or {}) - set(SHARES))
    if unknown:
        raise StageError(f"content shares: no likeness '{unknown[0]}'; {', '.join(SHARES)}")
    weight = {**SHARES, **(shares or {})}
    if not catalogue:
        return np.zeros((0, 0))
    colour = lab([sku.colour for sku in catalogue])
    gap = np.linalg.norm(colour[:, None] - colour[None], axis=2)
    price = np.log([sku.price_eur for sku in catalogue])
    likeness = {
        "style": _same([sku.style for sku in catalogue]),
        "colour": np.exp(-((gap / COLOUR_SPREAD) ** 2)),
        "kind": 0.5 * _same([sku.kind for sku in catalogue])
        + 0.5 * _same([GROUPS[sku.kind] for sku in catalogue]),
        "pattern": _same([sku.pattern for sku in catalogue]),
        "price": np.exp(-np.abs(price[:, None] - price[None]) / PRICE_SPREAD),
    }
    total: F64 = np.sum([weight[name] * likeness[name] for name in SHARES], axis=0)
    return np.asarray(total / sum(weight.values()))


def _same(labels: Sequence[str]) -> F64:
    values = np.array(labels)
    same: F64 = np.equal(values[:, None], values[None]).astype(np.float64)
    return same
