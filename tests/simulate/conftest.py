"""A tiny shop in which a lot happens, and the boutique as shipped."""

from __future__ import annotations

import pytest

from retailsim.simulate.scenario import Scenario, load_scenario, parse_scenario
from retailsim.store.load import load_plan, parse_plan
from retailsim.store.plan import StorePlan

SMALL_PLAN = """
name: kiosk
size_m: [7.0, 6.0]
zones:
  - {id: entrance, kind: entrance, polygon_m: [[2.0, 0.0], [5.0, 0.0], [5.0, 1.5], [2.0, 1.5]]}
  - {id: left, kind: display, polygon_m: [[0.0, 1.5], [2.0, 1.5], [2.0, 6.0], [0.0, 6.0]]}
doors:
  - {id: main, segment_m: [[2.7, 0.0], [4.3, 0.0]], inside_m: [3.5, 1.0]}
fixtures:
  - {id: rail-1, kind: rail, center_m: [0.4, 3.0], size_m: [1.6, 0.5], height_m: 1.5, angle_deg: 90}
  - {id: table-1, kind: table, center_m: [3.4, 3.4], size_m: [1.2, 0.8], height_m: 0.8}
  - {id: room-1, kind: fitting_room, center_m: [0.8, 5.25], size_m: [1.4, 1.4], height_m: 2.1}
  - {id: mirror-1, kind: mirror, center_m: [2.6, 5.95], size_m: [0.9, 0.08], height_m: 1.9}
  - {id: till-1, kind: till, center_m: [5.9, 1.3], size_m: [1.4, 0.6], height_m: 1.0}
catalogue:
  - {id: red, name: red shirt, kind: shirt, colour: "#b3212b", style: casual, price_eur: 30}
  - {id: blue, name: blue coat, kind: coat, colour: "#1f2c4d", style: smart, price_eur: 150}
  - {id: grey, name: grey knit, kind: knit, colour: "#85878b", style: basic, price_eur: 60}
stock:
  - {fixture: rail-1, sku: red, count: 5}
  - {fixture: rail-1, sku: blue, count: 5}
  - {fixture: table-1, sku: grey, count: 8}
"""
SMALL_SCENARIO = """
name: kiosk-rush
purpose: many short visits in a tiny shop
store: kiosk.yaml
start_time: 2026-03-14T09:00:00Z
duration_s: 30
arrivals:
  visitors: [{at_s: 0, per_hour: 600}]
  passers_by: [{at_s: 0, per_hour: 200}]
warm_start: {people: 3, warm_up_s: 15}
habits:
  quick_share: 0.3
  quick_visit_s: {median: 10}
  visit_s: {median: 25}
  look_s: {median: 1}
  pause_s: {median: 1}
  change_s: {median: 3}
  mirror_s: {median: 3}
  pay_s: {median: 3}
  pick_up_probability: 0.6
  walking_speed_mps: 1.3
"""


@pytest.fixture(scope="session")
def small_plan() -> StorePlan:
    return parse_plan(SMALL_PLAN, origin="kiosk.yaml")


@pytest.fixture(scope="session")
def small_scenario() -> Scenario:
    return parse_scenario(SMALL_SCENARIO, origin="rush.yaml")


@pytest.fixture(scope="session")
def boutique_plan() -> StorePlan:
    return load_plan("scenarios/stores/boutique.yaml")


@pytest.fixture(scope="session")
def boutique_scenario() -> Scenario:
    return load_scenario("scenarios/boutique.yaml")
