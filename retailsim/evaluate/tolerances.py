"""Default tolerances: what a newly written expected scorecard allows.

Replays are deterministic on one machine. Other CPUs round differently and may turn a box at the
threshold, and with it a track, so that figures of images get a hundredth or two; figures that
count few events get the weight of about one event. Reads are integers: figures of tags alone
hardly move.
"""

from __future__ import annotations

from retailsim.evaluate.gate import Expected, Tolerance, flatten
from retailsim.evaluate.scorecard import Scorecard

ACCURACY: dict[str, Tolerance] = {
    "detection.ap50": Tolerance(down=0.01),
    "detection.ap": Tolerance(down=0.01),
    "tracking.hota": Tolerance(down=0.02),
    "tracking.idf1": Tolerance(down=0.03),
    "tracking.mota": Tolerance(down=0.02),
    "reid.rank1": Tolerance(down=0.05),
    "reid.map": Tolerance(down=0.03),
    "tag_zone.accuracy": Tolerance(down=0.003),
    "tag_zone.away_accuracy": Tolerance(down=0.05),
    "position.median_m": Tolerance(up=0.05),
    "position.p90_m": Tolerance(up=0.05),
    "position.away_median_m": Tolerance(up=0.2, share=0.1),
    "position.away_p90_m": Tolerance(up=0.5, share=0.1),
    "position.resting_median_m": Tolerance(up=0.2, share=0.1),
    "position.resting_p90_m": Tolerance(up=0.5, share=0.1),
    "misplaced.truth": Tolerance(down=0, up=0),
    "misplaced.found": Tolerance(down=1, up=1, share=0.1),
    "misplaced.precision": Tolerance(down=0.1),
    "misplaced.recall": Tolerance(down=0.1),
    "misplaced.anywhere_precision": Tolerance(down=0.1),
    "misplaced.anywhere_recall": Tolerance(down=0.1),
    "misplaced.delay_s": Tolerance(up=5.0, share=0.1),
    "identity.idf1": Tolerance(down=0.05),
    "identity.hota": Tolerance(down=0.04),
    "identity.unique_error": Tolerance(up=0.1),
    "action.precision": Tolerance(down=0.02),
    "action.recall": Tolerance(down=0.02),
    "flip.coverage": Tolerance(down=0.0, up=0.0),
    "flip.precision": Tolerance(down=0.02),
    "flip.recall": Tolerance(down=0.02),
    "flip.f1": Tolerance(down=0.02),
    "flip.balanced_accuracy": Tolerance(down=0.02),
    "flip.false_alarms_per_tag_hour": Tolerance(up=0.2, share=0.1),
    "flip.delay_s": Tolerance(up=0.3),
    "interaction.accuracy": Tolerance(down=0.1),
    "interaction.precision": Tolerance(down=0.1),
    "interaction.recall": Tolerance(down=0.1),
    "interaction.ece": Tolerance(up=0.1),
    "footfall.truth": Tolerance(down=0, up=0),
    "footfall.counted": Tolerance(down=1, up=1),
    "footfall.f1": Tolerance(down=0.05),
    "dwell.mae_s": Tolerance(up=0.5, share=0.1),
    "heatmap.correlation": Tolerance(down=0.02),
    "flow.l1": Tolerance(up=0.15),
    "funnel.l1": Tolerance(up=0.1),
    "queue.mae_s": Tolerance(up=0.5, share=0.1),
    "portrait.gender_accuracy": Tolerance(down=0.05),
    "portrait.age_band_accuracy": Tolerance(down=0.05),
    "recommendation.hit@5": Tolerance(down=0.05),
    "recommendation.ndcg@5": Tolerance(down=0.05),
    "recommendation.mrr": Tolerance(down=0.05),
}
COUNTS: dict[str, Tolerance] = {
    "frames": Tolerance(down=0, up=0),
    "tag_reads": Tolerance(down=0, up=0),
    "sales": Tolerance(down=0, up=0),
    "people": Tolerance(down=1, up=1, share=0.1),
    "crossings": Tolerance(down=1, up=1),
    "flips": Tolerance(down=1, up=1, share=0.1),
    "interactions": Tolerance(down=1, up=1, share=0.1),
}
# A light stage's median time per item is steady to a few tenths of a millisecond; twice its time
# and 1 ms on top sees 3 ms of sleep in every stage that takes less than 2 ms. Heavier ones are
# networks, which other CPUs run with other instructions: twice the time may be that.
RATIO = Tolerance(up=0.0, share=1.0)
STAGE = Tolerance(up=1.0, share=1.0, per="speed.reference_ms")


def expect(
    card: Scorecard, previous: Expected | None = None, *, at_least: dict[str, float] | None = None
) -> Expected:
    """Return what to write beside a fixture.

    Tolerances and `at_least` of the file that is rewritten are kept; figures new to it get the
    defaults. Without one, the fixture must go on holding at least half of what it holds now.
    """
    tolerances = default_tolerances(card)
    if previous is not None:
        known = set(tolerances) | set(flatten(card))
        kept = {path: t for path, t in previous.tolerances.items() if path in known}
        return Expected(
            schema=1,
            scorecard=card,
            tolerances=tolerances | kept,
            at_least=previous.at_least if at_least is None else at_least,
        )
    least = {f"counts.{name}": n // 2 + n % 2 for name, n in card.counts if n}
    return Expected(
        schema=1,
        scorecard=card,
        tolerances=tolerances,
        at_least=dict(least) if at_least is None else at_least,
    )


def default_tolerances(card: Scorecard) -> dict[str, Tolerance]:
    """Return the defaults of every count, accuracy figure, stage time and the speed ratio."""
    stages = {f"speed.stages.{name}.ms_per_item": STAGE for name in card.speed.stages}
    return (
        {f"counts.{name}": tolerance for name, tolerance in COUNTS.items()}
        | {f"accuracy.{name}": tolerance for name, tolerance in ACCURACY.items()}
        | {"speed.ratio": RATIO}
        | stages
    )
