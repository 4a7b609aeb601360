"""Who comes together follows from the personas, and each persona's parameters stay its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from retailsim.simulate.lognormal import LogNormal
from retailsim.simulate.party import Party, draw_party
from retailsim.simulate.personas import Company, Persona, Purposes, Regulars
from retailsim.simulate.streams import stream


def parties(
    personas: list[Persona], count: int = 400, regulars: Regulars | None = None
) -> list[Party]:
    return [
        draw_party(
            personas,
            regulars or Regulars(),
            kind=stream(1, "kind", k),
            company=stream(1, "company", k),
        )
        for k in range(count)
    ]


def test_shares_of_personas_and_company_are_as_asked() -> None:
    found = parties(
        [
            Persona(id="student", share=3, age_years=(18, 25)),
            Persona(id="parent", share=1, company=Company(alone=0, family=1)),
        ]
    )
    parents = [p for p in found if p.persona.id == "parent"]
    assert 0.18 < len(parents) / len(found) < 0.32
    for party in found:
        roles = [m.role for m in party.members]
        if party.persona.id == "student":
            assert roles == ["leader"]
            assert 18 <= party.members[0].profile.age_years <= 25
        else:
            assert roles[0] == "leader"
            assert 1 <= roles.count("child") <= 2
            assert roles.count("adult") <= 1
            ages = [m.profile.age_years for m in party.members if m.role == "child"]
            assert all(3 <= age <= 12 for age in ages)


def test_couples_are_two_adults() -> None:
    found = parties([Persona(id="pair", company=Company(alone=0, couple=1))])
    assert {tuple(m.role for m in p.members) for p in found} == {("leader", "adult")}
    mixed = [len({m.profile.presentation for m in p.members}) == 2 for p in found]
    assert 0.85 < np.mean(mixed) < 1.0


def test_one_personas_parameters_change_nobody_elses() -> None:
    plain = [Persona(id="one"), Persona(id="other")]
    changed = [
        Persona(id="one", company=Company(alone=0, family=1), age_years=(60, 70), feminine=1.0),
        Persona(id="other"),
    ]
    for before, after in zip(parties(plain), parties(changed), strict=True):
        assert before.persona.id == after.persona.id
        if before.persona.id == "other":
            assert before == after


def test_a_regular_customer_is_the_same_person_every_time() -> None:
    ranges = [Persona(id="young", age_years=(18, 30)), Persona(id="old", age_years=(50, 80))]
    regulars = Regulars(pool=5, share=0.6, seed=3)
    found = parties(ranges, regulars=regulars)
    share = np.mean([p.customer is not None for p in found])
    assert 0.5 < share < 0.7
    known: dict[int, tuple[str, object]] = {}
    for party in found:
        if party.customer is not None:
            who = (party.persona.id, party.members[0].profile)
            assert known.setdefault(party.customer, who) == who
    assert len(known) == 5


def test_purposes_are_drawn_by_weight() -> None:
    purposes = Purposes(browse=0, find=1, return_=1)
    found = [p.purpose for p in parties([Persona(id="one", purposes=purposes)])]
    assert set(found) == {"find", "return"}


@given(median=st.floats(0.1, 1e4), spread=st.floats(0, 2), seed=st.integers(0, 1000))
def test_amounts_are_positive_and_bounded(median: float, spread: float, seed: int) -> None:
    drawn = LogNormal(median=median, spread=spread).draw(np.random.default_rng(seed))
    assert 0 < drawn <= 4 * median


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"age_years": (30, 20)}, "the least, 30"),
        ({"age_years": (30, 300)}, "110"),
        ({"height_m": (1.9, 1.5)}, "the least, 1.9"),
        ({"purposes": {"browse": 0}}, "purpose"),
        ({"company": {"alone": 0}}, "alone, couple or family"),
        ({"feminine": 1.2}, "less than or equal"),
    ],
)
def test_impossible_personas_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Persona.model_validate({"id": "one", **changes})
