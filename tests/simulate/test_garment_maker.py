"""One generator for garments worn and garments on sale."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.garment_maker import (
    KINDS,
    PATTERNS,
    STYLES,
    GarmentLook,
    colour_name,
    draw_catalogue,
    draw_garment,
)
from retailsim.simulate.streams import stream


def many(count: int = 400, **asked: str) -> list[GarmentLook]:
    return [draw_garment(stream(1, "look", k), **asked) for k in range(count)]


def channels(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


@given(
    st.integers(0, 2**32),
    st.sampled_from([None, *KINDS]),
    st.sampled_from([None, *STYLES]),
)
def test_a_garment_is_of_the_kind_and_style_asked_for(
    seed: int, kind: str | None, style: str | None
) -> None:
    look = draw_garment(np.random.default_rng(seed), kind, style)
    assert look.kind == kind if kind else look.kind in KINDS
    assert look.style == style if style else look.style in STYLES
    assert look.pattern in PATTERNS
    assert all(re.fullmatch("#[0-9a-f]{6}", c) for c in (look.colour, look.colour2))
    usual = KINDS[look.kind].price_eur
    assert 0.25 * usual < look.price_eur < 4 * usual


def test_the_same_stream_draws_the_same_garment() -> None:
    assert many(5) == many(5)


def test_kinds_patterns_and_colours_vary() -> None:
    looks = many()
    assert {look.kind for look in looks} == set(KINDS)
    assert {look.pattern for look in looks} == set(PATTERNS)
    assert len({colour_name(look.colour) for look in looks}) > 25
    assert len({look.colour for look in looks}) > 350


def test_a_pattern_can_be_told_from_its_ground() -> None:
    for look in many(kind="shirt"):
        assert np.abs(channels(look.colour) - channels(look.colour2)).mean() > 20


def test_coats_are_darker_and_plainer_than_dresses() -> None:
    coats, dresses = many(kind="coat"), many(kind="dress")
    dark = [np.mean([channels(g.colour).mean() for g in garments]) for garments in (coats, dresses)]
    plain = [
        Counter(g.pattern for g in garments)["plain"] / len(garments)
        for garments in (coats, dresses)
    ]
    assert dark[0] < dark[1] - 15
    assert plain[0] > plain[1] + 0.2


def test_sport_is_bright_and_a_smart_coat_costs_more_than_a_basic_one() -> None:
    neon = {"lime", "aqua", "coral"}
    share = [
        np.mean([colour_name(g.colour) in neon for g in many(kind="tshirt", style=style)])
        for style in ("sport", "basic")
    ]
    assert share[0] > share[1] + 0.05
    price = [
        np.median([g.price_eur for g in many(kind="coat", style=style)])
        for style in ("smart", "basic")
    ]
    assert price[0] > 1.5 * price[1]


def test_a_catalogue_has_unique_ids_and_names_that_say_how_an_article_looks() -> None:
    catalogue = draw_catalogue(np.random.default_rng(3), {"shirt": 12, "coat": 5})
    assert [sku.id for sku in catalogue][:2] == ["shirt-01", "shirt-02"]
    assert len({sku.id for sku in catalogue}) == 17
    assert len({sku.name for sku in catalogue}) == 17
    for sku in catalogue:
        assert sku.name.endswith(f"{colour_name(sku.colour)} {sku.kind}")
        assert ("striped" in sku.name) == (sku.pattern == "stripes")


def test_a_shop_may_sell_one_style_only() -> None:
    catalogue = draw_catalogue(np.random.default_rng(3), {"tshirt": 9}, styles=["sport"])
    assert {sku.style for sku in catalogue} == {"sport"}


def test_a_catalogue_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(KeyError, match="sock"):
        draw_catalogue(np.random.default_rng(3), {"sock": 1})
