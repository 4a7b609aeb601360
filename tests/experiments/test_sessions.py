"""Sessions are simulated once, and again when anything that makes them has changed."""

from __future__ import annotations

from pathlib import Path

from retailsim.experiments.sessions import cache_key, simulated
from retailsim.session import BagReader

SHIPPED = "scenarios/boutique.yaml"


def test_the_cache_knows_lengths_apart() -> None:
    assert cache_key(SHIPPED, 300.0) == cache_key(SHIPPED, 300)
    assert cache_key(SHIPPED, 300.0) != cache_key(SHIPPED, 60.0)


def test_the_cache_knows_a_scenario_by_what_it_says(tmp_path: Path) -> None:
    text = (
        Path(SHIPPED).read_text().replace("stores/", str(Path("scenarios/stores").resolve()) + "/")
    )
    (tmp_path / "same.yaml").write_text(text)
    (tmp_path / "other.yaml").write_text(text.replace("people: 9", "people: 10"))
    assert cache_key(tmp_path / "same.yaml", 9.0) != cache_key(tmp_path / "other.yaml", 9.0)
    assert cache_key("boutique", 9.0) == cache_key(SHIPPED, 9.0)


def test_a_session_is_simulated_once(kiosk: Path, tmp_path: Path) -> None:
    told: list[float] = []
    bag = simulated(
        kiosk, seed=5, seconds=1.0, cache=tmp_path, progress=lambda d, t, w: told.append(d)
    )
    assert BagReader(bag).summary().duration_s > 0.8
    first, seen = len(told), bag.stat().st_mtime_ns
    again = simulated(kiosk, seed=5, seconds=1.0, cache=tmp_path, progress=lambda d, t, w: None)
    assert (again, again.stat().st_mtime_ns) == (bag, seen)
    assert first == 10
