"""The whole accuracy block: complete, null where it must be, blind to the stack's numbers."""

from __future__ import annotations

import numpy as np
import pytest
from evaluate_scenes import (
    EPC,
    at,
    boxes,
    detections,
    handled,
    identities,
    interaction,
    people,
    plan,
    reads,
    tracks,
)

from retailsim.evaluate.events import Events, count_events
from retailsim.evaluate.score import counts, score
from retailsim.evaluate.scorecard import FAMILIES
from retailsim.messages.log import MessageLog
from retailsim.messages.results import Crossing, HeatMap, People, TagMotion, ZoneStay
from retailsim.messages.sensors import Sale
from retailsim.messages.truth import TruthCrossing

LEFT, RIGHT = (100, 100, 140, 200), (300, 100, 340, 200)
SHOP = plan()


def truth() -> MessageLog:
    """Two people in front of one camera for 20 s; one enters, one flips a garment."""
    log = MessageLog([TruthCrossing(at(3), "door", 1, "in"), handled(5, 7, person=2)])
    for s in np.arange(0, 20, 0.5):
        log.append(boxes([(1, LEFT), (2, RIGHT)], seconds=s))
        log.append(people([(1, 1.0, 1.0), (2, 2.5, 1.0)], seconds=s))
    return log


def results(*, shift: int = 0) -> MessageLog:
    """What a perfect stack says, numbers shifted."""
    a, b = 1 + shift, 2 + shift
    log = MessageLog(
        [
            Crossing(at(3), "door", a, "in"),
            TagMotion(at(5), at(7), EPC, "flip", 0.9),
            interaction(5, 7, person=b, confidence=1.0),
            ZoneStay(at(0), at(20), "left", a),
            ZoneStay(at(0), at(20), "right", b),
            HeatMap(at(20), 1.0, np.eye(3, 4)),
        ]
    )
    for s in np.arange(0, 20, 0.5):
        log.append(detections([(0.9, LEFT), (0.8, RIGHT)], seconds=s))
        log.append(tracks([(a, LEFT), (b, RIGHT)], seconds=s))
        log.append(identities([(a, LEFT), (b, RIGHT)], seconds=s))
        xy_m = np.array([(1.0, 1.0), (2.5, 1.0)])
        log.append(People(at(s), np.array([a, b]), xy_m, np.ones(2, bool)))
    return log


def sensors() -> MessageLog:
    return MessageLog([reads(np.arange(0, 20, 0.25)), Sale(at(9), "till", np.array([EPC]))])


def keys(accuracy):
    return {family: tuple(sorted(figures)) for family, figures in accuracy.items()}


COMPLETE = {family: tuple(sorted(names)) for family, names in FAMILIES.items()}


def test_every_figure_is_there_whatever_is_missing():
    for world in (truth(), MessageLog()):
        for said in (results(), MessageLog()):
            assert keys(score(world, said, SHOP, sensors())) == COMPLETE


def test_a_perfect_stack_scores_perfectly():
    figures = score(truth(), results(), SHOP, sensors())
    for family, name in [
        ("detection", "ap"),
        ("tracking", "hota"),
        ("tracking", "mota"),
        ("identity", "idf1"),
        ("flip", "f1"),
        ("interaction", "accuracy"),
        ("interaction", "recall"),
        ("footfall", "f1"),
    ]:
        assert figures[family][name] == pytest.approx(1.0), (family, name)
    assert figures["dwell"]["mae_s"] == pytest.approx(0.0)
    assert figures["identity"]["unique_error"] == 0.0


def test_without_truth_every_figure_is_null():
    figures = score(MessageLog(), results(), SHOP, sensors())
    assert {value for family in figures.values() for value in family.values()} == {None}


def test_labels_of_images_alone_score_images_alone():
    labels = MessageLog(message for message in truth() if hasattr(message, "visible_px"))
    figures = score(labels, results(), SHOP, sensors())
    known = {f for f, values in figures.items() if any(v is not None for v in values.values())}
    assert known == {"detection", "tracking", "identity"}


def test_relabelling_everybody_changes_nothing():
    assert score(truth(), results(shift=500), SHOP, sensors()) == score(
        truth(), results(), SHOP, sensors()
    )


def test_silence_is_null_unless_the_stack_declares_that_it_looks():
    said = MessageLog(m for m in results() if not isinstance(m, TagMotion | Crossing))
    silent = score(truth(), said, SHOP, sensors())
    assert (silent["flip"]["f1"], silent["footfall"]["f1"]) == (None, None)
    looking = score(truth(), said, SHOP, sensors(), outputs=[TagMotion, Crossing])
    assert (looking["flip"]["f1"], looking["footfall"]["f1"]) == (0.0, 0.0)
    assert looking["footfall"]["counted"] == 0


def test_one_stage_alone_scores_its_own_family():
    one = MessageLog(results().of(TagMotion))
    figures = score(truth(), one, SHOP, sensors())
    assert figures["flip"] == score(truth(), results(), SHOP, sensors())["flip"]
    assert figures["detection"] == {"ap50": None, "ap": None}


def test_only_the_families_asked_for_are_computed():
    figures = score(truth(), results(), SHOP, sensors(), only=["flip"])
    everything = score(truth(), results(), SHOP, sensors())
    assert keys(figures) == COMPLETE
    assert figures["flip"] == everything["flip"]
    assert set(figures["detection"].values()) == {None}


def test_events_are_counted_per_five_minutes():
    events = count_events(truth(), sensors(), SHOP)
    # 40 ticks of 0.5 s: one crossing and one flip in 20 s are 15 in five minutes.
    assert events == Events(2.0, pytest.approx(15), pytest.approx(15), 0.0, 0.0)
    assert events.short_of({"crossings": 15.5, "sales": 1, "try_ons": None}) == {
        "crossings": (pytest.approx(15), 15.5),
        "sales": (0.0, 1),
    }
    assert count_events(MessageLog(), sensors(), SHOP) is None


def test_counts_tell_what_went_in_and_what_was_found():
    assert counts(results(), SHOP, sensors(), frames=40) == {
        "frames": 40,
        "tag_reads": 80,
        "people": 2,
        "crossings": 1,
        "flips": 1,
        "interactions": 1,
        "sales": 1,
    }
