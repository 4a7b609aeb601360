"""Results as Parquet tables, one file per table, for DuckDB, pandas and the like.

    duckdb -c "select zone, dwell_s from 'results/zones.parquet' order by dwell_s desc"

Every file of `TABLES` is always written, with no rows where the stack said nothing of the kind.
`time_ns` and all other `_ns` columns are nanoseconds since the epoch (UTC); `person` and
`track_id` are the stack's own numbers. Each column's meaning is in the Parquet field metadata
under `description` and, for people, here in `TABLES`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

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
from retailsim.store.plan import StorePlan

Row = tuple[Any, ...]
Rows = Callable[[MessageLog, StorePlan], Iterator[Row]]

I64, F64, TEXT, FLAG = pa.int64(), pa.float64(), pa.string(), pa.bool_()
TIME = ("time_ns", I64, "when, or start")
BOX = tuple((name, F64, f"{name} of the box, pixels") for name in ("x1", "y1", "x2", "y2"))


@dataclass(frozen=True)
class Table:
    """A kind of table: what a row is, its columns (name, type, meaning), how to fill it."""

    row: str
    columns: tuple[tuple[str, pa.DataType, str], ...]
    rows: Rows

    @property
    def schema(self) -> pa.Schema:
        """Return the Arrow schema with descriptions."""
        fields = [
            pa.field(name, kind, metadata={"description": text})
            for name, kind, text in self.columns
        ]
        return pa.schema(fields, metadata={"description": f"one row per {self.row}"})


def write_tables(results: MessageLog, plan: StorePlan, folder: Path) -> list[Path]:
    """Write `NAME.parquet` for every table; returns the files' paths.

    Each file is written beside its place and renamed, so that none is ever half there.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in TABLES.items():
        path = folder / f"{name}.parquet"
        part = folder / f".{name}.parquet.part"
        pq.write_table(as_arrow(table, results, plan), part, compression="zstd")
        part.replace(path)
        paths.append(path)
    return paths


