"""Results as Parquet tables, read back by DuckDB."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.results import (
    Crossing,
    Flow,
    HeatMap,
    Identities,
    Interaction,
    Misplaced,
    People,
    Recommendation,
    TagMotion,
    TagPositions,
    TagZones,
    Tracks,
    ZoneStay,
)
from retailsim.report.tables import TABLES, write_tables
from retailsim.store.plan import StorePlan

S = 1_000_000_000


def positions(time_ns: int, epc: str, xy_m: list[float], sigma_m: float, state: str) -> Message:
    where = np.array([xy_m]), np.array([sigma_m]), np.array([state])
    return TagPositions(time_ns, np.array([epc]), *where)


def misplaced(time_ns: int, end_ns: int, epc: str, fixture: str) -> Message:
    near = np.array([fixture, "rail-04"]), np.array([0.6, 0.2]), np.array([5.5, 2.0])
    return Misplaced(time_ns, end_ns, 8 * S, epc, fixture, 0.9, 0.5, *near)


def log(epc: str) -> MessageLog:
    """One visitor, 1, who enters, stays in two zones, handles a garment and tries it on."""
    box = np.array([[1, 2, 3, 4]], np.float32)
    one, yes = np.array([1], np.int64), np.array([True])
    strings = np.array
    messages = [
        Tracks(0, "door", np.array([5]), box, np.array([0.5], np.float32)),
        Identities(0, strings(["door"]), np.array([5]), one, box),
        *(People(t * S, one, np.array([[1.0, 2.0]]), yes) for t in range(11)),
        People(0, np.array([2]), np.array([[3.0, 3.0]]), np.array([False])),
        Crossing(S, "main", 1, "in"),
        ZoneStay(0, 4 * S, "entrance", 1),
        ZoneStay(4 * S, 10 * S, "till", 1),
        ZoneStay(4 * S, 6 * S, "till", 2),
        TagMotion(2 * S, 3 * S, epc, "flip", 0.9),
        TagZones(0, strings([epc, "f" * 24]), strings(["left-wall", "till"])),
        TagZones(9 * S, strings([epc]), strings(["fitting"])),
        positions(0, epc, [2.0, 2.0], 0.15, "home"),
        positions(5 * S, epc, [5.5, 2.0], 0.5, "resting"),
        misplaced(5 * S, 0, epc, "rail-02"),
        misplaced(5 * S, 9 * S, epc, "rail-03"),
        Interaction(2 * S, 3 * S, epc, 1, 0.8, np.array([1.0, 2.0])),
        Interaction(5 * S, 6 * S, epc, 0, 0.1, np.array([np.nan, np.nan])),
        Recommendation(
            7 * S, "mirror-1", epc, strings(["coat-01", "knit-01"]), np.array([2.0, 1.0])
        ),
        HeatMap(10 * S, 0.5, np.arange(6.0).reshape(2, 3)),
        Flow(10 * S, strings(["entrance", "till"]), np.array([[0, 1], [0, 0]])),
    ]
    return MessageLog(messages)


@pytest.fixture
def folder(tmp_path, boutique: StorePlan):
    write_tables(log(boutique.items[0].epc), boutique, tmp_path)
    return tmp_path


def query(folder, name: str, what: str = "*"):
    return duckdb.sql(f"select {what} from '{folder}/{name}.parquet'").fetchall()


def test_every_table_is_written_and_every_column_described(folder):
    assert sorted(p.name for p in folder.iterdir()) == sorted(f"{n}.parquet" for n in TABLES)
    for name in TABLES:
        schema = pq.read_schema(folder / f"{name}.parquet")
        assert schema.metadata[b"description"].startswith(b"one row per ")
        assert all(field.metadata[b"description"] for field in schema)


def test_a_silent_stack_leaves_empty_tables_with_the_same_columns(folder, tmp_path, boutique):
    for path in write_tables(MessageLog(), boutique, tmp_path / "silent"):
        assert pq.read_schema(path) == pq.read_schema(folder / path.name)
        if path.stem not in ("zones", "items"):
            assert pq.read_metadata(path).num_rows == 0


def test_visits_sum_up_each_confirmed_person(folder):
    assert query(folder, "visits") == [(1, 0, 10 * S, 10.0, True, False, 2, 1)]


def test_zones_sum_up_stays(folder):
    rows = {row[0]: row[1:] for row in query(folder, "zones")}
    assert rows["till"] == ("till", 2, 2, 8.0, 4.0)
    assert rows["fitting"] == ("fitting", 0, 0, 0.0, None)


def test_items_tell_where_each_garment_is_and_what_happened_to_it(folder, boutique):
    first = boutique.items[0]
    rows = {row[0]: row[1:] for row in query(folder, "items")}
    here = ("resting", 5.5, 2.0, 0.5)
    assert rows[first.epc] == (first.sku, first.fixture, "fitting", 1, 0, 2, *here)
    assert rows["f" * 24] == (None, None, "till", 0, 0, 0, None, None, None, None)
    assert len(rows) == len(boutique.items) + 1


def test_a_misplaced_garment_is_one_row_as_last_told(folder, boutique):
    what = "time_ns, end_ns, epc, own_fixture, fixture, near, confidence, x_m"
    assert query(folder, "misplaced", what) == [
        (
            5 * S, 9 * S, boutique.items[0].epc, boutique.items[0].fixture, "rail-03",
            "rail-03, rail-04", 0.9, 5.5,
        )
    ]  # fmt: skip


def test_nobody_is_null_in_interactions(folder):
    assert query(folder, "interactions", "person, x_m, y_m") == [(1, 1.0, 2.0), (None, None, None)]


def test_recommendations_are_ranked_from_one(folder):
    assert query(folder, "recommendations", "rank, sku") == [(1, "coat-01"), (2, "knit-01")]


def test_heat_map_cells_carry_their_centres(folder):
    rows = query(folder, "heatmap")
    assert len(rows) == 6
    assert rows[-1] == (1.25, 0.75, 0.5, 5.0)


def test_flow_holds_only_moves_that_happened(folder):
    assert query(folder, "flow") == [("entrance", "till", 1)]


def test_tables_can_be_joined_by_person(folder):
    joined = duckdb.sql(
        f"""select i.epc, v.duration_s from '{folder}/interactions.parquet' i
            join '{folder}/visits.parquet' v using (person)"""
    ).fetchall()
    assert len(joined) == 1


def test_the_same_results_give_the_same_bytes(folder, tmp_path, boutique):
    for path in write_tables(log(boutique.items[0].epc), boutique, tmp_path / "again"):
        assert path.read_bytes() == (folder / path.name).read_bytes()
