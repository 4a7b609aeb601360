"""Which seeds and scenarios training may use."""

from __future__ import annotations

from collections.abc import Iterable

from retailsim.errors import RetailError
from retailsim.simulate.scenario import Scenario

FIRST_JUDGING_SEED = 900_000


def require_training_seed(seed: int) -> None:
    """Raise RetailError for a seed that is kept for judging (900000 and up)."""
    if not 0 <= seed < FIRST_JUDGING_SEED:
        raise RetailError(
            f"seed {seed}: training uses seeds from 0 to {FIRST_JUDGING_SEED - 1}; "
            "higher ones are kept for judging"
        )


def require_training_scenario(scenario: Scenario) -> None:
    """Raise RetailError for a scenario that says it is not for training."""
    if not scenario.for_training:
        raise RetailError(
            f"scenario '{scenario.name}' is not for training (for_training: false); take another"
        )


def parse_seeds(text: str) -> list[int]:
    """Return the seeds of '3000:3003,3005': 3000, 3001, 3002, 3005."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, end = part.partition(":")
        seeds += range(int(first), int(end or int(first) + 1))
    return seeds


def written_seeds(seeds: Iterable[int]) -> str:
    """Return seeds as `parse_seeds` reads them, in rising order, each once: '3000:3003,3005'."""
    spans: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if spans and seed == spans[-1][-1] + 1:
            spans[-1].append(seed)
        else:
            spans.append([seed])
    return ",".join(f"{s[0]}:{s[-1] + 1}" if len(s) > 1 else str(s[0]) for s in spans)
