"""Does every day hold what it promises? `retail bench days`.

A scenario says what it is for and promises to contain it. Each is played, as cheaply as its
promises allow: decisions alone, with the radio where reads are promised, a stretch with video where
frames are; pictures are taken of a world that stands still, at times spread over the whole day. Of
most days the first minutes are enough; one of hours is played whole, coarsely.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from retailsim import api
from retailsim.errors import RetailError
from retailsim.evaluate.flip import handling
from retailsim.evaluate.reads import ReadTimes
from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import TagReads
from retailsim.session import BagReader
from retailsim.session.topics import camera_of
from retailsim.simulate.deeds import half_hidden_share
from retailsim.simulate.evidence import (
    frame_shares,
    knocked_px,
    light_change_share,
    mean_luminance,
    reader_silence_s,
)
from retailsim.simulate.library import find_scenario
from retailsim.simulate.moments import look_frozen, spread_s
from retailsim.simulate.promises import (
    FIVE_MINUTES_S,
    FRAMES,
    PICTURES,
    READS,
    Check,
    checks,
    measures,
    rates,
)
from retailsim.simulate.randomise import randomised
from retailsim.simulate.scenario import Scenario, load_scenario, load_store
from retailsim.store.plan import StorePlan

SECONDS = 300.0
LONG_S = 7200.0  # from which on a day is played whole
VIDEO_S = 60.0  # of a session with frames
FREEZE_S = 20.0  # pictures show the world as it is by then
PICTURES_A_DAY = 8

Held = dict[str, float]


@dataclass(frozen=True)
class DayReport:
    """One scenario's promises beside what it held.

    Attributes:
        scenario: as given.
        purpose: what it says it is for; '' when it cannot be read.
        seconds: how long it was played.
        checks: one per promise.
        error: why it cannot be read or played.
    """

    scenario: str
    purpose: str
    seconds: float
    checks: tuple[Check, ...]
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it could be played, promises anything, and breaks no promise."""
        kept = all(check.verdict != "broken" for check in self.checks)
        return self.error is None and bool(self.checks) and kept

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        rows = [
            {"promise": c.promise, "bound": c.bound, "held": c.held, "verdict": c.verdict}
            for c in self.checks
        ]
        return {
            "scenario": self.scenario,
            "purpose": self.purpose,
            "seconds": self.seconds,
            "passed": self.passed,
            "error": self.error,
            "checks": rows,
        }


def bench_days(
    scenarios: Sequence[str | Path] = (),
    *,
    seconds: float = SECONDS,
    seed: int | None = None,
    video: bool = True,
    progress: Callable[[str], None] | None = None,
) -> list[DayReport]:
    """Play scenarios and hold them to their promises.

    Args:
        scenarios: paths or names; all that are shipped by default.
        seconds: how long to play each, at most; days of hours are played whole.
        seed: of all draws; each scenario's own by default.
        video: False leaves promises of frames and pictures unmeasured.
        progress: told the name of each as it begins.

    Returns:
        A report per scenario; one that cannot be read or played has its error in it.
    """
    reports = []
    for scenario in scenarios or [listed.name for listed in api.scenarios()]:
        if progress:
            progress(str(scenario))
        try:
            reports.append(check_day(scenario, seconds=seconds, seed=seed, video=video))
        except RetailError as error:
            reports.append(DayReport(str(scenario), "", 0.0, (), str(error)))
    return reports


def check_day(
    scenario: str | Path, *, seconds: float = SECONDS, seed: int | None = None, video: bool = True
) -> DayReport:
    """Play one scenario and hold it to its promises.

    Raises:
        ScenarioError: it cannot be read or played.
        DeviceError: pictures are promised, and there is no OpenGL.
    """
    file = find_scenario(scenario)
    day = load_scenario(file)
    plan = load_store(day, file)
    needed = measures(day.promises)
    coarse = day.duration_s >= LONG_S and not needed & READS
    length_s = day.duration_s if coarse else min(day.duration_s, seconds)
    used_seed = day.seed if seed is None else seed
    held: Held = {}
    with tempfile.TemporaryDirectory() as folder:
        if needed - FRAMES - PICTURES:
            bag = Path(folder) / "decisions.bag"
            radio = bool(needed & READS)
            api.simulate(
                file, output=bag, seed=used_seed, duration_s=length_s, video=False, radio=radio,
                coarse=coarse,
            )  # fmt: skip
            held |= _held_by_truth(bag, plan, day, length_s, radio=radio)
        if video and needed & FRAMES:
            bag, video_s = Path(folder) / "video.bag", min(length_s, VIDEO_S)
            api.simulate(file, output=bag, seed=used_seed, duration_s=video_s, radio=False)
            held |= frame_shares(frame_times(bag), plan, video_s)
            held["half_hidden_share"] = half_hidden_share(MessageLog(BagReader(bag).truth()))
    if video and needed & PICTURES:
        held |= _held_by_pictures(day, plan, used_seed)
    return DayReport(str(scenario), day.purpose, length_s, tuple(checks(day.promises, held)))


def _held_by_truth(
    bag: Path, plan: StorePlan, day: Scenario, length_s: float, *, radio: bool
) -> Held:
    reader = BagReader(bag)
    truth = MessageLog(reader.truth())
    held = rates(truth, plan, length_s)
    if radio:
        read = any(topic.name.startswith("/rfid/") for topic in reader.summary().topics)
        sensors = MessageLog(reader.messages(frames=False) if read else ())
        covered = handling(truth, ReadTimes(sensors)).covered
        held["covered_flips"] = len(covered) * FIVE_MINUTES_S / length_s
        held["reader_silence_s"] = reader_silence_s(
            sensors.of(TagReads),
            plan,
            begin_ns=day.start_ns,
            end_ns=day.start_ns + round(length_s * 1e9),
        )
    return held


def _held_by_pictures(day: Scenario, plan: StorePlan, seed: int) -> Held:
    at_s = spread_s(day.duration_s, PICTURES_A_DAY)
    frozen_s = min(FREEZE_S, day.duration_s)
    moments = list(look_frozen(day, plan, seed=seed, frozen_at_s=frozen_s, at_s=at_s))
    recorded, _ = randomised(plan, day.faults, day.randomise, seed=seed)
    return {
        "knocked_px": knocked_px(moments, recorded),
        "mean_luminance": mean_luminance(moments),
        "light_change_share": light_change_share(moments),
    }


def frame_times(bag: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return camera -> times of capture and arrival of its frames, int64 (n,) each, ns."""
    times: dict[str, list[tuple[int, int]]] = {}
    for raw in BagReader(bag).raw_sensors():
        camera = camera_of(raw.channel.topic)
        if camera is not None:
            times.setdefault(camera, []).append((raw.publish_ns, raw.log_ns))
    pairs = {camera: np.array(own, np.int64) for camera, own in times.items()}
    return {camera: (own[:, 0], own[:, 1]) for camera, own in pairs.items()}
