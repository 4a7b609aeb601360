"""Tables for the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from retailsim.evaluate.gate import Delta
from retailsim.evaluate.scorecard import FAMILIES, Scorecard
from retailsim.report.table import gate_table, number, scorecard_table


def printed(what, *, width=80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(what)
    return console.file.getvalue()


def card(**accuracy) -> Scorecard:
    figures = {family: dict.fromkeys(names) for family, names in FAMILIES.items()}
    return Scorecard.model_validate(
        {
            "session": "monday",
            "scenario": "boutique",
            "seed": 7,
            "device": "cpu: test, 2 cores",
            "precision": "fp32",
            "digest": "0123456789abcdef" * 4,
            "provenance": {"retailsim": "0", "stack": "0"},
            "counts": {
                "frames": 12000,
                "tag_reads": 34567,
                "people": 8,
                "crossings": 4,
                "flips": 3,
                "interactions": 2,
                "sales": 1,
            },
            "speed": {
                "fps": 80.0,
                "stages": {
                    "track": {"ms_per_item": 0.4, "busy": 0.1, "items": 12000},
                    "detect": {"ms_per_item": 6.0, "busy": 0.6, "items": 12000},
                },
            },
            "accuracy": figures | accuracy,
        }
    )


def lines_with(text: str, word: str) -> list[str]:
    return [line for line in text.splitlines() if word in line]


def test_figures_show_with_three_digits_null_as_a_dash_and_counts_whole():
    assert [number(v) for v in (0.98765, None, 12000, 1234.5)] == [
        "0.988",
        "-",
        "12,000",
        "1,234.5",
    ]
    text = printed(scorecard_table(card(detection={"ap50": 0.98765, "ap": None})))
    assert "0.988" in lines_with(text, "ap50")[0]
    assert lines_with(text, " ap ")[0].split() == ["ap", "-"]
    assert "12,000 frames" in text


def test_families_without_any_figure_share_one_line():
    text = printed(scorecard_table(card(detection={"ap50": 0.9, "ap": 0.5})))
    assert not lines_with(text, "rank1")
    assert "nothing to compute for" in text


def test_rivals_stand_beside_the_stack():
    rivals = {"detection": {"hog": {"ap50": 0.27, "ap": 0.1}, "blob": {"ap50": None, "ap": None}}}
    text = printed(scorecard_table(card(detection={"ap50": 0.9, "ap": 0.5}), baselines=rivals))
    assert lines_with(text, "ap50")[0].split() == ["detection", "ap50", "0.900", "hog", "0.270"]


def test_the_busiest_stage_comes_first():
    text = printed(scorecard_table(card()))
    assert text.index("detect") < text.index("track ")


@pytest.mark.parametrize("width", [80, 100])
def test_tables_fit_the_terminal(width):
    rivals = {"flip": {"rssi-3db": dict.fromkeys(FAMILIES["flip"], 0.5)}}
    flips = dict.fromkeys(FAMILIES["flip"], 0.75)
    text = printed(scorecard_table(card(flip=flips), baselines=rivals), width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "false_alarms_per_tag_hour" in text


DELTAS = [
    Delta("accuracy.detection.ap50", 0.9, 0.9, 0.89, None, "ok"),
    Delta("accuracy.tag_zone.accuracy", 0.9, 0.7, 0.89, None, "regression"),
    Delta("accuracy.reid.map", 0.5, None, 0.47, None, "lost"),
    Delta("accuracy.flow.l1", 0.3, 0.2, None, 0.45, "ok"),
    Delta("speed.stages.track.ms_per_item", 0.4, 0.41, None, 1.8, "ok"),
    Delta("speed.ratio", 10.0, 11.0, None, 20.0, "ok"),
    Delta("counts.people", 4, 2, 4, None, "vacuous"),
]


def test_a_gate_names_what_failed_first_and_then_what_moved():
    text = printed(gate_table("boutique", DELTAS, everything=False))
    order = ["tag_zone", "reid.map", "counts.people", "flow.l1", "speed.ratio"]
    places = [text.index(name) for name in order]
    assert places == sorted(places)
    assert "ap50" not in text
    assert "stages.track" not in text
    assert "3 failed" in text
    assert "-0.200" in lines_with(text, "tag_zone")[0]
    assert ">= 0.890" in lines_with(text, "tag_zone")[0]


def test_everything_shows_figures_that_did_not_move_too():
    text = printed(gate_table("boutique", DELTAS, everything=True), width=100)
    assert "ap50" in text
    assert "stages.track" in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_a_green_gate_says_so():
    assert "as expected" in printed(gate_table("boutique", DELTAS[:1]))
