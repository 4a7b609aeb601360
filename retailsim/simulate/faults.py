"""What is wrong with devices: cameras with flaws, knocked ones, lost frames, readers that reboot.

All of it belongs to the world: plan and calibration say what was installed. Every time is in
seconds since the scenario's start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from retailsim.store.plan import (
    Identifier,
    NotNegative,
    PlanModel,
    Point3,
    Positive,
    Share,
    StorePlan,
)


class Flaws(PlanModel):
    """What a camera's lens and sensor do to light; the defaults are a decent one in shop light.

    The values are those of the model of camera; copies differ as far as the `spread`s say, and by
    a few tenths in vignette and sharpness. All defaults are assumed.
    """

    exposure_spread: float = Field(
        default=0.08, ge=0, le=0.5, description="copies differ in brightness by up to this share"
    )
    white_balance_spread: float = Field(
        default=0.03, ge=0, le=0.3, description="standard deviation of the colour channels' gain"
    )
    vignette: Share = Field(default=0.15, description="brightness lost in the corners, share")
    blur_px: float = Field(
        default=0.5,
        ge=0,
        le=10,
        description="standard deviation of the lens' blur in pixels; from 1 on it is out of focus",
    )
    noise_levels: float = Field(
        default=2.6, ge=0, le=40, description="standard deviation of noise in 8-bit levels"
    )
    dirt: Share = Field(
        default=0.0, description="smudges on the glass; at 1 little is seen through the thickest"
    )
    flicker: Share = Field(
        default=0.0,
        description="ripple of the lamps' light, share of its mean; a shutter that is open for a "
        "whole ripple (0.01 s at 50 Hz) sees none",
    )
    mains_hz: Literal[50, 60] = 50
    exposure_s: float = Field(
        default=0.005,
        gt=0,
        le=0.1,
        description="how long the shutter is open; what moves far in the picture meanwhile smears",
    )
    auto_exposure: bool = Field(
        default=False,
        description="settle to the scene's brightness, by a longer exposure first, then by gain, "
        "which is noise",
    )
    longest_exposure_s: float = Field(
        default=0.04, gt=0, le=0.1, description="of automatic exposure"
    )
    most_gain: float = Field(
        default=16.0, ge=1, le=256, description="of automatic exposure, factor on linear light"
    )
    settle_s: Positive = Field(
        default=1.0, description="time constant of automatic exposure, seconds"
    )


class CameraFlaws(Flaws):
    """The flaws of one camera, instead of those that all others have."""

    camera: Identifier


class Knock(PlanModel):
    """A camera that somebody bumps into; plan and calibration stay as installed."""

    camera: Identifier
    at_s: NotNegative = 0.0
    shift_m: Point3 = Field(default=(0.0, 0.0, 0.0), description="of the optical centre")
    yaw_deg: float = Field(
        default=0.0, ge=-180, le=180, description="turn about the shop's vertical, to the left"
    )
    pitch_deg: float = Field(default=0.0, ge=-90, le=90, description="then upwards")
    roll_deg: float = Field(
        default=0.0, ge=-180, le=180, description="then about the viewing axis, clockwise"
    )


class FrameLoss(PlanModel):
    """A camera's bad network: frames that never arrive and frames that arrive late.

    A lost frame is lost before the encoder, so that what arrives can be decoded; it has no truth
    boxes either. Late frames keep their order and their time of capture.
    """

    camera: Identifier
    from_s: NotNegative = 0.0
    for_s: Positive | None = Field(default=None, description="to the end where not given")
    drop_share: float = Field(default=0.0, ge=0, le=0.95, description="of all frames")
    burst_frames: float = Field(
        default=4.0, ge=1, le=1000, description="mean number of frames lost in a row"
    )
    late_share: Share = Field(default=0.0, description="of the frames that arrive")
    delay_s: float = Field(default=0.3, ge=0, le=10, description="mean delay of late frames")


class Reboot(PlanModel):
    """A reader that restarts: it reads nothing meanwhile and hops from the beginning after."""

    reader: Identifier
    at_s: NotNegative
    for_s: Positive = Field(default=35.0, description="until it reads again")
    new_phase: bool = Field(
        default=True,
        description="whether its phase offset per antenna and channel differs from before",
    )


class Faults(PlanModel):
    """What differs from the plan, or breaks, during a scenario."""

    flaws: Flaws = Field(default=Flaws(), description="of all cameras not named in `cameras`")
    cameras: list[CameraFlaws] = Field(default=[], description="flaws of single cameras")
    knocked: list[Knock] = Field(default=[], description="cameras bumped into")
    frames: list[FrameLoss] = Field(default=[], description="cameras with a bad network")
    readers: list[Reboot] = Field(default=[], description="readers that restart")

    @model_validator(mode="after")
    def _cameras_differ(self) -> Faults:
        named = [flaws.camera for flaws in self.cameras]
        twice = sorted({camera for camera in named if named.count(camera) > 1})
        if twice:
            raise ValueError(f"cameras: flaws given twice: {', '.join(twice)}")
        return self

    def flaws_of(self, camera: str) -> Flaws:
        """Return what is wrong with a camera's lens and sensor."""
        named: dict[str, Flaws] = {flaws.camera: flaws for flaws in self.cameras}
        return named.get(camera, self.flaws)


@dataclass(frozen=True)
class Stranger:
    """A fault that names a device which the shop lacks.

    Attributes:
        place: the way to the field from the faults, e.g. ('frames', 0, 'camera').
        message: what is wrong, in a sentence.
    """

    place: tuple[str | int, ...]
    message: str


def strangers(faults: Faults, plan: StorePlan) -> Iterator[Stranger]:
    """Yield every fault of a device that is not in the plan."""
    known = {
        "camera": [camera.id for camera in plan.cameras],
        "reader": [reader.id for reader in plan.readers],
    }
    for name, kind in (
        ("cameras", "camera"), ("knocked", "camera"), ("frames", "camera"), ("readers", "reader"),
    ):  # fmt: skip
        for row, fault in enumerate(getattr(faults, name)):
            device = getattr(fault, kind)
            if device not in known[kind]:
                there = ", ".join(known[kind]) or "none"
                yield Stranger(
                    (name, row, kind),
                    f"the store '{plan.name}' has no {kind} '{device}' (it has: {there})",
                )
