"""People look different, except those who dress alike."""

import numpy as np

from retailsim.simulate.appearance import draw_shopper, draw_staff, linear_rgb
from retailsim.simulate.scenario import DressAlike
from retailsim.simulate.snapshot import Body
from retailsim.simulate.streams import stream


def crowd(alike: DressAlike, people: int = 200) -> list[Body]:
    return [
        draw_shopper(stream(1, "p", k), label=k, seed=1, dress_alike=alike) for k in range(people)
    ]


def test_bodies_and_clothes_vary_within_reason() -> None:
    bodies = crowd(DressAlike())
    height = np.array([b.height_m for b in bodies])
    assert 1.66 < height.mean() < 1.74
    assert 0.06 < height.std() < 0.11
    assert len({b.clothes for b in bodies}) == len(bodies)
    assert {b.hair for b in bodies} == {"short", "long", "bald", "hat"}
    assert {b.clothes.bottom_kind for b in bodies} == {"trousers", "skirt", "shorts"}
    colours = np.array([[b.skin_colour, b.clothes.top_colour] for b in bodies])
    assert (colours >= 0).all()
    assert (colours <= 1).all()


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
        assert (own.height_m, own.skin_colour, own.bag) == (
            alike.height_m,
            alike.skin_colour,
            alike.bag,
        )


def test_staff_wear_the_shop_s_colours() -> None:
    clothes = {draw_staff(stream(1, "s", k), label=k).clothes for k in range(5)}
    assert len(clothes) == 1


def test_linear_rgb_is_the_srgb_curve() -> None:
    assert linear_rgb("#ffffff") == (1.0, 1.0, 1.0)
    np.testing.assert_allclose(linear_rgb("#808080"), [0.2158605] * 3, rtol=1e-5)
