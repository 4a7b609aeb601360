"""Stacks compared over bags: once for each, resumed, refused before anything is replayed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from retailsim.errors import BagError, ScenarioError, StageError
from retailsim.experiments import compare as module
from retailsim.experiments.compare import Comparison, compare, name_bags, name_stacks
from retailsim.experiments.compare_runs import Runs, stack_key
from retailsim.experiments.compare_tables import (
    events_table,
    figures_table,
    report,
    tallies_table,
    write_report,
)
from retailsim.session.cutting import cut_session

FIXTURE = Path("fixtures/boutique.bag")
LIGHT = """
stages:
  detect: {uses: "retailsim.stack.detect.baseline:MotionDetector"}
  track: {uses: "retailsim.stack.track.greedy:GreedyIou", with: {least_score: %s}}
  tagmotion: {uses: "retailsim.stack.tagmotion.baseline:RssiRule", with: {change_db: %s}}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short bags of one camera, and two light stacks."""
    folder = tmp_path_factory.mktemp("compare")
    for name, start_s in (("monday", 10.0), ("tuesday", 30.0)):
        cut_session(
            FIXTURE, folder / f"{name}.bag", start_s=start_s, duration_s=3, cameras=["door"]
        )
    (folder / "a.yaml").write_text(LIGHT % (0.2, 3.0))
    (folder / "b.yaml").write_text(LIGHT % (0.7, 6.0))
    return folder


@pytest.fixture(scope="module")
def compared(shop: Path) -> Comparison:
    return both(shop, output=shop / "report")


def both(shop: Path, **more: object) -> Comparison:
    stacks = [shop / "a.yaml", shop / "b.yaml"]
    return compare(stacks, [shop / "monday.bag", shop / "tuesday.bag"], **more)  # type: ignore[arg-type]


def text_of(*tables: object) -> str:
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    for table in tables:
        console.print(table)
    return console.export_text()


def test_every_bag_is_replayed_with_every_stack(compared):
    assert compared.reference == "a"
    assert compared.bags == ("monday", "tuesday")
    assert {s: list(by_bag) for s, by_bag in compared.outcomes.items()} == {
        "a": ["monday", "tuesday"],
        "b": ["monday", "tuesday"],
    }
    (against,) = compared.against
    assert against.name == "b"
    fps = against.figures["speed.fps"]
    assert fps.bags == 2
    assert fps.low is not None
    assert fps.low <= fps.difference <= fps.high


def test_the_events_in_which_they_differ_add_up(compared):
    (against,) = compared.against
    for kind, count in against.tallies.items():
        for name, own in (("a", count.first), ("b", count.second)):
            found = [e for o in compared.outcomes[name].values() for e in o.events]
            of_kind = sum(event.kind == kind for event in found)
            assert of_kind == count.shared + count.other_person + own
    flips = against.tallies["flip"]
    assert flips.first > flips.second  # 3 dB is less than 6 dB
    assert len(against.differences) == sum(
        t.first + t.second + t.other_person for t in against.tallies.values()
    )


def test_done_replays_are_not_done_again(compared, shop, monkeypatch):
    monkeypatch.setattr(module, "replay_bag", refuse_to_replay)
    again = both(shop, output=shop / "report")
    assert all(o.resumed for by_bag in again.outcomes.values() for o in by_bag.values())
    assert again.against == compared.against


def refuse_to_replay(*args: object, **more: object) -> None:
    raise AssertionError("replayed again")


def test_another_stack_bag_or_precision_is_another_replay(compared, shop):
    a, b = name_stacks([shop / "a.yaml", shop / "b.yaml"])
    monday, tuesday = name_bags([shop / "monday.bag", shop / "tuesday.bag"])
    places = {
        Runs(shop, bag, "cpu").place(stack.spec) for bag in (monday, tuesday) for stack in (a, b)
    }
    fp32 = a.spec.model_copy(update={"precision": "fp32"})
    places |= {Runs(shop, monday, "cpu").place(fp32), Runs(shop, monday, "cuda").place(a.spec)}
    assert len(places) == 6


def test_a_changed_module_of_the_users_is_another_stack(tmp_path):
    code = "from retailsim.stack.track.greedy import GreedyIou\nclass Mine(GreedyIou): pass\n"
    (tmp_path / "edited_tracker.py").write_text(code)
    (tmp_path / "m.yaml").write_text('stages: {track: {uses: "edited_tracker:Mine"}}')
    before, _ = (stack_key(s.spec) for s in name_stacks([tmp_path / "m.yaml", "default"]))
    (tmp_path / "edited_tracker.py").write_text(code + "# better\n")
    after, _ = (stack_key(s.spec) for s in name_stacks([tmp_path / "m.yaml", "default"]))
    assert before != after


def test_a_stack_against_itself_is_replayed_twice(shop, tmp_path):
    runs = Runs(tmp_path, name_bags([shop / "monday.bag"])[0], "cpu")
    stacks = name_stacks([shop / "a.yaml", shop / "a.yaml"])
    assert stacks[0].name != stacks[1].name
    assert runs.place(stacks[0].spec) != runs.place(stacks[1].spec)


def test_a_half_written_or_foreign_file_is_no_finished_replay(tmp_path):
    (tmp_path / "half.json").write_text('{"scorecard": {"session": "mon')
    (tmp_path / "other.json").write_text('{"events": []}')
    assert Runs.read(tmp_path / "half.json") is None
    assert Runs.read(tmp_path / "other.json") is None
    assert Runs.read(tmp_path / "none.json") is None


def test_the_tables_fit_a_terminal_and_say_what_differs(compared):
    (against,) = compared.against
    shown = text_of(
        figures_table(compared, against),
        tallies_table(compared, against),
        events_table(compared, against, most=2),
    )
    assert "speed.fps" in shown
    assert "paired t over bags" in shown
    assert "a only" in shown
    assert "flips" in shown
    assert f"and {len(against.differences) - 2} more; --events N" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_one_bag_is_said_to_have_no_interval(compared, shop):
    outcomes = {s: {"monday": by_bag["monday"]} for s, by_bag in compared.outcomes.items()}
    alone = module.gather(outcomes, ["monday"])
    assert all(f.low is None for f in alone.against[0].figures.values())
    assert "one bag: no interval" in text_of(figures_table(alone, alone.against[0]))


def test_the_report_holds_everything(compared, tmp_path):
    write_report(compared, tmp_path)
    data = json.loads((tmp_path / "comparison.json").read_text())
    (against,) = compared.against
    assert data == json.loads(json.dumps(compared.as_dict()))
    assert len(data["against"]["b"]["differences"]) == len(against.differences)
    assert data["scorecards"]["a"]["monday"]["counts"]["frames"] > 0
    text = (tmp_path / "report.md").read_text()
    assert text == report(compared)
    assert text.count("\n| ") > len(against.figures) + len(against.differences)


def test_what_cannot_be_compared_is_refused_first(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "replay_bag", refuse_to_replay)
    a, monday = shop / "a.yaml", shop / "monday.bag"
    (tmp_path / "lost.yaml").write_text('stages: {track: {uses: "nowhere_to_be:Found"}}')
    with pytest.raises(StageError, match="at least two stacks"):
        compare([a], [monday])
    with pytest.raises(BagError, match="at least one bag"):
        compare([a, a], [])
    with pytest.raises(BagError, match="given twice"):
        compare([a, a], [monday, monday])
    with pytest.raises(StageError, match=r"'track': cannot import nowhere_to_be:Found"):
        compare([a, tmp_path / "lost.yaml"], [monday])
    with pytest.raises(ScenarioError, match=r"none.yaml: No such file"):
        compare([a, tmp_path / "none.yaml"], [monday])
    with pytest.raises(BagError, match=r"none\.bag"):
        compare([a, a], [tmp_path / "none.bag"])


def test_names_are_stems_unless_they_clash(shop, tmp_path):
    (tmp_path / "a.yaml").write_text(LIGHT % (0.2, 3.0))
    names = [s.name for s in name_stacks([shop / "a.yaml", tmp_path / "a.yaml", "default"])]
    assert names == [str(shop / "a.yaml"), str(tmp_path / "a.yaml"), "default"]
