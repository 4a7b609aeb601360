"""Detectors of touched garments on the same reads: what is found, kept, added up and shown."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from retailsim.errors import RetailError, ScenarioError, StageError
from retailsim.evaluate.flip import Verdict
from retailsim.experiments.flip_detectors import PUBLISHED, ROLE, find_detector
from retailsim.experiments.flip_figures import (
    FIGURES,
    Measure,
    Outcome,
    figures_of,
    groups_of,
    measures_of,
)
from retailsim.experiments.flip_study import FlipStudy, Judged, judged_once, study_flips
from retailsim.experiments.flip_tables import flip_tables
from retailsim.experiments.reader_study import (
    Point,
    ReaderStudy,
    Settings,
    plot_readers,
    reader_panels,
    with_reader,
    with_tags,
)
from retailsim.messages.results import TagMotion
from retailsim.messages.sensors import TagReads
from retailsim.stack.stage import Stage
from retailsim.store.load import load_plan

PLAN = load_plan("scenarios/stores/boutique.yaml")
OWN = f"{__name__}:EveryRead"


class EveryRead(Stage):
    """A detector of somebody's own: every first read of a batch is a flip."""

    inputs = (TagReads,)
    outputs = (TagMotion,)
    calls = 0

    def process(self, message):
        if isinstance(message, TagReads) and len(message.epc):
            EveryRead.calls += 1
            yield TagMotion(
                message.time_ns - 10**9, message.time_ns, str(message.epc[0]), "flip", 0.7
            )


verdicts = st.builds(
    Verdict,
    outcome=st.sampled_from(["hit", "miss", "false"]),
    epc=st.sampled_from(["a", "b"]),
    reads=st.integers(3, 20),
    delay_s=st.none() | st.floats(0, 9),
)
outcomes = st.builds(
    Outcome,
    verdicts=st.lists(verdicts, max_size=6).map(tuple),
    away_m=st.just({"a": 1.0, "b": 3.0}),
    tag_hours=st.floats(0.1, 9),
    flip_windows=st.just(8),
    flip_called=st.integers(0, 8),
    quiet_windows=st.just(50),
    quiet_called=st.integers(0, 50),
)


def outcome(*, hits=3, missed=1, false=0, called=6):
    rows = [Verdict("hit", "a", 8, delay_s=2.0)] * hits + [Verdict("miss", "b", 4)] * missed
    rows += [Verdict("false", "a", 9)] * false
    return Outcome(tuple(rows), {"a": 1.0, "b": 3.0}, 2.0, 8, called, 50, 5)


def test_figures_by_hand():
    figures = figures_of([outcome(false=1)])
    assert set(figures) == set(FIGURES)
    assert figures["coverage"] == 1.0
    assert figures["balanced_accuracy"] == pytest.approx((6 / 8 + 45 / 50) / 2)
    assert figures["recall"] == figures["precision"] == pytest.approx(3 / 4)
    assert figures["f1_many_reads"] == pytest.approx(6 / 7)
    assert figures["false_alarms_per_tag_hour"] == 0.5
    assert (figures["delay_median_s"], figures["delay_mean_s"]) == (2.0, 2.0)


@given(outcomes)
def test_outcomes_survive_json(one):
    assert Outcome.from_dict(json.loads(json.dumps(one.as_dict()))) == one


@given(st.lists(outcomes, min_size=1, max_size=4))
def test_sessions_taken_as_one_lie_between_the_worst_and_the_best(some):
    whole, parts = figures_of(some), [figures_of([one]) for one in some]
    for name in ("precision", "recall", "balanced_accuracy", "false_alarms_per_tag_hour"):
        known = [part[name] for part in parts if part[name] is not None]
        if known:
            assert min(known) - 1e-9 <= whole[name] <= max(known) + 1e-9
        else:
            assert whole[name] is None


@given(st.lists(outcomes, min_size=1, max_size=4))
def test_every_flip_is_in_one_group_of_each_kind(some):
    flips = sum(v.outcome != "false" for one in some for v in one.verdicts)
    for groups in groups_of(some).values():
        assert sum(figures["flips"] for figures in groups.values()) == flips


def test_spread_over_seeds_leaves_out_what_cannot_be_computed():
    assert Measure.of([0.2, None, 0.4]) == Measure(pytest.approx(0.3), 0.2, 0.4)
    assert Measure.of([None]) == Measure(None, None, None)
    assert measures_of({1: outcome(), 2: outcome(hits=1)})["recall"].least == 0.5


def made_up(**called):
    judged = [
        Judged(name, "boutique", "boutique", {1: outcome(called=n), 2: outcome(called=n - 1)})
        for name, n in called.items()
    ]
    return FlipStudy(tuple(called), (1, 2), 60.0, tuple(judged))


def test_it_says_whether_each_detector_is_better_than_the_one_before():
    assert made_up(raw=4, spectrum=6, shipped=8).rises == {"boutique": True}
    assert made_up(raw=6, spectrum=6, shipped=8).rises == {"boutique": False}


