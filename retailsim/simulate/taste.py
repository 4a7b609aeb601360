"""What shoppers like, and what they choose because of it.

Tastes come in a few latent *segments* (style, kinds, colour and price that go together), and a
person's taste is the segment's plus a personal part. So what one visitor of a segment handles says
something about what another one likes; popularity alone does not serve any segment well. This
structure is put in on purpose: a world of independent tastes would leave a recommender nothing
to learn, one of equal tastes would make popularity best. How strong it is (`Tastes.personal`, the
weights below) is assumed, not measured in a shop.

How tastes become choices is in `choice.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from retailsim.simulate.appearance import linear_rgb
from retailsim.simulate.scenario import Tastes
from retailsim.simulate.streams import stream
from retailsim.store.plan import Sku, StorePlan

F64 = NDArray[np.float64]
STYLE, KIND, COLOUR, PRICE, POPULARITY = 1.0, 1.0, 0.7, 0.4, 0.35  # weights of utility (assumed)
FAVOURED = 1.0  # weight of a style that all of a persona favour
OWN_SKU = 0.4  # spread of likes and dislikes that no attribute explains, times `personal`
LIKED_SHARE = 0.12  # of the catalogue a visitor likes, utility > 0
DECIDE = 0.9  # how much utility moves the log-odds of taking and buying


@dataclass(frozen=True)
class Taste:
    """One person's utility of every SKU, float64 (s,); positive means liked."""

    utility: F64

    def liked(self, most: int = 8) -> NDArray[np.int64]:
        """Return indices of liked SKUs, best first."""
        order = np.argsort(-self.utility, kind="stable")[:most]
        return order[self.utility[order] > 0]

    def odds(self, probability: float, sku: int, more: float = 0.0) -> float:
        """Return the probability of a neutral person, moved by how this SKU is liked."""
        edge = np.clip(probability, 1e-9, 1 - 1e-9)
        shift = DECIDE * np.clip(self.utility[sku], -2.5, 2.5) + more
        return 0.0 if probability == 0.0 else float(expit(logit(edge) + shift))


@dataclass(frozen=True)
class Parts:
    """Weights of one taste over the attributes of SKUs."""

    style: F64
    kind: F64
    colour: F64  # a favourite colour, linear RGB
    price: float


class Market:
    """The catalogue as shoppers see it, and the segments they come from."""

    def __init__(self, plan: StorePlan, tastes: Tastes, *, seed: int) -> None:
        skus = plan.catalogue
        seed = seed if tastes.seed is None else tastes.seed
        self.kinds = np.array([sku.kind for sku in skus], np.str_)
        self.log_price = np.log([sku.price_eur for sku in skus]) if skus else np.zeros(0)
        self._tastes = tastes
        self._styles = sorted({sku.style for sku in skus})
        self._kinds = sorted({sku.kind for sku in skus})
        self._style = np.array([self._styles.index(s.style) for s in skus], np.int64)
        self._kind = np.array([self._kinds.index(s.kind) for s in skus], np.int64)
        self._colour = np.array([_seen(s) for s in skus]).reshape(-1, 3)
        price = np.log([s.price_eur for s in skus]) if skus else np.zeros(0)
        self._price = (price - price.mean()) / max(price.std(), 1e-9) if skus else price
        self.popularity = stream(seed, "popularity").normal(size=len(skus))
        self._segments = self._draw_segments(seed)

    def draw_taste(
        self, rng: np.random.Generator, *, segment: int | None = None, style: str | None = None
    ) -> Taste:
        """Draw a person's taste, of any segment or a given one, with a favoured style or none."""
        if not len(self._style):
            return Taste(np.zeros(0))
        drawn = int(rng.integers(len(self._segments)))
        base = self._segments[drawn if segment is None else segment]
        spread = self._tastes.personal
        own = self._draw_parts(rng)
        mixed = Parts(
            style=base.style + spread * own.style,
            kind=base.kind + spread * own.kind,
            colour=base.colour + 0.5 * spread * (own.colour - base.colour),
            price=base.price + spread * own.price,
        )
        utility = self._utility(mixed)
        utility += OWN_SKU * spread * rng.normal(size=len(utility))
        if style in self._styles:
            utility += FAVOURED * (self._style == self._styles.index(style))
        utility = (utility - utility.mean()) / max(float(utility.std()), 1e-9)
        return Taste(utility - float(np.quantile(utility, 1 - LIKED_SHARE)))

    def _draw_segments(self, seed: int) -> list[Parts]:
        """Draw segments whose favourite style and kinds differ from one another's."""
        rng = stream(seed, "segments")
        styles = rng.permutation(max(len(self._styles), 1))
        kinds = rng.permutation(max(len(self._kinds), 1))
        segments = []
        for k in range(self._tastes.segments):
            parts = self._draw_parts(rng)
            style, kind = np.full(len(self._styles), -0.4), np.full(len(self._kinds), -0.6)
            if len(style):
                style[styles[k % len(styles)]] = 1.0
                kind[kinds[2 * k % len(kinds)]] = 1.2
                kind[kinds[(2 * k + 1) % len(kinds)]] = 0.8
            segments.append(Parts(style, kind, parts.colour, parts.price))
        return segments

    def _draw_parts(self, rng: np.random.Generator) -> Parts:
        count = len(self._colour)
        return Parts(
            style=rng.normal(size=len(self._styles)) * 0.6,
            kind=rng.normal(size=len(self._kinds)) * 0.6,
            colour=self._colour[int(rng.integers(count))] if count else np.zeros(3),
            price=float(rng.normal()),
        )

    def _utility(self, parts: Parts) -> F64:
        likeness = np.exp(-((self._colour - parts.colour) ** 2).sum(-1) / (2 * 0.25**2))
        utility: F64 = (
            STYLE * parts.style[self._style]
            + KIND * parts.kind[self._kind]
            + COLOUR * 2 * likeness
            + PRICE * parts.price * self._price
            + POPULARITY * self.popularity
        )
        return utility


def _seen(sku: Sku) -> F64:
    """Return a colour on a scale near to how different colours look: the square root of light."""
    seen: F64 = np.sqrt(np.array(linear_rgb(sku.colour)))
    return seen
