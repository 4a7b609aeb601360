"""The regression gate: a scorecard against the one that was written down.

`NAME.expected.json` holds the expected scorecard, the tolerance of each figure and the least a
fixture must hold. A figure is named by its path, e.g. `accuracy.detection.ap50`.

- `down` and `up` say by how much a figure may fall and rise; the direction that is not named is
  free. `share` is allowed on top, as a share of the expected value.
- With `per: speed.reference_ms` the expected value and its share are first scaled by how much
  slower the reference workload ran this time, so that a slower machine is no regression; `down`
  and `up` are not (a stage that sleeps does so equally long everywhere).
- A figure that was a number and is now null is a regression; so is a count outside its limits.
- A fixture in which too little happens (`at_least`) proves nothing and fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from retailsim.errors import BagError
from retailsim.evaluate.scorecard import FAMILIES, Part, Scorecard, first_problem

Verdict = Literal["ok", "regression", "lost", "new", "vacuous", "not compared"]
FAILURES = ("regression", "lost", "vacuous")


class Tolerance(Part):
    """How far a figure may move before it is a regression."""

    down: float | None = Field(default=None, ge=0)
    up: float | None = Field(default=None, ge=0)
    share: float = Field(default=0.0, ge=0)
    per: Literal["speed.reference_ms"] | None = None


class Expected(Part):
    """The file beside a fixture; `schema` is the version of its layout."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    scorecard: Scorecard
    tolerances: dict[str, Tolerance]
    at_least: dict[str, float]

    @field_validator("scorecard", mode="before")
    @classmethod
    def _figures_new_since(cls, card: Any) -> Any:
        """Let figures be null that scorecards did not have when the file was written."""
        if not isinstance(card, dict) or not isinstance(card.get("accuracy"), dict):
            return card
        old = card["accuracy"]
        new = {
            family: dict.fromkeys(names) | old.get(family, {}) for family, names in FAMILIES.items()
        }
        return card | {"accuracy": old | new}

    def to_json(self) -> str:
        """Return the file's text."""
        tolerances = {
            path: tolerance.model_dump(exclude_defaults=True)
            for path, tolerance in self.tolerances.items()
        }
        data = {
            "schema": self.schema_,
            "scorecard": json.loads(self.scorecard.to_json()),
            "tolerances": tolerances,
            "at_least": self.at_least,
        }
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, *, origin: str) -> Expected:
        """Read the file; raises BagError naming `origin` and the field that is wrong."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            problem = first_problem(error)
            raise BagError(f"{origin}: not an expected scorecard: {problem}") from error


@dataclass(frozen=True)
class Delta:
    """One figure, before and after.

    Attributes:
        path: the figure's name.
        expected, actual: its values; None is null.
        low, high: what would have been accepted, in the unit of `actual`; None is unbounded.
        verdict: whether that is well.
    """

    path: str
    expected: float | None
    actual: float | None
    low: float | None
    high: float | None
    verdict: Verdict

    @property
    def failed(self) -> bool:
        """Whether this figure turns the gate red."""
        return self.verdict in FAILURES


def compare(expected: Expected, actual: Scorecard) -> list[Delta]:
    """Compare all toleranced figures, then the least a fixture must hold.

    Times are not compared between CPU and CUDA, nor between precisions; a stage that is gone is
    a regression, one that is new has no time to compare with.
    """
    before, after = flatten(expected.scorecard), flatten(actual)
    same_kind = _kind(expected.scorecard) == _kind(actual)
    deltas = []
    for path, tolerance in expected.tolerances.items():
        delta = _compare(path, tolerance, before, after)
        if path.startswith("speed.") and not same_kind:
            delta = Delta(path, delta.expected, delta.actual, None, None, "not compared")
        deltas.append(delta)
    for path, least in expected.at_least.items():
        value = after.get(path)
        enough = value is not None and value >= least
        deltas.append(Delta(path, least, value, least, None, "ok" if enough else "vacuous"))
    return deltas


def _kind(card: Scorecard) -> tuple[str, str]:
    """Return what must be equal for times to be comparable: 'cpu' or 'cuda', and precision."""
    return card.device.split(":")[0], card.precision


def failures(deltas: list[Delta]) -> list[Delta]:
    """Return what turns the gate red."""
    return [delta for delta in deltas if delta.failed]


def flatten(card: Scorecard) -> dict[str, float | None]:
    """Return all figures of a scorecard by path, in order."""
    data = card.model_dump(mode="json", include={"counts", "accuracy", "speed"})
    return dict(_leaves(data, ""))


def _leaves(node: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, float | None]]:
    for name, value in node.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _compare(
    path: str,
    tolerance: Tolerance,
    before: Mapping[str, float | None],
    after: Mapping[str, float | None],
) -> Delta:
    old, new = before.get(path), after.get(path)
    if old is None:
        return Delta(path, old, new, None, None, "ok" if new is None else "new")
    scale = 1.0
    if tolerance.per:
        there, here = before.get(tolerance.per), after.get(tolerance.per)
        if not there or not here:
            return Delta(path, old, new, None, None, "not compared")
        scale = here / there
    slack = abs(old) * tolerance.share
    low = None if tolerance.down is None else (old - slack) * scale - tolerance.down
    high = None if tolerance.up is None else (old + slack) * scale + tolerance.up
    if new is None:
        return Delta(path, old, new, low, high, "lost")
    rounding = 1e-9 * max(1.0, abs(old))
    fell = low is not None and new < low - rounding
    rose = high is not None and new > high + rounding
    return Delta(path, old, new, low, high, "regression" if fell or rose else "ok")
