"""Mirrors and screens change what people do as far as the response model says, no further."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailsim.messages.policy import ShowNothing
from retailsim.messages.sensors import ScreenViewed, TryOn
from retailsim.messages.truth import TruthCrossing, TruthLook
from retailsim.simulate.responses import MirrorResponse, ScreenResponse, lifts, tempting
from retailsim.simulate.scenario import Scenario, parse_scenario
from retailsim.simulate.world import World
from retailsim.store.load import parse_plan
from retailsim.store.plan import StorePlan
from tests.simulate.malls import CONCOURSE, STROLL


class Show(ShowNothing):
    """Shows the same, whatever happens."""

    def __init__(self, what: list[str]) -> None:
        self.what, self.asked = what, 0

    def on_try_on(self, try_on: TryOn) -> list[str]:
        self.asked += 1
        return self.what

    def on_screen_viewed(self, viewed: ScreenViewed) -> list[str]:
        self.asked += 1
        return self.what


def entered(effect: str, what: list[str]) -> tuple[dict[str, int], Show, int]:
    """Count who entered which shop of the concourse."""
    policy, count, looks = Show(what), dict.fromkeys(("shoes", "books", "toys"), 0), 0
    plan = parse_plan(CONCOURSE, origin="mall")
    scenario = parse_scenario(STROLL.replace("EFFECT", effect), origin="stroll")
    for _, messages in World(scenario, plan, seed=5, policy=policy).run(120):
        for m in messages:
            if isinstance(m, TruthCrossing) and m.door in count and m.direction == "out":
                count[m.door] += 1
            looks += isinstance(m, TruthLook) and m.fixture == "screen-1"
    return count, policy, looks


def test_a_screen_without_effect_changes_nothing_and_one_with_effect_fills_a_shop() -> None:
    nothing, silent, looks = entered("none", [])
    ignored, _, _ = entered("none", ["toys"])
    followed, policy, _ = entered("logit", ["toys"])
    assert nothing == ignored
    assert sum(nothing.values()) > 5
    assert policy.asked > 5
    assert silent.asked > 5
    assert looks > 5
    assert followed["toys"] > 2 * max(nothing["toys"], 1)


def played(plan: StorePlan, scenario: Scenario, effect: str, what: list[str]) -> tuple[str, int]:
    """Play a rush with a mirror; returns a digest of all that everybody did."""
    tree = scenario.model_dump(mode="json")
    tree["responses"] = {"mirror": {"effect": effect, "notice": 1.0, "bias": 5.0}}
    tree["habits"] |= {"try_on_probability": 1.0, "touch_probability": 1.0, "quick_share": 0.0}
    tree["habits"]["visit_s"] = {"median": 60}
    policy, out = Show(what), hashlib.sha256()
    for snapshot, _ in World(Scenario.model_validate(tree), plan, seed=5, policy=policy).run(90):
        out.update(snapshot.people.xy_m.tobytes())
    return out.hexdigest(), policy.asked


def test_a_mirror_without_effect_is_a_plain_mirror(
    small_plan: StorePlan, small_scenario: Scenario
) -> None:
    nothing, asked = played(small_plan, small_scenario, "none", [])
    shown, _ = played(small_plan, small_scenario, "none", ["blue"])
    followed, _ = played(small_plan, small_scenario, "logit", ["blue"])
    assert asked > 0
    assert nothing == shown
    assert nothing != followed


@given(
    shown=st.lists(st.integers(0, 4), max_size=8),
    effect=st.sampled_from(["none", "logit"]),
    seed=st.integers(0, 999),
)
def test_a_response_uses_the_same_draws_whatever_is_shown(
    shown: list[int], effect: Any, seed: int
) -> None:
    one, other = np.random.default_rng(seed), np.random.default_rng(seed)
    utility, model = np.arange(5.0), MirrorResponse(effect=effect)
    found = tempting(shown, utility, model, one)
    tempting([], utility, model, other)
    assert one.random() == other.random()
    assert found is None or (effect == "logit" and found in shown[: model.looked_at])


def test_liked_garments_tempt_more() -> None:
    model = MirrorResponse(effect="logit", notice=1.0)
    rng = np.random.default_rng(1)
    share = [
        np.mean([tempting([0], np.array([u]), model, rng) == 0 for _ in range(4000)])
        for u in (-2.0, 0.0, 2.0)
    ]
    expected = 1 / (1 + np.exp(-(model.bias + model.weight * np.array([-2.0, 0.0, 2.0]))))
    np.testing.assert_allclose(share, expected, atol=0.03)


def test_the_first_coupon_lifts_most_and_unknown_shops_lift_nobody() -> None:
    model = ScreenResponse(effect="logit", lift=2.0, decline=0.5)
    np.testing.assert_allclose(lifts(["b", "x", "a"], ["a", "b"], model), [0.5, 2.0])
    np.testing.assert_array_equal(lifts(["b"], ["a", "b"], ScreenResponse(lift=2.0)), 0)


def test_people_come_out_of_a_shop_as_who_they_were() -> None:
    plan = parse_plan(CONCOURSE, origin="mall")
    scenario = parse_scenario(STROLL.replace("EFFECT", "none"), origin="stroll")
    out: set[int] = set()
    back = 0
    for _, messages in World(scenario, plan, seed=5).run(120):
        for m in messages:
            if isinstance(m, TruthCrossing) and m.door in ("shoes", "books", "toys"):
                if m.direction == "out":
                    out.add(m.person_id)
                else:
                    assert m.person_id in out
                    back += 1
    assert back > 3


@pytest.mark.parametrize("field", ["notice", "decline"])
def test_shares_are_shares(field: str) -> None:
    with pytest.raises(ValueError, match="less than or equal to 1"):
        ScreenResponse.model_validate({field: 1.5})
