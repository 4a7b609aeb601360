"""Who comes together, and what for: drawing a party from the scenario's personas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from retailsim.simulate.appearance import Profile
from retailsim.simulate.personas import Persona, Purpose, Regulars
from retailsim.simulate.streams import stream

Role = Literal["leader", "adult", "child"]
CHILD_YEARS = (3.0, 12.0)
COUPLE_YEARS = 3.0  # spread of the difference of a couple's ages (assumed)
SECOND_PARENT = 0.4  # families with two adults (assumed)
SECOND_CHILD = 0.4  # families with two children (assumed)
SAME_SEX = 0.05  # couples (assumed)


@dataclass(frozen=True)
class Member:
    """One of a party: looks and part."""

    profile: Profile
    role: Role


@dataclass(frozen=True)
class Party:
    """People who come and go together.

    Attributes:
        persona: the leader's.
        purpose: what the leader comes for.
        members: the leader first.
        customer: number of a regular customer who leads it, None for a stranger.
    """

    persona: Persona
    purpose: Purpose
    members: tuple[Member, ...]
    customer: int | None


def draw_party(
    personas: list[Persona],
    regulars: Regulars,
    *,
    kind: np.random.Generator,
    company: np.random.Generator,
) -> Party:
    """Draw a party.

    Args:
        personas: the scenario's.
        regulars: customers who come back; the leader may be one of them.
        kind: draws persona and customer.
        company: draws everything that the persona's own parameters decide, so that they change
            nobody else's persona.
    """
    number = int(kind.integers(regulars.pool))
    customer = number if kind.random() < regulars.share else None
    # Who a regular customer is does not depend on the day.
    own = kind if customer is None else stream(regulars.seed, "customer", customer, "who")
    share = np.array([p.share for p in personas])
    persona = personas[int(own.choice(len(personas), p=share / share.sum()))]
    purpose = _draw_purpose(persona, company)
    profile = draw_profile(persona, company if customer is None else own)
    leader = Member(profile, "leader")
    return Party(persona, purpose, (leader, *_company(persona, leader.profile, company)), customer)


def draw_profile(persona: Persona, rng: np.random.Generator) -> Profile:
    """Draw an adult (or child) of a persona."""
    presentation = "feminine" if rng.random() < persona.feminine else "masculine"
    age = float(rng.uniform(*persona.age_years))
    share = float(rng.random())
    height = None
    if persona.height_m is not None:
        low, high = persona.height_m
        height = low + share * (high - low)
    return Profile(presentation, age, height, pram=bool(rng.random() < persona.pram))


def _draw_purpose(persona: Persona, rng: np.random.Generator) -> Purpose:
    weights = persona.purposes
    total = np.array([weights.browse, weights.find, weights.return_])
    names: tuple[Purpose, ...] = ("browse", "find", "return")
    return names[int(rng.choice(3, p=total / total.sum()))]


def _company(persona: Persona, leader: Profile, rng: np.random.Generator) -> list[Member]:
    weights = persona.company
    total = np.array([weights.alone, weights.couple, weights.family])
    kind = int(rng.choice(3, p=total / total.sum()))
    if kind == 0:
        return []
    if kind == 1:
        return [Member(_partner(leader, rng), "adult")]
    adults = [Member(_partner(leader, rng), "adult")] if rng.random() < SECOND_PARENT else []
    count = 1 + int(rng.random() < SECOND_CHILD)
    return [*adults, *(Member(_child(rng), "child") for _ in range(count))]


def _partner(leader: Profile, rng: np.random.Generator) -> Profile:
    other = "masculine" if leader.presentation == "feminine" else "feminine"
    presentation = leader.presentation if rng.random() < SAME_SEX else other
    return Profile(presentation, max(18.0, leader.age_years + float(rng.normal(0, COUPLE_YEARS))))


def _child(rng: np.random.Generator) -> Profile:
    presentation = "feminine" if rng.random() < 0.5 else "masculine"
    return Profile(presentation, float(rng.uniform(*CHILD_YEARS)))
