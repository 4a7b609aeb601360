"""A scenario: one day, or a quarter of an hour, played in a shop.

A scenario belongs to the world alone: who comes, what they are like, what they do. The plan of
the shop is a file of its own, named by `store`.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import yaml
from pydantic import AwareDatetime, Field, model_validator

from retailsim.errors import ScenarioError
from retailsim.resources import find
from retailsim.simulate.faults import Faults, strangers
from retailsim.simulate.lighting import Lighting
from retailsim.simulate.lognormal import LogNormal
from retailsim.simulate.personas import ANYBODY, Persona, Regulars
from retailsim.simulate.places import most_standing
from retailsim.simulate.randomise import Randomisation
from retailsim.simulate.responses import Responses
from retailsim.store.load import line_in, load_model, load_shop, parse_model
from retailsim.store.plan import (
    Identifier,
    NotNegative,
    PlanModel,
    Positive,
    Share,
    Span,
    StorePlan,
)

MAX_DURATION_S = 86_400.0


class RatePoint(PlanModel):
    """One corner of a piecewise-linear rate of parties; before and after it stays level.

    A party is who comes together: somebody alone, a couple, a family.
    """

    at_s: float = Field(description="seconds since the scenario's start")
    per_hour: float = Field(ge=0, le=3600)


class Arrivals(PlanModel):
    """How many people come by: non-homogeneous Poisson processes."""

    visitors: list[RatePoint] = Field(min_length=1, description="parties who enter the shop")
    passers_by: list[RatePoint] = Field(
        default=[], description="people who only walk along the street before the door"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Arrivals:
        for points in (self.visitors, self.passers_by):
            times = [point.at_s for point in points]
            if any(late <= early for early, late in pairwise(times)):
                raise ValueError("the at_s of rate points must rise")
        return self


class WarmStart(PlanModel):
    """People who are inside when the scenario starts, in the middle of what they do."""

    people: int = Field(
        default=0,
        ge=0,
        le=200,
        description="parties; who comes with them is there too, where there is room beside them",
    )
    warm_up_s: float = Field(
        default=90.0, ge=0, le=1800, description="how long the world runs before its start"
    )


class Habits(PlanModel):
    """What shoppers do. Probabilities are those of a shopper who is neutral to a garment.

    All defaults are assumed. The walking speed is that of people who look about: well below the
    1.34 m/s of pedestrians (Weidmann 1993), which age and company scale (see `gait.py`).
    """

    quick_share: Share = Field(default=0.3, description="who only look at one or two fixtures")
    quick_visit_s: LogNormal = LogNormal(median=45.0, spread=0.35)
    visit_s: LogNormal = LogNormal(median=260.0, spread=0.4)
    look_s: LogNormal = Field(
        default=LogNormal(median=6.0), description="before touching at a fixture"
    )
    pause_s: LogNormal = Field(default=LogNormal(median=4.0), description="between two garments")
    garments_per_fixture: Positive = Field(default=1.6, description="mean number handled")
    touch_probability: Share = Field(default=0.8, description="touches anything at a fixture")
    flip_s: Span = Field(default=(1.0, 4.0), description="least and most")
    pick_up_probability: Share = Field(default=0.2, description="takes a handled garment along")
    carry_at_most: int = Field(default=3, ge=1, le=10)
    try_on_probability: Share = Field(default=0.6, description="of a garment picked up")
    change_s: LogNormal = Field(
        default=LogNormal(median=16.0, spread=0.3), description="in the room"
    )
    mirror_s: LogNormal = Field(
        default=LogNormal(median=12.0, spread=0.3), description="per garment"
    )
    buy_probability: Share = Field(default=0.5, description="of a garment picked up")
    pay_s: LogNormal = Field(default=LogNormal(median=16.0, spread=0.3), description="at the till")
    walking_speed_mps: Positive = Field(default=0.95, description="mean inside the shop")
    misplace_probability: Share = Field(
        default=0.0, description="a garment put back goes to another place than its own"
    )


class Choice(PlanModel):
    """Weights of the discrete choice of where to go next and what to touch; see `choice.py`.

    All assumed: no published study gives them for a clothing shop.
    """

    taste: NotNegative = Field(default=1.3, description="per unit of a garment's utility")
    way_per_m: NotNegative = 0.12
    seen_before: NotNegative = Field(default=2.5, description="charge for having been there")
    out_of_sight: NotNegative = Field(default=0.6, description="charge for what cannot be seen")
    behind: NotNegative = Field(default=0.4, description="charge for what is behind one's back")
    crowding: NotNegative = Field(default=0.35, description="charge per person already there")
    too_dear: NotNegative = Field(
        default=1.5, description="charge per unit of log(price / budget) above the budget"
    )
    wanted: NotNegative = Field(default=2.5, description="what one came for, or was shown")


class Tastes(PlanModel):
    """How alike shoppers' tastes are; defaults assumed."""

    segments: int = Field(default=4, ge=1, le=20, description="latent style segments")
    seed: int | None = Field(
        default=None, ge=0, description="draws the segments; the session's seed if not given"
    )
    personal: NotNegative = Field(
        default=0.5, description="spread of a person's taste around the segment's, whose own is 1"
    )


