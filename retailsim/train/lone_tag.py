"""A lone tag before four antennas, simulated: lying still, or walked along a line by a person.

The set-up of the real logs as far as it is known: a room, antennas in its corners, each heard for
some hundredths of a second in turn. What varies from recording to recording is drawn: the room,
the antennas' height, transmit power, where the tag is, how fast and which way it is walked, and
whether somebody stands by while it lies still.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retailsim.messages.sensors import TagReads
from retailsim.simulate.appearance import draw_body, draw_clothes
from retailsim.simulate.rfid.rig import RadioRig
from retailsim.simulate.snapshot import Body, Garments, People, Place, Pose, Snapshot
from retailsim.simulate.streams import stream
from retailsim.store.plan import Antenna, Fixture, Reader, Sku, Stock, StorePlan

F64 = NDArray[np.float64]

START_NS, TICK_NS = 1_700_000_000_000_000_000, 100_000_000
TICK_S = TICK_NS * 1e-9
STILL_S = 18.0
SPEED_MPS = (0.3, 1.2)
WALL_M = 0.5  # walks and tags keep so far from the walls
APART_M = 1.0  # those who stand by keep so far from the tag
HELD_M = 0.3  # from the middle of the body to the tag in the hand
BOB_M = 0.02  # a hand goes up and down with the steps (assumed)
STEPS_PER_M = 1.4
MERGE_WITHIN_US = 150_000
MERGE_SHARE = 0.3


def lone_tag_plan(
    *, size_m: float = 5.0, antenna_z_m: float = 2.0, tx_power_dbm: float = 30.0
) -> StorePlan:
    """Return a square room with one tag and four antennas in the corners, ports 1 to 4."""
    corner = (0.4, size_m - 0.4)
    places = [(corner[0], corner[0]), (corner[1], corner[0])]
    places += [(corner[1], corner[1]), (corner[0], corner[1])]
    middle = size_m / 2
    antennas = [
        Antenna(port=port, position_m=(x, y, antenna_z_m), look_at_m=(middle, middle, 1.0))
        for port, (x, y) in enumerate(places, start=1)
    ]
    reader = Reader(
        id="r1", antennas=antennas, mode="m4", antenna_dwell_s=0.03, tx_power_dbm=tx_power_dbm
    )
    return StorePlan(
        name="lone-tag",
        size_m=(size_m, size_m),
        fixtures=[
            Fixture(
                id="table", kind="table", center_m=(middle, middle), size_m=(1, 0.5), height_m=0.8
            )
        ],
        readers=[reader],
        catalogue=[
            Sku(id="tag", name="tag", kind="tshirt", colour="#888888", style="basic", price_eur=1)
        ],
        stock=[Stock(fixture="table", sku="tag", count=1)],
    )


@dataclass(frozen=True)
class Track:
    """Where tag and person are, one row per tick.

    Attributes:
        tag_xyz_m: float64 (n, 3).
        person_xy_m: float64 (n, 2); None where nobody is there.
    """

    tag_xyz_m: F64
    person_xy_m: F64 | None


def simulate_lone_tag(seed: int, *, moving: bool) -> TagReads:
    """Return what a reader reports of one tag, in the order in which it does.

    Raises ValueError when the tag was never read, so far off or so badly turned is it.
    """
    rng = stream(seed, "moving logs", "set-up", int(moving))
    size_m = rng.uniform(4.5, 8.0)
    plan = lone_tag_plan(
        size_m=size_m, antenna_z_m=rng.uniform(1.0, 2.4), tx_power_dbm=rng.uniform(26.0, 31.0)
    )
    track = _walk(rng, size_m) if moving else _lie(rng, size_m)
    body = draw_body(rng, label=0, clothes=draw_clothes(rng))
    rig, before, batches = RadioRig(plan, seed=seed), None, []
    for tick in range(len(track.tag_xyz_m)):
        now = _snapshot(track, tick, body)
        if before is not None:
            batches += rig.advance(before, now)
        before = now
    if not batches:
        raise ValueError(f"the tag of seed {seed} was never read")
    reports = merge_reports(
        TagReads.join(batches), stream(seed, "moving logs", "reports", int(moving))
    )
    return whole_decibels(reports)


def merge_reports(
    reads: TagReads, rng: np.random.Generator, *, share: float = MERGE_SHARE
) -> TagReads:
    """Make one report of a share of the pairs of reads that follow each other on an antenna.

    As readers do that gather reads before they report: time, phase and Doppler are the last
    read's, the channel is the first's, RSSI the greater. What is reported stays in the order of the
    first reads. Judged from real logs, where phases do not fit their channels otherwise.
    """
    order = np.argsort(reads.read_us, kind="stable")
    reads = reads.take(order)
    channel, rssi, place = reads.channel.copy(), reads.rssi_cdbm.copy(), reads.read_us.copy()
    kept = np.ones(len(order), bool)
    for antenna in np.unique(reads.antenna):
        rows = np.flatnonzero(reads.antenna == antenna)
        near = np.diff(reads.read_us[rows]) < MERGE_WITHIN_US
        merged = np.flatnonzero(near & (rng.random(len(near)) < share))
        for first, last in zip(rows[merged], rows[merged + 1], strict=True):
            kept[first] = False
            channel[last], place[last] = channel[first], place[first]
            rssi[last] = max(rssi[first], rssi[last])
    left = replace(reads, channel=channel, rssi_cdbm=rssi)
    rows = np.flatnonzero(kept)
    return left.take(rows[np.argsort(place[rows], kind="stable")])


def whole_decibels(reads: TagReads) -> TagReads:
    """Return the reads with RSSI in whole dBm, as LLRP's own field has it."""
    return replace(reads, rssi_cdbm=(np.round(reads.rssi_cdbm / 100) * 100).astype(np.int16))


