"""The scorecard: one JSON object per replay, the same shape every time.

A figure that cannot be computed is null: never 0, never left out.
"""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from retailsim.errors import BagError

FAMILIES: dict[str, tuple[str, ...]] = {
    "detection": ("ap50", "ap"),
    "tracking": ("hota", "idf1", "mota"),
    "reid": ("rank1", "map"),
    "tag_zone": ("accuracy", "away_accuracy"),
    "position": (
        "median_m",
        "p90_m",
        "away_median_m",
        "away_p90_m",
        "resting_median_m",
        "resting_p90_m",
    ),
    "misplaced": (
        "truth",
        "found",
        "precision",
        "recall",
        "anywhere_precision",
        "anywhere_recall",
        "delay_s",
    ),
    "identity": ("idf1", "hota", "unique_error"),
    "action": ("precision", "recall"),
    "flip": (
        "coverage",
        "precision",
        "recall",
        "f1",
        "balanced_accuracy",
        "false_alarms_per_tag_hour",
        "delay_s",
    ),
    "interaction": ("accuracy", "precision", "recall", "ece"),
    "footfall": ("truth", "counted", "f1"),
    "dwell": ("mae_s",),
    "heatmap": ("correlation", "shuffled"),
    "flow": ("l1",),
    "funnel": ("l1",),
    "queue": ("mae_s",),
    "portrait": ("gender_accuracy", "age_band_accuracy"),
    "recommendation": ("hit@5", "ndcg@5", "mrr"),
}


class Part(BaseModel):
    """Strict base: unknown fields and NaN are errors, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Provenance(Part):
    """What made the results: version, digest of the resolved stack, digests of the models."""

    retailsim: str
    stack: str
    models: dict[str, str] = {}


class Counts(Part):
    """How much went in and was found.

    `frames` of all cameras, `tag_reads` and `sales` come from the bag; `people`, `crossings`,
    `flips` and `interactions` are what the stack found.
    """

    frames: int = Field(ge=0)
    tag_reads: int = Field(ge=0)
    people: int = Field(ge=0)
    crossings: int = Field(ge=0)
    flips: int = Field(ge=0)
    interactions: int = Field(ge=0)
    sales: int = Field(ge=0)


class Latency(Part):
    """Wall-clock time from a tick's last message to its last result, milliseconds."""

    p50: float | None = None
    p95: float | None = None


class StageSpeed(Part):
    """One stage: wall milliseconds per item, share of the run spent in it, items handled."""

    ms_per_item: float | None
    busy: float | None
    items: int


class Speed(Part):
    """How fast the replay was; `ratio` = time per frame over the reference workload's time."""

    fps: float | None = None
    realtime_factor: float | None = None
    latency_ms: Latency = Latency()
    reference_ms: float | None = None
    ratio: float | None = None
    stages: dict[str, StageSpeed] = {}


class Scorecard(Part):
    """Everything `retail replay --json` says about one session.

    Attributes:
        accuracy: family -> figure -> value; all families of `FAMILIES`, null where unknown.
    """

    session: str
    scenario: str | None = None
    seed: int | None = None
    device: str
    precision: str
    mode: Literal["serial", "pipeline"] = "serial"
    digest: str
    provenance: Provenance
    counts: Counts
    speed: Speed
    accuracy: dict[str, dict[str, int | float | None]]

    @model_validator(mode="after")
    def _complete(self) -> Scorecard:
        for family, names in FAMILIES.items():
            given = self.accuracy.get(family)
            if given is None or sorted(given) != sorted(names):
                raise ValueError(f"accuracy.{family} must hold {', '.join(names)}")
        if len(self.accuracy) != len(FAMILIES):
            extra = sorted(set(self.accuracy) - set(FAMILIES))
            raise ValueError(f"accuracy holds unknown families: {', '.join(extra)}")
        return self

    def to_json(self) -> str:
        """Return the scorecard as indented JSON, families in their documented order."""
        data = self.model_dump(mode="json")
        data["accuracy"] = {
            family: {name: data["accuracy"][family][name] for name in names}
            for family, names in FAMILIES.items()
        }
        return json.dumps(data, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, *, origin: str) -> Scorecard:
        """Read a scorecard; raises BagError naming `origin` and the field that is wrong."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise BagError(f"{origin}: not a scorecard: {first_problem(error)}") from error


def first_problem(error: ValidationError) -> str:
    """Return the first problem pydantic found, in one line."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole file"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"
