"""A small mall's concourse, and a quarter of an hour in it."""

CONCOURSE = """
name: mall
size_m: [16.0, 6.0]
doors:
  - {id: west, segment_m: [[0.0, 1.0], [0.0, 5.0]], inside_m: [1.0, 3.0], leads_to: mall}
  - {id: east, segment_m: [[16.0, 1.0], [16.0, 5.0]], inside_m: [15.0, 3.0], leads_to: mall}
  - {id: shoes, segment_m: [[2.0, 6.0], [4.5, 6.0]], inside_m: [3.0, 5.0], leads_to: shop}
  - {id: books, segment_m: [[7.0, 6.0], [9.5, 6.0]], inside_m: [8.0, 5.0], leads_to: shop}
  - {id: toys, segment_m: [[11.0, 6.0], [13.5, 6.0]], inside_m: [12.0, 5.0], leads_to: shop}
fixtures:
  - {id: screen-1, kind: screen, center_m: [8.0, 2.4], size_m: [1.2, 0.2], height_m: 2.0}
"""
STROLL = """
name: stroll
purpose: people pass a screen
store: mall.yaml
start_time: 2026-03-14T09:00:00Z
duration_s: 120
arrivals: {visitors: [{at_s: 0, per_hour: 900}]}
warm_start: {warm_up_s: 0}
habits: {visit_s: {median: 15}, walking_speed_mps: 1.3}
responses: {screen: {effect: EFFECT, notice: 1.0, lift: 6.0, look_median_s: 2}}
"""
