"""How often tags are read, by how many there are."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from retailsim.errors import BagError, ScenarioError
from retailsim.experiments.bench_tables import inventory_table
from retailsim.experiments.inventory_bench import bench_inventory, inventory_panels, plot_inventory


@pytest.fixture(scope="module")
def bench():
    return bench_inventory(["fm0", "m8"], populations=(300, 1, 30), seconds=4.0, seed=3)


def test_every_mode_meets_every_population_in_order(bench):
    assert [(r.mode, r.tags) for r in bench.readings] == [
        ("fm0", 1), ("fm0", 30), ("fm0", 300), ("m8", 1), ("m8", 30), ("m8", 300),
    ]  # fmt: skip


def test_more_tags_are_read_more_often_together_and_less_often_each(bench):
    for mode in ("fm0", "m8"):
        readings = bench.of(mode)
        together = [r.reads_per_s for r in readings]
        each = [r.reads_per_tag_s for r in readings]
        assert together[0] < together[-1]
        assert each == sorted(each, reverse=True)
        assert [r.reads_per_tag_s * r.tags for r in readings] == pytest.approx(together)
        covered = [r.covered for r in readings]
        assert covered[0] == 1.0
        assert covered == sorted(covered, reverse=True)


def test_shares_of_slots_are_shares(bench):
    for reading in bench.readings:
        assert min(reading.empty, reading.lost) > 0
        assert reading.empty + reading.collided + reading.lost < 1
        assert (reading.collided == 0) == (reading.tags == 1)


def test_the_seed_decides(bench):
    def figures(found):
        return [(r.reads_per_s, r.covered, r.empty) for r in found.readings]

    same = bench_inventory(["fm0", "m8"], populations=(1, 30, 300), seconds=4.0, seed=3)
    other = bench_inventory(["fm0", "m8"], populations=(1, 30, 300), seconds=4.0, seed=4)
    assert figures(same) == figures(bench) != figures(other)


def test_table_and_json_hold_all_of_it(bench):
    assert inventory_table(bench).row_count == len(bench.readings)
    assert len(json.loads(json.dumps(bench.as_dict()))["readings"]) == len(bench.readings)


def test_the_plot_has_three_panels_with_the_tables_rates(bench, tmp_path: Path):
    panels = inventory_panels(bench)
    assert [len(panel.curves) for panel in panels] == [4, 2, 2]
    assert list(panels[0].curves[1].y) == [525.0, 525.0]
    assert (panels[0].ticks_x[0], panels[0].ticks_x[-1]) == (1, 300)
    path = tmp_path / "rates.png"
    plot_inventory(bench, path)
    image = cv2.imread(str(path))
    assert image.shape == (560, 3 * 760, 3)
    assert len({tuple(colour) for colour in image[::4, ::4].reshape(-1, 3)}) > 20
    with pytest.raises(BagError, match="cannot be written"):
        plot_inventory(bench, tmp_path / "nowhere" / "rates.png")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"modes": ["m3"]}, "mode 'm3' is unknown; there are fm0, m2, m4, m8"),
        ({"target": "both"}, "target 'both'"),
        ({"region": "moon"}, "region 'moon'"),
        ({"target": "suppression", "session": 2}, "session 1"),
        ({"populations": [0, 5]}, "one tag"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(ScenarioError, match=words):
        bench_inventory(**settings)