class DressAlike(PlanModel):
    """Shoppers who wear the same clothes as some others (a school, a firm, a fashion)."""

    share: Share = 0.0
    groups: int = Field(default=2, ge=1, le=50, description="number of different outfits")


class Delivery(PlanModel):
    """Garments that are in the stock room at opening time and are carried to their places."""

    garments: int = Field(ge=1, le=2000)
    armful: int = Field(default=8, ge=1, le=20, description="how many are carried at once")


class Staff(PlanModel):
    """People who work in the shop; how often they do what is assumed (see `staff.py`)."""

    at_till: int = Field(default=1, ge=0, le=4, description="one for each of the first tills")
    greeters: int = Field(default=0, ge=0, le=5, description="meet people near the door")
    stockers: int = Field(
        default=0, ge=0, le=10, description="fold, bring misplaced garments home, restock"
    )
    delivery: Delivery | None = None


class Draught(PlanModel):
    """What wind does when a door opens: cloth on rails near it sways (`draught.py`). Assumed."""

    reach_m: Positive = Field(default=3.5, description="cloth farther from the door hangs still")
    amplitude_m: Span = Field(
        default=(0.001, 0.01), description="least and most, at the door; less with the distance"
    )
    gust_s: Span = Field(default=(1.0, 3.0), description="how long it blows, least and most")


class Promises(PlanModel):
    """What a session of the scenario holds at least (`_at_most`: at most); null promises nothing.

    Counts are per five minutes, on average.
    """

    people_inside: NotNegative | None = Field(default=None, description="customers, on average")
    people_at_once: NotNegative | None = Field(
        default=None, description="most people inside at any time, staff included"
    )
    people_at_once_at_most: NotNegative | None = None
    crossings: NotNegative | None = None
    covered_flips: NotNegative | None = Field(
        default=None, description="flips and pick-ups with at least three reads of the tag"
    )
    try_ons: NotNegative | None = None
    sales: NotNegative | None = None
    queued: NotNegative | None = Field(default=None, description="stays in a queue that ended")
    gave_up: NotNegative | None = Field(
        default=None, description="people who left a queue unserved"
    )
    returns: NotNegative | None = Field(
        default=None, description="customers who came in again after they had left"
    )
    screen_looks: NotNegative | None = None
    screen_group: NotNegative | None = Field(
        default=None, description="most people who look at one screen at the same time"
    )
    passed_by: NotNegative | None = Field(
        default=None,
        description="people who came and went without entering the shop, or one of a mall's",
    )
    shop_visits: NotNegative | None = Field(
        default=None, description="people who went from a mall into one of its shops"
    )
    misplaced: NotNegative | None = Field(
        default=None, description="garments put down where the planogram does not have them"
    )
    staff_carries: NotNegative | None = Field(
        default=None, description="garments that staff carried through the shop"
    )
    armfuls_past_antennas: NotNegative | None = Field(
        default=None,
        description="times that one of the staff with 8 tags or more came within 2 m of an antenna",
    )
    restocked: NotNegative | None = Field(default=None, description="garments staff put in place")
    tidied: NotNegative | None = Field(
        default=None, description="garments staff folded, straightened"
    )
    alike_share: Share | None = Field(
        default=None, description="customers whose clothes another customer wears, too"
    )
    company_share: Share | None = Field(
        default=None, description="customers who came with somebody"
    )
    tags_beside_handled: NotNegative | None = Field(
        default=None,
        description="tags that hang within 0.5 m of a garment that is flipped or picked up, mean",
    )
    half_hidden_share: Share | None = Field(
        default=None, description="people in pictures of whom less than half is seen"
    )
    mannequins: NotNegative | None = Field(default=None, description="in the plan")
    mirrors: NotNegative | None = Field(default=None, description="in the plan")
    reader_silence_s: NotNegative | None = Field(
        default=None,
        description="longest time without any read, of the reader that had the longest",
    )
    dropped_frames_share: Share | None = Field(default=None, description="of the worst camera")
    late_frames_share: Share | None = Field(
        default=None, description="of the worst camera: frames under way for more than 0.15 s"
    )
    knocked_px: NotNegative | None = Field(
        default=None, description="how far a camera shows things from where the plan says"
    )
    mean_luminance: NotNegative | None = Field(
        default=None, description="of the pictures, 0 to 255, over all cameras and the whole day"
    )
    mean_luminance_at_most: NotNegative | None = None
    light_change_share: Share | None = Field(
        default=None,
        description="share of a picture that light alone changes by more than 20 of 255 levels "
        "within the day, of the camera that has the most",
    )

    @model_validator(mode="after")
    def _can_be_kept(self) -> Promises:
        for name in ("people_at_once", "mean_luminance"):
            least, most = getattr(self, name), getattr(self, f"{name}_at_most")
            if least is not None and most is not None and least > most:
                raise ValueError(f"{name} promises more than {name}_at_most allows")
        return self


