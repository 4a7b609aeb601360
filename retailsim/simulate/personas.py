"""Who comes to a shop and why: personas, their company, and customers who come back.

Shares, ages and budgets of a scenario's personas are its author's; where a default is not named
after a source it is assumed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from retailsim.simulate.lognormal import LogNormal
from retailsim.store.plan import Identifier, NotNegative, PlanModel, Positive, Share, Span

OLDEST_YEARS = 110.0
Purpose = Literal["browse", "find", "return"]
Style = Literal["basic", "casual", "smart", "sport", "party"]


class Purposes(PlanModel):
    """What people of a persona come for: weights, by the words of their purpose in the truth."""

    model_config = ConfigDict(populate_by_name=True)

    browse: NotNegative = Field(default=1.0, description="to look around")
    find: NotNegative = Field(default=0.0, description="for a garment of one kind")
    return_: NotNegative = Field(
        default=0.0, alias="return", description="to bring back something bought earlier"
    )

    @model_validator(mode="after")
    def _some(self) -> Purposes:
        if self.browse + self.find + self.return_ <= 0:
            raise ValueError("give at least one purpose a weight above 0")
        return self


class Company(PlanModel):
    """Who they come with: weights. A family is one or two adults with one or two children."""

    alone: NotNegative = 1.0
    couple: NotNegative = 0.0
    family: NotNegative = 0.0

    @model_validator(mode="after")
    def _some(self) -> Company:
        if self.alone + self.couple + self.family <= 0:
            raise ValueError("give alone, couple or family a weight above 0")
        return self


def _of_people(age_years: tuple[float, float]) -> tuple[float, float]:
    if age_years[1] > OLDEST_YEARS:
        raise ValueError(f"nobody is older than {OLDEST_YEARS:g}")
    return age_years


class Persona(PlanModel):
    """A kind of shopper; all defaults are assumed."""

    id: Identifier
    share: NotNegative = Field(default=1.0, description="weight among the scenario's personas")
    feminine: Share = Field(default=0.5, description="share who present as women")
    age_years: Annotated[Span, AfterValidator(_of_people)] = Field(
        default=(18.0, 75.0), description="youngest, oldest"
    )
    height_m: Span | None = Field(
        default=None, description="least and most; by age and sex where not given"
    )
    style: Style | None = Field(default=None, description="a style they all favour")
    segment: int | None = Field(default=None, ge=0, description="taste segment; any if not given")
    budget_eur: LogNormal | None = Field(
        default=None, description="price of one garment they think dear; null: money is no matter"
    )
    patience_s: LogNormal = Field(
        default=LogNormal(median=240.0, spread=0.5), description="time they will stand in line"
    )
    purposes: Purposes = Purposes()
    company: Company = Company()
    pram: Share = Field(default=0.0, description="share of women and men who push a pram")
    pace: Positive = Field(default=1.0, description="factor of the walking speed")
    stay: Positive = Field(default=1.0, description="factor of the visit's length")


class Regulars(PlanModel):
    """Customers the shop knows: the same bodies and tastes on every day it is played.

    Who they are depends on `seed` alone, what they wear on the date of the scenario as well. All
    defaults are assumed.
    """

    pool: int = Field(default=200, ge=1, le=100_000, description="how many there are")
    share: Share = Field(default=0.0, description="of all parties that a regular leads")
    seed: int = Field(default=0, ge=0, lt=2**63)
    same_day: Share = Field(default=0.0, description="who come back once on the same day")
    back_after_s: LogNormal = Field(default=LogNormal(median=1800.0, spread=0.4))


ANYBODY = Persona(id="anybody")