def test_tables_and_json_hold_all_of_it():
    study = made_up(raw=4, spectrum=6)
    days, shops, reads, distance = flip_tables(study)
    assert days.row_count == shops.row_count == 3  # the day, and each detector
    assert reads.row_count == distance.row_count == 2
    text = io.StringIO()
    for table in (days, shops, reads, distance):
        Console(file=text, width=80).print(table)
    assert "…" not in text.getvalue()
    assert max(map(len, text.getvalue().splitlines())) <= 80
    data = json.loads(json.dumps(study.as_dict()))
    assert [day["detector"] for day in data["days"]] == ["raw", "spectrum"]
    assert data["groups"]["raw"]["reads"]["6-10"]["flips"] == 6.0


def test_detectors_have_names_folders_files_and_classes(tmp_path: Path):
    assert find_detector("shipped").spec.uses.endswith(":TagMotionDetector")
    assert find_detector("RSSI changed by 3 dB").spec.uses.endswith(":RssiRule")
    assert find_detector(OWN).spec.uses == OWN
    (tmp_path / "mine.yaml").write_text(f'stages:\n  {ROLE}: {{uses: "{OWN}"}}\n')
    assert find_detector(str(tmp_path / "mine.yaml")).spec.uses == OWN
    published = find_detector("spectrum")
    assert published.spec.uses == PUBLISHED
    assert published.for_windows().stages[ROLE].parameters["flip_on"] == published.window_on


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("spectral", ScenarioError, "'spectral' is unknown; there are raw, spectrum, shipped"),
        ("nowhere:Mine", StageError, "nowhere"),
    ],
)
def test_detectors_that_are_none_are_refused(name, kind, words):
    with pytest.raises(kind, match=words):
        find_detector(name)


def test_a_study_is_kept_and_judged_once(kiosk: Path, tmp_path: Path):
    settings = {"detectors": [OWN], "seeds": [3], "seconds": 3.0, "cache": tmp_path}
    shares: list[float] = []
    first = study_flips([kiosk], progress=shares.append, **settings)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    calls = EveryRead.calls
    assert calls > 0
    assert study_flips([kiosk], **settings) == first
    assert EveryRead.calls == calls
    one = first.judged[0]
    assert (one.scenario, one.shop) == ("kiosk-rush", "kiosk")
    assert sum(v.outcome == "false" for v in one.by_seed[3].verdicts) > 0
    (kept,) = tmp_path.rglob("3-*.json")
    kept.write_text("{")
    with pytest.raises(RetailError, match="not a judgement"):
        judged_once(next(tmp_path.rglob("3.bag")), find_detector(OWN))


def test_a_study_of_nothing_is_refused(tmp_path: Path):
    with pytest.raises(ScenarioError, match="at least one"):
        study_flips([], cache=tmp_path)


@pytest.mark.parametrize("tags", [30, 240, 700])
def test_stock_is_made_larger_and_smaller(tags):
    shop = with_tags(PLAN, tags)
    assert len(shop.items) == tags
    by_fixture = {s.fixture: 0 for s in PLAN.stock}
    for item in shop.items:
        by_fixture[item.fixture] += 1
    assert max(by_fixture.values()) < 3 * tags / len(by_fixture)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_antennas_are_chosen_evenly_and_hang_on_one_reader(count):
    shop = with_reader(PLAN, Settings(mode="m4", session=1, antennas=count))
    (reader,) = shop.readers
    assert (reader.mode, reader.session, len(reader.antennas)) == ("m4", 1, count)
    assert [a.port for a in reader.antennas] == list(range(1, count + 1))
    there = [a.position_m for r in PLAN.readers for a in r.antennas]
    assert len({a.position_m for a in reader.antennas} & set(there)) == count


def test_more_antennas_than_there_are_are_refused():
    with pytest.raises(ScenarioError, match="9 antennas wanted, it has 8"):
        with_reader(PLAN, Settings(antennas=9))


def test_the_plot_has_a_column_for_everything_that_was_varied(tmp_path: Path):
    def points(settings):
        return tuple(Point(settings, tags, {1: outcome(), 2: outcome()}) for tags in (30, 240))

    panels = {
        "mode": {"FM0": points(Settings()), "M4": points(Settings(mode="m4"))},
        "antennas": {"8": points(Settings(antennas=8))},
    }
    study = ReaderStudy("boutique", "shipped", (1, 2), 60.0, panels)
    rows = reader_panels(study)
    assert [[len(panel.curves) for panel in row] for row in rows] == [[2, 1], [2, 1]]
    assert list(rows[0][0].curves[0].x) == [30, 240]
    plot_readers(study, tmp_path / "readers.png")
    assert (tmp_path / "readers.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(json.dumps(study.as_dict()))["panels"]["mode"]["M4"][1]["tags"] == 240