class Scenario(PlanModel):
    """Everything the world needs besides the plan and a seed."""

    name: Identifier
    purpose: str = Field(min_length=1, description="what the scenario is for, in a sentence")
    store: str = Field(description="the store plan's path, relative to the scenario file")
    start_time: AwareDatetime = Field(description="ISO 8601 with a time zone")
    duration_s: float = Field(gt=0, le=MAX_DURATION_S)
    seed: int = Field(default=1, ge=0, lt=2**63)
    arrivals: Arrivals
    warm_start: WarmStart = WarmStart()
    habits: Habits = Habits()
    choice: Choice = Choice()
    tastes: Tastes = Tastes()
    personas: list[Persona] = Field(default=[ANYBODY], min_length=1)
    regulars: Regulars = Regulars()
    dress_alike: DressAlike = DressAlike()
    staff: Staff = Staff()
    responses: Responses = Responses()
    lighting: Lighting = Lighting()
    draught: Draught | None = Field(default=None, description="wind through doors; null is none")
    faults: Faults = Faults()
    randomise: Randomisation = Randomisation()
    for_training: bool = Field(
        default=True, description="false keeps `retail train` away from this scenario"
    )
    promises: Promises = Promises()

    @model_validator(mode="after")
    def _personas_differ(self) -> Scenario:
        ids = [persona.id for persona in self.personas]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"persona id used twice: {', '.join(twice)}")
        if not any(persona.share for persona in self.personas):
            raise ValueError("personas: give at least one a share above 0")
        for persona in self.personas:
            if persona.segment is not None and persona.segment >= self.tastes.segments:
                raise ValueError(
                    f"persona '{persona.id}' names taste segment {persona.segment}, "
                    f"but tastes.segments is {self.tastes.segments}"
                )
        return self

    @property
    def start_ns(self) -> int:
        """The scenario's start, nanoseconds since the epoch."""
        return epoch_ns(self.start_time)


def epoch_ns(time: datetime) -> int:
    """Return a time with zone as nanoseconds since the epoch, exact to the microsecond."""
    whole = time.replace(microsecond=0)
    return round(whole.timestamp()) * 10**9 + time.microsecond * 1000


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario; raises ScenarioError naming file, line and field."""
    return load_model(Scenario, path)


def parse_scenario(text: str, *, origin: str) -> Scenario:
    """Parse a scenario from YAML text; `origin` names it in errors."""
    return parse_model(Scenario, text, origin=origin)


def dump_scenario(scenario: Scenario) -> str:
    """Return the scenario as YAML text that `parse_scenario` reads back equal."""
    data = scenario.model_dump(mode="json", by_alias=True)
    if scenario.draught is None:
        del data["draught"]  # days without wind are written as they were before there was any
    return yaml.safe_dump(data, sort_keys=False)


def load_store(scenario: Scenario, scenario_path: str | Path) -> StorePlan:
    """Read the plan a scenario is played in; raises ScenarioError, also for impossible shops and
    devices that the shop lacks."""
    path = find(scenario_path).parent / scenario.store
    if not path.exists():
        raise ScenarioError(f"{scenario_path}: store: there is no plan at {scenario.store}")
    plan = load_shop(path)
    for stranger in strangers(scenario.faults, plan):
        _refuse(scenario_path, ["faults", *stranger.place], stranger.message)
    most = most_standing(plan.size_m or (0.0, 0.0))
    if scenario.warm_start.people > most:
        _refuse(
            scenario_path,
            ["warm_start", "people"],
            f"{scenario.warm_start.people} do not fit on the floor of {plan.name}, "
            f"{most} at the very most; take fewer",
        )
    return plan


def _refuse(path: str | Path, place: list[str | int], message: str) -> NoReturn:
    name = ".".join(str(part) for part in place)
    raise ScenarioError(f"{path}:{line_in(path, place)}: {name}: {message}")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files."""
    return Scenario.model_json_schema()
