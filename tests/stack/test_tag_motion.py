"""Which tags move: the stage against a simple rule, and against senseless reads."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from retailsim.errors import ModelError
from retailsim.evaluate.flip import handling, score_flip
from retailsim.evaluate.reads import ReadTimes
from retailsim.messages.log import MessageLog
from retailsim.messages.results import TagMotion
from retailsim.resources import model_dir
from retailsim.stack.stage import StageContext
from retailsim.stack.tagmotion.baseline import RssiRule
from retailsim.stack.tagmotion.motion import TagMotionDetector
from retailsim.store.plan import StorePlan
from tests.stack.tag_sessions import EPC, FLIPPED, PLAN, flip_session, run, scrambled


def figures(make, reads):
    _, truth = flip_session()
    times = ReadTimes(MessageLog(reads))
    return score_flip(handling(truth, times), run(make, reads), times, found=True)


@pytest.fixture(scope="module")
def found():
    return figures(TagMotionDetector, flip_session()[0])


def test_most_flips_are_found_and_few_others(found):
    assert found["coverage"] > 0.8
    assert found["recall"] > 0.5
    assert found["precision"] > 0.6


def test_the_rule_rssi_changed_by_3_db_does_worse(found):
    rule = figures(RssiRule, flip_session()[0])
    assert rule["recall"] >= 0.2  # it is a rival, not a straw man
    assert found["f1"] > rule["f1"] + 0.15


def test_senseless_phases_find_nothing(found):
    assert figures(TagMotionDetector, scrambled(flip_session()[0]))["f1"] < found["f1"] - 0.3


def test_batches_may_be_cut_otherwise(found):
    reads = flip_session()[0]
    halves = []
    for batch in reads:
        middle = len(batch.epc) // 2
        for part in (slice(0, middle), slice(middle, None)):
            if len(batch.epc[part]):
                halves.append(
                    type(batch)(
                        int(batch.read_us[part][-1]) * 1000,
                        batch.reader,
                        *(
                            getattr(batch, name)[part]
                            for name in (
                                "read_us", "epc", "antenna", "channel", "rssi_cdbm", "phase",
                                "doppler",
                            )
                        ),
                    )
                )  # fmt: skip
    whole, cut = (run(TagMotionDetector, r).of(TagMotion) for r in (reads, tuple(halves)))
    assert whole == cut


def test_events_name_known_tags_and_end_after_they_begin():
    events = run(TagMotionDetector, flip_session()[0]).of(TagMotion)
    assert {e.epc for e in events} <= set(EPC)
    assert all(e.end_ns > e.time_ns and 0 <= e.score <= 1 for e in events)
    assert len({e.epc for e in events} & {EPC[g] for g in FLIPPED}) >= 8


def test_a_shop_without_tags_is_quiet():
    stage = TagMotionDetector(StageContext(StorePlan(name="empty")))
    assert list(stage.process(flip_session()[0][0])) == []
    assert list(stage.advance(10**18)) == []
    assert list(stage.finish()) == []


def test_weights_that_do_not_fit_are_named(tmp_path):
    source = model_dir("tag-motion")
    (tmp_path / "config.yaml").write_bytes((source / "config.yaml").read_bytes())
    state = load_file(source / "weights.safetensors")
    save_file({**state, "say.weight": state["say.weight"][:, :-1].contiguous()},
              tmp_path / "weights.safetensors")  # fmt: skip
    with pytest.raises(ModelError, match="say"):
        TagMotionDetector(StageContext(PLAN), model=str(tmp_path))


def test_tags_of_other_shops_are_left_out():
    batch = flip_session()[0][0]
    strangers = type(batch)(
        batch.time_ns, batch.reader, batch.read_us, np.char.replace(batch.epc, "3", "e"),
        batch.antenna, batch.channel, batch.rssi_cdbm, batch.phase, batch.doppler,
    )  # fmt: skip
    assert run(TagMotionDetector, (strangers,)).of(TagMotion) == []


def test_a_shop_with_one_antenna_is_served():
    reader = PLAN.readers[0]
    alone = reader.model_copy(update={"antennas": reader.antennas[:1]})
    stage = TagMotionDetector(StageContext(PLAN.model_copy(update={"readers": [alone]})))
    for batch in flip_session()[0][:60]:
        list(stage.process(batch))
    assert list(stage.finish()) == []
    assert stage.read_counts.taken > 100
