"""What a scenario promises, against what a session of it held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from retailsim.messages.log import MessageLog
from retailsim.messages.truth import (
    TruthCarry,
    TruthCrossing,
    TruthInteraction,
    TruthLook,
    TruthPeople,
    TruthPerson,
    TruthPlacement,
    TruthQueueing,
    TruthSale,
    TruthTryOn,
)
from retailsim.simulate.deeds import (
    armfuls_past_antennas,
    passed_by,
    screen_group,
    shop_visits,
    tags_beside_handled,
)
from retailsim.simulate.doors import on_floor
from retailsim.simulate.scenario import Promises
from retailsim.store.plan import StorePlan

FIVE_MINUTES_S = 300.0
AT_MOST = "_at_most"
PER_FIVE_MINUTES = frozenset(
    {"crossings", "flips", "covered_flips", "try_ons", "sales", "queued", "gave_up", "returns"}
    | {"screen_looks", "misplaced", "staff_carries", "restocked", "tidied"}
    | {"armfuls_past_antennas", "passed_by", "shop_visits"}
)
READS = frozenset({"covered_flips", "reader_silence_s"})
FRAMES = frozenset({"dropped_frames_share", "late_frames_share", "half_hidden_share"})
PICTURES = frozenset({"knocked_px", "mean_luminance", "light_change_share"})


@dataclass(frozen=True)
class Check:
    """One promise beside what was held.

    Attributes:
        promise: its name in the scenario.
        bound: what is promised, at least (or at most).
        held: None when it was not measured.
    """

    promise: str
    bound: float
    held: float | None

    @property
    def measure(self) -> str:
        """What is measured."""
        return self.promise.removesuffix(AT_MOST)

    @property
    def sign(self) -> Literal["<=", ">="]:
        """Which way the promise goes."""
        return "<=" if self.promise.endswith(AT_MOST) else ">="

    @property
    def verdict(self) -> Literal["kept", "broken", "not measured"]:
        """Whether the promise is kept."""
        if self.held is None:
            return "not measured"
        kept = self.held <= self.bound if self.sign == "<=" else self.held >= self.bound
        return "kept" if kept else "broken"

    def __str__(self) -> str:
        per = " per five minutes" if self.measure in PER_FIVE_MINUTES else ""
        held = "not measured" if self.held is None else f"{self.held:.3g}"
        word = "at most " if self.sign == "<=" else ""
        return f"{self.promise}: {held}{per}, promised {word}{self.bound:g}"


def measures(promises: Promises) -> set[str]:
    """Return what must be measured to judge all promises."""
    made = promises.model_dump(exclude_none=True)
    return {name.removesuffix(AT_MOST) for name in made}


def checks(promises: Promises, held: Mapping[str, float]) -> list[Check]:
    """Return every promise that is made beside what was held of it."""
    return [
        Check(name, bound, held.get(name.removesuffix(AT_MOST)))
        for name, bound in promises.model_dump(exclude_none=True).items()
    ]


def broken(promises: Promises, held: Mapping[str, float]) -> list[str]:
    """Return a line for every promise that `held` misses; what `held` lacks is not judged."""
    return [str(check) for check in checks(promises, held) if check.verdict == "broken"]


def rates(truth: MessageLog, plan: StorePlan, duration_s: float) -> dict[str, float]:
    """Return all that truth and plan tell: counts per five minutes, numbers of people, shares.

    `flips` counts pick-ups too, covered by reads or not: how many a radio covers is known only
    to who has the reads.
    """
    share = FIVE_MINUTES_S / duration_s
    counts = {
        "crossings": len(truth.of(TruthCrossing)),
        "flips": sum(m.kind in ("flip", "pickup") for m in truth.of(TruthInteraction)),
        "try_ons": len(truth.of(TruthTryOn)),
        "sales": len(truth.of(TruthSale)),
        "queued": len(truth.of(TruthQueueing)),
        "gave_up": sum(m.outcome == "gave-up" for m in truth.of(TruthQueueing)),
        "returns": returns(truth),
        "screen_looks": screen_looks(truth, plan),
        "misplaced": sum(m.person_id != 0 for m in truth.of(TruthPlacement)),  # 0: before
        "armfuls_past_antennas": armfuls_past_antennas(truth, plan),
        "passed_by": passed_by(truth, plan),
        "shop_visits": shop_visits(truth, plan),
        **staff_work(truth),
    }
    return {
        **people_inside(truth, plan),
        **{name: share * count for name, count in counts.items()},
        "screen_group": float(screen_group(truth, plan)),
        "tags_beside_handled": tags_beside_handled(truth, plan),
        "alike_share": alike_share(truth),
        "company_share": company_share(truth),
        "mannequins": float(sum(f.kind == "mannequin" for f in plan.fixtures)),
        "mirrors": float(sum(f.kind == "mirror" for f in plan.fixtures)),
    }


def people_inside(truth: MessageLog, plan: StorePlan) -> dict[str, float]:
    """Return the mean number of customers inside, and the most people of any kind at once."""
    ticks = truth.of(TruthPeople)
    inside = [on_floor(plan, p.xy_m) for p in ticks]
    customers = [np.sum(here & ~p.staff) for here, p in zip(inside, ticks, strict=True)]
    return {
        "people_inside": float(np.mean(customers)) if customers else 0.0,
        "people_at_once": float(max((np.sum(here) for here in inside), default=0)),
    }


def returns(truth: MessageLog) -> int:
    """Count the entries of customers who had left before."""
    staff, left, count = staff_ids(truth), set(), 0
    for crossing in sorted(truth.of(TruthCrossing), key=lambda m: m.time_ns):
        if crossing.direction == "out":
            left.add(crossing.person_id)
        elif crossing.person_id in left and crossing.person_id not in staff:
            count += 1
            left.discard(crossing.person_id)
    return count


def staff_ids(truth: MessageLog) -> set[int]:
    """Return the numbers of the people who work there."""
    return {int(i) for p in truth.of(TruthPeople) for i in p.person_id[p.staff]}


def staff_work(truth: MessageLog) -> dict[str, int]:
    """Count what staff did with garments: carried, put in place, tidied."""
    staff = staff_ids(truth)
    kinds = Counter(m.kind for m in truth.of(TruthInteraction) if m.person_id in staff)
    return {
        "staff_carries": sum(m.person_id in staff for m in truth.of(TruthCarry)),
        "restocked": kinds["putback"],
        "tidied": kinds["tidy"],
    }


def screen_looks(truth: MessageLog, plan: StorePlan) -> int:
    """Count looks at screens."""
    screens = {fixture.id for fixture in plan.fixtures if fixture.kind == "screen"}
    return sum(look.fixture in screens for look in truth.of(TruthLook))


def alike_share(truth: MessageLog) -> float:
    """Return the share of customers whose clothes another customer wears, too; 0 without any."""
    worn = {p.person_id: (p.top, p.bottom) for p in _customers(truth)}
    count = Counter(worn.values())
    return _share(sum(count[clothes] > 1 for clothes in worn.values()), len(worn))


def company_share(truth: MessageLog) -> float:
    """Return the share of customers who came with somebody; 0 without any customer."""
    group = {p.person_id: p.group for p in _customers(truth)}
    count = Counter(group.values())
    return _share(sum(count[number] > 1 for number in group.values()), len(group))


def _customers(truth: MessageLog) -> list[TruthPerson]:
    return [p for p in truth.of(TruthPerson) if not p.staff and p.persona != "passer-by"]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
