"""The accuracy block of the scorecard: all figures of one session."""

from __future__ import annotations

from collections.abc import Callable, Collection

from retailsim.evaluate.detection import score_detection
from retailsim.evaluate.dwell import score_dwell
from retailsim.evaluate.figures import Figures, nulls
from retailsim.evaluate.flip import NAMES as FLIP
from retailsim.evaluate.flip import handling, score_flip
from retailsim.evaluate.floor import FloorTruth
from retailsim.evaluate.flow import score_flow
from retailsim.evaluate.footfall import score_footfall
from retailsim.evaluate.heatmap import score_heatmap
from retailsim.evaluate.identity import count_people, score_identity
from retailsim.evaluate.interaction import WhoIsWho, score_interaction
from retailsim.evaluate.reads import ReadTimes
from retailsim.evaluate.recommendation import score_recommendation
from retailsim.evaluate.reid import score_reid
from retailsim.evaluate.scorecard import FAMILIES
from retailsim.evaluate.tag_zone import score_tag_zone
from retailsim.evaluate.tracking import score_tracking
from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.results import (
    Crossing,
    Interaction,
    Recommendation,
    TagMotion,
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
    floor = FloorTruth.of(truth, plan)
    reads = ReadTimes(sensors)
    events = handling(truth, reads)
    watched = bool(truth.of(TruthPeople))  # the whole world, not labels of images alone

    def can(truth_kind: type[Message]) -> bool:
        return watched or bool(truth.of(truth_kind))

    def found(kind: type[Message]) -> bool:
        return kind in declared

    families: dict[str, Callable[[], Figures]] = {
        "detection": lambda: score_detection(truth, results),
        "tracking": lambda: score_tracking(truth, results),
        "reid": lambda: score_reid(truth, results),
        "tag_zone": lambda: score_tag_zone(
            truth, results, end_ns=_end_ns(floor, reads), found=found(TagZones)
        ),
        "identity": lambda: score_identity(truth, results, plan, floor),
        "flip": lambda: (
            score_flip(events, results, reads, found=found(TagMotion))
            if can(TruthInteraction)
            else nulls(*FLIP)
        ),
        "interaction": lambda: score_interaction(
            events,
            results,
            WhoIsWho(truth, results, floor),
            found=found(Interaction) and can(TruthInteraction),
        ),
        "footfall": lambda: (
            score_footfall(truth, results, found=found(Crossing))
            if can(TruthCrossing) and plan.doors
            else nulls("truth", "counted", "f1")
        ),
        "dwell": lambda: score_dwell(results, plan, floor, found=found(ZoneStay)),
        "heatmap": lambda: score_heatmap(results, plan, floor),
        "flow": lambda: score_flow(results, plan, floor),
        "recommendation": lambda: score_recommendation(
            truth, results, sensors, plan, found=found(Recommendation)
        ),
    }
    return {
        family: families[family]()
        if family in families and (only is None or family in only)
        else nulls(*names)
        for family, names in FAMILIES.items()
    }


def _end_ns(floor: FloorTruth, reads: ReadTimes) -> int:
    """Return the end of the session as far as positions and reads tell."""
    ends = [int(times[-1]) for times in reads.by_tag.values()]
    return max([*floor.tick_ns[-1:].tolist(), *ends], default=0)


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
