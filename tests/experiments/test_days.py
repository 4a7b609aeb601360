"""A day is held to what it promises, and only to that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from retailsim.experiments.bench_tables import days_table
from retailsim.experiments.days import DayReport, bench_days, check_day


@pytest.fixture
def promising(kiosk: Path, tmp_path: Path) -> Path:
    """A day in the tiny shop that keeps some promises and breaks others."""
    return day_with(
        kiosk, tmp_path / "day.yaml", "crossings: 1, people_at_once: 2, sales: 5000, mirrors: 1"
    )


def day_with(kiosk: Path, path: Path, promises: str) -> Path:
    text = kiosk.read_text() + f"promises: {{{promises}}}\n"
    path.write_text(text.replace("store: ", f"store: {kiosk.parent}/"))
    return path


def verdicts(report: DayReport) -> dict[str, str]:
    return {check.promise: check.verdict for check in report.checks}


def test_kept_and_broken_promises_are_told_apart(promising: Path) -> None:
    report = check_day(promising, seconds=15)
    assert verdicts(report) == {
        "crossings": "kept",
        "people_at_once": "kept",
        "sales": "broken",
        "mirrors": "kept",
    }
    assert not report.passed
    assert report.seconds == 15


def test_an_upper_bound_is_a_promise_too(kiosk: Path, tmp_path: Path) -> None:
    crowded = day_with(kiosk, tmp_path / "crowded.yaml", "people_at_once_at_most: 1")
    quiet = day_with(kiosk, tmp_path / "quiet.yaml", "people_at_once_at_most: 50")
    assert [report.passed for report in bench_days([crowded, quiet], seconds=5)] == [False, True]


def test_reads_are_made_where_they_are_promised(kiosk: Path, tmp_path: Path) -> None:
    day = day_with(kiosk, tmp_path / "day.yaml", "covered_flips: 0, reader_silence_s: 4")
    report = check_day(day, seconds=6)
    assert verdicts(report) == {"covered_flips": "kept", "reader_silence_s": "broken"}


@pytest.mark.gl
def test_frames_and_pictures_are_measured_unless_told_not_to(kiosk: Path, tmp_path: Path) -> None:
    devices = "dropped_frames_share: 0.1, knocked_px: 10, mean_luminance: 20"
    day = day_with(kiosk, tmp_path / "day.yaml", devices)
    assert verdicts(check_day(day, seconds=2)) == {
        "dropped_frames_share": "broken",
        "knocked_px": "broken",
        "mean_luminance": "kept",
    }
    without = check_day(day, seconds=2, video=False)
    assert set(verdicts(without).values()) == {"not measured"}
    assert without.passed


@pytest.mark.gl
def test_faults_of_devices_are_found_in_what_they_deliver(kiosk: Path, tmp_path: Path) -> None:
    promises = "dropped_frames_share: 0.2, late_frames_share: 0.2, knocked_px: 3"
    day = day_with(kiosk, tmp_path / "day.yaml", f"{promises}, reader_silence_s: 3.9")
    faults = """faults:
  knocked: [{camera: high, at_s: 12, yaw_deg: 4}]
  frames: [{camera: side, drop_share: 0.5, late_share: 0.5, delay_s: 0.5}]
  readers: [{reader: north, at_s: 3, for_s: 4}]
"""
    day.write_text(day.read_text() + faults)
    report = check_day(day, seconds=10)
    assert set(verdicts(report).values()) == {"kept"}, [str(c) for c in report.checks]


def test_a_day_that_promises_nothing_fails(kiosk: Path) -> None:
    report = check_day(kiosk, seconds=2)
    assert report.checks == ()
    assert not report.passed


def test_a_day_that_cannot_be_read_does_not_hide_the_others(kiosk: Path, tmp_path: Path) -> None:
    good = day_with(kiosk, tmp_path / "day.yaml", "mirrors: 1")
    (tmp_path / "bad.yaml").write_text("name: bad\n")
    bad, fine, missing = bench_days([tmp_path / "bad.yaml", good, "boutiqe"], seconds=2)
    assert bad.error is not None
    assert "bad.yaml" in bad.error
    assert fine.passed
    assert missing.error is not None
    assert "did you mean boutique" in missing.error
    assert days_table([bad, fine, missing]).row_count == 3


def test_the_command_exits_1_when_a_promise_is_broken(promising: Path) -> None:
    options = ["--seconds", "5", "--no-video", "--json"]
    outcome = CliRunner().invoke(app, ["bench", "days", str(promising), *options])
    assert outcome.exit_code == 1
    (report,) = json.loads(outcome.stdout)
    assert report["passed"] is False
    assert report["checks"][0]["promise"] == "people_at_once"
