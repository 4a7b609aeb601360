"""People look different, except those who dress alike; bodies fit who they belong to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.simulate.appearance import (
    CARRIED,
    HAIR_STYLES,
    HEADWEAR,
    Profile,
    draw_body,
    draw_clothes,
    draw_profile,
    draw_shopper,
    draw_staff,
    linear_rgb,
)
from retailsim.simulate.scenario import DressAlike
from retailsim.simulate.snapshot import Body
from retailsim.simulate.streams import stream

PROFILES = st.builds(
    Profile, st.sampled_from(["feminine", "masculine"]), st.floats(3, 90, allow_nan=False)
)


def crowd(alike: DressAlike, people: int = 200, profile: Profile | None = None) -> list[Body]:
    return [
        draw_shopper(stream(1, "p", k), label=k, seed=1, dress_alike=alike, profile=profile)
        for k in range(people)
    ]


def test_bodies_and_clothes_vary_within_reason() -> None:
    bodies = crowd(DressAlike(), 400)
    height = np.array([b.height_m for b in bodies])
    assert 1.66 < height.mean() < 1.74
    assert 0.06 < height.std() < 0.11
    assert len({b.clothes for b in bodies}) == len(bodies)
    assert {b.hair for b in bodies} == set(HAIR_STYLES)
    assert {b.headwear for b in bodies} == set(HEADWEAR)
    assert {b.bag for b in bodies} == set(CARRIED)
    assert {b.clothes.bottom_kind for b in bodies} == {"trousers", "skirt", "shorts"}
    assert {b.clothes.shoe_kind for b in bodies} == {"shoe", "sneaker", "boot"}
    patterns = {b.clothes.top_pattern for b in bodies}
    assert patterns == {"plain", "stripes", "checks", "dots", "print"}
    assert {type(b.clothes.inner_colour) for b in bodies} == {tuple, type(None)}
    colours = np.array([[b.skin_colour, b.clothes.top_colour, b.accent_colour] for b in bodies])
    assert (colours >= 0).all()
    assert (colours <= 1).all()


@given(profile=PROFILES, seed=st.integers(0, 1000))
def test_a_body_is_that_of_its_profile(profile: Profile, seed: int) -> None:
    rng = stream(seed, "body")
    clothes = draw_clothes(rng, profile=profile)
    body = draw_body(rng, label=4, clothes=clothes, profile=profile)
    assert (body.presentation, body.age_years) == (profile.presentation, profile.age_years)
    assert 0.75 < body.height_m < 2.0
    assert not (body.beard and (profile.presentation == "feminine" or profile.age_years < 18))
    assert not (profile.presentation == "masculine" and clothes.bottom_kind == "skirt")


def test_a_given_height_and_pram_are_kept() -> None:
    profile = Profile("feminine", 31.0, height_m=1.61, pram=True)
    body = crowd(DressAlike(), 1, profile)[0]
    assert (body.height_m, body.pram) == (1.61, True)


@pytest.mark.parametrize(("age", "low_m", "high_m"), [(4, 0.95, 1.08), (8, 1.18, 1.32)])
def test_children_have_the_height_of_their_age(age: float, low_m: float, high_m: float) -> None:
    bodies = crowd(DressAlike(), 60, Profile("masculine", age))
    assert low_m < np.mean([b.height_m for b in bodies]) < high_m


def test_men_are_taller_and_the_old_greyer() -> None:
    def tone(profile: Profile) -> tuple[float, float]:
        bodies = crowd(DressAlike(), 80, profile)
        light = [np.mean(b.hair_colour) for b in bodies]
        return float(np.mean([b.height_m for b in bodies])), float(np.mean(light))

    young, old = tone(Profile("masculine", 25)), tone(Profile("masculine", 80))
    woman = tone(Profile("feminine", 25))
    assert 0.09 < young[0] - woman[0] < 0.17
    assert old[1] > 1.5 * young[1]


def test_the_default_profile_is_a_grown_up() -> None:
    profiles = [draw_profile(stream(2, "who", k)) for k in range(300)]
    assert min(p.age_years for p in profiles) >= 18
    assert {p.presentation for p in profiles} == {"feminine", "masculine"}
    assert not any(p.pram for p in profiles)


def test_the_asked_share_wears_one_of_a_few_outfits() -> None:
    bodies = crowd(DressAlike(share=0.4, groups=3))
    worn = [b.clothes for b in bodies]
    shared = [c for c in set(worn) if worn.count(c) > 1]
    assert len(shared) == 3
    assert 0.3 < sum(worn.count(c) for c in shared) / len(worn) < 0.5
    twins = [b for b in bodies if b.clothes == shared[0]]
    assert len({b.height_m for b in twins}) == len(twins)


def test_dressing_alike_changes_clothes_and_nothing_else() -> None:
    for own, alike in zip(crowd(DressAlike()), crowd(DressAlike(share=1.0)), strict=True):
        assert own.clothes != alike.clothes
        assert own == replace(alike, clothes=own.clothes)


def test_staff_wear_the_shop_s_colours() -> None:
    bodies = [draw_staff(stream(1, "s", k), label=k) for k in range(5)]
    assert len({b.clothes for b in bodies}) == 1
    assert {b.bag for b in bodies} == {"none"}


def test_linear_rgb_is_the_srgb_curve() -> None:
    assert linear_rgb("#ffffff") == (1.0, 1.0, 1.0)
    np.testing.assert_allclose(linear_rgb("#808080"), [0.2158605] * 3, rtol=1e-5)
