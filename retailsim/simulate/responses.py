"""What a mirror or a screen does to people: explicit response models.

With effect 'none' the world asks its policy what to show and goes on as if nothing were shown:
the same draws, the same visits, whatever the policy answers. With 'logit' a person who notices
decides by a binary logit (McFadden 1974) on their own utility of what is shown. All parameters
are assumed; a trial that measures an effect measures the one put in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field
from scipy.special import expit

from retailsim.store.plan import PlanModel, Positive, Share

Effect = Literal["none", "logit"]


class MirrorResponse(PlanModel):
    """What a shopper does about garments that a fitting mirror shows."""

    effect: Effect = "none"
    notice: Share = Field(default=0.7, description="who look at what is shown at all")
    looked_at: int = Field(default=5, ge=1, le=50, description="how many of the shown, from above")
    bias: float = Field(default=-1.0, description="log-odds of going to see a neutral garment")
    weight: float = Field(default=1.0, description="log-odds per unit of the garment's utility")
    buy_lift: float = Field(default=0.3, description="log-odds of buying added by being shown")


class ScreenResponse(PlanModel):
    """What passers-by do about a screen in a concourse or before a shop."""

    effect: Effect = "none"
    notice: Share = Field(default=0.35, description="who stop before the screen")
    look_median_s: Positive = Field(default=6.0, description="how long they look")
    lift: float = Field(default=1.0, description="utility added to a shop shown first")
    decline: Share = Field(default=0.5, description="factor of the lift per later place")


class Responses(PlanModel):
    """How people respond to what is shown to them."""

    mirror: MirrorResponse = MirrorResponse()
    screen: ScreenResponse = ScreenResponse()


def tempting(
    shown: Sequence[int], utility: np.ndarray, model: MirrorResponse, rng: np.random.Generator
) -> int | None:
    """Return which of the SKUs shown a shopper goes to see next, None for none.

    Draws the same number of values whatever is shown, so that a mirror without effect, or one
    that shows nothing, changes nothing else that this generator decides.

    Args:
        shown: indices of SKUs, best first.
        utility: the shopper's utility of every SKU, float64 (s,).
        model: the response model.
        rng: the shopper's own stream for responses.
    """
    notices = rng.random() < model.notice
    dice = rng.random(model.looked_at)
    if model.effect == "none" or not notices:
        return None
    for sku, die in zip(shown, dice, strict=False):
        if die < expit(model.bias + model.weight * float(utility[sku])):
            return sku
    return None


def lifts(shown: Sequence[str], shops: Sequence[str], model: ScreenResponse) -> np.ndarray:
    """Return what a screen adds to the utility of each shop, float64 (len(shops),)."""
    out = np.zeros(len(shops))
    if model.effect == "logit":
        for rank, shop in enumerate(shown):
            if shop in shops:
                out[shops.index(shop)] += model.lift * model.decline**rank
    return out
