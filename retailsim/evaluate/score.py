"""The accuracy block of the scorecard: all figures of one session."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

from retailsim.evaluate.detection import score_detection
from retailsim.evaluate.dwell import score_dwell
from retailsim.evaluate.figures import Figures, nulls
from retailsim.evaluate.flip import NAMES as FLIP
from retailsim.evaluate.flip import Handling, handling, score_flip
from retailsim.evaluate.floor import FloorTruth
from retailsim.evaluate.flow import score_flow
from retailsim.evaluate.footfall import score_footfall
from retailsim.evaluate.heatmap import score_heatmap
from retailsim.evaluate.identity import count_people, score_identity
from retailsim.evaluate.interaction import WhoIsWho, score_interaction
from retailsim.evaluate.misplaced import score_misplaced
from retailsim.evaluate.position import score_position
from retailsim.evaluate.reads import ReadTimes
from retailsim.evaluate.recommendation import score_recommendation
from retailsim.evaluate.reid import score_reid
from retailsim.evaluate.scorecard import FAMILIES
from retailsim.evaluate.tag_zone import home_zones, score_tag_zone
from retailsim.evaluate.tracking import score_tracking
from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.results import (
    Crossing,
    Interaction,
    Misplaced,
    Recommendation,
    TagMotion,
    TagPositions,
    TagZones,
    ZoneStay,
)
from retailsim.messages.sensors import Sale
from retailsim.messages.truth import TruthCrossing, TruthInteraction, TruthPeople
from retailsim.store.plan import StorePlan

Accuracy = dict[str, Figures]
Counts = dict[str, int]


def score(
    truth: MessageLog,
    results: MessageLog,
    plan: StorePlan,
    sensors: MessageLog,
    *,
    outputs: Collection[type[Message]] | None = None,
    only: Collection[str] | None = None,
) -> Accuracy:
    """Compare one session's results with its truth.

    Args:
        truth: all truth of the session; empty for a recording without labels, and any part of
            it may be missing.
        results: what the stack said; or a part of it, or what one baseline said.
        plan: the shop as installed.
        sensors: the session's `TagReads`, `Sale` and `TryOn` messages.
        outputs: the message types that the stages behind `results` declare. With it, a type
            they declare but never said means 'found none'; without it, a type that is absent
            means 'does not look for it', and its figures are None.
        only: the families to compute, e.g. those a baseline has a say in; the others are None.

    Returns:
        family -> figure -> value; shares are fractions of 1. Every family and figure of the
        scorecard is there; what cannot be computed is None, and so are action, funnel, queue
        and portrait, for which the stack has no stage.
    """
    declared = {type(m) for m in results} if outputs is None else set(outputs)
    families = _families(_Session(truth, results, plan, sensors, frozenset(declared)))
    return {
        family: families[family]()
        if family in families and (only is None or family in only)
        else nulls(*names)
        for family, names in FAMILIES.items()
    }


@dataclass(frozen=True)
class _Session:
    """What all families are computed from: the arguments of `score`, and what follows from them.

    Attributes:
        declared: the message types that the stages behind `results` look for.
    """

    truth: MessageLog
    results: MessageLog
    plan: StorePlan
    sensors: MessageLog
    declared: frozenset[type[Message]]

    @cached_property
    def floor(self) -> FloorTruth:
        return FloorTruth.of(self.truth, self.plan)

    @cached_property
    def reads(self) -> ReadTimes:
        return ReadTimes(self.sensors)

    @cached_property
    def events(self) -> Handling:
        return handling(self.truth, self.reads)

    @cached_property
    def end_ns(self) -> int:
        """The end of the session as far as positions and reads tell."""
        ends = [int(times[-1]) for times in self.reads.by_tag.values()]
        return max([*self.floor.tick_ns[-1:].tolist(), *ends], default=0)

    def told(self, kind: type[Message]) -> bool:
        """Whether the truth tells of a kind: of the whole world, not of images alone, or of it."""
        return bool(self.truth.of(TruthPeople)) or bool(self.truth.of(kind))

    def found(self, kind: type[Message]) -> bool:
        return kind in self.declared


def _families(s: _Session) -> dict[str, Callable[[], Figures]]:
    """Return how each family of the scorecard is computed."""
    truth, results, plan = s.truth, s.results, s.plan
    return {
        "detection": lambda: score_detection(truth, results),
        "tracking": lambda: score_tracking(truth, results),
        "reid": lambda: score_reid(truth, results),
        "tag_zone": lambda: score_tag_zone(
            truth, results, end_ns=s.end_ns, found=s.found(TagZones), home=home_zones(plan)
        ),
        "position": lambda: score_position(
            truth, results, plan, end_ns=s.end_ns, found=s.found(TagPositions)
        ),
        "misplaced": lambda: score_misplaced(
            truth, results, end_ns=s.end_ns, found=s.found(Misplaced)
        ),
        "identity": lambda: score_identity(truth, results, plan, s.floor),
        "flip": lambda: _flip(s),
        "interaction": lambda: score_interaction(
            s.events,
            results,
            WhoIsWho(truth, results, s.floor),
            found=s.found(Interaction) and s.told(TruthInteraction),
        ),
        "footfall": lambda: _footfall(s),
        "dwell": lambda: score_dwell(results, plan, s.floor, found=s.found(ZoneStay)),
        "heatmap": lambda: score_heatmap(results, plan, s.floor),
        "flow": lambda: score_flow(results, plan, s.floor),
        "recommendation": lambda: score_recommendation(
            truth, results, s.sensors, plan, found=s.found(Recommendation)
        ),
    }


def _flip(s: _Session) -> Figures:
    if not s.told(TruthInteraction):
        return nulls(*FLIP)
    return score_flip(s.events, s.results, s.reads, found=s.found(TagMotion))


def _footfall(s: _Session) -> Figures:
    if not (s.told(TruthCrossing) and s.plan.doors):
        return nulls("truth", "counted", "f1")
    return score_footfall(s.truth, s.results, found=s.found(Crossing))


def counts(results: MessageLog, plan: StorePlan, sensors: MessageLog, *, frames: int) -> Counts:
    """Return how much went in (frames of all cameras, tag reads, sales) and was found."""
    return {
        "frames": frames,
        "tag_reads": len(ReadTimes(sensors)),
        "people": count_people(results, plan),
        "crossings": len(results.of(Crossing)),
        "flips": sum(motion.kind == "flip" for motion in results.of(TagMotion)),
        "interactions": len(results.of(Interaction)),
        "sales": len(sensors.of(Sale)),
    }
