"""What one detector did in one session, and several sessions put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from retailsim.evaluate.figures import f1, share
from retailsim.evaluate.flip import Handling, Verdict, flip_alarms, judge_flips, tally
from retailsim.evaluate.flip_groups import (
    by_distance,
    by_reads,
    group_figures,
    median_delay_s,
    nearest_antenna_m,
)
from retailsim.evaluate.reads import ReadTimes
from retailsim.evaluate.windows import cut_windows, score_windows
from retailsim.messages.log import MessageLog
from retailsim.store.plan import StorePlan

MANY_READS = 6
FIGURES = (
    "coverage",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "f1_many_reads",
    "false_alarms_per_tag_hour",
    "delay_median_s",
    "delay_mean_s",
)


@dataclass(frozen=True)
class Outcome:
    """What a detector did in one session: plain counts, which can be added up.

    Attributes:
        verdicts: on all flips and false alarms; see `judge_flips`.
        away_m: distance from the nearest antenna of every garment in them, by EPC.
        tag_hours: for which tags were watched.
        flip_windows, quiet_windows: how many of each.
        flip_called, quiet_called: how many of those were called flips.
    """

    verdicts: tuple[Verdict, ...]
    away_m: Mapping[str, float]
    tag_hours: float
    flip_windows: int
    flip_called: int
    quiet_windows: int
    quiet_called: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, which `from_dict` reads back equal."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outcome:
        """Read what `as_dict` wrote."""
        verdicts = tuple(Verdict(**verdict) for verdict in data["verdicts"])
        return cls(**{**data, "verdicts": verdicts})


def judge_session(
    events: Handling,
    reads: ReadTimes,
    plan: StorePlan,
    *,
    said: MessageLog,
    said_of_windows: MessageLog,
) -> Outcome:
    """Return what became of a session's flips and windows.

    Args:
        events, reads, plan: truth, reads and shop.
        said: what the detector said as it is used.
        said_of_windows: what it said at the threshold for windows.
    """
    verdicts = tuple(judge_flips(events, said, reads))
    windows = cut_windows(events, reads)
    called = score_windows(windows, flip_alarms(said_of_windows)[0]) > 0
    distance_m = nearest_antenna_m(plan)
    return Outcome(
        verdicts=verdicts,
        away_m={v.epc: distance_m[v.epc] for v in verdicts if v.epc in distance_m},
        tag_hours=reads.tag_hours(),
        flip_windows=int(windows.flip.sum()),
        flip_called=int(called[windows.flip].sum()),
        quiet_windows=int((~windows.flip).sum()),
        quiet_called=int(called[~windows.flip].sum()),
    )


def figures_of(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """Return the figures of some sessions taken as one.

    Returns:
        coverage: share of flips with three reads during them.
        balanced_accuracy: of windows of 2 s, see `evaluate.windows`.
        precision, recall, f1: of covered flips; `f1_many_reads` of those with six reads or more
            (a false alarm is theirs if it has as many).
        false_alarms_per_tag_hour: over the hours between each tag's first and last read.
        delay_median_s, delay_mean_s: of covered flips that were found.
    """
    verdicts = [v for outcome in outcomes for v in outcome.verdicts]
    flips = [v for v in verdicts if v.outcome != "false"]
    covered = [v for v in verdicts if v.covered]
    many = [v for v in covered if v.reads >= MANY_READS]
    hits, missed, false = tally(covered)
    delays = [v.delay_s for v in covered if v.delay_s is not None]
    found = share(_sum(outcomes, "flip_called"), _sum(outcomes, "flip_windows"))
    alarmed = share(_sum(outcomes, "quiet_called"), _sum(outcomes, "quiet_windows"))
    return {
        "coverage": share(sum(v.covered for v in flips), len(flips)),
        "balanced_accuracy": None
        if found is None or alarmed is None
        else (found + 1 - alarmed) / 2,
        "precision": share(hits, hits + false),
        "recall": share(hits, hits + missed),
        "f1": f1(hits, false, missed) if hits + missed else None,
        "f1_many_reads": group_figures(many)["f1"],
        "false_alarms_per_tag_hour": share(false, _sum(outcomes, "tag_hours")),
        "delay_median_s": median_delay_s(covered),
        "delay_mean_s": share(sum(delays), len(delays)),
    }


def _sum(outcomes: Sequence[Outcome], name: str) -> float:
    return float(sum(getattr(outcome, name) for outcome in outcomes))


def groups_of(outcomes: Sequence[Outcome]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return 'reads' and 'distance' -> group -> figures (`group_figures`), sessions as one."""
    merged: dict[str, dict[str, list[Verdict]]] = {"reads": {}, "distance": {}}
    for outcome in outcomes:
        parts = {
            "reads": by_reads(outcome.verdicts),
            "distance": by_distance(_covered(outcome), outcome.away_m),
        }
        for name, groups in parts.items():
            for group, verdicts in groups.items():
                merged[name].setdefault(group, []).extend(verdicts)
    return {
        name: {group: group_figures(verdicts) for group, verdicts in groups.items()}
        for name, groups in merged.items()
    }


def _covered(outcome: Outcome) -> list[Verdict]:
    return [v for v in outcome.verdicts if v.covered]


@dataclass(frozen=True)
class Measure:
    """One figure over several seeds: mean, least and most; None where no seed had any."""

    mean: float | None
    least: float | None
    most: float | None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Measure:
        """Sum up one value per seed."""
        known = [value for value in values if value is not None]
        if not known:
            return cls(None, None, None)
        return cls(sum(known) / len(known), min(known), max(known))


def measures_of(by_seed: Mapping[int, Outcome]) -> dict[str, Measure]:
    """Return figure -> mean and spread over seeds."""
    figures = [figures_of([outcome]) for outcome in by_seed.values()]
    return {name: Measure.of([f[name] for f in figures]) for name in FIGURES}
