"""Tastes come in segments, and choices follow utility."""

import numpy as np

from retailsim.simulate.choice import choose
from retailsim.simulate.scenario import Tastes
from retailsim.simulate.streams import stream
from retailsim.simulate.taste import Market
from retailsim.store.plan import StorePlan


def utilities(plan: StorePlan, tastes: Tastes, people: int = 60) -> np.ndarray:
    market = Market(plan, tastes, seed=3)
    return np.array([market.draw_taste(stream(3, "p", k)).utility for k in range(people)])


def test_a_visitor_likes_a_handful_best_first(boutique_plan: StorePlan) -> None:
    market = Market(boutique_plan, Tastes(), seed=3)
    for k in range(20):
        taste = market.draw_taste(stream(3, "p", k))
        liked = taste.liked()
        assert 4 <= len(liked) <= 8
        assert (taste.utility[liked] > 0).all()
        assert (np.diff(taste.utility[liked]) <= 0).all()


def test_people_of_a_segment_are_alike_and_segments_differ(boutique_plan: StorePlan) -> None:
    one = utilities(boutique_plan, Tastes(segments=1, personal=0.5))
    many = utilities(boutique_plan, Tastes(segments=4, personal=0.5))
    alike = np.corrcoef(one)[np.triu_indices(len(one), 1)]
    mixed = np.corrcoef(many)[np.triu_indices(len(many), 1)]
    assert alike.mean() > 0.6
    assert alike.mean() > mixed.mean() + 0.2
    assert mixed.std() > alike.std()  # two groups of pairs: same segment or not


def test_popularity_serves_a_visitor_worse_than_their_like_do(boutique_plan: StorePlan) -> None:
    """What people with a similar taste like is a better guess than what all like."""
    utility = utilities(boutique_plan, Tastes(), people=120)
    liked = utility > 0
    corr = np.corrcoef(utility)
    np.fill_diagonal(corr, -1)
    near = np.argsort(-corr, axis=1)[:, :10]
    by_like = np.argsort(-liked[near].mean(axis=1), axis=1)[:, :5]
    by_all = np.argsort(-liked.mean(axis=0))[:5]
    hit_like = np.mean([liked[i, by_like[i]].mean() for i in range(120)])
    hit_all = np.mean([liked[i, by_all].mean() for i in range(120)])
    assert hit_like > 1.5 * hit_all


def test_choices_are_multinomial_logit() -> None:
    rng = np.random.default_rng(1)
    utility = np.array([0.0, 1.0, 2.0])
    share = np.bincount([choose(utility, rng) for _ in range(20_000)], minlength=3) / 20_000
    np.testing.assert_allclose(share, np.exp(utility) / np.exp(utility).sum(), atol=0.015)


def test_liking_raises_the_odds_and_never_stays_never(boutique_plan: StorePlan) -> None:
    taste = Market(boutique_plan, Tastes(), seed=3).draw_taste(stream(3, "p", 1))
    best, worst = int(taste.utility.argmax()), int(taste.utility.argmin())
    assert taste.odds(0.3, best) > 0.3 > taste.odds(0.3, worst)
    assert taste.odds(0.0, best) == 0.0
