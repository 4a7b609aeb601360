"""Named streams: what one shopper, or a label, can and cannot change."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from retailsim.messages.base import Message
from retailsim.messages.sensors import Sale, TryOn
from retailsim.messages.truth import TruthPeople, TruthTaste
from retailsim.simulate.scenario import Scenario
from retailsim.simulate.snapshot import Body, Snapshot
from retailsim.simulate.world import World
from retailsim.store.plan import StorePlan

DIGEST = """
import sys; sys.path.insert(0, {here!r})
from test_world_streams import digest
from conftest import SMALL_PLAN, SMALL_SCENARIO
from retailsim.simulate.scenario import parse_scenario
from retailsim.simulate.world import World
from retailsim.store.load import parse_plan
scenario, plan = parse_scenario(SMALL_SCENARIO, origin="s"), parse_plan(SMALL_PLAN, origin="p")
print(digest(World(scenario, plan, seed=8).run(20)))
"""


def flat(value: Any) -> Any:
    """Turn nested dataclasses and arrays into something hashable that keeps every bit."""
    if is_dataclass(value):
        return tuple(flat(getattr(value, f.name)) for f in fields(value))
    if isinstance(value, np.ndarray):
        return (
            value.dtype.kind,
            value.shape,
            value.tobytes() if value.dtype.kind != "U" else tuple(value.tolist()),
        )
    return tuple(flat(v) for v in value) if isinstance(value, tuple | list) else value


def digest(ticks: Any) -> str:
    out = hashlib.sha256()
    for item in ticks:
        out.update(repr(flat(item)).encode())
    return out.hexdigest()


def unlabelled(snapshot: Snapshot) -> Snapshot:
    body = tuple(replace(b, label=0) for b in snapshot.people.body)
    return replace(snapshot, people=replace(snapshot.people, body=body))


def run(
    plan: StorePlan, scenario: Scenario, **options: Any
) -> list[tuple[Snapshot, tuple[Message, ...]]]:
    return list(World(scenario, plan, **options).run(40))


def test_same_seed_same_world_in_any_process(small_plan: StorePlan) -> None:
    code = DIGEST.format(here=os.path.dirname(__file__))
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_another_seed_another_world(small_plan: StorePlan, small_scenario: Scenario) -> None:
    one, other = (digest(World(small_scenario, small_plan, seed=s).run(5)) for s in (1, 2))
    assert one != other


def test_labels_change_nothing_but_the_truth(
    small_plan: StorePlan, small_scenario: Scenario
) -> None:
    one = run(small_plan, small_scenario, seed=5, label_seed=1)
    other = run(small_plan, small_scenario, seed=5, label_seed=2)
    sensors = 0
    for (a, told_a), (b, told_b) in zip(one, other, strict=True):
        assert flat(unlabelled(a)) == flat(unlabelled(b))
        public_a, public_b = (
            [m for m in t if isinstance(m, Sale | TryOn)] for t in (told_a, told_b)
        )
        assert flat(public_a) == flat(public_b)
        assert [type(m) for m in told_a] == [type(m) for m in told_b]
        sensors += len(public_a)
    assert sensors > 0
    labels_a, labels_b = ([b.label for b in t[-1][0].people.body] for t in (one, other))
    assert labels_a != labels_b


def looks_and_tastes(world: World) -> dict[tuple[float, str], tuple[Any, ...]]:
    """Return taste messages' content by the looks of the person they are about."""
    body: dict[int, Body] = {}
    taste: dict[int, Any] = {}
    for snapshot, messages in world.run(30):
        body.update({b.label: b for b in snapshot.people.body})
        for m in messages:
            if isinstance(m, TruthTaste):
                taste[m.person_id] = (m.sku.tolist(), m.utility.tolist(), m.time_ns)
    return {
        (b.height_m, repr(b.clothes)): taste[label] for label, b in body.items() if label in taste
    }


def test_one_more_shopper_does_not_change_the_others(
    small_plan: StorePlan, small_scenario: Scenario
) -> None:
    more = small_scenario.model_copy(
        update={"warm_start": small_scenario.warm_start.model_copy(update={"people": 4})}
    )
    few = looks_and_tastes(World(small_scenario, small_plan, seed=6))
    many = looks_and_tastes(World(more, small_plan, seed=6))
    # Arrival times, looks and tastes of everyone else are the same to the last bit.
    assert len(few) > 3
    assert len(set(many) - set(few)) >= 1
    same = [who for who in few if who in many]
    assert len(same) >= len(few) - 1  # one may have left before the start
    assert all(few[who] == many[who] for who in same)


def test_people_rows_and_truth_are_about_the_same_tick(
    small_plan: StorePlan, small_scenario: Scenario
) -> None:
    for k, (snapshot, messages) in enumerate(World(small_scenario, small_plan, seed=1).run(3)):
        assert snapshot.time_ns == small_scenario.start_ns + k * 100_000_000
        assert [m.time_ns for m in messages if isinstance(m, TruthPeople)] == [snapshot.time_ns]