def as_arrow(table: Table, results: MessageLog, plan: StorePlan) -> pa.Table:
    """Fill one table."""
    rows = list(table.rows(results, plan))
    columns = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    arrays = [
        pa.array(values, kind) for values, (_, kind, _) in zip(columns, table.columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=table.schema)


def _tracks(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(Tracks):
        for i, box, score in zip(
            m.track_id.tolist(), m.boxes_px.tolist(), m.score.tolist(), strict=True
        ):
            yield (m.time_ns, m.camera, i, *box, score)


def _identities(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(Identities):
        rows = zip(m.camera, m.track_id, m.person, m.boxes_px.tolist(), strict=True)
        for camera, track, person, box in rows:
            yield (m.time_ns, str(camera), int(track), int(person), *box)


def _people(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(People):
        rows = zip(m.person.tolist(), m.xy_m.tolist(), m.confirmed.tolist(), strict=True)
        for person, (x, y), confirmed in rows:
            yield (m.time_ns, person, x, y, confirmed)


def _visits(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    times: dict[int, list[int]] = {}
    for m in results.of(People):
        for person in m.person[m.confirmed].tolist():
            seen = times.setdefault(person, [m.time_ns, m.time_ns])
            seen[1] = m.time_ns
    ways = {(c.person, c.direction) for c in results.of(Crossing)}
    zones = Counter(person for person, _ in {(s.person, s.zone) for s in results.of(ZoneStay)})
    touched = Counter(i.person for i in results.of(Interaction))
    for person, (begin, end) in sorted(times.items()):
        entered, left = (person, "in") in ways, (person, "out") in ways
        seconds = (end - begin) * 1e-9
        yield (person, begin, end, seconds, entered, left, zones[person], touched[person])


def _stays(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(ZoneStay):
        yield (m.time_ns, m.end_ns, m.zone, m.person, (m.end_ns - m.time_ns) * 1e-9)


def _zones(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    kinds = {zone.id: zone.kind for zone in plan.zones}
    stays = results.of(ZoneStay)
    for zone in sorted({*kinds, *(s.zone for s in stays)}):
        here = [s for s in stays if s.zone == zone]
        seconds = [(s.end_ns - s.time_ns) * 1e-9 for s in here]
        people = len({s.person for s in here})
        total = float(np.sum(seconds))
        yield (zone, kinds.get(zone), len(here), people, total, total / people if people else None)


def _interactions(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(Interaction):
        x, y = (None if np.isnan(v) else float(v) for v in m.xy_m)
        person = m.person or None
        yield (m.time_ns, m.end_ns, m.epc, _sku(m.epc, plan), person, m.confidence, x, y)


def _tag_motions(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(TagMotion):
        yield (m.time_ns, m.end_ns, m.epc, _sku(m.epc, plan), m.kind, m.score)


def _tag_zones(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(TagZones):
        for epc, zone in zip(m.epc.tolist(), m.zone.tolist(), strict=True):
            yield (m.time_ns, epc, zone)


def _tag_positions(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(TagPositions):
        rows = zip(m.epc.tolist(), m.xy_m.tolist(), m.sigma_m.tolist(), m.state, strict=True)
        for epc, (x, y), sigma, state in rows:
            yield (m.time_ns, epc, str(state), _known(x), _known(y), _known(sigma))


def _misplaced(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    latest = {(m.time_ns, m.epc): m for m in results.of(Misplaced)}
    for m in latest.values():
        item = plan.item_by_epc.get(m.epc)
        own = item.fixture if item else None
        x, y = m.xy_m.tolist()
        what = m.epc, _sku(m.epc, plan), own, m.fixture, ", ".join(m.near.tolist())
        yield (m.time_ns, m.end_ns or None, m.found_ns, *what, m.confidence, x, y, m.sigma_m)


def _items(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    motions = Counter((m.epc, m.kind) for m in results.of(TagMotion))
    touched = Counter(m.epc for m in results.of(Interaction))
    last = {epc: zone for _, epc, zone in _tag_zones(results, plan)}
    spots = {row[1]: row[2:] for row in _tag_positions(results, plan)}
    home = {item.epc: item for item in plan.items}
    for epc in [*home, *sorted({*last, *touched, *(e for e, _ in motions)} - set(home))]:
        item = home.get(epc)
        sku, fixture = (item.sku, item.fixture) if item else (None, None)
        flips, carried = motions[epc, "flip"], motions[epc, "carried"]
        spot = spots.get(epc, (None,) * 4)
        yield (epc, sku, fixture, last.get(epc), flips, carried, touched[epc], *spot)


def _footfall(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(Crossing):
        yield (m.time_ns, m.door, m.direction, m.person)


def _heatmap(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(HeatMap)[-1:]:
        for (row, column), seconds in np.ndenumerate(m.seconds):
            yield (m.cell_m * (column + 0.5), m.cell_m * (row + 0.5), m.cell_m, float(seconds))


def _flow(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(Flow)[-1:]:
        for (start, end), count in np.ndenumerate(m.count):
            if count:
                yield (str(m.zones[start]), str(m.zones[end]), int(count))


def _recommendations(results: MessageLog, plan: StorePlan) -> Iterator[Row]:
    for m in results.of(Recommendation):
        ranked = zip(m.sku.tolist(), m.score.tolist(), strict=True)
        for rank, (sku, score) in enumerate(ranked, start=1):
            yield (m.time_ns, m.mirror, m.epc, rank, sku, score)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _sku(epc: str, plan: StorePlan) -> str | None:
    item = plan.item_by_epc.get(epc)
    return item.sku if item else None


CAMERA = ("camera", TEXT, "camera id")
TRACK = ("track_id", I64, "tracklet's number, unique over all cameras")
PERSON = ("person", I64, "person's number, the same in all tables")
EPC = ("epc", TEXT, "tag of the garment")
SKU = ("sku", TEXT, "its article, null when not in the catalogue")
END = ("end_ns", I64, "end")
POSITION = (
    ("x_m", F64, "estimate, metres to the right; null for out of the shop"),
    ("y_m", F64, "estimate, metres up the plan; null for out of the shop"),
    ("sigma_m", F64, "standard deviation of the estimate along each axis"),
)

TABLES: dict[str, Table] = {
    "tracks": Table(
        "tracklet and frame of one camera",
        (TIME, CAMERA, TRACK, *BOX, ("score", F64, "confidence of the detection")),
        _tracks,
    ),
    "identities": Table(
        "tracklet and frame, with the person it belongs to",
        (TIME, CAMERA, TRACK, PERSON, *BOX),
        _identities,
    ),
    "people": Table(
        "person and tick on the floor plan",
        (
            TIME,
            PERSON,
            ("x_m", F64, "floor position, metres to the right"),
            ("y_m", F64, "floor position, metres up the plan"),
            ("confirmed", FLAG, "false while it may be a false alarm"),
        ),
        _people,
    ),
    "visits": Table(
        "confirmed person",
        (
            PERSON,
            ("begin_ns", I64, "first seen"),
            ("end_ns", I64, "last seen"),
            ("duration_s", F64, "seconds between"),
            ("entered", FLAG, "came in through a door during the session"),
            ("left", FLAG, "went out through a door during the session"),
            ("zones", I64, "number of different zones stayed in"),
            ("interactions", I64, "number of garments handled, repeats included"),
        ),
        _visits,
    ),
    "stays": Table(
        "stay of a person in a zone",
        (TIME, END, ("zone", TEXT, "zone id"), PERSON, ("duration_s", F64, "seconds")),
        _stays,
    ),
    "zones": Table(
        "zone",
        (
            ("zone", TEXT, "zone id"),
            ("kind", TEXT, "its kind in the plan, null when the plan has no such zone"),
            ("stays", I64, "number of stays"),
            ("people", I64, "number of different people"),
            ("dwell_s", F64, "seconds of all stays"),
            ("dwell_per_person_s", F64, "seconds per person, null without people"),
        ),
        _zones,
    ),
    "interactions": Table(
        "garment handled by a person",
        (
            TIME,
            END,
            EPC,
            SKU,
            ("person", I64, "who, null when nobody fits"),
            ("confidence", F64, "probability that garment and person belong together"),
            ("x_m", F64, "where the person stood, null for nobody"),
            ("y_m", F64, "where the person stood, null for nobody"),
        ),
        _interactions,
    ),
    "tag_motions": Table(
        "movement of a tag",
        (
            TIME,
            END,
            EPC,
            SKU,
            ("kind", TEXT, "'flip' at its place, 'carried' through the shop"),
            ("score", F64, "how sure"),
        ),
        _tag_motions,
    ),
    "tag_zones": Table(
        "change of a tag's zone",
        (TIME, EPC, ("zone", TEXT, "zone id, empty for out of the shop")),
        _tag_zones,
    ),
    "tag_positions": Table(
        "noticeable change of a tag's position",
        (
            TIME,
            EPC,
            ("state", TEXT, "'home' at its place, 'moving', 'resting' elsewhere, 'gone'"),
            *POSITION,
        ),
        _tag_positions,
    ),
    "misplaced": Table(
        "stay of a garment at a fixture that is not its own",
        (
            ("time_ns", I64, "since when"),
            ("end_ns", I64, "until when, null while it is still there"),
            ("found_ns", I64, "when the stack became sure of it"),
            EPC,
            SKU,
            ("own_fixture", TEXT, "where the planogram has it"),
            ("fixture", TEXT, "where it most probably is"),
            ("near", TEXT, "fixtures it may be at, most probable first"),
            ("confidence", F64, "probability that it is at another fixture than its own"),
            *POSITION,
        ),
        _misplaced,
    ),
    "items": Table(
        "tagged garment",
        (
            EPC,
            SKU,
            ("fixture", TEXT, "where the planogram has it"),
            ("zone", TEXT, "where it was last, empty for out of the shop, null if never read"),
            ("flips", I64, "times it was handled at its place"),
            ("carried", I64, "times it was carried"),
            ("interactions", I64, "interactions with a person"),
            ("state", TEXT, "at last: 'home', 'moving', 'resting' elsewhere or 'gone'"),
            *POSITION,
        ),
        _items,
    ),
    "footfall": Table(
        "crossing of a door",
        (TIME, ("door", TEXT, "door id"), ("direction", TEXT, "'in' or 'out'"), PERSON),
        _footfall,
    ),
    "heatmap": Table(
        "floor cell",
        (
            ("x_m", F64, "centre of the cell"),
            ("y_m", F64, "centre of the cell"),
            ("cell_m", F64, "edge of the cell"),
            ("seconds", F64, "person-seconds spent there"),
        ),
        _heatmap,
    ),
    "flow": Table(
        "pair of zones that people went between",
        (("from_zone", TEXT, "left"), ("to_zone", TEXT, "entered next"), ("count", I64, "times")),
        _flow,
    ),
    "recommendations": Table(
        "article shown by a fitting mirror",
        (
            TIME,
            ("mirror", TEXT, "mirror id"),
            ("epc", TEXT, "garment being tried on"),
            ("rank", I64, "1 = shown first"),
            ("sku", TEXT, "article shown"),
            ("score", F64, "how well it fits, higher is better"),
        ),
        _recommendations,
    ),
}