def _walk(rng: np.random.Generator, size_m: float) -> Track:
    """Cross the room along its middle or a diagonal; the tag on any side of the body."""
    near, middle, far = WALL_M, size_m / 2, size_m - WALL_M
    lines = [
        ((middle, near), (middle, far)),
        ((near, middle), (far, middle)),
        ((near, near), (far, far)),
        ((near, far), (far, near)),
    ]
    start, end = np.array(lines[rng.integers(len(lines))])[:: 1 - 2 * int(rng.integers(2))]
    length_m, speed_mps = float(np.hypot(*(end - start))), rng.uniform(*SPEED_MPS)
    along = (end - start) / length_m
    way_m = np.arange(int(length_m / speed_mps / TICK_S) + 1) * TICK_S * speed_mps
    xy_m = start + way_m[:, None] * along
    z_m = rng.uniform(0.8, 1.4) + BOB_M * np.sin(2 * np.pi * STEPS_PER_M * way_m)
    across = np.array([-along[1], along[0]])
    side = (along, -along, across, -across)[rng.integers(4)]
    return Track(np.column_stack([xy_m, z_m]), xy_m - HELD_M * side)


def _lie(rng: np.random.Generator, size_m: float) -> Track:
    """Stay somewhere; with nobody there, or somebody who stands by."""
    ticks = round(STILL_S / TICK_S) + 1
    xy_m = rng.uniform(WALL_M, size_m - WALL_M, 2)
    tag = np.tile([*xy_m, rng.uniform(0.8, 1.4)], (ticks, 1))
    if rng.random() < 1 / 3:
        return Track(tag, None)
    person_m = xy_m
    while np.hypot(*(person_m - xy_m)) < APART_M:
        person_m = rng.uniform(WALL_M, size_m - WALL_M, 2)
    restless = 0.02 * rng.integers(2)
    time_s = np.arange(ticks)[:, None] * TICK_S
    return Track(tag, person_m + restless * np.sin(time_s * np.array([1.4, 1.1])))


def _snapshot(track: Track, tick: int, body: Body) -> Snapshot:
    xy_m = np.zeros((0, 2)) if track.person_xy_m is None else track.person_xy_m[tick : tick + 1]
    count = len(xy_m)
    people = People(
        body=(body,) * count,
        xy_m=xy_m,
        heading_rad=np.zeros(count),
        speed_mps=np.zeros(count),
        gait_phase=np.zeros(count),
        pose=np.full(count, Pose.STAND, np.uint8),
        reach_xyz_m=np.full((count, 3), np.nan),
        staff=np.zeros(count, bool),
    )
    garments = Garments(
        tag_xyz_m=track.tag_xyz_m[tick : tick + 1],
        place=np.array([Place.ON_FIXTURE], np.uint8),
        holder=np.array([-1]),
    )
    return Snapshot(START_NS + tick * TICK_NS, people, garments, ())
