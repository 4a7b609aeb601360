"""The shipped days: each says what it is for, can be read, and promises to contain it."""

from __future__ import annotations

from pathlib import Path

import pytest

from retailsim.errors import RetailError
from retailsim.simulate.faults import strangers
from retailsim.simulate.scenario import load_scenario, load_store
from retailsim.train.seeds import require_training_scenario

DAYS = sorted(Path("scenarios").glob("*.yaml"))
ASKED_FOR = {
    "quiet-morning", "saturday-rush", "uniforms", "dim-light", "moving-sun", "restocking",
    "armfuls", "mannequins", "knocked-camera", "flaky-camera", "reader-reboot", "second-shop",
}  # fmt: skip


def test_the_days_that_users_ask_for_are_there() -> None:
    assert {path.stem for path in DAYS} >= ASKED_FOR


@pytest.mark.parametrize("path", DAYS, ids=lambda path: path.stem)
def test_a_day_says_what_it_is_for_and_promises_it(path: Path) -> None:
    header = path.read_text().split("name:")[0]
    assert header.startswith("# ")
    assert "What it is for:" in " ".join(line.lstrip("# ") for line in header.splitlines())
    day = load_scenario(path)
    assert day.name == path.stem
    plan = load_store(day, path)
    assert not list(strangers(day.faults, plan))
    assert any(value is not None for value in day.promises.model_dump().values())


def test_half_of_the_shoppers_of_the_uniforms_day_dress_alike() -> None:
    assert load_scenario("scenarios/uniforms.yaml").promises.alike_share == 0.5


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("dense-rails", {"tags_beside_handled", "half_hidden_share"}),
        ("armfuls", {"staff_carries", "armfuls_past_antennas"}),
        ("concourse", {"passed_by", "shop_visits", "screen_looks", "screen_group"}),
    ],
)
def test_a_day_promises_what_its_header_says_it_is_for(name: str, needed: set[str]) -> None:
    made = load_scenario(f"scenarios/{name}.yaml").promises.model_dump(exclude_none=True)
    assert needed <= made.keys()
    assert all(made[promise] > 0 for promise in needed)


def test_nothing_is_trained_on_the_second_shop() -> None:
    with pytest.raises(RetailError, match=r"second-shop.*not for training"):
        require_training_scenario(load_scenario("scenarios/second-shop.yaml"))
    require_training_scenario(load_scenario("scenarios/boutique.yaml"))
    others = [load_scenario(p) for p in DAYS if p.stem != "second-shop"]
    assert all(Path(o.store).stem != "sports-shop" for o in others)
