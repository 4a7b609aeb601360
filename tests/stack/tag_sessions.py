"""Hand-written sessions of the boutique for the tag stages: who moves what, and the reads of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from retailsim.messages.base import Message
from retailsim.messages.log import MessageLog
from retailsim.messages.sensors import Sale, TagReads
from retailsim.messages.truth import TruthInteraction, TruthTagZones
from retailsim.simulate.rfid.rig import RadioRig
from retailsim.simulate.snapshot import Snapshot, Swing
from retailsim.stack.stage import Stage, StageContext
from retailsim.store.load import load_plan
from retailsim.store.zones import zone_at
from tests.simulate.rfid.radio_scenes import START_NS, TICK_NS, body, play, slot_positions, snapshot

PLAN = load_plan("scenarios/stores/boutique.yaml")
EPC = [item.epc for item in PLAN.items]
HOME_M = slot_positions(PLAN)
FLIPPED = range(4, 240, 12)
FIRST_FLIP_S, EVERY_S, HELD_S = 25.0, 2.0, 2.2
WALK = [(6.0, 0.8), (1.2, 4.0), (1.6, 6.4), (6.0, 7.0), (10.6, 6.5), (9.9, 3.2), (6.0, 4.4)]


def at_ns(seconds: float) -> int:
    return START_NS + round(seconds * 1e9)


def flips() -> list[Swing]:
    """Twenty garments handled one after the other, some centimetres at about 1.5 Hz."""
    rng = np.random.default_rng(5)
    made = []
    for order, garment in enumerate(FLIPPED):
        way = rng.normal(size=3) * (1.0, 1.0, 0.3)
        size = tuple(float(x) for x in 0.055 * way / np.linalg.norm(way))
        begin = FIRST_FLIP_S + order * EVERY_S
        made.append(
            Swing(
                garment, at_ns(begin), at_ns(begin + HELD_S), at_ns(begin + HELD_S + 1.5),
                size, float(rng.uniform(1.0, 2.2)), 0.0, 0.4,
            )
        )  # fmt: skip
    return made


def walker(seconds: float) -> np.ndarray:
    """One person going round the shop at 0.8 m/s."""
    corners = np.array([*WALK, WALK[0]])
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    gone = (0.8 * seconds) % along[-1]
    return np.array([[np.interp(gone, along, corners[:, axis]) for axis in (0, 1)]])


@lru_cache(maxsize=1)
def flip_session() -> tuple[tuple[TagReads, ...], MessageLog]:
    """Seventy seconds with twenty flips and a passer-by: reads and truth."""
    swings, who = flips(), (body(1),)

    def world() -> Iterator[Snapshot]:
        for tick in range(701):
            now = START_NS + tick * TICK_NS
            active = tuple(s for s in swings if s.start_ns <= now + TICK_NS and s.end_ns >= now)
            where = walker(tick / 10)
            yield snapshot(tick, HOME_M, bodies=who, people_xy_m=where, swings=active)

    truth = MessageLog(
        TruthInteraction(s.start_ns, s.release_ns, 1, EPC[s.garment], "flip") for s in swings
    )
    return tuple(play(RadioRig(PLAN, seed=42), world())), truth


CARRIED = (10, 90, 130, 205)
TAKEN_S, CHANGED_S, SOLD_S, END_S = 25.0, 40.0, 70.0, 80.0
FITTING_M, TILL_M = np.array([2.25, 8.0, 1.1]), np.array([10.6, 1.9, 1.1])


@lru_cache(maxsize=1)
def carry_session() -> tuple[tuple[Message, ...], MessageLog]:
    """Four garments are carried to a fitting room, stay, and go to the till; one is sold."""
    ticks = round(END_S * 10) + 1

    def place(garment: int, seconds: float) -> np.ndarray:
        times = [TAKEN_S, CHANGED_S, CHANGED_S + 15, SOLD_S]
        stops = np.array([HOME_M[garment], FITTING_M, FITTING_M, TILL_M])
        return np.array([np.interp(seconds, times, stops[:, axis]) for axis in range(3)])

    def world() -> Iterator[Snapshot]:
        for tick in range(ticks):
            xyz = HOME_M.copy()
            for garment in CARRIED:
                xyz[garment] = place(garment, tick / 10)
            yield snapshot(tick, xyz)

    truth, told = MessageLog(), zone_at(PLAN, HOME_M[:, :2])
    truth.append(TruthTagZones(START_NS, epc=np.array(EPC), zone=told))
    zones = {g: str(told[g]) for g in CARRIED}
    for tick in range(ticks):
        for garment in CARRIED:
            zone = str(zone_at(PLAN, place(garment, tick / 10)[:2])[0])
            if zone != zones[garment]:
                zones[garment] = zone
                row = np.array([EPC[garment]]), np.array([zone])
                truth.append(TruthTagZones(START_NS + tick * TICK_NS, epc=row[0], zone=row[1]))
    reads: list[Message] = list(play(RadioRig(PLAN, seed=43), world()))
    sale = Sale(at_ns(SOLD_S + 2), till="till-1", epc=np.array([EPC[CARRIED[0]]]))
    return (*reads, sale), truth


def run(make: Callable[[StageContext], Stage], messages: tuple[Message, ...]) -> MessageLog:
    """Feed a stage in order of time, as the engine does."""
    stage, said = make(StageContext(PLAN)), MessageLog()
    for message in sorted(messages, key=lambda m: m.time_ns):
        said.extend(stage.process(message))
        said.extend(stage.advance(message.time_ns - 2 * TICK_NS))
    said.extend(stage.finish())
    return said


def scrambled(reads: tuple[Message, ...], seed: int = 0) -> tuple[Message, ...]:
    """Give every tag's phases and RSSI to other tags' reads: times and rates stay, sense goes."""
    rng = np.random.default_rng(seed)
    out: list[Message] = []
    for batch in reads:
        if isinstance(batch, TagReads):
            order = rng.permutation(len(batch.epc))
            batch = replace(batch, phase=batch.phase[order], rssi_cdbm=batch.rssi_cdbm[order])
        out.append(batch)
    return tuple(out)


def swapped_readers(reads: tuple[Message, ...]) -> tuple[Message, ...]:
    """Plug each reader's cables into the other's antennas."""
    other = {"reader-1": "reader-2", "reader-2": "reader-1"}
    return tuple(
        replace(m, reader=other[m.reader]) if isinstance(m, TagReads) else m for m in reads
    )
