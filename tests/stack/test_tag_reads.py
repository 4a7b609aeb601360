"""Reads are checked once for all stages, and every stage finds what it found alone."""

from __future__ import annotations

import numpy as np
import pytest

from retailsim.engine.config import StackSpec, StageSpec, load_stack
from retailsim.engine.graph import build_graph
from retailsim.engine.serial import run_serial
from retailsim.errors import StageError
from retailsim.messages.reads import CleanReads
from retailsim.messages.results import (
    Misplaced,
    MotionBegun,
    TagMotion,
    TagPositions,
    TagZones,
)
from retailsim.messages.sensors import TagReads
from retailsim.stack.stage import StageContext
from retailsim.stack.tagmotion.front import Front
from retailsim.stack.tagmotion.reads import ReadIntake
from tests.stack.tag_sessions import PLAN, carry_session, flip_session
from tests.stack.test_tag_intake import messed_up, reads

CONTEXT = StageContext(PLAN)
TAGS = "retailsim.stack.tagmotion"
ROLES = {
    "tagmotion": StageSpec(uses=f"{TAGS}.motion:TagMotionDetector"),
    "tagzone": StageSpec(uses=f"{TAGS}.zone:TagZoneLocator"),
}


def stack(**more):
    return StackSpec(stages={**ROLES, **more})


def test_what_is_passed_on_is_clean_and_in_order():
    stage = ReadIntake(CONTEXT)
    for batch in list(messed_up(flip_session()[0]))[:100]:
        for clean in stage.process(batch):
            assert len(clean.read_us)
            assert (np.diff(clean.read_us) >= 0).all()
            assert (clean.phase < 4096).all()
            assert min(clean.tag.min(), clean.antenna.min(), clean.channel.min()) >= 0
    counts = stage.read_counts
    assert min(counts.duplicate, counts.unknown_tag, counts.out_of_order) > 0


def test_a_read_is_passed_on_as_it_was_told():
    batch = reads([0.0, 0.1], antenna=[1, 2], channel=[50, 1], phase=[4096, 17], doppler=[-3, 4])
    (clean,) = ReadIntake(CONTEXT).process(batch)
    assert (clean.time_ns, clean.reader) == (batch.time_ns, batch.reader)
    assert clean.read_us.tolist() == batch.read_us.tolist()
    assert [PLAN.items[row].epc for row in clean.tag] == batch.epc.tolist()
    ports = [(r.id, a.port) for r in PLAN.readers for a in r.antennas]
    assert [ports[row] for row in clean.antenna] == [(batch.reader, 1), (batch.reader, 2)]
    assert clean.channel.tolist() == [49, 0]
    assert clean.phase.tolist() == [0, 17]
    assert clean.rssi_cdbm.tolist() == batch.rssi_cdbm.tolist()
    assert clean.doppler.tolist() == [-3, 4]


def test_of_a_batch_without_use_nothing_is_said():
    stage = ReadIntake(CONTEXT)
    assert list(stage.process(reads([0.0], reader="next-door"))) == []
    assert stage.read_counts.unknown_antenna == 1


def test_checked_reads_are_not_checked_again():
    intake, raw, clean = ReadIntake(CONTEXT), Front(PLAN), Front(PLAN)
    for batch in flip_session()[0][:60]:
        raw.add(batch)
        for message in intake.process(batch):
            clean.add(message)
    for ours, theirs in zip(clean.rest(), raw.rest(), strict=True):
        np.testing.assert_array_equal(ours.features.pairs, theirs.features.pairs)
        np.testing.assert_array_equal(ours.features.tags, theirs.features.tags)
    assert clean.table.counts == raw.table.counts


@pytest.mark.parametrize("spec", [stack(), stack(reads=load_stack().stages["reads"])])
def test_both_stages_get_the_reads_with_or_without_a_word_about_it(spec):
    nodes = build_graph(spec, CONTEXT)
    assert sorted(node.role for node in nodes) == ["reads", "tagmotion", "tagzone"]
    messages = sorted(carry_session()[0], key=lambda m: m.time_ns)
    run = run_serial(messages, nodes, lateness_s=0.5)
    alone = {}
    for role in ROLES:
        stage = next(node.stage for node in build_graph(stack(), CONTEXT) if node.role == role)
        said = [m for message in messages for m in stage.process(message)]
        alone[role] = [*said, *stage.advance(messages[-1].time_ns), *stage.finish()]
    for kind in (MotionBegun, TagMotion):
        assert run.results.of(kind) == [m for m in alone["tagmotion"] if isinstance(m, kind)]
        assert run.results.of(kind)
    assert len(run.results.of(TagZones)) > 4


def test_reads_are_shared_but_not_among_the_results():
    run = run_serial(flip_session()[0][:20], build_graph(stack(), CONTEXT), lateness_s=0.5)
    assert run.results.of(CleanReads) == []
    assert CleanReads not in run.outputs
    assert run.outputs == {MotionBegun, TagMotion, TagZones, TagPositions, Misplaced}


def test_what_was_wrong_is_told_once():
    nodes = build_graph(stack(), CONTEXT)
    run_serial(list(messed_up(flip_session()[0][:40])), nodes, lateness_s=0.5)
    (told,) = [warning for node in nodes for warning in node.stage.warnings()]
    assert "tag reads not used" in told


def test_a_stage_of_ones_own_may_take_the_raw_reads_beside_them():
    rule = StageSpec(uses=f"{TAGS}.baseline:RssiRule")
    spec = StackSpec(stages={"rule": rule, "tagzone": ROLES["tagzone"]})
    nodes = {node.role: node.stage for node in build_graph(spec, CONTEXT)}
    assert nodes["rule"].inputs == (TagReads,)
    assert set(nodes) == {"rule", "reads", "tagzone"}
    assert "reads" not in {n.role for n in build_graph(StackSpec(stages={"rule": rule}), CONTEXT)}


def test_a_role_of_that_name_that_gives_something_else_is_refused():
    rule = StageSpec(uses=f"{TAGS}.baseline:StaticPlanogram")
    with pytest.raises(StageError, match=r"'reads' should give CleanReads.*ReadIntake"):
        build_graph(stack(reads=rule), CONTEXT)
