"""How fast a bag is replayed, stage by stage, in each precision.

Machines are noisy: figures are medians over rounds, the precisions taken in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, get_args

from retailsim import api
from retailsim.stack.stage import Precision

PRECISIONS: tuple[Precision, ...] = get_args(Precision)


def bench_replay(
    bag: str | Path = "fixtures/boutique.bag",
    *,
    stack: str | Path | None = None,
    rounds: int = 3,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Replay a bag `rounds` times in each precision; returns medians over rounds.

    Returns:
        {"bag", "device", "rounds", "replay": {precision: the scorecard's speed block}}

    Raises:
        BagError, StageError, ModelError: see `api.replay`.
    """
    tell = progress or (lambda share: None)
    device = ""
    found: dict[Precision, list[dict[str, Any]]] = {precision: [] for precision in PRECISIONS}
    runs = rounds * len(PRECISIONS)
    for number in range(runs):
        precision = PRECISIONS[number % len(PRECISIONS)]
        card = api.replay(bag, stack=stack, precision=precision).scorecard
        found[precision].append(card.speed.model_dump())
        device = card.device
        tell((number + 1) / runs)
    return {
        "bag": str(bag),
        "device": device,
        "rounds": rounds,
        "replay": {precision: medians(cards) for precision, cards in found.items()},
    }


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Take the median of every number over runs of the same shape; None where there is none."""
    merged: dict[str, Any] = {}
    for key, value in runs[0].items():
        values = [r[key] for r in runs if key in r and r[key] is not None]
        if isinstance(value, dict):
            merged[key] = medians(values)
        else:
            merged[key] = median(values) if values else None
    return merged
