"""The shipped scenarios: finding one by its name, and what there is to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from retailsim.errors import ScenarioError
from retailsim.resources import find, shipped_files
from retailsim.simulate.arrivals import rate_per_s
from retailsim.simulate.party import SECOND_CHILD, SECOND_PARENT
from retailsim.simulate.personas import Company
from retailsim.simulate.scenario import Scenario, load_scenario, load_store

FOLDER = "scenarios"


@dataclass(frozen=True)
class Listed:
    """A shipped scenario in a few words.

    Attributes:
        name: of the file, without suffix: what `retail simulate NAME` takes.
        purpose: what it is for.
        store: name of the plan it is played in.
        duration_s: its default length.
        people: visitors to expect over that length, those inside at the start included.
        error: why it cannot be read; then the other fields but the name are None.
    """

    name: str
    purpose: str | None = None
    store: str | None = None
    duration_s: float | None = None
    people: int | None = None
    error: str | None = None


def shipped() -> list[Listed]:
    """Return all shipped scenarios by name; one that cannot be read carries its error."""
    return [listed(path) for path in shipped_files(FOLDER, "*.yaml")]


def listed(path: Path) -> Listed:
    """Sum up one scenario file."""
    try:
        day = load_scenario(path)
        plan = load_store(day, path)
    except ScenarioError as error:
        return Listed(path.stem, error=str(error))
    people = round(day.warm_start.people + expected_visitors(day))
    return Listed(path.stem, day.purpose, plan.name, day.duration_s, people)


def expected_visitors(day: Scenario) -> float:
    """Return how many people come over a scenario's length, on average, with their company."""
    points = day.arrivals.visitors
    corners = {p.at_s for p in points if 0 < p.at_s < day.duration_s}
    at_s = np.array(sorted({0.0, day.duration_s, *corners}))
    per_s = rate_per_s(points, at_s)
    parties = float(np.sum(np.diff(at_s) * (per_s[1:] + per_s[:-1]) / 2))  # linear in between
    weights = sum(persona.share for persona in day.personas)
    return parties * sum(p.share * mean_party(p.company) for p in day.personas) / weights


def mean_party(company: Company) -> float:
    """Return how many people come together, on average."""
    family = 2 + SECOND_PARENT + SECOND_CHILD
    weights = company.alone + company.couple + company.family
    return (company.alone + 2 * company.couple + family * company.family) / weights


def find_scenario(given: str | Path) -> Path:
    """Return the file that a path or a bare name such as `boutique` means.

    Raises:
        ScenarioError: there is no such file; near names are suggested.
    """
    bare = Path(given).name == str(given) and not Path(given).suffix
    if not bare or Path(given).is_file():
        path = find(given)
        if path.exists():
            return path
        raise ScenarioError(f"{given}: No such file{_hint(Path(given).stem)}")
    path = find(Path(FOLDER) / f"{given}.yaml")
    if path.exists():
        return path
    raise ScenarioError(f"{given}: no scenario of that name{_hint(str(given))}")


def _hint(name: str) -> str:
    near = get_close_matches(name, [path.stem for path in shipped_files(FOLDER, "*.yaml")])
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"{meant or ';'} `retail simulate --list` shows what is shipped"
