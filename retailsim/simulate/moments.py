"""Looking at a scenario now and then: the world runs on, cameras draw only at some moments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from retailsim.errors import ScenarioError
from retailsim.simulate.camera.rig import CameraRig
from retailsim.simulate.camera.view import View
from retailsim.simulate.faults import Faults
from retailsim.simulate.randomise import randomised
from retailsim.simulate.record import camera_rig
from retailsim.simulate.scenario import Scenario
from retailsim.simulate.shop import TICKS_PER_S
from retailsim.simulate.snapshot import Snapshot
from retailsim.simulate.world import TICK_NS, World
from retailsim.store.plan import StorePlan

# Of the world's ticks just before a moment, this many are drawn and thrown away: what a camera
# makes of a moment may depend on the one before.
LEAD_TICKS = 1


@dataclass(frozen=True)
class Moment:
    """One look at the shop.

    Attributes:
        at_s: seconds since the scenario's start.
        snapshot: the world.
        views: what the cameras deliver, in the plan's order; a camera may miss.
    """

    at_s: float
    snapshot: Snapshot
    views: tuple[View, ...]


def spread_s(duration_s: float, count: int) -> list[float]:
    """Return the middles of `count` equal parts of a session, seconds."""
    return [duration_s * (i + 0.5) / count for i in range(count)]


def look(
    scenario: Scenario,
    plan: StorePlan,
    *,
    seed: int,
    at_s: Sequence[float],
    progress: Callable[[float], None] | None = None,
) -> Iterator[Moment]:
    """Play a scenario and yield what the cameras see at some moments.

    Args:
        scenario, plan, seed: as for `record`.
        at_s: the moments, ascending, rounded to the world's ticks.
        progress: told the share done after every tick.

    Raises:
        ScenarioError: no camera of the plan is calibrated, or the world cannot be played.
        DeviceError: there is no OpenGL.
    """
    plan, faults = randomised(plan, scenario.faults, scenario.randomise, seed=seed)
    wanted = sorted({round(s * TICKS_PER_S) for s in at_s})
    last = wanted[-1]
    leads = {tick - lead for tick in wanted for lead in range(1, LEAD_TICKS + 1)}
    world = World(scenario, plan, seed=seed)
    with _rig(scenario, plan, faults, seed) as rig:
        for tick, (snapshot, _) in enumerate(world.run((last + 1) / TICKS_PER_S)):
            if tick in wanted:
                yield Moment(tick / TICKS_PER_S, snapshot, tuple(rig.render(snapshot)))
            elif tick in leads:
                rig.render(snapshot)
            if progress:
                progress((tick + 1) / (last + 1))


def look_frozen(
    scenario: Scenario,
    plan: StorePlan,
    *,
    seed: int,
    frozen_at_s: float,
    at_s: Sequence[float],
) -> Iterator[Moment]:
    """Stop the world at one moment and yield what the cameras see of it at later times.

    What changes from picture to picture is light and cameras alone, and hours pass in no time.

    Args:
        scenario, plan, seed: as for `record`.
        frozen_at_s: how long the world is played before it stops.
        at_s: when the cameras look, ascending.

    Raises:
        ScenarioError: no camera of the plan is calibrated, or the world cannot be played.
        DeviceError: there is no OpenGL.
    """
    plan, faults = randomised(plan, scenario.faults, scenario.randomise, seed=seed)
    *_, (frozen, _) = World(scenario, plan, seed=seed).run(frozen_at_s + 1 / TICKS_PER_S)
    with _rig(scenario, plan, faults, seed) as rig:
        for seconds in at_s:
            now_ns = scenario.start_ns + round(seconds * TICKS_PER_S) * TICK_NS
            snapshot = replace(frozen, time_ns=now_ns, swings=())
            yield Moment(seconds, snapshot, tuple(rig.render(snapshot)))


def _rig(scenario: Scenario, plan: StorePlan, faults: Faults, seed: int) -> CameraRig:
    """Return cameras that are fast enough to have a picture at every tick."""
    if not any(camera.calibrated for camera in plan.cameras):
        raise ScenarioError(f"the plan '{plan.name}' has no calibrated camera to look through")
    cameras = [
        camera.model_copy(update={"rate_hz": max(camera.rate_hz, float(TICKS_PER_S))})
        for camera in plan.cameras
    ]
    return camera_rig(scenario, plan.model_copy(update={"cameras": cameras}), faults, seed=seed)
